"""`list` and the reference pages, which are made from the tables."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from backprop_derive.cli.main import commands
from backprop_derive.operations.functions import FUNCTIONS
from backprop_derive.operations.layers import LAYERS
from backprop_derive.operations.losses import LOSSES
from backprop_derive.operations.optimizers import OPTIMIZERS

DOCS = Path(__file__).parents[2] / "docs"


def listed(*arguments: str) -> str:
    result = CliRunner().invoke(commands, ["list", *arguments])
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("name", ["functions.md", "losses.md", "optimizers.md", "notations.md", "layers.md"])
def test_a_page_is_not_stale(name: str) -> None:
    pages = runpy.run_path(str(DOCS / "generate.py"))["pages"]()
    assert (DOCS / name).read_text(encoding="utf-8") == pages[name], "run python docs/generate.py"


def test_every_row_has_its_place_on_a_page() -> None:
    for name, rows in (("functions.md", FUNCTIONS), ("losses.md", LOSSES), ("optimizers.md", OPTIMIZERS), ("layers.md", LAYERS.values())):
        text = (DOCS / name).read_text(encoding="utf-8")
        headings = [line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")]
        assert sorted(headings) == sorted(getattr(row, "name", "") or row.kind for row in rows)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "lines",
    [
        ["sigmoid        a = 1/(1 + exp(-z))", "               da/dz = a*(1 - a)", "               also logistic"],
        [
            "leaky_relu     a = where(z > 0, z, slope*z)",
            "               da/dz = where(z > 0, 1, slope)",
            "               da/dslope = where(z > 0, 0, z)",
            "               default slope = 0.01; no derivative where z = 0",
        ],
        [
            "prelu          a = where(z > 0, z, alpha*z)",
            "               da/dz = where(z > 0, 1, alpha)",
            "               da/dalpha = where(z > 0, 0, z)",
            "               learns alpha; no derivative where z = 0",
        ],
        ["log_softmax    a[c] = z[c] - logsumexp(z[d], d)", "               da[c]/dz[d] = where(c = d, 1, 0) - exp(a[d])"],
    ],
)
def test_the_list_of_activations_tells_everything(lines: list[str]) -> None:
    text = "\n".join(line.rstrip() for line in listed("activations").splitlines())
    assert "\n".join(lines) + "\n" in text


def test_the_list_of_losses_tells_everything() -> None:
    text = "\n".join(line.rstrip() for line in listed("losses").splitlines())
    lines = [
        "gaussian_nll            L = 1/2*sum(log(var[c]) + (y[c] - mu[c])^2/var[c], c)",
        "                        dL/dmu[d] = (mu[d] - y[d])/var[d]",
        "                        dL/dy[d] = (y[d] - mu[d])/var[d]",
        "                        dL/dvar[d] = (var[d] - (y[d] - mu[d])^2)/(2*var[d]^2)",
        "                        for var[c] > 0",
    ]
    assert "\n".join(lines) + "\n" in text


def test_the_lists_as_json() -> None:
    activations = by_name(listed("activations", "-f", "json"), "activations")
    losses = by_name(listed("losses", "-f", "json"), "losses")
    assert set(activations) == {row.name for row in FUNCTIONS if row.activation}
    assert set(losses) == {row.name for row in LOSSES}
    assert activations["celu"] == {
        "name": "celu",
        "value": "a",
        "formula": "where(z > 0, z, alpha*(exp(z/alpha) - 1))",
        "derivatives": {"z": "where(z > 0, 1, exp(z/alpha))", "alpha": "where(z > 0, 0, (1 - z/alpha)*exp(z/alpha) - 1)"},
        "learnt": [],
        "defaults": {"alpha": "1"},
        "aliases": [],
        "domain": ["alpha != 0"],
        "kinks": [],
        "sentence": "CELU has slope 1 where z > 0 and exp(z/alpha) elsewhere, and both meet at 0",
        "latex": r"\operatorname{CELU}",
    }
    assert losses["quantile"]["derivatives"] == {"p[d]": "where(y[d] >= p[d], -tau, 1 - tau)", "y[d]": "where(y[d] >= p[d], tau, tau - 1)"}
    assert losses["quantile"]["kinks"] == ["p[c] - y[c]"]
    assert losses["triplet"]["targets"] == []


def by_name(text: str, kind: str) -> dict[str, Any]:
    return {entry["name"]: entry for entry in json.loads(text)[kind]}
