"""Graphs in the notation of a book: the names, what each book prints, what steps aside, and the same mathematics."""

from __future__ import annotations

import re

import pytest

from backprop_derive import build_graph, check_gradients, derive, evaluate, read_spec, write
from backprop_derive.building.profiles import profile_named, read_profile
from backprop_derive.building.renaming import Renaming, renaming_of
from backprop_derive.errors import SpecError, UsageError
from backprop_derive.graph.expressions import Expression
from backprop_derive.operations.notations import NOTATIONS, Profile, find_notation

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
THREE_LAYERS = """
inputs: 4
layers:
  - dense: q
    activation: tanh
  - dense: 4
    activation: f
  - dense: 3
    activation: softmax
loss: cross_entropy
"""
NUMBERS = """
inputs: 2
layers:
  - dense: 2
    activation: tanh
  - dense: 1
loss: half_squared_error
regularization: {l2: lambda/m, of: weights}
values: {W1: [[0.1, -0.2], [0.3, 0.4]], b1: [0.5, -0.6], W2: [[0.7, -0.8]], b2: [0.9], lambda: 2}
frozen: ['W1[1,2]']
learning_rate: 0.1
data:
  - {x1: 1, x2: -2, y: 0.5}
  - {x1: 0.25, x2: 3, y: -1}
"""


def book(name: str) -> Profile:
    found = find_notation(name)
    assert found is not None
    return found


def renaming(text: str, name: str) -> Renaming:
    return renaming_of(build_graph(read_spec(text)), book(name))


# -- what the books print -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "of", "latex"),
    [
        # BP1 and BP2, with the sigmoid's derivative in its output; BP3, BP4; equation 23
        ("nielsen", "delta^(3)", r"(a_{j}^{3} - y_{j})\,a_{j}^{3}\,(1 - a_{j}^{3})"),
        ("nielsen", "delta^(2)", r"a_{j}^{2}\,(1 - a_{j}^{2})\,\sum_{k=1}^{2} \delta_{k}^{3}\,w_{kj}^{3}"),
        ("nielsen", "b^(2)", r"\frac{1}{n}\,\sum_{x=1}^{n} \delta_{j}^{2}"),
        ("nielsen", "w^(2)", r"\frac{1}{n}\,\sum_{x=1}^{n} \delta_{j}^{2}\,a_{k}^{1}"),
        ("nielsen", "w^(3)", r"\frac{1}{n}\,\sum_{x=1}^{n} \delta_{j}^{3}\,a_{k}^{2}"),
        ("nielsen", "z^(2)", r"\sum_{k=1}^{3} w_{jk}^{2}\,a_{k}^{1} + b_{j}^{2}"),
        # equations 5.2, 5.46, 5.53, 5.56
        ("bishop", "a^(1)", r"\sum_{i=1}^{3} w_{ji}^{(1)}\,x_{i} + w_{j0}^{(1)}"),
        ("bishop", "a^(2)", r"\sum_{j=1}^{4} w_{kj}^{(2)}\,z_{j}^{(1)} + w_{k0}^{(2)}"),
        ("bishop", "E_n", r"\frac{1}{2}\,\sum_{k=1}^{2} (t_{k} - y_{k})^{2}"),
        ("bishop", "delta^(2)", r"(y_{k} - t_{k})\,y_{k}\,(1 - y_{k})"),
        ("bishop", "delta^(1)", r"z_{j}^{(1)}\,(1 - z_{j}^{(1)})\,\sum_{k=1}^{2} \delta_{k}^{(2)}\,w_{kj}^{(2)}"),
        ("bishop", "w^(1)", r"\frac{1}{N}\,\sum_{n=1}^{N} \delta_{j}^{(1)}\,x_{i}"),
        ("bishop", "w0^(2)", r"\frac{1}{N}\,\sum_{n=1}^{N} \delta_{k}^{(2)}"),
        # algorithms 6.3 and 6.4
        ("goodfellow", "a^(2)", r"\sum_{k=1}^{4} W_{jk}^{(2)}\,h_{k}^{(1)} + b_{j}^{(2)}"),
        ("goodfellow", "g^(2)", r"(h_{j}^{(2)} - y_{j})\,h_{j}^{(2)}\,(1 - h_{j}^{(2)})"),
        ("goodfellow", "g^(1)", r"h_{j}^{(1)}\,(1 - h_{j}^{(1)})\,\sum_{k=1}^{2} g_{k}^{(2)}\,W_{kj}^{(2)}"),
        ("goodfellow", "W^(2)", r"\frac{1}{m}\,\sum_{i=1}^{m} g_{j}^{(2)}\,h_{k}^{(1)}"),
    ],
)
def test_a_page_prints_what_the_book_prints(name: str, of: str, latex: str) -> None:
    found = derive(renaming(TWO_LAYERS, name).renamed)
    deltas = {delta.name: delta.value for delta in found.deltas.values()}
    nodes: dict[str, Expression] = {node.name: node.pieces[0].definition for node in found.graph.nodes if node.pieces}
    gradients = {key: gradient.backward for key, gradient in found.gradients.items()}
    assert write(found, {**nodes, **gradients, **deltas}[of], "latex") == latex


