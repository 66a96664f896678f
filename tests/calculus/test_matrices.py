"""The matrix form of everything that a derivation says: the index form in NumPy, read back from text and LaTeX, and as it is printed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from engine_networks import NETWORKS
from matrix_values import MatrixValues
from proving import TOLERANCE, Point, derivation_of, error
from test_reading_back import letters_of, writers

from backprop_derive import load_spec
from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.vocabulary import vocabulary_of
from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.calculus.matrices import MatrixForms, Reason
from backprop_derive.calculus.sequences import nodes_by_step
from backprop_derive.calculus.words import plain_words
from backprop_derive.errors import FormulaError
from backprop_derive.graph.expressions import Expression, Partial, Ref, reindex, walk
from backprop_derive.graph.indices import variable
from backprop_derive.graph.nodes import Node
from backprop_derive.presentation.styles import UnicodeWriter

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))


def lines(derivation: Derivation) -> Iterator[tuple[Node, Ref, Expression]]:
    """Every line of a page: the node at whose letters it stands, what it is of, and the index form."""
    graph = derivation.graph
    for node in graph.nodes:
        for piece in node.pieces:
            if all(place.variable is not None for place in piece.places):
                yield replace(node, axes=node.formula_axes), Ref(node.name, piece.places), piece.definition
    for delta in derivation.deltas.values():
        yield graph.node(delta.of.name), delta.of, delta.value
    for name, gradient in derivation.gradients.items():
        node = graph.node(name)
        before = (step.after for step in gradient.steps if step.partial is not None)
        for form in dict.fromkeys((gradient.backward, gradient.gradient, *before)):
            if all(_is_adjoint(derivation, each) for each in walk(form) if isinstance(each, Partial)):
                yield node, gradient.of, form


def _is_adjoint(derivation: Derivation, partial: Partial) -> bool:
    """Whether a partial is by a quantity of one sample, of the loss: what a δ is. Other partials stand in indices on a page."""
    return partial.top.name == derivation.graph.cost.loss and derivation.graph.node(partial.bottom.name).sampled and not nodes_by_step(derivation.graph)


def faults(derivation: Derivation) -> list[str]:
    """Matrix forms that have other values or another shape than the index form, or that are read back as something else."""
    point, forms, vocabulary = Point(derivation), MatrixForms(derivation), vocabulary_of(derivation)
    values, found = MatrixValues(point), list[str]()
    text, *others = (*writers(derivation), UnicodeWriter(derivation.graph))
    others[-1].know({name: (derivation.graph.node(of).axes, derivation.graph.node(of).sampled) for of, name in derivation.names.items()})
    for node, of, expression in lines(derivation):
        form = forms.line(of, expression)
        if form is None or isinstance(form, Reason):
            continue
        expected = np.asarray(point.at(expression, node))
        expected = expected[1] if node.sampled else expected
        whole, steps = expected, dict[str, int]()
        for index, axis in list(zip(of.indices, node.axes, strict=True))[int(node.sampled) : forms.kept(node)]:
            low = axis.resize(point.sizes).low.number or 0
            steps, expected = {index.variable or "": low + len(expected) - 1}, expected[-1]
        value = values.of(form, 1 if point.graph.samples else 0, steps)
        shape = (*expected.shape, *((1,) if expected.ndim == 1 else ()))
        if value.size == expected.size == 1:
            value = value.reshape(shape)
        value = np.full(shape, value) if form == expression and value.ndim == 0 else value  # 0
        shown = text.write(form)
        if value.shape != shape:
            found.append(f"{shown}: its shape is {value.shape}, not {shape}")
        elif error(value, expected.reshape(shape)) > TOLERANCE:
            found.append(f"{shown} is not {text.write(expression)}")
        for written in (shown, *(writer.write(form) for writer in others)) if form != expression else ():
            try:
                (side,) = read_statement(written, vocabulary, letters=letters_of(node)).sides
            except FormulaError as fault:
                found.append(f"{written}: {fault.message}")
                continue
            own = [letter for letter, axis in letters_of(node).items() if not axis.single]
            if len(side.letters) != len(own):
                found.append(f"{written}: read with the indices {side.letters}")
                continue
            named = reindex(side.expression, {read: variable(letter) for read, letter in zip(side.letters, own, strict=True)})
            read = np.asarray(point.at(named, node))
            if error(read[1] if node.sampled else read, whole) > TOLERANCE:
                found.append(f"{written}: read as {text.write(side.expression)}")
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_matrix_forms_have_the_values_of_index_forms_and_are_read_back(name: str) -> None:
    assert faults(derivation_of(NETWORKS[name])) == []


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_matrix_forms_of_a_shipped_spec_have_the_values_of_index_forms_and_are_read_back(path: Path) -> None:
    assert faults(derive(build_graph(load_spec(path)))) == []


def form_of(derivation: Derivation, name: str, form: Expression) -> str:
    """The matrix form as text, or why there is none, behind `--`."""
    node = derivation.graph.node(name)
    found = MatrixForms(derivation).line(node.ref(), form)
    assert found is not None
    return f"-- {plain_words(found.words)}" if isinstance(found, Reason) else writers(derivation)[0].write(found)


DENSE = """
inputs: {x: n}
layers:
  - dense: h
    activation: tanh
  - dense: q
    activation: softmax
