"""What layers over signals and images have in common: what they read by channel and place, and the windows that move over it.

    place = S·(p − 1) + D·(s − 1) + 1 − P        step s of the window that stands at p; stride S, dilation D, padding P
    length of the output = ⌊(n + 2P − D(K − 1) − 1)/S⌋ + 1
"""

from __future__ import annotations

from collections.abc import Sequence

from backprop_derive.building.layers.stack import Entry, Stack, described
from backprop_derive.building.layers.templates import Names, Place
from backprop_derive.building.scope import Vector
from backprop_derive.frozen import dataclass, replace
from backprop_derive.graph.expressions import Bound, Expression, Ref
from backprop_derive.graph.indices import Affine, Axis, axis_to, number
from backprop_derive.graph.naming import form_text
from backprop_derive.spec.source import Scalar, Value
from backprop_derive.spec.source import Sequence as YamlSequence

CHANNEL = "c"
PLACES, STEPS = "pq", "su"
"""Where a window stands, and the step in it, along each axis."""

_SIZES = ("KSDP", "MTEQ")
"""Kernel, stride, dilation and padding in front, along the first axis and the second, as the equations of rows call them."""

SAME = "same"
_LARGEST = 10_000


@dataclass(frozen=True, slots=True)
class Grid:
    """Places of a signal or an image, one axis each, for every channel; `channel` is None where there is one that has no index."""

    array: Vector
    places: tuple[Axis, ...]
    channel: Axis | None

    @property
    def channels(self) -> Axis:
        """Where a channel counts."""
        return axis_to(number(1)) if self.channel is None else self.channel


@dataclass(frozen=True, slots=True)
class Window:
    """How a window moves along one axis. `before` and `behind` are the places of padding."""

    kernel: int = 1
    stride: int = 1
    before: int = 0
    behind: int = 0
    dilation: int = 1

    @property
    def span(self) -> int:
        """From its first place to its last."""
        return self.dilation * (self.kernel - 1) + 1


def grid_in(stack: Stack, entry: Entry, read: Vector, dimensions: int) -> Grid | None:
    """What a layer reads, as a signal (1 dimension) or an image (2): with channels in front of its places, or a single one without an index."""
    if read.axis is not None:
        axes = tuple(bound.axis for bound in read.bounds)
        if len(axes) == dimensions + 1:
            _letter(stack, read, CHANNEL + PLACES[:dimensions])
            return Grid(read, axes[1:], axes[0])
        if len(axes) == dimensions and not read.channels:
            _letter(stack, read, PLACES[:dimensions])
            return Grid(read, axes, None)
    wanted = ("a signal, x[c,p] with channels c or x[p]", "an image, x[c,p,q] with channels c or x[p,q]")[dimensions - 1]
    stack.draft.problem(entry.mark, f"{entry.kind.text} reads {wanted}, and not {described(read)}", entry.kind.text)
    return None


def _letter(stack: Stack, read: Vector, letters: str) -> None:
    """An input that is read as a signal or an image has the letters of one, `x[c,p,q]`, unless they are names of the spec."""
    assert read.array is not None
    node = stack.draft.nodes[read.array.name]
    if node.is_leaf and not stack.draft.taken() & set(letters):
        stack.draft.nodes[node.name] = replace(node, letters=tuple(letters))


