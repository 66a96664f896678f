"""The ways of arrows between columns of spots, for pictures in characters: lines go level and upright only.

Arrows that lead from the same spots to the same spots are one net: its sources run into one upright line, and its targets
start from it. A net that passes columns has an item in each of them. Each net leaves an item, and enters one, in a row of its
own, so that a line never belongs to two nets; where two cross, the upright one is drawn through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from backprop_derive.presentation.picture import Arrow, Picture, Spot


@dataclass(slots=True)
class Item:
    """What stands in a column: a spot, or a net that passes (no spot). `row` is its first row, `rows` how many nets need."""

    spot: Spot | None
    entering: list[Piece] = field(default_factory=list)
    leaving: list[Piece] = field(default_factory=list)
    row: int = 0

    @property
    def rows(self) -> int:
        """How many rows the item has for nets."""
        return max(len(self.entering), len(self.leaving), 1)

    def row_of(self, pieces: Sequence[Piece], piece: Piece) -> int:
        """The row in which one of its pieces leaves, or enters."""
        return self.row + (self.rows - len(pieces)) // 2 + next(at for at, each in enumerate(pieces) if each is piece)


@dataclass(slots=True, eq=False)
class Piece:
    """The part of a net between a column and the next: from some items to others; `arrows` are those that run here."""

    sources: list[Item]
    targets: list[Item]
    arrows: list[Arrow]


@dataclass(frozen=True, slots=True)
class Track:
    """An upright line at a place between two columns (0 is the leftmost), and the rows that it joins: some on its left, some on its
    right. `start` and `end` are the tracks between which level lines run, None for the columns."""

    piece: Piece
    place: int
    left: tuple[int, ...]
    right: tuple[int, ...]
    start: int | None = None
    end: int | None = None


class Routes:
    """Columns of items, each in its row, and the pieces of nets between them."""

    def __init__(self, picture: Picture, heights: Mapping[str, int], gap: int) -> None:
        """`heights` are the rows that a spot takes besides those of its nets; `gap` are the rows between spots."""
        self.heights, self.gap = heights, gap
        columns = sorted({spot.column for spot in picture.spots})
        self.columns: list[list[Item]] = [[Item(spot) for spot in picture.spots if spot.column == column] for column in columns]
        self.item_of = {item.spot.key: item for items in self.columns for item in items if item.spot is not None}
        self.column_of = {spot.key: columns.index(spot.column) for spot in picture.spots}
        self.pieces: list[list[Piece]] = [[] for _ in columns]
        for column, sources, arrows in self._nets(picture):
            self._lay(column, sources, arrows)
        self._set_rows()

    def _nets(self, picture: Picture) -> Iterator[tuple[int, tuple[str, ...], list[Arrow]]]:
        """The arrows that go forward, by the column and the set of spots that they come from."""
        sources: dict[tuple[str, int], list[str]] = {}
        forward = [arrow for arrow in picture.arrows if self.column_of[arrow.start] < self.column_of[arrow.end]]
        for arrow in forward:
            sources.setdefault((arrow.end, self.column_of[arrow.start]), []).append(arrow.start)
        nets: dict[tuple[int, tuple[str, ...]], list[Arrow]] = {}
        for arrow in forward:
            column = self.column_of[arrow.start]
            together = sorted(set(sources[arrow.end, column]), key=list(self.item_of).index)
            nets.setdefault((column, tuple(together)), []).append(arrow)
        for (column, keys), arrows in nets.items():
            yield column, keys, arrows

    def _lay(self, column: int, keys: tuple[str, ...], arrows: list[Arrow]) -> None:
        """A net, column by column up to its farthest target."""
        sources = [self.item_of[key] for key in keys]
        last = max(self.column_of[arrow.end] for arrow in arrows)
        for at in range(column, last):
            running = [arrow for arrow in arrows if self.column_of[arrow.end] > at]
            ends = dict.fromkeys(arrow.end for arrow in running if self.column_of[arrow.end] == at + 1)
            targets = [self.item_of[key] for key in ends]
            if at + 1 < last:
                passing = Item(None)
                self.columns[at + 1].insert(sum(item.spot is None for item in self.columns[at + 1]), passing)
                targets.append(passing)
            piece = Piece(sources, targets, running)
            self.pieces[at].append(piece)
            for item in sources:
                item.leaving.append(piece)
            for item in targets:
                item.entering.append(piece)
            sources = targets[-1:]

    # -- rows -----------------------------------------------------------------------------------------------------------

    def _set_rows(self) -> None:
        """Columns are centred at their spots; targets stand below them, passing nets above. The topmost row is 0."""
        for items in self.columns:
            place = {id(item): at for column in self.columns for at, item in enumerate(column)}
            for item in items:
                item.entering.sort(key=lambda piece: sum(place[id(each)] for each in piece.sources) / len(piece.sources))
                item.leaving.sort(key=lambda piece: sum(place[id(each)] for each in piece.targets) / len(piece.targets))
            row = 0
            for item in items:
                item.row = row
                row += item.rows if item.spot is None else item.rows + self.heights[item.spot.key] + self.gap
            centred = [item for item in items if item.spot is not None and item.spot.kind != "target"] or items
            middle = (centred[0].row + centred[-1].row + centred[-1].rows - 1) // 2
            for item in items:
                item.row -= middle
        top = min(item.row for items in self.columns for item in items)
        for items in self.columns:
            for item in items:
                item.row -= top

    # -- tracks ---------------------------------------------------------------------------------------------------------

    def tracks(self, column: int) -> list[Track]:
        """The upright lines behind a column. A net that goes straight on has none."""
        return _Channel(self.pieces[column]).tracks()


def rows_of(piece: Piece) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The rows on the left and on the right that a piece joins."""
    return tuple(item.row_of(item.leaving, piece) for item in piece.sources), tuple(
        item.row_of(item.entering, piece) for item in piece.targets
    )


