"""A formula that is said of some values only is judged there only: what stands behind `if`, `for` and `else` is no prose."""

from __future__ import annotations

import pytest

from backprop_derive import build_graph, read_spec, verify_answers
from backprop_derive.answers.documents.files import passages_of

SPECS = {
    "leaky": "parameters: [x, alpha]\nequations: {r: 'leaky_relu(x, alpha)'}\ncost: single",
    "huber": "parameters: yhat\ntargets: y\nconstants: delta\nequations: {L: 'huber(yhat, y, delta)'}\ncost: single",
    "triplet": "parameters: [a, p, n]\nsizes: {a: [2], p: [2], n: [2]}\nconstants: alpha\nequations: {L: 'triplet(a, p, n, alpha)'}\ncost: single",
    "softmax": "inputs: {x: n}\nlayers: [{dense: K, activation: softmax}]\nloss: cross_entropy",
    "logistic": "inputs: {x: n}\nlayers: [{dense: 1, activation: sigmoid}]\ntargets: y\nloss: bce",
    "recurrent": "inputs: {x: n}\ntargets: t\nparameters: [u, w]\nconstants: [S0]\nequations:\n  S[0]: S0\n  S[k]: S[k-1]*w + x[k]*u\n  L: (S[n] - t)^2\ncost: single",
}

ROWS = [
    # cases
    ("leaky", "txt", "dr/dx = 1 if x > 0 else alpha", ["equal"]),
    ("leaky", "txt", "dr/dx = 1 if x > 0 else 0", ["different"]),
    ("leaky", "txt", "dr/dx = 1 if x > 0, alpha otherwise", ["equal"]),
    ("leaky", "txt", "dr/dx = 1 when x > 0, and alpha otherwise", ["equal"]),
    ("leaky", "txt", "dr/dx = 1 if x > 0, alpha if x <= 0", ["equal"]),
    ("leaky", "txt", "dr/dx = 1 if x > 0 else alpha if x < 0 else 0", ["equal"]),
    ("leaky", "md", r"$$\frac{dr}{dx} = 1 \text{ for } x > 0,\ \alpha \text{ otherwise}$$", ["equal"]),
    ("huber", "txt", "dL/dyhat = -(y-yhat) if |y-yhat| <= delta else -delta sign(y-yhat)", ["equal"]),
    ("huber", "txt", "dL/dyhat = (y-yhat) if |y-yhat| <= delta else -delta sign(y-yhat)", ["different"]),
    ("triplet", "txt", "dL/da = 2(n-p) if L > 0 else 0", ["equal"]),
    ("softmax", "txt", "da1[j]/dz1[k] = -a1[j]*a1[k] if j != k else a1[j]*(1-a1[j])", ["equal"]),
    ("logistic", "txt", "L = -log(a) if y = 1 else -log(1-a)", ["equal-if"]),
    ("leaky", "txt", "dr/dx = dr/dr (1 if x > 0 else alpha)", ["equal"]),
    ("leaky", "md", r"$$\frac{dr}{dx} = \frac{dr}{dr} (\begin{cases} 1 & x > 0 \\ \alpha & \text{otherwise} \end{cases})$$", ["equal"]),
    # one case
    ("leaky", "txt", "dr/dx = 1 if x > 0", ["equal"]),
    ("leaky", "txt", "dr/dx = alpha for x < 0", ["equal"]),
    ("leaky", "txt", "dr/dx = 2 for x > 0", ["different"]),
    ("leaky", "txt", "dr/dx = alpha, x < 0", ["equal"]),
    ("leaky", "txt", "For x > 0: dr/dx = 1\nIf x < 0, then dr/dx = alpha", ["equal", "equal"]),
    ("leaky", "md", r"$$\frac{dr}{dx} = \alpha \text{ if } x < 0$$", ["equal"]),
    ("leaky", "md", r"We have $dr/dx = 1$ if $x>0$, and $dr/dx = \alpha$ for $x < 0$.", ["equal", "equal"]),
    ("leaky", "md", r"For $x < 0$ we get $dr/dx = \alpha$.", ["equal"]),
    ("triplet", "txt", "dL/da = 2(n-p) for L > 0", ["equal"]),
    ("triplet", "txt", "dL/da = (n-p) for L > 0", ["different"]),
    ("softmax", "txt", "da1[j]/dz1[k] = -a1[j]*a1[k] for all j != k", ["equal"]),
    ("softmax", "txt", "da1[j]/dz1[k] = a1[j]*(1-a1[j]) for j = k", ["equal"]),
    ("softmax", "txt", "da1[j]/dz1[k] = a1[j] for j = k", ["different"]),
    ("softmax", "md", r"$$\frac{\partial a_j}{\partial z_k} = -a_j a_k \quad (j \ne k)$$", ["equal"]),
    ("softmax", "md", r"$$\frac{\partial a_j}{\partial z_k} = -a_j a_k, \quad j \ne k$$", ["equal"]),
    ("recurrent", "txt", "dL/dS[k] = dL/dS[k+1]*w for k < n", ["equal"]),
    # nothing to judge it by, or not one way to read it
    ("leaky", "txt", "dr/dx = 1 for x > 100000", ["undecided"]),
    ("logistic", "txt", "dL/da = -1/a for y = 1", ["undecided"]),
    ("leaky", "txt", "dr/dx = 1 (x > 0)", ["unreadable"]),
    ("leaky", "txt", "dr/dx = 1 for positive x, otherwise dr/dx = alpha", ["unreadable", "unreadable"]),
    ("leaky", "txt", "dr/dx = 1 if x is positive else alpha", ["unreadable"]),
    ("leaky", "md", r"For $x > 0$ we get $dr/dx = 1$, else $dr/dx = \alpha$.", ["unreadable", "unreadable"]),
    # what says where an index runs is no condition
    ("softmax", "txt", "dL/db[j] = a1[j] - y[j] for all j", ["equal-if"]),
    ("softmax", "txt", "dL/db[j] = a1[j] - y[j] for j = 1..K", ["equal-if"]),
    ("softmax", "txt", "dL/db[j] = a1[j] - y[j], j = 1, ..., K", ["equal-if"]),
    ("softmax", "txt", "dL/db[j] = a1[j] - y[j] (j=1,2,...,K)", ["equal-if"]),
    ("softmax", "md", r"$$\frac{\partial L}{\partial b_j} = a_j - y_j, \quad j = 1, \ldots, K$$", ["equal-if"]),
    ("softmax", "md", r"$$\frac{\partial L}{\partial b_j} = a_j - y_j \quad (j = 1, \ldots, K)$$", ["equal-if"]),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "kind", "text", "outcomes"), ROWS)
