"""A graph in another notation: the same network, with the names that a book gives to what the spec leaves nameless.

Names of the spec stay. Where a name of the book is one of the spec already, the names of that kind stay too, and that is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from backprop_derive.building.translation import Translation
from backprop_derive.errors import UsageError
from backprop_derive.graph.expressions import Expression, Fold, Ref, walk
from backprop_derive.graph.nodes import PREFIXED, Graph, Node, Notation, Samples, Spelling
from backprop_derive.graph.numbers import Place
from backprop_derive.notation import is_name, unicode_name
from backprop_derive.operations.notations import Pattern, Profile, pattern_of

_KINDS = {
    "weights": "weights", "bias": "biases", "preactivation": "pre-activations", "activation": "activations", "input": "the input", "output": "the output",
    "last": "the last pre-activation", "target": "the target", "cost": "the cost", "loss": "the loss", "count": "the number of samples", "sample": "the index of the samples",
}  # fmt: skip
_SAYS = {
    "preactivation": "a pre-activation", "last": "the last pre-activation", "activation": "an activation", "output": "the output", "target": "the target",
    "cost": "the cost", "loss": "the loss of one sample",
}  # fmt: skip
_OF_SAMPLES = ("count", "sample")
_PARAMETERS = {"W": "weights", "b": "bias"}
_PLAINER = {"output": "activation", "last": "preactivation"}


@dataclass(frozen=True, slots=True)
class Change:
    """A new name: of which kind it is (a field of the profile), and how it is written."""

    kind: str
    old: str
    new: str
    spelling: Spelling | None = None


@dataclass(frozen=True)
class Renaming:
    """What a notation changes in a graph. `translation` takes expressions over the old graph to the new one."""

    graph: Graph
    profile: Profile
    changes: tuple[Change, ...]
    aside: tuple[Change, ...] = ()

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The new names by the old ones."""
        return {each.old: each.new for each in self.changes}

    @cached_property
    def translation(self) -> Translation:
        """Of whole expressions."""
        samples, new = self.graph.samples, self._samples
        letters = {samples.index: new.index, new.index: samples.index} if samples is not None and new is not None else {}
        sizes = {samples.size: new.size} if samples is not None and new is not None else {}
        turned = frozenset(each.old for each in self.changes if self.profile.rows and each.kind == "weights")
        return Translation(self.names, letters, sizes, turned)

    @cached_property
    def _samples(self) -> Samples | None:
        if self.graph.samples is None:
            return None
        found = {each.kind: each.new for each in self.changes}
        return Samples(found.get("sample", self.graph.samples.index), found.get("count", self.graph.samples.size), self.graph.samples.written, self.graph.samples.coupled)

    def weight(self, name: str, place: Place | None) -> tuple[str, Place | None]:
        """The new name of a node, or of an entry of it."""
        return self.translation.name(name), self.translation.place(name, place)

    def weight_before(self, name: str, place: Place | None) -> tuple[str, Place | None]:
        """The old name of a node, or of an entry of it."""
        old = next((each.old for each in self.changes if each.new == name), name)
        return old, self.translation.place(old, place)

    # -- the new graph ----------------------------------------------------------------------------------------------------

    @cached_property
    def renamed(self) -> Graph:
        """The graph in the notation."""
        old, to = self.graph, self.translation
        name = to.name
        return replace(
            old,
            nodes=tuple(self._node(node) for node in old.nodes),
            cost=replace(old.cost, name=name(old.cost.name), loss=name(old.cost.loss), regularizer=None if old.cost.regularizer is None else name(old.cost.regularizer)),
            samples=self._samples,
            outputs=tuple(map(name, old.outputs)),
            targets=tuple(map(name, old.targets)),
            aliases={alias: name(of) for alias, of in old.aliases.items()},
            facts=tuple(to.fact(fact) for fact in old.facts),
            notes=tuple(map(to.text, old.notes)),
            assumptions=tuple(replace(each, text=to.text(each.text), names=tuple(map(name, each.names))) for each in old.assumptions),
            latex={name(of): latex for of, latex in old.latex.items()},
            numbers=to.numbers(old.numbers),
            domains=tuple(replace(each, names=tuple(map(name, each.names))) for each in old.domains),
            made=frozenset(map(name, old.made)),
            notation=self._notation,
        )

    def _node(self, node: Node) -> Node:
        to = self.translation.with_letters(self._letters_of(node), node)
        found = to.node(node)
        return replace(found, unit=self._unit(node.unit))

    def _unit(self, unit: str) -> str:
        return str(int(unit) + self.profile.first - 1) if unit.isdigit() else unit

    @cached_property
    def _notation(self) -> Notation:
        spellings = {each.new: each.spelling for each in self.changes if each.spelling is not None}
        adjoints = dict[str, str]()
        for node in self.graph.nodes:
            new, spelling = self._adjoint(node)
            if new:
                adjoints[self.translation.name(node.name)] = new
                spellings |= {new: spelling} if spelling is not None else {}
        pattern = pattern_of(self.profile.error)
        sign = PREFIXED if pattern is None else unicode_name(pattern.letters)
        return Notation(self.profile.name, _title(self.profile), tuple(self._meanings()), sign, adjoints, spellings, self._layers, self.profile.rows, self._also, self._before, self.profile.hidden)

    @cached_property
    def _before(self) -> Mapping[str, str]:
        return {each.old: each.new for each in self.changes if each.old != each.new and each.old in self.graph.by_name}

    def _adjoint(self, node: Node) -> tuple[str, Spelling | None]:
        name, error = self.translation.name(node.name), self.profile.error
        if error == PREFIXED:
            return ("" if node.role in ("parameter", "constant") else f"d{name}"), None
        pattern = pattern_of(error)
        if pattern is None or node.role != "preactivation":
            return "", None
        if node.name not in self.graph.made or not node.unit:
            return f"{pattern.letters}{name[1:]}" if name.startswith("z") else f"{pattern.letters}_{name}", None
        unit = self._unit(node.unit)
        return pattern.name(unit), pattern.spelling(unit)

    def _meanings(self) -> Iterator[tuple[str | Expression, ...]]:
        """What the letters mean that are not the spec's, then what the book's own way is, and what it leaves aside."""
        told = [part for kind, says in _SAYS.items() for part in self._told(kind, says)]
        if told:
            yield tuple(part for at, each in enumerate(told) for part in ((", ", *each) if at else each))
        yield from self._of_weights()
        layered = any(node.unit.isdigit() for node in self.graph.nodes if node.role == "preactivation")
        yield from ((words,) for words in (self.profile.meanings if layered or not self.profile.source else ()))
        if self._layers:
            inputs, hidden, outputs = self._layers
            yield (f"{inputs} counts the inputs, {hidden} the hidden units, {outputs} the outputs: where these tell the layer, it may be left off",)
        for kind in dict.fromkeys(each.kind for each in self.aside):
            changes = [each for each in self.aside if each.kind == kind]
            old = [self.translation.name(each.old) for each in changes]
            yield (f"{_KINDS[kind]} ({', '.join(old)}) would be {', '.join(each.new for each in changes)} there, but the spec has such a name",)

    def _told(self, kind: str, says: str) -> Iterator[tuple[str | Expression, ...]]:
        change = next((each for each in self.changes if each.kind == kind and each.old != each.new), None)
        if change is None:
            return
        node = self.graph.by_name.get(change.old)
        yield (Ref(change.new) if node is None else self._own(node), f" is {says}")

    def _own(self, node: Node) -> Ref:
        """A node at its letters, that of the samples left out."""
        return self._node(node).ref()

    def _of_weights(self) -> Iterator[tuple[str | Expression, ...]]:
        """`w²[j,k]` goes to unit j of layer 2, from unit k of layer 1."""
        weight = next((each for each in self.changes if each.kind == "weights" and len(self.graph.node(each.old).axes) == len("jk")), None)
        if weight is None or (weight.old == weight.new and not self.profile.rows):
            return
        node = self._node(self.graph.node(weight.old))
        to, start = node.letters[::-1] if self.profile.rows else node.letters
        unit = next(each.unit for each in self.graph.nodes if each.role == "preactivation" and weight.old in self.graph.parents[each.name])
        layer = self._unit(unit)
        below = "" if not layer.isdigit() else f" of layer {int(layer) - 1}" if int(layer) > 1 else " of the input"
        between = f" of layer {layer}, from unit {start}{below}" if layer.isdigit() else f" of {layer}, from {start}"
        yield (node.ref(), f" goes to unit {to}{between}")
        bias = next((each for each in self.changes if each.kind == "bias" and each.spelling is not None and each.spelling.closing), None)
        if bias is not None:
            of = self._node(self.graph.node(bias.old))
            yield (of.ref(), f" is the bias of unit {of.letters[-1]}")

    @cached_property
    def _also(self) -> Mapping[str, str]:
        """Names that the book has besides, and old ones whose letters the book does not use."""
        profile, found = self.profile, dict[str, str]()
        claimed = {pattern.letters.casefold() for text in (profile.weights, profile.bias, profile.preactivation, profile.activation, profile.error) if (pattern := pattern_of(text))}
        claimed |= {each.new.casefold() for each in self.changes if len(each.new) == 1}
        for change in self.changes:
            letters = change.old.rstrip("0123456789")
            if change.kind == "input" and change.old not in {each.new for each in self.changes if each.kind not in _OF_SAMPLES}:
                found[change.old] = change.new
            if change.kind in ("bias", "preactivation", "activation") and letters.casefold() not in claimed and is_name(change.old):
                found[change.old] = change.new
        inputs = [node for node in self.graph.nodes if node.role == "input"]
        layer, activation = str(profile.first - 1), pattern_of(profile.activation)
        layers = any(change.kind == "activation" for change in self.changes)
        if activation is not None and layers and len(inputs) == 1 and activation.name(layer) not in self.translation.names.values():
            found[activation.name(layer)] = self.translation.name(inputs[0].name)
        if profile.output and len(self.graph.outputs) == 1 and not any(each.kind == "output" for each in self.changes) and self.graph.outputs[0] in self.graph.made:
            found[profile.output] = self.translation.name(self.graph.outputs[0])
        if len(self.graph.outputs) == 1:
            found |= dict.fromkeys(profile.outputs, self.translation.name(self.graph.outputs[0]))
        taken = {*map(self.translation.name, self.graph.by_name), *self.graph.aliases, *self.graph.functions, *_sizes(self.graph)}
        return {alias: of for alias, of in found.items() if alias not in taken}

    # -- index letters ------------------------------------------------------------------------------------------------------

    @cached_property
    def _layers(self) -> tuple[str, ...]:
        """The index letters of the layers, in a network with one hidden layer, if they are free."""
        units = [node.unit for node in self.graph.nodes if node.role == "preactivation"]
        inputs = [node for node in self.graph.nodes if node.role == "input"]
        plain = units == ["1", "2"] and len(inputs) == 1 and {"W1", "W2"} <= self.names.keys()
        free = not {*self.profile.layers} & ({*self.graph.by_name, *_sizes(self.graph), *self.names.values()})
        return self.profile.layers if plain and free and (self._samples is None or self._samples.index not in self.profile.layers) else ()

    def _letters_of(self, node: Node) -> Mapping[str, str]:
        if not self._layers:
            return {}
        inputs, _, outputs = self._layers
        unit = int(node.unit) if node.unit.isdigit() else 0
        if node.role == "parameter" and node.name[-1:] in ("1", "2"):
            unit = int(node.name[-1])
        if unit:
            return {"j": self._layers[unit], "k": self._layers[unit - 1]}
        return {"j": inputs, "k": inputs} if node.role == "input" else {"j": outputs, "c": outputs} if node.role in ("target", "loss") else {}


