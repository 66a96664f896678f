"""`write`: one expression of a derivation as text, for use in Python."""

from __future__ import annotations

from typing import Literal

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.errors import UsageError
from backprop_derive.graph.expressions import Expression
from backprop_derive.presentation.mathematics.mathml import mathml_of
from backprop_derive.presentation.presenting import adjoint_axes
from backprop_derive.presentation.styles import AsciiWriter, LatexWriter, UnicodeWriter

_STYLES: dict[str, type[AsciiWriter | LatexWriter]] = {"text": AsciiWriter, "unicode": UnicodeWriter, "latex": LatexWriter, "mathml": LatexWriter}


def write(derivation: Derivation, expression: Expression, style: Literal["text", "unicode", "latex", "mathml"] = "text") -> str:
    """The expression on one line: `text` in the language of specs, `unicode` as in a terminal, `latex` for amsmath,
    `mathml` as an element of a page.

    Raises UsageError for a style that does not exist.
    """
    if style not in _STYLES:
        raise UsageError(f"there is no style {style!r}; there are: {', '.join(_STYLES)}")
    writer = _STYLES[style](derivation.graph)
    writer.know(adjoint_axes(derivation))
    written = writer.write(expression)
    return mathml_of(written) if style == "mathml" else written
