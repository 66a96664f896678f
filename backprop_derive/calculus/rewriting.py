"""The rewrites that bring a derivative to its textbook form, in order. One row a rewrite.

A rewrite takes the terms of a sum (sums over an index opened) and gives other terms of the same value, or the same
terms where it has nothing to do. It is applied to every sum of an expression, innermost first. Nothing is expanded
that a book would leave factored: a product is multiplied into a sum only where something cancels there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from backprop_derive.calculus.arranging import arranged
from backprop_derive.calculus.front import split_number
from backprop_derive.calculus.normalizing import Statistics, by_name, without_deviations
from backprop_derive.calculus.ranges import solve
from backprop_derive.calculus.terms import Term, expression_of, free_names, opened, rename_bounds, terms_of, within
from backprop_derive.graph.expressions import (
    Add,
    Bound,
    Expression,
    Fold,
    Integer,
    Mul,
    Number,
    Power,
    Ref,
    children,
    free_variables,
    mul,
    power,
    rebuilt,
)
from backprop_derive.graph.indices import Axis, variable
from backprop_derive.graph.nodes import Fact

Terms = tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """What rewrites may use: the ranges of free indices, the smallest sizes, the facts that are taken for granted, and the means that
    the network takes deviations from."""

    ranges: Mapping[str, Axis]
    smallest: Mapping[str, int]
    facts: tuple[Fact, ...] = ()
    statistics: Statistics = field(default_factory=Statistics)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A named rewrite and the sentence that explains it."""

    name: str
    sentence: str
    apply: Callable[[Terms, Ground], Terms]
    identity: str = ""
    assumes: bool = False


def pick_from_sums(terms: Terms, ground: Ground) -> Terms:
    """`Σ_c [c = k]·e(c) = e(k)`: brackets in a bracketed factor are multiplied out, and the sum is solved for its index."""
    found: list[Term] = []
    for term in terms:
        parts = [Term(term.coefficient, (), term.bounds, term.conditions)]
        for factor in term.factors:
            inner = terms_of(factor) if isinstance(factor, Add) and _has_conditions(factor) else (Term().after(factor),)
            parts = [within(part, each) for part in parts for each in inner]
        for part in parts:
            taken = {bound.name: bound.axis for bound in part.bounds}
            found.extend(solve(part, (), {**ground.ranges, **taken}, ground.smallest))
    return tuple(found)


def _has_conditions(factor: Add) -> bool:
    return any(condition.kind == "=" for term in terms_of(factor) for condition in term.conditions)


def cancel(terms: Terms, _ground: Ground) -> Terms:
    """`u·(1/u) = 1`, also where 1/u stands inside a sum that u multiplies."""
    found: list[Term] = []
    for term in terms:
        split = _split_where_it_cancels(_one_by_one(term))
        parts = tuple(_cancelled(part) for part in split)
        found.extend(_combined(parts) if len(parts) > 1 else parts)
    return tuple(found)


def _one_by_one(term: Term) -> Term:
    """`1/(u·v)` as `1/u·1/v`, so that either can cancel."""
    parts: list[Expression] = []
    for factor in term.factors:
        base = _inverse(factor)
        if isinstance(base, Mul) and isinstance(factor, Power) and isinstance(factor.exponent, Number) and factor.exponent.value.denominator == 1:
            parts.extend(power(each, factor.exponent) for each in base.factors)
        else:
            parts.append(factor)
    return replace(term, factors=()).after(*parts)


def _split_where_it_cancels(term: Term) -> Terms:
    """Multiply out a factor that is a sum, if another factor is divided by inside it."""
    for place, factor in enumerate(term.factors):
        if not isinstance(factor, Add | Fold):
            continue
        others = term.factors[:place] + term.factors[place + 1 :]
        inner = tuple(rename_bounds(each, free_names(Term(factors=others))) for each in opened(factor))
        if _inverses(inner) & set(others):
            before = Term(term.coefficient, term.factors[:place], term.bounds, term.conditions)
            parts = (within(within(before, each), Term(factors=term.factors[place + 1 :])) for each in inner)
            return tuple(part for each in parts for part in _split_where_it_cancels(each))
    return (term,)


def _inverses(terms: Terms) -> set[Expression]:
    """What the terms divide by."""
    return {base for term in terms for factor in term.factors if (base := _inverse(factor)) is not None}


def _inverse(factor: Expression) -> Expression | None:
    if isinstance(factor, Power) and isinstance(factor.exponent, Number) and factor.exponent.value < 0:
        return factor.base
    return None


def _cancelled(term: Term) -> Term:
    factors = list(term.factors)
    for factor in term.factors:
        base = _inverse(factor)
        if base is not None and base in factors and factor in factors:
            assert isinstance(factor, Power)
            assert isinstance(factor.exponent, Number)
            factors.remove(base)
            raised = power(base, Number(factor.exponent.value + 1))
            at = factors.index(factor)
            factors[at : at + 1] = [] if raised == Number(Fraction(1)) else [raised]
            return _cancelled(replace(term, factors=tuple(factors)))
    return term


