"""The command `backprop-derive`: finds the command that was named, and turns errors into messages and exit codes.

Exit codes: 0 right, 1 a check that failed, 2 input that cannot be used, 130 Ctrl-C.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import click

from backprop_derive.cli.reporting import INTERRUPTED, PIPE_CLOSED, report
from backprop_derive.errors import Problem, UsageError, nearest

BUILT = ("derive", "check", "verify", "evaluate", "draw", "list", "new", "schema")


class Commands(click.Group):
    """The commands; each one's file is read when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [*BUILT]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name in BUILT:
            found: click.Command = import_module(f"backprop_derive.cli.{cmd_name}").command
            return found
        return None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            found = nearest(args[0], self.list_commands(ctx))
            message = f"there is no command {args[0]!r}; there are {', '.join(self.list_commands(ctx))}"
            raise UsageError(Problem(message, value=args[0], nearest=found))
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = "backprop-derive", **options: Any) -> Any:  # type: ignore[override]
        """Run, and leave with an exit code; with `standalone_mode=False`, return or raise instead."""
        arguments = list(sys.argv[1:] if args is None else args)
        standalone = options.pop("standalone_mode", True)
        run = partial(super().main, arguments, prog_name, standalone_mode=False, **options)
        return sys.exit(_exit_code(arguments, run)) if standalone else run()


def _exit_code(arguments: Sequence[str], run: Callable[[], Any]) -> int:
    """Run a command; what it raises becomes a message and an exit code."""
    try:
        result = run()
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except BrokenPipeError:
        _silence_output()
        return PIPE_CLOSED
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except Exception as error:
        return report(error, arguments)


def _silence_output() -> None:
    """Whoever read our output is gone: nothing may be written any more, not even when the interpreter ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = None


@click.group("backprop-derive", cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="backprop_derive", prog_name="backprop-derive")
@click.pass_context
def commands(ctx: click.Context) -> int:
    """Derives, explains and proves the gradients of a neural network that a YAML file describes."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        return 2
    return 0


def main() -> None:
    """Run the command line. A command lives for a second: collecting garbage would only cost time."""
    gc.disable()
    commands.main()
