"""Which entry of one side stands for which of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

from backprop_derive.answers.statements import Side
from backprop_derive.graph.expressions import reindex
from backprop_derive.graph.indices import Axis, IndexMap, variable
from backprop_derive.graph.naming import form_text
from backprop_derive.language.syntax import Name


class DoNotFit(Exception):
    """The two sides have different shapes; `str` says which, for a student. `transposed`: one is the other's transpose."""

    def __init__(self, message: str, *, transposed: bool = False) -> None:
        super().__init__(message)
        self.transposed = transposed


def aligned(left: Side, right: Side) -> tuple[tuple[Side, Side], ...]:
    """Both sides over the same letters, in every way that the axes allow; the first is the one that the letters suggest.

    Letters that a person wrote are matched by name, `delta[j]*x[k]` with `W[j,k]`. Those that stand for a whole array are matched by
    place. Raises DoNotFit.
    """
    left, right = without_ones(left), without_ones(right)
    if not left.letters and not right.letters:
        return ((left, right),)
    by_hand = _has_indices(left), _has_indices(right)
    found = list(_by_place(left, right))
    if not any(by_hand):
        found = [pair for pair in found[:1] if left.axes == right.axes]
    elif set(left.letters) == set(right.letters) and _axes(left) == _axes(right):
        by_name = left, replace(right, letters=left.letters, axes=left.axes)
        found = [by_name] if all(by_hand) else [by_name, *(pair for pair in found if pair != by_name)]
    elif all(by_hand) and (set(right.letters) < set(left.letters) or set(left.letters) < set(right.letters)):
        found = [_broadcast(left, right)]
    if not found:
        raise _misfit(left, right)
    return tuple(found)


def is_crossed(left: Side, right: Side) -> bool:
    """Whether the same letters, written by hand, run over other axes on one side than on the other: w_jk from j to k, for W[k,j]."""
    left, right = without_ones(left), without_ones(right)
    return _has_indices(left) and _has_indices(right) and set(left.letters) == set(right.letters) and _axes(left) != _axes(right)


def _by_place(left: Side, right: Side) -> Iterator[tuple[Side, Side]]:
    """Right's letters renamed to left's, in every order in which the axes are the same; the order as it stands comes first."""
    if len(left.letters) != len(right.letters):
        return
    for order in permutations(range(len(right.letters))):
        if all(right.axes[at] == axis for at, axis in zip(order, left.axes, strict=True)):
            names: IndexMap = {right.letters[at]: variable(letter) for at, letter in zip(order, left.letters, strict=True)}
            yield left, replace(right, expression=reindex(right.expression, names), letters=left.letters, axes=left.axes)


def _broadcast(left: Side, right: Side) -> tuple[Side, Side]:
    """Sides of which one lacks an index of the other: ∂C/∂W[j,k] = δ[j] says so for each k."""
    more = left if len(left.letters) > len(right.letters) else right
    return replace(left, letters=more.letters, axes=more.axes), replace(right, letters=more.letters, axes=more.axes)


def without_ones(side: Side) -> Side:
    """The side without axes of one place: a row, a column and a vector are one."""
    ones = {letter: axis.low for letter, axis in zip(side.letters, side.axes, strict=True) if axis.single}
    if not ones:
        return side
    kept = [at for at, letter in enumerate(side.letters) if letter not in ones]
    return replace(side, expression=reindex(side.expression, ones), letters=tuple(side.letters[at] for at in kept), axes=tuple(side.axes[at] for at in kept))


def _has_indices(side: Side) -> bool:
    """Whether the person wrote indices of the side's own, not only those of sums."""
    written = {inner.name for each in side.syntax.walk() if isinstance(each, Name) for index in each.indices for inner in index.walk() if isinstance(inner, Name)}
    return bool(written & {*side.letters})


def _axes(side: Side) -> dict[str, Axis]:
    return dict(zip(side.letters, side.axes, strict=True))


def _misfit(left: Side, right: Side) -> DoNotFit:
    transposed = len(left.axes) == 2 and left.axes == right.axes[::-1]
    message = f"the left side is {_shape(left)}, the right side {_shape(right)}"
    return DoNotFit(message + (": it is transposed" if transposed else ""), transposed=transposed)


def _shape(side: Side) -> str:
    if not side.axes:
        return "a number"
    lengths = [form_text(axis.length) for axis in side.axes]
    return f"a vector of {lengths[0]}" if len(lengths) == 1 else " × ".join(lengths)
