"""From a syntax tree to an expression over the graph: free index letters, whole arrays, arrays of all samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from backprop_derive.answers.aligning import without_ones
from backprop_derive.answers.entries import without_single
from backprop_derive.answers.grouping import Grouper, changed, has_indices
from backprop_derive.answers.statements import Side
from backprop_derive.answers.vocabulary import Vocabulary
from backprop_derive.building.formulas import resolve
from backprop_derive.building.indexing import axes_alone
from backprop_derive.building.matrices import entries_of, index_form, is_over_arrays, is_part
from backprop_derive.building.scope import Quantity, Scope
from backprop_derive.building.shapes import Shape
from backprop_derive.errors import FormulaError
from backprop_derive.graph.expressions import ONE, ZERO, Bracket, Expression, Fold, Partial, Ref, Where, free_variables, mul, reindex
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import Axis, axis_to, size, variable
from backprop_derive.language.syntax import Call, Name, Negative, Numeral, Syntax

_BINDING = ("sum", "prod", "max", "min", "argmax", "softmax", "log_softmax", "logsumexp")


Letters = Mapping[str, Axis]
"""Index letters that are free in a formula, and where they run."""
NO_FREE_LETTERS: Letters = MappingProxyType({})


def side_of(tree: Syntax, vocabulary: Vocabulary, letters: Letters = NO_FREE_LETTERS) -> Side:
    """One side as an expression over the graph. `letters` are free index letters whose range is known from elsewhere.

    Raises FormulaError (without the text) where names or shapes do not fit.
    """
    batches = vocabulary.entries.batches
    if not any(isinstance(each, Name) and each.name in batches for each in tree.walk()):
        return _resolved(tree, tree, replace(vocabulary.scope, numbered_samples=True), Grouper(vocabulary.scope), letters, vocabulary.whole_quantities)
    whole = _with_all_samples(tree, vocabulary)
    failure: FormulaError | None = None
    rows = vocabulary.scope.rows
    for columns in (not rows, rows):
        scope = vocabulary.batch_scope(columns=columns)
        quantities = {**vocabulary.whole_quantities, **vocabulary.whole_batches(columns=columns)}
        try:
            side = _resolved(whole, tree, scope, Grouper(scope, batches=batches, sample_axis=int(columns)), letters, quantities)
        except FormulaError as error:
            failure = failure or error
            continue
        side = _by_sample(side, vocabulary, columns=columns)
        return side if columns is not rows else replace(side, notes=(*side.notes, "a sample was taken for a row of X, since the shapes fit only so"))
    assert failure is not None
    raise failure


def _resolved(tree: Syntax, written: Syntax, scope: Scope, grouper: Grouper, known: Letters, quantities: Mapping[str, Quantity]) -> Side:
    """The side that a tree is in a scope; `quantities` are those of the scope with all their axes."""
    scope = _with_free_letters(tree, scope)
    scope = replace(scope, parts=any(is_part(each, replace(scope, parts=True)) for each in tree.walk()))
    letters: tuple[str, ...] = tuple(scope.indices)
    axes: tuple[Axis, ...] = tuple(axis for letter in letters if (axis := scope.indices[letter]) is not None)
    for letter, axis in known.items():
        scope = scope if letter in scope.indices else scope.inside(letter, axis)
    settled = replace(grouper, scope=replace(scope, numbered_samples=True), indexed=has_indices(tree, scope)).grouped(tree)
    if _is_an_array(settled, scope):
        form = index_form(settled, scope)
        own = _lengths(form.shape, known, tree)
        letters, axes, settled = (*letters, *form.letters), (*axes, *own), form.tree
        for letter, axis in zip(form.letters, own, strict=True):
            scope = scope.inside(letter, axis)
    expression = replace_in(_whole(resolve(settled, scope), scope, quantities), _bracket)
    more = tuple(letter for letter in known if letter not in letters and letter in free_variables(expression))
    letters, axes = (*letters, *more), (*axes, *(known[letter] for letter in more))
    return without_ones(Side(expression, written, written.start, written.end, letters, axes, _number(written), tuple(grouper.notes)))


def _lengths(shape: Shape, known: Letters, tree: Syntax) -> tuple[Axis, ...]:
    """The axes of a formula; those of ones without a length are of what is asked for."""
    asked = tuple(known.values()) if len(known) == len(shape) else shape
    found = tuple(axis or other for axis, other in zip(shape, asked, strict=True))
    if None in found:
        raise FormulaError("it is not clear how many ones these are", "", tree.start, tree.end, "write ones(n), \\mathbf{1}_{n}")
    return tuple(axis for axis in found if axis is not None)


def _is_an_array(tree: Syntax, scope: Scope) -> bool:
    """Whether the formula is one over whole arrays. Among indices, what is a number may be made of arrays: (σ(w^T x) - y) x_j."""
    if not has_indices(tree, scope):
        return is_over_arrays(tree, scope)
    return any(
        _is_an_array(child, scope) if has_indices(child, scope) else is_over_arrays(child, scope) and bool(without_single(entries_of(child, scope).shape)) for child in tree.children()
    )


def _whole(expression: Expression, scope: Scope, quantities: Mapping[str, Quantity]) -> Expression:
    """The expression with the indices of axes that the scope leaves out since they have one entry: W[1,j] for W[j]."""

    def ref(each: Ref) -> Ref:
        short, whole = scope.quantities.get(each.name), quantities.get(each.name)
        if short is None or whole is None or len(short.axes) == len(whole.axes):
            return each
        split = len(each.indices) - len(short.axes)
        given = iter(each.indices[split:])
        return Ref(each.name, (*each.indices[:split], *(axis.low if axis is not None and axis.single else next(given) for axis in whole.axes)))

    def change(each: Expression) -> Expression | None:
        if isinstance(each, Partial):
            return Partial(ref(each.top), ref(each.bottom), each.direct)
        return ref(each) if isinstance(each, Ref) else None

    return expression if scope.quantities == quantities else replace_in(expression, change)


def _bracket(each: Expression) -> Expression | None:
    """`[t < T]`, 1 or 0 by conditions on indices, guards what it multiplies."""
    if not isinstance(each, Where) or not isinstance(each.test, Bracket) or each.otherwise != ZERO:
        return None
    inner = ONE if each.then == ONE else _bracket(each.then)
    return None if inner is None else mul(each.test, inner)


# -- arrays of all samples --------------------------------------------------------------------------------------------


def _with_all_samples(tree: Syntax, vocabulary: Vocabulary) -> Syntax:
    """The tree with every quantity of a sample as the array of all samples, since some of them are."""
    by_node = {of: name for name, of in vocabulary.entries.batches.items()}
    return changed(tree, lambda name: replace(name, name=by_node[name.name]) if name.name in by_node and not name.indices else name)


def _by_sample(side: Side, vocabulary: Vocabulary, *, columns: bool) -> Side:
    """The side with the samples as what they are elsewhere: an index of their own, which stands first."""
    batches, samples = vocabulary.entries.batches, vocabulary.graph.samples
    assert samples is not None

    axis_of_samples = axis_to(size(samples.size))

    def of_one(each: Expression) -> Expression | None:
        if not isinstance(each, Ref) or each.name not in batches:
            return None
        indices = (each.indices[-1], *each.indices[:-1]) if columns else each.indices
        return Ref(batches[each.name], indices)

    def with_index(each: Expression) -> Expression | None:
        """A sum over the samples is one over their index."""
        if not isinstance(each, Fold) or each.bound.axis != axis_of_samples or samples.index in free_variables(each.body):
            return None
        body = reindex(each.body, {each.bound.name: variable(samples.index)})
        return Fold(each.kind, replace(each.bound, name=samples.index), replace_in(body, with_index), each.at)

    expression = replace_in(replace_in(side.expression, of_one), with_index)
    kept = []
    for letter, axis in zip(side.letters, side.axes, strict=True):
        if axis == axis_of_samples:
            expression = reindex(expression, {letter: variable(samples.index)})
        else:
            kept.append((letter, axis))
    return replace(side, expression=expression, letters=tuple(letter for letter, _ in kept), axes=tuple(axis for _, axis in kept))


# -- letters ----------------------------------------------------------------------------------------------------------


def aligned(sides: tuple[Side, ...]) -> tuple[Side, ...]:
    """The sides with their letters in one order: that of the first that has some."""
    first = next((side for side in sides if side.letters), None)
    if first is None:
        return sides
    return tuple(_in_order(side, first) for side in sides)


def _in_order(side: Side, first: Side) -> Side:
    if set(side.letters) != set(first.letters) or side.letters == first.letters:
        return side
    axes = dict(zip(side.letters, side.axes, strict=True))
    return replace(side, letters=first.letters, axes=tuple(axes[letter] for letter in first.letters))


def _with_free_letters(tree: Syntax, scope: Scope) -> Scope:
    """The scope with the index letters that the formula leaves free, each on the axis where it stands alone."""
    for letter in dict.fromkeys(_free_letters(tree, scope, frozenset())):
        axes = [axis for _, axis in axes_alone(letter, tree, scope)]
        if axes and any(axis != axes[0] for axis in axes):
            raise FormulaError(f"the index {letter!r} runs over axes of different lengths here", "", tree.start, tree.end)
        if axes:
            scope = scope.inside(letter, axes[0])
    return scope


def _free_letters(tree: Syntax, scope: Scope, bound: frozenset[str]) -> Iterator[str]:
    if isinstance(tree, Call) and tree.function in _BINDING and len(tree.arguments) > 1 and isinstance(tree.arguments[1], Name):
        yield from _free_letters(tree.arguments[0], scope, bound | {tree.arguments[1].name})
        for place in tree.arguments[2:]:
            yield from _letters_in(place, scope, bound)
        return
    if isinstance(tree, Name):
        for index in tree.indices:
            yield from _letters_in(index, scope, bound)
        return
    for child in tree.children():
        yield from _free_letters(child, scope, bound)


def _letters_in(tree: Syntax, scope: Scope, bound: frozenset[str]) -> Iterator[str]:
    for each in tree.walk():
        if isinstance(each, Name) and each.name not in bound and each.name not in scope.sizes and each.name not in scope.indices and each.name not in scope.quantities:
            yield each.name


def _number(tree: Syntax) -> Numeral | None:
    """The numeral, where the side is a bare number."""
    if isinstance(tree, Negative):
        tree = tree.operand
    return tree if isinstance(tree, Numeral) else None
