"""The language, clause by clause: YAML as people write it, names, formulas; what is said of what is wrong."""

from __future__ import annotations

import pytest
from asking import HEAD, LAYERS, NODE, gradients, page, problems, record, run

from backprop_derive.operations.functions import FUNCTIONS
from backprop_derive.operations.losses import LOSSES


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



def test_letters_of_the_tool_step_aside_and_the_header_says_so() -> None:
    text = "inputs: [C, m, i]\nparameters: [w]\nequations:\n  L: w*C*m*i\n"
    assert gradients(text)["w"] == "1/M*sum(C*m*i, s)"
    page = run("derive", "-", text=text).stdout
    assert "J = 1/M Σ_s L, the mean over M samples" in page
    assert "s = 1..M" in page



def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    text = "inputs: [x1, x2]\nnodes:\n  A: {weights: {w1: x3}, activation: sigmod}\nlos: mse\ncost: meen\nvalues: {w1: inf}\n"
    found = problems(text)
    assert [(each["line"], each["path"]) for each in found] == [
        (3, "nodes.A.weights.w1"), (3, "nodes.A.activation"), (4, "los"), (5, "cost"), (6, "values.w1"),
    ]  # fmt: skip
    assert [each["nearest"] for each in found][1:4] == [["sigmoid"], ["loss"], ["mean"]]


@pytest.mark.parametrize("name", ["y", "n", "on", "no", "yes", "off"])
def test_words_that_yaml_takes_for_booleans_are_names(name: str) -> None:
    assert gradients(f"inputs: x\nparameters: [{name}]\nequations:\n  L: {name}*x\n") == {name: "1/m*sum(x, i)"}


@pytest.mark.parametrize(
    ("written", "value"),
    [("1e-3", 0.001), ("012", 12), ("0.0820", 0.082), ("1/3", 1 / 3), ("sqrt(2)/2", 2**-0.5), ("-2", -2), (".5", 0.5), ("5.", 5), ("2*pi", 6.283185307179586), ("1E2", 100)],
)
def test_a_number_is_what_it_says(written: str, value: float) -> None:
    text = f"inputs: x\nparameters: [w]\nequations:\n  L: w*x\ncost: single\nvalues: {{w: {written}, x: 2}}\n"
    assert record("evaluate", text)["values"]["w"] == value


@pytest.mark.parametrize("written", ["inf", "nan", ".inf", "-.inf", ".nan", "1e999", "w", "1/0", "0x1F", "1_000", "true"])
def test_what_is_no_number_is_refused(written: str) -> None:
    text = f"inputs: x\nparameters: [w]\nequations:\n  L: w*x\ncost: single\nvalues: {{w: '{written}', x: 2}}\n"
    assert [(each["line"], each["path"]) for each in problems(text)] == [(6, "values.w")]


@pytest.mark.parametrize(("written", "right"), [("true", True), ("false", True), ("yes", False), ("on", False)])
def test_booleans_are_true_and_false(written: str, right: bool) -> None:
    text = LAYERS.replace("  - dense: 3\n", f"  - dense: 3\n    bias: {written}\n")
    if written == "false":
        assert "b2" not in gradients(text)
    elif written == "true":
        assert run("derive", "-", text=text).exit_code in (0, 2)
    else:
        assert (written in gradients(text)) is not right  # it is the name of a bias


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inputs: &a x\n", "anchors (&name) are not read"),
        ("inputs: *a\n", "aliases (*name) are not read"),
        ("inputs: !!str x\n", "tags"),
        ("inputs: x\ninputs: x\n", "stands twice"),
        ("<<: {inputs: x}\n", "merge"),
        ("inputs: " + "[" * 101 + "x" + "]" * 101 + "\n", "nested more than 100 deep"),
        ("title: " + "x" * 200_001 + "\n", "200 kB"),
        (NODE + 'latex: {w: "\\frac{1}{2}"}\nloss: mse\n', "single quotes"),
        (HEAD + "  {z[j]: a}\n", ""),
        ("inputs: x\nassume: [sum(y, c) = 1]\n", "quote"),
        ("inputs: x\ntargets: [y[1], y[2]]\n", ""),
    ],
)
def test_what_yaml_may_not_say_has_its_place_and_a_hint(text: str, said: str) -> None:
    found = problems(text)
    assert any(said in str(each["message"]) for each in found), found
    assert all(each["line"] for each in found if "kB" not in str(each["message"]))


@pytest.mark.parametrize(
    ("written", "name"),
    [("y'", "y'"), ("z_1", "z_1"), ("a^(2)", "a^(2)"), ("a_1^(1)", "a_1^(1)"), ("λ", "lambda"), ("ŷ", "yhat"), ("w₁", "w_1"), ("θ̂", "thetahat"), ("σ'", "sigma'"), ("pi", "pi"), ("E", "E"), ("N", "N"), ("beta", "beta"), ("sin", "sin")],
)
def test_names_of_the_spec_are_spelled_out_and_win(written: str, name: str) -> None:
    assert gradients(f"inputs: x\nparameters: [\"{written}\"]\nequations:\n  L: {written}*x^2\n") == {name: "1/m*sum(x^2, i)"}


