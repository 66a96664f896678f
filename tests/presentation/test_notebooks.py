"""What values show of themselves in a notebook, and the example notebook, run in a real kernel."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from shipped import ROOT, graph_of
from test_latex import needs_tex, typeset

from backprop_derive import check_gradients, derive, verify_answers
from backprop_derive.presentation.notebooks import page_of
from backprop_derive.shown import Shown

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def values() -> dict[str, Shown]:
    """One of each kind that shows itself."""
    derivation = derive(graph_of("two_hidden_nodes"))
    judged = verify_answers(derivation.graph, {"v1": "(y - y')*f_B'(z_B)*o1"})
    return {"derivation": derivation, "check": check_gradients(derivation, seeds=(0,)), "judgement": judged, "verdict": judged[0].verdict}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("derivation", ["Two hidden nodes", "Backward pass", "the derivatives along the way are multiplied"]),
        ("check", ["Check: Two hidden nodes", "Passed: every derived gradient agrees", "complex-step"]),
        ("judgement", ["Your calculation", "<mark>y - y&#x27;</mark>", "wrong"]),
        ("verdict", ["wrong", "yours is -0.990417, right is 0.990417"]),
    ],
)
def test_a_value_shows_its_page(kind: str, words: list[str]) -> None:
    page = values()[kind]._repr_html_()
    assert page.startswith('<div class="backprop-derive"><style>')
    assert "<script" not in page
    for each in words:
        assert each in page


def test_the_style_of_a_cell_touches_nothing_else() -> None:
    """Every rule of it is inside of one for the class."""
    page = values()["verdict"]._repr_html_()
    style = re.sub(r"/\*.*?\*/", "", page[page.index("<style>") + 7 : page.index("</style>")], flags=re.DOTALL)
    depth, outside = 0, ""
    for letter in style:
        depth += (letter == "{") - (letter == "}")
        outside += letter if depth == 0 else ""
    assert outside.replace("}", "").split() == [".backprop-derive", ".backprop-derive"]


@needs_tex
@pytest.mark.tex
def test_values_are_typeset_in_a_document_of_ones_own(tmp_path: Path) -> None:
    body = "\n".join(value._repr_latex_() for value in values().values())
    log = typeset("pdflatex", "\\documentclass{article}\n\\usepackage{amsmath}\n\\begin{document}\n" + body + "\n\\end{document}\n", tmp_path)
    assert "Output written" in log


def test_what_has_no_page_is_said() -> None:
    with pytest.raises(TypeError, match="Shown has no page"):
        page_of(Shown())


def test_values_are_told_from_each_other_in_a_line() -> None:
    found = values()
    assert repr(found["derivation"]) == "Derivation('Two hidden nodes': w11, w12, w21, w22, v1, v2)"
    assert repr(found["judgement"]) == "Judgement(different)"


@pytest.mark.skipif(find_spec("nbclient") is None or find_spec("ipykernel") is None, reason="needs nbclient and ipykernel (pip install 'backprop_derive[test]')")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
def test_the_example_notebook_runs_and_shows_what_it_showed(monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    stored = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(stored)
    fresh = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(fresh, timeout=120, kernel_name="python3", record_timing=False).execute()
    pairs = [(before, now) for before, now in zip(stored.cells, fresh.cells, strict=True) if before.cell_type == "code"]
    assert len(pairs) == 5
    for before, now in pairs:
        old, new = pages(before), pages(now)
        assert old.keys() == new.keys()
        if "Passed: " in new.get("text/html", ""):  # its last digits are those of the machine
            assert "Passed: every derived gradient agrees" in old["text/html"]
        else:
            assert without_style(new.get("text/html", "")) == without_style(old.get("text/html", "")), "python docs/notebook.py, and look at it"
            if "text/html" not in new and "text/latex" in new:
                assert new["text/latex"] == old["text/latex"]


def without_style(page: str) -> str:
    return re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


def pages(cell: Any) -> dict[str, str]:
    (output,) = cell.outputs
    assert output.output_type == "execute_result"
    return dict(output.data)
