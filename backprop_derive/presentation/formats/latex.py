r"""A document as LaTeX that needs nothing but amsmath: a whole file, or a fragment for `\input`. Words are never commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

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
from backprop_derive.presentation.latex_text import latex_text
from backprop_derive.presentation.mathematics.layout import (
    GAP,
    SetRows,
    longest_word,
    set_columns,
    set_results,
    set_rows,
    shrunk,
    words_width,
)
from backprop_derive.presentation.picture import Picture
from backprop_derive.presentation.pictures.tikz import LIBRARIES, tikz_picture
from backprop_derive.presentation.quoting import listed
from backprop_derive.presentation.typesetting import Inline, Typesetter

WIDTH = 165.0  # millimetres of a line
_EM = 3.85  # millimetres, at 11 points
_MARGIN = 1.0  # em, in front of formulas
_ROWS = 8  # of a table that stay on one page
_HEADINGS = {1: r"\section*", 2: r"\subsection*", 3: r"\subsubsection*"}
_KEPT_TOGETHER = 6
_CURVE = (90.0, 45.0)  # millimetres
_TALLEST = 55.0  # em, of a picture of a network

_PREAMBLE = r"""\documentclass[11pt,a4paper,fleqn]{article}
%(packages)s
%% paper and margins, for every engine
\ifdefined\pagewidth\pagewidth=\paperwidth\pageheight=\paperheight\else\pdfpagewidth=\paperwidth\pdfpageheight=\paperheight\fi
\setlength{\textwidth}{%(width)gmm}\setlength{\textheight}{245mm}
\setlength{\oddsidemargin}{\dimexpr(\paperwidth-\textwidth)/2-1in\relax}
\setlength{\topmargin}{-1in}\addtolength{\topmargin}{24mm}\setlength{\headheight}{0pt}\setlength{\headsep}{0pt}
\setlength{\mathindent}{%(margin)gem}\setlength{\parindent}{0pt}\setlength{\parskip}{6pt plus 2pt}\setlength{\emergencystretch}{4em}
\begin{document}
"""
_MACROS = r"""\providecommand{\derivationreason}[2]{\parbox[t]{#1}{\raggedright\small #2\strut}}
\providecommand{\derivationlines}{\par\nobreak\vspace{-\parskip}\vspace{-0.7\baselineskip}}
\begingroup\allowdisplaybreaks\def\arraystretch{1.3}
"""


def render(document: Document, *, fragment: bool = False, width: float = WIDTH) -> str:
    r"""The page for pdflatex, lualatex and xelatex; a `fragment` is for `\input` in a file that loads amsmath.

    `width` is that of a line in millimetres: formulas are broken at it.
    """
    body = "\n".join(_Page(document, width / _EM).blocks())
    text = f"{_MACROS}{body}\n\\endgroup\n"
    packages = "\\usepackage{amsmath}" + (f"\n{LIBRARIES}" if r"\begin{tikzpicture}" in body else "")
    packages += "\n\\usepackage{amssymb}" if r"\mathbb" in body or r"\mathfrak" in body else ""
    if fragment:
        needed = packages.replace("\n", " and ")
        return f"% for \\input; the preamble of your file needs {needed}\n{text}"
    return _PREAMBLE % {"packages": packages, "width": width, "margin": _MARGIN} + text + "\\end{document}\n"


class _Page:
    """The blocks of a document in LaTeX, for lines of `width` em."""

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
                yield rf"\par\smallskip\noindent\textit{{{self.words(text)}}}\par\nobreak"
            case Heading(level, text):
                yield rf"{_HEADINGS[level]}{{\boldmath {self.words(text, plain=level == 1)}}}"
            case Paragraph(text):
                yield f"{self.words(text)}\\par"
            case Equation(left, right, relation):
                yield from self._aligned((Row(left, right, (), relation),))
            case Aligned(rows):
                yield from self._aligned(rows)
            case Results():
                yield from self._results(block)
            case Table(header, rows):
                yield from self._table(header, rows)
            case Listing(text, _):
                yield from self._listing(text)
            case Quotation(text, marks):
                yield from self._listing(listed(text, marks))
            case Curve():
                yield from _picture(block)
            case Figure(picture):
                yield from _network(picture, self.width)

    def words(self, text: Text, *, plain: bool = False) -> str:
        """Words, with formulas in dollars."""
        return "".join(f"${part.latex}$" if isinstance(part, Inline) else latex_text(part) for part in self.typesetter.parts(text, plain=plain))

    # -- formulas ---------------------------------------------------------------------------------------------------------

    def _aligned(self, rows: Sequence[Row]) -> Iterator[str]:
        """`left = right`, aligned at the relation, reasons beside or below."""
        if not rows:
            return
        rows_set = set_rows(rows, self.typesetter.formulas, self.width - _MARGIN)
        yield from _alignment(list(self._lines(rows_set)))

    def _lines(self, rows_set: SetRows) -> Iterator[str]:
        for row in rows_set.rows:
            left = row.left
            if left and rows_set.stacked:
                yield f"  & {left}"
                left = ""
            space = r"\quad " if rows_set.stacked else ""
            first = f"  {left} &{space}{row.relation} {row.right[0]}"
            if row.reason and row.beside:
                first += rf" &&\hspace{{{GAP:g}em}}{self._reason(rows_set.reason_beside, row.reason)}"
            yield first
            for line in row.right[1:]:
                yield f"  &{space}{line}" if line.startswith("=") else rf"  &{space}\quad {line}"
            if row.reason and not row.beside:
                yield rf"  &{space}\quad {self._reason(rows_set.reason_below, row.reason)}"

    def _reason(self, width: float, reason: Text) -> str:
        return rf"\derivationreason{{{width:.1f}em}}{{{self.words(reason)}}}"

    def _results(self, block: Results) -> Iterator[str]:
        """`quantity = formula = number`, aligned at both relations."""
        lines = []
        for result in set_results(block.lines, self.typesetter.formulas, self.width - _MARGIN):
            number = rf"\text{{{self.words(result.number)}}}"
            if not result.formula:
                lines.append(f"  {result.left} &= {number}")
                continue
            first, *rest = result.formula
            lines += [f"  {result.left} &= {first}", *(rf"  &\quad {line}" for line in rest)]
            if result.below:
                lines.append(f"  &= {number}")
            else:
                lines[-1] += f" &&= {number}"
        yield from _alignment(lines)

    # -- tables -----------------------------------------------------------------------------------------------------------

    def _table(self, header: Sequence[Text], rows: Sequence[Sequence[Text]]) -> Iterator[str]:
        """Columns as wide as their cells, over several pages if they are long; wide tables in panels."""
        if not rows:
            return
        cells, formulas = [header, *rows] if header else list(rows), self.typesetter.formulas_if_any
        columns = range(len(cells[0]))
        least = [max(longest_word(row[column], formulas) for row in cells) for column in columns]
        widths = [max(words_width(row[column], formulas) for row in cells) + 0.6 for column in columns]
        for panel in set_columns(least, self.width, headed=bool(header)):
            fitting = shrunk([widths[at] for at in panel], self.width)
            shown = [[self._cell(row[at], width) for at, width in zip(panel, fitting, strict=True)] for row in cells]
            if header:
                shown[0] = [rf"\textit{{{cell}}}" for cell in shown[0]]
            for start in range(0, len(shown), _ROWS):
                yield from _tabular(fitting, shown[start : start + _ROWS], ruled=bool(header) and start == 0, first=start == 0)
            yield r"\par\medskip"

    def _cell(self, text: Text, width: float) -> str:
        wraps = words_width(text, self.typesetter.formulas_if_any) > width
        return (r"\raggedright " if wraps else "") + self.words(text)

    # -- the rest ---------------------------------------------------------------------------------------------------------

    def _listing(self, text: str) -> Iterator[str]:
        """Lines in typewriter letters, with their blanks."""
        yield r"\par\noindent{\ttfamily\small\raggedright"
        yield "\\\\\n".join(_typewritten(line) or r"\strut" for line in text.splitlines())
        yield r"\par}"


def _typewritten(line: str) -> str:
    """A line in typewriter letters, which have signs of their own where others take them from mathematics."""
    shown = latex_text(line).replace(" ", r"\ ")
    for sign, number in ((r"\textbackslash{}", 92), (r"\{", 123), (r"\}", 125)):
        shown = shown.replace(sign, rf"\char{number}{{}}")
    return shown


def _tabular(widths: Sequence[float], rows: Sequence[Sequence[str]], *, ruled: bool, first: bool) -> Iterator[str]:
    """Some rows of a table; the page may end behind them."""
    columns = rf"@{{\hspace{{{GAP:g}em}}}}".join(f"p{{{width:.2f}em}}" for width in widths)
    yield (r"\par\noindent" if first else r"\par\vspace{-\parskip}\noindent") + rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}"
    for number, row in enumerate(rows):
        yield "  " + " & ".join(row) + r" \tabularnewline" + (r" \hline" if ruled and number == 0 else "")
    yield r"\end{tabular}"


def _alignment(lines: Sequence[str]) -> Iterator[str]:
    """The lines of an alignment; few of them stay on one page."""
    yield r"\derivationlines"
    yield r"\begin{alignat*}{2}"
    yield (" \\\\*\n" if len(lines) <= _KEPT_TOGETHER else " \\\\\n").join(lines)
    yield r"\end{alignat*}"


def _network(picture: Picture, width: float) -> Iterator[str]:
    """The picture of a network, made smaller where it is wider than a line or higher than a page."""
    drawn, wide, high = tikz_picture(picture, width)
    yield rf"\par\medskip\noindent\scalebox{{{min(1.0, (width - _MARGIN) / wide, _TALLEST / high):.3f}}}{{%"
    yield drawn.rstrip() + "}"
    yield r"\par\medskip"


def _picture(curve: Curve) -> Iterator[str]:
    """The curve as a picture of LaTeX itself, with the axes and their ends."""
    wide, high = _CURVE
    low, top = min(0.0, *curve.values), max(curve.values)
    top = top if top > low else low + 1
    step = max(1, len(curve.values) // 200)
    points = [(wide * at / max(len(curve.values) - 1, 1), high * (curve.values[at] - low) / (top - low)) for at in range(0, len(curve.values), step)]
    yield rf"\par\noindent{{\setlength{{\unitlength}}{{1mm}}\begin{{picture}}({wide + 30:g},{high + 14:g})(-20,-10)"
    yield rf"\put(0,0){{\line(1,0){{{wide:g}}}}}\put(0,0){{\line(0,1){{{high:g}}}}}"
    yield rf"\put(-2,0){{\makebox(0,0)[r]{{\small {figure(low, 3).text}}}}}\put(-2,{high:g}){{\makebox(0,0)[r]{{\small {figure(top, 3).text}}}}}"
    yield rf"\put(0,-2){{\makebox(0,0)[t]{{\small 0}}}}\put({wide:g},-2){{\makebox(0,0)[t]{{\small {len(curve.values) - 1}}}}}"
    yield rf"\put({wide / 2:g},-3){{\makebox(0,0)[t]{{\small {latex_text(curve.across)}}}}}\put(2,{high:g}){{\makebox(0,0)[lb]{{\small {latex_text(curve.up)}}}}}"
    for (x, y), (right, up) in pairwise(points):
        yield rf"\qbezier({x:.3f},{y:.3f})({(x + right) / 2:.3f},{(y + up) / 2:.3f})({right:.3f},{up:.3f})"
    yield r"\end{picture}}\par"
