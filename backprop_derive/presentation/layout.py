"""Where the spots, arrows and labels of a picture stand. Lengths are in units of one character's height.

Columns are as far apart as their labels need, and each is centred. An arrow that would run through a spot goes round it.
A label is put where it covers nothing and no other arrow runs through it, if there is such a place along its arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from backprop_derive.presentation.document import Text
from backprop_derive.presentation.geometry import (
    Box,
    Curve,
    Point,
    along,
    backwards,
    is_straight,
    level_at_ends,
    loop,
    moved_curve,
    points_of,
    round_about,
    straight,
)
from backprop_derive.presentation.legend import laws_of
from backprop_derive.presentation.picture import Arrow, Derivative, Picture, Spot

RADIUS = 1.7
_ROW, _TARGET_ROW = 5.6, 4.2
_NARROWEST, _BESIDE_LABEL, _BESIDE_SPOT = 9.0, 6.0, 0.7
_LABELS, _LIT_LABELS, _LABELS_BESIDE_LIT = 16, 5, 8
_BESIDE_SPOTS, _LEVEL = 1.6, 1.9  # from the spots to an arrow that goes round them, and to the next one
_WIDENESS = (0.6, 0.9, 1.3, 1.8, 2.5, 3.5)  # of arrows back, the first that keeps clear of what stands below
_ALONG = (0.5, 0.42, 0.58, 0.34, 0.66, 0.28, 0.72, 0.23, 0.77, 0.19, 0.81)


@dataclass(frozen=True, slots=True)
class Lettering:
    """How a format writes: the text of a label, how wide that is, and how far apart lines are. In a `brief` one, derivatives are
    written by their values alone, `v1` for `∂z_B/∂o1 = v1`."""

    write: Callable[[Text], str]
    measure: Callable[[str], float]
    line: float = 1.3
    brief: bool = False


@dataclass(frozen=True, slots=True)
class PlacedSpot:
    """A spot in its box; `above` and `below` are what is written there, the latter so far to the right of the middle as `aside` says."""

    spot: Spot
    box: Box
    label: str
    above: str
    below: tuple[str, ...]
    aside: float = 0.0


@dataclass(frozen=True, slots=True)
class PlacedArrow:
    """An arrow as a curve, and its label in its box, at the fraction `where` of its way; `tip` says the partial derivative in full."""

    arrow: Arrow
    curve: Curve
    label: str = ""
    box: Box | None = None
    where: float = 0.5
    tip: str = ""

    @property
    def straight(self) -> bool:
        """Whether the arrow is a straight line."""
        return is_straight(self.curve)


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture with a place for everything in it, from (0, 0) at the top left to `width` and `height`."""

    width: float
    height: float
    spots: tuple[PlacedSpot, ...]
    arrows: tuple[PlacedArrow, ...]
    notes: tuple[str, ...]


def lay_out(picture: Picture, lettering: Lettering) -> Layout:
    """Place a picture, for labels in this lettering."""
    return _Layouter(picture, lettering).layout()


def lay_out_within(picture: Picture, lettering: Lettering, room: float) -> Layout:
    """The same, with brief labels where it would be wider than the room and they make a difference."""
    layout = lay_out(picture, lettering)
    return lay_out(picture, replace(lettering, brief=True)) if layout.width > room and picture.chosen is not None else layout


