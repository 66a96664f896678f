"""One entry of an array, and the closed form: the same formulas at numbers, with sums written out, or with every node put in."""

from __future__ import annotations

from collections.abc import Mapping

from backprop_derive.calculus.chain import Chain
from backprop_derive.calculus.front import number_in_front
from backprop_derive.calculus.rewriting import tidy
from backprop_derive.calculus.steps import Factor, Step, through
from backprop_derive.calculus.terms import decided, same_but_for_letters
from backprop_derive.errors import UsageError
from backprop_derive.graph.expressions import (
    Expression,
    Fold,
    Partial,
    Ref,
    add,
    children,
    rebuilt,
    reindex,
    walk,
)
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Affine, Axis, number
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Node, Piece

MAXIMUM_TERMS = 1_000
MAXIMUM_CLOSED = 4_000


def places(chain: Chain, name: str) -> tuple[tuple[int, ...], ...]:
    """All places of an array whose size is given in numbers, the sample index left out. Raises UsageError otherwise."""
    found: list[tuple[int, ...]] = [()]
    for letter, axis in _own_axes(chain.graph.node(name)):
        low, high = axis.resize(chain.graph.sizes).low.number, axis.resize(chain.graph.sizes).high.number
        if low is None or high is None:
            sizes = f"{letter} = {form_text(axis.low)}..{form_text(axis.high)}"
            raise UsageError(f"the entries of {name} cannot be listed, since a size is a symbol ({sizes}): ask for one, such as '{name}[1]', or for its index form")
        found = [(*place, at) for place in found for at in range(low, high + 1)]
    return tuple(found)


def _own_axes(node: Node) -> list[tuple[str, Axis]]:
    return list(zip(node.letters, node.axes, strict=True))[int(node.sampled) :]


def at_place(chain: Chain, node: Node, place: tuple[int, ...]) -> Mapping[str, Affine]:
    """What the letters of a node stand for at a place. Raises UsageError where there is no such place."""
    axes = _own_axes(node)
    if len(place) != len(axes):
        raise UsageError(f"{node.name} has {len(axes)} indices; {len(place)} given")
    for value, (letter, axis) in zip(place, axes, strict=True):
        exact = axis.resize(chain.graph.sizes)
        low, high = exact.low.number, exact.high.number
        if (low is not None and value < low) or (high is not None and value > high):
            raise UsageError(f"{node.name}: index {letter} is {value}, but it runs from {form_text(axis.low)} to {form_text(axis.high)}")
    return {letter: number(value) for value, (letter, _) in zip(place, axes, strict=True)}


def at_numbers(expression: Expression, values: Mapping[str, Affine]) -> Expression:
    """The expression with letters put to numbers and decided brackets dropped; sums stay."""
    return decided(reindex(expression, values))


def written_out(chain: Chain, expression: Expression) -> Expression:
    """Sums over an axis of known length as their terms, if these are not too many with all sums inside; the sum over samples stays."""

    def count(each: Expression) -> int:
        terms = _terms(chain, each) if isinstance(each, Fold) else None
        below = sum(map(count, children(each)))
        return max(1, below) if terms is None else len(terms) * max(1, below)

    def expand(each: Expression) -> Expression:
        terms = _terms(chain, each) if isinstance(each, Fold) else None
        if isinstance(each, Fold) and terms is not None:
            if count(each) > MAXIMUM_TERMS:
                return each
            return add(*(expand(decided(reindex(each.body, {each.bound.name: number(at)}))) for at in terms))
        below = children(each)
        return rebuilt(each, tuple(map(expand, below))) if below else each

    return expand(expression)


def _terms(chain: Chain, fold: Fold) -> range | None:
    """Where a sum runs, if that is known in numbers; None for any other fold, and for the sum over samples."""
    sample = chain.graph.samples
    if fold.kind != "sum" or (sample is not None and fold.bound.name == sample.index):
        return None
    exact = fold.bound.axis.resize(chain.graph.sizes)
    low, high = exact.low.number, exact.high.number
    return None if low is None or high is None else range(low, high + 1)


def in_front(chain: Chain, expression: Expression) -> Expression:
    """The expression with numbers in front of the sum over the samples."""
    samples = chain.graph.samples
    return expression if samples is None else number_in_front(expression, samples.index)


