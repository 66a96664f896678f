"""Sentences of the reference, one row each: what a spec, a weight or a command may say, and what is said of what it may not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backprop_derive.cli.main import commands
from backprop_derive.operations.layers import PLANNED

HEAD = "inputs: {x: 3}\nparameters: [w, u]\nsizes: {u: [3]}\ntargets: y\nequations:\n"
NODE = "inputs: x\nnodes:\n  A: {weights: {w: x}, activation: sigmoid, output: a}\ntargets: y\n"
LAYERS = "inputs: 4\nlayers:\n  - dense: 12\n    activation: tanh\n  - dense: 3\nloss: half_squared_error\n"


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(commands, list(arguments), input=text)


def gradients(text: str, *arguments: str) -> dict[str, str]:
    """The textbook form of each gradient, as JSON has it."""
    result = run("derive", "-", "-f", "json", *arguments, text=text)
    assert result.exit_code == 0, result.output
    return {name: each["gradient"]["text"] for name, each in json.loads(result.stdout)["gradients"].items()}


def problems(text: str, *arguments: str) -> list[dict[str, object]]:
    """What is wrong, as JSON has it on stdout; the exit code is 2."""
    result = run("derive", "-", "-f", "json", *arguments, text=text)
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["format"] == "backprop-derive/1"
    assert list(found["error"]) == ["kind", "problems"]
    for each in found["error"]["problems"]:
        assert list(each) == ["message", "file", "line", "column", "path", "nearest"]
    return list(found["error"]["problems"])


@pytest.mark.parametrize(
    ("line", "name", "gradient"),
    [
        ("L: 1e-3*(w*x[1] - 012*y)^2", "w", "0.002/m*sum((w*x[1] - 12*y)*x[1], i)"),
        ("L: sqrt(2)/2*w*x[1]", "w", None),
        ("L: a^(2)*x[1]", "a", "2/m*sum(a*x[1], i)"),
        ("L: (ŵ*x[1])", "what", "1/m*sum(x[1], i)"),
        ("L: λ*x[1]", "lambda", "1/m*sum(x[1], i)"),
        ("L: e*x[1]", "e", "1/m*sum(x[1], i)"),
        ("L: sum(u[k]*x[k], k)", "u", "1/m*sum(x[j], i)"),
        ("L: sum(u[k]*x[k], k, 1, 2)", "u", None),
        ("L: max(w, y)", "w", "1/m*sum(where(w >= y, 1, 0), i)"),
        ("L: relu(w)", "w", "step(w)"),
        ("L: abs(w)", "w", "sign(w)"),
        ("L: log(w)", "w", "1/w"),
        ("L: ln(w)", "w", "1/w"),
        ("L: log10(w)", "w", None),
        ("L: leaky_relu(w, slope=0.2)", "w", "where(w > 0, 1, 0.2)"),
        ("L: u@x", "u", "1/m*sum(x[j], i)"),
        ("L: sum(u*x)", "u", "1/m*sum(x[j], i)"),
        ("L: u^T@x", "u", "1/m*sum(x[j], i)"),
        ("L: w**2", "w", "2*w"),
    ],
)
def test_a_formula_is_read(line: str, name: str, gradient: str | None) -> None:
    given = {"a": "a", "what": "ŵ", "lambda": "λ", "e": "e"}.get(name)
    text = HEAD.replace("[w, u]", f"[w, u, {given}]" if given else "[w, u]") + f"  {line}\n"
    found = gradients(text, "-w", name)[name]
    assert gradient is None or found == gradient
    assert run("check", "-", "-w", name, "--seed", "3", text=text).exit_code == 0


@pytest.mark.parametrize(
    ("line", "said", "nearest"),
    [
        ("L: wx*2", "'wx' is not defined", ["w", "x"]),
        ("L: 2w", "a product needs *", []),
        ("L: foo(w)", "'foo' is not a function that is known here", None),
        ("L: sigmod(w)", "'sigmod' is not a function that is known here", ["sigmoid"]),
        ("L: w + inf", "'inf' is not defined", None),
        ("L: w^2^3", "a second ^ needs brackets", []),
        ("L: w > 0", "a comparison stands only in the first place of where(…)", []),
        ("L: where(w, 1, 2)", "the first argument of where(…) is a comparison", []),
        ("L: exp(w, 2)", "exp takes 1 argument (z); 2 given", []),
        ("L: x[4]*w", "x[4] is read here, but x has the entries x[1..3]", []),
        ("L: x[1,2]*w", "'x' takes one index; 2 given", []),
        ("L: x@w", "@ multiplies arrays, and this is a number", None),
        ("L: x", "not a single number", None),
        ("L: huber(w, y, dleta=2)", "huber has no option 'dleta'", ["delta"]),
        ("L: __import__('os')", "'_' has no meaning in a formula", []),
        ("L: w.real", "'.' has no meaning in a formula", []),
    ],
)
def test_a_formula_is_refused(line: str, said: str, nearest: list[str] | None) -> None:
    found = [each for each in problems(HEAD + f"  {line}\n") if said in str(each["message"])]
    assert len(found) == 1
    assert nearest is None or found[0]["nearest"] == nearest


@pytest.mark.parametrize("kind", PLANNED)
@pytest.mark.parametrize("written", ["  - {kind}\n", "  - {kind}: 3\n"])
def test_a_planned_layer_says_so_by_name(kind: str, written: str) -> None:
    (problem,) = problems("inputs: 4\nlayers:\n  - dense: 3\n" + written.format(kind=kind) + "  - dense: 1\nloss: mse\n")
    assert problem["message"] == f"the layer {kind!r}: not yet (planned, not built)"
    assert problem["line"] == 4


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


@pytest.mark.parametrize("written", ["W1[2,1]", "W1_2_1", "W1.2.1", "w1_21", "W1 [2, 1]"])
def test_the_key_of_an_entry_is_its_name_whatever_was_written(written: str) -> None:
    assert list(gradients(LAYERS, "-w", written)) == ["W1[2,1]"]


@pytest.mark.parametrize("name", ["x", "x[2]", "z1", "a1[3]", "y[1]", "L", "b1"])
def test_any_node_or_input_has_an_adjoint(name: str) -> None:
    assert list(gradients(LAYERS, "-w", name)) == [name]
    assert run("check", "-", "-w", name.partition("[")[0], "--seed", "0", text=LAYERS).exit_code == 0


def test_letters_of_the_tool_step_aside_and_the_header_says_so() -> None:
    text = "inputs: [C, m, i]\nparameters: [w]\nequations:\n  L: w*C*m*i\n"
    assert gradients(text)["w"] == "1/M*sum(C*m*i, s)"
    page = run("derive", "-", text=text).stdout
    assert "J = 1/M Σ_s L, the mean over M samples" in page
    assert "s = 1..M" in page


def test_a_file_of_the_name_of_an_example_wins_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = run("derive", "mazur", "-f", "json")
    Path("mazur.yaml").write_text(NODE + "loss: mse\n", encoding="utf-8")
    own = run("derive", "mazur", "-f", "json")
    assert list(json.loads(own.stdout)["gradients"]) == ["w"] != list(json.loads(shipped.stdout)["gradients"])
    assert own.stderr == "note: mazur.yaml of the working folder is used, not the shipped example of that name\n"


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (["derive", "mazr"], "spec", "there is no such file and no such example"),
        (["derive", "mazur", "-w", "w99"], "usage", "there is no 'w99' in this network"),
        (["derive", "mazur", "--form", "foo"], "usage", "'foo' is not one of"),
        (["check", "nope.yaml"], "spec", "there is no such file"),
        (["list", "foo"], "usage", "there is no list of 'foo'"),
        (["derive"], "usage", "Missing argument 'SPEC'"),
    ],
)
def test_an_error_is_json_on_stdout_where_json_was_asked(arguments: list[str], kind: str, said: str) -> None:
    result = run(*arguments, "-f", "json")
    assert (result.exit_code, result.stderr) == (2, "")
    error = json.loads(result.stdout)["error"]
    assert error["kind"] == kind
    assert said in error["problems"][0]["message"]
    plain = run(*arguments)
    assert (plain.exit_code, plain.stdout) == (2, "")
    assert said in plain.stderr


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    text = "inputs: [x1, x2]\nnodes:\n  A: {weights: {w1: x3}, activation: sigmod}\nlos: mse\ncost: meen\nvalues: {w1: inf}\n"
    found = problems(text)
    assert [(each["line"], each["path"]) for each in found] == [
        (3, "nodes.A.weights.w1"), (3, "nodes.A.activation"), (4, "los"), (5, "cost"), (6, "values.w1"),
    ]  # fmt: skip
    assert [each["nearest"] for each in found][1:4] == [["sigmoid"], ["loss"], ["mean"]]
