"""Formulas in the mathematics of typst, read off the boxes of LaTeX. Everything is escaped: nothing of a formula is code."""

from __future__ import annotations

from backprop_derive.presentation.mathematics.boxes import (
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

_ACCENTS = {
    "hat": "hat", "widehat": "hat", "bar": "macron", "tilde": "tilde", "widetilde": "tilde", "vec": "arrow", "dot": "dot", "ddot": "dot.double",
}  # fmt: skip
_FONTS = {
    "mathrm": "upright", "mathbf": "upright(bold", "mathit": "italic", "mathsf": "sans", "mathtt": "mono", "mathcal": "cal", "mathbb": "bb",
    "mathfrak": "frak", "boldsymbol": "bold",
}  # fmt: skip
_SIZES = {"bigl": 1.2, "bigr": 1.2, "Bigl": 1.8, "Bigr": 1.8, "biggl": 2.4, "biggr": 2.4}


def typst_of(latex: str) -> str:
    r"""The formula, to stand between dollars.

    >>> print(typst_of(r"\frac{1}{m}\,\sum_{i=1}^{m} \delta_{B}\,o_{1}"))
    frac(1, m) #h(0.167em) attach(∑, b: i \= 1, t: m) attach(δ, b: B) #h(0.167em) attach(o, b: 1)
    """
    return _typst(read_boxes(latex))


def quoted(text: str) -> str:
    r"""Text as a string of typst's language.

    >>> print(quoted('say "#x"'))
    "say \"#x\""
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _typst(box: Box) -> str:
    match box:
        case Row(boxes):
            return " ".join(map(_typst, boxes)) or '""'
        case Symbol(text):
            return text if text.isalnum() or not text.isascii() or text.replace(".", "").isdigit() else "\\" + text
        case Word(font, text):
            if font == "operatorname":
                return f"op({quoted(text)})"
            return f"text({quoted(text)})" if font == "text" else _in_font(font, quoted(text))
        case Styled(font, body):
            return _in_font(font, _typst(body))
        case Space(width):
            return f"#h({width:g}em)"
        case Delimiter(text, size):
            return f"stretch(\\{text}, size: #{_SIZES[size]:g}em)" if size in _SIZES else "\\" + text
        case Fenced(left, body, right):
            return f"lr(\\{left} {_typst(body)} \\{right})"
        case Fraction(top, bottom):
            return f"frac({_typst(top)}, {_typst(bottom)})"
        case Root(body):
            return f"sqrt({_typst(body)})"
        case Accent(name, body):
            return f"accent({_typst(body)}, {_ACCENTS[name]})" if name in _ACCENTS else f"{name}({_typst(body)})"
        case Scripts():
            return _scripts(box)
        case Cases(lines):
            return "cases(" + ", ".join(f"{_typst(value)} #h(1em) & {_typst(condition)}" for value, condition in lines) + ")"
        case Braced(body, label):
            return f"underbrace({_typst(body)}, {_typst(label)})"
        case _:
            raise TypeError(f"{type(box).__name__} has no form in typst")


def _scripts(box: Scripts) -> str:
    parts = [_typst(box.base)]
    if box.below is not None:
        parts.append(f"b: {_typst(box.below)}")
    if box.primes or box.above is not None:
        primes = f"primes(#{box.primes})" if box.primes else ""
        parts.append(f"t: {' '.join(filter(None, (primes, '' if box.above is None else _typst(box.above))))}")
    return f"attach({', '.join(parts)})"


def _in_font(font: str, inside: str) -> str:
    name = _FONTS[font]
    return f"{name}({inside})" + ")" * name.count("(")
