"""A curve in a terminal, through plotille; as a file, through matplotlib."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from textwrap import wrap

from backprop_derive.errors import UsageError
from backprop_derive.presentation.document import Curve, Document
from backprop_derive.presentation.figures import figure

PICTURES = ("svg", "png")
HEIGHT = 12
_NARROWEST = 40
_FEWEST = 6
_MARGIN = 14
_MISSING = "(with pip install 'backprop_derive[plot]', the curve is drawn here)"


def drawn_curve(curve: Curve, width: int, *, unicode: bool) -> Iterator[str]:
    """The lines of the drawing, in braille dots. Nothing where there is no room for it or little to see, or the output has no such letters."""
    if not unicode or width < _NARROWEST or len(curve.values) < _FEWEST:
        return
    try:
        import plotille
    except ImportError:
        yield from (f"  {line}" for line in wrap(_MISSING, width - 2))
        return
    drawing = plotille.Figure()
    drawing.with_colors = False
    drawing.width, drawing.height = min(width, 80) - _MARGIN - len(f"-> ({curve.across})"), HEIGHT
    drawing.x_label, drawing.y_label = curve.across, curve.up
    last, highest = len(curve.values) - 1, max(curve.values)
    drawing.set_x_limits(min_=0, max_=max(last, 1))
    drawing.set_y_limits(min_=min(0.0, *curve.values), max_=highest if highest > min(0.0, *curve.values) else highest + 1)
    drawing.y_ticks_fkt = lambda low, _high: f"{figure(float(low), 3).text:>{_MARGIN - 4}}"
    drawing.x_ticks_fkt = lambda low, _high: str(round(float(low)))
    drawing.plot(list(range(last + 1)), list(curve.values))
    for line in drawing.show().splitlines():
        yield line.replace("\u2800", " ").rstrip()


def need_plotting_library() -> None:
    """Raise UsageError that says how to install matplotlib, if it is missing."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise UsageError("a curve in a file is drawn by matplotlib, which is not installed: pip install 'backprop_derive[plot]'")


def picture(document: Document, kind: str) -> bytes:
    """The curve of the page, as `svg` or `png`. Raises UsageError where the page has none, or matplotlib is missing."""
    curve = next((block for block in document.blocks if isinstance(block, Curve)), None)
    if curve is None:
        raise UsageError(f"there is no curve on this page: {kind} shows the cost over the steps of `evaluate SPEC --steps N`")
    need_plotting_library()
    from matplotlib.figure import Figure

    sheet = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = sheet.add_subplot()
    axes.plot(range(len(curve.values)), curve.values, marker="o" if len(curve.values) < 30 else None)
    axes.set_xlabel(curve.across)
    axes.set_ylabel(curve.up)
    axes.set_title(curve.title.replace("$", r"\$"))
    axes.grid(alpha=0.3)
    target = BytesIO()
    sheet.savefig(target, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return target.getvalue()
