"""The right line: what stands on the left of an equation, worked out by the derivation."""

from __future__ import annotations

from dataclasses import replace

from backprop_derive.answers.statements import Side
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.calculus.front import Front
from backprop_derive.errors import BackpropError
from backprop_derive.graph.expressions import Expression, Fold, Mul, Partial, Ref, mul, refs, reindex, walk
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Affine
from backprop_derive.graph.nodes import Cost, Node


def correction_of(derivation: Derivation, left: Side) -> Expression | None:
    """The left side with every derivative, adjoint and node as it should read; None where that is not worked out.

    ∂C/∂w is its textbook form, ∂L/∂w that of one sample, δ a line of the backward pass, a node its definition.
    """
    found = left.expression
    try:
        if isinstance(found, Ref):
            return _of_name(derivation, found)
        changed = replace_in(found, lambda each: derivative(derivation, each) if isinstance(each, Partial) else None)
    except (BackpropError, LookupError):
        return None
    return changed if changed != found else None


def derivative(derivation: Derivation, partial: Partial) -> Expression | None:
    """The value of a total derivative in its textbook form; None where that is not worked out. Raises BackpropError."""
    graph, top, bottom = derivation.graph, partial.top, partial.bottom
    node = graph.node(bottom.name)
    if top.name == graph.cost.name:
        return _placed(derivation, node, bottom)
    if top.name == graph.cost.loss:
        whole = derive(replace(graph, cost=replace(graph.cost, regularizer=None)))
        value = _placed(whole, node, bottom)
        return None if value is None else _of_one_sample(derivation, node, value)
    own = graph.node(top.name)
    if own.axes[int(own.sampled) :]:
        return None
    alone = derive(replace(graph, cost=Cost(top.name, top.name, "sum"), facts=(), assumptions=()))
    value = _placed(alone, node, bottom)
    return None if value is None else _of_one_sample(alone, node, value)


def _of_one_sample(derivation: Derivation, node: Node, value: Expression) -> Expression:
    """The derivative of one sample's loss, from that of the cost."""
    front = Front(derivation.graph, node)
    if front.bound is None and not front.mean:
        return value
    single = _without_scale(value, front)
    if isinstance(single, Mul):  # 2/m Σ_i … has its 2 in front of the sum
        return mul(*(front.strip(factor) if isinstance(factor, Fold) and factor.bound == front.bound else factor for factor in single.factors))
    return front.strip(single)


def _without_scale(value: Expression, front: Front) -> Expression:
    """The expression without the 1/m in front."""
    if isinstance(value, Mul) and front.scale in value.factors:
        rest = list(value.factors)
        rest.remove(front.scale)
        return mul(*rest)
    return value


def _placed(derivation: Derivation, node: Node, bottom: Ref) -> Expression | None:
    """The gradient at the indices of a mention: at letters, or of one entry."""
    own = bottom.indices[int(node.sampled) :]
    numbers = [index.number for index in own]
    if own and all(number is not None for number in numbers):
        return derivation.element(node.name, tuple(number for number in numbers if number is not None)).gradient
    gradient = derivation.gradient(node.name)
    return reindex(gradient.gradient, _letters(gradient.of, bottom))


def _letters(own: Ref, mention: Ref) -> dict[str, Affine]:
    return {mine.variable: there for mine, there in zip(own.indices, mention.indices, strict=True) if mine.variable is not None}


def _of_name(derivation: Derivation, ref: Ref) -> Expression | None:
    """A line of the backward pass, or the definition of a node."""
    graph = derivation.graph
    of = next((node for node, name in derivation.names.items() if name == ref.name and ref.name not in graph.by_name), None)
    if of is not None:
        delta = derivation.deltas.get(of)
        return None if delta is None else reindex(delta.value, _letters(delta.of, ref))
    node = graph.by_name.get(ref.name)
    if node is None or len(node.pieces) != 1:
        return None
    return reindex(node.pieces[0].definition, _letters(node.ref(), ref))


def mentions_derivative(expression: Expression, target: Expression) -> bool:
    """Whether a derivative stands in the expression as it was asked for, so that nothing has been worked out."""
    return any(each == target for each in walk(expression)) if isinstance(target, Partial) else target in tuple(refs(expression))
