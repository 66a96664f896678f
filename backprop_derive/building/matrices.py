"""Formulas over whole arrays → the index notation that everything else reads.

    z: W@x + b              z[j] = sum(W[j,k]*x[k], k) + b[j]
    x^T@A@x                 sum(sum(x[k]*A[k,j]*x[j], k), j)
    sum((a - y)^2)          sum((a[j] - y[j])^2, j)

A vector is a column, `x^T` a row; `@` takes a vector for whichever of the two fits, so `x@y` is the scalar product and
`x@y^T` the matrix of all products; `ones(n)` is the vector of n ones, `diag(v)` the matrix with v on its diagonal; where the scope says that vectors are rows, it is the other way round. `+ - * / ^` and functions act entry by entry on arrays of one shape, or with numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from backprop_derive.building.indexing import integer_form
from backprop_derive.building.names import fault, named, unknown_function
from backprop_derive.building.scope import Scope
from backprop_derive.building.shapes import Shape, described_shape, fits, length_text
from backprop_derive.errors import FormulaError
from backprop_derive.frozen import dataclass, replace
from backprop_derive.graph.indices import axis_to
from backprop_derive.graph.naming import form_text, free_letter
from backprop_derive.language.syntax import Binary, Call, Comparison, Derivative, Name, Negative, Numeral, Syntax, Transpose
from backprop_derive.notation import split_primes
from backprop_derive.operations.functions import find_function
from backprop_derive.operations.losses import find_loss

FIRST_LETTER = "j"
UNSIZED = "𝟏"  # ones of which it is not said how many; a spec cannot write it
_KNOWN = ("where", "sum", "prod", "max", "min", "argmax", "floor")
"""What a formula calls that is no row of a table."""


@dataclass(frozen=True)
class Entries:
    """An array as a rule: `at` gives the entry at given index letters; the letters in its second argument are taken.

    `row`: a vector that lies, `x^T`. `product`: the entry is a sum that `@` made. `length`: how many ones it has, as it is written.
    """

    shape: Shape
    at: Callable[[tuple[Syntax, ...], frozenset[str]], Syntax]
    row: bool = False
    product: bool = False
    length: Syntax | None = None


@dataclass(frozen=True)
class IndexForm:
    """A formula over whole arrays, with indices: its own letters, where they run, and the entry at them."""

    letters: tuple[str, ...]
    shape: Shape
    tree: Syntax


def index_form(tree: Syntax, scope: Scope, names: frozenset[str] = frozenset()) -> IndexForm:
    """The formula in index notation; its letters are neither names of the scope nor the `names` that it does not know yet.

    Raises FormulaError where shapes do not fit, or indices stand in it already.
    """
    found = entries_of(tree, scope)
    taken = names | _taken(scope) | {each.name for each in tree.walk() if isinstance(each, Name)}
    letters: tuple[str, ...] = ()
    for _ in found.shape:
        letters += (free_letter(FIRST_LETTER, taken | {*letters}),)
    places = tuple(Name(letter, start=tree.start, end=tree.end) for letter in letters)
    return IndexForm(letters, found.shape, found.at(places, taken | {*letters}))


def is_over_arrays(tree: Syntax, scope: Scope) -> bool:
    """Whether an array stands in a formula without its indices, elsewhere than where only its whole counts: `sum(e)`, a loss."""
    if isinstance(tree, Transpose) or (isinstance(tree, Binary) and tree.operator == "@") or _is_made(tree, scope):
        return True
    if isinstance(tree, Name):
        return (not tree.indices or is_part(tree, scope)) and _is_array(tree, scope)
    if isinstance(tree, Derivative):
        return is_over_arrays(tree.top, scope) or is_over_arrays(tree.bottom, scope)
    return not _gives_a_number(tree, scope) and any(is_over_arrays(child, scope) for child in tree.children())


def _is_made(tree: Syntax, scope: Scope) -> bool:
    """`ones(n)`, `diag(v)`, unless the spec has functions of these names."""
    return isinstance(tree, Call) and tree.function in ("ones", UNSIZED, "diag") and tree.function not in scope.functions


def _is_array(tree: Name, scope: Scope) -> bool:
    return any(axis is None or axis.length.number != 1 for axis in (_axes(tree, scope) or ())[len(tree.indices) :])


def is_part(tree: Syntax, scope: Scope) -> bool:
    """Whether a name with indices is still an array: `h[t]`, the vector of the step t, where the scope has such."""
    return isinstance(tree, Name) and scope.parts and 0 < len(tree.indices) < len(_axes(tree, scope) or ())


def _axes(tree: Name, scope: Scope) -> Shape | None:
    name = scope.aliases.get(tree.name, tree.name)
    if name in scope.vectors:
        return (scope.vectors[name].axis or axis_to(scope.vectors[name].length),)
    return scope.quantities[name].axes if name in scope.quantities else None


def _gives_a_number(tree: Syntax, scope: Scope) -> bool:
    """`sum(e)`, `logsumexp(z)`, a loss: a number, whatever arrays stand in it."""
    if not isinstance(tree, Call) or tree.function in scope.functions:
        return False
    row = find_function(tree.function)
    if len(tree.arguments) == 1 and (tree.function == "sum" or (row is not None and row.vector == "to scalar")):
        return True
    return row is None and find_loss(tree.function) is not None


# -- one case a kind of formula ---------------------------------------------------------------------------------------


def entries_of(tree: Syntax, scope: Scope) -> Entries:
    """What a piece of a formula over arrays stands for."""
    match tree:
        case Name():
            return _named(tree, scope)
        case Negative(operand=operand):
            return _each(tree, (operand,), scope, lambda parts: replace(tree, operand=parts[0]))
        case Binary(operator="@"):
            return _product(tree, scope)
        case Binary() | Comparison():
            return _each(tree, (tree.left, tree.right), scope, lambda parts: replace(tree, left=parts[0], right=parts[1]))
        case Transpose(operand=operand):
            return _transposed(tree, entries_of(operand, scope))
        case Call():
            return _call(tree, scope)
        case Derivative():
            return _derivative(tree, scope)
        case _:
            return _number(tree)


def _number(tree: Syntax) -> Entries:
    return Entries((), lambda _places, _taken: tree)


def _named(tree: Name, scope: Scope) -> Entries:
    if tree.indices and scope.parts and not is_part(tree, scope):
        return _number(tree)
    if tree.indices and not scope.parts:
        raise fault(f"{tree.name!r} stands with indices here, and other arrays of the formula without: write all of them with indices, or none", tree)
    shape = _axes(tree, scope)
    if shape is None:
        named(tree, scope)
    shape = None if shape is None else shape[len(tree.indices) :]
    if not shape:
        return _number(tree)
    return Entries(shape, lambda places, _: replace(tree, indices=(*tree.indices, *places)), scope.rows and len(shape) == 1)


def _each(tree: Syntax, operands: Sequence[Syntax], scope: Scope, build: Callable[[tuple[Syntax, ...]], Syntax]) -> Entries:
    """Entry by entry, over arrays of one shape and numbers."""
    parts = _beside_each_other([entries_of(operand, scope) for operand in operands])
    arrays = [part for part in parts if part.shape]
    if not arrays:
        return _number(tree)
    for part in arrays[1:]:
        if not _same(part, arrays[0]):
            what = f"{tree.operator} takes" if isinstance(tree, Binary | Comparison) else f"{tree.function} takes" if isinstance(tree, Call) else "this takes"
            shapes = f"{described(arrays[0])} and {described(part)} are given"
            raised = isinstance(tree, Binary) and tree.operator == "^" and isinstance(tree.right, Name) and tree.right.name == "T"
            hint = "T is a name of this spec, so ^T is a power: for a transpose, call it something else" if raised else "@ multiplies matrices" if isinstance(tree, Binary) and tree.operator == "*" else ""
            raise fault(f"the shapes do not fit: {what} two arrays of one shape, or a number and an array; {shapes}", tree, hint)

    def at(places: tuple[Syntax, ...], taken: frozenset[str]) -> Syntax:
        return build(tuple(part.at(places if part.shape else (), taken) for part in parts))

    shape = tuple(next((axis for axis in axes if axis is not None), None) for axes in zip(*(part.shape for part in arrays), strict=True))
    return Entries(shape, at, arrays[0].row)


def _beside_each_other(parts: list[Entries]) -> list[Entries]:
    """The parts, those of one entry as the numbers that they are beside an array of more."""
    if not parts:
        return []
    most = max(parts, key=lambda part: (not is_of_one_entry(part), len(part.shape)))
    return [_only_entry(part) if part.shape != most.shape and is_of_one_entry(part) else part for part in parts]


def is_of_one_entry(part: Entries) -> bool:
    """Whether it is a number, or an array of one entry."""
    return all(axis is not None and axis.single for axis in part.shape)


def _only_entry(part: Entries) -> Entries:
    places = tuple(Numeral(form_text(axis.low), Fraction(axis.low.number or 0)) for axis in part.shape if axis is not None)
    return Entries((), lambda _places, taken: part.at(places, taken))


def _transposed(tree: Syntax, found: Entries) -> Entries:
    if len(found.shape) > 2:
        raise fault(f"^T takes a matrix or a vector, and this has {len(found.shape)} axes: write the formula with indices", tree)
    if len(found.shape) == 2:
        return Entries(found.shape[::-1], lambda places, taken: found.at(places[::-1], taken), product=found.product)
    return replace(found, row=bool(found.shape) and not found.row)


def _derivative(tree: Derivative, scope: Scope) -> Entries:
    """`dL/dW`: of a number by an array, in the array's shape."""
    top, bottom = _axes(tree.top, scope) or (), _axes(tree.bottom, scope) or ()
    if not any((top and not tree.top.indices, bottom and not tree.bottom.indices)):
        return _number(tree)
    if top and not tree.top.indices:
        raise fault("the derivative of an array by an array has no form over whole arrays: write it with indices", tree)
    return Entries(bottom, lambda places, _: replace(tree, bottom=replace(tree.bottom, indices=places)), scope.rows and len(bottom) == 1)


