"""`data:` in the spec and as CSV: every way to name a column, and everything that can be wrong, with row and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from backprop_derive import build_graph, evaluate, load_spec, read_spec
from backprop_derive.building.data import read_mappings, read_samples
from backprop_derive.errors import SpecError

SCALARS = "inputs: [x1, x2]\nlayers:\n  - dense: [o]\nloss: squared_error\n"
VECTOR = "inputs: {x: 2}\nlayers:\n  - dense: 1\nloss: squared_error\n"
OPEN = "inputs: {x: n}\nlayers:\n  - dense: 1\nloss: squared_error\n"
MATRIX = "inputs: {x: [2, 2]}\nparameters: [w]\ntargets: y\nequations:\n  L: (w*sum(x[1,k], k) + x[2,1] - y)^2\n"
CLASSES = "inputs: x\nlayers:\n  - dense: 3\n  - softmax\ntargets: {y: classes}\nloss: cross_entropy\nvalues: {others: xavier}\n"


def read(folder: Path, spec: str, csv: str | bytes) -> dict[str, list[float]]:
    """The columns of a CSV file beside a spec, by the entry that they give."""
    (folder / "d.csv").write_bytes(csv if isinstance(csv, bytes) else csv.encode())
    (folder / "net.yaml").write_text(spec + "data: d.csv\n", encoding="utf-8")
    samples = read_samples(build_graph(load_spec(folder / "net.yaml")))
    assert samples is not None
    return {column.name + (str(list(column.place)) if column.place else ""): list(column.numbers) for column in samples.columns}


def problems(folder: Path, spec: str, csv: str | bytes) -> list[tuple[int | None, str]]:
    with pytest.raises(SpecError) as caught:
        read(folder, spec, csv)
    assert all(str(each.file or "").endswith("d.csv") for each in caught.value.problems)
    return [(each.line, each.message) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("spec", "csv", "columns"),
    [
        (SCALARS, "x1,x2,y\n1,2,3\n4,5,6\n", {"x1": [1, 4], "x2": [2, 5], "y": [3, 6]}),
        (SCALARS, "y,x2,x1\n3,2,1\n", {"y": [3], "x2": [2], "x1": [1]}),
        (SCALARS, "x1, x2 ,y\r\n 1 , 2,-3e-1\r\n", {"x1": [1], "x2": [2], "y": [-0.3]}),
        (SCALARS, "x1;x2;y\n1;2;3\n", {"x1": [1], "x2": [2], "y": [3]}),
        (SCALARS, "x1\tx2\ty\n1\t2\t3\n", {"x1": [1], "x2": [2], "y": [3]}),
        (SCALARS, "\ufeffx1,x2,y\n1,2,3\n", {"x1": [1], "x2": [2], "y": [3]}),
        (SCALARS, '"x1","x2","y"\n"1","2","3"\n', {"x1": [1], "x2": [2], "y": [3]}),
        (SCALARS, "x1,x2,y\n\n1,2,3\n\n4,5,6\n\n", {"x1": [1, 4], "x2": [2, 5], "y": [3, 6]}),
        (SCALARS, "x1,x2,y\n1/2,sqrt(4),.5", {"x1": [0.5], "x2": [2], "y": [0.5]}),
        (VECTOR, "x1,x2,y[1]\n1,2,3\n", {"x[1]": [1], "x[2]": [2], "y[1]": [3]}),
        (VECTOR, "x1,x2,y\n1,2,3\n", {"x[1]": [1], "x[2]": [2], "y[1]": [3]}),
        (VECTOR, "x_1,x_2,y\n1,2,3\n", {"x[1]": [1], "x[2]": [2], "y[1]": [3]}),
        (VECTOR, "x[1],x[2],y\n1,2,3\n", {"x[1]": [1], "x[2]": [2], "y[1]": [3]}),
        (VECTOR, "x[2],x1,y1\n2,1,3\n", {"x[2]": [2], "x[1]": [1], "y[1]": [3]}),
        (OPEN, "x1,x2,x3,y\n1,2,3,4\n", {"x[1]": [1], "x[2]": [2], "x[3]": [3], "y[1]": [4]}),
        (MATRIX, '"x[1,1]","x[1,2]",x_2_1,x_2_2,y\n1,2,3,4,5\n', {"x[1, 1]": [1], "x[1, 2]": [2], "x[2, 1]": [3], "x[2, 2]": [4], "y": [5]}),
        (MATRIX, "x[1,1],x[1,2],x[2,1],x[2,2],y\n1,2,3,4,5\n", {"x[1, 1]": [1], "x[1, 2]": [2], "x[2, 1]": [3], "x[2, 2]": [4], "y": [5]}),
        (CLASSES, "x,y\n1,3\n2,1\n", {"x": [1, 2], "y": [3, 1]}),
        (CLASSES, "x,y\n1,3.0\n2,1\n", {"x": [1, 2], "y": [3, 1]}),
        (CLASSES, "x,y\n1,dog\n2,cat\n3,dog\n", {"x": [1, 2, 3], "y": [2, 1, 2]}),
        (CLASSES, "x,y\n1,0\n2,2\n3,1\n", {"x": [1, 2, 3], "y": [1, 3, 2]}),
    ],
)
def test_a_column_is_called_as_what_it_gives(tmp_path: Path, spec: str, csv: str, columns: dict[str, list[float]]) -> None:
    assert read(tmp_path, spec, csv) == columns


@pytest.mark.parametrize(
    ("spec", "csv", "expected"),
    [
        (SCALARS, "x1,x2,y\n1,,3\n", [(2, "row 1, column x2: the cell is empty")]),
        (SCALARS, "x1,x2,y\n1,2\n1,2,3,4\n", [(2, "row 1 has 2 cells, and the header 3 columns"), (3, "row 2 has 4 cells, and the header 3 columns")]),
        (SCALARS, "x1,x2,y\n1,abc,3\n", [(2, "row 1, column x2: 'abc' is no number: 'abc' is a name; a value is a number or a formula of numbers")]),
        (SCALARS, "x1,x2,y\n1,nan,inf\n", [(2, "row 1, column x2: 'nan' is no number: inf and nan are not values"), (2, "row 1, column y: 'inf' is no number: inf and nan are not values")]),
        (SCALARS, "x1,x2,y\n1,1e999,3\n", [(2, "row 1, column x2: '1e999' is too large for a number here")]),
        (SCALARS, 'x1,x2,y\n1,"2,5",3\n', [(2, "row 1, column x2: '2,5' is no number: a number has a point, not a comma: write 2.5")]),
        (SCALARS, "x1,x2,y\n1,__import__('os'),3\n", None),
        (SCALARS, "x1,x3,y\n1,2,3\n", [(1, "column 2: 'x3' is no input and no target of the network; these are x1, x2, y")]),
        (SCALARS, "x1,x2,w\n1,2,3\n", None),
        (SCALARS, "x1,x2,x1,y\n1,2,3,4\n", [(1, "column 3: 'x1' is given twice")]),
        (SCALARS, "1,2,3\n4,5,6\n", [(1, "the first line is no header: it names the columns, such as x1,x2,y")]),
        (SCALARS, "", [(None, "the file is empty: its first line names the columns, such as x1,x2,y")]),
        (SCALARS, "x1,x2,y\n", [(None, "there are no rows below the header")]),
        (SCALARS, b"x1,x2,y\n\xff,2,3\n", [(None, "the file is no text in UTF-8: save it as CSV in UTF-8")]),
        (SCALARS, 'x1,x2,y\n"1,2,3\n', None),
        (SCALARS, "x1,x2,o\n1,2,3\n", [(1, "column 3: o is computed by the network: data gives inputs and targets")]),
        (SCALARS, "x1,x2,W1_1_1\n1,2,3\n", None),
        (VECTOR, "x1,y\n1,3\n", [(1, "column 1: there is no column for x[2]")]),
        (VECTOR, "x,y\n1,3\n", [(1, "column 1: x has 2 entries: a column for each, x[1], …")]),
        (VECTOR, "x1,x2,x3,y\n1,2,3,4\n", [(1, "column 3: there is no entry x3: it is x[1..2]")]),
        (OPEN, "x1,x3,y\n1,2,3\n", [(1, "column 1: there is no column for x[2]")]),
        (MATRIX, "x1,x2,y\n1,2,3\n", [(1, "column 1: x has 2 × 2 entries: a column for each, x[1,1], …"), (1, "column 2: x has 2 × 2 entries: a column for each, x[1,1], …")]),
        (CLASSES, "x,y\n1,4\n2,1\n", [(2, "row 1, column y: '4' is no class: the classes of y are 1..3")]),
        (CLASSES, "x,y\n1,0\n2,1\n", [(2, "row 1, column y: '0' is no class: the classes of y are 1..3")]),
        (CLASSES, "x,y\n1,a\n2,b\n3,c\n4,d\n", [(5, "row 4, column y: the data has 4 labels, and y has 3 classes; 'd' is one too many")]),
        (CLASSES, "x,y1,y2,y3\n1,0,1,0\n", None),
        (CLASSES, "x,y\n1,\n", [(2, "row 1, column y: the cell is empty")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_row_and_column(tmp_path: Path, spec: str, csv: str | bytes, expected: list[tuple[int | None, str]] | None) -> None:
    found = problems(tmp_path, spec, csv)
    if expected is not None:
        assert found == expected


def test_a_file_full_of_faults_is_given_up_early(tmp_path: Path) -> None:
    assert len(problems(tmp_path, SCALARS, "x1,x2,y\n" + "a,b,c\n" * 5000)) == 20


def test_a_column_that_is_nearly_right_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="did you mean price"):
        read(tmp_path, "inputs: price\nlayers:\n  - dense: 1\nloss: squared_error\n", "prise,y\n1,2\n")


def test_a_missing_file_is_told_at_its_place_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "samples.csv").write_text("x\n1\n", encoding="utf-8")
    (tmp_path / "net.yaml").write_text(SCALARS + "data: sampels.csv\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        evaluate(build_graph(load_spec(tmp_path / "net.yaml")))
    (problem,) = caught.value.problems
    assert (problem.line, problem.path, problem.nearest) == (5, "data", ("samples.csv",))
    assert "there is no such file" in problem.message


@pytest.mark.parametrize("name", [".", "http://host/d.csv", "no/such/folder.csv"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "net.yaml").write_text(SCALARS + f"data: {name}\nvalues: random\n", encoding="utf-8")
    with pytest.raises(SpecError):
        evaluate(build_graph(load_spec(tmp_path / "net.yaml")))


def test_deriving_needs_no_data_file(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SCALARS + "data: nowhere.csv\n", encoding="utf-8")
    assert build_graph(load_spec(tmp_path / "net.yaml")).parameters == ("W1", "b1")


def test_a_file_is_looked_for_beside_the_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert read(tmp_path, SCALARS, "x1,x2,y\n1,2,3\n")["x1"] == [1]


# -- in the spec ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "data", "place", "message"),
    [
        (SCALARS, "[{x1: 1, x2: 2, y: 3}, {x1: 1, y: 3}]", (5, 30, "data[1]"), "sample 2 has no x2, which the first sample has"),
        (SCALARS, "[{x1: 1, x2: 2, y: 3}, {x1: 1, x2: 2, y: 3, x3: 4}]", (5, 56, "data[1].x3"), "sample 2 gives x3, which the first sample does not"),
        (SCALARS, "[{x1: 1, x2: two, y: 3}]", (5, 20, "data[0].x2"), "sample 1, x2: 'two' is no number"),
        (SCALARS, "[{x1: 1, x2: , y: 3}]", (5, 19, "data[0].x2"), "sample 1, x2: the cell is empty"),
        (SCALARS, "[{x1: 1, x2: [2, 3], y: 3}]", (5, 21, "data[0].x2[0]"), "x2 is a single number: it has no entry x2[1]"),
        (SCALARS, "[{x1: 1, x2: {a: 1}, y: 3}]", (5, 20, "data[0].x2"), "a number or a list of numbers is expected here, not a mapping"),
        (SCALARS, "[{x1: 1, x7: 2, y: 3}]", (5, 20, "data[0].x7"), "'x7' is no input and no target of the network"),
        (VECTOR, "[{x: [1, 2, 3], y: 3}]", (5, 20, "data[0].x[2]"), "there is no entry x[3]: it is x[1..2]"),
        (VECTOR, "[{x: 1, y: 3}]", (5, 12, "data[0].x"), "x has 2 entries: a column for each"),
        (CLASSES, "[{x: 1, y: 4}]", (8, 15, "data[0].y"), "sample 1, y: '4' is no class: the classes of y are 1..3"),
    ],
)
def test_samples_of_the_spec_are_checked_when_it_is_read(spec: str, data: str, place: tuple[int, int, str], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        build_graph(read_spec(f"{spec}data: {data}\n"))
    problem = caught.value.problems[0]
    assert message in problem.message
    assert (problem.line, problem.path) == (place[0], place[2])


def test_samples_of_the_spec_may_be_lists() -> None:
    found = evaluate(build_graph(read_spec(VECTOR + "data: [{x: [1, 2], y: 3}, {x: [4, 5], y: 6}]\nvalues: {others: random}\n")))
    assert found.values["x"].tolist() == [[1, 2], [4, 5]]
    assert found.values["y"].tolist() == [[3], [6]]


def test_a_class_is_a_vector_with_one_1() -> None:
    found = evaluate(build_graph(read_spec(CLASSES + "data: [{x: 1, y: 3}, {x: 2, y: 1}]\n")))
    assert found.values["y"].tolist() == [[0, 0, 1], [1, 0, 0]]
    assert found.labels == {}
    p = found.values["a1"]
    np.testing.assert_allclose(found.values["L"], [-np.log(p[0, 2]), -np.log(p[1, 0])], rtol=1e-14)


def test_labels_are_numbered_by_the_alphabet() -> None:
    found = evaluate(build_graph(read_spec(CLASSES + "data: [{x: 1, y: dog}, {x: 2, y: cat}, {x: 3, y: yes}]\n")))
    assert found.labels == {"y": ("cat", "dog", "yes")}
    assert found.values["y"].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_classes_of_named_units_and_of_arrays_in_python() -> None:
    graph = build_graph(read_spec(CLASSES.replace("dense: 3", "dense: [a, b, c]")))
    assert evaluate(graph, data={"x": [1.0, 2.0], "y": [3, 1]}).values["y"].tolist() == [[0, 0, 1], [1, 0, 0]]
    assert evaluate(graph, data=[{"x": 1.0, "y": 2}]).values["y"].tolist() == [[0, 1, 0]]


def test_classes_in_equations_need_their_number() -> None:
    text = "inputs: {x: 2}\nparameters: [W]\ntargets: {y: classes}\nequations:\n  s[c]: sum(W[c,k]*x[k], k)\n  L: softmax_cross_entropy(s, y)\ncost: mean\n"
    sized = text + "sizes: {W: [3, 2], y: [3]}\nvalues: random\ndata: [{x: [1, 2], y: 2}]\n"
    assert evaluate(build_graph(read_spec(sized))).values["y"].tolist() == [[0, 1, 0]]
    with pytest.raises(SpecError, match="in equations the number of classes is needed"):
        build_graph(read_spec(text + "sizes: {W: [3, 2]}\n"))


def test_classes_of_a_single_number_are_refused() -> None:
    with pytest.raises(SpecError, match="classes are told apart by an output of several entries"):
        build_graph(read_spec("inputs: x\nnodes:\n  A: {weights: {w: x}, activation: sigmoid}\ntargets: {y: classes}\nloss: binary_cross_entropy\n"))


def test_samples_in_python_keep_every_digit() -> None:
    graph = build_graph(read_spec(SCALARS))
    samples = read_mappings(graph, [{"x1": 0.1 + 0.2, "x2": np.float64(1 / 3), "y": 2}])
    assert [column.numbers[0] for column in samples.columns] == [0.1 + 0.2, 1 / 3, 2.0]


def test_a_fault_of_python_samples_has_no_place_in_a_file() -> None:
    with pytest.raises(SpecError) as caught:
        evaluate(build_graph(read_spec(SCALARS)), data=[{"x1": 1, "x2": "two", "y": 2}])
    assert str(caught.value).startswith("sample 1, x2: 'two' is no number")
