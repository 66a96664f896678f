"""The names that a hand calculation may use for the quantities of a network, each split into letters and what stands behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from backprop_derive.building.scope import Quantity
from backprop_derive.calculus.derivation import Derivation
from backprop_derive.graph.indices import Axis, axis_to, size
from backprop_derive.graph.nodes import Node
from backprop_derive.language.hand_names import GREEK_WORDS, split_digits
from backprop_derive.notation import ACCENTS

_ACCUMULATED = ("z", "net", "s", "u")
"""How pre-activations are called where nothing says that they are some."""


_OF_LAYERS = ("W", "w", "b", "z", "a", "h", "delta")
"""What is numbered by layers."""
_NO_BATCHES = ("C", "E", "J", "L")
"""What costs are called."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A quantity as a name: `base` its letters, `tail` all that stands behind them, without marks.

    `labelled`: the name ends in a label, `a^(2)`, or it is the array of a numbered layer: a bare superscript is that number.
    `closing` stands behind its indices, as in `w_{j0}`; `letters` are the only ones that its indices may be.
    """

    name: str
    base: str
    tail: str
    primes: int
    axes: tuple[Axis | None, ...]
    sampled: bool
    labelled: bool = False
    closing: str = ""
    letters: tuple[str, ...] = ()

    @property
    def rank(self) -> int:
        """How many indices it takes."""
        return len(self.axes)

    def called(self, base: str, tail: str) -> Entry:
        """The same quantity under another name."""
        return replace(self, base=base, tail=tail, primes=0)


def without_single(axes: Sequence[Axis | None]) -> tuple[Axis | None, ...]:
    """The axes that have more than one entry, or may have."""
    return tuple(axis for axis in axes if axis is None or not axis.single)


def entry_of(name: str, quantity: Quantity) -> Entry:
    """A name split up: `z_1^(2)` is `z` and `12`, `W1` is `W` and `1`."""
    stem, label = (name[: name.index("^")], name[name.index("^") + 2 : -1]) if "^" in name else (name, "")
    primes = len(stem) - len(stem.rstrip("'"))
    stem = stem.rstrip("'")
    base = "".join(_letters_of(stem))
    tail = stem[len(base) :].replace("_", "") + label
    labelled = bool(label) or (bool(quantity.axes) and is_numbered(name))
    return Entry(name, base, tail, primes, quantity.axes, quantity.sampled, labelled)


def is_numbered(name: str) -> bool:
    """Whether letters and one number are all of a name, as of the arrays of a numbered layer: `a1`, `a_1`, but `a1_2` is of no layer 12."""
    return name.rstrip("'").lstrip("".join(_letters_of(name))).lstrip("_").isdigit()


def _letters_of(stem: str) -> Iterator[str]:
    for character in stem:
        if not character.isalpha():
            return
        yield character


@dataclass(frozen=True)
class Entries:
    """All entries of a network. `quantities` are its nodes, its adjoints and what was defined on the way, `arrays` those of them that
    are arrays, be it of one entry; `reserved` are its sizes and functions, which nothing else is called."""

    derivation: Derivation
    quantities: Mapping[str, Quantity]
    arrays: frozenset[str]
    reserved: frozenset[str] = frozenset()

    @cached_property
    def by_base(self) -> Mapping[str, tuple[Entry, ...]]:
        """The entries by their letters."""
        found: dict[str, dict[Entry, None]] = {}
        for entry in self._all():
            found.setdefault(entry.base, {})[entry] = None
        return {base: tuple(entries) for base, entries in found.items()}

    @cached_property
    def batches(self) -> Mapping[str, str]:
        """Arrays of all samples, as programs have them, and of what they are: `A1` of a1, `dZ2` of the adjoint of z2."""
        graph, found = self.derivation.graph, dict[str, str]()
        if graph.samples is None:
            return found
        for node in graph.nodes:
            if node.sampled and node.name[0].islower():
                capital = node.name[0].upper() + node.name[1:]
                found[capital] = node.name
                if node.name in self.derivation.names:
                    found[f"d{capital}"] = self.derivation.names[node.name]
        if len(graph.outputs) == 1:
            found.setdefault("Yhat", graph.outputs[0])
        own = {*self.quantities, *graph.aliases, *self.reserved, *_NO_BATCHES}
        return {name: of for name, of in found.items() if name not in own and of in self.quantities}

    def batch_quantity(self, name: str, *, columns: bool, of: Mapping[str, Quantity] | None = None) -> Quantity:
        """The array of all samples as one of a formula; a sample is a column of it, or a row. `of`: what one sample's arrays are."""
        samples = self.derivation.graph.samples
        assert samples is not None
        own, batch = (of or self.quantities)[self.batches[name]].axes, axis_to(size(samples.size))
        return Quantity((*own, batch) if columns else (batch, *own))

    @cached_property
    def last_layer(self) -> int | None:
        """What L is as a label, where layers are numbered: the number of the last one. None where L is itself a label."""
        of_layers = [entry for entry in self._exact if entry.base in _OF_LAYERS]
        numbered = [entry for entry in of_layers if entry.tail.isdigit() and len(entry.tail) < 3]
        if not numbered or any(entry.tail.startswith("L") for entry in of_layers):
            return None
        arrays = [int(entry.tail) for entry in numbered if entry.name in self.arrays and entry.labelled]
        if arrays:
            return max(arrays)
        highest = {max(int(entry.tail) for entry in numbered if entry.base == base) for base in {entry.base for entry in numbered}}
        return highest.pop() if len(highest) == 1 else None  # one neuron a layer

    @cached_property
    def _exact(self) -> tuple[Entry, ...]:
        """The names that the spec has, and its aliases."""
        graph = self.derivation.graph
        own = [self._entry(name, name) for name in self.quantities]
        return (*own, *(self._entry(alias, name) for alias, name in graph.aliases.items()))

    def _entry(self, called: str, name: str) -> Entry:
        found = replace(entry_of(called, self.quantities[name]), name=name)
        return replace(found, labelled=found.labelled or (name in self.arrays and is_numbered(called)))

    def _all(self) -> Iterator[Entry]:
        yield from self._exact
        known = {(entry.base, entry.tail) for entry in self._exact}
        for entry in self._others(self._exact):
            if ((entry.base, entry.tail) not in known or entry.closing) and entry.base + entry.tail not in self.reserved:
                yield entry

    def _others(self, exact: Sequence[Entry]) -> Iterator[Entry]:
        """Names that the spec does not have, where they are clear."""
        yield from self._of_notation()
        yield from self._deltas()
        yield from (entry.called("a", entry.tail) for entry in exact if entry.base == "z" and entry.name in self.arrays and entry.labelled)  # no activation
        yield from self._only_layers(exact)
        yield from self._subscripted(exact)
        for name in self.batches:
            yield entry_of(name, self.batch_quantity(name, columns=True))
        outputs = self.derivation.graph.outputs
        if len(outputs) == 1:
            yield entry_of(outputs[0], self.quantities[outputs[0]]).called("yhat", "")

    def _only_layers(self, exact: Sequence[Entry]) -> Iterator[Entry]:
        """`W_{21}` in a network with one numbered layer: its letters alone are enough."""
        numbered = [entry for entry in exact if entry.name in self.arrays and entry.labelled and entry.tail.isdigit() and len(split_digits(entry.name)[1]) > 0]
        counted = Counter(entry.base for entry in numbered)
        for entry in numbered:
            if counted[entry.base] == 1:
                yield replace(entry.called(entry.base, ""), labelled=False)

    def _subscripted(self, exact: Sequence[Entry]) -> Iterator[Entry]:
        """`w_x`, `W_o`, `w_{rec}` for wx, Wo, wrec, where w is no array itself, of which x could be an index; ε for eps."""
        arrays = {entry.base for entry in exact if entry.rank}
        for entry in exact:
            letters = entry.name
            if letters == "eps":
                yield entry.called("epsilon", "")
            spelled = letters in GREEK_WORDS or letters.endswith(tuple(ACCENTS)) or entry.name not in self.derivation.graph.by_name
            if letters.isalpha() and len(letters) > 1 and not spelled and letters[0] not in arrays:
                yield entry.called(letters[0], letters[1:])

    def _of_notation(self) -> Iterator[Entry]:
        """What a notation spells in its own way: `w_{j0}^{(1)}`, and, where index letters tell the layer, `w_{kj}` and `a_j`."""
        notation = self.derivation.graph.notation
        if notation is None:
            return
        for name, of in notation.also.items():
            entry = entry_of(name, self.quantities[of])
            yield replace(entry, name=of)
        nodes = {adjoint: node for node, adjoint in self.derivation.names.items()}
        for name, spelling in notation.spellings.items():
            if name in self.quantities:
                node = self.derivation.graph.node(nodes.get(name, name))
                axes = node.axes[1:] if node.sampled else node.axes
                label = spelling.label.strip("()[]")
                entry = replace(entry_of(name, self.quantities[name]).called(spelling.base, label), closing=spelling.closing)
                yield from (entry,) if spelling.closing else ()
                if notation.layers and label.isdigit() and entry.rank:
                    own = notation.layers[int(label) - 1 : int(label) + 1][::-1]
                    several = [letter for letter, axis in zip(own, axes, strict=False) if axis.length.number != 1]
                    yield replace(entry, tail="", labelled=False, letters=own[: entry.rank] if entry.rank == len(axes) else tuple(several))

    # -- adjoints -----------------------------------------------------------------------------------------------------

    def _deltas(self) -> Iterator[Entry]:
        """The adjoints of pre-activations under the names that people give them: δ_o1 for that of net_o1, δ_h for that of unit h."""
        found = [(tail, adjoint) for node, adjoint in self._accumulated() for tail in self._tails(node)]
        counted = Counter(tail for tail, _ in found)
        for tail, adjoint in found:
            if counted[tail] == 1:
                entry = entry_of(adjoint, self.quantities[adjoint])
                yield replace(entry.called("delta", tail), labelled=adjoint in self.arrays)

    def _accumulated(self) -> list[tuple[Node, str]]:
        graph, names = self.derivation.graph, self.derivation.names
        stated = [graph.node(of) for of in names if graph.node(of).role == "preactivation"]
        if not stated:
            stated = [graph.node(of) for of in names if not graph.node(of).is_leaf and entry_of(of, Quantity()).base in _ACCUMULATED]
        return [(node, names[node.name]) for node in stated]

    def _tails(self, node: Node) -> set[str]:
        """What may stand behind the δ of a pre-activation: what stands behind its own name, its unit, its output."""
        graph = self.derivation.graph
        found = {entry_of(node.name, Quantity()).tail, flat(node.unit)}
        outputs = [child for child in graph.children[node.name] if graph.node(child).role == "activation" and graph.node(child).unit == node.unit]
        for child in outputs:
            found |= {flat(child), entry_of(child, Quantity()).tail}
        if graph.outputs and {node.name, *outputs} & {*graph.outputs}:
            found |= {"out", "output", "o"} if len(graph.outputs) == 1 else set()
        elif len(self._accumulated_units) == 2:
            found |= {"hidden", "hid", "h"}
        if len(self._accumulated_units) == 1:
            found.add("")
        return found - ({""} if len(self._accumulated_units) > 1 else set())

    @cached_property
    def _accumulated_units(self) -> frozenset[str]:
        return frozenset(node.name for node, _ in self._accumulated())


def flat(name: str) -> str:
    """A name without its marks: `f_{A_1}` and `f_A1` are one."""
    return "".join(character for character in name if character.isalnum())
