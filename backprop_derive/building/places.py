"""Places that there are not: formulas that read outside an array, and values that do not fit one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backprop_derive.building.draft import Draft
from backprop_derive.building.indexing import integer_form
from backprop_derive.building.scope import Scope
from backprop_derive.errors import FormulaError, nearest
from backprop_derive.graph.expressions import Bracket, Expression, Fold, Ref, Where, children
from backprop_derive.graph.indices import Affine, Axis, Size, Variable, always, at_least, number
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Node
from backprop_derive.language.grammar import parse
from backprop_derive.language.syntax import Name
from backprop_derive.spec.model import Equation, Given
from backprop_derive.spec.source import Scalar

Ranges = Mapping[str, Axis]

# -- formulas -------------------------------------------------------------------------------------------------------------


def check_reads(draft: Draft, sizes: Mapping[str, int]) -> None:
    """Every equation, and the loss, reads only entries that there are.

    `sizes` are those that are given as numbers. Reported is what is wrong whatever the other sizes are; what stands
    below a condition on indices is left to the evaluation.
    """
    told = {problem.path for problem in draft.problems}
    for node in draft.nodes.values():
        _check_holes(draft, node)
        for piece, scalar in zip(node.pieces, _formulas(draft, node), strict=False):
            if scalar.mark.path in told:
                continue
            for ref, ranges in _reads(piece.definition, dict(piece.axes)):
                message = _outside(ref, draft.nodes.get(ref.name), ranges, sizes)
                if message is not None and ref.name == node.name:
                    message += f": give a value to start from, `{message.partition(' is')[0]}: …`, as an equation of its own"
                if message is not None:
                    start, end = _position(draft, scalar, ref)
                    draft.fault(scalar, FormulaError(message, "", start, end))
                    break


def _check_holes(draft: Draft, node: Node) -> None:
    """A start value stands next to the range, or next to another start value."""
    for at, (low, high) in enumerate((axis.low, axis.high) for axis in node.formula_axes):
        given = [piece.places[at] for piece in node.pieces]
        for place, equation in zip(given, _equations(draft, node), strict=False):
            below, above = (low - place).number or 0, (place - high).number or 0
            beside = place + 1 if below > 1 else place - 1
            if max(below, above) > 1 and beside not in given:
                name, has = node.name, f"{form_text(low)}..{form_text(high)}"
                message = f"{name} has an equation for the place {form_text(place)}, but runs over {has}, and none for {form_text(beside)} between"
                draft.problem(equation.left.mark, message, equation.left.text)


def _formulas(draft: Draft, node: Node) -> list[Scalar]:
    """The formulas of a node's pieces, in their order."""
    loss = draft.spec.loss
    found = [equation.right for equation in _equations(draft, node)]
    return [loss.text] if not found and node.role == "loss" and loss is not None else found


def _equations(draft: Draft, node: Node) -> list[Equation]:
    """The equations of a node, in the order of its pieces; none if some could not be read."""
    found = draft.equations_of.get(node.name, [])
    return found if len(found) == len(node.pieces) else []


def _reads(expression: Expression, ranges: Ranges) -> Iterator[tuple[Ref, Ranges]]:
    """Every mention of a node that is read for certain, with the ranges of the indices there."""
    if isinstance(expression, Ref):
        yield expression, ranges
    if isinstance(expression, Where) and isinstance(expression.test, Bracket):
        return
    if isinstance(expression, Fold):
        axis = expression.bound.axis
        if not always(at_least(axis.length, number(1)), {}):  # it may be empty, and then nothing is read
            return
        ranges = {**ranges, expression.bound.name: axis}
    for child in children(expression):
        yield from _reads(child, ranges)


def _outside(ref: Ref, target: Node | None, ranges: Ranges, sizes: Mapping[str, int]) -> str | None:
    """What to say of a mention that reaches a place that the node has not; None if it may be right."""
    if target is None or len(target.axes) != len(ref.indices):
        return None
    for at, (index, axis) in enumerate(zip(ref.indices, target.axes, strict=True)):
        lowest, highest = _extreme(index, ranges, highest=False), _extreme(index, ranges, highest=True)
        for place, gap in ((lowest, axis.low - lowest), (highest, highest - axis.high)):
            if always(at_least(gap.resize(sizes), number(1)), {}):
                return _told(ref, target, at, place)
    return None


def _extreme(index: Affine, ranges: Ranges, *, highest: bool) -> Affine:
    """The form where it is highest, or lowest; the ends of these ranges have no indices in them."""
    for atom, times in index.terms:
        if isinstance(atom, Variable) and atom.name in ranges:
            axis = ranges[atom.name]
            index = index - Affine(((atom, times),)) + (axis.high if (times > 0) == highest else axis.low) * times
    return index


def _told(ref: Ref, target: Node, at: int, place: Affine) -> str:
    """`h[0] is read here, but h has the entries h[1..T]`."""
    wanted = ",".join(form_text(place if each == at else index) for each, index in enumerate(ref.indices))
    has = ", ".join(f"{form_text(axis.low)}..{form_text(axis.high)}" for axis in target.axes)
    return f"{target.name}[{wanted}] is read here, but {target.name} has the entries {target.name}[{has}]"


def _position(draft: Draft, scalar: Scalar, ref: Ref) -> tuple[int, int]:
    """Where in the formula the mention stands."""
    for tree in parse(scalar.text, draft.scope().names).walk():
        if isinstance(tree, Name) and draft.aliases.get(tree.name, tree.name) == ref.name and len(tree.indices) == len(ref.indices):
            letters = {each.name: None for index in tree.indices for each in index.walk() if isinstance(each, Name)}
            scope = Scope(sizes=draft.sizes, indices={name: None for name in letters if name not in draft.sizes})
            try:
                found = tuple(integer_form(index, scope) for index in tree.indices)
            except FormulaError:  # an index of another kind, which is not the one that is looked for
                continue
            if found == ref.indices:
                return tree.start, tree.end
    return 0, len(scalar.text)


