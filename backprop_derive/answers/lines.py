"""A calculation line by line: is each line true of the network, and does it follow from what stands above?

Names that the calculation defines are used below as they were written. Where a line is wrong, what correctly goes on from it is
said to be consistent with it, and not accused again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from backprop_derive.answers.carrying import Premise, carried, with_premises, with_twins
from backprop_derive.answers.claims import Certainty, Claim, Mistake, Verdict
from backprop_derive.answers.corrections import correction_of
from backprop_derive.answers.documents.passages import Passage
from backprop_derive.answers.identities import identity_of
from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.samples import includes_mean
from backprop_derive.answers.statements import Place, Side, Statement
from backprop_derive.answers.targets import entry_of, target_of
from backprop_derive.answers.vocabulary import Vocabulary
from backprop_derive.errors import FormulaError, UsageError
from backprop_derive.graph.expressions import ZERO, Apply, Expression, Partial, Ref, Where, walk
from backprop_derive.graph.expressions import replace as replace_in

Definitions = Mapping[str, Side]
_WORST_FIRST = ("different", "undecided", "close", "equal-if", "equal")
_RIGHT = ("equal", "equal-if", "close")


class Judge(Protocol):
    """Who decides whether two sides are equal, and finds out what went wrong."""

    def compare(self, left: Side, right: Side, definitions: Definitions) -> Verdict:
        """Whether an equation is true of the network."""

    def diagnose(self, left: Side, right: Side, definitions: Definitions) -> tuple[Mistake, ...]:
        """What was done wrong to get the right side."""

    def recognise(self, side: Side, definitions: Definitions) -> str | None:
        """The node of the network that has the values of a side; None if there is none."""

    def happens(self, side: Side, definitions: Definitions) -> bool:
        """Whether the condition of a conditional side holds at some random point."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What stands on the right of a left side so far: the last side, where, and whose fault it carries (None: it is right)."""

    side: Side
    place: Place
    fault: Place | None


def judged_lines(passages: Sequence[Passage], vocabulary: Vocabulary, judge: Judge, target: Side | None = None) -> tuple[Claim, ...]:
    """A claim a line, in order. `target` is what a formula without a left side is about."""
    calculation = _Calculation(vocabulary, judge, target)
    found = [claim for passage in passages for claim in calculation.line(passage)]
    return tuple(calculation.reconsidered(found))


