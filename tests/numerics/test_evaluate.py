"""`evaluate`: forward values, adjoints, gradients and steps, against published numbers and the complex step."""

from __future__ import annotations

from pathlib import Path

import pytest

from backprop_derive import build_graph, evaluate, load_spec

SPECS = Path(__file__).resolve().parents[2] / "specs"

MAZUR = {
    "net_h1": "0.3775", "out_h1": "0.593269992", "out_h2": "0.596884378", "net_o1": "1.105905967", "out_o1": "0.75136507",
    "out_o2": "0.772928465", "L": "0.298371109",
}  # fmt: skip
MAZUR_GRADIENTS = {"w5": "0.082167041", "w1": "0.000438568"}
MAZUR_UPDATED = {
    "w1": "0.149780716", "w2": "0.19956143", "w3": "0.24975114", "w4": "0.29950229", "w5": "0.35891648", "w6": "0.408666186", "w7": "0.511301270",
    "w8": "0.561370121", "b1": "0.35", "b2": "0.60",
}  # fmt: skip


def printed(value: float, text: str) -> str:
    """The value with as many places behind the point as the text has."""
    return f"{value:.{len(text.partition('.')[2])}f}"


def test_mazur_prints_the_published_numbers() -> None:
    found = evaluate(build_graph(load_spec(SPECS / "mazur.yaml")))
    assert {name: printed(float(found.values[name]), text) for name, text in MAZUR.items()} == MAZUR
    assert {name: printed(float(found.gradients[name]), text) for name, text in MAZUR_GRADIENTS.items()} == MAZUR_GRADIENTS
    assert found.updated is not None
    assert {name: printed(float(found.updated[name]), text) for name, text in MAZUR_UPDATED.items()} == MAZUR_UPDATED
    assert printed(float(found.adjoints["out_h1"]), "0.036350306") == "0.036350306"
    assert found.history[0] == found.cost
    assert found.history[1] == pytest.approx(0.29102777369359933, rel=1e-14)
