"""How a training step changes a parameter, one row an optimiser.

In the formulas `w` is the parameter, `g` its gradient, `eta` the learning rate, `t` the number of the step from 1. What an
optimiser remembers is 0 before the first step, and each formula sees what stands above it already renewed.
"""

from __future__ import annotations

from backprop_derive.frozen import dataclass
from backprop_derive.operations.rows import folded


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An optimiser.

    - `state`: what it remembers of each entry, `(name, formula of the new value)`, in order.
    - `step`: the formula of the new parameter.
    - `constants`: `(name, usual value)`; the spec may give other values, for which the comparisons of `domain` hold.
    """

    name: str
    step: str
    state: tuple[tuple[str, str], ...] = ()
    constants: tuple[tuple[str, str], ...] = ()
    domain: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    sentence: str = ""
    source: str = ""


OPTIMIZERS: tuple[Optimizer, ...] = (
    Optimizer("sgd", "w - eta*g", aliases=("gradient_descent", "gd"), sentence="a step against the gradient", source="Cauchy (1847); Robbins and Monro, A Stochastic Approximation Method (1951)"),
    Optimizer("momentum", "w - eta*v", (("v", "mu*v + g"),), (("mu", "0.9"),), ("mu >= 0", "mu < 1"), sentence="steps along a sum of all gradients so far, older ones weighing less; the learning rate stands outside the sum, as in PyTorch", source="Polyak, Some methods of speeding up the convergence of iteration methods (1964)"),
    Optimizer("nesterov", "w - eta*(g + mu*v)", (("v", "mu*v + g"),), (("mu", "0.9"),), ("mu >= 0", "mu < 1"), sentence="momentum that looks ahead, in the form of PyTorch: its w is w + mu·v of the original form, where the gradient is taken", source="Nesterov (1983); Sutskever et al., On the importance of initialization and momentum in deep learning (2013), equations 3 and 4"),
    Optimizer("adagrad", "w - eta*g/(sqrt(s) + eps)", (("s", "s + g^2"),), (("eps", "1e-10"),), ("eps > 0",), sentence="each entry has a step of its own, over the root of the sum of its squared gradients", source="Duchi, Hazan and Singer, Adaptive Subgradient Methods (2011)"),
    Optimizer("rmsprop", "w - eta*g/(sqrt(s) + eps)", (("s", "rho*s + (1 - rho)*g^2"),), (("rho", "0.9"), ("eps", "1e-8")), ("rho >= 0", "rho < 1", "eps > 0"), sentence="as adagrad, over the root of a running mean of the squared gradients (PyTorch's usual rho, its alpha, is 0.99)", source="Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6e (2012)"),
    Optimizer("adam", "w - eta*m/(1 - beta1^t)/(sqrt(v/(1 - beta2^t)) + eps)", (("m", "beta1*m + (1 - beta1)*g"), ("v", "beta2*v + (1 - beta2)*g^2")), (("beta1", "0.9"), ("beta2", "0.999"), ("eps", "1e-8")), ("beta1 >= 0", "beta1 < 1", "beta2 >= 0", "beta2 < 1", "eps > 0"), sentence="a running mean of the gradients over the root of one of their squares, both corrected for starting at 0", source="Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1"),
)  # fmt: skip

BY_NAME: dict[str, Optimizer] = {folded(name): row for row in OPTIMIZERS for name in (row.name, *row.aliases)}


def find_optimizer(name: str) -> Optimizer | None:
    """The row called `name`, case, `_` and `-` aside; None if there is none."""
    return BY_NAME.get(folded(name))
