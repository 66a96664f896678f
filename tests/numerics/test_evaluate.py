"""`evaluate`: forward values, adjoints, gradients and steps, against published numbers, the complex step and NumPy written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_derive import build_graph, evaluate, load_spec, read_spec
from backprop_derive.calculus.adjoints import adjoints
from backprop_derive.errors import BackpropError, EvaluationError, UsageError
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics import backward
from backprop_derive.numerics.evaluation import node_values
from backprop_derive.numerics.probing import with_cost
from backprop_derive.numerics.references import complex_step

SPECS = Path(__file__).resolve().parents[2] / "specs"

MAZUR = {
    "net_h1": "0.3775", "out_h1": "0.593269992", "out_h2": "0.596884378", "net_o1": "1.105905967", "out_o1": "0.75136507",
    "out_o2": "0.772928465", "L": "0.298371109",
}  # fmt: skip
MAZUR_GRADIENTS = {"w5": "0.082167041", "w1": "0.000438568"}
MAZUR_UPDATED = {
    "w1": "0.149780716", "w2": "0.19956143", "w3": "0.24975114", "w4": "0.29950229", "w5": "0.35891648", "w6": "0.408666186", "w7": "0.511301270",
    "w8": "0.561370121", "b1": "0.35", "b2": "0.60",
}  # fmt: skip


def graph_of(text: str) -> Graph:
    return build_graph(read_spec(text))


def printed(value: float, text: str) -> str:
    """The value with as many places behind the point as the text has."""
    return f"{value:.{len(text.partition('.')[2])}f}"


# -- published ------------------------------------------------------------------------------------------------------------


def test_mazur_gives_the_published_numbers() -> None:
    found = evaluate(build_graph(load_spec(SPECS / "mazur.yaml")))
    assert {name: printed(float(found.values[name]), text) for name, text in MAZUR.items()} == MAZUR
    assert {name: printed(float(found.gradients[name]), text) for name, text in MAZUR_GRADIENTS.items()} == MAZUR_GRADIENTS
    assert found.updated is not None
    assert {name: printed(float(found.updated[name]), text) for name, text in MAZUR_UPDATED.items()} == MAZUR_UPDATED
    assert printed(float(found.adjoints["out_h1"]), "0.036350306") == "0.036350306"
    assert found.history == (found.cost, pytest.approx(0.29102777369359933, rel=1e-14))


def test_mazur_after_ten_thousand_steps_has_the_published_error() -> None:
    """`0.0000351085`, as the page prints it; its biases are never updated."""
    found = evaluate(build_graph(load_spec(SPECS / "mazur.yaml")), steps=10_000)
    assert f"{found.history[-1]:.2e}" == "3.51e-05"
    assert len(found.history) == 10_001
    assert found.updated is not None
    assert (float(found.updated["b1"]), float(found.updated["b2"])) == (0.35, 0.6)


# -- every adjoint, measured ----------------------------------------------------------------------------------------------

NETWORKS = {
    "layers, mean": "inputs: 3\nlayers:\n  - dense: 4\n    activation: tanh\n  - dense: 2\n  - softmax\nloss: cross_entropy\nvalues: random\nseed: 3\n",
    "layers, single": "inputs: [x1, x2]\nlayers:\n  - dense: [a, b]\n    activation: sigmoid\n  - dense: [o]\nloss: squared_error\ncost: single\nvalues: xavier\n",
    "penalty": "inputs: 2\nlayers:\n  - dense: 3\n    activation: relu\n  - dense: 1\nloss: half_squared_error\nregularization: {l2: 0.3, l1: 0.1, of: all}\nvalues: random\nseed: 5\n",
    "diamond": "inputs: x\nparameters: [w]\nequations:\n  a: w*x\n  b: a*a + a\n  c: exp(a)\n  L: b*c + w\ncost: single\nvalues: {x: 0.7, w: -0.4}\n",
    "recurrence": "inputs: {x: [T]}\nparameters: [w, u]\nconstants: {h0: []}\ntargets: y\nsizes: {T: 4}\nequations:\n  h[0]: h0\n  h[t]: tanh(w*h[t-1] + u*x[t])\n  L: (h[T] - y)^2\nvalues: random\n",
    "unused": "inputs: x\nparameters: [w, v]\nequations:\n  z: v*x\n  L: (w*x)^2\ncost: sum\nvalues: {x: 2, w: 3, v: 1}\nloss: L\n",
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_every_adjoint_is_the_complex_step(name: str) -> None:
    found = evaluate(graph_of(NETWORKS[name]))
    graph, cost = with_cost(found.graph)
    forward = node_values(graph, found.leaves.values, found.leaves.sizes)
    assert found.cost == pytest.approx(float(forward[cost]), rel=1e-14)
    for each in found.graph.nodes:
        measured = complex_step(graph, found.leaves.values, found.leaves.sizes, cost, each.name)
        derived = found.gradients[each.name] if each.role == "parameter" else found.adjoints[each.name]
        np.testing.assert_allclose(derived, measured[0] if each.sampled else measured, rtol=1e-12, atol=1e-15, err_msg=each.name)


@pytest.mark.parametrize("cost", ["mean", "sum"])
def test_a_batch_is_what_numpy_by_hand_gives(cost: str) -> None:
    graph = graph_of(f"inputs: 3\nlayers:\n  - dense: 4\n    activation: tanh\n  - dense: 2\n  - softmax\nloss: cross_entropy\ncost: {cost}\nvalues: xavier\n")
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(6, 3)), np.eye(2)[draw.integers(0, 2, 6)]
    found = evaluate(graph, data={"x": x, "y": y}, learning_rate=0.1, steps=1)
    w1, b1, w2, b2 = (found.values[name] for name in ("W1", "b1", "W2", "b2"))
    a1 = np.tanh(x @ w1.T + b1)
    scores = np.exp(a1 @ w2.T + b2)
    p = scores / scores.sum(axis=1, keepdims=True)
    losses = -(y * np.log(p)).sum(axis=1)
    m = 6 if cost == "mean" else 1
    d2 = (p - y) / m
    d1 = (d2 @ w2) * (1 - a1 * a1)
    by_hand = {"W1": d1.T @ x, "b1": d1.sum(axis=0), "W2": d2.T @ a1, "b2": d2.sum(axis=0)}
    assert found.cost == pytest.approx(losses.sum() / m, rel=1e-14)
    np.testing.assert_allclose(found.values["L"], losses, rtol=1e-13)
    np.testing.assert_allclose(found.adjoints["z1"], d1, rtol=1e-12)
    np.testing.assert_allclose(found.adjoints["z2"], d2, rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(found.adjoints["L"], np.full(6, 1 / m))
    np.testing.assert_allclose(found.deltas["delta1"], d1 * m, rtol=1e-12)
    assert found.updated is not None
    for name, gradient in by_hand.items():
        np.testing.assert_allclose(found.gradients[name], gradient, rtol=1e-12, err_msg=name)
        np.testing.assert_allclose(found.updated[name], found.values[name] - 0.1 * gradient, rtol=1e-14, err_msg=name)


def test_many_steps_are_single_steps_one_after_the_other() -> None:
    text = "inputs: [x]\nnodes:\n  A: {weights: {w: x}, bias: b, activation: tanh, output: a}\nloss: squared_error\nfrozen: [b]\nlearning_rate: 0.3\n"
    graph = graph_of(text + "data: [{x: 1, y: 0.2}, {x: -0.5, y: 0.4}]\nvalues: {w: 0.7, b: 0.1}\n")
    whole = evaluate(graph, steps=5)
    w, costs = 0.7, []
    for _ in range(5):
        step = evaluate(graph, values={"w": w}, steps=1)
        costs.append(step.cost)
        assert step.updated is not None
        w = float(step.updated["w"])
    assert whole.history[:5] == pytest.approx(costs, rel=1e-15)
    assert whole.updated is not None
    assert (float(whole.updated["w"]), float(whole.updated["b"])) == (pytest.approx(w, rel=1e-15), 0.1)


def test_frozen_entries_stay() -> None:
    text = "inputs: 2\nlayers:\n  - dense: 2\nloss: squared_error\nvalues: random\nlearning_rate: 0.1\nfrozen: ['W1[2,1]', b1]\n"
    found = evaluate(graph_of(text), steps=3)
    assert found.updated is not None
    changed = found.updated["W1"] != found.values["W1"]
    assert changed.tolist() == [[True, True], [False, True]]
    assert (found.updated["b1"] == found.values["b1"]).all()
    assert (found.gradients["b1"] != 0).any()


# -- axes -----------------------------------------------------------------------------------------------------------------

LINE = "inputs: x\nparameters: [w]\ntargets: y\nequations:\n  p: w*x\n  L: (p - y)^2\nvalues: {w: 2}\n"


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        (LINE + "data: [{x: 1, y: 1}, {x: 2, y: 3}]\n", {"x": (2,), "p": (2,), "L": (2,), "w": ()}),
        (LINE + "data: [{x: 1, y: 1}]\n", {"x": (1,), "p": (1,), "L": (1,), "w": ()}),
        (LINE + "cost: single\ndata: [{x: 1, y: 1}]\n", {"x": (1,), "p": (1,), "L": (1,), "w": ()}),
        (LINE.replace("{w: 2}", "{w: 2, x: 1, y: 1}"), {"x": (), "p": (), "L": (), "w": ()}),
        (LINE.replace("{w: 2}", "{w: 2, x: 1, y: 1}") + "cost: single\n", {"x": (), "p": (), "L": (), "w": ()}),
        (LINE.replace("{w: 2}", "{w: 2, y: 1}") + "data: [{x: 1}, {x: 2}, {x: 3}]\n", {"x": (3,), "y": (3,), "p": (3,), "w": ()}),
    ],
)
def test_with_data_the_first_axis_is_the_sample(text: str, shapes: dict[str, tuple[int, ...]]) -> None:
    found = evaluate(graph_of(text))
    assert {name: found.values[name].shape for name in shapes} == shapes
    assert {name: found.adjoints[name].shape for name in shapes if name != "w"} == {name: shape for name, shape in shapes.items() if name != "w"}
    assert found.gradients["w"].shape == ()


def test_without_a_learning_rate_nothing_is_updated() -> None:
    found = evaluate(graph_of(LINE + "data: [{x: 1, y: 1}]\n"))
    assert (found.updated, found.history) == (None, (found.cost,))


def test_no_steps_leave_the_parameters() -> None:
    found = evaluate(graph_of(LINE + "data: [{x: 1, y: 1}]\n"), steps=0, learning_rate=0.1)
    assert found.updated is not None
    assert (float(found.updated["w"]), found.history) == (2.0, (found.cost,))


def test_an_evaluation_keeps_its_values_when_it_trains() -> None:
    found = evaluate(graph_of(LINE + "data: [{x: 1, y: 1}]\n"), steps=3, learning_rate=0.1)
    assert (float(found.values["w"]), found.values["p"].tolist()) == (2.0, [2.0])


def test_a_graph_is_derived_once_for_all_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    derived = []
    monkeypatch.setattr(backward, "adjoints", lambda graph, target: derived.append(target) or adjoints(graph, target))
    graph = graph_of("title: derived once\n" + LINE)
    found = [evaluate(graph, values={"x": x, "y": 1.0}) for x in (1.0, 3.0)]
    assert len(derived) == 1
    assert [float(each.gradients["w"]) for each in found] == [2.0, 30.0]


# -- what cannot be evaluated ---------------------------------------------------------------------------------------------

VECTOR = "inputs: {x: 2}\nlayers:\n  - dense: 3\nloss: squared_error\n"
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (VECTOR + "assume: one_hot(y)\n", {"values": {"x": [1, 2], "W1": [[1, 2]] * 3, "b1": [0, 0, 0], "y": [1, 1, 0]}}, "the sum of y is 2: one_hot(y) is assumed, a vector with a single 1"),
    (VECTOR + "assume: binary(y)\n", {"values": {"x": [1, 2], "W1": [[1, 2]] * 3, "b1": [0, 0, 0], "y": [1, 2, 0]}}, "y[2] is 2: binary(y) is assumed, 0 or 1"),
    (VECTOR + "assume: 'sum(y) = 1'\n", {"values": {"x": [1, 2], "W1": [[1, 2]] * 3, "b1": [0, 0, 0], "y": [1, 2, 0]}}, "the sum of y is 3: sum(y) = 1 is assumed, entries that sum to 1"),
    (VECTOR + "assume: 'x > 0'\n", {"values": {"x": [1, -2], "W1": [[1, 2]] * 3, "b1": [0, 0, 0], "y": [1, 2, 0]}}, "x > 0 is assumed, and with these values it is not so"),
    (LINE, {}, "no value is given for x, y: give them under `values:` or `data:`, or have them drawn by `values: random`"),
    (LINE + "data: [{x: 1}]\n", {}, "no value is given for y; the data has no column for it: give it under `values:` or `data:`"),
    (LINE.replace("values: {w: 2}\n", "data: [{x: 1, y: 1}]\n"), {}, "no value is given for w: give it under `values:`, or have it drawn by `values: random`"),
    (LINE, {"values": {"x": [1, 2], "y": 1}}, "x takes one number, and its value has 2 numbers"),
    (VECTOR, {"values": {"x": [1, 2], "y": [0, 0, 0], "b1": [0, 0, 0], "W1": [[1, 2, 3], [4, 5, 6]]}}, "W1 takes 3 × 2 numbers, and its value has 2 × 3 numbers"),
    (VECTOR, {"values": {"W2": 1}}, "a value is given for W2, which is no input, target, parameter, constant or size of the network (did you mean W1?)"),
    (VECTOR, {"values": {"z1": [1, 1, 1]}}, "a value is given for z1, which is computed by the network"),
    (VECTOR, {"values": {"x": [[1], [2, 3]]}}, "the value of x is not an array of numbers"),
    (VECTOR, {"values": {"x": [1, float("nan")]}}, "the value of x has an entry that is no finite number"),
    (VECTOR + "values: {'W1[1,1]': 2, x: [1, 2], y: [0, 0, 0], b1: [0, 0, 0]}\n", {}, "no value is given for W1[1,2], W1[2,1], W1[2,2], W1[3,1], W1[3,2]"),
    (VECTOR.replace("x: 2", "x: n"), {"values": {"b1": [0, 0, 0]}}, "the size of x is n, and n has no value: give it under `sizes:`, as in sizes: {n: 3}"),
    (VECTOR.replace("x: 2", "x: n"), {"values": {"n": 1.5}}, "n is a size: its value is a whole number"),
    (VECTOR.replace("x: 2", "x: n"), {"values": {"n": 0}}, "the size n is 0; it must be at least 1"),
    (VECTOR, {"data": {"x": [[1, 2]], "y": [[0, 0, 0], [1, 1, 1]]}}, "the same number of samples as their first axis: x 1 × 2, y 2 × 3"),
    (VECTOR, {"data": {"x": [[1, 2, 3]], "y": [[0, 0, 0]]}}, "x takes samples × 2 numbers, and its value has 1 × 3 numbers"),
    (VECTOR, {"data": {"z": [1]}}, "the data has z, which is no input and no target of the network"),
    (VECTOR, {"data": [{"x": [1, 2, 3], "y": [0, 0, 0]}]}, "there is no entry x[3]: it is x[1..2]"),
    (VECTOR, {"data": []}, "the data has no samples"),
    (LINE + "cost: single\ndata: [{x: 1, y: 1}, {x: 2, y: 2}]\n", {}, "`cost: single` is the loss of one sample, and the data has 2"),
    (VECTOR.replace("x: 2", "x: n") + "values: {n: 2, others: random}\nlearning_rate: 1\nfrozen: ['W1[1,3]']\n", {}, "there is no entry W1[1,3]"),
    (LINE + "data: [{x: 1, y: 1}]\n", {"steps": 3}, "steps need a learning rate: give one in the spec, `learning_rate: 0.5`"),
    (LINE + "data: [{x: 1, y: 1}]\n", {"learning_rate": -1.0}, "the learning rate is above 0, not -1.0"),
    (LINE + "data: [{x: 1, y: 1}]\n", {"learning_rate": 0.1, "optimizer": "adem"}, "there is no optimizer 'adem'; there are sgd, momentum, nesterov, adagrad, rmsprop, adam (did you mean adam?)"),
    (LINE + "data: [{x: 1, y: 1}, {x: 1e200, y: 0}]\n", {}, "L of sample 2 is inf, no finite number: it is the first in order of computation"),
    (LINE + "data: [{x: 1, y: 1}, {x: 100, y: 0}]\n", {"learning_rate": 1.0, "steps": 200}, "no finite number, in step"),
    ("inputs: x\nparameters: [w]\nequations:\n  z: w*x\n  a: log(z)\n  L: a^2\ncost: single\nvalues: {x: -1, w: 1}\n", {}, "a is nan, no finite number"),
    ("inputs: {x: 2}\nparameters: [w]\nequations:\n  a[j]: sqrt(w*x[j])\n  L: sum(a[j], j)\nvalues: {x: [1, 0], w: 1}\n", {}, "∂C/∂w is"),
    ("inputs: x\nnodes:\n  A: {weights: {w: x}, activation: f}\nloss: squared_error\nvalues: random\n", {}, "f is kept abstract, so it has no numbers: give a formula under `functions:`, as in f(z): tanh(z)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "given", "message"), WRONG)
def test_what_cannot_be_evaluated_says_why(text: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(BackpropError) as caught:
        evaluate(graph_of(text), **given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_infinite_steps_name_step_and_remedy() -> None:
    with pytest.raises(EvaluationError, match=r"is no finite number after step \d+: a smaller learning rate than 1e\+300 may help|in step \d"):
        evaluate(graph_of(LINE + "data: [{x: 1, y: 1}]\n"), learning_rate=1e300, steps=5)


# -- targets --------------------------------------------------------------------------------------------------------------

OUTPUT = "inputs: x\nlayers:\n  - dense: {}\n    activation: {}\nloss: {}\nvalues: {{x: 1, others: random}}\n"
TARGETS = [
    ("1", "sigmoid", "binary_cross_entropy", [{"x": 1, "y": 0.5}, {"x": 1, "y": 1.2}], "y[1] is 1.2 in sample 2: binary_cross_entropy takes a number from 0 to 1"),
    ("1", "identity", "bce_with_logits", [{"x": 1, "y": -1}], "y[1] is -1: bce_with_logits takes a number from 0 to 1"),
    ("3", "softmax", "cross_entropy", [{"x": 1, "y": [0.5, 0.5, 0.5]}], "the sum of y is 1.5: cross_entropy takes a vector of probabilities"),
    ("3", "softmax", "cross_entropy", [{"x": 1, "y": [2, -1, 0]}], "y[1] is 2: cross_entropy takes a vector of probabilities"),
    ("3", "identity", "softmax_cross_entropy", [{"x": 1, "y": [0, 0, 0]}], "the sum of y is 0: softmax_cross_entropy takes"),
    ("[a, b]", "softmax", "cross_entropy", [{"x": 1, "y": [0.3, 0.3]}], "the sum of y is 0.6: cross_entropy takes"),
    ("2", "identity", "multiclass_hinge", [{"x": 1, "y": [0.5, 0.5]}], "y[1] is 0.5: multiclass_hinge takes a vector with a single 1"),
    ("1", "identity", "hinge", [{"x": 1, "y": 0}], "y[1] is 0: hinge takes 1 or -1"),
    ("1", "identity", "poisson_nll", [{"x": 1, "y": -2}], "y[1] is -2: poisson_nll takes 0 or more"),
]


@pytest.mark.parametrize(("units", "activation", "loss", "data", "message"), TARGETS)
def test_targets_outside_the_domain_of_a_loss_are_refused(units: str, activation: str, loss: str, data: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluate(graph_of(OUTPUT.format(units, activation, loss)), data=data)
    assert message in str(caught.value)


def test_named_targets_are_judged_together() -> None:
    text = "inputs: x\nlayers:\n  - dense: [a, b]\n    activation: softmax\ntargets: [y1, y2]\nloss: cross_entropy\nvalues: {x: 1, y1: 0.5, y2: 0.6, others: random}\n"
    with pytest.raises(EvaluationError, match=r"y1 \+ y2 is 1.1: cross_entropy takes a vector of probabilities"):
        evaluate(graph_of(text))


@pytest.mark.parametrize("said", ["assume: []\n", "assume: ['y < 2']\n"])
def test_targets_that_need_not_sum_to_one_are_taken(said: str) -> None:
    graph = graph_of(OUTPUT.format("2", "softmax", "cross_entropy") + said)
    assert evaluate(graph, data=[{"x": 1, "y": [1, 1]}]).cost > 0
    with pytest.raises(EvaluationError, match="y\\[1\\] is -1: cross_entropy takes 0 or more"):
        evaluate(graph, data=[{"x": 1, "y": [-1, 1]}])


def test_nearly_one_is_one() -> None:
    graph = graph_of(OUTPUT.format("3", "softmax", "cross_entropy"))
    assert evaluate(graph, data=[{"x": 1, "y": [1 / 3, 1 / 3, 1 / 3]}]).cost > 0


def test_unknown_options_of_python_are_no_silent_default() -> None:
    with pytest.raises(UsageError):
        evaluate(graph_of(LINE + "data: [{x: 1, y: 1}]\n"), learning_rate=float("nan"))


def test_a_network_that_learns_nothing_is_evaluated() -> None:
    found = evaluate(graph_of("inputs: 2\nlayers: [softmax]\nloss: cross_entropy\nvalues: random\nlearning_rate: 0.1\n"), steps=2)
    assert (found.gradients, found.updated, len(found.history)) == ({}, {}, 3)
