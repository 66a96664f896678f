"""How sums are read: Σ with its index below, and calls that run over an index, `sum(e, k)`, `max(e, k)`, `softmax(z[k], k, j)`.

A letter below a Σ is an index of units or of samples: that shows in its body, which is read for units first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeVar

from backprop_derive.language.grammar import COMPARISONS
from backprop_derive.language.hand_names import NameReader
from backprop_derive.language.lexicon import SampleLetterError
from backprop_derive.language.syntax import Call, Comparison, Name, Numeral, Syntax
from backprop_derive.language.tokens import Token

MAXIMUM_SUMS = 20
SUMS = ("sum", "prod", "mean")
_OVER_AN_INDEX = ("max", "min", "argmax", "softmax", "log_softmax", "logsumexp")
_SIGNS = "\\Σ∑∏"
_Result = TypeVar("_Result")


class SumReader(NameReader):
    """Reads what binds an index letter."""

    def fold(self, token: Token) -> Syntax:
        """Σ with its index below, or `sum(…)` as a call; the sign or the word is taken already."""
        if self.peek("(") and self.text[token.start : token.start + 1] not in _SIGNS and not self._is_sign(token):
            call = self.called_fold(token)
            self._refuse_open_end(call, token)
            return call
        below: list[Token] = []
        above: list[Token] = []
        while self.peek("_", "^"):
            raised = self.take().kind == "^"
            tokens, _ = self.script_tokens(raised=raised)
            below, above = (below, tokens) if raised else (tokens, above)
        letters, rest = self._letters_below(below, token)
        body, names = self._bound(letters, lambda: self._body(letters, rest))
        ends = self._ends(rest, above, token) if len(letters) == 1 else ()
        for name in reversed(names):
            body = Call(token.text, (body, Name(name, start=token.start, end=token.end), *ends), start=token.start, end=body.end)
        return body if letters else Call(token.text, (body,), start=token.start, end=body.end)

    def _is_sign(self, token: Token) -> bool:
        """`sum (a - y) x`: with a blank behind it, and one argument, the word is a Σ."""
        if self.token.start == token.end:
            return False
        inside = self.attempt(lambda: tuple(self.group()))
        if inside is None:
            return False
        self.at -= len(inside) + 2
        return not any(each.kind in (",", "=") for each in inside)

    def _refuse_open_end(self, call: Syntax, token: Token) -> None:
        """`sum(a - y)x`, `sum(a - y)^2`: where such a sum ends is asked."""
        if isinstance(call, Call) and len(call.arguments) == 1 and not call.options and self.peek("^", "(", "word", "command"):
            hint = f"write {token.text}(a*b) for the {token.text} of products, ({token.text}(a))*b for the product with a {token.text}"
            raise self.error(f"where this {token.text} ends can be read in two ways", self.token, hint)

    def _bound(self, letters: Sequence[str], read: Callable[[], _Result]) -> tuple[_Result, list[str]]:
        """What is read below a sum over some letters, and what these are called in the tree."""
        outer, at, depth, tokens, noted = self.letters, self.at, self.depth, list(self.tokens), len(self.notes)
        if len(outer.bound) >= MAXIMUM_SUMS:
            raise self.error(f"more than {MAXIMUM_SUMS} sums in one another", self.token)
        try:
            self.letters = outer.binding(letters)
            try:
                found = read()
            except SampleLetterError as error:
                if error.letter not in letters:
                    raise
                self.at, self.depth, self.tokens = at, depth, tokens
                del self.notes[noted:]
                self.letters = outer.over_samples(letters, error.letter)
                found = read()
            return found, [self._letter_of_sum(letter, found) for letter in letters]
        finally:
            self.letters = outer

    def _letter_of_sum(self, letter: str, body: object) -> str:
        """What a bound letter is called in the tree; that of the samples stands for them also where nothing in the sum has it."""
        name = self.lexicon.index_letter(letter, self.letters)
        unused = isinstance(body, Syntax) and not any(isinstance(each, Name) and each.name == name for each in body.walk())
        return letter if letter == self.lexicon.sample_index and unused else name

    def _body(self, letters: Sequence[str], rest: Sequence[Token]) -> Syntax:
        """The rest of the product, and the condition that stands below: `k ≠ j`."""
        body = self.product()
        if not rest or rest[0].kind not in COMPARISONS or rest[0].kind == "=":
            return body
        (letter,) = letters
        start, end = rest[0].start, rest[-1].end
        other = self.index_tree(rest[1:])
        if other is None:
            raise self.error("below a sum stands its index, and perhaps a condition on it: \\sum_{k \\neq j}", rest[0])
        condition = Comparison(rest[0].kind, Name(self.lexicon.index_letter(letter, self.letters), start=start, end=end), other, start=start, end=end)
        return Call("where", (condition, body, Numeral("0", Fraction(0), start=start, end=end)), start=body.start, end=body.end)

    def _letters_below(self, tokens: Sequence[Token], token: Token) -> tuple[tuple[str, ...], Sequence[Token]]:
        """The letters that a sum runs over, and what else stands below it."""
        letters: list[str] = []
        at = 0
        while at < len(tokens) and tokens[at].kind == "word":
            letters.append(tokens[at].text)
            at += 1
            if at < len(tokens) and tokens[at].kind == ",":
                at += 1
        rest = tokens[at:]
        if rest and (len(letters) != 1 or len(rest) < 2 or (rest[0].kind not in COMPARISONS and rest[0].text != "in")):
            raise self.error("below a sum stands its index, and perhaps where it starts: \\sum_{k=1}^{n}", rest[0])
        if any(self.lexicon.is_quantity(letter) for letter in letters):
            letters = self._letter_of_samples(letters, token)
        return tuple(letters), rest

    def _letter_of_samples(self, letters: list[str], token: Token) -> list[str]:
        """`\\sum_x`: a sum over all inputs x is one over the samples. Any other quantity is no index."""
        if len(letters) > 1 or self.lexicon.sample_index is None:
            raise self.error(f"{letters[0]!r} is a quantity of the network, so it cannot be the index of a sum", token)
        self.notes.append((token.start, f"the sum over {letters[0]} was read as the sum over the samples"))
        return [self.lexicon.sample_index]

    def _ends(self, rest: Sequence[Token], above: Sequence[Token], token: Token) -> tuple[Syntax, ...]:
        """Where the index starts and ends, `k=1` with the end above or `k=1..n`. An end that is no size of the network stands for
        the whole range."""
        if not rest or rest[0].kind != "=":
            return ()
        dots = next((at for at, each in enumerate(rest) if each.kind == ".."), len(rest))
        rest, above = rest[:dots], above or rest[dots + 1 :]
        if not above:
            raise self.error("the sum says where it starts and not where it ends", token)
        low = self.inside(rest[1:])
        high = self.attempt(lambda: self.inside(above))
        if high is not None:
            return (low, high)
        if isinstance(low, Numeral) and low.value in (0, 1):
            written = self.text[above[0].start : above[-1].end]
            self.notes.append((token.start, f"{written}, where the sum ends, was read as the last place"))
            return ()
        raise self.error("where the sum ends is no size of the network", above[0])

    def _over_letter(self, function: str, letter: Token, start: int, ends: tuple[Syntax, ...]) -> Syntax:
        """The index stands below, the component that is read behind."""
        if function in ("max", "min", "argmax"):
            body, (name,) = self._bound((letter.text,), self.product)
            return Call(function, (body, Name(name, start=letter.start, end=letter.end), *ends), start=start, end=body.end)
        if not self.peek("(", "["):
            raise self.error("what it runs over stands behind it in brackets", self.token)
        opened = self.open()
        body, (name,) = self._bound((letter.text,), self.sum)
        end = self.close({"(": ")", "[": "]"}[opened.kind], opened).end
        arguments: tuple[Syntax, ...] = (body, Name(name, start=letter.start, end=letter.end))
        if self.peek("_", "["):
            if self.peek("["):
                tokens = self.group()
                end = self.tokens[self.at - 1].end
            else:
                self.take()
                tokens, end = self.script_tokens(raised=False)
            component = self.index_tree(tokens)
            if component is None:
                raise self.error("the component that is read should stand here", self.tokens[self.at - 1])
            arguments = (*arguments, *ends, component)
        elif ends:
            arguments = (*arguments, *ends)
        return Call(function, arguments, start=start, end=end)

    # -- calls --------------------------------------------------------------------------------------------------------

    def called_fold(self, token: Token) -> Syntax:
        """`sum(e, k)`, `sum(e, k, 1, n)`, `sum(k=1..n, e)`, `np.sum(e, axis=1)`; the word is taken already."""
        if self.peek("word", ahead=1) and self.peek("=", ahead=2):
            return self._range_first(token)
        letter = self._letter_of_call()
        if letter is None:
            arguments, options = self.arguments()
            if not arguments:
                raise self.error(f"there is nothing to {token.text} in these brackets", self.tokens[self.at - 1])
            return self.suffixed(Call(token.text, arguments, options, start=token.start, end=self.tokens[self.at - 1].end))
        opened = self.open()
        body, (name,) = self._bound((letter.text,), self.comparison)
        self._comma()
        self.take()
        arguments = (body, Name(name, start=letter.start, end=letter.end))
        while self.peek(","):
            self.take()
            arguments = (*arguments, self._place())
        end = self.close(")", opened).end
        return Call(token.text, arguments, start=token.start, end=end)

    def operator_with_index(self) -> Syntax | None:
        """`\\max_k (…)`, `\\operatorname{softmax}_{k}(z_k)_{j}`; None where something else stands."""
        token = self.token
        name = token.text.lower()
        if name not in _OVER_AN_INDEX or self.lexicon.is_name(token.text) or not self.peek("_", ahead=1):
            return None
        self.take()
        self.take()
        tokens, _ = self.script_tokens(raised=False)
        low, letter, high = _range_below(tokens)
        ends = tuple(self.index_tree(end) for end in (low, high) if end)
        if len(letter) != 1 or letter[0].kind != "word" or len(ends) == 1 or None in ends:
            raise self.error("below a function stands the index that it runs over", self.tokens[self.at - 1])
        return self._over_letter(name, letter[0], token.start, tuple(end for end in ends if end is not None))

    def runs_over_an_index(self, name: str) -> bool:
        """Whether the call that stands here binds the letter of its second argument: `max(e, k)`."""
        return name in _OVER_AN_INDEX and self.peek("(") and self._letter_of_call() is not None

    def _place(self) -> Syntax:
        """An end of a range, or the component that is read: an index letter may stand alone."""
        token = self.token
        if token.kind == "word" and self.peek(",", ")", ahead=1) and not self.lexicon.is_name(token.text):
            self.take()
            return Name(self.lexicon.index_letter(token.text, self.letters), start=token.start, end=token.end)
        return self.sum()

    def _range_first(self, token: Token) -> Syntax:
        opened = self.open()
        letter = self.take()
        self.take()
        low = self.sum()
        if not self.peek("..", ":"):
            raise self.error("where the sum ends is missing", self.token, hint="write sum(k=1..n, …)")
        self.take()
        high = self.sum()
        self._comma()
        body, (name,) = self._bound((letter.text,), self.sum)
        end = self.close(")", opened).end
        return Call(token.text, (body, Name(name, start=letter.start, end=letter.end), low, high), start=token.start, end=end)

    def _comma(self) -> None:
        if not self.peek(","):
            raise self.error(f"a comma should stand here, not {self.token.text!r}", self.token)
        self.take()

    def _letter_of_call(self) -> Token | None:
        """The `k` of `sum(e, k)`, found ahead so that it is an index while e is read."""
        depth = 0
        for at in range(self.at, len(self.tokens) - 2):
            kind = self.tokens[at].kind
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(kind, 0)
            if depth == 0:
                return None
            if depth == 1 and kind == ",":
                letter = self.tokens[at + 1]
                alone = letter.kind == "word" and self.tokens[at + 2].kind in (")", ",")
                return letter if alone and not self.lexicon.is_name(letter.text) else None
        return None


def _range_below(tokens: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token], Sequence[Token]]:
    """First place, letter and last place of `1 \\le k \\le n` or `k=1..n`; without a range, the letter alone."""
    kinds = [each.kind for each in tokens]
    if "=" in kinds and ".." in kinds:
        start, end = kinds.index("="), kinds.index("..")
        return tokens[start + 1 : end], tokens[:start], tokens[end + 1 :]
    places = [at for at, kind in enumerate(kinds) if kind == "<="]
    if len(places) == 2:
        return tokens[: places[0]], tokens[places[0] + 1 : places[1]], tokens[places[1] + 1 :]
    return (), tokens, ()
