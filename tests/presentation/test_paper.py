"""One document on paper in three ways, TeX, typst and a browser's print: the same sentences, and pictures with clean margins."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from browser import Browser, launched, needs_browser
from shipped import document_of, graph_of
from test_latex import needs_tex, text_of, typeset

from backprop_derive.calculus.derivation import derive
from backprop_derive.presentation.document import Aligned, Document
from backprop_derive.presentation.drawing import with_network
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.typesetting import Typesetter

NAMES = ("two_hidden_nodes", "softmax_classifier", "line")
DOTS = 60  # an inch
MARGIN = 0.3  # inches, at least

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None or shutil.which("pdftoppm") is None, reason="needs poppler (pdftotext, pdftoppm)")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    yield from launched(tmp_path_factory.mktemp("pages"))


def sentences(document: Document) -> list[str]:
    """The words of all reasons between their formulas, without blanks."""
    parts = Typesetter(document, 40).parts
    words = [part for block in document.blocks if isinstance(block, Aligned) for row in block.rows for part in parts(row.reason) if isinstance(part, str)]
    return [found.replace(" ", "") for part in words for found in re.findall(r"[a-z]{4,}(?: [a-z]{2,}){2,}", part)]


def expect_on_paper(document: Document, pdf: Path) -> None:
    """Every sentence is in the text layer; in the picture, each page has something on it and nothing in its margins."""
    wanted = sentences(document)
    assert len(wanted) > 10
    raw = subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, text=True, check=True).stdout
    shown = ["".join(text.split()).replace("ﬁ", "fi").replace("ﬂ", "fl").replace("ﬀ", "ff") for text in (raw.replace("-\n", ""), text_of(pdf))]
    assert [each for each in wanted if not any(each in text for text in shown)] == []
    subprocess.run(["pdftoppm", "-gray", "-r", str(DOTS), pdf, pdf.with_suffix("")], check=True)
    pictures = sorted(pdf.parent.glob(f"{pdf.stem}-*.pgm"))
    assert pictures
    for picture in pictures:
        rows = grey(picture)
        edge = round(MARGIN * DOTS)
        assert any(min(row) < 128 for row in rows), picture
        assert all(min(row) == 255 for row in (*rows[:edge], *rows[-edge:])), picture
        assert all(min(*row[:edge], *row[-edge:]) == 255 for row in rows), picture


def grey(picture: Path) -> list[bytes]:
    """The rows of a picture in Netpbm's binary grey format, a byte a dot."""
    data = picture.read_bytes()
    head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", data)
    assert head is not None
    width, start = int(head[1]), head.end()
    return [data[at : at + width] for at in range(start, len(data), width)]


@needs_tex
@needs_poppler
@pytest.mark.tex
@pytest.mark.parametrize("name", NAMES)
def test_by_tex(name: str, tmp_path: Path) -> None:
    document = document_of(name)
    typeset("pdflatex", str(render(document, "latex")), tmp_path, name)
    expect_on_paper(document, tmp_path / f"{name}.pdf")


@needs_poppler
@pytest.mark.skipif(find_spec("typst") is None, reason="needs typst (pip install typst)")
@pytest.mark.parametrize("name", NAMES)
def test_by_typst(name: str, tmp_path: Path) -> None:
    document = document_of(name)
    written = render(document, "pdf", pdf_engine="typst")
    assert isinstance(written, bytes)
    (tmp_path / f"{name}.pdf").write_bytes(written)
    expect_on_paper(document, tmp_path / f"{name}.pdf")


@needs_browser
@needs_poppler
@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_by_a_browser(browser: Browser, name: str, tmp_path: Path) -> None:
    """All parts are unfolded in print."""
    document = document_of(name)
    with browser.visit(str(render(with_network(document, derive(graph_of(name))), "html"))) as visit:
        visit.tab.get_by_role("button", name="Fold all parts", exact=True).click()
        visit.tab.emulate_media(media="print")
        visit.ask("dispatchEvent(new Event('beforeprint'))")
        visit.tab.pdf(path=tmp_path / f"{name}.pdf", prefer_css_page_size=True)
    expect_on_paper(document, tmp_path / f"{name}.pdf")
