"""`regularization:` → a node R of the parameters alone, which the cost adds to the losses of the samples.

    l2:  R = c/2 Σ w²        l1:  R = c Σ |w|        both: their sum (the elastic net)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from backprop_derive.building.draft import Draft
from backprop_derive.building.formulas import resolve
from backprop_derive.building.names import CONSTANTS, fault
from backprop_derive.building.samples import choose_samples
from backprop_derive.building.scope import Scope
from backprop_derive.building.vectors import scalar_node
from backprop_derive.errors import FormulaError, nearest
from backprop_derive.graph.expressions import Apply, Bound, Expression, Fold, Mul, Number, Ref, add, mul, num, power, reciprocal, refs, walk
from backprop_derive.graph.indices import size
from backprop_derive.graph.nodes import Node, Piece
from backprop_derive.language.grammar import parse
from backprop_derive.language.syntax import Name, Syntax
from backprop_derive.spec.model import Regularization
from backprop_derive.spec.source import Scalar

SAMPLES = "m"
_NAMES = ("R", "Omega", "Penalty")


def add_penalty(draft: Draft) -> str | None:
    """Add the node of the penalty, and the constants that its factors mention; returns its name."""
    entry = draft.spec.regularization
    if entry is None:
        return None
    nodes = _penalized(draft, entry)
    terms: list[Expression] = []
    for text, kind in ((entry.l1, "l1"), (entry.l2, "l2")):
        factor = None if text is None else _factor(draft, text)
        if factor is not None and nodes:
            half = num(1) if kind == "l1" else reciprocal(num(2))
            terms.append(mul(half, factor, add(*(_over_entries(node, kind) for node in nodes))))
    if not terms:
        return None
    name = next(name for name in (*_NAMES, *(f"R_{count}" for count in range(2, 1000))) if name not in draft.taken())
    kinds = " and ".join(kind for kind, given in (("l1", entry.l1), ("l2", entry.l2)) if given is not None)
    draft.add(scalar_node(name, add(*terms), "regularizer", "", kinds), entry.mark)
    return name


def _over_entries(node: Node, kind: str) -> Expression:
    """`Σ_j Σ_k W[j,k]²` or `Σ_j Σ_k |W[j,k]|`; of a scalar, the term alone."""
    entry = node.mention()
    body: Expression = Apply("abs", (entry,)) if kind == "l1" else power(entry, num(2))
    for letter, axis in reversed(tuple(zip(node.letters, node.axes, strict=True))):
        body = body if axis.single else Fold("sum", Bound(letter, axis), body)
    return body


# -- the factor -------------------------------------------------------------------------------------------------------


def _factor(draft: Draft, text: Scalar) -> Expression | None:
    """A number, or a formula of constants, sizes and the number of samples m. A name that nothing has is a new constant."""
    try:
        tree = parse(text.text, draft.scope().names)
        scope = _scope(draft, tree, text)
        factor = resolve(tree, scope)
        for ref in refs(factor):
            node = draft.nodes[ref.name]
            if node.role != "constant" or node.axes:
                raise fault(f"{ref.name!r} cannot stand here: the factor is made of numbers, constants and sizes", tree)
    except FormulaError as error:
        draft.fault(text, error)
        return None
    if isinstance(factor, Number) and factor.value <= 0:
        draft.problem(text.mark, "the factor is above 0; without a penalty leave regularization out", text.text)
        return None
    return factor


def _scope(draft: Draft, tree: Syntax, text: Scalar) -> Scope:
    """Declare the factor's symbols; `m` is the number of samples where there are samples and the spec has no other m."""
    symbols = dict.fromkeys(each.name for each in tree.walk() if isinstance(each, Name) and not each.indices)
    new = [name for name in symbols if name not in (*draft.taken(), *CONSTANTS)]
    counted = SAMPLES in new and draft.spec.cost != "single"
    if counted:
        counted = choose_samples(draft.nodes.values(), draft.taken() | (set(new) - {SAMPLES})).size == SAMPLES
    for name in new:
        if name != SAMPLES or not counted:
            draft.add(Node(name, role="constant"), text.mark)
    scope = draft.scope()
    return replace(scope, sizes={**scope.sizes, SAMPLES: size(SAMPLES)}) if counted else scope


# -- what is penalised ------------------------------------------------------------------------------------------------


def _penalized(draft: Draft, entry: Regularization) -> list[Node]:
    parameters = [node for node in draft.nodes.values() if node.role == "parameter"]
    if entry.of is None and draft.spec.style == "equations":
        draft.problem(entry.mark, "with equations, regularization needs `of:`, all or the names of parameters: equations do not say which are biases")
        return []
    if isinstance(entry.of, tuple):
        return [node for name in entry.of if (node := _named(draft, name, parameters)) is not None]
    found = parameters if entry.of == "all" else [node for node in parameters if _is_weight(draft, node)]
    if not found and parameters:
        draft.problem(entry.mark, "none of the parameters is a weight: name those that are penalised by `of:`")
    return found


def _named(draft: Draft, name: Scalar, parameters: Iterable[Node]) -> Node | None:
    node = draft.nodes.get(name.text)
    if node is None or node.role != "parameter":
        draft.unknown(name, f"{name.text!r} is no parameter", nearest(name.text, [each.name for each in parameters]))
        return None
    return node


def _is_weight(draft: Draft, parameter: Node) -> bool:
    """Whether it multiplies what a weighted sum adds up. A bias stands alone, a gain has no index but the unit's own."""
    for node in draft.nodes.values():
        for piece in node.pieces:
            letters = {letter for letter, _ in piece.axes}
            factors = set(_factors(piece))
            for ref in refs(piece.definition):
                if ref.name != parameter.name:
                    continue
                summed = any(index.variable not in letters for index in ref.indices)
                multiplies = ref in factors and (summed or (not ref.indices and node.role in ("preactivation", "node")))
                if multiplies or (summed and len(ref.indices) > 1):
                    return True
    return False


def _factors(piece: Piece) -> Iterator[Ref]:
    for each in walk(piece.definition):
        if isinstance(each, Mul):
            yield from (factor for factor in each.factors if isinstance(factor, Ref))
