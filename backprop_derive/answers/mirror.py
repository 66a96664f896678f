"""Single changes of the answer itself that make it right: "replace x2 by x1"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from backprop_derive.answers.claims import Mistake
from backprop_derive.answers.spoken import spoken
from backprop_derive.answers.statements import Side
from backprop_derive.graph.expressions import (
    ONE,
    Add,
    Expression,
    Mul,
    Number,
    Power,
    Ref,
    add,
    children,
    mul,
    neg,
    num,
    power,
    rebuilt,
    refs,
)
from backprop_derive.graph.nodes import Graph
from backprop_derive.language.syntax import Name

MOST = 400


@dataclass(frozen=True, slots=True)
class Mend:
    """The answer with one piece changed, and the mistake that the piece was."""

    expression: Expression
    mistake: Mistake


def mends(graph: Graph, side: Side) -> Iterator[Mend]:
    """Every single change: another name, another sign, a factor left out, a power; each with what it says."""
    for number, (changed, mistake) in enumerate(_changes(graph, side, side.expression, lambda each: each)):
        if number == MOST:
            return
        yield Mend(changed, mistake)


def _changes(graph: Graph, side: Side, expression: Expression, rebuild: Callable[[Expression], Expression]) -> Iterator[tuple[Expression, Mistake]]:
    yield from ((rebuild(changed), mistake) for changed, mistake in _here(graph, side, expression))
    below = children(expression)
    for at, child in enumerate(below):

        def above(changed: Expression, at: int = at) -> Expression:
            return rebuild(rebuilt(expression, (*below[:at], changed, *below[at + 1 :])))

        yield from _changes(graph, side, child, above)


def _here(graph: Graph, side: Side, expression: Expression) -> Iterator[tuple[Expression, Mistake]]:
    match expression:
        case Ref():
            yield from _other_names(graph, side, expression)
        case Add(terms):
            for at, term in enumerate(terms):
                text = f"the sign of {spoken(graph, term if not _is_negative(term) else neg(term))} is wrong"
                yield add(*terms[:at], neg(term), *terms[at + 1 :]), Mistake("sign", text, spoken(graph, term))
        case Mul(factors):
            for at, factor in enumerate(factors):
                if not isinstance(factor, Number):
                    text = f"the factor {spoken(graph, factor)} does not belong there"
                    yield mul(*factors[:at], *factors[at + 1 :]), Mistake(_kind_of(graph, factor), text, spoken(graph, factor), _span(side, factor))
            for at, factor in enumerate(factors):
                for other in factors[at + 1 :]:
                    if other in (add(ONE, neg(factor)), add(ONE, factor)):
                        rest = mul(*(each for each in factors if each not in (factor, other)))
                        text = f"the derivative of an activation, {spoken(graph, mul(factor, other))}, does not belong there: it is in the rest already"
                        yield rest, Mistake("extra-activation-derivative", text, spoken(graph, mul(factor, other)))
        case Power(base, Number(value)) if value == 2:
            yield base, Mistake("wrong-local-derivative", f"{spoken(graph, base)} is not squared", spoken(graph, base))
    if isinstance(expression, Ref | Add):
        yield power(expression, num(2)), Mistake("wrong-local-derivative", f"{spoken(graph, expression)} is squared", spoken(graph, expression))


def _is_negative(term: Expression) -> bool:
    return isinstance(term, Mul) and isinstance(term.factors[0], Number) and term.factors[0].value < 0


def _other_names(graph: Graph, side: Side, ref: Ref) -> Iterator[tuple[Expression, Mistake]]:
    """Another quantity of the same shape in its place."""
    own = graph.by_name.get(ref.name)
    if own is None:
        return
    for node in graph.nodes:
        same = [axis.length for axis in node.axes] == [axis.length for axis in own.axes]
        if node.name == own.name or not same or node.sampled != own.sampled or node.role in ("loss", "regularizer"):
            continue
        other = Ref(node.name, ref.indices)
        alike = node.role == own.role or {node.role, own.role} <= {"node", "preactivation", "activation", "input"}
        kind = "transpose-or-index" if alike else "missing-weight-factor" if node.role == "parameter" else "wrong-input-factor"
        yield other, Mistake(kind, f"replace {spoken(graph, ref)} by {spoken(graph, other)}", spoken(graph, ref), _span(side, ref))


def _kind_of(graph: Graph, factor: Expression) -> str:
    node = graph.by_name.get(factor.name) if isinstance(factor, Ref) else None
    if node is None:
        roles = {graph.node(each.name).role for each in refs(factor) if each.name in graph.by_name}
        if roles and roles <= {"input", "target"}:
            return "wrong-input-factor"
        return "extra-activation-derivative" if isinstance(factor, Add) and "activation" in roles else "wrong-local-derivative"
    return "missing-weight-factor" if node.role == "parameter" else "wrong-input-factor"


def _span(side: Side, piece: Expression) -> tuple[int, int] | None:
    """Where a name stands in the text, if it stands there once."""
    if not isinstance(piece, Ref):
        return None
    found = [each for each in side.syntax.walk() if isinstance(each, Name) and each.name == piece.name]
    return (found[0].start, found[0].end) if len(found) == 1 else None


def with_expression(side: Side, expression: Expression) -> Side:
    """The side with another expression."""
    return replace(side, expression=expression, number=None)
