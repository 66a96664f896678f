"""`conv1d` and `conv2d`: the same weighted sum at every place of a signal or an image, one for each filter."""

from __future__ import annotations

from backprop_derive.building.layers.activations import activation_named
from backprop_derive.building.layers.stack import Entry, Stack
from backprop_derive.building.layers.templates import Names
from backprop_derive.building.layers.windows import (
    CHANNEL,
    PLACES,
    STEPS,
    grid_in,
    grid_of,
    names_on,
    whole_numbers,
    windows,
    without_channel,
)
from backprop_derive.building.scope import Vector
from backprop_derive.building.vectors import activate_array
from backprop_derive.graph.expressions import ZERO
from backprop_derive.graph.indices import axis_to
from backprop_derive.operations.layers import LAYERS
from backprop_derive.spec.source import Scalar

_FILTER = "f"
_BIAS = " + b{l}[f]"
_KERNEL = 3


def build_conv1d(stack: Stack, entry: Entry) -> Vector:
    """`z[f,p] = Σ_c Σ_s W[f,c,s]·x[c,p+s−1] + b[f]`, and `a[f,p] = g(z[f,p])` if there is an activation."""
    return _build(stack, entry, 1)


def build_conv2d(stack: Stack, entry: Entry) -> Vector:
    """`z[f,p,q] = Σ_c Σ_s Σ_u W[f,c,s,u]·x[c,p+s−1,q+u−1] + b[f]`, and the activation of it."""
    return _build(stack, entry, 2)


def _build(stack: Stack, entry: Entry, dimensions: int) -> Vector:
    draft, read = stack.draft, stack.one_array(entry, stack.array(entry))
    grid = grid_in(stack, entry, read, dimensions)
    stack.count += 1
    unit = entry.name or str(stack.count)
    tail = f"_{unit}" if entry.name else unit
    kernel = whole_numbers(stack, entry, "kernel", dimensions, 1) or (_KERNEL,) * dimensions
    moving = windows(stack, entry, kernel, (1,) * dimensions, dilated=True)
    if grid is None:
        return read
    names = names_on(stack, entry, tail, unit, grid, moving, outside=ZERO)
    if not isinstance(entry.main, Scalar):
        draft.problem(entry.mark, f"{entry.kind.text} takes a number of filters: `- {entry.kind.text}: 4`", entry.kind.text)
        return read
    names.letters[_FILTER] = axis_to(draft.length(entry.main))
    equation, _ = LAYERS[entry.kind.text].equations
    letters = _FILTER + CHANNEL + STEPS[:dimensions]
    if grid.channel is None:
        equation, letters = without_channel(equation), letters.replace(CHANNEL, "")
    names.parameter("W", letters, _called(names, "weights"))
    bias = entry.options.get("bias")
    if isinstance(bias, Scalar) and bias.text in ("false", "none"):
        equation = equation.removesuffix(_BIAS)
    else:
        names.parameter("b", _FILTER, None if isinstance(bias, Scalar) and bias.text == "true" else _called(names, "bias"))
    function = activation_named(draft, entry.activation, tail) if entry.activation is not None else None
    if function is not None and function.vector:
        draft.problem(entry.mark, f"{function.function} of channels: not yet (planned, not built); put `- flatten` in front", function.function)
        function = None
    linear = bool(entry.name) and function is None
    node = names.define(equation, called=entry.name if linear else "", role="preactivation", operation=entry.kind.text)
    sums = grid_of(names, node.name, _FILTER + PLACES[:dimensions], channels=True)
    if linear:
        draft.alias(f"z{tail}", entry.name, entry.mark)
    if function is None:
        return sums
    draft.made |= {f"a{tail}"} if not entry.name else set()
    return activate_array(draft, entry.name or f"a{tail}", function, sums, unit, entry.mark)


def _called(names: Names, option: str) -> Scalar | None:
    """The name that an option gives to what is learnt."""
    value = names.entry.options.get(option)
    if value is None or isinstance(value, Scalar):
        return value
    names.stack.draft.problem(value.mark, f"{option} of {names.entry.kind.text} takes the name of an array", None)
    return None
