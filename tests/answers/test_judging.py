"""Right answers are judged right, and wrong ones wrong."""

from __future__ import annotations

import pytest
from corpus import Case, corpus, derivation_of
from networks import judged, network

from backprop_derive.answers.claims import Verdict
from backprop_derive.answers.judging import judge
from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.shrinking import shrunk
from backprop_derive.answers.vocabulary import vocabulary_of
from backprop_derive.answers.worlds import Worlds

RIGHT = [
    ("neurons", "dC/dv1 = 1/m*sum((y'-y) f_B'(z_B) o1)"),
    ("neurons", "dC/dw11 = 1/m*sum(delta_B v1 f_A1'(z_A1) x1)"),
    ("neurons", "dL/dw11 = dL/dy' dy'/dz_B dz_B/do1 do1/dz_A1 dz_A1/dw11"),
    ("neurons", "dL/dw11 = dL/dy' dy'/do1 do1/dw11"),
    ("neurons", "dL/dx1 = dL/do1 do1/dx1 + dL/do2 do2/dx1"),
    ("neurons", "dL/dv1 = (y'-y) f_B'(z_B) o1"),
    ("neurons", "delta_B = (y'-y) f_B'(z_B)"),
    ("neurons", "C = 1/(2*m)*sum((y-y')^2)"),
    ("neurons", "v1 := v1 - eta/m*sum(delta_B o1)"),
    ("summed", "dC/dv1 = sum((y'-y) f_B'(z_B) o1)"),
    ("single", "dC/dv1 = (y'-y) f_B'(z_B) o1"),
    ("single", "dC/dv1 = -(y-y') f_B'(z_B) o1"),
    ("layers", "delta1 = (W2^T delta2) * (1-a1^2)"),
    ("layers", "dC/dW1[j,k] = 1/m*sum(delta1[j] x[k], i)"),
    ("layers", "dL/dW1[2,1] = sum(delta2[c] W2[c,2], c) (1-a1[2]^2) x[1]"),
    ("layers", "da2[c]/dz2[d] = a2[c]*(where(c=d,1,0) - a2[d])"),
    ("any sizes", "dC/dW1 = 1/m*sum(delta1[j] x[k], i)"),
    ("logistic", "dC/db1 = 1/m*sum(a1[1]-y[1], i)"),
    ("recurrent", "dC/dv[j] = (yhat - y) h[T,j]"),
    ("recurrent", "dC/dWh[j,l] = sum(delta_s[t,j] h[t-1,l], t)"),
    ("recurrent", "dC/db[j] = sum(delta_s[t,j], t)"),
    ("margin", "dC/dW1 = where(1-y*z1 > 0, -y, 0) x^T"),
    ("margin", "dC/dW1 = where(1-y*z1 >= 0, -y, 0) x^T"),
    ("rectified", "dC/dw1 = (o-t) o (1-o) w2 step(z) x"),
    ("rectified", "dC/dw1 = (o-t) o (1-o) w2 step(h) x"),
    ("rectified", "dC/dw2 = (o-t) o (1-o) max(z, 0)"),
    ("rectified", "dC/dw1 = (o-t) o (1-o) w2 h/z x"),
    ("gates", "df/dw = 2*where(w > z, 1, 0)"),
    ("gates", "df/dw = 2*where(k > z, 1, 0)"),
    ("scaled", "dL/dw = (o-t)*3*x"),
]
WRONG = [
    ("neurons", "dC/dv1 = sum((y'-y) f_B'(z_B) o1)"),
    ("neurons", "dC/dv1 = (y-y') f_B'(z_B) o1"),
    ("neurons", "dC/dv1 = 1/m*sum((y'-y) f_B'(y') o1)"),
    ("neurons", "dC/dv1 = 1/m*sum((y'-y) f_A1'(z_B) o1)"),
    ("neurons", "dC/dv1 = 1/m^2*sum((y'-y) f_B'(z_B) o1)"),
    ("neurons", "dC/dw11 = 1/m*sum(delta_B f_A1'(z_A1) x1)"),
    ("neurons", "dL/dx1 = dL/do1 do1/dx1"),
    ("neurons", "v1 := v1 + eta/m*sum(delta_B o1)"),
    ("summed", "dC/dv1 = 1/m*sum((y'-y) f_B'(z_B) o1)"),
    ("single", "dC/dv1 = (y-y') f_B'(z_B) o1"),
    ("single", "dC/dw11 = (y'-y) f_B'(z_B) v2 f_A1'(z_A1) x1"),
    ("layers", "delta1 = (W2^T delta2) * (1-z1^2)"),
    ("layers", "dL/dW2 = a1 (a2-y)^T"),
    ("layers", "da2[c]/dz2[d] = a2[c]*(1 - a2[d])"),
    ("layers", "delta2 = y - a2"),
    ("any sizes", "delta1 = W2^T (a2-y)"),
    ("logistic", "dC/dW1 = 1/m*(a1-y) x^T - lambda W1"),
    ("logistic", "dC/dW1 = 1/m*((a1-y) x^T + lambda W1)"),
    ("recurrent", "dC/dWh[j,l] = sum(delta_s[t,j] h[t,l], t)"),
    ("recurrent", "dC/dWh[j,l] = delta_s[T,j] h[T-1,l]"),
    ("margin", "dC/dW1 = -y x^T"),
    ("rectified", "dC/dw1 = (o-t) o (1-o) w2 x"),
    ("rectified", "dC/dw1 = (o-t) o (1-o) step(w2) step(z) x"),
    ("written out", "dloss/dw = (p2 - y2)*z1"),
    ("scaled", "dL/dw = (o-t)*x"),
    ("classes", "dL/dW1[1,1] = a1[1]*x[1]"),
    ("classes", "dL/dW1[1,1] = (a1[1] + y[1])*x[1]"),
    ("classes", "dL/dW1[1,1] = (a1[1] - y[2])*x[1]"),
    ("gates", "df/dw = 2*where(w > s, 1, 0)"),
    ("gates", "df/dw = 2*where(z > w, 1, 0)"),
]
CONDITIONS = [
    ("layers", "dL/dW2 = (a2-y) a1^T", "equal-if", ("sum(y) = 1",)),
    ("layers", "dC/dW2 = 1/m (a2-y) a1^T", "equal-if", ("sum(y) = 1",)),
    ("layers", "dC/db2 = 1/m*sum(a2-y)", "equal-if", ("sum(y) = 1",)),
    ("layers", "delta2 = a2 - y", "equal-if", ("sum(y) = 1",)),
    ("any sizes", "delta1 = (W2^T (a2-y)) * step(z1)", "equal-if", ("sum(y) = 1",)),
    ("classes", "delta1 = a1 - y", "equal", ("one_hot(y)",)),
    ("written out", "dloss/dw = (p1 - y1)*z1", "equal-if", ("y1 + y2 = 1",)),
    ("written out", "dloss/dw = (y2 - p2)*z1", "equal-if", ("y1 + y2 = 1",)),
    ("logistic", "dL/dW1 = (a1-y^2) x^T", "equal-if", ("binary(y)",)),
    ("margin", "dC/dW1 = -y^2 * y * where(1-y*z1 > 0, 1, 0) x^T", "equal-if", ("y = ±1",)),
]
NOTES = [
    ("neurons", "dC/dv1 = (y'-y) f_B'(z_B) o1", "this is the derivative of one sample's loss"),
    ("neurons", "dC/dv1 = 1/m*(y'-y) f_B'(z_B) o1", "the sum over the samples"),
    ("neurons", "dL/dv1 = 1/m*sum((y'-y) f_B'(z_B) o1)", "L is taken as the cost C here"),
    ("neurons", "delta_B = (y'-y) f_B'(z_B)/m", "includes the cost's 1/m"),
    ("neurons", "Δv1 = -eta delta_B o1", "this is the derivative of one sample's loss"),
    ("neurons", "dC/dv1 = m/m^2*sum((y'-y) f_B'(z_B) o1)", "tried with m = "),
    ("any sizes", "dC/dW1 = 1/m*sum(delta1[j] x[k], i)", "tried with h = "),
    ("summed", "dC/dv1 = (y'-y) f_B'(z_B) o1", "the sum over the samples"),
    ("layers", "dC/db1 = 1/m sum(delta1)", "the sum is taken over the samples"),
    ("layers", "dC/dW1 = x[k] delta1[j]", "this is the derivative of one sample's loss"),
    ("logistic", "dC/dW1 = (a1-y) x^T + lambda W1", "for one sample, with the regulariser"),
    ("logistic", "dC/dW1 = (a1-y) x^T", "this is the derivative of one sample's loss"),
    ("logistic", "dC/dW1 = 1/m*(a1-y) x^T + lambda W1", "the sum over the samples"),
]


