"""What the names of a formula mean at the place where it stands."""

from __future__ import annotations

from collections.abc import Mapping

from backprop_derive.building.letters import UNIT
from backprop_derive.frozen import dataclass, field, replace
from backprop_derive.graph.expressions import Bound, Expression, Ref
from backprop_derive.graph.indices import Affine, Axis, size, variable
from backprop_derive.graph.nodes import Graph, Samples
from backprop_derive.operations.functions import FUNCTIONS
from backprop_derive.operations.losses import LOSSES


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a formula may say of a node: where its indices run (None: not known yet), without the sample axis.

    `sampled`: the node has a sample axis in front that formulas leave out. `whole`: its values are places, which may stand in brackets.
    """

    axes: tuple[Axis | None, ...] = ()
    sampled: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Vector:
    """The entries of a vector: an array read at an index, or expressions one by one.

    `along`: there is one vector for each place of these indices, which `array` has in front, as in a sequence `x[t,k]`.
    `channels`: the first of all indices counts channels, and the others are places of a signal or an image.
    `letter` is what the index of an entry is called.
    """

    entries: tuple[Expression, ...] = ()
    array: Ref | None = None
    axis: Axis | None = None
    along: tuple[Bound, ...] = ()
    channels: bool = False
    letter: str = UNIT

    def at(self, index: Affine) -> Expression:
        """The entry at an index. Raises IndexError where a list has no such entry."""
        if self.array is not None:
            return Ref(self.array.name, (*self.array.indices, index))
        if index.number is None or not 1 <= index.number <= len(self.entries):
            raise IndexError(f"there are {len(self.entries)} entries")
        return self.entries[index.number - 1]

    @property
    def length(self) -> Affine:
        """How many entries a vector has."""
        if self.axis is not None:
            return self.axis.length
        return Affine((), len(self.entries))

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """All indices of the array, that of the entries last."""
        assert self.axis is not None
        return (*self.along, Bound(self.letter, self.axis))

    @property
    def shape(self) -> tuple[Affine, ...]:
        """The lengths of all axes, those that the vectors stand along first."""
        return (*(bound.axis.length for bound in self.along), self.length)

    def named(self, name: str) -> Vector:
        """The same of another array, of the same shape."""
        return replace(self, entries=(), array=Ref(name, tuple(variable(bound.name) for bound in self.along)))

    def beside(self, other: Vector) -> Vector:
        """The same vectors, by the letters of the indices that another one, of the same shape, stands along."""
        if self.array is None or self.along == other.along:
            return self
        front = self.array.indices[: len(self.array.indices) - len(self.along)]
        places = tuple(variable(bound.name) for bound in other.along)
        return replace(self, along=other.along, array=Ref(self.array.name, (*front, *places)))


@dataclass(frozen=True, slots=True)
class Scope:
    """Names of nodes, vectors, sizes, functions and indices, and the letter of the sample index.

    `numbered_samples`: a formula may say which sample it means, by a number in front of all other indices.
    `rows`: a vector lies, unless it is transposed. `total`: the loss, where without an index it is the sum over all samples.
    `parts`: in the formula, arrays with fewer indices than they have axes stand for what is there, `h[t]` for the vector of the step t.
    """

    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    vectors: Mapping[str, Vector] = field(default_factory=dict)
    sizes: Mapping[str, Affine] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    indices: Mapping[str, Axis | None] = field(default_factory=dict)
    samples: Samples | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    numbered_samples: bool = False
    rows: bool = False
    total: str = ""
    parts: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The spec's own names of quantities, for the reader of formulas."""
        return frozenset((*self.quantities, *self.vectors, *self.aliases))

    @property
    def readable(self) -> tuple[str, ...]:
        """Everything that a formula could have meant, for "did you mean"."""
        return (*self.quantities, *self.vectors, *self.aliases, *self.sizes, *self.indices)

    @property
    def callable(self) -> tuple[str, ...]:
        """Everything that a formula can call."""
        return (*self.functions, "sum", "prod", "where", *(row.name for row in FUNCTIONS), *(row.name for row in LOSSES))

    def inside(self, index: str, axis: Axis | None) -> Scope:
        """The scope below a sum over `index`."""
        return replace(self, indices={**self.indices, index: axis})

    def at_place(self, index: str, place: Affine) -> Scope:
        """The scope where `index` stands for one place."""
        indices = {name: axis for name, axis in self.indices.items() if name != index}
        return replace(self, indices=indices, sizes={**self.sizes, index: place})


def scope_of(graph: Graph) -> Scope:
    """The scope of a finished graph: what an answer, or text that was printed, may mention."""
    quantities = {
        node.name: Quantity(node.formula_axes[1:] if node.sampled else node.formula_axes, node.sampled, node.role == "choice") for node in graph.nodes
    }
    names = {name for node in graph.nodes for axis in node.axes for name in axis.low.sizes() | axis.high.sizes()}
    names |= {*graph.sizes, *((graph.samples.size,) if graph.samples else ())}
    sizes = {name: size(name) for name in sorted(names)}
    total = graph.cost.loss if graph.samples is not None and graph.samples.coupled else ""
    rows = graph.notation is not None and graph.notation.rows
    return Scope(quantities, {}, sizes, frozenset(graph.functions), {}, graph.samples, graph.aliases, rows=rows, total=total)
