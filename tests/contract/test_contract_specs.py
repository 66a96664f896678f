"""The keys of a spec, clause by clause: the three styles, inputs, targets, losses, costs, penalties, values."""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import LAYERS, NODE, gradients, page, problems, record, run

from backprop_derive.operations.layers import LAYERS as KINDS

NAMED = "dense activation softmax residual concat dropout batch_norm layer_norm rms_norm group_norm conv1d conv2d max_pool avg_pool flatten embedding rnn lstm gru attention glu swiglu"


def test_the_kinds_of_layer_are_those_that_the_contract_names() -> None:
    assert sorted(KINDS) == sorted(NAMED.split())


@pytest.mark.parametrize(
    ("loss", "gradient"),
    [
        ("a", "1/m*sum(a*(1 - a)*x, i)"),
        ("A", "1/m*sum(a*(1 - a)*x, i)"),
        ("half_squared_error", "1/m*sum((a - y)*a*(1 - a)*x, i)"),
        ("half_squared_error(a, y)", "1/m*sum((a - y)*a*(1 - a)*x, i)"),
        ("(a - y)^4", "4/m*sum((a - y)^3*a*(1 - a)*x, i)"),
        ("{quantile: {tau: 1/4}}", None),
        ("half_squared_error(a, y) + 0.5*mae(a, y)", None),
    ],
)
def test_a_loss_is_looked_up_in_three_ways(loss: str, gradient: str | None) -> None:
    assert gradients(NODE + f"loss: {loss}\n")["w"] == (gradient or gradients(NODE + f"loss: {loss}\n")["w"])
    assert run("check", "-", "--seed", "0", text=NODE + f"loss: {loss}\n").exit_code == 0



@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("inputs: 2\nlayers:\n  - dense: 3\n  - softmax\nloss: softmax_cross_entropy\n", "softmax_cross_entropy applies softmax itself"),
        ("inputs: 2\nlayers:\n  - dense: 1\n    activation: sigmoid\nloss: bce_with_logits\n", "bce_with_logits applies sigmoid itself"),
        (NODE.replace("sigmoid", "sigma") + "loss: mse\n", "write sigmoid for the logistic"),
    ],
)
def test_what_is_often_meant_otherwise_is_noted(text: str, note: str) -> None:
    assert note in " ".join(run("derive", "-", text=text).stdout.split())



@pytest.mark.parametrize("activation", ["sigmoid", "Sigmoid", "LOGISTIC", "log-sigmoid", "LogSigmoid", "Leaky_ReLU", "linear", "none", "swish", "f", "g2", "f_A1", "phi_h", "θ", "F'"])
def test_an_activation_is_known_or_abstract(activation: str) -> None:
    assert gradients(NODE.replace("sigmoid", f'"{activation}"') + "loss: mse\n")["w"]



@pytest.mark.parametrize(("activation", "nearest"), [("snake", None), ("ff", None), ("sigmod", "sigmoid"), ("relux", "relu")])
def test_an_unknown_activation_is_no_abstract_one(activation: str, nearest: str | None) -> None:
    (problem,) = problems(NODE.replace("sigmoid", activation) + "loss: mse\n")
    assert f"`functions: {{{activation}: abstract}}`" in str(problem["message"])
    assert nearest is None or nearest in problem["nearest"]  # type: ignore[operator]


@pytest.mark.parametrize("style", ["layers", "nodes", "equations"])
def test_exactly_one_style(style: str) -> None:
    bodies = {"layers": "layers: [dense: 1]\n", "nodes": "nodes:\n  A: {weights: {w: x}}\n", "equations": "parameters: w\nequations:\n  L: w*x\n"}
    assert problems("inputs: x\nloss: mse\n")[0]["message"]
    for other in set(bodies) - {style}:
        assert any("one of" in str(each["message"]) for each in problems("inputs: x\nloss: mse\n" + bodies[style] + bodies[other]))


@pytest.mark.parametrize(
    ("inputs", "shapes"),
    [("x", ""), ("[x1, x2]", ""), ("2", "x: 2"), ("{x: 2}", "x: 2"), ("{x: n}", "x: n"), ("{x: [n, d]}", "x: n × d"), ("{x: 2, s: []}", "x: 2")],
)
def test_inputs_as_they_are_written(inputs: str, shapes: str) -> None:
    names = {"[x1, x2]": "x1*x2", "{x: 2, s: []}": "s*sum(x)", "x": "x"}.get(inputs, "sum(x)")
    found = page(f"inputs: {inputs}\nparameters: w\nequations:\n  L: w*{names}\n")
    assert (f"Shapes {shapes}" in found) if shapes else "Shapes" not in found


@pytest.mark.parametrize(("targets", "shape"), [("", "y: 3"), ("targets: t\n", "t: 3"), ("targets: {t: 3}\n", "t: 3"), ("targets: {y: classes}\n", "y: 3")])
def test_targets_as_they_are_written(targets: str, shape: str) -> None:
    assert shape in page(LAYERS + targets)


