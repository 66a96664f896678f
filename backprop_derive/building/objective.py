"""The loss of one sample and the cost over samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backprop_derive.building.draft import Draft
from backprop_derive.building.losses import aligned, facts_of, loss_piece
from backprop_derive.building.scope import Vector
from backprop_derive.building.vectors import scalar_node
from backprop_derive.errors import nearest
from backprop_derive.graph.expressions import Ref
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Fact, Node
from backprop_derive.operations.losses import LOSSES, find_loss
from backprop_derive.operations.rows import Loss
from backprop_derive.spec.model import LossEntry
from backprop_derive.spec.source import Mark

_LOSS_NAMES = ("L", "Loss", "ell", "L_sample")


def add_loss(draft: Draft, targets: Sequence[str]) -> tuple[str, tuple[Fact, ...]]:
    """The name of the loss node, and what the loss takes for granted of the targets."""
    entry = draft.spec.loss
    if draft.spec.equations and any(equation.left.text.partition("[")[0] not in draft.nodes for equation in draft.spec.equations):
        return "", ()
    if entry is None:
        return _last(draft), tuple(draft.facts)
    name = draft.aliases.get(entry.text.text, entry.text.text)
    if name in draft.nodes and not draft.nodes[name].is_leaf:
        return _chosen(draft, name, entry.text.mark), tuple(draft.facts)
    row = find_loss(name)
    if row is not None:
        return _from_table(draft, row, entry, targets)
    return _from_formula(draft, entry), tuple(draft.facts)


def _last(draft: Draft) -> str:
    """Without `loss:` it is the last equation, or the output."""
    name = list(draft.nodes)[-1] if draft.spec.equations and draft.nodes else (draft.outputs[-1] if draft.outputs else "")
    if not name:
        return ""
    if draft.nodes[name].axes or (len(draft.outputs) > 1 and not draft.spec.equations):
        draft.problem(draft.spec.mark, f"there is no `loss:`, and {name!r} is not a single number that could be it")
    return _chosen(draft, name, draft.spec.mark)


def _chosen(draft: Draft, name: str, mark: Mark) -> str:
    node = draft.nodes[name]
    if node.axes:
        draft.problem(mark, f"the loss is one number; {name!r} is an array", name)
    draft.nodes[name] = replace(node, role="loss")
    return name


def _new_name(draft: Draft) -> str:
    taken = draft.taken()
    return next(name for name in (*_LOSS_NAMES, *(f"L_{count}" for count in range(2, 1000))) if name not in taken)


def _from_formula(draft: Draft, entry: LossEntry) -> str:
    text = entry.text.text
    definition = None
    if text.isidentifier() and not draft.scope().names & {text}:
        message = f"{text!r} is neither an equation nor a node nor a loss that is known here"
        draft.problem(entry.text.mark, message, text, nearest(text, (*draft.nodes, *(row.name for row in LOSSES))))
    else:
        definition = draft.formula(entry.text, draft.scope())
    name = _new_name(draft)
    if definition is not None:
        draft.add(scalar_node(name, definition, "loss", ""), entry.text.mark)
    return name


def _from_table(draft: Draft, row: Loss, entry: LossEntry, targets: Sequence[str]) -> tuple[str, tuple[Fact, ...]]:
    name = _new_name(draft)
    for option, _ in entry.options:
        draft.problem(option.mark, f"{row.name} has no option {option.text!r}", option.text)
    output, target = _vector(draft, draft.outputs), _vector(draft, targets)
    if output is None or target is None:
        if not draft.problems:
            draft.problem(entry.text.mark, f"{row.name} needs outputs and targets that are scalars or vectors", entry.text.text)
        return name, ()
    if output.length != target.length:
        sizes = f"{form_text(output.length)} outputs ({', '.join(draft.outputs)}) but {form_text(target.length)} targets ({', '.join(targets)})"
        draft.problem(entry.text.mark, f"{row.name}: there are {sizes}", entry.text.text)
        return name, ()
    output, target = aligned(output, target)
    draft.add(Node(name, (), (), (loss_piece(row, output, target),), "loss", operation=row.name), entry.text.mark)
    _warn(draft, row, output)
    return name, facts_of(row, target)


def _vector(draft: Draft, names: Sequence[str]) -> Vector | None:
    """The named nodes as one vector: a single array, or scalars one by one."""
    nodes = [draft.nodes[name] for name in names if name in draft.nodes]
    if len(nodes) != len(names) or not nodes:
        return None
    if len(nodes) == 1 and len(nodes[0].axes) == 1:
        return Vector((), Ref(nodes[0].name), nodes[0].axes[0])
    if any(node.axes for node in nodes):
        return None
    return Vector(tuple(Ref(node.name) for node in nodes))


def _warn(draft: Draft, row: Loss, output: Vector) -> None:
    first = output.array or output.entries[0]
    assert isinstance(first, Ref)
    operation = draft.nodes[first.name].operation
    for loss, activation in (("softmax_cross_entropy", "softmax"), ("bce_with_logits", "sigmoid")):
        if row.name == loss and operation == activation:
            draft.notes.append(f"{loss} applies {activation} itself, and the output is a {activation} already: it is applied twice")


def declared_facts(draft: Draft) -> tuple[Fact, ...] | None:
    """What `assume:` declares; None where the spec has no such key, so that the loss's own assumption holds."""
    if draft.spec.assume is None:
        return None
    found = []
    for scalar in draft.spec.assume:
        text = scalar.text.replace(" ", "")
        inside = text.partition("(")[2].partition(")")[0]
        if text in (f"sum({inside})=1", f"probabilities({inside})", f"one_hot({inside})"):
            node: Node | None = draft.nodes.get(draft.aliases.get(inside, inside))
            if node is not None and len(node.axes) == 1:
                found.append(Fact(f"sum({node.name}) = 1", node.name))
                continue
            draft.problem(scalar.mark, f"{inside!r} is not a vector of the spec", scalar.text, nearest(inside, draft.nodes))
        else:
            draft.problem(scalar.mark, f"the assumption {scalar.text!r}: not yet (planned, not built); sum(y) = 1 can be said", scalar.text)
    return tuple(found)
