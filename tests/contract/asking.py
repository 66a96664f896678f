"""A few networks, and what a command says of them."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from backprop_derive.cli.main import commands

HEAD = "inputs: {x: 3}\nparameters: [w, u]\nsizes: {u: [3]}\ntargets: y\nequations:\n"
NODE = "inputs: x\nnodes:\n  A: {weights: {w: x}, activation: sigmoid, output: a}\ntargets: y\n"
LAYERS = "inputs: 4\nlayers:\n  - dense: 12\n    activation: tanh\n  - dense: 3\nloss: half_squared_error\n"


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(commands, list(arguments), input=text)


def record(command: str, text: str, *arguments: str) -> dict[str, Any]:
    """What a command says of a spec, as JSON."""
    result = run(command, "-", "-f", "json", *arguments, text=text)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["format"] == "backprop-derive/1"
    return found


def gradients(text: str, *arguments: str) -> dict[str, str]:
    """The textbook form of each gradient, as JSON has it."""
    return {name: each["gradient"]["text"] for name, each in record("derive", text, *arguments)["gradients"].items()}


def problems(text: str, *arguments: str) -> list[dict[str, object]]:
    """What is wrong, as JSON has it on stdout; the exit code is 2."""
    result = run("derive", "-", "-f", "json", *arguments, text=text)
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["format"] == "backprop-derive/1"
    assert list(found["error"]) == ["kind", "problems"]
    for each in found["error"]["problems"]:
        assert list(each) == ["message", "file", "line", "column", "path", "nearest"]
    return list(found["error"]["problems"])


def page(text: str, *arguments: str) -> str:
    """What derive prints, on one long line."""
    result = run("derive", "-", *arguments, text=text)
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())
