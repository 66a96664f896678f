"""What a textbook prints, letter by letter."""

from __future__ import annotations

import pytest
from array_networks import ARRAY_NETWORKS
from dense_networks import DENSE_NETWORKS
from engine_networks import NETWORKS
from proving import delta_text, derivation_of, gradient_text, mentioned_functions, writer_of

from backprop_derive import write
from backprop_derive.calculus.words import plain_words
from backprop_derive.numerics.gradcheck import check_gradients

PROFESSOR = """inputs: [x1, x2]
nodes:
  A1: {weights: {w11: x1, w12: x2}, activation: f_A1, output: o1}
  A2: {weights: {w21: x1, w22: x2}, activation: f_A2, output: o2}
  B:  {weights: {v1: A1, v2: A2}, bias: b, activation: f_B, output: y', preactivation: z_B}
targets: y
loss: half_squared_error
cost: single
"""


def dense(*layers: str, loss: str, more: str = "") -> str:
    """A network over a vector x: each layer as `size activation`."""
    rows = "".join("  - dense: " + layer.replace(" ", "\n    activation: ") + "\n" for layer in layers)
    return f"inputs: {{x: n}}\nlayers:\n{rows}loss: {loss}\n{more}"


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        ("w11", "(y' - y)*f_B'(z_B)*v1*f_A1'(z_A1)*x1"),
        ("w22", "(y' - y)*f_B'(z_B)*v2*f_A2'(z_A2)*x2"),
        ("v1", "(y' - y)*f_B'(z_B)*o1"),
        ("b", "(y' - y)*f_B'(z_B)"),
    ],
)
def test_abstract_activations_stay_abstract(weight: str, expected: str) -> None:
    assert gradient_text(PROFESSOR, weight) == expected


def test_a_sigmoid_is_written_by_its_output() -> None:
    spec = PROFESSOR.replace("f_A1", "sigmoid").replace("f_A2", "tanh").replace("f_B", "sigmoid").replace("single", "mean")
    assert gradient_text(spec, "w11") == "1/m*sum((y' - y)*y'*(1 - y')*v1*o1*(1 - o1)*x1, i)"
    assert gradient_text(spec, "w21") == "1/m*sum((y' - y)*y'*(1 - y')*v2*(1 - o2^2)*x1, i)"
    assert delta_text(spec, "z_A1") == "delta_B*v1*o1*(1 - o1)"


@pytest.mark.parametrize("loss", ["1/2*(y - p)^2", "1/2*(p - y)^2", "1/2*(y - p)*(y - p)", "half_squared_error(p, y)"])
def test_both_signs_of_a_difference_give_prediction_minus_target(loss: str) -> None:
    spec = f"inputs: x\nparameters: [w]\ntargets: y\nequations:\n  p: w*x\n  L: {loss}\n"
    assert gradient_text(spec, "w") == "1/m*sum((p - y)*x, i)"


NAMED_UNITS = """inputs: [i1, i2]
layers:
  - dense: [h1, h2]
    activation: tanh
  - dense: [u, v]
    input: i1
  - concat: [h1, u]
  - dense: 2
loss: squared_error
"""


@pytest.mark.parametrize(
    ("weight", "place", "expected"),
    [
        ("W3", (1, 2), ["1/m*sum(dL/dz3[1]*u, i)", "2/m*sum((z3[1] - y[1])*u, i)"]),
        (
            "b2",
            (1,),
            ["1/m*sum(dL/du, i)", "2/m*sum(sum((z3[j] - y[j])*W3[j,2], j), i)", "2/m*sum((z3[1] - y[1])*W3[1,2] + (z3[2] - y[2])*W3[2,2], i)"],
        ),
    ],
)
def test_a_number_stands_in_front_of_the_sum_over_samples_and_no_step_stands_twice(weight: str, place: tuple[int, ...], expected: list[str]) -> None:
    derivation = derivation_of(NAMED_UNITS)
    gradient = derivation.element(weight, place)
    after = [write(derivation, step.after) for step in gradient.steps]
    assert after[-len(expected) :] == expected
    assert len(set(after)) == len(after)
    assert not any("bracket" in plain_words(step.reason) for step in gradient.steps)


