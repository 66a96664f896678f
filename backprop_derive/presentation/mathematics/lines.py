"""LaTeX formulas over several lines: broken before signs, as far outside of brackets as possible."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from backprop_derive.graph.expressions import Expression, Fold
from backprop_derive.graph.nodes import Graph
from backprop_derive.presentation.document import Label
from backprop_derive.presentation.mathematics.widths import width_of
from backprop_derive.presentation.style import PRODUCT, Written
from backprop_derive.presentation.styles import LatexWriter

_BREAK = "\ue000"  # of the private use area: in no name and in no text
_TALL = (r"\frac", r"\sum", r"\prod", r"\begin")
_PRODUCT_COST, _DEPTH_COST = 0.3, 0.5  # of the room, that a line may be shorter to be broken at something better
_SHORT = 14.0  # em; what is shorter stays in one line of words
_WIDEST_PART = 0.45  # of the room, that a fraction, a root or an exponent may take, in which no line can end


class TypesetWriter(LatexWriter):
    """Formulas as they are set on a page: a bar is as wide as the word below it."""

    bar_on_words = r"\overline"


class FormulaLines:
    """Writes formulas in lines of at most `room` em, as LaTeX of amsmath."""

    def __init__(self, writer: LatexWriter) -> None:
        self.writer = writer
        self.breakable, self.inline = _BreakableWriter(writer.graph), _InlineWriter(writer.graph)
        for each in (self.breakable, self.inline):
            each.extra, each.reserved, each.sampled = writer.extra, writer.reserved, writer.sampled

    def lines(self, expression: Expression, room: float, labels: Sequence[Label] = ()) -> tuple[str, ...]:
        """The formula, with braces below its parts that have names, where there is room for them.

        What goes on in the next line starts with its sign. A part that cannot be broken may be wider.
        """
        text = self.writer.write(expression, labels)
        if width_of(text) <= room:
            return (text,)
        self.breakable.widest = _WIDEST_PART * room
        return tuple(_broken(self.breakable.write(expression, labels).split(_BREAK), room))

    def in_words(self, expression: Expression, room: float) -> str:
        """The formula as a part of a sentence, in lines of `room` em: it may be broken where `\\allowbreak` stands."""
        self.inline.widest = _WIDEST_PART * room
        text = self.inline.write(expression)
        if width_of(_seal(text)) < _SHORT:
            return _seal(text)
        return text.replace(_BREAK + r"\,", r"\,\allowbreak ").replace(_BREAK, r"\allowbreak ")


def _broken(pieces: Sequence[str], room: float) -> list[str]:
    """The pieces in lines. A line ends where that costs least: behind the last piece that fits, or earlier outside of brackets."""
    depths = list(accumulate(_depth(piece) for piece in pieces))
    widths = [width_of(piece) for piece in pieces]
    lines, start = [], 0
    while start < len(pieces):
        first = width_of(_line(pieces[start : start + 1]))
        ends = {start + 1: first}
        for at, wide in enumerate(accumulate(widths[start + 1 :], initial=first), start + 1):
            if wide > room:
                break
            ends[at] = wide
        end = len(pieces) if len(pieces) in ends else max(ends, key=lambda at: ends[at] / room - _cost(pieces, depths, at))
        lines.append(_line(pieces[start:end]))
        start = end
    return lines


def _cost(pieces: Sequence[str], depths: Sequence[int], end: int) -> float:
    return _DEPTH_COST * depths[end - 1] + (_PRODUCT_COST if pieces[end].startswith(("\\,", " \\cdot")) else 0)


def _depth(piece: str) -> int:
    return sum(piece.count(mark) for mark in "([") - sum(piece.count(mark) for mark in ")]")


def _line(pieces: Sequence[str]) -> str:
    """A line of pieces. In front of a product that goes on, the dot that is left out between factors is written."""
    text = "".join(pieces).strip()
    if text.startswith(r"\,"):
        text = r"\cdot " + text.removeprefix(r"\,")
    return "{}" + text if text.startswith(("+", "-", r"\cdot")) else text


class _BreakableWriter(TypesetWriter):
    """Marks the places where a line may end. None is inside braces, where TeX could not break."""

    gap = _BREAK

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.widest = 0.0

    def product(self, parts: Sequence[str]) -> str:
        return parts[0] + "".join(_BREAK + (r" \cdot " if part[0].isdecimal() else r"\,") + part for part in parts[1:])

    def fraction(self, numerator: Written, denominator: Written) -> Written:
        if self._is_wide(denominator):
            above = self._bracketed(numerator, PRODUCT, last=False)
            return Written(f"{above}{_BREAK}\\,{self.brackets(denominator.text)}^{{-1}}", PRODUCT)
        if self._is_wide(numerator):
            return Written(rf"\frac{{1}}{{{_seal(denominator.text)}}}{_BREAK}\,{self._bracketed(numerator, PRODUCT)}", PRODUCT, numerator.open)
        return super().fraction(_sealed(numerator), _sealed(denominator))

    def raised(self, base: Written, exponent: Written) -> Written:
        return super().raised(base, _sealed(exponent))

    def brackets(self, text: str) -> str:
        if _BREAK not in text:
            return super().brackets(text)
        left, right = (r"\biggl(", r"\biggr)") if any(tall in text for tall in _TALL) else ("(", ")")
        return f"{left}{text}{right}"

    def call(self, function: str, order: int, arguments: Sequence[Written]) -> Written:
        if function in ("exp", "sqrt", "abs", "step") and function not in self.graph.functions:
            (argument,) = arguments
            if function == "exp" and self._is_wide(argument):
                return Written(r"\exp" + self.brackets(argument.text))
            if function == "sqrt" and self._is_wide(argument):
                return Written(self.brackets(argument.text) + "^{1/2}")
            return super().call(function, order, [_sealed(argument)])
        return super().call(function, order, arguments)

    def fold(self, fold: Fold, letter: str, body: Written, axis: tuple[str, str] | None, at: str | None) -> Written:
        if fold.kind in ("max", "argmax") and isinstance(fold.body, Fold):
            body = Written(_BREAK + body.text, body.level, body.open)
        return super().fold(fold, letter, body, axis, at)

    def condition(self, relation: str, left: str, right: str) -> str:
        return f"{left}{_BREAK}{super().condition(relation, '', right).lstrip()}" if relation == "=" else super().condition(relation, left, right)

    def choice(self, test: str, then: Written, otherwise: Written | None) -> Written:
        if otherwise is not None:
            return super().choice(_seal(test), _sealed(then), _sealed(otherwise))
        return super().choice(_seal(test), then, None)

    def labelled(self, body: Written, label: str) -> Written:
        return body if self._is_wide(body) else super().labelled(_sealed(body), label)

    def _is_wide(self, part: Written) -> bool:
        return width_of(_seal(part.text)) > self.widest


class _InlineWriter(_BreakableWriter):
    """Formulas among words: a derivative stands in the line, `∂C/∂w`."""

    def partial(self, top: str, bottom: str, direct: bool) -> Written:
        return Written(rf"\partial{'^{+}' if direct else ''} {top}/\partial {bottom}", PRODUCT)


def _seal(text: str) -> str:
    return text.replace(_BREAK, "")


def _sealed(written: Written) -> Written:
    return Written(_seal(written.text), written.level, written.open)
