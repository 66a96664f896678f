"""What names mean in real networks: layers, neurons, equations; weights' entries, adjoints, costs, batches, updates."""

from __future__ import annotations

from functools import cache

import pytest

from backprop_derive import build_graph, derive, load_spec, read_spec
from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.statements import Statement
from backprop_derive.answers.vocabulary import Vocabulary, vocabulary_of
from backprop_derive.errors import FormulaError
from backprop_derive.presentation.styles import AsciiWriter

SPECS = {
    "chain": """
inputs: x
nodes:
  h: {weights: {w1: x}, bias: b1, activation: sigmoid}
  o: {weights: {w2: h}, bias: b2, activation: sigmoid}
targets: y
loss: half_squared_error
""",
    "one": """
inputs: {x: 3}
layers: [{dense: 2, activation: sigmoid}]
loss: half_squared_error
""",
    "three": """
inputs: {x: 3}
layers: [{dense: 4, activation: tanh}, {dense: 4, activation: tanh}, {dense: 1}]
loss: half_squared_error
cost: single
""",
    "unit": """
inputs: {x: 3}
layers: [{dense: 4, activation: tanh}, {dense: 1, activation: sigmoid}]
loss: binary_cross_entropy
""",
    "logistic": """
inputs: {x: n}
layers: [{dense: 1, weights: w, bias: b, activation: sigmoid}]
loss: binary_cross_entropy
""",
    "recurrent": """
inputs: {x: n}
parameters: [wx, wrec, Wo]
constants: [S0, eps]
targets: t
equations:
  S[0]: S0
  S[k]: S[k-1]*wrec + x[k]*wx
  L: (Wo*S[n] - t)^2/(1 + eps)
""",
    "linear": """
inputs: x
parameters: [w, b]
targets: y
equations:
  yhat: w*x + b
  L: (yhat - y)^2
""",
}


@cache
def vocabulary(key: str) -> Vocabulary:
    spec = read_spec(SPECS[key], key) if key in SPECS else load_spec(f"specs/{key}.yaml")
    return vocabulary_of(derive(build_graph(spec)))


def shown(known: Vocabulary, statement: Statement) -> str:
    """The sides in the language of specs, with the names of the adjoints."""
    graph, names = known.graph, known.derivation.names
    writer = AsciiWriter(graph)
    writer.know({name: (graph.node(of).axes, graph.node(of).sampled) for of, name in names.items()})
    return " = ".join(writer.write(side.expression) for side in statement.sides)


