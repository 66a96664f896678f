"""Published worked examples: their facts, the specs that say them, and every form of a gradient as a number.

The facts are in `data/`, as `data/README.md` describes. Nothing of the package stands behind the recorded numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from backprop_derive.building.formulas import read_formula
from backprop_derive.building.network import build_graph
from backprop_derive.building.scope import scope_of
from backprop_derive.calculus.adjoints import with_adjoints
from backprop_derive.calculus.derivation import derive
from backprop_derive.graph.expressions import ZERO, Expression
from backprop_derive.graph.nodes import Graph, Node, Piece
from backprop_derive.numerics.evaluation import evaluate
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.spec.loading import read_spec

HERE = Path(__file__).parent
NUMERIC, SYMBOLIC = HERE / "data" / "numeric", HERE / "data" / "symbolic"
NATURAL = HERE / "natural"
LEAVES = ("inputs", "targets", "constants", "parameters")
TOLERANCE = 1e-9

Case = Mapping[str, Any]


def names_in(folder: Path) -> list[str]:
    """The names of the files in a folder, without their ending."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


@cache
def facts_of(folder: Path, name: str) -> Case:
    """The facts of a case."""
    facts: Case = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))
    assert facts["id"] == name
    return facts


def equations_spec(leaves: Mapping[str, Iterable[str]], nodes: Mapping[str, str], loss: str) -> str:
    """A spec that gives each node as an equation; `leaves` are the names below `inputs`, `targets` and so on."""
    lines = [f"{key}: [{', '.join(names)}]" for key, names in leaves.items() if names]
    lines += ["equations:", *(f"  {name}: {formula}" for name, formula in nodes.items())]
    return "\n".join([*lines, f"loss: {loss}", "cost: single", ""])


class Worked:
    """A spec with values for its leaves: all nodes, and every form of every gradient, as numbers."""

    def __init__(self, text: str, values: Mapping[str, Any], sizes: Mapping[str, int] | None = None) -> None:
        self.graph = build_graph(read_spec(text, "case.yaml"))
        self.derivation = derive(self.graph)
        self.values, self.sizes = values, {**self.graph.sizes, **(sizes or {})}

    @cached_property
    def forward(self) -> Mapping[str, Any]:
        """The values of all nodes."""
        return evaluate(self.graph, self.values, self.sizes)

    def forms(self, name: str) -> dict[str, Any]:
        """∂(cost)/∂(node) as the steps end, as a textbook prints it, by way of the δs, and as the engine pulls it."""
        node, gradient = self.graph.node(name), self.derivation.gradient(name)
        printed = {"last step": gradient.steps[-1].after, "textbook": gradient.gradient, "backward": gradient.backward}
        found = {form: self._printed.expression(expression, node.letters, node.axes) for form, expression in printed.items()}
        return {**found, "adjoint": self._adjoint(name)}

    def delta(self, name: str) -> Any:
        """The backward pass's line of a node; None where it has none."""
        delta, node = self.derivation.deltas.get(name), self.graph.node(name)
        return None if delta is None else self._printed.expression(delta.value, node.letters, node.axes)

    def number(self, formula: str) -> float:
        """A formula over the names of the spec, at these values."""
        return float(self._printed.expression(self.read(formula)))

    def read(self, formula: str) -> Expression:
        """A formula over the names of the spec, read as answers are."""
        return read_formula(formula, scope_of(self.graph))

    @cached_property
    def _printed(self) -> Evaluator:
        """Knows every node, and every δ by its own line, which may mention others."""
        lines = tuple(_line(self.graph.node(of), delta.name, delta.value) for of, delta in self.derivation.deltas.items())
        graph = replace(self.graph, nodes=(*self.graph.nodes, *lines))
        return Evaluator(graph, evaluate(graph, self.values, self.sizes), self.sizes)

    def _adjoint(self, name: str) -> Any:
        if name not in self.derivation.adjoints:
            assert self.derivation.gradient(name).gradient == ZERO
            return np.zeros_like(self.forward[name])
        return self._adjoints[self.derivation.names[name]] * self._front

    @cached_property
    def _adjoints(self) -> Mapping[str, Any]:
        return evaluate(with_adjoints(self.graph, self.derivation.adjoints), self.values, self.sizes)

    @property
    def _front(self) -> float:
        """Adjoints are those of the summed loss; a mean has 1/m in front."""
        graph: Graph = self.graph
        return 1 / self.sizes[graph.samples.size] if graph.samples is not None and graph.cost.reduction == "mean" else 1.0


def _line(node: Node, name: str, value: Expression) -> Node:
    """A δ as a node with the axes of the node that it belongs to."""
    piece = Piece(node.ref().indices, tuple(zip(node.letters, node.axes, strict=True)), value)
    return Node(name, node.letters, node.axes, (piece,), "adjoint", node.sampled)


def faults(worked: Worked, expected: Mapping[str, Any]) -> list[str]:
    """Every form of every gradient that is not what is expected."""
    found = []
    for name, value in expected.items():
        forms = worked.forms(name)
        if worked.graph.samples is None and name in worked.derivation.deltas:
            forms["delta"] = worked.delta(name)
        found += [f"{name}: {form} is {number}, not {value}" for form, number in forms.items() if not close(number, value)]
    return found


def close(found: Any, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Equal to nine digits, each entry by itself; an exact zero may be off by the rounding of a number near 1."""
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    return found.shape == expected.shape and bool(np.all(np.abs(found - expected) <= tolerance * np.abs(expected) + 1e-15))


def agreement(printed: str, ours: float) -> str:
    """How a printed number stands to ours: `rounded`, off by at most one in its `last_digit`, or it `differs`."""
    mantissa, _, exponent = printed.lower().partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    error = abs(float(printed) - ours)
    slack = 1 + 1e-9
    if error <= 0.5 * unit * slack + 1e-15 * abs(ours):
        return "rounded"
    return "last_digit" if error <= unit * slack else "differs"
