"""`derive`: the gradients of a graph, in the forms that a book prints, with every factor and step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from backprop_derive.calculus.adjoints import Adjoint
from backprop_derive.calculus.chain import Chain
from backprop_derive.calculus.elements import (
    at_numbers,
    at_place,
    closed_entry,
    closed_form,
    element_factors,
    element_steps,
    in_front,
    places,
    tidy_samples,
    written_out,
)
from backprop_derive.calculus.front import Front
from backprop_derive.calculus.penalties import Penalty, penalty_chain, penalty_on
from backprop_derive.calculus.rewriting import ASSUMING, rewrites, tidy
from backprop_derive.calculus.steps import Factor, Step, factor_of, through
from backprop_derive.calculus.terms import same_but_for_letters
from backprop_derive.calculus.words import Words, listed
from backprop_derive.errors import Problem, UsageError, nearest
from backprop_derive.graph.expressions import ZERO, Expression, Fold, Partial, Ref, add, reindex, walk
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Affine
from backprop_derive.graph.nodes import PREFIXED, Graph, Node
from backprop_derive.shown import Shown


@dataclass(frozen=True)
class Delta:
    """One line of the backward pass: the adjoint of a node, called `name`, by the chain rule and by value.

    Relative to the summed loss Σ_i L_i; the cost's 1/m is not in it. `value` may mention other deltas by name.
    """

    name: str
    of: Ref
    expansion: Expression
    factors: tuple[Factor, ...]
    value: Expression
    steps: tuple[Step, ...]


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
    notes: tuple[Words, ...] = ()


@dataclass(frozen=True, repr=False)
class Derivation(Shown):
    """All that can be said of the gradients of a graph. Everything is worked out when it is asked for."""

    graph: Graph

    def __repr__(self) -> str:
        return f"Derivation({self.graph.title or 'untitled'!r}: {', '.join(self.graph.parameters)})"

    @cached_property
    def chain(self) -> Chain:
        """The chain rule over the graph."""
        return Chain(self.graph)

    @cached_property
    def adjoints(self) -> Mapping[str, Adjoint]:
        """The adjoint of every node that the loss depends on, as the engine pulls it, relative to Σ_i L_i."""
        return self.chain.adjoints

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What the adjoint of each node is called: `delta_B` for that of `z_B`, `bar_v` for that of v."""
        return self.chain.names

    @cached_property
    def deltas(self) -> Mapping[str, Delta]:
        """The backward pass: its lines by the name of their node, in the order in which they are computed."""
        return {name: _delta(self.chain, name) for name in self.chain.backward_order() if name in self.chain.shown}

    @cached_property
    def gradients(self) -> Mapping[str, Gradient]:
        """The gradient of every parameter."""
        return {name: self.gradient(name) for name in self.graph.parameters}

    def gradient(self, name: str) -> Gradient:
        """∂(cost)/∂(any node or leaf), at the node's letters. Raises UsageError for an unknown name."""
        if name not in self._found:
            self._found[name] = self._with_penalty(self._without_penalty(name), {})
        return self._found[name]

    @cached_property
    def _found(self) -> dict[str, Gradient]:
        return {}

    @cached_property
    def _of_losses(self) -> dict[str, Gradient]:
        return {}

    @cached_property
    def _penalties(self) -> Chain | None:
        return penalty_chain(self.graph)

    def _without_penalty(self, name: str) -> Gradient:
        if name not in self._of_losses:
            if name not in self.graph.by_name:
                message = f"there is no {name!r} in this network; there are: {', '.join(self.graph.by_name)}"
                raise UsageError(Problem(message, value=name, nearest=nearest(name, self.graph.by_name)))
            self._of_losses[name] = _gradient(self.chain, self.graph.node(name))
        return self._of_losses[name]

    def _with_penalty(self, of_losses: Gradient, values: Mapping[str, Affine]) -> Gradient:
        node = self.graph.node(of_losses.of.name)
        penalty = None if self._penalties is None else penalty_on(self._penalties, node, values)
        return of_losses if penalty is None else _plus(self.chain, of_losses, penalty)

    def element(self, name: str, place: tuple[int, ...]) -> Gradient:
        """The gradient of one entry of an array, with sums over known lengths written out. Raises UsageError for a place
        that the array does not have."""
        whole = self._without_penalty(name)
        values = at_place(self.chain, self.graph.node(name), place)
        of = reindex(whole.of, values)
        assert isinstance(of, Ref)
        steps = element_steps(self.chain, name, whole.steps, values)
        expansion = written_out(self.chain, at_numbers(whole.expansion, values))
        backward = in_front(self.chain, tidy_samples(written_out(self.chain, at_numbers(whole.backward, values))))
        named = {(each.top.name, each.bottom.name) for each in walk(expansion) if isinstance(each, Partial)}
        factors = tuple(each for each in element_factors(whole.factors, values) if (each.partial.top.name, each.partial.bottom.name) in named)
        entry = Gradient(of, expansion, factors, backward, steps[-1].after, steps, whole.assumptions, whole.notes)
        return self._with_penalty(entry, values)

    def entries(self, name: str) -> Iterator[tuple[tuple[int, ...], Expression]]:
        """Every entry of an array with its gradient in δ by name, sums over known lengths written out; one at a time, so
        that time and memory grow with the number of entries only. Raises UsageError where a size is a symbol."""
        backward, node = self.gradient(name).backward, self.graph.node(name)
        for place in places(self.chain, name):
            yield place, written_out(self.chain, at_numbers(backward, at_place(self.chain, node, place)))

    def closed(self, name: str, place: tuple[int, ...] | None = None) -> Expression:
        """The gradient in inputs, targets, constants and parameters only; of one entry, if `place` says which, with sums over
        known lengths written out. Raises UsageError where it has no end or fills pages, or the array has no such place."""
        if place is None:
            return closed_form(self.chain, self.gradient(name).gradient)
        of_losses, node = self._without_penalty(name).gradient, self.graph.node(name)
        values = at_place(self.chain, node, place)
        penalty = None if self._penalties is None else penalty_on(self._penalties, node, values)
        entry = closed_entry(self.chain, at_numbers(of_losses, values))
        return entry if penalty is None else add(entry, closed_form(self.chain, penalty.value))


