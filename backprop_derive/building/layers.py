"""`layers:` → nodes. One function a kind of layer, one row in `LAYERS`.

A layer takes the vector that the layer above gives and returns its own. A layer whose units are numbered is an array
node; one whose units have names is a scalar node a unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from backprop_derive.building.draft import Draft
from backprop_derive.building.scope import Vector
from backprop_derive.building.vectors import activate_array, activate_units, array_node, scalar_node
from backprop_derive.errors import nearest
from backprop_derive.graph.expressions import Bound, Expression, Fold, Ref, add, mul
from backprop_derive.graph.indices import Affine, Axis, axis_to, number, variable
from backprop_derive.graph.nodes import Node, Piece
from backprop_derive.notation import canonical, is_name
from backprop_derive.spec.model import LayerEntry
from backprop_derive.spec.source import Mapping as YamlMapping
from backprop_derive.spec.source import Mark, Scalar, Sequence, Value

PLANNED = (
    "residual", "concat", "dropout", "batch_norm", "layer_norm", "rms_norm", "group_norm", "conv1d", "conv2d", "max_pool",
    "avg_pool", "flatten", "embedding", "rnn", "lstm", "gru", "attention", "glu", "swiglu",
)  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """A kind of layer: its options, and what it adds to the graph."""

    kind: str
    build: Callable[[Draft, LayerEntry, Stack], None]
    options: tuple[str, ...] = ()
    planned: tuple[str, ...] = ("input", "name")


@dataclass
class Stack:
    """Where the stack of layers has got to."""

    vector: Vector
    parametered: int = 0
    units: tuple[str, ...] = ()
    active: bool = True
    label: str = ""
    names: dict[str, int] = field(default_factory=dict)


def build_layers(draft: Draft, inputs: Vector) -> Vector:
    """Add the nodes of all layers, in order; returns the output."""
    stack = Stack(inputs)
    for entry in draft.spec.layers:
        layer = LAYERS.get(entry.kind.text)
        if layer is None:
            _unknown_kind(draft, entry.kind)
            continue
        for option, _ in entry.options:
            if option.text in layer.planned:
                draft.problem(option.mark, f"the option {option.text!r} of a layer: not yet (planned, not built)", option.text)
            elif option.text not in layer.options:
                message = f"{option.text!r} is no option of {layer.kind}"
                draft.problem(option.mark, message, option.text, nearest(option.text, layer.options))
        layer.build(draft, entry, stack)
    return stack.vector


def _unknown_kind(draft: Draft, kind: Scalar) -> None:
    if kind.text in PLANNED:
        draft.problem(kind.mark, f"the layer {kind.text!r}: not yet (planned, not built)", kind.text)
    else:
        draft.problem(kind.mark, f"{kind.text!r} is no kind of layer", kind.text, nearest(kind.text, (*LAYERS, *PLANNED)))


# -- dense ------------------------------------------------------------------------------------------------------------


def _dense(draft: Draft, entry: LayerEntry, stack: Stack) -> None:
    """`z[j] = Σ_k W[j,k]·x[k] + b[j]`, and the activation of it, if there is one."""
    options = {option.text: value for option, value in entry.options}
    stack.parametered += 1
    number_of_layer = str(stack.parametered)
    units, axis = _units(draft, entry)
    activation = options.get("activation")
    function = _activation(draft, activation) if activation is not None else None
    if function == "identity":
        function = None
    stack.units, stack.label, stack.active = units, number_of_layer, function is not None
    rows = _weights(draft, options.get("weights"), axis, stack, entry)
    biases = _bias(draft, options.get("bias"), axis, number_of_layer, entry.kind.mark)
    if units:
        names = _preactivation_names(draft, options.get("preactivations"), units, function is not None)
        for at, (name, unit) in enumerate(zip(names, units, strict=True)):
            definition = _plus(rows[at % len(rows)], biases[at % len(biases)])(number(at + 1))
            draft.add(scalar_node(name, definition, "preactivation", unit), entry.kind.mark)
        vector = Vector(tuple(Ref(name) for name in names))
    else:
        if (value := options.get("preactivations")) is not None:
            draft.problem(value.mark, "preactivations: names are for a layer whose units have names")
        vector = _array_sum(draft, f"z{number_of_layer}", axis, rows, biases, entry.kind.mark)
    stack.vector = vector
    if function is not None:
        _activate(draft, function, stack, entry.kind.mark)


def _units(draft: Draft, entry: LayerEntry) -> tuple[tuple[str, ...], Axis]:
    """The names of the units, if they have any, and the axis they make."""
    main = entry.main
    if isinstance(main, Scalar) and main.text:
        return (), axis_to(draft.length(main))
    if isinstance(main, Sequence) and main.items and all(isinstance(item, Scalar) for item in main.items):
        names = tuple(_name(draft, item) for item in main.items if isinstance(item, Scalar))
        return names, axis_to(number(len(names)))
    draft.problem(entry.kind.mark, "dense takes a number of units, `dense: 2`, or their names, `dense: [h1, h2]`", entry.kind.text)
    return (), axis_to(number(1))


def _name(draft: Draft, scalar: Scalar) -> str:
    name = canonical(scalar.text)
    if not is_name(name):
        draft.problem(scalar.mark, f"{scalar.text!r} is no name: a letter, then letters, digits, _ and primes", scalar.text)
    return name


Row = Callable[[Affine], Expression]


def _weights(draft: Draft, value: Value | None, axis: Axis, stack: Stack, entry: LayerEntry) -> tuple[Row, ...]:
    """What each unit sums, without its bias: a single rule for an array of weights, or a rule a unit."""
    vector = stack.vector
    if isinstance(value, Sequence):
        return _named_weights(draft, value, axis, vector)
    name = _name(draft, value) if isinstance(value, Scalar) else f"W{stack.parametered}"
    mark = value.mark if value is not None else entry.kind.mark
    if isinstance(value, YamlMapping) or (isinstance(value, Scalar) and value.text[:1].isdigit()):
        draft.problem(mark, "weights: takes names; numbers go under `values:`")
    if name.endswith("^T"):
        draft.problem(mark, "weights that are another matrix transposed: not yet (planned, not built)")
    columns = vector.axis or axis_to(vector.length)
    draft.add(Node(name, ("j", "k"), (axis, columns), role="parameter"), mark, shared=True)

    def row(place: Affine) -> Expression:
        if vector.axis is not None:
            k = variable("k")
            return Fold("sum", Bound("k", columns), mul(Ref(name, (place, k)), vector.at(k)))
        parts = (mul(Ref(name, (place, number(at))), entry) for at, entry in enumerate(vector.entries, 1))
        return add(*parts)

    return (row,)


def _named_weights(draft: Draft, value: Sequence, axis: Axis, vector: Vector) -> tuple[Row, ...]:
    rows = [item for item in value.items if isinstance(item, Sequence)]
    wanted, columns = axis.length.number, vector.length.number
    if wanted is None or columns is None:
        draft.problem(value.mark, "weights can be named one by one only where the sizes are numbers")
        return (lambda _: add(),) * (wanted or 1)
    if len(rows) != len(value.items) or len(rows) != wanted or any(len(row.items) != columns for row in rows):
        given = f"{len(value.items)} × {'/'.join(sorted({str(len(row.items)) for row in rows})) or '?'}"
        message = f"weights: {wanted} rows (to) of {columns} names (from) are expected, {given} are given"
        draft.problem(value.mark, message)
        return (lambda _: add(),) * wanted
    found: list[Row] = []
    for row in rows:
        terms: list[Expression] = []
        for at, item in enumerate(row.items, 1):
            weight = _parameter(draft, item)
            terms.append(mul(Ref(weight), vector.at(number(at))))
        found.append(_always(add(*terms)))
    return tuple(found)


def _always(expression: Expression) -> Row:
    """The same expression at every place."""
    return lambda _: expression


def _parameter(draft: Draft, item: Value) -> str:
    if not isinstance(item, Scalar) or not is_name(canonical(item.text)):
        shown = item.text if isinstance(item, Scalar) else "a list"
        draft.problem(item.mark, f"{shown!r} is no name of a parameter; numbers go under `values:`", shown)
        return "w"
    name = canonical(item.text)
    draft.add(Node(name, role="parameter"), item.mark, shared=True)
    return name


def _bias(draft: Draft, value: Value | None, axis: Axis, layer: str, mark: Mark) -> tuple[Row | None, ...]:
    """The bias of each unit: one rule for all of them, or one each; None where there is none."""
    if isinstance(value, Scalar) and value.text in ("false", "none"):
        return (None,)
    if isinstance(value, YamlMapping):
        shared = value.get("shared")
        if len(value.entries) != 1 or shared is None:
            draft.problem(value.mark, "bias: takes a name, a list of names, {shared: name}, or false")
            return (None,)
        return (_always(Ref(_parameter(draft, shared))),)
    if isinstance(value, Sequence):
        if len(value.items) != axis.length.number:
            draft.problem(value.mark, f"bias: one name a unit is expected; {len(value.items)} given")
            return (None,)
        return tuple(_always(Ref(_parameter(draft, item))) for item in value.items)
    name = _name(draft, value) if isinstance(value, Scalar) else f"b{layer}"
    draft.add(Node(name, ("j",), (axis,), role="parameter"), value.mark if value is not None else mark, shared=True)
    return (lambda place: Ref(name, (place,)),)


def _plus(row: Row, bias: Row | None) -> Row:
    return row if bias is None else lambda place: add(row(place), bias(place))


def _preactivation_names(draft: Draft, value: Value | None, units: tuple[str, ...], active: bool) -> tuple[str, ...]:
    """`z_h1` for unit h1, or as said. A unit without an activation is its own weighted sum."""
    if value is None:
        return tuple(f"z_{unit}" for unit in units) if active else units
    if not isinstance(value, Sequence) or not units or len(value.items) != len(units):
        draft.problem(value.mark, f"preactivations: a list of {len(units)} names, one for each named unit")
        return tuple(f"z_{unit}" for unit in units)
    return tuple(_name(draft, item) if isinstance(item, Scalar) else "z" for item in value.items)


def _array_sum(draft: Draft, name: str, axis: Axis, rows: tuple[Row, ...], biases: tuple[Row | None, ...], mark: Mark) -> Vector:
    """`z1[j]`: one formula for all j, or, where weights or biases have names of their own, one for each place."""
    if len(rows) == len(biases) == 1:
        definition = _plus(rows[0], biases[0])(variable("j"))
        draft.add(array_node(name, "j", axis, definition, "preactivation", name[1:]), mark)
        return Vector((), Ref(name), axis)
    count = axis.length.number or 1
    pieces = []
    for at in range(count):
        definition = _plus(rows[at % len(rows)], biases[at % len(biases)])(number(at + 1))
        pieces.append(Piece((number(at + 1),), (), definition))
    draft.add(Node(name, ("j",), (axis,), tuple(pieces), "preactivation", unit=name[1:]), mark)
    return Vector((), Ref(name), axis)


# -- activations ------------------------------------------------------------------------------------------------------


def _activation(draft: Draft, value: Value) -> str | None:
    if isinstance(value, Scalar):
        return draft.activation(value)
    draft.problem(value.mark, "activation: takes a name")
    return None


def _activate(draft: Draft, function: str, stack: Stack, mark: Mark) -> None:
    """The outputs: `a1[j]`, or, for named units, the units' own names."""
    stack.active = True
    if stack.units:
        stack.vector = activate_units(draft, stack.units, function, stack.vector.entries, mark)
        return
    name = f"a{stack.label}"
    stack.names[name] = stack.names.get(name, 0) + 1
    if stack.names[name] > 1:
        name = f"{name}_{stack.names[name]}"
    if stack.vector.axis is not None:
        stack.vector = activate_array(draft, name, function, stack.vector, stack.label, mark)
    else:
        names = [f"{name}_{at}" for at in range(1, len(stack.vector.entries) + 1)]
        stack.vector = activate_units(draft, names, function, stack.vector.entries, mark)


