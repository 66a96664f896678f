"""`check_gradients`: printed gradients held against derivatives that are measured from the forward pass alone.

Every entry is judged by itself. With s = Σ|summands| of the printed form at that entry, it passes if

    |form - reference| <= tolerance·s + (error estimate of the reference)

so an entry of 1e-9 beside one of 1 counts in full, and one whose summands cancel to 0 passes. An entry that fails in
double precision is computed again with 50 digits before it is called wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from backprop_derive.calculus.derivation import Derivation, Gradient
from backprop_derive.calculus.words import plain_words
from backprop_derive.errors import UsageError, counted
from backprop_derive.graph.expressions import ZERO, Expression
from backprop_derive.numerics.drawing import MARGIN, Point, draw_point
from backprop_derive.numerics.power import planted
from backprop_derive.numerics.reports import CheckReport, Kink, ParameterCheck, Power, Survivor
from backprop_derive.numerics.trials import MEASURES, Trial, Verdict

__all__ = ["CheckReport", "ParameterCheck", "check_gradients"]


def check_gradients(
    derivation: Derivation,
    *,
    weights: Sequence[str] | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    exact: bool = False,
    differences: bool = True,
    power: bool = True,
    tolerance: float = 1e-13,
) -> CheckReport:
    """Whether the printed gradients of `weights` (default: all parameters; any node may be named) are right.

    All values, open sizes and abstract functions are drawn at random, anew for each seed. The reference is the complex
    step. `exact` judges with 50 digits too; `differences` holds the reference against real differences at the first
    seed; `power` plants mistakes, to see that they are caught. Without the two, what is left proves the same of every
    entry, in less time: one evaluation for all weights. A wrong gradient is a report with `passed` false. Raises UsageError for an unknown name or no seeds,
    EvaluationError where no random values give the graph a finite loss.
    """
    if not seeds:
        raise UsageError("the check needs at least one seed")
    graph = derivation.graph
    gradients = {name: derivation.gradient(name) for name in (graph.parameters if weights is None else weights)}
    points = [draw_point(graph, seed) for seed in seeds]
    notes = dict.fromkeys(_notes(derivation, gradients, points))
    methods: set[str] = set()
    changing: set[str] = set()
    trials = [
        Trial(derivation, point, tolerance, len(points), exact, differences and point is points[0], notes, methods, changing) for point in points
    ]
    checks = _worst(trials, tuple(gradients.values()))
    notes.update(dict.fromkeys(_untested(gradients, changing, points)))
    return CheckReport(
        graph=graph,
        passed=all(check.passed for check in checks.values()),
        parameters=checks,
        references=tuple(method for method in MEASURES if method in methods),
        kinks=_kinks(points),
        seeds=tuple(seeds),
        power=_power(trials, gradients) if power else None,
        notes=tuple(notes),
    )


def _worst(trials: Sequence[Trial], gradients: Sequence[Gradient]) -> dict[str, ParameterCheck]:
    """For each gradient the worst entry of all trials, or of those up to the first that shows it to be wrong."""
    found: dict[str, list[Verdict]] = {gradient.of.name: [] for gradient in gradients}
    for trial in trials:
        verdicts = trial.check([each for each in gradients if all(verdict.check.passed for verdict in found[each.of.name])])
        for name, verdict in verdicts.items():
            found[name].append(verdict)
    return {name: max(verdicts, key=lambda verdict: verdict.excess).check for name, verdicts in found.items()}


def _notes(derivation: Derivation, gradients: Mapping[str, Gradient], points: Sequence[Point]) -> list[str]:
    """What the reader should know of the points."""
    found = [plain_words(note) for gradient in gradients.values() for note in gradient.notes]
    found.extend(f"{text} holds in all values that were drawn" for text in derivation.graph.assumed)
    if points[0].functions:
        found.append(f"smooth random functions stand for {', '.join(points[0].functions)}")
    redrawn = sum(point.redrawn for point in points)
    if redrawn:
        found.append(f"{counted(redrawn, 'point', 'points')} nearer than {MARGIN} to a kink {'was' if redrawn == 1 else 'were'} drawn anew; the nearest that was kept is {min(point.distance for point in points):.2g} away")
    return found


def _untested(gradients: Mapping[str, Gradient], changing: set[str], points: Sequence[Point]) -> Iterator[str]:
    """The formulas that were 0 wherever they were looked at: nothing but the 0 of them was seen."""
    still = [name for name, gradient in gradients.items() if name not in changing and gradient.gradient != ZERO]
    if still:
        kinks = " (a kink blocks it there: only that side of it was seen)" if points[0].distances else ""
        yield f"the gradient of {', '.join(still)} is 0 at every point that was drawn{kinks}: try other seeds"


def _kinks(points: Sequence[Point]) -> tuple[Kink, ...]:
    return tuple(
        Kink(kink.node, kink.operation, kink.argument, min(point.distances[kink] for point in points)) for kink in points[0].distances
    )


def _power(trials: Sequence[Trial], gradients: Mapping[str, Gradient]) -> Power:
    """Plant every mistake; one counts if it changes a value at some point, and is caught if some point shows it."""
    count, survivors = 0, []
    for name, gradient in gradients.items():
        graph = trials[0].derivation.graph
        for mistake in planted(graph, graph.node(name), gradient.gradient):
            seen = _seen(trials, gradient, mistake.expression)
            count += seen is not None
            if seen is False:
                survivors.append(Survivor(name, mistake.kind))
    return Power(count, count - len(survivors), tuple(survivors))


def _seen(trials: Sequence[Trial], gradient: Gradient, mistaken: Expression) -> bool | None:
    """True if a trial catches the mistake, None if it changes nothing in any."""
    found: bool | None = None
    for trial in trials:
        caught = trial.catches(gradient, mistaken)
        if caught:
            return True
        found = caught if caught is not None else found
    return found