# -- products ---------------------------------------------------------------------------------------------------------


def _product(tree: Binary, scope: Scope) -> Entries:
    """`A@B`: the sum over the last axis of A, which is the first of B; a column times a row has no sum."""
    left, right = entries_of(tree.left, scope), entries_of(tree.right, scope)
    for part, side in ((left, tree.left), (right, tree.right)):
        if not part.shape:
            shape = f", or say its shape, as in sizes: {{{side.name}: [n]}}" if isinstance(side, Name) else ""
            raise fault(f"@ multiplies arrays, and this is a number: write * for it{shape}", side)
        if len(part.shape) > 2:
            raise fault(f"@ takes matrices and vectors, and this has {len(part.shape)} axes: write the formula with indices", side)
    if right.row:
        return _outer(tree, left, right)
    if not fits(left.shape[-1], right.shape[0]):
        raise _misfit(tree, left, right)

    def at(places: tuple[Syntax, ...], taken: frozenset[str]) -> Syntax:
        letter = free_letter(FIRST_LETTER, taken)
        index = Name(letter, start=tree.start, end=tree.end)
        split = len(left.shape) - 1
        before = left.at((*places[:split], index), taken | {letter})
        behind = right.at((index, *places[split:]), taken | {letter, *_summed(before)})
        return _sum(_times(before, behind, within=left.product), index, left.length or right.length)

    return Entries((*left.shape[:-1], *right.shape[1:]), at, left.row and len(right.shape) == 2, product=True)


