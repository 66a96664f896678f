"""Shapes of arrays, and how messages call them."""

from __future__ import annotations

from backprop_derive.graph.indices import Axis
from backprop_derive.graph.naming import form_text

Shape = tuple[Axis | None, ...]  # None: not known yet


def described_shape(shape: Shape, *, row: bool = False) -> str:
    """The shape in words."""
    if not shape:
        return "a number"
    if len(shape) == 1:
        return f"{'a row' if row else 'a vector'} of {length_text(shape[0])}"
    return f"{'a matrix' if len(shape) == 2 else 'an array'} of {' × '.join(map(length_text, shape))}"


def length_text(axis: Axis | None) -> str:
    """The length of an axis, in brackets where it is a sum."""
    if axis is None:
        return "?"
    text = form_text(axis.length)
    return text if len(axis.length.terms) + bool(axis.length.constant) <= 1 else f"({text})"


def fits(left: Axis | None, right: Axis | None) -> bool:
    """Whether two axes can be one; what is not known yet can be any."""
    return left is None or right is None or left == right
