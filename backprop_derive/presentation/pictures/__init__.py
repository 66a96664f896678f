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
    """A format by its name, the suffixes of its files, and the module whose `render(picture) -> str` writes it."""

    name: str
    suffixes: tuple[str, ...]


FORMATS: tuple[PictureFormat, ...] = (PictureFormat("svg", (".svg",)),)
PLANNED = {".tex": "the picture in TikZ", ".tikz": "the picture in TikZ", ".png": "the picture as PNG", ".txt": "the picture in the terminal"}


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


def render_picture(picture: Picture, row: PictureFormat) -> str:
    """The picture as text in a format."""
    text: str = import_module(f"backprop_derive.presentation.pictures.{row.name}").render(picture)
    return text
