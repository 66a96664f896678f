"""backprop_derive: derives, explains and proves backpropagation gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from backprop_derive.answers.verifying import verify_answers as verify_answers
    from backprop_derive.building.network import build_graph as build_graph
    from backprop_derive.building.profiles import in_notation as in_notation
    from backprop_derive.calculus.derivation import derive as derive
    from backprop_derive.graph.sympy_form import to_sympy as to_sympy
    from backprop_derive.numerics.gradcheck import check_gradients as check_gradients
    from backprop_derive.numerics.training import evaluate as evaluate
    from backprop_derive.presentation.drawing import draw as draw
    from backprop_derive.presentation.formats import render as render
    from backprop_derive.presentation.formulas import write as write
    from backprop_derive.presentation.presenting import present as present
    from backprop_derive.spec.loading import load_spec as load_spec
    from backprop_derive.spec.loading import read_spec as read_spec

_HOME = {
    "verify_answers": "backprop_derive.answers.verifying",
    "load_spec": "backprop_derive.spec.loading",
    "read_spec": "backprop_derive.spec.loading",
    "build_graph": "backprop_derive.building.network",
    "in_notation": "backprop_derive.building.profiles",
    "derive": "backprop_derive.calculus.derivation",
    "to_sympy": "backprop_derive.graph.sympy_form",
    "check_gradients": "backprop_derive.numerics.gradcheck",
    "evaluate": "backprop_derive.numerics.training",
    "draw": "backprop_derive.presentation.drawing",
    "present": "backprop_derive.presentation.presenting",
    "render": "backprop_derive.presentation.formats",
    "write": "backprop_derive.presentation.formulas",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    """Public functions are imported when they are first used, so that importing the package costs next to nothing."""
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
