"""The registry of formats, and the page of a check."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import backprop_derive.presentation.formats as formats
from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.errors import UsageError
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.numerics.reports import CheckReport, Power, Survivor
from backprop_derive.presentation.checking import present_check
from backprop_derive.presentation.formats import FORMATS, find_format, format_of_file, render
from backprop_derive.spec.loading import read_spec

GRAPH = build_graph(read_spec("title: Net\ninputs: 2\nlayers:\n  - dense: 3\n    activation: relu\n  - dense: 1\nloss: half_squared_error\n"))


def test_each_file_of_the_folder_has_its_row() -> None:
    files = {path.stem for path in Path(formats.__file__).parent.glob("*.py")} - {"__init__"}
    assert sorted(row.module for row in FORMATS) == sorted(files)


def test_no_name_and_no_suffix_stands_for_two_formats() -> None:
    names = [name for row in FORMATS for name in (row.name, *row.aliases, *row.suffixes)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("name", "found"), [("json", "json"), ("JSON", "json"), ("text", "terminal"), ("terminal", "terminal")])
def test_a_format_by_name(name: str, found: str) -> None:
    assert find_format(name).name == found


@pytest.mark.parametrize(("file", "found"), [("a.json", "json"), ("a.b/C.TXT", "terminal")])
def test_a_format_by_suffix(file: str, found: str) -> None:
    assert format_of_file(file).name == found


@pytest.mark.parametrize("file", ["a", "json", "a.json.zip"])
def test_an_unknown_suffix_lists_the_known_ones(file: str) -> None:
    with pytest.raises(UsageError, match=r"known are .txt, .json"):
        format_of_file(file)


# -- the page of a check --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report() -> CheckReport:
    return check_gradients(derive(GRAPH), weights=["W1", "b2", "x"], seeds=(1,))


def test_the_page_names_what_was_measured_how_and_where(report: CheckReport) -> None:
    text = render(present_check(report), "terminal")
    assert text.startswith("Check: Net\n")
    assert "relu in a1[j] has no derivative where z1[j] = 0" in text
    assert f"{report.power.caught} of {report.power.planted} mistakes" in text
    assert ", sample " in next(line for line in text.splitlines() if line.startswith("x["))


def test_a_mistake_that_was_not_caught_is_named(report: CheckReport) -> None:
    weak = replace(report, power=Power(20, 8, tuple(Survivor("W1", f"mistake {number}") for number in range(12))))
    text = render(present_check(weak), "terminal")
    assert "8 of 20 mistakes" in text
    assert "in the gradient of W1: mistake 9" in text
    assert "mistake 10" not in text
    assert "and 2 more" in text


def test_a_direction_that_failed_has_no_entry(report: CheckReport) -> None:
    check = replace(report.parameters["W1"], entry=None, passed=False)
    document = present_check(replace(report, passed=False, parameters={"W1": check}))
    assert "W1, in one direction" in render(document, "terminal")
    assert json.loads(render(document, "json"))["parameters"]["W1"]["entry"] is None


def test_numbers_that_are_not_finite_are_strings(report: CheckReport) -> None:
    check = replace(report.parameters["W1"], symbolic=float("nan"), relative_error=float("inf"))
    record = json.loads(render(present_check(replace(report, parameters={"W1": check})), "json"))
    assert record["parameters"]["W1"]["symbolic"] == "nan"
    assert record["parameters"]["W1"]["relative_error"] == "inf"


def test_numbers_keep_their_full_precision(report: CheckReport) -> None:
    record = json.loads(render(present_check(report), "json"))
    assert record["parameters"]["W1"]["symbolic"] == report.parameters["W1"].symbolic
