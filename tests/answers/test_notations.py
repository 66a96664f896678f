"""Hand calculations in the notation of a book: what a page prints is read back, and what the books print is understood."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from backprop_derive import build_graph, derive, load_spec, read_spec, write
from backprop_derive.answers.documents.passages import Passage
from backprop_derive.answers.statements import Place
from backprop_derive.answers.verifying import Verifier
from backprop_derive.building.renaming import renaming_of
from backprop_derive.calculus.derivation import Derivation
from backprop_derive.operations.notations import NOTATIONS, find_notation

SPECS = sorted(path for path in (Path(__file__).resolve().parents[2] / "specs").glob("*.yaml") if "\nlayers:" in path.read_text(encoding="utf-8"))
BOOKS = [row.name for row in NOTATIONS if row.name != "default"]
TWO_LAYERS = """
inputs: 3
layers:
  - dense: 4
    activation: sigmoid
  - dense: 2
    activation: sigmoid
loss: half_squared_error
"""
RIGHT = ("equal", "equal-if")


@cache
def verifier(spec: str, name: str) -> Verifier:
    graph = build_graph(load_spec(spec) if spec.endswith(".yaml") else read_spec(spec))
    row = find_notation(name)
    assert row is not None
    return Verifier(graph if name == "default" else renaming_of(graph, row).renamed)


def verdict(text: str, judge: Verifier, key: str = "") -> str:
    (claim,) = judge.verify([Passage(text, Place(key), text, certain=True, key=key)])
    return "equal" if claim.verdict.reason == "it only repeats what was asked for" else claim.verdict.outcome


def printed(found: Derivation) -> list[tuple[str, str]]:
    """What is asked, and the formula, of every gradient and every δ, in Unicode and in LaTeX."""
    formulas = [(key, each.gradient) for key, each in found.gradients.items()]
    formulas += [(delta.name, delta.value) for delta in found.deltas.values()]
    short = [(key, write(found, each.backward, "unicode")) for key, each in found.gradients.items()]
    return short + [(key, write(found, formula, style)) for key, formula in formulas for style in ("unicode", "latex")]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BOOKS)
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_what_a_page_prints_is_read_back_and_judged_equal(path: Path, name: str) -> None:
    judge = verifier(str(path), name)
    assert [text for key, text in printed(derive(judge.graph)) if verdict(text, judge, key) not in RIGHT] == []


@pytest.mark.parametrize("name", BOOKS)
def test_what_is_defined_is_read_back(name: str) -> None:
    judge = verifier(TWO_LAYERS, name)
    found = derive(judge.graph)
    for node in judge.graph.nodes:
        for piece in node.pieces:
            for style in ("text", "unicode", "latex"):
                left, right = (write(found, each, style) for each in (node.ref(), piece.definition))  # type: ignore[arg-type]
                assert verdict(f"{left} = {right}", judge) in RIGHT, (left, right)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # Nielsen, chapter 2: equations 23, 25, 26, BP1 to BP4, and the algorithm for a batch
        ("nielsen", r"a^2_j = \sigma\left(\sum_k w^2_{jk} a^1_k + b^2_j\right)"),
        ("nielsen", r"z^3 = w^3 a^2 + b^3"),
        ("nielsen", r"a^1 = x"),
        ("nielsen", r"C = \frac{1}{n} \sum_x C_x"),
        ("nielsen", r"C = \frac{1}{2n} \sum_x \| y(x) - a^L(x) \|^2"),
        ("nielsen", r"\delta^L_j = \frac{\partial C_x}{\partial a^L_j} \sigma'(z^L_j)"),
        ("nielsen", r"\delta^3_j = (a^3_j - y_j) \sigma'(z^3_j)"),
        ("nielsen", r"\delta^L = (a^L - y) \odot \sigma'(z^L)"),
        ("nielsen", r"\delta^2 = ((w^3)^T \delta^3) \odot \sigma'(z^2)"),
        ("nielsen", r"\delta^2_j = \sum_k w^3_{kj} \delta^3_k \sigma'(z^2_j)"),
        ("nielsen", r"\frac{\partial C_x}{\partial b^2_j} = \delta^2_j"),
        ("nielsen", r"\frac{\partial C_x}{\partial w^2_{jk}} = a^1_k \delta^2_j"),
        ("nielsen", r"\frac{\partial C_x}{\partial w^2_{jk}} = x_k \delta^2_j"),
        ("nielsen", r"\frac{\partial C}{\partial w^3_{jk}} = \frac1n \sum_x a^2_k \delta^3_j"),
        ("nielsen", r"\frac{\partial C}{\partial w^3_{21}} = \frac1n \sum_x a^2_1 \delta^3_2"),
        ("nielsen", r"\delta^{x,3}_j = (a^{x,3}_j - y_j) \sigma'(z^{x,3}_j)"),
        ("nielsen", r"w^2 \to w^2 - \frac{\eta}{m} \sum_x \delta^{x,2} (a^{x,1})^T"),
        ("nielsen", "δ^2_j = Σ_k w^3_kj δ^3_k σ'(z^2_j)"),
        # Bishop: equations 5.2, 5.3, 5.4, 5.11, 5.44, 5.46, 5.53, 5.54, 5.56, with and without the number of the layer
        ("bishop", r"a_j = \sum_{i=1}^{3} w_{ji}^{(1)} x_i + w_{j0}^{(1)}"),
        ("bishop", r"z_j = \sigma(a_j)"),
        ("bishop", r"a_k = \sum_{j=1}^{4} w_{kj}^{(2)} z_j + w_{k0}^{(2)}"),
        ("bishop", r"y_k = \sigma(a_k)"),
        ("bishop", r"E_n = \frac12 \sum_k (y_k - t_k)^2"),
        ("bishop", r"E_n = \frac12 \sum_k (y_{nk} - t_{nk})^2"),
        ("bishop", r"E = \frac1N \sum_n E_n"),
        ("bishop", r"\delta_k = (y_k - t_k) y_k (1 - y_k)"),
        ("bishop", r"\delta_j = h'(a_j) \sum_k w_{kj} \delta_k"),
        ("bishop", r"\delta_j = z_j (1 - z_j) \sum_k w_{kj} \delta_k"),
        ("bishop", r"\frac{\partial E_n}{\partial w_{ji}} = \delta_j x_i"),
        ("bishop", r"\frac{\partial E_n}{\partial w_{kj}^{(2)}} = \delta_k z_j"),
        ("bishop", r"\frac{\partial E_n}{\partial w_{k0}} = \delta_k"),
        ("bishop", r"\frac{\partial E}{\partial w^{(1)}_{20}} = \frac1N \sum_n \delta^{(1)}_2"),
        ("bishop", r"\frac{\partial E}{\partial w^{(2)}_{kj}} = \frac1N \sum_n (y_{nk} - t_{nk}) y_{nk} (1 - y_{nk}) z_{nj}"),
        # Goodfellow et al.: algorithms 6.3 and 6.4
        ("goodfellow", r"a^{(1)} = b^{(1)} + W^{(1)} h^{(0)}"),
        ("goodfellow", r"h^{(2)} = f(a^{(2)})"),
        ("goodfellow", r"\hat{y} = h^{(2)}"),
        ("goodfellow", r"\nabla_{\hat y} L = \hat y - y"),
        ("goodfellow", r"g^{(2)} = (\hat y - y) \odot f'(a^{(2)})"),
        ("goodfellow", r"g^{(1)} = (W^{(2)\top} g^{(2)}) \odot f'(a^{(1)})"),
        ("goodfellow", r"\nabla_{b^{(2)}} L = g^{(2)}"),
        ("goodfellow", r"\nabla_{W^{(1)}} L = g^{(1)} x^\top"),
        ("goodfellow", r"\nabla_{W^{(2)}} J = \frac1m \sum_i g^{(2)} h^{(1)\top}"),
        # CS231n: rows, one sample or all of them, with the 1/N of the course's programs or without
        ("cs231n", "s1 = np.dot(x, W1) + b1"),
        ("cs231n", "scores = h1 @ W2 + b2"),
        ("cs231n", "dscores = (h2 - y)*h2*(1 - h2)"),
        ("cs231n", "dh1 = np.dot(dscores, W2.T)"),
        ("cs231n", "ds1 = dh1*h1*(1 - h1)"),
        ("cs231n", "dL_i/dW2 = np.outer(h1, dscores)"),
        ("cs231n", "dW2 = np.dot(h1.T, dscores)"),
        ("cs231n", "dW1 = np.dot(X.T, dS1)/N"),
        ("cs231n", "dW1 = np.dot(X.T, dS1)"),
        ("cs231n", "db1 = np.sum(ds1, axis=0, keepdims=True)"),
        ("cs231n", "dW1[k,j] = 1/N*sum(x[k]*ds1[j], i)"),
        ("cs231n", r"\frac{\partial L_i}{\partial W_2} = h_1^T dscores"),
    ],
)  # fmt: skip
def test_what_the_book_prints_is_right(name: str, text: str) -> None:
    assert verdict(text, verifier(TWO_LAYERS, name)) in RIGHT


def test_a_name_of_the_spec_is_told_by_its_new_name() -> None:
    (claim,) = verifier(TWO_LAYERS, "nielsen").verify([Passage("C_x = W1[1,1]", Place("-a"), "C_x = W1[1,1]", certain=True)])
    assert (claim.problem, claim.hint) == ("'W1[1][1]' is not defined in this network", "the spec's W1 is w^(2) in the notation nielsen")


def test_what_includes_the_mean_is_called_as_it_is_written() -> None:
    for name, text, note in (
        ("cs231n", "dscores = (h2 - y)*h2*(1 - h2)/N", "your dscores includes the cost's 1/N; that of this page does not"),
        ("goodfellow", "g^2 = (h^2 - y)*h^2*(1 - h^2)/m", "your g includes the cost's 1/m; the g of this page does not"),
    ):
        (claim,) = verifier(TWO_LAYERS, name).verify([Passage(text, Place("-a"), text, certain=True)])
        assert note in claim.verdict.notes


def test_a_power_of_what_a_letter_tells_is_asked_about() -> None:
    judge = verifier(TWO_LAYERS.replace("sigmoid", "square"), "bishop")
    assert verdict(r"z_j = a_j^2", judge) == "unreadable"
    assert verdict(r"z_j = (a_j)^2", judge) in RIGHT
    assert verdict(r"z_j = (a_j^{(1)})^2", judge) in RIGHT
    assert verdict(r"\delta_j = 2 a_j \sum_k w^{(2)}_{kj} \delta_k", judge) in RIGHT
    tanh = verifier(TWO_LAYERS.replace("sigmoid", "tanh", 1), "bishop")
    assert verdict(r"\delta_j = (1 - z_j^2) \sum_k w_{kj} \delta_k", tanh) in RIGHT  # there is no z^(2)


def test_the_probabilities_of_cs231n_are_the_output() -> None:
    judge = verifier(TWO_LAYERS.replace("sigmoid\nloss: half_squared_error", "softmax\nloss: cross_entropy"), "cs231n")
    assert verdict("dscores = probs - y", judge) in RIGHT
    assert verdict("dscores = (p - y)/N", judge) in RIGHT
    assert verdict(r"\frac{\partial L_i}{\partial scores_k} = p_k - y_k", judge) in RIGHT


@pytest.mark.parametrize(
    ("name", "text"),
    [("nielsen", r"\frac{\partial C_x}{\partial w^2_{jk}} = a^1_k \delta^2_j"), ("nielsen", r"\nabla_{w^2} C_x = \delta^2 (a^1)^T"), ("goodfellow", r"\nabla_{W^{(1)}} L = g^{(1)} h^{(0)\top}")],
)
def test_an_input_that_the_spec_has_named_is_the_first_layer_too(name: str, text: str) -> None:
    assert verdict(text, verifier(TWO_LAYERS.replace("inputs: 3", "inputs: {x: 3}"), name)) == "equal"


@pytest.mark.parametrize(
    ("name", "key", "numbers"),
    [("default", "W1", [["2.5", "0.5"]]), ("default", "W1", ["2.5", "0.5"]), ("nielsen", "w^2", [["2.5", "0.5"]]), ("cs231n", "W1", [["2.5"], ["0.5"]])],
)
def test_the_weights_of_a_single_unit_are_answered_in_numbers(name: str, key: str, numbers: list[list[str] | str]) -> None:
    unit = "inputs: 2\nlayers: [dense: 1]\nloss: half_squared_error\ncost: single\nvalues: {W1: [[1, 0.5]], b1: [0], x: [5, 1], y: 5}"
    assert [claim.verdict.outcome for claim in verifier(unit, name).verify({key: numbers})] == ["equal", "equal"]


def test_h_is_the_function_of_hidden_units_in_bishop() -> None:
    judge = verifier(TWO_LAYERS.replace("sigmoid", "tanh", 1), "bishop")
    assert verdict(r"\delta_j = h'(a_j) \sum_k w_{kj} \delta_k", judge) in RIGHT
    assert verdict(r"\delta_k = (y_k - t_k) h'(a_k)", judge) == "different"


@pytest.mark.parametrize(
    ("name", "text", "outcome"),
    [
        ("nielsen", r"\delta^2_j = \sum_k w^2_{kj} \delta^3_k \sigma'(z^2_j)", "unreadable"),  # shapes that do not fit
        ("nielsen", r"\frac{\partial C_x}{\partial w^3_{jk}} = a^3_k \delta^3_j", "different"),
        ("nielsen", r"\frac{\partial C_x}{\partial w^3_{jk}} = a^2_k \delta^3_j a^2_k", "different"),
        ("nielsen", r"\delta^1_j = y_j", "unreadable"),
        ("bishop", r"\delta_j = z_j \sum_k w_{kj} \delta_k", "different"),
        ("bishop", r"\delta_k = y_k - t_k", "different"),
        ("bishop", r"\frac{\partial E_n}{\partial w_{j0}} = \delta_j x_i", "different"),
        ("bishop", r"\delta_j = a_j (1 - a_j) \sum_k w_{kj} \delta_k", "different"),
        ("goodfellow", r"g^{(1)} = W^{(2)\top} g^{(2)}", "different"),
        ("cs231n", "dL/dW1[1,2] = 1/N*sum(x[2]*ds1[1], i)", "different"),
        ("cs231n", "dL_i/dW2 = np.outer(dscores, h1)", "different"),
        ("cs231n", "dW1 = 2*np.dot(X.T, dS1)", "different"),
    ],
)
def test_what_is_wrong_in_the_book_s_notation_is_found(name: str, text: str, outcome: str) -> None:
    assert verdict(text, verifier(TWO_LAYERS, name)) == outcome


@pytest.mark.parametrize(
    ("name", "key", "said"),
    [
        ("nielsen", "W2", "'W2' is the spec's name for w^(3), and w^(2) in the notation nielsen: write the one that is meant so"),
        ("nielsen", "W1", "'W1' is a name of the spec; in the notation nielsen it is w^(2)"),
        ("bishop", "z1", "'z1' is the spec's name for a^(1), and z^(1) in the notation bishop: write the one that is meant so"),
    ],
)
def test_a_key_with_two_meanings_is_asked_about(name: str, key: str, said: str) -> None:
    (claim,) = verifier(TWO_LAYERS, name).verify([Passage("0", Place(key), "0", certain=True, key=key)])
    assert (claim.verdict.outcome, claim.problem) == ("unreadable", said)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("default", r"\frac{\partial C}{\partial b_{2,j}} = \frac1m \sum_i (a^{(2)}_{ij} - y_{ij}) a^{(2)}_{ij} (1 - a^{(2)}_{ij})"),
        ("default", r"z_2(i) = W_2 a_1(i) + b_2"),
    ],
)
def test_one_sample_is_said_by_its_letter(name: str, text: str) -> None:
    assert verdict(text, verifier(TWO_LAYERS, name)) in RIGHT


def test_a_square_is_no_number_of_a_layer() -> None:
    judge = verifier("inputs: 3\nlayers: [{dense: 3, activation: tanh}, activation: sigmoid]\nloss: half_squared_error\ncost: single", "default")
    assert verdict("(a1_2[j] − y[j])·a1_2[j]·(1 − a1_2[j])·(1 − a1[j]²)·x[k]", judge, "W1") in RIGHT


def test_euler_s_number_is_no_cost() -> None:
    judge = verifier("inputs: x\ntargets: y\nparameters: [w]\nequations:\n  E: exp(w*x) - y\ncost: single", "default")
    assert verdict(r"\frac{\partial E}{\partial w} = x e^{w x}", judge) in RIGHT
