"""Every row of the tables: complete, right by algebra on every branch, right as numbers at both sides of its kinks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import sympy

from backprop_derive.building.calls import LossCall
from backprop_derive.building.formulas import fill, function_body, function_derivative, loss_formula, read_formula
from backprop_derive.building.losses import loss_derivative
from backprop_derive.building.scope import Quantity, Scope, Vector
from backprop_derive.graph.expressions import Apply, Compare, Expression, Ref, Where, mul, num, refs
from backprop_derive.graph.expressions import replace as replace_in
from backprop_derive.graph.indices import number
from backprop_derive.graph.nodes import Cost, Graph
from backprop_derive.graph.sympy_form import to_sympy
from backprop_derive.numerics.backends import COMPLEX, exact_backend
from backprop_derive.numerics.evaluator import Evaluator
from backprop_derive.numerics.scopes import Frame
from backprop_derive.numerics.scopes import Scope as NumericScope
from backprop_derive.operations.activations import ACTIVATIONS
from backprop_derive.operations.functions import FUNCTIONS, activation_names, find_function
from backprop_derive.operations.losses import LOSSES, find_loss
from backprop_derive.operations.rows import Function, Loss, folded

ACTIVATION_NAMES = ["identity", "linear", "none", "sigmoid", "logistic", "tanh", "relu", "leaky_relu", "prelu", "elu", "selu", "celu", "gelu", "gelu_tanh", "silu", "swish", "mish", "softplus", "softsign", "softmax", "log_softmax", "log_sigmoid", "hard_sigmoid", "hard_swish", "hard_tanh", "relu6", "threshold", "tanhshrink", "softshrink", "hardshrink", "exp", "sin", "gaussian", "arctan", "square"]
LOSS_NAMES = ["half_squared_error", "squared_error", "mse", "mae", "absolute_error", "huber", "smooth_l1", "log_cosh", "quantile", "hinge", "squared_hinge", "multiclass_hinge", "info_nce", "binary_cross_entropy", "bce_with_logits", "cross_entropy", "softmax_cross_entropy", "nll", "gaussian_nll", "poisson_nll", "kl_divergence", "focal", "cosine", "margin_ranking", "triplet", "wasserstein"]
FORMULAS = [row for row in FUNCTIONS if row.formula and not row.vector]
KINKED = [row for row in ACTIVATIONS if row.kinks]


def named(rows: object) -> list[object]:
    return [pytest.param(row, id=row.name) for row in rows]  # type: ignore[attr-defined]


# -- rows are complete ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_an_activation_is_found_however_it_is_spelled(name: str) -> None:
    row = find_function(name)
    assert row is not None
    assert row.activation
    assert {find_function(spelling) for spelling in (name.upper(), name.replace("_", "-"), name.replace("_", ""))} == {row}


@pytest.mark.parametrize("name", LOSS_NAMES)
def test_a_loss_is_found_however_it_is_spelled(name: str) -> None:
    row = find_loss(name)
    assert row is not None
    assert {find_loss(spelling) for spelling in (name.title(), name.replace("_", "-"), name.replace("_", ""))} == {row}


def test_no_name_stands_for_two_rows() -> None:
    names = [folded(name) for row in FUNCTIONS for name in (row.name, *row.aliases)]
    losses = [folded(name) for row in LOSSES for name in (row.name, *row.aliases)]
    assert sorted(set(names)) == sorted(names)
    assert sorted(set(losses)) == sorted(losses)
    assert set(names) & set(losses) == set()


def test_activations_are_those_of_the_table() -> None:
    assert activation_names() == tuple(row.name for row in ACTIVATIONS)


@pytest.mark.parametrize("row", named(ACTIVATIONS))
def test_a_row_of_an_activation_says_everything(row: Function) -> None:
    assert len(row.derivatives) == len(row.arguments)
    assert bool(row.formula) != bool(row.numpy and row.mpmath)
    assert row.latex
    assert row.sentence
    assert row.arguments[0] == "z"


@pytest.mark.parametrize("row", named(LOSSES))
def test_a_row_of_a_loss_says_everything(row: Loss) -> None:
    assert len(row.derivatives) == len(row.required)
    assert set(row.targets) < set(row.required)
    assert row.sentence


@pytest.mark.parametrize("row", named([*FUNCTIONS, *LOSSES]))
def test_defaults_are_numbers(row: Function | Loss) -> None:
    assert all(to_sympy(read_formula(default, Scope())).is_number for default in row.defaults)


# -- right by algebra: on the branch that is taken at a point, the function is smooth, and SymPy differentiates it ----------------

POINTS = (-7.3, -3.7, -2.2, -1.4, -0.7, -0.3, 0.2, 0.8, 1.6, 2.6, 4.4, 6.9)


def smooth(expression: Expression, point: Mapping[str, float]) -> Expression:
    """The branch of a piecewise expression that is taken at a point, in functions that SymPy knows."""

    def change(each: Expression) -> Expression | None:
        match each:
            case Where(Compare(relation, left, right), then, otherwise):
                first, second = value(left, point), value(right, point)
                holds = {">": first > second, ">=": first >= second, "<": first < second, "<=": first <= second}[relation]
                return smooth(then if holds else otherwise, point)
            case Apply("abs", (argument,)):
                inner = smooth(argument, point)
                return inner if value(argument, point) > 0 else mul(num(-1), inner)
            case Apply("sign", (argument,)):
                return num(1 if value(argument, point) > 0 else -1)
            case Apply("step", (argument,)):
                return num(1 if value(argument, point) > 0 else 0)
            case Apply(name, arguments):
                row = find_function(name)
                if row is not None and row.formula:
                    body = read_formula(row.formula, Scope({argument: Quantity() for argument in row.arguments}))
                    return smooth(fill(body, dict(zip(row.arguments, arguments, strict=True))), point)
        return None

    return replace_in(expression, change)


def value(expression: Expression, point: Mapping[str, float]) -> float:
    return float(to_sympy(smooth(expression, point)).subs(point))


@pytest.mark.parametrize("row", named(FORMULAS))
def test_the_derivatives_of_a_row_are_those_of_its_formula_on_every_branch(row: Function) -> None:
    formula = read_formula(row.formula, Scope({argument: Quantity() for argument in row.arguments}))
    fixed = {argument: 0.35 + 0.45 * place for place, argument in enumerate(row.arguments[1:])}
    proved = set()
    for z in POINTS:
        point = {row.arguments[0]: z, **fixed}
        function = to_sympy(smooth(formula, point))
        for place, argument in enumerate(row.arguments):
            stated = smooth(fill(function_derivative(row, place), {"a": formula}), point)
            difference = sympy.diff(function, sympy.Symbol(argument)) - to_sympy(stated)
            if difference not in proved:
                assert sympy.simplify(difference.rewrite(sympy.exp)) == 0, (argument, z)
                proved.add(difference)


# -- right as numbers -----------------------------------------------------------------------------------------------------------

NO_NODES = Graph((), Cost("L", "L", "single"))


def numbers(expression: Expression, values: Mapping[str, complex]) -> complex:
    """An expression over names, by the same arithmetic that the check uses."""
    scope, frame = NumericScope().naming(values), Frame().naming({name: np.array([each], dtype=complex) for name, each in values.items()})
    with np.errstate(all="ignore"):
        return complex(Evaluator(NO_NODES, {}, {}, backend=COMPLEX).value(expression, scope, frame).reshape(-1)[0])


@pytest.mark.parametrize("row", named(KINKED))
@pytest.mark.parametrize("distance", [-1e-3, 1e-3])
def test_the_derivative_is_right_at_both_sides_of_a_kink(row: Function, distance: float) -> None:
    values = others(row)
    for kink in kinks_of(row, values):
        at = {"z": kink + distance, **values}
        body = function_body(row)
        for place, argument in enumerate(row.arguments):
            shifted = numbers(body, {**at, argument: at[argument] + 1e-20j})
            stated = numbers(function_derivative(row, place), {**at, "a": shifted.real})
            assert stated.real == pytest.approx(shifted.imag / 1e-20, rel=1e-14, abs=1e-14)


def others(row: Function) -> dict[str, float]:
    """Values of all arguments but the first: the defaults, and 0.3 for what is learnt."""
    defaults = dict(zip(row.arguments[len(row.required) :], map(float, row.defaults), strict=True))
    return {**dict.fromkeys(row.required[1:], 0.3), **defaults}


def kinks_of(row: Function, values: Mapping[str, float]) -> list[float]:
    """The places where a row says that it has no derivative."""
    z = sympy.Symbol("z", real=True)
    found = set()
    for text in row.kinks:
        formula = to_sympy(read_formula(text, Scope({argument: Quantity() for argument in row.arguments})))
        found |= {float(each) for each in sympy.solve(formula.subs({"z": z, **values}), z)}
    assert found
    return sorted(found)


@pytest.mark.parametrize("row", named(KINKED))
def test_a_kink_is_one(row: Function) -> None:
    values = others(row)
    for kink in kinks_of(row, values):
        sides = []
        for z in (kink - 1e-9, kink + 1e-9):
            at = {"z": z, **values}
            output = numbers(function_body(row), at)
            sides.append((output.real, numbers(function_derivative(row, 0), {**at, "a": output}).real))
        jumps = [abs(left - right) for left, right in zip(*sides, strict=True)]
        assert max(jumps) > 0.1 or row.name == "elu"  # elu with alpha = 1 has none; with any other alpha it has


@pytest.mark.parametrize(
    ("name", "z", "slope"),
    [
        ("relu", 0, 0), ("leaky_relu", 0, 0.01), ("elu", 0, 1), ("celu", 0, 1), ("selu", 0, 1.7580993408473766), ("hard_tanh", 1, 0), ("hard_tanh", -1, 0),
        ("hard_sigmoid", 3, 0), ("hard_sigmoid", -3, 0), ("hard_swish", -3, 0), ("hard_swish", 3, 1), ("relu6", 0, 0), ("relu6", 6, 0), ("threshold", 1, 0),
        ("softshrink", 0.5, 0), ("softshrink", -0.5, 0), ("hardshrink", 0.5, 0), ("softsign", 0, 1), ("abs", 0, 0),
    ],
)  # fmt: skip
def test_the_convention_at_a_kink(name: str, z: float, slope: float) -> None:
    row = find_function(name)
    assert row is not None
    values = {"z": z, **others(row)}
    output = numbers(function_body(row), values) if row.formula else abs(z)
    assert numbers(function_derivative(row, 0), {**values, "a": output}).real == pytest.approx(slope)


@pytest.mark.parametrize("row", named([row for row in FORMULAS if row.stable]))
def test_a_stable_form_is_the_same_function_and_stays_finite(row: Function) -> None:
    formula = read_formula(row.formula, Scope({"z": Quantity()}))
    for z in (-800.0, -40.0, -1.5, 0.0, 1.5, 40.0, 800.0):
        exact = Evaluator(NO_NODES, {}, {}, backend=exact_backend()).expression(fill(formula, {"z": read_formula(str(z), Scope())}))
        output = numbers(function_body(row), {"z": complex(z, 1e-20)})
        assert output.real == pytest.approx(float(exact), rel=1e-14, abs=1e-15)
        assert output.imag / 1e-20 == pytest.approx(numbers(function_derivative(row, 0), {"z": z, "a": output.real}).real, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("row", named(LOSSES))
@pytest.mark.parametrize("seed", range(6))
def test_the_derivatives_of_a_loss_are_those_of_its_formula(row: Loss, seed: int) -> None:
    draw = np.random.default_rng(seed)
    vectors = tuple(Vector(tuple(Ref(f"{name}{place}") for place in (1, 2, 3))) for name in row.required)
    positive = {name for name in row.required if any(condition.startswith(f"{name}[c] >") for condition in row.domain)}
    values = {f"{name}{place}": draw.uniform(0.1, 0.9) if name in positive else draw.uniform(-2, 2) for name in row.required for place in (1, 2, 3)}
    call = LossCall(row, vectors, tuple(read_formula(f"{default}*1.7 + 0.1", Scope()) for default in row.defaults))
    for place in range(len(vectors)):
        for entry in (1, 2, 3):
            name = f"{row.required[place]}{entry}"
            shifted = numbers(loss_formula(call), {**values, name: values[name] + 1e-20j})
            stated = numbers(loss_derivative(call, place, number(entry)), values)
            assert stated.real == pytest.approx(shifted.imag / 1e-20, rel=1e-12, abs=1e-12)


def test_every_formula_mentions_only_its_arguments() -> None:
    for row in FORMULAS:
        known = {*row.arguments, "a"}
        for expression in (function_body(row), *(function_derivative(row, place) for place in range(len(row.derivatives)))):
            assert {each.name for each in refs(expression)} <= known
