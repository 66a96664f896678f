"""Collecting what is wrong with a file, so that all of it is told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backprop_derive.errors import SpecError

if TYPE_CHECKING:
    from backprop_derive.errors import Problem
    from backprop_derive.spec.source import Mark

LONGEST_SHOWN = 60
MOST_PROBLEMS = 200


class Problems:
    """The problems of one file. A place is told once: what follows from its first fault is no news."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self._blamed: set[tuple[int, int, str]] = set()

    def add(self, mark: Mark, message: str, value: str | None = None, nearest: tuple[str, ...] = ()) -> None:
        """Report `message` at `mark`, unless something is already reported there.

        Raises SpecError where so much is wrong that more would be no help.
        """
        place = (mark.line, mark.column, mark.path)
        if place not in self._blamed:
            self._blamed.add(place)
            self._found.append(mark.problem(message, None if value is None else shown(value), nearest))
            if len(self._found) >= MOST_PROBLEMS:
                raise SpecError(self.found)

    def blame(self, mark: Mark) -> None:
        """Say nothing more of this place: its fault is reported elsewhere."""
        self._blamed.add((mark.line, mark.column, mark.path))

    @property
    def found(self) -> tuple[Problem, ...]:
        """What was reported, in the order of the file."""
        return tuple(sorted(self._found, key=lambda problem: (problem.line or 0, problem.column or 0)))


def shown(text: str) -> str:
    r"""Text as a message may quote it: not too long, and without characters that a terminal would act upon.

    >>> shown("a\x0cb")
    'a\\x0cb'
    """
    visible = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text[: LONGEST_SHOWN + 1])
    return visible if len(visible) <= LONGEST_SHOWN else visible[: LONGEST_SHOWN - 1] + "…"


def quoted(text: str) -> str:
    """Text between quotes, as `shown`; primes get the other kind of quotes.

    >>> print(quoted("x-1"), quoted("y'"))
    'x-1' "y'"
    """
    visible = shown(text)
    mark = '"' if "'" in visible else "'"
    return f"{mark}{visible}{mark}"
