"""Sum over paths = backward pass = direct differentiation of the substituted cost, to 25 digits; and counting without listing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import sympy
from dense_networks import DENSE_NETWORKS
from proving import derivation_of, writer_of

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.calculus.elements import closed_form
from backprop_derive.errors import UsageError
from backprop_derive.graph.expressions import Mul, Partial, Ref, walk
from backprop_derive.graph.nodes import Graph
from backprop_derive.graph.sympy_form import to_sympy

DIGITS = 40

NEURONS = """inputs: [x1, x2]
nodes:
  A: {weights: {w1: x1, w2: x2}, bias: b, activation: sigmoid}
  B: {weights: {w3: x1, w2: A}, activation: tanh}
  C: {weights: {w4: A, w5: B, w1: x2}, bias: b, activation: sigmoid}
  D: {weights: {w6: C, w4: B, w3: A}, activation: tanh}
targets: y
loss: half_squared_error
cost: single
"""

SCALARS = """inputs: x
parameters: [w, v]
targets: y
equations:
  u: w*x
  a: u*u
  b: sin(u)*v
  c: a*b + u + w
  d: exp(c)/(1 + c^2)
  e: log(1 + d^2) + b*c
  L: 1/2*(e - y)^2 + w*v
cost: single
"""

SMALL = {"neurons": NEURONS, "scalars": SCALARS, "diamond": DENSE_NETWORKS["diamond"] + "cost: single\n"}


def direct(expression: Any) -> Any:
    """A SymPy expression with the sigmoid spelled out and relations of the project's own functions put in."""
    return expression.replace(sympy.Function("sigmoid"), lambda z: 1 / (1 + sympy.exp(-z)))


def values_at(derivation: Derivation) -> dict[Any, Any]:
    """Every scalar node at a point, with many digits."""
    values: dict[Any, Any] = {}
    for place, node in enumerate(derivation.graph.nodes):
        if node.is_leaf:
            values[sympy.Symbol(node.name)] = sympy.Rational(3 + place % 5, 7 + place)
    for node in derivation.graph.nodes:
        if not node.is_leaf:
            values[sympy.Symbol(node.name)] = sympy.N(direct(to_sympy(node.pieces[0].definition)).subs(values), DIGITS)
    return values


def paths(graph: Graph, start: str, end: str) -> Iterator[tuple[str, ...]]:
    """Every path along the edges of the graph."""
    if start == end:
        yield (end,)
        return
    for child in graph.children[start]:
        for rest in paths(graph, child, end):
            yield (start, *rest)


def along(graph: Graph, path: tuple[str, ...], values: dict[Any, Any]) -> Any:
    """The product of ∂child/∂parent along a path, each by SymPy."""
    total = sympy.Integer(1)
    for parent, child in pairwise(path):
        definition = direct(to_sympy(graph.node(child).pieces[0].definition))
        total *= sympy.N(sympy.diff(definition, sympy.Symbol(parent)).subs(values), DIGITS)
    return total


@pytest.mark.parametrize("name", SMALL)
def test_paths_backward_pass_and_direct_differentiation_agree_to_25_digits(name: str) -> None:
    derivation = derivation_of(SMALL[name])
    graph, values = derivation.graph, values_at(derivation)
    cost = direct(to_sympy(closed_form(derivation.chain, Ref("L"))))
    deltas = {sympy.Symbol(delta.name): delta.value for delta in derivation.deltas.values()}
    for delta_name, value in deltas.items():
        values[delta_name] = sympy.N(direct(to_sympy(value)).subs(values), DIGITS)
    for parameter in graph.parameters:
        gradient = derivation.gradient(parameter)
        expected = sympy.N(sympy.diff(cost, sympy.Symbol(parameter)).subs(values), DIGITS)
        forms = [
            sum(along(graph, path, values) for path in paths(graph, parameter, "L")),
            *(sympy.N(direct(to_sympy(form)).subs(values), DIGITS) for form in (gradient.backward, gradient.gradient, derivation.closed(parameter))),
        ]
        for found in forms:
            assert abs(found - expected) < sympy.Float("1e-25") * max(1, abs(expected))


@pytest.mark.parametrize("name", SMALL)
def test_an_expansion_to_the_loss_has_a_product_for_each_path(name: str) -> None:
    derivation = derivation_of(SMALL[name])
    for parameter in derivation.graph.parameters:
        count = len(list(paths(derivation.graph, parameter, "L")))
        assert derivation.chain.whole(parameter) == (count <= 8)
        if count <= 8:
            assert products(derivation.gradient(parameter).expansion) == count


def products(expression: Any) -> int:
    """How many products there are when a nested expansion is multiplied out."""
    if isinstance(expression, Partial):
        return 1
    if isinstance(expression, Mul):
        total = 1
        for factor in expression.factors:
            total *= products(factor)
        return total
    return sum(products(term) for term in expression.terms)


def deep(depth: int, width: int) -> str:
    """`depth` layers of `width` named neurons each, every one reading all of the layer before."""
    layers = "".join(
        f"  - dense: [{', '.join(f'h{layer}_{unit}' for unit in range(width))}]\n"
        f"    weights: [{', '.join('[' + ', '.join(f'w{layer}_{unit}_{source}' for source in range(width if layer else 2)) + ']' for unit in range(width))}]\n"
        "    bias: false\n    activation: tanh\n"
        for layer in range(depth)
    )
    return f"inputs: [x1, x2]\nlayers:\n{layers}  - dense: [out]\n    weights: [[{', '.join(f'v{unit}' for unit in range(width))}]]\nloss: half_squared_error\ncost: single\n"


def test_paths_of_a_deep_network_are_counted_and_not_listed() -> None:
    derivation = derivation_of(deep(12, 10))
    first = derivation.gradient("w0_3_1")
    assert not derivation.chain.whole("w0_3_1")
    assert len(list(walk(first.expansion))) < 100
    assert len(list(walk(first.gradient))) < 400
    assert writer_of(derivation).write(first.backward) == "delta_h0_3*x2"
    with pytest.raises(UsageError, match="symbols"):
        derivation.closed("w0_3_1")


def test_few_paths_are_written_down_to_the_loss() -> None:
    derivation = derivation_of(deep(2, 2))
    written = writer_of(derivation).write(derivation.gradient("w0_0_0").expansion)
    assert written.startswith("(dL/dout")
    assert written.endswith("dh0_0/dz_h0_0*dz_h0_0/dw0_0_0")
