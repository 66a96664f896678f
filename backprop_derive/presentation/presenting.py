"""What of a derivation stands on the page, and in which order.

The page goes the way one computes: forwards, then from the loss back, and the weights nearest to the output first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from backprop_derive.calculus.derivation import Delta, Derivation, Gradient
from backprop_derive.calculus.steps import Factor, Step
from backprop_derive.errors import NotYetError, UsageError
from backprop_derive.graph.expressions import Expression, Partial, Ref
from backprop_derive.graph.indices import Axis
from backprop_derive.presentation.document import Aligned, Block, Document, Equation, Heading, Paragraph, Row, Text
from backprop_derive.presentation.network import cost_definition, forward_rows, header
from backprop_derive.presentation.records import derivation_record

Form = Literal["chain", "backward", "textbook", "closed"]
Detail = Literal["brief", "steps", "full"]
View = Literal["elements", "index", "matrix"]
Weight = tuple[str, tuple[int, ...] | None]
"""A node, and which entry of it; None for all of it at once, at its letters."""

FORMS: tuple[Form, ...] = ("chain", "backward", "textbook", "closed")
DEFAULT_FORMS: tuple[Form, ...] = ("backward", "chain", "textbook")
DETAILS: tuple[Detail, ...] = ("brief", "steps", "full")
VIEWS: tuple[View, ...] = ("elements", "index", "matrix")


def present(
    derivation: Derivation,
    *,
    weights: Sequence[Weight] = (),
    forms: Sequence[Form] = DEFAULT_FORMS,
    detail: Detail = "steps",
) -> Document:
    """The page of a derivation: all parameters, or only `weights`. Raises NotYetError for what is not built."""
    chosen = _chosen(derivation, weights)
    ordered = _from_the_output_back(derivation, chosen)
    explanations = _Explanations()
    blocks: list[Block] = [*header(derivation)]
    if detail != "brief":
        blocks += [Heading(2, ("Forward pass",)), Aligned(forward_rows(derivation.graph))]
    if "backward" in forms:
        blocks += _backward_pass(derivation, ordered, detail)
    per_weight = [form for form in forms if form != "backward"]
    if detail == "brief":
        blocks += _brief(derivation, ordered, per_weight)
    elif per_weight:
        blocks += _Sections(derivation, per_weight, detail).blocks(ordered)
    record = derivation_record(derivation, {key: _entry(derivation, gradient, forms) for key, gradient in chosen.items()})
    return Document(tuple(blocks), record, derivation.graph, adjoint_axes(derivation))


def adjoint_axes(derivation: Derivation) -> Mapping[str, tuple[tuple[Axis, ...], bool]]:
    """What a writer has to know of the names of the adjoints."""
    nodes = {derivation.names[name]: derivation.graph.node(name) for name in derivation.names}
    return {name: (node.axes, node.sampled) for name, node in nodes.items()}


# -- which weights, in which order ------------------------------------------------------------------------------------


def _chosen(derivation: Derivation, weights: Sequence[Weight]) -> dict[str, Gradient]:
    """The gradients by the name that they are asked for by: `W1`, `W1[2,1]`."""
    wanted = weights or [(name, None) for name in derivation.graph.parameters]
    if not wanted:
        raise UsageError("the network has no parameters: name a node or an input with -w")
    return {entry_name(name, entry): _gradient(derivation, name, entry) for name, entry in wanted}


def entry_name(name: str, entry: tuple[int, ...] | None) -> str:
    """`W1`, or `W1[2,1]`."""
    return f"{name}[{','.join(map(str, entry))}]" if entry else name


def _gradient(derivation: Derivation, name: str, entry: tuple[int, ...] | None) -> Gradient:
    if entry is None:
        return derivation.gradient(name)
    element = getattr(derivation, "element", None)
    if element is None:
        raise NotYetError("the gradient of one entry of an array")
    found: Gradient = element(name, entry)
    return found


def _closed(derivation: Derivation, gradient: Gradient) -> Expression:
    closed = getattr(derivation, "closed", None)
    if closed is None:
        raise NotYetError("the closed form")
    found: Expression = closed(gradient.of.name)
    return found


def _entry(derivation: Derivation, gradient: Gradient, forms: Sequence[Form]) -> tuple[Gradient, Form, Expression]:
    """The gradient with the one form that a record gives: the textbook's unless only others are asked for."""
    if "textbook" in forms or not forms:
        return gradient, "textbook", gradient.gradient
    if "closed" in forms:
        return gradient, "closed", _closed(derivation, gradient)
    if "backward" in forms:
        return gradient, "backward", gradient.backward
    return gradient, "chain", gradient.expansion


