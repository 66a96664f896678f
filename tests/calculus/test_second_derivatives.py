"""Adjoints are nodes: differentiated again they give Hessian-vector products, checked by differentiating the first adjoints numerically."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from array_networks import ARRAY_NETWORKS
from dense_networks import DENSE_NETWORKS
from proving import Point, derivation_of, drawn_leaves, error, graph_of
from recurrent_networks import RECURRENT_NETWORKS

from backprop_derive.calculus.adjoints import adjoints, with_adjoints
from backprop_derive.calculus.derivation import derive
from backprop_derive.graph.expressions import Bound, Expression, Fold, Ref, add, mul
from backprop_derive.graph.indices import Affine
from backprop_derive.graph.nodes import Cost, Graph, Node, Piece
from backprop_derive.numerics.evaluation import node_values
from backprop_derive.numerics.references import complex_step

DENSE = """inputs: {x: n}
layers:
  - dense: h
    activation: tanh
  - dense: h2
    activation: sigmoid
  - dense: q
    activation: softmax
loss: cross_entropy
"""

TWICE = {
    "dense": DENSE,
    "abstract": DENSE_NETWORKS["abstract_functions"],
    "shared": DENSE_NETWORKS["weight_and_bias_shared"],
    "recurrent": RECURRENT_NETWORKS["elman_network"],
    "two steps back": RECURRENT_NETWORKS["two_steps_back"],
    "convolution": ARRAY_NETWORKS["convolution_with_stride_and_padding"],
    "max pool": ARRAY_NETWORKS["max_pool_that_overlaps"],
    "layer norm": ARRAY_NETWORKS["layer_norm"],
    "attention": ARRAY_NETWORKS["attention"],
    "product": ARRAY_NETWORKS["product_over_an_index"],
}


def along(graph: Graph, parameters: list[str], names: dict[str, str]) -> Graph:
    """The graph of `Σ v·∂T/∂w` over all parameters w, with directions v as leaves."""
    terms: list[Expression] = []
    directions = []
    for name in parameters:
        node = graph.node(name)
        body: Expression = mul(Ref("v_" + name, node.ref().indices), Ref(names[name], node.ref().indices))
        for letter, axis in zip(node.letters, node.axes, strict=True):
            body = Fold("sum", Bound(letter, axis), body)
        terms.append(body)
        directions.append(replace(node, name="v_" + name, role="constant"))
    places: tuple[Affine, ...] = ()
    product = Node("product", pieces=(Piece(places, (), add(*terms)),))
    return replace(graph, nodes=(*graph.nodes, *directions, product), cost=Cost("product", "product", "single"), samples=None)


@pytest.mark.parametrize("name", TWICE)
def test_a_hessian_vector_product(name: str) -> None:
    first = derivation_of(TWICE[name])
    parameters = [each for each in first.graph.parameters if each in first.names]
    product = along(with_adjoints(first.graph, first.adjoints), parameters, dict(first.names))
    point = Point(first)
    draw = np.random.default_rng(0)
    directions = {f"v_{each}": draw.normal(size=point.forward[each].shape) for each in parameters}
    values = {**point.values, **directions}
    second = adjoints(product, "product")
    found = node_values(with_adjoints(product, second), values, point.sizes, functions=point.functions)
    for each in parameters:
        expected = complex_step(product, values, point.sizes, "product", each, point.functions)
        assert np.any(expected != 0) or name == "max pool"
        assert error(found[second[each].name], expected) < 1e-10


@pytest.mark.parametrize("length", [1, 4])
def test_a_hessian_vector_product_through_time(length: int) -> None:
    spec = RECURRENT_NETWORKS["last_step_only"]
    graph = graph_of(spec)
    first = derive(graph)
    sizes = {"T": length, "n": 3, "d": 2}
    product = along(with_adjoints(graph, first.adjoints), ["W", "U"], dict(first.names))
    values = drawn_leaves(product, sizes, 0)
    second = adjoints(product, "product")
    found = node_values(with_adjoints(product, second), values, sizes)
    for name in ("W", "U"):
        assert error(found[second[name].name], complex_step(product, values, sizes, "product", name)) < 1e-11


def test_the_hessian_of_a_quadratic_form_is_symmetric() -> None:
    spec = "parameters: [w]\nconstants: {A: [n, n]}\nsizes: {w: [n]}\nequations:\n  L: 1/2*sum(w[j]*sum(A[j,k]*w[k], k), j)\ncost: single\n"
    first = derivation_of(spec)
    product = along(with_adjoints(first.graph, first.adjoints), ["w"], dict(first.names))
    point = Point(first)
    second = adjoints(product, "product")
    a = point.values["A"]
    for row in np.eye(len(a)):
        found = node_values(with_adjoints(product, second), {**point.values, "v_w": row}, point.sizes)[second["w"].name]
        assert error(found, (a + a.T) / 2 @ row) < 1e-14
