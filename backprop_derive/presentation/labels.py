"""Names for parts of long formulas: the δ that stands in a chain of partials, or in the value of a gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backprop_derive.calculus.chain import MAXIMUM_LENGTH
from backprop_derive.calculus.derivation import Delta, Derivation
from backprop_derive.graph.expressions import Expression, Mul, Number, Partial, Ref, reindex, replace
from backprop_derive.graph.indices import Affine
from backprop_derive.presentation.document import Label

LONGEST = 4 * MAXIMUM_LENGTH
"""A δ is looked for in formulas as it is written out, if that is no longer; chains of partials have few symbols a layer."""


def delta_labels(derivation: Derivation) -> tuple[Label, ...]:
    """Each δ as one partial, as the chain of partials from the loss on, and as its value; the longest first."""
    found = dict(_labels(derivation))
    return tuple(sorted(found.items(), key=lambda label: -len(label[0])))


def _labels(derivation: Derivation) -> Iterator[Label]:
    loss = derivation.graph.differentiated
    by_node = {delta.of.name: delta for delta in derivation.deltas.values()}
    by_name = {delta.name: delta for delta in derivation.deltas.values()}

    def of_partial(expression: Expression) -> tuple[Delta, tuple[Affine, ...]] | None:
        if isinstance(expression, Partial) and expression.top == loss and expression.bottom.name in by_node:
            return by_node[expression.bottom.name], expression.bottom.indices
        return None

    def of_name(expression: Expression) -> tuple[Delta, tuple[Affine, ...]] | None:
        return (by_name[expression.name], expression.indices) if isinstance(expression, Ref) and expression.name in by_name else None

    for delta in derivation.deltas.values():
        name = Ref(delta.name, delta.of.indices)
        parts: list[Expression] = [Partial(loss, delta.of)]
        if derivation.chain.inlined_length(delta.of.name) <= LONGEST:  # what is longer stands on no page
            parts.append(_written_out(delta.expansion, lambda each: each.expansion, of_partial, (delta.name,)))
            parts.append(_written_out(delta.value, lambda each: each.value, of_name, (delta.name,)))
        for part in parts:
            factors = part.factors if isinstance(part, Mul) else (part,)
            if not isinstance(factors[0], Number) and not isinstance(part, Number | Ref):
                yield factors, name


def _written_out(
    expression: Expression,
    definition: Callable[[Delta], Expression],
    found: Callable[[Expression], tuple[Delta, tuple[Affine, ...]] | None],
    inside: tuple[str, ...],
) -> Expression:
    """The expression with the definition of every δ in place of its name, apart from one that is being written out."""

    def change(each: Expression) -> Expression | None:
        match = found(each)
        if match is None or match[0].name in inside:
            return None
        delta, places = match
        letters = {index.variable: place for index, place in zip(delta.of.indices, places, strict=True) if index.variable is not None}
        return _written_out(reindex(definition(delta), letters), definition, found, (*inside, delta.name))

    return replace(expression, change)
