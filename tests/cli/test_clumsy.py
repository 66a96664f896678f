"""The command line in clumsy hands: what is said, and that it is a line and not a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from backprop_derive.cli.main import commands


def run(*arguments: str, text: str | None = None) -> Any:
    return CliRunner().invoke(commands, list(arguments), input=text)


def refused(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    return str(result.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["derive", ""], "the name of the spec is empty"),
        (["derive", "https://example.com/net.yaml"], "https://example.com/net.yaml is an address: save the spec as a file"),
        (["derive", "-", "-"], "extra argument (-)"),
        (["derive", "mazur", "mazur"], "extra argument (mazur)"),
        (["derive", "--", "-x"], "-x: there is no such file"),
        (["derive", "*.yaml"], "*.yaml: there is no such file"),
        (["derive", "a" * 5_000], "…: the file cannot be read: File name too long"),
        (["derive", "bad\x1b[2J\n.yaml"], r"bad\x1b[2J\n.yaml: there is no such file"),
        (["derive", "mazur", "--detail", "lots"], "'lots' is not one of 'brief', 'steps', 'full'"),
        (["derive", "mazur", "--form"], "Option '--form' requires an argument"),
        (["check", "mazur", "--seed", "-1"], "Invalid value for '--seed'"),
        (["derive", "three_layers", "-w", "W1[9,9]"], "W1 has no entry [9,9]: W1[1..5, 1..4]"),
        (["derive", "three_layers", "-w", "W1[*"], "a bracket of 'W1[*' is missing: an entry is written 'W1[2,1]', in quotes"),
        (["derive", "three_layers", "-w", "W1[a]"], "W1 has 2 indices, not 1: W1[1..5, 1..4]"),
        (["derive", "three_layers", "-w", "W1[]"], "W1 has 2 indices, not 0"),
        (["derive", "three_layers", "-w", "W1[a,b]"], "'a' is no index of W1"),
        (["derive", "three_layers", "-w", "W1(2,1)"], "an entry has square brackets: write 'W1[2,1]'"),
        (["derive", "three_layers", "-w", "W1,W2"], "'W1,W2' is more than one name: write -w for each"),
        (["derive", "three_layers", "-w", ""], "-w has no name behind it"),
        (["derive", "three_layers", "-w", "W\x1b[2J]"], r"there is no 'W\x1b[2J]'"),
        (["derive", "mazur", "-o", ""], "-o has no file name behind it"),
        (["derive", "mazur", "-o", "no/such/folder/net.txt"], "there is no folder no/such/folder, so net.txt cannot be written there"),
        (["derive", "mazur", "-o", "/dev/full", "-f", "text"], "/dev/full: No space left on device"),
        (["derive", "mazur", "-o", "a" * 300 + ".txt"], "…: File name too long"),
        (["derive", "mazur", "-f", ""], "there is no format ''"),
    ],
)
def test_a_slip_is_answered_in_a_line(arguments: list[str], message: str) -> None:
    assert message in refused(*arguments)


def test_a_folder_is_no_place_to_write_a_page(tmp_path: Path) -> None:
    assert f"{tmp_path} is a folder: give the name of a file" in refused("derive", "mazur", "-o", str(tmp_path))
    assert f"{tmp_path} is a folder" in refused("derive", "mazur", "-f", "text", "-o", str(tmp_path))


def test_a_place_that_cannot_be_written_is_named_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied", "/somewhere/.net.txt.x1y2")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    target = tmp_path / "net.txt"
    assert refused("derive", "mazur", "-o", str(target)) == f"backprop-derive: {target}: Permission denied\n"


def test_where_nothing_can_be_written_nothing_is_derived(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from backprop_derive.calculus import derivation

    monkeypatch.setattr(derivation, "derive", lambda *_, **__: 1 / 0)
    assert "there is no folder" in refused("derive", "mazur", "-o", str(tmp_path / "missing" / "net.txt"))


@pytest.mark.parametrize("columns", ["20", "1", "0", "-5", "wide"])
def test_any_width_of_the_terminal_shows_the_page(columns: str) -> None:
    command = [sys.executable, "-m", "backprop_derive", "derive", "mazur"]
    result = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "COLUMNS": columns})
    assert result.stderr == b""
    assert b"w1" in result.stdout


def test_many_problems_are_cut_and_counted() -> None:
    result = run("derive", "-", text="inputs: x\nlayers: [dense: 1]\nloss: mse\n" + "".join(f"k{each}: 1\n" for each in range(120)))
    lines = result.stderr.splitlines()
    assert len(lines) == 51
    assert lines[-1] == "… and 70 more problems"


def test_ctrl_c_ends_a_command_with_130() -> None:
    command = [sys.executable, "-m", "backprop_derive", "derive", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(1.5)  # by then it waits for its standard input
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert output == b""
    assert b"interrupted" in errors
    assert b"Traceback" not in errors
