"""What a loss compares may be a formula: it becomes a node of its own."""

from __future__ import annotations

import pytest

from backprop_derive import build_graph, check_gradients, derive, write
from backprop_derive.spec.loading import read_spec

HEAD = "inputs: {x: 3}\ntargets: {y: 2}\nparameters: [W]\nsizes: {W: [2, 3]}\nequations:\n  L: "
LAYERS = "inputs: 3\nlayers:\n  - dense: 2\n    activation: tanh\ntargets: {y: 2}\nloss: "


@pytest.mark.parametrize(
    ("text", "weight", "nodes", "gradient"),
    [
        (HEAD + "half_squared_error(W@x, y)", "W", ["yhat"], "1/m*sum((yhat[j] - y[j])*x[k], i)"),
        (HEAD + "cross_entropy(softmax(W@x), y)", "W", ["yhat"], "1/m*sum((yhat[j] - y[j])*x[k], i)"),
        (HEAD + "squared_error(W[1,2]*x[2], y[1])", "W", ["yhat", "target"], "1/m*sum(where(j = 1, where(k = 2, 2*(yhat - target)*x[2], 0), 0), i)"),
        (HEAD + "mae(W@x, 2*y) + mse(W@x, y)", "W", ["yhat", "target"], None),
        (HEAD + "squared_error(W@x, y) + squared_error(tanh(W@x), y)", "W", ["yhat", "yhat_2"], None),
        (LAYERS + "half_squared_error(2*a1, y)", "b1", ["yhat_2"], "2/m*sum((yhat_2[j] - y[j])*(1 - a1[j]^2), i)"),
        (LAYERS + "mse(a1[1], y[2])", "b1", ["yhat_2", "target"], None),
    ],
)
def test_a_formula_that_a_loss_compares_is_a_node(text: str, weight: str, nodes: list[str], gradient: str | None) -> None:
    graph = build_graph(read_spec(text + "\n"))
    derivation = derive(graph)
    assert [node.name for node in graph.nodes if node.name in ("yhat", "yhat_2", "target", "target_2")] == nodes
    assert gradient is None or write(derivation, derivation.gradient(weight).gradient) == gradient
    assert check_gradients(derivation).passed


def test_a_name_of_the_spec_is_not_taken() -> None:
    graph = build_graph(read_spec("inputs: {x: 2, yhat: 2}\ntargets: {y: 2}\nparameters: w\nequations:\n  L: mse(w*x, y) + mse(yhat, y)\n"))
    assert "yhat_2" in graph.by_name
    assert graph.node("yhat").is_leaf
