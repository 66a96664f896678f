"""Total derivatives of any node by any other, as nodes that can be evaluated.

The derivative of `top` by `bottom` is the engine's adjoint with `top` as the target: over all paths, everything behind `bottom`
following. Of an array the target is Σ_j u[j]·top[j], with u picking one entry at a time. Of what differs from sample to sample by
what all samples share, the sum over the samples is left off the adjoint:

    ∂L[i]/∂w = the summand i of ∂(Σ_i L[i])/∂w
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from backprop_derive.calculus.adjoints import Adjoint, adjoints, ancestors, with_adjoints
from backprop_derive.calculus.terms import Term, expression_of
from backprop_derive.errors import NotYetError
from backprop_derive.graph.expressions import Bound, Fold, Ref, mul, refs
from backprop_derive.graph.indices import Axis, axis_to, size, variable
from backprop_derive.graph.nodes import Cost, Graph, Node, Piece
from backprop_derive.numerics.probing import with_cost
from backprop_derive.numerics.schedule import Block, schedule

PICKING, PICKED, EACH = "pick#", "picked#", "@each"
TOTAL = "total#"
"""The sum of the losses of all samples, as what is differentiated."""


@dataclass(frozen=True)
class Target:
    """The derivatives of the node `of` by all others: a graph with nodes that hold them.

    `held` gives that node by the name of what is differentiated by; what does not reach the target has none, its derivative is 0.
    `picks` is the leaf that picks an entry of an array, None where the target is a number. `coupled` are the nodes
    whose derivative, sample by sample, is not built, since the samples are coupled.
    """

    of: str
    graph: Graph
    held: Mapping[str, str]
    picks: Node | None = None
    coupled: frozenset[str] = frozenset()

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Everything that is computed, in order."""
        return schedule(self.graph)

    def blocks_for(self, name: str, known: Iterable[str]) -> tuple[Block, ...]:
        """What has to be evaluated for a node, in order, beside what is known."""
        needed, waiting, settled = set[str](), [name], set(known)
        while waiting:
            each = waiting.pop()
            if each not in needed and each not in settled:
                needed.add(each)
                waiting.extend(self.graph.parents[each])
        return tuple(block for block in self.blocks if needed.intersection(block.names))


@dataclass(frozen=True)
class Derivatives:
    """The targets of one graph, made when they are asked for."""

    graph: Graph

    @cached_property
    def _known(self) -> dict[str, Target]:
        return {}

    def of(self, top: str) -> Target:
        """The derivatives of `top`: the cost's name, TOTAL, or a node's."""
        if top not in self._known:
            self._known[top] = self._made(top)
        return self._known[top]

    def holding(self, top: str, bottom: str) -> str | None:
        """The node of top's target that holds ∂top/∂bottom; None where it is 0. Raises NotYetError where the samples are coupled."""
        target = self.of(top)
        if bottom in target.coupled or (bottom in target.held and self._crosses_samples(top, bottom)):
            raise NotYetError(f"the derivative of {top} by {bottom}, sample by sample, where the samples are coupled")
        return target.held.get(bottom)

    def is_sampled(self, top: str, bottom: str) -> bool:
        """Whether ∂top/∂bottom differs from sample to sample."""
        return any(self.graph.by_name[name].sampled for name in (top, bottom) if name in self.graph.by_name)

    def axes(self, top: str, bottom: str) -> tuple[Axis, ...]:
        """The axes of ∂top/∂bottom: the samples' where it differs from sample to sample, then top's, then bottom's."""
        samples = (_sample_axis(self.graph),) if self.is_sampled(top, bottom) else ()
        return (*samples, *self._own(top), *self._own(bottom))

    def _own(self, name: str) -> tuple[Axis, ...]:
        node = self.graph.by_name.get(name)
        return () if node is None else node.axes[1:] if node.sampled else node.axes

    def _crosses_samples(self, top: str, bottom: str) -> bool:
        """Whether one sample's `top` depends on another sample's values on the way from `bottom`. By what differs from sample to
        sample, the summed loss is differentiated, so there it does not matter."""
        names = self.graph.by_name
        if top not in names or not names[top].sampled or (top == self.graph.cost.loss and names[bottom].sampled):
            return False
        between = ancestors(self.graph, top)
        reached = _descendants(self.graph, bottom) & between
        return any(name != bottom and mixes_samples(names[name], names) for name in reached)

    # -- making them --------------------------------------------------------------------------------------------------

    def _made(self, top: str) -> Target:
        if top not in self.graph.by_name:
            summed = replace(self.graph, cost=Cost(TOTAL, self.graph.cost.loss, "sum"))
            priced, target = with_cost(summed if top == TOTAL else self.graph)
            return _target(top, priced, target, None)
        node, own = self.graph.node(top), self._own(top)
        if not own:
            return _target(top, self.graph, top, None)
        letters = node.letters[int(node.sampled) :]
        picks = Node(PICKING, letters, own)
        product = mul(Ref(PICKING, tuple(variable(letter) for letter in letters)), node.ref())
        for letter, axis in zip(reversed(letters), reversed(own), strict=True):
            product = Fold("sum", Bound(letter, axis), product)
        sample = node.letters[: int(node.sampled)]
        axes = node.axes[: len(sample)]
        piece = Piece(tuple(variable(letter) for letter in sample), tuple(zip(sample, axes, strict=True)), product)
        picked = Node(PICKED, sample, axes, (piece,), sampled=node.sampled)
        return _target(top, replace(self.graph, nodes=(*self.graph.nodes, picks, picked)), PICKED, picks)


