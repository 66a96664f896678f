"""How fast networks are evaluated, next to NumPy written by hand: `python benchmarks/evaluation.py`.

Every ratio is one of two times in the same round, median over rounds, so that a busy machine does not matter much. One thread.
"""

from __future__ import annotations

import os
import sys
import tracemalloc
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

from backprop_derive import build_graph, evaluate, read_spec
from backprop_derive.numerics.backward import backward_graph
from backprop_derive.numerics.leaves import leaf_values
from backprop_derive.numerics.passes import Passes

ROUNDS = 40
BATCH = 256
LARGE = "inputs: 784\nlayers:\n  - dense: 100\n    activation: tanh\n  - dense: 10\n  - softmax\nloss: cross_entropy\nvalues: xavier\n"
SMALL = (
    "inputs: [i1, i2]\nlayers:\n  - dense: [h1, h2]\n    activation: sigmoid\n  - dense: [o1, o2]\n    activation: sigmoid\ntargets: [t1, t2]\n"
    "loss: half_squared_error\ncost: single\nvalues: random\nlearning_rate: 0.5\n"
)
STEPS = 2000


def ratio(first: Callable[[], object], second: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median of time(first)/time(second), measured one right after the other."""
    first(), second()
    found = []
    for _ in range(rounds):
        start = perf_counter()
        first()
        middle = perf_counter()
        second()
        found.append((middle - start) / (perf_counter() - middle))
    return median(found)


def peak(run: Callable[[], object]) -> int:
    """The most memory that a run holds beyond what is there before it."""
    run()
    tracemalloc.start()
    kept = run()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return most


def main() -> None:
    graph = build_graph(read_spec(LARGE))
    draw = np.random.default_rng(0)
    x, y = draw.random((BATCH, 784)), np.eye(10)[draw.integers(0, 10, BATCH)]
    leaves = leaf_values(graph, {}, {"x": x, "y": y}, BATCH, 0)
    w1, b1, w2, b2 = (leaves.values[name] for name in ("W1", "b1", "W2", "b2"))

    def by_hand() -> list[np.ndarray]:
        a1 = np.tanh(x @ w1.T + b1)
        z2 = a1 @ w2.T + b2
        e = np.exp(z2 - z2.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        cost = -np.mean(np.sum(y * np.log(p), axis=1))
        d2 = (p - y) / BATCH
        d1 = (d2 @ w2) * (1 - a1 * a1)
        return [cost, d1.T @ x, d1.sum(axis=0), d2.T @ a1, d2.sum(axis=0)]

    def passes() -> Passes:
        backward = backward_graph(graph)
        return Passes(backward, leaves.values, leaves.sizes)

    ready = passes()
    blocks = ready.blocks_for((ready.backward.cost, *ready.adjoints_of(graph.parameters)))

    def planned() -> list[np.ndarray]:
        ready.compute(blocks)
        return [np.asarray(ready.cost), *(ready.gradient(name) for name in graph.parameters)]

    for mine, theirs in zip(planned(), by_hand(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-15)

    def fresh() -> list[np.ndarray]:
        own = passes()
        own.compute(own.blocks_for((own.backward.cost, *own.adjoints_of(graph.parameters))))
        return [own.gradient(name) for name in graph.parameters]

    print(f"784-100-10, batch {BATCH}: forward pass and all gradients / NumPy by hand   {ratio(planned, by_hand):.2f}")
    print(f"  memory, the same / NumPy by hand                                     {peak(fresh) / peak(by_hand):.2f}")
    data = {"x": x, "y": y}
    print(f"  evaluate(graph) once more, planning included / NumPy by hand         {ratio(lambda: evaluate(graph, data=data), by_hand):.2f}")

    small = build_graph(read_spec(SMALL))
    start = perf_counter()
    evaluate(small, steps=STEPS)
    print(f"2-2-2 by named neurons: microseconds a step of gradient descent         {(perf_counter() - start) / STEPS * 1e6:.0f}")


if __name__ == "__main__":
    if "OMP_NUM_THREADS" not in os.environ:  # read when NumPy is loaded, which has happened
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    main()
