"""A document as lines: for a terminal with its styles, or as plain text. Names from users are never markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len

from backprop_derive.presentation.breaking import broken
from backprop_derive.presentation.document import (
    Aligned,
    Block,
    Curve,
    Document,
    Equation,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Quotation,
    Result,
    Results,
    Row,
    Table,
    Text,
)
from backprop_derive.presentation.plain import encodable, visible
from backprop_derive.presentation.quoting import quoted_lines

if TYPE_CHECKING:
    from rich.console import Console

    from backprop_derive.presentation.picture import Picture

Line = tuple[tuple[str, str], ...]
"""Pieces of text, each with its style: `bold`, `dim`, `italic` or ""."""

WIDTH = 80
WIDEST = 120
_INDENT = 2
_GAP = 3
_NARROWEST_REASON = 28
_WIDE_REASON = 40
_SHORT_EQUATION = 24
_SAMPLE = "∂δΣ−·½²→…×√"


def render(document: Document, width: int = WIDTH, encoding: str = "utf-8") -> str:
    """The page as text, without styles; in ASCII where `encoding` has no Unicode letters of formulas."""
    lines = _Page(document, min(width, WIDEST), encoding).lines()
    return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)


def print_document(document: Document, console: Console, encoding: str | None = None) -> None:
    """Print the page with its styles, as far as the console shows them."""
    from rich.text import Text as Styled

    for line in _Page(document, min(console.width, WIDEST), encoding or console.encoding).lines():
        styled = Styled.assemble(*line)
        styled.rstrip()
        console.print(styled, soft_wrap=True, highlight=False, markup=False, emoji=False)


class _Page:
    """The lines of a document at a width."""

    def __init__(self, document: Document, width: int, encoding: str) -> None:
        self.blocks, self.width, self.encoding = document.blocks, width, encoding
        self.unicode = encodable(_SAMPLE, encoding)
        self.writer = None
        if document.graph is not None:
            from backprop_derive.presentation.styles import AsciiWriter, UnicodeWriter

            self.writer = (UnicodeWriter if self.unicode else AsciiWriter)(document.graph)
            self.writer.know(document.names)

    def lines(self) -> Iterator[Line]:
        """All lines."""
        yield from self._spaced(self.blocks)

    def _spaced(self, blocks: Iterable[Block]) -> Iterator[Line]:
        """The lines of some blocks. A blank one stands before every block but the first and what follows a label."""
        close = True
        for block in blocks:
            if not close:
                yield ()
            yield from self._block(block)
            close = isinstance(block, Heading) and block.level > 1

    def _block(self, block: Block) -> Iterator[Line]:
        match block:
            case Heading(level, text):
                yield from self._heading(level, self._words(text))
            case Paragraph(text):
                for line in self._wrapped(self._words(text), self.width - _INDENT):
                    yield ((" " * _INDENT + line, ""),)
            case Equation(left, right, relation):
                yield from self._aligned((Row(left, right, (), relation),))
            case Aligned(rows):
                yield from self._aligned(rows)
            case Table(header, rows):
                yield from self._table(header, rows)
            case Results(lines):
                yield from (((line, ""),) for line in self._results(lines))
            case Curve():
                from backprop_derive.presentation.curves import drawn_curve

                yield from (((line, ""),) for line in drawn_curve(block, self.width, unicode=self.unicode))
            case Figure(picture):
                yield from self._figure(picture)
            case Quotation(text, marks):
                for line, below in quoted_lines(text, marks, self.width - 2 * _INDENT, cell_len, self._shown):
                    yield ((" " * 2 * _INDENT + line, ""),)
                    if below:
                        yield ((" " * 2 * _INDENT + below, "bold"),)
            case Listing(text, _):
                for line in text.splitlines():
                    yield ((self._shown(line), ""),)

    def _figure(self, picture: Picture) -> Iterator[Line]:
        """The picture, and below it a legend of what it does not say."""
        from backprop_derive.presentation.pictures.characters import SAMPLE, picture_and_legend

        indent = 2 * _INDENT
        drawn, legend = picture_and_legend(picture, self.width - indent, self._words, unicode=self.unicode and encodable(SAMPLE, self.encoding))
        yield from ((((" " * indent, ""), *line) if line else ()) for line in drawn)
        if drawn and legend:
            yield ()
        yield from self._spaced(legend)

    # -- words ----------------------------------------------------------------------------------------------------------

    def _words(self, text: Text) -> str:
        return "".join(self._shown(self._named(part)) if isinstance(part, str) else self._formula(part) for part in text)

    def _named(self, words: str) -> str:
        """Words, with names as formulas have them."""
        return words if self.writer is None else self.writer.words(words)

    def _shown(self, text: str) -> str:
        return visible(text, self.encoding, ascii_only=not self.unicode)

    def _formula(self, expression: object) -> str:
        assert self.writer is not None, "a formula needs the graph that it is over"
        return self.writer.write(expression)  # type: ignore[arg-type]

    def _wrapped(self, text: str, width: int) -> list[str]:
        """Words over lines; a word that is longer than a line is broken as a formula is."""
        lines: list[str] = []
        line = ""
        for word in _words_of(text):
            joined = f"{line} {word}" if line else word
            if cell_len(joined) <= width:
                line = joined
                continue
            if line:
                lines.append(line)
            *full, line = broken(word, width, cell_len)
            lines += full
        return [*lines, line]

    def _heading(self, level: int, text: str) -> Iterator[Line]:
        if level == 4:
            for line in self._wrapped(text, self.width - _INDENT):
                yield (" " * _INDENT, ""), (line, "italic")
            return
        lines = self._wrapped(text, self.width)
        for line in lines:
            yield ((line, "bold"),)
        if level < 3:
            mark = ("═", "─")[level - 1] if self.unicode else ("=", "-")[level - 1]
            yield ((mark * max(map(cell_len, lines)), "dim"),)

    # -- formulas ---------------------------------------------------------------------------------------------------------

    def _aligned(self, rows: Sequence[Row]) -> Iterator[Line]:
        """`left = right   reason`: long formulas go on under their right side, reasons stand beside or below."""
        indent = 2 * _INDENT
        lefts = ["" if row.left is None else self._formula(row.left) for row in rows]
        left_width = max(map(cell_len, lefts))
        start = indent + left_width + 3
        if start > self.width // 2:
            left_width, start = 0, indent + 3
        rows = [each for row in rows for each in self._parted(row, self.width - start)]
        lefts = ["" if row.left is None else self._formula(row.left) for row in rows]
        rights = [broken(self._formula(row.right), self.width - start, cell_len) for row in rows]
        ends = [start + cell_len(right[0]) for right in rights if len(right) == 1]
        column = _GAP + max((end for end in ends if end + _GAP + _NARROWEST_REASON <= self.width), default=self.width)
        reasons = [self._words(row.reason) for row in rows]
        fitting = [reason for reason, right in zip(reasons, rights, strict=True) if len(right) == 1 and start + cell_len(right[0]) + _GAP <= column]
        beside = self._fits_beside(fitting, self.width - column)
        for row, left, right, reason in zip(rows, lefts, rights, reasons, strict=True):
            yield from self._row(left, left_width, row.relation, right, reason, indent, start, column if beside else 0)

    def _parted(self, row: Row, room: int) -> tuple[Row, ...]:
        """`a = b` on one line, if it fits, else on two."""
        from backprop_derive.graph.expressions import Compare

        if isinstance(row.right, Compare) and row.right.relation == "=" and cell_len(self._formula(row.right)) > room:
            return replace(row, right=row.right.left, reason=()), Row(None, row.right.right, row.reason)
        return (row,)

    def _fits_beside(self, reasons: Sequence[str], room: int) -> bool:
        """Whether reasons may stand beside their formulas: not if they would be narrow columns of many lines."""
        if room < _NARROWEST_REASON:
            return False
        most = room // 12 if room >= _WIDE_REASON else 2
        return all(len(self._wrapped(reason, room)) <= most for reason in reasons)

    def _row(self, left: str, left_width: int, relation: str, right: list[str], reason: str, indent: int, start: int, column: int) -> Iterator[Line]:
        if left and not left_width:
            for part in broken(left, self.width - indent, cell_len):
                yield ((" " * indent + part, ""),)
            left = ""
        first = " " * indent + left + " " * (left_width - cell_len(left) if left_width else 0) + (" " if left_width else "")
        first += f"{relation} " if left_width else f"{relation}  "
        lines = [first + right[0], *(" " * start + part for part in right[1:])]
        if reason and len(lines) == 1 and cell_len(lines[0]) + _GAP <= column:
            texts = self._wrapped(reason, self.width - column)
            yield (lines[0] + " " * (column - cell_len(lines[0])), ""), (texts[0], "dim")
            for text in texts[1:]:
                yield (" " * column, ""), (text, "dim")
            return
        yield from (((line, ""),) for line in lines)
        if reason:
            below = start + _INDENT if self.width - start >= _WIDE_REASON else indent + _INDENT
            for text in self._wrapped(reason, self.width - below):
                yield (" " * below, ""), (text, "dim")

    def _results(self, results: Sequence[Result]) -> Iterator[str]:
        """`quantity = formula = number`: numbers in a column beside the formulas, or below one that is too long."""
        indent = 2 * _INDENT
        lefts = [self._formula(result.quantity) for result in results]
        left_width = max(map(cell_len, lefts))
        if indent + left_width + 3 > self.width // 2:
            left_width = 0
        start = indent + (left_width + 1 if left_width else 0)
        formulas = ["" if result.formula is None else self._formula(result.formula) for result in results]
        numbers = [f"= {self._words(result.number)}" for result in results]
        room = self.width - max(map(cell_len, numbers))
        ends = [start + 2 + cell_len(formula) + _GAP for formula in formulas if formula]
        column = max((end for end in ends if end <= room), default=start)
        for left, formula, number in zip(lefts, formulas, numbers, strict=True):
            first = " " * indent + left + " " * (left_width - cell_len(left) + 1) if left_width else " " * indent
            if not left_width:
                yield from (" " * indent + part for part in broken(left, self.width - indent, cell_len))
            parts = broken(formula, self.width - start - 2, cell_len) if formula else []
            lines = [f"{first if at == 0 else ' ' * start}{'= ' if at == 0 else '  '}{part}" for at, part in enumerate(parts)] or [first]
            if len(lines) == 1 and cell_len(lines[0]) <= column:
                yield lines[0] + " " * (column - cell_len(lines[0])) + number
            else:
                yield from (*lines, " " * start + number)

    # -- tables -----------------------------------------------------------------------------------------------------------

    def _table(self, header: Sequence[Text], rows: Sequence[Sequence[Text]]) -> Iterator[Line]:
        """Columns as wide as their cells; where the line is too short, cells wrap."""
        cells = [[self._words(cell) for cell in row] for row in ([header, *rows] if header else rows)]
        if not cells:
            return
        least = [_longest_word(column) for column in zip(*cells, strict=True)]
        if header and sum(least) + _GAP * (len(least) - 1) > self.width and (panels := self._panels(least)):
            for number, columns in enumerate(panels):
                yield from ((),) * (number > 0)
                yield from self._rows([[row[column] for column in columns] for row in cells], headed=True)
            return
        yield from self._rows(cells, headed=bool(header))

    def _panels(self, least: Sequence[int]) -> list[list[int]]:
        """Columns that fit side by side, the first one in each panel; none if not even two do."""
        panels: list[list[int]] = []
        for column in range(1, len(least)):
            last = panels[-1] if panels else None
            if last is None or sum(least[each] + _GAP for each in last) + least[column] > self.width:
                panels.append([0, column])
            else:
                last.append(column)
        return panels if all(sum(least[each] + _GAP for each in panel) - _GAP <= self.width for panel in panels) else []

    def _rows(self, cells: Sequence[Sequence[str]], *, headed: bool) -> Iterator[Line]:
        columns = list(zip(*cells, strict=True))
        widths = _column_widths([max(map(cell_len, column)) for column in columns], [_longest_word(column) for column in columns], self.width)
        for number, row in enumerate(cells):
            wrapped = [self._wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
            styles = ["bold" if headed and number == 0 else "dim" if not headed and column == 0 else "" for column in range(len(row))]
            for line in range(max(map(len, wrapped))):
                shown: list[tuple[str, str]] = []
                for column, parts in enumerate(wrapped):
                    part = parts[line] if line < len(parts) else ""
                    shown += [(part, styles[column]), (" " * (widths[column] - cell_len(part) + _GAP), "")]
                yield tuple(shown)


def _words_of(text: str) -> Iterator[str]:
    """The words, `w1 = 0.15` as one of them."""
    words = text.split(" ")
    at = 0
    while at < len(words):
        short = words[at + 1 : at + 2] == ["="] and len(words) > at + 2 and cell_len(words[at]) + cell_len(words[at + 2]) <= _SHORT_EQUATION
        yield " ".join(words[at : at + 3]) if short else words[at]
        at += 3 if short else 1


def _longest_word(cells: Sequence[str]) -> int:
    return max(cell_len(word) for cell in cells for word in cell.split(" "))


def _column_widths(wanted: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """The widths of columns that fit in a line: the widest give way first, down to their longest words if that is enough."""
    widths = list(wanted)
    room = max(width - _GAP * (len(widths) - 1), 4 * len(widths))
    while sum(widths) > room and sum(least) <= room:
        spare = [(wide, at) for at, wide in enumerate(widths) if wide > least[at]]
        widths[max(spare)[1]] -= 1
    while sum(widths) > room:
        others = sum(widths) - max(widths)
        second = max((each for each in widths if each < max(widths)), default=0)
        widths[widths.index(max(widths))] = max(second, room - others, 4) if others + second < room else max(widths) - 1
    return widths
