"""The vectors of a sequence by their step, as people write them: δ_t x_t^T, summed over t."""

from __future__ import annotations

import pytest

from backprop_derive.answers.verifying import verify_answers
from backprop_derive.building.network import build_graph
from backprop_derive.spec.loading import read_spec

SEQUENCE = """
inputs: {x: [4, 3]}
layers:
  - dense: 5
    activation: tanh
  - dense: 2
  - softmax
loss: cross_entropy
cost: single
"""
RECURRENT = """
inputs: {x: [T, n]}
parameters: [W, U, v]
sizes: {W: [h, n], U: [h, h], v: [h]}
targets: {y: [T]}
equations:
  s[t,j]: sum(W[j,k]*x[t,k], k) + sum(U[j,k]*a[t-1,k], k)
  a[0,j]: 0
  a[t,j]: tanh(s[t,j])
  o[t]: sum(v[j]*a[t,j], j)
  L: 1/2*sum((o[t] - y[t])^2, t)
cost: single
"""


def outcome(spec: str, name: str, text: str) -> str:
    return verify_answers(build_graph(read_spec(spec)), {name: text})[0].verdict.outcome


@pytest.mark.parametrize(
    ("spec", "name", "text"),
    [
        (SEQUENCE, "W1", r"\sum_{t=1}^{4} \delta^{(1)}_t x_t^T"),
        (SEQUENCE, "W1", r"\sum_t \delta_1[t] x_t^\top"),
        (SEQUENCE, "W1", r"\sum_j \delta^{(1)}_j x_j^T"),
        (SEQUENCE, "W1", "sum(np.outer(delta1[t], x[t]), t)"),
        (SEQUENCE, "b1", r"\sum_t \delta_{1,t}"),
        (SEQUENCE, "W2", r"\sum_{s=1}^{4} (a^{(2)}_s - y_s) (a^{(1)}_s)^T"),
        (SEQUENCE, "delta2", r"a^{(2)}_t - y_t"),
        (SEQUENCE, "delta1", r"(W_2^T \delta^{(2)}_t) \odot (1 - a^{(1)}_t \odot a^{(1)}_t)"),
        (SEQUENCE, "W1", "delta1^T @ x"),
        (SEQUENCE, "b1", "np.sum(delta1, axis=0)"),
        (SEQUENCE, "b2", "np.sum(a2 - y, axis=0)"),
        (RECURRENT, "U", r"\sum_{t=1}^{T} \delta^s_t a_{t-1}^T"),
        (RECURRENT, "W", r"\sum_t \delta_{s,t} x_t^T"),
        (RECURRENT, "v", r"\sum_t (o_t - y_t) a_t"),
    ],
)
def test_vectors_of_steps_are_right(spec: str, name: str, text: str) -> None:
    assert outcome(spec, name, text) in ("equal", "equal-if")


@pytest.mark.parametrize(
    ("spec", "name", "text"),
    [
        (SEQUENCE, "W1", r"\sum_t x_t (\delta^{(1)}_t)^T"),
        (SEQUENCE, "W1", r"\delta^{(1)}_t x_t^T"),
        (SEQUENCE, "delta1", r"(W_2^T \delta^{(2)}_t) \odot (1 - a^{(1)}_t)"),
        (RECURRENT, "U", r"\sum_t \delta_{s,t} a_t^T"),
    ],
)
def test_vectors_of_steps_are_wrong(spec: str, name: str, text: str) -> None:
    assert outcome(spec, name, text) == "different"


@pytest.mark.parametrize("text", ["sum(delta_s[t]*a[t-1])", r"\sum \delta_{s,t} a_{t-1}^T"])
def test_what_a_sum_of_steps_runs_over_is_asked(text: str) -> None:
    (claim,) = verify_answers(build_graph(read_spec(RECURRENT)), {"U": text})
    assert (claim.verdict.outcome, claim.hint) == ("unreadable", r"write its index: \sum_t, sum(…, t)")


def test_a_row_of_weights_is_not_meant_by_a_label() -> None:
    spec = "inputs: 2\nlayers:\n  - dense: 2\n    weights: W\n    bias: false\nloss: half_squared_error\ncost: single\n"
    assert outcome(spec, "W", "W_1 x") == "unreadable"
