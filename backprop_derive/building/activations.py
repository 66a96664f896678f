"""Activations as layers and nodes name them: `tanh`, `{leaky_relu: {slope: 0.2}}`, `prelu` with what it learns."""

from __future__ import annotations

from collections.abc import Mapping

from backprop_derive.building.draft import Draft
from backprop_derive.building.formulas import without_defaults
from backprop_derive.errors import nearest
from backprop_derive.frozen import dataclass
from backprop_derive.graph.expressions import Apply, Expression, Ref
from backprop_derive.graph.nodes import Node
from backprop_derive.notation import canonical, is_name
from backprop_derive.operations.functions import find_function
from backprop_derive.operations.rows import Function
from backprop_derive.spec.fields import Options, read_activation
from backprop_derive.spec.problems import Problems
from backprop_derive.spec.source import Mark, Scalar, Value


@dataclass(frozen=True, slots=True)
class Activation:
    """A function, and what it takes behind the pre-activation."""

    function: str
    behind: tuple[Expression, ...] = ()
    vector: bool = False

    def at(self, value: Expression) -> Expression:
        """`f(z)`, for a function of one value."""
        return Apply(self.function, (value, *self.behind))


def activation_of(draft: Draft, value: Value, suffix: str) -> Activation | None:
    """What an `activation:` says; None where something is wrong with it. `suffix` ends the names of what is learnt: `alpha1`, `alpha_A1`."""
    problems = Problems()
    found = read_activation(value, problems)
    draft.problems.extend(problems.found)
    return None if found is None else activation(draft, *found, suffix)


def activation(draft: Draft, name: Scalar, options: Options, suffix: str) -> Activation | None:
    """The same, of a name and options."""
    function = draft.activation(name)
    row = None if function is None or function in draft.functions else find_function(function)
    known = row.arguments[1:] if row is not None else ()
    given = {option.text: value for option, value in options}
    for option, _ in options:
        if option.text not in known and function is not None:
            message = f"{name.text} has no option {option.text!r}" + (f"; it has {', '.join(known)}" if known else "")
            draft.problem(option.mark, message, option.text, nearest(option.text, known))
    if function is None or row is None:
        return None if function is None else Activation(function)
    learnt = [Ref(_learnt(draft, argument, given.get(argument), suffix, name.mark)) for argument in row.required[1:]]
    return Activation(function, (*learnt, *_numbers(draft, row, given)), row.vector == "to vector")


def _numbers(draft: Draft, row: Function, given: Mapping[str, Scalar]) -> tuple[Expression, ...]:
    """What is given for the arguments that have defaults."""
    values = [draft.formula(given[name], draft.scope()) if name in given else None for name in row.arguments[len(row.required) :]]
    return without_defaults(row, [None] * len(row.required) + values)


def _learnt(draft: Draft, argument: str, given: Scalar | None, suffix: str, mark: Mark) -> str:
    """A parameter: `alpha` and the suffix, with a counter behind it where that is taken; or one by the name that is given, which may be shared."""
    if given is None:
        taken, name = draft.taken(), argument + suffix
        name = next(each for each in (name, *(f"{name}_{count}" for count in range(2, 10_000))) if each not in taken)
        draft.add(Node(name, role="parameter"), mark)
        return name
    name = canonical(given.text)
    if not is_name(name):
        draft.problem(given.mark, f"{argument} is learnt: its name is expected here; numbers go under `values:`", given.text)
    else:
        draft.add(Node(name, role="parameter"), given.mark, shared=True)
    return name
