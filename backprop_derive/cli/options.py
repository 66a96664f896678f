"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from backprop_derive.errors import NotYetError
from backprop_derive.presentation.formats import FORMATS

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

spec_argument = click.argument("spec", metavar="SPEC")
weight_option = click.option("-w", "--weight", "weights", multiple=True, metavar="WEIGHT", help="Only this weight, such as v1 or 'W1[2,1]'. Repeatable.")
format_option = click.option("-f", "--format", "format_name", metavar="FORMAT", help=f"One of {', '.join(row.name for row in FORMATS)}. Default: by the suffix of -o.")
output_option = click.option("-o", "--output", "file", metavar="FILE", help="Write to a file, whose suffix picks the format.")


def planned_option(*names: str, flag: bool = False) -> Decorator:
    """An option that is documented but not built: whoever uses it is told so."""

    def refuse(_context: click.Context, _option: click.Parameter, value: object) -> None:
        if value is not None and value is not False:
            raise NotYetError(f"the option {names[-1]}")

    return click.option(*names, is_flag=flag, default=None, expose_value=False, callback=refuse, help="(planned, not built)")
