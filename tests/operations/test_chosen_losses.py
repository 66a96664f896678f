"""Losses as `loss:` and equations name them: options, several outputs, what is assumed, notes, wrong ones."""

from __future__ import annotations

import numpy as np
import pytest
from row_graphs import gradient, graph_of

from backprop_derive import evaluate
from backprop_derive.calculus.derivation import derive
from backprop_derive.errors import EvaluationError, SpecError
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.operations.losses import LOSSES
from backprop_derive.operations.rows import Loss

ONE = "inputs: x\nnodes:\n  B: {{weights: {{w: x}}, output: p}}\nloss: {}\ncost: single\n"
TWO = "inputs: x\nnodes:\n  M: {{weights: {{w: x}}, output: mu}}\n  V: {{weights: {{v: x}}, activation: softplus, output: var}}\nloss: {}\ncost: single\n"
UNITS = "inputs: [x]\nlayers:\n  - dense: [o1, o2]\n    weights: [[w1], [w2]]\n    bias: false\n    activation: {}\n{}loss: {}\ncost: single\n"


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("huber", "where(abs(y - p) <= 1, p - y, sign(p - y))*x"),
        ("{huber: {delta: 2}}", "where(abs(y - p) <= 2, p - y, 2*sign(p - y))*x"),
        ("{huber: {delta: 4/2}}", "where(abs(y - p) <= 2, p - y, 2*sign(p - y))*x"),
        ("{huber: }", "where(abs(y - p) <= 1, p - y, sign(p - y))*x"),
        ("huber(p, y)", "where(abs(y - p) <= 1, p - y, sign(p - y))*x"),
        ("huber(p, y, 2)", "where(abs(y - p) <= 2, p - y, 2*sign(p - y))*x"),
        ("huber(p, y, delta=2)", "where(abs(y - p) <= 2, p - y, 2*sign(p - y))*x"),
        ("{smooth_l1: {beta: 0.1}}", "where(abs(y - p) < 0.1, 10*(p - y), sign(p - y))*x"),
        ("{quantile: {tau: 0.9}}", "where(y >= p, -0.9, 0.1)*x"),
        ("hinge", "where(1 - y*p > 0, -y, 0)*x"),
        ("mae", "sign(p - y)*x"),
        ("poisson_nll", "(exp(p) - y)*x"),
        ("log_cosh", "tanh(p - y)*x"),
    ],
)
def test_the_gradient_with_this_loss(loss: str, expected: str) -> None:
    graph = graph_of(ONE.format(loss))
    assert gradient(graph, "w") == expected
    assert check_gradients(derive(graph)).passed


def test_an_equation_calls_a_loss_with_an_option() -> None:
    graph = graph_of("parameters: [w]\ninputs: [x]\ntargets: y\nequations:\n  p: w*x\n  L: huber(p, y, delta=2)\ncost: single\n")
    assert graph.node("L").operation == "huber"
    assert gradient(graph, "w") == "where(abs(y - p) <= 2, p - y, 2*sign(p - y))*x"


def test_an_option_that_is_learnt_has_a_gradient() -> None:
    graph = graph_of("parameters: [w, d]\ninputs: [x]\ntargets: y\nequations:\n  p: w*x\n  L: quantile(p, y, d)\ncost: single\n")
    assert gradient(graph, "d") == "(where(d*(y - p) >= (d - 1)*(y - p), 1, 0) + where((d - 1)*(y - p) > d*(y - p), 1, 0))*(y - p)"
    assert check_gradients(derive(graph)).passed


# -- several outputs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["gaussian_nll", "gaussian_nll(mu, y, var)\ntargets: {y: []}"])
def test_a_loss_of_two_outputs(loss: str) -> None:
    graph = graph_of(TWO.format(loss))
    assert graph.node("y").axes == ()
    assert gradient(graph, "w") == "(mu - y)/var*x"
    assert gradient(graph, "v") == "1/2*(var - (y - mu)^2)/var^2*sigmoid(z_V)*x"


def test_a_loss_without_targets_declares_none() -> None:
    graph = graph_of(
        "inputs: [x1, x2, x3]\nnodes:\n  A: {weights: {w: x1}, output: a}\n  P: {weights: {w: x2}, output: p}\n  N: {weights: {w: x3}, output: n}\n"
        "loss: {triplet: {margin: 2}}\ncost: single\n"
    )
    assert graph.targets == ()
    assert gradient(graph, "n") == "where((a - p)^2 - (a - n)^2 + 2 > 0, 2*(a - n), 0)"
    assert check_gradients(derive(graph)).passed


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in LOSSES])
def test_the_check_passes_for_every_loss_of_arrays(row: Loss) -> None:
    last = {"probability": "sigmoid", "probabilities": "softmax", "log-probabilities": "log_softmax"}.get(row.output, "identity")
    heads = "".join(
        f"  z_{name}[j]: sum(W_{name}[j,k]*x[k], k)\n  {name}[j]: {'softplus' if name == 'var' else last}(z_{name}[j]{', j' if 'soft' in last and name != 'var' else ''})\n"
        for name in row.outputs
    )
    weights = [f"W_{name}" for name in row.outputs]
    graph = graph_of(
        f"inputs: {{x: 4}}\nparameters: [{', '.join(weights)}]\nsizes: {{{', '.join(f'{name}: [3, 4]' for name in weights)}}}\n"
        + (f"targets: {{{row.targets[0]}: 3}}\n" if row.targets else "")
        + f"equations:\n{heads}  L: {row.name}({', '.join(row.required)})\n"
    )
    assert graph.node("L").operation == row.name
    assert check_gradients(derive(graph)).passed


