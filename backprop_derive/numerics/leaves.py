"""The values of a graph's leaves as arrays: those that are given, those of the samples, and those that are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop_derive.building.data import Samples, own_axes
from backprop_derive.errors import EvaluationError, Problem, nearest
from backprop_derive.graph.indices import Size
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Graph, Node
from backprop_derive.graph.numbers import GivenValue
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.domains import check_given, targets_in_domain
from backprop_derive.numerics.randomness import drawn_value, uniform
from backprop_derive.numerics.reading import checked_sizes


@dataclass(frozen=True)
class Leaves:
    """A value for every leaf, over its stored axes, and the sizes that they imply. `seed` is that of the values in `drawn`."""

    values: Mapping[str, Array]
    sizes: Mapping[str, int]
    drawn: tuple[str, ...] = ()
    seed: int | None = None


def leaf_values(graph: Graph, given: Mapping[str, Any], columns: Mapping[str, Array], count: int, seed: int) -> Leaves:
    """All leaves of the graph: `columns` are the values of `count` samples, in front of what is `given` and of the spec's values.

    Raises EvaluationError for a name that is no leaf, a wrong shape, a size or a leaf without a value.
    """
    found = {each.name: _array(each.name, each.value) for each in graph.numbers.values if each.place is None}
    found.update((name, _array(name, value)) for name, value in given.items())
    known = {**graph.sizes, **_given_sizes(graph, found)}
    found = {name: value for name, value in found.items() if name in graph.by_name}
    known.update(_inferred_sizes(graph, found, columns, known))
    if graph.samples is not None:
        known[graph.samples.size] = count
    sizes = checked_sizes(graph, known)
    leaves = [node for node in graph.nodes if node.is_leaf]
    shapes = {node.name: _shape(node, sizes) for node in leaves}
    entries = _by_name(each for each in graph.numbers.values if each.place is not None and each.name not in given)
    values: dict[str, Array] = {}
    drawn: list[str] = []
    wanted = targets_in_domain(graph, {node.name: uniform(seed, node.name, shapes[node.name]) for node in leaves if node.role == "target"})
    missing: list[str] = []
    for node in leaves:
        name, shape = node.name, shapes[node.name]
        if name in columns:
            values[name] = _fitted(node, columns[name], (count, *shape) if node.sampled else shape, sampled=node.sampled)
            continue
        if name in found:
            value = _fitted(node, found[name], shape)
        elif graph.numbers.others is not None and not (columns and node.role in ("input", "target")):
            value = wanted[name] if name in wanted else drawn_value(graph, node, shape, graph.numbers.others, seed)
            drawn.append(name)
        else:
            value = np.full(shape, np.nan)
        value = _with_entries(node, value, entries.get(name, ()))
        missing += _missing(node, value)
        values[name] = np.array(np.broadcast_to(value, (count, *shape))) if node.sampled else value
    if missing:
        raise EvaluationError(_without_value(graph, missing, bool(columns)))
    check_given(graph, values)
    return Leaves(values, sizes, tuple(drawn), seed if drawn else None)


def columns_of(graph: Graph, samples: Samples) -> dict[str, Array]:
    """The samples as one array an input or target, the sample axis in front; a class as a vector with a 1 at its place."""
    found: dict[str, Array] = {}
    for name in dict.fromkeys(column.name for column in samples.columns):
        own = [column for column in samples.columns if column.name == name]
        node, numbers = graph.node(name), [np.frombuffer(column.numbers, dtype=float) for column in own]
        if name in graph.numbers.classes:
            found[name] = one_hot(node, numbers[0], dict(graph.sizes))
            continue
        lows = [axis.low.number or 0 for axis in own_axes(node)]
        places = [tuple(index - low for index, low in zip(column.place, lows, strict=True)) for column in own]
        array = np.empty((samples.count, *(1 + max(place[at] for place in places) for at in range(len(lows)))))
        for place, column in zip(places, numbers, strict=True):
            array[(slice(None), *place)] = column  # type: ignore[index]
        found[name] = array
    return found


def one_hot(node: Node, classes: Array, sizes: Mapping[str, int]) -> Array:
    """A row a sample, with a 1 at the place of its class, counted from 1."""
    count = own_axes(node)[-1].length.resize(sizes).number
    return np.asarray(classes[:, None] == np.arange(1, (count or int(classes.max())) + 1), dtype=float)


# -- what is given ----------------------------------------------------------------------------------------------------


def _array(name: str, value: Any) -> Array:
    """Numbers, nested lists or an array as floating point numbers, which are finite."""
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise EvaluationError(f"the value of {name} is not an array of numbers: {error}") from None
    if not np.isfinite(array).all():
        raise EvaluationError(f"the value of {name} has an entry that is no finite number")
    return array


def _given_sizes(graph: Graph, found: Mapping[str, Array]) -> dict[str, int]:
    """The sizes among the given values. Raises EvaluationError for a name that is neither a leaf nor a size."""
    sizes = {name for node in graph.nodes for axis in node.axes for name in axis.low.sizes() | axis.high.sizes()}
    leaves = [node.name for node in graph.nodes if node.is_leaf]
    known: dict[str, int] = {}
    for name, value in found.items():
        if name in leaves:
            continue
        if name not in sizes:
            what = "is computed by the network" if name in graph.by_name else "is no input, target, parameter, constant or size of the network"
            raise EvaluationError(Problem(f"a value is given for {name}, which {what}", value=name, nearest=nearest(name, (*leaves, *sizes))))
        if value.shape or value != np.rint(value):
            raise EvaluationError(f"{name} is a size: its value is a whole number")
        known[name] = int(value)
    return known


def _inferred_sizes(graph: Graph, found: Mapping[str, Array], columns: Mapping[str, Array], known: Mapping[str, int]) -> dict[str, int]:
    """The sizes that the shapes of the values imply: an axis 1..n with 3 values says n = 3."""
    inferred: dict[str, int] = {}
    for node in graph.nodes:
        axes = own_axes(node)
        array = columns.get(node.name, found.get(node.name))
        shape = () if array is None else array.shape[1:] if node.name in columns and node.sampled else array.shape
        if len(shape) != len(axes):
            continue
        for axis, count in zip(axes, shape, strict=True):
            form = axis.length.resize({**known, **inferred})
            if len(form.terms) == 1 and isinstance(form.terms[0][0], Size) and form.terms[0][1] == 1:
                inferred[form.terms[0][0].name] = count - form.constant
    return inferred


def _shape(node: Node, sizes: Mapping[str, int]) -> tuple[int, ...]:
    lengths = [axis.length.resize(sizes) for axis in own_axes(node)]
    for length in lengths:
        if length.number is None:
            names = ", ".join(sorted(length.sizes()))
            raise EvaluationError(f"the size of {node.name} is {form_text(length)}, and {names} has no value: give it under `sizes:`, as in sizes: {{{names.split(',')[0]}: 3}}")
    return tuple(length.number or 0 for length in lengths)


def _fitted(node: Node, value: Array, shape: tuple[int, ...], *, sampled: bool = False) -> Array:
    """The value, which has the shape; a single number may stand for an array of one entry."""
    if value.shape == shape:
        return value
    if value.size == 1 and all(length == 1 for length in shape):
        return value.reshape(shape)
    expected = ("samples", *shape[1:]) if sampled else shape
    raise EvaluationError(f"{node.name} takes {_shape_text(expected)}, and its value has {_shape_text(value.shape)}")


def _shape_text(shape: Iterable[Any]) -> str:
    text = " × ".join(map(str, shape))
    return f"{text} numbers" if text else "one number"


def _by_name(values: Iterable[GivenValue]) -> dict[str, list[GivenValue]]:
    found: dict[str, list[GivenValue]] = {}
    for each in values:
        found.setdefault(each.name, []).append(each)
    return found


def _with_entries(node: Node, value: Array, entries: Iterable[GivenValue]) -> Array:
    """`W1[2,1]: 0.5` over the value of the whole."""
    value = np.array(value)
    for each in entries:
        place = tuple(index - (axis.low.number or 0) for index, axis in zip(each.place or (), own_axes(node), strict=True))
        if any(not 0 <= at < length for at, length in zip(place, value.shape, strict=True)):
            raise EvaluationError(f"there is no entry {node.name}[{','.join(map(str, each.place or ()))}]: its size is {_shape_text(value.shape)}")
        value[place] = float(each.value)  # type: ignore[arg-type]
    return value


def _missing(node: Node, value: Array) -> list[str]:
    """The name, or its entries if only some of them have no value."""
    gaps = np.argwhere(np.isnan(value))
    if len(gaps) == 0:
        return []
    if not value.shape or len(gaps) == value.size:
        return [node.name]
    return [f"{node.name}[{','.join(str(int(at) + (axis.low.number or 0)) for at, axis in zip(gap, own_axes(node), strict=True))}]" for gap in gaps]


def _without_value(graph: Graph, missing: list[str], with_data: bool) -> str:
    listed = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
    own = {name.partition("[")[0] for name in missing}
    data = any(graph.node(name).role in ("input", "target") for name in own)
    where = ("; the data has no column for it" if len(missing) == 1 else "; the data has no columns for them") if with_data and data else ""
    help_text = "give it under `values:`" if len(missing) == 1 else "give them under `values:`"
    drawn = "" if with_data and data else f", or have {'it' if len(missing) == 1 else 'them'} drawn by `values: random`"
    return f"no value is given for {listed}{where}: {help_text}{' or `data:`' if data else ''}{drawn}"


