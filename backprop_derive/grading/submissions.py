"""Which files of a folder are submissions: each file, or each folder in it with all its files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from backprop_derive.answers.documents.files import MAXIMUM_BYTES
from backprop_derive.errors import AnswerError, Problem

MOST_FILES = 50
_LEFT_BY_PROGRAMS = ("Thumbs.db", "desktop.ini", "__MACOSX")
_REPORTS = (".csv", ".json", ".partial", ".partial~")
REPORT_MARK = "<!-- a report of backprop-derive -->"
"""The first line of a report in Markdown: it is no submission."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission by its name in the folder, and its files."""

    name: str
    files: tuple[Path, ...]

    def fingerprint(self) -> str:
        """Tells whether the submission is still the one that was judged: names, sizes, and what is in the files."""
        digest = hashlib.sha256()
        for path in self.files:
            digest.update(os.fsencode(path.name))
            try:
                digest.update(str(path.stat().st_size).encode())
                if path.is_file():
                    with path.open("rb") as stream:
                        digest.update(stream.read(MAXIMUM_BYTES + 1))
            except OSError as error:
                digest.update(str(error.errno).encode())
        return digest.hexdigest()


def submissions_in(folder: Path, leave_out: Collection[Path] = ()) -> tuple[Submission, ...]:
    """The submissions of a folder, by name. Hidden files, reports and those to leave out are none. Raises AnswerError for an empty folder."""
    left = {path.resolve() for path in leave_out}
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise AnswerError(Problem(f"the folder cannot be read: {error.strerror}", str(folder))) from None
    found = [Submission(path.name, tuple(_files(path))) for path in entries if _counts(path) and not _is_report(path) and path.resolve() not in left]
    if not found:
        raise AnswerError(Problem("there is no submission in this folder", str(folder)))
    return tuple(found)


def _counts(path: Path) -> bool:
    return not path.name.startswith((".", "~$")) and path.name not in _LEFT_BY_PROGRAMS and not path.name.lower().endswith(_REPORTS)


def _is_report(path: Path) -> bool:
    try:
        if path.suffix.lower() != ".md" or not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(len(REPORT_MARK)) == REPORT_MARK.encode()
    except OSError:
        return False


def _files(path: Path) -> Iterator[Path]:
    """The file itself, or the files in a folder and its folders, which are not followed through links."""
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    count = 0
    for folder, folders, names in os.walk(path, followlinks=False):
        folders[:] = sorted(name for name in folders if _counts(Path(name)))
        for name in sorted(names):
            if _counts(Path(name)) and count < MOST_FILES:
                count += 1
                yield Path(folder) / name
