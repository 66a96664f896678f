"""One term of a derivative: coefficient · ordered factors, summed over bounds, where conditions hold.

    Σ_bounds [conditions] coefficient · factor₁ · factor₂ · …

A tuple of terms is their sum. A product keeps the order of the chain rule, and a coefficient stays in front.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from backprop_derive.graph.expressions import (
    ZERO,
    Add,
    Bound,
    Bracket,
    Expression,
    Fold,
    Mul,
    Number,
    Where,
    add,
    free_variables,
    fresh,
    mul,
    reindex,
)  # fmt: skip
from backprop_derive.graph.indices import Condition, IndexMap, variable


@dataclass(frozen=True, slots=True)
class Term:
    """See the module. `bounds` are in order; a later bound's range may mention an earlier one."""

    coefficient: Fraction = Fraction(1)
    factors: tuple[Expression, ...] = ()
    bounds: tuple[Bound, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def before(self, *factors: Expression) -> Term:
        """The term with factors put in front."""
        return _gathered(self, (*factors, *self.factors))

    def after(self, *factors: Expression) -> Term:
        """The term with factors put behind."""
        return _gathered(self, (*self.factors, *factors))

    def times(self, value: Fraction) -> Term:
        """The term with another number in front."""
        return replace(self, coefficient=self.coefficient * value)

    def reindex(self, values: IndexMap) -> Term:
        """The term with index variables replaced. The bounds themselves must not be among them."""
        return Term(
            self.coefficient,
            tuple(reindex(factor, values) for factor in self.factors),
            tuple(Bound(bound.name, bound.axis.substitute(values)) for bound in self.bounds),
            tuple(condition.substitute(values) for condition in self.conditions),
        )


def _gathered(term: Term, factors: tuple[Expression, ...]) -> Term:
    coefficient, kept = term.coefficient, []
    for factor in factors:
        for each in factor.factors if isinstance(factor, Mul) else (factor,):
            if isinstance(each, Number):
                coefficient *= each.value
            else:
                kept.append(each)
    return replace(term, coefficient=coefficient, factors=tuple(kept))


def terms_of(expression: Expression) -> tuple[Term, ...]:
    """The terms of a sum; brackets among the factors become conditions. Sums over an index stay factors.

    >>> from backprop_derive.graph.expressions import Ref, num
    >>> terms_of(mul(num(2), Ref("a"))) == (Term(Fraction(2), (Ref("a"),)),)
    True
    """
    if isinstance(expression, Add):
        return tuple(term for each in expression.terms for term in terms_of(each))
    if expression == ZERO:
        return ()
    found: tuple[Term, ...] = (Term(),)
    for factor in expression.factors if isinstance(expression, Mul) else (expression,):
        inner = _guarded(factor)
        found = tuple(_joined(term, each) for term in found for each in inner)
    return found


def _guarded(factor: Expression) -> tuple[Term, ...]:
    """A factor `[condition]` or `where([condition], e, 0)` as terms with that condition; any other factor as it is."""
    if isinstance(factor, Bracket):
        return (Term(conditions=(factor.condition,)),)
    if isinstance(factor, Where) and isinstance(factor.test, Bracket) and factor.otherwise == ZERO:
        condition = factor.test.condition
        return tuple(replace(term, conditions=(condition, *term.conditions)) for term in terms_of(factor.then))
    return (Term().after(factor),)


def _joined(left: Term, right: Term) -> Term:
    joined = left.after(*right.factors).times(right.coefficient)
    return replace(joined, bounds=left.bounds + right.bounds, conditions=left.conditions + right.conditions)


def expression_of(terms: Iterable[Term]) -> Expression:
    """The sum of terms as one expression."""
    return add(*(term_expression(term) for term in terms))


def term_expression(term: Term) -> Expression:
    """One term as an expression: each factor stands outside every sum that does not bind it, and the sums stand last."""
    if term.coefficient == 0:
        return ZERO
    factors, conditions = list(term.factors), list(term.conditions)
    for bound in reversed(term.bounds):
        inner = [factor for factor in factors if bound.name in free_variables(factor)]
        inside = [condition for condition in conditions if bound.name in condition.form.variables()]
        factors = [factor for factor in factors if bound.name not in free_variables(factor)]
        conditions = [condition for condition in conditions if bound.name not in condition.form.variables()]
        factors.append(Fold("sum", bound, guarded(mul(*inner), inside)))
    return guarded(mul(Number(term.coefficient), *factors), conditions)


def opened(expression: Expression) -> tuple[Term, ...]:
    """The terms of a sum, with sums over an index opened into bounds; `expression_of` closes them again."""
    found: list[Term] = []
    for term in terms_of(expression):
        parts: tuple[Term, ...] = (replace(term, factors=()),)
        for factor in term.factors:
            inner = _opened_factor(factor)
            parts = tuple(_joined(part, _apart(each, part)) for part in parts for each in inner)
        found.extend(parts)
    return tuple(found)


def _opened_factor(factor: Expression) -> tuple[Term, ...]:
    if isinstance(factor, Fold) and factor.kind == "sum":
        inner = opened(factor.body)
        if len(inner) == 1:
            return tuple(replace(term, bounds=(factor.bound, *term.bounds)) for term in _apart_from(inner, factor.bound))
    return (Term().after(factor),)


def _apart_from(terms: tuple[Term, ...], bound: Bound) -> tuple[Term, ...]:
    return tuple(_apart(term, Term(bounds=(bound,))) for term in terms)


def _apart(term: Term, other: Term) -> Term:
    """The term with bounds that are neither bound nor free in another one."""
    taken = {bound.name for bound in other.bounds} | {name for factor in other.factors for name in free_variables(factor)}
    return rename_bounds(term, taken) if any(bound.name in taken for bound in term.bounds) else term


def rename_bounds(term: Term, taken: set[str]) -> Term:
    """The term with bounds whose names are not in `taken`."""
    used, names = set(taken), {}
    for bound in term.bounds:
        name = fresh(bound.name, used)
        used.add(name)
        names[bound.name] = name
    moved = term.reindex({old: variable(new) for old, new in names.items() if old != new})
    return replace(moved, bounds=tuple(Bound(names[old.name], new.axis) for old, new in zip(term.bounds, moved.bounds, strict=True)))


def guarded(expression: Expression, conditions: Iterable[Condition]) -> Expression:
    """`where([condition], expression, 0)` for each condition."""
    for condition in conditions:
        expression = Where(Bracket(condition), expression, ZERO)
    return expression
