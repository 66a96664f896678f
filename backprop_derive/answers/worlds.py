"""Random points of the forward pass, at which every name of a page has its value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import count
from math import prod
from typing import Literal

import numpy as np

from backprop_derive.answers.derivatives import TOTAL, Derivatives, Target
from backprop_derive.answers.statements import Side
from backprop_derive.calculus.derivation import Derivation
from backprop_derive.calculus.terms import guarded
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.graph.expressions import ZERO, Bracket, Expression, Partial, Ref, add, free_variables, mul, reindex
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Affine, Axis, axis_to, equal, size
from backprop_derive.graph.nodes import Assumption, Fact, Graph, Node
from backprop_derive.numerics.backends import FLOAT, Array, FloatBackend, exact_backend
from backprop_derive.numerics.drawing import Point, draw_point
from backprop_derive.numerics.evaluation import Evaluator, Run, node_values
from backprop_derive.numerics.probing import with_cost

DIGITS = 40
LEARNING_RATE = "eta"
LARGEST_TARGET = 200
REDRAWN = 6
Definitions = Mapping[str, Side]
NOTHING: Definitions = {}


@dataclass(frozen=True)
class Valued:
    """A side at a point: `values` over the samples (if `sampled`), then over its letters, and Σ|summands| of each, `scales`."""

    values: Array
    scales: Array
    sampled: bool


@dataclass(frozen=True)
class Leaf:
    """A name that is no node of the network, with its values: an adjoint, a derivative, a name that a calculation defined."""

    node: Node
    values: Array


class World:
    """One point, in the numbers of one backend. Everything is worked out when it is asked for, and kept.

    `rate` is the learning rate: None draws one, False says that there is none. `forward` are the values of all nodes, if they are
    not to be computed.
    """

    def __init__(
        self,
        derivation: Derivation,
        derivatives: Derivatives,
        point: Point,
        backend: FloatBackend,
        *,
        rate: Fraction | Literal[False] | None = None,
        forward: Mapping[str, Array] | None = None,
    ) -> None:
        self.derivation, self.graph, self.derivatives, self.point, self.backend = derivation, derivation.graph, derivatives, point, backend
        self._rate, self._given = rate, forward
        self._leaves: dict[tuple[str, ...], Leaf] = {}
        self._runs: dict[str, Run] = {}
        self._defined: dict[tuple[str, int], tuple[Side, Leaf]] = {}

    @cached_property
    def forward(self) -> Mapping[str, Array]:
        """The values of all nodes of the network."""
        if self._given is not None:
            return self._given
        return node_values(self.graph, self.point.values, self.point.sizes, functions=self.point.functions, backend=self.backend)

    def value(self, side: Side, definitions: Definitions = NOTHING) -> Valued:
        """A side with Σ|summands|; names that the calculation defined have the values of their definitions.

        Raises EvaluationError where it has no value, NotYetError for a derivative that is not built.
        """
        evaluator, settled, letters, axes, sampled = self._prepared(side.expression, side.letters, side.axes, definitions)
        values = evaluator.expression(settled, letters, axes)
        return Valued(values, evaluator.expression(settled, letters, axes, magnitude=True), sampled)

    def values(self, side: Side, definitions: Definitions = NOTHING) -> Array:
        """The values alone."""
        evaluator, settled, letters, axes, _ = self._prepared(side.expression, side.letters, side.axes, definitions)
        return evaluator.expression(settled, letters, axes)

    def evaluator(self, expression: Expression, definitions: Definitions = NOTHING) -> tuple[Evaluator, Expression]:
        """What evaluates an expression of an answer, and the expression with a mention of a node for everything else."""
        extra: dict[str, Leaf] = {}
        settled = self._settled(expression, definitions, extra)
        nodes = (*(node for node in self.graph.nodes if node.name not in extra), *(leaf.node for leaf in extra.values()))
        graph = replace(self.graph, nodes=nodes)
        evaluator = Evaluator(graph, {}, self.point.sizes, functions=self.point.functions, backend=self.backend)
        evaluator.store.arrays.update({name: value[None] for name, value in self.forward.items() if name not in extra})
        evaluator.store.arrays.update({name: leaf.values[None] for name, leaf in extra.items()})
        return evaluator, settled

    def _prepared(
        self, expression: Expression, letters: tuple[str, ...], axes: tuple[Axis, ...], definitions: Definitions
    ) -> tuple[Evaluator, Expression, tuple[str, ...], tuple[Axis, ...], bool]:
        evaluator, settled = self.evaluator(expression, definitions)
        sampled = self.is_sampled(settled)
        if sampled and self.graph.samples is not None:
            letters, axes = (self.graph.samples.index, *letters), (axis_to(size(self.graph.samples.size)), *axes)
        return evaluator, settled, letters, axes, sampled

    def is_sampled(self, settled: Expression) -> bool:
        """Whether an expression differs from sample to sample."""
        return self.graph.samples is not None and self.graph.samples.index in free_variables(settled)

    # -- names that are no nodes of the graph -----------------------------------------------------------------------------

    def _settled(self, expression: Expression, definitions: Definitions, extra: dict[str, Leaf]) -> Expression:
        """The expression with derivatives, adjoints and defined names as mentions of leaves, which `extra` collects."""

        def change(each: Expression) -> Expression | None:
            if isinstance(each, Partial):
                return self._derivative(each, definitions, extra)
            if isinstance(each, Ref) and each.name not in extra:
                leaf = self._named(each.name, definitions)
                if leaf is not None:
                    extra[each.name] = leaf
            return None

        return replace_in(expression, change)

    def _named(self, name: str, definitions: Definitions) -> Leaf | None:
        """What a name stands for; None for a node of the network."""
        if name in definitions:
            return self._definition(name, definitions)
        if name in self.graph.by_name:
            return None
        if (name,) not in self._leaves:
            self._leaves[name,] = self._special(name)
        return self._leaves[name,]

    def _special(self, name: str) -> Leaf:
        if name in self._adjoint_of:
            return self._adjoint(name)
        if name == self.graph.cost.name:
            return Leaf(Node(name), self._cost())
        if name == LEARNING_RATE:
            if self._rate is False:
                raise EvaluationError("the spec gives no learning_rate")
            drawn = Fraction(int(np.random.default_rng(self.point.seed + 77).integers(100, 900)), 1000)
            return Leaf(Node(name), self.backend.array(drawn if self._rate is None else self._rate))
        raise EvaluationError(f"{name} has no value here")

    def _definition(self, name: str, definitions: Definitions) -> Leaf:
        side = definitions[name]
        key = name, id(side)
        if key not in self._defined:
            earlier = {other: each for other, each in definitions.items() if other != name}
            found = self.value(side, earlier)
            letters, axes = side.letters, side.axes
            if found.sampled and self.graph.samples is not None:
                letters, axes = (self.graph.samples.index, *letters), (axis_to(size(self.graph.samples.size)), *axes)
            self._defined[key] = side, Leaf(Node(name, letters, axes, sampled=found.sampled), found.values)
        return self._defined[key][1]

    @cached_property
    def _adjoint_of(self) -> Mapping[str, str]:
        return {name: of for of, name in self.derivation.names.items()}

    def _adjoint(self, name: str) -> Leaf:
        """δ of a node: the adjoint of the summed loss, without the cost's 1/m."""
        node = self.graph.node(self._adjoint_of[name])
        held = self.derivatives.of(self.graph.cost.loss).held[node.name].removesuffix("@each")
        return Leaf(replace(node, name=name, pieces=()), self._held(self.derivatives.of(self.graph.cost.loss), held))

    def _cost(self) -> Array:
        priced, name = with_cost(self.graph)
        run = Run(Evaluator(priced, {}, self.point.sizes, functions=self.point.functions, backend=self.backend))
        run.arrays.update({key: value[None] for key, value in self.forward.items()})
        run.advance(Target("", priced, {}).blocks_for(name, self.forward))
        return np.asarray(run.arrays[name][0, ...])

    # -- derivatives --------------------------------------------------------------------------------------------------

    def _derivative(self, partial: Partial, definitions: Definitions, extra: dict[str, Leaf]) -> Expression:
        """The derivative as a mention of a leaf that has its values, at the places that are meant."""
        if partial.direct:
            return self._settled(self._direct(partial), definitions, extra)
        top, bottom = self._plain(partial.top.name), self._plain(partial.bottom.name)
        if partial.top == self.graph.differentiated and self._is_sampled(partial.top) and not partial.top.indices:
            top = TOTAL
        for name in (top, bottom):
            if name in definitions or (name not in self.graph.by_name and name not in (self.graph.cost.name, TOTAL)):
                raise NotYetError(f"the derivative of or by {name}, which is no quantity of the network")
        if self.derivatives.holding(top, bottom) is None:
            return ZERO
        key = top, bottom
        if key not in self._leaves:
            self._leaves[key] = self._total(top, bottom)
        leaf = self._leaves[key]
        extra[leaf.node.name] = leaf
        samples = [ref.indices[0] for ref in (partial.top, partial.bottom) if self._is_sampled(ref) and ref.indices]
        places = (*samples[:1], *self._own(partial.top), *self._own(partial.bottom))
        found = Ref(leaf.node.name, places)
        if len(samples) > 1 and samples[0] != samples[1]:
            return mul(Bracket(equal(samples[0], samples[1])), found)
        return found

    def _direct(self, partial: Partial) -> Expression:
        """The derivative of the direct mention only: the local derivatives of the links, at the places that are meant."""
        found: list[Expression] = []
        for link in self.derivation.chain.links(partial.bottom.name):
            if link.child.name == partial.top.name:
                written, meant = link.child.indices + link.parent.indices, partial.top.indices + partial.bottom.indices
                places: dict[str, Affine] = {}
                conditions = list(link.conditions)
                for mine, theirs in zip(written, meant, strict=True):
                    if mine.variable is not None and mine.variable not in places:
                        places[mine.variable] = theirs
                    elif mine.substitute(places) != theirs:
                        conditions.append(equal(mine, theirs))
                found.append(reindex(guarded(link.value, conditions), places))
        if not found:
            raise NotYetError("the direct derivative of what is no neighbour of it")
        return add(*found)

    def _plain(self, name: str) -> str:
        """The cost of a single sample is its loss."""
        return self.graph.cost.loss if name == self.graph.cost.name and name in self.graph.by_name else name

    def _is_sampled(self, ref: Ref) -> bool:
        node = self.graph.by_name.get(ref.name)
        return node is not None and node.sampled

    def _own(self, ref: Ref) -> tuple[Affine, ...]:
        return ref.indices[1:] if self._is_sampled(ref) else ref.indices

    def _total(self, top: str, bottom: str) -> Leaf:
        """∂top/∂bottom, over the axes of both."""
        target, held = self.derivatives.of(top), self.derivatives.holding(top, bottom)
        assert held is not None
        axes, sampled = self.derivatives.axes(top, bottom), self.derivatives.is_sampled(top, bottom)
        letters = tuple(f"e#{place}" for place in range(len(axes)))
        values = self._held(target, held)
        if target.picks is not None:
            # the entries of top are batch rows: behind the sample axis they belong, as axes of their own
            values = np.moveaxis(values, 0, int(sampled))
            shape = self._run(target).evaluator.store.shape(target.picks.name)
            values = values.reshape(*values.shape[: int(sampled)], *shape, *values.shape[int(sampled) + 1 :])
        return Leaf(Node(f"d{top}/d{bottom}", letters, axes, sampled=sampled), values)

    def _held(self, target: Target, name: str) -> Array:
        """The value of a node of a target's graph; of an array target, a row for each entry."""
        run = self._run(target)
        if name not in run.arrays:
            run.advance(target.blocks_for(name, run.arrays))
        array = run.arrays[name]
        if target.picks is None:
            return np.asarray(array[0, ...])
        return np.asarray(np.broadcast_to(array, (run.batch, *array.shape[1:])))

    def _run(self, target: Target) -> Run:
        """The evaluation of a target's graph, as far as it has come. The entries of an array are picked side by side."""
        if target.of not in self._runs:
            evaluator = Evaluator(target.graph, {}, self.point.sizes, functions=self.point.functions, backend=self.backend)
            entries = prod(evaluator.store.shape(target.picks.name)) if target.picks is not None else 1
            if entries > LARGEST_TARGET:
                raise NotYetError(f"the derivative of an array of more than {LARGEST_TARGET} entries")
            run = Run(evaluator, entries)
            run.arrays.update({name: value[None] for name, value in self.forward.items()})
            if target.picks is not None:
                picked = np.eye(entries).reshape(entries, *evaluator.store.shape(target.picks.name))
                run.arrays[target.picks.name] = self.backend.array(picked)
            self._runs[target.of] = run
        return self._runs[target.of]


