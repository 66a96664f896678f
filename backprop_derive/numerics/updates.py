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
from backprop_derive.numerics.scopes import Scope
from backprop_derive.operations.optimizers import Optimizer
from backprop_derive.spec.numbers import number

_NOTHING = Graph((), Cost("C", "C", "single"))


class Updates:
    """The steps of one optimiser over a vector of parameters. What it remembers is 0 before the first."""

    def __init__(self, row: Optimizer, learning_rate: float, constants: Mapping[str, Fraction], count: int) -> None:
        self.row, self.count = row, 0
        self.scope = Scope(("entry",), (0,), (count,))
        self.evaluator = Evaluator(_NOTHING, {}, {})
        self.known = {"eta": _entry(learning_rate)}
        self.known.update((name, _entry(float(constants.get(name, number(usual))))) for name, usual in row.constants)
        self.known.update((name, np.zeros((1, count))) for name, _ in row.state)

    def step(self, parameters: Array, gradient: Array) -> Array:
        """The parameters after one more step, from the gradient at the present ones."""
        self.count += 1
        self.known.update(w=parameters[None], g=gradient[None], t=_entry(float(self.count)))
        with np.errstate(all="ignore"):
            for name, text in self.row.state:
                self.known[name] = self._value(text)
            return np.asarray(self._value(self.row.step)[0])

    def _value(self, text: str) -> Array:
        return self.evaluator.value(_formula(self.row, text), self.scope.naming(self.known))


@cache
def _formula(row: Optimizer, text: str) -> Expression:
    names = ("w", "g", "eta", "t", *(name for name, _ in (*row.constants, *row.state)))
    return read_formula(text, Names({name: Quantity() for name in names}))


def _entry(value: float) -> Array:
    return np.full((1, 1), value)
