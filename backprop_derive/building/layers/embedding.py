"""`embedding`: words as vectors."""

from __future__ import annotations

from backprop_derive.building.layers.stack import Entry, Stack
from backprop_derive.building.layers.templates import names_of_units
from backprop_derive.building.letters import SOURCE, UNIT
from backprop_derive.building.scope import Vector
from backprop_derive.frozen import replace
from backprop_derive.graph.nodes import Assumption
from backprop_derive.operations.layers import LAYERS

_WORD = "v"


def build_embedding(stack: Stack, entry: Entry) -> Vector:
    """A row of E for each word, which a vector that is 1 at the word and 0 elsewhere picks."""
    draft, read = stack.draft, stack.one_array(entry, stack.source(entry))
    assert read.array is not None
    name = read.array.name
    if draft.nodes[name].role == "input" and not any(name in each.names for each in draft.assumptions):
        draft.assumptions.append(Assumption(f"one_hot({name})", "one_hot", (name,)))
    names = names_of_units(stack, entry, read)
    names.letters[_WORD] = names.letters[SOURCE]
    names.parameter("E", _WORD + UNIT)
    given = names.follow(LAYERS["embedding"].equations)
    return replace(read, axis=names.letters[UNIT]).named(given.name)
