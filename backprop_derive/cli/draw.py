"""`draw SPEC -o net.svg`: a picture of the network."""

from __future__ import annotations

import click

from backprop_derive.cli.options import spec_argument


@click.command("draw")
@spec_argument
@click.option("-w", "--weight", metavar="WEIGHT", help="Light up the paths of this weight, such as v1 or 'W1[2,1]', with the partial derivative on each arrow.")
@click.option("-o", "--output", "file", metavar="FILE", help="The picture, in the format of its suffix: net.svg, net.tex (TikZ); - is standard output, as SVG.")
@click.option("--fragment", is_flag=True, help="A bare tikzpicture, for \\input in a file of your own.")
@click.option("--no-clobber", "keep", is_flag=True, help="Leave a file alone that is there already.")
def command(spec: str, weight: str | None, file: str | None, fragment: bool, keep: bool) -> None:
    """Draw a network: its units in columns, the weights on the arrows.

    \b
    backprop-derive draw two_hidden_nodes -o net.svg
    backprop-derive draw two_hidden_nodes -w w11 -o paths.tex
    """
    from backprop_derive.cli.opening import open_network
    from backprop_derive.cli.output import emit_text
    from backprop_derive.errors import NotYetError
    from backprop_derive.presentation.pictures import FORMATS, picture_format_of_file, render_picture

    if file is None:
        raise NotYetError("the picture in the terminal (write a file instead: -o net.svg)")
    row = FORMATS[0] if file == "-" else picture_format_of_file(file)
    _, graph = open_network(spec)

    from backprop_derive.calculus.derivation import derive
    from backprop_derive.graph.weights import find_weights
    from backprop_derive.presentation.drawing import draw

    chosen = find_weights((weight,), graph)[0] if weight is not None else None
    emit_text(render_picture(draw(derive(graph), chosen), row, fragment=fragment), file, replace=not keep, instead="--no-clobber keeps it")
