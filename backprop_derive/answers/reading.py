"""From the text of one line to a statement about the network."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from backprop_derive.answers.sides import NO_FREE_LETTERS, Letters, aligned, side_of
from backprop_derive.answers.statements import Place, Side, Statement
from backprop_derive.answers.updates import update_of
from backprop_derive.answers.vocabulary import Vocabulary, name_text
from backprop_derive.errors import FormulaError
from backprop_derive.language.hand_grammar import HandReader, Reading, parse_hand
from backprop_derive.language.hand_tokens import tokenize_hand
from backprop_derive.language.lexicon import NO_LETTERS, FinalError, Mention
from backprop_derive.language.syntax import Name
from backprop_derive.notation import canonical

__all__ = ["read_statement", "side_of"]


def read_statement(text: str, vocabulary: Vocabulary, place: Place = Place(), letters: Letters = NO_FREE_LETTERS) -> Statement:  # noqa: B008 - frozen
    """The equation, chain of equations, or formula that `text` is. Raises FormulaError with the place in `text`.

    `letters` are index letters, with the axes that they run over, that may be free in it because what is asked for has them:
    in an answer for `W1[j,k]`, j and k.
    """
    try:
        return _statement(text, vocabulary, place, letters)
    except FormulaError as error:
        found = _narrow(text, vocabulary, place, letters)
        if found is not None:
            return found
        error.text = error.text or text
        raise


def _narrow(text: str, vocabulary: Vocabulary, place: Place, letters: Letters) -> Statement | None:
    """What cannot be read with all axes, without those of a single entry."""
    if vocabulary.narrowed is None:
        return None
    try:
        return _statement(text, vocabulary.narrowed, place, letters)
    except FormulaError:
        return None


def _statement(text: str, vocabulary: Vocabulary, place: Place, letters: Letters) -> Statement:
    tokens = tokenize_hand(text)
    if tokens[0].kind == "end":
        raise FormulaError("nothing is written here", text)
    continued = tokens[0].kind == "="
    if not continued:
        found = update_of(text, vocabulary)
        if found is not None:
            left, reading = found
            _refuse_condition(reading, text)
            known = {**letters, **dict(zip(left.letters, left.axes, strict=True))}
            return Statement(text, place, aligned((left, *_sides(reading, text, vocabulary, known))))
        definition = _definition(text, vocabulary, place, letters)
        if definition is not None:
            return definition
    reading = parse_hand(text, vocabulary, known=tuple(letters))
    return Statement(text, place, aligned(_sides(reading, text, vocabulary, letters)), continued, conditional=reading.conditional)


def _sides(reading: Reading, text: str, vocabulary: Vocabulary, letters: Letters) -> tuple[Side, ...]:
    """The sides, each with what is to be said of it; the letters of one are known in those behind it."""
    found: list[Side] = []
    for tree in reading.sides:
        side = side_of(tree, vocabulary, letters)
        letters = {**letters, **dict(zip(side.letters, side.axes, strict=True))}
        notes = tuple(note for start, note in reading.notes if side.start <= start < side.end)
        found.append(_with_notes(side, notes, text, vocabulary))
    return tuple(found)


def _with_notes(side: Side, notes: tuple[str, ...], text: str, vocabulary: Vocabulary) -> Side:
    found = [*notes, *side.notes]
    for each in side.syntax.walk():
        if isinstance(each, Name) and each.name in vocabulary.quantities and each.end > each.start:
            written = text[each.start : each.end]
            read = name_text(each)
            if "…" not in read and _says_more(read, canonical(written), sampled=vocabulary.quantities[each.name].sampled):
                found.append(f"{written} was read as {read}")
    return replace(side, notes=tuple(dict.fromkeys(found)))


def _says_more(read: str, written: str, *, sampled: bool) -> bool:
    """Whether a name is another than what was written, the letter of a sample aside."""
    more, less = _bare(written) - _bare(read), _bare(read) - _bare(written)
    return bool(less) or more.total() > int(sampled and "".join(more).isalpha())


def _bare(text: str) -> Counter[str]:
    """The characters of a name without the marks that say nothing."""
    for command in ("\\left", "\\right", "\\mathrm", "\\mathbf", "\\text", "\\prime", "\\partial", "\\mathcal", "\\boldsymbol", "\\hat"):
        text = text.replace(command, "'" if command == "\\prime" else "hat" if command == "\\hat" else "")
    return Counter(character for character in text if character.isalnum() or character == "'")


# -- names defined on the way -------------------------------------------------------------------------------------------


def _definition(text: str, vocabulary: Vocabulary, place: Place, known: Letters) -> Statement | None:
    """`t = o - y`, `e_j = y_j - t_j`, where t and e are nothing yet."""
    reader = HandReader(text, vocabulary, tokenize_hand(text))
    try:
        mention = reader.attempt(reader.mention)
        if mention is None or not reader.peek("=") or _means_something(mention, vocabulary):
            return None
    except FinalError:
        return None
    reading = parse_hand(text, vocabulary, reader.token.start, tuple(known))
    _refuse_condition(reading, text)
    sides = aligned(_sides(reading, text, vocabulary, known))
    letters = tuple(piece.text for piece in mention.pieces if piece.kind in ("sub", "index"))
    letters = tuple(letter for word in letters for letter in (word if len(word) == len(sides[0].letters) else (word,)))
    if letters and set(letters) == set(sides[0].letters):
        sides = tuple(_in_order(side, letters) for side in sides)
        mention = replace(mention, pieces=tuple(piece for piece in mention.pieces if piece.kind not in ("sub", "index")))
    return Statement(text, place, sides, defines=_name_of(mention))


def _refuse_condition(reading: Reading, text: str) -> None:
    if reading.conditional:
        raise FormulaError("an update or a name of one's own holds everywhere", text, 0, 1, hint="write a if z > 0 else b")


def _means_something(mention: Mention, vocabulary: Vocabulary) -> bool:
    found = vocabulary.find(mention, NO_LETTERS)
    if isinstance(found, Name) and found.name == "e" and not vocabulary.is_quantity("e"):
        return False  # `e = y - t` is an error, not Euler's number
    return found is not None  # the letter of a function, such as h, is free where no bracket stands behind it


def _in_order(side: Side, letters: tuple[str, ...]) -> Side:
    axes = dict(zip(side.letters, side.axes, strict=True))
    return replace(side, letters=letters, axes=tuple(axes[letter] for letter in letters))


def _name_of(mention: Mention) -> str:
    """What a defined name is called: `e_o1`, `delta3`."""
    plain = mention.base + "".join(piece.text if piece.kind == "digits" else f"_{piece.text}" for piece in mention.pieces if piece.kind not in ("label", "raised"))
    labels = "".join(f"^({piece.text})" for piece in mention.pieces if piece.kind in ("label", "raised"))
    return plain + "'" * mention.primes + labels
