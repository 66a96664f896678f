"""Nodes and the graph they make."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import Literal

from backprop_derive.frozen import dataclass, field
from backprop_derive.graph.expressions import Bound, Expression, Ref, Relation, refs
from backprop_derive.graph.indices import Affine, Axis, variable
from backprop_derive.graph.numbers import Numbers

Role = Literal["input", "target", "parameter", "constant", "preactivation", "activation", "node", "loss", "regularizer", "adjoint", "choice"]


@dataclass(frozen=True, slots=True)
class Mention:
    """The derivative that a row states for one parent: `∂(definition)/∂ref`, for each place of the bounds."""

    ref: Ref
    derivative: Expression
    bounds: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a definition holds and what it says: `h[t,j] = tanh(s[t,j])` for t = 1..T, or `h[0,j] = h0[j]`.

    `places` are the node's indices there, each a bare variable or a number; `axes` says where each variable runs.
    `mentions` are the derivatives by every parent where the row of a table states them; otherwise None, and the
    derivatives are found from the definition.
    """

    places: tuple[Affine, ...]
    axes: tuple[tuple[str, Axis], ...]
    definition: Expression
    mentions: tuple[Mention, ...] | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A quantity of the network.

    `letters` are its index variables, `axes` the places that are stored, one for each. Without pieces it is a leaf.
    `sampled`: its first axis is the sample index. `operation` names the row of the table that defined it, `unit` the
    neuron or layer it belongs to; both serve the explanations only.
    """

    name: str
    letters: tuple[str, ...] = ()
    axes: tuple[Axis, ...] = ()
    pieces: tuple[Piece, ...] = ()
    role: Role = "node"
    sampled: bool = False
    operation: str = ""
    unit: str = ""

    @property
    def mentioned(self) -> tuple[str, ...]:
        """The nodes that the definitions mention, in the order of their first mention, also those inside indices."""
        return tuple(dict.fromkeys(ref.name for piece in self.pieces for ref in refs(piece.definition)))

    @property
    def is_leaf(self) -> bool:
        """Given from outside: input, target, parameter or constant."""
        return not self.pieces

    @property
    def formula_axes(self) -> tuple[Axis, ...]:
        """Where its indices run in formulas: over the places of its general definition, without single start values."""
        main = next((piece for piece in self.pieces if len(piece.axes) == len(self.letters)), None)
        return tuple(axis for _, axis in main.axes) if main is not None else self.axes

    def ref(self) -> Ref:
        """The node at its own letters."""
        return Ref(self.name, tuple(variable(letter) for letter in self.letters))

    @property
    def only_places(self) -> Mapping[str, Affine]:
        """The letters of axes that have one place, and that place."""
        return {letter: axis.low for letter, axis in zip(self.letters, self.axes, strict=True) if axis.single}

    def mention(self) -> Ref:
        """The node at its own letters, or at the only place where there is one."""
        places = self.only_places
        return Ref(self.name, tuple(places.get(letter, variable(letter)) for letter in self.letters))


@dataclass(frozen=True, slots=True)
class Fact:
    """The entries sum to 1: those of the vector node `vector`, or the listed ones. `text` says it as the spec would."""

    text: str
    vector: str | None = None
    entries: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True)
class Assumption:
    """What the spec says holds of the nodes `names`, as its `text` says it; the values of a check are drawn so.

    `sum`: their entries sum to 1 · `one_hot`: one of them is 1, the others 0 · `probabilities`: above 0, and they sum to 1
    · `binary`: each is 0 or 1 · `sign`: each is 1 or -1 · `symmetric`: W[j,k] = W[k,j] · `relation`: each entry is `relation` `bound`.
    """

    text: str
    kind: Literal["sum", "one_hot", "probabilities", "binary", "sign", "symmetric", "relation"]
    names: tuple[str, ...]
    relation: Relation = "="
    bound: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class TargetDomain:
    """What the loss `loss` takes as targets, as the row of the table says: the array `names[0]`, along its last axis, or the
    named numbers together."""

    loss: str
    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """How the cost is made of the loss of one sample: `1/m Σ_i L[i]`, `Σ_i L[i]` or `L`, plus the node `regularizer`.

    Its name is that of the loss where it is the loss: for a single sample, without a regulariser.
    """

    name: str
    loss: str
    reduction: Literal["mean", "sum", "single"]
    regularizer: str | None = None


@dataclass(frozen=True, slots=True)
class Samples:
    """The tool's letters for the sample index and the number of samples; they step aside for names of the spec.

    `written`: the index stands behind every name that has it; else it is implied. `coupled`: something is computed from all
    samples together, so that the loss of one depends on the others.
    """

    index: str
    size: str
    written: bool = False
    coupled: bool = False


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a name is written on a page, where its letters alone do not say it.

    `base` are its letters, `label` stands raised behind them as it is written, brackets included: `2` or `(2)`; `subscript` stands
    in front of its indices, `closing` behind them: the bias `w_{j0}`.
    """

    base: str
    label: str = ""
    subscript: str = ""
    closing: str = ""


