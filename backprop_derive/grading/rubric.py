"""Points: what the answers of a submission are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from pathlib import Path

from backprop_derive.errors import SpecError, UsageError, nearest
from backprop_derive.grading.marks import Mark, Marked
from backprop_derive.graph.nodes import Graph
from backprop_derive.graph.weights import find_weights, own_axes
from backprop_derive.spec.loading import file_text
from backprop_derive.spec.problems import Problems, quoted
from backprop_derive.spec.source import Mapping as YamlMapping
from backprop_derive.spec.source import Scalar, Value
from backprop_derive.spec.yaml_reader import read_tree

_KEYS = ("points", "close", "carried")


@dataclass(frozen=True, slots=True)
class Rubric:
    """Points by weight; without any, each weight that somebody answers is worth one.

    `close` and `carried` are the parts of the points that an answer gets which is close, and one that correctly follows from an
    earlier mistake.
    """

    points: Mapping[str, Fraction] = field(default_factory=dict)
    close: Fraction = Fraction(1, 2)
    carried: Fraction = Fraction(1, 2)

    def credit(self, mark: Mark) -> Fraction:
        """The part of the points that one answer gets."""
        if mark.carried:
            return self.carried
        return {"equal": Fraction(1), "equal-if": Fraction(1), "close": self.close}.get(mark.verdict, Fraction(0))


@dataclass(frozen=True, slots=True)
class Grade:
    """A submission's marks with the points of each (None for lines that give none), and the whole score."""

    marked: Marked
    scores: tuple[Fraction | None, ...]
    score: Fraction


def graded(found: Sequence[Marked], rubric: Rubric, graph: Graph) -> tuple[tuple[Grade, ...], Fraction]:
    """The grades, and what a submission could get at most. Of several answers for a weight the last one counts; the points of an
    array that is answered entry by entry are spread over its entries."""
    points = dict(rubric.points) or {weight: Fraction(1) for marked in found for weight in _weights(marked)}
    return tuple(_grade(marked, points, rubric, graph) for marked in found), sum(points.values(), Fraction(0))


def _weights(marked: Marked) -> list[str]:
    return list(dict.fromkeys(_array(mark.weight) for mark in marked.marks if mark.weight))


def _array(weight: str) -> str:
    return weight.partition("[")[0]


def _grade(marked: Marked, points: Mapping[str, Fraction], rubric: Rubric, graph: Graph) -> Grade:
    scores: list[Fraction | None] = [None] * len(marked.marks)
    last = {mark.weight: at for at, mark in enumerate(marked.marks) if mark.weight}
    for weight, worth in points.items():
        whole = last.get(weight)
        entries = [at for name, at in last.items() if _array(name) == weight and name != weight]
        if whole is not None and (not entries or whole > max(entries)):
            scores[whole] = worth * rubric.credit(marked.marks[whole])
        else:
            count = max(_entries(weight, graph), len(entries))
            for at in entries:
                scores[at] = worth * rubric.credit(marked.marks[at]) / count
    return Grade(marked, tuple(scores), sum((each for each in scores if each is not None), Fraction(0)))


def _entries(name: str, graph: Graph) -> int:
    """How many entries an array has; 0 where its size is a symbol, or it is none."""
    node = graph.by_name.get(name)
    return 0 if node is None else prod(axis.length.resize(graph.sizes).number or 0 for axis in own_axes(node))


def read_rubric(path: Path, graph: Graph) -> Rubric:
    """The rubric of a file of options. Raises SpecError with everything that is wrong."""
    problems = Problems()
    tree = read_tree(file_text(path), str(path), problems)
    found: dict[str, Mapping[str, Fraction] | Fraction] = {}
    if not isinstance(tree, YamlMapping):
        problems.add(tree.mark, "options are a mapping, such as `points: {v1: 2, w11: 3}`")
        raise SpecError(problems.found)
    for key, value in tree.entries:
        if key.text not in _KEYS:
            problems.add(key.mark, f"unknown key {quoted(key.text)}; there are {', '.join(_KEYS)}", key.text, nearest(key.text, _KEYS))
        elif key.text == "points":
            found["points"] = dict(_points(value, graph, problems))
        else:
            number = _number(value, problems)
            if number is not None and number > 1:
                problems.add(value.mark, f"{key.text} is a part of the points, from 0 to 1")
            found[key.text] = number or Fraction(0)
    if problems.found:
        raise SpecError(problems.found)
    return Rubric(**found)  # type: ignore[arg-type]


def _points(value: Value, graph: Graph, problems: Problems) -> Mapping[str, Fraction]:
    found: dict[str, Fraction] = {}
    if not isinstance(value, YamlMapping):
        problems.add(value.mark, "points are a mapping of weights to numbers, such as {v1: 2, w11: 3}")
        return found
    for key, worth in value.entries:
        number = _number(worth, problems)
        try:
            weights = find_weights((key.text,), graph)
        except UsageError as error:
            problems.add(key.mark, error.problems[0].message, key.text, error.problems[0].nearest)
            continue
        for name, entry in weights:
            found[f"{name}[{','.join(map(str, entry))}]" if entry else name] = number or Fraction(0)
    return found


def _number(value: Value, problems: Problems) -> Fraction | None:
    try:
        number = Fraction(value.text) if isinstance(value, Scalar) else None
    except (ValueError, ZeroDivisionError):
        number = None
    if number is None or number < 0:
        problems.add(value.mark, "a number that is not negative belongs here", value.text if isinstance(value, Scalar) else None)
        return None
    return number