def test_a_constant_has_a_gradient_only_where_it_is_asked_for() -> None:
    text = "inputs: x\nparameters: w\nconstants: {c: [], h0: [2]}\nequations:\n  L: w*x*c*sum(h0)\n"
    assert list(gradients(text)) == ["w"]
    assert gradients(text, "-w", "c") == {"c": "1/m*sum(w*x*sum(h0[k], k), i)"}


@pytest.mark.parametrize(("cost", "front"), [("mean", "1/m*sum((a - y)*a*(1 - a)*x, i)"), ("sum", "sum((a - y)*a*(1 - a)*x, i)"), ("single", "(a - y)*a*(1 - a)*x")])
def test_costs(cost: str, front: str) -> None:
    assert gradients(NODE + f"loss: half_squared_error\ncost: {cost}\n")["w"] == front


@pytest.mark.parametrize(
    ("written", "more"),
    [("{l2: lambda}", " + lambda*w"), ("{l1: 0.1}", " + 0.1*sign(w)"), ("{l2: 2, l1: 3}", " + 3*sign(w) + 2*w"), ("{l2: lambda/m, of: all}", " + lambda/m*w"), ("{l2: 1, of: [w]}", " + w")],
)
def test_a_penalty_is_added_once_after_the_mean(written: str, more: str) -> None:
    assert gradients(NODE + f"loss: half_squared_error\nregularization: {written}\n")["w"] in (
        "1/m*sum((a - y)*a*(1 - a)*x, i)" + more,
        "1/m*sum((a - y)*a*(1 - a)*x, i)" + " + 2*w + 3*sign(w)",
    )


def test_a_penalty_of_equations_says_what_it_is_of() -> None:
    text = "inputs: x\nparameters: w\nequations:\n  L: w*x\nregularization: {l2: 1}\n"
    assert problems(text)[0]["path"] == "regularization"
    assert gradients(text.replace("l2: 1", "l2: 1, of: all"))["w"] == "1/m*sum(x, i) + w"


def test_sizes_have_values_too() -> None:
    text = "inputs: {x: n}\nparameters: w\nequations:\n  L: w*sum(x)\nvalues: {n: 3, w: 2, x: [1, 2, 3]}\ncost: single\n"
    assert record("evaluate", text)["cost"] == 12


