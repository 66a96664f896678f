"""A picture as PNG, by resvg (`pip install 'backprop_derive[png]'`): the SVG, drawn with a font of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from backprop_derive.errors import UsageError
from backprop_derive.presentation.picture import Picture
from backprop_derive.presentation.pictures.svg import STYLE, svg

_ZOOM = 2.0  # dots for a pixel
_FONTS = (  # of one width first; in them all, labels are as wide as the layout takes them to be
    "DejaVu Sans Mono", "Menlo", "Consolas", "Cascadia Mono", "Liberation Mono", "Noto Sans Mono", "Ubuntu Mono", "FreeMono", "Latin Modern Mono", "Courier New",
    "DejaVu Sans", "Noto Sans", "Liberation Sans", "Arial", "Helvetica", "Segoe UI", "Verdana",
)  # fmt: skip
_PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text x="4" y="15" font-family="{}">{}</text></svg>'
_LETTERS = "∂Σ"  # that labels are made of; a font without them is of no use


def ready() -> None:
    """Raise UsageError if resvg is not installed."""
    if find_spec("resvg_py") is None:
        raise UsageError(
            "a picture as PNG needs resvg, which is not installed: pip install 'backprop_derive[png]' (SVG needs nothing: -o net.svg)"
        )


def render(picture: Picture) -> bytes:
    """The picture. Raises UsageError where there is no font to write its labels with."""
    ready()
    return drawn(svg(picture, style=STYLE), fonts())


def fonts() -> Mapping[str, Any]:
    """Where resvg finds fonts: on the system, and those that matplotlib brings, if it is installed."""
    found = find_spec("matplotlib")
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" if found is not None and found.origin is not None else None
    return {"font_dirs": [str(folder)]} if folder is not None and folder.is_dir() else {}


def drawn(source: str, where: Mapping[str, Any]) -> bytes:
    """The SVG as PNG; `where` are resvg's options about fonts. What it finds no font for it leaves out silently, so one is looked for before."""
    from resvg_py import svg_to_bytes

    def has(family: str) -> bool:
        with_text, without = (bytes(svg_to_bytes(svg_string=_PROBE.format(family, text), **where)) for text in (_LETTERS, ""))
        return with_text != without

    family = next((each for each in _FONTS if has(each)), None)
    if family is None:
        raise UsageError(
            "there is no font on this machine to write the labels with: install one, such as DejaVu (apt-get install fonts-dejavu-core), "
            "or pip install 'backprop_derive[plot]', which brings it; or write the picture as SVG"
        )
    return bytes(svg_to_bytes(svg_string=source, zoom=_ZOOM, monospace_family=family, **where))
