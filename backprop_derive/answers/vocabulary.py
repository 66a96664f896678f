"""What the names of a hand calculation can mean: the lexicon of one network.

Every quantity is known by its letters and by what stands behind them, whatever the order and the marks: `W1`, `W_1`, `W^{(1)}` and
`W^{[1]}` are one name, and what is left over is its indices: `W^{(1)}_{21}`, `W1[2,1]`, `w_{21}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations

from backprop_derive.answers.statements import Side
from backprop_derive.building.scope import Quantity, Scope, scope_of
from backprop_derive.calculus.derivation import Derivation
from backprop_derive.errors import FormulaError, nearest
from backprop_derive.graph.indices import Axis
from backprop_derive.graph.nodes import Graph
from backprop_derive.language.hand_commands import indicator
from backprop_derive.language.hand_names import Mention, Piece
from backprop_derive.language.syntax import Comparison, Derivative, Name, Numeral, Syntax
from backprop_derive.notation import canonical
from backprop_derive.operations.functions import find_function

LEARNING_RATE = "eta"
_RATES = ("eta", "alpha", "lr", "epsilon")
_COSTS = ("C", "J", "E", "cost", "Cost")
_LOSSES = ("L", "l", "ell", "loss", "Loss")
_WHOLE = frozenset({"total", "tot", "", "0", "i", "n", "p", "k", "mean", "avg"})
_COUNTS = ("m", "N", "M", "n", "B")
_INDEX_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_CALLED = {"sigma": "sigmoid", "relu": "relu", "ReLU": "relu", "softplus": "softplus", "sgn": "sign", "heaviside": "step", "Theta": "step", "H": "step", "theta": "step", "u": "step"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A quantity of the network as a name: `base` its letters, `tail` all that stands behind them, without marks."""

    name: str
    base: str
    tail: str
    primes: int
    rank: int
    sampled: bool


