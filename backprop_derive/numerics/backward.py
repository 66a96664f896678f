"""A graph with its derived adjoints as nodes, so that one evaluation gives the forward and the backward pass.

The adjoints are those that the derivation has found, relative to Σ_i L_i; the cost puts its 1/m in front of them, and the
penalty adds its own:

    ∂C/∂v = 1/m · bar_v + ∂R/∂v
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backprop_derive.calculus.adjoints import Adjoint, adjoints, with_adjoints
from backprop_derive.graph.expressions import Expression
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.probing import mean_factor, with_cost


@dataclass(frozen=True)
class BackwardGraph:
    """`graph` holds forward nodes, the cost and the adjoints. `deltas` and `penalties` are the names of the adjoints of Σ_i L_i
    and of the penalty, by the node that they belong to."""

    source: Graph
    graph: Graph
    cost: str
    deltas: Mapping[str, str]
    penalties: Mapping[str, str]

    @property
    def factor(self) -> Expression:
        """What the cost puts in front of Σ_i L_i: 1/m, or 1."""
        return mean_factor(self.source)

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


def backward_graph(graph: Graph) -> BackwardGraph:
    """The graph with everything that a backward pass computes."""
    of_loss = adjoints(graph, graph.cost.loss)
    whole = with_adjoints(graph, of_loss)
    penalty = graph.cost.regularizer
    of_penalty: Mapping[str, Adjoint] = {} if penalty is None else adjoints(whole, penalty)
    extended, cost = with_cost(with_adjoints(whole, of_penalty))
    return BackwardGraph(
        graph,
        extended,
        cost,
        {name: each.name for name, each in of_loss.items()},
        {name: each.name for name, each in of_penalty.items() if name in graph.by_name},
    )
