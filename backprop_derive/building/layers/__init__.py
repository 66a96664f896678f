"""`layers:` → nodes: the way through a list of layers. Each is built by the function that its row of the table names.

A layer takes a vector and gives one: an array node where its units are numbered, scalar nodes where they have names.
It reads the layer above, or what its `input:` names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from backprop_derive.building.doubts import names_in
from backprop_derive.building.draft import Draft
from backprop_derive.building.layers.stack import Entry, Stack, read_entry
from backprop_derive.building.scope import Vector
from backprop_derive.building.vectors import array_node
from backprop_derive.errors import FormulaError, nearest
from backprop_derive.graph.indices import variable
from backprop_derive.graph.nodes import Node
from backprop_derive.language.grammar import parse
from backprop_derive.language.syntax import Name
from backprop_derive.operations.functions import activation_names
from backprop_derive.operations.layers import LAYERS
from backprop_derive.operations.rows import folded
from backprop_derive.spec.model import LayerEntry
from backprop_derive.spec.numbers import looks_like_number
from backprop_derive.spec.source import Scalar, Value
from backprop_derive.spec.source import Sequence as YamlSequence

Builder = Callable[[Stack, Entry], Vector]


def build_layers(draft: Draft, inputs: Sequence[Node]) -> Vector:
    """Add the nodes of all layers, in order; returns the output. A branch that nothing reads is a problem."""
    if not inputs:
        draft.problem(draft.spec.mark, "`layers` needs `inputs:`, such as `inputs: 2` or `inputs: [x1, x2]`")
    stack = Stack(draft, _build)
    stack.start(inputs)
    output = stack.run(draft.spec.layers)
    _check_transposed(stack)
    if not draft.problems:
        _check_read(stack)
    return _whole(stack, output)


def _whole(stack: Stack, output: Vector) -> Vector:
    """The output of the network as a node of its own where it is a part of one: `last1[j] = h1[T,j]`."""
    if output.axis is None or output.array is None or len(output.array.indices) == len(output.along):
        return output
    name = stack.free(f"last{stack.count}")
    node = array_node(name, output.bounds, output.at(variable(output.letter)), "node")
    stack.draft.add(node, stack.draft.places[output.array.name])
    stack.draft.made.add(name)
    return output.named(name)


def _build(stack: Stack, entry: LayerEntry, activation: Value | None) -> None:
    """One layer, with the activation that stands below it in the list."""
    draft, row = stack.draft, LAYERS.get(entry.kind.text)
    if row is None:
        _unknown_kind(draft, entry.kind)
        draft.doubts.add(name for _, value in (*entry.options, (entry.kind, entry.main)) for name in _names_below(value))
        return
    read = read_entry(draft, entry, row.options, activation)
    stack.give(read, _builder(row.builder)(stack, read))


def _builder(place: str) -> Builder:
    module, function = place.split(".")
    found: Builder = getattr(import_module(f"{__package__}.{module}"), function)
    return found


_DENSE = ("linear", "fc", "fullyconnected", "affine", "hidden", "output", "layer")
"""What a dense layer is called elsewhere."""


def _unknown_kind(draft: Draft, kind: Scalar) -> None:
    if kind.text in draft.functions or kind.text in activation_names():
        draft.problem(kind.mark, f"{kind.text!r} is no kind of layer; an activation is written `activation: {kind.text}`", kind.text)
    elif looks_like_number(kind.text):
        draft.problem(kind.mark, f"{kind.text!r} is no kind of layer: a layer of {kind.text} units is `dense: {kind.text}`", kind.text)
    elif kind.text in LAYERS["dense"].options:
        draft.problem(kind.mark, f"{kind.text!r} is an option: it stands below its layer, without a dash of its own", kind.text)
    elif kind.text in ("type", "kind", "units", "layer_type"):
        draft.problem(kind.mark, f"{kind.text!r} is no kind of layer: a layer begins with its kind and main argument, `dense: 3`", kind.text)
    else:
        near = ("dense",) if folded(kind.text) in _DENSE else nearest(kind.text, LAYERS)
        draft.problem(kind.mark, f"{kind.text!r} is no kind of layer", kind.text, near)


def _names_below(value: Value | None) -> set[str]:
    """The names that a layer may have given."""
    if isinstance(value, Scalar):
        return names_in(value.text)
    return {name for item in value.items for name in _names_below(item)} if isinstance(value, YamlSequence) else set()


def _check_transposed(stack: Stack) -> None:
    """`weights: W1^T` needs a layer whose weights are W1."""
    for name, mark in stack.transposed.items():
        if name not in stack.matrices:
            message = f"{name}^T is the transpose of the weights of another layer, but no layer has the weights {name!r}"
            stack.draft.problem(mark, message, name, nearest(name, stack.matrices))


def _check_read(stack: Stack) -> None:
    """Every layer is read by another one, by the loss, or is the output."""
    named = _read_elsewhere(stack.draft)
    for branch in stack.branches:
        if branch not in stack.current and not branch.read and not {branch.name, *branch.nodes} & named:
            message = f"nothing reads the layer {branch.name!r}: name it in the `input:` of another layer, or leave it out"
            stack.draft.problem(branch.mark, message, branch.name)


def _read_elsewhere(draft: Draft) -> set[str]:
    """The names that the loss and `outputs:` mention."""
    names = {output.text for output in draft.spec.outputs}
    if draft.spec.loss is not None:
        try:
            tree = parse(draft.spec.loss.text.text, frozenset(draft.nodes))
        except FormulaError:  # told where the loss is built
            return names
        names |= {each.name for each in tree.walk() if isinstance(each, Name)}
    return names
