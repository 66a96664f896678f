"""A graph with its cost and the derived adjoints as nodes, so that one evaluation gives the forward and the backward pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from backprop_derive.calculus.adjoints import adjoints, with_adjoints
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.probing import with_cost


@dataclass(frozen=True)
class BackwardGraph:
    """`graph` holds the nodes of a network, the node `cost`, and the adjoints ∂C/∂(node) with all factors, 1/m and what a
    penalty adds included. `adjoints` are their names by the node that they belong to; what does not reach the cost has none.
    """

    graph: Graph
    cost: str
    adjoints: Mapping[str, str]

    def needed(self, names: Iterable[str]) -> set[str]:
        """Every node that the nodes are computed from, themselves included."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self.graph.parents[name])
        return found


@lru_cache(maxsize=32)
def backward_graph(graph: Graph) -> BackwardGraph:
    """The graph with everything that a forward and a backward pass compute; that of the last few graphs is kept."""
    extended, cost = with_cost(graph)
    found = adjoints(extended, cost)
    return BackwardGraph(with_adjoints(extended, found), cost, {name: each.name for name, each in found.items()})


@lru_cache(maxsize=32)
def delta_graph(graph: Graph) -> BackwardGraph:
    """The same with the adjoints that the derivation shows: relative to Σ_i L_i, without the cost's 1/m and without a penalty."""
    found = adjoints(graph, graph.cost.loss)
    return BackwardGraph(with_adjoints(graph, found), graph.cost.loss, {name: each.name for name, each in found.items()})
