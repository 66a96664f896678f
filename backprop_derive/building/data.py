"""`data:` → a column of numbers for every entry of an input or a target, from the spec or from a CSV file with a header.

A column is called as what it gives: `x1`; an entry of an array is `x1`, `x_1` or `x[1]`. Raised is all that is wrong, each
with row and column.
"""

from __future__ import annotations

import csv
import os
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product

from backprop_derive.building.classes import class_numbers
from backprop_derive.errors import FormulaError, Problem, SpecError, counted, nearest
from backprop_derive.frozen import dataclass, replace
from backprop_derive.graph.indices import Axis
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Graph, Node
from backprop_derive.graph.numbers import DataFile, DataRow, DataRows, Place
from backprop_derive.notation import canonical
from backprop_derive.spec.numbers import number
from backprop_derive.spec.problems import quoted
from backprop_derive.spec.source import Mark

MOST_PROBLEMS = 20
SEPARATORS = (",", ";", "\t")

_NOWHERE = Mark(0, 0, "")

Complaint = Callable[[int, str, "str | None"], Problem]
"""(number of the column from 0, what is wrong, value) → a problem with its place."""

_NUMERAL = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_BRACKETED = re.compile(r"(?P<name>[^\[\]]+)\[(?P<places>[0-9]+(?:,[0-9]+)*)\]")
_SEPARATED = re.compile(r"(?P<name>.*[^0-9_])_?(?P<places>[0-9]+(?:_[0-9]+)*)")


@dataclass(frozen=True, slots=True)
class Column:
    """What the samples give for the entry `place` of the node `name`: a number each; of a class, its number from 1."""

    name: str
    place: Place
    numbers: array[float]


@dataclass(frozen=True, slots=True)
class Samples:
    """The columns of `count` samples. `labels` are the words that stand for the classes 1, 2, … of a target."""

    count: int
    columns: tuple[Column, ...]
    labels: Mapping[str, tuple[str, ...]]


def read_samples(graph: Graph) -> Samples | None:
    """The samples of the graph's spec; None if it has none. Raises SpecError with all that is wrong with them."""
    data = graph.numbers.data
    if data is None:
        return None
    return _from_rows(graph, data) if isinstance(data, DataRows) else _from_file(graph, data)


# -- from the spec ----------------------------------------------------------------------------------------------------


def _from_rows(graph: Graph, data: DataRows) -> Samples:
    first = data.rows[0]
    header = tuple(dict.fromkeys(first.columns))
    places = dict(zip(first.columns, first.marks, strict=True))
    listed = [places[name].path.endswith("]") for name in header]  # x[2] of `x: [1, 2]` stands nowhere as a name
    reader = _Reader(graph, header, lambda at, message, value: places[header[at]].problem(message, None if listed[at] else value))
    for count, row in enumerate(data.rows, 1):
        cells = dict(zip(row.columns, zip(row.cells, row.marks, strict=True), strict=True))
        missing = [name for name in header if name not in cells]
        more = [name for name in cells if name not in header]
        if missing:
            reader.add(row.mark.problem(f"sample {count} has no {_listed(missing)}, which the first sample has"))
        if more:
            reader.add(cells[more[0]][1].problem(f"sample {count} gives {_listed(more)}, which the first sample does not", more[0], nearest(more[0], header)))
        if not missing and not more:
            reader.take([cells[name][0] for name in header], _of_cells(count, header, [cells[name][1].problem for name in header]))
    return reader.finish()


def _of_cells(count: int, header: Sequence[str], problems: Sequence[Callable[[str, str | None], Problem]]) -> Complaint:
    return lambda at, message, value: problems[at](f"sample {count}, {header[at]}: {message}", value)


