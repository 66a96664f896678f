"""Where the formulas of the chain rule hold in a picture: the letters of a link at an entry of the parent and one of the child."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from backprop_derive.calculus.links import Link
from backprop_derive.graph.indices import Affine, number, variable

Entry = tuple[tuple["int | None", Affine], ...]
"""The places of one entry: as numbers, and as they are written (`n` for the last of n). None where only the latter is known."""
Letters = Mapping[str, Affine]


def letters_at(
    link: Link, parent: Sequence[str], start: Entry, child: Sequence[Affine], end: Entry, sizes: Mapping[str, int]
) -> tuple[Letters, Letters] | None:
    """The letters of a link as they are written, and as numbers, where the parent (its indices are the letters `parent`) is at
    `start`, and the child (its indices in the link are `child`) at `end`. None where that entry of the child does not read that one of the parent.

    What is summed in the child, s in `z[j-s]`, is solved for, and has to be within its range.
    """
    written: dict[str, Affine] = {}
    exact: dict[str, Affine] = {}
    for letter, (place, form) in zip(parent, start, strict=False):
        written[letter] = form
        if place is not None:
            exact[letter] = number(place)
    equations = [(index, place, form) for index, (place, form) in zip(child, end, strict=False)]
    equations += [(condition.form, 0, number(0)) for condition in link.conditions if condition.kind == "="]
    for index, place, form in equations:
        unknown = [name for name in index.variables() if name not in written]
        if len(unknown) == 1 and not _solve(index, unknown[0], (place, form), written, exact, sizes):
            return None
        found = index.substitute(exact).resize(sizes).number
        if found is not None and place is not None and found != place:
            return None
    return (written, exact) if _holds(link, exact, sizes) else None


def _solve(
    index: Affine, name: str, at: tuple[int | None, Affine], written: dict[str, Affine], exact: dict[str, Affine], sizes: Mapping[str, int]
) -> bool:
    """Find the letter at which an index is at a place; False where there is none."""
    coefficient, (place, form) = index.coefficient(name), at
    if not coefficient:  # inside of a quotient
        return True
    rest = index - variable(name) * coefficient
    known = None if place is None else (number(place) - rest.substitute(exact).resize(sizes)).number
    if known is not None:
        if known % coefficient:
            return False
        exact[name] = number(known // coefficient)
    if coefficient in (1, -1):
        written[name] = (form - rest.substitute(written)) * coefficient
    elif name in exact:
        written[name] = exact[name]
    return True


def _holds(link: Link, exact: Letters, sizes: Mapping[str, int]) -> bool:
    """Whether the conditions hold, and what is solved for is within its range."""
    return all(condition.substitute(exact).resize(sizes).decided is not False for condition in link.conditions) and all(
        _within(link, exact, sizes)
    )


def _within(link: Link, exact: Letters, sizes: Mapping[str, int]) -> Iterator[bool]:
    for bound in link.bounds:
        place, axis = exact.get(bound.name, variable(bound.name)).number, bound.axis.substitute(exact).resize(sizes)
        low, high = axis.low.number, axis.high.number
        if place is not None and low is not None and high is not None:
            yield low <= place <= high
