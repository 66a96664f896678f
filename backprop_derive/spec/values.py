"""The reader of `values:`: nested lists of exact numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backprop_derive.spec.fields import read_mapping, read_reference
from backprop_derive.spec.model import Given
from backprop_derive.spec.numbers import read_number
from backprop_derive.spec.source import Mapping, Scalar, Sequence, Value

if TYPE_CHECKING:
    from fractions import Fraction

    from backprop_derive.spec.problems import Problems
    from backprop_derive.spec.source import Mark

    Array = Fraction | tuple[object, ...]

DRAWN = ("random", "xavier", "he")


def read_values(value: Value, problems: Problems) -> tuple[Given, ...]:
    """`{w1: 0.15, W2: [[0.4, 0.45], [0.5, 0.55]]}`."""
    if isinstance(value, Scalar) and value.text in DRAWN:
        problems.add(value.mark, f"values: {value.text}: not yet (planned, not built)", value.text)
        return ()
    found: list[Given] = []
    places: dict[str, Mark] = {}
    for key, array in read_mapping(value, problems, "{w1: 0.15, W2: [[0.4, 0.45], [0.5, 0.55]]}"):
        given = _read_given(key, array, problems)
        if given is not None and given.name.text in places:
            first = places[given.name.text]
            problems.add(key.mark, f"{given.name.text!r} has two values: the first on line {first.line}", key.text)
        elif given is not None:
            places[given.name.text] = given.mark
            found.append(given)
    return tuple(found)


def _read_given(key: Scalar, array: Value, problems: Problems) -> Given | None:
    if key.text == "others" and isinstance(array, Scalar) and array.text in DRAWN:
        problems.add(key.mark, f"values: others: {array.text}: not yet (planned, not built)", key.text)
        return None
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
