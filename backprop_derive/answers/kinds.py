"""The kinds of mistakes that people make in gradients, those first that are made most.

They were found in published gradients: questions and answers, issues of programs, errata of books.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of mistake: its name, what it is, and the functions of `answers/mistakes.py` that make it in a backward pass."""

    name: str
    sentence: str
    changes: tuple[str, ...]


KINDS: tuple[Kind, ...] = (
    Kind("sign", "a sign: the inner derivative −1 of y − ŷ, or the direction of the update", ("sign_wrong",)),
    Kind("missing-activation-derivative", "the derivative of an activation is left out", ("activation_missing",)),
    Kind("derivative-at-output", "the derivative of an activation at its output, or at another value, where the pre-activation belongs", ("at_output",)),
    Kind("missing-loss-derivative", "the derivative of the loss is left out", ("loss_missing",)),
    Kind("constant-factor", "a factor 2, ½, or 1 over the number of samples too much or too little", ("factor_wrong",)),
    Kind("missing-weight-factor", "a weight on the way back is left out, squared, or replaced", ("weight_missing",)),
    Kind("wrong-input-factor", "what a weight is multiplied by: the input, not the weight, the pre-activation or the target", ("input_wrong",)),
    Kind("missing-path", "one of several ways to the loss is forgotten", ("path_missing",)),
    Kind("extra-activation-derivative", "the derivative of an activation stands there twice", ("activation_twice",)),
    Kind("regulariser", "the derivative of the penalty is missing, doubled, or stands where it does not belong", ("penalty_wrong",)),
    Kind("wrong-local-derivative", "the derivative of another function or of another loss, or one with a slip in it", ("wrong_derivative", "loss_wrong", "factor_of_product")),
    Kind("transpose-or-index", "the gradient of a neighbour, a transposed matrix, a wrong layer", ()),
    Kind("updated-weights", "weights that are updated already where the old ones belong", ("weight_updated",)),
)
