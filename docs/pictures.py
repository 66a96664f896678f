"""Writes the pictures of the README: `python docs/pictures.py`, with pip install '.[test]' and Chromium."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

import typst
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.presentation.drawing import draw, with_network
from backprop_derive.presentation.formats import render, terminal
from backprop_derive.presentation.pictures.svg import STYLE, svg
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import load_spec

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
DERIVATION = derive(build_graph(load_spec(ROOT / "specs" / "two_hidden_nodes.yaml")))
TERMINAL = """<!DOCTYPE html><meta charset="utf-8"><style>
body {{ margin: 0; background: #1b1d23; width: fit-content }}
pre {{ margin: 0; padding: 18px 24px; color: #e5e7eb; font: 14px/1.35 "DejaVu Sans Mono", monospace }}
.r0, .r1, .r2, .r3 {{ }} {stylesheet}
</style><pre>{code}</pre>"""


def page(browser: Any, folder: Path) -> None:
    """The page for a browser, with a weight chosen."""
    file = folder / "page.html"
    file.write_text(str(render(with_network(present(DERIVATION), DERIVATION), "html")), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1360, "height": 800}, color_scheme="light")
    tab.goto(file.as_uri())
    tab.locator('.weights a[data-light="w11"]').click()
    tab.mouse.move(0, 0)
    tab.screenshot(path=PICTURES / "page.png")
    tab.close()


def pdf() -> None:
    """The first page of the PDF of one weight."""
    source = str(render(present(DERIVATION, weights=[("w11", None)]), "typst"))
    pages = typst.compile(source.encode(), format="png", ppi=80)
    (PICTURES / "pdf.png").write_bytes(pages[0] if isinstance(pages, list) else pages)


def screen(browser: Any, folder: Path) -> None:
    """What a terminal shows of one weight."""
    console = Console(record=True, width=84, file=io.StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False)
    terminal.print_document(present(DERIVATION, weights=[("w11", None)]), console, "utf-8")
    file = folder / "terminal.html"
    file.write_text(console.export_html(theme=MONOKAI, code_format=TERMINAL), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 900, "height": 600}, color_scheme="dark")
    tab.goto(file.as_uri())
    tab.locator("pre").screenshot(path=PICTURES / "terminal.png")
    tab.close()


def network() -> None:
    """The network with the path of a weight lit."""
    (PICTURES / "network.svg").write_text(svg(draw(DERIVATION, ("w11", None)), style=STYLE), encoding="utf-8")


if __name__ == "__main__":
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page(chromium, Path(name))
        screen(chromium, Path(name))
        chromium.close()
    network()
    pdf()
