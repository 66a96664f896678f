"""Values that are drawn where none are given. The same seed gives the same numbers on every machine.

    random: every entry between -1 and 1; constants, with every kind, between 0 and 1
    xavier: weights within ±√(6/(fan in + fan out)), other parameters 0      Glorot and Bengio (2010), equation 16
    he:     weights within ±√(6/fan in), other parameters 0                 He et al. (2015), the uniform draw of variance 2/fan in

Each leaf has a stream of its own, which depends on the seed and its name only, so that a new leaf changes no other.
"""

from __future__ import annotations

from math import prod, sqrt
from zlib import crc32

import numpy as np

from backprop_derive.graph.expressions import Expression, Mul, children, refs
from backprop_derive.graph.nodes import Graph, Node
from backprop_derive.graph.numbers import Draw
from backprop_derive.numerics.backends import Array


def drawn_value(graph: Graph, node: Node, shape: tuple[int, ...], kind: Draw, seed: int) -> Array:
    """The value of a leaf."""
    unit = uniform(seed, node.name, shape)
    if node.role == "constant":
        return unit
    if node.role != "parameter" or kind == "random":
        return 2 * unit - 1
    if not is_weight(graph, node.name):
        return np.zeros(shape)
    fan_in, fan_out = fans(graph, node, shape)
    return (2 * unit - 1) * sqrt(6 / (fan_in + fan_out if kind == "xavier" else fan_in))


def uniform(seed: int, name: str, shape: tuple[int, ...]) -> Array:
    """Numbers from 0 to 1, of 53 random bits each. NumPy promises the bits of PCG64 for good, its distributions it does not."""
    bits = np.random.PCG64(np.random.SeedSequence([seed, crc32(name.encode())])).random_raw(prod(shape))
    return np.asarray((np.asarray(bits, dtype=np.uint64) >> np.uint64(11)) * 2.0**-53).reshape(shape)


def is_weight(graph: Graph, name: str) -> bool:
    """Whether a parameter is multiplied by something in a sum of several terms, or summed over: a bias is not."""
    return any(_multiplies(piece.definition, name) for node in graph.nodes if node.role not in ("loss", "regularizer") for piece in node.pieces)


def _multiplies(expression: Expression, name: str) -> bool:
    if isinstance(expression, Mul):
        own = sum(any(ref.name == name for ref in refs(factor)) for factor in expression.factors)
        if own and sum(any(refs(factor)) for factor in expression.factors) > 1:
            return True
    return any(_multiplies(child, name) for child in children(expression))


def fans(graph: Graph, node: Node, shape: tuple[int, ...]) -> tuple[int, int]:
    """How many sources a weight's unit has, and how many units its source has.

    W[j,k] goes to j from k. Of a weight by itself, it is counted how many products its unit adds up, and in how many
    products its source stands.
    """
    if len(shape) > 1:
        return prod(shape[1:]), shape[0]
    if shape:
        return shape[0], 1
    products = {child: list(_products(graph, child)) for child in graph.by_name if graph.node(child).role not in ("loss", "regularizer")}
    own = [(child, each) for child, found in products.items() for each in found if node.name in each]
    sources = {name for _, each in own for name in each if graph.node(name).role != "parameter"}
    fan_out = max((sum(source in each for found in products.values() for each in found) for source in sources), default=1)
    return max((len(products[child]) for child, _ in own), default=1), fan_out


def _products(graph: Graph, name: str) -> list[set[str]]:
    """The names that stand together in each product with a parameter that a node's definition adds up."""
    found: list[set[str]] = []

    def visit(expression: Expression) -> None:
        if isinstance(expression, Mul):
            names = {ref.name for ref in refs(expression)}
            if len(names) > 1 and any(graph.node(each).role == "parameter" for each in names):
                found.append(names)
            return
        for child in children(expression):
            visit(child)

    for piece in graph.node(name).pieces:
        visit(piece.definition)
    return found