# -- what is assumed, and notes -----------------------------------------------------------------------------------------------------


def test_targets_that_are_entries_of_one_array_are_told_apart() -> None:
    graph = graph_of(UNITS.format("softmax", "", "cross_entropy"))
    assert graph.facts[0].text == "sum(y) = 1"
    assert check_gradients(derive(graph)).passed


@pytest.mark.parametrize("loss", ["cross_entropy", "kl_divergence"])
def test_softmax_and_a_loss_of_probabilities_is_prediction_minus_target(loss: str) -> None:
    graph = graph_of(UNITS.format("softmax", "targets: [y1, y2]\n", loss))
    assert [fact.text for fact in graph.facts] == ["y1 + y2 = 1"]
    assert gradient(graph, "w1") == "(o1 - y1)*x"


KULLBACK = "inputs: {x: 2}\nlayers:\n  - dense: 3\n  - softmax\nloss: kl_divergence\nvalues: random\n"


@pytest.mark.parametrize("assume", ["", "assume: []\n"])
def test_targets_of_a_divergence_are_drawn_above_zero(assume: str) -> None:
    found = evaluate(graph_of(KULLBACK + assume))
    assert np.isfinite(found.cost)
    assert np.all(found.values["y"] > 0)
    assert assume or np.isclose(found.values["y"].sum(), 1)


def test_a_target_of_zero_is_no_nan_but_told() -> None:
    with pytest.raises(EvaluationError, match="kl_divergence takes a vector of probabilities above 0, with the sum 1, since log 0 has no value; cross_entropy"):
        evaluate(graph_of(KULLBACK), data={"x": [[1.0, 2.0]], "y": [[0.0, 0.5, 0.5]]})
    with pytest.raises(EvaluationError, match="kl_divergence takes numbers above 0"):
        evaluate(graph_of(KULLBACK + "assume: []\n"), data={"x": [[1.0, 2.0]], "y": [[0.0, 0.5, 0.5]]})


@pytest.mark.parametrize(
    ("activation", "loss", "note"),
    [
        ("softmax", "softmax_cross_entropy", "softmax_cross_entropy applies softmax itself, and the output is a softmax already: it is applied twice"),
        ("sigmoid", "bce_with_logits", "bce_with_logits applies sigmoid itself, and the output is a sigmoid already: it is applied twice"),
        ("sigmoid", "binary_cross_entropy", None),
        ("identity", "bce_with_logits", None),
        ("identity", "cross_entropy", "cross_entropy takes probabilities, and the output is linear: softmax_cross_entropy takes it as it is"),
        ("identity", "binary_cross_entropy", "binary_cross_entropy takes probabilities, and the output is linear: bce_with_logits takes it as it is"),
        ("identity", "kl_divergence", "kl_divergence takes probabilities, and the output is linear: a softmax makes probabilities of it"),
        ("identity", "mse", None),
        ("tanh", "cross_entropy", "cross_entropy takes probabilities, and the output is a tanh: softmax gives them"),
        ("softmax", "cross_entropy", None),
        ("softmax", "nll", "nll takes logarithms of probabilities, and the output is a softmax: cross_entropy takes probabilities"),
        ("identity", "nll", "nll takes logarithms of probabilities, and the output is linear: softmax_cross_entropy takes it as it is"),
        ("log_softmax", "nll", None),
    ],
)
def test_outputs_that_are_not_what_a_loss_takes_are_noted(activation: str, loss: str, note: str | None) -> None:
    expected = () if note is None else (note,)
    assert graph_of(UNITS.format(activation, "", loss)).notes == expected
    called = f"inputs: {{x: 2}}\nparameters: [w]\nsizes: {{w: [2]}}\ntargets: {{y: 2}}\nequations:\n  z[j]: w[j]*x[j]\n  p[j]: {activation}(z[j]{', j' if 'softmax' in activation else ''})\n  L: {loss}(p, y)\n"
    assert graph_of(called).notes == expected


# -- wrong ones -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (ONE.format("{huber: {dlta: 2}}"), "loss.huber.dlta: huber has no option 'dlta' (did you mean delta?)"),
        (ONE.format("{mse: {delta: 2}}"), "loss.mse.delta: mse has no option 'delta'"),
        (ONE.format("{huber: {delta: q}}"), "loss.huber.delta: 'q' is not defined"),
        (ONE.format("{huber: 2}"), "loss.huber: a mapping is expected here"),
        (ONE.format("huber(p, y, 2, delta=2)"), "huber is given delta twice"),
        (ONE.format("{p*y: {delta: 2}}"), "'delta': options stand behind the name of a loss of the table"),
        (ONE.format("gaussian_nll"), "gaussian_nll compares 2 outputs of one length, mu, var, in this order: or name them, `loss: gaussian_nll(mu, y, var)`"),
        (ONE.format("triplet"), "triplet compares 3 outputs of one length, a, p, n, in this order"),
        (TWO.format("gaussian_nll\ntargets: {y: 2}"), "gaussian_nll: there are outputs of length 1 and 1 (mu, var) but 2 targets (y)"),
        (ONE.format("mse\ntargets: [y1, y2]"), "mse: there are 1 outputs (p) but 2 targets (y1, y2)"),
        (ONE.format("hubr"), "did you mean huber?"),
    ],
)
def test_a_wrong_loss_is_told(spec: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        graph_of(spec)
    assert message in str(caught.value)
