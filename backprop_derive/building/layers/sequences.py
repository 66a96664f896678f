"""What layers over sequences have in common: the sequence that they read, x[t,k], and the letters of their equations."""

from __future__ import annotations

from backprop_derive.building.layers.stack import Entry, Stack, described
from backprop_derive.building.layers.templates import Names, Place, names_of_units
from backprop_derive.building.letters import STEP
from backprop_derive.building.scope import Vector
from backprop_derive.graph.expressions import Bound, Ref


def read_sequence(stack: Stack, entry: Entry) -> Vector | None:
    """What a layer reads, a vector for each step of a sequence; None, and a problem, if it is anything else."""
    read = stack.array(entry)
    if is_sequence(read):
        return read
    if not stack.draft.problems:
        shown = f", and not {described(read)}" if read.axis is not None or read.entries else ""
        stack.draft.problem(entry.mark, f"{entry.kind.text} reads a sequence of vectors, x[t,k], such as `inputs: {{x: [T, n]}}`{shown}", entry.kind.text)
    return None


def is_sequence(read: Vector) -> bool:
    """Whether there is a vector for each place of one index."""
    return read.axis is not None and len(read.along) == 1 and not read.channels


def place_of(read: Vector) -> Place:
    """A sequence as equations read it, x[t,k]."""
    assert read.array is not None
    assert read.axis is not None
    front = read.array.indices[: len(read.array.indices) - len(read.along)]
    return Place(Ref(read.array.name, front), (*(bound.axis for bound in read.along), read.axis))


def names_of_steps(stack: Stack, entry: Entry, read: Vector) -> Names:
    """The names of a layer whose equations say which step they mean: x[t,k], t the step, k the entry; j is the unit."""
    names = names_of_units(stack, entry, read)
    names.along = ()
    names.places["x"] = place_of(read)
    names.letters[STEP] = read.along[0].axis
    names.avoid(STEP)
    return names


def steps_of(names: Names) -> Bound:
    """The index of steps as the nodes of a layer have it."""
    return Bound(names.spelled.get(STEP, STEP), names.letters[STEP])
