"""What people say of where a formula holds: `a if z > 0 else b`, `a if z > 0, b otherwise`, `p for j ≠ k`."""

from __future__ import annotations

from fractions import Fraction

from backprop_derive.language.grammar import COMPARISONS
from backprop_derive.language.hand_calls import CallReader
from backprop_derive.language.hand_commands import IF, OTHERWISE, are_opposite
from backprop_derive.language.syntax import Call, Comparison, Name, Numeral, Syntax
from backprop_derive.language.tokens import Token

_ALL = ("all", "any", "every", "each")
_BOTH = "write a if z > 0 else b"


class ConditionReader(CallReader):
    """Reads a side of an equation with the words behind it. `condition` is where the whole statement is said to hold."""

    condition: Comparison | None = None

    def says(self, words: tuple[str, ...]) -> bool:
        """Whether one of the words stands here, as a word."""
        return self.peek("word") and self.token.text in words and not self.lexicon.is_name(self.token.text)

    def side(self) -> Syntax:
        """A formula, or formulas with the conditions under which they hold."""
        return self.chosen(self.sum())

    def chosen(self, then: Syntax) -> Syntax:
        """`then` with what stands behind it: `if z > 0 else b`, `if z > 0, b otherwise`, `if z > 0, b if z <= 0`, or a condition alone."""
        if not self.says(IF):
            return then
        word = self.take()
        test = self._test(word)
        joined = self._joined()
        if self.says(OTHERWISE):
            self.take()
            otherwise = self.chosen(self.sum())
        elif joined and not self.peek("end", ")", "]", "}"):
            otherwise = self.sum()
            if self.says(OTHERWISE):
                self.take()
            else:
                second = self._test(self.take()) if self.says(IF) else None
                if second is None or not are_opposite(test, second):
                    raise self.error("the last of several cases should hold otherwise", self.token, hint=_BOTH)
        else:
            self.holds(test, word)
            return then
        return Call("where", (test, then, otherwise), start=then.start, end=otherwise.end)

    def holds(self, test: Comparison, token: Token) -> None:
        """The whole statement is said where a comparison holds."""
        if self.condition is not None or not self.peek("end"):
            raise self.error("behind if stand a comparison and else", token, hint=_BOTH)
        self.condition = test

    def trailing(self) -> None:
        """`, j ≠ k` or `(j ≠ k)` at the end. `(z > 0)` may as well be a factor, which is asked."""
        opened = self.token
        read = self._behind_comma if self.peek(",") else self._in_brackets
        test = self.attempt(read) if self.peek(",", "(") else None
        if test is None:
            return
        if opened.kind == "(" and not self._is_of_indices(test):
            message = f"{self.text[opened.start : self.tokens[self.at - 1].end]} can be a factor or a condition"
            raise self.error(message, opened, hint="write [z > 0] for 1 where z > 0 and 0 elsewhere, and a if z > 0 else b for cases")
        self.holds(test, opened)

    def starts_condition(self) -> bool:
        """Whether the round bracket that opens here holds a comparison, not one of several cases, and ends the text: what is said behind a formula."""
        depth, compared = 0, False
        for at in range(self.at, len(self.tokens)):
            kind, text = self.tokens[at].kind, self.tokens[at].text
            depth += (kind in ("(", "[", "{") or text == "begin cases") - (kind in (")", "]", "}") or text == "end cases")
            if depth == 1 and kind == "word" and text in (*IF, *OTHERWISE):
                return False
            compared = compared or (depth == 1 and kind in COMPARISONS)
            if depth == 0:
                return compared and self.tokens[at + 1].kind == "end"
        return False

    def refuse_numbering(self) -> None:
        """`(a - y)*x (2)`: a factor, or the number of the equation? That is asked, unless numbers stand in brackets before it too."""
        kinds = [token.kind for token in self.tokens[self.at : self.at + 4]]
        apart = self.text[self.token.start - 1 : self.token.start].isspace()
        if kinds != ["(", "number", ")", "end"] or not apart or not self.tokens[self.at + 1].text.isdecimal():
            return
        if [token.kind for token in self.tokens[max(self.at - 2, 0) : self.at]] != ["number", ")"]:
            number = self.tokens[self.at + 1].text
            raise self.error(f"({number}) can be a factor or the number of the equation", self.token, hint=f"write *{number}, or leave more room before ({number})")

    def _behind_comma(self) -> Comparison | None:
        self.take()
        return self._last(self.comparison())

    def _in_brackets(self) -> Comparison | None:
        self.take()
        inner = self.comparison()
        if not self.peek(")"):
            return None
        self.take()
        return self._last(inner)

    def _last(self, inner: Syntax) -> Comparison | None:
        return inner if isinstance(inner, Comparison) and self.peek("end") else None

    def _test(self, word: Token) -> Comparison:
        """The comparison behind `if`, `for all`."""
        if self.says(_ALL):
            self.take()
        test = self.comparison()
        if not isinstance(test, Comparison):
            raise self.error("behind if stand a comparison and else", word, hint=_BOTH)
        if self.peek(*COMPARISONS):
            raise self.error("one comparison is read behind if, not two in a row", self.token)
        return test

    def _is_of_indices(self, test: Comparison) -> bool:
        return not any(isinstance(each, Name) and self.lexicon.is_quantity(each.name) for each in test.walk())

    def _joined(self) -> bool:
        """Whether a comma or `and` goes on to the next case."""
        start = self.at
        while self.peek(",", "..") or self.says(("and",)):
            self.take()
        return self.at > start


def wrapped(tree: Syntax, condition: Comparison) -> Syntax:
    """A side that counts only where the condition holds."""
    nothing = Numeral("0", Fraction(0), start=tree.end, end=tree.end)
    return Call("where", (condition, tree, nothing), start=tree.start, end=tree.end)
