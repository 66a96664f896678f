"""The pages of the values that a notebook shows by themselves."""

from __future__ import annotations

from backprop_derive.answers.claims import Judgement, Verdict
from backprop_derive.calculus.derivation import Derivation
from backprop_derive.graph.weights import entries_where_clearer
from backprop_derive.numerics.reports import CheckReport
from backprop_derive.presentation.checking import present_check
from backprop_derive.presentation.document import FORMAT, Document, Table
from backprop_derive.presentation.formats import render
from backprop_derive.presentation.formats.html import cell
from backprop_derive.presentation.judgements import present_judgement, verdict_rows
from backprop_derive.presentation.presenting import present
from backprop_derive.shown import Shown


def html_of(value: Shown) -> str:
    """The page as HTML, for the output of a cell."""
    return cell(page_of(value))


def latex_of(value: Shown) -> str:
    r"""The page as LaTeX, for `\input` and what does the like."""
    return str(render(page_of(value), "latex", fragment=True))


def page_of(value: Shown) -> Document:
    """The page of a derivation, a check, a judged calculation or a verdict. Raises TypeError for anything else."""
    match value:
        case Derivation():
            graph = value.graph
            return present(value, weights=entries_where_clearer(graph, tuple((name, None) for name in graph.parameters)))
        case CheckReport():
            return present_check(value)
        case Judgement():
            return present_judgement(value, value.derivation)
        case Verdict():
            return Document((Table((), tuple(verdict_rows(value))),), {"format": FORMAT, "verdict": value.outcome})
        case _:
            raise TypeError(f"{type(value).__name__} has no page")
