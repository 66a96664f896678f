"""MathML: elements by example, and well-formed elements with every letter for all formulas of the shipped specs."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from shipped import GOLDEN, SPECS, document_of, graph_of, shipped_pages
from test_hostile_words import HOSTILE, document_with

from backprop_derive import write
from backprop_derive.calculus.derivation import derive
from backprop_derive.errors import UsageError
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.mathematics.boxes import read_boxes
from backprop_derive.presentation.mathematics.mathml import mathml_of

KNOWN = frozenset(["math", "mtable", "mtr", "mtd", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mstyle", "mfrac", "msqrt", "msub", "msup", "msubsup", "munder", "mover", "munderover"])
ARGUMENTS = {"mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3}


@pytest.mark.parametrize(
    ("latex", "mathml"),
    [
        ("x", "<mi>x</mi>"),
        ("0.5", "<mn>0.5</mn>"),
        ("(-a)", '<mo stretchy="false">(</mo><mo form="prefix">−</mo><mi>a</mi><mo stretchy="false">)</mo>'),
        ("{} = -2", '<mrow></mrow><mo>=</mo><mo form="prefix">−</mo><mn>2</mn>'),
        ("{} - 2", "<mrow></mrow><mo>−</mo><mn>2</mn>"),
        ("a - b", "<mi>a</mi><mo>−</mo><mi>b</mi>"),
        (r"W_{jk}^{(1)}", '<msubsup><mi>W</mi><mrow><mi>j</mi><mi>k</mi></mrow><mrow><mo stretchy="false">(</mo><mn>1</mn><mo stretchy="false">)</mo></mrow></msubsup>'),
        ("f'_{B}", "<msubsup><mi>f</mi><mi>B</mi><mo>′</mo></msubsup>"),
        (r"\sum_{i=1}^{m} x", '<munderover><mo movablelimits="false">∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>m</mi></munderover><mi>x</mi>'),
        (r"\left(\frac{a}{b}\right)", "<mrow><mo>(</mo><mfrac><mi>a</mi><mi>b</mi></mfrac><mo>)</mo></mrow>"),
        (r"\tanh(z)", '<mi mathvariant="normal">tanh</mi><mo>&#x2061;</mo><mo stretchy="false">(</mo><mi>z</mi><mo stretchy="false">)</mo>'),
        (r"\hat{y}", '<mover accent="true"><mi>y</mi><mo stretchy="false">^</mo></mover>'),
        (r"\sqrt{x}\,\pi", '<msqrt><mi>x</mi></msqrt><mspace width="0.167em"></mspace><mi>π</mi>'),
        (r"a < b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
        (r"\mathbf{x}", '<mi mathvariant="bold">x</mi>'),
        (r"\underbrace{x}_{\delta}", '<munder><munder class="brace"><mi>x</mi><mo stretchy="true">⏟</mo></munder><mi>δ</mi></munder>'),
        (r"\begin{cases}z & z > 0 \\ 0 & \text{otherwise}\end{cases}", '<mrow><mo>{</mo><mtable columnalign="left left"><mtr><mtd><mi>z</mi></mtd><mtd><mi>z</mi><mo>&gt;</mo><mn>0</mn></mtd></mtr><mtr><mtd><mn>0</mn></mtd><mtd><mtext>otherwise</mtext></mtd></mtr></mtable></mrow>'),
    ],
)
def test_elements(latex: str, mathml: str) -> None:
    assert mathml_of(latex) == f"<math>{mathml}</math>"


def test_a_formula_of_its_own() -> None:
    assert mathml_of("x", display=True) == '<math display="block"><mi>x</mi></math>'


@pytest.mark.parametrize("spec", [path.stem for path in SPECS])
def test_every_gradient_is_well_formed(spec: str) -> None:
    derivation = derive(graph_of(spec))
    for gradient in derivation.gradients.values():
        for expression in (gradient.gradient, gradient.expansion, gradient.backward):
            root = ElementTree.fromstring(write(derivation, expression, "mathml"))
            assert root.tag == "math"
            for element in root.iter():
                assert len(element) == ARGUMENTS.get(element.tag, len(element)), element.tag
                assert element.tag in ("mi", "mo", "mn", "mtext") or not (element.text or "").strip()


@pytest.mark.parametrize("latex", [r"\input{x}", r"\frac{1}", "{x", "x}", r"\begin{array}x\end{array}", "x_"])
def test_what_is_not_latex_of_this_project_is_refused(latex: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_boxes(latex)


def test_an_unknown_style_lists_the_known_ones() -> None:
    derivation = derive(graph_of("mazur"))
    with pytest.raises(UsageError, match="text, unicode, latex, mathml"):
        write(derivation, derivation.gradient("w1").gradient, "html")  # type: ignore[arg-type]


# -- whole pages ----------------------------------------------------------------------------------------------------------

MATHML = "{http://www.w3.org/1998/Math/MathML}"


def test_the_page_of_one_weight_is_the_golden_one() -> None:
    """After a wanted change: `backprop-derive derive two_hidden_nodes -w w11 -o tests/golden/two_hidden_nodes.mml`, and look at it in a browser."""
    page = render(document_of("two_hidden_nodes", weights=[("w11", None)]), "mathml")
    assert page == (GOLDEN / "two_hidden_nodes.mml").read_text(encoding="utf-8")


def test_pages_are_well_formed_and_their_tables_even() -> None:
    tables = 0
    for name, page in shipped_pages("mathml").items():
        root = ElementTree.fromstring(page)
        assert root.tag == f"{MATHML}math"
        assert {element.tag.removeprefix(MATHML) for element in root.iter()} <= KNOWN, name
        for table in root.iter(f"{MATHML}mtable"):
            tables += 1
            assert len({len(row) for row in table}) <= 1, name
    assert tables > 500


@pytest.mark.parametrize("words", HOSTILE)
def test_words_are_words_in_xml(words: str) -> None:
    root = ElementTree.fromstring(str(render(document_with(words), "mathml")))
    shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in words).replace(" ", "\u00a0")
    assert shown in {element.text for element in root.iter(f"{MATHML}mtext")}
