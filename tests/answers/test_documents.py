"""Formulas are found in documents of every kind, each at its place, and prose is left alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from backprop_derive.answers.documents.files import MAXIMUM_BYTES, passages_of, read_document
from backprop_derive.answers.documents.passages import Passage
from backprop_derive.errors import AnswerError


def found(kind: str, text: str) -> list[str]:
    """`line:column text` of every formula."""
    return [f"{each.place.line}:{each.place.column} {' '.join(each.text.split())}" for each in passages_of(text, "f", kind)]


LATEX = [
    (r"Let $z = v_1 o_1$ cost \$5 and $o_1$.", ["1:6 z = v_1 o_1"]),
    (r"\(a = b\) and \[c = d.\]", ["1:3 a = b", "1:17 c = d"]),
    ("$$a = b$$\n$$= c$$", ["1:3 a = b", "2:3 = c"]),
    ("\\begin{align}\n  a &= b \\\\[2mm]\n    &= c, \\nonumber \\\\*\n  d &= e \\label{eq:x = y}\n\\end{align}", ["2:3 a &= b", "3:6 = c, \\nonumber", "4:3 d &= e"]),
    ("\\begin{align*} a &= b & c &= d \\\\ &= e && \\text{by the chain rule} \\end{align*}", ["1:16 a &= b", "1:25 c &= d", "1:36 = e"]),
    ("\\begin{align} a &= b \\\\ &\\quad + c \\\\ &= d + \\\\ & e \\end{align}", ["1:15 a &= b &\\quad + c", "1:40 = d + & e"]),
    ("\\begin{eqnarray} a &=& b \\\\ &=& c \\end{eqnarray}", ["1:18 a &=& b", "1:30 =& c"]),
    ("\\begin{gather} a = b \\\\ c = d \\end{gather}", ["1:16 a = b", "1:25 c = d"]),
    ("\\begin{multline} a = b \\\\ + c \\\\ + d \\end{multline}", ["1:18 a = b + c + d"]),
    ("\\begin{equation}\\begin{split} a &= b \\\\ &= c \\end{split}\\end{equation}", ["1:31 a &= b", "1:42 = c"]),
    (r"$$x = \begin{cases} 1 & z > 0 \\ 0 & \text{otherwise} \end{cases}$$", [r"1:3 x = \begin{cases} 1 & z > 0 \\ 0 & \text{otherwise} \end{cases}"]),
    ("\\begin{align} a &= b % = c \\\\\n \\\\ d &= 5\\% \\end{align}", ["1:15 a &= b", "2:5 d &= 5\\%"]),
    (r"\[ \boxed{a = b} \quad\text{and}\quad c = d \]", ["1:11 a = b", "1:39 c = d"]),
    (r"\[ a = \underbrace{b c}_{\text{error}} d \]", ["1:4 a = {b c} d"]),
    (r"\[ a = b \implies c = d \Rightarrow e = f, \qquad g = h \]", ["1:4 a = b", "1:19 c = d", "1:37 e = f", "1:51 g = h"]),
    (r"\[ f(a, b) = \frac{c}{d}, \; e \]", [r"1:4 f(a, b) = \frac{c}{d}, \; e"]),
    ("\\begin{align} a &= b \\intertext{so that $q = 3$} c &= d \\end{align}", ["1:15 a &= b", "1:50 c &= d"]),
    ("\\usepackage{x}\n$p = 1$\n\\begin{document}\n$a = b$\n\\end{document}\n$c = d$", ["4:2 a = b"]),
    ("\\begin{verbatim}$a = b$\\end{verbatim} $c = d$", ["1:40 c = d"]),
    ("$a = b\n\n$c = d$", ["3:2 c = d"]),
    ("\\begin{align} a = b", []),
    ("\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}\n$\\pd{L}{v_1} = \\pd L z x$", [r"2:2 \frac{\partial L}{\partial v_1} = \frac{\partial L}{\partial z} x"]),
    (r"$\text{loss } L = a$ and $\text{loss} = b$", ["1:15 L = a", r"1:27 \text{loss} = b"]),
    ("\\def\\yh{\\hat y}\n$\\yh = \\yh z$", [r"2:2 \hat y = \hat y z"]),
]  # fmt: skip

MARKDOWN = [
    ("We have $a = b$ and $x$.\n\n> $$\n> a = b \\\\\n> = c\n> $$", ["1:10 a = b", "4:3 a = b", "5:3 = c"]),
    ("```math\na = b \\\\\n= c\n```", ["2:1 a = b", "3:1 = c"]),
    ("```python\na = b\n```\nThen `c = d` and `run()`.", ["4:7 c = d"]),
    ("```\ndL/dw = 3*x\n```", ["2:1 dL/dw = 3*x"]),
    ("$`a = b`$ \\[c = d\\]", ["1:3 a = b", "1:13 c = d"]),
    ("\\begin{align}\na &= b\n\\end{align}", ["2:1 a &= b"]),
    ("~~~\n```\n~~~\n$a = b$", ["4:2 a = b"]),
]

PLAIN = [
    ("dL/dv = a*b\n   = c", ["1:1 dL/dv = a*b", "2:4 = c"]),
    ("Homework\n\n1. dL/dv = a   # chain rule\n2) dL/dw = b", ["3:4 dL/dv = a", "4:4 dL/dw = b"]),
    ("So we get: dL/dv = (y - y')*o by the chain rule.", ["1:12 dL/dv = (y - y')*o"]),
    ("dL/dw = (y' - y) *\n   v1 * x1", ["1:1 dL/dw = (y' - y) * v1 * x1"]),
    ("dL/dw = (y' - y)\n   * v1\n   + x1", ["1:1 dL/dw = (y' - y) * v1 + x1"]),
    ("a = b, c = d", ["1:1 a = b", "1:8 c = d"]),
    ("a = f(b, c)", ["1:1 a = f(b, c)"]),
    ("dW1 = ((W2.T @ (yhat - y)) * (z1 > 0)) @ x.T", ["1:1 dW1 = ((W2.T @ (yhat - y)) * (z1 > 0)) @ x.T"]),
    ("db2 = np.sum(dZ2, axis=1, keepdims=True)/m", ["1:1 db2 = np.sum(dZ2, axis=1, keepdims=True)/m"]),
    ("dw = np.dot(x, (yhat-y)) and db = yhat - y", ["1:1 dw = np.dot(x, (yhat-y))", "1:30 db = yhat - y"]),
    ("dw = h * slack * x", ["1:1 dw = h * slack * x"]),
    ("dw = x (given) * y", ["1:1 dw = x"]),
    ("dw = (y - t)*x (by the chain rule)", ["1:1 dw = (y - t)*x"]),
    ("dz = (pre-activation) and da = x", ["1:1 dz =", "1:27 da = x"]),
    ("Now we use the chain rule.", []),
    ("- dL/dv = a\n- dL/dw = b", ["1:3 dL/dv = a", "2:3 dL/dw = b"]),
    ("v1: (y' - y)*o1", ["1:5 (y' - y)*o1"]),
    ("where z = a*b and x = c", ["1:7 z = a*b", "1:19 x = c"]),
    ("=====\na = 0.5.\n-----", ["2:1 a = 0.5"]),
    ("∂L/∂v = (ŷ − y)·o", ["1:1 ∂L/∂v = (ŷ − y)·o"]),
    ("The loss L = a and the error E = b\nloss = c", ["1:10 L = a", "1:30 E = b", "2:1 loss = c"]),
    ("a = b\r\n  = c\r\n", ["1:1 a = b", "2:3 = c"]),
    ("\ufeffa = b", ["1:1 a = b"]),
]


@pytest.mark.parametrize(("text", "expected"), LATEX)
def test_latex_gives_its_formulas(text: str, expected: list[str]) -> None:
    assert found("tex", text) == expected


@pytest.mark.parametrize(("text", "expected"), MARKDOWN)
def test_markdown_gives_its_formulas(text: str, expected: list[str]) -> None:
    assert found("md", text) == expected


@pytest.mark.parametrize(("text", "expected"), PLAIN)
def test_plain_text_gives_its_formulas(text: str, expected: list[str]) -> None:
    assert found("txt", text) == expected


@pytest.mark.parametrize(("kind", "rows"), [("tex", LATEX), ("md", MARKDOWN), ("txt", PLAIN)])
def test_every_place_is_one_in_the_document(kind: str, rows: list[tuple[str, list[str]]]) -> None:
    for text, _ in rows:
        lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
        for each in passages_of(text, "f", kind):
            assert each.place.line is not None
            assert each.place.column is not None
            assert lines[each.place.line - 1][each.place.column - 1 :].startswith(each.written.split("\n")[0])


def test_answers_by_weight_keep_their_keys_digits_and_places() -> None:
    text = "v1: (y' - y)*o1\nv2: |\n  dL/dv2 = a\n     = b\nW1: [[0.10, 0.20]]\nanswers: {b: 0.0820}\n'w11': [x, \"y\"]\n"
    rows = [(each.key, each.entry, each.text, each.place.line, each.place.column) for each in passages_of(text, "f", "yaml")]
    assert rows == [
        ("v1", (), "(y' - y)*o1", 1, 5), ("v2", (), "dL/dv2 = a", 3, 3), ("v2", (), "= b", 4, 6), ("W1", (1, 1), "0.10", 5, 7), ("W1", (1, 2), "0.20", 5, 13),
        ("b", (), "0.0820", 6, 14), ("w11", (1,), "x", 7, 9), ("w11", (2,), "y", 7, 13),
    ]  # fmt: skip


def test_a_place_inside_a_formula_is_one_in_the_document() -> None:
    (passage,) = passages_of("\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}\n$\\pd{L}{v} = q$", "f", "tex")
    at = passage.text.index("q")
    assert str(passage.place_of(at)) == "f:2:14"
    assert str(passages_of("a = b +\n  c", "f", "txt")[0].place_of(10)) == "f:2:3"
    assert Passage("abc", passage.place, "abc").origin(1, 2) == (1, 2)


def test_what_is_surely_an_answer_is_told_from_what_may_be_one() -> None:
    text = "a = b\nWe know that a = b\n"
    assert [each.certain for each in passages_of(text, "f", "txt")] == [True, False]
    assert not any(each.certain for each in passages_of("$a = b$", "f", "tex"))


def test_the_kind_of_a_text_is_found_out() -> None:
    assert found(None, r"\[a = b\]") == ["1:3 a = b"]  # type: ignore[arg-type]
    assert found(None, "so $a = b$") == ["1:5 a = b"]  # type: ignore[arg-type]
    assert found(None, "a = b") == ["1:1 a = b"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"a = b\0", "binary"),
        ("a.txt", "a = b".encode("utf-16"), "UTF-16"),
        ("a.txt", b"a = b\nc = \xff", "2:5: a byte (0xFF)"),
        ("a.txt", b" " * (MAXIMUM_BYTES + 1), "larger than 1 MB"),
        ("a.pdf", b"%PDF", "a PDF cannot be read: hand in .tex, .md, .txt or .yaml"),
        ("a.txt", b"a = b\n" * 201, "201:1: there are 201 formulas; at most 200"),
        ("a.yaml", b"v1: a\nv1: b\n", "the key 'v1' stands twice"),
        ("a.yaml", b"v1: {a: b}\n", "not a mapping"),
        ("a.yaml", b"v1:\n", "v1 has no answer"),
        ("a.yaml", b'v1: "\\frac{1}{2}"\n', "use single quotes"),
        ("a.yaml", b"- a\n", "answers are a mapping of weights"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AnswerError) as caught:
        read_document(tmp_path / name)
    assert message in str(caught.value)


def test_a_missing_file_and_a_folder_are_no_answers(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.txt"):
        with pytest.raises(AnswerError):
            read_document(path)


@pytest.mark.parametrize(
    "unit",
    ["$a$ ", "\\[", "\\begin{align}", "%x\n", "\\label{", "```a\n", "a,", "{", "\\boxed{", "$$", "\\text{a}", "`", "\\begin{cases}", "a = b + \n", "\\\\", "& ", "> "],
)
@pytest.mark.parametrize("kind", ["tex", "md", "txt"])
def test_hostile_text_takes_no_time(kind: str, unit: str) -> None:
    begin = time.process_time()
    for text in (unit * (19_000 // len(unit)), "\\[ a = " + unit * (19_000 // len(unit)) + "\\]"):
        try:
            passages_of(text, "f", kind)
        except AnswerError:
            continue
    assert time.process_time() - begin < 1.5


def test_an_abbreviation_that_grows_is_cut_short() -> None:
    begin = time.process_time()
    passages_of("\\def\\a{\\a\\a\\a\\a}\n$\\a = b$ $\\a = c$", "f", "tex")
    assert time.process_time() - begin < 2
