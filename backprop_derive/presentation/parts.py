"""What a writer asks of the parts of a formula: signs, denominators, letters that are taken."""

from __future__ import annotations

from fractions import Fraction

from backprop_derive.graph.expressions import Expression, Fold, Mul, Number, Power, free_variables, mul, power
from backprop_derive.presentation.figures import decimal_text


def split_sign(expression: Expression) -> tuple[bool, Expression]:
    """Whether a minus stands in front, and what it stands in front of."""
    if isinstance(expression, Number) and expression.value < 0:
        return True, Number(-expression.value)
    if isinstance(expression, Mul) and isinstance(expression.factors[0], Number) and expression.factors[0].value < 0:
        return True, mul(Number(-expression.factors[0].value), *expression.factors[1:])
    return False, expression


def inverse(factor: Expression) -> Expression | None:
    """`x^n` for a factor `x^-n`."""
    if isinstance(factor, Power) and isinstance(factor.exponent, Number) and factor.exponent.value < 0:
        return power(factor.base, Number(-factor.exponent.value))
    return None


def shown_as_fraction(value: Fraction) -> bool:
    """Whether a number stands over its denominator, not as a decimal."""
    return decimal_text(value) is None


def free_letters(fold: Fold) -> set[str]:
    """The variables that are free in a fold, and so cannot name its own index."""
    found = free_variables(fold.body) - {fold.bound.name}
    return found if fold.at is None else found | fold.at.variables()
