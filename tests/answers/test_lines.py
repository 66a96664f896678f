"""Lines of a calculation: which is right, which broke, which only carries a mistake on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from backprop_derive import build_graph, derive, load_spec, read_spec, verify_answers, write
from backprop_derive.answers.claims import Claim, all_correct
from backprop_derive.errors import AnswerError, UsageError
from backprop_derive.graph.nodes import Graph

SPECS = Path(__file__).resolve().parents[2] / "specs"


@cache
def graph(spec: str = "two_hidden_nodes") -> Graph:
    return build_graph(load_spec(SPECS / f"{spec}.yaml"))


def told(claim: Claim) -> str:
    """`3 different, follows, from 2`."""
    carried = f", from {claim.consistent_with.line}" if claim.consistent_with is not None else ""
    follows = {True: ", follows", False: ", breaks", None: ""}[claim.follows]
    return f"{claim.place.line} {claim.verdict.outcome}{follows}{carried}"


CALCULATIONS = [
    pytest.param(
        "dL/dv1 = dL/dy' * dy'/dv1\n = (y - y') dy'/dv1\n = (y - y') f_B'(z_B) o1\ndelta_B = (y' - y) f_B'(z_B)\ndL/dv2 = delta_B o2",
        ["1 equal", "2 different, breaks", "3 different, follows, from 2", "4 equal", "5 equal"],
        id="a sign that is lost is told once",
    ),
    pytest.param(
        "delta_B = (y - y')*f_B'(z_B)\ndL/dv1 = delta_B*o1\ndL/dv2 = (y - y')*f_B'(z_B)*o2\ndL/dw11 = (y - y') f_B'(z_B) v1 f_A1'(z_A1) x1\ndL/dw12 = (y - y') f_B'(z_B) v1 f_A1'(z_A1) x1",
        ["1 different", "2 equal", "3 different, follows, from 1", "4 different, follows, from 1", "5 different, breaks"],
        id="what follows from a wrong delta is not accused, a second mistake is",
    ),
    pytest.param(
        "delta_B = (y - y')*f_B'(z_B)\ndL/dv1 = -delta_B*o1\ndL/dv2 = -delta_B*o2",
        ["1 equal", "2 equal, follows", "3 equal, follows"],
        id="a delta with the other sign is a name of one's own",
    ),
    pytest.param("delta_B = (y' - y)\ndL/dv1 = delta_B f_B'(z_B) o1", ["1 equal", "2 equal, follows"], id="a delta without the derivative of the activation, which comes later"),
    pytest.param("dL/dy' = y - y'\ndL/dv1 = (y - y') f_B'(z_B) o1\ndL/dv1 = (y' - y) f_B'(z_B) o1", ["1 different", "2 different, follows, from 1", "3 equal, breaks"], id="a derivative by name is a premise"),
    pytest.param("t = y' - y\ns = f_B'(z_B)\ndL/dv1 = t s o1\n = s t o2", ["1 equal", "2 equal", "3 equal", "4 different, breaks"], id="names defined on the way"),
    pytest.param("dL/dv1 = (y' - y) f_B'(z_B) o1 = o1 (y' - y) f_B'(z_B)", ["1 equal, follows"], id="a chain on a line"),
    pytest.param("dL/dv1 = (y' - y) f_B'(z_B) o1 = (y' - y) o1", ["1 different, breaks"], id="a chain that breaks"),
    pytest.param("dL/dw11 = (y' - y) f_B'(z_B) v1 f_A1'(z_A1) x1", ["1 equal"], id="a big step"),
    pytest.param("dL/dv1 = dL/dv1", ["1 undecided"], id="a line that says nothing"),
    pytest.param("z_B = v1 o1 + v2 o2\nz_B = v1 o1 + v2 o1", ["1 equal", "2 different, breaks"], id="the forward pass is judged too"),
    pytest.param("dL/dv1 = (y' - y) f_B'(z_B) o1\n = (y' - y f_B'(z_B) o1\n = (y' - y) f_B'(z_B) o1", ["1 equal", "2 unreadable", "3 equal, follows"], id="a line that cannot be read stops nothing"),
    pytest.param("x1 = 0.05\neta = 0.5\nv1 := v1 - eta*dC/dv1\nDelta v1 = -eta delta_B o1", ["3 equal", "4 equal"], id="values are given, updates are judged"),
    pytest.param("= (y' - y) f_B'(z_B) o1", ["1 unreadable"], id="nothing to go on from"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CALCULATIONS)
def test_a_calculation_is_judged_line_by_line(text: str, expected: list[str]) -> None:
    assert [told(claim) for claim in verify_answers(graph(), text)] == expected


def test_arrays_carry_a_mistake_on() -> None:
    text = "delta1 = y - a1\ndL/dW1 = delta1 x^T\ndL/dW1 = (y - a1) x^T\ndL/db1 = y - a1"
    assert [told(claim) for claim in verify_answers(graph("softmax_classifier"), text)] == ["1 different", "2 equal", "3 different, follows, from 1", "4 different, follows, from 1"]


MEANS = """
inputs: {x: 3}
layers: [{dense: 4, activation: sigmoid}, {dense: 2, activation: sigmoid}]
loss: binary_cross_entropy
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dZ2 = (A2 - Y)/m\ndW2 = dZ2 A1^T\ndZ1 = W2^T dZ2 * A1*(1-A1)\ndW1 = dZ1 X^T\ndb1 = np.sum(dZ1, axis=1)", ["equal"] * 5),
        ("dZ2 = (A2 - Y)/m\ndW2 = 1/m dZ2 A1^T", ["equal", "different"]),
        ("delta2 = (a2 - y)/m\ndW2 = sum_i delta2 a1^T\ndelta1 = W2^T delta2 * a1*(1-a1)\ndW1 = 1/m sum_i delta1 x^T", ["equal", "equal", "equal", "different"]),
        ("dZ2 = A2 - Y\ndW2 = 1/m dZ2 A1^T\ndb2 = dZ2", ["equal", "equal", "equal"]),
        ("dZ2 = (A2 - Y)/m\ndZ2 = A2 - Y\ndW2 = 1/m dZ2 A1^T", ["equal", "equal", "equal"]),
    ],
)
def test_a_delta_with_the_mean_in_it_is_used_as_it_was_written(text: str, expected: list[str]) -> None:
    """What stands there once is not asked for again, and not allowed twice."""
    claims = verify_answers(build_graph(read_spec(MEANS)), text)
    assert [claim.verdict.outcome for claim in claims] == expected
    for claim in claims:
        if claim.verdict.outcome == "different":
            assert [mistake.kind for mistake in claim.mistakes] == ["constant-factor"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w5_new = 0.4 - 0.5*0.082167041 = 0.35891648", "equal"),
        ("w_5^{new} = w_5 - 0.5*dE/dw5", "equal"),
        ("w5 := w5 - eta*dE/dw5", "equal"),
        ("Delta w5 = -0.5*0.082167041", "equal"),
        ("w5_new = 0.4 + 0.5*0.082167041", "different"),
        ("w_5^{new} = w_5 + 0.5*dE/dw5", "different"),
    ],
)
def test_an_update_has_the_learning_rate_by_name_or_as_a_number(text: str, expected: str) -> None:
    (claim,) = verify_answers(graph("mazur"), text)
    assert claim.verdict.outcome == expected