def derive(graph: Graph) -> Derivation:
    """The derivation of a graph. Nothing is printed; gradients are worked out when they are read."""
    return Derivation(graph)


# -- one line of the backward pass ------------------------------------------------------------------------------------


def _delta(chain: Chain, name: str) -> Delta:
    node = chain.graph.node(name)
    expansion = chain.expansion(name, whole=False)
    factors = tuple(_factors(chain, name, whole=False))
    trail = _Trail(chain.of_loss(node.mention()))
    trail.step("chain rule", through(chain.loss.name, name, expansion), expansion, "dL/dz = dL/da·da/dz")
    for factor in factors:
        trail.step(factor.rule, factor.reason, _with_value(trail.now, factor.partial, factor.value), partial=factor.partial)
    for child in _children_shown(chain, name):
        sign = chain.graph.error
        said = "this is the derivative by " if sign == PREFIXED else f"this is the {sign} of "
        trail.step("δ by name", (said, Ref(child), ", already known"), _with_deltas(chain, trail.now, child))
    raw = chain.assembled(name, chain.by_name)
    _settle(chain, node, trail, raw, Front(chain.graph, None))
    if name not in chain.statistics.inner and (inner := [each for each in _children_shown(chain, name) if each in chain.statistics.inner]):
        whole = chain.settled(chain.assembled(name, chain.beside_statistics), node)
        trail.step("statistics", _put_in(inner), whole, "Σ_k (x_k − μ) = 0, (x − μ)·r = x̂")
    return Delta(chain.names[name], node.ref(), expansion, factors, trail.now, tuple(trail.steps))


def _put_in(inner: Sequence[str]) -> Words:
    """What happens where a derivative goes through a mean."""
    return ("the derivatives by ", *listed(inner), " are put in: deviations from their mean sum to 0, and what has a name goes by it")


def _children_shown(chain: Chain, name: str) -> list[str]:
    found: list[str] = []
    for link in chain.links(name):
        child = link.child.name
        if child in chain.shown:
            found.append(child)
        elif child != chain.loss.name:
            found.extend(_children_shown(chain, child))
    return list(dict.fromkeys(found))


def _with_deltas(chain: Chain, expression: Expression, name: str) -> Expression:
    def change(each: Expression) -> Expression | None:
        total = each.body if isinstance(each, Fold) else each
        if isinstance(total, Partial) and total.bottom.name == name and each == chain.of_loss(total.bottom):
            return chain.by_name(total.bottom)
        return None

    return replace_in(expression, change)


# -- one gradient -----------------------------------------------------------------------------------------------------


