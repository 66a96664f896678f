"""What a spec says in numbers: values, data, and how a training step is made. The mathematics of a graph needs none of it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from backprop_derive.frozen import dataclass, field
from backprop_derive.spec.source import Mark

Nested = Fraction | tuple[object, ...]
"""An exact number, or rows of such."""
Place = tuple[int, ...]
Draw = Literal["random", "xavier", "he"]


@dataclass(frozen=True, slots=True)
class GivenValue:
    """The value of the leaf `name`: of the whole of it, or of one entry, by its indices. Rows of a matrix come first."""

    name: str
    value: Nested
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class DataRow:
    """A sample that stands in the spec: its cells as they are written, by column, and where each of them stands."""

    columns: tuple[str, ...]
    cells: tuple[str, ...]
    marks: tuple[Mark, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class DataRows:
    """The samples of a spec."""

    rows: tuple[DataRow, ...]


@dataclass(frozen=True, slots=True)
class DataFile:
    """The path of a CSV file with a header, a row a sample, and where the spec names it."""

    path: str
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a spec, as far as it gives them.

    `others` says how values that are not given are drawn; without it they are not. `classes` are the targets for which
    data gives a class, and the graph sees a vector with a 1 at its place. `frozen` are parameters, or entries of them,
    that a training step leaves as they are. `constants` are those of the optimiser that the spec sets. `called` is what
    inputs and targets are called in data, where that is another name.
    """

    values: tuple[GivenValue, ...] = ()
    others: Draw | None = None
    seed: int | None = None
    data: DataRows | DataFile | None = None
    classes: tuple[str, ...] = ()
    frozen: tuple[tuple[str, Place | None], ...] = ()
    optimizer: str = "sgd"
    constants: Mapping[str, Fraction] = field(default_factory=dict)
    learning_rate: Fraction | None = None
    called: Mapping[str, str] = field(default_factory=dict)
