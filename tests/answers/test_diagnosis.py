"""Which mistake is named: published ones, slips planted at random, and the sentences that are said."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from corpus import corpus, derivation_of

from backprop_derive import build_graph, derive, load_spec, read_spec, write
from backprop_derive.answers.claims import Claim
from backprop_derive.answers.kinds import KINDS
from backprop_derive.answers.mistakes import changes_of
from backprop_derive.answers.replay import routes_to
from backprop_derive.answers.verifying import Verifier
from backprop_derive.graph.expressions import Add, Expression, Mul, Number, Ref, add, children, mul, neg, num, rebuilt
from backprop_derive.graph.nodes import Graph

NEURONS = "specs/two_hidden_nodes.yaml"
MAZUR = "specs/mazur.yaml"
LOGISTIC = """
inputs: [x1, x2]
nodes: {N: {weights: {w1: x1, w2: x2}, bias: b, activation: sigmoid, output: a, preactivation: z}}
targets: y
loss: binary_cross_entropy
regularization: {l2: lambda/m, of: weights}
constants: [lambda]
"""
CHAIN = """
inputs: [x]
nodes:
  A: {weights: {w1: x}, bias: b1, activation: tanh, output: h, preactivation: u}
  B: {weights: {w2: A}, bias: b2, activation: sigmoid, output: o, preactivation: v}