@pytest.mark.parametrize(("name", "text"), RIGHT)
def test_a_right_line_is_equal(name: str, text: str) -> None:
    verdict = judged(name, text)
    assert (verdict.outcome, verdict.assumptions) == ("equal", ())


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_line_is_different_and_that_is_proved(name: str, text: str) -> None:
    verdict = judged(name, text)
    assert (verdict.outcome, verdict.certainty) == ("different", "proved")
    assert verdict.counterexample is not None or verdict.reason or name == "recurrent"


@pytest.mark.parametrize(("name", "text", "outcome", "assumptions"), CONDITIONS)
def test_what_an_answer_needs_is_said(name: str, text: str, outcome: str, assumptions: tuple[str, ...]) -> None:
    verdict = judged(name, text)
    assert (verdict.outcome, verdict.assumptions) == (outcome, assumptions)


@pytest.mark.parametrize(("name", "text", "note"), NOTES)
def test_what_was_left_out_is_said(name: str, text: str, note: str) -> None:
    verdict = judged(name, text)
    assert verdict.outcome == "equal"
    assert any(note in each for each in verdict.notes), verdict.notes


CERTAIN = [
    ("neurons", "dC/dv1 = 1/m*sum((y'-y) f_B'(z_B) o1)", "proved"),
    ("neurons", "dC/dv1 = m/m^2*sum((y'-y) f_B'(z_B) o1)", "sampled"),
    ("neurons", "dC/dv1 = 1/m*sum(o1 (y'-y), i)*0 + 1/m*sum((y'-y) f_B'(z_B) o1)", "proved"),
    ("neurons", "dC/dv1 = dC/dv1 + (sum(y, i) - sum(y, i))^2", "sampled"),
    ("neurons", "dL/dv1 = (y'-y) f_B'(z_B) o1", "proved"),
    ("logistic", "dC/dW1 = 1/m*sum((a1[1]-y[1]) x[k], i) + lambda W1[1,k]", "proved"),
    ("rectified", "dC/dw1 = (o-t) o (1-o) w2 step(z) x", "proved"),
    ("layers", "delta1 = (W2^T delta2) * (1-a1^2)", "proved"),
    ("any sizes", "dC/dW1 = 1/m*sum(delta1[j] x[k], i)", "sampled"),
    ("written out", "dloss/dw = (p1 - y1)*z1", "proved"),
    ("margin", "dC/dW1 = where(1-y*z1 > 0, -y, 0) x^T", "proved"),
]


