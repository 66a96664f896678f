"""Strings with a scope and a meaning: the network whose names they use, and whether they are read as they are meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from meaning import World, drawn, meaning_sides, split_places, value_of

from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.statements import Side
from backprop_derive.answers.vocabulary import Vocabulary, vocabulary_of
from backprop_derive.calculus.derivation import derive
from backprop_derive.graph.expressions import (
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
)
from backprop_derive.graph.indices import Affine, Axis, axis_to, number, size
from backprop_derive.graph.nodes import Cost, Graph, Node, Piece, Samples
from backprop_derive.numerics.smooth import named_function

SIZES = {"m": 3, "N": 3, "n": 3, "J": 2, "K": 4, "s_2": 2}
THE_SAMPLE = 2
_SAMPLE_SIZES = ("m", "N", "n", "M")


@dataclass(frozen=True)
class Row:
    """A string, the names that it uses, and its meaning. `scope` is that of the file: s f v m i."""

    text: str
    meaning: str
    scope: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""

    def __str__(self) -> str:
        return self.key or self.text

    # -- the names ----------------------------------------------------------------------------------------------------

    @cached_property
    def _sides(self) -> list[ast.expr]:
        return meaning_sides(self.meaning)

    @cached_property
    def _letters(self) -> Mapping[str, str | int]:
        """Index letters, and how far they run."""
        return self.scope.get("i", {})

    @cached_property
    def _summed(self) -> set[str]:
        """The letters of sums over as many places as there are samples."""
        calls = [each for side in self._sides for each in ast.walk(side) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "Sum"]
        letters = {each.args[1].elts[0].id for each in calls}  # type: ignore[attr-defined]
        return {letter for letter in letters if self._letters.get(letter) in _SAMPLE_SIZES}

    @cached_property
    def _places(self) -> Mapping[str, tuple[list[ast.expr], list[ast.expr]]]:
        """The sample and the indices with which the names stand in the meaning, labels in the names."""
        found = {}
        for side in self._sides:
            for each in ast.walk(side):
                if isinstance(each, ast.Subscript) and isinstance(each.value, ast.Name):
                    places = each.slice.elts if isinstance(each.slice, ast.Tuple) else [each.slice]
                    label, sample, entry = split_places(places)
                    if not sample and len(entry) == 1 and isinstance(entry[0], ast.Name) and entry[0].id in self._summed:
                        sample, entry = entry, []
                    found[each.value.id + label] = (sample, entry)
        return found

    @cached_property
    def _axes(self) -> Mapping[str, tuple[tuple[str | int, ...], bool]]:
        """The lengths of every quantity's axes, and whether the samples have one in front."""
        found: dict[str, tuple[tuple[str | int, ...], bool]] = {}
        for name, (sample, entry) in self._places.items():
            lengths = tuple(self._letters[each.id] if isinstance(each, ast.Name) else 2 for each in entry)
            found[name] = (lengths, bool(sample))
        indexed = {re.sub(r"__\d+$", "", name) for name in found}
        bounds = set(self._letters.values())
        for name in self.scope.get("s", ()):
            if name not in indexed and name not in bounds:
                found[name] = ((), False)
        found |= {name: ((length,), False) for name, length in self.scope.get("v", {}).items()}
        found |= {name: (tuple(lengths), False) for name, lengths in self.scope.get("m", {}).items()}
        return found

    @cached_property
    def _sample_letter(self) -> str | None:
        return next((each.id for sample, _ in self._places.values() for each in sample if isinstance(each, ast.Name)), None)

    @cached_property
    def graph(self) -> Graph:
        """A network of leaves with these names."""
        letter = self._sample_letter
        samples = None if letter is None else Samples(letter, str(self._letters[letter]))
        nodes = tuple(self._leaf(name, lengths, sampled, samples) for name, (lengths, sampled) in self._axes.items())
        nothing = Node("nothing", pieces=(Piece((), (), ZERO),), role="loss")
        functions = {node_name(name): None for name in self.scope.get("f", ())}
        return Graph((*nodes, nothing), Cost("nothing", "nothing", "single"), samples, functions)

    def _leaf(self, name: str, lengths: tuple[str | int, ...], sampled: bool, samples: Samples | None) -> Node:
        axes = tuple(_axis(length) for length in lengths)
        letters = tuple("jklpq"[: len(axes)])
        if sampled and samples is not None:
            axes, letters = (_axis(samples.size), *axes), (samples.index, *(f"{letter}0" for letter in letters))
        return Node(node_name(name), letters, axes, (), "parameter", sampled)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What the names can mean."""
        return vocabulary_of(derive(self.graph))

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """Random values; vectors are columns in meanings."""
        found = {}
        for name, (lengths, sampled) in self._axes.items():
            shape = tuple(SIZES[each] if isinstance(each, str) else each for each in lengths)
            found[name] = drawn(name, (*([SIZES[self.graph.samples.size]] if sampled and self.graph.samples else []), *shape))
        return found

    # -- reading ------------------------------------------------------------------------------------------------------

    def sides(self) -> list[Side]:
        """The sides of all lines. Raises FormulaError where a line cannot be read."""
        vocabulary, found = self.vocabulary, list[Side]()
        for line in lines_of(self.text):
            statement = read_statement(line, vocabulary)
            found.extend(statement.sides)
        return found

    def fault(self) -> str:
        """How the reading differs from the meaning; nothing if it does not."""
        found, meant = self.sides(), self._sides
        if len(found) != len(meant):
            return f"{len(found)} sides instead of {len(meant)}"
        return next(filter(None, map(self._difference, found, meant)), "")

    def _difference(self, side: Side, meant: ast.expr) -> str:
        free = [letter for letter in self._letters if letter in side.letters]
        shape = tuple(self._length(axis) for axis in side.axes)
        read = np.empty(shape)
        for place in np.ndindex(*shape):
            numbers = {letter: at + 1 for letter, at in zip(side.letters, place, strict=True)}
            read[place] = self._value(side.expression, self._numbers | numbers)
        if free:
            if set(free) != set(side.letters):
                return f"letters {side.letters} instead of {free}"
            expected = np.empty(shape)
            for place in np.ndindex(*shape):
                numbers = {letter: at + 1 for letter, at in zip(side.letters, place, strict=True)}
                expected[place] = value_of(meant, World(self._columns, self._numbers | numbers))
        else:
            expected = np.asarray(value_of(meant, World(self._columns, self._numbers)), dtype=float)
        if np.squeeze(read).shape != np.squeeze(expected).shape:
            return f"shape {np.squeeze(read).shape} instead of {np.squeeze(expected).shape}"
        if not np.allclose(np.squeeze(read), np.squeeze(expected), rtol=1e-10, atol=1e-12):
            return f"{np.squeeze(read)} instead of {np.squeeze(expected)}: {side.expression}"
        return ""

    @property
    def _numbers(self) -> dict[str, int]:
        letter, bounds = self._sample_letter, set(self._letters.values())
        return {name: length for name, length in SIZES.items() if name in bounds} | ({letter: THE_SAMPLE} if letter else {})

    @property
    def _columns(self) -> Mapping[str, Any]:
        return {name: value[:, None] if name in self.scope.get("v", {}) else value for name, value in self.values.items()}

    def _length(self, axis: Axis) -> int:
        return _integer(axis.length, SIZES)

    @cached_property
    def _written(self) -> Mapping[str, str]:
        """The names of the corpus by those of the network."""
        return {node_name(name): name for name in (*self._axes, *self.scope.get("f", ()))}

    def _value(self, expression: Expression, numbers: Mapping[str, int]) -> float:
        """What an expression is worth at one place; a plain evaluator that shares nothing with the project's own."""
        match expression:
            case Number(value):
                return float(value)
            case Constant(name):
                return {"pi": np.pi, "e": np.e}[name]
            case Integer(form):
                return float(_integer(form, numbers))
            case Ref(name, indices):
                value = self.values[self._written[name]]
                return float(value[tuple(_integer(index, numbers) - 1 for index in indices)])
            case Add(terms):
                return sum(self._value(term, numbers) for term in terms)
            case Mul(factors):
                return float(np.prod([self._value(factor, numbers) for factor in factors]))
            case Power(base, exponent):
                return float(self._value(base, numbers) ** self._value(exponent, numbers))
            case Apply(function, arguments, order):
                return self._applied(function, [self._value(each, numbers) for each in arguments], order)
            case Fold("sum", bound, body):
                places = range(_integer(bound.axis.low, numbers), _integer(bound.axis.high, numbers) + 1)
                return sum(self._value(body, {**numbers, bound.name: place}) for place in places)
            case Compare(relation, left, right):
                return float(_holds(relation, self._value(left, numbers) - self._value(right, numbers)))
            case Bracket(condition):
                return float(_holds(condition.kind, _integer(condition.form, numbers)))
            case Where(test, then, otherwise):
                return self._value(then if self._value(test, numbers) else otherwise, numbers)
            case Partial(top, bottom):
                names = [self._written[each.name] + self._place(each.indices, numbers) for each in (top, bottom)]
                return float(World({}, {}).partial(*names))
        raise TypeError(f"{type(expression).__name__} has no value here")

    def _place(self, indices: Iterable[Affine], numbers: Mapping[str, int]) -> str:
        inside = ",".join(str(_integer(index, numbers)) for index in indices)
        return f"[{inside}]" if inside else ""

    def _applied(self, function: str, arguments: list[float], order: int) -> float:
        if function in self.graph.functions:
            return float(named_function(self._written[function])(arguments[0], order))
        (argument, *others) = arguments
        match function, order:
            case "exp" | "tanh" | "sin" | "cos", 0:
                return float(getattr(np, function)(argument))
            case "log", 0:
                return float(np.log(abs(argument)))
            case "sqrt", 0:
                return float(np.sqrt(abs(argument)))
            case "abs", 0:
                return abs(argument)
            case "max", 0:
                return max(argument, *others)
            case "relu", 0:
                return max(argument, 0.0)
            case "step", 0:
                return float(argument > 0)
            case "square", 0:
                return argument**2
            case "sigmoid", 0:
                return float(1 / (1 + np.exp(-argument)))
        raise ValueError(f"{function} with {order} primes")


