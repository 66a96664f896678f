"""Which node, and which entry of it, the name of a weight means.

`W1` the whole array · `W1[2,1]`, `W1_2_1`, `W1.2.1`, `w1_21` (where unique) one entry · `W1[*]`, `W1[2,*]` every entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, product
from math import prod

from backprop_derive.errors import Problem, UsageError, counted, nearest
from backprop_derive.graph.expressions import refs
from backprop_derive.graph.indices import Axis
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Graph, Node
from backprop_derive.notation import canonical

Weight = tuple[str, tuple[int, ...] | None]
"""A node's name and an entry; None is the node as a whole."""

MAXIMUM_ENTRIES = 1000
MAXIMUM_SPREAD = 24

_BRACKETED = re.compile(r"(?P<name>[^\[\]]+)\[(?P<places>[^\[\]]*)\]")
_SEPARATED = re.compile(r"(?P<name>.+?)(?P<places>(?:[._][0-9]+)+)")


def find_weights(texts: Sequence[str], graph: Graph) -> tuple[Weight, ...]:
    """What the texts mean, in order, each once. Raises UsageError that lists what there is."""
    return tuple(dict.fromkeys(weight for text in texts for weight in _find(text, graph)))


def every_entry(graph: Graph, weights: Sequence[Weight]) -> tuple[Weight, ...]:
    """The weights with each array as all of its entries. Raises UsageError where a size is no number."""
    found: list[Weight] = []
    for name, entry in weights:
        node = graph.node(name)
        found += [(name, entry)] if entry is not None or not own_axes(node) else _entries(graph, node, ("*",))
    return tuple(found)


def entries_where_clearer(graph: Graph, weights: Sequence[Weight]) -> tuple[Weight, ...]:
    """Small arrays of which every mention reads a fixed row or entry, as a layer of named units does, as their entries."""
    found: list[Weight] = []
    for name, entry in weights:
        node = graph.node(name)
        count = prod(axis.length.resize(graph.sizes).number or MAXIMUM_SPREAD + 1 for axis in own_axes(node))
        spread = entry is None and own_axes(node) and count <= MAXIMUM_SPREAD and _is_read_at_fixed_places(graph, name)
        found += every_entry(graph, [(name, None)]) if spread else [(name, entry)]
    return tuple(found)


def _is_read_at_fixed_places(graph: Graph, name: str) -> bool:
    mentions = [ref for node in graph.nodes for piece in node.pieces for ref in refs(piece.definition) if ref.name == name]
    axes = graph.node(name).axes  # the only place of an axis says nothing
    return bool(mentions) and all(any(index.number is not None and not axis.single for index, axis in zip(ref.indices, axes, strict=True)) for ref in mentions)


def own_axes(node: Node) -> tuple[Axis, ...]:
    """Where the indices run that a reader writes: all but the sample index."""
    return node.axes[1:] if node.sampled else node.axes


def _find(text: str, graph: Graph) -> list[Weight]:
    _refuse_slips(text)
    written = canonical(text).replace(" ", "")
    whole = _node(written, graph)
    if whole is not None:
        return [(whole.name, None)]
    bracketed = _BRACKETED.fullmatch(written)
    if bracketed is not None:
        node = _node(bracketed["name"], graph)
        if node is None:
            raise _unknown(text, bracketed["name"], graph)
        return _entries(graph, node, tuple(bracketed["places"].split(",")))
    found = list(dict.fromkeys(_readings(written, graph)))
    if len(found) > 1:
        listed = " or ".join(f"'{name}[{','.join(map(str, entry or ()))}]'" for name, entry in found)
        raise UsageError(f"{text!r} could be {listed}: write the one that is meant")
    if not found:
        raise _unknown(text, written, graph)
    return found


def _refuse_slips(text: str) -> None:
    """What is written otherwise: round brackets, a bracket that is not closed, several weights in one."""
    if not text.strip():
        raise UsageError("-w has no name behind it: write -w v1 or -w 'W1[2,1]'")
    if text.count("[") != text.count("]"):
        raise UsageError(f"a bracket of {text!r} is missing: an entry is written 'W1[2,1]', in quotes")
    if "," in re.sub(r"[\[(].*?[\])]", "", text):
        raise UsageError(f"{text!r} is more than one name: write -w for each, as in -w W1 -w W2")
    if re.fullmatch(r"[^()\^]+\([0-9, ]+\)", text.strip()):
        raise UsageError(f"an entry has square brackets: write '{text.strip().replace('(', '[').replace(')', ']')}'")


