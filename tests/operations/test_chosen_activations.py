"""Activations as layers and nodes name them: options, what is learnt and how it is called, wrong ones."""

from __future__ import annotations

import pytest
from row_graphs import definition, gradient, graph_of

from backprop_derive.calculus.derivation import derive
from backprop_derive.errors import SpecError
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.operations.activations import ACTIVATIONS

NODE = "inputs: [x1, x2]\nnodes:\n  A: {{weights: {{w1: x1, w2: x2}}, bias: b, activation: {}, output: o}}\n  B: {{weights: {{v: A}}, output: p}}\nloss: half_squared_error\ncost: single\n"
LAYERS = "inputs: 3\nlayers:\n  - dense: 4\n    activation: {}\n  - dense: 2\nloss: half_squared_error\n"


@pytest.mark.parametrize(
    ("chosen", "node", "layer"),
    [
        ("tanh", "tanh(z_A)", "tanh(z1[j])"),
        ("leaky_relu", "leaky_relu(z_A)", "leaky_relu(z1[j])"),
        ("{leaky_relu: {slope: 0.2}}", "leaky_relu(z_A, 0.2)", "leaky_relu(z1[j], 0.2)"),
        ("{leaky_relu: {slope: 1/5}}", "leaky_relu(z_A, 0.2)", "leaky_relu(z1[j], 0.2)"),
        ("{leaky_relu: {slope: 0.01}}", "leaky_relu(z_A)", "leaky_relu(z1[j])"),
        ("{leaky_relu: }", "leaky_relu(z_A)", "leaky_relu(z1[j])"),
        ("{threshold: {value: -1}}", "threshold(z_A, 1, -1)", "threshold(z1[j], 1, -1)"),
        ("{celu: {alpha: sqrt(2)}}", "celu(z_A, sqrt(2))", "celu(z1[j], sqrt(2))"),
        ("prelu", "prelu(z_A, alpha_A)", "prelu(z1[j], alpha1)"),
        ("{prelu: {alpha: s}}", "prelu(z_A, s)", "prelu(z1[j], s)"),
    ],
)
def test_an_activation_with_options(chosen: str, node: str, layer: str) -> None:
    assert definition(graph_of(NODE.format(chosen)), "o") == node
    assert definition(graph_of(LAYERS.format(chosen)), "a1") == layer


def test_an_option_may_be_a_constant() -> None:
    graph = graph_of("constants: [s]\n" + NODE.format("{elu: {alpha: s}}"))
    assert definition(graph, "o") == "elu(z_A, s)"
    assert gradient(graph, "w1") == "(p - y)*v*where(z_A > 0, 1, o + s)*x1"


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ACTIVATIONS if not row.vector])
@pytest.mark.parametrize("style", [NODE, LAYERS])
def test_the_check_passes_for_every_activation(row: object, style: str) -> None:
    name = row.name  # type: ignore[attr-defined]
    report = check_gradients(derive(graph_of(style.format(name))))
    assert report.passed


# -- what is learnt -----------------------------------------------------------------------------------------------------------


def test_what_a_node_learns_has_a_gradient() -> None:
    graph = graph_of(NODE.format("prelu"))
    assert graph.parameters == ("w1", "w2", "b", "v", "alpha_A")
    assert gradient(graph, "alpha_A") == "(p - y)*v*where(z_A > 0, 0, z_A)"


def test_what_a_layer_learns_is_one_number_for_all_units() -> None:
    graph = graph_of(LAYERS.format("prelu"))
    assert graph.parameters == ("W1", "b1", "alpha1", "W2", "b2")
    assert gradient(graph, "alpha1") == "1/m*sum(sum(where(z1[j] > 0, 0, z1[j])*sum((z2[k] - y[k])*W2[k,j], k), j), i)"


def test_units_with_names_share_what_their_layer_learns() -> None:
    graph = graph_of("inputs: [x]\nlayers:\n  - dense: [h1, h2]\n    bias: false\n    activation: prelu\n  - dense: [o]\n    bias: false\ntargets: [y]\nloss: mse\ncost: single\n")
    assert [definition(graph, name) for name in ("h1", "h2")] == ["prelu(z_h1, alpha1)", "prelu(z_h2, alpha1)"]
    assert gradient(graph, "alpha1") == "2*(o - y)*(W2[1,1]*where(z_h1 > 0, 0, z_h1) + W2[1,2]*where(z_h2 > 0, 0, z_h2))"


