"""Numbers that are quotients of polynomials in the letters of a page: what is equal here is equal everywhere.

Each leaf is a letter; so is the value of a function that no polynomial gives (`exp` of some argument, `f'(z)` of an abstract f), one
letter for equal arguments. Two formulas whose difference has the numerator 0 are the same function of the leaves. The
other way round nothing follows: log(a·b) and log a + log b stay different letters.

Where a branch depends on a comparison, all outcomes are gone through, one after the other (`Algebra.cases`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import Expression
from backprop_derive.numerics.backends import Array, FloatBackend, Primitive
from backprop_derive.numerics.polynomials import Polynomial, TooLarge, constant, letter, plus, power, product, split

if TYPE_CHECKING:
    from backprop_derive.operations.rows import Function

MOST_CASES = 32
BUDGET = 20_000
__all__ = ["Algebra", "Quotient", "QuotientBackend", "TooLarge"]


class Undecided(Exception):
    """A comparison whose outcome has not been settled yet; `difference` is left minus right."""

    def __init__(self, difference: Quotient) -> None:
        self.difference = difference


@dataclass(frozen=True, slots=True, eq=False)
class Quotient:
    """`numerator / Π factor^exponent`; the factors are known to the algebra by number."""

    algebra: Algebra
    numerator: Polynomial
    denominator: tuple[tuple[int, int], ...] = ()

    @property
    def real(self) -> Quotient:
        """Itself."""
        return self

    @property
    def number(self) -> Fraction | None:
        """The value, if it is a plain number."""
        if not self.numerator:
            return Fraction(0)
        return None if self.denominator or len(self.numerator) > 1 else self.numerator.get(())

    def same(self, other: Quotient) -> bool:
        """Whether both are the same quotient."""
        return not (self - other).numerator

    def __add__(self, right: Any) -> Quotient:
        other = self.algebra.quotient(right)
        if not other.numerator:
            return self
        if not self.numerator:
            return other
        mine, theirs = dict(self.denominator), dict(other.denominator)
        common = {each: max(mine.get(each, 0), theirs.get(each, 0)) for each in {*mine, *theirs}}
        total = plus(self._over(common), other._over(common))
        return Quotient(self.algebra, total, tuple(sorted(common.items())) if total else ())

    def _over(self, common: dict[int, int]) -> Polynomial:
        """The numerator over a larger denominator."""
        own, found = dict(self.denominator), self.numerator
        for each, exponent in common.items():
            found = self.algebra.product(found, power(self.algebra.factors[each], exponent - own.get(each, 0)))
        return found

    def __mul__(self, right: Any) -> Quotient:
        other = self.algebra.quotient(right)
        first, second = self._without(other.denominator), other._without(self.denominator)
        exponents = dict(first[1])
        for each, exponent in second[1]:
            exponents[each] = exponents.get(each, 0) + exponent
        for each, exponent in (*first[2], *second[2]):
            exponents[each] -= exponent
        found = self.algebra.product(first[0], second[0])
        return Quotient(self.algebra, found, tuple(sorted((each, exponent) for each, exponent in exponents.items() if exponent)) if found else ())

    def _without(self, denominator: tuple[tuple[int, int], ...]) -> tuple[Polynomial, tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
        """(numerator, own denominator, what cancels): a numerator that is a factor of the other's denominator is left off."""
        if not denominator or len(self.numerator) < 2:
            return self.numerator, self.denominator, ()
        number, common, rest = split(self.numerator)
        for each, _ in denominator:
            if self.algebra.factors[each] == rest:
                return {common: number}, self.denominator, ((each, 1),)
        return self.numerator, self.denominator, ()

    def inverse(self) -> Quotient:
        """1 over it. Raises ZeroDivisionError."""
        if not self.numerator:
            raise ZeroDivisionError
        number, common, rest = split(self.numerator)
        found: Polynomial = {tuple((each, -exponent) for each, exponent in common): 1 / number}
        for each, exponent in self.denominator:
            found = self.algebra.product(found, power(self.algebra.factors[each], exponent))
        return Quotient(self.algebra, found, () if len(rest) == 1 else ((self.algebra.factor(rest), 1),))

    def __neg__(self) -> Quotient:
        return Quotient(self.algebra, {monomial: -coefficient for monomial, coefficient in self.numerator.items()}, self.denominator)

    def __sub__(self, other: Any) -> Quotient:
        return self + (-self.algebra.quotient(other))

    def __rsub__(self, other: Any) -> Quotient:
        return self.algebra.quotient(other) - self

    def __truediv__(self, other: Any) -> Quotient:
        return self * self.algebra.quotient(other).inverse()

    def __rtruediv__(self, other: Any) -> Quotient:
        return self.algebra.quotient(other) * self.inverse()

    def __pow__(self, exponent: int) -> Quotient:
        found, base = self.algebra.quotient(1), self if exponent >= 0 else self.inverse()
        for _ in range(abs(exponent)):
            found = found * base
        return found

    __radd__, __rmul__ = __add__, __mul__

    def __lt__(self, other: Any) -> bool:
        return self.algebra.sign(self - other) < 0

    def __gt__(self, other: Any) -> bool:
        return self.algebra.sign(self - other) > 0

    def __le__(self, other: Any) -> bool:
        return self.algebra.sign(self - other) <= 0

    def __ge__(self, other: Any) -> bool:
        return self.algebra.sign(self - other) >= 0

    def __eq__(self, other: object) -> bool:
        return self.algebra.sign(self - self.algebra.quotient(other)) == 0

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __abs__(self) -> Quotient:
        return self if self >= 0 else -self

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class _Called:
    """A function's value that is a letter: `arguments` → `value`."""

    function: str
    arguments: tuple[Quotient, ...]
    value: Quotient


