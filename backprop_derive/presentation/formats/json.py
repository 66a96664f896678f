"""The record of a document as JSON: a formula is `{"text": …, "latex": …}`, its text in the language of specs.

Text has the names of the spec, whatever notation was asked for: what a program reads stays. LaTeX is what a person will see, and has
the names of the notation; index letters are those of the text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from backprop_derive.graph.expressions import Expression
from backprop_derive.presentation.document import Deferred, Document, Formula
from backprop_derive.presentation.styles import AsciiWriter, LatexWriter


def render(document: Document) -> str:
    """The record as JSON, numbers in full precision."""
    writers = _writers(document)

    def plain(value: Any) -> Any:
        match value:
            case Expression():
                return {name: write(value) for name, write in writers.items()}
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


Write = Callable[[Expression], str]


def _writers(document: Document) -> Mapping[str, Write]:
    """How a formula is written as text and as LaTeX: in the names of the spec, and in those of the page's notation."""
    graph, renaming = document.graph, document.renaming
    if graph is None:
        return {}
    text, latex = AsciiWriter(graph), LatexWriter(graph)
    for writer in (text, latex):
        writer.know(document.names)
    if renaming is None:
        return {"text": text.write, "latex": latex.write}

    from backprop_derive.calculus.derivation import derive
    from backprop_derive.presentation.presenting import adjoint_axes

    before, after = derive(renaming.graph), derive(renaming.renamed)
    adjoints = {old: after.names[renaming.translation.name(of)] for of, old in before.names.items()}
    turned = {before.names[name] for name in renaming.translation.turned if name in before.names}
    forth = replace(renaming.translation, names={**renaming.names, **adjoints}, turned=renaming.translation.turned | turned)
    if graph == renaming.graph:
        there, to = LatexWriter(renaming.renamed), forth
        there.know(adjoint_axes(after))
        return {"text": text.write, "latex": lambda expression: there.write(to.expression(expression))}
    here, back = AsciiWriter(renaming.graph), forth.inverse
    here.know({**{name: axes for name, axes in document.names.items() if name not in after.names.values()}, **adjoint_axes(before)})
    return {"text": lambda expression: here.write(back.expression(expression)), "latex": latex.write}
