"""Writes the pictures of the README: `python docs/pictures.py`, with typst (pip install '.[pdf]')."""

from __future__ import annotations

import re
from pathlib import Path

import typst

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.presentation.drawing import draw
from backprop_derive.presentation.formats.typst import render
from backprop_derive.presentation.pictures.svg import STYLE, svg
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import load_spec

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "pictures" / "page.png"
NETWORK = ROOT / "docs" / "pictures" / "network.svg"
SHEET = '#set page(width: 190mm, height: auto, margin: 10mm, fill: white)'


def page_of_one_weight() -> bytes:
    """The section on w11 of the shipped two_hidden_nodes, on a sheet that is as high as it."""
    derivation = derive(build_graph(load_spec(ROOT / "specs" / "two_hidden_nodes.yaml")))
    source = render(present(derivation, weights=[("w11", None)]))
    sheet = re.sub(r"^#set page\(.*$", SHEET, source, count=1, flags=re.MULTILINE)
    head, _, blocks = sheet.partition('#heading(level: 1)')
    section = blocks[blocks.rindex("#heading(level: 2)") :]
    picture = typst.compile((head + section).encode(), format="png", ppi=110)
    assert isinstance(picture, bytes)
    return picture


def network_with_one_path() -> str:
    """The network of the shipped two_hidden_nodes, the path of w11 lit."""
    derivation = derive(build_graph(load_spec(ROOT / "specs" / "two_hidden_nodes.yaml")))
    return svg(draw(derivation, ("w11", None)), style=STYLE)


if __name__ == "__main__":
    NETWORK.write_text(network_with_one_path(), encoding="utf-8")
    PAGE.write_bytes(page_of_one_weight())
