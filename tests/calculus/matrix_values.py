"""Matrix expressions in NumPy, as their signs say: the judge of their recognition. A vector is a column, a number has no axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
from proving import Point

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
    Partial,
    Power,
    Ref,
    Where,
)
from backprop_derive.graph.indices import Affine, axis_to, number, variable
from backprop_derive.graph.matrices import Diagonal, Hadamard, MatrixProduct, Ones, Total, Transposed
from backprop_derive.graph.nodes import Node
from backprop_derive.numerics.evaluator import Evaluator

COMPARED = {"=": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


class MatrixValues:
    """The values of matrix expressions at a point; those of one sample where they have its index."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self.steps: Mapping[str, int] = {}

    def of(self, tree: Expression, sample: int = 0, steps: Mapping[str, int] = MappingProxyType({})) -> Any:
        """The value: (rows, columns), (entries, 1), or a number; `steps` says which step a letter stands for. Arrays whose shapes
        do not fit fail."""
        before, self.steps = self.steps, steps
        found = self._of(tree, sample)
        self.steps = before
        return found

    def _of(self, tree: Expression, sample: int) -> Any:
        match tree:
            case Number(value):
                return np.array(float(value))
            case Constant(name):
                return np.array({"pi": np.pi, "e": np.e}[name])
            case Integer(form):
                return np.array(float(form.resize(self.point.sizes).number))  # type: ignore[arg-type]
            case Ref(name):
                return self._array(name, sample, tree.indices)
            case Partial(_, bottom):
                return self._array(self.point.derivation.names[bottom.name], sample, bottom.indices)
            case Ones(length):
                return np.ones((length.resize(self.point.sizes).number, 1))  # type: ignore[type-var]
            case Fold("sum", bound, body) if self.point.graph.samples is None or bound.name != self.point.graph.samples.index:
                ends = (self._number(end) for end in (bound.axis.low, bound.axis.high + 1))
                return sum(self.of(body, sample, {**self.steps, bound.name: step}) for step in range(*ends))
            case Where(Bracket(condition), then, otherwise):
                holds = condition.substitute({name: number(step) for name, step in self.steps.items()}).resize(self.point.sizes).decided
                return self._of(then if holds else otherwise, sample)
            case Fold("sum", bound, body):
                assert bound.name == self.point.graph.samples.index, "only the samples are summed by a letter"  # type: ignore[union-attr]
                return sum(self._of(body, at) for at in range(self.point.sizes[self.point.graph.samples.size]))  # type: ignore[union-attr]
            case MatrixProduct(factors):
                return np.linalg.multi_dot([*map(_matrix, (self._of(factor, sample) for factor in factors))])
            case Hadamard(factors):
                values = [self._of(factor, sample) for factor in factors]
                assert len({value.shape for value in values}) == 1, "⊙ takes arrays of one shape"
                return prod(values)
            case Transposed((operand,)):
                return _matrix(self._of(operand, sample)).T
            case Diagonal((operand,)):
                vector = self._of(operand, sample)
                assert vector.shape[1] == 1, "a diagonal is made of a vector"
                return np.diag(vector[:, 0])
            case Total((operand,), _):
                return self._of(operand, sample).sum()
            case Mul(factors):
                *front, last = (self._of(factor, sample) for factor in factors)
                arrays = [value for value in (*front, last) if value.size > 1]
                assert len(arrays) <= 1, "· has one array at most"
                return prod(value.reshape(()) for value in (*front, last) if value.size == 1) * (arrays[0] if arrays else np.ones(last.shape))
            case Add(terms):
                return _together(np.add, [(self._of(term, sample), isinstance(term, Number) or (isinstance(term, Where) and isinstance(term.test, Bracket))) for term in terms])
            case Power(base, exponent):
                return self._of(base, sample) ** self._of(exponent, sample)
            case Compare(relation, left, right):
                return COMPARED[relation](self._of(left, sample), self._of(right, sample))
            case Where(test, then, otherwise):
                return np.where(self._of(test, sample) != 0, self._of(then, sample), self._of(otherwise, sample))
            case Apply("softmax" | "log_softmax" | "logsumexp" as function, (argument,)):
                value = self._of(argument, sample)
                assert value.shape[1] == 1, "a vector"
                total = np.log(np.exp(value).sum())
                return {"softmax": np.exp(value - total), "log_softmax": value - total, "logsumexp": total}[function]
            case Apply(function, arguments, order):
                return self._function(function, order, [self._of(argument, sample) for argument in arguments])
            case _:
                raise TypeError(f"{type(tree).__name__} is no matrix expression")

    def _array(self, name: str, sample: int, indices: tuple[Affine, ...]) -> Any:
        node, value = self.point.whole.node(name), np.asarray(self.point.forward[name])
        for place, (index, axis) in enumerate(zip(indices, node.axes, strict=False)):
            value = value[sample if node.sampled and not place else self._number(index - axis.low)]
        return value[:, None] if value.ndim == 1 else value

    def _number(self, form: Affine) -> int:
        found = form.substitute({name: number(step) for name, step in self.steps.items()}).resize(self.point.sizes).number
        assert found is not None
        return found

    def _function(self, function: str, order: int, values: list[Any]) -> Any:
        """A function of numbers, at every entry, by the evaluator of index forms."""
        shape = np.broadcast_shapes(*(value.shape for value in values))
        letters = ("row", "column")[: len(shape)]
        axes = tuple(axis_to(number(length)) for length in shape)
        nodes = tuple(Node(f"argument_{at}", letters, axes) for at, _ in enumerate(values))
        known = {node.name: np.broadcast_to(value, shape) for node, value in zip(nodes, values, strict=True)}
        graph = replace(self.point.whole, nodes=(*self.point.whole.nodes, *nodes))
        evaluator = Evaluator(graph, known, self.point.sizes, functions=self.point.functions)
        call = Apply(function, tuple(Ref(node.name, tuple(map(variable, letters))) for node in nodes), order)
        return evaluator.expression(call, letters, axes)


def _matrix(value: Any) -> Any:
    """A number in a product of matrices has one row and one column."""
    return value.reshape(1, 1) if value.ndim == 0 else value


def _together(function: Any, values: list[tuple[Any, bool]]) -> Any:
    """Arrays of one shape; plain numbers go with all of them."""
    shapes = {value.shape for value, plain in values if not plain and value.size > 1}
    assert len(shapes) <= 1, "+ takes arrays of one shape"
    if shapes:
        assert all(plain or value.size > 1 for value, plain in values), "a number with a name is broadcast by 𝟏"
    total = values[0][0]
    for value, _ in values[1:]:
        total = function(total, value if value.size > 1 or not shapes else value.reshape(()))
    return total
