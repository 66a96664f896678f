"""The nodes of a graph as statements that compute them, in an order in which each can be computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backprop_derive.graph.indices import Affine, Axis
from backprop_derive.graph.nodes import Graph, Node, Piece
from backprop_derive.numerics.schedule import Block, schedule
from backprop_derive.presentation.code.python import PythonWriter

_STEP = "    "


def statements(graph: Graph, writer: PythonWriter, wanted: Iterable[str]) -> Iterator[str]:
    """The lines that compute the nodes `wanted`; leaves have their values already."""
    chosen = set(wanted)
    for block in _ordered(graph):
        nodes = [graph.node(name) for name in block.names if name in chosen and not graph.node(name).is_leaf]
        if block.steps and nodes:
            yield from _recurrence(nodes, block, writer)
        else:
            for node in nodes:
                yield from _node(node, writer)


def _ordered(graph: Graph) -> Iterable[Block]:
    """The order of the spec, where each node can be computed in it; else one that is found."""
    before: set[str] = set()
    for node in graph.nodes:
        if not before.issuperset(graph.parents[node.name]):
            return schedule(graph)
        before.add(node.name)
    return [Block((node.name,), {}) for node in graph.nodes]


def _node(node: Node, writer: PythonWriter) -> Iterator[str]:
    name = writer.names(node.name)
    if not node.axes:
        yield f"{name} = {writer.write(node.pieces[0].definition)}"
        return
    yield _empty(node, writer)
    for piece in node.pieces:
        yield from _loops(node, piece, piece.axes, writer)


def _empty(node: Node, writer: PythonWriter) -> str:
    shape = ", ".join(writer.integer(axis.length, {}) for axis in node.axes)
    return f"{writer.names(node.name)} = np.zeros({f'({shape})' if len(node.axes) > 1 else shape})"


def _loops(node: Node, piece: Piece, axes: Iterable[tuple[str, Axis]], writer: PythonWriter, depth: int = 0) -> Iterator[str]:
    """The assignment inside of a loop for each of the axes."""
    before = dict(writer.shifts)
    for letter, axis in axes:
        yield f"{_STEP * depth}for {letter} in range({writer.integer(writer.shifted(axis.length), {})}):"
        writer.loop(letter, axis.low)
        depth += 1
    place = ", ".join(writer.integer(writer.place(node.name, at, index), {}) for at, index in enumerate(piece.places))
    yield f"{_STEP * depth}{writer.names(node.name)}[{place}] = {writer.write(piece.definition)}"
    writer.shifts = before


def _recurrence(nodes: list[Node], block: Block, writer: PythonWriter) -> Iterator[str]:
    """Step by step: first the pieces that stand at a single step, then the others in the order of the steps."""
    yield from (_empty(node, writer) for node in nodes)
    moving: list[tuple[Node, Piece, str, Axis]] = []
    for node in nodes:
        for piece in node.pieces:
            letter = piece.places[block.steps[node.name]].variable
            if letter is None:
                yield from _loops(node, piece, piece.axes, writer)
            else:
                moving.append((node, piece, letter, dict(piece.axes)[letter]))
    low, high = moving[0][3].low, moving[0][3].high
    lows, highs = {each[3].low for each in moving}, {each[3].high for each in moving}
    if len(lows) > 1 or len(highs) > 1:
        low, high = _outermost(lows, lowest=True) or low, _outermost(highs, lowest=False) or high
    first = moving[0][2]
    count = writer.integer(high - low + 1, {})
    yield f"for {first} in {f'reversed(range({count}))' if block.descending else f'range({count})'}:"
    for node, piece, letter, axis in moving:
        before = dict(writer.shifts)
        writer.loop(first, low)
        if letter != first:
            writer.shifts[letter] = writer.shifts[first]
        inner = [(each, own) for each, own in piece.axes if each != letter]
        depth = 1
        if axis.low != low or axis.high != high:
            at = writer.integer(writer.shifts[first], {})
            yield f"{_STEP}if {writer.integer(axis.low, {})} <= {at} <= {writer.integer(axis.high, {})}:"
            depth = 2
        yield from _loops(node, piece, inner, writer, depth)
        writer.shifts = before


def _outermost(ends: set[Affine], *, lowest: bool) -> Affine | None:
    """The lowest or the highest of forms that differ by numbers only."""
    found = next(iter(ends))
    for each in ends:
        difference = (each - found).number
        if difference is None:
            return None
        if (difference < 0) == lowest and difference:
            found = each
    return found
