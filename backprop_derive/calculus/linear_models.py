"""Models that are linear in their parameters, under a squared error: where the gradient is 0.

    L = c·(ŷ − y)²,  ŷ = Σ_q θ_q·φ_q + (what no parameter stands in)

    ∂(Σ_i L)/∂θ_p = 2c Σ_i (ŷ − y)·φ_p = 0     ⟺     Σ_q θ_q Σ_i φ_p·φ_q = Σ_i φ_p·(y − …)

These are the normal equations (Gauss 1809; Bishop, *Pattern Recognition and Machine Learning*, equation 3.15). Whether a
graph is such a model is read from its formulas: the loss is a square, and what is squared is a sum in which every
parameter is a factor of a term of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from backprop_derive.calculus.elements import definition_at
from backprop_derive.calculus.terms import decided
from backprop_derive.graph.expressions import (
    ONE,
    ZERO,
    Add,
    Bound,
    Expression,
    Fold,
    Integer,
    Mul,
    Number,
    Power,
    Ref,
    add,
    children,
    free_variables,
    fresh,
    mul,
    neg,
    num,
    power,
    rebuilt,
    reciprocal,
    refs,
    reindex,
)
from backprop_derive.graph.indices import axis_to, number, size, variable
from backprop_derive.graph.nodes import Graph

MAXIMUM_STEPS = 2_000


@dataclass(frozen=True, slots=True)
class LinearTerm:
    """`Σ_bounds parameter·feature`, a term of the prediction. The bounds are the indices of the parameter."""

    parameter: Ref
    feature: Expression
    bounds: tuple[Bound, ...] = ()

    @property
    def letters(self) -> set[str]:
        """The names of the bounds."""
        return {bound.name for bound in self.bounds}

    def beside(self, other: LinearTerm) -> LinearTerm:
        """The term with bounds that are no letters of the other."""
        taken = other.letters | free_variables(other.feature)
        names = {bound.name: fresh(bound.name, taken) for bound in self.bounds}
        moved = {name: variable(new) for name, new in names.items() if name != new}
        parameter = reindex(self.parameter, moved)
        assert isinstance(parameter, Ref)
        return LinearTerm(parameter, reindex(self.feature, moved), tuple(replace(bound, name=names[bound.name]) for bound in self.bounds))


@dataclass(frozen=True, slots=True)
class LinearModel:
    """`L = scale·residual²` with `residual = Σ terms − known`. `samples` is the index that the cost sums over, if there is one.

    `known` is the target, less what no parameter stands in. `mean`: the cost divides by the number of samples.
    """

    residual: Expression
    terms: tuple[LinearTerm, ...]
    known: Expression
    scale: Fraction
    samples: Bound | None
    mean: bool

    def total(self, body: Expression) -> Expression:
        """The sum over all samples."""
        if self.samples is None:
            return body
        if self.samples.name in free_variables(body):
            return Fold("sum", self.samples, body)
        return mul(Integer(self.samples.axis.length), body)

    def condition(self, term: LinearTerm) -> Expression:
        """What is 0 where ∂C/∂(the term's parameter) is: `Σ_i (ŷ − y)·φ`."""
        return self.total(mul(self.residual, term.feature))

    def normal_equation(self, term: LinearTerm) -> tuple[Expression, Expression]:
        """`Σ_q θ_q Σ_i φ·φ_q = Σ_i φ·y`, at the letters of the term."""
        place = self.terms.index(term)
        summands = (self._summand(term, other.beside(term), before=at < place) for at, other in enumerate(self.terms))
        return add(*summands), self.total(mul(term.feature, self.known))

    def _summand(self, term: LinearTerm, other: LinearTerm, *, before: bool) -> Expression:
        features = (other.feature, term.feature) if before else (term.feature, other.feature)
        found = mul(other.parameter, self.total(_product(*features)))
        for bound in reversed(other.bounds):
            found = Fold("sum", bound, found)
        return found

    def closed_form(self) -> tuple[tuple[Ref, Expression], ...]:
        """The solution of one or two scalar equations: the quotient of two sums, Cramer's rule, and for an intercept the
        shorter form that uses the slope. Empty for more of them, and for a single sample of two parameters."""
        if any(term.bounds for term in self.terms) or len(self.terms) > 2 or (self.samples is None and len(self.terms) > 1):
            return ()
        first, *others = sorted(self.terms, key=lambda term: term.feature == ONE)
        right = self.total(mul(first.feature, self.known))
        square = self.total(_product(first.feature, first.feature))
        if not others:
            return ((first.parameter, mul(right, reciprocal(square))),)
        (second,) = others
        mixed, other_square = self.total(_product(first.feature, second.feature)), self.total(_product(second.feature, second.feature))
        other_right = self.total(mul(second.feature, self.known))
        inverse = reciprocal(add(mul(square, other_square) if second.feature != ONE else mul(other_square, square), neg(power(mixed, num(2)))))
        solved = mul(add(mul(other_square, right), neg(mul(mixed, other_right))), inverse)
        if second.feature == ONE:
            rest = mul(add(other_right, neg(mul(first.parameter, mixed))), reciprocal(other_square))
        else:
            rest = mul(add(mul(square, other_right), neg(mul(mixed, right))), inverse)
        return (first.parameter, solved), (second.parameter, rest)


def linear_model(graph: Graph) -> LinearModel | None:
    """The model that a graph is, if its output is a single number, linear in the parameters that are learnt, under a square.

    Parameters that are frozen are numbers like others. None for every other graph, and for one with a penalty.
    """
    free = [name for name in graph.parameters if (name, None) not in graph.numbers.frozen]
    loss = graph.node(graph.cost.loss)
    if graph.cost.regularizer is not None or not free or any(place is not None for _, place in graph.numbers.frozen):
        return None
    if len(loss.pieces) != 1 or (graph.samples is not None and not loss.sampled):
        return None
    scale, squared = _square(_without_single_sums(graph, loss.pieces[0].definition))
    if squared is None:
        return None
    if isinstance(squared, Ref) and not graph.node(squared.name).is_leaf:
        squared = _without_single_sums(graph, definition_at(graph.node(squared.name), squared))
    found = _Reader(graph, free).read(squared)
    if found is None or {term.parameter.name for term in found[0]} != set(free):
        return None
    terms, rest = found
    if _turned(graph, terms, rest):
        squared, terms, rest = _negative(squared), [replace(term, feature=_negative(term.feature)) for term in terms], _negative(rest)
    samples = None if graph.samples is None else Bound(graph.samples.index, axis_to(size(graph.samples.size)))
    return LinearModel(squared, tuple(terms), _negative(rest), scale, samples, graph.cost.reduction == "mean")


def _without_single_sums(graph: Graph, expression: Expression) -> Expression:
    """Sums over an axis of one place are their only term."""
    if isinstance(expression, Fold) and expression.kind == "sum":
        axis = expression.bound.axis.resize(graph.sizes)
        if axis.low.number is not None and axis.low == axis.high:
            return _without_single_sums(graph, decided(reindex(expression.body, {expression.bound.name: number(axis.low.number)})))
    below = children(expression)
    return rebuilt(expression, tuple(_without_single_sums(graph, child) for child in below)) if below else expression


def _square(expression: Expression) -> tuple[Fraction, Expression | None]:
    """c and e of `c·e²`, with a number c above 0."""
    scale = Fraction(1)
    if isinstance(expression, Mul) and len(expression.factors) == 2 and isinstance(expression.factors[0], Number):
        scale, expression = expression.factors[0].value, expression.factors[1]
    if isinstance(expression, Power) and expression.exponent == num(2) and scale > 0:
        return scale, expression.base
    return scale, None


_Affine = tuple[list[LinearTerm], Expression]


class _Reader:
    """Reads an expression as a sum of terms with a parameter each, and a rest without any."""

    def __init__(self, graph: Graph, free: Iterable[str]) -> None:
        self.graph, self.free = graph, set(free)
        self.learnt: set[str] = set()
        self.steps = 0
        waiting = list(self.free)
        while waiting:
            name = waiting.pop()
            if name not in self.learnt:
                self.learnt.add(name)
                waiting.extend(graph.children[name])

    def read(self, expression: Expression) -> _Affine | None:
        found = self._affine(expression, frozenset())
        if found is None:
            return None
        terms = self._gathered([self._settled(term) for term in found[0]])
        return None if terms is None else (terms, found[1])

    def _is_learnt(self, expression: Expression) -> bool:
        return any(ref.name in self.learnt for ref in refs(expression))

    def _affine(self, expression: Expression, inside: frozenset[str]) -> _Affine | None:
        if not self._is_learnt(expression):
            return [], expression
        self.steps += 1
        if self.steps > MAXIMUM_STEPS:  # a network in which each node is read twice has more ways than can be walked
            return None
        match expression:
            case Ref(name) if name in self.free:
                return [LinearTerm(expression, ONE)], ZERO
            case Ref(name) if name not in inside:
                return self._affine(_without_single_sums(self.graph, definition_at(self.graph.node(name), expression)), inside | {name})
            case Add(terms):
                return _joined(self._affine(term, inside) for term in terms)
            case Mul(factors):
                return self._product(factors, inside)
            case Fold("sum", bound, body):
                return _summed(bound, self._affine(body, inside))
            case _:
                return None

    def _product(self, factors: tuple[Expression, ...], inside: frozenset[str]) -> _Affine | None:
        learnt = [factor for factor in factors if self._is_learnt(factor)]
        found = self._affine(learnt[0], inside) if len(learnt) == 1 else None
        if found is None:
            return None
        others = mul(*(factor for factor in factors if factor is not learnt[0]))
        return [replace(term, feature=mul(others, term.feature)) for term in found[0]], mul(others, found[1])

    def _settled(self, term: LinearTerm) -> LinearTerm | None:
        """The term with the bounds that are indices of its parameter, each a whole axis; the other sums go into the feature."""
        node = self.graph.node(term.parameter.name)
        own = {index.variable: axis for index, axis in zip(term.parameter.indices, node.axes, strict=True) if index.number is None}
        bounds = {bound.name: bound for bound in term.bounds}
        feature = term.feature
        for bound in reversed(term.bounds):
            if bound.name not in own:
                feature = Fold("sum", bound, feature)
        whole = all(name in bounds and bounds[name].axis == axis for name, axis in own.items() if name is not None)
        if None in own or not whole or len(own) != sum(index.number is None for index in term.parameter.indices):
            return None
        return LinearTerm(term.parameter, feature, tuple(bound for bound in term.bounds if bound.name in own))

    def _gathered(self, terms: list[LinearTerm | None]) -> list[LinearTerm] | None:
        """Each parameter once: features of the same entry are added. None where this cannot be seen."""
        found: dict[Ref, LinearTerm] = {}
        for term in terms:
            if term is None:
                return None
            same = found.get(term.parameter)
            found[term.parameter] = term if same is None else replace(same, feature=add(same.feature, term.feature))
            if same is not None and (same.bounds or term.bounds):
                return None
        arrays = [parameter.name for parameter, term in found.items() if term.bounds]
        return None if len({*arrays}) < len(arrays) or any(sum(each.name == name for each in found) > 1 for name in arrays) else list(found.values())


def _joined(parts: Iterable[_Affine | None]) -> _Affine | None:
    terms: list[LinearTerm] = []
    rest: Expression = ZERO
    for part in parts:
        if part is None:
            return None
        terms += part[0]
        rest = add(rest, part[1])
    return terms, rest


def _summed(bound: Bound, found: _Affine | None) -> _Affine | None:
    if found is None:
        return None
    rest = found[1] if found[1] == ZERO else Fold("sum", bound, found[1])
    return [replace(term, bounds=(bound, *term.bounds)) for term in found[0]], rest


def _product(left: Expression, right: Expression) -> Expression:
    """The product, `x·x²` as `x³`."""
    (base, exponent), (other, more) = _power_of(left), _power_of(right)
    return power(base, num(exponent + more)) if base == other and not isinstance(base, Number) else mul(left, right)


def _power_of(expression: Expression) -> tuple[Expression, Fraction]:
    if isinstance(expression, Power) and isinstance(expression.exponent, Number):
        return expression.base, expression.exponent.value
    return expression, Fraction(1)


def _negative(expression: Expression) -> Expression:
    """Minus the expression, a sum with the positive terms first."""
    terms = [neg(term) for term in (expression.terms if isinstance(expression, Add) else (expression,))]
    return add(*sorted(terms, key=_is_negative))


def _is_negative(expression: Expression) -> bool:
    first = expression.factors[0] if isinstance(expression, Mul) else expression
    return isinstance(first, Number) and first.value < 0


def _turned(graph: Graph, terms: list[LinearTerm], rest: Expression) -> bool:
    """Whether the square is that of target minus prediction, and not the other way round."""
    positive = [term for term in (rest.terms if isinstance(rest, Add) else (rest,)) if not _is_negative(term)]
    targets = [any(ref.name in graph.targets or graph.node(ref.name).role == "target" for ref in refs(term)) for term in positive]
    return any(targets) or (not any(ref.name in graph.targets for ref in refs(rest)) and _is_negative(terms[0].feature))
