"""A sum of products as a product of matrices: indices are vertices, what has two of them is an edge, what has one a label.

    Σ_k A[j,k]·w[k]·B[k,l]   is   A diag(w) B

Factors on the same pair merge by ⊙. Summed vertices go, those with the fewest edges first:

    no edge     uᵀ v of the labels, the sum of one, or the length
    one edge    A w, or A 𝟏
    two edges   A B, with diag(w) between them if there is a label

What is left is a matrix, diag(u) B diag(v), or an outer product u vᵀ. Numbers stand in front. Where vectors are rows (`rows`) each
column in this is the transpose of what stands in the formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop_derive.calculus.words import Words
from backprop_derive.frozen import dataclass
from backprop_derive.graph.expressions import ZERO, Expression, Mul, integer, mul, num, power
from backprop_derive.graph.indices import Affine, Axis, number
from backprop_derive.graph.matrices import Diagonal, Hadamard, MatrixProduct, Ones, Total, product_of, squared, transposed

ONE_PLACE = "1"
"""The vertex of all axes of one place; no letter is called so."""


class NoMatrixForm(Exception):
    """Something in an expression that no matrix is made of; `words` say what."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self.words = words


@dataclass(frozen=True)
class Array:
    """`scalars` times `tree`, an array over `indices`: its rows, and its columns if there are two. Without a tree it is a number."""

    scalars: tuple[Expression, ...]
    tree: Expression | None = None
    indices: tuple[str, ...] = ()

    @property
    def value(self) -> Expression:
        """All of it."""
        return mul(*self.scalars, *(() if self.tree is None else (self.tree,)))


@dataclass(frozen=True)
class Edge:
    """A factor with two indices."""

    tree: Expression
    row: str
    column: str

    def other(self, vertex: str) -> str:
        """Where it leads from a vertex."""
        return self.column if vertex == self.row else self.row

    def from_row(self, row: str) -> Expression:
        """The matrix with this vertex as its rows."""
        return self.tree if row == self.row else transposed(self.tree)


class Pieces:
    """The factors of a product, and the letters that are summed in it; `ranges` say where all letters run.

    `made` are the labels that came of a sum: in a product entry by entry they stand first, `W2ᵀ δ2 ⊙ f'(z1)`.
    """

    def __init__(self, ranges: Mapping[str, Axis], *, rows: bool) -> None:
        self.ranges, self.rows = dict(ranges), rows
        self.scalars: list[Expression] = []
        self.made: dict[str, list[Expression]] = {}
        self.given: dict[str, list[Expression]] = {}
        self.edges: list[Edge] = []
        self.summed: list[str] = []

    def put(self, array: Array) -> None:
        """One more factor."""
        self.scalars += array.scalars
        if array.tree is not None and len(array.indices) == 1:
            self.given.setdefault(array.indices[0], []).append(array.tree)
        elif array.tree is not None:
            self.connect(Edge(array.tree, *array.indices))

    def make(self, vertex: str, tree: Expression) -> None:
        """A label that came of a sum; numbers in front of it stand in front of everything."""
        *front, last = tree.factors if isinstance(tree, Mul) else (tree,)
        self.scalars += front
        self.made.setdefault(vertex, []).append(last)

    def connect(self, edge: Edge) -> None:
        """A matrix; with one between the same two vertices it is one."""
        for at, other in enumerate(self.edges):
            if {edge.row, edge.column} == {other.row, other.column}:
                if ONE_PLACE in (edge.row, edge.column) and edge.other(ONE_PLACE) in self.summed:
                    self._as_vectors(self.edges.pop(at), edge)
                    return
                self.edges[at] = Edge(by_entry([other.tree, edge.from_row(other.row)]), other.row, other.column)
                return
        self.edges.append(edge)

    def _as_vectors(self, *edges: Edge) -> None:
        """A row and a column that meet at an index: `Σ_k V[1,k]·W[k,1]` is V W."""
        for edge in edges:
            vertex = edge.other(ONE_PLACE)
            standing = edge.from_row(vertex)
            self.given.setdefault(vertex, []).append(transposed(standing) if self.rows else standing)

    def labels(self, vertex: str) -> list[Expression]:
        """What has this index alone."""
        return [*self.made.get(vertex, ()), *self.given.get(vertex, ())]

    def at(self, vertex: str) -> list[Edge]:
        """The matrices that have this index."""
        return [edge for edge in self.edges if vertex in (edge.row, edge.column)]

    def take(self, vertex: str) -> tuple[list[Expression], list[Edge]]:
        """Labels and edges of a vertex, which goes."""
        found = self.labels(vertex), self.at(vertex)
        self.made.pop(vertex, None)
        self.given.pop(vertex, None)
        self.edges = [edge for edge in self.edges if edge not in found[1]]
        return found

    @property
    def vertices(self) -> list[str]:
        """Those that something stands at."""
        return list(dict.fromkeys((*(end for edge in self.edges for end in (edge.row, edge.column)), *self.made, *self.given)))