def element_steps(chain: Chain, name: str, steps: tuple[Step, ...], values: Mapping[str, Affine]) -> tuple[Step, ...]:
    """The steps for all entries at one place, and a last one that writes the sums out."""
    found = []
    for step in steps:
        before, after = (in_front(chain, at_numbers(each, values)) for each in (step.before, step.after))
        if not same_but_for_letters(before, after):
            partial = None if step.partial is None else at_numbers(step.partial, values)
            assert partial is None or isinstance(partial, Partial)
            reason = through(chain.loss.name, name, after) if step.rule == "chain rule" else step.reason
            found.append(Step(step.rule, reason, before, after, step.identity, partial))
    last = found[-1].after
    after = in_front(chain, tidy_samples(written_out(chain, last)))
    if not same_but_for_letters(after, last):
        found.append(Step("write out the sums", ("each sum has a known number of terms",), last, after))
    return tuple(found)


def tidy_samples(expression: Expression) -> Expression:
    """A written-out formula in the order of a book; the cost's front stays where it is."""
    if isinstance(expression, Fold) and expression.kind == "sum":
        return rebuilt(expression, (tidy(expression.body),))
    below = children(expression)
    if below and isinstance(below[-1], Fold) and below[-1].kind == "sum":
        return rebuilt(expression, (*below[:-1], tidy_samples(below[-1])))
    return tidy(expression)


def element_factors(factors: tuple[Factor, ...], values: Mapping[str, Affine]) -> tuple[Factor, ...]:
    """The factors at one place, where they mention its letters."""
    found = []
    for factor in factors:
        partial = at_numbers(factor.partial, values)
        assert isinstance(partial, Partial)
        found.append(Factor(partial, at_numbers(factor.value, values), factor.rule, factor.reason))
    return tuple(found)


def closed_form(chain: Chain, expression: Expression) -> Expression:
    """The expression in leaves only: every node is replaced by its definition. Raises UsageError where that has no end or
    would fill pages."""
    if chain.recurrent:
        names = sorted(chain.recurrent)
        verb = "is" if len(names) == 1 else "are"
        raise UsageError(f"there is no closed form: {', '.join(names)} {verb} defined by a recurrence; the textbook form has one δ for all steps")
    lengths: dict[str, int] = {}
    nodes_of = {delta: name for name, delta in chain.names.items()}

    def length(each: Expression) -> int:
        if isinstance(each, Ref):
            return node_length(each.name)
        return 1 + sum(length(child) for child in children(each))

    def node_length(name: str) -> int:
        if name not in lengths:
            if name in nodes_of:
                definitions = [chain.textbook(nodes_of[name])]
            else:
                definitions = [piece.definition for piece in chain.graph.node(name).pieces]
            lengths[name] = min(10**9, max((length(definition) for definition in definitions), default=1))
        return lengths[name]

    total = length(expression)
    if total > MAXIMUM_CLOSED:
        raise UsageError(f"the closed form would have about {total:,} symbols; at most {MAXIMUM_CLOSED:,} are written (the textbook form is short)")

    def put(each: Expression) -> Expression | None:
        if isinstance(each, Ref) and each.name in nodes_of:
            name = nodes_of[each.name]
            return replace_in(decided(reindex(chain.textbook(name), chain.places(Ref(name, each.indices)))), put)
        if not isinstance(each, Ref) or chain.graph.node(each.name).is_leaf:
            return None
        return replace_in(definition_at(chain.graph.node(each.name), each), put)

    return replace_in(expression, put)


def closed_entry(chain: Chain, expression: Expression) -> Expression:
    """The closed form of one entry, whose letters have been put to numbers: with all its sums written out, or with none where
    that would be longer than a closed form may be."""
    short = in_front(chain, closed_form(chain, expression))
    long = in_front(chain, tidy_samples(written_out(chain, short)))
    whole = not any(isinstance(each, Fold) and _terms(chain, each) is not None for each in walk(long))
    return long if whole and sum(1 for _ in walk(long)) <= MAXIMUM_CLOSED else short


def definition_at(node: Node, ref: Ref) -> Expression:
    """What a node is at the places of a mention."""
    for piece in sorted(node.pieces, key=lambda piece: len(piece.axes)):
        if _holds_at(piece, ref):
            values = {place.variable: index for place, index in zip(piece.places, ref.indices, strict=True) if place.variable is not None}
            return decided(reindex(piece.definition, values))
    raise UsageError(f"{node.name} has no definition at {', '.join(form_text(index) for index in ref.indices)}")


def _holds_at(piece: Piece, ref: Ref) -> bool:
    return all(place.variable is not None or place == index for place, index in zip(piece.places, ref.indices, strict=True))
