"""Random points at which derivatives are checked: sizes, values of all leaves, functions for the abstract ones.

Sizes are small, unequal and never 1, so that a transposed or a lost index shows. Values are 0.3 to 1.3 in size, so that
a lost factor shows; rows of matrices are scaled by the square root of their length, so that pre-activations are moderate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import inf, isfinite, prod, sqrt

import numpy as np

from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import Apply, Bracket, Expression, Fold, Integer, Ref, walk
from backprop_derive.graph.indices import Affine
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.assumed import assumed_values, violated
from backprop_derive.numerics.backends import FLOAT, Array
from backprop_derive.numerics.evaluation import Forward
from backprop_derive.numerics.kinks import KinkPlace, kink_places
from backprop_derive.numerics.reading import Store, checked_sizes
from backprop_derive.numerics.smooth import SmoothFunction, named_function
from backprop_derive.operations.functions import find_function
from backprop_derive.operations.losses import find_loss

MARGIN = 0.05
TRIES = 100
TRIES_AT_KINKS = 25


@dataclass(frozen=True)
class Point:
    """A point of the graph's domain. `forward` are the values of all nodes there.

    `distances` say how near it is to each kink; `redrawn` counts the points that were too near and were dropped for it.
    """

    seed: int
    sizes: Mapping[str, int]
    values: Mapping[str, Array]
    functions: Mapping[str, SmoothFunction]
    forward: Mapping[str, Array]
    distances: Mapping[KinkPlace, float]
    redrawn: int

    @property
    def distance(self) -> float:
        """The distance to the nearest kink, infinite without kinks."""
        return min(self.distances.values(), default=inf)


def draw_point(graph: Graph, seed: int, fixed: Mapping[str, Array] = {}) -> Point:
    """A point where everything is finite and at least `MARGIN` from every kink; failing that, the farthest of some.

    Leaves that are `fixed` have their value at every point, if it has their shape there. Raises EvaluationError where no draw has a finite loss, or no sizes fit the graph.
    """
    draw = np.random.default_rng(seed)
    sizes = _draw_sizes(graph, draw)
    functions = {name: named_function(name, seed) for name in abstract_functions(graph)}
    kinks = kink_places(graph)
    forward_pass = _forward(graph, tuple(sizes.items()), tuple(functions.items()))
    best: Point | None = None
    redrawn = 0
    for attempt in range(TRIES):
        values = _draw_values(graph, sizes, draw, careful=attempt > 0 and best is None)
        values.update((name, value) for name, value in fixed.items() if value.shape == values[name].shape)
        forward = forward_pass.values(values)
        if not isfinite(np.concatenate([array.reshape(-1) for array in forward.values()]).sum()) or violated(graph, forward):
            continue
        distances = {kink: kink.distance(forward_pass.evaluator) for kink in kinks}
        found = Point(seed, sizes, values, functions, forward, distances, redrawn)
        if found.distance >= MARGIN:
            return found
        best = found if best is None or found.distance > best.distance else best
        redrawn += 1
        if redrawn == TRIES_AT_KINKS:
            break
    if best is None:
        names = sorted({node.name for node in graph.nodes if not np.isfinite(forward[node.name]).all()})
        if not names:
            raise EvaluationError(f"no random values were found ({TRIES} tries) at which {' and '.join(violated(graph, forward)) or 'all that is assumed'} holds")
        raise EvaluationError(f"no random values were found ({TRIES} tries) at which {', '.join(names)} are finite numbers")
    return Point(seed, sizes, best.values, functions, best.forward, best.distances, redrawn)


@lru_cache(maxsize=32)
def _forward(graph: Graph, sizes: tuple[tuple[str, int], ...], functions: tuple[tuple[str, SmoothFunction], ...]) -> Forward:
    return Forward(graph, dict(sizes), dict(functions))


# -- sizes ------------------------------------------------------------------------------------------------------------


def _draw_sizes(graph: Graph, draw: np.random.Generator) -> dict[str, int]:
    """Distinct small numbers for all sizes that the graph leaves open, with which every axis has a length."""
    names, pool = _open_sizes(graph)
    problem = ""
    for _ in range(TRIES):
        chosen = dict(zip(names, (int(each) for each in draw.permutation(pool[: len(names) + 2])), strict=False))
        sizes, problem = _fitting(graph, tuple(chosen.items()))
        if not problem:
            return dict(sizes)
    raise EvaluationError(f"no sizes were found ({TRIES} tries) that fit the graph: {problem}")


@lru_cache(maxsize=32)
def _open_sizes(graph: Graph) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The names of sizes without a number, and numbers that no size has."""
    names = sorted(_size_names(graph) - set(graph.sizes))
    fixed = {axis.length.number for node in graph.nodes for axis in node.axes} | set(graph.sizes.values())
    return tuple(names), tuple(number for number in range(2, 4 + len(names) + len(fixed)) if number not in fixed)


