"""What somebody wrote, with parts of it marked by carets below, in lines that fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.cells import cell_len

from backprop_derive.presentation.plain import visible

Span = tuple[int, int]

MARK = "^"
LISTED = 72


def quoted_lines(text: str, marks: Sequence[Span], width: int, measure: Callable[[str], int] = len, shown: Callable[[str], str] = str) -> list[tuple[str, str]]:
    """The text in lines of at most `width` columns, each with the line of carets that belongs below it, "" where nothing is marked.

    Runs of blanks and ends of lines are one blank. `measure` is how wide a text is, `shown` what is printed for a character.

    >>> quoted_lines("dL/dv = (y -   p)", [(8, 17)], 40)
    [('dL/dv = (y - p)', '        ^^^^^^^')]
    >>> quoted_lines("a + b + c", [(8, 9)], 6)
    [('a + b', ''), ('+ c', '  ^')]
    """
    return [_line(characters, measure) for characters in _broken(list(_characters(text, marks, shown)), max(width, 4), measure)]


def listed(text: str, marks: Sequence[Span], width: int = LISTED) -> str:
    """The same as lines of a listing, for formats that have letters of one width."""
    return "\n".join(line for pair in quoted_lines(text, marks, width, cell_len, _visible) for line in pair if line)


def _visible(character: str) -> str:
    return visible(character)


def _characters(text: str, marks: Sequence[Span], shown: Callable[[str], str]) -> Iterator[tuple[str, bool]]:
    """What is printed for each character, and whether it is marked."""
    blank = True
    for at, character in enumerate(text):
        if character.isspace():
            if not blank:
                yield " ", any(start <= at < end for start, end in marks)
            blank = True
        else:
            yield shown(character), any(start <= at < end for start, end in marks)
            blank = False


def _broken(characters: list[tuple[str, bool]], width: int, measure: Callable[[str], int]) -> Iterator[list[tuple[str, bool]]]:
    """Lines, broken at a blank if there is one."""
    line: list[tuple[str, bool]] = []
    room = width
    for character, marked in characters:
        wide = measure(character)
        if wide > room:
            at = max((at for at, (each, _) in enumerate(line) if each == " " and at), default=None)
            rest = [] if at is None else line[at + 1 :]
            yield line if at is None else line[:at]
            line, room = rest, width - sum(measure(each) for each, _ in rest)
        if line or character != " ":
            line.append((character, marked))
            room -= wide
    if line:
        yield line


def _line(characters: list[tuple[str, bool]], measure: Callable[[str], int]) -> tuple[str, str]:
    text = "".join(character for character, _ in characters).rstrip()
    below = "".join((MARK if marked else " ") * measure(character) for character, marked in characters).rstrip()
    return text, below