@pytest.mark.parametrize("written", ["W^(1)[2,1]", "W[2,1]^(1)"])
def test_indices_and_a_label_stand_in_either_order(written: str) -> None:
    assert gradients(f"inputs: {{x: 2}}\nparameters: [W^(1)]\nsizes: {{W^(1): [2, 2]}}\nequations:\n  L: {written}*x[1]\n", "-w", "W^(1)[2,1]")["W^(1)[2,1]"] == "1/m*sum(x[1], i)"


@pytest.mark.parametrize("name", ["none", "null", "true", "false", "2x", "_w", "w-1", "w 1"])
def test_what_is_no_name_is_refused(name: str) -> None:
    assert problems(f"inputs: x\nparameters: ['{name}']\nequations:\n  L: x\n")[0]["path"] == "parameters[0]"


def test_two_things_of_one_name_show_both_places() -> None:
    (problem,) = problems("inputs: [x, a]\nnodes:\n  A: {weights: {w: x}, output: a}\nloss: mse\n")
    assert "an input (inputs[1], line 1, column 13) and the output of a node" in str(problem["message"])


def test_parameters_of_one_name_are_shared_if_their_sizes_agree() -> None:
    text = "inputs: 3\nlayers:\n  - dense: 3\n    weights: W\n  - dense: {}\n    weights: W\nloss: squared_error\n"
    assert list(gradients(text.format(3))) == ["W", "b1", "b2"]
    assert "this layer needs 2 × 3 (to × from), but W is 3 × 3: 'W' is given at layers[0].weights (line 4)" in str(problems(text.format(2))[0]["message"])


CALLS = [row.name for row in FUNCTIONS if row.derivatives and not row.vector and len(row.required) == 1]


@pytest.mark.parametrize("name", CALLS)
def test_every_function_is_called_in_a_formula_and_proved(name: str) -> None:
    text = f"inputs: x\nparameters: [w]\nequations:\n  L: {name}(w^2*x^2 + 0.4)\n"
    assert run("check", "-", "--seed", "1", text=text).exit_code == 0


@pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.name)
def test_every_loss_is_called_in_a_formula(row: object) -> None:
    names = [f"{name}{name}" for name in row.required]  # type: ignore[attr-defined]
    text = f"inputs: {{x: 3}}\nparameters: [w]\ntargets: {{{', '.join(f'{name}: 3' for name in names[1:])}}}\nequations:\n  {names[0]}[j]: sigmoid(w*x[j])\n"
    text += f"  L: {row.name}({', '.join(names)})\n"  # type: ignore[attr-defined]
    assert "w" in gradients(text)


@pytest.mark.parametrize(
    ("line", "gradient"),
    [
        ("L: prod(w + x[k], k)", "1/m*sum(sum(prod(where(k = l, 1, w + x[l]), l), k, 1, 3), i)"),
        ("L: max(w*x[k], k)", None),
        ("L: min(w, 2)", None),
        ("L: f'(w)*x[1]", None),
        ("L: where(w > 2, w^2, 3*w)", "where(w > 2, 2*w, 3)"),
        ("L: where(w >= x[1], w, 0)", None),
        ("L: erf(w) + lgamma(w^2 + 1) + logsumexp(u)*w", None),
        ("L: leaky_relu(w)", None),
        ("L: huber(w*x[1], y, delta=2)", None),
        ("L: sum(u + w)", None),
    ],
)
def test_other_calls(line: str, gradient: str | None) -> None:
    text = (HEAD if "f'" not in line else "functions:\n  f(z): z^3\n" + HEAD) + f"  {line}\n"
    found = gradients(text, "-w", "w")["w"]
    assert gradient is None or found == gradient
    assert run("check", "-", "-w", "w", "--seed", "5", text=text).exit_code == 0


@pytest.mark.parametrize(("line", "slope"), [("relu(w)", 0), ("sign(w)", 0), ("step(w)", 0), ("max(w, v)", 1), ("min(w, v)", 1), ("abs(w)", 0)])
def test_what_is_taken_at_a_kink(line: str, slope: float) -> None:
    text = f"inputs: x\nparameters: [w, v]\nequations:\n  L: x*{line}\ncost: single\nvalues: {{w: 0, v: 0, x: 1}}\n"
    assert record("evaluate", text)["gradients"]["w"] == slope


def test_a_name_in_brackets_of_a_maximum_is_an_index_only_if_the_spec_has_none() -> None:
    assert "where" in gradients("inputs: {x: 3}\nparameters: [w, k]\nequations:\n  L: max(w*x[1], k)\n")["k"]


def test_an_array_with_one_entry_is_written_without_its_index() -> None:
    text = "inputs: 2\nlayers:\n  - dense: 1\nloss: (z1 - y)^2 + b1\nvalues: {W1: [[1, 2]], b1: 0.5, x: [1, 1], y: 3}\ncost: single\n"
    assert record("evaluate", text)["cost"] == 0.75
    assert run("verify", "-", "-w", "b1", "-a", "2*(z1 - y) + 1", text=text).exit_code == 0


def test_the_header_says_which_letters_the_tool_uses() -> None:
    assert "C = 1/m Σ_i L, the mean over m samples" in page(NODE + "loss: mse\n")
    assert "J = 1/M Σ_s L" in page("inputs: [C, m, i]\nparameters: [w]\nequations:\n  L: w*C*m*i\n")