def windows(stack: Stack, entry: Entry, kernels: Sequence[int], strides: Sequence[int], *, dilated: bool = False) -> tuple[Window, ...]:
    """The windows of a layer along each axis, by its options; what is left out is as given."""
    dimensions = len(kernels)
    stride = whole_numbers(stack, entry, "stride", dimensions, 1) or strides
    dilation = (whole_numbers(stack, entry, "dilation", dimensions, 1) if dilated else ()) or (1,) * dimensions
    bare = [Window(kernel, step, 0, 0, spread) for kernel, step, spread in zip(kernels, stride, dilation, strict=True)]
    given = entry.options.get("padding")
    if dilated and isinstance(given, Scalar) and given.text == SAME:
        if any(window.stride > 1 for window in bare):
            stack.draft.problem(given.mark, "`padding: same` keeps the length where the stride is 1; with another stride give a number of places", given.text)
        return tuple(Window(each.kernel, each.stride, (each.span - 1) // 2, each.span // 2, each.dilation) for each in bare)
    padding = whole_numbers(stack, entry, "padding", dimensions, 0, also=f", or `{SAME}`" if dilated else "") or (0,) * dimensions
    return tuple(Window(each.kernel, each.stride, places, places, each.dilation) for each, places in zip(bare, padding, strict=True))


def whole_numbers(stack: Stack, entry: Entry, option: str, dimensions: int, least: int, *, also: str = "") -> tuple[int, ...]:
    """An option that is a number, or one for each axis; () where it is left out."""
    value = entry.options.get(option)
    return () if value is None else numbers_in(stack, value, option, dimensions, least, also=also)


def numbers_in(stack: Stack, value: Value, what: str, dimensions: int, least: int, *, also: str = "") -> tuple[int, ...]:
    """One whole number for all axes, or a list with one for each; a problem, and the least, where it is none."""
    items = value.items if isinstance(value, YamlSequence) else (value,)
    listed = f", or one for each axis, [{least + 2}, {least + 3}]" if dimensions > 1 else ""
    wanted = f"{what} takes a whole number from {least}{listed}{also}"
    if len(items) not in {1, dimensions}:
        stack.draft.problem(value.mark, f"{wanted}; {len(items)} are given")
        return (least,) * dimensions
    found = []
    for item in items:
        text = item.text if isinstance(item, Scalar) else ""
        if not text.isdecimal() or not least <= int(text[:9]) <= _LARGEST or len(text) > len(str(_LARGEST)):
            stack.draft.problem(item.mark, f"{wanted}, not {text}" if text else wanted, text or None)
            return (least,) * dimensions
        found.append(int(text))
    return tuple(found * dimensions if len(found) == 1 else found)


def moved(stack: Stack, entry: Entry, axis: Axis, window: Window) -> Axis:
    """The places at which a window stands on an axis; a problem where it does not fit, or where they cannot be counted."""
    room = axis.length + (window.before + window.behind - window.span)
    padded = f" with {window.before} and {window.behind} of padding" if window.before + window.behind else ""
    if room.number is not None and room.number < 0:
        message = f"a window over {window.span} places does not fit on {form_text(axis.length)}{padded}"
        stack.draft.problem(entry.mark, message, entry.kind.text)
        return axis
    if any(coefficient % window.stride for _, coefficient in room.terms):
        message = f"a stride of {window.stride} needs a length that is a number, or one that it divides such as {window.stride}*n, not {form_text(axis.length)}"
        stack.draft.problem(entry.options["stride"].mark if "stride" in entry.options else entry.mark, message, entry.kind.text)
        return axis
    return axis_to(Affine(tuple((atom, coefficient // window.stride) for atom, coefficient in room.terms), room.constant // window.stride) + 1)


def names_on(stack: Stack, entry: Entry, tail: str, unit: str, grid: Grid, moving: Sequence[Window], *, outside: Expression | None = None) -> Names:
    """The names of a layer whose windows move over a grid: x[c,p,q], its letters, and the sizes of its windows."""
    assert grid.array.array is not None
    names = Names(stack, entry, tail, unit)
    if grid.channel is not None:
        names.letters[CHANNEL] = grid.channel
    names.sizes["C"] = grid.channels.length
    for axis, window, place, step, sizes in zip(grid.places, moving, PLACES, STEPS, _SIZES, strict=False):
        names.letters[place] = moved(stack, entry, axis, window)
        names.letters[step] = axis_to(number(window.kernel))
        names.sizes |= dict(zip(sizes, map(number, (window.kernel, window.stride, window.dilation, window.before)), strict=True))
    names.places["x"] = Place(Ref(grid.array.array.name), (*(() if grid.channel is None else (grid.channel,)), *grid.places), outside)
    return names


def without_channel(equation: str) -> str:
    """The equation of a single channel that has no index: `x[c,p]` is `x[p]`."""
    return equation.replace(f"[{CHANNEL},", "[").replace(f",{CHANNEL},", ",")


def grid_of(names: Names, name: str, letters: str, *, channels: bool) -> Vector:
    """What a node of the layer holds, with an index for each letter."""
    bounds = tuple(Bound(letter, names.letters[letter]) for letter in letters)
    return Vector((), Ref(name), bounds[-1].axis, bounds[:-1], channels, bounds[-1].name).named(name)
