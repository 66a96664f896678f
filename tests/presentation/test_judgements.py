"""Judged calculations on the page: what was written is quoted in every format, marks stand below their part."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from backprop_derive import build_graph, derive, load_spec, read_spec, verify_answers
from backprop_derive.answers.claims import Claim, Counterexample, Mistake, Verdict
from backprop_derive.answers.statements import Place
from backprop_derive.presentation.document import Document, Quotation
from backprop_derive.presentation.formats import FORMATS, render
from backprop_derive.presentation.judgements import present_judgement
from backprop_derive.presentation.quoting import listed, quoted_lines

GRAPH = build_graph(load_spec(Path(__file__).resolve().parents[2] / "specs" / "two_hidden_nodes.yaml"))
TEXT_FORMATS = [row.name for row in FORMATS if not row.binary and row.name != "json"]


def page(*claims: Claim, hint: int = 3) -> str:
    return str(render(present_judgement(claims, derive(GRAPH), hint=hint), "terminal"))


def wrong(**changes: object) -> Claim:
    text = "dL/dv1 = (y - y')*f_B'(z_B)*o1"
    (read,) = verify_answers(GRAPH, text)
    mistake = Mistake("sign", "the derivative of ½(y − y')² by y' is −(y − y')", "y - y'", (9, 17))
    example = Counterexample({"y": "2"}, "1", "-1")
    found = Claim(Place("a.txt", 1, 1), text, Verdict("different", counterexample=example), read.statement, read.about, mistakes=(mistake,), correction=read.correction)
    for name, value in changes.items():
        object.__setattr__(found, name, value)
    return found


def test_the_wrong_factor_is_marked_and_explained() -> None:
    lines = page(wrong()).splitlines()
    at = lines.index("    dL/dv1 = (y - y')*f_B'(z_B)*o1")
    assert lines[at + 1] == "             ^^^^^^^^"
    assert "sign          the derivative of ½(y − y')² by y' is −(y − y')" in lines
    assert "for example   at y = 2: yours is 1, right is -1" in lines


def test_both_sides_are_shown_with_the_same_letters() -> None:
    graph = build_graph(read_spec("parameters: [a, p, n]\nsizes: {a: [2], p: [2], n: [2]}\nequations: {L: 'sum((a - p)^2) - sum((a - n)^2)'}\ncost: single"))
    judgement = verify_answers(graph, "dL/da = 2(n - p)")
    assert "read as   ∂L/∂a[j] = 2·(n[j] − p[j])" in str(render(present_judgement(judgement, derive(graph)), "terminal"))


def test_hints_hide_the_explanation_before_the_factor() -> None:
    two, one = page(wrong(), hint=2), page(wrong(), hint=1)
    assert ("^^^" in two, "look at y - y'" in two, "½" in two) == (True, True, False)
    assert ("^^^" in one, "sign" in one, "a.txt:1:1: wrong" in one) == (False, False, True)


def test_what_is_carried_on_is_not_accused() -> None:
    told = page(wrong(mistakes=(), consistent_with=Place("a.txt", 1, 1), follows=True))
    assert "it follows correctly, but from the mistake at a.txt:1:1" in told
    assert "not among the mistakes" not in told
    assert "for example" not in told


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_every_format_quotes_what_was_written(name: str) -> None:
    quotation = Document((Quotation("ab + c_1", ((5, 8),)),), {}, GRAPH)
    shown = str(render(quotation, name)).replace("\\ ", " ").replace("\\_", "_").replace("&#xA0;", " ")
    if name == "html":
        assert "<pre>ab + <mark>c_1</mark></pre>" in shown
        return
    assert "ab + c_1" in shown
    assert "^^^" in shown.replace(r"\textasciicircum{}", "^").replace(r"\^{}", "^")


@pytest.mark.parametrize(
    ("text", "marks", "expected"),
    [
        ("ŷ·q", [(2, 3)], ["ŷ·q", "  ^"]),
        ("y\u0302·q", [(3, 4)], ["y\u0302·q", "  ^"]),
        ("漢q", [(0, 1)], ["漢q", "^^"]),
        ("漢q", [(1, 2)], ["漢q", "  ^"]),
        ("a\n   b", [(5, 6)], ["a b", "  ^"]),
        ("a\x1b[31mb", [(6, 7)], ["a\\x1b[31mb", "         ^"]),
    ],
)
def test_marks_stand_below_their_part(text: str, marks: list[tuple[int, int]], expected: list[str]) -> None:
    assert listed(text, marks).splitlines() == expected


def test_long_lines_are_broken_with_their_marks() -> None:
    text = " + ".join(f"w{number}" for number in range(30))
    lines = quoted_lines(text, [(0, len(text))], 20, cell_len)
    assert all(len(line) <= 20 and len(below) == len(line) for line, below in lines)
    assert " ".join(line for line, _ in lines) == text
    assert all(len(line) == 4 for line, _ in quoted_lines("x" * 12, [], 4, cell_len))
