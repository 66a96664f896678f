"""What is wrong only because something else is: names whose declaration could not be read, and all that is computed from them."""

from __future__ import annotations

from collections.abc import Iterable, Set

from backprop_derive.errors import FormulaError, UndefinedNameError
from backprop_derive.notation import NAME, canonical
from backprop_derive.spec.model import NetworkSpec
from backprop_derive.spec.source import Mark, Scalar

DECLARING = ("inputs", "targets", "constants", "parameters", "sizes", "functions")
"""The keys that do nothing but declare names: what is wrong below them is told whatever else is."""
NETWORKS = ("layers", "nodes", "equations")


class Doubts:
    """The names of which too little is known to say what else is wrong with them. One mistake has one message."""

    def __init__(self, spec: NetworkSpec) -> None:
        self._equations = tuple((names_in(equation.left.text.partition("[")[0]), names_in(equation.right.text)) for equation in spec.equations)
        self.names: set[str] = set()
        self.lost: set[str] = set()  # given, but not to be read: that they are not defined elsewhere is no news
        self.unread = {key for problem in spec.faults if (key := _unread_key(problem.path or "", problem.nearest)) is not None}
        for problem in spec.faults:
            key, _, rest = (problem.path or "").partition(".")
            if key.partition("[")[0] in (*DECLARING, *NETWORKS):
                self.add(names_in(rest) | names_in(problem.value or ""))
        self.in_network = bool(self.unread & {*NETWORKS}) or any((problem.path or "").startswith(NETWORKS) for problem in spec.faults)

    def __bool__(self) -> bool:
        return bool(self.names or self.unread)

    def add(self, names: Iterable[str]) -> None:
        """Some names are in doubt, and so is every name whose equation mentions one that is."""
        before = len(self.names)
        self.names |= set(names)
        while len(self.names) > before:
            before = len(self.names)
            self.names |= {name for left, right in self._equations if right & self.names for name in left}

    def cover(self, text: str) -> bool:
        """Whether a piece of the spec mentions a name in doubt."""
        return bool(self.names) and bool(names_in(text) & self.names)

    def explain(self, scalar: Scalar, error: FormulaError, known: Set[str]) -> bool:
        """Whether what is wrong with a formula may follow from what has been told already."""
        if isinstance(error, UndefinedNameError):
            return error.name in self.names | self.lost or (bool(self.unread) and not error.called and error.name not in known)
        return not error.of_grammar and self.cover(scalar.text)


def is_declaration(mark: Mark) -> bool:
    """Whether a name is declared at a place: what is wrong there is told whatever else is."""
    return mark.path.partition(".")[0].partition("[")[0] in DECLARING


def _unread_key(path: str, near: tuple[str, ...]) -> str | None:
    """The declaring key that nothing could be read of, or that is misspelt."""
    if "." in path or "[" in path:
        return None
    return next((key for key in (path, *near) if key in (*DECLARING, *NETWORKS)), None)


def names_in(text: str) -> set[str]:
    """The names in a piece of text, canonical.

    >>> sorted(names_in("W[j,2]*λ'"))
    ['W', 'j', "lambda'"]
    """
    return {found[0] for found in NAME.finditer(canonical(text))}
