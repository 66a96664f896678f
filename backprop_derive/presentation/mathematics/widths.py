"""How wide a formula is when it is typeset, in em: an estimate that is rather too large than too small."""

from __future__ import annotations

from backprop_derive.presentation.mathematics.boxes import (
    BINARY,
    RELATIONS,
    Accent,
    Box,
    Braced,
    Cases,
    Delimiter,
    Fenced,
    Fraction,
    Root,
    Row,
    Scripts,
    Space,
    Styled,
    Symbol,
    Word,
    read_boxes,
)

_SCRIPT = 0.74
_OPERATOR = 1.46
_NARROW, _WIDE = frozenset("ijlt.,;:|'′1()[]Iιr"), frozenset("mwMωΩΦΨ")
_NARROW_TEXT = frozenset("ijltfr.,;:|'!()[] ")
_SIZED = {"": 0.4, "bigl": 0.47, "bigr": 0.47, "Bigl": 0.61, "Bigr": 0.61, "biggl": 0.75, "biggr": 0.75}


def width_of(latex: str) -> float:
    """The width of a formula in displayed style.

    >>> width_of("x") < width_of("x + y") < width_of("x + y + z")
    True
    """
    return _width(read_boxes(latex))


def text_width(text: str) -> float:
    """The width of words in one line, in the wider one of the fonts of TeX's engines."""
    return sum(0.3 if letter in _NARROW_TEXT else 0.85 if letter in _WIDE else 0.72 if letter.isupper() else 0.53 for letter in text)


def _width(box: Box) -> float:
    match box:
        case Row(boxes):
            return sum(map(_width, boxes))
        case Symbol(text, operator):
            return _OPERATOR if operator else _symbol(text)
        case Word(_, text):
            return sum(map(_letter, text)) + 0.17
        case Styled(_, body) | Accent(_, body):
            return _width(body) + 0.1
        case Space(width):
            return width
        case Delimiter(text, size):
            return 0.3 if text == "|" else _SIZED[size]
        case Fenced(_, body, _):
            return _width(body) + 2 * _SIZED["biggl"]
        case Fraction(top, bottom):
            return max(_width(top), _width(bottom)) + 0.3
        case Root(body):
            return _width(body) + 1.0
        case Scripts():
            return _scripts(box)
        case Cases(lines):
            return max(_width(value) for value, _ in lines) + max(_width(condition) for _, condition in lines) + 2.2
        case Braced(body, label):
            return max(_width(body), _SCRIPT * _width(label))
        case _:
            raise TypeError(f"{type(box).__name__} has no width")


def _scripts(box: Scripts) -> float:
    base = _width(box.base)
    below, above = (_SCRIPT * _width(script) if script is not None else 0.0 for script in (box.below, box.above))
    if isinstance(box.base, Symbol) and box.base.operator:
        return max(base, below + 0.17, above + 0.17)
    return base + max(below, above + 0.3 * box.primes) + 0.06


def _symbol(text: str) -> float:
    if text[0].isdigit():
        return sum(0.28 if each == "." else 0.5 for each in text)
    if text in RELATIONS:
        return 1.36
    if text in BINARY:
        return 0.28 + 0.45 if text == "⋅" else 1.24
    return _letter(text) + 0.09 + (0.17 if text == "," else 0)


def _letter(text: str) -> float:
    if text == "W":
        return 1.05
    if text in _NARROW:
        return 0.42
    if text in _WIDE:
        return 0.95
    return 0.76 if text.isupper() else 0.56
