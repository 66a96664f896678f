"""Pictures of networks: what stands where, which paths are lit, and the SVG."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from backprop_derive import build_graph, derive, load_spec, read_spec
from backprop_derive.cli.main import commands
from backprop_derive.graph.expressions import Expression
from backprop_derive.presentation.drawing import draw
from backprop_derive.presentation.layout import Lettering, lay_out
from backprop_derive.presentation.picture import Picture
from backprop_derive.presentation.pictures import FORMATS, render_picture
from backprop_derive.presentation.styles import AsciiWriter

SPECS = sorted(Path("specs").glob("*.yaml"))
SOFTMAX = "inputs: {x: 2}\nlayers: [{dense: 2}, softmax]\nloss: cross_entropy\n"
LARGE = "inputs: {x: 784}\nlayers: [{dense: n, activation: relu}, {dense: 8}]\nloss: mse\n"


def picture(text: str, weight: tuple[str, tuple[int, ...] | None] | None = None) -> Picture:
    spec = load_spec(text) if text.endswith(".yaml") else read_spec(text, "spec")
    return draw(derive(build_graph(spec)), weight)


def arrows(drawn: Picture) -> dict[tuple[str, str], str]:
    """The weight on each arrow."""
    writer = AsciiWriter(drawn.graph)
    return {(arrow.start, arrow.end): "" if arrow.weight is None else writer.write(arrow.weight) for arrow in drawn.arrows}


def partials(drawn: Picture) -> dict[str, str]:
    """The partials along the lit arrows, and inside the lit spots."""
    writer = AsciiWriter(drawn.graph)
    found: list[tuple[Expression, Expression]] = [each.partial for each in (*drawn.arrows, *drawn.spots) if each.lit and each.partial is not None]
    return {writer.write(name): writer.write(value) for name, value in found}


def test_neurons_stand_in_columns_with_their_weights_on_the_arrows() -> None:
    drawn = picture("specs/two_hidden_nodes.yaml")
    assert {spot.key: spot.column for spot in drawn.spots} == {"x1": 0, "x2": 0, "o1": 1, "o2": 1, "y'": 2, "y": 2, "L": 3}
    assert arrows(drawn) == {
        ("x1", "o1"): "w11", ("x2", "o1"): "w12", ("x1", "o2"): "w21", ("x2", "o2"): "w22", ("o1", "y'"): "v1", ("o2", "y'"): "v2", ("y'", "L"): "", ("y", "L"): "",
    }  # fmt: skip


def test_the_path_of_a_weight_is_lit_with_its_partials() -> None:
    assert partials(picture("specs/two_hidden_nodes.yaml", ("w11", None))) == {
        "dz_A1/dw11": "x1", "do1/dz_A1": "f_A1'(z_A1)", "dz_B/do1": "v1", "dy'/dz_B": "f_B'(z_B)", "dL/dy'": "y' - y",
    }  # fmt: skip


def test_both_ways_of_a_hidden_unit_are_lit() -> None:
    drawn = picture("specs/mazur.yaml", ("w1", None))
    assert {(arrow.start, arrow.end) for arrow in drawn.arrows if arrow.lit} == {("i1", "out_h1"), ("out_h1", "out_o1"), ("out_h1", "out_o2"), ("out_o1", "L"), ("out_o2", "L")}


def test_every_probability_depends_on_every_score() -> None:
    found = partials(picture(SOFTMAX, ("W1", (2, 1))))
    assert found["da1[1]/dz1[2]"] == "-a1[1]*a1[2]"
    assert found["da1[2]/dz1[2]"] == "a1[2]*(1 - a1[2])"
    assert found["dz1[2]/dW1[2,1]"] == "x[1]"


def test_a_shared_weight_and_a_skip_are_seen() -> None:
    tied = picture("inputs: [x1, x2]\nnodes: {N: {weights: {w: [x1, x2]}, activation: tanh}}\nloss: half_squared_error\n")
    assert [arrow.shared for arrow in tied.arrows if arrow.weight is not None] == [True, True]
    skip = picture("specs/skip_connection.yaml")
    assert ("h", "o") in arrows(skip)


def test_large_layers_are_summarised() -> None:
    drawn = picture(LARGE)
    assert [spot.key for spot in drawn.spots if spot.column == 0] == ["x[1]", "x[2]", "x…", "x[784]"]
    assert len(drawn.notes) == 2
    assert arrows(drawn)["x[784]", "a1[1]"] == "W1[1,784]"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_shipped_spec_is_drawn(path: Path) -> None:
    drawn = picture(str(path))
    root = ElementTree.fromstring(render_picture(drawn, FORMATS[0]))
    assert root.tag.endswith("svg")
    assert len(root.findall(".//{*}g[@data-spot]")) == sum(spot.kind != "dots" for spot in drawn.spots)
    assert len(root.findall(".//{*}g[@data-from]")) == len(drawn.arrows)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_no_spot_covers_another(path: Path) -> None:
    boxes = [placed.box for placed in lay_out(picture(str(path)), Lettering(lambda text: "x" * len(text), lambda text: 0.6 * len(text))).spots]
    assert all(one.overlap(other) == 0 for at, one in enumerate(boxes) for other in boxes[at + 1 :])


def test_names_are_never_markup() -> None:
    drawn = picture("title: '<script>alert(1)</script>'\ninputs: x\nnodes: {A: {weights: {w: x}}}\nloss: half_squared_error\n")
    assert "<script>" not in render_picture(drawn, FORMATS[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the picture in the terminal (write a file instead: -o net.svg): not yet"),
        (["-o", "net.svg", "--fragment"], "--fragment is for pictures in TikZ"),
        (["-o", "net.xyz"], "known are .svg, .tex"),
        (["-o", "-", "-w", "w99"], "there is no 'w99'"),
    ],
)
def test_what_cannot_be_drawn_says_why(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(commands, ["draw", "two_hidden_nodes", *arguments])
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_file_is_kept_if_asked(tmp_path: Path) -> None:
    file = tmp_path / "net.svg"
    file.write_text("mine")
    assert CliRunner().invoke(commands, ["draw", "mazur", "-o", str(file), "--no-clobber"]).exit_code == 2
    assert file.read_text() == "mine"
    assert CliRunner().invoke(commands, ["draw", "mazur", "-o", str(file)]).exit_code == 0
    assert file.read_text().startswith("<svg")
