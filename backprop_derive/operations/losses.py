"""The losses. `p` are the outputs, `y` the targets, both vectors of length `n`; one row a loss.

Forms: Bishop, *Pattern Recognition and Machine Learning* (2006), section 5.2 (half squared error 5.11, binary
cross-entropy 5.21, cross-entropy 5.24) and Goodfellow et al., *Deep Learning* (2016), section 6.2.
"""

from __future__ import annotations

from backprop_derive.operations.rows import Loss, folded

LOSSES: tuple[Loss, ...] = (
    Loss("half_squared_error", "1/2*sum((y[c] - p[c])^2, c)", ("p[d] - y[d]", "y[d] - p[d]"), sentence="the ½ cancels the 2 of the power rule, and the inner minus sign turns the difference round: prediction minus target"),
    Loss("squared_error", "sum((y[c] - p[c])^2, c)", ("2*(p[d] - y[d])", "2*(y[d] - p[d])"), sentence="the power rule brings the 2, and the inner minus sign turns the difference round: prediction minus target"),
    Loss("mse", "1/n*sum((y[c] - p[c])^2, c)", ("2/n*(p[d] - y[d])", "2/n*(y[d] - p[d])"), aliases=("mean_squared_error",), sentence="the mean over the n outputs keeps its 1/n, the power rule brings the 2, and the inner minus sign turns the difference round"),
    Loss("binary_cross_entropy", "-sum(y[c]*log(p[c]) + (1 - y[c])*log(1 - p[c]), c)", ("(p[d] - y[d])/(p[d]*(1 - p[d]))", "log(1 - p[d]) - log(p[d])"), aliases=("bce", "log_loss"), domain=("p[c] > 0", "p[c] < 1"), output="probability", sentence="the derivatives of the two logarithms, brought over one denominator"),
    Loss("cross_entropy", "-sum(y[c]*log(p[c]), c)", ("-y[d]/p[d]", "-log(p[d])"), aliases=("categorical_cross_entropy", "ce"), domain=("p[c] > 0",), assumes=("sum(y) = 1",), output="probabilities", sentence="only one term mentions this output, and the derivative of a logarithm is 1 over its argument"),
    Loss("softmax_cross_entropy", "sum(y[c], c)*logsumexp(p[c], c) - sum(y[c]*p[c], c)", ("sum(y[c], c)*softmax(p[e], e, d) - y[d]", "logsumexp(p[c], c) - p[d]"), aliases=("cross_entropy_with_logits",), assumes=("sum(y) = 1",), output="logits", sentence="the derivative of logsumexp is the softmax of the scores, and the linear term leaves minus the target"),
)  # fmt: skip

BY_NAME: dict[str, Loss] = {folded(name): row for row in LOSSES for name in (row.name, *row.aliases)}


def find_loss(name: str) -> Loss | None:
    """The row called `name`, case, `_` and `-` aside; None if there is none."""
    return BY_NAME.get(folded(name))
