"""From the SPEC argument of a command to the graph."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from backprop_derive.cli.examples import example_names, example_path, own_file
from backprop_derive.errors import Problem, SpecError, UsageError, nearest

if TYPE_CHECKING:
    from backprop_derive.graph.nodes import Graph
    from backprop_derive.spec.model import NetworkSpec

STANDARD_INPUT = "-"


def open_network(argument: str) -> tuple[NetworkSpec, Graph]:
    """The spec and its graph. Raises SpecError with everything that is wrong, with the file and with its network."""
    try:
        spec = _load(argument)
    except SpecError as error:
        raise SpecError(_with_problems_of_the_network(error)) from None

    from backprop_derive.building.network import build_graph

    return spec, build_graph(spec)


def _with_problems_of_the_network(error: SpecError) -> list[Problem]:
    """The problems of the file, and those that building what could be read of it finds at other places.

    What the spec as a whole lacks is left out: it may stand where it could not be read.
    """
    problems = list(error.problems)
    if error.partial is None:
        return problems

    from backprop_derive.building.network import build_graph

    told = {each.path for each in problems}
    try:
        build_graph(error.partial)
    except SpecError as further:
        problems += [each for each in further.problems if each.path and each.path not in told]
    return sorted(problems, key=lambda each: (each.line or 0, each.column or 0))


def _load(argument: str) -> NetworkSpec:
    from backprop_derive.spec.loading import decoded, load_spec, read_spec
    from backprop_derive.spec.yaml_reader import MAXIMUM_BYTES

    if argument == STANDARD_INPUT:
        return read_spec(decoded(sys.stdin.buffer.read(MAXIMUM_BYTES + 4), "<stdin>"), "<stdin>")
    if not argument.strip():
        raise UsageError("the name of the spec is empty")
    if "://" in argument:
        raise UsageError(f"{argument} is an address: save the spec as a file and give the name of that")
    own, shipped = own_file(argument), example_path(argument)
    if own is not None:
        if shipped is not None:
            click.echo(f"note: {own} of the working folder is used, not the shipped example of that name", err=True)
        return load_spec(own)
    if shipped is not None:
        return load_spec(shipped)
    found = nearest(argument, example_names())
    if found and not argument.endswith((".yaml", ".yml")):
        raise SpecError(Problem("there is no such file and no such example", argument, value=argument, nearest=found))
    return load_spec(argument)
