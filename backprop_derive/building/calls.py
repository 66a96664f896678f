"""What a call gives to each argument of a row: `huber(out, y, delta=2)`."""

from __future__ import annotations

from functools import reduce

from backprop_derive.building.names import fault
from backprop_derive.building.scope import Scope, Vector
from backprop_derive.errors import nearest
from backprop_derive.frozen import dataclass
from backprop_derive.graph.expressions import Expression, Number
from backprop_derive.graph.indices import Affine, Axis
from backprop_derive.language.syntax import Call, Syntax
from backprop_derive.operations.rows import Function, Loss


@dataclass(frozen=True, slots=True)
class LossCall:
    """A loss over given vectors, with the numbers for its last arguments."""

    row: Loss
    vectors: tuple[Vector, ...]
    numbers: tuple[Expression, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the numbers depend on nothing, so that the derivatives by the vectors are all there are."""
        return all(isinstance(each, Number) for each in self.numbers)

    @property
    def count(self) -> Affine:
        """How many entries each of the arrays has, which a mean is taken over."""
        return reduce(Affine.times, self.vectors[0].shape)

    def scope(self, places: dict[str, Affine] | None = None, indices: dict[str, Axis | None] | None = None) -> Scope:
        """What the row's formulas may mention; `places` are letters that stand for numbers."""
        given = (*self.vectors, *(Vector((each,)) for each in self.numbers))
        return Scope(vectors=dict(zip(self.row.arguments, given, strict=True)), sizes={"n": self.count, **(places or {})}, indices=indices or {})


def given_arguments(tree: Call, row: Function | Loss) -> dict[str, Syntax]:
    """The arguments that a call gives, by position or as `name=value`. Raises FormulaError for too few, too many, unknown or repeated ones."""
    least, most = len(row.required), len(row.arguments)
    if not least <= len(tree.arguments) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise fault(f"{row.name} takes {wanted} argument{'s' * (most != 1)} ({', '.join(row.arguments)}); {len(tree.arguments)} given", tree)
    given = dict(zip(row.arguments, tree.arguments, strict=False))
    optional = row.arguments[least:]
    for name, value in tree.options:
        if name not in optional:
            raise fault(f"{row.name} has no option {name!r}{_listed(optional)}", value, near=nearest(name, optional))
        if name in given:
            raise fault(f"{row.name} is given {name} twice", value)
        given[name] = value
    return given


def _listed(names: tuple[str, ...]) -> str:
    return f"; it has {', '.join(names)}" if names else ""
