"""The formats of pictures: a row and a file each."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from backprop_derive.errors import NotYetError, Problem, UsageError, nearest

if TYPE_CHECKING:
    from backprop_derive.presentation.document import Document
    from backprop_derive.presentation.picture import Picture


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """A format by its name, the suffixes of its files, and the module whose `render(picture, …)` writes it.

    `fragment`: `render` takes `fragment=True`, for a part of a file; `page`: the picture is written as a page of text, by the format of
    documents that has this name.
    """

    name: str
    suffixes: tuple[str, ...]
    fragment: bool = False
    page: str = ""


FORMATS: tuple[PictureFormat, ...] = (
    PictureFormat("svg", (".svg",)),
    PictureFormat("tikz", (".tex", ".tikz"), fragment=True),
    PictureFormat("terminal", (".txt",), page="terminal"),
    PictureFormat("markdown", (".md", ".markdown"), page="markdown"),
)
PLANNED = {".png": "the picture as PNG"}


def find_picture_format(name: str) -> PictureFormat:
    """The row called `name`. Raises UsageError that lists what there is."""
    for row in FORMATS:
        if row.name == name.lower():
            return row
    known = [row.name for row in FORMATS]
    raise UsageError(Problem(f"there is no format {name!r} of pictures; there are {', '.join(known)}", value=name, nearest=nearest(name, known)))


def picture_format_of_file(path: str) -> PictureFormat:
    """The row that a file's suffix picks. Raises UsageError that lists the known ones, NotYetError for one that is planned."""
    for row in FORMATS:
        if path.lower().endswith(row.suffixes):
            return row
    for suffix, what in PLANNED.items():
        if path.lower().endswith(suffix):
            raise NotYetError(what)
    known = ", ".join(suffix for row in FORMATS for suffix in row.suffixes)
    raise UsageError(f"the suffix of {path!r} names no format of pictures; known are {known} (or say it with -f)")


def expect_fragment(row: PictureFormat, fragment: bool) -> None:
    """Raise UsageError for a fragment of a format that has none."""
    if fragment and not row.fragment:
        raise UsageError(f"--fragment is for pictures in TikZ (-o net.tex), not for {row.name}")


def render_picture(picture: Picture, row: PictureFormat, *, fragment: bool = False) -> str:
    """The picture as text in a format."""
    if row.page:
        from backprop_derive.presentation.formats import render

        return str(render(page_of(picture), row.page))
    module = import_module(f"backprop_derive.presentation.pictures.{row.name}")
    text: str = module.render(picture, fragment=True) if fragment else module.render(picture)
    return text


def page_of(picture: Picture) -> Document:
    """A page of the picture and its title."""
    from backprop_derive.presentation.document import Document, Figure, Heading

    return Document((Heading(1, (picture.title,)), Figure(picture)), {}, picture.graph)
