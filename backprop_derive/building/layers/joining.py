"""Vectors one behind the other, as one array.

    c[j] = where(j <= n, a[j], b[j - n])        a of n entries, b behind it

A node of its own, not columns of the weights: what reads it sees one array, and `∂C/∂W[j,k] = delta[j]*c[k]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from backprop_derive.building.letters import UNIT
from backprop_derive.building.scope import Vector
from backprop_derive.building.vectors import array_node
from backprop_derive.graph.expressions import Bound, Bracket, Expression, Where
from backprop_derive.graph.indices import Affine, at_least, axis_to, number, variable
from backprop_derive.graph.nodes import Node

_Part = tuple[Affine, Callable[[Affine], Expression]]  # its length, and the entry at a place counted from 1


def joined_node(name: str, vectors: Sequence[Vector]) -> Node:
    """The array that holds the entries of all vectors, in order."""
    first = next((vector for vector in vectors if vector.along), vectors[0])
    place, parts = variable(UNIT), [part for vector in vectors for part in _parts(vector.beside(first))]
    ends = list(accumulate((length for length, _ in parts), lambda total, length: total + length))
    starts = [number(0), *ends[:-1]]
    *before, last = [entry(place - start) for start, (_, entry) in zip(starts, parts, strict=True)]
    definition = last
    for end, entry in reversed(list(zip(ends[:-1], before, strict=True))):
        definition = Where(Bracket(at_least(end, place)), entry, definition)
    return array_node(name, (*first.along, Bound(UNIT, axis_to(ends[-1]))), definition, "node")


def _parts(vector: Vector) -> Iterator[_Part]:
    if vector.axis is not None:
        yield vector.length, vector.at
    else:
        yield from ((number(1), _always(entry)) for entry in vector.entries)


def _always(entry: Expression) -> Callable[[Affine], Expression]:
    return lambda _: entry