def _combined(terms: Terms) -> Terms:
    """What was multiplied out, over one denominator and cancelled, if that is shorter (SymPy's `cancel` on just these terms)."""
    if any(term.bounds or term.conditions for term in terms):
        return terms
    from backprop_derive.graph.sympy_form import cancelled

    whole = expression_of(terms)
    short = cancelled(whole)
    return terms_of(short) if _length(short) < _length(whole) else terms


def _length(expression: Expression) -> int:
    return 1 + sum(_length(child) for child in children(expression))


def use_facts(terms: Terms, ground: Ground) -> Terms:
    """`Σ_c y_c = 1` where that is taken for granted; entries that stand one by one are collected for it."""
    for fact in ground.facts:
        if fact.vector is not None:
            terms = tuple(_summed_to_one(term, fact) for term in terms)
        if fact.entries:
            terms = _collected(terms, fact)
    return terms


def _summed_to_one(term: Term, fact: Fact) -> Term:
    for bound in term.bounds:
        inside = [factor for factor in term.factors if bound.name in free_variables(factor)]
        free = not any(bound.name in condition.form.variables() for condition in term.conditions)
        if free and len(inside) == 1 and _is_entry(inside[0], bound, fact):
            return _summed_to_one(_dropped(term, bound, inside[0]), fact)
    return term


def _is_entry(factor: Expression, bound: Bound, fact: Fact) -> bool:
    return isinstance(factor, Ref) and factor.name == fact.vector and factor.indices[-1].variable == bound.name


def _collected(terms: Terms, fact: Fact) -> Terms:
    """`y1·u + y2·u + y3·u = u`: multiplied out where that brings the entries together, and left alone where it does not."""
    flat = tuple(part for term in terms for part in _multiplied_out(term))
    keys = [_entry_and_rest(term, fact) for term in flat]
    groups: dict[object, set[Ref]] = {}
    for key in keys:
        if key is not None:
            groups.setdefault(key[1], set()).add(key[0])
    full = {rest for rest, found in groups.items() if found == set(fact.entries)}
    if not full:
        return terms
    kept: list[Term] = []
    for term, key in zip(flat, keys, strict=True):
        if key is None or key[1] not in full:
            kept.append(term)
        elif key[0] == fact.entries[0]:
            kept.append(replace(term, factors=tuple(factor for factor in term.factors if _entry_of(factor, fact) is None)))
    return tuple(kept)


def _entry_and_rest(term: Term, fact: Fact) -> tuple[Ref, object] | None:
    """The one entry among a term's factors, and what the term is without it, the sample of the entry included."""
    found = [(factor, entry) for factor in term.factors if (entry := _entry_of(factor, fact)) is not None]
    if len(found) != 1:
        return None
    factor, entry = found[0]
    assert isinstance(factor, Ref)
    sample = factor.indices[: len(factor.indices) - len(entry.indices)]
    return entry, (sample, _rest_of(term, factor))


def _entry_of(factor: Expression, fact: Fact) -> Ref | None:
    """The entry that a factor mentions, at whichever sample."""
    if not isinstance(factor, Ref):
        return None
    return next((entry for entry in fact.entries if entry.name == factor.name and factor.indices[len(factor.indices) - len(entry.indices) :] == entry.indices), None)


def _multiplied_out(term: Term) -> Terms:
    """The product with every factor that is a plain sum multiplied out."""
    found: Terms = (replace(term, factors=()),)
    for factor in term.factors:
        found = tuple(within(part, each) for part in found for each in (terms_of(factor) if isinstance(factor, Add) else (Term().after(factor),)))
    return found


def _rest_of(term: Term, entry: Expression) -> tuple[object, ...]:
    """What a term is without one entry: number, other factors in any order, sums and conditions."""
    others = _multiset([factor for factor in term.factors if factor != entry])
    return (term.coefficient, frozenset(others.items()), term.bounds, term.conditions)


def _dropped(term: Term, bound: Bound, factor: Expression) -> Term:
    return replace(term, bounds=tuple(each for each in term.bounds if each != bound), factors=tuple(each for each in term.factors if each != factor))


def close_sums(terms: Terms, _ground: Ground) -> Terms:
    """`Σ_i e = m·e` where e does not depend on i."""
    return tuple(_closed(term) for term in terms)


def _closed(term: Term) -> Term:
    for bound in term.bounds:
        used = any(bound.name in free_variables(factor) for factor in term.factors)
        limited = any(bound.name in condition.form.variables() for condition in term.conditions)
        inner = any(bound.name in other.axis.low.variables() | other.axis.high.variables() for other in term.bounds)
        if not used and not limited and not inner:
            rest = replace(term, bounds=tuple(each for each in term.bounds if each != bound))
            length = bound.axis.length
            return _closed(rest.times(Fraction(length.number)) if length.number is not None else rest.before(Integer(length)))
    return term


def gather_like_terms(terms: Terms, _ground: Ground) -> Terms:
    """`a·b + b·a = 2·a·b`."""
    found: list[Term] = []
    for term in terms:
        at = next((place for place, other in enumerate(found) if _alike(term, other)), None)
        if at is None:
            found.append(term)
        else:
            found[at] = replace(found[at], coefficient=found[at].coefficient + term.coefficient)
    return tuple(term for term in found if term.coefficient != 0)