def test_a_layer_with_a_name_gives_it_to_what_it_learns() -> None:
    graph = graph_of("inputs: 3\nlayers:\n  - dense: 4\n    name: enc\n    activation: prelu\n  - activation: prelu\n  - dense: 2\nloss: mse\n")
    assert [name for name in graph.parameters if name.startswith("alpha")] == ["alpha_enc", "alpha1"]


def test_two_learnt_numbers_in_one_layer_have_two_names() -> None:
    graph = graph_of("inputs: 3\nlayers:\n  - dense: 4\n    activation: prelu\n  - activation: prelu\n  - dense: 2\nloss: mse\n")
    assert [name for name in graph.parameters if name.startswith("alpha")] == ["alpha1", "alpha1_2"]


def test_a_name_that_is_taken_is_left_alone() -> None:
    graph = graph_of(LAYERS.replace("inputs: 3", "inputs: {{alpha1: 3}}").format("prelu"))
    assert graph.node("alpha1").role == "input"
    assert definition(graph, "a1") == "prelu(z1[j], alpha1_2)"


def test_one_name_in_two_places_is_one_shared_parameter() -> None:
    graph = graph_of(
        "inputs: [x]\nnodes:\n  A: {weights: {w: x}, activation: {prelu: {alpha: s}}}\n"
        "  B: {weights: {v: A}, activation: {prelu: {alpha: s}}}\nloss: mse\ncost: single\n"
    )
    assert graph.parameters == ("w", "v", "s")
    assert gradient(graph, "s") == "2*(a_B - y)*(where(z_B > 0, 1, s)*v*where(z_A > 0, 0, z_A) + where(z_B > 0, 0, z_B))"
    assert check_gradients(derive(graph)).passed


# -- functions of a vector over named units --------------------------------------------------------------------------------------


def test_log_softmax_of_named_units_with_nll_is_softmax_minus_target() -> None:
    graph = graph_of("inputs: [x]\nlayers:\n  - dense: [o1, o2]\n    weights: [[w1], [w2]]\n    bias: false\n    activation: log_softmax\ntargets: [y1, y2]\nloss: nll\ncost: single\n")
    assert definition(graph, "o1") == "z_o1 - log(exp(z_o1) + exp(z_o2))"
    assert gradient(graph, "w1") == "(exp(o1) - y1)*x"


# -- wrong ones ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "message", "path"),
    [
        ("{leaky_relu: {slop: 0.2}}", "leaky_relu has no option 'slop'; it has slope (did you mean slope?)", "leaky_relu.slop"),
        ("{tanh: {slope: 1}}", "tanh has no option 'slope'", "tanh.slope"),
        ("{f: {slope: 1}}", "f has no option 'slope'", "f.slope"),
        ("{leaky_relu: 0.2}", "a mapping is expected here", "leaky_relu"),
        ("{leaky_relu: {slope: w9}}", "'w9' is not defined", "leaky_relu.slope"),
        ("{prelu: {alpha: 0.25}}", "alpha is learnt: its name is expected here; numbers go under `values:`", "prelu.alpha"),
        ("{relu: , tanh: }", "one activation is expected here", ""),
        ("{reluu: {slope: 1}}", "'reluu' is no activation that is known here", "reluu"),
    ],
)
def test_a_wrong_activation_is_told_at_its_place(chosen: str, message: str, path: str) -> None:
    for style, where in ((NODE, "nodes.A.activation"), (LAYERS, "layers[0].activation")):
        with pytest.raises(SpecError) as caught:
            graph_of(style.format(chosen))
        assert message in str(caught.value)
        assert f"{where}{'.' if path else ''}{path}: " in str(caught.value)


def test_a_function_of_a_vector_is_no_activation_of_one_node() -> None:
    with pytest.raises(SpecError, match="log_softmax mixes all the units of a layer"):
        graph_of(NODE.format("log_softmax"))
