"""The numbers of a derivation, where the spec gives enough of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backprop_derive.errors import EvaluationError, SpecError, UsageError

if TYPE_CHECKING:
    from backprop_derive.calculus.derivation import Derivation
    from backprop_derive.numerics.worked import WorkedNumbers


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
