"""Numbers that prove: intervals that hold the true value, and quotients of polynomials in letters."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from backprop_derive.errors import EvaluationError
from backprop_derive.numerics.intervals import Undecided, interval_backend
from backprop_derive.numerics.polynomials import TooLarge
from backprop_derive.numerics.quotients import Algebra, Quotient, QuotientBackend
from backprop_derive.operations.functions import FUNCTIONS, find_function

PRIMITIVES = [row for row in FUNCTIONS if row.mpmath and row.mpmath not in ("erf", "loggamma", "digamma", "atan")]


@pytest.mark.parametrize("row", PRIMITIVES, ids=lambda row: row.name)
@pytest.mark.parametrize("at", [0.7, 2.5])
def test_an_interval_holds_the_true_value_and_little_else(row: object, at: float) -> None:
    backend = interval_backend()
    found = backend.primitive(row)(backend.array([at]))[0]  # type: ignore[arg-type]
    names = {"step": lambda _: mpmath.mpf(1), "log10": mpmath.log10}
    with mpmath.workdps(60):
        true = names.get(row.mpmath, getattr(mpmath, row.mpmath, None))(mpmath.mpf(at))  # type: ignore[attr-defined]
        assert mpmath.mpf(found.a.mid._mpi_[0]) <= true <= mpmath.mpf(found.b.mid._mpi_[1])
        assert mpmath.mpf(found.delta._mpi_[1]) < 1e-36


def test_a_comparison_of_intervals_that_overlap_is_not_decided() -> None:
    wide = interval_backend().context.mpf([1, 2])
    with pytest.raises(Undecided):
        wide > 1.5  # noqa: B015
    assert wide > 0.5
    assert not wide < 0.5
    # another context of mpmath keeps its own manner
    assert (mpmath.iv.mpf([1, 2]) > 1.5) is None


@pytest.mark.parametrize("name", ["erf", "lgamma", "digamma"])
def test_a_function_without_an_interval_form_says_so(name: str) -> None:
    row = find_function(name)
    assert row is not None
    with pytest.raises(EvaluationError, match=name):
        interval_backend().primitive(row)


def quotients(count: int) -> tuple[Algebra, list[Quotient]]:
    algebra = Algebra()
    return algebra, [algebra.fresh() for _ in range(count)]


def applied(algebra: Algebra, function: str, value: Quotient) -> Quotient:
    row = find_function(function)
    assert row is not None
    found: Quotient = QuotientBackend(algebra).primitive(row)(np.array([value], dtype=object))[0]
    return found


def test_equal_quotients_are_the_same_however_they_are_written() -> None:
    _, (a, b, c) = quotients(3)
    assert (a / b + c).same((a + b * c) / b)
    assert ((a + b) ** 2 - (a - b) ** 2).same(4 * a * b)
    assert (1 / (1 + a) - a / (1 + a)).same((1 - a) / (1 + a))
    assert ((a**2 - b**2) / (a + b)).same(a - b)
    assert (1 / (1 / a + 1 / b)).same(a * b / (a + b))
    assert not (a / b).same(b / a)
    assert not (a + 0.1).same(a + Fraction(1, 10))  # a float is what it is


def test_the_forms_of_a_sigmoid_are_the_same() -> None:
    algebra, (z, w) = quotients(2)
    argument = w * z + 1
    sigmoid = 1 / (1 + applied(algebra, "exp", -argument))
    raised = applied(algebra, "exp", argument)
    assert sigmoid.same(raised / (1 + raised))
    assert (sigmoid * (1 - sigmoid)).same(raised / (1 + raised) ** 2)
    assert (2 * sigmoid - 1).same(applied(algebra, "tanh", argument / 2)) is False  # half an argument is another letter: not proved
    assert (1 - applied(algebra, "tanh", argument) ** 2).same(applied(algebra, "cosh", argument) ** -2)


def test_a_root_is_one_letter() -> None:
    algebra, (v,) = quotients(1)
    backend = QuotientBackend(algebra)
    root = applied(algebra, "sqrt", v)
    assert backend.power(np.array([v], dtype=object), Fraction(-1, 2))[0].same(1 / root)
    assert backend.power(np.array([v], dtype=object), Fraction(3, 2))[0].same(root**3)


def test_all_outcomes_of_a_comparison_are_gone_through() -> None:
    algebra, (z,) = quotients(1)
    seen: list[float] = []

    def relu_of_relu() -> bool:
        once = z if z > 0 else algebra.quotient(0)
        twice = once if once > 0 else algebra.quotient(0)
        seen.append(z > 0)
        return twice.same(once)

    assert algebra.cases(relu_of_relu)
    assert sorted(seen) == [False, True]
    assert not algebra.cases(lambda: (z if z > 0 else -z).same(z))


def test_a_power_that_grows_is_given_up() -> None:
    _, (a, b, c) = quotients(3)
    with pytest.raises(TooLarge):
        (a + b + c + 1) ** 40
    with pytest.raises(ZeroDivisionError):
        1 / (a - a)
