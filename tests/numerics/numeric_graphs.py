"""Small graphs, written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_derive.graph.expressions import Apply, Bound, Bracket, Expression, Fold, Ref, add, mul, neg
from backprop_derive.graph.indices import Affine, Axis, at_least, number, size, variable
from backprop_derive.graph.nodes import Cost, Graph, Node, Piece
from backprop_derive.numerics.evaluation import node_values

COST = Cost("C", "C", "single")


def form(of: str | int | Affine) -> Affine:
    """`"k"` is the index k, 2 the number 2."""
    if isinstance(of, Affine):
        return of
    return number(of) if isinstance(of, int) else variable(of)


def to(end: str | int | Affine, low: int = 1) -> Axis:
    """The axis low..end; `"n"` is the size n."""
    return Axis(number(low), size(end) if isinstance(end, str) else form(end))


def ref(name: str, *indices: str | int | Affine) -> Ref:
    return Ref(name, tuple(form(index) for index in indices))


def total(letter: str, axis: Axis, body: Expression, kind: str = "sum", at: Affine | None = None) -> Fold:
    return Fold(kind, Bound(letter, axis), body, at)


def within(place: Affine, axis: Axis) -> tuple[Bracket, Bracket]:
    """`[low <= place][place <= high]`."""
    return Bracket(at_least(place, axis.low)), Bracket(at_least(axis.high, place))


def leaf(name: str, *axes: Axis) -> Node:
    return Node(name, tuple("pqrs"[: len(axes)]), axes, role="parameter")


def node(name: str, definition: Expression, **axes: Axis) -> Node:
    """A node with one piece, over the given letters."""
    letters = tuple(axes)
    return Node(name, letters, tuple(axes.values()), (Piece(tuple(variable(each) for each in letters), tuple(axes.items()), definition),))


def graph(*nodes: Node, **options: object) -> Graph:
    return Graph(nodes, COST, **options)  # type: ignore[arg-type]


def dense(samples: Axis | None = None) -> Graph:
    """Two layers and half the squared error, over samples or not."""
    first = ("i",) if samples else ()
    front = {"i": samples} if samples else {}
    z1 = add(total("k", to("n"), mul(ref("W1", "j", "k"), ref("x", *first, "k"))), ref("b1", "j"))
    z2 = add(total("j", to("h"), mul(ref("W2", "c", "j"), ref("a1", *first, "j"))), ref("b2", "c"))
    error = add(ref("y", *first, "c"), neg(ref("z2", *first, "c")))
    loss: Expression = total("c", to("q"), mul(error, error))
    loss = total("i", samples, loss) if samples else loss
    return graph(
        leaf("x", *front.values(), to("n")), leaf("y", *front.values(), to("q")),
        leaf("W1", to("h"), to("n")), leaf("b1", to("h")), leaf("W2", to("q"), to("h")), leaf("b2", to("q")),
        node("z1", z1, **front, j=to("h")),
        node("a1", Apply("tanh", (ref("z1", *first, "j"),)), **front, j=to("h")),
        node("z2", z2, **front, c=to("q")),
        node("C", loss),
    )  # fmt: skip


def recurrent(*, reverse: bool = False, h0: bool = True) -> Graph:
    """`h[t] = tanh(U h[t-1] + W x[t])` for t = 1..T, `h[0,j] = h0[j]`; the loss sums h[T]."""
    t = variable("t")
    drive = total("k", to("d"), mul(ref("U", "j", "k"), ref("h", t - 1, "k")))
    state = Node("h", ("t", "j"), (to("T", 0), to("d")), (
        Piece((t, form("j")), (("t", to("T")), ("j", to("d"))), Apply("tanh", (ref("s", "t", "j"),))),
        *([Piece((number(0), form("j")), (("j", to("d")),), ref("h0", "j"))] if h0 else []),
    ))  # fmt: skip
    nodes = [node("s", add(drive, mul(ref("w", "j"), ref("x", "t"))), t=to("T"), j=to("d")), state]
    leaves = [leaf("x", to("T")), leaf("U", to("d"), to("d")), leaf("w", to("d")), leaf("h0", to("d"))]
    last = node("C", total("j", to("d"), ref("h", size("T"), "j")))
    return graph(last, *leaves, *(reversed(nodes) if reverse else nodes), smallest={"T": 0})


def of(definition: Expression, values: dict[str, Any] | None = None, sizes: dict[str, int] | None = None, **axes: Any) -> Any:
    """A definition over leaves whose axes are 1..length, evaluated."""
    values = values or {}
    leaves = [leaf(name, *(to(length) for length in np.shape(value))) for name, value in values.items()]
    return node_values(graph(*leaves, node("out", definition, **axes)), values, sizes or {})["out"]
