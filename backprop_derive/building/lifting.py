"""Formulas that a loss compares become nodes of their own: `half_squared_error(W@x, y)` is `yhat: W@x` and
`half_squared_error(yhat, y)`. A loss states its derivatives by the entries of what it compares, so these need a name.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import fields, replace
from itertools import chain, count
from typing import Any

from backprop_derive.language.syntax import Call, Name, Numeral, Syntax
from backprop_derive.operations.losses import find_loss
from backprop_derive.operations.rows import Loss


def lifted(tree: Syntax, taken: Container[str], functions: Container[str] = ()) -> tuple[Syntax, dict[str, Syntax]]:
    """The formula with a name for each formula that a loss of the table compares in it, and what these names stand for.

    `taken` are the names that there are, `functions` those of the spec's own, which win over losses.
    """
    found: dict[str, Syntax] = {}

    def named(formula: Syntax, stem: str) -> Name:
        known = next((name for name, other in found.items() if other == formula), None)
        names = chain((stem,), (f"{stem}_{number}" for number in count(2)))
        name = known or next(each for each in names if each not in taken and each not in found)
        found.setdefault(name, formula)
        return Name(name, start=formula.start, end=formula.end)

    def changed(each: Syntax) -> Syntax:
        row = find_loss(each.function) if isinstance(each, Call) and each.function not in functions else None
        each = _with_parts(each, changed)
        if row is None or not isinstance(each, Call):
            return each
        pairs = zip(each.arguments, row.required, strict=False)
        compared = tuple(argument if _is_plain(argument) else named(argument, _stem(row, name)) for argument, name in pairs)
        return replace(each, arguments=(*compared, *each.arguments[len(compared) :]))

    return changed(tree), found


def _is_plain(argument: Syntax) -> bool:
    """A name, which needs no other; a number, which is no output."""
    return isinstance(argument, Numeral) or (isinstance(argument, Name) and not argument.indices)


def _stem(row: Loss, argument: str) -> str:
    return "target" if argument in row.targets else "yhat"


def _with_parts(tree: Syntax, change: Callable[[Syntax], Syntax]) -> Syntax:
    """The same kind of formula over other parts."""
    parts = {each.name: _changed(getattr(tree, each.name), change) for each in fields(tree)}
    return replace(tree, **parts)


def _changed(value: Any, change: Callable[[Syntax], Syntax]) -> Any:
    if isinstance(value, Syntax):
        return change(value)
    return tuple(_changed(each, change) for each in value) if isinstance(value, tuple) else value
