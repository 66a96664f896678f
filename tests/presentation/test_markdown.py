"""Markdown: golden text, formulas that no reader of Markdown changes, and words that are never markup."""

from __future__ import annotations

import html
import re

import pytest
from markdown_it import MarkdownIt  # comes with rich
from shipped import GOLDEN, document_of, shipped_pages
from test_hostile_words import HOSTILE, document_with

from backprop_derive.presentation.document import Document, Paragraph
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.formats.markdown import robust

FORMULA = re.compile(r"\$\$([\s\S]*?)\$\$|(?<![\\$])\$([^$\n]+?)\$")


def shown(markdown: str) -> str:
    """The text that a browser shows of it, without blanks."""
    page = MarkdownIt("gfm-like", {"linkify": False}).render(markdown)
    return "".join(html.unescape(re.sub(r"<[^>]*>", "", page)).split())


def test_the_page_of_one_weight_is_the_golden_one() -> None:
    """After a wanted change: `backprop-derive derive two_hidden_nodes -w w11 -o tests/golden/two_hidden_nodes.md`, and look at it."""
    page = render(document_of("two_hidden_nodes", weights=[("w11", None)]), "markdown")
    assert page == (GOLDEN / "two_hidden_nodes.md").read_text(encoding="utf-8")


def test_markdown_takes_nothing_from_a_formula() -> None:
    """Neither signs behind backslashes nor emphasis nor tags: also readers that know no mathematics leave every formula whole."""
    formulas = 0
    for name, text in shipped_pages("markdown").items():
        page = shown(text)
        for found in FORMULA.finditer(text):
            formulas += 1
            assert "".join(found[0].split()) in page, name
            assert re.search(r"\\[^A-Za-z]|[<>|*]", found[0]) is None, name
    assert formulas > 3000


def test_inline_formulas_are_read_as_such() -> None:
    """A dollar opens before a letter and closes behind one; no digit stands behind it."""
    for text in shipped_pages("markdown").values():
        for found in re.finditer(r"(?<!\\)\$([^$\n]+)(?<!\\)\$(.?)", text.replace("$$", "")):
            assert found[1] == found[1].strip()
            assert not found[2].isalnum()


@pytest.mark.parametrize(
    ("latex", "spelled"),
    [
        (r"a\,b", r"a\thinspace b"),
        (r"z > 0", r"z \gt  0"),
        (r"\hat{y}_{k}", r"\hat{y}_ {k}"),
        (r"w_{1}^{2}", r"w_{1}^{2}"),
        (r"a \\ b", r"a \cr  b"),
        (r"\left|x\right|", r"\left\vert x\right\vert "),
    ],
)
def test_formulas_are_spelled_without_escapes(latex: str, spelled: str) -> None:
    assert robust(latex) == spelled


@pytest.mark.parametrize("words", HOSTILE)
def test_words_are_never_markup(words: str) -> None:
    text = str(render(document_with(words), "markdown"))
    page = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    assert set(re.findall(r"<(/?\w+)", page)) <= {f"{mark}{tag}" for mark in ("", "/") for tag in ("h1", "h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "pre", "code")}
    printable = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in words)
    assert shown(text).count("".join(printable.split())) >= 12


def test_a_paragraph_that_looks_like_something_else_stays_one() -> None:
    for words in ("1. first", "2) second", "# x", "- x", "+ x", "=====", "    x"):
        page = MarkdownIt("gfm-like", {"linkify": False}).render(str(render(Document((Paragraph((words,)),), {}), "markdown")))
        assert page == f"<p>{words.strip()}</p>\n"
