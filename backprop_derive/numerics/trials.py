"""One random point: what is printed there, what is measured there, and how far apart they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, compress
from math import inf, isfinite, prod

import numpy as np

from backprop_derive.calculus.derivation import Derivation, Gradient
from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import Expression
from backprop_derive.graph.nodes import Graph
from backprop_derive.numerics.backends import Array, NoComplexForm, exact_backend
from backprop_derive.numerics.comparisons import SAFETY, Comparison, Entry, Reference, agreement, compare
from backprop_derive.numerics.drawing import Point
from backprop_derive.numerics.forms import PrintedForms, printed_forms
from backprop_derive.numerics.probing import Measure, Probes, by_complex_step, by_differences, by_fifty_digits, choose_probes, with_cost
from backprop_derive.numerics.reports import FORMS, Form, ParameterCheck

COMPLEX_STEP, DIFFERENCES, FIFTY_DIGITS = "complex-step", "richardson", "mpmath"
MEASURES: Mapping[str, Measure] = {COMPLEX_STEP: by_complex_step, DIFFERENCES: by_differences, FIFTY_DIGITS: by_fifty_digits}
SETTLED = 20
SIDE_BY_SIDE = 16
TOGETHER = 1_000
EXACT_ENTRIES = 200
EXACT_WORK = 20_000
ROUNDING = 1e-9
VISIBLE = 1e-9


@dataclass(frozen=True)
class Verdict:
    """The worst entry that a trial found for a parameter, and by how much its error exceeds what passes."""

    check: ParameterCheck
    excess: float


@dataclass(frozen=True)
class _Measured:
    """All that is known of a parameter in double precision."""

    gradient: Gradient
    probes: Probes
    references: tuple[Reference, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def disagreement(self) -> Array:
        """By how much the references differ, over what their estimates and rounding explain."""
        first = self.references[0]
        rounding = np.max([each.allowed for each in self.comparisons], axis=0)
        excess = np.zeros(len(first.values))
        for other in self.references[1:]:
            with np.errstate(all="ignore"):
                difference = np.abs(first.values - other.values)
                explained = rounding + SAFETY * other.estimate
                excess = np.maximum(excess, np.where(difference <= explained, 0.0, difference / explained))
        return np.where(np.isnan(excess), inf, excess)


def _batches(places: Array) -> Iterator[Array]:
    """The first alone, which is enough to prove a gradient wrong, then some at a time."""
    if len(places):
        yield places[:1]
    yield from (places[start : start + SETTLED] for start in range(1, len(places), SETTLED))


@dataclass(frozen=True)
class Trial:
    """The check at one point. `sharing` seeds share the entries of large parameters.

    `exact`: with 50 digits wherever that can be paid for. `differences`: hold the complex step against them. `notes`,
    `methods` and `changing`, the parameters of which some measured derivative is not 0, collect what is to be said.
    """

    derivation: Derivation
    point: Point
    tolerance: float
    sharing: int
    exact: bool
    differences: bool
    notes: dict[str, None] = field(default_factory=dict)
    methods: set[str] = field(default_factory=set)
    changing: set[str] = field(default_factory=set)
    _measured: dict[str, _Measured] = field(default_factory=dict)

    def check(self, gradients: Sequence[Gradient]) -> Mapping[str, Verdict]:
        """The worst entry of all printed forms of each gradient, by the name of its node."""
        verdicts = {} if self.exact or self.differences else self._at_once(gradients)
        return {gradient.of.name: verdicts.get(gradient.of.name) or self._one(gradient) for gradient in gradients}

    def _one(self, gradient: Gradient) -> Verdict:
        measured = self._measure(gradient)
        if (measured.disagreement > 1).any():
            self._note(f"{gradient.of.name}: the references disagree where a step crosses a kink or the cost is steep; 50 digits decide")
        doubt = np.max([measured.disagreement, *(each.excess for each in measured.comparisons)], axis=0)
        if self.exact or ((doubt > 1).any() and self._total <= EXACT_WORK):
            verdicts = self._settled(measured, doubt)
        else:
            comparisons = measured.comparisons if (doubt <= 1).all() else self._allowing_for_rounding(measured)
            verdicts = [self._verdict(measured.probes, each, doubt=measured.disagreement) for each in comparisons]
        return max(verdicts, key=lambda verdict: verdict.excess)

    def _at_once(self, gradients: Sequence[Gradient]) -> Mapping[str, Verdict]:
        """The verdicts on all gradients of moderate size that pass at the first look, from one complex step for all."""
        probes = {gradient.of.name: self._probes(gradient.of.name) for gradient in gradients}
        whole = [gradient for gradient in gradients if probes[gradient.of.name].entries is None and self.derivation.graph.node(gradient.of.name).is_leaf]
        names = tuple(gradient.of.name for gradient in whole)
        sizes = [self.point.forward[name].size for name in names]
        if not names or 0 in sizes or sum(sizes) > TOGETHER:
            return {}
        try:
            reference = Reference(COMPLEX_STEP, *MEASURES[COMPLEX_STEP](self._priced[0], self.point, self._priced[1], names))
        except NoComplexForm:
            return {}
        self.methods.add(COMPLEX_STEP)
        starts = [0, *accumulate(sizes[:-1])]
        self.changing.update(compress(names, np.logical_or.reduceat(reference.values != 0, starts).tolist()))
        found = agreement(self._printed, whole, reference, self.tolerance)
        return {name: self._told(probes[name], each.place, each.form, each.entry) for name, each in found.items()}

    @cached_property
    def _total(self) -> int:
        """How many numbers the graph holds."""
        return sum(array.size for array in self.point.forward.values())

    def _allowing_for_rounding(self, measured: _Measured) -> list[Comparison]:
        """The comparisons at a tolerance that a δ whose summands cancel stays below, and that no mistake does."""
        tolerance = max(self.tolerance, ROUNDING)
        name = measured.gradient.of.name
        self._note(f"{name}: some errors exceed {self.tolerance:g}; the graph is too large for 50 digits, so up to {tolerance:g} they pass as rounding")
        return [compare(each.form, each.values, each.scale, each.reference, tolerance) for each in measured.comparisons]

    def catches(self, gradient: Gradient, mistaken: Expression) -> bool | None:
        """Whether a planted mistake is found here; None if it changes no value or has none."""
        measured = self._measure(gradient)
        node = self.derivation.graph.node(gradient.of.name)
        try:
            values, scale = self._printed.of_expression(mistaken, node)
        except EvaluationError:
            return None
        found, size = measured.probes.of(values), measured.probes.of_scale(scale)
        right = next(each for each in measured.comparisons if each.form == "textbook")
        with np.errstate(all="ignore"):
            change = np.abs(found - right.values)
        if not np.isfinite(found).all() or not (change > VISIBLE * np.maximum(size, right.scale)).any():
            return None
        return bool((compare("textbook", found, size, measured.references[0], self.tolerance).excess > 1).any())

    # -- double precision ---------------------------------------------------------------------------------------------

    @property
    def _printed(self) -> PrintedForms:
        return self._forms.at(self.point)

    @cached_property
    def _forms(self) -> PrintedForms:
        return printed_forms(self.derivation, self.point)

    @cached_property
    def _priced(self) -> tuple[Graph, str]:
        return with_cost(self.derivation.graph)

    def _measure(self, gradient: Gradient) -> _Measured:
        name = gradient.of.name
        if name not in self._measured:
            probes = self._probes(name)
            references = tuple(self._references(probes))
            if references[0].values.any():
                self.changing.add(name)
            comparisons = tuple(self._compared(self._values(self._printed, gradient, form), form, probes, references[0]) for form in FORMS)
            self._measured[name] = _Measured(gradient, probes, references, comparisons)
        return self._measured[name]

    def _probes(self, name: str) -> Probes:
        shape = self.point.forward[name].shape
        probes = choose_probes(name, shape, self._total, self.point.seed, self.sharing)
        if probes.entries is not None:
            self._note(f"{name} has {prod(shape)} entries: {len(probes.entries)} of them for each seed, and a random direction across all, were checked")
        return probes

    def _references(self, probes: Probes) -> list[Reference]:
        """The complex step where there is one, and differences where they are asked for or needed."""
        found: list[Reference] = []
        try:
            found.append(self._reference(COMPLEX_STEP, probes))
        except NoComplexForm as missing:
            self._note(f"{missing} has no complex form here, so differences are the reference for what passes through it")
        if self.differences or not found:
            found.append(self._reference(DIFFERENCES, probes))
        return found

    def _reference(self, method: str, probes: Probes) -> Reference:
        # numbers of 50 digits are slow, and directions side by side multiply the work
        side_by_side = 1 if method == FIFTY_DIGITS else SIDE_BY_SIDE
        reference = Reference(method, *probes.measured(self._priced[0], self.point, self._priced[1], MEASURES[method], side_by_side))
        self.methods.add(method)
        return reference

    def _values(self, printed: PrintedForms, gradient: Gradient, form: Form) -> tuple[Array, Array]:
        """All entries of a printed form and their scales; `nan` where it cannot be evaluated."""
        try:
            return printed.value(gradient, form)
        except EvaluationError as error:
            self._note(f"the {form} form of {gradient.of.name} has no value: {error}")
            shape = self.point.forward[gradient.of.name].shape
            return np.full(shape, np.nan), np.ones(shape)

    def _compared(self, found: tuple[Array, Array], form: Form, probes: Probes, reference: Reference) -> Comparison:
        return compare(form, probes.of(found[0]), probes.of_scale(found[1]), reference, self.tolerance)

    # -- fifty digits -------------------------------------------------------------------------------------------------

    @property
    def _precise(self) -> PrintedForms:
        return printed_forms(self.derivation, self.point, exact_backend()).at(self.point)

    def _settled(self, measured: _Measured, doubt: Array) -> list[Verdict]:
        """The verdicts, with the entries in doubt computed again with 50 digits, the worst first, until one is wrong."""
        values = {form: self._values(self._precise, measured.gradient, form) for form in FORMS}
        places = self._places_in_doubt(measured.probes, doubt)
        verdicts: list[Verdict] = []
        left = np.ones(len(doubt), dtype=bool)
        for at in _batches(places):
            probes = measured.probes.only(at)
            reference = self._reference(FIFTY_DIGITS, probes)
            verdicts.extend(self._verdict(probes, self._compared(values[form], form, probes, reference)) for form in FORMS)
            left[at] = False
            if any(not verdict.check.passed for verdict in verdicts):
                return verdicts
        if left.any():
            verdicts.extend(self._verdict(measured.probes, each, left, measured.disagreement) for each in measured.comparisons)
        return verdicts

    def _places_in_doubt(self, probes: Probes, doubt: Array) -> Array:
        """Which entries are computed with 50 digits: those in doubt, the worst first; with `exact` all of a small parameter."""
        count = len(doubt) if probes.entries is None else len(probes.entries)
        order = np.argsort(-doubt[:count], kind="stable")
        if self.exact:
            return order[: EXACT_ENTRIES if count <= EXACT_ENTRIES else SETTLED]
        return order[doubt[order] > 1]

    # -- what is reported ---------------------------------------------------------------------------------------------

    def _verdict(self, probes: Probes, compared: Comparison, among: Array | None = None, doubt: Array | None = None) -> Verdict:
        """The worst entry of a comparison, among those that count; `doubt` above 1 about the reference fails an entry too."""
        excess = compared.excess if doubt is None else np.maximum(compared.excess, np.where(doubt > 1, doubt, 0.0))
        worst = int(np.argmax(excess if among is None else np.where(among, excess, -1.0)))
        (entry,) = compared.entries([worst])
        return self._told(probes, worst, compared.form, replace(entry, excess=float(excess[worst])))

    def _told(self, probes: Probes, place: int, form: Form, entry: Entry) -> Verdict:
        """The worst entry of a form of a gradient, which is that of the probe `place`."""
        at = probes.entry(place, self.point.forward[probes.name].shape)
        lows = self._forms.first_place(self.derivation.graph.node(probes.name))
        check = ParameterCheck(
            probes.name,
            entry.value + 0.0,  # a zero has no sign
            entry.reference + 0.0,
            0.0 if entry.error == 0 else entry.error / entry.scale if isfinite(entry.error) else inf,
            entry.estimate,
            entry.excess <= 1,
            None if at is None else tuple(index + low for index, low in zip(at, lows, strict=True)),
            form,
            self.point.seed,
        )
        return Verdict(check, entry.excess)

    def _note(self, text: str) -> None:
        self.notes.setdefault(text)