def read_mappings(graph: Graph, samples: Sequence[Mapping[str, object]]) -> Samples:
    """Samples that are given in Python, as `{"x1": 0.05, "x": [1, 2], "y": 1}` each. Raises SpecError as `read_samples` does."""
    rows = [DataRow(*_columns_and_cells(sample), _NOWHERE) for sample in samples]
    if not rows:
        raise SpecError("the data has no samples")
    try:
        return _from_rows(graph, DataRows(tuple(rows)))
    except SpecError as error:
        raise SpecError([replace(each, line=None, column=None, path=None) for each in error.problems]) from None


def _columns_and_cells(sample: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Mark, ...]]:
    cells = [each for name, value in sample.items() for each in _flat(name, value, ())]
    return tuple(column for column, _ in cells), tuple(cell for _, cell in cells), (_NOWHERE,) * len(cells)


def _flat(name: str, value: object, place: Place) -> Iterator[tuple[str, str]]:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        for at, each in enumerate(value, 1):
            yield from _flat(name, each, (*place, at))
    else:
        yield (f"{name}[{','.join(map(str, place))}]" if place else name), str(value)


# -- from a file ------------------------------------------------------------------------------------------------------


def _from_file(graph: Graph, data: DataFile) -> Samples:
    if os.path.exists(data.path) and not os.path.isfile(data.path):
        raise SpecError(_problem(data, f"this is a {'folder' if os.path.isdir(data.path) else 'device'}, not a CSV file: {data.path}"))
    try:
        with open(data.path, encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream, delimiter=_separator(stream.readline()), skipinitialspace=True, strict=True)
            stream.seek(0)
            return _from_table(graph, data.path, _lines(rows, data.path))
    except OSError as error:
        raise SpecError(_unreadable(data, error)) from None
    except UnicodeDecodeError:
        raise SpecError(Problem("the file is no text in UTF-8: save it as CSV in UTF-8", data.path)) from None


def _separator(header: str) -> str:
    """What stands most often in the header, outside brackets: `,`, `;` or a tab."""
    bare = re.sub(r"\[[^\[\]]*\]", "", header)
    return max(SEPARATORS, key=bare.count)


