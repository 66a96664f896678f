"""The command line starts without the heavy libraries: they are imported where they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("sympy", "numpy", "mpmath", "rich.console")


def loaded_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `statement`."""
    program = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    assert loaded_after("import backprop_derive.cli.main").isdisjoint(HEAVY)


@pytest.mark.parametrize("module", HEAVY)
def test_a_heavy_import_would_be_seen(module: str) -> None:
    assert module in loaded_after(f"import {module}")
