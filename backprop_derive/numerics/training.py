"""`evaluate`: a network in numbers. Forward pass, gradients from the derived adjoints, and steps of an optimiser."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_derive.building.data import read_mappings, read_samples
from backprop_derive.errors import EvaluationError, Problem, UsageError, nearest
from backprop_derive.graph.nodes import Graph
from backprop_derive.graph.numbers import DataFile
from backprop_derive.numerics.assumed import violated
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.backward import backward_graph
from backprop_derive.numerics.drawing import abstract_functions
from backprop_derive.numerics.evaluations import Evaluation, Training
from backprop_derive.numerics.leaves import columns_of, leaf_values, one_hot
from backprop_derive.numerics.passes import Passes
from backprop_derive.numerics.updates import Updates
from backprop_derive.operations.optimizers import OPTIMIZERS, Optimizer, find_optimizer

__all__ = ["Evaluation", "evaluate"]

Data = str | os.PathLike[str] | Sequence[Mapping[str, Any]] | Mapping[str, Any]
Progress = Callable[[int, float], None]
"""Told before each step its number from 1, and the cost."""


def evaluate(
    graph: Graph,
    *,
    values: Mapping[str, Any] | None = None,
    data: Data | None = None,
    steps: int | None = None,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Forward values, adjoints, gradients and updated parameters of a graph.

    What is not given here is what the spec says: `values` by name (numbers, nested lists, arrays; sizes too), `data` (the
    path of a CSV file, a list of samples, or arrays by name with the sample axis in front), the number of `steps` (default:
    1 with a learning rate, else 0), the `seed` of values that are drawn.

    Raises SpecError for data that cannot be used, EvaluationError for values that are missing, of a wrong shape or outside
    a loss's domain, and where a number is not finite; UsageError for steps without a learning rate or an unknown optimizer.
    """
    rate, row, constants = _rule(graph, optimizer, learning_rate, steps)
    columns, count, labels = _columns(graph, data)
    seed = seed if seed is not None else graph.numbers.seed or 0
    leaves = leaf_values(graph, values or {}, columns or {}, count, seed)
    _refuse_abstract(graph)
    backward = backward_graph(graph)
    passes = Passes(backward, leaves.values, leaves.sizes)
    blocks = passes.blocks_for((*(node.name for node in graph.nodes), backward.cost))
    passes.compute(blocks)
    passes.refuse_infinite(blocks)
    if broken := violated(graph, {node.name: passes.value(node.name) for node in graph.nodes}):
        raise EvaluationError(f"{' and '.join(broken)} is assumed, and with these values it is not so")
    forward = {node.name: passes.value(node.name) for node in graph.nodes}
    behind = [block for block in passes.blocks_for(passes.adjoints_of(graph.parameters)) if block not in blocks]
    passes.compute(behind)
    passes.refuse_infinite(behind)
    gradients = {name: passes.gradient(name) for name in graph.parameters}
    found = Evaluation(graph, leaves, forward, passes.cost, gradients, count, columns is not None, labels, backward)
    if rate is None:
        return found
    return replace(found, training=_train(found, row, rate, constants, 1 if steps is None else steps, progress))


def _refuse_abstract(graph: Graph) -> None:
    """Raise EvaluationError for a function of which only the name is known."""
    names = tuple(abstract_functions(graph))
    if names:
        listed = ", ".join(names)
        verb = "is kept abstract, so it has" if len(names) == 1 else "are kept abstract, so they have"
        raise EvaluationError(f"{listed} {verb} no numbers: give a formula under `functions:`, as in {names[0]}(z): tanh(z)")


# -- samples ----------------------------------------------------------------------------------------------------------


def _columns(graph: Graph, data: Data | None) -> tuple[dict[str, Array] | None, int, Mapping[str, tuple[str, ...]]]:
    """The samples as arrays with the sample axis in front (None without any), how many there are, and the words for classes."""
    if isinstance(data, Mapping):
        columns, count = _given_columns(graph, data)
        _refuse_many(graph, count)
        return _without_axis(graph, columns), count, {}
    if isinstance(data, str | os.PathLike):
        graph = replace(graph, numbers=replace(graph.numbers, data=DataFile(os.fspath(data))))
    samples = read_samples(graph) if data is None or isinstance(data, str | os.PathLike) else read_mappings(graph, data)
    if samples is None:
        return None, 1, {}
    _refuse_many(graph, samples.count)
    columns = columns_of(graph, samples)
    return _without_axis(graph, columns), samples.count, samples.labels


def _refuse_many(graph: Graph, count: int) -> None:
    if graph.samples is None and count > 1:
        raise EvaluationError(f"`cost: single` is the loss of one sample, and the data has {count}: write `cost: mean` or `cost: sum`")


def _without_axis(graph: Graph, columns: Mapping[str, Array]) -> dict[str, Array]:
    """Where the graph is that of a single sample, nothing has a sample axis."""
    return dict(columns) if graph.samples is not None else {name: np.asarray(array[0, ...]) for name, array in columns.items()}


