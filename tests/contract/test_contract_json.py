"""The records, key by key."""

from __future__ import annotations

import json

from asking import LAYERS, NODE, record, run

ONE = NODE + "loss: half_squared_error\nvalues: {w: 0.1, x: 3, y: 0.7}\n"
DATA = "inputs: 2\nlayers:\n  - dense: 3\n    activation: tanh\n  - dense: 2\nloss: mse\nvalues: {others: random}\ndata: [{x: [1, 2], y: [0, 1]}, {x: [3, 1], y: [1, 1]}, {x: [0, 1], y: [1, 2]}]\n"


def test_derive() -> None:
    found = record("derive", LAYERS)
    assert list(found) == ["format", "cost", "samples", "forward", "backward", "deltas", "gradients", "assumptions"]
    assert found["cost"] == {"text": "1/m*sum(L, i)", "latex": r"\frac{1}{m}\,\sum_{i=1}^{m} L"}
    assert found["samples"] == "m"
    assert [list(each) for each in found["forward"]] == [["name", "indices", "text", "latex"]] * 4
    assert found["backward"] == ["delta2", "delta1"]
    assert list(found["deltas"]["delta1"]) == ["of", "text", "latex"]
    assert found["deltas"]["delta1"]["of"] == "z1"
    gradient = found["gradients"]["W1"]
    assert set(gradient) == {"expansion", "gradient", "form", "indices", "steps", "assumptions"}
    assert set(gradient["expansion"]) == set(gradient["gradient"]) == {"text", "latex"}
    assert gradient["expansion"]["text"] == "1/m*sum(dL/dz1[j]*dz1[j]/dW1[j,k], i)"
    assert gradient["form"] == "textbook"
    assert gradient["indices"] == [["j", "12"], ["k", "4"]]
    for step in gradient["steps"]:
        assert list(step) == ["rule", "reason", "before", "after"]
        assert set(step["before"]) == set(step["after"]) == {"text", "latex"}
    assert record("derive", LAYERS, "--form", "backward")["gradients"]["W1"]["gradient"]["text"] == "1/m*sum(delta1[j]*x[k], i)"


def test_one_entry_has_its_sums_written_out_and_no_indices() -> None:
    found = record("derive", LAYERS, "-w", "W1[2,1]")["gradients"]
    assert list(found) == ["W1[2,1]"]
    assert "indices" not in found["W1[2,1]"]
    assert found["W1[2,1]"]["gradient"]["text"] == (
        "1/m*sum((1 - a1[2]^2)*x[1]*((z2[1] - y[1])*W2[1,2] + (z2[2] - y[2])*W2[2,2] + (z2[3] - y[3])*W2[3,2]), i)"
    )


def test_names_of_adjoints() -> None:
    found = record("derive", "inputs: x\nparameters: w\nequations:\n  v: w*x\n  u: v^2\n  L: u^3 + v\n")
    assert {name: each["of"] for name, each in found["deltas"].items()} == {"bar_u": "u", "bar_v": "v"}
    named = record("derive", "inputs: x\nnodes:\n  B: {weights: {w: x}, activation: tanh}\nloss: mse\n")
    assert named["deltas"]["delta_B"]["of"] == "z_B"


def test_evaluate() -> None:
    found = record("evaluate", ONE)
    assert set(found) >= {"format", "cost", "values", "adjoints", "gradients", "updated", "history"}
    assert found["updated"] is None
    assert set(found["values"]) == {"x", "w", "y", "z_A", "a", "L"}
    assert set(found["adjoints"]) >= {"x", "y", "z_A", "a"}
    assert found["gradients"] == {"w": found["adjoints"]["z_A"] * 3}
    assert repr(found["values"]["z_A"]) == "0.30000000000000004"


def test_steps_are_counted_from_the_start() -> None:
    one, three = (record("evaluate", ONE + "learning_rate: 0.5\n", *more) for more in ((), ("--steps", "3")))
    assert [len(each["history"]) for each in (one, three)] == [2, 4]
    assert one["gradients"] == three["gradients"]
    assert one["updated"] != three["updated"]
    assert one["updated"]["w"] == 0.1 - 0.5 * one["gradients"]["w"]


