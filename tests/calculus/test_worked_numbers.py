"""The numbers of every network's derivation: the printed gradients give what the engine's adjoints give, and each has a page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_networks import NETWORKS

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.numerics.drawing import draw_point
from backprop_derive.numerics.training import evaluate
from backprop_derive.numerics.worked import WorkedNumbers
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import read_spec

KNOWN = [name for name, text in NETWORKS.items() if not draw_point(build_graph(read_spec(text)), 1).functions]


def test_nearly_every_network_has_numbers() -> None:
    assert len(KNOWN) > 0.9 * len(NETWORKS)


@pytest.mark.parametrize("name", KNOWN)
def test_the_numbers_of_a_network(name: str) -> None:
    graph = build_graph(read_spec(NETWORKS[name]))
    point = draw_point(graph, 1)
    count = None if graph.samples is None else graph.samples.size
    graph = replace(graph, sizes={size: length for size, length in point.sizes.items() if size != count})
    leaves = [node for node in graph.nodes if node.is_leaf]
    data = {node.name: point.values[node.name] for node in leaves if node.sampled}
    evaluation = evaluate(graph, values={node.name: point.values[node.name] for node in leaves if not node.sampled}, data=data or None, steps=0)
    derivation = derive(graph)
    document = present(derivation, numbers=WorkedNumbers(derivation, evaluation, evaluation.samples))
    assert f"{evaluation.samples}" in render(document, "terminal")
    found = document.record["numbers"]["gradients"]
    for parameter, gradient in evaluation.gradients.items():
        np.testing.assert_allclose(found[parameter], gradient, rtol=1e-7, atol=1e-12, err_msg=parameter)
