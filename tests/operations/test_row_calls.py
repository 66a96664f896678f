"""Calls of rows in formulas: options by position and by name, defaults, primes, and what is said of wrong ones."""

from __future__ import annotations

import pytest

from backprop_derive.building.formulas import read_formula
from backprop_derive.building.network import build_graph
from backprop_derive.building.scope import Quantity, Scope, scope_of
from backprop_derive.errors import FormulaError
from backprop_derive.graph.indices import axis_to, number, size
from backprop_derive.graph.nodes import Graph
from backprop_derive.presentation.styles import AsciiWriter, LatexWriter, UnicodeWriter
from backprop_derive.spec.loading import read_spec

VECTOR, SCALAR = Quantity((axis_to(size("q")),)), Quantity()
SCOPE = Scope({"z": SCALAR, "s": SCALAR, "out": VECTOR, "y": VECTOR, "v": VECTOR, "three": Quantity((axis_to(number(3)),))}, sizes={"q": size("q")})
SPEC = "inputs: {y: q}\nparameters: [z, s, out, v]\nsizes: {out: [q], v: [q], z: [], s: []}\nequations:\n  L: z\ncost: single\n"


def graph() -> Graph:
    return build_graph(read_spec(SPEC, "spec.yaml"))


@pytest.mark.parametrize(
    ("call", "written"),
    [
        ("leaky_relu(z)", "leaky_relu(z)"),
        ("leaky_relu(z, 0.2)", "leaky_relu(z, 0.2)"),
        ("leaky_relu(z, slope=0.2)", "leaky_relu(z, 0.2)"),
        ("leaky_relu(z, slope=1/100)", "leaky_relu(z)"),
        ("leaky_relu(z, s)", "leaky_relu(z, s)"),
        ("LeakyReLU(z, 0.01)", "leaky_relu(z)"),
        ("elu(z, alpha=-2)", "elu(z, -2)"),
        ("threshold(z, value=-1)", "threshold(z, 1, -1)"),
        ("threshold(z, 2)", "threshold(z, 2)"),
        ("threshold(z, theta=2, value=0)", "threshold(z, 2)"),
        ("swish(z)", "silu(z)"),
        ("prelu(z, s)", "prelu(z, s)"),
        ("leaky_relu'(z)", "where(z > 0, 1, 0.01)"),
        ("leaky_relu'(z, slope=0.2)", "where(z > 0, 1, 0.2)"),
        ("tanh'(z)", "1 - tanh(z)^2"),
    ],
)
def test_options_are_given_by_position_or_by_name_and_defaults_are_left_out(call: str, written: str) -> None:
    expression = read_formula(call, SCOPE)
    text = AsciiWriter(graph()).write(expression)
    assert text == written
    assert read_formula(text, scope_of(graph())) == expression


@pytest.mark.parametrize(
    ("call", "unicode", "latex"),
    [
        ("leaky_relu(z)", "LeakyReLU(z)", r"\operatorname{LeakyReLU}(z)"),
        ("elu(z, 2)", "ELU(z, 2)", r"\operatorname{ELU}(z, 2)"),
        ("silu(z)", "SiLU(z)", r"\operatorname{SiLU}(z)"),
        ("log_softmax(out[c], c, 2)", "log_softmax_c(out[c])[2]", r"\log\operatorname{softmax}_{c}(\mathrm{out}_{c})_{2}"),
    ],
)
def test_a_function_is_printed_as_its_row_spells_it(call: str, unicode: str, latex: str) -> None:
    expression = read_formula(call, SCOPE)
    assert UnicodeWriter(graph()).write(expression) == unicode
    assert LatexWriter(graph()).write(expression) == latex


@pytest.mark.parametrize(
    ("call", "written"),
    [
        ("mae(out, y)", "1/q*sum(abs(y[c] - out[c]), c)"),
        ("quantile(out, y, tau=0.9)", "sum(max(0.9*(y[c] - out[c]), -0.1*(y[c] - out[c])), c)"),
        ("quantile(out, y, 0.9)", "sum(max(0.9*(y[c] - out[c]), -0.1*(y[c] - out[c])), c)"),
        ("squared_hinge(out, y)", "sum(max(0, 1 - y[c]*out[c])^2, c)"),
        ("margin_ranking(out, v, y)", "sum(max(0, -y[c]*(out[c] - v[c])), c)"),
        ("info_nce(out, y, s)", "logsumexp(out[c]/s, c) - sum(y[c]*out[c], c)/s"),
        ("huber(z, s, delta=2)", "where(abs(s - z) <= 2, 1/2*(s - z)^2, 2*(abs(s - z) - 1))"),
        ("gaussian_nll(z, s, s)", "1/2*(log(s) + (s - z)^2/s)"),
        ("cosine(z, s)", "1 - z*s/(sqrt(z^2)*sqrt(s^2))"),
    ],
)
def test_a_loss_in_a_formula_is_its_formula(call: str, written: str) -> None:
    expression = read_formula(call, SCOPE)
    text = AsciiWriter(graph()).write(expression)
    assert text == written
    assert read_formula(text, scope_of(graph())) == expression


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        ("leaky_relu()", "leaky_relu takes 1 to 2 arguments (z, slope); 0 given", ""),
        ("leaky_relu(z, 1, 2)", "leaky_relu takes 1 to 2 arguments (z, slope); 3 given", ""),
        ("leaky_relu(z, slop=2)", "leaky_relu has no option 'slop'; it has slope", "did you mean slope?"),
        ("leaky_relu(z, 0.2, slope=0.2)", "leaky_relu is given slope twice", ""),
        ("leaky_relu(z, slope=0.2, slope=0.3)", "leaky_relu is given slope twice", ""),
        ("tanh(z, slope=2)", "tanh has no option 'slope'", ""),
        ("prelu(z)", "prelu takes 2 arguments (z, alpha); 1 given", ""),
        ("prelu(z, alpha=2)", "prelu takes 2 arguments (z, alpha); 1 given", ""),
        ("leaky_relu''(z)", "only the first derivative", ""),
        ("prelu'(z, s)", "only the first derivative", ""),
        ("huber(out)", "huber takes 2 to 3 arguments (p, y, delta); 1 given", ""),
        ("huber(out, y, detla=2)", "huber has no option 'detla'; it has delta", "did you mean delta?"),
        ("mse(out, y, delta=2)", "mse has no option 'delta'", ""),
        ("huber(out, three)", "huber: its arguments have different lengths: p has q, y has 3", ""),
        ("gaussian_nll(out, y)", "gaussian_nll takes 3 arguments (mu, y, var); 2 given", ""),
        ("triplet(out, y, 2*v)", "triplet compares scalars or vectors by their names (a, p, n)", ""),
    ],
)
def test_a_wrong_call_is_told(call: str, message: str, hint: str) -> None:
    with pytest.raises(FormulaError) as caught:
        read_formula(call, SCOPE)
    assert message in caught.value.message
    assert caught.value.hint == hint
