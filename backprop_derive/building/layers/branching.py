"""Layers that fork and join: `residual` and `concat`."""

from __future__ import annotations

from dataclasses import replace

from backprop_derive.building.draft import Draft
from backprop_derive.building.layers.stack import Branch, Entry, Stack, described, nodes_of
from backprop_derive.building.letters import UNIT
from backprop_derive.building.scope import Vector
from backprop_derive.building.vectors import array_node, scalar_node
from backprop_derive.graph.expressions import Ref, add
from backprop_derive.graph.indices import axis_to, number, variable
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Node, Piece
from backprop_derive.spec.problems import Problems
from backprop_derive.spec.source import Sequence
from backprop_derive.spec.styles import read_layers


def build_residual(stack: Stack, entry: Entry) -> Vector:
    """`r[j] = a[j] + z[j]`: what the layer reads plus what the layers inside make of it."""
    draft = stack.draft
    if not isinstance(entry.main, Sequence) or not entry.main.items:
        draft.problem(entry.mark, "residual takes a list of layers: `- residual:` and below it, indented, a dash for each layer")
        return stack.array(entry)
    read = stack.array(entry)
    problems = Problems()
    layers = read_layers(entry.main, problems)
    draft.problems.extend(problems.found)
    before = len(draft.problems)
    stack.current = (Branch(", ".join(nodes_of(read)), read, entry.mark),)
    given = stack.run(layers)
    for branch in stack.current:
        branch.read = True
    if read.shape != given.shape:
        if len(draft.problems) == before and not problems.found:
            draft.problem(entry.mark, _lengths_differ(read, given))
        return read
    name = entry.name
    if not given.entries:
        return _array(stack, name or stack.free(f"r{stack.count}"), read, given, entry)
    if not read.entries:
        return _units(stack, name, Vector(tuple(read.at(number(at)) for at in range(1, len(given.entries) + 1))), given, entry)
    return _units(stack, name, read, given, entry)


def _lengths_differ(read: Vector, given: Vector) -> str:
    if read.along or given.along:
        return f"residual adds what it reads to what its layers give: the shape of {described(read)} is expected, {described(given)} is given"
    expected, found = form_text(read.length), form_text(given.length)
    inside = ", ".join(nodes_of(given))
    return f"residual adds what it reads to what its layers give: {expected} entries ({', '.join(nodes_of(read))}) are expected, {found} ({inside}) are given"


def _array(stack: Stack, name: str, read: Vector, given: Vector, entry: Entry) -> Vector:
    assert given.axis is not None
    axis = given.axis
    if read.entries:
        places = [number(at) for at in range(1, len(read.entries) + 1)]
        pieces = tuple(Piece((place,), (), add(read.at(place), given.at(place))) for place in places)
        stack.draft.add(Node(name, (UNIT,), (axis,), pieces), entry.mark)
    else:
        read, place = read.beside(given), variable(given.letter)
        stack.draft.add(array_node(name, given.bounds, add(read.at(place), given.at(place)), "node"), entry.mark)
    return replace(given, axis=axis_to(axis.length)).named(name)


def _units(stack: Stack, name: str, read: Vector, given: Vector, entry: Entry) -> Vector:
    """One scalar a unit: `r_h1` for unit h1, or, where the layer has a name, `skip_1`."""
    names = []
    for at, (left, right) in enumerate(zip(read.entries, given.entries, strict=True), 1):
        unit = f"{name}_{at}" if name else stack.free(f"r_{_unit(stack.draft, right)}")
        stack.draft.add(scalar_node(unit, add(left, right), "node", ""), entry.mark)
        names.append(unit)
    return Vector(tuple(Ref(each) for each in names))


def _unit(draft: Draft, entry: object) -> str:
    assert isinstance(entry, Ref)
    node = draft.nodes.get(entry.name)
    return node.unit if node is not None and node.unit else entry.name


def build_concat(stack: Stack, entry: Entry) -> Vector:
    """`- concat: [a, b]`: the outputs that are named, one behind the other."""
    if "input" in entry.options:
        stack.draft.problem(entry.options["input"].mark, "concat names what it reads itself: `- concat: [a, b]`")
    if not isinstance(entry.main, Sequence):
        stack.draft.problem(entry.mark, "concat takes a list of layers and inputs by name: `- concat: [a, b]`")
        return stack.source(entry)
    branches = list(stack.found(entry.main))
    for branch in branches:
        branch.read = True
    if not branches:
        return stack.source(entry)
    return stack.joined([branch.vector for branch in branches], entry.mark, entry.name)
