"""A document as Markdown with mathematics in dollars, as GitHub and Jupyter show it. Words are never markup.

Both read Markdown before mathematics: a backslash in front of a sign would be lost, so that formulas are spelled without any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from backprop_derive.presentation.curves import drawn_curve
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
from backprop_derive.presentation.mathematics.layout import SetRow, SetRows, set_results, set_rows
from backprop_derive.presentation.mathematics.widths import text_width, width_of
from backprop_derive.presentation.picture import Picture
from backprop_derive.presentation.pictures.characters import picture_and_legend
from backprop_derive.presentation.plain import visible
from backprop_derive.presentation.quoting import listed
from backprop_derive.presentation.styles import UnicodeWriter
from backprop_derive.presentation.typesetting import Inline, Typesetter

WIDTH = 44.0  # em
_CHARACTERS = 100  # of a picture in characters
_MARKUP = re.compile(r"([`*_\[\]$~|])")
_EMOJI_OR_LINK = re.compile(r":(?=\w+:|//)")
_LINE_START = re.compile(r"^(?:(\d+)([.)])|([#+=-]))")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\\": "&#92;", "@": "&#64;"}
_NAMED = {
    r"\,": r"\thinspace ", r"\;": r"\thickspace ", r"\:": r"\medspace ", r"\!": r"\negthinspace ", r"\ ": "~", r"\{": r"\lbrace ", r"\}": r"\rbrace ",
    r"\|": r"\Vert ", "<": r"\lt ", ">": r"\gt ", "|": r"\vert ", r"\\": r"\cr ", "*": r"\ast ",
}  # fmt: skip
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_(?! )")  # it could begin emphasised words
_SIGNS = re.compile(r"\\[^A-Za-z]|[<>|*]")
_IN_TEXT = {"<": r"}\lt \text{", ">": r"}\gt \text{", "|": r"}\vert \text{", "*": r"}\ast \text{"}
_NOT_IN_TEXT = frozenset("{}$\\^~`&%#_")
_FULL_WIDTH = 0xFEE0  # what is added to a sign to have its full-width form


def render(document: Document) -> str:
    """The page."""
    return "\n".join(Pieces(document).blocks())


class Pieces:
    """The blocks of a document in Markdown."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.typesetter = Typesetter(document, WIDTH)

    def blocks(self) -> Iterator[str]:
        """Each block, with a line end behind it; nothing for one that Markdown cannot show."""
        for block in self.document.blocks:
            yield from self.block(block)

    def block(self, block: Block) -> Iterator[str]:
        """One block."""
        text = "".join(line + "\n" for line in self._block(block))
        if text:
            yield text

    def _block(self, block: Block) -> Iterator[str]:
        match block:
            case Heading(4, text):
                yield f"**{self.words(text)}**"
            case Heading(level, text):
                yield f"{'#' * level} {self.words(text, plain=level == 1)}"
            case Paragraph(text):
                yield self.words(text)
            case Equation(left, right, relation):
                yield from self._aligned((Row(left, right, (), relation),))
            case Aligned(rows):
                yield from self._aligned(rows)
            case Results():
                yield from self._results(block)
            case Table(header, rows):
                yield from self._table(header, rows)
            case Listing(text, language):
                yield from fenced(text, language or "text")
            case Figure(picture):
                yield from self._figure(picture)
            case Quotation(text, marks):
                yield from fenced(listed(text, marks))
            case Curve():
                yield from fenced("\n".join(drawn_curve(block, 76, unicode=True)))

    def _figure(self, picture: Picture) -> Iterator[str]:
        """The picture in characters, which every reader of Markdown shows, and a legend. (GitHub takes SVG out of Markdown, and Jupyter
        shows none from attachments.)"""
        writer = UnicodeWriter(picture.graph)
        drawn, legend = picture_and_legend(picture, _CHARACTERS, lambda text: "".join(part if isinstance(part, str) else writer.write(part) for part in text), unicode=True)
        yield from fenced("\n".join("".join(part for part, _ in line) for line in drawn))
        for block in legend:
            yield ""
            yield from self._block(block)

    # -- words ----------------------------------------------------------------------------------------------------------

    def words(self, text: Text, *, plain: bool = False) -> str:
        """Words without markup, on one line, with formulas in dollars."""
        parts = [f"${robust(part.latex)}$" if isinstance(part, Inline) else _escaped(part) for part in self.typesetter.parts(text, plain=plain)]
        return _LINE_START.sub(_escaped_start, "".join(parts).strip())

    def _reason(self, text: Text, room: float) -> list[str]:
        """Words inside of a formula, in lines of `room` em."""
        lines: list[list[tuple[bool, str]]] = [[]]
        width = 0.0
        for part in self.typesetter.parts(text):
            formula = isinstance(part, Inline)
            pieces = [part.latex] if isinstance(part, Inline) else re.findall(r"\s*\S+|\s+$", part)
            for piece in pieces:
                wide = width_of(piece) if formula else text_width(piece)
                if lines[-1] and width + wide > room and (formula or piece.startswith(" ")):
                    lines.append([])
                    width = 0.0
                lines[-1].append((formula, piece if lines[-1] else piece.lstrip()))
                width += wide
        return [r"\small " + "".join(_in_lines(line)) for line in lines]

    # -- formulas ---------------------------------------------------------------------------------------------------------

    def _aligned(self, rows: Sequence[Row]) -> Iterator[str]:
        if rows:
            rows_set = set_rows(rows, self.typesetter.formulas, WIDTH)
            yield from _display([line for row in rows_set.rows for line in self._lines(row, rows_set)])

    def _lines(self, row: SetRow, rows_set: SetRows) -> Iterator[str]:
        left = robust(row.left)
        if left and rows_set.stacked:
            yield f"& {left}"
            left = ""
        first, *rest = map(robust, row.right)
        beside = self._reason(row.reason, rows_set.reason_beside) if row.beside else []
        yield f"{left} &{robust(row.relation)} {first}" + (rf" & \qquad {_stacked(beside)}" if beside else "")
        yield from (f"&{line}" if line.startswith("=") else rf"&\quad {line}" for line in rest)
        if row.reason and not row.beside:
            yield from (rf"&\quad {line}" for line in self._reason(row.reason, rows_set.reason_below))

    def _results(self, block: Results) -> Iterator[str]:
        lines: list[str] = []
        for result in set_results(block.lines, self.typesetter.formulas, WIDTH):
            number = "".join(robust(part.latex) if isinstance(part, Inline) else rf"\text{{{_in_formula(part)}}}" for part in self.typesetter.parts(result.number))
            first, *rest = [*map(robust, result.formula), ""]
            if not first:
                lines.append(f"{robust(result.left)} &= {number}")
                continue
            lines += [f"{robust(result.left)} &= {first}", *(rf"&\quad {line}" for line in rest if line)]
            if result.below:
                lines.append(f"&= {number}")
            else:
                lines[-1] += rf" & \qquad = {number}"
        yield from _display(lines)

    # -- tables -----------------------------------------------------------------------------------------------------------

    def _table(self, header: Sequence[Text], rows: Sequence[Sequence[Text]]) -> Iterator[str]:
        """Without a header, that row is empty: Markdown has no table without one."""
        if not rows:
            return
        yield "| " + " | ".join(self.words(cell) for cell in (header or [()] * len(rows[0]))) + " |"
        yield "|" + "---|" * len(rows[0])
        for row in rows:
            yield "| " + " | ".join(self.words(cell) for cell in row) + " |"


