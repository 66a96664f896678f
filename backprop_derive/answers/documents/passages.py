"""A formula as it stands in a document, and how places in it are told."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backprop_derive.answers.statements import Place

MAXIMUM_PASSAGES = 200


@dataclass(frozen=True, slots=True)
class Passage:
    """One formula of a document.

    `text` is what is to be read. `written` is what stands in the document; `origins` says for every character of `text` (and its end)
    where in `written` it came from, and is empty where they are of one length, with blanks for comments, labels and remarks.
    `certain`: it is meant as an answer, so that it must be readable; what stands among prose need not be. `key` is the
    weight that it answers, as it was written, and `entry` its place in the lists of a YAML file, from 1.
    """

    text: str
    place: Place
    written: str = ""
    origins: tuple[int, ...] = ()
    certain: bool = False
    key: str = ""
    entry: tuple[int, ...] = ()

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where in `written` a part of `text` stands."""
        if not self.origins:
            return start, end
        last = len(self.origins) - 1
        return self.origins[min(start, last)], max(self.origins[min(end, last)], self.origins[min(start, last)] + 1)

    def place_of(self, offset: int) -> Place:
        """The line and column of an offset into `text`."""
        at, _ = self.origin(offset, offset)
        before = self.written[:at]
        breaks = before.count("\n")
        if self.place.line is None or self.place.column is None:
            return self.place
        column = len(before) - before.rfind("\n") if breaks else self.place.column + at
        return Place(self.place.file, self.place.line + breaks, column)


    def part(self, start: int, end: int) -> Passage:
        """A piece of a passage that is read as it was written."""
        return replace(self, text=self.text[start:end], written=self.text[start:end], place=self.place_of(start))


@dataclass(frozen=True)
class Source:
    """The text of a document and where its lines begin."""

    text: str
    file: str

    def __post_init__(self) -> None:
        starts = [0, *(at + 1 for at, each in enumerate(self.text) if each == "\n")]
        object.__setattr__(self, "_starts", starts)

    def place(self, offset: int) -> Place:
        """The place of an offset: line and column, from 1."""
        starts: Sequence[int] = self._starts  # type: ignore[attr-defined]
        line = bisect_right(starts, offset)
        return Place(self.file, line, offset - starts[line - 1] + 1)


def blanked(text: str, start: int, end: int) -> str:
    """The text with blanks from `start` to `end`, so that every place in it stays what it is; ends of lines stay too."""
    return text[:start] + _blanks(text[start:end]) + text[end:]


def without(pattern: re.Pattern[str], text: str, group: int = 0) -> str:
    """The text with blanks for all that the pattern (or a group of it) matches."""
    return pattern.sub(lambda match: match[0][: match.start(group) - match.start()] + _blanks(match[group]) + match[0][match.end(group) - match.start() :], text)


def _blanks(text: str) -> str:
    return "".join(each if each == "\n" else " " for each in text)