@dataclass(frozen=True)
class Worlds:
    """The random points of one network, in 40 digits and in double precision.

    Leaves are drawn as `facts` and `assumptions` say, and otherwise free: nothing is assumed of targets. Sizes that are symbols
    differ from point to point. `held` are leaves that keep the value that the spec gives.
    """

    derivation: Derivation
    seed: int = 0
    facts: tuple[Fact, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    shared: Derivatives | None = field(default=None, repr=False)
    held: tuple[str, ...] = ()

    @cached_property
    def derivatives(self) -> Derivatives:
        """The derivatives of the network, which all points share."""
        return self.shared or Derivatives(self.graph)

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.derivation.graph

    @cached_property
    def fixed(self) -> Mapping[str, Array]:
        """The constants that have a value in the spec: they keep it, and so does what is held. Weights and data are always drawn."""
        given = {each.name: each.value for each in self.graph.numbers.values if each.place is None and each.name in self.graph.by_name}
        return {name: np.array(value, dtype=float) for name, value in given.items() if self.graph.node(name).role == "constant" or name in self.held}

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The targets of a single sample that the spec gives as 0, 1 or −1, with what it says of each: `y = 1`."""
        if self.graph.samples is not None:
            return {}
        found = {}
        for each in self.graph.numbers.values:
            if each.place is None and each.name in self.graph.by_name and self.graph.node(each.name).role == "target":
                values = np.array(each.value, dtype=float)
                if np.isin(values, (0, 1, -1)).all():
                    entries = [f"{value:g}" for value in values.reshape(-1)]
                    found[each.name] = f"{each.name} = {entries[0] if len(entries) == 1 else '[' + ', '.join(entries) + ']'}"
        return found

    @cached_property
    def labelled(self) -> Worlds:
        """The points with these targets."""
        return Worlds(self.derivation, self.seed, self.facts, self.assumptions, self.derivatives, tuple(self.labels))

    def under(self, facts: tuple[Fact, ...], assumptions: tuple[Assumption, ...]) -> Worlds:
        """The points where something is assumed; kept."""
        key = facts, assumptions
        if key not in self._assuming:
            self._assuming[key] = Worlds(self.derivation, self.seed, facts, assumptions, self.derivatives, self.held)
        return self._assuming[key]

    def exact(self, at: int) -> World:
        """Point number `at`, in 40 digits. Raises EvaluationError where there is none."""
        return self._world(at, exact_backend(DIGITS))

    def floating(self, at: int) -> World:
        """The same point in double precision."""
        return self._world(at, FLOAT)

    def __iter__(self) -> Iterator[World]:
        return (self.exact(at) for at in count())

    def point(self, at: int) -> Point:
        """Point number `at`. Raises EvaluationError where none is found."""
        if at not in self._points:
            self._points[at] = self._drawn(at)
        return self._points[at]

    def _drawn(self, at: int) -> Point:
        """A point whose sizes differ from those of the point before it, if they are symbols."""
        graph = replace(self.graph, facts=self.facts, assumptions=self.assumptions)
        point = draw_point(graph, self.seed + 1000 * at, self.fixed)
        if at == 0 or not set(point.sizes) - set(graph.sizes):
            return point
        before = self.point(at - 1).sizes
        for more in range(1, REDRAWN):
            if all(point.sizes[name] != before[name] for name in point.sizes if name not in graph.sizes):
                return point
            point = draw_point(graph, self.seed + 1000 * at + more, self.fixed)
        return point

    def _world(self, at: int, backend: FloatBackend) -> World:
        key = at, backend.name
        if key not in self._worlds:
            self._worlds[key] = World(self.derivation, self.derivatives, self.point(at), backend)
        return self._worlds[key]

    @cached_property
    def kept(self) -> dict[str, object]:
        """What others have found out about these points and keep with them."""
        return {}

    @cached_property
    def _points(self) -> dict[int, Point]:
        return {}

    @cached_property
    def _worlds(self) -> dict[tuple[int, str], World]:
        return {}

    @cached_property
    def _assuming(self) -> dict[tuple[tuple[Fact, ...], tuple[Assumption, ...]], Worlds]:
        return {}
