"""Every form of every gradient of many networks against the forward pass, and every printed text read back."""

from __future__ import annotations

import numpy as np
import pytest
from engine_networks import NETWORKS
from proving import Point, derivation_of, error, faults, step_faults, writer_of

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.calculus.elements import places
from backprop_derive.calculus.rewriting import tidy
from backprop_derive.calculus.words import plain_words
from backprop_derive.errors import UsageError
from backprop_derive.graph.expressions import Number, Partial, Ref, mul, num, walk

EACH = pytest.mark.parametrize("name", NETWORKS)


@EACH
@pytest.mark.parametrize("seed", [0, 1])
def test_every_form_equals_the_forward_pass_and_reads_back(name: str, seed: int) -> None:
    assert faults(Point(derivation_of(NETWORKS[name]), seed=seed)) == []


@EACH
def test_every_step_keeps_the_value_and_the_last_is_the_answer(name: str) -> None:
    assert step_faults(Point(derivation_of(NETWORKS[name]))) == []


@EACH
def test_an_expansion_is_a_sum_of_products_of_named_partials(name: str) -> None:
    derivation = derivation_of(NETWORKS[name])
    for parameter in derivation.graph.parameters:
        gradient = derivation.gradient(parameter)
        named = {each for each in walk(gradient.expansion) if isinstance(each, Partial)}
        assert all(not isinstance(each, Ref) for each in walk(gradient.expansion))
        assert bool(named) == (parameter in derivation.names)


@EACH
def test_the_order_of_a_book_is_reached_at_once(name: str) -> None:
    derivation = derivation_of(NETWORKS[name])
    again = {delta.name: tidy(delta.value) for delta in derivation.deltas.values()}
    assert again == {delta.name: delta.value for delta in derivation.deltas.values()}


@EACH
def test_no_text_has_double_signs_or_a_factor_one(name: str) -> None:
    derivation = derivation_of(NETWORKS[name])
    writer = writer_of(derivation)
    texts = [writer.write(delta.value) for delta in derivation.deltas.values()]
    for parameter in derivation.graph.parameters:
        gradient = derivation.gradient(parameter)
        texts += [writer.write(form) for form in (gradient.gradient, gradient.backward, gradient.expansion)]
    for text in texts:
        assert not any(bad in text for bad in ("--", "+ -", "- -", "*1*", "(1*", "#")), text


def known_entries(derivation: Derivation, name: str) -> tuple[tuple[int, ...], ...]:
    """The entries of a parameter, where all its sizes are numbers."""
    try:
        return places(derivation.chain, name)
    except UsageError:
        return ()


@EACH
def test_one_entry_is_that_entry_of_the_whole(name: str) -> None:
    point = Point(derivation_of(NETWORKS[name]))
    for parameter in point.graph.parameters:
        node = point.graph.node(parameter)
        expected = point.reference(parameter)
        for place in known_entries(point.derivation, parameter) or ((1,) * len(node.axes),):
            element = point.derivation.element(parameter, place)
            entry = expected[tuple(at - (axis.low.number or 0) for at, axis in zip(place, node.axes, strict=True))]
            forms = [element.gradient, element.backward, element.expansion, *(step.before for step in element.steps), *(step.after for step in element.steps)]
            for form in forms:
                assert error(point.at(form, point.whole.node(point.graph.cost.loss if point.graph.samples is None else point.graph.cost.name)), entry) < 1e-11
            assert element.steps[-1].after == element.gradient


@EACH
def test_the_closed_form_mentions_leaves_only(name: str) -> None:
    point = Point(derivation_of(NETWORKS[name]))
    for parameter in point.graph.parameters:
        if point.derivation.chain.recurrent:
            with pytest.raises(UsageError, match="recurrence"):
                point.derivation.closed(parameter)
            continue
        closed = point.derivation.closed(parameter)
        assert all(point.graph.node(each.name).is_leaf for each in walk(closed) if isinstance(each, Ref))
        expected = point.reference(parameter)
        assert error(point.at(closed, point.graph.node(parameter)), expected) < 1e-10
        for place in known_entries(point.derivation, parameter)[-1:]:
            entry = point.derivation.closed(parameter, place)
            assert all(point.graph.node(each.name).is_leaf for each in walk(entry) if isinstance(each, Ref))
            scalar = point.whole.node(point.graph.cost.loss if point.graph.samples is None else point.graph.cost.name)
            assert error(point.at(entry, scalar), expected.reshape(-1)[-1]) < 1e-10


def test_the_tests_see_a_wrong_gradient() -> None:
    point = Point(derivation_of(NETWORKS["diamond"]))
    gradient = point.derivation.gradient("w")
    assert error(point.at(mul(num(2), gradient.gradient), point.graph.node("w")), point.reference("w")) > 0.5
    object.__setattr__(gradient, "gradient", mul(num(-1), gradient.gradient))
    assert len(faults(point, ["w"])) == 2
    object.__setattr__(gradient.steps[1], "after", mul(num(3), gradient.steps[1].after))
    assert len(step_faults(point)) >= 2


def test_a_tiny_gradient_beside_a_large_one_is_tested() -> None:
    spec = "inputs: x\nparameters: [w, v]\nequations:\n  L: w*x + v*x/1000000000\ncost: single\n"
    point = Point(derivation_of(spec), values={"x": np.array(1.0), "w": np.array(1.0), "v": np.array(1.0)})
    assert point.at(point.derivation.gradient("w").gradient, point.graph.node("w")) == 1
    assert abs(point.at(point.derivation.gradient("v").gradient, point.graph.node("v")) / 1e-9 - 1) < 1e-12
    assert abs(point.reference("v") / 1e-9 - 1) < 1e-12


def test_the_gradient_of_what_the_loss_does_not_reach_is_zero() -> None:
    gradient = derivation_of(NETWORKS["dead_node"]).gradient("v")
    assert isinstance(gradient.gradient, Number)
    assert gradient.gradient.value == 0
    assert [plain_words(note) for note in gradient.notes] == ["L does not depend on v, so its gradient is 0"]
    assert np.all(Point(derivation_of(NETWORKS["dead_node"])).reference("v") == 0)
