"""`build_graph`: a spec → the graph. All that is wrong with the spec is collected and raised together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from backprop_derive.building.assumptions import add_assumptions
from backprop_derive.building.declarations import (
    check_sizes,
    declare_functions,
    declare_leaf,
    declare_parameters,
    declare_sizes,
    declare_target,
)
from backprop_derive.building.derivable import check_derivable
from backprop_derive.building.draft import Draft
from backprop_derive.building.numbers import numbers_of
from backprop_derive.building.objective import add_loss
from backprop_derive.building.penalty import add_penalty
from backprop_derive.building.places import check_declared, check_reads, check_values
from backprop_derive.building.samples import choose_samples, couples_samples, with_samples
from backprop_derive.errors import SpecError, nearest
from backprop_derive.graph.expressions import Ref, refs
from backprop_derive.graph.indices import Axis, Size, axis_to, number
from backprop_derive.graph.nodes import Assumption, Cost, Graph, Node, TargetDomain
from backprop_derive.graph.numbers import DataRows
from backprop_derive.operations.losses import find_loss
from backprop_derive.spec.model import NetworkSpec
from backprop_derive.spec.source import Scalar

_FREED = {"probabilities": "not negative", "one-hot": "not negative", "positive probabilities": "positive"}
"""What is left of a kind of target where its sum is not taken to be 1."""

_COST_NAMES = ("C", "J", "Cost", "C_total")


def build_graph(spec: NetworkSpec) -> Graph:
    """The computation graph of a spec: every node with its definition, the loss and the cost.

    Raises SpecError with everything that is wrong with names, formulas, shapes and references.
    """
    draft = Draft(spec)
    declare_functions(draft)
    inputs = [declare_leaf(draft, declared, "input") for declared in spec.inputs]
    for declared in spec.constants:
        declare_leaf(draft, declared, "constant")
    declare_sizes(draft)
    declare_parameters(draft)
    if spec.targets is not None:
        for declared in spec.targets:
            if declared.shape is not None:
                declare_leaf(draft, declared, "target")
            elif spec.style == "equations":
                declare_target(draft, declared)
    _build_style(draft, inputs)
    _name_outputs(draft)
    targets = _targets(draft)
    loss, facts = add_loss(draft, targets)
    facts, assumptions = add_assumptions(draft, facts)
    assumptions = (*draft.assumptions, *assumptions)
    penalty = add_penalty(draft)
    numbers = numbers_of(draft)
    if not draft.problems:
        _check_shape(draft, loss)
        check_derivable(draft)
    if spec.style != "layers" or not draft.problems:
        _check_names(draft)
        given = _given_sizes(draft)
        check_reads(draft, given)
        check_values(draft, given)
        check_declared(draft, given)
    if draft.problems:
        raise SpecError(sorted(dict.fromkeys(draft.problems), key=lambda each: (each.line or 0, each.column or 0)), spec)
    found = _finish(draft, loss, penalty, tuple(targets))
    found = replace(found, facts=facts, assumptions=assumptions, latex=_latex(draft), numbers=numbers, domains=_domains(draft, assumptions))
    if isinstance(numbers.data, DataRows) and not draft.doubts:
        from backprop_derive.building.data import read_samples

        read_samples(found)
    return found


# -- the network ------------------------------------------------------------------------------------------------------


def _build_style(draft: Draft, inputs: Sequence[Node]) -> None:
    """The network in the style that the spec has; what builds the other two is not loaded."""
    spec = draft.spec
    if spec.style == "layers":
        from backprop_derive.building.layers import build_layers

        output = build_layers(draft, inputs)
        refs = (output.array,) if output.array is not None else output.entries
        draft.outputs = [ref.name for ref in refs if isinstance(ref, Ref)]
        if len(draft.outputs) == 1 and "yhat" not in draft.taken():
            draft.aliases["yhat"] = draft.outputs[0]
    elif spec.style == "nodes":
        from backprop_derive.building.neurons import build_neurons, output_name

        build_neurons(draft)
        read = {source.text for neuron in spec.neurons for each in neuron.connections for source in each.sources}
        unread = [neuron for neuron in spec.neurons if not {neuron.key.text, output_name(neuron)} & read]
        draft.outputs = [output_name(neuron) for neuron in unread if output_name(neuron) in draft.nodes]
    else:
        from backprop_derive.building.equations import build_equations

        build_equations(draft)
        read = {name for node in draft.nodes.values() for name in node.mentioned}
        draft.outputs = [name for name, node in draft.nodes.items() if not node.is_leaf and name not in read]


def _name_outputs(draft: Draft) -> None:
    """`outputs:` says which nodes they are, and in which order."""
    if not draft.spec.outputs:
        return
    computed = [name for name, node in draft.nodes.items() if not node.is_leaf]
    found: list[str] = []
    for scalar in draft.spec.outputs:
        name = draft.aliases.get(scalar.text, scalar.text)
        if name in computed:
            found.append(name)
        else:
            message = f"{scalar.text!r} is not computed by the network, so it is no output"
            draft.unknown(scalar, message, nearest(scalar.text, (*computed, *draft.aliases)))
    draft.outputs = found
    if "yhat" in draft.aliases and len(found) == 1:
        draft.aliases["yhat"] = found[0]
    else:
        draft.aliases.pop("yhat", None)


def _targets(draft: Draft) -> list[str]:
    """Declare the targets that have not been: by default one called y, of the size of the output."""
    spec = draft.spec
    if spec.targets is not None:
        names = [declared.name for declared in spec.targets]
        for at, declared in enumerate(spec.targets):
            if declared.shape is None and spec.style != "equations":
                node = Node(declared.name.text, *_like_output(draft, at, len(names)), role="target")
                draft.add(node, declared.name.mark)
                if declared.classes and not node.axes:
                    draft.problem(declared.name.mark, f"classes are told apart by an output of several entries; that of {declared.name.text} is a single number", declared.name.text)
        return [name.text for name in names]
    if spec.style == "equations" or spec.loss is None or not draft.outputs or not _reads_target(draft, spec.loss.text.text):
        return []
    if "y" in draft.taken():
        draft.problem(spec.mark, "the target would be called 'y', but that is a name of the spec: give `targets:`", "y")
        return []
    draft.add(Node("y", *_like_output(draft, 0, 1), role="target"), spec.mark)
    draft.made.add("y")
    return ["y"]


def _reads_target(draft: Draft, loss: str) -> bool:
    """Whether a loss is one of the table, or a formula that mentions y; a node of the network that is the loss reads none."""
    if draft.aliases.get(loss, loss) in draft.nodes:
        return False
    row = find_loss(loss)
    return bool(row.targets) if row is not None else re.search(r"(?<![A-Za-z0-9_])y(?![A-Za-z0-9_'(])", loss) is not None


def _like_output(draft: Draft, at: int, count: int) -> tuple[tuple[str, ...], tuple[Axis, ...]]:
    """Letters and axes of the target `at` of `count`: of as many outputs as targets, those of its own output; of outputs
    that the loss takes one by one, those of the first."""
    nodes = [draft.nodes[name] for name in draft.outputs if name in draft.nodes]
    loss = draft.spec.loss
    row = find_loss(loss.text.text) if loss is not None else None
    if count == len(nodes) or (row is not None and len(row.outputs) == len(nodes) > 1):
        return nodes[at].letters, nodes[at].formula_axes
    if count > 1 or not nodes:
        return (), ()
    return ("j",), (axis_to(number(len(nodes))),)


# -- the whole --------------------------------------------------------------------------------------------------------


def _check_shape(draft: Draft, loss: str) -> None:
    """No cycle (but recurrences along an index in one direction), and a loss that is computed from something."""
    cycle = _cycle(draft.nodes, {})
    if cycle:
        draft.problem(draft.places[cycle[0]], f"a cycle: {' → '.join((*cycle, cycle[0]))}", cycle[0])
    for name, node in draft.nodes.items():
        if len(_own_shifts(node)) > 1:
            draft.problem(draft.places[name], f"{name!r} is defined by its own values on both sides: there is no order in which to compute them", name)
    if loss in draft.nodes and draft.nodes[loss].is_leaf:
        mark = draft.spec.loss.text.mark if draft.spec.loss is not None else draft.spec.mark
        draft.problem(mark, f"the loss {loss!r} is not computed from anything", loss)


def _own_shifts(node: Node) -> set[bool]:
    """The directions in which a node mentions itself at places that differ from its own by a constant."""
    found = set()
    for piece in node.pieces:
        for ref in refs(piece.definition):
            shifts = [index - place for place, index in zip(piece.places, ref.indices, strict=False) if ref.name == node.name]
            constants = {shift.number for shift in shifts if shift.number}
            found |= {constant > 0 for constant in constants if constant is not None}
    return found


def _check_names(draft: Draft) -> None:
    """Every name under `sizes:`, `frozen:`, `values:` and `latex:` is one of the spec."""
    known = {*draft.nodes, *draft.sizes, *draft.aliases}
    known |= {equation.left.text.partition("[")[0] for equation in draft.spec.equations}
    check_sizes(draft, known - draft.sizes.keys())
    for scalar in (*draft.spec.frozen, *(given.name for given in draft.spec.values), *(name for name, _ in draft.spec.latex)):
        if _base(scalar) not in known:
            draft.unknown(scalar, f"{scalar.text!r} is no name of the spec", nearest(_base(scalar), known))


def _base(scalar: Scalar) -> str:
    return scalar.text.partition("[")[0]


def _cycle(nodes: Mapping[str, Node], order: dict[str, int]) -> list[str]:
    """Names that depend on each other at the same place. A mention at another place of an index is a recurrence."""
    below = {name: sorted(_same_place(node)) for name, node in nodes.items()}
    for start in below:
        if start in order:
            continue
        path: list[str] = []
        stack = [(start, iter(below[start]))]
        order[start] = 1
        path.append(start)
        while stack:
            name, waiting = stack[-1]
            step = next(waiting, None)
            if step is None:
                order[name] = 2
                path.pop()
                stack.pop()
            elif order.get(step) == 1:
                return path[path.index(step) :]
            elif step in below and step not in order:
                order[step] = 1
                path.append(step)
                stack.append((step, iter(below[step])))
    return []


def _same_place(node: Node) -> set[str]:
    found = set()
    for piece in node.pieces:
        letters = {name for place in piece.places if (name := place.variable)}
        for ref in refs(piece.definition):
            shifted = any(index.variable is None and index.variables() & letters for index in ref.indices)
            fixed = ref.name == node.name and any(index.number is not None for index in ref.indices)
            if not shifted and not fixed:
                found.add(ref.name)
    return found


def _finish(draft: Draft, loss: str, penalty: str | None, targets: tuple[str, ...]) -> Graph:
    reduction = draft.spec.cost
    nodes, samples = draft.nodes, None
    cost_name = loss
    if penalty is not None or reduction != "single":
        cost_name = next(name for name in (*_COST_NAMES, *(f"C_{count}" for count in range(2, 1000))) if name not in draft.taken() | {loss})
    if reduction != "single":
        coupled = couples_samples(nodes.values())
        samples = replace(choose_samples(nodes.values(), draft.taken()), written=coupled, coupled=coupled)
        nodes = with_samples(nodes, samples)
    return Graph(
        tuple(nodes.values()),
        Cost(cost_name, loss, reduction, penalty),
        samples,
        dict(draft.functions),
        _smallest(nodes.values()),
        _given_sizes(draft),
        tuple(draft.outputs),
        targets,
        dict(draft.aliases),
        title=draft.spec.title,
        notes=tuple(dict.fromkeys(draft.notes)),
        made=frozenset(draft.made if cost_name == loss else {*draft.made, cost_name}),
    )


def _domains(draft: Draft, assumptions: Sequence[Assumption]) -> tuple[TargetDomain, ...]:
    """What the losses take as targets. Where the spec takes nothing for granted, or something else, they need not sum to 1."""
    otherwise = {name for each in assumptions if each.kind in ("binary", "relation") for name in each.names}
    freed = [each for each in draft.domains if each.kind in _FREED and (draft.spec.assume == () or otherwise & {*each.names})]
    return tuple(dict.fromkeys(replace(each, kind=_FREED[each.kind]) if each in freed else each for each in draft.domains))


def _latex(draft: Draft) -> dict[str, str]:
    """How nodes are written in LaTeX; a node's key stands for its output."""
    return {draft.aliases.get(name.text, name.text): latex for name, latex in draft.spec.latex}


