"""Layers that go through a sequence step by step and read their own state of the step before: `rnn`, `lstm`, `gru`.

    h[t,j] = f(Σ_k W[j,k]·x[t,k] + Σ_k U[j,k]·h[t-1,k] + b[j])        t = 1..T, from h[0,j]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop_derive.building.activations import Activation
from backprop_derive.building.layers.activations import activation_named
from backprop_derive.building.layers.sequences import names_of_steps, read_sequence, steps_of
from backprop_derive.building.layers.stack import Entry, Stack, described, is_on
from backprop_derive.building.layers.templates import Names
from backprop_derive.building.letters import SOURCE, STEP, UNIT
from backprop_derive.building.scope import Vector
from backprop_derive.building.vectors import array_node
from backprop_derive.frozen import dataclass
from backprop_derive.graph.expressions import ZERO, Bound, Expression, Ref, reindex, replace
from backprop_derive.graph.indices import Affine, number, variable
from backprop_derive.graph.naming import form_text
from backprop_derive.operations.layers import LAYERS
from backprop_derive.spec.numbers import looks_like_number
from backprop_derive.spec.source import Scalar, Value
from backprop_derive.spec.source import Sequence as YamlSequence

_BIAS = " + b{l}"
_ALL, _LAST = "all", "last"


def build_rnn(stack: Stack, entry: Entry) -> Vector:
    """A weighted sum of what is read and of the state before, and an activation of it, which is the new state."""
    return _build(stack, entry, ("h",))


def build_lstm(stack: Stack, entry: Entry) -> Vector:
    """Three gates and a candidate for the cell c, of which the state h shows a part."""
    return _build(stack, entry, ("h", "c"))


def build_gru(stack: Stack, entry: Entry) -> Vector:
    """Two gates and a candidate for the state h."""
    return _build(stack, entry, ("h",))


@dataclass(frozen=True, slots=True)
class _Equation:
    """`left = right`, of an activation `function(argument)`."""

    left: str
    right: str

    @property
    def name(self) -> str:
        return self.left.partition("[")[0]

    @property
    def call(self) -> tuple[str, str]:
        """The function and what it is of, where that is all of the right side, else empty."""
        function, _, argument = self.right.partition("(")
        inside = argument.removesuffix(")")
        return (function, inside) if function.isalpha() and "(" not in inside and argument.endswith(")") else ("", "")


def _build(stack: Stack, entry: Entry, states: Sequence[str]) -> Vector:
    """Follow the equations of the row; `states` are what a step reads of the step before, first of all what the layer gives."""
    read = read_sequence(stack, entry)
    if read is None:
        return Vector()
    names = names_of_steps(stack, entry, read)
    equations = _equations(names)
    last = _is_last(names)
    starts = _starts(names, states)
    output = next(each.left for each in equations if each.name == states[0])
    for each in equations:
        if each.name in states:
            names.foresee(each.left, called=entry.name if each.name == states[0] and not last else "")
    for each in equations:
        _add(names, each, starts)
    node = stack.draft.nodes[names.places[output.partition("[")[0]].ref.name]
    steps, units = names.letters[STEP], names.letters[UNIT]
    if not last:
        return Vector((), None, units, (steps_of(names),)).named(node.name)
    final = Vector((), Ref(node.name, (steps.high,)), units)
    if not entry.name:
        return final
    stack.draft.add(array_node(entry.name, (Bound(UNIT, units),), final.at(variable(UNIT)), "node", names.unit), entry.mark)
    return Vector((), Ref(entry.name), units)


def _equations(names: Names) -> list[_Equation]:
    """The equations of the row that hold at every step, by the names of the layer, with its parameters."""
    row, entry = LAYERS[names.entry.kind.text], names.entry
    given = [entry.options.get(option) for option in ("weights", "recurrent", "bias")]
    biased = is_on(names.stack, entry, "bias") if not isinstance(given[2], Scalar) or row.kind != "rnn" else given[2].text not in ("false", "none")
    called = [_called(names, option, value) for option, value in zip(("weights", "recurrent", "bias"), given, strict=True)] if row.kind == "rnn" else [None] * 3
    source, units = names.letters[SOURCE], names.letters[UNIT]
    found = []
    for text in row.equations:
        left, _, right = text.partition(" = ")
        if "[0," in left:
            continue
        if _BIAS in right:
            right = right if biased else right.partition(_BIAS)[0]
            label = left.replace("{l}", "").partition("[")[0].partition("_")[2]
            tail = f"_{label}" if label else ""
            names.parameter(f"W{tail}", UNIT + SOURCE, called[0])
            names.letters[SOURCE] = units
            names.parameter(f"U{tail}", UNIT + SOURCE, called[1])
            names.letters[SOURCE] = source
            if biased:
                names.parameter(f"b{tail}", UNIT, called[2])
        found.append(_Equation(left.replace("{l}", ""), right.replace("{l}", "")))
    return found


def _called(names: Names, option: str, value: Value | None) -> Scalar | None:
    """The name that an option gives to what is learnt."""
    if value is None or (option == "bias" and isinstance(value, Scalar) and value.text in ("true", "false", "none")):
        return None
    if isinstance(value, Scalar):
        return value
    names.stack.draft.problem(value.mark, f"{option} of {names.entry.kind.text} takes the name of an array", None)
    return None


def _add(names: Names, equation: _Equation, starts: Mapping[str, Expression]) -> None:
    """The node of one equation. The function `f` is the layer's own; without one, the state is the sum itself."""
    called, argument = equation.call
    kind, start = names.entry.kind.text, None if names.letters[STEP].single else starts.get(equation.name)
    if called != "f":
        role = "activation" if called else "preactivation" if equation.name.startswith("z") else "node"
        names.add(equation.left, _read(names, equation.right, starts), role=role, operation=called or kind * (role == "node"), start=start)
        return
    given = names.entry.activation
    function = Activation("tanh") if given is None else activation_named(names.stack.draft, given, names.tail)
    if function is not None and function.vector:
        names.stack.draft.problem(names.entry.mark, f"{function.function} inside of {kind}: not yet (planned, not built)", function.function)
    value = _read(names, argument, starts)
    if function is None:
        names.add(equation.left, value, operation=kind, start=start)
    else:
        names.add(equation.left, function.at(value), role="activation", operation=function.function, start=start)


