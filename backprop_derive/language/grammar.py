"""Tokens to a syntax tree.

    comparison := sum [(= | != | < | <= | > | >=) sum]
    sum        := product {(+ | -) product}
    product    := unary {(* | / | @) unary}
    unary      := - unary | power
    power      := postfix [^ unary]                    a second ^ needs brackets
    postfix    := number | ( comparison ) | name [label] {[ sum , … ]} [label] | name ( arguments )
    arguments  := argument {, argument},  argument := option = sum | comparison

A formula of a spec needs `*` for every product: `2x` is an error that says so.
"""

from __future__ import annotations

from collections.abc import Container
from fractions import Fraction

from backprop_derive.errors import FormulaError
from backprop_derive.language.syntax import Binary, Call, Comparison, Derivative, Name, Negative, Numeral, Syntax, Transpose
from backprop_derive.language.tokens import Token, tokenize

MAXIMUM_DEPTH = 60
MAXIMUM_EXPONENT = 64
MAXIMUM_POWER_OF_TEN = 300
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


def parse(text: str, names: Container[str] = frozenset()) -> Syntax:
    """Read one formula. `names` are the spec's own: `a^(2)` is a name if it is among them, else a power.

    Raises FormulaError with the place in `text`.
    """
    reader = _Reader(text, names)
    tree = reader.comparison()
    reader.expect_end()
    return tree


