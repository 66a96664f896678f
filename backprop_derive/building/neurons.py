"""`nodes:` → scalar nodes. Each neuron is a weighted sum and, unless it is linear, an activation of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop_derive.building.activations import activation
from backprop_derive.building.draft import Draft
from backprop_derive.building.vectors import scalar_node
from backprop_derive.errors import nearest
from backprop_derive.graph.expressions import Expression, Ref, add, mul
from backprop_derive.graph.indices import number
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Node
from backprop_derive.spec.model import NeuronEntry
from backprop_derive.spec.source import Scalar


def build_neurons(draft: Draft) -> None:
    """Add the nodes of every neuron, parameters in the order in which they are written."""
    neurons = draft.spec.neurons
    sources = {neuron.key.text: output_name(neuron) for neuron in neurons}
    for neuron in neurons:
        draft.alias(neuron.key.text, output_name(neuron), neuron.key.mark)
    for neuron in neurons:
        for connection in neuron.connections:
            draft.add(Node(connection.weight.text, role="parameter"), connection.weight.mark, shared=True)
        if neuron.bias is not None:
            draft.add(Node(neuron.bias.text, role="parameter"), neuron.bias.mark, shared=True)
    for neuron in neurons:
        _add_neuron(draft, neuron, sources)
    _check_outputs(draft, neurons, sources)


def _check_outputs(draft: Draft, neurons: Sequence[NeuronEntry], sources: Mapping[str, str]) -> None:
    """Where every node is read by a node, they read each other in a circle, and nothing is an output."""
    outputs = {output_name(neuron): neuron for neuron in neurons}
    if not outputs:
        return
    readers: dict[str, str] = {}
    for name, neuron in outputs.items():
        for source in (source for connection in neuron.connections for source in connection.sources):
            readers.setdefault(sources.get(source.text, source.text), name)
    path = list(outputs)[:1]
    while path[-1] in readers and path.count(path[-1]) == 1:
        path.append(readers[path[-1]])
    if outputs.keys() <= readers.keys():
        circle = path[path.index(path[-1]) :]
        draft.problem(outputs[circle[0]].key.mark, f"a cycle: {' → '.join(reversed(circle))}", circle[0])


def output_name(neuron: NeuronEntry) -> str:
    """What the neuron's output is called: as said, or `a_A1`, or, where there is no activation, as its sum is called."""
    if neuron.output is not None:
        return neuron.output.text
    return f"a_{neuron.key.text}" if neuron.activation is not None else sum_name(neuron)


def sum_name(neuron: NeuronEntry) -> str:
    """What the neuron's pre-activation is called."""
    return neuron.preactivation.text if neuron.preactivation is not None else f"z_{neuron.key.text}"


def _add_neuron(draft: Draft, neuron: NeuronEntry, sources: Mapping[str, str]) -> None:
    terms: list[Expression] = []
    for connection in neuron.connections:
        for source in connection.sources:
            value = _source(draft, source, sources)
            if value is not None:
                terms.append(mul(Ref(connection.weight.text), value))
    if neuron.bias is not None:
        terms.append(Ref(neuron.bias.text))
    weighted_sum, unit = add(*terms), neuron.key.text
    if neuron.activation is None:
        if neuron.preactivation is not None and neuron.output is not None:
            draft.alias(neuron.preactivation.text, neuron.output.text, neuron.preactivation.mark)
        draft.made |= {output_name(neuron)} if neuron.output is None and neuron.preactivation is None else set()
        draft.add(scalar_node(output_name(neuron), weighted_sum, "preactivation", unit), neuron.key.mark)
        return
    function = activation(draft, neuron.activation, neuron.activation_options, f"_{unit}")
    if function is not None and function.vector:
        message = f"{function.function} mixes all the units of a layer, so it cannot be the activation of one node; use layers, or write equations"
        draft.problem(neuron.activation.mark, message, neuron.activation.text)
        function = None
    z = sum_name(neuron)
    draft.made |= {z} if neuron.preactivation is None else set()
    draft.made |= {output_name(neuron)} if neuron.output is None else set()
    draft.add(scalar_node(z, weighted_sum, "preactivation", unit), (neuron.preactivation or neuron.key).mark)
    definition = function.at(Ref(z)) if function is not None else Ref(z)
    draft.add(scalar_node(output_name(neuron), definition, "activation", unit, function.function if function is not None else ""), (neuron.output or neuron.key).mark)


def _source(draft: Draft, source: Scalar, sources: Mapping[str, str]) -> Expression | None:
    """What a weight multiplies: a node, by its key or its output's name, or an input; `x[2]` is an entry of an array."""
    text, bracket, indices = source.text.partition("[")
    name = sources.get(text, text)
    outputs = set(sources.values())
    leaf = draft.nodes.get(name)
    if name in outputs and not bracket:
        return Ref(name)
    if name not in outputs and leaf is not None and leaf.is_leaf and leaf.role in ("input", "constant"):
        return _entry(draft, source, leaf, tuple(indices.rstrip("]").split(",")) if bracket else ())
    known = (*sources, *outputs, *(each for each, node in draft.nodes.items() if node.role in ("input", "constant")))
    draft.unknown(source, f"{source.text!r} is neither an input nor a node nor the output of one", nearest(text, known))
    return None


def _entry(draft: Draft, source: Scalar, leaf: Node, indices: tuple[str, ...]) -> Expression | None:
    """A scalar, or one entry of an array at whole numbers."""
    if not indices and all(axis.length.number == 1 for axis in leaf.axes):
        return Ref(leaf.name, tuple(axis.low for axis in leaf.axes))
    if len(indices) != len(leaf.axes) or not all(index.isdecimal() for index in indices):
        entry = f"{leaf.name}[{','.join('1' * len(leaf.axes))}]" if leaf.axes else leaf.name
        draft.problem(source.mark, f"the source of a weight is a scalar: an entry of an array has a number for each axis, such as {entry}", source.text)
        return None
    places = tuple(number(int(index)) for index in indices)
    for place, axis in zip(places, leaf.axes, strict=True):
        if any(distance.number is not None and distance.number < 0 for distance in (place - axis.low, axis.high - place)):
            message = f"{source.text!r}: the indices of {leaf.name!r} run from {form_text(axis.low)} to {form_text(axis.high)}"
            draft.problem(source.mark, message, source.text)
            return None
    return Ref(leaf.name, places)
