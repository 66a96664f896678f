"""The derivative of the cost by a parameter, measured from the forward pass alone.

A parameter of moderate size is measured at every entry. Of a larger one, a random choice of entries is moved, and all
entries together along one random direction: with leaves t = 0 and D, the parameter becomes

    W[j,k] = base[j,k] + Σ_s t[s]·D[s,j,k]

and the derivative by t[s] is the one along D[s].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

import numpy as np

from backprop_derive.graph.expressions import ONE, Bound, Expression, Fold, Integer, Ref, add, mul, reciprocal
from backprop_derive.graph.indices import Affine, axis_to, number, size, variable
from backprop_derive.graph.nodes import Graph, Node, Piece
from backprop_derive.numerics.backends import COMPLEX, Array
from backprop_derive.numerics.drawing import Point
from backprop_derive.numerics.references import complex_steps, exact, planned_shifts, richardson

LARGEST = 2_000
CHOSEN = 200
FEWEST = 8
WORK = 200_000_000
FIRST_STEP = 0.02
EPSILON = float(np.finfo(float).eps)

Measure = Callable[[Graph, Point, str, tuple[str, ...]], tuple[Array, Array]]
"""(graph, point, target, by) → (derivatives, their own error estimates), for all entries of all nodes `by`, in order.

The point's forward values are those of all nodes of the graph, but perhaps for the target."""


def by_complex_step(graph: Graph, point: Point, target: str, by: tuple[str, ...]) -> tuple[Array, Array]:
    """Without truncation error; the estimate is the rounding of the result. Raises NoComplexForm."""
    found = complex_steps(planned_shifts(graph, point.sizes, target, by, point.functions, COMPLEX), point.forward)
    return found, EPSILON * np.abs(found)


def by_differences(graph: Graph, point: Point, target: str, by: tuple[str, ...]) -> tuple[Array, Array]:
    """Richardson extrapolation, with steps that stay on this side of the nearest kink."""
    step = max(FIRST_STEP / 200, min(FIRST_STEP, point.distance / 4))
    return _one_by_one(by, lambda name: richardson(graph, point.values, point.sizes, target, name, point.functions, forward=point.forward, first_step=step))


def by_fifty_digits(graph: Graph, point: Point, target: str, by: tuple[str, ...]) -> tuple[Array, Array]:
    """The complex step in mpmath; its truncation error is the square of the step, 1e-40."""

    def measured(name: str) -> tuple[Array, Array]:
        found = exact(graph, point.values, point.sizes, target, name, point.functions)
        return found, np.abs(found) * 1e-30

    return _one_by_one(by, measured)


def _one_by_one(names: tuple[str, ...], measure: Callable[[str], tuple[Array, Array]]) -> tuple[Array, Array]:
    parts = [measure(name) for name in names]
    return np.concatenate([found.reshape(-1) for found, _ in parts]), np.concatenate([estimate.reshape(-1) for _, estimate in parts])


