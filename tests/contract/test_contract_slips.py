"""Slips that are no mistakes: what a spec may say in more than one way."""

from __future__ import annotations

import pytest
from asking import gradients, problems, run


@pytest.mark.parametrize("power", ["e^(w*x)", "exp(w*x)", "e**(w*x)"])
def test_e_to_a_power_is_the_exponential(power: str) -> None:
    text = f"inputs: x\nparameters: w\nequations:\n  a: {power}\n  L: a^2\n"
    assert gradients(text)["w"] == "2/m*sum(a^2*x, i)"
    assert run("check", "-", text=text).exit_code == 0


def test_e_of_the_spec_is_no_exponential() -> None:
    assert gradients("inputs: x\nparameters: e\nequations:\n  L: e^2*x\n")["e"] == "2/m*sum(e*x, i)"


def test_a_bias_that_is_true_is_the_default() -> None:
    text = "inputs: 2\nlayers:\n  - dense: 2\n    bias: true\nloss: mse\n"
    assert gradients(text) == gradients(text.replace("    bias: true\n", ""))


@pytest.mark.parametrize(
    ("call", "hint"),
    [("norm(x)", "sqrt(sum(e^2))"), ("mean(x)", "sum(e)/n"), ("dot(x, x)", "a@b"), ("Σ(x)", "sum(e)"), ("pow(w, 2)", "a^b"), ("heaviside(w)", "step(z)"), ("σ(w)", "sigmoid(z)")],
)
def test_functions_of_other_languages_are_told_how_they_are_written_here(call: str, hint: str) -> None:
    (problem,) = problems(f"inputs: {{x: 3}}\nparameters: w\nequations:\n  L: w*{call}\n")
    assert hint in str(problem["message"])
    assert problem["path"] == "equations.L"


@pytest.mark.parametrize("line", ["sum(x)^2", "(sum(x))^2", "sum (x)"])
def test_where_a_sum_ends_is_plain(line: str) -> None:
    assert gradients(f"inputs: {{x: 3}}\nparameters: w\nequations:\n  L: w*{line}\n")["w"]
    (problem,) = problems("inputs: {x: 3}\nparameters: w\nequations:\n  L: w*sum (x)^2\n")
    assert "can be read in two ways" in str(problem["message"])
