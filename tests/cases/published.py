"""Published worked examples: their facts, the specs that say them, and every form of a gradient as a number.

The facts are in `data/`, as `data/README.md` describes. Nothing of the package stands behind the recorded numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from backprop_derive.building.formulas import read_formula
from backprop_derive.building.network import build_graph
from backprop_derive.building.scope import Scope, scope_of
from backprop_derive.calculus.adjoints import with_adjoints
from backprop_derive.calculus.derivation import derive
from backprop_derive.graph.expressions import ZERO, Expression
from backprop_derive.graph.nodes import Graph, Node, Piece
from backprop_derive.numerics.evaluation import node_values
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.numerics.gradcheck import CheckReport, check_gradients
from backprop_derive.presentation.styles import AsciiWriter
from backprop_derive.spec.loading import read_spec

HERE = Path(__file__).parent
NUMERIC, SYMBOLIC = HERE / "data" / "numeric", HERE / "data" / "symbolic"
NATURAL = HERE / "natural"
SPECS = HERE.parents[1] / "specs"
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


def printed_numbers(facts: Case) -> Iterator[tuple[str, str, str]]:
    """Section, name and digits of every number that the source prints."""
    for section, numbers in facts["published"].items():
        if section == "loss_after":
            yield section, "loss", numbers
        else:
            yield from ((section, quantity, digits) for quantity, digits in numbers.items())


def differences(facts: Case) -> dict[tuple[str, str], Any]:
    """The printed numbers that are wrong, by section and name."""
    return {(each["section"], each["name"]): each for each in facts["agreement"].get("differences", ())}


def equations_spec(leaves: Mapping[str, Iterable[str]], nodes: Mapping[str, str], loss: str) -> str:
    """A spec that gives each node as an equation; `leaves` are the names below `inputs`, `targets` and so on."""
    lines = [f"{key}: [{', '.join(names)}]" for key, names in leaves.items() if names]
    lines += ["equations:", *(f"  {name}: {formula}" for name, formula in nodes.items())]
    return "\n".join([*lines, f"loss: {loss}", "cost: single", ""])


@cache
def symbolic_case(name: str, at: int) -> Worked:
    """A published formula's instance at one of its points. What it is published for is a parameter, all else an input."""
    facts = facts_of(SYMBOLIC, name)
    given = facts["points"][at]
    wanted = [leaf for leaf in given if leaf in facts["published_gradient"]]
    leaves = {"inputs": [leaf for leaf in given if leaf not in wanted], "parameters": wanted}
    return Worked(equations_spec(leaves, facts["nodes"], facts["loss"]), given)


