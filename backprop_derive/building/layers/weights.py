"""The options `weights:` and `bias:` of a layer: names of arrays, names one by one, shared or transposed."""

from __future__ import annotations

from collections.abc import Callable

from backprop_derive.building.draft import Draft
from backprop_derive.building.layers.stack import Entry, Stack, read_name
from backprop_derive.building.scope import Vector
from backprop_derive.building.shapes import length_text
from backprop_derive.graph.expressions import Bound, Expression, Fold, Ref, add, mul
from backprop_derive.graph.indices import Affine, Axis, axis_to, number, variable
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Node
from backprop_derive.notation import canonical, is_name
from backprop_derive.spec.numbers import looks_like_number
from backprop_derive.spec.source import Mapping, Mark, Scalar, Sequence, Value

Row = Callable[[Affine], Expression]
_TRANSPOSED = ("^T", "ᵀ")


def read_weights(stack: Stack, entry: Entry, axis: Axis, read: Vector, default: str) -> tuple[Row, ...]:
    """What each unit sums, without its bias: one rule for an array of weights, or a rule a unit."""
    draft, value = stack.draft, entry.options.get("weights")
    if isinstance(value, Sequence):
        return _named_one_by_one(draft, value, axis, read)
    mark = value.mark if value is not None else entry.mark
    if isinstance(value, Mapping) or (isinstance(value, Scalar) and looks_like_number(value.text)):
        draft.problem(mark, "takes names; numbers go under `values:`")
        return (_always(add()),)
    columns = read.axis or axis_to(read.length)
    text = value.text.strip() if isinstance(value, Scalar) else default
    if text.endswith(_TRANSPOSED) and isinstance(value, Scalar):
        return (_transposed_row(stack, text, value, axis, columns, read),)
    name = read_name(draft, value) if isinstance(value, Scalar) else default
    draft.made |= set() if isinstance(value, Scalar) else {name}
    stack.matrices.add(name)
    _add_matrix(draft, name, axis, columns, mark)
    return (_row(lambda j, k: Ref(name, (j, k)), columns, read),)


def _row(weight: Callable[[Affine, Affine], Expression], columns: Axis, read: Vector) -> Row:
    """`Σ_k W[j,k]·x[k]`; entries that stand one by one are written out."""
    if read.axis is not None:
        k = variable("k")
        if columns.single:
            return lambda j: mul(weight(j, columns.low), read.at(columns.low))
        return lambda j: Fold("sum", Bound("k", columns), mul(weight(j, k), read.at(k)))
    return lambda j: add(*(mul(weight(j, number(at)), entry) for at, entry in enumerate(read.entries, 1)))


def _transposed_row(stack: Stack, text: str, value: Scalar, axis: Axis, columns: Axis, read: Vector) -> Row:
    """`Σ_k W[k,j]·x[k]`: the weights of another layer, transposed."""
    name = canonical(text.removesuffix(_TRANSPOSED[1]).removesuffix(_TRANSPOSED[0]))
    if not is_name(name):
        stack.draft.problem(value.mark, f"{value.text!r} is no name of weights, transposed", value.text)
        return _always(add())
    known = stack.draft.nodes.get(name)
    if known is not None and known.role != "parameter":
        stack.draft.problem(value.mark, f"{name!r} is no array of weights", value.text)
        return _always(add())
    stack.transposed.setdefault(name, value.mark)
    _add_matrix(stack.draft, name, columns, axis, value.mark, transposed=True)
    return _row(lambda j, k: Ref(name, (k, j)), columns, read)


def _add_matrix(draft: Draft, name: str, rows: Axis, columns: Axis, mark: Mark, *, transposed: bool = False) -> None:
    """A matrix of weights; if it is known already, its shape must fit."""
    known = draft.nodes.get(name)
    if known is None or known.role != "parameter" or known.axes == (rows, columns):
        draft.add(Node(name, ("j", "k"), (rows, columns), role="parameter"), mark, shared=True)
        return
    wanted = (columns, rows) if transposed else (rows, columns)
    given = tuple(reversed(known.axes)) if transposed else known.axes
    first, shown = draft.places[name], f"{name}^T" if transposed else name
    message = f"this layer needs {_shape(wanted)} (to × from), but {shown} is {_shape(given)}: {name!r} is given at {first.path} (line {first.line})"
    draft.problem(mark, message, shown)


def _shape(axes: tuple[Axis, ...]) -> str:
    return " × ".join(length_text(axis) for axis in axes) or "one number"


def _named_one_by_one(draft: Draft, value: Sequence, axis: Axis, read: Vector) -> tuple[Row, ...]:
    rows = [item for item in value.items if isinstance(item, Sequence)]
    wanted, columns = axis.length.number, read.length.number
    if wanted is None or columns is None:
        draft.problem(value.mark, "weights can be named one by one only where the sizes are numbers")
        return (_always(add()),) * (wanted or 1)
    if len(rows) != len(value.items) or len(rows) != wanted or any(len(row.items) != columns for row in rows):
        given = f"{len(value.items)} × {'/'.join(sorted({str(len(row.items)) for row in rows})) or '?'}"
        draft.problem(value.mark, f"{wanted} rows (to) of {columns} names (from) are expected, {given} are given")
        return (_always(add()),) * wanted
    found: list[Row] = []
    for row in rows:
        terms = [mul(Ref(_parameter(draft, item)), read.at(number(at))) for at, item in enumerate(row.items, 1)]
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


def read_bias(draft: Draft, entry: Entry, axis: Axis, default: str) -> tuple[Row | None, ...]:
    """The bias of each unit: one rule for all of them, or one each; None where there is none."""
    value = entry.options.get("bias")
    if isinstance(value, Scalar) and value.text in ("false", "none"):
        return (None,)
    if isinstance(value, Scalar) and value.text == "true":
        value = None
    if isinstance(value, Mapping):
        shared = value.get("shared")
        if len(value.entries) != 1 or shared is None:
            draft.problem(value.mark, "takes a name, a list of names, {shared: name}, or false")
            return (None,)
        return (_always(Ref(_parameter(draft, shared))),)
    if isinstance(value, Sequence):
        if len(value.items) != axis.length.number:
            draft.problem(value.mark, f"one name a unit is expected: {form_text(axis.length)} names; {len(value.items)} given")
            return (None,)
        return tuple(_always(Ref(_parameter(draft, item))) for item in value.items)
    return (_bias_vector(draft, value, axis, default, value.mark if value is not None else entry.mark),)


def _bias_vector(draft: Draft, value: Scalar | None, axis: Axis, default: str, mark: Mark) -> Row:
    if value is not None and looks_like_number(value.text):
        draft.problem(mark, "takes names; numbers go under `values:`", value.text)
        return _always(add())
    if value is not None and value.text.lower() in ("false", "none"):
        word = value.text.lower()
        draft.problem(mark, f"{value.text!r} is no name, and the word for no bias is written {word}", value.text, (word,))
        return _always(add())
    name = read_name(draft, value) if value is not None else default
    draft.made |= {name} if value is None else set()
    draft.add(Node(name, ("j",), (axis,), role="parameter"), mark, shared=True)
    return lambda place: Ref(name, (place,))
