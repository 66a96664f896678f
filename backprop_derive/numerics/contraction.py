"""Sums of products: `Σ_k W[j,k] x[i,k]` as a matrix product wherever it is one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import combinations
from math import prod

import numpy as np

from backprop_derive.numerics.backends import Array

Operand = tuple[tuple[int, ...], Array]


def masked(factors: Sequence[Array], mask: Array | None) -> list[Array]:
    """Factors whose product is that of `factors` where `mask` holds, and 0 elsewhere, also where a factor is infinite."""
    if mask is None:
        return list(factors)
    covered = [_covers(factor, mask) for factor in factors]
    left = [factor for factor, covers in zip(factors, covered, strict=True) if not covers]
    if any(factor.dtype == object or not np.isfinite(factor).all() for factor in left):
        return [np.where(mask, reduce(np.multiply, factors), 0)]
    zeroed = [np.where(mask, factor, 0) for factor, covers in zip(factors, covered, strict=True) if covers]
    return [*(zeroed or [mask.astype(float)]), *left]


def contracted(factors: Sequence[Array], kept: int, lengths: Sequence[int]) -> Array:
    """The sum of the product over all axes from `kept` on, of which the result has none.

    `lengths` are how long the summed axes are; where no factor depends on an axis (length 1), it counts its places.
    """
    rank = factors[0].ndim
    unused = [length for axis, length in zip(range(kept, rank), lengths, strict=True) if all(each.shape[axis] == 1 for each in factors)]
    count = prod(unused)
    if any(factor.dtype == object for factor in factors):
        total = np.asarray(np.sum(reduce(np.multiply, factors), axis=tuple(range(kept, rank))), dtype=object)
    else:
        total = _expanded(_product([_squeezed(factor) for factor in factors], range(kept)), kept)
    if count == 0:
        return np.zeros_like(total)
    return total if count == 1 else total * count


def _covers(factor: Array, mask: Array) -> bool:
    return all(wanted in (1, given) for given, wanted in zip(factor.shape, mask.shape, strict=True))


def _squeezed(array: Array) -> Operand:
    """The array without axes of length 1, and which axes it has left."""
    labels = tuple(axis for axis, length in enumerate(array.shape) if length != 1)
    return labels, array.reshape([array.shape[axis] for axis in labels])


def _expanded(operand: Operand, rank: int) -> Array:
    """The reverse of `_squeezed`."""
    labels, array = operand
    ordered = array.transpose(sorted(range(len(labels)), key=labels.__getitem__))
    return ordered[tuple(slice(None) if axis in labels else None for axis in range(rank))]


def _product(operands: list[Operand], kept: Iterable[int]) -> Operand:
    """All operands in one: the cheapest pair first, each axis summed as soon as nobody else needs it."""
    wanted = set(kept)
    operands = [_summed(each, wanted.union(*(labels for labels, _ in operands[:at] + operands[at + 1 :]))) for at, each in enumerate(operands)]
    while len(operands) > 1:
        pair = min(combinations(range(len(operands)), 2), key=lambda pair: _cost(operands[pair[0]], operands[pair[1]]))
        rest = [each for at, each in enumerate(operands) if at not in pair]
        needed = wanted.union(*(labels for labels, _ in rest))
        operands = [*rest, _pair_product(operands[pair[0]], operands[pair[1]], needed)]
    return _summed(operands[0], wanted)


def _cost(left: Operand, right: Operand) -> int:
    lengths = dict(zip(left[0], left[1].shape, strict=True)) | dict(zip(right[0], right[1].shape, strict=True))
    return prod(lengths.values())


def _summed(operand: Operand, needed: set[int]) -> Operand:
    labels, array = operand
    gone = tuple(at for at, label in enumerate(labels) if label not in needed)
    return (tuple(label for label in labels if label in needed), np.asarray(array.sum(axis=gone))) if gone else operand


def _pair_product(left: Operand, right: Operand, needed: set[int]) -> Operand:
    shared = [label for label in left[0] if label in right[0]]
    summed = [label for label in shared if label not in needed]
    rows = [label for label in left[0] if label not in shared]
    columns = [label for label in right[0] if label not in shared]
    if not summed or not (rows or columns):
        labels = tuple(sorted({*left[0], *right[0]} - set(summed)))
        if summed:
            return labels, np.asarray(np.einsum(left[1], left[0], right[1], right[0], labels))
        span = max((*labels, 0)) + 1
        product = _expanded(left, span) * _expanded(right, span)
        return labels, product[tuple(slice(None) if axis in labels else 0 for axis in range(span))]
    batch = [label for label in shared if label in needed]
    first = _matrix(left, batch, rows, summed)
    second = _matrix(right, batch, summed, columns)
    lengths = dict(zip(left[0], left[1].shape, strict=True)) | dict(zip(right[0], right[1].shape, strict=True))
    labels = (*batch, *rows, *columns)
    return labels, np.matmul(first, second).reshape([lengths[label] for label in labels])


def _matrix(operand: Operand, batch: list[int], rows: list[int], columns: list[int]) -> Array:
    """The operand as a stack of matrices."""
    labels, array = operand
    ordered = array.transpose([labels.index(label) for label in (*batch, *rows, *columns)])
    split = ordered.shape[: len(batch)], ordered.shape[len(batch) : len(batch) + len(rows)], ordered.shape[len(batch) + len(rows) :]
    return ordered.reshape(*split[0], prod(split[1]), prod(split[2]))
