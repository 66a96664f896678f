"""Which factor of a wrong product is the wrong one: the one that would be a local derivative of the network, were the answer right.

With the truth T, the answer A = Π u_k and a factor u, the factor that belongs there is u·T/A. Where that is a partial derivative of the
backward pass, at every point that is looked at, and for one factor only, that factor is marked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from backprop_derive.answers.diagnosis import routes_for
from backprop_derive.answers.replay import TooLarge, Unrolled
from backprop_derive.answers.samples import readings
from backprop_derive.answers.statements import Side
from backprop_derive.answers.worlds import NOTHING, Definitions, Worlds
from backprop_derive.errors import BackpropError, FormulaError
from backprop_derive.language.syntax import Binary, Negative, Product, Syntax

NEAR = 1e-9
POINTS = 2


def wrong_factor(worlds: Worlds, left: Side, right: Side, read: Callable[[Syntax], Side], definitions: Definitions = NOTHING) -> tuple[int, int] | None:
    """Where the wrong factor stands in the text of the answer; None where that is not known."""
    factors = list(_factors(right.syntax))
    if len(factors) < 2:
        return None
    try:
        sides = [read(factor) for factor in factors]
        for reading in readings(worlds, left, right, definitions):
            if reading.right == right:
                found = [at for at, side in enumerate(sides) if all(_belongs(worlds, reading.left, right, side, definitions, point) for point in range(POINTS))]
                if len(found) == 1:
                    return factors[found[0]].start, factors[found[0]].end
    except (BackpropError, FormulaError, TooLarge):
        return None
    return None


def _factors(tree: Syntax) -> Iterator[Syntax]:
    match tree:
        case Negative(operand=operand):
            yield from _factors(operand)
        case Binary(operator="*"):
            yield from _factors(tree.left)
            yield from _factors(tree.right)
        case Product(factors=factors, operators=operators) if "/" not in operators:
            for factor in factors:
                yield from _factors(factor)
        case _:
            yield tree


def _belongs(worlds: Worlds, left: Side, right: Side, factor: Side, definitions: Definitions, point: int) -> bool:
    """Whether a local derivative in the place of the factor would make the answer right, at one point."""
    world = worlds.floating(point)
    true, answer, own = (np.asarray(world.values(side, definitions), dtype=float).reshape(-1) for side in (left, right, factor))
    routes = routes_for(worlds, left)
    if routes is None or not true.size or true.shape != answer.shape or own.shape not in (true.shape, (1,)) or not (answer.all() and true.all()):
        return False
    wanted = float(own[0] * true[0] / answer[0])
    with np.errstate(all="ignore"):
        return bool((np.abs(Unrolled(routes, world).values - wanted) < NEAR * abs(wanted)).any()) and abs(wanted - own[0]) > NEAR * abs(wanted)
