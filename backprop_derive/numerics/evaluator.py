"""Expressions as arrays, with every index variable a broadcasting axis.

A walk over the tree plans how an expression is computed; the plan is carried out as often as the values of nodes change.

Conditions decide by mask, never by multiplying with 0: `[k >= 2]·1/x[k-1]` is 0 where the condition fails, whatever
stands behind it, and what is not needed may be read out of range.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial, reduce
from typing import Any

import numpy as np

from backprop_derive.building.formulas import all_arguments, function_derivative
from backprop_derive.calculus.occurrences import own_derivative
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
    mul,
    num,
)  # fmt: skip
from backprop_derive.graph.indices import Affine, Axis
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics import folds
from backprop_derive.numerics.backends import FLOAT, Array, FloatBackend
from backprop_derive.numerics.combining import all_hold, combined, reduced
from backprop_derive.numerics.contraction import Contraction, masked
from backprop_derive.numerics.reading import Store, picks
from backprop_derive.numerics.scattering import Scattering, scattering
from backprop_derive.numerics.scopes import START, Fixed, Frame, Operation, Scope, pad
from backprop_derive.numerics.smooth import SmoothFunction
from backprop_derive.operations.functions import find_function

MINUS_ONE = num(-1)
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
        self.plans: dict[str | tuple[str, int, tuple[int, int]], Operation] = {}
        self.gapless: set[str] = set()
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

    def value(self, expression: Expression, scope: Scope, frame: Frame = START) -> Array:
        """The expression over a scope: an array that broadcasts to the scope's axes."""
        return self.planned(expression, scope)(frame)

    def planned(self, expression: Expression, scope: Scope) -> Operation:
        """How the expression is computed over a scope. What depends on sizes and indices only is settled here, once."""
        match expression:
            case Ref():
                return self._leaf(self.store.read(expression, scope), scope)
            case Number(number):
                return self._leaf(self._plain(self.backend.number(number), scope), scope)
            case Mul(factors):
                return self._product(factors, scope)
            case Add(terms):
                return self._total(terms, scope)
            case Fold():
                return self._fold(expression, scope)
            case Apply():
                return self._leaf(self._apply(expression, scope.exactly()), scope)
            case Power():
                return self._power(expression, scope)
            case Where():
                return self._where(expression, scope)
            case Bracket() | Compare():
                test = self._test(expression, scope)
                return lambda frame: self.backend.array(test(frame).astype(float))
            case Integer(form) if picks(form):
                return self._leaf(lambda frame: self.backend.array(self.store.form(form, scope, frame)), scope)
            case Integer(form):
                return self._leaf(Fixed(self.backend.array(self.store.form(form, scope))), scope)
            case Constant(name):
                return self._plain(self.backend.constant(name), scope)
            case _:
                raise EvaluationError(f"{type(expression).__name__} has no numeric value")

    def _leaf(self, operation: Operation, scope: Scope) -> Operation:
        if not scope.magnitude:
            return operation
        real = self.backend.real
        if isinstance(operation, Fixed):
            return Fixed(np.abs(real(operation.array)))
        return lambda frame: np.abs(real(operation(frame)))

    def _total(self, terms: Sequence[Expression], scope: Scope) -> Operation:
        """The sum of all terms, from the left; what has the factor -1 is taken off, or its magnitude added."""
        total = self.planned(terms[0], scope)
        for term in terms[1:]:
            opposite = _opposite(term)
            combine = np.add if opposite is None or scope.magnitude else np.subtract
            total = combined(combine, total, self.planned(opposite or term, scope))
        return total

    def _plain(self, number: Any, scope: Scope) -> Operation:
        return Fixed(np.full((1,) * scope.rank, number))

    def _test(self, test: Expression, scope: Scope) -> Operation:
        """Where a test is not 0."""
        scope, real = scope.exactly(), self.backend.real
        match test:
            case Bracket(condition):
                return self.store.holds(condition, scope)
            case Compare(relation, left, right):
                first, second, compare = self.planned(left, scope), self.planned(right, scope), _COMPARISONS[relation]
                return lambda frame: np.asarray(compare(real(first(frame)), real(second(frame))), dtype=bool)
            case _:
                value = self.planned(test, scope)
                return lambda frame: np.asarray(real(value(frame)) != 0, dtype=bool)

    def _product(self, factors: Sequence[Expression], scope: Scope) -> Operation:
        mask, operations = self._factors(factors, scope)
        product = reduced(np.multiply, operations)
        if mask is None:
            return product

        def run(frame: Frame) -> Array:
            holds = mask(frame)
            return np.where(holds, product(frame.only_where(holds)), 0)

        return run

    def _factors(self, factors: Sequence[Expression], scope: Scope) -> tuple[Operation | None, list[Operation]]:
        """Where the product is not 0 for its conditions' sake, and its other factors."""
        tests = [self._test(factor, scope) for kind in (Bracket, Compare) for factor in factors if isinstance(factor, kind)]
        operations = [self.planned(factor, scope) for factor in factors if not isinstance(factor, Bracket | Compare)]
        return all_hold(tests), operations or [self._plain(1.0, scope)]

    def _power(self, expression: Power, scope: Scope) -> Operation:
        base, exponent = expression.base, expression.exponent
        if not isinstance(exponent, Number):
            power = self.backend.power
            below, above = self.planned(base, scope.exactly()), self.planned(exponent, scope.exactly())
            return self._leaf(lambda frame: power(below(frame), above(frame)), scope)
        value = exponent.value
        summands = value > 0 and value.denominator == 1
        raised, inner = self.backend.known_power(value), self.planned(base, scope if summands else scope.exactly())
        return self._leaf(lambda frame: raised(inner(frame)), scope)

    def _where(self, expression: Where, scope: Scope) -> Operation:
        """Only the branch that is taken is planned: what the other one reads need not be there."""
        test = self._test(expression.test, scope)
        then, otherwise = (cache(partial(self.planned, branch, scope)) for branch in (expression.then, expression.otherwise))

        def run(frame: Frame) -> Array:
            holds = test(frame)
            if holds.all():
                return then()(frame)
            if not holds.any():
                return otherwise()(frame)
            return np.where(holds, then()(frame.only_where(holds)), otherwise()(frame.only_where(~holds)))

        return run

    def _apply(self, expression: Apply, scope: Scope) -> Operation:
        name, order = expression.function, expression.order
        arguments = [self.planned(argument, scope) for argument in expression.arguments]
        own = self.graph.functions.get(name)
        if own is not None:
            body = own_derivative(name, order, self.graph.functions)
            return self._inside(body, (own[0],), arguments, scope, name)
        row = None if name in self.graph.functions else find_function(name)
        if row is None:
            if name not in self.functions:
                raise EvaluationError(f"nothing is known of the function {name}: give one for it")
            given, argument = self.functions[name], _only(arguments, name)
            return lambda frame: given(argument(frame), order, self.backend)
        if order > 1:
            raise NotYetError(f"the numeric derivative of order {order} of {name}")
        arguments.extend(self.planned(default, scope) for default in all_arguments(row, expression.arguments)[len(arguments) :])
        shortcut = self.backend.shortcut(row)
        if row.formula and shortcut is None:
            output = self._inside(self.backend.body(row), row.arguments, arguments, scope, name)
        else:
            primitive, argument = shortcut or self.backend.primitive(row), _only(arguments, name)
            output = lambda frame: primitive(argument(frame))  # noqa: E731
        if order == 0:
            return output
        return self._inside(function_derivative(row, 0), (*row.arguments, "a"), [*arguments, output], scope, name)

    def _inside(self, body: Expression, names: Sequence[str], arguments: Sequence[Operation], scope: Scope, function: str) -> Operation:
        """The definition of a function, over the values of its arguments."""
        if len(names) != len(arguments):
            raise EvaluationError(f"{function} takes {len(names)} arguments; {len(arguments)} given")
        value = self.planned(body, scope.naming(names))
        pairs = tuple(zip(names, arguments, strict=True))
        return lambda frame: value(frame.naming({name: argument(frame) for name, argument in pairs}))

    # -- folds --------------------------------------------------------------------------------------------------------

    def _fold(self, fold: Fold, scope: Scope) -> Operation:
        if _open_ended(fold):
            return lambda frame: self._fold_between(fold, scope, frame)(frame)
        return self._fold_between(fold, scope, START)

    def _fold_between(self, fold: Fold, scope: Scope, frame: Frame) -> Operation:
        """The fold, whose ends are known, perhaps only in this frame."""
        if fold.kind == "sum":
            scattered = scattering(fold, scope.letters)
            return self._sum(fold, scope, frame) if scattered is None else self._scattered(scattered, scope, frame)
        if fold.kind != "prod":
            return self._leaf(self._selected(fold, scope.exactly(), frame), scope)
        inner, mask = self._bind(fold.bound, scope, frame)
        body, length = self.planned(fold.body, inner), inner.lengths[-1]
        return lambda frame: folds.product(body(frame.only_where(mask)), length, mask)

    def _sum(self, fold: Fold, scope: Scope, frame: Frame) -> Operation:
        """`Σ_k Σ_l` of a product: contracted factor by factor, so the product itself is never made."""
        bounds, expression = [fold.bound], fold.body
        while isinstance(expression, Fold) and expression.kind == "sum" and not _open_ended(expression):
            bounds.append(expression.bound)
            expression = expression.body
        inner, ranges = self._bind_all(bounds, scope, frame)
        conditions, operations = self._factors(expression.factors if isinstance(expression, Mul) else (expression,), inner)
        contract = Contraction(scope.rank, inner.lengths[len(scope.letters) :], objects=self.backend.dtype is object)
        if ranges is None and conditions is None:
            return lambda frame: contract([operation(frame) for operation in operations])

        def run(frame: Frame) -> Array:
            ranged = frame.only_where(ranges)
            holds = None if conditions is None else conditions(ranged)
            narrowed = ranged.only_where(holds)
            mask = ranges if holds is None else holds if ranges is None else ranges & holds
            return contract(masked([operation(narrowed) for operation in operations], mask))

        return run

    def _scattered(self, fold: Scattering, scope: Scope, frame: Frame) -> Operation:
        """A sum whose summands go each to its place; they are worked out without the indices that they have a place along."""
        inner, mask = self._bind_all(fold.bounds, scope.without(fold.axes(scope)), frame)
        return fold.operation(scope, inner, self.planned(fold.summand, inner), [self._place(place, inner.exactly()) for _, place in fold.targets], mask)

    def _place(self, place: Expression, scope: Scope) -> Operation:
        value = self.planned(place, scope)
        return lambda frame: self.store.whole(value(frame), "a place")

    def _selected(self, fold: Fold, scope: Scope, frame: Frame) -> Operation:
        """Folds that pick or weigh by size: max, argmax, softmax and its kind."""
        inner, mask = self._bind(fold.bound, scope, frame)
        low, length, backend = inner.lows[-1], inner.lengths[-1], self.backend
        body = self.planned(fold.body, inner)
        if fold.kind in ("max", "argmax"):

            def selected(frame: Frame) -> Array:
                largest, place = folds.first_maximum(body(frame.only_where(mask)), low, length, mask, backend)
                return largest if fold.kind == "max" else backend.array(place)

            return selected
        if mask is not None or length == 0:
            raise EvaluationError(f"{fold.kind} runs over no places, or over a range that differs from place to place")
        if fold.kind in folds.TO_SCALAR:
            to_scalar = folds.TO_SCALAR[fold.kind]
            return lambda frame: to_scalar(_spread(body(frame), length), backend)
        if fold.kind not in folds.TO_VECTOR or fold.at is None:
            raise EvaluationError(f"the fold {fold.kind} has no numeric form")
        return self._component(fold.kind, fold.at, body, scope, (low, length))

    def _component(self, kind: str, at: Affine, body: Operation, scope: Scope, span: tuple[int, int]) -> Operation:
        """One component of a function of a vector, whose places are `span`: (first, how many)."""
        (low, length), function = span, folds.TO_VECTOR[kind]
        axis = None if at.variable is None else scope.axis(at.variable)
        along_axis = axis is not None and (scope.lows[axis - 1], scope.lengths[axis - 1]) == span

        def run(frame: Frame) -> Array:
            values = _spread(body(frame), length)
            component = function(values, self.backend)
            if axis is not None and along_axis and values.shape[axis] == 1:
                return folds.read_component(component, None, axis)
            position = self.store.form(at, scope, frame) - low
            outside = (position < 0) | (position >= length)
            needed = outside if frame.guard is None else outside & pad(frame.guard, scope.rank)
            if needed.any():
                raise EvaluationError(f"a component of {kind} is read outside {low}..{low + length - 1}")
            return folds.read_component(component, np.where(outside, 0, position), None)

        return run

    def _bind_all(self, bounds: Sequence[Bound], scope: Scope, frame: Frame) -> tuple[Scope, Array | None]:
        """The scope inside several folds, and where their indices really run."""
        masks = []
        for bound in bounds:
            scope, mask = self._bind(bound, scope, frame)
            masks += [] if mask is None else [mask]
        return scope, reduce(np.logical_and, [pad(mask, scope.rank) for mask in masks]) if masks else None

    def _bind(self, bound: Bound, scope: Scope, frame: Frame) -> tuple[Scope, Array | None]:
        """The scope inside a fold, and where the index really runs if its ends depend on other indices."""
        ends = (bound.axis.low, bound.axis.high)
        if not any(end.variables() or picks(end) for end in ends):
            return scope.bind(bound.name, *self.store.span(bound.axis, f"the index {bound.name}")), None
        lows, highs = (self.store.form(end, scope, frame) for end in ends)
        if lows.size == 0 or highs.size == 0:
            return scope.bind(bound.name, 1, 0), None
        low, high = int(lows.min()), int(highs.max())
        inner = scope.bind(bound.name, low, max(0, high - low + 1))
        places = inner.places(inner.rank - 1)
        return inner, (places >= pad(lows, inner.rank)) & (places <= pad(highs, inner.rank))


def _open_ended(fold: Fold) -> bool:
    """Whether the ends of a fold depend on the values of nodes."""
    return picks(fold.bound.axis.low) or picks(fold.bound.axis.high)


def _opposite(term: Expression) -> Expression | None:
    """The term without its factor -1, if it has one."""
    if not isinstance(term, Mul) or term.factors[0] != MINUS_ONE:
        return None
    return mul(*term.factors[1:])


def _spread(values: Array, length: int) -> Array:
    return np.broadcast_to(values, (*values.shape[:-1], length)) if values.shape[-1] != length else values


def _only(arguments: Sequence[Operation], name: str) -> Operation:
    if len(arguments) != 1:
        raise EvaluationError(f"{name} takes one argument; {len(arguments)} given")
    return arguments[0]


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(str(length) for length in shape) if shape else "of a single number"