def test_with_data_the_first_axis_is_the_sample() -> None:
    found = record("evaluate", DATA)
    assert len(found["values"]["a1"]) == len(found["adjoints"]["z1"]) == len(found["values"]["L"]) == 3
    assert [len(row) for row in found["gradients"]["W1"]] == [2, 2, 2]
    total = [sum(sample[unit] for sample in found["adjoints"]["z1"]) for unit in range(3)]
    assert all(abs(one - other) < 1e-15 for one, other in zip(total, found["gradients"]["b1"], strict=True))


def test_check() -> None:
    found = record("check", LAYERS.replace("tanh", "relu"), "--seed", "3")
    assert set(found) >= {"format", "passed", "parameters", "references", "kinks", "seeds", "power"}
    assert found["passed"] is True
    assert found["references"] == ["complex-step", "richardson"]
    assert found["seeds"] == [3]
    assert set(found["power"]) == {"planted", "caught", "survivors"}
    assert found["power"]["planted"] == found["power"]["caught"] > 0
    assert len(found["kinks"]) == 1
    for each in found["parameters"].values():
        assert set(each) == {"symbolic", "reference", "relative_error", "error_estimate", "passed", "entry"}
    assert len(found["parameters"]["W1"]["entry"]) == 2


def test_an_error_of_zero_where_both_are_zero() -> None:
    found = record("check", "inputs: x\nparameters: [w, v]\nequations:\n  L: w*x\n")["parameters"]["v"]
    assert (found["symbolic"], found["reference"], found["relative_error"], found["passed"]) == (0, 0, 0, True)


def test_numbers_that_are_not_finite_are_strings() -> None:
    result = run("check", "-", "-f", "json", text="inputs: x\nparameters: w\nequations:\n  L: relu(w*x)\n")
    kinks = json.loads(result.stdout)["kinks"]
    assert all(isinstance(each["nearest"], float | str) for each in kinks)
    assert "Infinity" not in result.stdout
    assert "NaN" not in result.stdout


def test_verify() -> None:
    result = run("verify", "-", "-w", "w", "-a", "(y - a)*a*(1 - a)*x", "-f", "json", text=ONE)
    found = json.loads(result.stdout)
    assert found["format"] == "backprop-derive/1"
    assert found["correct"] is False
    (claim,) = found["claims"]
    assert set(claim) >= {"where", "text", "read_as", "verdict", "certainty", "follows", "consistent_with", "mistakes", "correction", "counterexample", "assumptions"}
    assert claim["verdict"] == "different"
    assert claim["certainty"] in ("proved", "sampled")
    assert set(claim["read_as"]) == set(claim["correction"]) == {"text", "latex"}
    assert set(claim["mistakes"][0]) == {"kind", "explanation", "factor"}
    assert claim["mistakes"][0]["kind"] == "sign"


def test_correct_is_null_where_nothing_is_wrong_and_not_all_is_right() -> None:
    answers = ("1/m*sum((a - y)*a*(1 - a)*x, i)", "(a - y")
    right, unreadable = (json.loads(run("verify", "-", "-w", "w", "-a", answer, "-f", "json", text=ONE).stdout) for answer in answers)
    assert right["correct"] is True
    assert unreadable["correct"] is None


def test_hints_leave_out_what_the_screen_leaves_out() -> None:
    arguments = ("verify", "-", "-w", "w", "-a", "(y - a)*a*(1 - a)*x", "-f", "json", "--hint")
    nothing, line, factor, everything = (json.loads(run(*arguments, str(hint), text=ONE).stdout) for hint in range(4))
    assert (nothing["correct"], nothing["claims"]) == (False, [])
    assert line["claims"][0].get("correction") is None
    assert not line["claims"][0].get("mistakes")
    assert factor["claims"][0].get("correction") is None
    assert everything["claims"][0]["correction"]["text"]
