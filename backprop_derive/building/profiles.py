"""`--notation`: a row of the table by its name, or a notation of one's own from a YAML file.

    like: nielsen            # what is not said is as there; without it as in this project's own notation
    weights: 'w^({l})'       # {l} is the number of the layer: W{l}, W_{l}, W^{l}, W^({l}), W^[{l}]
    cost: E
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backprop_derive.building.renaming import renaming_of
from backprop_derive.errors import Problem, SpecError, UsageError, nearest
from backprop_derive.graph.nodes import Graph
from backprop_derive.notation import canonical, is_name
from backprop_derive.operations.notations import DEFAULT, NOTATIONS, Profile, find_notation, pattern_of
from backprop_derive.spec.fields import read_text
from backprop_derive.spec.loading import file_text
from backprop_derive.spec.problems import Problems, quoted
from backprop_derive.spec.source import Mapping as YamlMapping
from backprop_derive.spec.source import Scalar, Sequence, Value
from backprop_derive.spec.yaml_reader import read_tree

SUFFIXES = (".yaml", ".yml")
_PREFIX = "d"
_HIGHEST_FIRST = 9


def in_notation(graph: Graph, notation: str) -> Graph:
    r"""The network in the notation of a book, by its name, or of a YAML file: what is derived, read and judged of it is in that notation.

    Raises UsageError for an unknown one, SpecError for a file that cannot be used.

    >>> from backprop_derive import build_graph, read_spec
    >>> graph = in_notation(build_graph(read_spec("inputs: 2\nlayers: [dense: 1]\nloss: mse")), "nielsen")
    >>> graph.parameters, graph.cost.loss
    (('w^(2)', 'b^(2)'), 'C_x')
    """
    profile = profile_named(notation)
    return graph if profile is None else renaming_of(graph, profile).renamed


def profile_named(name: str) -> Profile | None:
    """The notation of a name or a file; None for the project's own, which changes nothing. Raises UsageError or SpecError."""
    if name.endswith(SUFFIXES):
        return read_profile(file_text(Path(name)), name)
    row = find_notation(name)
    if row is None:
        known = [each.name for each in NOTATIONS]
        message = f"there is no notation {quoted(name)}; there are {', '.join(known)}, and files of your own, such as my.yaml"
        raise UsageError(Problem(message, value=name, nearest=nearest(name, known)))
    return None if row.name == DEFAULT else row


def read_profile(text: str, file: str | None = None) -> Profile:
    """The notation that a YAML text says. Raises SpecError with every problem and its place.

    >>> read_profile("like: bishop\\ncost: J").cost
    'J'
    """
    problems = Problems()
    tree = read_tree(text, file, problems)
    if not isinstance(tree, YamlMapping):
        problems.add(tree.mark, "a notation is a mapping of keys, such as `weights: 'w^({l})'`")
        raise SpecError(problems.found)
    found: dict[str, Any] = {}
    for key, value in tree.entries:
        row = KEYS.get(key.text)
        if row is None:
            problems.add(key.mark, f"unknown key {quoted(key.text)}", key.text, nearest(key.text, KEYS))
        elif (result := row.read(value, problems)) is not None:
            found[row.field] = result
    like = found.pop("like", NOTATIONS[0])
    if "activation" in found and like.input == like.activation:
        found.setdefault("input", found["activation"])
    title = found.pop("title", "" if file is None else Path(file).name)
    meanings = found.pop("meanings", ()) or (like.meanings if not found else ())
    made: Profile = replace(like, **found, name=Path(file).stem if file else "own", title=title or "a notation of one's own", source="", meanings=meanings)
    _check_whole(made, tree, problems)
    if problems.found:
        raise SpecError(problems.found)
    return made


def _check_whole(profile: Profile, tree: YamlMapping, problems: Problems) -> None:
    """No two quantities have one name."""
    kinds = ("weights", "bias", "preactivation", "activation", "error")
    names: dict[str, str] = {}
    for kind in kinds:
        pattern = pattern_of(getattr(profile, kind))
        name = pattern.letters + pattern.closing if pattern is not None else ""
        if name and name in names:
            message = f"{_KEY_OF[kind]} and {_KEY_OF[names[name]]} would have the same names, {getattr(profile, kind)}"
            problems.add(_mark_of(tree, kind, names[name]), message)
        names.setdefault(name, kind)
    if profile.cost == profile.loss:
        problems.add(_mark_of(tree, "loss", "cost"), f"the cost and the loss of one sample would both be called {profile.cost}")


def _mark_of(tree: YamlMapping, *fields: str) -> Any:
    return next((key.mark for key, _ in tree.entries if KEYS.get(key.text) is not None and KEYS[key.text].field in fields), tree.mark)


# -- the keys -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Key:
    """A key: the field of the profile that it fills, who reads it, and what it says."""

    field: str
    read: Callable[[Value, Problems], Any]
    sentence: str