def _given_columns(graph: Graph, data: Mapping[str, Any]) -> tuple[dict[str, Array], int]:
    """Arrays by name, as they are given in Python."""
    known = [node.name for node in graph.nodes if node.role in ("input", "target")]
    found: dict[str, Array] = {}
    for name, value in data.items():
        if name not in known:
            raise EvaluationError(Problem(f"the data has {name}, which is no input and no target of the network", value=name, nearest=nearest(name, known)))
        found[name] = np.asarray(value, dtype=float)
        if name in graph.numbers.classes and found[name].ndim == 1:
            found[name] = one_hot(graph.node(name), found[name], graph.sizes)
    counts = {array.shape[0] if array.ndim else 0 for array in found.values()}
    if len(counts) != 1 or 0 in counts:
        shapes = ", ".join(f"{name} {' × '.join(map(str, array.shape)) or 'one number'}" for name, array in found.items())
        raise EvaluationError(f"the arrays of the data need the same number of samples as their first axis: {shapes or 'none is given'}")
    return found, counts.pop()


# -- steps ------------------------------------------------------------------------------------------------------------


def _rule(graph: Graph, optimizer: str | None, learning_rate: float | None, steps: int | None) -> tuple[float | None, Optimizer, Mapping[str, Fraction]]:
    """The learning rate, if there is one, the row of the optimiser, and the constants that the spec sets for it."""
    numbers = graph.numbers
    row = find_optimizer(optimizer or numbers.optimizer)
    if row is None:
        names = [each.name for each in OPTIMIZERS]
        raise UsageError(Problem(f"there is no optimizer {optimizer!r}; there are {', '.join(names)}", value=optimizer, nearest=nearest(optimizer or "", names)))
    rate = learning_rate if learning_rate is not None else None if numbers.learning_rate is None else float(numbers.learning_rate)
    if rate is None and steps:
        raise UsageError("steps need a learning rate: give one in the spec, `learning_rate: 0.5`")
    if rate is not None and not 0 < rate < float("inf"):
        raise UsageError(f"the learning rate is above 0, not {rate}")
    return rate, row, numbers.constants if row.name == numbers.optimizer else {}


def _train(start: Evaluation, row: Optimizer, rate: float, constants: Mapping[str, Fraction], steps: int, progress: Progress | None) -> Training:
    """All parameters stand in one vector, of which the passes see their parts: a step changes it in place."""
    graph = start.graph
    vector, parts = _in_one_vector({name: start.forward[name] for name in graph.parameters})
    passes = Passes(start.backward, {**start.leaves.values, **parts}, start.leaves.sizes)
    blocks = passes.blocks_for((start.backward.cost, *passes.adjoints_of(graph.parameters)))
    free = ~_frozen(graph, parts)
    updates = Updates(row, rate, constants, len(vector))
    history: list[float] = []
    for number in range(1, steps + 1):
        passes.compute(blocks)
        gradient = np.concatenate([passes.gradient(name).reshape(-1) for name in graph.parameters] or [np.zeros(0)])
        history.append(passes.cost)
        if not (np.isfinite(history[-1]) and np.isfinite(gradient).all()):
            passes.refuse_infinite(blocks, f", in step {number}")
        if progress is not None:
            progress(number, history[-1])
        vector[:] = np.where(free, updates.step(vector, gradient), vector)
        if not np.isfinite(vector).all():
            name = next(name for name, part in parts.items() if not np.isfinite(part).all())
            raise EvaluationError(f"{name} is no finite number after step {number}: a smaller learning rate than {rate:g} may help")
    passes.compute(blocks)
    history.append(passes.cost)
    if not np.isfinite(history[-1]):
        passes.refuse_infinite(blocks, f", after step {steps}")
    return Training(row, updates.constants, rate, steps, {name: np.array(part) for name, part in parts.items()}, tuple(history))


def _in_one_vector(arrays: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
    """The entries of all arrays in one vector, and each array as a view of its part."""
    vector = np.concatenate([array.reshape(-1) for array in arrays.values()] or [np.zeros(0)])
    parts, at = {}, 0
    for name, array in arrays.items():
        parts[name] = vector[at : at + array.size].reshape(array.shape)
        at += array.size
    return vector, parts


def _frozen(graph: Graph, parts: Mapping[str, Array]) -> Array:
    """Which entries of the vector a step leaves as they are."""
    masks: dict[str, Array] = {name: np.zeros(part.shape, dtype=bool) for name, part in parts.items()}
    for name, place in graph.numbers.frozen:
        axes = graph.node(name).axes
        at: tuple[int, ...] = () if place is None else tuple(index - (axis.low.number or 0) for index, axis in zip(place, axes, strict=True))
        if any(index >= length for index, length in zip(at, masks[name].shape, strict=False)):
            raise EvaluationError(f"there is no entry {name}[{','.join(map(str, place or ()))}] that could be frozen: {name} has {' × '.join(map(str, masks[name].shape))}")
        masks[name][at or ...] = True
    return np.concatenate([mask.reshape(-1) for mask in masks.values()] or [np.zeros(0, dtype=bool)])
