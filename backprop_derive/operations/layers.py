"""The kinds of layer: what a spec may say of each. One row a kind; what it adds to the graph is built by the function that the row names."""

from __future__ import annotations

from collections.abc import Mapping

from backprop_derive.frozen import dataclass

COMMON = ("input", "name")  # options of every kind
PLANNED = (
    "dropout", "batch_norm", "layer_norm", "rms_norm", "group_norm", "conv1d", "conv2d", "max_pool", "avg_pool",
    "flatten", "embedding", "rnn", "lstm", "gru", "attention", "glu", "swiglu",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layer:
    """A row of the table.

    - `builder`: the module of `building/layers` and its function, `(stack, entry) -> vector`, so that the table can be
      listed without loading what builds graphs.
    - `main`: what stands behind the kind; "" for a bare word. `own_options`: its options besides the common ones.
    - `sentence`: what the layer computes.
    """

    kind: str
    builder: str
    main: str = ""
    own_options: tuple[str, ...] = ()
    sentence: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """All of its options."""
        return (*self.own_options, *COMMON)


LAYERS: Mapping[str, Layer] = {
    row.kind: row
    for row in (
        Layer("dense", "dense.build_dense", "the number of units, or their names", ("weights", "bias", "preactivations", "activation"), "z = W x + b, and an activation of it"),
        Layer("activation", "activations.build_activation", "the name of a function", sentence="the function of each entry"),
        Layer("softmax", "activations.build_activation", sentence="probabilities of the entries"),
        Layer("residual", "branching.build_residual", "a list of layers", sentence="what it reads, added to what its layers give"),
        Layer("concat", "branching.build_concat", "a list of layers and inputs by name", sentence="all of them, one behind the other"),
    )
}
