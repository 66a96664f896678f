"""The functions that a program defines: those of the tables, those of the spec, and stand-ins for abstract ones."""

from __future__ import annotations

from collections.abc import Iterator

from backprop_derive.building.formulas import function_body
from backprop_derive.errors import NotYetError
from backprop_derive.graph.nodes import Graph
from backprop_derive.operations.functions import find_function
from backprop_derive.operations.rows import Function
from backprop_derive.presentation.code.python import VECTOR_FUNCTIONS, PythonNames, PythonWriter

_ABSTRACT = ("np.tanh(z)", "1 - np.tanh(z)**2", "-2*np.tanh(z)*(1 - np.tanh(z)**2)")


def definitions(graph: Graph, names: PythonNames, used: dict[tuple[str, int], None]) -> Iterator[str]:
    """The definition of every function that is used, those first that others call."""
    found: dict[tuple[str, int], str] = {}
    for each in used:
        _define(graph, names, each, found)
    yield from found.values()


def _define(graph: Graph, names: PythonNames, wanted: tuple[str, int], found: dict[tuple[str, int], str]) -> None:
    if wanted in found:
        return
    name, order = wanted
    if name in VECTOR_FUNCTIONS:
        if name == "log_softmax":
            _define(graph, names, ("logsumexp", 0), found)
        found[wanted] = VECTOR_FUNCTIONS[name]
        return
    row = find_function(name) if name not in graph.functions else None
    if row is None and graph.functions.get(name) is None:
        if order >= len(_ABSTRACT):
            raise NotYetError(f"derivatives of {name} of order {order} in code")
        found[wanted] = f"def {names(name, order)}(z):  # abstract: put a function of your own here, with its derivative\n    return {_ABSTRACT[order]}"
        return
    if order:
        raise NotYetError(f"the derivative of {name} in code")
    writer = PythonWriter(graph, names)
    text = _of_row(row, writer, names) if row is not None else _of_spec(graph, name, writer, names)
    for each in writer.functions:
        _define(graph, names, each, found)
    found[wanted] = text


def _of_row(row: Function, writer: PythonWriter, names: PythonNames) -> str:
    if row.name == "step":
        return f"def {names(row.name)}(z):\n    return 1.0 if z > 0 else 0.0"
    if not row.formula:
        raise NotYetError(f"{row.name} in code")
    first = len(row.required)
    given = [*row.required, *(f"{name}={default}" for name, default in zip(row.arguments[first:], row.defaults, strict=True))]
    inside = PythonWriter(writer.graph, _Arguments(names, row.arguments))
    text = inside.write(function_body(row))
    writer.functions.update(inside.functions)
    listed = ", ".join(_argument(each) for each in given)
    return f"def {names(row.name)}({listed}):\n    return {text}"


def _of_spec(graph: Graph, name: str, writer: PythonWriter, names: PythonNames) -> str:
    own = graph.functions[name]
    assert own is not None
    argument, definition = own
    inside = PythonWriter(graph, _Arguments(names, (argument,)))
    text = inside.write(definition)
    writer.functions.update(inside.functions)
    return f"def {names(name)}({_argument(argument)}):\n    return {text}"


class _Arguments(PythonNames):
    """The names inside of a function, where arguments go by their own."""

    def __init__(self, outside: PythonNames, arguments: tuple[str, ...]) -> None:
        self.outside, self.arguments = outside, arguments

    def __call__(self, name: str, order: int = 0) -> str:
        return _argument(name) if name in self.arguments and not order else self.outside(name, order)


def _argument(name: str) -> str:
    return "lambda_" + name.removeprefix("lambda") if name.startswith("lambda") else name
