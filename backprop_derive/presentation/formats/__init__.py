"""The formats that a document is printed in: one row a format, one file a row."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from backprop_derive.errors import Problem, UsageError, nearest
from backprop_derive.frozen import dataclass

if TYPE_CHECKING:
    from backprop_derive.presentation.document import Document


@dataclass(frozen=True, slots=True)
class Format:
    """A format by its names, the suffixes of its files, and the module whose `render(document, …)` writes it.

    `options` are the keyword arguments that `render` takes; `binary`: it returns bytes, not text;
    `needs_more`: the module's `ready(…)` says what has to be installed and is not; `with_code`: a derivation
    in it has the section of code; `with_network`: it has the picture of the network, with the paths of each weight.
    """

    name: str
    module: str
    suffixes: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    sentence: str = ""
    options: tuple[str, ...] = ()
    binary: bool = False
    needs_more: bool = False
    with_code: bool = False
    with_network: bool = False


FORMATS: tuple[Format, ...] = (
    Format("terminal", "terminal", (".txt",), ("text",), "plain text, as in a terminal"),
    Format("json", "json", (".json",), (), "a record for programs"),
    Format("latex", "latex", (".tex",), ("tex",), "LaTeX for pdflatex, lualatex and xelatex; --fragment for \\input", options=("fragment", "width")),
    Format("typst", "typst", (".typ",), ("typ",), "the language of typst", options=("width",)),
    Format("markdown", "markdown", (".md", ".markdown"), ("md",), "Markdown with mathematics, for GitHub and Jupyter"),
    Format("html", "html", (".html", ".htm"), ("htm",), "a page for a browser, with the network to click on; it needs nothing from outside", with_network=True),
    Format("mathml", "mathml", (".mml",), ("mml",), "the formulas and words as one table in MathML"),
    Format("notebook", "notebook", (".ipynb",), ("ipynb", "jupyter"), "a Jupyter notebook, whose cells recompute the gradients in NumPy and compare", with_code=True),
    Format("pdf", "pdf", (".pdf",), (), "pages, by typst (pip install 'backprop_derive[pdf]') or by --pdf-engine pdflatex, lualatex or xelatex", options=("pdf_engine", "width"), binary=True, needs_more=True),
    Format("svg", "svg", (".svg",), (), "the curve of the cost over the steps of evaluate; the network, by draw", binary=True),
    Format("png", "png", (".png",), (), "the same as an image", binary=True),
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


def options_of(row: Format, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options that were given, all of which the format must have. Raises UsageError that says which formats have them."""
    for name in given:
        if name not in row.options:
            having = " and ".join(each.name for each in FORMATS if name in each.options)
            raise UsageError(f"--{name.replace('_', '-')} is an option of {having}, not of the format {row.name} (-f and the suffix of -o pick it)")
    return given


def expect_ready(row: Format, options: Mapping[str, Any]) -> None:
    """Raise UsageError if something that the format needs with these options is not installed."""
    if row.needs_more:
        _module(row).ready(**options)


def render(document: Document, name: str, **options: Any) -> str | bytes:
    """The document in a format, such as "json": text, or bytes for a binary format.

    Raises UsageError for an unknown format or option.
    """
    row = find_format(name)
    written: str | bytes = _module(row).render(document, **options_of(row, options))
    return written


def _module(row: Format) -> Any:
    return import_module(f"backprop_derive.presentation.formats.{row.module}")
