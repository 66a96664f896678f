"""Each kind of layer: its forward pass against the same in plain NumPy, all its gradients against the forward pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from proving import Point, derivation_of, error, faults

from backprop_derive.numerics.gradcheck import check_gradients

Values = Mapping[str, Any]


def over_samples(layer: Callable[..., Any]) -> Callable[[Values], Any]:
    """The layer of each sample's x."""
    return lambda values: np.array([layer(values, x) for x in values["x"]])


def layer_norm(values: Values, x: Any, layer: str = "1") -> Any:
    centred = x - x.mean(axis=-1, keepdims=True)
    return values["gamma" + layer] * centred / np.sqrt(x.var(axis=-1, keepdims=True) + values["eps"]) + values["beta" + layer]


KINDS: dict[str, tuple[str, str, Callable[[Values], Any]]] = {
    "layer_norm": ("inputs: {x: n}\nlayers:\n  - layer_norm\n", "n1", over_samples(layer_norm)),
    "layer_norm of a sequence": ("inputs: {x: [T, n]}\nlayers:\n  - layer_norm\n", "n1", over_samples(layer_norm)),
    "dense on a sequence": (
        "inputs: {x: [T, 3]}\nlayers:\n  - dense: h\n    activation: tanh\n", "a1",
        over_samples(lambda values, x: np.tanh(x @ values["W1"].T + values["b1"])),
    ),
    "softmax at each step": (
        "inputs: {x: [T, 3]}\nlayers:\n  - softmax\n  - dense: h\n", "a0",
        over_samples(lambda _, x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)),
    ),
    "joined sequences": (
        "inputs: {x: [T, 3], u: [T, 2]}\nlayers:\n  - dense: h\n", "z1",
        lambda values: np.concatenate([values["x"], values["u"]], axis=-1) @ values["W1"].T + values["b1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_of_layer(name: str) -> None:
    spec, output, by_hand = KINDS[name]
    derivation = derivation_of(spec + "loss: half_squared_error\n")
    point = Point(derivation)
    assert error(point.forward[output], by_hand(point.forward)) < 1e-13
    assert faults(point) == []
    assert check_gradients(derivation, seeds=(0,)).passed


SEQUENCE = "inputs: {x: [T, n]}\nlayers:\n  - dense: 2\n"


@pytest.mark.parametrize(
    ("loss", "by_hand"),
    [
        ("half_squared_error", lambda z, y: ((z - y) ** 2).sum() / 2),
        ("mse", lambda z, y: ((z - y) ** 2).mean()),
        ("softmax_cross_entropy", lambda z, y: sum(np.log(np.exp(s).sum()) - t @ s for s, t in zip(z, y, strict=True))),
        ("0.5*squared_error(z1, y)", lambda z, y: ((z - y) ** 2).sum() / 2),
    ],
)
def test_the_loss_of_a_sequence_is_summed_over_its_steps(loss: str, by_hand: Callable[..., float]) -> None:
    point = Point(derivation_of(f"{SEQUENCE}loss: {loss}\ntargets: {{y: [T, 2]}}\n"))
    found = [by_hand(z, y) for z, y in zip(point.forward["z1"], point.forward["y"], strict=True)]
    assert error(point.forward["L"], found) < 1e-13
    assert faults(point) == []


def test_one_constant_serves_all_layers_that_leave_it_as_it_is() -> None:
    graph = derivation_of("inputs: {x: n}\nlayers:\n  - layer_norm\n  - layer_norm:\n    eps: 1e-3\n  - layer_norm:\n    eps: small\n  - layer_norm\nloss: mse\nvalues: {small: 0.5}\n").graph
    assert [node.name for node in graph.nodes if node.role == "constant"] == ["eps", "eps2", "small"]
    assert {given.name: float(given.value) for given in graph.numbers.values} == {"small": 0.5, "eps": 1e-5, "eps2": 1e-3}  # type: ignore[arg-type]
