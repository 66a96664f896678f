"""Layers of two weighted sums, one of which gates the other."""

from __future__ import annotations

from backprop_derive.building.layers.stack import Entry, Stack, is_on
from backprop_derive.building.layers.templates import names_of_units
from backprop_derive.building.letters import UNIT
from backprop_derive.building.scope import Vector
from backprop_derive.frozen import replace
from backprop_derive.operations.layers import LAYERS


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
