"""The readers of numbers: `values:`, nested lists of exact numbers; `seed:`; `data:`, samples in a list or in a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from backprop_derive.errors import nearest
from backprop_derive.spec.fields import read_mapping, read_reference, read_text
from backprop_derive.spec.model import DataEntry, Given
from backprop_derive.spec.numbers import looks_like_number, read_number
from backprop_derive.spec.problems import quoted
from backprop_derive.spec.source import Mapping, Scalar, Sequence, Value

if TYPE_CHECKING:
    from fractions import Fraction

    from backprop_derive.spec.problems import Problems
    from backprop_derive.spec.source import Mark

    Array = Fraction | tuple[object, ...]

DRAWN = ("random", "xavier", "he")
OTHERS = "others"
LARGEST_SEED = 2**32 - 1


def read_values(value: Value, problems: Problems) -> dict[str, Any]:
    """`{w1: 0.15, W2: [[0.4, 0.45], [0.5, 0.55]]}`, with `others: random`, or `random` alone: the fields `values` and `others`."""
    if isinstance(value, Scalar) and value.text in DRAWN:
        return {"others": value.text}
    if isinstance(value, Scalar) and (near := nearest(value.text, DRAWN)):
        problems.add(value.mark, f"values is random, xavier, he, or a mapping, not {quoted(value.text)}", value.text, near)
        return {}
    found: list[Given] = []
    others: str | None = None
    places: dict[str, Mark] = {}
    for key, array in read_mapping(value, problems, "{w1: 0.15, W2: [[0.4, 0.45], [0.5, 0.55]]}"):
        if key.text == OTHERS and isinstance(array, Scalar) and (array.text in DRAWN or array.text.isalpha()):
            if array.text in DRAWN:
                others = array.text
            else:
                problems.add(array.mark, f"others is random, xavier or he, not {quoted(array.text)}", array.text, nearest(array.text, DRAWN))
            continue
        if isinstance(array, Scalar) and array.text in DRAWN:
            message = f"{array.text} is not said of one name: `others: {array.text}` draws whatever has no value, `values: {array.text}` everything"
            problems.add(array.mark, message, array.text, (OTHERS,))
            continue
        given = _read_given(key, array, problems)
        if given is not None and given.name.text in places:
            first = places[given.name.text]
            problems.add(key.mark, f"{given.name.text!r} has two values: the first on line {first.line}", key.text)
        elif given is not None:
            places[given.name.text] = given.mark
            found.append(given)
    return {"values": tuple(found), "others": others}


def read_seed(value: Value, problems: Problems) -> int | None:
    """A whole number from 0."""
    text = read_text(value, problems, "a whole number from 0")
    if text is None:
        return None
    if re.fullmatch("[0-9]{1,10}", text.text.strip()) is None or int(text.text) > LARGEST_SEED:
        problems.add(text.mark, f"a seed is a whole number from 0 to {LARGEST_SEED}, not {quoted(text.text)}", text.text)
        return None
    return int(text.text)


def read_data(value: Value, problems: Problems) -> DataEntry | None:
    """`[{x1: 0.05, x2: 0.10, y: 1}]`, or the name of a CSV file."""
    if isinstance(value, Scalar):
        file = read_text(value, problems, "a list of samples, or the name of a CSV file")
        if file is not None and looks_like_number(file.text):
            problems.add(value.mark, "data is a list of samples, [{x1: 0.05, y: 1}], or the name of a CSV file, not a number", file.text)
            return None
        return None if file is None else DataEntry(value.mark, file=file)
    items = value.items if isinstance(value, Sequence) else (value,)
    if not items:
        problems.add(value.mark, "data is an empty list: leave the key out, or give at least one sample, {x1: 0.05, y: 1}")
        return None
    rows = []
    for item in items:
        if isinstance(item, Mapping) and item.entries:
            rows.append(item)
        else:
            problems.add(item.mark, "a sample is a mapping of names to values, such as {x1: 0.05, x2: 0.10, y: 1}")
    return DataEntry(value.mark, tuple(rows)) if len(rows) == len(items) else None


def _read_given(key: Scalar, array: Value, problems: Problems) -> Given | None:
    name, read = read_reference(key, problems, "a name"), _read_array(array, problems)
    if name is None or read is None:
        return None
    return Given(name, read[0], read[1], name.mark)


def _read_array(value: Value, problems: Problems) -> tuple[Array, tuple[int, ...]] | None:
    """The numbers of nested lists and their shape; () is the shape of a single number."""
    if isinstance(value, Mapping):
        problems.add(value.mark, "a number or a list of numbers is expected here, not a mapping")
        return None
    if isinstance(value, Scalar):
        number = read_number(value, problems)
        return None if number is None else (number, ())
    return _read_list(value, problems)


def _read_list(value: Sequence, problems: Problems) -> tuple[Array, tuple[int, ...]] | None:
    if not value.items:
        problems.add(value.mark, "a list of values is empty")
        return None
    rows = [_read_array(item, problems) for item in value.items]
    read = [row for row in rows if row is not None]
    if len(read) < len(rows):
        return None
    shape = read[0][1]
    for item, (_, other) in zip(value.items, read, strict=True):
        if other != shape:
            problems.add(item.mark, f"a ragged list: this entry is {_described(other)}, the first is {_described(shape)}")
            return None
    return tuple(row for row, _ in read), (len(read), *shape)


def _described(shape: tuple[int, ...]) -> str:
    return "a list of " + " by ".join(str(length) for length in shape) if shape else "a number"
