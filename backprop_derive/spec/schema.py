"""The JSON Schema of specs, made from the table of keys that the loader reads by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backprop_derive.spec.forms import DEFINITIONS, Form
from backprop_derive.spec.keys import KEYS, STYLES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def spec_schema(layers: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The schema of a spec, draft 2020-12; `layers` are the kinds of layer, each with the names of its options."""
    return {
        "$schema": DIALECT,
        "title": "backprop_derive spec",
        "description": "A neural network whose gradients are to be derived.",
        "type": "object",
        "properties": {key.name: {"description": key.sentence, **key.form} for key in KEYS},
        "additionalProperties": False,
        "oneOf": [{"required": [style]} for style in STYLES],
        "$defs": {**DEFINITIONS, "layer": _layer(layers)},
    }


def _layer(layers: Mapping[str, Sequence[str]]) -> Form:
    """A bare word, or the kind with its main argument and the options of that kind."""
    entries = [
        {"type": "object", "properties": {kind: {}, **{option: {} for option in options}}, "required": [kind], "additionalProperties": False}
        for kind, options in layers.items()
    ]
    return {"anyOf": [{"enum": list(layers)}, *entries]}