def test_a_formula_is_judged_where_it_is_said_to_hold(spec: str, kind: str, text: str, outcomes: list[str]) -> None:
    graph = build_graph(read_spec(SPECS[spec]))
    claims = verify_answers(graph, passages_of(text, "f", kind, known=graph.words))
    assert [claim.verdict.outcome for claim in claims] == outcomes


def test_an_answer_holds_everywhere() -> None:
    graph = build_graph(read_spec(SPECS["leaky"]))
    (claim,) = verify_answers(graph, {"x": "1 if x > 0"})
    assert (claim.verdict.outcome, claim.hint) == ("unreadable", "write a if z > 0 else b")
    assert verify_answers(graph, {"x": "1 if x > 0 else alpha"})[0].verdict.outcome == "equal"


KRONECKER = [
    (r"\frac{\partial \hat y_i}{\partial z_j} = \hat y_i(\delta_{ij} - \hat y_j)", "equal"),
    (r"\frac{\partial a_i}{\partial z_j} = a_i(\delta_{ij} + a_j)", "different"),
    (r"\frac{\partial L}{\partial z_i} = -\sum_k y_k (\delta_{ki} - a_i)", "equal"),
    (r"\frac{\partial L}{\partial z_j} = -\sum_i \frac{y_i}{a_i} a_i (\delta_{ij} - a_j)", "equal"),
    (r"\delta_{ij} = a_{ij} - y_{ij}", "equal-if"),
    (r"\frac{\partial L_i}{\partial b_j} = \delta_{ij}", "equal"),
    (r"\frac{\partial C}{\partial W_{jk}} = \frac1m\sum_i \delta_{ij} x_{ik}", "equal"),
]


@pytest.mark.parametrize(("text", "outcome"), KRONECKER)
def test_a_delta_with_two_letters_is_kroneckers_beside_letters_of_units(text: str, outcome: str) -> None:
    (claim,) = verify_answers(build_graph(read_spec(SPECS["softmax"])), text)
    assert claim.verdict.outcome == outcome


ONE = """
inputs: x
nodes: {N: {weights: {w: x}, bias: b, activation: sigmoid, output: a, preactivation: z}}
targets: y
loss: binary_cross_entropy
cost: single
"""
GIVEN = "values: {x: 0.5, w: 1.2, b: 0.1, y: 1}\n"

SENTENCES = [
    # what a line is about
    ("", "gradient of w = (a-y)x", ["equal"]),
    ("", "The gradient for the weight w is x(a-y).", ["equal"]),
    ("", "derivative of L with respect to w = (a-y)x", ["equal"]),
    ("", "the derivative of L wrt w is (y-a)x", ["different"]),
    ("", "∇w = (a - y) x", ["equal"]),
    ("", "=> dL/dw = (a-y)x\n-> dL/db = a-y", ["equal", "equal"]),
    # numbers of equations
    ("", "dL/dw = (a-y)*x   (2)", ["equal"]),
    ("", "dL/dw = (a-y)*x   (*)", ["equal"]),
    ("", "dL/dw = (a-y)*x   (1.2)", ["equal"]),
    ("", "dL/dw = (a-y)*x   [2]", ["equal"]),
    ("", "$$\\frac{dL}{dw} = (a-y)x \\qquad (2)$$", ["equal"]),
    ("", "dL/dw = (a-y)*x (2)", ["unreadable"]),
    ("", "dL/dw = (a-y)*x*(2)", ["different"]),
    # the target of the spec put in
    (GIVEN, "dL/dw = (a-1)x", ["equal-if"]),
    (GIVEN, "dL/da = -1/a", ["equal-if"]),
    (GIVEN, "L = -log(a)", ["equal-if"]),
    (GIVEN, "dL/da = 1/a", ["different"]),
    (GIVEN, "dL/dw = (a-1)*x*w", ["different"]),
    ("", "dL/dw = (a-1)x", ["different"]),
    (GIVEN.replace("y: 1", "y: 0"), "dL/dw = a*x", ["equal-if"]),
    (GIVEN.replace("y: 1", "y: 0"), "dL/da = -1/a", ["different"]),
]  # fmt: skip


@pytest.mark.parametrize(("values", "text", "outcomes"), SENTENCES)
def test_a_sentence_is_judged_as_it_is_meant(values: str, text: str, outcomes: list[str]) -> None:
    graph = build_graph(read_spec(ONE + values))
    assert [claim.verdict.outcome for claim in verify_answers(graph, text)] == outcomes


def test_a_target_that_is_put_in_is_told() -> None:
    (claim,) = verify_answers(build_graph(read_spec(ONE + GIVEN)), "dL/dw = (a-1)x")
    assert claim.verdict.assumptions == ("y = 1",)
