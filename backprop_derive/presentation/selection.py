"""Which gradients a page has, and in which order: from the output back, as one computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Literal

from backprop_derive.calculus.derivation import Derivation, Gradient
from backprop_derive.errors import UsageError
from backprop_derive.graph.expressions import Expression, Partial, Ref

Form = Literal["chain", "backward", "textbook", "closed"]
Weight = tuple[str, "tuple[int, ...] | None"]
"""A node, and which entry of it; None for all of it at once, at its letters."""


def chosen_gradients(derivation: Derivation, weights: Sequence[Weight]) -> dict[str, Gradient]:
    """The gradients by the name that they are asked for by: `W1`, `W1[2,1]`; of all parameters if none are named."""
    wanted = weights or [(name, None) for name in derivation.graph.parameters]
    if not wanted:
        raise UsageError("the network has no parameters: name a node or an input with -w")
    return {weight_key(name, entry): derivation.gradient(name) if entry is None else derivation.element(name, entry) for name, entry in wanted}


def weight_key(name: str, entry: tuple[int, ...] | None) -> str:
    """The name of a weight, with the entry that is meant: `v1`, `W1`, `W1[2,1]`."""
    return f"{name}[{','.join(map(str, entry))}]" if entry else name


def weight_of(ref: Ref) -> Weight:
    """The entry that a mention names by numbers, or else the whole array."""
    places = tuple(index.number for index in ref.indices)
    return ref.name, None if not places or None in places else tuple(place for place in places if place is not None)


def has_all_parameters(derivation: Derivation, chosen: Mapping[str, Gradient]) -> bool:
    """Whether the gradient of every parameter is chosen, as a whole or each of its entries."""
    entries = [name for name in derivation.graph.parameters if name not in chosen]
    found = Counter(gradient.of.name for gradient in chosen.values())
    return all(found[name] and found[name] == _count(derivation, name) for name in entries)


def _count(derivation: Derivation, name: str) -> int | None:
    """How many entries a parameter has; None where that depends on a size."""
    lengths = [axis.length.resize(derivation.graph.sizes).number for axis in derivation.graph.node(name).axes]
    return None if None in lengths else prod(length for length in lengths if length is not None)


def derivative(derivation: Derivation, gradient: Gradient) -> Partial:
    """What the gradient is of: `∂C/∂w`."""
    return Partial(Ref(derivation.graph.cost.name), gradient.of)


def closed_form(derivation: Derivation, gradient: Gradient) -> Expression:
    """In inputs, targets and parameters only, of one entry where numbers say which."""
    place = tuple(index.number for index in gradient.of.indices if index.number is not None)  # a sample index is a letter
    return derivation.closed(gradient.of.name, place or None)


def recorded_form(derivation: Derivation, gradient: Gradient, forms: Sequence[Form]) -> tuple[Gradient, Form, Expression]:
    """The gradient with the one form that a record gives: the textbook's, unless only others are asked for."""
    if "textbook" in forms:
        return gradient, "textbook", gradient.gradient
    if "closed" in forms:
        return gradient, "closed", closed_form(derivation, gradient)
    if "backward" in forms:
        return gradient, "backward", gradient.backward
    return gradient, "chain", gradient.expansion


def from_the_output_back(derivation: Derivation, chosen: Mapping[str, Gradient]) -> dict[str, Gradient]:
    """The weights nearest to the loss first, else in the order given."""
    levels = levels_from_loss(derivation)
    return dict(sorted(chosen.items(), key=lambda each: levels.get(each[1].of.name, len(levels))))


def needed_deltas(derivation: Derivation, chosen: Mapping[str, Gradient]) -> list[str]:
    """The nodes whose δ the chosen gradients need, from the loss back."""
    used = _descendants(derivation, [gradient.of.name for gradient in chosen.values()])
    levels = levels_from_loss(derivation)
    order = [node.name for node in derivation.graph.nodes if node.name in used and node.name in derivation.deltas]
    return sorted(order, key=lambda name: levels[name])


def levels_from_loss(derivation: Derivation) -> dict[str, int]:
    """How many nodes stand between a node and the loss, along the longest way."""
    graph, loss = derivation.graph, derivation.graph.cost.loss
    unseen = {name: sum(child in derivation.names and child != name for child in graph.children[name]) for name in derivation.names}
    levels, ready, done = {loss: 0}, [loss], set()
    while ready:
        name = ready.pop(0)
        done.add(name)
        for parent in graph.parents[name]:
            if parent in done or parent == name:
                continue
            levels[parent] = max(levels.get(parent, 0), levels[name] + 1)
            unseen[parent] -= 1
            if unseen[parent] == 0:
                ready.append(parent)
        if not ready:  # what is left depends on itself at another place
            ready += [name for name in levels if name not in done][:1]
    return levels


def _descendants(derivation: Derivation, names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(derivation.graph.children[name])
    return found