@pytest.mark.parametrize(
    ("of", "text"),
    [
        ("s1", "sum(x[k]*W1[k,j], k) + b1[j]"),
        ("scores", "sum(h1[k]*W2[k,j], k) + b2[j]"),
        ("dscores", "(h2[j] - y[j])*h2[j]*(1 - h2[j])"),
        ("ds1", "h1[j]*(1 - h1[j])*sum(dscores[k]*W2[j,k], k)"),
        ("W2", "1/N*sum(dscores[j]*h1[k], i)"),
        ("W1", "1/N*sum(ds1[j]*x[k], i)"),
        ("b1", "1/N*sum(ds1[j], i)"),
    ],
)
def test_vectors_of_cs231n_are_rows(of: str, text: str) -> None:
    found = derive(renaming(TWO_LAYERS, "cs231n").renamed)
    deltas = {delta.name: delta.value for delta in found.deltas.values()}
    nodes: dict[str, Expression] = {node.name: node.pieces[0].definition for node in found.graph.nodes if node.pieces}
    gradients = {key: gradient.backward for key, gradient in found.gradients.items()}
    assert write(found, {**nodes, **gradients, **deltas}[of]) == text
    if of.startswith("W"):
        assert found.graph.node(of).letters == ("k", "j")


def test_names_are_spelled_as_they_stand_in_a_terminal() -> None:
    found = derive(renaming(TWO_LAYERS, "nielsen").renamed)
    assert write(found, found.gradients["w^(2)"].backward, "unicode") == "1/n Σ_x δ²[j]·a¹[k]"
    found = derive(renaming(TWO_LAYERS, "bishop").renamed)
    assert write(found, found.graph.node("w0^(1)").ref(), "unicode") == "w⁽¹⁾[j,0]"


# -- the same mathematics -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BOOKS)
@pytest.mark.parametrize("text", [TWO_LAYERS, THREE_LAYERS], ids=["two", "three"])
def test_the_gradients_of_a_renamed_graph_are_proved(text: str, name: str) -> None:
    assert check_gradients(derive(renaming(text, name).renamed), power=False).passed


@pytest.mark.parametrize("name", BOOKS)
def test_numbers_are_those_of_the_spec(name: str) -> None:
    found = renaming(NUMBERS, name)
    before, after = evaluate(found.graph), evaluate(found.renamed)
    assert after.cost == pytest.approx(before.cost, rel=1e-14)
    for old in found.graph.parameters:
        expected, given = before.gradients[old], after.gradients[found.translation.name(old)]
        turned = found.translation.turned
        assert given.shape == (expected.T if old in turned else expected).shape
        assert abs(given - (expected.T if old in turned else expected)).max() < 1e-14
    assert ("W1[1,2]" if name != "cs231n" else "W1[2,1]") in [f"W1[{','.join(map(str, place))}]" for _, place in found.renamed.numbers.frozen if place]


