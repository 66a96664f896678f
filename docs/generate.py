"""Writes the reference pages that are made of tables: `python docs/generate.py`. A test says when one is stale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from backprop_derive.building.network import build_graph
from backprop_derive.building.profiles import KEYS
from backprop_derive.building.renaming import renaming_of
from backprop_derive.calculus.derivation import derive
from backprop_derive.operations.functions import FUNCTIONS
from backprop_derive.operations.layers import LAYERS, Layer
from backprop_derive.operations.losses import LOSSES
from backprop_derive.operations.notations import DEFAULT, NOTATIONS
from backprop_derive.operations.optimizers import OPTIMIZERS
from backprop_derive.presentation.catalogue import equations, function_record, loss_record, notation_record, optimizer_record, remarks
from backprop_derive.presentation.document import Aligned, Document
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.network import forward_rows
from backprop_derive.presentation.presenting import present
from backprop_derive.spec.loading import read_spec

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


LAYERS_HEAD = """# Layers

Made from the table in `backprop_derive/operations` by `docs/generate.py`. How layers stand in a spec, what they read and what they are called is said on the
page about [specs](spec.md#layers). Here `x` is what a layer reads and `l` its number; a layer with `name: enc` has `_enc` in the place of the number. `n → h`: it reads a vector
of n entries and gives one of h. What reads a vector reads a sequence of vectors too, `x[t,k]`, and does the same at each step t; `T × n` is a sequence of T vectors. All
layers can have the options `input` and `name`.
"""


OPTIMIZERS_HEAD = """# Optimizers

Made from the table in `backprop_derive/operations` by `docs/generate.py`. `w` is a parameter, `g` its gradient ∂C/∂w with all that a penalty adds, `eta` the
learning rate, `t` the number of the step from 1. Every entry of an array is stepped for itself. What an optimizer remembers is 0 before the first step,
and each line uses what stands above it already renewed. Constants are set by `optimizer: {adam: {beta1: 0.8}}`.

Books and libraries differ where it is said below: momentum here is that of PyTorch, `v := mu*v + g` with the learning rate outside. The older form
`v := mu*v - eta*g`, `w := w + v` gives the same steps as long as the learning rate stays the same.
"""


NOTATIONS_HEAD = """# Notations

Made from the tables in `backprop_derive` by `docs/generate.py`. `derive SPEC --notation nielsen` prints a page in the notation of a book, in every
format; `verify SPEC answers --notation nielsen` reads a hand calculation in it, and answers in it; `check`, `evaluate` and `draw` have it too. In Python,
`in_notation(graph, "nielsen")` is the network in it. The head of a page says whose notation it is.

- *What changes*: the names that the spec leaves to the tool: `W1`, `b1`, `z1`, `a1` of layers, `z_A1`, `a_A1` of nodes, `x`, `y`, `L`, `C`, `m`, the index of the
  samples, the δs. A name that the spec gives stays as it is. Where a name of the book is one of the spec already, that kind of name keeps the tool's, and the
  head of the page says so. `latex:` of a spec wins over a notation.
- *What stays*: the mathematics. A δ is the derivative of one sample's loss, the cost is what `cost:` says; known functions keep their names, σ, tanh, softmax.
- *Rows* (CS231n): `W1` goes by [from, to], and its gradient too; in formulas over whole arrays `x` lies, `x^T` stands: `s1 = x W1 + b1`, `dW1 = x^T ds1`.
  The course's programs put the cost's 1/N into `dscores`; a calculation may do so or not, and the verdict says which it was.
- *-w* takes names of the notation, `-w 'w^2[2,1]'`, and names of the spec, `-w 'W1[2,1]'`, as they stand there. In `verify`, names are those of the notation; a
  key such as `W2`, which would be one weight in the spec and another in the book, is asked about.
- *JSON*: `text`, names and keys are those of the spec, whatever the notation; `latex` is in the notation. Sentences and counterexamples are in the notation.

## A notation of one's own

`--notation my.yaml`, with any of these keys. In a pattern, `{l}` stands for the number of the layer: `W{l}`, `W_{l}`, `W^{l}` (raised), `W^({l})`, `W^[{l}]`.

```yaml
like: nielsen
weights: 'W^[{l}]'
bias: 'b^[{l}]'
preactivation: 'z^[{l}]'
activation: 'a^[{l}]'
error: 'delta^[{l}]'
first_layer: 1
cost: J
loss: L
```

"""


def page(head: str, sections: Iterable[tuple[str, Iterable[Mapping[str, Any]]]]) -> str:
    """A page: its head, and each record under the heading of its section."""
    return "\n".join((head, *(line for title, records in sections for line in (f"## {title}\n", *map(entry, records)))))


SMALL_NETWORK = """
inputs: 3
layers:
  - dense: 4
    activation: sigmoid
  - dense: 2
    activation: sigmoid
loss: half_squared_error
"""


def notations_page() -> str:
    """The page on notations: the keys of a file, then a small network in each of them, as the tool prints it."""
    lines = [NOTATIONS_HEAD + "| key | says |\n|---|---|", *(f"| `{name}` | {row.sentence} |" for name, row in KEYS.items()), ""]
    graph = build_graph(read_spec(SMALL_NETWORK))
    for row in NOTATIONS:
        record = notation_record(row)
        shown = graph if row.name == DEFAULT else renaming_of(graph, row).renamed
        text = str(render(present(derive(shown), forms=("backward",), detail="brief"), "terminal"))
        forward = str(render(Document((Aligned(tuple(each for each, _ in forward_rows(shown))),), {}, shown), "terminal"))
        body = text[text.index("Backward pass") :]
        lines += [f"## {row.name}\n", f"{'; '.join(remarks(record))}.\n", "```", forward.rstrip(), "", body.rstrip(), "```", ""]
    return "\n".join(lines)


def layer_entry(row: Layer) -> str:
    """What a row says of a kind of layer: what it takes, what it learns and what it computes."""
    lines = [f"### {row.kind}\n", *(f"    {equation}" for equation in row.equations), ""]
    takes = f"`- {row.kind}: …` takes {row.main}" if row.main else f"`- {row.kind}`"
    learns = f"learns {', '.join(f'`{name}` ({shape})' for name, shape in (each.split(': ') for each in row.parameters))}" if row.parameters else ""
    lines.append(f"{'. '.join(filter(None, (row.sentence[:1].upper() + row.sentence[1:], takes, learns[:1].upper() + learns[1:], f'Shapes: {row.shapes}', row.source)))}.\n")
    if row.own_options:
        lines += ["| option | default | says |", "|---|---|---|", *(f"| `{each.name}` | {each.standard} | {each.sentence} |" for each in row.own_options), ""]
    return "\n".join(lines)


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
        "notations.md": notations_page(),
        "layers.md": "\n".join((LAYERS_HEAD, *map(layer_entry, LAYERS.values()))),
        "losses.md": page(LOSSES_HEAD, (("All losses", map(loss_record, LOSSES)),)),
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
