"""The text of a hand calculation to tokens: plain text, Unicode, NumPy style and LaTeX give the same ones.

Subscripts and superscripts stay apart from the name that carries them (`_`, `^`, `'` are tokens), since only what names
there are decides what they mean. Fonts, spacing and brackets that only grow are dropped. Every token keeps its place in
the text as it was written.
"""

from __future__ import annotations

import re
import unicodedata

from backprop_derive.errors import FormulaError
from backprop_derive.language.tokens import MAXIMUM_CHARACTERS, MAXIMUM_DIGITS, MAXIMUM_TOKENS, Token
from backprop_derive.notation import ACCENTS, SPELLED, SUBSCRIPTS, SUPERSCRIPTS, plain_subscripts, plain_superscripts

ELEMENTWISE, MATRIX, OUTER = "⊙", "·", "⊗"
"""More products: `⊙` entry by entry, `·` of matrices where arrays stand on both sides, `⊗` of every entry with every entry."""

_SKIPPED = frozenset(
    ["left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr", "middle", "quad", "qquad", "displaystyle", "textstyle", "scriptstyle", "limits", "nolimits", "nonumber", "boxed", "underline", "fbox", "bigg", "notag", "hfill", "thinspace", "medspace", "thickspace", "negthinspace", "allowbreak", "mathstrut", "strut", ",", ";", ":", "!", ">", ""]
)
_BOLD = frozenset(["mathbf", "boldsymbol", "bm", "pmb", "symbf"])
_FONTS = frozenset(["mathbf", "boldsymbol", "bm", "mathrm", "mathit", "mathsf", "mathtt", "mathcal", "mathscr", "mathfrak", "text", "textbf", "textit", "textrm", "operatorname", "mbox", "pmb", "vec", "symbf", "bf", "rm", "it", "cal", "ensuremath"])
_WORDS = {letter: letter for letter in SPELLED.values()} | {
    "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varsigma": "sigma", "varrho": "rho", "ell": "ell", "hbar": "h",
    "exp": "exp", "log": "log", "ln": "log", "lg": "log10", "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh", "sinh": "sinh", "cosh": "cosh",
    "arctan": "arctan", "max": "max", "min": "min",
}  # fmt: skip
_OPERATORS = {
    "cdot": MATRIX, "times": MATRIX, "ast": "*", "odot": ELEMENTWISE, "circ": ELEMENTWISE, "otimes": OUTER, "div": "/",
    "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=", "geq": ">=", "geqslant": ">=", "ne": "!=", "neq": "!=", "lt": "<", "gt": ">",
    "approx": "=", "simeq": "=", "equiv": "=", "doteq": "=", "coloneqq": "=", "gets": "=", "leftarrow": "=", "Leftarrow": "=",
    "lbrace": "(", "rbrace": ")", "ldots": "..", "dots": "..", "cdots": "..", "lbrack": "[", "rbrack": "]", "lparen": "(", "rparen": ")", "{": "(", "}": ")", "prime": "'",
    "vert": "|", "lvert": "|", "rvert": "|", "mid": "|", "|": "‖", "Vert": "‖", "lVert": "‖", "rVert": "‖", "to": "=", "rightarrow": "=",
}  # fmt: skip
_CHARACTERS = {
    "−": "-", "–": "-", "‐": "-", "‑": "-", "·": MATRIX, "×": MATRIX, "⋅": MATRIX, "∙": MATRIX, "•": MATRIX, "∗": "*", "⊙": ELEMENTWISE, "∘": ELEMENTWISE,
    "‖": "‖", "⊗": OUTER, "◦": ELEMENTWISE, "÷": "/", "∕": "/", "⁄": "/", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "=", "≃": "=", "←": "=", "⟵": "=", "≔": "=",
    "…": "..", "’": "'", "′": "'", "ʹ": "'", "`": "'",
}  # fmt: skip
_SEVERAL = {"″": ("'", "'"), "‴": ("'", "'", "'")}
_FRACTIONS = {"½": ("1", "2"), "¼": ("1", "4"), "¾": ("3", "4"), "⅓": ("1", "3"), "⅔": ("2", "3")}
_COMMANDS = {"∈": "in", "∂": "partial", "𝜕": "partial", "𝛛": "partial", "𝝏": "partial", "Σ": "sum", "∑": "sum", "∏": "prod", "√": "sqrt", "∇": "nabla", "⊤": "top", "ᵀ": "top", "𝟏": "ones"}
_ACCENT_OF_MARK = {mark: accent for accent, mark in ACCENTS.items()} | {"\u0305": "bar"}

