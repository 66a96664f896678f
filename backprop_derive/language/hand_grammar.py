"""Tokens of a hand calculation to a syntax tree: the grammar of spec formulas, and what people write besides.

    equation := sum {= sum}
    product  := power {[* | / | @ | · | ⊙] power}         side by side is a product; Σ takes the rest of its product
    power    := atom {' | _script | ^script | [ index ] | .T}
    atom     := number | name | function atom | ( comparison ) | fraction | Σ | derivative | indicator | cases

What a name with its scripts stands for is asked of a lexicon, which knows the network: nothing else can tell `a_1(1 - a_1)`
from `f(z)`, or `z^{(2)}` from a square.
"""

from __future__ import annotations

from fractions import Fraction

from backprop_derive.errors import FormulaError
from backprop_derive.language.grammar import COMPARISONS
from backprop_derive.language.hand_commands import CommandReader, indicator
from backprop_derive.language.hand_names import Lexicon, Mention, Piece, rest_of, split_digits
from backprop_derive.language.hand_tokens import ELEMENTWISE, MATRIX, tokenize_hand
from backprop_derive.language.limits import check_limits
from backprop_derive.language.syntax import Binary, Call, Comparison, Negative, Numeral, Product, Syntax, Transpose
from backprop_derive.language.tokens import Token

