"""What a style of writing says: how each thing is spelled. `presentation.writing` decides what stands where."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from backprop_derive.graph.expressions import Fold
from backprop_derive.graph.indices import Affine

SUM, PRODUCT, CHAIN, POWER, ATOM = 1, 2, 3, 4, 5  # a chain is a product of matrices


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of text, how tightly it holds together, and whether it swallows what follows (as Σ does)."""

    text: str
    level: int = ATOM
    open: bool = False


class Style(ABC):
    """How each thing is spelled."""

    @abstractmethod
    def name(self, name: str, indices: Sequence[str]) -> str:
        """A node at its indices."""

    @abstractmethod
    def number(self, value: Fraction) -> Written:
        """A number that is not negative."""

    @abstractmethod
    def figure(self, mantissa: str, exponent: str) -> Written:
        """A decimal number that is not negative, perhaps times a power of ten."""

    @abstractmethod
    def integer(self, form: Affine, names: Mapping[str, str]) -> str:
        """An integer form; `names` are the letters of bound indices."""

    @abstractmethod
    def product(self, parts: Sequence[str]) -> str:
        """Factors side by side."""

    @abstractmethod
    def entrywise(self, parts: Sequence[Written]) -> Written:
        """Arrays multiplied entry by entry."""

    @abstractmethod
    def matrix_product(self, parts: Sequence[str]) -> Written:
        """Matrices and vectors side by side."""

    @abstractmethod
    def transposed(self, operand: Written) -> Written:
        """The transpose."""

    @abstractmethod
    def ones(self, length: str) -> Written:
        """The column of ones."""

    @abstractmethod
    def total(self, operand: Written, rank: int, *, squared: bool) -> Written:
        """The sum of all entries of a vector or a matrix, or of their squares."""

    @abstractmethod
    def fraction(self, numerator: Written, denominator: Written) -> Written:
        """A quotient."""

    @abstractmethod
    def raised(self, base: Written, exponent: Written) -> Written:
        """A power."""

    @abstractmethod
    def brackets(self, text: str) -> str:
        """Round brackets."""

    @abstractmethod
    def call(self, function: str, order: int, arguments: Sequence[Written]) -> Written:
        """A function at its arguments."""

    @abstractmethod
    def fold(self, fold: Fold, letter: str, body: Written, axis: tuple[str, str] | None, at: str | None) -> Written:
        """Something over an index. `axis` is None where the range is plain from the body."""

    @abstractmethod
    def condition(self, relation: str, left: str, right: str) -> str:
        """A comparison."""

    @abstractmethod
    def choice(self, test: str, then: Written, otherwise: Written | None) -> Written:
        """`then` where the test holds, else `otherwise`; None is 0."""

    @abstractmethod
    def partial(self, top: str, bottom: str, direct: bool) -> Written:
        """A partial derivative by name."""

    @abstractmethod
    def constant(self, name: str) -> str:
        """`pi` or `e`."""

    def labelled(self, body: Written, label: str) -> Written:  # noqa: ARG002
        """A product that has a name. Text shows the product alone."""
        return body
