"""`new` and `schema`: what they print, and what they do not overwrite."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backprop_derive.cli.examples import example_names, example_path, example_titles
from backprop_derive.cli.main import commands
from backprop_derive.spec.loading import load_spec

SPECS = Path(__file__).resolve().parents[2] / "specs"


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(commands, list(arguments), input=text)


def test_new_prints_a_commented_spec_that_works() -> None:
    printed = run("new").stdout
    assert printed.startswith("# ")
    assert run("derive", "-", text=printed).exit_code == 0
    assert run("check", "-", text=printed).exit_code == 0


@pytest.mark.parametrize(
    ("first", "last", "more"),
    [
        ("# inputs: 2", "#     activation: sigmoid", "loss: binary_cross_entropy"),
        ("# inputs: {x: n}", "#   p[j]: sigmoid(z[j])", "targets: {y: q}\nloss: binary_cross_entropy"),
    ],
)
def test_the_other_ways_of_the_comments_work(first: str, last: str, more: str) -> None:
    lines = run("new").stdout.splitlines()
    network = [line.removeprefix("# ") for line in lines[lines.index(first) : lines.index(last) + 1]]
    assert run("check", "-", text="\n".join([*network, more])).exit_code == 0


def test_the_penalty_of_the_comment_works() -> None:
    printed = run("new").stdout
    result = run("derive", "-", "-w", "v1", "--detail", "brief", text=printed.replace("# regularization:", "regularization:"))
    assert "∂C/∂v1 = 1/m Σ_i (yhat − y)·a1 + λ·v1" in result.stdout.replace("ŷ", "yhat")


@pytest.mark.parametrize("name", sorted(path.stem for path in SPECS.glob("*.yaml")))
def test_new_prints_an_example(name: str) -> None:
    assert run("new", name).stdout == (SPECS / f"{name}.yaml").read_text(encoding="utf-8")


def test_an_unknown_example_is_said_with_the_nearest() -> None:
    result = run("new", "mazurr")
    assert result.exit_code == 2
    assert "did you mean mazur?" in result.stderr
    assert result.stdout == ""


def test_a_file_is_written_but_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "net.yaml"
    assert run("new", "-o", str(target)).stdout == ""
    assert target.read_text(encoding="utf-8") == run("new").stdout
    target.write_text("mine", encoding="utf-8")
    result = run("new", "xor", "-o", str(target))
    assert result.exit_code == 2
    assert "is there already: take another name, or replace it with --force" in result.stderr
    assert target.read_text(encoding="utf-8") == "mine"
    assert run("new", "xor", "-o", str(target), "--force").exit_code == 0
    assert target.read_text(encoding="utf-8") == (SPECS / "xor.yaml").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]


def test_the_schema_is_json_and_knows_the_keys(tmp_path: Path) -> None:
    schema = json.loads(run("schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"inputs", "loss", "regularization", "latex"} <= set(schema["properties"])
    assert "dense" in schema["$defs"]["layer"]["anyOf"][0]["enum"]
    target = tmp_path / "spec.schema.json"
    assert run("schema", "-o", str(target)).exit_code == 0
    assert json.loads(target.read_text(encoding="utf-8")) == schema


@pytest.mark.parametrize("arguments", [["new"], ["schema"]])
def test_nothing_heavy_is_loaded(arguments: list[str]) -> None:
    program = f"import sys\nfrom backprop_derive.cli.main import commands\ntry: commands.main({arguments!r})\nexcept SystemExit: pass\nprint(sorted(sys.modules), file=sys.stderr)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert "'sympy'" not in loaded
    assert "'numpy'" not in loaded


@pytest.mark.parametrize("name", example_names())
def test_the_listed_title_of_an_example_is_the_title_of_its_spec(name: str) -> None:
    path = example_path(name)
    assert path is not None
    assert example_titles()[name] == load_spec(path).title != ""
