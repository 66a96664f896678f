"""Whether a statement of a hand calculation is true of the network."""

from __future__ import annotations

from dataclasses import replace

from backprop_derive.answers.claims import Verdict
from backprop_derive.answers.equality import decide
from backprop_derive.answers.figures import judge_number, judge_numbers
from backprop_derive.answers.filled import judge_filled, judge_labelled
from backprop_derive.answers.numerals import is_number
from backprop_derive.answers.remarks import remarks
from backprop_derive.answers.samples import readings
from backprop_derive.answers.shrinking import shrunk
from backprop_derive.answers.statements import Side, Statement
from backprop_derive.answers.worlds import NOTHING, Definitions, Worlds
from backprop_derive.errors import EvaluationError, NotYetError

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
    """Whether two sides are equal, with what people leave out about samples.

    A number is judged at the values of the spec, at the precision with which it was written, unless it is right everywhere.
    """
    numbers = is_number(left), is_number(right)
    if all(numbers):
        return judge_numbers(left, right)
    everywhere = _everywhere(worlds, left, right, definitions)
    if everywhere.outcome in ("equal", "equal-if"):
        return replace(everywhere, notes=(*everywhere.notes, *remarks(worlds.graph, right)))
    if not any(numbers):
        return judge_filled(worlds, left, right, definitions) or judge_labelled(worlds, left, right, definitions) or everywhere
    quantity, number = (right, left) if numbers[0] else (left, right)
    there = judge_number(worlds, quantity, number, definitions)
    if there.outcome == "undecided" and everywhere.outcome == "different" and (_is_formula(number) or _is_constant(worlds, quantity, definitions)):
        return everywhere
    return there


def _everywhere(worlds: Worlds, left: Side, right: Side, definitions: Definitions) -> Verdict:
    """Whether the sides are equal at random points; of a large network, of a smaller copy."""
    copy = shrunk(worlds)
    sides = copy.sides([left, right, *definitions.values()]) if copy is not None else None
    if copy is not None and sides is not None:
        known = dict(zip(definitions, sides[2:], strict=True))
        verdict = decide(copy.worlds, tuple(readings(copy.worlds, sides[0], sides[1], known)), known)
        return replace(verdict, counterexample=None, notes=(*verdict.notes, copy.note))
    return decide(worlds, tuple(readings(worlds, left, right, definitions)), definitions)


def _is_formula(number: Side) -> bool:
    """Whether a number says something of all values, where the spec gives none: ∂z/∂b = 1, ∂C/∂w = 0."""
    return number.number is not None and number.number.text in ("0", "1")


def _is_constant(worlds: Worlds, side: Side, definitions: Definitions) -> bool:
    """Whether a side has the same value everywhere, as far as two points tell: ∂z/∂b = 1."""
    try:
        values = [value for at in (0, 1) for value in worlds.exact(at).values(side, definitions).flat]
    except (EvaluationError, NotYetError):
        return False
    return all(value == values[0] for value in values)
