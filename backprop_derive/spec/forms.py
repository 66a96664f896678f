"""JSON Schema fragments: what the YAML of a key may look like.

A schema says less than the readers of fields do: it knows shapes and spellings, not which names a spec has. Plain numbers
may come as text, since that is how a spec is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Form = dict[str, Any]

_LETTER = r'''[^\s\d_'"^()\[\]{},;:+*/=<>&|!?%$#@~\\-]'''
_CHARACTER = r'''[^\s"^()\[\]{},;:+*/=<>&|!?%$#@~\\-]'''
_LABEL = r"(\^\([A-Za-z0-9]+\))?"
_WHOLE = r"^\s*0*[1-9][0-9]{0,8}\s*$"

TEXT: Form = {"type": ["string", "number", "boolean"], "pattern": r"\S"}
NAME: Form = {"type": "string", "pattern": rf"^\s*{_LETTER}{_CHARACTER}*{_LABEL}\s*$", "not": {"enum": ["none", "null", "true", "false"]}}
REFERENCE: Form = {"type": "string", "pattern": rf"^\s*{_LETTER}{_CHARACTER}*{_LABEL}\s*(\[[^\[\]]+\]\s*)*{_LABEL}\s*$"}
LENGTH: Form = {
    "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": _WHOLE}, {"type": "string", "pattern": r"[^\s\d.+*/()-]"}]
}
NUMBER: Form = {"type": ["number", "string"], "pattern": r"\S"}


def choice(*values: str) -> Form:
    """One of a few words."""
    return {"enum": list(values)}


def one_or_list(item: Form) -> Form:
    """`x` or `[x1, x2]`."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def mapping(keys: Form, values: Form) -> Form:
    """`{key: value}` with keys that the spec chooses."""
    return {"type": "object", "propertyNames": keys, "additionalProperties": values, "minProperties": 1}


def record(entries: dict[str, Form], required: Sequence[str] = ()) -> Form:
    """`{key: value}` with given keys."""
    return {"type": "object", "properties": entries, "additionalProperties": False, **({"required": list(required)} if required else {})}


SHAPE: Form = {"anyOf": [LENGTH, {"type": "array", "items": LENGTH}]}
_SHAPED = mapping(NAME, SHAPE)
DECLARED: Form = {
    "anyOf": [
        NAME,
        {"type": "integer", "minimum": 1},
        {"type": "string", "pattern": _WHOLE},
        _SHAPED,
        {"type": "array", "items": {"anyOf": [NAME, _SHAPED]}},
    ]
}
DEFINITIONS: Form = {"numbers": {"anyOf": [NUMBER, {"type": "array", "items": {"$ref": "#/$defs/numbers"}, "minItems": 1}]}}