@lru_cache(maxsize=256)
def _fitting(graph: Graph, chosen: tuple[tuple[str, int], ...]) -> tuple[tuple[tuple[str, int], ...], str]:
    """All sizes with the chosen ones among them, and what does not fit, "" if everything does."""
    try:
        store = Store(graph, dict(chosen), FLOAT)
        problem = "" if all(prod(store.shape(node.name)) for node in graph.nodes) else "an axis is empty"
        return tuple(checked_sizes(graph, dict(chosen)).items()), problem
    except EvaluationError as error:
        return (), str(error)


def _size_names(graph: Graph) -> set[str]:
    forms = [end for node in graph.nodes for axis in node.axes for end in (axis.low, axis.high)]
    for node in graph.nodes:
        for piece in node.pieces:
            forms.extend(end for _, axis in piece.axes for end in (axis.low, axis.high))
            forms.extend(form for each in walk(piece.definition) for form in _forms(each))
    samples = {graph.samples.size} if graph.samples is not None else set()
    return samples.union(*(form.sizes() for form in forms))


def _forms(expression: Expression) -> tuple[Affine, ...]:
    match expression:
        case Ref(_, indices):
            return indices
        case Integer(form):
            return (form,)
        case Bracket(condition):
            return (condition.form,)
        case Fold(_, bound, _, at):
            return (bound.axis.low, bound.axis.high, *(() if at is None else (at,)))
        case _:
            return ()


# -- values -----------------------------------------------------------------------------------------------------------


def _draw_values(graph: Graph, sizes: Mapping[str, int], draw: np.random.Generator, *, careful: bool) -> dict[str, Array]:
    """Values for all leaves. `careful`: each leaf is positive or small at random, for logarithms, roots and their kind."""
    values = {name: _draw_leaf(shape, scale, draw, careful=careful) for name, shape, scale in _leaves(graph, tuple(sizes.items()))}
    if _probabilities_wanted(graph):
        values.update((name, draw.uniform(0.1, 0.9, values[name].shape)) for name in graph.targets if name in values)
    for fact in graph.facts:
        names = [fact.vector] if fact.vector is not None else [ref.name for ref in fact.entries]
        if all(name in values for name in names):
            values.update(zip(names, _summing_to_one([values[name] for name in names], draw), strict=True))
    return {**values, **assumed_values(graph, values, draw)}


@lru_cache(maxsize=64)
def _leaves(graph: Graph, sizes: tuple[tuple[str, int], ...]) -> tuple[tuple[str, tuple[int, ...], float], ...]:
    """Each leaf with its shape and how large its values are."""
    store, found = Store(graph, dict(sizes), FLOAT), []
    for node in graph.nodes:
        if node.is_leaf:
            shape = store.shape(node.name)
            summed = max(1, prod(shape[1:]) if len(shape) > 1 else prod(shape) / 8) if node.role == "parameter" else 1
            found.append((node.name, shape, 1 / sqrt(summed)))
    return tuple(found)


def _draw_leaf(shape: tuple[int, ...], scale: float, draw: np.random.Generator, *, careful: bool) -> Array:
    sizes = 0.3 + draw.random(shape)
    kind = ("signed", "positive", "small")[int(draw.integers(3))] if careful else "signed"
    if kind == "signed":
        sizes = np.copysign(sizes, draw.random(shape) - 0.5)
    return np.asarray(sizes * (0.3 * scale if kind == "small" else scale))


def _probabilities_wanted(graph: Graph) -> bool:
    row = find_loss(graph.node(graph.cost.loss).operation)
    return row is not None and row.output == "probability"


def _summing_to_one(arrays: list[Array], draw: np.random.Generator) -> list[Array]:
    """Positive numbers that sum to 1: along the last axis of a single array, or over several arrays.

    They are whole multiples of 2^-20, so that they sum to 1 exactly, with fifty digits too.
    """
    drawn = np.stack([draw.uniform(0.3, 1.3, array.shape) for array in arrays], axis=-1)
    drawn = drawn[..., 0] if len(arrays) == 1 else drawn
    parts = np.floor(drawn / drawn.sum(axis=-1, keepdims=True) * 2**20) / 2**20
    parts[..., 0] += 1 - parts.sum(axis=-1)
    return [parts] if len(arrays) == 1 else [parts[..., at] for at in range(len(arrays))]


# -- functions --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def abstract_functions(graph: Graph) -> tuple[str, ...]:
    """The names of the functions of which nothing is known."""
    used = {each.function for node in graph.nodes for piece in node.pieces for each in walk(piece.definition) if isinstance(each, Apply)}
    used |= {each.function for own in graph.functions.values() if own is not None for each in walk(own[1]) if isinstance(each, Apply)}
    return tuple(name for name in sorted(used) if (graph.functions[name] is None if name in graph.functions else find_function(name) is None))
