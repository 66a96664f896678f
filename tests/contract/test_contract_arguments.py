"""What is wrong with arguments, said once: what there is instead, the exit code, and where it is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from asking import NODE, run
from click.testing import CliRunner

from backprop_derive.cli import progress
from backprop_derive.cli.main import commands

NET = NODE + "loss: half_squared_error\n"
RIGHT, WRONG = "1/m*sum((a - y)*a*(1 - a)*x, i)", "(y - a)*x"


@pytest.mark.parametrize("command", ["derive", "check", "draw"])
def test_an_unknown_weight_lists_what_there_is(command: str) -> None:
    result = run(command, "-", "-w", "v", text=NET)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "backprop-derive: there is no 'v' in this network; the parameters are w; there are also x, z_A, a, y, L\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("derive", "-", "-w", "w[1]"), "w is a single number: write it without an index"),
        (("derive", "-", "--digits", "many"), "'many' is no whole number"),
        (("derive", "-", "--digits", "0"), "0 is not in the range 1<=x<=15"),
        (("derive", "-", "--sample", "2"), "the spec gives no numbers"),
        (("derive", "-", "--notation", "bishopp"), "there is no notation 'bishopp'; there are default, nielsen, bishop"),
        (("derive", "-", "-f", "word"), "there is no format 'word'; there are terminal, text, json, latex"),
        (("derive", "-", "-o", "page.word"), "the suffix of 'page.word' names no format; known are .txt, .json, .tex"),
        (("derive", "-", "-o", "nowhere/page.tex"), "there is no folder nowhere"),
        (("derive", "-", "--detail", "all"), "'all' is not one of 'brief', 'steps', 'full'"),
        (("derive", "-", "--as", "vectors"), "'vectors' is not one of 'elements', 'index', 'matrix'"),
        (("derive", "-", "--forms", "chain"), "No such option '--forms'"),
        (("derive", "-", "--fragment"), "--fragment is an option of latex"),
        (("derive", "-", "-w"), "Option '-w' requires an argument"),
        (("derivee", "-"), "there is no command 'derivee'; there are derive, check, verify, evaluate, draw, list, new, schema (did you mean derive?)"),
        (("evaluate", "-"), "no value is given for x, w, y"),
        (("evaluate", "-", "--steps", "-1"), "-1 is not in the range x>=0"),
        (("check", "-", "--seed", "one"), "'one' is no whole number"),
        (("verify", "-", "-w", "w"), "there is nothing to judge"),
        (("verify", "-", "-w", "w", "-a", "1", "--hint", "4"), "4 is not in the range 0<=x<=3"),
        (("verify", "-", "-"), "standard input is read once"),
        (("new", "mazurr"), "there is no example 'mazurr'; there are"),
        (("list", "loses"), "there is no list of 'loses'; there are activations, losses, layers"),
    ],
)
def test_a_wrong_argument_says_what_is_right_on_stderr(arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, text=NET)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("backprop-derive:") == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("right.txt", f"dC/dw = {RIGHT}\n", 0),
        ("wrong.txt", f"dC/dw = {WRONG}\n", 1),
        ("half.txt", f"dC/dw = {RIGHT}\ndC/dw = (a - y\n", 2),
        ("none.txt", "\n\n", 2),
        ("right.yaml", f"w: {RIGHT}\n", 0),
        ("wrong.yaml", f"w: {WRONG}\n", 1),
        ("half.yaml", "w: (a - y\n", 2),
        ("none.tex", "No formulas here.\n", 2),
        ("right.md", "$$\\frac{\\partial C}{\\partial w} = \\frac{1}{m} \\sum_i (a - y) a (1 - a) x$$\n", 0),
    ],
)  # fmt: skip
def test_exit_codes_of_a_judged_file(name: str, text: str, code: int, tmp_path: Path) -> None:
    answers = tmp_path / name
    answers.write_text(text, encoding="utf-8")
    assert run("verify", "-", str(answers), text=NET).exit_code == code


def test_answers_are_not_opened_where_the_spec_is_wrong(tmp_path: Path) -> None:
    result = run("verify", "-", str(tmp_path / "nowhere.txt"), text=NET.replace("sigmoid", "sigmod"))
    assert result.exit_code == 2
    assert "sigmod" in result.stderr
    assert "nowhere" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "text", "kind"),
    [
        (("derive", "-"), "inputs: [\n", "spec"),
        (("check", "-"), NET.replace("sigmoid", "sigmod"), "spec"),
        (("evaluate", "-"), NET, "usage"),
        (("verify", "-"), NET, "usage"),
        (("verify", "-", "nowhere.txt"), NET, "answer"),
        (("verify", "-", "-a", "1"), NET, "answer"),
        (("list", "loses"), "", "usage"),
    ],
)
def test_every_error_is_a_record_on_stdout_where_json_was_asked(arguments: tuple[str, ...], text: str, kind: str) -> None:
    result = run(*arguments, "-f", "json", text=text)
    assert (result.exit_code, result.stderr) == (2, "")
    error = json.loads(result.stdout)["error"]
    assert error["kind"] == kind
    assert all(list(each) == ["message", "file", "line", "column", "path", "nearest"] for each in error["problems"])
    assert len(error["problems"]) == 1


def test_the_name_of_an_example_works_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mazur", "mazur.yaml"):
        assert CliRunner().invoke(commands, ["evaluate", name]).exit_code == 0


def test_the_note_on_a_file_of_the_name_of_an_example_is_no_part_of_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mazur").write_text(NET, encoding="utf-8")
    result = run("derive", "mazur", "-f", "json")
    assert list(json.loads(result.stdout)["gradients"]) == ["w"]
    assert result.stderr == "note: mazur of the working folder is used, not the shipped example of that name\n"


# -- progress ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "shown"), [((0.0, 0.5), False), ((0.0, 0.99), False), ((0.0, 1.0), True), ((0.0, 0.5, 2.0), True)])
def test_a_bar_is_shown_for_what_takes_longer_than_a_second(seconds: tuple[float, ...], shown: bool) -> None:
    times = iter(seconds)
    bar = progress._Bar(10, clock=lambda: next(times))
    for done, _ in enumerate(seconds[1:], 1):
        bar.tell(done, 0.5)
    assert (bar.progress is not None) is shown
    bar.close()


@pytest.mark.parametrize(("terminal", "told"), [(True, True), (False, False)])
def test_a_bar_is_there_only_where_stderr_is_a_terminal(terminal: bool, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    with progress.shown_progress(10) as step, progress.shown_count(10, "file") as count:
        assert (step is not None, count is not None) == (told, told)
