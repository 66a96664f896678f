"""Linear models under a squared error: which graphs are such, and what their gradient says where it is 0."""

from __future__ import annotations

import pytest

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.linear_models import LinearModel, linear_model
from backprop_derive.graph.nodes import Graph
from backprop_derive.presentation.styles import AsciiWriter
from backprop_derive.spec.loading import read_spec

LINE = "inputs: x\nparameters: [a, b]\nequations:\n  yhat: a*x + b\ntargets: y\nloss: squared_error\n"
FREE = "inputs: [x1, x2]\nparameters: [u, v]\nequations:\n  yhat: u*x1 + v*x2 + 3\ntargets: y\nloss: squared_error\n"
VECTOR = "inputs: {x: n}\nparameters: [w, b]\nsizes: {w: n}\ntargets: y\nequations:\n  e: y - sum(w[k]*x[k], k) - b\n  L: 1/2*e^2\n"
LAYER = "inputs: 3\nlayers:\n  - dense: 1\nloss: mse\n"


def built(text: str) -> tuple[Graph, LinearModel]:
    graph = build_graph(read_spec(text))
    model = linear_model(graph)
    assert model is not None
    return graph, model


@pytest.mark.parametrize(
    ("text", "scale", "residual", "known"),
    [
        (LINE, "1", "yhat - y", "y"),
        (LINE.replace("squared_error", "half_squared_error"), "1/2", "yhat - y", "y"),
        (LINE.replace("squared_error", "3*(yhat - y)^2"), "3", "yhat - y", "y"),
        (LINE.replace("squared_error", "(a*x + b - y)^2"), "1", "a*x + b - y", "y"),
        (LINE.replace("squared_error", "mse") + "frozen: [b]", "1", "yhat - y", "y - b"),
        (FREE, "1", "yhat - y", "y - 3"),
        (VECTOR, "1/2", "sum(w[k]*x[k], k) + b - y", "y"),
        (LAYER, "1", "z1 - y", "y"),
        ("inputs: x\nnodes:\n  N: {weights: {w: x}, output: out}\nloss: half_squared_error", "1/2", "out - y", "y"),
    ],
)
def test_a_linear_model_is_seen(text: str, scale: str, residual: str, known: str) -> None:
    graph, model = built(text)
    write = AsciiWriter(graph).write
    assert (str(model.scale), write(model.residual), write(model.known)) == (scale, residual, known)


@pytest.mark.parametrize(
    "text",
    [
        LINE.replace("squared_error", "mae"),
        LINE.replace("squared_error", "log_cosh"),
        LINE.replace("squared_error", "-(yhat - y)^2"),
        LINE.replace("squared_error", "x*(yhat - y)^2"),
        LINE.replace("squared_error", "(yhat - y)^2 + a"),
        LINE.replace("a*x + b", "a*b*x"),
        LINE.replace("a*x + b", "a^2*x + b"),
        LINE.replace("a*x + b", "tanh(a*x) + b"),
        LINE.replace("a*x + b", "x/a + b"),
        LINE.replace("a*x + b", "where(a > 0, x, b)"),
        LINE.replace("[a, b]", "[a, b, c]"),
        LINE + "regularization: {l2: 0.1, of: [a]}",
        LINE + "frozen: [a, b]",
        "inputs: 3\nlayers:\n  - dense: 2\nloss: mse\n",
        "inputs: x\nlayers:\n  - dense: [h]\n  - dense: [p]\nloss: mse",
        "inputs: 2\nlayers:\n  - dense: 1\n    activation: relu\nloss: mse",
        "inputs: {x: n}\nparameters: [w]\nsizes: {w: n}\ntargets: y\nequations:\n  s: sum(w[k]*x[k], k) + w[1]\nloss: (s - y)^2",
        "inputs: {x: n}\nparameters: [w]\nsizes: {w: n}\ntargets: y\nequations:\n  s: sum(w[k]*x[k], k, 1, n - 1)\nloss: (s - y)^2",
        "inputs: {x: T}\nparameters: [w, h0]\ntargets: y\nequations:\n  h[0]: h0\n  h[t]: h[t-1] + w*x[t]\nloss: (h[T] - y)^2",
    ],
)
def test_what_is_no_linear_model_is_none(text: str) -> None:
    assert linear_model(build_graph(read_spec(text))) is None


