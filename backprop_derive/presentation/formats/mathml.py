"""A document as one formula in MathML, for programs that read MathML and for browsers: a column of lines, and of tables with what is aligned.

What is aligned how is said twice, by attributes (MathML 3) and by style (MathML Core, as in browsers).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from backprop_derive.presentation.document import (
    Aligned,
    Block,
    Curve,
    Document,
    Equation,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Quotation,
    Results,
    Row,
    Table,
    Text,
)
from backprop_derive.presentation.mathematics.layout import set_results, set_rows
from backprop_derive.presentation.mathematics.mathml import mathml_of
from backprop_derive.presentation.plain import visible
from backprop_derive.presentation.quoting import listed
from backprop_derive.presentation.typesetting import Typesetter

WIDTH = 44.0  # em
_SIDES = ("right", "center", "left", "left")  # left side, relation, right side, reason


def render(document: Document) -> str:
    """The file: XML with one element `math`."""
    rows = "".join(f"{_row([row], ['left'])}\n" for row in _Page(document).rows())
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">\n'
    return f'{head}<mtable displaystyle="true" columnalign="left">\n{rows}</mtable>\n</math>\n'


class _Page:
    """The rows of the table."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.typesetter = Typesetter(document, WIDTH)

    def rows(self) -> Iterator[str]:
        """Each row. A drawing of a network and a curve are no formulas, and are left out."""
        for block in self.document.blocks:
            yield from self._block(block)

    def _block(self, block: Block) -> Iterator[str]:
        match block:
            case Heading(level, text):
                yield f'<mstyle mathvariant="{"italic" if level == 4 else "bold"}">{self.words(text, plain=level == 1)}</mstyle>'
            case Paragraph(text):
                yield self.words(text)
            case Equation(left, right, relation):
                yield _table(self._aligned((Row(left, right, (), relation),)), _SIDES)
            case Aligned(rows):
                yield _table(self._aligned(rows), _SIDES)
            case Results():
                yield _table(self._results(block), _SIDES)
            case Table(header, rows):
                cells = [*map(self.words, header)] if header else []
                yield _table([*([cells] if cells else []), *([*map(self.words, row)] for row in rows)], ["left"] * len(rows[0] if rows else header))
            case Listing(text, _):
                yield from map(_line, text.splitlines())
            case Quotation(text, marks):
                yield from map(_line, listed(text, marks).splitlines())
            case Curve() | Figure():
                return

    def words(self, text: Text, *, plain: bool = False) -> str:
        """Words with formulas among them."""
        return "".join(_said(part) if isinstance(part, str) else _formula(part.latex) for part in self.typesetter.parts(text, plain=plain) if part)

    def _aligned(self, rows: Sequence[Row]) -> Iterator[Sequence[str]]:
        """`left = right`, reasons beside or below."""
        if not rows:
            return
        for row in set_rows(rows, self.typesetter.formulas, WIDTH).rows:
            first, *rest = row.right
            yield _formula(row.left), _formula(row.relation), _formula(first), self.words(row.reason) if row.beside else ""
            yield from (("", "", _formula("{}" + line), "") for line in rest)
            if row.reason and not row.beside:
                yield "", "", self.words(row.reason), ""

    def _results(self, block: Results) -> Iterator[Sequence[str]]:
        for result in set_results(block.lines, self.typesetter.formulas, WIDTH):
            number = f"{_formula('{}=')}<mspace width='0.28em'></mspace>{self.words(result.number)}"
            for place, line in enumerate(result.formula or ("",)):
                last = place == max(len(result.formula) - 1, 0)
                relation = "=" if line and place == 0 else ""
                yield _formula(result.left) if place == 0 else "", _formula(relation), _formula("{}" + line if line else ""), number if last else ""


def _formula(latex: str) -> str:
    """What stands in the element `math`; nothing for nothing."""
    return f"<mrow>{mathml_of(latex).removeprefix('<math>').removesuffix('</math>')}</mrow>" if latex else ""


def _said(words: str) -> str:
    """Words; XML would take blanks at their ends away."""
    return f"<mtext>{escape(visible(words)).replace(' ', '&#xA0;')}</mtext>"


def _line(text: str) -> str:
    return f'<mstyle mathvariant="monospace">{_said(text)}</mstyle>' if text else ""


def _table(rows: Iterable[Sequence[str]], columns: Sequence[str]) -> str:
    """A table of its own, so that its columns are as wide as what stands in them."""
    return f'<mtable displaystyle="true" columnalign="{" ".join(columns)}">{"".join(_row(row, columns) for row in rows)}</mtable>'


def _row(cells: Sequence[str], columns: Sequence[str]) -> str:
    return "<mtr>" + "".join(f'<mtd style="text-align: {column}">{cell or "<mrow></mrow>"}</mtd>' for cell, column in zip(cells, columns, strict=True)) + "</mtr>"
