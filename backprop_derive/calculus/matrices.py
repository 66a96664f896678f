"""The matrix form of an expression with indices: `Σ_k δ2[k]·W2[k,j]·f'(z1[j])` is `W2ᵀ δ2 ⊙ f'(z1)`.

It is recognised from the index form, never derived again. Rows and columns are the index order of the node, so that a gradient has the
shape of its parameter. What has no matrix form says why. How a product is read: `calculus.contraction`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from backprop_derive.calculus.contraction import ONE_PLACE, Array, NoMatrixForm, Pieces, alike, broadcast, contracted, narrowed
from backprop_derive.calculus.derivation import Derivation
from backprop_derive.calculus.sequences import nodes_by_step
from backprop_derive.calculus.words import Words
from backprop_derive.frozen import dataclass
from backprop_derive.graph.expressions import (
    ONE,
    ZERO,
    Add,
    Apply,
    Bracket,
    Compare,
    Constant,
    Expression,
    Fold,
    Integer,
    Mul,
    Number,
    Partial,
    Power,
    Ref,
    Where,
    Whole,
    add,
    children,
    fresh,
    mul,
    num,
    power,
    refs,
    reindex,
    walk,
)
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Affine, Axis, Condition, Pick, Variable, variable
from backprop_derive.graph.matrices import Diagonal, Hadamard, Ones
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Node

Ranges = Mapping[str, Axis]
"""Where the letters run that stand in an expression."""

_OVER_AN_INDEX = {"max": "the maximum", "min": "the minimum", "argmax": "the place of the maximum", "prod": "the product"}


@dataclass(frozen=True)
class Reason:
    """Why an expression has no matrix form: `t + 1 is a shifted index`."""

    words: Words


class MatrixForms:
    """Reads the expressions of one derivation as matrices."""

    def __init__(self, derivation: Derivation) -> None:
        graph = derivation.graph
        self.graph = graph
        self.sample = graph.samples.index if graph.samples is not None else None
        self.nodes = {**graph.by_name, **{name: graph.node(of) for of, name in derivation.names.items()}}
        self.rows = graph.notation is not None and graph.notation.rows
        self.by_step = nodes_by_step(graph)

    def line(self, of: Ref, expression: Expression) -> Expression | Reason | None:
        """The matrix form of what is said of a node at its letters; None of a single entry."""
        node = self.nodes.get(of.name)
        if node is None or not of.indices:
            return self.of(expression, (), ())
        split = self.kept(node)
        axes, found = node.axes[split:], list[str]()
        for number, (place, axis) in enumerate(zip(of.indices[split:], axes, strict=True)):
            if place.variable is None and not axis.single:
                return None
            found.append(place.variable or f"#{number}")
        if node.formula_axes[split:] != axes:
            return Reason(("it holds for a part of ", Ref(of.name), " only"))
        return self.of(expression, found, axes)

    def of(self, expression: Expression, letters: Sequence[str], axes: Sequence[Axis]) -> Expression | Reason:
        """The expression as an array whose indices are `letters`, in this order; `axes` say where these run."""
        if len(letters) > 2:
            return Reason((f"it has {len(letters)} indices, and a matrix has two",))
        ranges = dict(zip(letters, axes, strict=True))
        only = {letter: axis.low for letter, axis in ranges.items() if axis.single}
        target = tuple(ONE_PLACE if letter in only else letter for letter in letters)
        target = () if target == (ONE_PLACE, ONE_PLACE) else target
        reading = _Reading(self, ONE_PLACE in target)
        try:
            found = broadcast(reading.array(reindex(expression, only), ranges), target, ranges, rows=self.rows)
        except NoMatrixForm as reason:
            return Reason(reason.words)
        return self._with_quotients(found)

    def _with_quotients(self, tree: Expression) -> Expression:
        """`u/s` for 1/s·u, where u is an array entry by entry and s no length."""

        def change(each: Expression) -> Expression | None:
            if not isinstance(each, Mul) or not self._is_by_entry(each.factors[-1]):
                return None
            *front, last = (self._with_quotients(factor) for factor in each.factors)
            under = [factor for factor in front if _divides(factor)]
            return mul(*(factor for factor in front if factor not in under), last, *under) if under else None

        return replace_in(tree, change)

    def _is_by_entry(self, tree: Expression) -> bool:
        """Whether it is an array that is no product of matrices and no sum over the samples."""
        match tree:
            case Ref(name):
                node = self.nodes.get(name)
                return node is not None and any(not axis.single for axis in node.axes[self.kept(node) :])
            case Hadamard() | Ones():
                return True
            case Apply() | Power() | Add() | Where() | Mul():
                return any(self._is_by_entry(each) for each in children(tree))
            case _:
                return False

    def name_of(self, ref: Ref) -> Ref:
        """A node without its indices: the whole array, of one sample and one step where it is one for each."""
        return Ref(ref.name, ref.indices[: self.kept(self.nodes[ref.name])]) if ref.name in self.nodes else Ref(ref.name)

    def kept(self, node: Node) -> int:
        """How many of the first indices of a node stay: that of the samples, and that of a step."""
        return int(node.sampled) + (node.name in self.by_step)


class _Reading:
    """One expression. `keeps_one`: what it is to be has an axis of one place."""

    def __init__(self, forms: MatrixForms, keeps_one: bool) -> None:
        self.forms, self.keeps_one = forms, keeps_one

    def array(self, expression: Expression, ranges: Ranges) -> Array:
        """The expression as an array over the letters that are free in it."""
        match expression:
            case Number() | Constant():
                return Array((expression,))
            case Integer(form):
                if form.variables() - {self.forms.sample}:
                    raise NoMatrixForm((f"the index {_letter(form)} stands as a number",))
                return Array((expression,))
            case Ref():
                return self._ref(expression, ranges)
            case Partial(top, bottom, direct):
                return self._partial(top, bottom, direct, ranges)
            case Add(terms):
                return self._sum([self.array(term, ranges) for term in terms], ranges)
            case Mul() | Fold("sum"):
                return self._product(expression, ranges)
            case Fold():
                return self._fold(expression, ranges)
            case Power(base, exponent):
                return self._power(self.array(base, ranges), self.array(exponent, ranges), ranges)
            case Apply(function, arguments, order):
                parts, indices = self._alike([self.array(each, ranges) for each in arguments], ranges)
                return _over(Apply(function, tuple(parts), order), indices)
            case Compare(relation, left, right):
                (one, other), indices = self._alike([self.array(each, ranges) for each in (left, right)], ranges)
                return _over(Compare(relation, one, other), indices)
            case Where(Bracket(condition), then, otherwise) if otherwise == ZERO and (ends := _on_the_diagonal(condition, ranges)):
                return self._diagonal(self.array(then, ranges), ends, ranges)
            case Where(Bracket(condition) as test, then, otherwise) if otherwise == ZERO and not condition.form.variables() & {*ranges}:
                inside = self.array(then, ranges)  # a condition on the step
                return _over(Where(test, inside.value, ZERO), inside.indices)
            case Where(test, then, otherwise):
                letters = test.condition.form.variables() if isinstance(test, Bracket) else _compared(test)
                if letters or isinstance(test, Bracket):
                    raise _condition(letters)
                (test, then, otherwise), indices = self._alike([self.array(each, ranges) for each in (test, then, otherwise)], ranges)
                return _over(Where(test, then, otherwise), indices)
            case Bracket(condition) if (ends := _on_the_diagonal(condition, ranges)):
                return self._diagonal(Array((ONE,)), ends, ranges)
            case Bracket(condition):
                raise _condition(condition.form.variables())
            case _:
                raise NoMatrixForm((f"{type(expression).__name__} has no form among matrices",))

    # -- what stands alone ------------------------------------------------------------------------------------------------

    def _ref(self, ref: Ref, ranges: Ranges) -> Array:
        node = self.forms.nodes.get(ref.name)
        if node is None or (node.sampled and not ref.indices):  # the sum of all losses, where samples are coupled
            return Array((ref,))
        places, axes = ref.indices, node.axes
        if node.sampled and places[0].variable != self.forms.sample:
            raise NoMatrixForm(("samples are compared with each other",))
        split = self.forms.kept(node)
        if any(index.variables() & {*ranges} for index in places[:split]):
            raise NoMatrixForm(("a step of ", Ref(ref.name), " is another index elsewhere"))
        if places[int(node.sampled) : split] and len(places) > split and not places[split - 1].variables():
            raise NoMatrixForm(_place_reason(ref.name, places[split - 1]))
        places, axes = places[split:], axes[split:]
        found = tuple(self._vertex(ref.name, index, axis, ranges) for index, axis in zip(places, axes, strict=True))
        several = [vertex for vertex in found if vertex != ONE_PLACE]
        if len(found) > 2:
            raise NoMatrixForm((Ref(ref.name), f" has {len(found)} indices, and a matrix has two"))
        if len(several) == 2 and several[0] == several[1]:
            raise NoMatrixForm(("the diagonal of ", Ref(ref.name), " is read"))
        whole = self.forms.name_of(ref)
        if not several:
            return Array((), whole, (ONE_PLACE,)) if len(found) == 1 else Array((whole,))
        return Array((), whole, found)

    def _vertex(self, name: str, index: Affine, axis: Axis, ranges: Ranges) -> str:
        if axis.single:
            return ONE_PLACE
        if index.variable is None:
            raise NoMatrixForm(_place_reason(name, index))
        if ranges.get(index.variable) != axis:
            raise NoMatrixForm((f"{_letter(index)} runs over a part of ", Ref(name), " only"))
        return index.variable

    def _partial(self, top: Ref, bottom: Ref, direct: bool, ranges: Ranges) -> Array:
        above, below = self._ref(top, ranges), self._ref(bottom, ranges)
        if any(vertex != ONE_PLACE for vertex in above.indices):
            raise NoMatrixForm(("the derivative of ", Ref(top.name), " by ", Ref(bottom.name), " has the indices of both"))
        named = Partial(self.forms.name_of(top), self.forms.name_of(bottom), direct)
        return Array((), named, below.indices) if below.indices else Array((named,))

    # -- entry by entry ---------------------------------------------------------------------------------------------------

    def _alike(self, arrays: Sequence[Array], ranges: Ranges) -> tuple[list[Expression], tuple[str, ...]]:
        """Arrays over the same indices, numbers as they are."""
        found = self._plain(arrays)
        indices = alike(found)
        return [self._over(each, indices, ranges) if each.indices else each.value for each in found], indices

    def _sum(self, arrays: Sequence[Array], ranges: Ranges) -> Array:
        """`u + v`; what lacks an index of the others is broadcast, apart from plain numbers: `1 − a²`."""
        found = self._plain(arrays)
        indices = alike(found)
        spread = [each.value if not each.indices and isinstance(each.value, Number) else self._over(each, indices, ranges) for each in found]
        return _over(add(*spread), indices)

    def _plain(self, arrays: Sequence[Array]) -> list[Array]:
        """The arrays without an axis of one place, if others stand among them that have none."""
        if self.keeps_one or all(not {*each.indices} - {ONE_PLACE} for each in arrays):
            return list(arrays)
        return [narrowed(each, rows=self.forms.rows) for each in arrays]

    def _over(self, array: Array, indices: tuple[str, ...], ranges: Ranges) -> Expression:
        return broadcast(array, indices, ranges, rows=self.forms.rows)

    def _power(self, base: Array, exponent: Array, ranges: Ranges) -> Array:
        if len(base.indices) == 2 and exponent.value in (num(2), num(3)):
            of_scalars = tuple(power(each, exponent.value) for each in base.scalars)
            assert base.tree is not None, "what has indices is an array"
            times = 2 if exponent.value == num(2) else 3
            return Array(of_scalars, Hadamard((base.tree,) * times), base.indices)  # W² would be W W
        (below, above), indices = self._alike((base, exponent), ranges)
        return _over(power(below, above), indices)

    def _diagonal(self, inside: Array, ends: tuple[str, str], ranges: Ranges) -> Array:
        """`[j = k]·v[j]` as diag(v)."""
        if len(inside.indices) > 1 or not {*inside.indices} <= {*ends}:
            raise _condition(ends)
        vector = inside.tree if inside.indices else Ones(ranges[ends[0]].length)
        assert vector is not None, "what has indices is an array"
        return Array(inside.scalars, Diagonal((vector,)), ends)

    # -- products and sums ------------------------------------------------------------------------------------------------

    def _product(self, expression: Expression, ranges: Ranges) -> Array:
        """`Σ_k u[k]·A[k,j]·…`, all sums of a product together."""
        pieces = Pieces(ranges, rows=self.forms.rows)
        for total in self._gather(expression, pieces):
            spread = [_with(expression, total, term) for term in total.terms]
            if expression not in spread:  # the letters of a sum may have other names in it
                return self._sum([self._product(each, ranges) for each in spread], ranges)
        return contracted(pieces, keeps_one=self.keeps_one)

    def _gather(self, expression: Expression, pieces: Pieces) -> Iterator[Add]:
        """Puts the factors into `pieces`; gives those that are to be multiplied out, term by term."""
        if isinstance(expression, Mul):
            for factor in expression.factors:
                yield from self._gather(factor, pieces)
        elif isinstance(expression, Fold) and expression.kind == "sum" and not self._is_kept(expression):
            bound = expression.bound
            if bound.axis.single:
                yield from self._gather(reindex(expression.body, {bound.name: bound.axis.low}), pieces)
                return
            name = fresh(bound.name, {*pieces.ranges})
            pieces.ranges[name] = bound.axis
            pieces.summed.append(name)
            yield from self._gather(reindex(expression.body, {bound.name: variable(name)}), pieces)
        elif isinstance(expression, Fold) and expression.kind == "sum":
            inner = self.array(expression.body, pieces.ranges)
            pieces.put(_over(Fold("sum", expression.bound, inner.value), inner.indices))
        else:
            array = self.array(expression, pieces.ranges)
            if isinstance(expression, Add) and len(array.indices) > 1 and array.tree is not None and any(isinstance(each, Diagonal) for each in walk(array.tree)):
                yield expression
            pieces.put(array)

    def _is_kept(self, fold: Fold) -> bool:
        """Whether a sum stays as it is: that over the samples, or over the steps."""
        name, nodes = fold.bound.name, self.forms.nodes
        steps = (ref.indices[self.forms.kept(nodes[ref.name]) - 1] for ref in refs(fold.body) if ref.name in nodes and nodes[ref.name].name in self.forms.by_step)
        return name == self.forms.sample or any(name in step.variables() for step in steps)

    def _fold(self, fold: Fold, ranges: Ranges) -> Array:
        """`softmax(z)` and `logsumexp(z)` of a vector."""
        if fold.kind in _OVER_AN_INDEX:
            raise NoMatrixForm((f"{_OVER_AN_INDEX[fold.kind]} over an index has no sign among matrices",))
        if fold.bound.axis.single:
            raise NoMatrixForm((f"{fold.kind} is taken of one entry",))
        name = fresh(fold.bound.name, {*ranges})
        inner = self.array(reindex(fold.body, {fold.bound.name: variable(name)}), {**ranges, name: fold.bound.axis})
        if inner.indices != (name,):
            raise NoMatrixForm((f"{fold.kind} is taken along one index of a matrix",))
        call = Apply(fold.kind, (inner.value,))
        if fold.at is None:
            return Array((call,))
        at = fold.at.variable
        if at is None or ranges.get(at) != fold.bound.axis:
            raise NoMatrixForm((f"{fold.kind} is read at one entry",))
        return Array((), call, (at,))


def _over(tree: Expression, indices: tuple[str, ...]) -> Array:
    """The array; numbers that stand in front of it stay apart."""
    if not indices:
        return Array((tree,))
    if isinstance(tree, Mul):
        return Array(tree.factors[:-1], tree.factors[-1], indices)
    return Array((), tree, indices)


def _divides(factor: Expression) -> bool:
    """Whether a quotient by a quantity stands there, not by a number or a length."""
    return isinstance(factor, Power) and isinstance(factor.exponent, Number) and factor.exponent.value < 0 and any(isinstance(each, Ref | Whole) for each in walk(factor.base))


def _with(expression: Expression, total: Add, term: Expression) -> Expression:
    """The expression with one term in place of a sum."""
    return replace_in(expression, lambda each: term if each == total else None)


def _on_the_diagonal(condition: Condition, ranges: Ranges) -> tuple[str, str] | None:
    """The indices, where a condition says that two with the same range are one."""
    form = condition.form
    if condition.kind != "=" or form.constant or sorted(times for _, times in form.terms) != [-1, 1]:
        return None
    first, second = (atom.name if isinstance(atom, Variable) else "" for atom, _ in form.terms)
    return (first, second) if first in ranges and ranges[first] == ranges.get(second) else None


def _condition(letters: Collection[str]) -> NoMatrixForm:
    names = sorted(letter.split("#")[0] for letter in letters)
    return NoMatrixForm((f"a condition on the {'index' if len(names) == 1 else 'indices'} {' and '.join(names)} stands in it",))


def _compared(test: Expression) -> set[str]:
    """The indices that a test compares as numbers."""
    sides = (test.left, test.right) if isinstance(test, Compare) else ()
    return {letter for side in sides if isinstance(side, Integer) for letter in side.form.variables()}


def _letter(form: Affine) -> str:
    return " and ".join(sorted(name.split("#")[0] for name in form.variables()))


def _place_reason(name: str, index: Affine) -> Words:
    if any(isinstance(atom, Pick) for atom in index.atoms()):
        return Ref(name), " is read at places that other values tell"
    place = form_text(index, {each: each.split("#")[0] for each in index.variables()})
    return Ref(name), f" is read at {'shifted places' if index.variables() else 'a single place'}, {place}"
