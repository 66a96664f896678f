"""The loss of one sample and the cost over samples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from backprop_derive.building.advice import note_misfits
from backprop_derive.building.calls import LossCall
from backprop_derive.building.checks import check_formula
from backprop_derive.building.combining import called_losses, combined_piece
from backprop_derive.building.draft import Draft
from backprop_derive.building.formulas import aligned, resolve, with_defaults
from backprop_derive.building.lifting import lifted
from backprop_derive.building.losses import called_loss, loss_piece, note_targets
from backprop_derive.building.scope import Vector
from backprop_derive.building.vectors import vector_of_node
from backprop_derive.errors import FormulaError, nearest
from backprop_derive.graph.expressions import Expression, Ref
from backprop_derive.graph.indices import variable
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Fact, Node, Piece
from backprop_derive.language.grammar import parse
from backprop_derive.language.syntax import Syntax
from backprop_derive.operations.losses import LOSSES, find_loss
from backprop_derive.operations.rows import Loss
from backprop_derive.spec.model import LossEntry
from backprop_derive.spec.source import Mark, Scalar

_ONLY_OPTIONS = re.compile(r"(?P<loss>\w+)\((?P<options>\w+\s*=[^()]*)\)")
_LOSS_NAMES = ("L", "Loss", "ell", "L_sample")


def add_loss(draft: Draft, targets: Sequence[str]) -> tuple[str, tuple[Fact, ...]]:
    """The name of the loss node, and what the loss takes for granted of the targets."""
    if draft.spec.equations and any(equation.left.text.partition("[")[0] not in draft.nodes for equation in draft.spec.equations):
        return "", ()
    name = _loss_name(draft, targets)
    note_misfits(draft)
    return name, tuple(draft.facts)


def _loss_name(draft: Draft, targets: Sequence[str]) -> str:
    entry = draft.spec.loss
    if entry is None:
        return _last(draft)
    name = draft.aliases.get(entry.text.text, entry.text.text)
    if name in draft.nodes and not draft.nodes[name].is_leaf:
        return _chosen(draft, name, entry.text.mark)
    if (name in draft.nodes and draft.nodes[name].role in ("input", "target", "parameter", "constant")) or is_number(name):
        draft.problem(entry.text.mark, f"the loss is computed by the network; {name!r} is given", name)
        return ""
    row = find_loss(name)
    return _from_formula(draft, entry) if row is None else _from_table(draft, row, entry, targets)


def _last(draft: Draft) -> str:
    """Without `loss:` it is the last equation, or the output."""
    name = list(draft.nodes)[-1] if draft.spec.equations and draft.nodes else (draft.outputs[-1] if draft.outputs else "")
    if not name:
        return ""
    if draft.nodes[name].axes or (len(draft.outputs) > 1 and not draft.spec.equations):
        place = draft.places[name] if draft.nodes[name].axes and draft.spec.equations else draft.spec.mark
        mark = replace(place, path=draft.spec.mark.path)  # what is wrong elsewhere in the file may be why
        hint = "; sum(e) adds the entries of an array" if draft.nodes[name].axes else ""
        draft.problem(mark, f"there is no `loss:`, and {name!r} is not a single number that could be it{hint}")
        return ""
    return _chosen(draft, name, draft.spec.mark)


def _chosen(draft: Draft, name: str, mark: Mark) -> str:
    node = draft.nodes[name]
    if node.axes:
        draft.problem(mark, f"the loss is one number; {name!r} is an array", name)
    draft.nodes[name] = replace(node, role="loss")
    return name


def is_number(text: str) -> bool:
    """Whether a text is just a number."""
    return text.replace(".", "", 1).replace("e-", "", 1).replace("e", "", 1).isdigit()


def _new_name(draft: Draft) -> str:
    taken = draft.taken()
    name = next(name for name in (*_LOSS_NAMES, *(f"L_{count}" for count in range(2, 1000))) if name not in taken)
    draft.made.add(name)
    return name


def _from_formula(draft: Draft, entry: LossEntry) -> str:
    text = entry.text.text
    options = _ONLY_OPTIONS.fullmatch(text)
    if options is not None and (row := find_loss(options["loss"])) is not None:
        given = options["options"].replace("=", ": ")
        draft.problem(entry.text.mark, f"options of a loss stand in braces: {{{row.name}: {{{given}}}}}", text)
        return _new_name(draft)
    name = _new_name(draft)
    scope = draft.scope()
    words = text.replace(" ", "_")
    if " " in text and words.isidentifier():
        draft.problem(entry.text.mark, f"{text!r} is no loss: the name of one is a single word", text, _losses_like(words))
    elif text.isidentifier() and not scope.names & {text}:
        message = f"{text!r} is neither an equation nor a node nor a loss that is known here"
        draft.problem(entry.text.mark, message, text, nearest(text, (*draft.nodes, *(row.name for row in LOSSES))))
    elif (tree := _with_compared(draft, entry.text)) is not None and (definition := draft.formula(entry.text, scope := draft.scope(), tree)) is not None:
        call = called_loss(tree, scope)
        if call is None:
            node = _combined_node(draft, name, combined_piece(tree, scope, definition), called_losses(tree, scope))
        else:
            node = _loss_node(draft, name, call)
        draft.add(node, entry.text.mark)
    for option, _ in entry.options:
        draft.problem(option.mark, f"{option.text!r}: options stand behind the name of a loss of the table", option.text)
    return name


def _losses_like(words: str) -> tuple[str, ...]:
    """The losses whose names, or other names, are like some words: `mean_squared_error`, `MSE_Loss`."""
    row = find_loss(words) or find_loss(words.lower().removesuffix("_loss"))
    return (row.name,) if row is not None else nearest(words, [each.name for each in LOSSES])


def _with_compared(draft: Draft, text: Scalar) -> Syntax | None:
    """The formula of a loss, after a node was added for each formula that a loss of the table compares in it; None if something is wrong."""
    from backprop_derive.building.matrices import IndexForm, index_form, is_over_arrays

    scope = draft.scope()
    try:
        tree, compared = lifted(parse(text.text, scope.names), draft.taken(), draft.functions)
        for name, formula in compared.items():
            check_formula(formula, scope)
            form = index_form(formula, scope) if is_over_arrays(formula, scope) else IndexForm((), (), formula)
            axes = tuple(axis for axis in form.shape if axis is not None)
            runs = tuple(zip(form.letters, axes, strict=True))
            definition = resolve(form.tree, draft.scope(dict(runs)))
            draft.add(Node(name, form.letters, axes, (Piece(tuple(map(variable, form.letters)), runs, definition),), "node"), text.mark)
    except FormulaError as error:
        draft.fault(text, error)
        return None
    return tree


def _loss_node(draft: Draft, name: str, call: LossCall) -> Node:
    """The node of a loss of the table; notes what it takes for granted."""
    note_targets(draft, (call,))
    return Node(name, (), (), (loss_piece(call),), "loss", operation=call.row.name)


def _combined_node(draft: Draft, name: str, piece: Piece, calls: Iterable[LossCall]) -> Node:
    """The node of a formula, perhaps with losses of the table in it; notes what these take for granted."""
    note_targets(draft, calls)
    return Node(name, (), (), (piece,), "loss")


def _from_table(draft: Draft, row: Loss, entry: LossEntry, targets: Sequence[str]) -> str:
    """The loss of the outputs and targets: one of each, taken together as a vector, or as many as the row compares."""
    name = _new_name(draft)
    numbers = _options(draft, row, entry)
    outputs, wanted = _vectors(draft, draft.outputs, len(row.outputs)), _vectors(draft, targets, len(row.targets))
    if outputs is None or wanted is None:
        if not draft.problems and not draft.doubts and draft.outputs:
            draft.problem(entry.text.mark, _misfit(row), entry.text.text)
        return name
    if len({vector.shape for vector in (*outputs, *wanted)}) > 1:
        if not draft.doubts:
            draft.problem(entry.text.mark, f"{row.name}: there are {_counted('outputs', draft.outputs, outputs)} but {_counted('targets', targets, wanted)}", entry.text.text)
        return name
    given = dict(zip((*row.outputs, *row.targets), (*outputs, *wanted), strict=True))
    call = LossCall(row, aligned([given[argument] for argument in row.required]), numbers)
    draft.add(_loss_node(draft, name, call), entry.text.mark)
    return name


def _options(draft: Draft, row: Loss, entry: LossEntry) -> tuple[Expression, ...]:
    """The numbers of a loss: as `{huber: {delta: 2}}` gives them, or as the row has them."""
    names = row.arguments[len(row.required) :]
    given: dict[str, Expression | None] = {}
    for option, value in entry.options:
        if option.text in names:
            given[option.text] = draft.formula(value, draft.scope())
        else:
            draft.problem(option.mark, f"{row.name} has no option {option.text!r}", option.text, nearest(option.text, names))
    return with_defaults(row, [given.get(name) for name in names])


def _counted(what: str, names: Sequence[str], vectors: Sequence[Vector]) -> str:
    """`2 outputs (o1, o2)`; of vectors that are taken one by one, `outputs of length 1 and 1 (mu, var)`."""
    lengths = [" × ".join(map(form_text, vector.shape)) for vector in vectors]
    front = f"{lengths[0]} {what}" if len(lengths) == 1 else f"{what} of length {' and '.join(lengths)}"
    return f"{front} ({', '.join(names)})"


def _misfit(row: Loss) -> str:
    """What a loss needs and has not been given."""
    if len(row.outputs) == 1:
        return f"{row.name} needs outputs and targets that are scalars or vectors"
    call = f"{row.name}({', '.join(row.required)})"
    return f"{row.name} compares {len(row.outputs)} outputs of one length, {', '.join(row.outputs)}, in this order: or name them, `loss: {call}`"


def _vectors(draft: Draft, names: Sequence[str], count: int) -> tuple[Vector, ...] | None:
    """The named nodes as so many vectors: all together as one, or each by itself. (Where none is wanted, none is looked at.)"""
    if count == 0:
        return ()
    if count > 1 and len(names) != count:
        return None
    vectors = [_vector(draft, names)] if count == 1 else [_vector(draft, [name]) for name in names]
    found = tuple(vector for vector in vectors if vector is not None)
    return found if len(found) == count else None


def _vector(draft: Draft, names: Sequence[str]) -> Vector | None:
    """The named nodes as one vector: a single array, of more than one axis a vector for each place, or scalars one by one."""
    nodes = [draft.nodes[name] for name in names if name in draft.nodes]
    if len(nodes) != len(names) or not nodes:
        return None
    if len(nodes) == 1:
        return vector_of_node(nodes[0], draft.taken())
    if any(node.axes for node in nodes):
        return None
    return Vector(tuple(Ref(node.name) for node in nodes))

