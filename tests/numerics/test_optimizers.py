"""Every optimiser of the table against its formulas as PyTorch or the paper has them, written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest

from backprop_derive import build_graph, evaluate, read_spec
from backprop_derive.errors import BackpropError
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.updates import Updates
from backprop_derive.operations.optimizers import OPTIMIZERS, Optimizer, find_optimizer

RATE = 0.1
Rule = Callable[[float, Callable[[float], float]], Iterator[float]]
"""(start, gradient) → the parameter after each step."""


def sgd(w: float, gradient: Callable[[float], float]) -> Iterator[float]:
    while True:
        w -= RATE * gradient(w)
        yield w


def momentum(w: float, gradient: Callable[[float], float], mu: float = 0.9) -> Iterator[float]:
    """torch.optim.SGD(momentum=0.9): buf = mu*buf + grad; w -= lr*buf."""
    buffer = 0.0
    while True:
        buffer = mu * buffer + gradient(w)
        w -= RATE * buffer
        yield w


def nesterov(w: float, gradient: Callable[[float], float], mu: float = 0.9) -> Iterator[float]:
    """torch.optim.SGD(momentum=0.9, nesterov=True): the step is grad + mu*buf."""
    buffer = 0.0
    while True:
        g = gradient(w)
        buffer = mu * buffer + g
        w -= RATE * (g + mu * buffer)
        yield w


def adagrad(w: float, gradient: Callable[[float], float], eps: float = 1e-10) -> Iterator[float]:
    """torch.optim.Adagrad(eps=1e-10)."""
    total = 0.0
    while True:
        g = gradient(w)
        total += g * g
        w -= RATE * g / (sqrt(total) + eps)
        yield w


def rmsprop(w: float, gradient: Callable[[float], float], rho: float = 0.9, eps: float = 1e-8) -> Iterator[float]:
    """torch.optim.RMSprop(alpha=0.9, eps=1e-8); Hinton's lecture 6e has 0.9."""
    mean = 0.0
    while True:
        g = gradient(w)
        mean = rho * mean + (1 - rho) * g * g
        w -= RATE * g / (sqrt(mean) + eps)
        yield w


def adam(w: float, gradient: Callable[[float], float], beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> Iterator[float]:
    """Kingma and Ba (2015), algorithm 1."""
    first = second = 0.0
    t = 0
    while True:
        t += 1
        g = gradient(w)
        first = beta1 * first + (1 - beta1) * g
        second = beta2 * second + (1 - beta2) * g**2
        w -= RATE * (first / (1 - beta1**t)) / (sqrt(second / (1 - beta2**t)) + eps)
        yield w


RULES: dict[str, Rule] = {"sgd": sgd, "momentum": momentum, "nesterov": nesterov, "adagrad": adagrad, "rmsprop": rmsprop, "adam": adam}

QUADRATIC = "parameters: [theta]\nequations:\n  f: theta^2\ncost: single\nvalues: {theta: 5}\n"


def quadratic(optimizer: str, rate: float = RATE) -> Graph:
    return build_graph(read_spec(f"{QUADRATIC}optimizer: {optimizer}\nlearning_rate: {rate}\n"))


def test_every_row_has_a_rule_here() -> None:
    assert sorted(RULES) == sorted(row.name for row in OPTIMIZERS)


@pytest.mark.parametrize("row", OPTIMIZERS, ids=lambda row: row.name)
def test_twenty_steps_are_those_of_the_rule(row: Optimizer) -> None:
    rule = RULES[row.name](5.0, lambda theta: 2 * theta)
    for steps in range(1, 21):
        expected = next(rule)
        if steps in (1, 2, 3, 20):
            found = evaluate(quadratic(row.name), steps=steps)
            assert found.updated is not None
            assert float(found.updated["theta"]) == pytest.approx(expected, rel=1e-13), steps
            assert found.history[-1] == pytest.approx(expected**2, rel=1e-12)


@pytest.mark.parametrize("row", OPTIMIZERS, ids=lambda row: row.name)
def test_entries_are_stepped_each_for_itself(row: Optimizer) -> None:
    """A vector of parameters is as many single ones."""
    start = np.array([5.0, -0.3, 0.0, 1e-4])
    updates = Updates(row, RATE, {}, len(start))
    vector = start
    for step in range(1, 5):
        vector = updates.step(vector, np.cos(vector))
        for at, value in enumerate(start):
            rule = RULES[row.name](float(value), lambda w: float(np.cos(w)))
            assert vector[at] == pytest.approx([next(rule) for _ in range(step)][-1], rel=1e-12)


def test_the_first_step_of_adam_is_the_published_one() -> None:
    """gbasran, Adam deep dive, concept 12: from 5 by a gradient of 10 to 4.9."""
    found = evaluate(quadratic("adam"))
    assert found.gradients["theta"] == 10
    assert found.updated is not None
    assert float(found.updated["theta"]) == pytest.approx(4.9000000001, rel=1e-14)
    assert found.history[1] == pytest.approx(24.010000000980003, rel=1e-14)


@pytest.mark.parametrize(
    ("optimizer", "rule"),
    [
        ("{adam: {beta1: 0.5, beta2: 0.8, eps: 0.1}}", adam(5.0, lambda w: 2 * w, 0.5, 0.8, 0.1)),
        ("{momentum: {mu: 0}}", sgd(5.0, lambda w: 2 * w)),
        ("{nesterov: {mu: 1/2}}", nesterov(5.0, lambda w: 2 * w, 0.5)),
        ("{rmsprop: {rho: 0.99}}", rmsprop(5.0, lambda w: 2 * w, 0.99)),
        ("{Ada-Grad: {eps: 1}}", adagrad(5.0, lambda w: 2 * w, 1.0)),
        ("gd", sgd(5.0, lambda w: 2 * w)),
    ],
)
def test_constants_of_the_spec_are_used(optimizer: str, rule: Iterator[float]) -> None:
    found = evaluate(quadratic(optimizer), steps=3)
    assert found.updated is not None
    assert float(found.updated["theta"]) == pytest.approx([next(rule) for _ in range(3)][-1], rel=1e-13)


def test_an_optimizer_of_python_has_its_usual_constants() -> None:
    found = evaluate(quadratic("{momentum: {mu: 0.1}}"), steps=2, optimizer="adam")
    assert found.training is not None
    assert (found.training.optimizer.name, found.training.constants) == ("adam", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8})


