"""Nodes from an activation over a vector: one array node, or one scalar node a unit."""

from __future__ import annotations

from collections.abc import Sequence

from backprop_derive.building.draft import Draft
from backprop_derive.building.scope import Vector
from backprop_derive.graph.expressions import Apply, Bound, Expression, Fold, Ref, add, mul, neg, num, reciprocal
from backprop_derive.graph.indices import Axis, variable
from backprop_derive.graph.nodes import Mention, Node, Piece
from backprop_derive.operations.functions import find_function
from backprop_derive.spec.source import Mark


def scalar_node(name: str, definition: Expression, role: str, unit: str, operation: str = "", mentions: tuple[Mention, ...] | None = None) -> Node:
    """A node without indices."""
    return Node(name, (), (), (Piece((), (), definition, mentions),), role, False, operation, unit)  # type: ignore[arg-type]


def array_node(name: str, letter: str, axis: Axis, definition: Expression, role: str, unit: str, operation: str = "") -> Node:
    """A node with one index, defined by one formula in it."""
    piece = Piece((variable(letter),), ((letter, axis),), definition)
    return Node(name, (letter,), (axis,), (piece,), role, False, operation, unit)  # type: ignore[arg-type]


def is_vector_function(draft: Draft, function: str) -> bool:
    """Whether an activation mixes the entries of a layer, as softmax does."""
    row = None if function in draft.functions else find_function(function)
    return row is not None and row.vector == "to vector"


def activate_array(draft: Draft, name: str, function: str, vector: Vector, unit: str, mark: Mark) -> Vector:
    """`a[j] = f(z[j])`, or `p[j] = softmax(z)[j]`, as one node."""
    assert vector.axis is not None
    definition: Expression
    if is_vector_function(draft, function):
        definition = Fold(function, Bound("k", vector.axis), vector.at(variable("k")), variable("j"))
    else:
        definition = Apply(function, (vector.at(variable("j")),))
    draft.add(array_node(name, "j", vector.axis, definition, "activation", unit, function), mark)
    return Vector((), Ref(name), vector.axis)


def activate_units(draft: Draft, names: Sequence[str], function: str, entries: Sequence[Expression], mark: Mark) -> Vector:
    """One scalar node a unit. A vector function states its partials by its row: `p1(1 - p1)`, `-p1 p2`."""
    for place, name in enumerate(names):
        if is_vector_function(draft, function):
            node = _softmax_unit(names, place, entries)
        else:
            node = scalar_node(name, Apply(function, (entries[place],)), "activation", name, function)
        draft.add(node, mark)
    return Vector(tuple(Ref(name) for name in names))


def _softmax_unit(names: Sequence[str], place: int, entries: Sequence[Expression]) -> Node:
    powers = [Apply("exp", (entry,)) for entry in entries]
    own = Ref(names[place])
    mentions = []
    for other, entry in enumerate(entries):
        assert isinstance(entry, Ref)
        partial = mul(own, add(num(1), neg(own))) if other == place else mul(num(-1), own, Ref(names[other]))
        mentions.append(Mention(entry, partial))
    definition = mul(powers[place], reciprocal(add(*powers)))
    return scalar_node(names[place], definition, "activation", names[place], "softmax", tuple(mentions))
