"""The record of a document as JSON: a formula is `{"text": …, "latex": …}`, its text in the language of specs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from backprop_derive.graph.expressions import Expression
from backprop_derive.presentation.document import Deferred, Document, Formula
from backprop_derive.presentation.styles import AsciiWriter, LatexWriter


def render(document: Document) -> str:
    """The record as JSON, numbers in full precision."""
    writers = {}
    if document.graph is not None:
        writers = {"text": AsciiWriter(document.graph), "latex": LatexWriter(document.graph)}
        for writer in writers.values():
            writer.know(document.names)

    def plain(value: Any) -> Any:
        match value:
            case Expression():
                return {name: writer.write(value) for name, writer in writers.items()}
            case Formula(expression, about):
                return {**plain(about), **plain(expression)}
            case Deferred(make):
                return plain(make())
            case Mapping():
                return {key: plain(each) for key, each in value.items()}
            case list() | tuple():
                return [plain(each) for each in value]
            case float() if not math.isfinite(value):
                return str(value)
            case _:
                return value

    text = json.dumps(plain(document.record), indent=2, ensure_ascii=False, allow_nan=False)
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text) + "\n"
