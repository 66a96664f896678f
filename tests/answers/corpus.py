"""Published mistakes as networks: their facts are in `tests/cases/data/mistakes.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from backprop_derive import build_graph, derive, read_spec
from backprop_derive.calculus.derivation import Derivation

FACTS = Path(__file__).parents[1] / "cases" / "data" / "mistakes.yaml"
_WORD = re.compile(r"[A-Za-z]\w*\(?")

Case = Mapping[str, Any]


@cache
def corpus() -> Mapping[str, tuple[Case, ...]]:
    """The cases: `mistakes`, and `right` for right formulas that were called wrong."""
    found = yaml.safe_load(FACTS.read_text(encoding="utf-8"))
    return {kind: tuple(cases) for kind, cases in found.items()}


def spec_of(case: Case) -> str:
    """The network of a case. What is differentiated by is a parameter if it is a leaf; so are w, b, u and their kind."""
    formulas = {**case["nodes"], "the_loss": case["loss"]}
    words = [word for formula in formulas.values() for word in _WORD.findall(formula)]
    leaves = dict.fromkeys(word for word in words if not word.endswith("(") and word not in formulas)
    abstract = dict.fromkeys(word[:-1] for word in words if word in ("f(", "g("))
    parameters = [name for name in leaves if name == case["of"] or name[0] in "wbu"] or list(leaves)[:1]
    inputs = [name for name in leaves if name not in parameters]
    lines = [f"inputs: [{', '.join(inputs)}]"] if inputs else []
    lines += [f"parameters: [{', '.join(parameters)}]", "equations:", *(f"  {name}: {formula}" for name, formula in formulas.items())]
    lines += ["functions:", *(f"  {name}: abstract" for name in abstract)] if abstract else []
    return "\n".join([*lines, "loss: the_loss", "cost: single", ""])


def derivation_of(case: Case) -> Derivation:
    """The derivation of a case's network."""
    return derive(build_graph(read_spec(spec_of(case), case["id"])))
