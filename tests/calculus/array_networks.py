"""Networks of arrays: sums over indices, softmax, norms, convolutions, pools, attention."""

from __future__ import annotations

from attention_networks import ATTENTION_NETWORKS

ARRAY_NETWORKS = {
    "logistic_in_equations": """
inputs: {x: n}
targets: y
parameters: [w, b]
sizes: {w: [n]}
equations:
  z: sum(w[k]*x[k], k) + b
  a: sigmoid(z)
  L: -(y*log(a) + (1 - y)*log(1 - a))
loss: L
""",
    "softmax_spelled_out": """
inputs: {x: n}
targets: {y: q}
parameters: [W, b]
sizes: {W: [q, n], b: [q]}
equations:
  s[c]: sum(W[c,k]*x[k], k) + b[c]
  p[c]: exp(s[c])/sum(exp(s[d]), d)
  L: -sum(y[c]*log(p[c]), c)
loss: L
""",
    "softmax_without_assumption": """
inputs: {x: n}
targets: {y: q}
parameters: [W, b]
sizes: {W: [q, n], b: [q]}
equations:
  s[c]: sum(W[c,k]*x[k], k) + b[c]
  p[c]: softmax(s[c], c)
  L: -sum(y[c]*log(p[c]), c)
loss: L
""",
    "softmax_with_assumption": """
inputs: {x: n}
parameters: [W]
targets: {y: q}
sizes: {W: [q, n]}
assume: ['sum(y) = 1']
equations:
  s[c]: sum(W[c,k]*x[k], k)
  p[c]: softmax(s[c], c)
  L: cross_entropy(p, y)
""",
    "log_sum_exp": """
inputs: {x: n}
parameters: [W1, b1, W2]
targets: {y: q}
sizes: {W1: [h, n], b1: [h], W2: [q, h]}
equations:
  z[j]: sum(W1[j,k]*x[k], k) + b1[j]
  a[j]: tanh(z[j])
  s[c]: sum(W2[c,j]*a[j], j)
  L: log(sum(exp(s[c]), c)) - sum(y[c]*s[c], c)
cost: single
""",
    "tied_autoencoder": """
inputs: {x: n}
parameters: [W]
sizes: {W: [h, n]}
equations:
  z[j]: sum(W[j,k]*x[k], k)
  a[j]: tanh(z[j])
  r[k]: sum(W[j,k]*a[j], j)
  L: 1/2*sum((r[k] - x[k])^2, k)
""",
    "residual": """
inputs: {x: n}
parameters: [W, V]
targets: {y: n}
sizes: {W: [n, n], V: [n, n]}
equations:
  z[j]: sum(W[j,k]*x[k], k)
  a[j]: relu(z[j])
  r[j]: x[j] + sum(V[j,k]*a[k], k)
  z2[j]: sum(W[j,k]*r[k], k)
  o[j]: tanh(z2[j]) + r[j]
  L: 1/2*sum((o[j] - y[j])^2, j)
""",
    "bilinear": """
inputs: {x: n, u: q}
parameters: [W]
sizes: {W: [n, q]}
equations:
  s: sum(sum(x[j]*W[j,k]*u[k], k), j)
  L: 1/2*s^2
""",
    "trace_of_a_square": """
parameters: [W]
inputs: u
sizes: {W: [n, n]}
equations:
  L: u*sum(sum(W[i,k]*W[k,i], k), i) + sum(W[i,i]^3, i)
""",
    "matrix_square": """
parameters: [A]
inputs: u
sizes: {A: [n, n]}
equations:
  B[i,j]: sum(A[i,k]*A[k,j], k)
  L: u*sum(sum(B[i,j]*B[i,j], j), i)
cost: single
""",
    "loss_at_two_places": """
inputs: {x: n}
parameters: [w]
sizes: {w: [n]}
equations:
  z[k]: w[k]*x[k]
  L: z[2]^2 + z[n]
""",
    "matrix_of_two_numbers": """
inputs: {x: 2}
parameters: [a, b]
equations:
  W[j,k]: where(j = k, a, b)
  z[j]: sum(W[j,k]*x[k], k)
  L: sum(z[j]^3, j)
sizes: {W: [2, 2]}
""",
    "quadratic_form_of_two_numbers": """
inputs: {x: 2}
parameters: [a, b]
equations:
  W[j,k]: where(j = k, a, b)
  L: sum(sum(x[j]*W[j,k]*x[k], k), j)^2
sizes: {W: [2, 2]}
cost: single
""",
    "diagonal_cubed": """
inputs: {x: n}
parameters: [W]
sizes: {W: [n, n]}
equations:
  L: sum(x[j]*W[j,j]^3, j)
""",
    "triangular_sum": """
inputs: {x: n}
parameters: [w]
sizes: {w: [n], c: [n]}
equations:
  c[j]: sum(w[k]*x[k], k, 1, j)
  L: sum(c[j]^2, j)
""",
    "product_over_an_index": """
inputs: {x: n}
parameters: [w]
sizes: {w: [n]}
equations:
  P: prod(w[k]*x[k], k)
  L: (P - 1)^2
""",
    "range_of_values": """
inputs: {x: n}
parameters: [w]
sizes: {w: [n]}
equations:
  z[k]: w[k]*x[k]
  lo: min(z[k], k)
  hi: max(z[k], k)
  L: (hi - lo)^2
""",
    "layer_norm": """
inputs: {x: n}
targets: {y: n}
parameters: [g, b, eps]
sizes: {g: [n], b: [n]}
equations:
  mu: 1/n*sum(x[k], k)
  var: 1/n*sum((x[k] - mu)^2, k)
  r: 1/sqrt(var + eps)
  xh[k]: (x[k] - mu)*r
  o[k]: g[k]*xh[k] + b[k]
  L: 1/2*sum((o[k] - y[k])^2, k)
""",
    "batch_norm": """
inputs: {x: [N, d]}
parameters: [gamma, beta, w]
constants: [eps]
targets: {t: N}
sizes: {gamma: [d], beta: [d], w: [d]}
equations:
  mu[k]: 1/N*sum(x[r,k], r)
  v[k]: 1/N*sum((x[r,k] - mu[k])^2, r)
  xhat[r,k]: (x[r,k] - mu[k])/sqrt(v[k] + eps)
  o[r,k]: gamma[k]*xhat[r,k] + beta[k]
  s[r]: sum(w[k]*o[r,k], k)
  L: 1/(2*N)*sum((s[r] - t[r])^2, r)
cost: single
values: {eps: 0.1}
""",
    "convolution_with_stride": """
inputs: {x: 9}
parameters: [w]
equations:
  y[t]: sum(w[k]*x[2*t+k-2], k)
  L: sum(y[t]^2, t)
sizes: {w: [3], y: [4]}
""",
    "convolution_with_padding": """
inputs: {x: n}
parameters: [w]
sizes: {w: [3], y: [n]}
equations:
  y[t]: sum(w[k]*where(t+k-2 >= 1, where(t+k-2 <= n, x[t+k-2], 0), 0), k)
  L: sum(y[t]^2, t)
""",
    "convolution_with_stride_and_padding": """
inputs: {x: n}
parameters: [w]
sizes: {w: [3], y: [p]}
equations:
  y[t]: sum(w[k]*where(2*t+k-3 >= 1, where(2*t+k-3 <= n, x[2*t+k-3], 0), 0), k)
  L: sum(y[t]^2, t)
cost: single
""",
    "convolution_of_an_image": """
inputs: {x: [H, V]}
parameters: [w]
sizes: {w: [2, 3], y: [H - 1, V - 2]}
equations:
  y[p,q]: sum(sum(w[a,b]*x[p+a-1,q+b-1], b), a)
  L: sum(sum(y[p,q]^2, q), p)
cost: single
""",
    "average_pool": """
inputs: {x: 9}
parameters: [w]
sizes: {w: [9], y: [3]}
equations:
  z[t]: w[t]*x[t]
  y[t]: 1/3*sum(z[3*t-3+k], k, 1, 3)
  L: sum(y[t]^3, t)
cost: single
""",
    "max_pool_that_overlaps": """
inputs: {x: n}
parameters: [w]
sizes: {y: [n - 2], w: [n]}
equations:
  z[t]: w[t]*x[t]
  y[t]: max(z[t+k], k, 0, 2)
  L: sum(y[t]^2, t)
""",
    "max_pool_after_relu": """
inputs: {x: 7}
parameters: [w]
sizes: {w: [7], y: [3]}
equations:
  z[t]: relu(w[t]*x[t])
  y[t]: max(z[2*t-2+k], k, 1, 2)
  L: sum(y[t]^3, t)
cost: single
""",
    "window_of_exponentials": """
inputs: {x: n}
parameters: [w]
sizes: {w: [n], s: [n - 2]}
equations:
  z[t]: w[t]*x[t]
  s[t]: sum(exp(z[t+k]), k, 0, 2)
  L: sum(log(s[t]), t)
""",
    "every_second_entry": """
inputs: {x: 8}
parameters: [w]
sizes: {w: [8], y: [4]}
equations:
  z[k]: w[k]*x[k]
  y[t]: z[2*t]
  L: sum(y[t]^3, t)
""",
    **ATTENTION_NETWORKS,
}
