"""The grades of a class as a page, as a record, and as files for spreadsheets and reading."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backprop_derive.errors import UsageError, counted
from backprop_derive.grading.marks import Mark
from backprop_derive.grading.rubric import Grade
from backprop_derive.grading.submissions import REPORT_MARK
from backprop_derive.presentation.document import FORMAT, Block, Document, Heading, Paragraph, Table, Text

COLUMNS = ("submission", "where", "weight", "answer", "verdict", "follows", "carried", "mistake", "explanation", "score")
_BAR = 24
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ClassReport:
    """What is told of a class: its grades, what a submission could get at most, and what the network is called."""

    grades: tuple[Grade, ...]
    possible: Fraction
    title: str = ""

    @property
    def mistakes(self) -> Mapping[str, int]:
        """How many submissions make each kind of mistake, the most frequent first."""
        found = Counter(kind for grade in self.grades for kind in {kind for mark in grade.marked.marks for kind in _kinds(mark)})
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _kinds(mark: Mark) -> list[str]:
    return mark.mistake.split(" and ") if mark.mistake else []


# -- a page -------------------------------------------------------------------------------------------------------------


def present_grades(report: ClassReport) -> Document:
    """A row a submission, then how often each mistake was made."""
    return Document(tuple(_blocks(report)), record(report))


def _blocks(report: ClassReport) -> Iterator[Block]:
    yield Heading(1, (f"Submissions: {report.title}" if report.title else "Submissions",))
    header: tuple[Text, ...] = (("submission",), (f"score of {number_text(report.possible)}",), ("right",), ("first mistake",))
    yield Table(header, tuple(_cells(grade) for grade in report.grades))
    mistakes = report.mistakes
    if mistakes:
        most = max(mistakes.values())
        yield Heading(2, ("Mistakes, by submissions that make them",))
        yield Table((), tuple(((kind.replace("-", " "),), ("█" * max(1, round(_BAR * count / most)) + f" {count}",)) for kind, count in mistakes.items()))
    yield Paragraph((_summary(report),))


def _cells(grade: Grade) -> tuple[Text, ...]:
    marks = grade.marked.marks
    if grade.marked.failed:
        return (grade.marked.submission,), (number_text(grade.score),), ("",), (grade.marked.failed,)
    right = sum(mark.verdict in ("equal", "equal-if") for mark in marks)
    first = next((mark for mark in marks if mark.verdict == "different" and not mark.carried), None)
    told = "" if first is None else f"{_below(first.where, grade.marked.submission)}: {first.mistake.replace('-', ' ')}"
    return (grade.marked.submission,), (number_text(grade.score),), (f"{right} of {len(marks)}",), (told,)


def _below(where: str, submission: str) -> str:
    """The place without the name of the submission."""
    return where.removeprefix(submission).lstrip(":/") or where


def _summary(report: ClassReport) -> str:
    failed = sum(bool(grade.marked.failed) for grade in report.grades)
    scores = [grade.score for grade in report.grades]
    mean = sum(scores, Fraction(0)) / len(scores)
    told = f"{counted(len(scores), 'submission', 'submissions')}, {number_text(mean)} of {number_text(report.possible)} points on average"
    return told + (f"; {failed} could not be judged." if failed else ".")


def number_text(value: Fraction) -> str:
    """Points: as short as they are, to two decimals.

    >>> number_text(Fraction(3)), number_text(Fraction(5, 2)), number_text(Fraction(1, 3))
    ('3', '2.5', '0.33')
    """
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


# -- a record, and rows -------------------------------------------------------------------------------------------------


def record(report: ClassReport) -> dict[str, Any]:
    """The record for machines."""
    submissions = [
        {
            "submission": grade.marked.submission,
            "score": float(grade.score),
            "failed": grade.marked.failed or None,
            "claims": [_claim(mark, score) for mark, score in zip(grade.marked.marks, grade.scores, strict=True)],
        }
        for grade in report.grades
    ]
    return {"format": FORMAT, "points": float(report.possible), "submissions": submissions, "mistakes": dict(report.mistakes)}


def _claim(mark: Mark, score: Fraction | None) -> dict[str, Any]:
    return {
        "where": mark.where, "weight": mark.weight or None, "text": mark.text, "verdict": mark.verdict, "follows": mark.follows, "carried": mark.carried,
        "mistake": mark.mistake or None, "explanation": mark.explanation or None, "score": None if score is None else float(score),
    }  # fmt: skip


def _rows(report: ClassReport) -> Iterator[tuple[str, ...]]:
    """A row a submission and claim."""
    for grade in report.grades:
        name = grade.marked.submission
        if grade.marked.failed:
            yield name, "", "", "", "unreadable", "", "", "", grade.marked.failed, "0"
        for mark, score in zip(grade.marked.marks, grade.scores, strict=True):
            follows = {True: "yes", False: "no", None: ""}[mark.follows]
            told = "" if score is None else number_text(score)
            yield name, mark.where, mark.weight, mark.text, mark.verdict, follows, "yes" if mark.carried else "", mark.mistake, mark.explanation, told


# -- files --------------------------------------------------------------------------------------------------------------


def as_csv(report: ClassReport) -> str:
    """A row a submission and claim. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(_printable(cell)) for cell in row] for row in _rows(report))
    return stream.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_SIGNS) else cell


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def as_json(report: ClassReport) -> str:
    """The record."""
    return json.dumps(record(report), indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace").decode() + "\n"


def as_markdown(report: ClassReport) -> str:
    """The scores, the mistakes of the class, and a row a submission and claim."""
    lines = [REPORT_MARK, "", f"# {_cell(f'Submissions: {report.title}' if report.title else 'Submissions')}", "", _cell(_summary(report)), ""]
    lines += _table(("submission", f"score of {number_text(report.possible)}", "right", "first mistake"), [["".join(map(str, cell)) for cell in _cells(grade)] for grade in report.grades])
    if report.mistakes:
        lines += ["", "## Mistakes", "", *_table(("mistake", "submissions"), [[kind, str(count)] for kind, count in report.mistakes.items()])]
    return "\n".join([*lines, "", "## Claims", "", *_table(COLUMNS, list(_rows(report))), ""])


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}", *(f"| {' | '.join(map(_cell, row))} |" for row in rows)]


def _cell(text: str) -> str:
    """Text that is nothing else in Markdown."""
    return "".join(f"\\{each}" if each in r"\`*_{}[]<>()#+-!|~$&" else each for each in _printable(text))


WRITERS: Mapping[str, Callable[[ClassReport], str]] = {".csv": as_csv, ".json": as_json, ".md": as_markdown}


def report_writer(file: str) -> Callable[[ClassReport], str]:
    """Who writes a report of this suffix. Raises UsageError that lists the known ones."""
    for suffix, writer in WRITERS.items():
        if file.lower().endswith(suffix):
            return writer
    raise UsageError(f"the suffix of {file!r} names no report; known are {', '.join(WRITERS)}")
