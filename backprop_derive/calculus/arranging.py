"""The order in which a book writes a sum of products. Nothing here changes a value.

- a number in front, then the factors in chain order, sums over an index last, u/v rather than 1/v·u;
- a minus goes into a factor that is a difference: -(y - p)·x is (p - y)·x;
- the positive term of a sum stands first;
- factors that all terms share stand once, before or behind the bracket as they stood in the terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import gcd

from backprop_derive.calculus.terms import Term, expression_of, term_expression, terms_of
from backprop_derive.graph.expressions import (
    ONE,
    ZERO,
    Add,
    Expression,
    Fold,
    Mul,
    Number,
    Partial,
    Power,
    Ref,
    Where,
    free_variables,
    neg,
    num,
    power,
    walk,
)


def arranged(terms: Sequence[Term]) -> Expression:
    """The sum of terms as a book writes it."""
    gathered = [_gathered(term) for term in _by_choice(_by_condition(terms))]
    shared = _shared_factors(gathered) if len(gathered) > 1 else []
    ordered = _positive_first([part for term in gathered for part in _opened_sum(_flipped(term, shared), len(terms))])
    if len(ordered) < 2:
        return expression_of(ordered)
    return _factored(ordered)


def _by_condition(terms: Sequence[Term]) -> list[Term]:
    """Terms under the same conditions stand in one bracket: `where(j = 1, p1 - y1, 0)`."""
    groups: dict[object, list[Term]] = {}
    for place, term in enumerate(terms):
        bound = {bound.name for bound in term.bounds}
        shared = term.conditions and not any(condition.form.variables() & bound for condition in term.conditions)
        groups.setdefault(term.conditions if shared else place, []).append(term)
    if len(groups) == 1:
        return list(terms)
    return [group[0] if len(group) == 1 else _bracketed(group) for group in groups.values()]


def _by_choice(terms: list[Term]) -> list[Term]:
    """Terms that hold on either side of a test are one choice: `where(z > 0, u, v)`."""
    for place, term in enumerate(terms):
        for mask in (factor for factor in term.factors if isinstance(factor, Where) and (factor.then, factor.otherwise) == (ONE, ZERO)):
            opposite = Where(mask.test, ZERO, ONE)
            at = next((at for at, other in enumerate(terms) if opposite in other.factors), None)
            if at is not None and not (term.bounds or term.conditions or terms[at].bounds or terms[at].conditions):
                sides = (arranged([_without(term, (mask,))]), arranged([_without(terms[at], (opposite,))]))
                rest = [each for other, each in enumerate(terms) if other not in (place, at)]
                return _by_choice([*rest[:place], Term(factors=(Where(mask.test, *sides),)), *rest[place:]])
    return terms


def _opened_sum(term: Term, count: int) -> list[Term]:
    """One of several terms that is itself only a sum: its terms."""
    if count > 1 and len(term.factors) == 1 and abs(term.coefficient) == 1 and not term.bounds and not term.conditions:
        return [each.times(term.coefficient) for each in terms_of(term.factors[0])]
    return [term]


def _bracketed(terms: Sequence[Term]) -> Term:
    inside = arranged([replace(term, conditions=()) for term in terms])
    return replace(Term().after(inside), conditions=terms[0].conditions)


def negative(expression: Expression) -> bool:
    """Whether a minus stands in front."""
    if isinstance(expression, Number):
        return expression.value < 0
    return isinstance(expression, Mul) and isinstance(expression.factors[0], Number) and expression.factors[0].value < 0


def _gathered(term: Term) -> Term:
    """Equal factors become a power, where the first of them stands; differences put their positive part first."""
    found: list[Expression] = []
    coefficient = term.coefficient
    for factor in (_ordered_sum(factor) for factor in term.factors):
        if isinstance(factor, Add) and all(negative(each) for each in factor.terms):
            coefficient, factor = -coefficient, Add(tuple(neg(each) for each in factor.terms))
        base, exponent = _power_parts(factor)
        at = next((place for place, each in enumerate(found) if _power_parts(each)[0] == base), None)
        if at is None or isinstance(base, Add | Fold):
            found.append(factor)
        else:
            total = _power_parts(found[at])[1] + exponent
            found[at : at + 1] = [] if total == 0 else [power(base, num(total))]
    found.sort(key=lambda factor: isinstance(factor, Fold) and factor.kind == "sum")
    depths = [_depth(factor, term) for factor in found]
    parts = (_over([factor for factor, at in zip(found, depths, strict=True) if at == depth]) for depth in sorted(set(depths)))
    return replace(term, coefficient=coefficient, factors=tuple(factor for part in parts for factor in part))


def _depth(factor: Expression, term: Term) -> int:
    """Below how many of the term's sums a factor stands."""
    free = free_variables(factor)
    return max((place + 1 for place, bound in enumerate(term.bounds) if bound.name in free), default=0)


