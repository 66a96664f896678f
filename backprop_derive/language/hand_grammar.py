"""Tokens of a hand calculation to a syntax tree: the grammar of spec formulas, and what people write besides.

    equation := sum {= sum}
    product  := power {[* | / | @ | · | ⊙] power}         side by side is a product; Σ takes the rest of its product
    power    := atom {' | _script | ^script | [ index ] | .T}
    atom     := number | name | function atom | ( comparison ) | fraction | Σ | derivative | indicator | cases

What a name with its scripts stands for is asked of a lexicon, which knows the network: nothing else can tell `a_1(1 - a_1)`
from `f(z)`, or `z^{(2)}` from a square.
"""

from __future__ import annotations

from collections.abc import Iterator

from backprop_derive.frozen import dataclass
from backprop_derive.language.grammar import COMPARISONS
from backprop_derive.language.hand_commands import IF, OTHERWISE, indicator
from backprop_derive.language.hand_conditions import ConditionReader, wrapped
from backprop_derive.language.hand_indices import ROUNDING
from backprop_derive.language.hand_sums import SUMS
from backprop_derive.language.hand_tokens import ELEMENTWISE, MATRIX, tokenize_hand
from backprop_derive.language.lexicon import NO_LETTERS, Letters, Lexicon, SampleLetterError
from backprop_derive.language.limits import check_limits
from backprop_derive.language.syntax import Binary, Call, Comparison, Name, Numeral, Product, Syntax, Transpose
from backprop_derive.language.tokens import Token

MAXIMUM_SIDES = 50
_STAND_INS = "lpqrstuv"
_PRODUCT_OPERATORS = ("*", "/", "@", MATRIX, ELEMENTWISE)


@dataclass(frozen=True, slots=True)
class Reading:
    """The sides of an equation, and what is to be said of how they were read: each note with its place in the text.

    `conditional`: the statement says where it holds, and its sides are 0 elsewhere.
    """

    sides: tuple[Syntax, ...]
    notes: tuple[tuple[int, str], ...] = ()
    letters: Letters = NO_LETTERS
    conditional: bool = False


def parse_hand(text: str, lexicon: Lexicon, start: int = 0, known: tuple[str, ...] = ()) -> Reading:
    """The sides of an equation, or chain of equations, that stands in `text` from `start` on: one for a bare formula.

    A leading `=` leaves an empty first side out. `known` are index letters that may be free in it. Raises FormulaError with the place in `text`.
    """
    tokens = [token for token in tokenize_hand(text) if token.start >= start or token.kind == "end"]
    words = {token.text for token in tokens}
    stand_in = next(letter for letter in (*_STAND_INS, "i'") if letter not in words and not lexicon.is_name(letter))
    letters = Letters(known, stand_in=stand_in, alone=frozenset(_alone(tokens)))
    try:
        reader = HandReader(text, lexicon, tokens, letters)
        sides = reader.sides()
    except SampleLetterError as error:
        letters = letters.binding((), sample=error.letter)
        reader = HandReader(text, lexicon, tokens, letters)
        sides = reader.sides()
    for side in sides:
        check_limits(side, text)
    return Reading(sides, tuple(dict.fromkeys(reader.notes)), letters, reader.condition is not None)


def _alone(tokens: list[Token]) -> Iterator[tuple[str, str]]:
    """The names with a single letter behind them: `a_i`, `a_{i}`, `\\hat{a}_i`, `a[i]`."""
    for at, token in enumerate(tokens[:-1]):
        base = next((each.text for each in tokens[max(at - 2, 0) : at][::-1] if each.kind == "word"), "")
        behind = [each for each in tokens[at + 1 : at + 4] if each.kind != "{"]
        inside = tokens[at + 1].kind == "{" or token.kind == "["
        if token.kind not in ("_", "[") or not base or len(behind) <= inside:
            continue
        if behind[0].kind == "word" and len(behind[0].text) == 1 and (not inside or behind[1].kind in ("}", "]")):
            yield base, behind[0].text


