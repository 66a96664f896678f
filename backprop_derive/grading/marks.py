"""What is found of one submission: plain data, which travels between processes and is written down as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from backprop_derive.answers.claims import Claim
from backprop_derive.errors import Problem
from backprop_derive.graph.expressions import Partial
from backprop_derive.graph.nodes import Graph

Outcome = Literal["equal", "equal-if", "close", "different", "unreadable", "undecided"]
LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Mark:
    """One claim of a submission. `weight` is what it gives the gradient of, `W1[2,1]` for one entry; empty for other lines.

    `carried`: it only carries an earlier mistake on. `mistake` is the kind, `explanation` what is said of it or why it could
    not be judged.
    """

    where: str
    weight: str
    text: str
    verdict: str
    follows: bool | None = None
    carried: bool = False
    mistake: str = ""
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Marked:
    """A submission with its marks. `failed` says why it could not be judged at all, empty if it could."""

    submission: str
    marks: tuple[Mark, ...]
    failed: str = ""

    def plain(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def marked_from(data: Mapping[str, Any]) -> Marked:
    """What `plain` gave. Raises LookupError and TypeError for anything else."""
    return Marked(str(data["submission"]), tuple(Mark(**mark) for mark in data["marks"]), str(data["failed"]))


def mark_of(claim: Claim, graph: Graph) -> Mark:
    """The mark of a claim."""
    mistakes = claim.mistakes
    explanation = "; ".join(each.explanation for each in mistakes) or claim.problem or claim.verdict.reason
    kind = " and ".join(dict.fromkeys(each.kind for each in mistakes))
    if claim.verdict.outcome == "different" and not mistakes and claim.consistent_with is None:
        kind = "unexplained"
    text = " ".join(claim.text.split())[:LONGEST_TEXT]
    return Mark(str(claim.place), weight_of(claim, graph), text, claim.verdict.outcome, claim.follows, claim.consistent_with is not None, kind, explanation)


def failure(submission: str, problem: Problem | str) -> Marked:
    """A submission that could not be judged."""
    text = problem if isinstance(problem, str) else str(problem)
    return Marked(submission, (), text)


def weight_of(claim: Claim, graph: Graph) -> str:
    """The weight whose gradient a claim gives, by the cost or by the loss of one sample."""
    found = None if claim.about is None else claim.about.expression
    if not isinstance(found, Partial) or found.top.name not in (graph.cost.name, graph.cost.loss):
        return ""
    node = graph.by_name.get(found.bottom.name)
    if node is None:
        return ""
    places = [index.number for index in found.bottom.indices[int(node.sampled) :]]
    if places and all(place is not None for place in places):
        return f"{node.name}[{','.join(map(str, places))}]"
    return node.name
