"""The command line from outside: what is printed where, and exit codes."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from backprop_derive import __version__
from backprop_derive.cli.main import BUILT, commands
from backprop_derive.presentation.formats import FORMATS

SPECS = Path(__file__).resolve().parents[2] / "specs"
NET = "title: Net\ninputs: [x1, x2]\nnodes:\n  A: {weights: {w1: x1, w2: x2}, activation: tanh, output: p}\ntargets: y\nloss: half_squared_error\n"


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(commands, list(arguments), input=text)


def process(*arguments: str, text: str = "", cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[bytes]:
    plain = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR", "PYTHONIOENCODING")}
    command = [sys.executable, "-m", "backprop_derive", *arguments]
    return subprocess.run(command, input=text.encode(), capture_output=True, cwd=cwd, env={**plain, "PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-8", **environment}, check=False)


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.yaml"
    path.write_text(NET, encoding="utf-8")
    return path


# -- derive ---------------------------------------------------------------------------------------------------------------


def test_derive_prints_the_derivation(net: Path) -> None:
    result = run("derive", str(net))
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "∂C/∂w1 = 1/m Σ_i (p − y)·(1 − p²)·x1" in result.stdout


def test_derive_reads_standard_input() -> None:
    assert "∂C/∂w1 = 1/m Σ_i δ_A·x1" in run("derive", "-", "--form", "backward", text=NET).stdout


def test_forms_and_weights_choose_what_is_printed(net: Path) -> None:
    text = run("derive", str(net), "-w", "w2", "--form", "textbook").stdout
    assert "∂C/∂w2 = 1/m Σ_i (p − y)·(1 − p²)·x2" in text
    assert "Backward pass" not in text
    assert "∂C/∂w1" not in text


def test_an_entry_of_an_array() -> None:
    text = run("derive", "softmax_classifier", "-w", "W1[2,1]").stdout
    assert "∂C/∂W1[2,1] = 1/m Σ_i δ1[2]·x[1]" in text


def test_arrays_entry_by_entry() -> None:
    text = run("derive", "softmax_classifier", "-w", "b1", "--as", "elements", "--detail", "brief").stdout
    assert all(f"∂C/∂b1[{j}] = 1/m Σ_i (a1[{j}] − y[{j}])" in text for j in (1, 2, 3))


def test_json_by_option_and_by_suffix(net: Path, tmp_path: Path) -> None:
    printed = run("derive", str(net), "-f", "json").stdout
    target = tmp_path / "out.json"
    assert run("derive", str(net), "-o", str(target)).stdout == ""
    assert json.loads(printed) == json.loads(target.read_text(encoding="utf-8"))
    assert list(json.loads(printed)["gradients"]) == ["w1", "w2"]


# -- check ----------------------------------------------------------------------------------------------------------------


def test_check_proves_the_gradients(net: Path) -> None:
    result = run("check", str(net), "--seed", "3")
    assert result.exit_code == 0
    assert "Passed" in result.stdout
    assert "seed 3" in result.stdout


def test_check_as_json_has_the_keys_of_the_contract(net: Path) -> None:
    record = json.loads(run("check", str(net), "-f", "json", "-w", "w1").stdout)
    assert {"format", "passed", "parameters", "references", "kinks", "seeds", "power"} <= set(record)
    assert list(record["parameters"]) == ["w1"]
    assert set(record["parameters"]["w1"]) == {"symbolic", "reference", "relative_error", "error_estimate", "passed", "entry"}
    assert set(record["power"]) == {"planted", "caught", "survivors"}


def test_a_failed_check_exits_with_1(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_derive.numerics import gradcheck

    measure = gradcheck.check_gradients

    def failing(*arguments: Any, **options: Any) -> Any:
        report = measure(*arguments, **options)
        return replace(report, passed=False, parameters={**report.parameters, "w2": replace(report.parameters["w2"], passed=False)})

    monkeypatch.setattr(gradcheck, "check_gradients", failing)
    result = run("check", str(net))
    assert result.exit_code == 1
    assert "FAILED: the derived gradient differs from the measured one for w2." in result.stdout
    assert [line.split()[-1] for line in result.stdout.splitlines() if line.startswith(("w1", "w2"))] == ["right", "WRONG"]


def test_entries_of_a_check_are_counted_as_in_formulas() -> None:
    record = json.loads(run("check", "softmax_classifier", "-f", "json").stdout)
    j, k = record["parameters"]["W1"]["entry"]
    assert 1 <= j <= 3
    assert 1 <= k <= 4


# -- list, help, version --------------------------------------------------------------------------------------------------


def test_list_names_what_there_is() -> None:
    text = run("list").stdout
    for name in ("sigmoid", "cross_entropy", "dense", "json", "two_hidden_nodes"):
        assert name in text
    assert "hard_sigmoid" not in run("list", "losses").stdout


def test_list_as_json() -> None:
    assert {row["name"] for row in json.loads(run("list", "formats", "-f", "json").stdout)["formats"]} == {row.name for row in FORMATS}


def test_list_of_something_else_says_what_there_is() -> None:
    result = run("list", "loses")
    assert result.exit_code == 2
    assert "did you mean losses?" in result.stderr


def test_version_and_help() -> None:
    assert __version__ in run("--version").stdout
    text = run("--help").stdout
    assert all(f"\n  {name}" in text for name in BUILT)


@pytest.mark.parametrize("name", BUILT)
def test_each_command_has_help(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert "Usage: backprop-derive" in result.stdout


def test_no_command_is_bad_usage() -> None:
    result = run()
    assert result.exit_code == 2
    assert "Usage" in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["derive", "--help"], ["list"], ["derive", "no_such_file.yaml"]])
def test_nothing_heavy_is_loaded_where_it_is_not_needed(arguments: list[str]) -> None:
    program = f"import sys\nfrom backprop_derive.cli.main import commands\ntry: commands.main({arguments!r})\nexcept SystemExit: pass\nprint(sorted(sys.modules), file=sys.stderr)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert "'sympy'" not in loaded
    assert "'numpy'" not in loaded


# -- errors ---------------------------------------------------------------------------------------------------------------


def test_all_problems_of_a_spec_are_told_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("inputs: 2\nlayers:\n  - dense: 3\n    activation: rleu\nlos: half_squared_error\n", encoding="utf-8")
    result = run("derive", str(path))
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [line.startswith(f"{path}:4:17: ") for line in lines] == [True, False]
    assert "did you mean relu" in lines[0]
    assert lines[1].startswith(f"{path}:5:1: ")
    assert "did you mean loss" in lines[1]


def test_errors_are_json_where_json_was_asked() -> None:
    result = run("derive", "-", "-f", "json", text="inputs: 2\nlayers: [dense: 0.5]\nlos: mse\n")
    assert result.exit_code == 2
    assert result.stderr == ""
    error = json.loads(result.stdout)["error"]
    assert error["kind"] == "spec"
    assert {"message", "file", "line", "column", "path", "nearest"} == set(error["problems"][0])
    assert error["problems"][-1]["nearest"][0] == "loss"
    assert error["problems"][-1]["file"] == "<stdin>"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["derive"], "Missing argument 'SPEC'"),
        (["derive", "x.yaml", "--fom", "chain"], "--form"),
        (["derive", "x.yaml", "--form", "chian"], "chian"),
        (["deriv"], "did you mean derive"),
        (["derive", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["derive", "two_hiden_nodes"], "did you mean two_hidden_nodes"),
        (["derive", "two_hidden_nodes", "-w", "v3"], "did you mean"),
        (["derive", "two_hidden_nodes", "-f", "jsn"], "did you mean json"),
        (["derive", "two_hidden_nodes", "-o", "out.xyz"], "known are .txt, .json, "),
        (["derive", "two_hidden_nodes", "-o", "no/such/folder.txt"], "there is no folder no/such"),
        (["derive", "two_hidden_nodes", "--digits", "3"], "the spec gives no numbers: they stand under `values:` and `data:`"),
        (["derive", "mazur", "--sample", "2"], "there is no sample 2: the values are those of a single one"),
        (["derive", "mazur", "--digits", "0"], "Invalid value for '--digits'"),
        (["derive", "two_hidden_nodes", "--fragment"], "--fragment is an option of latex, not of the format terminal"),
        (["list", "mistake"], "did you mean mistakes"),
    ],
)
def test_bad_usage_is_said_in_a_line(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_a_bug_is_no_traceback(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_derive.presentation import presenting

    monkeypatch.setattr(presenting, "present", lambda *_, **__: 1 / 0)
    result = run("derive", str(net))
    assert result.exit_code == 70
    assert "a bug, please report it: ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr


def test_interrupting_exits_with_130(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_derive.presentation import presenting

    def interrupt(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(presenting, "present", interrupt)
    assert run("derive", str(net)).exit_code == 130


# -- examples -------------------------------------------------------------------------------------------------------------


def test_an_example_works_from_anywhere(tmp_path: Path) -> None:
    result = process("derive", "two_hidden_nodes", cwd=tmp_path)
    assert result.returncode == 0
    assert result.stderr == b""
    assert result.stdout.startswith(b"Two hidden nodes")


@pytest.mark.parametrize("name", ["two_hidden_nodes", "two_hidden_nodes.yaml"])
def test_a_file_of_the_working_folder_wins_and_that_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "two_hidden_nodes.yaml").write_text(NET, encoding="utf-8")
    result = process("derive", name, cwd=tmp_path)
    assert result.stdout.startswith(b"Net")
    assert b"two_hidden_nodes.yaml of the working folder is used, not the shipped example" in result.stderr


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_derived(path: Path) -> None:
    result = run("derive", path.stem)
    assert (result.exit_code, result.stderr) == (0, "")


# -- where it goes --------------------------------------------------------------------------------------------------------


def test_a_file_is_replaced_whole_and_keeps_its_permissions(net: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o640)
    assert run("derive", str(net), "-o", str(target)).exit_code == 0
    assert target.read_text(encoding="utf-8").startswith("Net\n═══")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.yaml", "out.txt"]


def test_a_file_stays_as_it_was_if_the_spec_is_wrong(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old", encoding="utf-8")
    assert run("derive", "-", "-o", str(target), text="inputs: 2\n").exit_code == 2
    assert target.read_text(encoding="utf-8") == "old"


def test_a_format_wins_over_the_suffix(net: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    run("derive", str(net), "-f", "text", "-o", str(target))
    assert target.read_text(encoding="utf-8").startswith("Net\n")


def test_pipes_get_no_colours_and_no_long_lines(net: Path) -> None:
    output = process("derive", str(net)).stdout.decode()
    assert "\x1b" not in output
    assert max(map(len, output.splitlines())) <= 80


def test_the_width_of_the_terminal_is_kept(net: Path) -> None:
    output = process("derive", str(net), COLUMNS="46").stdout.decode()
    assert max(map(len, output.splitlines())) <= 46


def test_styles_change_no_letter_and_follow_the_environment(net: Path) -> None:
    plain = process("derive", str(net)).stdout.decode()
    styled = process("derive", str(net), FORCE_COLOR="1", TERM="xterm").stdout.decode()
    assert "\x1b[1mNet\x1b[0m" in styled
    assert re.sub(r"\x1b\[[0-9;]*m", "", styled) == plain
    assert process("derive", str(net), FORCE_COLOR="1", TTY_COMPATIBLE="0").stdout.decode() == plain


def test_a_terminal_gets_styles_and_its_width() -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")} | {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    subprocess.run([sys.executable, "-m", "backprop_derive", "list", "layers"], stdin=theirs, stdout=theirs, env=environment, check=True)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(theirs)
    assert shown.startswith("\x1b[1mLayers\x1b[0m")
    lengths = [len(line.rstrip()) for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()]
    assert 45 < max(lengths) <= 60


def test_an_ascii_terminal_gets_ascii(net: Path) -> None:
    result = process("derive", str(net), PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    text = result.stdout.decode("ascii")
    assert "dC/dw1 = 1/m*sum((p - y)*(1 - p^2)*x1, i)" in text


def test_json_is_utf_8_whatever_the_terminal(net: Path) -> None:
    result = process("derive", str(net), "-f", "json", PYTHONIOENCODING="ascii")
    assert "½" in json.dumps(json.loads(result.stdout.decode("utf-8")), ensure_ascii=False)


def test_titles_are_never_markup() -> None:
    result = run("derive", "-", text=NET.replace("title: Net", "title: '[bold]N[/bold] [/]'"))
    assert result.stdout.startswith("[bold]N[/bold] [/]\n")


@pytest.mark.parametrize("arguments", ["mazur --detail full", "mazur -f json"])
def test_a_closed_pipe_is_silent_and_no_failed_check(arguments: str) -> None:
    command = f"{sys.executable} -m backprop_derive derive {arguments} | head -n 1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, check=False, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert result.stdout.count(b"\n") == 1
    assert result.stderr == b""
    assert result.returncode in (0, 141)  # 0 if all was written before the pipe was closed


def test_a_parameter_that_stands_only_in_the_loss_has_a_page(tmp_path: Path) -> None:
    """No chain to expand: the page goes from the factor to the gradient."""
    spec = tmp_path / "line.yaml"
    spec.write_text("inputs: x\nparameters: [w]\ntargets: y\nequations: {L: (w*x - y)^2}\ncost: single\n", encoding="utf-8")
    result = CliRunner().invoke(commands, ["derive", str(spec)])
    assert result.exit_code == 0
    assert "∂L/∂w = 2·(w·x − y)·x" in result.output


def test_an_entry_lists_only_the_factors_of_its_own_chain(tmp_path: Path) -> None:
    """W[2,1] is read by the second unit only: nothing is said of the first one's derivative by it."""
    spec = tmp_path / "named.yaml"
    spec.write_text("inputs: [a, b]\nlayers:\n  - dense: [p, q]\n    activation: tanh\nloss: half_squared_error\n", encoding="utf-8")
    result = CliRunner().invoke(commands, ["derive", str(spec), "-w", "W1[2,1]"])
    assert "∂z_q/∂W1[2,1] = a" in result.output
    assert "∂z_p/∂W1" not in result.output