def test_what_is_frozen_does_not_move_with_momentum() -> None:
    text = "parameters: [a, b]\nequations:\n  f: a^2 + b^2 + a*b\ncost: single\nvalues: {a: 1, b: 2}\nfrozen: b\noptimizer: momentum\nlearning_rate: 0.1\n"
    found = evaluate(build_graph(read_spec(text)), steps=4)
    assert found.updated is not None
    assert float(found.updated["b"]) == 2
    a, v = 1.0, 0.0
    for _ in range(4):
        v = 0.9 * v + 2 * a + 2
        a -= 0.1 * v
    assert float(found.updated["a"]) == pytest.approx(a, rel=1e-14)


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ("adem", "there is no optimizer 'adem'; there are sgd, momentum, nesterov, adagrad, rmsprop, adam (did you mean adam?)"),
        ("{adam: {beta: 0.9}}", "adam has no constant 'beta'; it has beta1, beta2, eps (did you mean beta1 or beta2?)"),
        ("{sgd: {mu: 0.9}}", "sgd has no constant 'mu'"),
        ("{adam: {beta1: 1}}", "beta1 is 1, and beta1 < 1 is needed"),
        ("{momentum: {mu: -0.1}}", "mu is -0.1, and mu >= 0 is needed"),
        ("{adam: {eps: 0}}", "eps is 0, and eps > 0 is needed"),
        ("{adam: {eps: small}}", "'small' is no number"),
    ],
)
def test_a_wrong_optimizer_is_told_with_its_place(optimizer: str, message: str) -> None:
    with pytest.raises(BackpropError) as caught:
        build_graph(read_spec(f"{QUADRATIC}optimizer: {optimizer}\n", "net.yaml"))
    assert message in str(caught.value)
    assert str(caught.value).startswith("net.yaml:6:")


@pytest.mark.parametrize("row", OPTIMIZERS, ids=lambda row: row.name)
def test_a_row_says_everything_about_itself(row: Optimizer) -> None:
    assert row.sentence
    assert row.source
    assert find_optimizer(row.name.upper().replace("A", "-a")) is row
    assert all(Fraction(value) >= 0 for _, value in row.constants)
