"""Derivations at random points: every printed form as numbers, and the forward pass as the judge of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from backprop_derive.building.formulas import read_formula
from backprop_derive.building.network import build_graph
from backprop_derive.building.scope import Scope, scope_of
from backprop_derive.calculus.adjoints import with_adjoints
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.graph.expressions import ONE, Bound, Expression, Fold, Integer, Partial, Ref, mul, reciprocal, walk
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import axis_to, size
from backprop_derive.graph.nodes import Graph, Node, Piece
from backprop_derive.numerics.backends import COMPLEX, FLOAT, FloatBackend, NoComplexForm
from backprop_derive.numerics.drawing import draw_point
from backprop_derive.numerics.evaluation import Run, node_values
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.numerics.references import STEP, reference_gradient
from backprop_derive.numerics.schedule import schedule
from backprop_derive.numerics.smooth import named_function
from backprop_derive.presentation.styles import AsciiWriter
from backprop_derive.spec.loading import read_spec

TOLERANCE = 1e-11
DIFFERENCE = 1e-5  # the step where a function has no complex form


def graph_of(text: str) -> Graph:
    """The graph of a spec given as text."""
    return build_graph(read_spec(text, "test.yaml"))


def derivation_of(text: str) -> Derivation:
    """The derivation of a spec given as text."""
    return derive(graph_of(text))


def writer_of(derivation: Derivation) -> AsciiWriter:
    """A writer that knows the names of the adjoints."""
    writer, graph = AsciiWriter(derivation.graph), derivation.graph
    writer.know({derivation.names[name]: (graph.node(name).axes, graph.node(name).sampled) for name in derivation.names})
    return writer


def gradient_text(text: str, name: str) -> str:
    """The textbook form of one gradient, as ASCII."""
    derivation = derivation_of(text)
    return writer_of(derivation).write(derivation.gradient(name).gradient)


def delta_text(text: str, name: str) -> str:
    """The backward pass's line of one node, as ASCII."""
    derivation = derivation_of(text)
    return writer_of(derivation).write(derivation.deltas[name].value)


def error(found: Any, expected: Any) -> float:
    """The largest difference, relative to the size of what is expected (or to 1e-3, where that is larger)."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    return float(np.max(np.abs(found - expected) / np.maximum(np.max(np.abs(expected), initial=0), 1e-3), initial=0))


def drawn_leaves(graph: Graph, sizes: Mapping[str, int], seed: int) -> dict[str, Any]:
    """Positive values of all leaves for given sizes, also where an axis is empty."""
    draw = np.random.default_rng(seed)
    return {node.name: draw.uniform(0.2, 0.9, shape_of(node, sizes)) for node in graph.nodes if node.is_leaf}


def shape_of(node: Node, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of a node's array."""
    return tuple(axis.resize(sizes).length.number or 0 for axis in node.axes)


