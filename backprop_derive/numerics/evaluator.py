"""Expressions as arrays: one walk over the tree, with every index variable a broadcasting axis.

Conditions decide by mask, never by multiplying with 0: `[k >= 2]·1/x[k-1]` is 0 where the condition fails, whatever
stands behind it, and what is not needed may be read out of range.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from backprop_derive.building.formulas import all_arguments, function_body, function_derivative
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.graph.expressions import (
    Add,
    Apply,
    Bound,
    Bracket,
    Compare,
    Constant,
    Expression,
    Fold,
    Integer,
    Mul,
    Number,
    Power,
    Ref,
    Where,
)  # fmt: skip
from backprop_derive.graph.indices import Axis, Pick
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics import folds
from backprop_derive.numerics.backends import FLOAT, Array, FloatBackend
from backprop_derive.numerics.contraction import contracted, masked
from backprop_derive.numerics.reading import Store
from backprop_derive.numerics.scopes import Scope, pad
from backprop_derive.numerics.smooth import SmoothFunction
from backprop_derive.operations.functions import find_function

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Evaluator:
    """Evaluates expressions over the nodes of a graph, whose values it holds.

    `values` are arrays over the nodes' stored axes (position 0 is the axis's low end). `functions` stand for the
    abstract functions of the graph.
    """

    def __init__(
        self,
        graph: Graph,
        values: Mapping[str, Any],
        sizes: Mapping[str, int],
        *,
        functions: Mapping[str, SmoothFunction] | None = None,
        backend: FloatBackend = FLOAT,
    ) -> None:
        self.graph, self.backend = graph, backend
        self.functions = dict(functions or {})
        self.store = Store(graph, sizes, backend)
        for name, value in values.items():
            if name in graph.by_name:
                self.give(name, value)

    def give(self, name: str, value: Any) -> None:
        """Set a node's value. Raises EvaluationError if its shape is not the node's."""
        try:
            array = self.backend.array(value)
        except (TypeError, ValueError) as error:
            raise EvaluationError(f"the value of {name} is not an array of numbers: {error}") from None
        expected = self.store.shape(name)
        if array.shape != expected:
            raise EvaluationError(f"{name} has the shape {_shape(expected)}, and its value has {_shape(array.shape)}")
        self.store.arrays[name] = array[None]

    def expression(self, expression: Expression, letters: Sequence[str] = (), axes: Sequence[Axis] = (), *, magnitude: bool = False) -> Array:
        """The expression over the given free indices, an array with an axis for each letter.

        `magnitude`: the sum of the absolute summands instead, the scale that rounding errors are measured by.
        """
        scope = Scope(magnitude=magnitude)
        for letter, axis in zip(letters, axes, strict=True):
            scope = scope.bind(letter, *self.store.span(axis, f"the axis of {letter}"))
        with np.errstate(all="ignore"):
            found = self.value(expression, scope)
        return np.array(np.broadcast_to(found, (found.shape[0], *scope.lengths))[0, ...])

    def value(self, expression: Expression, scope: Scope) -> Array:
        """The expression over a scope: an array that broadcasts to the scope's axes."""
        match expression:
            case Ref():
                return self._leaf(self.store.read(expression, scope), scope)
            case Number(number):
                return self._leaf(self._plain(self.backend.number(number), scope), scope)
            case Mul(factors):
                mask, arrays = self._factors(factors, scope)
                found = reduce(np.multiply, arrays)
                return found if mask is None else np.where(mask, found, 0)
            case Add(terms):
                return reduce(np.add, [self.value(term, scope) for term in terms])
            case Fold():
                return self._fold(expression, scope)
            case Apply():
                return self._leaf(self._apply(expression, scope.exactly()), scope)
            case Power():
                return self._power(expression, scope)
            case Where():
                return self._where(expression, scope)
            case Bracket() | Compare():
                return self.backend.array(self._test(expression, scope).astype(float))
            case Integer(form):
                return self._leaf(self.backend.array(self.store.form(form, scope)), scope)
            case Constant(name):
                return self._plain(self.backend.constant(name), scope)
            case _:
                raise EvaluationError(f"{type(expression).__name__} has no numeric value")

    def _leaf(self, values: Array, scope: Scope) -> Array:
        return np.abs(self.backend.real(values)) if scope.magnitude else values

    def _plain(self, number: Any, scope: Scope) -> Array:
        return np.full((1,) * scope.rank, number)

    def _test(self, test: Expression, scope: Scope) -> Array:
        """Where a test is not 0."""
        scope = scope.exactly()
        match test:
            case Bracket(condition):
                return self.store.holds(condition, scope)
            case Compare(relation, left, right):
                first, second = (self.backend.real(self.value(side, scope)) for side in (left, right))
                return np.asarray(_COMPARISONS[relation](first, second), dtype=bool)
            case _:
                return np.asarray(self.backend.real(self.value(test, scope)) != 0, dtype=bool)

    def _factors(self, factors: Sequence[Expression], scope: Scope) -> tuple[Array | None, list[Array]]:
        """Where the product is not 0 for its conditions' sake, and its other factors."""
        mask: Array | None = None
        for kind in (Bracket, Compare):
            for factor in factors:
                if isinstance(factor, kind):
                    holds = self._test(factor, scope.only_where(mask))
                    mask = holds if mask is None else mask & holds
        inner = scope.only_where(mask)
        arrays = [self.value(factor, inner) for factor in factors if not isinstance(factor, Bracket | Compare)]
        return mask, arrays or [self._plain(1.0, scope)]

    def _power(self, expression: Power, scope: Scope) -> Array:
        base, exponent = expression.base, expression.exponent
        if not isinstance(exponent, Number):
            exact = scope.exactly()
            return self._leaf(self.backend.power(self.value(base, exact), self.value(exponent, exact)), scope)
        summands = exponent.value > 0 and exponent.value.denominator == 1
        return self._leaf(self.backend.power(self.value(base, scope if summands else scope.exactly()), exponent.value), scope)

    def _where(self, expression: Where, scope: Scope) -> Array:
        test = self._test(expression.test, scope)
        if test.all():
            return self.value(expression.then, scope)
        if not test.any():
            return self.value(expression.otherwise, scope)
        then = self.value(expression.then, scope.only_where(test))
        return np.where(test, then, self.value(expression.otherwise, scope.only_where(~test)))

    def _apply(self, expression: Apply, scope: Scope) -> Array:
        name, order = expression.function, expression.order
        arguments = [self.value(argument, scope) for argument in expression.arguments]
        own = self.graph.functions.get(name)
        if own is not None:
            if order:
                raise NotYetError(f"the numeric derivative of the function {name} by its name")
            return self.value(own[1], self._inside(scope, (own[0],), arguments, name))
        row = None if name in self.graph.functions else find_function(name)
        if row is None:
            if name not in self.functions:
                raise EvaluationError(f"nothing is known of the function {name}: give one for it")
            return self.functions[name](_only(arguments, name), order, self.backend)
        if order > 1:
            raise NotYetError(f"the numeric derivative of order {order} of {name}")
        arguments.extend(self.value(default, scope) for default in all_arguments(row, expression.arguments)[len(arguments) :])
        inside = self._inside(scope, row.arguments, arguments, name)
        output = self.value(function_body(row), inside) if row.formula else self.backend.primitive(row)(_only(arguments, name))
        if order == 0:
            return output
        return self.value(function_derivative(row, 0), self._inside(scope, (*row.arguments, "a"), [*arguments, output], name))

    def _inside(self, scope: Scope, names: Sequence[str], values: Sequence[Array], function: str) -> Scope:
        if len(names) != len(values):
            raise EvaluationError(f"{function} takes {len(names)} arguments; {len(values)} given")
        return scope.naming(dict(zip(names, values, strict=True)))

    # -- folds --------------------------------------------------------------------------------------------------------

    def _fold(self, fold: Fold, scope: Scope) -> Array:
        if fold.kind == "sum":
            return self._sum(fold, scope)
        if fold.kind == "prod":
            inner, mask = self._bind(fold.bound, scope)
            return folds.product(self.value(fold.body, inner.only_where(mask)), inner.lengths[-1], mask)
        return self._leaf(self._selected(fold, scope.exactly()), scope)

    def _sum(self, fold: Fold, scope: Scope) -> Array:
        """`Σ_k Σ_l` of a product: contracted factor by factor, so the product itself is never made."""
        inner = scope
        mask: Array | None = None
        expression: Expression = fold
        while isinstance(expression, Fold) and expression.kind == "sum":
            inner, part = self._bind(expression.bound, inner)
            mask = _both(mask, part, inner.rank)
            inner, expression = inner.only_where(part), expression.body
        factors = expression.factors if isinstance(expression, Mul) else (expression,)
        conditions, arrays = self._factors(factors, inner)
        mask = _both(mask, conditions, inner.rank)
        return contracted(masked(arrays, mask), scope.rank, inner.lengths[len(scope.letters) :])

    def _selected(self, fold: Fold, scope: Scope) -> Array:
        """Folds that pick or weigh by size: max, argmax, softmax and its kind."""
        inner, mask = self._bind(fold.bound, scope)
        low, length = inner.lows[-1], inner.lengths[-1]
        values = self.value(fold.body, inner.only_where(mask))
        if fold.kind in ("max", "argmax"):
            largest, place = folds.first_maximum(values, low, length, mask, self.backend)
            return largest if fold.kind == "max" else self.backend.array(place)
        if mask is not None or length == 0:
            raise EvaluationError(f"{fold.kind} runs over no places, or over a range that differs from place to place")
        values = np.broadcast_to(values, (*values.shape[:-1], length))
        if fold.kind in folds.TO_SCALAR:
            return folds.TO_SCALAR[fold.kind](values, self.backend)
        if fold.kind not in folds.TO_VECTOR or fold.at is None:
            raise EvaluationError(f"the fold {fold.kind} has no numeric form")
        component = folds.TO_VECTOR[fold.kind](values, self.backend)
        letter = fold.at.variable
        axis = None if letter is None else scope.axis(letter)
        if axis is not None and values.shape[axis] == 1 and (scope.lows[axis - 1], scope.lengths[axis - 1]) == (low, length):
            return folds.read_component(component, np.zeros((1,) * scope.rank, dtype=int), axis)
        position = self.store.form(fold.at, scope) - low
        outside = (position < 0) | (position >= length)
        needed = outside if scope.guard is None else outside & pad(scope.guard, scope.rank)
        if needed.any():
            raise EvaluationError(f"a component of {fold.kind} is read outside {low}..{low + length - 1}")
        return folds.read_component(component, np.where(outside, 0, position), None)

    def _bind(self, bound: Bound, scope: Scope) -> tuple[Scope, Array | None]:
        """The scope inside a fold, and where the index really runs if its ends depend on other indices."""
        ends = (bound.axis.low, bound.axis.high)
        if not any(end.variables() or any(isinstance(atom, Pick) for atom in end.atoms()) for end in ends):
            return scope.bind(bound.name, *self.store.span(bound.axis, f"the index {bound.name}")), None
        lows, highs = (self.store.form(end, scope) for end in ends)
        if lows.size == 0 or highs.size == 0:
            return scope.bind(bound.name, 1, 0), None
        low, high = int(lows.min()), int(highs.max())
        inner = scope.bind(bound.name, low, max(0, high - low + 1))
        places = inner.places(inner.rank - 1)
        return inner, (places >= pad(lows, inner.rank)) & (places <= pad(highs, inner.rank))


def _both(first: Array | None, second: Array | None, rank: int) -> Array | None:
    if first is None or second is None:
        found = second if first is None else first
        return None if found is None else pad(found, rank)
    return pad(first, rank) & pad(second, rank)


def _only(arguments: Sequence[Array], name: str) -> Array:
    if len(arguments) != 1:
        raise EvaluationError(f"{name} takes one argument; {len(arguments)} given")
    return arguments[0]


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(str(length) for length in shape) if shape else "of a single number"
