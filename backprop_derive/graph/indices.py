"""Integer forms: what stands in index brackets, in ranges and in conditions on indices.

An `Affine` is a sum of integer multiples of atoms and a constant, such as `2*t + k - 1` or `n - k + 1`. Index
variables and sizes are different kinds of atom, and neither can meet the name of a node, so nothing is captured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from backprop_derive.frozen import dataclass

if TYPE_CHECKING:
    from backprop_derive.graph.expressions import Ref


@dataclass(frozen=True, slots=True)
class Variable:
    """An index: bound by a sum, or running over an axis of the node that is defined."""

    name: str


@dataclass(frozen=True, slots=True)
class Size:
    """A symbolic length: `n`, `T`, the number of samples `m`. Never negative."""

    name: str


@dataclass(frozen=True, slots=True)
class Quotient:
    """`⌊numerator / divisor⌋`, with a positive divisor."""

    numerator: Affine
    divisor: int


@dataclass(frozen=True, slots=True)
class Product:
    """The product of two integer forms, such as the size `n*d`."""

    left: Affine
    right: Affine


@dataclass(frozen=True, slots=True)
class Pick:
    """The value of an integer node, used as an index: the place of a maximum, a row to look up."""

    ref: Ref


Atom = Variable | Size | Quotient | Product | Pick
IndexMap = Mapping[str, "Affine"]


@dataclass(frozen=True, slots=True)
class Affine:
    """`Σ coefficient·atom + constant`; terms are kept sorted, without zeros, so equal forms compare equal."""

    terms: tuple[tuple[Atom, int], ...] = ()
    constant: int = 0

    def __add__(self, other: Affine | int) -> Affine:
        if isinstance(other, int):
            return Affine(self.terms, self.constant + other)
        gathered = dict(self.terms)
        for atom, coefficient in other.terms:
            gathered[atom] = gathered.get(atom, 0) + coefficient
        return _affine(gathered, self.constant + other.constant)

    def __neg__(self) -> Affine:
        return self * -1

    def __sub__(self, other: Affine | int) -> Affine:
        return self + (-other)

    def __mul__(self, factor: int) -> Affine:
        return _affine({atom: coefficient * factor for atom, coefficient in self.terms}, self.constant * factor)

    def times(self, other: Affine) -> Affine:
        """The product of two forms; a symbolic one stays a product."""
        if not other.terms:
            return self * other.constant
        if not self.terms:
            return other * self.constant
        return Affine(((Product(self, other), 1),))

    def coefficient(self, name: str) -> int:
        """How often the variable `name` is counted at the top level of this form."""
        return dict(self.terms).get(Variable(name), 0)

    @property
    def number(self) -> int | None:
        """The value, if it is a plain number."""
        return None if self.terms else self.constant

    @property
    def variable(self) -> str | None:
        """The name, if the form is one bare index variable."""
        if len(self.terms) == 1 and self.constant == 0 and self.terms[0][1] == 1:
            atom = self.terms[0][0]
            return atom.name if isinstance(atom, Variable) else None
        return None

    def atoms(self) -> Iterator[Atom]:
        """Every atom, also those inside quotients, products and picks."""
        for atom, _ in self.terms:
            yield atom
            for inner in _inner(atom):
                yield from inner.atoms()

    def variables(self) -> set[str]:
        """The names of all index variables in the form."""
        return {atom.name for atom in self.atoms() if isinstance(atom, Variable)}

    def sizes(self) -> set[str]:
        """The names of all sizes in the form."""
        return {atom.name for atom in self.atoms() if isinstance(atom, Size)}

    def substitute(self, values: IndexMap) -> Affine:
        """The form with index variables replaced, all at once."""
        if not values or all(isinstance(atom, Size) or (isinstance(atom, Variable) and atom.name not in values) for atom, _ in self.terms):
            return self
        total = Affine((), self.constant)
        for atom, coefficient in self.terms:
            total = total + _substituted(atom, values) * coefficient
        return total

    def with_picks(self, change: Callable[[Ref], Ref]) -> Affine:
        """The form with other nodes in the places of those whose values it depends on."""
        if not any(isinstance(atom, Pick) for atom in self.atoms()):
            return self
        total = Affine((), self.constant)
        for atom, coefficient in self.terms:
            total = total + _picking(atom, change) * coefficient
        return total

    def resize(self, sizes: Mapping[str, int]) -> Affine:
        """The form with sizes replaced by numbers."""
        total = Affine((), self.constant)
        for atom, coefficient in self.terms:
            if isinstance(atom, Size) and atom.name in sizes:
                total = total + sizes[atom.name] * coefficient
            elif isinstance(atom, Quotient):
                total = total + quotient(atom.numerator.resize(sizes), atom.divisor) * coefficient
            elif isinstance(atom, Product):
                total = total + atom.left.resize(sizes).times(atom.right.resize(sizes)) * coefficient
            elif isinstance(atom, Pick):
                indices = tuple(index.resize(sizes) for index in atom.ref.indices)
                total = total + Affine(((Pick(type(atom.ref)(atom.ref.name, indices)), 1),)) * coefficient
            else:
                total = total + Affine(((atom, 1),)) * coefficient
        return total


def number(value: int) -> Affine:
    """The form that is just `value`."""
    return Affine((), value)


def variable(name: str) -> Affine:
    """The form that is just the index `name`."""
    return Affine(((Variable(name), 1),))


def size(name: str) -> Affine:
    """The form that is just the size `name`."""
    return Affine(((Size(name), 1),))


def quotient(numerator: Affine, divisor: int) -> Affine:
    """`⌊numerator / divisor⌋`, worked out where it is a number."""
    if numerator.number is not None:
        return number(numerator.number // divisor)
    return numerator if divisor == 1 else Affine(((Quotient(numerator, divisor), 1),))


@dataclass(frozen=True, slots=True)
class Axis:
    """An index runs from `low` to `high`, both included."""

    low: Affine
    high: Affine

    @property
    def length(self) -> Affine:
        """How many places there are."""
        return self.high - self.low + 1

    @property
    def single(self) -> bool:
        """Whether there is one place, whatever the sizes."""
        return self.low == self.high

    def substitute(self, values: IndexMap) -> Axis:
        """The axis with index variables in its ends replaced."""
        return Axis(self.low.substitute(values), self.high.substitute(values))

    def resize(self, sizes: Mapping[str, int]) -> Axis:
        """The axis with sizes replaced by numbers."""
        return Axis(self.low.resize(sizes), self.high.resize(sizes))


def axis_to(high: Affine) -> Axis:
    """The axis `1..high`."""
    return Axis(number(1), high)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on indices: `form = 0`, `form != 0` or `form >= 0`. Written `[form = 0]` (an Iverson bracket)."""

    kind: Literal["=", "!=", ">="]
    form: Affine

    def substitute(self, values: IndexMap) -> Condition:
        """The condition with index variables replaced."""
        return Condition(self.kind, self.form.substitute(values))

    def resize(self, sizes: Mapping[str, int]) -> Condition:
        """The condition with sizes replaced by numbers."""
        return Condition(self.kind, self.form.resize(sizes))

    def negated(self) -> Condition:
        """The opposite condition; for integers, `not form >= 0` is `-form - 1 >= 0`."""
        if self.kind == ">=":
            return Condition(">=", -self.form - 1)
        return Condition("!=" if self.kind == "=" else "=", self.form)

    @property
    def decided(self) -> bool | None:
        """True or False where the form is a plain number, else None."""
        value = self.form.number
        if value is None:
            return None
        return value >= 0 if self.kind == ">=" else (value == 0) == (self.kind == "=")


