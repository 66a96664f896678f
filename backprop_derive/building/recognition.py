"""Activations that an equation spells out. The definition stays as it was written; its derivatives are those of the row.

    1/(1 + exp(-z))                    is a sigmoid:   ∂a/∂z = a·(1 - a)
    exp(s[c])/sum(exp(s[d]), d)        is a softmax:   ∂p[c]/∂s[d] = p[c]·[c = d] - p[c]·p[d]
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from backprop_derive.graph.expressions import ONE, Add, Apply, Bound, Expression, Fold, Mul, Power, Ref, add, fresh, mul, neg, num
from backprop_derive.graph.indices import Affine, variable
from backprop_derive.graph.nodes import Mention, Piece

_INVERSE = num(-1)


def recognised(name: str, piece: Piece, own: Container[str]) -> tuple[str, Piece]:
    """The activation that a piece of the node `name` spells out and the piece with that row's derivatives, or "" and the piece.

    `own` are the names of functions of one's own: under these names nothing is recognised.
    """
    output = Ref(name, piece.places)
    for operation, mentions in (("sigmoid", _sigmoid(piece.definition, output)), ("softmax", _softmax(piece, output))):
        if mentions and "exp" not in own and operation not in own:
            return operation, replace(piece, mentions=mentions)
    return "", piece


def _sigmoid(definition: Expression, output: Ref) -> tuple[Mention, ...]:
    match definition:
        case Power(Add((first, Apply("exp", (Mul((minus, Ref() as z)),), 0))), exponent) if (first, minus, exponent) == (ONE, _INVERSE, _INVERSE):
            return (Mention(z, mul(output, add(ONE, neg(output)))),)
    return ()


def _softmax(piece: Piece, output: Ref) -> tuple[Mention, ...]:
    match piece.definition:
        case Mul((Apply("exp", (Ref() as own,), 0), Power(Fold("sum", bound, Apply("exp", (Ref() as every,), 0)), exponent))) if exponent == _INVERSE:
            place = _component(own, every, bound)
            if place is None or place not in output.indices or dict(piece.axes).get(place.variable or "") != bound.axis:
                return ()
            letter = fresh(bound.name, {name for name, _ in piece.axes})
            other = Ref(every.name, _put(every.indices, variable(bound.name), variable(letter)))
            opposite = Ref(output.name, _put(output.indices, place, variable(letter)))
            return (Mention(own, output), Mention(other, mul(num(-1), output, opposite), (Bound(letter, bound.axis),)))
    return ()


def _component(own: Ref, every: Ref, bound: Bound) -> Affine | None:
    """The index of `own` at which `every` runs over the bound, if they are the same otherwise."""
    if own.name != every.name:
        return None
    places = [mine for mine, theirs in zip(own.indices, every.indices, strict=True) if theirs.variable == bound.name]
    if any(place.variables() & index.variables() for place in places for index in every.indices):
        return None  # each component is one of another vector
    return places[0] if len(places) == 1 and _put(every.indices, variable(bound.name), places[0]) == own.indices else None


def _put(indices: tuple[Affine, ...], old: Affine, new: Affine) -> tuple[Affine, ...]:
    return tuple(new if index == old else index for index in indices)
