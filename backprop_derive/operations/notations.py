r"""Whose notation a page is in, one row a book.

A pattern says how the quantity of a layer is called, with `{l}` where the number of the layer stands: `W{l}`, `w^{l}` (raised, as in
$w^2$), `W^({l})`, `W^[{l}]`. An entry may be said with it: `w^({l})[j,0]` is the weight from a unit 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backprop_derive.operations.rows import folded

if TYPE_CHECKING:
    from backprop_derive.graph.nodes import Spelling

PATTERN = re.compile(r"(?P<letters>[A-Za-z]+)(?P<style>\{l\}|_\{l\}|\^\{l\}|\^\(\{l\}\)|\^\[\{l\}\])(?P<closing>\[j,[0-9]\])?")
_BRACKETS = {"^{l}": "{}", "^({l})": "({})", "^[{l}]": "[{}]"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """How the quantity of a layer is called: `letters`, and how the number of the layer stands behind them."""

    letters: str
    style: str
    closing: str = ""

    def name(self, unit: str) -> str:
        """The canonical name for the layer of a number, or for a unit or layer that has a name of its own."""
        stem = self.letters + self.closing
        if not unit.isdigit():
            return f"{stem}_{unit}"
        return f"{stem}^({unit})" if self.style in _BRACKETS else f"{stem}{self.style.replace('{l}', unit)}"

    def spelling(self, unit: str) -> Spelling | None:
        """How that name is written, where its letters alone do not say it."""
        from backprop_derive.graph.nodes import Spelling  # a list of notations needs no graph

        if not unit.isdigit() or (self.style not in _BRACKETS and not self.closing):
            return Spelling(self.letters, "", unit, self.closing) if self.closing else None
        if self.style not in _BRACKETS:
            return Spelling(self.letters, "", unit, self.closing)
        return Spelling(self.letters, _BRACKETS[self.style].format(unit), "", self.closing)


def pattern_of(text: str) -> Pattern | None:
    """The pattern that a text says; None if it is none.

    >>> pattern_of("w^({l})[j,0]")
    Pattern(letters='w', style='^({l})', closing='0')
    >>> pattern_of("w") is None
    True
    """
    match = PATTERN.fullmatch(text)
    if match is None:
        return None
    return Pattern(match["letters"], match["style"], (match["closing"] or "")[3:-1])


@dataclass(frozen=True, slots=True)
class Profile:
    """A notation.

    - `title`: whose it is; `source`: where in the book its conventions stand.
    - `weights` … `error`: patterns. `error` is the loss's derivative by a pre-activation; `d` alone puts a d in front of every name.
    - `input`, `output`, `target`: names; an input with `{l}` is the activation of the layer in front of the first. `output` is the
      output's own name if it has an activation ("": as any activation).
    - `last`: the name of the pre-activation of the last layer, if it has one of its own.
    - `cost`, `loss`: over all samples, and of one; `count`, `sample`: how many samples there are, and the letter of their index.
    - `first`: the number of the first layer with weights.
    - `rows`: vectors are rows, s = xW + b, so that W[k,j] goes from k to j.
    - `layers`: index letters of the inputs', the hidden and the output units, in a network with one hidden layer.
    - `outputs`: what the output is called besides, in hand calculations.
    - `hidden`: the letter of the activation function of hidden units, whatever the output's is.
    - `meanings`: what is said of the letters at the head of a page.
    """

    name: str
    title: str
    source: str = ""
    weights: str = "W{l}"
    bias: str = "b{l}"
    preactivation: str = "z{l}"
    activation: str = "a{l}"
    error: str = "delta{l}"
    input: str = "x"
    output: str = ""
    last: str = ""
    target: str = "y"
    cost: str = "C"
    loss: str = "L"
    count: str = "m"
    sample: str = "i"
    first: int = 1
    rows: bool = False
    layers: tuple[str, ...] = ()
    hidden: str = ""
    outputs: tuple[str, ...] = ()
    meanings: tuple[str, ...] = ()


DEFAULT = "default"

NOTATIONS: tuple[Profile, ...] = (
    Profile(DEFAULT, "this project's own"),
    Profile(
        "nielsen", "Nielsen, Neural Networks and Deep Learning", "chapter 2: equations 23 to 26, BP1 to BP4",
        weights="w^{l}", bias="b^{l}", preactivation="z^{l}", activation="a^{l}", error="delta^{l}", input="a^{l}",
        loss="C_x", count="n", sample="x", first=2,
        meanings=("a raised number is the layer, never a power; layer 1 is the input",),
    ),
    Profile(
        "bishop", "Bishop, Pattern Recognition and Machine Learning", "5.1 and 5.3: equations 5.2 to 5.9, 5.44 to 5.56",
        weights="w^({l})", bias="w^({l})[j,0]", preactivation="a^({l})", activation="z^({l})", error="delta^({l})",
        output="y", target="t", cost="E", loss="E_n", count="N", sample="n", layers=("i", "j", "k"), hidden="h",
    ),
    Profile(
        "goodfellow", "Goodfellow, Bengio and Courville, Deep Learning", "6.5.4: algorithms 6.3 and 6.4; equation 5.96 for the cost",
        weights="W^({l})", bias="b^({l})", preactivation="a^({l})", activation="h^({l})", error="g^({l})", input="x", cost="J",
        meanings=("g is the gradient on a, which the book keeps in one variable g", "the input x is h of layer 0"),
    ),
    Profile(
        "cs231n", "CS231n, Convolutional Neural Networks for Visual Recognition", "the notes on linear classification, backpropagation, and the case study of a neural network",
        preactivation="s{l}", activation="h{l}", error="d", last="scores", outputs=("p", "probs", "out"), cost="L", loss="L_i", count="N", rows=True,
        meanings=("vectors are rows, s = xW + b",),
    ),
)  # fmt: skip

BY_NAME: dict[str, Profile] = {folded(row.name): row for row in NOTATIONS}


def find_notation(name: str) -> Profile | None:
    """The row called `name`, case, `_` and `-` aside; None if there is none."""
    return BY_NAME.get(folded(name))
