"""The YAML tree as it was written: scalars are text, and everything knows its line, column and path."""

from __future__ import annotations

from backprop_derive.errors import Problem
from backprop_derive.frozen import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; `line` and `column` count from 1, `path` is like `layers[0].activation`."""

    line: int
    column: int
    path: str
    file: str | None = None

    def problem(self, message: str, value: str | None = None, nearest: tuple[str, ...] = ()) -> Problem:
        """A problem at this place."""
        return Problem(message, self.file, self.line, self.column, self.path, value, nearest)


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text between two YAML marks. `text` is as written, without quotes; an empty entry is ''.

    `verbatim`: the file has it on one line and letter by letter, so that a place in the text is a column of that line.
    """

    text: str
    mark: Mark = field(compare=False)
    quoted: bool = field(default=False, compare=False)
    verbatim: bool = field(default=True, compare=False)

    def mark_at(self, start: int) -> Mark:
        """The place in the file of a place in the text, as nearly as it is known."""
        if not self.verbatim:
            return self.mark
        return replace(self.mark, column=self.mark.column + start + int(self.quoted))


@dataclass(frozen=True, slots=True)
class Sequence:
    """A YAML list."""

    items: tuple[Value, ...]
    mark: Mark = field(compare=False)


@dataclass(frozen=True, slots=True)
class Mapping:
    """A YAML mapping; keys are unique scalars."""

    entries: tuple[tuple[Scalar, Value], ...]
    mark: Mark = field(compare=False)

    def get(self, key: str) -> Value | None:
        """The value of `key`, or None."""
        return next((value for name, value in self.entries if name.text == key), None)


Value = Scalar | Sequence | Mapping
