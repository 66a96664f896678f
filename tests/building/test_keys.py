"""Keys of a spec that say more of the network: outputs, several losses, assumptions, LaTeX names."""

from __future__ import annotations

import numpy as np
import pytest

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.errors import EvaluationError, SpecError
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.drawing import Point, draw_point
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.presentation.formulas import write
from backprop_derive.spec.loading import read_spec

CLASSIFIER = "inputs: {x: 2}\nconstants: [eps]\nlayers:\n  - dense: 3\n  - softmax\nloss: cross_entropy\n"
TWO_HEADS = """
inputs: [x1, x2]
nodes:
  H: {weights: {w1: x1, w2: x2}, activation: tanh, output: h}
  P: {weights: {v: H}, output: price}
  K: {weights: {u: H}, activation: sigmoid, output: kind}
targets: [y1, y2]
"""


def graph_of(text: str) -> Graph:
    return build_graph(read_spec(text, "net.yaml"))


def derivation_of(text: str) -> Derivation:
    return derive(graph_of(text))


def gradient(derivation: Derivation, name: str) -> str:
    return write(derivation, derivation.gradient(name).gradient)


def messages(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        graph_of(text)
    return [problem.message for problem in caught.value.problems]


# -- outputs, and several losses ----------------------------------------------------------------------------------------


def test_two_losses_in_one_formula() -> None:
    derivation = derivation_of(TWO_HEADS + "loss: half_squared_error(price, y1) + 0.5*binary_cross_entropy(kind, y2)\n")
    assert gradient(derivation, "v") == "1/m*sum((price - y1)*h, i)"
    assert gradient(derivation, "u") == "1/(2*m)*sum((kind - y2)*h, i)"
    assert gradient(derivation, "w1") == "1/m*sum(((price - y1)*v + 1/2*(kind - y2)*u)*(1 - h^2)*x1, i)"
    assert check_gradients(derivation).passed


LOSSES = [  # a formula of losses, and its derivatives by `price` and by the sum behind `kind`
    ("half_squared_error(price, y1) + binary_cross_entropy(kind, y2)", "price - y1", "kind - y2"),
    ("2*half_squared_error(price, y1) - binary_cross_entropy(kind, y2)/4", "2*(price - y1)", "1/4*(y2 - kind)"),
    ("-(half_squared_error(price, y1)*3) + binary_cross_entropy(kind, y2)", "3*(y1 - price)", "kind - y2"),
]


@pytest.mark.parametrize(("loss", "price", "kind"), LOSSES)
def test_each_loss_of_a_sum_keeps_its_textbook_derivative(loss: str, price: str, kind: str) -> None:
    derivation = derivation_of(TWO_HEADS + f"cost: single\nloss: {loss}\n")
    found = {name: write(derivation, delta.value) for name, delta in derivation.deltas.items()}
    assert (found["price"], found["z_K"]) == (price, kind)
    assert check_gradients(derivation).passed


def test_a_loss_beside_other_terms_is_differentiated_from_its_formula() -> None:
    derivation = derivation_of(TWO_HEADS + "constants: [alpha]\nloss: alpha*half_squared_error(price, y1) + (kind - y2)^4\n")
    assert gradient(derivation, "v") == "1/m*sum(alpha*(price - y1)*h, i)"
    assert check_gradients(derivation).passed
    assert check_gradients(derivation, weights=["alpha"]).passed


def test_losses_in_a_formula_bring_their_assumptions() -> None:
    text = "inputs: 2\ntargets: {y: 3}\nlayers:\n  - dense: 3\n  - softmax\nloss: 2*cross_entropy(a1, y)\n"
    derivation = derivation_of(text)
    assert derivation.graph.assumed == ("sum(y) = 1",)
    assert gradient(derivation, "b1") == "2/m*sum(a1[j] - y[j], i)"
    assert check_gradients(derivation).passed


def test_several_losses_in_an_equation() -> None:
    text = """
inputs: [x]
targets: {y1: [], y2: 3}
parameters: [w, W]
sizes: {W: [3]}
equations:
  price: w*x
  z[c]: W[c]*x
  p[c]: softmax(z[c], c)
  E: half_squared_error(price, y1) + 0.5*cross_entropy(p, y2)
"""
    derivation = derivation_of(text)
    assert derivation.graph.assumed == ("sum(y2) = 1",)
    assert gradient(derivation, "w") == "1/m*sum((price - y1)*x, i)"
    assert gradient(derivation, "W") == "1/(2*m)*sum((p[j] - y2[j])*x, i)"
    assert check_gradients(derivation).passed


def test_outputs_choose_what_the_loss_compares_and_in_which_order() -> None:
    swapped = graph_of(TWO_HEADS + "outputs: [kind, P]\nloss: half_squared_error\n")
    assert swapped.outputs == ("kind", "price")
    derivation = derive(swapped)
    assert gradient(derivation, "v") == "1/m*sum((price - y2)*h, i)"
    assert graph_of(TWO_HEADS + "loss: half_squared_error\n").outputs == ("price", "kind")


def test_each_target_has_the_shape_of_its_output() -> None:
    text = "inputs: 2\nlayers:\n  - dense: 3\n    activation: tanh\n  - dense: 2\ntargets: [s, t]\noutputs: [a1, z2]\nloss: half_squared_error(a1, s) + mae(z2, t)\n"
    graph = graph_of(text)
    lengths = {name: [axis.length.number for axis in graph.node(name).axes[1:]] for name in ("s", "t")}
    assert lengths == {"s": [3], "t": [2]}
    assert check_gradients(derive(graph)).passed


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("outputs: [prize, kind]", "'prize' is not computed by the network, so it is no output"),
        ("outputs: x1", "'x1' is not computed by the network"),
        ("outputs: [kind, kind]", "the output 'kind' is named twice"),
        ("outputs: []", "outputs is an empty list"),
        ("outputs: 'a1[2]'", "an output is a name without indices"),
    ],
)
def test_wrong_outputs(key: str, message: str) -> None:
    assert any(message in each for each in messages(TWO_HEADS + f"loss: half_squared_error(price, y1)\n{key}\n"))