@pytest.mark.parametrize("name", BOOKS)
def test_a_renaming_goes_back_to_the_spec(name: str) -> None:
    found = renaming(THREE_LAYERS, name)
    for node in found.graph.nodes:
        for piece in node.pieces:
            there = found.translation.expression(piece.definition)
            back = found.translation.inverse.expression(there)
            assert sorted(re.findall(r"\w+", repr(back))) == sorted(re.findall(r"\w+", repr(piece.definition)))


# -- what keeps its name --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "names"),
    [
        # names of the spec stay, and what the tool called z and a of named units is changed
        ("inputs: [x1, x2]\nnodes: {A: {weights: {w1: x1, w2: x2}, bias: b1, activation: tanh}}\ntargets: t\nloss: half_squared_error\ncost: single", "bishop", "x1 x2 w1 w2 b1 a_A y t E"),
        ("inputs: [z, x2]\nlayers:\n  - dense: [h1]\n    weights: [[w, v]]\n    activation: f\nloss: mse", "nielsen", "z x2 w v b^(2) z_h1 h1 y C_x"),
        # given names equal to the usual ones are given names
        ("inputs: {x: 2}\nlayers: [dense: 2]\ntargets: y\nloss: mse", "bishop", "x w^(1) w0^(1) a^(1) y E_n"),
        ("inputs: {x: 2}\nlayers: [{dense: 2, activation: tanh}]\ntargets: y\nloss: mse", "bishop", "x w^(1) w0^(1) a^(1) z^(1) y E_n"),
        ("inputs: 2\nlayers: [{dense: 2, weights: W1, activation: tanh}]\nloss: mse", "goodfellow", "x W1 b^(1) a^(1) h^(1) y L"),
        ("inputs: 2\nlayers: [{dense: 2, activation: tanh, name: enc}, dense: 1]\nloss: mse", "bishop", "x w_enc w0_enc a_enc enc w^(2) w0^(2) a^(2) t E_n"),
        # a size n: the number of samples of the book steps aside
        ("inputs: 2\nlayers: [dense: n, dense: 2]\nloss: mse", "nielsen", "a^(1) w^(2) b^(2) z^(2) w^(3) b^(3) z^(3) y C_x"),
        # w² could be the square of the spec's w
        ("inputs: {w: 2}\nlayers: [dense: 2]\nloss: mse", "nielsen", "w W1 b^(2) z^(2) y C_x"),
        ("inputs: {w: 2}\nlayers: [dense: 2]\nloss: mse", "bishop", "w w^(1) w0^(1) a^(1) t E_n"),
        ("parameters: [w]\ninputs: x\ntargets: y\nequations:\n  a: w*x\n  L: (a - y)^2", "bishop", "x y w a L"),
    ],
)  # fmt: skip
def test_only_names_that_the_tool_made_are_changed(text: str, name: str, names: str) -> None:
    assert sorted(node.name for node in renaming(text, name).renamed.nodes) == sorted(names.split())


def test_what_steps_aside_is_said() -> None:
    found = renaming("inputs: 2\nlayers: [dense: n, dense: 2]\nloss: mse", "nielsen").renamed
    assert found.samples is not None
    assert (found.samples.size, found.samples.index) == ("m", "x")
    assert found.notation is not None
    assert ("the number of samples (m) would be n there, but the spec has such a name",) in found.notation.meanings


def test_nothing_is_said_of_layers_where_there_are_none() -> None:
    found = renaming("inputs: x1\nnodes: {A: {weights: {w: x1}, activation: f}}\nloss: half_squared_error", "nielsen").renamed
    assert found.notation is not None
    assert [part for meaning in found.notation.meanings for part in meaning if isinstance(part, str)] == [" is the loss of one sample"]


