"""Gradients found from the forward pass alone, to hold derived ones against.

The complex step `Im f(x + ih)/h` (Squire and Trapp, SIAM Review 40, 1998) has no cancellation, so h = 1e-20 leaves only
rounding errors. Central differences with Richardson extrapolation (Ridders, Advances in Engineering Software 4, 1982)
need no complex form of a function and bring an error estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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
Functions = Mapping[str, SmoothFunction]


def complex_step(
    graph: Graph, values: Mapping[str, Any], sizes: Mapping[str, int], target: str, by: str, functions: Functions | None = None
) -> Array:
    """d(sum of all entries of `target`)/d`by`, in the shape of `by`.

    `by` may be any node: the change is added to its value at each place, and everything behind it follows. Raises
    NoComplexForm if a function between the two has none.
    """
    shifted = _Shifted(graph, values, sizes, target, by, functions, FLOAT, COMPLEX)
    return shifted.derivative(lambda totals, size: np.asarray(totals.imag / size, dtype=float), np.full(shifted.count, STEP), 1j)


def exact(
    graph: Graph, values: Mapping[str, Any], sizes: Mapping[str, int], target: str, by: str, functions: Functions | None = None, digits: int = 50
) -> Array:
    """The same by the complex step in mpmath, with `digits` digits; an object array of mpmath numbers."""
    backend = exact_backend(digits)
    context = backend.context
    shifted = _Shifted(graph, values, sizes, target, by, functions, backend, backend)
    step = context.mpf(10) ** -(2 * digits // 5)
    imaginary = np.frompyfunc(lambda value: value.imag / step, 1, 1)
    return shifted.derivative(lambda totals, _: np.asarray(imaginary(totals)), np.full(shifted.count, step), context.mpc(0, 1))


def richardson(
    graph: Graph,
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    target: str,
    by: str,
    functions: Functions | None = None,
    *,
    levels: int = 6,
    first_step: float = 0.02,
) -> tuple[Array, Array]:
    """The derivative by central differences, extrapolated to step 0, and an estimate of its error, per entry.

    The steps are `first_step·max(1, |value|)` and its halves. Of the whole tableau the entry with the smallest
    estimate is taken, so rounding errors at small steps do not enter; `nan` and an infinite estimate where there is none.
    """
    shifted = _Shifted(graph, values, sizes, target, by, functions, FLOAT, FLOAT)
    scale = first_step * np.maximum(1.0, np.abs(shifted.base.reshape(-1)))
    rows: list[list[Array]] = []
    best, error = np.full(shifted.count, np.nan), np.full(shifted.count, np.inf)
    # a step that leaves the domain of a function gives nan, which is never the best entry
    with np.errstate(all="ignore"):
        for level in range(levels):
            steps = scale / 2**level
            ahead, behind = (shifted.derivative(lambda totals, _: totals, steps, sign).reshape(-1) for sign in (1.0, -1.0))
            row = [(ahead - behind) / (2 * steps)]
            rounding = np.finfo(float).eps * (np.abs(ahead) + np.abs(behind)) / steps
            for column in range(1, level + 1):
                row.append(row[-1] + (row[-1] - rows[-1][column - 1]) / (4**column - 1))
                estimate = np.maximum(np.abs(row[column] - row[column - 1]), np.abs(row[column] - rows[-1][column - 1])) + rounding
                better = estimate < error
                best, error = np.where(better, row[column], best), np.where(better, estimate, error)
            rows.append(row)
    return best.reshape(shifted.base.shape), error.reshape(shifted.base.shape)


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


class _Shifted:
    """The graph's forward values, and what `target` becomes when entries of `by` are shifted, one in each batch row.

    Only what lies between `by` and `target` is evaluated again.
    """

    def __init__(
        self,
        graph: Graph,
        values: Mapping[str, Any],
        sizes: Mapping[str, int],
        target: str,
        by: str,
        functions: Functions | None,
        forward: FloatBackend,
        backend: FloatBackend,
    ) -> None:
        for name in (target, by):
            if name not in graph.by_name:
                raise EvaluationError(Problem(f"there is no node {name}", value=name, nearest=nearest(name, graph.by_name)))
        self.target, self.by, self.backend = target, by, backend
        self.values = node_values(graph, values, sizes, functions=functions, backend=forward)
        self.base = self.values[by]
        self.count = self.base.size
        self.evaluator = Evaluator(graph, {}, sizes, functions=functions, backend=backend)
        between = _reached([by], graph.children) & _reached([target], graph.parents)
        self.depends = bool(between)
        blocks = [block for block in schedule(graph) if between.intersection(block.names)]
        # a node outside a recurrence keeps its forward value; inside, a shift at one step moves the later steps
        self.blocks = [block for block in blocks if block.steps or block.names != (by,)]
        self.recurrent = any(by in block.names for block in self.blocks)
        self.row_entries = self.count + sum(self._entries(name) for block in self.blocks for name in block.names)

    def derivative(self, finish: Callable[[Array, Any], Array], steps: Array, direction: Any) -> Array:
        """`finish(sum of the target, step)` for a shift of `steps[e]·direction` at each entry e of `by`, in its shape."""
        rows = max(1, MEMORY // (16 * max(1, self.row_entries)))
        parts = [
            finish(self._totals(start, steps[start : start + rows] * direction), steps[start : start + rows])
            for start in range(0, self.count, rows)
        ]
        joined = np.concatenate(parts) if parts else np.zeros(0)
        return joined.reshape(self.base.shape)

    def _totals(self, start: int, shifts: Array) -> Array:
        """The sum of all entries of the target, for each batch row."""
        batch = len(shifts)
        shift = np.zeros((batch, self.count), dtype=shifts.dtype)
        shift[np.arange(batch), start + np.arange(batch)] = shifts
        shift = shift.reshape(batch, *self.base.shape)
        arrays = self.evaluator.store.arrays
        arrays.clear()
        arrays.update((name, value[None]) for name, value in self.values.items())
        if self.depends and self.recurrent:
            Run(self.evaluator, batch, {self.by: shift}).advance(self.blocks)
        else:
            arrays[self.by] = self.base[None] + shift
            if self.depends:
                Run(self.evaluator, batch).advance(self.blocks)
        found = arrays[self.target]
        totals = found.reshape(found.shape[0], prod(found.shape[1:])).sum(axis=1)
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


def _reached(starts: Iterable[str], following: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The names that can be reached, the starts included."""
    seen, waiting = set(starts), list(starts)
    while waiting:
        for name in following[waiting.pop()]:
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen
