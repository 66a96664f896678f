"""The equations of a row of the table of layers become nodes of the graph.

    xhat{l}[j] = (x[j] - mu{l})*r{l}

Each name stands for a quantity of this layer: `x` for what the layer reads, `mu{l}` for the node `mu1`. Index letters on the left run
where the builder of the layer says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop_derive.building.formulas import read_formula
from backprop_derive.building.layers.stack import Entry, Stack, read_name
from backprop_derive.building.letters import LETTERS_OF_ROWS, SOURCE, UNIT
from backprop_derive.building.scope import Quantity, Scope, Vector
from backprop_derive.building.vectors import array_node, started
from backprop_derive.frozen import dataclass, field
from backprop_derive.graph.expressions import Bound, Bracket, Expression, Number, Ref, Where, reindex, replace
from backprop_derive.graph.indices import Affine, Axis, Pick, always, at_least, axis_to, variable
from backprop_derive.graph.naming import free_letter
from backprop_derive.graph.nodes import Node
from backprop_derive.spec.numbers import looks_like_number, number
from backprop_derive.spec.source import Mark, Scalar


@dataclass(frozen=True, slots=True)
class Place:
    """A node as a formula reads it: its first indices are given, `axes` are those that the formula writes.
    What is read outside of them is `outside`, if it may be read.
    """

    ref: Ref
    axes: tuple[Axis, ...] = ()
    outside: Expression | None = None

    def at(self, indices: tuple[Affine, ...], ranges: Mapping[str, Axis]) -> Expression:
        """The entry at the indices that the formula writes, which run over `ranges`."""
        entry: Expression = Ref(self.ref.name, (*self.ref.indices, *indices))
        if self.outside is None:
            return entry
        for index, axis in reversed(tuple(zip(indices, self.axes, strict=True))):
            for inside in (at_least(axis.high, index), at_least(index, axis.low)):
                if not always(inside, ranges) and not any(isinstance(atom, Pick) for atom in index.atoms()):  # what is picked is inside
                    entry = Where(Bracket(inside), entry, self.outside)
        return entry


@dataclass(eq=False, repr=False)
class Names:
    """What the names in the formulas of one layer stand for. `tail` ends the names of its nodes: `1` or `_enc`; `unit` is the layer
    that they belong to.

    `along` are the indices that stand in front of every node that is computed, and that equations leave out; `letters` says where
    all others run, `sizes` what the equations call lengths, `numbers` what they have a letter for. `spelled` are the letters of equations
    that are names of the spec, and what the nodes have in their place.
    """

    stack: Stack
    entry: Entry
    tail: str
    unit: str
    along: tuple[Bound, ...] = ()
    places: dict[str, Place] = field(default_factory=dict)
    letters: dict[str, Axis] = field(default_factory=dict)
    sizes: dict[str, Affine] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)

    def vector(self, name: str, vector: Vector) -> None:
        """A vector that the layer reads; where it reads one a step, the formulas are those of a step."""
        assert vector.array is not None
        assert vector.axis is not None
        self.places[name] = Place(vector.array, (vector.axis,))

    def weights(self, name: str, bias: str = "") -> None:
        """`W[j,k]`, to unit j from entry k of what the layer reads, and, unless `bias` is "", `b[j]`."""
        self.parameter(name, UNIT + SOURCE)
        if bias:
            self.parameter(bias, UNIT)

    def parameter(self, name: str, letters: str, called: Scalar | None = None) -> None:
        """What the layer learns, with indices by the layer's letters: `gamma1[j]`; a name that the spec gives twice is shared."""
        axes = tuple(self.letters[letter] for letter in letters)
        draft, known = self.stack.draft, self.known(name) if called is None else read_name(self.stack.draft, called)
        draft.add(Node(known, tuple(letters), axes, role="parameter"), self.entry.mark if called is None else called.mark, shared=called is not None)
        draft.made |= {known} if called is None else set()
        self.places[name] = Place(Ref(known), axes)

    def constant(self, name: str, standard: str) -> None:
        """A number of the layer that has a letter in books, such as eps: one for all layers that leave it at its standard value,
        one for a layer that gives another, or one of the name that the layer gives, which has its number under `values:`."""
        draft, value = self.stack.draft, self.entry.options.get(name)
        if value is not None and not isinstance(value, Scalar):
            draft.problem(value.mark, f"{name} takes a number above 0, or a name", None)
            value = None
        text = standard if value is None else value.text
        known, mark = name if value is None else f"{name}{self.tail}", self.entry.mark if value is None else value.mark
        if value is not None and not looks_like_number(text):
            known = read_name(draft, value)
        elif (found := number(text)) > 0:
            draft.standard[known] = found
            draft.made.add(known)
        else:
            draft.problem(mark, f"{name} is a number above 0", text)
        self._constant(name, known, mark)

    def share(self, name: str) -> None:
        """The main argument as a share of 1, from 0 and below 1: a number, which formulas show, or the name of a constant."""
        draft, main = self.stack.draft, self.entry.main
        wanted = f"{self.entry.kind.text} takes a share from 0 and below 1, `- {self.entry.kind.text}: 0.5`, or the name of a constant"
        if not isinstance(main, Scalar):
            draft.problem(self.entry.mark, wanted, self.entry.kind.text)
        elif not looks_like_number(main.text):
            self._constant(name, read_name(draft, main), main.mark)
        elif 0 <= (found := number(main.text)) < 1:
            self.numbers[name] = Number(found)
        else:
            draft.problem(main.mark, f"{wanted}, not {main.text}", main.text)
        self.places.setdefault(name, Place(Ref(name)))

    def _constant(self, name: str, known: str, mark: Mark) -> None:
        draft = self.stack.draft
        node = draft.nodes.get(known)
        if node is None:
            draft.add(Node(known, role="constant"), mark)
        elif node.role != "constant" or node.axes:
            draft.problem(mark, f"{known!r} is a name of the spec already, and no constant: give the layer another, `{name}: {name}_n`", known)
        self.places[name] = Place(Ref(known))

    def define(self, equation: str, *, called: str = "", role: str = "node", operation: str = "") -> Node:
        """The node that an equation gives, `xhat{l}[j] = …`; `called` is its whole name where that is not its own and the tail.

        `role` and `operation` are those of the node: a pre-activation, or an activation by the function `operation`.
        """
        left, _, right = equation.replace("{l}", "").partition(" = ")
        return self.add(left, self.read(right, self._left(left)[1]), called=called, role=role, operation=operation)

    def add(self, left: str, definition: Expression, *, called: str = "", role: str = "node", operation: str = "", start: Expression | None = None) -> Node:
        """The node `left`, such as `h[t,j]`, of a definition over its indices; `start` is what it is one place in front of the first."""
        name, indices = self._left(left)
        node_name = called or (self.places[name].ref.name if name in self.places else self.stack.free(self.known(name)))
        bounds = tuple(Bound(self.spelled.get(bound.name, bound.name), bound.axis) for bound in indices)
        node = array_node(node_name, (*self.along, *bounds), self.respelled(definition), role, self.unit, operation)
        node = node if start is None else started(node, start)
        self.stack.draft.add(node, self.entry.mark)
        self.stack.draft.made |= {node_name} if node_name not in (called, self.entry.name) else set()
        self.places[name] = Place(Ref(node_name, node.ref().indices[: len(self.along)]), tuple(bound.axis for bound in indices))
        return node

    def respelled(self, expression: Expression) -> Expression:
        """An expression over the letters of the equations, over those of the nodes."""
        return reindex(expression, {letter: variable(spelled) for letter, spelled in self.spelled.items()})

    def avoid(self, letters: str) -> None:
        """The letters step aside where they are names of the spec."""
        taken = {*self.stack.draft.taken(), *LETTERS_OF_ROWS, *self.spelled.values()}
        for letter in letters:
            if letter in self.stack.draft.taken():
                self.spelled[letter] = free_letter(letter, taken)
                taken.add(self.spelled[letter])

    def foresee(self, left: str, *, called: str = "") -> None:
        """The node `left`, such as `h[t,j]`, is read by equations in front of its own."""
        name, indices = self._left(left)
        self.places[name] = Place(Ref(called or self.stack.free(self.known(name))), tuple(bound.axis for bound in indices))

    def known(self, name: str) -> str:
        """What a name of the equations is called in this layer: `z1`, `z1_f` for `z_f`."""
        stem, _, label = name.partition("_")
        return f"{stem}{self.tail}_{label}" if label else f"{stem}{self.tail}"

    def _left(self, left: str) -> tuple[str, tuple[Bound, ...]]:
        """The name on the left of an equation, and where its indices run."""
        name, _, letters = left.rstrip("]").partition("[")
        return name, tuple(Bound(letter, self.letters[letter]) for letter in letters.split(",") if letter)

    def follow(self, equations: Sequence[str]) -> Node:
        """All of the equations; the last one is what the layer gives."""
        for equation in equations[:-1]:
            self.define(equation)
        return self.define(equations[-1], called=self.entry.name, operation=self.entry.kind.text)

    def read(self, text: str, indices: Sequence[Bound]) -> Expression:
        """A formula over the layer's names, over nodes of the graph."""
        nodes = self.stack.draft.nodes
        quantities = {name: Quantity(place.axes, whole=place.ref.name in nodes and nodes[place.ref.name].role == "choice") for name, place in self.places.items()}
        expression = read_formula(text, Scope(quantities, sizes=self.sizes, indices={bound.name: bound.axis for bound in indices}))

        def picked(ref: Ref) -> Ref:
            front = self.places[ref.name].ref
            return Ref(front.name, (*front.indices, *ref.indices))

        def placed(each: Expression) -> Expression | None:
            if not isinstance(each, Ref):
                return None
            if each.name in self.numbers:
                return self.numbers[each.name]
            return self.places[each.name].at(tuple(index.with_picks(picked) for index in each.indices), self.letters)

        return replace(expression, placed)


def names_of(stack: Stack, entry: Entry, read: Vector) -> Names:
    """The names of a layer with parameters, which counts, and which reads the vector x of n entries, x[j]."""
    assert read.axis is not None
    stack.count += 1
    unit = entry.name or str(stack.count)
    names = Names(stack, entry, f"_{unit}" if entry.name else unit, unit, read.along)
    names.vector("x", read)
    names.letters[UNIT] = names.letters[SOURCE] = read.axis
    names.sizes["n"] = read.length
    return names


def names_of_units(stack: Stack, entry: Entry, read: Vector) -> Names:
    """The same, of a layer whose main argument is the number of its units, j; it reads the entries k."""
    names = names_of(stack, entry, read)
    if isinstance(entry.main, Scalar):
        names.letters[UNIT] = axis_to(stack.draft.length(entry.main))
    else:
        stack.draft.problem(entry.mark, f"{entry.kind.text} takes a number of units: `- {entry.kind.text}: 2`", entry.kind.text)
    return names
