"""The documents of all shipped specs, for the tests of formats."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.cli.numbers import fit_of, numbers_of
from backprop_derive.errors import BackpropError
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.numerics.training import evaluate
from backprop_derive.presentation.catalogue import present_catalogue
from backprop_derive.presentation.checking import present_check
from backprop_derive.presentation.code.points import program_point
from backprop_derive.presentation.code.program import with_program
from backprop_derive.presentation.document import Document
from backprop_derive.presentation.evaluating import present_evaluation
from backprop_derive.presentation.figures import DIGITS
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import load_spec

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
SPECS = sorted((ROOT / "specs").glob("*.yaml"))


@cache
def graph_of(name: str) -> Graph:
    return build_graph(load_spec(ROOT / "specs" / f"{name}.yaml"))


def document_of(name: str, **options: Any) -> Document:
    return present(derive(graph_of(name)), **options)


@cache
def shipped_documents() -> Mapping[str, Document]:
    """Derivations in steps and in full, evaluations, checks and the list, each by a name that may be one of a file."""
    found = {}
    for spec in SPECS:
        name = spec.stem
        derivation = derive(graph_of(name))
        numbers, note = numbers_of(derivation, None, wanted=False)
        found[f"{name}-steps"] = present(derivation, numbers=numbers, note=note, fit=fit_of(graph_of(name), numbers, DIGITS))
        found[f"{name}-full"] = document_of(name, detail="full", forms=("backward", "textbook"))
        try:
            found[f"{name}-evaluate"] = present_evaluation(evaluate(graph_of(name)))
        except BackpropError:  # the spec gives no numbers
            continue
    for name in ("recurrent", "cs231n_softmax"):
        derivation = derive(graph_of(name))
        found[f"{name}-code"] = with_program(document_of(name, detail="brief"), derivation, program_point(derivation, None))
    found["mazur-steps-of-training"] = present_evaluation(evaluate(graph_of("hmkcode"), steps=30))
    found["mazur-check"] = present_check(check_gradients(derive(graph_of("mazur"))))
    found["list"] = present_catalogue(None, {spec.stem: spec.stem for spec in SPECS})
    return found


@cache
def shipped_pages(format_name: str) -> Mapping[str, str]:
    """The same as text in a format."""
    return {name: str(render(document, format_name)) for name, document in shipped_documents().items()}
