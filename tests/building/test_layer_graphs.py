"""Layers that form a graph: names, what they read and give, shared and transposed weights; their gradients as text and as numbers."""

from __future__ import annotations

import pytest
from proving import Point, delta_text, derivation_of, faults, gradient_text, graph_of, writer_of

from backprop_derive.errors import SpecError
from backprop_derive.numerics.gradcheck import check_gradients

RESIDUAL = """
inputs: {x: n}
layers:
  - dense: h
    activation: tanh
  - residual:
      - dense: d
        activation: sigmoid
      - dense: h
  - activation: relu
  - dense: 2
loss: half_squared_error
"""
BRANCHES = """
inputs: {x: n, u: 2, s: []}
layers:
  - dense: h
    input: x
    activation: tanh
    name: left
  - dense: d
    input: [u, s]
    name: right
  - concat: [left, right, x]
  - activation: tanh
  - dense: 2
loss: half_squared_error
"""
INPUTS = """
inputs: {x: n, u: d}
layers:
  - dense: h
    activation: tanh
  - dense: 2
    input: [a1, x]
loss: half_squared_error
"""
AUTOENCODER = """
inputs: {x: n}
targets: {y: n}
layers:
  - dense: h
    weights: W
    activation: tanh
  - dense: n
    weights: W^T
    bias: c
loss: half_squared_error
"""
DECODER_FIRST = """
inputs: {x: n}
targets: {y: n}
layers:
  - dense: h
    weights: Wᵀ
    bias: none
  - dense: n
    weights: W
    bias: none
loss: half_squared_error
"""
SHARED = """
inputs: 3
layers:
  - dense: 3
    weights: W
    activation: tanh
  - dense: 3
    weights: W
    bias: b1
loss: mse
"""
NAMED_LAYERS = """
inputs: {x: n}
layers:
  - dense: h
    name: enc
    activation: tanh
  - residual:
      - dense: h
    name: skip
  - softmax
  - dense: 2
    name: out
loss: half_squared_error
"""
NAMED_UNITS = """
inputs: [x1, x2]
layers:
  - activation: tanh
  - dense: [h1, h2]
    weights: [[w1, w2], [w3, w4]]
    name: first
  - activation: tanh
  - activation: sigmoid
  - residual:
      - dense: [g1, g2]
        input: first
        bias: {shared: b}
        activation: tanh
      - softmax
  - softmax
targets: [y1, y2]
loss: cross_entropy
"""
MIXED_NAMES = """
inputs: 2
layers:
  - dense: 2
    weights: [[w1, w2], [w2, w3]]
    bias: [p, q]
    activation: tanh
  - residual:
      - dense: [h1, h2]
  - dense: 2
    weights: [[w1, v2], [v3, v4]]
    bias: {shared: p}
  - residual:
      - dense: [k1, k2]
      - dense: 2
loss: half_squared_error
"""
NESTED = """
inputs: {x: n}
layers:
  - residual:
      - dense: n
        activation: tanh
      - residual:
          - dense: n
          - activation: softplus
      - concat: [r2]
        name: c2
  - dense: 2
loss: half_squared_error
"""
HEADS = """
inputs: {x: n}
layers:
  - dense: h
    activation: tanh
  - dense: 1
    name: price
  - dense: 2
    input: a1
    name: kind
targets: {t: [], u: 2}
loss: half_squared_error(price, t) + softmax_cross_entropy(kind, u)
"""
SPECS = {
    "residual": RESIDUAL,
    "branches": BRANCHES,
    "inputs": INPUTS,
    "autoencoder": AUTOENCODER,
    "decoder_first": DECODER_FIRST,
    "shared": SHARED,
    "named_layers": NAMED_LAYERS,
    "named_units": NAMED_UNITS,
    "mixed_names": MIXED_NAMES,
    "nested": NESTED,
    "heads": HEADS,
}


def definitions(text: str) -> dict[str, str]:
    """Every node that has one formula, with it."""
    derivation = derivation_of(text)
    writer = writer_of(derivation)
    return {node.name: writer.write(node.pieces[0].definition) for node in derivation.graph.nodes if len(node.pieces) == 1}


def names(text: str) -> list[str]:
    return [node.name for node in graph_of(text).nodes]


