"""Layers that bring what they read to mean 0 and variance 1, and scale it anew."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from backprop_derive.building.layers.stack import Entry, Stack
from backprop_derive.building.layers.templates import Names, Place, names_of
from backprop_derive.building.letters import UNIT
from backprop_derive.building.samples import EVERY_SAMPLE
from backprop_derive.building.scope import Vector
from backprop_derive.frozen import replace
from backprop_derive.graph.expressions import Bound, Ref
from backprop_derive.graph.indices import axis_to, number
from backprop_derive.graph.naming import form_text
from backprop_derive.operations.layers import LAYERS
from backprop_derive.spec.source import Scalar


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
    if stack.draft.spec.cost == "single":
        stack.draft.problem(entry.mark, "batch_norm takes means over samples, and there is a single one: write `cost: mean` or `cost: sum`, or take layer_norm", entry.kind.text)
    own = read.bounds[0] if read.channels else read.bounds[-1]
    names = _names_of_all(stack, entry, read, own)
    names.sizes["m"] = EVERY_SAMPLE.length
    others = [bound for bound in read.bounds if bound != own]
    wider = {**_among(("x", "xhat{l}", "n{l}"), "j", own.name, *(([], others) if read.channels else (others, []))), "[j]": f"[{own.name}]"}
    return read.named(names.follow([_over_places(each, wider, others, "m", "i, 1, m") for each in LAYERS["batch_norm"].equations]).name)


def build_group_norm(stack: Stack, entry: Entry) -> Vector:
    """The entries of each group, by their own mean and variance; groups of channels over all their places."""
    read = stack.one_array(entry, stack.array(entry))
    read = read if read.channels else stack.steps(entry, read)
    own = read.bounds[0] if read.channels else read.bounds[-1]
    count = _groups(stack, entry, own)
    names = _names_of_all(stack, entry, read, own)
    others = [bound for bound in read.bounds if bound != own]
    names.sizes["S"] = number((own.axis.length.number or count) // count)
    names.letters.update(g=axis_to(number(count)), s=axis_to(names.sizes["S"]))
    before, behind = ([], others) if read.channels else (others, [])
    wider = {
        **_among(("x",), "S*g - S + s", "S*g - S + s", before, behind),
        **_among(("u{l}", "xhat{l}"), "g,s", "g,s", before, behind),
        **_among(("mu{l}", "var{l}", "r{l}"), "g", "g", before, []),
        **_among(("v{l}", "n{l}"), "j", own.name, before, behind),
        "[j]": f"[{own.name}]",
        " = j,": f" = {own.name},",
    }
    equations = [_over_places(each, wider, behind, "S", "s") for each in LAYERS["group_norm"].equations]
    return read.named(names.follow(equations).name)


def _names_of_all(stack: Stack, entry: Entry, read: Vector, own: Bound) -> Names:
    """The names of a layer whose equations write all indices of what it reads; what it learns goes by the one of them that is its own."""
    assert read.array is not None
    names = names_of(stack, entry, replace(read, along=()))
    given = read.array.indices[: len(read.array.indices) - len(read.along)]  # of the last step of a recurrence
    names.places["x"] = Place(Ref(read.array.name, given), tuple(bound.axis for bound in read.bounds))
    names.letters.update((bound.name, bound.axis) for bound in read.bounds)
    names.sizes.update((_length_of(bound), bound.axis.length) for bound in read.bounds)
    names.constant("eps", "1e-5")
    names.parameter("gamma", own.name)
    names.parameter("beta", own.name)
    return names


def _groups(stack: Stack, entry: Entry, own: Bound) -> int:
    """The number of groups, which divides the number of what is grouped."""
    length, count = own.axis.length.number, stack.draft.length(entry.main).number if isinstance(entry.main, Scalar) else None
    if count is None:
        stack.draft.problem(entry.mark, "group_norm takes the number of groups: `- group_norm: 2`", entry.kind.text)
    elif length is None or length % count:
        mark = entry.main.mark if entry.main is not None else entry.mark
        stack.draft.problem(mark, f"{form_text(own.axis.length)} entries cannot be divided into {count} groups of one size", str(count))
    else:
        return count
    return 1


def _among(names: Sequence[str], index: str, new: str, before: Sequence[Bound], behind: Sequence[Bound]) -> dict[str, str]:
    """Mentions by an index, and the same with other indices before or behind it."""
    written = ",".join((*(bound.name for bound in before), new, *(bound.name for bound in behind)))
    return {f"{name}[{index}]": f"{name}[{written}]" for name in names}


def _over_places(equation: str, wider: Mapping[str, str], places: Sequence[Bound], count: str, inner: str) -> str:
    """An equation of a row, for arrays with further indices: means are over the `places` too.

    `wider` are the mentions that get more indices; `1/m*sum(e, i, 1, m)` becomes `1/(m*T)*sum(sum(e, t), i, 1, m)`, where `count` is m and `inner`
    is how the sum ends.
    """
    for narrow, wide in wider.items():
        equation = re.sub(rf"(?<![a-z]){re.escape(narrow)}" if narrow[0].isalpha() else re.escape(narrow), wide, equation)
    if places and equation.startswith(("mu", "var")):
        for bound in places:
            equation = re.sub(rf"sum\((.*), {inner}\)", rf"sum(sum(\1, {bound.name}), {inner})", equation)
        equation = equation.replace(f"1/{count}*", f"1/({'*'.join((count, *map(_length_of, places)))})*")
    return equation


def _length_of(bound: Bound) -> str:
    return f"n_{bound.name}"
