"""What users write is shown in every format and obeyed in none: titles, notes, labels and names."""

from __future__ import annotations

import json
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from test_latex import needs_tex, typeset

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.presentation.document import Document, Heading, Listing, Paragraph, Table
from backprop_derive.presentation.formats import FORMATS, render
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import read_spec

HOSTILE = (
    r"\input{/etc/passwd}", r"\immediate\write18{touch owned}", r"\end{document}", r"\catcode`\%=12", "100% sure", "$x$", "$$", "a_b^c", "{", "}", "}}{{",
    "~#&", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "[bold]x[/bold]", "[link](javascript:alert(1))", "![i](http://example.org/i.png)",
    "# not a heading", "* not a list", "- not one", "1. nor this", "> quote", "`code`", "```", "| a | b |", "***", "---", "\x1b[31mred", "\x07", "a\u202eb", "{{7*7}}", "{% x %}",
    '#read("/etc/passwd")', "#let x = 1", '"; #panic() "', "//comment", "/* comment */", "@ref", "*strong*", "_emphasis_", "\\", "\\\\", "^^5cinput", "'", '"', "--", "?`", "%{}",
)  # fmt: skip
TEXT_FORMATS = [row.name for row in FORMATS if not row.binary]


def document_with(words: str) -> Document:
    """The words in every kind of block."""
    blocks = (
        *(Heading(level, (words,)) for level in (1, 2, 3, 4)), Paragraph((words,)), Paragraph(("before ", words, " behind")),
        Table(((words,), (words,)), (((words,), (words,)), ((words, " more"), ("1",)))), Table((), (((words,), (words,)),)), Listing(f"{words}\n  {words}"),
    )  # fmt: skip
    return Document(blocks, {"format": "backprop-derive/1", "title": words})


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
@pytest.mark.parametrize("words", HOSTILE)
def test_no_control_character_and_no_direction_is_passed_on(format_name: str, words: str) -> None:
    text = str(render(document_with(words), format_name))
    assert [letter for letter in text if not letter.isprintable() and letter != "\n"] == []


@needs_tex
@pytest.mark.tex
def test_latex_prints_and_obeys_nothing(tmp_path: Path) -> None:
    """All in one run: a command that was obeyed would end the page, read a file or leave a message."""
    documents = [document_with(words) for words in HOSTILE]
    whole = str(render(Document(tuple(block for document in documents for block in document.blocks), {}), "latex"))
    log = typeset("pdflatex", whole, tmp_path)
    assert "passwd" not in "".join(line for line in log.splitlines() if line.startswith("("))
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".aux", ".log", ".pdf", ".tex"]
    shown = pdf_text(tmp_path / "page.pdf")
    for words in ("\\input{/etc/passwd}", "\\immediate\\write18{touch", "\\end{document}", "100%sure", "<script>alert(1)</script>", '#read("/etc/passwd")', "^^5cinput"):
        assert plain(words) in shown


def pdf_text(path: Path) -> str:
    from test_latex import text_of

    return plain(text_of(path))


def plain(text: str) -> str:
    return "".join(text.split()).replace("”", '"').replace("“", '"').replace("ˆ", "^").replace("’", "'").replace("‘", "`")


@pytest.mark.skipif(find_spec("typst") is None or shutil.which("pdftotext") is None, reason="needs typst (pip install typst) and pdftotext (poppler)")
@pytest.mark.parametrize("words", HOSTILE)
def test_typst_prints_and_obeys_nothing(words: str, tmp_path: Path) -> None:
    written = render(document_with(words), "pdf", pdf_engine="typst")
    assert isinstance(written, bytes)
    (tmp_path / "page.pdf").write_bytes(written)
    shown = pdf_text(tmp_path / "page.pdf")
    wanted = plain("".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in words))
    assert wanted in shown
    assert "root:x:0" not in shown


def test_json_gives_the_words_back() -> None:
    for words in HOSTILE:
        assert json.loads(render(document_with(words), "json"))["title"] == words


SPEC = """\
title: {title}
inputs: [x1, input, write18, end_document]
nodes:
  A: {{weights: {{catcode: x1, jobname: input, def: write18, let: end_document}}, activation: tanh, output: csname}}
targets: y
loss: half_squared_error
"""


@needs_tex
@pytest.mark.tex
def test_names_like_commands_are_names(tmp_path: Path) -> None:
    derivation = derive(build_graph(read_spec(SPEC.format(title=json.dumps(r"\input{x} $ % #x")))))
    log = typeset("pdflatex", str(render(present(derivation), "latex")), tmp_path)
    assert "Output written" in log
    if find_spec("typst") is not None:
        assert render(present(derivation), "pdf", pdf_engine="typst")


def test_no_file_is_left_behind() -> None:
    assert not os.path.exists("owned")
