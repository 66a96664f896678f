"""The graph while it is being built: nodes by name, where each name was given, and everything that is wrong so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from backprop_derive.building.calls import LossCall
from backprop_derive.building.checks import check_formula
from backprop_derive.building.doubts import Doubts, is_declaration, names_in
from backprop_derive.building.formulas import resolve
from backprop_derive.building.indexing import integer_form
from backprop_derive.building.names import CONSTANTS
from backprop_derive.building.scope import Quantity, Scope
from backprop_derive.errors import FormulaError, Problem, SpecError, nearest
from backprop_derive.graph.expressions import Expression
from backprop_derive.graph.indices import Affine, Axis, axis_to, number, size
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Assumption, Fact, Node, TargetDomain
from backprop_derive.language.grammar import parse
from backprop_derive.language.syntax import Name, Syntax
from backprop_derive.notation import NAME, canonical, is_name, looks_like_function
from backprop_derive.operations.functions import activation_names, find_function
from backprop_derive.spec.fields import A_LENGTH, MAXIMUM_LENGTH, is_length
from backprop_derive.spec.model import Equation, NetworkSpec
from backprop_derive.spec.numbers import looks_like_number
from backprop_derive.spec.problems import LONGEST_SHOWN, quoted, shown
from backprop_derive.spec.source import Mark, Scalar

MOST_PROBLEMS = 100


@dataclass(eq=False, repr=False)
class Draft:
    """Mutable, and gone when the graph is made. `made` are the names that the spec does not give, `standard` the values of constants
    that layers bring along, unless the spec has others, `assumptions` what they take for granted of their inputs."""

    spec: NetworkSpec
    nodes: dict[str, Node] = field(default_factory=dict)
    places: dict[str, Mark] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    functions: dict[str, tuple[str, Expression] | None] = field(default_factory=dict)
    sizes: dict[str, Affine] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    domains: list[TargetDomain] = field(default_factory=list)
    losses: list[LossCall] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    standard: dict[str, Fraction] = field(default_factory=dict)
    assumptions: list[Assumption] = field(default_factory=list)

    @cached_property
    def doubts(self) -> Doubts:
        """The names of which too little is known to say what else is wrong with them."""
        return Doubts(self.spec)

    @cached_property
    def equations_of(self) -> Mapping[str, list[Equation]]:
        """The equations of the spec by the name on their left side."""
        found: dict[str, list[Equation]] = {}
        for equation in self.spec.equations:
            found.setdefault(equation.left.text.partition("[")[0], []).append(equation)
        return found

    # -- problems ---------------------------------------------------------------------------------------------------

    def problem(self, mark: Mark, message: str, value: str | None = None, near: tuple[str, ...] = ()) -> None:
        """Something is wrong at a place of the spec, unless that may follow from what has been told already.

        Raises SpecError where so much is wrong that more would be no help.
        """
        if is_declaration(mark) or not self.doubts.cover(value or ""):
            self._tell(mark, message, value, near)

    def unknown(self, scalar: Scalar, message: str, near: tuple[str, ...] = ()) -> None:
        """A name is mentioned that nothing has, unless it may stand in what could not be read."""
        if not self.doubts.unread and not self.doubts.in_network:
            self.problem(scalar.mark, message, scalar.text, near)

    def _tell(self, mark: Mark, message: str, value: str | None, near: tuple[str, ...]) -> None:
        if is_declaration(mark):
            self.doubts.add(names_in(mark.path.partition(".")[2]))
        if value is not None and len(value) > LONGEST_SHOWN:
            message, value = message.replace(repr(value), quoted(value)), shown(value)
        self.problems.append(mark.problem(message, value, near))
        if len(self.problems) >= MOST_PROBLEMS:
            raise SpecError(sorted(self.problems, key=lambda each: (each.line or 0, each.column or 0)), self.spec)

    def fault(self, scalar: Scalar, error: FormulaError) -> None:
        """A formula of the spec cannot be read: say where in it, unless that may follow from what has been told already."""
        if not is_declaration(scalar.mark) and self.doubts.explain(scalar, error, self.taken()):
            return
        hint = f" — {error.hint}" if error.hint and not error.near else ""
        error.text = error.text or scalar.text
        message = f"{error.message}{hint}\n{_indented(error.caret())}"
        self._tell(scalar.mark_at(error.start), message, scalar.text, error.near)

    # -- names ------------------------------------------------------------------------------------------------------

    def add(self, node: Node, mark: Mark, *, shared: bool = False) -> None:
        """A new node. Two things with one name are an error; a parameter given twice is shared if its sizes agree."""
        known = self.nodes.get(node.name)
        if known is None:
            if node.name in self.aliases:
                self.problem(mark, f"{node.name!r} is also the key of a node whose output is {self.aliases[node.name]!r}", node.name)
            self.nodes[node.name] = node
            self.places[node.name] = mark
        elif not (shared and known.role == "parameter"):
            first = self.places[node.name]
            message = f"{node.name!r} is the name of two things: here and at {first.path} (line {first.line})"
            self.problem(mark, message, node.name)
        elif known.axes != node.axes:
            first = self.places[node.name]
            given, before = _shape(node.axes), _shape(known.axes)
            self.problem(mark, f"{node.name!r} is shared, but has size {given} here and {before} at {first.path}", node.name)

    def alias(self, name: str, target: str, mark: Mark) -> None:
        """Another name for a node."""
        if name == target:
            return
        if name in self.nodes or name in self.aliases:
            self.problem(mark, f"{name!r} is the name of two things", name)
        else:
            self.aliases[name] = target

    def mentions(self, name: str) -> bool:
        """Whether a name stands more than once in the text of the spec."""
        found = (each[0] for each in NAME.finditer(canonical(self.spec.text)))
        return sum(each == name for each in found) > 1

    def taken(self) -> set[str]:
        """Every name of the spec."""
        return {*self.nodes, *self.aliases, *self.functions, *self.sizes}

    def scope(self, indices: Mapping[str, Axis | None] | None = None) -> Scope:
        """What a formula of the spec may mention."""
        quantities = {name: Quantity(node.formula_axes, whole=node.role == "choice") for name, node in self.nodes.items()}
        return Scope(quantities, {}, self.sizes, frozenset(self.functions), indices or {}, None, self.aliases)

    # -- pieces of a spec -------------------------------------------------------------------------------------------

    def formula(self, scalar: Scalar, scope: Scope, tree: Syntax | None = None) -> Expression | None:
        """Read a formula, or note what is wrong with it; `tree` is what it says in index notation, if that is known."""
        try:
            tree = parse(scalar.text, scope.names) if tree is None else tree
            check_formula(tree, scope)
            return resolve(tree, scope)
        except FormulaError as error:
            self.fault(scalar, error)
            return None

    def length(self, scalar: Scalar) -> Affine:
        """The length of an axis: a number, or a formula of sizes, which are declared by being mentioned."""
        if looks_like_number(scalar.text) and not is_length(scalar.text):
            self.problem(scalar.mark, f"{quoted(scalar.text)} is no size: {A_LENGTH}", scalar.text)
            return number(1)
        try:
            form = self._length(parse(scalar.text))
        except FormulaError as error:
            hint = "a shape is a list, such as [3, 2]" if error.of_grammar else error.hint
            self.fault(scalar, FormulaError(f"this is no size: {A_LENGTH}", "", error.start, error.end, hint))
            return number(1)
        value = form.number
        if value is not None and not 1 <= value <= MAXIMUM_LENGTH:
            self.problem(scalar.mark, f"{quoted(scalar.text)} is no size: {A_LENGTH}", scalar.text)
            return number(1)
        return form

    def _length(self, tree: Syntax) -> Affine:
        for each in tree.walk():
            if isinstance(each, Name) and not each.indices:
                if not is_name(each.name):
                    raise FormulaError("", "", each.start, each.end, f"{each.name!r} is no name")
                self.sizes.setdefault(each.name, size(each.name))
        try:
            return integer_form(tree, Scope(sizes=self.sizes))
        except FormulaError as error:
            raise FormulaError("", "", error.start, error.end, "sizes can be added and multiplied, and divided by a number") from None

    def axes(self, shape: tuple[Scalar, ...]) -> tuple[Axis, ...]:
        """The axes 1..length of a shape."""
        return tuple(axis_to(self.length(each)) for each in shape)

    def activation(self, scalar: Scalar) -> str | None:
        """The function that an `activation:` names; an unknown name that looks like a function is an abstract one."""
        name = scalar.text
        if name in self.functions:
            return name
        row = find_function(name)
        if row is not None and row.activation:
            return row.name
        if row is None and looks_like_function(name) and name not in CONSTANTS:
            self.functions[name] = None
            if name == "sigma":
                self.notes.append("sigma is an abstract function here; write sigmoid for the logistic function")
            return name
        known = (*self.functions, *activation_names())
        if name in ("null", "~", "false", "no", "off"):
            self.problem(scalar.mark, f"no activation is written `none`, not {quoted(name)}, or left out", name, ("none",))
            return None
        if not is_name(name):
            bare = name.partition("(")[0].strip()
            self.problem(scalar.mark, f"an activation is the name of a function, without an argument, not {quoted(name)}", name, nearest(bare, known))
            return None
        message = f"{name!r} is no activation that is known here; a function of your own is declared by `functions: {{{name}: abstract}}`"
        self.problem(scalar.mark, message, name, nearest(name, known))
        return None


def _shape(axes: tuple[Axis, ...]) -> str:
    return " × ".join(form_text(axis.length) for axis in axes) or "one number"


def _indented(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())
