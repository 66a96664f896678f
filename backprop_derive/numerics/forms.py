"""The printed forms of a gradient as numbers at a point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from math import prod

import numpy as np

from backprop_derive.calculus.adjoints import Adjoint, adjoints, with_adjoints
from backprop_derive.calculus.derivation import Derivation, Gradient
from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import ZERO, Expression, add, mul
from backprop_derive.graph.indices import variable
from backprop_derive.graph.nodes import Graph, Node, Piece
from backprop_derive.numerics.backends import FLOAT, Array, FloatBackend
from backprop_derive.numerics.drawing import Point
from backprop_derive.numerics.evaluation import Forward, Run
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.numerics.probing import mean_factor
from backprop_derive.numerics.reports import Form
from backprop_derive.numerics.schedule import schedule
from backprop_derive.numerics.scopes import START, Scope
from backprop_derive.numerics.smooth import SmoothFunction

Value = Callable[[], Array]
"""A planned expression: its value at the point where its evaluator is."""


class PrintedForms:
    """The gradients of a derivation, as they are printed, at one point after another.

    Textbook and backward form mention δ by name: each δ is evaluated from its own printed line. The engine's adjoints
    are evaluated from each other.
    """

    def __init__(self, derivation: Derivation, sizes: Mapping[str, int], functions: Mapping[str, SmoothFunction], backend: FloatBackend = FLOAT) -> None:
        self.derivation, self.sizes, self.functions, self.backend = derivation, sizes, functions, backend
        self._point: Point | None = None
        self._values: dict[tuple[str, Form, bool], tuple[Expression, Value]] = {}

    def at(self, point: Point) -> PrintedForms:
        """The forms at this point, whose sizes and functions they have. Returns itself."""
        if self._point is not point:
            self._point = point
            known = point.forward if self.backend is FLOAT else self._forward.values(point.values)
            # an adjoint that no other mentions is looked at by its definition
            self._fill(self._raw, known, lambda name: bool(self._raw.graph.children[name]))
            try:
                self._fill(self._printed, known, lambda _: True)
            except EvaluationError:
                # a δ has no value: the forms that mention it will say so, the others are judged
                self._values.clear()
                for name in set(self._printed.store.arrays) - set(known):
                    del self._printed.store.arrays[name]
        return self

    def value(self, gradient: Gradient, form: Form) -> tuple[Array, Array]:
        """(entries, Σ|summands| of each entry), over the axes of the node. Raises EvaluationError if it has no value."""
        with np.errstate(all="ignore"):
            return self.entries(gradient, form), self.scale(gradient, form)

    def entries(self, gradient: Gradient, form: Form) -> Array:
        """The entries alone. NumPy may warn of what has no value."""
        return self._planned(gradient, form, magnitude=False)()

    def scale(self, gradient: Gradient, form: Form) -> Array:
        """Σ|summands| of each entry alone: what rounding errors are measured by."""
        return self._planned(gradient, form, magnitude=True)()

    def of_expression(self, expression: Expression, node: Node) -> tuple[Array, Array]:
        """The same for any expression over the letters of the node, δ by name included."""
        evaluator = self._printed
        value = evaluator.expression(expression, node.letters, node.axes)
        return value, evaluator.expression(expression, node.letters, node.axes, magnitude=True)

    def size(self, gradient: Gradient) -> int:
        """How many entries a gradient has."""
        return prod(self._printed.store.shape(gradient.of.name))

    def first_place(self, node: Node) -> tuple[int, ...]:
        """The low end of each axis of a node."""
        return tuple(low for low, _ in self._printed.store.places(node.name))

    def _planned(self, gradient: Gradient, form: Form, *, magnitude: bool) -> Value:
        key = (gradient.of.name, form, magnitude)
        printed = gradient.gradient if form == "textbook" else gradient.backward
        kept = self._values.get(key)
        if kept is None or (form != "adjoint" and kept[0] is not printed):
            node = self.derivation.graph.node(gradient.of.name)
            expression, evaluator = (self._raw_adjoint(node), self._raw) if form == "adjoint" else (printed, self._printed)
            self._values[key] = kept = (expression, _over(evaluator, expression, node, magnitude=magnitude))
        return kept[1]

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
        return self._evaluator(replace(graph, nodes=(*graph.nodes, *lines)))

    @cached_property
    def _forward(self) -> Forward:
        return Forward(self.derivation.graph, self.sizes, self.functions, self.backend)

    def _evaluator(self, graph: Graph) -> Evaluator:
        return Evaluator(graph, {}, self.sizes, functions=self.functions, backend=self.backend)

    def _fill(self, evaluator: Evaluator, known: Mapping[str, Array], wanted: Callable[[str], bool]) -> None:
        """Give an evaluator the values of the graph's nodes, and work out those that are wanted of what its own graph has besides."""
        arrays = evaluator.store.arrays
        arrays.clear()
        arrays.update((node.name, known[node.name][None]) for node in self.derivation.graph.nodes)
        Run(evaluator).advance(block for block in schedule(evaluator.graph) if block.names[0] not in arrays and any(map(wanted, block.names)))


def printed_forms(derivation: Derivation, point: Point, backend: FloatBackend = FLOAT) -> PrintedForms:
    """The printed forms for points of these sizes and functions; what was planned for the last few derivations is kept."""
    return _planned_forms(derivation, tuple(point.sizes.items()), tuple(point.functions.items()), backend)


@lru_cache(maxsize=16)
def _planned_forms(
    derivation: Derivation, sizes: tuple[tuple[str, int], ...], functions: tuple[tuple[str, SmoothFunction], ...], backend: FloatBackend
) -> PrintedForms:
    return PrintedForms(derivation, dict(sizes), dict(functions), backend)


def _over(evaluator: Evaluator, expression: Expression, node: Node, *, magnitude: bool) -> Value:
    """The expression over the axes of the node, whenever it is called."""
    scope = Scope(magnitude=magnitude)
    for letter, axis in zip(node.letters, node.axes, strict=True):
        scope = scope.bind(letter, *evaluator.store.span(axis, f"the axis of {letter}"))
    operation, shape = evaluator.planned(expression, scope), (1, *scope.lengths)

    def value() -> Array:
        found = operation(START)
        return (found if found.shape == shape else np.broadcast_to(found, shape))[0, ...]

    return value


def _line(node: Node, name: str, value: Expression) -> Node:
    """A δ as a node with the axes of the node that it belongs to."""
    places = tuple(variable(letter) for letter in node.letters)
    return Node(name, node.letters, node.axes, (Piece(places, tuple(zip(node.letters, node.axes, strict=True)), value),), "adjoint", node.sampled)
