"""What there is to name in a spec or a command, from the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backprop_derive.errors import NotYetError, Problem, UsageError, nearest
from backprop_derive.presentation.document import Block, Document, Heading, Table, Text
from backprop_derive.presentation.records import FORMAT

KINDS = ("activations", "losses", "layers", "formats", "examples")

_Entries = Sequence[Mapping[str, Any]]


def present_catalogue(kind: str | None, examples: Sequence[str]) -> Document:
    """All tables, or the one called `kind`. Raises UsageError for an unknown one."""
    if kind == "mistakes":
        raise NotYetError("the list of mistakes")
    if kind is not None and kind not in KINDS:
        raise UsageError(Problem(f"there is no list of {kind!r}; there are {', '.join(KINDS)}", value=kind, nearest=nearest(kind, KINDS)))
    tables = {each: _entries(each, examples) for each in (KINDS if kind is None else (kind,))}
    blocks = tuple(block for name, entries in tables.items() for block in _blocks(name, entries))
    return Document(blocks, {"format": FORMAT, **tables})


def _blocks(name: str, entries: _Entries) -> Iterator[Block]:
    yield Heading(2, (name.capitalize(),))
    yield Table((), tuple(_cells(entry) for entry in entries))


def _cells(entry: Mapping[str, Any]) -> tuple[Text, ...]:
    about = [str(entry[key]) for key in ("formula", "sentence") if entry.get(key)]
    for key, label in (("aliases", "also"), ("options", "options:"), ("suffixes", "files:"), ("assumes", "assumes")):
        if entry.get(key):
            about.append(f"{label} {', '.join(entry[key])}")
    return (entry["name"],), ("; ".join(about),)


def _entries(kind: str, examples: Sequence[str]) -> _Entries:
    return {"activations": _activations, "losses": _losses, "layers": _layers, "formats": _formats}.get(kind, lambda: [{"name": name} for name in examples])()


def _activations() -> _Entries:
    from backprop_derive.operations.functions import FUNCTIONS

    return [
        {"name": row.name, "formula": row.formula or f"{row.name}(z)", "aliases": list(row.aliases), "derivative": row.derivatives[0]}
        for row in FUNCTIONS
        if row.activation
    ]


def _losses() -> _Entries:
    from backprop_derive.operations.losses import LOSSES

    return [
        {"name": row.name, "formula": row.formula, "aliases": list(row.aliases), "derivative": row.derivatives[0], "assumes": list(row.assumes)}
        for row in LOSSES
    ]


def _layers() -> _Entries:
    from backprop_derive.building.layers import LAYERS

    return [{"name": row.kind, "options": list(row.options)} for row in LAYERS.values()]


def _formats() -> _Entries:
    from backprop_derive.presentation.formats import FORMATS

    return [{"name": row.name, "aliases": list(row.aliases), "suffixes": list(row.suffixes), "sentence": row.sentence} for row in FORMATS]
