"""Pictures in characters: lines are followed from spot to spot, and lead where the arrows do."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

import pytest
from networks_drawn import ALL, derivation_of, picture_of, weight_of
from rich.cells import cell_len
from shipped import GOLDEN
from sympy import Function, Integer

from backprop_derive import evaluate, to_sympy
from backprop_derive.graph.expressions import Expression, mul
from backprop_derive.presentation.document import Text
from backprop_derive.presentation.formats import render, terminal
from backprop_derive.presentation.paths import Paths
from backprop_derive.presentation.picture import Arrow, Picture, Spot
from backprop_derive.presentation.pictures import page_of
from backprop_derive.presentation.pictures.characters import Drawn, draw_in_characters
from backprop_derive.presentation.pictures.strokes import box_character
from backprop_derive.presentation.styles import AsciiWriter, UnicodeWriter

WIDE = 1000
LEFT_ENDS, RIGHT_ENDS = "(⎛⎜⎝[⎡⎢⎣", ")⎞⎟⎠]⎤⎥⎦"
STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left, as in the arms of a stroke
ARMS = {
    box_character((up, right, down, left), unicode=True): (up, right, down, left)
    for up in range(3) for right in range(3) for down in range(3) for left in range(3)
    if up or right or down or left
}  # fmt: skip


def drawn(picture: Picture, width: int = WIDE) -> Drawn | None:
    writer = UnicodeWriter(picture.graph) if picture.spots and any(isinstance(part, Expression) for spot in picture.spots for part in spot.label) else None

    def write(text: Text) -> str:
        return "".join(part if isinstance(part, str) else writer.write(part) for part in text if writer is not None or isinstance(part, str))

    return draw_in_characters(picture, width, write, unicode=True)


def rows_of(picture: Drawn) -> list[str]:
    return ["".join(text for text, _ in line) for line in picture.lines]


class Sheet:
    """A picture that is read back: which spots stand where, and where the lines lead."""

    def __init__(self, rows: list[str], labels: dict[str, str]) -> None:
        wide = max(map(len, rows))
        self.cells = [row.ljust(wide) for row in rows]
        self.spots: dict[tuple[int, int], str] = {}  # each cell of a spot, by the spot's key
        for key, label in labels.items():
            for row, line in enumerate(self.cells):
                for x in range(len(line) - len(label) - 1):
                    if line[x] in LEFT_ENDS and line[x + 1 : x + 1 + len(label)] == label and line[x + 1 + len(label)] in RIGHT_ENDS:
                        self._take(key, row, x, len(label) + 2)

    def _take(self, key: str, row: int, x: int, wide: int) -> None:
        """The rows of a spot: its bracket may be drawn over several."""
        first, last = row, row
        while self.cells[first][x] in "⎜⎝⎢⎣":
            first -= 1
        while self.cells[last][x] in "⎛⎜⎡⎢":
            last += 1
        for at in range(first, last + 1):
            for place in range(x, x + wide):
                self.spots[at, place] = key

    def targets(self, key: str) -> set[str]:
        """The spots that the lines from a spot lead to."""
        found: set[str] = set()
        for row, x in [place for place, each in self.spots.items() if each == key]:
            if (row, x + 1) not in self.spots and x + 1 < len(self.cells[row]):
                found |= self._follow(row, x + 1)
        return found

    def _follow(self, row: int, x: int) -> set[str]:
        found: set[str] = set()
        seen: set[tuple[int, int, int]] = set()
        waiting = [(row, x, 1)]  # the cell that is entered, and in which direction
        while waiting:
            row, x, direction = waiting.pop()
            if (row, x, direction) in seen or not (0 <= row < len(self.cells) and 0 <= x < len(self.cells[row])):
                continue
            seen.add((row, x, direction))
            character = self.cells[row][x]
            if character == "▶":
                found |= {self.spots[row, x + 1]} if direction == 1 else set()
                continue
            arms = ARMS.get(character)
            if arms is None:
                continue
            back = (direction + 2) % 4
            ways = [way for way in range(4) if arms[way] and way != back] if arms[back] else [direction]  # a line that is crossed is passed
            for way in ways:
                waiting.append((row + STEPS[way][0], x + STEPS[way][1], way))
        return found


def as_drawn(picture: Picture, width: int = WIDE) -> dict[str, set[str]] | None:
    """Which spot leads to which, as the lines say."""
    lines = drawn(picture, width)
    if lines is None:
        return None
    writer = UnicodeWriter(picture.graph) if picture.graph is not None else None
    labels = {spot.key: "".join(part if isinstance(part, str) or writer is None else writer.write(part) for part in spot.label) for spot in picture.spots if spot.kind != "dots"}
    rows = rows_of(lines)
    for arrow in lines.labelled:  # a weight on a line is a part of the line
        assert writer is not None
        assert arrow.weight is not None
        text = f" {writer.write(arrow.weight)} "
        rows = [re.sub(f"(?<=[─━]){re.escape(text)}(?=[─━]+▶)", "─" * len(text), row) for row in rows]
    sheet = Sheet(rows, labels)
    return {key: sheet.targets(key) for key in labels}


def as_meant(picture: Picture) -> dict[str, set[str]]:
    """Which spot leads forward to which."""
    column = {spot.key: spot.column for spot in picture.spots}
    return {spot.key: {arrow.end for arrow in picture.arrows if arrow.start == spot.key and column[arrow.end] > spot.column} for spot in picture.spots if spot.kind != "dots"}


@pytest.mark.parametrize("name", ALL)
def test_lines_lead_where_the_arrows_do(name: str) -> None:
    for weight in (None, weight_of(name)):
        picture = picture_of(name, weight)
        for width in (WIDE, 60, 40):
            assert as_drawn(picture, width) in (as_meant(picture), None)


@pytest.mark.parametrize("seed", range(60))
def test_lines_lead_where_the_arrows_do_in_any_network(seed: int) -> None:
    """Random columns with random arrows, some of which pass columns: lines that would wait for each other go round."""
    picture = random_picture(random.Random(seed))
    assert as_drawn(picture) == as_meant(picture)


def random_picture(source: random.Random) -> Picture:
    columns = [[f"{'abcde'[column]}{place}" for place in range(source.randint(1, 5))] for column in range(source.randint(2, 5))]
    spots = tuple(Spot(key, column, "unit", (key,)) for column, keys in enumerate(columns) for key in keys)
    arrows = []
    for column, keys in enumerate(columns[1:], 1):
        for end in keys:
            near = source.sample(columns[column - 1], source.randint(1, len(columns[column - 1])))
            far = [start for before in columns[: column - 1] for start in before if source.random() < 0.15]
            arrows += [Arrow(start, end, lit=source.random() < 0.3) for start in (*near, *far)]
    return Picture("", None, spots, tuple(arrows))  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", ALL)
def test_no_line_is_longer_than_the_terminal(name: str, width: int) -> None:
    for weight, encoding in ((None, "ascii"), (weight_of(name), "utf-8")):
        lines = terminal.render(page_of(picture_of(name, weight)), width, encoding).splitlines()
        assert [line for line in lines if cell_len(line) > width] == []
        assert all(line.isascii() for line in lines) or encoding != "ascii"


def ways_of(name: str, weight: str) -> int:
    """How many ways there are from a weight of a network of named units to its loss, found link by link."""
    graph, links = derivation_of(name).graph, derivation_of(name).chain.links

    def ways(node: str) -> int:
        return 1 if node == graph.cost.loss else sum(ways(child) for child in dict.fromkeys(link.child.name for link in links(node)))

    return ways(weight)


@pytest.mark.parametrize("name", ["two_hidden_nodes", "mazur", "hmkcode", "kushwaha", "shared", "skips", "named", "karpathy_reuse", "karpathy_micrograd", "skip_connection", "bce_by_hand"])
def test_as_many_paths_are_lit_as_there_are(name: str) -> None:
    for weight in derivation_of(name).graph.parameters:
        assert Paths(picture_of(name, weight)).count == ways_of(name, weight)


@pytest.mark.parametrize(("name", "least"), [("one", 38), ("two_hidden_nodes", 32), ("dense", 34), ("mazur", 40)])
def test_a_narrow_terminal_has_a_picture_too(name: str, least: int) -> None:
    assert drawn(picture_of(name), least) is not None


def test_where_no_picture_fits_the_arrows_are_listed() -> None:
    text = terminal.render(page_of(picture_of("mazur")), 22)
    assert "i1, i2" in text
    assert "→ out_h1," in text
    assert "▶" not in text


def test_a_deep_network_is_drawn_in_parts() -> None:
    """The last column of a part stands again at the start of the next."""
    rows = rows_of(drawn(picture_of("three_layers"), 30) or Drawn((), frozenset(), False))
    assert sum("(a2[1])" in row for row in rows) == 2
    assert "" in rows


GOLDEN_PICTURES = [
    ("two_hidden_nodes", "w11", 80, "utf-8"), ("mazur", None, 80, "utf-8"), ("mazur", None, 40, "utf-8"), ("shared", "w", 80, "utf-8"), ("residual", None, 80, "ascii"),
    ("skips", None, 60, "utf-8"), ("dense", "W1[2,1]", 80, "utf-8"), ("large", None, 80, "utf-8"), ("recurrent", "U", 80, "utf-8"), ("karpathy_reuse", "a", 80, "ascii"),
]  # fmt: skip


def test_pictures_are_the_golden_ones() -> None:
    """After a wanted change: `python tests/presentation/test_characters.py`, and look at every one of them."""
    assert golden() == (GOLDEN / "pictures.txt").read_text(encoding="utf-8")


def golden() -> str:
    pages = [(name, weight, width, encoding, terminal.render(page_of(picture_of(name, weight)), width, encoding)) for name, weight, width, encoding in GOLDEN_PICTURES]
    return "\n".join(f"{'#' * 8} {name} {weight or ''} {width} {encoding}\n{page}" for name, weight, width, encoding, page in pages)


@pytest.mark.parametrize("name", ["mazur", "hmkcode", "kushwaha", "karpathy_reuse", "karpathy_micrograd", "cs231n_circuit", "ng_graph", "ruffwind"])
def test_the_products_along_the_paths_add_up_to_the_gradient(name: str) -> None:
    """In numbers, those of the spec, against differences of the forward pass."""
    graph = derivation_of(name).graph
    values = {name: float(value) for name, value in evaluate(graph, steps=0).values.items()}

    def loss(**changed: float) -> float:
        given = {node.name: values[node.name] for node in graph.nodes if node.is_leaf}
        return float(evaluate(graph, values={**given, **changed}, steps=0).values[graph.cost.loss])

    for weight in graph.parameters:
        total = 0.0
        for path in Paths(picture_of(name, weight)):
            product = to_sympy(mul(*(value for _, value in path.derivatives)))
            total += float(product.subs({symbol: values[symbol.name] for symbol in product.free_symbols}).replace(Function("step"), lambda z: Integer(1 if z > 0 else 0)))
        measured = (loss(**{weight: values[weight] + 1e-5}) - loss(**{weight: values[weight] - 1e-5})) / 2e-5
        assert total == pytest.approx(measured, rel=1e-6, abs=1e-9)


# -- what stands below ------------------------------------------------------------------------------------------------------


@cache
def page(name: str, weight: str | None = None) -> str:
    return str(render(page_of(picture_of(name, weight)), "terminal"))


def test_every_weight_is_in_the_picture_or_below() -> None:
    for name in ("two_hidden_nodes", "mazur", "kushwaha", "shared", "skips", "named", "tied", "xor"):
        picture = picture_of(name)
        words = page(name).replace("─", " ").split()
        writer = UnicodeWriter(picture.graph)
        assert [written for arrow in picture.arrows if arrow.weight is not None and (written := writer.write(arrow.weight)) not in words] == []


def test_large_matrices_are_told_by_index() -> None:
    units = [", ".join(f"{letter}{place}" for place in range(1, 10)) for letter in "xpqy"]
    plain, turned = (f"inputs: [{units[0]}]\nlayers:\n- {{dense: [{units[1]}], weights: W}}\n- {{dense: [{units[2]}], weights: {weights}}}\ntargets: [{units[3]}]\nloss: mse\n" for weights in ("V", "W^T"))
    assert "from x1, …, x9 to p1, …, p9   W[j,k], to the jth of them from the kth" in page(plain)
    assert "from p1, …, p9 to q1, …, q9   V[j,k], to the jth of them from the kth" in page(plain)
    assert "from p1, …, p9 to q1, …, q9   W[k,j], to the jth of them from the kth" in page(turned)
    assert "from x[k] to a1[j]    W1[j,k]" in page("dense")
    assert "784 units, of which 3 are drawn" in page("large")


@pytest.mark.parametrize(
    ("name", "weight", "ways"),
    [
        ("mazur", "w1", ["w1 → out_h1 → out_o1 → L", "w1 → out_h1 → out_o2 → L"]),
        ("mazur", "b2", ["b2 → out_o1 → L", "b2 → out_o2 → L"]),
        ("shared", "w", ["w → a_A → a_B → L", "w → a_B → L"]),
        ("tied", "W[1,2]", ["W[1,2] → h1 → o1 → L", "W[1,2] → h1 → o2 → L", "W[1,2] → o2 → L"]),
        ("karpathy_reuse", "a", ["a → d → f", "a → e → f"]),
        ("skip_connection", "w", ["w → z → h → s → g → o → L", "w → z → h → o → L"]),
    ],
)
def test_every_path_of_a_weight_is_listed_once(name: str, weight: str, ways: list[str]) -> None:
    listed = [line.strip() for line in page(name, weight).splitlines() if line.strip().startswith(f"{weight} →") or (weight == "a" and line.strip().startswith("a →"))]
    assert listed == ways


def test_many_paths_are_counted_and_their_partials_told_by_index() -> None:
    text = page("dense", "W1[2,1]")
    assert "W1[2,1] reaches L in this picture by 8 paths" not in text  # eight are listed
    assert "reaches L in this picture by 64 paths" in page("inputs: {x: 2}\nlayers: [{dense: 2}, {dense: 8}, {dense: 8}]\nloss: mse\n", "W1[1,1]")


def test_ascii_says_the_same() -> None:
    picture = picture_of("mazur", "w1")
    writer = AsciiWriter(picture.graph)
    plain = draw_in_characters(picture, 80, lambda text: "".join(part if isinstance(part, str) else writer.write(part) for part in text), unicode=False)
    assert plain is not None
    assert rows_of(plain)[0].startswith("(i1)=#=>(out_h1)==")


if __name__ == "__main__":
    Path(GOLDEN / "pictures.txt").write_text(golden(), encoding="utf-8")
