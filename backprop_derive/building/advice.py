"""Notes where a loss of the table is given another kind of numbers than it is made for."""

from __future__ import annotations

from collections.abc import Iterator

from backprop_derive.building.calls import LossCall
from backprop_derive.building.draft import Draft
from backprop_derive.graph.expressions import Ref
from backprop_derive.graph.nodes import Node
from backprop_derive.operations.functions import find_function

_APPLIED = {"softmax_cross_entropy": "softmax", "bce_with_logits": "sigmoid"}
_OF_SCORES = {"cross_entropy": "softmax_cross_entropy", "binary_cross_entropy": "bce_with_logits", "nll": "softmax_cross_entropy"}
"""For a loss of probabilities: the one that takes what the last layer gives as it is."""

_TAKES = {"probability": "probabilities", "probabilities": "probabilities", "log-probabilities": "logarithms of probabilities"}
_GIVE = {"probabilities": ("softmax", "sigmoid", "hard_sigmoid", "gaussian"), "logarithms of probabilities": ("log_softmax", "log_sigmoid")}


def note_misfits(draft: Draft) -> None:
    """A note for each loss whose outputs are plainly not what it takes: scores for probabilities, or probabilities for scores."""
    for call in draft.losses:
        for node in _outputs(draft, call):
            note = _misfit(call, node)
            if note is not None and note not in draft.notes:
                draft.notes.append(note)


def _outputs(draft: Draft, call: LossCall) -> Iterator[Node]:
    """The nodes that a loss compares with targets."""
    for name, vector in zip(call.row.required, call.vectors, strict=True):
        if name in call.row.outputs:
            yield from (draft.nodes[ref.name] for ref in (vector.array, *vector.entries) if isinstance(ref, Ref) and ref.name in draft.nodes)


def _misfit(call: LossCall, node: Node) -> str | None:
    loss, wanted, applied = call.row.name, _TAKES.get(call.row.output), _APPLIED.get(call.row.name)
    if applied is not None and node.operation == applied:
        return f"{loss} applies {applied} itself, and the output is a {applied} already: it is applied twice"
    if wanted is None or not _is_known(node) or node.operation in _GIVE[wanted]:
        return None
    if loss == "nll" and node.operation == "softmax":
        return "nll takes logarithms of probabilities, and the output is a softmax: cross_entropy takes probabilities"
    if node.operation in ("", "identity"):
        instead = f"{_OF_SCORES[loss]} takes it as it is" if loss in _OF_SCORES else "a softmax makes probabilities of it"
        return f"{loss} takes {wanted}, and the output is linear: {instead}"
    return f"{loss} takes {wanted}, and the output is a {node.operation}: {_GIVE[wanted][0]} gives them"


def _is_known(node: Node) -> bool:
    """Whether it is plain what the numbers of a node are: those of a weighted sum, or of an activation of the table."""
    return node.role == "preactivation" or (node.role == "activation" and find_function(node.operation) is not None)
