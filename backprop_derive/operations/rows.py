"""What a row of a table holds. Formulas are text in the language of specs, so a table can be listed without SymPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one value, of several, or of a vector.

    - `formula`: over `arguments`; empty for a primitive, which NumPy and mpmath know by the names in `numpy`, `mpmath`.
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


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss over a vector of outputs `p` and targets `y` (both of length `n`), read with index `c`.

    - `derivatives`: by `p[d]` and by `y[d]`, over `p`, `y` and `n`: the form that a textbook prints. `{sum y}` does
      not exist: a derivative that needs `sum(y) = 1` says so in `assumes`.
    - `assumes`: what the textbook takes for granted of the targets, in the language of `assume:`.
    - `output` says what the outputs are: `any`, `probability`, `probabilities`, `logits`, `logit`.
    """

    name: str
    formula: str
    derivatives: tuple[str, str]
    aliases: tuple[str, ...] = ()
    latex: str = ""
    stable: str = ""
    kinks: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()
    output: Literal["any", "probability", "probabilities", "logits", "logit"] = "any"
    sentence: str = ""


def folded(name: str) -> str:
    """The spelling by which names of rows are compared: without case, `_` and `-`."""
    return name.replace("_", "").replace("-", "").casefold()
