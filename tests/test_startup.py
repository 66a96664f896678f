"""The command line starts without the heavy libraries, and a command loads only the packages that it uses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"sympy", "numpy", "mpmath", "rich.console"}
GRAPHS = {f"backprop_derive.{package}" for package in ("graph", "building", "calculus", "numerics")}
BAD_SPECS = Path(__file__).parent / "bad_specs"


def loaded_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `statement`."""
    program = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(result.stderr.split())


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a command has loaded when it ends."""
    run = f"try:\n    commands.main({list(arguments)})\nexcept SystemExit:\n    pass"
    return loaded_after(f"from backprop_derive.cli.main import commands\n{run}")


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    assert loaded_after("import backprop_derive.cli.main").isdisjoint(HEAVY | GRAPHS)


@pytest.mark.parametrize("module", sorted(HEAVY))
def test_a_heavy_import_would_be_seen(module: str) -> None:
    assert module in loaded_after(f"import {module}")


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (["--help"], GRAPHS | {"yaml"}),
        (["derive", "--help"], GRAPHS | {"yaml"}),
        (["list"], GRAPHS | {"yaml"}),
        (["list", "-f", "json"], GRAPHS - {"backprop_derive.graph"} | {"yaml"}),
        (["new"], GRAPHS | {"yaml"}),
        (["schema"], GRAPHS),
        (["derive", str(BAD_SPECS / "bad_yaml_tab.yaml")], GRAPHS),
        (["verify", str(BAD_SPECS / "bad_yaml_tab.yaml"), "-w", "v1", "-a", "1"], GRAPHS | {"backprop_derive.answers"}),
        (["verify", "--help"], GRAPHS | {"yaml", "backprop_derive.answers"}),
        (["derive", str(BAD_SPECS / "bad_unknown_name.yaml")], {"backprop_derive.calculus", "backprop_derive.numerics", "pathlib"}),
        (["check", str(BAD_SPECS / "bad_misspelt_cost.yaml")], {"backprop_derive.calculus", "backprop_derive.numerics", "backprop_derive.building.equations"}),
        (["derive", "two_hidden_nodes"], {"backprop_derive.numerics", "backprop_derive.building.equations", "backprop_derive.building.layers"}),
    ],
    ids=lambda value: " ".join(Path(each).stem for each in value) if isinstance(value, list) else "",
)
def test_a_command_loads_only_what_it_uses(arguments: list[str], unneeded: set[str]) -> None:
    assert loaded_by(*arguments) & (HEAVY | unneeded) == set()


@pytest.mark.parametrize("reason", ["misspelt_cost", "unknown_name", "shape_weights_rows"])
def test_a_wrong_spec_waits_for_no_classes_to_be_compiled(reason: str) -> None:
    """The standard library compiles each frozen dataclass, `backprop_derive.frozen` does not: a few more are no harm, dozens are a third of the time."""
    classes = "each for module in list(sys.modules.values()) for each in vars(module).values() if isinstance(each, type)"
    compiled = f"import sys\nfor each in {{{classes}}}:\n    if vars(each).get('__dataclass_params__') and each.__dataclass_params__.frozen: print('compiled:' + each.__name__, file=sys.stderr)"
    run = f"try:\n    commands.main(['derive', {str(BAD_SPECS / f'bad_{reason}.yaml')!r}])\nexcept SystemExit:\n    pass"
    loaded = loaded_after(f"from backprop_derive.cli.main import commands\n{run}\n{compiled}")
    assert len({name for name in loaded if name.startswith("compiled:")}) < 10
    assert "backprop_derive.graph.nodes" in loaded


def test_the_check_loads_numpy() -> None:
    assert "numpy" in loaded_by("check", "two_hidden_nodes", "--seed", "1")
