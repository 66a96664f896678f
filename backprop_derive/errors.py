"""Everything that is raised for input that cannot be used.

BackpropError
├── SpecError        the spec file: unreadable, wrong keys, wrong formulas, wrong shapes       exit code 2
├── UsageError       the command line or a call of the library: unknown weight, bad option     exit code 2
├── AnswerError      a hand calculation that cannot be read                                    exit code 2
├── EvaluationError  numbers that cannot be computed: a value is missing, a read is outside    exit code 2
└── NotYetError      planned and documented, but not built                                     exit code 2

FormulaError is what the reader of formulas raises; it knows only the formula's text. Whoever knows where the formula
stands turns it into a Problem of a SpecError or an AnswerError.
"""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from backprop_derive.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_COMPARED = 100
MOST_COMPARED = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, and the nearest right thing.

    `line` and `column` count from 1; `path` is the place inside the file, such as `layers[0].activation`.
    """

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None
    value: str | None = None
    nearest: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        where = " ".join(part for part in (place + ":" if place else "", f"{self.path}:" if self.path else "") if part)
        hint = f" ({did_you_mean(self.nearest)})" if self.nearest else ""
        said, line_end, formula = self.message.partition("\n")
        return f"{where} {said}{hint}{line_end}{formula}".strip()


class BackpropError(Exception):
    """The root. `problems` holds one entry for each thing that is wrong."""

    kind = "usage"
    exit_code = 2

    def __init__(self, problems: str | Problem | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SpecError(BackpropError):
    """The spec cannot be used. `partial` is what could be read of it, if anything."""

    kind = "spec"

    def __init__(self, problems: str | Problem | Iterable[Problem], partial: Any = None) -> None:
        super().__init__(problems)
        self.partial = partial


class UsageError(BackpropError):
    """A command or a call that asks for what is not there."""


class AnswerError(BackpropError):
    """A hand calculation that cannot be read."""

    kind = "answer"


class EvaluationError(BackpropError):
    """Numbers that cannot be computed from what was given."""


class NotYetError(BackpropError):
    """Planned, part of the documented language or commands, but not built yet."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: not yet (planned, not built)")


class FormulaError(Exception):
    """A formula that cannot be read. `start` and `end` are offsets into `text`; `hint` says what would be right.

    `near` are the right names that look most like a wrong one; they are the hint where there is no other. What is wrong
    with the grammar knows the text, what is wrong with the meaning of a piece only its place.
    """

    def __init__(self, message: str, text: str = "", start: int = 0, end: int | None = None, hint: str = "", near: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message, self.text, self.start, self.near = message, text, start, near
        self.hint = hint or did_you_mean(near)
        self.end = start + 1 if end is None else end

    @property
    def of_grammar(self) -> bool:
        """Whether the formula is wrong whatever its names stand for."""
        return bool(self.text)

    def caret(self, width: int = 70) -> str:
        """The formula's line with a caret below the place, cut to `width` columns around it."""
        line_start = self.text.rfind("\n", 0, self.start) + 1
        line = self.text[line_start:].split("\n", 1)[0]
        at = self.start - line_start
        left = max(0, at - width // 2)
        shown = "".join(character if character.isprintable() else "�" for character in line[left : left + width])
        before, marked = shown[: at - left], shown[at - left : self.end - line_start - left]
        return f"{shown}\n{' ' * _columns(before)}{'^' * max(1, _columns(marked))}"


class UndefinedNameError(FormulaError):
    """A name that nothing in the spec has; `called` if it stands for a function."""

    def __init__(self, name: str, start: int, end: int, hint: str = "", near: tuple[str, ...] = (), *, called: bool = False) -> None:
        super().__init__(f"{name!r} is not a function that is known here" if called else f"{name!r} is not defined", "", start, end, hint, near)
        self.name, self.called = name, called


def did_you_mean(near: tuple[str, ...]) -> str:
    """The names as a question; nothing if there are none."""
    return f"did you mean {' or '.join(near)}?" if near else ""


def counted(count: int, one: str, more: str) -> str:
    """`1 index`, `2 indices`."""
    return f"{count} {one if count == 1 else more}"


def _columns(text: str) -> int:
    """How wide a terminal shows the text: an accent takes no column of its own, a Chinese character two."""
    return sum(0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


def nearest(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """The names in `known` that look most like `name`, best first; letters' case does not matter.

    Only what is nearly as good as the best is told; of two that are equally good, the one that begins with the same letter.

    >>> nearest("sigmod", ["sign", "sigmoid", "sin", "log_sigmoid"]), nearest("A2", ["x2", "A1"])
    (('sigmoid',), ('A1', 'x2'))
    """
    by_folded: dict[str, str] = {}
    for candidate in known:
        by_folded.setdefault(candidate.casefold(), candidate)
    wanted, least = name.casefold(), 0.6 if len(name) > 3 else 0.5
    likeness = dict(_likenesses(wanted, by_folded, least))
    least = max(likeness.values(), default=0.0) - 0.15
    close = sorted((folded for folded in likeness if likeness[folded] >= least), key=lambda each: (-likeness[each], each[:1] != wanted[:1], each))
    return tuple(by_folded[folded] for folded in close[:count])


def _likenesses(name: str, candidates: Iterable[str], least: float) -> Iterator[tuple[str, float]]:
    """Those that are at least so like the name: 0 is nothing in common, 1 the same.

    Very long names are not compared, and only those that share most of their letters with it closely: thousands of
    names, and as many that are unknown, must cost no minutes.
    """
    matcher = SequenceMatcher(None, "", name[:LONGEST_COMPARED])
    sharing: list[tuple[float, str]] = []
    for candidate in candidates:
        if len(candidate) > LONGEST_COMPARED or min(len(candidate), len(name)) * 2 < least * (len(candidate) + len(name)):
            continue
        matcher.set_seq1(candidate)
        if (shared := matcher.quick_ratio()) >= least:
            sharing.append((-shared, candidate))
    for _, candidate in sorted(sharing)[:MOST_COMPARED]:
        matcher.set_seq1(candidate)
        if (likeness := matcher.ratio()) >= least:
            yield candidate, likeness
