"""`derive`: the gradients of a graph, in the forms that a book prints, with every factor and step.

For each node p between the parameters and the loss the chain rule is

    ∂L/∂p = Σ_children ∂L/∂child · ∂child/∂p

and everything shown is that one formula: with the partials by name it is the expansion, with their values and δ by
name the backward pass, and with each δ put in, the textbook form. The cost's 1/m Σ_i stands in front of all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from backprop_derive.calculus.adjoints import Adjoint, adjoint_names, adjoints, ancestors
from backprop_derive.calculus.links import Link, links
from backprop_derive.calculus.rewriting import Ground, rewrites, tidy
from backprop_derive.calculus.steps import Factor, Step, factor_of
from backprop_derive.calculus.terms import Term, guarded, opened, term_expression
from backprop_derive.errors import UsageError, nearest
from backprop_derive.graph.expressions import (
    ONE,
    ZERO,
    Bound,
    Expression,
    Fold,
    Integer,
    Number,
    Partial,
    Ref,
    add,
    children,
    free_variables,
    mul,
    reciprocal,
    reindex,
)
from backprop_derive.graph.expressions import (
    replace as replace_in,
)
from backprop_derive.graph.indices import axis_to, size, variable
from backprop_derive.graph.nodes import Graph, Node

Known = Callable[[Ref], Expression | None]
"""Gives the adjoint at a place, or None where it is to be assembled."""

MAXIMUM_PATHS = 8
MAXIMUM_LENGTH = 240


@dataclass(frozen=True)
class Delta:
    """One line of the backward pass: the adjoint of a node, called `name`, by the chain rule and by value."""

    name: str
    of: Ref
    expansion: Expression
    value: Expression
    factors: tuple[Factor, ...]


@dataclass(frozen=True)
class Gradient:
    """∂(cost)/∂(node), for all its entries at once (at the node's letters), or for one entry where indices are numbers.

    `expansion`: the chain rule with the partials by name. `backward`: with δ by name. `gradient`: the textbook form, in
    weights, inputs, pre-activations, outputs and targets. The last of `steps` ends in `gradient`.
    """

    of: Ref
    expansion: Expression
    factors: tuple[Factor, ...]
    backward: Expression
    gradient: Expression
    steps: tuple[Step, ...]
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Derivation:
    """All that can be said of the gradients of a graph. Gradients are worked out when they are asked for."""

    graph: Graph

    @cached_property
    def adjoints(self) -> Mapping[str, Adjoint]:
        """The adjoint of every node that the loss depends on, relative to the summed loss Σ_i L_i."""
        return adjoints(self.graph, self.graph.cost.loss)

    @cached_property
    def reaching(self) -> set[str]:
        """The nodes that the loss depends on, the loss included."""
        return ancestors(self.graph, self.graph.cost.loss)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What the adjoint of each node is called: `delta_B` for that of `z_B`, `bar_v` for that of v."""
        return adjoint_names(self.graph, self.reaching)

    @cached_property
    def deltas(self) -> Mapping[str, Delta]:
        """The backward pass: the shown adjoints, by the name of their node, loss first."""
        order = _backward_order(self.graph, self.reaching)
        return {name: self._delta(name) for name in order if name in self._shown}

    @cached_property
    def gradients(self) -> Mapping[str, Gradient]:
        """The gradient of every parameter."""
        return {name: self.gradient(name) for name in self.graph.parameters}

    def gradient(self, name: str) -> Gradient:
        """∂(cost)/∂(any node or leaf), at the node's letters. Raises UsageError for an unknown name."""
        if name not in self._gradients:
            if name not in self.graph.by_name:
                known = self.graph.by_name
                raise UsageError(f"there is no {name!r}; there are: {', '.join(known)}" + _hint(name, known))
            self._gradients[name] = _gradient(self, self.graph.node(name))
        return self._gradients[name]

    @cached_property
    def _gradients(self) -> dict[str, Gradient]:
        return {}

    # -- the chain rule -----------------------------------------------------------------------------------------------

    @cached_property
    def _links(self) -> dict[str, tuple[Link, ...]]:
        return {}

    def links(self, name: str) -> tuple[Link, ...]:
        """The links of a node to the children through which it reaches the loss."""
        if name not in self._links:
            self._links[name] = links(self.graph, self.graph.node(name), self.reaching)
        return self._links[name]

    @cached_property
    def recurrent(self) -> set[str]:
        """Nodes that depend on themselves at another place: their adjoints stay symbols."""
        return {name for name in self.reaching if any(name in ancestors(self.graph, parent) for parent in self.graph.parents[name])}

    @cached_property
    def _shown(self) -> set[str]:
        """The nodes whose adjoint is a line of the backward pass; those of outputs of an activation are put in directly."""
        found = set()
        for name in self.reaching:
            node = self.graph.node(name)
            through = [parent for parent in self.graph.parents[name] if self.graph.node(parent).role == "preactivation"]
            if node.is_leaf or node.role == "loss" or (node.role == "activation" and through):
                continue
            found.add(name)
        return {name for name in found if name in self.recurrent or not self._trivial(name)}

    def _trivial(self, name: str) -> bool:
        """An adjoint that is just a number needs no line (the parts of a loss that is a plain sum)."""
        node = self.graph.node(name)
        below = self.links(name)
        return node.role != "preactivation" and all(
            link.child.name == self.graph.cost.loss and isinstance(link.value, Number) for link in below
        )

    def _delta(self, name: str) -> Delta:
        node = self.graph.node(name)
        value = self.settled(self.assembled(name, self.by_name), node)
        return Delta(self.names[name], node.ref(), self.expansion(name), value, self.factors(name, inside=self._shown))

    def by_name(self, child: Ref) -> Expression | None:
        """δ by name for a shown adjoint."""
        return Ref(self.names[child.name], child.indices) if child.name in self._shown else None

    def assembled(self, name: str, known: Known) -> Expression:
        """Σ_children ∂L/∂child · (value of the partial), where `known` may give an adjoint instead of its own assembly."""
        if name == self.graph.cost.loss:
            return ONE
        terms = [self._product(link, self.adjoint_at(link.child, known), link.value) for link in self.links(name)]
        return add(*terms)

    def adjoint_at(self, child: Ref, known: Known) -> Expression:
        """∂L/∂child at given indices."""
        given = known(child)
        if given is not None:
            return given
        node = self.graph.node(child.name)
        values = dict(zip(node.letters, child.indices, strict=True))
        return reindex(self.assembled(child.name, known), {name: form for name, form in values.items() if form.variable != name})

    def _product(self, link: Link, adjoint: Expression, value: Expression) -> Expression:
        body = guarded(mul(adjoint, value), link.conditions)
        for bound in reversed(link.bounds):
            body = Fold("sum", bound, body)
        return body

    def expansion(self, name: str) -> Expression:
        """The chain rule by name, from the loss to the node. Where there are too many paths, ∂L/∂child stays whole."""
        return self._expansion(name, self.paths(name) <= MAXIMUM_PATHS)

    def _expansion(self, name: str, whole: bool) -> Expression:
        loss = self.graph.node(self.graph.cost.loss).ref()
        if name == loss.name:
            return ONE
        terms: list[Expression] = []
        for link in self.links(name):
            if link.child.name == loss.name:
                above: Expression = ONE
            elif whole and link.child.name not in self.recurrent:
                node = self.graph.node(link.child.name)
                values = dict(zip(node.letters, link.child.indices, strict=True))
                above = reindex(self._expansion(link.child.name, whole), {each: form for each, form in values.items() if form.variable != each})
            else:
                above = Partial(self._loss_at(link.child), link.child)
            terms.append(self._product(link, above, link.partial))
        return add(*terms)

    def _loss_at(self, child: Ref) -> Ref:
        """The loss at the sample of a node (the node may have none)."""
        loss = self.graph.node(self.graph.cost.loss)
        sampled = loss.sampled and self.graph.node(child.name).sampled
        return Ref(loss.name, child.indices[:1]) if sampled else loss.ref()

    def paths(self, name: str) -> int:
        """How many products the expansion has; a recurrence counts as too many only where it is met."""
        counts = self._path_counts
        if name not in counts:
            if name == self.graph.cost.loss or name in self.recurrent:
                counts[name] = 1
            else:
                counts[name] = min(1_000_000, sum(self.paths(link.child.name) for link in self.links(name)))
        return counts[name]

    @cached_property
    def _path_counts(self) -> dict[str, int]:
        return {}

    def factors(self, name: str, inside: Iterable[str] = ()) -> tuple[Factor, ...]:
        """The factors of the expansion, loss first, each once. Below nodes of `inside` nothing is listed."""
        found: dict[Partial, Factor] = {}
        whole, stop = self.paths(name) <= MAXIMUM_PATHS, set(inside)

        def visit(each: str) -> None:
            for link in self.links(each):
                child = link.child.name
                if child != self.graph.cost.loss and whole and child not in stop and child not in self.recurrent:
                    visit(child)
            for link in self.links(each):
                factor = factor_of(self.graph, link)
                found.setdefault(factor.partial, factor)

        visit(name)
        return tuple(found.values())

    # -- forms --------------------------------------------------------------------------------------------------------

    def ground(self, node: Node) -> Ground:
        """What rewrites may use at a node."""
        ranges = dict(zip(node.letters, node.axes, strict=True))
        if self.graph.samples is not None:
            ranges[self.graph.samples.index] = axis_to(size(self.graph.samples.size))
        return Ground(ranges, self.graph.smallest, self.graph.facts)

    def settled(self, expression: Expression, node: Node) -> Expression:
        """All rewrites, and the order of a book."""
        for _, after in rewrites(expression, self.ground(node)):
            expression = after
        return tidy(expression)

    @cached_property
    def _lengths(self) -> dict[str, int]:
        return {}

    def _inlined_length(self, name: str) -> int:
        """How long the adjoint of a node is with every δ put in."""
        if name not in self._lengths:
            self._lengths[name] = 1
            total = sum(self._inlined_length(link.child.name) + _length(link.value) for link in self.links(name))
            self._lengths[name] = min(1_000_000, total)
        return self._lengths[name]

    def textbook_adjoint(self, child: Ref) -> Expression | None:
        """δ by name only where it belongs to a recurrence, or where putting it in would fill more than a page."""
        if child.name in self.recurrent and child.name in self._shown:
            return self.by_name(child)
        if child.name in self._shown and self._inlined_length(child.name) > MAXIMUM_LENGTH:
            return self.by_name(child)
        return None


def derive(graph: Graph) -> Derivation:
    """The derivation of a graph. Nothing is printed; gradients are worked out when they are read."""
    return Derivation(graph)


def _hint(name: str, known: Iterable[str]) -> str:
    found = nearest(name, known)
    return f" (did you mean {' or '.join(found)}?)" if found else ""


def _length(expression: Expression) -> int:
    return 1 + sum(_length(child) for child in children(expression))


def _backward_order(graph: Graph, reaching: set[str]) -> list[str]:
    """The nodes such that each stands behind those that are computed from it; recurrences in graph order, backwards."""
    order: list[str] = []
    done: set[str] = set()
    for start in reversed(graph.nodes):
        stack = [(start.name, False)]
        while stack:
            name, ready = stack.pop()
            if ready:
                order.append(name)
            elif name in reaching and name not in done:
                done.add(name)
                stack.append((name, True))
                stack.extend((child, False) for child in graph.children[name] if child not in done)
    return order


# -- one gradient -----------------------------------------------------------------------------------------------------


def _gradient(derivation: Derivation, node: Node) -> Gradient:
    graph = derivation.graph
    if node.name not in derivation.reaching:
        note = f"{graph.cost.loss} does not depend on {node.name}, so its gradient is 0"
        step = Step("no dependence", note, Partial(_cost(graph), node.ref()), ZERO)
        return Gradient(node.ref(), ZERO, (), ZERO, ZERO, (step,), notes=(note,))
    front = _Front(graph, node)
    expansion = front.strip(derivation.expansion(node.name))
    backward = derivation.settled(front.strip(derivation.assembled(node.name, derivation.by_name)), node)
    factors = derivation.factors(node.name)
    steps, value = _steps(derivation, node, front, expansion, factors)
    used = tuple(fact.text for fact in graph.facts if any(step.rule == "use the assumption" for step in steps))
    return Gradient(node.ref(), front.put(expansion), factors, front.put(backward), value, steps, used)


class _Front:
    """What the cost puts in front of the derivative of the loss: 1/m and, for what all samples share, Σ_i."""

    def __init__(self, graph: Graph, node: Node) -> None:
        self.samples, self.scale = graph.samples, ONE
        self.bound: Bound | None = None
        if graph.samples is not None:
            length = size(graph.samples.size)
            self.scale = reciprocal(Integer(length)) if graph.cost.reduction == "mean" else ONE
            self.bound = None if node.sampled else Bound(graph.samples.index, axis_to(length))
        self.summed = False

    def strip(self, body: Expression) -> Expression:
        """The derivative of one sample's loss: the sum over samples, if every term has one, is put back by `put`."""
        if self.bound is None:
            return body
        terms = opened(body)
        stripped = [_without_sample(term, self.bound) for term in terms]
        inside = [term for term in stripped if term is not None]
        self.summed = bool(terms) and len(inside) == len(terms)
        return add(*(term_expression(term) for term in inside)) if self.summed else body

    def put(self, body: Expression) -> Expression:
        """The derivative of the cost, from that of one sample's loss."""
        if body == ZERO:
            return ZERO
        if not self.summed or self.bound is None:
            return mul(self.scale, body)
        if self.bound.name not in free_variables(body):
            return mul(body) if self.scale != ONE else mul(Integer(self.bound.axis.length), body)
        return mul(self.scale, Fold("sum", self.bound, body))


def _without_sample(term: Term, sample: Bound) -> Term | None:
    """The term without its sum over samples, whose index becomes the sample letter; None if it has no such sum."""
    bound = next((each for each in term.bounds if each.axis == sample.axis), None)
    if bound is None:
        return None
    rest = replace(term, bounds=tuple(each for each in term.bounds if each != bound))
    return rest if bound.name == sample.name else rest.reindex({bound.name: variable(sample.name)})


def _cost(graph: Graph) -> Ref:
    """The name under which the cost is differentiated."""
    return Ref(graph.cost.name) if graph.samples is not None else graph.node(graph.cost.loss).ref()


def _steps(derivation: Derivation, node: Node, front: _Front, expansion: Expression, factors: tuple[Factor, ...]) -> tuple[tuple[Step, ...], Expression]:
    """From ∂C/∂w to the textbook form: linearity, chain rule, each partial's value, rewrites. The last step is the answer."""
    graph = derivation.graph
    loss = graph.node(graph.cost.loss)
    whole: Expression = Partial(_cost(graph), node.ref())
    found: list[Step] = []

    def step(rule: str, reason: str, after: Expression, identity: str = "") -> None:
        nonlocal whole
        if after != whole:
            found.append(Step(rule, reason, whole, after, identity))
            whole = after

    if graph.samples is not None and loss.sampled and not node.sampled:
        inside: Expression = Partial(loss.ref(), node.ref())
        mean = graph.cost.reduction == "mean"
        reason = f"the cost is the {'mean' if mean else 'sum'} of the losses of the samples, and the derivative of a sum is the sum of the derivatives: it goes inside"
        step("linearity", reason, mul(front.scale, Fold("sum", Bound(graph.samples.index, loss.axes[0]), inside)), "d(u + v)/dw = du/dw + dv/dw")
    reason = f"{node.name} reaches the loss through {_through(derivation, node.name)}; the derivatives along the way are multiplied"
    step("chain rule", reason, front.put(expansion), "dL/dw = dL/dz·dz/dw")
    body = expansion
    for factor in factors:
        body = _with_value(body, factor)
        step(factor.rule, factor.reason, front.put(body))
    whole_value = front.strip(derivation.assembled(node.name, derivation.textbook_adjoint))
    step("put in δ", "each remaining derivative of the loss is the δ of the backward pass", front.put(whole_value))
    body = whole_value
    for rewrite, after in rewrites(whole_value, derivation.ground(node)):
        body = after
        step(rewrite.name, rewrite.sentence, front.put(after), rewrite.identity)
    settled = front.put(tidy(body))
    step("order", "signs and numbers stand in front, common factors once", settled)
    return tuple(found), settled


def _through(derivation: Derivation, name: str) -> str:
    below = tuple(dict.fromkeys(link.child.name for link in derivation.links(name)))
    return " and ".join(below) if len(below) < 3 else f"{', '.join(below[:-1])} and {below[-1]}"


def _with_value(expression: Expression, factor: Factor) -> Expression:
    """The expression with a partial replaced by its value, wherever it stands (at whichever indices)."""
    def change(each: Expression) -> Expression | None:
        if not isinstance(each, Partial) or (each.top.name, each.bottom.name) != (factor.partial.top.name, factor.partial.bottom.name):
            return None
        names: dict[str, object] = {}
        for mine, theirs in zip(factor.partial.top.indices + factor.partial.bottom.indices, each.top.indices + each.bottom.indices, strict=True):
            if mine.variable is None:
                if mine != theirs:
                    return None
                continue
            names[mine.variable] = theirs
        return reindex(factor.value, names)  # type: ignore[arg-type]

    return replace_in(expression, change)
