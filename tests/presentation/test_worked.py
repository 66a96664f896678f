"""Numbers in a derivation: the lines below formulas, what they are rounded to, samples, tables, and where there are none."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.cli.numbers import fit_of, numbers_of
from backprop_derive.errors import EvaluationError, UsageError
from backprop_derive.graph.expressions import Compare, Partial, Ref
from backprop_derive.numerics.training import evaluate
from backprop_derive.numerics.worked import WorkedNumbers
from backprop_derive.presentation.document import Aligned, Document, Row
from backprop_derive.presentation.figures import Figure, figure
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.formats.terminal import print_document
from backprop_derive.presentation.presenting import present
from backprop_derive.presentation.styles import AsciiWriter, LatexWriter, UnicodeWriter
from backprop_derive.spec.loading import load_spec, read_spec
from backprop_derive.spec.numbers import number

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
SPECS = {path.stem: path for folder in ("specs", "tests/cases/natural") for path in sorted((ROOT / folder).glob("*.yaml"))}

LINE = """
title: Line
inputs: x
parameters: [slope, intercept]
equations:
  yhat: slope*x + intercept
targets: y
loss: squared_error
values: {slope: 0, intercept: 0.5}
data: [{x: 1, y: 2}, {x: 2, y: 3}, {x: 4, y: 4.5}]
"""
SMALL = """
inputs: 2
layers:
  - dense: 2
    activation: sigmoid
  - dense: 3
    activation: softmax
loss: cross_entropy
regularization: {l2: lambda, of: weights}
data: [{x: [0.1, 0.2], y: [0, 0, 1]}, {x: [0.3, 0.4], y: [0, 1, 0]}]
values: {lambda: 0.1, W1: [[0.3, 0.5], [0.4, 0.6]], b1: [0.1, 0.2], W2: [[1.1, 1.5], [1.2, 1.6], [1.3, 1.7]], b2: [0.7, 0.8, 0.9]}
"""
WIDE = """
inputs: 4
layers:
  - dense: 9
    activation: relu
  - dense: 1
