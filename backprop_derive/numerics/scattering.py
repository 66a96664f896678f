"""Sums whose summands each go to one place of the result: `f[j] = Σ_c Σ_p [j = 9c + p]·m[c,p]`.

Looked at from the places of the result, nearly every summand is 0; looked at from the summands, each has its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backprop_derive.graph.expressions import (
    ONE,
    ZERO,
    Bound,
    Bracket,
    Compare,
    Expression,
    Fold,
    Integer,
    Mul,
    Where,
    free_variables,
    integer,
    mul,
)
from backprop_derive.graph.indices import Affine, Variable
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.scopes import Frame, Operation, Scope, pad
from backprop_derive.numerics.scopes import along as on_axis

Target = tuple[str, Expression]
"""An index of the result, and where along it a summand goes."""


@dataclass(frozen=True, slots=True)
class Scattering:
    """The sum over `bounds` of `summand`, each at its `targets`."""

    bounds: tuple[Bound, ...]
    summand: Expression
    targets: tuple[Target, ...]

    def axes(self, scope: Scope) -> tuple[int, ...]:
        """The axes along which summands have places."""
        return tuple(scope.axis(letter) for letter, _ in self.targets)

    def operation(self, scope: Scope, inner: Scope, summand: Operation, places: Sequence[Operation], mask: Array | None) -> Operation:
        """The sum over `scope`. The summand and its places are planned over `inner`, the scope without the axes of the places, and with
        the bounds, which run where `mask` holds."""
        gone = self.axes(scope)
        left = [axis for axis in range(1, scope.rank) if axis not in gone]
        axes = (0, *left, *(None for _ in self.bounds))
        summed = (1,) * (1 + len(left)) + inner.lengths[len(left) :]

        def run(frame: Frame) -> Array:
            guard = None if frame.guard is None else pad(np.asarray(pad(frame.guard, scope.rank).any(axis=gone)), inner.rank)
            there = Frame(guard, frame.arguments).only_where(mask)
            values = summand(there) if mask is None else np.where(mask, summand(there), 0)
            values = np.broadcast_to(values, np.broadcast_shapes(values.shape, summed))
            along = [Along(axis, scope.lows[axis - 1], scope.lengths[axis - 1], place(there)) for axis, place in zip(gone, places, strict=True)]
            return scattered(values, along, axes, scope.rank)

        return run


def scattering(fold: Fold, letters: Sequence[str]) -> Scattering | None:
    """The sum in this way, where its summands have places along some of the `letters` of its result; else None."""
    bounds, factors = list[Bound](), list[Expression]()
    _take_apart(fold, bounds, factors)
    inside = {bound.name for bound in bounds}
    if len(inside) < len(bounds) or len({*letters, *inside}) < len(letters) + len(inside):
        return None
    targets = dict[str, Expression]()
    for factor in tuple(factors):
        target = _target(factor, letters, inside)
        if target is not None and target[0] not in targets:
            targets |= (target,)
            factors.remove(factor)
    mentioned = set[str]().union(*map(free_variables, (*factors, *targets.values())))
    mentioned |= {name for bound in bounds for end in (bound.axis.low, bound.axis.high) for name in end.variables()}
    if not targets or mentioned & set(targets):
        return None
    return Scattering(tuple(bounds), _product(factors), tuple(targets.items()))


def _take_apart(expression: Expression, bounds: list[Bound], factors: list[Expression]) -> None:
    """The sums that an expression consists of, and the factors inside them, conditions as brackets."""
    match expression:
        case Fold(kind="sum"):
            bounds.append(expression.bound)
            _take_apart(expression.body, bounds, factors)
        case Mul():
            for factor in expression.factors:
                _take_apart(factor, bounds, factors)
        case Where(test=Bracket() | Compare(), then=then) if expression.otherwise == ZERO:
            factors.append(expression.test)
            if then != ONE:
                _take_apart(then, bounds, factors)
        case _:
            factors.append(expression)


def _product(factors: Sequence[Expression]) -> Expression:
    """The product of all factors where the conditions among them hold: what does not count need not be there."""
    product = mul(*(factor for factor in factors if not isinstance(factor, Bracket | Compare)))
    for factor in factors:
        product = Where(factor, product, ZERO) if isinstance(factor, Bracket | Compare) else product
    return product


def _target(factor: Expression, letters: Sequence[str], inside: set[str]) -> Target | None:
    """`[j = 9c + p]` says where along j a summand goes, and `[p = row[c,r]]` where along p, if that depends on what is summed.

    `[j = c]` with nothing else picks one summand, which needs no such detour.
    """
    match factor:
        case Bracket() if factor.condition.kind == "=":
            form = factor.condition.form
            for letter in letters:
                sign = form.coefficient(letter)
                rest = form - Affine(((Variable(letter), sign),)) if sign else form
                summed = rest.variables() & inside
                alone = len(summed) == 1 and all(abs(rest.coefficient(name)) == 1 for name in summed)
                if sign in (1, -1) and summed and not alone and letter not in rest.variables():
                    return letter, integer(rest * -sign)
        case Compare(relation="=", left=Integer(form), right=place) if form.variable in letters and free_variables(place) & inside:
            return form.variable or "", place
    return None


@dataclass(frozen=True, slots=True)
class Along:
    """Where summands go along an axis of the result, which has so many places from the first one on; what is outside is left out."""

    axis: int
    first: int
    length: int
    places: Array


def scattered(values: Array, along: Sequence[Along], axes: Sequence[int | None], rank: int) -> Array:
    """The values at their places in an array of `rank` axes that is 0 elsewhere; those that meet are added.

    `axes` says which axis of the result each axis of the values is, None for one that is summed.
    """
    values, *offsets = np.broadcast_arrays(values, *(each.places - each.first for each in along))
    lengths, indices = [1] * rank, [np.zeros(values.shape, dtype=np.int64)] * rank
    for at, axis in enumerate(axes):
        if axis is not None:
            lengths[axis] = values.shape[at]
            indices[axis] = np.broadcast_to(on_axis(np.arange(values.shape[at]), at, values.ndim), values.shape)
    inside = np.ones(values.shape, dtype=bool)
    for each, offset in zip(along, offsets, strict=True):
        lengths[each.axis], indices[each.axis] = each.length, offset.astype(np.int64)
        inside &= (offset >= 0) & (offset < each.length)
    found = np.zeros(lengths, dtype=values.dtype)
    np.add.at(found.reshape(-1), np.ravel_multi_index([index[inside] for index in indices], lengths), values[inside])
    return found
