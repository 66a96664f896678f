"""Targets that data gives as a class: the graph sees a vector that is 1 at the place of the class and 0 elsewhere.

    targets: {y: classes}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from backprop_derive.errors import counted
from backprop_derive.graph.nodes import Assumption, Fact, Graph
from backprop_derive.spec.problems import quoted

_WHOLE = re.compile(r"[+-]?[0-9]+(?:\.0*)?")


def one_hot(name: str) -> tuple[Fact, Assumption]:
    """What holds of such a target."""
    text = f"one_hot({name})"
    return Fact(text, name), Assumption(text, "one_hot", (name,))


def class_numbers(graph: Graph, name: str, words: Sequence[str], complain: Callable[[int, str, str], None]) -> tuple[list[int], tuple[str, ...]]:
    """The class of each sample, counted from 1, and the labels of the classes if the samples give labels.

    Whole numbers of which all are classes 1..K are taken as they are. Anything else are labels, in the order of the
    alphabet, or by size where all are whole numbers. `complain` is told (sample from 0, what is wrong, word).
    """
    count = graph.node(name).axes[-1].length.resize(graph.sizes).number
    whole = [_WHOLE.fullmatch(word) is not None for word in words]
    if all(whole):
        numbers = [int(float(word)) for word in words]
        labels = sorted(set(numbers))
        outside = [at for at, each in enumerate(numbers) if each < 1 or (count is not None and each > count)]
        if not outside:
            return numbers, ()
        if len(labels) == count:
            place = {label: at for at, label in enumerate(labels, 1)}
            return [place[each] for each in numbers], tuple(map(str, labels))
        for at in outside:
            complain(at, f"{quoted(words[at])} is no class: the classes of {name} are 1..{count or 'K'}", words[at])
        return numbers, ()
    names = sorted(set(words))
    if count is not None and len(names) > count:
        known = set(names[:count])
        at = next(at for at, word in enumerate(words) if word not in known)
        complain(at, f"the data has {len(names)} labels, and {name} has {counted(count, 'class', 'classes')}; {quoted(words[at])} is one too many", words[at])
    order = {word: at for at, word in enumerate(names, 1)}
    return [order[word] for word in words], tuple(names)
