"""What a person wrote, once it has been read: equations between expressions over the nodes of a graph."""

from __future__ import annotations

from dataclasses import dataclass

from backprop_derive.graph.expressions import Expression
from backprop_derive.graph.indices import Axis
from backprop_derive.language.syntax import Numeral, Syntax


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file (or `-`, or the key of an answer), a line and a column, both from 1."""

    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part not in (None, ""))


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an equation.

    `expression` mentions nodes, adjoints by the names of the backward pass (`delta_B`), names that the derivation has
    defined on the way, `eta`, and total derivatives (`Partial`). Where it is an array, it gives the entry at the free
    index `letters`, which run over `axes`; the sample index is not among them, and is free in what differs from sample
    to sample. `number` is the numeral where the side is a bare number (a sign may stand before it). `start` and `end` are
    offsets into the statement's text; those of `syntax` are too. `notes` say how something was read that was not obvious.
    """

    expression: Expression
    syntax: Syntax
    start: int = 0
    end: int = 0
    letters: tuple[str, ...] = ()
    axes: tuple[Axis, ...] = ()
    number: Numeral | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """`first = second = …`: sides that are said to be equal, in the order in which they stand.

    `continued`: it began with `=` and goes on from the statement before. `defines` is the name that it introduces, where
    the first side is a bare name that neither the graph nor the derivation so far knows; the side that defines it is the
    second. `conditional`: it says where it holds (`= 1 for z > 0`), and each side is a `Where` that is 0 elsewhere.
    """

    text: str
    place: Place
    sides: tuple[Side, ...]
    continued: bool = False
    defines: str | None = None
    conditional: bool = False
