"""`list`: what there is, from the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from backprop_derive.cli.options import output_options

if TYPE_CHECKING:
    from backprop_derive.cli.output import Output


@click.command("list")
@click.argument("kind", required=False, metavar="[activations|losses|layers|optimizers|notations|formats|mistakes|examples]")
@output_options
def command(kind: str | None, output: Output) -> None:
    """List activations, losses, layers, optimizers, notations, formats, mistakes, examples."""
    from backprop_derive.cli.examples import example_titles
    from backprop_derive.cli.output import emit
    from backprop_derive.presentation.catalogue import present_catalogue

    emit(present_catalogue(kind, example_titles() if kind in (None, "examples") else {}), output)
