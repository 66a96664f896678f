"""Published formulas in index form: where our textbook form is theirs, what is printed is the same formula."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from published import HERE, SYMBOLIC, Worked, by_name, check, entries_of, facts_of, faults, names_in, symbolic_case

TEXTBOOK = HERE / "textbook"


def matrix(letter: str, rows: int = 2, columns: int = 2) -> list[list[str]]:
    return [[f"{letter}{row}{column}" for column in range(1, columns + 1)] for row in range(1, rows + 1)]


def vector(letter: str, length: int = 2) -> list[str]:
    return [f"{letter}{entry}" for entry in range(1, length + 1)]


ARRAYS: dict[str, dict[str, Any]] = {  # what the entries of an array are called in the facts of the case
    "batchnorm_backward_closed_form": {"x": vector("x", 3), "d": vector("d", 3)},
    "d2l_mlp_weight_decay": {"x": vector("x"), "y": ["y"], "W1": matrix("a"), "W2": [["b1", "b2"]]},
    "distillation_temperature": {"z": vector("z", 3), "v": vector("v", 3)},
    "gru_candidate_weights": {
        "e": vector("e"), "q": vector("q"), "u": vector("k"), "w": vector("w"), "h": vector("h"),
        "G": matrix("g"), "M": matrix("m"), "N": matrix("n"),
    },
    "linear_regression_squared_norm": {"x": matrix("x", 3), "y": vector("y", 3), "w": vector("w")},
    "linear_rnn_bptt": {"x": vector("x", 3)},
    "logistic_regression_l2": {"x": matrix("x", 3), "y": [["y1"], ["y2"], ["y3"]], "W1": [["t1", "t2"]], "b1": ["t0"]},
    "nielsen_bp1_to_bp4": {"x": vector("a"), "y": ["y"], "W1": matrix("w2"), "b1": vector("b2"), "W2": [["w31", "w32"]], "b2": ["b3"]},
    "nielsen_cross_entropy_neuron": {"x": matrix("x"), "y": [["y1"], ["y2"]], "W1": [["w1", "w2"]], "b1": ["b"]},
    "poisson_nll_log_link": {"x": vector("x"), "theta": vector("t")},
    "policy_gradient_log_softmax": {"theta": vector("th", 3)},
    "scaled_dot_product_attention": {"Q": vector("q"), "K": matrix("k"), "V": matrix("v"), "t": vector("t"), "s": vector("s")},
    "softmax_cross_entropy_logits": {"o": vector("o", 3), "y": vector("y", 3)},
    "softmax_jacobian_row": {"x": vector("x", 3)},
    "triplet_loss": {"a": vector("a"), "p": vector("p"), "n": vector("n")},
    "vae_gaussian_kl": {"mu": vector("m"), "v": vector("v")},
    "word2vec_naive_softmax": {"U": matrix("u", 3), "v": vector("v")},
}  # fmt: skip
OPTIONS = {"huber_loss": {"delta": 1}}  # numbers that the spec gives as options, so that only points with them fit
ONE_HOT = {"word2vec_naive_softmax": {"y": [0, 1, 0]}}

PRINTED = {  # as published, where our textbook form is the same; indices are those of the parameter
    "d2l_mlp_weight_decay": {"W2": "(z2[j] - y[j])*a1[k] + lam*W2[j,k]", "W1": "(1 - a1[j]^2)*x[k]*sum((z2[l] - y[l])*W2[l,j], l) + lam*W1[j,k]"},
    "elu_activation": {"x": "where(x > 0, 1, r + alpha)"},
    "gru_candidate_weights": {
        "e": "w[j]*z[j]*(1 - c[j]^2)*x",
        "G": "w[j]*z[j]*(1 - c[j]^2)*r[k]*h[k]",
        "q": "w[j]*(c[j] - h[j])*z[j]*(1 - z[j])*x",
    },
    "huber_loss": {"yhat": "where(abs(y - yhat) <= 1, yhat - y, sign(yhat - y))"},
    "leaky_relu_activation": {"x": "where(x > 0, 1, alpha)"},
    "linear_regression_squared_norm": {"w": "2*sum(r[i]*x[i,j], i)"},
    "logistic_bce_logit": {"z": "y - t", "y": "(y - t)/(y*(1 - y))"},
    "logistic_regression_l2": {"W1": "1/m*sum((a1 - y)*x[k], i) + lam/m*W1[1,k]", "b1": "1/m*sum(a1 - y, i)"},
    "max_gate": {"x": "where(x >= y, 1, 0)"},
    "nielsen_bp1_to_bp4": {"W2": "(a2[j] - y[j])*a2[j]*(1 - a2[j])*a1[k]", "b2": "(a2[j] - y[j])*a2[j]*(1 - a2[j])"},
    "nielsen_cross_entropy_neuron": {"W1": "1/m*sum((a1 - y)*x[k], i)", "b1": "1/m*sum(a1 - y, i)"},
    "poisson_nll_log_link": {"theta": "(exp(eta) - y)*x[j]"},
    "policy_gradient_log_softmax": {"theta": "where(2 = j, 1, 0) - pi[j]"},
    "prelu_slope": {"a": "where(x > 0, 0, x)", "x": "where(x > 0, 1, a)"},
    "rbf_activation": {"x": "-2*x*phi"},
    "scaled_dot_product_attention": {"V": "(a[k] - t[k])*p[j]", "a": "a[c] - t[c]"},
    "sigmoid_activation": {"x": "s*(1 - s)"},
    "silu_activation": {"x": "f + sigmoid(x)*(1 - f)"},
    "softmax_cross_entropy_logits": {"o": "p[j] - y[j]"},
    "softmax_jacobian_row": {"x": "S[1]*(where(1 = j, 1, 0) - S[j])"},
    "softplus_activation": {"x": "sigmoid(x)"},
    "tanh_activation": {"x": "1 - t^2"},
    "triplet_loss": {"a": "2*step(margin)*(n[j] - p[j])", "p": "2*step(margin)*(p[j] - a[j])", "n": "2*step(margin)*(a[j] - n[j])"},
    "vae_gaussian_kl": {"mu": "mu[j]", "v": "1/2*(exp(v[j]) - 1)"},
    "word2vec_naive_softmax": {"v": "sum((p[w] - y[w])*U[w,j], w)", "U": "(p[j] - y[j])*v[k]"},
}


@cache
def worked(name: str, at: int = 0) -> Worked:
    """The case with arrays, at one of its points."""
    text = (TEXTBOOK / f"{name}.yaml").read_text(encoding="utf-8")
    values = by_name(ARRAYS.get(name, {}), facts_of(SYMBOLIC, name)["points"][at]) | ONE_HOT.get(name, {})
    return Worked(text, values)


AT_POINTS = [
    (name, at)
    for name in names_in(TEXTBOOK)
    for at, point in enumerate(facts_of(SYMBOLIC, name)["points"])
    if OPTIONS.get(name, {}).items() <= point.items()
]


@pytest.mark.parametrize(("name", "at"), AT_POINTS)
def test_every_form_of_a_gradient_has_the_value_of_the_published_formula(name: str, at: int) -> None:
    facts, case = facts_of(SYMBOLIC, name), worked(name, at)
    numbers = {quantity: symbolic_case(name, at).number(formula) for quantity, formula in facts["published_gradient"].items()}
    published = by_name(ARRAYS.get(name, {}), numbers)
    expected = {quantity: published[quantity] for quantity in case.graph.by_name if quantity in published}
    covered = {entry for quantity in expected for entry in entries_of(ARRAYS.get(name, {}).get(quantity, quantity))}
    assert numbers.keys() & facts["points"][at].keys() <= covered
    assert faults(case, expected) == []


@pytest.mark.parametrize(("name", "quantity"), [(name, quantity) for name, texts in PRINTED.items() for quantity in texts])
def test_a_gradient_is_printed_as_published(name: str, quantity: str) -> None:
    assert worked(name).text(quantity) == PRINTED[name][quantity]


@pytest.mark.parametrize("name", names_in(TEXTBOOK))
def test_the_check_passes(name: str) -> None:
    report = check(worked(name))
    assert report.passed
    assert report.power.caught == report.power.planted > 0
