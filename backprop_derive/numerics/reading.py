"""Integer forms as numbers, and reading nodes at them.

A read over a stretch of an axis (`W[j,k]`, `h[t-1]`, `x[2*t]`) is a slice; any other (a diagonal, `t+k-1`, a picked row)
gathers. Outside the stored range a read raises, unless nothing needs the value there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import prod

import numpy as np

from backprop_derive.errors import EvaluationError, Problem, nearest
from backprop_derive.graph.expressions import Ref
from backprop_derive.graph.indices import Affine, Atom, Axis, Condition, Pick, Product, Quotient, Size, Variable
from backprop_derive.graph.nodes import Graph, Node
from backprop_derive.numerics.backends import Array, FloatBackend
from backprop_derive.numerics.scopes import START, Fixed, Frame, Operation, Scope, along, pad

Places = tuple[tuple[int, int], ...]


class Store:
    """The nodes' values, each with the batch axis in front, and the numbers of the sizes."""

    def __init__(self, graph: Graph, sizes: Mapping[str, int], backend: FloatBackend) -> None:
        self.graph, self.backend = graph, backend
        self.sizes = checked_sizes(graph, sizes)
        self.arrays: dict[str, Array] = {}
        self._places: dict[str, Places] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._numbers: dict[Affine, int] = {}

    def node(self, name: str) -> Node:
        """The node called `name`."""
        if name not in self.graph.by_name:
            raise EvaluationError(Problem(f"there is no node {name}", value=name, nearest=nearest(name, self.graph.by_name)))
        return self.graph.by_name[name]

    def places(self, name: str) -> Places:
        """(first index, length) for each axis of a node."""
        if name not in self._places:
            self._places[name] = tuple(self.span(axis, f"the axis of {name}") for axis in self.node(name).axes)
        return self._places[name]

    def shape(self, name: str) -> tuple[int, ...]:
        """The lengths of a node's axes."""
        if name not in self._shapes:
            self._shapes[name] = tuple(length for _, length in self.places(name))
        return self._shapes[name]

    def span(self, axis: Axis, what: str) -> tuple[int, int]:
        """(first index, length) of an axis without variables in its ends."""
        low, high = self._constant(axis.low, what), self._constant(axis.high, what)
        if high < low - 1:
            raise EvaluationError(f"{what} runs from {low} to {high}: its length would be {high - low + 1}")
        return low, high - low + 1

    def form(self, form: Affine, scope: Scope, frame: Frame = START) -> Array:
        """An integer form at every place of the scope."""
        total: Array = np.full((1,) * scope.rank, form.constant, dtype=np.int64)
        for atom, coefficient in form.terms:
            total = total + coefficient * self._atom(atom, scope, frame)
        return total

    def holds(self, condition: Condition, scope: Scope) -> Operation:
        """Where a condition on indices holds."""

        def run(frame: Frame) -> Array:
            form = self.form(condition.form, scope, frame)
            if condition.kind == ">=":
                return np.greater_equal(form, 0)
            return np.equal(form, 0) if condition.kind == "=" else np.not_equal(form, 0)

        return run if picks(condition.form) else Fixed(run(START))

    def read(self, ref: Ref, scope: Scope) -> Operation:
        """The values of a mention of a node, over the scope."""
        name, arrays, rank = ref.name, self.arrays, scope.rank
        if name in scope.names and not ref.indices:
            return lambda frame: pad(frame.arguments[name], rank)
        places = self.places(name)
        if name not in arrays:
            raise EvaluationError(f"{name} has no value" + (f" where {scope.owner} reads it" if scope.owner else ""))
        if len(ref.indices) != len(places):
            raise EvaluationError(f"{name} has {len(places)} indices, and is read with {len(ref.indices)}")
        if not places:
            return (lambda _: arrays[name]) if rank == 1 else lambda _: pad(arrays[name], rank)
        stretches = [self._stretch(form, ref, at, scope) for at, form in enumerate(ref.indices)]
        if all(stretch is not None for stretch in stretches):
            return _slicing(arrays, name, [stretch for stretch in stretches if stretch is not None], self.shape(name), rank)
        return self._gathering(ref, stretches, scope)

    def _constant(self, form: Affine, what: str) -> int:
        if not form.terms:
            return form.constant
        if form not in self._numbers:
            if form.variables() or any(isinstance(atom, Pick) for atom in form.atoms()):
                raise EvaluationError(f"{what} has ends that depend on other indices")
            self._numbers[form] = int(self.form(form, Scope(owner=what)).item())
        return self._numbers[form]

    def _atom(self, atom: Atom, scope: Scope, frame: Frame) -> Array | int:
        match atom:
            case Variable(name):
                return scope.places(scope.axis(name))
            case Size(name):
                if name not in self.sizes:
                    raise EvaluationError(f"the size {name} has no value")
                return self.sizes[name]
            case Quotient(numerator, divisor):
                return np.asarray(self.form(numerator, scope, frame) // divisor)
            case Product(left, right):
                return np.asarray(self.form(left, scope, frame) * self.form(right, scope, frame))
            case Pick(ref):
                return self._picked(ref, scope, frame)

    def _picked(self, ref: Ref, scope: Scope, frame: Frame) -> Array:
        return self.whole(self.read(ref, scope.exactly())(frame), ref.name)

    def whole(self, values: Array, name: str) -> Array:
        """Values that are used as indices. Raises EvaluationError where they are no whole numbers."""
        values = np.asarray(self.backend.real(values), dtype=float)
        whole = np.rint(values)
        if not (whole == values).all():
            raise EvaluationError(f"{name} is used as an index, and {values[whole != values].flat[0]:g} is not a whole number")
        return np.asarray(whole, dtype=np.int64)

    def _stretch(self, form: Affine, ref: Ref, at: int, scope: Scope) -> tuple[int | None, slice] | None:
        """(axis of the scope or None, slice of the node's axis `at`) for a form that walks over it in equal steps, inside."""
        walk = _walk(form)
        if walk is None:
            return None
        letter, step, offset = walk
        low, length = self.places(ref.name)[at]
        start = self._constant(offset, f"an index of {ref.name}") - low
        if letter is None:
            return (None, slice(start, start + 1)) if 0 <= start < length else None
        if len(ref.indices) > 1 and any(letter in other.variables() for place, other in enumerate(ref.indices) if place != at):
            return None
        axis = scope.axis(letter)
        count = scope.lengths[axis - 1]
        start += step * scope.lows[axis - 1]
        last = start + step * (count - 1)
        if count == 0:
            return axis, slice(0, 0)
        return (axis, slice(start, last + 1, step)) if start >= 0 and last < length else None

    def _gathering(self, ref: Ref, stretches: list[tuple[int | None, slice] | None], scope: Scope) -> Operation:
        """The read by position: axes that are walked in equal steps are sliced, the others looked up together."""
        looked_up = [at for at, stretch in enumerate(stretches) if stretch is None]
        places = self.places(ref.name)
        lengths = [places[at][1] for at in looked_up]
        fixed = not any(picks(ref.indices[at]) for at in looked_up)
        known = [self.form(ref.indices[at], scope) - places[at][0] for at in looked_up] if fixed else []
        walked = [(at + 1, stretch) for at, stretch in enumerate(stretches) if stretch is not None]

        def run(frame: Frame) -> Array:
            stored = self.arrays[ref.name]
            offsets = known if fixed else [self.form(ref.indices[at], scope, frame) - places[at][0] for at in looked_up]
            inside = np.ones((1,) * scope.rank, dtype=bool)
            for at, offset, length in zip(looked_up, offsets, lengths, strict=True):
                valid = (offset >= 0) & (offset < length)
                self._refuse_outside(ref, at, offset, valid, scope, frame)
                inside = inside & valid
            paired = stored.shape[0] > 1 and any(offset.shape[0] > 1 for offset in offsets)
            return _taken(stored, walked, looked_up, list(zip(offsets, lengths, strict=True)), inside, scope.rank, paired=paired)

        return run

    def _refuse_outside(self, ref: Ref, at: int, offset: Array, valid: Array, scope: Scope, frame: Frame) -> None:
        if valid.all():
            return
        wrong = ~valid if frame.guard is None else ~valid & pad(frame.guard, scope.rank)
        # an axis of length 0 elsewhere in the scope means that nothing is read at all
        if not wrong.any() or 0 in scope.lengths:
            return
        low, length = self.places(ref.name)[at]
        index = int(np.broadcast_to(offset, wrong.shape)[wrong].flat[0]) + low
        shown = ",".join(str(index) if each == at else "…" for each in range(len(ref.indices)))
        reader = f" by {scope.owner}" if scope.owner else ""
        where = f"{low}..{low + length - 1}" if length else "empty"
        raise EvaluationError(f"{ref.name}[{shown}] is read{reader}, outside the range {where} of that index")


@lru_cache(maxsize=4096)
def _walk(form: Affine) -> tuple[str | None, int, Affine] | None:
    """(letter, step, offset) of a form `step·letter + offset` that rises with its letter; the letter is None for a number."""
    variables = [(atom.name, coefficient) for atom, coefficient in form.terms if isinstance(atom, Variable)]
    offset = Affine(tuple(term for term in form.terms if not isinstance(term[0], Variable)), form.constant)
    if len(variables) > 1 or any(isinstance(atom, Variable | Pick) for atom in offset.atoms()):
        return None
    letter, step = variables[0] if variables else (None, 1)
    return (letter, step, offset) if step >= 1 else None


def checked_sizes(graph: Graph, sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes, those of the graph included; each is at least 1, or what `graph.smallest` allows."""
    known = {**graph.sizes, **sizes}
    for name, value in known.items():
        least = graph.smallest.get(name, 1)
        if value < least:
            raise EvaluationError(f"the size {name} is {value}; it must be at least {least}")
    return known


def picks(form: Affine) -> bool:
    """Whether the form depends on the value of a node, such as the place of a maximum."""
    return any(isinstance(atom, Pick) for atom in form.atoms())


def _slicing(arrays: Mapping[str, Array], name: str, stretches: list[tuple[int | None, slice]], shape: tuple[int, ...], rank: int) -> Operation:
    """The stretches of a stored array, its axes put in the order of the scope."""
    take = (slice(None), *(part if axis is not None else part.start for axis, part in stretches))
    axes = [0, *(axis for axis, _ in stretches if axis is not None)]
    order = sorted(range(len(axes)), key=axes.__getitem__)
    spread = tuple(slice(None) if axis in axes else None for axis in range(rank))
    whole = all(part == slice(0, length, 1) or part == slice(0, length) for (_, part), length in zip(stretches, shape, strict=True))
    whole = whole and all(axis is not None for axis, _ in stretches)
    ordered, spreads = order == list(range(len(order))), None in spread
    if whole and ordered:
        return (lambda _: arrays[name][spread]) if spreads else lambda _: arrays[name]
    if ordered and not spreads:
        return lambda _: arrays[name][take]
    if whole and not spreads:
        return lambda _: arrays[name].transpose(order)
    return lambda _: arrays[name][take].transpose(order)[spread]


def _taken(
    stored: Array, walked: list[tuple[int, tuple[int | None, slice]]], looked_up: list[int], offsets: list[tuple[Array, int]], inside: Array, rank: int, *, paired: bool
) -> Array:
    """The entries at the offsets along the looked-up axes, 0 where they are not inside; `paired`: batch rows look up their own."""
    if paired:
        offsets = [(along(np.arange(stored.shape[0]), 0, rank), stored.shape[0]), *offsets]
    else:
        walked = [(0, (0, slice(None))), *walked]
    position = np.zeros((1,) * rank, dtype=np.int64)
    for offset, length in offsets:
        position = position * length + np.clip(offset, 0, max(length - 1, 0))
    position, inside = np.broadcast_arrays(position, inside)
    table = stored[tuple(dict(walked).get(at, (0, slice(None)))[1] for at in range(stored.ndim))]
    table = table.transpose([at for at, _ in walked] + ([0] if paired else []) + [at + 1 for at in looked_up])
    table = table.reshape(*table.shape[: len(walked)], prod(table.shape[len(walked) :]))
    if table.shape[-1] == 0:
        table = np.zeros((*table.shape[:-1], 1), dtype=stored.dtype)
    arranged = _arranged(np.take(table, position, axis=-1), [axis for _, (axis, _) in walked], rank)
    return arranged if inside.all() else np.where(inside, arranged, 0)


def _arranged(taken: Array, walked: list[int | None], rank: int) -> Array:
    """Axes [walked..., every axis of the scope] put in the order of the scope; a walked axis has length 1 among the latter."""
    count = len(walked)
    source = {axis: at for at, axis in enumerate(walked) if axis is not None}
    order = [source.get(axis, count + axis) for axis in range(rank)]
    spare = [at for at in range(taken.ndim) if at not in order]
    return taken.transpose(order + spare).reshape([taken.shape[at] for at in order])
