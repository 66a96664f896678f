"""Sums of products: `Σ_k W[j,k] x[i,k]` as a matrix product wherever it is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import combinations
from math import prod

import numpy as np

from backprop_derive.numerics.backends import Array

Combined = Callable[[Sequence[Array]], Array]
"""The factors → what they are combined to."""


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


def _covers(factor: Array, mask: Array) -> bool:
    return all(wanted in (1, given) for given, wanted in zip(factor.shape, mask.shape, strict=True))


class Contraction:
    """The sum of a product over all axes from `kept` on, of which the result has none.

    `lengths` are how long the summed axes are; where no factor depends on an axis (length 1), it counts its places.
    `objects`: the numbers are Python's, which are multiplied and added as they stand.
    """

    def __init__(self, kept: int, lengths: Sequence[int], *, objects: bool = False) -> None:
        self.kept, self.lengths, self.objects = kept, tuple(lengths), objects
        self._shapes: tuple[tuple[int, ...], ...] = ()
        self._combined: Combined

    def __call__(self, factors: Sequence[Array]) -> Array:
        """The sum of the product of the factors."""
        shapes = tuple([factor.shape for factor in factors])
        if self.objects:
            total = np.asarray(np.sum(reduce(np.multiply, factors), axis=tuple(range(self.kept, factors[0].ndim))), dtype=object)
            return _repeated(total, _places_counted(shapes, self.kept, self.lengths))
        if shapes != self._shapes:
            self._shapes, self._combined = shapes, _planned(shapes, self.kept, self.lengths)
        return self._combined(factors)


@lru_cache(maxsize=4096)
def _planned(shapes: tuple[tuple[int, ...], ...], kept: int, lengths: tuple[int, ...]) -> Combined:
    """In which order factors of these shapes are multiplied, found once."""
    product = _product([_factor(at, shape) for at, shape in enumerate(shapes)], range(kept))
    combined, count = _arranged(product, range(kept)), _places_counted(shapes, kept, lengths)
    return combined if count == 1 else lambda factors: _repeated(combined(factors), count)


def _repeated(total: Array, count: int) -> Array:
    """So many times the total: 0 of them are 0 whatever it is."""
    return np.asarray(total * count) if count else np.zeros_like(total)


def _places_counted(shapes: tuple[tuple[int, ...], ...], kept: int, lengths: tuple[int, ...]) -> int:
    """How many places the summed axes have that no factor depends on."""
    return prod(length for axis, length in enumerate(lengths, kept) if all(shape[axis] == 1 for shape in shapes))


@dataclass(frozen=True, slots=True)
class Operand:
    """An array to come: its axes, their lengths, and how it is made of the factors, of which `factor` says that it is one.

    A factor as it was given has all axes of its scope, of which those of length 1 are no `labels`.
    """

    labels: tuple[int, ...]
    lengths: tuple[int, ...]
    make: Combined
    factor: int | None = None
    shape: tuple[int, ...] = ()


def _factor(at: int, shape: tuple[int, ...]) -> Operand:
    """A factor as it was given."""
    labels = tuple(axis for axis, length in enumerate(shape) if length != 1)
    lengths = tuple(shape[axis] for axis in labels)
    return Operand(labels, lengths, lambda factors: factors[at].reshape(lengths), at, shape)


def _reshaped(operand: Operand, labels: Sequence[int], shape: tuple[int, ...]) -> Combined:
    """The operand with its axes in the order of `labels`, in which those that it does not have are passed over, and then in a shape."""
    order = [operand.labels.index(label) for label in labels if label in operand.labels]
    ordered, make, at = order == sorted(order), operand.make, operand.factor
    if at is not None and ordered:
        return (lambda factors: factors[at]) if operand.shape == shape else lambda factors: factors[at].reshape(shape)
    if ordered:
        return make if operand.lengths == shape else lambda factors: make(factors).reshape(shape)
    return lambda factors: make(factors).transpose(order).reshape(shape)


def _arranged(operand: Operand, labels: Sequence[int]) -> Combined:
    """The operand with an axis for each of the labels, of length 1 for those that it does not have."""
    known = _lengths(operand)
    return _reshaped(operand, labels, tuple(known.get(label, 1) for label in labels))


def _product(operands: list[Operand], kept: Iterable[int]) -> Operand:
    """All operands in one: the cheapest pair first, each axis summed as soon as nobody else needs it."""
    wanted = set(kept)
    operands = [_summed(each, wanted.union(*(other.labels for other in operands[:at] + operands[at + 1 :]))) for at, each in enumerate(operands)]
    while len(operands) > 1:
        pair = min(combinations(range(len(operands)), 2), key=lambda pair: _cost(operands[pair[0]], operands[pair[1]]))
        rest = [each for at, each in enumerate(operands) if at not in pair]
        needed = wanted.union(*(each.labels for each in rest))
        operands = [*rest, _pair_product(operands[pair[0]], operands[pair[1]], needed)]
    return _summed(operands[0], wanted)


def _lengths(*operands: Operand) -> dict[int, int]:
    return {label: length for each in operands for label, length in zip(each.labels, each.lengths, strict=True)}


def _cost(left: Operand, right: Operand) -> int:
    return prod(_lengths(left, right).values())


def _summed(operand: Operand, needed: set[int]) -> Operand:
    gone = tuple(at for at, label in enumerate(operand.labels) if label not in needed)
    if not gone:
        return operand
    known = _lengths(operand)
    labels = tuple(label for label in operand.labels if label in needed)
    return Operand(labels, tuple(known[label] for label in labels), lambda factors: np.asarray(operand.make(factors).sum(axis=gone)))


def _pair_product(left: Operand, right: Operand, needed: set[int]) -> Operand:
    shared = [label for label in left.labels if label in right.labels]
    summed = [label for label in shared if label not in needed]
    rows = [label for label in left.labels if label not in shared]
    columns = [label for label in right.labels if label not in shared]
    known = _lengths(left, right)
    if not summed or not (rows or columns):
        labels = tuple(sorted({*left.labels, *right.labels} - set(summed)))
        lengths = tuple(known[label] for label in labels)
        if summed:
            axes = list(left.labels), list(right.labels), list(labels)
            return Operand(labels, lengths, lambda factors: np.asarray(np.einsum(left.make(factors), axes[0], right.make(factors), axes[1], axes[2])))
        first, second = _arranged(left, labels), _arranged(right, labels)
        return Operand(labels, lengths, lambda factors: np.asarray(first(factors) * second(factors)))
    batch = [label for label in shared if label in needed]
    first, second = _matrix(left, batch, rows, summed), _matrix(right, batch, summed, columns)
    labels = (*batch, *rows, *columns)
    lengths = tuple(known[label] for label in labels)
    return Operand(labels, lengths, lambda factors: np.matmul(first(factors), second(factors)).reshape(lengths))


def _matrix(operand: Operand, batch: list[int], rows: list[int], columns: list[int]) -> Combined:
    """The operand as a stack of matrices."""
    known = _lengths(operand)
    shape = (*(known[label] for label in batch), prod(known[label] for label in rows), prod(known[label] for label in columns))
    return _reshaped(operand, (*batch, *rows, *columns), shape)
