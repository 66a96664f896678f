"""The values of all nodes of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from backprop_derive.errors import EvaluationError
from backprop_derive.graph.nodes import Graph, Node, Piece
from backprop_derive.numerics.backends import FLOAT, Array, FloatBackend
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.numerics.schedule import Block, schedule
from backprop_derive.numerics.scopes import START, Frame, Operation, Scope
from backprop_derive.numerics.smooth import SmoothFunction

__all__ = ["Evaluator", "Forward", "Run", "node_values"]


def node_values(
    graph: Graph,
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    *,
    functions: Mapping[str, SmoothFunction] | None = None,
    backend: FloatBackend = FLOAT,
) -> Mapping[str, Array]:
    """Every node as an array over its stored axes; position 0 of an array axis is the low end of the index.

    `values` gives the leaves. Raises EvaluationError: a value or size is missing, a shape is wrong, a read is out of
    range, a place has no definition, or nodes refer to each other in a circle.
    """
    return Forward(graph, sizes, functions, backend).values(values)


class Forward:
    """The forward pass of a graph at one size, planned once: the values of all nodes, over and over for other leaves."""

    def __init__(
        self, graph: Graph, sizes: Mapping[str, int], functions: Mapping[str, SmoothFunction] | None = None, backend: FloatBackend = FLOAT
    ) -> None:
        self.graph = graph
        self.leaves = tuple(node.name for node in graph.nodes if node.is_leaf)
        self.evaluator = Evaluator(graph, {}, sizes, functions=functions, backend=backend)
        self.run = Run(self.evaluator)
        self.blocks = tuple(block for block in schedule(graph) if block.names[0] not in self.leaves)

    def values(self, given: Mapping[str, Any]) -> Mapping[str, Array]:
        """Every node as an array over its stored axes, as `node_values` says."""
        missing = [name for name in self.leaves if name not in given]
        if missing:
            raise EvaluationError(f"no value is given for {', '.join(missing)}")
        for name in self.leaves:
            self.evaluator.give(name, given[name])
        self.run.advance(self.blocks)
        return {node.name: self.run.arrays[node.name][0, ...] for node in self.graph.nodes}


class Run:
    """One forward pass. `batch` copies of the graph run side by side, each with its own `perturbations`.

    A perturbation is added to a node's defined value at every place (an array with the batch axis in front).
    """

    def __init__(self, evaluator: Evaluator, batch: int = 1, perturbations: Mapping[str, Array] | None = None) -> None:
        self.evaluator, self.batch = evaluator, batch
        self.perturbations = dict(perturbations or {})
        self.arrays = evaluator.store.arrays

    def advance(self, blocks: Iterable[Block]) -> None:
        """Evaluate the blocks in order."""
        with np.errstate(all="ignore"):
            for block in blocks:
                if block.steps:
                    self._recur(block)
                else:
                    self._define(block.names[0])

    def _define(self, name: str) -> None:
        """All places of a node at once."""
        plan = self.evaluator.plans.get(name)
        if plan is None:
            plan = self.evaluator.plans[name] = self._whole(self.evaluator.graph.node(name))
        array = plan(START)
        self.arrays[name] = array + self.perturbations[name] if name in self.perturbations else array

    def _whole(self, node: Node) -> Operation:
        """A node over its stored axes, from the values of all its pieces."""
        self._refuse_gaps(node)
        shape = self.evaluator.store.shape(node.name)
        parts = [(piece, self._planned(node, piece, None)) for piece in node.pieces]
        if len(parts) == 1:
            return _spread_over(shape, *parts[0])
        places = [self._where(node, piece) for piece in node.pieces]

        def run(frame: Frame) -> Array:
            found = [value(frame) for _, value in parts]
            array = np.empty((max(each.shape[0] for each in found), *shape), dtype=np.result_type(*found))
            for place, each in zip(places, found, strict=True):
                array[place] = each
            return array

        return run

    def _recur(self, block: Block) -> None:
        """Step by step along the axis of the recurrence."""
        store = self.evaluator.store
        nodes = [self.evaluator.graph.node(name) for name in block.names]
        for node in nodes:
            if node.name not in self.evaluator.gapless:
                self._refuse_gaps(node)
                self.evaluator.gapless.add(node.name)
        spans = {name: store.places(name)[axis] for name, axis in block.steps.items()}
        for node in nodes:
            self.arrays[node.name] = np.zeros((self.batch, *store.shape(node.name)), dtype=self.evaluator.backend.dtype)
        steps = range(min(low for low, _ in spans.values()), max(low + length for low, length in spans.values()))
        for step in reversed(steps) if block.descending else steps:
            for node in nodes:
                axis = block.steps[node.name]
                low, length = spans[node.name]
                if low <= step < low + length:
                    self._fill(node, axis, step)

    def _fill(self, node: Node, axis: int, step: int) -> None:
        """One step of one node."""
        array = self.arrays[node.name]
        for piece in node.pieces:
            low, length = self._span(node, piece, axis)
            if low <= step < low + length:
                at = self._where(node, piece, (axis, step))
                array[at] = self._value(node, piece, (axis, step))
                if node.name in self.perturbations:
                    array[at] += self.perturbations[node.name][at]

    def _value(self, node: Node, piece: Piece, step: tuple[int, int]) -> Array:
        """The piece's definition at one step of one axis, over its other index variables, in the order of the node's axes."""
        key = (node.name, id(piece), step)
        if key not in self.evaluator.plans:
            self.evaluator.plans[key] = self._planned(node, piece, step)
        return self.evaluator.plans[key](START)

    def _planned(self, node: Node, piece: Piece, step: tuple[int, int] | None) -> Operation:
        scope = Scope(owner=node.name)
        for axis, place in enumerate(piece.places):
            if place.variable is not None:
                low, length = self._span(node, piece, axis) if step is None or step[0] != axis else (step[1], 1)
                scope = scope.bind(place.variable, low, length)
        return self.evaluator.planned(piece.definition, scope)

    def _span(self, node: Node, piece: Piece, axis: int) -> tuple[int, int]:
        """(first index, length) of a piece along an axis of its node."""
        place = piece.places[axis]
        if place.variable is None:
            return int(self.evaluator.store.form(place, Scope(owner=node.name)).item()), 1
        return self.evaluator.store.span(dict(piece.axes)[place.variable], f"the index {place.variable} of {node.name}")

    def _where(self, node: Node, piece: Piece, step: tuple[int, int] | None = None) -> tuple[slice | int, ...]:
        """Where the places of a piece (at one step of one axis) stand in the array."""
        parts: list[slice | int] = [slice(None)]
        for axis, place in enumerate(piece.places):
            low, length = self._span(node, piece, axis) if step is None or step[0] != axis else (step[1], 1)
            start = low - self.evaluator.store.places(node.name)[axis][0]
            parts.append(start if place.variable is None else slice(start, start + length))
        return tuple(parts)

    def _refuse_gaps(self, node: Node) -> None:
        """Every stored place must have exactly one definition."""
        spans = self.evaluator.store.places(node.name)
        for piece in node.pieces:
            letters = [place.variable for place in piece.places if place.variable is not None]
            if len(set(letters)) < len(letters):
                raise EvaluationError(f"{node.name} is defined with the same index letter at two positions")
        if len(node.pieces) == 1 and all(self._span(node, node.pieces[0], axis) == span for axis, span in enumerate(spans)):
            return
        counts = np.zeros([length for _, length in spans], dtype=np.int64)
        for piece in node.pieces:
            parts = [self._span(node, piece, axis) for axis in range(len(spans))]
            if any(low < first or low + length > first + count for (low, length), (first, count) in zip(parts, spans, strict=True) if length):
                raise EvaluationError(f"{node.name} is defined outside its range")
            counts[tuple(slice(low - first, low - first + length) for (low, length), (first, _) in zip(parts, spans, strict=True))] += 1
        wrong = np.argwhere(counts != 1)
        if len(wrong):
            place = ",".join(str(int(at) + low) for at, (low, _) in zip(wrong[0], spans, strict=True))
            times = "no definition" if counts[tuple(wrong[0])] == 0 else "two definitions"
            raise EvaluationError(f"{node.name}[{place}] has {times}")


def _spread_over(shape: tuple[int, ...], piece: Piece, value: Operation) -> Operation:
    """The value of a piece that is all of a node of this shape."""

    def run(frame: Frame) -> Array:
        array = value(frame)
        if array.shape[1:] == shape:
            return array
        return np.broadcast_to(array.reshape(array.shape[0], *_kept_axes(piece, array)), (array.shape[0], *shape))

    return run


def _kept_axes(piece: Piece, found: Array) -> list[int]:
    """The shape of a piece's value with an axis of length 1 where the piece names a number."""
    lengths = iter(found.shape[1:])
    return [1 if place.variable is None else next(lengths) for place in piece.places]
