"""The functions that formulas may call: those that the libraries know, those of vectors, and the activations.

Derivatives: Abramowitz and Stegun, *Handbook of Mathematical Functions* (1964), 4.2-4.6, 6.3, 7.1.
"""

from __future__ import annotations

from backprop_derive.operations.activations import ACTIVATIONS
from backprop_derive.operations.rows import Function, folded

FUNCTIONS: tuple[Function, ...] = (
    # primitives: the libraries know them
    Function("log", ("1/z",), aliases=("ln",), numpy="log", mpmath="log", latex=r"\log", domain=("z > 0",), sentence="the derivative of the natural logarithm is 1 over its argument"),
    Function("log10", ("1/(z*log(10))",), numpy="log10", mpmath="log10", latex=r"\log_{10}", domain=("z > 0",), sentence="log10(z) is log(z)/log(10)"),
    Function("sqrt", ("1/(2*a)",), numpy="sqrt", mpmath="sqrt", domain=("z > 0",), sentence="the derivative of a square root is 1 over twice the root"),
    Function("abs", ("sign(z)",), numpy="abs", mpmath="fabs", kinks=("z",), sentence="|z| rises or falls with slope 1; at 0 the slope 0 is taken"),
    Function("sign", ("0",), numpy="sign", mpmath="sign", kinks=("z",), sentence="the sign is constant except at 0"),
    Function("step", ("0",), numpy="step", mpmath="step", kinks=("z",), sentence="a step is constant except at 0"),
    Function("cos", ("-sin(z)",), numpy="cos", mpmath="cos", latex=r"\cos", sentence="the derivative of cos is -sin"),
    Function("tan", ("1 + a^2",), numpy="tan", mpmath="tan", latex=r"\tan", sentence="the derivative of tan is 1 + tan²"),
    Function("sinh", ("cosh(z)",), numpy="sinh", mpmath="sinh", latex=r"\sinh", sentence="the derivative of sinh is cosh"),
    Function("cosh", ("sinh(z)",), numpy="cosh", mpmath="cosh", latex=r"\cosh", sentence="the derivative of cosh is sinh"),
    Function("erf", ("2/sqrt(pi)*exp(-z^2)",), numpy="erf", mpmath="erf", latex=r"\operatorname{erf}", sentence="erf integrates 2/√π·exp(-z²)"),
    Function("lgamma", ("digamma(z)",), numpy="lgamma", mpmath="loggamma", latex=r"\ln\Gamma", domain=("z > 0",), sentence="digamma is defined as the derivative of log Γ"),
    Function("digamma", (), numpy="digamma", mpmath="digamma", latex=r"\psi", domain=("z > 0",)),
    Function("max", ("where(x >= y, 1, 0)", "where(y > x, 1, 0)"), arguments=("x", "y"), formula="where(x >= y, x, y)", latex=r"\max", kinks=("x - y",), sentence="only the larger argument counts; the first one at a tie"),
    Function("min", ("where(x <= y, 1, 0)", "where(y < x, 1, 0)"), arguments=("x", "y"), formula="where(x <= y, x, y)", latex=r"\min", kinks=("x - y",), sentence="only the smaller argument counts; the first one at a tie"),
    # functions of a vector
    Function("logsumexp", ("exp(z[d] - a)",), formula="log(sum(exp(z[d]), d))", stable="max(z[e], e) + log(sum(exp(z[d] - max(z[e], e)), d))", vector="to scalar", latex=r"\operatorname{logsumexp}", sentence="the derivative of log Σ exp by one score is that score's softmax"),
    *ACTIVATIONS,
)  # fmt: skip

BY_NAME: dict[str, Function] = {folded(name): row for row in FUNCTIONS for name in (row.name, *row.aliases)}


def find_function(name: str) -> Function | None:
    """The row called `name`, case, `_` and `-` aside; None if there is none."""
    return BY_NAME.get(folded(name))


def activation_names() -> tuple[str, ...]:
    """The names, without aliases, that `activation:` takes."""
    return tuple(row.name for row in FUNCTIONS if row.activation)
