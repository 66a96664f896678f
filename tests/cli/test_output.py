"""Files are written whole or not at all, where they were asked for and nowhere else."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from backprop_derive.cli.main import commands
from backprop_derive.cli.output import write_whole
from backprop_derive.presentation import formats
from backprop_derive.presentation.formats import FORMATS

SPEC = "two_hidden_nodes"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, list(arguments))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


@pytest.mark.parametrize("command", [["derive", SPEC], ["check", SPEC], ["evaluate", "mazur"], ["list"], ["schema"]])
def test_no_clobber_keeps_a_file_that_is_there(folder: Path, command: list[str]) -> None:
    Path("out.txt").write_text("old", encoding="utf-8")
    result = run(*command, "-o", "out.txt", "--no-clobber")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "out.txt is there already" in result.stderr
    assert Path("out.txt").read_text(encoding="utf-8") == "old"
    assert run(*command, "-o", "new.txt", "--no-clobber").exit_code == 0
    assert run(*command, "-o", "out.txt").exit_code == 0
    assert Path("out.txt").read_text(encoding="utf-8") == Path("new.txt").read_text(encoding="utf-8") != "old"
    assert files(folder) == ["new.txt", "out.txt"]


def test_no_clobber_keeps_a_link_to_nothing(folder: Path) -> None:
    Path("out.txt").symlink_to("nowhere.txt")
    assert run("list", "-o", "out.txt", "--no-clobber").exit_code == 2
    assert files(folder) == ["out.txt"]


def test_no_clobber_keeps_a_file_that_came_into_being_meanwhile(folder: Path) -> None:
    Path("out.txt").write_text("theirs", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"out\.txt"):
        write_whole(Path("out.txt"), b"ours", replace=False)
    assert Path("out.txt").read_text(encoding="utf-8") == "theirs"
    assert files(folder) == ["out.txt"]


@pytest.mark.parametrize("command", [["derive", SPEC], ["list"], ["schema"], ["new"]])
def test_a_dash_is_standard_output(folder: Path, command: list[str]) -> None:
    result = run(*command, "-o", "-")
    assert result.exit_code == 0
    assert result.stdout == run(*command).stdout != ""
    assert files(folder) == []


@pytest.mark.parametrize("file", ["homework.docx", "homework", "homework.tex.bak", ".docx"])
def test_an_unknown_suffix_lists_the_known_ones(folder: Path, file: str) -> None:
    result = run("derive", SPEC, "-o", file)
    assert result.exit_code == 2
    assert all(suffix in result.stderr for row in FORMATS for suffix in row.suffixes)
    assert files(folder) == []


@pytest.mark.parametrize("file", ["no/such/place/out.txt", "no/out.txt"])
def test_no_folder_is_made(folder: Path, file: str) -> None:
    result = run("derive", SPEC, "-o", file)
    assert result.exit_code == 2
    assert f"there is no folder {Path(file).parent}" in result.stderr
    assert files(folder) == []


@pytest.mark.parametrize("failure", [RuntimeError("broken"), MemoryError(), KeyboardInterrupt()])
def test_a_failed_export_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    from backprop_derive.presentation.formats import terminal

    def fail(*_: Any, **__: Any) -> str:
        raise failure

    Path("out.txt").write_text("old", encoding="utf-8")
    monkeypatch.setattr(terminal, "render", fail)
    assert run("derive", SPEC, "-o", "out.txt").exit_code != 0
    assert Path("out.txt").read_text(encoding="utf-8") == "old"
    assert files(folder) == ["out.txt"]


def test_a_failure_while_writing_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    Path("out.txt").write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "replace", fail)
    result = run("list", "-o", "out.txt")
    assert (result.exit_code, result.stderr) == (2, "backprop-derive: out.txt: No space left on device\n")
    assert Path("out.txt").read_text(encoding="utf-8") == "old"
    assert files(folder) == ["out.txt"]


@pytest.mark.usefixtures("folder")
def test_a_write_protected_file_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out.txt").write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode == os.W_OK and Path(path).name == "out.txt"))  # the administrator may write everywhere
    result = run("list", "-o", "out.txt")
    assert result.exit_code == 2
    assert "out.txt: the file is write-protected" in result.stderr
    assert Path("out.txt").read_text(encoding="utf-8") == "old"


@pytest.mark.usefixtures("folder")
def test_a_link_stays_a_link() -> None:
    Path("real.txt").write_text("old", encoding="utf-8")
    Path("out.txt").symlink_to("real.txt")
    assert run("list", "-o", "out.txt").exit_code == 0
    assert Path("out.txt").is_symlink()
    assert Path("real.txt").read_text(encoding="utf-8").startswith("Activations")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of Unix")
def test_a_pipe_with_a_name_is_written_to(folder: Path) -> None:
    os.mkfifo("pipe.txt")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe.txt").read_bytes()))
    reader.start()
    assert run("list", "-o", "pipe.txt").exit_code == 0
    reader.join(10)
    assert read[0].startswith(b"Activations")
    assert files(folder) == ["pipe.txt"]


def test_an_option_of_another_format_is_refused() -> None:
    row = formats.Format("left", "left", (), (), "", ("fragment",))
    assert formats.options_of(row, {"fragment": True}) == {"fragment": True}
    with pytest.raises(formats.UsageError, match="--pdf-engine is an option of"):
        formats.options_of(row, {"pdf_engine": "pdflatex"})