def _from_the_output_back(derivation: Derivation, chosen: Mapping[str, Gradient]) -> dict[str, Gradient]:
    levels = _levels(derivation)
    return dict(sorted(chosen.items(), key=lambda each: levels.get(each[1].of.name, len(levels))))


def _levels(derivation: Derivation) -> dict[str, int]:
    """How many steps a node is from the loss, along the longest way back."""
    graph, loss = derivation.graph, derivation.graph.cost.loss
    unseen = {name: sum(child in derivation.names and child != name for child in graph.children[name]) for name in derivation.names}
    levels, ready, done = {loss: 0}, [loss], set()
    while ready:
        name = ready.pop(0)
        done.add(name)
        for parent in graph.parents[name]:
            if parent in done or parent == name:
                continue
            levels[parent] = max(levels.get(parent, 0), levels[name] + 1)
            unseen[parent] -= 1
            if unseen[parent] == 0:
                ready.append(parent)
        if not ready:  # what is left depends on itself at another place
            ready += [name for name in levels if name not in done][:1]
    return levels


# -- the backward pass ------------------------------------------------------------------------------------------------


def _backward_pass(derivation: Derivation, chosen: Mapping[str, Gradient], detail: Detail) -> Iterator[Block]:
    """Each δ once, from the loss back, then the gradients by δ."""
    levels = _levels(derivation)
    used = _descendants(derivation, [gradient.of.name for gradient in chosen.values()])
    deltas = sorted((name for name in derivation.deltas if name in used), key=lambda name: levels[name])
    yield Heading(2, ("Backward pass",))
    if deltas:
        yield Paragraph(("δ is the derivative of the loss ", derivation.graph.node(derivation.graph.cost.loss).ref(), " by a pre-activation:",))
    for name in deltas:
        yield Aligned(_delta_rows(derivation, derivation.deltas[name], detail))
    rows = tuple(Row(_derivative(derivation, gradient), gradient.backward) for gradient in chosen.values())
    if deltas:
        yield Paragraph(("The gradients by the δ:",))
    yield Aligned(rows)


def _delta_rows(derivation: Derivation, delta: Delta, detail: Detail) -> tuple[Row, ...]:
    name = Ref(delta.name, delta.of.indices)
    if detail == "brief":
        return (Row(name, delta.value),)
    loss = derivation.graph.node(derivation.graph.cost.loss)
    whole = Partial(loss.ref(), delta.of)
    rights = list(dict.fromkeys((whole, delta.expansion, delta.value)))
    return (Row(name, rights[0]), *(Row(None, right) for right in rights[1:]))


