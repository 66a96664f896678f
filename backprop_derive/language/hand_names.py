"""How hand-written names are read: letters, accents, primes, subscripts, superscripts and indices, as far as they belong together.

What a name with its scripts stands for is asked of a lexicon, which knows the network: nothing else can tell `a_1(1 - a_1)`
from `f(z)`, or `z^{(2)}` from a square.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol, TypeVar

from backprop_derive.errors import FormulaError
from backprop_derive.language.grammar import Reader
from backprop_derive.language.syntax import Binary, Name, Negative, Numeral, Syntax, Transpose
from backprop_derive.language.tokens import Token

ACCENT_COMMANDS = ("hat", "bar", "tilde")
IGNORED_OPTIONS = ("keepdims", "dtype", "out")
_Result = TypeVar("_Result")
GREEK_WORDS = frozenset(["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"])


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a name behind its letters: `digits` (the 1 of `W1`), `sub`, `label` (`^{(2)}`), or `index` (`[2]`).

    `text` is the part without blanks and marks (`A_1` is `A1`), `tree` the part as an index, where it can be one.
    """

    kind: str
    text: str
    tree: Syntax | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A name as it was written: letters (accents spelled out), primes, and the pieces behind, in order."""

    base: str
    primes: int = 0
    pieces: tuple[Piece, ...] = ()
    start: int = 0
    end: int = 0


class Lexicon(Protocol):
    """What names mean."""

    def find(self, mention: Mention, bound: Sequence[str]) -> Syntax | None:
        """The quantity, index or constant that is mentioned, None if there is none. `bound` are the letters of the sums around.

        Raises FormulaError where it could be several.
        """

    def function(self, mention: Mention) -> str | None:
        """The function that is mentioned, primes included, None if there is none."""

    def unknown(self, mention: Mention) -> FormulaError:
        """What to say of a mention that means nothing."""

    def is_name(self, text: str) -> bool:
        """Whether a bare word is a name of the network: `T` is no transpose then, `e` not Euler's number."""


