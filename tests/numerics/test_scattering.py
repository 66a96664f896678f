"""Sums whose summands each go to their own place: the same numbers as the sums looked at from every place of the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backprop_derive.building.network import build_graph
from backprop_derive.graph.expressions import Fold
from backprop_derive.numerics.evaluation import node_values
from backprop_derive.numerics.scattering import scattering
from backprop_derive.spec.loading import read_spec

SUMS: dict[str, tuple[str, str, Any]] = {
    "row by row": ("f[j]: sum(sum(where(j = 4*c+p-4, x[c,p], 0), p), c)", "[12]", lambda x: x.reshape(-1)),
    "some places meet, others are left out": (
        "f[j]: sum(sum(where(j = c+p, x[c,p], 0), p), c)", "[5]", lambda x: np.array([0, *(sum(x[c, s - c] for c in range(3) if 0 <= s - c < 4) for s in range(4))])
    ),
    "every second place": ("f[j]: sum(sum(where(j = 2*p, c*x[c,p], 0), p), c)", "[7]", lambda x: np.array([0, *np.kron(np.arange(1, 4) @ x, [1, 0])[:6]])),
    "an index beside": ("f[r,j]: sum(sum(where(j = 4*c+p-4, r*x[c,p], 0), p), c)", "[2, 12]", lambda x: np.outer([1, 2], x.reshape(-1))),
    "a place that another array says": ("f[j]: sum(sum(where(j = t[c,p], x[c,p], 0), p), c)", "[9]", lambda x: np.array([0, 0, 0, 0, 0, *x.sum(axis=0)])),
    "only some of the summands": ("f[j]: sum(sum(where(j = 4*c+p-4, where(c >= p, x[c,p], 0), 0), p), c)", "[12]", lambda x: np.tril(x).reshape(-1)),
}  # fmt: skip


@pytest.mark.parametrize("name", SUMS)
def test_summands_at_their_places(name: str) -> None:
    equation, shape, by_hand = SUMS[name]
    graph = build_graph(read_spec(f"parameters: [x, t]\nsizes: {{x: [3, 4], t: [3, 4], f: {shape}}}\nequations:\n  {equation}\n  L: sum({'sum(f[r,j], r)' if 'r,' in equation else 'f[j]'}, j)\ncost: single\n"))
    fold = graph.node("f").pieces[0].definition
    assert isinstance(fold, Fold)
    assert scattering(fold, graph.node("f").letters) is not None
    x, places = np.arange(1.0, 13).reshape(3, 4), np.tile(np.arange(6.0, 10), (3, 1))
    assert node_values(graph, {"x": x, "t": places}, {})["f"].tolist() == by_hand(x).tolist()


def test_a_sum_that_picks_one_summand_stays_as_it_is() -> None:
    graph = build_graph(read_spec("parameters: [x]\nsizes: {x: [4], f: [4]}\nequations:\n  f[j]: sum(where(j = k, x[k], 0), k)\n  L: sum(f[j], j)\ncost: single\n"))
    fold = graph.node("f").pieces[0].definition
    assert isinstance(fold, Fold)
    assert scattering(fold, ("j",)) is None