def _read_like(value: Value, problems: Problems) -> Profile | None:
    text = read_text(value, problems, "the name of a notation")
    row = None if text is None else find_notation(text.text)
    if text is not None and row is None:
        known = [each.name for each in NOTATIONS]
        problems.add(text.mark, f"there is no notation {quoted(text.text)}; there are {', '.join(known)}", text.text, nearest(text.text, known))
    return row


def _read_pattern(value: Value, problems: Problems) -> str | None:
    text = read_text(value, problems, "a pattern such as W{l}, w^{l} or w^({l})")
    if text is not None and pattern_of(text.text) is None:
        problems.add(text.mark, f"{quoted(text.text)} is no pattern: letters, then {{l}} for the layer's number as in W{{l}}, W_{{l}}, W^{{l}}, W^({{l}}) or W^[{{l}}]", text.text)
        return None
    return None if text is None else text.text


def _read_error(value: Value, problems: Problems) -> str | None:
    return _PREFIX if isinstance(value, Scalar) and value.text == _PREFIX else _read_pattern(value, problems)


def _read_input(value: Value, problems: Problems) -> str | None:
    return _read_pattern(value, problems) if isinstance(value, Scalar) and "{" in value.text else _read_name(value, problems)


def _read_name(value: Value, problems: Problems) -> str | None:
    text = read_text(value, problems, "a name")
    name = "" if text is None else canonical(text.text)
    if text is not None and not is_name(name):
        problems.add(text.mark, f"{quoted(text.text)} is no name: a letter, then letters, digits, _ and primes", text.text)
    return name if is_name(name) else None


def _read_letter(value: Value, problems: Problems) -> str | None:
    name = _read_name(value, problems)
    if name is not None and not (len(name) == 1 and name.isalpha()):
        problems.add(value.mark, f"{quoted(name)} is no index: it is one letter", name)
        return None
    return name


def _read_first(value: Value, problems: Problems) -> int | None:
    text = read_text(value, problems, "the number of the first layer with weights, such as 1 or 2")
    if text is None:
        return None
    if not text.text.isdecimal() or not 1 <= int(text.text) <= _HIGHEST_FIRST:
        problems.add(text.mark, f"{quoted(text.text)} is no number of a first layer: it is 1 to {_HIGHEST_FIRST}", text.text)
        return None
    return int(text.text)


def _read_vectors(value: Value, problems: Problems) -> bool | None:
    text = read_text(value, problems, "columns or rows")
    if text is not None and text.text not in ("columns", "rows"):
        problems.add(text.mark, f"vectors are columns or rows, not {quoted(text.text)}", text.text, nearest(text.text, ("columns", "rows")))
        return None
    return None if text is None else text.text == "rows"


def _read_meanings(value: Value, problems: Problems) -> tuple[str, ...]:
    items = value.items if isinstance(value, Sequence) else (value,)
    return tuple(" ".join(text.text.split()) for item in items if (text := read_text(item, problems, "a sentence")) is not None)


def _read_title(value: Value, problems: Problems) -> str | None:
    text = read_text(value, problems, "a title")
    return None if text is None else " ".join(text.text.split())


KEYS: Mapping[str, Key] = {
    "like": Key("like", _read_like, "the notation that all that is not said is taken from; without it this project's own"),
    "title": Key("title", _read_title, "what the head of a page says of it"),
    "weights": Key("weights", _read_pattern, "the weights of a layer, `W{l}`"),
    "bias": Key("bias", _read_pattern, "its biases, `b{l}`; `w^({l})[j,0]` is the weight from a unit 0"),
    "preactivation": Key("preactivation", _read_pattern, "the weighted sums, `z{l}`"),
    "activation": Key("activation", _read_pattern, "the activations, `a{l}`"),
    "error": Key("error", _read_error, "the derivative of the loss by a weighted sum, `delta{l}`; `d` puts a d in front of every name"),
    "input": Key("input", _read_input, "the input, `x`; with `{l}` it counts as the layer in front of the first"),
    "output": Key("output", _read_name, "the activation of the last layer, if it has a name of its own"),
    "last": Key("last", _read_name, "the weighted sum of the last layer, if it has a name of its own"),
    "target": Key("target", _read_name, "the target, `y`"),
    "cost": Key("cost", _read_name, "what is differentiated, over all samples, `C`"),
    "loss": Key("loss", _read_name, "the loss of one sample, `L`"),
    "samples": Key("count", _read_name, "how many samples there are, `m`"),
    "sample_index": Key("sample", _read_letter, "the index of the samples, `i`"),
    "first_layer": Key("first", _read_first, "the number of the first layer with weights, 1"),
    "vectors": Key("rows", _read_vectors, "`columns`, z = Wa + b; or `rows`, z = aW + b, where W[k,j] goes from k to j"),
    "meanings": Key("meanings", _read_meanings, "sentences on the letters for the head of a page"),
}
_KEY_OF = {row.field: name for name, row in KEYS.items()}
