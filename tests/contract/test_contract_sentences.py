"""Sentences of the language that stand alone: what wins where two readings are possible, what a default is, what is counted how."""

from __future__ import annotations

import pytest
from asking import LAYERS, NODE, gradients, page, problems, record, run

NODES = "inputs: [x1, x2]\nnodes:\n  H: {weights: {w1: x1, w2: x2}, activation: tanh, output: h}\n  P: {weights: {v: H}, output: price}\n  K: {weights: {u: H}, activation: sigmoid, output: kind}\n"


# -- formulas ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("relation", "at", "slope"), [("<", 1, 2), ("<", 2, 5), ("<=", 2, 2), (">", 3, 2), (">", 2, 5), (">=", 2, 2), ("=", 2, 2), ("=", 3, 5), ("!=", 3, 2), ("!=", 2, 5)])
def test_comparisons_stand_in_where(relation: str, at: int, slope: int) -> None:
    text = f"inputs: x\nparameters: w\nequations:\n  L: where(x {relation} 2, 2*w, 5*w)\ncost: single\nvalues: {{w: 1, x: {at}}}\n"
    assert record("evaluate", text)["gradients"]["w"] == slope


@pytest.mark.parametrize(
    ("line", "gradient"),
    [
        ("sum(w*k*x[k], k, 2, 3)", "1/m*sum(sum(k*x[k], k, 2, 3), i)"),
        ("lgamma(w)", "digamma(w)"),
        ("prelu(w, x[1])", "1/m*sum(where(w > 0, 1, x[1]), i)"),
        ("softmax(w*x[k], k, 2)", "1/m*sum(L*(x[2] - sum(softmax(w*x[l], l, k)*x[k], k)), i)"),
        ("sum(k*log_softmax(w*x[k], k), k)", None),
        ("min(w*x[k], k)", None),
        ("x^T@u*w", "1/m*sum(sum(x[j]*u[j], j), i)"),
        ("sum((u/2 + exp(x))*x)*w", None),
        ("((w))*x[1]^(-1)", "1/m*sum(1/x[1], i)"),
        ("-w^2*x[1]", "-2/m*sum(w*x[1], i)"),
        ("2^w", None),
        ("w/2/x[1]", None),
    ],
)
def test_calls_and_operators(line: str, gradient: str | None) -> None:
    text = f"inputs: {{x: 3}}\nparameters: w\nconstants: {{u: 3}}\nequations:\n  L: {line}\n"
    assert gradient is None or gradients(text)["w"] == gradient
    assert run("check", "-", "--seed", "2", text=text).exit_code == 0


@pytest.mark.parametrize("name", ["e", "S", "N", "E", "pi", "beta", "max", "sum_1", "log", "softmax", "C", "m", "i"])
def test_a_name_of_the_spec_wins(name: str) -> None:
    samples, index = "M" if name == "m" else "m", "s" if name == "i" else "i"
    assert gradients(f"inputs: x\nparameters: {name}\nequations:\n  a: 3*{name}\n  L: a*x\n") == {name: f"3/{samples}*sum(x, {index})"}


def test_a_raised_bracket_is_a_label_only_if_a_name_has_it() -> None:
    text = "inputs: x\nparameters: [a]\nequations:\n  L: a^(2)*x\n"
    assert gradients(text) == {"a": "2/m*sum(a*x, i)"}
    assert gradients(text.replace("[a]", "[a, a^(2)]"))["a^(2)"] == "1/m*sum(x, i)"


# -- what wins, what is a default ---------------------------------------------------------------------------------------


def test_the_title_stands_above_the_page() -> None:
    assert run("derive", "-", text=NODE + "loss: mse\ntitle: My net\n").stdout.splitlines()[:2] == ["My net", "══════"]


def test_an_equation_called_like_a_loss_of_the_table_is_the_loss() -> None:
    assert gradients("inputs: x\nparameters: w\nequations:\n  mse: w*x\n  b: mse + 1\nloss: mse\n")["w"] == "1/m*sum(x, i)"


def test_without_a_loss_it_is_the_last_equation_or_the_output() -> None:
    assert gradients("inputs: x\nparameters: w\nequations:\n  a: w*x\n  b: a^2\n")["w"] == "2/m*sum(a*x, i)"
    assert gradients(NODE)["w"] == "1/m*sum(a*(1 - a)*x, i)"


def test_outputs_are_what_nothing_reads_in_their_order() -> None:
    assert gradients(NODES + "targets: [y1, y2]\nloss: half_squared_error\ncost: single\n")["v"] == "(price - y1)*h"
    turned = NODES + "targets: [y1, y2]\noutputs: [kind, price]\nloss: half_squared_error\ncost: single\n"
    assert gradients(turned)["v"] == "(price - y2)*h"


