"""A picture of a network as spots in columns and arrows between them. Labels are formulas, so that each format writes them in its own style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backprop_derive.graph.expressions import Expression, Partial, Ref
from backprop_derive.graph.nodes import Graph
from backprop_derive.presentation.document import Text

Kind = Literal["input", "parameter", "target", "unit", "loss", "dots"]

Derivative = tuple[Expression, Expression]
"""`(∂z/∂x, its value)`"""


@dataclass(frozen=True, slots=True)
class Spot:
    """A circle: an input, a parameter that is neither a weight nor a bias, a unit, a target, the loss, or the dots that stand for units left out.

    `function` is what the unit applies, `bias` what it adds. `lit` spots lie on a path from the chosen weight to the
    loss; `partial` is then the derivative inside the unit, of its output by its pre-activation, as `(left, right)`, `law`
    the same by index, and `by_weight` that by the chosen weight, where this is on no arrow: `∂z/∂b`.
    """

    key: str
    column: int
    kind: Kind
    label: Text
    function: Text = ()
    bias: Text = ()
    lit: bool = False
    partial: Derivative | None = None
    law: Derivative | None = None
    by_weight: Derivative | None = None


@dataclass(frozen=True, slots=True)
class Law:
    """Arrows between two arrays by index: from `x[k]` to `a[j]`, with `∂z[j]/∂x[k]` of the value `W[j,k]`, which is also their weight."""

    start: Ref
    end: Ref
    partial: Partial
    value: Expression
    weight: Expression | None = None


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow from spot `start` to spot `end`.

    `weight` is what the start is multiplied by (None where it passes through as it is), `partial` the derivative along
    the arrow, `(∂end/∂start, its value)`; on the arrow of the chosen weight it is the one by that weight, which
    is `by_weight` where the arrow is also on the way from another one. `law` is what
    all arrows between two arrays have in common. `shared`: the same weight stands on another arrow too. `again`, such
    as `t - 1`, is which step is read where the arrow leads to a later one of a recurrence.
    """

    start: str
    end: str
    weight: Expression | None = None
    partial: Derivative | None = None
    by_weight: Derivative | None = None
    law: Law | None = None
    lit: bool = False
    shared: bool = False
    again: Text = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A network: `spots` in columns from the inputs (0) to the loss, `arrows` between them; `notes` say what the picture leaves out.
    `chosen` is the weight whose paths are lit."""

    title: str
    graph: Graph
    spots: tuple[Spot, ...]
    arrows: tuple[Arrow, ...]
    notes: tuple[Text, ...] = ()
    chosen: Ref | None = None

    def _repr_svg_(self) -> str:
        """What Jupyter shows of it."""
        from backprop_derive.presentation.pictures.svg import render

        return render(self)


@dataclass(frozen=True, slots=True)
class Light:
    """A picture in which the paths of one weight are lit, by the weight's key (`W1[2,1]`) and as a formula."""

    key: str
    weight: Ref
    picture: Picture
