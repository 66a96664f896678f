"""How the work grows: with the number of nodes, not with the widths of layers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from proving import derivation_of, graph_of

from backprop_derive.calculus.derivation import derive
from backprop_derive.graph.nodes import Graph


def best(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of some runs, in seconds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def everything(graph: Graph) -> object:
    derivation = derive(graph)
    return derivation.deltas, derivation.gradients


def dense(*sizes: int) -> Graph:
    layers = "".join(f"  - dense: {size}\n    activation: tanh\n" for size in sizes[1:])
    return graph_of(f"inputs: {{x: {sizes[0]}}}\nlayers:\n{layers}loss: half_squared_error\n")


def import_sympy() -> None:
    subprocess.run([sys.executable, "-c", "import sympy"], check=True)


def test_120_layers_are_derived_in_time() -> None:
    """1.5 s where `import sympy` takes 0.3 s; a ratio, since machines differ and are shared."""
    graph = dense(*[3] * 121)
    assert best(lambda: everything(graph)) < 5 * best(import_sympy)


def test_the_width_of_layers_costs_nothing() -> None:
    wide, narrow = dense(784, 100, 10), dense(2, 2, 2)
    assert best(lambda: everything(wide), 10) < 1.5 * best(lambda: everything(narrow), 10)


def test_twice_as_many_layers_cost_about_twice_as_much() -> None:
    short, long = dense(*[3] * 21), dense(*[3] * 81)
    assert best(lambda: everything(long)) < 8 * best(lambda: everything(short))


def test_one_gradient_of_many_is_found_alone() -> None:
    units = ", ".join(f"h{unit}" for unit in range(40))
    spec = f"inputs: [x]\nlayers:\n  - dense: [{units}]\n    activation: tanh\n  - dense: 1\nloss: mse\n"
    graph = graph_of(spec)
    assert best(lambda: derive(graph).gradient("W1")) < best(lambda: everything(graph)) + 0.05
    assert len(derivation_of(spec).graph.parameters) >= 4
