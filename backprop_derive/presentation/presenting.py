"""What of a derivation stands on the page: `present`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backprop_derive.calculus.derivation import Derivation
from backprop_derive.calculus.linear_models import linear_model
from backprop_derive.calculus.matrices import MatrixForms
from backprop_derive.graph.indices import Axis
from backprop_derive.presentation.document import Document
from backprop_derive.presentation.figures import DIGITS
from backprop_derive.presentation.fitting import Fit, fitting, fitting_record
from backprop_derive.presentation.matrix_pages import MatrixPage
from backprop_derive.presentation.pages import Detail, Page
from backprop_derive.presentation.records import derivation_record
from backprop_derive.presentation.selection import (
    Form,
    Weight,
    chosen_gradients,
    from_the_output_back,
    has_all_parameters,
    recorded_form,
)
from backprop_derive.presentation.working import Working

if TYPE_CHECKING:
    from backprop_derive.numerics.worked import WorkedNumbers
    from backprop_derive.presentation.picture import Picture

DEFAULT_FORMS: tuple[Form, ...] = ("backward", "chain", "textbook")


def present(
    derivation: Derivation,
    *,
    weights: Sequence[Weight] = (),
    forms: Sequence[Form] = DEFAULT_FORMS,
    detail: Detail = "steps",
    numbers: WorkedNumbers | None = None,
    digits: int = DIGITS,
    note: str = "",
    fit: Fit | None = None,
    picture: Picture | None = None,
    matrices: bool = False,
) -> Document:
    """The page of a derivation: all parameters, or only `weights`. With `numbers`, each formula has a line with its numbers,
    `digits` significant ones, below it. `note` is said of numbers that there are not; `fit` are those of a
    linear model; a `picture` of the network stands behind the header. `matrices`: formulas stand without indices where they
    have such a form. Raises NotYetError for what is not built."""
    chosen = chosen_gradients(derivation, weights)
    model = linear_model(derivation.graph) if has_all_parameters(derivation, chosen) else None
    working = None if numbers is None else Working(numbers, digits)
    page = (MatrixPage if matrices else Page)(derivation, from_the_output_back(derivation, chosen), tuple(forms), detail, working, note, picture)
    record = derivation_record(derivation, {key: recorded_form(derivation, gradient, forms) for key, gradient in chosen.items()}, numbers, MatrixForms(derivation) if matrices else None)
    if model is not None:
        record["least_squares"] = fitting_record(model, fit)
    behind = fitting(derivation, model, fit, digits) if model is not None and detail != "brief" and "textbook" in forms else ()
    return Document((*page.blocks(), *behind), record, derivation.graph, adjoint_axes(derivation))


def adjoint_axes(derivation: Derivation) -> Mapping[str, tuple[tuple[Axis, ...], bool]]:
    """What a writer has to know of the names of the adjoints."""
    nodes = {name: derivation.graph.node(of) for of, name in derivation.names.items()}
    return {name: (node.axes, node.sampled) for name, node in nodes.items()}


