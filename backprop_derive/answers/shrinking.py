"""Large networks are judged on a copy with smaller sizes, where nothing depends on the numbers.

What is true of a layer of 784 inputs is true of one of 5, as long as no formula reads an entry beyond, shifts an index, or has
the number in it (the 1/n of a mean over outputs). New sizes are distinct, so that a transposed matrix shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import prod

from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import Worlds
from backprop_derive.calculus.derivation import derive
from backprop_derive.graph.expressions import Bound, Bracket, Expression, Fold, Integer, Number, Partial, Ref, walk
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Affine, Axis, number
from backprop_derive.graph.nodes import Node, Piece

LARGE = 400
SMALLEST, KEPT = 3, 8


@dataclass(frozen=True)
class Shrunk:
    """The points of the copy, and the new sizes by the old ones. `even`: no formula of the network names a single entry."""

    worlds: Worlds
    sizes: Mapping[int, int]
    even: bool

    def sides(self, sides: Sequence[Side]) -> list[Side] | None:
        """Sides over the copy; None where they name more entries than it has, or read at a shifted index."""
        entries = self._entries([side.expression for side in sides])
        if entries is None or any(_stands_in(size, _numbers([side.expression for side in sides])) for size in self.sizes):
            return None
        return [replace(side, expression=self._over_copy(side.expression, entries), axes=tuple(_axis(axis, self.sizes) for axis in side.axes)) for side in sides]

    def _entries(self, expressions: Sequence[Expression]) -> Mapping[tuple[int, int], int] | None:
        """(old size, entry) → the entry that stands for it. All entries are alike, so W[3,700] may be W[2,1] of the copy."""
        named: dict[int, set[int]] = {}
        for each in (part for expression in expressions for part in walk(expression)):
            for form in _forms_at(each):
                if not _is_plain(form) or (not isinstance(each, Ref | Partial) and (form.number or 0) > SMALLEST):
                    return None
            if isinstance(each, Fold) and (each.bound.axis.high.number or 0) > SMALLEST and each.bound.axis.high.number not in self.sizes:
                return None
            for size, entry in self._named(each):
                named.setdefault(size, set()).add(entry)
        if any(len(entries) > self.sizes[size] for size, entries in named.items()):
            return None
        if not self.even and any(entry > SMALLEST for entries in named.values() for entry in entries):
            return None
        return {(size, entry): at if self.even else entry for size, entries in named.items() for at, entry in enumerate(sorted(entries), 1)}

    def _named(self, expression: Expression) -> Iterator[tuple[int, int]]:
        refs = (expression,) if isinstance(expression, Ref) else (expression.top, expression.bottom) if isinstance(expression, Partial) else ()
        for ref in refs:
            for length, form in zip(self._lengths(ref), ref.indices, strict=False):
                if form.number is not None and length in self.sizes:
                    yield length, form.number

    def _lengths(self, ref: Ref) -> Iterator[int]:
        """The old length of each axis of what is mentioned, 0 where it is not known."""
        graph, names = self.worlds.graph, {name: of for of, name in self.worlds.derivation.names.items()}
        node = graph.by_name.get(names.get(ref.name, ref.name))
        back = {new: old for old, new in self.sizes.items()}
        return (back.get(axis.high.number or 0, 0) for axis in node.axes) if node is not None else iter(())

    def _over_copy(self, expression: Expression, entries: Mapping[tuple[int, int], int]) -> Expression:
        def moved(ref: Ref) -> Ref:
            lengths = [*self._lengths(ref), *[0] * len(ref.indices)]
            return Ref(ref.name, tuple(number(entries.get((length, form.number), form.number)) if form.number is not None else form for length, form in zip(lengths, ref.indices, strict=False)))

        def change(each: Expression) -> Expression | None:
            match each:
                case Ref():
                    return moved(each)
                case Partial(top, bottom, direct):
                    return Partial(moved(top), moved(bottom), direct)
                case Fold():
                    return replace(each, bound=_bound(each.bound, self.sizes), body=replace_in(each.body, change))
            return None

        return replace_in(expression, change)

    @cached_property
    def note(self) -> str:
        """What was done, in words."""
        told = ", ".join(f"{old} as {new}" for old, new in self.sizes.items())
        return f"judged on a smaller copy of the network, with sizes of {told}: no formula depends on them"


def shrunk(worlds: Worlds) -> Shrunk | None:
    """The copy of a large network; None for a small one, or where the sizes matter."""
    if "shrunk" not in worlds.kept:
        worlds.kept["shrunk"] = _found(worlds)
    found = worlds.kept["shrunk"]
    assert found is None or isinstance(found, Shrunk)
    return found


def _found(worlds: Worlds) -> Shrunk | None:
    graph = worlds.graph
    if sum(prod(length for axis in node.axes if (length := axis.length.number) is not None) for node in graph.nodes) <= LARGE:
        return None
    definitions = [each for node in graph.nodes for piece in node.pieces for each in _expressions(piece)]
    forms = [form for each in definitions for form in _forms(each)]
    if any(not _is_plain(form) for form in forms) or any(form.number is not None and form.number > SMALLEST for form in forms):
        return None
    lengths = {axis.length.number for node in graph.nodes for axis in node.axes if axis.low == number(1)}
    numbers = _numbers(definitions)
    large = sorted(length for length in lengths if length is not None and length > KEPT and not _stands_in(length, numbers))
    taken = {length for length in lengths if length is not None and length <= KEPT} | set(graph.sizes.values())
    free = (each for each in range(SMALLEST, SMALLEST + len(large) + len(taken) + 1) if each not in taken)
    sizes = dict(zip(large, free, strict=False))
    if not sizes:
        return None
    copy = replace(graph, nodes=tuple(_node(node, sizes) for node in graph.nodes))
    return Shrunk(Worlds(derive(copy), worlds.seed), sizes, all(form.number in (None, 0) for form in forms))


def _numbers(expressions: Iterable[Expression]) -> set[Fraction]:
    return {abs(each.value) for expression in expressions for each in walk(expression) if isinstance(each, Number) and each.value}


def _stands_in(length: int, numbers: Iterable[Fraction]) -> bool:
    """Whether a number of a formula comes from a size: n, 1/n, 2/n."""
    return any(value / length in (Fraction(1, 2), 1, 2) or value * length in (Fraction(1, 2), 1, 2) for value in numbers)


def _is_plain(form: Affine) -> bool:
    return form.variable is not None or form.number is not None


def _forms(expression: Expression) -> Iterator[Affine]:
    """All integer forms of an expression, those of conditions as what stands on their two sides."""
    for each in walk(expression):
        yield from _forms_at(each)


def _forms_at(expression: Expression) -> Iterator[Affine]:
    match expression:
        case Ref(_, indices):
            yield from indices
        case Partial(top, bottom):
            yield from (*top.indices, *bottom.indices)
        case Integer(form):
            yield form if form.variables() else number(0)
        case Fold(at=Affine() as at):
            yield at
        case Bracket(condition):
            form = condition.form
            plain = len(form.terms) <= 2 and all(coefficient in (1, -1) for _, coefficient in form.terms) and condition.kind != ">="
            yield number(abs(form.constant)) if plain else form + form


def _expressions(piece: Piece) -> Iterator[Expression]:
    yield piece.definition
    yield from (part for mention in piece.mentions or () for part in (mention.ref, mention.derivative))


# -- the copy -------------------------------------------------------------------------------------------------------------


def _node(node: Node, sizes: Mapping[int, int]) -> Node:
    pieces = tuple(_piece(piece, sizes) for piece in node.pieces)
    return replace(node, axes=tuple(_axis(axis, sizes) for axis in node.axes), pieces=pieces)


def _piece(piece: Piece, sizes: Mapping[int, int]) -> Piece:
    mentions = piece.mentions
    if mentions is not None:
        mentions = tuple(replace(each, derivative=_resized(each.derivative, sizes), bounds=tuple(_bound(bound, sizes) for bound in each.bounds)) for each in mentions)
    axes = tuple((letter, _axis(axis, sizes)) for letter, axis in piece.axes)
    return replace(piece, axes=axes, definition=_resized(piece.definition, sizes), mentions=mentions)


def _axis(axis: Axis, sizes: Mapping[int, int]) -> Axis:
    high = axis.high.number
    return Axis(axis.low, number(sizes[high])) if high is not None and high in sizes and axis.low == number(1) else axis


def _bound(bound: Bound, sizes: Mapping[int, int]) -> Bound:
    return replace(bound, axis=_axis(bound.axis, sizes))


def _resized(expression: Expression, sizes: Mapping[int, int]) -> Expression:
    def change(each: Expression) -> Expression | None:
        if isinstance(each, Fold):
            return replace(each, bound=_bound(each.bound, sizes), body=_resized(each.body, sizes))
        return None

    return replace_in(expression, change)