def contracted(pieces: Pieces, *, keeps_one: bool) -> Array:
    """The product, with everything summed that is to be. `keeps_one`: what it is for has an axis of one place. Raises NoMatrixForm."""
    waiting = list(pieces.summed)
    free = [vertex for vertex in pieces.vertices if vertex not in waiting and vertex != ONE_PLACE]
    if ONE_PLACE in pieces.vertices and (not keeps_one or len(free) > 1):
        waiting.append(ONE_PLACE)
    while waiting:
        vertex = min(waiting, key=lambda each: (len(pieces.at(each)), each == ONE_PLACE, not _is_a_column(pieces, each)))
        waiting.remove(vertex)
        _eliminate(pieces, vertex, waiting)
    return _what_is_left(pieces)


def _is_a_column(pieces: Pieces, vertex: str) -> bool:
    """Whether no matrix has to be transposed for it."""
    return any(edge.column == vertex for edge in pieces.at(vertex)[:1])


def _eliminate(pieces: Pieces, vertex: str, waiting: list[str]) -> None:
    labels, edges = pieces.take(vertex)
    rows = pieces.rows
    length = number(1) if vertex == ONE_PLACE else pieces.ranges[vertex].length
    match edges:
        case []:
            pieces.scalars += labels if vertex == ONE_PLACE else [_of_labels(labels, length, rows=rows)]
        case [edge]:
            other = edge.other(vertex)
            matrix = edge.from_row(other)
            if not labels and other in waiting and not pieces.labels(other) and not pieces.at(other):
                waiting.remove(other)
                root = squared(edge.tree)
                pieces.scalars.append(Total((edge.tree if root is None else power(root, num(2)),), 2))
            elif isinstance(edge.tree, Diagonal):
                pieces.make(other, by_entry([*edge.tree.operands, *labels]))
            elif not labels and vertex == ONE_PLACE:
                pieces.make(other, transposed(matrix) if rows else matrix)
            else:
                vector = column(by_entry(labels) if labels else Ones(length), rows=rows)
                made = product_of(matrix, vector)
                pieces.make(other, transposed(made) if rows else made)
        case [first, second]:
            if second.column == vertex and first.column != vertex:
                first, second = second, first
            row, end = first.other(vertex), second.other(vertex)
            between = [Diagonal((by_entry(labels),))] if labels and vertex != ONE_PLACE else []
            pieces.scalars += labels if vertex == ONE_PLACE else []
            pieces.connect(_edge(product_of(first.from_row(row), *between, second.from_row(vertex)), row, end, pieces))
        case _:
            raise NoMatrixForm((f"{len(edges)} factors with two indices meet at the summed index {vertex.split('#')[0]}",))


def _edge(tree: Expression, row: str, column: str, pieces: Pieces) -> Edge:
    *front, last = tree.factors if isinstance(tree, Mul) else (tree,)
    pieces.scalars += front
    return Edge(last, row, column)


def _of_labels(labels: Sequence[Expression], length: Affine, *, rows: bool) -> Expression:
    """What is summed over one index alone: `uᵀ v`, `𝟏ᵀ u`, or how many places there are."""
    if not labels:
        return integer(length)
    if len(labels) == 1:
        return Total(tuple(labels), 1)
    first = next((label for label in labels if not isinstance(label, MatrixProduct)), labels[0])
    rest = list(labels)
    rest.remove(first)
    other = by_entry(rest)
    if first == other:
        return Total((power(first, num(2)),), 1)
    return product_of(transposed(column(first, rows=rows)), column(other, rows=rows))