def _read(names: Names, text: str, starts: Mapping[str, Expression]) -> Expression:
    """A formula at step t for unit j. Where there is one step, the state before it is the start itself."""
    read = names.read(text, (Bound(STEP, names.letters[STEP]), Bound(UNIT, names.letters[UNIT])))
    if not names.letters[STEP].single:
        return read
    before = {names.places[state].ref.name: start for state, start in starts.items()}

    def started(each: Expression) -> Expression | None:
        if isinstance(each, Ref) and each.name in before and each.indices[0] != variable(STEP):
            return reindex(before[each.name], {UNIT: each.indices[1]})
        return None

    return replace(read, started)


# -- options --------------------------------------------------------------------------------------------------------------


def _is_last(names: Names) -> bool:
    """Whether the layer gives the last of its states, `gives: last`, and not all of them."""
    value = names.entry.options.get("gives")
    text = value.text if isinstance(value, Scalar) else ""
    if value is not None and text not in (_ALL, _LAST):
        names.stack.draft.problem(value.mark, f"gives: takes `{_ALL}`, the states of all steps, or `{_LAST}`, that of the last step", text or None)
    return text == _LAST


def _starts(names: Names, states: Sequence[str]) -> dict[str, Expression]:
    """What the states are in front of the first step, over j: 0, or what `start:` names."""
    value = names.entry.options.get("start")
    if value is None:
        return dict.fromkeys(states, ZERO)
    items = value.items if isinstance(value, YamlSequence) else (value,)
    if len(items) != len(states) or not all(isinstance(item, Scalar) for item in items):
        wanted = "0, or a name" if len(states) == 1 else f"a list of {len(states)}, for {' and '.join(states)}: 0, or a name each, `start: [h0, c0]`"
        names.stack.draft.problem(value.mark, f"start: of {names.entry.kind.text} takes {wanted}", value.text if isinstance(value, Scalar) else None)
        return dict.fromkeys(states, ZERO)
    return {state: _start(names, state, item) for state, item in zip(states, items, strict=True) if isinstance(item, Scalar)}


def _start(names: Names, state: str, value: Scalar) -> Expression:
    """`0`; a constant or what a layer gives; any other name is a parameter."""
    draft, place = names.stack.draft, variable(UNIT)
    if value.text == "0":
        return ZERO
    if looks_like_number(value.text):
        draft.problem(value.mark, f"start: of {names.entry.kind.text} takes 0, or a name, and not {value.text}: numbers stand under `values:`", value.text)
        return ZERO
    node = draft.nodes.get(draft.aliases.get(value.text, value.text))
    if node is None or node.role == "parameter":
        names.parameter(f"{state}0", UNIT, value)
        return names.places[f"{state}0"].at((place,), names.letters)
    branch = next(names.stack.found(value), None)
    if branch is None:
        return ZERO
    branch.read = True
    length: Affine = names.letters[UNIT].length
    if branch.vector.along or branch.vector.length != length:
        message = f"start: of {names.entry.kind.text} takes a vector of {form_text(length)}, one for each unit, and not {described(branch.vector)}"
        draft.problem(value.mark, message, value.text)
        return ZERO
    return branch.vector.at(place if branch.vector.axis is not None else number(1))
