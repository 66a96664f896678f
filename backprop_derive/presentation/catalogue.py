"""What there is to name in a spec or a command, from the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backprop_derive.errors import Problem, UsageError, nearest
from backprop_derive.presentation.document import FORMAT, Block, Document, Heading, Table, Text

if TYPE_CHECKING:
    from backprop_derive.operations.notations import Profile
    from backprop_derive.operations.optimizers import Optimizer
    from backprop_derive.operations.rows import Function, Loss

KINDS = ("activations", "losses", "layers", "optimizers", "notations", "formats", "mistakes", "examples")

_Entries = Sequence[Mapping[str, Any]]


def present_catalogue(kind: str | None, examples: Mapping[str, str]) -> Document:
    """All tables, or the one called `kind`; the titles of the examples are given, by name. Raises UsageError for an unknown one."""
    if kind is not None and kind not in KINDS:
        raise UsageError(Problem(f"there is no list of {kind!r}; there are {', '.join(KINDS)}", value=kind, nearest=nearest(kind, KINDS)))
    tables = {each: _entries(each, examples) for each in (KINDS if kind is None else (kind,))}
    blocks = tuple(block for name, entries in tables.items() for block in _blocks(name, entries))
    return Document(blocks, {"format": FORMAT, **tables})


def _blocks(name: str, entries: _Entries) -> Iterator[Block]:
    yield Heading(2, (name.capitalize(),))
    yield Table((), tuple(cells for entry in entries for cells in _cells(entry)))


def _cells(entry: Mapping[str, Any]) -> Iterator[tuple[Text, ...]]:
    """What is said of one thing: its equations one below the other, then the rest in a line."""
    lines = [*equations(entry), "; ".join(remarks(entry))]
    for place, line in enumerate(line for line in lines if line):
        yield ((entry["name"] if place == 0 else "",), (line,))
    if not any(lines):
        yield ((entry["name"],), ())


def equations(entry: Mapping[str, Any]) -> Iterator[str]:
    """The formula of a function or a loss, and its derivatives: `a = tanh(z)`, `da/dz = 1 - a^2`; the rule of an optimizer."""
    yield from entry.get("rule", ())
    if "derivatives" in entry:
        yield f"{entry['value']} = {entry['formula']}"
        for argument, derivative in entry["derivatives"].items():
            yield f"d{entry['value']}/d{argument} = {derivative}"


def remarks(entry: Mapping[str, Any]) -> Iterator[str]:
    """Everything else that is said of a thing, apart from the sentence on a derivative."""
    if "title" in entry:
        yield entry["title"]
    if entry.get("sentence") and "derivatives" not in entry:
        yield entry["sentence"]
    if entry.get("names"):
        yield ", ".join(f"{kind} {name}" for kind, name in entry["names"].items())
        yield from entry["meanings"]
    if entry.get("main"):
        yield f"takes {entry['main']}"
    if entry.get("defaults"):
        yield "default " + ", ".join(f"{name} = {default}" for name, default in entry["defaults"].items())
    for key, label in (
        ("learnt", "learns"), ("aliases", "also"), ("options", "options:"), ("suffixes", "files:"), ("domain", "for"), ("assumes", "assumes"),
    ):  # fmt: skip
        if entry.get(key):
            yield f"{label} {', '.join(entry[key])}"
    if entry.get("target"):
        yield f"takes as {'target' if len(entry['targets']) == 1 else 'targets'} {entry['target']}"
    if entry.get("source"):
        yield entry["source"]
    if entry.get("kinks"):
        yield "no derivative where " + " or ".join(f"{kink} = 0" for kink in entry["kinks"])


def _entries(kind: str, examples: Mapping[str, str]) -> _Entries:
    return {"activations": _activations, "losses": _losses, "layers": _layers, "optimizers": _optimizers, "notations": _notations, "formats": _formats, "mistakes": _mistakes}.get(kind, lambda: [{"name": name, "title": title} for name, title in examples.items()])()


def _activations() -> _Entries:
    from backprop_derive.operations.functions import FUNCTIONS

    return [function_record(row) for row in FUNCTIONS if row.activation]


def _optimizers() -> _Entries:
    from backprop_derive.operations.optimizers import OPTIMIZERS

    return [optimizer_record(row) for row in OPTIMIZERS]


def _notations() -> _Entries:
    from backprop_derive.operations.notations import NOTATIONS

    return [notation_record(row) for row in NOTATIONS]


def _losses() -> _Entries:
    from backprop_derive.operations.losses import LOSSES

    return [loss_record(row) for row in LOSSES]


def function_record(row: Function) -> Mapping[str, Any]:
    """What a row says of a function. A function of a vector is read at its component c, its derivative is by z[d]."""
    components = row.arguments if not row.vector else ("z[d]",)
    return {
        "name": row.name,
        "value": "a[c]" if row.vector == "to vector" else "a",
        "formula": row.formula or f"{row.name}({', '.join(row.arguments)})",
        "derivatives": dict(zip(components, row.derivatives, strict=False)),
        "learnt": list(row.required[1:]) if row.activation else [],
        **_shared(row),
        "latex": row.latex or rf"\operatorname{{{row.name}}}",
    }


def loss_record(row: Loss) -> Mapping[str, Any]:
    """What a row says of a loss. Its vectors have the entries c, its derivatives are by the entries d."""
    derivatives = {f"{name}[d]": text for name, text in zip(row.required, row.derivatives, strict=True)}
    from backprop_derive.operations.rows import TARGET_KINDS

    outputs = {"outputs": list(row.outputs), "targets": list(row.targets), "target": TARGET_KINDS.get(row.target, ""), "assumes": list(row.assumes)}
    return {"name": row.name, "value": "L", "formula": row.formula, "derivatives": derivatives, **outputs, **_shared(row)}


def optimizer_record(row: Optimizer) -> Mapping[str, Any]:
    """What a row says of an optimizer. `w` is a parameter, `g` its gradient, `eta` the learning rate, `t` the number of the step."""
    rule = [f"{name} := {formula}" for name, formula in (*row.state, ("w", row.step))]
    facts = {"defaults": dict(row.constants), "aliases": list(row.aliases), "domain": list(row.domain), "sentence": row.sentence, "source": row.source}
    return {"name": row.name, "rule": rule, **facts}


def notation_record(row: Profile) -> Mapping[str, Any]:
    """What a notation calls the quantities of a layer, and all others that are not as in the project's own."""
    names = {"weights": row.weights, "bias": row.bias, "pre-activation": row.preactivation, "activation": row.activation, "error": row.error}
    names |= {"input": row.input, "output": row.output, "target": row.target, "cost": row.cost, "loss": row.loss, "samples": row.count, "sample index": row.sample}
    return {"name": row.name, "title": ", ".join(filter(None, (row.title, row.source))), "names": {kind: name for kind, name in names.items() if name}, "meanings": list(row.meanings)}


def _shared(row: Function | Loss) -> Mapping[str, Any]:
    return {
        "defaults": dict(zip(row.arguments[len(row.required) :], row.defaults, strict=True)),
        "aliases": list(row.aliases),
        "domain": list(row.domain),
        "kinks": list(row.kinks),
        "sentence": row.sentence,
    }


def _layers() -> _Entries:
    from backprop_derive.operations.layers import LAYERS

    return [{"name": row.kind, "main": row.main, "parameters": list(row.parameters), "equations": list(row.equations), "options": list(row.options), "sentence": row.sentence, "source": row.source} for row in LAYERS.values()]


def _mistakes() -> _Entries:
    from backprop_derive.answers.kinds import KINDS

    return [{"name": row.name, "sentence": row.sentence} for row in KINDS]


def _formats() -> _Entries:
    from backprop_derive.presentation.formats import FORMATS

    return [{"name": row.name, "aliases": list(row.aliases), "suffixes": list(row.suffixes), "sentence": row.sentence} for row in FORMATS]
