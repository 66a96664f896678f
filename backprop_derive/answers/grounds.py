"""What may be assumed of targets before an answer is called wrong.

First nothing is assumed. Then what the spec says (`assume:`, targets that are classes), which makes an answer plainly equal. Then what
the row of the loss brings (Σ y = 1, y is 0 or 1, y is 1 or -1) and what a loss that is written out implies: −Σ_c y_c log p_c over
p_c that sum to 1 is a cross-entropy. Under those an answer is equal if.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from backprop_derive.answers.worlds import DIGITS, Worlds
from backprop_derive.errors import EvaluationError
from backprop_derive.graph.expressions import Add, Apply, Expression, Fold, Mul, Number, Ref, walk
from backprop_derive.graph.nodes import Assumption, Fact, Graph, TargetDomain
from backprop_derive.numerics.backends import Array, exact_backend

CLOSE = 1e-25


@dataclass(frozen=True, slots=True)
class Ground:
    """Facts and assumptions that hold at the points; `said` is how they are told, `conditional` whether an answer then is `equal-if`."""

    facts: tuple[Fact, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    said: tuple[str, ...] = ()
    conditional: bool = False

    @property
    def is_discrete(self) -> bool:
        """Whether some leaves take a few values only."""
        return any(each.kind in ("one_hot", "binary", "sign") for each in self.assumptions)


FREE = Ground()


def grounds(worlds: Worlds) -> Iterator[Ground]:
    """What is assumed, from nothing on; the fewer things at a time the earlier."""
    yield FREE
    declared = _declared(worlds.graph)
    if declared.assumptions:
        if len(declared.assumptions) > 1:
            yield from (_with(worlds.graph, (each,)) for each in declared.assumptions)
        yield declared
    yield from _on_top(declared, [*_of_loss(worlds.graph), *_implied(worlds)])


def _with(graph: Graph, assumptions: tuple[Assumption, ...]) -> Ground:
    texts = tuple(each.text for each in assumptions)
    return Ground(tuple(fact for fact in graph.facts if fact.text in texts), assumptions, texts)


def _declared(graph: Graph) -> Ground:
    return _with(graph, graph.assumptions)


def _on_top(declared: Ground, more: Iterable[Fact | Assumption]) -> Iterator[Ground]:
    """Each alone, then all together, on top of what the spec says."""
    said = list(dict.fromkeys(more))
    for chosen in [[each] for each in said] + ([said] if len(said) > 1 else []):
        facts = tuple(each for each in chosen if isinstance(each, Fact))
        assumptions = tuple(each for each in chosen if isinstance(each, Assumption))
        texts = tuple(dict.fromkeys(each.text for each in chosen))
        yield Ground((*declared.facts, *facts), (*declared.assumptions, *assumptions), (*declared.said, *texts), True)


def _of_loss(graph: Graph) -> Iterator[Fact | Assumption]:
    """What the row of the loss says of the targets."""
    declared = {each.text for each in graph.assumptions}
    yield from (fact for fact in graph.facts if fact.text not in declared)
    yield from (found for each in graph.domains if (found := _of_domain(each)) is not None)


def _of_domain(domain: TargetDomain) -> Assumption | None:
    names = ", ".join(domain.names)
    match domain.kind:
        case "unit interval":
            return Assumption(f"binary({names})", "binary", domain.names)
        case "sign":
            return Assumption(" and ".join(f"{name} = ±1" for name in domain.names), "sign", domain.names)
        case "one-hot" | "probabilities":
            return Assumption(f"one_hot({names})", "one_hot", domain.names)
    return None


# -- what a loss that is written out implies ----------------------------------------------------------------------------


def _implied(worlds: Worlds) -> Iterator[Fact | Assumption]:
    graph = worlds.graph
    for node in graph.nodes:
        for piece in node.pieces:
            yield from _cross_entropy(worlds, piece.definition)
            yield from _binary(graph, piece.definition)


def _cross_entropy(worlds: Worlds, definition: Expression) -> Iterator[Fact]:
    """`y_1 log p_1 + y_2 log p_2 + …`, where the p sum to 1: the y are taken to sum to 1 as well."""
    graph = worlds.graph
    for each in walk(definition):
        match each:
            case Add(terms):
                pairs = [pair for term in terms if (pair := _weighted_log(graph, term)) is not None]
                names = tuple(dict.fromkeys(target.name for target, _ in pairs))
                if len(pairs) > 1 and len(names) == len(pairs) and _sum_to_one(worlds, [score for _, score in pairs]):
                    yield Fact(f"{' + '.join(names)} = 1", None, tuple(target for target, _ in pairs))
            case Fold("sum", bound, body):
                pair = _weighted_log(graph, body)
                if pair is None or not all(part.indices and part.indices[-1].variable == bound.name for part in (pair[0], *_refs(pair[1]))):
                    continue
                if _sum_to_one(worlds, [pair[1]]):
                    yield Fact(f"sum({pair[0].name}) = 1", pair[0].name)


def _refs(score: Expression) -> Iterator[Ref]:
    return (each for each in walk(score) if isinstance(each, Ref))


def _weighted_log(graph: Graph, term: Expression) -> tuple[Ref, Expression] | None:
    """(y, p) of `y log p`, or of `y q` where q is a logarithm itself."""
    factors = [factor for factor in (term.factors if isinstance(term, Mul) else ()) if not isinstance(factor, Number)]
    inner = [each for factor in factors for each in (factor.factors if isinstance(factor, Mul) else (factor,))]
    if len(inner) != 2:
        return None
    leaves = [each for each in inner if isinstance(each, Ref) and each.name in graph.by_name and graph.node(each.name).is_leaf]
    others = [each for each in inner if each not in leaves]
    if len(leaves) != 1 or len(others) != 1 or graph.node(leaves[0].name).role == "parameter":
        return None
    match others[0]:
        case Apply("log", (Ref() as probability,)):
            return leaves[0], probability
        case Ref() as logarithm:
            return leaves[0], Apply("exp", (logarithm,))
    return None


def _sum_to_one(worlds: Worlds, scores: list[Expression]) -> bool:
    """Whether nodes (or the entries of one, along its last axis) sum to 1 at a random point."""
    world = worlds.exact(0)
    try:
        if len(scores) == 1:
            (ref,) = _refs(scores[0])
            total = _raised(scores[0], world.forward[ref.name]).sum(axis=-1)
        else:
            total = sum(_raised(score, world.forward[next(_refs(score)).name]) for score in scores)
    except (EvaluationError, ValueError):
        return False
    return bool(np.all(np.abs(np.asarray(total, dtype=object) - 1) < CLOSE))


def _raised(score: Expression, values: Array) -> Array:
    if not isinstance(score, Apply):
        return values
    return np.asarray(np.frompyfunc(exact_backend(DIGITS).context.exp, 1, 1)(values), dtype=object)


def _binary(graph: Graph, definition: Expression) -> Iterator[Assumption]:
    """`t log p + (1 − t) log(1 − p)`: t is taken to be 0 or 1."""
    for each in walk(definition):
        if isinstance(each, Mul) and any(isinstance(factor, Apply) and factor.function == "log" for factor in each.factors):
            for factor in each.factors:
                if isinstance(factor, Add) and len(factor.terms) == 2 and Number in map(type, factor.terms):
                    names = {ref.name for ref in _refs(factor) if ref.name in graph.by_name and graph.node(ref.name).is_leaf}
                    if len(names) == 1:
                        name = names.pop()
                        yield Assumption(f"binary({name})", "binary", (name,))
