"""Each kind of layer: its forward pass against the same in plain NumPy, all its gradients against the forward pass."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest
from proving import Point, derivation_of, error, faults, graph_of, step_faults, writer_of

from backprop_derive.answers.verifying import verify_answers
from backprop_derive.errors import SpecError
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.presenting import present

Values = Mapping[str, Any]


def over_samples(layer: Callable[..., Any]) -> Callable[[Values], Any]:
    """The layer of each sample's x."""
    return lambda values: np.array([layer(values, x) for x in values["x"]])


def layer_norm(values: Values, x: Any, layer: str = "1") -> Any:
    centred = x - x.mean(axis=-1, keepdims=True)
    return values["gamma" + layer] * centred / np.sqrt(x.var(axis=-1, keepdims=True) + values["eps"]) + values["beta" + layer]


def batch_norm(values: Values, over: Any = 0) -> Any:
    x = values["x"]
    return values["gamma1"] * (x - x.mean(axis=over)) / np.sqrt(x.var(axis=over) + values["eps"]) + values["beta1"]


def group_norm(x: Any, gamma: Any, beta: Any, eps: Any, groups: int) -> Any:
    """Of one sample, the groups along its first axis."""
    parts = x.reshape(groups, -1)
    normal = (parts - parts.mean(axis=1, keepdims=True)) / np.sqrt(parts.var(axis=1, keepdims=True) + eps)
    spread = (-1, *(1 for _ in x.shape[1:]))
    return gamma.reshape(spread) * normal.reshape(x.shape) + beta.reshape(spread)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def rnn(values: Values, x: Any, layer: str = "1", start: Any = None, f: Callable[[Any], Any] = np.tanh) -> Any:
    h = np.zeros(len(values["U" + layer])) if start is None else start
    found = []
    for row in x:
        h = f(values["W" + layer] @ row + values["U" + layer] @ h + values.get("b" + layer, 0))
        found.append(h)
    return np.array(found)


def lstm(values: Values, x: Any, layer: str = "1", start: tuple[Any, Any] | None = None) -> Any:
    units = len(values[f"U{layer}_i"])
    h, c = (np.zeros(units), np.zeros(units)) if start is None else start
    found = []
    for row in x:
        i, f, o, g = (values[f"W{layer}_{gate}"] @ row + values[f"U{layer}_{gate}"] @ h + values.get(f"b{layer}_{gate}", 0) for gate in "ifog")
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        found.append(h)
    return np.array(found)


def gru(values: Values, x: Any, layer: str = "1") -> Any:
    h, found = np.zeros(len(values[f"U{layer}_u"])), []
    for row in x:
        u, r = (sigmoid(values[f"W{layer}_{gate}"] @ row + values[f"U{layer}_{gate}"] @ h + values[f"b{layer}_{gate}"]) for gate in "ur")
        candidate = np.tanh(values[f"W{layer}_h"] @ row + values[f"U{layer}_h"] @ (r * h) + values[f"b{layer}_h"])
        h = u * h + (1 - u) * candidate
        found.append(h)
    return np.array(found)


def attention(values: Values, x: Any, keys: Any = None, heads: int = 1, causal: bool = False, layer: str = "1") -> Any:
    """Each head by matrices (Vaswani et al. 2017, equation 1); several are joined by the output matrix."""
    found = []
    for head in range(heads):
        to_queries, to_keys, to_values = (values[f"W{layer}_{name}"] if heads == 1 else values[f"W{layer}_{name}"][head] for name in "QKV")
        queries, kept = x @ to_queries.T, (x if keys is None else keys)
        scores = queries @ (kept @ to_keys.T).T / np.sqrt(queries.shape[1])
        scores = np.where(np.tri(*scores.shape) > 0, scores, -np.inf) if causal else scores
        weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        found.append(weights @ (kept @ to_values.T))
    if heads == 1:
        return found[0] @ values[f"W{layer}_O"].T if f"W{layer}_O" in values else found[0]
    return np.einsum("htc,jhc->tj", np.array(found), values[f"W{layer}_O"])


