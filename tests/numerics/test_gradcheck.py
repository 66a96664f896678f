"""The numeric proof: right gradients pass, and each kind of wrong one fails with its entry named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import Delta, Derivation, Gradient, derive
from backprop_derive.errors import EvaluationError, UsageError
from backprop_derive.graph.expressions import ONE, Apply, Bracket, Expression, Ref, Where, add, mul, neg, num
from backprop_derive.graph.indices import equal, number, variable
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics import trials
from backprop_derive.numerics.drawing import MARGIN, draw_point
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.numerics.kinks import kink_places
from backprop_derive.numerics.power import planted
from backprop_derive.numerics.probing import Probes, by_complex_step, choose_probes, with_cost
from backprop_derive.numerics.reports import CheckReport
from backprop_derive.spec.loading import read_spec

SCALARS = """
inputs: [x1, x2]
nodes:
  A1: {weights: {w11: x1, w12: x2}, activation: sigmoid, output: o1}
  A2: {weights: {w21: x1, w22: x2}, activation: sigmoid, output: o2}
  B:  {weights: {v1: A1, v2: A2}, bias: b, activation: sigmoid, output: y'}
targets: y
loss: half_squared_error
"""
ABSTRACT = SCALARS.replace("activation: sigmoid, output: o1", "activation: f_A1, output: o1").replace("sigmoid", "g")
MAZUR = """
inputs: [i1, i2]
layers:
  - dense: [h1, h2]
    weights: [[w1, w2], [w3, w4]]
    bias: {shared: b1}
    preactivations: [net_h1, net_h2]
    activation: sigmoid
  - dense: [o1, o2]
    weights: [[w5, w6], [w7, w8]]
    bias: {shared: b2}
    activation: sigmoid
targets: [t1, t2]
loss: half_squared_error
cost: single
"""
SOFTMAX = """
inputs: {x: n}
layers:
  - dense: h
    activation: tanh
  - dense: q
    bias: {shared: beta}
  - softmax
loss: cross_entropy
"""
SIGMOID = """
inputs: 4
layers:
  - dense: 8
    activation: sigmoid
  - dense: 8
    activation: sigmoid
  - dense: 1
    activation: sigmoid
loss: binary_cross_entropy
"""
RELU = """
inputs: 5
layers:
  - dense: 6
    activation: relu
  - dense: 2
loss: mse
"""
OWN = """
inputs: [x1, x2]
functions:
  swish2(z): z*sigmoid(z)
  hinge(z): max(0, 1 - z)
nodes:
  A: {weights: {w: x1, v: x2}, activation: swish2, output: o}
  B: {weights: {u: A}, bias: c, activation: hinge, output: p}
targets: y
loss: squared_error
"""
EQUATIONS = """
parameters: [W1, b1, W2]
inputs: {x: n}
targets: {y: q}
sizes: {W1: [h, n], b1: [h], W2: [q, h]}
equations:
  z[j]: sum(W1[j,k]*x[k], k) + b1[j]
  a[j]: tanh(z[j])
  s[c]: sum(W2[c,j]*a[j], j)
  loss: log(sum(exp(s[c]), c)) - sum(y[c]*s[c], c)
cost: sum
"""
RECURRENT = """
parameters: [U, W, b]
inputs: {x: [T, d]}
targets: {y: [T]}
constants: {h0: [n]}
sizes: {U: [n, n], W: [n, d], b: [n]}
equations:
  s[t,j]: sum(U[j,k]*h[t-1,k], k) + sum(W[j,k]*x[t,k], k) + b[j]
  h[t,j]: tanh(s[t,j])
  h[0,j]: h0[j]
  loss: sum((sum(h[t,j], j) - y[t])**2, t)
"""
KINKS = """
parameters: [W, v]
inputs: {x: n}
sizes: {W: [h, n], v: [h]}
equations:
  z[j]: sum(W[j,k]*x[k], k)
  L: max(z[j], j) + sum(abs(z[j]*v[j]), j) + log(sum(v[j]**2, j)) + where(z[1] > 0.1, z[1], 3*z[1])
"""
UNUSED = """
parameters: [w, u]
inputs: [x]
equations:
  L: (w*x - 1)**2
"""
ERF = """
parameters: [w, v]
inputs: [x]
equations:
  L: erf(w*x) + v*x + log(v)
"""
TINY = """
parameters: [w]
inputs: [x]
sizes: {w: [2]}
equations:
  L: w[1]*x + 1e-9*tanh(w[2])
"""
LARGE = """
inputs: 60
layers:
  - dense: 50
    activation: tanh
  - dense: 2
loss: mse
"""
SPECS = {
    "scalars": SCALARS, "abstract": ABSTRACT, "mazur": MAZUR, "softmax": SOFTMAX, "sigmoid": SIGMOID, "relu": RELU, "own": OWN, "equations": EQUATIONS,
    "recurrent": RECURRENT, "kinks": KINKS, "unused": UNUSED, "erf": ERF, "tiny": TINY, "large": LARGE,
}  # fmt: skip


def graph_of(text: str) -> Graph:
    return build_graph(read_spec(text))


@dataclass(frozen=True)
class Changed(Derivation):
    """A derivation in which some printed gradients or δ are replaced."""

    gradients_instead: Mapping[str, Mapping[str, Expression]] = field(default_factory=dict)
    deltas_instead: Mapping[str, Expression] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.graph)

    def gradient(self, name: str) -> Gradient:
        return replace(super().gradient(name), **dict(self.gradients_instead.get(name, {})))  # type: ignore[arg-type]

    @property
    def deltas(self) -> Mapping[str, Delta]:  # type: ignore[override]
        found = derive(self.graph).deltas
        return {name: replace(delta, value=self.deltas_instead.get(name, delta.value)) for name, delta in found.items()}


def check_wrong(text: str, name: str, form: str, change: Any, **options: Any) -> CheckReport:
    """The check after `change` was made to one form of the gradient of `name`."""
    graph = graph_of(text)
    wrong = change(getattr(derive(graph).gradient(name), form))
    return check_gradients(Changed(graph, {name: {form: wrong}}), **options)


def slightly_off(right: Expression) -> Expression:
    return mul(num(Fraction(2001, 2000)), right)


def off_at(*place: int) -> Any:
    """0.05 % off at one entry only."""
    factor: Expression = num(Fraction(2001, 2000))
    for letter, at in zip("jk", place, strict=False):
        factor = Where(Bracket(equal(variable(letter), number(at))), factor, ONE)
    return lambda right: mul(factor, right)


# -- right gradients pass -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SPECS)
def test_right_gradients_pass(case: str) -> None:
    graph = graph_of(SPECS[case])
    report = check_gradients(derive(graph))
    assert report.passed, report
    assert tuple(report.parameters) == graph.parameters
    assert all(check.passed and check.relative_error < 1e-12 for check in report.parameters.values())
    assert report.power.survivors == ()
    assert report.power.caught == report.power.planted > 5
    assert report.seeds == (0, 1, 2)
    assert report.references[-2:] == (("richardson",) if case == "erf" else ("complex-step", "richardson"))


@pytest.mark.parametrize("case", ["scalars", "softmax", "relu", "recurrent", "erf"])
def test_fifty_digits_confirm(case: str) -> None:
    report = check_gradients(derive(graph_of(SPECS[case])), exact=True, seeds=(7,))
    assert report.passed
    assert report.references[-1] == "mpmath"
    assert all(check.relative_error < 1e-30 for check in report.parameters.values())


def test_any_node_may_be_checked() -> None:
    report = check_gradients(derive(graph_of(RECURRENT)), weights=["x", "h0", "h", "s", "y"])
    assert report.passed
    assert tuple(report.parameters) == ("x", "h0", "h", "s", "y")
    assert len(report.parameters["h"].entry or ()) == 3


def test_shared_bias_before_softmax_has_gradient_zero_and_passes() -> None:
    check = check_gradients(derive(graph_of(SOFTMAX))).parameters["beta"]
    assert check.passed
    assert abs(check.symbolic) < 1e-14
    assert abs(check.reference) < 1e-14


def test_unused_parameter_passes_with_a_note() -> None:
    report = check_gradients(derive(graph_of(UNUSED)))
    assert (report.parameters["u"].symbolic, report.parameters["u"].reference, report.parameters["u"].relative_error) == (0, 0, 0)
    assert any("does not depend on u" in note for note in report.notes)


def test_rounding_is_settled_with_fifty_digits() -> None:
    report = check_gradients(derive(graph_of(MAZUR)), tolerance=1e-19)
    assert report.passed
    assert "mpmath" in report.references
    assert "mpmath" not in check_gradients(derive(graph_of(MAZUR))).references


# -- wrong gradients fail -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["gradient", "backward"])
@pytest.mark.parametrize(("case", "name"), [("mazur", "w5"), ("sigmoid", "W2"), ("recurrent", "U"), ("erf", "w"), ("large", "W1"), ("own", "w")])
def test_gradient_off_by_a_twentieth_of_a_percent_fails(case: str, name: str, form: str) -> None:
    report = check_wrong(SPECS[case], name, form, slightly_off)
    assert not report.passed
    wrong = report.parameters[name]
    assert [each for each, check in report.parameters.items() if not check.passed] == [name]
    assert wrong.form == {"gradient": "textbook", "backward": "backward"}[form]
    assert wrong.symbolic == pytest.approx(1.0005 * wrong.reference, rel=1e-9)
    assert wrong.relative_error > 1e-7  # a million times what is allowed, where summands nearly cancel too


def test_the_wrong_entry_is_named() -> None:
    report = check_wrong(SIGMOID, "W2", "gradient", off_at(3, 5))
    assert not report.passed
    assert report.parameters["W2"].entry == (3, 5)


def test_a_wrong_entry_of_a_large_parameter_shows_in_the_random_direction() -> None:
    report = check_wrong(LARGE, "W1", "gradient", off_at(7, 11))
    assert not report.parameters["W1"].passed
    assert report.parameters["W1"].entry in (None, (7, 11))
    assert any("W1 has 3000 entries" in note for note in report.notes)


def test_tiny_gradient_beside_a_large_one_is_tested() -> None:
    right = check_gradients(derive(graph_of(TINY)))
    report = check_wrong(TINY, "w", "gradient", off_at(2))
    assert right.passed
    assert not report.passed
    wrong = report.parameters["w"]
    assert wrong.entry == (2,)
    assert 1e-10 < abs(wrong.reference) <= 1e-9
    assert wrong.relative_error == pytest.approx(5e-4, rel=0.5)


@pytest.mark.parametrize(("case", "of"), [("scalars", "z_A1"), ("sigmoid", "z1"), ("recurrent", "s")])
def test_wrong_sign_in_a_delta_fails(case: str, of: str) -> None:
    graph = graph_of(SPECS[case])
    wrong = {of: neg(derive(graph).deltas[of].value)}
    report = check_gradients(Changed(graph, {}, wrong))
    assert not report.passed
    forms = {check.form for check in report.parameters.values() if not check.passed}
    assert forms <= {"backward", "textbook"}
    assert "backward" in forms or case == "recurrent"


def test_missing_and_invented_gradients_fail() -> None:
    for change in (lambda _: num(0), lambda right: add(right, num(Fraction(1, 10**6)))):
        assert not check_wrong(SCALARS, "v1", "gradient", change).passed
    report = check_wrong(UNUSED, "u", "gradient", lambda _: num(Fraction(1, 10**6)))
    assert report.parameters["u"].relative_error == 1


def test_form_without_a_value_fails_and_is_no_exception() -> None:
    report = check_wrong(SCALARS, "v1", "gradient", lambda right: mul(Ref("nowhere"), right))
    assert not report.passed
    assert np.isnan(report.parameters["v1"].symbolic)
    assert any("the textbook form of v1 has no value" in note for note in report.notes)
    infinite = check_wrong(SCALARS, "v1", "gradient", lambda right: mul(Apply("log", (num(0),)), right))
    assert infinite.parameters["v1"].relative_error == float("inf")


def test_delta_without_a_value_fails_what_mentions_it() -> None:
    report = check_gradients(Changed(graph_of(SCALARS), {}, {"z_A1": Ref("nowhere")}))
    assert not report.passed
    assert any("the backward form of w11 has no value" in note for note in report.notes)


def test_a_graph_too_large_for_fifty_digits_allows_for_rounding_and_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "EXACT_WORK", 0)
    report = check_gradients(derive(graph_of(MAZUR)), tolerance=1e-19)
    assert report.passed
    assert "mpmath" not in report.references
    assert any("pass as rounding" in note for note in report.notes)
    assert not check_wrong(MAZUR, "w5", "gradient", slightly_off).passed


# -- the references hold each other -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["complex-step", "richardson"])
def test_a_wrong_reference_is_noticed_and_fifty_digits_decide(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = trials.MEASURES[method]
    monkeypatch.setitem(trials.MEASURES, method, lambda *place: tuple(1.01 * each for each in right(*place)))  # type: ignore[arg-type]
    report = check_gradients(derive(graph_of(MAZUR)))
    assert report.passed
    assert any("the references disagree" in note for note in report.notes)


def test_disagreement_that_cannot_be_settled_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    right = trials.MEASURES["richardson"]
    monkeypatch.setitem(trials.MEASURES, "richardson", lambda *place: tuple(1.01 * each for each in right(*place)))  # type: ignore[arg-type]
    monkeypatch.setattr(trials, "EXACT_WORK", 0)
    assert not check_gradients(derive(graph_of(MAZUR))).passed


def test_without_a_complex_form_differences_are_the_reference() -> None:
    report = check_gradients(derive(graph_of(ERF)))
    assert report.references == ("richardson",)
    assert report.parameters["w"].error_estimate > 0
    assert any("erf has no complex form" in note for note in report.notes)


# -- kinks ----------------------------------------------------------------------------------------------------------------


def test_kinks_of_a_relu_are_listed_and_kept_away_from() -> None:
    report = check_gradients(derive(graph_of(RELU)))
    assert [(kink.node.name, kink.operation) for kink in report.kinks] == [("a1", "relu")]
    assert isinstance(report.kinks[0].argument, Ref)
    assert report.kinks[0].argument.name == "z1"
    assert report.kinks[0].nearest >= MARGIN
    assert any("drawn anew" in note for note in report.notes)


def test_every_kind_of_kink_is_found() -> None:
    assert [kink.operation for kink in kink_places(graph_of(KINKS))] == ["max", "abs", "where"]
    assert [(kink.node.name, kink.operation) for kink in kink_places(graph_of(OWN))] == [("p", "max")]
    assert kink_places(graph_of(SIGMOID)) == ()


def test_distances_are_those_of_the_nearest_argument() -> None:
    point = draw_point(graph_of(KINKS), 3)
    z, v = point.forward["z"], point.forward["v"]
    ordered = np.sort(z, axis=1)
    nearest = {"max": (ordered[:, -1] - ordered[:, -2]).min(), "abs": np.abs(z * v).min(), "where": np.abs(z[:, 0] - 0.1).min()}
    for kink, distance in point.distances.items():
        assert 0.8 * nearest[kink.operation] < distance <= nearest[kink.operation] * (1 + 1e-12), kink.operation


def test_a_kink_behind_a_blocking_one_does_not_count() -> None:
    point = draw_point(graph_of("parameters: [w]\ninputs: {x: 9}\nequations:\n  L: sum(relu(relu(w*x[k])), k)"), 0)
    assert point.distance >= MARGIN


def test_a_kink_that_cannot_be_avoided_is_said() -> None:
    wide = RELU.replace("dense: 6", "dense: 300")
    report = check_gradients(derive(graph_of(wide)), weights=["b2"], seeds=(0,))
    assert report.passed
    assert 0 < report.kinks[0].nearest < MARGIN
    assert any("the nearest that was kept" in note for note in report.notes)


# -- points ---------------------------------------------------------------------------------------------------------------


def test_open_sizes_are_unequal_and_change_with_the_seed() -> None:
    drawn = [draw_point(graph_of(EQUATIONS), seed).sizes for seed in range(6)]
    assert all(len(set(sizes.values())) == len(sizes) == 4 and min(sizes.values()) > 1 for sizes in drawn)
    assert len({tuple(sizes.values()) for sizes in drawn}) > 3


def test_given_sizes_stay() -> None:
    assert draw_point(graph_of(EQUATIONS + "values: {n: 3, h: 3}\n"), 0).sizes.items() >= {"n": 3, "h": 3}.items()


def test_sizes_fit_the_ranges() -> None:
    text = "parameters: [w]\ninputs: {x: n}\nsizes: {w: [k]}\nequations:\n  z[t]: sum(w[s]*x[t+s-1], s)\n  L: sum(z[t]**2, t)\n"
    graph = graph_of(text.replace("equations:", "equations:", 1).replace("z[t]:", "z[t]:").replace("sizes: {w: [k]}", "sizes: {w: [k], z: [n - k + 1]}"))
    for seed in range(8):
        sizes = draw_point(graph, seed).sizes
        assert sizes["n"] >= sizes["k"]
    assert check_gradients(derive(graph)).passed


def test_targets_are_drawn_where_the_loss_wants_them() -> None:
    assert ((point := draw_point(graph_of(SIGMOID), 1)).values["y"] > 0).all()
    assert (point.values["y"] < 1).all()
    np.testing.assert_allclose(draw_point(graph_of(SOFTMAX), 1).values["y"].sum(axis=1), 1, rtol=1e-14)
    assert any("sum(y) = 1" in note for note in check_gradients(derive(graph_of(SOFTMAX)), weights=["b1"]).notes)


def test_domains_are_found_by_drawing_again() -> None:
    graph = graph_of("parameters: [u, v, w]\nequations:\n  L: log(u) + sqrt(v) + log(1 - w)*log(w)\ncost: single")
    assert check_gradients(derive(graph)).passed


def test_a_graph_without_a_finite_value_is_refused() -> None:
    with pytest.raises(EvaluationError, match=r"no random values were found .* at which L"):
        check_gradients(derive(graph_of("parameters: [w]\nequations:\n  L: log(-1 - w**2)")))


def test_bad_calls_are_refused() -> None:
    derivation = derive(graph_of(SCALARS))
    with pytest.raises(UsageError, match="at least one seed"):
        check_gradients(derivation, seeds=())
    with pytest.raises(UsageError, match="w99"):
        check_gradients(derivation, weights=["w99"])


def test_the_same_seeds_give_the_same_report() -> None:
    first, second = (check_gradients(derive(graph_of(ABSTRACT)), seeds=(4, 5)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", ["U", "h", "s", "x"])
def test_chosen_entries_and_a_direction_are_those_of_the_whole_gradient(name: str) -> None:
    graph, cost = with_cost(graph_of(RECURRENT))
    point = draw_point(graph_of(RECURRENT), 2)
    flat, _ = by_complex_step(graph, point, cost, (name,))
    whole = flat.reshape(point.forward[name].shape)
    direction = np.random.default_rng(1).normal(size=whole.shape)
    probes = Probes(name, np.array([whole.size - 1, 0, 2]), direction)
    for side_by_side in (1, 3, 16):
        found, _ = probes.measured(graph, point, cost, by_complex_step, side_by_side)
        np.testing.assert_allclose(found, [*whole.flat[[-1, 0, 2]], np.sum(whole * direction)], rtol=1e-12)
        np.testing.assert_allclose(probes.of(whole), found, rtol=1e-12)
    assert probes.entry(0, whole.shape) == tuple(length - 1 for length in whole.shape)
    assert probes.entry(3, whole.shape) is None


def test_few_entries_of_a_huge_graph_are_chosen() -> None:
    assert choose_probes("W", (40, 50), 10_000, 0, 3).entries is None
    large, huge = choose_probes("W", (40, 60), 10_000, 0, 3).entries, choose_probes("b", (100,), 10**8, 0, 3).entries
    assert large is not None
    assert huge is not None
    assert (len(large), len(set(large.tolist())), len(huge)) == (67, 67, 3)


# -- power ----------------------------------------------------------------------------------------------------------------


def test_a_check_that_is_too_lenient_says_what_it_misses() -> None:
    power = check_gradients(derive(graph_of(SCALARS)), tolerance=1e-2).power
    assert power.planted > power.caught > 0
    assert {survivor.mistake for survivor in power.survivors} >= {"0.05 % too large"}
    assert {survivor.parameter for survivor in power.survivors} >= {"w11", "v1"}


def test_each_kind_of_mistake_is_planted() -> None:
    kinds = {
        mistake.kind
        for text in (ABSTRACT, RECURRENT, EQUATIONS)
        for graph in (graph_of(text),)
        for name, gradient in derive(graph).gradients.items()
        for mistake in planted(graph, graph.node(name), gradient.gradient)
    }
    assert kinds == {
        "sign flipped", "twice as large", "half as large", "0.05 % too large", "transposed", "factor dropped", "factor doubled", "term dropped",
        "sign of a term flipped", "derivative taken at the output",
    }  # fmt: skip


def test_a_swapped_index_is_planted_where_both_axes_are_the_same() -> None:
    text = "parameters: [U, w]\nsizes: {U: [n, n], w: [n]}\nequations:\n  L: sum(sum(w[j]*U[j,k]*w[k]**2, k), j)\ncost: single"
    graph = graph_of(text)
    mistakes = planted(graph, graph.node("w"), derive(graph).gradient("w").gradient)
    assert "index swapped" in {mistake.kind for mistake in mistakes}
    assert check_gradients(derive(graph)).power.survivors == ()


def test_nothing_is_planted_into_a_zero() -> None:
    graph = graph_of(UNUSED)
    assert planted(graph, graph.node("u"), derive(graph).gradient("u").gradient) == ()


# -- without differences and planted mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SPECS)
def test_the_quick_check_says_the_same(case: str) -> None:
    derivation = derive(graph_of(SPECS[case]))
    quick, whole = check_gradients(derivation, differences=False, power=False), check_gradients(derivation)
    assert quick.passed
    assert quick.power is None
    assert [*quick.parameters] == [*whole.parameters]
    assert "richardson" not in quick.references or whole.references == ("richardson",)
    for name, check in quick.parameters.items():
        assert check.passed
        assert check.relative_error < 1e-13 or check.error_estimate > 0, name


@pytest.mark.parametrize(("case", "name"), [("scalars", "w11"), ("mazur", "w5"), ("sigmoid", "W1"), ("recurrent", "U"), ("softmax", "b1"), ("abstract", "v1")])
@pytest.mark.parametrize("form", ["gradient", "backward"])
def test_the_quick_check_fails_a_wrong_gradient_and_no_other(case: str, name: str, form: str) -> None:
    report = check_wrong(SPECS[case], name, form, slightly_off, differences=False, power=False)
    assert [each for each, check in report.parameters.items() if not check.passed] == [name]
    assert report.parameters[name].form == {"gradient": "textbook", "backward": "backward"}[form]


@pytest.mark.parametrize("case", [case for case in SPECS if case not in ("erf", "large")])
def test_the_quick_check_measures_once_for_each_seed(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the summands of an entry cancel, so that it is small beside the rounding errors."""
    measured, right = [], trials.MEASURES["complex-step"]
    monkeypatch.setitem(trials.MEASURES, "complex-step", lambda *place: measured.append(place[3]) or right(*place))  # type: ignore[arg-type]
    report = check_gradients(derive(graph_of(SPECS[case])), differences=False, power=False)
    assert measured == [tuple(report.parameters)] * 3


def test_the_quick_check_finds_one_entry_of_many() -> None:
    report = check_wrong(SIGMOID, "W2", "gradient", off_at(7, 3), differences=False, power=False)
    assert report.parameters["W2"].entry == (7, 3)
    assert [name for name, check in report.parameters.items() if not check.passed] == ["W2"]


def test_a_check_again_is_of_its_own_derivation() -> None:
    """What is planned is kept; a derivation with the same graph and another printed line is another one."""
    assert check_gradients(derive(graph_of(SCALARS)), differences=False, power=False).passed
    for change in (slightly_off, neg):
        assert not check_wrong(SCALARS, "v1", "gradient", change, differences=False, power=False).passed
    delta = derive(graph_of(SCALARS)).deltas["z_A1"]
    assert not check_gradients(Changed(graph_of(SCALARS), {}, {"z_A1": slightly_off(delta.value)}), differences=False, power=False).passed
    assert check_gradients(derive(graph_of(SCALARS)), differences=False, power=False).passed


# -- what was not seen ------------------------------------------------------------------------------------------------------------

BLOCKED = "inputs: x\nparameters: [w, v]\nequations:\n  h: relu(-1 - w^2*x^2)\n  L: v*h^2 + v^2\n"


@pytest.mark.parametrize("options", [{}, {"differences": False, "power": False}, {"exact": True, "seeds": (0,)}])
def test_a_gradient_that_is_0_at_every_point_is_said(options: Any) -> None:
    report = check_gradients(derive(graph_of(BLOCKED)), **options)
    assert report.passed
    assert [note for note in report.notes if "is 0 at every point" in note] == [
        "the gradient of w is 0 at every point that was drawn (a kink blocks it there: only that side of it was seen): try other seeds"
    ]
    assert str(report.parameters["w"].symbolic) == "0.0"


@pytest.mark.parametrize("case", ["relu", "softmax", "unused", "kinks"])
def test_nothing_is_said_of_gradients_that_change_or_are_0_by_formula(case: str) -> None:
    assert [note for note in check_gradients(derive(graph_of(SPECS[case]))).notes if "at every point" in note] == []
