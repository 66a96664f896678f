"""Networks whose pictures are tested, besides those that are shipped, and their pictures."""

from __future__ import annotations

from functools import cache

from shipped import SPECS, graph_of

from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.graph.weights import find_weights
from backprop_derive.presentation.drawing import draw
from backprop_derive.presentation.picture import Picture
from backprop_derive.spec.loading import read_spec

SHIPPED = [path.stem for path in SPECS]
WRITTEN = {
    "one": "inputs: x\nnodes: {A: {weights: {w: x}, activation: tanh}}\ntargets: y\nloss: half_squared_error\n",
    "softmax": "inputs: {x: 2}\nlayers: [{dense: 2}, softmax]\nloss: cross_entropy\n",
    "dense": "inputs: {x: 8}\nlayers: [{dense: 8, activation: tanh}, {dense: 8, activation: relu}]\nloss: half_squared_error\n",
    "large": "inputs: {x: 784}\nlayers: [{dense: n, activation: relu}, {dense: 8}]\nloss: mse\n",
    "tied": "inputs: [x1, x2]\nlayers:\n- {dense: [h1, h2], weights: W, activation: tanh}\n- {dense: [o1, o2], weights: W^T, bias: none}\ntargets: [y1, y2]\nloss: half_squared_error\n",
    "shared": "inputs: [x1, x2, x3]\nnodes:\n  A: {weights: {w: [x1, x2], u: x3}, activation: tanh}\n  B: {weights: {w: [x2, x3], v: A}, bias: b, activation: tanh}\ntargets: y\nloss: half_squared_error\n",
    "residual": "inputs: {x: 3}\nlayers:\n- residual: [{dense: 3, activation: tanh}, {dense: 3}]\n- dense: 1\nloss: half_squared_error\n",
    "skips": "inputs: x\nnodes:\n  A: {weights: {w1: x}, activation: tanh}\n  B: {weights: {w2: A}, activation: tanh}\n  D: {weights: {w3: B, s1: x}, activation: tanh}\n  E: {weights: {w4: D, s2: A, s3: x}, activation: tanh}\ntargets: y\nloss: half_squared_error\n",
    "named": "inputs: [x1, x2, x3, x4, x5]\nlayers:\n- {dense: [h1, h2, h3, h4], weights: [[a1, a2, a3, a4, a5], [b1, b2, b3, b4, b5], [c1, c2, c3, c4, c5], [d1, d2, d3, d4, d5]], bias: none, activation: sigmoid}\n- {dense: [o], weights: [[v1, v2, v3, v4]], bias: none}\ntargets: y\nloss: half_squared_error\n",
    "window": "inputs: {x: 6}\ntargets: y\nparameters: [k, b, v]\nsizes: {k: [3], v: [4], z: [4]}\nequations:\n  z[t]: sum(k[s]*x[t+s-1], s) + b\n  a[t]: relu(z[t])\n  o: sum(v[t]*a[t], t)\n  L: half_squared_error(o, y)\nloss: L\n",
    "stride": "inputs: {x: 7}\ntargets: y\nparameters: [k, v]\nsizes: {k: [3], v: [3], z: [3]}\nequations:\n  z[t]: tanh(sum(k[s]*x[2*t+s-2], s))\n  o: sum(v[t]*z[t], t) + z[3]\n  L: half_squared_error(o, y)\nloss: L\n",
    "norm": "inputs: {x: 4}\ntargets: {y: 4}\nparameters: [g, b]\nsizes: {g: [4], b: [4]}\nequations:\n  mu: sum(x[j], j)/4\n  v: sum((x[j] - mu)^2, j)/4\n  h[j]: (x[j] - mu)/sqrt(v + 0.001)\n  o[j]: g[j]*h[j] + b[j]\n  L: 1/2*sum((o[j] - y[j])^2, j)\nloss: L\n",
    "gates": "inputs: {x: [T, n]}\ntargets: {y: d}\nparameters: [Wf, Wg, Uf, Ug]\nsizes: {Wf: [d, n], Wg: [d, n], Uf: [d, d], Ug: [d, d]}\nequations:\n  f[t,j]: sigmoid(sum(Wf[j,k]*x[t,k], k) + sum(Uf[j,l]*h[t-1,l], l))\n  g[t,j]: tanh(sum(Wg[j,k]*x[t,k], k) + sum(Ug[j,l]*h[t-1,l], l))\n  h[t,j]: f[t,j]*h[t-1,j] + (1 - f[t,j])*g[t,j]\n  h[0,j]: 0\n  L: 1/2*sum((h[T,j] - y[j])^2, j)\nloss: L\n",
}  # fmt: skip
ALL = [*SHIPPED, *WRITTEN]


@cache
def derivation_of(name: str) -> Derivation:
    """The derivation of a shipped spec, of one of those here, or of a spec that is given as text."""
    return derive(graph_of(name) if name in SHIPPED else build_graph(read_spec(WRITTEN.get(name, name), "spec")))


@cache
def picture_of(name: str, weight: str | None = None) -> Picture:
    """The picture of a network, with the paths of a weight."""
    derivation = derivation_of(name)
    return draw(derivation, None if weight is None else find_weights((weight,), derivation.graph)[0])


def weight_of(name: str) -> str:
    """A weight of the network, the first entry of an array."""
    node = next(node for node in derivation_of(name).graph.nodes if node.role == "parameter")
    return node.name + (f"[{','.join('1' for _ in node.axes)}]" if node.axes else "")
