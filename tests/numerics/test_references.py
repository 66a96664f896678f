"""The reference gradients against formulas written by hand, and against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numeric_graphs import dense, graph, leaf, node, recurrent, ref, to, total, within

from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import Apply, Bracket, Expression, Where, add, mul, neg, num, power, reciprocal
from backprop_derive.graph.indices import Affine, Pick, at_least, variable
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics import references
from backprop_derive.numerics.backends import NoComplexForm
from backprop_derive.numerics.evaluation import node_values
from backprop_derive.numerics.references import complex_step, exact, reference_gradient, richardson
from backprop_derive.numerics.smooth import named_function

DRAW = np.random.default_rng(2)
SIZES = {"n": 4, "h": 3, "q": 2, "m": 5}


def dense_values() -> dict[str, Any]:
    shapes = {"x": (5, 4), "y": (5, 2), "W1": (3, 4), "b1": (3,), "W2": (2, 3), "b2": (2,)}
    return {name: DRAW.normal(size=shape) for name, shape in shapes.items()}


def dense_gradients(v: dict[str, Any]) -> dict[str, Any]:
    a1 = np.tanh(v["x"] @ v["W1"].T + v["b1"])
    g2 = 2 * (a1 @ v["W2"].T + v["b2"] - v["y"])
    ga = g2 @ v["W2"]
    g1 = ga * (1 - a1**2)
    return {
        "W1": g1.T @ v["x"], "b1": g1.sum(0), "W2": g2.T @ a1, "b2": g2.sum(0), "x": g1 @ v["W1"], "y": -g2, "a1": ga, "z1": g1, "z2": g2, "C": np.array(1.0),
    }  # fmt: skip


def scaled_error(found: Any, expected: Any) -> float:
    return float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))


@pytest.mark.parametrize("by", ["W1", "b1", "W2", "b2", "x", "y", "z1", "a1", "z2", "C"])
def test_dense_gradients_match_the_textbook(by: str) -> None:
    values = dense_values()
    expected = dense_gradients(values)[by]
    found = complex_step(dense(to("m")), values, SIZES, "C", by)
    assert found.shape == expected.shape
    assert scaled_error(found, expected) < 2e-15


def test_pooling_by_a_choice_node_reads_what_it_chose() -> None:
    window = variable("t") * 3 - 3 + variable("k")
    chosen = variable("t") * 3 - 3 + Affine(((Pick(ref("s", "t")), 1),))
    pooled = graph(
        leaf("x", to(6)), node("s", total("k", to(3), ref("x", window), "argmax"), t=to(2)),
        node("p", ref("x", chosen), t=to(2)), node("C", total("t", to(2), power(ref("p", "t"), num(2)))),
    )  # fmt: skip
    found = complex_step(pooled, {"x": [1.0, 5.0, 2.0, 3.0, 3.0, -1.0]}, {}, "C", "x")
    np.testing.assert_allclose(found, [0, 10, 0, 6, 0, 0], rtol=1e-15)


def test_a_wrong_gradient_is_not_confirmed() -> None:
    values = dense_values()
    planted = dense_gradients(values)["W1"] * (1 + 1e-12)
    assert scaled_error(complex_step(dense(to("m")), values, SIZES, "C", "W1"), planted) > 5e-13


def test_chunks_give_the_same_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    values = dense_values()
    whole = complex_step(dense(to("m")), values, SIZES, "C", "W1")
    rows: list[int] = []
    run = references.Run
    monkeypatch.setattr(references, "MEMORY", 16 * 5 * 100)
    monkeypatch.setattr(references, "Run", lambda evaluator, batch, moved: rows.append(batch) or run(evaluator, batch, moved))
    np.testing.assert_allclose(complex_step(dense(to("m")), values, SIZES, "C", "W1"), whole, rtol=1e-14)
    assert len(rows) > 1
    assert sum(rows) == 12


def bptt(x: Any, U: Any, w: Any, h0: Any) -> dict[str, Any]:
    states = [h0]
    for each in x:
        states.append(np.tanh(U @ states[-1] + w * each))
    g, gU, gw, gx, gh = np.ones(len(w)), np.zeros_like(U), np.zeros_like(w), np.zeros_like(x), [np.ones(len(w))]
    for t in range(len(x), 0, -1):
        s = g * (1 - states[t] ** 2)
        gU, gw = gU + np.outer(s, states[t - 1]), gw + s * x[t - 1]
        gx[t - 1] = s @ w
        g = U.T @ s
        gh.insert(0, g)
    return {"U": gU, "w": gw, "x": gx, "h0": g, "h": np.array(gh)}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 4])
def test_recurrent_gradients_match_backpropagation_through_time(steps: int, reverse: bool) -> None:
    values = {"x": DRAW.normal(size=steps), "U": DRAW.normal(size=(2, 2)), "w": DRAW.normal(size=2), "h0": DRAW.normal(size=2)}
    for by, expected in bptt(**values).items():
        found = complex_step(recurrent(reverse=reverse), values, {"T": steps, "d": 2}, "C", by)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15, err_msg=by)


def test_a_node_inside_a_recurrence_moves_the_later_steps() -> None:
    t = variable("t")
    doubling = Where(Bracket(at_least(number_one(), t)), ref("x"), mul(num(2), ref("h", t - 1)))
    chain = graph(leaf("x"), node("h", doubling, t=to(4)), node("C", total("t", to(4), ref("h", "t"))))
    np.testing.assert_allclose(complex_step(chain, {"x": 3.0}, {}, "C", "h"), [15, 7, 3, 1], rtol=1e-15)
    np.testing.assert_allclose(complex_step(chain, {"x": 3.0}, {}, "h", "x"), 15, rtol=1e-15)


def number_one() -> Affine:
    return Affine((), 1)


def network(definition: Expression, **values: Any) -> tuple[Graph, dict[str, Any]]:
    leaves = [leaf(name, *(to(length) for length in np.shape(value))) for name, value in values.items()]
    return graph(*leaves, node("C", definition)), values


x, w = DRAW.uniform(0.2, 1.5, size=4), DRAW.normal(size=3)
place = variable("t") + variable("k") - 2
convolution = mul(*within(place, to(4)), ref("w", "k"), ref("x", place))
CASES = {
    "convolution": network(total("t", to(4), power(total("k", to(3), convolution), num(2))), x=x, w=w),
    "softmax": network(total("c", to(4), mul(ref("x", "c"), total("d", to(4), ref("x", "d"), "softmax", variable("c")))), x=x),
    "logsumexp": network(total("d", to(4), mul(num(3), ref("x", "d")), "logsumexp"), x=x),
    "product": network(total("k", to(4), ref("x", "k"), "prod"), x=np.array([2.0, 0.0, 3.0, 0.5])),
    "picked": network(ref("x", Affine(((Pick(ref("i")), 1),))), x=x, i=np.array(3.0)),
    "powers": network(total("k", to(4), mul(power(ref("x", "k"), reciprocal(num(3))), power(ref("x", "k"), num(-3)), Apply("sqrt", (ref("x", "k"),)))), x=x),
    "exponent": network(total("k", to(4), power(num(2), ref("x", "k"))), x=x),
    "functions": network(total("k", to(4), mul(*(Apply(name, (ref("x", "k"),)) for name in ("tan", "arctan", "log", "log10", "sigmoid", "softplus", "cosh")))), x=x),
    "branches": network(total("k", to(3), add(Apply("abs", (ref("w", "k"),)), Apply("max", (ref("w", "k"), num(0))), Apply("relu", (neg(ref("w", "k")),)), mul(ref("w", "k"), Apply("sign", (ref("w", "k"),)), Apply("step", (ref("w", "k"),))))), w=w),
    "maximum": network(total("k", to(4), mul(ref("x", "k"), ref("x", "k")), "max"), x=x),
    "abstract": network(Apply("f", (total("k", to(4), Apply("g", (ref("x", "k"),), 1)),)), x=x),
}  # fmt: skip
FUNCTIONS = {name: named_function(name) for name in "fg"}


@pytest.mark.parametrize("case", CASES)
def test_references_agree(case: str) -> None:
    built, values = CASES[case]
    for by in values:
        by_complex_step = complex_step(built, values, {}, "C", by, FUNCTIONS)
        by_exact = exact(built, values, {}, "C", by, FUNCTIONS).astype(float)
        assert np.abs(by_complex_step - by_exact).max() <= 4e-15 * max(np.abs(by_exact).max(), 1), by
        if case != "picked" or by != "i":
            by_difference, error = richardson(built, values, {}, "C", by, FUNCTIONS)
            assert (np.abs(by_difference - by_exact) <= 4 * error + 1e-14).all(), by
            assert error.max() < 1e-8 * max(1, np.abs(by_exact).max()), by


def test_product_at_a_zero() -> None:
    built, values = CASES["product"]
    np.testing.assert_allclose(complex_step(built, values, {}, "C", "x"), [0, 3, 0, 0], rtol=1e-15)


def test_tied_maximum_follows_the_first() -> None:
    tied, values = network(total("k", to(3), ref("x", "k"), "max"), x=np.array([1.0, 2.0, 2.0]))
    np.testing.assert_array_equal(complex_step(tied, values, {}, "C", "x"), [0, 1, 0])


def test_fifty_digits_are_fifty_digits() -> None:
    built, values = network(Apply("exp", (mul(num(2), ref("x")),)), x=0.75)
    found = exact(built, values, {}, "C", "x").item()
    assert abs(found - 2 * found.context.exp(found.context.mpf(3) / 2)) < 1e-38


def test_functions_without_a_complex_form_take_differences() -> None:
    built, values = network(total("k", to(4), Apply("erf", (ref("x", "k"),))), x=x)
    expected = 2 / np.sqrt(np.pi) * np.exp(-(x**2))
    with pytest.raises(NoComplexForm):
        complex_step(built, values, {}, "C", "x")
    found, error, method = reference_gradient(built, values, {}, "C", "x")
    assert method == "richardson"
    assert (np.abs(found - expected) <= 4 * error).all()
    assert error.max() < 1e-10
    np.testing.assert_allclose(exact(built, values, {}, "C", "x").astype(float), expected, rtol=1e-15)
    assert reference_gradient(*CASES["softmax"], {}, "C", "x")[2] == "complex-step"


def test_what_does_not_reach_the_target_has_gradient_zero() -> None:
    apart = graph(leaf("x"), leaf("u", to(3)), node("dead", ref("u", 1)), node("C", ref("x")))
    values = {"x": 2.0, "u": [1.0, 2.0, 3.0]}
    assert complex_step(apart, values, {}, "C", "u").tolist() == [0, 0, 0]
    assert complex_step(apart, values, {}, "C", "dead").tolist() == 0
    assert complex_step(apart, values, {}, "u", "u").tolist() == [1, 1, 1]
    with pytest.raises(EvaluationError, match="there is no node v"):
        complex_step(apart, values, {}, "C", "v")


def test_tiny_gradients_keep_their_digits() -> None:
    built, values = network(add(ref("a"), mul(power(num(10), num(-9)), Apply("tanh", (ref("b"),)))), a=1.0, b=0.3)
    np.testing.assert_allclose(complex_step(built, values, {}, "C", "b"), 1e-9 * (1 - np.tanh(0.3) ** 2), rtol=1e-14)


def test_sizes_of_zero_steps_leave_empty_gradients() -> None:
    values = {"x": np.zeros(0), "U": np.eye(2), "w": np.ones(2), "h0": np.ones(2)}
    assert complex_step(recurrent(), values, {"T": 0, "d": 2}, "C", "x").shape == (0,)
    assert node_values(recurrent(), values, {"T": 0, "d": 2})["C"] == 2


def test_differences_stay_inside_the_domain_or_say_nan() -> None:
    logarithm, values = network(Apply("log", (ref("x"),)), x=0.005)
    found, error = richardson(logarithm, values, {}, "C", "x")
    assert abs(found - 200) <= error < 1
    outside, estimate = richardson(logarithm, {"x": -1.0}, {}, "C", "x")
    assert np.isnan(outside)
    assert np.isinf(estimate)
