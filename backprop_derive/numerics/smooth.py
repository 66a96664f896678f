"""Random smooth functions that stand for abstract ones (`f`, `f_A1`), with exact derivatives of every order."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Any

import numpy as np

from backprop_derive.numerics.backends import FLOAT, Array, FloatBackend
from backprop_derive.operations.functions import FUNCTIONS

_WAVES = {row.name: row for row in FUNCTIONS if row.name in ("sin", "cos")}
_DERIVATIVES_OF_SIN = (("sin", 1), ("cos", 1), ("sin", -1), ("cos", -1))


class SmoothFunction:
    """`f(z) = c + s·z + Σ_k a_k sin(ω_k z + φ_k)`, with frequencies between 0.5 and 2.

    The slope `s` keeps f' away from 0 in most places, so a factor f' that is lost or doubled shows.
    """

    def __init__(self, seed: int, waves: int = 4) -> None:
        draw = np.random.default_rng(seed)
        self.offset = float(draw.uniform(-0.5, 0.5))
        self.slope = float(draw.uniform(0.6, 1.2))
        self.amplitudes = tuple(float(each) for each in draw.uniform(0.1, 0.4, waves))
        self.frequencies = tuple(float(each) for each in draw.uniform(0.5, 2.0, waves))
        self.phases = tuple(float(each) for each in draw.uniform(0, 6.25, waves))

    def __call__(self, values: Any, order: int = 0, backend: FloatBackend = FLOAT) -> Array:
        """The derivative of the given order at every entry of `values`."""
        z = np.asarray(values)
        wave, sign = _DERIVATIVES_OF_SIN[order % 4]
        turn = backend.primitive(_WAVES[wave])
        total = self.offset + self.slope * z if order == 0 else np.full_like(z, self.slope if order == 1 else 0)
        for amplitude, frequency, phase in zip(self.amplitudes, self.frequencies, self.phases, strict=True):
            total = total + sign * amplitude * frequency**order * turn(frequency * z + phase)
        return total


@lru_cache(maxsize=256)
def named_function(name: str, seed: int = 0) -> SmoothFunction:
    """The function drawn for `name`: different names give different functions, the same name always the same."""
    return SmoothFunction(zlib.crc32(name.encode()) + seed)
