"""What a row of a table holds. Formulas are text in the language of specs, so a table can be listed without SymPy."""

from __future__ import annotations

from typing import Literal

from backprop_derive.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one value, of several, or of a vector.

    - `formula`: over `arguments`; empty for a primitive, which NumPy and mpmath know by the names in `numpy`, `mpmath`.
    - `defaults`: the values of the last arguments, which a call may leave out: `leaky_relu(z)` has the slope 0.01. What a
      row with `activation` takes behind `z` and gives no default for is learnt: one number a layer or node.
    - `derivatives`: one for each argument, over the arguments and the output `a`, in the form that a textbook prints.
    - `vector`: the argument `z` is a vector. Then formula and derivative are read at component `c` of the output
      (scalar-valued: without it), and the derivative is by component `d` of `z`.
    - `stable`: the same function, written so that floating point neither overflows nor cancels.
    - `kinks`: what is 0 where the function has no derivative. There the derivative printed here is the convention.
    - `domain`: comparisons that the arguments must satisfy.
    - `activation`: whether a layer or neuron may use it by name. `sentence` says the derivative in words.
    """

    name: str
    derivatives: tuple[str, ...]
    formula: str = ""
    arguments: tuple[str, ...] = ("z",)
    defaults: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    latex: str = ""
    unicode: str = ""
    stable: str = ""
    kinks: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    vector: Literal["", "to vector", "to scalar"] = ""
    activation: bool = False
    numpy: str = ""
    mpmath: str = ""
    sentence: str = ""

    @property
    def required(self) -> tuple[str, ...]:
        """The arguments that have no default."""
        return self.arguments[: len(self.arguments) - len(self.defaults)]


TargetKind = Literal["any", "unit interval", "probabilities", "positive probabilities", "one-hot", "sign", "not negative"]
TARGET_KINDS: dict[str, str] = {
    "unit interval": "a number from 0 to 1",
    "probabilities": "a vector of probabilities: from 0 to 1, with the sum 1",
    "positive probabilities": "a vector of probabilities above 0, with the sum 1",
    "one-hot": "a vector with a single 1, and 0 elsewhere",
    "sign": "1 or -1",
    "not negative": "0 or more",
}
"""What a loss takes as targets, in words; a loss of any targets is not among them."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss of vectors of one length `n`, and of numbers.

    - `arguments`: first the vectors, by default the outputs `p` and the targets `y`, in the order of a call; then the
      numbers, for which `defaults` has a value each. `targets` says which of the vectors a spec's targets are.
    - `derivatives`: one for each vector, by its entry `d`, over the arguments and `n`: the form that a textbook prints.
      One that holds only for targets that sum to 1 is not a row's: what the textbook takes for granted stands in
      `assumes`, in the language of `assume:`, and is used in a step of its own.
    - `domain`, `kinks`: as for a function, at each entry `c`.
    - `output` says what the outputs are, `target` what the targets are, as far as that matters.
    """

    name: str
    formula: str
    derivatives: tuple[str, ...]
    arguments: tuple[str, ...] = ("p", "y")
    defaults: tuple[str, ...] = ()
    targets: tuple[str, ...] = ("y",)
    aliases: tuple[str, ...] = ()
    kinks: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()
    output: Literal["any", "probability", "probabilities", "log-probabilities", "logits", "logit"] = "any"
    target: TargetKind = "any"
    sentence: str = ""

    @property
    def required(self) -> tuple[str, ...]:
        """The vectors."""
        return self.arguments[: len(self.arguments) - len(self.defaults)]

    @property
    def outputs(self) -> tuple[str, ...]:
        """The vectors that are not targets."""
        return tuple(name for name in self.required if name not in self.targets)


def folded(name: str) -> str:
    """The spelling by which names of rows are compared: without case, `_` and `-`."""
    return name.replace("_", "").replace("-", "").casefold()
