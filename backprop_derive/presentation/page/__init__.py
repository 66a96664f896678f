"""The parts of the page for a browser beside its text: style, script, and the network to click on."""

from __future__ import annotations

from importlib.resources import files


def asset(name: str) -> str:
    """A file of this folder."""
    return (files(__name__) / name).read_text(encoding="utf-8")
