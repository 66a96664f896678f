"""In which order nodes are evaluated: one by one, or step by step where they refer to each other.

Nodes that refer to each other (`h[t]` to `s[t]`, `s[t]` to `h[t-1]`) are a recurrence: along one axis of each, every
mention is shifted by a constant, and all shifts point the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from backprop_derive.errors import EvaluationError, Problem, nearest
from backprop_derive.graph.expressions import Bracket, Expression, Fold, Integer, Ref, children
from backprop_derive.graph.indices import Affine, Pick
from backprop_derive.graph.nodes import Graph, Node, Piece


@dataclass(frozen=True, slots=True)
class Block:
    """Nodes that are evaluated together, in order.

    In a recurrence `steps` gives the position of the step axis among each node's axes; `descending`: from the last step
    to the first. Otherwise `steps` is empty.
    """

    names: tuple[str, ...]
    steps: Mapping[str, int]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class _Mention:
    """`source`, at `piece`, reads `target` at `indices`; index letters in `bound` are not those of the piece."""

    source: str
    piece: Piece
    target: str
    indices: tuple[Affine, ...]
    bound: frozenset[str]

    def shift(self, steps: Mapping[str, int]) -> int | None:
        """How far off the read is along the step axis, if that is a constant."""
        form, place = self.indices[steps[self.target]], self.piece.places[steps[self.source]]
        return None if form.variables() & self.bound else (form - place).number


@lru_cache(maxsize=32)
def schedule(graph: Graph) -> tuple[Block, ...]:
    """All nodes in an order in which each can be evaluated. Raises EvaluationError naming the nodes of a circle."""
    for name, parents in graph.parents.items():
        for parent in parents:
            if parent not in graph.by_name:
                hint = nearest(parent, graph.by_name)
                raise EvaluationError(Problem(f"{name} mentions {parent}, which is not defined", value=parent, nearest=hint))
    return tuple(_block(graph, names) for names in _components(graph))


def _block(graph: Graph, names: tuple[str, ...]) -> Block:
    if len(names) == 1 and names[0] not in graph.parents[names[0]]:
        return Block(names, {})
    nodes = [graph.node(name) for name in names]
    mentions = [each for node in nodes for each in _mentions(node) if each.target in names]
    for steps in _step_axes(graph, mentions, {}, names[0]):
        shifts = [each.shift(steps) for each in mentions]
        signs = {(shift > 0) - (shift < 0) for shift in shifts if shift is not None}
        if None in shifts or {1, -1} <= signs:
            continue
        order = _order_within(names, [each for each, shift in zip(mentions, shifts, strict=True) if shift == 0])
        if order is not None:
            return Block(order, steps, 1 in signs)
    if len(names) == 1:
        raise EvaluationError(f"{names[0]} refers to itself, and not by a constant shift along one index")
    raise EvaluationError(f"{', '.join(names)} refer to each other, and not by constant shifts of one direction along one index")


def _step_axes(graph: Graph, mentions: list[_Mention], known: dict[str, int], name: str) -> Iterator[dict[str, int]]:
    """Every way to choose one axis of each node such that mentions are shifted by constants along them."""
    open_mentions = [each for each in mentions if each.source in known and each.target not in known]
    if known and not open_mentions:
        yield known
        return
    if not known:
        choices = [(name, axis) for axis in range(len(graph.node(name).axes))]
    else:
        mention = open_mentions[0]
        count = len(graph.node(mention.target).axes)
        choices = [(mention.target, axis) for axis in range(count) if mention.shift({mention.target: axis, mention.source: known[mention.source]}) is not None]
    for target, axis in choices:
        yield from _step_axes(graph, mentions, {**known, target: axis}, name)


def _order_within(names: tuple[str, ...], mentions: list[_Mention]) -> tuple[str, ...] | None:
    """The order within one step, or None if a node needs itself."""
    needs: dict[str, set[str]] = {name: set() for name in names}
    for each in mentions:
        needs[each.source].add(each.target)
    try:
        return tuple(TopologicalSorter(needs).static_order())
    except CycleError:
        return None


def _mentions(node: Node) -> Iterator[_Mention]:
    for piece in node.pieces:
        for ref, bound in _bound_refs(piece.definition, frozenset()):
            yield _Mention(node.name, piece, ref.name, ref.indices, bound)


def _bound_refs(expression: Expression, bound: frozenset[str]) -> Iterator[tuple[Ref, frozenset[str]]]:
    """Every mention of a node, and the index letters that folds around it bind."""
    forms: tuple[Affine, ...] = ()
    match expression:
        case Ref(_, indices):
            yield expression, bound
            forms = indices
        case Integer(form):
            forms = (form,)
        case Bracket(condition):
            forms = (condition.form,)
        case Fold(_, inner, _, at):
            forms = (inner.axis.low, inner.axis.high, *(() if at is None else (at,)))
    for form in forms:
        yield from ((atom.ref, bound) for atom in form.atoms() if isinstance(atom, Pick))
    inside = bound | {expression.bound.name} if isinstance(expression, Fold) else bound
    for child in children(expression):
        yield from _bound_refs(child, inside)


def _components(graph: Graph) -> list[tuple[str, ...]]:
    """The strongly connected components, parents first (Kosaraju's algorithm, without recursion)."""
    finished = _finish_order(list(graph.by_name), lambda name: graph.children[name])
    seen: set[str] = set()
    found = []
    for name in reversed(finished):
        component = _finish_order([name], lambda each: graph.parents[each], seen)
        if component:
            found.append(tuple(each for each in graph.by_name if each in component) if len(component) > 1 else tuple(component))
    return found


def _finish_order(starts: list[str], following: Callable[[str], tuple[str, ...]], seen: set[str] | None = None) -> list[str]:
    """The names reached from `starts`, each after everything that it leads to."""
    seen = set() if seen is None else seen
    finished: list[str] = []
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        stack = [(start, iter(following(start)))]
        while stack:
            name, rest = stack[-1]
            unseen = next((each for each in rest if each not in seen), None)
            if unseen is None:
                finished.append(name)
                stack.pop()
            else:
                seen.add(unseen)
                stack.append((unseen, iter(following(unseen))))
    return finished
