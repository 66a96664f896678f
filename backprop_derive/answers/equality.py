"""Whether two sides are equal: at random points of the forward pass, in 40 digits.

The difference of two formulas is analytic away from kinks, so at a random point it is 0 with probability 0 unless it is 0
everywhere; what is left to fear is cancellation, hence 40 digits, and a threshold relative to the largest summand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from backprop_derive.answers.aligning import DoNotFit, aligned, is_crossed
from backprop_derive.answers.certificates import proved_different, proved_equal
from backprop_derive.answers.claims import Verdict
from backprop_derive.answers.counterexamples import counterexample
from backprop_derive.answers.coverage import Coverage, covering
from backprop_derive.answers.grounds import FREE, Ground, grounds
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, World, Worlds
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.numerics.backends import Array

Sameness = Literal["equal", "different", "half", "neither"]
THRESHOLD = 1e-20
ABSOLUTE = 1e-28
"""Below this, numbers are what rounding in 40 digits leaves of 0."""
SUSPICIOUS = 1e-9
SEARCHED = 24


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
                proved = at is None and _is_proved(there, ground, reading, definitions)
                if at is None and not proved and (coverage.kinked or ground.is_discrete):
                    at = searched_difference(there, reading, coverage, definitions)
            except (Undecidable, EvaluationError, NotYetError) as undecided:
                reasons.append(str(undecided))
                continue
            if at is None:
                return _equal(there, ground, reading, coverage, proved=proved)
            differences.append(Difference(reading, there, at))
        found = differences or found
    if not found:
        return Verdict("undecided", reason=reasons[0] if reasons else "there is nothing to compare")
    return _different(worlds, found, definitions)


def first_difference(worlds: Worlds, reading: Reading, coverage: Coverage, definitions: Definitions = NOTHING) -> int | None:
    """The number of the first point at which the sides differ, in 40 digits; None if there is none.

    Raises Undecidable where the sides are equal wherever both have a value, and only one of them has one at some points.
    """
    seen = set[Sameness]()
    for at in coverage.points:
        same = _same_at(worlds.exact(at), reading, definitions, THRESHOLD, ABSOLUTE)
        if same == "different":
            return at
        seen.add(same)
    if "equal" not in seen:
        raise Undecidable("one of the sides has no value at any random point")
    if "half" in seen:
        raise Undecidable("the sides are equal where both have a value, but at some points only one of them has one")
    return None


def searched_difference(worlds: Worlds, reading: Reading, coverage: Coverage, definitions: Definitions = NOTHING) -> int | None:
    """The same at many more points, in double precision first: where kinks or targets of 0 and 1 make cases, a few points see only a
    few of them together."""
    for at in range(SEARCHED):
        if at in coverage.points or _same_at(worlds.floating(at), reading, definitions, SUSPICIOUS, SUSPICIOUS) in ("equal", "neither"):
            continue
        same = _same_at(worlds.exact(at), reading, definitions, THRESHOLD, ABSOLUTE)
        if same == "different":
            return at
        if same == "half":
            raise Undecidable("the sides are equal where both have a value, but at some points only one of them has one")
    return None


def _same_at(world: World, reading: Reading, definitions: Definitions, relative: float, absolute: float) -> Sameness:
    """Whether the sides are equal at a point, where only one of them has a value (`half`), or neither."""
    left, right = world.value(reading.left, definitions), world.value(reading.right, definitions)
    if left.sampled != right.sampled:
        spread = [each if each.sampled else replace(each, values=each.values[None], scales=each.scales[None]) for each in (left, right)]
        left, right = spread
    pairs = [np.broadcast_arrays(first, second) for first, second in ((left.values, right.values), (left.scales, right.scales))]
    (first, second), (one, other) = pairs
    finite = _is_finite(first), _is_finite(second)
    if not all(finite):
        return "half" if any(finite) else "neither"
    same = all(abs(a - b) <= relative * max(c, d) + absolute for a, b, c, d in zip(first.flat, second.flat, one.flat, other.flat, strict=True))
    return "equal" if same else "different"


def _is_finite(values: Array) -> bool:
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
            by_place = number > 0 or is_crossed(reading.left, reading.right)
            matched = f"{', '.join(reading.right.letters or reading.left.letters)}: the indices are matched by where they run" if by_place else ""
            yield Reading(left, right, "; ".join(each for each in (reading.note, matched) if each))
    if not some and misfits:
        raise misfits[0]


# -- verdicts -----------------------------------------------------------------------------------------------------------


def _is_proved(worlds: Worlds, ground: Ground, reading: Reading, definitions: Definitions) -> bool:
    return proved_equal(worlds, reading.left, reading.right, ground.facts if not ground.assumptions else None, definitions)


def _equal(worlds: Worlds, ground: Ground, reading: Reading, coverage: Coverage, *, proved: bool) -> Verdict:
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
