"""A linear model under a squared error in numbers: the normal equations, their solution, and the way of gradient descent to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, inf, log, log10

import numpy as np

from backprop_derive.calculus.linear_models import LinearModel, LinearTerm
from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import Ref, reindex
from backprop_derive.graph.indices import number
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.evaluations import Evaluation
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.numerics.training import evaluate

MOST_STEPS = 5_000
MOST_WORK = 20_000_000  # features times samples, in all steps together: about a second
RANK = 1e-10
ROUNDING = 8 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class LeastSquares:
    """`matrix·θ = right` for the `entries` of the parameters, in order, from `samples` samples.

    `solution` is None where the equations have more than one: `rank` of them are independent. `cost` is that of the solution. `curvatures` are the
    eigenvalues of the cost's second derivatives, smallest first.
    """

    model: LinearModel
    entries: tuple[Ref, ...]
    matrix: Array
    right: Array
    solution: Array | None
    cost: float | None
    rank: int
    samples: int
    curvatures: Array

    @property
    def largest_rate(self) -> float:
        """2 over the largest curvature: with a larger learning rate descent moves away."""
        return 2 / float(self.curvatures[-1]) if self.curvatures[-1] > 0 else inf


def least_squares(model: LinearModel, evaluation: Evaluation) -> LeastSquares:
    """The normal equations at the samples of an evaluation, whatever the parameters are there.

    The features of a sample are a row of A, and A = QR gives the solution R⁻¹Qᵀt of AᵀA θ = Aᵀt without the rounding of
    AᵀA (Golub and Van Loan, *Matrix Computations*, section 5.3). Columns are scaled to length 1 to tell their rank.
    """
    evaluator = Evaluator(evaluation.graph, evaluation.forward, evaluation.leaves.sizes)
    columns = [_columns(evaluator, model, term) for term in model.terms]
    features = np.concatenate([column for _, column in columns], axis=1)
    known = _over_samples(evaluator, model)
    lengths = np.linalg.norm(features, axis=0)
    scaled = features / np.where(lengths > 0, lengths, 1)
    rank = int(np.linalg.matrix_rank(scaled, tol=RANK * max(1.0, float(np.linalg.norm(scaled, 2)))))
    solution, cost = None, None
    weight = float(model.scale) / (len(features) if model.mean else 1)
    if rank == features.shape[1]:
        orthogonal, triangle = np.linalg.qr(scaled)
        scaled_solution = np.linalg.solve(triangle, orthogonal.T @ known)
        doubt = ROUNDING * float(np.linalg.cond(triangle)) * float(np.linalg.norm(scaled_solution))
        solution = np.where(np.abs(scaled_solution) <= doubt, 0.0, scaled_solution) / lengths
        cost = weight * float(np.sum((features @ solution - known) ** 2))
    entries = tuple(entry for names, _ in columns for entry in names)
    matrix = _without_rounding(features.T, features)
    right = _without_rounding(features.T, known)
    return LeastSquares(model, entries, matrix, right, solution, cost, rank, len(features), np.linalg.eigvalsh(2 * weight * matrix))


def _without_rounding(left: Array, right: Array) -> Array:
    """The product; what is nothing but the rounding of its summands is 0."""
    found = left @ right
    return np.where(np.abs(found) <= ROUNDING * (np.abs(left) @ np.abs(right)), 0.0, found)


def _columns(evaluator: Evaluator, model: LinearModel, term: LinearTerm) -> tuple[list[Ref], Array]:
    """The entries of a term's parameter, and a column of features for each."""
    samples = () if model.samples is None else ((model.samples.name, model.samples.axis),)
    axes = [*samples, *((bound.name, bound.axis) for bound in term.bounds)]
    found = evaluator.expression(term.feature, [letter for letter, _ in axes], [axis for _, axis in axes])
    spans = [evaluator.store.span(bound.axis, f"the index {bound.name}") for bound in term.bounds]
    places = [tuple(low + int(at) for (low, _), at in zip(spans, index, strict=True)) for index in np.ndindex(*(length for _, length in spans))]
    names = [reindex(term.parameter, {bound.name: number(at) for bound, at in zip(term.bounds, place, strict=True)}) for place in places]
    count = found.shape[0] if samples else 1
    return [name for name in names if isinstance(name, Ref)], found.reshape(count, len(names))