def renaming_of(graph: Graph, profile: Profile) -> Renaming:
    """What the notation changes. Where names clash with those of the spec, all of that kind stay as they are.

    Raises UsageError for a notation whose own names clash.
    """
    wanted = list(dict.fromkeys(_wanted(graph, profile)))
    aside: list[Change] = []
    while True:
        changed = {each.old for each in wanted}
        kept = {*graph.by_name, *graph.aliases, *graph.functions, *_sizes(graph), *_letters(graph), graph.cost.name, *_sample_letters(graph)} - changed
        fixed = {_flat(name) for name in kept}
        clashing = {each.kind for each in wanted if each.new != each.old and (_flat(each.new) in fixed or _like_a_power(each) in kept)}
        if not clashing:
            break
        aside += [each for each in wanted if each.kind in clashing]
        wanted = [_plainly(graph, profile, each) if each.kind in clashing else each for each in wanted if each.kind not in clashing - _PLAINER.keys()]
    twice = [name for name, count in Counter(_flat(each.new) for each in wanted).items() if count > 1]
    if twice:
        kinds = " and ".join(dict.fromkeys(_KINDS[each.kind] for each in wanted if _flat(each.new) == twice[0]))
        raise UsageError(f"in the notation {profile.name!r}, {kinds} would all be called {twice[0]}")
    return Renaming(graph, profile, tuple(wanted), tuple(aside))


