"""Small readable values at which two sides differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from backprop_derive.answers.claims import Counterexample
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, World, Worlds
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.graph.expressions import Partial, Ref
from backprop_derive.numerics.backends import FLOAT, Array
from backprop_derive.numerics.domains import targets_in_domain
from backprop_derive.numerics.drawing import Point
from backprop_derive.numerics.evaluation import node_values
from backprop_derive.numerics.reading import Store

READABLE = np.array([1, 2, -1, 0.5, -2, 3, -0.5, 1.5])
FRACTIONS = np.array([0.25, 0.5, 0.75])
TRIES = 12
CLEARLY = 0.05
MODERATE = (0.01, 1000)
MOST = 40


def counterexample(worlds: Worlds, pairs: Sequence[tuple[Side, Side]], definitions: Definitions = NOTHING) -> Counterexample | None:
    """Values of the leaves, and what the sides of the first pair are there; all pairs differ clearly. None if no such values are found.

    The left side of a pair is taken as the right one.
    """
    fallback: Counterexample | None = None
    size = 0.0
    for point in _points(worlds):
        world = World(worlds.derivation, worlds.derivatives, point, FLOAT)
        try:
            found = [_clear(world, left, right, definitions) for left, right in pairs]
        except (EvaluationError, NotYetError):
            continue
        if not found or found[0] is None or any(each is None for each in found):
            continue
        at, claimed, true = found[0]
        example = Counterexample(_told(worlds, point), _number(claimed), _number(true), _entry(worlds, point, pairs[0][0], at))
        if all(value == 0 or MODERATE[0] < abs(value) < MODERATE[1] for value in (claimed, true)):
            return example
        if min(abs(claimed), abs(true)) >= size and max(abs(claimed), abs(true)) < MODERATE[1]:
            fallback, size = example, min(abs(claimed), abs(true))
    return fallback


def _points(worlds: Worlds) -> Iterator[Point]:
    """Points with readable leaves, of one sample and then of two."""
    model = worlds.point(0)
    for count in (1, 2):
        sizes = _small(worlds, model, count)
        shapes = {name: Store(worlds.graph, sizes, FLOAT).shape(name) for name in model.values}
        if sum(int(np.prod(shape)) for shape in shapes.values()) > MOST:
            return
        for seed in range(TRIES):
            draw = np.random.default_rng(seed)
            values = {name: _readable(worlds, name, shape, draw) for name, shape in shapes.items()}
            values |= targets_in_domain(worlds.graph, {name: draw.random(shapes[name]) for name in worlds.graph.targets if name in shapes})
            try:
                forward = node_values(worlds.graph, values, sizes, functions=model.functions)
            except EvaluationError:
                return
            yield replace(model, sizes=sizes, values=values, forward=forward)
        if worlds.graph.samples is None:
            return


def _small(worlds: Worlds, model: Point, count: int) -> Mapping[str, int]:
    """Few samples, and 2 for each size that is a symbol, if such sizes fit."""
    samples = {} if worlds.graph.samples is None else {worlds.graph.samples.size: count}
    for wanted in (2, 3):
        sizes = {name: value if name in worlds.graph.sizes else wanted for name, value in model.sizes.items()} | samples
        try:
            store = Store(worlds.graph, sizes, FLOAT)
            if all(np.prod(store.shape(node.name)) for node in worlds.graph.nodes):
                return sizes
        except EvaluationError:
            continue
    return {**model.sizes, **samples}


def _readable(worlds: Worlds, name: str, shape: tuple[int, ...], draw: np.random.Generator) -> Array:
    """A few short numbers; between 0 and 1 where the random points have them there."""
    fixed = worlds.fixed.get(name)
    if fixed is not None and fixed.shape == shape:
        return fixed
    model = worlds.point(0).values[name]
    unit = worlds.graph.node(name).role == "target" and bool(((model >= 0) & (model <= 1)).all())
    return np.asarray(draw.choice(FRACTIONS if unit else READABLE, shape), dtype=float)


def _clear(world: World, left: Side, right: Side, definitions: Definitions) -> tuple[tuple[int, ...], float, float] | None:
    """(entry, claimed, true) where the sides differ most, if that is clear."""
    first, second = np.broadcast_arrays(*(np.asarray(world.values(side, definitions), dtype=float) for side in (left, right)))
    if not (np.isfinite(first).all() and np.isfinite(second).all()) or not first.size:
        return None
    with np.errstate(all="ignore"):
        gap = np.abs(first - second) / np.maximum(np.maximum(np.abs(first), np.abs(second)), 1e-3)
    at = tuple(int(each) for each in np.unravel_index(int(np.argmax(gap)), gap.shape)) if gap.shape else ()
    return None if gap[at] < CLEARLY else (at, float(second[at]), float(first[at]))


# -- in words -----------------------------------------------------------------------------------------------------------


def _told(worlds: Worlds, point: Point) -> Mapping[str, str]:
    """The sizes that are symbols, and the leaves; of one sample alone, without its axis."""
    samples = worlds.graph.samples
    one = samples is not None and point.sizes[samples.size] == 1
    told = {name: str(value) for name, value in point.sizes.items() if name not in worlds.graph.sizes and name != (samples and samples.size)}
    if samples is not None:
        told[samples.size] = str(point.sizes[samples.size])
    arrays = {name: array[0] if one and worlds.graph.node(name).sampled else array for name, array in point.values.items()}
    return {**told, **{name: _array(np.asarray(array)) for name, array in arrays.items()}}


def _entry(worlds: Worlds, point: Point, side: Side, at: tuple[int, ...]) -> str:
    """`W1[2,1]`, `W1[2,1] of sample 2`: which entry of the left side is compared."""
    own = at[len(at) - len(side.letters) :] if side.letters else ()
    place = f"[{','.join(str(each + (axis.low.number or 0)) for each, axis in zip(own, side.axes, strict=True))}]" if own else ""
    subject = side.expression.bottom if isinstance(side.expression, Partial) else side.expression
    name = subject.name if isinstance(subject, Ref) else ""
    samples = worlds.graph.samples
    several = samples is not None and point.sizes[samples.size] > 1 and len(at) > len(own)
    if several:
        return f"{name}{place} of sample {at[0] + 1}" if name else f"sample {at[0] + 1}"
    return f"{name}{place}" if place else ""


def _array(array: Array) -> str:
    if not array.shape:
        return _number(float(array))
    return "[" + ", ".join(_array(np.asarray(each)) for each in array) + "]"


def _number(value: float) -> str:
    text = f"{value:.6g}"
    return "0" if text == "-0" else text
