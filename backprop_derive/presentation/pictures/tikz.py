r"""A picture in TikZ: a file that pdflatex, lualatex and xelatex compile, or a bare `tikzpicture` for `\input`. Lengths are in em, so that
it goes with the size of the letters around it; spots are nodes with names, so that it can be changed by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backprop_derive.presentation.document import Document, Text
from backprop_derive.presentation.geometry import Point
from backprop_derive.presentation.latex_text import latex_text
from backprop_derive.presentation.layout import RADIUS, Layout, Lettering, PlacedArrow, PlacedSpot, lay_out_within
from backprop_derive.presentation.mathematics.widths import text_width, width_of
from backprop_derive.presentation.picture import Picture
from backprop_derive.presentation.typesetting import Inline, Typesetter

LIBRARIES = r"\usepackage{tikz}\usetikzlibrary{shapes.misc}"
_LINE = 1.35
_UNBROKEN = 1000.0  # em
_STYLES = r"""  x=1em, y=-1em, >=latex, line width=0.4pt,
  spot/.style={draw, circle, minimum size=3.4em, inner sep=0pt, fill=white}, wide/.style={rounded rectangle, minimum size=0pt, minimum height=3.4em},
  input/.style={spot, fill=blue!5}, parameter/.style={spot, fill=green!6}, unit/.style={spot}, target/.style={spot, dashed, fill=black!3}, loss/.style={spot, fill=yellow!20},
  dots/.style={}, beside/.style={font=\small, inner sep=0.5pt, fill=white, text=black!75}, weight/.style={font=\small, inner sep=1pt, fill=white},
  arrow/.style={->, draw=black!50}, shared/.style={densely dashed}, lit/.style={draw=orange!75!black, line width=1pt}, lit words/.style={text=orange!60!black}"""


def render(picture: Picture, *, fragment: bool = False) -> str:
    r"""The picture as a whole file, or as a `fragment` for `\input`."""
    body, *_ = tikz_picture(picture)
    packages = r"\usepackage{amsmath}" + (r"\usepackage{amssymb}" if r"\mathbb" in body or r"\mathfrak" in body else "") + LIBRARIES
    if fragment:
        return f"% for \\input; the preamble of your file needs {packages}\n{body}"
    return f"\\documentclass[border=2mm]{{standalone}}\n{packages}\n\\begin{{document}}\n{body}\\end{{document}}\n"


def tikz_picture(picture: Picture, room: float = _UNBROKEN) -> tuple[str, float, float]:
    """The picture as an environment `tikzpicture`, and how wide and high it is in em; with brief labels where it would be wider than
    the room."""
    letters = _Letters(picture)
    layout = lay_out_within(picture, Lettering(letters.write, letters.measure, _LINE), room)
    names = _names(layout)
    lines = [
        r"\begin{tikzpicture}[",
        f"{_STYLES}]",
        *(_spot(each, names[each.spot.key]) for each in layout.spots),
        *(_arrow(each, names) for each in sorted(layout.arrows, key=lambda each: each.arrow.lit)),
        *(line for each in layout.spots for line in _beside(each)),
        *(_label(each) for each in layout.arrows if each.box is not None),
        *_notes(layout),
        r"\end{tikzpicture}",
    ]
    return "\n".join(lines) + "\n", layout.width, layout.height + _LINE * len(layout.notes)


class _Letters:
    """Writes labels in LaTeX, and knows how wide each of them is."""

    def __init__(self, picture: Picture) -> None:
        self.typesetter = Typesetter(Document((), {}, picture.graph), _UNBROKEN)
        self.widths: dict[str, float] = {"": 0.0}

    def write(self, text: Text) -> str:
        """Words, with formulas in dollars."""
        parts = list(self.typesetter.parts(text))
        written = "".join(f"${part.latex}$" if isinstance(part, Inline) else latex_text(part) for part in parts)
        self.widths[written] = sum(width_of(part.latex) if isinstance(part, Inline) else text_width(part) for part in parts)
        return written

    def measure(self, written: str) -> float:
        """The width of what was written, in em."""
        return self.widths[written]


def _names(layout: Layout) -> dict[str, str]:
    """A name for each spot that TikZ can read, and that says which it is."""
    found: dict[str, str] = {}
    for each in layout.spots:
        name = re.sub(r"[^A-Za-z0-9]+", "-", each.spot.key.replace("'", " prime")).strip("-") or "spot"
        while name in found.values():
            name += "-"
        found[each.spot.key] = name
    return found


def _at(point: Point) -> str:
    return f"({point[0]:.2f}, {point[1]:.2f})"


def _spot(placed: PlacedSpot, name: str) -> str:
    spot, box = placed.spot, placed.box
    wide = f", wide, minimum width={2 * box.half_width:.2f}em" if spot.kind != "dots" and box.half_width > RADIUS else ""
    lit = ", lit" if spot.lit else ""
    label = placed.label if spot.kind != "dots" else r"$\vdots$"
    return rf"\node[{spot.kind}{wide}{lit}] ({name}) at {_at((box.x, box.y))} {{{label}}};"


def _beside(placed: PlacedSpot) -> Iterator[str]:
    """What stands above and below a spot."""
    box, lit = placed.box, ", lit words" if placed.spot.lit else ""
    if placed.above:
        yield rf"\node[beside] at {_at((box.x, box.y - box.half_height - 0.7))} {{{placed.above}}};"
    for number, text in enumerate(placed.below):
        yield rf"\node[beside{lit}] at {_at((box.x + placed.aside, box.y + box.half_height + 0.75 + _LINE * number))} {{{text}}};"


def _arrow(placed: PlacedArrow, names: dict[str, str]) -> str:
    arrow, (first, second, third, last) = placed.arrow, placed.curve
    style = "arrow" + (", shared" if arrow.shared else "") + (", lit" if arrow.lit else "")
    if placed.straight:
        return rf"\draw[{style}] ({names[arrow.start]}) -- ({names[arrow.end]});"
    return rf"\draw[{style}] {_at(first)} .. controls {_at(second)} and {_at(third)} .. {_at(last)};"


def _label(placed: PlacedArrow) -> str:
    assert placed.box is not None, "a label has a place"
    lit = ", lit words" if placed.arrow.lit else ""
    return rf"\node[weight{lit}] at {_at((placed.box.x, placed.box.y))} {{{placed.label}}};"


def _notes(layout: Layout) -> Iterator[str]:
    if layout.notes:
        lines = "\\\\\n  ".join(layout.notes)
        yield rf"\node[beside, anchor=north west, align=left, text width={max(layout.width - 2, 20):.1f}em] at (1, {layout.height:.2f}) {{{lines}}};"
