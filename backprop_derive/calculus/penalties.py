"""What a penalty on the parameters adds to a gradient:

    C = (mean of the losses) + R        ∂C/∂w = ∂(mean of the losses)/∂w + ∂R/∂w
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from backprop_derive.calculus.chain import Chain
from backprop_derive.calculus.elements import at_numbers
from backprop_derive.calculus.rewriting import tidy
from backprop_derive.calculus.steps import Factor, Step
from backprop_derive.calculus.words import Words
from backprop_derive.graph.expressions import Expression, Partial, Ref, add
from backprop_derive.graph.indices import Affine
from backprop_derive.graph.nodes import Cost, Graph, Node

_IDENTITY = "d(u + v)/dw = du/dw + dv/dw"
_KINDS = {
    "l2": "the 2 of the power rule cancels the ½, and only the parameter's own square depends on it",
    "l1": "the derivative of an absolute value is the sign, taken as 0 at 0",
    "l1 and l2": "the absolute value gives the sign, the square the parameter itself, since its 2 cancels the ½",
}


@dataclass(frozen=True, slots=True)
class Penalty:
    """∂R/∂w by name and by value, and why it is that."""

    by_name: Partial
    value: Expression
    reason: Words

    @property
    def factor(self) -> Factor:
        """∂R/∂w as a factor that is explained."""
        return Factor(self.by_name, self.value, "derivative of the penalty", self.reason)

    def steps(self, start: Expression, of_loss: Expression, steps: Sequence[Step]) -> tuple[Step, ...]:
        """The steps from `start`, ∂C/∂w: apart into ∂R/∂w and `of_loss`; then the `steps` of the loss, with ∂R/∂w beside
        them, which is replaced by its value where the chain rule has been applied."""
        ending = ": the derivative of a sum is the sum of the derivatives"
        reason: Words = ("the cost is made of the losses and of the penalty ", Ref(self.by_name.top.name), ending)
        found = [Step("sum rule", reason, start, add(of_loss, self.by_name), _IDENTITY)]
        chained = next((at for at, step in enumerate(steps, 1) if step.rule == "chain rule"), 0)
        for step in steps[:chained]:
            found.append(replace(step, before=found[-1].after, after=add(step.after, self.by_name)))
        reached = steps[chained - 1].after if chained else of_loss
        found.append(Step(self.factor.rule, self.factor.reason, found[-1].after, add(reached, self.value), partial=self.factor.partial))
        for step in steps[chained:]:
            found.append(replace(step, before=found[-1].after, after=add(step.after, self.value)))
        return tuple(found)


def penalty_chain(graph: Graph) -> Chain | None:
    """The chain rule with the graph's penalty as its target; None without a penalty."""
    name = graph.cost.regularizer
    return None if name is None else Chain(replace(graph, cost=Cost(name, name, "single"), samples=None, facts=()))


def penalty_on(chain: Chain, node: Node, values: Mapping[str, Affine]) -> Penalty | None:
    """What the penalty adds to the gradient of a node, or of one of its entries, where `values` puts numbers for letters;
    None if the penalty does not depend on it."""
    if node.name not in chain.reaching:
        return None
    value = tidy(chain.settled(chain.assembled(node.name, chain.by_name), node))
    by_name = at_numbers(Partial(chain.loss.ref(), node.ref()), values)
    assert isinstance(by_name, Partial)
    why: Words = (f": {_KINDS[chain.loss.operation]}",) if node.role == "parameter" else (" with respect to ", node.ref())
    return Penalty(by_name, at_numbers(value, values), ("derivative of the penalty", *why))
