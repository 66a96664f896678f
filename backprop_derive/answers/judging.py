"""Whether a statement of a hand calculation is true of the network."""

from __future__ import annotations

from backprop_derive.answers.claims import Verdict
from backprop_derive.answers.equality import decide
from backprop_derive.answers.samples import readings
from backprop_derive.answers.statements import Side, Statement
from backprop_derive.answers.worlds import NOTHING, Definitions, Worlds

_ORDER = ("different", "undecided", "unreadable", "close", "equal-if", "equal")


def judge(worlds: Worlds, statement: Statement, definitions: Definitions = NOTHING) -> Verdict:
    """Whether all sides of a statement are equal; the worst that is found of two neighbours.

    `definitions` are the names that the calculation has defined so far, and the adjoints that it has written down: a δ that a line
    gives is used below as it was written there.
    """
    pairs = zip(statement.sides, statement.sides[1:], strict=False)
    verdicts = [judge_sides(worlds, left, right, definitions) for left, right in pairs]
    if not verdicts:
        return Verdict("undecided", reason="nothing is said to be equal to it")
    return min(verdicts, key=lambda verdict: _ORDER.index(verdict.outcome))


def judge_sides(worlds: Worlds, left: Side, right: Side, definitions: Definitions = NOTHING) -> Verdict:
    """Whether two sides are equal, with what people leave out about samples."""
    return decide(worlds, tuple(readings(worlds, left, right, definitions)), definitions)
