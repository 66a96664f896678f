"""Layers that bring what they read to mean 0 and variance 1, and scale it anew."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backprop_derive.building.layers.stack import Entry, Stack
from backprop_derive.building.layers.templates import Place, names_of
from backprop_derive.building.letters import UNIT
from backprop_derive.building.samples import EVERY_SAMPLE
from backprop_derive.building.scope import Vector
from backprop_derive.graph.expressions import Bound, Ref
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
    """Each entry, by its mean and variance over the samples; in a sequence over all steps too, in a channel over all its places."""
    read = stack.one_array(entry, stack.array(entry))
    assert read.axis is not None
    if stack.draft.spec.cost == "single":
        stack.draft.problem(entry.mark, "batch_norm takes means over samples, and there is a single one: write `cost: mean` or `cost: sum`, or take layer_norm", entry.kind.text)
    indices = read.bounds
    own = indices[0] if read.channels else indices[-1]
    others = [bound for bound in indices if bound != own]
    names = names_of(stack, entry, Vector((), read.array, read.axis))
    assert read.array is not None
    names.places["x"] = Place(Ref(read.array.name), tuple(bound.axis for bound in indices))
    names.letters.update((bound.name, bound.axis) for bound in indices)
    names.sizes["m"] = EVERY_SAMPLE.length
    names.sizes.update((_length_of(bound), bound.axis.length) for bound in others)
    names.constant("eps", "1e-5")
    names.parameter("gamma", own.name)
    names.parameter("beta", own.name)
    equations = (_over_places(equation, own, indices) for equation in LAYERS["batch_norm"].equations)
    return read.named(names.follow(tuple(equations)).name)


def _over_places(equation: str, own: Bound, indices: Sequence[Bound]) -> str:
    """An equation of entries x[j] and their means mu[j], for means over other indices too: `1/(m*T)*sum(sum(x[t,j], t), i, 1, m)`."""
    others = [bound for bound in indices if bound != own]
    every = ",".join(bound.name for bound in indices)
    for name in ("x", "xhat{l}", "n{l}"):
        equation = re.sub(rf"(?<![a-z]){re.escape(name)}\[j\]", f"{name}[{every}]", equation)
    equation = equation.replace("[j]", f"[{own.name}]")
    for bound in others:
        equation = re.sub(r"sum\((.*), i, 1, m\)", rf"sum(sum(\1, {bound.name}), i, 1, m)", equation)
    return equation.replace("1/m*", f"1/({'*'.join(('m', *map(_length_of, others)))})*") if others else equation


def _length_of(bound: Bound) -> str:
    return f"n_{bound.name}"
