"""The numbers of a derivation, where the spec gives enough of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backprop_derive.errors import EvaluationError, SpecError, UsageError

if TYPE_CHECKING:
    from backprop_derive.calculus.derivation import Derivation
    from backprop_derive.graph.nodes import Graph
    from backprop_derive.numerics.evaluations import Evaluation
    from backprop_derive.numerics.worked import WorkedNumbers
    from backprop_derive.presentation.fitting import Fit


def numbers_of(derivation: Derivation, sample: int | None, *, wanted: bool) -> tuple[WorkedNumbers | None, str]:
    """The numbers at the values and the data of the spec, or why there are none, in a sentence.

    A derivation needs no numbers: what is wrong with them is an error only where somebody has asked for them (`wanted`),
    and a spec without any is simply derived.
    """
    given = derivation.graph.numbers
    if not (given.values or given.data or given.others):
        if wanted:
            raise UsageError("the spec gives no numbers: they stand under `values:` and `data:`")
        return None, ""

    from backprop_derive.numerics.training import evaluate
    from backprop_derive.numerics.worked import WorkedNumbers

    try:
        return WorkedNumbers(derivation, evaluate(derivation.graph, steps=0), sample), ""
    except (EvaluationError, SpecError) as error:
        if wanted:
            raise
        return None, f"none are shown: {error.problems[0].message}"


def fit_of(graph: Graph, numbers: WorkedNumbers | None, digits: int) -> Fit | None:
    """The solution of a linear model, and descent to it, where the spec gives samples; parameters without a value start at 0."""
    from backprop_derive.calculus.linear_models import linear_model

    model = linear_model(graph)
    evaluation = None if model is None else _evaluation(graph) if numbers is None else numbers.evaluation
    if model is None or evaluation is None:
        return None

    from backprop_derive.numerics.least_squares import descend, least_squares
    from backprop_derive.presentation.fitting import Fit

    squares = least_squares(model, evaluation)
    return Fit(squares, None if squares.solution is None else descend(squares, evaluation, digits))


def _evaluation(graph: Graph) -> Evaluation | None:
    if graph.numbers.data is None:
        return None

    from backprop_derive.numerics.training import evaluate

    given = {each.name for each in graph.numbers.values}
    lengths = {name: [axis.length.resize(graph.sizes).number for axis in graph.node(name).axes] for name in graph.parameters if name not in given}
    try:
        return evaluate(graph, values={name: _zeros(shape) for name, shape in lengths.items() if None not in shape}, steps=0)
    except (EvaluationError, SpecError):
        return None


def _zeros(shape: list[int | None]) -> Any:
    return [_zeros(shape[1:]) for _ in range(shape[0] or 0)] if shape else 0
