"""What is given as the right line is right."""

from __future__ import annotations

import pytest
from test_diagnosis import CHAIN, LAYERS, LOGISTIC, MAZUR, NEURONS, verifier

from backprop_derive.answers.corrections import correction_of
from backprop_derive.answers.judging import judge_sides
from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.statements import Side

MEAN_OF_SQUARES = """
inputs: [x]
nodes:
  G: {weights: {u: x}, bias: c, activation: sigmoid, output: g}
  O: {weights: {v: G}, output: o}
targets: t
loss: squared_error
"""
SPECS = {"neurons": NEURONS, "mazur": MAZUR, "logistic": LOGISTIC, "chain": CHAIN, "layers": LAYERS, "mean of squares": MEAN_OF_SQUARES}
CASES = [(name, top, weight) for name, spec in SPECS.items() for top in ("C", "L") for weight in verifier(spec).graph.parameters]


@pytest.mark.parametrize(("name", "top", "weight"), CASES)
def test_the_right_line_is_judged_right(name: str, top: str, weight: str) -> None:
    own = verifier(SPECS[name])
    top = own.graph.cost.name if top == "C" else own.graph.cost.loss
    (left,) = read_statement(f"d{top}/d{weight}", own.vocabulary).sides
    right = correction_of(own.vocabulary.derivation, left)
    assert right is not None
    verdict = judge_sides(own.court.worlds, left, Side(right, left.syntax, letters=left.letters, axes=left.axes))
    assert verdict.outcome in ("equal", "equal-if")
    assert not any("one sample" in note or "is taken" in note for note in verdict.notes)
