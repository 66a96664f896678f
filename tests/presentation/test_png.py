"""Pictures as PNG: labels are drawn whatever fonts there are, and what is missing is said."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from networks_drawn import picture_of

from backprop_derive.cli.main import commands
from backprop_derive.errors import UsageError
from backprop_derive.presentation.pictures import png
from backprop_derive.presentation.pictures.svg import STYLE, svg

needs_resvg = pytest.mark.skipif(find_spec("resvg_py") is None, reason="needs resvg (pip install resvg_py)")
SIGNATURE = b"\x89PNG\r\n\x1a\n"
WITHOUT_SYSTEM = {"skip_system_fonts": True}


def size(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


@needs_resvg
def test_a_picture_is_drawn_twice_as_large_as_its_svg(tmp_path: Path) -> None:
    file = tmp_path / "net.png"
    assert CliRunner().invoke(commands, ["draw", "mazur", "-w", "w1", "-o", str(file)]).exit_code == 0
    data = file.read_bytes()
    source = svg(picture_of("mazur", "w1"), style=STYLE)
    wide = float(source.split('width="', 1)[1].split('"')[0])
    assert data.startswith(SIGNATURE)
    assert abs(size(data)[0] - 2 * wide) <= 1


@needs_resvg
def test_the_labels_are_drawn() -> None:
    """A picture without its labels would be another one."""
    source = svg(picture_of("mazur"), style=STYLE)
    assert png.drawn(source, png.fonts()) != png.drawn(source.replace(">w1</text>", "></text>"), png.fonts())


@needs_resvg
@pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs the fonts of matplotlib")
def test_the_fonts_of_matplotlib_do_where_the_system_has_none() -> None:
    source = svg(picture_of("mazur"), style=STYLE)
    where = {**WITHOUT_SYSTEM, **png.fonts()}
    assert png.drawn(source, where) != png.drawn(source.replace(">w1</text>", "></text>"), where)


@needs_resvg
def test_a_machine_without_fonts_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a font resvg leaves all labels out, and says nothing."""
    monkeypatch.setattr(png, "fonts", lambda: WITHOUT_SYSTEM)
    with pytest.raises(UsageError, match="there is no font on this machine"):
        png.render(picture_of("mazur"))


def test_without_resvg_the_way_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(png, "find_spec", lambda _name: None)
    result = CliRunner().invoke(commands, ["draw", "mazur", "-o", str(tmp_path / "net.png")])
    assert result.exit_code == 2
    assert "pip install 'backprop_derive[png]'" in result.stderr
    assert list(tmp_path.iterdir()) == []
