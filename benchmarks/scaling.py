"""How deriving and checking grow with the network, next to SymPy, SymEngine and PyTorch.

Every figure is a ratio of two times taken in the same round, median over rounds, since machines are noisy. SymEngine and
PyTorch are measured where they are installed.

    python benchmarks/scaling.py [--rounds 5]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from statistics import median
from time import perf_counter

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.numerics.drawing import draw_point
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.spec.loading import read_spec


def dense(sizes: Sequence[int], bias: str = "\n    bias: false", cost: str = "single") -> str:
    """A spec of sigmoid layers under the mean squared error, of one sample or of several."""
    layers = "".join(f"  - dense: {size}{bias}\n    activation: sigmoid\n" for size in sizes[1:])
    return f"inputs: {sizes[0]}\nlayers:\n{layers}loss: mse\ncost: {cost}\n"


def derived(sizes: Sequence[int], bias: str = "\n    bias: false", cost: str = "single") -> Derivation:
    """The network with every line of the backward pass and every gradient worked out, in index form."""
    derivation = derive(build_graph(read_spec(dense(sizes, bias, cost))))
    derivation.deltas, derivation.gradients  # noqa: B018 (worked out when they are read)
    return derivation


def entry_by_entry(sizes: Sequence[int]) -> int:
    """All gradients of all weights, each entry an expression of its own, and all δ of the layers."""
    derivation = derived(sizes)
    return sum(1 for name in derivation.graph.parameters for _ in derivation.entries(name))


def with_library(library: object, sizes: Sequence[int]) -> int:
    """The cost written out and differentiated weight by weight, by SymPy or SymEngine (the same calls)."""
    symbol, exp = library.Symbol, library.exp  # type: ignore[attr-defined]
    values = [symbol(f"x{at}") for at in range(sizes[0])]
    weights = []
    for layer, (below, above) in enumerate(pairwise(sizes)):
        names = [[symbol(f"w{layer}_{j}_{k}") for k in range(below)] for j in range(above)]
        weights += [weight for row in names for weight in row]
        values = [1 / (1 + exp(-sum(weight * value for weight, value in zip(row, values, strict=True)))) for row in names]
    cost = sum((symbol(f"y{at}") - value) ** 2 for at, value in enumerate(values)) / len(values)
    return len([cost.diff(weight) for weight in weights])


QUICK = {"differences": False, "power": False}


def checked(sizes: Sequence[int], cost: str = "single", **options: bool) -> Callable[[], object]:
    """The numeric proof of every weight at one random point, the derivation being done. Planned at the first call."""
    derivation = derived(sizes, "", cost)
    check_gradients(derivation, seeds=(0,), **options)
    return lambda: check_gradients(derivation, seeds=(0,), **options)


def drawn_samples(sizes: Sequence[int]) -> int:
    """How many samples the point has at which a batch is checked."""
    return draw_point(derived(sizes, "", "mean").graph, 0).sizes["m"]


def checked_anew(sizes: Sequence[int], times: int) -> Callable[[], object]:
    """The same of a network that was not checked before, so many times at most."""
    graph = derived(sizes, "").graph
    fresh = [derive(replace(graph, title=str(each))) for each in range(times)]
    assert all(each.deltas and each.gradients for each in fresh)
    return lambda: check_gradients(fresh.pop(), seeds=(0,), **QUICK)


def gradchecked(sizes: Sequence[int], samples: int = 1) -> Callable[[], object]:
    """PyTorch's gradcheck of every weight of the same network, in double precision and with its own defaults."""
    import torch

    torch.set_num_threads(1)
    parameters = []
    for below, above in pairwise(sizes):
        parameters += [torch.randn(above, below, dtype=torch.double, requires_grad=True), torch.randn(above, dtype=torch.double, requires_grad=True)]
    x, y = torch.randn(samples, sizes[0], dtype=torch.double), torch.rand(samples, sizes[-1], dtype=torch.double)

    def cost(*values: torch.Tensor) -> torch.Tensor:
        a = x
        for weight, bias in zip(values[::2], values[1::2], strict=True):
            a = torch.sigmoid(a @ weight.T + bias)
        return ((a - y) ** 2).mean()

    torch.autograd.gradcheck(cost, parameters)
    return lambda: torch.autograd.gradcheck(cost, parameters)


def seconds(work: Callable[[], object]) -> float:
    """The wall time of one call."""
    start = perf_counter()
    work()
    return perf_counter() - start


def ratio(one: Callable[[], object], other: Callable[[], object], rounds: int, times: int = 1) -> str:
    """The median over rounds of time(one)/time(other), with the times of the last round; of `other`, the mean of so many calls."""
    pairs = [(seconds(one), sum(seconds(other) for _ in range(times)) / times) for _ in range(rounds)]
    return f"{median(a / b for a, b in pairs):8.2f}   ({pairs[-1][0] * 1000:.1f} ms / {pairs[-1][1] * 1000:.1f} ms)"


def main() -> None:
    parser = argparse.ArgumentParser(description="How deriving and checking grow with the network.")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds

    small, wide = (2, 2, 2), (784, 100, 10)
    rows: list[tuple[str, str]] = [
        ("784-100-10 / 2-2-2, derived in index form", ratio(lambda: derived(wide), lambda: derived(small), rounds)),
        ("one weight of 784-100-10 / of 2-2-2", ratio(lambda: derived(wide).element("W2", (1, 1)), lambda: derived(small).element("W2", (1, 1)), rounds)),
        ("120 layers, all of it, / 2-2-2", ratio(lambda: derived((2, *[4] * 120)), lambda: derived(small), rounds)),
        ("entries: 10,000 weights / 1,000 weights", ratio(lambda: entry_by_entry((50, 100, 50)), lambda: entry_by_entry((20, 25, 20)), rounds)),
    ]
    if find_spec("sympy"):
        import sympy

        rows.append(("100 weights: SymPy diff / entries", ratio(lambda: with_library(sympy, (5, 10, 5)), lambda: entry_by_entry((5, 10, 5)), 1)))
    if find_spec("symengine"):
        import symengine

        rows.append(("1,000 weights: SymEngine diff / entries", ratio(lambda: with_library(symengine, (20, 25, 20)), lambda: entry_by_entry((20, 25, 20)), rounds)))
    if find_spec("torch"):
        network = (4, 8, 8, 1)
        pytorch, batch = gradchecked(network), drawn_samples(network)
        rows += [
            ("4-8-8-1: gradcheck / every weight proved", ratio(pytorch, checked(network, **QUICK), rounds, 20)),
            (f"the same, {batch} samples", ratio(gradchecked(network, batch), checked(network, "mean", **QUICK), rounds, 20)),
            ("4-8-8-1: gradcheck / the same, first time", ratio(pytorch, checked_anew(network, rounds), rounds)),
            ("4-8-8-1: gradcheck / with differences, power", ratio(pytorch, checked(network), rounds)),
        ]
    for what, figure in rows:
        print(f"{what:46}{figure}")


if __name__ == "__main__":
    main()
