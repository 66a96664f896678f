"""A syntax tree and a scope → an expression over nodes.

Rules (the page on specs says the same to users):
- A node with indices is written with all of them; one with a single entry may be written without.
- `sum(e, k)`, `prod`, `max`, `min` over an index: k runs over the axis where it stands alone in e, or from a to b in
  `sum(e, k, a, b)`. `sum(e)` runs over all entries of `e`, a formula over whole arrays, as `x^T@A@x` is one.
- The index of the samples is left out; it is put in front of every node that depends on data.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from backprop_derive.building.calls import LossCall, given_arguments
from backprop_derive.building.indexing import index_condition, integer_form, is_condition, is_of_indices, range_of
from backprop_derive.building.names import fault, named, node_named, undefined, unknown_function, vector_of
from backprop_derive.building.scope import Quantity, Scope, Vector
from backprop_derive.building.shapes import described_shape
from backprop_derive.errors import FormulaError
from backprop_derive.graph.expressions import (
    ZERO,
    Apply,
    Bound,
    Bracket,
    Compare,
    Constant,
    Expression,
    Fold,
    Mul,
    Number,
    Partial,
    Ref,
    Where,
    add,
    fresh,
    integer,
    mul,
    neg,
    power,
    reciprocal,
    reindex,
)  # fmt: skip
from backprop_derive.graph.indices import Affine, axis_to, number, size, variable
from backprop_derive.graph.naming import form_text
from backprop_derive.language.grammar import parse
from backprop_derive.language.syntax import Binary, Call, Comparison, Derivative, Name, Negative, Numeral, Syntax, Transpose
from backprop_derive.notation import split_primes
from backprop_derive.operations.functions import find_function
from backprop_derive.operations.losses import find_loss
from backprop_derive.operations.rows import Function, Loss


def read_formula(text: str, scope: Scope) -> Expression:
    """Read and resolve one formula. Raises FormulaError with the place in `text`."""
    try:
        return resolve(parse(text, scope.names), scope)
    except FormulaError as error:
        error.text = error.text or text
        raise


def resolve(tree: Syntax, scope: Scope) -> Expression:
    """The expression that `tree` means in `scope`."""
    match tree:
        case Numeral():
            return Number(tree.value)
        case Name():
            return named(tree, scope)
        case Negative():
            return neg(resolve(tree.operand, scope))
        case Binary():
            return _binary(tree, scope)
        case Comparison():
            return _comparison(tree, scope)
        case Derivative():
            whole = scope.total and scope.aliases.get(tree.top.name, tree.top.name) == scope.total and not tree.top.indices
            return Partial(Ref(scope.total) if whole else node_named(tree.top, scope), node_named(tree.bottom, scope), tree.direct)
        case Call():
            return _call(tree, scope)
        case Transpose():
            return _over_arrays(tree, scope)
        case _:
            raise fault("this has no meaning here", tree)


# -- operators --------------------------------------------------------------------------------------------------------


def _binary(tree: Binary, scope: Scope) -> Expression:
    if tree.operator == "@":
        return _over_arrays(tree, scope)
    left, right = resolve(tree.left, scope), resolve(tree.right, scope)
    match tree.operator:
        case "+":
            return add(left, right)
        case "-":
            return add(left, neg(right))
        case "*":
            return mul(left, right)
        case "^" if left == Constant("e"):
            return Apply("exp", (right,))
        case "/":
            if right == ZERO:
                raise fault("division by zero", tree.right)
            return _quotient(left, right)
        case _:
            if left == ZERO and isinstance(right, Number) and right.value < 0:
                raise fault("division by zero", tree)
            return power(left, right)


def _over_arrays(tree: Syntax, scope: Scope) -> Expression:
    """A formula over whole arrays where a number is expected: `x^T@A@x`, `sum((a - y)^2)`."""
    from backprop_derive.building.matrices import index_form

    form = index_form(tree, scope)
    if form.shape:
        hint = "a formula over whole arrays makes an array where the left side has no indices; sum(e) adds all entries"
        raise fault(f"this is {described_shape(form.shape)}, and a number is expected here", tree, hint)
    return resolve(form.tree, scope)


def _quotient(left: Expression, right: Expression) -> Expression:
    if isinstance(right, Mul):
        return mul(left, *(reciprocal(factor) for factor in right.factors))
    return mul(left, reciprocal(right))


def _comparison(tree: Comparison, scope: Scope) -> Expression:
    if is_condition(tree, scope):
        return Bracket(index_condition(tree, scope))
    return Compare(tree.operator, resolve(tree.left, scope), resolve(tree.right, scope))  # type: ignore[arg-type]


# -- calls ------------------------------------------------------------------------------------------------------------

_FOLDS = ("sum", "prod", "max", "min", "argmax")


def _call(tree: Call, scope: Scope) -> Expression:
    name, primes = split_primes(tree.function)
    if tree.function in scope.functions or name in scope.functions:
        order = 0 if tree.function in scope.functions else primes
        return Apply(tree.function if order == 0 else name, _arguments(tree, scope, 1), order)
    if name == "where":
        test, then, otherwise = _exactly(tree, 3)
        if not isinstance(test, Comparison):
            raise fault("the first argument of where(…) is a comparison, such as z > 0", test)
        return _choice(resolve(test, scope), resolve(then, scope), resolve(otherwise, scope))
    if name in _FOLDS and primes == 0 and _is_fold(tree, scope):
        return _fold(tree, scope)
    row = find_function(name)
    if row is not None:
        return _function(tree, row, primes, scope)
    loss = find_loss(name)
    if loss is not None and primes == 0:
        return _loss(tree, loss, scope)
    if name == "floor" and primes == 0 and is_of_indices(tree, scope):
        return integer(integer_form(tree, scope))
    raise unknown_function(tree, name, scope)


def _choice(test: Expression, then: Expression, otherwise: Expression) -> Expression:
    """`where`; a condition between numbers is decided at once."""
    decided = test.condition.decided if isinstance(test, Bracket) else None
    return Where(test, then, otherwise) if decided is None else then if decided else otherwise


def _exactly(tree: Call, count: int) -> tuple[Syntax, ...]:
    if tree.options:
        raise fault(f"{tree.function} takes no option {tree.options[0][0]!r}", tree)
    if len(tree.arguments) != count:
        raise fault(f"{tree.function} takes {count} argument{'s' * (count != 1)}; {len(tree.arguments)} given", tree)
    return tree.arguments


def _arguments(tree: Call, scope: Scope, count: int) -> tuple[Expression, ...]:
    return tuple(resolve(argument, scope) for argument in _exactly(tree, count))


def _is_fold(tree: Call, scope: Scope) -> bool:
    """`max(a, b)` compares two values; `max(e, k)` runs over k if k is no name and stands in brackets of e."""
    if tree.function in ("sum", "prod", "argmax") or len(tree.arguments) == 1:
        return True
    index = tree.arguments[1] if len(tree.arguments) > 1 else None
    if not isinstance(index, Name) or index.indices or index.name in scope.names or index.name in scope.sizes:
        return False
    used = (inner for each in tree.arguments[0].walk() if isinstance(each, Name) for inner in each.indices)
    return any(isinstance(part, Name) and part.name == index.name for inner in used for part in inner.walk())


def _fold(tree: Call, scope: Scope) -> Expression:
    if len(tree.arguments) == 1:
        return _fold_over_all(tree, scope)
    if len(tree.arguments) not in (2, 4):
        raise fault(f"{tree.function} takes an expression and an index, and perhaps where it runs: sum(e, k) or sum(e, k, a, b)", tree)
    body_tree, index = tree.arguments[0], tree.arguments[1]
    if not isinstance(index, Name) or index.indices:
        raise fault(f"the second argument of {tree.function} is an index letter", index)
    if index.name in scope.quantities or index.name in scope.vectors:
        raise fault(f"{index.name!r} is a name of the spec, so it cannot be an index", index)
    ends = tree.arguments[2:]
    given = (integer_form(ends[0], scope), integer_form(ends[1], scope)) if ends else None
    axis = range_of(index, body_tree, scope, given)
    if tree.function in ("sum", "prod") and axis.length.number is not None and _is_listed(body_tree, scope):
        return _written_out(tree, index.name, body_tree, scope, axis.length.number)
    if axis.single and tree.function != "argmax":
        return resolve(body_tree, scope.at_place(index.name, axis.low))
    body = resolve(body_tree, scope.inside(index.name, axis))
    kind = "max" if tree.function in ("max", "min") else tree.function
    if tree.function == "min":
        return neg(Fold(kind, Bound(index.name, axis), neg(body)))
    return Fold(kind, Bound(index.name, axis), body)


def _is_listed(body: Syntax, scope: Scope) -> bool:
    """Whether the body reads entries of a vector whose entries stand one by one."""
    read = {each.name for each in body.walk() if isinstance(each, Name) and each.indices}
    return any(vector.array is None for name, vector in scope.vectors.items() if name in read)


def _written_out(tree: Call, index: str, body: Syntax, scope: Scope, length: int) -> Expression:
    """A sum over entries that stand one by one."""
    parts = [resolve_at(body, scope, index, place) for place in range(1, length + 1)]
    return add(*parts) if tree.function == "sum" else mul(*parts)


def resolve_at(tree: Syntax, scope: Scope, index: str, place: int) -> Expression:
    """The expression with an index standing for a number, for vectors whose entries are listed one by one."""
    return resolve(tree, scope.at_place(index, number(place)))


def _fold_over_all(tree: Call, scope: Scope) -> Expression:
    if tree.function != "sum":
        raise fault(f"{tree.function} takes two values, or an expression and an index", tree)
    vector = vector_of(tree.arguments[0], scope)
    if vector is None or vector.along:
        return _over_arrays(tree, scope)
    if vector.array is None:
        return add(*vector.entries)
    index = fresh("k", set(scope.indices))
    assert vector.axis is not None
    if vector.axis.single:
        return vector.at(vector.axis.low)
    return Fold("sum", Bound(index, vector.axis), vector.at(variable(index)))


def _function(tree: Call, row: Function, primes: int, scope: Scope) -> Expression:
    if row.vector:
        return _vector_function(tree, row, scope)
    given = given_arguments(tree, row)
    arguments = without_defaults(row, [resolve(given[name], scope) if name in given else None for name in row.arguments])
    if primes > 1 or (primes and len(row.required) > 1):
        raise fault("only the first derivative of a table's function can be written with a prime", tree)
    if primes:
        return derivative_of(row, arguments, Apply(row.name, arguments))[0]
    return Apply(row.name, arguments)


def _vector_function(tree: Call, row: Function, scope: Scope) -> Expression:
    """`softmax(z[c], c)`: over all c, read at c; `softmax(z[e], e, d)`: read at d; with ends `softmax(e, k, 1, n, d)`; `softmax(z)` is not a number."""
    count = len(tree.arguments)
    if row.vector == "to scalar" and count == 1 and (vector := vector_of(tree.arguments[0], scope)) is not None and not vector.along:
        return _vector_fold(row, vector, scope, None)
    if row.vector == "to scalar" and count == 1:
        return _over_arrays(tree, scope)
    if count not in ((2, 4) if row.vector == "to scalar" else (2, 3, 5)):
        raise fault(f"{row.name} takes an expression and the index it runs over: {row.name}(z[c], c)", tree)
    body, letter = tree.arguments[:2]
    if not isinstance(letter, Name) or letter.indices or letter.name in scope.names:
        raise fault(f"the second argument of {row.name} is an index letter", letter)
    at = integer_form(tree.arguments[-1], scope) if row.vector == "to vector" else None
    given = (integer_form(tree.arguments[2], scope), integer_form(tree.arguments[3], scope)) if count > 3 else None
    axis = range_of(letter, body, scope, given)
    if axis.length.number is not None and _is_listed(body, scope):
        entries = tuple(resolve_at(body, scope, letter.name, place) for place in range(1, axis.length.number + 1))
        return _vector_fold(row, Vector(entries), scope, at)
    bound = fresh(letter.name, set(scope.indices))
    inner = reindex(resolve(body, scope.inside(letter.name, axis)), {letter.name: variable(bound)})
    return Fold(row.name, Bound(bound, axis), inner, at)


def _vector_fold(row: Function, vector: Vector, scope: Scope, at: Affine | None) -> Expression:
    """A function of a whole vector. Entries that stand one by one are put into the row's formula."""
    if vector.axis is not None:
        bound = fresh("k", set(scope.indices))
        return Fold(row.name, Bound(bound, vector.axis), vector.at(variable(bound)), at)
    places = {} if at is None else {"c": at}
    return read_formula(row.formula, Scope(vectors={"z": vector}, sizes=places))


