"""Networks that refer to themselves at another step."""

from __future__ import annotations

RECURRENT_NETWORKS = {
    "elman_network": """
inputs: {x: [T, n]}
targets: {y: T}
parameters: [W, U, b, v, h0]
sizes: {W: [d, n], U: [d, d], b: [d], v: [d], h0: [d]}
equations:
  s[t,j]: sum(W[j,k]*x[t,k], k) + sum(U[j,l]*h[t-1,l], l) + b[j]
  h[t,j]: tanh(s[t,j])
  h[0,j]: h0[j]
  o[t]: sum(v[j]*h[t,j], j)
  L: 1/2*sum((o[t] - y[t])^2, t)
""",
    "scalar_recurrence": """
inputs: {x: T}
parameters: [w, u]
equations:
  h[t]: tanh(w*x[t] + u*h[t-1])
  h[0]: 0
  L: h[T]^2
cost: single
""",
    "lstm": """
inputs: {x: [T, n]}
targets: {y: [d]}
parameters: [W, U, b, V, R, c, A, B, e, F, G, l]
sizes: {W: [d, n], U: [d, d], b: [d], V: [d, n], R: [d, d], c: [d], A: [d, n], B: [d, d], e: [d], F: [d, n], G: [d, d], l: [d]}
equations:
  zi[t,j]: sum(W[j,k]*x[t,k], k) + sum(U[j,p]*h[t-1,p], p) + b[j]
  zf[t,j]: sum(V[j,k]*x[t,k], k) + sum(R[j,p]*h[t-1,p], p) + c[j]
  zg[t,j]: sum(A[j,k]*x[t,k], k) + sum(B[j,p]*h[t-1,p], p) + e[j]
  zo[t,j]: sum(F[j,k]*x[t,k], k) + sum(G[j,p]*h[t-1,p], p) + l[j]
  s[t,j]: sigmoid(zf[t,j])*s[t-1,j] + sigmoid(zi[t,j])*tanh(zg[t,j])
  s[0,j]: 0
  h[t,j]: sigmoid(zo[t,j])*tanh(s[t,j])
  h[0,j]: 0
  L: 1/2*sum((h[T,j] - y[j])^2, j)
cost: single
""",
    "bidirectional": """
inputs: {x: T}
targets: {y: T}
parameters: [w, u, r, q]
equations:
  h[t]: tanh(w*x[t] + u*h[t-1])
  h[0]: 0
  g[t]: tanh(w*x[t] + r*g[t+1])
  g[T+1]: 0
  o[t]: h[t]*g[t] + q
  L: 1/2*sum((o[t] - y[t])^2, t)
""",
    "two_steps_back": """
inputs: {x: T}
parameters: [a, b]
equations:
  h[t]: a*h[t-1] + b*h[t-2] + x[t]
  h[0]: 1
  h[-1]: 0
  L: sum(h[t]^2, t)
cost: single
""",
    "last_step_only": """
inputs: {x: [T, n]}
parameters: [W, U]
targets: {y: d}
sizes: {W: [d, n], U: [d, d]}
equations:
  h[t,j]: tanh(sum(W[j,k]*x[t,k], k) + sum(U[j,l]*h[t-1,l], l))
  h[0,j]: 0
  L: 1/2*sum((h[T,j] - y[j])^2, j)
cost: single
""",
}
