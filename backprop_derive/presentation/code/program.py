"""A derivation as a program: values, the forward pass, the backward pass with the printed δs, and the comparison.

Cells are run one after the other, from the first to the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.graph.expressions import Bracket, Expression, Fold, Integer, walk
from backprop_derive.graph.indices import Size, variable
from backprop_derive.graph.nodes import Graph, Node, Piece
from backprop_derive.presentation.code.functions import definitions
from backprop_derive.presentation.code.python import PythonNames, PythonWriter
from backprop_derive.presentation.code.statements import statements
from backprop_derive.presentation.document import Block, Document, Heading, Listing, Paragraph
from backprop_derive.presentation.network import cost_definition

if TYPE_CHECKING:
    from backprop_derive.presentation.code.points import Point

MOST_PLACES = 20
_LONGEST_LINE = 90
_GRADIENT = "grad_"


def with_program(document: Document, derivation: Derivation, point: Point) -> Document:
    """The document with the section of code behind it. Raises NotYetError for what has no spelling in code."""
    return replace(document, blocks=(*document.blocks, *program_blocks(derivation, point)))


def program_blocks(derivation: Derivation, point: Point) -> Iterator[Block]:
    """A section of cells that compute the gradients as they are derived, and compare them with central differences.

    Raises NotYetError for what has no spelling in code.
    """
    program = _Program(derivation, point)
    forward, backward = program.forward(), program.backward()
    yield Heading(2, ("In NumPy",))
    yield Paragraph(("Each quantity is computed as its formula says, one number at a time; indices count from 0.",))
    yield _cell(program.functions())
    yield Paragraph((f"The values{': drawn at random, put your own in their place' if point.drawn else ' that are given'}.",))
    yield _cell(program.values())
    yield Heading(3, ("Forward pass",))
    yield _cell(forward)
    if not program.parameters:
        return
    yield Heading(3, ("Backward pass",))
    yield _cell(backward)
    yield Heading(3, ("Comparison",))
    yield Paragraph((f"Central differences of the cost, at {MOST_PLACES} places at most of each parameter. They agree to about eight digits.",))
    yield _cell(program.comparison())


def _cell(lines: Iterator[str]) -> Listing:
    return Listing("\n".join(lines), "python")


class _Program:
    def __init__(self, derivation: Derivation, point: Point) -> None:
        self.derivation, self.point, self.network = derivation, point, derivation.graph
        self.parameters = [self.network.node(name) for name in self.network.parameters]
        self.graph = _with_lines(derivation, self.parameters)
        self.names = PythonNames(self.graph)
        self.writer = PythonWriter(self.graph, self.names)
        self.cost = self.names(self.network.cost.name)

    def functions(self) -> Iterator[str]:
        """Imports and definitions; known only when everything else is written."""
        yield from ("import math", "", "import numpy as np")
        for definition in definitions(self.network, self.names, self.writer.functions):
            yield from ("", "", *definition.splitlines())

    def values(self) -> Iterator[str]:
        """Sizes, inputs, targets and constants; parameters by name."""
        used = _sizes_of(self.graph)
        yield from (f"{self.names(name)} = {value}" for name, value in self.point.sizes.items() if name in used)
        leaves = [node for node in self.network.nodes if node.is_leaf]
        yield from (f"{self.names(node.name)} = {self._value(node, 0)}" for node in leaves if node.role != "parameter")
        yield "parameters = {"
        yield from (f'    "{self.names(node.name)}": {self._value(node, 1)},' for node in self.parameters)
        yield "}"

    def _value(self, node: Node, depth: int) -> str:
        array = self.point.values[node.name]
        if node.name in self.point.seeds:
            return f"np.random.default_rng({self.point.seeds[node.name]}).uniform(-1, 1, {array.shape}) / {max(array.shape)}**0.5"
        return f"np.array({_literal(array.tolist(), depth)})"

    def forward(self) -> Iterator[str]:
        inner = [node.name for node in self.network.nodes if not node.is_leaf]
        lines = list(statements(self.graph, self.writer, (*inner, self.network.cost.name)))
        arguments = ", ".join(self.names(node.name) for node in self.parameters)
        returned = ", ".join(dict.fromkeys((self.cost, *map(self.names, inner))))
        found = [f"def forward({arguments}):", *(f"    {line}" for line in lines), f"    return {returned}{',' * (', ' not in returned)}", "", ""]
        found += [f"{returned}{',' * (', ' not in returned)} = forward(**parameters)", f'print("{self.cost} =", {self.cost})']
        return iter(found)

    def backward(self) -> Iterator[str]:
        deltas = [delta.name for delta in self.derivation.deltas.values()]
        gradients = [_GRADIENT + node.name for node in self.parameters]
        lines = list(statements(self.graph, self.writer, (*deltas, *gradients)))
        found = [f'{self.names(node.name)} = parameters["{self.names(node.name)}"]' for node in self.parameters] + lines
        found.append("gradients = {" + ", ".join(f'"{self.names(node.name)}": {self.names(_GRADIENT + node.name)}' for node in self.parameters) + "}")
        return iter(found)

    def comparison(self) -> Iterator[str]:
        yield from (
            "def derivative(name, place, step=1e-5):",
            '    """The central difference of the cost by one entry of a parameter."""',
            "    costs = []",
            "    for sign in (1, -1):",
            "        moved = parameters[name].copy()",
            "        moved[place] += sign * step",
            "        costs.append(forward(**{**parameters, name: moved})[0])",
            "    return (costs[0] - costs[1]) / (2 * step)",
            "", "",
            "for name, gradient in gradients.items():",
            f"    places = list(np.ndindex(parameters[name].shape))[:: -(-parameters[name].size // {MOST_PLACES})]",
            "    measured = np.array([derivative(name, place) for place in places])",
            "    derived = np.array([np.asarray(gradient)[place] for place in places])",
            "    error = np.abs(derived - measured).max()",
            '    print(f"{name}: largest difference {error:.1e}")',
        )  # fmt: skip
        if self.point.near_a_kink:
            yield "    # a value stands at a place without a derivative, where differences cannot agree: nothing is asserted"
        else:
            yield "    assert np.allclose(derived, measured, rtol=1e-5, atol=1e-7), name"


def _with_lines(derivation: Derivation, parameters: list[Node]) -> Graph:
    """The graph with its cost, the printed δs and the gradients as nodes."""
    graph = derivation.graph
    lines = [_line(graph.node(of), delta.name, delta.value) for of, delta in derivation.deltas.items()]
    lines += [_line(node, _GRADIENT + node.name, derivation.gradient(node.name).backward) for node in parameters]
    cost = [] if graph.cost.name in graph.by_name else [Node(graph.cost.name, (), (), (Piece((), (), cost_definition(graph)),))]
    return replace(graph, nodes=(*graph.nodes, *cost, *lines))


def _line(node: Node, name: str, value: Expression) -> Node:
    places = tuple(variable(letter) for letter in node.letters)
    return Node(name, node.letters, node.axes, (Piece(places, tuple(zip(node.letters, node.axes, strict=True)), value),), "adjoint", node.sampled)


def _sizes_of(graph: Graph) -> set[str]:
    """The symbolic sizes that statements mention."""
    axes = [axis for node in graph.nodes for axis in node.axes]
    found = set(chain.from_iterable(axis.low.sizes() | axis.high.sizes() for axis in axes))
    for node in graph.nodes:
        for piece in node.pieces:
            for each in walk(piece.definition):
                found |= {atom.name for form in _forms_of(each) for atom in form.atoms() if isinstance(atom, Size)}
    return found


def _forms_of(expression: Expression) -> tuple[Any, ...]:
    match expression:
        case Integer(form):
            return (form,)
        case Bracket(condition):
            return (condition.form,)
        case Fold(_, bound, _, at):
            return (bound.axis.low, bound.axis.high, *(() if at is None else (at,)))
        case _:
            return ()


def _literal(value: Any, depth: int) -> str:
    """Nested lists of numbers, on several lines if they are long."""
    if not isinstance(value, list):
        return repr(value)
    inside = [_literal(each, depth + 1) for each in value]
    line = f"[{', '.join(inside)}]"
    if len(line) <= _LONGEST_LINE or not isinstance(value[0], list):
        return line
    indent = "    " * depth
    return "[\n" + "".join(f"{indent}    {each},\n" for each in inside) + f"{indent}]"
