"""Readers of the three ways to write a network: `layers:`, `nodes:`, `equations:`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from backprop_derive.errors import nearest
from backprop_derive.spec.fields import read_activation, read_mapping, read_name, read_reference, read_references, read_text
from backprop_derive.spec.model import Connection, Equation, LayerEntry, NeuronEntry
from backprop_derive.spec.numbers import looks_like_number
from backprop_derive.spec.problems import Problems, quoted
from backprop_derive.spec.source import Mapping, Scalar, Sequence, Value

if TYPE_CHECKING:
    from collections.abc import Callable

NODE_KEYS = ("weights", "bias", "activation", "output", "preactivation")
NODE_FORM = "`A1: {weights: {w11: x1}, activation: f_A1}`"


def read_layers(value: Value, problems: Problems) -> tuple[LayerEntry, ...]:
    """A list of layers; the table of layers reads their options."""
    if not isinstance(value, Sequence):
        problems.add(value.mark, "layers is a list: `- dense: 3` with a dash for each layer")
        return ()
    if not value.items:
        problems.add(value.mark, "layers is an empty list")
    return tuple(layer for item in value.items if (layer := _read_layer(item, problems)) is not None)


def _read_layer(value: Value, problems: Problems) -> LayerEntry | None:
    """`softmax`, or `dense: 3` and options; the kind comes first."""
    if isinstance(value, Scalar):
        kind = read_text(value, problems, "a layer, such as `dense: 3`")
        return LayerEntry(kind, None, ()) if kind else None
    if isinstance(value, Sequence) or not value.entries:
        problems.add(value.mark, "a layer is a word, such as `softmax`, or a kind and its options, such as `dense: 3`")
        return None
    (first, main), *options = value.entries
    if (kind := read_text(first, problems, "the kind of a layer")) is None:
        return None
    empty = isinstance(main, Scalar) and not main.text and not main.quoted
    return LayerEntry(kind, None if empty else main, tuple(options))


def read_nodes(value: Value, problems: Problems) -> tuple[NeuronEntry, ...]:
    """A mapping of nodes, each with its weights and what else is said of it."""
    entries = read_mapping(value, problems, NODE_FORM)
    if isinstance(value, Mapping) and not entries:
        problems.add(value.mark, "there are no nodes")
    return tuple(node for key, body in entries if (node := _read_node(key, body, problems)) is not None)


def _read_node(key: Scalar, body: Value, problems: Problems) -> NeuronEntry | None:
    name = read_name(key, problems, "a node")
    if not isinstance(body, Mapping):
        problems.add(body.mark, f"a node is a mapping with weights, such as {NODE_FORM}", body.text if isinstance(body, Scalar) else None)
        return None
    for option, _ in body.entries:
        if option.text not in NODE_KEYS:
            problems.add(
                option.mark,
                f"a node has no key {quoted(option.text)}: {', '.join(NODE_KEYS)}",
                option.text,
                nearest(option.text, NODE_KEYS),
            )
    weights = body.get("weights")
    if weights is None and not any("weights" in nearest(option.text, NODE_KEYS) for option, _ in body.entries):
        problems.add(key.mark, f"the node {quoted(key.text)} has no weights", key.text)
    connections = _read_connections(weights, problems) if weights is not None else ()
    given = body.get("activation")
    activation, options = (None if given is None else read_activation(given, problems)) or (None, ())
    if name is None:
        return None
    return NeuronEntry(
        name,
        connections,
        _optional(body, "bias", _read_bias, problems),
        activation,
        _optional(body, "output", _read_output, problems),
        _optional(body, "preactivation", _read_output, problems),
        options,
    )


def _optional(body: Mapping, key: str, read: Callable[[Value, Problems], Scalar | None], problems: Problems) -> Scalar | None:
    value = body.get(key)
    return None if value is None else read(value, problems)


def _read_connections(value: Value, problems: Problems) -> tuple[Connection, ...]:
    """`{w1: x1, w2: [x1, x2]}`."""
    entries = read_mapping(value, problems, "{w11: x1, w12: x2}, weight: source")
    if isinstance(value, Mapping) and not entries:
        problems.add(value.mark, "weights has no entries: weight: source")
    found: list[Connection] = []
    for key, body in entries:
        weight, sources = read_name(key, problems, "a weight"), read_references(body, problems, "a source")
        if isinstance(body, Sequence) and not body.items:
            problems.add(body.mark, f"the weight {quoted(key.text)} has no source")
        if weight is not None and sources:
            found.append(Connection(weight, sources))
    return tuple(found)


def _read_bias(value: Value, problems: Problems) -> Scalar | None:
    if isinstance(value, Scalar) and value.text in ("none", "false"):
        return None
    if isinstance(value, Scalar) and value.text in ("true", "yes", "on"):
        problems.add(value.mark, "the bias of a node has a name, as in `bias: b`", value.text)
        return None
    return read_name(value, problems, "a bias")


def _read_output(value: Value, problems: Problems) -> Scalar | None:
    return read_name(value, problems, "a name")


def read_equations(value: Value, problems: Problems) -> tuple[Equation, ...]:
    """`z[j]: sum(W[j,k]*x[k], k)`, one a line."""
    entries = read_mapping(value, problems, "`z[j]: sum(W[j,k]*x[k], k)`, an equation a line")
    if isinstance(value, Mapping) and not entries:
        problems.add(value.mark, "there are no equations")
    found: list[Equation] = []
    for key, body in entries:
        left = _read_left(key, problems)
        right = read_text(body, problems, "a formula")
        if left is not None and right is not None:
            found.append(Equation(left, right))
    return tuple(found)


def _read_left(key: Scalar, problems: Problems) -> Scalar | None:
    """`z`, `z[j]`, `h[0,j]`, canonical."""
    text = replace(key, text=key.text.strip())
    if "(" in text.text.replace("^(", "") and not looks_like_number(text.text):
        problems.add(
            key.mark, f"{quoted(key.text)}: an equation gives a name, with or without indices; functions stand under functions", key.text
        )
        return None
    return read_reference(text, problems, "the name that an equation gives")
