"""The formats of pictures: a row and a file each."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from backprop_derive.errors import Problem, UsageError, nearest

if TYPE_CHECKING:
    from backprop_derive.presentation.picture import Picture


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """A format by its name, the suffixes of its files, and the module whose `render(picture) -> str` writes it."""

    name: str
    suffixes: tuple[str, ...]
    sentence: str


FORMATS: tuple[PictureFormat, ...] = (
    PictureFormat("terminal", (".txt",), "lines and letters, as in a terminal"),
    PictureFormat("svg", (".svg",), "a picture for pages and slides"),
    PictureFormat("tikz", (".tex", ".tikz"), "a picture for LaTeX, drawn by TikZ"),
)


def find_picture_format(name: str) -> PictureFormat:
    """The row called `name`. Raises UsageError that lists what there is."""
    for row in FORMATS:
        if name.lower() == row.name:
            return row
    known = [row.name for row in FORMATS]
    raise UsageError(Problem(f"there is no format of pictures {name!r}; there are {', '.join(known)}", value=name, nearest=nearest(name, known)))


def picture_format_of_file(path: str) -> PictureFormat:
    """The row that a file's suffix picks. Raises UsageError that lists the known ones."""
    for row in FORMATS:
        if path.lower().endswith(row.suffixes):
            return row
    known = ", ".join(suffix for row in FORMATS for suffix in row.suffixes)
    raise UsageError(f"the suffix of {path!r} names no format of pictures; known are {known} (or say it with -f)")


def render_picture(picture: Picture, name: str, *, width: int | None = None) -> str:
    """The picture as text in a format. `width` is that of the terminal, in columns. Raises UsageError for an unknown format."""
    module = import_module(f"backprop_derive.presentation.pictures.{find_picture_format(name).name}")
    text: str = module.render(picture, width)
    return text
