"""Published calculations handed in as they were printed: what is right is judged right, and every slip is found at its place."""

from __future__ import annotations

from functools import cache

import pytest
from published import NUMERIC, SYMBOLIC, Case, differences, facts_of, names_in, symbolic_case
from test_numeric import leaf_values, spec_text

from backprop_derive import build_graph, read_spec, verify_answers
from backprop_derive.graph.nodes import Graph

RIGHT, NEARLY = ("equal", "equal-if"), "close"
NEAR = 0.02
"""A wrong number that is so near is called close."""

WHERE_IT_HOLDS = {"triplet_loss": "published for triplets that violate the margin; elsewhere the gradient is 0"}


@cache
def graph(name: str) -> Graph:
    facts = facts_of(NUMERIC, name)
    values = "".join(f"  {leaf}: {value!r}\n" for leaf, value in leaf_values(facts).items())
    return build_graph(read_spec(f"{spec_text(facts)}values:\n{values}", "case.yaml"))


def printed(name: str) -> list[object]:
    """A case a number that the source prints: section, name, digits."""
    facts = facts_of(NUMERIC, name)
    rows: list[object] = []
    for section in ("forward", "gradients"):
        for quantity, digits in facts["published"].get(section, {}).items():
            rows.append(pytest.param(name, section, quantity, digits, id=f"{name}-{section}-{quantity}"))
    return rows


def expected(facts: Case, section: str, quantity: str, digits: str) -> tuple[str, ...]:
    """The verdicts that a printed number may get."""
    if (section, quantity) not in differences(facts):
        return (*RIGHT, NEARLY)
    right = facts["recomputed"][section][quantity]
    return ("different", NEARLY) if abs(float(digits) - right) <= NEAR * abs(right) else ("different",)


@pytest.mark.parametrize(("name", "section", "quantity", "digits"), [row for name in names_in(NUMERIC) for row in printed(name)])
def test_a_printed_number_is_judged_as_it_is(name: str, section: str, quantity: str, digits: str) -> None:
    answer = {quantity: digits} if section == "gradients" else f"{quantity} = {digits}"
    (claim,) = verify_answers(graph(name), answer)
    assert claim.verdict.outcome in expected(facts_of(NUMERIC, name), section, quantity, digits), claim.verdict.reason or claim.problem


@pytest.mark.parametrize("name", names_in(SYMBOLIC))
def test_a_printed_formula_is_judged_as_it_is(name: str) -> None:
    facts = facts_of(SYMBOLIC, name)
    wrong = [*facts.get("published_wrong_for", []), *(facts["published_gradient"] if name in WHERE_IT_HOLDS else [])]
    answers = {leaf: formula for leaf, formula in facts["published_gradient"].items() if isinstance(formula, str)}
    found = {leaf: claim.verdict.outcome in RIGHT for leaf, claim in zip(answers, verify_answers(symbolic_case(name, 0).graph, answers), strict=True)}
    assert found == {leaf: leaf not in wrong for leaf in answers}


@pytest.mark.parametrize("name", [name for name in names_in(SYMBOLIC) if facts_of(SYMBOLIC, name).get("published_wrong_for")])
def test_the_correct_formula_beside_a_slip_is_right(name: str) -> None:
    found = verify_answers(symbolic_case(name, 0).graph, facts_of(SYMBOLIC, name)["correct_gradient"])
    assert {claim.verdict.outcome for claim in found} == {"equal"}
