"""Tokens to a syntax tree.

    comparison := sum [(= | != | < | <= | > | >=) sum]
    sum        := product {(+ | -) product}
    product    := unary {(* | / | @) unary}
    unary      := - unary | power
    power      := postfix [^ unary]                    a second ^ needs brackets
    postfix    := number | ( comparison ) | name [label] {[ sum , … ]} [label] | name ( arguments ) | derivative
    arguments  := argument {, argument},  argument := option = sum | comparison

A formula of a spec needs `*` for every product: `2x` is an error that says so.
"""

from __future__ import annotations

from collections.abc import Container
from fractions import Fraction

from backprop_derive.errors import FormulaError
from backprop_derive.language.limits import check_limits
from backprop_derive.language.syntax import Binary, Call, Comparison, Derivative, Name, Negative, Numeral, Syntax, Transpose
from backprop_derive.language.tokens import Token, tokenize

MAXIMUM_DEPTH = 60
MAXIMUM_POWER_OF_TEN = 300
_LABEL = (("^",), ("(",), ("name", "number"), (")",))
_WORDS = {
    "if": "write where(a > b, u, v)",
    "for": "write sum(x[k], k), or sum(x[k], k, 1, n)",
    "and": "write where(a > 0, where(b > 0, u, v), v)",
    "Sigma": "write sum(e, k) over an index",
}
"""How what these words begin is written here."""

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


def parse(text: str, names: Container[str] = frozenset()) -> Syntax:
    """Read one formula. `names` are the spec's own: `a^(2)` is a name if it is among them, else a power.

    Raises FormulaError with the place in `text`.
    """
    reader = Reader(text, names)
    tree = reader.comparison()
    reader.expect_end()
    check_limits(tree, text)
    return tree