ROWS = [
    # outputs by their unit's name, δ by unit, second spellings of derivatives
    ("chain", r"\frac{\partial L}{\partial w_1} = \frac{\partial L}{\partial o}\frac{\partial o}{\partial z_o}\frac{\partial z_o}{\partial h}", "dL/dw1 = dL/da_o*da_o/dz_o*dz_o/da_h"),
    ("chain", r"\delta_o = (o - y) o (1-o)", "delta_o = (a_o - y)*a_o*(1 - a_o)"),
    ("chain", r"\delta_h = \delta_o w_2 h(1-h)", "delta_h = delta_o*w2*a_h*(1 - a_h)"),
    ("chain", r"\sigma'(z_h)", "sigmoid(z_h)*(1 - sigmoid(z_h))"),
    ("chain", r"J(w_1,w_2) = \frac{1}{2m}\sum_i (y-o)^2", "C = 1/(2*m)*sum((y - a_o)^2, i)"),
    ("chain", r"\frac{1}{N}\sum_{n=1}^{N} (o_n-y_n) o_n(1-o_n) h_n", "1/m*sum((a_o - y)*a_o*(1 - a_o)*a_h, i)"),
    ("chain", "∂C/∂w₁", "dC/dw1"),
    ("chain", "𝜕C/𝜕w_1", "dC/dw1"),
    ("chain", r"\bar{o}", "bar_a_o"),
    # updates
    ("chain", r"\Delta w_1 = -\eta \delta_h x", "-eta*dC/dw1 = -eta*delta_h*x"),
    ("chain", "Δw_2 = η (y − o) o (1 − o) h", "-eta*dC/dw2 = eta*(y - a_o)*a_o*(1 - a_o)*a_h"),
    ("chain", r"w_1 \leftarrow w_1 - \alpha \frac{\partial C}{\partial w_1}", "w1 - eta*dC/dw1 = w1 - eta*dC/dw1"),
    ("chain", "w1 := w1 - lr*dC/dw1", "w1 - eta*dC/dw1 = w1 - eta*dC/dw1"),
    ("chain", r"w_1^+ = w_1 - \eta \frac{\partial E}{\partial w_1}", "w1 - eta*dC/dw1 = w1 - eta*dC/dw1"),
    ("chain", "w1+ = w1 - eta*dC/dw1", "w1 - eta*dC/dw1 = w1 - eta*dC/dw1"),
    ("chain", r"w_1^{new} = w_1 - \eta \delta_h x", "w1 - eta*dC/dw1 = w1 - eta*delta_h*x"),
    ("chain", "w1 = w1", "w1 = w1"),
    ("chain", r"-\frac{\partial C}{\partial w_1} = (y-o)o(1-o)w_2 h(1-h)x", "-dC/dw1 = (y - a_o)*a_o*(1 - a_o)*w2*a_h*(1 - a_h)*x"),
    # entries of the only layer, letters that are also the samples'
    *(("one", text, "W1[2,1]") for text in ("W_{21}", "w_{21}", "W_{2,1}", "W1[2,1]", "W_1[2,1]", "W[2][1]", "W^{(1)}_{21}", "W^{[1]}_{2,1}", "w_{21}^{(1)}", "W1_{21}", "W^1_{21}")),
    ("one", r"\frac{\partial C}{\partial W_{ji}} = \frac1m\sum_{n} \delta_j^{(n)} x_i^{(n)}", "dC/dW1[j,l] = 1/m*sum(delta1[j]*x[l], i)"),
    ("one", r"\frac{\partial C}{\partial w_{ji}} = \delta_j x_i", "dC/dW1[j,l] = delta1[j]*x[l]"),
    ("one", r"\hat y_1 - y_1", "a1[1] - y[1]"),
    ("one", r"\sum_{k=1}^{K} (a_k - y_k)^2", "sum((a1[k] - y[k])^2, k)"),
    ("one", "σ(z)(1 − σ(z))", "sigmoid(z1[j])*(1 - sigmoid(z1[j]))"),
    ("one", "x^{(2)}_3", "x[2,3]"),
    # letters of a name written as its subscript
    ("recurrent", r"\frac{\partial L}{\partial w_x}", "dL/dwx"),
    ("recurrent", r"\frac{\partial L}{\partial w_{rec}}", "dL/dwrec"),
    ("recurrent", "dL/dW_o = 2*(W_o*S[n] - t)*S[n]/(1 + ε)", "dL/dWo = 2*(Wo*S[n] - t)*S[n]/(1 + eps)"),
    ("recurrent", r"w_x x_k + w_{rec} S_{k-1}", "wx*x[k] + wrec*S[k - 1]"),
    # batches
    ("one", "dW1 = np.dot(dZ1, X.T)/m", "dC/dW1[j,k] = sum(delta1[l]*x[p], i)/m"),
    ("one", "dW = 1/m dZ X^T", "dC/dW1[j,k] = sum(1/m*delta1[l]*x[p], i)"),
    ("one", "db1 = np.sum(dZ1, axis=1, keepdims=True)/m", "dC/db1[j] = sum(delta1[k], i)/m"),
    ("one", "dZ1 = A1 - Y", "delta1[j] = a1[k] - y[k]"),
    ("linear", r"\frac{2}{m} X^T (\hat Y - Y)", "sum(2/m*x*(yhat - y), i)"),
    ("linear", "np.mean(2*(yhat-y)*x)", "sum(2*(yhat - y)*x, i)/m"),
    # where a sum ends
    ("linear", "1/m sum (yhat-y) x", "1/m*sum((yhat - y)*x, i)"),
    ("linear", r"\frac{2}{n}\sum_{i=1}^n x_i(wx_i+b-y_i)", "2/m*sum(x*(w*x + b - y), i)"),
    # a layer of one unit: its axis is left out by hand, and what has one entry is a number
    ("unit", r"\delta^{[1]}_j = W^{[2]}_{1j}(a^{[2]} - y)", "delta1[j] = W2[1,j]*(a2 - y)"),
    ("unit", r"\delta^{[1]}_j = W^{[2]}_{j}(a^{[2]} - y)", "delta1[j] = W2[1,j]*(a2 - y)"),
    ("unit", r"\delta_1 = W_2^T (\hat y - y)", "delta1[j] = W2[1,k]*(a2 - y)"),
    ("unit", r"z_2 = w_2^T a_1 + b_2", "z2 = sum(W2[1,j]*a1[j], j) + b2"),
    ("logistic", r"\frac{\partial L}{\partial w_j} = (\hat y - y) x_j", "dL/dw[1,j] = (a1 - y)*x[j]"),
    ("logistic", r"\frac{\partial L}{\partial w_2} = (\sigma(w^T x + b) - y) x_2", "dL/dw[1,2] = (sigmoid(sum(w[1,j]*x[j], j) + b) - y)*x[2]"),
    ("logistic", r"\nabla_w L = (\hat y - y) x", "dL/dw[1,k] = (a1 - y)*x[j]"),
    ("logistic", r"dw = \frac1m X (\hat Y - Y)^T", "dC/dw[1,k] = sum(1/m*x[j]*(a1 - y), i)"),
    ("logistic", r"\frac{\partial J}{\partial w_j} = \frac1m \sum_i (h_\theta(x^{(i)}) - y^{(i)}) x_j^{(i)}", "dC/dw[1,j] = 1/m*sum((a1 - y)*x[j], i)"),
    # the last layer
    ("unit", r"\delta^2 = \nabla_a L \odot \sigma'(z^2)", "delta2 = dL/da2*sigmoid(z2)*(1 - sigmoid(z2))"),
    ("three", r"\delta^{L-1} = (W^L)^T \delta^L \odot (1-(a^{L-1})^2)", "delta2[j] = W3[1,k]*delta3*(1 - a2[k]^2)"),
    ("three", r"\delta^L = a^L - y", "delta3 = z3 - y"),
    ("three", r"\delta_j^{(1)} = (1 - (a_j^{(1)})^2) \sum_k W_{kj}^{(2)} \delta_k^{(2)}", "delta1[j] = (1 - a1[j]^2)*sum(W2[k,j]*delta2[k], k)"),
    ("three", r"w^{(2)}_{13}\delta^{(2)}_1", "W2[1,3]*delta2[1]"),
    ("mazur", r"\frac{\partial E_{total}}{\partial w_5} = -(target_{o1} - out_{o1}) out_{o1}(1-out_{o1}) out_{h1}", "dL/dw5 = -(target_o1 - out_o1)*out_o1*(1 - out_o1)*out_h1"),
    ("mazur", r"\delta_{o1}", "delta_net_o1"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "text", "expected"), ROWS)