def test_what_holds_of_a_function_at_any_value_is_judged() -> None:
    text = "sigmoid'(u) = sigmoid(u)(1 - sigmoid(u))\ntanh'(u) = 1 + tanh(u)^2\nf_B'(u) = f_B(u)(1 - f_B(u))\nf_B(u) = f_B(u)"
    assert [told(claim) for claim in verify_answers(graph(), text)] == ["1 equal", "2 different", "3 undecided", "4 equal"]


OWN_NAMES = [
    ("two_hidden_nodes", "z_3 = v1*o1 + v2*o2\ny' = f_B(z_3)\ndL/dz_3 = (y' - y) f_B'(z_3)\ndL/dv1 = dL/dz_3 * o1", ["equal"] * 4),
    ("two_hidden_nodes", "z_3 = v1*o1 + v2*o2\ndL/dz_3 = (y - y') f_B'(z_3)\ndL/dv1 = (y - y') f_B'(z_3) o1", ["equal", "different", "different"]),
    ("two_hidden_nodes", "e = y' - y\ndL/dv1 = e f_B'(z_B) o1", ["equal", "equal"]),
    ("softmax_classifier", "h = W1 x + b1\nq = softmax(h)\ndL/dh = q - y\ndL/dW1 = (dL/dh) x^T", ["equal", "equal", "equal-if", "equal"]),
]


