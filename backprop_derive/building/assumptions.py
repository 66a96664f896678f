"""`assume:` → what rewrites may use (facts), and what is said of the network and drawn so in a check (assumptions)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from backprop_derive.building.classes import one_hot
from backprop_derive.building.draft import Draft
from backprop_derive.building.formulas import resolve
from backprop_derive.building.names import fault
from backprop_derive.building.scope import Scope
from backprop_derive.errors import FormulaError, UndefinedNameError, nearest
from backprop_derive.graph.expressions import Add, Expression, Fold, Number, Ref
from backprop_derive.graph.nodes import Assumption, Fact, Node
from backprop_derive.language.grammar import parse
from backprop_derive.language.syntax import Call, Comparison, Name, Syntax
from backprop_derive.operations.rows import folded
from backprop_derive.spec.source import Scalar

PROPERTIES = {folded(name): name for name in ("one_hot", "probabilities", "binary", "symmetric")}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_FORMS = "sum(y) = 1, one_hot(y), probabilities(y), binary(y), symmetric(W), z != 0, x > 0"


def add_assumptions(draft: Draft, of_loss: Sequence[Fact]) -> tuple[tuple[Fact, ...], tuple[Assumption, ...]]:
    """The facts and the assumptions of a spec. What the loss assumes of its targets holds unless `assume:` is empty, or
    something is said of these targets; a target of classes is one-hot."""
    found: list[tuple[Fact | None, Assumption]] = [one_hot(each.name.text) for each in draft.spec.targets or () if each.classes]
    found += [each for scalar in draft.spec.assume or () if (each := _read(draft, scalar)) is not None]
    said = {name for _, assumption in found for name in assumption.names}
    kept = [fact for fact in of_loss if draft.spec.assume != () and not said & _names(fact)]
    return (*kept, *(fact for fact, _ in found if fact is not None)), tuple(assumption for _, assumption in found)


def _names(fact: Fact) -> set[str]:
    return {fact.vector} if fact.vector is not None else {ref.name for ref in fact.entries}


def _read(draft: Draft, scalar: Scalar) -> tuple[Fact | None, Assumption] | None:
    scope = draft.scope()
    try:
        tree = parse(scalar.text, scope.names)
        match tree:
            case Call(function=function, arguments=arguments, options=()) if folded(function) in PROPERTIES:
                return _property(draft, PROPERTIES[folded(function)], arguments, tree)
            case Comparison():
                return _comparison(draft, tree, scope, " ".join(scalar.text.split()))
    except FormulaError as error:
        draft.fault(scalar, error)
        return None
    near = nearest(tree.function, PROPERTIES.values()) if isinstance(tree, Call) else ()
    draft.problem(scalar.mark, f"{scalar.text!r} is no assumption: write one as in {_FORMS}", scalar.text, near)
    return None


def _property(draft: Draft, kind: str, arguments: Sequence[Syntax], tree: Call) -> tuple[Fact | None, Assumption]:
    """`one_hot(y)`, or `one_hot(y1, y2)` where the entries have names of their own."""
    nodes = [_leaf(draft, argument) for argument in arguments]
    names = tuple(node.name for node in nodes)
    text = f"{kind}({', '.join(names)})"
    if kind == "symmetric" and any(len(node.axes) != 2 or node.axes[0] != node.axes[1] for node in nodes):
        raise fault("only a matrix with as many rows as columns can be symmetric", tree)
    summed = kind in ("one_hot", "probabilities")
    if not nodes or (summed and any(bool(node.axes) != (len(nodes) == 1) for node in nodes)):
        raise fault(f"{kind} is said of a vector, or of all its entries: {kind}(y), {kind}(y1, y2)", tree)
    return _fact(text, nodes) if summed else None, Assumption(text, kind, names)  # type: ignore[arg-type]


def _fact(text: str, nodes: Sequence[Node]) -> Fact:
    if nodes[0].axes:
        return Fact(text, nodes[0].name)
    return Fact(text, None, tuple(Ref(node.name) for node in nodes))


def _leaf(draft: Draft, tree: Syntax) -> Node:
    """The input, target, constant or parameter that is meant."""
    if not isinstance(tree, Name) or tree.indices:
        raise fault("the name of an input, a target, a constant or a parameter is expected here", tree)
    name = draft.aliases.get(tree.name, tree.name)
    if name not in draft.nodes:
        raise UndefinedNameError(tree.name, tree.start, tree.end, near=nearest(name, draft.nodes))
    if not draft.nodes[name].is_leaf:
        raise fault(f"{tree.name!r} is computed, so nothing can be assumed of it; say what is assumed of what is given", tree)
    return draft.nodes[name]


def _comparison(draft: Draft, tree: Comparison, scope: Scope, text: str) -> tuple[Fact | None, Assumption]:
    """`sum(y) = 1`, `y1 + y2 = 1`, or a name beside a number: `z != 0`, `0 < x`."""
    left, right, relation = tree.left, tree.right, tree.operator
    number = _number(right, scope)
    if number is None:
        left, right, relation, number = right, left, _MIRRORED[relation], _number(left, scope)
    if number is not None and relation == "=" and number == 1:
        nodes = _summed(draft, resolve(left, _with_letters(draft, left)))
        if nodes:
            names = tuple(node.name for node in nodes)
            said = f"sum({names[0]}) = 1" if nodes[0].axes else f"{' + '.join(names)} = 1"
            return _fact(said, nodes), Assumption(said, "sum", names)
    if number is not None and relation != "=" and isinstance(left, Name) and not left.indices:
        name = draft.aliases.get(left.name, left.name)
        if name in draft.nodes:
            return None, Assumption(text, "relation", (name,), relation, number)  # type: ignore[arg-type]
        resolve(left, scope)
    raise fault("an assumption of this form: not yet (planned, not built)", tree, f"these can be said: {_FORMS}")


def _number(tree: Syntax, scope: Scope) -> Fraction | None:
    """The value of a side that is a plain number."""
    if any(isinstance(each, Name | Call) for each in tree.walk()):
        return None
    value = resolve(tree, scope)
    return value.value if isinstance(value, Number) else None


def _with_letters(draft: Draft, tree: Syntax) -> Scope:
    """The scope in which letters that are no names may stand in brackets: `sum(y[t,c], c) = 1` is said for every t."""
    inside = (index for each in tree.walk() if isinstance(each, Name) for index in each.indices)
    letters = {index.name for index in inside if isinstance(index, Name) and not index.indices}
    return draft.scope(dict.fromkeys(sorted(letters - {*draft.sizes, *draft.nodes, *draft.aliases})))


def _summed(draft: Draft, total: Expression) -> list[Node]:
    """The leaves of which all entries are added: one array over its last index, or scalars."""
    if isinstance(total, Fold) and total.kind == "sum" and isinstance(total.body, Ref):
        node = draft.nodes[total.body.name]
        whole = total.body.indices[-1:] and total.body.indices[-1].variable == total.bound.name and total.bound.axis == node.axes[-1]
        others = [index.variable for index in total.body.indices[:-1]]
        return [node] if whole and node.is_leaf and None not in others and len(set(others)) == len(others) else []
    terms = total.terms if isinstance(total, Add) else ()
    nodes = [draft.nodes[term.name] for term in terms if isinstance(term, Ref) and not term.indices]
    return nodes if len(nodes) == len(terms) > 1 and all(node.is_leaf for node in nodes) else []
