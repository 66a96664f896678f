"""The syntax tree of a formula as it was written: names are not looked up yet.

Every node keeps `start` and `end`, offsets into the text it was read from, so that whoever finds a fault later can
point at it. Positions do not take part in comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from backprop_derive.frozen import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """A piece of a formula."""

    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    def children(self) -> Iterator[Syntax]:
        """The pieces directly below this one."""
        names: tuple[str, ...] = type(self).__match_args__  # those given in order: all but where it stands
        for name in names:
            value = getattr(self, name)
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Syntax):
                    yield item
                elif isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], Syntax):
                    yield item[1]

    def walk(self) -> Iterator[Syntax]:
        """This piece and all below it, outermost first."""
        yield self
        for child in self.children():
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Numeral(Syntax):
    """`0.50`: the value is exact; `text` keeps the digits that were written."""

    text: str
    value: Fraction


@dataclass(frozen=True, slots=True)
class Name(Syntax):
    """`y'`, `W1[2,1]`: a canonical name and the indices behind it."""

    name: str
    indices: tuple[Syntax, ...] = ()


@dataclass(frozen=True, slots=True)
class Negative(Syntax):
    """`-x`."""

    operand: Syntax


@dataclass(frozen=True, slots=True)
class Binary(Syntax):
    """`left operator right`, operator one of `+ - * / ^ @`."""

    operator: str
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True)
class Product(Syntax):
    """Factors side by side as people write them, whose grouping depends on their shapes: `W^T δ ⊙ σ'(z) x^T`.

    `operators` stand between them: `*`, `/`, `@`, `·` (of matrices where both are arrays), `⊙` (entry by entry), or nothing.
    """

    factors: tuple[Syntax, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Syntax):
    """`left operator right`, operator one of `= != < <= > >=`."""

    operator: str
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True)
class Call(Syntax):
    """`f_B''(z)`: the function's name as written, primes included, its arguments and its `option=value` pairs."""

    function: str
    arguments: tuple[Syntax, ...]
    options: tuple[tuple[str, Syntax], ...] = ()


@dataclass(frozen=True, slots=True)
class Derivative(Syntax):
    """`dL/dv1`, or `d+L/dv1` when only the direct mention of `v1` in `L` is meant."""

    top: Name
    bottom: Name
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Transpose(Syntax):
    """`W^T`."""

    operand: Syntax