def _over(factors: list[Expression]) -> list[Expression]:
    """`u/v` for `1/v·u`; numbers and lengths, such as the n of 1/n, stay in front."""
    top = next((place for place, each in enumerate(factors) if _power_parts(each)[1] > 0), 0)
    under = next((place for place, each in enumerate(factors[:top]) if any(isinstance(part, Ref | Partial) for part in walk(each))), top)
    if under == top or isinstance(factors[top], Fold):
        return factors
    return [*factors[:under], factors[top], *factors[under:top], *factors[top + 1 :]]


def _power_parts(factor: Expression) -> tuple[Expression, Fraction]:
    if isinstance(factor, Power) and isinstance(factor.exponent, Number):
        return factor.base, factor.exponent.value
    return factor, Fraction(1)


def _ordered_sum(factor: Expression) -> Expression:
    if isinstance(factor, Add) and negative(factor.terms[0]):
        at = next((place for place, term in enumerate(factor.terms) if not negative(term)), None)
        if at is not None:
            return Add((factor.terms[at], *factor.terms[:at], *factor.terms[at + 1 :]))
    return factor


def _flipped(term: Term, shared: Sequence[Expression] = ()) -> Term:
    """A minus in front goes into the first factor that is a difference (and that not all terms share: it is taken out)."""
    if term.coefficient >= 0:
        return term
    for place, factor in enumerate(term.factors):
        if factor in shared:
            continue
        if isinstance(factor, Add) and len(factor.terms) == 2 and negative(factor.terms[1]) and not negative(factor.terms[0]):
            first, second = factor.terms
            if first == ONE or isinstance(first, Number):
                continue
            turned = Add((neg(second), neg(first)))
            return replace(term, coefficient=-term.coefficient, factors=(*term.factors[:place], turned, *term.factors[place + 1 :]))
    return term


def _positive_first(terms: Sequence[Term]) -> list[Term]:
    if terms and terms[0].coefficient < 0:
        at = next((place for place, term in enumerate(terms) if term.coefficient > 0), None)
        if at is not None:
            return [terms[at], *terms[:at], *terms[at + 1 :]]
    return list(terms)


def _factored(terms: Sequence[Term]) -> Expression:
    """Take out of all terms what they share: the start of the product, then its end, then what is left, in front."""
    shared = _shared_factors(terms)
    coefficient = _shared_coefficient(terms)
    conditions = tuple(each for each in terms[0].conditions if all(each in term.conditions for term in terms))
    bound_names = {bound.name for term in terms for bound in term.bounds}
    conditions = tuple(each for each in conditions if not each.form.variables() & bound_names)
    rest = [
        replace(
            _without(term, shared),
            coefficient=term.coefficient / coefficient,
            conditions=tuple(each for each in term.conditions if each not in conditions),
        )
        for term in terms
    ]
    if not shared and coefficient == 1 and not conditions:
        return expression_of(terms)
    inside = expression_of(_positive_first([part for term in rest for part in _opened_sum(term, len(rest))]))
    before, behind = _sides(terms, shared)
    whole = Term(coefficient, (*before, inside, *behind), (), conditions)
    return term_expression(_flipped(whole))


def _shared_factors(terms: Sequence[Term]) -> list[Expression]:
    """The factors, with multiplicity, that stand in every term and that no sum of the term binds."""
    shared = []
    pools = [list(term.factors) for term in terms]
    for factor in terms[0].factors:
        if isinstance(factor, Fold) or any(factor not in pool for pool in pools):
            continue
        free = free_variables(factor)
        if any(bound.name in free for term in terms for bound in term.bounds):
            continue
        shared.append(factor)
        for pool in pools:
            pool.remove(factor)
    return shared


def _shared_coefficient(terms: Sequence[Term]) -> Fraction:
    """The number that divides what all terms have in front: 2 for 4·u + 2·v, ½ for ½·u - ½·v; else 1."""
    denominators = {term.coefficient.denominator for term in terms}
    if len(denominators) > 1:
        return Fraction(1)
    return Fraction(gcd(*(term.coefficient.numerator for term in terms)), denominators.pop())


def _without(term: Term, shared: Sequence[Expression]) -> Term:
    factors = list(term.factors)
    for factor in shared:
        factors.reverse()
        factors.remove(factor)
        factors.reverse()
    return replace(term, factors=tuple(factors))


def _sides(terms: Sequence[Term], shared: list[Expression]) -> tuple[list[Expression], list[Expression]]:
    """Which shared factors stand before the bracket and which behind: behind, if they end the product of every term."""
    if any(term.bounds for term in terms) or any(isinstance(factor, Fold) for term in terms for factor in term.factors):
        return shared, []
    behind: list[Expression] = []
    while len(behind) < len(shared):
        count = len(behind) + 1
        ends = {term.factors[-count] if len(term.factors) >= count else None for term in terms}
        last = ends.pop() if len(ends) == 1 else None
        if last is None or last not in shared:
            break
        behind.insert(0, last)
    before = list(shared)
    for factor in behind:
        before.reverse()
        before.remove(factor)
        before.reverse()
    return before, behind