def _what_is_left(pieces: Pieces) -> Array:
    """A number, a vector, or a matrix with labels at its rows and columns."""
    left = pieces.vertices
    if len(left) > 2:
        raise NoMatrixForm((f"it has {len(left)} indices, and a matrix has two",))
    if not left:
        return Array(tuple(pieces.scalars))
    if len(left) == 1:
        *front, last = pieces.labels(left[0]) if left[0] == ONE_PLACE else [by_entry(pieces.labels(left[0]))]
        return Array((*pieces.scalars, *front), last, (left[0],))
    if not pieces.edges:
        first, second = (column(by_entry(pieces.labels(vertex)), rows=pieces.rows) for vertex in left)
        return Array(tuple(pieces.scalars), product_of(first, transposed(second)), (left[0], left[1]))
    (edge,) = pieces.edges
    factors = [edge.tree]
    for vertex in (edge.row, edge.column):
        labels = pieces.labels(vertex)
        if vertex == ONE_PLACE:
            pieces.scalars += labels
        elif labels:
            factors.insert(0 if vertex == edge.row else len(factors), Diagonal((by_entry(labels),)))
    return Array(tuple(pieces.scalars), product_of(*factors), (edge.row, edge.column))


# -- shapes -----------------------------------------------------------------------------------------------------------


def column(vector: Expression, *, rows: bool) -> Expression:
    """A vector as a column."""
    return transposed(vector) if rows else vector


def by_entry(trees: Sequence[Expression]) -> Expression:
    """`u ⊙ v`; of one array, itself."""
    flat = [each for tree in trees for each in (tree.operands if isinstance(tree, Hadamard) else (tree,))]
    return flat[0] if len(flat) == 1 else Hadamard(tuple(flat))


def narrowed(array: Array, *, rows: bool) -> Array:
    """The array without an axis of one place."""
    if array.tree is None or ONE_PLACE not in array.indices:
        return array
    if len(array.indices) == 1:
        return Array((*array.scalars, array.tree))
    row, end = array.indices
    standing = array.tree if end == ONE_PLACE else transposed(array.tree)
    return Array(array.scalars, column(standing, rows=rows), (row if end == ONE_PLACE else end,))


def alike(arrays: Sequence[Array]) -> tuple[str, ...]:
    """The indices that arrays have together, in the order of the first that has two."""
    first = max(arrays, key=lambda each: len(each.indices)).indices
    found = tuple(dict.fromkeys((*first, *(index for each in arrays for index in each.indices))))
    if len(found) > 2:
        raise NoMatrixForm((f"it has {len(found)} indices, and a matrix has two",))
    return found


def broadcast(array: Array, target: tuple[str, ...], ranges: Mapping[str, Axis], *, rows: bool) -> Expression:
    """The array over the indices `target`: turned, or repeated along an index that it lacks, by products with 𝟏."""
    if array.indices == target or array.value == ZERO:
        return array.value
    if array.indices == target[::-1]:
        return transposed(array.value)
    if ONE_PLACE not in target and ONE_PLACE in array.indices:
        return broadcast(narrowed(array, rows=rows), target, ranges, rows=rows)
    ones = [number(1) if vertex == ONE_PLACE else ranges[vertex].length for vertex in target]
    if not {*array.indices} - {ONE_PLACE}:
        if len(target) < 2:
            return array.value if target == (ONE_PLACE,) else mul(array.value, Ones(ones[0]))
        return mul(array.value, _outer(Ones(ones[0]), Ones(ones[1]), target, rows=rows))
    (index,) = array.indices
    parts = [array.tree if vertex == index else Ones(length) for vertex, length in zip(target, ones, strict=True)]
    assert parts[0] is not None, "what has indices has a tree"
    assert parts[1] is not None, "what has indices has a tree"
    return mul(*array.scalars, _outer(parts[0], parts[1], target, rows=rows))


def _outer(first: Expression, second: Expression, target: tuple[str, ...], *, rows: bool) -> Expression:
    """`u vᵀ`, without the single 1 of an axis of one place."""
    parts = [column(first, rows=rows), transposed(column(second, rows=rows))]
    return product_of(*(part for part, vertex in zip(parts, target, strict=True) if vertex != ONE_PLACE))