def test_a_network_with_more_ways_than_can_be_walked_is_none() -> None:
    doubled = "".join(f"  h{at + 1}: h{at} + h{at}\n" for at in range(40))
    assert linear_model(build_graph(read_spec(f"inputs: x\nparameters: [w]\ntargets: y\nequations:\n  h0: w*x\n{doubled}loss: (h40 - y)^2"))) is None


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            LINE,
            [
                ("a", "sum((yhat - y)*x, i)", "a*sum(x^2, i) + b*sum(x, i)", "sum(x*y, i)"),
                ("b", "sum(yhat - y, i)", "a*sum(x, i) + b*m", "sum(y, i)"),
            ],
        ),
        (LINE + "cost: single", [("a", "(yhat - y)*x", "a*x^2 + b*x", "x*y"), ("b", "yhat - y", "a*x + b", "y")]),
        (
            FREE,
            [
                ("u", "sum((yhat - y)*x1, i)", "u*sum(x1^2, i) + v*sum(x1*x2, i)", "sum(x1*(y - 3), i)"),
                ("v", "sum((yhat - y)*x2, i)", "u*sum(x1*x2, i) + v*sum(x2^2, i)", "sum(x2*(y - 3), i)"),
            ],
        ),
        (
            LINE.replace("a*x + b", "a*x + b*x^2"),
            [
                ("a", "sum((yhat - y)*x, i)", "a*sum(x^2, i) + b*sum(x^3, i)", "sum(x*y, i)"),
                ("b", "sum((yhat - y)*x^2, i)", "a*sum(x^3, i) + b*sum(x^4, i)", "sum(x^2*y, i)"),
            ],
        ),
        (
            VECTOR,
            [
                ("w[k]", "sum((sum(w[l]*x[l], l) + b - y)*x[k], i)", "sum(w[l]*sum(x[k]*x[l], i), l) + b*sum(x[k], i)", "sum(x[k]*y, i)"),
                ("b", "sum(sum(w[k]*x[k], k) + b - y, i)", "sum(w[k]*sum(x[k], i), k) + b*m", "sum(y, i)"),
            ],
        ),
        (
            "inputs: [x1, x2]\nnodes:\n  N: {weights: {w: [x1, x2]}, output: out}\nloss: mse",
            [("w", "sum((out - y)*(x1 + x2), i)", "w*sum((x1 + x2)^2, i)", "sum((x1 + x2)*y, i)")],
        ),
    ],
)
def test_the_conditions_and_the_normal_equations(text: str, rows: list[tuple[str, ...]]) -> None:
    graph, model = built(text)
    write = AsciiWriter(graph).write
    assert [(write(term.parameter), write(model.condition(term)), *map(write, model.normal_equation(term))) for term in model.terms] == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            LINE,
            [
                ("a", "(m*sum(x*y, i) - sum(x, i)*sum(y, i))/(m*sum(x^2, i) - sum(x, i)^2)"),
                ("b", "(sum(y, i) - a*sum(x, i))/m"),
            ],
        ),
        (LINE.replace("a*x + b", "a + b*x"), [("b", "(m*sum(x*y, i) - sum(x, i)*sum(y, i))/(m*sum(x^2, i) - sum(x, i)^2)"), ("a", "(sum(y, i) - b*sum(x, i))/m")]),
        (LINE + "frozen: [b]", [("a", "sum(x*(y - b), i)/sum(x^2, i)")]),
        (LINE + "cost: single", []),
        ("inputs: x\nnodes:\n  N: {weights: {w: x}, output: out}\nloss: mse\ncost: single", [("w", "x*y/x^2")]),
        (VECTOR, []),
    ],
)
def test_the_closed_form(text: str, rows: list[tuple[str, str]]) -> None:
    graph, model = built(text)
    write = AsciiWriter(graph).write
    assert [(write(parameter), write(formula)) for parameter, formula in model.closed_form()] == rows
