"""Tokens of a hand calculation to a syntax tree: the grammar of spec formulas, and what people write besides.

    equation := sum {= sum}
    product  := power {[* | / | @ | · | ⊙] power}         side by side is a product; Σ takes the rest of its product
    power    := atom {' | _script | ^script | [ index ] | .T}
    atom     := number | name | function atom | ( comparison ) | fraction | Σ | derivative | indicator | cases

What a name with its scripts stands for is asked of a lexicon, which knows the network: nothing else can tell `a_1(1 - a_1)`
from `f(z)`, or `z^{(2)}` from a square.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol, TypeVar

from backprop_derive.errors import FormulaError
from backprop_derive.language.grammar import COMPARISONS, Reader
from backprop_derive.language.hand_tokens import ELEMENTWISE, MATRIX, tokenize_hand
from backprop_derive.language.limits import check_limits
from backprop_derive.language.syntax import Binary, Call, Comparison, Derivative, Name, Negative, Numeral, Product, Syntax, Transpose
from backprop_derive.language.tokens import Token

MAXIMUM_SIDES = 50
_PRODUCT_OPERATORS = ("*", "/", "@", MATRIX, ELEMENTWISE)
_ACCENTS = ("hat", "bar", "tilde")
_FUNCTIONS_OF_TWO = {"dot": "@", "matmul": "@", "multiply": "*", "outer": "outer", "power": "^", "add": "+", "subtract": "-", "divide": "/"}
_IGNORED_OPTIONS = ("keepdims", "dtype", "out")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a name behind its letters: `digits` (the 1 of `W1`), `sub`, `label` (`^{(2)}`), or `index` (`[2]`).

    `text` is the part without blanks and marks (`A_1` is `A1`), `tree` the part as an index, where it can be one.
    """

    kind: str
    text: str
    tree: Syntax | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A name as it was written: letters (accents spelled out), primes, and the pieces behind, in order."""

    base: str
    primes: int = 0
    pieces: tuple[Piece, ...] = ()
    start: int = 0
    end: int = 0


class Lexicon(Protocol):
    """What names mean."""

    def find(self, mention: Mention, bound: Sequence[str]) -> Syntax | None:
        """The quantity, index or constant that is mentioned, None if there is none. `bound` are the letters of the sums around.

        Raises FormulaError where it could be several.
        """

    def function(self, mention: Mention) -> str | None:
        """The function that is mentioned, primes included, None if there is none."""

    def unknown(self, mention: Mention) -> FormulaError:
        """What to say of a mention that means nothing."""

    def is_name(self, text: str) -> bool:
        """Whether a bare word is a name of the network: `T` is no transpose then, `e` not Euler's number."""


def parse_hand(text: str, lexicon: Lexicon) -> tuple[Syntax, ...]:
    """The sides of an equation, or chain of equations: one for a bare formula. A leading `=` leaves an empty first side out.

    Raises FormulaError with the place in `text`.
    """
    reader = HandReader(text, lexicon, tokenize_hand(text))
    sides = reader.sides()
    for side in sides:
        check_limits(side, text)
    return sides


