"""Numbers as answers, at the precision with which they were written."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import pytest
from networks import judged

from backprop_derive import build_graph, derive, load_spec, read_spec
from backprop_derive.answers.claims import Verdict
from backprop_derive.answers.judging import judge
from backprop_derive.answers.numerals import unit_of
from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.vocabulary import Vocabulary, vocabulary_of
from backprop_derive.answers.worlds import Worlds
from backprop_derive.language.syntax import Numeral

TWO_SAMPLES = """
inputs: [x]
nodes:
  A: {weights: {w: x}, bias: b, activation: sigmoid, output: o, preactivation: z}
targets: t
loss: half_squared_error
values: {w: 0.5, b: 0.1}
data: [{x: 1, t: 0}, {x: 2, t: 1}]
"""
HALVES = """
inputs: [x]
nodes:
  H: {weights: {w1: x}, activation: tanh, output: h}
  O: {weights: {w2: H}, output: o}
targets: t
loss: half_squared_error
cost: single
values: {w1: 1, w2: 1, x: 0.25, t: 0.01}
"""


@cache
def network(name: str) -> tuple[Vocabulary, Worlds]:
    spec = load_spec("specs/mazur.yaml") if name == "mazur" else read_spec({"two": TWO_SAMPLES, "ones": HALVES}[name], name)
    derivation = derive(build_graph(spec))
    return vocabulary_of(derivation), Worlds(derivation)


def of(name: str, text: str) -> Verdict:
    vocabulary, worlds = network(name)
    return judge(worlds, read_statement(text, vocabulary))


# w5: 0.08216704056, w1: 0.00043856773; of the two samples: w 0.0270642630, one by one 0.1477137 and -0.0935852
ROWS = [
    ("mazur", "dC/dw5 = 0.0822", "equal", ""),
    ("mazur", "dC/dw5 = 0.082167041", "equal", ""),
    ("mazur", "dC/dw5 = 8.2167e-2", "equal", ""),
    ("mazur", "dC/dw5 = 0.08", "equal", "to the digits that are written"),
    ("mazur", "dC/dw5 = 0.0821", "equal", "rounded: it is 0.082167041"),
    ("mazur", "dC/dw5 = 0.08216", "equal", "rounded"),
    ("mazur", "dC/dw5 = 0.0815", "close", "intermediate rounding?"),
    ("mazur", "dC/dw5 = 0.08217000", "close", "intermediate rounding?"),
    ("mazur", "dC/dw5 = 0.0842", "different", ""),
    ("mazur", "dC/dw5 = 0.09", "close", "one unit of the last digit off"),
    ("mazur", "dC/dw5 = 0.07", "different", ""),
    ("mazur", "out_h1 = 0.60", "equal", "rounded"),
    ("mazur", "dC/dw5 = -0.0822", "different", "minus the gradient, the direction of an update"),
    ("mazur", "dC/dw5 = 1", "different", ""),
    ("mazur", "dC/dw1 = 0.0004", "equal", "to the digits that are written"),
    ("mazur", "net_h1 = 0.3775", "equal", ""),
    ("mazur", "net_h1 = 0.378", "equal", ""),
    ("mazur", "out_h1 = 1/(1+exp(-0.3775))", "equal", ""),
    ("mazur", "C = 0.298371109", "equal", ""),
    ("mazur", "dnet_o1/db2 = 1", "equal", ""),
    ("mazur", "dnet_o1/db2 = 2", "different", ""),
    ("mazur", "delta_o1 = 0.1385", "equal", ""),
    ("mazur", "w5 - eta*dC/dw5 = 0.35891648", "equal", ""),
    ("mazur", "dC/dw5 = (0.7514-0.01)*0.1868*0.5933", "equal", ""),
    ("mazur", "dC/dw5 = (0.7514-0.01)*0.1868*0.5933 = 0.0822", "equal", ""),
    ("mazur", "dC/dw5 = (0.7514-0.99)*0.1868*0.5933", "different", ""),
    ("mazur", "(0.7514-0.01)*0.1868 = 0.1385", "equal", ""),
    ("mazur", "(0.7514-0.01)*0.1868 = 0.15", "different", ""),
    ("mazur", "dC/dw5 = (out_o1-0.01)*out_o1*(1-out_o1)*out_h1", "equal", "0.01 is target_o1"),
    ("mazur", "dC/dw5 = (out_o1-0.99)*out_o1*(1-out_o1)*out_h1", "different", ""),
    ("mazur", "dC/dw5 = 0.7414*out_o1*(1-out_o1)*out_h1", "equal", "at the values of the spec only"),
    ("mazur", "dC/dw5 = 0.8414*out_o1*(1-out_o1)*out_h1", "different", ""),
    ("two", "dC/dw = 0.0271", "equal", ""),
    ("two", "dC/dw = 0.02", "close", "one unit of the last digit off"),
    ("two", "dL/dw = 0.0271", "equal", "L is taken as the cost C here"),
    ("two", "dL/dw = 0.1477", "equal", "that of sample 1"),
    ("two", "dC/dw = 0.1477", "different", "that of sample 1 alone"),
    ("two", "dC/dw = 0.0541", "different", "the sum over the samples, without the cost's 1/m"),
    ("two", "o = 0.6457", "equal", "that of sample 1"),
    ("ones", "dC/dw1 = (o-t)*(1-h^2)*x", "different", ""),
    ("ones", "dC/dw1 = (o-0.01)*w2*(1-h^2)*0.25", "equal", "0.01 is t"),
    ("ones", "dC/dw1 = (o-0.01)*(1-h^2)*0.25", "different", ""),
]


@pytest.mark.parametrize(("name", "text", "outcome", "note"), ROWS)
def test_a_number_is_judged_as_it_was_written(name: str, text: str, outcome: str, note: str) -> None:
    verdict = of(name, text)
    assert verdict.outcome == outcome
    assert note in "; ".join(verdict.notes)
    assert note or not [each for each in verdict.notes if "is sigmoid'" not in each]


@pytest.mark.parametrize(
    ("text", "unit"), [("0.0822", "1/10000"), ("0.0820", "1/10000"), ("12", "1"), ("8.2e-2", "1/1000"), ("4e-3", "1/1000"), ("1e3", "1000")]
)
def test_the_unit_of_the_last_digit(text: str, unit: str) -> None:
    assert unit_of(Numeral(text, Fraction(text))) == Fraction(unit)


def test_without_values_nothing_can_be_said_of_a_number() -> None:
    verdict = judged("single", "dC/dv1 = 0.25")
    assert verdict.outcome == "undecided"
    assert "values" in verdict.reason
    assert judged("rectified", "dz/db = 1").outcome == "equal"
    assert judged("rectified", "dz/db = 2").outcome == "different"
    assert judged("rectified", "dL/db = 2").outcome == "undecided"


REMARKS = [
    ("rectified", "dC/dw2 = (o-t) o (1-o) h", "o*(1 - o) is sigmoid'"),
    ("rectified", "dC/dw2 = (o-t) (o - o^2) h", "o - o^2 is sigmoid'"),
    ("rectified", "dC/dw1 = (o-t) o (1-o) w2 step(h) x", "step(h) is relu'(z)"),
    ("layers", "delta1 = (W2^T delta2) * (1-a1^2)", "1 - a1^2 is tanh'(z1)"),
]


@pytest.mark.parametrize(("name", "text", "remark"), REMARKS)
def test_what_is_often_called_wrong_is_said_to_be_right(name: str, text: str, remark: str) -> None:
    verdict = judged(name, text)
    assert verdict.outcome == "equal"
    assert any(remark in note for note in verdict.notes)
