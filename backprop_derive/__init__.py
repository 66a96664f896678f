"""backprop_derive: derives, explains, proves and judges backpropagation gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from backprop_derive.building.network import build_graph as build_graph
    from backprop_derive.calculus.derivation import derive as derive
    from backprop_derive.spec.loading import load_spec as load_spec

_HOME = {
    "load_spec": "backprop_derive.spec.loading",
    "build_graph": "backprop_derive.building.network",
    "derive": "backprop_derive.calculus.derivation",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    """Public functions are imported when they are first used, so that importing the package costs next to nothing."""
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
