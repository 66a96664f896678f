"""What correctly follows from a wrong line: the backward pass with what was written in place of what is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from backprop_derive.answers.statements import Place, Side
from backprop_derive.calculus.derivation import Derivation
from backprop_derive.calculus.front import Front
from backprop_derive.errors import BackpropError
from backprop_derive.graph.expressions import Expression, Fold, Partial, Ref, mul, reindex, walk
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Affine

DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Premise:
    """A wrong line that later lines may rest on: `left = right`, and where the mistake was made."""

    left: Side
    right: Side
    place: Place

    def mentioned_in(self, expression: Expression) -> bool:
        """Whether what the line is about is mentioned in an expression."""
        return any(self.value_at(each) is not None for each in walk(expression))

    def value_at(self, each: Expression) -> Expression | None:
        """What was written for a mention, at its indices; None for any other expression."""
        places = _places(self.left.expression, each)
        if places is None:
            return None
        renamed = {mine: places[own] for own, mine in zip(self.left.letters, self.right.letters, strict=False) if own in places}
        rest = {name: place for name, place in places.items() if name not in self.left.letters}
        return reindex(self.right.expression, {**rest, **renamed})


def with_twins(derivation: Derivation, premises: Sequence[Premise]) -> tuple[Premise, ...]:
    """The premises, each also under the other name of what it is about: δ_z is ∂L/∂z."""
    loss = derivation.graph.node(derivation.graph.cost.loss)
    of = {name: node for node, name in derivation.names.items()}
    found: list[Premise] = []
    for premise in premises:
        found.append(premise)
        match premise.left.expression:
            case Partial(top, bottom, False) if top.name == loss.name and bottom.name in derivation.names:
                found.append(replace(premise, left=replace(premise.left, expression=Ref(derivation.names[bottom.name], bottom.indices))))
            case Ref(name, indices) if name in of and name not in derivation.graph.by_name:
                found.append(replace(premise, left=replace(premise.left, expression=Partial(derivation.graph.differentiated, Ref(of[name], indices)))))
    return tuple(found)


def _places(pattern: Expression, each: Expression) -> Mapping[str, Affine] | None:
    """Where the letters of a mention stand in another of the same."""
    match pattern, each:
        case Ref(name, mine), Ref(other, theirs) if name == other:
            pairs = list(zip(mine, theirs, strict=False))
        case Partial(top, bottom, False), Partial(other_top, other_bottom, _) if (top.name, bottom.name) == (other_top.name, other_bottom.name):
            pairs = [*zip(top.indices, other_top.indices, strict=False), *zip(bottom.indices, other_bottom.indices, strict=False)]
        case _:
            return None
    found: dict[str, Affine] = {}
    for written, there in pairs:
        if written.variable is not None:
            found[written.variable] = there
        elif written != there:
            return None
    return found


def with_premises(side: Side, premises: Sequence[Premise]) -> Side:
    """A side in which every name stands for what was written for it."""

    def change(each: Expression) -> Expression | None:
        return next((value for premise in premises if (value := premise.value_at(each)) is not None), None)

    return replace(side, expression=replace_in(side.expression, change))


def carried(derivation: Derivation, left: Side, premises: Sequence[Premise]) -> Iterator[tuple[Side, Place]]:
    """What the left side is if the wrong lines are taken as they stand, by the backward pass and by the chain rule, each with the
    place of the mistake; for all samples and for one."""
    found = left.expression
    for form in _forms(derivation, found):
        value = _settled(derivation, form, premises, DEEPEST)
        used = [premise for premise in premises if any(premise.mentioned_in(each) for each in _forms_below(derivation, form))]
        if used and value != form:
            yield replace(left, expression=value), used[0].place


def _forms_below(derivation: Derivation, form: Expression) -> Iterator[Expression]:
    """An expression, and those that its δs stand for."""
    seen: set[str] = set()
    waiting = [form]
    values = {delta.name: delta.value for delta in derivation.deltas.values()}
    while waiting:
        expression = waiting.pop()
        yield expression
        for each in walk(expression):
            if isinstance(each, Ref) and each.name in values and each.name not in seen:
                seen.add(each.name)
                waiting.append(values[each.name])


def _settled(derivation: Derivation, expression: Expression, premises: Sequence[Premise], depth: int) -> Expression:
    """The expression with what was written in place of what is right; a δ that rests on it is written out."""
    deltas = {delta.name: delta for delta in derivation.deltas.values()}

    def change(each: Expression) -> Expression | None:
        for premise in premises:
            value = premise.value_at(each)
            if value is not None:
                return value
        if isinstance(each, Ref) and each.name in deltas and depth:
            delta = deltas[each.name]
            places = _places(Ref(delta.name, delta.of.indices), each)
            if places is not None and any(premise.mentioned_in(below) for premise in premises for below in _forms_below(derivation, delta.value)):
                return _settled(derivation, reindex(delta.value, places), premises, depth - 1)
        return None

    return replace_in(expression, change)


def _forms(derivation: Derivation, target: Expression) -> Iterator[Expression]:
    """The forms in which the derivation has the target: by δ and by the chain rule."""
    graph = derivation.graph
    if isinstance(target, Ref):
        delta = next((each for each in derivation.deltas.values() if each.name == target.name), None)
        if delta is not None:
            at = _places(Ref(delta.name, delta.of.indices), target) or {}
            yield from (reindex(delta.value, at), reindex(delta.expansion, at))
        return
    if not isinstance(target, Partial) or target.top.name not in (graph.cost.name, graph.cost.loss) or target.bottom.name not in graph.by_name:
        return
    node = graph.node(target.bottom.name)
    numbers = [index.number for index in target.bottom.indices[int(node.sampled) :]]
    try:
        if numbers and all(number is not None for number in numbers):
            gradient = derivation.element(node.name, tuple(number for number in numbers if number is not None))
            places: Mapping[str, Affine] = {}
        else:
            gradient = derivation.gradient(node.name)
            places = _places(gradient.of, target.bottom) or {}
    except BackpropError:
        return
    front = Front(graph, node)
    for form in (gradient.backward, gradient.expansion):
        placed = reindex(form, places)
        yield placed
        single = _of_one_sample(placed, front)
        if single != placed:
            yield single


def _of_one_sample(expression: Expression, front: Front) -> Expression:
    """The expression without the 1/m Σ_i in front."""
    factors = [each for each in getattr(expression, "factors", (expression,)) if each != front.scale]
    if front.bound is not None and factors and isinstance(factors[-1], Fold) and factors[-1].bound.axis == front.bound.axis:
        return mul(*factors[:-1], factors[-1].body)
    return mul(*factors) if factors else expression
