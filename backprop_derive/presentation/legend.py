"""What is said beside a picture of the arrows in it: which weight each of them carries, by index or one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from backprop_derive.graph.expressions import Expression, Integer, Partial, Ref, mul, walk
from backprop_derive.graph.indices import number, variable
from backprop_derive.presentation.document import Aligned, Block, Heading, Paragraph, Row, Table, Text
from backprop_derive.presentation.paths import Path, Paths
from backprop_derive.presentation.picture import Arrow, Law, Picture, Spot

_LISTED = 8  # paths
_DERIVATIVES = 12  # along arrows without a label, that are said one by one
_MATRICES = 3  # of arrays, that are written entry by entry
_WRITTEN_OUT = 4  # units, between which the weights of an array are written one by one


def laws_of(picture: Picture, arrows: Sequence[Arrow]) -> Iterator[Text]:
    """The weights of the arrows, and the partials of those that are lit: by index where arrows are entries of arrays, else in
    a line for each spot that they lead to."""
    alone: dict[str, list[Arrow]] = {}
    grids = _grids(picture)
    for grid in dict.fromkeys(grids[arrow] for arrow in arrows if arrow in grids and not arrow.lit):
        yield *grid.places, ": ", *grid.weight
    for law, together in _by_law(arrows):
        if law is None or len(together) == 1:
            for arrow in together:
                alone.setdefault(arrow.end, []).append(arrow)
            continue
        if any(arrow.lit for arrow in together):
            yield law.partial, " = ", law.value
        if law.weight is not None and any(not arrow.lit for arrow in together):
            yield "from ", law.start, " to ", law.end, ": ", law.weight
    labels = {spot.key: spot.label for spot in picture.spots}
    lit = [arrow.partial for given in alone.values() for arrow in given if arrow.lit and arrow.partial is not None]
    for left, right in lit[:_DERIVATIVES]:
        yield left, " = ", right
    if len(lit) > _DERIVATIVES:
        yield (f"and {len(lit) - _DERIVATIVES} more derivatives of this kind",)
    for end, given in alone.items():
        weights = [
            (labels[arrow.start], arrow.weight) for arrow in given if arrow.weight is not None and not arrow.lit and arrow not in grids
        ]
        if weights:
            yield tuple(_into(labels[end], weights))


@dataclass(frozen=True, slots=True)
class _Grid:
    """Arrows from every one of some units to every one of others, on which the entries of an array stand in order."""

    places: Text
    weight: Text


def _grids(picture: Picture) -> Mapping[Arrow, _Grid]:
    """The arrows between units with names of their own that carry an array, such as W1, if it is large."""
    column_of = {spot.key: spot.column for spot in picture.spots}
    by_array: dict[tuple[str, int, int], list[tuple[Arrow, Ref]]] = {}
    for arrow in picture.arrows:
        if isinstance(arrow.weight, Ref) and len(arrow.weight.indices) == 2 and "[" not in arrow.start + arrow.end:
            by_array.setdefault((arrow.weight.name, column_of[arrow.start], column_of[arrow.end]), []).append((arrow, arrow.weight))
    found: dict[Arrow, _Grid] = {}
    for (name, _, _), carrying in by_array.items():
        starts, ends = (
            [spot for spot in picture.spots if spot.key in {key(arrow) for arrow, _ in carrying}]
            for key in (attrgetter("start"), attrgetter("end"))
        )
        row, column = ({spot.key: number(place) for place, spot in enumerate(spots, 1)} for spots in (ends, starts))
        if len(carrying) != len(starts) * len(ends) or max(len(starts), len(ends)) <= _WRITTEN_OUT:
            continue
        for letters in ("jk", "kj"):
            if all(
                ref.indices == ((row[arrow.end], column[arrow.start]) if letters == "jk" else (column[arrow.start], row[arrow.end]))
                for arrow, ref in carrying
            ):
                places = ("from ", *_ends_of(starts), " to ", *_ends_of(ends))
                weight = (
                    Ref(name, tuple(map(variable, letters))),
                    ", to the ",
                    Integer(variable("j")),
                    "th of them from the ",
                    Integer(variable("k")),
                    "th",
                )
                found |= dict.fromkeys((arrow for arrow, _ in carrying), _Grid(places, weight))
    return found


def _ends_of(spots: Sequence[Spot]) -> Text:
    """`x1, …, x12`"""
    return (*spots[0].label, ", …, ", *spots[-1].label) if len(spots) > 2 else _listed([spot.label for spot in spots])


def _by_law(arrows: Sequence[Arrow]) -> Iterator[tuple[Law | None, list[Arrow]]]:
    found: dict[Law | None, list[Arrow]] = {}
    for arrow in arrows:
        found.setdefault(arrow.law, []).append(arrow)
    yield from found.items()


def _into(end: Text, weights: Sequence[tuple[Text, Expression]]) -> Iterator[str | Expression]:
    """`to h1: w1 from x1, w2 from x2`"""
    yield "to "
    yield from end
    for place, (start, weight) in enumerate(weights):
        yield ", " if place else ": "
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
    yield Table(
        (),
        tuple(
            (_listed([labels[key] for key in starts]), ("→ ", *_listed([labels[key] for key in ends]))) for starts, ends in targets.items()
        ),
    )


def _listed(texts: Sequence[Text], between: str = ", ") -> Text:
    return tuple(part for place, text in enumerate(texts) for part in ((between, *text) if place else text))


def _weights(picture: Picture, labelled: Collection[Arrow]) -> Iterator[Block]:
    """A matrix for each column that arrows lead to, rows = to, columns = from; large arrays by index; then the arrows that lead back."""
    spots = {spot.key: spot for spot in picture.spots}
    carrying = [arrow for arrow in picture.arrows if arrow.weight is not None and arrow not in labelled]
    forward = [arrow for arrow in carrying if spots[arrow.start].column < spots[arrow.end].column]
    by_law = dict(_by_law(forward))
    general = [
        (law, max(len({each.start for each in arrows}), len({each.end for each in arrows})))
        for law, arrows in by_law.items()
        if law is not None and len(arrows) > 1
    ]
    large = [law for law, most in general if most > _WRITTEN_OUT or len(general) > _MATRICES]
    grids = _grids(picture)
    columns: dict[int, list[Arrow]] = {}
    for arrow in forward:
        if arrow.law not in large and arrow not in grids:
            columns.setdefault(spots[arrow.end].column, []).append(arrow)
    single = [column for column, arrows in columns.items() if len({each.end for each in arrows}) == 1]
    for column in sorted(columns):
        together = single if column in single else [column]
        if column == together[0]:
            yield _matrix(picture, [arrow for each in together for arrow in columns[each]])
    rows: list[tuple[Text, ...]] = [(("from ", law.start, " to ", law.end), () if law.weight is None else (law.weight,)) for law in large]
    rows += [(grid.places, grid.weight) for grid in dict.fromkeys(grids[arrow] for arrow in carrying if arrow in grids)]
    for arrow in picture.arrows:
        if spots[arrow.start].column >= spots[arrow.end].column:
            again = (" (", *arrow.again, ")") if arrow.again else ()
            rows.append(
                (
                    ("from ", *spots[arrow.start].label, " back to ", *spots[arrow.end].label, *again),
                    () if arrow.weight is None else (arrow.weight,),
                )
            )
    if rows:
        yield Table((), tuple(rows))


def _matrix(picture: Picture, arrows: Sequence[Arrow]) -> Table:
    starts, ends = {arrow.start for arrow in arrows}, {arrow.end for arrow in arrows}
    columns = [spot for spot in picture.spots if spot.key in starts]
    cells = {(arrow.end, arrow.start): (arrow.weight,) for arrow in arrows if arrow.weight is not None}
    rows = tuple(
        (("to ", *spot.label), *(cells.get((spot.key, column.key), ()) for column in columns)) for spot in picture.spots if spot.key in ends
    )
    return Table((("weight",), *(("from ", *column.label) for column in columns)), rows)


def _doing(picture: Picture) -> Iterator[tuple[Text, Text]]:
    """What the spots do, those that do the same together; where only the entry that they add differs, from the first to the last."""
    found: dict[tuple[int, Text, tuple[str, ...]], list[Spot]] = {}
    for spot in picture.spots:
        if spot.function or spot.bias:
            added = tuple(each.name for part in spot.bias if not isinstance(part, str) for each in walk(part) if isinstance(each, Ref))
            formula = any(not isinstance(part, str | Ref) for part in spot.function)
            found.setdefault((spot.column, spot.function, (*added, spot.key) if formula else added), []).append(spot)
    for (_, function, _), spots in found.items():
        alike = len({spot.bias for spot in spots}) == 1
        shown = spots if alike or len(spots) <= 2 else [spots[0], spots[-1]]
        between = ", " if alike or len(spots) <= 2 else ", …, "
        bias = spots[0].bias if alike else _listed([spot.bias for spot in shown], between)
        yield (
            _listed([spot.label for spot in shown], between),
            (*function, *((", ",) if function and bias else ()), *(("+ ", *bias) if bias else ())),
        )


def _paths(picture: Picture) -> Iterator[Block]:
    assert picture.chosen is not None, "only then are there paths"
    paths = Paths(picture)
    loss = next(spot.label for spot in picture.spots if spot.kind == "loss")
    yield Heading(4, ("Paths of ", picture.chosen))
    if not paths.count:
        yield Paragraph((picture.chosen, " does not reach ", *loss, " in this picture."))
    elif paths.count > _LISTED:
        yield Paragraph(
            (picture.chosen, " reaches ", *loss, f" in this picture by {paths.count} paths. The derivatives along their arrows are:")
        )
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
    by_weight = path.derivatives[-1][0] if path.derivatives else None
    chosen = by_weight.bottom if isinstance(by_weight, Partial) else chosen  # the entry of an array that was chosen as a whole
    first: Text = () if names[0] == (chosen,) else (chosen, " → ")
    return (*first, *_listed(names, " → "))


def _along(picture: Picture) -> Iterator[tuple[Expression, Expression]]:
    """The derivatives of lit spots and arrows, those of arrays by index, each once."""
    laws = [spot.law for spot in picture.spots if spot.law is not None]
    inside = [spot.law if spot.law is not None and laws.count(spot.law) > 1 else spot.partial for spot in picture.spots]
    spots = [each for pair in zip((spot.by_weight for spot in picture.spots), inside, strict=True) for each in pair if each is not None]
    arrows = [each for arrow in picture.arrows if arrow.lit for each in (arrow.by_weight, _general(picture, arrow)) if each is not None]
    yield from dict.fromkeys((*arrows, *spots))


def _general(picture: Picture, arrow: Arrow) -> tuple[Expression, Expression] | None:
    lit = {spot.key for spot in picture.spots if spot.lit}
    if arrow.law is not None and arrow.start in lit and sum(each.law == arrow.law and each.lit for each in picture.arrows) > 1:
        return arrow.law.partial, arrow.law.value
    return arrow.partial
