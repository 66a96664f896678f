"""The closed form of one entry of an array: how it is written, and its value against `sympy.diff` of the cost written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sympy
from proving import derivation_of

from backprop_derive.errors import UsageError
from backprop_derive.graph.sympy_form import to_sympy
from backprop_derive.presentation.formulas import write

SAMPLES = 3
ALL: dict[str, tuple[int, ...]] = {"W1": (2, 3), "b1": (2,), "W2": (4, 2), "b2": (4,), "v": (3,), "x": (3,), "y": (4,), "t": (), "lambda": (), "w": ()}
Entry = Callable[..., Any]

DENSE = "inputs: 3\nlayers:\n  - dense: 2\n    activation: tanh\n  - dense: 4\nloss: half_squared_error\n"
SCORES = """
inputs: {x: 3}
parameters: [W1, W2]
sizes: {W1: [2, 3], W2: [4, 2]}
targets: {y: 4}
equations:
  a[j]: exp(sum(W1[j,k]*x[k], k))
  s[c]: sum(W2[c,j]*a[j], j)
  L: log(sum(exp(s[c]), c))*sum(y[c], c) - sum(y[c]*s[c], c)
"""
CURVE = "inputs: {x: 3}\nparameters: [v, w]\nsizes: {v: [3]}\ntargets: t\nequations:\n  p: w*sum(v[k]^2*x[k], k)\n  L: (p - t)^4\n"


def dense(of: Entry) -> Any:
    a = [sympy.tanh(sum(of("W1", j, k) * of("x", k) for k in (1, 2, 3)) + of("b1", j)) for j in (1, 2)]
    z = [sum(of("W2", c, j) * a[j - 1] for j in (1, 2)) + of("b2", c) for c in (1, 2, 3, 4)]
    return sum((of("y", c) - z[c - 1]) ** 2 for c in (1, 2, 3, 4)) / 2


def scores(of: Entry) -> Any:
    a = [sympy.exp(sum(of("W1", j, k) * of("x", k) for k in (1, 2, 3))) for j in (1, 2)]
    s = [sum(of("W2", c, j) * a[j - 1] for j in (1, 2)) for c in (1, 2, 3, 4)]
    return sympy.log(sum(sympy.exp(each) for each in s)) * sum(of("y", c) for c in (1, 2, 3, 4)) - sum(of("y", c) * s[c - 1] for c in (1, 2, 3, 4))


def curve(of: Entry) -> Any:
    return (of("w") * sum(of("v", k) ** 2 * of("x", k) for k in (1, 2, 3)) - of("t")) ** 4


def squares(of: Entry, *names: str) -> Any:
    """½ Σ w² over the entries of some parameters."""
    return sum(each**2 for name in names for each in entries(of, name)) / 2


def entries(of: Entry, name: str) -> list[Any]:
    found: list[tuple[int, ...]] = [()]
    for length in ALL[name]:
        found = [(*place, at) for place in found for at in range(1, length + 1)]
    return [of(name, *place) for place in found]


SIGNS = lambda of: sum(sympy.sqrt(each**2) for each in entries(of, "v")) / 4  # noqa: E731
ROWS: list[tuple[str, str, Callable[[Entry], Any], Callable[[Entry], Any], str]] = [
    ("dense", DENSE, dense, lambda _: 0, "mean"),
    ("dense, l2 of the weights", DENSE + "regularization: {l2: lambda}\n", dense, lambda of: of("lambda") * squares(of, "W1", "W2"), "mean"),
    ("dense, l2 of all, one sample", DENSE + "regularization: {l2: 0.3, of: all}\ncost: single\n", dense, lambda of: sympy.Rational(3, 10) * squares(of, "W1", "b1", "W2", "b2"), "single"),
    ("scores, summed", SCORES + "cost: sum\nregularization: {l2: lambda/m, of: [W2]}\n", scores, lambda of: of("lambda") / SAMPLES * squares(of, "W2"), "sum"),
    ("curve, l1", CURVE + "regularization: {l1: 1/4, of: [v]}\n", curve, SIGNS, "mean"),
]  # fmt: skip
PLACES = {"W1": (2, 1), "b1": (2,), "W2": (3, 2), "b2": (4,), "v": (2,)}


def number(name: str, place: tuple[int, ...], sample: int) -> Any:
    """A number for an entry, another one for each; of what is data also for each sample."""
    drawn = sum(17 * at * (7**digit) for digit, at in enumerate((*place, sample if name in ("x", "y", "t") else 0)))
    return sympy.Rational(1 + (drawn + sum(map(ord, name))) % 23, 20)


def value_of(found: Any) -> Any:
    """The number of an entry of a closed form: `x[i,2]` with a sample in front of its own places, where there are samples."""
    name, indices = (str(found.base), tuple(map(int, found.indices))) if isinstance(found, sympy.Indexed) else (str(found), ())
    sampled = len(indices) > len(ALL[name])
    return number(name, indices[sampled:], indices[0] if sampled else 1)


def as_number(found: Any) -> Any:
    """A closed form with the numbers put in, sample by sample."""
    found = found.subs(sympy.Symbol("m", integer=True, positive=True), SAMPLES).doit()
    leaves = found.atoms(sympy.Indexed) | {each for each in found.free_symbols if ALL.get(str(each)) == ()}
    return found.xreplace({leaf: value_of(leaf) for leaf in leaves}).evalf(40, chop=True)


@pytest.mark.parametrize(("spec", "loss", "penalty", "cost"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_it_is_the_derivative_of_the_cost_written_out(spec: str, loss: Callable[[Entry], Any], penalty: Callable[[Entry], Any], cost: str) -> None:
    derivation, numbers = derivation_of(spec), dict[Any, Any]()

    def of(sample: int) -> Entry:
        def entry(name: str, *place: int) -> Any:
            symbol = sympy.Symbol("_".join(map(str, (name, *place, *([sample] if name in ("x", "y", "t") else [])))), real=True)
            numbers[symbol] = number(name, place, sample)
            return symbol

        return entry

    samples = range(1, 2 if cost == "single" else SAMPLES + 1)
    whole = sum(loss(of(sample)) for sample in samples) / (SAMPLES if cost == "mean" else 1) + penalty(of(1))
    for parameter in (name for name in derivation.graph.parameters if name in PLACES):
        closed = derivation.closed(parameter, PLACES[parameter])
        expected = sympy.diff(whole, of(1)(parameter, *PLACES[parameter])).xreplace(numbers).evalf(40)
        assert abs(as_number(to_sympy(closed)) - expected) < sympy.Float("1e-30") * max(1, abs(expected))


Z1, Z2 = "W1[1,1]*x[1] + W1[1,2]*x[2] + b1[1]", "W1[2,1]*x[1] + W1[2,2]*x[2] + b1[2]"
SMALL = "inputs: 2\nlayers:\n  - dense: 2\n    activation: tanh\n  - dense: 1\nloss: half_squared_error\nregularization: {l2: lambda}\n"
P = f"W2[1,1]*tanh({Z1}) + W2[1,2]*tanh({Z2}) + b2 - y"


@pytest.mark.parametrize(
    ("spec", "name", "place", "text"),
    [
        (SMALL, "W1", (2, 1), f"1/m*sum(({P})*W2[1,2]*(1 - tanh({Z2})^2)*x[1], i) + lambda*W1[2,1]"),
        (SMALL, "W2", (1, 2), f"1/m*sum(({P})*tanh({Z2}), i) + lambda*W2[1,2]"),
        (SMALL, "b2", (1,), f"1/m*sum({P}, i)"),
        (SMALL, "x", (2,), f"1/m*({P})*(W2[1,1]*(1 - tanh({Z1})^2)*W1[1,2] + W2[1,2]*(1 - tanh({Z2})^2)*W1[2,2])"),
        (CURVE + "cost: single\n", "v", (2,), "8*(w*(v[1]^2*x[1] + v[2]^2*x[2] + v[3]^2*x[3]) - t)^3*w*v[2]*x[2]"),
        ("inputs: {x: n}\nparameters: [u]\nsizes: {u: [n]}\nequations:\n  L: sum(u[k]*x[k], k)^2\n", "u", (2,), "2/m*sum(x[2]*sum(u[k]*x[k], k), i)"),
    ],
)
def test_it_is_written_with_its_sums_written_out(spec: str, name: str, place: tuple[int, ...], text: str) -> None:
    derivation = derivation_of(spec)
    assert write(derivation, derivation.closed(name, place)) == text


def test_sums_stay_where_they_would_fill_pages() -> None:
    derivation = derivation_of("inputs: 100\nlayers:\n  - dense: 90\n    activation: tanh\n  - dense: 1\nloss: half_squared_error\ncost: single\n")
    found = "sum(W2[1,k]*tanh(sum(W1[k,l]*x[l], l) + b1[k]), k) + b2 - y"
    assert write(derivation, derivation.closed("b2", (1,))) == found
    assert write(derivation, derivation.closed("W1", (7, 2))) == f"({found})*W2[1,7]*(1 - tanh(sum(W1[7,k]*x[k], k) + b1[7])^2)*x[2]"


@pytest.mark.parametrize(("place", "said"), [((3, 1), "index j is 3, but it runs from 1 to 2"), ((1,), "W1 has 2 indices; 1 given")])
def test_a_place_that_is_not_there_is_refused(place: tuple[int, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        derivation_of(SMALL).closed("W1", place)
