"""What is read of YAML, and what is said of the rest."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_derive.errors import Problem, SpecError
from backprop_derive.spec.loading import read_spec
from backprop_derive.spec.problems import Problems
from backprop_derive.spec.source import Mapping, Mark, Scalar, Sequence
from backprop_derive.spec.yaml_reader import MAXIMUM_BYTES, MAXIMUM_NESTING, read_tree

NETWORK = "\nlayers: [softmax]\n"


def tree_of(text: str) -> Mapping:
    problems = Problems()
    tree = read_tree(text, "net.yaml", problems)
    assert problems.found == ()
    assert isinstance(tree, Mapping)
    return tree


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        read_spec(text, "net.yaml")
    return caught.value.problems


@pytest.mark.parametrize(
    "word", ["y", "n", "on", "no", "null", "~", "1e-3", "012", "0.0820", "true", "2001-01-01", "0x10", "1_000", ".inf"]
)
def test_scalars_stay_text(word: str) -> None:
    value = tree_of(f"a: {word}\n").get("a")
    assert isinstance(value, Scalar)
    assert value.text == word
    assert not value.quoted


def test_marks_give_line_column_and_path() -> None:
    tree = tree_of("a: 1\nlayers:\n  - dense: [h1, 'h2']\n")
    layers = tree.get("layers")
    assert isinstance(layers, Sequence)
    layer = layers.items[0]
    assert isinstance(layer, Mapping)
    (key, units), *_ = layer.entries
    assert key.mark == Mark(3, 5, "layers[0].dense", "net.yaml")
    assert isinstance(units, Sequence)
    second = units.items[1]
    assert isinstance(second, Scalar)
    assert second.mark == Mark(3, 17, "layers[0].dense[1]", "net.yaml")
    assert second.quoted


@pytest.mark.parametrize("text", ["\ufeffa: 1\nb: 2\n", "a: 1\r\nb: 2\r\n", "---\na: 1\nb: 2\n...\n", '{"a": 1, "b": 2}', "{a: 1,\n b: 2}"])
def test_byte_order_mark_line_ends_and_json_are_accepted(text: str) -> None:
    assert [(key.text, value.text) for key, value in tree_of(text).entries if isinstance(value, Scalar)] == [("a", "1"), ("b", "2")]


OWN_LINE = "write it on a line of its own, or quote it"
REFUSED = [  # text, line, column, path, part of the message
    ("inputs: &a x", 1, 9, "inputs", "anchors"),
    ("loss: *x", 1, 7, "loss", "aliases"),
    ("loss: *(x)", 1, 8, None, "begin with *"),
    ("loss: !!str x", 1, 7, "loss", "tags"),
    ("loss: !e!x y", 1, 7, None, "tags"),
    ("<<: {title: a}", 1, 1, "<<", "merge keys"),
    ("title: a\ntitle: b", 2, 1, "title", "'title' stands twice: first on line 1"),
    ("sizes: {n: 2, n: 3}", 1, 15, "sizes.n", "stands twice"),
    ("? [a]\n: b", 1, 3, "", "a key is a name"),
    ("title: a\n---\ntitle: b", 2, 1, "", "second document"),
    ('loss: "\\frac{1}{2}"', 1, 7, "loss", "use single quotes"),
    ('loss: "\\tanh(x)"', 1, 7, "loss", "U+0009"),
    ('loss: "\\nabla"', 1, 7, "loss", "U+000A"),
    ('loss: "\\beta"', 1, 7, "loss", "use single quotes"),
    ('loss: "\\Phi"', 1, 7, "loss", "U+2029"),
    ('loss: "\\ud800"', 1, 7, "loss", "U+D800"),
    ('"lo\\bss": 1', 1, 1, "lo\\x08ss", "use single quotes"),
    ('loss: "\\sigma(x)"', 1, 9, None, "use single quotes"),
    ('loss: "\\xi"', 1, 10, None, "use single quotes"),
    ('loss: "\\UFFFFFFFF"', None, None, None, "no character"),
    ("title: a\nloss: \x07b", 2, 7, None, "U+0007"),
    ("title: \x00", 1, 8, None, "U+0000"),
    ("layers:\n\t- dense: 3", 2, 1, None, "a tab"),
    ("equations: {z[j]: a}", 1, 14, None, OWN_LINE),
    ("targets: [y[1], y[2]]", 1, 12, None, OWN_LINE),
    ("functions: {f(z, c): 1}", 1, 13, "functions.f(z", OWN_LINE),
    ("assume: [sum(y, c) = 1]", 1, 10, "assume[0]", OWN_LINE),
    ("inputs: [x1, x2\ntargets: y\n", 2, 8, None, "close the bracket of line 1"),
    ("inputs: [x1, x2\n", 1, 9, None, "a bracket is not closed"),
    ("loss: 'a", 1, 7, None, "a quote is not closed"),
    ("loss: 'a' + b", 1, 11, None, "begins with a quote or a bracket"),
    ("loss: a: b", 1, 8, None, "quote text that contains ': '"),
    ("loss: - sum(y)", 1, 7, None, "begins with '- '"),
    ("loss: |r|", 1, 8, None, "block of text"),
    ("loss: @x", 1, 7, None, "quote it"),
    ("title: a\n nodes: b", 2, 7, None, "check the indentation"),
    ("{title: a} b", 1, 12, None, "has ended above"),
    ("%YAML 7.0\n---\ntitle: a", 1, 1, None, "this is not YAML"),
    ("inputs", 1, 1, "", "mapping of keys"),
    ("- a", 1, 1, "", "mapping of keys"),
    ("", None, None, None, "empty"),
    ("# a comment\n", None, None, None, "empty"),
    ("'' ", None, None, None, "empty"),
    ("!", 1, 1, "", "tags"),
]


@pytest.mark.parametrize(("text", "line", "column", "path", "message"), REFUSED)
def test_what_is_refused_says_where_and_why(text: str, line: int | None, column: int | None, path: str | None, message: str) -> None:
    suits = text[:1] not in ("", "#", "'", "!", "i", "-", "{") and "---" not in text
    found = problems_of(text + NETWORK if suits else text)
    assert any((p.line, p.column, p.path) == (line, column, path) and message in p.message for p in found), found
    assert all(problem.file == "net.yaml" for problem in found)


@pytest.mark.parametrize(
    "text",
    [
        "functions: {f(z, c): 1}",
        "assume: [sum(y, c) = 1]",
        "inputs: &a x",
        "loss: *x",
        'loss: "\\frac"',
        "inputs: *x",
        "values: {w: *x}",
        "<<: a",
    ],
)
def test_a_fault_is_told_once(text: str) -> None:
    assert len(problems_of(text + NETWORK)) == 1


def test_nesting_is_counted_before_anything_recurses() -> None:
    inside = "values: {w: " + "[" * (MAXIMUM_NESTING - 2) + "1" + "]" * (MAXIMUM_NESTING - 2) + "}" + NETWORK
    assert len(read_spec(inside).values[0].shape) == MAXIMUM_NESTING - 2
    (problem,) = problems_of("values: {w: " + "[" * (MAXIMUM_NESTING - 1) + "1" + "]" * (MAXIMUM_NESTING - 1) + "}" + NETWORK)
    assert "nested more than 100" in problem.message
    assert (problem.line, problem.column) == (1, 12 + MAXIMUM_NESTING - 1)


ALIAS_BOMB = "a0: &b0 [x]\n" + "".join(f"a{i}: &b{i} [*b{i - 1}, *b{i - 1}]\n" for i in range(1, 60))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * 100_000, "nested"),
        ("{" * 100_000, "nested"),
        ("- " * 90_000, "nested"),
        (ALIAS_BOMB, "aliases"),
        ("x" * 300_000, "200 kB"),
        ("é" * 150_000, "200 kB"),
        ("a: " + "x" * MAXIMUM_BYTES, "200 kB"),
        ("values:\n  w: " + "1+" * 50_000 + "1" + NETWORK, "characters"),
        ("values:\n  w: " + "9^64*" * 50 + "1" + NETWORK, "too large"),
        ("values:\n  w: 2^(" + "1+" * 1900 + "1)" + NETWORK, "characters"),
        ("values:\n  w: 2^(9e99*9e99)" + NETWORK, "exponents"),
    ],
    ids=[
        "brackets",
        "braces",
        "dashes",
        "alias-bomb",
        "300kB",
        "bytes-not-characters",
        "one-long-entry",
        "long-sum",
        "long-product",
        "long-exponent",
        "power",
    ],
)
def test_hostile_files_are_refused_quickly(text: str, message: str) -> None:
    start = time.process_time()
    found = problems_of(text)
    assert time.process_time() - start < 2
    assert any(message in problem.message for problem in found)


YAML_PIECES = st.one_of(
    st.sampled_from(
        [
            "inputs",
            "nodes",
            "layers",
            "equations",
            "values",
            "weights",
            "functions",
            "targets",
            "loss",
            "sizes",
            "cost",
            "x1",
            "λ",
            "y'",
            "null",
            "random",
            "abstract",
            "~",
        ]
    ),
    st.sampled_from(
        [": ", ":\n  ", "\n", "\n  ", "\n- ", "- ", ", ", "? ", "---\n", "...\n", "\t", "\r\n", "\ufeff", "\x00", "&a ", "*a", "!b "]
    ),
    st.sampled_from(["0.5", "1/0", "sqrt(2)", "f(z)", "W[1,2]", "^(2)", "<<", "\\U", *"[]{}'\"\\|>%#@"]),
)


@given(st.one_of(st.text(max_size=60), st.lists(YAML_PIECES, max_size=25).map("".join)))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_spec_or_a_spec_error(text: str) -> None:
    try:
        told = repr(read_spec(text))
    except SpecError as error:
        told = str(error)
    assert told.encode("utf-8")
