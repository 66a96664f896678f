"""The printed forms of a gradient as numbers at a point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from backprop_derive.calculus.adjoints import Adjoint, adjoints, with_adjoints
from backprop_derive.calculus.derivation import Derivation, Gradient
from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import ZERO, Expression, add, mul
from backprop_derive.graph.indices import variable
from backprop_derive.graph.nodes import Graph, Node, Piece
from backprop_derive.numerics.backends import FLOAT, Array, FloatBackend
from backprop_derive.numerics.drawing import Point
from backprop_derive.numerics.evaluation import node_values
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.numerics.probing import mean_factor
from backprop_derive.numerics.reports import Form


@dataclass(frozen=True)
class PrintedForms:
    """The gradients of a derivation, as they are printed, at one point.

    Textbook and backward form mention δ by name: each δ is evaluated from its own printed line. The engine's adjoints
    are evaluated from each other.
    """

    derivation: Derivation
    point: Point
    backend: FloatBackend = FLOAT

    def value(self, gradient: Gradient, form: Form) -> tuple[Array, Array]:
        """(entries, Σ|summands| of each entry), over the axes of the node. Raises EvaluationError if it has no value."""
        node = self.derivation.graph.node(gradient.of.name)
        if form == "adjoint":
            return self._at(self._raw, self._raw_adjoint(node), node)
        return self.of_expression(gradient.gradient if form == "textbook" else gradient.backward, node)

    def of_expression(self, expression: Expression, node: Node) -> tuple[Array, Array]:
        """The same for any expression over the letters of the node, δ by name included."""
        return self._at(self._printed, expression, node)

    def first_place(self, node: Node) -> tuple[int, ...]:
        """The low end of each axis of a node."""
        return tuple(low for low, _ in self._printed.store.places(node.name))

    def _at(self, evaluator: Evaluator, expression: Expression, node: Node) -> tuple[Array, Array]:
        value = evaluator.expression(expression, node.letters, node.axes)
        return value, evaluator.expression(expression, node.letters, node.axes, magnitude=True)

    def _raw_adjoint(self, node: Node) -> Expression:
        """The engine's adjoint is that of the summed loss: the cost's 1/m is put in front."""
        adjoint, penalty = self.derivation.adjoints.get(node.name), self._of_penalty.get(node.name)
        of_losses = ZERO if adjoint is None else mul(mean_factor(self.derivation.graph), self._raw_definition(adjoint))
        return of_losses if penalty is None else add(of_losses, self._raw_definition(penalty))

    def _raw_definition(self, adjoint: Adjoint) -> Expression:
        return self._raw.graph.node(adjoint.name).pieces[0].definition

    @cached_property
    def _with_adjoints(self) -> Graph:
        return with_adjoints(self.derivation.graph, self.derivation.adjoints)

    @cached_property
    def _of_penalty(self) -> Mapping[str, Adjoint]:
        """The engine's adjoints of the penalty, by names that those of the loss have left free."""
        penalty = self.derivation.graph.cost.regularizer
        return {} if penalty is None else adjoints(self._with_adjoints, penalty)

    @cached_property
    def _raw(self) -> Evaluator:
        return self._evaluator(with_adjoints(self._with_adjoints, self._of_penalty))

    @cached_property
    def _printed(self) -> Evaluator:
        graph = self.derivation.graph
        lines = [_line(graph.node(of), delta.name, delta.value) for of, delta in self.derivation.deltas.items()]
        try:
            return self._evaluator(replace(graph, nodes=(*graph.nodes, *lines)))
        except EvaluationError:
            # a δ has no value: the forms that mention it will say so, the others are judged
            return self._evaluator(graph)

    def _evaluator(self, graph: Graph) -> Evaluator:
        """All nodes of a graph at the point."""
        point = self.point
        known = node_values(graph, point.values, point.sizes, functions=point.functions, backend=self.backend)
        return Evaluator(graph, known, point.sizes, functions=point.functions, backend=self.backend)


def _line(node: Node, name: str, value: Expression) -> Node:
    """A δ as a node with the axes of the node that it belongs to."""
    places = tuple(variable(letter) for letter in node.letters)
    return Node(name, node.letters, node.axes, (Piece(places, tuple(zip(node.letters, node.axes, strict=True)), value),), "adjoint", node.sampled)
