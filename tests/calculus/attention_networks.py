"""Networks in which places of a sequence look at each other."""

from __future__ import annotations

ATTENTION_NETWORKS = {
    "attention": """
inputs: {x: [n, d]}
parameters: [Q, K, V]
sizes: {Q: [d, d], K: [d, d], V: [d, d]}
equations:
  q[t,a]: sum(Q[a,b]*x[t,b], b)
  k[t,a]: sum(K[a,b]*x[t,b], b)
  v[t,a]: sum(V[a,b]*x[t,b], b)
  S[t,s]: 1/sqrt(d)*sum(q[t,a]*k[s,a], a)
  P[t,s]: softmax(S[t,s], s)
  O[t,a]: sum(P[t,s]*v[s,a], s)
  L: sum(sum(O[t,a]^2, a), t)
cost: single
""",
    "causal_attention": """
inputs: {x: [n, d]}
parameters: [W]
sizes: {W: [d, d]}
equations:
  S[t,s]: where(s <= t, sum(sum(x[t,a]*W[a,b]*x[s,b], b), a), 0)
  Z[t]: sum(where(s <= t, exp(S[t,s]), 0), s)
  P[t,s]: where(s <= t, exp(S[t,s])/Z[t], 0)
  O[t,a]: sum(P[t,s]*x[s,a], s)
  L: sum(sum(O[t,a]^2, a), t)
cost: single
""",
    "entropy_of_attention": """
inputs: {x: [n, d]}
parameters: [w]
equations:
  S[t,s]: w*x[t,1]*x[s,1]
  P[t,s]: softmax(S[t,s], s)
  E[t]: -sum(P[t,s]*log(P[t,s]), s)
  L: sum(E[t], t)
cost: single
""",
}
