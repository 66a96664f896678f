"""What a spec says, by field. Formulas and names are still text with a place; meaning is given when the graph is built."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from backprop_derive.errors import Problem
from backprop_derive.frozen import dataclass
from backprop_derive.spec.source import Mapping, Mark, Scalar, Value


@dataclass(frozen=True, slots=True)
class Declared:
    """An input, target or constant: its name and the lengths of its axes, each a number or a formula of sizes.

    `shape` is None where the spec leaves it open (a target takes the shape of the output), () for a scalar. `classes`:
    of this target data gives a class. `nameless`: only a size was given, and the name is the usual one.
    """

    name: Scalar
    shape: tuple[Scalar, ...] | None
    classes: bool = False
    nameless: bool = False


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """`- dense: 3` with its options; the layer's own row reads them."""

    kind: Scalar
    main: Value | None
    options: tuple[tuple[Scalar, Value], ...]


@dataclass(frozen=True, slots=True)
class Connection:
    """`w: [x1, x2]`: one weight and what it multiplies."""

    weight: Scalar
    sources: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class NeuronEntry:
    """One entry of `nodes:`."""

    key: Scalar
    connections: tuple[Connection, ...]
    bias: Scalar | None = None
    activation: Scalar | None = None
    output: Scalar | None = None
    preactivation: Scalar | None = None
    activation_options: tuple[tuple[Scalar, Scalar], ...] = ()


@dataclass(frozen=True, slots=True)
class Equation:
    """`z[j]: sum(W[j,k]*x[k], k)`."""

    left: Scalar
    right: Scalar


@dataclass(frozen=True, slots=True)
class OwnFunction:
    """`swish2(z): z*sigmoid(z)`; without a definition the function is abstract."""

    name: Scalar
    argument: str | None
    definition: Scalar | None


@dataclass(frozen=True, slots=True)
class LossEntry:
    """A name, a formula, or a name with options."""

    text: Scalar
    options: tuple[tuple[Scalar, Scalar], ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """A value from `values:`: a nested tuple of exact numbers; () of shape is a scalar."""

    name: Scalar
    value: Fraction | tuple[object, ...]
    shape: tuple[int, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class DataEntry:
    """`data:` as a list of samples, `{x1: 0.05, y: 1}` each, or as the name of a CSV file."""

    mark: Mark
    rows: tuple[Mapping, ...] = ()
    file: Scalar | None = None


@dataclass(frozen=True, slots=True)
class OptimizerEntry:
    """A name, or a name with its constants."""

    name: Scalar
    options: tuple[tuple[Scalar, Scalar], ...] = ()


@dataclass(frozen=True, slots=True)
class Regularization:
    """`{l2: lambda, of: weights}`: the factors are formulas; `of` is None where it is left out."""

    mark: Mark
    l1: Scalar | None = None
    l2: Scalar | None = None
    of: Literal["weights", "all"] | tuple[Scalar, ...] | None = None


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A whole spec. Exactly one of `layers`, `neurons`, `equations` is given, as `style` says. `given` are the
    keys that stand in the file; `faults` is what was wrong with it, where the rest is a spec all the same."""

    style: Literal["layers", "nodes", "equations"]
    mark: Mark
    title: str = ""
    inputs: tuple[Declared, ...] = ()
    targets: tuple[Declared, ...] | None = None
    parameters: tuple[Scalar, ...] = ()
    constants: tuple[Declared, ...] = ()
    sizes: tuple[tuple[Scalar, tuple[Scalar, ...]], ...] = ()
    layers: tuple[LayerEntry, ...] = ()
    neurons: tuple[NeuronEntry, ...] = ()
    equations: tuple[Equation, ...] = ()
    functions: tuple[OwnFunction, ...] = ()
    loss: LossEntry | None = None
    outputs: tuple[Scalar, ...] = ()
    cost: Literal["mean", "sum", "single"] = "mean"
    regularization: Regularization | None = None
    values: tuple[Given, ...] = ()
    others: Literal["random", "xavier", "he"] | None = None
    seed: int | None = None
    data: DataEntry | None = None
    assume: tuple[Scalar, ...] | None = None
    frozen: tuple[Scalar, ...] = ()
    optimizer: OptimizerEntry | None = None
    learning_rate: Fraction | None = None
    latex: tuple[tuple[Scalar, str], ...] = ()
    text: str = ""
    given: frozenset[str] = frozenset()
    faults: tuple[Problem, ...] = ()
