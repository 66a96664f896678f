"""The part of a page on a linear model under a squared error: where its gradient is 0, and that descent gets there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.calculus.elements import at_numbers
from backprop_derive.calculus.linear_models import LinearModel, LinearTerm
from backprop_derive.errors import counted
from backprop_derive.graph.expressions import ONE, ZERO, Expression, Partial, Ref, add, mul, neg
from backprop_derive.graph.indices import variable
from backprop_derive.graph.naming import form_text
from backprop_derive.presentation.document import Aligned, Block, Heading, Paragraph, Row, Table, Text
from backprop_derive.presentation.figures import figure

if TYPE_CHECKING:
    from backprop_derive.numerics.least_squares import Descent, LeastSquares

MOST_LISTED = 6
MOST_ENTRIES = 24
MOST_COLUMNS = 4
ROUND = 4
"""Of a bowl that is less than so many times as steep in one direction as in another, the learning rate alone is slow."""


@dataclass(frozen=True)
class Fit:
    """The normal equations in numbers, and descent, if there is a solution that it can go to."""

    squares: LeastSquares
    descent: Descent | None = None


def fitting(derivation: Derivation, model: LinearModel, fit: Fit | None, digits: int) -> Iterator[Block]:
    """What the gradient says, the normal equations, their solution, and with numbers the way of descent to it."""
    page = _Page(derivation, model, digits)
    yield from page.equations()
    if fit is not None:
        yield from page.numbers(fit)


def fitting_record(model: LinearModel, fit: Fit | None) -> dict[str, Any]:
    """The normal equations as formulas, and what solves them: None where that is not a single point, or has no numbers."""
    squares = None if fit is None else fit.squares
    solution = None if squares is None or squares.solution is None else zip(squares.entries, squares.solution.tolist(), strict=True)
    return {
        "normal_equations": {_key(term.parameter): dict(zip(("left", "right"), model.normal_equation(term), strict=True)) for term in model.terms},
        "closed_form": {_key(parameter): formula for parameter, formula in model.closed_form()},
        "solution": None if solution is None else {_key(entry): value for entry, value in solution},
        "cost": None if squares is None else squares.cost,
    }


class _Page:
    """The blocks of the part."""

    def __init__(self, derivation: Derivation, model: LinearModel, digits: int) -> None:
        self.derivation, self.graph, self.model, self.digits = derivation, derivation.graph, model, digits
        self.parameters = [Ref(term.parameter.name) if term.bounds else term.parameter for term in model.terms]

    # -- symbols ----------------------------------------------------------------------------------------------------------

    def equations(self) -> Iterator[Block]:
        model = self.model
        yield Heading(2, ("Where the gradient is 0",))
        linear: Text = ("The prediction is linear in ", *_listed(self.parameters), ", and the loss is a square of its residual ", model.residual)
        yield Paragraph((*linear, ": the cost is a bowl, and its derivatives are 0 where it is lowest and nowhere else. The gradient says:"))
        yield Aligned(tuple(Row(self._derivative(term), self._gradient(term), self._words(term)) for term in model.terms))
        yield Paragraph(("So where the cost is lowest:",))
        yield Aligned(tuple(Row(model.condition(term), ZERO, self._range(term)) for term in model.terms))
        yield Paragraph(("With the prediction put in, these are the normal equations, one for each parameter:",))
        yield Aligned(tuple(Row(*model.normal_equation(term), self._range(term)) for term in model.terms))
        closed = model.closed_form()
        if closed:
            yield Paragraph(("They are linear in the parameters, so they can be solved. The closed form:",))
            yield Aligned(tuple(Row(parameter, formula) for parameter, formula in closed))
        elif model.samples is None:
            yield Paragraph(("A single sample gives the same equation several times: infinitely many parameters fit it.",))
        else:
            yield Paragraph(("They are linear in the parameters, so elimination solves them. In matrices, with a row of X for each sample and a column for each parameter, the parameters are the inverse of Xᵀ·X times Xᵀ·y.",))

    def _derivative(self, term: LinearTerm) -> Partial:
        return Partial(Ref(self.graph.cost.name), term.parameter)

    def _gradient(self, term: LinearTerm) -> Expression:
        """The textbook form, at the letters of the term."""
        node, found = self.graph.node(term.parameter.name), self.derivation.gradient(term.parameter.name)
        return at_numbers(found.gradient, {letter: form for letter, form in zip(node.letters, term.parameter.indices, strict=True) if form != variable(letter)})

    def _words(self, term: LinearTerm) -> Text:
        """`twice the mean of the residual times x`."""
        factor = 2 * self.model.scale
        times = {Fraction(1): "", Fraction(2): "twice "}.get(factor, f"{factor} times ")
        kind = "" if self.model.samples is None else "the mean of " if self.model.mean else "the sum of "
        return (f"{times}{kind}the residual", *(() if term.feature == ONE else (" times ", term.feature)))

    def _range(self, term: LinearTerm) -> Text:
        spans = [f"{bound.name} = {form_text(bound.axis.low)}..{form_text(bound.axis.high)}" for bound in term.bounds]
        return (f"for each {', '.join(spans)}",) if spans else ()

    # -- numbers ----------------------------------------------------------------------------------------------------------

    def numbers(self, fit: Fit) -> Iterator[Block]:
        squares = fit.squares
        yield Heading(4, ("In numbers",))
        if len(squares.entries) <= MOST_LISTED:
            yield Aligned(tuple(self._equation(squares, at) for at in range(len(squares.entries))))
        if squares.solution is None or squares.cost is None:
            yield Paragraph(self._singular(squares))
            return
        yield Paragraph((f"Their solution, where the cost is at its lowest, {self.graph.cost.name} = ", figure(squares.cost, self.digits), ":"))
        yield from self._solution(squares.entries, squares.solution.tolist())
        if fit.descent is not None:
            yield Heading(4, ("Gradient descent",))
            yield from self._descent(squares, squares.solution.tolist(), squares.cost, fit.descent)

    def _solution(self, entries: Sequence[Ref], solution: Sequence[float]) -> Iterator[Block]:
        if len(entries) <= MOST_ENTRIES:
            yield Aligned(tuple(Row(entry, figure(value, self.digits)) for entry, value in zip(entries, solution, strict=True)))
            return
        yield Paragraph((f"{len(entries)} numbers from ", figure(min(solution), self.digits), " to ", figure(max(solution), self.digits)))

    def _equation(self, squares: LeastSquares, at: int) -> Row:
        terms = [self._times(float(number), entry) for entry, number in zip(squares.entries, squares.matrix[at], strict=True) if number]
        return Row(add(*terms), figure(float(squares.right[at]), self.digits))

    def _times(self, number: float, entry: Ref) -> Expression:
        found = mul(ONE if abs(number) == 1 else figure(abs(number), self.digits), entry)
        return neg(found) if number < 0 else found

    def _singular(self, squares: LeastSquares) -> Text:
        count = len(squares.entries)
        samples = counted(squares.samples, "sample", "samples")
        if squares.samples < count:
            why = f"{samples} cannot tell {count} parameters"
        else:
            why = f"in these {samples}, what multiplies one parameter is made of what multiplies the others"
        divides = ", and the closed form divides by 0" if self.model.closed_form() else ""
        return (f"Only {squares.rank} of these {count} equations {'is' if squares.rank == 1 else 'are'} independent: {why}. There are infinitely many lowest points, all with the same cost{divides}. Gradient descent stops at the one that is nearest to where it starts.",)

    def _descent(self, squares: LeastSquares, solution: Sequence[float], cost: float, descent: Descent) -> Iterator[Block]:
        rate = figure(descent.learning_rate, self.digits)
        limit: Text = (figure(squares.largest_rate, self.digits), ", which is 2 over the largest curvature of the bowl")
        if descent.given is not None and descent.given != descent.learning_rate:
            yield Paragraph(("With the learning rate ", figure(descent.given, self.digits), " of the spec descent does not come down: it has to be below ", *limit, ". With ", rate, ":"))
        else:
            plain = "" if self.graph.numbers.optimizer == "sgd" else f"This is plain gradient descent, not {self.graph.numbers.optimizer}. "
            yield Paragraph((f"{plain}Each step takes the learning rate times the gradient off the parameters. The learning rate here is ", rate, "; it has to be below ", *limit, ":"))
        shown = squares.entries if len(squares.entries) <= MOST_COLUMNS else ()
        header: tuple[Text, ...] = (("steps",), *((entry,) for entry in shown), (Ref(self.graph.cost.name),))
        rows = [((str(station.steps),), *self._numbers(station.entries.tolist() if shown else ()), *self._numbers([station.cost])) for station in descent.stations]
        rows.append((("closed form",), *self._numbers(solution if shown else ()), *self._numbers([cost])))
        yield Table(header, tuple(rows))
        last = descent.stations[-1]
        if descent.arrived:
            yield Paragraph((f"After {counted(last.steps, 'step', 'steps')} descent is where the closed form is.",))
            return
        ratio = float(squares.curvatures[-1] / squares.curvatures[0])
        if ratio < ROUND:
            yield Paragraph((f"After {last.steps} steps descent is still on its way: a learning rate nearer to the limit gets there sooner.",))
            return
        yield Paragraph((f"After {last.steps} steps descent is still on its way: the bowl is ", figure(ratio, 2), " times as steep in one direction as in another. Inputs of about the same size, with mean 0, make it rounder."))

    def _numbers(self, values: Sequence[float]) -> list[Text]:
        return [(figure(float(value), self.digits),) for value in values]


def _listed(parts: Sequence[Ref]) -> Text:
    """`slope and intercept`."""
    found: list[str | Expression] = []
    for at, part in enumerate(parts):
        found += [" and " if at == len(parts) - 1 else ", ", part] if at else [part]
    return tuple(found)


def _key(ref: Ref) -> str:
    return ref.name + (f"[{','.join(form_text(index) for index in ref.indices)}]" if ref.indices else "")
