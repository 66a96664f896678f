"""Drawn values: the same on every machine, within their bounds, and right for what a loss takes."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from backprop_derive import build_graph, derive, evaluate, read_spec, write
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.numerics.randomness import fans, is_weight, uniform


def graph_of(text: str) -> Graph:
    return build_graph(read_spec(text))


LAYERS = "inputs: 50\nlayers:\n  - dense: 40\n    activation: relu\n  - dense: 3\n  - softmax\nloss: cross_entropy\n"


def test_the_draw_is_fixed_for_good() -> None:
    """Written down once; a machine or a NumPy on which this fails would give other numbers than the page of a fellow student."""
    assert uniform(0, "W1", (2, 2)).tolist() == [[0.15299307413803198, 0.80110647371734], [0.19331628034856363, 0.4552660271057276]]
    assert uniform(1, "W1", ()).item() == 0.9080626112008635
    assert uniform(0, "W1", (0,)).shape == (0,)


@pytest.mark.parametrize(("kind", "bound"), [("random", 1.0), ("xavier", sqrt(6 / 90)), ("he", sqrt(6 / 50))])
def test_weights_are_drawn_evenly_within_their_bound(kind: str, bound: float) -> None:
    found = evaluate(graph_of(LAYERS + f"values: {kind}\nseed: 7\n"))
    weights = found.values["W1"]
    assert 0.98 * bound < np.abs(weights).max() <= bound
    assert abs(weights.mean()) < 0.05 * bound
    assert weights.std() == pytest.approx(bound / sqrt(3), rel=0.05)
    assert (found.values["b1"] == 0).all() == (kind != "random")
    assert found.leaves.seed == 7
    assert set(found.leaves.drawn) == {"x", "W1", "b1", "W2", "b2", "y"}


def test_the_seed_is_that_of_python_then_of_the_spec_then_0() -> None:
    graph = graph_of(LAYERS + "values: random\nseed: 7\n")
    assert evaluate(graph).cost == evaluate(graph, seed=7).cost != evaluate(graph, seed=8).cost
    assert evaluate(graph_of(LAYERS + "values: random\n")).leaves.seed == 0


def test_a_leaf_has_a_stream_of_its_own() -> None:
    smaller = evaluate(graph_of("inputs: x\nnodes:\n  A: {weights: {w: x}}\nloss: squared_error\nvalues: random\n"))
    larger = evaluate(graph_of("inputs: [z, x]\nnodes:\n  A: {weights: {v: z, w: x}}\nloss: squared_error\nvalues: random\n"))
    assert smaller.values["w"] == larger.values["w"]


def test_what_is_given_is_not_drawn() -> None:
    found = evaluate(graph_of(LAYERS + "values: {b1: " + str([0.5] * 40) + ", 'W2[1,1]': 9, others: he}\n"))
    assert (found.values["b1"] == 0.5).all()
    assert found.values["W2"][0, 0] == 9
    assert "b1" not in found.leaves.drawn


def test_nothing_drawn_has_no_seed() -> None:
    found = evaluate(graph_of("inputs: x\nnodes:\n  A: {weights: {w: x}}\nloss: squared_error\nvalues: {x: 1, w: 1, y: 1, others: random}\n"))
    assert (found.leaves.drawn, found.leaves.seed) == ((), None)


@pytest.mark.parametrize(
    ("loss", "right"),
    [
        ("cross_entropy", lambda y: sorted(y) == [0, 0, 1]),
        ("multiclass_hinge", lambda y: sorted(y) == [0, 0, 1]),
        ("binary_cross_entropy", lambda y: set(y) <= {0, 1}),
        ("hinge", lambda y: set(y) <= {-1, 1}),
        ("poisson_nll", lambda y: all(each >= 0 and each == round(each) for each in y)),
        ("squared_error", lambda y: all(-1 <= each <= 1 for each in y)),
    ],
)
def test_targets_are_drawn_so_that_the_loss_takes_them(loss: str, right: object) -> None:
    for seed in range(5):
        found = evaluate(graph_of(f"inputs: 2\nlayers:\n  - dense: 3\n    activation: softmax\nloss: {loss}\nvalues: random\n"), seed=seed)
        assert callable(right)
        assert right(found.values["y"].tolist()), seed


def test_targets_of_which_something_is_assumed_are_drawn_so() -> None:
    text = "inputs: 2\nlayers:\n  - dense: 3\nloss: squared_error\nassume: one_hot(y)\nvalues: random\n"
    assert sorted(evaluate(graph_of(text)).values["y"].tolist()) == [0, 0, 1]


NAMED = "inputs: [x1, x2]\nlayers:\n  - dense: [h1, h2, h3]\n    weights: [[w1, w2], [w3, w4], [w5, w6]]\n    bias: [b1, b2, b3]\n  - dense: [o]\n    weights: [[v1, v2, v3]]\n    bias: false\nloss: squared_error\n"


@pytest.mark.parametrize(("name", "expected"), [("w1", (2, 3)), ("w6", (2, 3)), ("v2", (3, 1))])
def test_named_weights_have_the_fans_of_their_units(name: str, expected: tuple[int, int]) -> None:
    graph = graph_of(NAMED)
    assert fans(graph, graph.node(name), ()) == expected
    assert is_weight(graph, name)


@pytest.mark.parametrize("name", ["b1", "b3"])
def test_biases_are_no_weights(name: str) -> None:
    assert not is_weight(graph_of(NAMED), name)


def test_classes_are_derived_and_checked_as_one_hot_vectors() -> None:
    graph = graph_of("inputs: 2\nlayers:\n  - dense: 3\n  - softmax\ntargets: {y: classes}\nloss: cross_entropy\n")
    assert graph.assumed == ("one_hot(y)",)
    report = check_gradients(derive(graph), seeds=(0,))
    assert report.passed
    derivation = derive(graph)
    assert write(derivation, derivation.gradient("b1").gradient) == "1/m*sum(a1[j] - y[j], i)"
    assert derivation.gradient("b1").assumptions == ("one_hot(y)",)


def test_constants_are_drawn_above_0() -> None:
    text = "inputs: 2\nlayers:\n  - dense: 1\nloss: squared_error\nregularization: {l2: lambda, of: weights}\nvalues: {}\n"
    for seed in range(20):
        found = evaluate(graph_of(text.replace("{}", "random")), seed=seed)
        assert 0 < found.values["lambda"] < 1
