"""`verify_answers`: a hand calculation and the network that it is about, judged line by line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from backprop_derive.answers.claims import Judgement, Mistake, Verdict
from backprop_derive.answers.documents.files import passages_of, read_document
from backprop_derive.answers.documents.passages import MAXIMUM_PASSAGES, Passage
from backprop_derive.answers.documents.splitting import side_by_side
from backprop_derive.answers.lines import Definitions, judged_lines
from backprop_derive.answers.sides import side_of
from backprop_derive.answers.statements import Place, Side
from backprop_derive.answers.targets import target_of
from backprop_derive.answers.vocabulary import Vocabulary, vocabulary_of
from backprop_derive.calculus.derivation import derive
from backprop_derive.errors import AnswerError, EvaluationError, NotYetError, Problem
from backprop_derive.graph.expressions import ONE, ZERO, Ref, Where
from backprop_derive.graph.indices import variable
from backprop_derive.graph.nodes import Graph

if TYPE_CHECKING:
    from backprop_derive.answers.worlds import Worlds

TRIED = 12
Answer = str | float | int | Sequence["Answer"]
Answers = str | os.PathLike[str] | Mapping[str, Answer] | Sequence[Passage]


def verify_answers(graph: Graph, answers: Answers, *, weight: str | None = None, seed: int = 0) -> Judgement:
    r"""A claim for every line of a hand calculation, as a tuple, which a notebook shows as a page.

    `answers` is text (plain, Markdown or LaTeX), the path of a file, a mapping from weights to formulas, lines of a calculation or
    numbers, or passages that were read before. `weight`: what formulas without a left side are the gradient of.

    Raises AnswerError for a document that cannot be read, or in which nothing is found to judge, UsageError for an unknown weight.

    >>> from backprop_derive import build_graph, read_spec
    >>> graph = build_graph(read_spec("inputs: x\nnodes: {B: {weights: {w: x}, activation: f}}\nloss: half_squared_error\ncost: single"))
    >>> [claim.verdict.outcome for claim in verify_answers(graph, {"w": "(a_B - y)*f'(z_B)*x"})]
    ['equal']
    """
    return Verifier(graph, seed).verify(answers, weight)


class Verifier:
    """Judges calculations about one network; what is worked out for one serves the next."""

    def __init__(self, graph: Graph, seed: int = 0) -> None:
        from backprop_derive.answers.worlds import Worlds

        self.graph = graph
        self.vocabulary = vocabulary_of(derive(graph))
        self.court = _Court(Worlds(self.vocabulary.derivation, seed), self.vocabulary)

    def verify(self, answers: Answers, weight: str | None = None) -> Judgement:
        """The claims of a calculation, as `verify_answers` gives them."""
        passages = passages_in(answers, self.graph)
        target = None if weight is None else target_of(weight, self.vocabulary)
        claims = judged_lines(passages, self.vocabulary, self.court, target)
        if not claims:
            raise AnswerError(Problem(_nothing(passages), _file(passages, answers)))
        return Judgement(claims, self.vocabulary.derivation)


def passages_in(answers: Answers, graph: Graph) -> tuple[Passage, ...]:
    """The formulas that were handed in. Raises AnswerError."""
    if isinstance(answers, str):
        return passages_of(answers, "", known=graph.words)
    if isinstance(answers, os.PathLike):
        return read_document(Path(answers), graph.words)
    if isinstance(answers, Mapping):
        found = tuple(passage for key, answer in answers.items() for passage in _of_answer(key, answer, ()))
        if len(found) > MAXIMUM_PASSAGES:
            raise AnswerError(f"there are {len(found)} answers; at most {MAXIMUM_PASSAGES} are judged at once")
        return found
    return tuple(answers)


def _of_answer(key: str, answer: Answer, entry: tuple[int, ...]) -> list[Passage]:
    if isinstance(answer, (str, float, int)):
        lines = str(answer).split("\n")
        places = [Place(key, number if len(lines) > 1 else None) for number in range(1, len(lines) + 1)]
        whole = [Passage(line, place, line, certain=True, key=key, entry=entry) for place, line in zip(places, lines, strict=True) if line.strip()]
        return [part for passage in whole for part in side_by_side(passage)]
    return [passage for number, each in enumerate(answer, 1) for passage in _of_answer(key, each, (*entry, number))]


class _Court:
    """Judges and diagnoses over the random points of one network."""

    def __init__(self, worlds: Worlds, vocabulary: Vocabulary) -> None:
        self.worlds, self.vocabulary = worlds, vocabulary

    def compare(self, left: Side, right: Side, definitions: Definitions) -> Verdict:
        from backprop_derive.answers.judging import judge_sides

        try:
            return judge_sides(self.worlds, left, right, definitions)
        except (EvaluationError, NotYetError) as error:
            return Verdict("undecided", reason=str(error))

    def recognise(self, side: Side, definitions: Definitions) -> str | None:
        import numpy as np

        world, graph = self.worlds.floating(0), self.worlds.graph
        try:
            values = world.values(side, definitions)
        except (EvaluationError, NotYetError):
            return None
        letters = tuple(map(variable, side.letters))
        for node in graph.nodes:
            found = world.forward[node.name]
            if found.shape != values.shape or not np.allclose(found.astype(float), values.astype(float), rtol=1e-9, atol=1e-12):
                continue
            sample = (variable(graph.samples.index),) if node.sampled and graph.samples is not None else ()
            mention = replace(side, expression=Ref(node.name, (*sample, *letters)), number=None)
            if self.compare(mention, side, definitions).outcome == "equal":
                return node.name
        return None

    def happens(self, side: Side, definitions: Definitions) -> bool:
        found = side.expression
        if not isinstance(found, Where):
            return False
        condition = replace(side, expression=Where(found.test, ONE, ZERO), number=None)
        try:
            return any(value != 0 for at in range(TRIED) for value in self.worlds.floating(at).values(condition, definitions).flat)
        except (EvaluationError, NotYetError):
            return False

    def diagnose(self, left: Side, right: Side, definitions: Definitions) -> tuple[Mistake, ...]:
        from backprop_derive.answers.diagnosis import diagnose
        from backprop_derive.answers.marking import wrong_factor

        found = diagnose(self.worlds, left, right, definitions)
        if not found or any(each.span is not None for each in found):
            return found
        span = wrong_factor(self.worlds, left, right, lambda tree: side_of(tree, self.vocabulary), definitions)
        return (replace(found[0], span=span), *found[1:])


def _nothing(passages: Sequence[Passage]) -> str:
    if passages:
        return "none of the formulas says what it is equal to: write dL/dw = …, or name the weight with -w"
    return "there is no formula here to judge"


def _file(passages: Sequence[Passage], answers: Answers) -> str | None:
    if isinstance(answers, os.PathLike):
        return str(answers)
    return next((passage.place.file for passage in passages if passage.place.file), None)
