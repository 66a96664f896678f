"""Numbers as a spec writes them, exact: `012`, `1e-3`, `1/3`, `sqrt(2)/2`."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from backprop_derive.errors import FormulaError
from backprop_derive.language.grammar import parse
from backprop_derive.language.syntax import Binary, Call, Name, Negative, Numeral, Syntax
from backprop_derive.spec.problems import Problems, quoted
from backprop_derive.spec.source import Scalar, Value

if TYPE_CHECKING:
    from collections.abc import Callable

MAXIMUM_CHARACTERS = 300  # a longer formula of numbers is no slip of the pen, and its tree could be too deep to walk
MAXIMUM_BITS = 4_000
MAXIMUM_WHOLE_EXPONENT = 100

_NUMERAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NO_NUMBERS = re.compile(r"[+-]?\.?(?:inf|infinity|nan)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_CONSTANTS = {"pi": Fraction(math.pi), "e": Fraction(math.e)}
_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp, "log": math.log, "ln": math.log, "log10": math.log10, "sqrt": math.sqrt,
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "arctan": math.atan,
    "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh, "erf": math.erf, "lgamma": math.lgamma,
}  # fmt: skip


def looks_like_number(text: str) -> bool:
    """Whether `text` is a plain number, so that it cannot be meant as a name.

    >>> looks_like_number("-1e-3"), looks_like_number("n - 1")
    (True, False)
    """
    return _NUMERAL.fullmatch(text.strip()) is not None


def read_number(value: Value, problems: Problems) -> Fraction | None:
    """The exact value of a number or of a formula of numbers."""
    if not isinstance(value, Scalar) or not value.text.strip():
        problems.add(value.mark, "a number is expected here")
        return None
    try:
        return number(value.text)
    except (ValueError, FormulaError) as error:
        problems.add(value.mark, f"{quoted(value.text)} is no number: {error}", value.text)
    return None


def number(text: str) -> Fraction:
    """The value of a formula of numbers; functions such as sqrt are rounded to a double.

    Raises FormulaError for what is no formula, ValueError for one that has no value as a finite real number.

    >>> number("012"), number("1e-3"), number("-1/3"), number("sqrt(4)/2")
    (Fraction(12, 1), Fraction(1, 1000), Fraction(-1, 3), Fraction(1, 1))
    """
    if _NO_NUMBERS.fullmatch(text.strip()):
        raise ValueError("inf and nan are not values")
    if _DECIMAL_COMMA.fullmatch(text.strip()):
        raise ValueError(f"a number has a point, not a comma: write {text.strip().replace(',', '.')}")
    if len(text) > MAXIMUM_CHARACTERS:
        raise ValueError(f"a formula of numbers has at most {MAXIMUM_CHARACTERS} characters")
    result = _value(parse(text))
    try:
        float(result)
    except OverflowError:
        raise ValueError("it is too large") from None
    return result


def _value(tree: Syntax) -> Fraction:
    match tree:
        case Numeral(value=value):
            return value
        case Negative(operand=operand):
            return -_value(operand)
        case Binary(operator=operator, left=left, right=right) if operator != "@":
            return _bounded(_combined(operator, _value(left), _value(right)))
        case Name(name=name, indices=()) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case Name(name=name):
            raise ValueError(f"{name!r} is a name; a value is a number or a formula of numbers")
        case Call(function=function, arguments=arguments, options=()):
            return _called(function, tuple(_value(argument) for argument in arguments))
        case _:
            raise ValueError("a value is a number or a formula of numbers")


def _combined(operator: str, left: Fraction, right: Fraction) -> Fraction:
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if operator == "/":
        if right == 0:
            raise ValueError("it divides by zero")
        return left / right
    return _power(left, right)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if base == 0 and exponent < 0:
        raise ValueError("it divides by zero")
    if exponent.denominator == 1 and abs(exponent) <= MAXIMUM_WHOLE_EXPONENT:
        return base**exponent.numerator
    if base < 0:
        raise ValueError("a power of a negative number has no real value here")
    return _rounded(math.pow, base, exponent)


def _called(function: str, arguments: tuple[Fraction, ...]) -> Fraction:
    if function in ("max", "min") and arguments:
        return max(arguments) if function == "max" else min(arguments)
    if function not in (*_FUNCTIONS, "abs"):
        raise ValueError(f"{function!r} is no function of numbers: {', '.join(_FUNCTIONS)}, abs, max, min are")
    if len(arguments) != 1:
        raise ValueError(f"{function} takes one number")
    if function == "abs":
        return abs(arguments[0])
    return _rounded(_FUNCTIONS[function], *arguments)


def _rounded(function: Callable[..., float], *arguments: Fraction) -> Fraction:
    try:
        return Fraction(function(*(float(argument) for argument in arguments)))
    except ValueError:
        raise ValueError("it has no real value") from None
    except OverflowError:
        raise ValueError("it is too large") from None


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAXIMUM_BITS:
        raise ValueError("it is too large or too long to be kept exactly")
    return value
