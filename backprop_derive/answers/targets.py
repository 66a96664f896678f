"""What an answer is about, where only a weight is named: `v1` is ∂C/∂v1."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.sides import side_of
from backprop_derive.answers.statements import Side
from backprop_derive.answers.vocabulary import Vocabulary
from backprop_derive.errors import FormulaError, UsageError
from backprop_derive.graph.expressions import Partial, Ref
from backprop_derive.graph.weights import find_weights, own_axes
from backprop_derive.language.syntax import Derivative, Name, Numeral, Syntax
from backprop_derive.notation import canonical


def target_of(key: str, vocabulary: Vocabulary) -> Side:
    """The left side that a weight stands for, in any spelling: `v1`, `w_{11}`, `W1[2,1]`, `dC/dv1`, `delta_B`.

    A parameter, an input or any other node stands for the cost's derivative by it; the cost, a δ and a derivative for themselves.
    Raises UsageError that lists what there is.
    """
    side = _as_formula(key, vocabulary)
    _refuse_old_name(key, side, vocabulary)
    if side is None:
        (name, entry), *others = find_weights((key,), vocabulary.graph)
        if others:
            raise UsageError(f"{key!r} is more than one entry: give each its own answer")
        return _derivative(Name(name, tuple(map(_numeral, entry or ()))), vocabulary)
    found = side.expression
    if isinstance(found, Ref) and found.name in vocabulary.graph.by_name and found.name not in _costs(vocabulary):
        assert isinstance(side.syntax, Name)
        return _derivative(side.syntax, vocabulary)
    if isinstance(side.syntax, Name) and (named := _with_letters(side.syntax, vocabulary)) != side.syntax:
        return side_of(named, vocabulary)
    return side


def _refuse_old_name(key: str, side: Side | None, vocabulary: Vocabulary) -> None:
    """Raises UsageError for a name of the spec that the notation has changed, and that may mean something else in it."""
    notation = vocabulary.graph.notation
    new = None if notation is None else notation.before.get(canonical(key).partition("[")[0])
    if notation is None or new is None:
        return
    meant = side.expression if side is not None else None
    if isinstance(meant, Partial):
        meant = meant.bottom
    if not isinstance(meant, Ref):
        raise UsageError(f"{key!r} is a name of the spec; in the notation {notation.name} it is {new}")
    if meant.name != new:
        raise UsageError(f"{key!r} is the spec's name for {new}, and {meant.name} in the notation {notation.name}: write the one that is meant so")


def entry_of(target: Side, entry: tuple[int, ...], vocabulary: Vocabulary) -> Side | None:
    """The target at one entry of its array, where a list of numbers was given for the array; None if it has not so many indices."""
    if not isinstance(target.expression, Partial) or not target.letters:
        return None
    name = target.expression.bottom.name
    axes = own_axes(vocabulary.graph.node(name))
    if len(entry) == len(target.letters) < len(axes):  # the row of a single unit is a list, or a list in a list
        given = iter(entry)
        entry = tuple(1 if axis.length.number == 1 else next(given) for axis in axes)
    if len(entry) != len(axes):
        return None
    (weight,) = find_weights((f"{name}[{','.join(map(str, entry))}]",), vocabulary.graph)
    return _derivative(Name(weight[0], tuple(map(_numeral, weight[1] or ()))), vocabulary)


def _costs(vocabulary: Vocabulary) -> tuple[str, ...]:
    return vocabulary.graph.cost.name, vocabulary.graph.cost.loss


def _as_formula(key: str, vocabulary: Vocabulary) -> Side | None:
    try:
        statement = read_statement(key, vocabulary)
    except FormulaError:
        return None
    side = statement.sides[0]
    named = isinstance(side.expression, Partial) or (isinstance(side.expression, Ref) and isinstance(side.syntax, Name))
    return side if len(statement.sides) == 1 and statement.defines is None and named else None


def _derivative(name: Name, vocabulary: Vocabulary) -> Side:
    return side_of(Derivative(Name(vocabulary.graph.cost.name), _with_letters(name, vocabulary)), vocabulary)


def _with_letters(name: Name, vocabulary: Vocabulary) -> Name:
    """An array that is no vector or matrix stands with the letters that a page gives it, `W1[f,c,s,u]`: an answer is written in them."""
    graph = vocabulary.graph
    node = graph.by_name.get(next((of for of, adjoint in vocabulary.derivation.names.items() if adjoint == name.name), name.name))
    if name.indices or node is None:
        return name
    letters, axes = node.letters[int(node.sampled) :], node.axes[int(node.sampled) :]
    if len(axes) <= 2 or len(vocabulary.scope.quantities[node.name].axes) < len(axes) or {*letters} & {*vocabulary.scope.quantities, *vocabulary.scope.sizes}:
        return name
    places = (_numeral(axis.low.constant) if axis.single else Name(letter, start=name.start, end=name.end) for letter, axis in zip(letters, axes, strict=True))
    return replace(name, indices=tuple(places))


def _numeral(index: int) -> Syntax:
    return Numeral(str(index), Fraction(index))
