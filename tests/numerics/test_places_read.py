"""Reading nodes at indices, and what cannot be evaluated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numeric_graphs import graph, leaf, node, of, recurrent, ref, to, total

from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import (
    Apply,
    Bracket,
    Compare,
    Where,
    mul,
    num,
    power,
    reciprocal,
)  # fmt: skip
from backprop_derive.graph.indices import Affine, Pick, at_least, equal, number, quotient, size, variable
from backprop_derive.graph.nodes import Node, Piece
from backprop_derive.numerics.evaluation import node_values

DRAW = np.random.default_rng(1)
X, W, B = DRAW.normal(size=5), DRAW.normal(size=(3, 5)), DRAW.normal(size=3)


@pytest.mark.parametrize(
    ("indices", "expected"),
    [
        ((variable("t") * 2, "k"), lambda A: A[1::2]),
        ((variable("t") + 1, "k"), lambda A: A[1:3]),
        ((number(3) - variable("t"), "k"), lambda A: A[1::-1]),
        ((2, "k"), lambda A: np.array([A[1], A[1]])),
        (("t", "t"), lambda A: np.diag(A)[:2, None]),
        (("k", "t"), lambda A: A.T[:2]),
        ((variable("t") + variable("k") - 1, "t"), lambda A: np.array([[A[t + k, t] for k in range(3)] for t in range(2)])),
        ((quotient(variable("k") + 1, 2), variable("t") + 1), lambda A: np.array([[A[(k + 2) // 2 - 1, t + 1] for k in range(3)] for t in range(2)])),
    ],
)
def test_reads_match_numpy(indices: tuple[Any, ...], expected: Any) -> None:
    A = DRAW.normal(size=(4, 4)) if indices != ("k", "t") else DRAW.normal(size=(3, 4))
    A = A[:, :3] if indices[-1] == "k" else A
    found = of(ref("A", *indices), {"A": A}, t=to(2), k=to(3))
    np.testing.assert_array_equal(found, np.broadcast_to(expected(A), (2, 3)))


def test_picked_row_is_looked_up() -> None:
    table, word = DRAW.normal(size=(4, 3)), [4, 1, 4]
    picked = Affine(((Pick(ref("word", "i")), 1),))
    found = of(ref("E", picked, "j"), {"E": table, "word": word}, i=to(3), j=to(3))
    np.testing.assert_array_equal(found, table[[3, 0, 3]])
    with pytest.raises(EvaluationError, match=r"E\[5,…\] is read by out, outside the range 1\.\.4"):
        of(ref("E", picked, "j"), {"E": table, "word": [5, 1, 4]}, i=to(3), j=to(3))
    with pytest.raises(EvaluationError, match=r"1\.5 is not a whole number"):
        of(ref("E", picked, "j"), {"E": table, "word": [1.5, 1, 4]}, i=to(3), j=to(3))


@pytest.mark.parametrize("index", [variable("t") + 1, variable("t") * 2, variable("t") - 1, number(6), number(0) - variable("t")])
def test_unguarded_read_outside_the_range_raises(index: Affine) -> None:
    with pytest.raises(EvaluationError, match=r"x\[-?\d\] is read by out, outside the range 1\.\.5"):
        of(ref("x", index), {"x": X}, t=to(5))


def test_guarded_reads_may_be_outside() -> None:
    t = variable("t")
    by_bracket = mul(Bracket(at_least(t, number(2))), reciprocal(ref("x", t - 1)))
    by_where = Where(Bracket(equal(t, number(1))), num(7), Apply("log", (power(ref("x", t - 1), num(2)),)))
    by_value = Where(Compare(">", ref("g", "t"), num(0)), ref("x", t - 1), num(0))
    np.testing.assert_allclose(of(by_bracket, {"x": X}, t=to(6)), [0, *(1 / X)])
    np.testing.assert_allclose(of(by_where, {"x": X}, t=to(6)), [7, *np.log(X**2)])
    np.testing.assert_allclose(of(by_value, {"x": X, "g": [0, 1, 0, 1, 0, 1]}, t=to(6)), [0, X[0], 0, X[2], 0, X[4]])
    with pytest.raises(EvaluationError, match=r"x\[0\]"):
        of(by_value, {"x": X, "g": [1, 1, 0, 1, 0, 1]}, t=to(6))
    with pytest.raises(EvaluationError, match=r"x\[0\]"):
        of(total("k", to(2), mul(Bracket(at_least(variable("k"), number(1))), ref("x", t - 1))), {"x": X}, t=to(6))


def test_nothing_is_read_over_no_places() -> None:
    assert of(ref("x", number(9)), {"x": X}, t=to(0)).shape == (0,)
    assert of(ref("x", variable("k") + 9), {"x": X}, t=to(0), k=to(2)).shape == (0, 2)


def test_triangular_sums_leave_out_what_the_condition_excludes() -> None:
    below = Bracket(at_least(variable("t"), variable("k")))
    lower = np.tril(np.ones((5, 5)))
    values = {"x": X, "A": DRAW.normal(size=(5, 5))}
    np.testing.assert_allclose(of(total("k", to(5), mul(below, ref("x", "k"))), values, t=to(5)), lower @ X, rtol=1e-14)
    found = of(total("k", to(5), mul(ref("A", "t", "k"), below, ref("x", "k"))), values, t=to(5))
    np.testing.assert_allclose(found, (lower * values["A"]) @ X, rtol=1e-14)
    np.testing.assert_allclose(of(total("k", to(5), below), {}, t=to(5)), [1, 2, 3, 4, 5])


def test_mask_beats_infinity() -> None:
    values = {"x": [0.0, 1.0, 0.0], "w": [2.0, 3.0, 4.0]}
    same = Bracket(equal(variable("t"), variable("k")))
    found = of(total("k", to(3), mul(same, reciprocal(ref("x", "k")), ref("w", "t"))), values, t=to(3))
    np.testing.assert_array_equal(found, [np.inf, 3, np.inf])
    np.testing.assert_array_equal(of(mul(Compare(">", ref("x", "t"), num(0)), reciprocal(ref("x", "t"))), values, t=to(3)), [0, 1, 0])


def test_place_without_definition_raises() -> None:
    values = {"x": X, "U": DRAW.normal(size=(2, 2)), "w": B[:2], "h0": B[1:]}
    with pytest.raises(EvaluationError, match=r"h\[0,1\] has no definition"):
        node_values(recurrent(h0=False), values, {"T": 5, "d": 2})
    twice = Node("u", ("t",), (to(2),), (Piece((variable("t"),), (("t", to(2)),), num(1)), Piece((number(2),), (), num(1))))
    with pytest.raises(EvaluationError, match=r"u\[2\] has two definitions"):
        node_values(graph(twice), {}, {})
    beyond = Node("u", ("t",), (to(2),), (Piece((variable("t"),), (("t", to(3)),), num(1)),))
    with pytest.raises(EvaluationError, match="u is defined outside its range"):
        node_values(graph(beyond), {}, {})


def test_missing_and_misshapen_values_raise() -> None:
    simple = graph(leaf("x", to("n")), leaf("w"), node("C", ref("w")))
    with pytest.raises(EvaluationError, match="x, w"):
        node_values(simple, {}, {"n": 2})
    with pytest.raises(EvaluationError, match="x has the shape 3, and its value has 2"):
        node_values(simple, {"x": [1, 2], "w": 1}, {"n": 3})
    with pytest.raises(EvaluationError, match="w has the shape of a single number, and its value has 1 × 2"):
        node_values(simple, {"x": [1, 2, 3], "w": [[1, 2]]}, {"n": 3})
    with pytest.raises(EvaluationError, match="x is not an array of numbers"):
        node_values(simple, {"x": [[1], [1, 2]], "w": 1}, {"n": 2})
    with pytest.raises(EvaluationError, match="size n has no value"):
        node_values(simple, {"x": [1, 2], "w": 1}, {})


def test_bad_sizes_raise() -> None:
    simple = graph(leaf("x", to("n")), smallest={"T": 0})
    with pytest.raises(EvaluationError, match="size n is 0"):
        node_values(simple, {"x": []}, {"n": 0})
    with pytest.raises(EvaluationError, match="size T is -1"):
        node_values(simple, {"x": [1]}, {"n": 1, "T": -1})
    with pytest.raises(EvaluationError, match="the axis of y runs from 1 to -2: its length would be -2"):
        node_values(graph(leaf("y", to(size("n") - 4))), {"y": []}, {"n": 2})


def test_unknown_names_raise() -> None:
    with pytest.raises(EvaluationError, match=r"out mentions weigth.*mean weight"):
        node_values(graph(leaf("weight"), node("out", ref("weigth"))), {"weight": 1}, {})
    with pytest.raises(EvaluationError, match="index k has no range"):
        of(ref("x", "k"), {"x": X})
