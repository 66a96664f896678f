"""What a derivation is made of: named factors and named steps. Values only; how they look is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from backprop_derive.calculus.links import Link
from backprop_derive.calculus.occurrences import mentions
from backprop_derive.calculus.words import Words, listed, merged
from backprop_derive.graph.expressions import ZERO, Apply, Bracket, Expression, Fold, Mul, Number, Partial, Power, Ref, Where, walk
from backprop_derive.graph.nodes import Graph, Node
from backprop_derive.operations.functions import find_function
from backprop_derive.operations.layers import LAYERS
from backprop_derive.operations.losses import find_loss


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of the chain rule: the partial by name, its value, which rule gives it, and why in a sentence."""

    partial: Partial
    value: Expression
    rule: str
    reason: Words


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a derivation: `before` equals `after` by `rule`; `identity` is the rule as a formula, if it has one.

    `partial` is the factor of the chain rule that the step gives its value, if it is that kind of step.
    """

    rule: str
    reason: Words
    before: Expression
    after: Expression
    identity: str = ""
    partial: Partial | None = None


def through(loss: str, name: str, expansion: Expression) -> Words:
    """Why the expansion is what it is: the nodes by which a quantity reaches the loss."""
    below = tuple(dict.fromkeys(each.top.name for each in walk(expansion) if isinstance(each, Partial) and each.bottom.name == name))
    if not below:
        return "no way leads from ", Ref(name), " to ", Ref(loss), " here"
    if below == (loss,):
        return Ref(name), " stands in ", Ref(loss), " itself"
    ending = ": the derivatives along the way are multiplied" + (", and the ways are added" if len(below) > 1 else "")
    return Ref(name), " reaches ", Ref(loss), " through ", *listed(below), ending


def factor_of(graph: Graph, link: Link) -> Factor:
    """The factor of a link, labelled by what it is the derivative of."""
    child, parent = graph.node(link.child.name), graph.node(link.parent.name)
    rule, reason = _label(graph, child, parent, link)
    if link.direct:
        reason += (" (∂⁺: only where ", Ref(parent.name), " stands in the formula of ", Ref(child.name), " itself; its other ways are counted by themselves)")
    return Factor(link.partial, link.value, rule, merged(reason))


def _label(graph: Graph, child: Node, parent: Node, link: Link) -> tuple[str, Words]:
    loss = find_loss(child.operation) if child.role == "loss" and child.operation else None
    if child.role == "loss":
        what = "the prediction" if parent.name in graph.outputs else Ref(parent.name)
        sentence = f": {loss.sentence}" if loss is not None and parent.name not in graph.targets else ""
        return "derivative of the loss", ("derivative of the loss with respect to ", what, sentence)
    if not _is_in_main_formula(child, parent):
        return "start value", ("at this place ", Ref(child.name), " is given by ", Ref(parent.name), " itself")
    if child.role == "activation":
        return "derivative of the activation", _activation_reason(graph, child)
    layer = LAYERS.get(child.operation)
    sentence = layer.derivative if layer is not None and parent.role != "parameter" else ""
    if _is_linear_in(child, parent) and child.role == "preactivation":
        return "derivative of the weighted sum", (*_linear_reason(child, parent, link), *(("; ", sentence) if sentence else ()))
    if sentence:
        return f"derivative of {child.operation.replace('_', ' ')}", (sentence,)
    if _is_linear_in(child, parent):
        return "derivative of the weighted sum", _linear_reason(child, parent, link)
    return "local derivative", ("derivative of ", Ref(child.name), " with respect to ", Ref(parent.name), ", everything else in its formula held fixed")


def _is_in_main_formula(child: Node, parent: Node) -> bool:
    """Whether the parent stands in the formula that holds for all places, not just in one for a single place."""
    main = max(child.pieces, key=lambda piece: len(piece.axes))
    return len(child.pieces) == 1 or main.axes == () or mentions(main.definition, parent.name)


def _activation_reason(graph: Graph, child: Node) -> Words:
    row = None if child.operation in graph.functions else find_function(child.operation)
    named = child.unit and not child.unit.isdigit() and child.unit != child.name
    owner: Words = (" of ", Ref(child.unit)) if named else ()
    if row is None:
        return "derivative of the activation ", Ref(child.operation), *owner, ", at its pre-activation"
    return f"derivative of the activation {row.name}", *owner, f": {row.sentence}"


def _is_linear_in(child: Node, parent: Node) -> bool:
    """Whether the child is a sum of products in which the parent stands at most once each."""
    for piece in child.pieces:
        for each in walk(piece.definition):
            if isinstance(each, Apply | Power) or _chooses(each) or (isinstance(each, Fold) and each.kind != "sum"):
                return False
            if isinstance(each, Mul) and sum(mentions(factor, parent.name) for factor in each.factors) > 1:
                return False
    return child.role in ("preactivation", "node")


def _chooses(expression: Expression) -> bool:
    """Whether it is one thing or another; what is 0 outside of a range, such as a padded input, is as linear as it is inside."""
    return isinstance(expression, Where) and not (isinstance(expression.test, Bracket) and expression.otherwise == ZERO)


def _linear_reason(child: Node, parent: Node, link: Link) -> Words:
    one, other = Ref(child.name), Ref(parent.name)
    if isinstance(link.value, Number):
        factor = str(link.value.value).replace("-", "−")
        return other, " is added in ", one, f", so it passes through with factor {factor}"
    if parent.role == "parameter":
        return one, " is linear in ", other, ": the derivative is what ", other, " is multiplied by"
    return one, " is linear in ", other, ": the derivative is the weight on ", other
