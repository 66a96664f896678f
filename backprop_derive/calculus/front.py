"""What the cost puts in front of the derivative of the loss: 1/m and, for what all samples share, Σ_i."""

from __future__ import annotations

from backprop_derive.calculus.words import Words
from backprop_derive.graph.expressions import (
    ONE,
    ZERO,
    Add,
    Bound,
    Bracket,
    Expression,
    Fold,
    Integer,
    Mul,
    Number,
    Where,
    add,
    free_variables,
    mul,
    reciprocal,
    reindex,
)
from backprop_derive.graph.indices import axis_to, size, variable
from backprop_derive.graph.nodes import Graph, Node


class Front:
    """`strip` takes the sum over samples off the derivative of Σ_i L_i, `put` puts the cost's front before it.

    Without a node, or for a node that each sample has of its own, there is no sum to take off. A loss that no data enters
    is the same for all samples: their mean is the loss itself, their sum m times it.
    """

    def __init__(self, graph: Graph, node: Node | None) -> None:
        self.scale: Expression = ONE
        self.bound: Bound | None = None
        self.summed = self.coupled = False
        self.mean = graph.cost.reduction == "mean"
        if graph.samples is not None and node is not None:
            length = size(graph.samples.size)
            loss = graph.node(graph.cost.loss)
            self.coupled = graph.samples.coupled
            if loss.sampled:
                self.scale = reciprocal(Integer(length)) if self.mean else ONE
                self.bound = None if node.sampled else Bound(graph.samples.index, axis_to(length))
            else:
                self.scale = ONE if self.mean else Integer(length)

    @property
    def reason(self) -> Words:
        """Why the derivative goes inside the sum."""
        kind = "mean" if self.mean else "sum"
        if self.coupled:
            return (f"the cost is the {kind} of the losses of the samples{', their sum times 1/m' if self.mean else ''}",)
        return (f"the cost is the {kind} of the losses of the samples, and the derivative of a sum is the sum of the derivatives: it goes inside",)

    def strip(self, body: Expression) -> Expression:
        """The derivative of one sample's loss, where every term is a sum over the samples; else the expression itself."""
        if self.bound is None:
            return body
        stripped = [_without(term, self.bound) for term in (body.terms if isinstance(body, Add) else (body,))]
        inside = [term for term in stripped if term is not None]
        self.summed = len(inside) == len(stripped)
        return add(*inside) if self.summed else body

    def named(self, partial: Expression) -> Expression:
        """The same of ∂L/∂w by its name, L being the loss of one sample or, where samples are coupled, the sum of all."""
        return mul(self.scale, partial) if self.coupled else self.put(partial)

    def put(self, body: Expression) -> Expression:
        """The derivative of the cost, from what `strip` gave."""
        if body == ZERO:
            return ZERO
        if not self.summed or self.bound is None:
            return self._scaled(body)
        if self.bound.name in free_variables(body):
            number, rest = split_number(body)
            return mul(number, self.scale, Fold("sum", self.bound, rest))
        return body if self.mean else mul(Integer(self.bound.axis.length), body)

    def _scaled(self, body: Expression) -> Expression:
        """`1/m·(u + m·v) = 1/m·u + v`: what does not depend on the samples, such as a penalty on the weights."""
        if self.bound is None or not self.mean:
            return mul(self.scale, body)
        length = Integer(self.bound.axis.length)
        terms = body.terms if isinstance(body, Add) else (body,)
        closed = [term for term in terms if isinstance(term, Mul) and term.factors.count(length) == 1]
        rest = add(*(term for term in terms if term not in closed))
        alone = [mul(*(factor for factor in term.factors if factor != length)) for term in closed if isinstance(term, Mul)]
        return add(mul(self.scale, rest), *alone)


def split_number(expression: Expression) -> tuple[Number, Expression]:
    """The number in front of a product, and the rest."""
    if isinstance(expression, Mul) and isinstance(expression.factors[0], Number):
        return expression.factors[0], mul(*expression.factors[1:])
    return ONE, expression


def number_in_front(expression: Expression, sample: str) -> Expression:
    """`1/m Σ_i 2·e` as `2/m Σ_i e`, in each term: a number goes in front of the sum over the samples."""
    if isinstance(expression, Add):
        return add(*(number_in_front(term, sample) for term in expression.terms))
    front, last = (expression.factors[:-1], expression.factors[-1]) if isinstance(expression, Mul) else ((), expression)
    if not isinstance(last, Fold) or last.kind != "sum" or last.bound.name != sample:
        return expression
    number, rest = split_number(last.body)
    return mul(number, *front, Fold("sum", last.bound, rest))


def _without(expression: Expression, sample: Bound) -> Expression | None:
    """The expression without its outer sum over samples, whose index becomes the sample letter; None if it has none."""
    if isinstance(expression, Fold) and expression.kind == "sum":
        if expression.bound.axis == sample.axis:
            return reindex(expression.body, {expression.bound.name: variable(sample.name)})
        inner = _without(expression.body, sample)
        return None if inner is None else Fold("sum", expression.bound, inner)
    if isinstance(expression, Where) and isinstance(expression.test, Bracket) and expression.otherwise == ZERO:
        inner = _without(expression.then, sample)
        return None if inner is None else Where(expression.test, inner, ZERO)
    return None
