"""The chain rule over a whole graph: links, the order of the backward pass, and adjoints put together from links.

    ∂T/∂p = Σ_children ∂T/∂child · ∂child/∂p

T is the loss summed over the samples. `assembled` gives this sum by value, `expansion` by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from backprop_derive.calculus.adjoints import Adjoint, adjoint_names, adjoints, ancestors
from backprop_derive.calculus.links import Link, links
from backprop_derive.calculus.normalizing import Statistics, statistics_of
from backprop_derive.calculus.rewriting import Ground, rewrites, tidy
from backprop_derive.calculus.terms import decided, guarded, without_implied
from backprop_derive.graph.expressions import ONE, Bound, Expression, Fold, Number, Partial, Ref, add, children, mul, reindex
from backprop_derive.graph.indices import IndexMap, axis_to, size
from backprop_derive.graph.nodes import Graph, Node

MAXIMUM_PATHS = 8
MAXIMUM_LENGTH = 80

Known = Callable[[Ref], Expression | None]
"""Gives the adjoint of a node at a place, or None where it is to be assembled from its own links."""


class Chain:
    """All that the chain rule says of a graph, worked out when it is asked for."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.loss = graph.node(graph.cost.loss)
        self._links: dict[str, tuple[Link, ...]] = {}
        self._paths: dict[str, int] = {self.loss.name: 1}
        self._lengths: dict[str, int] = {}
        self._textbook: dict[str, Expression] = {}
        self._assuming: set[str] = set()

    # -- what is there ------------------------------------------------------------------------------------------------

    @cached_property
    def adjoints(self) -> Mapping[str, Adjoint]:
        """The adjoints as the engine pulls them, before anything is rewritten."""
        return adjoints(self.graph, self.loss.name)

    @cached_property
    def reaching(self) -> set[str]:
        """The nodes that the loss depends on, the loss included."""
        return ancestors(self.graph, self.loss.name)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What the adjoint of each node is called: `delta_B` for that of `z_B`, `bar_v` for that of v."""
        return adjoint_names(self.graph, [node.name for node in self.graph.nodes if node.name in self.reaching])

    @cached_property
    def recurrent(self) -> set[str]:
        """Nodes that depend on themselves at another place: their adjoints stay symbols."""
        return {name for name in self.reaching if any(name in ancestors(self.graph, parent) for parent in self.graph.parents[name])}

    @cached_property
    def statistics(self) -> Statistics:
        """The means that deviations are taken from, and what is computed with them."""
        return statistics_of(self.graph)

    @cached_property
    def shown(self) -> set[str]:
        """The nodes whose adjoint is a line of the backward pass: the pre-activations, and whatever else is no output of
        one. What is only a part of a loss that is a plain sum needs no line."""
        return {name for name in self.reaching if not self.graph.node(name).is_leaf and name != self.loss.name and self._has_line(name)}

    def _has_line(self, name: str) -> bool:
        node = self.graph.node(name)
        if node.role == "preactivation":
            return True
        above = (self.graph.node(parent) for parent in self.graph.parents[name])
        if node.role == "activation" and any(parent.role == "preactivation" for parent in above):
            return False
        return any(link.child.name != self.loss.name or not isinstance(link.value, Number) for link in self.links(name))

    def links(self, name: str) -> tuple[Link, ...]:
        """The links of a node to the children through which it reaches the loss."""
        if name not in self._links:
            self._links[name] = links(self.graph, self.graph.node(name), self.reaching)
        return self._links[name]

    def backward_order(self) -> list[str]:
        """The nodes, each behind those that are computed from it; recurrences in graph order, backwards."""
        order: list[str] = []
        done: set[str] = set()
        for start in reversed(self.graph.nodes):
            stack = [(start.name, False)]
            while stack:
                name, ready = stack.pop()
                if ready:
                    order.append(name)
                elif name in self.reaching and name not in done:
                    done.add(name)
                    stack.append((name, True))
                    stack.extend((child, False) for child in self.graph.children[name] if child not in done)
        return order

    # -- how much of it fits on a page --------------------------------------------------------------------------------

    def whole(self, name: str) -> bool:
        """Whether the chain rule of a node is written down to the loss: scalars all the way, and few paths."""
        return self._path_count(name) <= MAXIMUM_PATHS

    def _path_count(self, name: str) -> int:
        """How many products the expansion has (found without listing them); arrays and recurrences count as too many."""
        if name not in self._paths:
            self._paths[name] = MAXIMUM_PATHS + 1
            if name not in self.recurrent and all(self._is_scalar(link) for link in self.links(name)):
                total = sum(self._path_count(link.child.name) for link in self.links(name))
                self._paths[name] = min(MAXIMUM_PATHS + 1, total)
        return self._paths[name]

    def _is_scalar(self, link: Link) -> bool:
        child = self.graph.node(link.child.name)
        return len(child.letters) <= int(child.sampled)

    def inlined_length(self, name: str) -> int:
        """How long the adjoint of a node is with every δ put in."""
        if name not in self._lengths:
            self._lengths[name] = 1
            total = sum(self.inlined_length(link.child.name) + _length(link.value) for link in self.links(name))
            self._lengths[name] = min(1_000_000, total)
        return self._lengths[name]

    # -- by value -----------------------------------------------------------------------------------------------------

    def assembled(self, name: str, known: Known) -> Expression:
        """Σ_children ∂T/∂child · (value of the partial), at the node's letters. Nothing is rewritten, but conditions that
        always hold are left off."""
        ground = self.ground(self.graph.node(name))
        return without_implied(self._assembled(name, known), ground.ranges, ground.smallest)

    def _assembled(self, name: str, known: Known) -> Expression:
        if name == self.loss.name:
            return ONE
        return add(*(joined(link, self._adjoint_at(link.child, known), link.value) for link in self.links(name)))

    def _adjoint_at(self, child: Ref, known: Known) -> Expression:
        given = known(child)
        return given if given is not None else decided(reindex(self._assembled(child.name, known), self.places(child)))

    def places(self, ref: Ref) -> IndexMap:
        """What the letters of a node stand for at a mention of it."""
        letters = self.graph.node(ref.name).letters
        return {letter: form for letter, form in zip(letters, ref.indices, strict=True) if form.variable != letter}

    def by_name(self, child: Ref) -> Expression | None:
        """δ by name, for every adjoint that is a line of the backward pass."""
        return Ref(self.names[child.name], child.indices) if child.name in self.shown else None

    def beside_statistics(self, child: Ref) -> Expression | None:
        """The same, but what only serves to compute deviations from a mean is put in."""
        return None if child.name in self.statistics.inner else self.by_name(child)

    def in_full(self, child: Ref) -> Expression | None:
        """δ in its textbook form; by name only in a recurrence, or where it would fill more than a page."""
        if child.name not in self.shown or child.name in self.statistics.inner:
            return None
        if child.name in self.recurrent or self.inlined_length(child.name) > MAXIMUM_LENGTH:
            return self.by_name(child)
        return decided(reindex(self.textbook(child.name), self.places(child)))

    def textbook(self, name: str) -> Expression:
        """∂T/∂(node) at its letters in textbook form."""
        if name not in self._textbook:
            node = self.graph.node(name)
            expression = self.assembled(name, self.unwritten(name))
            for rewrite, after in rewrites(expression, self.ground(node)):
                expression = after
                if rewrite.assumes:
                    self._assuming.add(name)
            self._textbook[name] = tidy(expression)
        return self._textbook[name]

    def unwritten(self, name: str) -> Known:
        """What a derivation of this node takes as known: nothing if it is written down to the loss, else the δs."""
        return _nothing if self.whole(name) else self.in_full

    def settled(self, expression: Expression, node: Node) -> Expression:
        """All rewrites, and the order of a book."""
        for _, after in rewrites(expression, self.ground(node)):
            expression = after
        return tidy(expression)

    def assumed(self, name: str) -> bool:
        """Whether the δs that a node's derivation takes as known were brought to their form by an assumption."""
        if not self.graph.facts or self.whole(name):
            return False
        waiting, seen = [name], {name}
        while waiting:
            for link in self.links(waiting.pop()):
                child = link.child.name
                if child not in seen and child != self.loss.name:
                    seen.add(child)
                    waiting.append(child)
        return any(child in self._assuming for child in seen if child in self.shown and self.textbook(child) is not None)

    def ground(self, node: Node) -> Ground:
        """What rewrites may use at a node."""
        ranges = dict(zip(node.letters, node.axes, strict=True))
        if self.graph.samples is not None:
            ranges[self.graph.samples.index] = axis_to(size(self.graph.samples.size))
        return Ground(ranges, self.graph.smallest, self.graph.facts, self.statistics)

    @property
    def coupled(self) -> bool:
        """Whether the loss of one sample depends on the others."""
        return self.graph.samples is not None and self.graph.samples.coupled

    # -- by name ------------------------------------------------------------------------------------------------------

    def expansion(self, name: str, *, whole: bool) -> Expression:
        """Σ_children ∂L/∂child · ∂child/∂p by name, down to the loss if `whole`, else down to the δs."""
        ground = self.ground(self.graph.node(name))
        return without_implied(self._expansion(name, whole=whole), ground.ranges, ground.smallest)

    def _expansion(self, name: str, *, whole: bool) -> Expression:
        if name == self.loss.name:
            return ONE
        return add(*(joined(link, self._above(link.child, whole=whole), link.partial) for link in self.links(name)))

    def _above(self, child: Ref, *, whole: bool) -> Expression:
        if child.name == self.loss.name:
            return ONE
        if not whole and child.name in self.shown:
            return self.of_loss(child)
        return decided(reindex(self._expansion(child.name, whole=whole), self.places(child)))

    def of_loss(self, child: Ref) -> Expression:
        """∂L/∂child by name: the total derivative, over all paths; of what all samples share, Σ_i ∂L_i/∂child, unless L is their sum."""
        if not self.loss.sampled or self.coupled:
            return Partial(self.graph.differentiated, child)
        if self.graph.node(child.name).sampled:
            return Partial(Ref(self.loss.name, child.indices[:1]), child)
        return Fold("sum", Bound(self.loss.letters[0], self.loss.axes[0]), Partial(self.loss.ref(), child))


def _nothing(_child: Ref) -> None:
    return None


def joined(link: Link, adjoint: Expression, local: Expression) -> Expression:
    """`Σ_bounds [conditions] adjoint · local`, the product in chain order. The adjoint is read at the link's own letters."""
    bound_names = {bound.name for bound in link.bounds}
    inside = tuple(each for each in link.conditions if each.form.variables() & bound_names)
    body = guarded(mul(adjoint, local), inside)
    for bound in reversed(link.bounds):
        body = Fold("sum", bound, body)
    return guarded(body, (each for each in link.conditions if each not in inside))


def _length(expression: Expression) -> int:
    return 1 + sum(_length(child) for child in children(expression))
