"""What is said beside a picture of the arrows in it: which weight each of them carries, by index or one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from backprop_derive.graph.expressions import Expression, mul
from backprop_derive.presentation.document import Aligned, Block, Heading, Paragraph, Row, Table, Text
from backprop_derive.presentation.paths import Path, Paths
from backprop_derive.presentation.picture import Arrow, Law, Picture, Spot

_LISTED = 8  # paths
_WRITTEN_OUT = 4  # units, between which the weights of an array are written one by one


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


# -- below a picture in characters ----------------------------------------------------------------------------------------


def legend(picture: Picture, labelled: Collection[Arrow] = (), *, beside: bool = False) -> Iterator[Block]:
    """What a picture in characters does not say: the weights, apart from those that are `labelled`; what each spot does, unless
    that stands `beside` it; the paths of the chosen weight, with the product of the partials along each."""
    yield from _weights(picture, labelled)
    doing = () if beside else tuple(_doing(picture))
    if doing:
        yield Table((), doing)
    if picture.notes:
        yield Paragraph((*_listed(picture.notes, "; "), "."))
    if picture.chosen is not None:
        yield from _paths(picture)


def connections(picture: Picture) -> Iterator[Block]:
    """Which spots lead to which, in words: for lines that are too short for a picture."""
    sources: dict[str, list[str]] = {}
    for arrow in picture.arrows:
        sources.setdefault(arrow.end, []).append(arrow.start)
    targets: dict[tuple[str, ...], list[str]] = {}
    for end in (spot.key for spot in picture.spots if spot.key in sources):
        targets.setdefault(tuple(dict.fromkeys(sources[end])), []).append(end)
    labels = {spot.key: spot.label for spot in picture.spots}
    yield Table((), tuple((_listed([labels[key] for key in starts]), ("→ ", *_listed([labels[key] for key in ends]))) for starts, ends in targets.items()))


def _listed(texts: Sequence[Text], between: str = ", ") -> Text:
    return tuple(part for number, text in enumerate(texts) for part in ((between, *text) if number else text))


def _weights(picture: Picture, labelled: Collection[Arrow]) -> Iterator[Block]:
    """A matrix for each two columns, rows = to, columns = from; large arrays by index; then the arrows that lead back."""
    spots = {spot.key: spot for spot in picture.spots}
    carrying = [arrow for arrow in picture.arrows if arrow.weight is not None and arrow not in labelled]
    forward = [arrow for arrow in carrying if spots[arrow.start].column < spots[arrow.end].column]
    pairs: dict[tuple[object, ...], list[Arrow]] = {}
    for arrow in forward:
        general = arrow.law is not None and bool(arrow.law.start.indices and arrow.law.end.indices) and sum(each.law == arrow.law for each in forward) > 1
        pair = (arrow.law,) if general else (spots[arrow.start].column, spots[arrow.end].column)
        pairs.setdefault(pair, []).append(arrow)
    laws: list[tuple[Text, ...]] = []
    for (key, *_), arrows in pairs.items():
        if isinstance(key, Law) and max(len({arrow.start for arrow in arrows}), len({arrow.end for arrow in arrows})) > _WRITTEN_OUT:
            laws.append((("from ", key.start, " to ", key.end), (key.value,)))
        else:
            yield _matrix(picture, arrows)
    for arrow in carrying:
        if arrow not in forward and arrow.weight is not None:
            again = f" ({arrow.again})" if arrow.again else ""
            laws.append((("from ", *spots[arrow.start].label, " back to ", *spots[arrow.end].label, again), (arrow.weight,)))
    if laws:
        yield Table((), tuple(laws))


def _matrix(picture: Picture, arrows: Sequence[Arrow]) -> Table:
    starts, ends = {arrow.start for arrow in arrows}, {arrow.end for arrow in arrows}
    columns = [spot for spot in picture.spots if spot.key in starts]
    cells = {(arrow.end, arrow.start): (arrow.weight,) for arrow in arrows if arrow.weight is not None}
    rows = tuple((("to ", *spot.label), *(cells.get((spot.key, column.key), ()) for column in columns)) for spot in picture.spots if spot.key in ends)
    return Table((("weight",), *(("from ", *column.label) for column in columns)), rows)


def _doing(picture: Picture) -> Iterator[tuple[Text, ...]]:
    """What the spots do, each function once."""
    found: dict[tuple[int, Text, Text], list[Spot]] = {}
    for spot in picture.spots:
        if spot.function or spot.bias:
            found.setdefault((spot.column, spot.function, spot.bias), []).append(spot)
    for (_, function, bias), spots in found.items():
        yield _listed([spot.label for spot in spots]), (*function, *((", ", "+ ", *bias) if function and bias else ("+ ", *bias) if bias else ()))


def _paths(picture: Picture) -> Iterator[Block]:
    assert picture.chosen is not None, "only then are there paths"
    paths = Paths(picture)
    loss = next(spot.label for spot in picture.spots if spot.kind == "loss")
    yield Heading(4, ("Paths of ", picture.chosen))
    if not paths.count:
        yield Paragraph((picture.chosen, " does not reach ", *loss, " in this picture."))
    elif paths.count > _LISTED:
        yield Paragraph((picture.chosen, " reaches ", *loss, f" in this picture by {paths.count} paths. The derivatives along their arrows are:"))
        yield Aligned(tuple(Row(left, right) for left, right in _along(picture)))
    else:
        for path in paths:
            yield Paragraph(_way(picture.chosen, path))
            yield Aligned((Row(mul(*(left for left, _ in path.derivatives)), mul(*(right for _, right in path.derivatives))),))
    if paths.leads_back:
        yield Paragraph(("An arrow that leads back is taken again at each step.",))


def _way(chosen: Expression, path: Path) -> Text:
    """`w11 → o1 → y' → L`"""
    names = [spot.label for spot in path.spots]
    first: Text = () if names[0] == (chosen,) else (chosen, " → ")
    return (*first, *_listed(names, " → "))


def _along(picture: Picture) -> Iterator[tuple[Expression, Expression]]:
    """The derivatives of lit spots and arrows, those of arrays by index, each once."""
    spots = [each for spot in picture.spots for each in (spot.by_weight, spot.partial) if each is not None]
    arrows = [each for arrow in picture.arrows if arrow.lit for each in (arrow.by_weight, _general(picture, arrow)) if each is not None]
    yield from dict.fromkeys((*arrows, *spots))


def _general(picture: Picture, arrow: Arrow) -> tuple[Expression, Expression] | None:
    lit = {spot.key for spot in picture.spots if spot.lit}
    if arrow.law is not None and arrow.start in lit and sum(each.law == arrow.law and each.lit for each in picture.arrows) > 1:
        return arrow.law.partial, arrow.law.value
    return arrow.partial
