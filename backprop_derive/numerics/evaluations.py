"""What an evaluation gives: values only, nothing here is printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.backward import BackwardGraph, delta_graph
from backprop_derive.numerics.leaves import Leaves
from backprop_derive.numerics.passes import Passes
from backprop_derive.operations.optimizers import Optimizer

SMALL = 1e-9
ROUNDING = 8 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class Training:
    """`steps` steps of an optimiser: the parameters after them, and the cost before each and after the last."""

    optimizer: Optimizer
    constants: Mapping[str, float]
    learning_rate: float
    steps: int
    updated: Mapping[str, Array]
    history: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """The numbers of a network, before any step.

    Arrays stand over a node's own axes, behind the sample axis for what `sampled` names: with `data`, everything that
    depends on it. `labels` are the words for the classes 1, 2, … of a target. `passes` has computed the forward pass.
    """

    graph: Graph
    leaves: Leaves
    forward: Mapping[str, Array]
    cost: float
    gradients: Mapping[str, Array]
    samples: int
    with_data: bool
    labels: Mapping[str, tuple[str, ...]]
    backward: BackwardGraph
    training: Training | None = None

    @property
    def updated(self) -> Mapping[str, Array] | None:
        """The parameters after the steps; None without a learning rate."""
        return None if self.training is None else self.training.updated

    @property
    def history(self) -> tuple[float, ...]:
        """The cost before each step and after the last."""
        return (self.cost,) if self.training is None else self.training.history

    @cached_property
    def sampled(self) -> frozenset[str]:
        """The nodes of which each sample has values of its own, if the samples are data."""
        if not self.with_data:
            return frozenset()
        if self.graph.samples is not None:
            return frozenset(node.name for node in self.graph.nodes if node.sampled)
        found = {node.name for node in self.graph.nodes if node.role in ("input", "target")}
        waiting = list(found)
        while waiting:
            below = [name for name in self.graph.children[waiting.pop()] if name not in found]
            found.update(below)
            waiting.extend(below)
        return frozenset(found)

    @cached_property
    def values(self) -> Mapping[str, Array]:
        """Leaves, nodes and the loss."""
        return {name: self._shown(name, array) for name, array in self.forward.items()}

    @cached_property
    def adjoints(self) -> Mapping[str, Array]:
        """∂C/∂(every node, input, target and constant), with all factors; 0 where nothing reaches the cost."""
        passes = self._gradient_pass
        found = {node.name: passes.gradient(node.name) for node in self.graph.nodes if node.role != "parameter"}
        return {name: self._shown(name, array) for name, array in found.items()}

    @cached_property
    def deltas(self) -> Mapping[str, Array]:
        """The adjoints by their names in the derivation, `delta_B` or `bar_v`, relative to the summed loss Σ_i L_i."""
        passes = self._delta_pass
        return {adjoint: self._shown(name, passes.value(adjoint)) for name, adjoint in passes.backward.adjoints.items()}

    def gradient_for_the_eye(self, name: str) -> Array:
        """The gradient of a parameter, 0 where it is nothing but the rounding of summands that cancel."""
        adjoint = self.backward.adjoints.get(name)
        return self.gradients[name] if adjoint is None else without_rounding(self._gradient_pass, adjoint, self.gradients[name])

    def delta_for_the_eye(self, adjoint: str) -> Array:
        """One of `deltas`, in the same way."""
        name = next(name for name, each in self._delta_pass.backward.adjoints.items() if each == adjoint)
        return self._shown(name, without_rounding(self._delta_pass, adjoint, self._delta_pass.value(adjoint)))

    @cached_property
    def _gradient_pass(self) -> Passes:
        return self._backward_pass(self.backward)

    @cached_property
    def _delta_pass(self) -> Passes:
        return self._backward_pass(delta_graph(self.graph))

    def _backward_pass(self, backward: BackwardGraph) -> Passes:
        """All adjoints, from the values of the forward pass."""
        passes = Passes(backward, self.forward, self.leaves.sizes)
        blocks = [block for block in passes.blocks if block.names[0] not in self.forward]
        passes.compute(blocks)
        passes.refuse_infinite(blocks)
        return passes

    def _shown(self, name: str, array: Array) -> Array:
        """With the sample axis in front if there is data, without it if there is none."""
        if self.graph.node(name).sampled:
            return array if self.with_data else np.asarray(array[0, ...])
        return array[None] if name in self.sampled else array


def without_rounding(passes: Passes, adjoint: str, value: Array) -> Array:
    """The value of an adjoint with 0 for entries that are no larger than the rounding errors of their summands."""
    small = (value != 0) & (np.abs(value) <= SMALL)
    if not small.any():
        return value
    node = passes.backward.graph.node(adjoint)
    scale = passes.evaluator.expression(node.pieces[0].definition, node.letters, node.axes, magnitude=True)
    return np.where(small & (np.abs(value) <= ROUNDING * scale), 0.0, value)
