"""Folds other than sums, on arrays whose last axis is the index that is folded."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import reduce

import numpy as np

from backprop_derive.errors import EvaluationError
from backprop_derive.numerics.backends import Array, FloatBackend
from backprop_derive.operations.functions import FUNCTIONS

_PRIMITIVES = {row.name: row for row in FUNCTIONS if row.name in ("exp", "log")}


def product(values: Array, length: int, mask: Array | None) -> Array:
    """`Π_k`, over the places where `mask` holds; 1 over none."""
    if mask is not None:
        values = np.where(mask, values, 1)
    if values.shape[-1] == 1 and length != 1:
        return reduce(np.multiply, [values[..., 0]] * length) if length else np.ones_like(values[..., 0])
    return np.asarray(np.multiply.reduce(values, axis=-1))


def first_maximum(values: Array, low: int, length: int, mask: Array | None, backend: FloatBackend) -> tuple[Array, Array]:
    """The largest value by its real part, and the index value at which it stands first."""
    if length == 0 and values.size != 0:
        values = values[..., :0]
    if values.shape[-1] == 0:
        if 0 in values.shape[:-1]:
            return values.sum(axis=-1), np.zeros(values.shape[:-1])
        raise EvaluationError("a maximum over no places has no value")
    compared = backend.real(values)
    if mask is not None:
        compared, mask = np.broadcast_arrays(np.where(mask, compared, -np.inf), mask)
        values = np.broadcast_to(values, compared.shape)
    chosen = np.expand_dims(np.argmax(compared, axis=-1), -1)
    if mask is not None and not np.take_along_axis(mask, chosen, axis=-1).all():
        raise EvaluationError("a maximum over no places has no value")
    return np.take_along_axis(values, chosen, axis=-1)[..., 0], (chosen[..., 0] + low).astype(float)


def softmax(scores: Array, backend: FloatBackend) -> Array:
    """`exp(z_c) / Σ_d exp(z_d)`, along the last axis."""
    raised, total, _ = _raised(scores, backend)
    return raised * backend.power(total, Fraction(-1))


def log_softmax(scores: Array, backend: FloatBackend) -> Array:
    """`z_c - log Σ_d exp(z_d)`, along the last axis."""
    return np.asarray(scores - logsumexp(scores, backend)[..., None])


def logsumexp(scores: Array, backend: FloatBackend) -> Array:
    """`log Σ_d exp(z_d)` over the last axis."""
    _, total, shift = _raised(scores, backend)
    return (shift + backend.primitive(_PRIMITIVES["log"])(total))[..., 0]


TO_VECTOR: dict[str, Callable[[Array, FloatBackend], Array]] = {"softmax": softmax, "log_softmax": log_softmax}
TO_SCALAR: dict[str, Callable[[Array, FloatBackend], Array]] = {"logsumexp": logsumexp}


def _raised(scores: Array, backend: FloatBackend) -> tuple[Array, Array, Array]:
    """exp(z - shift), its sum, and the shift."""
    shift = backend.shift(scores)
    raised = backend.primitive(_PRIMITIVES["exp"])(scores - shift)
    return raised, np.asarray(raised.sum(axis=-1, keepdims=True)), shift


def read_component(values: Array, position: Array | None, axis: int | None) -> Array:
    """The entries of the last axis at `position`, of the outer indices.

    `axis`: `position` just runs along this outer axis, on which `values` does not depend.
    """
    if axis is not None:
        return np.swapaxes(values, axis, -1)[..., 0]
    assert position is not None
    outer = np.broadcast_shapes(values.shape[:-1], position.shape)
    spread = np.broadcast_to(values, (*outer, values.shape[-1]))
    return np.take_along_axis(spread, np.broadcast_to(position, outer)[..., None], axis=-1)[..., 0]
