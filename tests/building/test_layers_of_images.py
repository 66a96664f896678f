"""Convolutions, pools and flatten: forward passes against loops in plain NumPy, gradients against the forward pass, and what is wrong."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from proving import Point, delta_text, derivation_of, error, faults, graph_of, writer_of

from backprop_derive.answers.verifying import verify_answers
from backprop_derive.errors import SpecError
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.presentation.formats.terminal import render as render_terminal
from backprop_derive.presentation.presenting import present

LOSS = "loss: half_squared_error\n"


def convolved(x: Any, kernels: Any, bias: Any, stride: tuple[int, ...], padding: tuple[int, ...], dilation: tuple[int, ...]) -> Any:
    """`z[f,p,…]` of one sample x[c,p,…] by loops over every place and every step of the kernel."""
    padded = np.pad(x, [(0, 0), *((places, places) for places in padding)])
    spans = [spread * (length - 1) + 1 for spread, length in zip(dilation, kernels.shape[2:], strict=True)]
    lengths = [(length - span) // step + 1 for length, span, step in zip(padded.shape[1:], spans, stride, strict=True)]
    found = np.zeros((len(kernels), *lengths))
    for place in product(*map(range, lengths)):
        for filtered, kernel in enumerate(kernels):
            for at in product(*map(range, kernel.shape)):
                where = [step * p + spread * s for step, p, spread, s in zip(stride, place, dilation, at[1:], strict=True)]
                found[(filtered, *place)] += kernel[at] * padded[(at[0], *where)]
    return found + bias.reshape(-1, *(1 for _ in lengths))


def pooled(x: Any, window: tuple[int, ...], stride: tuple[int, ...], fold: Any) -> Any:
    """`fold` over each window of one sample x[c,p,…]."""
    lengths = [(length - span) // step + 1 for length, span, step in zip(x.shape[1:], window, stride, strict=True)]
    found = np.zeros((len(x), *lengths))
    for channel, *place in product(range(len(x)), *map(range, lengths)):
        cut = tuple(slice(step * p, step * p + span) for step, p, span in zip(stride, place, window, strict=True))
        found[(channel, *place)] = fold(x[(channel, *cut)])
    return found


def proved(spec: str, *, seeds: tuple[int, ...] = (0,)) -> Point:
    """A random point of a spec whose gradients, in all their forms, agree with the forward pass."""
    derivation = derivation_of(spec + LOSS)
    point = Point(derivation)
    assert faults(point) == []
    assert not seeds or check_gradients(derivation, seeds=seeds).passed
    return point


def over_samples(point: Point, layer: Any) -> Any:
    return np.array([layer(x) for x in point.forward["x"]])


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_conv1d_by_stride_padding_and_dilation(stride: int, padding: int, dilation: int) -> None:
    point = proved(f"inputs: {{x: [2, 7]}}\nlayers:\n  - conv1d: 3\n    kernel: 3\n    stride: {stride}\n    padding: {padding}\n    dilation: {dilation}\n", seeds=())
    expected = over_samples(point, lambda x: convolved(x, point.forward["W1"], point.forward["b1"], (stride,), (padding,), (dilation,)))
    assert error(point.forward["z1"], expected) < 1e-13


@pytest.mark.parametrize(
    ("options", "stride", "padding", "dilation"),
    [
        ("kernel: [3, 2]", (1, 1), (0, 0), (1, 1)),
        ("kernel: [3, 2]\n    stride: [2, 1]\n    padding: [1, 0]", (2, 1), (1, 0), (1, 1)),
        ("kernel: 2\n    stride: 2\n    padding: 1\n    dilation: [1, 2]", (2, 2), (1, 1), (1, 2)),
        ("padding: same", (1, 1), (1, 1), (1, 1)),
    ],
)
def test_conv2d_by_its_options(options: str, stride: tuple[int, ...], padding: tuple[int, ...], dilation: tuple[int, ...]) -> None:
    point = proved(f"inputs: {{x: [2, 5, 4]}}\nlayers:\n  - conv2d: 3\n    {options}\n", seeds=())
    expected = over_samples(point, lambda x: convolved(x, point.forward["W1"], point.forward["b1"], stride, padding, dilation))
    assert error(point.forward["z1"], expected) < 1e-13


def test_an_even_kernel_keeps_the_length_with_one_more_zero_behind() -> None:
    point = proved("inputs: {x: [2, 5]}\nlayers:\n  - conv1d: 3\n    kernel: 4\n    padding: same\n")
    behind = over_samples(point, lambda x: convolved(np.pad(x, [(0, 0), (1, 2)]), point.forward["W1"], point.forward["b1"], (1,), (0,), (1,)))
    assert error(point.forward["z1"], behind) < 1e-13


def test_a_single_channel_has_no_index() -> None:
    point = proved("inputs: {x: 6}\nlayers:\n  - conv1d: 2\n    activation: tanh\n  - conv1d: 1\n    kernel: 2\n")
    assert point.forward["W1"].shape == (2, 3)
    first = over_samples(point, lambda x: convolved(x[None], point.forward["W1"][:, None], point.forward["b1"], (1,), (0,), (1,)))
    second = np.array([convolved(x, point.forward["W2"], point.forward["b2"], (1,), (0,), (1,)) for x in np.tanh(first)])
    assert error(point.forward["z2"], second) < 1e-13


def test_the_length_of_a_signal_may_be_a_letter() -> None:
    point = proved("inputs: {x: [2, n]}\nlayers:\n  - conv1d: h\n    padding: same\n    activation: relu\n  - conv1d: 2\n  - avg_pool: 2\n    stride: 1\n")
    x = np.array([convolved(x, point.forward["W1"], point.forward["b1"], (1,), (1,), (1,)) for x in point.forward["x"]])
    x = np.array([convolved(x, point.forward["W2"], point.forward["b2"], (1,), (0,), (1,)) for x in np.maximum(x, 0)])
    assert error(point.forward["v2"], np.array([pooled(each, (2,), (1,), np.mean) for each in x])) < 1e-13


def test_a_length_that_the_stride_divides_may_be_a_letter() -> None:
    assert [str(node.axes[-1].length) for node in graph_of("inputs: {x: 2*n}\nlayers:\n  - conv1d: 3\n    kernel: 4\n    stride: 2\n    padding: 1\n" + LOSS).nodes if node.name == "z1"]
    proved("inputs: {x: 2*n}\nlayers:\n  - conv1d: 3\n    kernel: 4\n    stride: 2\n    padding: 1\n  - max_pool: 1\n")


@pytest.mark.parametrize(("kind", "name", "fold"), [("max_pool", "m0", np.max), ("avg_pool", "v0", np.mean)])
@pytest.mark.parametrize(("shape", "window", "stride"), [((2, 7), (3,), (2,)), ((2, 6), (2,), (2,)), ((3, 5, 6), (2, 3), (2, 3)), ((2, 5, 5), (3, 3), (2, 1)), ((2, 6, 5), (1, 2), (3, 2))])
def test_pools(kind: str, name: str, fold: Any, shape: tuple[int, ...], window: tuple[int, ...], stride: tuple[int, ...]) -> None:
    length = len(window)
    weights = f"  - conv{length}d: {shape[0]}\n    kernel: 1\n"  # so that the gradient has a pool on its way
    point = proved(f"inputs: {{x: {list(shape)}}}\nlayers:\n{weights}  - {kind}: {list(window)}\n    stride: {list(stride)}\n")
    name = name.replace("0", "1")
    assert error(point.forward[name], np.array([pooled(z, window, stride, fold) for z in point.forward["z1"]])) < 1e-13


def test_padding_of_a_mean_counts_as_part_of_the_window() -> None:
    point = proved("inputs: {x: [2, 5]}\nlayers:\n  - avg_pool: [3]\n    stride: 2\n    padding: 1\n  - conv1d: 1\n    kernel: 1\n")
    assert error(point.forward["v0"], over_samples(point, lambda x: pooled(np.pad(x, [(0, 0), (1, 1)]), (3,), (2,), np.mean))) < 1e-13


@pytest.mark.parametrize("shape", ["[2, 3, 4]", "[3, 4]", "[2, n]"])
def test_flatten_is_row_by_row(shape: str) -> None:
    point = proved(f"inputs: {{x: {shape}}}\nlayers:\n  - flatten\n  - dense: 2\n")
    assert error(point.forward["f0"], point.forward["x"].reshape(len(point.forward["x"]), -1)) < 1e-15


CLASSIFIER = """inputs: {x: [2, 7, 6]}
layers:
  - conv2d: 3
    kernel: [2, 3]
    activation: relu
  - max_pool: 2
  - conv2d: 2
    kernel: 2
    padding: 1
    activation: relu
  - residual:
      - conv2d: 2
        padding: same
  - avg_pool: [2, 1]
  - flatten
  - dense: 3
  - softmax
