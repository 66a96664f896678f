"""Runs the example notebook anew, outputs included: `python docs/notebook.py`, with pip install '.[test]'. A test says when one is stale."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent / "notebook.ipynb"


def run(notebook: nbformat.NotebookNode) -> None:
    """Every cell, with its output; nothing of the machine that it ran on is kept."""
    kept = notebook.metadata.copy()
    NotebookClient(notebook, timeout=120, kernel_name="python3", record_timing=False).execute()
    notebook.metadata = kept


if __name__ == "__main__":
    whole = nbformat.read(NOTEBOOK, as_version=4)
    run(whole)
    nbformat.write(whole, NOTEBOOK)
