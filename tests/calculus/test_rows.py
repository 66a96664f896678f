"""Every row of the tables of functions and losses: its derivatives by every argument, as numbers and as text."""

from __future__ import annotations

import pytest
from proving import Point, derivation_of, faults, gradient_text, graph_of, step_faults

from backprop_derive.errors import SpecError
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
    limited = {f"w_{argument}" for argument in row.arguments if any(f"{argument} >" in condition for condition in row.domain)}
    values = {name: abs(value) if name in limited else value for name, value in point.values.items()}
    point = Point(point.derivation, sizes=point.sizes, values=values)
    assert faults(point, tolerance=1e-8 if row.name in WITHOUT_COMPLEX_FORM else 1e-11) == []


WITHOUT_COMPLEX_FORM = {"erf", "lgamma", "digamma", "gelu"}  # the judge is a difference quotient there


@pytest.mark.parametrize("row", named([row for row in FUNCTIONS if not row.derivatives]))
def test_a_function_without_derivative_says_so_by_name(row: Function) -> None:
    with pytest.raises(SpecError, match=f"equations.* the derivative of {row.name}: not yet"):
        graph_of(of_function(row))


@pytest.mark.parametrize("row", named(ACTIVATIONS))
@pytest.mark.parametrize("samples", ["mean", "single"])
def test_a_network_with_this_activation_has_the_right_gradients(row: Function, samples: str) -> None:
    spec = f"inputs: {{x: n}}\nlayers:\n  - dense: h\n    activation: {row.name}\n  - dense: q\nloss: half_squared_error\ncost: {samples}\n"
    point = Point(derivation_of(spec))
    tolerance = 1e-8 if row.name in WITHOUT_COMPLEX_FORM else 1e-11
    assert faults(point, tolerance=tolerance) + step_faults(point, tolerance=tolerance) == []


def of_loss(row: Loss) -> str:
    """`L = loss(p, y)` over free vectors."""
    sizes, targets = (", ".join(f"{name}: {shape}" for name in names) for names, shape in ((row.outputs, "[n]"), (row.targets, "n")))
    front = f"parameters: [{', '.join(row.outputs)}]\nsizes: {{{sizes}}}\n" + (f"targets: {{{targets}}}\n" if targets else "")
    return f"{front}equations:\n  L: {row.name}({', '.join(row.required)})\ncost: single\n"


@pytest.mark.parametrize("row", named(LOSSES))
@pytest.mark.parametrize("seed", [0, 1])
def test_the_derivatives_of_a_loss_equal_the_forward_pass(row: Loss, seed: int) -> None:
    point = Point(derivation_of(of_loss(row)), seed=seed)
    assert faults(point) == []


@pytest.mark.parametrize("row", named(tuple(row for row in LOSSES if row.required == ("p", "y"))))
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
    "log": ("1/z",),
    "log10": ("1/(z*log(10))",),
    "sqrt": ("1/(2*a)",),
    "abs": ("sign(z)",),
    "sign": ("0",),
    "step": ("0",),
    "cos": ("-sin(z)",),
    "tan": ("1 + a^2",),
    "sinh": ("cosh(z)",),
    "cosh": ("sinh(z)",),
    "erf": ("2/sqrt(pi)*exp(-z^2)",),
    "lgamma": ("digamma(z)",),
    "max": ("where(x >= y, 1, 0)", "where(y > x, 1, 0)"),
    "min": ("where(x <= y, 1, 0)", "where(y < x, 1, 0)"),
    "logsumexp": ("exp(z[j] - a)",),
    "identity": ("1",),
    "sigmoid": ("a*(1 - a)",),
    "tanh": ("1 - a^2",),
    "relu": ("step(z)",),
    "leaky_relu": ("where(z > 0, 1, slope)", "where(z > 0, 0, z)"),
    "prelu": ("where(z > 0, 1, alpha)", "where(z > 0, 0, z)"),
    "elu": ("where(z > 0, 1, a + alpha)", "where(z > 0, 0, exp(z) - 1)"),
    "selu": ("where(z > 0, 1.0507009873554805, a + 1.7580993408473766)",),
    "celu": ("where(z > 0, 1, exp(z/alpha))", "where(z > 0, 0, (1 - z/alpha)*exp(z/alpha) - 1)"),
    "gelu": ("1/2*(1 + erf(z/sqrt(2))) + z*exp(-1/2*z^2)/sqrt(2*pi)",),
    "gelu_tanh": ("1/2*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z^3)) + z*(1 - tanh(sqrt(2/pi)*(z + 0.044715*z^3))^2)*sqrt(2/pi)*(1 + 0.134145*z^2))",),
    "silu": ("a + sigmoid(z)*(1 - a)",),
    "mish": ("tanh(softplus(z)) + z*sigmoid(z)*(1 - tanh(softplus(z))^2)",),
    "softplus": ("sigmoid(z)",),
    "softsign": ("1/(1 + abs(z))^2",),
    "softmax": ("a[j]*(c[j] - sum(c[k]*a[k], k))",),
    "log_softmax": ("c[j] - exp(a[j])*sum(c[k], k)",),
    "log_sigmoid": ("sigmoid(-z)",),
    "hard_sigmoid": ("where(abs(z) < 3, 1/6, 0)",),
    "hard_swish": ("where(z >= 3, 1, where(z <= -3, 0, 1/3*z + 1/2))",),
    "hard_tanh": ("where(abs(z) < 1, 1, 0)",),
    "relu6": ("step(z)*step(6 - z)",),
    "threshold": ("where(z > theta, 1, 0)", "0", "where(z > theta, 0, 1)"),
    "tanhshrink": ("tanh(z)^2",),
    "softshrink": ("where(abs(z) > lambda, 1, 0)", "where(abs(z) > lambda, -sign(z), 0)"),
    "hardshrink": ("where(abs(z) > lambda, 1, 0)", "0"),
    "exp": ("a",),
    "sin": ("cos(z)",),
    "gaussian": ("-2*z*a",),
    "arctan": ("1/(1 + z^2)",),
    "square": ("2*z",),
}

