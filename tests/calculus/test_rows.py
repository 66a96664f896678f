"""Every row of the tables of functions and losses: its derivatives by every argument, as numbers and as text."""

from __future__ import annotations

import pytest
from proving import Point, derivation_of, faults, gradient_text, graph_of, step_faults

from backprop_derive.calculus.derivation import derive
from backprop_derive.errors import NotYetError
from backprop_derive.operations.functions import FUNCTIONS
from backprop_derive.operations.losses import LOSSES
from backprop_derive.operations.rows import Function, Loss

WITH_DERIVATIVE = [row for row in FUNCTIONS if row.derivatives]
SCALAR = [row for row in WITH_DERIVATIVE if not row.vector]
VECTOR = [row for row in WITH_DERIVATIVE if row.vector]
ACTIVATIONS = [row for row in WITH_DERIVATIVE if row.activation]


def named(rows: list[Function] | tuple[Loss, ...]) -> list[object]:
    return [pytest.param(row, id=row.name) for row in rows]


def of_function(row: Function) -> str:
    """`L = Σ_k c_k f(u_k, v_k)` over free arguments."""
    letters = [f"w_{argument}" for argument in row.arguments]
    call = f"{row.name}({', '.join(f'{letter}[k]' for letter in letters)})"
    if row.vector:
        call = f"{row.name}(w_z[k], k)" if row.vector == "to vector" else f"{row.name}(w_z[l], l)"
    sizes = ", ".join(f"{letter}: [n]" for letter in letters)
    return f"inputs: {{c: n}}\nparameters: [{', '.join(letters)}]\nsizes: {{{sizes}}}\nequations:\n  a[k]: {call}\n  L: sum(c[k]*a[k], k)\ncost: single\n"


@pytest.mark.parametrize("row", named(WITH_DERIVATIVE))
@pytest.mark.parametrize("seed", [0, 1])
def test_the_derivatives_of_a_function_equal_the_forward_pass(row: Function, seed: int) -> None:
    spec = of_function(row)
    if row.vector == "to scalar":
        spec = spec.replace("a[k]", "a").replace("sum(c[k]*a, k)", "a*sum(c[k], k)")
    point = Point(derivation_of(spec), seed=seed)
    assert faults(point, tolerance=1e-8 if row.name in WITHOUT_COMPLEX_FORM else 1e-11) == []


WITHOUT_COMPLEX_FORM = {"erf", "lgamma", "digamma"}  # the judge is a difference quotient there


@pytest.mark.parametrize("row", named([row for row in FUNCTIONS if not row.derivatives]))
def test_a_function_without_derivative_says_so_by_name(row: Function) -> None:
    with pytest.raises(NotYetError, match=row.name):
        _ = derive(graph_of(of_function(row))).gradients


@pytest.mark.parametrize("row", named(ACTIVATIONS))
@pytest.mark.parametrize("samples", ["mean", "single"])
def test_a_network_with_this_activation_has_the_right_gradients(row: Function, samples: str) -> None:
    spec = f"inputs: {{x: n}}\nlayers:\n  - dense: h\n    activation: {row.name}\n  - dense: q\nloss: half_squared_error\ncost: {samples}\n"
    point = Point(derivation_of(spec))
    assert faults(point) + step_faults(point) == []


@pytest.mark.parametrize("row", named(LOSSES))
@pytest.mark.parametrize("seed", [0, 1])
def test_the_derivatives_of_a_loss_equal_the_forward_pass(row: Loss, seed: int) -> None:
    spec = f"parameters: [p]\ntargets: {{y: q}}\nsizes: {{p: [q]}}\nequations:\n  L: {row.name}(p, y)\ncost: single\n"
    point = Point(derivation_of(spec), seed=seed)
    assert faults(point) == []


