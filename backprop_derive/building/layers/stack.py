"""What layers have in common: where the list has got to, what can be read, which options were given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from backprop_derive.building.draft import Draft
from backprop_derive.building.layers.joining import joined_node
from backprop_derive.building.scope import Vector
from backprop_derive.building.vectors import vector_of_node
from backprop_derive.errors import nearest
from backprop_derive.frozen import dataclass, field
from backprop_derive.graph.expressions import Expression, Ref
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Node
from backprop_derive.notation import canonical, is_name
from backprop_derive.operations.layers import LAYERS
from backprop_derive.spec.model import LayerEntry
from backprop_derive.spec.source import Mark, Scalar, Value
from backprop_derive.spec.source import Sequence as YamlSequence

ACTIVATION_KINDS = ("activation", "softmax")
_ACTIVATED = ("dense", "conv1d", "conv2d")
"""Kinds of layer that an activation below them belongs to."""


@dataclass(frozen=True)
class Entry:
    """A layer of the spec with its options by name. `activation` is its own, or the one that the entry below gives it.

    `name` is the layer's own, or "".
    """

    kind: Scalar
    main: Value | None
    options: Mapping[str, Value]
    activation: Value | None = None
    name: str = ""

    @property
    def mark(self) -> Mark:
        """Where the layer stands in the spec."""
        return self.kind.mark


@dataclass
class Branch:
    """What a layer gives. `name` is how `input:` and messages call it; `read`: some layer reads it."""

    name: str
    vector: Vector
    mark: Mark
    read: bool = False

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that make up the vector."""
        return nodes_of(self.vector)


def nodes_of(vector: Vector) -> tuple[str, ...]:
    """The names of the nodes that make up a vector."""
    refs = vector.entries if vector.array is None else (vector.array,)
    return tuple(ref.name for ref in refs if isinstance(ref, Ref))


def described(vector: Vector) -> str:
    """How messages call what a layer reads or gives: `a1 (3 × 5)`."""
    texts = [form_text(length) for length in vector.shape]
    lengths = " × ".join(f"({text})" if " " in text and len(texts) > 1 else text for text in texts)
    return f"{', '.join(nodes_of(vector))} ({lengths})"


def read_entry(draft: Draft, entry: LayerEntry, allowed: Sequence[str], activation: Value | None) -> Entry:
    """The options of a layer by name; what is wrong with them is noted."""
    options: dict[str, Value] = {}
    for option, value in entry.options:
        if option.text not in allowed:
            message = f"{option.text!r} is no option of {entry.kind.text}, which has {', '.join(allowed)}"
            if option.text in LAYERS and entry.kind.text in LAYERS[option.text].options:
                message = f"a layer begins with its kind: put {option.text} first, {entry.kind.text} below it"
            draft.problem(option.mark, message, option.text, nearest(option.text, allowed))
        elif isinstance(value, Scalar) and not value.text:
            draft.problem(option.mark, f"{option.text} has no value: write one, or leave the option out", option.text)
        else:
            options[option.text] = value
    return Entry(entry.kind, entry.main, options, activation or options.get("activation"), _own_name(draft, options.get("name")))


def _own_name(draft: Draft, value: Value | None) -> str:
    if value is None:
        return ""
    if not isinstance(value, Scalar):
        draft.problem(value.mark, "name: takes a name")
        return ""
    name = read_name(draft, value)
    if name in draft.taken():
        draft.problem(value.mark, f"{name!r} is a name of the spec already", name)
        return ""
    return name


