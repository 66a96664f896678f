"""A page as blocks of a few kinds. Formulas in them are expressions, so that each format writes them in its own style."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backprop_derive.building.renaming import Renaming
    from backprop_derive.graph.expressions import Expression
    from backprop_derive.graph.indices import Axis
    from backprop_derive.graph.nodes import Graph
    from backprop_derive.presentation.picture import Light, Picture

FORMAT = "backprop-derive/1"
"""What a record for machines calls itself."""

Text = tuple["str | Expression", ...]
"""Words with formulas among them."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: 1 is the title of the page, 2 a section, 3 a part of it, 4 a label in a part."""

    level: int
    text: Text


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words."""

    text: Text


@dataclass(frozen=True, slots=True)
class Equation:
    """One formula on a line of its own: `left = right`."""

    left: Expression
    right: Expression
    relation: str = "="


Label = tuple[tuple["Expression", ...], "Expression"]
"""Factors that stand side by side, and the name of their product, such as a δ."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an alignment. Without `left` it goes on from the line above: `= right`. `labels` name parts of `right`."""

    left: Expression | None
    right: Expression
    reason: Text = ()
    relation: str = "="
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Aligned:
    """Lines that are aligned at their relation, each with its reason."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of a computation: `quantity = formula = number`, perhaps without the formula."""

    quantity: Expression
    formula: Expression | None
    number: Text


@dataclass(frozen=True, slots=True)
class Results:
    """A computation, line by line, its numbers one below the other."""

    lines: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; without a header the first column labels the others."""

    header: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines that are printed as they are; `language` is what they are written in, "python" for code that runs."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Quotation:
    """What somebody wrote, as it stands there; `marks` are parts of it, as offsets, that are marked. (`quoting` makes lines of it.)"""

    text: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """How a quantity goes: its values at 0, 1, 2, … of what `across` counts."""

    values: tuple[float, ...]
    across: str
    up: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """The picture of a network, and for a page on which one can choose a weight, the same with the paths of each lit.

    Where a picture cannot say everything, in characters, a legend stands below it.
    """

    picture: Picture
    lights: tuple[Light, ...] = ()


Block = Heading | Paragraph | Equation | Aligned | Results | Table | Listing | Quotation | Curve | Figure


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in a record, with what is said of it besides its text: `{"of": "z_B", "text": …, "latex": …}`."""

    expression: Expression
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deferred:
    """A part of a record that is made when it is written: of many numbers there is no second copy before."""

    make: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A page: its blocks, and the same as a record for machines, in which formulas are expressions too.

    `graph` is what the formulas are over (None if there are none); `names` are the adjoints that they mention, each
    with its axes and whether it has a sample axis in front. `renaming` is the notation that the page is in; a record has the names of
    the spec, and that notation in its LaTeX.
    """

    blocks: tuple[Block, ...]
    record: Mapping[str, Any]
    graph: Graph | None = None
    names: Mapping[str, tuple[tuple[Axis, ...], bool]] = field(default_factory=dict)
    renaming: Renaming | None = None
