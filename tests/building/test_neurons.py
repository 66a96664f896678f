"""`nodes:`: what a weight may multiply, what is shared, which outputs there are."""

from __future__ import annotations

import pytest
from proving import Point, derivation_of, faults, gradient_text, graph_of, writer_of

from backprop_derive.errors import SpecError

SHARED = """
inputs: {x: 3, u: []}
constants: {c: 2}
nodes:
  A: {weights: {w: [u, B, out], v: u}, bias: b, activation: tanh}
  B:
    weights:
      w: u
      p: x[2]
      q: ["x[3]", "c[1]"]
    bias: b
    activation: f
    output: out
  D: {weights: {r: A, s: a_A}, bias: b}
  E: {weights: {r: out}, activation: sigmoid, output: e1, preactivation: t}
targets: [y1, y2]
loss: half_squared_error
"""


def test_definitions() -> None:
    derivation = derivation_of(SHARED)
    writer = writer_of(derivation)
    found = {node.name: writer.write(node.pieces[0].definition) for node in derivation.graph.nodes if not node.is_leaf}
    assert found == {
        "z_A": "w*u + w*out + w*out + v*u + b",
        "a_A": "tanh(z_A)",
        "z_B": "w*u + p*x[2] + q*x[3] + q*c[1] + b",
        "out": "f(z_B)",
        "z_D": "r*a_A + s*a_A + b",
        "t": "r*out",
        "e1": "sigmoid(t)",
        "L": "1/2*((y1 - z_D)^2 + (y2 - e1)^2)",
    }


def test_outputs_are_what_nothing_reads_in_order() -> None:
    assert graph_of(SHARED).outputs == ("z_D", "e1")
    upside_down = "inputs: x\nnodes:\n  P: {weights: {v: H}}\n  H: {weights: {w: x}, activation: tanh}\n  K: {weights: {u: H}, output: k}\ntargets: [y1, y2]\nloss: mse\n"
    assert graph_of(upside_down).outputs == ("z_P", "k")


@pytest.mark.parametrize("seed", [0, 1])
def test_every_form_equals_the_forward_pass(seed: int) -> None:
    assert faults(Point(derivation_of(SHARED), seed=seed)) == []


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        ("s", "1/m*sum((z_D - y1)*a_A, i)"),
        ("r", "1/m*sum((z_D - y1)*a_A + (e1 - y2)*e1*(1 - e1)*out, i)"),
        ("v", "1/m*sum((z_D - y1)*(r + s)*(1 - a_A^2)*u, i)"),
    ],
)
def test_gradients_of_shared_weights(weight: str, expected: str) -> None:
    assert gradient_text(SHARED, weight) == expected


def test_a_bias_is_shared_by_its_name() -> None:
    text = "inputs: x\nnodes:\n  H: {weights: {w: x}, bias: b, activation: tanh, output: h}\n  O: {weights: {v: h}, bias: b, output: o}\ntargets: y\nloss: half_squared_error\n"
    assert gradient_text(text, "b") == "1/m*sum((o - y)*v*(1 - h^2) + o - y, i)"


@pytest.mark.parametrize(
    ("source", "message", "path"),
    [
        ("x", "the source of a weight is a scalar: an entry of an array has a number for each axis, such as x[1]", "nodes.A.weights.v"),
        ("x[j]", "the source of a weight is a scalar: an entry of an array has a number for each axis, such as x[1]", "nodes.A.weights.v"),
        ("x[1,2]", "the source of a weight is a scalar: an entry of an array has a number for each axis, such as x[1]", "nodes.A.weights.v"),
        ("u[1]", "the source of a weight is a scalar: an entry of an array has a number for each axis, such as u", "nodes.A.weights.v"),
        ("x[4]", "'x[4]': the indices of 'x' run from 1 to 3", "nodes.A.weights.v"),
        ("x[0]", "'x[0]': the indices of 'x' run from 1 to 3", "nodes.A.weights.v"),
        ("y", "'y' is neither an input nor a node nor the output of one", "nodes.A.weights.v"),
        ("w", "'w' is neither an input nor a node nor the output of one", "nodes.A.weights.v"),
        ("z_A", "'z_A' is neither an input nor a node nor the output of one", "nodes.A.weights.v"),
        ("A[1]", "'A[1]' is neither an input nor a node nor the output of one", "nodes.A.weights.v"),
        ("A", "a cycle: a_A → a_A", "nodes.A"),
    ],
)
def test_errors_of_sources(source: str, message: str, path: str) -> None:
    text = f"inputs: {{x: 3, u: []}}\nnodes:\n  A:\n    weights:\n      w: u\n      v: {source}\n    activation: tanh\ntargets: y\nloss: mse\n"
    with pytest.raises(SpecError) as caught:
        graph_of(text)
    (problem,) = caught.value.problems
    assert (problem.message, problem.path) == (message, path)


def test_nodes_that_read_each_other_have_no_output() -> None:
    nodes = "  A: {weights: {w: D}, output: a}\n  B: {weights: {v: A}}\n  D: {weights: {u: [x, B]}, activation: tanh}\n"
    with pytest.raises(SpecError) as caught:
        graph_of(f"inputs: x\nnodes:\n{nodes}targets: y\nloss: mse\n")
    assert [problem.message for problem in caught.value.problems] == ["a cycle: a → a_D → z_B → a"]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ("{weights: {w: x}, activation: softmax}", "softmax mixes all the units of a layer, so it cannot be the activation of one node; use layers, or write equations"),
        ("{weights: {w: x}, activation: snake}", "'snake' is no activation that is known here; a function of your own is declared by `functions: {snake: abstract}`"),
        ("{weights: {w: x}, output: x}", "two things have the name 'x': an input (inputs, line 1, column 9) and the output of a node"),
        ("{weights: {w: x}, bias: x}", "two things have the name 'x': an input (inputs, line 1, column 9) and a parameter"),
        ("{weights: {x: x}}", "two things have the name 'x': an input (inputs, line 1, column 9) and a parameter"),
        ("{bias: b}", "the node 'A' has no weights"),
    ],
)
def test_errors_of_nodes(node: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        graph_of(f"inputs: x\nnodes:\n  A: {node}\ntargets: y\nloss: mse\n")
    assert [problem.message for problem in caught.value.problems] == [message]
