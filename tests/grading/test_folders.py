"""Whole folders: every submission costs only itself, finished rows are kept, reports are whole."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backprop_derive import build_graph, load_spec
from backprop_derive.cli.main import commands
from backprop_derive.errors import AnswerError, SpecError, UsageError
from backprop_derive.grading import running
from backprop_derive.grading.attendant import Attendant
from backprop_derive.grading.journal import Journal
from backprop_derive.grading.marks import Mark, Marked, marked_from
from backprop_derive.grading.rubric import Rubric, graded, read_rubric
from backprop_derive.grading.running import Network, marked_submissions
from backprop_derive.grading.submissions import submissions_in
from backprop_derive.presentation.grades import ClassReport, as_csv, as_markdown, number_text, report_writer

SPECS = Path(__file__).resolve().parents[2] / "specs"
SPEC = SPECS / "two_hidden_nodes.yaml"
NETWORK = Network(SPEC.read_text(encoding="utf-8"))
RIGHT, WRONG = "dL/dv1 = (y' - y)*f_B'(z_B)*o1\n", "dL/dv1 = (y - y')*f_B'(z_B)*o1\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["verify", "two_hidden_nodes", *arguments], env={"COLUMNS": "80"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A class with a right submission, a wrong one, and ones that cannot be judged."""
    found = tmp_path / "class"
    (found / "frank").mkdir(parents=True)
    (found / "anna.txt").write_text(RIGHT)
    (found / "bert.tex").write_text("$" + WRONG.strip() + "$ and $\\frac{dL}{dv_2} = \\delta_B o_2$")
    (found / "carl.txt").write_bytes(b"a\0b")
    (found / "dora.pdf").write_bytes(b"%PDF")
    (found / "emil.txt").write_bytes(b"x" * 10_000_000)
    (found / "frank" / "1.txt").write_text(RIGHT)
    (found / "frank" / "2.yaml").write_text("v2: delta_B*o2\n")
    (found / "gone.txt").symlink_to(found / "nowhere")
    (found / ".hidden.txt").write_text(WRONG)
    return found


