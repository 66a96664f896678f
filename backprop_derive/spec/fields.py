"""Readers of fields: a piece of the YAML tree → what the spec's model wants, or a problem at its place.

Each returns None (or leaves an entry out) where it reported something, so that the rest of the file is still read.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from backprop_derive.errors import nearest
from backprop_derive.notation import canonical, is_name
from backprop_derive.spec.model import Declared, LossEntry, OptimizerEntry, OwnFunction, Regularization
from backprop_derive.spec.numbers import looks_like_number, read_number
from backprop_derive.spec.problems import Problems, quoted
from backprop_derive.spec.source import Mapping, Scalar, Sequence, Value
from backprop_derive.spec.yaml_reader import OWN_LINE, balanced

if TYPE_CHECKING:
    from fractions import Fraction

PENALTIES = ("l1", "l2")
CLASSES = "classes"
Options = tuple[tuple[Scalar, Scalar], ...]

_COSTS_CALLED = {"average": "mean", "avg": "mean", "1/m": "mean", "batch": "mean", "total": "sum", "one": "single", "none": "single", "sample": "single"}
COSTS: tuple[Literal["mean", "sum", "single"], ...] = ("mean", "sum", "single")
A_NAME = "a name is a letter, then letters, digits, _ and primes"

LONGEST_NAME = 100
MAXIMUM_LENGTH = 10_000_000
A_LENGTH = f"a whole number from 1 to {MAXIMUM_LENGTH:,}, or a name such as n"

_LENGTH = re.compile("0*[1-9][0-9]{0,8}")
_REFERENCE = re.compile(r"(?P<base>[^\[\]^]+)(?P<label>\^\([^()]*\))?(?P<indices>(?:\[[^\[\]]+\])*)(?P<late>\^\([^()]*\))?")
_DEFINED = re.compile(r"(?P<name>[^()]+)\((?P<argument>[^()]*)\)")


# -- names ------------------------------------------------------------------------------------------------------------


def read_text(value: Value, problems: Problems, what: str) -> Scalar | None:
    """Text that is not empty."""
    if not isinstance(value, Scalar):
        problems.add(value.mark, f"{what} is expected here, not a {_shape_of(value)}")
        return None
    if not value.text.strip():
        problems.add(value.mark, f"{what} is missing here")
        return None
    return value


def read_name(value: Value, problems: Problems, what: str) -> Scalar | None:
    """A name without indices, canonical."""
    if (reference := read_reference(value, problems, what)) is None:
        return None
    if "[" in reference.text:
        shape = f"; its shape stands under sizes, {reference.text.partition('[')[0]}: [3, 2]" if what == "a parameter" else ""
        problems.add(value.mark, f"{what} is a name without indices{shape}", reference.text)
        return None
    return reference


def read_reference(value: Value, problems: Problems, what: str) -> Scalar | None:
    """A name with or without indices, canonical: `W1[2,1]`, `a^(2)[j]`."""
    if (text := read_text(value, problems, what)) is None:
        return None
    match = _REFERENCE.fullmatch(canonical(text.text))
    name = match["base"].rstrip() + (match["label"] or match["late"] or "") if match else ""
    if match is None or not is_name(name) or (match["label"] and match["late"]):
        problems.add(text.mark, f"{quoted(text.text)} is no name: {_why_no_name(text.text, what)}", text.text)
        return None
    if len(name) > LONGEST_NAME:
        problems.add(text.mark, f"{quoted(text.text)} is no name: it has more than {LONGEST_NAME} characters", text.text)
        return None
    indices = "".join(match["indices"].split()).replace("][", ",")
    return replace(text, text=name + indices)


def _why_no_name(text: str, what: str) -> str:
    if looks_like_number(text) and what in ("a node", "a source"):
        return f"a name begins with a letter, as in n{text.strip()}"
    if looks_like_number(text):
        return f"{what} is expected here; the numbers stand under values"
    if text.strip().lower() in ("none", "null", "true", "false", "~"):
        return "this word is reserved"
    if text[:1] in "“”„‘’«":
        return "YAML has other quotes: '…' or \"…\""
    if not balanced(text):
        return f"a bracket is open in it; {OWN_LINE}"
    return A_NAME


def read_names(value: Value, problems: Problems, what: str) -> tuple[Scalar, ...]:
    """A list of names, or one."""
    return _each(value, problems, what, indexed=False)


def read_references(value: Value, problems: Problems, what: str) -> tuple[Scalar, ...]:
    """A list of names with or without indices, or one."""
    return _each(value, problems, what, indexed=True)


def _each(value: Value, problems: Problems, what: str, *, indexed: bool) -> tuple[Scalar, ...]:
    items = value.items if isinstance(value, Sequence) else (value,)
    read = read_reference if indexed else read_name
    return tuple(name for item in items if (name := read(item, problems, what)) is not None)


def read_mapping(value: Value, problems: Problems, form: str) -> tuple[tuple[Scalar, Value], ...]:
    """The entries of a mapping; `form` shows what is expected."""
    if isinstance(value, Mapping):
        return value.entries
    problems.add(value.mark, f"a mapping is expected here, such as {form}", value.text if isinstance(value, Scalar) else None)
    return ()


def _shape_of(value: Value) -> str:
    return "list" if isinstance(value, Sequence) else "mapping"


# -- the fields of every style ----------------------------------------------------------------------------------------


def read_title(value: Value, problems: Problems) -> str:
    """One line of text."""
    text = read_text(value, problems, "a title")
    return " ".join(text.text.split()) if text else ""


def read_inputs(value: Value, problems: Problems) -> tuple[Declared, ...]:
    """`x`, `[x1, x2]`, `2` (a vector x of two), `{x: 2}`, `{x: [n, d]}`."""
    return _read_declared(value, problems, "an input", default="x")


def read_targets(value: Value, problems: Problems) -> tuple[Declared, ...]:
    """`y`, `[y1, y2]`, `2`, `{y: 3}`, `{y: classes}`; a name alone leaves the shape open."""
    return _read_declared(value, problems, "a target", default="y", bare=None)


def read_constants(value: Value, problems: Problems) -> tuple[Declared, ...]:
    """`[eps]`, `{c: 3, h0: [d]}`: the numbers are lengths of axes."""
    return _read_declared(value, problems, "a constant", default=None)


def _read_declared(
    value: Value, problems: Problems, what: str, *, default: str | None, bare: tuple[Scalar, ...] | None = ()
) -> tuple[Declared, ...]:
    """Names and shapes; a number alone is the length of a vector named `default`, a name alone has the shape `bare`."""
    if default is not None and isinstance(value, Scalar) and looks_like_number(value.text):
        length = read_length(value, problems)
        return () if length is None else (Declared(replace(value, text=default), (length,), nameless=True),)
    found: list[Declared] = []
    for item in value.items if isinstance(value, Sequence) else (value,):
        entries = item.entries if isinstance(item, Mapping) else ((item, None),)
        for key, shape in entries:
            name = read_name(key, problems, what)
            if isinstance(shape, Scalar) and shape.text == CLASSES and what == "a target":
                found += [] if name is None else [Declared(name, None, classes=True)]
                continue
            lengths = bare if shape is None else _read_shape(shape, problems)
            if name is not None and (shape is None or lengths is not None):
                found.append(Declared(name, lengths))
    return tuple(found)


def _read_shape(value: Value, problems: Problems) -> tuple[Scalar, ...] | None:
    """`3`, `n` or `[n, d]`; None where a length cannot be used."""
    items = value.items if isinstance(value, Sequence) else (value,)
    lengths = tuple(length for item in items if (length := read_length(item, problems)) is not None)
    return lengths if len(lengths) == len(items) else None


def read_length(value: Value, problems: Problems) -> Scalar | None:
    """The length of an axis: a whole number from 1, or a formula of sizes, which is read later."""
    length = read_text(value, problems, "a length (3, n, [n, d]; [] for a scalar)")
    if length is not None and looks_like_number(length.text) and not is_length(length.text):
        message = f"{quoted(length.text)} is no length: {A_LENGTH}; values stand under values"
        problems.add(length.mark, message, length.text)
        return None
    return length


def is_length(text: str) -> bool:
    """Whether a number is one that an axis can have as its length.

    >>> is_length("3"), is_length("0"), is_length("1.5"), is_length("99999999")
    (True, False, False, False)
    """
    return _LENGTH.fullmatch(text.strip()) is not None and int(text) <= MAXIMUM_LENGTH


def read_parameters(value: Value, problems: Problems) -> tuple[Scalar, ...]:
    """`[W1, b1]`; a name that comes twice is one parameter, shared."""
    if isinstance(value, Mapping):
        problems.add(value.mark, "parameters is a list of names, such as [W1, b1]; their shapes stand under sizes")
        return ()
    return read_names(value, problems, "a parameter")


def read_frozen(value: Value, problems: Problems) -> tuple[Scalar, ...]:
    """`[b1, b2]`."""
    return read_references(value, problems, "a parameter")


def read_sizes(value: Value, problems: Problems) -> tuple[tuple[Scalar, tuple[Scalar, ...]], ...]:
    """`{W1: [h, n], n: 3}`."""
    found: list[tuple[Scalar, tuple[Scalar, ...]]] = []
    for key, shape in read_mapping(value, problems, "{W1: [h, n], n: 3}"):
        name, lengths = read_name(key, problems, "a name"), _read_shape(shape, problems)
        if name is not None and lengths is not None:
            found.append((name, lengths))
    return tuple(found)


def read_functions(value: Value, problems: Problems) -> tuple[OwnFunction, ...]:
    """`swish2(z): z*sigmoid(z)`, `snake: abstract`."""
    entries = read_mapping(value, problems, "`swish2(z): z*sigmoid(z)` or `snake: abstract`")
    return tuple(own for key, body in entries if (own := _read_function(key, body, problems)) is not None)


def _read_function(key: Scalar, body: Value, problems: Problems) -> OwnFunction | None:
    match = _DEFINED.fullmatch(key.text)
    argument = canonical(match["argument"]) if match else None
    if argument is not None and not is_name(argument):
        problems.add(key.mark, f"a function of one's own has one argument, a name, as in f(z): not {quoted(key.text)}", key.text)
    stem, bracket, _ = key.text.partition("(")
    name = read_name(replace(key, text=stem) if bracket else key, problems, "a function")
    if bracket and match is None:
        problems.add(key.mark, f"{quoted(key.text)} is no function of one argument, such as f(z)", key.text)
    definition = read_text(body, problems, "a formula or `abstract`")
    if name is None:
        return None
    if definition is None or (bracket and match is None) or (argument is not None and not is_name(argument)):
        return OwnFunction(name, None, None)  # what calls it is not wrong because of that
    if "'" in name.text:
        problems.add(key.mark, "a derivative is found, not given: a function's name has no primes", key.text)
        return None
    if definition.text == "abstract":
        return OwnFunction(name, argument, None)
    if argument is None:
        message = f"the argument is missing: write {name.text}(z): … with a formula of z, or {name.text}: abstract"
        problems.add(key.mark, message, key.text, nearest(definition.text, ("abstract",)))
        return OwnFunction(name, None, None)
    return OwnFunction(name, argument, definition)


def read_loss(value: Value, problems: Problems) -> LossEntry | None:
    """A name, a formula, or `{huber: {delta: 1}}`."""
    if isinstance(value, Sequence) or (isinstance(value, Mapping) and len(value.entries) != 1):
        problems.add(value.mark, "one loss is expected here: a name, a formula such as a + b, or a name with options, {huber: {delta: 1}}")
        return None
    found = _read_with_options(value, problems, "a loss")
    return None if found is None else LossEntry(*found)


def read_activation(value: Value, problems: Problems) -> tuple[Scalar, Options] | None:
    """A name, or `{leaky_relu: {slope: 0.2}}`."""
    if isinstance(value, Mapping) and len(value.entries) != 1:
        problems.add(value.mark, "one activation is expected here: a name, or a name with options, {leaky_relu: {slope: 0.2}}")
        return None
    found = _read_with_options(value, problems, "the name of an activation")
    return None if found is None else (replace(found[0], text=canonical(found[0].text)), found[1])


def _read_with_options(value: Value, problems: Problems, what: str) -> tuple[Scalar, Options] | None:
    """A name, or a mapping of it to its options."""
    key, options = value.entries[0] if isinstance(value, Mapping) else (value, None)
    if (name := read_text(key, problems, what)) is None:
        return None
    if options is None or (isinstance(options, Scalar) and not options.text):
        return name, ()
    return name, _read_options(options, problems)


def _read_options(value: Value, problems: Problems) -> Options:
    found: list[tuple[Scalar, Scalar]] = []
    for key, text in read_mapping(value, problems, "{delta: 1}"):
        name, option = read_name(key, problems, "an option"), read_text(text, problems, "a number")
        if name is not None and option is not None:
            found.append((name, option))
    return tuple(found)


def read_cost(value: Value, problems: Problems) -> Literal["mean", "sum", "single"] | None:
    """`mean`, `sum` or `single`."""
    text = read_text(value, problems, "mean, sum or single")
    if text is None or text.text in COSTS:
        return next((cost for cost in COSTS if text and cost == text.text), None)
    called = _COSTS_CALLED.get(text.text.lower())
    near = (called,) if called is not None else nearest(text.text, COSTS)
    problems.add(text.mark, f"cost is mean, sum or single, not {quoted(text.text)}", text.text, near)
    return None


def read_outputs(value: Value, problems: Problems) -> tuple[Scalar, ...]:
    """`[price, kind]`, in the order in which targets belong to them."""
    names = read_names(value, problems, "an output")
    if isinstance(value, Sequence) and not value.items:
        problems.add(value.mark, "outputs is an empty list: leave it out, or name what the loss compares with the targets")
    for at, name in enumerate(names):
        if name.text in (earlier.text for earlier in names[:at]):
            problems.add(name.mark, f"the output {quoted(name.text)} is named twice", name.text)
    return names


def read_regularization(value: Value, problems: Problems) -> Regularization | None:
    """`{l2: lambda, of: weights}`."""
    entries = read_mapping(value, problems, "{l2: lambda, of: weights}")
    if not isinstance(value, Mapping):
        return None
    factors: dict[str, Scalar] = {}
    of = None
    for key, body in entries:
        if key.text in PENALTIES:
            factor = read_text(body, problems, "a number or a formula of constants, such as lambda or lambda/m,")
            if factor is not None:
                factors[key.text] = factor
        elif key.text == "of":
            of = _read_penalized(body, problems)
        else:
            message = f"regularization has no key {quoted(key.text)}: l1, l2, of"
            problems.add(key.mark, message, key.text, nearest(key.text, (*PENALTIES, "of")))
    if not any(key.text in PENALTIES for key, _ in entries):
        problems.add(value.mark, "regularization needs l1 or l2, such as {l2: lambda}")
    return Regularization(value.mark, factors.get("l1"), factors.get("l2"), of) if factors else None


def _read_penalized(value: Value, problems: Problems) -> Literal["weights", "all"] | tuple[Scalar, ...] | None:
    if isinstance(value, Scalar) and value.text == "weights":
        return "weights"
    if isinstance(value, Scalar) and value.text == "all":
        return "all"
    if isinstance(value, Sequence) and not value.items:
        problems.add(value.mark, "the list of parameters is empty: of takes weights, all, or names")
    return read_names(value, problems, "weights, all, or the name of a parameter") or None


def read_assumptions(value: Value, problems: Problems) -> tuple[Scalar, ...]:
    """`['sum(y) = 1']`, or one; each is read as a formula when the graph is built."""
    items = value.items if isinstance(value, Sequence) else (value,)
    texts = [read_text(item, problems, "an assumption, such as 'sum(y) = 1',") for item in items]
    for text in texts:
        if text is not None and not balanced(text.text):
            problems.add(text.mark, f"the brackets of {quoted(text.text)} do not match", text.text)
    return tuple(text for text in texts if text is not None and balanced(text.text))


def read_learning_rate(value: Value, problems: Problems) -> Fraction | None:
    """A number above 0."""
    rate = read_number(value, problems)
    if rate is not None and rate <= 0:
        problems.add(value.mark, "the learning rate is above 0", value.text if isinstance(value, Scalar) else None)
        return None
    return rate


def read_optimizer(value: Value, problems: Problems) -> OptimizerEntry | None:
    """A name, or `{adam: {beta1: 0.9}}`."""
    if isinstance(value, Sequence) or (isinstance(value, Mapping) and len(value.entries) != 1):
        problems.add(value.mark, "one optimizer is expected here: a name, or a name with its constants, {adam: {beta1: 0.9}}")
        return None
    found = _read_with_options(value, problems, "the name of an optimizer")
    return None if found is None else OptimizerEntry(*found)
