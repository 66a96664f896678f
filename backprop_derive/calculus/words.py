"""Sentences of a derivation. What they name are mentions, so that a format spells the names as in its formulas."""

from __future__ import annotations

from collections.abc import Sequence

from backprop_derive.graph.expressions import Ref

Words = tuple[str | Ref, ...]


def plain_words(words: Words) -> str:
    """A sentence with the names as a spec spells them.

    >>> plain_words((Ref("w"), " reaches ", Ref("L"), " through ", Ref("z_B")))
    'w reaches L through z_B'
    """
    return "".join(part if isinstance(part, str) else part.name for part in words)


def merged(words: Words) -> Words:
    """The same sentence with strings that follow each other in one."""
    found: list[str | Ref] = []
    for part in words:
        before = found[-1] if found else None
        if isinstance(part, str) and isinstance(before, str):
            found[-1] = before + part
        else:
            found.append(part)
    return tuple(found)


def listed(names: Sequence[str]) -> Words:
    """`a, b and c`."""
    last = len(names) - 1
    return tuple(part for at, name in enumerate(names) for part in ((", " if at < last else " and ", Ref(name)) if at else (Ref(name),)))
