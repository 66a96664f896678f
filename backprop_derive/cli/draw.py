"""`draw SPEC`: a picture of the network, in the terminal or in a file."""

from __future__ import annotations

import click

from backprop_derive.cli.notation import notation_option
from backprop_derive.cli.options import spec_argument


@click.command("draw")
@spec_argument
@click.option("-w", "--weight", "weights", multiple=True, metavar="WEIGHT", help="Light up the paths of this weight, such as v1 or 'W1[2,1]', with the partial derivatives along them.")
@click.option("-f", "--format", "format_name", metavar="FORMAT", help="One of svg, tikz, png, terminal, markdown. Default: by the suffix of -o, else terminal.")
@click.option("-o", "--output", "file", metavar="FILE", help="Write to a file, whose suffix picks the format: net.svg, net.tex (TikZ), net.png, net.txt; - is standard output.")
@click.option("--fragment", is_flag=True, help="A bare tikzpicture, for \\input in a file of your own.")
@notation_option
@click.option("--no-clobber", "keep", is_flag=True, help="Leave a file alone that is there already.")
def command(spec: str, weights: tuple[str, ...], format_name: str | None, file: str | None, fragment: bool, notation: str | None, keep: bool) -> None:
    """Draw a network: its units in columns, the weights on the arrows.

    \b
    backprop-derive draw two_hidden_nodes
    backprop-derive draw two_hidden_nodes -w w11 -o paths.svg
    backprop-derive draw mazur -o net.tex
    """
    from backprop_derive.cli.opening import open_network
    from backprop_derive.cli.output import STANDARD_OUTPUT, chosen_output, emit, emit_written
    from backprop_derive.presentation.pictures import expect_able, find_picture_format, page_of, picture_format_of_file, render_picture

    to_file = file is not None and file != STANDARD_OUTPUT
    row = find_picture_format(format_name) if format_name is not None else picture_format_of_file(file) if file is not None and to_file else find_picture_format("terminal")
    expect_able(row, fragment=fragment)
    output = chosen_output(row.page or ("png" if row.binary else "terminal"), file, replace=not keep)
    _, graph = open_network(spec)

    from backprop_derive.calculus.derivation import derive
    from backprop_derive.cli.notation import network_and_weights, renaming_for
    from backprop_derive.presentation.drawing import draw, only_one

    graph, chosen = network_and_weights(graph, renaming_for(graph, notation), weights, record=False)
    picture = draw(derive(graph), only_one(chosen) if weights else None)
    if row.page:
        emit(page_of(picture), output)
    else:
        emit_written(render_picture(picture, row, fragment=fragment), output)
