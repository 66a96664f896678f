"""Forward and backward pass in numbers, over and over with other parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from backprop_derive.errors import EvaluationError
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.backward import BackwardGraph
from backprop_derive.numerics.evaluation import Run
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.numerics.schedule import Block, schedule


class Passes:
    """The passes of a graph at one size. Values of leaves are held by reference: who changes them changes the next pass."""

    def __init__(self, backward: BackwardGraph, values: Mapping[str, Array], sizes: Mapping[str, int]) -> None:
        self.backward = backward
        self.evaluator = Evaluator(backward.graph, values, sizes)
        self.run = Run(self.evaluator)
        self.arrays = self.evaluator.store.arrays

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Everything that is computed, in order."""
        return tuple(block for block in schedule(self.backward.graph) if not self.backward.graph.node(block.names[0]).is_leaf)

    def blocks_for(self, names: Iterable[str]) -> tuple[Block, ...]:
        """What has to be evaluated, in order, so that these nodes have their values."""
        needed = self.backward.needed(names)
        return tuple(block for block in self.blocks if needed.intersection(block.names))

    def compute(self, blocks: Sequence[Block]) -> None:
        """Evaluate the blocks in order."""
        self.run.advance(blocks)

    def adjoints_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """The adjoints of these nodes."""
        return tuple(self.backward.adjoints[name] for name in names if name in self.backward.adjoints)

    @property
    def cost(self) -> float:
        """The cost of the last pass."""
        return float(self.value(self.backward.cost))

    def value(self, name: str) -> Array:
        """What the last pass gave for a node."""
        return np.asarray(self.arrays[name][0, ...])

    def gradient(self, name: str) -> Array:
        """The adjoint of a node; 0 where it does not reach the cost."""
        adjoint = self.backward.adjoints.get(name)
        return np.zeros(self.evaluator.store.shape(name)) if adjoint is None else self.value(adjoint)

    def refuse_infinite(self, blocks: Sequence[Block], when: str = "") -> None:
        """Raise EvaluationError for the first node of the blocks that has an entry that is no finite number."""
        for block in blocks:
            for name in block.names:
                value = self.value(name)
                wrong = np.argwhere(~np.isfinite(value))
                if len(wrong):
                    raise EvaluationError(f"{self._where(name, wrong[0])} is {value[tuple(wrong[0])]}, no finite number{when}: it is the first in order of computation")

    def _where(self, name: str, at: Array) -> str:
        """`z1[2] of sample 3`, or `∂C/∂z1[2]` of an adjoint."""
        owner = {adjoint: of for of, adjoint in self.backward.adjoints.items()}.get(name, name)
        node = self.backward.graph.node(name)
        places = [int(index) + low for index, (low, _) in zip(at, self.evaluator.store.places(name), strict=True)]
        sample = f" of sample {places.pop(0)}" if node.sampled else ""
        entry = f"[{','.join(map(str, places))}]" if places else ""
        shown = "the cost" if owner == self.backward.cost else f"∂C/∂{owner}{entry}" if owner != name else f"{name}{entry}"
        return shown + sample