def with_start(layer: Callable[..., Any], start: str = "") -> Callable[[Values], Any]:
    """The states of each sample, behind the one that they start from: 0, or the value of that name."""

    def states(values: Values) -> Any:
        found = over_samples(layer)(values)
        first = np.zeros(found.shape[2]) if not start else values[start]
        return np.concatenate([np.broadcast_to(first, (len(found), 1, found.shape[2])), found], axis=1)

    return states


SMALL = "sizes: {T: 2, n: 1, h: 2}\n"  # symbols, with numbers that make little work

KINDS: dict[str, tuple[str, str, Callable[[Values], Any]]] = {
    "layer_norm": ("inputs: {x: n}\nlayers:\n  - layer_norm\n", "n1", over_samples(layer_norm)),
    "layer_norm of a sequence": ("inputs: {x: [T, n]}\nlayers:\n  - layer_norm\n", "n1", over_samples(layer_norm)),
    "rms_norm": ("inputs: {x: n}\nlayers:\n  - rms_norm\n", "n1", over_samples(lambda values, x: values["gamma1"] * x / np.sqrt((x**2).mean() + values["eps"]))),
    "batch_norm": ("inputs: {x: n}\nlayers:\n  - batch_norm\n", "n1", batch_norm),
    "group_norm": ("inputs: 6\nlayers:\n  - group_norm: 2\n", "n1", over_samples(lambda values, x: group_norm(x, values["gamma1"], values["beta1"], values["eps"], 2))),
    "group_norm of a sequence": ("inputs: {x: [T, 6]}\nlayers:\n  - group_norm: 3\n", "n1", over_samples(lambda values, x: np.array([group_norm(each, values["gamma1"], values["beta1"], values["eps"], 3) for each in x]))),
    "group_norm of channels": (
        "inputs: {x: [5]}\nlayers:\n  - conv1d: 4\n  - group_norm: 2\n  - flatten\n", "n2",
        lambda values: np.array([group_norm(z, values["gamma2"], values["beta2"], values["eps"], 2) for z in values["z1"]]),
    ),
    "batch_norm of a sequence": ("inputs: {x: [T, n]}\nlayers:\n  - batch_norm\n", "n1", lambda values: batch_norm(values, (0, 1))),
    "batch_norm of the last step": (
        "inputs: {x: [T, 2]}\nlayers:\n  - rnn: 3\n    gives: last\n  - batch_norm\n  - dropout: 0.5\n  - dense: 2\n", "n2",
        lambda values: batch_norm({"x": values["h1"][:, -1], "gamma1": values["gamma2"], "beta1": values["beta2"], "eps": values["eps"]}),
    ),
    "group_norm of the last step": (
        "inputs: {x: [T, 2]}\nlayers:\n  - rnn: 4\n    gives: last\n  - group_norm: 2\n  - dense: 1\n", "n2",
        lambda values: np.array([group_norm(h[-1], values["gamma2"], values["beta2"], values["eps"], 2) for h in values["h1"]]),
    ),
    "batch_norm of channels": ("inputs: {x: [7]}\nlayers:\n  - conv1d: 2\n  - batch_norm\n  - flatten\n", "n2", lambda values: np.moveaxis(batch_norm({"x": np.moveaxis(values["z1"], 1, -1), "gamma1": values["gamma2"], "beta1": values["beta2"], "eps": values["eps"]}, (0, 1)), -1, 1)),
    "batch_norm of scalars": ("inputs: [u, v]\nlayers:\n  - batch_norm\n", "n1", lambda values: batch_norm({**values, "x": np.stack([values["u"], values["v"]], axis=1)})),
    "dropout": ("inputs: {x: n}\nlayers:\n  - dropout: 0.2\n  - dense: 1\n", "d0", lambda values: values["mask0"] * values["x"] / 0.8),
    "dropout of channels": ("inputs: {x: [2, 4]}\nlayers:\n  - conv1d: 3\n    kernel: 2\n  - dropout: 0.5\n  - flatten\n", "d1", lambda values: values["mask1"] * values["z1"] * 2),
    "dropout by a constant": ("inputs: {x: [T, n]}\nlayers:\n  - dropout: p\n  - dense: 1\n", "d0", lambda values: values["mask0"] * values["x"] / (1 - values["p"])),
    "glu": (
        "inputs: {x: n}\nlayers:\n  - glu: h\n", "o1",
        over_samples(lambda values, x: (values["W1"] @ x + values["b1"]) * sigmoid(values["V1"] @ x + values["c1"])),
    ),
    "swiglu without biases": (
        "inputs: {x: [T, n]}\nlayers:\n  - swiglu: h\n    bias: false\n    name: gate\n", "gate",
        over_samples(lambda values, x: (x @ values["W_gate"].T) * sigmoid(x @ values["W_gate"].T) * (x @ values["V_gate"].T)),
    ),
    "dense on a sequence": (
        "inputs: {x: [T, 3]}\nlayers:\n  - dense: h\n    activation: tanh\n", "a1",
        over_samples(lambda values, x: np.tanh(x @ values["W1"].T + values["b1"])),
    ),
    "softmax at each step": (
        "inputs: {x: [T, 3]}\nlayers:\n  - softmax\n  - dense: h\n", "a0",
        over_samples(lambda _, x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)),
    ),
    "joined sequences": (
        "inputs: {x: [T, 3], u: [T, 2]}\nlayers:\n  - dense: h\n", "z1",
        lambda values: np.concatenate([values["x"], values["u"]], axis=-1) @ values["W1"].T + values["b1"],
    ),
    "rnn": ("inputs: {x: [T, n]}\nlayers:\n  - rnn: h\n", "h1", with_start(rnn)),
    "rnn of one step": ("inputs: {x: [1, 3]}\nlayers:\n  - rnn: 2\n    start: s\n", "h1", over_samples(lambda values, x: rnn(values, x, start=values["s"]))),
    "rnn of four steps": ("inputs: {x: [4, 3]}\nlayers:\n  - rnn: 2\n    activation: {leaky_relu: {slope: 0.2}}\n", "h1", with_start(partial(rnn, f=lambda z: np.maximum(z, 0.2 * z)))),
    "linear rnn with names": (
        "inputs: {x: [T, n]}\nlayers:\n  - rnn: h\n    activation: identity\n    weights: W\n    recurrent: U\n    bias: false\n    start: s\nconstants: {s: [h]}\n", "h1",
        with_start(lambda values, x: rnn({"W1": values["W"], "U1": values["U"]}, x, start=values["s"], f=lambda z: z), "s"),
    ),
    "rnn from what it learns": ("inputs: {x: [T, n]}\nlayers:\n  - rnn: h\n    start: s\n", "h1", with_start(lambda values, x: rnn(values, x, start=values["s"]), "s")),
    "last state": ("inputs: {x: [T, n]}\nlayers:\n  - rnn: h\n    gives: last\n", "last1", over_samples(lambda values, x: rnn(values, x)[-1])),
    "last state by name": (SMALL + "inputs: {x: [T, n]}\nlayers:\n  - rnn: h\n    gives: last\n    name: enc\n", "enc", over_samples(lambda values, x: rnn(values, x, "_enc")[-1])),
    "two rnn": ("sizes: {T: 3, n: 1, h: 2, d: 3}\ninputs: {x: [T, n]}\nlayers:\n  - rnn: h\n  - rnn: d\n", "h2", with_start(lambda values, x: rnn(values, rnn(values, x), "2"))),
    "lstm": (SMALL + "inputs: {x: [T, n]}\nlayers:\n  - lstm: h\n", "h1", with_start(lstm)),
    "lstm of one step without biases": ("inputs: {x: [1, 3]}\nlayers:\n  - lstm: 2\n    bias: false\n", "h1", over_samples(lstm)),
    "lstm from a state": (
        "inputs: {x: [2, 1]}\nconstants: {u: [2]}\nlayers:\n  - lstm: 2\n    bias: false\n    start: [h0, u]\n", "h1",
        with_start(lambda values, x: lstm(values, x, start=(values["h0"], values["u"])), "h0"),
    ),
    "gru": (SMALL + "inputs: {x: [T, n]}\nlayers:\n  - gru: h\n", "h1", with_start(gru)),
    "attention": (SMALL + "inputs: {x: [T, n]}\nlayers:\n  - attention: h\n", "O1", over_samples(attention)),
    "causal attention": ("inputs: {x: [3, 2]}\nlayers:\n  - attention: 2\n    causal: true\n", "O1", over_samples(partial(attention, causal=True))),
    "causal attention at one step": ("inputs: {x: [1, 2]}\nlayers:\n  - attention: 3\n    causal: true\n", "O1", over_samples(partial(attention, causal=True))),
    "attention in two heads": (
        "sizes: {T: 2, n: 1, d: 2}\ninputs: {x: [T, n]}\nlayers:\n  - attention: 2*d\n    heads: 2\n    causal: true\n    output: 3\n", "Y1",
        over_samples(partial(attention, heads=2, causal=True)),
    ),
    "attention to another sequence": (
        "inputs: {x: [2, 3], u: [3, 2]}\nlayers:\n  - attention: 2\n    input: x\n    keys: u\n    output: true\n    name: o\n", "o",
        lambda values: np.array([attention(values, x, u, layer="_o") for x, u in zip(values["x"], values["u"], strict=True)]),
    ),
    "letters that are names": (
        "sizes: {s: 2, k: 1, j: 2}\ninputs: {t: [s, k]}\nconstants: {h: [j]}\nlayers:\n  - rnn: j\n    start: h\n  - attention: 2\n    heads: 2\n    causal: true\n", "Y2",
        lambda values: np.array([attention(values, rnn(values, t, start=values["h"]), heads=2, causal=True, layer="2") for t in values["t"]]),
    ),
    "rnn, then attention": (
        "sizes: {T: 2, n: 1, h: 2, d: 3}\ninputs: {x: [T, n]}\nlayers:\n  - rnn: h\n  - attention: d\n", "O2",
        over_samples(lambda values, x: attention(values, rnn(values, x), layer="2")),
    ),
    "embedding": ("inputs: {x: [T, V]}\nlayers:\n  - embedding: d\n", "e1", over_samples(lambda values, x: x @ values["E1"])),
    "embedding of one word": ("inputs: {x: V}\nlayers:\n  - embedding: d\n", "e1", over_samples(lambda values, x: values["E1"][x.argmax()])),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_of_layer(name: str) -> None:
    spec, output, by_hand = KINDS[name]
    derivation = derivation_of(spec + "loss: half_squared_error\n")
    point = Point(derivation)
    assert error(point.forward[output], by_hand(point.forward)) < 1e-13
    assert faults(point) == []
    assert step_faults(point) == []
    assert check_gradients(derivation, seeds=(0,)).passed


