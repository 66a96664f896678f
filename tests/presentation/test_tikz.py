r"""Pictures in TikZ: what is written, and what a real TeX makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from networks_drawn import ALL, picture_of, weight_of
from test_latex import ENGINES, needs_tex, text_of, typeset

from backprop_derive.presentation.pictures.tikz import render, tikz_picture

HOSTILE = r"""
title: '\input{/etc/passwd} \end{document} $ % # <script>'
inputs: [x1, input, write18, end_document]
nodes:
  A: {weights: {catcode: x1, jobname: input, def: write18, let: end_document}, bias: par, activation: tanh, output: csname}
  foreach: {weights: {node: A, draw: input}, activation: f_path}
targets: y
loss: half_squared_error
"""


def test_the_picture_of_a_network_is_a_graph_with_names() -> None:
    lines = tikz_picture(picture_of("two_hidden_nodes"))[0].splitlines()
    assert r"\node[input] (x1) at (2.70, 2.70) {$x_{1}$};" in lines
    assert [line for line in lines if "(y-prime)" in line and "draw" in line] == [
        r"\draw[arrow] (o1) -- (y-prime);", r"\draw[arrow] (o2) -- (y-prime);", r"\draw[arrow] (y-prime) -- (L);",
    ]  # fmt: skip
    assert sum(line.startswith(r"\node[weight]") for line in lines) == 6


def test_the_paths_of_a_weight_are_lit() -> None:
    lines = tikz_picture(picture_of("two_hidden_nodes", "w11"))[0].splitlines()
    assert [line for line in lines if line.startswith(r"\draw[arrow, lit]")] == [
        r"\draw[arrow, lit] (x1) -- (o1);", r"\draw[arrow, lit] (o1) -- (y-prime);", r"\draw[arrow, lit] (y-prime) -- (L);",
    ]  # fmt: skip
    assert any(r"{$\partial z_{B}/\partial o_{1}$ = $v_{1}$}" in line for line in lines)


@pytest.mark.parametrize("name", ALL)
def test_every_spot_has_a_name_of_its_own(name: str) -> None:
    written = tikz_picture(picture_of(name))[0]
    names = re.findall(r"^\\node\[\w+(?:, [^\]]*)?\] \(([^)]*)\) at", written, re.MULTILINE)
    assert len(names) == len(set(names)) == len(picture_of(name).spots)
    assert all(re.fullmatch(r"[A-Za-z0-9-]+", each) for each in names)


def test_a_fragment_is_the_picture_alone() -> None:
    fragment = render(picture_of("mazur"), fragment=True)
    assert fragment.splitlines()[0] == r"% for \input; the preamble of your file needs \usepackage{amsmath}\usepackage{tikz}\usetikzlibrary{shapes.misc}"
    assert r"\documentclass" not in fragment
    assert fragment.split("\n", 1)[1] in render(picture_of("mazur"))


@needs_tex
@pytest.mark.tex
def test_tex_draws_networks_of_every_kind(tmp_path: Path) -> None:
    """Many in one run, each picture on a page as large as it, every other one with the paths of a weight."""
    pictures = [picture_of(name, weight_of(name) if number % 2 else None) for number, name in enumerate(ALL[::2])]
    pages = "\n".join(f"\\begin{{page}}\n{tikz_picture(picture)[0]}\\end{{page}}" for picture in pictures)
    start, _ = render(picture_of("mazur")).split(r"\begin{document}")
    start = start.replace(r"{standalone}", r"[multi=page]{standalone}").replace("[border=2mm][multi=page]", "[border=2mm,multi=page]")
    log = typeset("pdflatex", f"{start}\\begin{{document}}\n{pages}\n\\end{{document}}\n", tmp_path)
    assert re.findall(r"^(?:Missing character.*|! .*|LaTeX (?:Font )?Warning: .*)$", log, re.MULTILINE) == []
    assert f"({len(pictures)} pages" in log


@needs_tex
@pytest.mark.tex
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_compiles_the_file(engine: str, tmp_path: Path) -> None:
    typeset(engine, render(picture_of("mazur", "w1")), tmp_path)
    assert "sigmoid" in text_of(tmp_path / "page.pdf")


@needs_tex
@pytest.mark.tex
def test_a_fragment_is_read_into_a_file(tmp_path: Path) -> None:
    fragment = render(picture_of("mazur"), fragment=True)
    (tmp_path / "net.tex").write_text(fragment, encoding="utf-8")
    needed = fragment.splitlines()[0].split("needs ")[1]
    typeset("pdflatex", f"\\documentclass{{article}}{needed}\\begin{{document}}Look: \\input{{net}}\\end{{document}}", tmp_path)


@needs_tex
@pytest.mark.tex
def test_names_like_commands_are_names(tmp_path: Path) -> None:
    typeset("pdflatex", render(picture_of(HOSTILE, "node")), tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".aux", ".log", ".pdf", ".tex"]
    shown = text_of(tmp_path / "page.pdf")
    assert "csname" in shown
    assert "root:" not in shown
