"""How calls are read: functions with and without brackets, and those of NumPy as the operators that they are."""

from __future__ import annotations

from fractions import Fraction

from backprop_derive.errors import FormulaError
from backprop_derive.language.hand_commands import CommandReader
from backprop_derive.language.hand_names import rest_of, split_digits
from backprop_derive.language.hand_sums import SUMS
from backprop_derive.language.lexicon import FinalError, Mention, Piece
from backprop_derive.language.syntax import Binary, Call, Comparison, Name, Negative, Numeral, Product, Syntax, Transpose
from backprop_derive.language.tokens import Token

_OF_TWO = {"dot": "@", "matmul": "@", "mm": "@", "multiply": "*", "mul": "*", "outer": "outer", "power": "^", "pow": "^", "add": "+", "subtract": "-", "divide": "/"}
_SPELLED = {"maximum": "max", "minimum": "min", "absolute": "abs", "fabs": "abs"}
_WITHOUT_BRACKETS = frozenset(["exp", "log", "log10", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan"])
_LONGEST_SPLIT = 60


class CallReader(CommandReader):
    """Reads words: names, calls, and several names side by side."""

    def word(self) -> Syntax:
        """What begins with a word."""
        derivative = self.attempt(self.plain_derivative)
        if derivative is not None:
            return derivative
        operator = self.operator_with_index()
        if operator is not None:
            return self.suffixed(operator)
        text = self.token.text
        if not self.lexicon.is_name(text):
            if text in SUMS and not (self.peek("_", ahead=1) and self.attempt(self._known_mention) is not None):
                return self.fold(self.take())
            if text == "floor" and self.peek("(", ahead=1) and not self.lexicon.is_name(text):
                return self._floor(self.take())
            if text in ("where", "if", "diag", "norm", "ones") and self.peek("(", ahead=1):
                return self._special(self.take())
            if text == "argmax" and self.peek("(", ahead=1):
                return self.called_fold(self.take())
            if text in ("I", "indicator") and self.peek("(", ahead=1):
                return self.indicated(self.take())
            if text in _OF_TWO and self.peek("(", ahead=1):
                return self.suffixed(self._numpy(self.take()))
        return self.mentioned(None)

    def mentioned(self, given: Mention | None) -> Syntax:
        """What a name stands for: a quantity, a call, or several names side by side."""
        begin = self.at
        mention = self.mention() if given is None else self.scripts(given)
        output = self.attempt(lambda: self._hypothesis(mention)) if self.peek("(") else None
        if output is not None:
            return self.suffixed(output)
        function = _SPELLED.get(mention.base) or self.lexicon.function(mention)
        found = self.lexicon.find(mention, self.letters)
        if found is not None and not (function is not None and self.peek("(") and _is_in_other_case(found, mention)):
            self.skip_arguments_of_cost(found)
            return self.suffixed(found)
        if function is not None:
            if remark := self.lexicon.remark(mention):
                self.notes.append((mention.start, remark))
            return self._call_of(function, mention)
        split = self._side_by_side(begin) if given is None else None
        if split is None:
            raise self.lexicon.unknown(self.with_label(mention))
        return split

    def _hypothesis(self, mention: Mention) -> Syntax | None:
        """`h_θ(x)`: the output of the network, at the input."""
        return self.lexicon.hypothesis(mention, self.inside(self.group()))

    def _known_mention(self) -> bool | None:
        """Whether a quantity stands here, `prod_y1`; the reader stays where it stands."""
        at = self.at
        known = self.lexicon.find(self.mention(), self.letters) is not None
        self.at = at
        return known or None

    def _side_by_side(self, begin: int) -> Syntax | None:
        """A word that is no name, as names side by side: `wx` is w·x. Scripts behind it belong to the last of them."""
        token = self.tokens[begin]
        if token.kind != "word" or len(token.text) > _LONGEST_SPLIT:
            return None
        heads: dict[int, list[tuple[Syntax, ...]]] = {0: [()]}
        for end in range(1, len(token.text)):
            heads[end] = self._names_up_to(end, token, heads)[:2]
        found: list[Syntax] = []
        stand: tuple[int, list[Token]] | None = None
        for start in range(1, len(token.text)):
            for head in heads[start]:
                last = self._last_of(begin, token, start)
                if last is not None:
                    tree, at, tokens = last
                    stand = stand or (at, tokens)
                    factors, operators = (tree.factors, tree.operators) if isinstance(tree, Product) else ((tree,), ())
                    found.append(Product((*head, *factors), ("",) * len(head) + operators, start=token.start, end=tree.end))
        if not found or stand is None:
            return None
        if len(found) > 1:
            raise FinalError(f"{token.text!r} can be several products of names", self.text, token.start, token.end, hint="write a*b for a times b")
        self.at, self.tokens = stand
        self.notes.append((token.start, f"{token.text} was read as {'·'.join(self.text[each.start : each.end] for each in found[0].children())}"))
        return found[0]

    def _names_up_to(self, end: int, token: Token, heads: dict[int, list[tuple[Syntax, ...]]]) -> list[tuple[Syntax, ...]]:
        ways = []
        for start in range(end):
            if heads[start] and not token.text[end].isdigit():
                letters, digits = split_digits(token.text[start:end])
                mention = Mention(letters, 0, (Piece("digits", digits),) if digits else (), token.start + start, token.start + end)
                name = self.lexicon.find(mention, self.letters) if letters else None
                if name is not None:
                    ways += [(*head, name) for head in heads[start]]
        return ways

    def _last_of(self, begin: int, token: Token, start: int) -> tuple[Syntax, int, list[Token]] | None:
        """The end of a word, with the scripts behind it; where the reader stands then. The reader itself stays."""
        at, tokens = self.at, self.tokens
        self.at, self.tokens = begin, list(tokens)
        self.tokens[begin] = rest_of(token, token.text[start:], token.start + start)
        try:
            mention = self.mention()
            function = self.lexicon.function(mention)
            tree = self._call_of(function, mention) if function is not None and self.peek("(") else self.lexicon.find(mention, self.letters)
            return None if tree is None else (self.suffixed(tree), self.at, self.tokens)
        except FinalError:
            raise
        except FormulaError:
            return None
        finally:
            self.at, self.tokens = at, tokens

    def _call_of(self, function: str, mention: Mention) -> Syntax:
        """A function at its arguments; a power may stand between: `\\tanh^2(z)`."""
        exponent: Syntax | None = None
        if self.peek("^"):
            self.take()
            tokens, _ = self.script_tokens(raised=True)
            exponent = self.inside(tokens)
            if exponent == Negative(Numeral("1", Fraction(1))):
                raise self.error("^{-1} behind a function can be its inverse or one over it", self.token, hint="write 1/f(x), or arctan")
        if self.runs_over_an_index(function):
            call: Syntax = self.called_fold(Token("word", function, mention.start, mention.end))
        elif self.peek("(", "["):
            arguments, options = self.arguments()
            call = Call(function, arguments, options, start=mention.start, end=self.tokens[self.at - 1].end)
        elif function.rstrip("'") in _WITHOUT_BRACKETS:
            call = Call(function, (self._tight(),), (), start=mention.start, end=self.tokens[self.at - 1].end)
        else:
            message = f"{self.text[mention.start : mention.end]!r} is a function: its argument stands behind it in brackets"
            raise self.error(message, self.tokens[self.at - 1])
        if exponent is not None:
            call = Binary("^", call, exponent, start=call.start, end=call.end)
        return self.suffixed(call)

    def _tight(self) -> Syntax:
        """The argument of a function without brackets: what holds together most tightly, `\\log a^{(i)}`, `\\tanh 2x`."""
        if self.peek("-"):
            sign = self.take()
            operand = self._tight()
            return Negative(operand, start=sign.start, end=operand.end)
        first = self.power()
        if isinstance(first, Numeral) and self.peek("word"):
            second = self.power()
            first = Product((first, second), ("",), start=first.start, end=second.end)
        if self.peek("(", "[", "word", "number", "{"):
            raise self.error("where the argument of the function ends can be read in two ways", self.token, hint="put it in brackets: log(a)*b or log(a*b)")
        return first

    # -- NumPy --------------------------------------------------------------------------------------------------------

    def _numpy(self, token: Token) -> Syntax:
        """`np.dot(a, b)` and its kind."""
        arguments, _ = self.arguments()
        if len(arguments) != 2:
            raise self.error(f"{token.text} takes two arguments; {len(arguments)} given", self.tokens[self.at - 1])
        return self._of_two(token.text, arguments[0], arguments[1], token.start)

    def _of_two(self, name: str, left: Syntax, right: Syntax, start: int) -> Syntax:
        operator, end = _OF_TWO[name], self.tokens[self.at - 1].end
        if operator == "outer":
            return Call("outer", (left, right), start=start, end=end)
        if operator in ("*", "/", "@"):
            return Product((left, right), (operator,), start=start, end=end)
        return Binary(operator, left, right, start=start, end=end)

    def suffixed(self, tree: Syntax) -> Syntax:
        """Transposes and methods that stand behind: `X.T.dot(d)`, `(a*b).sum(axis=0)`."""
        while self.peek("transpose", "method"):
            token = self.take()
            if token.kind == "transpose":
                tree = Transpose(tree, start=tree.start, end=token.end)
                continue
            arguments, options = self.arguments()
            end = self.tokens[self.at - 1].end
            if token.text in SUMS and not arguments:
                tree = Call(token.text, (tree,), options, start=tree.start, end=end)
            elif token.text in _OF_TWO and len(arguments) == 1:
                tree = self._of_two(token.text, tree, arguments[0], tree.start)
            else:
                raise self.error(f".{token.text}() takes other arguments", token)
        return tree

    def _floor(self, token: Token) -> Syntax:
        """`floor((t + 1)/2)`: an integer that is compared with others."""
        inner = self.index_tree(self.group())
        if inner is None:
            raise self.error("what is rounded is an integer over an integer, such as t/2", token)
        return Call("floor", (inner,), start=token.start, end=self.tokens[self.at - 1].end)

    def _special(self, token: Token) -> Syntax:
        """`where(z > 0, a, b)`, `diag(v)`, `ones(n)`."""
        arguments, options = self.arguments()
        end = self.tokens[self.at - 1].end
        if options or len(arguments) != (3 if token.text in ("where", "if") else 1):
            raise self.error(f"{token.text} takes other arguments", token)
        if token.text in ("where", "if"):
            if not isinstance(arguments[0], Comparison):
                raise self.error("the first argument of where(…) is a comparison, such as z > 0", token)
            return Call("where", arguments, start=token.start, end=end)
        return self.suffixed(Call(token.text, arguments, start=token.start, end=end))


def _is_in_other_case(found: Syntax, mention: Mention) -> bool:
    """`f(z)` is no product with a matrix F."""
    return isinstance(found, Name) and found.name[:1] != mention.base[:1] and found.name[:1].lower() == mention.base[:1].lower()
