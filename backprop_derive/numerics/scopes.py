"""Which index is which axis while an expression is evaluated, and what is known only then.

Every array made on the way has one axis for each index in scope, in order, of length 1 where it does not depend on
that index, so arrays combine by broadcasting. Axis 0 is the batch of perturbations (length 1 in an ordinary evaluation).

An expression is planned once in a scope, and the plan is carried out in frames, as often as values change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from backprop_derive.errors import EvaluationError
from backprop_derive.numerics.backends import Array


@dataclass(frozen=True)
class Scope:
    """The indices in scope, outermost first, and where each runs.

    `names` are the arguments that a function's own definition names. `magnitude`: summands are counted by their absolute
    values. `owner` is the node whose definition is evaluated, for messages.
    """

    letters: tuple[str, ...] = ()
    lows: tuple[int, ...] = ()
    lengths: tuple[int, ...] = ()
    names: frozenset[str] = frozenset()
    magnitude: bool = False
    owner: str = ""

    @property
    def rank(self) -> int:
        """How many axes arrays have here."""
        return 1 + len(self.letters)

    def bind(self, letter: str, low: int, length: int) -> Scope:
        """The scope with one more index, which hides an outer one of the same name."""
        return replace(self, letters=(*self.letters, letter), lows=(*self.lows, low), lengths=(*self.lengths, length))

    def without(self, axes: Collection[int]) -> Scope:
        """The scope without the indices of some axes."""
        left = [at for at in range(len(self.letters)) if at + 1 not in axes]
        letters, lows, lengths = (tuple(each[at] for at in left) for each in (self.letters, self.lows, self.lengths))
        return replace(self, letters=letters, lows=lows, lengths=lengths)  # type: ignore[arg-type]

    def naming(self, names: Iterable[str]) -> Scope:
        """The scope of a function's own definition, with its arguments."""
        return replace(self, names=frozenset(names))

    def exactly(self) -> Scope:
        """The scope for a part whose value, not its magnitude, is wanted."""
        return replace(self, magnitude=False) if self.magnitude else self

    def axis(self, letter: str) -> int:
        """The array axis of an index."""
        for axis in range(len(self.letters), 0, -1):
            if self.letters[axis - 1] == letter:
                return axis
        raise EvaluationError(f"{self.owner + ': ' if self.owner else ''}the index {letter} has no range here")

    def places(self, axis: int) -> Array:
        """The values that the index of an axis takes, along that axis."""
        low, length = self.lows[axis - 1], self.lengths[axis - 1]
        return along(np.arange(low, low + length), axis, self.rank)


class Frame:
    """What is known when a plan is carried out.

    `guard` is true where values are needed: elsewhere a read may be out of range. `arguments` are the values of the names
    of a function's own definition.
    """

    __slots__ = ("arguments", "guard")

    def __init__(self, guard: Array | None = None, arguments: Mapping[str, Array] | None = None) -> None:
        self.guard, self.arguments = guard, arguments or {}

    def only_where(self, mask: Array | None) -> Frame:
        """The frame where only the places of `mask` are needed."""
        if mask is None:
            return self
        return Frame(mask if self.guard is None else pad(self.guard, mask.ndim) & mask, self.arguments)

    def naming(self, arguments: Mapping[str, Array]) -> Frame:
        """The frame of a function's own definition."""
        return Frame(self.guard, arguments)


Operation = Callable[[Frame], Array]
"""A planned expression: the frame in which it is carried out → its value, an array that broadcasts to the scope's axes."""

START = Frame()


class Fixed:
    """The operation whose value depends on no node."""

    __slots__ = ("array",)

    def __init__(self, array: Array) -> None:
        self.array = array

    def __call__(self, frame: Frame) -> Array:  # noqa: ARG002
        return self.array


def pad(array: Array, rank: int) -> Array:
    """An array made in an outer scope, with axes of length 1 for the indices that came since."""
    return array if array.ndim == rank else array[(...,) + (None,) * (rank - array.ndim)]


def along(values: Array, axis: int, rank: int) -> Array:
    """A vector as an array of `rank` axes that varies along one of them."""
    return values[tuple(slice(None) if each == axis else None for each in range(rank))]