@pytest.mark.parametrize("row", named(LOSSES))
def test_a_loss_of_named_outputs_has_the_right_gradients(row: Loss) -> None:
    activation = {"probability": "sigmoid", "probabilities": "softmax"}.get(row.output, "identity")
    spec = (
        "inputs: [x1, x2]\nlayers:\n  - dense: [o1, o2, o3]\n    weights: [[w1, w2], [w3, w4], [w5, w6]]\n"
        f"    activation: {activation}\ntargets: [y1, y2, y3]\nloss: {row.name}\n"
    )
    point = Point(derivation_of(spec))
    assert faults(point) + step_faults(point) == []


# -- as text --------------------------------------------------------------------------------------------------------------

TEXTS: dict[str, tuple[str, ...]] = {
    "exp": ("a",),
    "log": ("1/z",),
    "log10": ("1/(z*log(10))",),
    "sqrt": ("1/(2*a)",),
    "abs": ("sign(z)",),
    "sign": ("0",),
    "step": ("0",),
    "sin": ("cos(z)",),
    "cos": ("-sin(z)",),
    "tan": ("1 + a^2",),
    "sinh": ("cosh(z)",),
    "cosh": ("sinh(z)",),
    "arctan": ("1/(1 + z^2)",),
    "erf": ("2/sqrt(pi)*exp(-z^2)",),
    "lgamma": ("digamma(z)",),
    "max": ("where(x >= y, 1, 0)", "where(y > x, 1, 0)"),
    "min": ("where(x <= y, 1, 0)", "where(y < x, 1, 0)"),
    "identity": ("1",),
    "sigmoid": ("a*(1 - a)",),
    "tanh": ("1 - a^2",),
    "relu": ("step(z)",),
    "softplus": ("sigmoid(z)",),
    "softmax": ("a[j]*(c[j] - sum(c[k]*a[k], k))",),
    "logsumexp": ("exp(z[j] - a)",),
}

LOSS_TEXTS: dict[str, tuple[str, str]] = {
    "half_squared_error": ("p[j] - y[j]", "y[j] - p[j]"),
    "squared_error": ("2*(p[j] - y[j])", "2*(y[j] - p[j])"),
    "mse": ("2/n*(p[j] - y[j])", "2/n*(y[j] - p[j])"),
    "binary_cross_entropy": ("(p[j] - y[j])/(p[j]*(1 - p[j]))", "log(1 - p[j]) - log(p[j])"),
    "cross_entropy": ("-y[j]/p[j]", "-log(p[j])"),
    "softmax_cross_entropy": ("softmax(p[e], e, j) - y[j]", "logsumexp(p[c], c) - p[j]"),
}


@pytest.mark.parametrize("row", named(WITH_DERIVATIVE))
def test_the_derivative_of_a_function_reads_as_in_a_book(row: Function) -> None:
    assert texts_of(row) == TEXTS[row.name]


@pytest.mark.parametrize("row", named(LOSSES))
def test_the_derivative_of_a_loss_reads_as_in_a_book(row: Loss) -> None:
    assert loss_texts_of(row) == LOSS_TEXTS[row.name]


def texts_of(row: Function) -> tuple[str, ...]:
    """∂a/∂(each argument) of `a = f(z)`, where a stands for itself; of a vector: ∂(c·a)/∂z."""
    if row.vector:
        spec = of_function(row).replace("w_z", "z")
        spec = spec if row.vector == "to vector" else spec.replace("a[k]", "a").replace("sum(c[k]*a, k)", "a")
        return (gradient_text(spec, "z"),)
    given = ", ".join(row.arguments)
    spec = f"inputs: c\nparameters: [{given}]\nequations:\n  a: {row.name}({given})\n  L: a\ncost: single\n"
    return tuple(gradient_text(spec, argument) for argument in row.arguments)


def loss_texts_of(row: Loss) -> tuple[str, str]:
    """∂L/∂p[j] and ∂L/∂y[j]."""
    spec = f"parameters: [p]\ntargets: {{y: n}}\nsizes: {{p: [n]}}\nequations:\n  L: {row.name}(p, y)\ncost: single\n"
    return gradient_text(spec, "p"), gradient_text(spec, "y")
