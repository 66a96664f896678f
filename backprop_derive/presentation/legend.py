"""What is said beside a picture of the arrows in it: which weight each of them carries, by index or one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backprop_derive.graph.expressions import Expression
from backprop_derive.presentation.document import Text
from backprop_derive.presentation.picture import Arrow, Law, Picture


def laws_of(picture: Picture, arrows: Sequence[Arrow]) -> Iterator[Text]:
    """The weights of the arrows, and the partials of those that are lit: by index where arrows are entries of arrays, else in
    a line for each spot that they lead to."""
    alone: dict[str, list[Arrow]] = {}
    for law, together in _by_law(arrows):
        if law is None or len(together) == 1:
            for arrow in together:
                alone.setdefault(arrow.end, []).append(arrow)
            continue
        if any(arrow.lit for arrow in together):
            yield law.partial, " = ", law.value
        if any(arrow.weight is not None and not arrow.lit for arrow in together):
            yield "from ", law.start, " to ", law.end, ": ", law.value
    labels = {spot.key: spot.label for spot in picture.spots}
    for end, given in alone.items():
        for arrow in given:
            if arrow.lit and arrow.partial is not None:
                yield arrow.partial[0], " = ", arrow.partial[1]
        weights = [(labels[arrow.start], arrow.weight) for arrow in given if arrow.weight is not None and not arrow.lit]
        if weights:
            yield tuple(_into(labels[end], weights))


def _by_law(arrows: Sequence[Arrow]) -> Iterator[tuple[Law | None, list[Arrow]]]:
    found: dict[Law | None, list[Arrow]] = {}
    for arrow in arrows:
        found.setdefault(arrow.law, []).append(arrow)
    yield from found.items()


def _into(end: Text, weights: Sequence[tuple[Text, Expression]]) -> Iterator[str | Expression]:
    """`to h1: w1 from x1, w2 from x2`"""
    yield "to "
    yield from end
    for number, (start, weight) in enumerate(weights):
        yield ", " if number else ": "
        yield weight
        yield " from "
        yield from start
