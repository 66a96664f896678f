"""A judged calculation as a page and as a record: what was written, how it was read, whether it is right, and what is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backprop_derive.answers.claims import Claim, Counterexample, Verdict, all_correct
from backprop_derive.answers.statements import Place, Side, Statement
from backprop_derive.calculus.derivation import Derivation
from backprop_derive.errors import counted
from backprop_derive.graph.expressions import Compare, Expression, Partial, Ref, free_variables, refs, reindex, walk
from backprop_derive.graph.indices import Axis, variable
from backprop_derive.presentation.document import FORMAT, Block, Document, Heading, Paragraph, Quotation, Table, Text
from backprop_derive.presentation.presenting import adjoint_axes

ONLY_WHETHER, WHICH_LINE, WHICH_FACTOR, EVERYTHING = range(4)
"""How much is told of a mistake."""

_RIGHT = ("equal", "equal-if")
_LONGEST_SHOWN = 2_000


def present_judgement(claims: Sequence[Claim], derivation: Derivation, *, hint: int = EVERYTHING) -> Document:
    """The page of a judged calculation. `hint`: 0 only whether it is right, 1 which line, 2 which factor, 3 also what is right."""
    page = _Page(claims, derivation, hint)
    names = {**adjoint_axes(derivation), **dict(_own_names(claims, derivation))}
    return Document(tuple(page.blocks()), page.record(), derivation.graph, names)


class _Page:
    """The blocks of a page. What is to be noted of several lines is told once, at the end."""

    def __init__(self, claims: Sequence[Claim], derivation: Derivation, hint: int) -> None:
        self.claims, self.derivation, self.graph, self.hint = claims, derivation, derivation.graph, hint
        self.judged = [claim for claim in claims if claim.asked or claim.verdict.outcome != "unreadable"]
        self.listed = [claim for claim in claims if claim not in self.judged]
        self.told: set[str] = set()
        notes = [note for claim in self.judged for note in claim.verdict.notes]
        self.common = [note for note in dict.fromkeys(notes) if notes.count(note) > 1]

    # -- the page -------------------------------------------------------------------------------------------------------

    def blocks(self) -> Iterator[Block]:
        yield Heading(1, (f"Your calculation: {self.graph.title}" if self.graph.title else "Your calculation",))
        if self.graph.notation is not None:
            yield Paragraph((f"In the notation of {self.graph.notation.title}.",))
        if self.hint > ONLY_WHETHER:
            for claim in self.judged:
                yield from self._claim(claim)
            if self.listed:
                yield Heading(2, ("Not judged, since it cannot be read",))
                yield Table((), tuple(((_where(claim),), (_short(claim.text),), (claim.problem,)) for claim in self.listed))
            yield Heading(2, ("Result",))
        yield Paragraph((self._summary(),))
        if self.hint > ONLY_WHETHER and self.common:
            yield Table((), tuple((("note",), (note,)) for note in self.common))

    def _claim(self, claim: Claim) -> Iterator[Block]:
        yield Heading(2, (f"{_where(claim)}: {_said(claim)}",))
        yield Quotation(claim.text[:_LONGEST_SHOWN], tuple(self._marks(claim)))
        yield Table((), tuple(self._rows(claim)))

    def _marks(self, claim: Claim) -> Iterator[tuple[int, int]]:
        if claim.span is not None:
            yield claim.span
        if self.hint >= WHICH_FACTOR:
            yield from (mistake.span for mistake in claim.mistakes if mistake.span is not None)

    def _rows(self, claim: Claim) -> Iterator[tuple[Text, Text]]:
        if claim.statement is not None:
            yield ("read as",), (_equation(claim),)
            yield from ((("",), (note,)) for note in self._new_notes(claim.statement))
        yield ("verdict",), (_said_fully(claim),)
        if self.hint >= WHICH_FACTOR:
            yield from self._mistakes(claim)
        yield from ((("note",), (note,)) for note in claim.verdict.notes if note not in self.common)
        if claim.hint:
            yield ("hint",), (claim.hint,)
        if claim.correction is not None and self.hint >= EVERYTHING:
            left = _left(claim)
            yield ("right",), (claim.correction,) if left is None else (left, " = ", claim.correction)
        example = claim.verdict.counterexample
        if example is not None and self.hint >= WHICH_FACTOR and claim.consistent_with is None:
            yield ("for example",), (_example(example),)

    def _new_notes(self, statement: Statement) -> list[str]:
        """How names were read, each told once."""
        new = [note for side in statement.sides for note in side.notes if note not in self.told]
        self.told.update(new)
        return list(dict.fromkeys(new))

    def _mistakes(self, claim: Claim) -> Iterator[tuple[Text, Text]]:
        if claim.verdict.outcome == "different" and not claim.mistakes and claim.consistent_with is None:
            yield ("mistake",), ("what was done here is not among the mistakes that are known",)
        for mistake in claim.mistakes:
            told = mistake.explanation if self.hint >= EVERYTHING else f"look at {mistake.factor}" if mistake.factor else "look at the marked part"
            yield (mistake.kind.replace("-", " "),), (told,)

    def _summary(self) -> str:
        """The last line: how many are right, and where the first mistake is."""
        outcomes = [claim.verdict.outcome for claim in self.judged]
        right = sum(outcome in _RIGHT for outcome in outcomes)
        first = next((claim for claim in self.judged if claim.verdict.outcome == "different"), None)
        if self.hint == ONLY_WHETHER:
            return {True: "It is right.", False: "There is a mistake in it.", None: "It could not be judged as a whole."}[all_correct(self.claims)]
        if len(self.judged) == 1:
            return f"The answer is {'right' if outcomes[0] in _RIGHT else _said(self.judged[0])}." if outcomes[0] != "unreadable" else "The answer cannot be read."
        if outcomes and right == len(outcomes):
            return f"All {right} lines are right."
        told = f"{right} of {counted(len(outcomes), 'line', 'lines')} {'is' if right == 1 else 'are'} right"
        carried = sum(claim.consistent_with is not None for claim in self.judged)
        told += f", {counted(carried, 'line only carries', 'lines only carry')} an earlier mistake on" if carried else ""
        for outcome, word in (("unreadable", "cannot be read"), ("undecided", "undecided"), ("close", "close")):
            told += f", {outcomes.count(outcome)} {word}" if outcome in outcomes else ""
        return told + "." + (f" The first mistake: {_where(first)}." if first is not None else "")

    # -- the record -------------------------------------------------------------------------------------------------------

    def record(self) -> dict[str, Any]:
        claims = [self._claim_record(claim) for claim in self.claims] if self.hint > ONLY_WHETHER else []
        return {"format": FORMAT, "correct": all_correct(self.claims), "claims": claims}

    def _claim_record(self, claim: Claim) -> dict[str, Any]:
        factors, everything = self.hint >= WHICH_FACTOR, self.hint >= EVERYTHING
        mistakes = [{"kind": each.kind, "explanation": each.explanation if everything else None, "factor": each.factor} for each in claim.mistakes]
        example = claim.verdict.counterexample if factors else None
        return {
            "where": str(claim.place),
            "text": claim.text,
            "read_as": _equation(claim) if claim.statement is not None else None,
            "verdict": claim.verdict.outcome,
            "certainty": claim.verdict.certainty,
            "follows": claim.follows,
            "consistent_with": None if claim.consistent_with is None else str(claim.consistent_with),
            "mistakes": mistakes if factors else [],
            "correction": claim.correction if everything else None,
            "counterexample": None if example is None else _example_record(example),
            "assumptions": list(claim.verdict.assumptions),
            "notes": list(claim.verdict.notes),
            "reason": claim.verdict.reason or None,
        }


# -- words --------------------------------------------------------------------------------------------------------------


def _where(claim: Claim) -> str:
    """`homework.tex:12:5`; in a text that is no file, `line 12`; the weight, for an answer on the command line."""
    return _place(claim.place) or claim.key or "the answer"


def _place(place: Place) -> str:
    return f"line {place.line}" if place.file in ("", "-") and place.line is not None else str(place)


def _said(claim: Claim) -> str:
    if claim.consistent_with is not None:
        return "carries a mistake on"
    words = {"equal": "right", "equal-if": "right", "close": "close", "different": "wrong", "unreadable": "cannot be read", "undecided": "undecided"}
    return words[claim.verdict.outcome]


def _said_fully(claim: Claim) -> str:
    """One sentence for a student: the verdict, and how the line stands to the others."""
    verdict = claim.verdict
    if verdict.outcome == "equal":
        named = ", though it still names derivatives that can be worked out" if claim.key and _names_derivatives(claim) else ""
        return f"right, though it does not follow from the line above{named}" if claim.follows is False else f"right{named}"
    if verdict.outcome == "unreadable":
        return f"cannot be read: {claim.problem}"
    if verdict.outcome != "different":
        return _of_verdict(verdict)
    if claim.consistent_with is not None:
        return f"it follows correctly, but from the mistake at {_place(claim.consistent_with)}"
    above = "it does not follow from what stands above" if claim.follows is False else ""
    return "; ".join(each for each in ("wrong", above, verdict.reason) if each)


def _of_verdict(verdict: Verdict) -> str:
    """A verdict in words."""
    match verdict.outcome:
        case "equal-if":
            return f"right if {' and '.join(verdict.assumptions)}"
        case "close":
            return verdict.reason or "close: it is not right to all its digits; was something rounded on the way?"
        case "equal":
            return "right"
        case "different":
            return f"wrong; {verdict.reason}" if verdict.reason else "wrong"
        case "unreadable":
            return f"cannot be read: {verdict.reason}"
        case "undecided":
            return f"undecided: {verdict.reason}"


def verdict_rows(verdict: Verdict) -> Iterator[tuple[Text, Text]]:
    """A verdict alone: how sure it is, what is to be noted, and where the two sides differ."""
    yield ("verdict",), (_of_verdict(verdict),)
    if verdict.outcome in ("equal", "equal-if"):
        yield ("certainty",), ("proved" if verdict.certainty == "proved" else "both sides agree at random points, to 40 digits",)
    yield from ((("note",), (note,)) for note in verdict.notes)
    if verdict.counterexample is not None:
        yield ("for example",), (_example(verdict.counterexample),)


def _names_derivatives(claim: Claim) -> bool:
    statement = claim.statement
    return statement is not None and any(isinstance(each, Partial) for each in walk(statement.sides[-1].expression))


def _example(example: Counterexample) -> str:
    values = ", ".join(f"{name} = {value}" for name, value in example.values.items())
    entry = f"entry [{example.entry}] of " if example.entry else ""
    return f"{f'at {values}' if values else 'at the values of the spec'}: {entry}yours is {example.claimed}, right is {example.right}"


def _example_record(example: Counterexample) -> dict[str, Any]:
    return {"values": dict(example.values), "claimed": example.claimed, "right": example.right, "entry": example.entry or None}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


# -- formulas -----------------------------------------------------------------------------------------------------------


def _left(claim: Claim) -> Expression | None:
    return claim.about.expression if claim.about is not None else None


def _equation(claim: Claim) -> Expression:
    """What was understood, as one equation."""
    statement = claim.statement
    assert statement is not None
    sides = statement.sides
    if statement.defines is None and claim.about is not None and claim.about.expression != sides[0].expression:
        sides = (claim.about, *sides)
    first = next((side for side in sides if side.letters), sides[0])
    parts = [_in_letters_of(first, side) for side in sides]
    if statement.defines is not None:
        parts = [Ref(statement.defines, tuple(map(variable, sides[0].letters))), *parts]
    joined = parts[0]
    for part in parts[1:]:
        joined = Compare("=", joined, part)
    return joined


def _in_letters_of(first: Side, side: Side) -> Expression:
    """A side with the letters of another that has the same axes: whole arrays have no letters of their own."""
    if side.axes != first.axes or set(side.letters) == set(first.letters):
        return side.expression
    return reindex(side.expression, {old: variable(new) for old, new in zip(side.letters, first.letters, strict=True)})


def _own_names(claims: Sequence[Claim], derivation: Derivation) -> Iterator[tuple[str, tuple[tuple[Axis, ...], bool]]]:
    """The names that the calculation has brought in, for whoever writes them."""
    samples = None if derivation.graph.samples is None else derivation.graph.samples.index
    known = {*derivation.graph.by_name, *derivation.names.values()}
    for statement in (claim.statement for claim in claims if claim.statement is not None):
        for each in (each for side in statement.sides for each in refs(side.expression)):
            if each.name not in known and each.indices:
                yield each.name, ((), each.indices[0].variable == samples)
        if statement.defines is not None:
            first = statement.sides[0]
            yield statement.defines, (first.axes, samples in free_variables(first.expression))
