"""Published worked examples as layers, as nodes or with indices: the same numbers as from one equation a node, and as the
source prints. Some of them are shipped; the others stand in `natural/`.
"""

from __future__ import annotations

from collections import Counter
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

from backprop_derive.spec.loading import read_spec

EACH = pytest.mark.parametrize("name", names_in(NUMERIC))

SHIPPED = {  # the examples of the package that are published ones
    "ageron_x2y": "geron",
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


def gates(letter: str) -> dict[str, Any]:
    """The weights of one gate of an LSTM with two units."""
    return {f"W{letter}": [f"W{letter}1", f"W{letter}2"], f"U{letter}": [[f"U{letter}11", f"U{letter}12"], [f"U{letter}21", f"U{letter}22"]]}


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
        "y": [f"y{sample}" for sample in range(5)],
        "theta": ["t1", "t2", "t3"],
        "h": [f"h{sample}" for sample in range(5)],
    },
    "cs231n_score_gradient": {"f": ["f1", "f2", "f3"], "p": ["p1", "p2", "p3"]},
    "mazur_2_2_2_sigmoid": {"target_o1": "t1", "target_o2": "t2"},
    "onenoughtone_softmax_ce_logits": {"z": ["z1", "z2", "z3"], "p": ["p1", "p2", "p3"]},
    "thsis_lstm_three_steps": {
        **gates("c"), **gates("o"), **gates("f"), **gates("i"),
        "w": ["w1", "w2"],
        "x": ["x1", "x2", "x3"],
        "h0": ["h0_1", "h0_2"],
        "c0": ["c0_1", "c0_2"],
        "p": ["y1", "y2", "y3"],
        "c": [[f"c{time}_1", f"c{time}_2"] for time in range(4)],
        "h": [[f"h{time}_1", f"h{time}_2"] for time in range(4)],
    },
}  # fmt: skip
ONE_HOT: dict[str, dict[str, Any]] = {  # where the loss of the case is written for the class of its sample
    "coursera_nn_small": {"y": [[0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]]},
    "cs231n_softmax_classifier": {"y0": 0, "y1": 0, "y2": 1},
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


def given_values(name: str) -> dict[str, Any]:
    """The numbers below `values:` of the spec."""
    return {given.name.text: np.asarray(given.value, dtype=float) for given in read_spec(spec_text(name), name).values}


def leaf_values(name: str) -> dict[str, Any]:
    facts = facts_of(NUMERIC, name)
    numbers = {leaf: value for key in LEAVES for leaf, value in facts.get(key, {}).items()}
    return by_name(ARRAYS.get(name, {}), numbers) | ONE_HOT.get(name, {})


@cache
def worked(name: str) -> Worked:
    """The spec at its own values; samples, which a spec has no values for, are those of the case."""
    return Worked(spec_text(name), leaf_values(name) | given_values(name))


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
def test_the_values_of_the_spec_are_those_of_the_case(name: str) -> None:
    expected = leaf_values(name)
    assert [leaf for leaf, value in given_values(name).items() if not close(value, expected[leaf], 0)] == []


@EACH
def test_forward_values_are_those_of_the_case(name: str) -> None:
    case = worked(name)
    recomputed = facts_of(NUMERIC, name)["recomputed"]
    known = by_name(ARRAYS.get(name, {}), {**leaf_values(name), **recomputed["forward"]})
    assert [node for node, value in case.forward.items() if node in known and not close(value, known[node])] == []
    losses = case.forward[case.graph.cost.loss]
    assert close(np.mean(losses), recomputed["loss"])


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
    """Forward values and gradients, as far as the natural spec has a node for them. A slip is explained with the case."""
    facts, numbers = facts_of(NUMERIC, name), numbers_of(name)
    printed = [each for each in printed_numbers(facts) if each[0] in numbers]
    verdicts = {(section, quantity): agreement(digits, numbers[section][quantity]) for section, quantity, digits in printed if quantity in numbers[section]}
    assert {place for place, verdict in verdicts.items() if verdict == "differs"} == set(differences(facts)) & set(verdicts)
    assert [quantity for section, quantity, _ in printed if (section, quantity) not in verdicts] == UNNAMED.get(name, [])


def numbers_of(name: str) -> dict[str, dict[str, float]]:
    """Our numbers for what a source prints, by the names of the case; its loss is our cost."""
    case, facts = worked(name), facts_of(NUMERIC, name)
    forward = {facts["loss"]: float(np.mean(case.forward[case.graph.cost.loss]))}
    gradients: dict[str, float] = {}
    for node in case.graph.by_name:
        entries = np.asarray(ARRAYS.get(name, {}).get(node, node), dtype=object)
        if entries.shape == np.shape(case.forward[node]):
            forward |= {entries[place]: float(np.asarray(case.forward[node])[place]) for place in np.ndindex(entries.shape)}
            gradient = np.asarray(case.forms(node)["textbook"], dtype=float)
            gradients |= {entries[place]: float(gradient[place]) for place in np.ndindex(entries.shape)}
    return {"forward": forward, "gradients": gradients}


@EACH
def test_the_check_passes(name: str) -> None:
    report = check(worked(name))
    assert report.passed
    assert report.power.caught == report.power.planted > 0


@pytest.mark.parametrize(("name", "quantity"), [(name, quantity) for name, texts in PRINTED.items() for quantity in texts])
def test_a_gradient_is_printed_as_derived_by_the_source(name: str, quantity: str) -> None:
    assert worked(name).text(quantity) == PRINTED[name][quantity]
