"""Published worked examples with numbers: forward values, every gradient in every form, and what the source prints."""

from __future__ import annotations

from functools import cache
from math import sqrt

import pytest
from published import (
    LEAVES,
    NUMERIC,
    Case,
    Worked,
    agreement,
    check,
    close,
    differences,
    equations_spec,
    facts_of,
    faults,
    names_in,
    printed_numbers,
)

EACH = pytest.mark.parametrize("name", names_in(NUMERIC))


def leaf_values(facts: Case) -> dict[str, float]:
    return {name: value for key in LEAVES for name, value in facts.get(key, {}).items()}


def spec_text(facts: Case) -> str:
    return equations_spec({key: list(facts.get(key, {})) for key in LEAVES}, facts["nodes"], facts["loss"])


@cache
def worked(name: str) -> Worked:
    """The case as equations, at its own values."""
    facts = facts_of(NUMERIC, name)
    return Worked(spec_text(facts), leaf_values(facts))


@cache
def stepped(name: str) -> Worked:
    """The case behind one step of its optimizer, which uses our gradients."""
    facts = facts_of(NUMERIC, name)
    rule = facts["update"]
    moved = {weight: facts["parameters"][weight] - _step(rule, textbook(name, weight)) for weight in rule["parameters"]}
    return Worked(spec_text(facts), leaf_values(facts) | moved)


def _step(rule: Case, gradient: float) -> float:
    """The learning rate times the gradient; the first step of Adam divides its mean by the root of its mean square."""
    if rule["rule"] == "gd":
        return float(rule["learning_rate"] * gradient)
    assert rule["rule"] == "adam_first_step"
    mean = (1 - rule["beta1"]) * gradient / (1 - rule["beta1"])
    square = (1 - rule["beta2"]) * gradient**2 / (1 - rule["beta2"])
    return float(rule["learning_rate"] * mean / (sqrt(square) + rule["epsilon"]))


def textbook(name: str, quantity: str) -> float:
    return float(worked(name).forms(quantity)["textbook"])


def ours(name: str, section: str, quantity: str) -> float:
    """Our number for one that a source prints."""
    facts = facts_of(NUMERIC, name)
    match section:
        case "forward":
            return float(worked(name).forward[quantity])
        case "gradients":
            return textbook(name, quantity)
        case "updated":
            return float(stepped(name).values[quantity])
        case "forward_after":
            return float(stepped(name).forward[quantity])
        case _:
            return float(stepped(name).forward[facts["loss"]])


# -- the tests ------------------------------------------------------------------------------------------------------------


@EACH
def test_forward_values_are_those_recomputed(name: str) -> None:
    recomputed = facts_of(NUMERIC, name)["recomputed"]
    assert set(recomputed["forward"]) == set(facts_of(NUMERIC, name)["nodes"])
    wrong = {node: worked(name).forward[node] for node, value in recomputed["forward"].items() if not close(worked(name).forward[node], value)}
    assert wrong == {}
    assert close(worked(name).forward[worked(name).graph.cost.loss], recomputed["loss"])


@EACH
def test_every_form_of_every_gradient_is_the_one_recomputed(name: str) -> None:
    facts = facts_of(NUMERIC, name)
    assert set(facts["recomputed"]["gradients"]) == set(facts["gradients_of"])
    assert faults(worked(name), facts["recomputed"]["gradients"]) == []


@EACH
def test_the_last_step_is_the_gradient(name: str) -> None:
    for quantity in facts_of(NUMERIC, name)["gradients_of"]:
        gradient = worked(name).derivation.gradient(quantity)
        assert gradient.steps[-1].after == gradient.gradient


@pytest.mark.parametrize("name", [name for name in names_in(NUMERIC) if "update" in facts_of(NUMERIC, name)])
def test_a_step_ends_where_it_should(name: str) -> None:
    recomputed = facts_of(NUMERIC, name)["recomputed"]
    for weight, value in recomputed["updated"].items():
        assert close(ours(name, "updated", weight), value), weight
    for node, value in recomputed.get("forward_after", {}).items():
        assert close(ours(name, "forward_after", node), value), node
    assert close(ours(name, "loss_after", "loss"), recomputed["loss_after"])


@EACH
def test_printed_numbers_agree_to_their_digits_unless_listed(name: str) -> None:
    facts = facts_of(NUMERIC, name)
    verdicts = {(section, quantity): agreement(digits, ours(name, section, quantity)) for section, quantity, digits in printed_numbers(facts)}
    assert {place for place, verdict in verdicts.items() if verdict == "differs"} == set(differences(facts))
    for verdict in ("rounded", "last_digit"):
        assert list(verdicts.values()).count(verdict) == facts["agreement"][verdict]


SLIPS = [(name, *place) for name in names_in(NUMERIC) for place in differences(facts_of(NUMERIC, name))]


@pytest.mark.parametrize(("name", "section", "quantity"), SLIPS)
def test_a_printed_number_that_differs_is_explained(name: str, section: str, quantity: str) -> None:
    facts = facts_of(NUMERIC, name)
    digits = next(digits for at, of, digits in printed_numbers(facts) if (at, of) == (section, quantity))
    difference = differences(facts)[section, quantity]
    assert difference["why"]
    if "comes_from" in difference:
        mistaken = worked(name).number(difference["comes_from"])
        assert agreement(digits, mistaken) != "differs", f"{difference['why']} gives {mistaken}, and {digits} is printed"
    else:
        assert difference["slip"] == "arithmetic"


@EACH
def test_the_check_passes(name: str) -> None:
    report = check(worked(name))
    assert report.passed
    assert set(report.parameters) == set(facts_of(NUMERIC, name)["parameters"])
    assert report.power.caught == report.power.planted > 0
