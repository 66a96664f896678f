"""Numbers on a page: computed ones with so many significant digits, given ones as they were given."""

from __future__ import annotations

import math

DIGITS = 6


def significant(value: float, digits: int = DIGITS) -> str:
    """A computed number with `digits` significant digits, trailing zeros included, so that a column of them is equally precise.

    >>> significant(0.05), significant(-1234567.8, 4), significant(3.51e-5, 3), significant(0.0)
    ('0.0500000', '-1.235e6', '3.51e-5', '0')
    """
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return str(value)
    return _plain(f"{value:#.{digits}g}")


def given(value: float, digits: int = DIGITS) -> str:
    """A number that somebody has chosen: as short as it is, and not longer than a computed one.

    >>> given(0.05), given(3.0), given(1 / 3, 4), given(1e-7)
    ('0.05', '3', '0.3333', '1e-7')
    """
    return _plain(f"{value:.{digits}g}") if math.isfinite(value) else str(value)


def _plain(text: str) -> str:
    """`1.50e-05` as `1.50e-5`."""
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa.rstrip('.')}e{int(exponent)}" if mark else mantissa.rstrip(".")
