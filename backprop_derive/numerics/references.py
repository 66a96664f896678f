"""Gradients found from the forward pass alone, to hold derived ones against.

The complex step `Im f(x + ih)/h` (Squire and Trapp, SIAM Review 40, 1998) has no cancellation, so h = 1e-20 leaves only
rounding errors. Central differences with Richardson extrapolation (Ridders, Advances in Engineering Software 4, 1982)
need no complex form of a function and bring an error estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from backprop_derive.errors import EvaluationError, Problem, nearest
from backprop_derive.graph.expressions import Expression, Fold, Mul, children, free_variables
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.backends import COMPLEX, FLOAT, Array, FloatBackend, NoComplexForm, exact_backend
from backprop_derive.numerics.evaluation import Evaluator, Run, node_values
from backprop_derive.numerics.schedule import schedule
from backprop_derive.numerics.smooth import SmoothFunction

STEP = 1e-20
MEMORY = 200_000_000
KEPT = 500_000  # numbers of one evaluation that are not given back behind it
Functions = Mapping[str, SmoothFunction]


def complex_step(
    graph: Graph, values: Mapping[str, Any], sizes: Mapping[str, int], target: str, by: str, functions: Functions | None = None
) -> Array:
    """d(sum of all entries of `target`)/d`by`, in the shape of `by`.

    `by` may be any node: the change is added to its value at each place, and everything behind it follows. Raises
    NoComplexForm if a function between the two has none.
    """
    shifts = planned_shifts(graph, sizes, target, (by,), functions, COMPLEX)
    return shifts.arranged(complex_steps(shifts, node_values(graph, values, sizes, functions=functions)))[by]


def complex_steps(shifts: Shifts, forward: Mapping[str, Array]) -> Array:
    """The same for all entries of all nodes of planned shifts, in order, in one evaluation from the values of all nodes."""
    return np.asarray(shifts.totals(forward, 1j * STEP).imag / STEP)


def exact(
    graph: Graph, values: Mapping[str, Any], sizes: Mapping[str, int], target: str, by: str, functions: Functions | None = None, digits: int = 50
) -> Array:
    """The same by the complex step in mpmath, with `digits` digits; an object array of mpmath numbers."""
    backend = exact_backend(digits)
    context = backend.context
    step = context.mpf(10) ** -(2 * digits // 5)
    imaginary = np.frompyfunc(lambda value: value.imag / step, 1, 1)
    shifts = planned_shifts(graph, sizes, target, (by,), functions, backend)
    forward = node_values(graph, values, sizes, functions=functions, backend=backend)
    return shifts.arranged(np.asarray(imaginary(shifts.totals(forward, step * context.mpc(0, 1)))))[by]


def richardson(
    graph: Graph,
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    target: str,
    by: str,
    functions: Functions | None = None,
    *,
    forward: Mapping[str, Array] | None = None,
    levels: int = 6,
    first_step: float = 0.02,
) -> tuple[Array, Array]:
    """The derivative by central differences, extrapolated to step 0, and an estimate of its error, per entry.

    `forward` are the values of all nodes, where they are known. The steps are `first_step·max(1, |value|)` and its halves. Of the whole tableau the entry with the smallest
    estimate is taken, so rounding errors at small steps do not enter; `nan` and an infinite estimate where there is none.
    """
    shifts = planned_shifts(graph, sizes, target, (by,), functions, FLOAT)
    if forward is None:
        forward = node_values(graph, values, sizes, functions=functions)
    scale = first_step * np.maximum(1.0, np.abs(forward[by].reshape(-1)))
    rows: list[list[Array]] = []
    best, error = np.full(shifts.count, np.nan), np.full(shifts.count, np.inf)
    # a step that leaves the domain of a function gives nan, which is never the best entry
    with np.errstate(all="ignore"):
        for level in range(levels):
            steps = scale / 2**level
            ahead, behind = (shifts.totals(forward, sign * steps) for sign in (1.0, -1.0))
            row = [(ahead - behind) / (2 * steps)]
            rounding = np.finfo(float).eps * (np.abs(ahead) + np.abs(behind)) / steps
            for column in range(1, level + 1):
                row.append(row[-1] + (row[-1] - rows[-1][column - 1]) / (4**column - 1))
                estimate = np.maximum(np.abs(row[column] - row[column - 1]), np.abs(row[column] - rows[-1][column - 1])) + rounding
                better = estimate < error
                best, error = np.where(better, row[column], best), np.where(better, estimate, error)
            rows.append(row)
    return shifts.arranged(best)[by], shifts.arranged(error)[by]


def reference_gradient(
    graph: Graph, values: Mapping[str, Any], sizes: Mapping[str, int], target: str, by: str, functions: Functions | None = None
) -> tuple[Array, Array, str]:
    """(derivative, error estimate, `complex-step` or `richardson`): the complex step wherever every function has one.

    The complex step has no truncation error; its estimate is the rounding of the result.
    """
    try:
        found = complex_step(graph, values, sizes, target, by, functions)
    except NoComplexForm:
        return (*richardson(graph, values, sizes, target, by, functions), "richardson")
    return found, np.finfo(float).eps * np.abs(found), "complex-step"


class Shifts:
    """What `target` becomes when the entries of the nodes `by` are shifted one at a time, each in a batch row of its own.

    Planned for a graph and its sizes; what does not lie between `by` and `target` keeps the value that is given for it.
    Where there are several, they are leaves.
    """

    def __init__(
        self, graph: Graph, sizes: Mapping[str, int], target: str, by: Sequence[str], functions: Functions | None, backend: FloatBackend
    ) -> None:
        for name in (target, *by):
            if name not in graph.by_name:
                raise EvaluationError(Problem(f"there is no node {name}", value=name, nearest=nearest(name, graph.by_name)))
        self.target, self.by, self.backend = target, tuple(by), backend
        self.evaluator = Evaluator(graph, {}, sizes, functions=functions, backend=backend)
        self.shapes = {name: self.evaluator.store.shape(name) for name in self.by}
        self.count = sum(map(prod, self.shapes.values()))
        between = _reached(by, graph.children) & _reached([target], graph.parents)
        # a node outside a recurrence keeps its forward value; inside, a shift at one step moves the later steps
        self.blocks = [block for block in schedule(graph) if between.intersection(block.names) and (block.steps or block.names[0] not in by)]
        self.moving = {name for block in self.blocks for name in block.names}
        self.recurrent = {name for block in self.blocks for name in block.names if name in by}
        self.row_entries = self.count + sum(self._entries(name) for block in self.blocks for name in block.names)
        self._units: tuple[Any, dict[str, Array]] | None = None

    def totals(self, forward: Mapping[str, Array], shift: Any) -> Array:
        """The sum of all entries of the target for each entry of `by`, in order, that is shifted by `shift`, one number or one for each."""
        rows = max(1, MEMORY // (16 * max(1, self.row_entries)))
        if self.count <= rows:
            return self._totals(forward, self._shifts(0, self.count, shift), self.count)
        parts = []
        for start in range(0, self.count, rows):
            end = min(start + rows, self.count)
            parts.append(self._totals(forward, self._shifts(start, end, shift[start:end] if np.ndim(shift) else shift), end - start))
        return np.concatenate(parts)

    def arranged(self, flat: Array) -> dict[str, Array]:
        """One number for each entry, in the shapes of the nodes."""
        found, start = {}, 0
        for name, shape in self.shapes.items():
            found[name] = flat[start : start + prod(shape)].reshape(shape)
            start += prod(shape)
        return found

    def _shifts(self, start: int, end: int, shift: Any) -> dict[str, Array]:
        """For each node, one batch row for each entry from `start` to `end` of all, which is 0 but for that entry."""
        if np.ndim(shift) == 0 and self._units is not None and self._units[0] == (start, end, shift):
            return self._units[1]
        unit = np.zeros((end - start, self.count), dtype=self.backend.dtype)
        unit[np.arange(end - start), np.arange(start, end)] = shift
        found, place = {}, 0
        for name, shape in self.shapes.items():
            found[name] = np.ascontiguousarray(unit[:, place : place + prod(shape)]).reshape(end - start, *shape)
            place += prod(shape)
        self._units = ((start, end, shift), found) if np.ndim(shift) == 0 and unit.size <= KEPT else None
        return found

    def _totals(self, forward: Mapping[str, Array], shifts: Mapping[str, Array], batch: int) -> Array:
        arrays = self.evaluator.store.arrays
        # what moves is computed anew, in order; its memory is kept until then, which is faster than to ask for it again
        arrays.update((name, value[None]) for name, value in forward.items() if name not in self.moving)
        arrays.update((name, forward[name] + shift) for name, shift in shifts.items() if name not in self.recurrent)
        Run(self.evaluator, batch, {name: shift for name, shift in shifts.items() if name in self.recurrent}).advance(self.blocks)
        if not self.blocks and self.target not in arrays:  # nothing shifted reaches it
            return np.zeros(batch, dtype=self.backend.dtype)
        found = arrays[self.target]
        totals = found.reshape(found.shape[0], prod(found.shape[1:])).sum(axis=1)
        if batch * self.row_entries > KEPT:
            arrays.clear()
        return np.broadcast_to(np.asarray(totals, dtype=self.backend.dtype), (batch,))

    def _entries(self, name: str) -> int:
        """How many numbers the evaluation of a node holds at a time, for one batch row."""
        node, store = self.evaluator.graph.node(name), self.evaluator.store
        held = prod(store.shape(name))
        for piece in node.pieces:
            lengths = {letter: store.span(axis, f"the index {letter} of {name}")[1] for letter, axis in piece.axes}
            held += max((prod(each) for each in self._spreads(piece.definition, lengths)), default=0)
        return held

    def _spreads(self, expression: Expression, lengths: Mapping[str, int]) -> Iterator[Iterable[int]]:
        """The lengths of the axes of every array that is made; a product under a sum is not made."""
        if isinstance(expression, Fold):
            lengths = {**lengths, expression.bound.name: self._longest(expression)}
        summed = isinstance(expression, Fold) and expression.kind == "sum"
        for child in children(expression):
            if not (summed and isinstance(child, Mul | Fold)):
                yield [lengths[letter] for letter in free_variables(child) if letter in lengths]
            yield from self._spreads(child, lengths)

    def _longest(self, fold: Fold) -> int:
        axis = fold.bound.axis
        if axis.low.variables() or axis.high.variables():
            return max((length for name in self.evaluator.graph.by_name for length in self.evaluator.store.shape(name)), default=1)
        return self.evaluator.store.span(axis, f"the index {fold.bound.name}")[1]


def planned_shifts(
    graph: Graph, sizes: Mapping[str, int], target: str, by: Sequence[str], functions: Functions | None, backend: FloatBackend
) -> Shifts:
    """The shifts; those of the last few calls are kept."""
    return _kept_shifts(graph, tuple(sizes.items()), target, tuple(by), tuple((functions or {}).items()), backend)


@lru_cache(maxsize=64)
def _kept_shifts(
    graph: Graph, sizes: tuple[tuple[str, int], ...], target: str, by: tuple[str, ...], functions: tuple[tuple[str, SmoothFunction], ...], backend: FloatBackend
) -> Shifts:
    return Shifts(graph, dict(sizes), target, by, dict(functions), backend)


def _reached(starts: Iterable[str], following: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The names that can be reached, the starts included."""
    seen, waiting = set(starts), list(starts)
    while waiting:
        for name in following[waiting.pop()]:
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen
