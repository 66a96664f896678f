"""Formulas with some numbers put in: `(out_o1 - 0.01)*out_o1*(1 - out_o1)*out_h1`.

A number of the spec is read as the name that has it, and the formula is judged at random points like any other. What is left are
values that were worked out on the way; such a formula can be judged at the values of the spec only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice, product
from typing import Any

import numpy as np

from backprop_derive.answers.claims import Verdict
from backprop_derive.answers.equality import decide
from backprop_derive.answers.figures import CLOSE
from backprop_derive.answers.given import given_by_spec
from backprop_derive.answers.numerals import EXACT, unit_of
from backprop_derive.answers.samples import readings
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, Worlds
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.graph.expressions import Expression, Number, Ref, neg
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import variable
from backprop_derive.graph.nodes import Node
from backprop_derive.language.syntax import Numeral

MOST = 8


def judge_filled(worlds: Worlds, left: Side, right: Side, definitions: Definitions = NOTHING) -> Verdict | None:
    """What is said of two sides that differ at random points, if numbers of the spec stand in them; None if none do, or it does not help."""
    numerals = [each for side in (left, right) for each in _decimals(side)]
    if not numerals:
        return None
    try:
        given = given_by_spec(worlds)
    except EvaluationError:
        return None
    for names in islice(_choices(worlds, numerals), MOST):
        # a number that stays as it is may be one of the formula's own, such as the 0.5 of a loss
        changed = [_with_names(worlds, side, names) for side in (left, right)]
        if changed != [left, right]:
            verdict = decide(worlds, tuple(readings(worlds, changed[0], changed[1], definitions)), definitions)
            if verdict.outcome in ("equal", "equal-if"):
                told = ", ".join(f"{_text(numerals, value)} is {name}" for value, name in names.items())
                return replace(verdict, notes=(*verdict.notes, f"with the numbers of the spec: {told}"))
    open_digits = sum(float(unit_of(each) / 2 / abs(each.value)) for each in numerals if each.value and each.value not in given.numbers and each.value not in EXACT)
    return _at_the_values(worlds, left, right, definitions, open_digits) if open_digits else None


def judge_labelled(worlds: Worlds, left: Side, right: Side, definitions: Definitions = NOTHING) -> Verdict | None:
    """What is said of two sides that are equal if the targets are those of the spec, `-1/a` for y = 1; None if they are not."""
    if not worlds.labels:
        return None
    verdict = decide(worlds.labelled, tuple(readings(worlds.labelled, left, right, definitions)), definitions)
    if verdict.outcome not in ("equal", "equal-if"):
        return None
    said = tuple(dict.fromkeys((*worlds.labels.values(), *verdict.assumptions)))
    return replace(verdict, outcome="equal-if", certainty="sampled", assumptions=said)


def _decimals(side: Side) -> Iterator[Numeral]:
    return (each for each in side.syntax.walk() if isinstance(each, Numeral) and unit_of(each) < 1)


def _choices(worlds: Worlds, numerals: list[Numeral]) -> Iterator[dict[Fraction, str]]:
    """Which leaf each number may be, in every way."""
    values = {name: float(array.reshape(-1)[0]) for name, array in given_by_spec(worlds).exact.point.values.items() if array.size == 1}
    candidates = {each.value: [name for name, value in values.items() if value == float(each.value)] for each in numerals}
    known = {value: names for value, names in candidates.items() if names}
    with_itself = [[*names, ""] if value in EXACT else names for value, names in known.items()]
    return ({value: name for value, name in zip(known, chosen, strict=True) if name} for chosen in product(*with_itself))


def _with_names(worlds: Worlds, side: Side, names: dict[Fraction, str]) -> Side:
    def change(each: Expression) -> Expression | None:
        if not isinstance(each, Number) or abs(each.value) not in names:
            return None
        ref = _mention(worlds.graph.node(names[abs(each.value)]))
        return ref if each.value > 0 else neg(ref)

    return replace(side, expression=replace_in(side.expression, change))


def _mention(node: Node) -> Ref:
    """The only entry of a node."""
    own = node.axes[int(node.sampled) :]
    return Ref(node.name, (*(variable(letter) for letter in node.letters[: int(node.sampled)]), *(axis.low for axis in own)))


def _text(numerals: list[Numeral], value: Fraction) -> str:
    return next(each.text for each in numerals if each.value == value)


def _at_the_values(worlds: Worlds, left: Side, right: Side, definitions: Definitions, open_digits: float) -> Verdict | None:
    """Whether the sides are equal at the values of the spec, as far as the digits go."""
    world = given_by_spec(worlds).exact
    for reading in readings(worlds, left, right, definitions):
        try:
            first, second = (world.values(side, definitions) for side in (reading.left, reading.right))
            first, second = np.broadcast_arrays(first, second)
        except (EvaluationError, NotYetError, ValueError):
            continue
        if _near(first, second, 2 * open_digits + 1e-9):
            note = "judged at the values of the spec only, since numbers are put in that hold only there"
            return Verdict("equal", "sampled", notes=tuple(each for each in (reading.note, note) if each))
        if _near(first, second, CLOSE):
            return Verdict("close", "sampled", notes=("at the values of the spec, whose numbers are put in, within 2 %: intermediate rounding?",))
    return None


def _near(first: Any, second: Any, relative: float) -> bool:
    within: Callable[[Any, Any], bool] = lambda a, b: abs(a - b) <= min(relative, CLOSE) * max(abs(a), abs(b))  # noqa: E731
    return all(within(a, b) for a, b in zip(first.flat, second.flat, strict=True))
