"""One step of the chain rule: the partial derivative of a child by a parent, by name and by value.

    ∂T/∂p[ι] = Σ_children Σ_ν ∂T/∂n[ν] · ∂n[ν]/∂p[ι]

Where every mention of p leads to the same place ν of the child, ν is solved for and the partial is its plain value:
∂z[j]/∂W[j,k] = x[k]. Where mentions differ (softmax: the own score and the others) ν stays summed, and the value
carries brackets: ∂p[c]/∂z[k] = p[c]·([c = k] − p[k]).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from backprop_derive.calculus.adjoints import ancestors, found_in, pull, pulled_apart
from backprop_derive.calculus.ranges import solve, solved_for
from backprop_derive.calculus.rewriting import tidy
from backprop_derive.calculus.terms import Term, decided, expression_of
from backprop_derive.graph.expressions import ZERO, Bound, Expression, Partial, Ref, reindex
from backprop_derive.graph.indices import Affine, Axis, Condition, always, at_least, axis_to, size, variable
from backprop_derive.graph.naming import free_letter
from backprop_derive.graph.nodes import Graph, Node


@dataclass(frozen=True, slots=True)
class Link:
    """`Σ_bounds [conditions] ∂T/∂child · partial`, where the partial has this value."""

    child: Ref
    parent: Ref
    value: Expression
    bounds: tuple[Bound, ...] = ()
    conditions: tuple[Condition, ...] = ()
    direct: bool = False

    @property
    def partial(self) -> Partial:
        """The partial derivative by name; `direct` where the child depends on the parent in other ways too."""
        return Partial(self.child, self.parent, self.direct)


def links(graph: Graph, node: Node, reaching: set[str]) -> tuple[Link, ...]:
    """The links from a node to every child among those that reach the target."""
    found: list[Link] = []
    for name in graph.children[node.name]:
        if name in reaching:
            child = graph.node(name)
            new = _links_to(graph, node, child)
            otherwise = _depends_otherwise(graph, node.name, name)
            for link in new:
                direct = otherwise or (_recurs(graph, name) and (len(new) > 1 or _repeats(graph, node.name, link)))
                found.append(_lettered(graph, node, replace(link, direct=direct)))
    return tuple(found)


def _lettered(graph: Graph, node: Node, link: Link) -> Link:
    """The link with letters that a reader likes for the indices that are summed, and its value as a book writes it."""
    taken = {*node.letters, *graph.by_name, *(each for axis in node.axes for each in axis.high.sizes())}
    taken |= {graph.samples.index, graph.samples.size} if graph.samples is not None else set()
    taken |= {bound.name for bound in link.bounds}
    names: dict[str, Affine] = {}
    for bound in link.bounds:
        letter = free_letter(bound.name.split("#")[0], taken) if "#" in bound.name and bound.axis != _sample_axis(graph) else bound.name
        taken.add(letter)
        names[bound.name] = bound.axis.low if bound.axis.single else variable(letter)
    changed = {name: form for name, form in names.items() if form.variable != name}
    changed |= node.only_places
    conditions = tuple(each for each in (condition.substitute(changed) for condition in link.conditions) if each.decided is not True)
    fixed = _fixed_letters(node, conditions)
    return Link(
        Ref(link.child.name, tuple(index.substitute(changed) for index in link.child.indices)),
        Ref(link.parent.name, tuple(index.substitute(changed).substitute(fixed) for index in link.parent.indices)),
        tidy(decided(reindex(reindex(link.value, changed), fixed))),
        tuple(Bound(names[bound.name].variable or bound.name, bound.axis.substitute(changed)) for bound in link.bounds if not bound.axis.single),
        conditions,
        link.direct,
    )


def _fixed_letters(node: Node, conditions: tuple[Condition, ...]) -> dict[str, Affine]:
    """Letters of the parent that a condition puts to one place: where only b[1] is read, the partial is that by b[1]."""
    found = {}
    for condition in conditions:
        solution = solved_for(condition, tuple(Bound(letter, axis) for letter, axis in zip(node.letters, node.axes, strict=True)))
        if solution is not None and not solution[1].variables():
            found[solution[0].name] = solution[1]
    return found


def _sample_axis(graph: Graph) -> Axis | None:
    return axis_to(size(graph.samples.size)) if graph.samples is not None else None


def _depends_otherwise(graph: Graph, parent: str, child: str) -> bool:
    """Whether the child depends on the parent through another node too."""
    above = ancestors(graph, child) - {child}
    return any(other in above for other in graph.children[parent] if other != child)


def _recurs(graph: Graph, name: str) -> bool:
    """Whether a node depends on itself at another place."""
    return any(name in ancestors(graph, parent) for parent in graph.parents[name])


def _repeats(graph: Graph, parent: str, link: Link) -> bool:
    """Whether a recurrence reads a parent from outside at every step, so that a later step depends on it through the
    earlier ones."""
    stepwise = any(bound.axis != _sample_axis(graph) for bound in link.bounds)
    return stepwise and link.child.name not in ancestors(graph, parent)


def _links_to(graph: Graph, node: Node, child: Node) -> tuple[Link, ...]:
    contributions = tuple(pull(graph, node, child))
    places = {each.child for each in contributions}
    if len(places) == 1:
        return _solved(node, next(iter(places)), tuple(each.local for each in contributions))
    if len(child.pieces) > 1:
        return tuple(link for each in contributions for link in _solved(node, each.child, (each.local,)))
    return _unsolved(graph, node, child)


def _solved(node: Node, child: Ref, locals_: tuple[Term, ...]) -> tuple[Link, ...]:
    """The child's own bounds and what they must satisfy stand before the product; the rest is the value."""
    outer = {name for index in child.indices for name in index.variables()} - set(node.letters)
    bounds = tuple(bound for bound in locals_[0].bounds if bound.name in outer)
    shared = tuple(each for each in locals_[0].conditions if all(each in term.conditions for term in locals_))
    inner = tuple(
        replace(
            term,
            bounds=tuple(bound for bound in term.bounds if bound.name not in outer),
            conditions=tuple(each for each in term.conditions if each not in shared),
        )
        for term in locals_
    )
    inner_names = {bound.name for term in inner for bound in term.bounds}
    if any(condition.form.variables() & inner_names for condition in shared):
        inner, shared = tuple(replace(term, conditions=term.conditions + shared) for term in inner), ()
    return (Link(child, node.ref(), expression_of(inner), bounds, shared),)


