"""Where the spots, arrows and labels of a picture stand. Lengths are in units of one character's height.

Columns are as far apart as their labels need, and each is centred. An arrow that would run through a spot bends round it.
A label is put at the first place along its arrow where it covers nothing; each format says how wide its texts are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from backprop_derive.presentation.document import Text
from backprop_derive.presentation.picture import Arrow, Picture, Spot

Point = tuple[float, float]
Measure = Callable[[str], float]
"""How wide a text is, in character heights."""

ROW = 5.6
LINE = 1.3
RADIUS = 1.7
NARROWEST = 9.0
ROOM_BESIDE_LABEL = 6.0
LABELS_AT_MOST = 24
_ALONG = (0.5, 0.4, 0.6, 0.33, 0.67, 0.28, 0.72, 0.24, 0.76, 0.2, 0.8)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its middle and half its width and height."""

    x: float
    y: float
    half_width: float
    half_height: float

    def overlap(self, other: Box) -> float:
        """The area that two rectangles share."""
        across = min(self.x + self.half_width, other.x + other.half_width) - max(self.x - self.half_width, other.x - other.half_width)
        down = min(self.y + self.half_height, other.y + other.half_height) - max(self.y - self.half_height, other.y - other.half_height)
        return max(across, 0.0) * max(down, 0.0)


@dataclass(frozen=True, slots=True)
class PlacedSpot:
    """A spot in its box; `above` and `below` are what is written there."""

    spot: Spot
    box: Box
    label: str
    above: str
    below: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlacedArrow:
    """An arrow as a curve of four points (Bézier), and its label in its box; `tip` says the partial derivative in full."""

    arrow: Arrow
    curve: tuple[Point, Point, Point, Point]
    label: str = ""
    box: Box | None = None
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture with a place for everything in it, from (0, 0) at the top left to `width` and `height`."""

    width: float
    height: float
    spots: tuple[PlacedSpot, ...]
    arrows: tuple[PlacedArrow, ...]
    notes: tuple[str, ...]


def lay_out(picture: Picture, write: Callable[[Text], str], measure: Measure) -> Layout:
    """Place a picture. `write` turns labels into the format's text."""
    return _Layouter(picture, write, measure).layout()


def along(curve: Sequence[Point], where: float) -> Point:
    """The point of a Bézier curve at a fraction of its way."""
    points = list(curve)
    while len(points) > 1:
        points = [((1 - where) * x + where * u, (1 - where) * y + where * v) for (x, y), (u, v) in pairwise(points)]
    return points[0]