@pytest.mark.parametrize(("name", "text", "certainty"), CERTAIN)
def test_equality_is_proved_where_quotients_of_polynomials_tell(name: str, text: str, certainty: str) -> None:
    verdict = judged(name, text)
    assert verdict.outcome in ("equal", "equal-if")
    assert verdict.certainty == certainty


def test_a_counterexample_is_readable_and_true() -> None:
    example = judged("single", "dC/dv1 = (y-y') f_B'(z_B) o1").counterexample
    assert example is not None
    assert set(example.values) == {"x1", "x2", "w11", "w12", "w21", "w22", "v1", "v2", "y"}
    assert all(len(value) < 5 for value in example.values.values())
    assert float(example.claimed) == pytest.approx(-float(example.right))


def test_what_has_no_value_at_some_points_is_not_called_right() -> None:
    verdict = judged("rectified", "dC/dw1 = (o-t) o (1-o) w2 z/h x")
    assert verdict.outcome == "undecided"
    assert "only one of them has one" in verdict.reason


LARGE = [
    ("large", "dC/dW2 = 1/m (a2-y) a1^T", "equal-if"),
    ("large", "dC/dW1 = 1/m delta1 x^T", "equal"),
    ("large", "dC/dW1[3,700] = 1/m*sum(delta1[3] x[700])", "equal"),
    ("large", "dC/dW1[3,700] = 1/m*sum(delta1[3] x[7])", "different"),
    ("large", "dC/dW1[3,70] = 1/m*sum(delta1[70] x[3])", "different"),
    ("large", "delta1 = W2^T delta2", "different"),
    ("large mean", "dC/dW1 = delta1 x^T", "equal"),
    ("large mean", "delta2 = 2/10*(z2 - y)", "equal"),
    ("large mean", "delta2 = 1/5*(z2 - y)", "equal"),
    ("large mean", "delta2 = 2*(z2 - y)", "different"),
]


@pytest.mark.parametrize(("name", "text", "outcome"), LARGE)
def test_a_large_network_is_judged_on_a_smaller_copy(name: str, text: str, outcome: str) -> None:
    verdict = judged(name, text)
    assert verdict.outcome == outcome
    assert any("smaller copy" in note for note in verdict.notes) or "x" not in text


def test_sizes_that_stand_in_formulas_are_kept() -> None:
    copy = shrunk(network("large mean")[1])
    assert copy is not None
    assert set(copy.sizes) == {300, 60}
    assert shrunk(network("layers")[1]) is None


# -- published mistakes ---------------------------------------------------------------------------------------------------


def _verdict(case: Case, formula: str) -> Verdict:
    derivation = derivation_of(case)
    statement = read_statement(f"d{derivation.graph.cost.name}/d{case['of']} = {case[formula]}", vocabulary_of(derivation))
    return judge(Worlds(derivation), statement)


@pytest.mark.parametrize("case", corpus()["mistakes"], ids=lambda case: case["id"])
def test_a_published_mistake_is_different(case: Case) -> None:
    verdict = _verdict(case, "wrong")
    assert (verdict.outcome, verdict.certainty) == ("different", "proved")
    assert verdict.counterexample is not None


@pytest.mark.parametrize("case", [*corpus()["mistakes"], *corpus()["right"]], ids=lambda case: case["id"])
def test_what_is_right_is_equal(case: Case) -> None:
    verdict = _verdict(case, "right")
    assert (verdict.outcome, verdict.certainty) == ("equal-if" if "if" in case else "equal", "proved")
    assert bool(verdict.assumptions) == ("if" in case)
