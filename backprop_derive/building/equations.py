"""`equations:` → nodes. The ranges of indices are found from where they stand alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from backprop_derive.building.combining import called_losses, combined_piece
from backprop_derive.building.draft import Draft
from backprop_derive.building.entries import is_inside, narrowed, widened
from backprop_derive.building.indexing import axes_alone, integer_form
from backprop_derive.building.lifting import lifted
from backprop_derive.building.losses import called_loss, loss_piece, note_targets
from backprop_derive.building.matrices import index_form, is_over_arrays
from backprop_derive.building.names import undefined
from backprop_derive.building.recognition import recognised
from backprop_derive.building.scope import Quantity, Scope
from backprop_derive.building.shapes import described_shape
from backprop_derive.errors import FormulaError, counted
from backprop_derive.graph.expressions import Apply, Fold, Ref, refs
from backprop_derive.graph.indices import Affine, Axis, variable
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Node, Piece, Role
from backprop_derive.language.grammar import parse
from backprop_derive.language.syntax import Name, Syntax
from backprop_derive.notation import NAME, canonical
from backprop_derive.operations.functions import find_function
from backprop_derive.spec.model import Equation


@dataclass
class _Left:
    """The left side of an equation: `h[t,j]`, or `h[0,j]`, `h[T+1,j]` for one place; `shape` is that of a formula over whole arrays."""

    equation: Equation
    name: str
    places: tuple[str | Affine, ...]
    tree: Syntax | None = None
    axes: dict[str, Axis] | None = None
    shape: tuple[Axis | None, ...] = ()

    @property
    def letters(self) -> tuple[str, ...]:
        return tuple(place for place in self.places if isinstance(place, str))

    @property
    def whole(self) -> bool:
        """Every place is a letter: the equation that gives the node its shape."""
        return len(self.letters) == len(self.places)


def build_equations(draft: Draft) -> None:
    """Add a node for each left side. Equations may come in any order."""
    lefts = [left for equation in draft.spec.equations if (left := _left_side(draft, equation)) is not None]
    names = frozenset((*draft.nodes, *(left.name for left in lefts), *draft.aliases))
    for left in lefts:
        _parse_right(draft, left, names)
    lefts = list(_with_compared(draft, lefts, names))
    names |= {left.name for left in lefts}
    _write_indices(draft, lefts, names)
    mains = _mains(draft, lefts)
    known = {name: Quantity(node.axes) for name, node in draft.nodes.items()}
    declared = {name.text: draft.axes(shape) for name, shape in draft.spec.sizes if name.text in mains}
    for name, left in mains.items():
        axes = declared.get(name)
        if axes is not None and len(axes) != len(left.places):
            draft.problem(left.equation.left.mark, f"{name!r} has {counted(len(left.places), 'index', 'indices')} here and {counted(len(axes), 'size', 'sizes')} under `sizes:`", name)
            axes = None
        known[name] = Quantity(axes or left.shape or (None,) * len(left.places))
    _find_axes(draft, lefts, mains, known)
    readable = [left for left in lefts if _is_readable(left, mains, known)]
    can_be_read = {id(left) for left in readable}
    whole = {name: left for name, left in mains.items() if id(left) in can_be_read}
    _add_nodes(draft, [left for left in readable if left.name in whole], whole, known)


def _with_compared(draft: Draft, lefts: list[_Left], names: frozenset[str]) -> Iterator[_Left]:
    """The equations, and one before each loss for every formula that it compares."""
    taken = {*names, *draft.taken()}
    for left in lefts:
        if left.tree is not None:
            left.tree, compared = lifted(left.tree, taken, draft.functions)
            taken |= set(compared)
            yield from (_Left(left.equation, name, (), tree) for name, tree in compared.items())
        yield left


def _is_readable(left: _Left, mains: dict[str, _Left], known: dict[str, Quantity]) -> bool:
    """Whether everything that the equation mentions has a known shape, so that what is wrong in it is its own fault."""
    if left.tree is None or left.axes is None or len(left.axes) < len(left.letters):
        return False
    mentioned = {each.name for each in left.tree.walk() if isinstance(each, Name)} & set(mains)
    return all(None not in known[name].axes for name in mentioned | {left.name})


def _left_side(draft: Draft, equation: Equation) -> _Left | None:
    scalar = equation.left
    try:
        tree = parse(scalar.text, frozenset(found[0] for found in NAME.finditer(canonical(scalar.text))))
        if not isinstance(tree, Name):
            raise FormulaError("the left side of an equation is a name, with index letters or numbers in brackets", scalar.text)
        return _Left(equation, tree.name, tuple(_place(draft, index) for index in tree.indices))
    except FormulaError as error:
        draft.fault(scalar, error)
        draft.doubts.lost.add(scalar.text.partition("[")[0])
        return None


def _place(draft: Draft, index: Syntax) -> str | Affine:
    if isinstance(index, Name) and not index.indices:
        if index.name in draft.nodes or index.name in draft.sizes:
            what = "a size" if index.name in draft.sizes else "a name"
            raise FormulaError(f"{index.name!r} is {what} of the spec, so it cannot be an index letter", "", index.start, index.end)
        return index.name
    return integer_form(index, Scope(sizes=draft.sizes))


def _mains(draft: Draft, lefts: list[_Left]) -> dict[str, _Left]:
    """The equation of each name that holds for every place."""
    mains: dict[str, _Left] = {}
    for left in lefts:
        if len(set(left.letters)) < len(left.letters):
            draft.problem(left.equation.left.mark, "an index letter stands twice on the left side", left.equation.left.text)
        if left.whole:
            if left.name in mains:
                first = mains[left.name].equation.left.mark
                draft.problem(left.equation.left.mark, f"{left.name!r} has two equations: here and at line {first.line}", left.name)
            else:
                mains[left.name] = left
    for left in lefts:
        main = mains.get(left.name)
        if main is None and left.name not in draft.doubts.lost:
            draft.problem(left.equation.left.mark, f"single entries of {left.name!r} are given, but no equation {left.name}[…] for the others", left.name)
            draft.doubts.lost.add(left.name)
        elif main is None:
            continue
        elif len(main.places) != len(left.places):
            draft.problem(left.equation.left.mark, f"{left.name!r} has {counted(len(left.places), 'index', 'indices')} here and {counted(len(main.places), 'index', 'indices')} at line {main.equation.left.mark.line}", left.equation.left.text)
    return mains


def _write_indices(draft: Draft, lefts: list[_Left], names: frozenset[str]) -> None:
    """Equations over whole arrays get their indices, `z: W@x` becomes `z[j] = sum(W[j,k]*x[k], k)`; those that others need come first."""
    sizes = {name.text: draft.axes(shape) for name, shape in draft.spec.sizes}
    known = {name: Quantity(node.axes) for name, node in draft.nodes.items()}
    indexed = [left for left in lefts if left.whole and left.places and len(set(left.letters)) == len(left.places)]
    for left in indexed:
        given = sizes.get(left.name, ())
        known[left.name] = Quantity(given if len(given) == len(left.places) else (None,) * len(left.places))
    waiting = {left.name: left for left in lefts if not left.places}
    reads = {name: _read_by(left) for name, left in waiting.items()}
    missing = {name: read & set(waiting) for name, read in reads.items()}
    readers: dict[str, list[str]] = {}
    for name, read in missing.items():
        for each in read:
            readers.setdefault(each, []).append(name)
    ready = deque(name for name, left_out in missing.items() if not left_out)
    unknown: set[str] = set()
    while ready:
        name = _best_known(draft, ready, reads, indexed, known)
        left = waiting.pop(name)
        shape = None if reads[name] & unknown else _written_with_indices(draft, left, known, sizes.get(name), names)
        known[name] = Quantity((None,) if shape is None else shape)
        if shape is None:
            unknown.add(name)
            _give_up(left)
        for reader in readers.get(name, ()):
            missing[reader].discard(name)
            if not missing[reader]:
                ready.append(reader)
    if waiting:
        _report_cycle(draft, list(waiting.values()), known)
        return
    _spread_axes(draft, [left for left in indexed if len(left.places) == len(known[left.name].axes)], known)
    for left in indexed:
        _check_indexed(draft, left, known)


def _best_known(draft: Draft, ready: deque[str], reads: dict[str, set[str]], indexed: list[_Left], known: dict[str, Quantity]) -> str:
    """Take the first equation all of whose arrays have known shapes, or, if there is none, the first."""

    def is_known(name: str) -> bool:
        return all(None not in known[each].axes for each in reads[name] if each in known)

    if not is_known(ready[0]):
        _spread_axes(draft, [left for left in indexed if len(left.places) == len(known[left.name].axes)], known)
    best = next((name for name in ready if is_known(name)), ready[0])
    ready.remove(best)
    return best


def _check_indexed(draft: Draft, left: _Left, known: dict[str, Quantity]) -> None:
    """`z[j]: W@x`: indices on the left, none on the right."""
    if left.tree is None or _read_by(left) & {*left.letters} or not is_over_arrays(left.tree, _scope(draft, known, left)):
        return
    message = f"arrays stand without indices here, and {left.name!r} has one: write `{left.name}: …` for the whole array, or indices on both sides"
    draft.problem(left.equation.right.mark, message, left.equation.right.text)
    left.tree = None


def _report_cycle(draft: Draft, waiting: list[_Left], known: dict[str, Quantity]) -> None:
    """Arrays that need each other have no shape; numbers that do are found when the graph is whole."""
    if not any(left.tree is not None and is_over_arrays(left.tree, _scope(draft, known, left)) for left in waiting):
        return
    lefts = {left.name: left for left in waiting}
    path = [waiting[0].name]
    while path.count(path[-1]) == 1:
        path.append(min(_read_by(lefts[path[-1]]) & set(lefts)))
    path = path[path.index(path[-1]) :]
    draft.problem(lefts[path[0]].equation.left.mark, f"a cycle: {' → '.join(path)}", path[0])
    for left in waiting:
        _give_up(left)


def _give_up(left: _Left) -> None:
    """Something is wrong here: an array of which nothing is known, so that what reads it is not blamed."""
    left.places, left.tree = ("j",), None


def _read_by(left: _Left) -> set[str]:
    return set() if left.tree is None else {each.name for each in left.tree.walk() if isinstance(each, Name)}


def _written_with_indices(
    draft: Draft, left: _Left, known: dict[str, Quantity], given: tuple[Axis, ...] | None, names: frozenset[str]
) -> tuple[Axis | None, ...] | None:
    """The shape that an equation over whole arrays gives its left side, which gets letters for it; None if something is wrong."""
    scope = _scope(draft, known, left)
    if left.tree is None or not is_over_arrays(left.tree, scope):
        return ()
    try:
        form = index_form(left.tree, scope, names)
        if given is not None and None not in form.shape and given != form.shape:
            message = f"{left.name!r} is {described_shape(given)} under `sizes:`, and this gives {described_shape(form.shape)}"
            raise FormulaError(message, "", left.tree.start, left.tree.end)
    except FormulaError as error:
        draft.fault(left.equation.right, error)
        return None
    left.places, left.tree, left.shape = form.letters, form.tree, form.shape
    return form.shape


def _parse_right(draft: Draft, left: _Left, names: frozenset[str]) -> None:
    try:
        left.tree = parse(left.equation.right.text, names)
    except FormulaError as error:
        draft.fault(left.equation.right, error)


def _find_axes(draft: Draft, lefts: list[_Left], mains: dict[str, _Left], known: dict[str, Quantity]) -> None:
    """Give each letter of each left side its range, as far as the ranges known so far allow, until nothing changes."""
    _spread_axes(draft, list(mains.values()), known)
    wrong = {name for name, left in mains.items() if left.tree is None or _tell_undefined(draft, left, known)}
    while more := {name for name, left in mains.items() if name not in wrong and None in known[name].axes and _read_by(left) & wrong}:
        wrong |= more
    for name, left in mains.items():
        for letter, axis in zip(left.letters, known[name].axes, strict=True):
            if axis is None and name not in wrong:
                message = f"the range of {letter!r} cannot be found: it stands alone in no bracket on the right, as in x[{letter}]; say its length: `sizes: {{{name}: [n]}}`"
                draft.problem(left.equation.left.mark, message, left.equation.left.text)
    for left in lefts:
        main = mains.get(left.name)
        if main is not None and len(main.places) == len(left.places):
            pairs = zip(left.places, known[left.name].axes, strict=True)
            left.axes = {place: axis for place, axis in pairs if isinstance(place, str) and axis is not None}


def _tell_undefined(draft: Draft, left: _Left, known: dict[str, Quantity]) -> bool:
    """Whether a letter has no range since an array is mentioned that nothing defines; that is told."""
    if left.tree is None or None not in known[left.name].axes:
        return False
    scope = _scope(draft, known, left)
    arrays = (each for each in left.tree.walk() if isinstance(each, Name) and each.indices)
    missing = next((each for each in arrays if each.name not in scope.names), None)
    if missing is not None:
        draft.fault(left.equation.right, undefined(missing.name, missing, scope))
    return missing is not None


def _spread_axes(draft: Draft, lefts: list[_Left], known: dict[str, Quantity]) -> None:
    changed = True
    while changed:
        changed = False
        for left in lefts:
            changed = _find_axes_of(draft, left, known) or changed


def _find_axes_of(draft: Draft, left: _Left, known: dict[str, Quantity]) -> bool:
    """Give the letters of one left side their ranges, as far as those known allow; returns whether one was found."""
    axes = known[left.name].axes
    if left.tree is None or None not in axes:
        return False
    scope = _scope(draft, known, left)
    found = tuple(axis or _axis_of(letter, left.tree, scope) for letter, axis in zip(left.letters, axes, strict=True))
    known[left.name] = Quantity(found)
    return found != axes


def _scope(draft: Draft, known: dict[str, Quantity], left: _Left) -> Scope:
    return Scope(known, {}, draft.sizes, frozenset(draft.functions), dict.fromkeys(left.letters), None, draft.aliases)


def _axis_of(letter: str, tree: Syntax, scope: Scope) -> Axis | None:
    return next((axis for _, axis in axes_alone(letter, tree, scope)), None)


def _add_nodes(draft: Draft, lefts: list[_Left], mains: dict[str, _Left], known: dict[str, Quantity]) -> None:
    pieces: dict[str, list[Piece]] = {name: [] for name in mains}
    single: dict[str, list[_Left]] = {name: [] for name in mains}
    for left in lefts:
        single[left.name] += [] if left.whole else [left]
    general = {name: _general(draft, left, single[name]) for name, left in mains.items()}
    losses: dict[str, str] = {}
    spelled_out: dict[str, str] = {}
    for left in lefts:
        assert left.tree is not None
        assert left.axes is not None
        _check_agreement(draft, left, known)
        scope = replace(_scope(draft, known, left), indices=left.axes)
        definition = draft.formula(left.equation.right, scope, left.tree)
        if definition is None:
            continue
        called = called_loss(left.tree, scope) if not left.places else None
        if called is not None:
            note_targets(draft, (called,))
            losses[left.name] = called.row.name
            pieces[left.name].append(loss_piece(called))
            continue
        inside = () if left.places else tuple(called_losses(left.tree, scope))
        if inside:
            note_targets(draft, inside)
            pieces[left.name].append(combined_piece(left.tree, scope, definition))
            continue
        axes = general[left.name] if left.whole else left.axes
        places = tuple(variable(place) if isinstance(place, str) else place for place in left.places)
        activation, piece = recognised(left.name, Piece(places, tuple(axes.items()), definition), draft.functions)
        spelled_out.update({left.name: activation} if activation else {})
        pieces[left.name].append(piece)
    for name, left in mains.items():
        stored = widened([axis for axis in known[name].axes if axis is not None], [each.places for each in single[name]])
        operation = spelled_out.get(name, "") or _operation(pieces[name])
        role: Role = "activation" if operation else "node"
        operation = operation or losses.get(name, "")
        draft.add(Node(name, left.letters, stored, tuple(pieces[name]), role, False, operation), left.equation.left.mark)
    _mark_preactivations(draft, mains)


def _general(draft: Draft, left: _Left, single: list[_Left]) -> dict[str, Axis]:
    """Where the general equation of an array holds; single entries stand beside that."""
    general = narrowed(left.axes or {}, [each.places for each in single])
    for each in single:
        if is_inside(each.places, general):
            axes = ", ".join(f"{form_text(axis.low)}..{form_text(axis.high)}" for axis in (left.axes or {}).values())
            message = f"{each.equation.left.text!r} stands inside {left.name}[{axes}], which has an equation: single entries have their own at the ends only"
            draft.problem(each.equation.left.mark, message, each.equation.left.text)
    return general


def _check_agreement(draft: Draft, left: _Left, known: dict[str, Quantity]) -> None:
    assert left.tree is not None
    assert left.axes is not None
    for letter, axis in left.axes.items():
        for name, other in axes_alone(letter, left.tree, _scope(draft, known, left)):
            if other != axis:
                message = f"index {letter!r} runs to {form_text(axis.high)} on the left, but {name!r} has it run to {form_text(other.high)}"
                draft.problem(left.equation.right.mark, message, left.equation.right.text)
                return


def _operation(pieces: list[Piece]) -> str:
    """The activation, where the definition is just an activation of another node."""
    main = max(pieces, key=lambda piece: len(piece.axes), default=None)
    definition = None if main is None else main.definition
    if isinstance(definition, Apply) and len(definition.arguments) == 1 and isinstance(definition.arguments[0], Ref):
        row = find_function(definition.function)
        return definition.function if row is None or row.activation else ""
    if isinstance(definition, Fold) and isinstance(definition.body, Ref):
        row = find_function(definition.kind)
        return definition.kind if row is not None and row.activation else ""
    return ""


def _mark_preactivations(draft: Draft, mains: dict[str, _Left]) -> None:
    """What an activation is applied to, and nothing else reads, is a pre-activation."""
    readers: dict[str, set[str]] = {}
    for name in mains:
        for parent in _mentioned(draft.nodes[name]):
            readers.setdefault(parent, set()).add(name)
    for name in mains:
        below = readers.get(name, set())
        if draft.nodes[name].role == "node" and len(below) == 1 and draft.nodes[next(iter(below))].role == "activation":
            draft.nodes[name] = replace(draft.nodes[name], role="preactivation")


def _mentioned(node: Node) -> Iterator[str]:
    return (ref.name for piece in node.pieces for ref in refs(piece.definition))
