"""Random values that agree with what a spec assumes."""

from __future__ import annotations

from collections.abc import Mapping
from operator import ge, gt, le, lt, ne

import numpy as np

from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.backends import Array

SUM_ROUNDING = 1e-9

_HOLDS = {"<": lt, "<=": le, ">": gt, ">=": ge, "!=": ne}


def assumed_values(graph: Graph, values: Mapping[str, Array], draw: np.random.Generator) -> dict[str, Array]:
    """Leaves of which something is assumed, drawn anew or mended so that it holds. (Sums of 1 are facts, drawn elsewhere.)"""
    found: dict[str, Array] = {}
    summed = {name for each in graph.assumptions if each.kind in ("sum", "probabilities") for name in each.names}
    for each in graph.assumptions:
        drawn = {name: found.get(name, values[name]) for name in each.names if name in values}
        if each.kind == "one_hot" or (each.kind == "binary" and summed.issuperset(each.names)):
            found.update(_one_hot(drawn, draw))
        elif each.kind == "binary":
            found.update((name, draw.integers(0, 2, array.shape).astype(float)) for name, array in drawn.items())
        elif each.kind == "sign":
            found.update((name, 2.0 * draw.integers(0, 2, array.shape) - 1) for name, array in drawn.items())
        elif each.kind == "symmetric":
            found.update((name, (array + np.swapaxes(array, -1, -2)) / 2) for name, array in drawn.items())
        elif each.kind == "relation" and each.relation != "!=":
            found.update((name, _within(graph, name, array)) for name, array in drawn.items())
    return found


def violated(graph: Graph, forward: Mapping[str, Array]) -> list[str]:
    """The relations that some entry of the values does not satisfy."""
    relations = [each for each in graph.assumptions if each.kind == "relation"]
    return [each.text for each in relations if not _HOLDS[each.relation](forward[each.names[0]], float(each.bound)).all()]


def unequal_sums(graph: Graph, forward: Mapping[str, Array]) -> list[str]:
    """The facts that some values do not satisfy: entries that should sum to 1."""
    found = []
    for fact in graph.facts:
        entries = [forward[ref.name] for ref in fact.entries] if fact.vector is None else np.moveaxis(forward[fact.vector], -1, 0)
        total = np.sum(entries, axis=0)
        if np.abs(total - 1).max() > SUM_ROUNDING:
            found.append(fact.text)
    return found


def _one_hot(arrays: Mapping[str, Array], draw: np.random.Generator) -> dict[str, Array]:
    """One entry is 1, the others are 0: along the last axis of a single array, or over several."""
    stacked = np.stack(list(arrays.values()), axis=-1) if len(arrays) > 1 else next(iter(arrays.values()))
    chosen = draw.integers(0, stacked.shape[-1], stacked.shape[:-1])
    ones = (np.arange(stacked.shape[-1]) == chosen[..., None]).astype(float)
    return {name: ones[..., at] if len(arrays) > 1 else ones for at, name in enumerate(arrays)}


def _within(graph: Graph, name: str, array: Array) -> Array:
    """On the side of a bound that is assumed, as far from it as the value was from 0; or between two bounds."""
    relations = [(each.relation, float(each.bound)) for each in graph.assumptions if each.kind == "relation" and each.names == (name,)]
    low = max((bound for relation, bound in relations if relation in (">", ">=")), default=None)
    high = min((bound for relation, bound in relations if relation in ("<", "<=")), default=None)
    if low is not None and high is not None:
        return low + (high - low) * (0.1 + 0.8 * (np.abs(array) % 1))
    if low is not None:
        return low + np.abs(array)
    return array if high is None else high - np.abs(array)
