"""What the names of a hand calculation mean in one network: the lexicon that the grammar asks.

Every quantity is known by its letters and by what stands behind them, whatever the order and the marks: `W1`, `W_1`, `W^{(1)}` and
`W^{[1]}` are one name, and what is left over is its indices: `W^{(1)}_{21}`, `W1[2,1]`, `w_{21}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from backprop_derive.answers.entries import Entries, flat, without_single
from backprop_derive.answers.functions import FunctionNames
from backprop_derive.answers.mentions import of_units, readings_of
from backprop_derive.answers.statements import Side
from backprop_derive.building.scope import Quantity, Scope, scope_of
from backprop_derive.calculus.derivation import Derivation
from backprop_derive.errors import FormulaError, nearest
from backprop_derive.graph.expressions import free_variables
from backprop_derive.graph.nodes import Graph
from backprop_derive.language.hand_commands import indicator
from backprop_derive.language.lexicon import FinalError, Letters, Mention, Piece, SampleLetterError
from backprop_derive.language.syntax import Binary, Comparison, Derivative, Name, Numeral, Syntax

LEARNING_RATE = "eta"
_RATES = ("eta", "alpha", "lr")
_COSTS = ("C", "J", "E", "cost", "Cost")
_LOSSES = ("L", "l", "ell", "loss", "Loss")
_OF_ALL, _OF_ONE = ("", "total", "tot", "mean", "avg"), ("0", "i", "n", "p", "k", "x")
_COUNTS = ("m", "N", "M", "n", "B")
_HYPOTHESES, _OF_PARAMETERS = ("h", "f"), ("theta", "Theta", "w", "W", "wb", "Wb", "w,b", "W,b", "beta", "thetab")
_FREE_SAMPLES = ("i", "n", "p", "s")


@dataclass(frozen=True)
class Vocabulary:
    """The names of one network, of its adjoints, and of what a calculation has defined so far.

    `narrow`: axes with a single entry are left out, as they are by hand where a layer has one unit: w_j for W[1,j], w^T x for W x.
    """

    derivation: Derivation
    definitions: Mapping[str, Side] = field(default_factory=dict)
    narrow: bool = False

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.derivation.graph

    def defining(self, name: str, side: Side) -> Vocabulary:
        """The vocabulary with one more name, which a line has just defined."""
        return replace(self, definitions={**self.definitions, name: side})

    # -- the scope in which formulas are resolved -------------------------------------------------------------------------

    @cached_property
    def narrowed(self) -> Vocabulary | None:
        """The same without axes of a single entry; None where that is no other, or there are none beside others."""
        beside = any(len(without_single(quantity.axes)) < len(quantity.axes) for quantity in self.quantities.values())
        return replace(self, narrow=True) if beside and not self.narrow else None

    @cached_property
    def quantities(self) -> Mapping[str, Quantity]:
        """The network's quantities, the adjoints, the cost, the learning rate and what was defined, as formulas have them."""
        if not self.narrow:
            return self.whole_quantities
        return {name: replace(quantity, axes=without_single(quantity.axes)) for name, quantity in self.whole_quantities.items()}

    @cached_property
    def whole_quantities(self) -> Mapping[str, Quantity]:
        """The same with all axes."""
        quantities = dict(scope_of(self.graph).quantities)
        for of, name in self.derivation.names.items():
            quantities.setdefault(name, quantities[of])
        quantities.setdefault(self.graph.cost.name, Quantity())
        if self.learning_rate is not None:
            quantities.setdefault(self.learning_rate, Quantity())
        for name, side in self.definitions.items():
            quantities[name] = Quantity(side.axes, self._is_sampled(side))
        return quantities

    @cached_property
    def scope(self) -> Scope:
        """What formulas are resolved in."""
        return replace(scope_of(self.graph), quantities=self.quantities)

    def batch_scope(self, *, columns: bool) -> Scope:
        """The scope with arrays of all samples; a sample is a column of them, or a row."""
        return replace(self.scope, quantities={**self.quantities, **self.batch_quantities(columns=columns)})

    def batch_quantities(self, *, columns: bool) -> Mapping[str, Quantity]:
        """The arrays of all samples, as formulas have them."""
        return {name: self.entries.batch_quantity(name, columns=columns) for name in self.entries.batches}

    def whole_batches(self, *, columns: bool) -> Mapping[str, Quantity]:
        """The same with all axes."""
        return {name: self.entries.batch_quantity(name, columns=columns, of=self.whole_quantities) for name in self.entries.batches}

    def _is_sampled(self, side: Side) -> bool:
        return self.sample_index is not None and self.sample_index in free_variables(side.expression)

    @cached_property
    def learning_rate(self) -> str | None:
        """What the learning rate is called here: `eta`, unless that is a name of the network."""
        return None if LEARNING_RATE in self.graph.by_name else LEARNING_RATE

    @cached_property
    def entries(self) -> Entries:
        """All names of quantities."""
        scope = scope_of(self.graph)
        arrays = frozenset(name for name, quantity in self.whole_quantities.items() if quantity.axes)
        return Entries(self.derivation, self.quantities, arrays, frozenset((*scope.sizes, *scope.functions)))

    @cached_property
    def functions(self) -> FunctionNames:
        """All names of functions."""
        return FunctionNames(self.graph)

    # -- what the grammar asks ----------------------------------------------------------------------------------------

    @property
    def sample_index(self) -> str | None:
        """The letter of the sample index, if there are samples."""
        return self.graph.samples.index if self.graph.samples else None

    def is_quantity(self, text: str) -> bool:
        """Whether a bare word is a quantity of the network."""
        return text in self.quantities or text in self.scope.aliases

    def is_name(self, text: str) -> bool:
        """Whether a bare word is a name of the network."""
        return self.is_quantity(text) or text in self.scope.sizes or text in self.graph.functions

    def is_cost(self, tree: Syntax) -> bool:
        """Whether a piece is the cost or the loss."""
        return isinstance(tree, Name) and tree.name in (self.graph.cost.name, self.graph.cost.loss)

    def hypothesis(self, mention: Mention, argument: Syntax) -> Syntax | None:
        """The output, where the mention is h, h_θ or f_w in a network that has no such name, and the argument its input."""
        tail = "".join(piece.text for piece in mention.pieces)
        outputs = self.graph.outputs
        if mention.base not in _HYPOTHESES or mention.primes or len(outputs) != 1 or self.graph.cost.loss in outputs or (not tail and mention.base != "h") or tail not in ("", *_OF_PARAMETERS):
            return None
        if self.entries.by_base.get(mention.base) or mention.base + tail in self.graph.functions or not isinstance(argument, Name):
            return None
        node = self.graph.by_name.get(argument.name)
        if node is None or node.role != "input":
            return None
        sample = argument.indices if node.sampled and len(argument.indices) == 1 and not self.quantities[argument.name].axes else ()
        return Name(outputs[0], sample, start=mention.start, end=argument.end)

    def output_of(self, letter: str) -> Name | None:
        """The activations of the last layer in ∇_a C (Nielsen's BP1a), where there are several layers of them."""
        outputs = [name for name in self.graph.outputs if name != self.graph.cost.loss]
        called = [entry for entry in self.entries.by_base.get(letter, ()) if outputs == [entry.name]]
        return Name(outputs[0]) if called else None

    def cost_over(self, bottom: Name) -> Name | None:
        """The cost, whose gradient `∇W` is, where W is a parameter."""
        node = self.graph.by_name.get(bottom.name)
        return Name(self.graph.cost.name) if node is not None and node.role == "parameter" else None

    def index_letter(self, letter: str, letters: Letters) -> str:
        """What an index letter is called in the tree."""
        if letter in letters.samples and self.sample_index is not None:
            return self.sample_index
        return letters.stand_in if letter == self.sample_index else letter

    def find(self, mention: Mention, letters: Letters) -> Syntax | None:
        """The quantity, index, size or constant that is mentioned. A single letter may stand for the other case: `w^{(1)}` for W1."""
        mention = self._numbered(mention)
        if mention.pieces and mention.pieces[0].kind == "sub" and mention.pieces[0].text in ("hat", "bar", "tilde"):  # y_hat
            accented = replace(mention, base=mention.base + mention.pieces[0].text, pieces=mention.pieces[1:])
            return self._quantity(mention, letters) or self.find(accented, letters)
        return (
            self._quantity(mention, letters)
            or self._index_or_size(mention, letters)
            or self._cost(mention)
            or (self._quantity(replace(mention, base=mention.base.swapcase()), letters) if len(mention.base) == 1 and mention.base != "e" else None)
            or self._kronecker(mention, letters)
            or self._adjoint_of(mention, letters)
            or self._known_by_habit(mention)
        )

    def _quantity(self, mention: Mention, letters: Letters) -> Syntax | None:
        found = readings_of(mention, self, letters)
        if found:
            self._ask_of_a_power(mention, letters)
            return _best(found, mention)
        self._try_samples(mention, letters)
        return None

    def _ask_of_a_power(self, mention: Mention, letters: Letters) -> None:
        """Raises FinalError for `a_j^2` where j tells the layer: it may be a square."""
        notation = self.graph.notation
        plain = tuple(piece for piece in mention.pieces if not (piece.kind == "raised" and piece.text.isdigit()))
        if notation is None or not notation.layers or plain == mention.pieces or not plain or not readings_of(replace(mention, pieces=plain), self, letters):
            return
        hint = "write the label in brackets, ^{(2)}, or the power as (a)^2"
        raise FinalError(f"{written(mention)!r} can be a name or a power", "", mention.start, mention.end, hint=hint)

    def function(self, mention: Mention) -> str | None:
        """The function that is mentioned, with its primes."""
        return self.functions.find(mention)

    def remark(self, mention: Mention) -> str:
        """What is to be said of how a function was read."""
        return self.functions.remark(mention)

    def unknown(self, mention: Mention) -> FormulaError:
        """What to say of a name that means nothing here."""
        name = written(mention)
        hint, near = self._of_the_spec(mention), nearest(name, self.scope.readable)
        plain = replace(mention, primes=0)
        if not hint and mention.primes and self.find(plain, Letters()) is not None:
            hint = f"{written(plain)} is a quantity; a prime stands behind the name of a function, as in f'(z); a derivative is written d{written(plain)}/dx"
        elif not hint and any(piece.kind in ("label", "raised") and "l" in piece.text for piece in mention.pieces):
            hint = "l stands for any layer; write the layer's number"
        elif not hint and (others := list(dict.fromkeys(entry.name for entry in self.entries.by_base.get(mention.base, ()) if entry.rank))):
            hint = f"there {'is' if len(others) == 1 else 'are'} {' and '.join(self._shape_text(other) for other in others[:4])}"
        return FormulaError(f"{name!r} is not defined in this network", "", mention.start, mention.end, hint, () if hint else near)

    def _of_the_spec(self, mention: Mention) -> str:
        """Where a name is one of the spec that the notation has changed: what it is called in it."""
        notation = self.graph.notation
        if notation is None:
            return ""
        labels = mention.base + "".join(piece.text for piece in mention.pieces if piece.kind in ("digits", "label", "raised"))
        spelled = {labels, *(labels + piece.text for piece in mention.pieces if piece.kind == "sub")}
        found = next(((old, new) for old, new in notation.before.items() if flat(old) in spelled), None)
        return "" if found is None else f"the spec's {found[0]} is {found[1]} in the notation {notation.name}"

    def _shape_text(self, name: str) -> str:
        lengths = [("?" if axis is None or axis.length.number is None else str(axis.length.number)) for axis in self.quantities.get(name, Quantity()).axes]
        return f"{name} ({' × '.join(lengths)})" if name in self.quantities and "?" not in lengths else name

    # -- quantities -------------------------------------------------------------------------------------------------------

    def _numbered(self, mention: Mention) -> Mention:
        """The labels L, L-1, … of the last layers as numbers, where layers have numbers and L is none of their names; a^{x,2} as a^2."""
        mention = replace(mention, pieces=tuple(map(self._without_sample, mention.pieces)))
        last = self.entries.last_layer
        if last is None or not any(piece.text.startswith("L") for piece in mention.pieces):
            return mention
        numbers = {"L": last} | {f"L-{back}": last - back for back in range(1, last)} | {f"L+{on}": last + on for on in range(1, 3)}
        pieces = tuple(replace(piece, text=str(numbers[piece.text])) if piece.kind != "digits" and piece.text in numbers else piece for piece in mention.pieces)
        return replace(mention, pieces=pieces)

    def _without_sample(self, piece: Piece) -> Piece:
        """A label without the letter of the sample in front of it."""
        sample = f"{self.sample_index},"
        return replace(piece, text=piece.text.removeprefix(sample)) if piece.kind in ("label", "raised") else piece

    def _try_samples(self, mention: Mention, letters: Letters) -> None:
        """Raises SampleLetterError if the mention is a quantity when one of its letters is the sample's."""
        if self.sample_index is None:
            return
        several = [piece for piece in mention.pieces if piece.kind == "sub" and len(piece.text) > 1]
        if mention.base == "delta" and any(of_units(piece.text, self, letters) for piece in several):
            return  # δ_{ki} beside y_k and a_i
        in_front = [replace(piece, text=piece.text[0]) for piece in several if piece.text[0] in letters.bound]
        for piece in (*mention.pieces, *in_front):  # x_n, x_{nj}
            letter = piece.text
            allowed = letter in letters.bound or letter in (*_FREE_SAMPLES, self.sample_index)
            may_be = letter.isalpha() and letter not in letters.samples and allowed and (piece.kind != "raised" or letter in letters.bound)
            if may_be and readings_of(mention, self, letters.binding((), sample=letter)):
                raise SampleLetterError(letter, mention)

    # -- what has no entry --------------------------------------------------------------------------------------------

    def _cost(self, mention: Mention) -> Syntax | None:
        """The cost and the loss by what people call them, unless the network uses the name."""
        tail = "".join(piece.text for piece in mention.pieces)
        if mention.primes or (mention.base not in _COSTS and mention.base not in _LOSSES):
            return None
        if any(entry.primes == 0 and not entry.tail for entry in self.entries.by_base.get(mention.base, ())) and not tail:
            return None
        of_one = tail in (*_OF_ONE, self.sample_index)
        if tail not in _OF_ALL and not of_one:
            return None
        name = self.graph.cost.loss if of_one or (mention.base in _LOSSES and tail == "") else self.graph.cost.name
        return Name(name, start=mention.start, end=mention.end)

    def _kronecker(self, mention: Mention, letters: Letters) -> Syntax | None:
        """`δ_{ij}`: 1 where i = j."""
        if mention.base != "delta" or mention.primes or any(piece.kind != "sub" for piece in mention.pieces):
            return None
        parts = "".join(piece.text for piece in mention.pieces)
        if len(parts) != 2 or not parts.isalpha() or any(self.is_name(letter) for letter in parts):
            return None
        start, end = mention.start, mention.end
        left, right = (Name(self.index_letter(letter, letters), start=start, end=end) for letter in parts)
        return indicator((Comparison("=", left, right, start=start, end=end),), start, end)

    def _adjoint_of(self, mention: Mention, letters: Letters) -> Syntax | None:
        """`dW2`, `dz2`, `db1`: the cost's derivative, as it is called in programs; `\\bar{u}`, the adjoint of u."""
        if mention.base.endswith("bar") and len(mention.base) > 3:
            under = mention.base.removesuffix("bar")
            named = self._quantity(replace(mention, base="bar", pieces=(Piece("sub", under), *mention.pieces)), letters)
            if named is not None:
                return named
            of = self.find(replace(mention, base=under), letters)
            known = isinstance(of, Name) and of.name in self.derivation.names
            return replace(of, name=self.derivation.names[of.name]) if known and isinstance(of, Name) else None
        if mention.base[:1] != "d" or len(mention.base) < 2 or self.is_name("d"):
            return None
        inner = self.find(replace(mention, base=mention.base[1:]), letters)
        if not isinstance(inner, Name) or inner.name not in self.graph.by_name:
            return None
        if self.graph.node(inner.name).sampled and inner.name in self.derivation.names:  # without the 1/m, which those programs put into dW
            return Name(self.derivation.names[inner.name], inner.indices, start=mention.start, end=mention.end)
        return Derivative(Name(self.graph.cost.name), replace(inner, end=inner.start), start=mention.start, end=mention.end)

    def _index_or_size(self, mention: Mention, letters: Letters) -> Syntax | None:
        text = mention.base + "".join(piece.text for piece in mention.pieces)
        name = Name(text, start=mention.start, end=mention.end)
        if mention.primes:
            return None
        for known in (text, *self._sizes_by_flat.get(text, ())):
            if known in letters.bound or known in letters.samples:
                return replace(name, name=self.index_letter(known, letters))
            if known in self.scope.sizes:
                return replace(name, name=known)
        return None

    def _known_by_habit(self, mention: Mention) -> Syntax | None:
        """The learning rate, the number of samples, π and e."""
        text = mention.base + "".join(piece.text for piece in mention.pieces)
        name = Name(text, start=mention.start, end=mention.end)
        if mention.primes:
            return None
        if text in _RATES and self.learning_rate is not None:
            return replace(name, name=self.learning_rate)
        if self.graph.samples is not None and text in _COUNTS:
            return replace(name, name=self.graph.samples.size)
        return name if text in ("pi", "e") else None

    @cached_property
    def _sizes_by_flat(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name in self.scope.sizes:
            found[flat(name)] = (*found.get(flat(name), ()), name)
        return found


def vocabulary_of(derivation: Derivation) -> Vocabulary:
    """The vocabulary of a network. Nothing is defined yet."""
    return Vocabulary(derivation)


def written(mention: Mention) -> str:
    """The mention in plain text: `W^(1)_21`."""
    marks = {"digits": "{}", "sub": "_{}", "label": "^({})", "raised": "^{}", "index": "[{}]"}
    return mention.base + "".join(marks[piece.kind].format(piece.text) for piece in mention.pieces) + "'" * mention.primes


def _best(readings: tuple[tuple[int, Name], ...], mention: Mention) -> Name:
    """The reading that takes the fewest pieces as indices; raises FinalError where there are several."""
    least = min(rank for rank, _ in readings)
    best = list(dict.fromkeys(tree for rank, tree in readings if rank == least))
    if len(best) > 1:
        names = " or ".join(map(name_text, best))
        raise FinalError(f"{written(mention)!r} can be {names}", "", mention.start, mention.end, hint="write the one that is meant")
    return best[0]


def name_text(tree: Name) -> str:
    """A name with its indices, as far as they are numbers, letters, and sums of them."""
    inside = ",".join(map(_index_text, tree.indices))
    return f"{tree.name}[{inside}]" if inside else tree.name


def _index_text(index: Syntax) -> str:
    match index:
        case Numeral(text=text):
            return text
        case Name(name=name, indices=()):
            return name
        case Binary(operator="+" | "-" as sign, left=left, right=right):
            return f"{_index_text(left)}{sign}{_index_text(right)}"
    return "…"
