"""A document as one page for a browser: formulas in MathML, nothing from outside, light and dark, and fit to print.

What the script adds (folding all parts at once, copying a formula as LaTeX) is not needed to read the page, and the page allows
no other script: its policy names the one that it holds by its hash.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape
from itertools import pairwise

from backprop_derive.graph.expressions import Expression, Partial
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
from backprop_derive.presentation.figures import figure
from backprop_derive.presentation.mathematics.layout import SetRow, set_results, set_rows
from backprop_derive.presentation.mathematics.mathml import mathml_of
from backprop_derive.presentation.page import asset
from backprop_derive.presentation.page.network import anchor, network
from backprop_derive.presentation.plain import visible
from backprop_derive.presentation.selection import weight_key, weight_of
from backprop_derive.presentation.typesetting import Inline, Typesetter

WIDTH = 40.0  # em
_CURVE = (560, 200)  # pixels


def render(document: Document) -> str:
    """The page."""
    style, script = asset("text.css") + asset("page.css"), asset("page.js")
    title = next(("".join(part for part in block.text if isinstance(part, str)) for block in document.blocks if isinstance(block, Heading)), "Derivation")
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{_escaped(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{_aside(document)}{article(document)}</main>
<script>{script}</script>
</body>
</html>
"""


def cell(document: Document) -> str:
    """The text of the page, for the output of a cell of a notebook: in its colours, and with a style that touches nothing else."""
    return f'<div class="backprop-derive"><style>{asset("cell.css")}.backprop-derive {{\n{asset("text.css")}}}</style>\n{article(document)}</div>'


def article(document: Document) -> str:
    """The text of the page, without the network beside it and without style."""
    return f"<article>\n{_joined(_Page(document).lines())}</article>\n"


def _aside(document: Document) -> str:
    """The network, if the document has its picture."""
    page = _Page(document)
    return "".join(_joined(network(block, page.words, page.places)) for block in document.blocks if isinstance(block, Figure))


