"""A loss of the table over given vectors: its definition, the derivatives that its row states, its assumptions."""

from __future__ import annotations

from collections.abc import Iterable

from backprop_derive.building.calls import LossCall
from backprop_derive.building.draft import Draft
from backprop_derive.building.formulas import loss_call, loss_formula, read_formula
from backprop_derive.building.names import vector_of
from backprop_derive.building.scope import Scope, Vector
from backprop_derive.graph.expressions import Bound, Expression, Ref, fresh, reindex
from backprop_derive.graph.indices import Affine, number, variable
from backprop_derive.graph.nodes import Fact, Mention, Piece, TargetDomain
from backprop_derive.language.syntax import Call, Syntax
from backprop_derive.operations.losses import find_loss


def called_loss(tree: Syntax, scope: Scope) -> LossCall | None:
    """The loss, where a whole formula is the call of one: `L: cross_entropy(p, y)`."""
    row = find_loss(tree.function) if isinstance(tree, Call) and tree.function not in scope.functions else None
    if row is None or not isinstance(tree, Call) or any(vector_of(each, scope) is None for each in tree.arguments[: len(row.required)]):
        return None
    return loss_call(tree, row, scope)


def loss_piece(call: LossCall) -> Piece:
    """The definition of a loss node, with its derivatives by every entry of every vector. Where its numbers depend on
    something, the derivatives are found from the definition."""
    stated = (mention for at in range(len(call.vectors)) for mention in _mentions(call, at))
    return Piece((), (), loss_formula(call), tuple(stated) if call.plain else None)


def note_targets(draft: Draft, calls: Iterable[LossCall]) -> None:
    """The losses of the table that a spec uses, what they take for granted of their targets, and which values they take."""
    for call in calls:
        draft.losses.append(call)
        draft.facts.extend(loss_facts(call))
        draft.domains.extend(loss_domains(call))


def loss_facts(call: LossCall) -> tuple[Fact, ...]:
    """What the row takes for granted, said of these targets."""
    targets = [vector for name, vector in zip(call.row.required, call.vectors, strict=True) if name in call.row.targets]
    return tuple(_fact(text, target) for text in call.row.assumes for target in targets)


def loss_domains(call: LossCall) -> tuple[TargetDomain, ...]:
    """What the row says of the values of these targets."""
    if call.row.target == "any":
        return ()
    targets = [vector for name, vector in zip(call.row.required, call.vectors, strict=True) if name in call.row.targets]
    named = [[entry.name for entry in (target.array, *target.entries) if isinstance(entry, Ref)] for target in targets]
    return tuple(TargetDomain(call.row.name, call.row.target, tuple(dict.fromkeys(names))) for names in named if names)


def loss_derivative(call: LossCall, argument: int, place: Affine) -> Expression:
    """∂L/∂(entry at `place` of the vector number `argument`), in the row's textbook form."""
    text = call.row.derivatives[argument]
    if place.number is not None:
        return read_formula(text, call.scope(places={"d": place}))
    return reindex(read_formula(text, call.scope(indices={"d": call.vectors[argument].axis})), {"d": place})


def _mentions(call: LossCall, argument: int) -> list[Mention]:
    """The derivatives by the entries of one vector, as the row states them."""
    vector = call.vectors[argument]

    def mention(place: Affine, bounds: tuple[Bound, ...]) -> Mention:
        ref = vector.at(place)
        assert isinstance(ref, Ref)
        return Mention(ref, loss_derivative(call, argument, place), (*vector.along, *bounds))

    if vector.axis is not None and vector.axis.single:
        return [mention(vector.axis.low, ())]
    if vector.axis is not None:
        letter = fresh("c", {"d", "e"})
        return [mention(variable(letter), (Bound(letter, vector.axis),))]
    return [mention(number(at), ()) for at in range(1, len(vector.entries) + 1)]


def _fact(text: str, target: Vector) -> Fact:
    """`sum(y) = 1` about the target vector itself, also where its entries are used one by one."""
    refs = tuple(entry for entry in (target.array, *target.entries) if isinstance(entry, Ref))
    names = tuple(dict.fromkeys(ref.name for ref in refs))
    if target.array is not None or len(names) < len(refs):
        return Fact(text.replace("y", names[0]), names[0], refs if target.array is None else ())
    return Fact(f"{' + '.join(names)} = 1", None, refs)