# -- assumptions ----------------------------------------------------------------------------------------------------------


def is_one_hot(y: np.ndarray) -> bool:
    return bool(((y == 0) | (y == 1)).all() and (y.sum(-1) == 1).all())


ASSUMED = [  # what is said, what the header says, and what holds of the values that a check draws
    ("'sum(y)=1'", ("sum(y) = 1",), lambda v: np.allclose(v["y"].sum(-1), 1)),
    ("'1 = sum(y[c], c)'", ("sum(y) = 1",), lambda v: np.allclose(v["y"].sum(-1), 1)),
    ("one_hot(y)", ("one_hot(y)",), lambda v: is_one_hot(v["y"])),
    ("probabilities(y)", ("probabilities(y)",), lambda v: np.allclose(v["y"].sum(-1), 1) and (v["y"] > 0).all()),
    ("binary(y)", ("binary(y)",), lambda v: set(v["y"].ravel()) == {0.0, 1.0}),
    ("[binary(y), 'sum(y) = 1']", ("sum(y) = 1", "binary(y)"), lambda v: is_one_hot(v["y"])),
    ("eps > 0", ("sum(y) = 1", "eps > 0"), lambda v: v["eps"] > 0),
    ("0.5 < eps", ("sum(y) = 1", "0.5 < eps"), lambda v: v["eps"] > 0.5),
    ("[x > -1, x <= 1/2]", ("sum(y) = 1", "x > -1", "x <= 1/2"), lambda v: (v["x"] > -1).all() and (v["x"] <= 0.5).all()),
    ("z1 != 0", ("sum(y) = 1", "z1 != 0"), lambda v: (v["z1"] != 0).all()),
    ("z1 > -1/2", ("sum(y) = 1", "z1 > -1/2"), lambda v: (v["z1"] > -0.5).all()),
    ("[]", (), lambda v: not np.allclose(v["y"].sum(-1), 1)),
]


