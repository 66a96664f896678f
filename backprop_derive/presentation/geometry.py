"""Boxes and curves of pictures. Lengths are in units of one character's height, y grows downwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Curve = tuple[Point, Point, Point, Point]
"""A Bézier curve: its ends, and between them the two points that bend it."""


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

    def holds(self, point: Point, margin: float = 0.0) -> bool:
        """Whether a point is in the rectangle, or not farther from it than the margin."""
        return abs(point[0] - self.x) < self.half_width + margin and abs(point[1] - self.y) < self.half_height + margin

    def moved(self, across: float, down: float) -> Box:
        """The rectangle at another place."""
        return Box(self.x + across, self.y + down, self.half_width, self.half_height)


def along(curve: Sequence[Point], where: float) -> Point:
    """The point of a Bézier curve at a fraction of its way.

    >>> along(((0.0, 0.0), (3.0, 3.0)), 1 / 3)
    (1.0, 1.0)
    """
    points = list(curve)
    while len(points) > 1:
        points = [((1 - where) * x + where * u, (1 - where) * y + where * v) for (x, y), (u, v) in pairwise(points)]
    return points[0]


def points_of(curve: Sequence[Point], count: int = 32) -> list[Point]:
    """Points along a curve, its ends among them."""
    return [along(curve, step / count) for step in range(count + 1)]


def straight(start: Box, end: Box) -> Curve:
    """The line from the rim of a box to that of another; boxes have round ends."""
    first, last = _leaving(start, end), _leaving(end, start)
    return first, along((first, last), 1 / 3), along((first, last), 2 / 3), last


def is_straight(curve: Curve) -> bool:
    """Whether the points that bend a curve lie on the line between its ends."""
    first, *between, last = curve
    across, down = last[0] - first[0], last[1] - first[1]
    return all(abs((x - first[0]) * down - (y - first[1]) * across) < 1e-6 for x, y in between)


def _leaving(box: Box, towards: Box) -> Point:
    """Where the line from a box towards another crosses its rim."""
    across, down = towards.x - box.x, towards.y - box.y
    length = (across**2 + down**2) ** 0.5 or 1.0
    flat = box.half_width - box.half_height
    side = flat if across > 0 else -flat
    return box.x + side + across / length * box.half_height, box.y + down / length * box.half_height


def level_at_ends(start: Box, end: Box) -> Curve:
    """From the right side of a box to the left side of another, level at both ends: it keeps clear of what stands above and below."""
    first, last = (start.x + start.half_width, start.y), (end.x - end.half_width, end.y)
    across = 0.6 * (last[0] - first[0])
    return first, (first[0] + across, first[1]), (last[0] - across, last[1]), last


def round_about(start: Box, end: Box, level: float) -> Curve:
    """From a box to another by way of a level above or below both, which the middle of the curve reaches."""
    side = -1.0 if level < start.y else 1.0
    first = (start.x + 0.5 * start.half_width, start.y + side * 0.9 * start.half_height)
    last = (end.x - 0.5 * end.half_width, end.y + side * 0.9 * end.half_height)
    bend = (level - 0.125 * (first[1] + last[1])) / 0.75
    return first, (first[0] + 0.22 * (last[0] - first[0]), bend), (last[0] - 0.22 * (last[0] - first[0]), bend), last


def loop(box: Box) -> Curve:
    """From a box to itself, above it."""
    top, reach = box.y - 0.9 * box.half_height, box.half_width + 2.6
    return (box.x + 0.6 * box.half_width, top), (box.x + reach, top - 5.0), (box.x - reach, top - 5.0), (box.x - 0.6 * box.half_width, top)


def backwards(start: Box, end: Box, level: float, wide: float = 0.9) -> Curve:
    """From a box to one on its left, or in its column, by way of a level below both: round what stands below them, at a
    distance that grows with `wide`."""
    first, last = (start.x + start.half_width, start.y), (end.x - end.half_width, end.y)
    bend = (level - 0.125 * (first[1] + last[1])) / 0.75
    aside = max(4.0, wide * (level - min(start.y, end.y)))
    return first, (first[0] + aside, bend), (last[0] - aside, bend), last


def moved_curve(curve: Curve, across: float, down: float) -> Curve:
    """The curve at another place."""
    first, second, third, last = ((x + across, y + down) for x, y in curve)
    return first, second, third, last
