"""Two things with one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backprop_derive.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backprop_derive.spec.model import NetworkSpec
    from backprop_derive.spec.problems import Problems
    from backprop_derive.spec.source import Scalar


@dataclass(frozen=True, slots=True)
class Declaration:
    """A name and what it stands for. Two of one name go together only if they have the same `group`."""

    name: str
    what: str
    at: Scalar
    group: str | None = None


def report_name_clashes(spec: NetworkSpec, problems: Problems) -> None:
    """Every name that two things have, at the later place. Parameters may repeat: that is how they are shared."""
    first: dict[str, Declaration] = {}
    for later in sorted(_declarations(spec), key=lambda each: (each.at.mark.line, each.at.mark.column)):
        earlier = first.setdefault(later.name, later)
        if earlier is not later and (later.group is None or later.group != earlier.group):
            mark = earlier.at.mark
            message = f"two things have the name {later.name!r}: {earlier.what} ({mark.path}, line {mark.line}, column {mark.column}) and {later.what}"
            if spec.style == "equations" and {earlier.group, later.group} == {None, "parameters"} and {earlier.what, later.what} & {"an input", "a target", "a constant"}:
                message += "; what the gradient is wanted of stands under parameters alone"
            problems.add(later.at.mark, message, later.at.text)


def _declarations(spec: NetworkSpec) -> Iterator[Declaration]:
    for what, declared in (("an input", spec.inputs), ("a target", spec.targets or ()), ("a constant", spec.constants)):
        yield from (Declaration(each.name.text, what, each.name) for each in declared)
    yield from (Declaration(name.text, "a parameter", name, "parameters") for name in spec.parameters)
    yield from (Declaration(own.name.text, "a function", own.name) for own in spec.functions)
    yield from _of_nodes(spec)
    yield from _of_equations(spec)


def _of_nodes(spec: NetworkSpec) -> Iterator[Declaration]:
    for node in spec.neurons:
        own = f"the node {node.key.text}"
        yield Declaration(node.key.text, "a node", node.key, own)
        if node.output is not None:
            yield Declaration(node.output.text, "the output of a node", node.output, own)
        if node.preactivation is not None:
            yield Declaration(node.preactivation.text, "the pre-activation of a node", node.preactivation)
        parameters = (*(connection.weight for connection in node.connections), *((node.bias,) if node.bias else ()))
        yield from (Declaration(name.text, "a parameter", name, "parameters") for name in parameters)


def _of_equations(spec: NetworkSpec) -> Iterator[Declaration]:
    """Equations for entries of one array go together; two with the same left side do not."""
    for equation in spec.equations:
        name, bracket, _ = equation.left.text.partition("[")
        yield Declaration(name, "an equation", equation.left, "equations" if bracket else None)
        if bracket:
            yield Declaration(equation.left.text, "an equation", equation.left)
