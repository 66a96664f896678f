"""Deviations from a mean, which the textbook forms of normalising layers rest on.

    mu = 1/n Σ_k x[k]          Σ_k (x[k] − mu) = 0
    xhat[k] = (x[k] − mu)·r    a product with (x[k] − mu)·r in it has xhat[k] in it

With them the derivative by x goes from those by mu and by the variance to the form of three terms,

    r·(g[k] − 1/n Σ_l g[l] − 1/n xhat[k] Σ_l g[l]·xhat[l])

(Ioffe and Szegedy, 2015; Ba, Kiros and Hinton, 2016).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from backprop_derive.calculus.terms import Term
from backprop_derive.graph.expressions import (
    Add,
    Apply,
    Bound,
    Expression,
    Fold,
    Mul,
    Number,
    Power,
    Ref,
    children,
    free_variables,
    integer,
    mul,
    neg,
    num,
    power,
    reciprocal,
    refs,
    reindex,
)
from backprop_derive.graph.indices import Affine
from backprop_derive.graph.nodes import Graph, Node


@dataclass(frozen=True, slots=True)
class Mean:
    """`mu[j] = 1/n Σ_bounds of[…]`: the node, and what it is the mean of, at the node's own letters and those of the bounds."""

    node: Node
    bounds: tuple[Bound, ...]
    of: Ref


