"""`evaluate` as a user meets it: the page, narrow and wide, the record, the curve, progress, and everything that is refused."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from backprop_derive.cli import progress
from backprop_derive.cli.main import commands

NET = """title: Two samples
inputs: [x1, x2]
nodes:
  A: {weights: {w1: x1, w2: x2}, activation: tanh, output: p}
targets: y
loss: half_squared_error
values: {w1: 0.5, w2: -0.25}
data: [{x1: 1, x2: 2, y: 0.5}, {x1: -1, x2: 0.5, y: 0}]
learning_rate: 0.1
frozen: w2
"""


def run(*arguments: str, text: str | None = None, width: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(width)}).invoke(commands, ["evaluate", *arguments], input=text)


def record(*arguments: str, text: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "-f", "json", text=text).stdout)
    return found


def section(page: str, title: str) -> list[str]:
    """The lines below a heading, up to the next."""
    lines = page.splitlines()
    start = lines.index(title) + 2
    end = next((at for at in range(start, len(lines) - 1) if set(lines[at + 1]) == {"─"}), len(lines))
    return [line for line in lines[start:end] if line.strip()]


# -- the page -------------------------------------------------------------------------------------------------------------


def test_mazur_is_laid_out_as_one_computes_by_hand() -> None:
    page = run("mazur").stdout
    titles = ["Inputs and targets", "Parameters", "Forward pass", "Backward pass", "Gradients", "Parameters after 1 step"]
    assert [line for line in page.splitlines() if line in titles] == titles
    assert section(page, "Forward pass")[4] == "    net_o1 = w5·out_h1 + w6·out_h2 + b2                         = 1.10591"
    assert "    δ_net_o1   = (out_o1 − target_o1)·out_o1·(1 − out_o1)          = 0.138499" in section(page, "Backward pass")
    assert "    ∂L/∂w5 = δ_net_o1·out_h1       = 0.0821670" in section(page, "Gradients")
    after = section(page, "Parameters after 1 step")
    assert after[0] == "  sgd: w := w - eta*g with g = ∂L/∂w, eta = 0.5"
    assert ["w5", "0.4", "0.358916"] in [line.split() for line in after]
    assert ["b1", "0.35", "0.35", "frozen"] in [line.split() for line in after]
    assert ["L", "0.298371", "0.291028"] in [line.split() for line in after]


def test_digits_are_significant() -> None:
    page = run("mazur", "--digits", "9").stdout
    assert "= 0.000438567734" in page
    assert "0.149780716" in page
    assert "= 0.082\n" in run("mazur", "--digits", "2").stdout


def test_samples_stand_side_by_side_with_the_mean_below() -> None:
    lines = section(run("-", text=NET).stdout, "Forward pass")
    assert lines[0].split() == ["sample", "1", "sample", "2"]
    assert lines[1].split()[0] == "z_A"
    assert lines[-1] == "  C = 1/m Σ_i L = 0.139395"


def test_a_chosen_sample_stands_alone_with_its_formulas() -> None:
    page = run("-", "--sample", "2", text=NET).stdout
    assert "Samples   2; number 2 is shown" in page
    assert "    z_A = w1·x1 + w2·x2   = −0.625" in section(page, "Forward pass")


def test_frozen_weights_are_said_to_be() -> None:
    rows = [line.split() for line in section(run("-", text=NET).stdout, "Parameters after 1 step")]
    assert ["w2", "−0.25", "−0.25", "frozen"] in rows


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for arguments, text in ((["mazur", "--steps", "20"], None), (["-"], NET)):
        page = run(*arguments, text=text, width=width).stdout
        assert max(len(line) for line in page.splitlines()) <= max(width, 24)
        assert "0.35" in page or "0.25" in page


def test_on_a_narrow_terminal_samples_stand_in_panels_and_no_number_is_broken() -> None:
    page = run("-", text=NET, width=22).stdout
    assert "sample 1\n" in page
    assert "sample 2\n" in page
    assert [line.split() for line in page.splitlines() if line.startswith("z_A ")] == [["z_A", "0"], ["z_A", "−0.625"]]


def test_large_arrays_are_summed_up() -> None:
    text = "inputs: 30\nlayers:\n  - dense: 2\nloss: squared_error\nvalues: random\n"
    page = run("-", text=text).stdout
    assert re.search(r"W1 += 2 × 30 numbers from −", page)
    assert len(page.splitlines()) < 60


def test_what_is_drawn_is_said_with_its_seed() -> None:
    text = "inputs: x\nlayers:\n  - dense: [o]\nloss: squared_error\nvalues: {x: 1, y: 2, others: he}\n"
    assert "Drawn   W1, b1: he, from seed 7" in run("-", "--seed", "7", text=text).stdout
    assert run("-", text=text).stdout == run("-", "--seed", "0", text=text).stdout


def test_classes_are_listed() -> None:
    text = "inputs: x\nlayers:\n  - dense: 2\n  - softmax\ntargets: {y: classes}\nloss: cross_entropy\nvalues: {others: he}\ndata: [{x: 1, y: no}, {x: 2, y: yes}]\n"
    assert "Classes   y: 1 = no, 2 = yes" in run("-", text=text).stdout


def test_ascii_where_the_output_has_no_more() -> None:
    command = [sys.executable, "-m", "backprop_derive", "evaluate", "mazur", "--steps", "20"]
    found = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=True)
    assert b"delta_net_o1" in found.stdout
    assert found.stdout.isascii()


# -- the record -----------------------------------------------------------------------------------------------------------


def test_the_record_follows_the_contract() -> None:
    found = record("mazur")
    assert found["format"] == "backprop-derive/1"
    assert found["cost"] == 0.2983711087600027
    assert found["values"]["out_o1"] == pytest.approx(0.7513650695523157, rel=1e-15)
    assert found["values"]["L"] == found["cost"]
    assert found["adjoints"]["out_h1"] == pytest.approx(0.03635030639314468, rel=1e-13)
    assert found["gradients"]["w5"] == pytest.approx(0.08216704056423078, rel=1e-14)
    assert found["updated"]["w5"] == pytest.approx(0.35891647971788465, rel=1e-14)
    assert found["history"] == [found["cost"], pytest.approx(0.29102777369359933)]
    assert list(found["gradients"]) == list(found["updated"]) == ["w1", "w2", "w3", "w4", "b1", "w5", "w6", "w7", "w8", "b2"]


def test_the_record_has_the_sample_in_front_and_arrays_nested() -> None:
    found = record("-", text=NET)
    assert len(found["values"]["p"]) == len(found["adjoints"]["z_A"]) == len(found["adjoints"]["x1"]) == len(found["values"]["L"]) == 2
    assert found["cost"] == pytest.approx(sum(found["values"]["L"]) / 2)
    assert found["samples"] == 2
    text = "inputs: 2\nlayers:\n  - dense: 3\nloss: squared_error\nvalues: random\nseed: 4\n"
    drawn = record("-", text=text)
    assert [len(row) for row in drawn["gradients"]["W1"]] == [2, 2, 2]
    assert (drawn["updated"], drawn["history"], drawn["seed"], drawn["samples"]) == (None, [drawn["cost"]], 4, None)
    assert drawn["drawn"] == ["x", "W1", "b1", "y"]


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_the_history_has_a_cost_more_than_steps(steps: int) -> None:
    found = record("mazur", "--steps", str(steps))
    assert len(found["history"]) == steps + 1
    assert (found["updated"]["w1"] == 0.15) == (steps == 0)
    assert found["gradients"] == record("mazur")["gradients"]


# -- the curve and the bar ------------------------------------------------------------------------------------------------


def test_the_course_of_the_cost_is_listed_and_drawn() -> None:
    page = run("mazur", "--steps", "40").stdout
    assert ["40", f"{record('mazur', '--steps', '40')['history'][-1]:.7f}"] in [line.split() for line in section(page, "Course of the cost")]
    assert "pip install 'backprop_derive[plot]'" in page or "(steps)" in page


def test_the_curve_is_drawn_in_the_terminal() -> None:
    pytest.importorskip("plotille")
    page = run("mazur", "--steps", "40", width=60).stdout
    assert "(cost)" in page
    assert "⡇" in page
    assert max(map(len, page.splitlines())) <= 60


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_the_curve_is_a_picture(tmp_path: Path, suffix: str, start: bytes) -> None:
    pytest.importorskip("matplotlib")
    file = tmp_path / f"curve.{suffix}"
    assert run("mazur", "--steps", "5", "-o", str(file)).exit_code == 0
    assert file.read_bytes().startswith(start)


def test_without_the_plotting_library_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    result = run("mazur", "--steps", "5", "-o", str(tmp_path / "curve.svg"))
    assert result.exit_code != 0
    assert "pip install 'backprop_derive[plot]'" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_steps_has_no_curve(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = run("karpathy_neuron", "-o", str(tmp_path / "curve.svg"))
    assert "there is no curve on this page" in result.stderr


def test_a_bar_comes_after_a_while_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    bar = progress._Bar(10)
    bar.tell(1, 0.5)
    assert bar.progress is not None
    assert bar.progress.tasks[0].completed == 1
    bar.close()
    assert bar.progress.finished is False


def test_a_short_run_shows_no_bar() -> None:
    bar = progress._Bar(10)
    bar.tell(1, 0.5)
    assert bar.progress is None
    bar.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_bar_is_on_stderr_only() -> None:
    leader, follower = pty.openpty()
    code = "from backprop_derive.cli import progress; progress.PATIENCE = 0; from backprop_derive.cli.main import main; main()"
    found = subprocess.run([sys.executable, "-c", code, "evaluate", "mazur", "--steps", "200"], stdout=subprocess.PIPE, stderr=follower, check=True)
    os.close(follower)
    shown = os.read(leader, 100_000)
    assert b"step " in shown
    assert b"of 200" in shown
    assert b"\x1b" not in found.stdout


# -- what is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (["-", "--sample", "3"], NET, "there is no sample 3: the data has 2"),
        (["-", "--sample", "0"], NET, "0 is not in the range x>=1"),
        (["-", "--steps", "-1"], NET, "-1 is not in the range x>=0"),
        (["-", "--steps", "many"], NET, "'many' is no whole number"),
        (["-", "--digits", "18"], NET, "18 is not in the range 1<=x<=17"),
        (["-", "--steps", "2"], NET.replace("learning_rate: 0.1\n", ""), "steps need a learning rate"),
        (["-"], NET.replace("data: ", "data: [] #"), "data is an empty list"),
        (["-"], NET.replace("w1: 0.5, ", ""), "no value is given for w1"),
        (["-"], NET.replace("w1: 0.5", "w1: [1, 2]"), "'w1' takes one number; a list of 2 is given"),
        (["-"], NET.replace("w1: 0.5", "w3: 0.5"), "'w3' is no name of the spec"),
        (["two_hidden_nodes"], None, "no value is given for x1, x2"),
    ],
)
def test_bad_input_is_said_in_a_line(arguments: list[str], text: str | None, message: str) -> None:
    command = [sys.executable, "-m", "backprop_derive", "evaluate", *arguments]
    found = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    assert found.returncode == 2
    assert message in found.stderr
    assert found.stdout == ""
    assert "Traceback" not in found.stderr


def test_an_error_is_json_where_json_was_asked_for() -> None:
    command = [sys.executable, "-m", "backprop_derive", "evaluate", "two_hidden_nodes", "-f", "json"]
    found = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert "no value is given" in json.loads(found.stdout)["error"]["problems"][0]["message"]