def test_the_factors_of_mean_squared_error() -> None:
    assert gradient_text(dense("q", loss="mse"), "W1") == "2/m*sum(1/q*(z1[j] - y[j])*x[k], i)"
    assert gradient_text(dense("2", loss="mse"), "W1") == "1/m*sum((z1[j] - y[j])*x[k], i)"
    assert gradient_text(dense("3", loss="mse"), "b1") == "2/(3*m)*sum(z1[j] - y[j], i)"
    assert gradient_text(DENSE_NETWORKS["straight_line"], "slope") == "2/m*sum((yhat - y)*x, i)"


def test_sigmoid_and_binary_cross_entropy_leave_the_difference() -> None:
    assert gradient_text(dense("1 sigmoid", loss="binary_cross_entropy"), "W1") == "1/m*sum((a1 - y)*x[k], i)"
    assert delta_text(dense("q sigmoid", loss="bce"), "z1") == "a1[j] - y[j]"
    for written in ("sigmoid(z)", "1/(1 + exp(-z))"):
        spec = ARRAY_NETWORKS["logistic_in_equations"].replace("sigmoid(z)", written)
        assert gradient_text(spec, "w") == "1/m*sum((a - y)*x[j], i)"


@pytest.mark.parametrize(("more", "assumed"), [("", "sum(y) = 1"), ("assume: ['sum(y) = 1']\n", "sum(y) = 1"), ("assume: ['one_hot(y)']\n", "one_hot(y)")])
def test_softmax_and_cross_entropy_leave_the_difference_and_say_what_they_assume(more: str, assumed: str) -> None:
    gradient = derivation_of(dense("q softmax", loss="cross_entropy", more=more)).gradient("W1")
    assert gradient_text(dense("q softmax", loss="cross_entropy", more=more), "W1") == "1/m*sum((a1[j] - y[j])*x[k], i)"
    assert gradient.assumptions == (assumed,)


def test_without_the_assumption_the_sum_of_the_targets_stays() -> None:
    spec = dense("q softmax", loss="cross_entropy", more="assume: []\n")
    assert gradient_text(spec, "W1") == "1/m*sum((a1[j]*sum(y[l], l) - y[j])*x[k], i)"
    assert derivation_of(spec).gradient("W1").assumptions == ()
    spelled_out = ARRAY_NETWORKS["softmax_spelled_out"]
    assert delta_text(spelled_out, "s") == "p[c]*sum(y[d], d) - y[c]"
    assert delta_text(spelled_out + "assume: ['sum(y) = 1']\n", "s") == "p[c] - y[c]"


def test_what_needs_no_assumption_states_none() -> None:
    assert derivation_of(dense("q sigmoid", loss="mse", more="assume: ['sum(y) = 1']\n")).gradient("W1").assumptions == ()


def test_softmax_cross_entropy_of_scores() -> None:
    assert gradient_text(dense("q", loss="softmax_cross_entropy"), "W1") == "1/m*sum((softmax(z1[e], e, j) - y[j])*x[k], i)"
    assert gradient_text(dense("q", loss="softmax_cross_entropy", more="assume: []\n"), "b1") == "1/m*sum(softmax(z1[e], e, j)*sum(y[c], c) - y[j], i)"
    assert gradient_text(DENSE_NETWORKS["softmax_of_named_units"], "w3") == "(p2 - y2)*x1"


def test_a_second_layer_reads_the_weights_backwards() -> None:
    spec = dense("h relu", "q", loss="half_squared_error")
    assert delta_text(spec, "z1") == "step(z1[j])*sum(delta2[k]*W2[k,j], k)"
    assert gradient_text(spec, "W2") == "1/m*sum((z2[j] - y[j])*a1[k], i)"


def test_the_adjoint_of_attention_scores() -> None:
    spec = ARRAY_NETWORKS["attention"]
    assert delta_text(spec, "S") == "P[t,s]*(sum(bar_O[t,a]*v[s,a], a) - sum(P[t,u]*sum(bar_O[t,a]*v[u,a], a), u))"
    assert delta_text(spec, "q") == "1/sqrt(d)*sum(delta_S[t,s]*k[s,a], s)"


