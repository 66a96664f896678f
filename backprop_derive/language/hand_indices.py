"""How indices are read: `j`, `t-1`, `2t+k`, `floor((n + 1)/2)`, `word[t]`; sums of numbers and letters, with whole factors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from backprop_derive.language.syntax import Binary, Call, Name, Negative, Numeral, Syntax
from backprop_derive.language.tokens import Token

ROUNDING = {"lfloor": "rfloor", "lceil": "rceil"}
_OPENING = {"(": ")", "[": "]", "{": "}"}
_DEEPEST = 10


def read_index(tokens: Sequence[Token], letter: Callable[[str], str]) -> Syntax | None:
    """The tokens as an index; None if they are none. `letter` says what a letter is called in the tree."""
    reader = _IndexReader(tokens, letter)
    tree = reader.sum(0)
    return tree if reader.at == len(tokens) else None


def rounded(bracket: str, inner: Syntax, start: int, end: int) -> Syntax | None:
    """`⌊t/3⌋`, and `⌈t/3⌉` as ⌊(t + 2)/3⌋; None where it is no fraction that is rounded up."""
    if bracket == "lceil":
        if not isinstance(inner, Binary) or inner.operator != "/" or not isinstance(inner.right, Numeral):
            return None
        more = Numeral(str(inner.right.value - 1), inner.right.value - 1, start=start, end=end)
        inner = replace(inner, left=Binary("+", inner.left, more, start=start, end=end))
    return Call("floor", (inner,), start=start, end=end)


class _IndexReader:
    def __init__(self, tokens: Sequence[Token], letter: Callable[[str], str]) -> None:
        self.tokens, self.letter = tokens, letter
        self.at = 0

    def peek(self, *kinds: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at].kind in kinds

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def sum(self, depth: int) -> Syntax | None:
        sign = self.take() if self.peek("-", "+") else None
        tree = self.product(depth)
        if tree is not None and sign is not None and sign.kind == "-":
            tree = Negative(tree, start=sign.start, end=tree.end)
        while tree is not None and self.peek("+", "-"):
            operator = self.take().kind
            right = self.product(depth)
            tree = None if right is None else Binary(operator, tree, right, start=tree.start, end=right.end)
        return tree

    def product(self, depth: int) -> Syntax | None:
        tree = self.factor(depth)
        while tree is not None and (self.peek("*", "·", "/") or (isinstance(tree, Numeral) and self.peek("word", "(", "command"))):
            operator = self.take().kind if self.peek("*", "·", "/") else "*"
            operator = "*" if operator == "·" else operator
            right = self.factor(depth)
            tree = None if right is None else Binary(operator, tree, right, start=tree.start, end=right.end)
        return tree

    def factor(self, depth: int) -> Syntax | None:
        if depth > _DEEPEST or self.at >= len(self.tokens):
            return None
        token = self.take()
        if token.kind == "number" and token.text.isdigit():
            return Numeral(token.text, Fraction(int(token.text)), start=token.start, end=token.end)
        if token.kind == "word" and token.text == "floor" and self.peek("("):
            inner = self.factor(depth + 1)
            return None if inner is None else Call("floor", (inner,), start=token.start, end=self.tokens[self.at - 1].end)
        if token.kind == "word":
            return self.name(token, depth)
        if token.kind == "command" and token.text == "frac":
            return self.fraction(token, depth)
        if token.kind == "(" or (token.kind == "command" and token.text in ROUNDING):
            return self.bracketed(token, depth)
        return None

    def fraction(self, token: Token, depth: int) -> Syntax | None:
        """`\\frac{t+1}{2}`."""
        parts = []
        for _ in range(2):
            if not self.peek("{"):
                return None
            self.take()
            parts.append(self.sum(depth + 1))
            if parts[-1] is None or not self.peek("}"):
                return None
            self.take()
        above, below = parts
        return None if above is None or below is None else Binary("/", above, below, start=token.start, end=self.tokens[self.at - 1].end)

    def bracketed(self, token: Token, depth: int) -> Syntax | None:
        inner = self.sum(depth + 1)
        closed = self.peek(")") if token.kind == "(" else (self.peek("command") and self.tokens[self.at].text == ROUNDING[token.text])
        if inner is None or not closed:
            return None
        end = self.take().end
        return inner if token.kind == "(" else rounded(token.text, inner, token.start, end)

    def name(self, token: Token, depth: int) -> Syntax | None:
        """A letter, or a quantity that is used as an index: `word[t]`, `word_t`."""
        if not self.peek("[", "_"):
            return Name(self.letter(token.text), start=token.start, end=token.end)
        if self.take().kind == "_" and not self.peek("{"):
            inner = self.factor(depth + 1)
        else:
            opened = self.take() if self.peek("{") else self.tokens[self.at - 1]
            inner = self.sum(depth + 1)
            if not self.peek(_OPENING[opened.kind]):
                return None
            self.take()
        return None if inner is None else Name(token.text, (inner,), start=token.start, end=self.tokens[self.at - 1].end)
