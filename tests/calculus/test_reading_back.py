"""Everything that a derivation prints, as text and in LaTeX, is read back as what it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_networks import NETWORKS
from hypothesis import given, settings
from proving import TOLERANCE, Point, derivation_of, error
from test_random_networks import array_networks, scalar_networks

from backprop_derive import load_spec
from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.vocabulary import vocabulary_of
from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.errors import FormulaError
from backprop_derive.graph.expressions import Expression
from backprop_derive.graph.indices import Axis
from backprop_derive.graph.nodes import Node
from backprop_derive.presentation.styles import AsciiWriter, LatexWriter
from backprop_derive.presentation.writing import Writer

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))


def printed(derivation: Derivation) -> Iterator[tuple[Node, Expression]]:
    """The lines of the backward pass and the gradients, with every step, and the node at whose letters they stand."""
    graph = derivation.graph
    for delta in derivation.deltas.values():
        node = graph.node(delta.of.name)
        yield from ((node, each) for each in (delta.expansion, delta.value, *(step.after for step in delta.steps)))
    for name, gradient in derivation.gradients.items():
        node = graph.node(name)
        yield from ((node, each) for each in (gradient.expansion, gradient.backward, *(step.after for step in gradient.steps)))


def writers(derivation: Derivation) -> tuple[Writer, ...]:
    """Text and LaTeX, with the names of the adjoints."""
    graph = derivation.graph
    found = (AsciiWriter(graph), LatexWriter(graph))
    for writer in found:
        writer.know({name: (graph.node(of).axes, graph.node(of).sampled) for of, name in derivation.names.items()})
    return found


def letters_of(node: Node) -> dict[str, Axis]:
    """The node's letters, without that of the samples."""
    return dict(list(zip(node.letters, node.axes, strict=True))[int(node.sampled) :])


def faults(derivation: Derivation, *, values: bool = True) -> list[str]:
    """What cannot be read back, or is read as something else: as another text and, if that is so, with other values."""
    vocabulary, found = vocabulary_of(derivation), list[str]()
    text, latex = writers(derivation)
    point: Point | None = None
    for node, expression in dict.fromkeys(printed(derivation)):
        expected = text.write(expression)
        for shown in (expected, latex.write(expression)):
            try:
                (side,) = read_statement(shown, vocabulary, letters=letters_of(node)).sides
            except FormulaError as fault:
                found.append(f"{shown}: {fault.message}")
                continue
            if text.write(side.expression) != expected and values:
                point = point or Point(derivation)
                if error(point.at(side.expression, node), point.at(expression, node)) > TOLERANCE:
                    found.append(f"{shown}: read as {text.write(side.expression)}")
    return found


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_what_is_printed_of_a_shipped_spec_is_read_back(path: Path) -> None:
    assert faults(derive(build_graph(load_spec(path)))) == []


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_printed_of_a_network_is_read_back(name: str) -> None:
    assert faults(derivation_of(NETWORKS[name])) == []


@given(spec=scalar_networks() | array_networks())
@settings(deadline=None, max_examples=15, derandomize=True)
def test_what_is_printed_of_a_random_network_is_read_back(spec: str) -> None:
    assert faults(derivation_of(spec)) == []