@dataclass(eq=False, repr=False)
class Stack:
    """The way through the layers. `current` is what the next layer reads; `count` counts layers with parameters.

    `matrices` are the names of arrays of weights, `transposed` those that stand with ^T and where.
    """

    draft: Draft
    build: Callable[[Stack, LayerEntry, Value | None], None]
    current: tuple[Branch, ...] = ()
    count: int = 0
    inputs: list[Branch] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    matrices: set[str] = field(default_factory=set)
    transposed: dict[str, Mark] = field(default_factory=dict)
    joins: dict[tuple[Expression, ...], Vector] = field(default_factory=dict)

    # -- the way through ------------------------------------------------------------------------------------------------

    def start(self, nodes: Sequence[Node]) -> None:
        """All inputs, in order, are what the first layer reads."""
        self.inputs = [Branch(node.name, self.vector(node), self.draft.places[node.name]) for node in nodes]
        self.current = tuple(self.inputs)

    def run(self, entries: Sequence[LayerEntry]) -> Vector:
        """Build a list of layers; returns what the last one gives."""
        for entry, activation in _with_activations(entries):
            self.build(self, entry, activation)
        return self.joined([branch.vector for branch in self.current], self.current[0].mark) if self.current else Vector()

    def give(self, entry: Entry, vector: Vector) -> None:
        """What a layer gives is what the next one reads."""
        nodes = nodes_of(vector)
        name = entry.name or (nodes[0] if len(nodes) == 1 else ", ".join(nodes))
        if entry.name and any(branch.name == name for branch in self.branches):
            self.draft.problem(entry.options["name"].mark, f"two layers have the name {name!r}", name)
        branch = Branch(name, vector, entry.mark)
        self.branches.append(branch)
        self.current = (branch,)

    # -- what a layer reads ---------------------------------------------------------------------------------------------

    def source(self, entry: Entry) -> Vector:
        """A vector, or one for each step of a sequence: what a layer's `input:` names, or the layer above; several are joined."""
        return self.steps(entry, self.array(entry))

    def steps(self, entry: Entry, read: Vector) -> Vector:
        """What a layer reads that takes vectors, one or a sequence of them; anything else is a problem."""
        if read.channels or len(read.along) > 1:
            message = f"{entry.kind.text} reads a vector, or a vector for each step of a sequence, and not {described(read)}: put `- flatten` in front"
            self.draft.problem(entry.mark, message, entry.kind.text)
            return Vector((), read.array, read.axis)
        return read

    def one_array(self, entry: Entry, read: Vector) -> Vector:
        """What a layer reads, as one array: scalars that stand one by one are joined."""
        return read if read.array is not None else self.joined([read], entry.mark, self.free(f"c{self.count}"))

    def array(self, entry: Entry) -> Vector:
        """What a layer reads, of any number of axes."""
        value = entry.options.get("input")
        branches = self.current if value is None else tuple(self.found(value))
        for branch in branches:
            branch.read = True
        return self.joined([branch.vector for branch in branches], value.mark if value is not None else entry.mark)

    def found(self, value: Value) -> Iterator[Branch]:
        """The layers and inputs that an `input:` names, one or a list."""
        items = value.items if isinstance(value, YamlSequence) else (value,)
        if not items:
            self.draft.problem(value.mark, "the list of what is read is empty")
        for item in items:
            if not isinstance(item, Scalar):
                self.draft.problem(item.mark, "the name of a layer or of an input is expected here")
            elif (branch := self._named(item)) is not None:
                yield branch

    def _named(self, scalar: Scalar) -> Branch | None:
        name = canonical(scalar.text)
        node = self.draft.aliases.get(name, name)
        for branch in (*self.inputs, *reversed(self.branches)):
            if branch.name == name or branch.nodes == (node,):
                return branch
        for branch in self.branches:
            if node in branch.nodes:
                branch.read = True
        found = self.draft.nodes.get(node)
        if found is not None and found.role not in ("parameter", "target"):
            return Branch(node, self.vector(found), scalar.mark)
        known = [branch.name for branch in (*self.inputs, *self.branches)]
        message = f"{scalar.text!r} is neither an input nor a layer above: {', '.join(known)}"
        self.draft.unknown(scalar, message, nearest(name, known))
        return None

    def joined(self, vectors: Sequence[Vector], mark: Mark, name: str = "") -> Vector:
        """The vectors one behind the other: as they are if all entries are scalars, else as a node `c{l}` of their own."""
        if len(vectors) == 1 and not name:
            return vectors[0]
        if all(vector.array is None for vector in vectors) and not name:
            return Vector(tuple(entry for vector in vectors for entry in vector.entries))
        refs = tuple(ref for vector in vectors for ref in (vector.entries or (vector.array,)) if ref is not None)
        if refs not in self.joins or name:
            first = next((vector for vector in vectors if vector.along), vectors[0])
            if any(vector.channels for vector in vectors):
                self.draft.problem(mark, "joining channels: not yet (planned, not built)")
                return first
            if any(vector.shape[:-1] != first.shape[:-1] for vector in vectors):
                self.draft.problem(mark, f"vectors of sequences of one length can be joined; given are {', '.join(map(described, vectors))}")
                return first
            node = joined_node(name or self.free(f"c{self.count}"), vectors)
            self.draft.add(node, mark)
            self.joins[refs] = self.vector(node)
        return self.joins[refs]

    def vector(self, node: Node) -> Vector:
        """What a node holds, as layers read it."""
        return vector_of_node(node, self.draft.taken())

    # -- names ----------------------------------------------------------------------------------------------------------

    def free(self, name: str) -> str:
        """The name, or, where it is taken, the name with a counter behind it."""
        taken = self.draft.taken()
        return next(each for each in (name, *(f"{name}_{count}" for count in range(2, 10_000))) if each not in taken)


def is_on(stack: Stack, entry: Entry, option: str) -> bool:
    """An option that is `true`, as it is where it is left out, or `false`."""
    value = entry.options.get(option)
    if value is None or (isinstance(value, Scalar) and value.text in ("true", "false")):
        return value is None or (isinstance(value, Scalar) and value.text == "true")
    stack.draft.problem(value.mark, f"{option} of {entry.kind.text} is true or false", value.text if isinstance(value, Scalar) else None)
    return True


def read_name(draft: Draft, scalar: Scalar) -> str:
    """A name, canonical; a problem if it is none."""
    name = canonical(scalar.text)
    if not is_name(name):
        draft.problem(scalar.mark, f"{scalar.text!r} is no name: a letter, then letters, digits, _ and primes", scalar.text)
    return name


def _with_activations(entries: Sequence[LayerEntry]) -> Iterator[tuple[LayerEntry, Value | None]]:
    """Each layer, with the activation of the entry below where that is all the entry says: it is the layer's own."""
    waiting = list(entries)
    while waiting:
        entry = waiting.pop(0)
        activation = None
        if waiting and entry.kind.text in _ACTIVATED and _is_linear(entry):
            activation = _only_activation(waiting[0])
            waiting = waiting[1:] if activation is not None else waiting
        yield entry, activation


def _is_linear(entry: LayerEntry) -> bool:
    given = next((value for option, value in entry.options if option.text == "activation"), None)
    return given is None or (isinstance(given, Scalar) and given.text in ("identity", "linear", "none"))


def _only_activation(entry: LayerEntry) -> Value | None:
    """The function of `- softmax` or `- activation: tanh`, without options of its own."""
    value = entry.main if entry.kind.text == "activation" else entry.kind
    alone = not entry.options and (entry.kind.text != "softmax" or entry.main is None)
    return value if entry.kind.text in ACTIVATION_KINDS and alone else None