def _wanted(graph: Graph, profile: Profile) -> Iterator[Change]:
    last = max((int(node.unit) for node in graph.nodes if node.role == "preactivation" and node.unit.isdigit()), default=0)
    for node in graph.nodes:
        if node.name not in graph.made:
            continue
        if node.role in ("preactivation", "activation"):
            yield _of_layer(graph, profile, node, last)
        if node.role == "parameter" and node.name[0] in _PARAMETERS:
            yield _patterned(profile, _PARAMETERS[node.name[0]], node.name, node.name[1:].removeprefix("_"))
        if node.role == "input":
            pattern = pattern_of(profile.input)
            yield Change("input", node.name, profile.input) if pattern is None else _patterned(profile, "input", node.name, "0")
        if node.role == "target":
            yield Change("target", node.name, profile.target)
    yield from _of_costs(graph, profile)


def _of_layer(graph: Graph, profile: Profile, node: Node, last: int) -> Change:
    if node.role == "activation" and profile.output and graph.outputs == (node.name,):
        return Change("output", node.name, profile.output)
    if node.role == "preactivation" and profile.last and node.unit == str(last):
        return Change("last", node.name, profile.last)
    return _patterned(profile, node.role, node.name, node.unit)


def _patterned(profile: Profile, kind: str, old: str, unit: str) -> Change:
    pattern: Pattern | None = pattern_of(getattr(profile, kind))
    assert pattern is not None, "a profile is checked when it is read"
    shown = str(int(unit) + profile.first - 1) if unit.isdigit() else unit
    return Change(kind, old, pattern.name(shown), pattern.spelling(shown))


