"""What is right about an answer, though it is often called wrong: `o(1 - o)` is σ'(z)."""

from __future__ import annotations

from collections.abc import Iterator

from backprop_derive.answers.statements import Side
from backprop_derive.graph.expressions import ONE, ZERO, Add, Apply, Compare, Expression, Mul, Power, Ref, add, mul, neg, num, power, walk
from backprop_derive.graph.nodes import Graph


def remarks(graph: Graph, side: Side) -> Iterator[str]:
    """Parts of an answer that are derivatives of activations, written by the output."""
    found: dict[str, None] = {}
    for each in walk(side.expression):
        for ref in dict.fromkeys(part for part in _parts(each) if isinstance(part, Ref)):
            remark = _remark(graph, ref, each)
            if remark:
                found.setdefault(remark)
    return iter(found)


def _parts(expression: Expression) -> Iterator[Expression]:
    return walk(expression) if isinstance(expression, Mul | Add | Compare | Apply) else iter(())


def _remark(graph: Graph, ref: Ref, whole: Expression) -> str:
    """What `whole` is, if it is written by the output `ref` of an activation."""
    call = _call(graph, ref)
    if call is None:
        return ""
    function, z = call
    match function, whole:
        case "sigmoid", Mul(factors) if _is_among(factors, ref) and _is_among(factors, _rest(ref)):
            return f"{ref.name}*(1 - {ref.name}) is sigmoid'({z})"
        case "sigmoid", Add() if _same(whole, add(ref, neg(power(ref, num(2))))):
            return f"{ref.name} - {ref.name}^2 is sigmoid'({z})"
        case "tanh", Add() if _same(whole, add(ONE, neg(power(ref, num(2))))):
            return f"1 - {ref.name}^2 is tanh'({z})"
        case "tanh", Mul(factors) if _is_among(factors, _rest(ref)) and _is_among(factors, add(ONE, ref)):
            return f"(1 - {ref.name})*(1 + {ref.name}) is tanh'({z})"
        case "relu", Compare(relation=">" | "!=", left=left, right=right) if left == ref and right == ZERO:
            return f"{ref.name} > 0 is where relu'({z}) is 1: the mask may be taken by the output"
        case "relu", Apply("step", (argument,)) if argument == ref:
            return f"step({ref.name}) is relu'({z}): the mask may be taken by the output"
    return ""


def _call(graph: Graph, ref: Ref) -> tuple[str, str] | None:
    """(function, name of its argument) of a node that is an activation of another one."""
    node = graph.by_name.get(ref.name)
    if node is None or len(node.pieces) != 1:
        return None
    match node.pieces[0].definition:
        case Apply(function, (Ref(name, _),), 0):
            return function, name
    return None


def _rest(ref: Ref) -> Expression:
    return add(ONE, neg(ref))


def _is_among(factors: tuple[Expression, ...], wanted: Expression) -> bool:
    return any(_same(factor, wanted) for factor in factors)


def _same(left: Expression, right: Expression) -> bool:
    """Whether two expressions are the same but for the order of terms and of factors, and for how a square is written."""
    return _sorted(left) == _sorted(right)


def _sorted(expression: Expression) -> str:
    match expression:
        case Add(terms):
            return "+".join(sorted(_sorted(term) for term in terms))
        case Mul(factors):
            return "*".join(sorted(_sorted(factor) for factor in factors))
        case Power(base, exponent) if exponent == num(2):
            return _sorted(mul(base, base))
    return repr(expression)