def _activation_layer(draft: Draft, entry: LayerEntry, stack: Stack) -> None:
    """`- activation: tanh` or `- softmax`: the activation of the layer above."""
    value = entry.main if entry.kind.text == "activation" else entry.kind
    if value is None:
        draft.problem(entry.kind.mark, "activation: takes the name of a function", entry.kind.text)
        return
    function = _activation(draft, value)
    if function is None or function == "identity":
        return
    if stack.units and stack.active:
        stack.units = tuple(f"{unit}_2" for unit in stack.units)
    elif stack.units:
        _rename_sums(draft, stack)
    _activate(draft, function, stack, entry.kind.mark)


def _rename_sums(draft: Draft, stack: Stack) -> None:
    """Units that were taken for linear get an activation after all: their sums are called `z_h1`, not `h1`."""
    for unit in stack.units:
        node = draft.nodes.pop(unit)
        mark = draft.places.pop(unit)
        draft.add(Node(f"z_{unit}", (), (), node.pieces, "preactivation", unit=unit), mark)
    stack.vector = Vector(tuple(Ref(f"z_{unit}") for unit in stack.units))


LAYERS: Mapping[str, Layer] = {
    row.kind: row
    for row in (
        Layer("dense", _dense, ("weights", "bias", "preactivations", "activation")),
        Layer("activation", _activation_layer),
        Layer("softmax", _activation_layer),
    )
}