DELTA, PREFIXED = "δ", "d"
"""Signs of the backward pass: the usual one, and one that stands in front of names, `ds1` for the derivative by s1."""


@dataclass(frozen=True, slots=True)
class Notation:
    """In whose notation the names of a graph are: `title` says it, `meanings` what the letters mean.

    `adjoints` are the names of adjoints by their node, `spellings` how names are written, `layers` the index letters of the layers, the
    inputs' first, where they tell which layer is meant. `error` is the sign of the backward pass; `d` stands in front of other names.
    `rows`: a vector lies, and s = xW + b. `also` are names that a hand calculation may use besides, each with its node; `before`
    are the names that were changed, each with its new one, `hidden` is the letter of the activation function of hidden units.
    """

    name: str
    title: str
    meanings: tuple[tuple[str | Expression, ...], ...] = ()
    error: str = DELTA
    adjoints: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    rows: bool = False
    also: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    hidden: str = ""


@dataclass(frozen=True)
class Graph:
    """All nodes, in the order in which they were given, and what is to be differentiated.

    `functions` are the activations of one's own: name → (argument, definition over `Ref(argument)`), or None where
    the function is abstract. `smallest` gives sizes that may be 0. `facts` are what the textbook may
    take for granted; `assumptions` are all that the spec assumes; `aliases` are other names that formulas may use for a
    node; `latex` is how a name is written in LaTeX where the spec says it; `numbers` are those of the spec, `domains` what values
    of targets the losses take; `made` are the names that the spec does not give, `notation` is the one that they were changed to, if
    they were.
    """

    nodes: tuple[Node, ...]
    cost: Cost
    samples: Samples | None = None
    functions: Mapping[str, tuple[str, Expression] | None] = field(default_factory=dict)
    smallest: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    title: str = ""
    notes: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    latex: Mapping[str, str] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    domains: tuple[TargetDomain, ...] = ()
    made: frozenset[str] = frozenset()
    notation: Notation | None = None

    def __hash__(self) -> int:
        return self._hash

    @property
    def error(self) -> str:
        """The sign of the derivatives of the backward pass, or `d`, which stands in front of the names of nodes."""
        return DELTA if self.notation is None else self.notation.error

    @cached_property
    def _hash(self) -> int:
        """Found once, so that what is worked out of a graph can be kept by it."""
        return hash((self.nodes, self.cost, self.samples))

    @property
    def differentiated(self) -> Ref:
        """What δs are derivatives of: the loss L of one sample at its own index; where samples are coupled, the sum Σ_i L[i],
        which is L without an index."""
        loss = self.node(self.cost.loss)
        return Ref(loss.name) if self.samples is not None and self.samples.coupled else loss.ref()

    @cached_property
    def assumed(self) -> tuple[str, ...]:
        """Everything that is taken for granted, in words, each once."""
        return tuple(dict.fromkeys((*(fact.text for fact in self.facts), *(each.text for each in self.assumptions))))

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    @property
    def words(self) -> frozenset[str]:
        """What may be a name among words: the nodes, and the adjoints that a notation has a name for."""
        return frozenset((*self.by_name, *(self.notation.adjoints.values() if self.notation is not None else ())))

    def node(self, name: str) -> Node:
        """The node called `name`; KeyError if there is none."""
        return self.by_name[name]

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """For each node, the nodes whose definitions mention it, in graph order."""
        found: dict[str, list[str]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for name in self.parents[node.name]:
                found[name].append(node.name)
        return {name: tuple(below) for name, below in found.items()}

    @cached_property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """For each node, the nodes it is computed from, in the order of their first mention."""
        return {node.name: node.mentioned for node in self.nodes}

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, in the order given."""
        return tuple(node.name for node in self.nodes if node.role == "parameter")
