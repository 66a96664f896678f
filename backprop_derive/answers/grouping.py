"""A tree as it was written → one of the language of specs: products get their grouping from the shapes, sums their index.

`δ ⊙ σ'(z) x^T` is (δ ⊙ σ'(z)) x^T, since nothing else fits; between arrays, what stands side by side is a product of
matrices, with a number it is a multiple.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from backprop_derive.building.indexing import axes_alone, integer_form
from backprop_derive.building.matrices import Entries, entries_of, is_of_one_entry, is_part
from backprop_derive.building.names import fault
from backprop_derive.building.scope import Scope
from backprop_derive.errors import FormulaError
from backprop_derive.graph.indices import Affine
from backprop_derive.graph.naming import form_text
from backprop_derive.language.grammar import parse
from backprop_derive.language.hand_tokens import ELEMENTWISE, MATRIX, OUTER
from backprop_derive.language.syntax import Binary, Call, Comparison, Name, Negative, Numeral, Product, Syntax, Transpose

_BY_ENTRY = ("*", "/", ELEMENTWISE)


@dataclass(frozen=True)
class Grouper:
    """Rewrites a tree. `notes` collect what was not obvious; `batches` are the arrays of all samples by name, with what they
    are, and `sample_axis` which of their axes the samples are: 1 where a sample is a column, 0 where it is a row. `indexed`: the
    formula has indices, so that an array without any, which can only have one entry, is a number."""

    scope: Scope
    notes: dict[str, None] = field(default_factory=dict)
    batches: Mapping[str, str] = field(default_factory=dict)
    sample_axis: int = 1
    indexed: bool = False

    def grouped(self, tree: Syntax) -> Syntax:
        """The tree with every product in groups of two, and every sum with its index."""
        match tree:
            case Product(factors=(Call("diag") as first, *rest), operators=(("" | "@" | "·"), *operators)):
                return self._diagonal(first, Product(tuple(rest), tuple(operators), start=rest[0].start, end=tree.end))
            case Product():
                return self._product(tuple(self.grouped(factor) for factor in tree.factors), tree)
            case Negative():
                return replace(tree, operand=self.grouped(tree.operand))
            case Binary(operator="^", left=Name(name="e", indices=())) if "e" not in self.scope.names:
                return Call("exp", (self.grouped(tree.right),), start=tree.start, end=tree.end)
            case Binary(operator="^", left=left, right=Name("T", indices=())) if "T" not in self.scope.quantities and self._rank(left):
                return Transpose(self.grouped(left), start=tree.start, end=tree.end)  # T may be a size, of which no array is a power
            case Binary() | Comparison():
                return replace(tree, left=self.grouped(tree.left), right=self.grouped(tree.right))
            case Transpose():
                inner = self.grouped(tree.operand)
                return replace(tree, operand=inner) if self._rank(inner) else inner
            case Call("sum" | "mean"):
                return self._sum(tree)
            case Call("outer", (left, right)):
                return self._outer(self.grouped(left), self.grouped(right))
            case Call("norm" | "norm1"):
                return self._norm(tree)
            case Call(arguments=(body, Name(indices=()) as letter, *rest)) if self._is_letter(letter):
                return replace(tree, arguments=(self._below(letter).grouped(body), letter, *rest))
            case Call():
                return replace(tree, arguments=tuple(self.grouped(each) for each in tree.arguments))
            case _:
                return tree

    def _is_letter(self, name: Name) -> bool:
        return name.name not in self.scope.names and name.name not in self.scope.sizes

    def _below(self, letter: Syntax | None) -> Grouper:
        """What stands below a sum over a letter."""
        if not isinstance(letter, Name) or letter.name in self.scope.indices:
            return self
        return replace(self, scope=self.scope.inside(letter.name, None))

    # -- sums ---------------------------------------------------------------------------------------------------------

    def _sum(self, tree: Call) -> Syntax:
        if not tree.arguments:
            raise fault("there is nothing to sum in these brackets", tree)
        letter, options = tree.arguments[1] if len(tree.arguments) > 1 else None, dict(tree.options)
        body = self._below(letter).grouped(tree.arguments[0])
        if options.keys() - {"axis"}:
            raise fault(f"{tree.function} takes no option {next(iter(options.keys() - {'axis'}))!r} here", tree)
        if "axis" in options:
            return self._along_an_axis(tree, body, options["axis"])
        if self._is_over_samples(body, letter):
            return self._over_samples(tree, body)
        if tree.function == "mean":
            raise fault("a mean over the entries of an array is written 1/n sum(…)", tree)
        step = self._step(body) if letter is None else None
        if letter is None and (step is not None or not self._rank(body)):
            raise fault("it is not clear what this sum runs over", tree, hint=f"write its index: \\sum_{step or 'k'}, sum(…, {step or 'k'})")
        if isinstance(letter, Name):
            return replace(tree, arguments=(body, letter, *self._checked_ends(tree, body, letter)), options=())
        return replace(tree, arguments=(body,), options=())

    def _step(self, body: Syntax) -> str | None:
        """The letter of the step in `sum(delta[t]*h[t-1])`, which nothing binds."""
        parts = (each for each in body.walk() if isinstance(each, Name) and is_part(each, self.scope))
        inside = (inner.name for each in parts for index in each.indices for inner in index.walk() if isinstance(inner, Name))
        return next((name for name in inside if name not in self.scope.sizes), None)

    def _over_samples(self, tree: Call, body: Syntax) -> Syntax:
        samples = self.scope.samples
        assert samples is not None
        index = Name(samples.index, start=tree.start, end=tree.end)
        letter = tree.arguments[1] if len(tree.arguments) > 1 else None
        if isinstance(letter, Name) and letter.name != samples.index:
            body = _renamed(body, letter.name, samples.index)
        total: Syntax = Call("sum", (body, index, *self._ends_of_samples(tree)), start=tree.start, end=tree.end)
        if tree.function == "mean":
            total = Binary("/", total, Name(samples.size, start=tree.start, end=tree.end), start=tree.start, end=tree.end)
        return total

    def _is_over_samples(self, body: Syntax, letter: Syntax | None) -> bool:
        """Whether a sum runs over the samples: its letter is theirs or stands in no index, or it has none and the body is no array."""
        if self.scope.samples is None:
            return False
        if isinstance(letter, Name) and letter.name == self.scope.samples.index:
            return True
        if not _mentions_samples(body, self.scope):
            return False
        return not _is_index_in(body, letter.name) if isinstance(letter, Name) else not self._rank(body)

    def _ends_of_samples(self, tree: Call) -> tuple[Syntax, ...]:
        """From 1 to m is all of them; numbers stay."""
        ends = tree.arguments[2:]
        samples = self.scope.samples
        if not ends or samples is None:
            return ()
        low, high = (integer_form(end, self.scope) for end in ends)
        if high.number is not None and high.number > 1:
            return tuple(ends)
        if (high.sizes() != {samples.size}) or (high - low + 1).constant != 0:
            raise fault(f"the samples are {samples.index} = 1..{samples.size}, and this sum runs over others", ends[1])
        return ()

    def _checked_ends(self, tree: Call, body: Syntax, letter: Name) -> tuple[Syntax, ...]:
        """Where the index of units runs, if that is said, against where the arrays have entries."""
        ends = tree.arguments[2:]
        own = [axis for _, axis in axes_alone(letter.name, body, self.scope)]
        if not ends or not own:
            return tuple(ends)
        low, high = (integer_form(end, self.scope) for end in ends)
        if (low, high) == (own[0].low, own[0].high):
            return tuple(ends)
        inside = _is_at_least(low, own[0].low) and _is_at_least(own[0].high, high)
        if inside:
            return tuple(ends)
        if self.scope.samples is not None and high.sizes() == {self.scope.samples.size} and low == own[0].low and self._is_alias(ends[1]):
            return ()
        if low.variables() or high.variables():
            return tuple(ends)
        length = form_text(own[0].high)
        raise fault(f"{letter.name} runs from {form_text(own[0].low)} to {length} here, and this sum from {form_text(low)} to {form_text(high)}", tree.arguments[3])

    def _is_alias(self, tree: Syntax) -> bool:
        """A name that was read as the number of samples, which may be another number."""
        return isinstance(tree, Name)

    def _along_an_axis(self, tree: Call, body: Syntax, axis: Syntax) -> Syntax:
        """`np.sum(dZ, axis=1)`: over the samples, where those are the second axis."""
        number = integer_form(axis, self.scope).number
        rank = self._rank(body)
        if not self.batches and self.scope.rows and number == 0 and rank == 1 and _mentions_samples(body, self.scope):  # the names of a sample are those of all
            return self._over_samples(tree, body)
        if not self.batches and rank == 2 and number in (0, 1, -1):
            return self._over_axis(tree, body, number % 2)
        if not self.batches or number is None or not rank:
            raise fault("an axis can be given where arrays of all samples are summed: np.sum(dZ2, axis=1)", tree)
        if number % rank != (self.sample_axis if rank > 1 else 0):
            raise fault(f"axis={number} runs over the units here, not over the samples", axis)
        return self._over_samples(replace(tree, arguments=(_by_sample(body, self.batches),)), _by_sample(body, self.batches))

    def _over_axis(self, tree: Call, body: Syntax, axis: int) -> Syntax:
        """`np.sum(delta1, axis=0)` over the steps of a sequence: δ^T 1."""
        length = self._entries(body).shape[axis]
        if length is None:
            raise fault("it is not known how long this axis is", tree)
        ones = Call("ones", (parse(form_text(length.length)),), start=tree.start, end=tree.end)
        rows = Transpose(body, start=body.start, end=body.end) if axis == 0 else body
        return Binary("@", rows, ones, start=tree.start, end=tree.end)

    def _norm(self, tree: Call) -> Syntax:
        """`‖w‖` as √Σw², `‖w‖_1` as Σ|w|."""
        (inner,) = tree.arguments
        inner = self.grouped(inner)
        start, end = tree.start, tree.end
        if not self._rank(inner):
            return Call("abs", (inner,), start=start, end=end)
        if tree.function == "norm1":
            return Call("sum", (Call("abs", (inner,), start=start, end=end),), start=start, end=end)
        square = Binary("^", inner, Numeral("2", Fraction(2), start=start, end=end), start=start, end=end)
        return Call("sqrt", (Call("sum", (square,), start=start, end=end),), start=start, end=end)

    # -- products -----------------------------------------------------------------------------------------------------

    def _product(self, factors: tuple[Syntax, ...], tree: Product) -> Syntax:
        if not any(self._rank(factor) for factor in factors):
            return self._from_the_left(factors, tree.operators)
        failures: list[FormulaError] = []
        ways: tuple[Callable[[Sequence[Syntax], Sequence[str]], Syntax], ...] = (self._matrices_first, self._from_the_left, self._entries_first)
        for way in ways:
            try:
                found = way(factors, tree.operators)
                entries_of(found, self.scope)
            except FormulaError as error:
                failures.append(error)
                continue
            if failures and any(operator in _BY_ENTRY for operator in tree.operators):
                self.notes.setdefault("the products are grouped in the only way in which the shapes fit")
            return found
        raise failures[0]

    def _diagonal(self, first: Call, rest: Product) -> Syntax:
        """`diag(v) W^T δ` as v ⊙ (W^T δ); in front of a matrix it is one."""
        vector, behind = self.grouped(first.arguments[0]), self.grouped(rest)
        if self._rank(vector) == 1 and self._rank(behind) == 1:
            return Binary("*", vector, behind, start=first.start, end=rest.end)
        diagonal = replace(first, arguments=(vector,))
        return Binary("@", diagonal, behind, start=first.start, end=rest.end)

    def _from_the_left(self, factors: Sequence[Syntax], operators: Sequence[str]) -> Syntax:
        found = factors[0]
        for operator, factor in zip(operators, factors[1:], strict=True):
            found = self._two(found, operator, factor)
        return found

    def _matrices_first(self, factors: Sequence[Syntax], operators: Sequence[str]) -> Syntax:
        """`A B ⊙ C D` as (A B) ⊙ (C D), `1/m A B` as (1/m A) B: a division takes one factor."""
        return self._in_groups(factors, operators, [operator in _BY_ENTRY and operator != "/" for operator in operators])

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
        arrays = bool(self._rank(left) and self._rank(right)) and not self._is_multiple(left, right)
        if operator == OUTER and arrays:
            if self._rank(left) == self._rank(right) == 1 and self._entries(left).shape != self._entries(right).shape:
                return self._outer(left, right)
            raise fault("⊗ can be the outer product or the product entry by entry", right, hint="write x y^T or x ⊙ y")
        if operator in ("", MATRIX) and arrays and self._are_columns(left, right):
            if operator == MATRIX:
                raise fault("· between two vectors can be the scalar product or the product entry by entry", right, hint="write x^T y or x ⊙ y")
            self.notes.setdefault("two vectors side by side were multiplied entry by entry")
            operator = ELEMENTWISE
        spelled = {ELEMENTWISE: "*", OUTER: "*", "": "@" if arrays else "*", MATRIX: "@" if arrays else "*", "@": "@" if arrays else "*"}
        return Binary(spelled.get(operator, operator), left, right, start=left.start, end=right.end)

    def _is_multiple(self, left: Syntax, right: Syntax) -> bool:
        """Whether an array of one entry stands beside one of more that it does not fit as a matrix, so that it is a number."""
        first, second = self._entries(left), self._entries(right)
        if is_of_one_entry(first) == is_of_one_entry(second) or first.row != second.row:
            return is_of_one_entry(first) and is_of_one_entry(second)
        return first.shape[-1] != second.shape[0]

    def _outer(self, left: Syntax, right: Syntax) -> Syntax:
        """`x y^T`, or `x^T y` where vectors are rows."""
        turned = Transpose(left, start=left.start, end=left.end) if self.scope.rows else Transpose(right, start=right.start, end=right.end)
        first, second = (turned, right) if self.scope.rows else (left, turned)
        return Binary("@", first, second, start=left.start, end=right.end)

    def _are_columns(self, left: Syntax, right: Syntax) -> bool:
        """Two vectors that both stand as vectors do, of one length."""
        first, second = self._entries(left), self._entries(right)
        return len(first.shape) == len(second.shape) == 1 and first.row == second.row == self.scope.rows and first.shape == second.shape

    def _rank(self, tree: Syntax) -> int:
        """How many axes a piece has; a formula with indices is a number. Raises FormulaError where shapes do not fit."""
        return len(self._entries(tree).shape)

    def _entries(self, tree: Syntax) -> Entries:
        if has_indices(tree, self.scope):
            return Entries((), lambda _places, _taken: tree)
        found = entries_of(tree, self.scope)
        if self.indexed and all(axis is not None and axis.length.number == 1 for axis in found.shape):
            return Entries((), lambda _places, _taken: tree)
        return found


def _is_at_least(left: Affine, right: Affine) -> bool:
    difference = (left - right).number
    return difference is not None and difference >= 0


def has_indices(tree: Syntax, scope: Scope) -> bool:
    """Whether an index stands at some name, so that the formula is one of entries, not of arrays or their parts."""
    return not scope.parts and any(isinstance(each, Name) and each.indices for each in tree.walk())


def _is_index_in(tree: Syntax, letter: str) -> bool:
    return any(isinstance(inner, Name) and inner.name == letter for each in tree.walk() if isinstance(each, Name) for index in each.indices for inner in index.walk())


def _mentions_samples(tree: Syntax, scope: Scope) -> bool:
    def sampled(name: str) -> bool:
        quantity = scope.quantities.get(scope.aliases.get(name, name))
        return quantity is not None and quantity.sampled

    return any(isinstance(each, Name) and sampled(each.name) for each in tree.walk())


def changed(tree: Syntax, change: Callable[[Name], Name]) -> Syntax:
    """The tree with its names changed, those in indices too."""
    if isinstance(tree, Name):
        return change(replace(tree, indices=tuple(changed(each, change) for each in tree.indices)))
    match tree:
        case Negative() | Transpose():
            return replace(tree, operand=changed(tree.operand, change))
        case Binary() | Comparison():
            return replace(tree, left=changed(tree.left, change), right=changed(tree.right, change))
        case Product():
            return replace(tree, factors=tuple(changed(each, change) for each in tree.factors))
        case Call():
            return replace(tree, arguments=tuple(changed(each, change) for each in tree.arguments))
        case _:
            return tree


def _renamed(tree: Syntax, old: str, new: str) -> Syntax:
    """The tree with an index letter renamed where it stands by itself."""
    return changed(tree, lambda name: replace(name, name=new) if name.name == old and not name.indices else name)


def _by_sample(tree: Syntax, batches: Mapping[str, str]) -> Syntax:
    """The tree with arrays of all samples replaced by what they are for one."""
    return changed(tree, lambda name: replace(name, name=batches.get(name.name, name.name)))
