"""The page of a derivation in matrices: `δ1 = W2ᵀ δ2 ⊙ (1 − a1²)`.

The chain rule stays entry by entry, since the derivative of a vector by a matrix has three indices; what comes of it stands as a whole.
A formula without a matrix form stays in indices, and the reason stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from backprop_derive.building.shapes import described_shape
from backprop_derive.calculus.derivation import Delta, Derivation, Gradient
from backprop_derive.calculus.matrices import MatrixForms, Reason
from backprop_derive.graph.expressions import Expression, Partial, Ref, Whole, num, power, walk
from backprop_derive.graph.indices import Axis, size
from backprop_derive.graph.matrices import Diagonal, Hadamard, MatrixProduct, Ones, Total, Transposed, squared
from backprop_derive.graph.naming import form_text
from backprop_derive.presentation.document import Aligned, Block, Heading, Paragraph, Row, Table, Text
from backprop_derive.presentation.network import forward_rows, role_of
from backprop_derive.presentation.pages import Detail, Page, rewriting_rows
from backprop_derive.presentation.selection import Form
from backprop_derive.presentation.working import Working

if TYPE_CHECKING:
    from backprop_derive.numerics.worked import Letters
    from backprop_derive.presentation.picture import Picture


_A, _U, _V = Ref("A"), Ref("u"), Ref("v")
"""Any matrix, and any vectors, in what is said of signs."""


class MatrixPage(Page):
    """A page whose formulas stand without indices, where they have such a form."""

    def __init__(self, derivation: Derivation, chosen: Mapping[str, Gradient], forms: Sequence[Form], detail: Detail, working: Working | None, note: str, picture: Picture | None) -> None:
        super().__init__(derivation, chosen, forms, detail, working, note, picture)
        self.matrices = MatrixForms(derivation)
        self.shown: list[Expression] = []

    def blocks(self) -> Iterator[Block]:
        """The blocks; the header says what the signs mean that stand in them."""
        title, facts, *others = super().blocks()
        assert isinstance(facts, Table), "a page starts with its header"
        yield title
        yield replace(facts, rows=(*facts.rows, (("Matrices",), self._signs())))
        yield from others

    def _signs(self) -> Text:
        signs = [each for tree in self.shown for each in walk(tree)]

        def stands(kind: type[Expression]) -> bool:
            return any(isinstance(each, kind) for each in signs)

        if not any(node.axes[int(node.sampled) :] for node in self.graph.nodes):
            return ("there are none: every quantity here is a number",)
        rows = self.graph.notation is not None and self.graph.notation.rows
        totals = [each for each in signs if isinstance(each, Total)]
        norms = [each for each in totals if squared(each.operands[0]) is not None]
        others = len(totals) > len(norms)
        told: list[tuple[bool, Text]] = [
            (stands(MatrixProduct) or stands(Transposed), (f"a vector is a {'row' if rows else 'column'}",)),
            (stands(Transposed) or others, (Transposed((_A,)), " is the transpose of ", _A)),
            (stands(Hadamard), (Hadamard((_U, _V)), " multiplies entry by entry")),
            (stands(Ones) or others, (Ones(size("n")), " is the vector of ones")),
            (stands(Diagonal), (Diagonal((_V,)), " has ", _V, " on its diagonal")),
            (bool(norms), (Total((power(_V, num(2)),), 1), " adds the squares of all entries")),
            (True, ("functions, powers and quotients of an array are taken of each entry",)),
        ]
        said = [text for needed, text in told if needed]
        return tuple(part for at, text in enumerate(said) for part in ((("; ",) if at else ()) + text))

    # -- a formula ----------------------------------------------------------------------------------------------------

    def _found(self, left: Expression | None, right: Expression) -> Expression | Reason | None:
        """The matrix form of a line; None where it is of a single entry."""
        of = left.bottom if isinstance(left, Partial) else left
        return self.matrices.line(of, right) if isinstance(of, Ref) else None

    def _line(self, row: Row) -> Row:
        found = self._found(row.left, row.right)
        if row.left is None or found is None:
            return row
        said = row.reason if isinstance(row.left, Ref) and row.reason else self._shape(row.left)
        if isinstance(found, Reason):
            return replace(row, reason=(*said, *(("; ",) if said else ()), *_why(found)))
        self.shown.append(found)
        return replace(row, left=self._whole(row.left), right=found, reason=said)

    def _whole(self, left: Expression) -> Expression:
        if isinstance(left, Partial):
            return replace(left, bottom=self._quantity(left.bottom))
        return self._quantity(left) if isinstance(left, Ref) else left

    def _quantity(self, ref: Ref) -> Ref:
        return self.matrices.name_of(ref)

    def _shape(self, left: Expression) -> Text:
        """`a matrix of 5 × 4`."""
        of = left.bottom if isinstance(left, Partial) else left
        node = self.matrices.nodes.get(of.name) if isinstance(of, Ref) else None
        return () if node is None else _described(node.axes[self.matrices.kept(node) :])

    # -- the parts of the page --------------------------------------------------------------------------------------------

    def _forward(self) -> Iterator[tuple[Row, Letters]]:
        for row, letters in forward_rows(self.graph):
            left = row.left or row.right
            node = self.graph.by_name.get(left.name) if isinstance(left, Ref) else None
            if node is None or isinstance(self._found(left, row.right), Reason | None):
                yield row, letters
                continue
            steps = [f"{letter} = {form_text(axis.low)}..{form_text(axis.high)}" for letter, axis in letters if letter in _letters_of(self._whole(left))]
            said = ", ".join(filter(None, (role_of(self.graph, node), *map(str, self._shape(node.ref())), *steps)))
            yield replace(row, reason=(said,) if said else ()), letters

    def _delta(self, delta: Delta) -> Iterator[Block]:
        name = Ref(delta.name, delta.of.indices)
        found = self._found(delta.of, delta.value)
        if found is None or isinstance(found, Reason):
            yield from super()._delta(delta)
            if found is not None:
                yield Paragraph((*_why(found), "."))
            return
        whole = Partial(self.graph.differentiated, self._quantity(delta.of))
        if not any(isinstance(each, Whole) for each in walk(found)) and not self._shape(name):
            yield from super()._delta(delta)  # a number made of numbers
            return
        self.shown.append(found)
        rows = (Row(self._quantity(name), whole, self._shape(name)), Row(None, found))
        if self.detail == "full":
            yield from super()._delta(delta)
            yield Paragraph(("All entries together:",))
            yield Aligned((Row(self._quantity(name), found, self._shape(name)),))
        elif "chain" not in self.forms:
            yield Aligned((*rows, *self._worked(name, delta.value, self._letters(delta.of))))
        else:
            yield Aligned(rows)
            yield Paragraph(("entry by entry:",))
            yield from super()._delta(delta)

    def _group(self, left: Expression, rights: Sequence[Expression]) -> list[Row]:
        found = [self._line(Row(left, right)) for right in rights]
        return [replace(row, left=None, reason=()) if place and row.left == found[0].left else row for place, row in enumerate(found)]

    def _section(self, key: str, gradient: Gradient) -> Iterator[Block]:
        yield from super()._section(key, gradient)
        if self.detail == "full" and gradient.factors and self._shape(gradient.of):
            yield Heading(4, ("All entries together",))
            yield self._equation(Partial(Ref(self.graph.cost.name), gradient.of), gradient.gradient)

    def _derivative(self, left: Partial) -> Partial:
        return left if any(place.number is not None for place in left.bottom.indices) else Partial(left.top, self._quantity(left.bottom))

    def _chain_heading(self, gradient: Gradient) -> Text:
        return ("Chain rule, entry by entry" if self._shape(gradient.of) else "Chain rule",)

    def _equation(self, left: Partial, right: Expression) -> Block:
        return Aligned((self._line(Row(left, right)),))

    def _gradient_rows(self, left: Partial, gradient: Gradient) -> Iterator[Row]:
        """What the gradient was on the way and is in the end, each once; in indices, if the end has no matrix form."""
        end = self._found(left, gradient.gradient)
        if end is None:
            yield from super()._gradient_rows(left, gradient)
            return
        if isinstance(end, Reason):
            *before, last = super()._gradient_rows(left, gradient)
            yield from before
            yield replace(last, reason=(*last.reason, *(("; ",) if last.reason else ()), *_why(end)))
            return
        formed = [(row, self._found(left, row.right)) for row in rewriting_rows(gradient.steps, gradient.gradient)]
        once = {found: row for row, found in reversed(formed) if isinstance(found, Expression)}
        for place, (found, row) in enumerate(reversed(once.items())):
            self.shown.append(found)
            yield replace(row, left=None if place else self._whole(left), right=found)


def _letters_of(left: Expression) -> set[str]:
    return {letter for index in left.indices for letter in index.variables()} if isinstance(left, Ref) else set()


def _why(reason: Reason) -> Text:
    return ("no matrix form: ", *reason.words)


def _described(axes: Sequence[Axis]) -> Text:
    return (described_shape(tuple(axes)),) if any(not axis.single for axis in axes) else ()
