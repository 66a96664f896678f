"""The JSON Schema of specs: it accepts what the loader accepts, and rejects what has the wrong shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from backprop_derive.operations.layers import LAYERS
from backprop_derive.spec.keys import KEYS
from backprop_derive.spec.schema import spec_schema

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).resolve().parents[2]
SPECS = [*sorted((ROOT / "specs").glob("*.yaml")), ROOT / "backprop_derive" / "cli" / "starter.yaml"]
SCHEMA = spec_schema({kind: row.options for kind, row in LAYERS.items()})
NETWORK = "\nnodes: {A: {weights: {w: x}}}\n"


class EditorLoader(yaml.SafeLoader):
    """Numbers are numbers, as an editor reads them; y, n, on and off are text, as in YAML 1.2."""


EditorLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if not tag.endswith(":bool")] for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def problems_of(text: str, loader: type[yaml.BaseLoader] = yaml.BaseLoader) -> list[Any]:
    """What the schema finds wrong; BaseLoader leaves every scalar as text, as a spec is read."""
    return list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(yaml.load(text, Loader=loader)))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
@pytest.mark.parametrize("loader", [yaml.BaseLoader, EditorLoader])
def test_shipped_specs_are_valid(path: Path, loader: type[yaml.BaseLoader]) -> None:
    assert problems_of(path.read_text(encoding="utf-8"), loader) == []


@pytest.mark.parametrize(
    "text",
    [
        "inputs: 2", "inputs: [x1, x2]", "inputs: {x: [n, d]}", "inputs: [λ, ŷ, x₁, y′, a^(2)]", "targets: {y: 3}", "constants: {c: 3, h0: [d]}",
        "sizes: {W1: [h, n - 1], n: 3}", "outputs: [price, kind]", "loss: {huber: {delta: 1}}", "loss: {mse: }", "cost: sum",
        "regularization: {l2: lambda/m, of: [W1, b]}", "regularization: {l1: 0.1, l2: 1}", "assume: []", "assume: one_hot(y)",
        "values: {w1: 0.15, 'W2[1,2]': 1/3, W3: [[1, 2], [3, 4]]}", "learning_rate: 1e-3", "latex: {o1: 'o_1'}", "functions: {snake: abstract}",
        "frozen: ['W1[2,1]', b]",
    ],
)  # fmt: skip
def test_keys_as_documented_are_valid(text: str) -> None:
    assert problems_of(text + NETWORK) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("layer: [softmax]", []),
        ("inputs: {x: 0}", ["inputs"]),
        ("inputs: {x: 1.5}", ["inputs"]),
        ("inputs: my-input", ["inputs"]),
        ("inputs: [none]", ["inputs"]),
        ("targets: {y: [[2]]}", ["targets"]),
        ("cost: avg", ["cost"]),
        ("loss: [a, b]", ["loss"]),
        ("loss: {a: {b: 1}, c: {d: 1}}", ["loss"]),
        ("regularization: {of: weights}", ["regularization"]),
        ("regularization: {l3: 1}", ["regularization"]),
        ("regularization: 0.1", ["regularization"]),
        ("values: 3", ["values"]),
        ("values: {W: []}", ["values", "W"]),
        ("latex: {o1: [a]}", ["latex", "o1"]),
        ("outputs: {a: b}", ["outputs"]),
        ("title: [a]", ["title"]),
        ("sizes: [n]", ["sizes"]),
        ("parameters: {W: 3}", ["parameters"]),
    ],
)
def test_wrong_shapes_are_rejected_where_they_stand(text: str, path: list[str]) -> None:
    assert path in [list(problem.absolute_path) for problem in problems_of(text + NETWORK)]


@pytest.mark.parametrize(
    "text",
    [
        "title: a",
        "layers: [softmax]\nequations: {a: b}",
        "layers: []",
        "layers: [{dense: 2, activaton: tanh}]",
        "layers: [conv9d]",
        "nodes: {A: {activation: tanh}}",
        "nodes: {A: {weights: {w: x}, activaton: tanh}}",
        "nodes: {A: {weights: {}}}",
        "equations: {'z[j': x}",
        "equations: {}",
    ],
)
def test_wrong_networks_are_rejected(text: str) -> None:
    assert problems_of(text) != []


def test_every_key_has_a_row_with_a_description() -> None:
    assert list(SCHEMA["properties"]) == [key.name for key in KEYS]
    assert all(entry["description"].endswith(".") for entry in SCHEMA["properties"].values())
