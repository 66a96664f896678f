"""What is said of a hand calculation: results, not exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from backprop_derive.answers.statements import Place, Side, Statement
from backprop_derive.calculus.derivation import Derivation
from backprop_derive.graph.expressions import Expression
from backprop_derive.shown import Shown

Outcome = Literal["equal", "equal-if", "close", "different", "unreadable", "undecided"]
Certainty = Literal["proved", "sampled"]


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Values of the leaves, small and readable, at which the two sides differ, and what each side is there."""

    values: Mapping[str, str]
    claimed: str
    right: str
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Verdict(Shown):
    """Whether two sides are equal.

    `assumptions` are what `equal-if` needs. `notes` say what is right about the answer, which sizes were tried, which
    side of a kink was not seen. `reason` says why it is `undecided`.
    """

    outcome: Outcome
    certainty: Certainty = "sampled"
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""
    counterexample: Counterexample | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """One cause of a wrong answer: a row of the table of mistakes, found by replay.

    `explanation` is a sentence for a student; `factor` is the partial or the part of the answer that it concerns, as text.
    `span` is where that part stands in the statement's text, if it stands there.
    """

    kind: str
    explanation: str
    factor: str = ""
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of a hand calculation, judged.

    `text` is what stands at `place`; the spans of mistakes are offsets into it, and so is `span`, the part that cannot be read.
    `about` is the left side, also where it stands
    above; `key` is the weight that it answers, where answers have one; `asked`: it must be readable, or the command fails. `verdict` is about the network: is it true? `follows` is about the line before: does it follow from it? (None where there
    is none.) `consistent_with` is the place of an earlier wrong line that this one only carries on. `correction` is the
    right line as an expression over the nodes.
    """

    place: Place
    text: str
    verdict: Verdict
    statement: Statement | None = None
    about: Side | None = None
    key: str = ""
    asked: bool = True
    follows: bool | None = None
    consistent_with: Place | None = None
    mistakes: tuple[Mistake, ...] = ()
    correction: Expression | None = None
    problem: str = ""
    hint: str = ""
    span: tuple[int, int] | None = None


class Judgement(tuple[Claim, ...], Shown):
    """The claims of a calculation, and the derivation that they were judged by."""

    derivation: Derivation

    def __new__(cls, claims: Iterable[Claim], derivation: Derivation) -> Judgement:
        judgement = super().__new__(cls, claims)
        judgement.derivation = derivation
        return judgement

    def __repr__(self) -> str:
        return f"Judgement({', '.join(claim.verdict.outcome for claim in self)})"


def all_correct(claims: Sequence[Claim]) -> bool | None:
    """True: all are equal, or equal under an assumption that is said; False: one is different; None: that is not known."""
    judged = [claim.verdict.outcome for claim in claims if claim.asked or claim.verdict.outcome != "unreadable"]
    if "different" in judged:
        return False
    return True if judged and all(outcome in ("equal", "equal-if") for outcome in judged) else None
