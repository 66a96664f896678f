"""Nodes that refer to themselves at another step: adjoints at symbolic length, nothing unrolled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from proving import Point, delta_text, derivation_of, drawn_leaves, error, faults, graph_of, step_faults
from recurrent_networks import RECURRENT_NETWORKS

from backprop_derive import write
from backprop_derive.calculus.derivation import derive

ELMAN = RECURRENT_NETWORKS["elman_network"]
LAST_STEP = RECURRENT_NETWORKS["last_step_only"]
SIZES = {"n": 3, "d": 2, "m": 2}


def at_length(spec: str, length: int, *, backwards: bool = False) -> Point:
    """The network at T = length, which may be 0 here, its nodes in the order given or in the opposite one."""
    graph = replace(graph_of(spec), smallest={"T": 0})
    if backwards:
        graph = replace(graph, nodes=tuple(reversed(graph.nodes)))
    sizes = {**SIZES, "T": length}
    return Point(derive(graph), sizes=sizes, values=drawn_leaves(graph, sizes, 3))


@pytest.mark.parametrize("length", [0, 1, 4])
@pytest.mark.parametrize("backwards", [False, True], ids=["as written", "backwards"])
@pytest.mark.parametrize("spec", [ELMAN, LAST_STEP], ids=["loss at every step", "loss at the last step"])
def test_a_recurrence_of_any_length_in_any_order(spec: str, length: int, backwards: bool) -> None:
    point = at_length(spec, length, backwards=backwards)
    assert faults(point) == []
    assert step_faults(point) == []


def by_hand(v: dict[str, Any]) -> dict[str, Any]:
    """Backpropagation through time of the Elman network, written out (Werbos 1990)."""
    samples, length, _ = v["x"].shape
    h, error_out = np.zeros((samples, length + 1, len(v["h0"]))), np.zeros((samples, length))
    h[:, 0] = v["h0"]
    for t in range(1, length + 1):
        h[:, t] = np.tanh(v["x"][:, t - 1] @ v["W"].T + h[:, t - 1] @ v["U"].T + v["b"])
        error_out[:, t - 1] = h[:, t] @ v["v"] - v["y"][:, t - 1]
    found = {name: np.zeros_like(v[name]) for name in ("W", "U", "b", "v", "h0")}
    carried = np.zeros_like(h[:, 0])
    for t in range(length, 0, -1):
        delta = (carried + error_out[:, t - 1, None] * v["v"]) * (1 - h[:, t] ** 2)
        found["W"] += delta.T @ v["x"][:, t - 1]
        found["U"] += delta.T @ h[:, t - 1]
        found["b"] += delta.sum(0)
        found["v"] += error_out[:, t - 1] @ h[:, t]
        carried = delta @ v["U"]
    return found | {"h0": carried.sum(0)}


@pytest.mark.parametrize("length", [1, 4])
def test_the_elman_network_equals_backpropagation_through_time_by_hand(length: int) -> None:
    point = at_length(ELMAN, length)
    for name, expected in by_hand(dict(point.values)).items():
        assert error(point.at(point.derivation.gradient(name).gradient, point.graph.node(name)), expected / SIZES["m"]) < 1e-12


def test_the_start_value_has_no_gradient_at_length_zero() -> None:
    point = at_length(LAST_STEP.replace("h[0,j]: 0", "h[0,j]: c[j]").replace("[W, U]", "[W, U, c]").replace("U: [d, d]", "U: [d, d], c: [d]"), 0)
    start = point.at(point.derivation.gradient("c").gradient, point.graph.node("c"))
    assert error(start, point.values["c"] - point.values["y"]) < 1e-15
    assert np.all(point.at(point.derivation.gradient("W").gradient, point.graph.node("W")) == 0)


def test_a_sequence_that_is_read_has_a_first_entry_and_the_page_needs_no_bracket_for_it() -> None:
    derivation = derivation_of(ELMAN)
    assert write(derivation, derivation.gradient("h0").gradient) == "1/m*sum(sum(delta_s[1,k]*U[k,j], k), i)"
    waiting = derivation_of(ELMAN.replace("inputs: {x: [T, n]}", "inputs: {x: n}").replace("x[t,k]", "x[k]").replace("targets: {y: T}", "").replace("- y[t]", "- 1").replace("h0: [d]}", "h0: [d], s: [T, d], h: [T, d], o: [T]}"))
    assert "where(1 <= T" in write(waiting, waiting.gradient("h0").gradient)


def test_a_start_value_at_the_far_end_of_a_symbolic_axis() -> None:
    spec = RECURRENT_NETWORKS["bidirectional"]
    for length in (1, 2, 5):
        graph = graph_of(spec)
        point = Point(derive(graph), sizes={"T": length, "m": 2}, values=drawn_leaves(graph, {"T": length, "m": 2}, 1))
        assert faults(point) + step_faults(point) == []


TWO_THAT_WAIT = """inputs: {x: T}
parameters: [a, b]
sizes: {q: [T]}
equations:
  p[t]: a*q[t-1] + x[t]
  p[0]: 1
  q[t]: tanh(b*p[t-1])
  q[0]: 2
  L: sum(p[t]*q[t], t)
cost: single
"""


@pytest.mark.parametrize("length", [1, 2, 6])
def test_two_nodes_that_read_each_other(length: int) -> None:
    graph = graph_of(TWO_THAT_WAIT)
    for nodes in (graph.nodes, tuple(reversed(graph.nodes))):
        ordered = replace(graph, nodes=nodes)
        point = Point(derive(ordered), sizes={"T": length}, values=drawn_leaves(ordered, {"T": length}, 2))
        assert faults(point) + step_faults(point) == []


def test_the_adjoint_refers_to_the_next_step() -> None:
    written = delta_text(ELMAN, "s")
    assert "delta_s[t + 1,k]*U[k,j]" in written
    assert "h[t,j]^2" in written
    lstm = derivation_of(RECURRENT_NETWORKS["lstm"])
    assert set(lstm.chain.recurrent) >= {"h", "s", "zi"}
    assert all(len(lstm.gradient(name).factors) < 10 for name in lstm.graph.parameters)


def test_a_loss_that_reads_every_step_directly_and_through_later_ones() -> None:
    spec = "inputs: {x: T}\nparameters: [w]\nequations:\n  h[t]: w*h[t-1] + x[t]\n  h[0]: 0\n  L: sum(h[t]^2, t) + h[T]\ncost: single\n"
    for length in (1, 3):
        graph = graph_of(spec)
        point = Point(derive(graph), sizes={"T": length}, values=drawn_leaves(graph, {"T": length}, 1))
        assert faults(point) + step_faults(point) == []