def _alike(one: Term, other: Term) -> bool:
    """The same factors in any order, under the same sums, however their indices are called."""
    if len(one.factors) != len(other.factors) or len(one.bounds) != len(other.bounds):
        return False
    names = {mine.name: variable(theirs.name) for mine, theirs in zip(one.bounds, other.bounds, strict=True)}
    moved = one.reindex(names)
    same_ranges = all(mine.axis == theirs.axis for mine, theirs in zip(moved.bounds, other.bounds, strict=True))
    return same_ranges and _multiset(moved.factors) == _multiset(other.factors) and set(moved.conditions) == set(other.conditions)


def _multiset(factors: Sequence[Expression]) -> dict[Expression, int]:
    counts: dict[Expression, int] = {}
    for factor in factors:
        counts[factor] = counts.get(factor, 0) + 1
    return counts


def drop_deviations(terms: Terms, ground: Ground) -> Terms:
    """`Σ_k (x[k] − mu) = 0`, where mu is the mean of x."""
    return tuple(term for term in terms if without_deviations(term, ground.statistics) is not None) if ground.statistics.means else terms


def name_again(terms: Terms, ground: Ground) -> Terms:
    """`(x[k] − mu)·r = xhat[k]`, where that is the definition of xhat."""
    return tuple(by_name(_one_by_one(term), ground.statistics) for term in terms) if ground.statistics.named else terms


REWRITES: tuple[Rewrite, ...] = (
    Rewrite("pick from sums", "a bracket [… = …] is 1 where the equation holds and 0 elsewhere, so it picks one term out of the sum", pick_from_sums, "Σ_c [c = k]·e(c) = e(k)"),
    Rewrite("cancel", "what is multiplied and divided by the same quantity cancels", cancel, "u·(1/u) = 1"),
    Rewrite("deviations from the mean", "deviations from their mean sum to 0", drop_deviations, "Σ_k (x_k − μ) = 0"),
    Rewrite("name again", "what is multiplied here has a name in the forward pass", name_again, "(x − μ)·r = x̂"),
    Rewrite("use the assumption", "the targets sum to 1, which is assumed of them", use_facts, "Σ_c y_c = 1", assumes=True),
    Rewrite("close sums", "a sum over something that does not change is that thing times the number of terms", close_sums, "Σ_i e = m·e"),
    Rewrite("gather like terms", "terms that differ only in the number in front are added", gather_like_terms, "u + u = 2·u"),
)


ASSUMING = frozenset(rewrite.name for rewrite in REWRITES if rewrite.assumes)


def rewrites(expression: Expression, ground: Ground) -> Iterator[tuple[Rewrite, Expression]]:
    """Each rewrite that changes something, with the expression after it."""
    for rewrite in REWRITES:
        changed = everywhere(rewrite, expression, ground)
        if changed is not None:
            expression = changed
            yield rewrite, expression


def everywhere(rewrite: Rewrite, expression: Expression, ground: Ground) -> Expression | None:
    """The expression with a rewrite applied to every sum in it, innermost first; None where nothing changes."""
    found, changed = _applied(rewrite, opened(expression), ground)
    return expression_of(found) if changed else None


def _applied(rewrite: Rewrite, terms: Terms, ground: Ground) -> tuple[Terms, bool]:
    changed, inside = False, []
    for term in terms:
        ranges = {**ground.ranges, **{bound.name: bound.axis for bound in term.bounds}}
        factors = []
        for factor in term.factors:
            if isinstance(factor, Add):
                inner, different = _applied(rewrite, opened(factor), replace(ground, ranges=ranges))
                factors.append(expression_of(inner) if different else factor)
                changed = changed or different
            elif isinstance(factor, Fold) and factor.kind == "sum":
                inner, different = _applied(rewrite, opened(factor.body), replace(ground, ranges={**ranges, factor.bound.name: factor.bound.axis}))
                factors.append(replace(factor, body=expression_of(inner)) if different else factor)
                changed = changed or different
            else:
                factors.append(factor)
        inside.append(replace(term, factors=()).after(*factors))
    found = rewrite.apply(tuple(inside), ground)
    return (found, True) if changed or found != tuple(inside) else (terms, False)


def tidy(expression: Expression) -> Expression:
    """The expression in the order of a book, every sum in it arranged, innermost first."""
    terms = []
    for term in opened(expression):
        factors = tuple(_tidy_factor(factor) for factor in term.factors)
        terms.append(replace(term, factors=()).after(*factors))
    return arranged(terms)


def _tidy_factor(factor: Expression) -> Expression:
    if isinstance(factor, Add):
        return tidy(factor)
    if isinstance(factor, Fold) and factor.kind == "sum":
        number, rest = split_number(tidy(factor.body))
        return mul(number, replace(factor, body=rest))
    if isinstance(factor, Power):
        return rebuilt(factor, tuple(_tidy_factor(part) for part in children(factor)))
    return factor
