"""`derive SPEC`: the derivation of the gradients."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from backprop_derive.cli.notation import notation_option
from backprop_derive.cli.options import output_options, spec_argument, weight_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backprop_derive.calculus.derivation import Derivation
    from backprop_derive.cli.output import Output
    from backprop_derive.graph.weights import Weight
    from backprop_derive.numerics.worked import WorkedNumbers
    from backprop_derive.presentation.document import Document
    from backprop_derive.presentation.picture import Picture


@click.command("derive")
@spec_argument
@weight_option
@click.option("--form", "forms", multiple=True, type=click.Choice(("chain", "backward", "textbook", "closed")), help="Which forms to print. Repeatable. Default: backward, chain, textbook.")
@click.option("--as", "view", type=click.Choice(("elements", "index", "matrix")), help="Arrays entry by entry, by index, or as matrices. Default: by index, but small arrays that are read at fixed places by entry.")
@click.option("--detail", type=click.Choice(("brief", "steps", "full")), default="steps", show_default=True, help="How much is explained.")
@output_options
@click.option("--digits", type=click.IntRange(min=1, max=15), help="Significant digits of numbers. Default: 4.")
@click.option("--sample", type=click.IntRange(min=1), help="Which sample of the data is shown in numbers. Default: the first.")
@click.option("--code", is_flag=True, help="Add the forward pass and the gradients as NumPy statements, and a comparison. Always in a notebook.")
@click.option("--picture", "with_picture", is_flag=True, help="Draw the network behind the header; with one -w, its paths are lit.")
@click.option("--sample-index", is_flag=True, help="Write the index of the sample behind every name that has it.")
@notation_option
def command(spec: str, weights: tuple[str, ...], forms: tuple[str, ...], view: str | None, detail: str, digits: int | None, sample: int | None, code: bool, with_picture: bool, sample_index: bool, notation: str | None, output: Output) -> None:
    """Derive the gradients of a network.

    SPEC is a YAML file, the name of a shipped example, or - for standard input.

    \b
    backprop-derive derive two_hidden_nodes
    backprop-derive derive net.yaml -w 'W1[2,1]' --detail full
    backprop-derive derive mazur --digits 9
    """
    from backprop_derive.cli.opening import open_network
    from backprop_derive.cli.output import emit

    _, graph = open_network(spec)

    from backprop_derive.calculus.derivation import derive
    from backprop_derive.cli.notation import network_and_weights, renaming_for
    from backprop_derive.cli.numbers import fit_of, numbers_of
    from backprop_derive.errors import NotYetError
    from backprop_derive.graph.weights import entries_where_clearer, every_entry
    from backprop_derive.presentation.figures import DIGITS
    from backprop_derive.presentation.presenting import DEFAULT_FORMS, present

    if view == "matrix" and notation and output.format == "json":
        raise NotYetError("a record of matrices in another notation")
    if sample_index and graph.samples is not None and output.format != "json":
        graph = replace(graph, samples=replace(graph.samples, written=True))
    renaming = renaming_for(graph, notation)
    graph, chosen = network_and_weights(graph, renaming, weights, record=output.format == "json")
    asked = chosen if weights else ()
    if view == "elements":
        chosen = every_entry(graph, chosen)
    elif view is None and output.format != "json":
        chosen = entries_where_clearer(graph, chosen)
    derivation = derive(graph)
    numbers, note = numbers_of(derivation, sample, wanted=digits is not None or sample is not None)
    digits = digits or DIGITS
    document = present(
        derivation,
        weights=chosen,
        forms=forms or DEFAULT_FORMS,  # type: ignore[arg-type]
        detail=detail,  # type: ignore[arg-type]
        numbers=numbers,
        digits=digits,
        note=note,
        fit=fit_of(graph, numbers, digits),
        matrices=view == "matrix",
        picture=_picture(derivation, asked) if with_picture and not output.with_network else None,
    )
    document = _completed(document, derivation, numbers, network=output.with_network, code=code or output.with_code)
    emit(document if renaming is None else replace(document, renaming=renaming), output)


def _picture(derivation: Derivation, asked: Sequence[Weight]) -> Picture:
    """The network; the paths of the weight that was asked for, if it is one, are lit."""
    from backprop_derive.presentation.drawing import draw

    return draw(derivation, asked[0] if len(asked) == 1 else None)


def _completed(document: Document, derivation: Derivation, numbers: WorkedNumbers | None, *, network: bool, code: bool) -> Document:
    """The document with the network beside it, and with its code."""
    if network:
        from backprop_derive.presentation.drawing import with_network

        document = with_network(document, derivation)
    if code:
        from backprop_derive.presentation.code.points import program_point
        from backprop_derive.presentation.code.program import with_program

        document = with_program(document, derivation, program_point(derivation, None if numbers is None else numbers.evaluation))
    return document
