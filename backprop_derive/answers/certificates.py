"""Certificates: what a verdict says is not only seen at random points, but proved.

Intervals that do not meet prove that two sides differ. Equal quotients of polynomials, in the leaves and in what no polynomial
gives, prove that they are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from backprop_derive.answers.derivatives import mixes_samples
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, World, Worlds
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.graph.expressions import Add, Expression, Fold, Integer, Mul, Number, Power, free_variables, num, walk
from backprop_derive.graph.nodes import Fact, Graph
from backprop_derive.numerics.backends import FLOAT, Array
from backprop_derive.numerics.drawing import Point
from backprop_derive.numerics.intervals import interval_backend
from backprop_derive.numerics.quotients import Algebra, OpaqueFunction, QuotientBackend, TooLarge, letters
from backprop_derive.numerics.reading import Store

LARGEST = 300
COUNTS = (2, 3, 4)
FAILURES = (EvaluationError, NotYetError, TooLarge, ArithmeticError, ValueError, TypeError, NotImplementedError)


def proved_different(worlds: Worlds, at: int, left: Side, right: Side, definitions: Definitions = NOTHING) -> bool:
    """Whether interval arithmetic proves the sides different at a point, whose leaves are exact numbers."""
    point = worlds.point(at)
    if _entries(point) > LARGEST:
        return False
    try:
        world = World(worlds.derivation, worlds.derivatives, point, interval_backend())
        first, second = (world.values(side, definitions) for side in (left, right))
        difference = np.asarray(np.broadcast_to(first, np.broadcast_shapes(first.shape, second.shape)) - second, dtype=object)
        return any(0 not in value for value in difference.reshape(-1))
    except FAILURES:
        return False


def proved_equal(worlds: Worlds, left: Side, right: Side, facts: Sequence[Fact] | None = (), definitions: Definitions = NOTHING) -> bool:
    """Whether the sides are the same quotient of polynomials, given that the targets of the `facts` sum to 1.

    None: something is assumed that polynomials do not say. Sizes that are symbols are not proved for all their values, but for the
    number of samples: see `_holds_for_all_counts`.
    """
    point, graph = worlds.point(0), worlds.graph
    symbols = set(point.sizes) - set(graph.sizes)
    if facts is None or _entries(point) > LARGEST:
        return False
    if not symbols:
        return _same_quotients(worlds, point, left, right, facts, definitions)
    samples = graph.samples
    sides = (left, right, *definitions.values())
    if samples is None or symbols != {samples.size} or not _holds_for_all_counts(graph, [side.expression for side in sides]):
        return False
    return all(_same_quotients(worlds, replace(point, sizes={**point.sizes, samples.size: count}), left, right, facts, definitions) for count in COUNTS)


def _same_quotients(worlds: Worlds, point: Point, left: Side, right: Side, facts: Sequence[Fact], definitions: Definitions) -> bool:
    """Whether the sides are the same with every value of the page as a letter, or else with the leaves as letters."""
    return any(_same_over(worlds, point, left, right, facts, definitions, every=every) for every in (True, False))


def _same_over(worlds: Worlds, point: Point, left: Side, right: Side, facts: Sequence[Fact], definitions: Definitions, *, every: bool) -> bool:
    algebra = Algebra()
    store = Store(worlds.graph, point.sizes, FLOAT)
    names = [node.name for node in worlds.graph.nodes] if every else list(point.values)
    values = {name: letters(store.shape(name), algebra) for name in names}
    for fact in facts:
        _sum_to_one(values, fact)
    functions = {name: OpaqueFunction(name) for name in point.functions}
    letters_only = replace(point, values=values, functions=functions)  # type: ignore[arg-type]

    def holds() -> bool:
        world = World(worlds.derivation, worlds.derivatives, letters_only, QuotientBackend(algebra), forward=values if every else None)
        pair = np.broadcast_arrays(*(world.values(side, definitions) for side in (left, right)))
        return all(algebra.quotient(a).same(algebra.quotient(b)) for a, b in zip(*(each.flat for each in pair), strict=True))

    try:
        return algebra.cases(holds)
    except FAILURES:
        return False


# -- any number of samples ------------------------------------------------------------------------------------------------


def _holds_for_all_counts(graph: Graph, expressions: Iterable[Expression]) -> bool:
    """Whether what holds for 2, 3 and 4 samples holds for any number m of them.

    Both sides are then u/m·Σ_i g_i + v·Σ_i h_i + r + s/m, where g and h look at one sample each, and m stands nowhere else. The samples
    are independent letters, so two numbers of samples force g and h to be constants, and what is left, a + b m + c/m, is 0 at three
    places only if it is 0.
    """
    assert graph.samples is not None
    size, names = graph.samples.size, graph.by_name
    if any(mixes_samples(node, names) for node in graph.nodes):
        return False
    penalty = graph.cost.regularizer
    for node in graph.nodes:
        for piece in node.pieces:
            if node.name != penalty and _mentions(piece.definition, size):
                return False
            if node.name == penalty and not _is_linear(piece.definition, graph):
                return False
    return all(_is_linear(expression, graph) for expression in expressions)


def _is_linear(expression: Expression, graph: Graph) -> bool:
    """Whether an expression is a sum of terms, each with one 1/m and one Σ_i at most, and no other m."""
    assert graph.samples is not None
    size, index = graph.samples.size, graph.samples.index
    if not _mentions(expression, size) and not _has_sample_fold(expression, size):
        return True
    match expression:
        case Add(terms):
            return all(_is_linear(term, graph) for term in terms)
        case Fold("sum", bound, body):
            if size in bound.axis.high.sizes():
                return not _mentions(body, size) and not _has_sample_fold(body, size)
            return _is_linear(body, graph) and index not in free_variables(expression)
        case Mul(factors):
            means = [factor for factor in factors if _is_mean(factor, size)]
            rest = [factor for factor in factors if factor not in means and (_mentions(factor, size) or _has_sample_fold(factor, size))]
            if len(means) > 1 or len(rest) > 1 or (rest and index in free_variables(expression)):
                return False
            if means and rest and not isinstance(rest[0], Fold):
                return not _mentions(rest[0], size) and _is_linear(rest[0], graph)
            return all(_is_linear(each, graph) and not (means and _mentions(each, size)) for each in rest)
        case Power():
            return _is_mean(expression, size)
    return False


def _is_mean(expression: Expression, size: str) -> bool:
    """`1/m`"""
    match expression:
        case Power(Integer(form), exponent):
            return exponent == num(-1) and form.sizes() == {size} and len(form.terms) == 1 and not form.constant
        case Power(Mul(factors), exponent):  # 1/(2 m)
            parts = [factor for factor in factors if not isinstance(factor, Number)]
            return len(parts) == 1 and _is_mean(Power(parts[0], exponent), size)
    return False


def _mentions(expression: Expression, size: str) -> bool:
    """Whether the number of samples stands in an expression as a number."""
    return any(isinstance(each, Integer) and size in each.form.sizes() for each in walk(expression))


def _has_sample_fold(expression: Expression, size: str) -> bool:
    return any(isinstance(each, Fold) and size in each.bound.axis.high.sizes() for each in walk(expression))


# -- letters that are tied ------------------------------------------------------------------------------------------------


def _sum_to_one(values: dict[str, Array], fact: Fact) -> None:
    """The last of the entries is 1 minus the others."""
    names = [fact.vector] if fact.vector is not None else [ref.name for ref in fact.entries]
    if not all(name in values for name in names):
        return
    if fact.vector is not None:
        array = values[fact.vector]
        array[..., -1] = 1 - array[..., :-1].sum(axis=-1)
    else:
        last = np.empty_like(values[names[-1]])
        values[names[-1]] = np.subtract(1, np.add.reduce([values[name] for name in names[:-1]]), dtype=object, out=last)


def _entries(point: Point) -> int:
    return sum(array.size for array in point.forward.values())
