"""Names of the spec that are letters of indices, of samples, of sizes, or what an adjoint would be called."""

from __future__ import annotations

import pytest
from proving import Point, derivation_of, faults, gradient_text, step_faults, writer_of

from backprop_derive.calculus.adjoints import with_adjoints
from backprop_derive.errors import SpecError

INDEX_LETTERS_SHARED = """parameters: [A, W]
inputs: {x: n}
sizes: {A: [n, n], W: [n, n]}
equations:
  B[i,j]: sum(A[i,k]*A[k,j], k)
  D[k,i]: sum(B[i,j]*W[j,k], j)
  v[j]: sum(D[j,i]*x[i], i)
  L: sum(v[k]*sum(A[k,j]*v[j], j), k)
"""

SAME_LETTER_INSIDE = """parameters: [w, u]
inputs: {x: n}
sizes: {w: [n], u: [n]}
equations:
  a[k]: w[k]*sum(u[k]*x[k], k)
  L: sum(a[k]*sum(a[k]^2, k), k)*sum(a[j], j)
"""

SIZE_AND_NODE = """inputs: {x: h}
parameters: [W]
targets: y
sizes: {W: [m, h]}
equations:
  a[j]: tanh(sum(W[j,p]*x[p], p))
  i: sum(a[j]^2, j)
  k: i^2
  L: 1/2*(k - y)^2
"""

NODES_CALLED_LIKE_ADJOINTS = """inputs: x
parameters: [w, v, delta, bar_w]
targets: y
equations:
  z: w*x
  bar_z: tanh(z)
  delta_B: v*bar_z*delta
  delta1: delta_B + bar_w*z
  bar_delta1: delta1^2
  C: bar_delta1 + delta1
  L: (C - y)^2
"""

NEURONS_CALLED_LIKE_ADJOINTS = """inputs: [delta1, m]
nodes:
  delta: {weights: {i: delta1, bar_L: m}, bias: bar_i, activation: tanh, output: delta_A}
  A: {weights: {v: delta, i: m}, bias: C, activation: f, output: L}
targets: J
loss: half_squared_error
"""

GREEK_AND_PRIMES = """inputs: {λ: n}
parameters: [σ, w']
targets: ŷ
sizes: {σ: [n]}
equations:
  z': sum(σ[k]*λ[k], k)
  a^(2): tanh(z')*w'
  L: 1/2*(a^(2) - ŷ)^2
"""

ONES = """inputs: 1
layers:
  - dense: 1
    activation: tanh
  - dense: 1
loss: mse
"""

CLASHES = {
    "index letters shared": INDEX_LETTERS_SHARED,
    "the same letter inside": SAME_LETTER_INSIDE,
    "size m and nodes i and k": SIZE_AND_NODE,
    "nodes called like adjoints": NODES_CALLED_LIKE_ADJOINTS,
    "neurons called like adjoints": NEURONS_CALLED_LIKE_ADJOINTS,
    "greek letters, primes, labels": GREEK_AND_PRIMES,
    "axes of length one": ONES,
}


@pytest.mark.parametrize("name", CLASHES)
@pytest.mark.parametrize("cost", ["mean", "sum", "single"])
def test_names_that_clash(name: str, cost: str) -> None:
    point = Point(derivation_of(f"{CLASHES[name]}cost: {cost}\n"))
    assert faults(point) == []
    assert step_faults(point) == []


def test_an_adjoint_never_takes_a_name_of_the_spec() -> None:
    derivation = derivation_of(NODES_CALLED_LIKE_ADJOINTS)
    assert not set(derivation.names.values()) & set(derivation.graph.by_name)
    assert len(set(derivation.names.values())) == len(derivation.names)


def test_the_names_are_fresh_at_a_second_differentiation() -> None:
    derivation = derivation_of(NODES_CALLED_LIKE_ADJOINTS)
    twice = with_adjoints(derivation.graph, derivation.adjoints)
    assert len({node.name for node in twice.nodes}) == len(twice.nodes)


def test_the_letters_of_the_samples_step_aside() -> None:
    samples = derivation_of(SIZE_AND_NODE).graph.samples
    assert samples is not None
    assert samples.index not in ("i", "j", "k")
    assert samples.size not in ("m", "h")
    assert gradient_text(SIZE_AND_NODE, "W").startswith(f"4/{samples.size}*sum(")


def test_a_bound_letter_is_never_free_beside_its_sum() -> None:
    derivation = derivation_of(INDEX_LETTERS_SHARED)
    written = writer_of(derivation).write(derivation.gradient("A").backward)
    assert "A[j,j]" not in written
    assert written == "1/m*(sum(bar_B[j,l]*A[k,l], l) + sum(bar_B[i,k]*A[i,j], i) + sum(v[j]*v[k], s))"


def test_two_things_with_one_name_are_an_error() -> None:
    with pytest.raises(SpecError, match="two things"):
        derivation_of("inputs: x\nparameters: [x]\nequations:\n  L: x^2\n")
