"""Published worked examples as layers, as nodes or with indices: the same numbers as from one equation a node, and as the
source prints. Some of them are shipped; the others stand in `natural/`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from published import (
    LEAVES,
    NATURAL,
    NUMERIC,
    SPECS,
    Worked,
    agreement,
    by_name,
    check,
    close,
    differences,
    entries_of,
    facts_of,
    faults,
    names_in,
    printed_numbers,
)

from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.evaluation import node_values
from backprop_derive.numerics.evaluations import Evaluation
from backprop_derive.numerics.training import evaluate
from backprop_derive.spec.loading import read_spec

EACH = pytest.mark.parametrize("name", names_in(NUMERIC))

SHIPPED = {  # the examples of the package that are published ones
    "adam_first_step_quadratic": "adam",
    "ageron_x2y": "geron",
    "coursera_regularised_logistic": "weight_decay",
    "cs231n_max_circuit": "cs231n_max",
    "cs231n_sigmoid_circuit": "cs231n_circuit",
    "cs231n_softmax_classifier": "cs231n_softmax",
    "han_kamber_3_2_1": "han_kamber",
    "hmkcode_linear_2_2_1": "hmkcode",
    "mazur_2_2_2_sigmoid": "mazur",
    "micrograd_sanity_expression": "karpathy_micrograd",
    "ng_computation_graph_3v": "ng_graph",
    "postnetwork_softmax_ce": "kushwaha",
    "rufflewind_xy_plus_sin": "ruffwind",
    "surafelml_bce_2_2_1": "bce_by_hand",
    "victorzhou_alice": "zhou",
    "zero_to_hero_reuse": "karpathy_reuse",
    "zero_to_hero_tanh_neuron": "karpathy_neuron",
}


def gates(letter: str, gate: str) -> dict[str, Any]:
    """The weights of one gate of an LSTM with two units, by the letter of the case and that of the layer."""
    return {f"W1_{gate}": [[f"W{letter}1"], [f"W{letter}2"]], f"U1_{gate}": [[f"U{letter}11", f"U{letter}12"], [f"U{letter}21", f"U{letter}22"]]}


ARRAYS: dict[str, dict[str, Any]] = {  # what the entries of an array are called in the facts of the case
    "coursera_nn_small": {
        "x": [["x11", "x12"], ["x21", "x22"], ["x31", "x32"]],
        "W1": [["a11", "a12"], ["a21", "a22"]],
        "b1": ["a10", "a20"],
        "W2": [["c11", "c12"], ["c21", "c22"], ["c31", "c32"], ["c41", "c42"]],
        "b2": ["c10", "c20", "c30", "c40"],
        "a2": [[f"o{sample}_{unit}" for unit in (1, 2, 3, 4)] for sample in (1, 2, 3)],
    },
    "coursera_regularised_logistic": {
        "x": [[f"x{sample}{entry}" for entry in (1, 2, 3)] for sample in range(5)],
        "y": [[f"y{sample}"] for sample in range(5)],
        "theta": [["t1", "t2", "t3"]],
        "theta0": ["t0"],
        "lambda": "lam",
        "a1": [[f"h{sample}"] for sample in range(5)],
    },
    "cs231n_score_gradient": {"f": ["f1", "f2", "f3"], "p": ["p1", "p2", "p3"]},
    "mazur_2_2_2_sigmoid": {"target_o1": "t1", "target_o2": "t2"},
    "onenoughtone_softmax_ce_logits": {"z": ["z1", "z2", "z3"], "p": ["p1", "p2", "p3"]},
    "thsis_lstm_three_steps": {
        **gates("c", "g"), **gates("o", "o"), **gates("f", "f"), **gates("i", "i"),
        "w": [["w1", "w2"]],
        "x": [["x1"], ["x2"], ["x3"]],
        "h0": ["h0_1", "h0_2"],
        "c0": ["c0_1", "c0_2"],
        "z2": [["y1"], ["y2"], ["y3"]],
        "c1": [[f"c{time}_1", f"c{time}_2"] for time in range(4)],
        "h1": [[f"h{time}_1", f"h{time}_2"] for time in range(4)],
    },
}  # fmt: skip
TARGETS: dict[str, dict[str, Any]] = {  # where the case has the class of its sample, or one target for all steps
    "coursera_nn_small": {"y": [[0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]]},
    "cs231n_softmax_classifier": {"y0": 0, "y1": 0, "y2": 1},
    "thsis_lstm_three_steps": {"y": [[7], [7], [7]]},
}
UNNAMED = {  # what a source prints that the natural spec has no node for: parts of sums, of activations, of losses
    "cs231n_softmax_classifier": ["e0", "e1", "e2"],
    "fiqlab_2_2_1_bad_exponentials": ["e_h1", "e_h2", "e_o1"],
    "mazur_2_2_2_sigmoid": ["E_o1", "E_o2"],
    "ng_linear_neuron_backprop": ["c", "d"],
    "primelearnpoint_2x2_mixed_layout": ["prod_y1", "prod_y2", "E1", "E2"],
    "zero_to_hero_tanh_neuron": ["x1w1", "x2w2", "s", "x1w1", "x2w2"],
}
PRINTED = {  # the formulas that the sources derive; postnetwork's w8 and w9 are exchanged there
    "butler_relu_missing_loss_factor": {"v": "(y_pred - y_target)*h", "w": "(y_pred - y_target)*v*step(z)*x"},
    "hmkcode_linear_2_2_1": {"w6": "(prediction - actual)*h2", "w1": "(prediction - actual)*w5*i1"},
    "mazur_2_2_2_sigmoid": {"w5": "(out_o1 - target_o1)*out_o1*(1 - out_o1)*out_h1"},
    "postnetwork_softmax_ce": {"w7": "(p1 - y1)*a1", "w8": "(p2 - y2)*a1", "w9": "(p1 - y1)*a2"},
    "sreekanth_bce_double_sigmoid": {"w2": "(a2 - y)*a1"},
    "what_how_why_bce": {"zo": "y_hat - y", "v1": "(y_hat - y)*a1", "w11": "(y_hat - y)*v1*a1*(1 - a1)*x1"},
}


def spec_text(name: str) -> str:
    path = SPECS / f"{SHIPPED[name]}.yaml" if name in SHIPPED else NATURAL / f"{name}.yaml"
    return path.read_text(encoding="utf-8")


def leaf_values(name: str) -> dict[str, Any]:
    facts = facts_of(NUMERIC, name)
    numbers = {leaf: value for key in LEAVES for leaf, value in facts.get(key, {}).items()}
    return by_name(ARRAYS.get(name, {}), numbers) | TARGETS.get(name, {})


@cache
def worked(name: str) -> Worked:
    """The spec at the values of the case."""
    return Worked(spec_text(name), leaf_values(name))


def test_every_case_is_written_naturally_once() -> None:
    assert sorted([*names_in(NATURAL), *SHIPPED]) == names_in(NUMERIC)
    assert len(set(SHIPPED.values())) == len(SHIPPED) >= 12
    styles = Counter(read_spec(spec_text(name), name).style for name in names_in(NUMERIC))
    assert styles["layers"] + styles["nodes"] >= 20
    assert set(styles) == {"layers", "nodes", "equations"}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_example_names_its_source(name: str) -> None:
    source, text = facts_of(NUMERIC, name)["source"], spec_text(name)
    words = " ".join(line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#"))
    assert [source[key] for key in ("url", "year") if key in source and str(source[key]) not in words] == []
    assert read_spec(text).title


@EACH
def test_the_numbers_of_the_spec_are_those_of_the_case(name: str) -> None:
    """Values and data, one for every leaf."""
    found, expected = evaluate(worked(name).graph, steps=0).forward, leaf_values(name)
    leaves = [node.name for node in worked(name).graph.nodes if node.is_leaf]
    assert [leaf for leaf in leaves if not close(found[leaf], expected[leaf], 0)] == []


@EACH
def test_forward_values_are_those_of_the_case(name: str) -> None:
    case = worked(name)
    recomputed = facts_of(NUMERIC, name)["recomputed"]
    known = by_name(ARRAYS.get(name, {}), {**leaf_values(name), **recomputed["forward"]})
    assert [node for node, value in case.forward.items() if node in known and not close(value, known[node])] == []
    assert close(cost_of(case.graph, case.forward), recomputed["loss"])


def cost_of(graph: Graph, forward: Mapping[str, Any]) -> float:
    """The mean of the losses, and the penalty if there is one."""
    penalty = 0 if graph.cost.regularizer is None else forward[graph.cost.regularizer]
    return float(np.mean(forward[graph.cost.loss]) + penalty)


@EACH
def test_every_form_of_every_gradient_is_that_of_the_case(name: str) -> None:
    facts, case = facts_of(NUMERIC, name), worked(name)
    gradients = by_name(ARRAYS.get(name, {}), facts["recomputed"]["gradients"])
    expected = {node: gradients[node] for node in case.graph.by_name if node in gradients}
    covered = {entry for node in expected for entry in entries_of(ARRAYS.get(name, {}).get(node, node))}
    assert set(facts["parameters"]) <= covered
    assert faults(case, expected) == []


@EACH
def test_printed_numbers_agree_to_their_digits_unless_listed(name: str) -> None:
    """As far as the natural spec has a node for them. A slip is explained with the case."""
    facts, numbers = facts_of(NUMERIC, name), numbers_of(name)
    printed = [each for each in printed_numbers(facts) if each[0] in numbers]
    verdicts = {(section, quantity): agreement(digits, numbers[section][quantity]) for section, quantity, digits in printed if quantity in numbers[section]}
    assert {place for place, verdict in verdicts.items() if verdict == "differs"} == set(differences(facts)) & set(verdicts)
    assert [quantity for section, quantity, _ in printed if (section, quantity) not in verdicts] == UNNAMED.get(name, [])


def numbers_of(name: str) -> dict[str, dict[str, float]]:
    """Our numbers for what a source prints, by the names of the case; its loss is our cost."""
    case, loss = worked(name), facts_of(NUMERIC, name)["loss"]
    found = {
        "forward": {**by_entry(name, case.forward), loss: cost_of(case.graph, case.forward)},
        "gradients": by_entry(name, {node: case.forms(node)["textbook"] for node in case.graph.by_name}),
    }
    if "update" not in facts_of(NUMERIC, name):
        return found
    evaluation = stepped(name)
    assert evaluation.updated is not None
    after = node_values(case.graph, {**case.values, **evaluation.updated}, case.sizes)
    return {**found, "updated": by_entry(name, evaluation.updated), "forward_after": by_entry(name, after), "loss_after": {"loss": evaluation.history[-1]}}


def by_entry(name: str, arrays: Mapping[str, Any]) -> dict[str, float]:
    """The entries of arrays by what the case calls them."""
    found: dict[str, float] = {}
    for node, array in arrays.items():
        entries = np.asarray(ARRAYS.get(name, {}).get(node, node), dtype=object)
        if entries.shape == np.shape(array):
            found |= {entries[place]: float(np.asarray(array)[place]) for place in np.ndindex(entries.shape)}
    return found


@cache
def stepped(name: str) -> Evaluation:
    """One step as the spec says it: its optimizer, its learning rate, without what is frozen."""
    return evaluate(worked(name).graph, steps=1)


@pytest.mark.parametrize("name", [name for name in names_in(NUMERIC) if "update" in facts_of(NUMERIC, name)])
def test_a_step_of_the_spec_is_that_of_the_case(name: str) -> None:
    facts, numbers = facts_of(NUMERIC, name), numbers_of(name)
    recomputed = facts["recomputed"]
    assert [weight for weight, value in recomputed["updated"].items() if not close(numbers["updated"][weight], value)] == []
    assert [node for node, value in recomputed.get("forward_after", {}).items() if not close(numbers["forward_after"][node], value)] == []
    assert close(numbers["loss_after"]["loss"], recomputed["loss_after"])
    still = set(facts["parameters"]) - set(facts["update"]["parameters"])
    assert [weight for weight in still if numbers["updated"][weight] != facts["parameters"][weight]] == []


@EACH
def test_the_check_passes(name: str) -> None:
    report = check(worked(name))
    assert report.passed
    assert report.power.caught == report.power.planted > 0


@pytest.mark.parametrize(("name", "quantity"), [(name, quantity) for name, texts in PRINTED.items() for quantity in texts])
def test_a_gradient_is_printed_as_derived_by_the_source(name: str, quantity: str) -> None:
    assert worked(name).text(quantity) == PRINTED[name][quantity]
