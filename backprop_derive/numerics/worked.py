"""The expressions of a derivation at the values that are given: any of them, at any places of its indices, as a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.calculus.elements import definition_at
from backprop_derive.errors import EvaluationError, NotYetError, UsageError
from backprop_derive.graph.expressions import Expression, Integer, Ref, reindex
from backprop_derive.graph.indices import Affine, Axis, Condition, number
from backprop_derive.graph.nodes import Node
from backprop_derive.numerics.assumed import unequal_sums, violated
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.evaluations import Evaluation
from backprop_derive.numerics.evaluator import Evaluator

Places = Mapping[str, int]
"""The letters of indices, and where they stand."""
Letters = Sequence[tuple[str, Axis]]
"""The free indices of a formula that are not the sample index, and where they run."""
SMALL = 1e-9
ROUNDING = 8 * float(np.finfo(float).eps)


class WorkedNumbers:
    """The values of all nodes and of their adjoints, by the names of the derivation. `sample` is the one that is shown, from 1.

    Raises UsageError for a sample that there is not, EvaluationError for values that break what the derivation assumes.
    """

    def __init__(self, derivation: Derivation, evaluation: Evaluation, sample: int | None = None) -> None:
        if sample is not None and not 1 <= sample <= evaluation.samples:
            raise UsageError(f"there is no sample {sample}: " + (f"the data has {evaluation.samples}" if evaluation.with_data else "the values are those of a single one"))
        broken = [*unequal_sums(derivation.graph, evaluation.forward), *violated(derivation.graph, evaluation.forward)]
        if broken:
            raise EvaluationError(f"the derivation assumes {' and '.join(broken)}, and with these values it is not so")
        self.graph, self.evaluation = derivation.graph, evaluation
        self.sample, self.samples = sample or 1, evaluation.samples
        self.derivation = derivation
        self._of = {name: of for of, name in derivation.names.items() if of in derivation.deltas}
        adjoints = {name: derivation.adjoints[of].name for of, name in derivation.names.items()}
        nodes = [self.graph.node(of) for of in derivation.names]
        lines = (Node(name, node.letters, node.axes, (), "adjoint", node.sampled) for name, node in zip(adjoints, nodes, strict=True))
        self._evaluator = Evaluator(replace(self.graph, nodes=(*self.graph.nodes, *lines)), evaluation.forward, evaluation.leaves.sizes)
        for name, adjoint in adjoints.items():
            self._evaluator.give(name, np.reshape(evaluation.deltas[adjoint], self._evaluator.store.shape(name)))

    @property
    def at_sample(self) -> Places:
        """The sample index at the sample that is shown."""
        return {} if self.graph.samples is None else {self.graph.samples.index: self.sample}

    def value(self, expression: Expression, at: Places) -> float:
        """The expression with its free letters at their places. Raises EvaluationError where it has no value."""
        return float(self.array(reindex(expression, {letter: number(place) for letter, place in at.items()}), ()))

    def array(self, expression: Expression, letters: Letters) -> Array:
        """The expression over the places of its free letters. A difference that is nothing but rounding is 0.

        Raises EvaluationError where it has no value, or one that is no finite number.
        """
        names, axes = [letter for letter, _ in letters], [axis for _, axis in letters]
        try:
            found = self._evaluator.expression(expression, names, axes)
            small = (found != 0) & (np.abs(found) <= SMALL)
            if small.any():
                scale = self._evaluator.expression(self._defined(expression), names, axes, magnitude=True)
                found = np.where(small & (np.abs(found) <= ROUNDING * scale), 0.0, found)
        except NotYetError as error:
            raise EvaluationError(str(error)) from None
        if not np.isfinite(found).all():
            raise EvaluationError("an entry is no finite number")
        return found

    def _defined(self, expression: Expression) -> Expression:
        """What a node is computed as, where the expression is just its name."""
        if not isinstance(expression, Ref):
            return expression
        if expression.name in self._of:
            delta = self.derivation.deltas[self._of[expression.name]]
            return reindex(delta.value, dict(zip((index.variable or "" for index in delta.of.indices), expression.indices, strict=True)))
        node = self.graph.node(expression.name)
        return expression if node.is_leaf else definition_at(node, expression)

    def whole(self, form: Affine, at: Places) -> int:
        """An integer form at places."""
        return round(self.value(Integer(form), at))

    def span(self, axis: Axis, at: Places) -> range:
        """The places of an axis."""
        return range(self.whole(axis.low, at), self.whole(axis.high, at) + 1)

    def holds(self, condition: Condition, at: Places) -> bool:
        """Whether a condition on indices holds at places."""
        return bool(Condition(condition.kind, number(self.whole(condition.form, at))).decided)

    def nested(self, of: Ref, expression: Expression) -> Any:
        """The expression at every entry that a node's mention stands for, as nested lists, at the sample that is shown.

        None where it has no value.
        """
        node = self.graph.node(of.name)
        free = [(letter, axis) for letter, axis, index in zip(node.letters, node.axes, of.indices, strict=True) if index.variable == letter]
        exact = reindex(expression, {letter: number(place) for letter, place in self.at_sample.items()})
        try:
            return self.array(exact, free[int(node.sampled) :]).tolist()
        except EvaluationError:
            return None