def _lines(rows: Iterator[list[str]], path: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with the number of their line; empty lines are left out."""
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            raise SpecError(Problem(f"this is no CSV: {error}", path, rows.line_num)) from None  # type: ignore[attr-defined]
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield rows.line_num, _with_brackets_closed(cells)  # type: ignore[attr-defined]


def _with_brackets_closed(cells: list[str]) -> list[str]:
    """`x[1,2]` without quotes is one cell, although there is a comma in it."""
    closed: list[str] = []
    for cell in cells:
        if closed and closed[-1].count("[") > closed[-1].count("]"):
            closed[-1] += f",{cell}"
        else:
            closed.append(cell)
    return closed


def _from_table(graph: Graph, path: str, lines: Iterator[tuple[int, list[str]]]) -> Samples:
    line, header = next(lines, (1, []))
    header = [cell.strip() for cell in header]
    if not header:
        raise SpecError(Problem("the file is empty: its first line names the columns, such as x1,x2,y", path))
    if all(_NUMERAL.fullmatch(cell) for cell in header):
        raise SpecError(Problem("the first line is no header: it names the columns, such as x1,x2,y", path, line))
    reader = _Reader(graph, tuple(header), lambda at, message, value: Problem(f"column {at + 1}: {message}", path, line, value=value))
    for count, (line_number, cells) in enumerate(lines, 1):
        if len(cells) != len(header):
            message = f"row {count} has {counted(len(cells), 'cell', 'cells')}, and the header {counted(len(header), 'column', 'columns')}"
            reader.add(Problem(message, path, line_number))
        else:
            reader.take(cells, _of_line(path, line_number, count, header))
    if not reader.count and not reader.problems:
        raise SpecError(Problem("there are no rows below the header", path))
    return reader.finish()


def _of_line(path: str, line: int, count: int, header: Sequence[str]) -> Complaint:
    return lambda at, message, value: Problem(f"row {count}, column {header[at]}: {message}", path, line, value=value)


def _unreadable(data: DataFile, error: OSError) -> Problem:
    """A problem at the place of the spec that names the file."""
    folder, name = os.path.split(data.path)
    try:
        near = nearest(name, [each for each in os.listdir(folder or ".") if each.endswith((".csv", ".tsv", ".txt"))])
    except OSError:
        near = ()
    reason = "there is no such file" if isinstance(error, FileNotFoundError) else f"the file cannot be read: {error.strerror}"
    return _problem(data, f"{reason}: {data.path}", near)


def _problem(data: DataFile, message: str, near: tuple[str, ...] = ()) -> Problem:
    """A problem with the file as a whole, at the place of the spec that names it."""
    return Problem(message, value=data.path, nearest=near) if data.mark is None else data.mark.problem(message, data.path, near)


# -- columns ----------------------------------------------------------------------------------------------------------


class _Reader:
    """Takes rows, cell by cell, once the header has told what each column gives."""

    def __init__(self, graph: Graph, header: tuple[str, ...], complain: Complaint) -> None:
        self.graph, self.header, self.count = graph, header, 0
        self.problems: list[Problem] = []
        self._complained: set[str] = set()
        self.targets = [self._target(at, name, complain) for at, name in enumerate(header)]
        self._refuse_gaps(complain)
        if self.problems:
            raise SpecError(self.problems)
        self.numbers = [array("d") for _ in header]
        self.words: dict[int, list[str]] = {at: [] for at, (name, _) in enumerate(self.targets) if name in graph.numbers.classes}
        self.complaints: list[Complaint] = []

    def add(self, problem: Problem) -> None:
        """One more thing that is wrong. Raises SpecError where so much is wrong that more would be no help."""
        self.problems.append(problem)
        if len(self.problems) >= MOST_PROBLEMS:
            raise SpecError(self.problems)

    def take(self, cells: Sequence[str], complain: Complaint) -> None:
        """One sample."""
        self.count += 1
        if self.words:
            self.complaints.append(complain)
        for at, cell in enumerate(cells):
            if not cell.strip():
                self.add(complain(at, "the cell is empty", None))
            elif at in self.words:
                self.words[at].append(cell.strip())
            elif _NUMERAL.fullmatch(cell):
                self._append(at, float(cell), cell, complain)
            else:
                try:
                    self._append(at, float(number(cell)), cell, complain)
                except (ValueError, FormulaError) as error:
                    self.add(complain(at, f"{quoted(cell)} is no number: {error}", cell))

    def _append(self, at: int, value: float, cell: str, complain: Complaint) -> None:
        if abs(value) == float("inf"):
            self.add(complain(at, f"{quoted(cell)} is too large for a number here", cell))
        self.numbers[at].append(value)

    def finish(self) -> Samples:
        """The samples. Raises SpecError with everything that is wrong."""
        if self.problems:
            raise SpecError(self.problems)
        labels: dict[str, tuple[str, ...]] = {}
        for at, words in self.words.items():
            name = self.targets[at][0]
            numbers, labels[name] = class_numbers(self.graph, name, words, partial(self._complain_of, at))
            self.numbers[at].extend(numbers)
        if self.problems:
            raise SpecError(self.problems)
        columns = tuple(Column(name, place, numbers) for (name, place), numbers in zip(self.targets, self.numbers, strict=True))
        return Samples(self.count, columns, {name: each for name, each in labels.items() if each})

    def _complain_of(self, at: int, row: int, message: str, value: str) -> None:
        self.add(self.complaints[row](at, message, value))

    def _target(self, at: int, text: str, complain: Complaint) -> tuple[str, Place]:
        """Which entry of which node a column gives; an unknown one is a problem."""
        written = canonical(text).replace(" ", "")
        called = self.graph.numbers.called
        by_name = {called.get(name, name): node for name, node in self.graph.by_name.items()}
        readings: list[tuple[str, Place]] = [(written, ())]
        for pattern, separator in ((_BRACKETED, ","), (_SEPARATED, "_")):
            if match := pattern.fullmatch(written):
                readings.append((match["name"].rstrip("_"), tuple(int(each) for each in match["places"].split(separator))))
        for name, place in readings:
            node = by_name.get(name)
            if node is not None and (not place or own_axes(node)):
                return self._checked(at, text, node, place, complain)
        single = next((name for name, place in readings if place and name in by_name), None)
        if single is not None and "[" in written:
            self._complain_once(single, complain(at, f"{single} is a single number: it has no entry {text}; samples stand one by one, [{{{single}: 1}}, {{{single}: 2}}]", text))
            return written, ()
        known = [name for name, node in by_name.items() if node.role in ("input", "target")]
        message = f"{quoted(text)} is no input and no target of the network; these are {_listed(known)}"
        self.problems.append(replace(complain(at, message, text), nearest=nearest(written, known)))
        return written, ()

    def _checked(self, at: int, text: str, node: Node, place: Place, complain: Complaint) -> tuple[str, Place]:
        axes = own_axes(node)
        if node.role not in ("input", "target"):
            what = f"{node.name} is a {node.role}" if node.is_leaf else f"{node.name} is computed by the network"
            self.problems.append(complain(at, f"{what}: data gives inputs and targets", text))
        elif node.name in self.graph.numbers.classes:
            if place:
                self.problems.append(complain(at, f"data gives the class of {node.name} in one column, {node.name}", text))
        elif not place and all(axis.length.resize(self.graph.sizes).number == 1 for axis in axes):
            place = (1,) * len(axes)
        elif len(place) != len(axes):
            shape = " × ".join(form_text(axis.length) for axis in axes)
            self.problems.append(complain(at, f"{node.name} has {shape} entries: a column for each, {node.name}[{','.join('1' * len(axes))}], …", text))
        elif any(self._is_outside(axis, index) for index, axis in zip(place, axes, strict=True)):
            shape = ", ".join(f"{form_text(axis.low)}..{form_text(axis.high)}" for axis in axes)
            self._complain_once(node.name, complain(at, f"there is no entry {text}: it is {node.name}[{shape}]", text))
        return node.name, place

    def _complain_once(self, name: str, problem: Problem) -> None:
        """One message a name: a list of samples where one is expected has too many entries."""
        if name not in self._complained:
            self._complained.add(name)
            self.problems.append(problem)

    def _is_outside(self, axis: Axis, index: int) -> bool:
        low, high = axis.low.number or 0, axis.high.resize(self.graph.sizes).number
        return index < low or (high is not None and index > high)

    def _refuse_gaps(self, complain: Complaint) -> None:
        """An array is given as a whole: all its entries, up to the last."""
        if self.problems:
            return
        places: dict[str, set[Place]] = {}
        for name, place in self.targets:
            if place in places.setdefault(name, set()):
                at = max(index for index, each in enumerate(self.targets) if each == (name, place))
                self.problems.append(complain(at, f"{quoted(self.header[at])} is given twice", self.header[at]))
            places[name].add(place)
        for name, found in places.items():
            axes = own_axes(self.graph.node(name))
            if not axes or name in self.graph.numbers.classes:
                continue
            last = [axis.high.resize(self.graph.sizes).number or max(place[at] for place in found) for at, axis in enumerate(axes)]
            first = [axis.low.number or 0 for axis in axes]
            missing = [place for place in product(*(range(low, high + 1) for low, high in zip(first, last, strict=True))) if place not in found]
            if missing:
                entries = _listed([f"{name}[{','.join(map(str, place))}]" for place in missing])
                self.problems.append(complain(0, f"there is no column for {entries}", None))


def own_axes(node: Node) -> tuple[Axis, ...]:
    """Where the indices run of which a sample has entries."""
    return node.axes[1:] if node.sampled else node.axes


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
