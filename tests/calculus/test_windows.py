"""Convolutions and pools: strides, paddings, dilations, windows that overlap, leave gaps or end early; ties; products at a zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from proving import Point, derivation_of, error, faults, graph_of, step_faults

from backprop_derive.errors import EvaluationError, SpecError
from backprop_derive.numerics.evaluation import node_values


def convolution(length: int, kernel: int, stride: int, padding: int, dilation: int) -> str:
    """`y[t] = Σ_k w[k]·x[S·t + D·k − (S + D − 1) − P]`, zero outside; the length of y is ⌊(n + 2P − D(K − 1) − 1)/S⌋ + 1."""
    out = (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    place = f"{stride}*t + {dilation}*k - {stride + dilation - 1 + padding}"
    inside = f"where({place} >= 1, where({place} <= {length}, x[{place}], 0), 0)"
    return f"""inputs: {{x: {length}}}
parameters: [w]
sizes: {{w: [{kernel}], y: [{out}]}}
equations:
  y[t]: sum(w[k]*{inside if padding else f'x[{place}]'}, k)
  L: sum(y[t]^3, t)
"""


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("length", [6, 7])
def test_a_convolution_by_stride_padding_and_dilation(stride: int, padding: int, dilation: int, length: int) -> None:
    point = Point(derivation_of(convolution(length, 3, stride, padding, dilation)))
    assert faults(point) == []
    assert step_faults(point) == []


def test_a_kernel_longer_than_its_input() -> None:
    point = Point(derivation_of(convolution(2, 4, 1, 2, 1)))
    assert faults(point) + step_faults(point) == []


def test_an_input_that_no_window_reaches_has_gradient_zero() -> None:
    point = Point(derivation_of(convolution(6, 2, 3, 0, 1)))
    found = point.at(point.derivation.gradient("x").gradient, point.graph.node("x"))
    assert np.all(found[:, [2, 5]] == 0)
    assert np.all(found[:, [0, 1, 3, 4]] != 0)


def pool(kind: str, length: int, window: int, stride: int) -> str:
    out = (length - window) // stride + 1
    return f"""parameters: [x]
sizes: {{x: [{length}], y: [{out}]}}
equations:
  y[t]: {kind}(x[{stride}*t + k - {stride + 1}], k, 1, {window})
  L: sum(y[t]^3, t)
cost: single
"""


@pytest.mark.parametrize("kind", ["max", "min", "sum"])
@pytest.mark.parametrize(("window", "stride"), [(3, 1), (3, 2), (2, 2), (2, 3), (1, 4)])
def test_a_pool_that_overlaps_or_leaves_gaps(kind: str, window: int, stride: int) -> None:
    spec = pool(kind, 9, window, stride).replace(f"- {stride + 1}", f"- {stride}")
    point = Point(derivation_of(spec))
    assert faults(point) + step_faults(point) == []


# -- kinks ----------------------------------------------------------------------------------------------------------------


def gradient_at(spec: str, name: str, values: dict[str, Any], sizes: dict[str, int] | None = None) -> Any:
    derivation = derivation_of(spec)
    point = Point(derivation, sizes=sizes, values={key: np.asarray(value, dtype=float) for key, value in values.items()})
    found = point.at(derivation.gradient(name).gradient, derivation.graph.node(name))
    assert error(found, point.adjoint(name) * point.scale) < 1e-14
    return found


def test_the_first_of_equal_maxima_takes_the_whole_gradient() -> None:
    spec = pool("max", 4, 4, 1).replace("- 2", "- 1")
    assert gradient_at(spec, "x", {"x": [1, 2, 2, 2]}).tolist() == [0, 12, 0, 0]
    assert gradient_at(spec.replace("max", "min"), "x", {"x": [3, 2, 2, 5]}).tolist() == [0, 12, 0, 0]


RELU_THEN_POOL = """parameters: [w]
constants: {x: n}
sizes: {w: [n]}
equations:
  z[k]: relu(w[k]*x[k])
  y: max(z[k], k)
  L: y + y^2
cost: single
"""


@pytest.mark.parametrize(("w", "expected"), [([-1, -2, -3], [0, 0, 0]), ([-1, 2, 1], [0, 5, 0]), ([0, 0, -1], [0, 0, 0])])
def test_relu_then_max_pool_gives_a_subgradient(w: list[float], expected: list[float]) -> None:
    assert gradient_at(RELU_THEN_POOL, "w", {"w": w, "x": [1, 1, 1]}, {"n": 3}).tolist() == expected


def test_ties_of_two_values_go_to_the_first() -> None:
    spec = "parameters: [a, b]\nequations:\n  L: max(a, b) + 2*min(a, b)\ncost: single\n"
    assert gradient_at(spec, "a", {"a": 1, "b": 1}) == 3
    assert gradient_at(spec, "b", {"a": 1, "b": 1}) == 0


@pytest.mark.parametrize(("zeros", "expected"), [((), [12, 8, 6]), ((1,), [0, 8, 0]), ((0, 2), [0, 0, 0])])
def test_a_product_over_an_index_at_zeros(zeros: tuple[int, ...], expected: list[float]) -> None:
    spec = "parameters: [w]\nsizes: {w: [3]}\nequations:\n  P: prod(w[k], k)\n  L: 2*P\ncost: single\n"
    values = np.array([1.0, 1.5, 2.0])
    expected_at = [2 * np.prod([value for other, value in enumerate(np.where(np.isin(range(3), zeros), 0, values)) if other != at]) for at in range(3)]
    w = np.where(np.isin(range(3), zeros), 0, values)
    found = gradient_at(spec, "w", {"w": w})
    assert found.tolist() == expected_at
    assert (found != 0).tolist() == [value != 0 for value in expected]


# -- places that do not exist ---------------------------------------------------------------------------------------------


OUTSIDE = "parameters: [x]\nsizes: {x: [4], y: [4]}\nequations:\n  y[t]: x[t+1]\n  L: sum(y[t], t)\ncost: single\n"


def test_a_read_outside_the_range_raises() -> None:
    with pytest.raises(SpecError, match=r"x\[5\]"):
        graph_of(OUTSIDE)


def test_a_read_outside_a_range_that_only_numbers_tell_raises() -> None:
    graph = graph_of(OUTSIDE.replace("x: [4], y: [4]", "x: [n], y: [q]"))
    assert node_values(graph, {"x": np.arange(4.0)}, {"n": 4, "q": 3})["L"] == 6
    with pytest.raises(EvaluationError, match="x"):
        node_values(graph, {"x": np.arange(4.0)}, {"n": 4, "q": 4})


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_that_is_not_positive_raises(size: int) -> None:
    graph = graph_of("parameters: [x]\nsizes: {x: [n]}\nequations:\n  L: sum(x[k]^2, k)\ncost: single\n")
    with pytest.raises(EvaluationError, match="n"):
        node_values(graph, {"x": np.zeros(max(size, 0))}, {"n": size})


def test_an_empty_sum_is_zero_and_has_gradient_zero() -> None:
    spec = "parameters: [x]\nsizes: {x: [n]}\nequations:\n  L: 1 + sum(x[k]^2, k, 2, n)\ncost: single\n"
    graph = graph_of(spec)
    assert node_values(graph, {"x": np.array([3.0])}, {"n": 1})["L"] == 1
    assert gradient_at(spec, "x", {"x": [3.0]}, {"n": 1}).tolist() == [0]
