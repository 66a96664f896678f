"""Whatever `derive` prints for a shipped spec is read back and judged equal, as text, as LaTeX and as a terminal shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from backprop_derive import build_graph, derive, load_spec, verify_answers, write
from backprop_derive.answers.documents.passages import Passage
from backprop_derive.answers.statements import Place
from backprop_derive.answers.verifying import Verifier
from backprop_derive.calculus.derivation import Derivation
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import read_spec

SPECS = sorted((Path(__file__).resolve().parents[2] / "specs").glob("*.yaml"))
STYLES = ("text", "latex")
STRIDED = """
inputs: {x: 6}
parameters: [w]
sizes: {p: [3]}
targets: {y: 3}
equations:
  p[c]: softmax(w*x[2*k], k, 1, 3, c)
  L: -sum(y[c]*log(p[c]), c) + logsumexp(w*x[k+1], k, 1, 4)
"""


@cache
def derivation(path: Path) -> Derivation:
    return derive(build_graph(load_spec(path)))


@cache
def matrices(path: Path) -> dict[str, Any]:
    """The record of a derivation in matrices: gradients by δ, short enough to be proved equal in no time."""
    record: dict[str, Any] = json.loads(str(render(present(derivation(path), forms=("backward",), matrices=True), "json")))
    return record


@pytest.mark.parametrize("style", ["text", "unicode", "latex"])
def test_functions_of_a_part_of_a_vector_are_read_back(style: Any) -> None:
    found = derive(build_graph(read_spec(STRIDED)))
    forms = {"textbook": found.gradient("w").gradient, "closed": found.closed("w")}
    assert "softmax(w*x[2*l], l, 1, 3, k)" in write(found, forms["closed"])
    for form in forms.values():
        text = write(found, form, style)
        (claim,) = verify_answers(found.graph, [Passage(text, Place("w"), text, certain=True, key="w")])
        assert claim.verdict.outcome == "equal", text


def printed(path: Path) -> Iterator[tuple[str, str, str]]:
    """What it is of, what is asked, and the formula, of everything that is printed."""
    for form in ("textbook", "chain", "backward"):
        record: dict[str, Any] = json.loads(str(render(present(derivation(path), forms=(form,)), "json")))  # type: ignore[arg-type]
        for weight, gradient in record["gradients"].items():
            yield from ((weight, "", gradient[part][style]) for part in ("expansion", "gradient") for style in STYLES)
    yield from ((name, "", delta[style]) for name, delta in record["deltas"].items() for style in STYLES)
    for node in record["forward"]:
        indices = ",".join(place for place, _ in node["indices"])
        left = f"{node['name']}[{indices}]" if indices else node["name"]
        yield from (("", left, node[style]) for style in STYLES)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_what_is_printed_is_read_back_and_judged_equal(path: Path) -> None:
    found: dict[str, str] = {}
    for weight, left, formula in dict.fromkeys(printed(path)):
        text = f"{left} = {formula}" if left else formula
        (claim,) = verify_answers(derivation(path).graph, [Passage(text, Place(weight), text, certain=True, key=weight)])
        repeats = claim.verdict.reason == "it only repeats what was asked for"  # the chain rule of what the loss mentions itself
        if claim.verdict.outcome not in ("equal", "equal-if") and not repeats:
            found[text] = f"{claim.verdict.outcome}: {claim.problem or claim.verdict.reason}"
    assert found == {}


@pytest.mark.parametrize("path", [path for path in SPECS if "@" in str(matrices(path))], ids=lambda path: path.stem)
def test_matrices_are_read_back_and_judged_equal(path: Path) -> None:
    record, verifier, found = matrices(path), Verifier(derivation(path).graph), dict[str, str]()
    lines = [(weight, gradient["gradient"]) for weight, gradient in record["gradients"].items()]
    lines += [*record["deltas"].items(), *((f"{node['left']['text']} =", node) for node in record["forward"] if "left" in node)]
    for name, formula in lines:
        left, key = (f"{name} ", "") if "=" in name else ("", name)
        for text in (left + formula[style] for style in STYLES if formula.get("as") == "matrix"):
            (claim,) = verifier.verify([Passage(text, Place(key), text, certain=True, key=key)])
            if claim.verdict.outcome not in ("equal", "equal-if"):
                found[text] = f"{claim.verdict.outcome}: {claim.problem or claim.verdict.reason}"
    assert found == {}


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_what_a_terminal_shows_is_read_back_and_judged_equal(path: Path) -> None:
    found = derivation(path)
    formulas = [(name, form) for name, each in found.gradients.items() for form in (each.expansion, each.backward, each.gradient)]
    formulas += [(delta.name, delta.value) for delta in found.deltas.values()]
    verifier = Verifier(found.graph)
    for name, formula in formulas:
        text = write(found, formula, "unicode")
        (claim,) = verifier.verify([Passage(text, Place(name), text, certain=True, key=name)])
        repeats = claim.verdict.reason == "it only repeats what was asked for"
        assert claim.verdict.outcome in ("equal", "equal-if") or repeats, text
