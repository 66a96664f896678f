"""A document in typst's language, of which typst makes a PDF without any TeX. Words are strings: nothing in them is code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from backprop_derive.presentation.mathematics.layout import CONTINUED, GAP, RELATION, longest_word, set_columns, set_results, set_rows
from backprop_derive.presentation.mathematics.typst import quoted, typst_of
from backprop_derive.presentation.mathematics.widths import width_of
from backprop_derive.presentation.picture import Picture
from backprop_derive.presentation.pictures.svg import STYLE, svg_and_size
from backprop_derive.presentation.quoting import listed
from backprop_derive.presentation.typesetting import Inline, Typesetter

WIDTH = 165.0  # millimetres of a line
_EM = 3.88  # millimetres, at 11 points
_MARGIN = 1.0  # em, in front of formulas
_CURVE = (90.0, 45.0)  # millimetres
_TALLEST = 210.0  # millimetres, of a picture of a network
_PIXEL = 0.2  # millimetres, of a picture of a network

_PREAMBLE = """#set page(paper: "a4", margin: (x: (210mm - {width:g}mm) / 2, top: 22mm, bottom: 24mm), numbering: "1")
#set document(title: {title}, date: none)
#set text(font: "New Computer Modern", size: 11pt, lang: "en")
#set par(justify: false)
#show heading.where(level: 1): set text(size: 1.3em)
#show heading.where(level: 2): set text(size: 1.1em)
#show heading: set block(above: 1.6em, below: 0.9em)
#show math.equation: set text(font: "New Computer Modern Math")
#let label-of(body) = block(sticky: true, above: 1.2em, below: 0.9em, emph(body))
#let reason(body) = text(size: 0.9em, top-edge: "cap-height", bottom-edge: "baseline", body)
#let aligned(..cells) = block(inset: (left: {margin:g}em), {{
  set text(top-edge: "bounds", bottom-edge: "bounds")
  grid(columns: (auto, 1fr), column-gutter: {gap:g}em, row-gutter: 0.55em, align: left + horizon, ..cells)
}})
#let strut = box(height: 0.95em, baseline: 0.25em)
#let side(width, body) = box(width: width, align(right, body)) + strut
#let go-on(width) = h(width) + strut
"""


def render(document: Document, *, width: float = WIDTH) -> str:
    """The page; `width` is that of a line in millimetres: formulas are broken at it."""
    title = next((_plain(block.text) for block in document.blocks if isinstance(block, Heading) and block.level == 1), "")
    preamble = _PREAMBLE.format(width=width, margin=_MARGIN, gap=GAP, title=quoted(_shown(title)))
    return preamble + "\n" + "\n".join(_Page(document, width / _EM).blocks())


class _Page:
    """The blocks of a document in typst, for lines of `width` em."""

    def __init__(self, document: Document, width: float) -> None:
        self.document, self.width = document, width
        self.typesetter = Typesetter(document, width)

    def blocks(self) -> Iterator[str]:
        """Each block."""
        for block in self.document.blocks:
            yield "".join(line + "\n" for line in self._block(block))

    def _block(self, block: Block) -> Iterator[str]:
        match block:
            case Heading(4, text):
                yield f"#label-of[{self.words(text)}]"
            case Heading(level, text):
                yield f"#heading(level: {level})[{self.words(text, plain=level == 1, font='bold')}]"
            case Paragraph(text):
                yield f"#par[{self.words(text)}]"
            case Equation(left, right, relation):
                yield from self._aligned((Row(left, right, (), relation),))
            case Aligned(rows):
                yield from self._aligned(rows)
            case Results():
                yield from self._results(block)
            case Table(header, rows):
                yield from self._table(header, rows)
            case Listing(text, _):
                yield "#raw(block: true, " + quoted("\n".join(map(_shown, text.splitlines()))) + ")"
            case Quotation(text, marks):
                yield "#raw(block: true, " + quoted("\n".join(map(_shown, listed(text, marks).splitlines()))) + ")"
            case Curve():
                yield from _picture(block)
            case Figure(picture):
                yield from _network(picture, self.width * _EM)

    def words(self, text: Text, *, plain: bool = False, font: str = "") -> str:
        """Words as strings, with formulas in dollars."""
        return "".join(self._part(part, font) for part in self.typesetter.parts(text, plain=plain))

    def _part(self, part: str | Inline, font: str) -> str:
        if isinstance(part, str):
            return f"#{quoted(_shown(part))};"
        return f"${font}({typst_of(part.latex)})$" if font else f"${typst_of(part.latex)}$"

    # -- formulas ---------------------------------------------------------------------------------------------------------

    def _aligned(self, rows: Sequence[Row]) -> Iterator[str]:
        """`left = right`, aligned at the relation, reasons beside or below."""
        if not rows:
            return
        rows_set = set_rows(rows, self.typesetter.formulas, self.width - _MARGIN)
        side = CONTINUED if rows_set.stacked else max(width_of(row.left) if row.left else 0 for row in rows_set.rows) + 0.1
        yield "#aligned("
        for row in rows_set.rows:
            left = row.left
            if left and rows_set.stacked:
                yield _wide("#strut" + _display(left))
                left = ""
            first = f"#side({side:.2f}em)[{_display(left) if left else ''}]" + _display(f"{{}} {row.relation} {row.right[0]}")
            yield f"  [{first}], [#reason[{self.words(row.reason)}]]," if row.beside else _wide(first)
            for line in row.right[1:]:
                start = side if line.startswith("=") else side + CONTINUED
                yield _wide(f"#go-on({start:.2f}em)" + _display(f"{{}} {line}"))
            if row.reason and not row.beside:
                yield _wide(f"#pad(left: {side + CONTINUED + RELATION / 2:.2f}em, reason[{self.words(row.reason)}])")
        yield ")"

    def _results(self, block: Results) -> Iterator[str]:
        """`quantity = formula = number`, aligned at both relations."""
        results = set_results(block.lines, self.typesetter.formulas, self.width - _MARGIN)
        side = max(width_of(result.left) for result in results) + 0.1
        middle = max((width_of(result.formula[0]) for result in results if result.formula and not result.below), default=0.0) + RELATION
        yield "#aligned("
        for result in results:
            start, number = f"#side({side:.2f}em)[{_display(result.left)}]", _display("{} =") + f"#h(0.28em){self.words(result.number)}"
            if not result.formula:
                yield _wide(start + number)
                continue
            first, *rest = result.formula
            if result.below:
                yield _wide(start + _display("{} = " + first))
                for line in rest:
                    yield _wide(f"#go-on({side + CONTINUED:.2f}em)" + _display("{} " + line))
                yield _wide(f"#go-on({side:.2f}em)" + number)
            else:
                yield _wide(f"{start}#box(width: {middle:.2f}em)[{_display('{} = ' + first)}]{number}")
        yield ")"

    # -- tables -----------------------------------------------------------------------------------------------------------

    def _table(self, header: Sequence[Text], rows: Sequence[Sequence[Text]]) -> Iterator[str]:
        """Columns as wide as their cells; wide tables in panels."""
        if not rows:
            return
        cells = [header, *rows] if header else list(rows)
        least = [max(longest_word(row[column], self.typesetter.formulas_if_any) for row in cells) for column in range(len(cells[0]))]
        for panel in set_columns(least, self.width, headed=bool(header)):
            columns = ", ".join(["auto"] * (len(panel) - (not header)) + ["1fr"] * (not header))
            yield f"#table(columns: ({columns},), stroke: none, align: left, inset: (x: 0pt, y: 0.4em), column-gutter: {GAP:g}em,"
            if header:
                yield "  table.header(" + ", ".join(f"[#emph[{self.words(header[at])}]]" for at in panel) + "), table.hline(stroke: 0.5pt),"
            for row in rows:
                yield "  " + ", ".join(f"[{self.words(row[at])}]" for at in panel) + ","
            yield ")"


def _display(latex: str) -> str:
    return f"$display({typst_of(latex)})$"


def _wide(content: str) -> str:
    """A line without a reason beside it."""
    return f"  grid.cell(colspan: 2)[{content}],"


def _shown(text: str) -> str:
    """Words whose letters typst's own fonts have; others are printed as their escapes."""
    return "".join(letter if letter.isprintable() and (ord(letter) < 0x530 or 0x2000 <= ord(letter) < 0x2300) else ascii(letter)[1:-1] for letter in text)