@dataclass(frozen=True, slots=True)
class Named:
    """A node whose definition is a product of powers: `xhat[k] = (x[k] − mu)·r`, `r = √(var + eps)^−1`."""

    node: Node
    parts: tuple[tuple[Expression, int], ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """The means of a graph, what has a name that is computed with them, and which nodes only serve to compute that."""

    means: tuple[Mean, ...] = ()
    named: tuple[Named, ...] = ()
    inner: frozenset[str] = frozenset()


def statistics_of(graph: Graph) -> Statistics:
    """What a graph normalises; nothing where it takes no deviations from a mean."""
    means = tuple(mean for node in graph.nodes if (mean := _mean(node)) is not None)
    deviations = [found for node in graph.nodes for found in _named(node) if any(_is_deviation(part, mean) for part, _ in found.parts for mean in means)]
    if not deviations:
        return Statistics()
    outer = {found.node.name for found in deviations}
    divisors = {ref.name for found in deviations for part, _ in found.parts if not isinstance(part, Add) for ref in refs(part)}
    scales = tuple(found for node in graph.nodes if node.name in divisors for found in _named(node) if any(isinstance(part, Apply) for part, _ in found.parts))
    return Statistics(means, (*scales, *deviations), frozenset(_between(graph, means, outer)))


def _mean(node: Node) -> Mean | None:
    """The node as a mean of another one."""
    if len(node.pieces) != 1 or not isinstance(product := node.pieces[0].definition, Mul):
        return None
    found = [peeled for factor in product.factors if (peeled := _peeled(factor))[0]]
    others = [factor for factor in product.factors if not _peeled(factor)[0]]
    if len(found) != 1 or not isinstance(of := found[0][1], Ref):
        return None
    bounds = found[0][0]
    lengths = mul(*(reciprocal(integer(bound.axis.length)) for bound in bounds))
    wanted = lengths.factors if isinstance(lengths, Mul) else (lengths,)
    return Mean(node, bounds, of) if sorted(map(repr, others)) == sorted(map(repr, wanted)) else None


def _peeled(expression: Expression) -> tuple[tuple[Bound, ...], Expression]:
    """The sums around an expression, outermost first, and what stands in them."""
    bounds: list[Bound] = []
    while isinstance(expression, Fold) and expression.kind == "sum":
        bounds.append(expression.bound)
        expression = expression.body
    return tuple(bounds), expression


def _named(node: Node) -> Iterator[Named]:
    if len(node.pieces) == 1 and node.letters == tuple(place.variable for place in node.pieces[0].places):
        definition = node.pieces[0].definition
        factors = definition.factors if isinstance(definition, Mul) else (definition,)
        parts = tuple(_power_parts(factor) for factor in factors)
        if len(parts) > 1 or parts[0][1] < 0:
            yield Named(node, parts)


def _power_parts(factor: Expression) -> tuple[Expression, int]:
    match factor:
        case Power(base=base, exponent=Number(value=value)) if value.denominator == 1:
            return base, int(value)
    return factor, 1


def _is_deviation(part: Expression, mean: Mean) -> bool:
    """`x[k] − mu`, at any place."""
    return isinstance(part, Add) and any(_mean_places(part, mean, ref) is not None for ref in refs(part))


def _mean_places(part: Expression, mean: Mean, ref: Ref) -> tuple[Affine, ...] | None:
    """Where the indices of the mean stand in `x[…] − mu[…]`, if the part is that."""
    if ref.name != mean.of.name or not isinstance(part, Add):
        return None
    places = {index.variable: form for index, form in zip(mean.of.indices, ref.indices, strict=True) if index.variable is not None}
    if len(places) != len(ref.indices):
        return None
    inner = [bound.name for bound in mean.bounds]
    whole = reindex(mean.node.ref(), {name: form for name, form in places.items() if name not in inner})
    return tuple(places[name] for name in inner) if set(part.terms) == {ref, neg(whole)} else None


def _between(graph: Graph, means: tuple[Mean, ...], outer: set[str]) -> set[str]:
    """The means, and what is computed from them on the way to the deviations that have a name, of the shape of a mean."""
    found: set[str] = set()
    for mean in means:
        waiting = [mean.node.name]
        while waiting:
            name = waiting.pop()
            if name in found or name in outer or graph.node(name).axes != mean.node.axes:
                continue
            found.add(name)
            waiting.extend(graph.children[name])
    return {name for name in found if set(graph.children[name]) <= found | outer}


# -- rewriting --------------------------------------------------------------------------------------------------------


def without_deviations(term: Term, statistics: Statistics) -> Term | None:
    """The term, or None where it is 0: a sum of deviations from their mean, of which nothing else depends on the index."""
    for factor in term.factors:
        inner, body = _peeled(factor)
        bounds = (*term.bounds, *inner)
        for mean in statistics.means:
            summed = _summed(body, mean, bounds)
            others = {name for each in term.factors if each is not factor for name in free_variables(each)}
            others |= {name for condition in term.conditions for name in condition.form.variables()}
            if summed and not others & (summed - {bound.name for bound in inner}):
                return None
    return term


def _summed(part: Expression, mean: Mean, bounds: Sequence[Bound]) -> set[str]:
    """The indices over which `x[…] − mu[…]` is summed to 0, if it is that and they run over all that the mean is taken of."""
    axes = {bound.name: bound.axis for bound in bounds}
    for ref in refs(part):
        letters = [place.variable or "" for place in _mean_places(part, mean, ref) or ()]
        if letters and len(set(letters)) == len(letters) and all(axes.get(letter) == bound.axis for letter, bound in zip(letters, mean.bounds, strict=True)):
            return set(letters)
    return set()


def by_name(term: Term, statistics: Statistics) -> Term:
    """The term with the names of what stands in it as a product of powers, as often as it does."""
    changed = True
    while changed:
        changed = False
        for named in statistics.named:
            for factor in term.factors:
                found = _with_name(term, named, factor)
                if found is not None:
                    term, changed = found, True
                    break
    return term


def _with_name(term: Term, named: Named, factor: Expression) -> Term | None:
    """The term with one mention of `named`, where `factor` is its first part and all the others are there too."""
    places = _places(named.parts[0][0], _power_parts(factor)[0])
    if places is None:
        return None
    parts = [_power_parts(each) for each in term.factors]
    first = None
    for base, exponent in named.parts:
        base = reindex(base, places)
        at = next((at for at, (each, count) in enumerate(parts) if each == base and count * exponent > 0 and abs(count) >= abs(exponent)), None)
        if at is None:
            return None
        first = at if first is None else first
        parts[at] = (parts[at][0], parts[at][1] - exponent)
    assert first is not None
    mention = reindex(named.node.ref(), places)
    factors = [power(base, num(count)) for base, count in parts]
    factors[first : first + 1] = [mention, factors[first]]
    return replace(term, factors=()).after(*factors)


def _places(pattern: Expression, expression: Expression) -> dict[str, Affine] | None:
    """What the letters of a definition stand for, so that it is the expression."""
    places: dict[str, Affine] = {}

    def fits(mine: Expression, theirs: Expression) -> bool:
        if isinstance(mine, Ref) and isinstance(theirs, Ref) and mine.name == theirs.name and len(mine.indices) == len(theirs.indices):
            for form, place in zip(mine.indices, theirs.indices, strict=True):
                if form.variable is not None:
                    places.setdefault(form.variable, place)
            return True
        below = children(mine), children(theirs)
        return type(mine) is type(theirs) and len(below[0]) == len(below[1]) and all(map(fits, *below))

    return places if fits(pattern, expression) and reindex(pattern, places) == expression else None
