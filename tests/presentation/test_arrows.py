"""Every arrow of a picture is a mention in a definition, and every mention an arrow: definitions are written out entry by entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from networks_drawn import ALL, derivation_of, picture_of

from backprop_derive.graph.expressions import Bracket, Expression, Fold, Mul, Ref, Where, children, walk
from backprop_derive.graph.indices import Affine, number
from backprop_derive.graph.nodes import Graph, Node

Place = tuple[str, tuple[int, ...]]
SMALL = 8


def all_sizes_known(graph: Graph) -> bool:
    """Whether all lengths are numbers, and small, and nothing recurs: then each entry has a spot of its own."""
    axes = [axis.resize(graph.sizes) for node in graph.nodes if node.role != "parameter" for axis in node.axes[int(node.sampled) :]]
    flat = all(len(node.axes) - int(node.sampled) < 2 for node in graph.nodes if node.role != "parameter")
    return flat and all(axis.high.number is not None and axis.high.number <= SMALL for axis in axes)


KNOWN = [name for name in ALL if all_sizes_known(derivation_of(name).graph)]


def mentions(expression: Expression, graph: Graph, letters: Mapping[str, Affine]) -> Iterator[Place]:
    """Every entry that a formula reads where its letters have these values: sums are written out, and what is multiplied by 0 is not read."""

    def truth(bracket: Expression) -> bool | None:
        return bracket.condition.substitute(letters).resize(graph.sizes).decided if isinstance(bracket, Bracket) else None

    match expression:
        case Ref(name, indices):
            yield name, tuple(place for index in indices if (place := index.substitute(letters).resize(graph.sizes).number) is not None)
        case Fold(_, bound, body):
            axis = bound.axis.substitute(letters).resize(graph.sizes)
            assert axis.low.number is not None
            assert axis.high.number is not None
            for place in range(axis.low.number, axis.high.number + 1):
                yield from mentions(body, graph, {**letters, bound.name: number(place)})
        case Where(test, then, otherwise) if truth(test) is not None:
            yield from mentions(then if truth(test) else otherwise, graph, letters)
        case Mul(factors) if any(truth(factor) is False for factor in factors):
            return
        case _:
            for child in children(expression):
                yield from mentions(child, graph, letters)


def entries(node: Node, graph: Graph) -> Iterator[tuple[tuple[int, ...], Expression, dict[str, Affine]]]:
    """Each entry of a node with its definition and the letters there."""
    for piece in node.pieces:
        axes = [(letter, axis.resize(graph.sizes)) for letter, axis in piece.axes if not (node.sampled and letter == piece.places[0].variable)]
        ranges: list[dict[str, Affine]] = [{}]
        for letter, axis in axes:
            assert axis.low.number is not None
            assert axis.high.number is not None
            ranges = [{**each, letter: number(place)} for each in ranges for place in range(axis.low.number, axis.high.number + 1)]
        for letters in ranges:
            places = [index.substitute(letters).resize(graph.sizes).number for index in piece.places[int(node.sampled) :]]
            yield tuple(place for place in places if place is not None), piece.definition, letters


def key(place: Place) -> str:
    return place[0] + "".join(f"[{each}]" for each in place[1])


def test_many_networks_are_compared() -> None:
    assert len(KNOWN) >= 25
    assert {"window", "stride", "norm", "residual", "tied", "three_layers"} <= set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_arrows_are_the_mentions_of_the_definitions(name: str) -> None:
    picture, graph = picture_of(name), derivation_of(name).graph
    drawn = {spot.key for spot in picture.spots}
    units = {node.name: shown for node in graph.nodes for shown in [node.name] if any(spot.key.split("[")[0] == node.name for spot in picture.spots)}
    inner = {node.name: next((each.name for each in graph.nodes if each.unit == node.unit and node.unit and each.name in units and each.name != node.name), None) for node in graph.nodes}
    expected: set[tuple[str, str]] = set()
    for node in graph.nodes:
        shown = node.name if node.name in units else inner[node.name]
        if node.is_leaf or shown is None:
            continue
        for places, definition, letters in entries(node, graph):
            for place in mentions(definition, graph, letters):
                if key(place) in drawn and place[0] != shown:
                    expected.add((key(place), key((shown, places))))
    reaching = derivation_of(name).chain.reaching
    wanted = {(start, end) for start, end in expected if end.split("[")[0] in reaching}
    assert {(arrow.start, arrow.end) for arrow in picture.arrows} == wanted


@pytest.mark.parametrize("name", KNOWN)
def test_the_weight_on_an_arrow_stands_in_the_definition_that_it_leads_to(name: str) -> None:
    picture, graph = picture_of(name), derivation_of(name).graph
    for arrow in picture.arrows:
        if arrow.weight is None:
            continue
        weights = {(each.name, tuple(index.resize(graph.sizes).number for index in each.indices)) for each in walk(arrow.weight) if isinstance(each, Ref)}
        ends = [node for node in graph.nodes if node.name == arrow.end.split("[")[0] or (node.unit and node.unit == graph.node(arrow.end.split("[")[0]).unit)]
        places = tuple(int(each.rstrip("]")) for each in arrow.end.split("[")[1:])
        read = {place for node in ends for at, definition, letters in entries(node, graph) if at == places for place in mentions(definition, graph, letters)}
        assert weights <= read
