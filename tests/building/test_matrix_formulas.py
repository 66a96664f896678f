"""Formulas over whole arrays: the index notation that they become, their gradients, and what is said where shapes do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from proving import Point, derivation_of, faults, gradient_text, graph_of, writer_of

from backprop_derive.building.formulas import read_formula
from backprop_derive.building.matrices import index_form, is_over_arrays
from backprop_derive.building.scope import Quantity, Scope
from backprop_derive.calculus.derivation import derive
from backprop_derive.errors import FormulaError, SpecError
from backprop_derive.graph.indices import axis_to, number, size
from backprop_derive.language.grammar import parse
from backprop_derive.numerics.evaluation import node_values
from backprop_derive.numerics.gradcheck import check_gradients

HEAD = """
inputs: {x: n}
targets: {y: q}
parameters: [W1, b1, W2, b2]
sizes: {W1: [h, n], b1: [h], W2: [q, h], b2: [q]}
functions:
  f: abstract
loss: L
equations:
"""
DENSE = HEAD + "  z: W1@x + b1\n  a: tanh(z)\n  o: W2@a + b2\n  L: 1/2*sum((o - y)^2)\n"
SPECS = {
    "dense": DENSE,
    "one_formula": HEAD + "  L: 1/2*sum((W2@tanh(W1@x + b1) + b2 - y)^2)\n",
    "softmax": HEAD + "  p: softmax(W2@f(W1@x + b1) + b2)\n  L: cross_entropy(p, y)\n",
    "any_order": HEAD + "  L: half_squared_error(o, y)\n  o: a^T@W2^T + b2^T\n  a: z*sigmoid(z)\n  z: x@W1^T + b1\n",
    "among_indices": HEAD
    + """  z[j]: sum(W1[j,k]*x[k], k) + b1[j]
  a: relu(z)/sum(exp(z))
  o[c]: sum(W2[c,j]*a[j], j) + b2[c]*logsumexp(W1@x)
  L: sum(where(o > y, o*y, 1/2*(o - y)^2))
""",
    "chains": """
inputs: {x: n}
parameters: [A, B]
sizes: {A: [n, n], B: [n, n]}
equations:
  S: A@B^T - B
  u: x^T@A@B@x
  G: A@x@x^T
  H: (A@x)@(B@x)^T@A
  L: x^T@A@x + sum(S*S) + u^2 + sum(max(G, 0)) + (x@x)*(x^T@S)@x + sum(H^2)
loss: L
cost: single
""",
    "rows_of_samples": """
inputs: {X: [N, n]}
targets: {Y: [N, q]}
parameters: [W]
sizes: {W: [n, q]}
equations:
  Z: X@W
  L: 1/2*sum((Z - Y)^2)
loss: L
cost: single
""",
    "backward_by_hand": HEAD
    + """  z: W1@x + b1
  d: W2^T@(W2@f(z) + b2 - y)*f'(z)
  G: d@x^T
  L: sum(G^2)