def _gradient(chain: Chain, node: Node) -> Gradient:
    graph = chain.graph
    trail = _Trail(Partial(Ref(graph.cost.name), node.mention()))
    if node.name not in chain.reaching:
        note: Words = (Ref(graph.cost.loss), " does not depend on ", Ref(node.name), ", so its gradient is 0")
        trail.step("no dependence", note, ZERO)
        return Gradient(node.ref(), ZERO, (), ZERO, ZERO, tuple(trail.steps), notes=(note,))
    front = Front(graph, node)
    whole = chain.whole(node.name)
    expansion = front.strip(chain.expansion(node.name, whole=whole))
    backward = front.put(chain.settled(front.strip(chain.assembled(node.name, chain.by_name)), node))
    factors = tuple(_factors(chain, node.name, whole=whole))
    if front.summed:
        trail.step("linearity", front.reason, front.named(Partial(graph.differentiated, node.mention())), "d(u + v)/dw = du/dw + dv/dw")
    trail.step("chain rule", through(chain.loss.name, node.name, expansion), front.put(expansion), "dL/dw = dL/dz·dz/dw")
    for factor in factors:
        trail.step(factor.rule, factor.reason, _with_value(trail.now, factor.partial, factor.value), partial=factor.partial)
    _settle(chain, node, trail, front.strip(chain.assembled(node.name, chain.unwritten(node.name))), front)
    assumed = chain.assumed(node.name) or any(step.rule in ASSUMING for step in trail.steps)
    used = tuple(fact.text for fact in graph.facts) if assumed else ()
    return Gradient(node.ref(), front.put(expansion), factors, backward, trail.now, tuple(trail.steps), used)


def _plus(chain: Chain, of_losses: Gradient, penalty: Penalty) -> Gradient:
    """The gradient of the losses plus that of the penalty on the parameters."""
    whole, steps = Partial(Ref(chain.graph.cost.name), of_losses.of), of_losses.steps
    first: Expression = ZERO
    if of_losses.of.name not in chain.reaching:
        steps = ()
    elif steps[0].rule == "linearity":
        first, steps = steps[0].after, steps[1:]
    else:
        first = Front(chain.graph, chain.graph.node(of_losses.of.name)).put(chain.of_loss(of_losses.of))
    return Gradient(
        of_losses.of,
        add(of_losses.expansion, penalty.by_name),
        (*of_losses.factors, penalty.factor),
        add(of_losses.backward, penalty.value),
        add(of_losses.gradient, penalty.value),
        penalty.steps(whole, first, steps),
        of_losses.assumptions,
    )


class _Trail:
    """The steps so far, and the expression that they have reached."""

    def __init__(self, start: Expression) -> None:
        self.now, self.steps = start, list[Step]()

    def step(self, rule: str, reason: Words, after: Expression, identity: str = "", *, partial: Partial | None = None) -> None:
        """One more step, if it changes anything that is seen."""
        if not same_but_for_letters(after, self.now):
            self.steps.append(Step(rule, reason, self.now, after, identity, partial))
            self.now = after


def _settle(chain: Chain, node: Node, trail: _Trail, raw: Expression, front: Front) -> None:
    """From the product of all values to the form that a book prints."""
    if any(isinstance(each, Partial) for each in walk(trail.now)):
        said = "those" if chain.graph.error == PREFIXED else f"the {chain.graph.error}s"
        trail.step("backward pass", (f"the derivatives of the loss that are left are {said} of the backward pass",), front.put(raw))
    for rewrite, after in rewrites(raw, chain.ground(node)):
        raw = after
        trail.step(rewrite.name, (rewrite.sentence,), front.put(after), rewrite.identity)
    trail.step("order", ("signs and numbers stand in front, common factors once, sums last",), front.put(tidy(raw)))


def _factors(chain: Chain, name: str, *, whole: bool) -> Iterator[Factor]:
    """The factors of an expansion, loss first, each once."""
    found: dict[Partial, Factor] = {}

    def visit(each: str) -> None:
        for link in chain.links(each):
            child = link.child.name
            if child != chain.loss.name and (whole or child not in chain.shown):
                visit(child)
        for link in chain.links(each):
            factor = factor_of(chain.graph, link)
            found.setdefault(factor.partial, factor)

    visit(name)
    named = {(each.top.name, each.bottom.name) for each in walk(chain.expansion(name, whole=whole)) if isinstance(each, Partial)}
    return (factor for factor in found.values() if (factor.partial.top.name, factor.partial.bottom.name) in named)


def _with_value(expression: Expression, partial: Partial, value: Expression) -> Expression:
    """The expression with a partial replaced by its value, wherever it stands, at whichever indices."""

    def change(each: Expression) -> Expression | None:
        if not isinstance(each, Partial) or (each.top.name, each.bottom.name, each.direct) != (partial.top.name, partial.bottom.name, partial.direct):
            return None
        places: dict[str, Affine] = {}
        mine, theirs = partial.top.indices + partial.bottom.indices, each.top.indices + each.bottom.indices
        for written, found in zip(mine, theirs, strict=True):
            if written.variable is not None:
                places[written.variable] = found
            elif written != found:
                return None
        return reindex(value, places)

    return replace_in(expression, change)
