"""What numbers are made of: float64, complex128 for the complex step, mpmath for fifty digits.

A backend knows the primitives of the function table on arrays. Complex numbers here are real numbers with an
infinitesimal imaginary part: every branch (tests, max, abs, sign, step) is taken by the real part, and where the real
function is not defined the complex one is `nan` too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from backprop_derive.building.formulas import function_body
from backprop_derive.errors import EvaluationError

if TYPE_CHECKING:
    from backprop_derive.graph.expressions import Expression
    from backprop_derive.operations.rows import Function

Array = npt.NDArray[Any]
Primitive = Callable[[Array], Array]


class NoComplexForm(Exception):
    """A function that has no complex version here; the reference then takes real differences instead."""


class FloatBackend:
    """Double precision."""

    name = "float"
    dtype: Any = np.float64

    def array(self, values: Any) -> Array:
        """Numbers, nested lists or an array, as an array of this backend."""
        return np.asarray(values, dtype=self.dtype)

    def number(self, value: Fraction) -> Any:
        """An exact number."""
        return value.numerator / value.denominator

    def constant(self, name: str) -> Any:
        """`pi` or `e`."""
        return {"pi": math.pi, "e": math.e}[name]

    def real(self, values: Array) -> Array:
        """The real part, by which branches are taken."""
        return values.real

    def body(self, row: Function) -> Expression:
        """The formula of a row that is no primitive, in the form that these numbers like best."""
        return function_body(row)

    def shortcut(self, row: Function) -> Primitive | None:
        """A row that has a formula, in fewer steps than by its formula; None where there is no such way."""
        return None if self.dtype is object else _SHORTCUTS.get(row.name)

    def shift(self, scores: Array) -> Array:
        """What is taken off the scores of a softmax, along the last axis: the largest, so that nothing overflows."""
        return np.asarray(self.real(scores).max(axis=-1, keepdims=True))

    def primitive(self, row: Function) -> Primitive:
        """The primitive of a row of the function table, on arrays."""
        return _FLOAT[row.numpy] if row.numpy in _FLOAT else _ufunc(row.numpy)

    def power(self, base: Array, exponent: Fraction | Array) -> Array:
        """`base^exponent`; an exponent known beforehand is given as a fraction."""
        return self.known_power(exponent)(base) if isinstance(exponent, Fraction) else self._power(base, exponent)

    def known_power(self, exponent: Fraction) -> Primitive:
        """`base^exponent` as a function of the base."""
        if exponent == Fraction(1, 2):
            return self._root
        if exponent.denominator != 1:
            above = self.array(self.number(exponent))
            return lambda base: self._power(base, above)
        whole = abs(exponent.numerator)
        raised: Primitive = (lambda base: base) if whole == 1 else lambda base: self._whole_power(base, whole)
        return raised if exponent >= 0 else lambda base: self._reciprocal(raised(base))

    def _power(self, base: Array, exponent: Array) -> Array:
        return np.asarray(np.power(base, exponent))

    def _root(self, base: Array) -> Array:
        return np.asarray(np.sqrt(base))

    def _reciprocal(self, values: Array) -> Array:
        return np.asarray(1.0 / values)

    def _whole_power(self, base: Array, exponent: int) -> Array:
        return base * base if exponent == 2 else np.asarray(np.power(base, exponent))


class ComplexBackend(FloatBackend):
    """Double precision with an infinitesimal imaginary part. Arrays that do not depend on the perturbation may stay real."""

    name = "complex"
    dtype = np.complex128

    def primitive(self, row: Function) -> Primitive:
        if row.numpy in _REAL_ONLY:
            raise NoComplexForm(row.name)
        return _COMPLEX[row.numpy] if row.numpy in _COMPLEX else _ufunc(row.numpy)

    def _power(self, base: Array, exponent: Array) -> Array:
        whole = (exponent.imag == 0) & (np.rint(exponent.real) == exponent.real)
        return np.where((base.real < 0) & ~whole, np.nan, np.power(base.astype(self.dtype), exponent))

    def _root(self, base: Array) -> Array:
        return _where_positive(np.sqrt)(base)

    def _whole_power(self, base: Array, exponent: int) -> Array:
        return _multiplied(base, exponent)


class ExactBackend(FloatBackend):
    """mpmath numbers in object arrays. Slow; for `--exact` and for tests."""

    name = "exact"
    dtype = object

    def __init__(self, digits: int) -> None:
        import mpmath

        self.context = mpmath.mp.clone()
        self.context.dps = digits
        self._real = np.frompyfunc(lambda value: value.real, 1, 1)
        self._inverse = np.frompyfunc(lambda value: self._quiet(lambda: 1 / value), 1, 1)
        self._raised = np.frompyfunc(lambda base, exponent: self._quiet(lambda: self._in_domain(base, exponent)), 2, 1)

    def array(self, values: Any) -> Array:
        given = np.asarray(values, dtype=object)
        return np.asarray(np.frompyfunc(self._number, 1, 1)(given), dtype=object)

    def number(self, value: Fraction) -> Any:
        return self.context.mpf(value.numerator) / value.denominator

    def constant(self, name: str) -> Any:
        return +getattr(self.context, name)

    def real(self, values: Array) -> Array:
        return np.asarray(self._real(values))

    def primitive(self, row: Function) -> Primitive:
        own: dict[str, Callable[[Any], Any]] = {
            "fabs": lambda value: value if value.real >= 0 else -value,
            "sign": lambda value: self.context.mpf((value.real > 0) - (value.real < 0)),
            "step": lambda value: self.context.mpf(value.real > 0),
            "log": self._positive(self.context.log),
            "log10": self._positive(self.context.log10),
            "sqrt": self._positive(self.context.sqrt),
        }
        function = own.get(row.mpmath) or getattr(self.context, row.mpmath)
        return _vectorised(lambda value: self._quiet(lambda: function(value)))

    def _number(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            return self.number(value)
        return self.context.convert(value.item() if isinstance(value, np.generic) else value)

    def _quiet(self, compute: Callable[[], Any]) -> Any:
        """What NumPy does without raising: `nan` where there is no value."""
        try:
            return compute()
        except (ZeroDivisionError, ValueError):
            return self.context.nan

    def _positive(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda value: self.context.nan if value.real < 0 else function(value)

    def _in_domain(self, base: Any, exponent: Any) -> Any:
        return self.context.nan if base.real < 0 and not self.context.isint(exponent) else self.context.power(base, exponent)

    def _power(self, base: Array, exponent: Array) -> Array:
        return np.asarray(self._raised(base, exponent))

    def _root(self, base: Array) -> Array:
        return np.asarray(self._raised(base, self.context.mpf(1) / 2))

    def _reciprocal(self, values: Array) -> Array:
        return np.asarray(self._inverse(values))

    def _whole_power(self, base: Array, exponent: int) -> Array:
        return _multiplied(base, exponent)


@lru_cache
def exact_backend(digits: int = 50) -> ExactBackend:
    """The backend with `digits` decimal digits. mpmath is loaded here, not before."""
    return ExactBackend(digits)


def _multiplied(base: Array, exponent: int) -> Array:
    """A whole power by repeated squaring: each part of a complex number keeps its own relative precision."""
    result = np.ones_like(base)
    while exponent:
        if exponent & 1:
            result = result * base
        exponent >>= 1
        base = base * base if exponent else base
    return result


def _vectorised(function: Callable[[Any], Any], dtype: Any = object) -> Primitive:
    mapped = np.frompyfunc(function, 1, 1)
    return lambda values: np.asarray(mapped(values), dtype=dtype)


def _where_positive(function: Callable[[Array], Array]) -> Primitive:
    """The complex function where the real part is not negative, else `nan`: no branch cut is crossed unseen."""
    return lambda values: np.where(values.real < 0, np.nan, function(values))


def _ufunc(name: str) -> Primitive:
    function = getattr(np, name, None) if name else None
    if function is None:
        raise EvaluationError(f"the primitive {name!r} of the function table has no numeric form")
    return lambda values: np.asarray(function(values))


def _logistic(values: Array) -> Array:
    """The sigmoid by a single exponential: that of -z, or where it would overflow that of -|z|."""
    if np.minimum.reduce(values.real, axis=None, initial=0.0) > -700:
        return np.asarray(1.0 / (1.0 + np.exp(-values)))
    above = values.real > 0
    raised = np.exp(np.where(above, -values, values))
    return np.asarray(np.where(above, 1.0, raised) / (1.0 + raised))


def _digamma(value: float) -> float:
    import mpmath

    return float(mpmath.fp.digamma(value)) if value > 0 else math.nan


_REAL_ONLY: dict[str, Primitive] = {
    "erf": _vectorised(math.erf, float),
    "lgamma": _vectorised(lambda value: math.lgamma(value) if value > 0 else math.nan, float),
    "digamma": _vectorised(_digamma, float),
}
_FLOAT: dict[str, Primitive] = {"step": lambda values: (values > 0).astype(float), **_REAL_ONLY}
_COMPLEX: dict[str, Primitive] = {
    "step": lambda values: (values.real > 0).astype(float),
    "sign": lambda values: np.sign(values.real),
    "abs": lambda values: np.where(values.real < 0, -values, values),
    "log": _where_positive(np.log),
    "log10": _where_positive(lambda values: np.log(values) / math.log(10)),
    "sqrt": _where_positive(np.sqrt),
}
_SHORTCUTS: dict[str, Primitive] = {"sigmoid": _logistic}

FLOAT = FloatBackend()
COMPLEX = ComplexBackend()