class _Layouter:
    def __init__(self, picture: Picture, write: Callable[[Text], str], measure: Measure) -> None:
        self.picture, self.write, self.measure = picture, write, measure
        self.columns: dict[int, list[Spot]] = {}
        for spot in picture.spots:
            self.columns.setdefault(spot.column, []).append(spot)
        self.column_of = {spot.key: spot.column for spot in picture.spots}
        self.lighting = any(spot.lit for spot in picture.spots)

    def layout(self) -> Layout:
        boxes, texts = self._boxes()
        placed = {spot.key: PlacedSpot(spot, boxes[spot.key], *texts[spot.key]) for spot in self.picture.spots}
        arrows = self._arrows(placed)
        everything = [*(each.box for each in placed.values()), *(each.box for each in arrows if each.box is not None)]
        corners = [(x, y) for each in arrows for x, y in (along(each.curve, step / 8) for step in range(9))]
        low_x = min([box.x - box.half_width for box in everything] + [x for x, _ in corners]) - 1
        low_y = min([box.y - box.half_height for box in everything] + [y for _, y in corners]) - 1.8
        high_x = max([box.x + box.half_width for box in everything] + [x for x, _ in corners]) + 1
        high_y = max([box.y + box.half_height + LINE * len(placed[key].below) for key, box in boxes.items()] + [y for _, y in corners]) + 1
        moved = tuple(_moved_spot(each, -low_x, -low_y) for each in placed.values())
        notes = tuple(self.write(note) for note in (*self.picture.notes, *self._silent_notes()))
        return Layout(high_x - low_x, high_y - low_y, moved, tuple(_moved_arrow(each, -low_x, -low_y) for each in arrows), notes)

    # -- spots --------------------------------------------------------------------------------------------------------

    def _boxes(self) -> tuple[dict[str, Box], dict[str, tuple[str, str, tuple[str, ...]]]]:
        texts = {spot.key: self._texts(spot) for spot in self.picture.spots}
        halves = {key: max(RADIUS, self.measure(label) / 2 + 0.7) for key, (label, _, _) in texts.items()}
        tallest = max(len(spots) for spots in self.columns.values())
        lines = max((bool(above) + len(below) for _, above, below in texts.values()), default=0)
        spacing = max(ROW, 2 * RADIUS + LINE * lines + 1.4)
        boxes: dict[str, Box] = {}
        x = 0.0
        for column in sorted(self.columns):
            spots = self.columns[column]
            half = max(self._reach(texts[spot.key], halves[spot.key]) for spot in spots)
            x += half if column == min(self.columns) else half + self._gap(column)
            for place, spot in enumerate(spots):
                y = (place + (tallest - len(spots)) / 2) * spacing
                boxes[spot.key] = Box(x, y, halves[spot.key], RADIUS)
            x += half
        return boxes, texts

    def _reach(self, texts: tuple[str, str, tuple[str, ...]], half: float) -> float:
        """Half the width of a spot with what stands above and below it."""
        return max(half, *(self.measure(text) / 2 for text in (texts[1], *texts[2])))

    def _texts(self, spot: Spot) -> tuple[str, str, tuple[str, ...]]:
        """(inside, above, below)"""
        above = self.write(("+ ", *spot.bias)) if spot.bias else ""
        below = [self.write(spot.function)] if spot.function else []
        if spot.partial is not None:
            below.append(self.write((spot.partial[0], " = ", spot.partial[1])))
        return self.write(spot.label), above, tuple(below)

    def _gap(self, column: int) -> float:
        """The room between a column and the one before it."""
        labels = [self.label(arrow) for arrow in self.picture.arrows if self.column_of[arrow.end] == column and self.column_of[arrow.start] < column]
        longest = max((self.measure(label) for label in labels), default=0.0)
        return max(NARROWEST, longest + ROOM_BESIDE_LABEL)

    # -- labels -------------------------------------------------------------------------------------------------------

    def label(self, arrow: Arrow) -> str:
        """What stands on an arrow: its partial where it is lit, else its weight, if there are few enough to be read."""
        if arrow.lit and arrow.partial is not None:
            return self.write((arrow.partial[0], " = ", arrow.partial[1]))
        if arrow.weight is None or self._crowded(arrow):
            return ""
        return self.write((arrow.weight, *((f", {arrow.again}",) if arrow.again else ())))

    def _crowded(self, arrow: Arrow) -> bool:
        beside = [each for each in self.picture.arrows if self._span(each) == self._span(arrow)]
        return len(beside) > LABELS_AT_MOST or (self.lighting and len(beside) > 8)

    def _span(self, arrow: Arrow) -> tuple[int, int]:
        return self.column_of[arrow.start], self.column_of[arrow.end]

    def _silent_notes(self) -> tuple[Text, ...]:
        silent = [arrow for arrow in self.picture.arrows if arrow.weight is not None and not arrow.lit and not self.label(arrow)]
        if not silent:
            return ()
        first = silent[0]
        return (("arrows without a label carry their weight too, as ", *((first.weight,) if first.weight is not None else ()), " on the first of them"),)

    # -- arrows -------------------------------------------------------------------------------------------------------

    def _arrows(self, placed: Mapping[str, PlacedSpot]) -> list[PlacedArrow]:
        boxes = [each.box for each in placed.values()]
        taken = [*boxes, *(_text_box(each, self.measure) for each in placed.values() if each.above or each.below)]
        found: list[PlacedArrow] = []
        for arrow in sorted(self.picture.arrows, key=lambda each: (not each.lit, self._span(each))):
            curve = self._curve(arrow, placed)
            label = self.label(arrow)
            tip = self.write((arrow.partial[0], " = ", arrow.partial[1])) if arrow.partial is not None else ""
            box = None
            if label:
                box = self._free_box(curve, label, taken)
                taken.append(box)
            found.append(PlacedArrow(arrow, curve, label, box, tip))
        return found

    def _free_box(self, curve: Sequence[Point], label: str, taken: Sequence[Box]) -> Box:
        """The label's box at the first place along the curve where it covers nothing, or else the least."""
        half = self.measure(label) / 2 + 0.2
        candidates = [Box(*along(curve, where), half, 0.75) for where in _ALONG]
        covered = [sum(box.overlap(other) for other in taken) for box in candidates]
        return candidates[covered.index(min(covered))]

    def _curve(self, arrow: Arrow, placed: Mapping[str, PlacedSpot]) -> tuple[Point, Point, Point, Point]:
        start, end = placed[arrow.start].box, placed[arrow.end].box
        if self.column_of[arrow.start] >= self.column_of[arrow.end]:
            return _loop(start, end, max(each.box.y for each in placed.values()))
        between = [each.box for each in placed.values() if self.column_of[arrow.start] < each.spot.column < self.column_of[arrow.end]]
        straight = _straight(_leaving(start, end), _leaving(end, start))
        if not any(_runs_through(straight, box) for box in between):
            return straight
        top = min(min(box.y for box in between), start.y, end.y) - ROW * 0.75
        bend = (top - 0.125 * (start.y + end.y)) / 0.75
        first, last = (start.x + start.half_width * 0.5, start.y - RADIUS * 0.9), (end.x - end.half_width * 0.5, end.y - RADIUS * 0.9)
        return first, (start.x + (end.x - start.x) * 0.2, bend), (start.x + (end.x - start.x) * 0.8, bend), last


