"""Pages in matrices: what stands on them, in every format, and what is said of a line that has no matrix form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shipped import SPECS
from test_terminal import printed, squeezed

from backprop_derive import in_notation
from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.graph.nodes import Graph
from backprop_derive.presentation.document import Document
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import load_spec, read_spec

DENSE = """
inputs: {x: n}
layers:
  - dense: h
    activation: tanh
  - dense: q
    activation: softmax
loss: cross_entropy
"""
SIGNS = """
inputs: {x: [n, d]}
parameters: [A, g]
sizes: {A: [n, n], g: [d]}
equations:
  B: A@x@diag(g) + ones(n)@g^T
  L: sum(B^2) + sum(A*A*A) + sum(tanh(g))
"""
CONVOLUTION = """
inputs: {x: n}
parameters: [w, V]
sizes: {w: [3], y: [n - 2], V: [q, n - 2]}
equations:
  y[t]: sum(w[k]*x[t+k-1], k)
  z: V@y
  L: sum(z^2)
"""


def graph_of(spec: str) -> Graph:
    return build_graph(read_spec(spec, "test.yaml"))


def page(spec: str, width: int = 100, **options: Any) -> str:
    return printed(present(derive(graph_of(spec)), matrices=True, **options), width)


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def test_a_page_in_matrices_has_no_index() -> None:
    text = page(DENSE, forms=("backward",))
    assert "[" not in text.replace("softmax(", "")
    found = lines_of(text)
    for line in (
        "Loss       L = −yᵀ log(a2), cross entropy",
        "z1 = W1 x + b1     pre-activation of layer 1, a vector of h",
        "a2 = softmax(z2)   activation of layer 2, a vector of q",
        "δ2 = ∂L/∂z2   a vector of q",
        "= a2 − y",
        "= W2ᵀ δ2 ⊙ (1 − a1²)",
        "∂C/∂W1 = 1/m Σ_i δ1 xᵀ    a matrix of h × n",
        "∂C/∂b2 = 1/m Σ_i δ2       a vector of q",
    ):
        assert line in found, text


def test_the_chain_rule_stays_entry_by_entry() -> None:
    found = lines_of(page(DENSE, weights=[("W1", None)]))
    for line in ("Chain rule, entry by entry", "∂z1[j]/∂W1[j,k] = x[k]   z1 is linear in W1: the derivative is what W1 is multiplied by", "∂C/∂W1 = 1/m Σ_i (∂L/∂z1) xᵀ"):
        assert line in found
    assert any(line.startswith("= 1/m Σ_i (W2ᵀ (a2 − y) ⊙ (1 − a1²)) xᵀ") for line in found)


def test_every_step_ends_in_all_entries_together() -> None:
    found = lines_of(page(DENSE, weights=[("W2", None)], detail="full"))
    at = found.index("All entries together")
    assert found[at + 1] == "∂C/∂W2 = 1/m Σ_i (a2 − y) a1ᵀ   a matrix of q × h"
    assert "δ2 = a2 − y   a vector of q" in found


def test_the_closed_form_is_one_of_matrices() -> None:
    found = lines_of(page(DENSE, weights=[("W2", None)], forms=("closed",)))
    assert "∂C/∂W2 = 1/m Σ_i (softmax(W2 tanh(W1 x + b1) + b2) − y) tanh(W1 x + b1)ᵀ" in found


def test_where_vectors_are_rows_products_are_turned() -> None:
    found = lines_of(printed(present(derive(in_notation(graph_of(DENSE), "cs231n")), matrices=True, forms=("backward",)), 100))
    for line in ("= dscores W2ᵀ ⊙ (1 − h1²)", "∂L/∂W1 = 1/N Σ_i xᵀ ds1        a matrix of n × h", "s1     = x W1 + b1         pre-activation of layer 1, a vector of h"):
        assert line in found


def test_a_line_without_a_matrix_form_says_why() -> None:
    text = squeezed(page(CONVOLUTION, forms=("backward",)))
    for line in (
        "y[t]=Σ_kw[k]·x[k+t−1]t=1..n-2;nomatrixform:xisreadatshiftedplaces,k+t-1",
        "z=Vyavectorofq",
        "=Vᵀbar_z",
        "∂C/∂w[j]=1/mΣ_iΣ_tbar_y[t]·x[j+t−1]avectorof3;nomatrixform:xisreadatshiftedplaces,j+t-1",
    ):
        assert line in text


def test_a_network_of_numbers_has_no_matrices() -> None:
    spec = "inputs: [x]\nnodes:\n  A: {weights: {w: x}, activation: f}\ntargets: y\nloss: half_squared_error\n"
    derivation = derive(graph_of(spec))
    before, after = printed(present(derivation), 80), printed(present(derivation, matrices=True), 80)
    fact = "Matrices    there are none: every quantity here is a number"
    assert fact in after
    assert squeezed(before) == squeezed(after.replace(fact, ""))


COUPLED = "inputs: 3\nlayers:\n  - dense: 4\n  - batch_norm\n  - dense: 1\ntargets: y\nloss: mse\n"
POOLED = "inputs: {x: [2, 9]}\nlayers:\n  - conv1d: 3\n    kernel: 3\n  - avg_pool: 2\n  - flatten\n  - dense: 2\ntargets: y\nloss: mse\n"
ATTENTION = "inputs: {x: [T, d]}\nlayers:\n  - attention: d\nloss: half_squared_error\n"


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        (COUPLED, "∂C/∂W3 = 1/m Σ_i δ3[i] n2[i]ᵀ"),
        (POOLED, "z2 = W2 f1 + b2"),
        (ATTENTION, "∂C/∂W1_Q = 1/m Σ_i bar_Q1ᵀ x"),
        (ATTENTION, "= A1 ⊙ (bar_O1 V1ᵀ − (bar_O1 ⊙ A1 V1) 𝟏 𝟏ᵀ)"),
    ],
)
def test_layers_have_matrices(spec: str, line: str) -> None:
    document = present(derive(graph_of(spec)), matrices=True)
    assert render(document, "mathml")
    assert squeezed(line) in squeezed(printed(document, 120)), printed(document, 120)


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("path", [path for path in SPECS if path.stem in ("three_layers", "weight_decay", "recurrent")], ids=lambda path: path.stem)
def test_no_line_is_too_long_and_none_is_cut(path: Path, width: int) -> None:
    document = present(derive(build_graph(load_spec(path))), matrices=True)
    text = printed(document, width)
    assert max(map(len, text.splitlines())) <= width
    wide = printed(document, 400)
    assert sorted(squeezed(text.replace("─", "").replace("═", ""))) == sorted(squeezed(wide.replace("─", "").replace("═", "")))


@pytest.mark.parametrize(("name", "sign"), [("latex", r"\odot"), ("markdown", r"\odot"), ("typst", "⊙"), ("html", "⊙"), ("mathml", "⊙"), ("json", r"\\odot"), ("terminal", "⊙")])
def test_every_format_has_matrices(name: str, sign: str) -> None:
    assert sign in str(render(present(derive(graph_of(DENSE)), matrices=True), name))
    assert str(render(present(derive(graph_of(SIGNS)), matrices=True), name))


def test_latex_is_that_of_a_book() -> None:
    written = str(render(present(derive(graph_of(DENSE)), matrices=True, forms=("backward",)), "latex"))
    for formula in (r"(W^{(2)})^{\top}\,\delta^{(2)} \odot (1 - (a^{(1)})^{2})", r"\frac{1}{m}\,\sum_{i=1}^{m} \delta^{(1)}\,x^{\top}", r"-y^{\top}\,\log(a^{(2)})"):
        assert formula in written


def test_a_record_says_which_formulas_are_matrices() -> None:
    document: Document = present(derive(graph_of(CONVOLUTION)), matrices=True, forms=("backward",))
    record: dict[str, Any] = json.loads(str(render(document, "json")))
    assert record["gradients"]["V"]["gradient"] == {"as": "matrix", "text": "1/m*sum(bar_z@y^T, i)", "latex": r"\frac{1}{m}\,\sum_{i=1}^{m} \bar{z}\,y^{\top}"}
    assert record["gradients"]["w"]["gradient"]["no_matrix_form"] == "x is read at shifted places, j + t - 1"
    assert [each["as"] for each in record["forward"]] == ["index", "matrix", "matrix"]
    assert record["deltas"]["bar_y"] == {"of": "y", "as": "matrix", "text": "V^T@bar_z", "latex": r"V^{\top}\,\bar{z}"}
