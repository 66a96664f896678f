"""A spec file → NetworkSpec. All that is wrong with a file is raised at once."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from backprop_derive.errors import Problem, SpecError, nearest
from backprop_derive.spec.declarations import report_name_clashes
from backprop_derive.spec.keys import BY_NAME, STYLES, nearest_key
from backprop_derive.spec.model import NetworkSpec
from backprop_derive.spec.problems import Problems, quoted, shown
from backprop_derive.spec.source import Mapping, Scalar, Value
from backprop_derive.spec.yaml_reader import MAXIMUM_BYTES, read_tree


def load_spec(path: str | os.PathLike[str]) -> NetworkSpec:
    """The spec in the file at `path`. Raises SpecError with every problem, each with its place in the file."""
    return read_spec(file_text(path), str(path))


def read_spec(text: str, file: str | None = None) -> NetworkSpec:
    """The spec that `text` says; `file` is the name that problems give.

    Raises SpecError with every problem; if the text could be read as YAML, `partial` of the error is the spec of
    all that was right, unless the text has no network.

    >>> spec = read_spec("inputs: x\\nlayers: [dense: 2]")
    >>> spec.style, spec.inputs[0].name.text, spec.layers[0].kind.text
    ('layers', 'x', 'dense')
    """
    problems = Problems()
    tree = read_tree(text, file, problems)
    spec = _read_network(tree, text, problems)
    if spec is not None:
        report_name_clashes(spec, problems)
    if problems.found:
        raise SpecError(problems.found, None if spec is None else replace(spec, faults=problems.found))
    assert spec is not None
    return spec


def _read_network(tree: Value, text: str, problems: Problems) -> NetworkSpec | None:
    if not isinstance(tree, Mapping):
        problems.add(tree.mark, "a spec is a mapping of keys, such as `inputs: [x1, x2]`")
        return None
    style = _read_style(tree, problems)
    found: dict[str, Any] = {}
    for key, value in tree.entries:
        if key.text not in BY_NAME:
            problems.add(key.mark, f"unknown key {quoted(key.text)}", key.text, nearest_key(key.text))
        elif isinstance(value, Scalar) and not value.text:
            problems.add(value.mark, f"{key.text} has no value: write one, or leave the key out")
        else:
            row = BY_NAME[key.text]
            result = row.read(value, problems)
            if not row.field:
                found.update(result)
            elif result is not None and (key.text not in STYLES or key.text == style):
                found[row.field] = result
    given = frozenset(key.text for key, _ in tree.entries)
    return None if style is None else NetworkSpec(style=style, mark=tree.mark, text=text, given=given, **found)


def _read_style(tree: Mapping, problems: Problems) -> Any:
    """Which one of layers, nodes and equations the spec has."""
    given = [key for key, _ in tree.entries if key.text in STYLES]
    for other in given[1:]:
        first = given[0]
        message = f"a spec has one of layers, nodes and equations: {first.text} is on line {first.mark.line} already"
        problems.add(other.mark, message, other.text)
    misspelled = any(nearest(key.text, STYLES) for key, _ in tree.entries if key.text not in BY_NAME)
    if not given and not misspelled:
        alone = "; a formula alone is an equation: `equations: {L: …}`" if any(key.text == "loss" for key, _ in tree.entries) else ""
        problems.add(tree.mark, f"the network is missing: one of layers, nodes, equations{alone}")
    return given[0].text if given else None


def file_text(path: str | os.PathLike[str]) -> str:
    """The text of a file, which is UTF-8 and not too large. Raises SpecError."""
    file = str(path)
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAXIMUM_BYTES + 4)
    except FileNotFoundError:
        raise SpecError(Problem("there is no such file", file, value=file, nearest=_neighbours(file))) from None
    except IsADirectoryError:
        raise SpecError(Problem("this is a folder, not a spec", file, value=file)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError(Problem(f"the file cannot be read: {reason}", shown(file), value=shown(file))) from None
    return decoded(data, file)


def decoded(data: bytes, file: str) -> str:
    """The text that the bytes of a file are in UTF-8. Raises SpecError where they are none."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise SpecError(Problem("the file is UTF-16: save it as UTF-8", file))
    if b"\0" in data:
        raise SpecError(Problem("the file is binary, not the text of a spec", file))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(data) > MAXIMUM_BYTES:  # the cut may stand inside a character; the size is reported
            return data.decode("utf-8", "replace")
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        message = f"a byte (0x{data[error.start]:02X}) that is not UTF-8: save the file as UTF-8"
        raise SpecError(Problem(message, file, line, column)) from None


def _neighbours(file: str) -> tuple[str, ...]:
    """Specs beside the missing file whose names look like it."""
    folder, name = os.path.split(file)
    try:
        names = [each for each in os.listdir(folder or os.curdir) if each.endswith((".yaml", ".yml"))]
    except OSError:
        return ()
    return nearest(name, names)
