"""A picture as SVG: one file, no script, no fonts or anything else from outside; light and dark; the partial of an arrow shows
when a pointer rests on it."""

from __future__ import annotations

from html import escape
from math import inf
from textwrap import wrap

from backprop_derive.graph.nodes import Graph
from backprop_derive.presentation.document import Text
from backprop_derive.presentation.geometry import Box
from backprop_derive.presentation.layout import Layout, Lettering, PlacedArrow, PlacedSpot, lay_out_within
from backprop_derive.presentation.picture import Picture
from backprop_derive.presentation.plain import visible
from backprop_derive.presentation.styles import UnicodeWriter

UNIT = 13.0  # pixels for the height of a character
_WIDE = 0.6
_NARROWEST = 30.0  # where there are notes

STYLE = """
.spot { fill: #ffffff; stroke: #475569; stroke-width: 1.5 }
.input .spot { fill: #eef2ff } .parameter .spot { fill: #ecfdf5 } .target .spot { fill: #f1f5f9; stroke-dasharray: 4 3 } .loss .spot { fill: #fef3c7 }
.arrow { fill: none; stroke: #94a3b8; stroke-width: 1.3 } .head { fill: #94a3b8 }
.shared .arrow { stroke-dasharray: 7 3 }
text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #0f172a; text-anchor: middle; dominant-baseline: central }
.plate, .ground { fill: #ffffff }
.small, .note { fill: #475569 } .note { text-anchor: start } .small { stroke: #ffffff; stroke-width: 3; stroke-linejoin: round; paint-order: stroke }
.lit .spot { stroke: #c2410c; stroke-width: 2.5 } .lit .arrow { stroke: #c2410c; stroke-width: 2.2 } .lit .head { fill: #c2410c } .lit .label, .lit .small { fill: #9a3412 }
@media (prefers-color-scheme: dark) {
  .ground, .plate { fill: #0f172a } .spot, .input .spot, .parameter .spot, .target .spot, .loss .spot { fill: #1e293b; stroke: #cbd5e1 }
  text { fill: #f1f5f9 }  .small, .note { fill: #cbd5e1 } .small { stroke: #0f172a }
  .lit .spot, .lit .arrow { stroke: #fb923c } .lit .head { fill: #fb923c } .lit .label, .lit .small { fill: #fdba74 }
}
"""


def lettering(graph: Graph) -> Lettering:
    """How labels are written in SVG: in Unicode, in letters of one width."""
    writer = UnicodeWriter(graph)

    def write(text: Text) -> str:
        return "".join(part if isinstance(part, str) else writer.write(part) for part in text)

    return Lettering(write, lambda text: _WIDE * len(text))


def render(picture: Picture) -> str:
    """The picture as a whole SVG file."""
    return svg(picture, style=STYLE)


def svg(picture: Picture, *, style: str) -> str:
    """The picture as an `<svg>` element with the given style sheet."""
    return svg_and_size(picture, style=style)[0]


def svg_and_size(picture: Picture, *, style: str, room: float = inf) -> tuple[str, float, float]:
    """The same, and how wide and high it is in pixels; with brief labels where it would be wider than the room."""
    layout = lay_out_within(picture, lettering(picture.graph), room / UNIT)
    wide = max(layout.width, _NARROWEST if layout.notes else 0)
    notes = [line for note in layout.notes for line in wrap(note, int((wide - 2) / _WIDE), subsequent_indent="  ")]
    height = layout.height + 1.5 * len(notes) + (0.5 if notes else 0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {px(wide)} {px(height)}" width="{px(wide)}" height="{px(height)}" role="img">',
        f"<title>{escape(visible(picture.title))}</title>",
        f"<desc>{escape(described(layout))}</desc>",
        f"<style>{style}</style>" if style else "",
        '<rect class="ground" width="100%" height="100%"/>' if style else "",
        *(arrow_element(each) for each in sorted(layout.arrows, key=lambda each: each.arrow.lit)),
        *(spot_element(each) for each in layout.spots),
        *(_arrow_label(each) for each in layout.arrows if each.box is not None),
        *(f'<text class="note" x="{px(1)}" y="{px(layout.height + 1.5 * place + 0.3)}">{escape(note)}</text>' for place, note in enumerate(notes)),
        "</svg>",
    ]
    return "\n".join(line for line in lines if line) + "\n", wide * UNIT, height * UNIT