def _joined(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


class _Page:
    """The blocks of a document as elements. A section goes from its heading to the next one; a part with a label folds."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.typesetter = Typesetter(document, WIDTH)
        self.folding, self.in_section = False, False
        self.sections = {_subject(block.text) for block in document.blocks if isinstance(block, Heading) and block.level == 2}
        self.places = {key: anchor(key) for key in self._subjects()}
        self.given: set[str] = set()

    def lines(self) -> Iterator[str]:
        """Each element."""
        for block in self.document.blocks:
            yield from self._block(block)
        yield from self._closed(whole=True)

    def _block(self, block: Block) -> Iterator[str]:
        match block:
            case Heading():
                yield from self._heading(block)
            case Paragraph(text):
                yield f"<p>{self.words(text)}</p>"
            case Equation(left, right, relation):
                yield from self._aligned((Row(left, right, (), relation),))
            case Aligned(rows):
                yield from self._aligned(rows)
            case Results():
                yield from self._results(block)
            case Table(header, rows):
                yield from self._table(header, rows)
            case Listing(text, _):
                yield f"<pre><code>{_escaped_lines(text)}</code></pre>"
            case Quotation(text, marks):
                yield f"<pre>{_marked(text, marks)}</pre>"
            case Curve():
                yield from _drawn(block)
            case Figure():
                return  # it stands beside the text

    # -- headings ---------------------------------------------------------------------------------------------------------

    def _heading(self, heading: Heading) -> Iterator[str]:
        yield from self._closed(whole=heading.level < 3)
        words = self.words(heading.text, plain=heading.level == 1)
        if heading.level == 4:
            self.folding = True
            yield f"<details open><summary>{words}</summary>"
            return
        if heading.level == 2:
            self.in_section = True
            yield f"<section{self._place(heading.text)}>"
        yield f"<h{heading.level}>{words}</h{heading.level}>"

    def _closed(self, *, whole: bool) -> Iterator[str]:
        """The ends of what is open: the part that folds, and the section if the `whole` of it ends."""
        if self.folding:
            self.folding = False
            yield "</details>"
        if whole and self.in_section:
            self.in_section = False
            yield "</section>"

    def _place(self, text: Text) -> str:
        """The name of the place that the network leads to, if this is it."""
        key = _subject(text)
        if key is None or key in self.given:
            return ""
        self.given.add(key)
        return f' id="{_escaped(self.places[key])}" data-weight="{_escaped(key)}"'

    # -- words ------------------------------------------------------------------------------------------------------------

    def words(self, text: Text, *, plain: bool = False) -> str:
        """Words with formulas among them."""
        return "".join(_escaped(part) if isinstance(part, str) else _inline(part) for part in self.typesetter.parts(text, plain=plain))

    # -- formulas ---------------------------------------------------------------------------------------------------------

    def _aligned(self, rows: Sequence[Row]) -> Iterator[str]:
        """`left = right`, aligned at the relation, reasons beside or below."""
        if not rows:
            return
        rows_set = set_rows(rows, self.typesetter.formulas, WIDTH)
        beside = any(row.beside for row in rows_set.rows)
        yield f'<div class="aligned{" stacked" if rows_set.stacked else ""}{" beside" if beside else ""}">'
        whole = ""
        for row, each in zip(rows, rows_set.rows, strict=True):
            whole = each.left or whole
            right = self.typesetter.formulas.writer.write(row.right, row.labels)
            yield f'<div class="row" data-left="{_escaped(whole)}" data-right="{_escaped(f"{row.relation} {right}")}"{self._row_place(row)}>{self._cells(each)}</div>'
        yield "</div>"

    def _row_place(self, row: Row) -> str:
        """A row is the place of a weight that has no section, if it says what the derivative of the cost by it is."""
        return self._place((row.left,)) if row.left is not None and self._is_gradient(row.left) and _subject((row.left,)) not in self.sections else ""

    def _is_gradient(self, left: Expression) -> bool:
        graph = self.document.graph
        return graph is not None and isinstance(left, Partial) and left.top.name == graph.cost.name and graph.node(left.bottom.name).role == "parameter"

    def _subjects(self) -> Iterator[str]:
        """Which weights there is a place about."""
        rows = [row.left for block in self.document.blocks if isinstance(block, Aligned) for row in block.rows if row.left is not None and self._is_gradient(row.left)]
        yield from (key for key in (*self.sections, *(_subject((left,)) for left in rows)) if key is not None)

    def _cells(self, row: SetRow) -> str:
        first, *rest = row.right
        reason = f'<div class="reason{"" if row.beside else " below"}">{self.words(row.reason)}</div>' if row.reason else ""
        left = f'<div class="left">{_displayed(row.left)}</div>' if row.left else ""
        lines = [_displayed(first), *(_displayed("{}" + line) for line in rest)]
        right = "".join(f'<div class="line">{line}</div>' for line in lines)
        return f'{left}<div class="relation">{_displayed("{}" + row.relation + "{}")}</div><div class="right">{right}</div>{reason}'

    def _results(self, block: Results) -> Iterator[str]:
        """`quantity = formula = number`, aligned at both relations."""
        yield '<div class="results">'
        for result in set_results(block.lines, self.typesetter.formulas, WIDTH):
            formula = "".join(f'<div class="line">{_displayed("{}" + line)}</div>' for line in result.formula)
            middle = f'<div class="relation">{_displayed("{}={}")}</div><div class="right">{formula}</div>' if formula else ""
            number = f'<div class="number{" below" if result.below else ""}">{_displayed("{}={}")} {self.words(result.number)}</div>'
            yield f'<div class="row{"" if formula else " plain"}"><div class="left">{_displayed(result.left)}</div>{middle}{number}</div>'
        yield "</div>"

    # -- tables -----------------------------------------------------------------------------------------------------------

    def _table(self, header: Sequence[Text], rows: Sequence[Sequence[Text]]) -> Iterator[str]:
        """Without a header, the first column labels the others."""
        yield f'<div class="wide"><table{"" if header else " class=" + chr(34) + "facts" + chr(34)}>'
        if header:
            yield "<thead><tr>" + "".join(f'<th scope="col">{self.words(cell)}</th>' for cell in header) + "</tr></thead>"
        yield "<tbody>"
        for label, *cells in rows:
            first = f"<td>{self.words(label)}</td>" if header else f'<th scope="row">{self.words(label)}</th>'
            yield f"<tr>{first}{''.join(f'<td>{self.words(cell)}</td>' for cell in cells)}</tr>"
        yield "</tbody></table></div>"


def _subject(text: Text) -> str | None:
    """Which parameter a text is about that is nothing but a derivative by it."""
    found = text[0] if len(text) == 1 else None
    return weight_key(*weight_of(found.bottom)) if isinstance(found, Partial) else None


def _escaped(text: str) -> str:
    return escape(visible(text), quote=True)


def _escaped_lines(text: str) -> str:
    return "\n".join(map(_escaped, text.splitlines()))


def _inline(part: Inline) -> str:
    """A formula among words: the browser may end a line where one may end."""
    return "<wbr>".join(mathml_of(piece) for piece in part.latex.split(r"\allowbreak "))


def _displayed(latex: str) -> str:
    return mathml_of(latex).replace("<math>", '<math displaystyle="true">', 1)


def _marked(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """What somebody wrote, its marked parts as such."""
    edges = sorted({0, len(text), *(edge for mark in marks for edge in mark)})
    parts = []
    for start, end in pairwise(edges):
        piece = _escaped_lines(text[start:end]) + ("\n" if text[start:end].endswith("\n") else "")
        parts.append(f"<mark>{piece}</mark>" if any(low <= start and end <= high for low, high in marks) else piece)
    return "".join(parts)


def _drawn(curve: Curve) -> Iterator[str]:
    """The curve with its axes and their ends."""
    wide, high = _CURVE
    low, top = min(0.0, *curve.values), max(curve.values)
    top = top if top > low else low + 1
    step, last = max(1, len(curve.values) // 400), max(len(curve.values) - 1, 1)
    points = " ".join(f"{wide * at / last:.1f},{high * (top - curve.values[at]) / (top - low):.1f}" for at in range(0, len(curve.values), step))
    said = f"{curve.up} over {curve.across}, from {figure(curve.values[0], 3).text} to {figure(curve.values[-1], 3).text}"
    yield f'<svg class="curve" viewBox="-90 -20 {wide + 110} {high + 50}" width="{wide + 110}" role="img" aria-label="{_escaped(said)}">'
    yield f'<path class="axis" d="M0 0V{high}H{wide}"/><polyline points="{points}"/>'
    for x, y, align, text in (
        (-8, 5, "end", figure(top, 3).text), (-8, high, "end", figure(low, 3).text), (0, high + 20, "start", "0"),
        (wide, high + 20, "end", str(len(curve.values) - 1)), (wide / 2, high + 20, "middle", curve.across), (8, -6, "start", curve.up),
    ):  # fmt: skip
        yield f'<text x="{x:g}" y="{y:g}" text-anchor="{align}">{_escaped(text)}</text>'
    yield "</svg>"
