"""Sums, derivatives, and what LaTeX has a command for."""

from __future__ import annotations

from fractions import Fraction

from backprop_derive.language.hand_names import ACCENT_COMMANDS, GREEK_WORDS, NameReader, rest_of
from backprop_derive.language.syntax import Call, Comparison, Derivative, Name, Numeral, Product, Syntax
from backprop_derive.language.tokens import Token


class CommandReader(NameReader):
    """Reads what begins with a command, a Σ or a ∂."""

    def fold(self, token: Token) -> Syntax:
        """Σ with its index below, or `sum(…)` as a call."""
        if self.peek("(") and token.text in ("sum", "prod", "mean") and self.text[token.start : token.start + 1] not in "\\Σ∑∏":
            return self._called_fold(token)
        low: list[Token] = []
        high: list[Token] = []
        while self.peek("_", "^"):
            kind = self.take().kind
            tokens, _ = self.script_tokens(raised=False)
            if kind == "_":
                low = tokens
            else:
                high = tokens
        letters, start = self._below_sum(low, token)
        if start is not None and not high and len(letters) == 1:
            raise self.error("the sum says where it starts and not where it ends", token)
        outer = self.bound
        self.bound = (*outer, *letters)
        body = self.product()
        self.bound = outer
        ends = (start, self.inside(high)) if start is not None and high else ()
        if not letters:
            return Call(token.text, (body,), start=token.start, end=body.end)
        for letter in reversed(letters):
            body = Call(token.text, (body, Name(letter, start=token.start, end=token.end), *ends), start=token.start, end=body.end)
        return body

    def _below_sum(self, tokens: list[Token], token: Token) -> tuple[tuple[str, ...], Syntax | None]:
        """The letters that a sum runs over, and where it starts, if that is said."""
        letters: list[str] = []
        while tokens and tokens[0].kind == "word":
            letters.append(tokens[0].text)
            tokens = tokens[1:]
            if tokens and tokens[0].kind == ",":
                tokens = tokens[1:]
        if not tokens:
            return tuple(letters), None
        if letters and tokens[0].kind == "=" and len(tokens) > 1:
            return tuple(letters), self.inside(tokens[1:])
        raise self.error("below a sum stands its index, and perhaps where it starts: \\sum_{k=1}^{n}", tokens[0] if tokens else token)

    def _called_fold(self, token: Token) -> Syntax:
        """`sum(e, k)`, `sum(e, k, 1, n)`, `sum(k=1..n, e)`, `np.sum(e, axis=1)`."""
        opened = self.token
        if self.peek("word", ahead=1) and self.peek("=", ahead=2):
            self.open()
            letter = self.take()
            self.take()
            low = self.sum()
            if not self.peek("..", ":"):
                raise self.error("where the sum ends is missing", self.token, hint="write sum(k=1..n, …)")
            self.take()
            high = self.sum()
            self._comma()
            outer, self.bound = self.bound, (*self.bound, letter.text)
            body = self.sum()
            self.bound = outer
            end = self.close(")", opened).end
            return Call(token.text, (body, Name(letter.text, start=letter.start, end=letter.end), low, high), start=token.start, end=end)
        letter_token = self._letter_of_call()
        outer = self.bound
        if letter_token is not None:
            self.bound = (*outer, letter_token.text)
        arguments, options = self.arguments()
        self.bound = outer
        if letter_token is not None:
            arguments = (arguments[0], Name(letter_token.text, start=letter_token.start, end=letter_token.end), *arguments[2:])
        return self.transposed(Call(token.text, arguments, options, start=token.start, end=self.tokens[self.at - 1].end))

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
            if depth == 1 and kind == "," and self.tokens[at + 1].kind == "word" and self.tokens[at + 2].kind in (")", ","):
                return self.tokens[at + 1]
        return None

    def command(self) -> Syntax:
        token = self.token
        name = token.text
        if name in ACCENT_COMMANDS:
            return self.mentioned(None)
        if name == "partial":
            return self._partial()
        self.take()
        match name:
            case "frac":
                return self._fraction(token)
            case "sum" | "prod":
                return self.fold(token)
            case "sqrt":
                return self._root(token)
            case "nabla":
                return self._nabla(token)
            case "mathbb" | "mathds" | "mathbbm":
                return self._blackboard(token)
            case "begin cases":
                return self._cases(token)
            case "top":
                raise self.error("a transpose stands behind ^", token, hint="write W^\\top")
        hint = "a matrix written out entry by entry is not read" if "matrix" in name else ""
        raise self.error(f"\\{name} is not read here", token, hint)

    def _argument(self) -> Syntax:
        """The argument of a command: a group, or one digit or letter."""
        token = self.token
        if token.kind == "{":
            return self.inside(self.group())
        if token.kind in ("number", "word") and len(token.text) > 1 and (token.kind == "number" or not self.lexicon.is_name(token.text)) and token.text not in GREEK_WORDS:
            self.tokens[self.at : self.at + 1] = [Token(token.kind, token.text[0], token.start, token.start + 1), rest_of(token, token.text[1:], token.start + 1)]
        return self.postfix()

    def _fraction(self, token: Token) -> Syntax:
        derivative = self.attempt(self._fraction_of_differentials)
        if derivative is not None:
            return derivative
        self._refuse_other_derivative()
        above = self._argument()
        below = self._argument()
        return Product((above, below), ("/",), start=token.start, end=self.tokens[self.at - 1].end)

    def _refuse_other_derivative(self) -> None:
        if self.peek("{") and self.peek("command", ahead=1) and self.tokens[self.at + 1].text == "partial":
            inside = self.group()
            if len(inside) > 1 and inside[1].kind == "^":
                raise self.error("second derivatives are not read yet", inside[0])
            reader = type(self)(self.text, self.lexicon, [*inside[1:], Token("end", "", inside[-1].end, inside[-1].end)], self.bound)
            if reader.tokens[0].kind != "end":
                raise self.lexicon.unknown(reader.mention())
            raise self.error("the derivative of a formula is not read", inside[0], hint="give the formula a name, and write the derivative of that")

    def _root(self, token: Token) -> Syntax:
        if self.peek("["):
            raise self.error("only square roots are read", self.token, hint="write x^{1/3}")
        inside = self._argument()
        return Call("sqrt", (inside,), start=token.start, end=self.tokens[self.at - 1].end)

    def _blackboard(self, token: Token) -> Syntax:
        """`\\mathbb{1}[z > 0]`, `\\mathbb{1}_{z > 0}`: 1 where it holds, else 0."""
        if self.peek("{"):
            self.group()
        else:
            self.take()
        if self.peek("_"):
            self.take()
        if not self.peek("[", "(", "{"):
            raise self.error("a condition should stand behind \\mathbb{1}", self.token, hint="write \\mathbb{1}[z > 0]")
        opened = self.open()
        inner = self.comparison()
        end = self.close({"[": "]", "(": ")", "{": "}"}[opened.kind], opened).end
        if not isinstance(inner, Comparison):
            raise self.error("a condition should stand behind \\mathbb{1}", opened)
        return indicator(inner, token.start, end)

    def _cases(self, token: Token) -> Syntax:
        """`\\begin{cases} a & z > 0 \\\\ b & \\text{otherwise} \\end{cases}`"""
        rows: list[tuple[Syntax, Syntax | None]] = []
        while not self.peek("end") and not (self.peek("command") and self.token.text == "end cases"):
            value = self.sum()
            while self.peek(",") or (self.peek("word") and self.token.text in ("if", "for", "when", "where")):
                self.take()
            if self.peek("word") and self.token.text in ("otherwise", "else", "sonst"):
                self.take()
                condition = None
            else:
                condition = self.comparison()
                if not isinstance(condition, Comparison):
                    raise self.error("a condition should stand behind the value of a case", self.token)
            rows.append((value, condition))
            while self.peek("newline", ",", ".."):
                self.take()
        end = self.take().end
        tree: Syntax = Numeral("0", Fraction(0), start=token.start, end=end)
        for value, condition in reversed(rows):
            tree = value if condition is None else Call("where", (condition, value, tree), start=token.start, end=end)
        return tree

    def plain_derivative(self) -> Derivative | None:
        """`dL/dw`: a differential, `/`, a differential."""
        start = self.token.start
        top = self._hand_differential()
        if top is None or not self.peek("/"):
            return None
        self.take()
        bottom = self._hand_differential()
        return None if bottom is None else Derivative(top, bottom, start=start, end=bottom.end)

    def _hand_differential(self) -> Name | None:
        """The `L` of `dL` or `∂L`, with its scripts."""
        token = self.take()
        if token.kind == "word" and token.text[0] == "d" and len(token.text) > 1:
            self.at -= 1
            self.tokens[self.at] = rest_of(token, token.text[1:], token.start + 1)
        elif not (token.kind == "command" and token.text == "partial") and not (token.kind == "word" and token.text == "d"):
            return None
        return self.quantity()

    def _fraction_of_differentials(self) -> Derivative | None:
        """`\\frac{\\partial L}{\\partial w}`, `\\frac{\\partial}{\\partial w} L`"""
        start = self.token.start
        if not self.peek("{"):
            return None
        above, below = self.group(), self.group()
        bottom = self._only_differential(below)
        if bottom is None:
            return None
        if len(above) == 1 and (above[0].text in ("partial", "d")):
            brackets = self.peek("(")
            if brackets:
                self.take()
            top = self.quantity()
            if brackets and top is not None:
                self.take()
        else:
            top = self._only_differential(above)
        return None if top is None else Derivative(top, bottom, start=start, end=self.tokens[self.at - 1].end)

    def _only_differential(self, tokens: list[Token]) -> Name | None:
        inner = type(self)(self.text, self.lexicon, [*tokens, Token("end", "", tokens[-1].end, tokens[-1].end)] if tokens else [], self.bound)
        found = inner._hand_differential() if tokens else None
        return found if found is not None and inner.peek("end") else None

    def _partial(self) -> Syntax:
        """`∂L/∂w` or `∂_w L`"""
        derivative = self.attempt(self.plain_derivative)
        if derivative is not None:
            return derivative
        token = self.take()
        if self.peek("_"):
            return self._nabla(token)
        raise self.error("a derivative is ∂L/∂w of two quantities of the network", token)

    def _nabla(self, token: Token) -> Syntax:
        """`\\nabla_W L`, `\\partial_w L`"""
        if not self.peek("_"):
            raise self.error("the gradient needs to say by what", token, hint="write \\nabla_W L")
        self.take()
        tokens, _ = self.script_tokens(raised=False)
        inner = type(self)(self.text, self.lexicon, [*tokens, Token("end", "", tokens[-1].end, tokens[-1].end)], self.bound)
        bottom, top = inner.quantity(), self.quantity()
        if bottom is None or top is None:
            raise self.error("a derivative is of a quantity of the network, by another", token)
        return Derivative(top, bottom, start=token.start, end=top.end)


def indicator(condition: Comparison, start: int, end: int) -> Call:
    """1 where the condition holds, else 0."""
    one, zero = Numeral("1", Fraction(1)), Numeral("0", Fraction(0))
    return Call("where", (condition, one, zero), start=start, end=end)
