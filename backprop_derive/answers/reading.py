"""From the text of one line to a statement about the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from backprop_derive.answers.grouping import Grouper
from backprop_derive.answers.statements import Place, Side, Statement
from backprop_derive.answers.vocabulary import Vocabulary
from backprop_derive.building.formulas import resolve
from backprop_derive.building.indexing import axes_alone
from backprop_derive.building.matrices import index_form, is_over_arrays
from backprop_derive.building.scope import Scope
from backprop_derive.errors import FormulaError
from backprop_derive.graph.indices import Axis
from backprop_derive.language.hand_grammar import HandReader, parse_hand
from backprop_derive.language.hand_names import Mention
from backprop_derive.language.hand_tokens import tokenize_hand
from backprop_derive.language.syntax import Binary, Call, Derivative, Name, Negative, Numeral, Syntax

_UPDATES = ("new", "+", "neu", "updated", "t+1", "k+1", "next")


def read_statement(text: str, vocabulary: Vocabulary, place: Place = Place()) -> Statement:  # noqa: B008 - frozen
    """The equation, chain of equations, or formula that `text` is. Raises FormulaError with the place in `text`."""
    try:
        return _statement(text, vocabulary, place)
    except FormulaError as error:
        error.text = error.text or text
        raise


def side_of(tree: Syntax, vocabulary: Vocabulary) -> Side:
    """One side as an expression over the graph. Raises FormulaError (without the text) where names or shapes do not fit."""
    grouper = Grouper(vocabulary.scope)
    settled = grouper.grouped(tree)
    scope = _with_free_letters(settled, vocabulary.scope)
    letters: tuple[str, ...] = tuple(letter for letter in scope.indices if letter not in vocabulary.scope.indices)
    axes: tuple[Axis, ...] = tuple(axis for letter in letters if (axis := scope.indices[letter]) is not None)
    if is_over_arrays(settled, scope):
        form = index_form(settled, scope)
        letters, axes, settled = form.letters, tuple(axis for axis in form.shape if axis is not None), form.tree
        for letter, axis in zip(letters, axes, strict=True):
            scope = scope.inside(letter, axis)
    expression = resolve(settled, scope)
    return Side(expression, tree, tree.start, tree.end, letters, axes, _number(tree), tuple(grouper.notes))


def _statement(text: str, vocabulary: Vocabulary, place: Place) -> Statement:
    tokens = tokenize_hand(text)
    if tokens[0].kind == "end":
        raise FormulaError("nothing is written here", text)
    continued = tokens[0].kind == "="
    if not continued:
        update = _update(text, vocabulary, place) or _definition(text, vocabulary, place)
        if update is not None:
            return update
    trees = parse_hand(text, vocabulary)
    return Statement(text, place, tuple(side_of(tree, vocabulary) for tree in trees), continued)


# -- names defined on the way -------------------------------------------------------------------------------------------


def _definition(text: str, vocabulary: Vocabulary, place: Place) -> Statement | None:
    """`t = o - y`, where t is nothing yet."""
    reader = HandReader(text, vocabulary, tokenize_hand(text))
    mention = reader.attempt(reader.mention)
    if mention is None or not reader.peek("=") or _means_something(mention, vocabulary):
        return None
    trees = parse_hand(_blanked(text, reader.token.start), vocabulary)
    sides = tuple(side_of(tree, vocabulary) for tree in trees)
    name = mention.base + "".join(piece.text if piece.kind == "digits" else f"_{piece.text}" for piece in mention.pieces) + "'" * mention.primes
    return Statement(text, place, sides, defines=name)


def _means_something(mention: Mention, vocabulary: Vocabulary) -> bool:
    return vocabulary.find(mention, ()) is not None or vocabulary.function(mention) is not None


def _blanked(text: str, end: int) -> str:
    """The text with blanks up to `end`, so that places behind it stay what they are."""
    return " " * end + text[end:]


# -- updates --------------------------------------------------------------------------------------------------------------


def _update(text: str, vocabulary: Vocabulary, place: Place) -> Statement | None:
    """`Δw = −η ∂C/∂w`, `w := w − η ∂C/∂w`, `w^{new} = …`: equations whose left side the gradient gives."""
    reader = HandReader(text, vocabulary, tokenize_hand(text))
    change = reader.peek("word") and reader.token.text == "Delta" and not vocabulary.is_name("Delta")
    if change:
        reader.take()
    mention = reader.attempt(reader.mention)
    if mention is None:
        return None
    new = _without_new(mention)
    found = vocabulary.find(new or mention, ())
    if new is None and not change and reader.peek("^"):
        found, new = _plus_behind(reader, found)
    if not isinstance(found, Name) or not reader.peek("="):
        return None
    start = reader.token.start
    if not change and new is None and not _is_assignment(text, start, found, vocabulary):
        return None
    trees = parse_hand(_blanked(text, start), vocabulary)
    if not (change or new is not None or any(isinstance(each, Name) and each.name == found.name for each in trees[0].walk())):
        return None
    left = _updated(found, trees[0], vocabulary, change=change)
    sides = (left, *(side_of(tree, vocabulary) for tree in trees))
    return Statement(text, place, sides)


def _without_new(mention: Mention) -> Mention | None:
    """The mention without its `new`."""
    if mention.pieces and mention.pieces[-1].text in _UPDATES:
        return replace(mention, pieces=mention.pieces[:-1])
    return None


def _plus_behind(reader: HandReader, found: Syntax | None) -> tuple[Syntax | None, Mention | None]:
    """`w^{new}`, `w^+`: the scripts that no name has."""
    at = reader.at
    reader.take()
    tokens, end = reader.script_tokens(raised=True)
    text = "".join(token.text for token in tokens).strip("()")
    if text in _UPDATES:
        return found, Mention("", end=end)
    reader.at = at
    return found, None


def _is_assignment(text: str, start: int, found: Name, vocabulary: Vocabulary) -> bool:
    """`:=` and `←` assign; so does `=` where a parameter stands on both sides."""
    node = vocabulary.graph.by_name.get(found.name)
    del text, start
    return node is not None and node.role == "parameter"


def _updated(found: Name, right: Syntax, vocabulary: Vocabulary, *, change: bool) -> Side:
    """What an update gives by the gradient: −η ∂C/∂w for Δw, w − η ∂C/∂w for the new w; without η where the other side has none."""
    gradient: Syntax = Derivative(Name(vocabulary.graph.cost.name), found, start=found.start, end=found.end)
    rate = vocabulary.learning_rate
    if rate is not None and any(isinstance(each, Name) and each.name == rate for each in right.walk()):
        gradient = Binary("*", Name(rate), gradient, start=found.start, end=found.end)
    tree: Syntax = Negative(gradient, start=found.start, end=found.end) if change else Binary("-", found, gradient, start=found.start, end=found.end)
    return side_of(tree, vocabulary)


# -- indices ----------------------------------------------------------------------------------------------------------


def _with_free_letters(tree: Syntax, scope: Scope) -> Scope:
    """The scope with the index letters that the formula leaves free, each on the axis where it stands alone."""
    for letter in dict.fromkeys(_free_letters(tree, scope, frozenset())):
        axes = [axis for _, axis in axes_alone(letter, tree, scope)]
        if axes and any(axis != axes[0] for axis in axes):
            raise FormulaError(f"the index {letter!r} runs over axes of different lengths here", "", tree.start, tree.end)
        if axes:
            scope = scope.inside(letter, axes[0])
    return scope


def _free_letters(tree: Syntax, scope: Scope, bound: frozenset[str]) -> Iterator[str]:
    if isinstance(tree, Call) and tree.function in ("sum", "prod", "max", "min") and len(tree.arguments) > 1 and isinstance(tree.arguments[1], Name):
        yield from _free_letters(tree.arguments[0], scope, bound | {tree.arguments[1].name})
        return
    if isinstance(tree, Name):
        for index in tree.indices:
            for each in index.walk():
                if isinstance(each, Name) and each.name not in bound and each.name not in scope.sizes and each.name not in scope.indices:
                    yield each.name
        return
    for child in tree.children():
        yield from _free_letters(child, scope, bound)


def _number(tree: Syntax) -> Numeral | None:
    """The numeral, where the side is a bare number."""
    if isinstance(tree, Negative):
        tree = tree.operand
    return tree if isinstance(tree, Numeral) else None
