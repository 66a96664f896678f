"""Expressions as Python: one number at a time, by loops over the indices of the formulas.

Arrays start at 0, formulas at the low end of their index: a loop variable counts from 0, and each place is shifted.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from backprop_derive.errors import NotYetError
from backprop_derive.graph.expressions import Expression, Fold, Integer, Ref
from backprop_derive.graph.indices import Affine, Atom, Condition, Pick, Quotient, Size, variable
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Graph
from backprop_derive.notation import split_primes
from backprop_derive.operations.functions import find_function
from backprop_derive.presentation.style import ATOM, PRODUCT, SUM, Written
from backprop_derive.presentation.styles import AsciiWriter

OF_THE_PROGRAM = ("np", "math", "forward", "parameters", "gradients", "differences", "derivative")
VECTOR_FUNCTIONS = {
    "softmax": "def softmax(z):\n    raised = np.exp(np.array(z) - max(z))\n    return raised / raised.sum()",
    "log_softmax": "def log_softmax(z):\n    return np.array(z) - logsumexp(z)",
    "logsumexp": "def logsumexp(z):\n    return max(z) + np.log(np.exp(np.array(z) - max(z)).sum())",
}
_TAKEN = frozenset((*dir(builtins), *keyword.kwlist, *OF_THE_PROGRAM, *VECTOR_FUNCTIONS))
_MATH = {"erf": "math.erf", "lgamma": "math.lgamma"}
_BUILT_IN = {"max": "max", "min": "min", "abs": "abs"}


class PythonNames:
    """What the quantities of a graph are called in a program: each has a name of its own that Python takes."""

    def __init__(self, graph: Graph) -> None:
        self._found: dict[str, str] = {}
        self._taken = set(_TAKEN)
        if graph.samples is not None:
            self._taken.add(graph.samples.index)
        for node in graph.nodes:
            self._taken.update(node.letters)

    def __call__(self, name: str, order: int = 0) -> str:
        """The name, of the derivative of a function if `order` says so."""
        key = name + "'" * order
        if key not in self._found:
            bare, primes = split_primes(re.sub(r"\^\((\w+)\)", r"_\1", name))
            wanted = re.sub(r"\W", "_", bare) + "_prime" * (primes + order)
            while wanted in self._taken:
                wanted += "_"
            self._taken.add(wanted)
            self._found[key] = wanted
        return self._found[key]


class PythonWriter(AsciiWriter):
    """Writes expressions over one graph. `functions` gathers what they call, with the order of the derivative."""

    def __init__(self, graph: Graph, names: PythonNames) -> None:
        super().__init__(graph)
        self.names = names
        self.functions: dict[tuple[str, int], None] = {}
        self.shifts: dict[str, Affine] = {}

    def shifted(self, form: Affine) -> Affine:
        """The form in variables that count from 0."""
        return form.substitute(self.shifts)

    def place(self, name: str, at: int, index: Affine) -> Affine:
        """Where an index stands on an axis of an array."""
        return self.shifted(index) - self.graph.node(name).axes[at].low

    def loop(self, letter: str, low: Affine) -> None:
        """From now on the letter counts from 0 and stands for an index that starts at `low`."""
        self.shifts[letter] = variable(letter) + self.shifted(low)

    # -- the grammar of a line --------------------------------------------------------------------------------------------

    def _write(self, expression: Expression, names: Mapping[str, str]) -> Written:
        if isinstance(expression, Integer):
            form = self.shifted(expression.form)
            return Written(self.integer(form, names), ATOM if len(form.terms) + bool(form.constant) == 1 and "*" not in self.integer(form, names) else SUM)
        return super()._write(expression, names)

    def _ref(self, ref: Ref, names: Mapping[str, str]) -> str:
        name = self.names(ref.name)
        if not ref.indices:
            return name
        return f"{name}[{', '.join(self.integer(self.place(ref.name, at, index), names) for at, index in enumerate(ref.indices))}]"

    def _fold(self, fold: Fold, names: Mapping[str, str]) -> Written:
        letter = self._letter(fold, names)
        axis, before = fold.bound.axis, dict(self.shifts)
        count = self.integer(self.shifted(axis.length), names)
        low = self.shifted(axis.low)
        self.shifts[fold.bound.name] = variable(fold.bound.name) + low
        body = self._write(fold.body, {**names, fold.bound.name: letter}).text
        self.shifts = before
        entries = f"{body} for {letter} in range({count})"
        if fold.kind in ("sum", "max"):
            return Written(f"{fold.kind}({entries})")
        if fold.kind == "prod":
            return Written(f"math.prod({entries})")
        if fold.kind == "argmax":
            return Written(f"(int(np.argmax([{entries}])) + {self.integer(low, names)})")
        if fold.kind not in VECTOR_FUNCTIONS:
            raise NotYetError(f"{fold.kind} in code")
        self.functions[fold.kind, 0] = None
        at = "" if fold.at is None else f"[{self.integer(self.shifted(fold.at) - low, names)}]"
        return Written(f"{fold.kind}([{entries}]){at}")

    def _condition(self, condition: Condition, names: Mapping[str, str]) -> str:
        return super()._condition(Condition(condition.kind, self.shifted(condition.form)), names)

    # -- the spelling -----------------------------------------------------------------------------------------------------

    def integer(self, form: Affine, names: Mapping[str, str]) -> str:
        return form_text(form, names, "*", self._integer_atom)

    def _integer_atom(self, atom: Atom, names: Mapping[str, str]) -> str | None:
        match atom:
            case Size(name):
                return self.names(name)
            case Quotient(numerator, divisor):
                return f"(({self.integer(numerator, names)})//{divisor})"
            case Pick(ref):
                return f"int({self._ref(ref, names)})"
        return None

    def number(self, value: Fraction) -> Written:
        written = super().number(value)
        return written if "/" not in written.text else Written(written.text, PRODUCT)

    def raised(self, base: Written, exponent: Written) -> Written:
        written = super().raised(base, exponent)
        return Written(written.text.replace("^", "**", 1) if "^" not in base.text else written.text.replace("^", "**"), written.level)

    def call(self, function: str, order: int, arguments: Sequence[Written]) -> Written:
        return Written(f"{self._function(function, order)}({', '.join(argument.text for argument in arguments)})")

    def _function(self, function: str, order: int) -> str:
        row = find_function(function) if function not in self.graph.functions else None
        if row is not None and order == 0 and row.name in _BUILT_IN:
            return _BUILT_IN[row.name]
        if row is not None and order == 0 and row.name in _MATH:
            return _MATH[row.name]
        if row is not None and order == 0 and row.numpy and row.name not in ("step", "digamma"):
            return f"np.{row.numpy}"
        name = function if row is None else row.name
        self.functions[name, order] = None
        return self.names(name, order)

    def condition(self, relation: str, left: str, right: str) -> str:
        return f"{left} {'==' if relation == '=' else relation} {right}"

    def choice(self, test: str, then: Written, otherwise: Written | None) -> Written:
        return Written(f"({then.text} if {test} else {otherwise.text if otherwise else '0'})")

    def partial(self, top: str, bottom: str, direct: bool) -> Written:  # noqa: ARG002
        raise NotYetError(f"the derivative of {top} by {bottom} in code")

    def constant(self, name: str) -> str:
        return f"np.{name}"