def _outer(tree: Binary, left: Entries, right: Entries) -> Entries:
    if len(left.shape) != 1 or left.row:
        raise _misfit(tree, left, right)

    def at(places: tuple[Syntax, ...], taken: frozenset[str]) -> Syntax:
        before = left.at(places[:1], taken)
        return _times(before, right.at(places[1:], taken | {*_summed(before)}), within=left.product)

    return Entries((left.shape[0], right.shape[0]), at, product=left.product)


def _misfit(tree: Binary, left: Entries, right: Entries) -> FormulaError:
    expected, first, second = length_text(left.shape[-1]), described(left), described(right)
    hint = "x^T@y is the scalar product of two vectors, x@y^T the matrix of all products" if left.row and right.row else ""
    if not hint and len(right.shape) == 2 and fits(left.shape[-1], right.shape[1]):
        hint = "transposed, the right side fits: ^T"
    return fault(f"the shapes do not fit: left of @ stands {first}, so {expected} rows are expected on its right; {second} is given", tree, hint)


def _times(left: Syntax, right: Syntax, *, within: bool) -> Syntax:
    """The product; behind a sum that `@` made, it is drawn into the sum, so that a chain is one sum of products."""
    if within and isinstance(left, Call):
        body, *index = left.arguments
        return replace(left, arguments=(_times(body, right, within=True), *index))
    return Binary("*", left, right, start=left.start, end=right.end)


