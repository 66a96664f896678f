"""A picture of a network in characters, for terminals and for pages of plain text.

(x1)─┬─▶(o1)─┐
     │  f_A1 ├─▶(y')
(x2)─┴─▶(o2)─┘  f_B
        f_A2
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from rich.cells import cell_len

from backprop_derive.presentation.document import Block, Text
from backprop_derive.presentation.legend import connections, legend
from backprop_derive.presentation.picture import Arrow, Picture, Spot
from backprop_derive.presentation.pictures.routing import Item, Piece, Routes, Track, is_level, rows_of
from backprop_derive.presentation.pictures.strokes import DOWN, HEAVY, LEFT, LIGHT, RIGHT, UP, Arms, box_character

LIT = "bold magenta"
"""The style of what lies on a path of the chosen weight; its lines are also heavier."""

SAMPLE = "─│┌├━┳▶⎛⎞"
"""What an output must be able to show, if lines are not to be drawn in ASCII."""

Line = tuple[tuple[str, str], ...]
"""Pieces of text, each with its style, which is `LIT` or ""."""

_AIRY = {False: 4, True: 2}  # spots of a column that have a blank row between them, and when they say what they do
_BRACKETS = {  # (first row, rows between, last row, a single row) on the left and on the right
    True: {"loss": ("⎡⎢⎣[", "⎤⎥⎦]"), "": ("⎛⎜⎝(", "⎞⎟⎠)")},
    False: {"loss": ("[[[[", "]]]]"), "": ("/|\\(", "\\|/)")},
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """The lines of a picture; `labelled` are the arrows whose weight stands on them, `beside` whether each spot says what it does."""

    lines: tuple[Line, ...]
    labelled: frozenset[Arrow]
    beside: bool


@dataclass(frozen=True, slots=True)
class _Manner:
    """How roomy a picture is: whether spots say what they do, and how many characters there are for an upright line."""

    beside: bool
    pitch: int


_MANNERS = (_Manner(True, 2), _Manner(False, 2), _Manner(False, 1))


def picture_and_legend(
    picture: Picture, width: int, write: Callable[[Text], str], *, unicode: bool
) -> tuple[tuple[Line, ...], tuple[Block, ...]]:
    """The lines of a picture and a legend of what they do not say; no lines but a legend of everything where the width is too small."""
    drawn = draw_in_characters(picture, width, write, unicode=unicode)
    if drawn is None:
        return (), (*connections(picture), *legend(picture))
    return drawn.lines, tuple(legend(picture, drawn.labelled, beside=drawn.beside))


def draw_in_characters(picture: Picture, width: int, write: Callable[[Text], str], *, unicode: bool) -> Drawn | None:
    """The picture as wide as `width`, in parts where it must; None if even those are wider. `write` spells labels."""
    for manner in _MANNERS:
        sheet = _Sheet(picture, write, manner, unicode=unicode)
        if sheet.width <= width:
            return Drawn(tuple(sheet.lines()), frozenset(sheet.labelled), manner.beside)
    for manner in _MANNERS[1:]:
        bands = list(_bands(picture, width, lambda part, manner=manner: _Sheet(part, write, manner, unicode=unicode)))  # type: ignore[misc]
        if all(sheet.width <= width for sheet in bands):
            lines = [line for number, sheet in enumerate(bands) for line in (*([()] if number else []), *sheet.lines())]
            return Drawn(tuple(lines), frozenset(arrow for sheet in bands for arrow in sheet.labelled), manner.beside)
    return None


def _bands(picture: Picture, width: int, sheet_of: Callable[[Picture], _Sheet]) -> Iterator[_Sheet]:
    """The picture in parts, one below the other, each with as many columns as fit. The last column of a part is the first of the next,
    where the spots stand again from which arrows lead on."""
    columns = sorted({spot.column for spot in picture.spots})
    first = 0
    while first < len(columns) - 1:
        last = first + 1
        sheet = sheet_of(_band(picture, columns[first], columns[last]))
        while last + 1 < len(columns):
            wider = sheet_of(_band(picture, columns[first], columns[last + 1]))
            if wider.width > width:
                break
            sheet, last = wider, last + 1
        yield sheet
        first = last


def _band(picture: Picture, first: int, last: int) -> Picture:
    """The arrows that lead to some columns, with their spots: those from before the first column start in it."""
    column = {spot.key: spot.column for spot in picture.spots}
    arrows = tuple(arrow for arrow in picture.arrows if first < column[arrow.end] <= last and column[arrow.start] < column[arrow.end])
    before = {arrow.start for arrow in arrows if column[arrow.start] < first}
    spots = tuple(
        replace(spot, column=max(spot.column, first)) for spot in picture.spots if first <= spot.column <= last or spot.key in before
    )
    return replace(picture, spots=spots, arrows=arrows)


class _Sheet:
    """The characters of a picture, each at its row and its place in it."""

    def __init__(self, picture: Picture, write: Callable[[Text], str], manner: _Manner, *, unicode: bool) -> None:
        self.write, self.manner, self.unicode = write, manner, unicode
        self.labels = {spot.key: write(spot.label) for spot in picture.spots}
        self.beside = {spot.key: said_beside(spot, write) if manner.beside else "" for spot in picture.spots}
        said = any(self.beside.values())
        counts = [sum(spot.column == column for spot in picture.spots) for column in {spot.column for spot in picture.spots}]
        heights = {
            spot.key: bool(self.beside[spot.key]) if spot.kind == "target" else said for spot in picture.spots
        }  # alike, so that columns are in line
        self.routes = Routes(picture, heights, 1 if max(counts) <= _AIRY[said] else 0)
        self.tracks = [self.routes.tracks(column) for column in range(len(self.routes.columns))]
        self.labelled: set[Arrow] = set()
        self.starts = list(self._starts())
        self.width = self.starts[-1] + self._column_width(len(self.starts) - 1)
        self.texts: dict[tuple[int, int], tuple[str, str]] = {}
        self.strokes: dict[tuple[int, int], dict[int, Arms]] = {}

    # -- places ---------------------------------------------------------------------------------------------------------

    def _starts(self) -> Iterator[int]:
        """Where each column begins."""
        x = 0
        for column in range(len(self.routes.columns)):
            yield x
            x += self._column_width(column) + self._channel_width(column)

    def _column_width(self, column: int) -> int:
        widths = [
            max(cell_len(self.labels[item.spot.key]) + 2, cell_len(self.beside[item.spot.key]) + 1)
            for item in self.routes.columns[column]
            if item.spot is not None
        ]
        return max(widths, default=1)

    def _channel_width(self, column: int) -> int:
        count = 1 + max((track.place for track in self.tracks[column]), default=0)
        level = [cell_len(self._weight(piece)) + 5 for piece in self.routes.pieces[column] if self._weight(piece)]
        return max([self.manner.pitch * count + (2 if self.manner.pitch > 1 else 1), *level])

    def _weight(self, piece: Piece) -> str:
        """The weight that stands on a level arrow."""
        (arrow, *others) = piece.arrows
        if others or arrow.weight is None or not is_level(piece) or piece.targets[0].spot is None or piece.sources[0].spot is None:
            return ""
        self.labelled.add(arrow)
        return self.write((arrow.weight,))

    # -- drawing --------------------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[Line]:
        """The rows, from the top, without those that are empty at both ends."""
        for column, items in enumerate(self.routes.columns):
            for item in items:
                self._item(item, column)
            for number, piece in enumerate(self.routes.pieces[column]):
                self._piece(piece, column, 1000 * column + number)
        rows = [row for row, _ in (*self.texts, *self.strokes)]
        for row in range(min(rows), max(rows) + 1):
            yield tuple(self._row(row))

    def _item(self, item: Item, column: int) -> None:
        x = self.starts[column]
        if item.spot is None:
            return
        style = LIT if item.spot.lit else ""
        label = self.labels[item.spot.key]
        if item.spot.kind == "dots":
            self.texts[item.row, x + 1] = (label, "")
            return
        left, right = _BRACKETS[self.unicode].get(item.spot.kind, _BRACKETS[self.unicode][""])
        middle = (item.rows - 1) // 2
        for row in range(item.rows):
            which = 3 if item.rows == 1 else 0 if row == 0 else 2 if row == item.rows - 1 else 1
            inside = label if row == middle else " " * cell_len(label)
            self.texts[item.row + row, x] = (left[which] + inside + right[which], style)
        if self.beside[item.spot.key]:
            self.texts[item.row + item.rows, x + 1] = (self.beside[item.spot.key], style)

    def _piece(self, piece: Piece, column: int, net: int) -> None:
        start = self.starts[column] + self._column_width(column)
        end = self.starts[column + 1]
        lit_left = [_is_lit(piece, item, leaving=True) for item in piece.sources]
        lit_right = [_is_lit(piece, item, leaving=False) for item in piece.targets]
        left, right = rows_of(piece)
        for item, row, lit in zip(piece.sources, left, lit_left, strict=True):
            width = 0 if item.spot is None else cell_len(self.labels[item.spot.key]) + 2
            self._level(net, row, self.starts[column] + width, start, lit)
        for item, row, lit in zip(piece.targets, right, lit_right, strict=True):
            if item.spot is not None:
                self.texts[row, end - 1] = ("▶" if self.unicode else ">", LIT if lit else "")
            else:
                self._level(net, row, end - 1, end, lit)
        if is_level(piece):
            self._level(net, left[0], start, end - 1, lit_left[0])
            weight = self._weight(piece)
            if weight:
                self.texts[left[0], start + 1] = (f" {weight} ", LIT if lit_left[0] else "")
            return
        heavy_left = {row for row, lit in zip(left, lit_left, strict=True) if lit}
        heavy_right = {row for row, lit in zip(right, lit_right, strict=True) if lit}
        for track in self.tracks[column]:
            if track.piece is piece:
                self._track(
                    track,
                    net,
                    start,
                    end - 1,
                    heavy_left if track.start is None else {*track.left},
                    heavy_right if track.end is None else {*track.right},
                )

    def _track(self, track: Track, net: int, start: int, end: int, lit_left: set[int], lit_right: set[int]) -> None:
        """An upright line, and the level ones on both sides of it."""
        x = self._place(start, track.place)
        lit = lit_left | lit_right if lit_left and lit_right else set()
        first = start if track.start is None else self._place(start, track.start) + 1
        last = end if track.end is None else self._place(start, track.end)
        for row in track.left:
            self._level(net, row, first, x, row in lit & lit_left)
            self._stroke(net, row, x, LEFT, row in lit & lit_left)
        for row in track.right:
            self._level(net, row, x + 1, last, row in lit & lit_right)
            self._stroke(net, row, x, RIGHT, row in lit & lit_right)
        low, high = min(*track.left, *track.right), max(*track.left, *track.right)
        for row in range(low, high):
            is_lit = bool(lit) and min(lit) <= row < max(lit)
            self._stroke(net, row, x, DOWN, is_lit)
            self._stroke(net, row + 1, x, UP, is_lit)

    def _place(self, start: int, place: int) -> int:
        return start + self.manner.pitch * place + (1 if self.manner.pitch > 1 else 0)

    def _level(self, net: int, row: int, first: int, last: int, lit: bool) -> None:
        for x in range(first, last):
            self._stroke(net, row, x, LEFT, lit)
            self._stroke(net, row, x, RIGHT, lit)

    def _stroke(self, net: int, row: int, x: int, direction: int, lit: bool) -> None:
        arms = list(self.strokes.setdefault((row, x), {}).get(net, (0, 0, 0, 0)))
        arms[direction] = max(arms[direction], HEAVY if lit else LIGHT)
        self.strokes[row, x][net] = (arms[0], arms[1], arms[2], arms[3])

    # -- rows -----------------------------------------------------------------------------------------------------------

    def _row(self, row: int) -> Iterator[tuple[str, str]]:
        pieces: list[tuple[str, str]] = []
        x = 0
        while x < self.width:
            if (row, x) in self.texts:
                pieces.append(self.texts[row, x])
                x += cell_len(pieces[-1][0])
            else:
                pieces.append(self._cell(self.strokes.get((row, x), {})))
                x += 1
        while pieces and not pieces[-1][0].strip():
            pieces.pop()
        for style, run in groupby(pieces, key=itemgetter(1)):
            yield "".join(text for text, _ in run), style

    def _cell(self, nets: Mapping[int, Arms]) -> tuple[str, str]:
        """The stroke of a cell; where two nets cross, that of the upright one."""
        if not nets:
            return " ", ""
        arms = max(nets.values(), key=lambda each: bool(each[UP] or each[DOWN]))
        return box_character(arms, unicode=self.unicode), LIT if HEAVY in arms else ""


def said_beside(spot: Spot, write: Callable[[Text], str]) -> str:
    """What a spot does: `sigmoid, + b1`."""
    parts = [write(spot.function)] if spot.function else []
    return ", ".join([*parts, *([f"+ {write(spot.bias)}"] if spot.bias else [])])


def _is_lit(piece: Piece, item: Item, *, leaving: bool) -> bool:
    """Whether a lit arrow runs from, or to, an item of the piece."""
    if item.spot is not None:
        key = item.spot.key
        return any(arrow.lit for arrow in piece.arrows if (arrow.start if leaving else arrow.end) == key)
    ending = {each.spot.key for each in piece.targets if each.spot is not None}
    return any(arrow.lit for arrow in piece.arrows if leaving or arrow.end not in ending)