def _unsolved(graph: Graph, node: Node, child: Node) -> tuple[Link, ...]:
    """The child at fresh letters of its own; the brackets [ν = ι] that the mentions do not share remain in the value."""
    (piece,) = child.pieces
    letters = tuple(variable(letter) for letter in node.letters)
    ranges = dict(zip(node.letters, node.axes, strict=True))
    places = piece.places
    terms: list[Term] = []
    outer = tuple(Bound(name, axis) for name, axis in piece.axes)
    bounds = outer
    for occurrence in found_in(graph, node, child, piece):
        term = replace(occurrence.term, bounds=outer + occurrence.term.bounds)
        indices, places, term = pulled_apart(node, occurrence.indices, piece.places, term)
        bounds, inner = term.bounds[: len(outer)], replace(term, bounds=term.bounds[len(outer) :])
        free = ranges | {bound.name: bound.axis for bound in bounds}
        terms.extend(solve(inner, tuple(zip(indices, letters, strict=True)), free, graph.smallest))
    if not terms:
        return ()
    return (_shared_solved(graph, node, Link(Ref(child.name, places), node.ref(), ZERO, bounds), tuple(terms)),)


def _shared_solved(graph: Graph, node: Node, link: Link, terms: tuple[Term, ...]) -> Link:
    """Solve the equations that all mentions share (the sample index, most often) for the child's letters."""
    for condition in terms[0].conditions:
        solution = solved_for(condition, link.bounds) if all(condition in term.conditions for term in terms) else None
        if solution is None:
            continue
        bound, value = solution
        put = {bound.name: value}
        terms = tuple(replace(term, conditions=tuple(each for each in term.conditions if each != condition)).reindex(put) for term in terms)
        rest = tuple(Bound(each.name, each.axis.substitute(put)) for each in link.bounds if each != bound)
        ranges = dict(zip(node.letters, node.axes, strict=True)) | {each.name: each.axis for each in rest}
        inside = (at_least(value, bound.axis.low), at_least(bound.axis.high, value))
        open_ends = tuple(each for each in inside if not always(each, ranges, graph.smallest))
        child = Ref(link.child.name, tuple(index.substitute(put) for index in link.child.indices))
        link = replace(link, child=child, bounds=rest, conditions=link.conditions + open_ends)
    return replace(link, value=expression_of(terms))
