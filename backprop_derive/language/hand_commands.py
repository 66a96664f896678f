"""Sums, derivatives, and what LaTeX has a command for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from backprop_derive.language.grammar import COMPARISONS
from backprop_derive.language.hand_indices import ROUNDING, rounded
from backprop_derive.language.hand_names import ACCENT_COMMANDS, GREEK_WORDS, rest_of
from backprop_derive.language.hand_sums import SumReader
from backprop_derive.language.syntax import Call, Comparison, Derivative, Name, Numeral, Product, Syntax
from backprop_derive.language.tokens import Token

if TYPE_CHECKING:
    from typing_extensions import Self

IF = ("if", "for", "when", "where", "falls")
OTHERWISE = ("otherwise", "else", "sonst")


class CommandReader(SumReader):
    """Reads what begins with a command or a ∂."""

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
            case "underbrace" | "overbrace":
                return self._braced_with_a_word()
            case "indicator":
                return self.indicated(token)
            case "ones":
                return self._ones(token)
            case "begin cases":
                return self._cases(token)
            case "lfloor" | "lceil":
                return self._rounded(token)
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

    def fraction_of_old(self) -> Syntax | None:
        """`{a \\over b}`, the fraction of plain TeX; None where something else stands in the braces."""
        opened = self.token
        inside = self.group()
        at = next((place for place, token in enumerate(inside) if token.kind == "command" and token.text == "over"), None)
        if at is None:
            return None
        braces = [Token(kind, kind, opened.start, opened.end) for kind in ("{", "}")]
        inner = self.below([braces[0], *inside[:at], braces[1], braces[0], *inside[at + 1 :], braces[1]])
        return inner._fraction(opened)

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
            at = self.at
            inside, below = self.group(), self.group() if self.peek("{") else []
            if not below or below[0].text != "partial":
                self.at = at
                return
            if len(inside) > 1 and inside[1].kind == "^":
                raise self.error("second derivatives are not read yet", inside[0])
            for side in (inside, below):
                reader = self.below(side[1:])
                mention = reader.attempt(reader.mention)
                if mention is not None and self.lexicon.find(mention, self.letters) is None and self.lexicon.function(mention) is None:
                    raise self.lexicon.unknown(mention)
            raise self.error("the derivative of a formula is not read", inside[0], hint="give the formula a name, and write the derivative of that")

    def _braced_with_a_word(self) -> Syntax:
        """`\\underbrace{a - y}_{error}`: what stands below or above says something of it."""
        inside = self._argument()
        if self.peek("_", "^"):
            self.take()
            self.script_tokens(raised=True)
        return inside

    def _root(self, token: Token) -> Syntax:
        if self.peek("["):
            raise self.error("only square roots are read", self.token, hint="write x^{1/3}")
        inside = self._argument()
        return Call("sqrt", (inside,), start=token.start, end=self.tokens[self.at - 1].end)

    def _blackboard(self, token: Token) -> Syntax:
        """`\\mathbb{1}[z > 0]`, `\\mathbb{1}_{z > 0}`: 1 where it holds, else 0."""
        if self.peek("{"):
            self.group()
        elif not self.peek("number", "word"):
            raise self.error("a 1 should stand here", self.token)
        else:
            self.take()
        return self.indicated(token) if self.peek("_", "[", "(", "{") else self._ones(token)

    def _ones(self, token: Token) -> Syntax:
        """`\\mathbf{1}`, `\\mathbf{1}_{n}`: the vector of ones, which is as long as it has to be."""
        length: tuple[Syntax, ...] = ()
        if self.peek("_"):
            self.take()
            tokens, _ = self.script_tokens(raised=False)
            length = (self.inside(tokens),)
        return Call("ones" if length else "𝟏", length, start=token.start, end=self.tokens[self.at - 1].end)

    def _rounded(self, token: Token) -> Syntax:
        """`⌊(t+1)/2⌋`, `⌈t/3⌉`: an integer that is compared with others."""
        inside: list[Token] = []
        while not self.peek("end", "newline") and self.token.text != ROUNDING[token.text]:
            inside.append(self.take())
        if self.peek("end", "newline"):
            raise self.error(f"\\{token.text} is not closed", token)
        end = self.take().end
        inner = self.index_tree(inside)
        found = None if inner is None else rounded(token.text, inner, token.start, end)
        if found is None:
            raise self.error("what is rounded is an integer over an integer, such as t/2", token)
        return found

    def indicated(self, token: Token) -> Syntax:
        """The condition behind an indicator; a length makes a vector of ones of it."""
        below = self.peek("_")
        if below:
            self.take()
        if not self.peek("[", "(", "{"):
            raise self.error("a condition should stand behind the 1", self.token, hint="write \\mathbb{1}[z > 0]")
        opened = self.open()
        inner = self.conditions()
        if self.peek("}") and opened.kind == "(":  # \\{ z > 0 \\} is read as round brackets
            opened = Token("{", "{", opened.start, opened.end)
        end = self.close({"[": "]", "(": ")", "{": "}"}[opened.kind], opened).end
        if not all(isinstance(each, Comparison) for each in inner):
            if below:
                return Call("ones", inner, start=token.start, end=end)
            raise self.error("a condition should stand behind the 1", opened)
        return indicator(inner, token.start, end)

    def conditions(self) -> tuple[Syntax, ...]:
        """A comparison, or several in a row, `1 <= k <= n`; or what else stands there."""
        found = [self.comparison()]
        while isinstance(before := found[-1], Comparison) and self.peek(*COMPARISONS):
            operator = self.take().kind
            right = self.sum()
            found.append(Comparison(operator, before.right, right, start=before.right.start, end=right.end))
        return tuple(found)

    def _cases(self, token: Token) -> Syntax:
        """`\\begin{cases} a & z > 0 \\\\ b & \\text{otherwise} \\end{cases}`"""
        rows: list[tuple[Syntax, Comparison | None]] = []
        while not self.peek("end") and not (self.peek("command") and self.token.text == "end cases"):
            value = self.sum()
            rows.append((value, self._condition_of_case()))
            if rows[-1][1] is None and not (self._skipped_newlines() and self.peek("command") and self.token.text == "end cases"):
                raise self.error("'otherwise' stands last", self.token)
            self._skipped_newlines()
        if self.peek("end") or not rows:
            raise self.error("\\begin{cases} is not closed" if rows else "no case stands here", token)
        end = self.take().end
        tree = rows[-1][0]  # one of the cases holds: the last is what is left
        for value, condition in reversed(rows[:-1]):
            assert condition is not None
            tree = Call("where", (condition, value, tree), start=token.start, end=end)
        last = rows[-1][1]
        first = rows[0][1]
        if last is not None and not (len(rows) == 2 and first is not None and are_opposite(first, last)):
            raise self.error("the last case should hold otherwise", token, hint="write \\text{otherwise} for its condition")
        return tree

    def _skipped_newlines(self) -> bool:
        while self.peek("newline", ",", ".."):
            self.take()
        return True

    def _condition_of_case(self) -> Comparison | None:
        while self.peek(",", "&") or (self.peek("word") and self.token.text in IF):
            self.take()
        if self.peek("word") and self.token.text in OTHERWISE:
            self.take()
            return None
        condition = self.comparison()
        if not isinstance(condition, Comparison):
            raise self.error("a condition should stand behind the value of a case", self.token)
        return condition

    def plain_derivative(self) -> Derivative | None:
        """`dL/dw`: a differential, `/`, a differential."""
        start = self.token.start
        plus = self._behind_direct()
        if plus is not None:
            self.at = plus
        direct = plus is not None
        top = self.quantity() if direct else self._differential_on_top()
        if top is None or not self.peek("/"):
            return None
        self.take()
        bottom = self._hand_differential()
        return None if bottom is None else Derivative(top, bottom, direct, start=start, end=bottom.end)

    def _behind_direct(self) -> int | None:
        """Where the name behind `d+` or `∂⁺` begins; None where neither stands here."""
        if self.token.text == "d" and self.peek("+", ahead=1) and not self.lexicon.is_quantity("d"):
            return self.at + 2
        kinds = [token.kind for token in self.tokens[self.at + 1 : self.at + 5]]
        if self.token.kind != "command" or self.token.text != "partial" or kinds[:1] != ["^"]:
            return None
        return self.at + 5 if kinds == ["^", "{", "+", "}"] else self.at + 3 if kinds[1:2] == ["+"] else None

    def _differential_on_top(self) -> Name | None:
        """`dL`, `∂L(w, b)`"""
        found = self._hand_differential()
        if found is not None:
            self.skip_arguments()
        return found

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
        bottom = self._only_differential(below, type(self)._hand_differential)
        if bottom is None:
            return None
        direct = False
        if len(above) == 1 and (above[0].text in ("partial", "d")):
            brackets = self.peek("(")
            if brackets:
                self.take()
            top = self.quantity()
            self.skip_arguments()
            if brackets and not (top is not None and self.peek(")")):
                return None
            if brackets:
                self.take()
        else:
            direct = len(above) > 2 and above[1].kind == "^" and any(token.kind == "+" for token in above[2:5])
            above = [above[0], *above[5 if above[2].kind == "{" else 3 :]] if direct else above
            top = self._only_differential(above, type(self)._differential_on_top)
        return None if top is None else Derivative(top, bottom, direct, start=start, end=self.tokens[self.at - 1].end)

    def _only_differential(self, tokens: list[Token], read: Callable[[Self], Name | None]) -> Name | None:
        inner = self.below(tokens)
        found = read(inner) if tokens else None
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
        """`\\nabla_W L`, `\\partial_w L`; `∇W`, as programs say it, of the cost"""
        if not self.peek("_"):
            bottom = self.attempt(self.quantity) if token.text == "nabla" else None
            cost = None if bottom is None else self.lexicon.cost_over(bottom)
            if bottom is not None and cost is not None:
                return Derivative(cost, bottom, start=token.start, end=bottom.end)
            raise self.error("the gradient needs to say by what", token, hint="write \\nabla_W L")
        self.take()
        tokens, _ = self.script_tokens(raised=False)
        inner = self.below(tokens)
        bottom = inner.quantity() or (self.lexicon.output_of(tokens[0].text) if len(tokens) == 1 else None)
        top = self.quantity()
        self.skip_arguments()
        if bottom is None or top is None:
            raise self.error("a derivative is of a quantity of the network, by another", token)
        return Derivative(top, bottom, start=token.start, end=top.end)


def indicator(conditions: Sequence[Syntax], start: int, end: int) -> Syntax:
    """1 where the conditions hold, else 0."""
    found: Syntax = Numeral("1", Fraction(1))
    for condition in reversed(conditions):
        found = Call("where", (condition, found, Numeral("0", Fraction(0))), start=start, end=end)
    return found


def are_opposite(first: Comparison, last: Comparison) -> bool:
    """`z > 0` and `z <= 0`; also `z < 0`, since what happens at the kink is a convention."""
    opposite = {">": ("<=", "<"), ">=": ("<", "<="), "<": (">=", ">"), "<=": (">", ">="), "=": ("!=",), "!=": ("=",)}
    return first.left == last.left and first.right == last.right and last.operator in opposite[first.operator]