class Worked:
    """A spec with values for its leaves: all nodes, and every form of every gradient, as numbers."""

    def __init__(self, text: str, values: Mapping[str, Any]) -> None:
        self.graph = build_graph(read_spec(text, "case.yaml"))
        self.derivation = derive(self.graph)
        self.values, self.sizes = values, {**self.graph.sizes, **_lengths(self.graph, values)}
        self._forms: dict[str, dict[str, Any]] = {}

    @cached_property
    def forward(self) -> Mapping[str, Any]:
        """The values of all nodes."""
        return node_values(self.graph, self.values, self.sizes)

    def forms(self, name: str) -> dict[str, Any]:
        """∂(cost)/∂(node) as the steps end, as a textbook prints it, by way of the δs, and as the engine pulls it.

        The printed forms also as what their text says; the δ of a node where the cost is that of one sample. The engine's
        adjoints are those of the losses, so they are left out where there is a penalty.
        """
        if name not in self._forms:
            self._forms[name] = self._all_forms(name)
        return self._forms[name]

    def _all_forms(self, name: str) -> dict[str, Any]:
        node, gradient = self.graph.node(name), self.derivation.gradient(name)
        printed = {"last step": gradient.steps[-1].after, "textbook": gradient.gradient, "backward": gradient.backward}
        if self.graph.samples is None and name in self.derivation.deltas:
            printed["delta"] = self.derivation.deltas[name].value
        texts = {f"text of {form}": self._read(self._writer.write(printed[form]), node) for form in ("textbook", "backward")}
        found = {form: self._printed.expression(expression, node.letters, node.axes) for form, expression in (printed | texts).items()}
        return found if self.graph.cost.regularizer is not None else {**found, "adjoint": self._adjoint(name)}

    def text(self, name: str) -> str:
        """What is printed for the textbook form of a gradient."""
        return self._writer.write(self.derivation.gradient(name).gradient)

    def number(self, formula: str) -> float:
        """A formula over the names of the spec, read as answers are, at these values."""
        return float(self._printed.expression(read_formula(formula, self._scope)))

    def _read(self, text: str, node: Node) -> Expression:
        """A printed text over the indices of a node; the index of the samples is left out of it."""
        letters = dict(zip(node.letters, node.axes, strict=True))
        if node.sampled:
            del letters[node.letters[0]]
        return read_formula(text, replace(self._scope, indices=letters))

    @cached_property
    def _scope(self) -> Scope:
        """All names of the spec and of the backward pass."""
        return scope_of(self._printed.graph)

    @cached_property
    def _writer(self) -> AsciiWriter:
        """Writes with the names of the adjoints."""
        writer, graph = AsciiWriter(self.graph), self.graph
        writer.know({delta: (graph.node(of).axes, graph.node(of).sampled) for of, delta in self.derivation.names.items()})
        return writer

    @cached_property
    def _printed(self) -> Evaluator:
        """Knows every node, and every δ by its own line, which may mention others."""
        lines = tuple(_line(self.graph.node(of), delta.name, delta.value) for of, delta in self.derivation.deltas.items())
        graph = replace(self.graph, nodes=(*self.graph.nodes, *lines))
        return Evaluator(graph, node_values(graph, self.values, self.sizes), self.sizes)

    def _adjoint(self, name: str) -> Any:
        if name not in self.derivation.adjoints:
            assert self.derivation.gradient(name).gradient == ZERO
            return np.zeros_like(self.forward[name])
        return self._adjoints[self.derivation.names[name]] * self._front

    @cached_property
    def _adjoints(self) -> Mapping[str, Any]:
        return node_values(with_adjoints(self.graph, self.derivation.adjoints), self.values, self.sizes)

    @property
    def _front(self) -> float:
        """Adjoints are those of the summed loss; a mean has 1/m in front."""
        graph: Graph = self.graph
        return 1 / self.sizes[graph.samples.size] if graph.samples is not None and graph.cost.reduction == "mean" else 1.0


def _lengths(graph: Graph, values: Mapping[str, Any]) -> dict[str, int]:
    """The sizes that name the length of a leaf's axis, as long as the leaf's value is."""
    leaves = [node for node in graph.nodes if node.is_leaf]
    axes = [pair for node in leaves for pair in zip(node.axes, np.shape(values[node.name]), strict=True)]
    return {name: length for axis, length in axes for name in axis.high.sizes()}


def _line(node: Node, name: str, value: Expression) -> Node:
    """A δ as a node with the axes of the node that it belongs to."""
    piece = Piece(node.ref().indices, tuple(zip(node.letters, node.axes, strict=True)), value)
    return Node(name, node.letters, node.axes, (piece,), "adjoint", node.sampled)


def by_name(arrays: Mapping[str, Any], numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers of a case by what a spec calls them: an array where they are all its entries."""
    whole = {array: entries for array, entries in arrays.items() if set() < entries_of(entries) <= numbers.keys()}
    return {**numbers, **{array: _filled(entries, numbers) for array, entries in whole.items()}}


def entries_of(entries: Any) -> set[str]:
    """The names in nested lists of names."""
    if isinstance(entries, list):
        return {found for each in entries for found in entries_of(each)}
    return {entries}


def _filled(entries: Any, numbers: Mapping[str, Any]) -> Any:
    return [_filled(each, numbers) for each in entries] if isinstance(entries, list) else numbers[entries]


def faults(worked: Worked, expected: Mapping[str, Any]) -> list[str]:
    """Every form of every gradient that is not what is expected."""
    found = []
    for name, value in expected.items():
        found += [f"{name}: {form} is {number}, not {value}" for form, number in worked.forms(name).items() if not close(number, value)]
    return found


def check(worked: Worked) -> CheckReport:
    """The numeric proof at one random point; the case's own values are another point."""
    return check_gradients(worked.derivation, seeds=(0,))


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
    if error <= 0.5 * unit * slack + 3e-16 * abs(ours):
        return "rounded"
    return "last_digit" if error <= unit * slack else "differs"
