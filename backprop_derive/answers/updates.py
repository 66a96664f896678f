"""Updates, `Δw = −η ∂C/∂w`, `w := w − η ∂C/∂w`, `w^{new} = …`: equations whose left side the gradient gives."""

from __future__ import annotations

from dataclasses import replace

from backprop_derive.answers.sides import side_of
from backprop_derive.answers.statements import Side
from backprop_derive.answers.vocabulary import Vocabulary
from backprop_derive.language.hand_grammar import HandReader, Reading, parse_hand
from backprop_derive.language.hand_tokens import tokenize_hand
from backprop_derive.language.lexicon import NO_LETTERS, FinalError, Mention
from backprop_derive.language.syntax import Binary, Derivative, Name, Negative, Numeral, Product, Syntax

_NEW = ("new", "+", "neu", "updated", "t+1", "k+1", "n+1", "next")
_OLD = ("old", "t", "k", "n", "alt")


def update_of(text: str, vocabulary: Vocabulary) -> tuple[Side, Reading] | None:
    """What the new value is by the gradient, and what was written for it; None where no update stands here."""
    reader = HandReader(text, vocabulary, tokenize_hand(text))
    change = reader.peek("word") and reader.token.text == "Delta" and not vocabulary.is_name("Delta")
    if change:
        reader.take()
    try:
        found, new = _target(reader, vocabulary)
    except FinalError:
        return None
    if found is None or not reader.peek("=") or not (change or new or _is_parameter(found, vocabulary)):
        return None
    reading = parse_hand(text, vocabulary, reader.token.start)
    if not (change or new or _starts_from(reading.sides[0], found)):
        return None
    return _updated(found, reading.sides[0], vocabulary, change=change), reading


def _target(reader: HandReader, vocabulary: Vocabulary) -> tuple[Name | None, bool]:
    """The quantity that changes, and whether it is marked as new."""
    mention = reader.attempt(reader.mention)
    if mention is None:
        return None, False
    old = _without_new(mention)
    found = vocabulary.find(old or mention, NO_LETTERS)
    new = old is not None or (reader.peek("^") and reader.attempt(lambda: _new_behind(reader)) is not None) or _plus_behind(reader)
    return (found if isinstance(found, Name) else None), new


def _without_new(mention: Mention) -> Mention | None:
    """The mention without its `new`."""
    if mention.pieces and mention.pieces[-1].text in _NEW:
        return replace(mention, pieces=mention.pieces[:-1])
    return None


def _new_behind(reader: HandReader) -> bool | None:
    """`w^{new}`, `w^+`: scripts that no name has."""
    reader.take()
    tokens, _ = reader.script_tokens(raised=True)
    return "".join(token.text for token in tokens).strip("()") in _NEW or None


def _plus_behind(reader: HandReader) -> bool:
    """`w5+ =`, with the plus at the name and apart from the `=`: `w += …` is another thing."""
    before, plus = reader.tokens[reader.at - 1], reader.token
    if not (reader.at and reader.peek("+") and reader.peek("=", ahead=1)):
        return False
    if before.end != plus.start or plus.end == reader.tokens[reader.at + 1].start:
        return False
    reader.take()
    return True


def _is_parameter(found: Name, vocabulary: Vocabulary) -> bool:
    node = vocabulary.graph.by_name.get(found.name)
    return node is not None and node.role == "parameter"


def _starts_from(tree: Syntax, found: Name) -> bool:
    """Whether the old value is a term of the new one: `w − …`."""
    while isinstance(tree, Binary) and tree.operator in ("+", "-"):
        if found in (tree.left, tree.right):
            return True
        tree = tree.left
    return False


def _updated(found: Name, right: Syntax, vocabulary: Vocabulary, *, change: bool) -> Side:
    """−η ∂C/∂w for Δw, w − η ∂C/∂w for the new w; without η where the other side has none."""
    start, end = found.start, found.end
    gradient: Syntax = Derivative(Name(vocabulary.graph.cost.name), found, start=start, end=end)
    rate = _rate_in(right, vocabulary)
    if rate is not None:
        gradient = Product((rate, gradient), ("",), start=start, end=end)
    tree: Syntax = Negative(gradient, start=start, end=end) if change else Binary("-", found, gradient, start=start, end=end)
    return side_of(tree, vocabulary)


def _rate_in(right: Syntax, vocabulary: Vocabulary) -> Syntax | None:
    """The learning rate as a factor: by its name, or as a number where the spec gives one, as in `0.4 - 0.5*0.0822`; None without it."""
    rate, given = vocabulary.learning_rate, vocabulary.graph.numbers.learning_rate
    if rate is None:
        return None
    names = [each.name for each in right.walk() if isinstance(each, Name)]
    if rate in names or (given is not None and not names):
        return Name(rate)
    return next((each for each in right.walk() if isinstance(each, Numeral) and each.value == given), None)
