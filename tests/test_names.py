"""Names: what is one, and its spellings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_derive.notation import GREEK, NAME, canonical, is_name, latex_name, looks_like_function, split_primes, unicode_name

NAMES = st.from_regex(NAME, fullmatch=True)

CANONICAL = [
    ("y", "y"), ("  y ", "y"), ("λ", "lambda"), ("λ_1", "lambda_1"), ("Δ", "Delta"), ("ϵ", "epsilon"), ("ϕ", "phi"),
    ("µ", "mu"), ("μ", "mu"),  # the micro sign and the Greek letter
    ("ŷ", "yhat"), ("y\u0302", "yhat"), ("x̄", "xbar"), ("x\u0305", "xbar"), ("w̃", "wtilde"), ("θ̂", "thetahat"),
    ("y′", "y'"), ("y’", "y'"), ("y″", "y''"), ("f_B′", "f_B'"),
    ("x₁", "x_1"), ("w₁₂", "w_12"), ("x_₁", "x_1"), ("wᵢⱼ", "w_ij"), ("a⁽²⁾", "a^(2)"), ("a₁⁽²⁾", "a_1^(2)"),
    ("𝑥", "x"), ("𝛿", "delta"), ("𝐖", "W"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "name"), CANONICAL)
def test_canonical(written: str, name: str) -> None:
    assert canonical(written) == name
    assert is_name(canonical(written))


@pytest.mark.parametrize("name", ["y", "y'", "y''", "z_1", "W1", "a^(2)", "a_1^(1)", "f_A1", "net_h1", "w11b", "n", "on", "no", "inf", "E", "a'^(l)"])
def test_is_name(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "text",
    ["", "1x", "_x", "x y", "x-y", "x.y", "'y", "x'1", "a^2", "a^()", "a^(2", "a^(1,2)", "W[1]", "é", "none", "null", "True", "FALSE", "x\n", "x(1)"],
)
def test_is_no_name(text: str) -> None:
    assert not is_name(text)


@pytest.mark.parametrize("name", ["f", "g2", "f_A1", "phi_h", "sigma", "f'", "Phi", "f_1''", "phi2"])
def test_looks_like_function(name: str) -> None:
    assert looks_like_function(name)


@pytest.mark.parametrize("name", ["rleu", "snake", "ff", "tahn", "f_", "sigmoid", "2f", "f_A_1"])
def test_does_not_look_like_function(name: str) -> None:
    assert not looks_like_function(name)


@pytest.mark.parametrize(("name", "parts"), [("f", ("f", 0)), ("f_B''", ("f_B", 2)), ("y'", ("y", 1))])
def test_split_primes(name: str, parts: tuple[str, int]) -> None:
    assert split_primes(name) == parts


@pytest.mark.parametrize(
    ("name", "shown"),
    [("lambda", "λ"), ("delta_B", "δ_B"), ("yhat", "ŷ"), ("thetahat2", "θ̂2"), ("w11", "w11"), ("a_1^(2)", "a_1^(2)"), ("f_phi'", "f_φ'"),
     ("price", "price"), ("w11b", "w11b")],
)  # fmt: skip
def test_unicode_name(name: str, shown: str) -> None:
    assert unicode_name(name) == shown


@pytest.mark.parametrize(
    ("name", "indices", "latex"),
    [
        ("y", "", "y"),
        ("y'", "", "y'"),
        ("y''", "2", "y''_{2}"),
        ("o1", "", "o_{1}"),
        ("f_A1", "", "f_{A1}"),
        ("z_1", "", "z_{1}"),
        ("z_1", "j", "z_{1,j}"),
        ("W1", "", "W_{1}"),
        ("W1", "j,k", "W_{j,k}^{(1)}"),
        ("a_1^(2)", "", "a_{1}^{(2)}"),
        ("a^(2)", "j", "a_{j}^{(2)}"),
        ("a'^(2)", "", r"a^{\prime(2)}"),
        ("a''^(2)", "", r"a^{\prime\prime(2)}"),
        ("W1'", "j,k", r"W_{j,k}^{\prime(1)}"),
        ("lambda", "", r"\lambda"),
        ("delta_B", "", r"\delta_{B}"),
        ("yhat", "2", r"\hat{y}_{2}"),
        ("thetabar", "", r"\bar{\theta}"),
        ("price", "", r"\mathrm{price}"),
        ("out_h1", "", r"\mathrm{out}_{h1}"),
        ("f_phi", "", r"f_{\phi}"),
        ("w11b'", "", r"\mathrm{w11b}'"),
    ],
)
def test_latex_name(name: str, indices: str, latex: str) -> None:
    assert latex_name(name, indices) == latex


@pytest.mark.parametrize("text", ["", "1", "a b", "W[1,2]"])
def test_what_is_no_name_has_no_other_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        latex_name(text)
    with pytest.raises(ValueError, match="is not a name"):
        unicode_name(text)


@given(NAMES)
@settings(deadline=2000)
def test_a_name_survives_unicode_and_back(name: str) -> None:
    assert canonical(unicode_name(name)) == name


@given(NAMES)
@settings(deadline=2000)
def test_latex_keeps_primes_and_braces_balanced(name: str) -> None:
    latex = latex_name(name, "j")
    assert latex.count("{") == latex.count("}")
    assert latex.count("'") + latex.count(r"\prime") == name.count("'")


def test_greek_is_one_to_one() -> None:
    assert len(set(GREEK.values())) == len(GREEK)
    assert all(canonical(letter) == name for name, letter in GREEK.items())
