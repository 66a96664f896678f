"""A document as a Jupyter notebook: Markdown cells, and a cell that runs for each listing in Python."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from backprop_derive.presentation.document import Document, Heading, Listing
from backprop_derive.presentation.formats.markdown import Pieces


def render(document: Document) -> str:
    """The notebook in nbformat 4.5, without outputs. A Markdown cell ends before each section."""
    cells = [{"cell_type": kind, "id": f"cell-{number}", **cell} for number, (kind, cell) in enumerate(_cells(document), 1)]
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=True) + "\n"


def _cells(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    pieces = Pieces(document)
    words: list[str] = []
    for block in document.blocks:
        code = block.text if isinstance(block, Listing) and block.language == "python" else None
        if words and (code is not None or (isinstance(block, Heading) and block.level < 4)):
            yield "markdown", {"metadata": {}, "source": _source("\n".join(words))}
            words = []
        if code is not None:
            yield "code", {"execution_count": None, "metadata": {}, "outputs": [], "source": _source(code)}
        else:
            words.extend(pieces.block(block))
    if words:
        yield "markdown", {"metadata": {}, "source": _source("\n".join(words))}


def _source(text: str) -> list[str]:
    return text.rstrip("\n").splitlines(keepends=True)