def _sum(body: Syntax, index: Name, length: Syntax | None) -> Call:
    """The sum over an index; where ones are summed, it runs as far as there are some."""
    ends = () if length is None else (Numeral("1", Fraction(1), start=length.start, end=length.end), length)
    return Call("sum", (body, index, *ends), start=index.start, end=index.end)


def _summed(tree: Syntax) -> Iterator[str]:
    """The letters that sums inside run over."""
    for each in tree.walk():
        if isinstance(each, Call) and len(each.arguments) > 1 and isinstance(each.arguments[1], Name):
            yield each.arguments[1].name


# -- calls ------------------------------------------------------------------------------------------------------------


def _call(tree: Call, scope: Scope) -> Entries:
    if _is_made(tree, scope):
        return _diagonal(tree, scope) if tree.function == "diag" else _ones(tree, scope)
    row = None if tree.function in scope.functions else find_function(tree.function)
    name, _ = split_primes(tree.function)
    if not {name, tree.function} & {*scope.functions, *_KNOWN} and find_function(name) is None and find_loss(name) is None:
        raise unknown_function(tree, name, scope)
    if _gives_a_number(tree, scope):
        return _number_of(tree, scope)
    if row is not None and row.vector == "to vector" and len(tree.arguments) == 1:
        return _of_vector(tree, scope)
    if tree.function in ("max", "min", "prod", "argmax") and len(tree.arguments) == 1 and is_over_arrays(tree.arguments[0], scope):
        raise fault(f"{tree.function} over all entries is written with an index: {tree.function}(e[j], j)", tree)
    if _sums_arrays(tree, scope):
        return _each(tree, tree.arguments[:1], scope, lambda parts: replace(tree, arguments=(*parts, *tree.arguments[1:])))
    if _binds_a_letter(tree, scope):
        if any(isinstance(each, Name) and not each.indices and _is_array(each, scope) for each in tree.walk()):
            raise fault(f"{tree.function} over an index takes arrays with indices; without them, sum(e) is over all entries", tree)
        return _number(tree)
    return _each(tree, tree.arguments, scope, lambda parts: replace(tree, arguments=parts))


def _sums_arrays(tree: Call, scope: Scope) -> bool:
    """`sum(e, i)` over the samples, of arrays too, and `sum(delta[t]@x[t]^T, t)` of what stands at the places of an index."""
    letter = tree.arguments[1] if len(tree.arguments) in (2, 4) else None
    if tree.function != "sum" or not isinstance(letter, Name):
        return False
    if scope.samples is not None and letter.name == scope.samples.index and len(tree.arguments) == 2:
        return True
    parts = (each for each in tree.arguments[0].walk() if isinstance(each, Name) and is_part(each, scope))
    return any(isinstance(inner, Name) and inner.name == letter.name for each in parts for index in each.indices for inner in index.walk())


def _binds_a_letter(tree: Call, scope: Scope) -> bool:
    """`sum(e, k)`: the second argument is an index letter."""
    letter = tree.arguments[1] if len(tree.arguments) > 1 else None
    return isinstance(letter, Name) and not letter.indices and letter.name not in scope.names and letter.name not in scope.sizes


