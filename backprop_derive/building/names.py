"""What a name in a formula stands for: a node, an entry of a vector, an index, a size, a constant."""

from __future__ import annotations

from backprop_derive.building.indexing import integer_form
from backprop_derive.building.letters import bounds_along
from backprop_derive.building.scope import Quantity, Scope, Vector
from backprop_derive.errors import FormulaError, UndefinedNameError, counted, nearest
from backprop_derive.graph.expressions import Constant, Expression, Ref, integer
from backprop_derive.graph.indices import Affine, axis_to, number, size, variable
from backprop_derive.language.syntax import Call, Name, Syntax
from backprop_derive.notation import looks_like_function

CONSTANTS = ("pi", "e")


def fault(message: str, tree: Syntax, hint: str = "", near: tuple[str, ...] = ()) -> FormulaError:
    """What is wrong with a piece of a formula, and what would be right or which names look like this one."""
    return FormulaError(message, "", tree.start, tree.end, hint, near)


_WRITTEN = {
    "norm": "write sqrt(sum(e^2))",
    "norm2": "write sqrt(sum(e^2))",
    "mean": "write sum(e)/n",
    "average": "write sum(e)/n",
    "avg": "write sum(e)/n",
    "var": "write sum((e - sum(e)/n)^2)/n",
    "dot": "write a@b",
    "matmul": "write A@B",
    "transpose": "write W^T",
    "trace": "write sum(A[j,j], j)",
    "tr": "write sum(A[j,j], j)",
    "pow": "write a^b",
    "power": "write a^b",
    "heaviside": "write step(z)",
    "sgn": "write sign(z)",
    "clip": "write max(a, min(b, z))",
    "if": "write where(a > b, u, v)",
    "maximum": "write max(a, b)",
    "minimum": "write min(a, b)",
    "root": "write sqrt(z)",
    "logit": "write log(p/(1 - p))",
    "Sigma": "write sum(e), or sum(e, k) over an index",
    "sigma": "write sigmoid(z) for the logistic function; an abstract function is declared by functions: {sigma: abstract}",
}
"""How functions are written here that other languages have."""


def unknown_function(tree: Call, name: str, scope: Scope) -> FormulaError:
    """A call of what is no function here, with how it is written here, or with the nearest names."""
    written = _WRITTEN.get(name) or _WRITTEN.get(name.lower(), "")
    near = () if written else nearest(name, scope.callable)
    abstract = f"an abstract function is declared by functions: {{{name}: abstract}}" if looks_like_function(name) and not near else ""
    return UndefinedNameError(name, tree.start, tree.end, written or abstract, near, called=True)


def named(tree: Name, scope: Scope) -> Expression:
    """What a name means: the spec's own names come first, then indices and sizes, then constants."""
    name = scope.aliases.get(tree.name, tree.name)
    if name in scope.vectors:
        return _entry(tree, scope.vectors[name], scope)
    if name in scope.quantities:
        return node_named(tree, scope)
    if tree.indices:
        raise undefined(name, tree, scope)
    if name in scope.indices or name in scope.sizes:
        return integer(variable(name) if name in scope.indices else scope.sizes[name])
    if name in CONSTANTS:
        return Constant(name)
    raise undefined(name, tree, scope)


def undefined(name: str, tree: Name, scope: Scope) -> FormulaError:
    """A name that nothing has, with those that look like it."""
    return UndefinedNameError(name, tree.start, tree.end, near=nearest(name, scope.readable))


def _entry(tree: Name, vector: Vector, scope: Scope) -> Expression:
    if not tree.indices and vector.length.number == 1:
        return vector.at(number(1))
    if len(tree.indices) != 1:
        raise fault(f"{tree.name!r} is a vector: it takes one index", tree)
    return vector.at(integer_form(tree.indices[0], scope))


def node_named(tree: Name, scope: Scope) -> Ref:
    """A mention of a node with all of its indices; the index of the samples is put in front."""
    name = scope.aliases.get(tree.name, tree.name)
    quantity = scope.quantities.get(name)
    if quantity is None:
        raise undefined(name, tree, scope)
    indices = tuple(integer_form(index, scope) for index in tree.indices)
    if not indices and quantity.axes:
        indices = _single_entry(tree, quantity)
    sample = _sample(quantity, scope)
    if len(indices) == len(quantity.axes) + 1 and sample and _is_sample(indices[0], scope):
        return Ref(name, indices)
    if len(indices) != len(quantity.axes):
        wanted = "no index" if not quantity.axes else f"{len(quantity.axes)} indices" if len(quantity.axes) > 1 else "one index"
        raise fault(f"{name!r} takes {wanted}; {len(indices)} given", tree)
    return Ref(name, sample + indices)


def _single_entry(tree: Name, quantity: Quantity) -> tuple[Affine, ...]:
    if any(axis is None or axis.length.number != 1 for axis in quantity.axes):
        letters = ", ".join("jkcd"[: len(quantity.axes)])
        raise fault(f"{tree.name!r} has {counted(len(quantity.axes), 'index', 'indices')}: write {tree.name}[{letters}]", tree)
    return tuple(axis.low for axis in quantity.axes if axis is not None)


def _is_sample(index: Affine, scope: Scope) -> bool:
    """Whether an index in front of all others says which sample is meant: the letter for it, or another one that runs over the samples."""
    assert scope.samples is not None
    if index.number is not None:
        return scope.numbered_samples
    return index.variable == scope.samples.index or scope.indices.get(index.variable or "") == axis_to(size(scope.samples.size))


def _sample(quantity: Quantity, scope: Scope) -> tuple[Affine, ...]:
    return (variable(scope.samples.index),) if quantity.sampled and scope.samples else ()


def vector_of(tree: Syntax, scope: Scope) -> Vector | None:
    """The vectors that a bare name stands for: an array, of more than one axis a vector for each place of the first ones, or a scalar as a vector of one entry."""
    if not isinstance(tree, Name) or tree.indices:
        return None
    name = scope.aliases.get(tree.name, tree.name)
    if name in scope.vectors:
        return scope.vectors[name]
    quantity = scope.quantities.get(name)
    if quantity is None or any(axis is None for axis in quantity.axes[1:]):
        return None
    sample = _sample(quantity, scope)
    if not quantity.axes:
        return Vector((Ref(name, sample),))
    along = bounds_along([axis for axis in quantity.axes[:-1] if axis is not None], {*scope.readable, *scope.indices})
    return Vector((), Ref(name, (*sample, *(variable(bound.name) for bound in along))), quantity.axes[-1], along)