LOSS_TEXTS: dict[str, tuple[str, ...]] = {
    "half_squared_error": ("p[j] - y[j]", "y[j] - p[j]"),
    "squared_error": ("2*(p[j] - y[j])", "2*(y[j] - p[j])"),
    "mse": ("2/n*(p[j] - y[j])", "2/n*(y[j] - p[j])"),
    "mae": ("1/n*sign(p[j] - y[j])", "1/n*sign(y[j] - p[j])"),
    "absolute_error": ("sign(p[j] - y[j])", "sign(y[j] - p[j])"),
    "huber": ("where(abs(y[j] - p[j]) <= 1, p[j] - y[j], sign(p[j] - y[j]))", "where(abs(y[j] - p[j]) <= 1, y[j] - p[j], sign(y[j] - p[j]))"),
    "smooth_l1": ("where(abs(y[j] - p[j]) < 1, p[j] - y[j], sign(p[j] - y[j]))", "where(abs(y[j] - p[j]) < 1, y[j] - p[j], sign(y[j] - p[j]))"),
    "log_cosh": ("tanh(p[j] - y[j])", "tanh(y[j] - p[j])"),
    "quantile": ("where(y[j] >= p[j], -1/2, 1/2)", "where(y[j] >= p[j], 1/2, -1/2)"),
    "hinge": ("where(1 - y[j]*p[j] > 0, -y[j], 0)", "where(1 - y[j]*p[j] > 0, -p[j], 0)"),
    "squared_hinge": ("-2*y[j]*max(0, 1 - y[j]*p[j])", "-2*p[j]*max(0, 1 - y[j]*p[j])"),
    "multiclass_hinge": ("(1 - y[j])*step(p[j] - sum(y[e]*p[e], e) + 1) - y[j]*sum((1 - y[c])*step(p[c] - sum(y[e]*p[e], e) + 1), c)", "-max(0, p[j] - sum(y[e]*p[e], e) + 1) - p[j]*sum((1 - y[c])*step(p[c] - sum(y[e]*p[e], e) + 1), c)"),
    "margin_ranking": ("where(-y[j]*(a[j] - b[j]) > 0, -y[j], 0)", "where(-y[j]*(a[j] - b[j]) > 0, y[j], 0)", "where(-y[j]*(a[j] - b[j]) > 0, b[j] - a[j], 0)"),
    "triplet": ("where(sum((a[c] - p[c])^2, c) - sum((a[c] - n[c])^2, c) + 1 > 0, 2*(n[j] - p[j]), 0)", "where(sum((a[c] - p[c])^2, c) - sum((a[c] - n[c])^2, c) + 1 > 0, 2*(p[j] - a[j]), 0)", "where(sum((a[c] - p[c])^2, c) - sum((a[c] - n[c])^2, c) + 1 > 0, 2*(a[j] - n[j]), 0)"),
    "wasserstein": ("-y[j]", "-p[j]"),
    "binary_cross_entropy": ("(p[j] - y[j])/(p[j]*(1 - p[j]))", "log(1 - p[j]) - log(p[j])"),
    "bce_with_logits": ("sigmoid(p[j]) - y[j]", "-p[j]"),
    "cross_entropy": ("-y[j]/p[j]", "-log(p[j])"),
    "softmax_cross_entropy": ("softmax(p[e], e, j) - y[j]", "logsumexp(p[c], c) - p[j]"),
    "nll": ("-y[j]", "-p[j]"),
    "focal": ("y[j]*(2*(1 - p[j])*log(p[j]) - (1 - p[j])^2/p[j])", "-(1 - p[j])^2*log(p[j])"),
    "kl_divergence": ("-y[j]/p[j]", "log(y[j]/p[j]) + 1"),
    "info_nce": ("softmax(p[e], e, j) - y[j]", "-p[j]"),
    "gaussian_nll": ("(mu[j] - y[j])/var[j]", "(y[j] - mu[j])/var[j]", "1/2*(var[j] - (y[j] - mu[j])^2)/var[j]^2"),
    "poisson_nll": ("exp(p[j]) - y[j]", "-p[j]"),
    "cosine": ("(p[j]/sum(p[e]^2, e)*sum(p[c]*y[c], c) - y[j])/(sqrt(sum(p[e]^2, e))*sqrt(sum(y[e]^2, e)))", "(y[j]/sum(y[e]^2, e)*sum(p[c]*y[c], c) - p[j])/(sqrt(sum(p[e]^2, e))*sqrt(sum(y[e]^2, e)))"),
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


def loss_texts_of(row: Loss) -> tuple[str, ...]:
    """∂L/∂(each vector) at entry j."""
    return tuple(gradient_text(of_loss(row), name) for name in row.required)
