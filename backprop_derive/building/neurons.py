"""`nodes:` → scalar nodes. Each neuron is a weighted sum and, unless it is linear, an activation of it."""

from __future__ import annotations

from collections.abc import Mapping

from backprop_derive.building.draft import Draft
from backprop_derive.building.vectors import is_vector_function, scalar_node
from backprop_derive.errors import nearest
from backprop_derive.graph.expressions import Apply, Expression, Ref, add, mul
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
    function = draft.activation(neuron.activation) if neuron.activation is not None else None
    if neuron.activation is None:
        if neuron.preactivation is not None and neuron.output is not None:
            draft.alias(neuron.preactivation.text, neuron.output.text, neuron.preactivation.mark)
        draft.add(scalar_node(output_name(neuron), weighted_sum, "preactivation", unit), neuron.key.mark)
        return
    if function is not None and is_vector_function(draft, function):
        message = f"{function} mixes all the units of a layer, so it cannot be the activation of one node; use layers, or write equations"
        draft.problem(neuron.activation.mark, message, neuron.activation.text)
        function = None
    z = sum_name(neuron)
    draft.add(scalar_node(z, weighted_sum, "preactivation", unit), (neuron.preactivation or neuron.key).mark)
    definition = Apply(function, (Ref(z),)) if function is not None else Ref(z)
    draft.add(scalar_node(output_name(neuron), definition, "activation", unit, function or ""), (neuron.output or neuron.key).mark)


def _source(draft: Draft, source: Scalar, sources: Mapping[str, str]) -> Expression | None:
    name = sources.get(source.text, source.text)
    outputs = set(sources.values())
    leaf = draft.nodes.get(name)
    if name in outputs:
        return Ref(name)
    if leaf is not None and leaf.is_leaf and leaf.role != "parameter":
        if all(axis.length.number == 1 for axis in leaf.axes):
            return Ref(name, tuple(axis.low for axis in leaf.axes))
        draft.problem(source.mark, f"{name!r} is an array; the source of a weight is a scalar", source.text)
        return None
    known = (*sources, *outputs, *(each for each, node in draft.nodes.items() if node.role in ("input", "constant")))
    draft.problem(source.mark, f"{source.text!r} is neither an input nor a node nor the output of one", source.text, nearest(source.text, known))
    return None
