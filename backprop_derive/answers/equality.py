"""Whether two sides are equal: at random points of the forward pass, in 40 digits.

The difference of two formulas is analytic away from kinks, so at a random point it is 0 with probability 0 unless it is 0
everywhere; what is left to fear is cancellation, hence 40 digits, and a threshold relative to the largest summand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backprop_derive.answers.aligning import DoNotFit, aligned
from backprop_derive.answers.certificates import proved_different, proved_equal
from backprop_derive.answers.claims import Verdict
from backprop_derive.answers.counterexamples import counterexample
from backprop_derive.answers.coverage import Coverage, covering
from backprop_derive.answers.grounds import FREE, Ground, grounds
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, Worlds
from backprop_derive.errors import EvaluationError, NotYetError

THRESHOLD = 1e-20
ABSOLUTE = 1e-28
"""Below this, numbers are what rounding in 40 digits leaves of 0."""


@dataclass(frozen=True)
class Reading:
    """Two sides that are compared, and what is to be said if they are equal in this reading."""

    left: Side
    right: Side
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """Where the sides of a reading differ: the number of the point."""

    reading: Reading
    worlds: Worlds
    point: int


class Undecidable(Exception):
    """Neither equal nor different can be said; `str` is the reason."""


def compare(worlds: Worlds, left: Side, right: Side, definitions: Definitions = NOTHING) -> Verdict:
    """Whether the sides are equal as they stand. (`judging.judge` also knows what people leave out.)"""
    return decide(worlds, (Reading(left, right),), definitions)


def decide(worlds: Worlds, readings: Sequence[Reading], definitions: Definitions = NOTHING) -> Verdict:
    """The first reading in which the sides are equal decides, with as little assumed as possible; else they are different.

    The readings are the same equation, with what is left out put in; the first is the equation as it stands.
    """
    try:
        fitting = tuple(_fitting(readings))
    except DoNotFit as misfit:
        return Verdict("different", "proved", reason=str(misfit))
    found: list[Difference] = []
    reasons: list[str] = []
    for ground in grounds(worlds):
        there = worlds.under(ground.facts, ground.assumptions) if ground != FREE else worlds
        differences: list[Difference] = []
        for reading in fitting:
            try:
                coverage = covering(there, (reading.left, reading.right), definitions)
                at = first_difference(there, reading, coverage, definitions)
            except (Undecidable, EvaluationError, NotYetError) as undecided:
                reasons.append(str(undecided))
                continue
            if at is None:
                return _equal(there, ground, reading, coverage, definitions)
            differences.append(Difference(reading, there, at))
        found = differences or found
    if not found:
        return Verdict("undecided", reason=reasons[0] if reasons else "there is nothing to compare")
    return _different(worlds, found, definitions)


def first_difference(worlds: Worlds, reading: Reading, coverage: Coverage, definitions: Definitions = NOTHING) -> int | None:
    """The number of the first point at which the sides differ; None if there is none.

    Points at which a side has no value are passed over. Raises Undecidable where there is no other.
    """
    decided = 0
    for at in coverage.points:
        same = _same_at(worlds, at, reading, definitions)
        if same is False:
            return at
        decided += same is not None
    if not decided:
        raise Undecidable("one of the sides has no value at any random point")
    return None


def _same_at(worlds: Worlds, at: int, reading: Reading, definitions: Definitions) -> bool | None:
    """Whether the sides are equal at a point; None where one of them has no value there."""
    world = worlds.exact(at)
    left, right = world.value(reading.left, definitions), world.value(reading.right, definitions)
    if left.sampled != right.sampled:
        spread = [each if each.sampled else replace(each, values=each.values[None], scales=each.scales[None]) for each in (left, right)]
        left, right = spread
    pairs = [np.broadcast_arrays(first, second) for first, second in ((left.values, right.values), (left.scales, right.scales))]
    (first, second), (one, other) = pairs
    if not (_finite(first) and _finite(second)):
        return None
    return all(abs(a - b) <= THRESHOLD * max(c, d) + ABSOLUTE for a, b, c, d in zip(first.flat, second.flat, one.flat, other.flat, strict=True))


def _finite(values: Any) -> bool:
    return all(value - value == 0 for value in values.flat)


def _fitting(readings: Iterable[Reading]) -> Iterator[Reading]:
    """The readings whose shapes fit, in every way in which their letters can be matched. Raises DoNotFit where none does."""
    misfits: list[DoNotFit] = []
    some = False
    for reading in readings:
        try:
            pairs = aligned(reading.left, reading.right)
        except DoNotFit as misfit:
            misfits.append(misfit)
            continue
        some = True
        for number, (left, right) in enumerate(pairs):
            matched = "" if number == 0 else f"{', '.join(reading.right.letters or reading.left.letters)}: the indices are matched by where they run"
            yield Reading(left, right, "; ".join(each for each in (reading.note, matched) if each))
    if not some and misfits:
        raise misfits[0]


# -- verdicts -----------------------------------------------------------------------------------------------------------


def _equal(worlds: Worlds, ground: Ground, reading: Reading, coverage: Coverage, definitions: Definitions) -> Verdict:
    proved = proved_equal(worlds, reading.left, reading.right, ground.facts if not ground.assumptions else None, definitions)
    notes = [reading.note] if reading.note else []
    if not proved:
        notes += [*coverage.unseen, *_sizes_told(worlds, coverage)]
    return Verdict("equal-if" if ground.conditional else "equal", "proved" if proved else "sampled", ground.said, tuple(notes))


def _different(worlds: Worlds, found: Sequence[Difference], definitions: Definitions) -> Verdict:
    proved = all(proved_different(each.worlds, each.point, each.reading.left, each.reading.right, definitions) for each in found)
    example = counterexample(worlds, [(each.reading.left, each.reading.right) for each in found], definitions)
    return Verdict("different", "proved" if proved else "sampled", counterexample=example)


def _sizes_told(worlds: Worlds, coverage: Coverage) -> Iterator[str]:
    """`tried with m = 2 and 3`, for the sizes that are symbols."""
    names = [name for name in worlds.point(0).sizes if name not in worlds.graph.sizes]
    tried = {name: [str(value) for value in sorted({worlds.point(at).sizes[name] for at in coverage.points})] for name in names}
    if tried:
        yield "tried with " + ", ".join(f"{name} = {' and '.join(filter(None, (', '.join(values[:-1]), values[-1])))}" for name, values in tried.items())
