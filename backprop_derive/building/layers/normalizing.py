"""Layers that bring what they read to mean 0 and variance 1, and scale it anew."""

from __future__ import annotations

from backprop_derive.building.layers.stack import Entry, Stack, described
from backprop_derive.building.layers.templates import names_of
from backprop_derive.building.letters import UNIT
from backprop_derive.building.samples import EVERY_SAMPLE
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


def build_rms_norm(stack: Stack, entry: Entry) -> Vector:
    """The entries of each vector, by the root of their mean square."""
    read = stack.one_array(entry, stack.source(entry))
    names = names_of(stack, entry, read)
    names.constant("eps", "1e-5")
    names.parameter("gamma", UNIT)
    return read.named(names.follow(LAYERS["rms_norm"].equations).name)


def build_batch_norm(stack: Stack, entry: Entry) -> Vector:
    """Each entry, by its mean and variance over the samples."""
    read = stack.one_array(entry, stack.source(entry))
    if stack.draft.spec.cost == "single":
        stack.draft.problem(entry.mark, "batch_norm takes means over samples, and there is a single one: write `cost: mean` or `cost: sum`, or take layer_norm", entry.kind.text)
    if read.along:
        stack.draft.problem(entry.mark, f"batch_norm of a sequence, {described(read)}: not yet (planned, not built)", entry.kind.text)
    names = names_of(stack, entry, read)
    names.constant("eps", "1e-5")
    names.parameter("gamma", UNIT)
    names.parameter("beta", UNIT)
    names.sizes["m"] = EVERY_SAMPLE.length
    return read.named(names.follow(LAYERS["batch_norm"].equations).name)
