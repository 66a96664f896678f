"""The changes that each kind of mistake makes to the local derivatives on the way back, and what is said of them.

`answers/kinds.py` is the table; it names the functions below. The search repeats the backward pass with each change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from backprop_derive.answers.kinds import KINDS
from backprop_derive.answers.replay import Routes
from backprop_derive.answers.spoken import UNSPOKEN, spoken
from backprop_derive.answers.worlds import LEARNING_RATE
from backprop_derive.building.formulas import derivative_of
from backprop_derive.calculus.links import Link
from backprop_derive.graph.expressions import ONE, Add, Apply, Expression, Mul, Number, Partial, Ref, add, mul, neg, num, power, walk
from backprop_derive.graph.nodes import Graph, Node
from backprop_derive.operations.functions import find_function

Part = Literal["loss", "activation", "weight", "input", "penalty", "cost", "other"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Another value on the edges of link number `link`: `value` in its place, `scale` times it, or 0 except where `keep` says:
    on the diagonal, or on the edges of child entry number `keep`."""

    link: int
    value: Expression | None = None
    scale: Fraction | None = None
    keep: Literal["diagonal"] | int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A mistake that could have been made: its kind, what is said of it, the factor that it concerns, and what it edits.

    `several` are the factors of a slip that is made everywhere, each with the quantity that it is a derivative by: only those on the way
    of an answer are told.
    """

    kind: str
    explanation: str
    factor: str
    edits: tuple[Edit, ...]
    several: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Step:
    """One link of the backward pass as a mistake sees it."""

    number: int
    link: Link
    part: Part
    routes: Routes
    graph: Graph

    @property
    def child(self) -> Node:
        return self.routes.graph.node(self.link.child.name)

    @property
    def parent(self) -> Node:
        return self.routes.graph.node(self.link.parent.name)

    @property
    def name(self) -> str:
        """`∂z/∂w`"""
        return f"∂{self.said(self.link.child)}/∂{self.said(self.link.parent)}"

    @property
    def right(self) -> str:
        """The partial with its value, where that is short: `∂z/∂w = x`."""
        value = self.said(self.link.value)
        return self.name if value == UNSPOKEN else f"{self.name} = {value}"

    def said(self, expression: Expression) -> str:
        return spoken(self.graph, expression)

    def becomes(self, value: Expression) -> tuple[Edit, ...]:
        return (Edit(self.number, value),)


def steps_of(routes: Routes, graph: Graph) -> tuple[Step, ...]:
    """The links of the backward pass, each with the part that it plays."""
    return tuple(Step(number, link, _part(routes, link), routes, graph) for number, link in enumerate(routes.links))


def changes_of(routes: Routes, graph: Graph) -> Iterator[Change]:
    """Every single mistake that the rows know, those first that people make most."""
    steps = steps_of(routes, graph)
    for name in (name for row in KINDS for name in row.changes):
        for step in steps:
            yield from _CHANGES[name](step)
    yield from _one_way_only(steps)
    yield from _everywhere(steps)


def _part(routes: Routes, link: Link) -> Part:
    child, parent = routes.graph.node(link.child.name), routes.graph.node(link.parent.name)
    if child.name.endswith("#"):
        return "cost"
    if child.role == "regularizer" or (child.role == "loss" and parent.role == "parameter" and _goes_elsewhere(routes, link)):
        return "penalty"
    if child.role == "loss":
        return "loss"
    if child.role == "activation" or any(each == link.child or (isinstance(each, Apply) and (each.order or find_function(each.function) is not None)) for each in walk(link.value)):
        return "activation"
    if any(isinstance(piece.definition, Apply) and not isinstance(link.value, Ref) for piece in child.pieces):
        return "activation"
    if parent.role == "parameter":
        return "input"
    if any(isinstance(each, Ref) and routes.graph.node(each.name).role == "parameter" for each in walk(link.value)):
        return "weight"
    return "other"


def _goes_elsewhere(routes: Routes, link: Link) -> bool:
    """Whether the parameter of a link stands in other formulas too: then what the loss says of it is a penalty."""
    return any(each.parent.name == link.parent.name and each.child.name != link.child.name for each in routes.links)


# -- the rows' changes ----------------------------------------------------------------------------------------------------


def activation_missing(step: Step) -> Iterator[Change]:
    if step.part == "activation":
        yield Change("missing-activation-derivative", f"the derivative of the activation is missing: {step.right}", step.name, step.becomes(ONE))


def activation_twice(step: Step) -> Iterator[Change]:
    if step.part == "activation":
        yield Change("extra-activation-derivative", f"the derivative of the activation stands there twice: {step.right} belongs there once", step.name, step.becomes(power(step.link.value, num(2))))


def at_output(step: Step) -> Iterator[Change]:
    call = _call(step)
    if call is None:
        return
    function, z, a = call
    said = _name(step.graph, function)
    for wrong, where in _places(step, z, a):
        value = _derivative(step.graph, function, wrong, Apply(function, (wrong,)))
        if value is not None:
            text = f"the derivative of {said} is taken at {where} {step.said(wrong)}; it belongs at {step.said(z)}: {step.right}"
            yield Change("derivative-at-output", text, step.name, step.becomes(value))
    fed = _derivative(step.graph, function, z, z)
    if fed is not None and function not in step.graph.functions and fed != _derivative(step.graph, function, z, a):
        text = f"{step.said(step.link.value)} is written by the output {step.said(a)}; you put {step.said(z)} into it"
        yield Change("derivative-at-output", text, step.name, step.becomes(fed))


def _places(step: Step, z: Expression, a: Expression) -> Iterator[tuple[Expression, str]]:
    yield a, "the output"
    for ref in _refs_of(step, z):
        yield ref, "the input"


def _refs_of(step: Step, z: Expression) -> Iterator[Ref]:
    """What the pre-activation is computed from, where it stands without indices of its own."""
    if isinstance(z, Ref):
        for name in step.routes.graph.parents[z.name]:
            node = step.routes.graph.node(name)
            if len(node.letters) == int(node.sampled) and node.role != "parameter":
                yield node.ref()


def wrong_derivative(step: Step) -> Iterator[Change]:
    call = _call(step)
    if call is None:
        return
    function, z, a = call
    true = step.link.value
    others: list[tuple[Expression, str]] = [(a, "the activation itself"), (add(ONE, neg(a)), f"1 − {step.said(a)}"), (add(ONE, power(a, num(2))), f"1 + {step.said(a)}²")]
    others += [(add(ONE, neg(power(a, num(2)))), f"1 − {step.said(a)}²"), (mul(a, add(ONE, neg(a))), f"{step.said(a)}(1 − {step.said(a)})"), (power(a, num(2)), f"{step.said(a)}²")]
    others += [(mul(a, add(ONE, a)), f"{step.said(a)}(1 + {step.said(a)})"), (mul(a, add(a, num(-1))), f"{step.said(a)}({step.said(a)} − 1)"), (z, step.said(z)), (add(ONE, neg(z)), f"1 − {step.said(z)}")]
    for other in ("sigmoid", "tanh", "relu", "softplus", "exp"):
        if other != function:
            value = _derivative(step.graph, other, z, Apply(other, (z,)))
            if value is not None:
                others.append((value, f"that of {_name(step.graph, other)}"))
    for value, said in others:
        if value != true:
            yield Change("wrong-local-derivative", f"the derivative of {_name(step.graph, function)} is not {said}: {step.right}", step.name, step.becomes(value))


def loss_missing(step: Step) -> Iterator[Change]:
    if step.part == "loss":
        yield Change("missing-loss-derivative", f"the derivative of the loss is missing: {step.right}", step.name, step.becomes(ONE))


def loss_wrong(step: Step) -> Iterator[Change]:
    if step.part != "loss":
        return
    for name in step.routes.graph.parents[step.child.name]:
        node = step.routes.graph.node(name)
        if node.role == "parameter" or name == step.parent.name or len(node.letters) != len(step.parent.letters):
            continue
        here, there = step.link.parent, Ref(node.name, step.link.parent.indices)
        difference = add(here, neg(there))
        for value in (difference, neg(difference), power(difference, num(2)), mul(num(-1), there, power(here, num(-1))), there, here):
            if value != step.link.value:
                yield Change("wrong-local-derivative", f"the derivative of the loss is not {step.said(value)}: {step.right}", step.name, step.becomes(value))


def weight_missing(step: Step) -> Iterator[Change]:
    if step.part == "weight":
        weight = step.said(step.link.value)
        yield Change("missing-weight-factor", f"the weight {weight} is missing on the way back: {step.right}", step.name, step.becomes(ONE))
        yield Change("missing-weight-factor", f"the weight {weight} stands there twice: {step.right}", step.name, step.becomes(power(step.link.value, num(2))))
        for other in _others(step, step.link.value, "parameter"):
            yield Change("transpose-or-index", f"on the way back from {step.said(step.link.child)} to {step.said(step.link.parent)} stands the weight {weight}, not {step.said(other)}", step.name, step.becomes(other))
        for other in _others(step, step.link.value, ""):
            yield Change("missing-weight-factor", f"{step.right}, not {step.said(other)}", step.name, step.becomes(other))


def input_wrong(step: Step) -> Iterator[Change]:
    if step.part != "input" or isinstance(step.link.value, Number):
        return
    yield Change("wrong-input-factor", f"the input is missing: {step.right}", step.name, step.becomes(ONE))
    yield Change("wrong-input-factor", f"the input stands there twice: {step.right}", step.name, step.becomes(power(step.link.value, num(2))))
    yield Change("wrong-input-factor", f"the weight itself stands where its input belongs: {step.right}", step.name, step.becomes(step.link.parent))
    for other in _others(step, step.link.value, ""):
        yield Change("wrong-input-factor", f"{step.said(step.link.parent)} is multiplied by {step.said(step.link.value)}, not by {step.said(other)}: {step.right}", step.name, step.becomes(other))


def weight_updated(step: Step) -> Iterator[Change]:
    weight = step.link.value
    if step.part == "weight" and isinstance(weight, Ref):
        new = add(weight, neg(mul(Ref(LEARNING_RATE), Partial(Ref(step.graph.cost.name), weight))))
        text = f"the updated {step.said(weight)} stands on the way back; all gradients are taken at the old weights: {step.right}"
        yield Change("updated-weights", text, step.name, step.becomes(new))


def _others(step: Step, value: Expression, role: str) -> Iterator[Ref]:
    """Other quantities of the same shape as a factor that is one."""
    graph = step.routes.graph
    if not isinstance(value, Ref):
        return
    own = graph.node(value.name)
    for node in graph.nodes:
        fits = len(node.axes) == len(own.axes) and [axis.length for axis in node.axes] == [axis.length for axis in own.axes] and node.sampled == own.sampled
        if node.name == value.name or not fits or node.role in ("loss", "regularizer") or node.name.endswith("#"):
            continue
        if (node.role == "parameter") == (role == "parameter"):
            yield Ref(node.name, value.indices)
    if len(value.indices) == 2 and own.axes[0].length == own.axes[1].length:
        yield Ref(value.name, value.indices[::-1])


def penalty_wrong(step: Step) -> Iterator[Change]:
    if step.part != "penalty":
        return
    for scale, said in ((Fraction(0), "is missing"), (Fraction(2), "stands there twice"), (Fraction(1, 2), "has lost its factor 2"), (Fraction(-1), "has the wrong sign")):
        yield Change("regulariser", f"the derivative of the penalty {said}: {step.right}", step.name, (Edit(step.number, scale=scale),))
    if step.link.value != step.link.parent:
        yield Change("regulariser", f"the derivative of the penalty has lost its coefficient: {step.right}", step.name, step.becomes(step.link.parent))


def sign_wrong(step: Step) -> Iterator[Change]:
    if step.part == "loss":
        value = step.link.value
        turned = f"−({step.said(add(*(neg(term) for term in reversed(value.terms))))}), that is " if isinstance(value, Add) and len(value.terms) == 2 else ""
        text = f"the derivative of {step.said(step.child.pieces[0].definition)} by {step.said(step.link.parent)} is {turned}{step.said(value)}"
        yield Change("sign", text, step.name, (Edit(step.number, scale=Fraction(-1)),))
    elif step.part != "cost":
        yield Change("sign", f"the sign of one factor is wrong: {step.right}", step.name, (Edit(step.number, scale=Fraction(-1)),))


def factor_wrong(step: Step) -> Iterator[Change]:
    if step.part == "cost":
        yield Change("constant-factor", "the cost is the mean over the samples: its factor 1 over their number is missing", step.name, step.becomes(ONE))
    elif step.part in ("loss", "other", "activation"):
        for scale in (Fraction(2), Fraction(1, 2)):
            yield Change("constant-factor", f"a factor {scale} too much: {step.right}", step.name, (Edit(step.number, scale=scale),))


def path_missing(step: Step) -> Iterator[Change]:
    if step.part in ("cost", "penalty"):
        return
    text = f"a path is missing: {step.said(step.link.parent)} reaches the loss through {step.said(step.link.child)} too"
    yield Change("missing-path", text, step.name, (Edit(step.number, scale=Fraction(0)),))
    if step.link.bounds and len(step.link.child.indices) == len(step.link.parent.indices):
        text = f"every {step.said(step.link.child)} depends on {step.said(step.link.parent)}, not only the one with the same index"
        yield Change("missing-path", text, step.name, (Edit(step.number, keep="diagonal"),))
    for entry in range(4 if step.link.bounds else 0):
        text = f"{step.said(step.link.parent)} reaches the loss through all entries of {step.link.child.name}, and you took one of them"
        yield Change("missing-path", text, step.name, (Edit(step.number, keep=entry),))


def factor_of_product(step: Step) -> Iterator[Change]:
    """One factor of a local derivative that is a product: left out, or twice."""
    if not isinstance(step.link.value, Mul) or step.part == "cost":
        return
    factors = step.link.value.factors
    for at, factor in enumerate(factors):
        if isinstance(factor, Number):
            continue
        kind = "wrong-local-derivative"
        if isinstance(factor, Ref) and factor.name in step.routes.graph.by_name:
            kind = "missing-weight-factor" if step.routes.graph.node(factor.name).role == "parameter" else "wrong-input-factor" if step.parent.role == "parameter" else kind
        if step.part == "penalty":
            kind = "regulariser"
        elif step.part == "activation":
            kind = "missing-activation-derivative"
        rest = mul(*factors[:at], *factors[at + 1 :])
        said = step.said(factor)
        missing = f"a factor of {step.right} is missing" if said == UNSPOKEN else f"the factor {said} is missing: {step.right}"
        yield Change(kind, missing, step.name, step.becomes(rest))
        if isinstance(factor, Add) and len(factor.terms) == 2:
            turned = mul(*factors[:at], add(factor.terms[0], neg(factor.terms[1])), *factors[at + 1 :])
            yield Change("wrong-local-derivative", f"a sign inside {step.said(factor)} is wrong: {step.right}", step.name, step.becomes(turned))


def _one_way_only(steps: tuple[Step, ...]) -> Iterator[Change]:
    """One of several ways on which a quantity reaches the loss, the others forgotten."""
    by_parent: dict[str, list[Step]] = {}
    for step in steps:
        by_parent.setdefault(step.parent.name, []).append(step)
    for group in by_parent.values():
        for kept in group if len(group) > 2 else ():
            edits = tuple(Edit(step.number, scale=Fraction(0)) for step in group if step is not kept)
            text = f"{kept.said(kept.link.parent)} reaches the loss in {len(group)} ways, and you took only the one through {kept.said(kept.link.child)}"
            yield Change("missing-path", text, kept.name, edits)


def _everywhere(steps: tuple[Step, ...]) -> Iterator[Change]:
    """The same slip at every step of its kind."""
    for part, kind, said in (("weight", "missing-weight-factor", "the weights on the way back are missing"), ("activation", "missing-activation-derivative", "the derivatives of the activations are missing")):
        group = [step for step in steps if step.part == part]
        if len(group) > 1:
            yield Change(kind, said, group[0].name, tuple(Edit(step.number, ONE) for step in group), tuple((step.parent.name, step.right) for step in group))


# -- activations ------------------------------------------------------------------------------------------------------------


def _call(step: Step) -> tuple[str, Expression, Expression] | None:
    """(function, its argument, the output) where the child is a function of the parent alone."""
    if len(step.child.pieces) != 1:
        return None
    match step.child.pieces[0].definition:
        case Apply(function, (Ref(name, _),), 0) if name == step.parent.name:
            return function, step.link.parent, Ref(step.child.name, step.link.child.indices)
    return None


def _derivative(graph: Graph, function: str, z: Expression, output: Expression) -> Expression | None:
    """f'(z), with `output` where the row writes it by the output."""
    if function in graph.functions:
        return Apply(function, (z,), 1) if graph.functions[function] is None else None
    row = find_function(function)
    if row is None:
        return Apply(function, (z,), 1)
    return derivative_of(row, (z,), output)[0] if not row.vector and len(row.required) == 1 else None


def _name(graph: Graph, function: str) -> str:
    row = find_function(function) if function not in graph.functions else None
    return row.unicode or row.name if row is not None else function


_CHANGES: Mapping[str, Callable[[Step], Iterator[Change]]] = {
    function.__name__: function
    for function in (
        sign_wrong,
        activation_missing,
        at_output,
        loss_missing,
        factor_wrong,
        weight_missing,
        input_wrong,
        path_missing,
        activation_twice,
        penalty_wrong,
        wrong_derivative,
        loss_wrong,
        factor_of_product,
        weight_updated,
    )
}