class Point:
    """A derivation with numbers: random ones that avoid kinks, unless `values` gives all leaves."""

    def __init__(self, derivation: Derivation, *, sizes: Mapping[str, int] | None = None, values: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        self.derivation = derivation
        self.graph = replace(derivation.graph, sizes={**derivation.graph.sizes, **(sizes or {})})
        if values is None:
            drawn = draw_point(self.graph, seed)
            self.sizes, self.values, self.functions = drawn.sizes, drawn.values, drawn.functions
        else:
            self.sizes, self.values = self.graph.sizes, values
            self.functions = {name: named_function(name, seed) for name, own in self.graph.functions.items() if own is None}
        whole = _with_cost(with_adjoints(self.graph, derivation.adjoints))
        self.forward = node_values(whole, self.values, self.sizes, functions=self.functions)
        self.whole = whole
        self._partials: dict[str, tuple[Node, Any]] = {}

    def reference(self, name: str) -> Any:
        """∂(cost)/∂(node), from the forward pass alone."""
        return self.of_losses(name) * self.scale

    def of_losses(self, name: str) -> Any:
        """∂(Σ_i L_i)/∂(node), from the forward pass alone: what a δ is."""
        return reference_gradient(self.graph, self.values, self.sizes, self.graph.cost.loss, name, self.functions)[0]

    @property
    def scale(self) -> float:
        """What the cost puts in front of the sum of the losses; a loss without data is the same for all samples."""
        if self.graph.samples is None:
            return 1.0
        count, mean = self.sizes[self.graph.samples.size], self.graph.cost.reduction == "mean"
        if self.graph.node(self.graph.cost.loss).sampled:
            return 1 / count if mean else 1.0
        return 1.0 if mean else float(count)

    def adjoint(self, name: str) -> Any:
        """∂(Σ_i L_i)/∂(node) as the engine pulls it."""
        return self.forward[self.derivation.names[name]]

    def at(self, expression: Expression, node: Node) -> Any:
        """Any printed expression over the letters of a node; δ by name and partials by name have their values."""
        put = replace_in(expression, self._without_partial)
        extra = tuple(node for node, _ in self._partials.values())
        known = {**self.forward, **{node.name: value for node, value in self._partials.values()}}
        evaluator = Evaluator(replace(self.whole, nodes=self.whole.nodes + extra), known, self.sizes, functions=self.functions)
        return evaluator.expression(put, node.letters, node.axes)

    def read_back(self, expression: Expression, node: Node) -> Any:
        """The same, of the text that is printed for the expression."""
        text = writer_of(self.derivation).write(expression)
        return self.at(read_formula(text, self._scope(node)), node)

    def _scope(self, node: Node) -> Scope:
        scope = scope_of(with_adjoints(self.graph, self.derivation.adjoints))
        own = dict(zip(node.letters, node.axes, strict=True))
        return replace(scope, indices={letter: axis for letter, axis in own.items() if not node.sampled or letter != node.letters[0]})

    # -- partial derivatives by name --------------------------------------------------------------------------------------

    def _without_partial(self, each: Expression) -> Expression | None:
        if not isinstance(each, Partial):
            return None
        name = f"partial{'_direct' * each.direct}_{each.top.name}{len(each.top.indices)}_{each.bottom.name}"
        if name not in self._partials:
            top, bottom = self.whole.node(each.top.name), self.whole.node(each.bottom.name)
            axes = top.axes + bottom.axes
            value = self._jacobian(top, bottom, direct=each.direct)
            if top.sampled and not each.top.indices:  # the sum over all samples
                axes, value = axes[1:], value.sum(axis=0)
            self._partials[name] = (Node(name, tuple(f"axis_{at}" for at in range(len(axes))), axes), value)
        return Ref(name, each.top.indices + each.bottom.indices)

    def _jacobian(self, top: Node, bottom: Node, *, direct: bool) -> Any:
        """∂top/∂bottom, entry by entry from the forward pass: over all paths, or only through the formula of `top`."""
        graph, values, name = self.whole, dict(self.values), top.name
        if direct:
            name = "only_" + top.name
            leaves = tuple(replace(node, pieces=()) for node in graph.nodes)
            graph, values = replace(graph, nodes=(*leaves, replace(top, name=name))), dict(self.forward)
        try:
            found = self._shifted(graph, values, name, bottom.name, 1j * STEP, COMPLEX).imag / STEP
        except NoComplexForm:
            ahead, behind = (self._shifted(graph, values, name, bottom.name, step, FLOAT) for step in (DIFFERENCE, -DIFFERENCE))
            found = (ahead - behind) / (2 * DIFFERENCE)
        return np.moveaxis(found, 0, -1).reshape(self.forward[top.name].shape + self.forward[bottom.name].shape)

    def _shifted(self, graph: Graph, values: Mapping[str, Any], top: str, bottom: str, step: complex, backend: FloatBackend) -> Any:
        """`top` for a shift of each entry of `bottom`, one after the other along the first axis."""
        shape = self.forward[bottom].shape
        count = int(np.prod(shape))
        shift = step * np.eye(count).reshape(count, *shape)
        evaluator = Evaluator(graph, {}, self.sizes, functions=self.functions, backend=backend)
        leaves = {node.name for node in graph.nodes if node.is_leaf}
        evaluator.store.arrays.update((leaf, backend.array(values[leaf])[None] + (shift if leaf == bottom else 0)) for leaf in leaves)
        run = Run(evaluator, count, {} if bottom in leaves else {bottom: shift})
        run.advance(block for block in schedule(graph) if block.names[0] not in leaves)
        return np.broadcast_to(run.arrays[top], (count, *run.arrays[top].shape[1:]))


def _with_cost(graph: Graph) -> Graph:
    """The graph with the cost over the samples as a node."""
    if graph.samples is None:
        return graph
    loss, length = graph.node(graph.cost.loss), size(graph.samples.size)
    total: Expression = Fold("sum", Bound(graph.samples.index, axis_to(length)), loss.ref())
    front = reciprocal(Integer(length)) if graph.cost.reduction == "mean" else ONE
    return replace(graph, nodes=(*graph.nodes, Node(graph.cost.name, pieces=(Piece((), (), mul(front, total)),))))


# -- what must hold of every network --------------------------------------------------------------------------------------


def faults(point: Point, names: Iterable[str] | None = None, *, tolerance: float = TOLERANCE) -> list[str]:
    """Every form of every gradient that is not what the forward pass says, and every printed text that reads differently."""
    derivation, graph = point.derivation, point.graph
    found = []
    for name in names if names is not None else [node.name for node in graph.nodes if node.name in derivation.names]:
        node, expected = graph.node(name), point.reference(name)
        gradient = derivation.gradient(name)
        forms = [("gradient", gradient.gradient, expected), ("backward", gradient.backward, expected)]
        if name in derivation.deltas:
            forms.append(("delta", derivation.deltas[name].value, point.of_losses(name)))
        if name in derivation.names and error(point.adjoint(name) * point.scale, expected) > tolerance:
            found.append(f"{name}: adjoint")
        for form, expression, value in forms:
            for reading in (point.at, point.read_back):
                difference = error(reading(expression, node), value)
                if not difference <= tolerance:
                    text = writer_of(derivation).write(expression)
                    found.append(f"{name}: {form} {'read back' if reading == point.read_back else ''} {difference:.1e} {text}")
    return found


def step_faults(point: Point, *, tolerance: float = TOLERANCE) -> list[str]:
    """Steps that do not follow on each other, and steps that change the value."""
    derivation, graph = point.derivation, point.graph
    found = []
    trails = [(name, derivation.gradient(name).steps, derivation.gradient(name).gradient, point.reference(name)) for name in graph.parameters]
    trails += [(name, delta.steps, delta.value, point.of_losses(name)) for name, delta in derivation.deltas.items()]
    for name, steps, end, expected in trails:
        node = graph.node(name)
        if steps[-1].after != end:
            found.append(f"{name}: the last step does not end in what is shown")
        found += [f"{name}: {step.rule} does not start where the last step ended" for last, step in pairwise(steps) if last.after != step.before]
        for step in steps:
            difference = error(point.at(step.after, node), expected)
            if not difference <= tolerance:
                found.append(f"{name}: after {step.rule!r} {difference:.1e}: {writer_of(derivation).write(step.after)}")
        if not error(point.at(steps[0].before, node), expected) <= tolerance:
            found.append(f"{name}: the start is not the gradient")
    return found


def mentioned_functions(expression: Expression) -> set[str]:
    """The names of all functions and folds in an expression."""
    return {getattr(each, "function", getattr(each, "kind", "")) for each in walk(expression)} - {""}
