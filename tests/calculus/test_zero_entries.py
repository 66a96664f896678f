"""Entries that no way leads to: their gradient is 0, without a sum over samples in front of it."""

from __future__ import annotations

import pytest

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.calculus.words import plain_words
from backprop_derive.presentation.formulas import write
from backprop_derive.spec.loading import read_spec

NETWORK = "inputs: {x: 3}\nparameters: [W]\nsizes: {W: [2, 3]}\nequations:\n  L: sum(exp(x[k])*W[1,k], k)\n"


def derivation_of(text: str) -> Derivation:
    return derive(build_graph(read_spec(text)))


@pytest.mark.parametrize(
    ("ending", "entry", "gradient", "expansion"),
    [
        ("", (2, 1), "0", "0"),
        ("", (1, 3), "1/m*sum(exp(x[3]), i)", "1/m*sum(dL/dW[1,3], i)"),
        ("cost: sum\n", (2, 3), "0", "0"),
        ("cost: single\n", (2, 3), "0", "0"),
        ("regularization: {l2: lambda, of: [W]}\n", (2, 1), "lambda*W[2,1]", "dR/dW[2,1]"),
        ("regularization: {l2: lambda, of: [W]}\n", (1, 1), "1/m*sum(exp(x[1]), i) + lambda*W[1,1]", "1/m*sum(dL/dW[1,1], i) + dR/dW[1,1]"),
    ],
)
def test_an_entry_that_nothing_reads_has_gradient_0(ending: str, entry: tuple[int, ...], gradient: str, expansion: str) -> None:
    derivation = derivation_of(NETWORK + ending)
    found = derivation.element("W", entry)
    assert write(derivation, found.gradient) == gradient
    assert write(derivation, found.expansion) == expansion


def test_the_reason_names_no_way_where_there_is_none() -> None:
    found = derivation_of(NETWORK + "regularization: {l2: lambda, of: [W]}\n").element("W", (2, 1))
    assert [step.reason for step in found.steps if "through :" in plain_words(step.reason)] == []
    assert any(plain_words(step.reason) == "no way leads from W to L here" for step in found.steps)
