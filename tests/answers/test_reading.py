"""What people write, and how it is read."""

from __future__ import annotations

from functools import cache

import pytest

from backprop_derive import build_graph, derive, read_spec, write
from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.vocabulary import Vocabulary, vocabulary_of
from backprop_derive.errors import FormulaError

NEURONS = """
inputs: [x1, x2]
nodes:
  A1: {weights: {w11: x1, w12: x2}, activation: f_A1, output: o1}
  A2: {weights: {w21: x1, w22: x2}, activation: f_A2, output: o2}
  B: {weights: {v1: A1, v2: A2}, activation: f_B, output: y'}
targets: y
loss: half_squared_error
"""
LAYERS = """
inputs: {x: 3}
layers: [{dense: 4, activation: tanh}, {dense: 2, activation: softmax}]
loss: cross_entropy
"""
SPECS = {"neurons": NEURONS, "layers": LAYERS}


@cache
def vocabulary(spec: str) -> Vocabulary:
    return vocabulary_of(derive(build_graph(read_spec(SPECS[spec], spec))))


ROWS = [
    ("neurons", "1/m sum((y'-y) f_B'(z_B) o1)", "1/m*sum((y' - y)*f_B'(z_B)*o1, i)"),
    ("neurons", r"\frac{1}{m}\sum_{i=1}^m (y'^{(i)}-y^{(i)}) f_B'(z_B^{(i)}) o_1^{(i)}", "1/m*sum((y' - y)*f_B'(z_B)*o1, i)"),
    ("neurons", "(ŷ−y)·f′_B(z_B)·v₁·f′_{A1}(z_{A1})·x₁", "(y' - y)*f_B'(z_B)*v1*f_A1'(z_A1)*x1"),
    ("neurons", "2(y'-y)f_B'(z_B)o_1", "2*(y' - y)*f_B'(z_B)*o1"),
    ("neurons", r"(y^{\prime}-y) {f_B}'(z_B)\, v_1 f_{A_1}'(z_{A_1})x_1", "(y' - y)*f_B'(z_B)*v1*f_A1'(z_A1)*x1"),
    ("neurons", r"\frac{\partial L}{\partial y'}\frac{\partial y'}{\partial z_B}", "dL/dy'*dy'/dz_B"),
    ("neurons", "dL/dy' * dy'/do1 * do1/dw11", "dL/dy'*dy'/do1*do1/dw11"),
    ("neurons", r"\nabla_{v_1} C", "dC/dv1"),
    ("layers", "(a2 - y) a1^T", "(a2[j] - y[j])*a1[k]"),
    ("layers", "dZ2 @ A1.T / m", "sum(delta2[j]*a1[k], i)/m"),
    ("layers", r"(W_2^T (\hat y - y)) \odot (1 - \tanh^2(z_1)) x^\top", "sum(W2[l,j]*(a2[l] - y[l]), l)*(1 - tanh(z1[j])^2)*x[k]"),
    ("layers", r"\frac{1}{m}\sum_i (\hat y_j - y_j) a_{1,k}", "1/m*sum((a2[j] - y[j])*a1[k], i)"),
    ("layers", r"W^{(2)}_{12}\,\delta^{[2]}_1", "W2[1,2]*delta2[1]"),
]


@pytest.mark.parametrize(("spec", "text", "expected"), ROWS)
def test_a_formula_is_read_as_it_is_meant(spec: str, text: str, expected: str) -> None:
    known = vocabulary(spec)
    (side,) = read_statement(text, known).sides
    assert write(known.derivation, side.expression) == expected


@pytest.mark.parametrize(
    ("spec", "text", "message"),
    [
        ("neurons", "8,21", "a comma is no decimal point"),
        ("neurons", "(y'-y", "is not closed"),
        ("neurons", "x1/2m", "can be read in two ways"),
        ("neurons", "(y'-y) o3", "'o3' is not defined"),
        ("neurons", "x1^2^3", "a second ^"),
        ("neurons", r"\frac{\partial^2 L}{\partial w}", "second derivatives"),
        ("layers", r"W_2 (\hat y - y)", "the shapes do not fit"),
        ("neurons", "sum()", "nothing to sum"),
        ("layers", "W2^T2p", "'T2p' is not defined"),
    ],
)
def test_what_cannot_be_read_says_why(spec: str, text: str, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        read_statement(text, vocabulary(spec))
    assert message in caught.value.message
