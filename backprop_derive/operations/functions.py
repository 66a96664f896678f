"""The functions that formulas may call, and which of them are activations. One row a line of thought.

Derivatives: Abramowitz and Stegun, *Handbook of Mathematical Functions* (1964), 4.2-4.6, 6.3, 7.1; activations:
Goodfellow, Bengio and Courville, *Deep Learning* (2016), sections 3.10 and 6.3; softmax: Bridle (1990).
"""

from __future__ import annotations

from backprop_derive.operations.rows import Function, folded

FUNCTIONS: tuple[Function, ...] = (
    # primitives: the libraries know them
    Function("exp", ("a",), numpy="exp", mpmath="exp", latex=r"\exp", sentence="the exponential is its own derivative"),
    Function("log", ("1/z",), aliases=("ln",), numpy="log", mpmath="log", latex=r"\log", domain=("z > 0",), sentence="the derivative of the natural logarithm is 1 over its argument"),
    Function("log10", ("1/(z*log(10))",), numpy="log10", mpmath="log10", latex=r"\log_{10}", domain=("z > 0",), sentence="log10(z) is log(z)/log(10)"),
    Function("sqrt", ("1/(2*a)",), numpy="sqrt", mpmath="sqrt", domain=("z > 0",), sentence="the derivative of a square root is 1 over twice the root"),
    Function("abs", ("sign(z)",), numpy="abs", mpmath="fabs", kinks=("z",), sentence="|z| rises or falls with slope 1; at 0 the slope 0 is taken"),
    Function("sign", ("0",), numpy="sign", mpmath="sign", kinks=("z",), sentence="the sign is constant except at 0"),
    Function("step", ("0",), numpy="step", mpmath="step", kinks=("z",), sentence="a step is constant except at 0"),
    Function("sin", ("cos(z)",), numpy="sin", mpmath="sin", latex=r"\sin", sentence="the derivative of sin is cos"),
    Function("cos", ("-sin(z)",), numpy="cos", mpmath="cos", latex=r"\cos", sentence="the derivative of cos is -sin"),
    Function("tan", ("1 + a^2",), numpy="tan", mpmath="tan", latex=r"\tan", sentence="the derivative of tan is 1 + tan²"),
    Function("sinh", ("cosh(z)",), numpy="sinh", mpmath="sinh", latex=r"\sinh", sentence="the derivative of sinh is cosh"),
    Function("cosh", ("sinh(z)",), numpy="cosh", mpmath="cosh", latex=r"\cosh", sentence="the derivative of cosh is sinh"),
    Function("arctan", ("1/(1 + z^2)",), numpy="arctan", mpmath="atan", latex=r"\arctan", sentence="the derivative of arctan is 1/(1 + z²)"),
    Function("erf", ("2/sqrt(pi)*exp(-z^2)",), numpy="erf", mpmath="erf", latex=r"\operatorname{erf}", sentence="erf integrates 2/√π·exp(-z²)"),
    Function("lgamma", ("digamma(z)",), numpy="lgamma", mpmath="loggamma", latex=r"\ln\Gamma", domain=("z > 0",), sentence="digamma is defined as the derivative of log Γ"),
    Function("digamma", (), numpy="digamma", mpmath="digamma", latex=r"\psi", domain=("z > 0",)),
    Function("max", ("where(x >= y, 1, 0)", "where(y > x, 1, 0)"), arguments=("x", "y"), formula="where(x >= y, x, y)", latex=r"\max", kinks=("x - y",), sentence="only the larger argument counts; the first one at a tie"),
    Function("min", ("where(x <= y, 1, 0)", "where(y < x, 1, 0)"), arguments=("x", "y"), formula="where(x <= y, x, y)", latex=r"\min", kinks=("x - y",), sentence="only the smaller argument counts; the first one at a tie"),
    # activations
    Function("identity", ("1",), formula="z", aliases=("linear", "none"), latex=r"\operatorname{id}", activation=True, sentence="the identity has slope 1"),
    Function("sigmoid", ("a*(1 - a)",), formula="1/(1 + exp(-z))", stable="where(z > 0, 1/(1 + exp(-z)), exp(z)/(1 + exp(z)))", aliases=("logistic",), latex=r"\sigma", unicode="σ", activation=True, sentence="the sigmoid's derivative is its output times one minus its output"),
    Function("tanh", ("1 - a^2",), aliases=(), numpy="tanh", mpmath="tanh", latex=r"\tanh", activation=True, sentence="the derivative of tanh is one minus the square of its output"),
    Function("relu", ("step(z)",), formula="where(z > 0, z, 0)", latex=r"\operatorname{ReLU}", unicode="ReLU", kinks=("z",), activation=True, sentence="ReLU passes the derivative where z > 0 and blocks it elsewhere; at z = 0 the slope 0 is taken"),
    Function("softplus", ("sigmoid(z)",), formula="log(1 + exp(z))", stable="where(z > 0, z + log(1 + exp(-z)), log(1 + exp(z)))", latex=r"\operatorname{softplus}", activation=True, sentence="the derivative of softplus is the sigmoid"),
    # functions of a vector
    Function("softmax", ("a[c]*where(c = d, 1, 0) - a[c]*a[d]",), formula="exp(z[c])/sum(exp(z[d]), d)", stable="exp(z[c] - max(z[e], e))/sum(exp(z[d] - max(z[e], e)), d)", vector="to vector", latex=r"\operatorname{softmax}", activation=True, sentence="raising one score raises its own probability and lowers every other one"),
    Function("logsumexp", ("exp(z[d] - a)",), formula="log(sum(exp(z[d]), d))", stable="max(z[e], e) + log(sum(exp(z[d] - max(z[e], e)), d))", vector="to scalar", latex=r"\operatorname{logsumexp}", sentence="the derivative of log Σ exp by one score is that score's softmax"),
)  # fmt: skip

BY_NAME: dict[str, Function] = {folded(name): row for row in FUNCTIONS for name in (row.name, *row.aliases)}


def find_function(name: str) -> Function | None:
    """The row called `name`, case, `_` and `-` aside; None if there is none."""
    return BY_NAME.get(folded(name))


def activation_names() -> tuple[str, ...]:
    """The names, without aliases, that `activation:` takes."""
    return tuple(row.name for row in FUNCTIONS if row.activation)