loss: cross_entropy
"""
TIED = """
inputs: {x: n}
parameters: [W, V]
sizes: {W: [h, n], V: [n, h]}
targets: {y: n}
equations:
  z: W@x
  r: W^T@tanh(z) + V@z
  L: 1/2*sum((r - y)^2)
"""
ONE_UNIT = """
inputs: {x: n}
layers:
  - dense: h
    activation: sigmoid
  - dense: 1
    activation: sigmoid
loss: binary_cross_entropy
regularization: {l2: lambda, of: weights}
"""
ONE_OF_EACH = """
inputs: 1
layers:
  - dense: 1
    activation: tanh
  - dense: 3
  - dense: 1
targets: y
loss: half_squared_error
regularization: {l2: lambda, of: weights}
"""
FORMS = """
inputs: {x: n, u: q}
parameters: [A, B, D, W, S, g]
sizes: {A: [n, n], B: [n, q], D: [q, p], W: [h, n], S: [n, n], g: [q]}
equations:
  quadratic: x^T@A@x
  bilinear: x^T@B@u
  scaled: x^T@B@diag(g)@D@ones(p)
  frobenius: sum(W^2)
  trace: sum(sum(A[j,k]*S[k,j], k), j)
  deviations[j]: x[j] - 1/n*sum(x[k], k)
  spread[j,k]: A[j,k] + x[k]
  both[j,k]: x[j]*A[j,k]*x[k]
  outer[j,k]: exp(x[j])*u[k]
  mixed[j,k]: tanh(A[j,k] + S[k,j])
  powers[j,k]: A[j,k]^2/S[j,k]
  chain: W@A@B
  weighted: sum(u[k]*g[k]*u[k], k)
  counted: sum(x[j] + 1, j)
  L: quadratic + bilinear + scaled + frobenius + trace + sum(deviations) + sum(spread) + sum(both) + sum(outer) + sum(mixed) + sum(powers) + sum(chain) + weighted + counted
