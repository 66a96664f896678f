"""Why an answer is wrong: the mistake that, made in the backward pass, gives just this answer.

A mistake is named only if the backward pass with it agrees with the answer at random points in 40 digits. First the ratio to the truth,
then single changes, alone and with a constant; the gradient of a neighbour; a ratio that is a quantity of the page; pairs of changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np

from backprop_derive.answers.aligning import DoNotFit, aligned
from backprop_derive.answers.claims import Mistake
from backprop_derive.answers.equality import Reading
from backprop_derive.answers.grounds import FREE, grounds
from backprop_derive.answers.given import given_by_spec
from backprop_derive.answers.mistakes import Change, Edit, changes_of
from backprop_derive.answers.numerals import is_number, written_interval
from backprop_derive.answers.replay import Routes, TooLarge, Unrolled, routes_to
from backprop_derive.answers.samples import readings
from backprop_derive.answers.shrinking import shrunk
from backprop_derive.answers.spoken import spoken
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, World, Worlds
from backprop_derive.errors import BackpropError, EvaluationError
from backprop_derive.graph.expressions import Partial, Ref, mul, num
from backprop_derive.graph.indices import Affine, size
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.backends import Array

NEAR = 1e-9
CONFIRMED = 1e-20
POINTS = 3
TRIED = 12
VAGUE = 0.005
MOST_PAIRS = 20_000
MOST_READINGS = 3
_CONSTANTS = (Fraction(2), Fraction(1, 2), Fraction(-2), Fraction(-1, 2), Fraction(4), Fraction(1, 4), Fraction(3), Fraction(1, 3))


def diagnose(worlds: Worlds, left: Side, right: Side, definitions: Definitions = NOTHING) -> tuple[Mistake, ...]:
    """The mistakes that explain a wrong `right` side of a derivative: at most two, the causes of one explanation; none where it is not known."""
    try:
        copy = shrunk(worlds)
        sides = copy.sides([left, right, *definitions.values()]) if copy is not None else None
        if copy is not None and sides is not None:
            worlds, left, right, definitions = copy.worlds, sides[0], sides[1], dict(zip(definitions, sides[2:], strict=True))
        return _first(worlds, left, right, definitions)
    except (BackpropError, TooLarge, DoNotFit, ZeroDivisionError, OverflowError):
        return ()


def _first(worlds: Worlds, left: Side, right: Side, definitions: Definitions) -> tuple[Mistake, ...]:
    found: list[tuple[Mistake, ...]] = []
    for there, reading in _cases(worlds, left, right, definitions):
        try:
            explained = _explained(there, reading.left, reading.right, definitions)
        except (BackpropError, TooLarge):
            continue
        except DoNotFit as misfit:
            return (Mistake("transpose-or-index", str(misfit)),) if misfit.transposed else ()
        if explained and len(explained) == 1:
            return explained
        if explained:
            found.append(explained)
    return found[0] if found else ()


def _cases(worlds: Worlds, left: Side, right: Side, definitions: Definitions) -> Iterator[tuple[Worlds, Reading]]:
    """What a line may mean, where nothing is assumed of the targets, then under what their loss takes for granted."""
    possible = list(readings(worlds, left, right, definitions))[:MOST_READINGS]
    for ground in list(grounds(worlds))[:2]:
        there = worlds.under(ground.facts, ground.assumptions) if ground != FREE else worlds
        yield from ((there, reading) for reading in possible)


def _explained(worlds: Worlds, left: Side, right: Side, definitions: Definitions) -> tuple[Mistake, ...]:
    left, right = aligned(left, right)[0]
    routes = _routes(worlds, left)
    if routes is None:
        return ()
    if is_number(right):
        return _of_number(worlds, routes, left, right)
    try:
        search = _Search(worlds, routes, left, right, definitions)
    except EvaluationError:
        return ()
    return search.ratio() or search.singles() or search.penalised() or search.neighbours() or search.factors() or search.pairs()


def _of_number(worlds: Worlds, routes: Routes, left: Side, right: Side) -> tuple[Mistake, ...]:
    """A number, at the values of the spec and the precision with which it was written; named if only one kind of mistake gives it."""
    given = given_by_spec(worlds)
    written = written_interval(right, given.numbers)
    claimed, half = float(written.mid.a), float(written.delta.b) / 2
    search = _Search(worlds, routes, left, replace(right, expression=mul(num(2), left.expression)), NOTHING)
    goal = search.goal_at(given.exact)
    true = float(search.ends(goal, goal.unrolled.values[:, None])[0, 0])
    margin = max(half * (1 + 1e-9), 1e-12 * abs(claimed))
    if half > VAGUE * abs(claimed):
        return ()
    for value, mistake in search.constants():
        if abs(true * float(value) - claimed) <= margin:
            return (mistake,)
    fitting: dict[str, Mistake] = {}
    for change in search.changes:
        try:
            column = search.column(goal.unrolled, change.edits)
        except BackpropError:
            continue
        found = float(search.ends(goal, column[:, None])[0, 0])
        if abs(found - claimed) <= margin and abs(true - claimed) > margin:
            fitting.setdefault(change.kind, Mistake(change.kind, change.explanation, change.factor))
    return tuple(fitting.values()) if len(fitting) == 1 else ()


def _routes(worlds: Worlds, left: Side) -> Routes | None:
    """The way from the quantity to what is differentiated; kept with the worlds."""
    top = _top(worlds.graph, worlds, left)
    if top is None:
        return None
    key = f"routes to {top}"
    if key not in worlds.kept:
        worlds.kept[key] = routes_to(worlds.graph, top)
    found = worlds.kept[key]
    assert isinstance(found, Routes)
    return found


def _top(graph: Graph, worlds: Worlds, left: Side) -> str | None:
    match left.expression:
        case Partial(top, _, False) if len(top.indices) == int(top.name in graph.by_name and graph.node(top.name).sampled):
            return top.name
        case Ref(name) if name in worlds.derivation.names.values():
            return graph.cost.loss
    return None


def _bottom(worlds: Worlds, left: Side) -> Ref:
    match left.expression:
        case Partial(_, bottom):
            return bottom
        case Ref(name, indices):
            of = next(of for of, known in worlds.derivation.names.items() if known == name)
            return Ref(of, indices)
    raise EvaluationError("no derivative")


@dataclass(frozen=True)
class _Goal:
    """What is looked at, at one point: where the backward pass begins, which entries it ends in, and what was claimed of them."""

    unrolled: Unrolled
    seeds: tuple[int, ...]
    ends: tuple[int, ...]
    claimed: Array


class _Search:
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
    def _points(self) -> tuple[int, ...]:
        assert self.at is not None
        return tuple(range(self.at, self.at + POINTS))

    # -- at a point -----------------------------------------------------------------------------------------------------------

    def goal_at(self, world: World) -> _Goal:
        unrolled = Unrolled(self.routes, world)
        value = world.value(self.right, self.definitions)
        claimed = value.values[0, ...] if value.sampled else value.values
        bottom, target = _bottom(self.worlds, self.left), self.routes.graph.node(self.routes.target)
        places = self._places(unrolled, bottom)
        shared = not self.routes.graph.node(bottom.name).sampled
        first = unrolled.starts[target.name]
        count = prod(unrolled.evaluator.store.shape(target.name))
        # of what all samples share, one sample's derivative is that of the first sample's loss
        seeds = (first,) if target.sampled and shared and self._is_per_sample() else tuple(range(first, first + count))
        return _Goal(unrolled, seeds, tuple(unrolled.vertex(bottom.name, place) for place in places), np.broadcast_to(claimed, self._shape(unrolled)).reshape(-1))

    def _is_per_sample(self) -> bool:
        match self.left.expression:
            case Partial(top):
                return bool(top.indices)
        return False

    def _spans(self, unrolled: Unrolled) -> list[tuple[int, int]]:
        return [unrolled.evaluator.store.span(axis, letter) for letter, axis in zip(self.left.letters, self.left.axes, strict=True)]

    def _shape(self, unrolled: Unrolled) -> tuple[int, ...]:
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

    def ends(self, goal: _Goal, values: Array) -> Array:
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

    # -- what explains it -------------------------------------------------------------------------------------------------

    def ratio(self) -> tuple[Mistake, ...]:
        """The answer is the truth times a number."""
        at = int(np.argmax(np.abs(self.true)))
        if self.true[at] == 0:
            return ()
        ratio = float(self.goal.claimed[at] / self.true[at])
        if abs(ratio) < 1e-12:
            return ()
        for value, mistake in self.constants():
            if abs(ratio - float(value)) < NEAR * abs(ratio) and self._confirmed((), value):
                return (mistake,) if float(value) != -1 else (self._sign(mistake),)
        sizes = self._sample_ratios(ratio)
        return (sizes,) if sizes is not None else ()

    def _sign(self, mistake: Mistake) -> Mistake:
        """The sign of the whole: that of the loss's derivative, if it goes through there."""
        for change in self.changes:
            if change.kind == "sign" and self._confirmed(change.edits, Fraction(1)):
                return Mistake("sign", change.explanation + "; as it stands, the answer is the direction of the update", change.factor)
        return mistake

    def constants(self) -> Iterator[tuple[Fraction, Mistake]]:
        yield Fraction(-1), Mistake("sign", "the sign is wrong: this is minus the gradient, the direction of the update")
        for value in _CONSTANTS:
            sign = " and its sign is wrong" if value < 0 else ""
            size_of = abs(value)
            text = f"the answer is {size_of} times the right one" if size_of > 1 else f"the answer is {size_of} of the right one"
            yield value, Mistake("constant-factor", self._constant_reason(text, size_of) + sign)

    def _constant_reason(self, text: str, value: Fraction) -> str:
        loss = self.graph.node(self.graph.cost.loss)
        if value in (2, Fraction(1, 2)) and loss.pieces:
            return f"{text}: look at the factor in {loss.name} = {spoken(self.graph, loss.pieces[0].definition)}"
        return text

    def _sample_ratios(self, ratio: float) -> Mistake | None:
        if self.graph.samples is None:
            return None
        name = self.graph.samples.size
        for power, said in ((1, f"the answer is {name} times the right one: the 1/{name} of the mean is missing"), (-1, f"the answer is 1/{name} of the right one: 1/{name} stands there once too often")):
            if all(self._confirmed((), Fraction(self._count(at)) ** power, at=at) for at in self._points):
                return Mistake("constant-factor", said)
        del ratio
        return None

    def _count(self, at: int) -> int:
        assert self.graph.samples is not None
        sizes = {**self.graph.sizes, **self.worlds.exact(at).point.sizes}
        return size(self.graph.samples.size).resize(sizes).number or 1

    def singles(self) -> tuple[Mistake, ...]:
        """One change explains it, alone; or with a sign or a constant besides."""
        if not self.changes:
            return ()
        ends = self.ends(self.goal, self._columns)
        near = np.max(np.abs(ends - self.goal.claimed[:, None]), axis=0) < NEAR * self.scale
        moved = np.max(np.abs(ends - self.true[:, None]), axis=0) > NEAR * self.scale
        for at in np.flatnonzero(near):
            if self._confirmed(self.changes[at].edits, Fraction(1)):
                return (self._mistake(self.changes[at]),)
        for value, other in self.constants():
            close = np.max(np.abs(ends * float(value) - self.goal.claimed[:, None]), axis=0) < NEAR * self.scale
            for at in np.flatnonzero(close & moved):
                change = self.changes[at]
                if change.kind != other.kind and self._confirmed(change.edits, value):
                    return (self._mistake(change), replace(other, explanation=other.explanation.replace("the answer is", "besides, it is")))
        return ()

    def penalised(self) -> tuple[Mistake, ...]:
        """A penalty stands on what has none: the answer is the truth and a coefficient times the quantity itself."""
        bottom = _bottom(self.worlds, self.left)
        if self.graph.cost.regularizer is None or self.graph.node(bottom.name).role != "parameter" or len(self.goal.ends) != 1:
            return ()
        for number, link in enumerate(self.routes.links):
            parent = self.routes.graph.node(link.parent.name)
            if link.child.name == self.graph.cost.regularizer and parent.role == "parameter" and all(self._is_penalised(number, bottom, at) for at in self._points):
                return (Mistake("regulariser", f"the penalty does not act on {spoken(self.graph, bottom)}: it has no such derivative"),)
        return ()

    def _is_penalised(self, number: int, bottom: Ref, at: int) -> bool:
        goal = self.goal_at(self.worlds.exact(at))
        link, unrolled = self.routes.links[number], goal.unrolled
        extra = goal.claimed[0] - self.ends(goal, unrolled.values[:, None])[0, 0]
        own = unrolled.world.forward[bottom.name].reshape(-1)[goal.ends[0] - unrolled.starts[bottom.name]]
        first = unrolled.offsets[number]
        other = unrolled.world.forward[link.parent.name].reshape(-1)[unrolled.edges[number].parents[0] - unrolled.starts[link.parent.name]]
        return bool(abs(extra * other - unrolled.values[first] * own) <= CONFIRMED * max(abs(extra * other), 1e-6))

    def neighbours(self) -> tuple[Mistake, ...]:
        """It is the gradient of another entry or weight."""
        adjoint = self.goal.unrolled.sweep(self.goal.unrolled.values[:, None], self.goal.seeds)[:, 0]
        bottom = _bottom(self.worlds, self.left)
        for node in self.routes.graph.nodes:
            if node.name not in self.routes.reaching or node.role in ("input", "target", "loss") or node.name.endswith("#"):
                continue
            first, shape = self.goal.unrolled.starts[node.name], self.goal.unrolled.evaluator.store.shape(node.name)
            if len(self.goal.ends) == 1:
                for offset in np.flatnonzero(np.abs(adjoint[first : first + prod(shape)] - self.goal.claimed[0]) < NEAR * self.scale):
                    mistake = self._neighbour(node.name, int(offset), shape, bottom)
                    if mistake is not None:
                        return (mistake,)
            elif prod(shape) == len(self.goal.ends) and node.name != bottom.name:
                entries = adjoint[first : first + prod(shape)]
                if np.max(np.abs(entries - self.goal.claimed)) < NEAR * self.scale:
                    return (Mistake("transpose-or-index", f"this is the derivative by {node.name}, not by {bottom.name}"),)
            if node.name == bottom.name and len(shape) == 2 and shape[0] == shape[1] and prod(shape) == len(self.goal.ends):
                turned = adjoint[first : first + prod(shape)].reshape(shape).T.reshape(-1)
                if np.max(np.abs(turned - self.goal.claimed)) < NEAR * self.scale:
                    return (Mistake("transpose-or-index", f"this is the gradient of {node.name}, transposed"),)
        return ()

    def _neighbour(self, name: str, offset: int, shape: tuple[int, ...], bottom: Ref) -> Mistake | None:
        """That it is so at other points too."""
        for at in self._points[1:]:
            goal = self.goal_at(self.worlds.exact(at))
            if goal.unrolled.evaluator.store.shape(name) != shape:
                return None
            adjoint = goal.unrolled.sweep(goal.unrolled.values[:, None], goal.seeds)[:, 0]
            claimed = goal.claimed[0]
            if abs(adjoint[goal.unrolled.starts[name] + offset] - claimed) > CONFIRMED * max(abs(claimed), 1e-6):
                return None
        node = self.routes.graph.node(name)
        place = np.unravel_index(offset, shape) if shape else ()
        lows = [low for low, _ in self.goal.unrolled.evaluator.store.places(name)]
        written = Ref(name, tuple(Affine((), int(index) + low) for index, low in zip(place, lows, strict=True)))
        del node
        return Mistake("transpose-or-index", f"this is the derivative by {spoken(self.graph, written)}, not by {spoken(self.graph, bottom)}")

    def factors(self) -> tuple[Mistake, ...]:
        """The ratio is a quantity of the page: a factor too often, or left out."""
        if len(self.goal.ends) != 1 or self.true[0] == 0 or self.goal.claimed[0] == 0:
            return ()
        ratio = self.goal.claimed[0] / self.true[0]
        for node in self.graph.nodes:
            if len(node.letters) != int(node.sampled) or (node.sampled and not self._is_at_one_sample()):
                continue
            value = self.goal.unrolled.world.forward[node.name].reshape(-1)[0]
            for power, said in ((1, "stands there once too often"), (-1, "is missing")):
                if value != 0 and abs(ratio - value**power) < NEAR * abs(ratio) and self._is_ratio(node.name, power):
                    kind = "missing-weight-factor" if node.role == "parameter" else "wrong-input-factor" if node.role in ("input", "target") else "wrong-local-derivative"
                    return (Mistake(kind, f"the factor {spoken(self.graph, node.ref())} {said}", spoken(self.graph, node.ref())),)
        return ()

    def _is_at_one_sample(self) -> bool:
        return self.graph.samples is None or self.routes.graph.node(_bottom(self.worlds, self.left).name).sampled or self._is_per_sample()

    def _is_ratio(self, name: str, power: int) -> bool:
        for at in self._points[1:]:
            goal = self.goal_at(self.worlds.exact(at))
            true = self.ends(goal, goal.unrolled.values[:, None])[0, 0]
            value = goal.unrolled.world.forward[name].reshape(-1)[0]
            if abs(goal.claimed[0] - true * value**power) > CONFIRMED * max(abs(goal.claimed[0]), 1e-6):
                return False
        return True

    def pairs(self) -> tuple[Mistake, ...]:
        """Two changes at different steps."""
        changes = self.changes
        pairs = [(a, b) for a in range(len(changes)) for b in range(a + 1, len(changes)) if _apart(changes[a], changes[b])][: self._most_pairs]
        if not pairs:
            return ()
        first, second = (np.array(side) for side in zip(*pairs, strict=True))
        base = self.goal.unrolled.values[:, None]
        columns = np.where(self._columns[:, second] != base, self._columns[:, second], self._columns[:, first])
        ends = self.ends(self.goal, columns)
        near = np.max(np.abs(ends - self.goal.claimed[:, None]), axis=0) < NEAR * self.scale
        for at in np.flatnonzero(near):
            one, other = changes[pairs[at][0]], changes[pairs[at][1]]
            if self._confirmed((*one.edits, *other.edits), Fraction(1)):
                return tuple(dict.fromkeys((self._mistake(one), self._mistake(other))))
        return ()

    @property
    def _most_pairs(self) -> int:
        return max(0, min(MOST_PAIRS, 3_000_000 // max(1, len(self.goal.unrolled.values))))

    def _mistake(self, change: Change) -> Mistake:
        return Mistake(change.kind, change.explanation, change.factor)

    # -- the changes --------------------------------------------------------------------------------------------------------------

    @property
    def changes(self) -> list[Change]:
        return self._changed[0]

    @property
    def _columns(self) -> Array:
        return self._changed[1]

    @property
    def _changed(self) -> tuple[list[Change], Array]:
        """The changes that have a value here, and the values of all edges with each; kept with the worlds."""
        key = f"changes on the way to {self.routes.target}"
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

    def _confirmed(self, edits: Sequence[Edit], constant: Fraction, at: int | None = None) -> bool:
        """Whether the backward pass with these edits, times a constant, gives the answer in 40 digits."""
        for point in self._points if at is None else (at,):
            goal = self.goal_at(self.worlds.exact(point))
            ends = self.ends(goal, self.column(goal.unrolled, edits)[:, None])[:, 0] * constant.numerator / constant.denominator
            true = self.ends(goal, goal.unrolled.values[:, None])[:, 0]
            scale = max((abs(value) for value in (*ends, *goal.claimed, *true)), default=0)
            if any(abs(here - there) > CONFIRMED * scale for here, there in zip(ends, goal.claimed, strict=True)):
                return False
        return True


def _apart(one: Change, other: Change) -> bool:
    return not {edit.link for edit in one.edits} & {edit.link for edit in other.edits}
