"""Expressions as a sentence says them: short, in Unicode, without the index of the samples."""

from __future__ import annotations

from fractions import Fraction

from backprop_derive.graph.expressions import Add, Apply, Constant, Expression, Integer, Mul, Number, Power, Ref
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Graph
from backprop_derive.notation import unicode_name
from backprop_derive.operations.functions import find_function

LONGEST = 60
UNSPOKEN = "its value"


def spoken(graph: Graph, expression: Expression) -> str:
    """The expression as text; UNSPOKEN where it would be too long or has no short form."""
    try:
        text = _said(graph, expression, 0).replace("-", "−")
    except ValueError:
        return UNSPOKEN
    return text if len(text) <= LONGEST else UNSPOKEN


def _said(graph: Graph, expression: Expression, level: int) -> str:
    match expression:
        case Number(value):
            return f"({value})" if value < 0 or (value.denominator > 1 and level > 1) else str(value)
        case Constant(name):
            return name
        case Integer(form):
            return form_text(form)
        case Ref(name, indices):
            node = graph.by_name.get(name)
            own = indices[1:] if node is not None and node.sampled else indices
            return unicode_name(name) + (f"[{','.join(form_text(index) for index in own)}]" if own else "")
        case Add(terms):
            parts = [_signed(graph, term) for term in terms]
            first = ("-" if parts[0][0] else "") + parts[0][1]
            text = first + "".join(f" {'-' if negative else '+'} {said}" for negative, said in parts[1:])
            return f"({text})" if level else text
        case Mul(factors):
            if isinstance(factors[0], Number) and factors[0].value == -1:
                return ("(-" if level > 1 else "-") + "·".join(_said(graph, factor, 2) for factor in factors[1:]) + (")" if level > 1 else "")
            half = "½" if isinstance(factors[0], Number) and factors[0].value == Fraction(1, 2) else ""
            return half + "·".join(_said(graph, factor, 2) for factor in factors[len(half) :])
        case Power(base, Number(value)) if value == 2:
            return f"{_said(graph, base, 2)}²"
        case Power(base, Number(value)) if value == -1:
            return f"1/{_said(graph, base, 2)}"
        case Apply(function, arguments, order):
            row = find_function(function) if function not in graph.functions else None
            name = row.unicode or function if row is not None else unicode_name(function)
            return f"{name}{chr(39) * order}({', '.join(_said(graph, argument, 0) for argument in arguments)})"
    raise ValueError(expression)


def _signed(graph: Graph, term: Expression) -> tuple[bool, str]:
    if isinstance(term, Mul) and isinstance(term.factors[0], Number) and term.factors[0].value == -1:
        return True, "·".join(_said(graph, factor, 2) for factor in term.factors[1:])
    if isinstance(term, Number) and term.value < 0:
        return True, str(-term.value)
    return False, _said(graph, term, 1)
