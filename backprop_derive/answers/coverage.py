"""Which points to look at, so that every kink is seen from both sides.

"No mask" is right wherever all units are active: a relu that was never blocked has told nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, World, Worlds
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.graph.expressions import mul
from backprop_derive.graph.indices import axis_to, size
from backprop_derive.graph.nodes import Graph, Node, Piece
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.kinks import KinkPlace, kink_places

POINTS = 3
TRIED = 40
PATIENCE = 10
MOST = 12

Unit = tuple[str, int, tuple[int, ...]]
"""(what is meant, number of its kink, entry)"""
Seen = Mapping[Unit, frozenset[int]]
"""The sides of each kink that were seen: -1 and 1, or 0 where one side is flat (behind a relu that blocks)"""


@dataclass(frozen=True)
class Coverage:
    """The numbers of the points to look at, what was seen there, and what was seen from one side only, in words."""

    points: tuple[int, ...]
    seen: Seen
    unseen: tuple[str, ...] = ()

    @property
    def kinked(self) -> bool:
        """Whether there are kinks at all."""
        return bool(self.seen)


def covering(worlds: Worlds, sides: Sequence[Side] = (), definitions: Definitions = NOTHING) -> Coverage:
    """Points that show both sides of every kink of the network, and of those in an answer itself: its masks, its maxima.

    Raises EvaluationError where no point is found at all.
    """
    whole = _of_network(worlds)
    own = tuple(kink for side in sides for kink in _own_kinks(worlds.graph, side))
    if not own:
        return whole

    def look(world: World) -> Seen:
        return {unit: signs for number, kink in enumerate(own) for unit, signs in _units(world, kink, "the answer", number, definitions)}

    return _covering(worlds, whole, look)


def _of_network(worlds: Worlds) -> Coverage:
    if "coverage" not in worlds.kept:
        worlds.point(0)
        first = Coverage(tuple(at for at in range(POINTS) if _exists(worlds, at)), {})
        kinks = kink_places(worlds.graph)

        def look(world: World) -> Seen:
            return {unit: signs for number, kink in enumerate(kinks) for unit, signs in _units(world, kink, kink.node.name, number, NOTHING)}

        worlds.kept["coverage"] = _covering(worlds, first, look) if kinks else first
    found = worlds.kept["coverage"]
    assert isinstance(found, Coverage)
    return found


def _covering(worlds: Worlds, start: Coverage, look: Callable[[World], Seen]) -> Coverage:
    """More points, as long as they show something new and something is missing."""
    seen: dict[Unit, frozenset[int]] = {}
    chosen = list(start.points)
    for at in chosen:
        _join(seen, look(worlds.floating(at)))
    in_vain = 0
    for at in range(POINTS, TRIED):
        if len(chosen) >= MOST or in_vain == PATIENCE or all(len(sides) > 1 for sides in seen.values()) or not _exists(worlds, at):
            break
        if at in chosen:
            continue
        found = look(worlds.floating(at))
        in_vain += 1
        if any(sides - seen.get(unit, frozenset()) for unit, sides in found.items()):
            chosen.append(at)
            _join(seen, found)
            in_vain = 0
    return Coverage(tuple(chosen), {**start.seen, **seen}, (*start.unseen, *_told(seen)))


def _exists(worlds: Worlds, at: int) -> bool:
    try:
        worlds.point(at)
    except EvaluationError:
        return False
    return True


def _join(seen: dict[Unit, frozenset[int]], found: Seen) -> None:
    for unit, sides in found.items():
        seen[unit] = seen.get(unit, frozenset()) | sides


def _units(world: World, kink: KinkPlace, name: str, number: int, definitions: Definitions) -> Iterator[tuple[Unit, frozenset[int]]]:
    """On which sides of a kink a point is, for each entry; all samples of an entry together, and all entries where sizes are symbols."""
    try:
        signs, counts, sampled = _signs(world, kink, definitions)
    except (EvaluationError, NotYetError):
        return
    signs = np.where(counts, signs, np.nan)
    rows = np.moveaxis(signs, 0, -1) if sampled else signs[..., None]
    if set(world.point.sizes) - set(world.graph.sizes) - ({world.graph.samples.size} if world.graph.samples is not None else set()):
        rows = rows.reshape(1, -1)[0]
    for place in np.ndindex(*rows.shape[:-1]):
        yield (f"{kink.operation} of {name}" if name == "the answer" else f"{kink.operation} at {name}", number, place), frozenset(int(each) for each in np.unique(rows[place]) if not np.isnan(each))


def _signs(world: World, kink: KinkPlace, definitions: Definitions) -> tuple[Array, Array, bool]:
    """The sign of a kink's side at every entry, where it counts, and whether the first axis are the samples."""
    pairs = (*kink.piece.axes, *((bound.name, bound.axis) for bound in kink.bounds))
    letters, axes = zip(*pairs, strict=True) if pairs else ((), ())
    evaluator, settled = world.evaluator(mul(*kink.guards, kink.side), definitions)
    signs = np.sign(np.asarray(evaluator.expression(settled, letters, axes), dtype=float))
    evaluator, settled = world.evaluator(mul(*kink.guards), definitions)
    counts = np.asarray(evaluator.expression(settled, letters, axes), dtype=float) != 0
    samples = world.graph.samples
    return signs, counts, bool(letters) and samples is not None and letters[0] == samples.index


def _own_kinks(graph: Graph, side: Side) -> tuple[KinkPlace, ...]:
    """The kinks of what an answer itself says."""
    samples = ((graph.samples.index, axis_to(size(graph.samples.size))),) if graph.samples is not None else ()
    piece = Piece((), (*samples, *zip(side.letters, side.axes, strict=True)), side.expression)
    return kink_places(replace(graph, nodes=(Node("the answer", (), (), (piece,)),)))


def _told(seen: Seen) -> Iterator[str]:
    """What was seen from one side only, each kink once."""
    one_sided = {unit: sides for unit, sides in seen.items() if len(sides) == 1}
    for what, number in dict.fromkeys(unit[:2] for unit in one_sided):
        entries = [unit[2] for unit in one_sided if unit[:2] == (what, number)]
        side = "above" if 1 in one_sided[what, number, entries[0]] else "below"
        place = f"[{','.join(str(at + 1) for at in entries[0])}]" if entries[0] and len(entries) == 1 else ""
        yield f"{what}{place} was seen {side} its kink only"
