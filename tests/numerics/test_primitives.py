"""Functions on the three kinds of number."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numeric_graphs import graph, leaf, node, of, ref, to

from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.graph.expressions import (
    Apply,
    Constant,
    Integer,
    Power,
    add,
    mul,
    neg,
    num,
)  # fmt: skip
from backprop_derive.graph.indices import size, variable
from backprop_derive.numerics.backends import COMPLEX, FLOAT, exact_backend
from backprop_derive.numerics.evaluation import node_values
from backprop_derive.numerics.smooth import SmoothFunction, named_function
from backprop_derive.operations.functions import find_function

DRAW = np.random.default_rng(1)
X, W, B = DRAW.normal(size=5), DRAW.normal(size=(3, 5)), DRAW.normal(size=3)


def test_table_functions_match_numpy() -> None:
    rows = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0), "softplus": lambda z: np.log1p(np.exp(z)),
        "abs": np.abs, "sign": np.sign, "step": lambda z: (z > 0) * 1.0, "identity": lambda z: z, "arctan": np.arctan, "exp": np.exp,
    }  # fmt: skip
    for name, expected in rows.items():
        np.testing.assert_allclose(of(Apply(name, (ref("x", "k"),)), {"x": X}, k=to(5)), expected(X), rtol=1e-14, err_msg=name)
    assert of(Apply("softplus", (num(800),))) == 800
    assert of(Apply("max", (num(2), num(3)))) == 3
    np.testing.assert_allclose(of(Apply("erf", (ref("x", "k"),)), {"x": [0.5]}, k=to(1)), [0.5204998778130465], rtol=1e-15)
    np.testing.assert_allclose(of(Apply("digamma", (ref("x", "k"),)), {"x": [1.0]}, k=to(1)), [-0.5772156649015329], rtol=1e-15)


def test_the_sigmoid_by_one_exponential() -> None:
    sigmoid, exact = find_function("sigmoid"), exact_backend()
    assert sigmoid is not None
    assert exact.shortcut(sigmoid) is None
    for z in (np.linspace(-30, 30, 61), np.array([-800.0, -745.0, -700.5, -699.5, -1e-9, 0.0, 699.5, 800.0])):
        defined = graph(leaf("x", to(len(z))), node("a", Apply("sigmoid", (ref("x", "k"),)), k=to(len(z))))
        expected = node_values(defined, {"x": z}, {}, backend=exact)["a"]
        for backend in (FLOAT, COMPLEX):
            found = backend.shortcut(sigmoid)(z + 1e-20j if backend is COMPLEX else z)  # type: ignore[misc]
            np.testing.assert_allclose(found.real, expected.astype(float), rtol=4e-16, atol=5e-324)
        np.testing.assert_allclose(found.imag / 1e-20, (expected * (1 - expected)).astype(float), rtol=4e-15, atol=1e-300)
    assert np.isnan(FLOAT.shortcut(sigmoid)(np.array([np.nan, 1.0]))).tolist() == [True, False]  # type: ignore[misc]


def test_first_derivative_of_a_table_function() -> None:
    np.testing.assert_allclose(of(Apply("tanh", (ref("x", "k"),), 1), {"x": X}, k=to(5)), 1 - np.tanh(X) ** 2, rtol=1e-14)
    with pytest.raises(NotYetError):
        of(Apply("tanh", (ref("x", "k"),), 2), {"x": X}, k=to(5))


def test_own_function_is_evaluated_from_its_definition() -> None:
    z = ref("z")
    own = {"swish2": ("z", mul(z, Apply("sigmoid", (z,))))}
    shadowed = graph(leaf("x", to(5)), leaf("z"), node("a", Apply("swish2", (ref("x", "k"),)), k=to(5)), functions=own)
    found = node_values(shadowed, {"x": X, "z": 100.0}, {})["a"]
    np.testing.assert_allclose(found, X / (1 + np.exp(-X)), rtol=1e-14)


def test_abstract_functions_are_given_from_outside() -> None:
    abstract = graph(leaf("x", to(5)), node("a", Apply("f", (ref("x", "k"),), 1), k=to(5)), functions={"f": None})
    function = SmoothFunction(3)
    np.testing.assert_array_equal(node_values(abstract, {"x": X}, {}, functions={"f": function})["a"], function(X, 1))
    with pytest.raises(EvaluationError, match="function f"):
        node_values(abstract, {"x": X}, {})


@pytest.mark.parametrize("order", range(5))
def test_smooth_functions_have_exact_derivatives(order: int) -> None:
    function, exact = named_function("f_A1"), exact_backend()
    z = np.linspace(-3, 3, 11)
    by_complex_step = function(z + 1e-20j, order, COMPLEX).imag / 1e-20
    np.testing.assert_allclose(function(z, order + 1), by_complex_step, rtol=1e-13, atol=1e-14)
    by_difference = (function(z + 1e-5, order) - function(z - 1e-5, order)) / 2e-5
    np.testing.assert_allclose(function(z, order + 1), by_difference, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(function(exact.array(z), order, exact).astype(float), function(z, order), rtol=1e-13, atol=1e-14)
    assert not np.allclose(function(z), named_function("f_A2")(z))


@pytest.mark.parametrize("row", ["exp", "log", "log10", "sqrt", "abs", "sign", "step", "sin", "cos", "tan", "sinh", "cosh", "arctan", "tanh", "erf", "lgamma", "digamma"])
def test_backends_agree_on_every_primitive(row: str) -> None:
    z, function, exact = np.array([0.3, 1.7, 0.05]), find_function(row), exact_backend()
    assert function is not None
    expected = FLOAT.primitive(function)(z)
    np.testing.assert_allclose(exact.primitive(function)(exact.array(z)).astype(float), expected, rtol=4e-15, atol=1e-15)
    if row not in ("erf", "lgamma", "digamma"):
        np.testing.assert_allclose(COMPLEX.primitive(function)(z + 0j).real, expected, rtol=1e-15)


@pytest.mark.parametrize(("exponent", "base"), [(3, -2.0), (-2, -2.0), (Fraction(1, 2), 2.0), (Fraction(-3, 2), 2.0), (0.7, 2.0), (3.0, -2.0)])
def test_backends_agree_on_powers(exponent: Any, base: float) -> None:
    exact = exact_backend()
    fraction = isinstance(exponent, int | Fraction)
    for backend in (FLOAT, COMPLEX, exact):
        given = Fraction(exponent) if fraction else backend.array([exponent])
        found = backend.real(backend.power(backend.array([base]), given))
        np.testing.assert_allclose(found.astype(float), [base ** float(exponent)], rtol=1e-15)
    for backend in (FLOAT, COMPLEX, exact):
        with np.errstate(invalid="ignore"):
            assert np.isnan(backend.real(backend.power(backend.array([-1.0]), Fraction(1, 3))).astype(float)).all()


def test_numbers_constants_and_sizes() -> None:
    found = of(add(mul(Integer(size("m")), Constant("pi")), num(Fraction(1, 3)), neg(Integer(variable("t")))), {}, {"m": 4}, t=to(2))
    np.testing.assert_allclose(found, 4 * np.pi + 1 / 3 - np.array([1, 2]), rtol=1e-15)
    assert of(Power(num(2), ref("x")), {"x": 3.0}) == 8