@pytest.mark.parametrize("name", SPECS)
def test_every_form_equals_the_forward_pass(name: str) -> None:
    derivation = derivation_of(SPECS[name])
    assert [faults(Point(derivation, seed=seed), derivation.graph.parameters) for seed in (0, 1)] == [[], []]


@pytest.mark.parametrize("name", SPECS)
def test_the_proof_passes_and_sees_mistakes(name: str) -> None:
    report = check_gradients(derivation_of(SPECS[name]), seeds=(0,))
    assert report.passed
    assert report.power.planted > 0


# -- names --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RESIDUAL, "x W1 b1 z1 a1 W2 b2 z2 a2 W3 b3 z3 r3 a3 W4 b4 z4 y L"),
        (BRANCHES, "x u s W_left b_left z_left left c1 W_right b_right right c2 a2 W3 b3 z3 y L"),
        (INPUTS, "x u c0 W1 b1 z1 a1 c1 W2 b2 z2 y L"),
        (AUTOENCODER, "x y W b1 z1 a1 c z2 L"),
        (SHARED, "x W b1 z1 a1 z2 y L"),
        (NAMED_LAYERS, "x W_enc b_enc z_enc enc W2 b2 z2 skip a2 W_out b_out out y L"),
        (MIXED_NAMES, "x w1 w2 w3 p q z1 a1 W2 b2 h1 h2 r_h1 r_h2 v2 v3 v4 z3 W4 b4 k1 k2 W5 b5 z5 r5 y L"),
        (NESTED, "x W1 b1 z1 a1 W2 b2 z2 a2 r2 c2 r2_2 W3 b3 z3 y L"),
    ],
)
def test_names(text: str, expected: str) -> None:
    assert names(text) == expected.split()


def test_activations_in_a_row_count_on() -> None:
    text = "inputs: {x: n}\nlayers:\n  - dense: 3\n    activation: tanh\n  - activation: sigmoid\n  - softmax\nloss: cross_entropy\n"
    assert definitions(text)["a1_2"] == "sigmoid(a1[j])"
    assert definitions(text)["a1_3"] == "softmax(a1_2[k], k, j)"
    units = "inputs: [x]\nlayers:\n  - dense: [h]\n    activation: tanh\n  - activation: sigmoid\n  - activation: exp\nloss: mse\n"
    assert [name for name in names(units) if name.startswith("h")] == ["h", "h_2", "h_3"]


def test_an_activation_below_a_layer_is_its_own() -> None:
    below = "inputs: {x: n}\nlayers:\n  - dense: h\n  - activation: tanh\nloss: mse\n"
    option = "inputs: {x: n}\nlayers:\n  - dense: h\n    activation: tanh\nloss: mse\n"
    assert graph_of(below) == graph_of(option)


def test_the_identity_is_no_activation() -> None:
    text = "inputs: {x: n}\nlayers:\n  - dense: h\n    activation: identity\n  - softmax\nloss: cross_entropy\n"
    assert names(text) == ["x", "W1", "b1", "z1", "a1", "y", "L"]


def test_a_linear_layer_with_a_name_has_both_names() -> None:
    graph = graph_of("inputs: {x: n}\nlayers:\n  - dense: h\n    name: enc\nloss: 1/2*sum((z_enc - y)^2)\ntargets: {y: h}\n")
    assert graph.aliases == {"z_enc": "enc", "yhat": "enc"}


def test_yhat_is_the_output() -> None:
    text = "inputs: {x: n}\nlayers:\n  - dense: 1\ntargets: y\nloss: 1/2*(yhat - y)^2\n"
    assert gradient_text(text, "W1") == "1/m*sum((z1 - y)*x[k], i)"


# -- what is read -------------------------------------------------------------------------------------------------------


def test_a_residual_adds_what_it_reads() -> None:
    assert definitions(RESIDUAL)["r3"] == "a1[j] + z3[j]"
    assert definitions(NAMED_LAYERS)["skip"] == "enc[j] + z2[j]"
    assert definitions(MIXED_NAMES)["r_h1"] == "a1[1] + h1"


def test_joined_vectors_stand_one_behind_the_other() -> None:
    found = definitions(BRANCHES)
    assert found["c1"] == "where(j <= 2, u[j], s)"
    assert found["c2"] == "where(j <= h, left[j], where(j <= d + h, right[j - h], x[j - d - h]))"
    assert found["right"] == "sum(W_right[j,k]*c1[k], k) + b_right[j]"


