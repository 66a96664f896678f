"""How the pieces of a written name divide into a quantity's name and its indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

from backprop_derive.answers.entries import Entry, without_single
from backprop_derive.graph.indices import Axis
from backprop_derive.language.lexicon import Letters, Mention, Piece
from backprop_derive.language.syntax import Name, Numeral, Syntax

if TYPE_CHECKING:
    from backprop_derive.answers.vocabulary import Vocabulary

_MOST_PIECES = 6


def readings_of(mention: Mention, vocabulary: Vocabulary, letters: Letters) -> tuple[tuple[int, Name], ...]:
    """Every way to read a mention, with the number of pieces that are indices then: the fewer, the better. To divide what stands
    in one script is worse than anything else."""
    return tuple(dict.fromkeys(_readings(mention, vocabulary, letters)))


def _readings(mention: Mention, vocabulary: Vocabulary, letters: Letters) -> Iterator[tuple[int, Name]]:
    if len(mention.pieces) > _MOST_PIECES:
        return
    for entry in vocabulary.entries.by_base.get(mention.base, ()):
        pieces = _before_closing(mention.pieces, entry.closing)
        if entry.primes != mention.primes or pieces is None:
            continue
        for used, left in _divisions(pieces):
            if any(piece.kind == "index" for piece in used) and any(piece.kind == "index" for piece in left):
                continue
            if entry.tail in _spellings(used) and (entry.labelled or not any(piece.kind == "raised" and piece.text.isdigit() for piece in used)):
                indices = _indices(entry, left, vocabulary, letters)
                if indices is not None and (not entry.letters or _are_letters(indices, entry.letters)):
                    split = _MOST_PIECES * len({piece.group for piece in used if piece.group} & {piece.group for piece in left})
                    split += 2 * _MOST_PIECES * (0 < len(indices) < entry.rank)
                    yield len(left) + split, Name(entry.name, indices, start=mention.start, end=mention.end)


def _before_closing(pieces: Sequence[Piece], closing: str) -> Sequence[Piece] | None:
    """The pieces without what stands behind the indices of a name, the 0 of `w_{j0}`; None where it does not stand there."""
    if not closing:
        return pieces
    places = [at for at, piece in enumerate(pieces) if piece.kind in ("sub", "index")]
    if not places or not pieces[places[-1]].text.endswith(closing):
        return None
    last = pieces[places[-1]]
    before, behind = pieces[: places[-1]], pieces[places[-1] + 1 :]
    kept = () if last.text == closing else (replace(last, text=last.text.removesuffix(closing), tree=None),)
    return (*before, *kept, *behind)


def _are_letters(indices: Sequence[Syntax], letters: Sequence[str]) -> bool:
    """Whether the indices, that of the samples aside, are these letters."""
    return [each.name for each in indices[len(indices) - len(letters) :] if isinstance(each, Name)] == [*letters]


def _divisions(pieces: Sequence[Piece]) -> Iterator[tuple[tuple[Piece, ...], tuple[Piece, ...]]]:
    """Every way to divide the pieces into those of the name and those that are indices."""
    places = range(len(pieces))
    for count in range(len(pieces), -1, -1):
        for chosen in combinations(places, count):
            yield tuple(pieces[at] for at in chosen), tuple(pieces[at] for at in places if at not in chosen)


def _spellings(pieces: Sequence[Piece]) -> set[str]:
    """What the pieces spell, in the order in which they stand, and with labels first or last."""
    labels = [piece.text for piece in pieces if piece.kind in ("label", "raised")]
    others = [piece.text for piece in pieces if piece.kind not in ("label", "raised")]
    return {"".join(piece.text for piece in pieces), "".join(labels + others), "".join(others + labels)}


def _indices(entry: Entry, pieces: Sequence[Piece], vocabulary: Vocabulary, letters: Letters) -> tuple[Syntax, ...] | None:
    """The pieces that are left over as the indices of a quantity; None if they cannot be."""
    sample: tuple[Syntax, ...] = ()
    if entry.sampled:
        pieces, sample = _without_sample(entry, pieces, vocabulary, letters)
    if any(piece.kind == "digits" or piece.kind in ("label", "raised") for piece in pieces):
        return None
    if not pieces:
        return _whole(entry, sample)
    if entry.name in vocabulary.entries.batches:
        return None
    trees = _trees(entry, pieces, vocabulary, letters)
    if entry.sampled and not sample and [piece.text for piece in pieces] == [vocabulary.sample_index] and not without_single(_stored_axes(entry, vocabulary)):
        return None  # of a single unit only the sample can be meant
    if trees is None or not all(map(_fits, trees, _stored_axes(entry, vocabulary))):
        return None
    return (*sample, *trees)


def _whole(entry: Entry, sample: tuple[Syntax, ...]) -> tuple[Syntax, ...] | None:
    """No index at all; with the number of a sample, all entries have to be said."""
    return sample if not sample or not entry.rank else None


def _without_sample(entry: Entry, pieces: Sequence[Piece], vocabulary: Vocabulary, letters: Letters) -> tuple[Sequence[Piece], tuple[Syntax, ...]]:
    """The pieces without the letter of the sample. A number in brackets behind data, `x^{(2)}`, is the sample of that number."""
    node = vocabulary.graph.by_name.get(entry.name)
    is_data = node is not None and node.is_leaf and entry.name == entry.base
    for place, piece in enumerate(pieces):
        rest = (*pieces[:place], *pieces[place + 1 :])
        if piece.text in letters.samples:
            return rest, ()
        if is_data and piece.kind == "label" and piece.text.isdigit() and piece.tree is not None and int(piece.text) > 0:
            return rest, (piece.tree,)
    if len(pieces) == 1 and len(pieces[0].text) == entry.rank + 1 and entry.rank and _is_sample_of(entry, pieces[0].text, vocabulary, letters):  # x_{ij}
        return (replace(pieces[0], text=pieces[0].text[1:], tree=None),), ()
    return pieces, ()


def _is_sample_of(entry: Entry, text: str, vocabulary: Vocabulary, letters: Letters) -> bool:
    """Whether the first of several letters is that of a sample. It is none where it counts units; δ_{ij} is [i = j] beside a_i and z_j."""
    first = text[0]
    if first in letters.samples or first != vocabulary.sample_index:
        return first in letters.samples
    return first not in letters.bound and not (entry.base == "delta" and of_units(text, vocabulary, letters))


def of_units(text: str, vocabulary: Vocabulary, letters: Letters) -> bool:
    """Whether all letters of a script count units."""
    return all(_counts_units(letter, vocabulary, letters) for letter in text)


def _counts_units(letter: str, vocabulary: Vocabulary, letters: Letters) -> bool:
    """Whether a letter stands alone behind a vector of the network."""
    return any(letter == other and any(entry.rank == 1 for entry in vocabulary.entries.by_base.get(base, ())) for base, other in letters.alone)


def _trees(entry: Entry, pieces: Sequence[Piece], vocabulary: Vocabulary, letters: Letters) -> tuple[Syntax, ...] | None:
    trees = [piece.tree for piece in pieces]
    if len(pieces) == 1 and len(pieces[0].text) == entry.rank and (entry.rank > 1 or trees[0] is None):
        trees = [_letter_or_digit(character, pieces[0], vocabulary, letters) for character in pieces[0].text]
    if len(trees) != entry.rank and not _is_step(entry, trees, vocabulary):
        return None
    found = tuple(tree for tree in trees if tree is not None and _is_index(tree, vocabulary, letters))
    return found if len(found) == len(trees) else None


def _is_step(entry: Entry, trees: Sequence[Syntax | None], vocabulary: Vocabulary) -> bool:
    """One index of several, by a letter: the vector h_t of the step t. A row of weights is not written so: W_1 is the matrix of a layer."""
    node = vocabulary.graph.by_name.get(entry.name)
    by_letter = len(trees) == 1 < entry.rank and trees[0] is not None and any(isinstance(each, Name) for each in trees[0].walk())
    return by_letter and (node is None or node.role != "parameter")


def _is_index(tree: Syntax, vocabulary: Vocabulary, letters: Letters) -> bool:
    """Whether a piece can be an index: a number, a letter that no quantity has, a size, or their sum."""
    return all(_is_letter(each.name, vocabulary, letters) for each in tree.walk() if isinstance(each, Name))


def _is_letter(name: str, vocabulary: Vocabulary, letters: Letters) -> bool:
    if name in letters.bound or name == letters.stand_in or name in vocabulary.scope.sizes:
        return True
    return (len(name) == 1 and name.isalpha()) and not vocabulary.is_quantity(name) and name != vocabulary.sample_index


def _stored_axes(entry: Entry, vocabulary: Vocabulary) -> Sequence[Axis | None]:
    """Where entries are, start values included."""
    node = vocabulary.graph.by_name.get(entry.name)
    stored = entry.axes if node is None else node.axes[1:] if node.sampled else node.axes
    return without_single(stored) if vocabulary.narrow else stored


def _fits(tree: Syntax, axis: Axis | None) -> bool:
    """Whether a number lies on an axis."""
    if not isinstance(tree, Numeral) or axis is None:
        return True
    low, high = axis.low.number, axis.high.number
    return (low is None or tree.value >= low) and (high is None or tree.value <= high)


def _letter_or_digit(character: str, piece: Piece, vocabulary: Vocabulary, letters: Letters) -> Syntax | None:
    start = piece.tree.start if piece.tree is not None else 0
    end = piece.tree.end if piece.tree is not None else 0
    if character.isdigit():
        return Numeral(character, Fraction(int(character)), start=start, end=end)
    return Name(vocabulary.index_letter(character, letters), start=start, end=end) if character.isalpha() else None
