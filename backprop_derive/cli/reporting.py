"""Errors on stderr as `file:line:column: path: message (did you mean …?)`, or as JSON on stdout where that was asked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import click

from backprop_derive.errors import BackpropError, Problem

INTERRUPTED = 130
PIPE_CLOSED = 141  # as a shell reports a command that SIGPIPE ended
BUG = 70
MOST_TOLD = 50
LONGEST_NAME = 200
LONGEST_LINE = 5000
DEBUG = "BACKPROP_DERIVE_DEBUG"


def report(error: Exception, arguments: Sequence[str]) -> int:
    """Say what is wrong; returns the exit code."""
    if os.environ.get(DEBUG):
        raise error
    kind, code, problems = _read(error)
    if asks_for_json(arguments):
        click.echo(as_json(kind, problems))
    else:
        for problem in problems[:MOST_TOLD]:
            click.echo(_line(problem), err=True)
        if len(problems) > MOST_TOLD:
            click.echo(f"… and {len(problems) - MOST_TOLD} more problems", err=True)
    return code


def _line(problem: Problem) -> str:
    """The problem without characters that a terminal would act upon, whatever stands in names of files and keys."""
    file = None if problem.file is None else _visible(problem.file)
    text = _visible(str(replace(problem, file=file)), keep="\n")
    text = "\n".join(line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + "…" for line in text.splitlines())
    return text if file else f"backprop-derive: {text}"


def _visible(text: str, keep: str = "") -> str:
    return "".join(each if each.isprintable() or each in keep else ascii(each)[1:-1] for each in text)


def _read(error: Exception) -> tuple[str, int, tuple[Problem, ...]]:
    if isinstance(error, BackpropError):
        return error.kind, error.exit_code, error.problems
    if isinstance(error, click.ClickException):
        return "usage", 2, (Problem(_of_click(error)),)
    if isinstance(error, RecursionError):
        return "spec", 2, (Problem("the network or one of its formulas is nested too deeply"),)
    if isinstance(error, OSError):
        name = str(error.filename or "the output")
        return "usage", 2, (Problem(f"{name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + '…'}: {error.strerror or error}"),)
    message = f"a bug, please report it: {type(error).__name__}: {error} (with {DEBUG}=1 in the environment it shows where)"
    return "bug", BUG, (Problem(message),)


def _of_click(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".").replace("is not a valid integer range", "is no whole number")
    context = getattr(error, "ctx", None)
    return f"{message} (see '{context.command_path} --help')" if context is not None else message


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether the arguments ask for JSON on stdout; they need not be valid otherwise.

    >>> asks_for_json(["derive", "x.yaml", "-f", "json"]), asks_for_json(["derive", "--format=json"]), asks_for_json(["json"])
    (True, True, False)
    """
    joined = ["-fjson", "--format=json", "-f=json"]
    pairs = pairwise(arguments)
    return any(each.lower() in joined for each in arguments) or any(
        option in ("-f", "--format") and value.lower() == "json" for option, value in pairs
    )


def as_json(kind: str, problems: Sequence[Problem]) -> str:
    """`{"error": {"kind": …, "problems": […]}}`."""
    import json

    from backprop_derive.presentation.document import FORMAT

    listed = [
        {
            "message": problem.message, "file": problem.file, "line": problem.line,
            "column": problem.column, "path": problem.path, "nearest": list(problem.nearest),
        }
        for problem in problems
    ]  # fmt: skip
    return json.dumps({"format": FORMAT, "error": {"kind": kind, "problems": listed}}, indent=2, ensure_ascii=False)
