"""Writes the reference pages that are made of tables: `python docs/generate.py`. A test says when one is stale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from backprop_derive.operations.functions import FUNCTIONS
from backprop_derive.operations.losses import LOSSES
from backprop_derive.operations.optimizers import OPTIMIZERS
from backprop_derive.presentation.catalogue import equations, function_record, loss_record, optimizer_record, remarks

FOLDER = Path(__file__).parent

FUNCTIONS_HEAD = """# Functions

Made from the tables in `backprop_derive/operations` by `docs/generate.py`. `z` is the argument, `a` the value; a function of a vector is read at
component `c`, and its derivative is by `z[d]`. Where there is no derivative, the one printed here is the convention. Names are compared without
case, `_` and `-`.

An option has a default and may be given by position or by name: `elu(z, 2)` and `elu(z, alpha=2)` in formulas, `activation: {elu: {alpha: 2}}` in
a layer or a node. What an activation learns becomes one parameter a layer (`alpha1` in layer 1, `alpha_enc` in the layer with the name enc) or a
node (`alpha_A1`), with `_2` behind it where that name is taken; `activation: {prelu: {alpha: s}}` calls it s, and one name in two places is one
shared parameter.
"""

LOSSES_HEAD = """# Losses

Made from the tables in `backprop_derive/operations` by `docs/generate.py`. `p` are the outputs, `y` the targets, vectors of length `n`. As functions
the outputs come first: `huber(out, y, delta=2)`; as `loss:` the outputs and targets of the network are taken: `loss: huber`, `loss: {huber: {delta: 2}}`.
A loss of several outputs takes them one by one, in the order of its arguments: `loss: gaussian_nll` is over the outputs mu and var. What a loss
assumes of its targets is used only in steps that say so; `assume: []` takes it away.
"""


OPTIMIZERS_HEAD = """# Optimizers

Made from the table in `backprop_derive/operations` by `docs/generate.py`. `w` is a parameter, `g` its gradient ∂C/∂w with all that a penalty adds, `eta` the
learning rate, `t` the number of the step from 1. Every entry of an array is stepped for itself. What an optimizer remembers is 0 before the first step,
and each line uses what stands above it already renewed. Constants are set by `optimizer: {adam: {beta1: 0.8}}`.

Books and libraries differ where it is said below: momentum here is that of PyTorch, `v := mu*v + g` with the learning rate outside. The older form
`v := mu*v - eta*g`, `w := w + v` gives the same steps as long as the learning rate stays the same.
"""


def page(head: str, sections: Iterable[tuple[str, Iterable[Mapping[str, Any]]]]) -> str:
    """A page: its head, and each record under the heading of its section."""
    return "\n".join((head, *(line for title, records in sections for line in (f"## {title}\n", *map(entry, records)))))


def entry(record: Mapping[str, Any]) -> str:
    """The equations of a row and all that its table says of it."""
    return "\n".join(_lines(record))


def _lines(record: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {record['name']}\n"
    yield from (f"    {equation}" for equation in equations(record))
    sentence = record["sentence"]
    said = [sentence[:1].upper() + sentence[1:]] if sentence and "derivatives" in record else []  # else it is the first of the remarks
    latex = [f"LaTeX `{record['latex']}`"] if "latex" in record else []
    rest = "; ".join((*remarks(record), *latex))
    yield f"\n{'. '.join((*said, rest[:1].upper() + rest[1:]) if rest else said)}.\n"


def pages() -> Mapping[str, str]:
    """The pages by file name."""
    activations = [function_record(row) for row in FUNCTIONS if row.activation]
    others = [function_record(row) for row in FUNCTIONS if not row.activation]
    return {
        "functions.md": page(FUNCTIONS_HEAD, (("Activations", activations), ("Other functions", others))),
        "optimizers.md": page(OPTIMIZERS_HEAD, (("All optimizers", map(optimizer_record, OPTIMIZERS)),)),
        "losses.md": page(LOSSES_HEAD, (("All losses", map(loss_record, LOSSES)),)),
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
