"""The engine: the adjoint of every node, pulled from the nodes that are computed from it.

    ∂T/∂p[ι] = Σ_n Σ_ν  ∂T/∂n[ν] · ∂(definition of n at ν)/∂p[ι]

T is the target, summed over all its entries. `∂T/∂n[ν]` stays a symbol, a Ref to an adjoint node, so nothing is
substituted while differentiating: the work and the size of an adjoint do not depend on layer widths, and no order of
nodes is needed, recurrences included. (Reverse mode: Linnainmaa 1970; in index notation: Laue, Mitterreiter and
Giesen, *Computing Higher Order Derivatives of Matrix and Tensor Expressions*, 2018.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from backprop_derive.calculus.occurrences import Occurrence, Output, occurrences
from backprop_derive.calculus.ranges import solve
from backprop_derive.calculus.terms import Term, expression_of, rename_bounds
from backprop_derive.graph.expressions import Bound, Ref
from backprop_derive.graph.indices import Affine, variable
from backprop_derive.graph.nodes import Graph, Node, Piece


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one mention of p in the definition of a child adds to p's adjoint.

    `child` is the child at the places that count; `local` is the partial derivative, without the child's adjoint.
    Indices of `child` that are not those of p are bounds of `local`.
    """

    child: Ref
    local: Term


@dataclass(frozen=True)
class Adjoint:
    """∂T/∂(node at its letters), the sum over `contributions`. `name` is what other adjoints call it.

    `seed` is the adjoint of the target itself: the 1 that backpropagation starts from.
    """

    node: Node
    name: str
    contributions: tuple[Contribution, ...]
    names: Mapping[str, str]
    seed: bool = False

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """The adjoint as a sum of terms, each the child's adjoint times the local partial."""
        pulled = tuple(each.local.before(Ref(self.names[each.child.name], each.child.indices)) for each in self.contributions)
        return ((Term(),) if self.seed else ()) + pulled


def adjoints(graph: Graph, target: str) -> Mapping[str, Adjoint]:
    """The adjoint of every node that the target depends on, the target included, in graph order.

    Nodes that do not reach the target are left out: their adjoint is 0.
    """
    reaching = ancestors(graph, target)
    names = adjoint_names(graph, reaching)
    found = {}
    for node in graph.nodes:
        if node.name in reaching:
            below = [graph.node(name) for name in graph.children[node.name] if name in reaching]
            contributions = tuple(each for child in below for each in pull(graph, node, child))
            found[node.name] = Adjoint(node, names[node.name], contributions, names, node.name == target)
    return found


def ancestors(graph: Graph, target: str) -> set[str]:
    """The target and every node that it is computed from."""
    found, waiting = {target}, [target]
    while waiting:
        for name in graph.parents[waiting.pop()]:
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def adjoint_names(graph: Graph, nodes: Iterable[str]) -> Mapping[str, str]:
    """`delta_B` for the adjoint of the pre-activation `z_B`, `delta1` for `z1`, `delta_zo` for `zo`, `bar_v` for that of any other
    node v; or as the graph's notation has it.

    Names of the graph are never taken: at a second differentiation the adjoints of the first are nodes themselves.
    """
    taken = set(graph.by_name) | set(graph.aliases)
    called = graph.notation.adjoints if graph.notation is not None else {}
    names = {}
    for name in nodes:
        node = graph.node(name)
        stem = f"bar_{name}"
        if node.role == "preactivation":
            stem = "delta" + name[1:] if name.startswith("z") and not name[1:2].isalpha() else f"delta_{name}"
        stem = called.get(name, stem)
        candidate, count = stem, 1
        while candidate in taken:
            count += 1
            candidate = f"{stem}_{count}"
        taken.add(candidate)
        names[name] = candidate
    return names


def pull(graph: Graph, node: Node, child: Node) -> Iterable[Contribution]:
    """What the definition of `child` contributes to the adjoint of `node`."""
    for piece in child.pieces:
        for found in found_in(graph, node, child, piece):
            yield from _solved(graph, node, child, piece, found)


def found_in(graph: Graph, node: Node, child: Node, piece: Piece) -> Iterable[Occurrence]:
    """From what the child's row states, or else from its definition."""
    if piece.mentions is None:
        output = Output(Ref(child.name, piece.places), dict(piece.axes) if len(child.pieces) == 1 else {})
        return occurrences(piece.definition, node.name, output, graph.functions)
    stated = (mention for mention in piece.mentions if mention.ref.name == node.name)
    return (Occurrence(mention.ref.indices, replace(Term().after(mention.derivative), bounds=mention.bounds)) for mention in stated)


def _solved(graph: Graph, node: Node, child: Node, piece: Piece, found: Occurrence) -> Iterable[Contribution]:
    """Put the child's indices under the sum and solve `φ = ι` for them."""
    outer = tuple(Bound(name, axis) for name, axis in piece.axes)
    term = replace(found.term, bounds=outer + found.term.bounds)
    indices, places, term = pulled_apart(node, found.indices, piece.places, term)
    carried = replace(term, factors=(Ref(child.name, places), *term.factors))
    letters = tuple(variable(letter) for letter in node.letters)
    free = dict(zip(node.letters, node.axes, strict=True))
    for solution in solve(carried, tuple(zip(indices, letters, strict=True)), free, graph.smallest):
        reached, *factors = solution.factors
        assert isinstance(reached, Ref)
        yield Contribution(reached, replace(solution, factors=tuple(factors)))


def pulled_apart(node: Node, indices: tuple[Affine, ...], places: tuple[Affine, ...], term: Term) -> tuple[tuple[Affine, ...], tuple[Affine, ...], Term]:
    """Rename all bounds so that none of them is a letter of the node."""
    moved = rename_bounds(term, set(node.letters))
    names = {old.name: variable(new.name) for old, new in zip(term.bounds, moved.bounds, strict=True) if old.name != new.name}
    return tuple(index.substitute(names) for index in indices), tuple(place.substitute(names) for place in places), moved


def with_adjoints(graph: Graph, found: Mapping[str, Adjoint]) -> Graph:
    """The graph with the adjoints as ordinary nodes behind it, so that they can be evaluated or differentiated again."""
    extra = tuple(adjoint_node(adjoint) for adjoint in found.values())
    return replace(graph, nodes=graph.nodes + extra)


def adjoint_node(adjoint: Adjoint) -> Node:
    """An adjoint as a node with the axes of the node that it belongs to."""
    node = adjoint.node
    places = tuple(variable(letter) for letter in node.letters)
    piece = Piece(places, tuple(zip(node.letters, node.axes, strict=True)), expression_of(adjoint.terms))
    return Node(adjoint.name, node.letters, node.axes, (piece,), "adjoint", node.sampled, unit=node.unit)
