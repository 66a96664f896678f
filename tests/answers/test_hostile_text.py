"""Text that is no formula: only FormulaError escapes from the reader, and soon."""

from __future__ import annotations

import random
import time
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strings import Row
from test_vocabulary import vocabulary
from test_written_notation import ROWS as PUBLISHED
from written import ROWS as WRITTEN

from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.vocabulary import Vocabulary
from backprop_derive.errors import FormulaError

SECONDS = 2.0  # generous: the machine may be busy; what is read in time takes milliseconds
PIECES = [r"\frac", r"\partial", r"\sum", r"\left(", r"\right)", r"{", r"}", r"(", r")", r"[", r"]", r"^", r"_", r"'", r",", r"=", r"+", r"-", r"*", r"/", r"@", r"&", r"\\", r"w", r"x", r"y", r"h", r"o", r"W1", r"z1", r"a1", r"delta_o", r"sum", r"max", r"sigma", r"softmax", r"e", r"1", r"2", r"0.5", r"i", r"j", r"k", r"m", r"T", r"d", r"dL", r"dw1", r"_{i=1}^{m}", r"^{(1)}", r"_{jk}", r"^T", r"^{T}", r"\odot", r"\cdot", r"\hat", r"\bar", r"\text{out}", r"\mathbb{1}", r"\begin{cases}", r"\end{cases}", r"|", r"\|", r"where(", r"np.dot(", r".T", r".sum()", r">", r"<", r"\nabla_", r"\log", r"\exp", r"\sqrt", r"\max_k", r"\otimes", r":", r"..", r"$", r"\Delta", r":="]
BOMBS = {
    "brackets": "(" * 10_000,
    "closed brackets": "(" * 1_000 + "x" + ")" * 1_000,
    "braces": "{" * 500 + "x" + "}" * 500,
    "hats": r"\hat{" * 500 + "y" + "}" * 500,
    "fractions": r"\frac{1}{" * 500 + "x" + "}" * 500,
    "roots": r"\sqrt{" * 500 + "x" + "}" * 500,
    "signs": "-" * 10_000 + "x",
    "scripts": "x" + "_x" * 1_500,
    "powers": "x" + "^{x" * 300 + "}" * 300,
    "tower": "9^9^9^9",
    "tower in braces": "9^{9^{9^{9}}}",
    "exponent": "x^{1000000}",
    "nested exponents": "((((x^9)^9)^9)^9)^9",
    "factorial": "1000000000!",
    "digits": "1" * 100,
    "power of ten": "1e999999",
    "long word": "x" * 5_000,
    "word of names": "xwb" * 15,
    "word of one letter": "w" * 50,
    "sums": r"\sum_i " * 300 + "x_i",
    "sums of samples": "".join(rf"\sum_{{{letter}}} " for letter in "abcdefghijklnpqrstuv") + "x_a",
    "many terms": "+".join(["x"] * 1_900),
    "many factors": "x" * 1 + " x" * 1_900,
    "too long": "x+" * 15_000,
    "equations": "x=" * 200 + "x",
    "cases": r"\begin{cases}" * 100,
    "indices": "W1" + "[1]" * 500,
    "commas": "f(" + "x," * 1_500 + "x)",
    "bars": "|" * 1_000,
    "derivatives": r"\frac{\partial L}{" * 200,
    "a program": "__import__('os').system('true')",
    "a file": r"\input{/etc/passwd}\write18{true}",
    "attributes": "().__class__.__bases__[0]",
    "null": "x\x00y",
    "bidirectional": "x\u202ey",
    "emoji": "x + 🙂",
    "surrogate": "x\ud800",
    "combining": "y" + "\u0302" * 500,
}


@cache
def known() -> tuple[Vocabulary, ...]:
    return tuple(vocabulary(key) for key in ("chain", "one", "three", "linear"))


def read_or_refused(text: str, words: Vocabulary) -> float:
    """How long it takes; nothing but a FormulaError may escape, and it points into the text."""
    start, refused = time.process_time(), FormulaError("nothing")
    try:
        read_statement(text, words)
    except FormulaError as error:
        refused = error
    assert refused.message
    assert 0 <= refused.start <= len(text)
    return time.process_time() - start


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_or_read_soon(name: str) -> None:
    for words in known():
        assert read_or_refused(BOMBS[name], words) < SECONDS


@given(st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join) | st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.integers(0, 3))
@settings(deadline=None, max_examples=600, derandomize=True)
def test_pieces_in_any_order_are_read_or_refused(text: str, which: int) -> None:
    assert read_or_refused(text, known()[which]) < SECONDS


@given(st.text(max_size=60), st.integers(0, 3))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_any_text_is_read_or_refused(text: str, which: int) -> None:
    assert read_or_refused(text, known()[which]) < SECONDS


def mutated(text: str, draw: random.Random) -> str:
    """The text with something left out, doubled, put in or moved."""
    at, until = sorted(draw.randrange(len(text) + 1) for _ in range(2))
    match draw.randrange(4):
        case 0:
            return text[:at] + text[until:]
        case 1:
            return text[:until] + text[at:until] + text[until:]
        case 2:
            return text[:at] + draw.choice(PIECES) + text[at:]
        case _:
            return text[:at] + text[at:until][::-1] + text[until:]


@pytest.mark.parametrize("row", [*PUBLISHED, *WRITTEN][::3], ids=str)
def test_a_string_with_a_slip_is_read_or_refused(row: Row) -> None:
    draw = random.Random(row.text)
    for _ in range(12):
        assert read_or_refused(mutated(row.text, draw), row.vocabulary) < SECONDS
