"""The backward pass over single entries, repeated with changes in it.

At a point the graph is unrolled: a vertex for each entry of a node, an edge for each child entry that reads a parent entry, with the
local derivative as its value. One sweep from the target back adds up

    ∂T/∂p = Σ_edges ∂T/∂c · e(c, p)

for as many changed sets of edges as there are changes, side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import numpy as np

from backprop_derive.answers.worlds import World
from backprop_derive.calculus.adjoints import ancestors
from backprop_derive.calculus.links import Link, links
from backprop_derive.calculus.terms import guarded
from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import Expression, Partial, walk
from backprop_derive.graph.indices import Affine, Axis
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.evaluation import Evaluator
from backprop_derive.numerics.probing import with_cost

LARGEST = 6_000


class TooLarge(Exception):
    """More edges than a search can move."""


@dataclass(frozen=True)
class Routes:
    """The links of a graph by which nodes reach the target: the cost by its node, or any other node."""

    graph: Graph
    target: str

    @cached_property
    def reaching(self) -> set[str]:
        """The nodes that the target depends on."""
        return ancestors(self.graph, self.target)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """All links between them."""
        return tuple(link for node in self.graph.nodes if node.name in self.reaching and node.name != self.target for link in links(self.graph, node, self.reaching))


def routes_to(graph: Graph, top: str) -> Routes:
    """The routes to a node, or to the cost by its name."""
    if top == graph.cost.name and top not in graph.by_name:
        return Routes(*with_cost(graph))
    return Routes(graph, top)


@dataclass(frozen=True)
class Edges:
    """The edges of one link: `children` and `parents` are vertices, `values` the local derivatives."""

    children: tuple[int, ...]
    parents: tuple[int, ...]
    values: Array


class Unrolled:
    """The entries of a graph at one point."""

    def __init__(self, routes: Routes, world: World) -> None:
        self.routes, self.graph, self.world = routes, routes.graph, world
        self.evaluator = Evaluator(self.graph, {}, world.point.sizes, functions=world.point.functions, backend=world.backend)
        self.evaluator.store.arrays.update({name: value[None] for name, value in world.forward.items()})
        self.starts: dict[str, int] = {}
        self.count = 0
        for node in self.graph.nodes:
            if node.name in routes.reaching:
                self.starts[node.name] = self.count
                self.count += prod(self.evaluator.store.shape(node.name))
        if self.count > LARGEST:
            raise TooLarge

    @cached_property
    def edges(self) -> tuple[Edges, ...]:
        """The edges of every link, in the order of the links. Raises TooLarge."""
        found = tuple(self._edges(link) for link in self.routes.links)
        if sum(len(each.children) for each in found) > LARGEST:
            raise TooLarge
        return found

    def vertex(self, name: str, place: Sequence[int]) -> int:
        """The vertex of an entry; indices as they are written, from the low ends on."""
        spans = self.evaluator.store.places(name)
        at = 0
        for index, (low, length) in zip(place, spans, strict=True):
            if not 0 <= index - low < length:
                raise EvaluationError(f"{name} has no such entry")
            at = at * length + index - low
        return self.starts[name] + at

    def local(self, link: Link, value: Expression) -> Array:
        """Another value on the edges of a link. Raises EvaluationError."""
        letters, axes = self._letters(link)
        evaluator, settled = self.evaluator, guarded(value, link.conditions)
        if any(isinstance(each, Partial) for each in walk(settled)):
            evaluator, settled = self.world.evaluator(settled)
        array = evaluator.expression(settled, letters, axes)
        return np.asarray(array).reshape(-1)[list(self._kept(link))]

    def sweep(self, values: Array, seeds: Sequence[int]) -> Array:
        """Adjoints of all vertices, (vertex, change): `values` has a row for each edge, all links in order, and a column for each change."""
        adjoint = np.zeros((self.count, values.shape[1]), dtype=values.dtype)
        if values.dtype == object:
            adjoint[...] = self.world.backend.array(0.0).item()
        for seed in seeds:
            adjoint[seed] += 1
        children, parents = self._ends
        for at in self._order:
            adjoint[parents[at]] += adjoint[children[at]] * values[at]
        return adjoint

    @cached_property
    def values(self) -> Array:
        """The true value on every edge."""
        arrays = [each.values for each in self.edges]
        return np.concatenate(arrays) if arrays else np.zeros(0)

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Where the edges of each link begin."""
        return tuple(np.cumsum([0, *(len(each.children) for each in self.edges)]).tolist())

    @cached_property
    def _ends(self) -> tuple[list[int], list[int]]:
        return [at for each in self.edges for at in each.children], [at for each in self.edges for at in each.parents]

    @cached_property
    def _order(self) -> list[int]:
        """The edges such that a vertex has got all of its adjoint before it is passed on."""
        children, parents = self._ends
        waiting, by_child = [0] * self.count, [list[int]() for _ in range(self.count)]
        for at, (child, parent) in enumerate(zip(children, parents, strict=True)):
            by_child[child].append(at)
            waiting[parent] += 1
        ready = [vertex for vertex in range(self.count) if not waiting[vertex]]
        order: list[int] = []
        while ready:
            for at in by_child[ready.pop()]:
                order.append(at)
                waiting[parents[at]] -= 1
                if not waiting[parents[at]]:
                    ready.append(parents[at])
        return order

    # -- edges of a link ------------------------------------------------------------------------------------------------------

    def _letters(self, link: Link) -> tuple[tuple[str, ...], tuple[Axis, ...]]:
        node = self.graph.node(link.parent.name)
        own = dict(zip(node.letters, node.axes, strict=True))
        bounds = {bound.name: bound.axis for bound in link.bounds if bound.name not in own}
        every = {**own, **bounds}
        return tuple(every), tuple(every.values())

    def _edges(self, link: Link) -> Edges:
        kept = self._kept(link)
        return Edges(tuple(child for child, _ in kept.values()), tuple(parent for _, parent in kept.values()), self.local(link, link.value))

    def _kept(self, link: Link) -> Mapping[int, tuple[int, int]]:
        """Which places of a link's letters are edges: (child, parent) vertices by position."""
        if link not in self._places:
            self._places[link] = dict(self._found(link))
        return self._places[link]

    @cached_property
    def _places(self) -> dict[Link, Mapping[int, tuple[int, int]]]:
        return {}

    def _found(self, link: Link) -> Iterator[tuple[int, tuple[int, int]]]:
        letters, axes = self._letters(link)
        spans = [self.evaluator.store.span(axis, letter) for letter, axis in zip(letters, axes, strict=True)]
        if prod(length for _, length in spans) > 20 * LARGEST:
            raise TooLarge
        for position, place in enumerate(product(*(range(low, low + length) for low, length in spans))):
            exact = {letter: Affine((), index) for letter, index in zip(letters, place, strict=True)}
            if any(condition.substitute(exact).resize(self.world.point.sizes).decided is False for condition in link.conditions):
                continue
            ends = [[index.substitute(exact).resize(self.world.point.sizes).number for index in ref.indices] for ref in (link.child, link.parent)]
            if any(index is None for end in ends for index in end):
                raise TooLarge
            try:
                yield position, (self.vertex(link.child.name, ends[0]), self.vertex(link.parent.name, ends[1]))  # type: ignore[arg-type]
            except EvaluationError:
                continue