# -- values ---------------------------------------------------------------------------------------------------------------


def check_declared(draft: Draft, sizes: Mapping[str, int]) -> None:
    """What stands under `frozen:` and `parameters:` are parameters of the network, and `sizes:` fits what the network makes."""
    parameters = [name for name, node in draft.nodes.items() if node.role == "parameter"]
    for scalar in (*draft.spec.frozen, *draft.spec.parameters):
        name = scalar.text.partition("[")[0]
        node = draft.nodes.get(draft.aliases.get(name, name))
        if name not in parameters and (node is not None or scalar in draft.spec.parameters):
            draft.problem(scalar.mark, f"{scalar.text!r} is no parameter of the network", scalar.text, nearest(name, parameters))
        elif node is not None and "[" in scalar.text:
            message = _no_entry(node, scalar.text, scalar.text.rstrip("]").partition("[")[2].split(","), sizes)
            if message is not None:
                draft.problem(scalar.mark, message, scalar.text)
    for scalar, shape in draft.spec.sizes if draft.spec.style != "equations" else ():  # there it is the sizes that make the shapes
        node = draft.nodes.get(draft.aliases.get(scalar.text, scalar.text))
        said = [form_text(axis.length) for axis in draft.axes(shape)]
        made = [] if node is None else [form_text(axis.length) for axis in node.formula_axes]
        if node is not None and said != made:
            message = f"{scalar.text!r} has size {' × '.join(said) or 'one number'} here, but {' × '.join(made) or 'one number'} in the network"
            draft.problem(scalar.mark, message, scalar.text)


def check_values(draft: Draft, sizes: Mapping[str, int]) -> None:
    """Everything under `values:` has the shape of what it is given to."""
    inferred: dict[str, tuple[int, str]] = {name: (value, "sizes") for name, value in sizes.items()}
    for given in draft.spec.values:
        name, bracket, indices = given.name.text.rstrip("]").partition("[")
        node = draft.nodes.get(draft.aliases.get(name, name))
        if node is None:
            if name in draft.sizes:
                _check_size(draft, given)
        elif not node.is_leaf:
            message = f"{name!r} is computed by the network: values are given to inputs, targets, parameters, constants and sizes"
            draft.problem(given.mark, message, given.name.text)
        elif bracket:
            _check_entry(draft, given, node, indices.split(","), sizes)
        else:
            _check_shape(draft, given, node, inferred)


def _check_size(draft: Draft, given: Given) -> None:
    if isinstance(given.value, tuple) or given.value.denominator != 1 or given.value < 0:
        draft.problem(given.mark, f"{given.name.text!r} is a size: its value is a whole number, 0 or more", given.name.text)


def _check_entry(draft: Draft, given: Given, node: Node, places: list[str], sizes: Mapping[str, int]) -> None:
    """`W1[2,1]: 0.5`."""
    message = _no_entry(node, given.name.text, places, sizes)
    if message is None and given.shape:
        message = f"{given.name.text!r} is one entry: one number is expected, {_described(given.shape)} is given"
    if message is not None:
        draft.problem(given.mark, message, given.name.text)


def _no_entry(node: Node, text: str, places: list[str], sizes: Mapping[str, int]) -> str | None:
    """What to say of a name with indices that is no entry of the node; None if it may be one."""
    shape = f"{node.name}[{', '.join(f'{form_text(axis.low)}..{form_text(axis.high)}' for axis in node.axes)}]"
    if not node.axes:
        return f"{node.name!r} is a single number: it has no entries"
    if len(places) != len(node.axes) or not all(place.isascii() and place.isdigit() for place in places):
        return f"{text!r} is no entry of {shape}: write a number for each index"
    for place, axis in zip(places, node.axes, strict=True):
        low, high = axis.low.number, axis.high.resize(sizes).number
        if (low is not None and int(place) < low) or (high is not None and int(place) > high):
            return f"there is no entry {text}: it is {shape}"
    return None


def _check_shape(draft: Draft, given: Given, node: Node, inferred: dict[str, tuple[int, str]]) -> None:
    lengths = tuple(axis.length for axis in node.axes)
    if not given.shape and all(length.number == 1 for length in lengths):
        return
    expected = " × ".join(form_text(length) for length in lengths)
    if len(given.shape) != len(lengths):
        wanted = f"{expected} numbers" if node.axes else "one number"
        draft.problem(given.mark, f"{node.name!r} takes {wanted}; {_described(given.shape)} is given", given.name.text)
        return
    for length, count in zip(lengths, given.shape, strict=True):
        known = length.resize({name: value for name, (value, _) in inferred.items()}).number
        if known is not None and known != count:
            why = "".join(f" ({name} is {value} by {source})" for name, (value, source) in inferred.items() if name in length.sizes())
            draft.problem(given.mark, f"{node.name!r} takes {expected} numbers{why}; {_described(given.shape)} is given", given.name.text)
            return
    for length, count in zip(lengths, given.shape, strict=True):
        if len(length.terms) == 1 and length.constant == 0 and isinstance(length.terms[0][0], Size) and length.terms[0][1] == 1:
            inferred.setdefault(length.terms[0][0].name, (count, given.name.text))


def _described(shape: tuple[int, ...]) -> str:
    """`a list of 2 × 3`; the rows of a matrix come first."""
    return f"a list of {' × '.join(str(length) for length in shape)}" if shape else "one number"
