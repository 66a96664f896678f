"""The formats of pictures: a row and a file each."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from backprop_derive.errors import Problem, UsageError, nearest

if TYPE_CHECKING:
    from backprop_derive.presentation.document import Document
    from backprop_derive.presentation.picture import Picture


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """A format by its name, the suffixes of its files, and the module whose `render(picture, …)` writes it.

    `fragment`: `render` takes `fragment=True`, for a part of a file; `binary`: it returns bytes, and the module's `ready()` says what has
    to be installed and is not; `page`: the picture is written as a page of text, by the format of documents that has this name.
    """

    name: str
    suffixes: tuple[str, ...]
    fragment: bool = False
    binary: bool = False
    page: str = ""


FORMATS: tuple[PictureFormat, ...] = (
    PictureFormat("svg", (".svg",)),
    PictureFormat("tikz", (".tex", ".tikz"), fragment=True),
    PictureFormat("png", (".png",), binary=True),
    PictureFormat("terminal", (".txt",), page="terminal"),
    PictureFormat("markdown", (".md", ".markdown"), page="markdown"),
)


def find_picture_format(name: str) -> PictureFormat:
    """The row called `name`. Raises UsageError that lists what there is."""
    for row in FORMATS:
        if row.name == name.lower():
            return row
    known = [row.name for row in FORMATS]
    raise UsageError(
        Problem(f"there is no format {name!r} of pictures; there are {', '.join(known)}", value=name, nearest=nearest(name, known))
    )


def picture_format_of_file(path: str) -> PictureFormat:
    """The row that a file's suffix picks. Raises UsageError that lists the known ones."""
    for row in FORMATS:
        if path.lower().endswith(row.suffixes):
            return row
    known = ", ".join(suffix for row in FORMATS for suffix in row.suffixes)
    raise UsageError(f"the suffix of {path!r} names no format of pictures; known are {known} (or say it with -f)")


def expect_able(row: PictureFormat, *, fragment: bool = False) -> None:
    """Raise UsageError for a fragment of a format that has none, and for what is not installed."""
    if fragment and not row.fragment:
        raise UsageError(f"--fragment is for pictures in TikZ (-o net.tex), not for {row.name}")
    if row.binary:
        _module(row).ready()


def render_picture(picture: Picture, row: PictureFormat, *, fragment: bool = False) -> str | bytes:
    """The picture in a format: text, or bytes for a binary one."""
    if row.page:
        from backprop_derive.presentation.formats import render

        return render(page_of(picture), row.page)
    written: str | bytes = _module(row).render(picture, fragment=True) if fragment else _module(row).render(picture)
    return written


def _module(row: PictureFormat) -> Any:
    return import_module(f"backprop_derive.presentation.pictures.{row.name}")


def page_of(picture: Picture) -> Document:
    """A page of the picture and its title."""
    from backprop_derive.presentation.document import Document, Figure, Heading

    return Document((Heading(1, (picture.title,)), Figure(picture)), {}, picture.graph)
