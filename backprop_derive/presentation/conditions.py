"""How conditions on whole forms, and whole forms themselves, stand on a page: `t <= T - 1` is `t < T`, `[1 ≤ p − s + 1 ≤ n]`, `⌈p/2⌉`."""

from __future__ import annotations

from backprop_derive.graph.expressions import ZERO, Bracket, Expression, Partial, Ref, Where, walk
from backprop_derive.graph.indices import Affine, Condition, Quotient, Size


def sides(condition: Condition) -> tuple[Affine, Affine]:
    """`form = 0` with its negative part on the other side: `t - s = 0` is `t = s`; `T - t - 1 >= 0` is `t + 1 <= T`."""
    form = condition.form
    plus = Affine(tuple((atom, times) for atom, times in form.terms if times > 0), max(form.constant, 0))
    minus = Affine(tuple((atom, -times) for atom, times in form.terms if times < 0), max(-form.constant, 0))
    return (minus, plus) if condition.kind == ">=" else (plus, minus)


def rounded(quotient: Quotient) -> tuple[Affine, tuple[str, str]]:
    """`⌊(p + 1)/2⌋` is `⌈p/2⌉`: what is divided, and whether it is rounded down or up, whichever has the smaller number in it."""
    up = quotient.numerator - (quotient.divisor - 1)
    if abs(up.constant) < abs(quotient.numerator.constant):
        return up, ("⌈", "⌉")
    return quotient.numerator, ("⌊", "⌋")


def chain(test: Expression, then: Expression) -> tuple[tuple[Affine, Affine, Affine], Expression] | None:
    """a, b, c and e of `[a <= b]·[b <= c]·e`, in either order; None for anything else. Where e reads something at b + 1, or at any
    other distance, that is what stands between: the conditions say that it is there."""
    if not (isinstance(test, Bracket) and isinstance(then, Where) and isinstance(then.test, Bracket) and then.otherwise == ZERO):
        return None
    one, other, inside = test.condition, then.test.condition, then.then
    if not one.kind == other.kind == ">=" or _variable(one.form) != _variable(-other.form) or not _variable(one.form).terms:
        return None
    for place in (index for each in walk(inside) for ref in _mentioned(each) for index in ref.indices):
        for above, below in ((one.form, other.form), (other.form, one.form)):
            if _variable(place) == _variable(above):
                return (place - above, place, place + below), inside
    (low, high), (lower, higher) = sides(one), sides(other)
    if _variable(high) == _variable(lower) and high.terms:
        return (low + (lower - high), lower, higher), inside
    return ((lower + (low - higher), low, high), inside) if _variable(low) == _variable(higher) else None


def _mentioned(expression: Expression) -> tuple[Ref, ...]:
    """The nodes that an expression itself mentions, those of a derivative by name included."""
    if isinstance(expression, Partial):
        return expression.top, expression.bottom
    return (expression,) if isinstance(expression, Ref) else ()


def _variable(form: Affine) -> Affine:
    """The form without its number and its sizes."""
    return Affine(tuple(term for term in form.terms if not isinstance(term[0], Size)))
