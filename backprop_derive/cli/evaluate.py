"""`evaluate SPEC`: the network in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from backprop_derive.cli.notation import notation_option
from backprop_derive.cli.options import output_options, spec_argument

if TYPE_CHECKING:
    from backprop_derive.cli.output import Output

DIGITS = 6


@click.command("evaluate")
@spec_argument
@click.option("--steps", type=click.IntRange(min=0), help="Steps of the optimizer. Default: 1 with a learning rate.")
@click.option("--sample", type=click.IntRange(min=1), help="Show this sample only.")
@click.option("--digits", type=click.IntRange(min=1, max=17), default=DIGITS, show_default=True, help="Significant digits.")
@click.option("--seed", type=click.IntRange(min=0), help="Draw values that are not given from this seed.")
@notation_option
@output_options
def command(spec: str, steps: int | None, sample: int | None, digits: int, seed: int | None, notation: str | None, output: Output) -> None:
    """Compute values, gradients and training steps.

    SPEC as for derive; its values and data give the numbers. A file that ends in .svg or .png gets the curve of the cost.

    \b
    backprop-derive evaluate mazur
    backprop-derive evaluate mazur --steps 10000 -o curve.svg
    """
    from backprop_derive.cli.notation import renaming_for
    from backprop_derive.cli.opening import open_network
    from backprop_derive.cli.output import emit
    from backprop_derive.cli.progress import shown_progress
    from backprop_derive.presentation.curves import PICTURES, need_plotting_library

    if output.format in PICTURES:
        need_plotting_library()
    _, graph = open_network(spec)
    renaming = renaming_for(graph, notation)
    if renaming is not None and output.format != "json":  # a record has the names of the spec
        graph = renaming.renamed

    from backprop_derive.numerics.training import evaluate
    from backprop_derive.presentation.evaluating import present_evaluation

    with shown_progress(1 if steps is None else steps) as progress:
        evaluation = evaluate(graph, steps=steps, seed=seed, progress=progress)
    emit(present_evaluation(evaluation, digits=digits, sample=sample), output)