def _descendants(derivation: Derivation, names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(derivation.graph.children[name])
    return found


def _derivative(derivation: Derivation, gradient: Gradient) -> Partial:
    graph = derivation.graph
    cost = Ref(graph.cost.name) if graph.samples is not None else graph.node(graph.cost.loss).ref()
    return Partial(cost, gradient.of)


# -- weight by weight -------------------------------------------------------------------------------------------------


def _brief(derivation: Derivation, chosen: Mapping[str, Gradient], forms: Sequence[Form]) -> Iterator[Block]:
    if not forms:
        return
    yield Heading(2, ("Gradients",))
    for gradient in chosen.values():
        left = _derivative(derivation, gradient)
        rights: list[Expression] = []
        if "textbook" in forms or "chain" in forms:
            rights.append(gradient.gradient if "textbook" in forms else gradient.expansion)
        if "closed" in forms:
            rights.append(_closed(derivation, gradient))
        yield Aligned((Row(left, rights[0]), *(Row(None, right) for right in rights[1:])))


class _Sections:
    """The section of each weight. A reason that was given for an earlier weight is pointed at, not said again."""

    def __init__(self, derivation: Derivation, forms: Sequence[Form], detail: Detail) -> None:
        self.derivation, self.forms, self.detail = derivation, forms, detail
        self.explained: dict[tuple[Partial, Expression], str] = {}
        self.said: set[str] = set()

    def blocks(self, chosen: Mapping[str, Gradient]) -> Iterator[Block]:
        for key, gradient in chosen.items():
            yield Heading(2, (_derivative(self.derivation, gradient),))
            if not gradient.factors:
                yield Equation(_derivative(self.derivation, gradient), gradient.gradient)
            elif self.detail == "full":
                yield from self._every_step(gradient)
            else:
                yield from self._forms(key, gradient)
            if gradient.assumptions:
                yield Paragraph((f"Assuming {', '.join(gradient.assumptions)}.",))
            for note in gradient.notes:
                yield Paragraph((f"Note: {note}.",))

    def _forms(self, key: str, gradient: Gradient) -> Iterator[Block]:
        left = _derivative(self.derivation, gradient)
        if "chain" in self.forms:
            yield Heading(4, ("Chain rule",))
            yield Aligned(tuple(self._chain_rows(left, gradient)))
            yield Heading(4, ("Factors",))
            yield Aligned(tuple(Row(factor.partial, factor.value, self._reason(key, factor)) for factor in gradient.factors))
        if "textbook" in self.forms:
            yield Heading(4, ("Gradient",))
            yield Aligned(tuple(_textbook_rows(left, gradient)))
        if "closed" in self.forms:
            yield Heading(4, ("Closed form",))
            yield Equation(left, _closed(self.derivation, gradient))

    def _chain_rows(self, left: Partial, gradient: Gradient) -> Iterator[Row]:
        first: Expression | None = left
        for step in gradient.steps:
            if step.rule in ("linearity", "chain rule"):
                yield Row(first, step.after, () if step.reason in self.said else (step.reason,))
                self.said.add(step.reason)
                first = None

    def _reason(self, key: str, factor: Factor) -> Text:
        first = self.explained.setdefault((factor.partial, factor.value), key)
        return (factor.reason,) if first == key else (f"as for {first}",)

    def _every_step(self, gradient: Gradient) -> Iterator[Block]:
        for number, step in enumerate(gradient.steps, 1):
            identity = f":  {step.identity}" if step.identity else ""
            yield Heading(4, (f"{number}. {step.rule}{identity}",))
            yield Paragraph((step.reason,))
            if number == 1:
                yield Aligned((Row(step.before, step.after),))
            else:
                yield Aligned((Row(_derivative(self.derivation, gradient), step.after),))


def _textbook_rows(left: Partial, gradient: Gradient) -> Iterator[Row]:
    """The product with the value of every factor in it, then each rewrite up to the gradient."""
    of_factors = {(factor.rule, factor.reason) for factor in gradient.factors}
    rewrites = [step for step in gradient.steps if not _is_expansion(step) and (step.rule, step.reason) not in of_factors]
    start = rewrites[0].before if rewrites else gradient.gradient
    yield Row(left, start)
    for step in rewrites:
        yield Row(None, step.after, (step.reason,))


def _is_expansion(step: Step) -> bool:
    return step.rule in ("linearity", "chain rule")


__all__ = ["DEFAULT_FORMS", "DETAILS", "FORMS", "VIEWS", "Weight", "cost_definition", "entry_name", "present"]