@pytest.mark.parametrize(("spec", "text", "expected"), OWN_NAMES)
def test_names_of_ones_own_are_recognised_in_the_network(spec: str, text: str, expected: list[str]) -> None:
    found = verify_answers(graph(spec), text)
    assert [claim.verdict.outcome for claim in found] == expected
    assert all(claim.consistent_with is not None for claim in found[2:] if claim.verdict.outcome == "different")


def test_answers_by_weight_are_gradients() -> None:
    answers = {"v1": "(y' - y)*f_B'(z_B)*o1", "w_{11}": ["dL/dw11 = delta_A1*x1", "= delta_A1*x2"], "delta_B": "(y' - y)*f_B'(z_B)"}
    assert [claim.verdict.outcome for claim in verify_answers(graph(), answers)] == ["equal", "equal", "different", "equal"]
    assert [str(claim.place) for claim in verify_answers(graph(), answers)] == ["v1", "w_{11}", "w_{11}", "delta_B"]


def test_one_weight_says_what_bare_formulas_are() -> None:
    (claim,) = verify_answers(graph(), "(y' - y)*f_B'(z_B)*o2", weight="v2")
    assert claim.verdict.outcome == "equal"


def test_a_wrong_line_comes_with_the_right_one() -> None:
    derivation = derive(graph())
    found = verify_answers(graph(), "dL/dv1 = x1\nz_B = v1\ndelta_A1 = v1\ndC/dw11 = 1\ndy'/dv1 = 1")
    assert [write(derivation, claim.correction) for claim in found if claim.correction is not None] == [
        "(y' - y)*f_B'(z_B)*o1",
        "v1*o1 + v2*o2",
        "delta_B*v1*f_A1'(z_A1)",
        "1/m*sum((y' - y)*f_B'(z_B)*v1*f_A1'(z_A1)*x1, i)",
        "f_B'(z_B)*o1",
    ]


def test_correct_is_known_only_where_everything_is() -> None:
    rows = {"dL/dv1 = delta_B o1": True, "dL/dv1 = o1": False, "dL/dv1 = dL/dv1": None, "We know that dL/dv1 = delta_B o1 and psi = chi(3)": True}
    assert {text: all_correct(verify_answers(graph(), text)) for text in rows} == rows


@pytest.mark.parametrize(("text", "error"), [("", AnswerError), ("Nothing here.", AnswerError), ("(y' - y)*o1", AnswerError)])
def test_nothing_to_judge_is_an_error(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        verify_answers(graph(), text)


def test_an_unknown_weight_lists_what_there_is() -> None:
    with pytest.raises(UsageError, match="the parameters are w11"):
        verify_answers(graph(), "y' - y", weight="v7")
    (claim,) = verify_answers(graph(), {"v7": "y' - y"})
    assert claim.verdict.outcome == "unreadable"
    assert "did you mean v1 or v2" in claim.problem
