"""Graphs of short specs, and what is printed of them."""

from __future__ import annotations

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.graph.nodes import Graph
from backprop_derive.presentation.styles import AsciiWriter
from backprop_derive.spec.loading import read_spec


def graph_of(text: str) -> Graph:
    """The graph of a spec given as text."""
    return build_graph(read_spec(text, "spec.yaml"))


def definition(graph: Graph, name: str) -> str:
    """The formula of a node, as ASCII."""
    return AsciiWriter(graph).write(graph.node(name).pieces[0].definition)


def gradient(graph: Graph, name: str) -> str:
    """The textbook form of the gradient by a node, as ASCII."""
    derivation = derive(graph)
    writer = AsciiWriter(graph)
    writer.know({derivation.names[node]: (graph.node(node).axes, graph.node(node).sampled) for node in derivation.names})
    return writer.write(derivation.gradient(name).gradient)
