"""Which nodes of a network are drawn, which of them as one, and in which column each stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.graph.expressions import ONE, Apply, Bracket, Expression, Fold, Integer, Mul, Ref, Where, mul, walk
from backprop_derive.graph.nodes import Graph, Node
from backprop_derive.presentation.document import Text
from backprop_derive.presentation.picture import Kind

_NEVER_DRAWN = ("constant", "regularizer", "choice")
_KINDS: Mapping[str, Kind] = {"input": "input", "target": "target", "loss": "loss", "parameter": "parameter"}


@dataclass(frozen=True)
class Group:
    """The nodes that are drawn as one column of spots: a unit's pre-activation and activation, or a node by itself."""

    nodes: tuple[Node, ...]
    kind: Kind

    @property
    def shown(self) -> Node:
        """The node whose name the spot carries: the output of the unit."""
        return self.nodes[-1]


class Columns:
    """The groups of a network, and their columns; worked out when they are asked for."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.graph = derivation, derivation.graph

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The groups, in graph order."""
        found: list[Group] = []
        for node in self.graph.nodes:
            if node.role in _NEVER_DRAWN or (node.role == "parameter" and node.name not in self.drawn_parameters):
                continue
            before = next((each for each in found if self._continues(node, each)), None)
            if before is not None:
                found[found.index(before)] = replace(before, nodes=(*before.nodes, node))
            else:
                found.append(Group((node,), _KINDS.get(node.role, "unit")))
        return tuple(found)

    def _continues(self, node: Node, group: Group) -> bool:
        """Whether a node is the activation of the group's pre-activation."""
        first = group.nodes[0]
        alone = (
            node.role == "activation"
            and first.role == "preactivation"
            and bool(node.unit)
            and node.unit == first.unit
            and len(group.nodes) == 1
        )
        if not alone:
            return False
        definition = node.pieces[0].definition
        return not isinstance(definition, Fold) and [
            name for name in self.graph.parents[node.name] if not self.graph.node(name).is_leaf
        ] == [first.name]

    @cached_property
    def group_of(self) -> Mapping[str, Group]:
        """The group of each node that is drawn."""
        return {node.name: group for group in self.groups for node in group.nodes}

    # -- parameters ---------------------------------------------------------------------------------------------------

    @cached_property
    def drawn_parameters(self) -> frozenset[str]:
        """The parameters that have a spot of their own: they are neither the weight of an arrow nor added to a unit, as a and b
        in `d = a*b`."""
        return frozenset(
            name for name in self.graph.parameters if not all(self._is_written(name, child) for child in self.graph.children[name])
        )

    def _is_written(self, parameter: str, child: str) -> bool:
        """Whether a parameter stands on an arrow to the child, or beside it; also where the child is not drawn, or does not count."""
        if self.graph.node(child).role in _NEVER_DRAWN or child not in self.derivation.chain.reaching:
            return True
        links, node = self.derivation.chain.links, self.graph.node(child)
        if any(link.child.name == child and inside(link.value, node) == ONE for link in links(parameter)):
            return True
        others = [name for name in self.graph.parents[child] if self.graph.node(name).role not in ("parameter", "constant")]
        values = [inside(link.value, node) for name in others for link in links(name) if link.child.name == child]
        return any(
            is_weight(self.graph, value) and any(isinstance(each, Ref) and each.name == parameter for each in walk(value))
            for value in values
        )

    # -- columns ------------------------------------------------------------------------------------------------------

    @cached_property
    def of(self) -> Mapping[str, int]:
        """The column of each group, by the name of its shown node: behind all that it is computed from. Targets and parameters
        stand before what reads them first."""
        depth: dict[str, int] = {}
        for group in self.groups:
            self._find_depth(group, depth)
        for group in self.groups:
            name = group.shown.name
            if group.kind in ("target", "parameter"):
                behind = [depth[self.group_of[child].shown.name] for child in self.graph.children[name] if child in self.group_of]
                depth[name] = max(min(behind, default=1) - 1, 0)
        return depth

    def _find_depth(self, group: Group, depth: dict[str, int]) -> int:
        name = group.shown.name
        if name not in depth:
            depth[name] = 0
            before = [self._find_depth(other, depth) for other in self._read_by(group)]
            depth[name] = 1 + max(before, default=0) if group.kind in ("unit", "loss") else 0
        return depth[name]

    def _read_by(self, group: Group) -> Iterator[Group]:
        """The other groups that a group mentions. Earlier steps of a recurrence are not before it."""
        for node in group.nodes:
            for name in self.graph.parents[node.name]:
                if name in self.group_of and self.group_of[name] is not group and not self.again(name, node):
                    yield self.group_of[name]

    def again(self, name: str, node: Node) -> Text:
        """`t - 1`, where a node reads another, or itself, at an earlier or later place; empty where it reads it where it is."""
        if name not in self.derivation.chain.recurrent:
            return ()
        for piece in node.pieces:
            letters = {place.variable for place in piece.places if place.variable is not None}
            for ref in (each for each in walk(piece.definition) if isinstance(each, Ref) and each.name == name):
                for index in ref.indices:
                    if index.variable is None and index.variables() & letters:
                        return (Integer(index),)
        return ()


def inside(value: Expression, child: Node) -> Expression:
    """A derivative along an arrow without that of the function around the whole child: W[j,k] of `a[j]·(1 - a[j])·W[j,k]`, where a[j] is
    the sigmoid of a sum."""
    if not any(isinstance(piece.definition, Apply) for piece in child.pieces):
        return value
    factors = value.factors if isinstance(value, Mul) else (value,)
    return mul(*(factor for factor in factors if not _is_around(factor, child.name)))


def _is_around(factor: Expression, child: str) -> bool:
    """Whether a factor is the derivative of a function by its argument: it mentions the function's result, or is written as such."""
    of_function = isinstance(factor, Bracket) or (isinstance(factor, Apply) and factor.order > 0)
    return of_function or any(isinstance(each, Ref) and each.name == child for each in walk(factor))


def is_weight(graph: Graph, value: Expression) -> bool:
    """Whether the derivative along an arrow is made of parameters and constants alone, and says what the start is multiplied by."""
    if isinstance(value, Where | Fold):
        return False
    roles = {graph.node(each.name).role for each in walk(value) if isinstance(each, Ref) and each.name in graph.by_name}
    return "parameter" in roles and roles <= {"parameter", "constant"}
