"""What the names of functions mean in one network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from backprop_derive.answers.entries import entry_of, flat
from backprop_derive.building.scope import Quantity
from backprop_derive.graph.nodes import Graph
from backprop_derive.language.lexicon import Mention
from backprop_derive.operations.functions import find_function
from backprop_derive.operations.losses import find_loss

_ACTIVATIONS = ("g", "f", "sigma", "phi", "h", "psi")
"""What the activation of a layer is called, or of all layers."""
_CALLED = {"sgn": "sign", "heaviside": "step"}


@dataclass(frozen=True)
class FunctionNames:
    """The functions of one network, and those of the tables."""

    graph: Graph

    def find(self, mention: Mention) -> str | None:
        """The function that is mentioned, with its primes; None if there is none."""
        spelled = mention.base + "".join(piece.text for piece in mention.pieces)
        primes = "'" * mention.primes
        if spelled in self._own:
            return self._own[spelled] + primes
        if mention.base.endswith("prime") or (spelled.endswith("prime") and len(spelled) > 5):
            bare = spelled.removesuffix("prime")
            if bare in self._own or find_function(bare) is not None or bare in _ACTIVATIONS:
                found = self._own.get(bare) or self._activation(bare) or bare
                return f"{found}{primes}'"
        if mention.base in _ACTIVATIONS:
            tail = "".join(piece.text for piece in mention.pieces)
            activation = self._of_layers.get(tail) if tail else self._activation(mention.base)
            return None if activation is None else activation + primes
        name = _CALLED.get(spelled, spelled)
        row = find_function(name)
        if row is not None:
            return row.name + primes
        loss = find_loss(name)
        return loss.name if loss is not None and not primes and len(name) > 2 else None

    def remark(self, mention: Mention) -> str:
        """σ in a network that has no logistic function, or others besides, was taken for it."""
        if mention.base != "sigma" or mention.pieces or "sigma" in self._own or self._kinds == {"sigmoid"}:
            return ""
        return "σ was read as the logistic function"

    @cached_property
    def _kinds(self) -> frozenset[str]:
        return frozenset(node.operation for node in self.graph.nodes if node.role == "activation" and node.operation)

    @cached_property
    def _own(self) -> Mapping[str, str]:
        """The functions of the spec, abstract ones too, by their names without marks."""
        return {flat(name): name for name in self.graph.functions}

    @cached_property
    def _of_layers(self) -> Mapping[str, str]:
        """The activations by what stands behind their layer's or unit's name: `g^{[1]}`, `f_{h1}`."""
        found: dict[str, str] = {}
        for node in self.graph.nodes:
            if node.role == "activation" and node.operation:
                for tail in (flat(node.unit), entry_of(node.name, Quantity()).tail):
                    found.setdefault(tail, node.operation)
        return found

    def _activation(self, letter: str) -> str | None:
        """`σ(z)`, `g(z)`: the network's activation, where it has one kind only; σ is the logistic function otherwise."""
        if letter == "sigma":
            return "sigmoid"
        notation = self.graph.notation
        hidden = {node.operation for node in self.graph.nodes if node.role == "activation" and node.name not in self.graph.outputs}
        kinds = hidden if notation is not None and letter == notation.hidden and hidden else self._kinds
        (only, *others) = kinds or ("",)
        return only if not others and find_function(only) is not None else None