SEQUENCE = "inputs: {x: [T, n]}\nlayers:\n  - dense: 2\n"


@pytest.mark.parametrize(
    ("loss", "by_hand"),
    [
        ("half_squared_error", lambda z, y: ((z - y) ** 2).sum() / 2),
        ("mse", lambda z, y: ((z - y) ** 2).mean()),
        ("softmax_cross_entropy", lambda z, y: sum(np.log(np.exp(s).sum()) - t @ s for s, t in zip(z, y, strict=True))),
        ("0.5*squared_error(z1, y)", lambda z, y: ((z - y) ** 2).sum() / 2),
    ],
)
def test_the_loss_of_a_sequence_is_summed_over_its_steps(loss: str, by_hand: Callable[..., float]) -> None:
    point = Point(derivation_of(f"{SEQUENCE}loss: {loss}\ntargets: {{y: [T, 2]}}\n"))
    found = [by_hand(z, y) for z, y in zip(point.forward["z1"], point.forward["y"], strict=True)]
    assert error(point.forward["L"], found) < 1e-13
    assert faults(point) == []


def test_the_index_of_the_samples_is_written_where_they_are_coupled() -> None:
    derivation = derivation_of("inputs: {x: n}\nlayers:\n  - batch_norm\nloss: half_squared_error\n")
    writer = writer_of(derivation)
    assert writer.write(derivation.graph.node("mu1").pieces[0].definition) == "1/m*sum(x[i,j], i)"
    assert writer.write(derivation.deltas["mu1"].value) == "-r1[j]*sum(bar_xhat1[i,j], i)"


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("  - batch_norm\ncost: single\n", "batch_norm takes means over samples, and there is a single one: write `cost: mean` or `cost: sum`, or take layer_norm"),
        ("  - group_norm\n", "group_norm takes the number of groups: `- group_norm: 2`"),
        ("  - dense: 5\n  - group_norm: 2\n", "5 entries cannot be divided into 2 groups of one size"),
        ("  - group_norm: 2\n", "n entries cannot be divided into 2 groups of one size"),
        ("  - dropout: 1\n", "dropout takes a share from 0 and below 1, `- dropout: 0.5`, or the name of a constant, not 1"),
        ("  - dropout\n", "dropout takes a share from 0 and below 1, `- dropout: 0.5`, or the name of a constant"),
        ("  - rnn: 2\n", "rnn reads a sequence of vectors, x[t,k], such as `inputs: {x: [T, n]}`, and not x (n)"),
        ("  - attention: 2\n", "attention reads a sequence of vectors, x[t,k], such as `inputs: {x: [T, n]}`, and not x (n)"),
        ("  - glu\n", "glu takes a number of units: `- glu: 2`"),
        ("  - glu: 2\n    bias: b\n", "bias of glu is true or false"),
        ("  - layer_norm:\n    eps: 0\n", "eps is a number above 0"),
        ("  - layer_norm:\n    eps: x\n", "'x' is a name of the spec already, and no constant: give the layer another, `eps: eps_n`"),
    ],
)
def test_what_a_layer_cannot_take(layers: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        graph_of(f"inputs: {{x: n}}\nlayers:\n{layers}loss: mse\n")
    assert [problem.message for problem in caught.value.problems] == [message]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("  - rnn\n", "rnn takes a number of units: `- rnn: 2`"),
        ("  - rnn: 2\n    gives: first\n", "gives: takes `all`, the states of all steps, or `last`, that of the last step"),
        ("  - rnn: 2\n    start: 1\n", "start: of rnn takes 0, or a name, and not 1: numbers stand under `values:`"),
        ("  - rnn: 2\n    start: x\n", "start: of rnn takes a vector of 2, one for each unit, and not x (T × n)"),
        ("  - rnn: 2\n    activation: softmax\n", "softmax inside of rnn: not yet (planned, not built)"),
        ("  - lstm: 2\n    start: h0\n", "start: of lstm takes a list of 2, for h and c: 0, or a name each, `start: [h0, c0]`"),
        ("  - lstm: 2\n    bias: b\n", "bias of lstm is true or false"),
        ("  - gru: 2\n    gives: last\n  - gru: 3\n", "gru reads a sequence of vectors, x[t,k], such as `inputs: {x: [T, n]}`, and not h1 (2)"),
        ("  - attention: 4\n    heads: 3\n", "heads: 3 needs a size that it divides, such as 3*d, and not 4"),
        ("  - attention: d\n    heads: 2\n", "heads: 2 needs a size that it divides, such as 2*d, and not d"),
        ("  - attention: 4\n    heads: 2\n    output: false\n", "several heads are joined by the output matrix: leave out `output: false`"),
        ("  - attention: 4\n    causal: yes\n", "causal of attention is true or false"),
        ("  - attention: 4\n    keys: u\n", "'u' is neither an input nor a layer above: x"),
    ],
)
def test_what_a_layer_over_sequences_cannot_take(layers: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        graph_of(f"inputs: {{x: [T, n]}}\nlayers:\n{layers}loss: mse\n")
    assert [problem.message for problem in caught.value.problems] == [message]


def test_letters_of_steps_and_heads_step_aside_for_names_of_the_spec() -> None:
    graph = graph_of("inputs: {t: [s, k]}\nconstants: {h: [j]}\nlayers:\n  - rnn: j\n    start: h\n  - attention: 2\n    heads: 2\n    causal: true\nloss: mse\ncost: single\n")
    letters = {name: "".join(graph.node(name).letters) for name in ("z1", "h1", "K2", "S2", "Y2")}
    assert letters == {"z1": "uj", "h1": "uj", "K2": "ivj", "S2": "iuv", "Y2": "uj"}


GOLDEN = {
    "rnn": (
        "inputs: {x: [T, n]}\nlayers:\n  - rnn: h\n    gives: last\n  - dense: 2\nloss: half_squared_error\n",
        {
            "U1": "1/m*sum(sum(delta1[t,j]*h1[t - 1,k], t), i)",
            "W1": "1/m*sum(sum(delta1[t,j]*x[t,k], t), i)",
            "b1": "1/m*sum(sum(delta1[t,j], t), i)",
            "z1": "(1 - h1[t,j]^2)*(where(t < T, sum(delta1[t + 1,k]*U1[k,j], k), 0) + where(t = T, sum(delta2[k]*W2[k,j], k), 0))",
        },
    ),
    "lstm": (
        "inputs: {x: [T, n]}\nlayers:\n  - lstm: h\nloss: half_squared_error\ncost: single\n",
        {
            "U1_f": "sum(delta1_f[t,j]*h1[t - 1,k], t)",
            "z1_f": "bar_c1[t,j]*c1[t - 1,j]*f1[t,j]*(1 - f1[t,j])",
            "z1_i": "bar_c1[t,j]*g1[t,j]*i1[t,j]*(1 - i1[t,j])",
            "z1_o": "bar_h1[t,j]*tanh(c1[t,j])*o1[t,j]*(1 - o1[t,j])",
            "z1_g": "bar_c1[t,j]*i1[t,j]*(1 - g1[t,j]^2)",
            "c1": "where(t < T, bar_c1[t + 1,j]*f1[t + 1,j], 0) + where(1 <= t, bar_h1[t,j]*o1[t,j]*(1 - tanh(c1[t,j])^2), 0)",
        },
    ),
    "gru": (
        "inputs: {x: [T, n]}\nlayers:\n  - gru: h\nloss: half_squared_error\ncost: single\n",
        {
            "z1_u": "bar_h1[t,j]*(h1[t - 1,j] - htilde1[t,j])*u1[t,j]*(1 - u1[t,j])",
            "z1_h": "bar_h1[t,j]*(1 - u1[t,j])*(1 - htilde1[t,j]^2)",
            "U1_h": "sum(delta1_h[t,j]*r1[t,k]*h1[t - 1,k], t)",
        },
    ),
    "attention": (
        "inputs: {x: [T, n]}\nlayers:\n  - attention: d\n    causal: true\nloss: half_squared_error\ncost: single\n",
        {
            "S1": "A1[t,s]*(sum(bar_O1[t,j]*V1[s,j], j) - sum(A1[t,u]*sum(bar_O1[t,j]*V1[u,j], j), u))",
            "V1": "sum(bar_O1[t,j]*A1[t,s], t)",
            "Q1": "1/sqrt(d)*sum(delta_S1[t,s]*K1[s,j], s)",
            "K1": "1/sqrt(d)*sum(delta_S1[t,s]*Q1[t,j], t)",
        },
    ),
    "embedding": ("inputs: {x: [T, V]}\nlayers:\n  - embedding: d\n  - dense: 1\nloss: half_squared_error\ncost: single\n", {"E1": "W2[1,j]*sum((z2[t,1] - y[t,1])*x[t,v], t)"}),
}


@pytest.mark.parametrize("kind", GOLDEN)
def test_what_is_printed_of_sequences(kind: str) -> None:
    spec, expected = GOLDEN[kind]
    derivation = derivation_of(spec)
    writer = writer_of(derivation)
    assert {name: writer.write(derivation.deltas[name].value if name in derivation.deltas else derivation.gradient(name).gradient) for name in expected} == expected


@pytest.mark.parametrize("answer", [r"\sum_{k=1}^{2d} {\bar{Y^{(1)}}}_{tk}\,W_{O,khj}^{(1)}", "sum(bar_Y1[t,k]*W1_O[k,h,j], k, 1, 2*d)"])
def test_a_sum_to_a_multiple_of_a_size_is_read_back(answer: str) -> None:
    graph = graph_of("inputs: {x: [T, n]}\nlayers:\n  - attention: 2*d\n    heads: 2\nloss: half_squared_error\ncost: single\n")
    assert verify_answers(graph, {"bar_O1": answer})[0].verdict.outcome == "equal"


def test_one_constant_serves_all_layers_that_leave_it_as_it_is() -> None:
    graph = derivation_of("inputs: {x: n}\nlayers:\n  - layer_norm\n  - layer_norm:\n    eps: 1e-3\n  - layer_norm:\n    eps: small\n  - layer_norm\nloss: mse\nvalues: {small: 0.5}\n").graph
    assert [node.name for node in graph.nodes if node.role == "constant"] == ["eps", "eps2", "small"]
    assert {given.name: float(given.value) for given in graph.numbers.values} == {"small": 0.5, "eps": 1e-5, "eps2": 1e-3}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("layers", "node", "expected"),
    [
        ("  - dense: h\n  - layer_norm\n", "z1", "r2*(bar_xhat2[j] - 1/h*sum(bar_xhat2[k], k) - 1/h*xhat2[j]*sum(bar_xhat2[k]*xhat2[k], k))"),
        ("  - dense: h\n    activation: tanh\n  - layer_norm\n", "z1", "r2*(bar_xhat2[j] - 1/h*sum(bar_xhat2[k], k) - 1/h*xhat2[j]*sum(bar_xhat2[k]*xhat2[k], k))*(1 - a1[j]^2)"),
        ("  - dense: h\n  - batch_norm\n", "z1", "r2[j]*(bar_xhat2[i,j] - 1/m*sum(bar_xhat2[k,j], k) - 1/m*xhat2[i,j]*sum(bar_xhat2[k,j]*xhat2[k,j], k))"),
        ("  - conv1d: 2\n    kernel: 2\n  - batch_norm\n  - flatten\n", "z1", "r2[f]*(bar_xhat2[i,f,p] - 1/(m*(n - 1))*sum(sum(bar_xhat2[j,f,q], q), j) - 1/(m*(n - 1))*xhat2[i,f,p]*sum(sum(bar_xhat2[j,f,q]*xhat2[j,f,q], q), j))"),
        ("  - dense: h\n  - batch_norm\n", "var2", "-1/2*bar_r2[j]*r2[j]^3"),
        ("  - dense: h\n  - rms_norm\n", "z1", "2*bar_ms2/h*z1[j] + bar_n2[j]*gamma2[j]*r2"),
    ],
)
def test_the_derivative_of_a_norm_has_three_terms(layers: str, node: str, expected: str) -> None:
    """Ioffe and Szegedy (2015), section 3, with the derivatives by the mean and the variance put in."""
    derivation = derivation_of(f"inputs: {{x: n}}\nlayers:\n{layers}loss: half_squared_error\n")
    assert writer_of(derivation).write(derivation.deltas[node].value) == expected
    assert faults(Point(derivation)) == []


def test_what_is_printed_of_coupled_samples_is_read_back() -> None:
    derivation = derivation_of("inputs: 2\nlayers:\n  - dense: 3\n  - batch_norm\n  - dense: 1\nloss: half_squared_error\n")
    record = json.loads(str(render(present(derivation), "json")))
    given = [(name, each["gradient"]) for name, each in record["gradients"].items()] + [(name, each["expansion"]) for name, each in record["gradients"].items()]
    given += list(record["deltas"].items())
    answers = [(name, each[form]) for name, each in given for form in ("text", "latex")]
    assert [(name, text) for name, text in answers if verify_answers(derivation.graph, {name: text})[0].verdict.outcome != "equal"] == []
    assert record["gradients"]["W1"]["expansion"]["text"] == "1/m*sum(dL/dz1[i,j]*dz1[i,j]/dW1[j,k], i)"
