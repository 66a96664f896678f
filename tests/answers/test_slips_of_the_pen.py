"""Formulas with letters lost, doubled or in the wrong place: each is judged or refused, and nothing breaks."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

import pytest

from backprop_derive import build_graph, load_spec
from backprop_derive.answers.verifying import Verifier
from backprop_derive.errors import BackpropError

SPECS = Path(__file__).resolve().parents[2] / "specs"
LINES = {
    "two_hidden_nodes": [
        "dL/dv1 = (y' - y)*f_B'(z_B)*o1",
        r"\frac{\partial C}{\partial w_{11}} = \frac1m \sum_{i=1}^m (y'-y) f_B'(z_B) v_1 f_{A1}'(z_{A1}) x_1",
        "z_B = v1*o1 + v2*o2",
        "v1 := v1 - eta*dC/dv1",
        "t = y' - y",
    ],
    "softmax_classifier": ["dC/dW1 = 1/m sum_i (a1 - y) x^T", "dL/dW1[1,2] = (a1[1] - y[1]) x[2]", "a1[j] = exp(z1[j])/sum(exp(z1[k]), k)", "s = W1 x + b1"],
    "mazur": ["dE/dw5 = 0.74136507*0.186815602*0.593269992 = 0.0821670", "w5_new = 0.4 - 0.5*0.0822", "out_h1 = sigmoid(net_h1)"],
    "symbolic_sizes": ["dL/dW1 = (W2^T (p - y)) * (1 - a^2) x^T", "dC/db1[j] = 1/m sum((1 - a[j]^2)*sum((p[c] - y[c])*W2[c,j], c), i)"],
}
CALCULATIONS = 40


@cache
def verifier(spec: str) -> Verifier:
    return Verifier(build_graph(load_spec(SPECS / f"{spec}.yaml")))


def slipped(line: str, others: list[str], draw: random.Random) -> str:
    """The line with up to three tokens lost, replaced, swapped or put in."""
    tokens = re.findall(r"\\?\w+'*|\S|\s", line)
    for _ in range(draw.randint(0, 3)):
        at, foreign = draw.randrange(len(tokens)), draw.choice(re.findall(r"\\?\w+'*|\S", draw.choice(others)))
        match draw.randrange(4):
            case 0 if len(tokens) > 1:
                tokens.pop(at)
            case 1:
                other = draw.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 2:
                tokens[at] = foreign
            case _:
                tokens.insert(at, foreign)
    return "".join(tokens)


@pytest.mark.parametrize("spec", LINES)
def test_every_slip_is_judged_or_refused(spec: str) -> None:
    draw = random.Random(spec)
    outcomes: set[str] = set()
    for _ in range(CALCULATIONS):
        text = "\n".join(slipped(draw.choice(LINES[spec]), LINES[spec], draw) for _ in range(draw.randint(1, 3)))
        try:
            outcomes |= {claim.verdict.outcome for claim in verifier(spec).verify(text)}
        except BackpropError:
            outcomes.add("refused")
    assert "unreadable" in outcomes
    assert outcomes & {"equal", "equal-if"}
