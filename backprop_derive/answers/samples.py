"""What people leave out about samples, and what an equation is with it put in.

    ∂C/∂w = δ x            one sample's: compared with ∂L_i/∂w + ∂R/∂w, then with ∂L_i/∂w
    ∂C/∂w = 1/m δ x        the Σ_i is implied
    ∂L/∂w = 1/m Σ_i δ x    L is the cost here
    δ = (a - y)/m          with the cost's 1/m in it
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from backprop_derive.answers.equality import Reading
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, Worlds
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.graph.expressions import (
    Add,
    Bound,
    Expression,
    Fold,
    Integer,
    Mul,
    Partial,
    Ref,
    add,
    free_variables,
    mul,
    reciprocal,
    reindex,
)
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import axis_to, size, variable
from backprop_derive.graph.nodes import PREFIXED, Graph

IMPLIED = "the sum over the samples, which is not written, is taken as meant"
OVER_SAMPLES = "the sum is taken over the samples, entry by entry"
PER_SAMPLE = "this is the derivative of one sample's loss; that of the cost {cost} is {total} over the samples"
PER_SAMPLE_WITH_PENALTY = "this is for one sample, with the regulariser; the cost {cost} has {total} over the samples"
WHOLE = "{loss} is taken as the cost {cost} here, over all samples"
_INCLUDES = "includes the cost's 1/"
WITH_MEAN = f"your {{name}} {_INCLUDES}{{size}}; {{that}} of this page does not"
WITH_MEAN_IN_EACH = "your derivatives include the cost's 1/{size}, as in the course's programs; those of the page do not"


def includes_mean(notes: Sequence[str]) -> bool:
    """Whether what was accepted is a δ with the cost's 1/m in it, as the notes of its verdict say."""
    return any(_INCLUDES in note for note in notes)


def readings(worlds: Worlds, left: Side, right: Side, definitions: Definitions = NOTHING) -> Iterator[Reading]:
    """The equation as it stands, then with what it may leave out about samples."""
    yield Reading(left, right)
    graph = worlds.graph
    yield from _by_entry(graph, left, right)
    if graph.samples is None or graph.samples.coupled or graph.cost.reduction == "single":
        return
    try:
        sampled = [_is_sampled(worlds, side.expression, definitions) for side in (left, right)]
    except (EvaluationError, NotYetError):
        return
    if sampled == [False, True]:
        yield Reading(left, _summed(worlds, right, definitions), IMPLIED)
        yield from of_one_sample(graph, left, right)
    if sampled == [True, False]:
        yield Reading(_summed(worlds, left, definitions), right, IMPLIED)
        yield from _of_the_cost(graph, left, right)
        yield from of_one_sample(graph, right, left, turned=True)
    if sampled == [True, True]:
        yield from of_one_sample(graph, left, right)
    if graph.cost.reduction == "mean":
        yield from _with_mean(graph, left, right)
        if graph.error == PREFIXED:
            yield from _with_mean_in_each(worlds, left, right, definitions)


def _by_entry(graph: Graph, left: Side, right: Side) -> Iterator[Reading]:
    """`∂C/∂b = 1/m sum(δ)`, where b and δ are vectors: the sum is one over the samples."""
    if graph.samples is None or len(left.letters) != 1 or right.letters:
        return
    samples = Bound(graph.samples.index, axis_to(size(graph.samples.size)))

    def over_samples(each: Expression) -> Expression | None:
        if not isinstance(each, Fold) or each.kind != "sum" or each.bound.axis != left.axes[0] or samples.name not in free_variables(each.body):
            return None
        return Fold("sum", samples, reindex(each.body, {each.bound.name: variable(left.letters[0])}))

    changed = _replaced(right, over_samples)
    if changed != right:
        yield Reading(left, replace(changed, letters=left.letters, axes=left.axes), OVER_SAMPLES)


def _is_sampled(worlds: Worlds, expression: Expression, definitions: Definitions) -> bool:
    world = worlds.floating(0)
    return world.is_sampled(world.evaluator(expression, definitions)[1])