class Reader:
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

    def open(self) -> Token:
        """Take an opening bracket."""
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise self.error(f"brackets nested more than {MAXIMUM_DEPTH} deep", self.token)
        return self.take()

    def close(self, kind: str, opened: Token) -> Token:
        """Take the bracket that closes `opened`."""
        if not self.peek(kind):
            self.refuse_juxtaposition()
            self.refuse_second_comparison()
            found = "the formula ends" if self.peek("end") else f"{self.token.text!r} stands here"
            raise self.error(f"{found}, but {opened.text!r} is not closed: {kind!r} is missing", self.token)
        self.depth -= 1
        return self.take()

    def error(self, message: str, token: Token, hint: str = "") -> FormulaError:
        return FormulaError(message, self.text, token.start, max(token.end, token.start + 1), hint)

    def refuse_juxtaposition(self) -> None:
        """Two things side by side are a product with its `*` forgotten."""
        token, before = self.token, self.tokens[self.at - 1]
        if token.kind not in ("name", "number", "(") or before.kind not in ("name", "number", ")", "]"):
            return
        left, right = before.text, token.text
        if before.kind == token.kind == "number":
            raise self.error(f"{left!r} is followed by {right!r}: that is not one number", token)
        hint = _WORDS.get(right) or _WORDS.get(left.partition("_")[0], "write a*b for a times b")
        raise self.error(f"a product needs *: {left!r} is followed by {right!r}", token, hint=hint)

    def refuse_second_comparison(self) -> None:
        """`0 < x < 1` would be read from the left as a comparison of a truth value."""
        if self.token.kind in COMPARISONS:
            raise self.error("one comparison at a time", self.token, hint="write where(a < b, where(b < c, …, 0), 0)")

    def expect_end(self) -> None:
        if self.peek("end"):
            return
        token = self.token
        self.refuse_juxtaposition()
        self.refuse_second_comparison()
        raise self.error(f"{token.text!r} is not expected here", token)

    # -- the grammar, a method a line -----------------------------------------------------------------------------

    def comparison(self) -> Syntax:
        left = self.sum()
        if self.peek(*COMPARISONS):
            operator = self.take().kind
            right = self.sum()
            left = Comparison(operator, left, right, start=left.start, end=right.end)
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
        self.take()
        if self.peek("name") and self.token.text == "T" and not self._defined("T"):
            tree: Syntax = Transpose(base, start=base.start, end=self.take().end)
        else:
            exponent = self._exponent()
            tree = Binary("^", base, exponent, start=base.start, end=exponent.end)
        if self.peek("^"):
            raise self.error("a second ^ needs brackets", self.token, hint="write (a^b)^c or a^(b*c)")
        return tree

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
            return self.numeral(token)
        if token.kind == "(":
            self.open()
            inner = self.comparison()
            self.close(")", token)
            return inner
        if token.kind == "name":
            return self._name()
        if token.kind == "end":
            raise self.error("the formula ends where a name or a number should stand", token)
        raise self.error(f"a name or a number should stand here, not {token.text!r}", token)

    def numeral(self, token: Token) -> Numeral:
        mantissa, _, power = token.text.lower().partition("e")
        if power and abs(int(power)) > MAXIMUM_POWER_OF_TEN:
            raise self.error(f"powers of ten above {MAXIMUM_POWER_OF_TEN} are not read", token)
        value = Fraction(mantissa.rstrip(".") or "0") * Fraction(10) ** int(power or 0)
        return Numeral(token.text, value, start=token.start, end=token.end)

    def _name(self) -> Syntax:
        if self._starts_derivative():
            return self._derivative()
        token = self.take()
        name = token.text + self._label(token.text)
        if self.peek("(") and self._is_call(name):
            return self._call(name, token)
        return self._indexed(name, token)

    def _indexed(self, name: str, token: Token) -> Name:
        """The indices behind a name, `[2,1]` or `[2][1]`; a label may stand behind them too."""
        indices: tuple[Syntax, ...] = ()
        while self.peek("["):
            indices += self._indices()
        if indices and "^" not in name:
            name += self._label(name)
        return Name(name, indices, start=token.start, end=self.tokens[self.at - 1].end)

    def _is_call(self, name: str) -> bool:
        """`a(1 - a)` is a forgotten `*` when `a` is a quantity; otherwise a name before a bracket is a function."""
        if not self._defined(name):
            return True
        raise self.error(f"a product needs *: {name!r} is a quantity, not a function", self.token, hint=f"write {name}*(…)")

    def _label(self, base: str) -> str:
        """A superscript label, `^(2)`, if the labelled name is one of the spec's."""
        label = self._label_at(self.at, base)
        self.at += len(_LABEL) if label else 0
        return label

    def _label_at(self, at: int, base: str) -> str:
        tokens = self.tokens[at : at + len(_LABEL)]
        if any(token.kind not in kinds for token, kinds in zip(tokens, _LABEL, strict=False)):
            return ""
        label = f"^({tokens[2].text})"
        return label if self._defined(base + label) else ""

    def _defined(self, name: str) -> bool:
        return name in self.names

    def _indices(self) -> tuple[Syntax, ...]:
        opened = self.open()
        indices = [self.sum()]
        while self.peek(","):
            self.take()
            indices.append(self.sum())
        self.close("]", opened)
        return tuple(indices)

    def _call(self, name: str, token: Token) -> Call:
        opened = self.open()
        arguments: list[Syntax] = []
        options: list[tuple[str, Syntax]] = []
        while not self.peek(")") or arguments:
            if self.peek("name") and self.peek("=", ahead=1) and self.peek("number", "-", "+", "(", ahead=2) and arguments:
                option = self.take().text
                self.take()
                options.append((option, self.sum()))
            else:
                arguments.append(self.comparison())
            if not self.peek(","):
                break
            self.take()
        end = self.close(")", opened).end
        if name in ("sum", "prod") and len(arguments) == 1 and opened.start > token.end and self.peek("^"):
            raise self.error(f"where this {name} ends can be read in two ways", self.token, hint=f"write {name}((…)^n), or ({name}(…))^n")
        return Call(name, tuple(arguments), tuple(options), start=token.start, end=end)

    # -- derivatives: `dL/dv1` where neither `dL` nor `dv1` is a name of the spec but `L` and `v1` are ---------------

    def _starts_derivative(self) -> bool:
        """Look ahead, without reading: a differential, `/`, a differential."""
        direct = self._is_direct()
        slash = self._behind_differential(self.at + 2 if direct else self.at, bare=direct)
        return slash is not None and self.tokens[slash].kind == "/" and self._behind_differential(slash + 1, bare=False) is not None

    def _is_direct(self) -> bool:
        """`d+L/dv1`: only the direct mention of v1 in L."""
        return self.token.text == "d" and self.peek("+", ahead=1) and not self._defined("d")

    def _behind_differential(self, at: int, *, bare: bool) -> int | None:
        """Where the `dL` that starts at `at` ends, with its label and indices in either order; None if there is none."""
        token = self.tokens[at]
        if token.kind != "name" or (not bare and (token.text[:1] != "d" or self._defined(token.text))):
            return None
        word = token.text if bare else token.text[1:]
        if self._label_at(at + 1, word):
            return self._behind_brackets(at + 1 + len(_LABEL))
        behind = self._behind_brackets(at + 1)
        if behind > at + 1 and self._label_at(behind, word):
            return behind + len(_LABEL)
        return behind if self._defined(word) else None

    def _behind_brackets(self, at: int) -> int:
        """Where the indices that start at `at` end; the end of the formula if they are not closed."""
        open_brackets = 0
        while self.tokens[at].kind != "end" and (open_brackets or self.tokens[at].kind == "["):
            open_brackets += {"[": 1, "]": -1}.get(self.tokens[at].kind, 0)
            at += 1
        return at

    def _derivative(self) -> Derivative:
        start = self.token.start
        direct = self._is_direct()
        if direct:
            self.at += 2
        top = self._differential(bare=direct)
        self.take()
        bottom = self._differential(bare=False)
        if self.peek("^"):
            raise self.error("a power behind a derivative can be read in two ways", self.token, hint="write (dL/dw)^2 for its square")
        return Derivative(top, bottom, direct, start=start, end=bottom.end)

    def _differential(self, *, bare: bool) -> Name:
        """The `L` of `dL`, with its label and indices."""
        token = self.take()
        word = token.text if bare else token.text[1:]
        return self._indexed(word + self._label(word), token)
