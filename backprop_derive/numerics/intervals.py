"""Numbers as intervals that surely hold the true value (mpmath's `iv`): what differs in intervals differs.

Moore, *Interval Analysis* (1966).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop_derive.errors import EvaluationError
from backprop_derive.numerics.backends import Array, ExactBackend, Primitive

if TYPE_CHECKING:
    from backprop_derive.operations.rows import Function


class Undecided(EvaluationError):
    """A branch depends on a comparison that these numbers cannot decide."""


class IntervalBackend(ExactBackend):
    """Intervals in object arrays. A comparison of intervals that overlap raises Undecided; a function without interval form EvaluationError."""

    name = "interval"

    def __init__(self, digits: int) -> None:
        super().__init__(digits)
        from mpmath.ctx_iv import MPIntervalContext

        self.context = MPIntervalContext()
        self.context.dps = digits
        _deciding(self.context.mpf)

    def number(self, value: Fraction) -> Any:
        return self.context.mpf(value.numerator) / value.denominator

    def constant(self, name: str) -> Any:
        return +getattr(self.context, name)

    def real(self, values: Array) -> Array:
        return np.asarray(values)

    def primitive(self, row: Function) -> Primitive:
        iv = self.context
        own: dict[str, Callable[[Any], Any]] = {
            "exp": iv.exp,
            "log": iv.log,
            "sqrt": iv.sqrt,
            "sin": iv.sin,
            "cos": iv.cos,
            "tan": lambda z: iv.sin(z) / iv.cos(z),
            "log10": lambda z: iv.log(z) / iv.log(10),
            "sinh": lambda z: (iv.exp(z) - iv.exp(-z)) / 2,
            "cosh": lambda z: (iv.exp(z) + iv.exp(-z)) / 2,
            "tanh": lambda z: 1 - 2 / (iv.exp(2 * z) + 1),
            "fabs": abs,
            "sign": lambda z: iv.mpf(1 if z > 0 else -1 if z < 0 else 0),
            "step": lambda z: iv.mpf(1 if z > 0 else 0),
        }
        if row.mpmath not in own:
            raise EvaluationError(f"{row.name} has no interval form")
        function = np.frompyfunc(lambda z: own[row.mpmath](iv.convert(z)), 1, 1)
        return lambda values: np.asarray(function(values), dtype=object)

    def _number(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            return self.number(value)
        if isinstance(value, np.generic):
            value = value.item()
        return self.context.convert(int(value) if isinstance(value, bool) else value)

    def _power(self, base: Array, exponent: Array) -> Array:
        iv = self.context
        return np.asarray(np.frompyfunc(lambda below, above: iv.exp(above * iv.log(below)), 2, 1)(base, exponent))

    def _root(self, base: Array) -> Array:
        return np.asarray(np.frompyfunc(self.context.sqrt, 1, 1)(base))

    def _reciprocal(self, values: Array) -> Array:
        return np.asarray(np.frompyfunc(lambda value: 1 / value, 1, 1)(values))


@lru_cache
def interval_backend(digits: int = 40) -> IntervalBackend:
    """The backend whose intervals are as narrow as `digits` decimal digits allow. mpmath is loaded here, not before."""
    return IntervalBackend(digits)


def _deciding(kind: Any) -> None:
    """Comparisons of this context's numbers raise Undecided instead of answering `None`, which would pass as false."""
    for name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"):
        setattr(kind, name, _decided(getattr(kind, name)))


def _decided(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    def decided(left: Any, right: Any) -> bool:
        answer = compare(left, right)
        if answer is None:
            raise Undecided("two intervals overlap")
        return bool(answer)

    return decided