def _loss(tree: Call, row: Loss, scope: Scope) -> Expression:
    return loss_formula(loss_call(tree, row, scope))


def loss_call(tree: Call, row: Loss, scope: Scope) -> LossCall:
    """The vectors and numbers that a call gives to a loss. Raises FormulaError where they do not fit it."""
    given = given_arguments(tree, row)
    vectors: list[Vector] = []
    for name in row.required:
        vector = vector_of(given[name], scope)
        if vector is None:
            argument = given[name]
            if isinstance(argument, Name) and argument.name not in scope.names:
                raise undefined(argument.name, argument, scope)
            raise fault(f"{row.name} compares scalars or vectors by their names ({', '.join(row.required)})", argument)
        vectors.append(vector)
    if any(vector.shape != vectors[0].shape for vector in vectors):
        lengths = ", ".join(f"{name} has {' × '.join(map(form_text, vector.shape))}" for name, vector in zip(row.required, vectors, strict=True))
        raise fault(f"{row.name}: its arguments have different lengths: {lengths}", tree)
    numbers = (resolve(given[name], scope) if name in given else None for name in row.arguments[len(vectors) :])
    return LossCall(row, aligned(vectors), with_defaults(row, tuple(numbers)))


def aligned(vectors: Sequence[Vector]) -> tuple[Vector, ...]:
    """All as arrays, along the same indices, or all one by one."""
    if len({vector.array is None for vector in vectors}) == 1:
        return tuple(vector.beside(vectors[0]) for vector in vectors)
    places = [number(at) for at in range(1, (vectors[0].length.number or 0) + 1)]
    return tuple(Vector(tuple(vector.at(place) for place in places)) for vector in vectors)


