"""The backward pass says which way the index of a recurrence runs."""

from __future__ import annotations

import pytest

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import read_spec

HEAD = "inputs: {x: [T]}\nparameters: [w, u]\nconstants: [h0]\ntargets: y\nequations:\n"
FORWARD = HEAD + "  h[0]: h0\n  h[t]: tanh(w*h[t-1] + u*x[t])\n  L: (h[T] - y)^2\n"
BACKWARD = HEAD + "  h[T+1]: h0\n  h[t]: tanh(w*h[t+1] + u*x[t])\n  L: (h[1] - y)^2\n"
BOTH = "inputs: {x: T}\nparameters: [w, u]\nequations:\n  h[t]: tanh(w*x[t] + u*h[t-1])\n  h[0]: 0\n  g[t]: tanh(x[t] + u*g[t+1])\n  g[T+1]: 0\n  L: sum(h[t]*g[t], t)\n"
JOINED = "inputs: {x: 3, u: 2}\nlayers:\n  - dense: 2\n    input: x\n    name: left\n  - dense: 3\n    input: u\n    name: right\n  - dense: 1\n    input: [left, right]\nloss: mse\n"
NONE = "inputs: 3\nlayers:\n  - dense: 2\n    activation: tanh\nloss: mse\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FORWARD, "t runs down, from T to 1: each place needs the one after it."),
        (BACKWARD, "t runs up, from 1 to T: each place needs the one before it."),
        (NONE, ""),
        (JOINED, ""),  # a line reads another place, and nothing comes back to it
    ],
    ids=["forward", "backward", "none", "joined"],
)
@pytest.mark.parametrize("detail", ["brief", "steps", "full"])
def test_the_way_of_the_index_is_said(text: str, said: str, detail: str) -> None:
    page = render(present(derive(build_graph(read_spec(text))), detail=detail), "terminal")  # type: ignore[arg-type]
    assert [line.strip() for line in page.splitlines() if " runs " in line] == ([said] if said else [])


def test_whole_numbers_are_compared_without_adding_one() -> None:
    page = render(present(derive(build_graph(read_spec(FORWARD)))), "terminal")
    assert "t < T" in page
    assert "t+1 ≤ T" not in page


def test_two_ways_of_one_index_are_both_said() -> None:
    page = render(present(derive(build_graph(read_spec(BOTH))), detail="brief"), "terminal")
    said = ["where a line needs the place after it, t runs down, from T to 1.", "where a line needs the place before it, t runs up, from 1 to T."]
    assert sorted(line.strip() for line in page.splitlines() if " runs " in line) == said
