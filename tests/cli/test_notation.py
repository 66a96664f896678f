"""`--notation`: pages and judgements in the notation of a book, in every format."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backprop_derive.cli.main import commands
from backprop_derive.operations.notations import NOTATIONS
from backprop_derive.presentation.formats import FORMATS

SPEC = """
title: Two layers
inputs: 3
layers:
  - dense: 4
    activation: sigmoid
  - dense: 2
    activation: sigmoid
loss: half_squared_error
"""
BOOKS = [row.name for row in NOTATIONS if row.name != "default"]


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "net.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, arguments)


def test_a_page_says_whose_notation_it_is_in(spec: str) -> None:
    page = " ".join(run("derive", spec, "--notation", "nielsen", "--detail", "brief").output.split())
    assert "Notation Nielsen, Neural Networks and Deep Learning (chapter 2: equations 23 to 26, BP1 to BP4); z²[j] is a pre-activation" in page
    assert "a raised number is the layer, never a power; layer 1 is the input" in page
    assert "∂C/∂w²[j,k] = 1/n Σ_x δ²[j]·a¹[k]" in page
    page = " ".join(run("derive", spec, "--notation", "CS231n", "--detail", "brief").output.split())
    assert "d in front of a name is the derivative of the loss L_i with respect to what has that name" in page
    assert "ds1[j] = h1[j]·(1 − h1[j]) Σ_k dscores[k]·W2[j,k]" in page


def test_names_among_words_are_in_the_notation_too(spec: str) -> None:
    page = " ".join(run("derive", spec, "--notation", "nielsen").output.split())
    assert "z³ is linear in a²: the derivative is the weight on a²" in page
    assert "$z^{3}$ is linear in $a^{2}$" in run("derive", spec, "--notation", "nielsen", "-f", "latex").output
    assert "W1" not in page


@pytest.mark.parametrize("name", BOOKS)
@pytest.mark.parametrize("row", [row for row in FORMATS if not row.binary and row.name not in ("svg", "png")], ids=lambda row: row.name)
def test_every_format_has_the_notation(spec: str, row: object, name: str) -> None:
    plain = run("derive", spec, "-f", row.name)  # type: ignore[attr-defined]
    if plain.exit_code:
        pytest.skip("no derivation in this format")
    found = run("derive", spec, "-f", row.name, "--notation", name)  # type: ignore[attr-defined]
    assert found.exit_code == 0, found.output
    assert found.output != plain.output


def test_the_picture_of_a_page_has_the_notation(spec: str) -> None:
    for form in ("latex", "terminal"):
        found = run("derive", spec, "--notation", "nielsen", "--picture", "-w", "w^2[2,1]", "-f", form)
        assert found.exit_code == 0, found.output


def test_without_the_option_and_with_the_default_nothing_changes(spec: str) -> None:
    assert run("derive", spec).output == run("derive", spec, "--notation", "default").output
    assert run("derive", spec, "-f", "json").output == run("derive", spec, "-f", "json", "--notation", "default").output


def test_a_record_keeps_the_names_of_the_spec(spec: str) -> None:
    def texts(value: object) -> object:
        if isinstance(value, dict):
            return {key: texts(each) for key, each in value.items() if key != "latex"}
        return [texts(each) for each in value] if isinstance(value, list) else value

    plain = json.loads(run("derive", spec, "-f", "json").output)
    for name in BOOKS:
        found = json.loads(run("derive", spec, "-f", "json", "--notation", name).output)
        assert texts(found["gradients"].keys()) == texts(plain["gradients"].keys())
        assert {key: each["gradient"]["text"] for key, each in found["gradients"].items()} == {key: each["gradient"]["text"] for key, each in plain["gradients"].items()}
        assert texts(found["deltas"]) == texts(plain["deltas"])
        assert texts(found["forward"]) == texts(plain["forward"])
    found = json.loads(run("derive", spec, "-f", "json", "--notation", "bishop").output)
    assert found["deltas"]["delta2"]["latex"] == r"(y_{j} - t_{j})\,y_{j}\,(1 - y_{j})"
    found = json.loads(run("derive", spec, "-f", "json", "--notation", "cs231n", "-w", "W1[3,4]").output)
    assert list(found["gradients"]) == ["W1[4,3]"]


@pytest.mark.parametrize(
    ("name", "weight", "left"),
    [
        ("nielsen", "w^(2)[2,1]", "∂C/∂w²[2,1] ="), ("nielsen", "w^2[2,1]", "∂C/∂w²[2,1] ="), ("nielsen", "w²", "∂C/∂w²[j,k] ="), ("nielsen", "w2_2_1", "∂C/∂w²[2,1] ="),
        ("nielsen", "W2[2,1]", "∂C/∂w³[2,1] ="), ("nielsen", "W1", "∂C/∂w²[j,k] ="), ("cs231n", "W1[3,4]", "∂L/∂W1[3,4] ="), ("bishop", "b1", "∂E/∂w⁽¹⁾[j,0] ="),
    ],
)  # fmt: skip
def test_weights_are_named_in_the_notation_or_as_in_the_spec(spec: str, name: str, weight: str, left: str) -> None:
    found = run("derive", spec, "--notation", name, "--detail", "brief", "-w", weight)
    assert found.exit_code == 0, found.output
    assert left in found.output


NUMBERS = """
inputs: 2
layers:
  - dense: 2
    activation: tanh
  - dense: 1
