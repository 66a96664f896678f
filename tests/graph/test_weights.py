"""What weights on the command line mean."""

from __future__ import annotations

import pytest

from backprop_derive.building.network import build_graph
from backprop_derive.errors import UsageError
from backprop_derive.graph.nodes import Graph
from backprop_derive.graph.weights import Weight, entries_where_clearer, every_entry, find_weights
from backprop_derive.spec.loading import read_spec

LAYERS = "inputs: 4\nlayers:\n  - dense: 12\n    activation: tanh\n  - dense: 3\nloss: half_squared_error\n"
NAMED = "inputs: [x1, x_1]\nnodes:\n  A: {weights: {w_2_1: x1, w_21: x_1}, activation: tanh, output: y'}\ntargets: y\nloss: half_squared_error\n"
SYMBOLIC = "inputs: {x: n}\nlayers:\n  - dense: h\n    activation: tanh\n  - dense: 1\nloss: half_squared_error\n"


def graph_of(text: str) -> Graph:
    return build_graph(read_spec(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("W1", ("W1", None)),
        ("W1[2,1]", ("W1", (2, 1))),
        ("W1[ 2, 1 ]", ("W1", (2, 1))),
        ("W1_2_1", ("W1", (2, 1))),
        ("W1.2.1", ("W1", (2, 1))),
        ("w1_21", ("W1", (2, 1))),
        ("w1[2,1]", ("W1", (2, 1))),
        ("W1_12_4", ("W1", (12, 4))),
        ("b2_3", ("b2", (3,))),
        ("b2.3", ("b2", (3,))),
        ("b1_12", ("b1", (12,))),
        ("W1_124", ("W1", (12, 4))),
        ("x[2]", ("x", (2,))),
        ("a1", ("a1", None)),
        ("yhat", ("z2", None)),
        ("ŷ", ("z2", None)),
    ],
)
def test_a_weight_in_every_spelling(text: str, found: Weight) -> None:
    assert find_weights([text], graph_of(LAYERS)) == (found,)


def test_a_star_is_every_entry() -> None:
    assert find_weights(["b2[*]"], graph_of(LAYERS)) == (("b2", (1,)), ("b2", (2,)), ("b2", (3,)))
    assert find_weights(["W2[2,*]"], graph_of(LAYERS)) == tuple(("W2", (2, k)) for k in range(1, 13))
    assert len(find_weights(["W1[*,*]"], graph_of(LAYERS))) == 48


def test_a_lone_star_is_every_entry_of_a_matrix_too() -> None:
    assert find_weights(["W1[*]"], graph_of(LAYERS)) == find_weights(["W1[*,*]"], graph_of(LAYERS))


def test_each_weight_is_given_once() -> None:
    assert find_weights(["W1.2.1", "W1[2,1]", "b1"], graph_of(LAYERS)) == (("W1", (2, 1)), ("b1", None))


@pytest.mark.parametrize(("text", "found"), [("w_2_1", "w_2_1"), ("w_21", "w_21"), ("x_1", "x_1"), ("y'", "y'"), ("y′", "y'"), ("z_A", "z_A")])
def test_names_of_the_spec_are_never_taken_apart(text: str, found: str) -> None:
    assert find_weights([text], graph_of(NAMED)) == ((found, None),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("W3", "there is no 'W3'.*parameters are W1\\[1..12, 1..4\\], b1.*also x, z1, a1.*did you mean"),
        ("w", "there is no 'w'"),
        ("", "-w has no name behind it"),
        ("W1[13,1]", "no entry \\[13,1\\]: W1\\[1..12, 1..4\\]"),
        ("W1[0,1]", "no entry"),
        ("W1[1]", "has 2 indices"),
        ("b1[1,2]", "has 1 index"),
        ("W1[j,k]", "'j' is no index"),
        ("W1[]", "has 2 indices"),
        ("W1[-1,1]", "'-1' is no index"),
        ("L[1]", "single number"),
        ("W1_1_1_1", "there is no 'W1_1_1_1'"),
        ("W1_13_1", "there is no 'W1_13_1'"),
        ("W1[99999999999999999999,1]", "is no index"),
    ],
)
def test_what_is_not_there_is_said(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_weights([text], graph_of(LAYERS))


def test_two_readings_are_an_error_that_shows_both() -> None:
    wide = graph_of("inputs: 12\nlayers: [dense: 12]\nloss: half_squared_error\n")
    with pytest.raises(UsageError, match=r"'W1\[1,12\]' or 'W1\[11,2\]'"):
        find_weights(["W1_112"], wide)


def test_open_sizes_take_any_entry_but_no_star() -> None:
    graph = graph_of(SYMBOLIC)
    assert find_weights(["W1[7,9]"], graph) == (("W1", (7, 9)),)
    with pytest.raises(UsageError, match="no entry"):
        find_weights(["W1[0,9]"], graph)
    with pytest.raises(UsageError, match=r"cannot be listed: W1\[1..h, 1..n\]"):
        find_weights(["W1[*]"], graph)


def test_every_entry_writes_arrays_out() -> None:
    graph = graph_of(LAYERS)
    assert every_entry(graph, [("b2", None), ("W1", (1, 1)), ("L", None)]) == (("b2", (1,)), ("b2", (2,)), ("b2", (3,)), ("W1", (1, 1)), ("L", None))
    with pytest.raises(UsageError, match="more than 1000"):
        every_entry(graph_of("inputs: 40\nlayers: [dense: 40]\nloss: half_squared_error\n"), [("W1", None)])


def test_a_filter_over_a_single_channel_is_shown_by_index() -> None:
    graph = build_graph(read_spec("inputs: {x: [1, 5, 5]}\nlayers:\n  - conv2d: 2\n  - flatten\n  - dense: 1\nloss: mse\n"))
    assert entries_where_clearer(graph, [("W1", None)]) == (("W1", None),)