def equal(left: Affine, right: Affine) -> Condition:
    """`left = right`; the sign is chosen so that equal conditions compare equal."""
    form = left - right
    leading = form.terms[0][1] if form.terms else form.constant
    return Condition("=", -form if leading < 0 else form)


def at_least(left: Affine, right: Affine) -> Condition:
    """`left >= right`."""
    return Condition(">=", left - right)


def always(condition: Condition, ranges: Mapping[str, Axis], least: Mapping[str, int] | None = None) -> bool:
    """Whether a condition holds for every place of the `ranges` and every size.

    Sizes are at least 1, or `least[name]` where another bound is known. Only `>=` can be proved here (by putting each
    variable at its worst end, until none is left); False means "not proved", not "wrong".
    """
    condition = condition.substitute({name: axis.low for name, axis in ranges.items() if axis.single})
    if condition.decided is not None:
        return condition.decided
    if condition.kind != ">=":
        return False
    form = _without_quotient(condition.form)
    for _ in range(2 * len(ranges) + 2):
        free = [(atom, coefficient) for atom, coefficient in form.terms if isinstance(atom, Variable) and atom.name in ranges]
        if not free:
            break
        index, times = free[0]
        axis = ranges[index.name]
        worst = axis.low if times > 0 else axis.high
        form = form - Affine(((index, times),)) + worst * times
    total = form.constant
    for atom, coefficient in form.terms:
        if not isinstance(atom, Size) or coefficient < 0:
            return False
        total += coefficient * (1 if least is None else least.get(atom.name, 1))
    return total >= 0


