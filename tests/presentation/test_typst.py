"""typst and PDF: golden text, what typst makes of every shipped spec, and which engine makes the pages."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from shipped import GOLDEN, SPECS, document_of, shipped_pages
from test_latex import ENGINES, needs_tex, text_of

from backprop_derive.cli.main import commands
from backprop_derive.errors import UsageError
from backprop_derive.presentation.document import Curve, Document, Heading, Listing, Paragraph, Table
from backprop_derive.presentation.formats import pdf, render
from backprop_derive.presentation.mathematics.typst import typst_of

needs_typst = pytest.mark.skipif(find_spec("typst") is None or shutil.which("pdftotext") is None, reason="needs typst (pip install typst) and pdftotext (poppler)")
RIGHT_MARGIN = (210 - 165) / 2 * 72 / 25.4
WIDTH = 210 * 72 / 25.4


def bytes_of(document: Document, **options: str) -> bytes:
    written = render(document, "pdf", **options)
    assert isinstance(written, bytes)
    return written


def words_beyond(path: Path, limit: float) -> list[str]:
    """The words of a PDF that end to the right of `limit` points."""
    shown = subprocess.run(["pdftotext", "-bbox", str(path), "-"], check=True, capture_output=True, text=True).stdout
    found = re.findall(r'xMax="([\d.]+)" yMax="[\d.]+">(.*?)</word>', shown)
    assert found
    return [word for right, word in found if float(right) > limit]


def test_the_page_of_one_weight_is_the_golden_one() -> None:
    """After a wanted change: `backprop-derive derive two_hidden_nodes -w w11 -o tests/golden/two_hidden_nodes.typ`, and look at its pages."""
    page = render(document_of("two_hidden_nodes", weights=[("w11", None)]), "typst")
    assert page == (GOLDEN / "two_hidden_nodes.typ").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("latex", "typst"),
    [
        ("x", "x"),
        (r"W_{jk}^{(1)}", r"attach(W, b: j k, t: \( 1 \))"),
        (r"f'_{B}(z_{B})", r"attach(f, b: B, t: primes(#1)) \( attach(z, b: B) \)"),
        (r"\left(\frac{a}{b}\right)^{2}", r"attach(lr(\( frac(a, b) \)), t: 2)"),
        (r"\biggl(x", r"stretch(\(, size: #2.4em) x"),
        (r"\mathrm{out}_{\mathrm{h}1}", r'attach(upright("out"), b: upright("h") 1)'),
        (r"\operatorname{ReLU}(z)", r'op("ReLU") \( z \)'),
        (r"\hat{y}, a/b", r"accent(y, hat) \, a \/ b"),
        (r"\begin{cases}z & z > 0 \\ 0 & \text{otherwise}\end{cases}", r'cases(z #h(1em) & z \> 0, 0 #h(1em) & text("otherwise"))'),
        (r"\underbrace{x}_{\delta_B}", "underbrace(x, attach(δ, b: B))"),
    ],
)
def test_latex_in_typst(latex: str, typst: str) -> None:
    assert typst_of(latex) == typst


@needs_typst
def test_every_shipped_spec_makes_pages_without_an_overfull_line(tmp_path: Path) -> None:
    import typst

    for name, page in shipped_pages("typst").items():
        if name.endswith("-full"):
            continue
        path = tmp_path / f"{name}.pdf"
        typst.compile(page.encode(), output=path)
        assert words_beyond(path, WIDTH - RIGHT_MARGIN + 3) == [], name


@needs_typst
@pytest.mark.parametrize("spec", [path.stem for path in SPECS[:6]])
def test_the_pdf_has_the_words(spec: str, tmp_path: Path) -> None:
    (tmp_path / "page.pdf").write_bytes(bytes_of(document_of(spec)))
    text = text_of(tmp_path / "page.pdf")
    for words in ("Forwardpass", "Backwardpass", "Layout"):
        assert words in text
    assert "\ufffd" not in text


@needs_typst
def test_every_printable_character_is_shown(tmp_path: Path) -> None:
    letters = "".join(map(chr, range(0x21, 0x7F))) + " äßŁ αβΩ −·×→≤½²√∂⊙ “y” — 中 😀 \x1b"
    blocks = (Heading(1, (letters,)), Heading(2, (letters,)), Heading(4, (letters,)), Paragraph((letters,)), Table(((letters,), ("n",)), (((letters,), ("1",)),)), Listing(letters), Curve((2.0, 1.0, 0.5), letters, letters))
    (tmp_path / "page.pdf").write_bytes(bytes_of(Document(blocks, {}), pdf_engine="typst"))
    text = text_of(tmp_path / "page.pdf")
    assert "".join(map(chr, range(0x21, 0x7F))) in text
    assert r"\u4e2d\U0001f600\x1b" in text


# -- which engine ---------------------------------------------------------------------------------------------------------


@needs_tex
@pytest.mark.tex
@pytest.mark.parametrize("engine", ENGINES)
def test_a_tex_engine_makes_the_pages_when_it_is_asked_for(engine: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(commands, ["derive", "mazur", "-w", "w5", "-o", str(tmp_path / "page.pdf"), "--pdf-engine", engine])
    assert (result.exit_code, result.output) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["page.pdf"]
    assert "Forwardpass" in text_of(tmp_path / "page.pdf")


def test_without_an_engine_both_ways_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda _: None)
    monkeypatch.setattr(pdf.shutil, "which", lambda _: None)
    (tmp_path / "page.pdf").write_text("old", encoding="utf-8")
    result = CliRunner().invoke(commands, ["derive", "mazur", "-o", str(tmp_path / "page.pdf")])
    assert result.exit_code == 2
    assert "pip install 'backprop_derive[pdf]'" in result.stderr
    assert "--pdf-engine pdflatex" in result.stderr
    assert (tmp_path / "page.pdf").read_text(encoding="utf-8") == "old"


def test_tex_is_taken_where_there_is_no_typst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda _: None)
    monkeypatch.setattr(pdf.shutil, "which", lambda name: f"/bin/{name}" if name == "xelatex" else None)
    assert pdf.chosen_engine(None) == "xelatex"


@pytest.mark.parametrize(
    ("engine", "message"),
    [("pdftex", "there is no engine 'pdftex' for PDF; there are typst, pdflatex, lualatex, xelatex"), ("lualatex", "lualatex is not installed"), ("typst", "typst is not installed")],
)
def test_an_engine_that_is_not_there_is_named(engine: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda _: None)
    monkeypatch.setattr(pdf.shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match=message):
        pdf.chosen_engine(engine)


def test_a_pdf_is_not_shown_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_derive.cli import output

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(output.sys, "stdout", Terminal())
    with pytest.raises(UsageError, match="give a file with -o"):
        output.chosen_output("svg", None)
