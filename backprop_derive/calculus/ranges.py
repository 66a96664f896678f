"""Solving `φ = ι` for the indices that are summed, and what the solution says about ranges.

A sum over an index with a delta picks one place; the place must lie in the index's range, which leaves conditions.
Everything is exact integer algebra on affine forms, and what cannot be solved (a stride, a gather) stays a condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backprop_derive.calculus.terms import Term
from backprop_derive.graph.expressions import Bound
from backprop_derive.graph.indices import Affine, Axis, Condition, Variable, always, at_least, equal, quotient

Equation = tuple[Affine, Affine]


def solve(term: Term, equations: tuple[Equation, ...], free: Mapping[str, Axis], least: Mapping[str, int]) -> tuple[Term, ...]:
    """The term under `left = right` for each equation: bounds are solved for, in order of preference, the rest stays.

    `free` are the ranges of the free indices, `least` the smallest sizes. Gives no term at all where a condition fails,
    else one. Preference: an index that stands alone on the left; then the earlier bounds; coefficients ±1 only.
    """
    pending = [(left, right) for left, right in equations]
    pending, term = _solve_alone(pending, term)
    conditions = tuple(equal(left, right) for left, right in pending)
    term = replace(term, conditions=conditions + term.conditions)
    while (step := _next(term)) is not None:
        condition, name, value = step
        term = _put(replace(term, conditions=tuple(each for each in term.conditions if each != condition)), name, value)
    while (between := _squeezed(term)) is not None:
        conditions, name, value = between
        term = _put(replace(term, conditions=tuple(each for each in term.conditions if each not in conditions)), name, value)
    return tidy(term, free, least)


def _solve_alone(pending: list[Equation], term: Term) -> tuple[list[Equation], Term]:
    """Where the left side is one bare bound index, the right side takes its place everywhere."""
    at = 0
    while at < len(pending):
        left, right = pending[at]
        name = left.variable
        if name is not None and any(bound.name == name for bound in term.bounds) and name not in right.variables():
            del pending[at]
            term = _put(term, name, right)
            pending = [(one.substitute({name: right}), other.substitute({name: right})) for one, other in pending]
            at = 0
        else:
            at += 1
    return pending, term


def _next(term: Term) -> tuple[Condition, str, Affine] | None:
    """An equality that can be solved for a bound, and the solution; earlier bounds first."""
    for bound in term.bounds:
        for condition in term.conditions:
            solution = solved_for(condition, (bound,))
            if solution is not None:
                return condition, bound.name, solution[1]
    return None


def solved_for(condition: Condition, bounds: tuple[Bound, ...]) -> tuple[Bound, Affine] | None:
    """The first of the bounds that an equality determines, and its value: coefficient ±1, and nothing else of it inside."""
    if condition.kind != "=":
        return None
    for bound in bounds:
        coefficient = condition.form.coefficient(bound.name)
        if coefficient in (1, -1):
            rest = condition.form - Affine(((Variable(bound.name), coefficient),))
            if bound.name not in rest.variables():
                return bound, rest * -coefficient
    return None


def _squeezed(term: Term) -> tuple[tuple[Condition, Condition], str, Affine] | None:
    """A bound that two conditions leave one place, and that place: `p ≤ 3r ≤ p + 2` says `r = ⌊(p + 2)/3⌋`."""
    for bound in term.bounds:
        for above in term.conditions:
            times = above.form.coefficient(bound.name)
            if above.kind != ">=" or times > -2:
                continue
            rest = above.form - Affine(((Variable(bound.name), times),))
            for below in term.conditions:
                room = (above.form + below.form).number if below.kind == ">=" else None
                if room == -times - 1 and bound.name not in rest.variables():
                    return (above, below), bound.name, quotient(rest, -times)
    return None


def _put(term: Term, name: str, value: Affine) -> Term:
    """Replace a bound index by its only possible value, which must lie in its range."""
    bound = next(each for each in term.bounds if each.name == name)
    inside = (at_least(value, bound.axis.low), at_least(bound.axis.high, value))
    others = replace(term, bounds=tuple(each for each in term.bounds if each.name != name))
    moved = others.reindex({name: value})
    return replace(moved, conditions=moved.conditions + tuple(each.substitute({name: value}) for each in inside))


def tidy(term: Term, free: Mapping[str, Axis], least: Mapping[str, int]) -> tuple[Term, ...]:
    """Drop conditions that always hold, and the whole term where one never does."""
    ranges = {**free, **{bound.name: bound.axis for bound in term.bounds}}
    kept: list[Condition] = []
    for condition in term.conditions:
        if condition.decided is False or always(condition.negated(), ranges, least):
            return ()
        if condition not in kept and not always(condition, ranges, least):
            kept.append(condition)
    return () if term.coefficient == 0 else (replace(term, conditions=tuple(kept)),)
