"""`verify SPEC FOLDER`: a whole class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from backprop_derive.errors import UsageError

if TYPE_CHECKING:
    from backprop_derive.cli.output import Output


def grade_folder(spec: str, folder: Path, output: Output, *, strict: bool, notation: str | None, report: str | None, options: str | None, jobs: int, time_limit: float) -> int:
    """Judge every submission, print the page, and write the report. Returns the exit code of `verify`."""
    from backprop_derive.cli.notation import renaming_for
    from backprop_derive.cli.opening import open_network
    from backprop_derive.cli.output import emit, write_whole
    from backprop_derive.cli.progress import shown_count
    from backprop_derive.grading.journal import SUFFIX, Journal
    from backprop_derive.grading.running import Network, marked_submissions, need_joblib
    from backprop_derive.presentation.grades import ClassReport, present_grades, report_writer

    writer = None if report is None else report_writer(report)
    _check_report(report)
    need_joblib(jobs)
    network, graph = open_network(spec)
    renaming = renaming_for(graph, notation)
    graph = graph if renaming is None else renaming.renamed

    from backprop_derive.grading.rubric import Rubric, graded, read_rubric
    from backprop_derive.grading.submissions import submissions_in

    rubric = Rubric() if options is None else read_rubric(Path(options), graph)
    own = [Path(name) for name in (report, output.file, options) if name is not None]
    submissions = submissions_in(folder, [*own, *(path.with_name(path.name + SUFFIX) for path in own)])
    journal = None if report is None else Journal(Path(report), "\0".join((network.text, str(folder.resolve()), *(() if notation is None else (notation,)))))
    try:
        with shown_count(len(submissions), "submission") as progress:
            found = marked_submissions(Network(network.text, network.mark.file, notation), submissions, jobs=jobs, limit=time_limit, journal=journal, progress=progress)
    finally:
        if journal is not None:
            journal.close()
    grades, possible = graded(found, rubric, graph)
    result = ClassReport(grades, possible, graph.title)
    if writer is not None and report is not None and journal is not None:
        write_whole(Path(report), writer(result).encode())
        journal.close(done=True)
    emit(present_grades(result), output)
    wrong = ("different", "close", "undecided") if strict else ("different",)
    return int(any(mark.verdict in wrong for marked in found for mark in marked.marks))


def _check_report(report: str | None) -> None:
    """Raises UsageError for a report that cannot be written, before anything is judged."""
    if report is not None and not Path(report).parent.is_dir():
        raise UsageError(f"there is no folder {Path(report).parent}, so {Path(report).name} cannot be written there")
    if report is not None and Path(report).is_dir():
        raise UsageError(f"{report} is a folder: give the name of a file")