"""


def test_a_small_convolutional_classifier() -> None:
    derivation = derivation_of(CLASSIFIER + "loss: cross_entropy\n")
    point = Point(derivation)
    value = point.forward
    found = []
    for x in value["x"]:
        first = np.maximum(convolved(x, value["W1"], value["b1"], (1, 1), (0, 0), (1, 1)), 0)
        second = np.maximum(convolved(pooled(first, (2, 2), (2, 2), np.max), value["W2"], value["b2"], (1, 1), (1, 1), (1, 1)), 0)
        third = second + convolved(second, value["W3"], value["b3"], (1, 1), (1, 1), (1, 1))
        scores = value["W4"] @ pooled(third, (2, 1), (2, 1), np.mean).reshape(-1) + value["b4"]
        found.append(np.exp(scores) / np.exp(scores).sum())
    assert error(value["a4"], np.array(found)) < 1e-13
    assert faults(point) == []
    assert check_gradients(derivation, seeds=(0,)).passed


# -- what is printed ------------------------------------------------------------------------------------------------------


def on_image(*layers: str) -> str:
    """A spec of layers over an image of two channels, with a classifier behind them."""
    return "inputs: {x: [2, 8, 8]}\nlayers:\n" + "".join(f"  - {layer}\n" for layer in (*layers, "flatten", "dense: 3", "softmax")) + "loss: cross_entropy\n"


RELU = "conv2d: 4\n    activation: relu"


@pytest.mark.parametrize(
    ("layers", "name", "text"),
    [
        ((RELU, "max_pool: 2"), "f1", "sum(delta2[k]*W2[k,j], k)"),
        ((RELU, "max_pool: 2"), "m1", "bar_f1[9*c + 3*p + q - 12]"),
        ((RELU, "max_pool: 2"), "z1", "step(z1[f,p,q])*sum(sum(bar_m1[f,r,s]*where(p = row1[f,r,s], 1, 0)*where(q = col1[f,r,s], 1, 0), s), r)"),
        ((RELU, "avg_pool: [2, 3]"), "z1", "1/6*bar_v1[f,floor((p + 1)/2),floor((q + 2)/3)]*step(z1[f,p,q])"),
        ((RELU, "avg_pool: [2, 1]\n    stride: 1"), "z1", "1/2*step(z1[f,p,q])*sum(where(s <= p, where(p <= s + 4, bar_v1[f,p - s + 1,q], 0), 0), s, 1, 2)"),
        ((RELU, "conv2d: 2\n    padding: 1"), "z1", "step(z1[f,p,q])*sum(sum(where(s <= p + 1, where(p <= s + 4, sum(where(u <= q + 1, where(q <= u + 4, delta2[j,p - s + 2,q - u + 2]*W2[j,f,s,u], 0), 0), u), 0), 0), s), j)"),
        ((RELU, "conv2d: 2\n    stride: 2\n    kernel: [2, 1]"), "z1", "step(z1[f,p,q])*sum(W2[j,f,p - 2*floor((p + 1)/2) + 2,1]*sum(where(q + 1 = 2*r, delta2[j,floor((p + 1)/2),r], 0), r), j)"),
    ],
)
def test_what_comes_back_through_a_layer(layers: tuple[str, ...], name: str, text: str) -> None:
    assert delta_text(on_image(*layers), name) == text


def test_the_gradient_of_a_kernel_and_of_its_bias() -> None:
    derivation = derivation_of(on_image(RELU, "max_pool: 2"))
    writer = writer_of(derivation)
    assert writer.write(derivation.gradient("W1").backward) == "1/m*sum(sum(sum(delta1[f,p,q]*x[c,p + s - 1,q + u - 1], q), p), i)"
    assert writer.write(derivation.gradient("b1").backward) == "1/m*sum(sum(sum(delta1[f,p,q], q), p), i)"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("1/m*sum(sum(sum(delta1[f,p,q]*x[c,p+s-1,q+u-1], q), p), i)", "equal"),
        ("1/m*sum(sum(sum(delta1[f,p,q]*x[c,p-s+3,q-u+3], q), p), i)", "different"),
    ],
)
def test_an_answer_is_judged_in_the_letters_of_the_page(answer: str, outcome: str) -> None:
    graph = graph_of(on_image("conv2d: 2\n    activation: tanh", "avg_pool: 3"))
    (claim,) = verify_answers(graph, {"W1": answer})
    assert claim.verdict.outcome == outcome


def test_a_tie_goes_to_the_first_entry_row_by_row() -> None:
    derivation = derivation_of("inputs: {x: [2, 2]}\nlayers:\n  - conv2d: 1\n    kernel: 1\n    bias: false\n  - max_pool: 2\n  - flatten\nloss: half_squared_error\ncost: single\n")
    values = {"x": np.array([[1.0, 2.0], [2.0, 2.0]]), "W1": np.ones((1, 1, 1)), "y": np.zeros(1)}
    assert Point(derivation, values=values).adjoint("z1").tolist() == [[[0, 2], [0, 0]]]


PAGE = """z2[f,p,q] = Σ_c Σ_s Σ_u W2[f,c,s,u]·[1 ≤ p+s−2 ≤ 3]·[1 ≤ q+u−2 ≤ 3]·m1[c,p+s−2,q+u−2] + b2[f]
f2[9·c+3·p+q−12] = z2[c,p,q]
Network   x → layer 1 (conv2d, 4 × 6 × 6 units, relu) → m1 → layer 2 (conv2d, 2 × 3 × 3 units) → f2 → layer 3 (3 units, softmax) → a3
= Σ_f Σ_s Σ_u [1 ≤ p−s+2 ≤ 3]·[1 ≤ q−u+2 ≤ 3]·δ2[f,p−s+2,q−u+2]·W2[f,c,s,u]
so that the sum over them goes through the kernel backwards
where the maximum stands
the entry that is the largest of its window"""


def test_a_page_on_images() -> None:
    page = "".join(render_terminal(present(derivation_of(on_image(RELU, "max_pool: 2", "conv2d: 2\n    padding: same"))), 200).split())
    for line in PAGE.splitlines():
        assert "".join(line.split()) in page, line


# -- what is wrong ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "layer", "message"),
    [
        ("[2, 5]", "conv1d: 3\n    kernel: 0", "kernel takes a whole number from 1, not 0"),
        ("[2, 5]", "conv1d: 3\n    stride: 0", "stride takes a whole number from 1, not 0"),
        ("[2, 5]", "conv1d: 3\n    stride: 1.5", "stride takes a whole number from 1, not 1.5"),
        ("[2, 5]", "conv1d: 3\n    padding: -1", "padding takes a whole number from 0, or `same`, not -1"),
        ("[2, 5, 5]", "conv2d: 3\n    kernel: [1, 2, 3]", "one for each axis, [3, 4]; 3 are given"),
        ("[2, 5]", "conv1d: 3\n    kernel: 6", "a window over 6 places does not fit on 5"),
        ("[2, 5]", "conv1d: 3\n    kernel: 4\n    dilation: 3\n    padding: 2", "a window over 10 places does not fit on 5 with 2 and 2 of padding"),
        ("[2, n]", "conv1d: 3\n    stride: 2", "a stride of 2 needs a length that is a number, or one that it divides such as 2*n, not n"),
        ("[2, 5]", "conv1d: 3\n    stride: 2\n    padding: same", "keeps the length where the stride is 1"),
        ("[2, 5, 5]", "conv1d: 3", "conv1d reads a signal, x[c,p] with channels c or x[p], and not x (2 × 5 × 5)"),
        ("5", "conv2d: 3", "conv2d reads an image, x[c,p,q] with channels c or x[p,q], and not x (5)"),
        ("[2, 5]", "conv1d", "conv1d takes a number of filters"),
        ("[2, 5]", "max_pool", "max_pool takes the size of its windows"),
        ("[2, 5, 5]", "max_pool: 2\n    padding: 2", "the padding is smaller than the window"),
        ("[2, 5, 5]", "max_pool: [2, 6]", "a window over 6 places does not fit on 5"),
        ("[2, 5, 5]", "dense: 3", "put `- flatten` in front"),
        ("[2, 5]", "conv1d: 3\n    activation: softmax", "softmax of channels: not yet"),
        ("[2, 5]", "conv1d: 3\n    weights: [w1, w2]", "weights of conv1d takes the name of an array"),
        ("[2, 5]", "flatten: 3", "flatten takes nothing behind it"),
    ],
)
def test_what_does_not_fit_is_said(inputs: str, layer: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        graph_of(f"inputs: {{x: {inputs}}}\nlayers:\n  - {layer}\n{LOSS}")
    assert message in str(caught.value)


def test_a_condition_on_both_ends_is_read_as_it_is_printed() -> None:
    graph = graph_of(on_image(RELU, "conv2d: 2\n    padding: 1", "avg_pool: 2"))
    page = "[z1[f,p,q] > 0]·Σ_j Σ_s Σ_u [1 ≤ p−s+2 ≤ 6]·[1 ≤ q−u+2 ≤ 6]·delta2[j,p−s+2,q−u+2]·W2[j,f,s,u]"
    (claim,) = verify_answers(graph, {"delta1": page})
    assert claim.verdict.outcome == "equal", claim.verdict
