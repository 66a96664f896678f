"""What layers have in common: where the list has got to, what can be read, which options were given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from backprop_derive.building.draft import Draft
from backprop_derive.building.layers.joining import joined_node
from backprop_derive.building.scope import Vector
from backprop_derive.errors import nearest
from backprop_derive.frozen import dataclass, field
from backprop_derive.graph.expressions import Expression, Ref
from backprop_derive.graph.nodes import Node
from backprop_derive.notation import canonical, is_name
from backprop_derive.spec.model import LayerEntry
from backprop_derive.spec.source import Mark, Scalar, Value
from backprop_derive.spec.source import Sequence as YamlSequence

ACTIVATION_KINDS = ("activation", "softmax")


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


def read_entry(draft: Draft, entry: LayerEntry, allowed: Sequence[str], activation: Value | None) -> Entry:
    """The options of a layer by name; what is wrong with them is noted."""
    options: dict[str, Value] = {}
    for option, value in entry.options:
        if option.text not in allowed:
            message = f"{option.text!r} is no option of {entry.kind.text}, which has {', '.join(allowed)}"
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
        self.inputs = [Branch(node.name, self._vector(node, self.draft.places[node.name]), self.draft.places[node.name]) for node in nodes]
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
        """What a layer reads: what its `input:` names, or the layer above; several vectors are joined."""
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
            return Branch(node, self._vector(found, scalar.mark), scalar.mark)
        known = [branch.name for branch in (*self.inputs, *self.branches)]
        message = f"{scalar.text!r} is neither an input nor a layer above: {', '.join(known)}"
        self.draft.problem(scalar.mark, message, scalar.text, nearest(name, known))
        return None

    def _vector(self, node: Node, mark: Mark) -> Vector:
        if len(node.axes) > 1:
            message = f"{node.name!r} has {len(node.axes)} axes, and a layer reads a vector; flatten: not yet (planned, not built)"
            self.draft.problem(mark, message, node.name)
        return vector_of_node(node)

    def joined(self, vectors: Sequence[Vector], mark: Mark, name: str = "") -> Vector:
        """The vectors one behind the other: as they are if all entries are scalars, else as a node `c{l}` of their own."""
        if len(vectors) == 1 and not name:
            return vectors[0]
        if all(vector.array is None for vector in vectors):
            return Vector(tuple(entry for vector in vectors for entry in vector.entries))
        refs = tuple(ref for vector in vectors for ref in (vector.entries or (vector.array,)) if ref is not None)
        if refs not in self.joins or name:
            node = joined_node(name or self.free(f"c{self.count}"), vectors)
            self.draft.add(node, mark)
            self.joins[refs] = vector_of_node(node)
        return self.joins[refs]

    # -- names ----------------------------------------------------------------------------------------------------------

    def free(self, name: str) -> str:
        """The name, or, where it is taken, the name with a counter behind it."""
        taken = self.draft.taken()
        return next(each for each in (name, *(f"{name}_{count}" for count in range(2, 10_000))) if each not in taken)


def read_name(draft: Draft, scalar: Scalar) -> str:
    """A name, canonical; a problem if it is none."""
    name = canonical(scalar.text)
    if not is_name(name):
        draft.problem(scalar.mark, f"{scalar.text!r} is no name: a letter, then letters, digits, _ and primes", scalar.text)
    return name


def vector_of_node(node: Node) -> Vector:
    """A scalar as a vector of one entry, or an array."""
    return Vector((), Ref(node.name), node.axes[0]) if len(node.axes) == 1 else Vector((Ref(node.name),))


def _with_activations(entries: Sequence[LayerEntry]) -> Iterator[tuple[LayerEntry, Value | None]]:
    """Each layer, with the activation of the entry below where that is all the entry says: it is the layer's own."""
    waiting = list(entries)
    while waiting:
        entry = waiting.pop(0)
        activation = None
        if waiting and entry.kind.text == "dense" and _is_linear(entry):
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