def test_the_spec_decides_on_its_latex() -> None:
    found = derive(renaming(TWO_LAYERS + "latex: {W1: 'V'}", "nielsen").renamed)
    assert write(found, found.graph.node("w^(2)").ref(), "latex") == "{V}_{jk}"


@pytest.mark.parametrize("name", BOOKS)
def test_no_two_quantities_get_one_name(name: str) -> None:
    for text in (TWO_LAYERS, THREE_LAYERS, NUMBERS):
        found = renaming(text, name).renamed
        assert len({node.name for node in found.nodes}) == len(found.nodes)


# -- notations of one's own -----------------------------------------------------------------------------------------------


def test_a_notation_of_ones_own_is_read() -> None:
    profile = read_profile("like: nielsen\nweights: 'W^[{l}]'\nactivation: 'a^[{l}]'\nfirst_layer: 1\nvectors: rows\nmeanings: [a sentence]", "my.yaml")
    assert (profile.weights, profile.activation, profile.input, profile.first, profile.rows) == ("W^[{l}]", "a^[{l}]", "a^[{l}]", 1, True)
    assert (profile.title, profile.meanings, profile.preactivation) == ("my.yaml", ("a sentence",), "z^{l}")
    found = derive(renaming_of(build_graph(read_spec(TWO_LAYERS)), profile).renamed)
    assert write(found, found.graph.node("W^(1)").ref(), "latex") == "W_{kj}^{[1]}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("weigths: 'w{l}'", "n.yaml:1:1: weigths: unknown key 'weigths' (did you mean weights?)"),
        ("weights: w", "n.yaml:1:10: weights: 'w' is no pattern: letters, then {l} for the layer's number as in W{l}, W_{l}, W^{l}, W^({l}) or W^[{l}]"),
        ("like: neilsen", "n.yaml:1:7: like: there is no notation 'neilsen'; there are default, nielsen, bishop, goodfellow, cs231n (did you mean nielsen?)"),
        ("first_layer: 0", "n.yaml:1:14: first_layer: '0' is no number of a first layer: it is 1 to 9"),
        ("vectors: row", "n.yaml:1:10: vectors: vectors are columns or rows, not 'row' (did you mean rows?)"),
        ("sample_index: ii", "n.yaml:1:15: sample_index: 'ii' is no index: it is one letter"),
        ("cost: 2", "n.yaml:1:7: cost: '2' is no name: a letter, then letters, digits, _ and primes"),
        ("title: t\nactivation: z{l}", "n.yaml:2:1: activation: activation and preactivation would have the same names, z{l}"),
        ("cost: L", "n.yaml:1:1: cost: the cost and the loss of one sample would both be called L"),
        ("- a", "n.yaml:1:1: a notation is a mapping of keys, such as `weights: 'w^({l})'`"),
        ("cost: [a]\nloss: {b: c}", "n.yaml:1:7: cost: a name is expected here, not a list\nn.yaml:2:7: loss: a name is expected here, not a mapping"),
    ],
)
def test_what_is_wrong_with_a_notation_is_said(text: str, message: str) -> None:
    with pytest.raises(SpecError) as raised:
        read_profile(text, "n.yaml")
    assert str(raised.value) == message


def test_a_notation_whose_own_names_clash_is_refused() -> None:
    with pytest.raises(UsageError, match="the input and the cost would all be called x"):
        renaming_of(build_graph(read_spec(TWO_LAYERS)), read_profile("cost: x", "my.yaml"))
    with pytest.raises(SpecError, match="bias and weights would have the same names"):
        read_profile("weights: 'w{l}'\nbias: 'w_{l}'", "my.yaml")


def test_an_unknown_notation_is_told_the_nearest() -> None:
    with pytest.raises(UsageError) as raised:
        profile_named("bischop")
    assert str(raised.value) == "there is no notation 'bischop'; there are default, nielsen, bishop, goodfellow, cs231n, and files of your own, such as my.yaml (did you mean bishop?)"
    assert profile_named("default") is None
