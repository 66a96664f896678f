"""The page for a browser: golden text, and what a real Chromium makes of it: nothing fetched, no complaints, clicking, folding, copying."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from functools import cache
from html.parser import HTMLParser

import pytest
from browser import Browser, Visit, boxes, launched, needs_browser
from shipped import GOLDEN, SPECS, document_of, graph_of, shipped_documents, shipped_pages
from test_hostile_words import HOSTILE, document_with

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.graph.weights import find_weights
from backprop_derive.presentation.document import Curve, Document
from backprop_derive.presentation.drawing import draw, with_network
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.formats.html import article
from backprop_derive.presentation.page import asset
from backprop_derive.presentation.pictures.svg import lettering
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import read_spec

VOID = frozenset({"meta", "wbr", "path", "rect"})


@cache
def page_of(name: str) -> str:
    """The page of a shipped spec with its network, as the command writes it."""
    return str(render(with_network(document_of(name), derive(graph_of(name))), "html"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    yield from launched(tmp_path_factory.mktemp("pages"))


# -- without a browser ----------------------------------------------------------------------------------------------------


def test_the_text_of_one_weight_is_the_golden_one() -> None:
    """After a wanted change: write `article(…)` of this document to the file, and look at the page."""
    text = article(document_of("two_hidden_nodes", weights=[("w11", None)]))
    assert text == (GOLDEN / "two_hidden_nodes.html").read_text(encoding="utf-8")


class Tags(HTMLParser):
    """Whether every element is closed in its turn, and what its attributes refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.places: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.places.append(value or "")
            if name in ("href", "src", "action", "data", "srcset", "poster", "style") or name.startswith("on"):
                self.references.append(f"{name}={value}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("name", [spec.stem for spec in SPECS])
def test_elements_are_closed_and_refer_to_the_page_alone(name: str) -> None:
    tags = Tags()
    tags.feed(page_of(name))
    assert tags.open == []
    assert len(tags.places) == len(set(tags.places))
    for reference in tags.references:
        assert reference.startswith("href=#gradient-"), reference
        assert html.unescape(reference).removeprefix("href=#") in {place.replace("'", "%27").replace("[", "%5B").replace("]", "%5D").replace(",", "%2C") for place in tags.places}
    assert "http:" not in page_of(name)
    assert "https:" not in page_of(name)


def test_colours_can_be_read() -> None:
    """The contrast of words and their ground is at least 4.5, by day and by night (WCAG 2.2, 1.4.3)."""
    css = asset("page.css")
    day, night = re.findall(r":root \{([^}]*)\}", css)[:2]
    for colours in (dict(re.findall(r"--([\w-]+): (#\w{6})", day)), dict(re.findall(r"--([\w-]+): (#\w{6})", day + night))):
        for word in ("text", "quiet", "accent-text"):
            for ground in ("ground", "panel", "glow"):
                assert contrast(colours[word], colours[ground]) >= 4.5, (word, ground)


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminances, the brighter one's above."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# -- in a browser ---------------------------------------------------------------------------------------------------------


@needs_browser
@pytest.mark.browser
def test_no_page_asks_for_anything_or_complains(browser: Browser) -> None:
    """All shipped specs, and evaluations, checks and the list; on a wide and on a narrow screen nothing sticks out."""
    others = {name: page for name, page in shipped_pages("html").items() if not name.endswith("-steps")}
    with browser.visit("") as visit:
        for name, page in {**others, **{spec.stem: page_of(spec.stem) for spec in SPECS}}.items():
            for width in (1400, 380):
                visit.tab.set_viewport_size({"width": width, "height": 900})
                if width == 1400:
                    visit.open(page)
                assert visit.ask("document.documentElement.scrollWidth") <= width, (name, width)
                if width == 1400:
                    wide = visit.ask("[...document.querySelectorAll('.aligned, .results, .wide')].filter((each) => each.scrollWidth > each.clientWidth + 1).length")
                    assert wide == 0, name
            flat = visit.ask("[...document.querySelectorAll('article math')].filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 3).length")
            assert flat == 0, name
            assert (visit.complaints, len(visit.requests)) == ([], 1), name


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize(("name", "weights"), [("two_hidden_nodes", ("w11", "w22", "v1")), ("mazur", ("w1", "w8", "b1")), ("three_layers", ("W1[2,1]", "W3[1,2]", "b1[4]", "W2")), ("skip_connection", ()), ("recurrent", ("U", "h0"))])
def test_a_chosen_weight_lights_up_the_paths_that_draw_finds(browser: Browser, name: str, weights: tuple[str, ...]) -> None:
    graph = graph_of(name)
    derivation = derive(graph)
    write = lettering(graph).write
    with browser.visit(page_of(name)) as visit:
        for key in weights or graph.parameters:
            visit.ask("(key) => document.querySelector(`.network [data-light=\"${CSS.escape(key)}\"]`).dispatchEvent(new MouseEvent('click', {cancelable: true}))", key)
            picture = draw(derivation, find_weights((key,), graph)[0])
            lit = {(arrow.start, arrow.end): " ".join(write((left, " = ", right)) for left, right in filter(None, (arrow.partial, arrow.by_weight))) for arrow in picture.arrows if arrow.lit}
            shown = visit.ask("[...document.querySelectorAll('.edge.lit')].map((each) => [each.dataset.from, each.dataset.to, each.dataset.edge])")
            assert {(start, end) for start, end, _ in shown} == set(lit), key
            for start, end, number in shown:
                text = visit.ask("(number) => [...document.querySelectorAll(`.edge-label[data-edge=\"${number}\"] .partial text`)].map((each) => each.textContent).join(' ')", number)
                assert text == lit[start, end], key
            units = visit.ask("[...document.querySelectorAll('.unit.lit')].map((each) => each.dataset.unit)")
            assert set(units) == {spot.key for spot in picture.spots if spot.lit}, key
            place = visit.ask("document.querySelector('article .chosen').getBoundingClientRect().top")
            below = visit.ask("document.documentElement.scrollHeight - innerHeight - scrollY")
            assert -5 <= place < 500 or below < 2, key
        assert visit.complaints == []


@needs_browser
@pytest.mark.browser
def test_a_weight_is_chosen_by_pointer_or_keyboard(browser: Browser) -> None:
    with browser.visit(page_of("two_hidden_nodes")) as visit:
        visit.tab.locator('.edge-label a[data-light="w21"] .weight').click()
        assert chosen(visit) == ("w21", "gradient-w21")
        assert visit.tab.locator('.edge-label[data-edge="0"] .partial').is_hidden()
        visit.tab.keyboard.press("Escape")
        assert chosen(visit) == (None, None)
        assert boxes(visit, ".edge.lit") == []
        visit.tab.evaluate("document.querySelector('.weights a').focus()")
        visit.tab.keyboard.press("Tab")
        assert chosen(visit) == ("w12", "gradient-w12")
        assert visit.tab.locator('[data-said="w12"]').is_visible()
        assert visit.tab.locator("p.said").is_hidden()
        unnamed = visit.ask("[...document.querySelectorAll('a:not([aria-hidden]), button, summary')].filter((each) => !(each.getAttribute('aria-label') || each.textContent.trim())).length")
        assert unnamed == 0


def chosen(visit: Visit) -> tuple[str | None, str | None]:
    found = visit.ask("[document.querySelector('.weights [aria-current]')?.dataset.light ?? null, document.querySelector('article .chosen')?.id ?? null]")
    return found[0], found[1]


@needs_browser
@pytest.mark.browser
def test_what_is_shown_on_the_edges_does_not_overlap(browser: Browser) -> None:
    """Partials of any one weight of small networks keep clear of each other."""
    for name in ("two_hidden_nodes", "mazur", "xor", "hmkcode"):
        with browser.visit(page_of(name)) as visit:
            for key in graph_of(name).parameters:
                visit.ask("(key) => choose(key)", key)
                found = boxes(visit, ".lit:not(.quiet) > .partial .plate, .lit:not(.quiet) > a > .partial .plate")
                pairs = [(one, other) for place, one in enumerate(found) for other in found[:place] if meeting(one, other) > 0.15]
                assert pairs == [], (name, key)


def meeting(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The part of the smaller box that two boxes share."""
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return max(across, 0) * max(down, 0) / min(box["width"] * box["height"] for box in (one, other))


@needs_browser
@pytest.mark.browser
def test_parts_fold(browser: Browser) -> None:
    with browser.visit(page_of("two_hidden_nodes")) as visit:
        part = visit.tab.locator("#gradient-w11 details").first
        row = part.locator(".row").first
        assert row.is_visible()
        part.locator("summary").click()
        assert row.is_hidden()
        visit.tab.get_by_role("button", name="Unfold all parts").click()
        assert row.is_visible()
        visit.tab.get_by_role("button", name="Fold all parts", exact=True).click()
        assert boxes(visit, "details .row") == []


@needs_browser
@pytest.mark.browser
def test_a_formula_is_copied_as_latex(browser: Browser) -> None:
    wanted = r"\frac{\partial C}{\partial v_{1}} = \frac{1}{m}\,\sum_{i=1}^{m} \delta_{B}\,o_{1}"
    with browser.visit(page_of("two_hidden_nodes"), permissions=["clipboard-read", "clipboard-write"]) as visit:
        row = visit.tab.locator(".row", has=visit.tab.locator(".copy")).nth(14)
        tex = row.evaluate("(each) => `${each.dataset.left} ${each.dataset.right}`")
        row.hover()
        row.locator(".copy").click()
        assert visit.ask("navigator.clipboard.readText()") == tex
        visit.tab.locator("section", has=visit.tab.get_by_role("heading", name="Backward pass")).get_by_role("button", name="Copy all formulas").click()
        whole = visit.ask("navigator.clipboard.readText()")
        assert whole.startswith("\\begin{align*}\n\\delta_{B} &= \\frac{\\partial L}{\\partial z_{B}} \\\\\n &= ")
        assert wanted.replace(" = ", " &= ") in whole
        assert visit.complaints == []
    with browser.visit(page_of("two_hidden_nodes")) as visit:  # without the permission
        visit.ask("{ navigator.clipboard.writeText = () => Promise.reject(new Error('no')); null }")
        visit.ask("{ document.execCommand = (what) => { window.taken = [what, document.activeElement.value]; return true; }; null }")
        visit.tab.locator(".copy").first.click(force=True)
        assert visit.ask("window.taken") == ["copy", "z_{A1} = w_{11}\\,x_{1} + w_{12}\\,x_{2}"]


@needs_browser
@pytest.mark.browser
def test_the_page_is_dark_where_that_is_wished_for(browser: Browser) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        with browser.visit(page_of("mazur"), color_scheme=scheme) as visit:
            grounds[scheme] = visit.ask("[document.body, document.querySelector('.network .spot')].map((each) => getComputedStyle(each)[each === document.body ? 'backgroundColor' : 'stroke'])")
    assert grounds == {"light": ["rgb(255, 255, 255)", "rgb(71, 85, 105)"], "dark": ["rgb(15, 23, 42)", "rgb(203, 213, 225)"]}


@needs_browser
@pytest.mark.browser
def test_without_scripts_the_page_reads_the_same(browser: Browser) -> None:
    with browser.visit(page_of("two_hidden_nodes"), scripts=False) as visit:
        assert visit.tab.locator("#gradient-w11 .row").first.is_visible()
        visit.tab.locator('.weights a[data-light="w11"]').click()
        assert visit.tab.url.endswith("#gradient-w11")
        assert visit.tab.locator("#gradient-w11 h2").evaluate("(each) => each.getBoundingClientRect().top > 0 && each.getBoundingClientRect().top < 450")


SPEC = """\
title: "<script>alert(1)</script> & 'x' \\"y\\""
inputs: [onload, "x'"]
nodes:
  script: {weights: {innerHTML: onload, "w'": "x'"}, activation: tanh, output: alert}
targets: y
loss: half_squared_error
"""


@needs_browser
@pytest.mark.browser
def test_words_are_shown_and_nothing_is_obeyed(browser: Browser) -> None:
    blocks = tuple(block for words in HOSTILE for block in document_with(words).blocks)
    with browser.visit(str(render(Document(blocks, {}), "html"))) as visit:
        assert (visit.complaints, len(visit.requests)) == ([], 1)
        wanted = ["".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in words) for words in HOSTILE]
        assert visit.ask("[...document.querySelectorAll('article p')].map((each) => each.textContent)") == [text for words in wanted for text in (words, f"before {words} behind")]
        assert visit.ask("[...document.querySelectorAll('article h1')].map((each) => each.textContent)") == wanted
        assert visit.ask("document.querySelectorAll('article img, article script, article a, article b').length") == 0
        for words in ("<script>alert(1)</script>", "</title><b>", "\x1b[31mred"):
            visit.open(str(render(document_with(words), "html")))
            assert visit.ask("document.title") == "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in words)


@needs_browser
@pytest.mark.browser
def test_names_are_names_in_the_network_too(browser: Browser) -> None:
    derivation = derive(build_graph(read_spec(SPEC)))
    with browser.visit(str(render(with_network(present(derivation), derivation), "html"))) as visit:
        for key in ("w'", "innerHTML"):
            visit.ask("(key) => document.querySelector(`.weights [data-light=\"${CSS.escape(key)}\"]`).click()", key)
            assert chosen(visit) == (key, f"gradient-{key}")
        assert visit.complaints == []
        assert visit.ask("document.title") == "<script>alert(1)</script> & 'x' \"y\""


@needs_browser
@pytest.mark.browser
def test_a_curve_is_drawn_from_its_first_to_its_last_value(browser: Browser) -> None:
    document = Document((Curve((4.0, 2.0, 1.0), "step", "cost"),), {})
    with browser.visit(str(render(document, "html"))) as visit:
        points = visit.ask("[...document.querySelector('polyline').points].map((each) => [each.x, each.y])")
        assert points == [[0, 0], [280, 100], [560, 150]]
        assert visit.tab.get_by_role("img", name="cost over step, from 4 to 1").is_visible()


def test_evaluations_have_their_curve() -> None:
    assert "<polyline" in str(render(shipped_documents()["mazur-steps-of-training"], "html"))