@dataclass(frozen=True)
class Probes:
    """Which derivatives of a parameter are looked at: those by `entries` (flat positions; None: by every entry, in order).

    With a `direction` (in the parameter's shape), the derivative along it comes last.
    """

    name: str
    entries: Array | None = None
    direction: Array | None = None

    def of(self, gradient: Array) -> Array:
        """The looked-at derivatives, from the whole gradient."""
        return self._taken(gradient, self.direction)

    def of_scale(self, scale: Array) -> Array:
        """How large the summands of each are, from those of all entries."""
        return self._taken(scale, None if self.direction is None else np.abs(self.direction))

    def entry(self, at: int, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        """The position in an array of the probe `at`, or None for the direction."""
        if self.direction is not None and self.entries is not None and at == len(self.entries):
            return None
        flat, places = at if self.entries is None else int(self.entries[at]), list[int]()
        for length in reversed(shape):
            flat, place = divmod(flat, length)
            places.insert(0, place)
        return tuple(places)

    def only(self, places: Array) -> Probes:
        """The probes at the given places, the direction's place aside."""
        chosen = places if self.entries is None else self.entries[places[places < len(self.entries)]]
        return Probes(self.name, chosen)

    def measured(self, graph: Graph, point: Point, target: str, measure: Measure, side_by_side: int) -> tuple[Array, Array]:
        """The derivatives of `target` and their error estimates, one for each probe, so many directions in one evaluation."""
        if self.entries is None:
            return measure(graph, point, target, (self.name,))
        shape = point.forward[self.name].shape
        directions = [_unit(shape, flat) for flat in self.entries]
        if self.direction is not None:
            directions.append(self.direction)
        parts = [self._along(graph, point, target, measure, directions[at : at + side_by_side]) for at in range(0, len(directions), side_by_side)]
        return np.concatenate([found for found, _ in parts]), np.concatenate([estimate for _, estimate in parts])

    def _along(self, graph: Graph, point: Point, target: str, measure: Measure, directions: list[Array]) -> tuple[Array, Array]:
        moved, base, steps, table = _moved(graph, self.name, len(directions))
        values = {base if name == self.name else name: value for name, value in point.values.items()}
        along = {steps: np.zeros(len(directions)), table: np.stack(directions)}
        forward = {**point.forward, **along} | ({base: point.forward[self.name]} if base in moved.by_name else {})
        return measure(moved, replace(point, values=values | along, forward=forward), target, (steps,))

    def _taken(self, array: Array, direction: Array | None) -> Array:
        flat = array.reshape(-1)
        if self.entries is None:
            return flat
        taken = flat[self.entries]
        return taken if direction is None else np.append(taken, np.sum(array * direction))


def choose_probes(name: str, shape: tuple[int, ...], total: int, seed: int, sharing: int) -> Probes:
    """Every entry of a parameter of up to 2,000; else 200, shared among `sharing` seeds, and a direction across all.

    Where the graph holds very many numbers (`total`), fewer.
    """
    count = prod(shape)
    affordable = max(FEWEST, WORK // max(1, total))
    if count <= min(LARGEST, affordable):
        return Probes(name)
    draw = np.random.default_rng((seed, count))
    chosen = -(-min(CHOSEN, affordable) // sharing)
    direction = draw.normal(size=shape)
    return Probes(name, draw.choice(count, min(count, chosen), replace=False), direction / np.sqrt(np.sum(direction**2)))


@lru_cache(maxsize=32)
def with_cost(graph: Graph) -> tuple[Graph, str]:
    """The graph with the cost as a node behind it, straight from its definition, and what that node is called."""
    cost, loss = graph.cost, graph.node(graph.cost.loss)
    total: Expression = loss.ref()
    if loss.sampled:
        total = Fold("sum", Bound(loss.letters[0], loss.axes[0]), total)
    total = mul(mean_factor(graph), total)
    if cost.regularizer is not None:
        total = add(total, Ref(cost.regularizer))
    node = Node(f"{cost.name}#", (), (), (Piece((), (), total),))
    return replace(graph, nodes=(*graph.nodes, node)), node.name


def mean_factor(graph: Graph) -> Expression:
    """What stands in front of the loss, summed over the samples: 1/m where the cost is the mean. A loss that no data enters
    is the same for all samples: m times it where the cost is the sum."""
    if graph.samples is None:
        return ONE
    count, sampled = Integer(size(graph.samples.size)), graph.node(graph.cost.loss).sampled
    if graph.cost.reduction == "mean":
        return reciprocal(count) if sampled else ONE
    return ONE if sampled else count


def _unit(shape: tuple[int, ...], flat: int) -> Array:
    direction = np.zeros(int(np.prod(shape)))
    direction[flat] = 1.0
    return direction.reshape(shape)


def _moved(graph: Graph, name: str, count: int) -> tuple[Graph, str, str, str]:
    """The graph with the parameter moved along `count` directions, and the names of base, steps and directions."""
    base, steps, table = f"{name}#base", f"{name}#steps", f"{name}#directions"
    letter, axis = "s#", axis_to(number(count))
    node = graph.node(name)

    def shifted(places: tuple[Affine, ...], definition: Expression) -> Expression:
        return add(definition, Fold("sum", Bound(letter, axis), mul(Ref(steps, (variable(letter),)), Ref(table, (variable(letter), *places)))))

    letters = tuple(variable(each) for each in node.letters)
    own = node.pieces or (Piece(letters, tuple(zip(node.letters, node.axes, strict=True)), Ref(base, letters)),)
    moved = replace(node, pieces=tuple(Piece(piece.places, piece.axes, shifted(piece.places, piece.definition)) for piece in own))
    leaves = [Node(steps, (letter,), (axis,)), Node(table, (letter, *node.letters), (axis, *node.axes))]
    if node.is_leaf:
        leaves.append(replace(node, name=base))
    nodes = tuple(moved if each.name == name else each for each in graph.nodes)
    return replace(graph, nodes=(*nodes, *leaves)), base, steps, table
