"""Published gradient formulas: ours has their value, a wrong one is told apart, and what a textbook prints we print."""

from __future__ import annotations

import pytest
from published import SYMBOLIC, Case, check, close, facts_of, faults, names_in, symbolic_case

EACH = pytest.mark.parametrize("name", names_in(SYMBOLIC))
AT_POINTS = [(name, at) for name in names_in(SYMBOLIC) for at in range(len(facts_of(SYMBOLIC, name)["points"]))]


def right_formulas(facts: Case) -> dict[str, str]:
    """What is right for each quantity: the published formula, or the one that corrects it."""
    return {**facts["published_gradient"], **facts.get("correct_gradient", {})}


@pytest.mark.parametrize(("name", "at"), AT_POINTS)
def test_every_form_of_a_gradient_has_the_value_of_the_right_formula(name: str, at: int) -> None:
    case = symbolic_case(name, at)
    expected = {quantity: case.number(formula) for quantity, formula in right_formulas(facts_of(SYMBOLIC, name)).items()}
    assert faults(case, expected) == []


@pytest.mark.parametrize(("name", "at"), AT_POINTS)
def test_only_a_formula_known_to_be_wrong_differs(name: str, at: int) -> None:
    facts, case = facts_of(SYMBOLIC, name), symbolic_case(name, at)
    assert facts["published_correct"] == ("correct_gradient" not in facts)
    published: dict[str, str] = facts["published_gradient"]
    wrong = [quantity for quantity, formula in published.items() if not close(case.forms(quantity)["textbook"], case.number(formula))]
    assert wrong == facts.get("published_wrong_for", [])


@EACH
def test_the_last_step_is_the_gradient(name: str) -> None:
    for quantity in facts_of(SYMBOLIC, name)["published_gradient"]:
        gradient = symbolic_case(name, 0).derivation.gradient(quantity)
        assert gradient.steps[-1].after == gradient.gradient


@EACH
def test_the_check_passes(name: str) -> None:
    report = check(symbolic_case(name, 0))
    assert report.passed
    assert report.power.caught == report.power.planted > 0