class _Layouter:
    def __init__(self, picture: Picture, lettering: Lettering) -> None:
        self.picture, self.write, self.measure, self.line = picture, lettering.write, lettering.measure, lettering.line
        self.brief = lettering.brief
        self.columns: dict[int, list[Spot]] = {}
        for spot in picture.spots:
            self.columns.setdefault(spot.column, []).append(spot)
        self.column_of = {spot.key: spot.column for spot in picture.spots}
        self.lighting = any(spot.lit for spot in picture.spots)
        self.texts = {spot.key: self._texts(spot) for spot in picture.spots}

    def layout(self) -> Layout:
        """Everything at its place, moved such that nothing is left of 0 or above it."""
        boxes = self._boxes()
        spots = [PlacedSpot(spot, boxes[spot.key], *self.texts[spot.key], self._aside(spot)) for spot in self.picture.spots]
        arrows = self._arrows(spots)
        room = [
            *(each.box for each in spots),
            *(self._text_box(each) for each in spots),
            *(each.box for each in arrows if each.box is not None),
        ]
        room += [Box(*point, 0, 0) for each in arrows for point in points_of(each.curve)]
        left, top = min(box.x - box.half_width for box in room) - 1, min(box.y - box.half_height for box in room) - 1
        right, bottom = max(box.x + box.half_width for box in room) + 1, max(box.y + box.half_height for box in room) + 1
        return Layout(
            right - left,
            bottom - top,
            tuple(replace(each, box=each.box.moved(-left, -top)) for each in spots),
            tuple(
                replace(each, curve=moved_curve(each.curve, -left, -top), box=None if each.box is None else each.box.moved(-left, -top))
                for each in arrows
            ),
            tuple(map(self.write, self._notes())),
        )

    def _notes(self) -> Iterator[Text]:
        yield from self.picture.notes
        yield from laws_of(self.picture, [arrow for arrow in self.picture.arrows if not self.label(arrow)])
        if any(arrow.shared for arrow in self.picture.arrows):
            yield ("dashed arrows: their weight stands on others too",)
        if self.brief:
            yield ("along the paths, and below their spots: the values of the derivatives",)

    # -- spots --------------------------------------------------------------------------------------------------------

    def _texts(self, spot: Spot) -> tuple[str, str, tuple[str, ...]]:
        """(inside, above, below)"""
        above = self.write(("+ ", *spot.bias)) if spot.bias else ""
        below = [self.write(spot.function)] if spot.function else []
        below += [self.write(self._said(each)) for each in (spot.partial, spot.by_weight) if each is not None]
        return self.write(spot.label), above, tuple(below)

    def _boxes(self) -> dict[str, Box]:
        halves = {key: max(RADIUS, self.measure(label) / 2 + _BESIDE_SPOT) for key, (label, _, _) in self.texts.items()}
        lines = max((bool(above) + len(below) for _, above, below in self.texts.values()), default=0)
        spacing = max(_ROW, 2 * RADIUS + self.line * lines + 1.4)
        boxes: dict[str, Box] = {}
        x = 0.0
        for column in sorted(self.columns):
            spots = self.columns[column]
            half = max(self._reach(spot.key, halves[spot.key]) for spot in spots)
            x += half if column == min(self.columns) else half + self._gap(column)
            centred = next((place for place, spot in enumerate(spots) if spot.kind == "target"), 0) or len(
                spots
            )  # targets stand below the outputs
            y = (1 - centred) / 2 * spacing
            for spot in spots:
                boxes[spot.key] = Box(x, y, halves[spot.key], RADIUS)
                y += _TARGET_ROW if spot.kind == "target" else spacing
            x += half
        return boxes

    def _reach(self, key: str, half: float) -> float:
        """Half the width of a spot with what stands above and below it."""
        _, above, below = self.texts[key]
        return max(half, *(self.measure(text) / 2 for text in (above, *below)))

    def _aside(self, spot: Spot) -> float:
        """Arrows to the loss come from below too, where the targets are: what is written there begins at its middle."""
        return max(0.0, *map(self.measure, self.texts[spot.key][2]), 1.0) / 2 - 0.5 if spot.kind == "loss" else 0.0

    def _gap(self, column: int) -> float:
        """The room between a column and the one before it: for the labels, and for arrows that come apart."""
        arrows = [arrow for arrow in self.picture.arrows if self.column_of[arrow.end] == column and self.column_of[arrow.start] < column]
        longest = max((self.measure(self.label(arrow)) for arrow in arrows), default=0.0)
        return max(_NARROWEST, 1.25 * longest + _BESIDE_LABEL) + min(len(arrows), 40) * (0.5 if longest else 0.3)

    def _text_box(self, placed: PlacedSpot) -> Box:
        """The room that the texts above and below a spot take."""
        half = max(self.measure(text) / 2 for text in (placed.above, *placed.below))
        top = placed.box.y - RADIUS - (self.line + 0.1 if placed.above else 0)
        bottom = placed.box.y + RADIUS + self.line * len(placed.below)
        return Box(placed.box.x + placed.aside, (top + bottom) / 2, half, (bottom - top) / 2)

    # -- arrows -------------------------------------------------------------------------------------------------------

    def _arrows(self, spots: Sequence[PlacedSpot]) -> list[PlacedArrow]:
        """Each arrow with its label; those that are lit have the first choice of places."""
        boxes = {each.spot.key: each.box for each in spots}
        rooms = {each.spot.key: (each.box, *([self._text_box(each)] if each.above or each.below else [])) for each in spots}
        curves = dict(self._curves(boxes, rooms))
        points = {key: points_of(curve) for key, curve in curves.items()}
        taken = [box for room in rooms.values() for box in room]
        found: list[PlacedArrow] = []
        for number, arrow in sorted(enumerate(self.picture.arrows), key=lambda each: (not each[1].lit, self._span(each[1]))):
            placed = PlacedArrow(arrow, curves[number], tip=self._partial(arrow))
            label = self.label(arrow)
            if label:
                others = [each for key, each in points.items() if key != number]
                where, box = self._place(curves[number], label, taken, others)
                taken.append(box)
                placed = replace(placed, label=label, box=box, where=where)
            found.append(placed)
        return found

    def _place(self, curve: Curve, label: str, taken: Sequence[Box], others: Sequence[Sequence[Point]]) -> tuple[float, Box]:
        """The place along a curve where a label covers least: other texts weigh more than arrows, and the middle is best."""

        def cost(box: Box) -> float:
            return 10 * sum(box.overlap(other) for other in taken) + sum(
                any(box.holds(point, 0.15) for point in points) for points in others
            )

        half = self.measure(label) / 2 + 0.2
        candidates = [(where, Box(*along(curve, where), half, self.line / 2 + 0.1)) for where in _ALONG]
        costs = [cost(box) + 0.04 * place for place, (_, box) in enumerate(candidates)]
        return candidates[costs.index(min(costs))]

    def _curves(self, boxes: Mapping[str, Box], rooms: Mapping[str, tuple[Box, ...]]) -> Iterator[tuple[int, Curve]]:
        """The way of each arrow, by its number; `rooms` are what each spot takes, with what stands above and below it."""
        levels: dict[bool, list[tuple[int, int]]] = {True: [], False: []}  # the columns that arrows above, and below, already pass
        middle = sum(box.y for box in boxes.values()) / len(boxes)
        for number, arrow in enumerate(self.picture.arrows):
            start, end, span = boxes[arrow.start], boxes[arrow.end], self._span(arrow)
            between = [box for column in range(span[0] + 1, span[1]) for spot in self.columns.get(column, ()) for box in rooms[spot.key]]
            direct = straight(start, end)
            if arrow.start == arrow.end:
                yield number, loop(start)
            elif span[0] < span[1] and not _hits(direct, between):
                beside_ends = [
                    boxes[spot.key] for column in span for spot in self.columns[column] if spot.key not in (arrow.start, arrow.end)
                ]
                yield number, level_at_ends(start, end) if _hits(direct, beside_ends) else direct
            else:
                above = span[0] < span[1] and start.y + end.y <= 2 * middle + 0.1
                low, high = min(span), max(span)
                passed = [box for column in range(low, high + 1) for spot in self.columns.get(column, ()) for box in rooms[spot.key]]
                beside = sum(first < high and low < last for first, last in levels[above])
                levels[above].append((low, high))
                reach = _BESIDE_SPOTS + beside * _LEVEL
                level = (
                    min(box.y - box.half_height for box in (*between, start, end)) - reach
                    if above
                    else max(box.y + box.half_height for box in passed) + reach
                )
                if span[0] < span[1]:
                    yield number, round_about(start, end, level)
                    continue
                ways = [backwards(start, end, level, wide) for wide in _WIDENESS]
                yield number, next((way for way in ways if not _hits(way, [box for box in passed if box not in (start, end)])), ways[-1])

    # -- labels -------------------------------------------------------------------------------------------------------

    def label(self, arrow: Arrow) -> str:
        """What stands on an arrow: its partial where it is lit, else its weight, if there are few enough to be read."""
        if arrow.lit and arrow.partial is not None:
            return "" if self._count(arrow, lit=True) > _LIT_LABELS else self._partial(arrow)
        said: Text = (
            *(() if arrow.weight is None else (arrow.weight,)),
            *((", " if arrow.weight is not None else "", *arrow.again) if arrow.again else ()),
        )
        if not said or self._count(arrow, lit=False) > (_LABELS_BESIDE_LIT if self.lighting else _LABELS):
            return ""
        return self.write(said)

    def _partial(self, arrow: Arrow) -> str:
        """`∂z/∂a = w`; where the chosen weight is on an arrow that is also on the way from another, `∂z/∂w` too."""
        said = () if arrow.partial is None else self._said(arrow.partial)
        return self.write((*said, ", ", *self._said(arrow.by_weight)) if arrow.by_weight is not None else said)

    def _said(self, derivative: Derivative) -> Text:
        left, right = derivative
        return (right,) if self.brief else (left, " = ", right)

    def _count(self, arrow: Arrow, *, lit: bool) -> int:
        """How many arrows there are between the same columns, all or only lit ones."""
        return self._counts.get((self._span(arrow), lit), 0)

    @cached_property
    def _counts(self) -> Mapping[tuple[tuple[int, int], bool], int]:
        found: dict[tuple[tuple[int, int], bool], int] = {}
        for arrow in self.picture.arrows:
            for lit in {False, arrow.lit}:
                found[self._span(arrow), lit] = found.get((self._span(arrow), lit), 0) + 1
        return found

    def _span(self, arrow: Arrow) -> tuple[int, int]:
        return self.column_of[arrow.start], self.column_of[arrow.end]


def _hits(curve: Curve, boxes: Sequence[Box]) -> bool:
    """Whether a curve runs through one of the boxes, or close by."""
    points = points_of(curve)
    return any(box.holds(point, 0.4) for box in boxes for point in points)
