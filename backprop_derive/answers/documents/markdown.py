"""Formulas of a Markdown document: `$$`, `$`, blocks of mathematics, and code spans and blocks that hold formulas."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from backprop_derive.answers.documents.latex import Region, region_passages, regions, without_comments
from backprop_derive.answers.documents.macros import macros_of
from backprop_derive.answers.documents.passages import Passage, Source, blanked, without
from backprop_derive.answers.documents.plain import plain_passages
from backprop_derive.answers.documents.splitting import relations

_FENCE = re.compile(r"^[ \t>]*(?P<mark>`{3,}|~{3,})[ \t]*(?P<language>[\w+-]*)[^`\n]*$", re.MULTILINE)
_SPAN = re.compile(r"(?<!`)(`{1,2})(?!`)([^\n]+?)(?<!`)\1(?!`)")
_DOLLAR_SPAN = re.compile(r"\$`([^\n`]+)`\$")
_MATHEMATICS = ("math", "latex", "tex", "katex")
_PLAIN = ("", "text", "txt", "plain")
_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)


def markdown_passages(source: Source, known: Collection[str] = ()) -> Iterator[Passage]:
    """The formulas of a Markdown document, in order."""
    text = source.text
    macros = macros_of(text)
    found: list[Passage] = []
    for language, start, end in _fences(text):
        if language in _MATHEMATICS:
            body = without_comments(text[start:end])
            inner = list(regions(body)) or [Region(0, len(body), display=True)]
            moved = [replace(region, start=start + region.start, end=start + region.end) for region in inner]
            found += [each for region in moved for each in region_passages(source, text[:start] + body + text[end:], region, macros)]
        elif language in _PLAIN:
            found += plain_passages(source, known, start=start, end=end, certain=False)
    text = without(_QUOTE, _without_fences(text))
    for match in _DOLLAR_SPAN.finditer(text):
        found += region_passages(source, text, Region(*match.span(1), display=False), macros)
    text = without(_DOLLAR_SPAN, text)
    for match in _SPAN.finditer(text):
        if relations(match[2]):
            found += plain_passages(source, known, start=match.start(2), end=match.end(2), certain=False)
    text = without(_SPAN, text)
    for region in regions(text):
        found += region_passages(source, text, region, macros)
    return iter(sorted(found, key=lambda each: (each.place.line or 0, each.place.column or 0)))


def _fences(text: str) -> Iterator[tuple[str, int, int]]:
    """The language of every block between fences, and where its lines stand."""
    opened: re.Match[str] | None = None
    for match in _FENCE.finditer(text):
        if opened is None:
            opened = match
        elif match["mark"].startswith(opened["mark"]) and not match["language"]:
            yield opened["language"].lower(), opened.end() + 1, match.start()
            opened = None
    if opened is not None:
        yield opened["language"].lower(), min(opened.end() + 1, len(text)), len(text)


def _without_fences(text: str) -> str:
    pieces, at = [], 0
    for _, start, end in _fences(text):
        pieces += [text[at:start], blanked(text[start:end], 0, end - start)]
        at = end
    return without(_FENCE, "".join(pieces) + text[at:])
