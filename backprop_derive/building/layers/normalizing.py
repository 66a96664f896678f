"""Layers that bring what they read to mean 0 and variance 1, and scale it anew."""

from __future__ import annotations

from backprop_derive.building.layers.stack import Entry, Stack
from backprop_derive.building.layers.templates import names_of
from backprop_derive.building.letters import UNIT
from backprop_derive.building.scope import Vector
from backprop_derive.operations.layers import LAYERS


def build_layer_norm(stack: Stack, entry: Entry) -> Vector:
    """The entries of each vector, by their own mean and variance."""
    read = stack.one_array(entry, stack.source(entry))
    names = names_of(stack, entry, read)
    names.constant("eps", "1e-5")
    names.parameter("gamma", UNIT)
    names.parameter("beta", UNIT)
    return read.named(names.follow(LAYERS["layer_norm"].equations).name)