MAXIMUM_SIDES = 50
_PRODUCT_OPERATORS = ("*", "/", "@", MATRIX, ELEMENTWISE)
_FUNCTIONS_OF_TWO = {"dot": "@", "matmul": "@", "multiply": "*", "outer": "outer", "power": "^", "add": "+", "subtract": "-", "divide": "/"}
_WITHOUT_BRACKETS = frozenset(["exp", "log", "log10", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan"])


def parse_hand(text: str, lexicon: Lexicon) -> tuple[Syntax, ...]:
    """The sides of an equation, or chain of equations: one for a bare formula. A leading `=` leaves an empty first side out.

    Raises FormulaError with the place in `text`.
    """
    reader = HandReader(text, lexicon, tokenize_hand(text))
    sides = reader.sides()
    for side in sides:
        check_limits(side, text)
    return sides


class HandReader(CommandReader):
    """Recursive descent over the tokens of a hand-written formula."""

    def sides(self) -> tuple[Syntax, ...]:
        """Everything, split at `=`."""
        found: list[Syntax] = []
        if self.peek("="):
            self.take()
        while True:
            found.append(self.sum())
            if not self.peek("="):
                break
            if len(found) == MAXIMUM_SIDES:
                raise self.error(f"more than {MAXIMUM_SIDES} equations in a row", self.token)
            self.take()
        self.expect_end()
        return tuple(found)

    def expect_end(self) -> None:
        if self.peek("end"):
            return
        token = self.token
        if token.kind == "," and self.tokens[self.at - 1].kind == "number" and self.peek("number", ahead=1):
            raise self.error("a comma is no decimal point", token, hint="write 8.21")
        if token.kind in COMPARISONS:
            raise self.error("a comparison stands in brackets", token, hint="write [z > 0] for 1 where z > 0, else 0")
        if token.kind in (")", "]", "}"):
            raise self.error(f"{token.text!r} closes nothing", token)
        raise self.error(f"{token.text!r} is not expected here", token)

    def refuse_juxtaposition(self) -> None:
        """Side by side is a product here."""

    def product(self) -> Syntax:
        factors, operators = [self.unary()], list[str]()
        while True:
            if self.peek(*_PRODUCT_OPERATORS):
                operator = self.take().kind
                factors.append(self.unary())
            elif self._starts_factor():
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
        if self.peek("(", "[", "{", "word"):
            return True
        if self.peek("number"):
            before = self.tokens[self.at - 1]
            if before.kind == "number":
                raise self.error(f"{before.text!r} is followed by {self.token.text!r}: that is not one number", self.token)
            return True
        return self.peek("command") and not self.token.text.startswith("end")

    def _refuse_tight_quotient(self, operators: list[str], factors: list[Syntax]) -> None:
        """`1/2m` may be 1/(2m) or (1/2)m: that is asked, not guessed. With a blank, `1/2 m`, it is read from the left."""
        divides = bool(operators) and operators[-1] == "/"
        if divides and isinstance(factors[-1], Numeral) and self.peek("word") and self.token.start == self.tokens[self.at - 1].end:
            below, behind = self.tokens[self.at - 1].text, self.token.text
            raise self.error(f"1/{below}{behind} can be read in two ways", self.token, hint=f"write 1/({below}*{behind}) or (1/{below})*{behind}")

    def power(self) -> Syntax:
        return self._scripted(self.postfix())

    def _scripted(self, tree: Syntax) -> Syntax:
        """Powers and transposes behind a bracket, a number or a call."""
        raised = isinstance(tree, Binary) and tree.operator == "^" and self.tokens[self.at - 1].kind != ")"
        while self.peek("^", "transpose", "'"):
            if self.peek("transpose"):
                tree = Transpose(tree, start=tree.start, end=self.take().end)
                continue
            if self.peek("'"):
                raise self.error("a prime stands behind the name of a function, not behind a bracket", self.token)
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
                return self.numeral(token)
            case "(" | "[":
                return self._bracketed(")" if token.kind == "(" else "]")
            case "{":
                return self._braced()
            case "word":
                return self._word()
            case "command":
                return self.command()
            case "end" | "newline":
                raise self.error("the formula ends where a name or a number should stand", token)
        raise self.error(f"a name or a number should stand here, not {token.text!r}", token)

    def _bracketed(self, closing: str) -> Syntax:
        opened = self.open()
        inner = self.comparison()
        end = self.close(closing, opened).end
        return indicator(inner, opened.start, end) if isinstance(inner, Comparison) else inner

    def _braced(self) -> Syntax:
        """`{\\sigma_B}'`: a name in braces goes on behind them; anything else is as in round brackets."""
        return self.attempt(lambda: self.mentioned(self.braced_mention())) or self._bracketed("}")

    def _word(self) -> Syntax:
        derivative = self.attempt(self.plain_derivative)
        if derivative is not None:
            return derivative
        if self.token.text in ("sum", "prod", "mean") and not self.lexicon.is_name(self.token.text):
            return self.fold(self.take())
        return self.mentioned(None)

    def mentioned(self, given: Mention | None) -> Syntax:
        """What a name stands for: a quantity, a call, or several names side by side."""
        begin = self.at
        mention = self.mention() if given is None else self.scripts(given)
        function = self.lexicon.function(mention)
        found = None if function is not None and self.peek("(") and mention.primes else self.lexicon.find(mention, self.bound)
        if found is not None:
            return self.transposed(found)
        if function is not None:
            return self._call_of(function, mention)
        if mention.base in _FUNCTIONS_OF_TWO and self.peek("("):
            return self._numpy(mention.base, mention)
        split = self._side_by_side(begin) if given is None else None
        if split is None:
            raise self.lexicon.unknown(mention)
        return split

    def _side_by_side(self, begin: int) -> Syntax | None:
        """A word that is no name, as names side by side: `wx` is w·x. The first name is as long as it can be."""
        token = self.tokens[begin]
        if token.kind != "word":
            return None
        readings = []
        for length in range(len(token.text) - 1, 0, -1):
            head, tail = token.text[:length], token.text[length:]
            letters, digits = split_digits(head)
            first = Mention(letters, 0, (Piece("digits", digits),) if digits else (), token.start, token.start + length)
            found = self.lexicon.find(first, self.bound) if not tail[0].isdigit() else None
            if found is not None:
                readings.append((found, tail, length))
        for found, tail, length in readings:
            at, tokens = self.at, list(self.tokens)
            self.at = begin
            self.tokens[begin : begin + 1] = [rest_of(token, tail, token.start + length)]
            try:
                rest = self.mentioned(None)
            except FormulaError:
                self.at, self.tokens = at, tokens
                continue
            factors, operators = (rest.factors, rest.operators) if isinstance(rest, Product) else ((rest,), ())
            return Product((found, *factors), ("", *operators), start=found.start, end=rest.end)
        return None

    def _call_of(self, function: str, mention: Mention) -> Syntax:
        """A function at its arguments; a power may stand between: `\\tanh^2(z)`."""
        exponent: Syntax | None = None
        if self.peek("^"):
            self.take()
            tokens, _ = self.script_tokens(raised=True)
            exponent = self.inside(tokens)
            if exponent == Negative(Numeral("1", Fraction(1))):
                raise self.error("^{-1} behind a function can be its inverse or one over it", self.token, hint="write 1/f(x), or arctan")
        if self.peek("(", "["):
            arguments, options = self.arguments()
        elif function.rstrip("'") in _WITHOUT_BRACKETS:
            arguments, options = (self._tight(),), ()
        else:
            raise self.error(f"{self.text[mention.start : mention.end]!r} is a function: its argument stands behind it in brackets", self.tokens[self.at - 1])
        end = self.tokens[self.at - 1].end
        call: Syntax = Call(function, arguments, options, start=mention.start, end=end)
        if exponent is not None:
            call = Binary("^", call, exponent, start=mention.start, end=end)
        return self.transposed(call)

    def _tight(self) -> Syntax:
        """The argument of a function without brackets: what holds together most tightly, `\\log a^{(i)}`, `\\tanh 2x`."""
        if self.peek("-"):
            sign = self.take()
            operand = self._tight()
            return Negative(operand, start=sign.start, end=operand.end)
        first = self.power()
        if isinstance(first, Numeral) and self.peek("word"):
            second = self.power()
            return Product((first, second), ("",), start=first.start, end=second.end)
        return first

    def _numpy(self, name: str, mention: Mention) -> Syntax:
        """`np.dot(a, b)` and its kind as the operators that they are."""
        arguments, _ = self.arguments()
        if len(arguments) != 2:
            raise self.error(f"{name} takes two arguments; {len(arguments)} given", self.tokens[self.at - 1])
        left, right = arguments
        end = self.tokens[self.at - 1].end
        operator = _FUNCTIONS_OF_TWO[name]
        if operator == "outer":
            operator, right = "@", Transpose(right, start=right.start, end=right.end)
        if operator in ("*", "/", "@"):
            return self._scripted(Product((left, right), (operator,), start=mention.start, end=end))
        return self._scripted(Binary(operator, left, right, start=mention.start, end=end))