class HandReader(ConditionReader):
    """Recursive descent over the tokens of a hand-written formula."""

    def sides(self) -> tuple[Syntax, ...]:
        """Everything, split at `=`."""
        found: list[Syntax] = []
        if self.peek("="):
            self.take()
        while True:
            found.append(self.side())
            if not self.peek("="):
                break
            if len(found) == MAXIMUM_SIDES:
                raise self.error(f"more than {MAXIMUM_SIDES} equations in a row", self.token)
            self.take()
        self.trailing()
        self.expect_end()
        return tuple(found) if self.condition is None else tuple(wrapped(side, self.condition) for side in found)

    def expect_end(self) -> None:
        if self.peek("end"):
            return
        token = self.token
        if token.kind == "," and self.tokens[self.at - 1].kind == "number" and self.peek("number", ahead=1):
            raise self.error("a comma is no decimal point", token, hint="write 8.21")
        if self.says(OTHERWISE):
            raise self.error("one case of several is not judged alone", token, hint="write a if z > 0 else b")
        if token.kind in COMPARISONS:
            raise self.error("a comparison stands in brackets", token, hint="write [z > 0] for 1 where z > 0, else 0")
        if token.kind in (")", "]", "}"):
            raise self.error(f"{token.text!r} closes nothing", token)
        raise self.error(f"{token.text!r} is not expected here", token)

    def refuse_juxtaposition(self) -> None:
        """Side by side is a product here."""

    def comparison(self) -> Syntax:
        """Of values, or of index letters: `[i = j]`."""
        at, tokens = self.at, list(self.tokens)
        of_indices = self.attempt(self._between_indices)
        if of_indices is None or len(of_indices) == 1:
            return of_indices[0] if of_indices else super().comparison()
        self.at, self.tokens = at, tokens
        return super().comparison()

    def conditions(self) -> tuple[Syntax, ...]:
        """A comparison, or several in a row, `1 <= k <= n`; or what else stands there."""
        of_indices = self.attempt(self._between_indices)
        return of_indices if of_indices is not None else super().conditions()

    def _between_indices(self) -> tuple[Comparison, ...] | None:
        sides: list[list[Token]] = [[]]
        operators: list[str] = []
        depth = 0
        while (depth or not self.peek(")", "}")) and self._is_of_an_index() and not self.says((*IF, *OTHERWISE, "and")):
            token = self.take()
            depth += (token.kind in ("(", "{")) - (token.kind in (")", "}"))
            if token.kind in COMPARISONS:
                operators.append(token.kind)
                sides.append([])
            else:
                sides[-1].append(token)
        trees = [self.index_tree(side) for side in sides if side]
        known = [tree for tree in trees if tree is not None]
        names = [each for tree in known for each in tree.walk() if isinstance(each, Name)]
        if not operators or len(known) != len(sides) or not names or any(self.lexicon.is_quantity(each.name) or len(each.name) > 1 for each in names):
            return None
        pairs = zip(operators, known, known[1:], strict=False)
        return tuple(Comparison(operator, left, right, start=left.start, end=right.end) for operator, left, right in pairs)

    def _is_of_an_index(self) -> bool:
        """Whether a token may stand in a comparison of indices."""
        rounding = (*ROUNDING, *ROUNDING.values(), "frac")
        return self.peek("word", "number", "+", "-", "*", "/", "(", ")", "{", "}", *COMPARISONS) or (self.peek("command") and self.token.text in rounding)

    def product(self) -> Syntax:
        factors, operators = [self.unary()], list[str]()
        while True:
            if self.peek(*_PRODUCT_OPERATORS):
                operator = self.take().kind
                factors.append(self.unary())
            elif self._starts_factor():
                self.refuse_numbering()
                operator = ""
                self._refuse_tight_quotient(operators, factors)
                factors.append(self.power())
            else:
                break
            operators.append(operator)
        if not operators:
            return factors[0]
        return Product(tuple(factors), tuple(operators), start=factors[0].start, end=factors[-1].end)

    def _starts_factor(self) -> bool:
        if self.says((*IF, *OTHERWISE, "and")) and not (self.token.text == "where" and self.peek("(", ahead=1)):
            return False
        if self.peek("(") and self.starts_condition():
            return False
        if self.peek("(", "[", "{", "word") or (self.peek("|", "‖") and not self.bars):
            return True
        if self.peek("number"):
            before = self.tokens[self.at - 1]
            if before.kind == "number":
                raise self.error(f"{before.text!r} is followed by {self.token.text!r}: that is not one number", self.token)
            return True
        return self.peek("command") and not self.token.text.startswith("end")

    def _refuse_tight_quotient(self, operators: list[str], factors: list[Syntax]) -> None:
        """`1/2m` may be 1/(2m) or (1/2)m: that is asked, not guessed. With a blank, `1/m Σ`, it is read from the left; so is a
        number before a bracket, `1/2(a - y)^2`."""
        if not operators or operators[-1] != "/":
            return
        numbers = all(isinstance(factor, Numeral) for factor in factors[-2:])
        tight = self.token.start == self.tokens[self.at - 1].end and not (self.peek("command") and self.token.text == "sum")
        if (not tight and not (numbers and self.peek("word"))) or (numbers and self.peek("(", "[", "{")):
            return
        if numbers and self.peek("word") and self.token.text in SUMS:
            return
        above, below = (self.text[factor.start : factor.end] for factor in factors[-2:])
        behind = self.token.text
        message = f"{above}/{below} {behind} can be read in two ways"
        raise self.error(message, self.token, hint=f"write {above}/({below}*{behind}…) or ({above}/{below})*{behind}…")

    def power(self) -> Syntax:
        return self._scripted(self.postfix())

    def _scripted(self, tree: Syntax) -> Syntax:
        """Powers and transposes behind a bracket, a number or a call."""
        raised = isinstance(tree, Binary) and tree.operator == "^" and self.tokens[self.at - 1].kind != ")"
        while self.peek("^", "transpose", "method", "'"):
            if self.peek("transpose", "method"):
                tree = self.suffixed(tree)
                continue
            if self.peek("'"):
                raise self.error("a prime stands behind the name of a function, not behind a bracket", self.token, hint="a transpose is written ^T")
            if raised:
                raise self.error("a second ^ needs brackets", self.token, hint="write (a^b)^c or a^(b*c)")
            self.take()
            tokens, end = self.script_tokens(raised=True)
            tree, raised = self._raised(tree, tokens, end)
        return tree

    def _raised(self, tree: Syntax, tokens: list[Token], end: int) -> tuple[Syntax, bool]:
        if self.is_transpose(tokens):
            return Transpose(tree, start=tree.start, end=end), False
        if len(tokens) > 1 and self.is_transpose(tokens[-1:]) and tokens[-2].kind == "number":  # a^{2T}
            exponent = self.inside(tokens[:-1])
            return Transpose(Binary("^", tree, exponent, start=tree.start, end=end), start=tree.start, end=end), True
        return Binary("^", tree, self.inside(tokens), start=tree.start, end=end), True

    def postfix(self) -> Syntax:
        token = self.token
        match token.kind:
            case "number":
                self.take()
                return self.indicated(token) if token.text == "1" and self.peek("_") else self.numeral(token)
            case "(" | "[":
                return self._bracketed(")" if token.kind == "(" else "]")
            case "{":
                return self._braced()
            case "|" | "‖":
                return self._between_bars()
            case "word":
                return self.word()
            case "command":
                return self.command()
            case "end" | "newline":
                raise self.error("the formula ends where a name or a number should stand", token)
        raise self.error(f"a name or a number should stand here, not {token.text!r}", token)

    def _bracketed(self, closing: str) -> Syntax:
        opened = self.open()
        first, *others = self.conditions()
        inner = self.chosen(first) if not others else first
        end = self.close(closing, opened).end
        return indicator((inner, *others), opened.start, end) if isinstance(inner, Comparison) else inner

    def _braced(self) -> Syntax:
        """`{\\sigma_B}'`: a name in braces goes on behind them; anything else is as in round brackets."""
        return self.attempt(self.fraction_of_old) or self.attempt(lambda: self.mentioned(self.braced_mention())) or self._bracketed("}")

    def _between_bars(self) -> Syntax:
        """`|x|`, `‖x‖`."""
        opened = self.open()
        self.bars += 1
        try:
            inner = self.sum()
            end = self.close(opened.kind, opened).end
        finally:
            self.bars -= 1
        if opened.kind == "|":
            return Call("abs", (inner,), start=opened.start, end=end)
        kind = "2"
        if self.peek("_"):
            self.take()
            tokens, end = self.script_tokens(raised=False)
            kind = "".join(token.text for token in tokens)
        if kind not in ("1", "2", "F"):
            raise self.error("only the norms ‖x‖, ‖x‖_2, ‖x‖_F and ‖x‖_1 are read", self.tokens[self.at - 1])
        return Call("norm1" if kind == "1" else "norm", (inner,), start=opened.start, end=end)
