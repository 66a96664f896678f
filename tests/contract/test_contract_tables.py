"""The activations and losses that the language names: each with its derivative in a node, each with its value by the formula in books."""

from __future__ import annotations

from math import cosh, exp, log, sqrt

import pytest
from asking import NODE, gradients, record, run

ROOT = "sqrt(2/pi)*(z_A + 0.044715*z_A^3)"
ACTIVATIONS = [
    ("identity", "x"),
    ("linear", "x"),
    ("none", "x"),
    ("sigmoid", "a*(1 - a)*x"),
    ("logistic", "a*(1 - a)*x"),
    ("tanh", "(1 - a^2)*x"),
    ("relu", "step(z_A)*x"),
    ("leaky_relu", "where(z_A > 0, 1, 0.01)*x"),
    ("prelu", "where(z_A > 0, 1, alpha_A)*x"),
    ("elu", "where(z_A > 0, 1, a + 1)*x"),
    ("selu", "where(z_A > 0, 1.0507009873554805, a + 1.7580993408473766)*x"),
    ("celu", "where(z_A > 0, 1, exp(z_A))*x"),
    ("gelu", "(1/2*(1 + erf(z_A/sqrt(2))) + z_A*exp(-1/2*z_A^2)/sqrt(2*pi))*x"),
    ("gelu_tanh", f"1/2*(1 + tanh({ROOT}) + z_A*(1 - tanh({ROOT})^2)*sqrt(2/pi)*(1 + 0.134145*z_A^2))*x"),
    ("silu", "(a + sigmoid(z_A)*(1 - a))*x"),
    ("swish", "(a + sigmoid(z_A)*(1 - a))*x"),
    ("mish", "(tanh(softplus(z_A)) + z_A*sigmoid(z_A)*(1 - tanh(softplus(z_A))^2))*x"),
    ("softplus", "sigmoid(z_A)*x"),
    ("softsign", "x/(1 + abs(z_A))^2"),
    ("log_sigmoid", "sigmoid(-z_A)*x"),
    ("hard_sigmoid", "where(abs(z_A) < 3, 1/6, 0)*x"),
    ("hard_swish", "where(z_A >= 3, 1, where(z_A <= -3, 0, 1/3*z_A + 1/2))*x"),
    ("hard_tanh", "where(abs(z_A) < 1, 1, 0)*x"),
    ("relu6", "step(z_A)*step(6 - z_A)*x"),
    ("threshold", "where(z_A > 1, 1, 0)*x"),
    ("tanhshrink", "tanh(z_A)^2*x"),
    ("softshrink", "where(abs(z_A) > 1/2, 1, 0)*x"),
    ("hardshrink", "where(abs(z_A) > 1/2, 1, 0)*x"),
    ("exp", "a*x"),
    ("sin", "cos(z_A)*x"),
    ("gaussian", "-2*z_A*a*x"),
    ("arctan", "x/(1 + z_A^2)"),
    ("square", "2*z_A*x"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "gradient"), ACTIVATIONS)
def test_an_activation_of_a_node_derives_and_checks(name: str, gradient: str) -> None:
    text = NODE.replace("activation: sigmoid", f"activation: {name}") + "loss: a\ncost: single\n"
    output = "z_A" if name in ("identity", "linear", "none") else "a"
    assert gradients(text)["w"] == gradient
    assert {each["name"] for each in record("derive", text)["forward"]} >= {output}
    assert run("check", "-", "--seed", "1", text=text).exit_code == 0


@pytest.mark.parametrize(
    ("name", "gradient"), [("softmax", "a1[2]*(where(2 = j, 1, 0) - a1[j])*x[k]"), ("log_softmax", "(where(2 = j, 1, 0) - exp(a1[j]))*x[k]")]
)
def test_an_activation_of_a_layer_derives_and_checks(name: str, gradient: str) -> None:
    text = f"inputs: 2\nlayers:\n  - dense: 3\n    activation: {name}\nloss: a1[2]\ncost: single\n"
    assert gradients(text)["W1"] == gradient
    assert run("check", "-", "--seed", "1", text=text).exit_code == 0


