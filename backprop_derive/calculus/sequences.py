"""Arrays whose first index is a step, which stays an index among matrices: `s[t] = W x[t] + U h[t−1] + b`."""

from __future__ import annotations

from collections.abc import Iterator

from backprop_derive.graph.expressions import Ref, refs
from backprop_derive.graph.indices import Affine, variable
from backprop_derive.graph.nodes import Graph, Piece


def nodes_by_step(graph: Graph) -> frozenset[str]:
    """Those that are read a step before or behind, and whatever shares their index; none, if a step is another index elsewhere."""
    found = {ref.name for node in graph.nodes for piece in node.pieces for ref in refs(piece.definition) if _is_shifted(step_of(graph, ref))}
    size = -1
    while size < len(found):
        size = len(found)
        for node in graph.nodes:
            for piece in node.pieces:
                letters = _letters(graph, node.name, piece, found)
                found |= {ref.name for ref in _own_and_read(node.name, piece) if letters & _variables(step_of(graph, ref))}
    for node in graph.nodes:
        for piece in node.pieces:
            letters = _letters(graph, node.name, piece, found)
            if any(letters & index.variables() for ref in _own_and_read(node.name, piece) for index in ref.indices[int(graph.node(ref.name).sampled) + 1 :]):
                return frozenset()
    return frozenset(found)


def step_of(graph: Graph, ref: Ref) -> Affine | None:
    """The first index of a mention, that of the samples aside."""
    split = int(graph.node(ref.name).sampled)
    return ref.indices[split] if len(ref.indices) > split else None


def _is_shifted(step: Affine | None) -> bool:
    letters = _variables(step)
    return step is not None and len(letters) == 1 and (step - variable(*letters)).number not in (None, 0)


def _variables(step: Affine | None) -> set[str]:
    return set() if step is None else step.variables()


def _own_and_read(name: str, piece: Piece) -> Iterator[Ref]:
    yield Ref(name, piece.places)
    yield from refs(piece.definition)


def _letters(graph: Graph, name: str, piece: Piece, found: set[str]) -> set[str]:
    """The letters that stand for a step in a definition."""
    return {letter for ref in _own_and_read(name, piece) if ref.name in found for letter in _variables(step_of(graph, ref))}
