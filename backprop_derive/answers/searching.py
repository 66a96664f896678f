"""The backward pass of one claim at random points: what it gives, and what it gives with changes in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np

from backprop_derive.answers.mistakes import Change, Edit, changes_of
from backprop_derive.answers.replay import Routes, Unrolled
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import Definitions, World, Worlds
from backprop_derive.errors import BackpropError, EvaluationError
from backprop_derive.graph.expressions import Partial, Ref
from backprop_derive.graph.indices import Affine
from backprop_derive.numerics.backends import Array

NEAR = 1e-9
CONFIRMED = 1e-20
POINTS = 3
TRIED = 12


def bottom_of(worlds: Worlds, left: Side) -> Ref:
    match left.expression:
        case Partial(_, bottom):
            return bottom
        case Ref(name, indices):
            of = next(of for of, known in worlds.derivation.names.items() if known == name)
            return Ref(of, indices)
    raise EvaluationError("no derivative")


@dataclass(frozen=True)
class Goal:
    """What is looked at, at one point: where the backward pass begins, which entries it ends in, and what was claimed of them."""

    unrolled: Unrolled
    seeds: tuple[int, ...]
    ends: tuple[int, ...]
    claimed: Array


class Search:
    """The changes of one backward pass, at a point in double precision; what is found is confirmed in 40 digits."""

    def __init__(self, worlds: Worlds, routes: Routes, left: Side, right: Side, definitions: Definitions) -> None:
        self.worlds, self.routes, self.left, self.right, self.definitions = worlds, routes, left, right, definitions
        self.graph = worlds.graph
        self.at = next((at for at in range(TRIED) if self._differs(at)), None)
        if self.at is None:
            raise EvaluationError("no point at which the answer is different")

    def _differs(self, at: int) -> bool:
        """Whether the answer differs from the truth at a point, which is then the one to search at."""
        self.goal = self.goal_at(self.worlds.floating(at))
        self.true = self.ends(self.goal, self.goal.unrolled.values[:, None])[:, 0]
        self.scale = max(float(np.max(np.abs(self.true), initial=0.0)), float(np.max(np.abs(self.goal.claimed), initial=0.0)))
        return bool(np.isfinite(self.scale) and np.max(np.abs(self.true - self.goal.claimed)) > NEAR * self.scale > 0)

    @property
    def points(self) -> tuple[int, ...]:
        assert self.at is not None
        return tuple(range(self.at, self.at + POINTS))

    def goal_at(self, world: World) -> Goal:
        unrolled = Unrolled(self.routes, world)
        value = world.value(self.right, self.definitions)
        claimed = value.values[0, ...] if value.sampled else value.values
        bottom, target = bottom_of(self.worlds, self.left), self.routes.graph.node(self.routes.target)
        places = self._places(unrolled, bottom)
        shared = not self.routes.graph.node(bottom.name).sampled
        first = unrolled.starts[target.name]
        count = prod(unrolled.evaluator.store.shape(target.name))
        # of what all samples share, one sample's derivative is that of the first sample's loss
        seeds = (first,) if target.sampled and shared and self.is_per_sample() else tuple(range(first, first + count))
        return Goal(unrolled, seeds, tuple(unrolled.vertex(bottom.name, place) for place in places), np.broadcast_to(claimed, self.shape(unrolled)).reshape(-1))

    def is_per_sample(self) -> bool:
        match self.left.expression:
            case Partial(top):
                return bool(top.indices)
        return False

    def _spans(self, unrolled: Unrolled) -> list[tuple[int, int]]:
        return [unrolled.evaluator.store.span(axis, letter) for letter, axis in zip(self.left.letters, self.left.axes, strict=True)]

    def shape(self, unrolled: Unrolled) -> tuple[int, ...]:
        return tuple(length for _, length in self._spans(unrolled))

    def _places(self, unrolled: Unrolled, bottom: Ref) -> Iterator[tuple[int, ...]]:
        """The entries of the bottom, in the order of the left side's letters; of the samples the first."""
        samples = {self.graph.samples.index: Affine((), 1)} if self.graph.samples is not None else {}
        for place in product(*(range(low, low + length) for low, length in self._spans(unrolled))):
            exact = {**samples, **{letter: Affine((), index) for letter, index in zip(self.left.letters, place, strict=True)}}
            indices = [index.substitute(exact).resize(unrolled.world.point.sizes).number for index in bottom.indices]
            if any(index is None for index in indices):
                raise EvaluationError("an index without a value")
            yield tuple(index for index in indices if index is not None)

    def ends(self, goal: Goal, values: Array) -> Array:
        """The adjoints at the ends, (end, change)."""
        return goal.unrolled.sweep(values, goal.seeds)[list(goal.ends)]

    def column(self, unrolled: Unrolled, edits: Sequence[Edit]) -> Array:
        """The values of all edges with some edits."""
        column = unrolled.values.copy()
        for edit in edits:
            part = slice(unrolled.offsets[edit.link], unrolled.offsets[edit.link + 1])
            column[part] = self._edited(unrolled, edit, column[part])
        return column

    def _edited(self, unrolled: Unrolled, edit: Edit, now: Array) -> Array:
        link = self.routes.links[edit.link]
        if edit.value is not None:
            return np.asarray(unrolled.local(link, edit.value))
        if edit.scale is not None:
            return np.asarray(now * unrolled.world.backend.array(edit.scale.numerator) / edit.scale.denominator)
        edges = unrolled.edges[edit.link]
        child, parent = unrolled.starts[link.child.name], unrolled.starts[link.parent.name]
        children = np.array(edges.children) - child
        if edit.keep == "diagonal":
            return np.where(children == np.array(edges.parents) - parent, now, now * 0)
        length = unrolled.evaluator.store.shape(link.child.name)[-1]
        return np.where(children % length == edit.keep, now, now * 0)

    @property
    def changes(self) -> list[Change]:
        return self._changed[0]

    @property
    def columns(self) -> Array:
        return self._changed[1]

    @property
    def _changed(self) -> tuple[list[Change], Array]:
        """The changes that have a value here, and the values of all edges with each; kept with the worlds."""
        key = f"changes on the way to {self.routes.target} at point {self.at}"
        if key not in self.worlds.kept:
            self.worlds.kept[key] = self._made()
        return self.worlds.kept[key]  # type: ignore[return-value]

    def _made(self) -> tuple[list[Change], Array]:
        kept: list[Change] = []
        columns: list[Array] = []
        for change in changes_of(self.routes, self.graph):
            try:
                column = self.column(self.goal.unrolled, change.edits)
            except BackpropError:
                continue
            if np.isfinite(column).all():
                kept.append(change)
                columns.append(column)
        return kept, np.stack(columns, axis=1) if columns else np.zeros((len(self.goal.unrolled.values), 0))

    def confirmed(self, edits: Sequence[Edit], constant: Fraction, at: int | None = None) -> bool:
        """Whether the backward pass with these edits, times a constant, gives the answer in 40 digits."""
        points, telling = list(self.points) if at is None else [at], False
        for point in points:  # where the answer is 0 at every point, which says little, more of them are looked at
            goal = self.goal_at(self.worlds.exact(point))
            ends = self.ends(goal, self.column(goal.unrolled, edits)[:, None])[:, 0] * constant.numerator / constant.denominator
            true = self.ends(goal, goal.unrolled.values[:, None])[:, 0]
            scale = max((abs(value) for value in (*ends, *goal.claimed, *true)), default=0)
            if any(abs(here - there) > CONFIRMED * scale for here, there in zip(ends, goal.claimed, strict=True)):
                return False
            telling = telling or any(value != 0 for value in goal.claimed)
            if not telling and at is None:
                points.append(points[-1] + 1)
            if len(points) > TRIED:
                return False
        return True
