"""What a formula may not exceed, checked on its syntax tree before anything is computed from it."""

from __future__ import annotations

from fractions import Fraction

from backprop_derive.errors import FormulaError
from backprop_derive.language.syntax import Binary, Negative, Numeral, Product, Syntax

MAXIMUM_HEIGHT = 250  # readers of a tree recurse, two to four calls a level: this leaves Python's 1,000 a margin
MAXIMUM_EXPONENT = 64
_ONE = Fraction(1)


def check_limits(tree: Syntax, text: str) -> None:
    """Raise FormulaError if the tree is too high, or its exponents would make numbers or products that nobody wants."""
    _check_height(tree, text)
    _reach(tree, text)


def _check_height(tree: Syntax, text: str) -> None:
    """Not recursively: the tree may be too high for that. Factors side by side will be grouped one by one."""
    waiting = [(tree, 0)]
    while waiting:
        node, height = waiting.pop()
        if height >= MAXIMUM_HEIGHT:
            message = f"more than {MAXIMUM_HEIGHT} operations in a row"
            raise FormulaError(message, text, node.start, node.end, hint="split the formula, or write sum(…, k) over an index")
        step = len(node.factors) if isinstance(node, Product) else 1
        waiting.extend((child, height + step) for child in node.children())


def _reach(tree: Syntax, text: str) -> Fraction:
    """The highest power that something in the tree is raised to: exponents multiply along nested powers, `(x^2)^3` reaches 6."""
    below = max((_reach(child, text) for child in tree.children()), default=_ONE)
    if not isinstance(tree, Binary) or tree.operator != "^":
        return below
    exponent = _value(tree.right)
    if exponent is not None and exponent < 0 and _value(tree.left) == 0:
        raise FormulaError("0 to a negative power divides by zero", text, tree.start, tree.end)
    if exponent is None:
        _refuse_tower(tree.right, text)
        return below
    reach = below * max(_ONE, abs(exponent))
    if reach > MAXIMUM_EXPONENT:
        raise FormulaError(f"exponents above {MAXIMUM_EXPONENT} are not read", text, tree.right.start, tree.right.end)
    return reach


def _refuse_tower(exponent: Syntax, text: str) -> None:
    """`e^(-z^2/2)` is common; `x^(a^b)`, an exponent that is itself a power with names in its exponent, has no use."""
    for part in exponent.walk():
        if isinstance(part, Binary) and part.operator == "^" and _value(part.right) is None:
            raise FormulaError("towers of powers are not read", text, part.start, part.end)


def _value(tree: Syntax) -> Fraction | None:
    """The value of a formula of numbers; None if it has names or calls, or no value. Powers in it have passed `_reach`."""
    if isinstance(tree, Numeral):
        return tree.value
    if isinstance(tree, Negative):
        operand = _value(tree.operand)
        return None if operand is None else -operand
    if not isinstance(tree, Binary):
        return None
    left, right = _value(tree.left), _value(tree.right)
    if left is None or right is None:
        return None
    match tree.operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else None
        case "^" if right.denominator == 1 and (left or right > 0):
            return left ** int(right)
    return None
