"""Networks that hand calculations are judged on."""

from __future__ import annotations

from functools import cache

from backprop_derive import build_graph, derive, read_spec
from backprop_derive.answers.claims import Verdict
from backprop_derive.answers.judging import judge
from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.vocabulary import Vocabulary, vocabulary_of
from backprop_derive.answers.worlds import Worlds

NEURONS = """
inputs: [x1, x2]
nodes:
  A1: {weights: {w11: x1, w12: x2}, activation: f_A1, output: o1}
  A2: {weights: {w21: x1, w22: x2}, activation: f_A2, output: o2}
  B: {weights: {v1: A1, v2: A2}, activation: f_B, output: y'}
targets: y
loss: half_squared_error
"""
SPECS = {
    "neurons": NEURONS,
    "summed": NEURONS + "cost: sum\n",
    "single": NEURONS + "cost: single\n",
    "layers": """
inputs: {x: 3}
layers: [{dense: 4, activation: tanh}, {dense: 2, activation: softmax}]
loss: cross_entropy
""",
    "classes": """
inputs: {x: 2}
layers: [{dense: 3, activation: softmax}]
targets: {y: classes}
loss: cross_entropy
cost: single
""",
    "any sizes": """
inputs: {x: n}
layers: [{dense: h, activation: relu}, {dense: q, activation: softmax}]
loss: cross_entropy
""",
    "logistic": """
inputs: {x: 2}
layers: [{dense: 1, activation: sigmoid}]
loss: binary_cross_entropy
constants: [lambda]
regularization: {l2: lambda, of: weights}
""",
    "recurrent": """
inputs: {x: [T, d]}
parameters: [Wx, Wh, b, v]
sizes: {Wx: [n, d], Wh: [n, n], b: [n], v: [n]}
equations:
  h[0,j]: 0
  s[t,j]: sum(Wx[j,k]*x[t,k], k) + sum(Wh[j,l]*h[t-1,l], l) + b[j]
  h[t,j]: tanh(s[t,j])
  yhat: sum(v[j]*h[T,j], j)
targets: y
loss: half_squared_error(yhat, y)
cost: single
""",
    "margin": """
inputs: {x: 2}
layers: [{dense: 1}]
loss: hinge
cost: single
""",
    "rectified": """
inputs: x
nodes:
  H: {weights: {w1: x}, bias: b, activation: relu, output: h, preactivation: z}
  O: {weights: {w2: H}, activation: sigmoid, output: o}
targets: t
loss: half_squared_error
cost: single
""",
    "written out": """
inputs: [z1, z2, y1, y2]
parameters: [w]
equations:
  n: exp(w*z1) + exp(z2)
  p1: exp(w*z1)/n
  p2: exp(z2)/n
  loss: -(y1*log(p1) + y2*log(p2))
cost: single
""",
    "gates": """
parameters: [x, y, z, w]
equations:
  k: max(z, w)
  s: x*y + k
  f: 2*s
cost: single
""",
    "large": """
inputs: {x: 784}
layers: [{dense: 100, activation: relu}, {dense: 10, activation: softmax}]
loss: cross_entropy
""",
    "large mean": """
inputs: {x: 300}
layers: [{dense: 60, activation: tanh}, {dense: 10}]
loss: mse
cost: single
""",
    "scaled": """
inputs: x
parameters: [w]
constants: [c]
values: {c: 3}
equations:
  o: c*w*x
targets: t
loss: half_squared_error(o, t)
cost: single
""",
}


@cache
def network(name: str) -> tuple[Vocabulary, Worlds]:
    """The names of a network, and its random points."""
    derivation = derive(build_graph(read_spec(SPECS[name], name)))
    return vocabulary_of(derivation), Worlds(derivation)


def judged(name: str, text: str) -> Verdict:
    """What is said of a line."""
    vocabulary, worlds = network(name)
    return judge(worlds, read_statement(text, vocabulary))
