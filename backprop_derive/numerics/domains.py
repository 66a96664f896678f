"""What a loss takes as targets: whether given values are that, and values that are drawn so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from backprop_derive.errors import EvaluationError
from backprop_derive.graph.nodes import Graph, TargetDomain
from backprop_derive.numerics.backends import Array
from backprop_derive.operations.rows import TARGET_KINDS

ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Domain:
    """Where an array of targets is right, its last axis being the vector, and targets made of numbers between 0 and 1."""

    said: str
    holds: Callable[[Array], Array]
    made: Callable[[Array], Array]
    sums: bool = False


def _sums_to_one(array: Array) -> Array:
    return np.asarray(np.abs(array.sum(axis=-1, keepdims=True) - 1) <= ROUNDING)


def _shares(array: Array) -> Array:
    return np.asarray((array + 0.25) / (array + 0.25).sum(axis=-1, keepdims=True))


def _largest(array: Array) -> Array:
    return np.asarray(np.arange(array.shape[-1]) == array.argmax(axis=-1)[..., None], dtype=float)


DOMAINS: Mapping[str, Domain] = {
    "unit interval": Domain(TARGET_KINDS["unit interval"], lambda y: (y >= 0) & (y <= 1), np.round),
    "probabilities": Domain(TARGET_KINDS["probabilities"], lambda y: (y >= 0) & (y <= 1) & _sums_to_one(y), _largest, sums=True),
    "positive probabilities": Domain(TARGET_KINDS["positive probabilities"], lambda y: (y > 0) & (y <= 1) & _sums_to_one(y), _shares, sums=True),
    "one-hot": Domain(TARGET_KINDS["one-hot"], lambda y: ((y == 0) | (y == 1)) & _sums_to_one(y), _largest, sums=True),
    "sign": Domain(TARGET_KINDS["sign"], lambda y: np.abs(y) == 1, lambda unit: np.where(unit < 0.5, -1.0, 1.0)),
    "binary": Domain("0 or 1", lambda y: (y == 0) | (y == 1), np.round),
    "sum of 1": Domain("entries that sum to 1", _sums_to_one, _largest, sums=True),
    "positive": Domain("numbers above 0", lambda y: y > 0, lambda unit: unit + 0.25),
    "not negative": Domain(TARGET_KINDS["not negative"], lambda y: y >= 0, lambda unit: np.floor(5 * unit)),
}  # fmt: skip


_ASSUMED = {"one_hot": "one-hot", "probabilities": "probabilities", "binary": "binary", "sum": "sum of 1"}


def check_given(graph: Graph, values: Mapping[str, Array]) -> None:
    """Raise EvaluationError for the first target that its loss does not take, and for leaves that are not as the spec assumes."""
    targets = [each for each in graph.domains if all(name in values and graph.node(name).role == "target" for name in each.names)]
    for each in (*targets, *_assumed(graph)):
        array, domain = _vector(graph, each, values), DOMAINS[each.kind]
        wrong = np.argwhere(~np.broadcast_to(domain.holds(array), array.shape))
        if len(wrong):
            place = _described(graph, each, array, tuple(int(at) for at in wrong[0]))
            raise EvaluationError(f"{place}: {each.loss}{' takes' if each in targets else ''} {domain.said}{_remedy(each) if each in targets else ''}")


def _assumed(graph: Graph) -> Iterator[TargetDomain]:
    """What the spec itself assumes of the entries of leaves."""
    for each in graph.assumptions:
        if each.kind in _ASSUMED:
            yield TargetDomain(f"{each.text} is assumed,", _ASSUMED[each.kind], each.names)


def targets_in_domain(graph: Graph, units: Mapping[str, Array]) -> dict[str, Array]:
    """Targets that their losses take, and of which what is assumed holds, made of numbers between 0 and 1."""
    found: dict[str, Array] = {}
    for each in (*graph.domains, *_assumed(graph)):
        if all(name in units for name in each.names):
            made = DOMAINS[each.kind].made(_vector(graph, each, units))
            found.update({each.names[0]: made} if len(each.names) == 1 else {name: made[..., at] for at, name in enumerate(each.names)})
            if len(each.names) == 1 and not _own_axes(graph, each.names[0]):
                found[each.names[0]] = made[..., 0]
    return found


def _own_axes(graph: Graph, name: str) -> int:
    node = graph.node(name)
    return len(node.axes) - node.sampled


def _vector(graph: Graph, domain: TargetDomain, values: Mapping[str, Array]) -> Array:
    """The targets with the vector along the last axis."""
    if len(domain.names) == 1 and _own_axes(graph, domain.names[0]):
        return values[domain.names[0]]
    return np.stack([values[name] for name in domain.names], axis=-1)


def _described(graph: Graph, domain: TargetDomain, array: Array, at: tuple[int, ...]) -> str:
    """`y[2] is 1.5 in sample 3`, or `the entries of y sum to 1.1`."""
    node = graph.node(domain.names[0])
    sample = f" in sample {at[0] + 1}" if node.sampled and array.shape[0] > 1 else ""
    value = array[at]
    within = {"probabilities": 0 <= value <= 1, "positive probabilities": 0 < value <= 1}.get(domain.kind, value in (0, 1))
    of_sum = domain.kind == "sum of 1" or within
    if DOMAINS[domain.kind].sums and of_sum:
        return f"{' + '.join(domain.names) if len(domain.names) > 1 else f'the sum of {domain.names[0]}'} is {array[at[:-1]].sum():g}{sample}"
    if len(domain.names) > 1:
        return f"{domain.names[at[-1]]} is {value:g}{sample}"
    own = at[1:] if node.sampled else at
    axes = node.axes[1:] if node.sampled else node.axes
    entry = f"[{','.join(str(index + (axis.low.number or 0)) for index, axis in zip(own, axes, strict=True))}]" if axes else ""
    return f"{domain.names[0]}{entry} is {value:g}{sample}"


def _remedy(domain: TargetDomain) -> str:
    if domain.kind == "positive probabilities":
        return ", since log 0 has no value; cross_entropy has the same gradient and takes 0 too"
    if domain.kind in ("probabilities", "one-hot"):
        return f" (data that gives a class: targets: {{{domain.names[0]}: classes}})"
    return ""