class HandReader(Reader):
    """Recursive descent over the tokens of a hand-written formula."""

    def __init__(self, text: str, lexicon: Lexicon, tokens: Sequence[Token], bound: tuple[str, ...] = ()) -> None:
        self.text, self.lexicon, self.bound = text, lexicon, bound
        self.tokens = list(tokens)
        self.at = 0
        self.depth = 0

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

    def attempt(self, read: Callable[[], _Result | None]) -> _Result | None:
        """What `read` reads; where it gives None or cannot, the reader stands where it stood."""
        at, depth, tokens = self.at, self.depth, list(self.tokens)
        try:
            found = read()
        except FormulaError:
            found = None
        if found is None:
            self.at, self.depth, self.tokens = at, depth, tokens
        return found

    # -- products -----------------------------------------------------------------------------------------------------

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

    # -- powers and other scripts -----------------------------------------------------------------------------------------

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
            tokens, end = self._script_tokens(raised=True)
            tree, raised = self._raised(tree, tokens, end)
        return tree

    def _raised(self, tree: Syntax, tokens: list[Token], end: int) -> tuple[Syntax, bool]:
        if self._is_transpose(tokens):
            return Transpose(tree, start=tree.start, end=end), False
        if len(tokens) > 1 and self._is_transpose(tokens[-1:]) and tokens[-2].kind == "number":  # a^{2T}
            exponent = self._inside(tokens[:-1])
            return Transpose(Binary("^", tree, exponent, start=tree.start, end=end), start=tree.start, end=end), True
        return Binary("^", tree, self._inside(tokens), start=tree.start, end=end), True

    def _is_transpose(self, tokens: list[Token]) -> bool:
        if len(tokens) != 1:
            return False
        (token,) = tokens
        return (token.kind == "command" and token.text == "top") or (token.kind == "word" and token.text in ("T", "t") and not self.lexicon.is_name(token.text))

    def _script_tokens(self, *, raised: bool) -> tuple[list[Token], int]:
        """What stands in a subscript or superscript: the tokens of its group, or the next one alone; and where it ends."""
        token = self.token
        if token.kind == "{" or (token.kind == "(" and raised):
            inside = self._group()
            if token.kind == "(":
                inside = [token, *inside, self.tokens[self.at - 1]]
            return inside, self.tokens[self.at - 1].end
        if token.kind in ("-", "+") and raised:
            sign = self.take()
            return [sign, self.take()], self.tokens[self.at - 1].end
        if token.kind in ("end", "newline"):
            raise self.error("a script is missing here", token)
        self.take()
        if raised and token.kind == "word" and len(token.text) > 1 and token.text[0] == "T" and not self.lexicon.is_name("T"):  # W^Tx
            self.at -= 1
            self.tokens[self.at : self.at + 1] = [Token("word", "T", token.start, token.start + 1), _rest(token, token.text[1:], token.start + 1)]
            token = self.take()
        return [token], token.end

    def _group(self) -> list[Token]:
        """The tokens between the bracket that stands here and the one that closes it, both taken."""
        opened = self.open()
        closing = {"{": "}", "(": ")", "[": "]"}
        inside: list[Token] = []
        waiting = [closing[opened.kind]]
        while True:
            if self.peek("end", "newline"):
                raise self.error(f"{opened.text!r} is not closed: {waiting[-1]!r} is missing", opened)
            token = self.take()
            if token.kind in closing:
                waiting.append(closing[token.kind])
            elif token.kind == waiting[-1]:
                waiting.pop()
                if not waiting:
                    self.depth -= 1
                    return inside
            inside.append(token)

    def _inside(self, tokens: Sequence[Token]) -> Syntax:
        """Some tokens as a formula of their own."""
        if not tokens:
            raise self.error("nothing stands in these brackets", self.tokens[self.at - 1])
        last = tokens[-1].end
        inner = HandReader(self.text, self.lexicon, [*tokens, Token("end", "", last, last)], self.bound)
        inner.depth = self.depth + 1
        if inner.depth > 60:
            raise self.error("brackets nested more than 60 deep", tokens[0])
        tree = inner.sum()
        inner.expect_end()
        return tree

    # -- atoms --------------------------------------------------------------------------------------------------------

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
                return self._command()
            case "end" | "newline":
                raise self.error("the formula ends where a name or a number should stand", token)
        raise self.error(f"a name or a number should stand here, not {token.text!r}", token)

    def _bracketed(self, closing: str) -> Syntax:
        opened = self.open()
        inner = self.comparison()
        end = self.close(closing, opened).end
        return _indicator(inner, opened.start, end) if isinstance(inner, Comparison) else inner

    def _braced(self) -> Syntax:
        """`{\\sigma_B}'`: a name in braces goes on behind them; anything else is as in round brackets."""
        return self.attempt(lambda: self._mentioned(self._braced_mention())) or self._bracketed("}")

    def _braced_mention(self) -> Mention:
        start = self.token.start
        inner = HandReader(self.text, self.lexicon, [*self._group(), Token("end", "", start, start)], self.bound)
        mention = inner.mention()
        if not inner.peek("end"):
            raise self.error("not a name", self.token)
        return replace(mention, start=start, end=self.tokens[self.at - 1].end)

    def _word(self) -> Syntax:
        derivative = self.attempt(self._plain_derivative)
        if derivative is not None:
            return derivative
        if self.token.text in ("sum", "prod") and not self.lexicon.is_name(self.token.text):
            return self._fold(self.take())
        return self._mentioned(None)

    # -- names --------------------------------------------------------------------------------------------------------

    def mention(self) -> Mention:
        """A name with its primes, scripts and indices, as far as they belong to it."""
        start = self.token.start
        base, inner = self._base()
        letters, digits = _split_digits(base)
        pieces = [Piece("digits", digits)] if digits else []
        return self._scripts(Mention(letters, 0, (*pieces, *inner), start, self.tokens[self.at - 1].end))

    def _base(self) -> tuple[str, tuple[Piece, ...]]:
        """The letters of a name, accents spelled out: `\\hat{y}` is `yhat`. `\\hat{y_k}` brings its script along."""
        token = self.take()
        if token.kind == "word":
            return token.text, ()
        if token.kind != "command" or token.text not in _ACCENTS:
            raise self.error("a name should stand here", token)
        if self.peek("{"):
            inner = self._braced_mention()
        else:
            word = self.take()
            if word.kind != "word":
                raise self.error("a letter should stand under the accent", word)
            if len(word.text) > 1 and not self.lexicon.is_name(word.text + token.text) and word.text not in _GREEK_WORDS:  # \hat yx
                self.tokens.insert(self.at, _rest(word, word.text[1:], word.start + 1))
                word = Token("word", word.text[0], word.start, word.start + 1)
            inner = Mention(word.text)
        return inner.base + token.text, inner.pieces

    def _scripts(self, mention: Mention) -> Mention:
        """The primes and scripts that follow, as long as they make a name."""
        while True:
            end = self.tokens[self.at - 1].end
            if self.peek("'"):
                self.take()
                mention = replace(mention, primes=mention.primes + 1, end=self.tokens[self.at - 1].end)
            elif self.peek("_"):
                self.take()
                tokens, end = self._script_tokens(raised=False)
                mention = replace(mention, pieces=(*mention.pieces, *self._pieces("sub", tokens)), end=end)
            elif self.peek("[") and self.token.start == end and self._is_index_list():
                mention = replace(mention, pieces=(*mention.pieces, *self._pieces("index", self._group())), end=self.tokens[self.at - 1].end)
            elif self.peek("^"):
                longer = self.attempt(lambda now=mention: self._superscript(now))  # type: ignore[misc]
                if longer is None:
                    return mention
                mention = longer
            else:
                return mention

    def _is_index_list(self) -> bool:
        """Whether a square bracket holds indices, and is no bracket around a formula or a condition."""
        inside = self.attempt(lambda: tuple(self._group()))
        if inside is None:
            return False
        self.at -= len(inside) + 2
        return all(token.kind in ("word", "number", ",", "+", "-", "*", "(", ")", "/") for token in inside)

    def _pieces(self, kind: str, tokens: Sequence[Token]) -> tuple[Piece, ...]:
        """The parts of a script between its commas."""
        groups: list[list[Token]] = [[]]
        for token in tokens:
            if token.kind == ",":
                groups.append([])
            else:
                groups[-1].append(token)
        return tuple(self._piece(kind, group) for group in groups if group)

    def _piece(self, kind: str, tokens: list[Token]) -> Piece:
        text = "".join("" if token.kind in ("_", "{", "}", "^") else token.text for token in tokens)
        return Piece(kind, text, _index_tree(tokens))

    def _superscript(self, mention: Mention) -> Mention | None:
        """The mention with the superscript that stands here, if that is a label, primes, or the place of a sample."""
        self.take()
        tokens, end = self._script_tokens(raised=True)
        primes = 0
        while tokens and (tokens[-1].kind == "'" or (tokens[-1].kind == "command" and tokens[-1].text == "prime")):
            tokens, primes = tokens[:-1], primes + 1
        transposed = len(tokens) > 1 and self._is_transpose(tokens[-1:]) and tokens[-2].kind in (")", "]", "word", "number")
        label = tokens[:-1] if transposed else tokens
        raw = not (len(label) > 2 and label[0].kind in ("(", "[") and label[-1].kind in (")", "]"))
        inside = label if raw else label[1:-1]
        longer = replace(mention, primes=mention.primes + primes, pieces=(*mention.pieces, *((self._piece("label", inside),) if inside else ())), end=end)
        if inside and not self._is_known(longer):
            return None
        if raw and inside and self._is_ambiguous_power(mention, longer, inside):
            message = f"{self.text[mention.start : end]!r} can be a name or a power"
            raise FormulaError(message, self.text, mention.start, end, hint="write the label in brackets, ^{(2)}, or the power as (a)^2")
        if transposed:  # the label is the name's, the T stays behind it
            self.tokens.insert(self.at, replace(tokens[-1], kind="transpose"))
        return longer

    def _is_known(self, mention: Mention) -> bool:
        return self.lexicon.find(mention, self.bound) is not None or self.lexicon.function(mention) is not None

    def _is_ambiguous_power(self, mention: Mention, longer: Mention, inside: Sequence[Token]) -> bool:
        number = len(inside) == 1 and inside[0].kind == "number"
        return number and self.lexicon.find(mention, self.bound) is not None and self.lexicon.find(longer, self.bound) is not None

    def _mentioned(self, given: Mention | None) -> Syntax:
        """What a name stands for: a quantity, a call, or several names side by side."""
        begin = self.at
        mention = self.mention() if given is None else self._scripts(given)
        function = self.lexicon.function(mention)
        found = None if function is not None and self.peek("(") and mention.primes else self.lexicon.find(mention, self.bound)
        if found is not None:
            return self._transposed(found)
        if function is not None:
            return self._call(function, mention)
        if mention.base in _FUNCTIONS_OF_TWO and self.peek("("):
            return self._numpy(mention.base, mention)
        split = self._side_by_side(begin) if given is None else None
        if split is None:
            raise self.lexicon.unknown(mention)
        return split

    def _transposed(self, tree: Syntax) -> Syntax:
        while self.peek("transpose"):
            tree = Transpose(tree, start=tree.start, end=self.take().end)
        return tree

    def _side_by_side(self, begin: int) -> Syntax | None:
        """A word that is no name, as names side by side: `wx` is w·x. The first name is as long as it can be."""
        token = self.tokens[begin]
        if token.kind != "word":
            return None
        readings = []
        for length in range(len(token.text) - 1, 0, -1):
            head, tail = token.text[:length], token.text[length:]
            letters, digits = _split_digits(head)
            first = Mention(letters, 0, (Piece("digits", digits),) if digits else (), token.start, token.start + length)
            found = self.lexicon.find(first, self.bound) if not tail[0].isdigit() else None
            if found is not None:
                readings.append((found, tail, length))
        for found, tail, length in readings:
            at, tokens = self.at, list(self.tokens)
            self.at = begin
            self.tokens[begin : begin + 1] = [_rest(token, tail, token.start + length)]
            try:
                rest = self._mentioned(None)
            except FormulaError:
                self.at, self.tokens = at, tokens
                continue
            factors, operators = (rest.factors, rest.operators) if isinstance(rest, Product) else ((rest,), ())
            return Product((found, *factors), ("", *operators), start=found.start, end=rest.end)
        return None

    # -- calls --------------------------------------------------------------------------------------------------------

    def _call(self, function: str, mention: Mention) -> Syntax:
        """A function at its arguments; a power may stand between: `\\tanh^2(z)`."""
        exponent: Syntax | None = None
        if self.peek("^"):
            self.take()
            tokens, _ = self._script_tokens(raised=True)
            exponent = self._inside(tokens)
            if exponent == Negative(Numeral("1", _one())):
                raise self.error("^{-1} behind a function can be its inverse or one over it", self.token, hint="write 1/f(x), or arctan")
        if self.peek("(", "["):
            arguments, options = self._arguments()
        elif function.rstrip("'") in _WITHOUT_BRACKETS:
            arguments, options = (self._tight(),), ()
        else:
            raise self.error(f"{self.text[mention.start : mention.end]!r} is a function: its argument stands behind it in brackets", self.tokens[self.at - 1])
        end = self.tokens[self.at - 1].end
        call: Syntax = Call(function, arguments, options, start=mention.start, end=end)
        if exponent is not None:
            call = Binary("^", call, exponent, start=mention.start, end=end)
        return self._transposed(call)

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

    def _arguments(self) -> tuple[tuple[Syntax, ...], tuple[tuple[str, Syntax], ...]]:
        opened = self.open()
        closing = {"(": ")", "[": "]"}[opened.kind]
        arguments: list[Syntax] = []
        options: list[tuple[str, Syntax]] = []
        while not self.peek(closing) or arguments:
            if self.peek("word") and self.peek("=", ahead=1) and arguments:
                name = self.take().text
                self.take()
                if name in _IGNORED_OPTIONS:
                    self.take()
                else:
                    options.append((name, self.sum()))
            else:
                arguments.append(self.comparison())
            if not self.peek(","):
                break
            self.take()
        self.close(closing, opened)
        return tuple(arguments), tuple(options)

    def _numpy(self, name: str, mention: Mention) -> Syntax:
        """`np.dot(a, b)` and its kind as the operators that they are."""
        arguments, _ = self._arguments()
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

    # -- sums ---------------------------------------------------------------------------------------------------------

    def _fold(self, token: Token) -> Syntax:
        """Σ with its index below, or `sum(…)` as a call."""
        if self.peek("(") and token.text in ("sum", "prod") and self.text[token.start : token.start + 1] not in "\\Σ∑∏":
            return self._called_fold(token)
        low: list[Token] = []
        high: list[Token] = []
        while self.peek("_", "^"):
            kind = self.take().kind
            tokens, _ = self._script_tokens(raised=False)
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
        ends = (start, self._inside(high)) if start is not None and high else ()
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
            return tuple(letters), self._inside(tokens[1:])
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
        arguments, options = self._arguments()
        self.bound = outer
        if letter_token is not None:
            arguments = (arguments[0], Name(letter_token.text, start=letter_token.start, end=letter_token.end), *arguments[2:])
        return self._transposed(Call(token.text, arguments, options, start=token.start, end=self.tokens[self.at - 1].end))

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

    # -- commands of LaTeX ------------------------------------------------------------------------------------------------

    def _command(self) -> Syntax:
        token = self.token
        name = token.text
        if name in _ACCENTS:
            return self._mentioned(None)
        if name == "partial":
            return self._partial()
        self.take()
        match name:
            case "frac":
                return self._fraction(token)
            case "sum" | "prod":
                return self._fold(token)
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
            return self._inside(self._group())
        if token.kind in ("number", "word") and len(token.text) > 1 and (token.kind == "number" or not self.lexicon.is_name(token.text)) and token.text not in _GREEK_WORDS:
            self.tokens[self.at : self.at + 1] = [Token(token.kind, token.text[0], token.start, token.start + 1), _rest(token, token.text[1:], token.start + 1)]
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
            inside = self._group()
            if len(inside) > 1 and inside[1].kind == "^":
                raise self.error("second derivatives are not read yet", inside[0])
            reader = HandReader(self.text, self.lexicon, [*inside[1:], Token("end", "", inside[-1].end, inside[-1].end)], self.bound)
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
            self._group()
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
        return _indicator(inner, token.start, end)

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
        tree: Syntax = Numeral("0", _one() - 1, start=token.start, end=end)
        for value, condition in reversed(rows):
            tree = value if condition is None else Call("where", (condition, value, tree), start=token.start, end=end)
        return tree

    # -- derivatives --------------------------------------------------------------------------------------------------

    def _plain_derivative(self) -> Derivative | None:
        """`dL/dw`: a differential, `/`, a differential."""
        start = self.token.start
        top = self._differential()
        if top is None or not self.peek("/"):
            return None
        self.take()
        bottom = self._differential()
        return None if bottom is None else Derivative(top, bottom, start=start, end=bottom.end)

    def _differential(self) -> Name | None:
        """The `L` of `dL` or `∂L`, with its scripts."""
        token = self.take()
        if token.kind == "word" and token.text[0] == "d" and len(token.text) > 1:
            self.at -= 1
            self.tokens[self.at] = _rest(token, token.text[1:], token.start + 1)
        elif not (token.kind == "command" and token.text == "partial") and not (token.kind == "word" and token.text == "d"):
            return None
        return self._quantity()

    def _quantity(self) -> Name | None:
        """A quantity of the network at its place."""
        braced = self.peek("{")
        mention = self._scripts(self._braced_mention()) if braced else self.mention()
        found = self.lexicon.find(mention, self.bound)
        return found if isinstance(found, Name) else None

    def _fraction_of_differentials(self) -> Derivative | None:
        """`\\frac{\\partial L}{\\partial w}`, `\\frac{\\partial}{\\partial w} L`"""
        start = self.token.start
        if not self.peek("{"):
            return None
        above, below = self._group(), self._group()
        bottom = self._only_differential(below)
        if bottom is None:
            return None
        if len(above) == 1 and (above[0].text in ("partial", "d")):
            brackets = self.peek("(")
            if brackets:
                self.take()
            top = self._quantity()
            if brackets and top is not None:
                self.take()
        else:
            top = self._only_differential(above)
        return None if top is None else Derivative(top, bottom, start=start, end=self.tokens[self.at - 1].end)

    def _only_differential(self, tokens: list[Token]) -> Name | None:
        inner = HandReader(self.text, self.lexicon, [*tokens, Token("end", "", tokens[-1].end, tokens[-1].end)] if tokens else [], self.bound)
        found = inner._differential() if tokens else None
        return found if found is not None and inner.peek("end") else None

    def _partial(self) -> Syntax:
        """`∂L/∂w` or `∂_w L`"""
        derivative = self.attempt(self._plain_derivative)
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
        tokens, _ = self._script_tokens(raised=False)
        inner = HandReader(self.text, self.lexicon, [*tokens, Token("end", "", tokens[-1].end, tokens[-1].end)], self.bound)
        bottom, top = inner._quantity(), self._quantity()
        if bottom is None or top is None:
            raise self.error("a derivative is of a quantity of the network, by another", token)
        return Derivative(top, bottom, start=token.start, end=top.end)


