"""Reading what was handed in: a file of whichever kind, standard input, or text."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from backprop_derive.answers.documents.keyed import keyed_passages
from backprop_derive.answers.documents.latex import latex_passages
from backprop_derive.answers.documents.markdown import markdown_passages
from backprop_derive.answers.documents.passages import MAXIMUM_PASSAGES, Passage, Source
from backprop_derive.answers.documents.plain import plain_passages
from backprop_derive.errors import AnswerError, Problem

MAXIMUM_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document: the suffixes of its files, and who reads it."""

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Source, Collection[str]], tuple[Passage, ...]]
    title: str


KINDS: tuple[Kind, ...] = (
    Kind("tex", (".tex", ".latex", ".ltx"), lambda source, _: tuple(latex_passages(source)), "LaTeX"),
    Kind("md", (".md", ".markdown", ".mdown"), lambda source, known: tuple(markdown_passages(source, known)), "Markdown"),
    Kind("txt", (".txt", ".text"), lambda source, known: tuple(plain_passages(source, known)), "plain text"),
    Kind("yaml", (".yaml", ".yml"), lambda source, _: keyed_passages(source.text, source.file), "answers by weight"),
)
_ELSEWHERE = {
    ".pdf": "a PDF", ".docx": "a Word file", ".doc": "a Word file", ".odt": "a text of an office program", ".png": "a picture", ".jpg": "a picture", ".jpeg": "a picture",
    ".heic": "a picture", ".gif": "a picture", ".ipynb": "a notebook", ".zip": "an archive", ".rtf": "a text of an office program", ".pages": "a text of an office program",
}  # fmt: skip


def read_document(path: Path, known: Collection[str] = ()) -> tuple[Passage, ...]:
    """The formulas of a file. Raises AnswerError for what is no text, too large, or of a kind that is not read."""
    return passages_of(document_text(path), str(path), kind_of_file(path), known)


def passages_of(text: str, file: str, kind: str | None = None, known: Collection[str] = ()) -> tuple[Passage, ...]:
    """The formulas of a text, which is of a kind of the table; None finds out which. Raises AnswerError."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    row = next(row for row in KINDS if row.name == (kind or sniffed(text)))
    found = row.read(Source(text, file), known)
    if len(found) > MAXIMUM_PASSAGES:
        place = found[MAXIMUM_PASSAGES].place
        raise AnswerError(Problem(f"there are {len(found)} formulas; at most {MAXIMUM_PASSAGES} are judged at once", file, place.line, place.column))
    return found


def kind_of_file(path: Path) -> str | None:
    """The kind that the suffix says; None where it says nothing. Raises AnswerError for what is known and not read."""
    suffix = path.suffix.lower()
    if suffix in _ELSEWHERE:
        raise AnswerError(Problem(f"{_ELSEWHERE[suffix]} cannot be read: hand in {_kinds()}", str(path), value=suffix))
    return next((row.name for row in KINDS if suffix in row.suffixes), None)


def _kinds() -> str:
    return ", ".join(row.suffixes[0] for row in KINDS[:-1]) + f" or {KINDS[-1].suffixes[0]}"


def sniffed(text: str) -> str:
    """The kind that a text looks like."""
    if re.search(r"\\begin\s*\{|\\\[|\\\(|\\documentclass", text):
        return "tex"
    if "$" in text or re.search(r"^\s*(?:```|~~~)", text, re.MULTILINE):
        return "md"
    return "txt"


def document_text(path: Path) -> str:
    """The text of a file in UTF-8. Raises AnswerError."""
    file = str(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise AnswerError(Problem("this is no file with answers", file, value=file))
        with path.open("rb") as stream:
            data = stream.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError:
        raise AnswerError(Problem("there is no such file", file, value=file)) from None
    except (OSError, ValueError) as error:
        raise AnswerError(Problem(f"the file cannot be read: {getattr(error, 'strerror', None) or error}", file)) from None
    return decoded(data, file)


def decoded(data: bytes, file: str) -> str:
    """The text that bytes are in UTF-8. Raises AnswerError where they are none, or too many."""
    if len(data) > MAXIMUM_BYTES:
        raise AnswerError(Problem(f"the file is larger than {MAXIMUM_BYTES // 1_000_000} MB", file))
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise AnswerError(Problem("the file is UTF-16: save it as UTF-8", file))
    if b"\0" in data:
        raise AnswerError(Problem("the file is binary, not text", file))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        raise AnswerError(Problem(f"a byte (0x{data[error.start]:02X}) that is not UTF-8: save the file as UTF-8", file, line, column)) from None