loss: half_squared_error
values: random
seed: 3
"""


RELU = "inputs: x\nnodes:\n  N: {weights: {w: x}, activation: relu, output: a}\nloss: a\ncost: single\nvalues: {x: 2, w: -3}"
TWICE = "parameters: [x]\nequations:\n  p: 2*x + 1\n  q: x + 4\n  f: p*q\ncost: single\nvalues: {x: 1}"


def derivation_of(text: str) -> Derivation:
    return derive(build_graph(read_spec(text)))


def numbers_at(derivation: Derivation, sample: int | None = None) -> WorkedNumbers:
    return WorkedNumbers(derivation, evaluate(derivation.graph, steps=0), sample)


def page_of(text: str, sample: int | None = None, **options: Any) -> Document:
    derivation = derivation_of(text)
    numbers = numbers_at(derivation, sample)
    return present(derivation, numbers=numbers, fit=fit_of(derivation.graph, numbers, options.get("digits", 4)), **options)


def printed(document: Document, width: int = 100) -> str:
    stream = StringIO()
    print_document(document, Console(file=stream, width=width, color_system=None), "utf-8")
    return stream.getvalue()


def lines(document: Document, width: int = 100) -> list[str]:
    """The printed lines, with single blanks and without the equals sign that some begin with."""
    return [re.sub(r"\s+", " ", line).strip().removeprefix("= ") for line in printed(document, width).splitlines()]


@cache
def shipped_page(name: str) -> Document | None:
    """The page of a spec that gives all its numbers."""
    derivation = derive(build_graph(load_spec(SPECS[name])))
    numbers, _ = numbers_of(derivation, None, wanted=False)
    return None if numbers is None else present(derivation, numbers=numbers)


WITH_NUMBERS = [name for name in SPECS if shipped_page(name) is not None]


def worked_rows(document: Document) -> Iterator[Row]:
    """The rows that end in a number."""
    rows = (row for block in document.blocks if isinstance(block, Aligned) for row in block.rows)
    return (row for row in rows if isinstance(row.right, Compare) and isinstance(row.right.right, Figure))


# -- pages ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("golden", "text", "options", "width"), [
    ("mazur_worked", (ROOT / "specs" / "mazur.yaml").read_text(encoding="utf-8"), {"weights": [("w5", None), ("w1", None)]}, 80),
    ("line_worked", (ROOT / "specs" / "line.yaml").read_text(encoding="utf-8"), {}, 60),
    ("small_worked", SMALL, {"weights": [("W2", None), ("W1", (2, 1))]}, 80),
])  # fmt: skip
def test_the_page_is_the_golden_one(golden: str, text: str, options: Any, width: int) -> None:
    """After a wanted change: write what is printed to the file, and read it."""
    assert printed(page_of(text, **options), width) == (GOLDEN / f"{golden}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [30, 60, 80, 120])
@pytest.mark.parametrize("text", [LINE, SMALL, WIDE], ids=["line", "small", "wide"])
def test_no_line_is_longer_than_the_terminal(text: str, width: int) -> None:
    assert [line for line in printed(page_of(text), width).splitlines() if cell_len(line) > width] == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (LINE, "∂L/∂slope = 2·(0.5 − 2)·1 = −3 of sample 1"),
        (LINE, "∂L/∂slope = (−3)·1 = −3 the factors of sample 1 multiplied"),
        (RELU, "∂a/∂w = 0·2 = 0 the factors multiplied"),
        (TWICE, "∂f/∂x = 5·2 + 3·1 = 13 the factors multiplied, and the ways added"),
        (LINE, "⅔(−1.5 + (−5) + (−16)) = −15"),
        (SMALL, "a2[1] = exp(2.197)/(exp(2.197) + exp(2.411) + exp(2.626)) = 0.2649"),
        (SMALL, "½(0.8993 + 1.115) + 0.645 = 1.652"),
        (SMALL, "∂C/∂W1[2,1] = ½(−0.002077 + 0.001025) + 0.1·0.4 = 0.03947"),
        (SMALL, "∂L/∂W2[3,1] = (−0.5931)·0.5572 = −0.3305 of sample 1"),
        (WIDE, "∂C/∂W2[1,k] 0 −0.9014 −1.626 −1.682 −0.4195 0 0 −1.391 0"),
        (RELU, "[−6 > 0]·2 = 0"),
        ("inputs: x\nparameters: [w]\nequations:\n  p: w*x\ntargets: y\nloss: huber\nvalues: {x: 2, w: -3, y: 0.5}", "|0.5 − (−6)| − ½ = 6"),
        ("inputs: x\nparameters: [w]\nequations:\n  p: w*x\ntargets: y\nloss: huber\nvalues: {x: 2, w: 0.2, y: 0.5}", "½(0.5 − 0.4)² = 0.005"),
        ("inputs: x\nparameters: [w]\nequations:\n  L: where(x > 3, log(x - 3), 0)*w\nvalues: {x: 2, w: 7}", "[2 > 3]·0·7 = 0"),
    ],
)
def test_a_line_of_a_page(text: str, line: str) -> None:
    found = lines(page_of(text))
    assert any(each == line or each.startswith(line + " ") for each in found), "\n".join(found)


@pytest.mark.parametrize("sample", [1, 2, 3])
def test_the_sample_that_is_asked_for_is_shown(sample: int) -> None:
    document = page_of(LINE, sample)
    x, y = [(1, 2), (2, 3), (4, 4.5)][sample - 1]
    assert f"Sample number {sample} of 3, wherever a number is that of one sample" in lines(document)
    assert f"∂L/∂slope = 2·(0.5 − {y})·{x} = {2 * (0.5 - y) * x:g} of sample {sample}".replace("-", "−") in lines(document)
    assert "⅔(−1.5 + (−5) + (−16)) = −15" in lines(document)


def test_the_derivative_by_an_input_is_that_at_the_sample() -> None:
    found = lines(page_of(LINE, 3, weights=[("x", None), ("slope", None)]))
    assert "⅔(0.5 − 4.5)·0 = 0 at sample 3" in found
    assert "∂L/∂slope = 2·(0.5 − 4.5)·4 = −32 of sample 3" in found


def test_a_brief_page_has_the_numbers_too() -> None:
    found = lines(page_of(LINE, detail="brief"))
    assert "⅔(−1.5 + (−5) + (−16)) = −15" in found


def test_a_full_page_ends_each_gradient_in_numbers() -> None:
    found = lines(page_of(LINE, detail="full"))
    assert found.count("In numbers") == 3  # the third in the part on the linear model
    assert "∂L/∂intercept = 2·(0.5 − 2) = −3 of sample 1" in found


# -- what the numbers are -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_the_numbers_of_the_record_are_those_of_the_engine(name: str) -> None:
    """The printed formulas against the adjoints that the engine pulls."""
    derivation = derive(build_graph(load_spec(SPECS[name])))
    evaluation = evaluate(derivation.graph, steps=0)
    record = json.loads(render(present(derivation, numbers=WorkedNumbers(derivation, evaluation)), "json"))["numbers"]
    assert record["cost"] == evaluation.cost
    assert set(record["gradients"]) == set(derivation.graph.parameters)
    for parameter, found in record["gradients"].items():
        np.testing.assert_allclose(found, evaluation.gradients[parameter], rtol=1e-9, atol=1e-15)
    for of, delta in derivation.deltas.items():
        expected = evaluation.deltas[derivation.adjoints[of].name]
        np.testing.assert_allclose(record["deltas"][delta.name], expected[0] if evaluation.with_data else expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_the_numbers_that_are_shown_give_the_result_that_is_shown(name: str) -> None:
    """As a reader with a calculator: the printed left side, within the rounding of its numbers, or the line says why not."""
    document = shipped_page(name)
    assert document is not None
    assert document.graph is not None
    writer = AsciiWriter(document.graph)
    rows = [row for row in worked_rows(document) if not row.reason and isinstance(row.right, Compare)]
    assert rows
    for row in rows:
        assert isinstance(row.right, Compare)
        text, result = writer.write(row.right.left), float(writer.write(row.right.right))
        if re.search(r"[a-z]+\(|where|[A-Za-z]{2}", re.sub(r"\b(exp|log|tanh|sqrt|sin|cos|max)\(", "(", text)):
            continue  # functions that numbers in a spec do not have
        found = float(number(text))
        count = len(re.findall(r"[0-9.]+", text)) + 1
        assert math.isclose(found, result, rel_tol=0.5e-3 * count + 0.5e-3, abs_tol=1e-12), f"{text} = {found}, not {result}"


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_all_ways_to_a_derivative_give_one_number(name: str) -> None:
    """By δ, by the factors of the chain rule, and in textbook form; of one sample and of all."""
    document = shipped_page(name)
    assert document is not None
    found: dict[Any, set[str]] = {}
    for block in document.blocks:
        left: Any = None
        for row in block.rows if isinstance(block, Aligned) else ():
            left = left if row.left is None else row.left
            if isinstance(left, Partial) and isinstance(row.right, Compare) and isinstance(row.right.right, Figure):
                found.setdefault(left, set()).add(row.right.right.text)
    assert found
    assert {left: texts for left, texts in found.items() if len(texts) > 1} == {}


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_no_number_is_shown_as_zeros(name: str) -> None:
    document = shipped_page(name)
    assert document is not None
    assert re.search(r"(?<![0-9.])0\.0+(?![0-9])", printed(document)) is None


@pytest.mark.parametrize(("digits", "expected"), [(1, "0.08"), (4, "0.08217"), (9, "0.0821670406")])
def test_digits_are_significant_ones(digits: int, expected: str) -> None:
    document = page_of((ROOT / "specs" / "mazur.yaml").read_text(encoding="utf-8"), digits=digits, weights=[("w5", None)])
    assert any(line.endswith(f"= {expected}") for line in lines(document))
    shown = {text for row in worked_rows(document) for text in re.findall(r"0\.[0-9]+", AsciiWriter(document.graph).write(row.right))}  # type: ignore[arg-type]
    assert max(len(text.lstrip("0.")) for text in shown) == digits


def test_a_difference_of_near_numbers_says_what_the_shown_digits_would_give() -> None:
    text = "inputs: x\nparameters: [w]\nequations:\n  L: (x - w)*3\ncost: single\nvalues: {x: 1.00001, w: 1}"
    (line,) = [line for line in lines(page_of(text)) if line.startswith("3·(1.000")]
    assert line == "3·(1.000 − 1) = 3.000·10⁻⁵ computed from all digits: those that are shown would give 0"


def test_a_sum_that_is_nothing_but_rounding_is_zero() -> None:
    text = "parameters: [a, b]\nequations:\n  z: a + 0.2 - b\n  L: z^2 + a\ncost: single\nvalues: {a: 0.1, b: 0.3}"
    found = lines(page_of(text))
    assert "0.1 + 0.2 − 0.3 = 0" in found
    assert "0² + 0.1 = 0.1" in found


@pytest.mark.parametrize(
    ("value", "ascii_text", "unicode_text", "latex_text"),
    [
        (0.25, "0.25*x", "0.25·x", r"0.25\,x"),
        (-3.0, "(-3)*x", "(−3)·x", r"(-3)\,x"),
        (1e-7, "1e-7*x", "10⁻⁷·x", r"10^{-7}\,x"),
        (1.23456e-7, "1.235e-7*x", "1.235·10⁻⁷·x", r"1.235 \cdot 10^{-7}\,x"),
    ],
)
def test_a_figure_in_each_style(value: float, ascii_text: str, unicode_text: str, latex_text: str) -> None:
    graph = derivation_of(LINE).graph
    from backprop_derive.graph.expressions import mul

    product = mul(figure(value), Ref("x"))
    assert [style(graph).write(product) for style in (AsciiWriter, UnicodeWriter, LatexWriter)] == [ascii_text, unicode_text, latex_text]


# -- a linear model -------------------------------------------------------------------------------------------------------

SINGULAR = LINE.replace("x: 2,", "x: 1,").replace("x: 4,", "x: 1,")
NARROW = LINE.replace("x: 2,", "x: 2000,").replace("x: 4,", "x: 4000,")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (LINE, "∂C/∂slope = 2/m Σ_i (ŷ − y)·x twice the mean of the residual times x"),
        (LINE + "cost: sum\n", "∂C/∂intercept = 2 Σ_i (ŷ − y) twice the sum of the residual"),
        (LINE.replace("squared_error", "half_squared_error"), "∂C/∂slope = 1/m Σ_i (ŷ − y)·x the mean of the residual times x"),
        (LINE, "slope Σ_i x² + intercept Σ_i x = Σ_i x·y"),
        (LINE, "21·slope + 7·intercept = 26"),
        (LINE, "closed form 0.8214 1.25 0.005952"),
        (LINE, "After 303 steps descent is where the closed form is."),
        (LINE + "learning_rate: 1\n", "With the learning rate 1 of the spec descent does not come down: it has to be below 0.1282, which"),
        (SINGULAR, "Only 1 of these 2 equations is independent: in these 3 samples, what multiplies one parameter is"),
        (NARROW, "After 5000 steps descent is still on its way: the bowl is 1.7·10⁷ times as steep in one direction"),
        (LINE.replace("x: 1,", "x: -9,"), "101·slope − 3·intercept = 6"),
    ],
)
def test_a_line_of_the_part_on_a_linear_model(text: str, line: str) -> None:
    found = lines(page_of(text))
    assert line in found, "\n".join(found)


def test_parameters_without_a_value_start_at_zero() -> None:
    graph = derivation_of(LINE.replace("values: {slope: 0, intercept: 0.5}\n", "")).graph
    fit = fit_of(graph, None, 4)
    assert fit is not None
    assert fit.descent is not None
    assert fit.descent.stations[0].entries.tolist() == [0, 0]
    assert fit.squares.solution == pytest.approx([23 / 28, 1.25])


@pytest.mark.parametrize("options", [{"detail": "brief"}, {"weights": [("slope", None)]}, {"forms": ["backward"]}])
def test_a_page_of_less_has_no_such_part(options: Any) -> None:
    assert "Where the gradient is 0" not in lines(page_of(LINE, **options))


def test_every_entry_is_every_parameter() -> None:
    text = "inputs: [p, q]\nlayers:\n  - dense: 1\nloss: mse\n"
    every = [("W1", (1, 1)), ("W1", (1, 2)), ("b1", (1,))]
    derivation = derivation_of(text)
    for chosen, expected in ((every, True), (every[1:], False)):
        assert ("Where the gradient is 0" in lines(present(derivation, weights=chosen))) == expected


def test_the_record_has_the_solution() -> None:
    record = json.loads(render(page_of(LINE), "json"))["least_squares"]
    assert record["normal_equations"]["intercept"]["left"]["text"] == "slope*sum(x, i) + intercept*m"
    assert record["closed_form"]["intercept"]["text"] == "(sum(y, i) - slope*sum(x, i))/m"
    assert record["solution"] == {"slope": pytest.approx(23 / 28), "intercept": pytest.approx(1.25)}
    assert record["cost"] == pytest.approx(1 / 168)
    assert json.loads(render(page_of(SINGULAR), "json"))["least_squares"]["solution"] is None


# -- where there are none -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (("intercept: 0.5", "intercept: 1/2"), ""),
        ((", intercept: 0.5", ""), "none are shown: no value is given for intercept"),
        (("data: [", "# ["), "none are shown: no value is given for x, y"),
        (("equations:\n  yhat: slope*x", "functions: {f: abstract}\nequations:\n  yhat: f(slope*x)"), "none are shown: f is kept abstract, so it has no numbers"),
    ],
)
def test_why_there_are_no_numbers_is_said(change: tuple[str, str], note: str) -> None:
    numbers, said = numbers_of(derivation_of(LINE.replace(*change)), None, wanted=False)
    assert said.startswith(note)
    assert (numbers is None) == bool(note)
    if note:
        with pytest.raises(EvaluationError):
            numbers_of(derivation_of(LINE.replace(*change)), None, wanted=True)


def test_a_spec_without_numbers_says_nothing_of_them() -> None:
    derivation = derivation_of("inputs: x\nlayers:\n  - dense: 1\nloss: mse")
    assert numbers_of(derivation, None, wanted=False) == (None, "")
    with pytest.raises(UsageError, match="the spec gives no numbers"):
        numbers_of(derivation, 1, wanted=True)


def test_values_that_break_an_assumption_give_no_numbers() -> None:
    text = SMALL.replace("loss: cross_entropy", "loss: -sum(y*log(a2))\nassume: sum(y) = 1").replace("y: [0, 0, 1]", "y: [0, 1, 1]")
    _, note = numbers_of(derivation_of(text), None, wanted=False)
    assert note == "none are shown: the sum of y is 2 in sample 1: sum(y) = 1 is assumed, entries that sum to 1"


def test_what_has_no_finite_value_has_no_line() -> None:
    """A prediction that is nearly 0 has a line; one that is 0 has a loss of 0·log(0), and no numbers are shown."""
    text = "inputs: x\nlayers:\n  - dense: [a]\n    weights: [[w]]\n    bias: false\n    activation: sigmoid\ntargets: y\nloss: binary_cross_entropy\ncost: single\nvalues: {w: 1, x: -20, y: 0}"
    found = lines(page_of(text))
    assert any(line.startswith("(2.061·10⁻⁹ − 0)/(2.061·10⁻⁹·(1 − 2.061·10⁻⁹)) = 1.000") for line in found)
    derivation = derivation_of(text.replace("x: -20", "x: -800"))
    numbers, note = numbers_of(derivation, None, wanted=False)
    assert numbers is None
    assert "no finite number" in note


def test_a_sample_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no sample 4: the data has 3"):
        numbers_at(derivation_of(LINE), 4)


def test_the_record_has_the_numbers_of_the_sample() -> None:
    record = json.loads(render(page_of(LINE, 2), "json"))["numbers"]
    assert list(record) == ["sample", "samples", "cost", "values", "deltas", "gradients"]
    assert (record["sample"], record["samples"]) == (2, 3)
    assert record["values"] == {"x": 2, "slope": 0, "intercept": 0.5, "yhat": 0.5, "L": 6.25, "y": 3} | record["values"]
    assert record["deltas"] == {"bar_yhat": -5}
    assert record["gradients"] == {"slope": -15, "intercept": pytest.approx(-16 / 3)}


# -- what is said in passing -----------------------------------------------------------------------------------------------

GATES = "parameters: [x, y]\nequations: {m: x*y, e: -m, f: 2*e + x}\ncost: single\nvalues: {x: 3, y: 4}"
PENALISED = """
inputs: x
nodes: {N: {weights: {w: x}, activation: sigmoid, output: a, preactivation: zo}}
targets: y
loss: binary_cross_entropy
regularization: {l2: lambda/m}
values: {w: 0.8, lambda: 2}
data: [{x: 1, y: 1}, {x: -0.3, y: 0}, {x: 0.7, y: 1}]
"""
SLOPE = "inputs: x\nnodes: {P: {weights: {w: x}, output: p}}\ntargets: y\nloss: squared_error\ncost: single\nlearning_rate: 0.1\n"


@pytest.mark.parametrize(("text", "said", "unsaid"), [
    ("parameters: x\nequations: {z: 'sin(x)'}\ncost: single\nvalues: {x: 3}", "z = sin(x)\n", "Network"),
    (GATES, "  bar_m is the derivative of the loss f with respect to m:", "δ is"),
    (GATES, "passes through with factor −1", "factor -1"),
    (GATES, "      = −12\n", "−12 = −12"),
    (PENALISED, "    δ_zo = ∂L/∂zo\n", "deltao"),
    (PENALISED, "½·⅔·0.8²", "½⅔"),
    (SLOPE + "values: {w: 0.9, x: -0.05, y: -0.05}", "a learning rate nearer to the limit gets there sooner.", "times as steep"),
    (SLOPE + "optimizer: adam\nvalues: {w: 3, x: 2, y: 10}", "This is plain gradient descent, not adam.", "squared error, squared"),
])  # fmt: skip
def test_a_page_says_what_there_is_to_say(text: str, said: str, unsaid: str) -> None:
    page = printed(page_of(text), 120)
    assert said in page
    assert unsaid not in page
