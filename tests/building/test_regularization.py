"""`regularization:`: what is penalised, the gradient it adds in every form, and errors."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from backprop_derive.building.formulas import read_formula
from backprop_derive.building.network import build_graph
from backprop_derive.building.scope import scope_of
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.errors import SpecError
from backprop_derive.numerics.evaluation import node_values
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.formulas import write
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import read_spec

NEURON = "inputs: [x1, x2]\nnodes:\n  A: {weights: {w1: x1, w2: x2}, bias: b, activation: tanh, output: a}\ntargets: y\nloss: half_squared_error\n"
EQUATIONS = "inputs: x\nparameters: [w]\nequations:\n  a: w*x\ntargets: y\nloss: half_squared_error\n"
LAYERS = "inputs: {x: n}\nlayers:\n  - dense: h\n    activation: tanh\n  - dense: 3\n  - softmax\nloss: cross_entropy\n"


def derivation_of(text: str) -> Derivation:
    return derive(build_graph(read_spec(text, "net.yaml")))


def penalty(derivation: Derivation) -> str:
    name = derivation.graph.cost.regularizer
    assert name is not None
    return write(derivation, derivation.graph.node(name).pieces[0].definition)


def gradient(derivation: Derivation, name: str) -> str:
    return write(derivation, derivation.gradient(name).gradient)


# -- what is penalised, and by how much ---------------------------------------------------------------------------------

LOSS = "1/m*sum((a - y)*(1 - a^2)*x1, i)"
PENALTIES = [  # the key, R, what is added to the gradients of w1 and of b
    ("{l2: lambda}", "1/2*lambda*(w1^2 + w2^2)", " + lambda*w1", ""),
    ("{l2: lambda/m, of: weights}", "1/2*lambda/m*(w1^2 + w2^2)", " + lambda/m*w1", ""),
    ("{l2: 0.1, of: all}", "0.05*(w1^2 + w2^2 + b^2)", " + 0.1*w1", " + 0.1*b"),
    ("{l2: 2*mu, of: [w1, b]}", "mu*(w1^2 + b^2)", " + 2*mu*w1", " + 2*mu*b"),
    ("{l2: lambda, of: w2}", "1/2*lambda*w2^2", "", ""),
    ("{l1: lambda}", "lambda*(abs(w1) + abs(w2))", " + lambda*sign(w1)", ""),
    ("{l1: alpha, l2: beta}", "alpha*(abs(w1) + abs(w2)) + 1/2*beta*(w1^2 + w2^2)", " + alpha*sign(w1) + beta*w1", ""),
]


@pytest.mark.parametrize(("key", "written", "to_weight", "to_bias"), PENALTIES)
def test_the_penalty_and_what_it_adds(key: str, written: str, to_weight: str, to_bias: str) -> None:
    derivation = derivation_of(NEURON + f"regularization: {key}\n")
    assert penalty(derivation) == written
    assert gradient(derivation, "w1") == LOSS + to_weight
    assert gradient(derivation, "b") == "1/m*sum((a - y)*(1 - a^2), i)" + to_bias
    report = check_gradients(derivation)
    assert report.passed
    assert report.power.survivors == ()


@pytest.mark.parametrize(("cost", "front"), [("mean", "1/m*sum((a - y)*(1 - a^2)*x1, i)"), ("sum", "sum((a - y)*(1 - a^2)*x1, i)"), ("single", "(a - y)*(1 - a^2)*x1")])
def test_the_penalty_is_added_once_after_every_kind_of_cost(cost: str, front: str) -> None:
    derivation = derivation_of(NEURON + f"cost: {cost}\nregularization: {{l2: lambda}}\n")
    assert derivation.graph.cost.name == "C"
    assert gradient(derivation, "w1") == front + " + lambda*w1"
    assert check_gradients(derivation).passed


def test_arrays_of_symbolic_size() -> None:
    derivation = derivation_of(LAYERS + "regularization: {l2: lambda/m}\n")
    assert penalty(derivation) == "1/2*lambda/m*(sum(sum(W1[j,k]^2, k), j) + sum(sum(W2[j,k]^2, k), j))"
    assert gradient(derivation, "W2") == "1/m*sum((a2[j] - y[j])*a1[k], i) + lambda/m*W2[j,k]"
    assert gradient(derivation, "b2") == "1/m*sum(a2[j] - y[j], i)"
    assert write(derivation, derivation.element("W2", (2, 1)).gradient) == "1/m*sum((a2[2] - y[2])*a1[1], i) + lambda/m*W2[2,1]"
    assert check_gradients(derivation).passed


def test_every_form_has_it() -> None:
    derivation = derivation_of(NEURON + "regularization: {l2: lambda}\n")
    found = derivation.gradient("w1")
    assert write(derivation, found.expansion) == "1/m*sum(dL/da*da/dz_A*dz_A/dw1, i) + dR/dw1"
    assert write(derivation, found.backward) == "1/m*sum(delta_A*x1, i) + lambda*w1"
    assert write(derivation, derivation.closed("w1")).endswith(" + lambda*w1")
    assert "dR/dw1" in [write(derivation, factor.partial) for factor in found.factors]


def test_the_steps_show_the_sum_rule_and_the_penalty() -> None:
    derivation = derivation_of(NEURON + "regularization: {l2: lambda}\n")
    steps = derivation.gradient("w1").steps
    assert [step.rule for step in steps[:2]] == ["sum rule", "chain rule"]
    assert write(derivation, steps[0].after) == "1/m*sum(dL/dw1, i) + dR/dw1"
    (of_penalty,) = [step for step in steps if step.rule == "derivative of the penalty"]
    assert "dR/dw1" in write(derivation, of_penalty.before)
    assert write(derivation, of_penalty.after).endswith(" + lambda*w1")
    assert all(before.after == after.before for before, after in pairwise(steps))
    assert steps[-1].after == derivation.gradient("w1").gradient


def test_a_parameter_that_only_the_penalty_reaches() -> None:
    derivation = derivation_of("inputs: x\nparameters: [w, u]\nequations:\n  a: w*x\nloss: half_squared_error\ntargets: y\nregularization: {l2: lambda, of: all}\n")
    assert gradient(derivation, "u") == "lambda*u"
    assert [step.rule for step in derivation.gradient("u").steps] == ["sum rule", "derivative of the penalty"]
    assert check_gradients(derivation).passed


def test_a_wrong_penalty_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_derive.calculus import derivation as module

    monkeypatch.setattr(module, "penalty_on", lambda *_: None)
    report = check_gradients(derivation_of(NEURON + "regularization: {l2: lambda}\n"))
    assert {name: check.passed for name, check in report.parameters.items()} == {"w1": False, "w2": False, "b": True}


# -- a published value: Andrew Ng, Machine Learning, exercise 3, lrCostFunction --------------------------------------------


def test_regularised_logistic_regression_of_the_course() -> None:
    text = "inputs: [x1, x2, x3]\nnodes:\n  P: {weights: {t1: x1, t2: x2, t3: x3}, bias: t0, activation: sigmoid}\ntargets: y\nloss: binary_cross_entropy\nregularization: {l2: lambda/m}\n"
    derivation = derivation_of(text)
    data = np.reshape(np.arange(1, 16), (3, 5)) / 10
    values = {"x1": data[0], "x2": data[1], "x3": data[2], "y": np.array([1.0, 0, 1, 0, 1]), "t0": -2.0, "t1": -1.0, "t2": 1.0, "t3": 2.0, "lambda": 3.0}
    graph = derivation.graph
    evaluator = Evaluator(graph, node_values(graph, values, {"m": 5}), {"m": 5})
    found = [float(evaluator.expression(derivation.gradient(name).gradient, (), ())) for name in ("t0", "t1", "t2", "t3")]
    assert found == pytest.approx([0.146561, -0.548558, 0.724722, 1.398003], abs=5e-7)


# -- symbols ------------------------------------------------------------------------------------------------------------


def constants(derivation: Derivation) -> list[str]:
    return [node.name for node in derivation.graph.nodes if node.role == "constant"]


def test_a_symbol_is_a_constant_and_m_the_number_of_samples() -> None:
    assert constants(derivation_of(NEURON + "regularization: {l2: lambda/m}\n")) == ["lambda"]
    assert constants(derivation_of(NEURON + "constants: [lambda]\nregularization: {l2: λ}\n")) == ["lambda"]
    assert constants(derivation_of(NEURON + "regularization: {l2: pi*rho, l1: rho}\n")) == ["rho"]


def test_a_single_sample_has_no_number_of_samples() -> None:
    assert constants(derivation_of(NEURON + "cost: single\nregularization: {l2: lambda/m}\n")) == ["lambda", "m"]


def test_names_of_the_spec_win_over_the_number_of_samples() -> None:
    derivation = derivation_of(LAYERS.replace("{x: n}", "{x: m}") + "regularization: {l2: lambda/m}\n")
    assert derivation.graph.samples is not None
    assert derivation.graph.samples.size == "M"
    assert gradient(derivation, "W2") == "1/M*sum((a2[j] - y[j])*a1[k], i) + lambda/m*W2[j,k]"
    assert check_gradients(derivation).passed


def test_the_letters_of_the_tool_step_aside() -> None:
    derivation = derivation_of(NEURON.replace("w1", "R").replace("w2", "C") + "regularization: {l2: i}\n")
    assert (derivation.graph.cost.regularizer, derivation.graph.cost.name) == ("Omega", "J")
    assert derivation.graph.samples is not None
    assert derivation.graph.samples.index == "s"
    assert check_gradients(derivation).passed


def test_values_may_name_the_symbols() -> None:
    assert constants(derivation_of(NEURON + "regularization: {l2: lambda}\nvalues: {lambda: 0.01}\n")) == ["lambda"]


# -- what counts as a weight ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        (LAYERS, ["W1", "W2"]),
        ("inputs: [x1, x2]\nlayers:\n  - dense: [h1, h2]\n    weights: [[w1, w2], [w3, w4]]\n    bias: {shared: b1}\n  - dense: 1\nloss: half_squared_error\n", ["w1", "w2", "w3", "w4", "W2"]),
        ("inputs: 2\nlayers:\n  - dense: 2\n    bias: [ba, bb]\n  - dense: 2\n    weights: W1\nloss: half_squared_error\n", ["W1"]),
        (NEURON, ["w1", "w2"]),
        (EQUATIONS.replace("w*x", "w*x + b").replace("[w]", "[b, w]"), ["w"]),
        ("inputs: 3\nlayers:\n  - dense: 2\n    bias: false\n  - dense: 3\n    weights: W1^T\nloss: half_squared_error\n", ["W1"]),
    ],
)
def test_weights_are_no_biases(text: str, weights: list[str]) -> None:
    graph = derivation_of(text + "regularization: {l2: lambda, of: weights}\n").graph
    assert graph.cost.regularizer is not None
    assert [name for name in graph.parents[graph.cost.regularizer] if name != "lambda"] == weights


# -- pages -----------------------------------------------------------------------------------------------------------------


def test_the_page_says_it() -> None:
    derivation = derivation_of(NEURON + "regularization: {l2: lambda}\n")
    text = render(present(derivation, weights=[("w1", None)]), "terminal")
    for line in (
        "Cost      C = 1/m Σ_i L + R, the mean over m samples plus the penalty R",
        "Penalty   R = ½λ·(w1² + w2²), L2 (weight decay) on w1, w2",
        "∂C/∂w1 = 1/m Σ_i δ_A·x1 + λ·w1",
        "∂R/∂w1 ",
        "∂C/∂w1 = 1/m Σ_i (a − y)·(1 − a²)·x1 + λ·w1",
    ):
        assert line in text


@pytest.mark.parametrize("network", [NEURON, LAYERS, NEURON + "cost: sum\n"])
def test_what_is_printed_is_read_back(network: str) -> None:
    derivation = derivation_of(network + "regularization: {l1: mu, l2: lambda/m}\n")
    graph = derivation.graph
    for name in graph.parameters:
        node, found = graph.node(name), derivation.gradient(name).gradient
        scope = replace(scope_of(graph), indices=dict(zip(node.letters, node.axes, strict=True)))
        assert write(derivation, read_formula(write(derivation, found), scope)) == write(derivation, found)


def test_the_record_has_it() -> None:
    import json

    derivation = derivation_of(NEURON + "regularization: {l2: lambda}\n")
    record = json.loads(render(present(derivation), "json"))
    assert record["cost"]["text"] == "1/m*sum(L, i) + R"
    assert record["gradients"]["w1"]["gradient"]["text"] == LOSS + " + lambda*w1"
    assert record["gradients"]["w1"]["expansion"]["text"].endswith(" + dR/dw1")


# -- errors ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "key", "path", "message"),
    [
        (NEURON, "0.1", "regularization", "a mapping is expected here, such as {l2: lambda, of: weights}"),
        (NEURON, "{of: weights}", "regularization", "regularization needs l1 or l2"),
        (NEURON, "{l3: 1, l2: 1}", "regularization.l3", "regularization has no key 'l3': l1, l2, of"),
        (NEURON, "{l2: }", "regularization.l2", "is missing here"),
        (NEURON, "{l2: 0}", "regularization.l2", "the factor is above 0"),
        (NEURON, "{l2: -1}", "regularization.l2", "the factor is above 0"),
        (NEURON, "{l2: 2 lambda}", "regularization.l2", "*"),
        (NEURON, "{l2: w1}", "regularization.l2", "'w1' cannot stand here"),
        (NEURON, "{l2: x1}", "regularization.l2", "'x1' cannot stand here"),
        (NEURON, "{l2: a}", "regularization.l2", "'a' cannot stand here"),
        (NEURON, "{l2: foo(2)}", "regularization.l2", "'foo' is not a function"),
        (NEURON, "{l2: 1, of: [w3]}", "regularization.of[0]", "'w3' is no parameter"),
        (NEURON, "{l2: 1, of: []}", "regularization.of", "the list of parameters is empty"),
        (NEURON, "{l2: 1, of: x1}", "regularization.of", "'x1' is no parameter"),
        (NEURON, "{l2: 1, of: 'w1[1]'}", "regularization.of", "a name without indices"),
        (EQUATIONS, "{l2: 1}", "regularization", "with equations, regularization needs `of:`"),
    ],
)
def test_wrong_penalties(network: str, key: str, path: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        build_graph(read_spec(network + f"regularization: {key}\n", "net.yaml"))
    (problem,) = caught.value.problems
    assert (problem.path, message in problem.message) == (path, True), problem
