"""Expressions as SymPy objects, and SymPy's `cancel` on small parts of them.

Scalars become Symbols, entries of arrays become Indexed objects (with the letters of the indices as integer Symbols),
abstract functions become applied undefined functions. SymPy is imported on first use.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from backprop_derive.errors import NotYetError
from backprop_derive.graph.expressions import (
    Add,
    Apply,
    Bracket,
    Compare,
    Constant,
    Expression,
    Fold,
    Integer,
    Mul,
    Number,
    Power,
    Ref,
    Where,
    add,
    mul,
    power,
)
from backprop_derive.graph.indices import Affine, Condition, Product, Quotient, Size, Variable

if TYPE_CHECKING:
    import sympy


def to_sympy(expression: Expression) -> sympy.Expr:
    """The expression as a SymPy one, for use with everything SymPy can do.

    Activations are SymPy expressions where SymPy has them (tanh, exp, …); sigmoid and other rows of the table stay
    functions by name.
    """
    import sympy

    match expression:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Constant(name):
            return sympy.pi if name == "pi" else sympy.E
        case Integer(form):
            return _form(form)
        case Ref(name, indices):
            if not indices:
                return sympy.Symbol(name)
            return sympy.Indexed(sympy.IndexedBase(sympy.Symbol(name)), *(_form(index) for index in indices))
        case Add(terms):
            return sympy.Add(*(to_sympy(term) for term in terms))
        case Mul(factors):
            return sympy.Mul(*(to_sympy(factor) for factor in factors))
        case Power(base, exponent):
            return sympy.Pow(to_sympy(base), to_sympy(exponent))
        case Apply():
            return _call(expression)
        case Fold("sum", bound, body):
            return sympy.Sum(to_sympy(body), (_index(bound.name), _form(bound.axis.low), _form(bound.axis.high)))
        case Fold("prod", bound, body):
            return sympy.Product(to_sympy(body), (_index(bound.name), _form(bound.axis.low), _form(bound.axis.high)))
        case Bracket(condition):
            return sympy.Piecewise((1, _condition(condition)), (0, True))
        case Compare(relation, left, right):
            return sympy.Piecewise((1, _relation(relation, to_sympy(left), to_sympy(right))), (0, True))
        case Where(test, then, otherwise):
            return sympy.Piecewise((to_sympy(then), _test(test)), (to_sympy(otherwise), True))
        case _:
            raise NotYetError(f"{type(expression).__name__} as a SymPy expression")


def cancelled(expression: Expression) -> Expression:
    """A sum of products over one denominator, common factors cancelled (SymPy's `cancel`).

    Everything that is not a sum, a product, a whole power or a number is taken as a letter. The letters of the result
    keep the order in which they first appear.
    """
    import sympy

    letters: dict[Expression, Any] = {}

    def out(each: Expression) -> Any:
        match each:
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Add(terms):
                return sympy.Add(*(out(term) for term in terms))
            case Mul(factors):
                return sympy.Mul(*(out(factor) for factor in factors))
            case Power(base, Number(value)) if value.denominator == 1:
                return sympy.Pow(out(base), int(value))
        return letters.setdefault(each, sympy.Symbol(f"v{len(letters):04d}"))

    result = sympy.cancel(out(expression))
    back = {letter: each for each, letter in letters.items()}

    def home(each: Any) -> Expression:
        if each.is_Rational:
            return Number(Fraction(int(each.p), int(each.q)))
        if each.is_Add:
            return add(*(home(part) for part in each.as_ordered_terms()))
        if each.is_Mul:
            return mul(*(home(part) for part in each.as_ordered_factors()))
        if each.is_Pow:
            return power(home(each.base), home(each.exp))
        return back[each]

    return home(result)


def _index(name: str) -> sympy.Symbol:
    import sympy

    return sympy.Symbol(name.replace("#", "_"), integer=True)


def _form(form: Affine) -> sympy.Expr:
    import sympy

    total = sympy.Integer(form.constant)
    for atom, coefficient in form.terms:
        match atom:
            case Variable(name):
                value: Any = _index(name)
            case Size(name):
                value = sympy.Symbol(name, integer=True, positive=True)
            case Quotient(numerator, divisor):
                value = sympy.floor(_form(numerator) / divisor)
            case Product(left, right):
                value = _form(left) * _form(right)
            case _:
                value = to_sympy(atom.ref)
        total += coefficient * value
    return total


def _condition(condition: Condition) -> Any:
    return _relation(condition.kind, _form(condition.form), 0)


def _relation(relation: str, left: Any, right: Any) -> Any:
    import sympy

    kinds = {"=": sympy.Eq, "!=": sympy.Ne, "<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge}
    return kinds[relation](left, right)


def _test(test: Expression) -> Any:
    if isinstance(test, Bracket):
        return _condition(test.condition)
    if isinstance(test, Compare):
        return _relation(test.relation, to_sympy(test.left), to_sympy(test.right))
    return _relation("!=", to_sympy(test), 0)


_SYMPY_NAMES = {"abs": "Abs", "arctan": "atan", "lgamma": "loggamma", "max": "Max", "min": "Min"}
_SYMPY_FUNCTIONS = ("exp", "log", "sqrt", "sign", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "digamma", "abs", "arctan", "lgamma", "max", "min")


def _call(call: Apply) -> sympy.Expr:
    import sympy

    arguments = [to_sympy(argument) for argument in call.arguments]
    if call.function in _SYMPY_FUNCTIONS and not call.order:
        return getattr(sympy, _SYMPY_NAMES.get(call.function, call.function))(*arguments)
    name = call.function + "'" * call.order
    return sympy.Function(name)(*arguments)