def loss_formula(call: LossCall) -> Expression:
    """The loss's definition over given vectors; of a sequence of them, summed over its steps."""
    definition = read_formula(call.row.formula, call.scope())
    for bound in reversed(call.vectors[0].along):
        definition = Fold("sum", bound, definition)
    return definition


# -- the arguments of rows: a call holds those that differ from the defaults, so that it is printed as it was written -----


def all_arguments(row: Function, arguments: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """The arguments of a call, with the defaults of those that it leaves out."""
    return (*arguments, *with_defaults(row, (None,) * (len(row.arguments) - len(arguments))))


def without_defaults(row: Function, arguments: Sequence[Expression | None]) -> tuple[Expression, ...]:
    """All arguments, None where one is not given, without the last ones that are as the row has them anyway."""
    required = len(row.required)
    first = [each for each in arguments[:required] if each is not None]
    rest, standard = with_defaults(row, arguments[required:]), with_defaults(row, (None,) * len(row.defaults))
    kept = max((place + 1 for place in range(len(rest)) if rest[place] != standard[place]), default=0)
    return (*first, *rest[:kept])


def with_defaults(row: Function | Loss, given: Sequence[Expression | None]) -> tuple[Expression, ...]:
    """The last arguments of a row, the default where one is None."""
    standard = row.defaults[len(row.defaults) - len(given) :]
    return tuple(read_formula(text, Scope()) if each is None else each for text, each in zip(standard, given, strict=True))


# -- the formulas of rows ---------------------------------------------------------------------------------------------


@cache
def function_body(row: Function) -> Expression:
    """The row's formula over `Ref(argument)`, in the form that floating point likes best."""
    return read_formula(row.stable or row.formula, _row_scope(row))


@cache
def plain_body(row: Function) -> Expression:
    """The row's formula as a book writes it."""
    return read_formula(row.formula, _row_scope(row))


@cache
def function_derivative(row: Function, argument: int) -> Expression:
    """The row's derivative by one argument, over `Ref(argument)` and the output `Ref("a")`."""
    return read_formula(row.derivatives[argument], _row_scope(row))


def derivative_of(row: Function, arguments: tuple[Expression, ...], output: Expression) -> tuple[Expression, ...]:
    """The row's derivatives by each argument, at given arguments and output."""
    values = dict(zip(row.arguments, all_arguments(row, arguments), strict=True)) | {"a": output}
    return tuple(fill(function_derivative(row, at), values) for at in range(len(row.derivatives)))


def fill(expression: Expression, values: dict[str, Expression]) -> Expression:
    """Put expressions in the place of scalar names."""
    from backprop_derive.graph.expressions import replace

    return replace(expression, lambda each: values.get(each.name) if isinstance(each, Ref) and not each.indices else None)


def _row_scope(row: Function) -> Scope:
    if row.vector:
        axis = axis_to(size("n"))
        quantities = {"z": Quantity((axis,)), "a": Quantity((axis,) if row.vector == "to vector" else ())}
        return Scope(quantities, indices={"c": axis, "d": axis})
    return Scope({name: Quantity() for name in (*row.arguments, "a")})
