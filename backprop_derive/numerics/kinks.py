"""Where the functions of a graph have no derivative, and how near a point is to such a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np

from backprop_derive.building.formulas import all_arguments, fill, read_formula
from backprop_derive.building.scope import Quantity, Scope
from backprop_derive.graph.expressions import (
    ONE,
    ZERO,
    Apply,
    Bound,
    Bracket,
    Compare,
    Expression,
    Fold,
    Mul,
    Ref,
    Where,
    add,
    children,
    mul,
    neg,
    num,
    power,
)  # fmt: skip
from backprop_derive.graph.nodes import Graph, Piece
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.operations.functions import find_function
from backprop_derive.operations.rows import Function

SHARPNESS = 20


@dataclass(frozen=True, slots=True)
class KinkPlace:
    """`operation` has no derivative where `argument` is 0. `closeness` is Σ 1/|argument|^20 over all places of the piece.

    `side` has another sign on each side of the kink (of a maximum over an index: it is 0 at the place of the maximum only). It may
    mention the indices `bounds` of folds around it, and counts only where the `guards` are not 0.
    """

    node: Ref
    piece: Piece
    operation: str
    argument: Expression
    closeness: Expression
    side: Expression
    bounds: tuple[Bound, ...] = ()
    guards: tuple[Expression, ...] = ()

    def distance(self, evaluator: Evaluator) -> float:
        """(Σ 1/|argument|^20)^(-1/20): the smallest |argument|, or a little less where several are near it.

        An argument that is exactly 0 does not count: a random draw meets one only where it stays 0 (behind a relu that
        blocks), and there every printed convention is a derivative.
        """
        letters, axes = zip(*self.piece.axes, strict=True) if self.piece.axes else ((), ())
        total = float(np.sum(evaluator.expression(self.closeness, letters, axes)))
        return float("inf") if total == 0 else total ** (-1 / SHARPNESS)


@lru_cache(maxsize=32)
def kink_places(graph: Graph) -> tuple[KinkPlace, ...]:
    """Every kink in every definition, in graph order: of functions of the table, of tests and of maxima over an index."""
    return tuple(
        KinkPlace(node.ref(), piece, found.operation, found.argument, found.closeness, found.side, found.bounds, found.guards)
        for node in graph.nodes
        if node.role != "choice"
        for piece in node.pieces
        for found in dict.fromkeys(_kinks(piece.definition, graph.functions))
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A kink, as far as the expression goes in which it was found."""

    operation: str
    argument: Expression
    closeness: Expression
    side: Expression
    bounds: tuple[Bound, ...] = ()
    guards: tuple[Expression, ...] = ()

    def under(self, bound: Bound) -> _Found:
        """Inside a fold."""
        return replace(self, closeness=Fold("sum", bound, self.closeness), bounds=(bound, *self.bounds))

    def where(self, guard: Expression, closeness: Expression) -> _Found:
        """Where the guard is not 0."""
        return replace(self, closeness=closeness, guards=(guard, *self.guards))


def _kinks(expression: Expression, functions: Mapping[str, tuple[str, Expression] | None]) -> Iterator[_Found]:
    match expression:
        case Fold(kind, bound, body):
            if kind in ("max", "argmax"):
                gap = add(Fold("max", bound, body), neg(body))
                yield _Found("max", body, Fold("sum", bound, _closeness(gap)), gap, (bound,))
            yield from (each.under(bound) for each in _kinks(body, functions))
        case Where(test, then, otherwise):
            for each in _kinks(test, functions):
                yield replace(each, operation="where") if isinstance(test, Compare) and each.operation == test.relation else each
            yield from (each.where(test, Where(test, each.closeness, ZERO)) for each in _kinks(then, functions))
            yield from (each.where(Where(test, ZERO, ONE), Where(test, ZERO, each.closeness)) for each in _kinks(otherwise, functions))
        case Compare(relation, left, right):
            difference = add(left, neg(right))
            yield _Found(relation, difference, _closeness(difference), difference)
            yield from _below(expression, functions)
        case Mul(factors):
            guards = [factor for factor in factors if isinstance(factor, Bracket)]
            for each in _below(expression, functions):
                yield each.where(mul(*guards), mul(*guards, each.closeness)) if guards else each
        case Apply(function, arguments):
            yield from _below(expression, functions)
            own = functions.get(function)
            if own is not None:
                yield from _kinks(fill(own[1], {own[0]: arguments[0]}), functions)
            elif function not in functions:
                yield from _of_row(find_function(function), arguments)
        case _:
            yield from _below(expression, functions)


def _below(expression: Expression, functions: Mapping[str, tuple[str, Expression] | None]) -> Iterator[_Found]:
    for child in children(expression):
        yield from _kinks(child, functions)


def _of_row(row: Function | None, arguments: tuple[Expression, ...]) -> Iterator[_Found]:
    if row is not None:
        values = dict(zip(row.arguments, all_arguments(row, arguments), strict=True))
        for formula in _kink_formulas(row):
            argument = fill(formula, values)
            yield _Found(row.name, argument, _closeness(argument), argument)


@cache
def _kink_formulas(row: Function) -> tuple[Expression, ...]:
    return tuple(read_formula(text, Scope({name: Quantity() for name in row.arguments})) for text in row.kinks)


def _closeness(argument: Expression) -> Expression:
    return Where(Compare("=", argument, ZERO), ZERO, power(Apply("abs", (argument,)), num(-SHARPNESS)))
