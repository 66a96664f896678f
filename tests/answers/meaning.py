"""What a string of the corpus means, as a number or an array: a small language with the syntax of Python, never evaluated as such.

    + - * / **      exp log sqrt tanh sigmoid max abs relu
    D(f)(x)         f'(x);  D(f, 2)(x) the second derivative
    Sum(e, (i, a, b))
    Partial(L, w)   a derivative by name;  Grad(C, a) one by every entry of a vector
    T(A) matmul(A, B) had(A, B) outer(a, b) total(A)      whole arrays; a vector is a column
    x[j]  x[sup(i)]  x[j, sup(2)]                         entries, samples, labels
    ind(a > b)  where(a > b, x, y)  kron(i, j)
    Eq(a, b, ...)   sides of an equation;  Lines(a, b, ...) a derivation
"""

from __future__ import annotations

import ast
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backprop_derive.numerics.smooth import named_function

SAMPLES = 3
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": np.exp, "log": lambda value: np.log(np.abs(value)), "sqrt": lambda value: np.sqrt(np.abs(value)), "tanh": np.tanh, "max": np.maximum,
    "abs": np.abs, "relu": lambda value: np.maximum(value, 0), "sigmoid": lambda value: 1 / (1 + np.exp(-value)), "sin": np.sin, "cos": np.cos,
}  # fmt: skip


def drawn(key: str, shape: tuple[int, ...] = ()) -> Any:
    """Random values that only the key decides, away from 0 and 1."""
    return np.random.default_rng(zlib.crc32(key.encode())).uniform(0.15, 0.85, shape)


@dataclass(frozen=True)
class World:
    """Values of names (arrays, the axis of the samples first), and the numbers that index letters and sizes stand for."""

    values: Mapping[str, Any]
    numbers: Mapping[str, int]

    def partial(self, top: str, bottom: str) -> Any:
        """A derivative by name is drawn; both are names at their places, such as `W[1,2]`."""
        return drawn(f"d{top}/d{bottom}")


def meaning_sides(text: str) -> list[ast.expr]:
    """The sides of an equation, or of all the lines of a derivation."""
    return _sides(ast.parse(text, mode="eval").body)


def _sides(tree: ast.expr) -> list[ast.expr]:
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in ("Eq", "Lines"):
        return [side for each in tree.args for side in _sides(each)]
    return [tree]


def value_of(tree: ast.expr, world: World) -> Any:
    """What a piece of a meaning is worth."""
    match tree:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id=name):
            return _name(name, world)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value_of(operand, world)
        case ast.BinOp():
            return _operation(tree, world)
        case ast.Subscript(value=ast.Name(id=name), slice=places):
            return _entry(name, places.elts if isinstance(places, ast.Tuple) else [places], world)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _comparison(operator, value_of(left, world), value_of(right, world))
        case ast.Call():
            return _call(tree, world)
    raise ValueError(f"not in the language of meanings: {ast.dump(tree)}")


def _name(name: str, world: World) -> Any:
    if name in world.numbers:
        return float(world.numbers[name])
    return world.values[name]


def _operation(tree: ast.BinOp, world: World) -> Any:
    left, right = value_of(tree.left, world), value_of(tree.right, world)
    match tree.op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.Pow():
            return left**right
    raise ValueError(f"not an operator of meanings: {ast.dump(tree.op)}")


def _comparison(operator: ast.cmpop, left: Any, right: Any) -> Any:
    match operator:
        case ast.Gt():
            return np.where(left > right, 1.0, 0.0)
        case ast.GtE():
            return np.where(left >= right, 1.0, 0.0)
        case ast.Lt():
            return np.where(left < right, 1.0, 0.0)
        case ast.Eq():
            return np.where(left == right, 1.0, 0.0)
    raise ValueError(f"not a comparison of meanings: {ast.dump(operator)}")


def _entry(name: str, places: list[ast.expr], world: World) -> Any:
    label, sample, entry = split_places(places)
    return world.values[name + label][tuple(int(value_of(each, world)) - 1 for each in sample + entry)]


def split_places(places: list[ast.expr]) -> tuple[str, list[ast.expr], list[ast.expr]]:
    """The label that a name carries, `sup(2)`; its sample, `sup(i)`; its other indices."""
    label, sample, entry = "", list[ast.expr](), list[ast.expr]()
    for place in places:
        if not isinstance(place, ast.Call):
            entry.append(place)
        elif isinstance(place.args[0], ast.Name):
            sample.append(place.args[0])
        else:
            assert isinstance(place.args[0], ast.Constant)
            label = f"__{place.args[0].value}"
    return label, sample, entry


def _call(tree: ast.Call, world: World) -> Any:
    if isinstance(tree.func, ast.Call):  # D(f)(x)
        function = tree.func.args[0]
        assert isinstance(function, ast.Name)
        order = tree.func.args[1].value if len(tree.func.args) > 1 else 1  # type: ignore[attr-defined]
        return named_function(function.id)(value_of(tree.args[0], world), order)
    assert isinstance(tree.func, ast.Name)
    name, arguments = tree.func.id, tree.args
    if name == "Sum":
        return _sum(arguments[0], arguments[1], world)
    if name == "Partial":
        return world.partial(place_text(arguments[0], world), place_text(arguments[1], world))
    if name == "Grad":
        top, bottom = place_text(arguments[0], world), place_text(arguments[1], world)
        return np.array([[world.partial(top, f"{bottom}[{place + 1}]")] for place in range(len(world.values[bottom]))])
    values = [value_of(argument, world) for argument in arguments]
    match name:
        case "T":
            return np.asarray(values[0]).T
        case "matmul":
            return values[0] @ values[1]
        case "had":
            product = values[0]
            for value in values[1:]:
                product = product * value
            return product
        case "outer":
            return np.outer(values[0], values[1])
        case "total":
            return np.sum(values[0])
        case "ind":
            return values[0]
        case "where":
            return np.where(values[0] != 0, values[1], values[2])
        case "kron":
            return float(values[0] == values[1])
    if name in _FUNCTIONS:
        return _FUNCTIONS[name](*values)
    return named_function(name)(values[0])


def _sum(body: ast.expr, limits: ast.expr, world: World) -> Any:
    assert isinstance(limits, ast.Tuple)
    letter, low, high = limits.elts
    assert isinstance(letter, ast.Name)
    places = range(int(value_of(low, world)), int(value_of(high, world)) + 1)
    return sum(value_of(body, replace(world, numbers={**world.numbers, letter.id: place})) for place in places)


def place_text(tree: ast.expr, world: World) -> str:
    """`W[1,2]`: a name at its place, the way in which derivatives by name are drawn."""
    match tree:
        case ast.Name(id=name):
            return name
        case ast.Subscript(value=ast.Name(id=name), slice=places):
            label, sample, entry = split_places(places.elts if isinstance(places, ast.Tuple) else [places])
            return f"{name}{label}[{','.join(str(int(value_of(each, world))) for each in sample + entry)}]"
    raise ValueError(f"not a name: {ast.dump(tree)}")
