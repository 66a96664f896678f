"""A loss of the table over given outputs and targets: its definition, the derivatives that its row states, its assumptions."""

from __future__ import annotations

from backprop_derive.building.formulas import loss_derivative, loss_formula
from backprop_derive.building.names import vector_of
from backprop_derive.building.scope import Scope, Vector
from backprop_derive.graph.expressions import Bound, Ref, fresh
from backprop_derive.graph.indices import Affine, number, variable
from backprop_derive.graph.nodes import Fact, Mention, Piece
from backprop_derive.language.syntax import Call, Syntax
from backprop_derive.operations.losses import find_loss
from backprop_derive.operations.rows import Loss


def loss_piece(row: Loss, output: Vector, target: Vector) -> Piece:
    """The definition of a loss node, with its derivatives by every output and target."""
    mentions = (*_mentions(row, 0, output, target), *_mentions(row, 1, output, target))
    return Piece((), (), loss_formula(row, output, target), mentions)


def facts_of(row: Loss, target: Vector) -> tuple[Fact, ...]:
    """What the row takes for granted, said of these targets."""
    return tuple(_fact(text, target) for text in row.assumes)


def called_loss(tree: Syntax, scope: Scope) -> tuple[Loss, Vector, Vector] | None:
    """The row, outputs and targets, where a whole formula is the call of a loss: `L: cross_entropy(p, y)`."""
    if not isinstance(tree, Call) or tree.function in scope.functions or len(tree.arguments) != 2 or tree.options:
        return None
    row = find_loss(tree.function)
    output, target = vector_of(tree.arguments[0], scope), vector_of(tree.arguments[1], scope)
    if row is None or output is None or target is None or output.length != target.length:
        return None
    return row, *aligned(output, target)


def aligned(output: Vector, target: Vector) -> tuple[Vector, Vector]:
    """Both as arrays, or both one by one."""
    if (output.array is None) == (target.array is None):
        return output, target
    count = output.length.number or 0
    places = [number(at) for at in range(1, count + 1)]
    return Vector(tuple(output.at(place) for place in places)), Vector(tuple(target.at(place) for place in places))


def _mentions(row: Loss, argument: int, output: Vector, target: Vector) -> list[Mention]:
    """The derivative by each entry of the outputs (argument 0) or the targets (1), as the row states it."""
    vector = (output, target)[argument]

    def mention(place: Affine, bounds: tuple[Bound, ...]) -> Mention:
        ref = vector.at(place)
        assert isinstance(ref, Ref)
        return Mention(ref, loss_derivative(row, argument, output, target, place), bounds)

    if vector.axis is not None:
        letter = fresh("c", {"d", "e"})
        return [mention(variable(letter), (Bound(letter, vector.axis),))]
    return [mention(number(at), ()) for at in range(1, len(vector.entries) + 1)]


def _fact(text: str, target: Vector) -> Fact:
    """`sum(y) = 1` about the target vector itself."""
    if target.array is not None:
        return Fact(text.replace("y", target.array.name), target.array.name)
    refs = tuple(entry for entry in target.entries if isinstance(entry, Ref))
    return Fact(f"{' + '.join(ref.name for ref in refs)} = 1", None, refs)
