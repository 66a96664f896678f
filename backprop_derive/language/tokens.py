"""Text to tokens. Unicode is spelled out here, so that the grammar sees ASCII only."""

from __future__ import annotations

import re
import unicodedata

from backprop_derive.errors import FormulaError
from backprop_derive.frozen import dataclass
from backprop_derive.notation import SUBSCRIPTS, SUPERSCRIPTS, canonical, plain_superscripts

MAXIMUM_CHARACTERS = 20_000
MAXIMUM_TOKENS = 4_000
MAXIMUM_DIGITS = 40

_SPELLINGS = {
    "−": "-", "–": "-", "‐": "-", "‑": "-", "·": "*", "×": "*", "⋅": "*", "⊙": "*", "∗": "*", "∙": "*", "•": "*",
    "÷": "/", "∕": "/", "⁄": "/", "≤": "<=", "≥": ">=", "≠": "!=", "∂": "d", "⊤": "T",
    "½": "(1/2)", "¼": "(1/4)", "¾": "(3/4)", "⅓": "(1/3)", "⅔": "(2/3)",
}  # fmt: skip
_PIECE = re.compile(rf"∂⁺|_?[{SUBSCRIPTS}]+|[{SUPERSCRIPTS}]+|.", re.DOTALL)
_SIMPLE_SUPERSCRIPT = re.compile(r"[+-]?(?:[0-9]+|[A-Za-z]+)|\([^()]*\)")
_OPERATORS = ("**", "<=", ">=", "==", "!=", "+", "-", "*", "/", "^", "@", "(", ")", "[", "]", ",", "=", "<", ">")
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*'*")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is `number`, `name`, `end` or the operator itself; `text` is canonical; offsets are into the original."""

    kind: str
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """The tokens of `text`, closed by one of kind `end`. Raises FormulaError at the first character that has no place."""
    if len(text) > MAXIMUM_CHARACTERS:
        raise FormulaError(f"the formula has {len(text):,} characters; at most {MAXIMUM_CHARACTERS:,} are read", text)
    plain, origin = _spell_out(text)
    tokens: list[Token] = []
    at = 0
    while at < len(plain):
        if _is_blank(plain[at]):
            at += 1
            continue
        kind, length = _next_token(plain, at, text, origin)
        tokens.append(Token(kind, _operator(plain[at : at + length]), origin[at], origin[at + length - 1] + 1))
        if len(tokens) > MAXIMUM_TOKENS:
            raise FormulaError(f"the formula has more than {MAXIMUM_TOKENS:,} tokens", text, origin[at])
        at += length
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _next_token(plain: str, at: int, text: str, origin: list[int]) -> tuple[str, int]:
    if number := _NUMBER.match(plain, at):
        if sum(character.isdigit() for character in number[0]) > MAXIMUM_DIGITS:
            raise FormulaError(f"a number of more than {MAXIMUM_DIGITS} digits", text, origin[at], origin[number.end() - 1] + 1)
        return "number", len(number[0])
    if word := _WORD.match(plain, at):
        return "name", len(word[0])
    for operator in _OPERATORS:
        if plain.startswith(operator, at):
            return _operator(operator), len(operator)
    raise _unreadable(text, origin[at])


def _is_blank(character: str) -> bool:
    """Spaces of every width, and line ends; a tab or a form feed is what is left of `\\tau` or `\\frac` in double quotes."""
    return character == "\n" or (character.isspace() and unicodedata.category(character) != "Cc")


def _unreadable(text: str, at: int) -> FormulaError:
    character = text[at]
    if unicodedata.category(character) == "Cc":
        hint = 'in YAML, write formulas in single quotes: inside "…", \\f, \\t, \\b, \\r are control characters'
        return FormulaError(f"a control character (U+{ord(character):04X}) in a formula", text, at, hint=hint)
    if unicodedata.category(character) == "Cf":
        return FormulaError(f"an invisible character (U+{ord(character):04X}) in a formula", text, at)
    shown = "'\\'" if character == "\\" else repr(character)
    return FormulaError(f"{shown} has no meaning in a formula", text, at, hint=_MEANT.get(character, ""))


_MEANT = {
    "|": "write abs(e), or sum(e^2) for the square of a length",
    ".": "a product is * or, of matrices, @; the transpose is W^T; functions stand without np. before them",
    "%": "write 0.1 for 10%",
    "\\": "formulas are no LaTeX: write 1/2*(w*x)^2, sum(x[k], k), sigmoid(z)",
    "!": "n! is exp(lgamma(n + 1))",
    ":": "an index is one place, or a letter that a sum runs over: sum(x[k], k, 1, 2)",
    "√": "write sqrt(e)",
    "∑": "write sum(e), or sum(e, k) over an index",
    "∏": "write prod(e, k)",
    "&": "one comparison at a time: where(a > 0, where(b > 0, u, v), v)",
}


def _operator(text: str) -> str:
    return {"**": "^", "==": "="}.get(text, text)


def _spell_out(text: str) -> tuple[str, list[int]]:
    """ASCII spelling of the text, and for each of its characters the offset it came from."""
    written: list[str] = []
    origin: list[int] = []
    for match in _PIECE.finditer(text):
        spelling = _spelling(match[0])
        written.append(spelling)
        origin.extend(min(match.start() + offset, match.end() - 1) for offset in range(len(spelling)))
    return "".join(written), origin


def _spelling(piece: str) -> str:
    if piece.isascii() or piece.isspace():
        return piece
    if piece == "∂⁺":
        return "d+"
    if piece[0] in SUPERSCRIPTS:
        return _superscript(plain_superscripts(piece))
    return _SPELLINGS.get(piece) or canonical(piece)


def _superscript(run: str) -> str:
    """`²` is `^2`, `⁽²⁾` the label `^(2)`; the blank keeps what follows apart."""
    return f"^{run} " if _SIMPLE_SUPERSCRIPT.fullmatch(run) else f"^({run}) "