def is_level(piece: Piece) -> bool:
    """Whether a piece goes straight from one item to another in the same row."""
    left, right = rows_of(piece)
    return len(left) == 1 and left == right


@dataclass(eq=False, slots=True)
class _Line:
    """An upright line that has no place yet."""

    piece: Piece
    left: tuple[int, ...]
    right: tuple[int, ...]
    before: _Line | None = None
    behind: _Line | None = None

    @property
    def span(self) -> tuple[int, int]:
        return min(*self.left, *self.right), max(*self.left, *self.right)


class _Channel:
    """The upright lines between two columns, and where each stands."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.lines = [_Line(piece, *rows_of(piece)) for piece in pieces if not is_level(piece)]
        self.taken = {row for piece in pieces for rows in rows_of(piece) for row in rows}

    def tracks(self) -> list[Track]:
        """Each line as far to the left as those allow that must stand before it."""
        places: dict[int, int] = {}
        waiting = list(self.lines)
        while waiting:
            line = next((line for line in waiting if all(id(other) in places for other in self._before(line, waiting))), None)
            if line is None:
                waiting = self._parted(waiting)
                continue
            waiting.remove(line)
            least = max((places[id(other)] + 1 for other in self._before(line, self.lines)), default=0)
            while any(places.get(id(other)) == least and _meet(line, other) for other in self.lines):
                least += 1
            places[id(line)] = least
        return [
            Track(
                line.piece,
                places[id(line)],
                line.left,
                line.right,
                None if line.before is None else places[id(line.before)],
                None if line.behind is None else places[id(line.behind)],
            )
            for line in self.lines
        ]

    def _before(self, line: _Line, among: Sequence[_Line]) -> Iterator[_Line]:
        """The lines that must stand left of this one: they take from the left a row that it gives to the right."""
        for other in among:
            if other is not line and (other is line.before or (set(other.left) & set(line.right) and other is not line.behind)):
                yield other

    def _parted(self, waiting: list[_Line]) -> list[_Line]:
        """The lines with one of them in two parts, joined in a row that is free: lines that wait for each other go round."""
        line = next((line for line in waiting if line.before is None and line.behind is None), None)
        assert line is not None, "two parts of a line never wait for each other"
        low, high = line.span
        free = min(
            (row for row in range(-1, high + len(self.taken) + 2) if row not in self.taken), key=lambda row: abs(2 * row - low - high)
        )
        self.taken.add(free)
        first, second = _Line(line.piece, line.left, (free,)), _Line(line.piece, (free,), line.right)
        first.behind, second.before = second, first
        self.lines[self.lines.index(line) : self.lines.index(line) + 1] = [first, second]
        return [each for each in waiting if each is not line] + [first, second]


def _meet(one: _Line, other: _Line) -> bool:
    """Whether two lines share a row, and so could not stand at one place."""
    return one.span[0] <= other.span[1] and other.span[0] <= one.span[1]
