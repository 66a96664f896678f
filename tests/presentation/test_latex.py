r"""LaTeX: golden text, what a real TeX makes of every shipped spec, and that nothing in words is a command."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from shipped import GOLDEN, SPECS, document_of, graph_of, shipped_pages

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.graph.expressions import Expression
from backprop_derive.presentation.document import Aligned, Curve, Document, Heading, Listing, Paragraph, Table
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.latex_text import latex_text
from backprop_derive.presentation.mathematics.lines import FormulaLines
from backprop_derive.presentation.mathematics.widths import width_of
from backprop_derive.presentation.presenting import adjoint_axes, present
from backprop_derive.presentation.styles import LatexWriter
from backprop_derive.spec.loading import read_spec

ENGINES = ("pdflatex", "lualatex", "xelatex")
START, END = "\\begin{document}\n", "\\end{document}\n"
BAD_LOG = re.compile(r"^(?:Overfull \\.*|Missing character.*|! .*|LaTeX (?:Font )?Warning: .*|Underfull \\hbox.*)$", re.MULTILINE)

needs_tex = pytest.mark.skipif(any(shutil.which(engine) is None for engine in ENGINES), reason=f"needs {', '.join(ENGINES)} (TeX Live)")


def typeset(engine: str, source: str, folder: Path, name: str = "page") -> str:
    """The log of one run over a file, which must succeed."""
    (folder / f"{name}.tex").write_text(source, encoding="utf-8")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", f"{name}.tex"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert result.returncode == 0, result.stdout[-1500:]
    return (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def text_of(pdf: Path) -> str:
    """The words of a PDF, without blanks."""
    shown = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True).stdout
    return "".join(shown.split())


# -- what is written ------------------------------------------------------------------------------------------------------


def test_the_page_of_one_weight_is_the_golden_one() -> None:
    """After a wanted change: `backprop-derive derive two_hidden_nodes -w w11 -o tests/golden/two_hidden_nodes.tex`, and look at its pages."""
    page = render(document_of("two_hidden_nodes", weights=[("w11", None)]), "latex")
    assert page == (GOLDEN / "two_hidden_nodes.tex").read_text(encoding="utf-8")


def test_only_amsmath_is_loaded() -> None:
    for page in shipped_pages("latex").values():
        assert re.findall(r"\\usepackage\S*?\}", page) == [r"\usepackage{amsmath}"]


def test_a_fragment_is_the_page_without_its_preamble() -> None:
    document = document_of("mazur")
    whole, fragment = str(render(document, "latex")), str(render(document, "latex", fragment=True))
    assert r"\documentclass" not in fragment
    first, rest = fragment.split("\n", 1)
    assert first == r"% for \input; the preamble of your file needs \usepackage{amsmath}"
    assert whole.endswith(rest + "\\end{document}\n")


def test_letters_that_amsmath_has_not_get_their_package() -> None:
    text = "inputs: x\nparameters: w\ntargets: y\nequations: {L: (w*x - y)^2}\nloss: L\ncost: single\nlatex: {w: '\\mathbb{W}'}\n"
    document = present(derive(build_graph(read_spec(text))))
    assert r"\usepackage{amssymb}" in str(render(document, "latex"))
    assert str(render(document, "latex", fragment=True)).startswith(r"% for \input; the preamble of your file needs \usepackage{amsmath} and \usepackage{amssymb}")


@pytest.mark.parametrize("width", [80.0, 120.0, 165.0])
def test_lines_are_as_wide_as_asked_for(width: float) -> None:
    """By the estimate of widths, apart from what cannot be broken."""
    for spec in SPECS:
        document = document_of(spec.stem)
        assert document.graph is not None
        writer = LatexWriter(document.graph)
        writer.know(document.names)
        formulas = FormulaLines(writer)
        room = width / 3.85
        for expression in formulas_of(document):
            lines = formulas.lines(expression, room)
            assert [line for line in lines if width_of(line) > room] == []


def formulas_of(document: Document) -> list[Expression]:
    return [row.right for block in document.blocks if isinstance(block, Aligned) for row in block.rows]


def test_nothing_is_lost_where_lines_are_broken() -> None:
    document = document_of("kushwaha")
    assert document.graph is not None
    writer = LatexWriter(document.graph)
    writer.know(document.names)
    formulas = FormulaLines(writer)
    broken = 0
    for expression in formulas_of(document):
        lines = formulas.lines(expression, 18.0)
        broken += len(lines) > 1
        squeezed = re.sub(r"\\(?:left|right|biggl|biggr|cdot)(?![A-Za-z])|\\,|\{\}|\s", "", "".join(lines))
        assert squeezed == re.sub(r"\\(?:left|right|cdot)(?![A-Za-z])|\\,|\s", "", writer.write(expression))
    assert broken > 20


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("50% $x_1$ a^b ~", r"50\% \$x\_1\$ a\textasciicircum{}b \textasciitilde{}"),
        ("a & b # c", r"a \& b \# c"),
        ("½(y − y')²", r"\ensuremath{\tfrac12}(y \ensuremath{-} y')\ensuremath{^2}"),
        ("δ → Σ", r"\ensuremath{\delta} \ensuremath{\to} \ensuremath{\Sigma}"),
        ("Größe", r"Gr\"{o}\ss{}e"),
        ("ŷ", r"\^{y}"),
        ("中", r"\textbackslash{}u4e2d"),
        ("a\x1b[1m", r"a\textbackslash{}x1b{[}1m"),
        ("a-b --- ''", "a-b -{}-{}- '{}'"),
        ("x" * 30 + "/y", "x" * 30 + r"/\allowbreak{}y"),
    ],
)
def test_words_are_printed_as_they_are(text: str, shown: str) -> None:
    assert latex_text(text) == shown


@pytest.mark.parametrize(
    ("spec", "weight", "braced"),
    [
        ("two_hidden_nodes", "v1", r"\sum_{i=1}^{m} \underbrace{(y' - y)\,f'_{B}(z_{B})}_{\delta_{B}}\,o_{1}"),
        ("two_hidden_nodes", "w11", r"\underbrace{\underbrace{(y' - y)\,f'_{B}(z_{B})}_{\delta_{B}}\,v_{1}\,f'_{A1}(z_{A1})}_{\delta_{A1}}\,x_{1}"),
        ("two_hidden_nodes", "v1", r"\underbrace{\frac{\partial L}{\partial y'}\,\frac{\partial y'}{\partial z_{B}}}_{\delta_{B}}\,\frac{\partial z_{B}}{\partial v_{1}}"),
        ("kushwaha", "w2", r"(\underbrace{(p_{1} - y_{1})}_{\delta_{3}}\,w_{7} + \underbrace{(p_{2} - y_{2})}_{\delta_{4}}\,w_{8})\,a_{1}\,(1 - a_{1})}_{\delta_{1}}\,x_{2}"),
        ("softmax_classifier", "W1", r"\underbrace{(a_{j}^{(1)} - y_{j})}_{\delta_{j}^{(1)}}\,x_{k}"),
        ("recurrent", "U", r"\underbrace{\frac{\partial L}{\partial s_{tj}}}_{\delta_{s,tj}}\,\frac{\partial^{+} s_{tj}}{\partial U_{jk}}"),
    ],
)
def test_deltas_are_named_below_a_brace(spec: str, weight: str, braced: str) -> None:
    assert braced in str(render(document_of(spec, weights=[(weight, None)]), "latex"))


def test_names_among_words_are_formulas() -> None:
    text = "inputs: x\ntargets: y\nnodes:\n  A: {weights: {s: x}, bias: w_in, activation: sigmoid, output: a}\nloss: half_squared_error\ncost: single\n"
    page = str(render(present(derive(build_graph(read_spec(text)))), "latex"))
    for words in ("sigmoid of $A$: the sigmoid's derivative", "$z_{A}$ is linear in $s$:", r"$w_{\mathrm{in}}$ is added in $z_{A}$,", "with respect to a pre-activation"):
        assert words in page


def test_an_article_is_no_name() -> None:
    text = "inputs: x\nparameters: w\ntargets: y\nequations: {a: w*x, p: a^2, L: 1/2*(p - y)^2}\nloss: L\n"
    page = str(render(present(derive(build_graph(read_spec(text)))), "latex"))
    for words in ("reaches $L$ through $a$:", "derivative of $p$ with respect to $a$,", "$a$ is linear in $w$", "the derivative of a sum is"):
        assert words in page


def test_a_page_without_deltas_has_no_braces() -> None:
    assert "underbrace" not in str(render(document_of("two_hidden_nodes", forms=["chain", "textbook"]), "latex"))


# -- what TeX makes of it -------------------------------------------------------------------------------------------------


@needs_tex
@pytest.mark.tex
@pytest.mark.parametrize("engine", ENGINES)
def test_every_shipped_spec_is_typeset_without_a_complaint(engine: str, tmp_path: Path) -> None:
    """All pages as fragments of one file: no overfull line, no missing glyph, no warning."""
    pages = {name: page.split(START) for name, page in shipped_pages("latex").items() if engine == "pdflatex" or not name.endswith("-full")}
    for name, (_, page) in pages.items():
        (tmp_path / f"{name}.tex").write_text(page.replace(END, ""), encoding="utf-8")
    preamble = next(iter(pages.values()))[0]
    log = typeset(engine, preamble + START + "".join(f"\\input{{{name}}}\\clearpage\n" for name in pages) + END, tmp_path, "all")
    assert BAD_LOG.findall(log) == []
    (count,) = re.findall(r"Output written on all\.pdf \((\d+)", log)
    assert int(count) > 100


@needs_tex
@pytest.mark.tex
@pytest.mark.parametrize("engine", ENGINES)
def test_a_page_compiles_the_first_time(engine: str, tmp_path: Path) -> None:
    log = typeset(engine, str(render(document_of("recurrent"), "latex")), tmp_path)
    assert BAD_LOG.findall(log) == []
    assert "Output written on page.pdf (" in log


@needs_tex
@pytest.mark.tex
@pytest.mark.parametrize("preamble", [r"\documentclass{article}", r"\documentclass[10pt,twocolumn]{article}", r"\documentclass[leqno,12pt]{report}"])
def test_a_fragment_stands_in_any_file(preamble: str, tmp_path: Path) -> None:
    (tmp_path / "part.tex").write_text(str(render(document_of("symbolic_sizes"), "latex", fragment=True, width=80.0)), encoding="utf-8")
    log = typeset("pdflatex", preamble + "\\usepackage{amsmath}\\begin{document}A\\input{part}B\\input{part}\\end{document}\n", tmp_path)
    assert [line for line in BAD_LOG.findall(log) if not line.startswith(("Overfull", "Underfull"))] == []


@needs_tex
@pytest.mark.tex
@pytest.mark.parametrize("engine", ENGINES)
def test_the_pdf_has_the_words_and_the_formulas(engine: str, tmp_path: Path) -> None:
    typeset(engine, str(render(document_of("two_hidden_nodes", weights=[("v1", None)]), "latex")), tmp_path)
    text = text_of(tmp_path / "page.pdf")
    for words in ("Twohiddennodes", "Forwardpass", "lossofonesample", "Chainrule", "halfsquarederror", "agradienthastheshapeofitsparameter"):
        assert words in text


@needs_tex
@pytest.mark.tex
def test_the_estimated_width_is_never_much_less_than_the_real_one(tmp_path: Path) -> None:
    formulas: dict[str, None] = {}
    for spec in SPECS:
        derivation = derive(graph_of(spec.stem))
        writer = LatexWriter(derivation.graph)
        writer.know(adjoint_axes(derivation))
        formulas |= dict.fromkeys(writer.write(each) for each in formulas_of(present(derivation)))
    boxes = "".join(f"\\setbox0=\\hbox{{$\\displaystyle {formula}$}}\\typeout{{WIDTH \\the\\wd0}}\n" for formula in formulas)
    log = typeset("pdflatex", f"\\documentclass[11pt]{{article}}\\usepackage{{amsmath}}\\begin{{document}}\n{boxes}\\end{{document}}\n", tmp_path)
    real = [float(width) / 10.95 for width in re.findall(r"WIDTH ([\d.]+)pt", log)]
    assert len(real) == len(formulas) > 500
    assert [formula for formula, width in zip(formulas, real, strict=True) if width_of(formula) < 0.97 * width - 0.2] == []
    assert sum(map(width_of, formulas)) < 1.3 * sum(real)


@needs_tex
@pytest.mark.tex
@pytest.mark.parametrize("engine", ENGINES)
def test_every_printable_character_is_shown(engine: str, tmp_path: Path) -> None:
    letters = "".join(map(chr, range(0x20, 0x7F))) + "äéîõūçßøÅŁś αβγδΩΣ −·×→≤≥≠½¼²³√∂∞∈⊙ ‘x’ “y” – — … § ° 中 😀 \x1b"
    blocks = (Heading(1, (letters,)), Heading(2, (letters,)), Paragraph((letters,)), Table(((letters,), ("n",)), (((letters,), ("1",)),)), Listing(letters), Curve((2.0, 1.0, 0.5), "steps_%", "cost_$"))
    log = typeset(engine, str(render(Document(blocks, {}), "latex")), tmp_path)
    assert [line for line in BAD_LOG.findall(log) if not line.startswith(("Overfull", "Underfull"))] == []
    assert "!”#$%&" in text_of(tmp_path / "page.pdf")
