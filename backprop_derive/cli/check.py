"""`check SPEC`: the numeric proof of the gradients."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from backprop_derive.cli.notation import notation_option
from backprop_derive.cli.options import output_options, spec_argument, weight_option

if TYPE_CHECKING:
    from backprop_derive.cli.output import Output


@click.command("check")
@spec_argument
@weight_option
@click.option("--exact", is_flag=True, help="Compare at 50 digits.")
@click.option("--seed", type=click.IntRange(min=0), help="Draw the values that the spec does not give from this seed.")
@notation_option
@output_options
def command(spec: str, weights: tuple[str, ...], exact: bool, seed: int | None, notation: str | None, output: Output) -> int:
    """Prove the derived gradients in numbers.

    SPEC as for derive. A row a parameter; exit code 1 if one is wrong.
    """
    from backprop_derive.cli.notation import network_and_weights, renaming_for
    from backprop_derive.cli.opening import open_network
    from backprop_derive.cli.output import emit

    _, graph = open_network(spec)

    from backprop_derive.calculus.derivation import derive
    from backprop_derive.numerics.gradcheck import check_gradients
    from backprop_derive.presentation.checking import present_check

    graph, found = network_and_weights(graph, renaming_for(graph, notation), weights, record=output.format == "json")
    chosen = tuple(dict.fromkeys(name for name, _ in found)) if weights else ()
    check = partial(check_gradients, derive(graph), weights=chosen or None, exact=exact)
    report = check() if seed is None else check(seeds=(seed,))
    emit(present_check(report), output)
    return 0 if report.passed else 1