@dataclass
class Algebra:
    """The letters, the factors of denominators, and the outcomes of comparisons that are settled in the case at hand."""

    letters: int = 0
    spent: int = 0
    factors: list[Polynomial] = field(default_factory=list)
    _called: list[_Called] = field(default_factory=list)
    _settled: list[tuple[Quotient, int]] = field(default_factory=list)

    def fresh(self) -> Quotient:
        """A new letter."""
        self.letters += 1
        return Quotient(self, letter(self.letters))

    def quotient(self, value: Any) -> Quotient:
        """A number as a quotient; floats exactly."""
        if isinstance(value, Quotient):
            return value
        if isinstance(value, np.generic):
            value = value.item()
        return Quotient(self, constant(Fraction(value)))

    def product(self, left: Polynomial, right: Polynomial) -> Polynomial:
        """left·right. Raises TooLarge where all products together take long."""
        self.spent += len(left) * len(right)
        if self.spent > BUDGET:
            raise TooLarge
        return product(left, right)

    def factor(self, polynomial: Polynomial) -> int:
        """The number of a factor of denominators."""
        if polynomial not in self.factors:
            self.factors.append(polynomial)
        return self.factors.index(polynomial)

    def call(self, function: str, *arguments: Quotient) -> Quotient:
        """The letter for a function's value; the same one for equal arguments."""
        for each in self._called:
            if each.function == function and all(mine.same(theirs) for mine, theirs in zip(each.arguments, arguments, strict=True)):
                return each.value
        value = self.fresh()
        self._called.append(_Called(function, arguments, value))
        return value

    def exponential(self, argument: Quotient) -> Quotient:
        """exp(argument): a whole power of a letter that stands for exp of a multiple."""
        if not argument.numerator:
            return self.quotient(1)
        for each in self._called:
            if each.function == "exp":
                known = each.arguments[0]
                monomial = next(iter(known.numerator))
                ratio = argument.numerator.get(monomial, Fraction(0)) / known.numerator[monomial]
                if ratio and ratio.denominator == 1 and abs(ratio) <= 8 and argument.same(known * ratio):
                    return each.value ** int(ratio)
        return self.call("exp", argument)

    def root(self, base: Quotient, degree: int) -> Quotient:
        """The positive root."""
        return self.call(f"root {degree}", base)

    def sign(self, difference: Quotient) -> int:
        """-1, 0 or 1; of what is no plain number as it is settled in this case. Raises Undecided."""
        number = difference.number
        if number is not None:
            return (number > 0) - (number < 0)
        for known, sign in self._settled:
            if known.same(difference):
                return sign
            if known.same(-difference):
                return -sign
        raise Undecided(difference)

    def cases(self, holds: Callable[[], bool]) -> bool:
        """Whether `holds` is true whatever the outcome of each comparison (that of equal values aside). Raises TooLarge."""
        waiting: list[list[tuple[Quotient, int]]] = [[]]
        done = 0
        while waiting:
            self._settled = waiting.pop()
            done += 1
            if done > MOST_CASES:
                raise TooLarge
            try:
                if not holds():
                    return False
            except Undecided as undecided:
                waiting += [[*self._settled, (undecided.difference, sign)] for sign in (1, -1)]
        return True


