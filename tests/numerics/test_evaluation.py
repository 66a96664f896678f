"""The forward pass against NumPy written by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numeric_graphs import dense, graph, leaf, node, of, ref, to, total, within

from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import (
    Bracket,
    Integer,
    Number,
    Where,
    add,
    mul,
    neg,
    num,
    power,
    reciprocal,
)  # fmt: skip
from backprop_derive.graph.indices import Affine, at_least, number, quotient, size, variable
from backprop_derive.numerics.backends import exact_backend
from backprop_derive.numerics.evaluation import Evaluator, node_values

DRAW = np.random.default_rng(1)
X, W, B = DRAW.normal(size=5), DRAW.normal(size=(3, 5)), DRAW.normal(size=3)


def test_dense_matches_numpy() -> None:
    values = {"x": X, "y": DRAW.normal(size=2), "W1": W, "b1": B, "W2": DRAW.normal(size=(2, 3)), "b2": DRAW.normal(size=2)}
    found = node_values(dense(), values, {"n": 5, "h": 3, "q": 2})
    z2 = values["W2"] @ np.tanh(W @ X + B) + values["b2"]
    np.testing.assert_allclose(found["z2"], z2, rtol=1e-15)
    np.testing.assert_allclose(found["C"], np.sum((values["y"] - z2) ** 2), rtol=1e-14)


def test_batch_matches_numpy() -> None:
    x, y = DRAW.normal(size=(7, 5)), DRAW.normal(size=(7, 2))
    values = {"x": x, "y": y, "W1": W, "b1": B, "W2": DRAW.normal(size=(2, 3)), "b2": DRAW.normal(size=2)}
    found = node_values(dense(to("m")), values, {"n": 5, "h": 3, "q": 2, "m": 7})
    z2 = np.tanh(x @ W.T + B) @ values["W2"].T + values["b2"]
    assert found["a1"].shape == (7, 3)
    np.testing.assert_allclose(found["z2"], z2, rtol=1e-14)
    np.testing.assert_allclose(found["C"], np.sum((y - z2) ** 2), rtol=1e-14)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("kernel", [1, 3, 4])
def test_convolution_matches_numpy(stride: int, padding: int, kernel: int) -> None:
    w = DRAW.normal(size=kernel)
    place = variable("t") * stride + variable("k") - (stride + padding)
    length = quotient(size("n") + (2 * padding - kernel), stride) + 1
    body = mul(*within(place, to("n")), ref("w", "k"), ref("x", place))
    padded = np.pad(X, padding)
    expected = [padded[start : start + kernel] @ w for start in range(0, len(padded) - kernel + 1, stride)]
    found = of(total("k", to(kernel), body), {"w": w, "x": X}, {"n": 5}, t=to(length))
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_convolution_of_images_matches_numpy() -> None:
    image, filters = DRAW.normal(size=(2, 3, 6, 5)), DRAW.normal(size=(4, 3, 3, 2))
    body = mul(ref("F", "o", "c", "r", "s"), ref("x", "i", "c", variable("p") + variable("r") - 1, variable("q") + variable("s") - 1))
    whole = total("c", to(3), total("r", to(3), total("s", to(2), body)))
    found = of(whole, {"F": filters, "x": image}, i=to(2), o=to(4), p=to(4), q=to(4))
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 2), axis=(2, 3))
    np.testing.assert_allclose(found, np.einsum("icpqrs,ocrs->iopq", windows, filters), rtol=1e-13, atol=1e-14)


def test_attention_with_causal_mask_matches_numpy() -> None:
    query, key, value = DRAW.normal(size=(3, 4, 2))
    score = total("k", to(2), mul(ref("q", "t", "k"), ref("k", "u", "k")))
    masked = Where(Bracket(at_least(variable("t"), variable("u"))), score, num(-1000))
    weights = total("u", to(4), masked, "softmax", variable("v"))
    found = of(total("v", to(4), mul(weights, ref("v", "v", "d"))), {"q": query, "k": key, "v": value}, t=to(4), d=to(2))
    scores = np.where(np.tril(np.ones((4, 4))) > 0, query @ key.T, -1000)
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(found, raised / raised.sum(axis=1, keepdims=True) @ value, rtol=1e-13)


def test_empty_sums_are_zero_and_empty_products_one() -> None:
    x = ref("x", "k")
    before = Affine(((next(variable("t").atoms()), 1),), -1)
    assert of(total("k", to(0), x), {"x": X}) == 0
    assert of(total("k", to(0), num(3))) == 0
    assert of(total("k", to(0), x, "prod"), {"x": X}) == 1
    np.testing.assert_allclose(of(total("k", to(before), x), {"x": X}, t=to(5)), [0, *np.cumsum(X)[:-1]])
    np.testing.assert_allclose(of(total("k", to(before), x, "prod"), {"x": X}, t=to(5)), [1, *np.cumprod(X)[:-1]])
    with pytest.raises(EvaluationError, match="over no places"):
        of(total("k", to(before), x, "max"), {"x": X}, t=to(5))


def test_sum_of_what_does_not_depend_on_the_index_counts_places() -> None:
    assert of(total("k", to(5), num(3))) == 15
    np.testing.assert_allclose(of(total("k", to(5), mul(ref("b", "t"), ref("b", "t"))), {"b": B}, t=to(3)), 5 * B**2)
    np.testing.assert_allclose(of(total("k", to(5), total("t", to(3), ref("b", "t"))), {"b": B}), 5 * B.sum())


@pytest.mark.parametrize("seed", range(8))
def test_products_of_many_factors_match_einsum(seed: int) -> None:
    draw = np.random.default_rng(seed)
    letters, lengths = "ijkl", dict(zip("ijkl", (2, 3, 1, 4), strict=True))
    parts = ["".join(draw.permutation(list(letters))[: draw.integers(1, 4)]) for _ in range(4)]
    values = {f"A{at}": draw.normal(size=[lengths[each] for each in part]) for at, part in enumerate(parts)}
    body = mul(*(ref(f"A{at}", *part) for at, part in enumerate(parts)))
    found = of(total("k", to(1), total("l", to(4), body)), values, i=to(2), j=to(3))
    ones = np.ones([lengths[each] for each in letters])
    np.testing.assert_allclose(found, np.einsum(",".join(parts) + ",ijkl->ij", *values.values(), ones), rtol=1e-12, atol=1e-14)


def test_maximum_takes_the_first_of_equals() -> None:
    values = {"x": [[1.0, 3.0, 3.0], [2.0, 2.0, 0.0]]}
    assert of(total("k", to(3), ref("x", "t", "k"), "max"), values, t=to(2)).tolist() == [3, 2]
    assert of(total("k", to(3), ref("x", "t", "k"), "argmax"), values, t=to(2)).tolist() == [2, 1]
    assert of(total("k", to(4, low=2), ref("x", "t", variable("k") - 1), "argmax"), values, t=to(2)).tolist() == [3, 2]


def test_product_with_a_zero() -> None:
    assert of(total("k", to(3), ref("x", "k"), "prod"), {"x": [2.0, 0.0, 5.0]}) == 0
    assert of(total("k", to(3), num(2), "prod")) == 8


def test_softmax_and_logsumexp_do_not_overflow() -> None:
    scores = np.array([1000.0, 1001.0, 999.0])
    raised = np.exp(scores - 1001)
    soft = total("d", to(3), ref("z", "d"), "softmax", variable("c"))
    np.testing.assert_allclose(of(soft, {"z": scores}, c=to(3)), raised / raised.sum(), rtol=1e-14)
    np.testing.assert_allclose(of(total("d", to(3), ref("z", "d"), "softmax", number(2)), {"z": scores}), (raised / raised.sum())[1])
    shifted = total("d", to(3), ref("z", "d"), "softmax", variable("c") + 1)
    np.testing.assert_allclose(of(shifted, {"z": scores}, c=to(2)), (raised / raised.sum())[1:])
    np.testing.assert_allclose(of(total("d", to(3), ref("z", "d"), "logsumexp"), {"z": scores}), 1001 + np.log(raised.sum()))
    with pytest.raises(EvaluationError, match=r"outside 1\.\.3"):
        of(shifted, {"z": scores}, c=to(3))


def test_unknown_fold_raises() -> None:
    with pytest.raises(EvaluationError, match="median"):
        of(total("k", to(3), ref("x", "k"), "median"), {"x": [2.0, 0.0, 5.0]})


def test_sizes_nodes_and_indices_may_share_letters() -> None:
    scaled = mul(Integer(size("h")), ref("h", "k"), Integer(variable("k")), ref("k"))
    shared = graph(leaf("h", to("h")), leaf("k"), node("out", scaled, k=to("h")))
    np.testing.assert_allclose(node_values(shared, {"h": B, "k": 10.0}, {"h": 3})["out"], 3 * B * np.array([1, 2, 3]) * 10)


def test_inner_index_hides_the_outer_one() -> None:
    body = mul(ref("b", "k"), total("k", to(5), ref("x", "k")))
    np.testing.assert_allclose(of(body, {"x": X, "b": B}, k=to(3)), B * X.sum())


def test_expression_over_held_values_and_its_magnitude() -> None:
    values = {"x": X, "W": W, "b": B}
    simple = graph(leaf("x", to(5)), leaf("W", to(3), to(5)), leaf("b", to(3)))
    evaluator = Evaluator(simple, values, {})
    line = add(total("k", to(5), mul(ref("W", "j", "k"), ref("x", "k"))), neg(ref("b", "j")))
    np.testing.assert_allclose(evaluator.expression(line, ("j",), (to(3),)), W @ X - B, rtol=1e-14)
    scale = np.abs(W) @ np.abs(X) + np.abs(B)
    np.testing.assert_allclose(evaluator.expression(line, ("j",), (to(3),), magnitude=True), scale, rtol=1e-14)
    np.testing.assert_allclose(evaluator.expression(power(line, num(2)), ("j",), (to(3),), magnitude=True), scale**2, rtol=1e-14)
    inverse = evaluator.expression(mul(num(-2), reciprocal(line)), ("j",), (to(3),), magnitude=True)
    np.testing.assert_allclose(inverse, 2 / np.abs(W @ X - B), rtol=1e-14)
    assert evaluator.expression(add(ref("b", 1), neg(ref("b", 1))), magnitude=True) == 2 * abs(B[0])


def test_fifty_digits() -> None:
    exact = exact_backend()
    third = node_values(graph(node("C", Number(Fraction(1, 3)))), {}, {}, backend=exact)["C"].item()
    assert abs(third * 3 - 1) < 1e-49
    values = {"x": X, "y": [0.5, 1], "W1": W, "b1": B, "W2": W[:2, :3], "b2": B[:2]}
    found, sizes = node_values(dense(), values, {"n": 5, "h": 3, "q": 2}, backend=exact), {"n": 5, "h": 3, "q": 2}
    np.testing.assert_allclose(float(found["C"].item()), node_values(dense(), values, sizes)["C"], rtol=1e-14)


def test_layers_are_matrix_products(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes, matmul = [], np.matmul
    monkeypatch.setattr(np, "matmul", lambda left, right: shapes.append((left.shape, right.shape)) or matmul(left, right))
    values = {name: DRAW.normal(size=shape) for name, shape in {"x": (7, 5), "y": (7, 2), "W1": (3, 5), "b1": (3,), "W2": (2, 3), "b2": (2,)}.items()}
    node_values(dense(to("m")), values, {"n": 5, "h": 3, "q": 2, "m": 7})
    assert shapes == [((3, 5), (5, 7)), ((2, 3), (3, 7))]
