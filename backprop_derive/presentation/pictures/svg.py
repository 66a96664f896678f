"""A picture as SVG: one file, no script, no fonts or anything else from outside; light and dark; the partial of an arrow shows
when a pointer rests on it."""

from __future__ import annotations

from html import escape
from textwrap import wrap

from backprop_derive.presentation.document import Text
from backprop_derive.presentation.geometry import Box
from backprop_derive.presentation.layout import Layout, Lettering, PlacedArrow, PlacedSpot, lay_out
from backprop_derive.presentation.picture import Picture
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


def render(picture: Picture) -> str:
    """The picture as a whole SVG file."""
    return svg(picture, style=STYLE)


def svg(picture: Picture, *, style: str) -> str:
    """The picture as an `<svg>` element with the given style sheet."""
    writer = UnicodeWriter(picture.graph)

    def write(text: Text) -> str:
        return "".join(part if isinstance(part, str) else writer.write(part) for part in text)

    layout = lay_out(picture, Lettering(write, lambda text: _WIDE * len(text)))
    wide = max(layout.width, _NARROWEST if layout.notes else 0)
    notes = [line for note in layout.notes for line in wrap(note, int((wide - 2) / _WIDE), subsequent_indent="  ")]
    height = layout.height + 1.5 * len(notes) + (0.5 if notes else 0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_px(wide)} {_px(height)}" width="{_px(wide)}" height="{_px(height)}" role="img">',
        f"<title>{escape(picture.title)}</title>",
        f"<desc>{escape(_described(layout))}</desc>",
        f"<style>{style}</style>" if style else "",
        '<rect class="ground" width="100%" height="100%"/>' if style else "",
        *(_arrow(each) for each in sorted(layout.arrows, key=lambda each: each.arrow.lit)),
        *(_spot(each) for each in layout.spots),
        *(_arrow_label(each) for each in layout.arrows if each.box is not None),
        *(f'<text class="note" x="{_px(1)}" y="{_px(layout.height + 1.5 * place + 0.3)}">{escape(note)}</text>' for place, note in enumerate(notes)),
        "</svg>",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _described(layout: Layout) -> str:
    """The picture in words, for those who do not see it."""
    names = {each.spot.key: each.label for each in layout.spots}
    parts = []
    for each in layout.arrows:
        said = f"{names[each.arrow.start]} to {names[each.arrow.end]}"
        parts.append(f"{said}: {each.label}" if each.label else said)
    return "; ".join(parts)


def _px(length: float) -> str:
    return f"{length * UNIT:.1f}".removesuffix(".0")


def _classes(*names: str) -> str:
    return " ".join(name for name in names if name)


def _spot(placed: PlacedSpot) -> str:
    spot, box = placed.spot, placed.box
    if spot.kind == "dots":
        return _text("", box.x, box.y, placed.label)
    parts = [
        f'<rect class="spot" x="{_px(box.x - box.half_width)}" y="{_px(box.y - box.half_height)}" width="{_px(2 * box.half_width)}" height="{_px(2 * box.half_height)}" rx="{_px(box.half_height)}"/>',
        _text("", box.x, box.y, placed.label),
        _text("small", box.x, box.y - box.half_height - 0.75, placed.above) if placed.above else "",
        *(_text("small label", box.x + placed.aside, box.y + box.half_height + 0.8 + 1.3 * place, text) for place, text in enumerate(placed.below)),
    ]
    return f'<g class="{_classes(spot.kind, "lit" if spot.lit else "")}" data-spot="{escape(spot.key)}">{"".join(parts)}</g>'


def _text(name: str, x: float, y: float, text: str) -> str:
    named = f' class="{name}"' if name else ""
    return f'<text{named} x="{_px(x)}" y="{_px(y)}">{escape(text)}</text>'


def _arrow(placed: PlacedArrow) -> str:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = placed.curve
    path = f"M{_px(ax)} {_px(ay)}C{_px(bx)} {_px(by)} {_px(cx)} {_px(cy)} {_px(dx)} {_px(dy)}"
    title = f"<title>{escape(placed.tip)}</title>" if placed.tip else ""
    arrow = placed.arrow
    names = _classes("lit" if arrow.lit else "", "shared" if arrow.shared else "")
    group = f' class="{names}"' if names else ""
    return f'<g{group} data-from="{escape(arrow.start)}" data-to="{escape(arrow.end)}">{title}<path class="arrow" d="{path}"/><path class="head" d="{_head((cx, cy), (dx, dy))}"/></g>'


def _head(before: tuple[float, float], tip: tuple[float, float]) -> str:
    """A triangle at the end of a curve."""
    across, down = tip[0] - before[0], tip[1] - before[1]
    length = (across**2 + down**2) ** 0.5 or 1.0
    across, down = across / length, down / length
    back = (tip[0] - 0.8 * across, tip[1] - 0.8 * down)
    left = (back[0] - 0.35 * down, back[1] + 0.35 * across)
    right = (back[0] + 0.35 * down, back[1] - 0.35 * across)
    return f"M{_px(tip[0])} {_px(tip[1])}L{_px(left[0])} {_px(left[1])}L{_px(right[0])} {_px(right[1])}Z"


def _arrow_label(placed: PlacedArrow) -> str:
    assert isinstance(placed.box, Box)
    lit = placed.arrow.lit
    box = placed.box
    plate = f'<rect class="plate" x="{_px(box.x - box.half_width)}" y="{_px(box.y - 0.65)}" width="{_px(2 * box.half_width)}" height="{_px(1.3)}"/>'
    return f'<g{" class=" + chr(34) + "lit" + chr(34) if lit else ""}>{plate}{_text("label", box.x, box.y, placed.label)}</g>'
