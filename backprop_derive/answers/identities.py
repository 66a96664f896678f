"""What is said of a function at any value: `σ'(z) = σ(z)(1 − σ(z))`, where z is nothing in the network.

The letter stands for a number of the network, which takes any value at random points.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.sides import side_of
from backprop_derive.answers.statements import Place, Side, Statement
from backprop_derive.answers.vocabulary import Vocabulary
from backprop_derive.errors import FormulaError
from backprop_derive.graph.expressions import Apply, walk
from backprop_derive.graph.weights import own_axes
from backprop_derive.language.syntax import Name, Numeral

_AT_A_LETTER = re.compile(r"\(\s*(?P<letter>\\?[A-Za-z]+)\s*\)")
_BEFORE_ITS_NAME = re.compile(r"\s*(?:\\frac\s*\{\s*)?(?:\\?[A-Za-zα-ωΑ-Ω{}_^'′\d \\]|∂)+$")


def identity_of(text: str, vocabulary: Vocabulary, place: Place) -> tuple[Statement, str, Side] | None:
    """The statement, its letter, and the number of the network that the letter stands for; None where it is no equation about a
    function at a letter."""
    left = text.partition("=")[0]
    match = _AT_A_LETTER.search(left)
    if match is None or "=" not in text or not _BEFORE_ITS_NAME.match(left[: match.start()] or " "):
        return None
    letter = match["letter"].removeprefix("\\")
    if vocabulary.is_name(letter):
        return None
    for stand_in in _numbers(vocabulary):
        try:
            statement = read_statement(text, vocabulary.defining(letter, stand_in), place)
        except FormulaError:
            continue
        about_a_function = any(isinstance(each, Apply) for each in walk(statement.sides[0].expression))
        return (statement, letter, stand_in) if about_a_function and len(statement.sides) > 1 else None
    return None


def _numbers(vocabulary: Vocabulary) -> Iterator[Side]:
    """Numbers of the network, pre-activations first; of an array its first entry."""
    graph = vocabulary.graph
    order = ("preactivation", "input", "parameter")
    for node in sorted((node for node in graph.nodes if node.role in order), key=lambda node: order.index(node.role)):
        firsts = tuple(Numeral(str(axis.low.number or 1), Fraction(axis.low.number or 1)) for axis in own_axes(node))
        try:
            yield side_of(Name(node.name, firsts), vocabulary)
        except FormulaError:
            continue
