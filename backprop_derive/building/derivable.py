"""What depends on parameters must have a derivative that is built."""

from __future__ import annotations

from backprop_derive.building.draft import Draft
from backprop_derive.graph.expressions import Apply, refs, walk
from backprop_derive.operations.functions import find_function


def check_derivable(draft: Draft) -> None:
    """Note where a function whose derivative is not built is applied to what depends on a parameter."""
    moving = _moving(draft)
    for node in draft.nodes.values():
        applied = (each for piece in node.pieces for each in walk(piece.definition) if isinstance(each, Apply))
        for name in dict.fromkeys(each.function for each in applied if any(ref.name in moving for ref in refs(each))):
            missing = _without_derivative(draft, name)
            if missing:
                draft.problem(draft.places[node.name], f"the derivative of {missing}: not yet (planned, not built)", name)


def _without_derivative(draft: Draft, name: str) -> str:
    """The function of the table, `name` itself or one inside the spec's own `name`, that has no derivative; '' if all have one."""
    if name not in draft.functions:
        row = find_function(name)
        return row.name if row is not None and not row.derivatives else ""
    own = draft.functions[name]
    inside = () if own is None else [each.function for each in walk(own[1]) if isinstance(each, Apply) and each.function != name]
    return next((found for each in inside if (found := _without_derivative(draft, each))), "")


def _moving(draft: Draft) -> set[str]:
    """The parameters, and every node that depends on one."""
    readers: dict[str, set[str]] = {}
    for node in draft.nodes.values():
        for piece in node.pieces:
            for ref in refs(piece.definition):
                readers.setdefault(ref.name, set()).add(node.name)
    waiting = [node.name for node in draft.nodes.values() if node.role == "parameter"]
    found = set(waiting)
    while waiting:
        new = readers.get(waiting.pop(), set()) - found
        found |= new
        waiting.extend(new)
    return found
