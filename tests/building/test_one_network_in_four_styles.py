"""One network as layers, as nodes, as equations with indices and as equations over whole arrays: the same gradients at the same values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from proving import Point, derivation_of

HEAD = "inputs: {x: 2}\ntargets: {y: 2}\n"
LAYERS = HEAD + "layers:\n  - dense: 3\n    activation: tanh\n  - dense: 2\n    activation: ACT\nloss: LOSS\n"
NAMED_LAYERS = """
inputs: [x1, x2]
layers:
  - dense: [h1, h2, h3]
    weights: [[W1_11, W1_12], [W1_21, W1_22], [W1_31, W1_32]]
    bias: [b1_1, b1_2, b1_3]
    activation: tanh
  - dense: [o1, o2]
    weights: [[W2_11, W2_12, W2_13], [W2_21, W2_22, W2_23]]
    bias: [b2_1, b2_2]
    activation: ACT
targets: [y1, y2]
loss: LOSS
"""
NODES = """
inputs: [x1, x2]
nodes:
  H1: {weights: {W1_11: x1, W1_12: x2}, bias: b1_1, activation: tanh}
  H2: {weights: {W1_21: x1, W1_22: x2}, bias: b1_2, activation: tanh}
  H3: {weights: {W1_31: x1, W1_32: x2}, bias: b1_3, activation: tanh}
  O1: {weights: {W2_11: H1, W2_12: H2, W2_13: H3}, bias: b2_1, activation: ACT}
  O2: {weights: {W2_21: H1, W2_22: H2, W2_23: H3}, bias: b2_2, activation: ACT}
targets: [y1, y2]
loss: LOSS
"""
EQUATIONS = HEAD + "parameters: [W1, b1, W2, b2]\nsizes: {W1: [3, 2], b1: [3], W2: [2, 3], b2: [2]}\nloss: L\nequations:\n"
INDEXED = EQUATIONS + "  z[j]: sum(W1[j,k]*x[k], k) + b1[j]\n  a[j]: tanh(z[j])\n  s[c]: sum(W2[c,j]*a[j], j) + b2[c]\n  o[c]: ENTRY\n  L: LOSS(o, y)\n"
WHOLE = EQUATIONS + "  z: W1@x + b1\n  a: tanh(z)\n  s: W2@a + b2\n  o: ACT(s)\n  L: LOSS(o, y)\n"
SIGMOID = {"ACT": "sigmoid", "LOSS": "binary_cross_entropy", "ENTRY": "sigmoid(s[c])"}
SOFTMAX = {"ACT": "softmax", "LOSS": "cross_entropy", "ENTRY": "softmax(s[c], c)"}
SAMPLES = 4


def filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def arrays() -> dict[str, Any]:
    """Values of all leaves, with the samples in front of data; the targets are probabilities."""
    draw = np.random.default_rng(3)
    shapes = {"x": (SAMPLES, 2), "W1": (3, 2), "b1": (3,), "W2": (2, 3), "b2": (2,)}
    first = draw.uniform(0.2, 0.8, SAMPLES)
    return {name: draw.normal(size=shape) for name, shape in shapes.items()} | {"y": np.stack([first, 1 - first], axis=1)}


def one_by_one(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values by the names of single entries: `x1`, `W1_21`."""
    found: dict[str, Any] = {}
    for name, array in values.items():
        if name in ("x", "y"):
            found |= {f"{name}{at + 1}": array[:, at] for at in range(array.shape[1])}
        else:
            found |= {f"{name}_{''.join(str(at + 1) for at in place)}": array[place] for place in np.ndindex(array.shape)}
    return found


def gradients(text: str, values: Mapping[str, Any], form: str) -> dict[str, Any]:
    """One form of every gradient, as numbers."""
    derivation = derivation_of(text)
    point = Point(derivation, sizes={"m": SAMPLES}, values=values)
    return {name: point.at(getattr(derivation.gradient(name), form), derivation.graph.node(name)) for name in derivation.graph.parameters}


@pytest.mark.parametrize("form", ["gradient", "backward", "expansion"])
@pytest.mark.parametrize(
    ("text", "words", "named"),
    [
        (NAMED_LAYERS, SIGMOID, True),
        (NODES, SIGMOID, True),
        (INDEXED, SIGMOID, False),
        (WHOLE, SIGMOID, False),
        (NAMED_LAYERS, SOFTMAX, True),
        (INDEXED, SOFTMAX, False),
        (WHOLE, SOFTMAX, False),
    ],
    ids=["named-sigmoid", "nodes-sigmoid", "indexed-sigmoid", "whole-sigmoid", "named-softmax", "indexed-softmax", "whole-softmax"],
)
def test_the_gradients_are_those_of_the_layers(text: str, words: Mapping[str, str], named: bool, form: str) -> None:
    values = arrays()
    expected = gradients(filled(LAYERS, words), values, form)
    found = gradients(filled(text, words), one_by_one(values) if named else values, form)
    expected = one_by_one(expected) if named else expected
    assert set(found) == set(expected)
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-11, atol=1e-13)
