"""The losses. `p` are the outputs, `y` the targets, vectors of length `n`; one row a loss.

Forms: Bishop, *Pattern Recognition and Machine Learning* (2006), section 5.2 (half squared error 5.11, binary cross-entropy 5.21, cross-entropy
5.24) and Goodfellow et al., *Deep Learning* (2016), section 6.2; huber: Huber (1964); quantile: Koenker and Bassett (1978); multiclass_hinge:
Weston and Watkins (1999); focal: Lin et al. (2017); triplet: Schroff et al. (2015); info_nce: van den Oord et al. (2018); gaussian_nll: Nix and
Weigend (1994); wasserstein: Arjovsky et al. (2017).
"""

from __future__ import annotations

from backprop_derive.operations.rows import Loss, folded

LOSSES: tuple[Loss, ...] = (
    # differences
    Loss("half_squared_error", "1/2*sum((y[c] - p[c])^2, c)", ("p[d] - y[d]", "y[d] - p[d]"), sentence="the ½ cancels the 2 of the power rule, and the inner minus sign turns the difference round: prediction minus target"),
    Loss("squared_error", "sum((y[c] - p[c])^2, c)", ("2*(p[d] - y[d])", "2*(y[d] - p[d])"), sentence="the power rule brings the 2, and the inner minus sign turns the difference round: prediction minus target"),
    Loss("mse", "1/n*sum((y[c] - p[c])^2, c)", ("2/n*(p[d] - y[d])", "2/n*(y[d] - p[d])"), aliases=("mean_squared_error",), sentence="the mean over the n outputs keeps its 1/n, the power rule brings the 2, and the inner minus sign turns the difference round"),
    Loss("mae", "1/n*sum(abs(y[c] - p[c]), c)", ("1/n*sign(p[d] - y[d])", "1/n*sign(y[d] - p[d])"), aliases=("mean_absolute_error",), kinks=("p[c] - y[c]",), sentence="an absolute value has slope 1 or -1, whichever side of the target the prediction is on; the mean keeps its 1/n"),
    Loss("absolute_error", "sum(abs(y[c] - p[c]), c)", ("sign(p[d] - y[d])", "sign(y[d] - p[d])"), kinks=("p[c] - y[c]",), sentence="an absolute value has slope 1 or -1, whichever side of the target the prediction is on"),
    Loss("huber", "sum(where(abs(y[c] - p[c]) <= delta, 1/2*(y[c] - p[c])^2, delta*(abs(y[c] - p[c]) - 1/2*delta)), c)", ("where(abs(y[d] - p[d]) <= delta, p[d] - y[d], delta*sign(p[d] - y[d]))", "where(abs(y[d] - p[d]) <= delta, y[d] - p[d], delta*sign(y[d] - p[d]))"), arguments=("p", "y", "delta"), defaults=("1",), domain=("delta > 0",), sentence="within delta of the target it is half the square, so prediction minus target; farther off it is a line of slope delta"),
    Loss("smooth_l1", "sum(where(abs(y[c] - p[c]) < beta, (y[c] - p[c])^2/(2*beta), abs(y[c] - p[c]) - beta/2), c)", ("where(abs(y[d] - p[d]) < beta, (p[d] - y[d])/beta, sign(p[d] - y[d]))", "where(abs(y[d] - p[d]) < beta, (y[d] - p[d])/beta, sign(y[d] - p[d]))"), arguments=("p", "y", "beta"), defaults=("1",), domain=("beta > 0",), sentence="within beta of the target it is a square over 2·beta; farther off it is a line of slope 1"),
    Loss("log_cosh", "sum(log(cosh(p[c] - y[c])), c)", ("tanh(p[d] - y[d])", "tanh(y[d] - p[d])"), sentence="the derivative of log cosh is sinh over cosh, which is tanh"),
    Loss("quantile", "sum(max(tau*(y[c] - p[c]), (tau - 1)*(y[c] - p[c])), c)", ("where(y[d] >= p[d], -tau, 1 - tau)", "where(y[d] >= p[d], tau, tau - 1)"), arguments=("p", "y", "tau"), defaults=("0.5",), aliases=("pinball",), kinks=("p[c] - y[c]",), domain=("tau > 0", "tau < 1"), sentence="a prediction that is too low costs tau for each unit, one that is too high 1 - tau"),
    # margins
    Loss("hinge", "sum(max(0, 1 - y[c]*p[c]), c)", ("where(1 - y[d]*p[d] > 0, -y[d], 0)", "where(1 - y[d]*p[d] > 0, -p[d], 0)"), kinks=("1 - y[c]*p[c]",), target="sign", sentence="inside the margin the loss falls with slope y; beyond it nothing counts (y is 1 or -1)"),
    Loss("squared_hinge", "sum(max(0, 1 - y[c]*p[c])^2, c)", ("-2*y[d]*max(0, 1 - y[d]*p[d])", "-2*p[d]*max(0, 1 - y[d]*p[d])"), target="sign", sentence="the power rule, and inside the margin the inner derivative -y; beyond it nothing counts (y is 1 or -1)"),
    Loss("multiclass_hinge", "sum((1 - y[c])*max(0, p[c] - sum(y[e]*p[e], e) + margin), c)", ("(1 - y[d])*step(p[d] - sum(y[e]*p[e], e) + margin) - y[d]*sum((1 - y[c])*step(p[c] - sum(y[e]*p[e], e) + margin), c)", "-max(0, p[d] - sum(y[e]*p[e], e) + margin) - p[d]*sum((1 - y[c])*step(p[c] - sum(y[e]*p[e], e) + margin), c)"), arguments=("p", "y", "margin"), defaults=("1",), kinks=("p[c] - sum(y[e]*p[e], e) + margin",), output="logits", target="one-hot", sentence="y is 1 at the right class and 0 elsewhere, so Σ y·p is the right class's score: each other class within the margin of it counts 1, and the right class minus their number"),
    Loss("margin_ranking", "sum(max(0, margin - y[c]*(a[c] - b[c])), c)", ("where(margin - y[d]*(a[d] - b[d]) > 0, -y[d], 0)", "where(margin - y[d]*(a[d] - b[d]) > 0, y[d], 0)", "where(margin - y[d]*(a[d] - b[d]) > 0, b[d] - a[d], 0)"), arguments=("a", "b", "y", "margin"), defaults=("0",), kinks=("margin - y[c]*(a[c] - b[c])",), target="sign", sentence="where the pair is in the wrong order, or nearer than the margin, the one that should rank higher counts -1, the other 1 (y is 1 or -1)"),
    Loss("triplet", "max(0, sum((a[c] - p[c])^2, c) - sum((a[c] - n[c])^2, c) + margin)", ("where(sum((a[c] - p[c])^2, c) - sum((a[c] - n[c])^2, c) + margin > 0, 2*(n[d] - p[d]), 0)", "where(sum((a[c] - p[c])^2, c) - sum((a[c] - n[c])^2, c) + margin > 0, 2*(p[d] - a[d]), 0)", "where(sum((a[c] - p[c])^2, c) - sum((a[c] - n[c])^2, c) + margin > 0, 2*(a[d] - n[d]), 0)"), arguments=("a", "p", "n", "margin"), defaults=("1",), targets=(), kinks=("sum((a[c] - p[c])^2, c) - sum((a[c] - n[c])^2, c) + margin",), sentence="as long as the positive is not nearer than the negative by the margin; the anchor's own square cancels between the two distances"),
    Loss("wasserstein", "-sum(y[c]*p[c], c)", ("-y[d]", "-p[d]"), target="sign", sentence="the loss is linear in the score (y is 1 or -1)"),
    # probabilities
    Loss("binary_cross_entropy", "-sum(y[c]*log(p[c]) + (1 - y[c])*log(1 - p[c]), c)", ("(p[d] - y[d])/(p[d]*(1 - p[d]))", "log(1 - p[d]) - log(p[d])"), aliases=("bce", "log_loss"), domain=("p[c] > 0", "p[c] < 1"), output="probability", target="unit interval", sentence="the derivatives of the two logarithms, brought over one denominator"),
    Loss("bce_with_logits", "sum(softplus(p[c]) - y[c]*p[c], c)", ("sigmoid(p[d]) - y[d]", "-p[d]"), aliases=("binary_cross_entropy_with_logits",), output="logit", target="unit interval", sentence="the derivative of softplus is the sigmoid, and the linear term leaves minus the target"),
    Loss("cross_entropy", "-sum(y[c]*log(p[c]), c)", ("-y[d]/p[d]", "-log(p[d])"), aliases=("categorical_cross_entropy", "ce"), domain=("p[c] > 0",), assumes=("sum(y) = 1",), output="probabilities", target="probabilities", sentence="only one term mentions this output, and the derivative of a logarithm is 1 over its argument"),
    Loss("softmax_cross_entropy", "sum(y[c], c)*logsumexp(p[c], c) - sum(y[c]*p[c], c)", ("sum(y[c], c)*softmax(p[e], e, d) - y[d]", "logsumexp(p[c], c) - p[d]"), aliases=("cross_entropy_with_logits",), assumes=("sum(y) = 1",), output="logits", target="probabilities", sentence="the derivative of logsumexp is the softmax of the scores, and the linear term leaves minus the target"),
    Loss("nll", "-sum(y[c]*p[c], c)", ("-y[d]", "-p[d]"), aliases=("negative_log_likelihood",), assumes=("sum(y) = 1",), output="log-probabilities", target="probabilities", sentence="the loss is linear in the log-probabilities"),
    Loss("focal", "-alpha*sum(y[c]*(1 - p[c])^gamma*log(p[c]), c)", ("alpha*y[d]*(gamma*(1 - p[d])^(gamma - 1)*log(p[d]) - (1 - p[d])^gamma/p[d])", "-alpha*(1 - p[d])^gamma*log(p[d])"), arguments=("p", "y", "gamma", "alpha"), defaults=("2", "1"), domain=("p[c] > 0", "p[c] < 1"), output="probabilities", target="probabilities", sentence="the product rule: the weight (1 - p)^gamma falls with p, and the logarithm's derivative is 1 over its argument"),
    Loss("kl_divergence", "sum(y[c]*log(y[c]/p[c]), c)", ("-y[d]/p[d]", "log(y[d]/p[d]) + 1"), aliases=("kl",), domain=("p[c] > 0", "y[c] > 0"), assumes=("sum(y) = 1",), output="probabilities", target="positive probabilities", sentence="only -y·log(p) depends on this output, and the derivative of a logarithm is 1 over its argument"),
    Loss("info_nce", "logsumexp(p[c]/tau, c) - sum(y[c]*p[c], c)/tau", ("(softmax(p[e]/tau, e, d) - y[d])/tau", "-p[d]/tau"), arguments=("p", "y", "tau"), defaults=("1",), domain=("tau > 0",), output="logits", target="one-hot", sentence="y is 1 at the positive and 0 elsewhere: the derivative of logsumexp is the softmax of the scores over tau, and the positive's own score leaves minus y"),
    # densities and directions
    Loss("gaussian_nll", "1/2*sum(log(var[c]) + (y[c] - mu[c])^2/var[c], c)", ("(mu[d] - y[d])/var[d]", "(y[d] - mu[d])/var[d]", "(var[d] - (y[d] - mu[d])^2)/(2*var[d]^2)"), arguments=("mu", "y", "var"), domain=("var[c] > 0",), sentence="by the mean: the difference over the variance; by the variance: positive where the variance is larger than the square of the difference"),
    Loss("poisson_nll", "sum(exp(p[c]) - y[c]*p[c], c)", ("exp(p[d]) - y[d]", "-p[d]"), target="not negative", sentence="the output is the logarithm of the rate: rate minus count"),
    Loss("cosine", "1 - sum(p[c]*y[c], c)/(sqrt(sum(p[e]^2, e))*sqrt(sum(y[e]^2, e)))", ("(sum(p[c]*y[c], c)*p[d]/sum(p[e]^2, e) - y[d])/(sqrt(sum(p[e]^2, e))*sqrt(sum(y[e]^2, e)))", "(sum(p[c]*y[c], c)*y[d]/sum(y[e]^2, e) - p[d])/(sqrt(sum(p[e]^2, e))*sqrt(sum(y[e]^2, e)))"), aliases=("cosine_distance",), sentence="minus the part of y that stands at right angles to p, over both lengths: only the direction of p counts"),
)  # fmt: skip

BY_NAME: dict[str, Loss] = {folded(name): row for row in LOSSES for name in (row.name, *row.aliases)}


def find_loss(name: str) -> Loss | None:
    """The row called `name`, case, `_` and `-` aside; None if there is none."""
    return BY_NAME.get(folded(name))
