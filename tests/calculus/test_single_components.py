"""A component of a vector function that stands alone, or one of another vector at each place: the row's other components are no entries of the node."""

from __future__ import annotations

import pytest
from proving import Point, derivation_of, faults, gradient_text

HEAD = "inputs: {x: 3}\nparameters: [w, V]\nsizes: {V: [3, 3]}\nequations:\n"
P = "softmax(w*x[k], k, 2)"
OTHER = "sum(softmax(w*x[l], l, k)*x[k], k)"


@pytest.mark.parametrize(
    ("equations", "gradient"),
    [
        (f"  L: {P} + sum(V)\n", f"1/m*sum({P}*x[2] - {P}*{OTHER}, i)"),
        (f"  L: 3*{P} + sum(V)\n", f"3/m*sum({P}*x[2] - {P}*{OTHER}, i)"),
        ("  p: softmax(w*x[k], k, 2)\n  L: p^2 + sum(V)\n", f"2/m*sum(p^2*(x[2] - {OTHER}), i)"),
        ("  L: log_softmax(w*x[k], k, 2) + sum(V)\n", "1/m*sum(x[2] - sum(exp(log_softmax(w*x[l], l, k))*x[k], k), i)"),
        ("  p[j]: softmax(w*V[j,k]*x[k], k, j)\n  L: sum(p[j]*x[j]^2, j)\n", None),
        ("  p[j]: log_softmax(w*V[j,k]*x[k], k, j)\n  L: sum(p[j]*x[j]^2, j)\n", None),
        ("  s[j,k]: w*V[j,k]*x[k]\n  p[j]: exp(s[j,j])/sum(exp(s[j,k]), k)\n  L: sum(p[j]*x[j]^2, j)\n", None),
        ("  p[j]: softmax(w*x[k], k, j+1)\n  L: sum(p[j]*x[j], j, 1, 2) + sum(V)\nsizes: {V: [3, 3], p: [2]}\n", None),
        ("  p[j]: softmax(w*x[k], k, 4-j)\n  L: sum(p[j]*x[j], j) + sum(V)\nsizes: {V: [3, 3], p: [3]}\n", None),
        ("  p[i,j]: softmax(w*V[k,j]*x[k], k, i)\n  L: sum(sum(p[i,j]*x[j], j)^2, i)\n", None),
    ],
)
def test_form_and_value(equations: str, gradient: str | None) -> None:
    text = HEAD.replace("sizes: {V: [3, 3]}\n", "") + equations if "sizes:" in equations else HEAD + equations
    assert gradient is None or gradient_text(text, "w") == gradient
    for seed in (0, 1):
        assert faults(Point(derivation_of(text), seed=seed), ["w", "V", "x"]) == []
