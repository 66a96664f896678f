"""docs/spec.md: every key has a section, every example is a spec that works, and what is planned is refused as such."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import derive
from backprop_derive.numerics.gradcheck import check_gradients
from backprop_derive.operations.functions import find_function
from backprop_derive.operations.layers import LAYERS
from backprop_derive.spec.keys import KEYS, STYLES
from backprop_derive.spec.loading import read_spec
from backprop_derive.spec.styles import NODE_KEYS

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "spec.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
NETWORK = "\ninputs: {x: 2}\nlayers:\n  - dense: 3\n  - softmax\nloss: cross_entropy\n"


def section(title: str) -> str:
    """The text below a heading."""
    return re.split(r"\n#+ ", PAGE.split(f"\n### {title}\n", 1)[1], maxsplit=1)[0]


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_is_derived_and_proved(text: str) -> None:
    assert check_gradients(derive(build_graph(read_spec(text))), seeds=(0,)).passed


@pytest.mark.parametrize("name", [key.name for key in KEYS])
def test_a_key_has_a_section(name: str) -> None:
    assert section(name).strip()


def test_layers_their_options_and_the_keys_of_nodes_are_listed() -> None:
    options = {option for row in LAYERS.values() for option in row.options}
    first = [cell for line in section("layers").splitlines() if line.startswith("| `") for cell in line.split("|")[1].split(",")]
    assert {*LAYERS, *options} <= {cell.strip(" `") for cell in first}
    assert [name for name in NODE_KEYS if f"| `{name}` |" not in section("nodes")] == []


def test_what_is_built_is_not_called_planned() -> None:
    assert [name for name in LAYERS if f"`{name}`" in section("layers").partition("Planned")[2]] == []
    assert set(STYLES) == {"layers", "nodes", "equations"}


@pytest.mark.parametrize("said", re.findall(r"`([^`]+)`", " ".join(row.split(" | ")[0] for row in section("assume").splitlines() if row.startswith("| `"))))
def test_an_assumption_of_the_page_is_read(said: str) -> None:
    names = "inputs: {x: 2, W: [2, 2]}\ntargets: {y: 3, y1: [], y2: []}\nparameters: [V]\nsizes: {V: [3]}\nconstants: [z, p]\n"
    text = names + f"equations:\n  s: sum(V[c]*y[c], c) + p*z*y1*y2*x[1]*W[1,2]\nassume:\n  - {said}\n"
    assert build_graph(read_spec(text)).assumed


def test_the_functions_of_the_page_exist() -> None:
    (listed,) = re.findall(r"- Functions: `([^`]+)`", PAGE)
    assert len(listed.split()) > 20
    assert [name for name in listed.split() if find_function(name) is None] == []


def test_bare_examples_of_the_page_are_read() -> None:
    for line in re.findall(r"`((?:title|values|latex|frozen|learning_rate|sizes|constants|inputs|cost): [^`]+)`", PAGE):
        key = line.partition(":")[0]
        network = NETWORK.replace("inputs: {x: 2}\n", "") if key == "inputs" else NETWORK
        assert read_spec(line + network).style == "layers"
