"""Long formulas over several lines: broken before an operator, as far outside of brackets as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile

_BREAKS = ((" + ", 1, 0), (" − ", 1, 0), (" - ", 1, 0), (" = ", 1, 0), (" ⊙ ", 1, 24), ("·", 0, 24), (" * ", 1, 24), ("*", 0, 24), (" Σ", 0, 24), (" Π", 0, 24), ("/", 0, 90), (", ", 2, 30))
"""What a line may be broken at, where the next line starts behind the place, and by how many columns a line may be
shorter to be broken at something better."""
_DEPTH_COSTS = 40  # the same, to be broken one bracket further outside


def broken(text: str, width: int, measure: Callable[[str], int] = len) -> list[str]:
    """The formula in lines of at most `width`; all of it. Where there is no operator to break at, it is cut in two.

    >>> broken("(y - p)*f(z)*v + (y - p)*f(z)*w", 24)
    ['(y - p)*f(z)*v', '+ (y - p)*f(z)*w']
    """
    width = max(width, 4)
    lines = []
    while measure(text[: 2 * width]) > width or measure(text) > width:
        at = _best_break(text, width, measure)
        lines.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*lines, text]


def _best_break(text: str, width: int, measure: Callable[[str], int]) -> int:
    fitting = takewhile(lambda each: measure(text[: each[0]].rstrip()) <= width, (each for each in _breaks(text) if each[0] > 0))
    best = max(fitting, key=lambda each: each[0] - each[1], default=None)
    return max(takewhile(lambda at: measure(text[:at]) <= width, range(1, len(text) + 1))) if best is None else best[0]


def _breaks(text: str) -> Iterator[tuple[int, int]]:
    """Where a line may end, each with what it costs to break there."""
    depth = 0
    for at, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        for mark, offset, cost in _BREAKS:
            if text.startswith(mark, at):
                yield at + offset, cost + _DEPTH_COSTS * depth
                break
