"""One submission judged, in the process that does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from backprop_derive.answers.verifying import Verifier
from backprop_derive.errors import BackpropError
from backprop_derive.grading.marks import Mark, Marked, failure, mark_of


def marked(verifier: Verifier, name: str, files: Sequence[Path]) -> Marked:
    """The marks of all files of a submission. A file that cannot be judged is a mark of its own, unless it is the only one."""
    marks: list[Mark] = []
    problems: list[str] = []
    for path in files:
        shown = name if len(files) == 1 else f"{name}/{path.name}"
        try:
            for claim in verifier.verify(path):
                mark = mark_of(claim, verifier.graph)
                marks.append(replace(mark, where=mark.where.replace(str(path), shown, 1)))
        except BackpropError as error:
            told = "; ".join(str(problem).replace(str(path), shown, 1) for problem in error.problems[:3])
            problems.append(told)
    if not marks:
        return failure(name, problems[0] if problems else "there is no file in it")
    marks += [Mark(name, "", "", "unreadable", explanation=told) for told in problems]
    return Marked(name, tuple(marks))
