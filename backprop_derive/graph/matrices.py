"""Operations on whole arrays: `W2ᵀ δ2 ⊙ f'(z1)`.

In them a `Ref` stands without indices for the whole array (with the sample index for that of one sample), a vector is a column, and
`Add`, `Power`, functions and comparisons act entry by entry; a `Mul` has numbers in it, and one array at most, which comes last.
"""

from __future__ import annotations

from backprop_derive.frozen import dataclass
from backprop_derive.graph.expressions import Add, Expression, Fold, Mul, Number, Power, Whole, children, mul, num
from backprop_derive.graph.indices import Affine


@dataclass(frozen=True, slots=True)
class MatrixProduct(Whole):
    """`A B v`, of matrices and vectors, two or more, in order."""


@dataclass(frozen=True, slots=True)
class Hadamard(Whole):
    """`u ⊙ v`, the product entry by entry of arrays of one shape, two or more."""


@dataclass(frozen=True, slots=True)
class Transposed(Whole):
    """`Aᵀ`; of a column the row."""


@dataclass(frozen=True, slots=True)
class Diagonal(Whole):
    """`diag(v)`, the matrix with the vector v on its diagonal and 0 elsewhere."""


@dataclass(frozen=True, slots=True)
class Total(Whole):
    """The sum of all entries: `𝟏ᵀ u` of a vector, `𝟏ᵀ A 𝟏` of a matrix; of squares it is `‖u‖²`."""

    rank: int


@dataclass(frozen=True, slots=True)
class Ones(Expression):
    """`𝟏`, the column of `length` ones."""

    length: Affine


def product_of(*factors: Expression) -> Expression:
    """The matrix product: nested products are flattened, numbers stand in front."""
    scalars: list[Expression] = []
    flat: list[Expression] = []
    for factor in factors:
        if isinstance(factor, Mul):
            *front, factor = factor.factors
            scalars += front
        flat.extend(factor.operands if isinstance(factor, MatrixProduct) else (factor,))
    return mul(*scalars, flat[0] if len(flat) == 1 else MatrixProduct(tuple(flat)))


def transposed(tree: Expression) -> Expression:
    """The transpose: twice is not at all, that of a product is the product of the transposes, the other way round.

    >>> from backprop_derive.graph.expressions import Ref
    >>> A, x = Ref("A"), Ref("x")
    >>> transposed(MatrixProduct((A, x))) == MatrixProduct((Transposed((x,)), Transposed((A,))))
    True
    """
    match tree:
        case Transposed((inner,)):
            return inner
        case Diagonal():
            return tree
        case MatrixProduct(factors):
            return MatrixProduct(tuple(transposed(factor) for factor in reversed(factors)))
        case Mul((*front, last)):
            return mul(*front, transposed(last))
        case Fold("sum", bound, body):
            return Fold("sum", bound, transposed(body))
        case Add(terms) if any(isinstance(term, Fold | MatrixProduct) for each in terms for term in (each, *children(each)[-1:])):
            return Add(tuple(term if isinstance(term, Number) else transposed(term) for term in terms))
        case _:
            return Transposed((tree,))


def squared(tree: Expression) -> Expression | None:
    """`u`, if the array is `u²`, entry by entry."""
    match tree:
        case Power(base, exponent) if exponent == num(2):
            return base
        case Hadamard((one, other)) if one == other:
            return one
    return None
