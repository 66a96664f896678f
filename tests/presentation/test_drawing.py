"""Pictures of networks: what stands where, which paths are lit, and the SVG."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from networks_drawn import ALL, derivation_of, picture_of, weight_of

from backprop_derive import draw
from backprop_derive.cli.main import commands
from backprop_derive.errors import UsageError
from backprop_derive.graph.expressions import Expression
from backprop_derive.presentation.geometry import points_of
from backprop_derive.presentation.layout import Layout, Lettering, lay_out
from backprop_derive.presentation.picture import Picture
from backprop_derive.presentation.pictures import FORMATS, render_picture
from backprop_derive.presentation.styles import AsciiWriter, UnicodeWriter


def arrows(drawn: Picture) -> dict[tuple[str, str], str]:
    """The weight on each arrow."""
    writer = AsciiWriter(drawn.graph)
    return {(arrow.start, arrow.end): "" if arrow.weight is None else writer.write(arrow.weight) for arrow in drawn.arrows}


def partials(drawn: Picture) -> dict[str, str]:
    """The partials along the lit arrows, and inside the lit spots."""
    writer = AsciiWriter(drawn.graph)
    found: list[tuple[Expression, Expression]] = [each.partial for each in (*drawn.arrows, *drawn.spots) if each.lit and each.partial is not None]
    return {writer.write(name): writer.write(value) for name, value in found}


@cache
def placed(drawn: Picture) -> Layout:
    writer = UnicodeWriter(drawn.graph)
    return lay_out(drawn, Lettering(lambda text: "".join(part if isinstance(part, str) else writer.write(part) for part in text), lambda text: 0.6 * len(text)))


# -- what is drawn --------------------------------------------------------------------------------------------------------


def test_neurons_stand_in_columns_with_their_weights_on_the_arrows() -> None:
    drawn = picture_of("two_hidden_nodes")
    assert {spot.key: spot.column for spot in drawn.spots} == {"x1": 0, "x2": 0, "o1": 1, "o2": 1, "y'": 2, "y": 2, "L": 3}
    assert arrows(drawn) == {
        ("x1", "o1"): "w11", ("x2", "o1"): "w12", ("x1", "o2"): "w21", ("x2", "o2"): "w22", ("o1", "y'"): "v1", ("o2", "y'"): "v2", ("y'", "L"): "", ("y", "L"): "",
    }  # fmt: skip


def test_parameters_that_are_no_weights_have_spots() -> None:
    """d = a*b, e = a + b, f = d*e: a and b are neither on an arrow nor beside a unit."""
    drawn = picture_of("karpathy_reuse")
    assert [(spot.key, spot.kind) for spot in drawn.spots if spot.column == 0] == [("a", "parameter"), ("b", "parameter")]
    assert arrows(drawn) == dict.fromkeys((("a", "d"), ("b", "d"), ("a", "e"), ("b", "e"), ("d", "f"), ("e", "f")), "")
    assert partials(picture_of("karpathy_reuse", "a")) == {"dd/da": "b", "de/da": "1", "df/dd": "e", "df/de": "d"}


def test_a_recurrence_leads_back() -> None:
    drawn = picture_of("recurrent")
    again = {(arrow.start, arrow.end): part for arrow in drawn.arrows for part in arrow.again if not isinstance(part, str)}
    assert {key: AsciiWriter(drawn.graph).write(form) for key, form in again.items()} == {("h", "s"): "t - 1"}
    assert [each.label for each in placed(drawn).arrows if each.arrow.again] == ["U[j,l], t−1"]
    assert "t−1" in [each.label for each in placed(picture_of("gates")).arrows]
    assert arrows(drawn)["x", "s"] == "W[j,k]"
    assert [AsciiWriter(drawn.graph).write(spot.label[0]) for spot in drawn.spots if not isinstance(spot.label[0], str)] == ["x[t,k]", "s[t,j]", "h[t,j]", "o[t]", "y[t]", "L"]


@pytest.mark.parametrize(
    ("name", "under"),
    [
        ("two_hidden_nodes", {"o1": "f_A1", "o2": "f_A2", "y'": "f_B", "L": "half squared error"}),
        ("skip_connection", {"z": "Σ", "h": "tanh", "s": "Σ", "g": "tanh", "o": "g + h", "L": "half squared error"}),
        ("karpathy_micrograd", {"z": "2·x + 2 + x", "q": "ReLU(z) + z·x", "h": "ReLU(z²)", "y": "h + q + q·x"}),
    ],
)
def test_what_a_unit_does_stands_below_it(name: str, under: dict[str, str]) -> None:
    assert {each.spot.key: each.below[0] for each in placed(picture_of(name)).spots if each.below} == under


# -- what is lit ----------------------------------------------------------------------------------------------------------


def test_the_path_of_a_weight_is_lit_with_its_partials() -> None:
    assert partials(picture_of("two_hidden_nodes", "w11")) == {
        "dz_A1/dw11": "x1", "do1/dz_A1": "f_A1'(z_A1)", "dz_B/do1": "v1", "dy'/dz_B": "f_B'(z_B)", "dL/dy'": "y' - y",
    }  # fmt: skip


def test_both_ways_of_a_hidden_unit_are_lit() -> None:
    drawn = picture_of("mazur", "w1")
    assert {(arrow.start, arrow.end) for arrow in drawn.arrows if arrow.lit} == {("i1", "out_h1"), ("out_h1", "out_o1"), ("out_h1", "out_o2"), ("out_o1", "L"), ("out_o2", "L")}


def test_every_probability_depends_on_every_score() -> None:
    found = partials(picture_of("softmax", "W1[2,1]"))
    assert found["da1[1]/dz1[2]"] == "-a1[1]*a1[2]"
    assert found["da1[2]/dz1[2]"] == "a1[2]*(1 - a1[2])"
    assert found["dz1[2]/dW1[2,1]"] == "x[1]"


def test_a_shared_weight_and_a_skip_are_seen() -> None:
    assert {(arrow.start, arrow.end) for arrow in picture_of("shared").arrows if arrow.shared} == {("x1", "a_A"), ("x2", "a_A"), ("x2", "a_B"), ("x3", "a_B")}
    assert ("h", "o") in arrows(picture_of("skip_connection"))
    said = "dashed arrows: their weight stands on others too"
    assert [name for name in ("shared", "tied", "mazur", "skip_connection") if said in placed(picture_of(name)).notes] == ["shared", "tied"]


def test_a_weight_that_is_tied_is_lit_at_both_of_its_places() -> None:
    """W[1,2] leads from x2 to h1, and back from h1 to o2, where that arrow is also on the way of the first."""
    drawn = picture_of("tied", "W[1,2]")
    assert {key: weight for key, weight in arrows(drawn).items() if weight} == {
        ("x1", "h1"): "W[1,1]", ("x2", "h1"): "W[1,2]", ("x1", "h2"): "W[2,1]", ("x2", "h2"): "W[2,2]",
        ("h1", "o1"): "W[1,1]", ("h2", "o1"): "W[2,1]", ("h1", "o2"): "W[1,2]", ("h2", "o2"): "W[2,2]",
    }  # fmt: skip
    assert {spot.key for spot in drawn.spots if spot.lit} == {"h1", "o1", "o2", "L"}
    assert partials(drawn)["dz_h1/dW[1,2]"] == "x2"
    writer = AsciiWriter(drawn.graph)
    own = {(arrow.start, arrow.end): " = ".join(map(writer.write, arrow.by_weight)) for arrow in drawn.arrows if arrow.by_weight is not None}
    assert own == {("h1", "o2"): "d+o2/dW[1,2] = h1"}


# -- where it stands ------------------------------------------------------------------------------------------------------


def test_large_layers_are_summarised() -> None:
    drawn = picture_of("large")
    assert [spot.key for spot in drawn.spots if spot.column == 0] == ["x[1]", "x[2]", "x…", "x[784]"]
    assert [spot.key for spot in drawn.spots if spot.column == 2] == ["z2[1]", "z2[2]", "z2[3]", "z2[4]", "z2[5]", "z2[6]", "z2[7]", "z2[8]", *(f"y[{place}]" for place in range(1, 9))]
    assert arrows(drawn)["x[784]", "a1[1]"] == "W1[1,784]"
    assert placed(drawn).notes == ("x[j]: 784 units, of which 3 are drawn", "a1[j]: n units, of which 3 are drawn", "from a1[k] to z2[j]: W2[j,k]")


def test_arrows_without_labels_are_told_by_index_or_one_by_one() -> None:
    assert placed(picture_of("dense")).notes == ("from x[k] to a1[j]: W1[j,k]", "from a1[k] to a2[j]: W2[j,k]")
    assert placed(picture_of("named")).notes[0] == "to h1: a1 from x1, a2 from x2, a3 from x3, a4 from x4, a5 from x5"
    assert placed(picture_of("dense", "W1[2,1]")).notes == (
        "from x[k] to a1[j]: W1[j,k]", "∂z2[j]/∂a1[k] = W2[j,k]", "from a1[k] to a2[j]: W2[j,k]", "∂L/∂a2[j] = a2[j] − y[j]",
    )  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_no_spot_covers_another_and_no_arrow_runs_through_one(name: str) -> None:
    for weight in (None, weight_of(name)):
        layout = placed(picture_of(name, weight))
        boxes = [each.box for each in layout.spots]
        assert all(one.overlap(other) == 0 for at, one in enumerate(boxes) for other in boxes[at + 1 :])
        for arrow in layout.arrows:
            others = [each for each in layout.spots if each.spot.key not in (arrow.arrow.start, arrow.arrow.end)]
            assert [each.spot.key for each in others for point in points_of(arrow.curve) if each.box.holds(point)] == []


@pytest.mark.parametrize("name", ALL)
def test_labels_can_be_read(name: str) -> None:
    """None covers a spot, and of no label more than a tenth is covered by others."""
    for weight in (None, weight_of(name)):
        layout = placed(picture_of(name, weight))
        labels = [each.box for each in layout.arrows if each.box is not None]
        for at, box in enumerate(labels):
            assert all(box.overlap(each.box) == 0 for each in layout.spots)
            assert sum(box.overlap(other) for other in (*labels[:at], *labels[at + 1 :])) <= 0.1 * 4 * box.half_width * box.half_height


@pytest.mark.parametrize("name", ALL)
def test_every_network_is_drawn_as_svg(name: str) -> None:
    drawn = picture_of(name)
    root = ElementTree.fromstring(str(render_picture(drawn, FORMATS[0])))
    assert root.tag.endswith("svg")
    assert len(root.findall(".//{*}g[@data-spot]")) == sum(spot.kind != "dots" for spot in drawn.spots)
    assert len(root.findall(".//{*}g[@data-from]")) == len(drawn.arrows)


def test_names_are_never_markup() -> None:
    drawn = picture_of("title: '<script>alert(1)</script>'\ninputs: x\nnodes: {A: {weights: {w: x}}}\nloss: half_squared_error\n")
    assert "<script>" not in str(render_picture(drawn, FORMATS[0]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-f", "svgg"], "(did you mean svg?)"),
        (["-f", "pdf"], "there is no format 'pdf' of pictures; there are svg, tikz, png, terminal, markdown"),
        (["-o", "net.svg", "--fragment"], "--fragment is for pictures in TikZ"),
        (["-o", "net.xyz"], "known are .svg, .tex"),
        (["-o", "-", "-w", "w99"], "there is no 'w99'"),
        (["-o", "folder/that/is/not/there.svg"], "there is no folder"),
        (["-w", "w11", "-w", "w12"], "a picture has the paths of one weight, or of a whole array, and these are 2: w11, w12"),
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


def test_one_weight_has_its_paths_in_a_picture() -> None:
    assert draw(derivation_of("mazur"), "w1") == picture_of("mazur", "w1")
    with pytest.raises(UsageError, match=r"these are 2: W1\[1,1\], W1\[2,1\]"):
        draw(derivation_of("softmax"), "W1[*,1]")


def test_jupyter_shows_a_picture() -> None:
    assert picture_of("mazur")._repr_svg_().startswith("<svg")


def test_a_picture_has_the_names_of_a_notation() -> None:
    result = CliRunner().invoke(commands, ["draw", "three_layers", "--notation", "nielsen", "-w", "w^2[2,1]"])
    assert result.exit_code == 0, result.stderr
    assert "w²[2,1] → a²[2] → a³[1] → z⁴[1] → C_x" in result.stdout