loss: half_squared_error
values: {W1: [[0.1, -0.2], [0.3, 0.4]], b1: [0.5, -0.6], W2: [[0.7, -0.8]], b2: [0.9]}
learning_rate: 0.1
data:
  - {x1: 1, x2: -2, y: 0.5}
  - {x1: 0.25, x2: 3, y: -1}
"""


def test_numbers_stand_under_the_names_of_the_notation(tmp_path: Path) -> None:
    path = tmp_path / "numbers.yaml"
    path.write_text(NUMBERS, encoding="utf-8")
    page = run("evaluate", str(path), "--notation", "cs231n").output
    assert "W1[2,1] = −0.2" in page  # to unit 1, from input 2
    assert "vectors are rows" in " ".join(page.split())
    page = run("derive", str(path), "--notation", "nielsen", "--digits", "4", "-w", "w^3[1,2]").output
    assert "∂C_x/∂w³[1,2] = (2.074 − 0.5)·(−0.8005) = −1.260" in page
    assert run("evaluate", str(path), "-f", "json", "--notation", "bishop").output == run("evaluate", str(path), "-f", "json").output
    assert run("derive", str(path), "--code", "--notation", "bishop").exit_code == 0


def test_a_proof_is_in_the_notation(tmp_path: Path) -> None:
    path = tmp_path / "numbers.yaml"
    path.write_text(NUMBERS, encoding="utf-8")
    found = run("check", str(path), "--notation", "bishop", "-w", "w^1")
    assert found.exit_code == 0, found.output
    assert "w⁽¹⁾[" in found.output
    assert "w⁽²⁾" not in found.output
    assert run("check", str(path), "--notation", "bishop", "-f", "json", "-w", "w^1").output == run("check", str(path), "-f", "json", "-w", "W1").output


def test_the_program_of_a_page_runs(tmp_path: Path) -> None:
    path = tmp_path / "numbers.yaml"
    path.write_text(NUMBERS, encoding="utf-8")
    for name in BOOKS:
        cells = json.loads(run("derive", str(path), "-f", "notebook", "--notation", name).output)["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stderr


def test_a_picture_is_in_the_notation(spec: str) -> None:
    page = run("draw", spec, "--notation", "nielsen", "-w", "w^2[1,2]").output
    assert "w²[1,2] → a²[1] → a³[1] → C_x" in page
    assert run("draw", spec, "--notation", "nielsen", "-w", "W1[*]").exit_code == 2
    assert run("draw", spec, "-w", "W1[*]").exit_code == 2
    assert run("draw", spec, "--notation", "bishop", "-f", "svg").exit_code == 0


@pytest.mark.parametrize("command", ["derive", "verify"])
def test_an_unknown_notation_is_an_error(spec: str, command: str) -> None:
    found = run(command, spec, "--notation", "nielson", *(("-a", "dC/db2 = 0") if command == "verify" else ()))
    assert found.exit_code == 2
    assert "did you mean nielsen?" in found.output


def test_a_notation_of_ones_own_comes_from_a_file(spec: str, tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text("like: nielsen\nweights: 'W^[{l}]'\nfirst_layer: 1\ncost: J\n", encoding="utf-8")
    assert "∂J/∂W^[1][j,k]" in run("derive", spec, "--notation", str(path), "--detail", "brief").output
    assert run("verify", spec, "--notation", str(path), "-a", r"\frac{\partial J}{\partial W^{[1]}_{jk}} = \frac1n\sum_x \delta^1_j a^0_k").exit_code == 0
    path.write_text("wieghts: 'W^[{l}]'\n", encoding="utf-8")
    found = run("derive", spec, "--notation", str(path))
    assert found.exit_code == 2
    assert f"{path}:1:1: wieghts: unknown key 'wieghts' (did you mean weights?)" in found.output


def test_a_judgement_answers_in_the_notation(spec: str) -> None:
    found = run("verify", spec, "--notation", "bishop", "-a", r"\delta_j = z_j \sum_k w_{kj} \delta_k")
    page = " ".join(found.output.split())
    assert found.exit_code == 1
    assert "In the notation of Bishop" in page
    assert "right δ⁽¹⁾[j] = z⁽¹⁾[j]·(1 − z⁽¹⁾[j]) Σ_k δ⁽²⁾[k]·w⁽²⁾[k,j]" in page
    assert "∂z⁽¹⁾[j]/∂a⁽¹⁾[j] = z⁽¹⁾[j]·(1 − z⁽¹⁾[j])" in page
    assert run("verify", spec, "--notation", "bishop", "-a", r"\delta_j = z_j (1 - z_j) \sum_k w_{kj} \delta_k").exit_code == 0
    assert run("verify", spec, "-a", r"\delta_j = z_j (1 - z_j) \sum_k w_{kj} \delta_k").exit_code == 2


def test_the_record_of_a_judgement_keeps_the_names_of_the_spec(spec: str) -> None:
    found = json.loads(run("verify", spec, "--notation", "bishop", "-f", "json", "-a", r"\frac{\partial E}{\partial w_{j0}} = \frac1N\sum_n \delta_j x_1").output)
    (claim,) = found["claims"]
    assert claim["read_as"]["text"] == "dC/db1[j] = 1/m*sum(delta1[j]*x[1], i)"
    assert claim["read_as"]["latex"] == r"\frac{\partial E}{\partial w_{j0}^{(1)}} = \frac{1}{N}\,\sum_{n=1}^{N} \delta_{j}^{(1)}\,x_{1}"
    assert claim["correction"]["text"] == "1/m*sum(a1[j]*(1 - a1[j])*sum((a2[k] - y[k])*a2[k]*(1 - a2[k])*W2[k,j], k), i)"
    found = json.loads(run("verify", spec, "--notation", "cs231n", "-f", "json", "-a", "dL/dW1[1,2] = 1/N*sum(x[1]*ds1[2], i)").output)
    assert found["claims"][0]["read_as"]["text"] == "dC/dW1[2,1] = 1/m*sum(x[1]*delta1[2], i)"
    assert found["correct"] is True


def test_a_class_is_judged_in_the_notation(spec: str, tmp_path: Path) -> None:
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "ada.txt").write_text("δ^3_j = (a^3_j - y_j) a^3_j (1 - a^3_j)\n", encoding="utf-8")
    (folder / "bob.txt").write_text("δ^3_j = (a^3_j - y_j) a^2_j\n", encoding="utf-8")
    report = tmp_path / "report.json"
    found = run("verify", spec, str(folder), "--notation", "nielsen", "--report", str(report))
    assert found.exit_code in (0, 1), found.output
    assert "equal" in report.read_text(encoding="utf-8")
    assert '"unreadable"' not in report.read_text(encoding="utf-8").partition("bob")[0]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX here")
def test_pages_of_all_notations_compile(spec: str, tmp_path: Path) -> None:
    parts = []
    for name in BOOKS:
        file = tmp_path / f"{name}.tex"
        assert run("derive", spec, "--notation", name, "--fragment", "-o", str(file)).exit_code == 0
        parts.append(rf"\input{{{name}}}")
    (tmp_path / "all.tex").write_text("\\documentclass{article}\\usepackage[margin=20mm]{geometry}\\usepackage{amsmath}\\begin{document}" + "\n".join(parts) + "\\end{document}", encoding="utf-8")
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert b"Overfull" not in done.stdout
