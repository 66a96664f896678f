"""`max_pool` and `avg_pool`: the largest entry, or the mean, of each window of a signal or an image; `flatten`: all of it as a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from backprop_derive.building.layers.stack import Entry, Stack
from backprop_derive.building.layers.templates import Names, Place
from backprop_derive.building.layers.windows import (
    CHANNEL,
    PLACES,
    Grid,
    grid_in,
    grid_of,
    names_on,
    numbers_in,
    windows,
    without_channel,
)
from backprop_derive.building.scope import Vector
from backprop_derive.graph.expressions import ONE, ZERO, Bound, Compare, Integer, Ref, Where, mul
from backprop_derive.graph.indices import Affine, axis_to, variable
from backprop_derive.graph.nodes import Mention, Node
from backprop_derive.operations.layers import LAYERS
from backprop_derive.spec.source import Sequence as YamlSequence


def build_pool(stack: Stack, entry: Entry) -> Vector:
    """`m[c,p] = max_s x[c,S·(p−1)+s]` and `v[c,p] = 1/K Σ_s x[c,S·(p−1)+s]`, of an image over both axes."""
    read = stack.one_array(entry, stack.array(entry))
    dimensions = _dimensions(read, entry)
    grid = grid_in(stack, entry, read, dimensions)
    if entry.main is None:
        stack.draft.problem(entry.mark, f"{entry.kind.text} takes the size of its windows: `- {entry.kind.text}: 2`", entry.kind.text)
        return read
    kernels = numbers_in(stack, entry.main, entry.kind.text, dimensions, 1)
    moving = windows(stack, entry, kernels, kernels)
    if grid is None:
        return read
    padded = entry.options.get("padding")
    if padded is not None and any(window.before >= window.kernel for window in moving):
        stack.draft.problem(padded.mark, "the padding is smaller than the window, which else would hold nothing but padding")
    if entry.kind.text == "max_pool" and any(window.before for window in moving):
        stack.draft.problem(entry.mark, "padding of max_pool: not yet (planned, not built)")
    names = names_on(stack, entry, str(stack.count), "", grid, moving, outside=ZERO)
    letters = CHANNEL + PLACES[:dimensions]
    equations = [each for each in LAYERS[entry.kind.text].equations if f"[{','.join(letters)}] = " in each]
    if grid.channel is None:
        equations, letters = list(map(without_channel, equations)), letters.replace(CHANNEL, "")
    node = names.define(equations[0], called=entry.name, operation=entry.kind.text)
    chosen = [names.define(each, role="choice", operation=entry.kind.text) for each in equations[1:]]
    if chosen:
        stack.draft.nodes[node.name] = _choosing(node, names.places["x"].ref.name, grid, chosen)
    return grid_of(names, node.name, letters, channels=grid.channel is not None)


def _choosing(node: Node, read: str, grid: Grid, chosen: Sequence[Node]) -> Node:
    """A maximum with its derivative: 1 at the place that `chosen` say along each axis, `[r = row[c,p,q]]·[k = col[c,p,q]]`, else 0."""
    bounds = tuple(Bound(f"#{place}", axis) for place, axis in zip(PLACES, grid.places, strict=False))
    tests = (Compare("=", Integer(variable(bound.name)), each.ref()) for bound, each in zip(bounds, chosen, strict=True))
    channel = () if grid.channel is None else (variable(CHANNEL),)
    mention = Mention(Ref(read, (*channel, *(variable(bound.name) for bound in bounds))), mul(*(Where(test, ONE, ZERO) for test in tests)), bounds)
    return replace(node, pieces=tuple(replace(piece, mentions=(mention,)) for piece in node.pieces))


def _dimensions(read: Vector, entry: Entry) -> int:
    """Of how many axes the windows are: 2 for an image; a matrix without channels is one."""
    axes = len(read.along) + 1
    return 1 if axes == 1 or (axes == 2 and read.channels) or (isinstance(entry.main, YamlSequence) and len(entry.main.items) == 1) else 2


def build_flatten(stack: Stack, entry: Entry) -> Vector:
    """`f[j] = x[c,p,q]` for j = (c − 1)·n·w + (p − 1)·w + q: the last index runs first."""
    if entry.main is not None:
        stack.draft.problem(entry.mark, "flatten takes nothing behind it: `- flatten`")
    read = stack.one_array(entry, stack.array(entry))
    assert read.array is not None
    if not read.along:
        return read
    names = Names(stack, entry, str(stack.count), "")
    letters = CHANNEL + PLACES if len(read.bounds) > 2 else CHANNEL + PLACES[0] if read.channels else PLACES
    for letter, size, bound in zip(letters, _LENGTHS[letters], read.bounds, strict=True):
        names.letters[letter], names.sizes[size] = bound.axis, bound.axis.length
    names.letters["j"] = axis_to(reduce(Affine.times, read.shape))
    names.places["x"] = Place(Ref(read.array.name), tuple(bound.axis for bound in read.bounds))
    equation = next(each for each in LAYERS["flatten"].equations if f"x[{','.join(letters)}]" in each)
    node = names.define(equation, called=entry.name, operation="flatten")
    return Vector((), Ref(node.name), names.letters["j"])


_LENGTHS = {"cpq": "Cnw", "cp": "Cn", "pq": "nw"}
"""How equations call the lengths of the axes that have these letters."""
