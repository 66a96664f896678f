"""The commands, clause by clause: options, weights, standard input, exit codes, where errors go; and Python's mirror of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from asking import LAYERS, NODE, gradients, problems, record, run

import backprop_derive


@pytest.mark.parametrize("written", ["W1[2,1]", "W1_2_1", "W1.2.1", "w1_21", "W1 [2, 1]"])
def test_the_key_of_an_entry_is_its_name_whatever_was_written(written: str) -> None:
    assert list(gradients(LAYERS, "-w", written)) == ["W1[2,1]"]



@pytest.mark.parametrize("name", ["x", "x[2]", "z1", "a1[3]", "y[1]", "L", "b1"])
def test_any_node_or_input_has_an_adjoint(name: str) -> None:
    assert list(gradients(LAYERS, "-w", name)) == [name]
    assert run("check", "-", "-w", name.partition("[")[0], "--seed", "0", text=LAYERS).exit_code == 0



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


@pytest.mark.parametrize("command", ["derive", "check", "verify", "evaluate", "draw", "list", "new", "schema"])
def test_every_command_is_there(command: str) -> None:
    assert run(command, "--help").exit_code == 0


@pytest.mark.parametrize("what", ["activations", "losses", "layers", "formats", "mistakes", "examples"])
def test_every_list_is_there(what: str) -> None:
    result = run("list", what, "-f", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["format"] == "backprop-derive/1"


@pytest.mark.parametrize("arguments", [("derive", "mazur"), ("check", "mazur"), ("evaluate", "mazur"), ("verify", "two_hidden_nodes", "-w", "v1", "-a", "1"), ("list", "losses")])
def test_a_format_wins_over_the_suffix(arguments: tuple[str, ...], tmp_path: Path) -> None:
    target = tmp_path / "page.txt"
    assert run(*arguments, "-o", str(target), "-f", "json").exit_code in (0, 1)
    assert json.loads(target.read_text(encoding="utf-8"))["format"] == "backprop-derive/1"


@pytest.mark.parametrize("form", ["chain", "backward", "textbook", "closed"])
def test_forms_are_chosen_and_repeated(form: str) -> None:
    assert record("derive", NODE + "loss: mse\n", "--form", form)["gradients"]["w"]["form"] == form
    both = run("derive", "-", "--form", "chain", "--form", form, text=NODE + "loss: mse\n").stdout
    assert "Chain rule" in both


def test_arrays_as_matrices() -> None:
    found = gradients(LAYERS, "--as", "matrix")
    assert found == {
        "W1": "1/m*sum((W2^T@(z2 - y) * (1 - a1^2))@x^T, i)",
        "b1": "1/m*sum(W2^T@(z2 - y) * (1 - a1^2), i)",
        "W2": "1/m*sum((z2 - y)@a1^T, i)",
        "b2": "1/m*sum(z2 - y, i)",
    }


def test_a_record_of_matrices_has_the_names_of_the_spec() -> None:
    message = str(problems(LAYERS, "--as", "matrix", "--notation", "nielsen")[0]["message"])
    assert message.startswith("a record of matrices in another notation: not yet")


def test_arrays_by_index_and_by_elements() -> None:
    assert list(gradients(LAYERS, "--as", "index")) == ["W1", "b1", "W2", "b2"]
    assert len(gradients(LAYERS, "--as", "elements")) == 4 * 12 + 12 + 12 * 3 + 3
    assert list(gradients(LAYERS, "-w", "b2[*]")) == ["b2[1]", "b2[2]", "b2[3]"]
    assert list(gradients(LAYERS, "-w", "W1")) == ["W1"]


def test_an_ambiguous_entry_is_asked_for() -> None:
    text = LAYERS.replace("inputs: 4", "inputs: 20")
    assert list(gradients(text, "-w", "w1_2_11")) == ["W1[2,11]"]
    message = str(problems(text, "-w", "w1_111")[0]["message"])
    assert "W1[1,11]" in message
    assert "W1[11,1]" in message


def test_an_unknown_weight_lists_what_there_is() -> None:
    (problem,) = problems(LAYERS, "-w", "W11")
    assert "the parameters are W1[1..12, 1..4], b1[1..12], W2[1..3, 1..12], b2[1..3]" in str(problem["message"])
    assert "W1" in problem["nearest"]  # type: ignore[operator]


def test_standard_input_is_read_once() -> None:
    result = run("verify", "-", "-", text=NODE + "loss: mse\n")
    assert result.exit_code == 2
    assert "standard input is read once" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check", "-"), 0),
        (("verify", "-", "-w", "w", "-a", "1/m*sum((a - y)*a*(1 - a)*x, i)"), 0),
        (("verify", "-", "-w", "w", "-a", "(y - a)*x"), 1),
        (("verify", "-", "-w", "w", "-a", "(y - a"), 2),
        (("verify", "-", "nowhere.txt"), 2),
        (("derive", "-", "--form", "none"), 2),
        (("derive", "-", "--sample", "0"), 2),
        (("nonsense",), 2),
    ],
)
def test_exit_codes(arguments: tuple[str, ...], code: int) -> None:
    result = run(*arguments, text=NODE + "loss: half_squared_error\n")
    assert result.exit_code == code
    assert "Traceback" not in result.output
    if code == 2 and "-a" not in arguments:
        assert result.stdout == ""
        assert result.stderr


def test_only_a_strict_judgement_fails_for_what_is_close() -> None:
    text = NODE + "loss: half_squared_error\ncost: single\nvalues: {w: 0.5, x: 2, y: 1}\n"
    value = record("evaluate", text)["gradients"]["w"]
    about = f"{value * 1.01:.4f}"
    assert run("verify", "-", "-w", "w", "-a", about, text=text).exit_code == 0
    assert run("verify", "-", "-w", "w", "-a", about, "--strict", text=text).exit_code == 1


def test_ctrl_c_ends_with_130_and_no_traceback() -> None:
    command = [sys.executable, "-c", "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from backprop_derive.cli.main import main; main()", "derive", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for _ in range(100):
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                if _waits_for_input(process.pid):
                    break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in errors


def _waits_for_input(pid: int) -> bool:
    """Whether a process sleeps in reading its standard input."""
    return "pipe_read" in Path(f"/proc/{pid}/wchan").read_text(encoding="utf-8") or "pipe" in Path(f"/proc/{pid}/wchan").read_text(encoding="utf-8")


@pytest.mark.parametrize("colour", [{"NO_COLOR": "1"}, {}, {"FORCE_COLOR": "1"}])
def test_colour_follows_the_environment(colour: dict[str, str]) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "backprop_derive", "check", "two_hidden_nodes"]
    shown = subprocess.run(command, capture_output=True, check=True, env={**kept, **colour, "TERM": "xterm"}).stdout
    assert (b"\x1b[" in shown) is ("FORCE_COLOR" in colour)


def test_a_piped_command_shows_no_progress() -> None:
    text = LAYERS + "values: {others: random}\nlearning_rate: 0.1\n"
    command = [sys.executable, "-m", "backprop_derive", "evaluate", "-", "--steps", "3000"]
    assert subprocess.run(command, input=text.encode(), capture_output=True, check=True).stderr == b""


def test_python_mirrors_the_commands(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NODE + "loss: half_squared_error\ncost: single\nvalues: {w: 1, x: 1, y: 0}\n", encoding="utf-8")
    graph = backprop_derive.build_graph(backprop_derive.load_spec(path))
    derivation = backprop_derive.derive(graph)
    assert backprop_derive.check_gradients(derivation).passed
    assert backprop_derive.evaluate(graph).gradients["w"] > 0
    (claim,) = backprop_derive.verify_answers(graph, "dL/dw = (a - y)*a*(1 - a)*x")
    assert claim.verdict.outcome == "equal"
    assert "\\documentclass" in str(backprop_derive.render(backprop_derive.present(derivation), "latex"))
