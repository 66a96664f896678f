"""The option --notation: whose names are printed and read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from backprop_derive.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backprop_derive.building.renaming import Renaming
    from backprop_derive.graph.nodes import Graph
    from backprop_derive.graph.weights import Weight

_OF_A_LAYER = re.compile(r"(?P<letters>[A-Za-z]+)[\^_]?[(\[]?(?P<number>[0-9]+)[)\]]?(?P<rest>.*)")

notation_option = click.option("--notation", metavar="NAME", help="Whose notation: default, nielsen, bishop, goodfellow, cs231n, or a YAML file of your own.")


def renaming_for(graph: Graph, notation: str | None) -> Renaming | None:
    """What the notation changes; None where there is none, or it is the project's own. Raises UsageError, SpecError."""
    if notation is None:
        return None

    from backprop_derive.building.profiles import profile_named
    from backprop_derive.building.renaming import renaming_of

    profile = profile_named(notation)
    return None if profile is None else renaming_of(graph, profile)


def network_and_weights(graph: Graph, renaming: Renaming | None, texts: Sequence[str], *, record: bool = False) -> tuple[Graph, tuple[Weight, ...]]:
    """The network in the notation, and the weights that the texts mean, all parameters without any. A record has the spec's names."""
    from backprop_derive.graph.weights import find_weights

    shown = graph if renaming is None else renaming.renamed
    if not texts:
        chosen: tuple[Weight, ...] = tuple((each, None) for each in shown.parameters)
    else:
        chosen = find_weights(texts, graph) if renaming is None else tuple(dict.fromkeys(weight for text in texts for weight in _named(text, renaming)))
    if renaming is None or not record:
        return shown, chosen
    return graph, tuple(renaming.weight_before(*weight) for weight in chosen)


def _named(text: str, renaming: Renaming) -> tuple[Weight, ...]:
    """By the names of the notation, `w^2[2,1]` for w^(2)[2,1] too, or by a name of the spec as it stands there."""
    from backprop_derive.graph.weights import find_weights
    from backprop_derive.notation import canonical, plain_superscripts

    try:
        return find_weights((text,), renaming.renamed)
    except UsageError as unknown:
        if canonical(text).partition("[")[0].strip() in renaming.graph.by_name:
            return tuple(renaming.weight(*weight) for weight in find_weights((text,), renaming.graph))
        layer = _OF_A_LAYER.fullmatch(canonical(plain_superscripts(text)))
        if layer is None:
            raise
        try:
            return find_weights((f"{layer['letters']}^({layer['number']}){layer['rest']}",), renaming.renamed)
        except UsageError:
            raise unknown from None