def test_every_submission_costs_only_itself(folder: Path) -> None:
    result = run(str(folder), "--report", str(folder / "report.csv"))
    assert result.exit_code == 1
    rows = list(csv.DictReader((folder / "report.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["submission"], row["weight"], row["verdict"], row["score"]) for row in rows] == [
        ("anna.txt", "v1", "equal", "1"),
        ("bert.tex", "v1", "different", "0"),
        ("bert.tex", "v2", "equal", "1"),
        ("carl.txt", "", "unreadable", "0"),
        ("dora.pdf", "", "unreadable", "0"),
        ("emil.txt", "", "unreadable", "0"),
        ("frank", "v1", "equal", "1"),
        ("frank", "v2", "equal", "1"),
        ("gone.txt", "", "unreadable", "0"),
    ]
    assert "7 submissions" in result.stdout
    assert "4 could not be judged" in result.stdout
    assert sorted(path.name for path in folder.iterdir() if "report" in path.name) == ["report.csv"]
    again = run(str(folder), "--report", str(folder / "report.md"))
    assert "report.csv" not in again.stdout
    assert "report" not in run(str(folder), "-f", "json").stdout


def test_the_record_has_submissions_and_mistakes(folder: Path) -> None:
    found = json.loads(run(str(folder), "-f", "json").stdout)
    assert found["format"] == "backprop-derive/1"
    assert found["points"] == 2
    assert [each["score"] for each in found["submissions"]] == [1, 1, 0, 0, 0, 2, 0]
    assert sum(found["mistakes"].values()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--report", "report.xlsx"), "names no report; known are .csv, .json, .md"),
        (("--report", "missing/report.csv"), "there is no folder missing"),
        (("--options", "missing.yaml"), "there is no such file"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_judged(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(str(folder), *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_options_of_folders_are_for_folders(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(RIGHT)
    assert "--report is for a folder" in run(str(tmp_path / "a.txt"), "--report", "r.csv").stderr


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AnswerError, match="there is no submission"):
        submissions_in(tmp_path)


# -- processes ----------------------------------------------------------------------------------------------------------


def test_a_submission_that_hangs_is_ended_and_the_next_one_judged(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"dL/dv1 = (y' - y)*f_B'(z_B)*o1 + {number}*x1\n" for number in range(190)))
    (tmp_path / "b.txt").write_text(RIGHT)
    attendant = Attendant(NETWORK.text, None)
    try:
        slow, quick = (attendant.mark(name, [tmp_path / name], limit) for name, limit in (("a.txt", 0.2), ("b.txt", 60)))
    finally:
        attendant.close()
    assert slow.failed == "judging it took more than 0.2 seconds"
    assert [mark.verdict for mark in quick.marks] == ["equal"]


def test_a_process_that_is_killed_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(RIGHT)
    attendant = Attendant(NETWORK.text, None)
    try:
        attendant.mark("a.txt", [tmp_path / "a.txt"], 60)
        assert attendant.process is not None
        attendant.process.kill()
        attendant.process.wait()
        assert attendant.mark("a.txt", [tmp_path / "a.txt"], 60).failed == ""
    finally:
        attendant.close()


def test_finished_submissions_are_not_judged_again(folder: Path, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "report.csv", "about")
    journal.add(Marked("anna.txt", (Mark("here", "v1", "", "close"),)), next(each for each in submissions_in(folder) if each.name == "anna.txt").fingerprint())
    journal.close()
    partial = tmp_path / "report.csv.partial"
    partial.write_text(partial.read_text() + '{"fingerprint": "cut off')
    journal = Journal(tmp_path / "report.csv", "about")
    found = marked_submissions(NETWORK, submissions_in(folder)[:2], journal=journal)
    journal.close()
    assert [marked.marks[0].verdict for marked in found] == ["close", "different"]
    assert set(Journal(tmp_path / "report.csv", "about").known) == {"anna.txt", "bert.tex"}
    assert Journal(tmp_path / "report.csv", "something else").known == {}
    (folder / "anna.txt").write_text(WRONG)
    (again,) = marked_submissions(NETWORK, submissions_in(folder)[:1], journal=journal)
    journal.close(done=True)
    assert not partial.exists()
    assert again.marks[0].verdict == "different"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupted_run_keeps_what_is_finished(tmp_path: Path) -> None:
    found = tmp_path / "class"
    found.mkdir()
    for number in range(30):
        (found / f"{number:02}.txt").write_text(RIGHT * 20)
    command = [sys.executable, "-m", "backprop_derive", "verify", str(SPEC), str(found), "--report", str(tmp_path / "r.csv")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=SPECS.parent)
    partial = tmp_path / "r.csv.partial"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (partial.exists() and len(partial.read_text().splitlines()) > 3):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told.strip() == "interrupted"
    assert not (tmp_path / "r.csv").exists()
    assert 2 < len(partial.read_text().splitlines()) < 31


@pytest.mark.skipif(find_spec("joblib") is None, reason="joblib is an extra")
def test_several_jobs_find_the_same(folder: Path) -> None:
    assert marked_submissions(NETWORK, submissions_in(folder), jobs=2) == marked_submissions(NETWORK, submissions_in(folder))


def test_several_jobs_without_joblib_say_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "find_spec", lambda _: None)
    result = run(str(folder), "--jobs", "2")
    assert result.exit_code == 2
    assert "pip install 'backprop_derive[grade]'" in result.stderr


# -- points -------------------------------------------------------------------------------------------------------------


def mark(weight: str, verdict: str, *, carried: bool = False, mistake: str = "") -> Mark:
    return Mark("here", weight, "x", verdict, None, carried, mistake)


@pytest.mark.parametrize(
    ("marks", "points", "score"),
    [
        ([mark("v1", "equal"), mark("v2", "different")], {}, 1),
        ([mark("v1", "equal"), mark("v1", "different")], {}, 0),
        ([mark("v1", "different"), mark("v1", "equal")], {}, 1),
        ([mark("v1", "equal-if"), mark("v2", "close")], {"v1": 2, "v2": 3}, Fraction(7, 2)),
        ([mark("v1", "different", carried=True)], {"v1": 4}, 2),
        ([mark("v1", "equal")], {"v2": 4}, 0),
        ([mark("", "equal")], {"v1": 4}, 0),
    ],
)
def test_the_last_answer_for_a_weight_gives_its_points(marks: list[Mark], points: dict[str, int], score: Fraction) -> None:
    rubric = Rubric({name: Fraction(worth) for name, worth in points.items()})
    ((grade,), _) = graded((Marked("a", tuple(marks)),), rubric, build_graph(load_spec(SPEC)))
    assert grade.score == score


def test_entries_share_the_points_of_their_array() -> None:
    graph = build_graph(load_spec(SPECS / "softmax_classifier.yaml"))
    entries = graph.node("W1").axes
    count = entries[0].length.number * entries[1].length.number  # type: ignore[operator]
    ((grade,), possible) = graded((Marked("a", (mark("W1[1,1]", "equal"), mark("W1[2,1]", "different"))),), Rubric({"W1": Fraction(6)}), graph)
    assert (grade.score, possible) == (Fraction(6, count), 6)


def test_a_rubric_is_read_with_weights_in_any_spelling(tmp_path: Path) -> None:
    graph = build_graph(load_spec(SPECS / "softmax_classifier.yaml"))
    (tmp_path / "o.yaml").write_text("points: {W1_2_1: 2, b1: 1/2}\ncarried: 0.8\n")
    rubric = read_rubric(tmp_path / "o.yaml", graph)
    assert (rubric.points, rubric.carried, rubric.close) == ({"W1[2,1]": 2, "b1": Fraction(1, 2)}, Fraction(4, 5), Fraction(1, 2))
    (tmp_path / "o.yaml").write_text("point: {}\npoints: {V: 2, b1: -1}\nclose: 2\n")
    with pytest.raises(SpecError) as caught:
        read_rubric(tmp_path / "o.yaml", graph)
    told = str(caught.value)
    for part in ("unknown key 'point'", "did you mean points?", "there is no 'V'", "a number that is not negative", "close is a part of the points"):
        assert part in told


# -- reports ------------------------------------------------------------------------------------------------------------


def report(*marks: Mark, failed: str = "") -> ClassReport:
    grades, possible = graded((Marked("a|b", marks, failed),), Rubric(), build_graph(load_spec(SPEC)))
    return ClassReport(grades, possible, "A *title*")


def test_cells_are_no_formulas_and_no_markup() -> None:
    hostile = Mark("a:1:1", "v1", "=1+2", "different", False, False, "sign", "-x\x1b[31m | <b>")
    line = as_csv(report(hostile)).splitlines()[1]
    assert ",'=1+2," in line
    assert "'-x\\x1b[31m | <b>" in line
    page = as_markdown(report(hostile))
    assert "\\<b\\>" in page
    assert "a\\|b" in page
    assert all(line.count(" | ") == 9 for line in page.splitlines() if line.startswith("| a\\|b | a:1:1"))


def test_mistakes_are_counted_by_submission() -> None:
    twice = report(mark("v1", "different", mistake="sign"), mark("v2", "different", mistake="sign and constant-factor"))
    assert twice.mistakes == {"constant-factor": 1, "sign": 1}


def test_marks_travel_as_plain_data() -> None:
    given = Marked("a", (mark("v1", "equal"),), "x")
    assert marked_from(json.loads(json.dumps(given.plain()))) == given


def test_points_are_short() -> None:
    assert [number_text(Fraction(value)) for value in ("0", "10", "5/2", "1/3")] == ["0", "10", "2.5", "0.33"]
    with pytest.raises(UsageError):
        report_writer("x.pdf")