def _node(name: str, graph: Graph) -> Node | None:
    """By its name, by another name that formulas may use, or by its name in other case where that is unique."""
    known = graph.by_name.get(graph.aliases.get(name, name))
    if known is not None:
        return known
    folded = [node for node in graph.nodes if node.name.casefold() == name.casefold()]
    return folded[0] if len(folded) == 1 else None


def _entries(graph: Graph, node: Node, places: tuple[str, ...]) -> list[Weight]:
    """The entries that `2,1` or `2,*` names."""
    axes = own_axes(node)
    shape = _shape_text(node)
    if not axes:
        raise UsageError(f"{node.name} is a single number: write it without an index")
    if places == ("*",):
        places *= len(axes)
    if len(places) != len(axes):
        given = 0 if places == ("",) else len(places)
        raise UsageError(f"{node.name} has {counted(len(axes), 'index', 'indices')}, not {given}: {shape}")
    choices: list[Sequence[int]] = []
    for place, axis in zip(places, axes, strict=True):
        exact = axis.resize(graph.sizes)
        low, high = exact.low.number, exact.high.number
        if place == "*":
            if low is None or high is None:
                raise UsageError(f"the entries of {node.name} cannot be listed: {shape} has a length that is no number (give it one under `sizes:`)")
            choices.append(range(low, high + 1))
        elif not re.fullmatch(r"[0-9]{1,6}", place):
            raise UsageError(f"{place!r} is no index of {node.name}: write a number, or * for all ({shape})")
        elif (low is not None and int(place) < low) or (high is not None and int(place) > high):
            raise UsageError(f"{node.name} has no entry [{','.join(places)}]: {shape}")
        else:
            choices.append((int(place),))
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > MAXIMUM_ENTRIES:
        raise UsageError(f"{node.name} has {count} entries, more than {MAXIMUM_ENTRIES}: name some of them, or print it by index (--as index)")
    return [(node.name, entry) for entry in product(*choices)]


def _readings(written: str, graph: Graph) -> Iterator[Weight]:
    """`W1_2_1`, `W1.2.1`, `w1_21`: every entry of a node that the text may mean."""
    match = _SEPARATED.fullmatch(written)
    if match is None:
        return
    groups = re.findall(r"[0-9]+", match["places"])
    starts = [found.start() for found in re.finditer(r"[._][0-9]+", match["places"])]
    for count, start in enumerate(starts):
        node = _node(match["name"] + match["places"][:start], graph)
        if node is None or not own_axes(node):
            continue
        for places in _divisions(groups[count:], len(own_axes(node))):
            try:
                yield from _entries(graph, node, places)
            except UsageError:  # not an entry, so not what is meant
                continue


def _divisions(groups: list[str], rank: int) -> Iterator[tuple[str, ...]]:
    """The groups as indices, one each; a single group is divided in every way: `21` is `2, 1`."""
    if len(groups) == rank:
        yield tuple(groups)
    elif len(groups) == 1 and rank > 1:
        digits = groups[0]
        for cuts in combinations(range(1, len(digits)), rank - 1):
            parts = [digits[left:right] for left, right in zip((0, *cuts), (*cuts, len(digits)), strict=True)]
            if not any(part.startswith("0") for part in parts):
                yield tuple(parts)


def _shape_text(node: Node) -> str:
    """`W1[1..5, 1..4]`."""
    return f"{node.name}[{', '.join(f'{form_text(axis.low)}..{form_text(axis.high)}' for axis in own_axes(node))}]"


def _unknown(text: str, name: str, graph: Graph) -> UsageError:
    parameters = ", ".join(_shape_text(graph.node(each)) if own_axes(graph.node(each)) else each for each in graph.parameters)
    others = ", ".join(node.name for node in graph.nodes if node.role != "parameter")
    found = nearest(name, graph.by_name)
    return UsageError(Problem(f"there is no {text!r} in this network; the parameters are {parameters}; there are also {others}", value=text, nearest=found))