@pytest.mark.parametrize(("said", "header", "holds"), ASSUMED)
def test_what_is_assumed_is_said_and_drawn(said: str, header: tuple[str, ...], holds: object) -> None:
    graph = graph_of(CLASSIFIER + f"assume: {said}\n")
    assert graph.assumed == header
    assert all(holds(draw_point(graph, seed).forward) for seed in range(4))  # type: ignore[operator]


@pytest.mark.parametrize(("said", "header", "holds"), [row for row in ASSUMED if row[0] not in ("z1 > -1/2", "z1 != 0")])
def test_without_the_assumption_it_does_not_hold(said: str, header: tuple[str, ...], holds: object) -> None:
    """The rows above can fail: values that are drawn under the opposite choice break them."""
    other = "[]" if said != "[]" else "'sum(y) = 1'"
    graph = graph_of(CLASSIFIER + f"assume: {other}\n")
    assert graph.assumed != header
    assert not all(holds(draw_point(graph, seed).forward) for seed in range(4))  # type: ignore[operator]


@pytest.mark.parametrize("said", ["'sum(y) = 1'", "one_hot(y)", "probabilities(y)", "[binary(y), 'sum(y) = 1']", "eps > 0"])
def test_sums_of_one_are_used_by_the_textbook_form(said: str) -> None:
    derivation = derivation_of(CLASSIFIER + f"assume: {said}\n")
    assert gradient(derivation, "b1") == "1/m*sum(a1[j] - y[j], i)"
    assert check_gradients(derivation).passed


@pytest.mark.parametrize("said", ["[]", "binary(y)"])
def test_without_a_sum_of_one_it_is_not_used(said: str) -> None:
    derivation = derivation_of(CLASSIFIER + f"assume: {said}\n")
    assert "sum(y[" in gradient(derivation, "b1")
    assert derivation.gradient("b1").assumptions == ()
    assert check_gradients(derivation).passed


def test_entries_with_names_of_their_own() -> None:
    text = "inputs: [x]\nlayers:\n  - dense: [a, b]\n    weights: [[v], [w]]\n    bias: [c, d]\n  - softmax\ntargets: [s, t]\nloss: cross_entropy\nassume: {}\n"
    for said, summed in (("one_hot(s, t)", "one_hot(s, t)"), ("s + t = 1", "s + t = 1")):
        derivation = derivation_of(text.format(said))
        assert derivation.graph.assumed == (summed,)
        assert gradient(derivation, "c") == "1/m*sum(a - s, i)"
        assert check_gradients(derivation).passed


def test_a_symmetric_matrix_is_drawn_so() -> None:
    text = "inputs: {x: n}\nparameters: [W]\nsizes: {W: [n, n]}\nequations:\n  q: sum(sum(W[j,k]*x[j]*x[k], k), j)\n"
    drawn = draw_point(graph_of(text + "assume: symmetric(W)\n"), 0).values["W"]
    assert np.array_equal(drawn, drawn.T)
    free = draw_point(graph_of(text), 0).values["W"]
    assert not np.array_equal(free, free.T)


def test_a_sum_over_the_last_index_of_a_matrix() -> None:
    text = "inputs: {x: [T, n]}\ntargets: {y: [T, q]}\nparameters: [W]\nsizes: {W: [q, n]}\nequations:\n  s[t,c]: sum(W[c,k]*x[t,k], k)\n  L: sum(sum((y[t,c] - s[t,c])^2, c), t)\nassume: 'sum(y[t,c], c) = 1'\n"
    point: Point = draw_point(graph_of(text), 0)
    assert np.allclose(point.values["y"].sum(-1), 1)


