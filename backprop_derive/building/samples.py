"""The sample index: a batch is the same graph with one more index on everything that depends on data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain, count

from backprop_derive.graph.expressions import ZERO, Bound, Expression, Fold, Ref, refs, reindex, walk
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import axis_to, size, variable
from backprop_derive.graph.nodes import Mention, Node, Piece, Samples

INDEX_LETTERS = ("i", "s", "u", "r", "q")
SIZE_LETTERS = ("m", "M", "N", "n_samples")

COUNT = "#samples"
EVERY_SAMPLE = axis_to(variable(COUNT))
"""Where a sum over all samples runs, as long as the letters for them are not chosen."""


def choose_samples(nodes: Iterable[Node], taken: set[str]) -> Samples:
    """Letters for the sample index and the number of samples that the spec does not use."""
    used = set(taken)
    for node in nodes:
        used.update(node.letters)
        for axis in node.axes:
            used |= axis.low.sizes() | axis.high.sizes()
        for piece in node.pieces:
            used.update(each.bound.name for each in walk(piece.definition) if isinstance(each, Fold) and not _is_over_samples(each))
    return Samples(_first_free(INDEX_LETTERS, used), _first_free(SIZE_LETTERS, used))


def _first_free(letters: tuple[str, ...], used: set[str]) -> str:
    return next(letter for letter in chain(letters, (f"{letters[0]}_{number}" for number in count(2))) if letter not in used)


def with_samples(nodes: Mapping[str, Node], samples: Samples) -> dict[str, Node]:
    """Give every input, target and descendant of one the sample index, in front of its own."""
    readers: dict[str, list[str]] = {}
    for name, node in nodes.items():
        for read in _of_one_sample(node):
            readers.setdefault(read, []).append(name)
    sampled = {name for name, node in nodes.items() if node.role in ("input", "target")}
    waiting = list(sampled)
    while waiting:
        below = [name for name in readers.get(waiting.pop(), ()) if name not in sampled]
        sampled.update(below)
        waiting.extend(below)
    return {name: _sampled(node, sampled, samples) if name in sampled else _over_samples(node, sampled, samples) for name, node in nodes.items()}


def couples_samples(nodes: Iterable[Node]) -> bool:
    """Whether a node is computed from all samples together."""
    return any(_is_over_samples(each) for node in nodes for piece in node.pieces for each in walk(piece.definition))


def _is_over_samples(expression: Expression) -> bool:
    return isinstance(expression, Fold) and expression.bound.axis == EVERY_SAMPLE


def _of_one_sample(node: Node) -> set[str]:
    """What a node mentions elsewhere than in a sum over all samples."""
    outside = (replace_in(piece.definition, lambda each: ZERO if _is_over_samples(each) else None) for piece in node.pieces)
    return {ref.name for each in outside for ref in refs(each)}


def _over_samples(node: Node, sampled: set[str], samples: Samples) -> Node:
    """A node that is the same for all samples: sums over them get their index."""
    if not couples_samples((node,)):
        return node
    pieces = tuple(replace(piece, definition=_with_index(piece.definition, sampled, samples)) for piece in node.pieces)
    return replace(node, pieces=pieces)


def _sampled(node: Node, sampled: set[str], samples: Samples) -> Node:
    place, axis = variable(samples.index), axis_to(size(samples.size))
    pieces = tuple(
        Piece(
            (place, *piece.places),
            ((samples.index, axis), *piece.axes),
            _with_index(piece.definition, sampled, samples),
            None if piece.mentions is None else tuple(_mention(each, sampled, samples) for each in piece.mentions),
        )
        for piece in node.pieces
    )
    return replace(node, letters=(samples.index, *node.letters), axes=(axis, *node.axes), pieces=pieces, sampled=True)


def _mention(mention: Mention, sampled: set[str], samples: Samples) -> Mention:
    ref = _with_index(mention.ref, sampled, samples)
    assert isinstance(ref, Ref)
    return Mention(ref, _with_index(mention.derivative, sampled, samples), mention.bounds)


def _with_index(expression: Expression, sampled: set[str], samples: Samples) -> Expression:
    """The expression with the index of the samples in front of all that has it, and in the sums over all samples."""

    def with_sample(ref: Ref) -> Ref:
        return Ref(ref.name, (variable(samples.index), *ref.indices)) if ref.name in sampled else ref

    def change(each: Expression) -> Expression | None:
        if isinstance(each, Ref):
            return with_sample(Ref(each.name, tuple(index.with_picks(with_sample) for index in each.indices)))
        if isinstance(each, Fold) and _is_over_samples(each):
            return Fold(each.kind, Bound(samples.index, axis_to(size(samples.size))), replace_in(each.body, change))
        return None

    return reindex(replace_in(expression, change), {COUNT: size(samples.size)})