class NameReader(Reader):
    """Reads names; the formulas around them are read by who knows more."""

    def __init__(self, text: str, lexicon: Lexicon, tokens: Sequence[Token], bound: tuple[str, ...] = ()) -> None:
        self.text, self.lexicon, self.bound = text, lexicon, bound
        self.tokens = list(tokens)
        self.at = 0
        self.depth = 0

    def attempt(self, read: Callable[[], _Result | None]) -> _Result | None:
        """What `read` reads; where it gives None or cannot, the reader stands where it stood."""
        at, depth, tokens = self.at, self.depth, list(self.tokens)
        try:
            found = read()
        except FormulaError:
            found = None
        if found is None:
            self.at, self.depth, self.tokens = at, depth, tokens
        return found

    def script_tokens(self, *, raised: bool) -> tuple[list[Token], int]:
        """What stands in a subscript or superscript: the tokens of its group, or the next one alone; and where it ends."""
        token = self.token
        if token.kind == "{" or (token.kind == "(" and raised):
            inside = self.group()
            if token.kind == "(":
                inside = [token, *inside, self.tokens[self.at - 1]]
            return inside, self.tokens[self.at - 1].end
        if token.kind in ("-", "+") and raised:
            sign = self.take()
            return [sign, self.take()], self.tokens[self.at - 1].end
        if token.kind in ("end", "newline"):
            raise self.error("a script is missing here", token)
        self.take()
        if raised and token.kind == "word" and len(token.text) > 1 and token.text[0] == "T" and not self.lexicon.is_name("T"):  # W^Tx
            self.at -= 1
            self.tokens[self.at : self.at + 1] = [Token("word", "T", token.start, token.start + 1), rest_of(token, token.text[1:], token.start + 1)]
            token = self.take()
        return [token], token.end

    def group(self) -> list[Token]:
        """The tokens between the bracket that stands here and the one that closes it, both taken."""
        opened = self.open()
        closing = {"{": "}", "(": ")", "[": "]"}
        inside: list[Token] = []
        waiting = [closing[opened.kind]]
        while True:
            if self.peek("end", "newline"):
                raise self.error(f"{opened.text!r} is not closed: {waiting[-1]!r} is missing", opened)
            token = self.take()
            if token.kind in closing:
                waiting.append(closing[token.kind])
            elif token.kind == waiting[-1]:
                waiting.pop()
                if not waiting:
                    self.depth -= 1
                    return inside
            inside.append(token)

    def is_transpose(self, tokens: list[Token]) -> bool:
        if len(tokens) != 1:
            return False
        (token,) = tokens
        return (token.kind == "command" and token.text == "top") or (token.kind == "word" and token.text in ("T", "t") and not self.lexicon.is_name(token.text))

    def mention(self) -> Mention:
        """A name with its primes, scripts and indices, as far as they belong to it."""
        start = self.token.start
        base, inner = self._base()
        letters, digits = split_digits(base)
        pieces = [Piece("digits", digits)] if digits else []
        return self.scripts(Mention(letters, 0, (*pieces, *inner), start, self.tokens[self.at - 1].end))

    def _base(self) -> tuple[str, tuple[Piece, ...]]:
        """The letters of a name, accents spelled out: `\\hat{y}` is `yhat`. `\\hat{y_k}` brings its script along."""
        token = self.take()
        if token.kind == "word":
            return token.text, ()
        if token.kind != "command" or token.text not in ACCENT_COMMANDS:
            raise self.error("a name should stand here", token)
        if self.peek("{"):
            inner = self.braced_mention()
        else:
            word = self.take()
            if word.kind != "word":
                raise self.error("a letter should stand under the accent", word)
            if len(word.text) > 1 and not self.lexicon.is_name(word.text + token.text) and word.text not in GREEK_WORDS:  # \hat yx
                self.tokens.insert(self.at, rest_of(word, word.text[1:], word.start + 1))
                word = Token("word", word.text[0], word.start, word.start + 1)
            inner = Mention(word.text)
        return inner.base + token.text, inner.pieces

    def scripts(self, mention: Mention) -> Mention:
        """The primes and scripts that follow, as long as they make a name."""
        while True:
            end = self.tokens[self.at - 1].end
            if self.peek("'"):
                self.take()
                mention = replace(mention, primes=mention.primes + 1, end=self.tokens[self.at - 1].end)
            elif self.peek("_"):
                self.take()
                tokens, end = self.script_tokens(raised=False)
                mention = replace(mention, pieces=(*mention.pieces, *self._pieces("sub", tokens)), end=end)
            elif self.peek("[") and self.token.start == end and self._is_index_list():
                mention = replace(mention, pieces=(*mention.pieces, *self._pieces("index", self.group())), end=self.tokens[self.at - 1].end)
            elif self.peek("^"):
                longer = self.attempt(lambda now=mention: self._superscript(now))  # type: ignore[misc]
                if longer is None:
                    return mention
                mention = longer
            else:
                return mention

    def _is_index_list(self) -> bool:
        """Whether a square bracket holds indices, and is no bracket around a formula or a condition."""
        inside = self.attempt(lambda: tuple(self.group()))
        if inside is None:
            return False
        self.at -= len(inside) + 2
        return all(token.kind in ("word", "number", ",", "+", "-", "*", "(", ")", "/") for token in inside)

    def _pieces(self, kind: str, tokens: Sequence[Token]) -> tuple[Piece, ...]:
        """The parts of a script between its commas."""
        groups: list[list[Token]] = [[]]
        for token in tokens:
            if token.kind == ",":
                groups.append([])
            else:
                groups[-1].append(token)
        return tuple(self._piece(kind, group) for group in groups if group)

    def _piece(self, kind: str, tokens: list[Token]) -> Piece:
        text = "".join("" if token.kind in ("_", "{", "}", "^") else token.text for token in tokens)
        return Piece(kind, text, _index_tree(tokens))

    def _superscript(self, mention: Mention) -> Mention | None:
        """The mention with the superscript that stands here, if that is a label, primes, or the place of a sample."""
        self.take()
        tokens, end = self.script_tokens(raised=True)
        primes = 0
        while tokens and (tokens[-1].kind == "'" or (tokens[-1].kind == "command" and tokens[-1].text == "prime")):
            tokens, primes = tokens[:-1], primes + 1
        transposed = len(tokens) > 1 and self.is_transpose(tokens[-1:]) and tokens[-2].kind in (")", "]", "word", "number")
        label = tokens[:-1] if transposed else tokens
        raw = not (len(label) > 2 and label[0].kind in ("(", "[") and label[-1].kind in (")", "]"))
        inside = label if raw else label[1:-1]
        longer = replace(mention, primes=mention.primes + primes, pieces=(*mention.pieces, *((self._piece("label", inside),) if inside else ())), end=end)
        if inside and not self._is_known(longer):
            return None
        if raw and inside and self._is_ambiguous_power(mention, longer, inside):
            message = f"{self.text[mention.start : end]!r} can be a name or a power"
            raise FormulaError(message, self.text, mention.start, end, hint="write the label in brackets, ^{(2)}, or the power as (a)^2")
        if transposed:  # the label is the name's, the T stays behind it
            self.tokens.insert(self.at, replace(tokens[-1], kind="transpose"))
        return longer

    def _is_known(self, mention: Mention) -> bool:
        return self.lexicon.find(mention, self.bound) is not None or self.lexicon.function(mention) is not None

    def _is_ambiguous_power(self, mention: Mention, longer: Mention, inside: Sequence[Token]) -> bool:
        number = len(inside) == 1 and inside[0].kind == "number"
        return number and self.lexicon.find(mention, self.bound) is not None and self.lexicon.find(longer, self.bound) is not None

    def braced_mention(self) -> Mention:
        start = self.token.start
        inner = type(self)(self.text, self.lexicon, [*self.group(), Token("end", "", start, start)], self.bound)
        mention = inner.mention()
        if not inner.peek("end"):
            raise self.error("not a name", self.token)
        return replace(mention, start=start, end=self.tokens[self.at - 1].end)

    def quantity(self) -> Name | None:
        """A quantity of the network at its place."""
        braced = self.peek("{")
        mention = self.scripts(self.braced_mention()) if braced else self.mention()
        found = self.lexicon.find(mention, self.bound)
        return found if isinstance(found, Name) else None

    def inside(self, tokens: Sequence[Token]) -> Syntax:
        """Some tokens as a formula of their own."""
        if not tokens:
            raise self.error("nothing stands in these brackets", self.tokens[self.at - 1])
        last = tokens[-1].end
        inner = type(self)(self.text, self.lexicon, [*tokens, Token("end", "", last, last)], self.bound)
        inner.depth = self.depth + 1
        if inner.depth > 60:
            raise self.error("brackets nested more than 60 deep", tokens[0])
        tree = inner.sum()
        inner.expect_end()
        return tree

    def arguments(self) -> tuple[tuple[Syntax, ...], tuple[tuple[str, Syntax], ...]]:
        opened = self.open()
        closing = {"(": ")", "[": "]"}[opened.kind]
        arguments: list[Syntax] = []
        options: list[tuple[str, Syntax]] = []
        while not self.peek(closing) or arguments:
            if self.peek("word") and self.peek("=", ahead=1) and arguments:
                name = self.take().text
                self.take()
                if name in IGNORED_OPTIONS:
                    self.take()
                else:
                    options.append((name, self.sum()))
            else:
                arguments.append(self.comparison())
            if not self.peek(","):
                break
            self.take()
        self.close(closing, opened)
        return tuple(arguments), tuple(options)

    def transposed(self, tree: Syntax) -> Syntax:
        while self.peek("transpose"):
            tree = Transpose(tree, start=tree.start, end=self.take().end)
        return tree

    def mentioned(self, given: Mention | None) -> Syntax:
        """What a name stands for, `given` or the one that stands here: a quantity, a call, several names side by side."""
        raise NotImplementedError


def rest_of(token: Token, text: str, start: int) -> Token:
    return Token(token.kind if not text[:1].isdigit() else "number", text, start, token.end)


def split_digits(word: str) -> tuple[str, str]:
    """`W1` as `W` and `1`; digits that stand among letters belong to them."""
    letters = word.rstrip("0123456789")
    return letters, word[len(letters) :]


def _index_tree(tokens: Sequence[Token]) -> Syntax | None:
    """A script as an index: a number, a letter, or their sum; None if it is none."""
    tree: Syntax | None = None
    sign = "+"
    for token in tokens:
        if token.kind in ("+", "-"):
            sign = token.kind
            continue
        if token.kind == "number" and token.text.isdigit():
            part: Syntax = Numeral(token.text, Fraction(int(token.text)), start=token.start, end=token.end)
        elif token.kind == "word":
            part = Name(token.text, start=token.start, end=token.end)
        else:
            return None
        if tree is not None:
            tree = Binary(sign, tree, part, start=tree.start, end=token.end)
        else:
            tree = Negative(part, start=token.start, end=token.end) if sign == "-" else part
    return tree
