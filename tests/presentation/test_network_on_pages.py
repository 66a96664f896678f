"""The picture of the network on the pages of a derivation: in every format, within its lines, and with names that are never markup."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from networks_drawn import ALL, derivation_of, picture_of, weight_of
from test_latex import needs_tex, typeset
from test_tikz import HOSTILE

from backprop_derive.cli.main import commands
from backprop_derive.presentation.document import Document, Figure, Heading, Paragraph
from backprop_derive.presentation.formats import FORMATS, render
from backprop_derive.presentation.formats.latex import render as latex
from backprop_derive.presentation.presenting import present

TEXT_FORMATS = [row.name for row in FORMATS if not row.binary]
MANY = "inputs: [x1, x2]\nlayers:\n- {dense: [" + ", ".join(f"h{place}" for place in range(1, 21)) + "], activation: tanh}\n- dense: [o]\ntargets: y\nloss: half_squared_error\n"

needs_typst = pytest.mark.skipif(find_spec("typst") is None or shutil.which("pdftotext") is None, reason="needs typst (pip install typst) and pdftotext (poppler)")


def page_with(name: str, weight: str | None = None) -> Document:
    """Words, the picture, and words behind it."""
    picture = picture_of(name, weight)
    return Document((Heading(1, (picture.title,)), Figure(picture), Paragraph(("Words behind it.",))), {}, picture.graph)


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
@pytest.mark.parametrize("name", ALL)
def test_every_format_takes_every_picture(name: str, format_name: str) -> None:
    """Every other one with the paths of a weight."""
    lit = (ALL.index(name) + TEXT_FORMATS.index(format_name)) % 2
    text = str(render(page_with(name, weight_of(name) if lit else None), format_name))
    assert [letter for letter in text if not letter.isprintable() and letter != "\n"] == []
    assert "Words behind it." in text.replace("&#xA0;", " ") or format_name == "json"


def test_the_picture_stands_behind_the_header() -> None:
    result = CliRunner().invoke(commands, ["derive", "two_hidden_nodes", "-w", "w11", "--picture"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    place = next(at for at, line in enumerate(lines) if "(x1)━┯━▶(o1)━━┓" in line)
    assert "Functions   f_A1" in "\n".join(lines[:place])
    assert lines.index("Forward pass") > place


def test_without_one_weight_nothing_is_lit() -> None:
    for more in ([], ["-w", "w1", "-w", "w2"]):
        result = CliRunner().invoke(commands, ["derive", "mazur", "--picture", *more])
        assert "(i1)─┬─▶(out_h1)" in result.stdout
        assert "━" not in result.stdout


def test_a_whole_array_has_the_paths_of_all_its_entries() -> None:
    """Also where the page derives it entry by entry."""
    result = CliRunner().invoke(commands, ["derive", "three_layers", "-w", "b3", "--picture", "--as", "elements"])
    assert result.exit_code == 0, result.stderr
    assert "(z3[1])━━━━━┓" in result.stdout
    assert "(z3[2])━━━━━┩" in result.stdout


def test_a_page_that_always_has_the_network_has_it_once() -> None:
    result = CliRunner().invoke(commands, ["derive", "mazur", "--picture", "-f", "html"])
    assert result.exit_code == 0
    assert result.stdout.count("<svg") == CliRunner().invoke(commands, ["derive", "mazur", "-f", "html"]).stdout.count("<svg")


def test_the_record_does_not_change() -> None:
    plain = CliRunner().invoke(commands, ["derive", "mazur", "-f", "json"])
    assert CliRunner().invoke(commands, ["derive", "mazur", "-f", "json", "--picture"]).stdout == plain.stdout


def test_markdown_has_the_picture_in_characters_and_a_table() -> None:
    text = str(render(page_with("mazur"), "markdown"))
    assert "```text\n(i1)─┬─▶(out_h1)" in text
    assert re.search(r"\| weight \| from \$i_\{1\}\$ \| from \$i_\{2\}\$ \|", text)


def test_labels_are_brief_where_a_line_is_too_short_for_more() -> None:
    """With the values alone, the picture stays as large as the letters around it."""
    wide, narrow = (str(latex(page_with("two_hidden_nodes", "w11"), width=width)) for width in (400, 165))
    assert r"{$\partial z_{B}/\partial o_{1}$ = $v_{1}$}" in wide
    assert r"{$\partial z_{B}/\partial o_{1}$ = $v_{1}$}" not in narrow
    assert "the values of the derivatives" in narrow
    assert float(re.findall(r"\\scalebox\{([\d.]+)\}", narrow)[0]) > 0.7


def test_tikz_is_loaded_only_where_there_is_a_picture() -> None:
    assert "tikz" not in str(render(present(derivation_of("mazur")), "latex"))
    fragment = str(latex(page_with("mazur"), fragment=True))
    assert fragment.splitlines()[0] == r"% for \input; the preamble of your file needs \usepackage{amsmath} and \usepackage{tikz}\usetikzlibrary{shapes.misc}"


@needs_tex
@pytest.mark.tex
def test_no_picture_is_wider_than_a_line_or_higher_than_a_page(tmp_path: Path) -> None:
    """Some in one run, each on a page of its own."""
    pages = [page_with(name, weight) for name, weight in (("mazur", "w1"), ("dense", "W1[1,1]"), ("recurrent", "U"), ("skips", "w1"), (MANY, None), ("large", None))]
    whole = [str(latex(page)) for page in pages]
    start = whole[0].split("\\begin{document}\n")[0]
    bodies = [text.split("\\begin{document}\n")[1].split("\\end{document}")[0] for text in whole]
    log = typeset("pdflatex", f"{start}\\begin{{document}}\n" + "\n\\newpage\n".join(bodies) + "\\end{document}\n", tmp_path)
    assert re.findall(r"^(?:Overfull \\.*|Missing character.*|! .*)$", log, re.MULTILINE) == []
    assert f"({len(pages)} pages" in log


@needs_typst
@pytest.mark.parametrize(("name", "weight"), [("mazur", "w1"), ("dense", None), ("recurrent", "U"), (MANY, None), (HOSTILE, "node")])
def test_typst_draws_it_on_one_page(name: str, weight: str | None, tmp_path: Path) -> None:
    written = render(page_with(name, weight), "pdf", pdf_engine="typst")
    assert isinstance(written, bytes)
    (tmp_path / "page.pdf").write_bytes(written)
    shown = subprocess.run(["pdftotext", str(tmp_path / "page.pdf"), "-"], check=True, capture_output=True, text=True).stdout
    assert shown.count("\f") == 1
    assert "Words behind it." in shown


@pytest.mark.parametrize("format_name", ["html", "markdown", "notebook"])
def test_names_are_never_markup(format_name: str) -> None:
    """There is no script that a page has not anyway."""
    hostile, harmless = (str(render(page_with(name), format_name)) for name in (HOSTILE, "mazur"))
    assert hostile.count("<script") == harmless.count("<script")
