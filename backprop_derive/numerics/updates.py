"""The rule of an optimiser on arrays: the formulas of its row, evaluated by the project's own evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache

import numpy as np

from backprop_derive.building.formulas import read_formula
from backprop_derive.building.scope import Quantity
from backprop_derive.building.scope import Scope as Names
from backprop_derive.graph.expressions import Expression
from backprop_derive.graph.nodes import Cost, Graph
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.numerics.scopes import START, Scope
from backprop_derive.operations.optimizers import Optimizer
from backprop_derive.spec.numbers import number

_NOTHING = Graph((), Cost("C", "C", "single"))


class Updates:
    """The steps of one optimiser over a vector of parameters. What it remembers is 0 before the first."""

    def __init__(self, row: Optimizer, learning_rate: float, constants: Mapping[str, Fraction], count: int) -> None:
        self.count = 0
        self.known = {"eta": _entry(learning_rate)}
        self.constants = {name: float(constants.get(name, number(usual))) for name, usual in row.constants}
        self.known.update((name, _entry(value)) for name, value in self.constants.items())
        self.known.update((name, np.zeros((1, count))) for name, _ in row.state)
        scope, evaluator = Scope(("entry",), (0,), (count,), frozenset((*self.known, "w", "g", "t"))), Evaluator(_NOTHING, {}, {})
        self.state = tuple((name, evaluator.planned(_formula(row, text), scope)) for name, text in row.state)
        self.stepped = evaluator.planned(_formula(row, row.step), scope)

    def step(self, parameters: Array, gradient: Array) -> Array:
        """The parameters after one more step, from the gradient at the present ones."""
        self.count += 1
        self.known.update(w=parameters[None], g=gradient[None], t=_entry(float(self.count)))
        frame = START.naming(self.known)
        with np.errstate(all="ignore"):
            for name, renewed in self.state:
                self.known[name] = renewed(frame)
            return np.asarray(self.stepped(frame)[0])


@cache
def _formula(row: Optimizer, text: str) -> Expression:
    names = ("w", "g", "eta", "t", *(name for name, _ in (*row.constants, *row.state)))
    return read_formula(text, Names({name: Quantity() for name in names}))


def _entry(value: float) -> Array:
    return np.full((1, 1), value)