cost: single
"""

GOLDEN = [
    (DENSE, "z1", "W1@x + b1"),
    (DENSE, "L", "-y^T@log(a2)"),
    (DENSE, "delta z2", "a2 - y"),
    (DENSE, "delta z1", "W2^T@delta2 * (1 - a1^2)"),
    (DENSE, "backward W1", "1/m*sum(delta1@x^T, i)"),
    (DENSE, "backward b1", "1/m*sum(delta1, i)"),
    (DENSE, "gradient W1", "1/m*sum((W2^T@(a2 - y) * (1 - a1^2))@x^T, i)"),
    (DENSE, "closed W2", "1/m*sum((softmax(W2@tanh(W1@x + b1) + b2) - y)@tanh(W1@x + b1)^T, i)"),
    (TIED, "r", "W^T@tanh(z) + V@z"),
    (TIED, "delta z", "W@bar_r * (1 - tanh(z)^2) + V^T@bar_r"),
    (TIED, "backward W", "1/m*sum(bar_z@x^T + tanh(z)@bar_r^T, i)"),
    (TIED, "backward V", "1/m*sum(bar_r@z^T, i)"),
    (ONE_UNIT, "z2", "W2@a1 + b2"),
    (ONE_UNIT, "delta z2", "a2 - y"),
    (ONE_UNIT, "delta z1", "W2^T@delta2 * a1 * (1 - a1)"),
    (ONE_UNIT, "backward W2", "1/m*sum(delta2@a1^T, i) + lambda*W2"),
    (ONE_UNIT, "backward b2", "1/m*sum(delta2, i)"),
    (ONE_UNIT, "gradient W1", "1/m*sum((W2^T@(a2 - y) * a1 * (1 - a1))@x^T, i) + lambda*W1"),
    (ONE_OF_EACH, "z1", "W1*x + b1"),
    (ONE_OF_EACH, "delta z2", "W3^T@delta3"),
    (ONE_OF_EACH, "delta z1", "(W2^T@delta2)*(1 - a1^2)"),
    (ONE_OF_EACH, "backward W1", "1/m*sum(delta1*x, i) + lambda*W1"),
    (ONE_OF_EACH, "backward W2", "1/m*sum(delta2@a1^T, i) + lambda*W2"),
    (ONE_OF_EACH, "backward W3", "1/m*sum(delta3@z2^T, i) + lambda*W3"),
    (NETWORKS["residual"], "r", "x + V@a"),
    (NETWORKS["residual"], "delta r", "W^T@bar_z2 + bar_o"),
    (NETWORKS["residual"], "backward W", "1/m*sum(delta@x^T + bar_z2@r^T, i)"),
    (NETWORKS["attention"], "q", "x@Q^T"),
    (NETWORKS["attention"], "S", "1/sqrt(d)*q@k^T"),
    (NETWORKS["attention"], "O", "P@v"),
    (NETWORKS["attention"], "delta S", "P*(bar_O@v^T - (bar_O*(P@v))@ones(d)@ones(n)^T)"),
    (NETWORKS["attention"], "backward Q", "bar_q^T@x"),
    (NETWORKS["attention"], "delta v", "P^T@bar_O"),
    (NETWORKS["attention"], "delta k", "1/sqrt(d)*delta_S^T@q"),
    (NETWORKS["layer_norm"], "xh", "r*(x - mu*ones(n))"),
    (NETWORKS["layer_norm"], "backward g", "1/m*sum(bar_o*xh, i)"),
    (NETWORKS["batch_norm"], "mu", "1/N*x^T@ones(N)"),
    (NETWORKS["batch_norm"], "o", "xhat@diag(gamma) + ones(N)@beta^T"),
    (NETWORKS["batch_norm"], "backward gamma", "(bar_o*xhat)^T@ones(N)"),
    (NETWORKS["matrix_square"], "backward A", "bar_B@A^T + A^T@bar_B"),
    (NETWORKS["cosine"], "nw", "sqrt(sum(w^2))"),
    (NETWORKS["elman_network"], "s", "W@x[t] + U@h[t - 1] + b"),
    (NETWORKS["elman_network"], "h", "tanh(s[t])"),
    (NETWORKS["elman_network"], "delta s", "(where(t < T, U^T@delta_s[t + 1], 0) + bar_o[t]*v) * (1 - h[t]^2)"),
    (NETWORKS["elman_network"], "backward U", "1/m*sum(sum(delta_s[t]@h[t - 1]^T, t), i)"),
    (NETWORKS["elman_network"], "backward b", "1/m*sum(sum(delta_s[t], t), i)"),
    (NETWORKS["lstm"], "delta s", "where(t < T, bar_s[t + 1]*sigmoid(zf[t + 1]), 0) + where(1 <= t, bar_h[t]*sigmoid(zo[t])*(1 - tanh(s[t])^2), 0)"),
    (NETWORKS["lstm"], "backward R", "sum(bar_zf[t]@h[t - 1]^T, t)"),
    (NETWORKS["lstm"], "delta h", "-- h is read at a single place, T"),
    (FORMS, "quadratic", "x^T@A@x"),
    (FORMS, "bilinear", "x^T@B@u"),
    (FORMS, "scaled", "x^T@B@(g*(D@ones(p)))"),
    (FORMS, "frobenius", "sum(W^2)"),
    (FORMS, "trace", "sum(A*S^T)"),
    (FORMS, "deviations", "x - 1/n*sum(x)*ones(n)"),
    (FORMS, "spread", "A + ones(n)@x^T"),
    (FORMS, "both", "diag(x)@A@diag(x)"),
    (FORMS, "outer", "exp(x)@u^T"),
    (FORMS, "mixed", "tanh(A + S^T)"),
    (FORMS, "powers", "A*A/S"),
    (FORMS, "chain", "W@A@B"),
    (FORMS, "weighted", "u^T@(g*u)"),
    (FORMS, "counted", "sum(x + 1)"),
    (NETWORKS["attention"], "P", "-- softmax is taken along one index of a matrix"),
    (NETWORKS["trace_of_a_square"], "L", "-- the diagonal of W is read"),
    (NETWORKS["trace_of_a_square"], "gradient W", "-- the diagonal of W is read"),
    (NETWORKS["matrix_of_two_numbers"], "W", "-- a condition on the indices j and k stands in it"),
    (NETWORKS["triangular_sum"], "c", "-- k runs over a part of w only"),
    (NETWORKS["product_over_an_index"], "P", "-- the product over an index has no sign among matrices"),
    (NETWORKS["convolution_with_stride"], "y", "-- x is read at shifted places, k + 2*t - 2"),
    (NETWORKS["loss_at_two_places"], "L", "-- z is read at a single place, 2"),
]


@pytest.mark.parametrize(("spec", "what", "expected"), GOLDEN)
def test_the_matrix_form_is_the_one_of_a_book(spec: str, what: str, expected: str) -> None:
    derivation = derivation_of(spec)
    *kind, name = what.split()
    match kind:
        case ["delta"]:
            form = derivation.deltas[name].value
        case ["backward"]:
            form = derivation.gradient(name).backward
        case ["gradient"]:
            form = derivation.gradient(name).gradient
        case ["closed"]:
            form = derivation.closed(name)
        case _:
            form = derivation.graph.node(name).pieces[0].definition
    assert form_of(derivation, name, form) == expected


@pytest.mark.parametrize("spec", [DENSE, TIED, ONE_UNIT, ONE_OF_EACH, FORMS])
def test_the_forms_have_the_values_of_index_forms(spec: str) -> None:
    assert faults(derivation_of(spec)) == []


RANK_THREE = """
inputs: {x: [n, d]}
parameters: [A, u]
sizes: {A: [n, d, q], u: [q]}
equations:
  y[j,k]: sum(A[j,k,l]*u[l], l)*x[j,k]
  L: sum(y)
"""
THREE_FACTORS = """
inputs: {x: n}
parameters: [A, B, D]
sizes: {A: [n, p], B: [n, q], D: [n, r]}
equations:
  L: sum(sum(sum(sum(x[j]*A[j,k]*B[j,l]*D[j,c], j), k), l), c)
cost: single
"""


@pytest.mark.parametrize(
    ("spec", "name", "reason"),
    [
        (RANK_THREE, "y", "A has 3 indices, and a matrix has two"),
        (RANK_THREE, "A", "it has 3 indices, and a matrix has two"),
    ],
)
def test_more_than_two_indices_are_said(spec: str, name: str, reason: str) -> None:
    derivation = derivation_of(spec)
    node = derivation.graph.node(name)
    form = node.pieces[0].definition if node.pieces else derivation.gradient(name).gradient
    assert form_of(derivation, name, form) == f"-- {reason}"


def test_factors_that_meet_at_an_index_are_summed_from_the_outside() -> None:
    derivation = derivation_of(THREE_FACTORS)
    loss = derivation.graph.node("L").pieces[0].definition
    assert form_of(derivation, "L", loss) == "x^T@(D@ones(r) * (B@ones(q)) * (A@ones(p)))"
    assert faults(derivation) == []
