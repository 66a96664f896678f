"""Answers by weight, in YAML: `v1: (y' - y)*f_B'(z_B)*o1`, one or several lines each, or numbers with their digits."""

from __future__ import annotations

from collections.abc import Iterator

from backprop_derive.answers.documents.passages import Passage
from backprop_derive.answers.documents.splitting import side_by_side
from backprop_derive.answers.statements import Place
from backprop_derive.errors import AnswerError, SpecError
from backprop_derive.spec.problems import Problems
from backprop_derive.spec.source import Mapping, Scalar, Sequence, Value
from backprop_derive.spec.yaml_reader import read_tree

_SECTIONS = ("answers", "gradients")


def keyed_passages(text: str, file: str) -> tuple[Passage, ...]:
    """Every answer of a YAML file, in order. Raises AnswerError with everything that is wrong."""
    problems = Problems()
    try:
        tree = read_tree(text, file, problems)
    except SpecError as error:
        raise AnswerError(error.problems) from None
    if isinstance(tree, Mapping):
        found = tuple(_of_mapping(tree, text.removeprefix("\ufeff").split("\n"), problems))
    else:
        found = ()
        problems.add(tree.mark, "answers are a mapping of weights, such as `v1: (y' - y)*f_B'(z_B)*o1`")
    if problems.found:
        raise AnswerError(problems.found)
    return found


def _of_mapping(tree: Mapping, lines: list[str], problems: Problems) -> Iterator[Passage]:
    for key, value in tree.entries:
        if key.text in _SECTIONS and isinstance(value, Mapping):
            yield from _of_mapping(value, lines, problems)
        elif isinstance(value, Mapping):
            problems.add(value.mark, f"the answer of {key.text} is a formula, a number, or a list of them, not a mapping: quote a formula that begins with a brace")
        else:
            yield from _of_value(key.text, value, (), lines, problems)


def _of_value(key: str, value: Value, entry: tuple[int, ...], lines: list[str], problems: Problems) -> Iterator[Passage]:
    if isinstance(value, Sequence):
        for number, item in enumerate(value.items, 1):
            yield from _of_value(key, item, (*entry, number), lines, problems)
    elif isinstance(value, Mapping):
        problems.add(value.mark, "an answer is a formula or a number, not a mapping: quote a formula that begins with a brace")
    elif not value.text.strip():
        problems.add(value.mark, f"{key} has no answer: write one, or leave the key out")
    else:
        yield from _of_scalar(key, value, entry, lines)


def _of_scalar(key: str, value: Scalar, entry: tuple[int, ...], lines: list[str]) -> Iterator[Passage]:
    """One passage a line; a block (`|`) has its lines below its key."""
    block = "\n" in value.text.strip("\n")
    start = value.mark.line
    for number, line in enumerate(value.text.split("\n")):
        text = line.strip()
        if not text:
            continue
        place = Place(value.mark.file or "", value.mark.line, value.mark.column + int(value.quoted and not block))
        if block or not value.verbatim:
            at = next((at for at in range(start - 1, min(len(lines), start + 1 + number)) if text in lines[at]), None)
            if at is not None:
                place = Place(place.file, at + 1, lines[at].index(text) + 1)
                start = at + 2
        yield from side_by_side(Passage(text, place, text, certain=True, key=key, entry=entry))
