"""The worked lines of a page: below a formula the same with numbers, and what it gives.

    (y' − y)·y'·(1 − y')·o1
    (0.7514 − 0.01)·0.7514·(1 − 0.7514)·0.5933 = 0.08217

An array has a line for each entry if it is small; else its values stand in a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from backprop_derive.errors import EvaluationError, counted
from backprop_derive.graph.expressions import (
    Add,
    Compare,
    Expression,
    Fold,
    Integer,
    Mul,
    Partial,
    Ref,
    free_variables,
    mul,
    neg,
    reciprocal,
    refs,
    reindex,
    walk,
)
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Axis, number, variable
from backprop_derive.graph.nodes import Node
from backprop_derive.presentation.document import Block, Paragraph, Row, Table, Text
from backprop_derive.presentation.figures import DIGITS, Figure, figure, figures
from backprop_derive.presentation.substituting import Substitution, displayed

if TYPE_CHECKING:
    from backprop_derive.calculus.derivation import Gradient
    from backprop_derive.numerics.backends import Array
    from backprop_derive.numerics.worked import Letters, Places, WorkedNumbers

MOST_LINES = 6
MOST_COLUMNS = 24
MOST_ENTRIES = 60
MOST_LISTED = 12


class Working:
    """Puts the numbers below the formulas of a page."""

    def __init__(self, numbers: WorkedNumbers, digits: int = DIGITS) -> None:
        self.numbers, self.digits = numbers, digits
        self.graph = numbers.graph
        self.substitution = Substitution(numbers, digits)

    # -- what a page says of its numbers ----------------------------------------------------------------------------------

    def facts(self) -> Iterator[tuple[str, Text]]:
        """The rows of the header: how numbers are rounded, which sample is shown, what is given."""
        yield "Numbers", (f"{counted(self.digits, 'significant digit', 'significant digits')}; each result is computed from all digits and rounded for the page only",)
        if self.numbers.samples > 1:
            yield "Sample", (f"number {self.numbers.sample} of {self.numbers.samples}, wherever a number is that of one sample",)
        leaves = self.numbers.evaluation.leaves
        given = [node for node in self.graph.nodes if node.is_leaf]
        yield "Values", tuple(part for place, node in enumerate(given) for part in ((", ",) if place else ()) + self._leaf(node))
        if leaves.drawn:
            yield "Drawn", (f"{', '.join(leaves.drawn)}: {self.graph.numbers.others}, from seed {leaves.seed}",)

    def _leaf(self, node: Node) -> Text:
        """`w1 = 0.15`, `x = [1, 2]`, `W1: 100 × 784 numbers`."""
        letters = own_letters(node)
        spans = [self.numbers.span(axis, {}) for _, axis in letters]
        if prod(map(len, spans)) > MOST_LISTED:
            return (Ref(node.name), f": {' × '.join(str(len(span)) for span in spans)} numbers")
        return (Ref(node.name), " = ", *self._nested(node, spans, ()))

    def _nested(self, node: Node, spans: Sequence[range], place: tuple[int, ...]) -> Text:
        if len(place) == len(spans):
            return (self._entry(node.ref(), dict(zip((letter for letter, _ in own_letters(node)), place, strict=True))),)
        inside = [self._nested(node, spans, (*place, at)) for at in spans[len(place)]]
        return ("[", *(part for at, each in enumerate(inside) for part in ((", ",) if at else ()) + each), "]")

    def _entry(self, expression: Expression, at: Places) -> Figure:
        return self.substitution.figure(expression, {**self.numbers.at_sample, **at})

    # -- lines ------------------------------------------------------------------------------------------------------------

    def line(self, expression: Expression, left: Expression | None = None, at: Places | None = None, reason: str = "") -> tuple[Row, ...]:
        """`= (0.75 − 0.01)·0.6 = 0.44`, if it has a value. Where the rounded numbers would give something else, that is said."""
        places = {**self.numbers.at_sample, **(at or {})}
        said: Text = (reason,) if reason else ()
        try:
            value = self.numbers.value(expression, places)
            put = self.substitution.numbers_in(expression, places)
        except EvaluationError:
            return ()
        result = figure(value, self.digits)
        if put is None or isinstance(put, Figure) or (value < 0 and neg(put) == figure(-value, self.digits)) or not any(figures(put)):
            return (Row(left, result, said),)
        note = self._cancellation(put, value)
        return (Row(left, Compare("=", put, result), (*said, *(("; ",) if said and note else ()), *note)),)

    def _cancellation(self, put: Expression, value: float) -> Text:
        """What the line gives as it is printed, if that differs by more than the rounding of its numbers explains."""
        try:
            rounded = self.numbers.value(displayed(put), {})
        except EvaluationError:
            return ()
        allowed = 0.5 * 10 ** (1 - self.digits) * (1 + sum(1 for _ in figures(put)))
        if abs(rounded - value) <= allowed * abs(value):
            return ()
        return ("computed from all digits: those that are shown would give ", figure(rounded, self.digits))

    def rows(self, left: Expression, expression: Expression, letters: Letters, reason: str = "") -> tuple[Row, ...]:
        """The line of a formula; one for each entry of a small array; none for a large one, or where the formula is a number."""
        free = _free(left, letters)
        if not any(refs(expression)) or self._count(free) > MOST_LINES:
            return ()
        if not free:
            return self.line(expression, reason=reason)
        return tuple(row for at in self._places(free) for row in self.line(expression, _at(left, at), at, reason))

    def _count(self, letters: Letters) -> int:
        return prod(len(self.numbers.span(axis, {})) for _, axis in letters)

    def _places(self, letters: Letters) -> Iterator[dict[str, int]]:
        names = [letter for letter, _ in letters]
        return (dict(zip(names, place, strict=True)) for place in product(*(self.numbers.span(axis, {}) for _, axis in letters)))

    def value(self, expression: Expression) -> Expression:
        """`expression = 0.5933`, without free indices; the expression alone where it has no value."""
        try:
            return Compare("=", expression, self.substitution.figure(expression, self.numbers.at_sample))
        except EvaluationError:
            return expression

    def is_single(self, expression: Expression) -> bool:
        """Whether it is one number at the sample that is shown."""
        return free_variables(expression) <= self.numbers.at_sample.keys()

    # -- gradients --------------------------------------------------------------------------------------------------------

    def of_gradient(self, left: Partial, expression: Expression, *, total: bool = True) -> tuple[Row, ...]:
        """The lines of a gradient: the cost's, with a number a sample (unless `total` is False), and those of one sample."""
        letters = own_letters(self.graph.node(left.bottom.name))
        several, sampled = self.numbers.samples > 1, self.graph.node(left.bottom.name).sampled
        part = self._of_sample(expression) if several else None
        rows = self.rows(left, expression, letters, f"at sample {self.numbers.sample}" if several and sampled else "") if total or part is None else ()
        if part is None:
            return rows
        of_loss = Partial(self.graph.node(self.graph.cost.loss).ref(), left.bottom)
        own = self.rows(of_loss, part, letters, f"of sample {self.numbers.sample}")
        return (*rows, *(replace(row, left=of_loss) if row.left is None else row for row in own))

    def of_factors(self, left: Partial, gradient: Gradient) -> tuple[Row, ...]:
        """The chain rule with a number for each factor, at one sample; nothing where a factor is not a single number."""
        values = {factor.partial: factor.value for factor in gradient.factors}
        expansion, reason = gradient.expansion, ""
        if self.numbers.samples > 1:
            part = self._of_sample(expansion)
            if part is None:
                return ()
            expansion, reason = part, f" of sample {self.numbers.sample}"
            left = Partial(self.graph.node(self.graph.cost.loss).ref(), left.bottom)
        named = [each for each in walk(expansion) if isinstance(each, Partial)]
        if len(named) < 2 or not all(each in values and self.is_single(each) for each in named):
            return ()
        try:
            put = Substitution(self.numbers, self.digits, values).numbers_in(expansion, self.numbers.at_sample)
            result = self.substitution.figure(replace_in(expansion, lambda each: values[each] if isinstance(each, Partial) else None), self.numbers.at_sample)
        except EvaluationError:
            return ()
        ways = "multiplied, and the ways added" if any(isinstance(each, Add) for each in walk(expansion)) else "multiplied"
        return () if put is None else (Row(left, Compare("=", put, result), (f"the factors{reason} {ways}",)),)

    def _of_sample(self, expression: Expression) -> Expression | None:
        """∂L/∂w of one sample, from `1/m Σ_i …`, perhaps with a penalty behind it; None for what is no such sum, and where
        samples are coupled, so that the summand is not the derivative of one sample's loss."""
        terms = expression.terms if isinstance(expression, Add) else (expression,)
        found = [term.factors if isinstance(term, Mul) else (term,) for term in terms]
        summed = [factors for factors in found if any(self.substitution.is_over_samples(factor) for factor in factors)]
        samples = self.graph.samples
        if len(summed) != 1 or samples is None or samples.coupled:
            return None
        *front, fold = summed[0]
        if not isinstance(fold, Fold) or not self.substitution.is_over_samples(fold):
            return None
        count = reciprocal(Integer(fold.bound.axis.high))
        return mul(*(factor for factor in front if factor != count), reindex(fold.body, {fold.bound.name: variable(samples.index)}))

    # -- tables -----------------------------------------------------------------------------------------------------------

    def tables(self, formulas: Iterable[tuple[Expression, Expression, Letters]]) -> Iterator[Block]:
        """The values of the arrays that are too large for lines: a row along the last index, whose places head the columns."""
        rows: list[tuple[Expression, range, Array]] = []
        large: list[Text] = []
        for left, expression, letters in formulas:
            free = _free(left, letters)
            if self._count(free) <= MOST_LINES:
                continue
            try:
                values = self.numbers.array(_at(expression, self.numbers.at_sample), free)
            except EvaluationError:
                continue
            if values.size > MOST_ENTRIES or values.shape[-1] > MOST_COLUMNS:
                large.append((left, f": {values.size} numbers from ", figure(values.min(), self.digits), " to ", figure(values.max(), self.digits)))
            else:
                span = self.numbers.span(free[-1][1], {})
                rows += [(_at(left, at), span, along) for at, along in zip(self._places(free[:-1]), values.reshape(-1, len(span)), strict=True)]
        if rows:
            places = range(min(span.start for _, span, _ in rows), max(span.stop for _, span, _ in rows))
            header: tuple[Text, ...] = (("",), *((str(place),) for place in places))
            yield Table(header, tuple(((left,), *self._cells(places, span, along)) for left, span, along in rows))
        yield from (Paragraph(text) for text in large)

    def _cells(self, places: range, span: range, values: Array) -> Iterator[Text]:
        for place in places:
            yield (figure(values[place - span.start], self.digits),) if place in span else ("",)


def own_letters(node: Node) -> list[tuple[str, Axis]]:
    """The indices of a node without the sample index."""
    return list(zip(node.letters, node.axes, strict=True))[int(node.sampled) :]


def _free(left: Expression, letters: Letters) -> Letters:
    """The letters that stand on the left side, which may be that of a single entry."""
    return [(letter, axis) for letter, axis in letters if letter in free_variables(left)]


def _at(expression: Expression, at: Places) -> Expression:
    return reindex(expression, {letter: number(place) for letter, place in at.items()})