_WITHOUT_BRACKETS = frozenset("exp log log10 sqrt sin cos tan sinh cosh tanh arctan".split())
_GREEK_WORDS = frozenset("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega".split())


def _one() -> Fraction:
    return Fraction(1)


def _rest(token: Token, text: str, start: int) -> Token:
    return Token(token.kind if not text[:1].isdigit() else "number", text, start, token.end)


def _split_digits(word: str) -> tuple[str, str]:
    """`W1` as `W` and `1`; digits that stand among letters belong to them."""
    letters = word.rstrip("0123456789")
    return letters, word[len(letters) :]


def _indicator(condition: Comparison, start: int, end: int) -> Call:
    """1 where the condition holds, else 0."""
    one, zero = Numeral("1", Fraction(1)), Numeral("0", Fraction(0))
    return Call("where", (condition, one, zero), start=start, end=end)


def _index_tree(tokens: Sequence[Token]) -> Syntax | None:
    """A script as an index: a number, a letter, or their sum; None if it is none."""
    tree: Syntax | None = None
    sign = "+"
    for token in tokens:
        if token.kind in ("+", "-"):
            sign = token.kind
            continue
        if token.kind == "number" and token.text.isdigit():
            part: Syntax = Numeral(token.text, Fraction(int(token.text)), start=token.start, end=token.end)
        elif token.kind == "word":
            part = Name(token.text, start=token.start, end=token.end)
        else:
            return None
        if tree is not None:
            tree = Binary(sign, tree, part, start=tree.start, end=token.end)
        else:
            tree = Negative(part, start=token.start, end=token.end) if sign == "-" else part
    return tree