class _Reader:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text: str, names: Container[str]) -> None:
        self.text, self.names = text, names
        self.tokens = tokenize(text)
        self.at = 0
        self.depth = 0

    # -- tokens ---------------------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def peek(self, *kinds: str, ahead: int = 0) -> bool:
        at = self.at + ahead
        return at < len(self.tokens) and self.tokens[at].kind in kinds

    def take(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def expect(self, kind: str, opened: Token) -> Token:
        if not self.peek(kind):
            found = "the formula ends" if self.peek("end") else f"{self.token.text!r} stands here"
            raise self.error(f"{found}, but {opened.text!r} is not closed: {kind!r} is missing", self.token)
        return self.take()

    def error(self, message: str, token: Token, hint: str = "") -> FormulaError:
        return FormulaError(message, self.text, token.start, max(token.end, token.start + 1), hint)

    def expect_end(self) -> None:
        if self.peek("end"):
            return
        token = self.token
        if token.kind in ("name", "number", "(") and self.at:
            before = self.tokens[self.at - 1]
            left, right = before.text, token.text
            raise self.error(f"a product needs *: {left!r} is followed by {right!r}", token, hint="write a*b for a times b")
        if token.kind in _COMPARISONS:
            raise self.error("one comparison at a time", token)
        raise self.error(f"{token.text!r} is not expected here", token)

    # -- the grammar, a method a line -----------------------------------------------------------------------------

    def comparison(self) -> Syntax:
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise self.error(f"brackets nested more than {MAXIMUM_DEPTH} deep", self.token)
        left = self.sum()
        if self.peek(*_COMPARISONS):
            operator = self.take().kind
            right = self.sum()
            left = Comparison(operator, left, right, start=left.start, end=right.end)
        self.depth -= 1
        return left

    def sum(self) -> Syntax:
        left = self.product()
        while self.peek("+", "-"):
            operator = self.take().kind
            right = self.product()
            left = Binary(operator, left, right, start=left.start, end=right.end)
        return left

    def product(self) -> Syntax:
        left = self.unary()
        while self.peek("*", "/", "@"):
            operator = self.take().kind
            right = self.unary()
            left = Binary(operator, left, right, start=left.start, end=right.end)
        return left

    def unary(self) -> Syntax:
        signs = []
        while self.peek("-", "+"):
            signs.append(self.take())
        if len(signs) > MAXIMUM_DEPTH:
            raise self.error("too many signs in a row", signs[0])
        operand = self.power()
        for sign in reversed(signs):
            if sign.kind == "-":
                operand = Negative(operand, start=sign.start, end=operand.end)
        return operand

    def power(self) -> Syntax:
        base = self.postfix()
        if not self.peek("^"):
            return base
        caret = self.take()
        if self.peek("name") and self.token.text == "T" and not self._defined("T"):
            return Transpose(base, start=base.start, end=self.take().end)
        exponent = self._exponent()
        if self.peek("^"):
            raise self.error("a power of a power needs brackets: (a^b)^c or a^(b*c)", self.token)
        if _literal_exponent(base) * _literal_exponent(exponent) > MAXIMUM_EXPONENT and isinstance(exponent, Numeral | Negative):
            raise self.error(f"exponents above {MAXIMUM_EXPONENT} are not read", caret)
        if any(isinstance(part, Binary) and part.operator == "^" for part in exponent.walk()):
            raise self.error("a power inside an exponent is not read: towers of powers have no use here", caret)
        return Binary("^", base, exponent, start=base.start, end=exponent.end)

    def _exponent(self) -> Syntax:
        if self.peek("-", "+"):
            sign = self.take()
            operand = self.postfix()
            return Negative(operand, start=sign.start, end=operand.end) if sign.kind == "-" else operand
        return self.postfix()

    def postfix(self) -> Syntax:
        token = self.token
        if token.kind == "number":
            self.take()
            return self._numeral(token)
        if token.kind == "(":
            self.take()
            inner = self.comparison()
            self.expect(")", token)
            return inner
        if token.kind == "name":
            return self._name()
        if token.kind == "end":
            raise self.error("the formula ends where a name or a number should stand", token)
        raise self.error(f"a name or a number should stand here, not {token.text!r}", token)

    def _numeral(self, token: Token) -> Numeral:
        mantissa, _, power = token.text.lower().partition("e")
        if power and abs(int(power)) > MAXIMUM_POWER_OF_TEN:
            raise self.error(f"powers of ten above {MAXIMUM_POWER_OF_TEN} are not read", token)
        value = Fraction(mantissa.rstrip(".") or "0") * Fraction(10) ** int(power or 0)
        return Numeral(token.text, value, start=token.start, end=token.end)

    def _name(self) -> Syntax:
        if (derivative := self._derivative()) is not None:
            return derivative
        token = self.take()
        name = token.text + self._label(token.text)
        if self.peek("(") and self._is_call(name):
            return self._call(name, token)
        indices: tuple[Syntax, ...] = ()
        while self.peek("["):
            indices += self._indices()
        if indices and name == token.text:
            name += self._label(name)
        end = self.tokens[self.at - 1].end
        return Name(name, indices, start=token.start, end=end)

    def _is_call(self, name: str) -> bool:
        """`a(1 - a)` is a forgotten `*` when `a` is a quantity; otherwise a name before a bracket is a function."""
        if not self._defined(name):
            return True
        raise self.error(f"a product needs *: {name!r} is a quantity, not a function", self.token, hint=f"write {name}*(…)")

    def _label(self, base: str) -> str:
        """A superscript label, `^(2)`, if the labelled name is one of the spec's."""
        if self.peek("^") and self.peek("(", ahead=1) and self.peek("name", "number", ahead=2) and self.peek(")", ahead=3):
            label = f"^({self.tokens[self.at + 2].text})"
            if self._defined(base + label):
                self.at += 4
                return label
        return ""

    def _defined(self, name: str) -> bool:
        return name in self.names

    def _indices(self) -> tuple[Syntax, ...]:
        opened = self.take()
        indices = [self.sum()]
        while self.peek(","):
            self.take()
            indices.append(self.sum())
        self.expect("]", opened)
        return tuple(indices)

    def _call(self, name: str, token: Token) -> Call:
        opened = self.take()
        arguments: list[Syntax] = []
        options: list[tuple[str, Syntax]] = []
        while not self.peek(")"):
            if self.peek("name") and self.peek("=", ahead=1) and self.peek("number", "-", ahead=2) and arguments:
                option = self.take().text
                self.take()
                options.append((option, self.sum()))
            else:
                arguments.append(self.comparison())
            if not self.peek(","):
                break
            self.take()
        end = self.expect(")", opened).end
        return Call(name, tuple(arguments), tuple(options), start=token.start, end=end)

    def _derivative(self) -> Derivative | None:
        """`dL/dv1` where neither `dL` nor `dv1` is a name of the spec but `L` and `v1` are; `d+L/dv1` is the direct one."""
        start = self.at
        direct = self.token.text == "d" and self.peek("+", ahead=1) and not self._defined("d")
        if direct:
            self.at += 2
        top = self._differential(bare=direct)
        if top is not None and self.peek("/"):
            self.at += 1
            bottom = self._differential(bare=False)
            if bottom is not None:
                first, last = self.tokens[start], self.tokens[self.at - 1]
                return Derivative(top, bottom, direct, start=first.start, end=last.end)
        self.at = start
        return None

    def _differential(self, *, bare: bool) -> Name | None:
        """The `L` of `dL`, with its indices; None (and nothing taken that matters) if that is not what stands here."""
        if not self.peek("name"):
            return None
        token = self.token
        word = token.text if bare else token.text.removeprefix("d")
        if (not bare and (word == token.text or self._defined(token.text))) or not self._defined(word):
            return None
        self.take()
        name = word + self._label(word)
        indices: tuple[Syntax, ...] = ()
        while self.peek("["):
            indices += self._indices()
        return Name(name, indices, start=token.start, end=self.tokens[self.at - 1].end)


def _literal_exponent(tree: Syntax) -> Fraction:
    """How high the literal exponents of a tree reach, multiplied along nested powers."""
    if isinstance(tree, Numeral):
        return abs(tree.value)
    if isinstance(tree, Negative):
        return _literal_exponent(tree.operand)
    if isinstance(tree, Binary) and tree.operator == "^":
        return max(Fraction(1), _literal_exponent(tree.right)) * max(Fraction(1), _nested(tree.left))
    return max((_nested(child) for child in tree.children()), default=Fraction(1))


def _nested(tree: Syntax) -> Fraction:
    return Fraction(1) if isinstance(tree, Numeral) else _literal_exponent(tree)
