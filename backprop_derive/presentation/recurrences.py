"""In words: which way the index of a recurrence runs in the backward pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from backprop_derive.calculus.derivation import Delta
from backprop_derive.graph.expressions import refs
from backprop_derive.graph.indices import variable
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Graph


def directions(graph: Graph, deltas: Sequence[Delta]) -> Iterator[str]:
    """For each index along which lines need other places of each other: `t runs down, from T to 1: …`."""
    behind = {delta.name: _behind(graph, delta.of.name) for delta in deltas}
    of = {delta.name: delta.of.name for delta in deltas}
    found: list[tuple[str, tuple[int, str, str]]] = []
    for delta in deltas:
        cycle = {other for other in behind if of[other] in behind[delta.name] and delta.of.name in behind[other]}
        found += _shifts(graph, delta, cycle)
    runs = dict.fromkeys((letter, shift > 0, low, high) for letter, (shift, low, high) in found)
    several = Counter(letter for letter, *_ in runs)
    for letter, after, low, high in runs:
        way, first, last, side = ("down", high, low, "after") if after else ("up", low, high, "before")
        run = f"{letter} runs {way}, from {first} to {last}"
        yield f"{run}: each place needs the one {side} it" if several[letter] == 1 else f"where a line needs the place {side} it, {run}"


def _behind(graph: Graph, name: str) -> set[str]:
    """What is computed from a node, the node itself only if it depends on itself at another place."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = set(graph.children[waiting.pop()]) - found
        found |= new
        waiting.extend(new)
    return found


def _shifts(graph: Graph, delta: Delta, names: set[str]) -> Iterator[tuple[str, tuple[int, str, str]]]:
    """(letter, (how far off its line reads, first place, last place)) for each index at which it reads a line elsewhere."""
    node = graph.node(delta.of.name)
    reads = [ref for ref in refs(delta.value) if ref.name in names]
    for letter, axis in zip(node.letters, node.formula_axes, strict=True):
        for index in (index for ref in reads for index in ref.indices if index.variables() == {letter}):
            shift = (index - variable(letter)).number
            if shift:
                yield letter, (shift, form_text(axis.low), form_text(axis.high))
