"""The normal equations in numbers against numpy.linalg.lstsq on a matrix that is made by hand, and descent to their solution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.linear_models import linear_model
from backprop_derive.errors import EvaluationError
from backprop_derive.numerics.evaluations import Evaluation
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.numerics.least_squares import LeastSquares, descend, least_squares
from backprop_derive.numerics.training import evaluate
from backprop_derive.spec.loading import read_spec

COUNT = 7
LINE = "inputs: x\nparameters: [a, b]\nequations:\n  yhat: a*x + b\ntargets: y\nloss: squared_error\nvalues: {a: 0.3, b: -0.2}\n"
TWO = "inputs: [x1, x2]\nparameters: [u, v]\nequations:\n  yhat: u*x1 + v*x2 + 3\ntargets: y\nloss: half_squared_error\nvalues: {u: 0, v: 0}\n"
POLYNOMIAL = "inputs: x\nparameters: [c0, c1, c2]\nequations:\n  yhat: c0 + c1*x + c2*x^2\ntargets: y\nloss: mse\nvalues: {c0: 0, c1: 0, c2: 0}\n"
LAYER = "inputs: 3\nlayers:\n  - dense: 1\nloss: half_squared_error\nvalues: {W1: [[0.1, 0.2, 0.3]], b1: [0.4]}\n"
NODE = "inputs: [x1, x2]\nnodes:\n  N: {weights: {w1: x1, w2: x2}, bias: b, output: out}\nloss: squared_error\nvalues: {w1: 0, w2: 0, b: 0}\n"

Columns = Callable[[Any], tuple[list[Any], Any]]
ONES = np.ones(COUNT)
CASES: dict[str, tuple[str, tuple[int, ...], Columns]] = {  # the spec, the shape of its inputs, and the columns and right side by hand
    "line": (LINE, (1,), lambda x: ([x[0], ONES], 0)),
    "line, sum": (LINE + "cost: sum\n", (1,), lambda x: ([x[0], ONES], 0)),
    "line, half": (LINE.replace("squared_error", "half_squared_error"), (1,), lambda x: ([x[0], ONES], 0)),
    "line, frozen intercept": (LINE + "frozen: [b]\n", (1,), lambda x: ([x[0]], -0.2)),
    "two inputs and a constant": (TWO, (2,), lambda x: ([x[0], x[1]], 3)),
    "polynomial": (POLYNOMIAL, (1,), lambda x: ([ONES, x[0], x[0] ** 2], 0)),
    "layer": (LAYER, (3,), lambda x: ([*x, ONES], 0)),
    "node": (NODE, (2,), lambda x: ([x[0], x[1], ONES], 0)),
}


def drawn(text: str, inputs: int) -> tuple[Any, Any, dict[str, Any]]:
    """Inputs, targets, and both as the data of a spec."""
    generator = np.random.default_rng(5)
    x, y = generator.normal(size=(inputs, COUNT)), generator.normal(size=COUNT)
    if text.startswith("inputs: 3"):
        return x, y, {"x": x.T, "y": y[:, None]}
    names = ["x"] if inputs == 1 else [f"x{at}" for at in range(1, inputs + 1)]
    return x, y, {**dict(zip(names, x, strict=True)), "y": y}


def solved(text: str, data: dict[str, Any] | None) -> tuple[LeastSquares, Evaluation]:
    graph = build_graph(read_spec(text))
    model = linear_model(graph)
    assert model is not None
    evaluation = evaluate(graph, data=data, steps=0)
    return least_squares(model, evaluation), evaluation


@pytest.mark.parametrize("case", CASES)
def test_the_solution_is_that_of_lstsq(case: str) -> None:
    text, (inputs,), columns = CASES[case]
    x, y, data = drawn(text, inputs)
    by_hand, offset = columns(x)
    expected, residuals, rank, _ = np.linalg.lstsq(np.stack(by_hand, axis=1), y - offset, rcond=None)
    found, _ = solved(text, data)
    assert found.rank == rank == len(by_hand)
    np.testing.assert_allclose(found.solution, expected, rtol=1e-12)
    np.testing.assert_allclose(found.matrix @ expected, found.right, rtol=1e-10, atol=1e-12)
    factor = (0.5 if "half" in text else 1) / (1 if "cost: sum" in text else COUNT)
    assert found.cost == pytest.approx(factor * residuals[0], rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_and_both_sides_of_the_equations_agree_there(case: str) -> None:
    text, (inputs,), _ = CASES[case]
    _, _, data = drawn(text, inputs)
    found, evaluation = solved(text, data)
    assert found.solution is not None
    values = {name: np.array(evaluation.forward[name]) for name in evaluation.graph.parameters}
    for entry, value in zip(found.entries, found.solution, strict=True):
        values[entry.name][tuple((index.number or 0) - 1 for index in entry.indices)] = value
    there = evaluate(evaluation.graph, values=values, data=data, steps=0)
    free = [name for name in evaluation.graph.parameters if (name, None) not in evaluation.graph.numbers.frozen]
    assert all(np.abs(there.gradients[name]).max() < 1e-13 for name in free)
    assert there.cost == pytest.approx(found.cost, rel=1e-12)
    evaluator = Evaluator(evaluation.graph, there.forward, there.leaves.sizes)
    for term in found.model.terms:
        letters, axes = [bound.name for bound in term.bounds], [bound.axis for bound in term.bounds]
        left, right = (evaluator.expression(side, letters, axes) for side in found.model.normal_equation(term))
        np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-12)
    for parameter, formula in found.model.closed_form():
        assert float(evaluator.expression(formula)) == pytest.approx(float(there.forward[parameter.name]), rel=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_descent_gets_there(case: str) -> None:
    text, (inputs,), _ = CASES[case]
    _, _, data = drawn(text, inputs)
    found, evaluation = solved(text, data)
    descent = descend(found, evaluation, 4)
    assert descent.arrived
    assert descent.stations[0].steps == 0
    assert [station.cost for station in descent.stations] == sorted((station.cost for station in descent.stations), reverse=True)
    np.testing.assert_allclose(descent.stations[-1].entries, found.solution, rtol=2e-4, atol=1e-9)


@pytest.mark.parametrize(
    ("data", "rank"),
    [
        ([(1, 2), (1, 3), (1, 4)], 1),  # all at the same x: any line through their middle
        ([(0, 2), (0, 3)], 1),
        ([(2, 1)], 1),
    ],
)
def test_data_that_do_not_tell_the_parameters_have_no_solution(data: list[tuple[float, float]], rank: int) -> None:
    x, y = np.array(data, dtype=float).T
    found, evaluation = solved(LINE, {"x": x, "y": y})
    assert (found.solution, found.cost, found.rank) == (None, None, rank)
    with pytest.raises(EvaluationError, match="more than one solution"):
        descend(found, evaluation, 4)


def test_inputs_that_repeat_each_other_have_no_solution() -> None:
    first = np.array([0.1, 0.2, 0.7, 0.3])
    found, _ = solved(NODE, {"x1": first, "x2": 3 * first, "y": first**2})
    assert (found.solution, found.rank) == (None, 2)


def test_inputs_of_very_different_size_are_told_apart() -> None:
    first, second = np.array([1e6, 2e6, 4e6, 3e6]), np.array([1e-6, 3e-6, -2e-6, 0])
    found, _ = solved(NODE, {"x1": first, "x2": second, "y": 2e-6 * first + 5e5 * second + 7})
    assert found.rank == 3
    np.testing.assert_allclose(found.solution, [2e-6, 5e5, 7], rtol=1e-9)


def test_an_exact_zero_is_zero() -> None:
    x = np.array([-0.3, 0.1, 0.2])
    found, _ = solved(LINE, {"x": x, "y": 0.7 * x})
    assert found.matrix[0, 1] == found.right[1] == 0
    assert found.solution is not None
    assert found.solution[1] == 0


@pytest.mark.parametrize(("rate", "taken"), [(0.05, True), (10, False)])
def test_a_learning_rate_that_does_not_come_down_is_not_taken(rate: float, taken: bool) -> None:
    _, _, data = drawn(LINE, 1)
    found, evaluation = solved(LINE + f"learning_rate: {rate}\n", data)
    descent = descend(found, evaluation, 4)
    assert descent.given == rate
    assert (descent.learning_rate == rate) == taken
    assert descent.learning_rate < found.largest_rate
    assert descent.arrived


@pytest.mark.parametrize(("factor", "comes_down"), [(0.98, True), (1.02, False)])
def test_the_largest_rate_is_the_border(factor: float, comes_down: bool) -> None:
    _, _, data = drawn(LINE, 1)
    found, evaluation = solved(LINE, data)
    history = evaluate(evaluation.graph, data=data, steps=400, learning_rate=factor * found.largest_rate).history
    assert (history[-1] < history[0]) == comes_down


def test_a_long_and_narrow_bowl_is_not_gone_through() -> None:
    x = np.array([1000.0, 1500.0, 2300.0])
    found, evaluation = solved(LINE, {"x": x, "y": np.array([200.0, 280.0, 410.0])})
    descent = descend(found, evaluation, 4)
    assert not descent.arrived
    assert descent.stations[-1].steps == 5000


def test_a_single_sample_of_one_parameter() -> None:
    text = "inputs: x\nnodes:\n  N: {weights: {w: x}, output: out}\nloss: squared_error\ncost: single\nvalues: {x: 2, y: 3, w: 0}"
    found, evaluation = solved(text, None)
    assert found.solution is not None
    assert found.solution.tolist() == [1.5]
    assert descend(found, evaluation, 4).arrived
