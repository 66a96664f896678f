r"""Formulas of a LaTeX document: displays, row by row, and what stands in the text between `$`.

Everything is found in one copy of the text in which comments, labels and remarks are blanks, so that each place in it is
the place in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from backprop_derive.answers.documents.conditions import condition_around, condition_words, under
from backprop_derive.answers.documents.macros import Macro, expanded, macros_of
from backprop_derive.answers.documents.passages import Passage, Source, blanked, without
from backprop_derive.answers.documents.plain import SAID_BEFORE_NAMES
from backprop_derive.answers.documents.splitting import equations, goes_on, relations, tokens_outside, trimmed

_ROWS = frozenset(["align", "alignat", "flalign", "eqnarray", "gather", "IEEEeqnarray", "dmath", "equation", "displaymath", "math", "multline", "xalignat"])
_WRAPPERS = re.compile(r"\\(?:begin|end)\s*\{(?:aligned|alignedat|split|gathered|subequations|multlined)\}(?:\[[a-z]\])?")
_COUNTED = re.compile(r"(?<=\{alignedat\})\{\d+\}|(?<=\{alignat\})\{\d+\}|(?<=\{alignat\*\})\{\d+\}")
_CASES = re.compile(r"\\begin\{cases\}.*?\\end\{cases\}", re.DOTALL)
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_REMARKS = re.compile(
    r"\\(?:label|tag\*?|eqref|ref|cite|footnote|intertext|shortintertext|vspace\*?|hspace\*?|phantom|hphantom|vphantom|color|marginpar)\s*\{"
)
_DECORATIONS = re.compile(r"\\(?:boxed|textcolor\s*\{[^{}]*\}|colorbox\s*\{[^{}]*\}|underbrace|overbrace|smash|fbox|cancel(?=\{\})|overset\s*\{[^{}]*\}|stackrel\s*\{[^{}]*\}|underset\s*\{[^{}]*\})\s*\{")
_UNDER_A_BRACE = re.compile(r"\s*[_^]\s*\{")
_TEXT = re.compile(r"\\(?:text|mbox|textrm|textit|textbf|mathrm)\s*\{([^{}]*)\}")
_LINKING = frozenset(["and", "where", "with", "so", "hence", "thus", "for", "if", "since", "because", "by", "or", "let", "then", "when", "using", "via", "from", "as", "und", "mit", "wobei", "also", "da", "aus"])
_VERBATIM = re.compile(r"\\begin\{(verbatim\*?|lstlisting|minted|comment|tikzpicture)\}.*?(?:\\end\{\1\}|\Z)", re.DOTALL)
_REGION = re.compile(r"\\begin\s*\{([A-Za-z]+)(\*?)\}|\\\[|\\\(|\$\$|\\.|\$", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)(?:\\\\)*(%[^\n]*)")
_DEFINITIONS = re.compile(r"^[ \t]*\\(?:newcommand|renewcommand|providecommand|def|let|DeclareMathOperator)(?![A-Za-z]).*$", re.MULTILINE)
_END_OF_INLINE = re.compile(r"(?<!\\)\$|\n[ \t]*\n")
_CLOSING = {"\\[": "\\]", "\\(": "\\)", "$$": "$$"}
_LONGEST = 20_000
_LONGEST_REMARK = 2_000
_BREAK = re.compile(r"\\\\(?:\*|\s*\[[^\]\n]*\])?|\\(?:cr|newline)(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class Region:
    """Where mathematics stands: a display, or a formula in the text. `environment` is its name, empty for `$$` and `\\[`;
    `closing` is the length of what ends it."""

    start: int
    end: int
    display: bool
    environment: str = ""
    closing: int = 0


def latex_passages(source: Source) -> Iterator[Passage]:
    """The formulas of a LaTeX document, in order. A preamble is only looked through for abbreviations."""
    text = without_comments(source.text)
    macros = macros_of(text)
    text = _body(text)
    for region in regions(text):
        yield from region_passages(source, text, region, macros)


def without_comments(text: str) -> str:
    r"""The text with blanks for what stands behind a `%`, unless that is `\%`, and for what is printed as it is."""
    return without(_VERBATIM, without(_COMMENT, text, 1))


def _body(text: str) -> str:
    begin, end = text.find("\\begin{document}"), text.find("\\end{document}")
    text = blanked(text, 0, begin) if begin >= 0 else without(_DEFINITIONS, text)
    return text if end < 0 else blanked(text, end, len(text))


# -- where mathematics stands -----------------------------------------------------------------------------------------


def regions(text: str) -> Iterator[Region]:
    """The displays and inline formulas of a text, in order. What is never closed is none."""
    at, unclosed = 0, set[str]()
    while (match := _REGION.search(text, at)) is not None:
        at = match.end()
        region = _region(text, match, unclosed)
        if region is not None:
            yield region
            at = region.end + region.closing


def _region(text: str, match: re.Match[str], unclosed: set[str]) -> Region | None:
    opening, start = match[0], match.end()
    if opening == "$":
        closed = _END_OF_INLINE.search(text, start)
        return None if closed is None or closed[0] != "$" else Region(start, closed.start(), False, "", 1)
    if match[1] is not None:
        display, environment, closing = match[1] != "math", match[1], f"\\end{{{match[1]}{match[2]}}}" if match[1] in _ROWS else ""
    else:
        display, environment, closing = opening != "\\(", "", _CLOSING.get(opening, "")
    if not closing or closing in unclosed:
        return None
    end = text.find(closing, start)
    if end < 0:
        unclosed.add(closing)
        return None
    return Region(start, end, display, environment, len(closing))


# -- from a display to its formulas -----------------------------------------------------------------------------------


def region_passages(source: Source, text: str, region: Region, macros: tuple[Macro, ...] = ()) -> Iterator[Passage]:
    """The formulas of a display or of an inline formula; of inline ones only equations. `text` is that of the source with blanks."""
    inside = text[region.start : region.end]
    if len(inside) > _LONGEST:
        yield Passage(inside, source.place(region.start), inside)
        return
    inside = _without_remarks(inside)
    for start, end in _lines(inside, region.environment):
        for left, right in equations(inside[start:end]):
            begin, stop = trimmed(inside, start + left, start + right)
            piece = _on_one_line(inside[begin:stop])
            if not piece or not (region.display or relations(piece)):
                continue
            shown, origins = expanded(piece, macros)
            passage = Passage(shown, source.place(region.start + begin), source.text[region.start + begin : region.start + stop], origins)
            condition = "" if region.display else condition_around(text, region.start - 1, region.end + region.closing)
            yield from under(iter([passage]), condition)


def _lines(text: str, environment: str) -> Iterator[tuple[int, int]]:
    """Rows and columns as places in the text; a row that only goes on from the one above is one with it."""
    if environment == "multline":
        yield 0, len(text)
        return
    pending: tuple[int, int] | None = None
    for start, end in _rows(text):
        row = text[start:end]
        if not row.strip(" \n\t&"):
            continue
        if pending is not None and goes_on(text[slice(*pending)], row):
            pending = (pending[0], end)
            continue
        if pending is not None:
            yield from _columns(text, pending, environment)
        pending = (start, end)
    if pending is not None:
        yield from _columns(text, pending, environment)


def _on_one_line(text: str) -> str:
    """A formula over several rows without the marks of their ends; those of inner environments stay."""
    ends = [start for start, _, _token in tokens_outside(text, brackets=False) if _BREAK.match(text, start)]
    for start in ends:
        match = _BREAK.match(text, start)
        text = text if match is None else blanked(text, start, match.end())
    return text


def _rows(text: str) -> Iterator[tuple[int, int]]:
    """Split at `\\\\` outside of braces and of inner environments such as cases."""
    breaks = {match.start(): match.end() for match in _BREAK.finditer(text)}
    begin = 0
    for start, _, _token in tokens_outside(text, brackets=False):
        if start >= begin and start in breaks:
            yield begin, start
            begin = breaks[start]
    yield begin, len(text)


def _columns(text: str, row: tuple[int, int], environment: str) -> Iterator[tuple[int, int]]:
    """In an align, equations stand side by side: `a &= b & c &= d`."""
    start, end = row
    inside = text[start:end]
    marks = [at for at, _, token in tokens_outside(inside, brackets=False) if token == "&"]
    cuts = [0, *(at for at in marks), len(inside)]
    related = [bool(relations(inside[left:right])) for left, right in pairwise(cuts)]
    begin, pending = 0, False
    for place in range(0, len(related), 2):
        here = any(related[place : place + 2])
        if pending and here and environment != "eqnarray":
            yield start + begin, start + cuts[place]
            begin, pending = cuts[place] + 1, False
        pending = pending or here
    yield start + begin, end


# -- what is no mathematics -------------------------------------------------------------------------------------------


def _without_remarks(text: str) -> str:
    """The text with blanks for labels, remarks, wrappers and boxes."""
    for pattern in (_COUNTED, _WRAPPERS):
        text = without(pattern, text)
    behind = 0
    for match in list(_REMARKS.finditer(text)):
        if match.start() < behind:
            continue
        behind = _closing(text, match.end()) + 1
        text = blanked(text, match.start(), behind)
        if "intertext" in match[0]:
            text = text[: match.start()] + "\\\\" + text[match.start() + 2 :]  # the row above ends here
    found = _DECORATIONS.search(text)
    while found is not None:
        text = _undecorated(text, found)
        found = _DECORATIONS.search(text)
    return _without_words(text)


def _undecorated(text: str, match: re.Match[str]) -> str:
    """`\\boxed{a = b}` as `a = b`; what stands below an underbrace is a remark."""
    end = _closing(text, match.end())
    if "brace" not in match[0]:
        return blanked(blanked(text, match.start(), match.end()), end, end + 1)
    below = _UNDER_A_BRACE.match(text, end + 1)
    if below is not None:
        text = blanked(text, below.start(), _closing(text, below.end()) + 1)
    return blanked(text, match.start(), match.end() - 1)  # the braces stay: they hold a factor together


def _without_words(text: str) -> str:
    """Words in `\\text{…}` are remarks, except in `cases` and where they say a condition; a single word may be a name."""
    kept = [*(match.span() for match in _CASES.finditer(text)), *condition_words(text)]
    return _TEXT.sub(lambda match: match[0] if _is_mathematics(match, kept) else " " * len(match[0]), text)


def _is_mathematics(match: re.Match[str], kept: list[tuple[int, int]]) -> bool:
    words = match[1].split()
    if any(start <= match.start() < end or match.start() <= start < match.end() for start, end in kept):
        return True
    behind = match.string[match.end() : match.end() + 1]
    if len(words) == 1 and words[0].lower() in SAID_BEFORE_NAMES and re.match(r"\s*(?:~\s*)?(?:[^\W\d_]|\\(?:mathcal|delta|hat))", match.string[match.end() :]):
        return False  # `\\text{loss } L`
    return len(words) == 1 and (behind in ("_", "^") or (words[0].lower() not in _LINKING and words[0][-1] not in ".,;:)"))


def _closing(text: str, at: int) -> int:
    """Where the brace closes that stands open at `at`; if it never does, not far behind."""
    depth, furthest = 1, min(len(text), at + _LONGEST_REMARK)
    for match in _BRACE.finditer(text, at, furthest):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    return furthest - 1
