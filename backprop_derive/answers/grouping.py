"""Products side by side get their grouping from the shapes, and sums over samples their index.

`δ ⊙ σ'(z) x^T` is (δ ⊙ σ'(z)) x^T, since nothing else fits; between arrays, what stands side by side is a product of
matrices, with a number it is a multiple.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from backprop_derive.building.matrices import Entries, entries_of
from backprop_derive.building.scope import Scope
from backprop_derive.errors import FormulaError
from backprop_derive.language.hand_tokens import ELEMENTWISE, MATRIX
from backprop_derive.language.syntax import Binary, Call, Comparison, Name, Negative, Product, Syntax, Transpose

_BY_ENTRY = ("*", "/", ELEMENTWISE)


@dataclass(frozen=True)
class Grouper:
    """Rewrites a tree as it was written into one of the language of specs. `notes` collect what was not obvious."""

    scope: Scope
    notes: dict[str, None] = field(default_factory=dict)

    def grouped(self, tree: Syntax) -> Syntax:
        """The tree with every product in groups of two, and every sum with its index."""
        match tree:
            case Product():
                return self._product(tuple(self.grouped(factor) for factor in tree.factors), tree)
            case Negative():
                return replace(tree, operand=self.grouped(tree.operand))
            case Binary() | Comparison():
                return replace(tree, left=self.grouped(tree.left), right=self.grouped(tree.right))
            case Transpose():
                inner = self.grouped(tree.operand)
                return inner if not self._rank(inner) and not isinstance(inner, Name) else replace(tree, operand=inner) if self._rank(inner) else inner
            case Call("sum" | "mean"):
                return self._sum(tree)
            case Call():
                return replace(tree, arguments=tuple(self.grouped(each) for each in tree.arguments))
            case _:
                return tree

    # -- sums ---------------------------------------------------------------------------------------------------------

    def _sum(self, tree: Call) -> Syntax:
        body = self.grouped(tree.arguments[0])
        samples = self.scope.samples
        letter = tree.arguments[1] if len(tree.arguments) > 1 else None
        over_samples = samples is not None and self._over_samples(tree, body, letter)
        if not over_samples:
            if tree.function == "mean":
                raise FormulaError("a mean over the entries of an array is written 1/n sum(…)", "", tree.start, tree.end)
            return replace(tree, arguments=(body, *tree.arguments[1:]), options=())
        assert samples is not None
        index = Name(samples.index, start=tree.start, end=tree.end)
        if isinstance(letter, Name) and letter.name != samples.index:
            body = _renamed(body, letter.name, samples.index)
        total: Syntax = Call("sum", (body, index), start=tree.start, end=tree.end)
        if tree.function == "mean":
            total = Binary("/", total, Name(samples.size), start=tree.start, end=tree.end)
        return total

    def _over_samples(self, tree: Call, body: Syntax, letter: Syntax | None) -> bool:
        """Whether a sum runs over the samples: its letter stands in no index, or it has none and the body is no array."""
        assert self.scope.samples is not None
        if not _mentions_samples(body, self.scope):
            return False
        if isinstance(letter, Name):
            return letter.name == self.scope.samples.index or not _is_index_in(body, letter.name)
        return bool(dict(tree.options).get("axis")) or not self._rank(body) or tree.function == "mean"

    # -- products -----------------------------------------------------------------------------------------------------

    def _product(self, factors: tuple[Syntax, ...], tree: Product) -> Syntax:
        if not any(self._rank(factor) for factor in factors):
            return self._from_the_left(factors, tree.operators)
        failures: list[FormulaError] = []
        for group in (self._matrices_first, self._from_the_left, self._entries_first):
            try:
                found = group(factors, tree.operators)
                entries_of(found, self.scope)
            except FormulaError as error:
                failures.append(error)
                continue
            if failures and any(operator in _BY_ENTRY for operator in tree.operators):
                self.notes.setdefault("the products are grouped in the only way in which the shapes fit")
            return found
        raise failures[0]

    def _from_the_left(self, factors: Sequence[Syntax], operators: Sequence[str]) -> Syntax:
        found = factors[0]
        for operator, factor in zip(operators, factors[1:], strict=True):
            found = self._two(found, operator, factor)
        return found

    def _matrices_first(self, factors: Sequence[Syntax], operators: Sequence[str]) -> Syntax:
        """`A B ⊙ C D` as (A B) ⊙ (C D)."""
        return self._in_groups(factors, operators, [operator in _BY_ENTRY for operator in operators])

    def _entries_first(self, factors: Sequence[Syntax], operators: Sequence[str]) -> Syntax:
        """`A B ⊙ C D` as A (B ⊙ C) D."""
        return self._in_groups(factors, operators, [operator not in _BY_ENTRY for operator in operators])

    def _in_groups(self, factors: Sequence[Syntax], operators: Sequence[str], splits: Sequence[bool]) -> Syntax:
        groups: list[tuple[list[Syntax], list[str]]] = [([factors[0]], [])]
        between: list[str] = []
        for operator, factor, split in zip(operators, factors[1:], splits, strict=True):
            if split:
                between.append(operator)
                groups.append(([factor], []))
            else:
                groups[-1][0].append(factor)
                groups[-1][1].append(operator)
        return self._from_the_left([self._from_the_left(inside, inner) for inside, inner in groups], between)

    def _two(self, left: Syntax, operator: str, right: Syntax) -> Syntax:
        first, second = self._entries(left), self._entries(right)
        arrays = bool(first.shape and second.shape)
        if operator in ("", MATRIX) and len(first.shape) == len(second.shape) == 1 and not first.row and not second.row and first.shape == second.shape:
            self.notes.setdefault("two columns side by side are multiplied entry by entry (a^T b is their scalar product)")
            operator = ELEMENTWISE
        spelled = {ELEMENTWISE: "*", "": "@" if arrays else "*", MATRIX: "@" if arrays else "*", "@": "@" if arrays else "*"}.get(operator, operator)
        return Binary(spelled, left, right, start=left.start, end=right.end)

    def _rank(self, tree: Syntax) -> int:
        """How many axes a piece has; a formula with indices is a number. Raises FormulaError where shapes do not fit."""
        return len(self._entries(tree).shape)

    def _entries(self, tree: Syntax) -> Entries:
        if _has_indices(tree):
            return Entries((), lambda _places, _taken: tree)
        return entries_of(tree, self.scope)


def _has_indices(tree: Syntax) -> bool:
    return any(isinstance(each, Name) and each.indices for each in tree.walk())


def _is_index_in(tree: Syntax, letter: str) -> bool:
    return any(isinstance(inner, Name) and inner.name == letter for each in tree.walk() if isinstance(each, Name) for index in each.indices for inner in index.walk())


def _mentions_samples(tree: Syntax, scope: Scope) -> bool:
    def sampled(name: str) -> bool:
        quantity = scope.quantities.get(scope.aliases.get(name, name))
        return quantity is not None and quantity.sampled

    return any(isinstance(each, Name) and sampled(each.name) for each in tree.walk())


def _renamed(tree: Syntax, old: str, new: str) -> Syntax:
    """The tree with an index letter renamed where it stands by itself."""
    if isinstance(tree, Name):
        return replace(tree, name=new) if tree.name == old and not tree.indices else replace(tree, indices=tuple(_renamed(each, old, new) for each in tree.indices))
    match tree:
        case Negative() | Transpose():
            return replace(tree, operand=_renamed(tree.operand, old, new))
        case Binary() | Comparison():
            return replace(tree, left=_renamed(tree.left, old, new), right=_renamed(tree.right, old, new))
        case Call():
            return replace(tree, arguments=tuple(_renamed(each, old, new) for each in tree.arguments))
        case _:
            return tree
