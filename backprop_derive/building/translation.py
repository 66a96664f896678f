"""Expressions, nodes and numbers of a graph under other names and other index letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from backprop_derive.graph.expressions import (
    Bound,
    Bracket,
    Expression,
    Fold,
    Integer,
    Mul,
    Partial,
    Ref,
    children,
    free_variables,
    integer,
    rebuilt,
    walk,
)
from backprop_derive.graph.indices import Affine, Atom, Axis, Condition, Pick, Product, Quotient, Size, Variable, quotient
from backprop_derive.graph.nodes import Fact, Mention, Node, Piece
from backprop_derive.graph.numbers import GivenValue, Nested, Numbers, Place
from backprop_derive.notation import NAME

_NAME_IN_TEXT = re.compile(rf"(?<![A-Za-z0-9_^(]){NAME.pattern}")


@dataclass(frozen=True)
class Translation:
    """`names` of nodes, of the cost and of adjoints, `letters` of indices, `sizes`, each old one with its new one; of the matrices that
    are `turned`, rows become columns."""

    names: Mapping[str, str]
    letters: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)
    turned: frozenset[str] = frozenset()

    @property
    def inverse(self) -> Translation:
        """The way back, of expressions."""
        sizes, letters = {new: old for old, new in self.sizes.items()}, {new: old for old, new in self.letters.items()}
        return Translation({new: old for old, new in self.names.items()}, letters, sizes, frozenset(map(self.name, self.turned)))

    def with_letters(self, letters: Mapping[str, str], node: Node) -> Translation:
        """With further letters for what defines a node, if none of them is in use there."""
        used = _letters_of(node)
        mine = {old: new for old, new in letters.items() if old in used}
        others = {self.letters.get(letter, letter) for letter in used - mine.keys()}
        return self if {*mine.values()} & others or len({*mine.values()}) < len(mine) else replace(self, letters={**self.letters, **mine})

    def name(self, old: str) -> str:
        """The new name."""
        return self.names.get(old, old)

    def text(self, text: str) -> str:
        """Words with names among them."""
        return _NAME_IN_TEXT.sub(lambda found: self.name(found[0]), text)

    # -- expressions ------------------------------------------------------------------------------------------------------

    def expression(self, old: Expression) -> Expression:
        """The same over the new names."""
        match old:
            case Ref():
                return self.ref(old)
            case Partial(top, bottom, direct):
                return Partial(self.ref(top), self.ref(bottom), direct)
            case Integer(form):
                return integer(self.form(form))
            case Bracket(condition):
                return Bracket(Condition(condition.kind, self.form(condition.form)))
            case Fold(kind, bound, body, at):
                return Fold(kind, self.bound(bound), self.expression(body), None if at is None else self.form(at))
            case Mul(factors):
                return rebuilt(old, tuple(map(self.expression, self._in_order(factors))))
            case _:
                below = children(old)
                return rebuilt(old, tuple(map(self.expression, below))) if below else old

    def _in_order(self, factors: tuple[Expression, ...]) -> tuple[Expression, ...]:
        """Where vectors are rows, the weight stands behind what it multiplies."""
        for at, factor in enumerate(factors[:-1]):
            if isinstance(factor, Ref) and factor.name in self.turned:
                return (*factors[:at], factors[at + 1], factor, *factors[at + 2 :])
        return factors

    def ref(self, old: Ref) -> Ref:
        """A mention."""
        indices = tuple(map(self.form, old.indices))
        return Ref(self.name(old.name), indices[::-1] if old.name in self.turned else indices)

    def bound(self, old: Bound) -> Bound:
        """An index and where it runs."""
        return Bound(self.letters.get(old.name, old.name), self.axis(old.axis))

    def axis(self, old: Axis) -> Axis:
        """Where an index runs."""
        return replace(old, low=self.form(old.low), high=self.form(old.high))

    def form(self, old: Affine) -> Affine:
        """An integer form."""
        total = Affine((), old.constant)
        for atom, times in old.terms:
            total = total + self._atom(atom) * times
        return total

    def _atom(self, atom: Atom) -> Affine:
        match atom:
            case Variable(name):
                return Affine(((Variable(self.letters.get(name, name)), 1),))
            case Size(name):
                return Affine(((Size(self.sizes.get(name, name)), 1),))
            case Quotient(numerator, divisor):
                return quotient(self.form(numerator), divisor)
            case Product(left, right):
                return self.form(left).times(self.form(right))
            case Pick(ref):
                return Affine(((Pick(self.ref(ref)), 1),))

    # -- nodes --------------------------------------------------------------------------------------------------------------

    def node(self, old: Node) -> Node:
        """A node with its definitions."""
        letters, axes = tuple(self.letters.get(letter, letter) for letter in old.letters), tuple(map(self.axis, old.axes))
        if old.name in self.turned:
            letters, axes = self._turned_letters(letters), axes[::-1]
        return replace(old, name=self.name(old.name), letters=letters, axes=axes, pieces=tuple(map(self._piece, old.pieces)))

    def _turned_letters(self, letters: tuple[str, ...]) -> tuple[str, ...]:
        return letters[::-1]

    def _piece(self, old: Piece) -> Piece:
        axes = tuple((self.letters.get(letter, letter), self.axis(axis)) for letter, axis in old.axes)
        mentions = None if old.mentions is None else tuple(Mention(self.ref(each.ref), self.expression(each.derivative), tuple(map(self.bound, each.bounds))) for each in old.mentions)
        return Piece(tuple(map(self.form, old.places)), axes, self.expression(old.definition), mentions)

    def fact(self, old: Fact) -> Fact:
        """What is taken for granted."""
        return Fact(self.text(old.text), None if old.vector is None else self.name(old.vector), tuple(map(self.ref, old.entries)))

    # -- numbers ------------------------------------------------------------------------------------------------------------

    def numbers(self, old: Numbers) -> Numbers:
        """The numbers of the spec; the columns of data are called as they were."""
        return replace(
            old,
            values=tuple(self._value(each) for each in old.values),
            classes=tuple(map(self.name, old.classes)),
            frozen=tuple((self.name(name), self.place(name, place)) for name, place in old.frozen),
            called={self.name(name): name for name in self.names},
        )

    def _value(self, old: GivenValue) -> GivenValue:
        value = _transposed(old.value) if old.name in self.turned and old.place is None else old.value
        return GivenValue(self.name(old.name), value, self.place(old.name, old.place))

    def place(self, name: str, old: Place | None) -> Place | None:
        """An entry of an array."""
        return old[::-1] if old is not None and name in self.turned else old


def _transposed(rows: Nested) -> Nested:
    """Rows as columns; what is no matrix stays."""
    if not isinstance(rows, tuple) or not all(isinstance(row, tuple) for row in rows):
        return rows
    return tuple(zip(*rows, strict=True))


def _letters_of(node: Node) -> set[str]:
    """All letters of a node and its definitions."""
    found = {*node.letters}
    for piece in node.pieces:
        found |= {letter for letter, _ in piece.axes}
        parts: Iterable[Expression] = (piece.definition, *(each.derivative for each in piece.mentions or ()))
        found |= {bound.name for each in piece.mentions or () for bound in each.bounds}
        for part in parts:
            found |= free_variables(part) | {each.bound.name for each in walk(part) if isinstance(each, Fold)}
    return found
