"""A picture of a network, and the paths of one weight in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import starmap

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.calculus.links import Link
from backprop_derive.errors import UsageError
from backprop_derive.graph.expressions import ZERO, Expression, Partial, Ref, reindex, walk
from backprop_derive.graph.indices import number
from backprop_derive.graph.weights import find_weights
from backprop_derive.presentation.columns import Group
from backprop_derive.presentation.document import Document, Figure
from backprop_derive.presentation.joints import Entry, letters_at
from backprop_derive.presentation.picture import Arrow, Derivative, Light, Picture, Spot
from backprop_derive.presentation.selection import Weight, weight_key, weight_of
from backprop_derive.presentation.spots import Drawing, spot_key

MOST_LIGHTS = 240


def draw(derivation: Derivation, weight: Weight | str | None = None) -> Picture:
    """The network of a derivation, left to right. With a `weight` (`"w11"`, `"W1[2,1]"`, or its name and entry), the paths by which it
    reaches the loss are lit, with the partial derivative on every arrow of theirs. Raises UsageError for what is not one weight, or
    array, of the network."""
    if isinstance(weight, str):
        weight = only_one(find_weights((weight,), derivation.graph))
    drawing = Drawing(derivation)
    picture = _unlit(drawing)
    return picture if weight is None else _Lighting(drawing, picture, weight).lit()


def only_one(weights: Sequence[Weight]) -> Weight:
    """The weight. Raises UsageError where there are more."""
    if len(weights) > 1:
        raise UsageError(
            f"a picture has the paths of one weight, or of a whole array, and these are {len(weights)}: {', '.join(starmap(weight_key, weights))}"
        )
    return weights[0]


def draw_lights(derivation: Derivation) -> Figure:
    """The network, and for every parameter its paths; also for every entry that stands in the picture, if those are not too many."""
    drawing = Drawing(derivation)
    picture, graph = _unlit(drawing), derivation.graph
    shown = (part for arrow in picture.arrows for part in (arrow.weight,) if part is not None)
    added = (part for spot in picture.spots for part in spot.bias if not isinstance(part, str))
    mentioned = dict.fromkeys(weight_of(each) for part in (*shown, *added) for each in walk(part) if isinstance(each, Ref))
    if len(mentioned) > MOST_LIGHTS:
        mentioned = {}
    lights = []
    for name in graph.parameters:
        for weight in ((name, None), *(each for each in mentioned if each[0] == name and each[1] is not None)):
            ref = graph.node(name).ref() if weight[1] is None else Ref(name, tuple(map(number, weight[1])))
            lights.append(Light(weight_key(*weight), ref, _Lighting(drawing, picture, weight).lit()))
    return Figure(picture, tuple(lights))


def with_network(document: Document, derivation: Derivation) -> Document:
    """The document with the network and its lights, for a format that shows them beside the text."""
    return replace(document, blocks=(draw_lights(derivation), *document.blocks))


def _unlit(drawing: Drawing) -> Picture:
    return Picture(drawing.graph.title or "The network", drawing.graph, drawing.spots, drawing.arrows, drawing.notes)


class _Lighting:
    """The paths of one weight."""

    def __init__(self, drawing: Drawing, picture: Picture, weight: Weight) -> None:
        self.drawing, self.picture, self.graph = drawing, picture, drawing.graph
        self.name, self.place = weight

    def lit(self) -> Picture:
        """The picture with every spot and arrow lit that lies between the weight and the loss."""
        starts = set(self._own_spots()) or {spot for spot, *_ in self._first()}
        carrying = dict(self._carrying())
        reached = self._closure(starts | {arrow.end for arrow in self.picture.arrows if (arrow.start, arrow.end) in carrying})
        arrows = tuple(self._arrow(arrow, reached, carrying) for arrow in self.picture.arrows)
        on_arrows = {end for _, end in carrying}
        beside = (
            {}
            if self.name in self.drawing.columns.drawn_parameters
            else {key: self._at(link, self._chosen_entry, entry) for key, link, entry in self._first() if key not in on_arrows}
        )
        spots = tuple(self._spot(spot, reached, beside.get(spot.key)) for spot in self.picture.spots)
        return replace(self.picture, spots=spots, arrows=arrows, chosen=self._chosen(carrying.values()))

    def _chosen(self, carried: Iterable[Derivative]) -> Ref:
        """The weight, as the derivatives by it name it."""
        if self.place is not None:
            return Ref(self.name, tuple(map(number, self.place)))
        named = [left.bottom for left, _ in carried if isinstance(left, Partial)]
        return named[0] if len(set(named)) == 1 else self.graph.node(self.name).ref()

    def _links(self) -> Iterator[Link]:
        yield from self.drawing.derivation.chain.links(self.name)

    def _own_spots(self) -> Iterator[str]:
        """The spots of the weight itself, where it has some."""
        group = self.drawing.columns.group_of.get(self.name)
        for entry in self.drawing.entries(group.shown)[0] if group is not None else ():
            if self.place is None or not entry or self.place == tuple(place for place, _ in entry):
                yield spot_key(self.graph.node(self.name), entry)

    def _first(self) -> Iterator[tuple[str, Link, Entry]]:
        """The spots whose formula mentions the weight, with the link and the entry."""
        for link in self._links():
            group = self.drawing.columns.group_of.get(link.child.name)
            for entry in self.drawing.entries(group.shown)[0] if group is not None else ():
                if self.place is None or self._at(link, self._chosen_entry, entry) is not None:
                    yield spot_key(group.shown, entry), link, entry  # type: ignore[union-attr]

    @property
    def _chosen_entry(self) -> Entry:
        return tuple((place, number(place)) for place in self.place or ())

    def _at(self, link: Link, start: Entry, end: Entry) -> Derivative | None:
        """`(∂z/∂w, its value)` at an entry of the weight and one of the child; None where this one does not mention that one."""
        child = self.graph.node(link.child.name)
        found = letters_at(
            link,
            self.graph.node(self.name).letters if start else (),
            start,
            link.child.indices[int(child.sampled) :],
            end,
            self.drawing.sizes,
        )
        if found is None:
            return None
        value = self.drawing.value_at(link, *found)
        return None if value == ZERO else (reindex(link.partial, found[0]), value)

    def _carrying(self) -> Iterator[tuple[tuple[str, str], Derivative]]:
        """The arrows on which the weight stands, with the partial by it: at the chosen entry, or at that of the arrow."""
        for key, link, entry in self._first():
            for arrow in self.picture.arrows:
                if arrow.end == key and arrow.weight is not None and self._is_on(arrow.weight):
                    found = self._at(link, self._chosen_entry if self.place is not None else self._entry_on(arrow.weight), entry)
                    if found is not None:
                        yield (arrow.start, arrow.end), found

    def _entry_on(self, weight: Expression) -> Entry:
        """The entry of the weight that stands on an arrow."""
        ref = next(each for each in walk(weight) if isinstance(each, Ref) and each.name == self.name)
        return tuple((index.resize(self.drawing.sizes).number, index) for index in ref.indices)

    def _is_on(self, weight: Expression) -> bool:
        refs = [each for each in walk(weight) if isinstance(each, Ref) and each.name == self.name]
        if self.place is None:
            return bool(refs)
        return any(tuple(index.resize(self.drawing.sizes).number for index in ref.indices) == self.place for ref in refs)

    def _closure(self, starts: set[str]) -> set[str]:
        found, waiting = set(starts), list(starts)
        while waiting:
            here = waiting.pop()
            for arrow in self.picture.arrows:
                if arrow.start == here and arrow.end not in found:
                    found.add(arrow.end)
                    waiting.append(arrow.end)
        return found

    def _arrow(self, arrow: Arrow, reached: set[str], carrying: Mapping[tuple[str, str], Derivative]) -> Arrow:
        carried = carrying.get((arrow.start, arrow.end))
        if carried is not None and arrow.start not in reached:
            return replace(arrow, lit=True, partial=carried)
        return replace(arrow, lit=arrow.start in reached and arrow.end in reached, by_weight=carried)

    def _spot(self, spot: Spot, reached: set[str], by_weight: Derivative | None) -> Spot:
        if spot.key not in reached:
            return spot
        group = next(
            group
            for group in self.drawing.columns.groups
            if any(spot.key == spot_key(group.shown, entry) for entry in self.drawing.entries(group.shown)[0])
        )
        partial, law = self._inner(group, spot)
        return replace(spot, lit=True, partial=partial, law=law, by_weight=by_weight)

    def _entry(self, group: Group, spot: Spot) -> Entry:
        return next(entry for entry in self.drawing.entries(group.shown)[0] if spot_key(group.shown, entry) == spot.key)

    def _inner(self, group: Group, spot: Spot) -> tuple[Derivative | None, Derivative | None]:
        """The derivative of a unit's output by its own pre-activation, at its entry and by index."""
        if len(group.nodes) > 1:
            first, last = group.nodes[0], group.shown
            entry = self._entry(group, spot)
            for link in self.drawing.derivation.chain.links(first.name):
                if link.child.name == last.name:
                    found = self.drawing.joined(link, first, last, entry, entry)
                    if found is not None and isinstance(found[0], Partial):
                        return found, (link.partial, link.value)
        return None, None
