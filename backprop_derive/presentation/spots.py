"""The spots and arrows of a network, as its derivation gives them, and what stands on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.calculus.links import Link
from backprop_derive.calculus.terms import decided
from backprop_derive.graph.expressions import ONE, ZERO, Apply, Bracket, Expression, Fold, Ref, Where, reindex, walk
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Affine, Axis, number, variable
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Graph, Node
from backprop_derive.presentation.document import Text
from backprop_derive.presentation.picture import Arrow, Kind, Law, Spot

MOST = 8
FIRST_SHOWN = 2
STAND_IN = 1009  # a symbolic size counts as this while it is decided which unit is joined to which; the next size as one more

Entry = tuple[tuple[int, Affine], ...]
"""The places of one entry: as numbers, and as they are written (`n` for the last of n)."""


@dataclass(frozen=True)
class Group:
    """The nodes that are drawn as one column of spots: a unit's pre-activation and activation, or a node by itself."""

    nodes: tuple[Node, ...]
    kind: Kind

    @property
    def shown(self) -> Node:
        """The node whose name the spot carries: the output of the unit."""
        return self.nodes[-1]


class Drawing:
    """The network of a derivation, left to right; what stands where is worked out when it is asked for."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.graph = derivation, derivation.graph
        open_sizes = sorted({name for node in self.graph.nodes for axis in node.axes for name in axis.low.sizes() | axis.high.sizes()} - set(self.graph.sizes))
        self.sizes = {**self.graph.sizes, **{name: STAND_IN + place for place, name in enumerate(open_sizes)}}

    # -- the groups ---------------------------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The groups, in graph order."""
        found: list[Group] = []
        for node in self.graph.nodes:
            if node.role in ("parameter", "constant", "regularizer", "choice"):
                continue
            before = next((each for each in found if self._continues(node, each)), None)
            if before is not None:
                found[found.index(before)] = replace(before, nodes=(*before.nodes, node))
            else:
                kind: Kind = "input" if node.role == "input" else "target" if node.role == "target" else "loss" if node.role == "loss" else "unit"
                found.append(Group((node,), kind))
        return tuple(found)

    def _continues(self, node: Node, group: Group) -> bool:
        """Whether a node is the activation of the group's pre-activation."""
        first = group.nodes[0]
        alone = node.role == "activation" and first.role == "preactivation" and bool(node.unit) and node.unit == first.unit and len(group.nodes) == 1
        if not alone:
            return False
        definition = node.pieces[0].definition
        return not isinstance(definition, Fold) and [name for name in self.graph.parents[node.name] if not self.graph.node(name).is_leaf] == [first.name]

    @cached_property
    def group_of(self) -> Mapping[str, Group]:
        """The group of each node that is drawn."""
        return {node.name: group for group in self.groups for node in group.nodes}

    @cached_property
    def columns(self) -> Mapping[str, int]:
        """The column of each group, by the name of its shown node: behind all that it is computed from; targets before the loss."""
        depth: dict[str, int] = {}
        for group in self.groups:
            before = [depth.get(self.group_of[name].shown.name, 0) for node in group.nodes for name in self._read_by(node, group)]
            depth[group.shown.name] = 1 + max(before, default=0) if group.kind in ("unit", "loss") else 0
        last = max((depth[group.shown.name] for group in self.groups if group.kind == "loss"), default=1)
        for group in self.groups:
            if group.kind == "target":
                depth[group.shown.name] = max(last - 1, 0)
        return depth

    def _read_by(self, node: Node, group: Group) -> Iterator[str]:
        """The nodes of other groups that a node mentions, and that are drawn. Earlier steps of a recurrence are not before it."""
        for name in self.graph.parents[node.name]:
            if name in self.group_of and self.group_of[name] is not group:
                yield name

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
        """All spots, from the inputs to the loss, in each column from the top."""
        found = [spot for group in self.groups for spot in self._spots_of(group)]
        return tuple(sorted(found, key=lambda spot: spot.column))

    def _spots_of(self, group: Group) -> Iterator[Spot]:
        node, column = group.shown, self.columns[group.shown.name]
        entries, shortened = self.entries(node)
        for place, entry in enumerate(entries):
            if shortened and place == len(entries) - 1:
                yield Spot(f"{node.name}…", column, "dots", ("⋮",))
            yield Spot(spot_key(node, entry), column, group.kind, (self.mention(node, entry),), self._function(group), self._bias(group, entry))

    def mention(self, node: Node, entry: Entry) -> Ref:
        """The node at an entry, the sample index at its letter."""
        letters = node.letters[: int(node.sampled)] if entry or not self.is_table(node) else node.letters
        return Ref(node.name, (*(variable(letter) for letter in letters), *(form for _, form in entry)))

    def _function(self, group: Group) -> Text:
        if group.kind != "unit":
            return ()
        node = group.shown
        if len(group.nodes) > 1 or node.role == "activation":
            definition = node.pieces[0].definition
            name = node.operation or (definition.function if isinstance(definition, Apply) else "")
            return (name,) if name else ()
        return ("Σ",) if any(self._weights(group)) else ()

    def _weights(self, group: Group) -> Iterator[str]:
        for node in group.nodes:
            yield from (name for name in self.graph.parents[node.name] if self.graph.node(name).role == "parameter")

    def _bias(self, group: Group, entry: Entry) -> Text:
        """The parameters that the unit adds as they are."""
        found: list[str | Expression] = []
        for node in group.nodes:
            for name in self.graph.parents[node.name]:
                if group.kind == "unit" and self.graph.node(name).role in ("parameter", "constant"):
                    for link in self.derivation.chain.links(name):
                        fixed = self.is_table(node) and any(place.number is not None for place in link.child.indices)
                        if link.child.name == node.name and link.value == ONE and not fixed:
                            found += [", ", self._at_entry(link, node, entry)] if found else [self._at_entry(link, node, entry)]
        return tuple(found)

    def _at_entry(self, link: Link, node: Node, entry: Entry) -> Expression:
        """The parent of a link, at the letters at which the child is this entry."""
        places = link.child.indices[int(node.sampled) :]
        values = {place.variable: form for place, (_, form) in zip(places, entry, strict=False) if place.variable is not None}
        return reindex(link.parent, values)

    # -- the arrows ---------------------------------------------------------------------------------------------------

    @cached_property
    def arrows(self) -> tuple[Arrow, ...]:
        """All arrows, with the weight on each."""
        found = [arrow for group in self.groups for node in group.nodes for name in self._sources(node, group) for arrow in self._between(name, node, group)]
        counts: dict[Expression, int] = {}
        for arrow in found:
            if arrow.weight is not None:
                counts[arrow.weight] = counts.get(arrow.weight, 0) + 1
        return tuple(replace(arrow, shared=arrow.weight is not None and counts[arrow.weight] > 1) for arrow in found)

    def _sources(self, node: Node, group: Group) -> Iterator[str]:
        yield from (name for name in self.graph.parents[node.name] if name in self.group_of and (self.group_of[name] is not group or self._again(name, node)))

    def _again(self, name: str, node: Node) -> str:
        """`t − 1`, where a node reads another, or itself, at an earlier or later place; empty where it reads it where it is."""
        for piece in node.pieces:
            letters = {place.variable for place in piece.places if place.variable is not None}
            for ref in (each for each in walk(piece.definition) if isinstance(each, Ref) and each.name == name):
                for index in ref.indices:
                    if index.variable is None and index.variables() & letters and name in self.derivation.chain.recurrent:
                        return form_text(index)
        return ""

    def _between(self, name: str, node: Node, group: Group) -> Iterator[Arrow]:
        """The arrows from a node to another, entry by entry."""
        parent = self.graph.node(name)
        again = self._again(name, node)
        seen: set[tuple[str, str]] = set()
        for link in self.derivation.chain.links(name):
            if link.child.name != node.name:
                continue
            law = Law(link.parent, Ref(group.shown.name, link.child.indices), link.partial, link.value)
            for start, end in product(self.entries(self.group_of[name].shown)[0], self.entries(group.shown)[0]):
                keys = spot_key(self.group_of[name].shown, start), spot_key(group.shown, end)
                found = self.joined(link, parent, node, start, end)
                if found is not None and keys not in seen:
                    seen.add(keys)
                    yield Arrow(*keys, _weight_in(self.graph, found[1]), found, law, again=again)

    def joined(self, link: Link, parent: Node, child: Node, start: Entry, end: Entry) -> tuple[Expression, Expression] | None:
        """`(∂child/∂parent, its value)` at two entries, None where the child's entry does not read the parent's."""
        values: dict[str, Affine] = {}
        exact: dict[str, Affine] = {}
        own = parent.letters[int(parent.sampled) :] if start else ()
        for letter, (place, form) in zip(own, start, strict=False):
            values[letter], exact[letter] = form, number(place)
        places = link.child.indices[int(child.sampled) :] if end else ()
        for form, (place, written) in zip(places, end, strict=False):
            if form.variable is not None and form.variable not in exact:
                values[form.variable], exact[form.variable] = written, number(place)
            elif form.substitute(exact).resize(self.sizes).number not in (None, place):
                return None
        for condition in link.conditions:
            if condition.substitute(exact).resize(self.sizes).decided is False:
                return None
        if start and end and self._decided(link.value, exact) == ZERO:
            return None
        value = decided(self._resolved(link.value, values, exact))
        partial = reindex(link.partial, values)
        return None if value == ZERO else (partial, value)

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
        """How many units stand for the dots."""
        found: list[Text] = []
        for group in self.groups:
            entries, shortened = self.entries(group.shown)
            if shortened:
                axis = group.shown.axes[-1]
                found.append((group.shown.ref(), f": {form_text(axis.length)} units, of which {len(entries)} are drawn"))
            elif self.is_table(group.shown):
                node = group.shown
                axes = node.axes[1:] if node.sampled else node.axes
                found.append((self.mention(node, ()), f": one spot for all {' × '.join(form_text(axis.length) for axis in axes)} entries"))
        return tuple(found)


def spot_key(node: Node, entry: Entry) -> str:
    """The key of a spot: the node's name and the places."""
    return node.name + "".join(f"[{place}]" for place, _ in entry)


def _weight_in(graph: Graph, value: Expression) -> Expression | None:
    """The value, where it is a weight or a formula with one; None where the start passes through."""
    return value if any(isinstance(each, Ref) and graph.by_name.get(each.name) is not None and graph.node(each.name).role == "parameter" for each in walk(value)) and not isinstance(value, Where | Fold) else None


def _resized(expression: Expression, sizes: Mapping[str, int]) -> Expression:
    def change(each: Expression) -> Expression | None:
        return Bracket(each.condition.resize(sizes)) if isinstance(each, Bracket) else None

    return replace_in(expression, change)
