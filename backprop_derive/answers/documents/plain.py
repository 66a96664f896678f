"""Formulas of a plain text: one a line, told from the prose around them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from backprop_derive.answers.documents.conditions import ELSE, condition_ahead, condition_words, says_else, under
from backprop_derive.answers.documents.passages import Passage, Source, blanked, without
from backprop_derive.answers.documents.splitting import equations, goes_on, is_range, relations, trimmed
from backprop_derive.notation import SPELLED
from backprop_derive.operations.functions import FUNCTIONS

LONGEST_JOINED = 20
_MATHEMATICAL = frozenset(
    ["exp", "log", "ln", "lg", "sqrt", "abs", "sign", "sgn", "step", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sech", "arctan", "max", "min", "sum", "prod", "mean", "diag", "trace", "tr", "dot", "net", "out", "loss", "cost", "error", "err", "total", "new", "old", "partial", "grad", "nabla", "delta", "np", "numpy", "torch", "math", "lr", "frac", "odot", "cdot", "times", "pi", "matmul", "multiply", "outer", "hat", "bar", "tilde", "transpose", "onehot", "softmax"]
) | frozenset(SPELLED.values()) | {name for row in FUNCTIONS for name in (row.name, *row.aliases)}  # fmt: skip
SAID_BEFORE_NAMES = frozenset(["loss", "cost", "error", "err", "total", "new", "old", "out", "net", "output", "mean", "sum", "step", "activation", "sigmoid", "softmax", "relu"])
"""Words that may be names, and are words where a name follows: `the loss L = …`."""
_SHORT = frozenset(["is", "of", "so", "we", "by", "or", "in", "to", "at", "on", "it", "as", "be", "if", "an", "do", "no", "us", "my", "me", "go", "he", "up"])
_SAID = frozenset(["and", "the", "for", "with", "where", "since", "from", "that", "this", "here", "then", "thus", "hence", "which", "because", "given", "using", "not", "all", *_SHORT])
_SIGNS_BEFORE, _SIGNS_BEHIND = frozenset("(+-−*/·×⋅⊙∘@^=<>,"), frozenset(")+-−*/·×⋅⊙∘@^=<>,")
_HYPHEN_BEFORE, _HYPHEN_BEHIND = re.compile(r"[A-Za-z]{2}[-/]$"), re.compile(r"[-/][A-Za-z]{2}")
_WORD = re.compile(r"(?<![\\_^{./A-Za-zÀ-ÿ0-9'])[A-Za-zÀ-ÖØ-öø-ÿ]{2,}(?![A-Za-zÀ-ÿ0-9_^(\['′’/])")
_NUMBERING = re.compile(r"\s*(?:[-*•–]\s+|\(?(?:[0-9]{1,2}|[a-z]|[ivx]{1,4})[.)]\s+|>\s*)")
_LABEL = re.compile(r"\s*(?P<label>[^:=≈←]{1,60}):(?!=)\s*")
_SPOKEN = re.compile(
    r"\s*(?:so\s+|thus\s+|hence\s+)?(?:the\s+)?(?:partial\s+)?(?:gradient|derivative|slope)\b[^=:≈]{0,60}?\b(?:of|by|for|to|wrt|w\.r\.t\.?)\s+"
    r"(?:(?:the\s+)?(?:weight|bias|parameter)\s+)?(?!(?:L|C|J|E|loss|cost|error)\b)(?P<key>[^\s=:≈]{1,20})\s*(?:=|:|≈|\bis\b)\s*(?=\S)",
    re.IGNORECASE,
)
_REMARK = re.compile(r"(?:(?<=\s)|^)(?:#|//|%|<!--).*$", re.MULTILINE)
_RULE = re.compile(r"\s*[-=_*~#]{3,}\s*")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, or several that are one formula, as places in the document."""

    start: int
    end: int


def plain_passages(source: Source, known: Collection[str] = (), *, start: int = 0, end: int | None = None, certain: bool = True) -> Iterator[Passage]:
    """The formulas of the lines from `start` to `end`. `known` are words that are names of the network."""
    end = len(source.text) if end is None else end
    words = _MATHEMATICAL | {each.lower() for each in known}
    text = source.text
    for line in _joined(text, start, end, words):
        yield from _of_line(source, text, line, words, certain=certain)


def _joined(text: str, start: int, end: int, words: Collection[str]) -> Iterator[_Line]:
    """The lines, with those that only go on from the one above as one."""
    pending: _Line | None = None
    count = 0
    for line in _lines(text, start, end):
        piece = text[line.start : line.end]
        before = "" if pending is None else _REMARK.sub("", text[pending.start : pending.end])
        blank = not piece.strip() or _RULE.fullmatch(piece) is not None
        if pending is not None and not blank and count < LONGEST_JOINED and _belongs(before, piece, words):
            pending, count = _Line(pending.start, line.end), count + 1
            continue
        if pending is not None:
            yield pending
        pending, count = (None, 0) if blank else (line, 1)
    if pending is not None:
        yield pending


