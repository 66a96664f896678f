"""What the numeric check found, as a page and as a record."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from backprop_derive.calculus.words import listed
from backprop_derive.graph.expressions import Ref
from backprop_derive.graph.indices import number
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.reports import CheckReport, Kink, ParameterCheck, Power
from backprop_derive.presentation.document import FORMAT, Block, Document, Formula, Heading, Paragraph, Table, Text

_METHODS = {
    "complex-step": "complex-step derivatives of the forward pass",
    "richardson": "central differences of the forward pass with Richardson extrapolation",
    "mpmath": "derivatives of the forward pass at 50 digits",
}
_SHOWN_SURVIVORS = 10


def present_check(report: CheckReport) -> Document:
    """A row a parameter, then how the check was made and how much it would have noticed."""
    return Document(tuple(_blocks(report)), _record(report), report.graph)


def _blocks(report: CheckReport) -> Iterator[Block]:
    graph = report.graph
    yield Heading(1, (f"Check: {graph.title}" if graph.title else "Check of the gradients",))
    yield Paragraph(_verdict(report))
    header: tuple[Text, ...] = (("parameter",), ("derived",), ("measured",), ("relative error",), ("result",))
    yield Table(header, tuple(_cells(graph, name, check) for name, check in report.parameters.items()))
    yield Table((), tuple(((label,), text) for label, text in _facts(report)))


def _verdict(report: CheckReport) -> Text:
    wrong = [name for name, check in report.parameters.items() if not check.passed]
    if wrong:
        return "FAILED: the derived gradient differs from the measured one for ", *listed(wrong), "."
    if not report.parameters:
        return ("There is nothing to check.",)
    return ("Passed: every derived gradient agrees with the measured one. Each row shows its worst case.",)


def _cells(graph: Graph, name: str, check: ParameterCheck) -> tuple[Text, ...]:
    result = "right" if check.passed else "WRONG"
    values = (f"{check.symbolic:.10g}", f"{check.reference:.10g}", f"{check.relative_error:.1e}")
    return (_label(graph, name, check.entry), *((value,) for value in values), (result,))


def _label(graph: Graph, name: str, entry: tuple[int, ...] | None) -> Text:
    """`W1[2,1]`, the entry that was worst; `x1, sample 3` for what each sample has its own of."""
    if entry is None:
        return Ref(name), ", in one direction"
    places = list(entry)
    sample = (f", sample {places.pop(0)}",) if graph.node(name).sampled else ()
    return Ref(name, tuple(map(number, places))), *sample


def _facts(report: CheckReport) -> Iterator[tuple[str, Text]]:
    yield "Measured by", ("; ".join(_METHODS.get(each, each) for each in report.references),)
    yield "Values", (f"drawn at random from seed{'s' if len(report.seeds) > 1 else ''} {', '.join(map(str, report.seeds))}",)
    for kink in report.kinks:
        yield "Kink", _kink(kink)
    if report.power is not None:
        yield from _power(report.power)
    for note in report.notes:
        yield "Note", (note,)


def _power(power: Power) -> Iterator[tuple[str, Text]]:
    if power.planted:
        yield "Power", (f"{power.caught} of {power.planted} mistakes that were planted into the gradients are caught",)
    for survivor in power.survivors[:_SHOWN_SURVIVORS]:
        yield "Not caught", ("in the gradient of ", Ref(survivor.parameter), f": {survivor.mistake}")
    if len(power.survivors) > _SHOWN_SURVIVORS:
        yield "", (f"and {len(power.survivors) - _SHOWN_SURVIVORS} more",)


def _kink(kink: Kink) -> Text:
    reach = f"; the nearest point checked is {kink.nearest:.1e} away" if math.isfinite(kink.nearest) else "; no point checked is near"
    if kink.operation == "max":
        return ("max in ", kink.node, " has no derivative where its two largest values ", kink.argument, f" are equal{reach}")
    return (f"{kink.operation} in ", kink.node, " has no derivative where ", kink.argument, f" = 0{reach}")


def _record(report: CheckReport) -> dict[str, Any]:
    power = report.power
    return {
        "format": FORMAT,
        "passed": report.passed,
        "parameters": {name: _parameter(check) for name, check in report.parameters.items()},
        "references": list(report.references),
        "kinks": [Formula(kink.argument, {"node": kink.node.name, "operation": kink.operation, "nearest": kink.nearest}) for kink in report.kinks],
        "seeds": list(report.seeds),
        "power": None if power is None else _power_record(power),
        "notes": list(report.notes),
    }


def _power_record(power: Power) -> dict[str, Any]:
    survivors = [{"parameter": each.parameter, "mistake": each.mistake} for each in power.survivors]
    return {"planted": power.planted, "caught": power.caught, "survivors": survivors}


def _parameter(check: ParameterCheck) -> dict[str, Any]:
    return {
        "symbolic": check.symbolic,
        "reference": check.reference,
        "relative_error": check.relative_error,
        "error_estimate": check.error_estimate,
        "passed": check.passed,
        "entry": None if check.entry is None else list(check.entry),
    }
