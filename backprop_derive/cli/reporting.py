"""Errors on stderr as `file:line:column: path: message (did you mean …?)`, or as JSON on stdout where that was asked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise

import click

from backprop_derive.errors import BackpropError, Problem

INTERRUPTED = 130
PIPE_CLOSED = 141  # as a shell reports a command that SIGPIPE ended
BUG = 70
DEBUG = "BACKPROP_DERIVE_DEBUG"


def report(error: Exception, arguments: Sequence[str]) -> int:
    """Say what is wrong; returns the exit code."""
    if os.environ.get(DEBUG):
        raise error
    kind, code, problems = _read(error)
    if asks_for_json(arguments):
        click.echo(as_json(kind, problems))
    else:
        for problem in problems:
            click.echo(_line(problem), err=True)
    return code


def _line(problem: Problem) -> str:
    return str(problem) if problem.file else f"backprop-derive: {problem}"


def _read(error: Exception) -> tuple[str, int, tuple[Problem, ...]]:
    if isinstance(error, BackpropError):
        return error.kind, error.exit_code, error.problems
    if isinstance(error, click.ClickException):
        return "usage", 2, (Problem(_of_click(error)),)
    if isinstance(error, RecursionError):
        return "spec", 2, (Problem("the network or one of its formulas is nested too deeply"),)
    if isinstance(error, OSError):
        return "usage", 2, (Problem(f"{error.filename or 'the output'}: {error.strerror or error}"),)
    message = f"a bug, please report it: {type(error).__name__}: {error} (with {DEBUG}=1 in the environment it shows where)"
    return "bug", BUG, (Problem(message),)


def _of_click(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
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

    listed = [
        {
            "message": problem.message, "file": problem.file, "line": problem.line,
            "column": problem.column, "path": problem.path, "nearest": list(problem.nearest),
        }
        for problem in problems
    ]  # fmt: skip
    return json.dumps({"format": "backprop-derive/1", "error": {"kind": kind, "problems": listed}}, indent=2, ensure_ascii=False)