def _number_of(tree: Call, scope: Scope) -> Entries:
    """`sum(e)` over all entries, `logsumexp(z)` over a vector; a loss stays as it is."""
    if find_loss(tree.function) is not None and tree.function != "sum":
        return _number(tree)
    inner = entries_of(tree.arguments[0], scope)
    if not inner.shape:
        raise fault(f"{tree.function}(e) runs over the entries of an array, and this is a number", tree.arguments[0])
    if tree.function != "sum" and len(inner.shape) > 1:
        raise fault(f"{tree.function} takes a vector; {described(inner)} is given", tree.arguments[0])

    def at(_: tuple[Syntax, ...], taken: frozenset[str]) -> Syntax:
        indices: tuple[Name, ...] = ()
        for _axis in inner.shape:
            indices += (Name(free_letter(FIRST_LETTER, taken | {index.name for index in indices}), start=tree.start, end=tree.end),)
        body = inner.at(indices, taken | {index.name for index in indices})
        for index in reversed(indices):
            body = replace(tree, arguments=(body, index))
        return body

    return Entries((), at)


def _ones(tree: Call, scope: Scope) -> Entries:
    """`ones(n)`; the 𝟏 of a hand calculation is as long as what stands beside it."""
    if len(tree.arguments) != (tree.function == "ones") or tree.options:
        raise fault("ones(n) takes the length of the vector", tree)
    shape = tuple(axis_to(integer_form(length, scope)) for length in tree.arguments) or (None,)
    one = Numeral("1", Fraction(1), start=tree.start, end=tree.end)
    return Entries(shape, lambda _places, _taken: one, scope.rows, length=next(iter(tree.arguments), None))


def _diagonal(tree: Call, scope: Scope) -> Entries:
    """`diag(v)[j,k]` is v[j] where j = k, else 0."""
    if len(tree.arguments) != 1 or tree.options:
        raise fault("diag(v) takes one vector", tree)
    if len((inner := entries_of(tree.arguments[0], scope)).shape) != 1:
        raise fault(f"diag(v) takes a vector; {described(inner)} is given", tree.arguments[0])

    def at(places: tuple[Syntax, ...], taken: frozenset[str]) -> Syntax:
        same, zero = Comparison("=", *places, start=tree.start, end=tree.end), Numeral("0", Fraction(0), start=tree.start, end=tree.end)
        return Call("where", (same, inner.at(places[:1], taken), zero), start=tree.start, end=tree.end)

    return Entries(inner.shape * 2, at)


def _of_vector(tree: Call, scope: Scope) -> Entries:
    """`softmax(z)`: read at the place where the result is read."""
    inner = entries_of(tree.arguments[0], scope)
    if len(inner.shape) != 1:
        hint = f"say over which index: {tree.function}(z[t,c], c)" if inner.shape else ""
        raise fault(f"{tree.function} takes a vector; {described(inner)} is given", tree.arguments[0], hint)

    def at(places: tuple[Syntax, ...], taken: frozenset[str]) -> Syntax:
        letter = free_letter(FIRST_LETTER, taken)
        index = Name(letter, start=tree.start, end=tree.end)
        return replace(tree, arguments=(inner.at((index,), taken | {letter}), index, *places))

    return Entries(inner.shape, at, inner.row)


# -- shapes -----------------------------------------------------------------------------------------------------------


def described(found: Entries) -> str:
    """`a number`, `a vector of n`, `a row of n`, `a matrix of h × n`."""
    return described_shape(found.shape, row=found.row)


def _same(left: Entries, right: Entries) -> bool:
    fit = len(left.shape) == len(right.shape) and all(map(fits, left.shape, right.shape))
    return fit and left.row == right.row


def _taken(scope: Scope) -> frozenset[str]:
    """Names that cannot be index letters."""
    samples = () if scope.samples is None else (scope.samples.index, scope.samples.size)
    return frozenset((*scope.names, *scope.sizes, *scope.indices, *scope.functions, *samples))
