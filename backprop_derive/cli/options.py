"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from backprop_derive.presentation.formats import FORMATS

spec_argument = click.argument("spec", metavar="SPEC")
weight_option = click.option("-w", "--weight", "weights", multiple=True, metavar="WEIGHT", help="Only this weight, such as v1 or 'W1[2,1]'. Repeatable.")
_output_options = (
    click.option("-f", "--format", "format_name", metavar="FORMAT", help=f"One of {', '.join(row.name for row in FORMATS)}. Default: by the suffix of -o."),
    click.option("-o", "--output", "file", metavar="FILE", help="Write to a file, whose suffix picks the format; - is standard output."),
    click.option("--no-clobber", is_flag=True, help="Fail rather than replace a file that is there."),
    click.option("--fragment", is_flag=True, help="LaTeX without a preamble, for \\input in a file of your own."),
    click.option("--width", type=click.FloatRange(min=60, max=1000), metavar="MM", help="Break typeset formulas at lines of so many millimetres. Default: 165."),
    click.option("--pdf-engine", metavar="ENGINE", help="What makes a PDF: typst (default), pdflatex, lualatex or xelatex."),
)


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where a document goes; the command gets them as one argument `output`."""

    @wraps(command)
    def run(*, format_name: str | None, file: str | None, no_clobber: bool, fragment: bool, width: float | None, pdf_engine: str | None, **others: Any) -> Any:
        from backprop_derive.cli.output import chosen_output

        output = chosen_output(format_name, file, replace=not no_clobber, fragment=fragment, width=width, pdf_engine=pdf_engine)
        return command(output=output, **others)

    for option in reversed(_output_options):
        run = option(run)
    return run
