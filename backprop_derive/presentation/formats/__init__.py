"""The formats that a document is printed in: one row a format, one file a row."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from backprop_derive.errors import Problem, UsageError, nearest

if TYPE_CHECKING:
    from backprop_derive.presentation.document import Document


@dataclass(frozen=True, slots=True)
class Format:
    """A format by its names, the suffixes of its files, and the module whose `render(document) -> str` writes it."""

    name: str
    module: str
    suffixes: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    sentence: str = ""


FORMATS: tuple[Format, ...] = (
    Format("terminal", "terminal", (".txt",), ("text",), "plain text, as in a terminal"),
    Format("json", "json", (".json",), (), "a record for programs"),
)


def find_format(name: str) -> Format:
    """The row called `name`. Raises UsageError that lists what there is."""
    for row in FORMATS:
        if name.lower() in (row.name, *row.aliases):
            return row
    known = [each for row in FORMATS for each in (row.name, *row.aliases)]
    raise UsageError(Problem(f"there is no format {name!r}; there are {', '.join(known)}", value=name, nearest=nearest(name, known)))


def format_of_file(path: str) -> Format:
    """The row that a file's suffix picks. Raises UsageError that lists the known ones."""
    for row in FORMATS:
        if path.lower().endswith(row.suffixes):
            return row
    known = ", ".join(suffix for row in FORMATS for suffix in row.suffixes)
    raise UsageError(f"the suffix of {path!r} names no format; known are {known} (or say it with -f)")


def render(document: Document, name: str) -> str:
    """The document as text in a format, such as "json". Raises UsageError for an unknown one."""
    module = import_module(f"backprop_derive.presentation.formats.{find_format(name).module}")
    text: str = module.render(document)
    return text

