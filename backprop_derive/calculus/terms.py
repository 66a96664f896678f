"""One term of a derivative: coefficient · ordered factors, summed over bounds, where conditions hold.

    Σ_bounds [conditions] coefficient · factor₁ · factor₂ · …

A tuple of terms is their sum. A product keeps the order of the chain rule, and a coefficient stays in front.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from backprop_derive.graph.expressions import (
    ONE,
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
    children,
    free_variables,
    fresh,
    mul,
    rebuilt,
    reindex,
)  # fmt: skip
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Axis, Condition, IndexMap, always, variable


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
        return Term(self.coefficient * value, self.factors, self.bounds, self.conditions)

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
    return Term(coefficient, tuple(kept), term.bounds, term.conditions)


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
    factors = expression.factors if isinstance(expression, Mul) else (expression,)
    if not any(isinstance(factor, Bracket | Where) for factor in factors):
        return (Term().after(*factors),)
    found: tuple[Term, ...] = (Term(),)
    for factor in factors:
        inner = _guarded(factor)
        found = tuple(within(term, each) for term in found for each in inner)
    return found


def _guarded(factor: Expression) -> tuple[Term, ...]:
    """A factor `[condition]` or `where([condition], e, 0)` as terms with that condition; any other factor as it is."""
    if isinstance(factor, Bracket):
        return (Term(conditions=(factor.condition,)),)
    if isinstance(factor, Where) and isinstance(factor.test, Bracket) and factor.otherwise == ZERO:
        condition = factor.test.condition
        return tuple(replace(term, conditions=(condition, *term.conditions)) for term in terms_of(factor.then))
    return (Term().after(factor),)


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
        if not any(isinstance(factor, Fold) and factor.kind == "sum" for factor in term.factors):
            found.append(term)
            continue
        around = free_names(term)
        parts: tuple[Term, ...] = (replace(term, factors=()),)
        for factor in term.factors:
            inner = tuple(rename_bounds(each, around) for each in _opened_factor(factor))
            parts = tuple(within(part, each) for part in parts for each in inner)
        found.extend(parts)
    return tuple(found)


def free_names(term: Term) -> set[str]:
    """The free index variables of a term."""
    inside = set().union(*(free_variables(factor) for factor in term.factors), *(each.form.variables() for each in term.conditions))
    return inside - {bound.name for bound in term.bounds}


def _opened_factor(factor: Expression) -> tuple[Term, ...]:
    if isinstance(factor, Fold) and factor.kind == "sum":
        inner = opened(factor.body)
        if len(inner) == 1 or any(_picks(condition, factor.bound) for term in inner for condition in term.conditions):
            renamed = (rename_bounds(term, {factor.bound.name}) for term in inner)
            return tuple(replace(term, bounds=(factor.bound, *term.bounds)) for term in renamed)
    return (Term().after(factor),)


def _picks(condition: Condition, bound: Bound) -> bool:
    """Whether a condition leaves a sum only one place."""
    return condition.kind == "=" and abs(condition.form.coefficient(bound.name)) == 1


def within(outer: Term, inner: Term) -> Term:
    """The product, where the inner term stands in the scope of the outer one's bounds; its own bounds step aside."""
    inner = rename_bounds(inner, free_names(outer) | {bound.name for bound in outer.bounds}) if inner.bounds else inner
    product = outer.after(*inner.factors)
    return Term(product.coefficient * inner.coefficient, product.factors, outer.bounds + inner.bounds, outer.conditions + inner.conditions)


def rename_bounds(term: Term, taken: set[str]) -> Term:
    """The term with bounds whose names are not in `taken`."""
    used, names = set(taken), {}
    for bound in term.bounds:
        name = fresh(bound.name, used)
        used.add(name)
        names[bound.name] = name
    moved = term.reindex({old: variable(new) for old, new in names.items() if old != new})
    return replace(moved, bounds=tuple(Bound(names[old.name], new.axis) for old, new in zip(term.bounds, moved.bounds, strict=True)))


def same_but_for_letters(one: Expression, other: Expression) -> bool:
    """Whether two expressions differ at most in what their summed indices are called: `Σ_j x[j]` and `Σ_k x[k]`."""
    return one == other or _numbered(one, 0) == _numbered(other, 0)


def _numbered(expression: Expression, depth: int) -> Expression:
    """The expression with its bound indices called `#0`, `#1`, … by how deep they stand."""
    if isinstance(expression, Fold):
        name = f"#{depth}"
        body = _numbered(reindex(expression.body, {expression.bound.name: variable(name)}), depth + 1)
        return replace(expression, bound=Bound(name, expression.bound.axis), body=body)
    below = children(expression)
    return rebuilt(expression, tuple(_numbered(child, depth) for child in below)) if below else expression


def guarded(expression: Expression, conditions: Iterable[Condition]) -> Expression:
    """`where([condition], expression, 0)` for each condition, the first one outermost."""
    for condition in reversed(tuple(conditions)):
        expression = Where(Bracket(condition), expression, ZERO)
    return expression


def decided(expression: Expression) -> Expression:
    """`where([condition], a, b)` is a or b where the condition is decided."""

    def change(each: Expression) -> Expression | None:
        if isinstance(each, Bracket) and each.condition.decided is not None:
            return ONE if each.condition.decided else ZERO
        if isinstance(each, Where) and isinstance(each.test, Bracket) and each.test.condition.decided is not None:
            return decided(each.then if each.test.condition.decided else each.otherwise)
        return None

    return replace_in(expression, change)


def without_implied(expression: Expression, ranges: Mapping[str, Axis], least: Mapping[str, int]) -> Expression:
    """The expression without the conditions that hold for every place of the ranges; sums bring ranges of their own."""
    if isinstance(expression, Where) and isinstance(expression.test, Bracket) and always(expression.test.condition, ranges, least):
        return without_implied(expression.then, ranges, least)
    if isinstance(expression, Fold):
        ranges = {**ranges, expression.bound.name: expression.bound.axis}
    below = children(expression)
    return rebuilt(expression, tuple(without_implied(child, ranges, least) for child in below)) if below else expression