def _summed(worlds: Worlds, side: Side, definitions: Definitions) -> Side:
    """The side with Σ_i around each part that differs from sample to sample: 1/m δ x + λ w is 1/m Σ_i δ x + λ w."""
    samples = worlds.graph.samples
    assert samples is not None
    bound = Bound(samples.index, axis_to(size(samples.size)))

    def summed(expression: Expression) -> Expression:
        if not _is_sampled(worlds, expression, definitions):
            return expression
        if isinstance(expression, Add):
            return add(*(summed(term) for term in expression.terms))
        if isinstance(expression, Mul):
            differing = [factor for factor in expression.factors if _is_sampled(worlds, factor, definitions)]
            same = [factor for factor in expression.factors if factor not in differing]
            if same:
                return mul(*same, summed(mul(*differing)))
        return Fold("sum", bound, expression)

    return replace(side, expression=summed(side.expression))


def of_one_sample(graph: Graph, left: Side, right: Side, *, turned: bool = False) -> Iterator[Reading]:
    """The cost and its derivatives as those of one sample: with the derivative of the penalty, then without."""
    words = {"cost": graph.cost.name, "total": "the mean" if graph.cost.reduction == "mean" else "the sum"}
    own = [PER_SAMPLE_WITH_PENALTY.format(**words)] if graph.cost.regularizer is not None else []
    for note in (*own, PER_SAMPLE.format(**words)):
        changed = _replaced(left, _one_sample(graph, with_penalty=note in own))
        if changed != left:
            yield Reading(right, changed, note) if turned else Reading(changed, right, note)


def _one_sample(graph: Graph, *, with_penalty: bool) -> Callable[[Expression], Expression | None]:
    assert graph.samples is not None
    cost = graph.cost
    loss_node = graph.node(cost.loss)
    loss = Ref(cost.loss, (variable(graph.samples.index),)) if loss_node.sampled else Ref(cost.loss)

    def change(each: Expression) -> Expression | None:
        if isinstance(each, Partial) and each.top.name == cost.name:
            penalty = (Partial(Ref(cost.regularizer), each.bottom),) if with_penalty and cost.regularizer is not None else ()
            return add(Partial(loss, each.bottom), *penalty)
        if each == Ref(cost.name):
            return add(loss, *((Ref(cost.regularizer),) if with_penalty and cost.regularizer is not None else ()))
        return None

    return change


def _of_the_cost(graph: Graph, left: Side, right: Side) -> Iterator[Reading]:
    """What is written of the loss, of the cost: ∂L/∂w = 1/m Σ_i …"""
    cost = Ref(graph.cost.name)

    def change(each: Expression) -> Expression | None:
        if isinstance(each, Partial) and each.top.name == graph.cost.loss:
            return Partial(cost, each.bottom)
        return cost if isinstance(each, Ref) and each.name == graph.cost.loss else None

    changed = _replaced(left, change)
    if changed != left:
        yield Reading(changed, right, WHOLE.format(loss=graph.cost.loss, cost=graph.cost.name))


def _with_mean(graph: Graph, left: Side, right: Side) -> Iterator[Reading]:
    """A δ, by its name or as ∂L/∂z, with 1/m in it."""
    assert graph.samples is not None
    found = left.expression
    adjoint = isinstance(found, Ref) and found.name not in graph.by_name and found.name != graph.cost.name
    by_loss = isinstance(found, Partial) and found.top.name == graph.cost.loss and graph.node(found.bottom.name).sampled
    if adjoint or by_loss:
        mean = mul(reciprocal(Integer(size(graph.samples.size))), found)
        own = graph.error == PREFIXED and isinstance(found, Ref)
        sign = {"name": found.name, "that": "that"} if own and isinstance(found, Ref) else {"name": graph.error, "that": f"the {graph.error}"}
        yield Reading(replace(left, expression=mean), right, WITH_MEAN.format(**sign, size=graph.samples.size))


def _with_mean_in_each(worlds: Worlds, left: Side, right: Side, definitions: Definitions) -> Iterator[Reading]:
    """Where d in front of a name is the derivative of the cost, 1/m and all, in every name: dW = x^T ds."""
    graph, adjoints = worlds.graph, frozenset(worlds.derivation.names.values())
    assert graph.samples is not None
    part = reciprocal(Integer(size(graph.samples.size)))

    def change(each: Expression) -> Expression | None:
        return mul(part, each) if isinstance(each, Ref) and each.name in adjoints else None

    first, second = _replaced(left, change), _replaced(right, change)
    for mean in (second, _summed(worlds, second, definitions)) if second != right else ():
        yield Reading(first, mean, WITH_MEAN_IN_EACH.format(size=graph.samples.size))


def _replaced(side: Side, change: Callable[[Expression], Expression | None]) -> Side:
    return replace(side, expression=replace_in(side.expression, change))