def _belongs(before: str, piece: str, words: Collection[str]) -> bool:
    """Whether a line goes on from the formula before it."""
    return bool(relations(before)) and not _prose(before, words) and not _prose(piece, words) and goes_on(before, piece)


def _lines(text: str, start: int, end: int) -> Iterator[_Line]:
    at = start
    for line in text[start:end].split("\n"):
        yield _Line(at, at + len(line))
        at += len(line) + 1


def _of_line(source: Source, text: str, line: _Line, words: Collection[str], *, certain: bool) -> Iterator[Passage]:
    piece = text[line.start : line.end]
    piece = without(_REMARK, piece)
    piece = re.sub(r"\\(?=\n)", " ", piece)
    ahead, condition = condition_ahead(piece)
    piece = blanked(piece, 0, ahead)
    at, key = _spoken_gradient(piece)
    at, key = (at, key) if key else _behind_labels(piece)
    rest = piece[at:]
    if not rest.strip():
        return
    prose = _prose(rest, words)
    condition = ELSE if says_else([rest[start:end] for start, end in prose]) else condition
    if not relations(rest) and (prose or not key):
        if not prose and _looks_like_mathematics(rest):
            yield _passage(source, piece, line.start, at, len(piece), key, certain=False)
        return
    said = False
    for start, end in _between(prose, rest):
        for left, right in equations(rest[start:end]):
            begin, stop = at + start + left, at + start + right
            if key or (relations(piece[begin:stop]) and not (said and is_range(piece[begin:stop]))):
                said = True
                yield from under(iter([_passage(source, piece, line.start, begin, stop, key, certain=certain and not prose)]), condition)


def _passage(source: Source, piece: str, offset: int, begin: int, stop: int, key: str, *, certain: bool) -> Passage:
    begin, stop = trimmed(piece, begin, stop)
    written = source.text[offset + begin : offset + stop]
    return Passage(piece[begin:stop], source.place(offset + begin), written, certain=certain, key=key)


def _spoken_gradient(piece: str) -> tuple[int, str]:
    """`The gradient of w is …`, `derivative of L with respect to w = …`: where the formula begins, and the weight; 0 and nothing otherwise."""
    found = _SPOKEN.match(piece)
    return (0, "") if found is None else (found.end(), found["key"])


def _behind_labels(piece: str) -> tuple[int, str]:
    """Where the formula begins behind `1.`, `-` or `Output layer:`, and the label if it is a single word: it may be a weight."""
    numbering = _NUMBERING.match(piece)
    at = 0 if numbering is None else numbering.end()
    if numbering is not None and numbering[0].strip() in ("-", "*") and not relations(piece):
        at = 0  # a minus sign
    label = _LABEL.match(piece, at)
    if label is None:
        return at, ""
    text = label["label"].strip()
    return label.end(), text if " " not in text else ""


def _prose(text: str, words: Collection[str]) -> list[tuple[int, int]]:
    """Where words stand that are no mathematics."""
    found, conditions = [], condition_words(text)
    for match in _WORD.finditer(text):
        word = match[0].lower()
        if match.span() in conditions:
            continue
        derivative = re.fullmatch(r"d[A-Z][A-Za-z]?", match[0])
        said = word in SAID_BEFORE_NAMES and re.match(r"\s+[^\W\d_]", text[match.end() :]) is not None
        if said or (word not in words and not derivative and not _is_operand(text, *match.span()) and (len(word) > 2 or word in _SHORT)):
            found.append(match.span())
    return found


def _is_operand(text: str, start: int, end: int) -> bool:
    """Whether a word can only be a name: a sign of mathematics stands on both sides of it, `(yhat - y)`, `axis=1`, `h * error + b`.

    A hyphen between letters is none, and a word alone in brackets may be a remark, `(given)`, unless they are those of a call.
    """
    before, behind = text[:start].rstrip(), text[end:].lstrip()
    if not before or not behind or text[start:end].lower() in _SAID:
        return False
    if _HYPHEN_BEFORE.search(text[:start]) or _HYPHEN_BEHIND.match(text, end):
        return False
    if before[-1] == "(" and behind[0] == ")":
        return len(before) > 1 and (before[-2].isalnum() or before[-2] == "_")
    return before[-1] in _SIGNS_BEFORE and behind[0] in _SIGNS_BEHIND


def _between(prose: list[tuple[int, int]], text: str) -> Iterator[tuple[int, int]]:
    """The pieces between the words."""
    at = 0
    for start, end in prose:
        yield at, start
        at = end
    yield at, len(text)


def _looks_like_mathematics(text: str) -> bool:
    """A bare formula: it has an operator, a bracket or a digit."""
    return re.search(r"[*/^()=+·⊙\\]|\w\s*[−-]\s*\w|\d", text) is not None
