r"""Abbreviations that a LaTeX document defines: `\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}`.

They are replaced as TeX would, but only so often and to such a length, whatever a document does with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_NEW = re.compile(r"\\(?:newcommand|renewcommand|providecommand)\*?\s*(?:\{\s*(\\[A-Za-z]+)\s*\}|(\\[A-Za-z]+))\s*(?:\[(\d)\])?\s*(?:\[([^\]]*)\])?\s*\{")
_DEF = re.compile(r"\\def\s*(\\[A-Za-z]+)\s*((?:#\d)*)\s*\{")
_OPERATOR = re.compile(r"\\DeclareMathOperator\*?\s*(?:\{\s*(\\[A-Za-z]+)\s*\}|(\\[A-Za-z]+))\s*\{")
_LET = re.compile(r"\\let\s*(\\[A-Za-z]+)\s*=?\s*(\\[A-Za-z]+)")
_USE = re.compile(r"\\[A-Za-z]+")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
MOST_REPLACEMENTS = 200
LONGEST = 5_000
LONGEST_BODY = 1_000


@dataclass(frozen=True, slots=True)
class Macro:
    """A command of one's own: how many arguments it takes, the default of an optional first one, and what stands for it."""

    name: str
    arguments: int
    body: str
    default: str | None = None


def macros_of(text: str) -> tuple[Macro, ...]:
    """The abbreviations that a text defines; of several of one name, the last."""
    found: dict[str, Macro] = {}
    for match in _NEW.finditer(text):
        name = match[1] or match[2]
        found[name] = Macro(name, int(match[3] or 0), _group(text, match.end()), match[4])
    for match in _DEF.finditer(text):
        found[match[1]] = Macro(match[1], match[2].count("#"), _group(text, match.end()))
    for match in _OPERATOR.finditer(text):
        name = match[1] or match[2]
        found[name] = Macro(name, 0, rf"\operatorname{{{_group(text, match.end())}}}")
    for match in _LET.finditer(text):
        found[match[1]] = Macro(match[1], 0, match[2])
    return tuple(found.values())


def expanded(text: str, macros: Sequence[Macro]) -> tuple[str, tuple[int, ...]]:
    """The text with every abbreviation replaced, and for each character of it (and its end) the place it comes from; no places
    where nothing was replaced."""
    by_name = {macro.name: macro for macro in macros}
    if not any(match[0] in by_name for match in _USE.finditer(text)):
        return text, ()
    characters = [(character, at) for at, character in enumerate(text)]
    for _ in range(MOST_REPLACEMENTS):
        plain = "".join(character for character, _ in characters)
        use = next((match for match in _USE.finditer(plain) if match[0] in by_name), None)
        if use is None or len(plain) > LONGEST:
            break
        macro = by_name[use[0]]
        arguments, end = _arguments(plain, use.end(), macro)
        place = characters[use.start()][1]
        body: list[tuple[str, int]] = []
        for piece in _pieces(macro.body):
            if isinstance(piece, str):
                body += [(character, place) for character in piece]
            else:
                given = arguments[piece - 1] if piece <= len(arguments) else (0, 0)
                body += characters[slice(*given)] if isinstance(given, tuple) else [(character, place) for character in given]
        if body and body[-1][0].isalpha() and plain[end : end + 1].isalpha() and "\\" in macro.body:
            body.append((" ", place))
        if len(body) > LONGEST:
            break
        characters = [*characters[: use.start()], *body, *characters[end:]]
    return "".join(character for character, _ in characters), (*(place for _, place in characters), len(text))


def _pieces(body: str) -> Iterator[str | int]:
    """The body of an abbreviation: text, and the numbers of arguments."""
    for part in re.split(r"(#\d)", body):
        if re.fullmatch(r"#\d", part):
            yield int(part[1])
        elif part:
            yield part


def _arguments(text: str, at: int, macro: Macro) -> tuple[list[tuple[int, int] | str], int]:
    """Where the arguments of a use stand, or the default of the first, and where the use ends."""
    found: list[tuple[int, int] | str] = []
    if macro.default is not None:
        optional = re.compile(r"\s*\[([^\]]*)\]").match(text, at)
        found.append(macro.default if optional is None else optional.span(1))
        at = at if optional is None else optional.end()
    while len(found) < macro.arguments:
        while at < len(text) and text[at].isspace():
            at += 1
        if text[at : at + 1] == "{":
            inner = _group(text, at + 1)
            found.append((at + 1, at + 1 + len(inner)))
            at += len(inner) + 2
        elif at < len(text):
            token = _USE.match(text, at)
            length = 1 if token is None else len(token[0])
            found.append((at, at + length))
            at += length
        else:
            break
    return found, min(at, len(text))


def _group(text: str, at: int) -> str:
    """What stands up to the brace that closes."""
    depth = 1
    for match in _BRACE.finditer(text, at, min(len(text), at + LONGEST_BODY)):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return text[at : match.start()]
    return text[at : at + LONGEST_BODY]
