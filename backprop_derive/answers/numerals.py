"""Numbers that a person wrote, at the precision with which they were written.

`0.0822` is every number from 0.08215 to 0.08225. In `(0.7514 - 0.01)*0.1868` each numeral with a decimal point counts so, unless it is
a number of the spec, which is exact; whole numbers and one half are exact.
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import Any

from backprop_derive.answers.statements import Side
from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import refs
from backprop_derive.language.syntax import Binary, Call, Name, Negative, Numeral, Product, Syntax
from backprop_derive.numerics.backends import FloatBackend
from backprop_derive.numerics.intervals import interval_backend
from backprop_derive.operations.functions import find_function

CONSTANTS = ("pi", "e")
EXACT = (Fraction(1, 2), Fraction(1, 4), Fraction(3, 4), Fraction(3, 2))


def is_number(side: Side) -> bool:
    """Whether a side is made of numerals only."""
    named = [each for each in side.syntax.walk() if not isinstance(each, Numeral | Negative | Binary | Product | Call)]
    constants = all(isinstance(each, Name) and each.name in CONSTANTS and not each.indices for each in named)
    return constants and not any(refs(side.expression))  # a network may have an e of its own


def is_decimal(side: Side) -> bool:
    """Whether a numeral was written with a decimal point or an exponent."""
    return any(isinstance(each, Numeral) and unit_of(each) < 1 for each in side.syntax.walk())


def unit_of(numeral: Numeral) -> Fraction:
    """One unit of the last digit: 1/10000 of `0.0822`, 1 of `12`."""
    digits, _, exponent = numeral.text.lower().partition("e")
    decimals = len(digits.partition(".")[2])
    return Fraction(10) ** ((int(exponent) if exponent else 0) - decimals)


def written_interval(side: Side, exact: Collection[Fraction] = ()) -> Any:
    """The interval of the numbers that a side of numerals stands for. Raises EvaluationError where it has no value."""
    try:
        # a number by itself is a result, also where the spec has the same one
        return _interval(side.syntax, frozenset() if side.number is not None else frozenset((*exact, *EXACT)))
    except (ArithmeticError, ValueError) as error:
        raise EvaluationError(f"this has no value: {error}") from None


def _interval(tree: Syntax, exact: frozenset[Fraction]) -> Any:
    backend = interval_backend()
    match tree:
        case Numeral(value=value):
            unit = unit_of(tree)
            if unit >= 1 or value in exact:
                return backend.number(value)
            return backend.context.mpf([_end(backend, value - unit / 2, 0), _end(backend, value + unit / 2, 1)])
        case Name(name=name):
            return backend.constant(name)
        case Negative(operand=operand):
            return -_interval(operand, exact)
        case Binary(operator=operator, left=left, right=right):
            return _combined(operator, _interval(left, exact), right, exact)
        case Product(factors=factors, operators=operators):
            found = _interval(factors[0], exact)
            for operator, factor in zip(operators, factors[1:], strict=True):
                found = _combined("/" if operator == "/" else "*", found, factor, exact)
            return found
        case Call(function=function, arguments=(argument,)) if function != "sum":
            return _called(function, _interval(argument, exact))
    raise EvaluationError("numbers are put together by + - * / ^ and functions of one value")


def _combined(operator: str, left: Any, right: Syntax, exact: frozenset[Fraction]) -> Any:
    if operator == "^":
        power = right.operand.value if isinstance(right, Negative) and isinstance(right.operand, Numeral) else right.value if isinstance(right, Numeral) else None
        if power is not None and power.denominator == 1 and abs(power) < 65:
            return left ** int(-power if isinstance(right, Negative) else power)
        return left ** _interval(right, exact)
    other = _interval(right, exact)
    return left + other if operator == "+" else left - other if operator == "-" else left / other if operator == "/" else left * other


def _called(function: str, value: Any) -> Any:
    import numpy as np

    from backprop_derive.graph.expressions import Apply, Ref
    from backprop_derive.graph.nodes import Cost, Graph, Node
    from backprop_derive.numerics.evaluator import Evaluator

    order = len(function) - len(function.rstrip("'"))
    if find_function(function.rstrip("'")) is None:
        raise EvaluationError(f"nothing is known of the function {function}")
    graph = Graph((Node("z"),), Cost("z", "z", "single"))
    evaluator = Evaluator(graph, {}, {}, backend=interval_backend())
    evaluator.store.arrays["z"] = np.full((1,), value, dtype=object)
    return evaluator.expression(Apply(function.rstrip("'"), (Ref("z"),), order)).item()


def _end(backend: FloatBackend, value: Fraction, which: int) -> Any:
    number = backend.number(value)
    return number.b if which else number.a
