"""`new [EXAMPLE]`: a spec to start from."""

from __future__ import annotations

from pathlib import Path

import click

STARTER = Path(__file__).with_name("starter.yaml")


@click.command("new")
@click.argument("example", required=False, metavar="[EXAMPLE]")
@click.option("-o", "--output", "file", metavar="FILE", help="Write to a file; - is standard output.")
@click.option("--force", is_flag=True, help="Replace the file if it is there already.")
def command(example: str | None, file: str | None, force: bool) -> None:
    """Print a commented spec to start from.

    EXAMPLE is the name of a shipped example (backprop-derive list examples).

    \b
    backprop-derive new -o net.yaml
    backprop-derive new mazur
    """
    from backprop_derive.cli.output import emit_text

    emit_text(_source(example).read_text(encoding="utf-8"), file, replace=force, instead="take another name, or replace it with --force")


def _source(example: str | None) -> Path:
    from backprop_derive.cli.examples import example_names, example_path
    from backprop_derive.errors import Problem, UsageError, nearest

    if example is None:
        return STARTER
    path = example_path(example)
    if path is None:
        message = f"there is no example {example!r}; there are {', '.join(example_names())}"
        raise UsageError(Problem(message, value=example, nearest=nearest(example, example_names())))
    return Path(path)
