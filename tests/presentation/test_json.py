"""The record of `derive` as JSON: the keys of its contract, and every text can be read back by the project's reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from backprop_derive.building.formulas import read_formula
from backprop_derive.building.network import build_graph
from backprop_derive.building.scope import Quantity, Scope, scope_of
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import load_spec, read_spec

SPECS = sorted((Path(__file__).resolve().parents[2] / "specs").glob("*.yaml"))

SOFTMAX = "inputs: 4\nlayers:\n  - dense: 5\n    activation: tanh\n  - dense: 3\n    activation: softmax\nloss: cross_entropy\n"


def derivation_of(text: str) -> Derivation:
    return derive(build_graph(read_spec(text)))


def record_of(derivation: Derivation, **options: Any) -> Any:
    return json.loads(render(present(derivation, **options), "json"))


# -- the contract ---------------------------------------------------------------------------------------------------------


def test_the_keys_are_those_of_the_contract() -> None:
    record = record_of(derivation_of(SOFTMAX))
    assert list(record) == ["format", "cost", "samples", "forward", "backward", "deltas", "gradients", "assumptions"]
    assert record["format"] == "backprop-derive/1"
    assert record["samples"] == "m"
    assert record["cost"] == {"text": "1/m*sum(L, i)", "latex": r"\frac{1}{m}\,\sum_{i=1}^{m} L"}
    assert record["backward"] == ["delta2", "delta1"]
    assert record["assumptions"] == ["sum(y) = 1"]


def test_forward_gives_each_node_with_its_indices() -> None:
    forward = record_of(derivation_of(SOFTMAX))["forward"]
    assert [(each["name"], each["indices"]) for each in forward] == [
        ("z1", [["j", "5"]]), ("a1", [["j", "5"]]), ("z2", [["j", "3"]]), ("a2", [["j", "3"]]), ("L", []),
    ]  # fmt: skip
    assert forward[0]["text"] == "sum(W1[j,k]*x[k], k) + b1[j]"


def test_a_delta_says_of_which_node_it_is() -> None:
    deltas = record_of(derivation_of(SOFTMAX))["deltas"]
    assert deltas["delta2"] == {"of": "z2", "text": "a2[j] - y[j]", "latex": "a_{j}^{(2)} - y_{j}"}


def test_a_gradient_of_an_array_has_its_indices() -> None:
    gradient = record_of(derivation_of(SOFTMAX))["gradients"]["W2"]
    assert list(gradient) == ["expansion", "gradient", "form", "indices", "steps", "assumptions"]
    assert gradient["indices"] == [["j", "3"], ["k", "5"]]
    assert gradient["form"] == "textbook"
    assert gradient["gradient"]["text"] == "1/m*sum((a2[j] - y[j])*a1[k], i)"
    assert gradient["assumptions"] == ["sum(y) = 1"]


def test_one_entry_has_its_own_key_and_no_indices() -> None:
    gradients = record_of(derivation_of(SOFTMAX), weights=[("W2", (2, 1))])["gradients"]
    assert list(gradients) == ["W2[2,1]"]
    assert "indices" not in gradients["W2[2,1]"]
    assert gradients["W2[2,1]"]["gradient"]["text"] == "1/m*sum((a2[2] - y[2])*a1[1], i)"


def test_the_steps_lead_from_the_derivative_to_the_gradient() -> None:
    gradient = record_of(derivation_of(SOFTMAX))["gradients"]["W1"]
    steps = gradient["steps"]
    assert steps[0]["before"]["text"] == "dC/dW1[j,k]"
    assert steps[-1]["after"] == gradient["gradient"]
    assert all(list(step) == ["rule", "reason", "before", "after"] for step in steps)
    assert all(one["after"] == next_one["before"] for one, next_one in pairwise(steps))


@pytest.mark.parametrize(
    ("forms", "form", "text"),
    [
        (["backward"], "backward", "1/m*sum(delta2[j]*a1[k], i)"),
        (["chain"], "chain", "1/m*sum(dL/dz2[j]*dz2[j]/dW2[j,k], i)"),
        (["backward", "textbook"], "textbook", "1/m*sum((a2[j] - y[j])*a1[k], i)"),
    ],
)
def test_the_form_is_the_one_that_was_asked_for(forms: list[Any], form: str, text: str) -> None:
    gradient = record_of(derivation_of(SOFTMAX), weights=[("W2", None)], forms=forms)["gradients"]["W2"]
    assert (gradient["form"], gradient["gradient"]["text"]) == (form, text)


def test_the_closed_form_has_only_inputs_targets_and_parameters() -> None:
    derivation = derive(build_graph(load_spec(next(path for path in SPECS if path.stem == "two_hidden_nodes"))))
    gradient = record_of(derivation, weights=[("v1", None)], forms=["closed"])["gradients"]["v1"]
    assert gradient["form"] == "closed"
    assert gradient["gradient"]["text"].startswith("1/m*sum((f_B(v1*f_A1(w11*x1 + w12*x2) + v2*f_A2(w21*x1 + w22*x2)) - y)*f_B'(")


def test_the_closed_form_of_an_entry_is_an_entry_of_the_record() -> None:
    gradient = record_of(derivation_of(SOFTMAX), weights=[("W2", (2, 1))], forms=["closed"])["gradients"]["W2[2,1]"]
    assert gradient["form"] == "closed"
    assert "delta" not in gradient["gradient"]["text"]
    assert "indices" not in gradient


def test_a_single_sample_has_no_number_of_samples() -> None:
    record = record_of(derivation_of(SOFTMAX + "cost: single\n"))
    assert record["samples"] is None
    assert record["cost"]["text"] == "L"


# -- every text can be read back ------------------------------------------------------------------------------------------


def scope_with_adjoints(derivation: Derivation) -> Scope:
    """The scope of the graph, and the names of the adjoints."""
    scope = scope_of(derivation.graph)
    adjoints = {}
    for of, name in derivation.names.items():
        node = derivation.graph.node(of)
        adjoints[name] = Quantity(node.axes[1:] if node.sampled else node.axes, node.sampled)
    return replace(scope, quantities={**scope.quantities, **adjoints})


def texts_of(derivation: Derivation) -> Iterator[tuple[str, str]]:
    """Every printed text, with the name of the node whose letters it may use."""
    record = record_of(derivation)
    for name in record["backward"]:
        yield record["deltas"][name]["of"], record["deltas"][name]["text"]
    for name, gradient in record["gradients"].items():
        yield name, gradient["expansion"]["text"]
        yield name, gradient["gradient"]["text"]
    for name, gradient in record_of(derivation, forms=["backward"])["gradients"].items():
        yield name, gradient["gradient"]["text"]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_text_is_read_back(path: Path) -> None:
    derivation = derive(build_graph(load_spec(path)))
    scope = scope_with_adjoints(derivation)
    unreadable = []
    for name, text in texts_of(derivation):
        node = derivation.graph.node(name)
        inner = scope
        for letter, axis in list(zip(node.letters, node.axes, strict=True))[int(node.sampled) :]:
            inner = inner.inside(letter, axis)
        try:
            read_formula(text, inner)
        except Exception as error:
            unreadable.append(f"{text}: {error}")
    assert unreadable == []
