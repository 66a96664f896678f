"""A name as it was written, and what is asked of those who know what names mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from backprop_derive.errors import FormulaError
from backprop_derive.frozen import dataclass, replace
from backprop_derive.language.syntax import Name, Syntax


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a name behind its letters: `digits` (the 1 of `W1`), `sub`, `label` (`^{(2)}`), `raised` (`^2`), or `index` (`[2]`).

    `text` is the part without blanks and marks (`A_1` is `A1`), `tree` the part as an index, where it can be one. Parts between
    the commas of one script have the same `group`.
    """

    kind: str
    text: str
    tree: Syntax | None = None
    group: int = 0


@dataclass(frozen=True, slots=True)
class Mention:
    """A name as it was written: letters (accents spelled out), primes, and the pieces behind, in order."""

    base: str
    primes: int = 0
    pieces: tuple[Piece, ...] = ()
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Letters:
    """The index letters around a name: those that sums bind, and those of them (or free ones) that stand for a sample.

    `stand_in` is what an index of units is called in the tree if it was written with the letter of the samples. `alone` are the letters
    that stand alone behind a name somewhere in the formula, with that name: `a_i`.
    """

    bound: tuple[str, ...] = ()
    samples: frozenset[str] = frozenset()
    stand_in: str = "i'"
    alone: frozenset[tuple[str, str]] = frozenset()

    def binding(self, letters: Sequence[str], *, sample: str | None = None) -> Letters:
        """Below a sum over `letters`, of which `sample` stands for a sample."""
        samples = (self.samples - {*letters}) | ({sample} if sample is not None else set())
        return replace(self, bound=(*self.bound, *letters), samples=frozenset(samples))

    def over_samples(self, letters: Sequence[str], sample: str) -> Letters:
        """Below a sum over the samples: no other letter stands for a sample there, so that two are never taken for one."""
        return replace(self, bound=(*self.bound, *letters), samples=frozenset({sample}))


NO_LETTERS = Letters()


class FinalError(FormulaError):
    """What no other way to read the text can mend."""


class SampleLetterError(FinalError):
    """A letter that was taken for an index of units has to be the sample's: who binds it reads its sum again."""

    def __init__(self, letter: str, mention: Mention) -> None:
        super().__init__(f"{letter!r} stands for a sample here, and for something else elsewhere", "", mention.start, mention.end)
        self.letter = letter


class Lexicon(Protocol):
    """What names mean."""

    def find(self, mention: Mention, letters: Letters) -> Syntax | None:
        """The quantity, index or constant that is mentioned, None if there is none.

        Raises FinalError where it could be several, SampleLetterError where it could be one if a letter is the sample's.
        """

    @property
    def sample_index(self) -> str | None:
        """The letter of the sample index, if there are samples."""

    def is_cost(self, tree: Syntax) -> bool:
        """Whether a piece is the cost or the loss."""

    def hypothesis(self, mention: Mention, argument: Syntax) -> Syntax | None:
        """The output of the network where the mention is what it is called as a function of the input, `h_θ(x)`; None where it is not."""

    def output_of(self, letter: str) -> Name | None:
        """The output of the network by the letter of its layers, as in ∇_a C; None where that is not its letter."""

    def cost_over(self, bottom: Name) -> Name | None:
        """The cost, whose gradient `∇W` is, where W is a parameter; else None."""

    def is_quantity(self, text: str) -> bool:
        """Whether a bare word is a quantity of the network."""

    def index_letter(self, letter: str, letters: Letters) -> str:
        """What an index letter is called in the tree: letters of samples have one name, and no other letter has that name."""

    def function(self, mention: Mention) -> str | None:
        """The function that is mentioned, primes included, None if there is none."""

    def remark(self, mention: Mention) -> str:
        """What is to be said of how a function was read; nothing where that is plain."""

    def unknown(self, mention: Mention) -> FormulaError:
        """What to say of a mention that means nothing."""

    def is_name(self, text: str) -> bool:
        """Whether a bare word is a name of the network: `T` is no transpose then, `e` not Euler's number."""
