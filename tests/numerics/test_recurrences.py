"""Nodes that refer to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numeric_graphs import form, graph, leaf, node, recurrent, ref, to, total

from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import (
    Bracket,
    Where,
    add,
    mul,
    num,
)  # fmt: skip
from backprop_derive.graph.indices import Affine, equal, number, variable
from backprop_derive.graph.nodes import Node, Piece
from backprop_derive.numerics.evaluation import node_values

DRAW = np.random.default_rng(1)
X, W, B = DRAW.normal(size=5), DRAW.normal(size=(3, 5)), DRAW.normal(size=3)


def hand_rnn(x: Any, U: Any, w: Any, h0: Any) -> Any:
    states = [h0]
    for each in x:
        states.append(np.tanh(U @ states[-1] + w * each))
    return np.array(states)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 4])
def test_recurrence_matches_a_loop(steps: int, reverse: bool) -> None:
    values = {"x": X[:steps], "U": DRAW.normal(size=(2, 2)), "w": B[:2], "h0": B[1:]}
    found = node_values(recurrent(reverse=reverse), values, {"T": steps, "d": 2})
    expected = hand_rnn(**values)
    assert found["s"].shape == (steps, 2)
    np.testing.assert_allclose(found["h"], expected, rtol=1e-14)
    np.testing.assert_allclose(found["C"], expected[-1].sum(), rtol=1e-14)


def test_backward_recurrence_runs_from_the_end() -> None:
    t = variable("t")
    state = Node("g", ("t",), (to(6),), (
        Piece((t,), (("t", to(5)),), add(mul(num(2), ref("g", t + 1)), ref("x", "t"))),
        Piece((number(6),), (), num(1)),
    ))  # fmt: skip
    expected = [1.0]
    for each in X[::-1]:
        expected.append(2 * expected[-1] + each)
    np.testing.assert_allclose(node_values(graph(state, leaf("x", to(5))), {"x": X}, {})["g"], expected[::-1], rtol=1e-14)


def test_recurrence_along_another_axis_than_the_first() -> None:
    t = variable("t")
    running = Where(Bracket(equal(t, number(1))), ref("x", "i", "t"), add(ref("s", "i", t - 1), ref("x", "i", "t")))
    found = node_values(graph(leaf("x", to(3), to(5)), node("s", running, i=to(3), t=to(5))), {"x": W}, {})["s"]
    np.testing.assert_allclose(found, np.cumsum(W, axis=1), rtol=1e-14)


@pytest.mark.parametrize("index", [form("t"), variable("t") * 2, number(3) - variable("t"), number(1)])
def test_self_reference_raises(index: Affine) -> None:
    with pytest.raises(EvaluationError, match="loop refers to itself"):
        node_values(graph(node("loop", ref("loop", index), t=to(3))), {}, {})


def test_circle_and_shifts_both_ways_raise() -> None:
    t = variable("t")
    circle = graph(node("u", ref("v", "t"), t=to(3)), node("v", ref("u", "t"), t=to(3)))
    with pytest.raises(EvaluationError, match="u, v refer to each other"):
        node_values(circle, {}, {})
    with pytest.raises(EvaluationError, match="u, v refer to each other"):
        node_values(graph(node("u", ref("v", t - 1), t=to(3)), node("v", ref("u", t + 1), t=to(3))), {}, {})
    hidden = graph(node("u", total("t", to(3), ref("u", t - 1)), t=to(3)))
    with pytest.raises(EvaluationError, match="u refers to itself"):
        node_values(hidden, {}, {})
