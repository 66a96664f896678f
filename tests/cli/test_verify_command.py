"""`verify` at the command line: pages, records, hints, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from backprop_derive.cli.main import commands

RIGHT, WRONG = "(y' - y)*f_B'(z_B)*o1", "(y - y')*f_B'(z_B)*o1"


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(commands, ["verify", *arguments], input=stdin, env={"COLUMNS": "80"})


def code(result: Result) -> int:
    return result.exit_code


def record(*arguments: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "-f", "json", **options).stdout)
    return found


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-w", "v1", "-a", RIGHT), 0),
        (("-w", "v1", "-a", WRONG), 1),
        (("-w", "v1", "-a", "(y' - "), 2),
        (("-w", "v1", "-a", "dC/dv1"), 0),
        (("-w", "v1", "-a", "dC/dv1", "--strict"), 1),
        (("-a", f"dL/dv1 = {RIGHT}"), 0),
        (("-w", "v1"), 2),
        (("-w", "v1", "-w", "v2", "-a", RIGHT), 2),
        ((), 2),
        (("missing.tex",), 2),
        (("-w", "v1", "-a", RIGHT, "-w", "w11", "-a", "delta_A1*x2"), 1),
    ],
)
def test_the_exit_code_says_what_was_found(arguments: tuple[str, ...], expected: int) -> None:
    assert code(run("two_hidden_nodes", *arguments)) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", f"dL/dv1 = {RIGHT}\n", 0),
        ("a.txt", f"dL/dv1 = {RIGHT}\ndL/dv2 = (y' -\n", 2),
        ("a.tex", f"$dL/dv_1 = {RIGHT}$ and $q = \\psi(3)$", 0),
        ("a.md", f"`dL/dv1 = {WRONG}`", 1),
        ("a.yaml", f"v1: {RIGHT}\n", 0),
        ("a.yaml", "v1: (y' -\n", 2),
        ("a.txt", "Hello.", 2),
        ("a", f"$$\\frac{{dL}}{{dv_1}} = {RIGHT}$$", 0),
    ],
)
def test_files_of_every_kind_are_judged(tmp_path: Path, name: str, text: str, expected: int) -> None:
    (tmp_path / name).write_text(text)
    assert code(run("two_hidden_nodes", str(tmp_path / name))) == expected


def test_standard_input_is_judged() -> None:
    result = run("two_hidden_nodes", "-", stdin=f"so dL/dv1 = {WRONG}\n")
    assert code(result) == 1
    assert "line 1: wrong" in result.stdout
    assert code(run("-", "-", stdin="")) == 2


def test_a_wrong_spec_is_told_before_answers_are_opened(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text("layers: 3\n")
    result = run(str(spec), "missing.tex")
    assert code(result) == 2
    assert "missing.tex" not in result.stderr


def test_the_page_shows_what_was_written_and_how_it_was_read() -> None:
    lines = run("two_hidden_nodes", "-w", "v1", "-a", r"(y - y') {f_B}'(z_B) o_1").stdout.splitlines()
    assert "    (y - y') {f_B}'(z_B) o_1" in lines
    assert "read as       ∂C/∂v1 = (y − y')·f_B'(z_B)·o1" in lines
    assert any(line.startswith("right") and "1/m Σ_i (y' − y)·f_B'(z_B)·o1" in line for line in lines)
    assert lines[-1].strip()== "The answer is wrong."


def test_a_place_that_cannot_be_read_is_marked() -> None:
    lines = run("two_hidden_nodes", "-w", "v1", "-a", "ŷ·q + x1").stdout.splitlines()
    at = lines.index("    ŷ·q + x1")
    assert lines[at + 1] == "      ^"


def test_the_record_is_the_contract() -> None:
    found = record("two_hidden_nodes", "-w", "v1", "-a", WRONG)
    (claim,) = found["claims"]
    assert (found["format"], found["correct"]) == ("backprop-derive/1", False)
    assert set(claim) >= {"where", "text", "read_as", "verdict", "certainty", "follows", "consistent_with", "mistakes", "correction", "counterexample", "assumptions"}
    assert (claim["where"], claim["text"], claim["verdict"]) == ("v1", WRONG, "different")
    assert claim["read_as"] == {"text": f"dC/dv1 = {WRONG}", "latex": r"\frac{\partial C}{\partial v_{1}} = (y - y')\,f'_{B}(z_{B})\,o_{1}"}
    assert claim["correction"]["text"] == f"1/m*sum({RIGHT}, i)"
    assert claim["counterexample"]["claimed"] != claim["counterexample"]["right"]
    assert record("two_hidden_nodes", "-w", "v1", "-a", RIGHT)["correct"] is True
    assert record("two_hidden_nodes", "-w", "v1", "-a", "(y' - ")["correct"] is None


def test_hints_hide_the_same_on_the_page_and_in_the_record() -> None:
    arguments = ("two_hidden_nodes", "-w", "v1", "-a", WRONG)
    pages = [run(*arguments, "--hint", str(hint)).stdout for hint in range(4)]
    records = [record(*arguments, "--hint", str(hint)) for hint in range(4)]
    assert "v1" not in pages[0]
    assert "There is a mistake in it." in pages[0]
    assert records[0] == {"format": "backprop-derive/1", "correct": False, "claims": []}
    for hint, (page, found) in enumerate(zip(pages[1:], records[1:], strict=True), 1):
        (claim,) = found["claims"]
        assert ("1/m Σ_i" in page, claim["correction"] is not None) == (hint == 3, hint == 3)
        assert ("for example" in page, claim["counterexample"] is not None) == (hint >= 2, hint >= 2)
        assert "wrong" in page
        assert all(mistake["explanation"] is None for mistake in claim["mistakes"]) or hint == 3


def test_errors_are_json_where_that_is_asked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\0")
    found = record("two_hidden_nodes", str(tmp_path / "a.txt"))
    assert found["error"]["kind"] == "answer"
    assert "binary" in found["error"]["problems"][0]["message"]


@pytest.mark.parametrize("width", [30, 60, 80])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    result = CliRunner().invoke(commands, ["verify", "two_hidden_nodes", "-w", "w11", "-a", f"{WRONG}*v1*f_A1'(z_A1)*x1 + {RIGHT}*v1*f_A1'(z_A1)*x2"], env={"COLUMNS": str(width)})
    assert [line for line in result.stdout.splitlines() if len(line) > width] == []
