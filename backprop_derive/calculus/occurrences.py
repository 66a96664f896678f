"""Every mention of one node in a definition, with the derivative of the definition by that mention.

For a definition e and a node p this finds, for each mention p[φ] in e, a term t with

    ∂e/∂p[ι] = Σ over mentions  t · [φ = ι].

The rules are those of elementary calculus, one a case; functions take their derivative from their row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from backprop_derive.building.formulas import derivative_of, fill, function_derivative
from backprop_derive.calculus.terms import Term, expression_of, terms_of
from backprop_derive.errors import NotYetError
from backprop_derive.graph.expressions import (
    ONE,
    ZERO,
    Add,
    Apply,
    Bound,
    Bracket,
    Compare,
    Constant,
    Expression,
    Fold,
    Integer,
    Mul,
    Number,
    Partial,
    Power,
    Ref,
    Where,
    add,
    free_variables,
    fresh,
    num,
    power,
    reindex,
    walk,
)  # fmt: skip
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Affine, Axis, equal, variable
from backprop_derive.operations.functions import find_function
from backprop_derive.operations.rows import Function

OwnFunctions = Mapping[str, tuple[str, Expression] | None]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A mention `p[indices]` and the derivative by it."""

    indices: tuple[Affine, ...]
    term: Term


@dataclass(frozen=True, slots=True)
class Output:
    """The node that a definition defines, at the places where the definition holds, so that a row may mention it.

    `axes` says where each index letter runs, if this one definition is that of all its places.
    """

    ref: Ref
    axes: Mapping[str, Axis]

    def along(self, fold: Fold) -> bool:
        """Whether the node has the components of a vector function at every place of the vector, and of one vector."""
        letter = None if fold.at is None else fold.at.variable
        return letter is not None and self.axes.get(letter) == fold.bound.axis and letter not in free_variables(fold.body)


def occurrences(definition: Expression, name: str, output: Output | None, functions: OwnFunctions) -> Iterator[Occurrence]:
    """All mentions of the node `name`. `output` is what the definition defines."""
    match definition:
        case Ref(mentioned, indices):
            if mentioned == name:
                yield Occurrence(indices, Term())
        case Number() | Constant() | Integer() | Bracket() | Compare() | Partial():
            return
        case Add(terms):
            for term in terms:
                yield from occurrences(term, name, None, functions)
        case Mul(factors):
            for place, factor in enumerate(factors):
                for found in occurrences(factor, name, None, functions):
                    yield _between(found, factors[:place], factors[place + 1 :])
        case Power(base, exponent):
            yield from _of_power(base, exponent, name, functions)
        case Where(test, then, otherwise):
            yield from _of_choice(test, then, otherwise, name, functions)
        case Apply():
            yield from _of_function(definition, name, output, functions)
        case Fold():
            if mentions(definition, name):
                yield from _of_fold(definition, name, output, functions)
        case _:
            raise NotYetError(f"the derivative of {type(definition).__name__}")


def mentions(expression: Expression, name: str) -> bool:
    """Whether a node occurs in an expression (as a value, not inside an index)."""
    return any(isinstance(each, Ref) and each.name == name for each in walk(expression))


def _between(found: Occurrence, before: tuple[Expression, ...], after: tuple[Expression, ...]) -> Occurrence:
    """The product rule for one factor; a bound of the found term steps aside for what stands around it."""
    around = {free for each in (*before, *after) for free in free_variables(each)}
    return Occurrence(found.indices, found.term.before(*before).after(*after)) if not around & {
        bound.name for bound in found.term.bounds
    } else _between(renamed(found, around), before, after)


def renamed(found: Occurrence, taken: set[str]) -> Occurrence:
    """The same occurrence with bound indices that are not in `taken`."""
    names: dict[str, Affine] = {}
    used = set(taken)
    for bound in found.term.bounds:
        name = fresh(bound.name, used)
        used.add(name)
        if name != bound.name:
            names[bound.name] = variable(name)
    term = found.term.reindex(names)
    bounds = tuple(Bound(names[bound.name].variable or "" if bound.name in names else bound.name, bound.axis) for bound in term.bounds)
    return Occurrence(tuple(index.substitute(names) for index in found.indices), replace(term, bounds=bounds))


def _of_power(base: Expression, exponent: Expression, name: str, functions: OwnFunctions) -> Iterator[Occurrence]:
    """`d(u^n) = n·u^(n-1)·du`, and `d(u^v) = u^v·log(u)·dv` for the exponent."""
    lowered = power(base, add(exponent, num(-1)))
    for found in occurrences(base, name, None, functions):
        yield _between(found, (exponent, lowered), ())
    if mentions(exponent, name):
        for found in occurrences(exponent, name, None, functions):
            yield _between(found, (Power(base, exponent), Apply("log", (base,))), ())


def _of_choice(test: Expression, then: Expression, otherwise: Expression, name: str, functions: OwnFunctions) -> Iterator[Occurrence]:
    """Each branch counts where it is taken; the test itself is constant almost everywhere."""
    if isinstance(test, Bracket):
        for branch, condition in ((then, test.condition), (otherwise, test.condition.negated())):
            for found in occurrences(branch, name, None, functions):
                yield Occurrence(found.indices, replace(found.term, conditions=(condition, *found.term.conditions)))
        return
    for branch, mask in ((then, Where(test, ONE, ZERO)), (otherwise, Where(test, ZERO, ONE))):
        for found in occurrences(branch, name, None, functions):
            yield _between(found, (mask,), ())


