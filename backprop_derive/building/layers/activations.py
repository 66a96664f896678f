"""Activations that stand as layers of their own: behind another activation, a residual, a concat, or on the inputs."""

from __future__ import annotations

from backprop_derive.building.activations import Activation, activation_of
from backprop_derive.building.draft import Draft
from backprop_derive.building.layers.stack import Entry, Stack
from backprop_derive.building.scope import Vector
from backprop_derive.building.vectors import activate_array, activate_units
from backprop_derive.graph.expressions import Expression, Ref
from backprop_derive.spec.source import Value


def activation_named(draft: Draft, value: Value, suffix: str) -> Activation | None:
    """The function that an activation names; None for the identity, which is none. `suffix` ends the names of what it learns."""
    found = activation_of(draft, value, suffix)
    return None if found is None or found.function == "identity" else found


def build_activation(stack: Stack, entry: Entry) -> Vector:
    """`a[j] = f(r[j])` of what it reads: `a{l}` as the last layer with parameters has it, or `a{l}_2` if that is taken."""
    read = stack.array(entry)
    if entry.kind.text == "softmax" and entry.main is not None:
        stack.draft.problem(entry.mark, "softmax takes nothing behind it: `- softmax`")
        return read
    value = entry.main if entry.kind.text == "activation" else entry.kind
    if value is None:
        stack.draft.problem(entry.mark, "activation: takes the name of a function", entry.kind.text)
        return read
    name = entry.name
    function = activation_named(stack.draft, value, f"_{name}" if name else str(stack.count))
    if function is None:
        return read
    if read.axis is not None:
        read = stack.steps(entry, read) if function.vector else read
        return activate_array(stack.draft, name or stack.free(f"a{stack.count}"), function, read, "", entry.mark)
    names = [f"{name}_{at}" if name else _name(stack, each) for at, each in enumerate(read.entries, 1)]
    return activate_units(stack.draft, names, function, read.entries, entry.mark)


def _name(stack: Stack, entry: Expression) -> str:
    """`a_x1` for the scalar x1; a unit h1 that has its activation already gets further ones called `h1_2`, `h1_3`."""
    assert isinstance(entry, Ref)
    node = stack.draft.nodes.get(entry.name)
    if node is None or node.role != "activation":
        return stack.free(f"a_{entry.name}")
    stem, _, count = entry.name.rpartition("_")
    return stack.free(stem if count.isdigit() and stem in stack.draft.nodes else entry.name)
