"""The curve of a page as SVG, a drawing of vectors."""

from __future__ import annotations

from backprop_derive.presentation.curves import picture
from backprop_derive.presentation.document import Document


def render(document: Document) -> bytes:
    """The picture. Raises UsageError for a page without a curve."""
    return picture(document, "svg")