P, SIGN, ONE, SHARE = [0.5, 0.2, 0.3], [1, -1, 1], [0, 1, 0], [0.2, 0.5, 0.3]
Y = [1.5, 0.1, -1]
R = [1.0, -0.1, -1.3]  # y - p
EXPONENTIALS = sum(map(exp, P))
LOSSES = [
    ("half_squared_error", Y, sum(r * r for r in R) / 2),
    ("squared_error", Y, sum(r * r for r in R)),
    ("mse", Y, sum(r * r for r in R) / 3),
    ("mae", Y, (1 + 0.1 + 1.3) / 3),
    ("absolute_error", Y, 1 + 0.1 + 1.3),
    ("huber", Y, 0.5 + 0.005 + (1.3 - 0.5)),
    ("{huber: {delta: 0.5}}", Y, 0.5 * (1 - 0.25) + 0.005 + 0.5 * (1.3 - 0.25)),
    ("smooth_l1", Y, 0.5 + 0.005 + (1.3 - 0.5)),
    ("{smooth_l1: {beta: 2}}", Y, (1 + 0.01 + 1.69) / 4),
    ("log_cosh", Y, sum(log(cosh(r)) for r in R)),
    ("quantile", Y, (1 + 0.1 + 1.3) / 2),
    ("{quantile: {tau: 0.9}}", Y, 0.9 + 0.01 + 0.13),
    ("hinge", SIGN, 0.5 + 1.2 + 0.7),
    ("squared_hinge", SIGN, 0.25 + 1.44 + 0.49),
    ("multiclass_hinge", ONE, 1.3 + 1.1),
    ("{multiclass_hinge: {margin: 0.2}}", ONE, 0.5 + 0.3),
    ("info_nce", ONE, -log(exp(0.2) / EXPONENTIALS)),
    ("{info_nce: {tau: 0.5}}", ONE, -log(exp(0.4) / sum(exp(2 * p) for p in P))),
    ("binary_cross_entropy", ONE, -(log(0.5) + log(0.2) + log(0.7))),
    ("bce_with_logits", ONE, sum(log(1 + exp(p)) for p in P) - 0.2),
    ("cross_entropy", SHARE, -sum(y * log(p) for y, p in zip(SHARE, P, strict=True))),
    ("softmax_cross_entropy", SHARE, log(EXPONENTIALS) - sum(y * p for y, p in zip(SHARE, P, strict=True))),
    ("nll", SHARE, -sum(y * p for y, p in zip(SHARE, P, strict=True))),
    ("poisson_nll", [0, 2, 1], EXPONENTIALS - 0.4 - 0.3),
    ("kl_divergence", SHARE, sum(y * log(y / p) for y, p in zip(SHARE, P, strict=True))),
    ("focal", ONE, -(0.8**2) * log(0.2)),
    ("{focal: {gamma: 1, alpha: 0.25}}", ONE, -0.25 * 0.8 * log(0.2)),
    ("cosine", Y, 1 - (0.75 + 0.02 - 0.3) / sqrt((0.25 + 0.04 + 0.09) * (2.25 + 0.01 + 1))),
    ("wasserstein", SIGN, -(0.5 - 0.2 + 0.3)),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "targets", "value"), LOSSES, ids=[str(row[0]) for row in LOSSES])
def test_a_loss_has_the_value_of_its_formula(loss: str, targets: list[float], value: float) -> None:
    text = f"inputs: 3\nlayers:\n  - dense: 3\nloss: {loss}\ncost: single\nassume: []\n"
    text += f"values: {{W1: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], b1: [0, 0, 0], x: {P}, y: {targets}}}\n"
    assert record("evaluate", text)["cost"] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("gaussian_nll(a, y, b)", ((log(0.4) + 0.01 / 0.4) + (log(0.9) + 0.64 / 0.9)) / 2),
        ("margin_ranking(a, b, s)", 0.3 + 0),
        ("margin_ranking(a, b, s, margin=1)", 1.3 + 1 - 0.1),
        ("triplet(a, y, b)", max(0, 0.65 - 0.1 + 1)),
        ("triplet(a, b, y, margin=0.1)", max(0, 0.1 - 0.65 + 0.1)),
    ],
)
def test_a_loss_of_more_than_two_vectors_has_the_value_of_its_formula(call: str, value: float) -> None:
    text = "inputs: {a: 2, b: 2}\ntargets: {y: 2, s: 2}\nparameters: w\nequations:\n"
    text += f"  L: w*{call}\ncost: single\nvalues: {{w: 1, a: [0.1, 0.8], b: [0.4, 0.9], y: [0.2, 1.6], s: [1, -1]}}\n"
    assert record("evaluate", text)["cost"] == pytest.approx(value, abs=1e-12)