def _of_function(call: Apply, name: str, output: Output | None, functions: OwnFunctions) -> Iterator[Occurrence]:
    """`d f(u) = f'(u)·du`, for each argument of f."""
    for place, argument in enumerate(call.arguments):
        if not mentions(argument, name):
            continue
        parts = terms_of(local_derivative(call, place, output, functions))
        local = parts[0] if len(parts) == 1 else Term().after(expression_of(parts))
        if parts:
            yield from (_chained(local, found) for found in occurrences(argument, name, None, functions))


def _chained(local: Term, found: Occurrence) -> Occurrence:
    """The chain rule: the outer derivative stands before the inner one."""
    joined = _between(found, local.factors, ())
    term = joined.term.times(local.coefficient)
    return Occurrence(joined.indices, replace(term, conditions=(*local.conditions, *term.conditions)))


def local_derivative(call: Apply, place: int, output: Output | None, functions: OwnFunctions) -> Expression:
    """`f'(u)` in the form its row gives, over the argument and the output; abstract functions keep their name."""
    if call.function in functions:
        own = functions[call.function]
        if own is None:
            return Apply(call.function, call.arguments, call.order + 1)
        return fill(own_derivative(call.function, call.order + 1, functions), {own[0]: call.arguments[0]})
    row = find_function(call.function)
    if row is None or call.order:
        raise NotYetError(f"the derivative of the function {call.function!r}")
    if place >= len(row.derivatives):
        raise NotYetError(f"the derivative of {row.name}")
    return derivative_of(row, call.arguments, output.ref if output is not None else call)[place]


def own_derivative(function: str, order: int, functions: OwnFunctions) -> Expression:
    """The derivative of a function of one's own, over its argument's name."""
    own = functions[function]
    assert own is not None
    argument, definition = own
    for _ in range(order):
        definition = expression_of(found.term for found in occurrences(definition, argument, None, functions))
    return definition


def _of_fold(fold: Fold, name: str, output: Output | None, functions: OwnFunctions) -> Iterator[Occurrence]:
    match fold.kind:
        case "sum":
            for found in occurrences(fold.body, name, None, functions):
                yield _bound(found, fold.bound)
        case "prod":
            yield from _of_product(fold, name, functions)
        case "max":
            yield from _of_maximum(fold, name, functions)
        case "argmax":
            return
        case _:
            row = find_function(fold.kind)
            if row is None:
                raise NotYetError(f"the derivative of {fold.kind}")
            yield from _of_vector_function(fold, row, name, output, functions)


def _bound(found: Occurrence, bound: Bound) -> Occurrence:
    """The occurrence below a sum: its index is summed."""
    clash = {each.name for each in found.term.bounds} & {bound.name}
    if clash:
        found = renamed(found, {bound.name})
    return Occurrence(found.indices, replace(found.term, bounds=(bound, *found.term.bounds)))


def _of_product(fold: Fold, name: str, functions: OwnFunctions) -> Iterator[Occurrence]:
    """`d Π_k e(k) = Σ_k (Π_{l≠k} e(l))·de(k)`; the own factor is replaced by 1, so that a zero among them is no fault."""
    k = fold.bound.name
    other = fresh(k, free_variables(fold.body) | {k})
    rest = Where(Bracket(equal(variable(other), variable(k))), ONE, reindex(fold.body, {k: variable(other)}))
    others = Fold("prod", Bound(other, fold.bound.axis), rest)
    for found in occurrences(fold.body, name, None, functions):
        yield _bound(_between(found, (others,), ()), fold.bound)


def _of_maximum(fold: Fold, name: str, functions: OwnFunctions) -> Iterator[Occurrence]:
    """`d max_k e(k) = de(k*)` at the first place k* of the maximum."""
    k = fold.bound.name
    place = Fold("argmax", fold.bound, fold.body)
    star = variable(k)
    for found in occurrences(fold.body, name, None, functions):
        chosen = replace(found.term, bounds=(fold.bound, *found.term.bounds))
        test = Where(Compare("=", Integer(star), place), ONE, ZERO)
        yield Occurrence(found.indices, chosen.before(test))


def _of_vector_function(fold: Fold, row: Function, name: str, output: Output | None, functions: OwnFunctions) -> Iterator[Occurrence]:
    """`d f(z)_c = Σ_d (∂f_c/∂z_d)·dz_d`, the matrix of partials from the row."""
    d = fold.bound.name
    values = {"d": variable(d)} | ({"c": fold.at} if fold.at is not None else {})

    def at(place: Affine | None) -> Expression:
        if output is None or (place != fold.at and not output.along(fold)):
            return replace(fold, at=place)
        if place is None or place == fold.at:
            return output.ref
        return Ref(output.ref.name, tuple(place if index == fold.at else index for index in output.ref.indices))

    def put(each: Expression) -> Expression | None:
        if isinstance(each, Ref) and each.name == "a":
            return at(each.indices[0] if each.indices else None)
        if isinstance(each, Ref) and each.name == "z":
            return reindex(fold.body, {d: each.indices[0]})
        return None

    local = replace_in(reindex(function_derivative(row, 0), values), put)
    for found in occurrences(fold.body, name, None, functions):
        yield from (_bound(_chained(term, found), fold.bound) for term in terms_of(local))