def described(layout: Layout) -> str:
    """The picture in words, for those who do not see it."""
    names = {each.spot.key: each.label for each in layout.spots}
    parts = []
    for each in layout.arrows:
        said = f"{names[each.arrow.start]} to {names[each.arrow.end]}"
        parts.append(f"{said}: {each.label}" if each.label else said)
    return "; ".join(parts)


def px(length: float) -> str:
    """A length in pixels."""
    return f"{length * UNIT:.1f}".removesuffix(".0")


def classes(*names: str) -> str:
    """The names that are not empty, for the attribute `class`."""
    return " ".join(name for name in names if name)


def spot_element(placed: PlacedSpot) -> str:
    """A spot with the texts inside, above and below it."""
    spot, box = placed.spot, placed.box
    if spot.kind == "dots":
        return text_element("", box.x, box.y, placed.label)
    parts = [
        f'<rect class="spot" x="{px(box.x - box.half_width)}" y="{px(box.y - box.half_height)}" width="{px(2 * box.half_width)}" height="{px(2 * box.half_height)}" rx="{px(box.half_height)}"/>',
        text_element("", box.x, box.y, placed.label),
        text_element("small", box.x, box.y - box.half_height - 0.75, placed.above) if placed.above else "",
        *(text_element("small label", box.x + placed.aside, box.y + box.half_height + 0.8 + 1.3 * place, text) for place, text in enumerate(placed.below)),
    ]
    return f'<g class="{classes(spot.kind, "lit" if spot.lit else "")}" data-spot="{escape(spot.key)}">{"".join(parts)}</g>'


def text_element(name: str, x: float, y: float, text: str) -> str:
    """A text around a point; `name` is its class."""
    named = f' class="{name}"' if name else ""
    return f'<text{named} x="{px(x)}" y="{px(y)}">{escape(text)}</text>'


def arrow_element(placed: PlacedArrow) -> str:
    """An arrow with its head."""
    arrow = placed.arrow
    names = classes("lit" if arrow.lit else "", "shared" if arrow.shared else "")
    group = f' class="{names}"' if names else ""
    return f'<g{group} data-from="{escape(arrow.start)}" data-to="{escape(arrow.end)}">{arrow_paths(placed)}</g>'


def arrow_paths(placed: PlacedArrow) -> str:
    """The line of an arrow and its head; what it says when a pointer rests on it."""
    title = f"<title>{escape(placed.tip)}</title>" if placed.tip else ""
    return f'{title}<path class="arrow" d="{path_of(placed)}"/><path class="head" d="{_head(*placed.curve[2:])}"/>'


def path_of(placed: PlacedArrow) -> str:
    """The line of an arrow as SVG's path."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = placed.curve
    return f"M{px(ax)} {px(ay)}C{px(bx)} {px(by)} {px(cx)} {px(cy)} {px(dx)} {px(dy)}"


def _head(before: tuple[float, float], tip: tuple[float, float]) -> str:
    """A triangle at the end of a curve."""
    across, down = tip[0] - before[0], tip[1] - before[1]
    length = (across**2 + down**2) ** 0.5 or 1.0
    across, down = across / length, down / length
    back = (tip[0] - 0.8 * across, tip[1] - 0.8 * down)
    left = (back[0] - 0.35 * down, back[1] + 0.35 * across)
    right = (back[0] + 0.35 * down, back[1] - 0.35 * across)
    return f"M{px(tip[0])} {px(tip[1])}L{px(left[0])} {px(left[1])}L{px(right[0])} {px(right[1])}Z"


def _arrow_label(placed: PlacedArrow) -> str:
    assert isinstance(placed.box, Box)
    lit = placed.arrow.lit
    box = placed.box
    plate = f'<rect class="plate" x="{px(box.x - box.half_width)}" y="{px(box.y - 0.65)}" width="{px(2 * box.half_width)}" height="{px(1.3)}"/>'
    return f'<g{" class=" + chr(34) + "lit" + chr(34) if lit else ""}>{plate}{text_element("label", box.x, box.y, placed.label)}</g>'