def _without_quotient(form: Affine) -> Affine:
    """A form that is at least 0 exactly where the given one is: `⌊n/d⌋ ≥ c` where `n ≥ c·d`, `⌊n/d⌋ ≤ c` where `n ≤ c·d + d − 1`."""
    found = [(atom, coefficient) for atom, coefficient in form.terms if isinstance(atom, Quotient)]
    if len(found) != 1 or abs(found[0][1]) != 1:
        return form
    ((atom, sign),) = found
    assert isinstance(atom, Quotient)
    rest = form - Affine(((atom, sign),))
    return _without_quotient(atom.numerator + rest * atom.divisor if sign > 0 else rest * atom.divisor - atom.numerator + (atom.divisor - 1))


def _affine(gathered: Mapping[Atom, int], constant: int) -> Affine:
    kept = [(atom, coefficient) for atom, coefficient in gathered.items() if coefficient]
    return Affine(tuple(sorted(kept, key=_order)), constant)


def _order(term: tuple[Atom, int]) -> tuple[int, str]:
    atom = term[0]
    if isinstance(atom, Variable | Size):
        return (1 if isinstance(atom, Size) else 0, atom.name)
    return (2, repr(atom))


def _inner(atom: Atom) -> tuple[Affine, ...]:
    if isinstance(atom, Quotient):
        return (atom.numerator,)
    if isinstance(atom, Product):
        return (atom.left, atom.right)
    return atom.ref.indices if isinstance(atom, Pick) else ()


def _substituted(atom: Atom, values: IndexMap) -> Affine:
    if isinstance(atom, Variable):
        return values.get(atom.name, Affine(((atom, 1),)))
    if isinstance(atom, Quotient):
        return quotient(atom.numerator.substitute(values), atom.divisor)
    if isinstance(atom, Product):
        return atom.left.substitute(values).times(atom.right.substitute(values))
    if isinstance(atom, Pick):
        indices = tuple(index.substitute(values) for index in atom.ref.indices)
        return Affine(((Pick(type(atom.ref)(atom.ref.name, indices)), 1),))
    return Affine(((atom, 1),))


def _picking(atom: Atom, change: Callable[[Ref], Ref]) -> Affine:
    if isinstance(atom, Pick):
        return Affine(((Pick(change(type(atom.ref)(atom.ref.name, tuple(index.with_picks(change) for index in atom.ref.indices)))), 1),))
    if isinstance(atom, Quotient):
        return quotient(atom.numerator.with_picks(change), atom.divisor)
    if isinstance(atom, Product):
        return atom.left.with_picks(change).times(atom.right.with_picks(change))
    return Affine(((atom, 1),))
