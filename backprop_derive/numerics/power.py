"""Mistakes planted into printed gradients, to know what the check is worth: each that changes a value must be caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from backprop_derive.graph.expressions import ZERO, Add, Apply, Expression, Mul, Number, Ref, add, children, mul, neg, num, rebuilt, reindex
from backprop_derive.graph.indices import variable
from backprop_derive.graph.nodes import Graph, Node

MOST = 40


@dataclass(frozen=True, slots=True)
class Mistake:
    """A gradient with one mistake in it."""

    kind: str
    expression: Expression


def planted(graph: Graph, node: Node, gradient: Expression) -> tuple[Mistake, ...]:
    """The gradient of `node` with each mistake that can be made in it; of very many, an even choice of 40."""
    if gradient == ZERO:
        return ()
    found = [*_of_the_whole(gradient), *_of_its_layout(node, gradient)]
    inside = [Mistake(kind, wrong) for kind, rule in _RULES for wrong in _changed(gradient, lambda each, rule=rule: rule(graph, each))]  # type: ignore[misc]
    room = MOST - len(found)
    if len(inside) > room:
        inside = [inside[at * len(inside) // room] for at in range(room)]
    return tuple(dict.fromkeys((*found, *inside)))


def _of_the_whole(gradient: Expression) -> Iterator[Mistake]:
    yield Mistake("sign flipped", neg(gradient))
    for kind, factor in (("twice as large", Fraction(2)), ("half as large", Fraction(1, 2)), ("0.05 % too large", Fraction(2001, 2000))):
        yield Mistake(kind, mul(num(factor), gradient))


def _of_its_layout(node: Node, gradient: Expression) -> Iterator[Mistake]:
    """∂C/∂W[k,j] where ∂C/∂W[j,k] belongs, if W is square."""
    for first in range(len(node.letters)):
        for second in range(first + 1, len(node.letters)):
            if node.axes[first] == node.axes[second]:
                one, other = node.letters[first], node.letters[second]
                yield Mistake("transposed", reindex(gradient, {one: variable(other), other: variable(one)}))


def _changed(expression: Expression, rule: Callable[[Expression], Iterator[Expression]]) -> Iterator[Expression]:
    """The expression with the rule used at one place, for each place and each way."""
    yield from rule(expression)
    below = children(expression)
    for at, child in enumerate(below):
        for wrong in _changed(child, rule):
            yield rebuilt(expression, (*below[:at], wrong, *below[at + 1 :]))


def _factor_dropped(_: Graph, expression: Expression) -> Iterator[Expression]:
    """u·v·w → u·w"""
    if isinstance(expression, Mul):
        for at in range(len(expression.factors)):
            yield mul(*expression.factors[:at], *expression.factors[at + 1 :])


def _factor_twice(_: Graph, expression: Expression) -> Iterator[Expression]:
    """u·v → u·v·v"""
    if isinstance(expression, Mul):
        for at, factor in enumerate(expression.factors):
            if not isinstance(factor, Number):
                yield mul(*expression.factors[: at + 1], *expression.factors[at:])


def _term_dropped(_: Graph, expression: Expression) -> Iterator[Expression]:
    """u + v → u"""
    if isinstance(expression, Add):
        for at in range(len(expression.terms)):
            yield add(*expression.terms[:at], *expression.terms[at + 1 :])


def _term_sign(_: Graph, expression: Expression) -> Iterator[Expression]:
    """u + v → u - v"""
    if isinstance(expression, Add):
        for at, term in enumerate(expression.terms[1:], 1):
            yield add(*expression.terms[:at], neg(term), *expression.terms[at + 1 :])


def _index_swapped(graph: Graph, expression: Expression) -> Iterator[Expression]:
    """W[j,k] → W[k,j], where both run over the same axis"""
    if isinstance(expression, Ref) and expression.name in graph.by_name:
        axes, indices = graph.node(expression.name).axes, expression.indices
        for first in range(len(indices)):
            for second in range(first + 1, len(indices)):
                if axes[first] == axes[second] and indices[first] != indices[second]:
                    swapped = list(indices)
                    swapped[first], swapped[second] = swapped[second], swapped[first]
                    yield Ref(expression.name, tuple(swapped))


def _derivative_at_output(_: Graph, expression: Expression) -> Iterator[Expression]:
    """f'(z) → f'(f(z))"""
    if isinstance(expression, Apply) and expression.order and len(expression.arguments) == 1:
        yield Apply(expression.function, (Apply(expression.function, expression.arguments),), expression.order)


_RULES: tuple[tuple[str, Callable[[Graph, Expression], Iterator[Expression]]], ...] = (
    ("factor dropped", _factor_dropped),
    ("factor doubled", _factor_twice),
    ("term dropped", _term_dropped),
    ("sign of a term flipped", _term_sign),
    ("index swapped", _index_swapped),
    ("derivative taken at the output", _derivative_at_output),
)
