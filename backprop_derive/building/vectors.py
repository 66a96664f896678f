"""Nodes from an activation over a vector: one array node, or one scalar node a unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backprop_derive.building.activations import Activation
from backprop_derive.building.draft import Draft
from backprop_derive.building.formulas import read_formula
from backprop_derive.building.letters import SOURCE, bounds_along
from backprop_derive.building.scope import Scope, Vector
from backprop_derive.frozen import replace
from backprop_derive.graph.expressions import Bound, Expression, Fold, Ref
from backprop_derive.graph.indices import Axis, number, variable
from backprop_derive.graph.nodes import Mention, Node, Piece
from backprop_derive.operations.functions import find_function
from backprop_derive.spec.source import Mark


def scalar_node(name: str, definition: Expression, role: str, unit: str, operation: str = "", mentions: tuple[Mention, ...] | None = None) -> Node:
    """A node without indices."""
    return Node(name, (), (), (Piece((), (), definition, mentions),), role, False, operation, unit)  # type: ignore[arg-type]


def array_node(name: str, indices: Sequence[Bound], definition: Expression, role: str, unit: str = "", operation: str = "") -> Node:
    """A node with indices, defined by one formula in them."""
    letters, axes = tuple(bound.name for bound in indices), tuple(bound.axis for bound in indices)
    piece = Piece(tuple(map(variable, letters)), tuple(zip(letters, axes, strict=True)), definition)
    return Node(name, letters, axes, (piece,), role, False, operation, unit)  # type: ignore[arg-type]


def started(node: Node, start: Expression) -> Node:
    """The node with one more place in front of the first, where it is `start`, over the letters of its other indices."""
    (piece,) = node.pieces
    (_, axis), *others = piece.axes
    before = axis.low - 1
    starting = Piece((before, *piece.places[1:]), tuple(others), start)
    return replace(node, axes=(Axis(before, axis.high), *node.axes[1:]), pieces=(piece, starting))


def vector_of_node(node: Node, taken: Iterable[str] = ()) -> Vector:
    """A scalar as a vector of one entry, an array as a vector, or as one along its first axes, by letters that are not `taken`.
    The values that a recurrence starts from are left out."""
    if not node.axes:
        return Vector((Ref(node.name),))
    axes = node.formula_axes
    return Vector((), None, axes[-1], bounds_along(axes[:-1], taken)).named(node.name)


def activate_array(draft: Draft, name: str, function: Activation, vector: Vector, unit: str, mark: Mark) -> Vector:
    """`a[j] = f(z[j])`, or `p[j] = softmax(z)[j]`, as one node; of a sequence `a[t,j] = f(z[t,j])`."""
    assert vector.axis is not None
    if function.vector:
        definition: Expression = Fold(function.function, Bound(SOURCE, vector.axis), vector.at(variable(SOURCE)), variable(vector.letter))
    else:
        definition = function.at(vector.at(variable(vector.letter)))
    draft.add(array_node(name, vector.bounds, definition, "activation", unit, function.function), mark)
    return vector.named(name)


def activate_units(draft: Draft, names: Sequence[str], function: Activation, entries: Sequence[Expression], mark: Mark) -> Vector:
    """One scalar node a unit. A vector function states its partials by its row: `p1(1 - p1)`, `-p1 p2`."""
    outputs = Vector(tuple(Ref(name) for name in names))
    for place, name in enumerate(names):
        if function.vector:
            definition, mentions = vector_unit(function.function, Vector(tuple(entries)), outputs, place + 1)
            node = scalar_node(name, definition, "activation", name, function.function, mentions)
        else:
            node = scalar_node(name, function.at(entries[place]), "activation", name, function.function)
        draft.add(node, mark)
    return outputs


def vector_unit(function: str, entries: Vector, outputs: Vector, place: int) -> tuple[Expression, tuple[Mention, ...]]:
    """One component of a function of a vector whose entries stand one by one: its definition and its partials by each entry."""
    row = find_function(function)
    assert row is not None
    component = {"c": number(place)}
    definition = read_formula(row.formula, Scope(vectors={"z": entries}, sizes=component))
    mentions = []
    for at, entry in enumerate(entries.entries, 1):
        assert isinstance(entry, Ref)
        scope = Scope(vectors={"z": entries, "a": outputs}, sizes={**component, "d": number(at)})
        mentions.append(Mention(entry, read_formula(row.derivatives[0], scope)))
    return definition, tuple(mentions)
