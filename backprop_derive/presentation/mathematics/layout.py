"""Where everything of a block stands on a typeset page: lines of formulas, reasons beside or below them, columns of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backprop_derive.graph.expressions import Expression
from backprop_derive.presentation.document import Result, Row, Text
from backprop_derive.presentation.mathematics.lines import FormulaLines
from backprop_derive.presentation.mathematics.widths import text_width, width_of

RELATION = 1.4  # em, with the space around it
GAP = 2.0
CONTINUED = 1.0
_LARGEST_LEFT = 0.4  # of the line; a longer left side has a line of its own
_LARGE_LEFT, _MANY_LINES = 0.15, 4  # the same where formulas take many lines
_NARROWEST_REASON = 13.0
_UNBROKEN = 1000.0
_LETTER = 0.46  # of words in small type
_MOST_LINES_BESIDE = 4


@dataclass(frozen=True, slots=True)
class SetRow:
    """A row as it is typeset: formulas are LaTeX. `right` has a line each; those behind the first start with their sign."""

    left: str
    relation: str
    right: tuple[str, ...]
    reason: Text
    beside: bool


@dataclass(frozen=True, slots=True)
class SetRows:
    """Rows that are aligned; widths in em. If `stacked`, a left side stands above its right side. Reasons stand all beside or
    all below: one below would push those beside to the right."""

    rows: tuple[SetRow, ...]
    stacked: bool
    reason_beside: float
    reason_below: float


def set_rows(rows: Sequence[Row], formulas: FormulaLines, width: float) -> SetRows:
    """The rows in lines of at most `width` em."""
    lefts = ["" if row.left is None else formulas.writer.write(row.left) for row in rows]
    left_width = max((width_of(left) for left in lefts), default=0.0)
    stacked = left_width > _LARGEST_LEFT * width
    room = width - RELATION - (CONTINUED if stacked else left_width)
    rights = [formulas.lines(row.right, room - CONTINUED, row.labels) for row in rows]
    if not stacked and left_width > _LARGE_LEFT * width and max(map(len, rights), default=0) > _MANY_LINES:
        stacked, room = True, width - RELATION - CONTINUED
        rights = [formulas.lines(row.right, room - CONTINUED, row.labels) for row in rows]
    column = max((width_of(line) for right in rights for line in right), default=0.0)
    beside = room - column - GAP
    side_by_side = beside >= _NARROWEST_REASON and all(
        len(right) == 1 and _letters(row.reason) * _LETTER <= _MOST_LINES_BESIDE * beside for row, right in zip(rows, rights, strict=True) if any(row.reason)
    )
    found = (SetRow(left, row.relation, right, row.reason if any(row.reason) else (), any(row.reason) and side_by_side) for row, left, right in zip(rows, lefts, rights, strict=True))
    return SetRows(tuple(found), stacked, beside, room - CONTINUED)


@dataclass(frozen=True, slots=True)
class SetResult:
    """A line of a computation as it is typeset; `below`: its number stands in a line of its own."""

    left: str
    formula: tuple[str, ...]
    number: Text
    below: bool


def set_results(results: Sequence[Result], formulas: FormulaLines, width: float) -> tuple[SetResult, ...]:
    """A computation in lines of at most `width` em."""
    lefts = [formulas.writer.write(result.quantity) for result in results]
    room = width - RELATION - max((width_of(left) for left in lefts), default=0.0)
    lines = [() if result.formula is None else formulas.lines(result.formula, room - CONTINUED) for result in results]
    number_width = RELATION + max((words_width(result.number, formulas) for result in results), default=0.0)
    column = max((width_of(each[0]) for each in lines if len(each) == 1 and width_of(each[0]) + number_width <= room), default=0.0)
    return tuple(
        SetResult(left, each, result.number, below=len(each) > 1 or (len(each) == 1 and width_of(each[0]) > column))
        for result, left, each in zip(results, lefts, lines, strict=True)
    )


def set_columns(widths: Sequence[float], room: float, *, headed: bool) -> tuple[tuple[int, ...], ...]:
    """The columns of a table, at least so wide, in panels one below the other, the first column in each; all in one if that
    fits or if not even two columns do, and for a table without a head."""
    if not headed or sum(widths) + GAP * (len(widths) - 1) <= room:
        return (tuple(range(len(widths))),)
    panels: list[list[int]] = []
    for column in range(1, len(widths)):
        last = panels[-1] if panels else None
        if last is None or sum(widths[each] + GAP for each in last) + widths[column] > room:
            panels.append([0, column])
        else:
            last.append(column)
    if any(sum(widths[each] + GAP for each in panel) - GAP > room for panel in panels):
        return (tuple(range(len(widths))),)
    return tuple(map(tuple, panels))


def shrunk(widths: Sequence[float], room: float) -> tuple[float, ...]:
    """The widths of columns that fit side by side in `room`: the widest give way first."""
    total = room - GAP * (len(widths) - 1)
    if sum(widths) <= total:
        return tuple(widths)
    low, high = 0.0, max(widths)
    for _ in range(40):
        limit = (low + high) / 2
        low, high = (limit, high) if sum(min(each, limit) for each in widths) <= total else (low, limit)
    return tuple(min(each, low) for each in widths)


def _letters(text: Text) -> int:
    return sum(len(part) if isinstance(part, str) else 6 for part in text)


def words_width(text: Text, formulas: FormulaLines | None) -> float:
    """How wide words with formulas among them are in one line."""
    return sum(text_width(part) if isinstance(part, str) else _formula_width(part, formulas) for part in text)


def longest_word(text: Text, formulas: FormulaLines | None) -> float:
    """How wide the widest part of a text is that cannot be broken."""
    return max((max(map(text_width, part.split(" "))) if isinstance(part, str) else _formula_width(part, formulas) for part in text), default=0.0)


def _formula_width(expression: Expression, formulas: FormulaLines | None) -> float:
    return 0.0 if formulas is None else width_of(formulas.in_words(expression, _UNBROKEN))
