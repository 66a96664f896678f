"""Formulas to syntax trees: meaning, places of mistakes, limits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_derive.errors import FormulaError
from backprop_derive.language.grammar import MAXIMUM_DEPTH, parse
from backprop_derive.language.limits import MAXIMUM_HEIGHT
from backprop_derive.language.syntax import Binary, Call, Comparison, Derivative, Name, Negative, Numeral, Syntax, Transpose

NAMES = frozenset({"a", "b", "w", "x", "y", "y'", "z", "L", "v1", "W1", "dz", "yhat", "lambda", "a^(2)", "a_1^(1)", "z^(2)"})


def shown(tree: Syntax) -> str:
    """The tree with every bracket written."""
    match tree:
        case Numeral():
            return tree.text
        case Name():
            return tree.name + (f"[{listed(tree.indices)}]" if tree.indices else "")
        case Negative():
            return f"(-{shown(tree.operand)})"
        case Binary() | Comparison():
            return f"({shown(tree.left)} {tree.operator} {shown(tree.right)})"
        case Call():
            options = "".join(f"; {name}={shown(value)}" for name, value in tree.options)
            return f"{tree.function}<{listed(tree.arguments)}{options}>"
        case Derivative():
            return f"{'direct' if tree.direct else 'd'}<{shown(tree.top)} by {shown(tree.bottom)}>"
        case Transpose():
            return f"transpose<{shown(tree.operand)}>"
    raise AssertionError(tree)


def listed(trees: tuple[Syntax, ...]) -> str:
    return ",".join(map(shown, trees))


READ = [
    # precedence and order
    ("a+b*w", "(a + (b * w))"), ("a-b-w", "((a - b) - w)"), ("a/b/w", "((a / b) / w)"), ("a/b*w", "((a / b) * w)"), ("(a+b)*w", "((a + b) * w)"),
    ("-a^2", "(-(a ^ 2))"), ("(-a)^2", "((-a) ^ 2)"), ("a*-b", "(a * (-b))"), ("a--b", "(a - (-b))"), ("+a", "a"), ("--a", "(-(-a))"),
    ("a^-1", "(a ^ (-1))"), ("a**2", "(a ^ 2)"), ("2^a*b", "((2 ^ a) * b)"), ("a^(1/2)", "(a ^ (1 / 2))"), ("a^½", "(a ^ (1 / 2))"),
    ("a@b@w", "((a @ b) @ w)"), ("a^b/w", "((a ^ b) / w)"), ("-a*b", "((-a) * b)"),
    # names, primes, indices
    ("y'", "y'"), ("y'^2", "(y' ^ 2)"), ("ŷ-y′", "(yhat - y')"), ("λ/2", "(lambda / 2)"), ("W1[2,1]", "W1[2,1]"), ("w[1][2]", "w[1,2]"),
    ("h[t-1]", "h[(t - 1)]"), ("x[2*t+k]", "x[((2 * t) + k)]"), ("x[k[j]]", "x[k[j]]"), ("wx", "wx"),
    ("n", "n"), ("on", "on"),
    # labels are names where they are defined, else powers
    ("a^(2)", "a^(2)"), ("b^(2)", "(b ^ 2)"), ("a^2", "(a ^ 2)"), ("a²", "(a ^ 2)"), ("a⁽²⁾", "a^(2)"), ("a_1^(1)", "a_1^(1)"), ("a₁⁽¹⁾", "a_1^(1)"),
    ("a_1^(2)", "(a_1 ^ 2)"), ("z^(2)[j]", "z^(2)[j]"), ("z[j]^(2)", "z^(2)[j]"), ("x[j]^(2)", "(x[j] ^ 2)"), ("a^(2)^2", "(a^(2) ^ 2)"),
    ("(a)^(2)", "(a ^ 2)"), ("a^(2)*a^(3)", "(a^(2) * (a ^ 3))"), ("z^(2)[j]^(2)", "(z^(2)[j] ^ 2)"),
    # transposes
    ("W1^T@x", "(transpose<W1> @ x)"), ("W1ᵀ@x", "(transpose<W1> @ x)"), ("(W1@x)^T", "transpose<(W1 @ x)>"), ("x^(T)", "(x ^ T)"),
    # comparisons
    ("a<b", "(a < b)"), ("a≤b", "(a <= b)"), ("a==b", "(a = b)"), ("a+1≠b", "((a + 1) != b)"), ("where(z>0,a,b)", "where<(z > 0),a,b>"),
    ("sum(y) = 1", "(sum<y> = 1)"),
    # calls
    ("f()", "f<>"), ("f_B'(z)", "f_B'<z>"), ("f''(z)", "f''<z>"), ("sum(W1[j,k]*x[k], k)", "sum<(W1[j,k] * x[k]),k>"),
    ("sum(x[k],k,1,n-1)", "sum<x[k],k,1,(n - 1)>"), ("exp(-a)*b", "(exp<(-a)> * b)"), ("sigmoid(z)^2", "(sigmoid<z> ^ 2)"), ("w1(x)", "w1<x>"),
    ("huber(a,y,delta=1)", "huber<a,y; delta=1>"), ("huber(a,y,delta=1/2)", "huber<a,y; delta=(1 / 2)>"), ("huber(a,y,δ=½)", "huber<a,y; delta=(1 / 2)>"),
    ("f(a,p=-1,q=+2)", "f<a; p=(-1); q=2>"), ("where(a=1,b,w)", "where<(a = 1),b,w>"), ("f(a,b=w)", "f<a,(b = w)>"),
    # derivatives
    ("dL/dv1", "d<L by v1>"), ("∂L/∂v1", "d<L by v1>"), ("2*dL/dv1", "(2 * d<L by v1>)"), ("dL/dx*b", "(d<L by x> * b)"), ("dL/dW1[2,1]", "d<L by W1[2,1]>"),
    ("dL/dW1[j][k]", "d<L by W1[j,k]>"), ("dx[j]/dW1[j,k]", "d<x[j] by W1[j,k]>"), ("dz[j]/dx[k]", "(dz[j] / dx[k])"), ("dy'/dx", "d<y' by x>"), ("dL/dŷ", "d<L by yhat>"),
    ("da^(2)/da_1^(1)[j]", "d<a^(2) by a_1^(1)[j]>"), ("dL/da_1^(1)[j]", "d<L by a_1^(1)[j]>"),
    ("da_1^(1)/dx", "d<a_1^(1) by x>"), ("d+L/dv1", "direct<L by v1>"), ("∂⁺L/∂v1", "direct<L by v1>"), ("dL/dL", "d<L by L>"),
    ("dL^(2)/dv1", "((dL ^ 2) / dv1)"), ("dL[1]^(2)/dv1", "((dL[1] ^ 2) / dv1)"), ("da_1[j]^(1)/dx", "d<a_1^(1)[j] by x>"),
    ("dL/dq", "(dL / dq)"), ("dq/dx", "(dq / dx)"), ("dz/dx", "(dz / dx)"), ("d/b", "(d / b)"), ("d+L", "(d + L)"), ("dL", "dL"), ("(dL/dx)^2", "(d<L by x> ^ 2)"),
    # numbers
    ("012", "012"), ("0.0820", "0.0820"), (".5", ".5"), ("5.", "5."), ("1e-3", "1e-3"), ("1e300", "1e300"), ("sqrt(2)/2", "(sqrt<2> / 2)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), READ)
def test_reads(text: str, meaning: str) -> None:
    assert shown(parse(text, NAMES)) == meaning


REFUSED = [
    # implicit products
    ("2x", 1, "a product needs *"), ("x y", 2, "a product needs *"), ("a(1-a)", 1, "a product needs *: 'a' is a quantity"), ("(a)(b)", 3, "a product needs *"),
    ("2(x)", 1, "a product needs *"), ("x[1]y", 4, "a product needs *"), ("x²y", 2, "a product needs *"), ("½x", 1, "a product needs *"),
    ("a^(2)(1-a)", 5, "a product needs *"), ("a'b", 2, "a product needs *"), ("x^T y", 4, "a product needs *"), ("1e5x", 3, "a product needs *"),
    ("1 234", 2, "not one number"), ("1.2.3", 3, "not one number"),
    # what is missing or too much
    ("", 0, "the formula ends"), ("   ", 3, "the formula ends"), ("a+", 2, "the formula ends"), ("a*/b", 2, "not '/'"), ("*a", 0, "not '*'"), ("a//b", 2, "not '/'"),
    ("(a", 2, "'(' is not closed"), ("f(a", 3, "'(' is not closed"), ("x[1", 3, "'[' is not closed"), ("(a]", 2, "']' stands here"), ("x[1)", 3, "')' stands here"),
    ("a)", 1, "')' is not expected"), ("a,b", 1, "',' is not expected"), ("x\u00a0y", 2, "a product needs *"), ("x[]", 2, "not ']'"), ("x[1,]", 4, "not ']'"), ("f(a,)", 4, "not ')'"), ("[a]", 0, "not '['"),
    ("dL/", 3, "the formula ends"), ("dL[1/dv1", 8, "'[' is not closed"), ("a^", 2, "the formula ends"), ("x⁺", 1, "not ')'"), ("W1^T[1,2]", 4, "'[' is not expected"),
    # one comparison, one power at a time
    ("a<b<w", 3, "one comparison at a time"), ("a=b=w", 3, "one comparison at a time"), ("a^b^w", 3, "a second ^"), ("x^T^T", 3, "a second ^"), ("x^2^T", 3, "a second ^"),
    ("dL/dx^2", 5, "two ways"),
    # exponents and towers
    ("x^65", 2, "exponents above 64"), ("x^-65", 2, "exponents above 64"), ("x^(8*9)", 3, "exponents above 64"), ("x^(64+64)", 3, "exponents above 64"),
    ("(x^10)^10", 7, "exponents above 64"), ("((x^8)^8)^2", 10, "exponents above 64"), ("(a*x^10+b)^10", 11, "exponents above 64"), ("f(x^10)^10", 8, "exponents above 64"),
    ("9^9^9", 3, "a second ^"), ("9^(9^9)", 3, "exponents above 64"), ("x^(-(--65))", 3, "exponents above 64"), ("x^(a^b)", 3, "towers"),
    ("x^(1+a^(b+1))", 5, "towers"), ("x^(x^(x^x))", 6, "towers"), ("e^f(a^b)", 4, "towers"),
    # numbers
    ("1e301", 0, "powers of ten"), ("1e-301", 0, "powers of ten"), ("1e99999999999", 0, "powers of ten"),
    # code
    ("__import__('os')", 0, "'_' has no meaning"), ("exec(\"x\")", 5, "has no meaning"), ("a.__class__", 1, "'.' has no meaning"), ("lambda x: x", 8, "':' has no meaning"),
    ("a if b else w", 2, "a product needs *"), ("a:=1", 1, "':' has no meaning"), ("x\x0cy", 1, "control character"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "start", "message"), REFUSED)
def test_refuses(text: str, start: int, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text, NAMES)
    assert message in caught.value.message
    assert caught.value.start == start
    assert caught.value.text == text


def test_a_product_without_a_sign_says_what_to_write() -> None:
    with pytest.raises(FormulaError) as caught:
        parse("a(1-a)", NAMES)
    assert caught.value.hint == "write a*(…)"


def test_the_caret_stands_below_the_place() -> None:
    with pytest.raises(FormulaError) as caught:
        parse("ŷ + 12 x²", NAMES)
    assert caught.value.caret() == "ŷ + 12 x²\n       ^"


def test_a_name_of_the_spec_wins_over_a_derivative_and_a_transpose() -> None:
    assert shown(parse("dL/dv1", NAMES | {"dL"})) == "(dL / dv1)"
    assert shown(parse("d+L/dv1", NAMES | {"d"})) == "(d + (L / dv1))"
    assert shown(parse("x^T", NAMES | {"T"})) == "(x ^ T)"


@pytest.mark.parametrize("text", ["10^7", "10^(-8)", "x^64", "(x^8)^8", "(x^64)^(1/2)", "(x^2)^3", "e^(-z^2/2)", "exp(100)", "2^(3*4)", "x^(1/0)"])
def test_exponents_that_people_need_are_read(text: str) -> None:
    assert isinstance(parse(text, NAMES), Binary | Call)


@pytest.mark.parametrize("piece", [("(", "x", ")"), ("f(", "x", ")"), ("x[", "1", "]"), ("dL[", "1", "]"), ("-(", "x", ")"), ("x^(1-", "x", ")"), ("dL/dx[", "1", "]")])
def test_brackets_have_a_limit(piece: tuple[str, str, str]) -> None:
    opening, inner, closing = piece

    def nested(depth: int) -> str:
        return opening * depth + inner + closing * depth

    with pytest.raises(FormulaError, match="nested more than 60 deep"):
        parse(nested(MAXIMUM_DEPTH + 1), NAMES)
    if not opening.startswith("x^"):
        parse(nested(MAXIMUM_DEPTH), NAMES)


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "@"])
def test_chains_have_a_limit(operator: str) -> None:
    parse(operator.join("x" * MAXIMUM_HEIGHT), NAMES)
    with pytest.raises(FormulaError, match="more than 250 operations in a row"):
        parse(operator.join("x" * (MAXIMUM_HEIGHT + 1)), NAMES)


def test_a_long_chain_in_an_exponent_is_refused_before_it_is_computed() -> None:
    with pytest.raises(FormulaError, match="in a row"):
        parse("x^(" + "*".join(["9" * 40] * 400) + ")", NAMES)


def test_signs_have_a_limit() -> None:
    parse("-" * MAXIMUM_DEPTH + "x")
    with pytest.raises(FormulaError, match="too many signs"):
        parse("-" * (MAXIMUM_DEPTH + 1) + "x")


@pytest.mark.parametrize("text", ["(" * 100_000, "(" * 19_000, "x[" * 1_900, "f(" * 1_900, "dL[" * 1_300, "x^-(" * 900, "-(" * 1_900, "(" * 1_900 + ")" * 1_900, "^" * 3_000])
def test_hostile_brackets_fail_quickly(text: str) -> None:
    start = time.process_time()
    with pytest.raises(FormulaError):
        parse(text, NAMES)
    assert time.process_time() - start < 1


PIECES = [
    "a", "x", "y'", "W1", "a^(2)", "z", "L", "dL", "dv1", "d", "T", "f", "f'", "1", "0", "2.5", "64", "1e9", "+", "-", "*", "/", "@", "^", "^(", "(", ")", "[", "]",
    ",", "=", "<", ">=", "!=", "**", " ", "½", "²", "⁽²⁾", "₁", "ᵀ", "ŷ", "∂", "'", "_", ".", "\n", "\f", "é", "e",
]  # fmt: skip


def read_or_refused(text: str) -> Syntax | FormulaError:
    """What a formula gives, and no other exception."""
    try:
        return parse(text, NAMES)
    except FormulaError as error:
        return error


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
@settings(deadline=2000)
def test_anything_is_read_or_refused_with_a_place(text: str) -> None:
    tree = read_or_refused(text)
    if isinstance(tree, FormulaError):
        assert 0 <= tree.start <= len(text)
        assert tree.start < tree.end
        assert "^" in tree.caret()
        return
    for part in tree.walk():
        assert 0 <= part.start < part.end <= len(text)
    hash(tree)


def formulas() -> st.SearchStrategy[str]:
    """Formulas that must be readable, every bracket written."""
    leaves = st.sampled_from(["a", "y'", "W1[2,1]", "a^(2)", "2", "0.5", "x[j]", "dL/dx"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "@"]), inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
            inner.map(lambda part: f"(-{part})"),
            inner.map(lambda part: f"f'({part})"),
        ),
        max_leaves=25,
    )


@given(formulas())
@settings(deadline=2000)
def test_a_formula_reads_back_from_its_own_brackets(text: str) -> None:
    tree = parse(text, NAMES)
    written = shown(tree).replace("<L by x>", "L/dx").replace("<", "(").replace(">", ")")
    assert parse(written, NAMES) == tree