def test_the_same_inputs_are_joined_once() -> None:
    text = "inputs: {x: n, u: d}\nlayers:\n  - dense: h\n    input: [x, u]\n  - dense: h\n    input: [x, u]\n    activation: tanh\n  - concat: [z1, a2]\nloss: mse\n"
    assert [name for name in names(text) if name.startswith("c")] == ["c0", "c2"]


def test_scalars_are_joined_without_a_node() -> None:
    text = "inputs: [x1, x2]\nlayers:\n  - dense: [h]\n    activation: tanh\n  - dense: [o]\n    input: [h, x2]\n    weights: [[v, w]]\n    bias: b\nloss: squared_error\n"
    assert definitions(text)["o"] == "v*h + w*x2 + b"


# -- gradients ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "weight", "expected"),
    [
        (AUTOENCODER, "W", "1/m*sum((1 - a1[j]^2)*x[k]*sum((z2[l] - y[l])*W[j,l], l) + (z2[k] - y[k])*a1[j], i)"),
        (DECODER_FIRST, "W", "1/m*sum(x[j]*sum((z2[l] - y[l])*W[l,k], l) + (z2[j] - y[j])*z1[k], i)"),
        (SHARED, "W", "2/(3*m)*sum((1 - a1[j]^2)*x[k]*sum((z2[l] - y[l])*W[l,j], l) + (z2[j] - y[j])*a1[k], i)"),
        (SHARED, "b1", "2/(3*m)*sum((1 - a1[j]^2)*sum((z2[k] - y[k])*W[k,j], k) + z2[j] - y[j], i)"),
        (INPUTS, "W2", "1/m*sum((z2[j] - y[j])*c1[k], i)"),
        (BRANCHES, "W_left", "1/m*sum((1 - a2[j]^2)*(1 - left[j]^2)*x[k]*sum((z3[l] - y[l])*W3[l,j], l), i)"),
        (BRANCHES, "W_right", "1/m*sum((1 - a2[j + h]^2)*c1[k]*sum((z3[l] - y[l])*W3[l,j + h], l), i)"),
        (RESIDUAL, "W3", "1/m*sum(step(r3[j])*a2[k]*sum((z4[l] - y[l])*W4[l,j], l), i)"),
    ],
)
def test_gradients(text: str, weight: str, expected: str) -> None:
    assert gradient_text(text, weight) == expected


def test_the_derivative_behind_a_fork_is_a_sum() -> None:
    text = "inputs: {x: n}\nlayers:\n  - dense: h\n    activation: tanh\n  - residual:\n      - dense: h\nloss: half_squared_error\n"
    assert delta_text(text, "z1") == "(sum(delta2[k]*W2[k,j], k) + bar_r2[j])*(1 - a1[j]^2)"


# -- errors -------------------------------------------------------------------------------------------------------------

HEAD, TAIL = "inputs: {x: n, u: 2}\nlayers:\n  - dense: h\n", "loss: half_squared_error\n"