@pytest.mark.parametrize("written", ["random", "xavier", "he", "{w: 1, others: random}"])
def test_values_are_drawn(written: str) -> None:
    first, again, other = (record("evaluate", NODE + f"loss: mse\nvalues: {written}\nseed: {seed}\n") for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("columns", ["x1,x2,y", "x_1,x_2,y", "x[1],x[2],y"])
def test_data_may_be_a_file_beside_the_spec(tmp_path: Path, columns: str) -> None:
    (tmp_path / "points.csv").write_text(f"{columns}\n1,2,3\n4,5,6\n", encoding="utf-8")
    spec = tmp_path / "net.yaml"
    spec.write_text("inputs: 2\nlayers:\n  - dense: 1\n    weights: w\nloss: mse\nvalues: {w: [[1, 1]], b1: 0}\ndata: points.csv\n", encoding="utf-8")
    result = run("evaluate", str(spec), "-f", "json")
    assert result.exit_code == 0, result.output
    assert '"cost": 4.5' in result.stdout


def test_what_is_frozen_is_differentiated_and_not_updated() -> None:
    text = NODE.replace("activation", "bias: b, activation") + "loss: mse\nvalues: {w: 1, b: 0, x: 1, y: 0}\nlearning_rate: 0.5\nfrozen: b\ncost: single\n"
    found = record("evaluate", text)
    assert found["gradients"]["b"] != 0
    assert found["updated"]["b"] == 0 != found["updated"]["w"]


@pytest.mark.parametrize("optimizer", ["sgd", "{adam: {beta1: 0.9}}", "adam"])
def test_an_optimizer_needs_a_learning_rate(optimizer: str) -> None:
    text = NODE + f"loss: mse\nvalues: {{w: 1, x: 1, y: 0}}\noptimizer: {optimizer}\n"
    assert "learning_rate" in str(problems(text)[0]["message"])
    assert record("evaluate", text + "learning_rate: 0.1\n")["updated"]["w"] != 1


def test_a_name_in_latex() -> None:
    found = record("derive", NODE + "loss: mse\nlatex: {a: 'o_1'}\n")
    assert "o_1" in found["gradients"]["w"]["gradient"]["latex"]


def test_a_parameter_that_the_loss_does_not_reach_has_gradient_0_with_a_note() -> None:
    text = "inputs: x\nparameters: [w, v]\nequations:\n  L: w*x\n"
    assert gradients(text)["v"] == "0"
    assert "Note: L does not depend on v, so its gradient is 0." in page(text)


# -- layers, nodes, equations ---------------------------------------------------------------------------------------------------------


def test_default_names_of_layers() -> None:
    found = record("derive", LAYERS)
    assert [each["name"] for each in found["forward"]] == ["z1", "a1", "z2", "L"]
    assert list(found["gradients"]) == ["W1", "b1", "W2", "b2"]


def test_layers_are_counted_depth_first_through_a_residual() -> None:
    text = "inputs: 2\nlayers:\n  - dense: 2\n  - residual:\n    - dense: 2\n    - dense: 2\n  - dense: 1\nloss: mse\n"
    assert [name for name in gradients(text) if name.startswith("W")] == ["W1", "W2", "W3", "W4"]


def test_named_units_have_no_default_names() -> None:
    found = record("derive", "inputs: 2\nlayers:\n  - dense: [h1]\n    activation: tanh\nloss: mse\n")
    assert [each["name"] for each in found["forward"]] == ["z_h1", "h1", "L"]


def test_a_name_gives_its_names() -> None:
    found = record("derive", "inputs: 2\nlayers:\n  - dense: 3\n    name: enc\n    activation: tanh\n  - dense: 1\n    input: enc\nloss: mse\n")
    assert [each["name"] for each in found["forward"]][:2] == ["z_enc", "enc"]
    assert list(found["gradients"])[:2] == ["W_enc", "b_enc"]


@pytest.mark.parametrize(("key", "kept"), [("weights: [[1, 2], [3, 4]]", "values"), ("bias: 0.5", "values"), ("bias: [1, 2]", "values")])
def test_numbers_are_pointed_at_values(key: str, kept: str) -> None:
    (problem, *_) = problems(f"inputs: 2\nlayers:\n  - dense: 2\n    {key}\nloss: mse\n")
    assert kept in str(problem["message"])


@pytest.mark.parametrize(
    ("bias", "parameters"), [("{shared: b}", ["W1", "b"]), ("c", ["W1", "c"]), ("[ba, bb]", ["W1", "ba", "bb"]), ("false", ["W1"]), ("none", ["W1"])]
)
def test_biases(bias: str, parameters: list[str]) -> None:
    assert list(gradients(f"inputs: 2\nlayers:\n  - dense: 2\n    bias: {bias}\nloss: mse\n")) == parameters


def test_a_branch_that_nothing_reads_is_an_error() -> None:
    text = "inputs: {x: 2}\nlayers:\n  - dense: 2\n    name: a\n  - dense: 2\n    input: x\nloss: mse\n"
    assert "nothing reads" in str(problems(text)[0]["message"])


def test_sources_of_nodes_are_keys_or_outputs() -> None:
    text = "inputs: x\nnodes:\n  A: {weights: {w: x}, output: a}\n  B: {weights: {v: %s}, output: p}\nloss: half_squared_error\n"
    assert gradients(text % "A") == gradients(text % "a")
    assert gradients(text.replace("output: a", "activation: tanh") % "A")["v"] == "1/m*sum((p - y)*a_A, i)"


def test_a_weight_in_two_places_is_one() -> None:
    text = "inputs: [x1, x2]\nnodes:\n  B: {weights: {w: [x1, x2]}, output: p}\nloss: half_squared_error\n"
    assert gradients(text) == {"w": "1/m*sum((p - y)*(x1 + x2), i)"}


def test_equations_stand_in_any_order_and_need_parameters() -> None:
    text = "inputs: x\nparameters: w\nequations:\n  L: a^2\n  a: w*x\nloss: L\n"
    assert gradients(text)["w"] == "2/m*sum(a*x, i)"
    assert "parameters" in str(problems(text.replace("parameters: w\n", ""))[0]["message"])


def test_a_cycle_is_an_error_and_a_recurrence_is_none() -> None:
    assert "a cycle" in str(problems("inputs: x\nparameters: w\nequations:\n  a: w*b\n  b: a*x\n  L: a\n")[0]["message"])
    assert gradients("inputs: {x: T}\nparameters: w\nequations:\n  h[t]: w*h[t-1] + x[t]\n  h[0]: 0\n  L: h[T]\n")


def test_a_place_that_no_equation_gives_is_an_error_that_names_it() -> None:
    assert "h[0]" in str(problems("inputs: {x: T}\nparameters: w\nequations:\n  h[t]: w*h[t-1] + x[t]\n  L: h[T]\n")[0]["message"])


def test_the_axes_of_an_index_agree() -> None:
    text = "inputs: {x: 3}\nparameters: u\nsizes: {u: 2}\nequations:\n  L: sum(u[k]*x[k], k)\n"
    assert "runs over axes of different lengths: 2 (u) and 3 (x)" in str(problems(text)[0]["message"])


def test_index_letters_are_no_names() -> None:
    assert "so it cannot be an index" in str(problems("inputs: {x: 3}\nparameters: k\nequations:\n  L: sum(k*x[k], k)\n")[0]["message"])
