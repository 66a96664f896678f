"""The spots and arrows of a network, as its derivation gives them, and what stands on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import product

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.calculus.links import Link
from backprop_derive.calculus.terms import decided
from backprop_derive.graph.expressions import ONE, ZERO, Apply, Bracket, Expression, Partial, Ref, Where, reindex, walk
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Affine, Axis, number, variable
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Node
from backprop_derive.presentation.columns import Columns, Group, inside, is_weight
from backprop_derive.presentation.document import Text
from backprop_derive.presentation.joints import Entry, letters_at
from backprop_derive.presentation.picture import Arrow, Law, Spot

MOST = 8
_SHORT = 6  # parts of a formula that stands below its spot
FIRST_SHOWN = 2
STAND_IN = 1009  # a symbolic size counts as this while it is decided which unit is joined to which; the next size as one more


class Drawing:
    """The network of a derivation, left to right; what stands where is worked out when it is asked for."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.graph, self.columns = derivation, derivation.graph, Columns(derivation)
        open_sizes = sorted(
            {name for node in self.graph.nodes for axis in node.axes for name in axis.low.sizes() | axis.high.sizes()}
            - set(self.graph.sizes)
        )
        self.sizes = {**self.graph.sizes, **{name: STAND_IN + place for place, name in enumerate(open_sizes)}}

    # -- the spots ----------------------------------------------------------------------------------------------------

    def entries(self, node: Node) -> tuple[tuple[Entry, ...], bool]:
        """The entries of a node that have a spot of their own, and whether some are left out. A table of two or more indices
        is one spot; a scalar is one with no places."""
        axes = node.axes[1:] if node.sampled else node.axes
        if len(axes) != 1 or axes[0].high in self._steps:
            return ((),), False
        places, whole = self._places(axes[0])
        return tuple(((place,)) for place in places), not whole

    @cached_property
    def _steps(self) -> set[Affine]:
        """Where the axes of recurrences end: what runs along them is one spot, with an arrow back to it."""
        recurrent = [self.graph.node(name) for name in self.derivation.chain.recurrent]
        return {axis.high for node in recurrent for axis in (node.axes[1:] if node.sampled else node.axes)[:1]}

    def _places(self, axis: Axis) -> tuple[tuple[tuple[int, Affine], ...], bool]:
        exact = axis.resize(self.sizes)
        low, high = exact.low.number or 0, exact.high.number or 0
        if high - low < MOST:
            return tuple((place, number(place)) for place in range(low, high + 1)), True
        first = tuple((place, number(place)) for place in range(low, low + FIRST_SHOWN))
        return (*first, (high, axis.high)), False

    def is_table(self, node: Node) -> bool:
        """Whether a node with indices is drawn as one spot."""
        return bool(node.axes[1:] if node.sampled else node.axes) and self.entries(node)[0] == ((),)

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """All spots, from the inputs to the loss, in each column from the top, targets last."""
        groups = sorted(self.columns.groups, key=lambda group: (self.columns.of[group.shown.name], group.kind == "target"))
        return tuple(spot for group in groups for spot in self._spots_of(group))

    def _spots_of(self, group: Group) -> Iterator[Spot]:
        node, column = group.shown, self.columns.of[group.shown.name]
        entries, shortened = self.entries(node)
        for place, entry in enumerate(entries):
            if shortened and place == len(entries) - 1:
                yield Spot(f"{node.name}…", column, "dots", ("⋮",))
            yield Spot(
                spot_key(node, entry),
                column,
                group.kind,
                (self.mention(node, entry),),
                self._function(group, entry),
                self._bias(group, entry),
            )

    def mention(self, node: Node, entry: Entry) -> Ref:
        """The node at an entry, the sample index at its letter."""
        if self.is_table(node) and node.is_leaf and (read := self._read_as(node)) is not None:
            return read
        letters = node.letters[: int(node.sampled)] if entry or not self.is_table(node) else node.letters
        return Ref(node.name, (*(variable(letter) for letter in letters), *(form for _, form in entry)))

    def _read_as(self, node: Node) -> Ref | None:
        """How the first node that reads it mentions it: `x[t,k]`."""
        definitions = (piece.definition for name in self.graph.children[node.name] for piece in self.graph.node(name).pieces)
        mentions = (each for definition in definitions for each in walk(definition) if isinstance(each, Ref) and each.name == node.name)
        return next((each for each in mentions if all(index.variable is not None for index in each.indices)), None)

    def _function(self, group: Group, entry: Entry) -> Text:
        """What the unit does: the name of its function, Σ for a weighted sum, else its formula if that is short."""
        node = group.shown
        if group.kind == "loss" and node.operation:
            return (node.operation.replace("_", " "),)
        if node.is_leaf:
            return ()
        definition = node.pieces[0].definition
        if len(group.nodes) > 1 or node.role == "activation":
            return self._named(node.operation or (definition.function if isinstance(definition, Apply) else ""))
        if self._adds_up(node):
            return self._named(definition.function) if isinstance(definition, Apply) else ("Σ",)
        values = {
            place.variable: form
            for place, (_, form) in zip(node.pieces[0].places[int(node.sampled) :], entry, strict=False)
            if place.variable is not None
        }
        return (reindex(definition, values),) if len(node.pieces) == 1 and sum(1 for _ in walk(definition)) <= _SHORT else ()

    def _named(self, function: str) -> Text:
        """The name of a function, as a formula where it is one of the spec's."""
        return (Ref(function),) if function in self.graph.functions else (function,) if function else ()

    def _adds_up(self, node: Node) -> bool:
        """Whether a weight stands on an arrow to the node, or a parameter beside it."""
        values = [
            link.value
            for name in self.graph.parents[node.name]
            for link in self.derivation.chain.links(name)
            if link.child.name == node.name
        ]
        return any(self._weight_in(value, node) is not None for value in values) or bool(self._bias_links(node))

    def _weight_in(self, value: Expression, node: Node) -> Expression | None:
        """The weight in a derivative of a node; None where the start passes through, or meets parameters that have spots of their own."""
        value = inside(value, node)
        mentioned = {each.name for each in walk(value) if isinstance(each, Ref)}
        return value if is_weight(self.graph, value) and not mentioned & self.columns.drawn_parameters else None

    def _weight_on(self, value: Expression, parent: Node, node: Node) -> Expression | None:
        """The weight on an arrow; between tables, as the definition mentions it."""
        weight = self._weight_in(value, node)
        return self._as_mentioned(weight, node) if isinstance(weight, Ref) and self.is_table(node) and self.is_table(parent) else weight

    def _as_mentioned(self, ref: Ref, node: Node) -> Ref:
        """A parameter as the definition of a table mentions it, if it does in one way only."""
        mentions = {each for piece in node.pieces for each in walk(piece.definition) if isinstance(each, Ref) and each.name == ref.name}
        return next(iter(mentions)) if len(mentions) == 1 else ref

    def _bias_links(self, node: Node) -> tuple[Link, ...]:
        """How parameters and constants without a spot reach a node that adds them as they are."""
        beside = [
            name
            for name in self.graph.parents[node.name]
            if self.graph.node(name).role in ("parameter", "constant") and name not in self.columns.drawn_parameters
        ]
        fixed = self.is_table(node)
        links = [
            link
            for name in beside
            for link in self.derivation.chain.links(name)
            if link.child.name == node.name and inside(link.value, node) == ONE
        ]
        return tuple(link for link in links if not (fixed and any(place.number is not None for place in link.child.indices)))

    def _bias(self, group: Group, entry: Entry) -> Text:
        """The parameters that the unit adds as they are."""
        found: list[str | Expression] = []
        for node in group.nodes:
            for link in self._bias_links(node):
                found += [", ", self._at_entry(link, node, entry)] if found else [self._at_entry(link, node, entry)]
        return tuple(found)

    def _at_entry(self, link: Link, node: Node, entry: Entry) -> Expression:
        """The parent of a link, at the letters at which the child is this entry."""
        if self.is_table(node):
            return self._as_mentioned(link.parent, node)
        places = link.child.indices[int(node.sampled) :]
        values = {place.variable: form for place, (_, form) in zip(places, entry, strict=False) if place.variable is not None}
        return reindex(link.parent, values)

    # -- the arrows ---------------------------------------------------------------------------------------------------

    @cached_property
    def arrows(self) -> tuple[Arrow, ...]:
        """All arrows, with the weight on each."""
        found = [
            arrow
            for group in self.columns.groups
            for node in group.nodes
            for name in self._sources(node, group)
            for arrow in self._between(name, node, group)
        ]
        counts: dict[Expression, int] = {}
        for arrow in found:
            if arrow.weight is not None:
                counts[arrow.weight] = counts.get(arrow.weight, 0) + 1
        return tuple(replace(arrow, shared=arrow.weight is not None and counts[arrow.weight] > 1) for arrow in found)

    def _sources(self, node: Node, group: Group) -> Iterator[str]:
        yield from (
            name
            for name in self.graph.parents[node.name]
            if name in self.columns.group_of and (self.columns.group_of[name] is not group or self.columns.again(name, node))
        )

    def _between(self, name: str, node: Node, group: Group) -> Iterator[Arrow]:
        """The arrows from a node to another, entry by entry."""
        parent = self.graph.node(name)
        again = self.columns.again(name, node)
        seen: set[tuple[str, str]] = set()
        for link in self.derivation.chain.links(name):
            if link.child.name != node.name:
                continue
            law = self._law(link, group)
            for start, end in product(self.entries(self.columns.group_of[name].shown)[0], self.entries(group.shown)[0]):
                keys = spot_key(self.columns.group_of[name].shown, start), spot_key(group.shown, end)
                found = self.joined(link, parent, node, start, end)
                if found is not None and keys not in seen:
                    seen.add(keys)
                    yield Arrow(*keys, self._weight_on(found[1], parent, node), found, law=law, again=again)

    def _law(self, link: Link, group: Group) -> Law | None:
        """The link by index, in the letters of the weight, row before column, where its value is an entry of one. None where the child
        reads its parent at shifted places, or at fixed ones."""
        if any(index.variable is None for index in link.child.indices):
            return None
        letters: dict[str, Affine] = {}
        weight = self._weight_in(link.value, self.graph.node(link.child.name))
        if isinstance(weight, Ref):
            own = self.graph.node(weight.name).letters
            letters = {
                index.variable: variable(letter) for index, letter in zip(weight.indices, own, strict=True) if index.variable is not None
            }
            others = {name for each in (link.parent, link.child) for index in each.indices for name in index.variables()} - set(letters)
            if others & {letter.variable for letter in letters.values()}:
                letters = {}
        start, end = (Ref(each.name, tuple(index.substitute(letters) for index in each.indices)) for each in (link.parent, link.child))
        partial = Partial(end, start, link.direct)
        return Law(
            start,
            Ref(group.shown.name, end.indices),
            partial,
            reindex(link.value, letters),
            None if weight is None else reindex(weight, letters),
        )

    def joined(self, link: Link, parent: Node, child: Node, start: Entry, end: Entry) -> tuple[Expression, Expression] | None:
        """`(∂child/∂parent, its value)` at two entries, None where the child's entry does not read the parent's."""
        own, places = parent.letters[int(parent.sampled) :] if start else (), link.child.indices[int(child.sampled) :] if end else ()
        found = letters_at(link, own, start, places, end, self.sizes)
        if found is None:
            return None
        values, exact = found
        if start and end and self._decided(link.value, exact) == ZERO:
            return None
        value = self.value_at(link, values, exact)
        partial = reindex(link.partial, values)
        return None if value == ZERO else (partial, value)

    def value_at(self, link: Link, written: Mapping[str, Affine], exact: Mapping[str, Affine]) -> Expression:
        """The value of a link at places as they are written, and as numbers."""
        return decided(self._resolved(link.value, written, exact))

    def _decided(self, value: Expression, exact: Mapping[str, Affine]) -> Expression:
        return decided(_resized(reindex(value, exact), self.sizes))

    def _resolved(self, value: Expression, written: Mapping[str, Affine], exact: Mapping[str, Affine]) -> Expression:
        """The value at the places as they are written, with brackets decided by the places as numbers."""

        def change(each: Expression) -> Expression | None:
            if isinstance(each, Bracket) and (known := self._known(each, exact)) is not None:
                return ONE if known else ZERO
            if isinstance(each, Where) and isinstance(each.test, Bracket) and (known := self._known(each.test, exact)) is not None:
                return replace_in(each.then if known else each.otherwise, change)
            return None

        return reindex(replace_in(value, change), written)

    def _known(self, bracket: Bracket, exact: Mapping[str, Affine]) -> bool | None:
        """Whether the condition holds at the places, None where they do not decide it."""
        return bracket.condition.substitute(exact).resize(self.sizes).decided

    # -- what is left out ---------------------------------------------------------------------------------------------

    @property
    def notes(self) -> tuple[Text, ...]:
        """How many units stand for the dots, and which spots are whole tables; columns of the same size together."""
        found: dict[str, list[Expression]] = {}
        for group in self.columns.groups:
            node, (entries, shortened) = group.shown, self.entries(group.shown)
            if shortened:
                found.setdefault(f"{form_text(node.axes[-1].length)} units, of which {len(entries)} are drawn", []).append(node.ref())
            elif self.is_table(node):
                sizes = " × ".join(map(_length, node.axes[int(node.sampled) :]))
                found.setdefault(f"one spot for all {sizes} entries", []).append(self.mention(node, ()))
        return tuple(
            (*(part for number, ref in enumerate(refs) for part in ((", ", ref) if number else (ref,))), f": {said}")
            for said, refs in found.items()
        )


def _length(axis: Axis) -> str:
    text = form_text(axis.length)
    return f"({text})" if " " in text else text


def spot_key(node: Node, entry: Entry) -> str:
    """The key of a spot: the node's name and the places."""
    return node.name + "".join(f"[{place}]" for place, _ in entry)


def _resized(expression: Expression, sizes: Mapping[str, int]) -> Expression:
    def change(each: Expression) -> Expression | None:
        return Bracket(each.condition.resize(sizes)) if isinstance(each, Bracket) else None

    return replace_in(expression, change)
