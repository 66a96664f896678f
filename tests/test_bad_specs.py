"""Specs that cannot be used: every file `bad_<reason>.yaml` is refused with all that is wrong in it, each at its place.

The table `bad_specs/expected.yaml` has the problems of each file; a new bad spec is a file and its rows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from backprop_derive.cli.main import commands
from backprop_derive.cli.opening import open_network
from backprop_derive.errors import BackpropError, FormulaError, Problem, SpecError, nearest
from backprop_derive.spec.loading import load_spec

FOLDER = Path(__file__).parent / "bad_specs"
EXPECTED: dict[str, list[list[Any]]] = yaml.safe_load((FOLDER / "expected.yaml").read_text(encoding="utf-8"))
SECONDS = 2.0

GOOD = "inputs: x\ntargets: y\nparameters: w\nequations:\n  L: (w*x - y)^2\n"


def file_of(reason: str) -> Path:
    return FOLDER / f"bad_{reason}.yaml"


def problems_of(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(BackpropError) as caught:
        open_network(str(path))
    return caught.value.problems


def derive(*arguments: str, text: str | None = None) -> Any:
    return CliRunner().invoke(commands, ["derive", *arguments], input=text)


def test_every_file_has_its_rows() -> None:
    assert sorted(EXPECTED) == sorted(path.stem.removeprefix("bad_") for path in FOLDER.glob("*.yaml") if path.stem != "expected")


@pytest.mark.parametrize("reason", EXPECTED)
def test_all_problems_are_told_with_place_path_and_nearest_names(reason: str) -> None:
    found = [[each.line, each.column, each.path or "", each.message, list(each.nearest)] for each in problems_of(file_of(reason))]
    expected = [list(row) for row in EXPECTED[reason]]
    assert len(found) == len(expected), found
    for row in expected:
        match = next((each for each in found if each[:3] == row[:3] and row[3] in each[3] and each[4] == row[4]), None)
        assert match is not None, (row, found)
        found.remove(match)


NOT_AS_WRITTEN = (  # the value is one that the reader made: a name of its own, an escaped character, a tag in full, folded lines
    "cycle_of_nodes", "encoding_escape_character", "formula_over_lines", "loss_missing_in_layers", "yaml_control_character", "yaml_tag",
)  # fmt: skip


@pytest.mark.parametrize("reason", [reason for reason in EXPECTED if reason not in NOT_AS_WRITTEN])
def test_the_file_is_named_and_the_value_is_one_that_stands_in_it(reason: str) -> None:
    written = file_of(reason).read_bytes().decode("utf-8", "replace")
    for problem in problems_of(file_of(reason)):
        assert problem.file == str(file_of(reason))
        if problem.value is not None:
            letters = problem.value.rstrip("…").replace(" ", "").replace("'", "")
            assert letters in written.replace(" ", "").replace("'", ""), problem


@pytest.mark.parametrize("reason", [reason for reason in EXPECTED if reason not in ("formula_over_lines", "yaml_control_character")])
def test_the_caret_stands_below_the_place_that_line_and_column_give(reason: str) -> None:
    lines = file_of(reason).read_bytes().decode("utf-8", "replace").splitlines()
    for problem in problems_of(file_of(reason)):
        if "\n" not in problem.message:
            continue
        formula, caret = problem.message.split("\n")[-2:]
        assert set(caret) == {" ", "^"}
        assert problem.line is not None
        assert problem.column is not None
        before = "".join(each for each in formula if not unicodedata.combining(each))[: caret.index("^")]
        rest_of_line = unicodedata.normalize("NFD", lines[problem.line - 1][problem.column - 1 :])
        marked = unicodedata.normalize("NFD", formula)[len(unicodedata.normalize("NFD", before)) :]
        marked = marked[: caret.count("^")].replace("�", "")
        assert marked == "" or rest_of_line.replace("\u200b", "").startswith(marked.strip()), problem


@pytest.mark.parametrize("reason", EXPECTED)
def test_the_command_line_says_it_in_time_and_without_a_traceback(reason: str) -> None:
    start = time.process_time()
    result = derive(str(file_of(reason)))
    assert time.process_time() - start < SECONDS
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "a bug" not in result.stderr
    assert all(each.isprintable() or each == "\n" for each in result.stderr)
    told = [line for line in result.stderr.splitlines() if line.startswith(str(file_of(reason)))]
    assert len(told) == len(EXPECTED[reason])


@pytest.mark.parametrize("reason", EXPECTED)
def test_the_problems_are_json_where_json_was_asked(reason: str) -> None:
    result = derive(str(file_of(reason)), "-f", "json")
    assert (result.exit_code, result.stderr) == (2, "")
    error = json.loads(result.stdout)["error"]
    assert error["kind"] == "spec"
    assert sorted((each["line"] or 0, each["column"] or 0) for each in error["problems"]) == sorted((row[0] or 0, row[1] or 0) for row in EXPECTED[reason])


@pytest.mark.parametrize("reason", ["cycle_two", "everything_wrong", "code_in_formulas", "encoding_binary", "yaml_alias_bomb", "markup_in_messages"])
@pytest.mark.parametrize("command", ["derive", "check"])
def test_the_installed_command_refuses_it(reason: str, command: str) -> None:
    arguments = [sys.executable, "-m", "backprop_derive", command, str(file_of(reason))]
    result = subprocess.run(arguments, capture_output=True, check=False, timeout=20, env={**os.environ, "COLUMNS": "20"})
    assert result.returncode == 2
    assert result.stdout == b""
    assert b"Traceback" not in result.stderr
    assert result.stderr.count(str(file_of(reason)).encode()) == len(EXPECTED[reason])


# -- files that are none -----------------------------------------------------------------------------------------------------


def test_a_folder_is_no_spec(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path)
    assert problem.message == "this is a folder, not a spec"


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    with pytest.raises(SpecError, match="the file cannot be read: Too many levels of symbolic links"):
        load_spec(loop)
    inside = tmp_path / "net.yaml"
    inside.write_text(GOOD, encoding="utf-8")
    with pytest.raises(SpecError, match="the file cannot be read: Not a directory"):
        load_spec(inside / "deeper.yaml")


def test_a_file_without_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(GOOD, encoding="utf-8")

    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", refuse)
    (problem,) = problems_of(path)
    assert problem.message == "the file cannot be read: Permission denied"


def test_what_comes_from_standard_input_is_judged_in_the_same_way() -> None:
    for reason in ("encoding_utf16", "encoding_binary", "encoding_latin1", "unknown_name"):
        result = CliRunner().invoke(commands, ["derive", "-"], input=file_of(reason).read_bytes())
        assert result.exit_code == 2
        assert all(row[3] in result.stderr for row in EXPECTED[reason])
        assert result.stderr.startswith("<stdin>")


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n").encode(), GOOD.encode() + b"\n\n...\n"])
def test_byte_order_marks_and_other_line_ends_are_fine(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(data)
    spec, graph = open_network(str(path))
    assert [equation.left.text for equation in spec.equations] == ["L"]
    assert graph.parameters == ("w",)


# -- too much ----------------------------------------------------------------------------------------------------------------

HEAD = "inputs: x\nparameters: w\nequations:\n"
LAYERS = "inputs: x\nlayers: [dense: 1]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inputs: " + "[" * 100_000, "nested more than 100 deep"),
        (HEAD + "  L: '" + "(" * 100_000 + "x'\n", "at most 20,000 are read"),
        (HEAD + "  L: " + "(" * 3_000 + "x" + ")" * 900 + "\n", "nested more than 60 deep"),
        (HEAD + "  L: '" + "-" * 3_000 + "x'\n", "too many signs"),
        (HEAD + "  L: x" + "+x" * 1_500 + "\n", "more than 250 operations"),
        (HEAD + "  L: x" + "^2" * 300 + "\n", "a second ^ needs brackets"),
        ("a: &a x\nb: [" + "*a, " * 40_000 + "]\n", "aliases (*name) are not read"),
        (LAYERS + "loss: mse\ninputs: x\n" * 500, "stands twice"),
        (LAYERS + "".join(f"k{each}: x\n" for each in range(3_000)), "unknown key 'k0'"),
        (LAYERS + "loss: mse\nvalues: {W1: " + "[" * 97 + "1" + "]" * 97 + "}\n", "takes 1 × 1 numbers"),
        (LAYERS + "loss: " + "m" * 190_000 + "\n", "neither an equation nor a node"),
        ("inputs: " + "x" * 190_000 + "\nlayers: [dense: 1]\nloss: mse\n", "more than 100 characters"),
        ("inputs: 10000000\nlayers:\n  - dense: 10000000\nloss: msee\n", "did you mean mse"),
        (HEAD + "".join(f"  value{each}: vaule{each}*w\n" for each in range(300)) + "  L: x\n", "'vaule0' is not defined (did you mean value0"),
    ],
)
def test_a_hostile_text_is_refused_in_time(text: str, message: str) -> None:
    start = time.process_time()
    result = derive("-", text=text)
    assert time.process_time() - start < SECONDS
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr) < 30_000
    assert result.stderr.count("<stdin>") <= 50


# -- messages ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end", "shown"),
    [
        ("a + bb*c", 4, 6, "a + bb*c\n    ^^"),
        ("ŷ + bb", 4, 6, "ŷ + bb\n    ^^"),
        ("y\u0302 + bb", 5, 7, "y\u0302 + bb\n    ^^"),
        ("網 + bb", 4, 6, "網 + bb\n     ^^"),
        ("a\x0c + bb", 5, 7, "a� + bb\n     ^^"),
        ("a +\nbb", 4, 6, "bb\n^^"),
        ("a +", 3, None, "a +\n   ^"),
    ],
)
def test_a_caret_counts_what_a_terminal_shows(text: str, start: int, end: int | None, shown: str) -> None:
    assert FormulaError("m", text, start, end).caret() == shown


def test_a_caret_stays_in_sight_of_a_long_formula() -> None:
    line, caret = FormulaError("m", "a" * 500 + "?" + "b" * 500, 500).caret().split("\n")
    assert len(line) <= 70
    assert line[caret.index("^")] == "?"


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("sigmod", ["sign", "sigmoid", "sin"], ("sigmoid",)),
        ("A2", ["x2", "A1"], ("A1", "x2")),
        ("RELU", ["relu", "tanh"], ("relu",)),
        ("activaton", ["activation", "preactivation", "act"], ("activation", "preactivation")),
        ("zzz", ["relu", "elu"], ()),
        ("", ["relu"], ()),
        ("x" * 5_000, ["x" * 5_000, "x"], ()),
    ],
)
def test_only_names_that_are_nearly_as_near_as_the_nearest_are_told(name: str, known: list[str], found: tuple[str, ...]) -> None:
    assert nearest(name, known) == found


def test_a_question_stands_before_the_formula() -> None:
    problem = Problem("'wx' is not defined\n    wx\n    ^^", "net.yaml", 1, 2, "loss", nearest=("w",))
    assert str(problem) == "net.yaml:1:2: loss: 'wx' is not defined (did you mean w?)\n    wx\n    ^^"


# -- what looks wrong and is not -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "equations",
    [
        "  h[t]: w*h[t-1] + x[t]\n  h[0]: 0\n  L: sum(h[t], t)\n",
        "  h[t]: w*h[t-1] + x[t]\n  h[1]: x[1]\n  L: sum(h[t], t)\n",
        "  h[t]: w*h[t-2] + x[t]\n  h[0]: 0\n  h[-1]: 0\n  L: sum(h[t], t)\n",
        "  h[t]: w*h[t+1] + x[t]\n  h[T+1]: 0\n  L: sum(h[t], t)\n",
        "  h[t]: x[t] + w*sum(x[s], s, 1, t-1)\n  L: sum(h[t], t)\n",
        "  h[t]: x[t] + w*sum(x[t-1]*x[s], s, 1, t-1)\n  L: sum(h[t], t)\n",
        "  h[t]: where(t > 1, w*x[t-1], 0)*x[t]\n  L: sum(h[t], t)\n",
        "  h[t]: w*x[T-t+1] + x[t]\n  L: sum(h[t], t)\n",
        "  L: w*x[1]*x[T]\n",
        "  L: where(w > 0, w, 0)*sum(x)\n",
        "  L: max(w, 2)*max(x[t], t)\n",
    ],
)
def test_reads_that_stay_inside_are_accepted(equations: str) -> None:
    from backprop_derive.building.network import build_graph
    from backprop_derive.spec.loading import read_spec

    text = f"inputs: {{x: T}}\nparameters: w\nequations:\n{equations}values: {{T: 3, x: [1, 2, 3], w: 0.5}}\n"
    assert build_graph(read_spec(text)).cost.loss == "L"
