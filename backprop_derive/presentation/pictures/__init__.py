"""The formats of pictures: a row and a file each."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from backprop_derive.errors import NotYetError, UsageError

if TYPE_CHECKING:
    from backprop_derive.presentation.picture import Picture


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """A format by its name, the suffixes of its files, and the module whose `render(picture, …)` writes it.

    `fragment`: `render` takes `fragment=True`, for a part of a file; `needs_more`: the module's `ready()` says what has to be
    installed and is not.
    """

    name: str
    suffixes: tuple[str, ...]
    fragment: bool = False
    needs_more: bool = False


FORMATS: tuple[PictureFormat, ...] = (
    PictureFormat("svg", (".svg",)),
    PictureFormat("tikz", (".tex", ".tikz"), fragment=True),
)
PLANNED = {".png": "the picture as PNG", ".txt": "the picture in the terminal"}


def picture_format_of_file(path: str) -> PictureFormat:
    """The row that a file's suffix picks. Raises UsageError that lists the known ones, NotYetError for one that is planned."""
    for row in FORMATS:
        if path.lower().endswith(row.suffixes):
            return row
    for suffix, what in PLANNED.items():
        if path.lower().endswith(suffix):
            raise NotYetError(what)
    known = ", ".join(suffix for row in FORMATS for suffix in row.suffixes)
    raise UsageError(f"the suffix of {path!r} names no format of pictures; known are {known}")


def render_picture(picture: Picture, row: PictureFormat, *, fragment: bool = False) -> str:
    """The picture as text in a format. Raises UsageError for a fragment of a format that has none."""
    if fragment and not row.fragment:
        raise UsageError(f"--fragment is for pictures in TikZ (-o net.tex), not for {row.name}")
    module = import_module(f"backprop_derive.presentation.pictures.{row.name}")
    text: str = module.render(picture, fragment=True) if fragment else module.render(picture)
    return text
