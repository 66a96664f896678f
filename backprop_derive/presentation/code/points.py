"""Where a program is run: values that the spec gives, or values that are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.drawing import draw_point
from backprop_derive.numerics.evaluation import Forward
from backprop_derive.numerics.evaluations import Evaluation
from backprop_derive.numerics.kinks import kink_places
from backprop_derive.numerics.smooth import SmoothFunction

MOST_PRINTED = 1000
PLACES = 3
FAR, NEAR = 1e-2, 1e-4
TRIES = 20


@dataclass(frozen=True, slots=True)
class Point:
    """The values of all leaves, and the sizes. Arrays with a seed are drawn by the program itself.

    `near_a_kink`: some value stands where there is no derivative, or so near that differences step over it.
    """

    values: Mapping[str, Array]
    sizes: Mapping[str, int]
    drawn: bool
    near_a_kink: bool = False
    seeds: Mapping[str, int] = field(default_factory=dict)


def program_point(derivation: Derivation, evaluation: Evaluation | None) -> Point:
    """The values that the spec gives; or else short ones that are drawn, far from kinks, such that all that is assumed holds."""
    graph = derivation.graph
    if evaluation is not None:
        leaves = evaluation.leaves
        near = _distance(graph, leaves.values, leaves.sizes, {}) < NEAR or _is_at_a_kink(graph, leaves.values, leaves.sizes)
        return Point(leaves.values, leaves.sizes, drawn=False, near_a_kink=near)
    best, farthest = None, -1.0
    for seed in range(TRIES):
        found = draw_point(graph, seed)
        values, seeds = _shortened(graph, found.values, seed)
        distance = _distance(graph, values, found.sizes, found.functions)
        if distance > farthest:
            best, farthest = Point(values, found.sizes, drawn=True, near_a_kink=distance < NEAR, seeds=seeds), distance
        if farthest >= FAR:
            break
    assert best is not None
    return best


def _shortened(graph: Graph, values: Mapping[str, Array], seed: int) -> tuple[dict[str, Array], dict[str, int]]:
    """Values of a few digits, and large arrays by a seed; those of which something is assumed stay as they are."""
    of_facts = [*(fact.vector for fact in graph.facts if fact.vector), *(ref.name for fact in graph.facts for ref in fact.entries)]
    bound = {*of_facts, *(name for each in graph.assumptions for name in each.names), *(name for each in graph.domains for name in each.names)}
    found, seeds = dict(values), {}
    for number, (name, array) in enumerate(values.items()):
        if name in bound:
            continue
        if array.size > MOST_PRINTED:
            seeds[name] = 100 * seed + number
            found[name] = np.random.default_rng(seeds[name]).uniform(-1, 1, array.shape) / max(array.shape) ** 0.5
        else:
            found[name] = np.round(array, PLACES)
    return found, seeds


def _distance(graph: Graph, values: Mapping[str, Array], sizes: Mapping[str, int], functions: Mapping[str, SmoothFunction]) -> float:
    """The distance to the nearest kink, infinite without kinks; -1 where the loss is not finite."""
    forward = Forward(graph, sizes, functions)
    found = forward.values(values)
    if not np.isfinite(found[graph.cost.loss]).all():
        return -1.0
    return min((kink.distance(forward.evaluator) for kink in kink_places(graph)), default=float("inf"))


def _is_at_a_kink(graph: Graph, values: Mapping[str, Array], sizes: Mapping[str, int]) -> bool:
    """Whether what has no derivative at 0 is 0 exactly, as given values may be; such a place has no distance."""
    forward = Forward(graph, sizes)
    forward.values(values)
    for kink in kink_places(graph):
        letters, axes = zip(*kink.piece.axes, strict=True) if kink.piece.axes else ((), ())
        if not kink.bounds and (forward.evaluator.expression(kink.argument, letters, axes) == 0).any():
            return True
    return False