targets: y
loss: squared_error
cost: single
"""
LAYERS = """
inputs: {x: 3}
layers: [{dense: 4, activation: tanh}, {dense: 2, activation: softmax}]
loss: cross_entropy
"""
PENALISED = LAYERS + "regularization: {l2: lambda, of: weights}\nconstants: [lambda]\n"

FORKED = """
inputs: [I]
parameters: [w1, w2, w3, w4, w5]
equations: {n1: I*w1 + 1, h: sigmoid(n1), n2: h*w2 + 1, p: sigmoid(n2), n3: h*w3 + 1, q: sigmoid(n3), n4: p*w4 + q*w5 + 1, O: sigmoid(n4)}
cost: single
"""
TRIPLET = "parameters: [a, p, n]\nsizes: {a: [2], p: [2], n: [2]}\nconstants: alpha\nequations: {L: 'triplet(a, p, n, alpha)'}\ncost: single"


@cache
def verifier(spec: str) -> Verifier:
    graph = build_graph(load_spec(spec) if spec.endswith(".yaml") else read_spec(spec, "spec"))
    return Verifier(graph)


def judged(spec: str, weight: str, answer: str) -> Claim:
    (claim,) = verifier(spec).verify({weight: answer})
    return claim


def kinds(claim: Claim) -> list[str]:
    return [mistake.kind for mistake in claim.mistakes]


# -- published mistakes -------------------------------------------------------------------------------------------------------

UNEXPLAINED = {"M33", "M36", "M74", "M75"}


@pytest.mark.parametrize("case", corpus()["mistakes"], ids=lambda case: case["id"])
def test_a_published_mistake_is_named_at_first_guess(case: dict[str, object]) -> None:
    (claim,) = Verifier(derivation_of(case).graph).verify({str(case["of"]): str(case["wrong"])})
    assert claim.verdict.outcome == "different"
    if case["id"] in UNEXPLAINED:
        assert kinds(claim) == []
    else:
        assert kinds(claim)[0] in (case["kind"], *case.get("also", ()))  # type: ignore[misc]


def test_nine_of_ten_published_mistakes_are_named() -> None:
    assert len(UNEXPLAINED) <= 0.1 * len(corpus()["mistakes"])


# -- one line a mistake --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "weight", "answer", "kind"),
    [
        (NEURONS, "v1", "(y-y')*f_B'(z_B)*o1", "sign"),
        (NEURONS, "v1", "(y'-y)*f_B'(y')*o1", "derivative-at-output"),
        (NEURONS, "v1", "(y'-y)*o1", "missing-activation-derivative"),
        (NEURONS, "v1", "f_B'(z_B)*o1", "missing-loss-derivative"),
        (NEURONS, "v1", "(y'-y)*f_B'(z_B)*o2", "wrong-input-factor"),
        (NEURONS, "v1", "2(y'-y)*f_B'(z_B)*o1", "constant-factor"),
        (NEURONS, "v1", "(y'-y)*f_B(z_B)*o1", "wrong-local-derivative"),
        (NEURONS, "v1", "(y'-y)*f_B'(z_B)*v1", "wrong-input-factor"),
        (NEURONS, "w11", "(y'-y)*f_B'(z_B)*f_A1'(z_A1)*x1", "missing-weight-factor"),
        (NEURONS, "w11", "(y'-y)*f_B'(z_B)*v2*f_A1'(z_A1)*x1", "transpose-or-index"),
        (NEURONS, "w11", "sum((y'-y)*f_B'(z_B)*v1*f_A1'(z_A1)*x1)", "constant-factor"),
        (MAZUR, "w1", "(out_o1-target_o1)*out_o1*(1-out_o1)*w5*out_h1*(1-out_h1)*i1", "missing-path"),
        (MAZUR, "w5", "-0.082167041", "sign"),
        (MAZUR, "w5", "0.164334", "constant-factor"),
        (LOGISTIC, "w1", "1/m*sum((a-y)*x1)", "regulariser"),
        (LOGISTIC, "w1", "1/m*sum((a-y)*a*(1-a)*x1) + lambda/m*w1", "extra-activation-derivative"),
        (LOGISTIC, "b", "1/m*sum(a-y) + lambda/m*b", "regulariser"),
        (CHAIN, "w1", "2*(o-y)*o*(1-o)*(w2 - eta*2*(o-y)*o*(1-o)*h)*(1-h^2)*x", "updated-weights"),
        (CHAIN, "w1", "2*(o-y)*o*(1-o)*w2*(1+h^2)*x", "wrong-local-derivative"),
        (LAYERS, "W2", "a1 (a2 - y)^T", "transpose-or-index"),
        (PENALISED, "b1", "(W2^T (a2 - y)) ⊙ (1 - a1)", "wrong-local-derivative"),
        (LAYERS, "b1", r"W_2^T (\hat y - y) \odot (1 - a_1)", "wrong-local-derivative"),
    ],
)
def test_a_mistake_is_named(spec: str, weight: str, answer: str, kind: str) -> None:
    claim = judged(spec, weight, answer)
    assert claim.verdict.outcome == "different"
    assert kinds(claim)[:1] == [kind]


@pytest.mark.parametrize(
    ("spec", "weight", "answer", "sentence"),
    [
        (NEURONS, "v1", "(y-y')*f_B'(z_B)*o1", "the derivative of ½(y − y')² by y' is −(y − y'), that is y' − y"),
        (NEURONS, "v1", "(y'-y)*f_B'(y')*o1", "the derivative of f_B is taken at the output y'; it belongs at z_B"),
        (MAZUR, "w1", "(out_o1-target_o1)*out_o1*(1-out_o1)*w5*out_h1*(1-out_h1)*i1", "out_h1 reaches the loss through net_o2 too"),
        (FORKED, "w1", "O*(1 - O)*(p*(1 - p) + q*(1 - q))*h*(1 - h)*I", "missing: ∂n2/∂h = w2, ∂n3/∂h = w3, ∂n4/∂p = w4, ∂n4/∂q = w5"),
        (TRIPLET, "a", "2*(n - p)", "a factor of ∂L/∂a[j] is missing"),
    ],
)
def test_the_sentence_speaks_of_this_network(spec: str, weight: str, answer: str, sentence: str) -> None:
    (mistake,) = judged(spec, weight, answer).mistakes
    assert sentence in mistake.explanation


def test_a_right_answer_has_no_mistake() -> None:
    claim = judged(MAZUR, "w5", "(out_o1-target_o1)*out_o1*(1-out_o1)*out_h1")
    assert claim.verdict.outcome == "equal"
    assert claim.mistakes == ()


def test_what_nothing_explains_is_not_explained() -> None:
    claim = judged(NEURONS, "v1", "(y'-y)^2*sin(o1)+x2")
    assert claim.verdict.outcome == "different"
    assert claim.mistakes == ()


def test_zero_is_not_the_gradient_of_another() -> None:
    assert judged(MAZUR, "b1", "0").mistakes == ()


def test_claims_that_first_differ_at_other_points_are_explained_too() -> None:
    spec = "inputs: {x: n}\nlayers: [{dense: h, activation: relu}, {dense: 1}]\nloss: half_squared_error\n"
    answers = (r"W_2^T (\hat y - y) \odot (z_1 > 0)", r"W_2^T (\hat y - y)", r"2 W_2^T (\hat y - y) \odot (z_1 > 0)")
    assert [kinds(judged(spec, "b1", answer)) for answer in answers] == [[], ["missing-activation-derivative"], ["constant-factor"]]


def test_every_change_is_of_a_kind_of_the_table() -> None:
    known = {kind.name for kind in KINDS}
    for spec in (NEURONS, MAZUR, LOGISTIC, LAYERS):
        graph = verifier(spec).graph
        assert {change.kind for change in changes_of(routes_to(graph, graph.cost.name), graph)} <= known


# -- slips planted at random --------------------------------------------------------------------------------------------------


def slips(graph: Graph, expression: Expression) -> Iterator[Expression]:
    """A factor dropped, an inner sign turned, a name swapped, a term dropped, a factor 2: at every place."""
    below = children(expression)
    for at, child in enumerate(below):
        for changed in slips(graph, child):
            yield rebuilt(expression, (*below[:at], changed, *below[at + 1 :]))
    match expression:
        case Mul(factors):
            yield from (mul(*factors[:at], *factors[at + 1 :]) for at, factor in enumerate(factors) if not isinstance(factor, Number))
            yield mul(num(2), expression)
        case Add(terms):
            yield from (add(*terms[:at], neg(term), *terms[at + 1 :]) for at, term in enumerate(terms))
            yield from (add(*terms[:at], *terms[at + 1 :]) for at in range(len(terms)))
        case Ref(name, indices) if name in graph.by_name:
            own = graph.node(name)
            alike = [node.name for node in graph.nodes if node.axes == own.axes and node.sampled == own.sampled and node.role == own.role]
            yield from (Ref(other, indices) for other in alike if other != name)


def planted(spec: str, count: int) -> Iterator[tuple[str, str]]:
    graph = verifier(spec).graph
    derivation = derive(graph)
    draw = random.Random(spec)
    for name in graph.parameters:
        found = list(slips(graph, derivation.gradient(name).gradient))
        for changed in draw.sample(found, min(count, len(found))):
            yield name, write(derivation, changed)


def test_four_of_five_planted_slips_are_named() -> None:
    named, wrong = 0, 0
    for spec, count in ((NEURONS, 4), (MAZUR, 3), (LOGISTIC, 4), (CHAIN, 6)):
        for weight, answer in planted(spec, count):
            claim = judged(spec, weight, answer)
            assert claim.verdict.outcome in ("different", "equal", "equal-if"), answer
            if claim.verdict.outcome == "different":
                wrong += 1
                named += bool(claim.mistakes)
    assert wrong >= 60
    assert named >= 0.8 * wrong, f"{named} of {wrong}"


def test_the_reference_page_lists_every_kind() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
    assert all(f"| `{kind.name}` | {kind.sentence} |" in page for kind in KINDS)


# -- the wrong factor is marked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "weight", "answer", "marked"),
    [
        (NEURONS, "v1", "(y'-y) f_B'(y') o1", "f_B'(y')"),
        (NEURONS, "v1", r"(y - y')\,\frac{\partial y'}{\partial v_1}", "y - y'"),
        (NEURONS, "w11", "(y'-y) f_B'(z_B) v1 f_A1'(z_A1) x2", "x2"),
        (CHAIN, "w1", "2(o-y) o(1-o) w2 (1-h) x", "1-h"),
        (NEURONS, "v1", "(y'-y)*o1", None),
    ],
)
def test_the_wrong_factor_is_marked(spec: str, weight: str, answer: str, marked: str | None) -> None:
    span = judged(spec, weight, answer).mistakes[0].span
    assert (answer[slice(*span)] if span is not None else None) == marked