def node_name(name: str) -> str:
    """The name of the corpus as one of the project: `y_prime` is y', `z_1__2` is z_1^(2), `a__Lm1` is a^(L-1)."""
    base, _, label = name.rstrip("_").partition("__")
    base = base.replace("_prime", "'")
    label = re.sub(r"([lL])m(\d)", r"\1-\2", re.sub(r"l(\d)", r"l+\1", label)) if label else ""
    return f"{base}^({label})" if label else base


def lines_of(text: str) -> list[str]:
    """The lines of a derivation, without the environment around them."""
    inner = re.sub(r"\\(begin|end)\{(align|aligned|equation)\*?\}|\$\$", "", text).strip()
    return [line for line in (re.split(r"\\\\|\n", inner) if "cases" not in inner and "array" not in inner else [inner]) if line.strip()]


def _axis(length: str | int) -> Axis:
    return axis_to(size(length) if isinstance(length, str) else number(length))


def _integer(form: Affine, numbers: Mapping[str, int]) -> int:
    return form.constant + sum(times * numbers[atom.name] for atom, times in form.terms)  # type: ignore[union-attr]


def _holds(relation: str, difference: float) -> bool:
    return {"=": difference == 0, "!=": difference != 0, "<": difference < 0, "<=": difference <= 0, ">": difference > 0, ">=": difference >= 0}[relation]


def scope_of_words(words: str) -> dict[str, Any]:
    """`a y; f: sigma; v: x 3, y 2; m: W 2 3; i: i m` as the scope of a row."""
    found: dict[str, Any] = {"s": [], "f": [], "v": {}, "m": {}, "i": {}}
    for part in words.split(";"):
        kind, _, rest = part.rpartition(":")
        match kind.strip():
            case "" | "s":
                found["s"] += rest.split()
            case "f":
                found["f"] += rest.split()
            case "v":
                found["v"] |= {name: int(length) for name, length in (each.split() for each in rest.split(","))}
            case "m":
                found["m"] |= {name: [int(rows), int(columns)] for name, rows, columns in (each.split() for each in rest.split(","))}
            case "i":
                found["i"] |= {letter: int(end) if end.isdigit() else end for letter, end in (each.split() for each in rest.split(","))}
    return found



