"""`attention`: each step of a sequence takes a weighted mean of values, by how well its query fits the keys.

    S[t,s] = 1/√d Σ_j Q[t,j]·K[s,j]      A[t,s] = softmax(S[t,s], s)      O[t,j] = Σ_s A[t,s]·V[s,j]
"""

from __future__ import annotations

from dataclasses import replace

from backprop_derive.building.layers.sequences import is_sequence, names_of_steps, place_of, read_sequence, steps_of
from backprop_derive.building.layers.stack import Entry, Stack, described, is_on
from backprop_derive.building.layers.templates import Names
from backprop_derive.building.layers.windows import whole_numbers
from backprop_derive.building.letters import SOURCE, STEP, UNIT
from backprop_derive.building.scope import Vector
from backprop_derive.graph.expressions import Bound, Ref
from backprop_derive.graph.indices import Affine, axis_to, number, variable
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Mention, Node
from backprop_derive.operations.layers import LAYERS
from backprop_derive.spec.source import Scalar

_HEAD, _KEY, _INSIDE = "h", "s", "c"
"""Letters of heads, of the steps that keys and values belong to, and of the entries of a head in the output matrix."""

_OTHER = "r"
_DERIVATIVE = "A[h,t,s]*(where(s = r, 1, 0) - A[h,t,r])"
"""∂A[t,s]/∂S[t,r], also where s or u is masked: A is 0 there."""


def build_attention(stack: Stack, entry: Entry) -> Vector:
    """Queries, keys, values, scores, weights and outputs, in several heads perhaps, which an output matrix joins."""
    read = read_sequence(stack, entry)
    if read is None:
        return Vector()
    kept = _keys(stack, entry, read)
    names = names_of_steps(stack, entry, read)
    heads = (whole_numbers(stack, entry, "heads", 1, 1) or (1,))[0]
    size = _size_of_heads(names, heads)
    given, total = _output(names, heads), names.letters[UNIT]
    names.letters |= {_HEAD: axis_to(number(heads)), _KEY: kept.along[0].axis, UNIT: axis_to(size), _INSIDE: axis_to(size)}
    names.avoid(_KEY + (_HEAD if heads > 1 else ""))
    names.sizes["d"] = size
    causal = "causal" in entry.options and is_on(stack, entry, "causal")
    if causal and "keys" in entry.options:
        stack.draft.problem(entry.options["causal"].mark, "causal: needs keys of the same steps, and `keys:` names another sequence")
    names.places["u"] = place_of(kept)
    queries, keys, values, scores, weights, masked, outputs, joined = (each if heads > 1 else _one_head(each) for each in LAYERS["attention"].equations)
    _project(names, "W_Q", read, heads)
    _project(names, "W_K", kept, heads)
    _project(names, "W_V", kept, heads)
    for equation in (queries, keys, values):
        names.define(equation)
    names.define(scores, role="preactivation")
    if causal and not names.letters[STEP].single:
        _say_derivative(names, names.define(masked, role="activation", operation="softmax"), heads)
    else:
        names.define(weights, role="activation", operation="softmax")
    node = names.define(outputs, called="" if given is not None else entry.name, operation="" if given is not None else entry.kind.text)
    if given is not None:
        names.letters[UNIT] = total = axis_to(given)
        names.parameter("W_O", UNIT + (_HEAD if heads > 1 else "") + _INSIDE)
        node = names.define(joined, called=entry.name, operation=entry.kind.text)
    return Vector((), None, total, (steps_of(names),)).named(node.name)


def _one_head(equation: str) -> str:
    """The equation of a single head that has no index: `Q[h,t,j]` is `Q[t,j]`, and no sum runs over it."""
    if equation.endswith(f", {_HEAD})"):
        equation = equation.removesuffix(f", {_HEAD})").replace(" = sum(", " = ")
    return equation.replace(f"[{_HEAD},", "[").replace(f",{_HEAD},", ",")


def _project(names: Names, name: str, read: Vector, heads: int) -> None:
    """A matrix of each head, from what is read."""
    assert read.axis is not None
    names.letters[SOURCE] = read.axis
    names.parameter(name, (_HEAD if heads > 1 else "") + UNIT + SOURCE)


def _say_derivative(names: Names, node: Node, heads: int) -> None:
    """The derivative of masked weights by each score is that of a softmax: what is masked has the weight 0."""
    letters = (*((_HEAD,) if heads > 1 else ()), STEP, _KEY)
    indices = tuple(Bound(letter, names.letters[letter]) for letter in letters)
    other = Bound(_OTHER, names.letters[_KEY])
    text = _DERIVATIVE if heads > 1 else _one_head(_DERIVATIVE)
    derivative = names.read(text, (*indices, other))
    places = tuple(variable(names.spelled.get(letter, letter)) for letter in letters[:-1])
    score = Ref(names.places["S"].ref.name, (*places, variable(other.name)))
    (piece,) = node.pieces
    names.stack.draft.nodes[node.name] = replace(node, pieces=(replace(piece, mentions=(Mention(score, names.respelled(derivative), (other,)),)),))


# -- options --------------------------------------------------------------------------------------------------------------


def _keys(stack: Stack, entry: Entry, read: Vector) -> Vector:
    """What keys and values are computed from: what the layer reads, or the sequence that `keys:` names."""
    value = entry.options.get("keys")
    if value is None:
        return read
    branches = list(stack.found(value))
    for branch in branches:
        branch.read = True
    found = stack.joined([branch.vector for branch in branches], value.mark) if branches else read
    if not is_sequence(found):
        stack.draft.problem(value.mark, f"keys: of attention takes a sequence of vectors, and not {described(found)}", value.text if isinstance(value, Scalar) else None)
        return read
    return found


def _size_of_heads(names: Names, heads: int) -> Affine:
    """The size of each head: that of all of them, over their number."""
    size = names.letters[UNIT].length
    if size.constant % heads or any(coefficient % heads for _, coefficient in size.terms):
        wanted = f"heads: {heads} needs a size that it divides, such as {heads}*d, and not {form_text(size)}"
        names.stack.draft.problem(names.entry.options["heads"].mark, wanted, str(heads))
        return size
    return Affine(tuple((atom, coefficient // heads) for atom, coefficient in size.terms), size.constant // heads)


def _output(names: Names, heads: int) -> Affine | None:
    """The size of what the output matrix gives; None where there is none."""
    value, draft = names.entry.options.get("output"), names.stack.draft
    size = names.letters[UNIT].length
    if value is None:
        return size if heads > 1 else None
    if isinstance(value, Scalar) and value.text == "false" and heads > 1:
        draft.problem(value.mark, "several heads are joined by the output matrix: leave out `output: false`", value.text)
    if not isinstance(value, Scalar):
        draft.problem(value.mark, "output: of attention is true or false, or the size of what the layer gives", None)
        return size
    return {"true": size, "false": None}[value.text] if value.text in ("true", "false") else draft.length(value)
