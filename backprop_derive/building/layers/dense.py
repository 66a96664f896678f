"""`dense`: a weighted sum for each unit, and the activation of it."""

from __future__ import annotations

from backprop_derive.building.draft import Draft
from backprop_derive.building.layers.activations import activation_named
from backprop_derive.building.layers.stack import Entry, Stack, read_name
from backprop_derive.building.layers.weights import Row, read_bias, read_weights
from backprop_derive.building.letters import UNIT
from backprop_derive.building.scope import Vector
from backprop_derive.building.vectors import activate_array, activate_units, array_node, scalar_node
from backprop_derive.graph.expressions import Bound, Ref, add
from backprop_derive.graph.indices import Axis, axis_to, number, variable
from backprop_derive.graph.nodes import Node, Piece
from backprop_derive.spec.source import Mark, Scalar, Sequence, Value


def build_dense(stack: Stack, entry: Entry) -> Vector:
    """`z[j] = Σ_k W[j,k]·x[k] + b[j]`, and `a[j] = f(z[j])` if there is an activation."""
    draft, read = stack.draft, stack.source(entry)
    stack.count += 1
    name = entry.name
    units, axis = _units(draft, entry)
    tail = f"_{name}" if name else str(stack.count)
    rows = read_weights(stack, entry, axis, read, f"W{tail}")
    biases = read_bias(draft, entry, axis, f"b{tail}")
    function = activation_named(draft, entry.activation, tail) if entry.activation is not None else None
    definitions = tuple(_plus(row, bias) for row, bias in _paired(rows, biases))
    label = name or str(stack.count)
    if units:
        sums = _unit_sums(draft, entry, units, definitions, active=function is not None)
        return sums if function is None else activate_units(draft, units, function, sums.entries, entry.mark)
    if (value := entry.options.get("preactivations")) is not None:
        draft.problem(value.mark, "names are for a layer whose units have names")
    linear = bool(name) and function is None
    array = _array_sum(draft, name if linear else f"z{tail}", Vector((), None, axis, read.along), definitions, label, entry.mark)
    draft.made |= {f"z{tail}"} if not linear else set()
    draft.made |= {f"a{tail}"} if function is not None and not name else set()
    if linear:
        draft.alias(f"z{tail}", name, entry.mark)
    return array if function is None else activate_array(draft, name or f"a{tail}", function, array, label, entry.mark)


def _units(draft: Draft, entry: Entry) -> tuple[tuple[str, ...], Axis]:
    """The names of the units, if they have any, and the axis they make."""
    main = entry.main
    if isinstance(main, Scalar) and main.text:
        return (), axis_to(draft.length(main))
    if isinstance(main, Sequence) and main.items and all(isinstance(item, Scalar) for item in main.items):
        names = tuple(read_name(draft, item) for item in main.items if isinstance(item, Scalar))
        return names, axis_to(number(len(names)))
    draft.problem(entry.mark, "dense takes a number of units, `dense: 2`, or their names, `dense: [h1, h2]`; options stand below", entry.kind.text)
    return (), axis_to(number(1))


def _paired(rows: tuple[Row, ...], biases: tuple[Row | None, ...]) -> tuple[tuple[Row, Row | None], ...]:
    """One rule for all places, or, where weights or biases have names of their own, one for each."""
    count = max(len(rows), len(biases))
    return tuple((rows[at % len(rows)], biases[at % len(biases)]) for at in range(count))


def _plus(row: Row, bias: Row | None) -> Row:
    return row if bias is None else lambda place: add(row(place), bias(place))


def _unit_sums(draft: Draft, entry: Entry, units: tuple[str, ...], definitions: tuple[Row, ...], *, active: bool) -> Vector:
    """A scalar a unit: `z_h1` for unit h1, or the name that is said; a unit without activation is its own sum."""
    names = _preactivation_names(draft, entry.options.get("preactivations"), units, active)
    for at, (name, unit) in enumerate(zip(names, units, strict=True)):
        draft.add(scalar_node(name, definitions[at % len(definitions)](number(at + 1)), "preactivation", unit), entry.mark)
    return Vector(tuple(Ref(name) for name in names))


def _preactivation_names(draft: Draft, value: Value | None, units: tuple[str, ...], active: bool) -> tuple[str, ...]:
    if value is None:
        draft.made |= {f"z_{unit}" for unit in units} if active else set()
        return tuple(f"z_{unit}" for unit in units) if active else units
    if not isinstance(value, Sequence) or len(value.items) != len(units):
        draft.problem(value.mark, f"a list of {len(units)} names, one for each named unit")
        return tuple(f"z_{unit}" for unit in units)
    return tuple(read_name(draft, item) if isinstance(item, Scalar) else "z" for item in value.items)


def _array_sum(draft: Draft, name: str, sums: Vector, definitions: tuple[Row, ...], label: str, mark: Mark) -> Vector:
    """`z1[j]`, of a sequence `z1[t,j]`: one formula for all j, or one for each place."""
    assert sums.axis is not None
    indices = (*sums.along, Bound(UNIT, sums.axis))
    if len(definitions) == 1:
        draft.add(array_node(name, indices, definitions[0](variable(UNIT)), "preactivation", label), mark)
    else:
        places = [number(at) for at in range(1, (sums.length.number or 1) + 1)]
        steps = tuple((bound.name, bound.axis) for bound in sums.along)
        pieces = tuple(Piece((*(variable(letter) for letter, _ in steps), place), steps, row(place)) for place, row in zip(places, definitions, strict=False))
        draft.add(Node(name, tuple(bound.name for bound in indices), tuple(bound.axis for bound in indices), pieces, "preactivation", unit=label), mark)
    return sums.named(name)
