"""What all formats with typeset mathematics share: the words of a document with their formulas, as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from backprop_derive.notation import is_name, latex_name
from backprop_derive.presentation.document import Document, Text
from backprop_derive.presentation.mathematics.lines import FormulaLines, TypesetWriter

_WORDS = frozenset({"a", "A", "I"})  # a sentence has these as words, but not in front of what follows
_BEHIND_A_NAME = re.compile(r"[:,;.)]|$| (?:with|is|itself|reaches|stands|by|and|in)\b")
_RANGE = r"(?<!\w)(?P<letter>[a-z]) = (?P<low>\w+)\.\.(?P<high>[\w+*-]+(?: [+-] \w+)*)"
_NAME = r"(?<![\w\\'])(?P<name>[A-Za-z][A-Za-z0-9_]*'*(?:\^\([A-Za-z0-9]+\))?)(?![\w^\[(])"
_FOUND = re.compile(f"{_RANGE}|{_NAME}")


@dataclass(frozen=True, slots=True)
class Inline:
    """A formula in a sentence, in LaTeX."""

    latex: str


class Typesetter:
    """Writes the formulas of one document in LaTeX, on lines of `width` em."""

    def __init__(self, document: Document, width: float) -> None:
        self.document, self.width, self.graph = document, width, document.graph
        self.formulas_if_any: FormulaLines | None = None
        self.names: frozenset[str] = frozenset()
        if document.graph is not None:
            writer = TypesetWriter(document.graph)
            writer.know(document.names)
            self.formulas_if_any = FormulaLines(writer)
            samples = document.graph.samples
            letters = {samples.index, samples.size} if samples is not None else set()
            units = {node.unit for node in document.graph.nodes if is_name(node.unit)}
            self.names = frozenset({*document.graph.by_name, *document.graph.functions, *letters, *units})

    @property
    def formulas(self) -> FormulaLines:
        """The writer of formulas. A document without a graph has none."""
        assert self.formulas_if_any is not None, "a formula needs the graph that it is over"
        return self.formulas_if_any

    def parts(self, text: Text, *, plain: bool = False) -> Iterator[str | Inline]:
        """The words and the formulas of a text. Names of the network among the words are formulas too, unless `plain`; primes
        behind a formula are a part of it."""
        for place, part in enumerate(text):
            if not isinstance(part, str):
                behind = text[place + 1] if place + 1 < len(text) else ""
                yield Inline(self.formulas.in_words(part, self.width) + (_primes(behind) if isinstance(behind, str) else ""))
                continue
            words = part if place == 0 or isinstance(text[place - 1], str) else part.removeprefix(_primes(part))
            if plain or not self.names:
                yield words
            else:
                yield from self._with_names(words)

    def _with_names(self, words: str) -> Iterator[str | Inline]:
        done = 0
        for found in _FOUND.finditer(words):
            if found["letter"]:
                high = re.sub(r"[A-Za-z]\w*", lambda name: latex_name(name[0]), found["high"]).replace("*", r"\,")
                latex = rf"{found['letter']} = {found['low']}, \dots, {high}"
            elif found["name"] in self.names and (found["name"] not in _WORDS or _BEHIND_A_NAME.match(words, found.end())):
                latex = self.formulas.writer.name(found["name"], ())
            else:
                continue
            if found.start() > done:
                yield words[done : found.start()]
            yield Inline(latex)
            done = found.end()
        if done < len(words):
            yield words[done:]


def _primes(words: str) -> str:
    """The primes that words start with."""
    return words[: len(words) - len(words.lstrip("'"))]