@dataclass(frozen=True)
class Vocabulary:
    """The names of one network, of its adjoints, and of what a calculation has defined so far."""

    derivation: Derivation
    definitions: Mapping[str, Side] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.derivation.graph

    def defining(self, name: str, side: Side) -> Vocabulary:
        """The vocabulary with one more name, which a line has just defined."""
        return replace(self, definitions={**self.definitions, name: side})

    # -- the scope in which formulas are resolved -------------------------------------------------------------------------

    @cached_property
    def scope(self) -> Scope:
        """The network's scope, with the adjoints, the cost, the learning rate and the names that were defined."""
        scope = scope_of(self.graph)
        quantities = dict(scope.quantities)
        for of, name in self.derivation.names.items():
            quantities.setdefault(name, quantities[of])
        quantities.setdefault(self.graph.cost.name, Quantity())
        if self.learning_rate is not None:
            quantities.setdefault(self.learning_rate, Quantity())
        for name, side in self.definitions.items():
            quantities[name] = Quantity(side.axes, self._is_sampled(side))
        return replace(scope, quantities=quantities)

    def _is_sampled(self, side: Side) -> bool:
        from backprop_derive.graph.expressions import free_variables

        return self.graph.samples is not None and self.graph.samples.index in free_variables(side.expression)

    @cached_property
    def learning_rate(self) -> str | None:
        """What the learning rate is called here: `eta`, unless that is a name of the network."""
        return None if LEARNING_RATE in self.graph.by_name else LEARNING_RATE

    # -- entries ------------------------------------------------------------------------------------------------------

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        found = [_entry(name, quantity) for name, quantity in self.scope.quantities.items()]
        for alias, name in self.scope.aliases.items():
            found.append(replace(_entry(alias, self.scope.quantities[name]), name=name))
        found += list(self._deltas())
        if len(self.graph.outputs) == 1 and not any(entry.base == "yhat" for entry in found):
            output = self.graph.outputs[0]
            found.append(replace(_entry(output, self.scope.quantities[output]), base="yhat", tail="", primes=0))
        return tuple(found)

    def _deltas(self) -> Iterator[Entry]:
        """The adjoints of pre-activations under the names that people give them: δ_o1 for that of net_o1, δ_h for that of unit h."""
        known = set(self.scope.quantities)
        for of, name in self.derivation.names.items():
            node = self.graph.node(of)
            if node.role != "preactivation":
                continue
            own = _entry(of, self.scope.quantities[of])
            units = {own.tail, node.unit, *(child for child in self.graph.children[of] if self.graph.node(child).role == "activation" and self.graph.node(child).unit == node.unit)}
            for unit in sorted(units - {""}):
                tail = _flat(unit)
                if f"delta{tail}" not in known and f"delta_{tail}" not in known:
                    yield replace(_entry(name, self.scope.quantities[name]), base="delta", tail=tail, primes=0)

    @cached_property
    def _by_base(self) -> Mapping[str, tuple[Entry, ...]]:
        found: dict[str, list[Entry]] = {}
        for entry in self._entries:
            found.setdefault(entry.base, []).append(entry)
        return {base: tuple(entries) for base, entries in found.items()}

    # -- what the grammar asks ----------------------------------------------------------------------------------------

    def is_name(self, text: str) -> bool:
        """Whether a bare word is a name of the network."""
        return text in self.scope.quantities or text in self.scope.aliases or text in self.scope.sizes

    def find(self, mention: Mention, bound: Sequence[str]) -> Syntax | None:
        """The quantity, index, size or constant that is mentioned."""
        mention = self._numbered(mention)
        bases = [mention.base] + [each for each in (_swapped(mention.base),) if each != mention.base]
        for base in bases:
            readings = list(dict.fromkeys(self._readings(base, mention, bound)))
            if readings:
                return self._best(readings, mention)
        return self._cost(mention, bound) or self._kronecker(mention, bound) or self._adjoint_of(mention, bound) or self._bare(mention, bound)

    def _numbered(self, mention: Mention) -> Mention:
        """The labels L, L-1, … of the last layers as numbers, where layers have numbers and L is none of their names."""
        last = self._last_layer.get(mention.base) or self._last_layer.get(_swapped(mention.base))
        if last is None:
            return mention
        numbers = {"L": last} | {f"L-{back}": last - back for back in range(1, last)} | {f"L+{on}": last + on for on in range(1, 3)}
        pieces = tuple(replace(piece, text=str(numbers[piece.text])) if piece.kind != "digits" and piece.text in numbers else piece for piece in mention.pieces)
        return replace(mention, pieces=pieces)

    @cached_property
    def _last_layer(self) -> Mapping[str, int]:
        """The highest number behind each letter that layers are numbered by."""
        found: dict[str, int] = {}
        for entry in self._entries:
            if entry.tail.isdigit() and len(entry.tail) < 3 and not any(other.tail.startswith("L") for other in self._entries if other.base == entry.base):
                found[entry.base] = max(found.get(entry.base, 0), int(entry.tail))
        return found

    def function(self, mention: Mention) -> str | None:
        """The function that is mentioned, with its primes."""
        flat = mention.base + "".join(piece.text for piece in mention.pieces)
        primes = "'" * mention.primes
        for name in self.scope.functions:
            if _flat(name) == _flat(flat):
                return name + primes
        if mention.pieces and not (len(mention.pieces) == 1 and mention.pieces[0].kind == "digits"):
            labelled = self._labelled_activation(mention)
            if labelled is not None:
                return labelled + primes
        if mention.pieces:
            return (flat + primes) if find_function(flat) is not None else None
        row = find_function(_CALLED.get(mention.base, mention.base))
        return None if row is None else row.name + primes

    def _labelled_activation(self, mention: Mention) -> str | None:
        """`g^{[1]}`, `σ_2`: the activation of a layer, where the letter is nothing else."""
        if mention.base not in ("g", "f", "sigma", "phi", "h", "varphi"):
            return None
        tail = "".join(piece.text for piece in mention.pieces)
        for node in self.graph.nodes:
            if node.role == "activation" and node.operation and tail in (node.unit, _entry(node.name, Quantity()).tail):
                return node.operation
        return None

    def unknown(self, mention: Mention) -> FormulaError:
        """What to say of a name that means nothing here."""
        name = mention.base + "".join(f"_{piece.text}" if piece.kind != "digits" else piece.text for piece in mention.pieces) + "'" * mention.primes
        near = nearest(name, self.scope.readable)
        hint = ""
        if mention.primes and self.find(replace(mention, primes=0), ()) is not None:
            hint = f"{name.rstrip(chr(39))} is a quantity; a prime stands behind the name of a function, as in f'(z)"
        message = f"{name!r} is not defined in this network"
        return FormulaError(message, "", mention.start, mention.end, hint, () if hint else near)

    # -- readings of a name -------------------------------------------------------------------------------------------

    def _readings(self, base: str, mention: Mention, bound: Sequence[str]) -> Iterator[tuple[int, Syntax]]:
        """Every way to read a mention, with a rank: the fewer pieces are taken as indices, the better."""
        for entry in self._by_base.get(base, ()):
            if entry.primes != mention.primes:
                continue
            for used, left in _divisions(mention.pieces):
                if entry.tail not in _spellings(used):
                    continue
                indices = self._indices(entry, left, bound)
                if indices is not None:
                    yield len(left), Name(entry.name, indices, start=mention.start, end=mention.end)

    def _best(self, readings: Sequence[tuple[int, Syntax]], mention: Mention) -> Syntax:
        least = min(rank for rank, _ in readings)
        best = list(dict.fromkeys(tree for rank, tree in readings if rank == least))
        if len(best) > 1:
            names = " or ".join(_shown(tree) for tree in best)
            raise FormulaError(f"this can be {names}", "", mention.start, mention.end, hint="write the one that is meant")
        return best[0]

    def _indices(self, entry: Entry, pieces: Sequence[Piece], bound: Sequence[str]) -> tuple[Syntax, ...] | None:
        """The pieces that are left over as the indices of a quantity; None if they cannot be."""
        samples = self.graph.samples
        if entry.sampled and samples is not None:
            for place, piece in enumerate(pieces):
                is_sample = piece.text == samples.index or (piece.text in bound and piece.text not in self._axis_letters(bound))
                if is_sample and (len(pieces) > entry.rank or piece.kind == "label" or entry.rank == 0):
                    pieces = (*pieces[:place], *pieces[place + 1 :])
                    break
        if any(piece.kind == "digits" or (piece.kind == "label" and piece.text.isdigit()) for piece in pieces):
            return None
        if not pieces:
            return ()
        if entry.rank == 0:
            return None
        trees = [piece.tree for piece in pieces]
        if len(pieces) == 1 and entry.rank > 1 and len(pieces[0].text) == entry.rank:
            trees = [_letter_or_digit(character, pieces[0]) for character in pieces[0].text]
        if len(trees) != entry.rank or not all(tree is not None and self._is_index(tree, bound) for tree in trees):
            return None
        return tuple(tree for tree in trees if tree is not None)

    def _axis_letters(self, bound: Sequence[str]) -> set[str]:
        """Letters of sums that are known to run over an axis of an array. (None yet: a bound letter behind a scalar is a sample.)"""
        del bound
        return set()

    def _is_index(self, tree: Syntax, bound: Sequence[str]) -> bool:
        """Whether a piece can be an index: a number, a letter that no quantity has, a size, or their sum."""
        names = [each for each in tree.walk() if isinstance(each, Name)]
        return all(each.name in bound or each.name in self.scope.sizes or (each.name in _INDEX_LETTERS and each.name not in self.scope.quantities) for each in names)

    # -- what has no entry --------------------------------------------------------------------------------------------

    def _cost(self, mention: Mention, bound: Sequence[str]) -> Syntax | None:
        """The cost and the loss by what people call them, unless the network uses the name."""
        del bound
        tail = "".join(piece.text for piece in mention.pieces)
        if mention.primes or tail not in _WHOLE or (mention.base not in _COSTS and mention.base not in _LOSSES):
            return None
        cost, loss = self.graph.cost.name, self.graph.cost.loss
        of_sample = mention.base in _LOSSES or tail in ("0", "i", "n", "p", "k")
        return Name(loss if of_sample else cost, start=mention.start, end=mention.end)

    def _kronecker(self, mention: Mention, bound: Sequence[str]) -> Syntax | None:
        """`δ_{ij}`: 1 where i = j."""
        if mention.base != "delta" or len(mention.pieces) not in (1, 2) or mention.primes:
            return None
        text = "".join(piece.text for piece in mention.pieces)
        trees = [piece.tree for piece in mention.pieces] if len(mention.pieces) == 2 else [_letter_or_digit(each, mention.pieces[0]) for each in text]
        if len(trees) != 2 or not all(tree is not None and self._is_index(tree, bound) for tree in trees):
            return None
        left, right = trees
        assert left is not None
        assert right is not None
        same = Comparison("=", left, right, start=mention.start, end=mention.end)
        return indicator(same, mention.start, mention.end)

    def _adjoint_of(self, mention: Mention, bound: Sequence[str]) -> Syntax | None:
        """`dW2`, `dZ2`, `db1`: the cost's derivative, as it is called in programs."""
        if mention.base[:1] != "d" or len(mention.base) < 2:
            return None
        inner = self.find(replace(mention, base=mention.base[1:]), bound)
        if not isinstance(inner, Name) or inner.name not in self.graph.by_name:
            return None
        node = self.graph.node(inner.name)
        if node.sampled and inner.name in self.derivation.names:  # of one sample, without the 1/m, which those programs put into dW
            return Name(self.derivation.names[inner.name], inner.indices, start=mention.start, end=mention.end)
        return Derivative(Name(self.graph.cost.name), inner, start=mention.start, end=mention.end)

    def _bare(self, mention: Mention, bound: Sequence[str]) -> Syntax | None:
        """Indices, sizes, the learning rate, the number of samples, π and e."""
        text = mention.base + "".join(piece.text for piece in mention.pieces)
        name = Name(text, start=mention.start, end=mention.end)
        if mention.primes:
            return None
        if text in bound or text in self.scope.sizes:
            return name
        if text in _RATES and self.learning_rate is not None:
            return replace(name, name=self.learning_rate)
        if self.graph.samples is not None and (text in _COUNTS or text == self.graph.samples.index):
            return name if text == self.graph.samples.index else replace(name, name=self.graph.samples.size)
        return name if text in ("pi", "e") else None

    def axis_of(self, name: str, place: int) -> Axis | None:
        """Where an index of a quantity runs."""
        quantity = self.scope.quantities.get(self.scope.aliases.get(name, name))
        return None if quantity is None or place >= len(quantity.axes) else quantity.axes[place]


