"""Printed forms held against references, entry by entry: s = Σ|summands| of a form is the scale of what rounding may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
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

    def part(self, places: slice) -> Reference:
        """Those of some of the probes."""
        return Reference(self.method, self.values[places], self.estimate[places])


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

    def entries(self, places: Sequence[int]) -> list[Entry]:
        """The entries at these places."""
        columns = (self.values, self.reference.values, self.reference.estimate, self.scale, self.error, self.excess)
        return [Entry(*numbers) for numbers in np.array([column[places] for column in columns], dtype=float).T.tolist()]


def compare(form: Form, values: Array, scale: Array, reference: Reference, tolerance: float) -> Comparison:
    """Each entry with its own scale: Σ|summands|, or the reference where that is larger because summands are missing."""
    scale = np.maximum(np.asarray(scale, dtype=float), np.abs(np.asarray(reference.values, dtype=float)))
    return Comparison(form, values, reference, scale, tolerance * scale + SAFETY * np.asarray(reference.estimate, dtype=float))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a comparison: what the printed form and the reference are there, and how far they are apart."""

    value: float
    reference: float
    estimate: float
    scale: float
    error: float
    excess: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """A gradient that agrees with a reference in every entry of every form: its worst entry, at `place` among its own."""

    form: Form
    place: int
    entry: Entry


def agreement(printed: PrintedForms, gradients: Sequence[Gradient], reference: Reference, tolerance: float) -> Mapping[str, Agreement]:
    """The gradients that agree with the reference, which holds the entries of all of them in order, by name.

    At the first look the entry itself, which is never more than Σ|summands|, measures the error: what agrees by it
    agrees, and only of the form that is farthest off the summands are looked at. What does not is measured by the
    summands of each form. Of what does not agree by them either, nothing is said here, nor where a form has no value.
    """
    starts = [0, *accumulate(map(printed.size, gradients))]
    parts = [slice(*ends) for ends in pairwise(starts)]
    with np.errstate(all="ignore"):
        try:
            found = np.concatenate([printed.entries(gradient, form).reshape(-1) for form in FORMS for gradient in gradients]).reshape(len(FORMS), -1)
            excess = np.maximum.reduceat(compare("textbook", found, np.abs(found), reference, tolerance).excess, starts[:-1], axis=1)
            chosen = excess.argmax(axis=0).tolist()
            for at in np.flatnonzero(excess.max(axis=0) > 1).tolist():
                chosen[at] = _farthest(printed, gradients[at], found[:, parts[at]], reference.part(parts[at]), tolerance)
            scales = [printed.scale(gradient, FORMS[form]).reshape(-1) for gradient, form in zip(gradients, chosen, strict=True)]
        except EvaluationError:
            return {}
        values = np.concatenate([found[form, part] for form, part in zip(chosen, parts, strict=True)])
        compared = compare("textbook", values, np.concatenate(scales), reference, tolerance)
        worst = [part.start + int(compared.excess[part].argmax()) for part in parts]
    entries = zip(gradients, chosen, worst, starts, compared.entries(worst), strict=False)
    return {gradient.of.name: Agreement(FORMS[form], at - start, entry) for gradient, form, at, start, entry in entries if entry.excess <= 1}


def _farthest(printed: PrintedForms, gradient: Gradient, found: Array, reference: Reference, tolerance: float) -> int:
    """Which form of a gradient, of those in `found`, is farthest off by the measure of its own summands."""
    scale = np.array([printed.scale(gradient, form).reshape(-1) for form in FORMS])
    return int(compare("textbook", found, scale, reference, tolerance).excess.max(axis=1).argmax())
