"""Expressions as one line of text. This module decides on brackets, signs, fractions and the names of bound indices;
the styles in `presentation.styles` only say how each thing is spelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

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
    Whole,
    free_variables,
    mul,
    num,
    power,
    reindex,
    walk,
)
from backprop_derive.graph.indices import Affine, Atom, Axis, Condition, Pick
from backprop_derive.graph.matrices import Diagonal, Hadamard, MatrixProduct, Ones, Total, Transposed, squared
from backprop_derive.graph.naming import free_letter
from backprop_derive.graph.nodes import Graph
from backprop_derive.presentation.conditions import chain, sides
from backprop_derive.presentation.figures import Figure
from backprop_derive.presentation.parts import free_letters, inverse, shown_as_fraction, split_sign
from backprop_derive.presentation.style import ATOM, CHAIN, PRODUCT, SUM, Style, Written


class Writer(Style):
    """Writes expressions over one graph. The sample index is left off the names that carry it.

    `gap` stands in front of the signs of a sum.
    """

    gap = ""

    chained = False
    """Whether two conditions on one thing are written as one, `[1 ≤ p ≤ n]`."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.free: set[str] = set()
        self.extra: dict[str, tuple[Axis, ...]] = {}
        self.sample = graph.samples.index if graph.samples else None
        sizes = {name for node in graph.nodes for axis in node.axes for name in axis.low.sizes() | axis.high.sizes()}
        self.reserved = sizes | set(graph.by_name) | set(graph.aliases) | ({self.sample} if self.sample else set())
        self.sampled = {node.name for node in graph.nodes if node.sampled}
        self.labels: Sequence[tuple[Sequence[Expression], Expression]] = ()
        self.spellings = graph.notation.spellings if graph.notation is not None else {}

    def know(self, names: Mapping[str, tuple[tuple[Axis, ...], bool]]) -> None:
        """Names outside the graph that may be written: the adjoints, with their axes and whether they are sampled."""
        for name, (axes, sampled) in names.items():
            self.extra[name] = axes
            self.reserved.add(name)
            if sampled:
                self.sampled.add(name)

    def write(self, expression: Expression, labels: Sequence[tuple[Sequence[Expression], Expression]] = ()) -> str:
        """The expression as one line. `labels` are names of products by their factors: a style may show them at the product."""
        self.free = free_variables(expression)
        self.labels = labels
        return self._write(expression, {}).text

    def form(self, form: Affine) -> str:
        """An integer form with its own letters."""
        return self.integer(form, {})

    # -- the grammar of a line --------------------------------------------------------------------------------------

    def _write(self, expression: Expression, names: Mapping[str, str]) -> Written:
        match expression:
            case Number(value):
                return self._number(value)
            case Figure(text):
                return self._figure(text)
            case Constant(name):
                return Written(self.constant(name))
            case Integer(form):
                level = ATOM if len(form.terms) + bool(form.constant) <= 1 and all(times == 1 for _, times in form.terms) else SUM
                return Written(self.integer(form, names), level)
            case Ref():
                return Written(self._ref(expression, names))
            case Add(terms):
                return self._sum(terms, names)
            case Mul():
                return self._product(expression, names)
            case Power(base, exponent):
                return self._power(base, exponent, names)
            case Apply(function, arguments, order):
                return self.call(function, order, [self._write(argument, names) for argument in arguments])
            case Fold():
                return self._fold(expression, names)
            case Bracket(condition):
                return self.choice(self._condition(condition, names), Written("1"), None)
            case Compare(relation, left, right):
                return Written(self.condition(relation, self._write(left, names).text, self._write(right, names).text), SUM)
            case Where(test, then, otherwise):
                return self._where(test, then, otherwise, names)
            case Ones(length):
                return self.ones(self.integer(length, names))
            case Whole():
                return self._whole(expression, names)
            case Partial(top, bottom, direct):
                return self.partial(self._ref(top, names), self._ref(bottom, names), direct)
            case _:
                raise TypeError(f"{type(expression).__name__} cannot be written")

    def _number(self, value: Fraction) -> Written:
        if value < 0:
            return Written("-" + self.number(-value).text, SUM)
        return self.number(value)

    def _figure(self, text: str) -> Written:
        mantissa, _, exponent = text.removeprefix("-").partition("e")
        written = self.figure(mantissa, exponent)
        return Written("-" + self._bracketed(written, PRODUCT), SUM) if text.startswith("-") else written

    def _ref(self, ref: Ref, names: Mapping[str, str]) -> str:
        return self.name(ref.name, [self.integer(index, names) for index in self.indices(ref)])

    def indices(self, ref: Ref) -> Sequence[Affine]:
        """The indices of a mention that are written."""
        of_sample = ref.name in self.sampled and ref.indices and ref.indices[0].variable == self.sample
        indices = ref.indices[1:] if of_sample else ref.indices
        node = self.graph.by_name.get(ref.name)
        axes = (self.extra.get(ref.name) or (() if node is None else node.axes))[int(ref.name in self.sampled) :]
        if axes and len(indices) == len(axes) and any(axis.single for axis in axes):
            alone = all(axis.single for axis in axes)  # an array with one entry is written without its index
            indices = () if alone else tuple(axis.low if axis.single else index for index, axis in zip(indices, axes, strict=True))
        with_sample = of_sample and self.graph.samples is not None and self.graph.samples.written and not ref.name.endswith(f"_{self.sample}")
        return (*ref.indices[:1], *indices) if with_sample else indices

    def _picked(self, atom: Atom, names: Mapping[str, str]) -> str | None:
        """A place that a node says, inside of brackets."""
        return self._ref(atom.ref, names) if isinstance(atom, Pick) else None

    def _sum(self, terms: Sequence[Expression], names: Mapping[str, str]) -> Written:
        text = ""
        for place, term in enumerate(terms):
            negative, positive = split_sign(term)
            written = self._write(positive, names)
            shown = self._bracketed(written, PRODUCT)
            if place == 0:
                text = f"-{shown}" if negative else written.text if isinstance(positive, Figure) else shown
            else:
                text += self.gap + (f" - {shown}" if negative else f" + {shown}")
        return Written(text, SUM)

    def _product(self, expression: Mul, names: Mapping[str, str]) -> Written:
        negative, positive = split_sign(expression)
        if negative:
            return Written("-" + self._bracketed(self._write(positive, names), PRODUCT), SUM)
        if not isinstance(positive, Mul):
            return self._write(positive, names)
        return self._joined(self._pieces(positive.factors, names, self._joined))

    def _pieces(self, factors: Sequence[Expression], names: Mapping[str, str], joined: Callable[[Sequence[Written]], Written]) -> list[Written]:
        """The factors of a product, those that are divided by below the ones in front of them."""
        pieces: list[Written] = []
        above: list[Written] = []
        below: list[Written] = []

        def close() -> None:
            if below:
                top = joined(above) if above else self._number(Fraction(1))
                pieces.append(self.fraction(top, joined(below)))
            else:
                pieces.extend(above)
            above.clear()
            below.clear()

        for factor in self._with_labels(factors, names):
            if isinstance(factor, Written):
                if below:
                    close()
                above.append(factor)
                continue
            under = inverse(factor)
            if under is not None:
                below.append(self._write(under, names))
                continue
            if isinstance(factor, Number) and factor.value.denominator > 1 and shown_as_fraction(factor.value):
                below.append(self._number(Fraction(factor.value.denominator)))
                if factor.value.numerator != 1:
                    above.append(self._number(Fraction(factor.value.numerator)))
                continue
            if below:
                close()
            above.append(self._write(factor, names))
        close()
        return pieces

    def _whole(self, expression: Whole, names: Mapping[str, str]) -> Written:
        match expression:
            case Hadamard(factors):
                return self._entrywise(self._pieces(factors, names, self._entrywise))
            case MatrixProduct(factors):
                parts = [self._write(factor, names) for factor in factors]
                return self.matrix_product([self._bracketed(part, CHAIN, last=part is parts[-1]) for part in parts])
            case Transposed((operand,)):
                return self.transposed(self._write(operand, names))
            case Diagonal((operand,)):
                return self.call("diag", 0, [self._write(operand, names)])
            case Total((operand,), rank):
                root = squared(operand)
                return self.total(self._write(operand if root is None else root, names), rank, squared=root is not None)
            case _:
                raise TypeError(f"{type(expression).__name__} cannot be written")

    def _entrywise(self, parts: Sequence[Written]) -> Written:
        return parts[0] if len(parts) == 1 else self.entrywise(parts)

    def _with_labels(self, factors: Sequence[Expression], names: Mapping[str, str]) -> Iterator[Expression | Written]:
        """The factors, those that have a name together already written. Inside of them, shorter ones may have names too."""
        at = 0
        while at < len(factors):
            label = next((each for each in self.labels if tuple(factors[at : at + len(each[0])]) == tuple(each[0])), None)
            if label is None:
                yield factors[at]
                at += 1
                continue
            outside = self.labels
            self.labels = [each for each in outside if len(each[0]) < len(label[0])]
            body = self._write(mul(*label[0]), names)
            self.labels = outside
            yield self.labelled(body, self._write(label[1], names).text)
            at += len(label[0])

    def _joined(self, parts: Sequence[Written]) -> Written:
        if len(parts) == 1:
            return parts[0]
        texts = [self.brackets(part.text) if part.level == CHAIN else self._bracketed(part, PRODUCT, last=False) for part in parts[:-1]]
        texts.append(self._bracketed(parts[-1], PRODUCT))
        return Written(self.product(texts), PRODUCT, parts[-1].open)

    def _bracketed(self, written: Written, level: int, *, last: bool = True) -> str:
        if written.level < level or (written.open and not last):
            return self.brackets(written.text)
        return written.text

    def _power(self, base: Expression, exponent: Expression, names: Mapping[str, str]) -> Written:
        if isinstance(exponent, Number) and exponent.value < 0:
            return self.fraction(self._number(Fraction(1)), self._write(power(base, num(-exponent.value)), names))
        if isinstance(exponent, Number) and exponent.value == Fraction(1, 2):
            return self.call("sqrt", 0, [self._write(base, names)])
        return self.raised(self._write(base, names), self._write(exponent, names))

    def _fold(self, fold: Fold, names: Mapping[str, str]) -> Written:
        if fold.bound.axis.single and fold.kind in ("sum", "prod"):
            return self._write(reindex(fold.body, {fold.bound.name: fold.bound.axis.low}), names)
        letter = self._letter(fold, names)
        inner = {**names, fold.bound.name: letter}
        body = self._write(fold.body, inner)
        axis = fold.bound.axis
        ends = None if self._plain(fold) else (self.integer(axis.low, names), self.integer(axis.high, names))
        at = None if fold.at is None else self.integer(fold.at, names)
        return self.fold(fold, letter, body, ends, at)

    def _letter(self, fold: Fold, names: Mapping[str, str]) -> str:
        """A letter for a bound index: its own, unless that is free in the formula, bound outside, or a name there."""
        stem = fold.bound.name.split("#")[0]
        free = {names.get(name, name) for name in free_letters(fold)} | set(names.values()) | self.free
        if self.sample is not None and stem == self.sample and stem not in free:
            return stem
        return free_letter(stem, free | self.reserved)

    def _plain(self, fold: Fold) -> bool:
        """Whether a reader finds the range from where the index stands alone in the body."""
        if self.sample is not None and fold.bound.name == self.sample:
            return True
        found = list(self._alone(fold.body, fold.bound.name))
        return bool(found) and all(axis == fold.bound.axis for axis in found)

    def _alone(self, expression: Expression, name: str) -> Iterator[Axis]:
        for each in walk(expression):
            for ref in (each.top, each.bottom) if isinstance(each, Partial) else (each,) if isinstance(each, Ref) else ():
                for index, axis in zip(ref.indices, self._axes(ref.name), strict=False):
                    if index.variable == name:
                        yield axis

    def _axes(self, name: str) -> tuple[Axis, ...]:
        if name in self.extra:
            return self.extra[name]
        node = self.graph.by_name.get(name)
        if node is None:
            return ()
        main = next((piece for piece in node.pieces if len(piece.axes) == len(node.letters)), None)
        return tuple(axis for _, axis in main.axes) if main is not None else node.axes

    def _condition(self, condition: Condition, names: Mapping[str, str]) -> str:
        left, right = sides(condition)
        relation = {"=": "=", "!=": "!=", ">=": "<="}[condition.kind]
        if relation == "<=" and left.constant == 1 and left.terms and right.terms:
            left, relation = left - 1, "<"  # t + 1 <= T, which are whole numbers
        return self.condition(relation, self.integer(left, names), self.integer(right, names))

    def _where(self, test: Expression, then: Expression, otherwise: Expression, names: Mapping[str, str]) -> Written:
        if then == ZERO and otherwise != ZERO and isinstance(test, Bracket):
            test, then, otherwise = Bracket(test.condition.negated()), otherwise, ZERO
        shown = self._condition(test.condition, names) if isinstance(test, Bracket) else self._write(test, names).text
        if self.chained and (between := chain(test, then)) is not None:
            (low, middle, high), then = between
            shown = self.condition("<=", self.condition("<=", self.integer(low, names), self.integer(middle, names)), self.integer(high, names))
        return self.choice(shown, self._write(then, names), None if otherwise == ZERO else self._write(otherwise, names))
