"""Polynomials in numbered letters, with exact coefficients and whole exponents, negative ones too.

A polynomial is a dictionary {monomial: coefficient}; a monomial is the tuple of its (letter, exponent), in order. Small, since
SymPy takes longer to load than a hundred of these computations.
"""

from __future__ import annotations

from fractions import Fraction

Monomial = tuple[tuple[int, int], ...]
Polynomial = dict[Monomial, Fraction]

LARGEST = 4_000


class TooLarge(Exception):
    """A computation with polynomials that would take long."""


def constant(value: Fraction | int) -> Polynomial:
    """The polynomial that is a number."""
    return {(): Fraction(value)} if value else {}


def letter(number: int, exponent: int = 1) -> Polynomial:
    """A power of one letter."""
    return {((number, exponent),): Fraction(1)}


def plus(left: Polynomial, right: Polynomial, times: Fraction | int = 1) -> Polynomial:
    """left + times·right"""
    if not right:
        return left
    found = dict(left)
    for monomial, coefficient in right.items():
        total = found.get(monomial, 0) + times * coefficient
        if total:
            found[monomial] = Fraction(total)
        else:
            found.pop(monomial, None)
    return found


def product(left: Polynomial, right: Polynomial) -> Polynomial:
    """left·right. Raises TooLarge."""
    if len(left) * len(right) > LARGEST:
        raise TooLarge
    found: Polynomial = {}
    for first, one in left.items():
        for second, other in right.items():
            monomial = _joined(first, second)
            total = found.get(monomial, 0) + one * other
            if total:
                found[monomial] = total
            else:
                found.pop(monomial, None)
    return found


def power(base: Polynomial, exponent: int) -> Polynomial:
    """base^exponent, for an exponent of 0 or more."""
    found = constant(1)
    for _ in range(exponent):
        found = product(found, base)
    return found


def split(polynomial: Polynomial) -> tuple[Fraction, Monomial, Polynomial]:
    """(number, monomial, rest) whose product it is; the rest has no common letter, and its first coefficient is 1."""
    least: dict[int, int] = {}
    letters = {number for monomial in polynomial for number, _ in monomial}
    for number in letters:
        least[number] = min(dict(monomial).get(number, 0) for monomial in polynomial)
    common: Monomial = tuple(sorted((number, exponent) for number, exponent in least.items() if exponent))
    down: Monomial = tuple((number, -exponent) for number, exponent in common)
    rest = {_joined(monomial, down): coefficient for monomial, coefficient in polynomial.items()}
    leading = rest[max(rest)]
    return leading, common, {monomial: coefficient / leading for monomial, coefficient in rest.items()}


def _joined(left: Monomial, right: Monomial) -> Monomial:
    if not left:
        return right
    if not right:
        return left
    found = dict(left)
    for number, exponent in right:
        total = found.get(number, 0) + exponent
        if total:
            found[number] = total
        else:
            del found[number]
    return tuple(sorted(found.items()))