@pytest.mark.parametrize(("cost", "front"), [("mean", "1/m*"), ("sum", ""), ("single", None)])
def test_a_penalty_is_added_once_whatever_the_cost(cost: str, front: str | None) -> None:
    text = f"inputs: x\nparameters: w\nequations:\n  L: w^2*x\ncost: {cost}\nregularization: {{l2: lambda, of: all}}\n"
    of_loss = "2*w*x" if front is None else {"1/m*": "2/m*sum(w*x, i)", "": "2*sum(w*x, i)"}[front]
    assert gradients(text)["w"] == f"{of_loss} + lambda*w"


def test_weights_that_are_penalised_are_no_biases_and_no_gains() -> None:
    text = "inputs: 2\nlayers:\n  - dense: 3\n  - layer_norm\n  - dense: 1\nloss: half_squared_error\nregularization: {l2: lambda}\n"
    found = gradients(text)
    assert {name for name, gradient in found.items() if "lambda" in gradient} == {name for name in found if name.startswith("W")}
    assert len(found) > 4


def test_data_carries_the_sample_index_and_parameters_and_constants_never_do() -> None:
    found = page("inputs: [x]\ntargets: y\nparameters: w\nconstants: [c]\nequations:\n  p: w*c*x\n  L: (p - y)^2\n", "--sample-index")
    assert "Σ_i (p[i] − y[i])·c·x[i]" in found
    assert "w[i]" not in found
    assert "c[i]" not in found


@pytest.mark.parametrize("text", [LAYERS, NODE + "loss: mse\n"])
def test_parameters_are_allowed_in_every_style(text: str) -> None:
    name = next(iter(gradients(text)))
    assert gradients(f"parameters: [{name}]\n{text}") == gradients(text)
    assert "is no parameter of the network" in str(problems(f"parameters: [q]\n{text}")[0]["message"])


@pytest.mark.parametrize("data", ["[{x: 1, y: 1}, {x: 2, y: 3}]", "[{x: 1, y: cat}, {x: 2, y: dog}]"])
def test_a_class_is_a_number_or_a_label(data: str) -> None:
    outputs = 3 if "3" in data else 2
    text = f"inputs: x\nlayers:\n  - dense: {outputs}\n  - softmax\nloss: cross_entropy\ntargets: {{y: classes}}\nvalues: random\ndata: {data}\n"
    one, other = record("evaluate", text)["values"]["y"]
    assert (one[0], other[-1], sum(one), sum(other)) == (1, 1, 1, 1)


# -- layers -------------------------------------------------------------------------------------------------------------


def test_layers_are_counted_through_a_residual() -> None:
    text = "inputs: 3\nlayers:\n  - dense: 3\n    activation: tanh\n  - residual:\n    - dense: 4\n      activation: tanh\n    - dense: 3\n  - dense: 2\nloss: mse\n"
    assert list(gradients(text)) == ["W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4"]


def test_yhat_is_the_output_and_never_a_key() -> None:
    assert gradients(LAYERS, "-w", "yhat") == gradients(LAYERS, "-w", "z2")
    assert gradients(LAYERS.replace("half_squared_error", "half_squared_error(yhat, y)\ntargets: {y: 3}")) == gradients(LAYERS)
    assert "yhat" not in str(record("derive", LAYERS))


@pytest.mark.parametrize("written", ["activation: softmax", "softmax"])
def test_a_softmax_behind_a_layer_is_its_activation(written: str) -> None:
    text = "inputs: 2\nlayers:\n  - dense: 3\n  - {}\nloss: cross_entropy\n"
    found = {each["name"]: each["text"] for each in record("derive", text.format(written))["forward"]}
    assert list(found) == ["z1", "a1", "L"]
    assert gradients(text.format(written)) == gradients("inputs: 2\nlayers:\n  - dense: 3\n    activation: softmax\nloss: cross_entropy\n")


def test_units_and_weights_with_names_have_no_default_names() -> None:
    text = "inputs: [i1, i2]\nlayers:\n  - dense: [h1, h2]\n    activation: tanh\n  - dense: [o]\n    weights: [[v1, v2]]\n    bias: none\nloss: mse\n"
    names = {each["name"] for each in record("derive", text)["forward"]}
    assert {"z_h1", "h1", "z_h2", "h2"} <= names
    assert not names & {"z1", "a1", "z2", "a2"}
    assert "v1" in gradients(text)
    assert "W2" not in gradients(text)


def test_a_layer_with_a_name_gives_it_to_all_it_makes() -> None:
    text = "inputs: 2\nlayers:\n  - dense: 3\n    name: enc\n    activation: tanh\n  - dense: 1\nloss: mse\n"
    assert list(gradients(text)) == ["W_enc", "b_enc", "W2", "b2"]
    assert [each["name"] for each in record("derive", text)["forward"]][:2] == ["z_enc", "enc"]


