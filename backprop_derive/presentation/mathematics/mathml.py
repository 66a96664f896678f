"""Formulas as presentation MathML, which browsers show without any library, read off the boxes of LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from backprop_derive.presentation.mathematics.boxes import (
    BINARY,
    OPENING,
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

_BELOW = frozenset({"underline"})
_MARKS = {"hat": "^", "widehat": "^", "bar": "¯", "overline": "¯", "tilde": "~", "widetilde": "~", "vec": "→", "dot": "˙", "ddot": "¨", "underline": "_"}
_SIZES = {"bigl": 1.2, "bigr": 1.2, "Bigl": 1.8, "Bigr": 1.8, "biggl": 2.4, "biggr": 2.4}
_VARIANTS = {
    "mathbf": "bold", "boldsymbol": "bold-italic", "mathsf": "sans-serif", "mathtt": "monospace", "mathcal": "script", "mathbb": "double-struck",
    "mathfrak": "fraktur", "mathit": "italic", "mathrm": "normal",
}  # fmt: skip
_MINUS = Symbol("−")
_FUNCTION = "<mo>&#x2061;</mo>"  # the sign, without width, that a function is applied


def mathml_of(latex: str, *, display: bool = False) -> str:
    r"""The formula as a `math` element.

    >>> print(mathml_of(r"\frac{1}{m}"))
    <math><mfrac><mn>1</mn><mi>m</mi></mfrac></math>
    """
    opened = '<math display="block">' if display else "<math>"
    return f"{opened}{_row(read_boxes(latex).boxes)}</math>"


def _mathml(box: Box) -> str:
    """One element."""
    match box:
        case Row(boxes):
            inside = _row(boxes)
            return inside if len(boxes) == 1 else f"<mrow>{inside}</mrow>"
        case Symbol(text, operator):
            return f'<mo movablelimits="false">{text}</mo>' if operator else _symbol(text)
        case Word("text", text):
            return f"<mtext>{escape(text)}</mtext>"
        case Word(font, text):
            variant = _VARIANTS.get(font, "normal")
            return f'<mi mathvariant="{variant}">{escape(text)}</mi>'
        case Styled(font, body):
            return f'<mstyle mathvariant="{_VARIANTS[font]}">{_row(body.boxes)}</mstyle>'
        case Space(width):
            return f'<mspace width="{width:g}em"></mspace>'
        case Delimiter(text, size):
            fixed = f' minsize="{_SIZES[size]:g}em" maxsize="{_SIZES[size]:g}em"' if size else ' stretchy="false"'
            return f"<mo{fixed}>{escape(text)}</mo>"
        case Fenced(left, body, right):
            return f"<mrow><mo>{escape(left)}</mo>{_row(body.boxes)}<mo>{escape(right)}</mo></mrow>"
        case Fraction(top, bottom):
            return f"<mfrac>{_mathml(top)}{_mathml(bottom)}</mfrac>"
        case Root(body):
            return f"<msqrt>{_row(body.boxes)}</msqrt>"
        case Accent(name, body):
            element, attribute = ("munder", "accentunder") if name in _BELOW else ("mover", "accent")
            return f'<{element} {attribute}="true">{_mathml(body)}<mo stretchy="{str(name not in ("hat", "tilde", "dot", "ddot")).lower()}">{_MARKS[name]}</mo></{element}>'
        case Scripts():
            return _scripts(box)
        case Cases(lines):
            rows = "".join(f"<mtr><mtd>{_row(value.boxes)}</mtd><mtd>{_row(condition.boxes)}</mtd></mtr>" for value, condition in lines)
            return f'<mrow><mo>{{</mo><mtable columnalign="left left">{rows}</mtable></mrow>'
        case Braced(body, label):
            return f'<munder><munder class="brace">{_mathml(body)}<mo stretchy="true">⏟</mo></munder>{_mathml(label)}</munder>'
        case _:
            raise TypeError(f"{type(box).__name__} has no form in MathML")


def _row(boxes: Sequence[Box]) -> str:
    """The elements side by side. A function is joined to its argument by a sign for readers that speak; a sign that nothing
    stands before which it could take away from has no room around it."""
    parts = []
    for place, box in enumerate(boxes):
        parts.append('<mo form="prefix">−</mo>' if box == _MINUS and place and _ends_nothing(boxes[place - 1]) else _mathml(box))
        named = box.base if isinstance(box, Scripts) else box
        if isinstance(named, Word) and named.font == "operatorname" and place + 1 < len(boxes):
            parts.append(_FUNCTION)
    return "".join(parts)


def _ends_nothing(box: Box) -> bool:
    """Whether what stands behind the box is a beginning: an opening bracket, a relation or another sign."""
    return (isinstance(box, Delimiter) and box.text in OPENING) or (isinstance(box, Symbol) and box.text in RELATIONS | BINARY)


def _symbol(text: str) -> str:
    if text[0].isdigit():
        return f"<mn>{text}</mn>"
    return f"<mi>{text}</mi>" if text.isalpha() or text in "∂∞∇⊤⊥…" else f"<mo>{escape(text)}</mo>"


def _scripts(box: Scripts) -> str:
    """A base with its scripts; primes stand in front of what is above."""
    base = _mathml(box.base)
    limits = isinstance(box.base, Symbol) and box.base.operator
    under, over, both = ("munder", "mover", "munderover") if limits else ("msub", "msup", "msubsup")
    above = "" if box.above is None else _mathml(box.above)
    if box.primes:
        prime = f"<mo>{'′' * box.primes}</mo>"
        above = f"<mrow>{prime}{above}</mrow>" if above else prime
    if box.below is None:
        return f"<{over}>{base}{above}</{over}>"
    if not above:
        return f"<{under}>{base}{_mathml(box.below)}</{under}>"
    return f"<{both}>{base}{_mathml(box.below)}{above}</{both}>"
