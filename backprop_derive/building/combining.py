"""Several losses in one formula: `half_squared_error(price, y1) + 0.5*cross_entropy(kind, y2)`."""

from __future__ import annotations

from collections.abc import Iterator

from backprop_derive.building.calls import LossCall
from backprop_derive.building.formulas import resolve
from backprop_derive.building.losses import called_loss, loss_piece
from backprop_derive.building.scope import Scope
from backprop_derive.graph.expressions import ONE, Expression, mul, neg, reciprocal, refs
from backprop_derive.graph.nodes import Mention, Piece
from backprop_derive.language.syntax import Binary, Negative, Syntax

Weighted = tuple[Expression, LossCall]
"""A loss and the number that it is multiplied by."""


def called_losses(tree: Syntax, scope: Scope) -> Iterator[LossCall]:
    """Every loss of the table that a formula calls."""
    return (call for each in tree.walk() if (call := called_loss(each, scope)) is not None)


def combined_piece(tree: Syntax, scope: Scope, definition: Expression) -> Piece:
    """The definition of a loss. Where it is a sum of losses of the table with numbers before them, each states its own
    derivatives: c·(what its row says); else they are found from the definition."""
    mentions: list[Mention] = []
    for factor, call in _weighted(tree, scope) or ():
        stated = loss_piece(call).mentions
        if stated is None:
            return Piece((), (), definition)
        mentions.extend(Mention(each.ref, mul(factor, each.derivative), each.bounds) for each in stated)
    return Piece((), (), definition, tuple(mentions) or None)


def _weighted(tree: Syntax, scope: Scope) -> list[Weighted] | None:
    """The losses of a sum of them, each with its factor; None where the formula is anything else."""
    match tree:
        case Negative(operand=operand):
            return _scaled(_weighted(operand, scope), neg(ONE))
        case Binary(operator="+" | "-", left=left, right=right):
            first, second = _weighted(left, scope), _weighted(right, scope)
            if first is None or second is None:
                return None
            return first + (second if tree.operator == "+" else _scaled(second, neg(ONE)) or [])
        case Binary(operator="*", left=left, right=right):
            if (factor := _constant(left, scope)) is not None:
                return _scaled(_weighted(right, scope), factor)
            return _scaled(_weighted(left, scope), _constant(right, scope))
        case Binary(operator="/", left=left, right=right):
            divisor = _constant(right, scope)
            return None if divisor is None else _scaled(_weighted(left, scope), reciprocal(divisor))
    call = called_loss(tree, scope)
    return None if call is None else [(ONE, call)]


def _scaled(losses: list[Weighted] | None, factor: Expression | None) -> list[Weighted] | None:
    if losses is None or factor is None:
        return None
    return [(mul(factor, each), call) for each, call in losses]


def _constant(tree: Syntax, scope: Scope) -> Expression | None:
    """A side that mentions no node, so that it has no derivative."""
    if any(called_losses(tree, scope)):
        return None
    found = resolve(tree, scope)
    return None if any(refs(found)) else found
