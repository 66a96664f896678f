"""Networks of dense layers, neurons and scalars."""

from __future__ import annotations

DENSE_NETWORKS = {
    "binary_cross_entropy": """
inputs: 3
layers:
  - dense: 1
    activation: sigmoid
loss: binary_cross_entropy
""",
    "softmax_cross_entropy": """
inputs: 4
layers:
  - dense: 3
loss: softmax_cross_entropy
""",
    "softmax_cross_entropy_of_named_units": """
inputs: [x1,x2]
layers:
  - dense: [s1,s2,s3]
    weights: [[w1,w2],[w3,w4],[w5,w6]]
targets: [y1,y2,y3]
loss: softmax_cross_entropy
""",
    "softmax_of_named_units": """
inputs: [x1,x2]
layers:
  - dense: [p1,p2,p3]
    weights: [[w1,w2],[w3,w4],[w5,w6]]
    activation: softmax
targets: [y1,y2,y3]
loss: cross_entropy
cost: single
""",
    "mse_with_numbers": """
inputs: 3
layers:
  - dense: 4
    activation: relu
  - dense: 2
    activation: softplus
loss: mse
""",
    "mse_with_symbols": """
inputs: {x: n}
layers:
  - dense: h
    activation: tanh
  - dense: q
loss: mse
""",
    "three_layers": """
inputs: 2
layers:
  - dense: h
    activation: relu
  - dense: h
    activation: softplus
  - dense: q
    activation: softmax
loss: cross_entropy
""",
    "vector_layer_then_named_units": """
inputs: [x1, x2]
layers:
  - dense: 3
    activation: tanh
  - dense: [o1, o2]
    activation: sigmoid
targets: [t1, t2]
loss: binary_cross_entropy
""",
    "weight_and_bias_shared": """
inputs: [x1,x2]
nodes:
  H: {weights: {w: [x1, x2]}, bias: b, activation: tanh}
  O: {weights: {w: H, v: x1}, bias: b, activation: f}
targets: y
loss: half_squared_error
""",
    "own_activation": """
inputs: [x]
functions:
  swish2(z): z*sigmoid(z)
  snake: abstract
nodes:
  A: {weights: {w: x}, bias: b, activation: swish2}
  B: {weights: {v: A}, activation: snake}
targets: y
loss: squared_error
cost: sum
""",
    "neurons_that_share": """
inputs: [x]
nodes:
  A: {weights: {w: x}, bias: b, activation: f}
  B: {weights: {v: A, w: A}, activation: f}
  C: {weights: {w: [A, B], u: x}, activation: g, output: L}
targets: y
loss: squared_error
""",
    "straight_line": """
inputs: x
parameters: [slope, intercept]
targets: y
equations:
  yhat: slope*x + intercept
loss: squared_error
""",
    "skip_connection": """
inputs: x
parameters: [w, v]
targets: y
equations:
  z: w*x
  h: tanh(z)
  o: v*h + h + x
  L: 1/2*(o - y)^2
""",
    "diamond": """
inputs: x
targets: y
parameters: [w]
equations:
  u: w*x
  a: u*u
  b: sin(u)
  c: a*b + u
  L: (c - y)^2
""",
    "dead_node": """
inputs: x
parameters: [w, v]
targets: y
equations:
  u: w*x
  dead: v*u
  L: 1/2*(u - y)^2
""",
    "node_without_samples": """
inputs: x
parameters: [w]
targets: y
equations:
  u: w^2
  z: u*x
  L: 1/2*(z - y)^2
""",
    "prelu": """
inputs: {x: n}
parameters: [w, alpha]
sizes: {w: [n]}
equations:
  z[k]: w[k]*x[k]
  a[k]: where(z[k] > 0, z[k], alpha*z[k])
  L: sum(a[k]^2, k)
""",
    "power_with_a_parameter": """
inputs: x
parameters: [w, p]
equations:
  u: (w*x)^p
  L: log(u) + u^2
""",
    "hinge": """
inputs: {x: n}
parameters: [w, b]
targets: y
sizes: {w: [n]}
equations:
  s: sum(w[k]*x[k], k) + b
  L: max(0, 1 - y*s)
""",
    "penalty": """
inputs: {x: n}
parameters: [w]
targets: y
constants: [c]
sizes: {w: [n]}
equations:
  s: sum(w[k]*x[k], k)
  R: c/2*sum(w[k]^2, k)
  L: 1/2*(s - y)^2 + R
""",
    "gaussian_log_variance": """
inputs: {x: n}
parameters: [w, s]
targets: y
sizes: {w: [n]}
equations:
  mu: sum(w[k]*x[k], k)
  sigma2: exp(s)
  L: 1/2*log(2*pi*sigma2) + (y - mu)^2/(2*sigma2)
""",
    "input_called_i": """
inputs: {i: m}
parameters: [w]
targets: C
sizes: {w: [m]}
equations:
  h: sum(w[k]*i[k], k)
  L: 1/2*(h - C)^2
""",
    "nodes_called_like_adjoints": """
inputs: {x: n}
parameters: [W]
targets: y
sizes: {W: [h, n]}
equations:
  h_1[j]: tanh(sum(W[j,k]*x[k], k))
  m: sum(h_1[j], j)
  bar_m: m^2
  delta1: bar_m + m
  C: delta1*y
  L: C^2
""",
    "abstract_functions": """
inputs: {x: n}
parameters: [W, v]
functions:
  f: abstract
  g: abstract
sizes: {W: [h, n], v: [h]}
equations:
  z[j]: sum(W[j,k]*x[k], k)
  a[j]: f(z[j])
  s: sum(v[j]*a[j], j)
  o: g(s)
  L: 1/2*o^2
""",
    "cosine": """
inputs: {x: n}
parameters: [w]
sizes: {w: [n]}
equations:
  d: sum(w[k]*x[k], k)
  nw: sqrt(sum(w[k]^2, k))
  nx: sqrt(sum(x[k]^2, k))
  L: 1 - d/(nw*nx)
""",
}
