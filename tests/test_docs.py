"""What the documentation shows is what happens: outputs, commands, code, and the names of files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from backprop_derive.cli.main import BUILT

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ("README.md", "CONTRIBUTING.md", "docs/design.md", "docs/matrices.md", "docs/verify.md")


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def run(*arguments: str, code: int = 0) -> str:
    """What a command prints at 80 columns, when it ends with an exit code."""
    command = [sys.executable, "-m", "backprop_derive", *arguments]
    environment = {"PATH": "", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    result = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8", env=environment, cwd=ROOT)
    assert result.returncode == code
    return result.stdout


def digits_hidden(text: str) -> str:
    """Rounding errors differ between machines: they are left out of the comparison."""
    return re.sub(r"\d\.\de-\d\d", "#", text)


def test_readme_shows_the_shipped_spec() -> None:
    assert blocks("yaml")[0] == (ROOT / "specs" / "two_hidden_nodes.yaml").read_text(encoding="utf-8")


def test_readme_shows_the_derivation_that_is_printed() -> None:
    assert blocks("text")[0].rstrip() == run("derive", "two_hidden_nodes", "-w", "v1").rstrip()


def test_readme_shows_the_check_that_is_printed() -> None:
    assert digits_hidden(blocks("text")[1].rstrip()) == digits_hidden(run("check", "two_hidden_nodes").rstrip())


def test_readme_shows_the_evaluation_that_is_printed() -> None:
    assert blocks("text")[2].rstrip() in run("evaluate", "mazur")


def test_readme_shows_the_numbers_that_a_derivation_ends_in() -> None:
    assert run("derive", "mazur", "-w", "w5").rstrip().endswith(blocks("text")[3].rstrip())


def test_the_page_of_matrices_shows_what_is_printed() -> None:
    page = (ROOT / "docs" / "matrices.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\n(.*?)```", page, re.DOTALL)[0]
    assert shown in run("derive", "symbolic_sizes", "--as", "matrix", "--detail", "brief")


def test_readme_shows_the_judgement_that_is_printed() -> None:
    assert blocks("latex")[0] == (ROOT / "docs" / "homework.tex").read_text(encoding="utf-8")
    assert blocks("text")[4].rstrip() in run("verify", "two_hidden_nodes", "docs/homework.tex", code=1)


def test_readme_shows_the_picture_that_is_drawn(tmp_path: Path) -> None:
    """After a wanted change: `python docs/pictures.py`, and look at it."""
    assert blocks("text")[5].rstrip() == run("draw", "two_hidden_nodes", "-w", "w11").rstrip()
    run("draw", "two_hidden_nodes", "-w", "w11", "-o", str(tmp_path / "net.svg"))
    assert (tmp_path / "net.svg").read_text(encoding="utf-8") == (ROOT / "docs" / "pictures" / "network.svg").read_text(encoding="utf-8")


def test_readme_code_prints_what_its_comments_say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    promised = re.findall(r"# (.*)", code)
    assert printed[:2] == promised[:2]


def test_every_command_is_documented() -> None:
    assert [name for name in BUILT if f"`backprop-derive {name}" not in README] == []


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    folder = (ROOT / page).parent
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    paths = re.findall(r"`((?:backprop_derive|tests|docs|benchmarks|specs)/[\w./]+)`", text)
    assert [target for target in links if not (folder / target).exists()] == []
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_hidden_digits_hide_only_rounding() -> None:
    assert digits_hidden("0.0155  2.1e-16") == "0.0155  #"
