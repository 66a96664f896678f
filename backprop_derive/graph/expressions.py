"""Expressions over the nodes of a graph.

They are trees of frozen values, and they stay as they were built: factors keep the order of the chain rule, a number
never distributes over a sum, equal factors do not melt together, and a bound index cannot be captured. That is why
they are not SymPy objects: SymPy's constructors rearrange what they are given. `graph.sympy_form` turns a finished
expression into a SymPy one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Literal

from backprop_derive.frozen import dataclass
from backprop_derive.frozen import replace as dataclass_replace
from backprop_derive.graph.indices import Affine, Axis, Condition, IndexMap, Pick, variable

Relation = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Expression:
    """The root of all kinds of expression."""


@dataclass(frozen=True, slots=True)
class Number(Expression):
    """An exact rational number."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Constant(Expression):
    """`pi` or `e`."""

    name: str


@dataclass(frozen=True, slots=True)
class Integer(Expression):
    """An integer form used as a number: the `m` of `1/m`, an index as a factor."""

    form: Affine


@dataclass(frozen=True, slots=True)
class Ref(Expression):
    """A mention of a node at some place: `W1[j,k]`; a scalar has no indices."""

    name: str
    indices: tuple[Affine, ...] = ()


@dataclass(frozen=True, slots=True)
class Add(Expression):
    """A sum of two or more terms, in order."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Mul(Expression):
    """A product of two or more factors, in order; a number, if any, comes first."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Power(Expression):
    """`base^exponent`."""

    base: Expression
    exponent: Expression


@dataclass(frozen=True, slots=True)
class Apply(Expression):
    """A function at its arguments: `tanh(z)`. `order` counts derivatives: 1 is `f'(z)`."""

    function: str
    arguments: tuple[Expression, ...]
    order: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """An index bound by a fold, and where it runs."""

    name: str
    axis: Axis


@dataclass(frozen=True, slots=True)
class Fold(Expression):
    """Something over all places of an index: `sum`, `prod`, `max`, `argmax`, or a function of a vector such as softmax.

    `at` is the component that a vector-valued function is read at: `softmax(z)[c]` is
    `Fold("softmax", Bound(d, 1..n), z[d], at=c)`.
    """

    kind: str
    bound: Bound
    body: Expression
    at: Affine | None = None


@dataclass(frozen=True, slots=True)
class Compare(Expression):
    """A comparison of values, 1 or 0. (Comparisons of indices are conditions.)"""

    relation: Relation
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Bracket(Expression):
    """`[condition]`: 1 where the condition on indices holds, else 0."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Where(Expression):
    """`then` where the test is not 0, else `otherwise`; only the branch that is taken is read."""

    test: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Partial(Expression):
    """`∂top/∂bottom`, by name. `direct`: only the mention of `bottom` in the definition of `top` counts."""

    top: Ref
    bottom: Ref
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Whole(Expression):
    """The root of what acts on whole arrays, which stand without indices: `graph.matrices` has its kinds."""

    operands: tuple[Expression, ...]


ZERO, ONE = Number(Fraction(0)), Number(Fraction(1))


def num(value: int | Fraction) -> Number:
    """An exact number."""
    return Number(Fraction(value))


def integer(form: Affine) -> Expression:
    """An integer form as a number."""
    return Integer(form) if form.number is None else num(form.number)


def add(*terms: Expression) -> Expression:
    """The sum, in order: nested sums are flattened, zeros dropped, plain numbers added into the last of them."""
    flat: list[Expression] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, Add) else (term,))
    numbers = [term.value for term in flat if isinstance(term, Number)]
    if len(numbers) > 1:
        total, first = sum(numbers, Fraction(0)), next(at for at, term in enumerate(flat) if isinstance(term, Number))
        flat = [num(total) if at == first else term for at, term in enumerate(flat) if at == first or not isinstance(term, Number)]
    flat = [term for term in flat if term != ZERO]
    if len(flat) < 2:
        return flat[0] if flat else ZERO
    return Add(tuple(flat))


def mul(*factors: Expression) -> Expression:
    """The product, in order: nested products are flattened, plain numbers gathered in front, ones dropped."""
    flat: list[Expression] = []
    coefficient = Fraction(1)
    for factor in factors:
        for each in factor.factors if isinstance(factor, Mul) else (factor,):
            if isinstance(each, Number):
                coefficient *= each.value
            else:
                flat.append(each)
    if coefficient == 0:
        return ZERO
    if coefficient != 1 or not flat:
        flat.insert(0, Number(coefficient))
    return flat[0] if len(flat) == 1 else Mul(tuple(flat))


def neg(expression: Expression) -> Expression:
    """Minus the expression."""
    return mul(num(-1), expression)


def power(base: Expression, exponent: Expression) -> Expression:
    """`base^exponent`; exact numbers with small whole exponents are worked out."""
    if exponent == ONE:
        return base
    if exponent == ZERO or base == ONE:
        return ONE
    whole = exponent.value if isinstance(exponent, Number) and exponent.value.denominator == 1 else None
    if isinstance(base, Number) and whole is not None and abs(whole) <= 64 and (base.value != 0 or whole > 0):
        return Number(base.value ** int(whole))
    if isinstance(base, Power) and whole is not None and isinstance(base.exponent, Number) and base.exponent.value.denominator == 1:
        return power(base.base, Number(base.exponent.value * whole))
    return Power(base, exponent)


def reciprocal(expression: Expression) -> Expression:
    """`1/expression`."""
    return power(expression, num(-1))


def children(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly below, in the order in which `rebuilt` takes them."""
    match expression:
        case Add(terms):
            return terms
        case Mul(factors):
            return factors
        case Power(base, exponent):
            return (base, exponent)
        case Apply(_, arguments):
            return arguments
        case Fold(_, _, body):
            return (body,)
        case Compare(_, left, right):
            return (left, right)
        case Where(test, then, otherwise):
            return (test, then, otherwise)
        case Whole(operands):
            return operands
        case _:
            return ()


