"""An evaluation as a page, in the order in which one computes by hand, and as a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from backprop_derive.calculus.derivation import derive
from backprop_derive.errors import UsageError
from backprop_derive.graph.expressions import Expression, Partial, Ref
from backprop_derive.graph.indices import Affine, number
from backprop_derive.graph.nodes import Node
from backprop_derive.numerics.evaluations import Evaluation, Training
from backprop_derive.presentation.document import FORMAT, Block, Curve, Deferred, Document, Heading, Paragraph, Result, Results, Table, Text
from backprop_derive.presentation.figures import DIGITS, Figure, figure
from backprop_derive.presentation.network import cost_definition, meaning_of_errors, notation_facts
from backprop_derive.presentation.presenting import adjoint_axes

if TYPE_CHECKING:
    from backprop_derive.numerics.backends import Array

MOST_ENTRIES = 24
MOST_SAMPLES = 4
MOST_COSTS = 12


def present_evaluation(evaluation: Evaluation, *, digits: int = DIGITS, sample: int | None = None) -> Document:
    """Inputs and targets, forward pass, backward pass, gradients, updated parameters, and the course of the cost.

    `sample` counts from 1; without it the first few stand side by side. Raises UsageError for one that there is not.
    """
    if sample is not None and not 1 <= sample <= evaluation.samples:
        raise UsageError(f"there is no sample {sample}: " + (f"the data has {evaluation.samples}" if evaluation.with_data else "the values are those of a single one"))
    page = _Page(evaluation, digits, sample)
    return Document(tuple(page.blocks()), record(evaluation), evaluation.graph, adjoint_axes(page.derivation))


# -- the record -------------------------------------------------------------------------------------------------------


def record(evaluation: Evaluation) -> dict[str, Any]:
    """The record for machines, in full precision."""
    training = evaluation.training
    return {
        "format": FORMAT,
        "cost": evaluation.cost,
        "values": Deferred(lambda: _lists(evaluation.values)),
        "adjoints": Deferred(lambda: _lists(evaluation.adjoints)),
        "gradients": Deferred(lambda: _lists(evaluation.gradients)),
        "updated": None if training is None else Deferred(lambda: _lists(training.updated)),
        "history": list(evaluation.history),
        "samples": evaluation.samples if evaluation.with_data else None,
        "steps": 0 if training is None else training.steps,
        "optimizer": None if training is None else training.optimizer.name,
        "learning_rate": None if training is None else training.learning_rate,
        "seed": evaluation.leaves.seed,
        "drawn": list(evaluation.leaves.drawn),
        "labels": {name: list(labels) for name, labels in evaluation.labels.items()},
    }


def _lists(arrays: Mapping[str, Array]) -> dict[str, Any]:
    return {name: (array + 0.0).tolist() for name, array in arrays.items()}  # -0.0 is 0.0


# -- the page ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """A quantity with its formula and its number, or its numbers, one a sample that is shown."""

    label: Expression
    formula: Expression | None
    numbers: tuple[Text, ...]


class _Page:
    """The blocks of a page. Each entry of a small array has a line of its own; a large array is summed up in one."""

    def __init__(self, evaluation: Evaluation, digits: int, sample: int | None) -> None:
        self.evaluation, self.graph, self.digits = evaluation, evaluation.graph, digits
        self.derivation = derive(evaluation.graph)
        self.loss = self.graph.node(self.graph.cost.loss)
        self.chosen = [sample - 1] if sample is not None else list(range(min(evaluation.samples, MOST_SAMPLES)))

    def blocks(self) -> Iterator[Block]:
        yield Heading(1, (f"Evaluation: {self.graph.title}" if self.graph.title else "Evaluation",))
        yield Table((), tuple(((label,), text) for label, text in (*self._facts(), *notation_facts(self.graph))))
        yield from self._given("Inputs and targets", ("input", "target"))
        constants = any(node.role == "constant" for node in self.graph.nodes)
        yield from self._given("Parameters and constants" if constants else "Parameters", ("parameter", "constant"))
        yield from self._forward()
        yield from self._backward()
        yield from self._gradients()
        if self.evaluation.training is not None:
            yield from self._updated(self.evaluation.training)
            yield from self._history(self.evaluation.training)

    def _facts(self) -> Iterator[tuple[str, Text]]:
        evaluation, training = self.evaluation, self.evaluation.training
        yield "Cost", (Ref(self.graph.cost.name), " = ", figure(evaluation.cost, self.digits))
        if evaluation.with_data:
            yield "Samples", (f"{evaluation.samples}{self._which_samples()}",)
        if evaluation.leaves.drawn:
            yield "Drawn", (f"{', '.join(evaluation.leaves.drawn)}: {self.graph.numbers.others}, from seed {evaluation.leaves.seed}",)
        for name, labels in evaluation.labels.items():
            yield "Classes", (f"{name}: " + ", ".join(f"{at} = {label}" for at, label in enumerate(labels, 1)),)
        if training is not None:
            yield "Update", (f"{training.optimizer.name}, learning rate ", figure(training.learning_rate, self.digits))

    def _which_samples(self) -> str:
        if len(self.chosen) == self.evaluation.samples:
            return ""
        return f"; number {self.chosen[0] + 1} is shown" if len(self.chosen) == 1 else f"; the first {len(self.chosen)} are shown"

    # -- the passes -------------------------------------------------------------------------------------------------------

    def _given(self, title: str, roles: Sequence[str]) -> Iterator[Block]:
        nodes = [node for node in self.graph.nodes if node.role in roles]
        lines = [line for node in nodes for line in self._lines(node, self.evaluation.values[node.name], Ref(node.name))]
        yield from self._table(title, lines)

    def _forward(self) -> Iterator[Block]:
        lines: list[_Line] = []
        for node in self.graph.nodes:
            if not node.is_leaf:
                lines += self._lines(node, self.evaluation.values[node.name], Ref(node.name))
        own_cost, cost = self.graph.cost.name != self.graph.cost.loss, figure(self.evaluation.cost, self.digits)
        side_by_side = any(len(line.numbers) > 1 for line in lines)
        if own_cost and not side_by_side:
            lines.append(_Line(Ref(self.graph.cost.name), cost_definition(self.graph), ((cost,),)))
        yield from self._table("Forward pass", lines)
        if own_cost and side_by_side:
            over = f", over all {self.evaluation.samples} samples" if len(self.chosen) < self.evaluation.samples else ""
            yield Paragraph((Ref(self.graph.cost.name), " = ", cost_definition(self.graph), " = ", cost, over))

    def _backward(self) -> Iterator[Block]:
        chain = self.derivation.chain
        lines: list[_Line] = []
        others: list[tuple[Ref, Ref]] = []
        stated = False
        for node in reversed(self.graph.nodes):
            if node.is_leaf or node.name == self.loss.name or node.name not in chain.adjoints:
                continue
            name, delta = chain.names[node.name], self.derivation.deltas.get(node.name)
            stated = stated or node.role == "preactivation"
            if delta is not None and node.role != "preactivation":
                others.append((Ref(name), Ref(node.name)))
            formula = delta.value if delta is not None else chain.settled(chain.assembled(node.name, chain.by_name), node)
            label = Ref(name) if node.name in chain.shown else Partial(self.graph.differentiated, Ref(node.name))
            lines += self._lines(node, self.evaluation.delta_for_the_eye(name), label, formula)
        if lines:
            yield from self._table("Backward pass", lines, (*meaning_of_errors(self.graph, others, stated=stated), "."))

    def _gradients(self) -> Iterator[Block]:
        lines: list[_Line] = []
        for name in self.graph.parameters:
            label, formula = Partial(Ref(self.graph.cost.name), Ref(name)), self.derivation.gradient(name).backward
            lines += self._lines(self.graph.node(name), self.evaluation.gradient_for_the_eye(name), label, formula)
        yield from self._table("Gradients", lines)

    def _table(self, title: str, lines: Sequence[_Line], said: Text = ()) -> Iterator[Block]:
        """One column of numbers beside the formulas, or a column a sample without them."""
        if not lines:
            return
        yield Heading(2, (title,))
        if said:
            yield Paragraph(said)
        if any(len(line.numbers) > 1 for line in lines):
            header: tuple[Text, ...] = (("",), *((f"sample {at + 1}",) for at in self.chosen))
            yield Table(header, tuple(((line.label,), *_filled(line.numbers, len(self.chosen))) for line in lines))
        else:
            yield Results(tuple(Result(line.label, line.formula, line.numbers[0]) for line in lines))

    # -- one node ---------------------------------------------------------------------------------------------------------

    def _lines(self, node: Node, array: Array, label: Ref | Partial, formula: Expression | None = None) -> Iterator[_Line]:
        """A line an entry, the formula beside the first that it is for; a large array in one line.

        Without a formula it is that of the node's definition at each place, where it has one.
        """
        samples = node.name in self.evaluation.sampled and array.ndim > 0
        shape = array.shape[1:] if samples else array.shape
        parts = [array[at] for at in self.chosen] if samples else [array]
        if prod(shape) > MOST_ENTRIES:
            size = " × ".join(map(str, shape))
            said = tuple((f"{size} numbers from ", self._figure(part.min()), " to ", self._figure(part.max())) for part in parts)
            yield _Line(label, formula if formula is not None or len(node.pieces) != 1 else node.pieces[0].definition, said)
            return
        lows = [axis.low.number or 0 for axis in (node.axes[1:] if node.sampled else node.axes)]
        given: set[Expression] = set()
        for at in product(*map(range, shape)):
            place = tuple(number(index + low) for index, low in zip(at, lows, strict=True))
            numbers = tuple((self._figure(part[at]),) for part in parts)
            found = formula if formula is not None else _definition(node, place)
            yield _Line(_placed(label, place), None if found is None or found in given else found, numbers)
            given |= {found} if found is not None else set()

    def _figure(self, value: float) -> Figure:
        return figure(float(value), self.digits)

    # -- the steps --------------------------------------------------------------------------------------------------------

    def _updated(self, training: Training) -> Iterator[Block]:
        """Every parameter before and after."""
        frozen = {name for name, place in self.graph.numbers.frozen if place is None}
        rows: list[tuple[Text, ...]] = []
        for name in self.graph.parameters:
            node = self.graph.node(name)
            before = self._lines(node, self.evaluation.values[name], Ref(name))
            after = self._lines(node, training.updated[name], Ref(name))
            note = "frozen" if name in frozen else ""
            rows += [((old.label,), old.numbers[0], new.numbers[0], (note,)) for old, new in zip(before, after, strict=True)]
        rows.append(((Ref(self.graph.cost.name),), *((self._figure(training.history[at]),) for at in (0, -1)), ("",)))
        rule = "; ".join(f"{name} := {formula}" for name, formula in (*training.optimizer.state, ("w", training.optimizer.step)))
        known = {"eta": training.learning_rate, **training.constants}
        constants = [part for name, value in known.items() for part in (f", {name} = ", self._figure(value))]
        yield Heading(2, (f"Parameters after {training.steps} step{'s' * (training.steps != 1)}",))
        yield Paragraph((f"{training.optimizer.name}: {rule}", " with g = ", Partial(Ref(self.graph.cost.name), Ref("w")), *constants))
        yield Table((("",), ("before",), ("after",), ("",)), tuple(rows))

    def _history(self, training: Training) -> Iterator[Block]:
        """The cost at some of the steps, and as a curve."""
        if training.steps < 2:
            return
        last = training.steps
        places = sorted({*range(min(last, MOST_COSTS - 1)), last} if last < MOST_COSTS else {round(last * at / (MOST_COSTS - 1)) for at in range(MOST_COSTS)})
        yield Heading(2, ("Course of the cost",))
        rows = tuple(((str(at),), (self._figure(training.history[at]),)) for at in places)
        yield Table((("steps",), ("cost",)), rows)
        yield Curve(training.history, "steps", "cost", self.graph.title)


def _definition(node: Node, place: tuple[Affine, ...]) -> Expression | None:
    """The definition that holds at a place: that of the entry itself, or the general one. A leaf has none."""
    own = [piece for piece in node.pieces if (piece.places[1:] if node.sampled else piece.places) == place]
    fitting = own or [piece for piece in node.pieces if all(each.number in (None, at.number) for each, at in zip(piece.places[int(node.sampled) :], place, strict=True))]
    return min(fitting, key=lambda piece: len(piece.axes)).definition if fitting else None


def _filled(numbers: tuple[Text, ...], count: int) -> tuple[Text, ...]:
    """What is the same for all samples stands in the first column."""
    return (*numbers, *[("",)] * (count - len(numbers)))


def _placed(label: Ref | Partial, place: tuple[Affine, ...]) -> Expression:
    """`W1[2,1]`, or `∂C/∂W1[2,1]`."""
    if isinstance(label, Partial):
        return Partial(label.top, Ref(label.bottom.name, place), label.direct)
    return Ref(label.name, place)
