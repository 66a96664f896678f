r"""The reader of the LaTeX that this project writes, and of `latex:` in specs: a formula becomes a tree of boxes.

Formulas are spelled once, in LaTeX: other notations of typesetting are read off the boxes. A command that no table here
names is a mistake in the project and raises ValueError; nothing is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backprop_derive.notation import GREEK

ACCENTS = {
    "hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0305", "tilde": "\u0303", "widetilde": "\u0303",
    "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308", "underline": "\u0332",
}  # fmt: skip
FONTS = frozenset({"mathrm", "mathbf", "mathit", "mathsf", "mathtt", "mathcal", "mathbb", "mathfrak", "boldsymbol", "operatorname", "text"})
SPACES = {",": 0.167, ":": 0.222, ";": 0.278, "!": -0.167, " ": 0.25, "quad": 1.0, "qquad": 2.0, "thinspace": 0.167, "allowbreak": 0.0}
OPERATORS = {"sum": "∑", "prod": "∏"}
WORDS = frozenset({"max", "min", "log", "ln", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan"})
SYMBOLS = {
    **GREEK, "varepsilon": "ε", "vartheta": "ϑ", "varphi": "ϕ", "varrho": "ϱ", "varsigma": "ς", "ell": "ℓ", "hbar": "ℏ", "partial": "∂",
    "nabla": "∇", "infty": "∞", "prime": "′", "star": "⋆", "ast": "∗", "dagger": "†", "ddagger": "‡", "top": "⊤", "bot": "⊥", "perp": "⟂",
    "circ": "∘", "bullet": "•", "cdot": "⋅", "times": "×", "pm": "±", "to": "→", "in": "∈", "odot": "⊙", "oplus": "⊕", "otimes": "⊗",
    "le": "≤", "ge": "≥", "ne": "≠", "lt": "<", "gt": ">", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "lbrace": "{", "rbrace": "}", "surd": "√", "dots": "…", "vert": "|", "lVert": "‖", "rVert": "‖",
}  # fmt: skip
SIZES = frozenset({"bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr"})
RELATIONS = frozenset("=<>≤≥≠→∈")
BINARY = frozenset("+-−⋅×±⊙⊕⊗∘∗⋆•")
OPENING, CLOSING = frozenset("([⌊⌈{"), frozenset(")]⌋⌉}")

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Box:
    """The root of all boxes."""


@dataclass(frozen=True, slots=True)
class Symbol(Box):
    """One character that stands for itself, or a number; `operator` is a sum's or a product's sign."""

    text: str
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Word(Box):
    """Letters in a font of their own: `mathrm`, `operatorname`, `text`, …"""

    font: str
    text: str


@dataclass(frozen=True, slots=True)
class Styled(Box):
    """A formula in a font: `\\mathbf{W x}`."""

    font: str
    body: Row


@dataclass(frozen=True, slots=True)
class Space(Box):
    """Empty space, in em."""

    width: float


@dataclass(frozen=True, slots=True)
class Delimiter(Box):
    """A bracket; `size` is the command in front of it: `bigl`, `biggr`, …"""

    text: str
    size: str = ""


@dataclass(frozen=True, slots=True)
class Fenced(Box):
    """Something between brackets that are as tall as it: `\\left( … \\right)`."""

    left: str
    body: Row
    right: str


@dataclass(frozen=True, slots=True)
class Row(Box):
    """Boxes side by side."""

    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Fraction(Box):
    """One above the other, with a line between them."""

    top: Row
    bottom: Row


@dataclass(frozen=True, slots=True)
class Root(Box):
    """A square root."""

    body: Row


@dataclass(frozen=True, slots=True)
class Accent(Box):
    """Something with a mark above or below it."""

    name: str
    body: Row


@dataclass(frozen=True, slots=True)
class Scripts(Box):
    """A base with what stands below and above it, and primes."""

    base: Box
    below: Row | None
    above: Row | None
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Cases(Box):
    """Values with their conditions, one below the other."""

    lines: tuple[tuple[Row, Row], ...]


@dataclass(frozen=True, slots=True)
class Braced(Box):
    """A formula with a brace below it and what that says."""

    body: Row
    label: Row


def read_boxes(latex: str) -> Row:
    """The boxes of a formula. Raises ValueError for what is not LaTeX of this project."""
    reader = _Reader(latex)
    row = reader.row()
    if reader.token:
        raise ValueError(f"{reader.token!r} closes nothing in {latex!r}")
    return row


class _Reader:
    """A reader of one formula, token by token."""

    def __init__(self, latex: str) -> None:
        self.latex = latex
        self.tokens = _TOKEN.findall(latex)
        self.at = 0

    @property
    def token(self) -> str:
        """The token to be read next; nothing at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        """The next token, which must be `wanted`."""
        token = self.token
        if not token or (wanted and token != wanted):
            raise ValueError(f"{wanted or 'more'} should stand in place of {token or 'the end'} in {self.latex!r}")
        self.at += 1
        return token

    def row(self, *ends: str) -> Row:
        """Boxes up to a closing brace or one of the `ends`, neither of which is taken."""
        boxes: list[Box] = []
        while self.token and self.token not in ("}", *ends):
            if self.token.isspace():
                self.at += 1
            elif self.token in ("_", "^", "'"):
                boxes[-1:] = [self.scripts(boxes[-1] if boxes else Row(()))]
            else:
                boxes.append(self.box())
        return Row(tuple(boxes))

    def group(self) -> Row:
        """`{…}`, or a single token."""
        while self.token.isspace():
            self.at += 1
        if self.token != "{":
            return Row((self.box(),))
        self.take("{")
        row = self.row()
        self.take("}")
        return row

    def scripts(self, base: Box) -> Scripts:
        below, above, primes = None, None, 0
        while self.token in ("_", "^", "'"):
            mark = self.take()
            if mark == "'":
                primes += 1
            elif mark == "_":
                below = self.group()
            else:
                above = self.group()
        return Scripts(base, below, above, primes)

    def box(self) -> Box:
        token = self.take()
        if token == "{":
            row = self.row()
            self.take("}")
            return row
        name = token[1:] if token.startswith("\\") else ""
        if not name:
            return Delimiter(token) if token in OPENING | CLOSING else Symbol("−" if token == "-" else token)
        if name in SPACES:
            return Space(SPACES[name])
        if name in "{}|":
            return Delimiter(name)
        if name in OPERATORS:
            return Symbol(OPERATORS[name], operator=True)
        if name in WORDS:
            return Word("operatorname", name)
        if name in SYMBOLS:
            return Delimiter(SYMBOLS[name]) if SYMBOLS[name] in OPENING | CLOSING else Symbol(SYMBOLS[name])
        return self.command(name)

    def command(self, name: str) -> Box:
        """A command with arguments."""
        if name in SIZES:
            return Delimiter(self.bracket(), name)
        if name == "left":
            left, body = self.bracket(), self.row("\\right")
            self.take("\\right")
            return Fenced(left, body, self.bracket())
        if name in ("frac", "tfrac", "dfrac"):
            return Fraction(self.group(), self.group())
        if name == "sqrt":
            return Root(self.group())
        if name in ACCENTS:
            return Accent(name, self.group())
        if name in FONTS:
            return self.styled(name)
        if name == "underbrace":
            body = self.group()
            self.take("_")
            return Braced(body, self.group())
        if name == "begin":
            return self.cases()
        raise ValueError(f"the command \\{name} of {self.latex!r} is not known")

    def bracket(self) -> str:
        """The bracket behind a command for its size."""
        while self.token.isspace():
            self.at += 1
        text = self.take()
        return SYMBOLS.get(text[1:], text) if text.startswith("\\") else text

    def styled(self, font: str) -> Box:
        """Letters in a font, or a whole formula in it."""
        start = self.at
        body = self.group()
        inside = "".join(self.tokens[start : self.at]).removeprefix("{").removesuffix("}")
        if font in ("text", "operatorname") or inside.isalnum():
            return Word(font, inside.replace(r"\,", "\u2009"))
        return Styled(font, body)

    def cases(self) -> Cases:
        r"""`\begin{cases} value & condition \\ … \end{cases}`, behind its `\begin`."""
        if self.group() != read_boxes("cases"):
            raise ValueError(f"only cases are read, not every environment of {self.latex!r}")
        lines = []
        while True:
            value = self.row("&")
            self.take("&")
            condition = self.row("\\\\", "\\end")
            lines.append((value, condition))
            if self.take() == "\\end":
                self.group()
                return Cases(tuple(lines))