def _plain(text: Text) -> str:
    return "".join(part for part in text if isinstance(part, str))


def _network(picture: Picture, room: float) -> Iterator[str]:
    """The picture of a network, made smaller where it is wider than a line or higher than a page; `room` is in millimetres."""
    drawn, wide, high = svg_and_size(picture, style=STYLE, room=room / _PIXEL)
    yield f"#block(above: 1.2em, below: 1.2em, image(bytes({quoted(drawn)}), format: \"svg\", width: {min(room, wide * _PIXEL, _TALLEST * wide / high):.1f}mm))"


def _picture(curve: Curve) -> Iterator[str]:
    """The curve with its axes and their ends."""
    wide, high = _CURVE
    low, top = min(0.0, *curve.values), max(curve.values)
    top = top if top > low else low + 1
    step = max(1, len(curve.values) // 400)
    points = [(wide * at / max(len(curve.values) - 1, 1), high * (top - curve.values[at]) / (top - low)) for at in range(0, len(curve.values), step)]
    first, *rest = (f"({x:.3f}mm, {y:.3f}mm)" for x, y in points)
    lines = ", ".join(f"curve.line({point})" for point in rest)
    yield f"#block(inset: (left: 16mm, top: 6mm, bottom: 8mm), breakable: false, box(width: {wide:g}mm, height: {high:g}mm, stroke: (left: 0.5pt, bottom: 0.5pt), " + "{"
    yield f"  place(curve(stroke: 1pt, curve.move({first}), {lines}))"
    for x, y, anchor, text in (
        (-2.0, 0.0, "right", figure(top, 3).text), (-2.0, high - 3, "right", figure(low, 3).text), (0.0, high + 2, "left", "0"),
        (wide, high + 2, "right", str(len(curve.values) - 1)), (wide / 2, high + 2, "center", _shown(curve.across)), (2.0, 0.0, "left", _shown(curve.up)),
    ):  # fmt: skip
        yield f"  place(dx: {x:g}mm, dy: {y:g}mm, box(width: 0pt, place({anchor}, text(size: 0.85em, {quoted(text)}))))"
    yield "}))"
