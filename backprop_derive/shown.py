"""What a notebook shows of a value by itself: a page, as Jupyter asks for it."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Shown:
    """A value that Jupyter shows as its page: formulas, tables and words.

    What stands on the page is for `presentation` to say, which stands behind everything that it shows: it is looked up when there
    is something to be shown, so that a derivation knows nothing of pages.
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(_pages().html_of(self))

    def _repr_latex_(self) -> str:
        """For notebooks that become LaTeX: a fragment that needs amsmath."""
        return str(_pages().latex_of(self))


def _pages() -> Any:
    return import_module("backprop_derive.presentation.notebooks")
