r"""The reader of `latex:`: how names are to be written in LaTeX.

Only symbols, accents and fonts of a fixed table are read, and only what TeX can set: what comes from a spec never runs a
command such as `\input`, and never breaks the formula around it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backprop_derive.errors import nearest
from backprop_derive.notation import GREEK
from backprop_derive.spec.fields import read_mapping, read_name, read_text
from backprop_derive.spec.problems import Problems, quoted

if TYPE_CHECKING:
    from backprop_derive.spec.source import Scalar, Value

MAXIMUM_CHARACTERS = 100

SYMBOLS = frozenset(
    (*GREEK, "varepsilon", "vartheta", "varphi", "varrho", "varsigma", "ell", "hbar", "partial", "nabla", "infty", "prime", "star", "ast",
     "dagger", "ddagger", "top", "bot", "perp", "circ", "bullet", "cdot", "times", "pm", "to", "in", "odot", "oplus", "otimes", "quad")
)  # fmt: skip
WITH_ARGUMENT = frozenset(
    ("hat", "widehat", "bar", "overline", "tilde", "widetilde", "vec", "dot", "ddot", "underline", "mathbf", "mathrm", "mathit", "mathsf",
     "mathtt", "mathcal", "mathbb", "mathfrak", "boldsymbol", "operatorname")
)  # fmt: skip
SPACES = frozenset((",", ";", ":", "!"))

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_LETTER = re.compile(r"[A-Za-z0-9]")
_IN_BRACES = re.compile(r"[A-Za-z0-9()\[\],.;:+\-*/=<>|! ]")


class UnsafeLatex(Exception):
    """LaTeX that is not read: why, and the names that were perhaps meant."""

    def __init__(self, message: str, near: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.near = near


def read_latex(value: Value, problems: Problems) -> tuple[tuple[Scalar, str], ...]:
    """`{o1: 'o_1', lambda: '\\lambda_2'}`."""
    found: dict[str, tuple[Scalar, str]] = {}
    for key, body in read_mapping(value, problems, "{o1: 'o_1'}"):
        name, written = read_name(key, problems, "a name"), read_text(body, problems, "LaTeX, such as 'o_1',")
        if name is None or written is None:
            continue
        if name.text in found:
            problems.add(key.mark, f"{quoted(name.text)} has two spellings: the first on line {found[name.text][0].mark.line}", key.text)
            continue
        try:
            check_latex(written.text)
        except UnsafeLatex as error:
            problems.add(written.mark, f"{quoted(written.text)}: {error}", written.text, error.near)
        else:
            found[name.text] = (name, written.text.strip())
    return tuple(found.values())


def check_latex(text: str) -> None:
    r"""Raise UnsafeLatex unless `text` is made of letters, digits, indices and the commands of the tables, and TeX can set it.

    >>> check_latex(r"\hat{y}_{k}^{(2)}")
    """
    if len(text) > MAXIMUM_CHARACTERS:
        raise UnsafeLatex(f"at most {MAXIMUM_CHARACTERS} characters are read")
    tokens = _TOKEN.findall(text.strip())
    at = _formula(tokens, 0, _LETTER)
    if at < len(tokens):
        raise UnsafeLatex("a } closes nothing")


def _formula(tokens: list[str], at: int, plain: re.Pattern[str]) -> int:
    """Atoms with their indices, up to the end or a `}`; returns where it stopped. Brackets and signs stand inside braces
    only, where they cannot be taken for a part of the formula around the name."""
    while at < len(tokens) and tokens[at] != "}":
        if tokens[at] == " ":
            at += 1
            continue
        at = _indices(tokens, _atom(tokens, at, plain))
    return at


def _indices(tokens: list[str], at: int) -> int:
    """`_a`, `^{b}` and primes behind an atom, each at most once: TeX refuses a second one."""
    seen: set[str] = set()
    while at < len(tokens) and tokens[at] in ("_", "^", "'"):
        kind = "subscript" if tokens[at] == "_" else "superscript"
        if kind in seen:
            raise UnsafeLatex(f"a second {kind} at the same place; group them, as in a_{{1,2}} or {{a'}}^2")
        seen.add(kind)
        if tokens[at] == "'":
            while at < len(tokens) and tokens[at] == "'":
                at += 1
        else:
            at = _argument(tokens, at + 1, _LETTER)
    return at


def _atom(tokens: list[str], at: int, plain: re.Pattern[str]) -> int:
    """A letter, a symbol, `{…}`, or a command with its argument."""
    name = tokens[at][1:] if tokens[at].startswith("\\") else ""
    if name in WITH_ARGUMENT:
        return _argument(tokens, at + 1, _LETTER)
    return at + 1 if name in SPACES else _argument(tokens, at, plain)


def _argument(tokens: list[str], at: int, plain: re.Pattern[str]) -> int:
    """A letter, a symbol or `{…}`: what may be an index, or carry an accent, without braces around it."""
    while at < len(tokens) and tokens[at] == " ":
        at += 1
    if at >= len(tokens):
        raise UnsafeLatex("something is missing at its end")
    token = tokens[at]
    if token == "{":
        end = _formula(tokens, at + 1, _IN_BRACES)
        if end >= len(tokens):
            raise UnsafeLatex("a { is not closed")
        return end + 1
    if token[1:] in WITH_ARGUMENT:
        raise UnsafeLatex(f"{quoted(token)} needs braces around it here")
    if token.startswith("\\") and token[1:] not in SYMBOLS:
        near = tuple("\\" + each for each in nearest(token[1:], (*SYMBOLS, *WITH_ARGUMENT)))
        raise UnsafeLatex(f"the command {quoted(token)} is not read; letters, indices, symbols, accents and fonts are", near)
    if not token.startswith("\\") and not plain.fullmatch(token):
        hint = " without braces around it" if _IN_BRACES.fullmatch(token) else ""
        raise UnsafeLatex(f"{quoted(token)} cannot stand here{hint}")
    return at + 1
