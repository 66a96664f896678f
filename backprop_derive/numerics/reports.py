"""What the numeric check finds: values only, nothing here computes or prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from backprop_derive.graph.expressions import Expression, Ref
from backprop_derive.graph.nodes import Graph
from backprop_derive.shown import Shown

Form = Literal["textbook", "backward", "adjoint"]
FORMS: tuple[Form, ...] = ("textbook", "backward", "adjoint")


@dataclass(frozen=True, slots=True)
class ParameterCheck:
    """The worst entry of a parameter over all seeds and all printed forms.

    `symbolic` is the value of `form`, `relative_error` = |symbolic - reference| / Σ|summands of the form|, 0 where both
    are 0. `error_estimate` is the reference's own, absolute. `entry` counts from the low end of each axis; it is empty
    for a scalar, and None where the worst was a direction across all entries of a parameter that is too large.
    """

    name: str
    symbolic: float
    reference: float
    relative_error: float
    error_estimate: float
    passed: bool
    entry: tuple[int, ...] | None
    form: Form
    seed: int


@dataclass(frozen=True, slots=True)
class Kink:
    """In the definition of `node`, `operation` has no derivative where `argument` is 0.

    `nearest` is the smallest |argument| of all the points that were checked, up to a factor near 1 (exact zeros, which no
    draw avoids, aside), infinite where nothing came into its reach. Of a maximum over an index, the argument is what is
    folded, and the distance that of the second largest from the largest.
    """

    node: Ref
    operation: str
    argument: Expression
    nearest: float


@dataclass(frozen=True, slots=True)
class Survivor:
    """A planted mistake that was not caught: in the gradient of `parameter`, `mistake` says which."""

    parameter: str
    mistake: str


@dataclass(frozen=True, slots=True)
class Power:
    """How many mistakes were planted into the printed gradients (those that change a value), and how many were caught."""

    planted: int
    caught: int
    survivors: tuple[Survivor, ...]


@dataclass(frozen=True)
class CheckReport(Shown):
    """The numeric proof of a derivation of `graph`. `references` are the methods that the printed forms were held against.

    `power` is None where no mistakes were planted.
    """

    graph: Graph = field(repr=False)
    passed: bool
    parameters: Mapping[str, ParameterCheck]
    references: tuple[str, ...]
    kinks: tuple[Kink, ...]
    seeds: tuple[int, ...]
    power: Power | None
    notes: tuple[str, ...] = ()