""",
    "loss_of_layers": "inputs: {x: n}\nlayers:\n  - dense: 3\n    activation: tanh\n  - dense: 2\ntargets: {y: 2}\nloss: 1/2*sum((yhat - y)^2) + 0.1*a1^T@a1\n",
}


@pytest.mark.parametrize("name", SPECS)
def test_every_form_equals_the_forward_pass(name: str) -> None:
    derivation = derivation_of(SPECS[name])
    assert [faults(Point(derivation, seed=seed), derivation.graph.parameters) for seed in (0, 1)] == [[], []]


@pytest.mark.parametrize("name", SPECS)
def test_the_proof_passes(name: str) -> None:
    assert check_gradients(derivation_of(SPECS[name]), seeds=(0,)).passed


# -- the index notation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "node", "letters", "expected"),
    [
        ("dense", "z", "j", "sum(W1[j,k]*x[k], k) + b1[j]"),
        ("dense", "a", "j", "tanh(z[j])"),
        ("dense", "L", "", "1/2*sum((o[j] - y[j])^2, j)"),
        ("softmax", "p", "j", "softmax(sum(W2[k,l]*f(sum(W1[l,r]*x[r], r) + b1[l]), l) + b2[k], k, j)"),
        ("any_order", "z", "j", "sum(x[k]*W1[j,k], k) + b1[j]"),
        ("any_order", "a", "j", "z[j]*sigmoid(z[j])"),
        ("among_indices", "a", "j", "relu(z[j])/sum(exp(z[k]), k)"),
        ("among_indices", "o", "c", "sum(W2[c,j]*a[j], j) + b2[c]*logsumexp(sum(W1[j,k]*x[k], k), j)"),
        ("among_indices", "L", "", "sum(where(o[j] > y[j], o[j]*y[j], 1/2*(o[j] - y[j])^2), j)"),
        ("chains", "S", "jk", "sum(A[j,l]*B[k,l], l) - B[j,k]"),
        ("chains", "u", "", "sum(sum(sum(x[l]*A[l,k]*B[k,j]*x[j], l), k), j)"),
        ("chains", "G", "jk", "sum(A[j,l]*x[l]*x[k], l)"),
        ("rows_of_samples", "Z", "jk", "sum(X[j,l]*W[l,k], l)"),
    ],
)
def test_index_notation(name: str, node: str, letters: str, expected: str) -> None:
    derivation = derivation_of(SPECS[name])
    found = derivation.graph.node(node)
    own = found.letters[1:] if found.sampled else found.letters
    assert ("".join(own), writer_of(derivation).write(found.pieces[0].definition)) == (letters, expected)


def test_letters_are_free_ones() -> None:
    text = "inputs: {k: j}\ntargets: {l: p}\nparameters: [W]\nsizes: {W: [p, j]}\nequations:\n  z: W@k\n  L: sum((z - l)^2)\nloss: L\n"
    derivation = derivation_of(text)
    assert writer_of(derivation).write(derivation.graph.node("z").pieces[0].definition) == "sum(W[q,r]*k[r], r)"
    assert faults(Point(derivation)) == []


@pytest.mark.parametrize(
    ("name", "weight", "expected"),
    [
        ("dense", "W1", "1/m*sum((1 - a[j]^2)*x[k]*sum((o[l] - y[l])*W2[l,j], l), i)"),
        ("dense", "W2", "1/m*sum((o[j] - y[j])*a[k], i)"),
        ("softmax", "b2", "1/m*sum(p[j] - y[j], i)"),
        ("rows_of_samples", "W", "sum((Z[l,k] - Y[l,k])*X[l,j], l)"),
        ("loss_of_layers", "b2", "1/m*sum(z2[j] - y[j], i)"),
    ],
)
def test_gradients(name: str, weight: str, expected: str) -> None:
    assert gradient_text(SPECS[name], weight) == expected


def test_an_equation_with_indices_is_the_same_graph() -> None:
    indexed = DENSE.replace("z: W1@x + b1", "z[j]: sum(W1[j,k]*x[k], k) + b1[j]").replace("a: tanh(z)", "a[j]: tanh(z[j])")
    indexed = indexed.replace("o: W2@a + b2", "o[j]: sum(W2[j,k]*a[k], k) + b2[j]").replace("sum((o - y)^2)", "sum((o[j] - y[j])^2, j)")
    assert graph_of(indexed) == graph_of(DENSE)


DRAW = np.random.default_rng(5)
SHAPES: dict[str, tuple[int, ...]] = {"A": (3, 4), "B": (4, 3), "D": (3, 3), "x": (4,), "y": (3,), "u": (3,), "s": ()}
VALUES = {name: DRAW.uniform(0.3, 1.3, shape) for name, shape in SHAPES.items()}
A, B, D, x, y, u, s = VALUES.values()


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A@x", A @ x),
        ("y@A", y @ A),
        ("A^T@y", A.T @ y),
        ("(y^T@A)^T", A.T @ y),
        ("A@B@y - 2*(A@x)", A @ B @ y - 2 * (A @ x)),
        ("A@(B@y)/s", A @ (B @ y) / s),
        ("(A@B)^T@D", (A @ B).T @ D),
        ("A*B^T + A/B^T", A * B.T + A / B.T),
        ("-A^2 + 2^(B^T)", -(A**2) + 2**B.T),
        ("y@x^T", np.outer(y, x)),
        ("(A@x)@(B@y)^T@B", np.outer(A @ x, B @ y) @ B),
        ("y@(x^T@B)", np.outer(y, x @ B)),
        ("y@y*x^T@x", (y @ y * x) @ x),
        ("y^T@D@y", y @ D @ y),
        ("y^T@D@D@y*s", y @ D @ D @ y * s),
        ("(x@x)*(y^T@D)@D", (x @ x) * (y @ D) @ D),
        ("D@y + sum(A*A)*y", D @ y + (A * A).sum() * y),
        ("sum(D@D)*exp(u)", (D @ D).sum() * np.exp(u)),
        ("softmax(D@y)*y", softmax(D @ y) * y),
        ("D@softmax(A@softmax(x))", D @ softmax(A @ softmax(x))),
        ("logsumexp(A@x)*A", np.log(np.exp(A @ x).sum()) * A),
        ("where(D > D^T, D, s)", np.where(D > D.T, D, s)),
        ("max(A@x, y)*u", np.maximum(A @ x, y) * u),
        ("u@u^T@y", np.outer(u, u) @ y),
        ("sum(x)*(u - y)@u", x.sum() * (u - y) @ u),
        ("A@ones(4)", A @ np.ones(4)),
        ("s*ones(3) + y", s + y),
        ("ones(3)@x^T*A", np.outer(np.ones(3), x) * A),
        ("ones(3)^T@A", A.sum(axis=0)),
        ("diag(y)@A@diag(x)", np.diag(y) @ A @ np.diag(x)),
        ("diag(y*u)@ones(3)", y * u),
        ("diag(A@x)", np.diag(A @ x)),
    ],
)
def test_a_formula_is_what_numpy_makes_of_it(text: str, expected: Any) -> None:
    sizes = ", ".join(f"{name}: {list(shape)}" for name, shape in SHAPES.items() if shape)
    spec = f"parameters: [{', '.join(SHAPES)}]\nsizes: {{{sizes}}}\nequations:\n  R: {text}\n  L: sum(R)\nloss: L\ncost: single\n"
    graph = graph_of(spec)
    np.testing.assert_allclose(node_values(graph, VALUES, {})["R"], expected, rtol=1e-13)
    assert faults(Point(derive(graph), values=VALUES), tolerance=1e-10) == []


SCOPE = Scope({"x": Quantity((axis_to(size("n")),)), "A": Quantity((axis_to(size("n")),) * 2), "s": Quantity(), "b": Quantity((axis_to(number(1)),))})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("s*2", False), ("b + s", False), ("sum(x)", False), ("A[1,2]*s", False), ("half_squared_error(x, x)", False), ("x", True), ("s*x", True), ("exp(x)*s", True), ("s^T", True), ("x@x", True), ("s*ones(n)", True), ("diag(x)", True)],
)
def test_what_is_a_formula_over_arrays(text: str, expected: bool) -> None:
    assert is_over_arrays(parse(text, SCOPE.names), SCOPE) == expected


def test_an_answer_may_be_a_matrix_formula() -> None:
    form = index_form(parse("A^T@(A@x)*s", SCOPE.names), SCOPE)
    assert (form.letters, form.shape) == (("j",), (axis_to(size("n")),))
    assert read_formula("x^T@A@x", SCOPE) == read_formula("sum(sum(x[k]*A[k,j]*x[j], k), j)", SCOPE)


# -- errors -------------------------------------------------------------------------------------------------------------

START = "inputs: {x: n}\ntargets: {y: q}\nparameters: [W, V, b]\nsizes: {W: [h, n], V: [q, h], b: [h]}\nloss: L\nequations:\n"
MISFIT = "the shapes do not fit: "


@pytest.mark.parametrize(
    ("equations", "message", "line", "path"),
    [
        ("  z: W@x\n  o: V@x\n  L: sum(o*z)\n", MISFIT + "left of @ stands a matrix of q × h, so h rows are expected on its right; a vector of n is given", 8, "equations.o"),
        ("  z: W@x + x\n  L: sum(z)\n", MISFIT + "+ takes two arrays of one shape, or a number and an array; a vector of h and a vector of n are given", 7, "equations.z"),
        (
            "  z: W*x\n  L: sum(z)\n",
            MISFIT + "* takes two arrays of one shape, or a number and an array; a matrix of h × n and a vector of n are given — @ multiplies matrices",
            7,
            "equations.z",
        ),
        (
            "  z: x@W\n  L: sum(z)\n",
            MISFIT + "left of @ stands a vector of n, so n rows are expected on its right; a matrix of h × n is given — transposed, the right side fits: ^T",
            7,
            "equations.z",
        ),
        ("  L: sum(W@x^T)\n", MISFIT + "left of @ stands a matrix of h × n, so n rows are expected on its right; a row of n is given", 7, "equations.L"),
        ("  L: sum(x^T + x)\n", MISFIT + "+ takes two arrays of one shape, or a number and an array; a row of n and a vector of n are given", 7, "equations.L"),
        ("  z: max(W, V)\n  L: sum(z)\n", MISFIT + "max takes two arrays of one shape, or a number and an array; a matrix of h × n and a matrix of q × h are given", 7, "equations.z"),
        ("  L: 2@x\n", "@ multiplies arrays, and this is a number: write * for it", 7, "equations.L"),
        ("  z: W@zzzz + b\n  L: sum(z)\n", "'zzzz' is not defined", 7, "equations.z"),
        ("  z: W@x + b[1]\n  L: sum(z)\n", "'b' stands with indices here, and other arrays of the formula without: write all of them with indices, or none", 7, "equations.z"),
        ("  z: sum(x, k)*b\n  L: sum(z)\n", "sum over an index takes arrays with indices; without them, sum(e) is over all entries", 7, "equations.z"),
        (
            "  z[j]: W@x + b[j]\n  L: sum(z)\n",
            "this is a vector of h, and a number is expected here — a formula over whole arrays makes an array where the left side has no indices; sum(e) adds all entries",
            7,
            "equations.z[j]",
        ),
        ("  P: softmax(W)\n  L: sum(P)\n", "softmax takes a vector; a matrix of h × n is given — say over which index: softmax(z[t,c], c)", 7, "equations.P"),
        ("  L: logsumexp(W)\n", "logsumexp takes a vector; a matrix of h × n is given", 7, "equations.L"),
        ("  L: sum(2)\n", "sum(e) runs over the entries of an array, and this is a number", 7, "equations.L"),
        ("  z: max(x)*b\n  L: sum(z)\n", "max over all entries is written with an index: max(e[j], j)", 7, "equations.z"),
        ("  z: diag(W)@x\n  L: sum(z)\n", "diag(v) takes a vector; a matrix of h × n is given", 7, "equations.z"),
        ("  z: W@ones(n, 2)\n  L: sum(z)\n", "ones(n) takes the length of the vector", 7, "equations.z"),
        ("  z: ones() + b\n  L: sum(z)\n", "ones(n) takes the length of the vector", 7, "equations.z"),
        ("  z: ones(b)*2\n  L: sum(z)\n", "'b' is a quantity of the network, not an index or a size; the entry of a class is sum(y[c]*s[c], c), with targets: {y: classes}", 7, "equations.z"),
        ("  z: zzzz(W@x)\n  L: sum(z)\n", "'zzzz' is not a function that is known here", 7, "equations.z"),
        ("  z: W@b\n  a[j]: tanh(z[j])\n  c: a + z\n  L: sum(c)\n", MISFIT + "left of @ stands a matrix of h × n, so n rows are expected on its right; a vector of h is given", 7, "equations.z"),
    ],
)
def test_errors_in_formulas(equations: str, message: str, line: int, path: str) -> None:
    with pytest.raises(SpecError) as caught:
        graph_of(START + equations)
    (problem,) = caught.value.problems
    assert (problem.message.split("\n")[0], problem.line, problem.path) == (message, line, path)


@pytest.mark.parametrize(
    ("equations", "message", "line", "path"),
    [
        ("  z[j]: W@x\n  L: sum(z)\n", "arrays stand without indices here, and 'z' has one: write `z: …` for the whole array, or indices on both sides", 7, "equations.z[j]"),
        ("  L: W@x + b\n", "the loss is one number; 'L' is an array", 5, "loss"),
        ("  z: W@a + b\n  a: V^T@y*z\n  L: sum(z)\n", "a cycle: z → a → z", 7, "equations.z"),
        ("  z: tanh(z)*b\n  L: sum(z)\n", "a cycle: z → z", 7, "equations.z"),
    ],
)
def test_errors_of_equations(equations: str, message: str, line: int, path: str) -> None:
    with pytest.raises(SpecError) as caught:
        graph_of(START + equations)
    assert [(problem.message, problem.line, problem.path) for problem in caught.value.problems] == [(message, line, path)]


def test_a_size_that_is_given_and_another_that_is_found() -> None:
    with pytest.raises(SpecError) as caught:
        graph_of(START.replace("b: [h]", "b: [h], z: [n]") + "  z: W@x\n  L: sum(z)\n")
    assert caught.value.problems[0].message.startswith("'z' is a vector of n under `sizes:`, and this gives a vector of h")


def test_the_caret_stands_below_the_product_that_does_not_fit() -> None:
    with pytest.raises(SpecError) as caught:
        graph_of(START + "  z: W@x + W@b\n  L: sum(z)\n")
    assert caught.value.problems[0].message.endswith("\n    W@x + W@b\n          ^^^")


def test_three_axes_need_indices() -> None:
    scope = Scope({"T": Quantity((axis_to(size("n")),) * 3), "x": Quantity((axis_to(size("n")),))})
    for text, message in (("T@x", "@ takes matrices and vectors, and this has 3 axes"), ("T^T", "\\^T takes a matrix or a vector, and this has 3 axes")):
        with pytest.raises(FormulaError, match=message):
            index_form(parse(text), scope)
