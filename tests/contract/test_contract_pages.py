"""What is printed, clause by clause: δ without the cost's 1/m, the sample index, text in the language of specs."""

from __future__ import annotations

import json

import pytest
from asking import LAYERS, NODE, page, record, run

COUPLED = "inputs: {x: 3}\nparameters: w\nequations:\n  z: w*sum(x)\n  p: tanh(z)\n  L: p^2\n"


def test_a_delta_is_that_of_the_losses_and_the_cost_stays_in_front() -> None:
    found = record("derive", NODE + "loss: half_squared_error\nregularization: {l2: 0.5}\n")
    assert found["deltas"]["delta_A"]["text"] == "(a - y)*a*(1 - a)"
    assert "∂C/∂w = 1/m Σ_i δ_A·x + ½w" in page(NODE + "loss: half_squared_error\nregularization: {l2: 0.5}\n")


def test_a_delta_of_one_sample_is_that_of_its_loss() -> None:
    assert record("derive", NODE + "loss: mse\ncost: single\n")["deltas"]["delta_A"]["text"] == "2*(a - y)*a*(1 - a)"


def test_the_sample_index_is_printed_once_and_that_is_said() -> None:
    found = page(LAYERS)
    assert "i = 1..m; the index i is left off the names in the sum over i" in found
    assert "∂C/∂W2[j,k] = 1/m Σ_i δ2[j]·a1[k]" in found
    assert "[i," not in found


def test_the_sample_index_is_written_where_that_is_asked_for() -> None:
    found = page(LAYERS, "--sample-index")
    assert "i = 1..m Layout" in found
    assert "∂C/∂W2[j,k] = 1/m Σ_i δ2[i,j]·a1[i,k]" in found
    bishop = page(LAYERS, "--sample-index", "--notation", "bishop")
    assert "E_n[n]" not in bishop
    assert "Σ_n δ⁽²⁾[n,k]" in bishop
    assert record("derive", LAYERS, "--sample-index") == record("derive", LAYERS)


def test_text_is_ascii_with_the_names_of_the_spec() -> None:
    text = "inputs: x\nparameters: [ω]\nequations:\n  μ': ω*x\n  L: tanh(μ')^2\n"
    found = json.dumps(record("derive", text)["gradients"])
    assert found.isascii()
    assert "tanh(mu')" in found


@pytest.mark.parametrize("text", [LAYERS, NODE + "loss: binary_cross_entropy\nregularization: {l1: 0.1}\n", COUPLED, NODE.replace("sigmoid", "f_A") + "loss: huber\n"])
@pytest.mark.parametrize("form", ["chain", "backward", "textbook", "closed"])
def test_verify_reads_every_text_back_and_judges_it_equal(text: str, form: str) -> None:
    found = record("derive", text, "--form", form)
    pairs = [part for name, each in found["gradients"].items() for part in ("-w", name, "-a", each["gradient"]["text"])]
    result = run("verify", "-", *pairs, "-f", "json", text=text)
    claims = json.loads(result.stdout)["claims"]
    assert [each["verdict"] for each in claims] == ["equal"] * len(found["gradients"])
    assert result.exit_code == 0


ONE_OUTPUT = "inputs: {x: n}\nlayers:\n  - dense: 3\n    activation: tanh\n  - dense: 1\nloss: squared_error\nregularization: {l2: 0.1}\n"


def test_what_has_one_entry_prints_as_a_scalar_and_no_sum_has_one_term() -> None:
    found = record("derive", ONE_OUTPUT)
    assert {each["name"]: each["text"] for each in found["forward"]} == {
        "z1": "sum(W1[j,k]*x[k], k) + b1[j]",
        "a1": "tanh(z1[j])",
        "z2": "sum(W2[1,k]*a1[k], k) + b2",
        "R": "0.05*(sum(sum(W1[j,k]^2, k), j) + sum(W2[1,k]^2, k))",
        "L": "(y - z2)^2",
    }
    assert {name: each["text"] for name, each in found["deltas"].items()} == {"delta2": "2*(z2 - y)", "delta1": "delta2*W2[1,j]*(1 - a1[j]^2)"}
    assert found["gradients"]["W2"]["gradient"]["text"] == "2/m*sum((z2 - y)*a1[k], i) + 0.1*W2[1,k]"
    assert found["gradients"]["W2"]["indices"] == [["j", "1"], ["k", "3"]]
    assert found["gradients"]["b2"]["gradient"]["text"] == "2/m*sum(z2 - y, i)"
    assert found["gradients"]["W1"]["gradient"]["text"] == "2/m*sum((z2 - y)*W2[1,j]*(1 - a1[j]^2)*x[k], i) + 0.1*W1[j,k]"
    assert "(z^{(2)} - y)" in found["gradients"]["W2"]["gradient"]["latex"]
    assert run("check", "-", text=ONE_OUTPUT).exit_code == 0


@pytest.mark.parametrize("form", ["chain", "backward", "textbook"])
def test_what_has_one_entry_is_read_back(form: str) -> None:
    found = record("derive", ONE_OUTPUT, "--form", form)
    for style in ("text", "latex"):
        pairs = [part for name, each in found["gradients"].items() for part in ("-w", name, "-a", each["gradient"][style])]
        result = run("verify", "-", *pairs, "-f", "json", text=ONE_OUTPUT)
        assert {each["verdict"] for each in json.loads(result.stdout)["claims"]} == {"equal"}, result.stdout
