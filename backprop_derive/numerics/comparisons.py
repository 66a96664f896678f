"""Printed forms held against references, entry by entry: s = Σ|summands| of a form is the scale of what rounding may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np

from backprop_derive.calculus.derivation import Gradient
from backprop_derive.errors import EvaluationError
from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.forms import PrintedForms
from backprop_derive.numerics.reports import FORMS, Form

SAFETY = 4


@dataclass(frozen=True)
class Reference:
    """Measured derivatives, one for each probe, and how far off they may be."""

    method: str
    values: Array
    estimate: Array


@dataclass(frozen=True)
class Comparison:
    """A printed form against a reference, entry by entry. `allowed` is the largest error that passes."""

    form: Form
    values: Array
    reference: Reference
    scale: Array
    allowed: Array

    @cached_property
    def error(self) -> Array:
        """|form - reference|"""
        with np.errstate(all="ignore"):
            return np.asarray(np.abs(self.values - self.reference.values), dtype=float)

    @cached_property
    def excess(self) -> Array:
        """error / allowed: above 1 is wrong; what has no value is infinitely wrong."""
        with np.errstate(all="ignore"):
            ratio = np.where(self.error == 0, 0.0, self.error / self.allowed)
        return np.where(np.isnan(ratio), inf, ratio)


def compare(form: Form, values: Array, scale: Array, reference: Reference, tolerance: float) -> Comparison:
    """Each entry with its own scale: Σ|summands|, or the reference where that is larger because summands are missing."""
    scale = np.maximum(np.asarray(scale, dtype=float), np.abs(np.asarray(reference.values, dtype=float)))
    return Comparison(form, values, reference, scale, tolerance * scale + SAFETY * np.asarray(reference.estimate, dtype=float))


@dataclass(frozen=True)
class Agreement:
    """The gradients that agree with a reference in every entry of every form, by name: where their entries stand in the
    `comparison` of the form of each that is farthest off."""

    comparison: Comparison
    forms: Mapping[str, Form]
    parts: Mapping[str, slice]


def agreement(printed: PrintedForms, gradients: Sequence[Gradient], reference: Reference, tolerance: float) -> Agreement | None:
    """Which gradients agree with the reference, which holds the entries of all of them in order, at the first look.

    The first look measures by the entry itself, which is never more than Σ|summands|: what agrees by it agrees, and of
    what does not, nothing is said here. None where a form has no value.
    """
    names, starts = [gradient.of.name for gradient in gradients], np.cumsum([0, *map(printed.size, gradients)])
    with np.errstate(all="ignore"):
        try:
            found = np.array([np.concatenate([printed.entries(gradient, form).reshape(-1) for gradient in gradients]) for form in FORMS])
        except EvaluationError:
            return None
        excess = np.maximum.reduceat(compare("textbook", found, np.abs(found), reference, tolerance).excess, starts[:-1], axis=1)
        farthest = excess.argmax(axis=0)
        parts = {name: slice(starts[at], starts[at + 1]) for at, name in enumerate(names)}
        scales = [printed.scale(gradient, FORMS[form]).reshape(-1) for gradient, form in zip(gradients, farthest, strict=True)]
        values = np.concatenate([found[form][part] for form, part in zip(farthest, parts.values(), strict=True)])
        comparison = compare("textbook", values, np.concatenate(scales), reference, tolerance)
    most = excess.max(axis=0)
    forms = {name: FORMS[form] for name, form in zip(names, farthest, strict=True)}
    return Agreement(comparison, forms, {name: parts[name] for at, name in enumerate(names) if most[at] <= 1})
