"""The layout of the package: imports go one way, text is never evaluated, files stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import backprop_derive

PACKAGE = Path(backprop_derive.__file__).parent
ROOT = PACKAGE.name
ORDER = (
    "frozen", "errors", "shown", "notation", "language", "spec", "graph", "operations", "building", "calculus", "numerics", "answers", "grading", "presentation", "cli",
)  # fmt: skip
OPEN_TO_ALL = ("__init__", "__main__")  # the package's own front: may import anything, and nothing imports it
MAXIMUM_LINES = 400

EVALUATORS = frozenset({"sympify", "parse_expr", "parse_latex", "lambdify", "simplify", "doit"})  # whatever they are called on
BUILTINS = frozenset({"eval", "exec"})
OF_SYMPY = frozenset({"S", "expand", "expand_mul", "factor", "diff"})  # other things may have these names

MODULES = sorted(PACKAGE.rglob("*.py"))


def modules() -> list[object]:
    return [pytest.param(path, id=path.relative_to(PACKAGE).as_posix()) for path in MODULES]


def package_of(path: Path) -> str:
    """The part of the package that a file belongs to: `language` for language/tokens.py, `errors` for errors.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


# -- imports point one way ------------------------------------------------------------------------------------------------


def imported_parts(source: str, path: Path) -> Iterator[tuple[int, str]]:
    """Line and part (`graph`) of every import of the package itself, wherever it stands: in functions and TYPE_CHECKING blocks too."""
    dotted = (ROOT, *path.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(ast.parse(source)):
        targets: list[tuple[str, ...]] = []
        if isinstance(node, ast.Import):
            targets = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = dotted[: len(dotted) - node.level] if node.level else ()
            base = (*start, *(node.module.split(".") if node.module else ()))
            targets = [(*base, alias.name) for alias in node.names]
        for target in targets:
            if target[0] == ROOT:
                yield getattr(node, "lineno", 0), target[1] if len(target) > 1 else "__init__"


def imports_against_the_order(source: str, path: Path) -> list[str]:
    """Every import that points at what stands later in the order, at the package's front, or at a part that has no place in it."""
    part = package_of(path)
    if part in OPEN_TO_ALL:
        return []
    allowed = ORDER[: ORDER.index(part) + 1] if part in ORDER else ()
    return [f"line {line}: {part} imports {other}" for line, other in imported_parts(source, path) if other not in allowed]


@pytest.mark.parametrize("path", modules())
def test_a_module_imports_only_what_stands_before_it(path: Path) -> None:
    assert package_of(path) in (*ORDER, *OPEN_TO_ALL), "a new part of the package needs its place in the order"
    assert imports_against_the_order(path.read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("graph/nodes.py", "from backprop_derive.calculus.terms import Term"),
        ("graph/nodes.py", "import backprop_derive.cli.main"),
        ("graph/nodes.py", "import backprop_derive"),
        ("graph/nodes.py", "from backprop_derive import calculus"),
        ("graph/nodes.py", "from ..calculus import terms"),
        ("graph/nodes.py", "from .. import calculus"),
        ("graph/nodes.py", "def inside():\n    from backprop_derive.operations.rows import Loss"),
        ("graph/nodes.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from backprop_derive.numerics.values import Values"),
        ("errors.py", "from backprop_derive.notation import canonical"),
        ("graph/nodes.py", "from backprop_derive.misplaced import thing"),
    ],
)
def test_an_import_against_the_order_is_caught(place: str, source: str) -> None:
    assert len(imports_against_the_order(source, PACKAGE / place)) == 1


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("calculus/terms.py", "from backprop_derive.graph.nodes import Graph"),
        ("calculus/terms.py", "from backprop_derive.calculus.ranges import solve"),
        ("calculus/terms.py", "from .ranges import solve"),
        ("notation.py", "from .errors import nearest"),
        ("cli/main.py", "import sympy, numpy"),
        ("__init__.py", "from backprop_derive.cli import main"),
    ],
)
def test_an_import_along_the_order_is_allowed(place: str, source: str) -> None:
    assert imports_against_the_order(source, PACKAGE / place) == []


# -- text is never evaluated, and sympy never rewrites behind our back ----------------------------------------------------


def forbidden_uses(source: str) -> list[str]:
    """Every use of a name that evaluates text, or that makes sympy rewrite an expression on its own."""
    tree = ast.parse(source)
    imported = [alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    sympy_names = {alias.asname or "sympy" for alias in imported if alias.name.split(".")[0] == "sympy"}
    return [name for node in ast.walk(tree) for name in names_used(node, sympy_names)]


def names_used(node: ast.AST, sympy_names: set[str]) -> list[str]:
    """The forbidden names that a single node of the tree uses."""
    match node:
        case ast.ImportFrom(module=str(module), names=names) if module.split(".")[0] == "sympy":
            return [alias.name for alias in names if alias.name in EVALUATORS | OF_SYMPY]
        case ast.Name(id=name) if name in BUILTINS:
            return [name]
        case ast.Call(func=ast.Name(id=name)) if name in EVALUATORS or name == "S":
            return [name]
        case ast.Attribute(attr=name) if name in EVALUATORS:
            return [name]
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in sympy_names and name in OF_SYMPY:
            return [name]
    return []


@pytest.mark.parametrize("path", modules())
def test_a_module_evaluates_no_text(path: Path) -> None:
    assert forbidden_uses(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "run = eval",
        "exec('x = 1')",
        "sympify('x')",
        "from sympy import sympify",
        "from sympy import S as shorthand",
        "from sympy.parsing.sympy_parser import parse_expr",
        "from sympy.parsing.latex import parse_latex",
        "S('x')",
        "import sympy\nsympy.S('x')",
        "import sympy as sp\nsp.lambdify(x, y)",
        "import sympy\nsympy.simplify(x)",
        "import sympy.parsing.sympy_parser\nsympy.parsing.sympy_parser.parse_expr(x)",
        "import sympy\nsympy.expand(x)",
        "import sympy\nsympy.factor(x)",
        "from sympy import expand",
        "from sympy import factor as f",
        "import sympy\nsympy.diff(x, y)",
        "from sympy import expand_mul",
        "expression.simplify()",
        "total.doit()",
        "def inside():\n    from sympy import lambdify",
    ],
)
def test_a_forbidden_use_is_caught(source: str) -> None:
    assert forbidden_uses(source) != []


@pytest.mark.parametrize("source", ["'eval(x)'", "import sympy\nsympy.Symbol('x')", "from sympy import factor_terms", "rewriting.factor(term)", "# exec()"])
def test_what_is_harmless_is_allowed(source: str) -> None:
    assert forbidden_uses(source) == []


# -- files stay small ------------------------------------------------------------------------------------------------------


def too_long(source: str) -> bool:
    return len(source.splitlines()) > MAXIMUM_LINES


@pytest.mark.parametrize("path", modules())
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert not too_long(path.read_text(encoding="utf-8"))


def test_a_file_that_is_too_long_is_caught() -> None:
    assert too_long("x = 1\n" * (MAXIMUM_LINES + 1))
    assert not too_long("x = 1\n" * MAXIMUM_LINES)


# -- tests are told apart by their names ----------------------------------------------------------------------------------


def test_no_two_test_files_have_the_same_name() -> None:
    """The folders of tests are no packages: two files of one name cannot be collected in one run."""
    found: dict[str, list[str]] = {}
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        found.setdefault(path.name, []).append(path.relative_to(Path(__file__).parent).as_posix())
    assert [paths for name, paths in found.items() if len(paths) > 1 and name != "conftest.py"] == []