@pytest.mark.parametrize(
    ("name", "weight", "expected"),
    [
        ("diamond", "w", "2/m*sum((c - y)*(2*b*u + a*cos(u) + 1)*x, i)"),
        ("skip_connection", "w", "1/m*sum((o - y)*(v + 1)*(1 - h^2)*x, i)"),
        ("weight_and_bias_shared", "b", "1/m*sum((a_O - y)*f'(z_O)*(w*(1 - a_H^2) + 1), i)"),
        ("penalty", "w", "1/m*sum((s - y)*x[j], i) + c*w[j]"),
        ("hinge", "w", "-1/m*sum(where(1 - y*s > 0, 1, 0)*y*x[j], i)"),
        ("trace_of_a_square", "W", "1/m*sum(2*u*W[k,j] + where(j = k, 3*W[j,j]^2, 0), s)"),
        ("matrix_square", "A", "2*u*(sum(B[j,l]*A[k,l], l) + sum(B[i,k]*A[i,j], i))"),
        ("tied_autoencoder", "W", "1/m*sum((1 - a[j]^2)*x[k]*sum((r[l] - x[l])*W[j,l], l) + (r[k] - x[k])*a[j], i)"),
        ("loss_at_two_places", "w", "1/m*sum((where(j = 2, 2*z[2], 0) + where(j = n, 1, 0))*x[j], i)"),
        ("log_sum_exp", "W2", "(exp(s[j])/sum(exp(s[c]), c) - y[j])*a[k]"),
        ("product_over_an_index", "w", "2/m*sum((P - 1)*prod(where(j = k, 1, w[k]*x[k]), k)*x[j], i)"),
        ("own_activation", "v", "2*sum((a_B - y)*snake'(z_B)*a_A, i)"),
        ("elman_network", "U", "1/m*sum(sum(delta_s[t,j]*h[t - 1,k], t), i)"),
    ],
)
def test_a_gradient_reads_as_in_a_book(name: str, weight: str, expected: str) -> None:
    assert gradient_text(NETWORKS[name], weight) == expected


@pytest.mark.parametrize(
    ("name", "node", "expected"),
    [
        ("diamond", "u", "2*bar_a*u + bar_b*cos(u) + bar_c"),
        ("power_with_a_parameter", "u", "1/u + 2*u"),
        ("gaussian_log_variance", "sigma2", "1/2*sum(1/sigma2 - (y - mu)^2/sigma2^2, i)"),
        ("prelu", "z", "bar_a[k]*where(z[k] > 0, 1, alpha)"),
        ("elman_network", "s", "(where(t < T, sum(delta_s[t + 1,k]*U[k,j], k), 0) + bar_o[t]*v[j])*(1 - h[t,j]^2)"),
        ("layer_norm", "mu", "-r*sum(bar_xh[k], k)"),
        ("entropy_of_attention", "S", "P[t,s]*(sum((log(P[t,u]) + 1)*P[t,u], u) - log(P[t,s]) - 1)"),
    ],
)
def test_a_line_of_the_backward_pass_reads_as_in_a_book(name: str, node: str, expected: str) -> None:
    assert delta_text(NETWORKS[name], node) == expected


BY_ROW = {"relu": {"step"}, "softplus": {"sigmoid"}, "swish2": {"sigmoid"}, "sin": {"cos"}, "max": {"argmax"}, "min": {"argmax"}}


@pytest.mark.parametrize("name", NETWORKS)
def test_no_function_appears_that_neither_the_network_nor_its_row_mentions(name: str) -> None:
    derivation = derivation_of(NETWORKS[name])
    written = {function for node in derivation.graph.nodes for piece in node.pieces for function in mentioned_functions(piece.definition)}
    allowed = written.union({"sum"}, *(BY_ROW.get(function, set()) for function in written))
    allowed |= {"softmax"} if "softmax_cross_entropy" in NETWORKS[name] else {"log"} if name == "power_with_a_parameter" else set()
    for parameter in derivation.graph.parameters:
        assert mentioned_functions(derivation.gradient(parameter).gradient) <= allowed


def test_like_products_are_one_term_and_nothing_is_expanded() -> None:
    spec = "inputs: x\nparameters: [w]\nequations:\n  a: w*x\n  L: a*a*(a + 1)\ncost: single\n"
    written = gradient_text(spec, "w")
    assert written == "(2*a*(a + 1) + a^2)*x"
    assert writer_of(derivation_of(spec)).write(derivation_of(spec).closed("w")) == "(2*w*x*(w*x + 1) + (w*x)^2)*x"


def test_entries_of_one_target_array_are_told_apart() -> None:
    """Named units against a target that is an array: y[1] alone is not the sum of all y."""
    spec = "inputs: [x1, x2]\nlayers:\n  - dense: [o1, o2]\n    activation: softmax\nloss: cross_entropy\n"
    assert delta_text(spec, "z_o1") == "o1 - y[1]"
    assert delta_text(spec, "z_o2") == "o2 - y[2]"
    assert check_gradients(derivation_of(spec), seeds=(0,)).passed
