"""Small readable values at which two sides differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from backprop_derive.answers.claims import Counterexample
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, World, Worlds
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.numerics.backends import FLOAT, Array
from backprop_derive.numerics.drawing import Point
from backprop_derive.numerics.evaluation import node_values

READABLE = np.array([1, 2, -1, 0.5, -2, 3, -0.5, 1.5])
FRACTIONS = np.array([0.25, 0.5, 0.75])
TRIES = 24
CLEARLY = 0.05
MOST = 40


def counterexample(worlds: Worlds, pairs: Sequence[tuple[Side, Side]], definitions: Definitions = NOTHING) -> Counterexample | None:
    """Values of the leaves, and what the sides of the first pair are there; all pairs differ clearly. None if no such values are found."""
    model = worlds.point(0)
    if sum(array.size for array in model.values.values()) > MOST:
        return None
    for seed in range(TRIES):
        draw = np.random.default_rng(seed)
        try:
            point = _readable(worlds, model, draw)
            world = World(worlds.derivation, worlds.derivatives, point, FLOAT)
            found = [_clear(world, left, right, definitions) for left, right in pairs]
        except (EvaluationError, NotYetError):
            continue
        if found and all(each is not None for each in found):
            entry, claimed, right_value = found[0]  # type: ignore[misc]
            return Counterexample(_told(worlds, point), _number(claimed), _number(right_value), entry)
    return None


def _readable(worlds: Worlds, model: Point, draw: np.random.Generator) -> Point:
    """Leaves from a few short numbers; between 0 and 1 where the random point has them there (targets of a cross-entropy)."""
    values: dict[str, Array] = {}
    for name, array in model.values.items():
        unit = worlds.graph.node(name).role == "target" and bool(((array >= 0) & (array <= 1)).all())
        values[name] = worlds.fixed[name] if name in worlds.fixed and worlds.fixed[name].shape == array.shape else draw.choice(FRACTIONS if unit else READABLE, array.shape)
        values[name] = np.asarray(values[name], dtype=float)
    forward = node_values(worlds.graph, values, model.sizes, functions=model.functions)
    return replace(model, values=values, forward=forward)


def _clear(world: World, left: Side, right: Side, definitions: Definitions) -> tuple[str, float, float] | None:
    """(entry, claimed, right) where the sides differ most, if that is clear; the left side is the right one."""
    with np.errstate(all="ignore"):
        first, second = np.broadcast_arrays(*(np.asarray(world.values(side, definitions), dtype=float) for side in (left, right)))
    if not (np.isfinite(first).all() and np.isfinite(second).all()) or not first.size:
        return None
    gap = np.abs(first - second) / np.maximum(np.maximum(np.abs(first), np.abs(second)), 1e-3)
    at = np.unravel_index(int(np.argmax(gap)), gap.shape) if gap.shape else ()
    if gap[at] < CLEARLY or max(abs(first[at]), abs(second[at])) > 1e6:
        return None
    entry = ",".join(str(int(each) + 1) for each in at)
    return entry, float(second[at]), float(first[at])


def _told(worlds: Worlds, point: Point) -> Mapping[str, str]:
    """The sizes that are symbols, and the leaves."""
    told = {name: str(value) for name, value in point.sizes.items() if name not in worlds.graph.sizes}
    return {**told, **{name: _array(array) for name, array in point.values.items()}}


def _array(array: Array) -> str:
    if not array.shape:
        return _number(float(array))
    return "[" + ", ".join(_array(np.asarray(each)) for each in array) + "]"


def _number(value: float) -> str:
    return f"{value:.6g}"