def _straight(start: Point, end: Point) -> tuple[Point, Point, Point, Point]:
    return start, along((start, end), 1 / 3), along((start, end), 2 / 3), end


def _leaving(box: Box, towards: Box) -> Point:
    """Where a line from the middle of a box towards another leaves it (the box has round ends)."""
    across, down = towards.x - box.x, towards.y - box.y
    length = (across**2 + down**2) ** 0.5 or 1.0
    flat = box.half_width - box.half_height
    side = flat if across > 0 else -flat
    return box.x + side + across / length * box.half_height, box.y + down / length * box.half_height


def _loop(start: Box, end: Box, lowest: float) -> tuple[Point, Point, Point, Point]:
    """Back to an earlier column, or to itself, below everything."""
    deep = lowest + ROW * 0.9
    if start == end:
        return (start.x + 1, start.y + RADIUS), (start.x + 4, deep), (start.x - 4, deep), (start.x - 1, start.y + RADIUS)
    return (start.x, start.y + RADIUS), (start.x, deep), (end.x, deep), (end.x, end.y + RADIUS)


def _runs_through(curve: Sequence[Point], box: Box) -> bool:
    return any(abs(x - box.x) < box.half_width + 0.3 and abs(y - box.y) < box.half_height + 0.3 for x, y in (along(curve, step / 24) for step in range(1, 24)))


def _text_box(placed: PlacedSpot, measure: Measure) -> Box:
    """The room that the texts above and below a spot take."""
    half = max(measure(text) / 2 for text in (placed.above, *placed.below))
    top = placed.box.y - RADIUS - (1.4 if placed.above else 0)
    bottom = placed.box.y + RADIUS + LINE * len(placed.below)
    return Box(placed.box.x, (top + bottom) / 2, half, (bottom - top) / 2)


def _moved_box(box: Box, across: float, down: float) -> Box:
    return Box(box.x + across, box.y + down, box.half_width, box.half_height)


def _moved_spot(placed: PlacedSpot, across: float, down: float) -> PlacedSpot:
    return PlacedSpot(placed.spot, _moved_box(placed.box, across, down), placed.label, placed.above, placed.below)


def _moved_arrow(placed: PlacedArrow, across: float, down: float) -> PlacedArrow:
    first, second, third, fourth = ((x + across, y + down) for x, y in placed.curve)
    box = None if placed.box is None else _moved_box(placed.box, across, down)
    return PlacedArrow(placed.arrow, (first, second, third, fourth), placed.label, box, placed.tip)
