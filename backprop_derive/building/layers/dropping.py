"""`dropout`, with the mask as an input."""

from __future__ import annotations

from backprop_derive.building.layers.stack import Entry, Stack
from backprop_derive.building.layers.templates import Names
from backprop_derive.building.letters import UNIT
from backprop_derive.building.scope import Vector
from backprop_derive.graph.nodes import Assumption, Node
from backprop_derive.operations.layers import LAYERS


def build_dropout(stack: Stack, entry: Entry) -> Vector:
    """What it reads, where the mask is 1, over the share that is kept."""
    draft, read = stack.draft, stack.one_array(entry, stack.array(entry))
    assert read.axis is not None
    names = Names(stack, entry, f"_{entry.name}" if entry.name else str(stack.count), "", read.along)
    names.vector("x", read)
    names.letters[read.letter] = read.axis
    mask = Node(stack.free(f"mask{names.tail}"), tuple(each.name for each in read.bounds), tuple(each.axis for each in read.bounds), role="input")
    draft.add(mask, entry.mark)
    draft.made.add(mask.name)
    draft.assumptions.append(Assumption(f"binary({mask.name})", "binary", (mask.name,)))
    names.vector("mask", read.named(mask.name))
    names.share("p")
    equations = tuple(each.replace(f"[{UNIT}]", f"[{read.letter}]") for each in LAYERS["dropout"].equations)
    return read.named(names.follow(equations).name)
