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
from backprop_derive.numerics.scopes import Scope, along, pad

Places = tuple[tuple[int, int], ...]


class Store:
    """The nodes' values, each with the batch axis in front, and the numbers of the sizes."""

    def __init__(self, graph: Graph, sizes: Mapping[str, int], backend: FloatBackend) -> None:
        self.graph, self.backend = graph, backend
        self.sizes = checked_sizes(graph, sizes)
        self.arrays: dict[str, Array] = {}
        self._places: dict[str, Places] = {}
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
        return tuple(length for _, length in self.places(name))

    def span(self, axis: Axis, what: str) -> tuple[int, int]:
        """(first index, length) of an axis without variables in its ends."""
        low, high = self._constant(axis.low, what), self._constant(axis.high, what)
        if high < low - 1:
            raise EvaluationError(f"{what} runs from {low} to {high}: its length would be {high - low + 1}")
        return low, high - low + 1

    def form(self, form: Affine, scope: Scope) -> Array:
        """An integer form at every place of the scope."""
        total: Array = np.full((1,) * scope.rank, form.constant, dtype=np.int64)
        for atom, coefficient in form.terms:
            total = total + coefficient * self._atom(atom, scope)
        return total

    def holds(self, condition: Condition, scope: Scope) -> Array:
        """Where a condition on indices holds."""
        form = self.form(condition.form, scope)
        if condition.kind == ">=":
            return np.greater_equal(form, 0)
        return np.equal(form, 0) if condition.kind == "=" else np.not_equal(form, 0)

    def read(self, ref: Ref, scope: Scope) -> Array:
        """The values of a mention of a node, over the scope."""
        if ref.name in scope.arguments and not ref.indices:
            return pad(scope.arguments[ref.name], scope.rank)
        places = self.places(ref.name)
        if ref.name not in self.arrays:
            raise EvaluationError(f"{ref.name} has no value" + (f" where {scope.owner} reads it" if scope.owner else ""))
        if len(ref.indices) != len(places):
            raise EvaluationError(f"{ref.name} has {len(places)} indices, and is read with {len(ref.indices)}")
        stretches = [self._stretch(form, ref, at, scope) for at, form in enumerate(ref.indices)]
        stored = self.arrays[ref.name]
        if all(stretch is not None for stretch in stretches):
            return _sliced(stored, [stretch for stretch in stretches if stretch is not None], scope.rank)
        return self._gathered(ref, stored, stretches, scope)

    def _constant(self, form: Affine, what: str) -> int:
        if not form.terms:
            return form.constant
        if form not in self._numbers:
            if form.variables() or any(isinstance(atom, Pick) for atom in form.atoms()):
                raise EvaluationError(f"{what} has ends that depend on other indices")
            self._numbers[form] = int(self.form(form, Scope(owner=what)).item())
        return self._numbers[form]

    def _atom(self, atom: Atom, scope: Scope) -> Array | int:
        match atom:
            case Variable(name):
                return scope.places(scope.axis(name))
            case Size(name):
                if name not in self.sizes:
                    raise EvaluationError(f"the size {name} has no value")
                return self.sizes[name]
            case Quotient(numerator, divisor):
                return np.asarray(self.form(numerator, scope) // divisor)
            case Product(left, right):
                return np.asarray(self.form(left, scope) * self.form(right, scope))
            case Pick(ref):
                return self._picked(ref, scope)

    def _picked(self, ref: Ref, scope: Scope) -> Array:
        values = np.asarray(self.backend.real(self.read(ref, scope.exactly())), dtype=float)
        whole = np.rint(values)
        if not (whole == values).all():
            raise EvaluationError(f"{ref.name} is used as an index, and {values[whole != values].flat[0]:g} is not a whole number")
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

    def _gathered(self, ref: Ref, stored: Array, stretches: list[tuple[int | None, slice] | None], scope: Scope) -> Array:
        """The read by position: axes that are walked in equal steps are sliced, the others looked up together."""
        looked_up = [at for at, stretch in enumerate(stretches) if stretch is None]
        offsets = []
        inside = np.ones((1,) * scope.rank, dtype=bool)
        for at in looked_up:
            low, length = self.places(ref.name)[at]
            offset = self.form(ref.indices[at], scope) - low
            valid = (offset >= 0) & (offset < length)
            self._refuse_outside(ref, at, offset, valid, scope)
            inside = inside & valid
            offsets.append((offset, length))
        paired = stored.shape[0] > 1 and any(offset.shape[0] > 1 for offset, _ in offsets)
        if paired:
            offsets.insert(0, (along(np.arange(stored.shape[0]), 0, scope.rank), stored.shape[0]))
        position = np.zeros((1,) * scope.rank, dtype=np.int64)
        for offset, length in offsets:
            position = position * length + np.clip(offset, 0, max(length - 1, 0))
        position, inside = np.broadcast_arrays(position, inside)
        walked = [(at + 1, stretch) for at, stretch in enumerate(stretches) if stretch is not None]
        if not paired:
            walked.insert(0, (0, (0, slice(None))))
        table = stored[tuple(dict(walked).get(at, (0, slice(None)))[1] for at in range(stored.ndim))]
        table = table.transpose([at for at, _ in walked] + ([0] if paired else []) + [at + 1 for at in looked_up])
        table = table.reshape(*table.shape[: len(walked)], prod(table.shape[len(walked) :]))
        if table.shape[-1] == 0:
            table = np.zeros((*table.shape[:-1], 1), dtype=stored.dtype)
        taken = np.take(table, position, axis=-1)
        arranged = _arranged(taken, [axis for _, (axis, _) in walked], scope.rank)
        return arranged if inside.all() else np.where(inside, arranged, 0)

    def _refuse_outside(self, ref: Ref, at: int, offset: Array, valid: Array, scope: Scope) -> None:
        wrong = ~valid if scope.guard is None else ~valid & pad(scope.guard, scope.rank)
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


def _sliced(stored: Array, stretches: list[tuple[int | None, slice]], rank: int) -> Array:
    taken = stored[(slice(None), *(part if axis is not None else part.start for axis, part in stretches))]
    axes = [0, *(axis for axis, _ in stretches if axis is not None)]
    ordered = taken.transpose(sorted(range(len(axes)), key=axes.__getitem__))
    return ordered[tuple(slice(None) if axis in axes else None for axis in range(rank))]


def _arranged(taken: Array, walked: list[int | None], rank: int) -> Array:
    """Axes [walked..., every axis of the scope] put in the order of the scope; a walked axis has length 1 among the latter."""
    count = len(walked)
    source = {axis: at for at, axis in enumerate(walked) if axis is not None}
    order = [source.get(axis, count + axis) for axis in range(rank)]
    spare = [at for at in range(taken.ndim) if at not in order]
    return taken.transpose(order + spare).reshape([taken.shape[at] for at in order])
