"""The keys of a spec, one row each: the loader reads by them, and the JSON Schema is made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backprop_derive.errors import nearest
from backprop_derive.frozen import dataclass
from backprop_derive.spec import fields, styles
from backprop_derive.spec.forms import DECLARED, NAME, NUMBER, REFERENCE, SHAPE, TEXT, Form, choice, mapping, one_or_list, record
from backprop_derive.spec.latex import read_latex
from backprop_derive.spec.problems import Problems
from backprop_derive.spec.source import Value
from backprop_derive.spec.values import DRAWN, OTHERS, read_data, read_seed, read_values

Reader = Callable[[Value, Problems], Any]


@dataclass(frozen=True, slots=True)
class Key:
    """A key: the field of the spec's model that it fills, who reads it, its JSON Schema, and what it says. Without a
    field, the reader gives several fields by their names."""

    name: str
    field: str
    read: Reader
    form: Form
    sentence: str


_OPTIONS: Form = {"anyOf": [mapping(NAME, NUMBER), {"type": "null"}, choice("")]}
_WITH_OPTIONS: Form = {"anyOf": [TEXT, {**mapping(TEXT, _OPTIONS), "maxProperties": 1}]}
_PENALTY: Form = {
    **record({"l1": TEXT, "l2": TEXT, "of": {"anyOf": [choice("weights", "all"), one_or_list(NAME)]}}),
    "anyOf": [{"required": ["l1"]}, {"required": ["l2"]}],
}
_BIAS: Form = {"anyOf": [NAME, {"const": False}, choice("none", "false")]}
_NODE: Form = record(
    {"weights": mapping(NAME, one_or_list(REFERENCE)), "bias": _BIAS, "activation": _WITH_OPTIONS, "output": NAME, "preactivation": NAME}, ("weights",)
)
_NUMBERS: Form = {"$ref": "#/$defs/numbers"}
_OF_VALUES: Form = {**mapping(REFERENCE, _NUMBERS), "properties": {OTHERS: {"anyOf": [choice(*DRAWN), _NUMBERS]}}}
_VALUES: Form = {"if": {"type": "string"}, "then": choice(*DRAWN), "else": _OF_VALUES}
_SAMPLE: Form = mapping(REFERENCE, {"anyOf": [TEXT, _NUMBERS]})
_DATA: Form = {"anyOf": [{"type": "string", "pattern": r"\S"}, _SAMPLE, {"type": "array", "items": _SAMPLE, "minItems": 1}]}
_LAYERS: Form = {"type": "array", "items": {"$ref": "#/$defs/layer"}, "minItems": 1}

KEYS: tuple[Key, ...] = (
    Key("title", "title", fields.read_title, TEXT, "What the network is called."),
    Key("inputs", "inputs", fields.read_inputs, DECLARED, "What each sample gives: x, [x1, x2], 2 (a vector x of two), {x: n}, {x: [n, d]}."),
    Key("targets", "targets", fields.read_targets, DECLARED, "What the outputs should be: y, [y1, y2], {y: 3}. Default: y, of the size of the output."),
    Key("parameters", "parameters", fields.read_parameters, one_or_list(NAME), "What is learnt; required with equations."),
    Key("constants", "constants", fields.read_constants, DECLARED, "What is fixed, without a sample index: [eps], {c: 3, h0: [d]}."),
    Key("sizes", "sizes", fields.read_sizes, mapping(NAME, SHAPE), "Shapes of arrays and numbers for sizes: {W1: [h, n], n: 3}."),
    Key("functions", "functions", fields.read_functions, mapping(TEXT, TEXT), "Activations of one's own: `swish2(z): z*sigmoid(z)`, or `snake: abstract`."),
    Key("outputs", "outputs", fields.read_outputs, one_or_list(NAME), "What the loss compares with the targets, in their order. Default: what nothing reads."),
    Key("loss", "loss", fields.read_loss, _WITH_OPTIONS, "The loss of one sample: an equation or a node, a loss of the table, {huber: {delta: 1}}, or a formula."),
    Key("cost", "cost", fields.read_cost, choice(*fields.COSTS), "How losses become the cost: mean (default), sum, or single for one sample."),
    Key("regularization", "regularization", fields.read_regularization, _PENALTY, "A penalty added once: {l2: lambda, of: weights}."),
    Key("values", "", read_values, _VALUES, "Numbers for names, {w1: 0.15, W2: [[0.4, 0.45], [0.5, 0.55]]}; others: random, xavier or he; or one of these alone."),
    Key("seed", "seed", read_seed, {"type": ["integer", "string"], "minimum": 0}, "From what values are drawn; 0 by default."),
    Key("data", "data", read_data, _DATA, "The samples: a list, [{x1: 0.05, y: 1}], or the name of a CSV file with a header."),
    Key("assume", "assume", fields.read_assumptions, {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}, "What may be taken for granted: 'sum(y) = 1', one_hot(y), probabilities(y), binary(y), symmetric(W), 'z != 0'."),
    Key("frozen", "frozen", fields.read_frozen, one_or_list(REFERENCE), "Parameters that are differentiated but not updated."),
    Key("optimizer", "optimizer", fields.read_optimizer, _WITH_OPTIONS, "How a step is made: sgd (default), momentum, nesterov, adagrad, rmsprop, adam, or {adam: {beta1: 0.9}}."),
    Key("learning_rate", "learning_rate", fields.read_learning_rate, {**NUMBER, "exclusiveMinimum": 0}, "The step of the update, above 0."),
    Key("latex", "latex", read_latex, mapping(NAME, {"type": "string"}), "How names are written in LaTeX: {o1: 'o_1'}."),
    Key("layers", "layers", styles.read_layers, _LAYERS, "The network as a list of layers."),
    Key("nodes", "neurons", styles.read_nodes, mapping(NAME, _NODE), "The network as named nodes: `A1: {weights: {w11: x1}, activation: f_A1}`."),
    Key("equations", "equations", styles.read_equations, mapping(REFERENCE, TEXT), "The network as equations: `z[j]: sum(W[j,k]*x[k], k)`."),
)  # fmt: skip

BY_NAME: dict[str, Key] = {key.name: key for key in KEYS}

_CALLED = {
    "lr": "learning_rate", "eta": "learning_rate", "rate": "learning_rate", "weight_decay": "regularization", "l2": "regularization", "l1": "regularization",
    "penalty": "regularization", "hidden": "layers", "network": "layers", "model": "layers", "neurons": "nodes", "units": "nodes", "weights": "values",
    "outputs_true": "targets", "labels": "targets", "truth": "targets", "x": "inputs", "features": "inputs", "objective": "loss", "samples": "data", "dataset": "data",
    "shapes": "sizes", "dimensions": "sizes", "assumptions": "assume", "name": "title", "fixed": "frozen",
}  # fmt: skip
"""What keys are called elsewhere."""


def nearest_key(name: str) -> tuple[str, ...]:
    """The key that is meant by a name that is none, as far as one can tell."""
    called = _CALLED.get(name.lower())
    return (called,) if called is not None else nearest(name, BY_NAME)
STYLES = ("layers", "nodes", "equations")
