"""Total derivatives of any quantity by any other, held against the complex step; points, names and their values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from networks import network

from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import World
from backprop_derive.errors import EvaluationError, NotYetError
from backprop_derive.graph.expressions import Expression, Integer, Partial, Ref, mul
from backprop_derive.graph.indices import size, variable
from backprop_derive.graph.nodes import Graph, Node, Piece
from backprop_derive.language.syntax import Name
from backprop_derive.numerics.probing import with_cost
from backprop_derive.numerics.references import complex_step


def side(expression: Expression, *nodes: Node) -> Side:
    """A side over the own axes of nodes; their letters are told apart."""
    pairs = [(f"{letter}{at}", axis) for at, node in enumerate(nodes) for letter, axis in list(zip(node.letters, node.axes, strict=True))[int(node.sampled) :]]
    return Side(expression, Name("it"), letters=tuple(letter for letter, _ in pairs), axes=tuple(axis for _, axis in pairs))


def mention(node: Node, at: int, sample: str) -> Ref:
    letters = [sample if node.sampled and not place else f"{letter}{at}" for place, letter in enumerate(node.letters)]
    return Ref(node.name, tuple(variable(letter) for letter in letters))


def measured(world: World, top: str, bottom: str) -> np.ndarray:  # type: ignore[type-arg]
    """∂top/∂bottom by the complex step, entry by entry of top; of each sample by what it shares or by its own values."""
    graph, point = (with_cost(world.graph)[0], world.point) if top == world.graph.cost.name else (world.graph, world.point)
    name = f"{top}#" if f"{top}#" in graph.by_name else top
    shape = point.forward[top].shape if top in point.forward else ()
    rows = []
    for place in np.ndindex(*shape):
        picked = _picking(graph, name, place)
        rows.append(complex_step(picked, point.values, point.sizes, "picked", bottom, point.functions))
    found = np.array(rows).reshape((*shape, *point.forward[bottom].shape))
    nodes = [world.graph.by_name.get(each) for each in (top, bottom)]
    if all(node is not None and node.sampled for node in nodes):
        # of the derivative of each sample by each, those of a sample by itself
        return np.array([np.take(found[at], at, axis=len(shape) - 1) for at in range(shape[0])])
    if nodes[1] is not None and nodes[1].sampled:
        return np.moveaxis(found, len(shape), 0)
    return found


def _picking(graph: Graph, name: str, place: tuple[int, ...]) -> Graph:
    node = graph.node(name)
    lows = [axis.low for axis in node.axes]
    ref = Ref(name, tuple(low + at for low, at in zip(lows, place, strict=True)))
    return replace(graph, nodes=(*graph.nodes, Node("picked", pieces=(Piece((), (), ref),))))


PAIRS = [
    ("neurons", [("C", "w11"), ("C", "x1"), ("C", "z_B"), ("L", "w11"), ("L", "o1"), ("y'", "w11"), ("y'", "z_A1"), ("z_B", "v1"), ("z_B", "z_B"), ("o1", "w21")]),
    ("layers", [("C", "W1"), ("C", "a1"), ("L", "W2"), ("L", "z1"), ("a2", "z2"), ("a2", "W1"), ("z2", "a1"), ("a1", "b1"), ("z1", "x"), ("a2", "a2")]),
    ("any sizes", [("C", "W1"), ("L", "W2"), ("a2", "z1"), ("z2", "W2")]),
    ("logistic", [("C", "W1"), ("L", "W1"), ("R", "W1"), ("R", "b1"), ("C", "lambda")]),
    ("recurrent", [("L", "Wh"), ("yhat", "Wx"), ("h", "b"), ("s", "h"), ("h", "Wh"), ("yhat", "x")]),
    ("rectified", [("L", "w1"), ("o", "b"), ("h", "z"), ("z", "w1"), ("z", "w2")]),
    ("summed", [("C", "w11"), ("C", "x1")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "top", "bottom"), [(name, top, bottom) for name, pairs in PAIRS for top, bottom in pairs])
def test_a_total_derivative_is_that_of_the_forward_pass(name: str, top: str, bottom: str) -> None:
    worlds = network(name)[1]
    world, graph = worlds.floating(0), worlds.graph
    sample = graph.samples.index if graph.samples is not None else ""
    above, below = graph.by_name.get(top, Node(top)), graph.node(bottom)
    found = world.value(side(Partial(mention(above, 0, sample), mention(below, 1, sample)), above, below))
    expected = measured(world, top, bottom)
    # where nothing depends on anything the value is 0, whatever the sample
    assert np.allclose(found.values if found.sampled or found.values.ndim == expected.ndim else found.values[None], expected, rtol=1e-12, atol=1e-14)
    assert name in ("neurons", "rectified", "logistic") or np.abs(expected).max() > 1e-6


def test_forty_digits_and_double_precision_agree() -> None:
    for name, _ in PAIRS:
        worlds = network(name)[1]
        parameter = worlds.graph.node(worlds.graph.parameters[0])
        expression = Partial(Ref(worlds.graph.cost.name), mention(parameter, 0, ""))
        exact, floating = (world.value(side(expression, parameter)).values for world in (worlds.exact(1), worlds.floating(1)))
        assert np.allclose(np.asarray(exact, dtype=float), floating, rtol=1e-12)
        assert name == "rectified" or any(value != float(value) for value in exact.flat)


def test_delta_has_no_mean_in_it_and_the_cost_has() -> None:
    world = network("neurons")[1].floating(0)
    node = world.graph.node("z_B")
    delta = world.value(side(Ref("delta_B", (variable("i"),)))).values
    of_cost = world.value(side(mul(Integer(size("m")), Partial(Ref("C"), mention(node, 1, "i"))))).values
    assert np.allclose(delta, of_cost)
    cost = world.value(side(Ref("C"))).values
    assert np.allclose(cost, np.mean(world.forward["L"]))


def test_sizes_differ_from_point_to_point_and_constants_keep_their_value() -> None:
    worlds = network("any sizes")[1]
    assert all(worlds.point(0).sizes[name] != worlds.point(1).sizes[name] for name in ("m", "n"))
    scaled = network("scaled")[1]
    assert [float(scaled.point(at).values["c"]) for at in range(3)] == [3.0, 3.0, 3.0]
    assert len({float(scaled.point(at).values["w"]) for at in range(3)}) == 3


def test_what_has_no_value_says_so() -> None:
    world = network("neurons")[1].floating(0)
    with pytest.raises(EvaluationError, match="psi"):
        world.value(side(Ref("psi")))
    with pytest.raises(NotYetError, match="psi"):
        world.value(side(Partial(Ref("C"), Ref("psi"))))
