"""Text to tokens. Unicode is spelled out here, so that the grammar sees ASCII only."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from backprop_derive.errors import FormulaError
from backprop_derive.notation import ACCENTS, canonical

MAXIMUM_CHARACTERS = 20_000
MAXIMUM_TOKENS = 4_000
MAXIMUM_DIGITS = 40

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_SPELLINGS = {
    "−": "-", "–": "-", "·": "*", "×": "*", "⋅": "*", "⊙": "*", "∗": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "!=",
    "½": "(1/2)", "¼": "(1/4)", "¾": "(3/4)", "⅓": "(1/3)", "⅔": "(2/3)", "∂": "d", "′": "'", "’": "'",
}  # fmt: skip
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
        if plain[at].isspace():
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
    character = text[origin[at]]
    if unicodedata.category(character).startswith("C"):
        hint = 'in YAML, write formulas in single quotes: inside "…", \\f, \\n, \\t, \\b are control characters'
        raise FormulaError(f"a control character (U+{ord(character):04X}) in a formula", text, origin[at], hint=hint)
    raise FormulaError(f"{character!r} has no meaning in a formula", text, origin[at])


def _operator(text: str) -> str:
    return {"**": "^", "==": "="}.get(text, text)


def _spell_out(text: str) -> tuple[str, list[int]]:
    """ASCII spelling of the text, and for each of its characters the offset it came from."""
    written: list[str] = []
    origin: list[int] = []

    def write(spelling: str, offset: int) -> None:
        written.append(spelling)
        origin.extend([offset] * len(spelling))

    at = 0
    while at < len(text):
        character = text[at]
        run = at
        if character in _SUPERSCRIPTS:
            while run < len(text) and text[run] in _SUPERSCRIPTS:
                run += 1
            write("^(" + "".join(_SUPERSCRIPTS[each] for each in text[at:run]) + ")", at)
        elif character in _SUBSCRIPTS:
            while run < len(text) and text[run] in _SUBSCRIPTS:
                run += 1
            joined = bool(written) and written[-1][-1:] == "_"
            write(("" if joined else "_") + "".join(_SUBSCRIPTS[each] for each in text[at:run]), at)
        elif character in _SPELLINGS:
            write(_SPELLINGS[character], at)
        elif character in ACCENTS.values() or ord(character) > 127:
            write(canonical(character), at)
        else:
            write(character, at)
        at = max(run, at + 1)
    return "".join(written), origin
