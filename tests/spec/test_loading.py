"""Fields of a spec: what they mean, and what is said where they are wrong."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from backprop_derive.errors import Problem, SpecError
from backprop_derive.spec.loading import load_spec, read_spec
from backprop_derive.spec.model import Declared, NetworkSpec
from backprop_derive.spec.source import Mapping, Scalar

NETWORK = "\nlayers: [softmax]\n"


def spec_of(text: str) -> NetworkSpec:
    return read_spec(text + NETWORK)


def error_of(text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        read_spec(text, "net.yaml")
    return caught.value


def texts(scalars: tuple[Scalar, ...]) -> list[str]:
    return [scalar.text for scalar in scalars]


def shapes(declared: tuple[Declared, ...]) -> dict[str, list[str] | None]:
    return {each.name.text: None if each.shape is None else texts(each.shape) for each in declared}


# -- what fields mean -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x", {"x": []}),
        ("[x1, x2]", {"x1": [], "x2": []}),
        ("2", {"x": ["2"]}),
        ("{x: 2}", {"x": ["2"]}),
        ("{x: n}", {"x": ["n"]}),
        ("{x: [n, d], t: 3}", {"x": ["n", "d"], "t": ["3"]}),
        ("{x: [n - k + 1], s: []}", {"x": ["n - k + 1"], "s": []}),
        ("[x, {h: 3}]", {"x": [], "h": ["3"]}),
        ("[λ, ŷ, x₁, y′]", {"lambda": [], "yhat": [], "x_1": [], "y'": []}),
        ("[a^(2), no, on]", {"a^(2)": [], "no": [], "on": []}),
    ],
)
def test_inputs(written: str, expected: dict[str, list[str]]) -> None:
    assert shapes(spec_of(f"inputs: {written}").inputs) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("y", {"y": None}), ("[t1, t2]", {"t1": None, "t2": None}), ("{y: 3}", {"y": ["3"]}), ("{y: []}", {"y": []}), ("2", {"y": ["2"]})],
)
def test_targets_leave_their_shape_open_unless_said(written: str, expected: dict[str, list[str] | None]) -> None:
    targets = spec_of(f"targets: {written}").targets
    assert targets is not None
    assert shapes(targets) == expected


def test_fields_left_out() -> None:
    spec = spec_of("")
    assert (spec.targets, spec.assume, spec.loss, spec.learning_rate, spec.cost, spec.title) == (None, None, None, None, "mean", "")


def test_constants_sizes_parameters_and_frozen() -> None:
    spec = spec_of("constants: {c: 3, h0: [d]}\nsizes: {W1: [h, n], n: 3}\nparameters: [W1, b, W1]\nfrozen: b\nassume: ['sum(y) = 1']")
    assert shapes(spec.constants) == {"c": ["3"], "h0": ["d"]}
    assert [(name.text, texts(lengths)) for name, lengths in spec.sizes] == [("W1", ["h", "n"]), ("n", ["3"])]
    assert texts(spec.parameters) == ["W1", "b", "W1"]
    assert texts(spec.frozen) == ["b"]
    assert spec.assume is not None
    assert texts(spec.assume) == ["sum(y) = 1"]
    assert shapes(spec_of("constants: [eps]").constants) == {"eps": []}


def test_functions() -> None:
    swish, snake = spec_of("functions:\n  swish2(z): z*sigmoid(z)\n  snake: abstract\n").functions
    assert (swish.name.text, swish.argument, swish.definition) == ("swish2", "z", Scalar("z*sigmoid(z)", swish.name.mark))
    assert (snake.name.text, snake.argument, snake.definition) == ("snake", None, None)


@pytest.mark.parametrize(
    ("written", "name", "options"),
    [
        ("half_squared_error", "half_squared_error", {}),
        ("a + 0.5*b", "a + 0.5*b", {}),
        ("{huber: {delta: 1, κ: 2}}", "huber", {"delta": "1", "kappa": "2"}),
        ("{mse: }", "mse", {}),
    ],
)
def test_loss(written: str, name: str, options: dict[str, str]) -> None:
    loss = spec_of(f"loss: {written}").loss
    assert loss is not None
    assert loss.text.text == name
    assert {key.text: value.text for key, value in loss.options} == options


@pytest.mark.parametrize("cost", ["mean", "sum", "single"])
def test_cost_title_and_learning_rate(cost: str) -> None:
    spec = spec_of(f"title: Two  hidden nodes\ncost: {cost}\nlearning_rate: 1e-1")
    assert (spec.title, spec.cost, spec.learning_rate) == ("Two hidden nodes", cost, Fraction(1, 10))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0.15", Fraction(3, 20)),
        ("012", Fraction(12)),
        ("1e-3", Fraction(1, 1000)),
        ("-1/3", Fraction(-1, 3)),
        (".5", Fraction(1, 2)),
        ("'+2.'", Fraction(2)),
        ("(1 + 2)*3 - 2^3/4", Fraction(7)),
        ("2^-1", Fraction(1, 2)),
        ("sqrt(2)/2", Fraction(2**0.5) / 2),
        ("max(1, abs(-3), min(4, 5))", Fraction(4)),
        ("4**0.5", Fraction(2)),
        ("½", Fraction(1, 2)),
    ],
)
def test_a_value_is_exact(written: str, expected: Fraction) -> None:
    (given,) = spec_of(f"values:\n  w: {written}").values
    assert given.value == expected
    assert given.shape == ()


def test_values_are_nested_and_named_by_entry() -> None:
    matrix, entry = spec_of("values:\n  W2: [[0.4, 1], [1/2, 2], [0, 3]]\n  W1[2, 1]: 3\n").values
    assert matrix.shape == (3, 2)
    assert matrix.value == ((Fraction(2, 5), Fraction(1)), (Fraction(1, 2), Fraction(2)), (Fraction(0), Fraction(3)))
    assert (entry.name.text, entry.value, entry.mark.line) == ("W1[2,1]", Fraction(3), 3)


def test_layers() -> None:
    spec = read_spec("layers:\n  - dense: [h1, h2]\n    bias: {shared: b1}\n    activation: sigmoid\n  - softmax\n  - flatten:\n")
    dense, softmax, flatten = spec.layers
    assert dense.kind.text == "dense"
    assert dense.main is not None
    assert [(key.text, value.mark.path) for key, value in dense.options] == [
        ("bias", "layers[0].bias"),
        ("activation", "layers[0].activation"),
    ]
    assert [(layer.kind.text, layer.main, layer.options) for layer in (softmax, flatten)] == [("softmax", None, ()), ("flatten", None, ())]


def test_nodes() -> None:
    spec = read_spec(
        "nodes:\n"
        "  A1: {weights: {w11: x1, w12: [x1, x2]}, activation: f_A1, output: o1}\n"
        "  B:\n    weights:\n      v1: x[1]\n    bias: b\n    output: y'\n    preactivation: z_B\n"
        "  C: {weights: {v1: A1}, bias: none, activation: σ}\n"
    )
    first, second, third = spec.neurons
    assert [(each.weight.text, texts(each.sources)) for each in first.connections] == [("w11", ["x1"]), ("w12", ["x1", "x2"])]
    assert [part.text if part else None for part in (first.activation, first.output, first.bias)] == ["f_A1", "o1", None]
    assert [part.text if part else None for part in (second.bias, second.output, second.preactivation)] == ["b", "y'", "z_B"]
    assert texts(second.connections[0].sources) == ["x[1]"]
    assert third.bias is None
    assert third.activation is not None
    assert third.activation.text == "sigma"


def test_equations() -> None:
    spec = read_spec("equations:\n  z[j, k]: sum(W[j,k]*x[k], k)\n  h[0,j]: h0[j]\n  a^(2)[j]: z[j]\n  b[j]^(3): 1\n  L: sum(e(z), j)\n")
    assert [equation.left.text for equation in spec.equations] == ["z[j,k]", "h[0,j]", "a^(2)[j]", "b^(3)[j]", "L"]
    assert spec.equations[0].right.text == "sum(W[j,k]*x[k], k)"
    assert spec.equations[1].left.mark.path == "equations.h[0,j]"


# -- what is wrong ----------------------------------------------------------------------------------------------------

WRONG = [  # text, line, column, path, part of the message, nearest
    ("layer: [a]", 1, 1, "layer", "unknown key 'layer'", ("layers",)),
    ("Inputs: x", 1, 1, "Inputs", "unknown key", ("inputs",)),
    ("regularisation: 1", 1, 1, "regularisation", "unknown key", ("regularization",)),
    ("zzz: 1", 1, 1, "zzz", "unknown key", ()),
    ("inputs:", 1, 8, "inputs", "no value", ()),
    ("title: [a]", 1, 8, "title", "not a list", ()),
    ("nodes: {A: {weights: {w: x}}}", 2, 1, "layers", "nodes is on line 1 already", ()),
    ("cost: avg", 1, 7, "cost", "mean, sum or single, not 'avg'", ("mean",)),
    ("cost: singel", 1, 7, "cost", "mean, sum or single", ("single",)),
    ("inputs: [x1, 2]", 1, 14, "inputs[1]", "'2' is no name: an input is expected here", ()),
    ("inputs: my-input", 1, 9, "inputs", "a name is a letter, then", ()),
    ("inputs: wei ght", 1, 9, "inputs", "is no name", ()),
    ("inputs: [none]", 1, 10, "inputs[0]", "reserved", ()),
    ("inputs: x[1]", 1, 9, "inputs", "without indices", ()),
    ("inputs: {x: 1.5}", 1, 13, "inputs.x", "'1.5' is no length", ()),
    ("inputs: {x: [n, 0]}", 1, 17, "inputs.x[1]", "'0' is no length", ()),
    ("inputs: {x: }", 1, 12, "inputs.x", "missing", ()),
    ("inputs: {x: [[2]]}", 1, 14, "inputs.x[0]", "not a list", ()),
    ("inputs: -2", 1, 9, "inputs", "no length", ()),
    ("constants: {eps: 1e-5}", 1, 18, "constants.eps", "values stand under values", ()),
    ("constants: 3", 1, 12, "constants", "is no name", ()),
    ("targets: {y: [classes, 2, 0]}", 1, 27, "targets.y[2]", "'0' is no length", ()),
    ("inputs: {x: classes, z: 0}", 1, 25, "inputs.z", "'0' is no length", ()),
    ("seed: -1", 1, 7, "seed", "a seed is a whole number from 0 to 4294967295, not '-1'", ()),
    ("seed: 1.5", 1, 7, "seed", "not '1.5'", ()),
    ("seed: 4294967296", 1, 7, "seed", "not '4294967296'", ()),
    ("seed: [1]", 1, 7, "seed", "a whole number from 0 is expected here, not a list", ()),
    ("data: []", 1, 7, "data", "data is an empty list", ()),
    ("data: [1, {x: 1}]", 1, 8, "data[0]", "a sample is a mapping of names to values", ()),
    ("data: [{x: 1}, {}]", 1, 16, "data[1]", "a sample is a mapping of names to values", ()),
    ("optimizer: [adam]", 1, 12, "optimizer", "one optimizer is expected here", ()),
    ("optimizer: {adam: {beta1: 0.9}, sgd: {}}", 1, 12, "optimizer", "one optimizer is expected here", ()),
    ("optimizer: {adam: 3}", 1, 19, "optimizer.adam", "a mapping is expected here", ()),
    ("parameters: {W: 3}", 1, 13, "parameters", "stand under sizes", ()),
    ("sizes: [n]", 1, 8, "sizes", "a mapping is expected here, such as {W1: [h, n], n: 3}", ()),
    ("functions: {snake: z^2}", 1, 13, "functions.snake", "write snake(z): …", ()),
    ("functions:\n  f(z, c): z", 2, 3, "functions.f(z, c)", "one argument", ()),
    ("functions:\n  f'(z): z", 2, 3, "functions.f'(z)", "a derivative is found", ()),
    ("functions:\n  2f(z): z", 2, 3, "functions.2f(z)", "is no name", ()),
    ("functions:\n  f(z):", 2, 8, "functions.f(z)", "missing", ()),
    ("loss: [a, b]", 1, 7, "loss", "one loss", ()),
    ("loss: {a: 1, b: 2}", 1, 7, "loss", "one loss", ()),
    ("loss: {huber: 3}", 1, 15, "loss.huber", "a mapping is expected here", ()),
    ("assume: [{a: b}]", 1, 10, "assume[0]", "not a mapping", ()),
    ("learning_rate: -1", 1, 16, "learning_rate", "above 0", ()),
    ("learning_rate: fast", 1, 16, "learning_rate", "'fast' is a name", ()),
    ("learning_rate: [1]", 1, 16, "learning_rate", "a number is expected", ()),
    ("values: rndom", 1, 9, "values", "values is random, xavier, he, or a mapping, not 'rndom'", ("random",)),
    ("values: {w: 1, others: xaver}", 1, 24, "values.others", "others is random, xavier or he, not 'xaver'", ("xavier",)),
    ("values: 3", 1, 9, "values", "a mapping is expected here", ()),
    ("values: {W: [[1, 2], [3]]}", 1, 22, "values.W[1]", "ragged list: this entry is a list of 1, the first is a list of 2", ()),
    ("values: {W: [1, [3]]}", 1, 17, "values.W[1]", "ragged list: this entry is a list of 1, the first is a number", ()),
    ("values: {W: [1, x]}", 1, 17, "values.W[1]", "'x' is a name", ()),
    ("values: {W: []}", 1, 13, "values.W", "empty", ()),
    ("values: {W: {a: 1}}", 1, 13, "values.W", "not a mapping", ()),
    ("values: {λ: 1, lambda: 2}", 1, 16, "values.lambda", "two values", ()),
    ("values: {w: .inf}", 1, 13, "values.w", "inf and nan", ()),
    ("values: {w: NaN}", 1, 13, "values.w", "inf and nan", ()),
    ("values: {w: 1/0}", 1, 13, "values.w", "divides by zero", ()),
    ("values: {w: 0^-1}", 1, 13, "values.w", "divides by zero", ()),
    ("values: {w: sqrt(-1)}", 1, 13, "values.w", "no real value", ()),
    ("values: {w: (-8)^(1/3)}", 1, 13, "values.w", "no real value", ()),
    ("values: {w: exp(1e9)}", 1, 13, "values.w", "too large", ()),
    ("values: {w: 1e300*1e300}", 1, 13, "values.w", "too large", ()),
    ("values: {w: foo(1)}", 1, 13, "values.w", "'foo' is no function of numbers", ()),
    ("values: {w: 'sqrt(1, 2)'}", 1, 13, "values.w", "takes one number", ()),
    ("values: {w: 2 3}", 1, 13, "values.w", "'2 3' is no number", ()),
    ("values: {w: }", 1, 12, "values.w", "a number is expected", ()),
    ("inputs: [x]\ntargets: x", 2, 10, "targets", "two things have the name 'x': an input (inputs[0], line 1, column 10) and a target", ()),
    ("inputs: [x, x]", 1, 13, "inputs[1]", "two things have the name 'x'", ()),
    ("inputs: W\nparameters: W", 2, 13, "parameters", "an input (inputs, line 1, column 9) and a parameter", ()),
    ("inputs: f\nfunctions: {f: abstract}", 2, 13, "functions.f", "and a function", ()),
]


def found_at(problems: tuple[Problem, ...], line: int, column: int, path: str) -> Problem:
    return next(each for each in problems if (each.line, each.column, each.path) == (line, column, path))


@pytest.mark.parametrize(("text", "line", "column", "path", "message", "near"), WRONG)
def test_a_wrong_field_says_where_and_why(text: str, line: int, column: int, path: str, message: str, near: tuple[str, ...]) -> None:
    error = error_of(text + NETWORK)
    (problem,) = error.problems
    assert (problem.line, problem.column, problem.path, problem.file) == (line, column, path, "net.yaml")
    assert message in problem.message
    assert problem.nearest == near
    assert isinstance(error.partial, NetworkSpec)


NODE = "nodes:\n  A: {weights: {w: x}}\n"
WRONG_NETWORKS = [  # text, line, column, path, part of the message, nearest
    ("title: a", 1, 1, "", "one of layers, nodes, equations", ()),
    ("layers: {dense: 3}", 1, 9, "layers", "a dash for each layer", ()),
    ("layers: []", 1, 9, "layers", "an empty list", ()),
    ("layers: [[dense]]", 1, 10, "layers[0]", "a layer is a word", ()),
    ("layers: [{}]", 1, 10, "layers[0]", "a layer is a word", ()),
    ("layers:\n  - dense: 3\n  -\n", 3, 4, "layers[1]", "missing", ()),
    ("nodes: [A]", 1, 8, "nodes", "a mapping is expected here", ()),
    ("nodes: {}", 1, 8, "nodes", "no nodes", ()),
    ("nodes: {A: x}", 1, 12, "nodes.A", "a node is a mapping with weights", ()),
    (NODE + "  B: {weights: {v: A}, activaton: f}", 3, 24, "nodes.B.activaton", "no key 'activaton'", ("activation", "preactivation")),
    (NODE + "  B: {activation: f}", 3, 3, "nodes.B", "has no weights", ()),
    (NODE + "  B: {weights: [v]}", 3, 16, "nodes.B.weights", "weight: source", ()),
    (NODE + "  B: {weights: {}}", 3, 16, "nodes.B.weights", "no entries", ()),
    (NODE + "  B: {weights: {0.3: A}}", 3, 17, "nodes.B.weights.0.3", "the numbers stand under values", ()),
    (NODE + "  B: {weights: {v: }}", 3, 19, "nodes.B.weights.v", "a source is missing", ()),
    (NODE + "  B: {weights: {v: []}}", 3, 20, "nodes.B.weights.v", "no source", ()),
    (NODE + "  B: {weights: {v: A}, bias: 0.1}", 3, 30, "nodes.B.bias", "a bias is expected", ()),
    (NODE + "  B: {weights: {v: A}, activation: [f]}", 3, 36, "nodes.B.activation", "not a list", ()),
    (NODE + "  B: {weights: {v: A}, output: A}", 3, 32, "nodes.B.output", "a node (nodes.A, line 2, column 3)", ()),
    (NODE + "  B: {weights: {v: A}, output: o, preactivation: o}", 3, 50, "nodes.B.preactivation", "two things", ()),
    (NODE + "inputs: [x, w]", 3, 13, "inputs[1]", "a parameter (nodes.A.weights.w, line 2, column 17) and an input", ()),
    ("equations: [a]", 1, 12, "equations", "a mapping is expected here", ()),
    ("equations: {}", 1, 12, "equations", "no equations", ()),
    ("equations:\n  a:", 2, 5, "equations.a", "missing", ()),
    ("equations:\n  z[j: x", 2, 3, "equations.z[j", "write it on a line of its own, or quote it", ()),
    ("equations:\n  f(z): z", 2, 3, "equations.f(z)", "functions stand under functions", ()),
    ("equations:\n  z[j]: x\n  z[ j ]: x", 3, 3, "equations.z[ j ]", "two things have the name 'z[j]'", ()),
    ("equations:\n  λ: x\n  lambda: x", 3, 3, "equations.lambda", "two things have the name 'lambda'", ()),
    ("inputs: z\nequations:\n  z[j]: x", 3, 3, "equations.z[j]", "an input (inputs, line 1, column 9) and an equation", ()),
    ("equations:\n  a^(1)[j]^(2): x", 2, 3, "equations.a^(1)[j]^(2)", "is no name", ()),
]


@pytest.mark.parametrize(("text", "line", "column", "path", "message", "near"), WRONG_NETWORKS)
def test_a_wrong_network_says_where_and_why(text: str, line: int, column: int, path: str, message: str, near: tuple[str, ...]) -> None:
    (problem,) = error_of(text).problems
    assert (problem.line, problem.column, problem.path) == (line, column, path)
    assert message in problem.message
    assert problem.nearest == near


def test_sharing_and_different_entries_are_no_clash() -> None:
    shared = read_spec("inputs: [x]\nparameters: [w, w]\nnodes:\n  A: {weights: {w: x}, bias: w, output: A}\n  B: {weights: {w: A}}\n")
    assert [neuron.connections[0].weight.text for neuron in shared.neurons] == ["w", "w"]
    entries = read_spec("equations:\n  h[0,j]: 1\n  h[t,j]: 2\n")
    assert [equation.left.text for equation in entries.equations] == ["h[0,j]", "h[t,j]"]


def test_a_misspelled_style_is_told_once() -> None:
    (problem,) = error_of("equation:\n  a: x\n").problems
    assert problem.nearest == ("equations",)


def test_all_problems_come_together_in_order_and_the_rest_is_kept() -> None:
    error = error_of("titel: a\ninputs: [x, 3]\nloss: mse\nvalues: {w: 1/0, v: 2}\ndata: 3\ninputs: y\ncost: men\nlayers: [softmax, []]\n")
    assert [(problem.line, problem.path) for problem in error.problems] == [
        (1, "titel"), (2, "inputs[1]"), (4, "values.w"), (5, "data"), (6, "inputs"), (7, "cost"), (8, "layers[1]"),
    ]  # fmt: skip
    spec = error.partial
    assert isinstance(spec, NetworkSpec)
    assert shapes(spec.inputs) == {"x": []}
    assert [given.name.text for given in spec.values] == ["v"]
    assert [layer.kind.text for layer in spec.layers] == ["softmax"]
    assert spec.loss is not None


def test_a_message_names_file_line_column_path_value_and_nearest() -> None:
    (problem,) = error_of("cost: singel" + NETWORK).problems
    assert str(problem) == "net.yaml:1:7: cost: cost is mean, sum or single, not 'singel' (did you mean single?)"
    assert problem.value == "singel"


def test_long_and_invisible_text_is_shown_short_and_visible() -> None:
    (problem,) = error_of("inputs: a\u200b" + "b" * 500 + NETWORK).problems
    assert "a\\u200bbbb" in problem.message
    assert len(problem.message) < 200


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_file_is_read_and_named(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(b"\xef\xbb\xbfinputs: x\r\n" + NETWORK.encode())
    assert shapes(load_spec(path).inputs) == {"x": []}
    assert load_spec(str(path)).mark.file == str(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        ("inputs: x".encode("utf-16"), "UTF-16"),
        (b"\x7fELF\x00\x01", "binary"),
        (b"a: 1\nb: \xff", "0xFF"),
        (b"a: " + b"x" * 300_000, "200 kB"),
        (("a" + "é" * 150_000).encode(), "200 kB"),
    ],
    ids=["empty", "utf-16", "binary", "latin-1", "large", "cut-inside-a-character"],
)
def test_an_unusable_file_is_said_so(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(data)
    with pytest.raises(SpecError, match=message) as caught:
        load_spec(path)
    assert caught.value.problems[0].file == str(path)


def test_a_byte_that_is_not_utf8_has_a_place(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(b"title: a\nloss: \xff\n")
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (2, 7)


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "mazur.yaml").touch()
    with pytest.raises(SpecError, match="no such file") as caught:
        load_spec(tmp_path / "mazurr.yaml")
    assert caught.value.problems[0].nearest == ("mazur.yaml",)
    with pytest.raises(SpecError, match="no such file"):
        load_spec(tmp_path / "nowhere" / "a.yaml")


def test_a_folder_and_an_impossible_path_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="a folder"):
        load_spec(tmp_path)
    with pytest.raises(SpecError, match="cannot be read"):
        load_spec("a\0b")
    with pytest.raises(SpecError, match="cannot be read"):
        load_spec(tmp_path / ("a" * 5000))


def test_samples_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their number may be large, and the time grows with it, not with its square."""

    def refuse(_: object, other: object) -> bool:
        assert not isinstance(other, Mapping), "samples are compared"
        return False

    monkeypatch.setattr(Mapping, "__eq__", refuse)
    spec = read_spec("inputs: x\nlayers: [dense: 1]\nloss: mse\ndata:\n" + "  - {x: 1, y: 2}\n" * 3)
    assert spec.data is not None
    assert len(spec.data.rows) == 3


def test_reading_a_spec_needs_no_heavy_library() -> None:
    code = (
        "import sys\nfrom backprop_derive.spec.loading import read_spec\n"
        "read_spec('inputs: x\\nvalues: {w: 1}\\nlayers: [softmax]')\n"
        "print([name for name in ('sympy', 'numpy', 'rich', 'click') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
