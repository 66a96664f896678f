"""Text to tokens: spellings, offsets, limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_derive.errors import FormulaError
from backprop_derive.language.tokens import MAXIMUM_CHARACTERS, MAXIMUM_DIGITS, MAXIMUM_TOKENS, Token, tokenize


def spelled(text: str) -> str:
    """The tokens of a text, joined by blanks."""
    tokens = tokenize(text)
    assert tokens[-1].kind == "end"
    return " ".join(token.text for token in tokens[:-1])


SPELLINGS = [
    # operators
    ("a−b", "a - b"), ("a–b", "a - b"), ("a·b", "a * b"), ("a×b", "a * b"), ("a⋅b", "a * b"), ("a⊙b", "a * b"), ("a÷b", "a / b"),
    ("a**b", "a ^ b"), ("a==b", "a = b"), ("a≤b", "a <= b"), ("a≥b", "a >= b"), ("a≠b", "a != b"),
    ("a<=b", "a <= b"), ("a< =b", "a < = b"), ("W@x", "W @ x"),
    # names
    ("λ*ŷ", "lambda * yhat"), ("y\u0302", "yhat"), ("y′", "y'"), ("y’’", "y''"), ("σ′(z₁)", "sigma' ( z_1 )"), ("∂L/∂w₁₁", "dL / dw_11"),
    ("∂⁺L/∂w", "d + L / dw"), ("𝛿·𝑥", "delta * x"), ("wᵢⱼ", "w_ij"), ("x_₁", "x_1"),
    # powers and labels
    ("x²", "x ^ 2"), ("x¹⁰", "x ^ 10"), ("x⁻¹", "x ^ - 1"), ("x²³", "x ^ 23"), ("x² 3", "x ^ 2 3"), ("x²3", "x ^ 2 3"), ("xⁿ", "x ^ n"),
    ("z⁽²⁾", "z ^ ( 2 )"), ("z⁽ˡ⁾", "z ^ ( l )"), ("z₁⁽²⁾", "z_1 ^ ( 2 )"), ("z⁽²⁾²", "z ^ ( ( 2 ) 2 )"), ("x²⁻¹", "x ^ ( 2 - 1 )"),
    ("Wᵀ@x", "W ^ T @ x"), ("W^⊤", "W ^ T"),
    # numbers
    ("½", "( 1 / 2 )"), ("¾x", "( 3 / 4 ) x"), ("012", "012"), ("0.0820", "0.0820"), (".5", ".5"), ("5.", "5."), ("1e-3", "1e-3"), ("1E5x", "1E5 x"),
    ("1e", "1 e"), ("2.e3", "2.e3"), ("1.2.3", "1.2 .3"),
    # blanks
    ("", ""), ("  a \n+\u00a0b\u2009", "a + b"), ("a\u00a0b", "a b"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tokens"), SPELLINGS)
def test_spelling(text: str, tokens: str) -> None:
    assert spelled(text) == tokens


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a + bc", [(0, 1), (2, 3), (4, 6), (6, 6)]),
        ("ŷ₁₂*λ", [(0, 3), (3, 4), (4, 5), (5, 5)]),
        ("y\u0302*x", [(0, 2), (2, 3), (3, 4), (4, 4)]),
        ("½", [(0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (1, 1)]),
        ("x¹⁰", [(0, 1), (1, 2), (2, 3), (3, 3)]),
    ],
)
def test_offsets_point_into_the_original_text(text: str, places: list[tuple[int, int]]) -> None:
    assert [(token.start, token.end) for token in tokenize(text)] == places


BAD_CHARACTERS = [
    ("\x0crac{a}{b}", 0, "control character (U+000C)"),
    ("a*\tau", 2, "control character (U+0009)"),
    ("a\x00", 1, "control character (U+0000)"),
    ("a\r\nb", 1, "control character (U+000D)"),
    ("a\x85b", 1, "control character (U+0085)"),
    ("a\u200bb", 1, "invisible character (U+200B)"),
    ("__import__('os')", 0, "'_' has no meaning"),
    ("a.__class__", 1, "'.' has no meaning"),
    ("lambda x: x", 8, "':' has no meaning"),
    ("'os'", 0, 'has no meaning'),
    ('"os"', 0, "has no meaning"),
    ("a;b", 1, "';' has no meaning"),
    (r"\frac{a}{b}", 0, "has no meaning"),
    ("ŷ + é", 4, "'é' has no meaning"),
    ("x٣", 1, "'٣' has no meaning"),
    ("a!", 1, "'!' has no meaning"),
    ("5!", 1, "'!' has no meaning"),
    ("{a}", 0, "'{' has no meaning"),
    ("①", 0, "has no meaning"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "start", "message"), BAD_CHARACTERS)
def test_a_character_without_meaning_is_named_at_its_place(text: str, start: int, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        tokenize(text)
    assert message in caught.value.message
    assert caught.value.start == start
    assert caught.value.text == text


def test_a_control_character_says_what_yaml_did() -> None:
    with pytest.raises(FormulaError) as caught:
        tokenize("\x0crac")
    assert "single quotes" in caught.value.hint


LIMITS = [
    ("a" * MAXIMUM_CHARACTERS, "a" * (MAXIMUM_CHARACTERS + 1), "20,001 characters"),
    ("+" * MAXIMUM_TOKENS, "+" * (MAXIMUM_TOKENS + 1), "more than 4,000 tokens"),
    ("1" * MAXIMUM_DIGITS, "1" * (MAXIMUM_DIGITS + 1), "more than 40 digits"),
    ("0." + "1" * (MAXIMUM_DIGITS - 1), "0." + "1" * MAXIMUM_DIGITS, "more than 40 digits"),
]


@pytest.mark.parametrize(("allowed", "refused", "message"), LIMITS, ids=["characters", "tokens", "digits", "digits behind the point"])
def test_limit(allowed: str, refused: str, message: str) -> None:
    assert len(tokenize(allowed)) > 1
    with pytest.raises(FormulaError, match=message):
        tokenize(refused)


def tokens_or_error(text: str) -> list[Token] | FormulaError:
    """What a text gives, and no other exception."""
    try:
        return tokenize(text)
    except FormulaError as error:
        return error


@given(st.text(max_size=200))
@settings(deadline=2000)
def test_any_text_gives_tokens_in_order_or_a_formula_error(text: str) -> None:
    tokens = tokens_or_error(text)
    if isinstance(tokens, FormulaError):
        assert 0 <= tokens.start <= len(text)
        return
    assert all(token.text.isascii() for token in tokens)
    assert all(0 <= token.start <= token.end <= len(text) for token in tokens)
    assert [token.start for token in tokens] == sorted(token.start for token in tokens)