def rebuilt(expression: Expression, parts: tuple[Expression, ...]) -> Expression:
    """The same kind of expression over other parts; what is 0 for one of them is 0."""
    match expression:
        case Add():
            return add(*parts)
        case Mul():
            return mul(*parts)
        case Power():
            return power(*parts)
        case Apply(function, _, order):
            return Apply(function, parts, order)
        case Fold("sum") if parts[0] == ZERO:
            return ZERO
        case Fold(kind, bound, _, at):
            return Fold(kind, bound, parts[0], at)
        case Compare(relation):
            return Compare(relation, *parts)
        case Where():
            return Where(*parts)
        case Whole():
            return dataclass_replace(expression, operands=parts)
        case _:
            return expression


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and everything below it, outermost first."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def refs(expression: Expression) -> Iterator[Ref]:
    """Every mention of a node, also those inside indices (picked rows, places of a maximum)."""
    for each in walk(expression):
        if isinstance(each, Ref):
            yield each
        for form in _forms(each):
            for atom in form.atoms():
                if isinstance(atom, Pick):
                    yield atom.ref


def replace(expression: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """Rebuild from the outside in: where `change` gives an expression, that one is taken as it is."""
    changed = change(expression)
    if changed is not None:
        return changed
    below = children(expression)
    if not below:
        return expression
    parts = tuple(replace(child, change) for child in below)
    return expression if parts == below else rebuilt(expression, parts)


def free_variables(expression: Expression) -> set[str]:
    """The names of index variables that no fold of the expression binds."""
    found: set[str] = set()
    for form in _forms(expression):
        found |= form.variables()
    for child in children(expression):
        found |= free_variables(child)
    if isinstance(expression, Fold):
        found.discard(expression.bound.name)
        found |= expression.bound.axis.low.variables() | expression.bound.axis.high.variables()
        if expression.at is not None:
            found |= expression.at.variables()
    return found


def reindex(expression: Expression, values: IndexMap) -> Expression:
    """Replace free index variables, all at once; a bound index steps aside where it would be captured."""
    if not values:
        return expression
    match expression:
        case Ref(name, indices):
            return Ref(name, tuple(index.substitute(values) for index in indices)) if indices else expression
        case Integer(form):
            return integer(form.substitute(values))
        case Bracket(condition):
            return Bracket(condition.substitute(values))
        case Partial(top, bottom, direct):
            return Partial(_ref(reindex(top, values)), _ref(reindex(bottom, values)), direct)
        case Fold(kind, bound, body, at):
            at = None if at is None else at.substitute(values)
            axis = bound.axis.substitute(values)
            inner = {name: form for name, form in values.items() if name != bound.name}
            name = bound.name
            if any(name in form.variables() for form in inner.values()):
                name = fresh(name, free_variables(body) | {each for form in inner.values() for each in form.variables()})
                inner[bound.name] = variable(name)
            return Fold(kind, Bound(name, axis), reindex(body, inner), at)
        case _:
            below = children(expression)
            return rebuilt(expression, tuple(reindex(child, values) for child in below)) if below else expression


def fresh(name: str, taken: set[str]) -> str:
    """`name`, or `name` with a counter behind it, so that it is not in `taken`."""
    stem = name.split("#")[0]
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{stem}#{count}"
    return candidate


def _ref(expression: Expression) -> Ref:
    assert isinstance(expression, Ref)
    return expression


def _forms(expression: Expression) -> tuple[Affine, ...]:
    """The integer forms that stand directly in an expression."""
    match expression:
        case Ref(_, indices):
            return indices
        case Integer(form):
            return (form,)
        case Bracket(condition):
            return (condition.form,)
        case Partial(top, bottom):
            return top.indices + bottom.indices
        case Fold(_, _, _, at) if at is not None:
            return (at,)
        case _:
            return ()