def _smallest(nodes: Iterable[Node]) -> dict[str, int]:
    """A size that is the last place of an axis counted from 0 may itself be 0, unless something given from outside has as
    many entries: a sequence that is read has at least one."""
    found: dict[str, int] = {}
    nodes = tuple(nodes)
    for node in nodes:
        for axis in node.axes:
            for atom, coefficient in axis.high.terms:
                if isinstance(atom, Size) and coefficient == 1 and len(axis.high.terms) == 1:
                    lowest = max(0, (axis.low.number or 0) - axis.high.constant)
                    if axis.low.number == 0:
                        found[atom.name] = lowest
    given = {name for node in nodes if node.is_leaf for axis in node.axes for name in axis.length.sizes() if axis.low.number != 0}
    return {name: lowest for name, lowest in found.items() if name not in given}


def _given_sizes(draft: Draft) -> dict[str, int]:
    """Sizes that the spec gives as numbers, under `sizes:` or `values:`."""
    found: dict[str, int] = {}
    for name, shape in draft.spec.sizes:
        if name.text in draft.sizes and len(shape) == 1:
            length = draft.length(shape[0]).number
            if length is not None:
                found[name.text] = length
    for given in draft.spec.values:
        value = given.value
        if given.name.text in draft.sizes and not isinstance(value, tuple) and value.denominator == 1 and value >= 0:
            found[given.name.text] = int(value)
    return found
