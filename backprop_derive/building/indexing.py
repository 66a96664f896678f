"""Index brackets, ranges and conditions on indices, from the syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from backprop_derive.building.scope import Scope
from backprop_derive.errors import FormulaError, counted, nearest
from backprop_derive.graph.expressions import Ref
from backprop_derive.graph.indices import Affine, Axis, Condition, Pick, at_least, axis_to, equal, number, quotient, size, variable
from backprop_derive.graph.naming import form_text
from backprop_derive.language.syntax import Binary, Call, Comparison, Name, Negative, Numeral, Product, Syntax
from backprop_derive.operations.functions import find_function

_TIMES = {"", "*", "·"}
"""Signs of a product in a hand calculation, whose factors are not grouped yet."""


def integer_form(tree: Syntax, scope: Scope) -> Affine:
    """`2*t + k - 1` as an integer form of indices and sizes. Raises FormulaError for anything else."""
    match tree:
        case Numeral(value=value) if value.denominator == 1:
            return number(int(value))
        case Name(name=name, indices=()) if name in scope.indices:
            return variable(name)
        case Name(name=name, indices=()) if name in scope.sizes:
            return scope.sizes[name]
        case Name(name=name, indices=()) if scope.samples is not None and name == scope.samples.index:
            return variable(name)
        case Name(name=name) if name in scope.quantities and scope.quantities[name].whole:
            return _picked(tree, scope)
        case Negative():
            return -integer_form(tree.operand, scope)
        case Binary(operator="+"):
            return integer_form(tree.left, scope) + integer_form(tree.right, scope)
        case Binary(operator="-"):
            return integer_form(tree.left, scope) - integer_form(tree.right, scope)
        case Binary(operator="*"):
            return integer_form(tree.left, scope).times(integer_form(tree.right, scope))
        case Product(factors=factors, operators=operators) if {*operators} <= _TIMES:
            return reduce(Affine.times, (integer_form(factor, scope) for factor in factors))
        case Binary(operator="/"):
            return _floor(tree, scope)
        case Call(function="floor", arguments=(Binary(operator="/") as inner,)):
            return _floor(inner, scope)
    if isinstance(tree, Name):
        raise _unknown_index(tree, scope)
    raise FormulaError("an index is a whole number, an index letter or a size, or a sum of those", "", tree.start, tree.end)


def _picked(tree: Name, scope: Scope) -> Affine:
    """The place that a node says, `x[row[c,p],q]`; the index of the samples is put in front of its own."""
    quantity = scope.quantities[tree.name]
    if len(tree.indices) != len(quantity.axes):
        raise FormulaError(f"{tree.name!r} takes {counted(len(quantity.axes), 'index', 'indices')}; {len(tree.indices)} given", "", tree.start, tree.end)
    sample = (variable(scope.samples.index),) if quantity.sampled and scope.samples else ()
    return Affine(((Pick(Ref(tree.name, (*sample, *(integer_form(index, scope) for index in tree.indices)))), 1),))


def _floor(tree: Binary, scope: Scope) -> Affine:
    divisor = integer_form(tree.right, scope).number
    if divisor is None or divisor < 1:
        raise FormulaError("an index can be divided by a positive whole number only", "", tree.right.start, tree.right.end)
    return quotient(integer_form(tree.left, scope), divisor)


def _unknown_index(tree: Name, scope: Scope) -> FormulaError:
    if tree.name in scope.quantities:
        message = f"{tree.name!r} is a quantity of the network, not an index or a size; the entry of a class is sum(y[c]*s[c], c), with targets: {{y: classes}}"
    else:
        message = f"{tree.name!r} is not an index here: it is not on the left side, not bound by a sum, and not a size"
    found = nearest(tree.name, (*scope.indices, *scope.sizes))
    return FormulaError(message, "", tree.start, tree.end, near=found)


def is_condition(tree: Comparison, scope: Scope) -> bool:
    """Whether a comparison is between indices and sizes (and at least one of them), not between values."""
    return is_of_indices(tree, scope)


def is_of_indices(tree: Syntax, scope: Scope) -> bool:
    """Whether a formula mentions index letters and sizes, and nothing else."""
    names = [each for each in tree.walk() if isinstance(each, Name)]
    integers = {*scope.indices, *scope.sizes}
    return bool(names) and all(not each.indices and each.name in integers and each.name not in scope.quantities for each in names)


def index_condition(tree: Comparison, scope: Scope) -> Condition:
    """The condition on indices that a comparison states."""
    left, right = integer_form(tree.left, scope), integer_form(tree.right, scope)
    match tree.operator:
        case "=":
            return equal(left, right)
        case "!=":
            return equal(left, right).negated()
        case ">=":
            return at_least(left, right)
        case "<=":
            return at_least(right, left)
        case ">":
            return at_least(left, right + 1)
        case _:
            return at_least(right, left + 1)


def range_of(index: Name, body: Syntax, scope: Scope, given: tuple[Affine, Affine] | None) -> Axis:
    """Where a bound index runs: from a to b if they are given, else over the axes where it stands alone in `body`;
    the index of the samples runs over all of them."""
    if given is not None:
        return Axis(*given)
    if scope.samples is not None and index.name == scope.samples.index:
        return axis_to(size(scope.samples.size))
    found = list(axes_alone(index.name, body, scope))
    for name, axis in found[1:]:
        if axis != found[0][1]:
            first, length = found[0][0], form_text(found[0][1].length)
            message = f"index {index.name!r} runs over axes of different lengths: {length} ({first}) and {form_text(axis.length)} ({name})"
            raise FormulaError(message, "", index.start, index.end, f"are the indices in order? If so, give the range: sum(e, {index.name}, a, b)")
    if not found:
        message = f"the range of {index.name!r} cannot be found: it stands alone in no bracket of this sum"
        raise FormulaError(message, "", index.start, index.end, f"give the range: sum(e, {index.name}, 1, n)")
    return found[0][1]


def axes_alone(index: str, tree: Syntax, scope: Scope) -> Iterator[tuple[str, Axis]]:
    """Each name, with its axis, in whose brackets `index` stands alone; an inner sum over the same letter hides it."""
    if isinstance(tree, Call) and len(tree.arguments) >= 2 and _reads_component(tree, scope):
        yield from _component_axes(index, tree, scope)
        return
    if isinstance(tree, Call) and len(tree.arguments) >= 2 and _binds(tree, index):
        for end in tree.arguments[2:]:
            yield from axes_alone(index, end, scope)
        return
    if isinstance(tree, Name):
        name = scope.aliases.get(tree.name, tree.name)
        for place, inner in enumerate(tree.indices):
            if isinstance(inner, Name) and inner.name == index and not inner.indices:
                axis = _axis(name, place, len(tree.indices), scope)
                if axis is not None:
                    yield name, axis
    for child in tree.children():
        yield from axes_alone(index, child, scope)


def _reads_component(tree: Call, scope: Scope) -> bool:
    """`softmax(z[c], c)`: a function whose value has components."""
    row = None if tree.function in scope.functions else find_function(tree.function)
    return row is not None and row.vector == "to vector"


def _component_axes(index: str, tree: Call, scope: Scope) -> Iterator[tuple[str, Axis]]:
    """The component that is read runs over the same axis as the letter that the function runs over."""
    body, letter = tree.arguments[0], tree.arguments[1]
    read = tree.arguments[-1]
    if isinstance(read, Name) and read.name == index and isinstance(letter, Name):
        yield from axes_alone(letter.name, body, scope)
    elif not _binds(tree, index):
        yield from axes_alone(index, body, scope)


def _binds(tree: Call, index: str) -> bool:
    bound = tree.arguments[1]
    return isinstance(bound, Name) and bound.name == index and not bound.indices


def _axis(name: str, place: int, given: int, scope: Scope) -> Axis | None:
    if name in scope.vectors:
        vector = scope.vectors[name]
        return vector.axis or Axis(number(1), vector.length)
    quantity = scope.quantities.get(name)
    if quantity is not None and quantity.sampled and scope.samples is not None and given == len(quantity.axes) + 1:
        return (axis_to(size(scope.samples.size)), *quantity.axes)[place]
    if quantity is None or place >= len(quantity.axes) or given > len(quantity.axes):
        return None
    return quantity.axes[place]
