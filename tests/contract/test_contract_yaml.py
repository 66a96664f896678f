"""YAML as people write it: odd ways that are right, and the flow style's traps with the hint that gets one out of them."""

from __future__ import annotations

import pytest
from asking import gradients, problems

SPEC = "inputs: x\ntargets: y\nparameters: w\nequations:\n  L: (w*x - y)^2\n"
FORMULA = "(w*x - y)^2"


@pytest.mark.parametrize(
    "text",
    [
        SPEC.replace("\n", "\r\n"),
        SPEC.replace("\n", "\r"),
        SPEC.replace("\n", "\n\n"),
        SPEC.replace("\n", "   \n"),
        SPEC.replace("\n", "\t\n"),
        SPEC.replace("inputs: x", "inputs:\tx\t# what is given"),
        SPEC.replace("inputs: x", "inputs: 'x'\t# what is given"),
        SPEC.replace("inputs: x", "? inputs\n: x"),
        SPEC.replace("inputs: x", "inputs:\n- x"),
        SPEC.replace("inputs: x", "'inputs': \"x\""),
        SPEC.replace(FORMULA, f"'{FORMULA}'"),
        SPEC.replace(FORMULA, f'"{FORMULA}"'),
        SPEC.replace(FORMULA, f"|\n    {FORMULA}"),
        SPEC.replace(FORMULA, f"|-\n    {FORMULA}"),
        SPEC.replace(FORMULA, ">\n    (w*x\n    - y)^2"),
        SPEC.replace(FORMULA, "(w*x\n     - y)^2"),
        SPEC.replace(FORMULA, "(w·x − y)²"),
        SPEC.replace(FORMULA, "(w*x - y)**2"),
        f"---\n{SPEC}...\n",
        f"\ufeff{SPEC}",
        SPEC.rstrip("\n"),
        '{"inputs": "x", "targets": "y", "parameters": ["w"], "equations": {"L": "(w*x - y)^2"}}',
    ],
)
def test_odd_ways_of_writing_say_the_same(text: str) -> None:
    assert gradients(text) == {"w": "2/m*sum((w*x - y)*x, i)"}


OWN_LINE = "brackets and commas have a meaning of their own inside […] and {…}: write it on a line of its own, or quote it"


@pytest.mark.parametrize(
    ("line", "column", "path"),
    [
        ("functions: {f(z, c): 1}", 13, "functions.f(z"),
        ("targets: [y[1], y[2]]", 12, None),
        ("latex: {z[j]: a}", 10, None),
        ("values: {W1[2,1]: 3}", 12, None),
        ("frozen: [W1[2,1]]", 12, None),
        ("assume: [sum(y, c) = 1]", 10, "assume[0]"),
        ("loss: {mse(yhat, y)}", 8, "loss.mse(yhat"),
        ("outputs: [f(a, b)]", 11, "outputs[0]"),
    ],
)
def test_a_trap_of_the_flow_style_has_one_message_with_the_way_out(line: str, column: int, path: str | None) -> None:
    (problem,) = problems(f"inputs: x\n{line}\nlayers: [dense: 1]\n{'' if line.startswith('loss') else 'loss: mse'}\n")
    assert (problem["line"], problem["column"], problem["path"]) == (2, column, path)
    assert str(problem["message"]).removeprefix("a bracket is open in this entry; ") == OWN_LINE


@pytest.mark.parametrize("equations", ["{z[j]: w*x[j], L: sum(z)}", "{L: sum(w*x[k], k)}"])
def test_equations_in_flow_style_are_sent_to_lines_of_their_own(equations: str) -> None:
    (problem,) = problems(f"inputs: {{x: 3}}\nparameters: w\nequations: {equations}\n")
    assert str(problem["message"]).removeprefix("a bracket is open in this entry; ") == OWN_LINE


@pytest.mark.parametrize("line", ["  z[j]: tanh(w*x[j])", "  'z[j]': 'tanh(w*x[j])'"])
def test_the_way_out_is_one(line: str) -> None:
    assert gradients(f"inputs: {{x: 3}}\nparameters: w\nequations:\n{line}\n  L: sum(z[j], j)\n")


def test_round_brackets_of_a_shape_are_told_to_be_square() -> None:
    (problem,) = problems("inputs: {x: 2}\nparameters: W\nsizes: {W: (3, 2)}\nequations:\n  L: sum(W@x)\n")
    assert problem["path"] == "sizes.W"
    assert "a list stands in square brackets, [3, 2]" in str(problem["message"])
