"""The numbers of a spec, by the names of the graph: values, samples, and how a training step is made."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping
from fractions import Fraction

from backprop_derive.building.draft import Draft
from backprop_derive.errors import FormulaError, nearest
from backprop_derive.graph.numbers import DataFile, DataRow, DataRows, GivenValue, Numbers, Place
from backprop_derive.language.grammar import parse
from backprop_derive.language.syntax import Comparison, Name, Numeral
from backprop_derive.operations.optimizers import OPTIMIZERS, Optimizer, find_optimizer
from backprop_derive.spec import source
from backprop_derive.spec.model import DataEntry, OptimizerEntry
from backprop_derive.spec.numbers import number
from backprop_derive.spec.source import Scalar, Sequence, Value

_HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def numbers_of(draft: Draft) -> Numbers:
    """The numbers of the spec; what is wrong with its optimiser and its samples is added to the draft's problems."""
    spec = draft.spec
    row, constants = _optimizer(draft, spec.optimizer)
    return Numbers(
        tuple(_values(draft)),
        spec.others,
        spec.seed,
        None if spec.data is None else _data(draft, spec.data),
        tuple(draft.aliases.get(each.name.text, each.name.text) for each in spec.targets or () if each.classes),
        tuple(_placed(draft, scalar) for scalar in spec.frozen),
        row.name,
        constants,
        spec.learning_rate,
    )


def _values(draft: Draft) -> Iterator[GivenValue]:
    given_anew = set()
    for given in draft.spec.values:
        name, place = _placed(draft, given.name)
        given_anew.add(name)
        if name in draft.nodes:  # the others are sizes
            yield GivenValue(name, given.value, place)
    yield from (GivenValue(name, value) for name, value in draft.standard.items() if name not in given_anew)


def _placed(draft: Draft, scalar: Scalar) -> tuple[str, Place | None]:
    """`W1[2,1]` as the node's name and the entry's indices."""
    name, bracket, inside = scalar.text.rstrip("]").partition("[")
    place = tuple(int(each) for each in inside.split(",") if each.isdigit()) if bracket else None
    return draft.aliases.get(name, name), place


# -- samples ----------------------------------------------------------------------------------------------------------


def _data(draft: Draft, entry: DataEntry) -> DataRows | DataFile:
    """A file's path is relative to the spec."""
    if entry.file is None:
        return DataRows(tuple(_row(draft, row) for row in entry.rows))
    if "://" in entry.file.text:
        draft.problem(entry.file.mark, f"{entry.file.text!r} is an address: save the data as a file and give the name of that", entry.file.text)
    return DataFile(os.path.join(os.path.dirname(entry.mark.file or ""), entry.file.text), entry.file.mark)


def _row(draft: Draft, row: source.Mapping) -> DataRow:
    """`{x: [1, 2], y: 3}` has the columns x[1], x[2] and y."""
    cells = [each for key, value in row.entries for each in _cells(draft, key.text, value, ())]
    return DataRow(tuple(column for column, _ in cells), tuple(cell.text for _, cell in cells), tuple(cell.mark for _, cell in cells), row.mark)


def _cells(draft: Draft, name: str, value: Value, place: Place) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Scalar):
        yield f"{name}[{','.join(map(str, place))}]" if place else name, value
    elif isinstance(value, Sequence):
        for at, item in enumerate(value.items, 1):
            yield from _cells(draft, name, item, (*place, at))
    else:
        draft.problem(value.mark, "a number or a list of numbers is expected here, not a mapping")


# -- the training step ------------------------------------------------------------------------------------------------


def _optimizer(draft: Draft, entry: OptimizerEntry | None) -> tuple[Optimizer, Mapping[str, Fraction]]:
    """The row of the table, and the constants that the spec sets."""
    standard = OPTIMIZERS[0]
    if entry is None:
        return standard, {}
    if "learning_rate" not in draft.spec.given:
        draft.problem(entry.name.mark, "an optimizer needs a learning rate too: `learning_rate: 0.1`", entry.name.text)
    row = find_optimizer(entry.name.text)
    if row is None:
        names = [each.name for each in OPTIMIZERS]
        draft.problem(entry.name.mark, f"there is no optimizer {entry.name.text!r}; there are {', '.join(names)}", entry.name.text, nearest(entry.name.text, names))
        return standard, {}
    known, found = [name for name, _ in row.constants], dict[str, Fraction]()
    for option, text in entry.options:
        if option.text not in known:
            has = f"; it has {', '.join(known)}" if known else ""
            draft.problem(option.mark, f"{row.name} has no constant {option.text!r}{has}", option.text, nearest(option.text, known))
            continue
        value = _number(draft, text)
        if value is not None:
            found[option.text] = value
            broken = [condition for condition in row.domain if not _allows(condition, option.text, value)]
            if broken:
                draft.problem(text.mark, f"{option.text} is {text.text}, and {' and '.join(broken)} is needed", text.text)
    return row, found


def _number(draft: Draft, text: Scalar) -> Fraction | None:
    try:
        return number(text.text)
    except (ValueError, FormulaError) as error:
        draft.problem(text.mark, f"{text.text!r} is no number: {error}", text.text)
        return None


def _allows(condition: str, name: str, value: Fraction) -> bool:
    """Whether `mu < 1` holds of a value of mu; what it says of others does not matter."""
    tree = parse(condition)
    assert isinstance(tree, Comparison)
    assert isinstance(tree.left, Name)
    assert isinstance(tree.right, Numeral)
    return tree.left.name != name or bool(_HOLDS[tree.operator](value, tree.right.value))