def _plainly(graph: Graph, profile: Profile, change: Change) -> Change:
    """The last layer's quantity called as those of the others are."""
    return _patterned(profile, _PLAINER[change.kind], change.old, graph.node(change.old).unit)


def _like_a_power(change: Change) -> str:
    """The letters of a name that is written as a power of them would be, w of w²."""
    spelling = change.spelling
    return spelling.base if spelling is not None and spelling.label.isdigit() else ""


def _flat(name: str) -> str:
    """A name without its marks: a hand calculation may write a^(1) and a1 for one thing."""
    return "".join(character for character in name if character.isalnum() or character == "'")


def _of_costs(graph: Graph, profile: Profile) -> Iterator[Change]:
    cost, samples = graph.cost, graph.samples
    if cost.name in graph.made:
        yield Change("cost", cost.name, profile.cost)
    if cost.name != cost.loss and cost.loss in graph.made:
        yield Change("loss", cost.loss, profile.loss)
    if samples is not None:
        yield Change("count", samples.size, profile.count)
        yield Change("sample", samples.index, profile.sample)


def _sizes(graph: Graph) -> set[str]:
    """The sizes of the spec."""
    own = {graph.samples.size} if graph.samples is not None else set()
    return {name for node in graph.nodes for axis in node.axes for name in axis.low.sizes() | axis.high.sizes()} - own


def _sample_letters(graph: Graph) -> set[str]:
    return {graph.samples.index, graph.samples.size} if graph.samples is not None else set()


def _letters(graph: Graph) -> set[str]:
    """All letters of indices but that of the samples."""
    found = {letter for node in graph.nodes for letter in node.letters}
    for node in graph.nodes:
        for piece in node.pieces:
            found |= {each.bound.name for each in walk(piece.definition) if isinstance(each, Fold)}
    return found - _sample_letters(graph)


def _title(profile: Profile) -> str:
    return f"{profile.title} ({profile.source})" if profile.source else profile.title
