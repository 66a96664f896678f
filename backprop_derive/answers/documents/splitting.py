"""Where a line of mathematics falls apart: into rows, columns and formulas side by side.

Whatever is handed in, the time grows with the length of the text only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backprop_derive.answers.documents.passages import Passage

_TOKEN = re.compile(r"\\begin\s*\{[^{}]*\}|\\end\s*\{[^{}]*\}|\\[A-Za-z]+\*?|\\.|<=|>=|!=|:=|.", re.DOTALL)
_LONGEST_RANGE = 60
_OPERATORS = frozenset("=+-−*/·×⋅⊙∘@,(")
_RELATIONS = frozenset(["=", ":=", "≈", "←", "≔", "≃", "≡", "\\approx", "\\equiv", "\\coloneqq", "\\gets", "\\leftarrow", "\\simeq", "\\doteq", "\\eqqcolon"])
_STEPS = frozenset(["\\implies", "\\Rightarrow", "\\Longrightarrow", "\\iff", "\\Leftrightarrow", "\\Longleftrightarrow", "\\to", "\\therefore", "⇒", "⟹", "⇔", "⟺", "∴"])
_BETWEEN = frozenset([",", ";", "\\quad", "\\qquad"])
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_LEADING_OPERATOR = re.compile(r"(?:[+\-−*/·×⋅⊙∘@]|\\(?:cdot|times|odot|circ|otimes|pm|mp|div)(?![A-Za-z]))")
_RANGE = re.compile(
    r"[\s,;]*(?:\\q?quad\s*)?\(?\s*(?:for\s+)?[A-Za-z]\s*(?:=|∈|\\in(?![A-Za-z]))\s*\{?\s*[0-9](?:\s*,\s*[0-9])*\s*,?\s*(?:\.{2,3}|…|\\[lc]?dots)\s*,?\s*[A-Za-z0-9_]{1,6}\s*\}?\)?\s*$"
)
"""`, j = 1..n` or `(i = 1, …, m)` at the end of a formula: it says where an index runs, which the network tells too."""
_NUMBERED = re.compile(r"(?:\s{2,}|\t|\\q?quad(?![A-Za-z])\s*)[(\[]\s*(?:[0-9]{1,2}(?:\.[0-9]{1,3})?[a-z]?|[ivx]{1,4}|\*{1,3})\s*[)\]]\s*\Z")
"""The number of an equation, apart from it: `… x   (2)`."""
_ARROW = re.compile(r"\s*(?:[=-]+>|→|⟶|⇒|⟹|∴)\s*")
_GAPS = re.compile(r"^(?:\s|&|\{\}|\\q?quad(?![A-Za-z])|\\[,;:! ])+")
_TRAILING_OPERATOR = re.compile(r"(?:[=+\-−*/·×⋅⊙∘@(\[{]|\\(?:cdot|times|odot|circ|otimes)(?![A-Za-z]))$")


def tokens_outside(text: str, *, brackets: bool = True) -> Iterator[tuple[int, int, str]]:
    """Start, end and text of what stands outside of braces, environments, and (if asked) brackets."""
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token.startswith("\\begin") or (token in _OPENING and (brackets or token == "{")) or (brackets and token == "\\{"):
            depth += 1
        elif token.startswith("\\end") or (token in _CLOSING and (brackets or token == "}")) or (brackets and token == "\\}"):
            depth = max(depth - 1, 0)
        elif depth == 0:
            yield match.start(), match.end(), token


def relations(text: str) -> list[tuple[int, int]]:
    """Where `=` and its like stand outside of brackets."""
    return [(start, end) for start, end, token in tokens_outside(text) if token in _RELATIONS]


def goes_on(before: str, text: str) -> bool:
    """Whether a line goes on from the one before: `… +` or an open bracket above, or `+ …` in it.

    A line with a relation is one of its own, unless it closes the bracket; one that begins with it always is.
    """
    stripped, found = _GAPS.sub("", text), relations(text)
    above = before.strip().rstrip("&\\").strip()
    if not found:
        return _LEADING_OPERATOR.match(stripped) is not None or _TRAILING_OPERATOR.search(above) is not None or _opened(above) > 0
    if found[0][0] == len(text) - len(stripped):
        return False
    return _TRAILING_OPERATOR.search(above) is not None or (_opened(above) > 0 and _opened(text) < 0)


def _opened(text: str) -> int:
    """How many brackets are not closed."""
    return sum(text.count(each) for each in "([{") - sum(text.count(each) for each in ")]}")


def equations(text: str) -> list[tuple[int, int]]:
    """The formulas that stand side by side, as places in the text: split where an arrow, a comma or a gap has a relation on both sides."""
    pieces: list[list[int]] = [[0, 0, 0, 0]]  # start, end, relations, whether an arrow stands in front
    for start, end, token in tokens_outside(text):
        if token in _RELATIONS:
            pieces[-1][2] += 1
        elif token in _STEPS or token in _BETWEEN:
            pieces[-1][1] = start
            pieces.append([end, len(text), 0, int(token in _STEPS)])
    pieces[-1][1] = len(text)
    found: list[list[int]] = []
    for piece in (each for each in pieces if text[each[0] : each[1]].strip(" \n,;&")):
        if found and not piece[3] and not (found[-1][2] and piece[2]):
            found[-1][1], found[-1][2] = piece[1], found[-1][2] + piece[2]
        else:
            found.append(piece)
    return [(start, end) for place, (start, end, _, _) in enumerate(found) if place == 0 or not is_range(text[start:end])]


def is_range(text: str) -> bool:
    """Whether a text only says where an index runs: `j = 1..n`."""
    return len(text) <= _LONGEST_RANGE and _RANGE.fullmatch(text) is not None


def side_by_side(passage: Passage) -> Iterator[Passage]:
    """The equations of a line that was handed in as it is."""
    for left, right in equations(passage.text):
        start, end = trimmed(passage.text, left, right)
        if (start, end) != (0, len(passage.text)) and start < end:
            yield passage.part(start, end)
        else:
            yield passage


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The place without blanks, and without the punctuation of the sentence around it, the bracket of a remark behind it too."""
    while start < end and (text[start].isspace() or text[start] in ",;:&~" or (text[start] == "." and not text[start + 1 : start + 2].isdigit())):
        start += 1
    arrow = _ARROW.match(text, start, end)
    start = start if arrow is None else arrow.end()
    numbered = _NUMBERED.search(text[:end], max(start, end - _LONGEST_RANGE))
    if numbered is not None and start < numbered.start() and text[numbered.start() - 1] not in _OPERATORS:
        end = numbered.start()
    said = _RANGE.search(text[:end], max(start, end - _LONGEST_RANGE))
    if said is not None and said.start() > start and _opened(text[start : said.start()]) == 0:
        end = said.start()
    while start < end and (text[end - 1].isspace() or text[end - 1] in ",;:.&~([" or _ends_in_gap(text, start, end)):
        end -= _ends_in_gap(text, start, end) or 1
    return start, end


def _ends_in_gap(text: str, start: int, end: int) -> int:
    """The length of a `\\quad` or `\\,` at the end, of a `\\` alone."""
    match = re.search(r"(?:\\(?:q?quad|[,;:! ])|(?<!\\)\\)$", text[max(start, end - 8) : end])
    return 0 if match is None else len(match[0])
