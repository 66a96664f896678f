"""What a spec declares before its network: functions, inputs, constants, sizes, parameters."""

from __future__ import annotations

from collections.abc import Set

from backprop_derive.building.doubts import names_in
from backprop_derive.building.draft import Draft
from backprop_derive.building.scope import Quantity, Scope
from backprop_derive.errors import nearest
from backprop_derive.graph.indices import size
from backprop_derive.graph.naming import free_letter
from backprop_derive.graph.nodes import Node
from backprop_derive.spec.model import Declared


def declare_functions(draft: Draft) -> None:
    """Activations of one's own, in order: a definition may call the functions above it and the abstract ones."""
    defined = [function for function in draft.spec.functions if function.definition is not None and function.argument is not None]
    draft.functions.update(dict.fromkeys(function.name.text for function in draft.spec.functions if function not in defined))
    for function in defined:
        assert function.definition is not None
        assert function.argument is not None
        later = {each.name.text for each in defined if each.name.text not in draft.functions}
        called = sorted(name for name in later if f"{name}(" in function.definition.text.replace(" ", "").replace("'", ""))
        foreign = _foreign(draft, function.definition.text, function.argument)
        if foreign:
            message = f"{foreign!r} is no argument of {function.name.text!r}: a function of one's own is made of its argument, numbers and functions; what needs more is an equation"
            draft.problem(function.definition.mark, message, function.definition.text)
            definition = None
        elif called:
            what = "itself" if called == [function.name.text] else f"{called[0]!r}, which is defined further down"
            draft.problem(function.definition.mark, f"{function.name.text!r} is defined by {what}", function.definition.text)
            definition = None
        else:
            definition = draft.formula(function.definition, Scope({function.argument: Quantity()}, functions=frozenset(draft.functions)))
        draft.functions[function.name.text] = None if definition is None else (function.argument, definition)


def _foreign(draft: Draft, definition: str, argument: str) -> str:
    """A quantity of the spec that stands in the definition of a function; empty if there is none."""
    spec = draft.spec
    declared = {each.name.text for each in (*spec.inputs, *spec.constants, *(spec.targets or ()))} | {name.text for name in spec.parameters}
    return min(names_in(definition) & (declared - {argument}), default="")


def declare_leaf(draft: Draft, declared: Declared, role: str) -> Node:
    axes = draft.axes(declared.shape or ())
    node = Node(declared.name.text, _letters(draft, len(axes)), axes, role=role)  # type: ignore[arg-type]
    draft.add(node, declared.name.mark)
    draft.made |= {node.name} if declared.nameless else set()
    return node


def declare_target(draft: Draft, declared: Declared) -> None:
    """A target of equations, of which only the name is given: a scalar; of classes, what `sizes:` says it is."""
    shape = next((shape for name, shape in draft.spec.sizes if name.text == declared.name.text), None)
    if not declared.classes:
        draft.add(Node(declared.name.text, role="target"), declared.name.mark)
        return
    if not shape:
        message = f"in equations the number of classes is needed: give it under sizes, {declared.name.text}: [3] or [q]"
        draft.problem(declared.name.mark, message, declared.name.text)
    axes = draft.axes(shape or ())
    draft.add(Node(declared.name.text, _letters(draft, len(axes)), axes, role="target"), declared.name.mark)


def _letters(draft: Draft, count: int) -> tuple[str, ...]:
    """Letters for the indices of an array: j, k, …, but none that the spec uses as a name."""
    spec = draft.spec
    declared = (*spec.inputs, *spec.constants, *(spec.targets or ()))
    taken = {each.name.text for each in declared} | {name.text for name in spec.parameters} | set(draft.sizes)
    taken |= {equation.left.text.partition("[")[0] for equation in spec.equations}
    found: list[str] = []
    for _ in range(count):
        found.append(free_letter("j", taken | set(found)))
    return tuple(found)


def declare_sizes(draft: Draft) -> None:
    """`sizes:` gives numbers to sizes and shapes to arrays; the arrays' lengths declare sizes too."""
    classes = {declared.name.text for declared in draft.spec.targets or () if declared.classes}
    for name, shape in draft.spec.sizes:
        if name.text in draft.nodes and draft.spec.style == "equations" and name.text not in classes:
            draft.problem(name.mark, f"{name.text!r} has its size where it is declared", name.text)
        for each in shape:
            draft.length(each)
    if draft.spec.style == "equations":
        declared = (*draft.spec.parameters, *(target.name for target in draft.spec.targets or ()))
        check_sizes(draft, {*draft.nodes, *draft.equations_of, *(name.text for name in declared)})


def check_sizes(draft: Draft, arrays: Set[str]) -> None:
    """What stands under `sizes:` is an array, or else a size, which is mentioned somewhere."""
    for name, shape in draft.spec.sizes:
        if name.text in arrays:
            continue
        if len(shape) == 1 and draft.mentions(name.text):
            draft.sizes.setdefault(name.text, size(name.text))
        elif name.text not in draft.doubts.names:
            near = nearest(name.text, arrays)
            draft.unknown(name, f"{name.text!r} is neither an array of the network nor a size that anything has", near)
            draft.doubts.add(near)


def declare_parameters(draft: Draft) -> None:
    shapes = {name.text: shape for name, shape in draft.spec.sizes}
    made_elsewhere = draft.spec.style != "equations"
    for name in draft.spec.parameters:
        if made_elsewhere and name.text not in shapes:
            continue
        axes = draft.axes(shapes.get(name.text, ()))
        draft.add(Node(name.text, _letters(draft, len(axes)), axes, role="parameter"), name.mark, shared=True)
    if draft.spec.style == "equations" and "parameters" not in draft.spec.given:
        draft.problem(draft.spec.mark, "`equations` needs `parameters:`, the names of what is learnt, or of whatever the gradient is wanted")
