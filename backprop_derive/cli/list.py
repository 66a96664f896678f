"""`list`: what there is, from the tables."""

from __future__ import annotations

import click

from backprop_derive.cli.options import format_option, output_option


@click.command("list")
@click.argument("kind", required=False, metavar="[activations|losses|layers|formats|examples]")
@format_option
@output_option
def command(kind: str | None, format_name: str | None, file: str | None) -> None:
    """List activations, losses, layers, formats, examples."""
    from backprop_derive.cli.examples import example_titles
    from backprop_derive.cli.output import chosen_format, emit
    from backprop_derive.presentation.catalogue import present_catalogue

    name = chosen_format(format_name, file)
    emit(present_catalogue(kind, example_titles() if kind in (None, "examples") else {}), name, file)
