"""Words that say where a formula holds: they are no prose, since without them it says something else.

`= 1 if z > 0 else a`, `= p for j ≠ k`, `For z > 0: da/dz = 1`, `$da/dz = 1$ if $z > 0$`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from backprop_derive.answers.documents.passages import Passage

ELSE = "else"
_COMPARES = r"(?:<=|>=|!=|==|<|>|≤|≥|≠|\\(?:leqslant|geqslant|leq|geq|neq|le|ge|lt|gt|ne)(?![A-Za-z]))"
_IF, _ALL, _ELSE = r"(?:if|for|when|where|falls)", r"(?:all|any|every|each)", r"(?:else|otherwise|sonst)"
_SAID = re.compile(rf"\b(?P<word>{_IF})\b(?P<all>\W{{0,9}}\b{_ALL}\b)?(?=[^=<>≤≥≠;]{{1,60}}{_COMPARES})", re.IGNORECASE)
_SAID_EQUAL = re.compile(r"\b(?P<word>if|for|when|falls)\b(?=[^=<>≤≥≠,;]{1,30}=(?![^,;]{0,12}(?:\.\.|…|\\l?dots|\bto\b)|[^,;=]{1,12},\s*(?:\d|\.|…|\\l?dots))[^=]{1,30}$)", re.IGNORECASE)
_SAID_WITH_ELSE = re.compile(rf"\b(?P<word>if|falls)\b(?=.*\b{_ELSE}\b)", re.IGNORECASE)
_OTHERWISE = re.compile(rf"(?P<and>\band\b(?=[^=,;]*\b{_ELSE}\b))|\b{_ELSE}\b", re.IGNORECASE)
_AHEAD = re.compile(rf"\s*(?:if|for|when|falls)\s+(?:{_ALL}\s+)?(?P<test>[^=:,;<>≤≥≠]{{1,40}}{_COMPARES}[^=:,;]{{1,40}}?)\s*(?:[:,;]|\bthen\b|\bwe (?:get|have)\b)", re.IGNORECASE)
_OPEN, _CLOSE = r"(?:\$|\\\()", r"(?:\$|\\\))"
_BEHIND_FORMULA = re.compile(rf"[\s,]*\(?{_IF}\s+(?:{_ALL}\s+)?{_OPEN}(?P<test>[^$=]*{_COMPARES}[^$=]*?){_CLOSE}", re.IGNORECASE)
_BEFORE_FORMULA = re.compile(rf"\b(?:if|for|when|falls)\s+(?:{_ALL}\s+)?{_OPEN}(?P<test>[^$=]*{_COMPARES}[^$=]*?){_CLOSE}[^$]*\Z", re.IGNORECASE)
_ELSE_BEHIND, _ELSE_BEFORE = re.compile(rf"[\s,]*{_ELSE}\b", re.IGNORECASE), re.compile(rf"\b{_ELSE}\b[^$]*\Z", re.IGNORECASE)
_SENTENCE = re.compile(r"[.;](?=\s)|\n[ \t]*\n")
_FAR = 200


def says_else(words: list[str]) -> bool:
    """Whether one of the words says that what is told is one case of several."""
    return any(re.fullmatch(_ELSE, word, re.IGNORECASE) for word in words)


def condition_words(text: str) -> set[tuple[int, int]]:
    """The places of the words that belong to a condition: `if`, `for all`, `else`, `otherwise`."""
    ifs = [match for pattern in (_SAID, _SAID_EQUAL, _SAID_WITH_ELSE) for match in pattern.finditer(text)]
    found = {match.span("word") for match in ifs}
    for match in ifs:
        if match.re is _SAID and match["all"]:
            found.add((match.end("all") - len(re.split(r"\W+", match["all"])[-1]), match.end("all")))
    if found:
        found |= {match.span() for match in _OTHERWISE.finditer(text, min(found)[1])}
    return found


def condition_ahead(text: str) -> tuple[int, str]:
    """`For z > 0: …`: where what it is said of begins, and the condition; 0 and nothing where there is none."""
    match = _AHEAD.match(text)
    return (0, "") if match is None else (match.end(), match["test"].strip())


def condition_around(text: str, start: int, end: int) -> str:
    """What the sentence around an inline formula says of where it holds: `z > 0`; ELSE where it is what is left."""
    behind = text[end : end + _FAR]
    sentence = _SENTENCE.split(text[max(0, start - _FAR) : start])[-1]
    if _ELSE_BEHIND.match(behind) or _ELSE_BEFORE.search(sentence):
        return ELSE
    found = _BEHIND_FORMULA.match(behind) or _BEFORE_FORMULA.search(sentence)
    return "" if found is None else found["test"].strip()


def under(passages: Iterator[Passage], condition: str) -> Iterator[Passage]:
    """The formulas with a condition that stands elsewhere: each place in it is that of the formula's end."""
    for passage in passages:
        if not condition:
            yield passage
            continue
        more = f" if {condition}" if condition != ELSE else f" {ELSE}"  # which no reader takes for a formula
        origins = passage.origins or tuple(range(len(passage.text) + 1))
        yield replace(passage, text=passage.text + more, written=passage.written or passage.text, origins=(*origins, *([origins[-1]] * len(more))))
