"""How hand-written names are read: letters, accents, primes, subscripts, superscripts and indices, as far as they belong together.

What a name with its scripts stands for is asked of a lexicon, which knows the network: nothing else can tell `a_1(1 - a_1)`
from `f(z)`, or `z^{(2)}` from a square.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from backprop_derive.errors import FormulaError
from backprop_derive.language.grammar import MAXIMUM_DEPTH, Reader
from backprop_derive.language.hand_indices import read_index
from backprop_derive.language.lexicon import NO_LETTERS, FinalError, Letters, Lexicon, Mention, Piece
from backprop_derive.language.syntax import Name, Syntax
from backprop_derive.language.tokens import Token

if TYPE_CHECKING:
    from typing_extensions import Self

ACCENT_COMMANDS = ("hat", "bar", "tilde")
IGNORED_OPTIONS = ("keepdims", "dtype", "out")
_Result = TypeVar("_Result")
GREEK_WORDS = frozenset(["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"])


class NameReader(Reader):
    """Reads names; the formulas around them are read by who knows more."""

    def __init__(self, text: str, lexicon: Lexicon, tokens: Sequence[Token], letters: Letters = NO_LETTERS) -> None:
        self.text, self.lexicon, self.letters = text, lexicon, letters
        self.tokens = list(tokens)
        self.at = 0
        self.depth = 0
        self.bars = 0
        self.notes: list[tuple[int, str]] = []

    def below(self, tokens: Sequence[Token]) -> Self:
        """A reader of some of the tokens."""
        end = tokens[-1].end if tokens else self.token.start
        inner = type(self)(self.text, self.lexicon, [*tokens, Token("end", "", end, end)], self.letters)
        inner.notes, inner.depth = self.notes, self.depth + 1
        if inner.depth > MAXIMUM_DEPTH:
            raise self.error(f"brackets nested more than {MAXIMUM_DEPTH} deep", inner.token)
        return inner

    def attempt(self, read: Callable[[], _Result | None]) -> _Result | None:
        """What `read` reads; where it gives None or cannot, the reader stands where it stood."""
        at, depth, tokens, noted = self.at, self.depth, list(self.tokens), len(self.notes)
        try:
            found = read()
        except FinalError:
            raise
        except FormulaError:
            found = None
        if found is None:
            self.at, self.depth, self.tokens = at, depth, tokens
            del self.notes[noted:]
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
            return ([sign, self.take()] if self.peek("number", "word") else [sign]), self.tokens[self.at - 1].end
        if token.kind in ("end", "newline"):
            raise self.error("a script is missing here", token)
        self.take()
        if raised and token.kind == "word" and token.text[0] == "T" and token.text[1:2].isalpha() and not self.lexicon.is_name("T"):  # W^Tx
            self.at -= 1
            self.tokens[self.at : self.at + 1] = [Token("word", "T", token.start, token.start + 1), rest_of(token, token.text[1:], token.start + 1)]
            token = self.take()
        return [token], token.end

    def group(self) -> list[Token]:
        """The tokens between the bracket that stands here and the one that closes it, both taken."""
        closing = {"{": "}", "(": ")", "[": "]"}
        if not self.peek(*closing):
            raise self.error("a bracket should open here", self.token)
        opened = self.open()
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
        inner = self._base()
        letters, digits = split_digits(inner.base)
        pieces = [Piece("digits", digits)] if digits else []
        return self.scripts(replace(inner, base=letters, pieces=(*pieces, *inner.pieces), start=start, end=self.tokens[self.at - 1].end))

    def _base(self) -> Mention:
        """The letters of a name, accents spelled out: `\\hat{y}` is `yhat`. `\\hat{y_k}` brings its script along."""
        token = self.take()
        if token.kind == "word":
            return Mention(token.text)
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
        return replace(inner, base=inner.base + token.text)

    def scripts(self, mention: Mention) -> Mention:
        """The primes and scripts that follow, as long as they make a name; a superscript that makes none is left as a power."""
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
                if longer is not None:
                    return longer
                if not self._power_behind_scripts():
                    return mention
            else:
                return mention

    def _power_behind_scripts(self) -> bool:
        """`z^2_1` is `z_1^2`: a subscript behind a power is put in front of it."""
        at = self.at
        if self.attempt(self._skipped_script) is None:
            return False
        behind = self.at
        moved = self.peek("_", "'") and (self.take().kind == "'" or self.attempt(lambda: self.script_tokens(raised=False)) is not None)
        end, self.at = self.at, at
        if moved:
            self.tokens[at:end] = [*self.tokens[behind:end], *self.tokens[at:behind]]
        return bool(moved)

    def _skipped_script(self) -> tuple[list[Token], int]:
        self.take()
        return self.script_tokens(raised=True)

    def _is_index_list(self) -> bool:
        """Whether a square bracket holds indices, and is no bracket around a formula or a condition."""
        inside = self.attempt(lambda: tuple(self.group()))
        if inside is None:
            return False
        self.at -= len(inside) + 2
        return all(token.kind in ("word", "number", ",", "+", "-", "*", "·", "(", ")", "/") for token in inside)

    def _pieces(self, kind: str, tokens: Sequence[Token]) -> tuple[Piece, ...]:
        """The parts of a script between its commas."""
        groups: list[list[Token]] = [[]]
        for token in tokens:
            if token.kind == ",":
                groups.append([])
            else:
                groups[-1].append(token)
        return tuple(self._piece(kind, group, tokens[0].start) for group in groups if group)

    def _piece(self, kind: str, tokens: list[Token], group: int = 0) -> Piece:
        text = "".join("" if token.kind in ("_", "{", "}", "^") else token.text for token in tokens)
        return Piece(kind, text, self.index_tree(tokens), group)

    def _superscript(self, mention: Mention) -> Mention | None:
        """The mention with the superscript that stands here, if with all that follows it is a label, primes, or the place of a sample."""
        self.take()
        tokens, end = self.script_tokens(raised=True)
        primes = 0
        while tokens and (tokens[-1].kind == "'" or (tokens[-1].kind == "command" and tokens[-1].text == "prime")):
            tokens, primes = tokens[:-1], primes + 1
        transposed = len(tokens) > 1 and self.is_transpose(tokens[-1:]) and tokens[-2].kind in (")", "]", "word", "number")
        label = tokens[:-1] if transposed else tokens
        raw = not (len(label) > 2 and label[0].kind in ("(", "[") and label[-1].kind in (")", "]"))
        inside = label if raw else label[1:-1]
        pieces = (self._piece("raised" if raw else "label", inside),) if inside else ()
        longer = replace(mention, primes=mention.primes + primes, pieces=(*mention.pieces, *pieces), end=end)
        if transposed:  # the label is the name's, the T stays behind it
            longer = replace(longer, end=tokens[-2].end)
            self.tokens.insert(self.at, replace(tokens[-1], kind="transpose"))
        longer = self.scripts(longer)
        if inside and not self._is_known(longer):
            return None
        if raw and inside and self._is_ambiguous_power(mention, longer, inside):
            message = f"{self.text[mention.start : end]!r} can be a name or a power"
            raise FinalError(message, self.text, mention.start, end, hint="write the label in brackets, ^{(2)}, or the power as (a)^2")
        return longer

    def _is_known(self, mention: Mention) -> bool:
        return self.lexicon.find(mention, self.letters) is not None or self.lexicon.function(mention) is not None

    def _is_ambiguous_power(self, mention: Mention, longer: Mention, inside: Sequence[Token]) -> bool:
        """Whether the name is one with the number and one without it, each as it stands in the spec."""
        if len(inside) != 1 or inside[0].kind != "number" or self.lexicon.find(longer, self.letters) is None:
            return False
        plain = self.lexicon.find(mention, self.letters)
        spelled = mention.base + "".join(piece.text for piece in mention.pieces)
        return isinstance(plain, Name) and "".join(character for character in plain.name if character.isalnum()) == spelled

    def with_label(self, mention: Mention) -> Mention:
        """A mention that means nothing, with the superscript behind it, to say what does."""
        script = self.attempt(self._skipped_script) if self.peek("^") else None
        tokens = [] if script is None else [token for token in script[0] if token.kind not in ("(", ")", "[", "]")]
        return replace(mention, pieces=(*mention.pieces, self._piece("raised", tokens))) if tokens else mention

    def index_tree(self, tokens: Sequence[Token]) -> Syntax | None:
        """A script as an index: a number, a letter, or what is put together from those; None if it is none."""
        return read_index(tokens, lambda letter: self.lexicon.index_letter(letter, self.letters))

    def braced_mention(self) -> Mention:
        start = self.token.start
        inner = self.below(self.group())
        mention = inner.mention()
        if not inner.peek("end"):
            raise self.error("not a name", self.token)
        return replace(mention, start=start, end=self.tokens[self.at - 1].end)

    def quantity(self) -> Name | None:
        """A quantity of the network at its place."""
        braced = self.peek("{")
        mention = self.scripts(self.braced_mention()) if braced else self.mention()
        found = self.lexicon.find(mention, self.letters)
        if not isinstance(found, Name):
            return None
        self.skip_arguments_of_cost(found)
        return found

    def skip_arguments_of_cost(self, found: Syntax) -> None:
        """`J(W, b)`: the cost with what it depends on."""
        if self.lexicon.is_cost(found):
            self.skip_arguments()
        elif isinstance(found, Name) and self._of_one_sample():
            self.at += 3

    def _of_one_sample(self) -> bool:
        """Whether `(x)` stands here, x being the letter of the samples: a^L(x) is a^L of one of them."""
        ahead = self.tokens[self.at : self.at + 3]
        return [token.kind for token in ahead] == ["(", "word", ")"] and ahead[1].text == self.lexicon.sample_index

    def skip_arguments(self) -> None:
        """What a quantity is a function of, where that is said: names, no formula."""
        if not self.peek("("):
            return
        inside = self.attempt(lambda: tuple(self.group()))
        if inside is not None and not _are_names(inside):
            self.at -= len(inside) + 2

    def inside(self, tokens: Sequence[Token]) -> Syntax:
        """Some tokens as a formula of their own."""
        if not tokens:
            raise self.error("nothing stands in these brackets", self.tokens[self.at - 1])
        inner = self.below(tokens)
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

    def suffixed(self, tree: Syntax) -> Syntax:
        """Transposes and methods that stand behind a piece."""
        raise NotImplementedError

    def mentioned(self, given: Mention | None) -> Syntax:
        """What a name stands for, `given` or the one that stands here: a quantity, a call, several names side by side."""
        raise NotImplementedError


def rest_of(token: Token, text: str, start: int) -> Token:
    """What is left of a token whose beginning has been taken. Raises FormulaError where that is neither a word nor a number."""
    if text[:1].isdigit() and not text.replace(".", "").isdigit():
        raise FormulaError(f"{text!r} is neither a name nor a number", "", start, token.end, hint="write a*b for a times b")
    return Token("number" if text[:1].isdigit() else token.kind, text, start, token.end)


def split_digits(word: str) -> tuple[str, str]:
    """`W1` as `W` and `1`; digits that stand among letters belong to them."""
    letters = word.rstrip("0123456789")
    return letters, word[len(letters) :]


def _are_names(tokens: Sequence[Token]) -> bool:
    """`W, b; x_1`: names between commas; numbers stand in their scripts only."""
    pairs = zip([None, *tokens], tokens, strict=False)
    scripts = ("_", "^", "{", ",", "[", "(")
    return bool(tokens) and all(
        token.kind not in ("+", "-", "*", "·", "/") and not (token.kind == "number" and (before is None or before.kind not in scripts)) for before, token in pairs
    )
