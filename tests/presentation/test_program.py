"""The code of a derivation runs from top to bottom, and computes what the evaluation computes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shipped import SPECS, graph_of, shipped_documents

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.errors import BackpropError, NotYetError
from backprop_derive.numerics.training import evaluate
from backprop_derive.presentation.code.points import Point, program_point
from backprop_derive.presentation.code.program import program_blocks, with_program
from backprop_derive.presentation.document import Listing
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import read_spec

sys.path.append(str(Path(__file__).resolve().parents[1] / "calculus"))
from attention_networks import ATTENTION_NETWORKS
from engine_networks import NETWORKS

ALL_NETWORKS = {**NETWORKS, **ATTENTION_NETWORKS}


def cells_of(derivation: Derivation, point: Point) -> list[str]:
    return [block.text for block in program_blocks(derivation, point) if isinstance(block, Listing)]


def run(cells: list[str]) -> dict[str, Any]:
    """The names after all cells have run, one after the other."""
    names: dict[str, Any] = {}
    for number, cell in enumerate(cells):
        exec(compile(cell, f"cell {number}", "exec"), names)
    return names


def point_of(derivation: Derivation) -> Point:
    try:
        return program_point(derivation, evaluate(derivation.graph, steps=0))
    except BackpropError:  # the spec gives no numbers
        return program_point(derivation, None)


@pytest.mark.parametrize("spec", [path.stem for path in SPECS])
def test_the_code_of_every_shipped_spec_proves_its_gradients(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    derivation = derive(graph_of(spec))
    names = run(cells_of(derivation, point_of(derivation)))
    assert len(names["gradients"]) == len(derivation.graph.parameters)
    assert capsys.readouterr().out.count("largest difference") == len(derivation.graph.parameters)


@pytest.mark.parametrize("name", ALL_NETWORKS)
def test_the_code_of_other_networks_proves_their_gradients(name: str) -> None:
    derivation = derive(build_graph(read_spec(ALL_NETWORKS[name])))
    assert run(cells_of(derivation, program_point(derivation, None)))["gradients"]


@pytest.mark.parametrize("spec", ["mazur", "karpathy_neuron", "han_kamber", "weight_decay", "hmkcode"])
def test_the_code_computes_the_gradients_of_the_evaluation(spec: str) -> None:
    derivation = derive(graph_of(spec))
    evaluation = evaluate(derivation.graph, steps=0)
    names = run(cells_of(derivation, program_point(derivation, evaluation)))
    gradients: Mapping[str, Any] = names["gradients"]
    for name, expected in evaluation.gradients.items():
        np.testing.assert_allclose(gradients[name], expected, rtol=1e-12, atol=1e-15)


def test_a_wrong_gradient_stops_the_comparison() -> None:
    derivation = derive(graph_of("mazur"))
    *others, backward, comparison = cells_of(derivation, point_of(derivation))
    wrong = backward.replace("grad_w5 = delta_net_o1*out_h1", "grad_w5 = delta_net_o1*out_h2")
    assert wrong != backward
    with pytest.raises(AssertionError, match="w5"):
        run([*others, wrong, comparison])


def test_large_layers_run_too() -> None:
    """Large arrays are drawn in the program, but targets keep what is assumed of them; few places are compared."""
    derivation = derive(build_graph(read_spec("inputs: 50\nlayers:\n  - dense: 45\n    activation: relu\n  - dense: 30\n    activation: softmax\nloss: cross_entropy\n")))
    cells = cells_of(derivation, point_of(derivation))
    assert '"W1": np.random.default_rng' in cells[1]
    assert "y = np.array([\n" in cells[1]
    names = run(cells)
    assert len(names["places"]) <= 20


KINK = "inputs: x\nparameters: w\ntargets: y\nequations: {a: relu(w*x), L: (a - y)^2}\nloss: L\ncost: single\nvalues: {x: 2, y: 1, w: %s}\n"


@pytest.mark.parametrize(("weight", "asserted"), [("0.5", True), ("0", False), ("0.00001", False)])
def test_nothing_is_asserted_at_a_kink(weight: str, asserted: bool) -> None:
    derivation = derive(build_graph(read_spec(KINK % weight)))
    cells = cells_of(derivation, point_of(derivation))
    assert ("assert" in cells[-1].splitlines()[-1].split()) is asserted
    run(cells)


def test_code_reads_like_the_formulas() -> None:
    derivation = derive(graph_of("symbolic_sizes"))
    _, _, forward, backward, _ = cells_of(derivation, point_of(derivation))
    assert "            z[i, j] = sum(W1[j, k]*x[i, k] for k in range(n)) + b1[j]" in forward.splitlines()
    assert "        grad_W1[j, k] = 1/m*sum(delta[i, j]*x[i, k] for i in range(m))" in backward.splitlines()


NAMES = """\
inputs: [sum, np, lambda, "y'"]
parameters: [range, max, math, forward, grad_W, gradients]
targets: print
equations:
  in_: "range*sum + max*np"
  y^(2): "tanh(math*lambda + forward*y'*in_ + grad_W*gradients)"
  L: 1/2*(y^(2) - print)^2
loss: L
"""


def test_names_that_python_has_already_step_aside() -> None:
    derivation = derive(build_graph(read_spec(NAMES)))
    assert len(run(cells_of(derivation, point_of(derivation)))["gradients"]) == 6


OWN = "inputs: x\nparameters: [w, v]\ntargets: y\nfunctions: {g: abstract, f(t): t^2/(1 + t)}\nequations:\n  a: g(w*x)\n  p: f(v^2*a^2)\n  L: (p - y)^2\nloss: L\ncost: single\n"


def test_functions_of_the_spec_are_defined() -> None:
    derivation = derive(build_graph(read_spec(OWN)))
    cells = cells_of(derivation, point_of(derivation))
    assert "def g(z):  # abstract" in cells[0]
    assert "def g_prime(z):" in cells[0]
    assert len(run(cells)["gradients"]) == 2


def test_what_has_no_spelling_says_so() -> None:
    spec = "inputs: x\nparameters: w\nequations: {L: lgamma(w^2 + x^2 + 1)}\nloss: L\ncost: single\n"
    derivation = derive(build_graph(read_spec(spec)))
    with pytest.raises(NotYetError, match="digamma in code"):
        cells_of(derivation, point_of(derivation))


# -- the notebook ---------------------------------------------------------------------------------------------------------


def test_a_notebook_is_valid_and_runs_from_top_to_bottom(capsys: pytest.CaptureFixture[str]) -> None:
    nbformat = pytest.importorskip("nbformat")
    derivation = derive(graph_of("two_hidden_nodes"))
    notebook = nbformat.reads(render(with_program(present(derivation), derivation, point_of(derivation)), "notebook"), as_version=4)
    nbformat.validate(notebook)
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds.count("code") == 5
    assert notebook.cells[0].source.startswith("# Two hidden nodes\n")
    run([cell.source for cell in notebook.cells if cell.cell_type == "code"])
    assert "w11: largest difference" in capsys.readouterr().out


def test_every_document_is_a_notebook() -> None:
    for name, document in shipped_documents().items():
        if name.endswith("-code"):
            continue
        notebook = json.loads(render(document, "notebook"))
        assert {cell["cell_type"] for cell in notebook["cells"]} == {"markdown"}
        assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
