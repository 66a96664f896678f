"""What a spec's formulas may not say although their grammar allows it."""

from __future__ import annotations

from backprop_derive.building.scope import Scope
from backprop_derive.errors import FormulaError
from backprop_derive.language.syntax import Call, Comparison, Derivative, Name, Syntax

_BINDERS = ("sum", "prod", "max", "min", "argmax")


def check_formula(tree: Syntax, scope: Scope) -> None:
    """Raise FormulaError for a derivative, for a comparison outside `where(…)`, and for an index letter that is a size."""
    conditions = [each.arguments[0] for each in tree.walk() if isinstance(each, Call) and each.function == "where" and each.arguments]
    for each in tree.walk():
        if isinstance(each, Derivative):
            raise FormulaError("a derivative cannot stand in a formula of the network: it is what is derived from it", "", each.start, each.end)
        if isinstance(each, Comparison) and not any(each is condition for condition in conditions):
            if each.operator == "=" and isinstance(each.left, Name) and each.left.name not in scope.names:
                hint = "behind the other arguments, and without its name, it may be a formula"
                raise FormulaError(f"an option by its name is a number, as in {each.left.name}=2", "", each.start, each.end, hint)
            hint = "write where(a > b, 1, 0) for 1 where it holds and 0 elsewhere"
            raise FormulaError("a comparison stands only in the first place of where(…)", "", each.start, each.end, hint)
        if isinstance(each, Call) and each.function in _BINDERS:
            _check_letter(each, scope)


def _check_letter(tree: Call, scope: Scope) -> None:
    """`sum(e, k)` and `sum(e, k, a, b)` bind an index; `max(e, k)` may also compare two values."""
    count = len(tree.arguments)
    if count != 4 and (count != 2 or tree.function in ("max", "min")):
        return
    letter = tree.arguments[1]
    if isinstance(letter, Name) and letter.name in scope.sizes and letter.name not in scope.quantities:
        raise FormulaError(f"{letter.name!r} is a size of the spec, so it cannot be an index letter", "", letter.start, letter.end)
