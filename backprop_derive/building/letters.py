"""Letters of indices that a spec does not name: those of layers, and those of vectors that stand one behind the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backprop_derive.graph.expressions import Bound
from backprop_derive.graph.indices import Axis
from backprop_derive.graph.naming import free_letter

UNIT, SOURCE, STEP = "j", "k", "t"
"""Of the unit of a layer, of what it reads, and of the step of a sequence."""

_ROW_LETTERS = "cde"
"""Those that the rows of the tables bind."""

LETTERS_OF_ROWS = "jktshrc"
"""Those of the equations of layers over sequences."""


def bounds_along(axes: Sequence[Axis], taken: Iterable[str]) -> tuple[Bound, ...]:
    """Indices in front of those of a vector: `t`, or the next letters that are not `taken`."""
    found: list[Bound] = []
    used = {*taken, UNIT, SOURCE, *_ROW_LETTERS}
    for axis in axes:
        found.append(Bound(free_letter(STEP, used), axis))
        used.add(found[-1].name)
    return tuple(found)
