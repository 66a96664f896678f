"""Equations of single entries, `h[0]: h0`: how far an array reaches with them, and where its general equation holds beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop_derive.graph.indices import Affine, Axis

Places = tuple["str | Affine", ...]
"""The indices on a left side: letters, and numbers or sizes for single places."""


def widened(axes: Sequence[Axis], single: Sequence[Places]) -> tuple[Axis, ...]:
    """The range of the general equation, widened by the places that have equations of their own."""
    found = list(axes)
    for places in single:
        for at, place in enumerate(places):
            if isinstance(place, Affine):
                found[at] = _with(found[at], place)
    return tuple(found)


def _with(axis: Axis, place: Affine) -> Axis:
    below, above = (axis.low - place).number, (place - axis.high).number
    if below is not None and below > 0:
        return Axis(place, axis.high)
    if above is not None and above > 0:
        return Axis(axis.low, place)
    return axis


def narrowed(axes: Mapping[str, Axis], single: Sequence[Places]) -> dict[str, Axis]:
    """Where the general equation holds: without the first and last places that have equations of their own."""
    found = dict(axes)
    for at, letter in enumerate(axes):
        own = [places[at] for places in single if sum(isinstance(place, Affine) for place in places) == 1]
        while found[letter].low in own and found[letter].length.number != 0:
            found[letter] = Axis(found[letter].low + 1, found[letter].high)
        while found[letter].high in own and found[letter].length.number != 0:
            found[letter] = Axis(found[letter].low, found[letter].high - 1)
    return found


def is_inside(places: Places, general: Mapping[str, Axis]) -> bool:
    """Whether an entry may be one that the general equation gives too."""
    return not any(
        isinstance(place, Affine) and any((distance.number or 0) > 0 for distance in (axis.low - place, place - axis.high))
        for place, axis in zip(places, general.values(), strict=True)
    )