def _over_samples(evaluator: Evaluator, model: LinearModel) -> Array:
    if model.samples is None:
        return evaluator.expression(model.known).reshape(1)
    return evaluator.expression(model.known, [model.samples.name], [model.samples.axis])


# -- descent ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Station:
    """Where descent is after so many steps: the entries of the parameters, and the cost."""

    steps: int
    entries: Array
    cost: float


@dataclass(frozen=True)
class Descent:
    """Gradient descent from the values of an evaluation. `given` is the learning rate of the spec, if it has one; descent is
    made with another where it would not come down with that. `arrived`: the last station shows the digits of the solution."""

    learning_rate: float
    given: float | None
    stations: tuple[Station, ...]
    arrived: bool


def descend(found: LeastSquares, evaluation: Evaluation, digits: int) -> Descent:
    """Steps of gradient descent until they show the `digits` of the solution, at most `MOST_STEPS` and `MOST_WORK`, with a
    station after 1, 10, 100, … of them.

    Raises EvaluationError if there is no single solution to reach.
    """
    if found.solution is None:
        raise EvaluationError("the normal equations have more than one solution")
    given = None if evaluation.graph.numbers.learning_rate is None else float(evaluation.graph.numbers.learning_rate)
    rate = given if given is not None and given < found.largest_rate else _readable(0.75 * found.largest_rate)
    start = _station(found, evaluation, 0)
    close = 10.0 ** -(digits + 1) * np.where(found.solution != 0, np.abs(found.solution), max(float(np.abs(found.solution).max()), 1e-300))
    steps = min(_steps_needed(found, start.entries, rate, close), max(1, MOST_WORK // max(1, found.samples * len(found.entries))))
    counts = [count for count in (1, 10, 100, 1000) if count < steps] + [steps]
    stations = [start, *(_after(found, evaluation, rate, count) for count in counts)]
    arrived = bool(np.all(np.abs(stations[-1].entries - found.solution) <= 10 * close))
    return Descent(rate, given, tuple(stations), arrived)


def _readable(rate: float) -> float:
    """The rate, rounded down to two digits."""
    unit = 10.0 ** (floor(log10(rate)) - 1)
    return float(f"{floor(rate / unit) * unit:.1e}")


def _steps_needed(found: LeastSquares, start: Array, rate: float, close: Array) -> int:
    """How often the largest of the factors |1 − rate·curvature| has to be applied until every entry is close."""
    slowest = float(np.abs(1 - rate * found.curvatures).max())
    distance = float(np.linalg.norm(start - found.solution))
    if distance <= close.min() or slowest == 0:
        return 1
    if slowest >= 1:
        return MOST_STEPS
    return min(MOST_STEPS, max(1, ceil(log(float(close.min()) / distance) / log(slowest))))


def _after(found: LeastSquares, evaluation: Evaluation, rate: float, steps: int) -> Station:
    """The same samples and start values, and so many steps."""
    values, data = dict[str, Array](), dict[str, Array]()
    for node in evaluation.graph.nodes:
        if node.is_leaf and node.sampled and evaluation.with_data:
            data[node.name] = evaluation.forward[node.name]
        elif node.is_leaf:
            values[node.name] = np.asarray(evaluation.forward[node.name][0, ...]) if node.sampled else evaluation.forward[node.name]
    end = evaluate(evaluation.graph, values=values, data=data or None, steps=steps, optimizer="sgd", learning_rate=rate)
    assert end.updated is not None
    return _station(found, evaluation, steps, end.updated, end.history[-1])


def _station(found: LeastSquares, evaluation: Evaluation, steps: int, values: Mapping[str, Array] | None = None, cost: float | None = None) -> Station:
    known = evaluation.forward if values is None else {**evaluation.forward, **values}
    evaluator = Evaluator(evaluation.graph, known, evaluation.leaves.sizes)
    entries = np.array([float(evaluator.expression(entry)) for entry in found.entries])
    return Station(steps, entries, evaluation.cost if cost is None else cost)