_NUMBER = re.compile(r"(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DIGITS = re.compile(r"[0-9]+(?![0-9]*\.[0-9])")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_NUMPY = re.compile(r"(?:np|numpy|torch|math|tf|jnp)\.([A-Za-z_][A-Za-z0-9_]*)")
_ASIDE = re.compile(r"\\(?:tag\*?|label|color|textcolor|qedhere|phantom|vphantom|hphantom)\s*\{[^{}]*\}")
_SO = re.compile(r"\\(?:Rightarrow|Longrightarrow|implies|iff|therefore|Leftrightarrow)(?![A-Za-z])|[⇒⟹∴⇔]")
"""What a line may begin with, and say nothing of the formula."""
_FULL_STOP = re.compile(r"[.,;]\s*(?:\$+|\\[\])])?\s*\Z")
_METHOD = re.compile(r"\.(dot|matmul|mm|sum|mean|mul|multiply|pow)(?=\()")
_ONE = re.compile(r"\s*(?:\{\s*1\s*\}|1)\s*(?=[_(\[{]|\\[{(\[])")
_BOLD_ONE = re.compile(r"\s*(?:\{\s*1\s*\}|1(?![0-9.]))")
_OPENED_CASES = re.compile(r"\s*\\begin\{(?:cases|array|dcases)\}")
_CASES = ("cases", "dcases", "rcases", "array")
_TRANSPOSED = re.compile(r"\.(?:T|t\(\)|transpose\(\))(?![A-Za-z0-9_])")
_LATEX_COMMAND = re.compile(r"\\(?:[A-Za-z]+\*?|.)", re.DOTALL)
_PLAIN_GROUP = re.compile(r"\s*\{\s*([A-Za-z](?:[A-Za-z0-9 -]|\\,)*?)\s*\}")
_ENVIRONMENT = re.compile(r"\{([A-Za-z]+\*?)\}(?:\{[lcr|]*\})?")
_SIMPLE_OPERATORS = ("..", ".*", "./", "**", "<=", ">=", "==", "!=", ":=", "<-", "+", "-", "*", "/", "^", "@", "(", ")", "[", "]", "{", "}", ",", "=", "<", ">", "_", "|", "'")
_SPELLINGS = {"||": "‖", "**": "^", "==": "=", ":=": "=", "<-": "=", ".*": ELEMENTWISE, "./": "/"}
_DROPPED = frozenset("&$~;")


def tokenize_hand(text: str) -> list[Token]:
    """The tokens of a hand-written formula, closed by one of kind `end`. Kinds: `number`, `word`, `command` (LaTeX, without its
    backslash), `transpose` (`.T`), `newline` (`\\\\`), or an operator. Raises FormulaError at what has no place in a formula."""
    if len(text) > MAXIMUM_CHARACTERS:
        raise FormulaError(f"the formula has {len(text):,} characters; at most {MAXIMUM_CHARACTERS:,} are read", text)
    return _Tokenizer(text).run()


class _Tokenizer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.at = 0
        self.cases = 0

    def run(self) -> list[Token]:
        while self.at < len(self.text):
            self._next()
            if len(self.tokens) > MAXIMUM_TOKENS:
                raise FormulaError(f"the formula has more than {MAXIMUM_TOKENS:,} tokens", self.text, min(self.at, len(self.text) - 1))
        self.tokens.append(Token("end", "", len(self.text), len(self.text)))
        return self.tokens

    def _add(self, kind: str, text: str, length: int) -> None:
        self.tokens.append(Token(kind, text, self.at, self.at + length))
        self.at += length

    def _several(self, parts: tuple[tuple[str, str], ...], length: int) -> None:
        """More than one token for one stretch of text."""
        self.tokens.extend(Token(kind, text, self.at, self.at + length) for kind, text in parts)
        self.at += length

    def _next(self) -> None:
        character = self.text[self.at]
        if aside := _ASIDE.match(self.text, self.at) or (None if self.tokens else _SO.match(self.text, self.at)):
            self.at = aside.end()
        elif self.tokens and (stop := _FULL_STOP.match(self.text, self.at)):
            self.at = stop.end()
        elif character == "&" and self.cases:
            self._add("&", "&", 1)
        elif character in _DROPPED or (character.isspace() and (character == "\n" or unicodedata.category(character) != "Cc")) or character in "\t\r":
            self.at += 1
        elif character == "\\":
            self._command()
        elif numpy := _NUMPY.match(self.text, self.at):
            self._add("word", numpy[0].partition(".")[2], len(numpy[0]))
        elif (transposed := _TRANSPOSED.match(self.text, self.at)) and self.tokens:
            self._add("transpose", ".T", len(transposed[0]))
        elif method := _METHOD.match(self.text, self.at):
            self._add("method", method[1], len(method[0]))
        elif number := _NUMBER.match(self.text, self.at):
            if sum(each.isdigit() for each in number[0]) > MAXIMUM_DIGITS:
                raise FormulaError(f"a number of more than {MAXIMUM_DIGITS} digits", self.text, self.at, number.end())
            self._add("number", number[0], len(number[0]))
        elif word := _WORD.match(self.text, self.at):
            self._word(word[0])
        else:
            self._sign(character)

    def _word(self, word: str) -> None:
        """A word; an accent that stands on its last letter is spelled out: `ŷ` as y and a mark."""
        end = self.at + len(word)
        if end < len(self.text) and self.text[end] in _ACCENT_OF_MARK:
            self._add("word", word + _ACCENT_OF_MARK[self.text[end]], len(word) + 1)
        else:
            self._add("word", word, len(word))

    def _sign(self, character: str) -> None:
        for operator in _SIMPLE_OPERATORS:
            if self.text.startswith(operator, self.at):
                spelled = _SPELLINGS.get(operator, operator)
                self._add(spelled, spelled, len(operator))
                return
        if character in _CHARACTERS:
            self._add(_CHARACTERS[character], _CHARACTERS[character], 1)
        elif character in _SEVERAL:
            self._several(tuple((each, each) for each in _SEVERAL[character]), 1)
        elif character in _FRACTIONS:
            above, below = _FRACTIONS[character]
            self._several((("(", "("), ("number", above), ("/", "/"), ("number", below), (")", ")")), 1)
        elif character in _COMMANDS and character != "ᵀ":
            self._add("command", _COMMANDS[character], 1)
        elif character in SUBSCRIPTS or character in SUPERSCRIPTS:
            self._script(character)
        else:
            self._letter(character)

    def _script(self, character: str) -> None:
        """A run of small characters is one group: `w₁₁` is `w_{11}`, `z⁽²⁾` is `z^{(2)}`."""
        small = SUBSCRIPTS if character in SUBSCRIPTS else SUPERSCRIPTS
        end = self.at
        while end < len(self.text) and self.text[end] in small:
            end += 1
        run = self.text[self.at : end]
        plain = plain_subscripts(run) if small is SUBSCRIPTS else plain_superscripts(run)
        mark = "_" if small is SUBSCRIPTS else "^"
        before = self.tokens[-1].kind if self.tokens else ""
        inner = tuple((each.kind, each.text) for each in _Tokenizer(plain.removesuffix("T")).run()[:-1])
        inner += (("command", "top"),) if plain.endswith("T") else ()
        opening = () if before == mark else ((mark, mark),)
        self._several((*opening, ("{", "{"), *inner, ("}", "}")), end - self.at)

    def _letter(self, character: str) -> None:
        """A Greek letter, a letter with an accent, or one of the mathematical alphabets."""
        plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", character) if "\U0001d400" <= character <= "\U0001d7ff" else character)
        base, marks = plain[:1], plain[1:]
        length = 1
        while self.at + length < len(self.text) and self.text[self.at + length] in _ACCENT_OF_MARK:
            marks += self.text[self.at + length]
            length += 1
        spelled = SPELLED.get(base) or (base if base.isascii() and base.isalpha() else "")
        accents = [_ACCENT_OF_MARK.get(mark, "") for mark in marks]
        if spelled and all(accents):
            digits = _DIGITS.match(self.text, self.at + length)  # δ1, as a terminal shows it, is one name; so is w1
            number = digits[0] if digits is not None and not character.isascii() else ""
            self._add("word", spelled + "".join(accents) + number, length + len(number))
            return
        if character == "ℓ":
            self._add("word", "ell", 1)
            return
        category = unicodedata.category(character)
        if category in ("Cc", "Cf"):
            kind = "a control character" if category == "Cc" else "an invisible character"
            raise FormulaError(f"{kind} (U+{ord(character):04X}) in a formula", self.text, self.at)
        raise FormulaError(f"{character!r} has no meaning in a formula", self.text, self.at)

    # -- LaTeX --------------------------------------------------------------------------------------------------------

    def _command(self) -> None:
        match = _LATEX_COMMAND.match(self.text, self.at)
        if match is None:
            raise FormulaError("a backslash without a command", self.text, self.at)
        name = match[0][1:]
        if name == "\\":
            self._newline(len(match[0]))
        elif name in _SKIPPED or name.isspace():
            self.at += len(match[0])
            if name in ("left", "right", "middle") and self.text[self.at : self.at + 1] == ".":
                self.at += 1
        elif name in ("[", "]", "(", ")") or (name == "{" and _OPENED_CASES.match(self.text, match.end())):
            self.at += len(match[0])
        elif name in _FONTS:
            self._font(match[0])
        elif name in _WORDS:
            self._add("word", _WORDS[name], len(match[0]))
        elif name in _OPERATORS:
            self._add(_OPERATORS[name], _OPERATORS[name], len(match[0]))
        elif name in ("begin", "end") and (environment := _ENVIRONMENT.match(self.text, match.end())):
            kind = environment[1].rstrip("*")
            if kind in _CASES:
                kind, self.cases = "cases", self.cases + (1 if name == "begin" else -1)
            self._add("command", f"{name} {kind}", environment.end() - self.at)
        else:
            self._add("command", {"dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "intercal": "top", "widehat": "hat", "overline": "bar", "widetilde": "tilde"}.get(name, name), len(match[0]))

    def _newline(self, length: int) -> None:
        spacing = re.compile(r"\s*\[[^\]]*(?:pt|em|ex|mm|cm)\]").match(self.text, self.at + length)
        self._add("newline", "\\\\", length if spacing is None else spacing.end() - self.at)

    def _font(self, command: str) -> None:
        """A font: what stands in it is a word as it is, `\\text{out}`, or is read as if the font were not there."""
        group = _PLAIN_GROUP.match(self.text, self.at + len(command))
        if one := _ONE.match(self.text, self.at + len(command)):
            self._add("command", "indicator", one.end() - self.at)
        elif command[1:] in _BOLD and (one := _BOLD_ONE.match(self.text, self.at + len(command))):
            self._add("command", "ones", one.end() - self.at)
        elif group is not None:
            word = re.sub(r"[ -]|\\,", "", group[1])
            self._add("word", word, group.end() - self.at)
        else:
            self.at += len(command)