def vocabulary_of(derivation: Derivation) -> Vocabulary:
    """The vocabulary of a network. Nothing is defined yet."""
    return Vocabulary(derivation)


def _entry(name: str, quantity: Quantity) -> Entry:
    stem, label = (name[: name.index("^")], name[name.index("^") + 2 : -1]) if "^" in name else (name, "")
    primes = len(stem) - len(stem.rstrip("'"))
    stem = stem.rstrip("'")
    base = ""
    for character in stem:
        if not character.isalpha():
            break
        base += character
    tail = stem[len(base) :].replace("_", "") + label
    return Entry(name, base, tail, primes, len(quantity.axes), quantity.sampled)


def _flat(name: str) -> str:
    return canonical(name).replace("_", "").replace("^", "").replace("(", "").replace(")", "").replace("'", "")


def _swapped(base: str) -> str:
    """The other case of a single letter: `w^{(1)}` may be the matrix W1."""
    return base.swapcase() if len(base) == 1 else base


def _divisions(pieces: Sequence[Piece]) -> Iterator[tuple[tuple[Piece, ...], tuple[Piece, ...]]]:
    """Every way to divide the pieces into those of the name and those that are indices."""
    places = range(len(pieces))
    for count in range(len(pieces), -1, -1):
        for chosen in combinations(places, count):
            yield tuple(pieces[at] for at in chosen), tuple(pieces[at] for at in places if at not in chosen)


def _spellings(pieces: Sequence[Piece]) -> set[str]:
    """What the pieces spell, in the order in which they stand, and with labels first or last."""
    labels = [piece.text for piece in pieces if piece.kind == "label"]
    others = [piece.text for piece in pieces if piece.kind != "label"]
    return {"".join(piece.text for piece in pieces), "".join(labels + others), "".join(others + labels)}


def _letter_or_digit(character: str, piece: Piece) -> Syntax | None:
    start = piece.tree.start if piece.tree is not None else 0
    end = piece.tree.end if piece.tree is not None else 0
    if character.isdigit():
        return Numeral(character, _whole(int(character)), start=start, end=end)
    return Name(character, start=start, end=end) if character.isalpha() else None


def _whole(value: int) -> Fraction:
    return Fraction(value)


def _shown(tree: Syntax) -> str:
    if not isinstance(tree, Name):
        return "something else"
    inside = ",".join(each.text if isinstance(each, Numeral) else each.name if isinstance(each, Name) else "…" for each in tree.indices)
    return f"{tree.name}[{inside}]" if inside else tree.name