class QuotientBackend(FloatBackend):
    """Quotients in object arrays."""

    name = "quotient"
    dtype = object

    def __init__(self, algebra: Algebra) -> None:
        self.algebra = algebra

    def array(self, values: Any) -> Array:
        return np.asarray(np.frompyfunc(self.algebra.quotient, 1, 1)(np.asarray(values, dtype=object)), dtype=object)

    def number(self, value: Fraction) -> Any:
        return self.algebra.quotient(value)

    def constant(self, name: str) -> Any:
        return self.algebra.call(name)

    def real(self, values: Array) -> Array:
        return np.asarray(values)

    def body(self, row: Function) -> Expression:
        from backprop_derive.building.formulas import plain_body

        return plain_body(row)

    def shift(self, scores: Array) -> Array:
        return self.array(np.zeros((*scores.shape[:-1], 1)))

    def primitive(self, row: Function) -> Primitive:
        exponential = self.algebra.exponential
        own: dict[str, Callable[[Quotient], Quotient]] = {
            "exp": exponential,
            "tanh": lambda z: (exponential(z) ** 2 - 1) / (exponential(z) ** 2 + 1),
            "sinh": lambda z: (exponential(z) - exponential(-z)) / 2,
            "cosh": lambda z: (exponential(z) + exponential(-z)) / 2,
            "sqrt": lambda z: self.algebra.root(z, 2),
            "fabs": abs,
            "sign": lambda z: self.algebra.quotient((z > 0) - (z < 0)),
            "step": lambda z: self.algebra.quotient(z > 0),
        }
        function = np.frompyfunc(own.get(row.mpmath, lambda z: self.algebra.call(row.name, z)), 1, 1)
        return lambda values: np.asarray(function(self.array(values)), dtype=object)

    def _power(self, base: Array, exponent: Array) -> Array:
        return np.asarray(np.frompyfunc(self._raised, 2, 1)(self.array(base), self.array(exponent)), dtype=object)

    def _raised(self, base: Quotient, exponent: Quotient) -> Quotient:
        number = exponent.number
        if number is None or number.denominator > 12 or abs(number) > 64:
            raise EvaluationError("a power that is no quotient")
        return (base if number.denominator == 1 else self.algebra.root(base, number.denominator)) ** number.numerator

    def _root(self, base: Array) -> Array:
        return self._power(base, np.full((1,) * base.ndim, Fraction(1, 2), dtype=object))

    def _reciprocal(self, values: Array) -> Array:
        return np.asarray(np.frompyfunc(Quotient.inverse, 1, 1)(values), dtype=object)

    def _whole_power(self, base: Array, exponent: int) -> Array:
        return np.asarray(np.frompyfunc(lambda value: value**exponent, 1, 1)(base), dtype=object)


@dataclass(frozen=True)
class OpaqueFunction:
    """An abstract function whose values, and those of its derivatives, are letters."""

    name: str

    def __call__(self, values: Any, order: int = 0, backend: Any = None) -> Array:
        """The derivative of the given order, entry by entry."""
        return np.asarray(np.frompyfunc(lambda z: backend.algebra.call(self.name + "'" * order, z), 1, 1)(backend.array(values)), dtype=object)


def letters(shape: tuple[int, ...], algebra: Algebra) -> Array:
    """An array with a letter of its own at each place."""
    found = np.empty(shape, dtype=object)
    for place in _places(shape):
        found[place] = algebra.fresh()
    return found


def _places(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return iter(np.ndindex(*shape))
