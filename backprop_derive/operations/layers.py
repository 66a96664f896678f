"""The kinds of layer: what a spec may say of each. One row a kind; what it adds to the graph is built by the function that the row names."""

from __future__ import annotations

from collections.abc import Mapping

from backprop_derive.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a layer, what it is where it is left out, and what it says."""

    name: str
    standard: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Layer:
    """A row of the table.

    - `builder`: the module of `building/layers` and its function, `(stack, entry) -> vector`, so that the table can be
      listed without loading what builds graphs.
    - `main`: what stands behind the kind; "" for a bare word. `own_options`: its options besides the common ones.
    - `shapes`: of what it reads and what it gives, `n → h`. `parameters`: what it learns, each with its shape, in layer l.
    - `equations`: what it computes. `sentence`: the same in words. `source`: where it comes from. `derivative`: what becomes of the
      derivative by what it reads.
    """

    kind: str
    builder: str
    main: str = ""
    own_options: tuple[Option, ...] = ()
    shapes: str = ""
    parameters: tuple[str, ...] = ()
    equations: tuple[str, ...] = ()
    sentence: str = ""
    source: str = ""
    derivative: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """The names of all its options."""
        return tuple(option.name for option in (*self.own_options, *COMMON))


COMMON = (
    Option("input", "the layer above", "what it reads: a layer's name, an input's, or a list, which is joined"),
    Option("name", "none", "`name: enc` ends the names of its quantities, `W_enc`, and is what it gives"),
)
_WEIGHTS = Option("weights", "`W{l}`", "names one by one, a row for each unit; a name for the matrix; or `W1^T`")
_BIAS = Option("bias", "`b{l}`", "a name, `{shared: b}`, a list of names, or `false`")
_ACTIVATION = Option("activation", "none", "a function")
_BIASES = Option("bias", "true", "`false` leaves out b and c")
_EPS = Option("eps", "1e-5", "a number above 0, or the name of a constant")
_NAME_OF_WEIGHTS = Option("weights", "`W{l}`", "a name, which is shared where it stands twice")
_OF_CONVOLUTIONS = (
    Option("kernel", "3", "its length, or `[3, 5]`, one for each axis"),
    Option("stride", "1", "how far the window moves, or one for each axis"),
    Option("padding", "0", "how many zeros stand at each end, one for each axis, or `same`: as many as keep the length"),
    Option("dilation", "1", "how far apart the entries are that a window reads, or one for each axis"),
    _NAME_OF_WEIGHTS,
    Option("bias", "`b{l}`", "a name, or `false`"),
    _ACTIVATION,
)
_BACKWARDS = "every window that holds an entry reads it, each at another step of the kernel, so that the sum over them goes through the kernel backwards"
_ACTIVATION_OF_STATES = Option("activation", "tanh", "a function")
_POOL_STRIDE = Option("stride", "the window", "how far the window moves, or one for each axis")
_POOL_PADDING = Option("padding", "0", "how many places stand at each end, or one for each axis")
_START = "0, the name of a constant or of a layer that gives a vector, or another name, which is then learnt"
_GIVES = Option("gives", "all", "`all`: the states of all steps, a sequence; `last`: that of the last step, a vector")


def _gate(gate: str, name: str, function: str, state: str = "h{l}[t-1,k]") -> tuple[str, str]:
    """The two equations of a gate, or of a candidate, of what is read and of a state."""
    total = f"sum(W{{l}}_{gate}[j,k]*x[t,k], k) + sum(U{{l}}_{gate}[j,k]*{state}, k) + b{{l}}_{gate}[j]"
    return f"z{{l}}_{gate}[t,j] = {total}", f"{name}{{l}}[t,j] = {function}(z{{l}}_{gate}[t,j])"


def _learnt_by_gates(gates: str) -> tuple[str, ...]:
    return tuple(shape for gate in gates for shape in (f"W{{l}}_{gate}: h × n", f"U{{l}}_{gate}: h × h", f"b{{l}}_{gate}: h"))


LAYERS: Mapping[str, Layer] = {
    row.kind: row
    for row in (
        Layer(
            "dense", "dense.build_dense", "the number of units, or their names",
            (_WEIGHTS, _BIAS, Option("preactivations", "`z_` and the unit", "names for the sums of named units"), _ACTIVATION),
            "n → h", ("W{l}: h × n", "b{l}: h"),
            ("z{l}[j] = sum(W{l}[j,k]*x[k], k) + b{l}[j]", "a{l}[j] = f(z{l}[j])"), "a weighted sum for each unit, and an activation of it",
        ),
        Layer("activation", "activations.build_activation", "the name of a function", shapes="any, the same", equations=("a{l}[j] = f(x[j])",), sentence="the function of each entry"),
        Layer("softmax", "activations.build_activation", shapes="n → n", equations=("a{l}[j] = softmax(x[j], j)",), sentence="probabilities of the entries"),
        Layer("residual", "branching.build_residual", "a list of layers", shapes="any, the same", equations=("r{l}[j] = x[j] + z{l}[j]",), sentence="what it reads, added to what its layers give"),
        Layer("concat", "branching.build_concat", "a list of layers and inputs by name", shapes="n and q → n + q", equations=("c{l}[j] = where(j <= n, a[j], b[j-n])",), sentence="all of them, one behind the other"),
        Layer(
            "conv1d", "convolving.build_conv1d", "the number of filters", _OF_CONVOLUTIONS, "C × n → F × n'", ("W{l}: F × C × K", "b{l}: F"),
            ("z{l}[f,p] = sum(sum(W{l}[f,c,s]*x[c,S*(p-1)+D*(s-1)+1-P], s), c, 1, C) + b{l}[f]", "a{l}[f,p] = phi(z{l}[f,p])"),
            "the same weighted sum at every place p of a signal, one for each filter f; what it reads outside of the signal is 0. K is the length of the kernel, S the stride, D the dilation, P the padding, and the output has n' = floor((n + 2*P - D*(K-1) - 1)/S) + 1 places",
            derivative=_BACKWARDS,
        ),
        Layer(
            "conv2d", "convolving.build_conv2d", "the number of filters", _OF_CONVOLUTIONS, "C × n × w → F × n' × w'", ("W{l}: F × C × K × M", "b{l}: F"),
            ("z{l}[f,p,q] = sum(sum(sum(W{l}[f,c,s,u]*x[c,S*(p-1)+D*(s-1)+1-P,T*(q-1)+E*(u-1)+1-Q], u), s), c, 1, C) + b{l}[f]", "a{l}[f,p,q] = phi(z{l}[f,p,q])"),
            "the same of an image, whose places are p, q; the kernel is K × M, and T, E, Q are the stride, the dilation and the padding along the second axis",
            derivative=_BACKWARDS,
        ),
        Layer(
            "max_pool", "pooling.build_pool", "the size of the window, `2` or `[2, 3]`", (_POOL_STRIDE, _POOL_PADDING), "C × n → C × n', C × n × w → C × n' × w'", (),
            ("m{l}[c,p] = max(x[c,S*(p-1)+s-P], s, 1, K)", "at{l}[c,p] = S*(p-1)-P+argmax(x[c,S*(p-1)+s-P], s, 1, K)",
             "m{l}[c,p,q] = max(max(x[c,S*(p-1)+s-P,T*(q-1)+u-Q], u, 1, M), s, 1, K)", "row{l}[c,p,q] = S*(p-1)-P+argmax(max(x[c,S*(p-1)+s-P,T*(q-1)+u-Q], u, 1, M), s, 1, K)", "col{l}[c,p,q] = T*(q-1)-Q+argmax(x[c,row{l}[c,p,q],T*(q-1)+u-Q], u, 1, M)"),
            "the largest entry of each window of a signal or an image; where it stands, of equal ones the first, is called `at{l}`, or `row{l}` and `col{l}`",
            derivative="a maximum passes the derivative on to the entry that is the largest of its window, and nothing to the others",
        ),
        Layer(
            "avg_pool", "pooling.build_pool", "the size of the window, `2` or `[2, 3]`", (_POOL_STRIDE, _POOL_PADDING), "C × n → C × n', C × n × w → C × n' × w'", (),
            ("v{l}[c,p] = 1/K*sum(x[c,S*(p-1)+s-P], s, 1, K)", "v{l}[c,p,q] = 1/(K*M)*sum(sum(x[c,S*(p-1)+s-P,T*(q-1)+u-Q], u, 1, M), s, 1, K)"),
            "the mean of each window of a signal or an image; padding is 0 and counts as part of the window",
            derivative="a mean gives the same share of the derivative to every entry of its window",
        ),
        Layer(
            "flatten", "pooling.build_flatten", shapes="C × n × w → C·n·w",
            equations=("f{l}[j] = sum(sum(sum(where(j = (c-1)*n*w+(p-1)*w+q, x[c,p,q], 0), q), p), c)", "f{l}[j] = sum(sum(where(j = (c-1)*n+p, x[c,p], 0), p), c)", "f{l}[j] = sum(sum(where(j = (p-1)*w+q, x[p,q], 0), q), p)"),
            sentence="all entries of a signal, an image or a sequence, one behind the other, the last index first",
            derivative="the entries are only laid out anew, and the derivative of each goes back to its place",
        ),
        Layer(
            "layer_norm", "normalizing.build_layer_norm", own_options=(_EPS,), shapes="n → n", parameters=("gamma{l}: n", "beta{l}: n"),
            equations=("mu{l} = 1/n*sum(x[k], k)", "var{l} = 1/n*sum((x[k] - mu{l})^2, k)", "r{l} = 1/sqrt(var{l} + eps)", "xhat{l}[j] = (x[j] - mu{l})*r{l}", "n{l}[j] = gamma{l}[j]*xhat{l}[j] + beta{l}[j]"),
            sentence="the entries of each vector brought to mean 0 and variance 1, and scaled anew", source="Ba, Kiros and Hinton (2016), equation 4",
        ),
        Layer(
            "rms_norm", "normalizing.build_rms_norm", own_options=(_EPS,), shapes="n → n", parameters=("gamma{l}: n",),
            equations=("ms{l} = 1/n*sum(x[k]^2, k)", "r{l} = 1/sqrt(ms{l} + eps)", "n{l}[j] = gamma{l}[j]*x[j]*r{l}"),
            sentence="each vector divided by the root of its mean square, and scaled anew", source="Zhang and Sennrich (2019), equation 4",
        ),
        Layer(
            "batch_norm", "normalizing.build_batch_norm", own_options=(_EPS,), shapes="n → n", parameters=("gamma{l}: n", "beta{l}: n"),
            equations=("mu{l}[j] = 1/m*sum(x[j], i, 1, m)", "var{l}[j] = 1/m*sum((x[j] - mu{l}[j])^2, i, 1, m)", "r{l}[j] = 1/sqrt(var{l}[j] + eps)", "xhat{l}[j] = (x[j] - mu{l}[j])*r{l}[j]", "n{l}[j] = gamma{l}[j]*xhat{l}[j] + beta{l}[j]"),
            sentence="each entry brought to mean 0 and variance 1 over the m samples, as in training, and scaled anew", source="Ioffe and Szegedy (2015), algorithm 1",
        ),
        Layer(
            "group_norm", "normalizing.build_group_norm", "the number of groups", (_EPS,), "n → n, or f × p × q → f × p × q", ("gamma{l}: n", "beta{l}: n"),
            ("u{l}[g,s] = x[S*g - S + s]", "mu{l}[g] = 1/S*sum(u{l}[g,s], s)", "var{l}[g] = 1/S*sum((u{l}[g,s] - mu{l}[g])^2, s)", "r{l}[g] = 1/sqrt(var{l}[g] + eps)", "xhat{l}[g,s] = (u{l}[g,s] - mu{l}[g])*r{l}[g]", "v{l}[j] = sum(sum(where(S*g - S + s = j, xhat{l}[g,s], 0), s), g)", "n{l}[j] = gamma{l}[j]*v{l}[j] + beta{l}[j]"),
            "the entries of each group of S neighbours, of channels with all their places, brought to mean 0 and variance 1, and scaled anew", "Wu and He (2018), equations 1 to 4",
        ),
        Layer(
            "dropout", "dropping.build_dropout", "the share of entries that are dropped, below 1, or the name of a constant",
            shapes="any, the same", equations=("d{l}[j] = mask{l}[j]*x[j]/(1 - p)",),
            sentence="each entry is kept where the mask is 1 and dropped where it is 0; what is kept is scaled so that the mean stays. The mask is an input, 0 or 1, with a value for each sample",
            source="Srivastava et al. (2014), scaled in training",
        ),
        Layer(
            "glu", "gating.build_gated", "the number of units", (_BIASES,), "n → h", ("W{l}: h × n", "b{l}: h", "V{l}: h × n", "c{l}: h"),
            ("u{l}[j] = sum(W{l}[j,k]*x[k], k) + b{l}[j]", "v{l}[j] = sum(V{l}[j,k]*x[k], k) + c{l}[j]", "g{l}[j] = sigmoid(v{l}[j])", "o{l}[j] = u{l}[j]*g{l}[j]"),
            "a weighted sum for each unit, times a gate between 0 and 1 that another one opens", "Dauphin et al. (2017), equation 1",
        ),
        Layer(
            "swiglu", "gating.build_gated", "the number of units", (_BIASES,), "n → h", ("W{l}: h × n", "b{l}: h", "V{l}: h × n", "c{l}: h"),
            ("u{l}[j] = sum(W{l}[j,k]*x[k], k) + b{l}[j]", "v{l}[j] = sum(V{l}[j,k]*x[k], k) + c{l}[j]", "g{l}[j] = silu(u{l}[j])", "o{l}[j] = g{l}[j]*v{l}[j]"),
            "a weighted sum for each unit under the activation silu, times another weighted sum", "Shazeer (2020), equation 5",
        ),
        Layer(
            "embedding", "embedding.build_embedding", "the number of entries of a vector", shapes="V → d", parameters=("E{l}: V × d",),
            equations=("e{l}[j] = sum(E{l}[v,j]*x[v], v)",),
            sentence="a row of E for each of V words. What it reads is one-hot, 1 at the word and 0 elsewhere, so that the sum picks the row of the word, and only that row has a gradient",
            source="Bengio et al. (2003), the matrix C",
        ),
        Layer(
            "rnn", "recurring.build_rnn", "the number of units",
            (
                _ACTIVATION_OF_STATES, _GIVES, Option("start", "0", _START), _NAME_OF_WEIGHTS, Option("recurrent", "`U{l}`", "a name, which is shared where it stands twice"), Option("bias", "`b{l}`", "a name, or `false`"),
            ),
            "T × n → T × h, or h", ("W{l}: h × n", "U{l}: h × h", "b{l}: h"),
            ("z{l}[t,j] = sum(W{l}[j,k]*x[t,k], k) + sum(U{l}[j,k]*h{l}[t-1,k], k) + b{l}[j]", "h{l}[t,j] = f(z{l}[t,j])", "h{l}[0,j] = 0"),
            "step by step through a sequence, a weighted sum of what is read and of the state before, and an activation of it, which is the new state h", "Elman (1990)",
        ),
        Layer(
            "lstm", "recurring.build_lstm", "the number of units",
            (_GIVES, Option("start", "0", f"a list of two, for h and c, `[h0, c0]`; each is {_START}"), Option("bias", "true", "`false` leaves out all biases")),
            "T × n → T × h, or h", _learnt_by_gates("ifog"),
            (
                *_gate("i", "i", "sigmoid"), *_gate("f", "f", "sigmoid"), *_gate("o", "o", "sigmoid"), *_gate("g", "g", "tanh"),
                "c{l}[t,j] = f{l}[t,j]*c{l}[t-1,j] + i{l}[t,j]*g{l}[t,j]", "h{l}[t,j] = o{l}[t,j]*tanh(c{l}[t,j])", "c{l}[0,j] = 0", "h{l}[0,j] = 0",
            ),
            "step by step through a sequence: the forget gate f says what is kept of the cell c, the input gate i what is added of the candidate g, and the output gate o what the state h shows of the cell",
            "Hochreiter and Schmidhuber (1997), with the forget gates of Gers, Schmidhuber and Cummins (2000), without peepholes",
        ),
        Layer(
            "gru", "recurring.build_gru", "the number of units",
            (_GIVES, Option("start", "0", _START), Option("bias", "true", "`false` leaves out all biases")),
            "T × n → T × h, or h", _learnt_by_gates("urh"),
            (
                *_gate("u", "u", "sigmoid"), *_gate("r", "r", "sigmoid"), *_gate("h", "htilde", "tanh", "r{l}[t,k]*h{l}[t-1,k]"),
                "h{l}[t,j] = u{l}[t,j]*h{l}[t-1,j] + (1 - u{l}[t,j])*htilde{l}[t,j]", "h{l}[0,j] = 0",
            ),
            "step by step through a sequence: the update gate u says what is kept of the state, the rest comes from a candidate, which reads the state through the reset gate r. Where u is 1 the state stays as it is; others write z for u, or 1 - z",
            "Cho et al. (2014), equations 5 to 8",
        ),
        Layer(
            "attention", "attending.build_attention", "the size of queries, keys and values",
            (
                Option("heads", "1", "how many heads share the size among them; with one, nothing has the index h"),
                Option("causal", "false", "`true`: a step attends to those up to itself, s <= t"),
                Option("keys", "what it reads", "the sequence u that keys and values are computed from: a layer's name or an input's"),
                Option("output", "false", "`true`, the size of what the layer gives, or `false`; several heads are always joined by `W{l}_O`, by default to the size of all"),
            ),
            "T × n → T × d", ("W{l}_Q: d × n", "W{l}_K: d × n", "W{l}_V: d × n", "W{l}_O: d × d"),
            (
                "Q{l}[h,t,j] = sum(W{l}_Q[h,j,k]*x[t,k], k)", "K{l}[h,s,j] = sum(W{l}_K[h,j,k]*u[s,k], k)", "V{l}[h,s,j] = sum(W{l}_V[h,j,k]*u[s,k], k)",
                "S{l}[h,t,s] = 1/sqrt(d)*sum(Q{l}[h,t,j]*K{l}[h,s,j], j)", "A{l}[h,t,s] = softmax(S{l}[h,t,s], s)",
                "A{l}[h,t,s] = where(s <= t, exp(S{l}[h,t,s])/sum(where(r <= t, exp(S{l}[h,t,r]), 0), r), 0)",
                "O{l}[h,t,j] = sum(A{l}[h,t,s]*V{l}[h,s,j], s)", "Y{l}[t,j] = sum(sum(W{l}_O[j,h,c]*O{l}[h,t,c], c), h)",
            ),
            "for each step t and each head h, the mean of the values at all steps s, by weights A that say how well the query fits the keys; u is x, unless `keys:` says otherwise, d the size of a head. The second equation of A is that of `causal: true`",
            "Vaswani et al. (2017), equation 1 and section 3.2.2",
        ),
    )
}  # fmt: skip
