"""Long formulas over several lines: broken before an operator, as far outside of brackets as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator

_OPERATORS = (" + ", " − ", " - ", " = ")
_BEFORE = ("·", "*", " Σ", " Π")
_DEPTH_COSTS = 12  # columns that a line may be shorter to be broken one bracket further outside


def broken(text: str, width: int, measure: Callable[[str], int] = len) -> list[str]:
    """The formula in lines of at most `width`; all of it. Where there is no operator to break at, it is cut in two.

    >>> broken("(y' − y)·f_B'(z_B)·v1·f_A1'(z_A1)·x1", 24)
    ["(y' − y)·f_B'(z_B)·v1", "·f_A1'(z_A1)·x1"]
    """
    width = max(width, 4)
    lines = []
    while measure(text) > width:
        at = _best_break(text, width, measure)
        lines.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*lines, text]


def _best_break(text: str, width: int, measure: Callable[[str], int]) -> int:
    fitting = [(at, depth) for at, depth in _breaks(text) if at > 0 and measure(text[:at].rstrip()) <= width]
    if fitting:
        return max(fitting, key=lambda each: each[0] - _DEPTH_COSTS * each[1])[0]
    return next(at for at in range(len(text), 0, -1) if measure(text[:at]) <= width)


def _breaks(text: str) -> Iterator[tuple[int, int]]:
    """Where a line may end, each with how many brackets are open there."""
    depth = 0
    for at, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif text.startswith(_OPERATORS, at):
            yield at + 1, depth
        elif text.startswith(_BEFORE, at):
            yield at, depth
        elif text.startswith(", ", at):
            yield at + 2, depth