@dataclass
class _Calculation:
    """Everything that has been written so far."""

    vocabulary: Vocabulary
    judge: Judge
    target: Side | None = None
    own: dict[str, Side] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    written: dict[Expression, _Written] = field(default_factory=dict)
    premises: dict[Expression, Premise] = field(default_factory=dict)
    with_mean: dict[Expression, Premise] = field(default_factory=dict)
    left: Side | None = None
    key: str | None = None
    needed_as_written: set[Expression] = field(default_factory=set)
    needed_as_meant: set[Expression] = field(default_factory=set)

    def line(self, passage: Passage) -> Iterator[Claim]:
        """The claim of one line; none where it says nothing."""
        if (passage.key, passage.entry) != (self.key or "", ()) or passage.entry:
            self.left = None
        self.key = passage.key
        try:
            statement = self._in_names_of_the_network(self._statement(passage))
            target = self._target(passage)
            equation = self._equation(statement, target, passage)
        except FormulaError as error:
            yield self._identity(passage) or _unreadable(passage, error)
            return
        except UsageError as error:
            yield Claim(passage.place, passage.written, Verdict("unreadable", reason=str(error)), key=passage.key, asked=passage.certain, problem=str(error))
            return
        if statement.defines is not None:
            yield from self._definition(passage, statement)
        elif equation is not None:
            claim = self._judged(passage, statement, *equation)
            if not (claim.verdict.outcome == "undecided" and self._gives_a_value(*equation)):
                yield claim

    def _statement(self, passage: Passage) -> Statement:
        """What a line says. An index that stands nowhere alone, as in `x[p + s - 1]`, is known if what is asked for has it."""
        try:
            return read_statement(passage.text, self.vocabulary, passage.place)
        except FormulaError:
            about = self.left or self._target(passage)
            if about is None or not about.letters:
                raise
            letters = dict(zip(about.letters, about.axes, strict=True))
            try:
                return read_statement(passage.text, self.vocabulary, passage.place, letters)
            except FormulaError:
                pass
            raise

    # -- what a line says -----------------------------------------------------------------------------------------------

    def _target(self, passage: Passage) -> Side | None:
        """What the line is about, where it has no left side of its own."""
        if not passage.key:
            return self.target
        target = target_of(passage.key, self.vocabulary)
        if not passage.entry or not target.letters:
            return target
        found = entry_of(target, passage.entry, self.vocabulary)
        if found is None and len(passage.entry) > 1:
            raise UsageError(f"{passage.key} has {len(target.letters)} indices; the answer is a list in {len(passage.entry)} levels")
        return found or target

    def _equation(self, statement: Statement, target: Side | None, passage: Passage) -> tuple[Side, tuple[Side, ...]] | None:
        """The left side, and the sides that are said to be equal to it; None for a formula that is said to be nothing."""
        if statement.defines is not None:
            return None
        if statement.continued:
            left = self.left or target
            if left is None:
                raise FormulaError("the line begins with =, and nothing stands above it", passage.text, 0, 1, hint="write what it is equal to, as in dL/dw = …")
            return (_under_condition(left, statement.sides[0], passage.text) if statement.conditional else left), statement.sides
        if len(statement.sides) > 1:
            return statement.sides[0], statement.sides[1:]
        if statement.conditional and (target is not None or passage.key):
            raise FormulaError("what is it elsewhere?", passage.text, 0, 1, hint="write a if z > 0 else b")
        if target is None:
            if passage.certain and passage.key:
                raise FormulaError("there is no = in this line", passage.text)
            return None
        return target, statement.sides

    def _identity(self, passage: Passage) -> Claim | None:
        """What is said of a function at any value, such as σ'(z) = σ(z)(1 − σ(z))."""
        found = identity_of(passage.text, self.vocabulary, passage.place)
        if found is None:
            return None
        statement, letter, stand_in = found
        left, *sides = statement.sides
        verdicts = [self.judge.compare(left, side, {**self.own, letter: stand_in}) for side in sides]
        verdict = min(verdicts, key=lambda each: _WORST_FIRST.index(each.outcome))
        if verdict.outcome not in _RIGHT:
            abstract = [each.function for each in walk(left.expression) if isinstance(each, Apply) and self.vocabulary.graph.functions.get(each.function, left) is None]
            if abstract:
                verdict = Verdict("undecided", reason=f"{abstract[0]} may be any function in this network")
            verdict = replace(verdict, counterexample=None)
        return Claim(passage.place, passage.written, verdict, statement, left, passage.key, passage.certain)

    def _gives_a_value(self, left: Side, sides: tuple[Side, ...]) -> bool:
        """`x_1 = 0.05`, `η = 0.5`: said of the exercise, and nothing to judge where the spec gives no value."""
        found, graph = left.expression, self.vocabulary.graph
        leaf = isinstance(found, Ref) and (found.name == self.vocabulary.learning_rate or (found.name in graph.by_name and graph.node(found.name).is_leaf))
        return leaf and all(side.number is not None for side in sides)

    def _definition(self, passage: Passage, statement: Statement) -> Iterator[Claim]:
        """A name of one's own: used as written below."""
        assert statement.defines is not None
        first, *rest = statement.sides
        self.own[statement.defines] = first
        self.vocabulary = self.vocabulary.defining(statement.defines, first)
        self.left = first
        node = self.judge.recognise(first, self.own)
        if node is not None:
            self.nodes[statement.defines] = node
            note = f"your {statement.defines} is {node} of the network"
        else:
            note = f"{statement.defines} is a name of your own; below it is used as it is written here"
        verdict = Verdict("equal", "proved", notes=(note,))
        if rest:
            yield self._judged(passage, statement, first, tuple(rest))
        else:
            yield Claim(passage.place, passage.written, verdict, statement, None, passage.key, passage.certain)

    def _in_names_of_the_network(self, statement: Statement) -> Statement:
        """Names that were given to nodes of the network stand for these, so that there are derivatives by them."""

        def node(ref: Ref) -> Ref:
            return Ref(self.nodes.get(ref.name, ref.name), ref.indices)

        def change(each: Expression) -> Expression | None:
            if isinstance(each, Partial):
                return Partial(node(each.top), node(each.bottom), each.direct)
            return node(each) if isinstance(each, Ref) and each.name in self.nodes else None

        if not self.nodes:
            return statement
        return replace(statement, sides=tuple(replace(side, expression=replace_in(side.expression, change)) for side in statement.sides))

    # -- judging ----------------------------------------------------------------------------------------------------------

    def _judged(self, passage: Passage, statement: Statement, left: Side, sides: tuple[Side, ...]) -> Claim:
        claim = Claim(passage.place, passage.written, Verdict("equal"), statement, left, passage.key, passage.certain)
        key = left.expression
        follows: bool | None = None
        for written in sides:
            side = self._as_written(left, written)
            before = self.written.get(key)
            verdict = self.judge.compare(left, side, self.own)
            if statement.conditional and not self.judge.happens(side, self.own):
                verdict = Verdict("undecided", reason="what is said to hold there does at none of the random points")
            if _restates(left, side):
                verdict = Verdict("undecided", reason="it only repeats what was asked for")
            fault: Place | None = None
            mistakes: tuple[Mistake, ...] = ()
            step: bool | None = None if before is None else verdict.outcome in _RIGHT and before.fault is None
            if verdict.outcome == "different":
                verdict, fault, step = self._against_premises(left, side, verdict, before)
            elif verdict.outcome in _RIGHT:
                self._note_use(left, side)
            if verdict.outcome == "different" and fault is None:
                fault, step = passage.place, None if before is None and not self._premises_of(left) else False
                mistakes = () if statement.conditional else self.judge.diagnose(left, side, self.own)
            elif verdict.outcome in _RIGHT and before is not None and before.fault is not None:
                step = self._equal(before.side, side)
            follows = step if follows is None or step is False else follows
            claim = _worse(claim, verdict, fault if fault != passage.place else None, mistakes, passage)
            self.written[key] = _Written(side, passage.place, fault)
            self.premises.pop(key, None)
            self.with_mean.pop(key, None)
            if verdict.outcome == "different":
                self.premises[key] = Premise(left, side, fault or passage.place)
            elif includes_mean(verdict.notes):
                self.with_mean[key] = Premise(left, side, passage.place)
        self.left = None if statement.conditional else left
        corrected = claim.verdict.outcome in ("different", "close") and not statement.conditional
        correction = correction_of(self.vocabulary.derivation, left) if corrected else None
        return replace(claim, follows=follows, correction=correction)

    def _as_written(self, left: Side, side: Side) -> Side:
        """The side in which each δ that was written with the cost's 1/m in it, and accepted so, stands for what was written."""
        premises = [premise for key, premise in self.with_mean.items() if key != left.expression]
        used = tuple(premise for premise in with_twins(self.vocabulary.derivation, premises) if premise.mentioned_in(side.expression))
        return with_premises(side, used) if used else side

    def _against_premises(self, left: Side, side: Side, verdict: Verdict, before: _Written | None) -> tuple[Verdict, Place | None, bool | None]:
        """A line that is not true may be right as the names above were written, or only carry on a mistake made above."""
        names = self._premises_of(left)
        used = tuple(premise for premise in names if premise.mentioned_in(side.expression))
        if used:
            as_written = self.judge.compare(left, with_premises(side, used), self.own)
            if as_written.outcome in _RIGHT:
                self.needed_as_written.update(premise.left.expression for premise in used)
                return as_written, None, True
        if before is not None and before.fault is not None and self._equal(before.side, side):
            return verdict, before.fault, True
        if before is not None and before.fault is None and not names:
            return verdict, None, False
        for expected, place in carried(self.vocabulary.derivation, left, names):
            if self._equal(expected, side) or (used and self._equal(expected, with_premises(side, used))):
                return verdict, place, True
        return verdict, None, False

    def _premises_of(self, left: Side) -> tuple[Premise, ...]:
        """The wrong lines above about something else."""
        premises = [premise for key, premise in self.premises.items() if key != left.expression]
        return with_twins(self.vocabulary.derivation, premises)

    def _equal(self, first: Side, second: Side) -> bool:
        return self.judge.compare(first, second, self.own).outcome in _RIGHT

    def _note_use(self, left: Side, side: Side) -> None:
        """A true line that mentions a name of which the line above is wrong means the network's, not the one that was written."""
        for premise in self._premises_of(left):
            if premise.mentioned_in(side.expression):
                self.needed_as_meant.add(premise.left.expression)

    # -- looking back -----------------------------------------------------------------------------------------------------

    def reconsidered(self, claims: Sequence[Claim]) -> Iterator[Claim]:
        """A δ that is not ∂L/∂z, and that every line below uses as it was written, is a name of one's own: nothing is wrong with it."""
        accepted = self.needed_as_written - self.needed_as_meant
        for claim in claims:
            sides = claim.statement.sides if claim.statement is not None else ()
            left = sides[0].expression if len(sides) > 1 else None
            if claim.verdict.outcome == "different" and isinstance(left, Ref) and left in accepted:
                note = f"this {left.name} is one of your own, not the page's, and the lines below use it as it is written here"
                yield replace(claim, verdict=Verdict("equal", claim.verdict.certainty, notes=(note,)), mistakes=(), correction=None, follows=None)
            else:
                yield claim


