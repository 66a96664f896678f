"""A curve in a terminal, through plotille; as a file, through matplotlib."""

from __future__ import annotations

from collections.abc import Iterator

from backprop_derive.presentation.document import Curve
from backprop_derive.presentation.numbers import significant

HEIGHT = 12
_NARROWEST = 30
_MARGIN = 14
_MISSING = "  (With plotille installed, the curve is drawn here: pip install plotille)"


def drawn_curve(curve: Curve, width: int, *, unicode: bool) -> Iterator[str]:
    """The lines of the drawing, in braille dots. Nothing where there is no room for it, or the output has no such letters."""
    if not unicode or width < _NARROWEST:
        return
    try:
        import plotille
    except ImportError:
        yield _MISSING
        return
    figure = plotille.Figure()
    figure.with_colors = False
    figure.width, figure.height = min(width, 80) - _MARGIN - 4, HEIGHT
    figure.x_label, figure.y_label = curve.across, curve.up
    last, highest = len(curve.values) - 1, max(curve.values)
    figure.set_x_limits(min_=0, max_=max(last, 1))
    figure.set_y_limits(min_=min(0.0, *curve.values), max_=highest if highest > min(0.0, *curve.values) else highest + 1)
    figure.y_ticks_fkt = lambda low, _high: f"{significant(float(low), 3):>{_MARGIN - 4}}"
    figure.x_ticks_fkt = lambda low, _high: str(round(float(low)))
    figure.plot(list(range(last + 1)), list(curve.values))
    for line in figure.show().splitlines():
        yield line.replace("\u2800", " ").rstrip()