def _target(of: str, graph: Graph, target: str, picks: Node | None) -> Target:
    found = adjoints(graph, target)
    held = {name: adjoint.name for name, adjoint in found.items()}
    extended = with_adjoints(graph, found)
    if not graph.node(target).sampled:
        return Target(of, extended, held, picks)
    shared = [name for name in found if not graph.node(name).sampled]
    each, coupled = _sample_by_sample(graph, found, shared)
    held |= {name: found[name].name + EACH for name in shared}
    return Target(of, replace(extended, nodes=(*extended.nodes, *each)), held, picks, coupled)


def _sample_by_sample(graph: Graph, found: Mapping[str, Adjoint], shared: Iterable[str]) -> tuple[list[Node], frozenset[str]]:
    """The adjoints of what all samples share, one for each sample, and the names of those that cannot be built so."""
    made: dict[str, Node] = {}
    coupled: set[str] = set()
    for name in shared:
        try:
            made[name] = _each_sample(found[name], found, graph)
        except NotYetError:
            coupled.add(name)
    behind = set(coupled)
    while more := {name for name in made if name not in behind and behind.intersection(graph.children[name])}:
        behind |= more
    return [node for name, node in made.items() if name not in behind], frozenset(behind)


def _each_sample(adjoint: Adjoint, found: Mapping[str, Adjoint], graph: Graph) -> Node:
    """The adjoint of what all samples share, sample by sample: without the sum over them."""
    assert graph.samples is not None
    sample = graph.samples.index
    terms: list[Term] = []
    for each in adjoint.contributions:
        child = graph.node(each.child.name)
        if not child.sampled:
            terms.append(each.local.before(Ref(found[child.name].name + EACH, (variable(sample), *each.child.indices))))
            continue
        bound = next((bound for bound in each.local.bounds if bound.name == each.child.indices[0].variable), None)
        if bound is None or any(bound.name in index.variables() for index in each.child.indices[1:]):
            raise NotYetError("the derivative of one sample's loss where the samples are coupled")
        whole = each.local.before(Ref(found[child.name].name, each.child.indices))
        single = replace(whole, bounds=tuple(other for other in whole.bounds if other != bound))
        terms.append(single.reindex({bound.name: variable(sample)}) if bound.name != sample else single)
    node = adjoint.node
    letters, axes = (sample, *node.letters), (_sample_axis(graph), *node.axes)
    piece = Piece(tuple(variable(letter) for letter in letters), tuple(zip(letters, axes, strict=True)), expression_of(tuple(terms)))
    return Node(adjoint.name + EACH, letters, axes, (piece,), "adjoint", sampled=True)


def _sample_axis(graph: Graph) -> Axis:
    assert graph.samples is not None
    return axis_to(size(graph.samples.size))


def _descendants(graph: Graph, name: str) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        for child in graph.children[waiting.pop()]:
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def mixes_samples(node: Node, names: Mapping[str, Node]) -> bool:
    """Whether a node reads what differs from sample to sample otherwise than at its own sample."""
    for piece in node.pieces:
        own = piece.places[0].variable if node.sampled else None
        for ref in refs(piece.definition):
            if ref.name in names and names[ref.name].sampled and (own is None or ref.indices[0].variable != own):
                return True
    return False