def _under_condition(left: Side, like: Side, text: str) -> Side:
    """The left side of the lines above where the condition of a line holds."""
    condition = like.expression
    assert isinstance(condition, Where)
    if not set(like.letters) <= set(left.letters):
        raise FormulaError("the indices of the condition are not those of the line above", text, 0, 1, hint="write the left side again")
    return replace(left, expression=Where(condition.test, left.expression, ZERO))


def _restates(left: Side, side: Side) -> bool:
    """`∂L/∂w = ∂L/∂w`. (An update, `w := w − η ∂L/∂w`, is what its left side stands for.)"""
    return isinstance(left.expression, Ref | Partial) and side.expression == left.expression


def _worse(claim: Claim, verdict: Verdict, fault: Place | None, mistakes: tuple[Mistake, ...], passage: Passage) -> Claim:
    """The claim with what was found of one more side; of several, the first that is worst is told."""
    known = claim.verdict
    notes = tuple(dict.fromkeys((*known.notes, *verdict.notes)))
    assumptions = tuple(dict.fromkeys((*known.assumptions, *verdict.assumptions)))
    sampled = verdict.certainty == "sampled" or (known != Verdict("equal") and known.certainty == "sampled")
    certainty: Certainty = "sampled" if sampled else "proved"
    if known != Verdict("equal") and _WORST_FIRST.index(verdict.outcome) >= _WORST_FIRST.index(known.outcome):
        return replace(claim, verdict=replace(known, notes=notes, assumptions=assumptions, certainty=certainty))
    placed = tuple(replace(mistake, span=None if mistake.span is None else passage.origin(*mistake.span)) for mistake in mistakes)
    changed = replace(verdict, notes=notes, assumptions=assumptions, certainty=certainty)
    return replace(claim, verdict=changed, consistent_with=fault, mistakes=placed)


def _unreadable(passage: Passage, error: FormulaError) -> Claim:
    start, end = passage.origin(error.start, max(error.end, error.start + 1))
    verdict = Verdict("unreadable", reason=error.message)
    place = passage.place_of(error.start)
    return Claim(place, passage.written, verdict, None, None, passage.key, passage.certain, problem=error.message, hint=error.hint, span=(start, end))
