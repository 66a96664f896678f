"""The parts of a page that describe the network: the header and the forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.graph.expressions import (
    ZERO,
    Apply,
    Bound,
    Bracket,
    Expression,
    Fold,
    Integer,
    Ref,
    Where,
    add,
    mul,
    reciprocal,
    reindex,
    walk,
)
from backprop_derive.graph.indices import Axis, axis_to, size
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import PREFIXED, Graph, Node, Piece
from backprop_derive.operations.functions import find_function
from backprop_derive.operations.layers import LAYERS
from backprop_derive.operations.losses import find_loss
from backprop_derive.presentation.document import Block, Heading, Row, Table, Text

_IMAGES = ("conv1d", "conv2d")
"""Layers whose units are counted along all axes."""

_ENDINGS = {"mean": "the mean over {} samples", "sum": "the sum over {} samples"}
_PENALTIES = {"l2": "L2 (weight decay)", "l1": "L1 (lasso)", "l1 and l2": "L1 and L2 (elastic net)"}


def cost_definition(graph: Graph) -> Expression:
    """`1/m Σ_i L`, `Σ_i L` or `L`, and the penalty added to it."""
    total: Expression = graph.node(graph.cost.loss).ref()
    if graph.samples is not None:
        length = size(graph.samples.size)
        total = Fold("sum", Bound(graph.samples.index, axis_to(length)), total)
        total = mul(reciprocal(Integer(length)), total) if graph.cost.reduction == "mean" else total
    return total if graph.cost.regularizer is None else add(total, Ref(graph.cost.regularizer))


def header(derivation: Derivation, more: Iterable[tuple[str, Text]] = (), line: Callable[[Row], Row] = lambda row: row) -> Iterator[Block]:
    """The title, and what a reader has to know before the first formula; `more` of it stands behind the rest. `line` gives a
    formula as the page shows it."""
    graph = derivation.graph
    yield Heading(1, (graph.title or "Gradients by backpropagation",))
    yield Table((), tuple((((label,), text)) for label, text in (*_header_rows(graph, line), *more)))


def _header_rows(graph: Graph, line: Callable[[Row], Row]) -> Iterator[tuple[str, Text]]:
    network = _network_line(graph)
    if network:
        yield "Network", network
    shapes = _shapes(graph)
    if shapes:
        yield "Shapes", shapes
    yield "Cost", _cost_text(graph)
    loss = graph.node(graph.cost.loss)
    named = (f", {loss.operation.replace('_', ' ')}",) if find_loss(loss.operation) is not None else ()
    together = () if graph.differentiated == loss.ref() else ("; ", graph.differentiated, " alone is their sum over all samples, which depend on each other")
    yield "Loss", (loss.ref(), " = ", *((line(Row(loss.ref(), loss.pieces[0].definition)).right,) if len(loss.pieces) == 1 else ("in pieces, see below",)), *named, *together)
    if graph.cost.regularizer is not None:
        penalty = graph.node(graph.cost.regularizer)
        yield "Penalty", (penalty.ref(), " = ", line(Row(penalty.ref(), penalty.pieces[0].definition)).right, f", {_PENALTIES[penalty.operation]} on ", *_listed((Ref(name),) for name in graph.parents[penalty.name] if graph.node(name).role == "parameter"))
    if graph.samples is not None:
        index, count = graph.samples.index, graph.samples.size
        implied = "" if graph.samples.written else f"; the index {index} is left off the names in the sum over {index}"
        yield "Samples", (f"{index} = 1..{count}{implied}",)
    yield from notation_facts(graph)
    yield "Layout", ("a gradient has the shape of its parameter",)
    abstract = _abstract(graph)
    if abstract:
        primed = [(Ref(name), "'") for name in abstract]
        endings = "the derivative " if len(abstract) == 1 else "the derivatives "
        yield "Functions", (*_listed((Ref(name),) for name in abstract), ": kept abstract, with ", endings, *_listed(primed))
    if graph.assumed:
        yield "Assumed", (", ".join(graph.assumed),)
    for note in graph.notes:
        yield "Note", (note,)


def notation_facts(graph: Graph) -> Iterator[tuple[str, Text]]:
    """Whose notation a page is in, and what its letters mean."""
    if graph.notation is not None:
        yield "Notation", _listed(((graph.notation.title,), *graph.notation.meanings), "; ")


def meaning_of_errors(graph: Graph, others: Sequence[tuple[Ref, Ref]], *, stated: bool = True) -> Text:
    """What the signs of the backward pass stand for: that of pre-activations, if some are `stated`; `others` are derivatives by what is
    none, each with that."""
    loss = graph.differentiated
    if graph.error == PREFIXED:
        return ("d in front of a name is the derivative of the loss ", loss, " with respect to what has that name")
    if not stated and others:
        (error, of), *others = others
        first: Text = (error, " is the derivative of the loss ", loss, " with respect to ", of)
    else:
        first = (f"{graph.error} is the derivative of the loss ", loss, " with respect to a pre-activation")
    return (*first, *(part for error, of in others for part in (", ", error, " that with respect to ", of)))


def _cost_text(graph: Graph) -> Text:
    if graph.cost.name == graph.cost.loss:
        return (Ref(graph.cost.name), ", the loss of a single sample")
    ending = "the loss of a single sample" if graph.samples is None else _ENDINGS[graph.cost.reduction].format(graph.samples.size)
    penalty: Text = () if graph.cost.regularizer is None else (" plus the penalty ", Ref(graph.cost.regularizer))
    return (Ref(graph.cost.name), " = ", cost_definition(graph), f", {ending}", *penalty)


def _abstract(graph: Graph) -> tuple[str, ...]:
    """The functions of which only the name is known."""
    used = [
        each.function
        for node in graph.nodes
        for piece in node.pieces
        for each in walk(piece.definition)
        if isinstance(each, Apply) and graph.functions.get(each.function) is None and (each.function in graph.functions or find_function(each.function) is None)
    ]
    return tuple(dict.fromkeys(used))


# -- the network in a line --------------------------------------------------------------------------------------------


def _network_line(graph: Graph) -> Text:
    """`x1, x2 → A1, A2 → B → y'`."""
    inputs: list[Text] = [(Ref(node.name),) for node in graph.nodes if node.role == "input"]
    outputs: list[Text] = [(Ref(name),) for name in graph.outputs if name != graph.cost.loss]
    stages = [stage for stage in (inputs, *_stages(graph)) if stage]
    if outputs and stages[-1:] != [outputs]:
        stages.append(outputs)
    return _listed((_listed(stage) for stage in stages), " → ")


def _listed(texts: Iterable[Text], separator: str = ", ") -> Text:
    """The texts in a row."""
    return tuple(part for number, text in enumerate(texts) for part in ((separator, *text) if number else text))


def _stages(graph: Graph) -> list[list[Text]]:
    """The units by how many others stand before them; one whose parts read different units stands behind all of these."""
    depth: dict[str, int] = {}
    found: dict[int, dict[Text, None]] = {}
    for node in graph.nodes:
        if node.is_leaf or node.role in ("loss", "regularizer", "choice"):
            continue
        before = max((depth.get(parent, 0) for parent in graph.parents[node.name]), default=0)
        starts = not node.unit or not any(parent in depth and graph.node(parent).unit == node.unit for parent in graph.parents[node.name])
        depth[node.name] = before + 1 if starts else before
        label = _unit_label(graph, node)
        last = max(depth[node.name], *(stage for stage, units in found.items() if label in units), 0)
        for units in found.values():
            units.pop(label, None)
        found.setdefault(last, {})[label] = None
    return [list(units) for _, units in sorted(found.items()) if units]


def _unit_label(graph: Graph, node: Node) -> Text:
    if not node.unit.isdigit():
        return (Ref(node.unit or node.name),)
    units = next(each for each in reversed(graph.nodes) if each.unit == node.unit)
    axes = units.axes[1:] if units.sampled else units.axes
    kind = next((f"{each.operation}, " for each in graph.nodes if each.unit == node.unit and each.operation in _IMAGES), "")
    count = " × ".join(form_text(axis.length) for axis in (axes if kind else axes[-1:])) or "1"
    function = f", {units.operation}" if units.operation and units.operation not in _IMAGES else ""
    return (f"layer {node.unit} ({kind}{count} unit{'' if count == '1' else 's'}{function})",)


def _shapes(graph: Graph) -> Text:
    """`x: 4, W1: 5 × 4`, of all arrays that are given from outside."""
    parts: list[Text] = []
    for node in graph.nodes:
        axes = node.axes[1:] if node.sampled else node.axes
        if node.is_leaf and axes:
            parts.append((Ref(node.name), f": {' × '.join(form_text(axis.length) for axis in axes)}"))
    return _listed(parts)


# -- the forward pass -------------------------------------------------------------------------------------------------


def forward_rows(graph: Graph) -> Iterator[tuple[Row, Sequence[tuple[str, Axis]]]]:
    """Every node with its definition and what it is, then the cost; each with its indices, the sample index left out."""
    for node in graph.nodes:
        for piece in map(_laid_out, node.pieces):
            single = {letter: axis.low for letter, axis in piece.axes if axis.single}
            letters = [each for each in piece.axes if each[0] not in single and not (node.sampled and each[0] == piece.places[0].variable)]
            reason = ", ".join((*filter(None, (role_of(graph, node),)), *(f"{letter} = {form_text(axis.low)}..{form_text(axis.high)}" for letter, axis in letters)))
            left = Ref(node.name, tuple(place.substitute(single) for place in piece.places))
            yield Row(left, reindex(piece.definition, single), (reason,)), letters
    if graph.cost.name != graph.cost.loss:
        yield Row(Ref(graph.cost.name), cost_definition(graph), ("cost",)), ()


def _laid_out(piece: Piece) -> Piece:
    """`f[9c + p] = m[c,p]` for all c and p, where f is a sum of nothing but such entries: `f[j] = Σ_c Σ_p [9c + p = j]·m[c,p]`."""
    body, bounds = piece.definition, list[tuple[str, Axis]]()
    while isinstance(body, Fold) and body.kind == "sum":
        bounds.append((body.bound.name, body.bound.axis))
        body = body.body
    if not (bounds and isinstance(body, Where) and isinstance(body.test, Bracket) and isinstance(body.then, Ref) and body.otherwise == ZERO):
        return piece
    *front, place = piece.places
    condition, times = body.test.condition, body.test.condition.form.coefficient(place.variable or "")
    read = {name for index in body.then.indices for name in index.variables()}
    if condition.kind != "=" or times not in (1, -1) or read & {place.variable} or not {name for name, _ in bounds} <= read:
        return piece
    return Piece((*front, place - condition.form * times), (*piece.axes[:-1], *bounds), body.then)


def role_of(graph: Graph, node: Node) -> str:
    """What a node is, in words: `activation of layer 1`."""
    owner = f" of {'layer ' if node.unit.isdigit() else ''}{node.unit}" if node.unit and node.unit != node.name else ""
    if node.role in ("preactivation", "activation"):
        return f"{'pre-' if node.role == 'preactivation' else ''}activation{owner}"
    if node.role == "loss":
        return "loss of one sample" if graph.cost.name != node.name else "loss, which is the cost"
    if node.role == "regularizer":
        return "penalty on the parameters"
    if node.role == "choice":
        return "where the maximum stands"
    return "output" if node.name in graph.outputs else node.operation.replace("_", " ") if node.operation in LAYERS else ""
