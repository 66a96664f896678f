"""Random small networks: every form of every gradient against the forward pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from proving import Point, derivation_of, error, faults, step_faults

from backprop_derive.errors import EvaluationError, UsageError

TOLERANCE = 1e-9
Shape = tuple[str, ...]
Names = dict[str, Shape]

UNARY = ("tanh({})", "sigmoid({})", "f({})", "g({})", "sin({})", "{}^2", "exp(-{}^2)", "1/(1 + {}^2)", "log(2 + {}^2)", "softplus({})", "-{}", "({})^3/3")
BINARY = ("{} + {}", "{} - {}", "{}*{}", "{}*{} + 1", "{}/(2 + {}^2)", "2*{} - {}/3", "tanh({})*{}", "{}*({} - 1)")
FUNCTIONS = "functions:\n  f: abstract\n  g: abstract\n"


@st.composite
def scalar_networks(draw: st.DrawFn) -> str:
    """Scalars over scalars: shared nodes, skips, dead ends."""
    names = ["x1", "x2", "w1", "w2", "w3"]
    equations = []
    for place in range(draw(st.integers(2, 7))):
        template = draw(st.sampled_from(UNARY + BINARY + BINARY))
        recent = st.sampled_from(names[-3:] + names)
        equations.append(f"  n{place}: " + template.format(*(draw(recent) for _ in range(template.count("{}")))))
        names.append(f"n{place}")
    equations.append(f"  L: 1/2*({names[-1]} - y)^2" + draw(st.sampled_from(("", " + w1*n0", " + w3^2", f"*(1 + {names[-2]}^2)"))))
    cost = draw(st.sampled_from(("mean", "sum", "single")))
    return f"inputs: [x1, x2]\nparameters: [w1, w2, w3]\ntargets: y\n{FUNCTIONS}equations:\n" + "\n".join(equations) + f"\ncost: {cost}\n"


LETTERS = ("j", "k")


def at(name: str, shape: Shape, *letters: str) -> str:
    return f"{name}[{','.join(letters or LETTERS[: len(shape)])}]" if shape else name


def elementwise(draw: st.DrawFn, names: Names) -> tuple[Shape, str]:
    first = draw(st.sampled_from(sorted(names)))
    shape = names[first]
    same = sorted(name for name, other in names.items() if other in (shape, ()))
    template = draw(st.sampled_from(UNARY + BINARY))
    parts = [at(first, shape), *(at(name, names[name]) for name in (draw(st.sampled_from(same)) for _ in range(template.count("{}") - 1)))]
    return shape, template.format(*parts)


def product(draw: st.DrawFn, names: Names) -> tuple[Shape, str] | None:
    """A matrix times a vector, either way round."""
    pairs = [(m, v) for m, s in names.items() if len(s) == 2 for v, t in names.items() if len(t) == 1 and t[0] in s]
    if not pairs:
        return None
    matrix, vector = draw(st.sampled_from(sorted(pairs)))
    rows, columns = names[matrix]
    if names[vector] == (columns,):
        return (rows,), f"sum({matrix}[j,k]*{vector}[k], k)"
    return (columns,), f"sum({matrix}[k,j]*{vector}[k], k)"


def outer(draw: st.DrawFn, names: Names) -> tuple[Shape, str] | None:
    vectors = sorted(name for name, shape in names.items() if len(shape) == 1)
    first, second = draw(st.sampled_from(vectors)), draw(st.sampled_from(vectors))
    return names[first] + names[second], f"{first}[j]*{second}[k]"


def reduced(draw: st.DrawFn, names: Names) -> tuple[Shape, str] | None:
    arrays = sorted(name for name, shape in names.items() if shape)
    name = draw(st.sampled_from(arrays))
    if len(names[name]) == 1:
        return (), draw(st.sampled_from((f"sum({name}[k]^2, k)", f"1/n*sum({name}[j], j)", f"logsumexp({name}[k], k)", f"max({name}[k], k)", f"{name}[2]")))
    row, column = names[name]
    return draw(st.sampled_from((((row,), f"sum({name}[j,k], k)"), ((column,), f"sum({name}[k,j]^2, k)"), ((column,), f"{name}[1,j]"))))


def normalised(draw: st.DrawFn, names: Names) -> tuple[Shape, str] | None:
    arrays = sorted(name for name, shape in names.items() if shape)
    name = draw(st.sampled_from(arrays))
    if len(names[name]) == 1:
        return names[name], draw(st.sampled_from((f"softmax({name}[j], j)", f"exp({name}[j])/sum(exp({name}[k]), k)", f"{name}[j] - 1/n*sum({name}[k], k)")))
    return names[name], f"softmax({name}[j,k], {draw(st.sampled_from(LETTERS))})"


def conditioned(draw: st.DrawFn, names: Names) -> tuple[Shape, str] | None:
    arrays = sorted(name for name, shape in names.items() if shape)
    name = draw(st.sampled_from(arrays))
    shape = names[name]
    if len(shape) == 1:
        return shape, draw(st.sampled_from((f"where(j = 1, {name}[j], 2*{name}[1])", f"where(j >= 2, {name}[j - 1], 0)*{name}[j]", f"sum({name}[k], k, 1, j)")))
    if shape[0] == shape[1]:
        choice = draw(st.sampled_from((f"where(j <= k, {name}[j,k], 0)", f"{name}[k,j]*{name}[j,k]", f"where(j = k, {name}[j,j], {name}[k,j]^2)")))
        return draw(st.sampled_from(((shape, choice), (shape[:1], f"{name}[j,j]^3"))))
    return shape, f"where(j = 2, {name}[j,k], 0)"


MAKERS: tuple[Callable[[st.DrawFn, Names], tuple[Shape, str] | None], ...] = (
    elementwise, elementwise, product, product, outer, reduced, normalised, conditioned,
)  # fmt: skip


@st.composite
def array_networks(draw: st.DrawFn) -> str:
    """Arrays over arrays of unequal sizes; everything that nothing reads goes into the loss."""
    names: Names = {"x": ("n",), "u": ("h",), "W": ("h", "n"), "A": ("n", "n"), "b": ("h",), "s": ()}
    equations: list[str] = []
    for place in range(draw(st.integers(2, 6))):
        made = draw(st.sampled_from(MAKERS))(draw, names)
        if made is None:
            continue
        shape, formula = made
        equations.append(f"  {at(f'n{place}', shape)}: {formula}")
        names[f"n{place}"] = shape
    ends = [name for name in names if name.startswith("n") and not any(f"{name}[" in each.split(":", 1)[1] or each.endswith(name) for each in equations)]
    terms = [squared(name, names[name]) for name in ends] or ["s^2"]
    sizes = ", ".join(f"{name}: [{', '.join(names[name])}]" for name in names if name.startswith("n") and names[name])
    front = "inputs: {x: n, u: h}\nparameters: [W, A, b, s]\n" + FUNCTIONS
    shapes = "sizes: {W: [h, n], A: [n, n], b: [h]" + (f", {sizes}" if sizes else "") + "}\n"
    cost = draw(st.sampled_from(("mean", "single")))
    return front + shapes + "equations:\n" + "\n".join([*equations, f"  L: {' + '.join(terms)}"]) + f"\ncost: {cost}\n"


def squared(name: str, shape: Shape) -> str:
    body = f"{at(name, shape)}^2"
    for letter in reversed(LETTERS[: len(shape)]):
        body = f"sum({body}, {letter})"
    return f"1/2*{body}"


def all_faults(point: Point) -> list[str]:
    found = faults(point, tolerance=TOLERANCE) + step_faults(point, tolerance=TOLERANCE)
    for name in point.graph.parameters:
        node, expected = point.graph.node(name), point.reference(name)
        element = point.derivation.element(name, (1,) * len(node.axes))
        whole = point.whole.node(point.graph.cost.name if point.graph.samples else point.graph.cost.loss)
        if not error(point.at(element.gradient, whole), expected[(0,) * len(node.axes)]) < TOLERANCE:
            found.append(f"{name}: one entry")
        try:
            closed = point.derivation.closed(name)
        except UsageError:
            continue
        if not error(point.at(closed, node), expected) < TOLERANCE:
            found.append(f"{name}: closed form")
    return found


@pytest.mark.parametrize("networks", [scalar_networks(), array_networks()], ids=["scalars", "arrays"])
def test_every_form_of_a_random_network_equals_the_forward_pass(networks: st.SearchStrategy[str]) -> None:
    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(networks)
    def holds(spec: str) -> None:
        try:
            point = Point(derivation_of(spec))
        except EvaluationError:
            reject()  # no values at which everything is finite
        assert all_faults(point) == [], spec

    holds()
