"""Certificates: what a verdict says is not only seen at random points, but proved.

Intervals that do not meet prove that two sides differ. Equal quotients of polynomials, in the leaves and in what no polynomial
gives, prove that they are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, World, Worlds
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.graph.nodes import Fact
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.drawing import Point
from backprop_derive.numerics.intervals import interval_backend
from backprop_derive.numerics.quotients import Algebra, OpaqueFunction, Quotient, QuotientBackend, TooLarge, letters

LARGEST = 300
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

    None: something is assumed that polynomials do not say. Sizes that are symbols are not proved for all their values.
    """
    point = worlds.point(0)
    if facts is None or _entries(point) > LARGEST or set(point.sizes) - set(worlds.graph.sizes):
        return False
    algebra = Algebra()
    values = {name: letters(array.shape, algebra) for name, array in point.values.items()}
    for fact in facts:
        _sum_to_one(values, fact)
    functions = {name: OpaqueFunction(name) for name in point.functions}
    letters_only = replace(point, values=values, functions=functions)  # type: ignore[arg-type]

    def holds() -> bool:
        world = World(worlds.derivation, worlds.derivatives, letters_only, QuotientBackend(algebra))
        first, second = (world.values(side, definitions) for side in (left, right))
        return all(_quotient(algebra, a).same(_quotient(algebra, b)) for a, b in zip(*(each.flat for each in np.broadcast_arrays(first, second)), strict=True))

    try:
        return algebra.cases(holds)
    except FAILURES:
        return False


def _quotient(algebra: Algebra, value: object) -> Quotient:
    return algebra.quotient(value)


def _sum_to_one(values: dict[str, Array], fact: Fact) -> None:
    """The last of the entries is 1 minus the others."""
    names = [fact.vector] if fact.vector is not None else [ref.name for ref in fact.entries]
    if not all(name in values for name in names):
        return
    if fact.vector is not None:
        array = values[fact.vector]
        array[..., -1] = 1 - array[..., :-1].sum(axis=-1)
    else:
        values[names[-1]] = np.subtract(1, np.add.reduce([values[name] for name in names[:-1]]), dtype=object, out=np.empty_like(values[names[-1]]))


def _entries(point: Point) -> int:
    return sum(array.size for array in point.forward.values())