def test_a_line_is_read_by_the_names_of_the_network(key: str, text: str, expected: str) -> None:
    known = vocabulary(key)
    assert shown(known, read_statement(text, known)) == expected


@pytest.mark.parametrize(
    ("key", "text", "message", "hint"),
    [
        ("three", "W_{12}", "'W_12' is not defined", "W1 (4 × 3) and W2 (4 × 4) and W3 (1 × 4)"),
        ("three", r"\delta^l = 1", "'delta^l' is not defined", "write the layer's number"),
        ("one", "W1[3,1]", "'W1[3][1]' is not defined", "W1 (2 × 3)"),
        ("one", r"z \cdot a", "· between two vectors", "x^T y or x ⊙ y"),
        ("one", r"\sum_{k=1}^{3} (a_k - y_k)^2", "k runs from 1 to 2 here", ""),
        ("linear", "1/m sum(yhat-y)x", "where this sum ends", "sum(a*b)"),
        ("linear", "1/m sum(yhat-y)^2", "where this sum ends", "sum(a*b)"),
        ("linear", "x^{2}_{k}", "not defined", ""),
        ("linear", "y'(1-y')", "\"y'\" is not defined", "a prime stands behind the name of a function"),
        ("linear", "1/2m", "can be read in two ways", "1/(2*m…)"),
        ("linear", "x/(1+y)(1+b)", "can be read in two ways", ""),
        ("linear", r"y \log \hat y (1-y)", "where the argument of the function ends", "log(a)*b"),
        ("linear", r"\frac{\partial \log \hat y}{\partial w}", "the derivative of a formula is not read", "give the formula a name"),
        ("linear", "8,21", "a comma is no decimal point", "8.21"),
        ("linear", r"\log^{-1}(x)", "its inverse", ""),
        ("mazur", "d_total/dw5", "'d_total' is not defined", ""),
    ],
)
def test_what_is_not_clear_is_asked(key: str, text: str, message: str, hint: str) -> None:
    with pytest.raises(FormulaError) as caught:
        read_statement(text, vocabulary(key))
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert 0 <= caught.value.start <= caught.value.end <= len(text) + 1


def test_a_name_that_a_line_sets_is_known_below_with_its_indices() -> None:
    known = vocabulary("one")
    statement = read_statement("e_j = a_j - y_j", known)
    assert statement.defines == "e"
    below = known.defining("e", statement.sides[0])
    (left, right) = read_statement(r"\delta_k = e_k\,a_k(1-a_k)", below).sides
    assert (left.letters, right.letters) == (("k",), ("k",))
    assert read_statement("e = o - y", vocabulary("chain")).defines == "e"
    assert read_statement(r"\epsilon = y - o", vocabulary("chain")).defines == "epsilon"


def test_notes_say_what_is_not_obvious_and_nothing_else() -> None:
    known = vocabulary("one")
    (side,) = read_statement(r"\frac{1}{m}\sum_{i} w_{21} x_1^{(i)}", known).sides
    assert side.notes == ("w_{21} was read as W1[2,1]",)
    (side,) = read_statement("wx + b", vocabulary("linear")).sides
    assert side.notes == ("wx was read as w·x",)
    (side,) = read_statement("σ'(z1[1])", vocabulary("three")).sides
    assert side.notes == ("σ was read as the logistic function",)
    (side,) = read_statement("σ'(z_h)", vocabulary("chain")).sides
    assert side.notes == ()
