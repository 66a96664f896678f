"""Formulas with their numbers put in place: `(y' − y)·o1` becomes `(0.7514 − 0.01)·0.5933`.

Sums over few places are written out, and so is the sum over few samples, with one number a sample; longer ones, and what
cannot be written so, stand as the number that they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import (
    ONE,
    ZERO,
    Add,
    Apply,
    Bracket,
    Constant,
    Expression,
    Fold,
    Integer,
    Number,
    Partial,
    Ref,
    Where,
    add,
    children,
    mul,
    num,
    power,
    rebuilt,
)
from backprop_derive.graph.indices import axis_to, size
from backprop_derive.presentation.figures import Figure, figure, figures

if TYPE_CHECKING:
    from backprop_derive.numerics.worked import Places, WorkedNumbers

MOST_TERMS = 8
MOST_SAMPLES = 6
MOST_FIGURES = 30


class Substitution:
    """Puts numbers into formulas, with so many significant digits."""

    def __init__(self, numbers: WorkedNumbers, digits: int, partials: Mapping[Partial, Expression] | None = None) -> None:
        """`partials` are the values of partial derivatives that stand in the formulas by name."""
        self.numbers, self.digits, self.partials = numbers, digits, partials or {}
        samples = numbers.graph.samples
        self._over_samples = None if samples is None else axis_to(size(samples.size))

    def figure(self, expression: Expression, at: Places) -> Figure:
        """The value of an expression."""
        return figure(self.numbers.value(expression, at), self.digits)

    def is_over_samples(self, expression: Expression) -> bool:
        """Whether it is the sum over all samples."""
        return isinstance(expression, Fold) and expression.kind == "sum" and expression.bound.axis == self._over_samples

    def numbers_in(self, expression: Expression, at: Places) -> Expression | None:
        """The expression with numbers for its names; None where this is more than a line or two."""
        found = self._put(expression, dict(at))
        return found if sum(1 for _ in figures(found)) <= MOST_FIGURES else None

    def _put(self, expression: Expression, at: Places) -> Expression:
        match expression:
            case Number() | Constant():
                return expression
            case Ref():
                return self.figure(expression, at)
            case Partial():
                return self.figure(self.partials[expression], at)
            case Integer(form):
                whole = self.numbers.whole(form, at)
                return ONE if whole == 1 else Figure(str(whole))
            case Bracket(condition):
                return ONE if self.numbers.holds(condition, at) else ZERO
            case Fold():
                return self._fold(expression, at)
            case Where(Bracket(condition), then, otherwise):
                return self._put(then if self.numbers.holds(condition, at) else otherwise, at)
            case Where(test, then, otherwise) if otherwise == ZERO:
                return Where(self._put(test, at), self._branch(then, at), ZERO)
            case Where(test, then, otherwise):
                return self._put(then if self.numbers.value(test, at) else otherwise, at)
            case _:
                return rebuilt(expression, tuple(self._put(child, at) for child in children(expression)))

    def _branch(self, branch: Expression, at: Places) -> Expression:
        """A branch that may not be taken, and may have no value then: `[−6 > 0]·2`."""
        try:
            self.numbers.value(branch, at)
            return self._put(branch, at)
        except EvaluationError:
            return ZERO

    def _fold(self, fold: Fold, at: Places) -> Expression:
        span = self.numbers.span(fold.bound.axis, at)
        places = [{**at, fold.bound.name: place} for place in span]
        if self.is_over_samples(fold) and len(places) > 1:
            return _sum([self.figure(fold.body, each) for each in places]) if len(places) <= MOST_SAMPLES else self.figure(fold, at)
        if len(places) > MOST_TERMS:
            return self.figure(fold, at)
        parts = [self._put(fold.body, each) for each in places]
        match fold.kind:
            case "sum":
                return _sum([part for part in parts if part != ZERO])
            case "prod":
                return mul(*parts)
            case "max" if len(parts) > 1:
                return Apply("max", tuple(parts))
            case "softmax" if fold.at is not None:
                powers = [Apply("exp", (part,)) for part in parts]
                return mul(powers[self.numbers.whole(fold.at, at) - span.start], power(add(*powers), num(-1)))
            case _:
                return self.figure(fold, at)


def _sum(parts: list[Expression]) -> Expression:
    """The parts added as they are, zeros and equal ones included."""
    return Add(tuple(parts)) if len(parts) > 1 else parts[0] if parts else ZERO


def displayed(expression: Expression) -> Expression:
    """The figures of an expression as exact numbers, so that it can be worked out as a reader would who sees no more."""
    if isinstance(expression, Figure):
        return Number(Fraction(expression.text))
    below = children(expression)
    return rebuilt(expression, tuple(displayed(child) for child in below)) if below else expression