@pytest.mark.parametrize(
    ("layers", "message", "line", "path"),
    [
        ("  - residual:\n    - dense: 3\n", "residual adds what it reads to what its layers give: h entries (z1) are expected, 3 (z2) are given", 4, "layers[1].residual"),
        ("  - residual: 3\n", "residual takes a list of layers: `- residual:` and below it, indented, a dash for each layer", 4, "layers[1].residual"),
        ("  - residual: []\n", "residual takes a list of layers: `- residual:` and below it, indented, a dash for each layer", 4, "layers[1].residual"),
        ("  - residual:\n    - dnse: h\n", "'dnse' is no kind of layer", 5, "layers[1].residual[0].dnse"),
        ("  - dense: 3\n    input: x\n", "nothing reads the layer 'z1': name it in the `input:` of another layer, or leave it out", 3, "layers[0].dense"),
        ("    name: enc\n  - dense: 3\n    input: x\n", "nothing reads the layer 'enc': name it in the `input:` of another layer, or leave it out", 3, "layers[0].dense"),
        ("    name: enc\n  - dense: 3\n    input: encc\n", "'encc' is neither an input nor a layer above: x, u, enc", 6, "layers[1].input"),
        ("  - dense: 3\n    input: W1\n", "'W1' is neither an input nor a layer above: x, u, z1", 5, "layers[1].input"),
        ("  - dense: 3\n    input: []\n", "the list of what is read is empty", 5, "layers[1].input"),
        ("  - dense: 3\n    input: [[x]]\n", "the name of a layer or of an input is expected here", 5, "layers[1].input[0]"),
        ("    weights: W\n  - dense: 3\n    weights: W\n", "this layer needs 3 × h (to × from), but W is h × (n + 2): 'W' is given at layers[0].weights (line 4)", 6, "layers[1].weights"),
        ("    weights: W\n  - dense: 3\n    weights: W^T\n", "this layer needs 3 × h (to × from), but W^T is (n + 2) × h: 'W' is given at layers[0].weights (line 4)", 6, "layers[1].weights"),
        ("  - dense: 3\n    weights: V^T\n", "V^T is the transpose of the weights of another layer, but no layer has the weights 'V'", 5, "layers[1].weights"),
        ("  - dense: 3\n    weights: x^T\n", "'x' is no array of weights", 5, "layers[1].weights"),
        ("  - dense: 3\n    weights: 2^T\n", "'2^T' is no name of weights, transposed", 5, "layers[1].weights"),
        ("  - concat: x\n", "concat takes a list of layers and inputs by name: `- concat: [a, b]`", 4, "layers[1].concat"),
        ("  - concat: [z1, xx]\n", "'xx' is neither an input nor a layer above: x, u, z1", 4, "layers[1].concat[1]"),
        ("  - concat: [z1, x]\n    input: x\n", "concat names what it reads itself: `- concat: [a, b]`", 5, "layers[1].input"),
        ("    name: e\n  - dense: h\n    name: e\n", "'e' is a name of the spec already", 6, "layers[1].name"),
        ("    name: x\n", "'x' is a name of the spec already", 4, "layers[0].name"),
        ("    name: 2\n", "'2' is no name: a letter, then letters, digits, _ and primes", 4, "layers[0].name"),
        ("    name: [a]\n", "name: takes a name", 4, "layers[0].name"),
        ("    weights:\n", "weights has no value: write one, or leave the option out", 4, "layers[0].weights"),
        ("    bias: False\n", "'False' is no name, and the word for no bias is written false", 4, "layers[0].bias"),
        ("    bias: 2\n", "takes names; numbers go under `values:`", 4, "layers[0].bias"),
        ("    weights: 0.5\n", "takes names; numbers go under `values:`", 4, "layers[0].weights"),
        ("    preactivations: [a, b]\n", "names are for a layer whose units have names", 4, "layers[0].preactivations"),
        ("  - relu\n", "'relu' is no kind of layer; an activation is written `activation: relu`", 4, "layers[1]"),
        ("  - softmax: 2\n", "softmax takes nothing behind it: `- softmax`", 4, "layers[1].softmax"),
        ("  - activation\n", "activation: takes the name of a function", 4, "layers[1]"),
        ("  - gru: 3\n", "gru reads a sequence of vectors, x[t,k], such as `inputs: {x: [T, n]}`, and not z1 (h)", 4, "layers[1].gru"),
    ],
)
def test_errors(layers: str, message: str, line: int, path: str) -> None:
    with pytest.raises(SpecError) as caught:
        graph_of(HEAD + layers + TAIL)
    assert [(problem.message, problem.line, problem.path) for problem in caught.value.problems] == [(message, line, path)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inputs: {x: [3, n, d]}\nlayers:\n  - dense: h\nloss: mse\n", "dense reads a vector, or a vector for each step of a sequence, and not x (3 × n × d): put `- flatten` in front"),
        ("layers:\n  - dense: h\nloss: mse\n", "`layers` needs `inputs:`, such as `inputs: 2` or `inputs: [x1, x2]`"),
    ],
)
def test_errors_of_inputs(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        graph_of(text)
    assert caught.value.problems[0].message == message


def test_what_the_loss_or_outputs_name_is_read() -> None:
    assert graph_of(HEADS).outputs == ("kind",)
    with pytest.raises(SpecError, match="nothing reads the layer 'price'"):
        graph_of(HEADS.replace("half_squared_error(price, t) + ", ""))
