"""Layers of two weighted sums, one of which gates the other."""

from __future__ import annotations

from backprop_derive.building.layers.stack import Entry, Stack
from backprop_derive.building.layers.templates import names_of_units
from backprop_derive.building.letters import UNIT
from backprop_derive.building.scope import Vector
from backprop_derive.frozen import replace
from backprop_derive.operations.layers import LAYERS
from backprop_derive.spec.source import Scalar


def build_gated(stack: Stack, entry: Entry) -> Vector:
    """Two weighted sums u and v, an activation g of one of them, and the product o of g with the other."""
    read = stack.one_array(entry, stack.source(entry))
    names = names_of_units(stack, entry, read)
    biased = is_on(stack, entry, "bias")
    names.weights("W", "b" if biased else "")
    names.weights("V", "c" if biased else "")
    row = LAYERS[entry.kind.text]
    first, second, gate, product = row.equations if biased else (each.partition(" + ")[0] for each in row.equations)
    for equation in (first, second):
        names.define(equation, role="preactivation")
    names.define(gate, role="activation", operation=gate.partition(" = ")[2].partition("(")[0])
    given = names.define(product, called=entry.name, operation=row.kind)
    return replace(read, axis=names.letters[UNIT]).named(given.name)


def is_on(stack: Stack, entry: Entry, option: str) -> bool:
    """An option that is `true`, as it is where it is left out, or `false`."""
    value = entry.options.get(option)
    if value is None or (isinstance(value, Scalar) and value.text in ("true", "false")):
        return value is None or (isinstance(value, Scalar) and value.text == "true")
    stack.draft.problem(value.mark, f"{option} of {entry.kind.text} is true or false", value.text if isinstance(value, Scalar) else None)
    return True
