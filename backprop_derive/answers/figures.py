"""A number as an answer: judged at the values of the spec, at the precision with which it was written.

Half a unit of the last digit is exact, one unit is rounded (of a single digit it is close), within 2 % is close (intermediate rounding?);
else it is different.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backprop_derive.answers.certificates import FAILURES
from backprop_derive.answers.claims import Counterexample, Verdict
from backprop_derive.answers.given import Given, given_by_spec
from backprop_derive.answers.numerals import written_interval
from backprop_derive.answers.samples import IMPLIED, of_one_sample, readings
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, Worlds
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.graph.expressions import Integer, Partial, mul, num
from backprop_derive.graph.indices import size
from backprop_derive.numerics.backends import FLOAT, Array

CLOSE = 0.02
ONE = "of one sample"
VAGUE = 0.05
"""Of digits that leave more than this open, it is said what the value is."""


@dataclass(frozen=True)
class Truth:
    """A value that an answer may mean, and what is said if it does. `accepted`: then it is right. `certain`: intervals say so too."""

    value: float
    note: str = ""
    accepted: bool = True
    certain: bool = True


def judge_number(worlds: Worlds, quantity: Side, number: Side, definitions: Definitions = NOTHING) -> Verdict:
    """Whether a quantity has the value that was written down, at the values of the spec."""
    try:
        given = given_by_spec(worlds)
        written = written_interval(number, given.numbers)
        truths = list(_truths(worlds, given, quantity, number, definitions))
    except (EvaluationError, NotYetError) as error:
        return Verdict("undecided", reason=f"a number is judged at the values of the spec: {error}")
    if not truths:
        return Verdict("undecided", reason="the sides have different shapes: a number is one entry of an array")
    graded = [(_grade(written, truth.value), truth) for truth in truths]
    for wanted in ("exact", "rounded", "close"):
        for grade, truth in graded:
            if grade == wanted and truth.accepted:
                return _right(grade, truth, written)
    return _wrong(truths[0], [truth for grade, truth in graded if grade in ("exact", "rounded")], written)


def judge_numbers(first: Side, second: Side) -> Verdict:
    """Whether two sides of numerals are the same number: the arithmetic alone."""
    try:
        left, right = written_interval(first), written_interval(second)
    except EvaluationError as error:
        return Verdict("undecided", reason=str(error))
    if left.a <= right.b and right.a <= left.b:
        return Verdict("equal", "proved")
    grade = _grade(right, float(left.mid.a))
    if grade != "different":
        return Verdict("close", "proved", notes=(f"the left side is {_short(float(left.mid.a))}: intermediate rounding?",))
    return Verdict("different", "proved", counterexample=Counterexample({}, _short(float(right.mid.a)), _short(float(left.mid.a))))


def _grade(written: Any, value: float) -> str:
    middle, half = float(written.mid.a), float(written.delta.b) / 2
    gap = abs(middle - value)
    exactly = 1e-12 * max(abs(value), abs(middle))
    if gap <= half * (1 + 1e-9) + exactly:
        return "exact"
    if gap <= 2 * half * (1 + 1e-9):
        # of a single digit, one unit is up to the whole number
        return "rounded" if gap <= CLOSE * abs(value) or abs(middle) >= 20 * half else "close"
    return "close" if gap <= CLOSE * abs(value) else "different"


def _right(grade: str, truth: Truth, written: Any) -> Verdict:
    notes = [truth.note] if truth.note else []
    if grade == "exact" and float(written.delta.b) / 2 > VAGUE * abs(truth.value) > 0:
        notes.append(f"to the digits that are written; it is {_short(truth.value)}")
    if grade == "rounded":
        notes.append(f"rounded: it is {_short(truth.value)}")
    if grade == "close":
        off = abs(float(written.mid.a) - truth.value) / abs(truth.value)
        notes.append(f"it is {_short(truth.value)}: " + (f"{off:.1%} off, intermediate rounding?" if off <= CLOSE else "one unit of the last digit off"))
    return Verdict("close" if grade == "close" else "equal", "proved" if truth.certain else "sampled", notes=tuple(notes))


def _wrong(truth: Truth, others: list[Truth], written: Any) -> Verdict:
    """Different, with what the number is instead, if it is anything."""
    notes = tuple(dict.fromkeys(other.note for other in others if other.note))
    return Verdict("different", "proved" if truth.certain else "sampled", notes=notes, counterexample=Counterexample({}, _short(float(written.mid.a)), _short(truth.value)))


# -- what it may mean -----------------------------------------------------------------------------------------------------


def _truths(worlds: Worlds, given: Given, quantity: Side, number: Side, definitions: Definitions) -> Iterator[Truth]:
    """The value that is meant, and those of other readings; then what is wrong and well known."""
    first, *more = readings(worlds, quantity, number, definitions)
    yield from _values(given, first.left, "", definitions)
    for reading in more:
        if reading.left != quantity and reading.note != IMPLIED and "one sample" not in reading.note:
            yield from _values(given, reading.left, reading.note, definitions)
    graph = worlds.graph
    wrong: list[Truth] = []
    if graph.samples is not None and given.samples > 1:
        for reading in of_one_sample(graph, quantity, number):
            wrong += _values(given, reading.left, ONE, definitions)
        if graph.cost.reduction == "mean":
            total = replace(quantity, expression=mul(Integer(size(graph.samples.size)), quantity.expression))
            wrong += (replace(each, note="it is the sum over the samples, without the cost's 1/m") for each in _values(given, total, "", definitions))
    negative = replace(quantity, expression=mul(num(-1), quantity.expression))
    said = "it is minus the gradient, the direction of an update" if isinstance(quantity.expression, Partial) else "it is the right number with the other sign"
    wrong += (replace(each, note=said) for each in _values(given, negative, "", definitions))
    yield from (replace(each, accepted=False) for each in wrong)


def _values(given: Given, side: Side, note: str, definitions: Definitions) -> Iterator[Truth]:
    """The value of a side; of what differs from sample to sample, each sample's."""
    if any(axis.length.number != 1 for axis in side.axes):
        return
    found = given.exact.value(side, definitions)
    values = np.asarray(found.values, dtype=float).reshape(-1)
    certain = _certain(given, side, values, definitions)
    if not found.sampled or len(values) == 1:
        yield from (Truth(float(value), note if given.samples > 1 else "", certain=certain) for value in values)
        return
    for at, value in enumerate(values, 1):
        own = f"it is that of sample {at}" + (f" alone; the cost is over all {given.samples}" if note == ONE else "")
        yield Truth(float(value), own if note in ("", ONE) else f"{note}; {own}", certain=certain)


def _certain(given: Given, side: Side, values: Array, definitions: Definitions) -> bool:
    """Whether intervals hold these values. Of a large network that is not tried."""
    if given.exact.backend is FLOAT:
        return False
    try:
        intervals = given.intervals.values(side, definitions).reshape(-1)
    except FAILURES:
        return False
    return all(abs(float(each.mid.a) - value) <= 1e-12 * abs(value) and float(each.delta.b) <= 1e-12 * abs(value) for each, value in zip(intervals, values, strict=True))


def _short(value: float) -> str:
    return f"{value:.8g}"
