"""The page in a terminal: golden text, nothing cut, no line too long, names are never markup."""

from __future__ import annotations

import json
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.presentation.breaking import broken
from backprop_derive.presentation.document import Document, Heading, Listing, Paragraph, Table
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.formats.terminal import print_document
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import load_spec, read_spec

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted((ROOT / "specs").glob("*.yaml"))
GOLDEN = ROOT / "tests" / "golden" / "two_hidden_nodes.txt"


@cache
def document_of(path: Path, **options: Any) -> Document:
    return present(derive(build_graph(load_spec(path))), **options)


def printed(document: Document, width: int, encoding: str = "utf-8", *, color: bool = False) -> str:
    stream = StringIO()
    print_document(document, Console(file=stream, width=width, force_terminal=color, color_system="truecolor" if color else None), encoding)
    return stream.getvalue()


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_the_page_of_two_hidden_nodes_is_the_golden_one() -> None:
    """After a wanted change: `backprop-derive derive two_hidden_nodes -o tests/golden/two_hidden_nodes.txt`, and read it."""
    assert render(document_of(ROOT / "specs" / "two_hidden_nodes.yaml"), "terminal") == GOLDEN.read_text(encoding="utf-8")


GREEK = """inputs: [x, beta]
targets: y
parameters: [alpha, w]
functions:
  phi: abstract
equations:
  mu: alpha*x + beta*w
  yhat: phi(mu)
  L: (yhat - y)^2 + w^2
"""


def test_sentences_call_a_quantity_as_formulas_do() -> None:
    page = " ".join(printed(present(derive(build_graph(read_spec(GREEK)))), 200).split())
    for sentence in (
        "α reaches L through μ: the derivatives along the way are multiplied",
        "derivative of the activation φ, at its pre-activation",
        "μ is linear in α: the derivative is what α is multiplied by",
        "w reaches L through μ and L: the derivatives along the way are multiplied, and the ways are added",
    ):
        assert sentence in page
    plain = " ".join(printed(present(derive(build_graph(read_spec(GREEK)))), 200, "ascii").split())
    assert "alpha reaches L through mu:" in plain
    reasons = [step["reason"] for step in json.loads(str(render(present(derive(build_graph(read_spec(GREEK)))), "json")))["gradients"]["alpha"]["steps"]]
    assert "mu is linear in alpha: the derivative is what alpha is multiplied by" in reasons


@pytest.mark.parametrize("detail", ["brief", "steps", "full"])
@pytest.mark.parametrize("width", [30, 80, 120])
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_no_line_is_longer_than_the_terminal(path: Path, width: int, detail: Any) -> None:
    lines = printed(document_of(path, detail=detail), width).splitlines()
    assert [line for line in lines if cell_len(line) > width] == []


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_nothing_is_cut_in_a_narrow_terminal(path: Path) -> None:
    document = document_of(path, forms=("backward", "textbook"), detail="brief")
    wide, narrow = printed(document, 400), printed(document, 40)
    assert "∂" in wide
    for word in ("═", "─"):  # rules below headings are as long as the lines are
        wide, narrow = wide.replace(word, ""), narrow.replace(word, "")
    assert squeezed(narrow) == squeezed(wide)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_ascii_outputs_get_ascii(path: Path) -> None:
    text = printed(document_of(path), 80, "ascii")
    assert text.isascii()
    assert "\\u" not in text
    assert "\\x" not in text


def test_an_output_without_greek_letters_still_shows_its_own() -> None:
    title = Document((Heading(1, ("Größe → β",)),), {})
    assert printed(title, 80, "latin-1").splitlines() == ["Größe -> \\u03b2", "==============="]


def test_names_are_never_markup() -> None:
    document = Document((Heading(1, ("[bold]Net[/bold]",)), Paragraph((":smile: [red]",)), Table((), ((("[link=x]",), ("[/]",)),)), Listing("[i]")), {})
    text = printed(document, 80)
    for name in ("[bold]Net[/bold]", ":smile: [red]", "[link=x]", "[/]", "[i]"):
        assert name in text


def test_control_characters_of_a_title_are_shown_not_obeyed() -> None:
    text = printed(Document((Heading(1, ("a\x1b[31mb",)),), {}), 80)
    assert "\x1b" not in text
    assert "a\\x1b[31mb" in text


def test_colours_only_where_the_terminal_has_them() -> None:
    document = document_of(SPECS[0])
    assert "\x1b[1m" in printed(document, 80, color=True)
    assert "\x1b" not in printed(document, 80)


# -- what stands on the page ----------------------------------------------------------------------------------------------

NET = "title: Net\ninputs: x\nlayers:\n  - dense: [h]\n    weights: [[w1]]\n    bias: [b1]\n    activation: tanh\n  - dense: [o]\n    weights: [[w2]]\n    bias: false\nloss: half_squared_error\n"


def page(text: str = NET, **options: Any) -> str:
    return render(present(derive(build_graph(read_spec(text))), **options), "terminal")


def test_the_weights_come_from_the_output_back() -> None:
    text = page(forms=["textbook"])
    assert text.index("∂C/∂w2") < text.index("∂C/∂w1") < text.index("∂C/∂b1")


def test_a_reason_is_given_once() -> None:
    text = page(forms=["chain"])
    assert text.count("the cost is the mean") == 1
    assert text.count("as for w2") == 2


def test_only_the_deltas_that_a_weight_needs() -> None:
    text = page(forms=["backward"], weights=[("w2", None)])
    assert "δ_o" in text
    assert "δ_h" not in text


def test_brief_has_no_reasons() -> None:
    text = page(detail="brief")
    assert "∂C/∂w2 = 1/m Σ_i δ_o·h" in text
    assert "derivative of the" not in text.replace("δ is the derivative of the loss", "")


def test_full_has_every_step_of_a_weight() -> None:
    derivation = derive(build_graph(read_spec(NET)))
    text = page(forms=["textbook"], detail="full", weights=[("w1", None)])
    steps = derivation.gradient("w1").steps
    assert len(steps) > 4
    for number, step in enumerate(steps, 1):
        assert f"{number}. {step.rule}" in text


def test_a_parameter_without_effect_says_so() -> None:
    text = page("parameters: [w, u]\ninputs: x\nequations:\n  p: w*x\n  L: p^2 + 0*x\n  q: u*x\nloss: L\ncost: single\n")
    assert "∂L/∂u = 0" in text
    assert "L does not depend on u" in text


# -- breaking lines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("a + b", 80, ["a + b"]),
        ("(a + b)·(c + d)·e", 14, ["(a + b)", "·(c + d)·e"]),
        ("aaaa·bbbb + cccc·dddd", 18, ["aaaa·bbbb", "+ cccc·dddd"]),
        ("a = b − c − d", 8, ["a = b", "− c − d"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("f(aaaa, bbbb, cccc)", 10, ["f(aaaa,", "bbbb,", "cccc)"]),
    ],
)
def test_formulas_are_broken_before_operators(text: str, width: int, lines: list[str]) -> None:
    assert broken(text, width) == lines


def test_a_line_is_looked_for_near_its_end_however_long_the_formula_is() -> None:
    measured: list[int] = []

    def measure(text: str) -> int:
        measured.append(len(text))
        return len(text)

    lines = broken(" + ".join(["δ1[1,2]·x[3]"] * 1000), 80, measure)
    assert "".join(lines).count("x[3]") == 1000
    assert sum(measured) < 100 * 80 * len(lines)