def test_what_never_holds_is_said() -> None:
    with pytest.raises(EvaluationError, match="at which z1 > 1000 holds"):
        draw_point(graph_of(CLASSIFIER + "assume: z1 > 1000\n"), 0)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("'sum(y) = 2'", "an assumption of this form: not yet (planned, not built)"),
        ("a1 = 3", "not yet (planned, not built)"),
        ("eps > x", "not yet (planned, not built)"),
        ("binary(a1)", "'a1' is computed, so nothing can be assumed of it"),
        ("one_hot(x, eps)", "one_hot is said of a vector, or of all its entries"),
        ("one_hot(eps)", "one_hot is said of a vector"),
        ("symmetric(epss)", "'epss' is not defined"),
        ("symmetric(W1)", "only a matrix with as many rows as columns can be symmetric"),
        ("zz > 0", "'zz' is not defined"),
        ("positive", "is no assumption: write one as in sum(y) = 1"),
        ("onehott(y)", "is no assumption"),
        ("'sum(y = 1'", "do not match"),
    ],
)
def test_wrong_assumptions(said: str, message: str) -> None:
    (found,) = messages(CLASSIFIER + f"assume: {said}\n")
    assert message in found


def test_a_misspelled_name_shows_the_nearest() -> None:
    for said, near in (("symmetric(epss)", ("eps",)), ("one_hott(y)", ("one_hot",))):
        with pytest.raises(SpecError) as caught:
            graph_of(CLASSIFIER + f"assume: {said}\n")
        assert caught.value.problems[0].nearest == near


# -- names in LaTeX ---------------------------------------------------------------------------------------------------------


def test_names_in_latex() -> None:
    derivation = derivation_of(TWO_HEADS + "loss: half_squared_error(price, y1)\nlatex: {h: 'h^{(1)}', P: '\\hat p', v: '\\mathbf{v}'}\n")
    assert write(derivation, derivation.gradient("v").gradient, "latex") == r"\frac{1}{m}\,\sum_{i=1}^{m} (\hat p - y_{1})\,h^{(1)}"
    assert write(derivation, derivation.gradient("v").gradient) == "1/m*sum((price - y1)*h, i)"


def test_an_array_with_a_latex_name_keeps_its_indices_apart() -> None:
    derivation = derivation_of(CLASSIFIER + "latex: {W1: 'W_1'}\n")
    assert r"{W_1}_{jk}" in write(derivation, derivation.graph.node("W1").ref(), "latex")


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\input{secret}", r"the command '\\input' is not read"),
        (r"\write18{ls}", "is not read"),
        (r"a\\b", "is not read"),
        ("a_1_2", "a second subscript"),
        ("a''^2", "a second superscript"),
        ("{a", "a { is not closed"),
        ("a}b", "a } closes nothing"),
        ("a$b$", "'$' cannot stand here"),
        ("a%b", "'%' cannot stand here"),
        ("a#1", "'#' cannot stand here"),
        ("a_", "something is missing at its end"),
        (r"a_\hat{b}", "needs braces around it"),
        (r"\lamda", "is not read"),
        ("a+b", "'+' cannot stand here without braces around it"),
        ("a^(2)", "'(' cannot stand here without braces"),
        ("x" * 101, "at most 100 characters"),
    ],
)
def test_latex_that_is_not_read(latex: str, message: str) -> None:
    quoted = latex.replace("'", "''")
    (found,) = messages(TWO_HEADS + f"loss: half_squared_error(price, y1)\nlatex: {{h: '{quoted}'}}\n")
    assert message.replace("\\\\", "\\") in found


def test_a_latex_name_is_one_of_the_spec() -> None:
    (found,) = messages(TWO_HEADS + "loss: half_squared_error(price, y1)\nlatex: {g: 'g'}\n")
    assert "'g' is no name of the spec" in found
