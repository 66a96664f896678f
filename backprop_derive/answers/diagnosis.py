"""Why an answer is wrong: the mistake that, made in the backward pass, gives just this answer.

A mistake is named only if the backward pass with it agrees with the answer at random points in 40 digits. First the ratio to the truth,
then single changes, alone and with a constant; the gradient of a neighbour; a ratio that is a quantity of the page; pairs of changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, islice
from math import prod

import numpy as np

from backprop_derive.answers.aligning import DoNotFit, aligned
from backprop_derive.answers.claims import Mistake
from backprop_derive.answers.equality import Reading
from backprop_derive.answers.given import given_by_spec
from backprop_derive.answers.grounds import FREE, grounds
from backprop_derive.answers.mirror import mends, with_expression
from backprop_derive.answers.mistakes import Change
from backprop_derive.answers.numerals import is_number, written_interval
from backprop_derive.answers.replay import Routes, TooLarge, routes_to
from backprop_derive.answers.samples import readings
from backprop_derive.answers.searching import CONFIRMED, NEAR, Goal, Search, bottom_of
from backprop_derive.answers.shrinking import shrunk
from backprop_derive.answers.spoken import spoken
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, World, Worlds
from backprop_derive.calculus.adjoints import ancestors
from backprop_derive.errors import BackpropError, EvaluationError
from backprop_derive.graph.expressions import Partial, Ref, mul, num
from backprop_derive.graph.indices import Affine, size
from backprop_derive.graph.nodes import Graph

VAGUE = 0.005
MOST_PAIRS = 20_000
MOST_READINGS = 6
MOST_TOLD = 4
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
    routes = routes_for(worlds, left)
    if routes is None:
        return ()
    if is_number(right):
        return _of_number(worlds, routes, left, right)
    try:
        search = Explainer(worlds, routes, left, right, definitions)
    except EvaluationError:
        return ()
    return search.ratio() or search.singles() or search.penalised() or search.neighbours() or search.factors() or search.mended() or search.pairs()


def _of_number(worlds: Worlds, routes: Routes, left: Side, right: Side) -> tuple[Mistake, ...]:
    """A number, at the values of the spec and the precision with which it was written; named if only one kind of mistake gives it."""
    given = given_by_spec(worlds)
    written = written_interval(right, given.numbers)
    claimed, half = float(written.mid.a), float(written.delta.b) / 2
    search = Explainer(worlds, routes, left, replace(right, expression=mul(num(2), left.expression)), NOTHING)
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
            fitting.setdefault(change.kind, search.told(change))
    return tuple(fitting.values()) if len(fitting) == 1 else ()


def routes_for(worlds: Worlds, left: Side) -> Routes | None:
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


class Explainer(Search):
    """What can explain an answer, one kind of explanation a method; each gives nothing where it does not apply."""

    def ratio(self) -> tuple[Mistake, ...]:
        """The answer is the truth times a number."""
        at = int(np.argmax(np.abs(self.true)))
        if self.true[at] == 0:
            return ()
        ratio = float(self.goal.claimed[at] / self.true[at])
        if abs(ratio) < 1e-12:
            return ()
        for value, mistake in self.constants():
            if abs(ratio - float(value)) < NEAR * abs(ratio) and self.confirmed((), value):
                return (mistake,) if float(value) != -1 else (self._sign(mistake),)
        sizes = self._sample_ratios()
        return (sizes,) if sizes is not None else ()

    def _sign(self, mistake: Mistake) -> Mistake:
        """The sign of the whole: that of the loss's derivative, if it goes through there."""
        signs = [change for change in self.changes if change.kind == "sign"]
        for change in sorted(signs, key=lambda each: self.routes.graph.node(self.routes.links[each.edits[0].link].child.name).role != "loss"):
            if self.confirmed(change.edits, Fraction(1)):
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

    def _sample_ratios(self) -> Mistake | None:
        if self.graph.samples is None:
            return None
        name = self.graph.samples.size
        for power, said in ((1, f"the answer is {name} times the right one: the 1/{name} of the mean is missing"), (-1, f"the answer is 1/{name} of the right one: 1/{name} stands there once too often")):
            if all(self.confirmed((), Fraction(self._count(at)) ** power, at=at) for at in self.points):
                return Mistake("constant-factor", said)
        return None

    def _count(self, at: int) -> int:
        assert self.graph.samples is not None
        sizes = {**self.graph.sizes, **self.worlds.exact(at).point.sizes}
        return size(self.graph.samples.size).resize(sizes).number or 1

    def singles(self) -> tuple[Mistake, ...]:
        """One change explains it, alone; or with a sign or a constant besides."""
        if not self.changes:
            return ()
        ends = self.ends(self.goal, self.columns)
        near = np.max(np.abs(ends - self.goal.claimed[:, None]), axis=0) < NEAR * self.scale
        moved = np.max(np.abs(ends - self.true[:, None]), axis=0) > NEAR * self.scale
        for at in np.flatnonzero(near):
            if self.confirmed(self.changes[at].edits, Fraction(1)):
                return (self.told(self.changes[at]),)
        for value, other in self.constants():
            close = np.max(np.abs(ends * float(value) - self.goal.claimed[:, None]), axis=0) < NEAR * self.scale
            for at in np.flatnonzero(close & moved):
                change = self.changes[at]
                if change.kind != other.kind and self.confirmed(change.edits, value):
                    return (self.told(change), replace(other, explanation=other.explanation.replace("the answer is", "besides, it is")))
        return ()

    def penalised(self) -> tuple[Mistake, ...]:
        """A penalty stands on what has none: the answer is the truth and a coefficient times the quantity itself."""
        bottom = bottom_of(self.worlds, self.left)
        if self.graph.cost.regularizer is None or self.graph.node(bottom.name).role != "parameter" or len(self.goal.ends) != 1:
            return ()
        for number, link in enumerate(self.routes.links):
            parent = self.routes.graph.node(link.parent.name)
            if link.child.name == self.graph.cost.regularizer and parent.role == "parameter" and all(self._is_penalised(number, bottom, at) for at in self.points):
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
        if not self.goal.claimed.any():  # many gradients are 0 somewhere
            return ()
        adjoint = self.goal.unrolled.sweep(self.goal.unrolled.values[:, None], self.goal.seeds)[:, 0]
        bottom = bottom_of(self.worlds, self.left)
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
        for at in self.points[1:]:
            goal = self.goal_at(self.worlds.exact(at))
            if goal.unrolled.evaluator.store.shape(name) != shape:
                return None
            adjoint = goal.unrolled.sweep(goal.unrolled.values[:, None], goal.seeds)[:, 0]
            claimed = goal.claimed[0]
            if abs(adjoint[goal.unrolled.starts[name] + offset] - claimed) > CONFIRMED * max(abs(claimed), 1e-6):
                return None
        place = np.unravel_index(offset, shape) if shape else ()
        lows = [low for low, _ in self.goal.unrolled.evaluator.store.places(name)]
        written = Ref(name, tuple(Affine((), int(index) + low) for index, low in zip(place, lows, strict=True)))
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
        return self.graph.samples is None or self.routes.graph.node(bottom_of(self.worlds, self.left).name).sampled or self.is_per_sample()

    def _is_ratio(self, name: str, power: int) -> bool:
        for at in self.points[1:]:
            goal = self.goal_at(self.worlds.exact(at))
            true = self.ends(goal, goal.unrolled.values[:, None])[0, 0]
            value = goal.unrolled.world.forward[name].reshape(-1)[0]
            if abs(goal.claimed[0] - true * value**power) > CONFIRMED * max(abs(goal.claimed[0]), 1e-6):
                return False
        return True

    def mended(self) -> tuple[Mistake, ...]:
        """One change of the answer makes it right."""
        world = self.goal.unrolled.world
        for mend in mends(self.graph, self.right):
            try:
                side = with_expression(self.right, mend.expression)
                if not self._is_right(self.goal, world, side, NEAR):
                    continue
                if all(self._is_right(self.goal_at(there), there, side, CONFIRMED) for there in map(self.worlds.exact, self.points)):
                    return (mend.mistake,)
            except BackpropError:
                continue
        return ()

    def _is_right(self, goal: Goal, world: World, side: Side, margin: float) -> bool:
        value = world.value(side, self.definitions)
        values = np.broadcast_to(value.values[0, ...] if value.sampled else value.values, self.shape(goal.unrolled)).reshape(-1)
        true = self.ends(goal, goal.unrolled.values[:, None])[:, 0]
        scale = max((abs(each) for each in (*true, *values)), default=0)
        return all(abs(here - there) <= margin * scale for here, there in zip(true, values, strict=True)) and scale > 0

    def pairs(self) -> tuple[Mistake, ...]:
        """Two changes at different steps."""
        changes = self.changes
        links = [frozenset(edit.link for edit in change.edits) for change in changes]
        apart = ((a, b) for a, b in combinations(range(len(changes)), 2) if links[a].isdisjoint(links[b]))
        pairs = list(islice(apart, self._most_pairs))
        if not pairs:
            return ()
        first, second = (np.array(side) for side in zip(*pairs, strict=True))
        base = self.goal.unrolled.values[:, None]
        columns = np.where(self.columns[:, second] != base, self.columns[:, second], self.columns[:, first])
        ends = self.ends(self.goal, columns)
        near = np.max(np.abs(ends - self.goal.claimed[:, None]), axis=0) < NEAR * self.scale
        for at in np.flatnonzero(near):
            one, other = changes[pairs[at][0]], changes[pairs[at][1]]
            if self.confirmed((*one.edits, *other.edits), Fraction(1)):
                return tuple(dict.fromkeys((self.told(one), self.told(other))))
        return ()

    @property
    def _most_pairs(self) -> int:
        return max(0, min(MOST_PAIRS, 3_000_000 // max(1, len(self.goal.unrolled.values))))

    def told(self, change: Change) -> Mistake:
        bottom = bottom_of(self.worlds, self.left).name
        on_the_way = [right for parent, right in change.several if bottom == parent or bottom in ancestors(self.routes.graph, parent)]
        if not on_the_way:
            return Mistake(change.kind, change.explanation, change.factor)
        told = ", ".join(on_the_way[:MOST_TOLD]) + (", …" if len(on_the_way) > MOST_TOLD else "")
        return Mistake(change.kind, f"{change.explanation}: {told}", on_the_way[0].partition(" = ")[0])