@pytest.mark.parametrize(("option", "columns"), [("", 4), ("    input: v\n", 3), ("    input: [v, u]\n", 4), ("    input: u\n", 1)])
def test_what_a_layer_reads(option: str, columns: int) -> None:
    text = f"inputs: {{u: 1, v: 3}}\nlayers:\n  - dense: 2\n{option}loss: mse\n"
    assert record("derive", text)["gradients"]["W1"]["indices"][1][1] == str(columns)


def test_a_single_unit_keeps_its_axis() -> None:
    text = LAYERS.replace("dense: 3", "dense: 1")
    assert list(gradients(text, "-w", "W2[1,2]")) == ["W2[1,2]"]
    assert gradients(text, "-w", "b2") == {"b2": gradients(text, "-w", "b2[1]")["b2[1]"]}


# -- nodes and equations ------------------------------------------------------------------------------------------------


def test_a_node_is_called_after_its_key() -> None:
    found = record("derive", "inputs: x\nnodes:\n  A1: {weights: {w: x}, activation: f_A}\n  B: {weights: {v: A1}}\nloss: mse\n")
    assert [each["name"] for each in found["forward"]] == ["z_A1", "a_A1", "z_B", "L"]


def test_two_biases_of_one_name_are_shared() -> None:
    text = "inputs: x\nnodes:\n  A: {weights: {w: x}, bias: b, output: p}\n  B: {weights: {v: x}, bias: b, output: q}\ntargets: [s, t]\nloss: half_squared_error\ncost: single\n"
    assert gradients(text)["b"] == "p - s + q - t"


def test_scalar_equations_need_no_sizes_and_stand_in_any_order() -> None:
    assert gradients("inputs: x\nparameters: [w, b]\nequations:\n  L: (p - 1)^2\n  p: w*x + b\nloss: L\n")["b"] == "2/m*sum(p - 1, i)"


def test_an_index_without_a_length_needs_one_under_sizes() -> None:
    text = "inputs: x\nparameters: w\n{}equations:\n  z[j]: w*x*j\n  L: sum(z[j]^2, j)\n"
    assert "`sizes: {z: [n]}`" in str(problems(text.format(""))[0]["message"])
    assert gradients(text.format("sizes: {z: [3]}\n"))["w"]


def test_entries_outside_the_range_have_equations_of_their_own() -> None:
    text = "inputs: {x: [T]}\nparameters: [w, h0]\nequations:\n  h[0]: h0\n  h[t]: w*h[t-1] + x[t]\n  L: h[T]\ncost: single\nsizes: {T: 2}\n"
    assert record("evaluate", text + "values: {w: 3, h0: 5, x: [1, 2]}\n")["gradients"] == {"w": 31, "h0": 9}
    assert "h[0]" in str(problems(text.replace("  h[0]: h0\n", ""))[0]["message"])


def test_first_and_last_entries_may_have_equations_of_their_own() -> None:
    text = "inputs: {x: [T]}\nparameters: w\nsizes: {T: 4}\nequations:\n  h[1]: x[1]\n  h[2]: x[2]*w\n  h[t]: w*h[t-1] + h[t-2]*x[t]\n  L: sum(h[t], t)\n"
    assert gradients(text)["w"] == "1/m*sum(bar_h[2]*x[2] + sum(bar_h[t]*h[t - 1], t, 3, T), i)"
    assert run("check", "-", text=text).exit_code == 0
    given = "cost: single\nvalues: {w: 2, x: [1, 2, 3, 4]}\n"
    assert record("evaluate", text + given)["gradients"] == {"w": 13 + 4 * 2 + 6 * 2**2}  # h = 1, 2w, 2w² + 3, 2w³ + 11w
    (problem,) = problems(text.replace("h[2]:", "h[3]:").replace("h[t-2]*x[t]", "x[t]"))
    assert problem["message"] == "'h[3]' stands inside h[1..T], which has an equation: single entries have their own at the ends only"


def test_of_an_abstract_function_nothing_is_assumed() -> None:
    text = NODE.replace("sigmoid", "snake") + "functions: {snake: abstract}\nloss: half_squared_error\ncost: single\n"
    assert gradients(text)["w"] == "(a - y)*snake'(z_A)*x"
    assert run("check", "-", text=text).exit_code == 0


def test_the_derivative_of_a_function_of_ones_own_is_found() -> None:
    text = NODE.replace("sigmoid", "swish2") + "functions:\n  swish2(z): z*sigmoid(z)\nloss: half_squared_error\ncost: single\n"
    assert "swish2'" in gradients(text)["w"] or "sigmoid" in gradients(text)["w"]
    assert run("check", "-", text=text).exit_code == 0
    given = "values: {w: 0.5, x: 2, y: 0}\n"
    assert record("evaluate", text + given)["gradients"]["w"] == pytest.approx(record("evaluate", NODE.replace("sigmoid", "silu") + f"loss: half_squared_error\ncost: single\n{given}")["gradients"]["w"], rel=1e-14)
