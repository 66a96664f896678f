"""Numbers as a page shows them: a figure is a leaf of an expression, so that every format spells it in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from backprop_derive.frozen import dataclass
from backprop_derive.graph.expressions import Expression, children

DIGITS = 4
MOST_PLACES = 7
_EXACT = 1e-13
_MAXIMUM_ZEROS = 8


@dataclass(frozen=True, slots=True)
class Figure(Expression):
    """A number to so many digits: `text` is decimal, perhaps with a power of ten, `-1.235e-6`."""

    text: str


def figure(value: float, digits: int = DIGITS) -> Figure:
    """The number with `digits` significant digits; a number that has fewer is shown as it is, without zeros behind it.

    So zeros at the end say that something was rounded, and a number looks the same wherever it stands. Whole parts are
    never cut.

    >>> [figure(value).text for value in (0.05, 0.5 + 1e-9, 3.0, 1 / 3, 123456.7, 12345678.9, -3.514e-05, 0.0)]
    ['0.05', '0.5000', '3', '0.3333', '123457', '1.235e7', '-3.514e-5', '0']
    """
    if value == 0:
        return Figure("0")
    rounded = f"{value:.{digits - 1}e}"
    exact = abs(float(rounded) - value) <= _EXACT * abs(value)
    mantissa, _, power = rounded.partition("e")
    exponent = int(power)
    if digits <= exponent < MOST_PLACES:
        return Figure(f"{value:.0f}")
    if -5 < exponent < max(digits, MOST_PLACES):
        text = f"{value:.{max(0, digits - 1 - exponent)}f}"
        return Figure(text.rstrip("0").rstrip(".") if exact and "." in text else text)
    mantissa = mantissa.rstrip("0").rstrip(".") if exact and "." in mantissa else mantissa
    return Figure(f"{mantissa}e{exponent}")


def figures(expression: Expression) -> Iterator[Figure]:
    """The figures of an expression, from left to right."""
    if isinstance(expression, Figure):
        yield expression
    for child in children(expression):
        yield from figures(child)


def decimal_text(value: Fraction) -> str | None:
    """The decimal spelling of a number that people write so: 0.01, 0.2, but not 1/2, 1/3, 3/4 or 1/8."""
    if value.denominator in (1, 2, 3, 4, 6, 8, 12):
        return None
    digits = value.denominator
    for prime in (2, 5):
        while digits % prime == 0:
            digits //= prime
    if digits != 1:
        return None
    shift = next(count for count in range(1, value.denominator.bit_length() + 1) if 10**count % value.denominator == 0)
    scaled = str(value.numerator * (10**shift // value.denominator))
    if shift - len(scaled) > _MAXIMUM_ZEROS:
        return f"{scaled}e-{shift}"
    scaled = scaled.zfill(shift + 1)
    return f"{scaled[:-shift]}.{scaled[-shift:]}"
