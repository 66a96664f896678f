"""`evaluate SPEC`: the network in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from backprop_derive.cli.options import output_options, spec_argument

if TYPE_CHECKING:
    from backprop_derive.cli.output import Output


@click.command("evaluate")
@spec_argument
@click.option("--steps", type=click.IntRange(min=0), help="Steps of the optimizer. Default: 1 with a learning rate.")
@click.option("--sample", type=click.IntRange(min=1), help="Show this sample only.")
@click.option("--digits", type=click.IntRange(min=1, max=17), default=6, show_default=True, help="Significant digits.")
@click.option("--seed", type=click.IntRange(min=0), help="Draw values that are not given from this seed.")
@output_options
def command(spec: str, steps: int | None, sample: int | None, digits: int, seed: int | None, output: Output) -> None:
    """Compute values, gradients and training steps.

    SPEC as for derive. Its `values:` and `data:` give the numbers.
    """
    from backprop_derive.cli.opening import open_network
    from backprop_derive.cli.output import emit

    _, graph = open_network(spec)

    from backprop_derive.numerics.training import evaluate
    from backprop_derive.presentation.evaluating import present_evaluation

    evaluation = evaluate(graph, steps=steps, seed=seed)
    emit(present_evaluation(evaluation, digits=digits, sample=sample), output)
