"""The point that a spec gives: its values, its data, its learning rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from backprop_derive.answers.worlds import DIGITS, World, Worlds
from backprop_derive.errors import BackpropError, EvaluationError
from backprop_derive.graph.numbers import DataRows, Nested
from backprop_derive.numerics.backends import FLOAT, FloatBackend, exact_backend
from backprop_derive.numerics.drawing import Point
from backprop_derive.numerics.intervals import interval_backend
from backprop_derive.numerics.training import evaluate

LARGE = 2_000


@dataclass(frozen=True)
class Given:
    """The point in 40 digits (of a large network in double precision) and in intervals, how many samples there are, and the exact numbers that the spec names."""

    exact: World
    intervals: World
    samples: int
    numbers: frozenset[Fraction]


def given_by_spec(worlds: Worlds) -> Given:
    """The point of the spec's values. Raises EvaluationError that says what has no value."""
    if "given" not in worlds.kept:
        worlds.kept["given"] = _found(worlds)
    found = worlds.kept["given"]
    if isinstance(found, EvaluationError):
        raise found
    assert isinstance(found, Given)
    return found


def _found(worlds: Worlds) -> Given | EvaluationError:
    graph = worlds.graph
    try:
        evaluation = evaluate(graph, steps=0)
    except BackpropError as error:
        return error if isinstance(error, EvaluationError) else EvaluationError(str(error))
    leaves = evaluation.leaves
    point = Point(-1, leaves.sizes, leaves.values, {}, evaluation.forward, {}, 0)
    rate = graph.numbers.learning_rate

    def world(backend: FloatBackend) -> World:
        return World(worlds.derivation, worlds.derivatives, point, backend, rate=rate if rate is not None else False)

    large = sum(array.size for array in evaluation.forward.values()) > LARGE
    return Given(world(FLOAT if large else exact_backend(DIGITS)), world(interval_backend()), evaluation.samples, frozenset(_numbers(worlds)))


def _numbers(worlds: Worlds) -> Iterator[Fraction]:
    numbers = worlds.graph.numbers
    for each in numbers.values:
        yield from _flat(each.value)
    if numbers.learning_rate is not None:
        yield numbers.learning_rate
    if isinstance(numbers.data, DataRows):
        for row in numbers.data.rows:
            for cell in row.cells:
                try:
                    yield Fraction(cell)
                except ValueError:
                    continue


def _flat(value: Nested | object) -> Iterator[Fraction]:
    if isinstance(value, Fraction):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _flat(each)
