"""Derivations and checks as records for machines: plain mappings in which formulas are still expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backprop_derive.calculus.derivation import Derivation, Gradient
from backprop_derive.calculus.matrices import MatrixForms, Reason
from backprop_derive.calculus.words import plain_words
from backprop_derive.graph.expressions import Expression, Ref
from backprop_derive.graph.indices import Affine, Axis
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Graph, Node
from backprop_derive.presentation.document import FORMAT, Formula
from backprop_derive.presentation.network import cost_definition

if TYPE_CHECKING:
    from backprop_derive.numerics.worked import WorkedNumbers


def derivation_record(
    derivation: Derivation, gradients: Mapping[str, tuple[Gradient, str, Expression]], numbers: WorkedNumbers | None = None, matrices: MatrixForms | None = None
) -> dict[str, Any]:
    """The record of `derive`: each gradient with the form that was asked for, and the expression in that form. With `matrices`, formulas
    stand without indices where they have such a form, and it says of each which it is, and why."""
    graph = derivation.graph
    return {
        "format": FORMAT,
        "cost": cost_definition(graph),
        "samples": graph.samples.size if graph.samples else None,
        "forward": _forward(graph, matrices),
        "backward": [delta.name for delta in derivation.deltas.values()],
        "deltas": {delta.name: _formula(delta.value, delta.of, matrices, of=delta.of.name) for delta in derivation.deltas.values()},
        "gradients": {key: _gradient(graph, *given, matrices) for key, given in gradients.items()},
        "assumptions": list(graph.assumed),
        **({} if numbers is None else {"numbers": _numbers(numbers, gradients)}),
    }


def _numbers(numbers: WorkedNumbers, gradients: Mapping[str, tuple[Gradient, str, Expression]]) -> dict[str, Any]:
    """What the derivation gives at the values of the spec, in full precision; values and δs are those of one sample."""
    return {
        "sample": numbers.sample,
        "samples": numbers.samples,
        "cost": numbers.evaluation.cost,
        "values": {node.name: numbers.nested(node.ref(), node.ref()) for node in numbers.graph.nodes},
        "deltas": {delta.name: numbers.nested(delta.of, delta.value) for delta in numbers.derivation.deltas.values()},
        "gradients": {key: numbers.nested(gradient.of, gradient.gradient) for key, (gradient, _, _) in gradients.items()},
    }


def _formula(expression: Expression, left: Ref, matrices: MatrixForms | None, **about: Any) -> Formula:
    """A formula of a record; in matrices it has `as`, and `no_matrix_form` where it stays in indices."""
    found = None if matrices is None else matrices.line(left, expression)
    if found is None:
        return Formula(expression, about)
    if isinstance(found, Reason):
        return Formula(expression, {**about, "as": "index", "no_matrix_form": plain_words(found.words)})
    assert matrices is not None, "only matrices give a form"
    return Formula(found, {**about, "as": "matrix", "left": matrices.name_of(left)} if "name" in about else {**about, "as": "matrix"})


def _forward(graph: Graph, matrices: MatrixForms | None) -> list[Formula]:
    found = []
    for node in graph.nodes:
        for piece in node.pieces:
            axes = dict(piece.axes)
            places = piece.places[1:] if node.sampled else piece.places
            indices = [_place(place, axes) for place in places]
            whole = all(place.variable is not None for place in piece.places)
            found.append(_formula(piece.definition, Ref(node.name, piece.places), matrices if whole else None, name=node.name, indices=indices))
    return found


def _place(place: Affine, axes: Mapping[str, Axis]) -> list[str]:
    """`["j", "h"]`: the index and how many places it has."""
    return [form_text(place), form_text(axes[place.variable].length) if place.variable else "1"]


def _gradient(graph: Graph, gradient: Gradient, form: str, value: Expression, matrices: MatrixForms | None) -> dict[str, Any]:
    node = graph.node(gradient.of.name)
    whole = all(index.number is None for index in gradient.of.indices)
    steps = [{"rule": step.rule, "reason": plain_words(step.reason), "before": step.before, "after": step.after} for step in gradient.steps]
    return {
        "expansion": gradient.expansion,
        "gradient": _formula(value, gradient.of, matrices),
        "form": form,
        **({"indices": _indices(node)} if whole and node.axes[1 if node.sampled else 0 :] else {}),
        "steps": steps,
        "assumptions": list(gradient.assumptions),
    }


def _indices(node: Node) -> list[list[str]]:
    pairs = list(zip(node.letters, node.axes, strict=True))
    return [[letter, form_text(axis.length)] for letter, axis in (pairs[1:] if node.sampled else pairs)]
