"""Integer forms as text, `2*t + k - 1`, and letters for indices."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from itertools import chain, count

from backprop_derive.graph.indices import Affine, Atom, Pick, Product, Quotient, Size, Variable

AtomSpelling = Callable[[Atom, Mapping[str, str]], "str | None"]


def form_text(form: Affine, names: Mapping[str, str] | None = None, product: str = "*", spelled: AtomSpelling | None = None) -> str:
    """The form in the language of formulas; `names` says how index variables are called on the page, `spelled` how some atoms are."""
    parts: list[str] = []
    terms = sorted(form.terms, key=lambda term: term[1] < 0) if form.constant <= 0 else form.terms
    for atom, coefficient in terms:
        shown = atom_text(atom, names or {}, product, spelled)
        size = "" if abs(coefficient) == 1 else f"{abs(coefficient)}{product}"
        parts.append(_signed(coefficient < 0, size + shown, first=not parts))
    if form.constant or not parts:
        parts.append(_signed(form.constant < 0, str(abs(form.constant)), first=not parts))
    return "".join(parts)


def atom_text(atom: Atom, names: Mapping[str, str], product: str = "*", spelled: AtomSpelling | None = None) -> str:
    """One atom of a form."""
    own = spelled(atom, names) if spelled is not None else None
    if own is not None:
        return own
    match atom:
        case Variable(name):
            return names.get(name, name)
        case Size(name):
            return name
        case Quotient(numerator, divisor):
            return f"floor(({form_text(numerator, names, product, spelled)})/{divisor})"
        case Product(left, right):
            return f"{_factor(left, names, product, spelled)}{product}{_factor(right, names, product, spelled)}"
        case Pick(ref):
            indices = ",".join(form_text(index, names, product, spelled) for index in ref.indices)
            return f"{ref.name}[{indices}]" if indices else str(ref.name)


def _factor(form: Affine, names: Mapping[str, str], product: str, spelled: AtomSpelling | None) -> str:
    text = form_text(form, names, product, spelled)
    return text if len(form.terms) + bool(form.constant) == 1 else f"({text})"


def _signed(negative: bool, text: str, *, first: bool) -> str:
    if first:
        return f"-{text}" if negative else text
    return f" - {text}" if negative else f" + {text}"


_LADDER = "jklpqrstuvwcdeabghimn"


def free_letter(stem: str, taken: Container[str]) -> str:
    """The stem as an index letter, or, if it is taken, the next letter that people use for one and that is free."""
    start = _LADDER.find(stem)
    later = _LADDER[start + 1 :] + _LADDER[:start] if start >= 0 else _LADDER
    numbered = (f"{stem}_{number}" for number in count(2))
    return next(letter for letter in chain((stem,), later, numbered) if letter not in taken)
