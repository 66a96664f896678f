"""The page of a derivation, block by block.

It goes the way one computes: forwards, then from the loss back, and the weights nearest to the output first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from backprop_derive.calculus.derivation import Delta, Derivation, Gradient
from backprop_derive.calculus.steps import Factor, Step
from backprop_derive.graph.expressions import Expression, Number, Partial, Ref
from backprop_derive.presentation.document import Aligned, Block, Equation, Figure, Heading, Paragraph, Row, Text
from backprop_derive.presentation.labels import delta_labels
from backprop_derive.presentation.network import forward_rows, header, meaning_of_errors
from backprop_derive.presentation.recurrences import directions
from backprop_derive.presentation.selection import (
    Form,
    closed_form,
    derivative,
    needed_deltas,
)
from backprop_derive.presentation.working import Working, own_letters

if TYPE_CHECKING:
    from backprop_derive.numerics.worked import Letters
    from backprop_derive.presentation.picture import Picture

Detail = Literal["brief", "steps", "full"]

_EXPANDING = ("sum rule", "linearity", "chain rule")
_NAMING = ("δ by name",)


class Page:
    """The blocks of a page. A reason that was given is pointed at where it is needed again."""

    def __init__(self, derivation: Derivation, chosen: Mapping[str, Gradient], forms: Sequence[Form], detail: Detail, working: Working | None, note: str, picture: Picture | None) -> None:
        self.working, self.note, self.picture = working, note, picture
        self.derivation, self.graph, self.chosen, self.forms, self.detail = derivation, derivation.graph, chosen, forms, detail
        self.loss = derivation.graph.node(derivation.graph.cost.loss)
        self.labels = delta_labels(derivation) if "backward" in forms else ()
        self.explained: dict[tuple[Partial, Expression], Text] = {}
        self.given: dict[Text, Partial] = {}
        self.said: set[Text] = set()
        sections = "chain" in forms and detail == "steps"
        self.in_sections = {_essence(factor) for gradient in chosen.values() if sections for factor in gradient.factors}

    def blocks(self) -> Iterator[Block]:
        yield from header(self.derivation, self._facts(), self._line)
        if self.picture is not None:
            yield Figure(self.picture)
        if self.detail != "brief":
            yield Heading(2, ("Forward pass",))
            yield from self._aligned(self._forward())
        if "backward" in self.forms:
            yield from self._backward_pass()
        if not set(self.forms) - {"backward"}:
            return
        if self.detail == "brief":
            yield from self._gradients_only()
            return
        for key, gradient in self.chosen.items():
            yield from self._section(key, gradient)

    def _forward(self) -> Iterator[tuple[Row, Letters]]:
        return forward_rows(self.graph)

    def _line(self, row: Row) -> Row:
        """A formula as the page shows it."""
        return row

    def _quantity(self, ref: Ref) -> Ref:
        """A name as the page shows it."""
        return ref

    def _facts(self) -> Iterator[tuple[str, Text]]:
        if self.working is not None:
            yield from self.working.facts()
        elif self.note:
            yield "Numbers", (self.note,)

    def _aligned(self, formulas: Iterable[tuple[Row, Letters]]) -> Iterator[Block]:
        """Each formula with its numbers below it; those of large arrays in a table behind them all."""
        given = [(row, row.left, letters) for row, letters in formulas if row.left is not None]
        yield Aligned(tuple(each for row, left, letters in given for each in (self._line(row), *self._worked(left, row.right, letters))))
        if self.working is not None:
            yield from self.working.tables((left, row.right, letters) for row, left, letters in given)

    def _worked(self, left: Expression, right: Expression, letters: Letters) -> tuple[Row, ...]:
        return () if self.working is None else self.working.rows(left, right, letters)

    # -- the backward pass ------------------------------------------------------------------------------------------------

    def _backward_pass(self) -> Iterator[Block]:
        """Each δ once, from the loss back, then the gradients by δ."""
        deltas = [self.derivation.deltas[name] for name in needed_deltas(self.derivation, self.chosen)]
        yield Heading(2, ("Backward pass",))
        if deltas:
            yield Paragraph(tuple(self._meaning(deltas)))
        for direction in directions(self.graph, deltas) if any(delta.of.name in self.derivation.chain.recurrent for delta in deltas) else ():
            yield Paragraph((f"{direction}.",))
        if deltas and self.detail == "brief":
            yield from self._aligned((Row(Ref(delta.name, delta.of.indices), delta.value), self._letters(delta.of)) for delta in deltas)
        else:
            yield from (block for delta in deltas for block in self._delta(delta))
        if deltas:
            yield Paragraph(("With them, the gradients are:",))
        yield from self._gradients_by_delta()

    def _gradients_by_delta(self) -> Iterator[Block]:
        """In numbers, those of one sample where they are not all: the cost's stand with each gradient, if that has a section."""
        given = [(derivative(self.derivation, gradient), gradient.backward) for gradient in self.chosen.values()]
        alone = not set(self.forms) - {"backward"}
        worked = {left: self.working.of_gradient(left, right, total=alone) for left, right in given} if self.working is not None else {}
        yield Aligned(tuple(row for left, right in given for row in (self._line(Row(left, right)), *worked.get(left, ()))))
        if self.working is not None and alone:
            yield from self.working.tables((left, right, self._letters(left.bottom)) for left, right in given)

    def _letters(self, of: Ref) -> Letters:
        return own_letters(self.graph.node(of.name))

    def _meaning(self, deltas: Sequence[Delta]) -> Iterator[str | Expression]:
        others = [(self._quantity(Ref(delta.name, delta.of.indices)), self._quantity(delta.of)) for delta in deltas if self.graph.node(delta.of.name).role != "preactivation"]
        yield from (*meaning_of_errors(self.graph, others[:1], stated=len(others) < len(deltas)), ":")

    def _delta(self, delta: Delta) -> Iterator[Block]:
        name = Ref(delta.name, delta.of.indices)
        whole = Partial(self.graph.differentiated, self.graph.node(delta.of.name).mention())
        worked = self._worked(name, delta.value, self._letters(delta.of))
        if self.detail == "full":
            yield Heading(3, (name,))
            yield Aligned((Row(name, whole),))
            yield from self._every_step(whole, delta.steps, delta.factors)
            if worked:
                yield Aligned((Row(name, delta.value), *worked))
            return
        if delta.expansion == whole and len(delta.factors) == 1:
            yield Aligned((Row(name, whole), replace(self._factor(name, delta.factors[0]), left=None), *worked))
            return
        rows = rewriting_rows(delta.steps, delta.value)
        rights = [Row(None, right) for right in dict.fromkeys((whole, delta.expansion)) if right != rows[0].right]
        yield Aligned((*((Row(name, rights[0].right), *rights[1:], *rows) if rights else (Row(name, rows[0].right), *rows[1:])), *worked))
        if self.working is not None:
            yield from self.working.tables([(name, delta.value, self._letters(delta.of))])
        new = [factor for factor in delta.factors if _essence(factor) not in self.in_sections and _essence(factor) not in self.explained]
        if new:
            yield Paragraph(("with",))
            yield Aligned(tuple(row for factor in new for row in self._factor_rows(name, factor)))

    # -- weight by weight -------------------------------------------------------------------------------------------------

    def _gradients_only(self) -> Iterator[Block]:
        yield Heading(2, ("Gradients",))
        rows: list[Row] = []
        for gradient in self.chosen.values():
            rights = [gradient.gradient if "textbook" in self.forms else gradient.expansion] if {"textbook", "chain"} & set(self.forms) else []
            rights += [closed_form(self.derivation, gradient)] if "closed" in self.forms else []
            left = derivative(self.derivation, gradient)
            rows += self._group(left, rights)
            rows += self._worked(left, rights[-1], self._letters(gradient.of)) if rights else ()
        yield Aligned(tuple(rows))

    def _group(self, left: Expression, rights: Sequence[Expression]) -> list[Row]:
        """`left = first = second`."""
        return [Row(None if number else left, right) for number, right in enumerate(rights)]

    def _section(self, key: str, gradient: Gradient) -> Iterator[Block]:
        left = derivative(self.derivation, gradient)
        yield Heading(2, (self._derivative(left),))
        if not gradient.factors:
            yield self._equation(left, gradient.gradient)
        elif self.detail == "full":
            yield from self._every_step(left, gradient.steps, gradient.factors)
            if self.working is not None:
                yield Heading(4, ("In numbers",))
                yield Aligned((Row(left, gradient.gradient), *self._numbers_of(left, gradient)))
        else:
            yield from self._forms(key, left, gradient)
        if "closed" in self.forms:
            yield Heading(4, ("Closed form",))
            yield self._equation(left, closed_form(self.derivation, gradient))
        if gradient.assumptions:
            yield Paragraph((f"Assuming {', '.join(gradient.assumptions)}.",))
        for note in gradient.notes:
            yield Paragraph(("Note: ", *note, "."))

    def _derivative(self, left: Partial) -> Partial:
        """What a section is about."""
        return left

    def _chain_heading(self, _gradient: Gradient) -> Text:
        return ("Chain rule",)

    def _equation(self, left: Partial, right: Expression) -> Block:
        return Equation(left, right)

    def _gradient_rows(self, left: Partial, gradient: Gradient) -> Iterator[Row]:
        """The product of the values of all factors, and each rewrite up to the textbook form."""
        first, *rest = rewriting_rows(gradient.steps, gradient.gradient)
        yield from self._labelled([Row(left, first.right), *rest])

    def _forms(self, key: str, left: Partial, gradient: Gradient) -> Iterator[Block]:
        if "chain" in self.forms:
            rows = tuple(self._chain_rows(left, gradient))
            if rows:
                yield Heading(4, self._chain_heading(gradient))
                yield Aligned(self._labelled(rows))
            yield Heading(4, ("Factors",))
            product = () if self.working is None else self.working.of_factors(left, gradient)
            yield Aligned((*(row for factor in gradient.factors for row in self._factor_rows(key, factor)), *product))
        if "textbook" in self.forms:
            yield Heading(4, ("Gradient",))
            yield Aligned((*self._gradient_rows(left, gradient), *self._numbers_of(left, gradient)))
            if self.working is not None:
                yield from self.working.tables([(left, gradient.gradient, self._letters(gradient.of))])

    def _numbers_of(self, left: Partial, gradient: Gradient) -> tuple[Row, ...]:
        return () if self.working is None else self.working.of_gradient(left, gradient.gradient)

    def _labelled(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """The rows, with the names of the δs that stand in the last of them."""
        return (*rows[:-1], replace(rows[-1], labels=self.labels))

    def _chain_rows(self, left: Partial, gradient: Gradient) -> Iterator[Row]:
        first: Expression | None = left
        for step in gradient.steps:
            if step.rule in _EXPANDING:
                yield Row(first, step.after, () if step.reason in self.said else step.reason)
                self.said.add(step.reason)
                first = None

    def _factor_rows(self, where: str | Expression, factor: Factor) -> tuple[Row, ...]:
        """A factor, and its numbers below it; beside it, if it is a number of its own, or was worked out before."""
        told = _essence(factor) in self.explained
        row = self._factor(where, factor)
        if self.working is None or isinstance(factor.value, Number) or not self.working.is_single(factor.partial):
            return (row,)
        if told or isinstance(factor.value, Ref):
            return (replace(row, right=self.working.value(factor.value)),)
        return (row, *self.working.line(factor.value))

    def _factor(self, where: str | Expression, factor: Factor) -> Row:
        """A factor with its reason, or with where that stands already."""
        first = self.explained.get(_essence(factor))
        like = self.given.get(factor.reason)
        self.explained.setdefault(_essence(factor), (where,))
        self.given.setdefault(factor.reason, factor.partial)
        if first is not None:
            return Row(factor.partial, factor.value, ("as for ", *first))
        return Row(factor.partial, factor.value, factor.reason if like is None else ("as for ", like))

    def _every_step(self, left: Expression, steps: Sequence[Step], factors: Sequence[Factor]) -> Iterator[Block]:
        """Each step with its rule, the rule as a formula, the sentence, and what it makes of the derivative."""
        of_factors = {factor.partial: factor for factor in factors}
        for number, step in enumerate(steps, 1):
            yield Heading(4, (f"{number}. {step.rule}" + (f":  {step.identity}" if step.identity else ""),))
            yield Paragraph(step.reason)
            factor = of_factors.get(step.partial) if step.partial is not None else None
            if factor is not None:
                yield Equation(factor.partial, factor.value)
            yield Aligned((Row(left, step.after),))


def _essence(factor: Factor) -> tuple[Partial, Expression]:
    return factor.partial, factor.value


def rewriting_rows(steps: Sequence[Step], value: Expression) -> tuple[Row, ...]:
    """The product with the value of every factor in it, then each rewrite up to the value, with its reason."""
    rewrites = [step for step in steps if step.rule not in (*_EXPANDING, *_NAMING) and step.partial is None]
    start = rewrites[0].before if rewrites else value
    return (Row(None, start), *(Row(None, step.after, step.reason) for step in rewrites))