def _in_lines(pieces: Sequence[tuple[bool, str]]) -> Iterator[str]:
    """Formulas, and the words between them in `\\text{…}`."""
    for formula, run in groupby(pieces, key=itemgetter(0)):
        joined = "".join(piece for _, piece in run)
        yield robust(joined) if formula else rf"\text{{{_in_formula(joined)}}}"


def fenced(text: str, language: str = "text") -> Iterator[str]:
    """Lines as they are, in a fence that is longer than any in them. Nothing for no lines."""
    if not text.strip():
        return
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    yield fence + language
    yield from (visible(line) for line in text.splitlines())
    yield fence


def robust(latex: str) -> str:
    r"""A formula without a backslash in front of a sign, and without signs that HTML or a table would take.

    >>> print(robust(r"a\,b < c"))
    a\thinspace b \lt  c
    """
    return _EMPHASIS.sub("_ ", _SIGNS.sub(lambda sign: _NAMED[sign[0]], latex.replace(r"\allowbreak ", "")))


def _display(lines: Sequence[str]) -> Iterator[str]:
    yield "$$"
    yield r"\begin{aligned}"
    yield " \\cr\n".join(lines)
    yield r"\end{aligned}"
    yield "$$"


def _stacked(lines: Sequence[str]) -> str:
    if len(lines) == 1:
        return lines[0]
    return r"\begin{array}{l} " + r" \cr ".join(lines) + r" \end{array}"


def _escaped(text: str) -> str:
    """Words that Markdown shows as they are."""
    entities = "".join(_ENTITIES.get(letter, letter) for letter in visible(text))
    return _EMOJI_OR_LINK.sub("&#58;", _MARKUP.sub(r"\\\1", entities))


def _escaped_start(found: re.Match[str]) -> str:
    """What would make a heading or a list of a paragraph."""
    return f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}"


def _in_formula(text: str) -> str:
    r"""Words inside of `\text{…}`. A sign that needs an escape there has its full-width form: Markdown would take the escape."""
    return "".join(_IN_TEXT.get(letter, chr(ord(letter) + _FULL_WIDTH) if letter in _NOT_IN_TEXT else letter) for letter in visible(text))
