"""`verify SPEC ANSWERS`: judges a hand calculation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backprop_derive.cli.notation import notation_option
from backprop_derive.cli.options import output_options, spec_argument

if TYPE_CHECKING:
    from backprop_derive.cli.output import Output

_WRONG, _UNSURE = ("different",), ("different", "close", "undecided")


@click.command("verify")
@spec_argument
@click.argument("answers", metavar="[ANSWERS]", required=False)
@click.option("-w", "--weight", "weights", multiple=True, metavar="WEIGHT", help="The weight that the next -a answers. Repeatable.")
@click.option("-a", "--answer", "formulas", multiple=True, metavar="EXPRESSION", help="Its gradient: a formula, an equation or a number. Repeatable.")
@click.option("--hint", type=click.IntRange(0, 3), default=3, show_default=True, help="0 right or wrong only, 1 which line, 2 which factor, 3 the correct line.")
@click.option("--strict", is_flag=True, help="Fail also for what is close or undecided.")
@click.option("--report", metavar="FILE", help="Of a folder: write a row a claim to a .csv, .json or .md file.")
@click.option("--options", metavar="FILE", help="Of a folder: a YAML file with `points:`.")
@click.option("--jobs", type=int, default=1, show_default=True, help="Of a folder: judge so many submissions at once; -1 for all cores.")
@click.option("--time-limit", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Of a folder: seconds a submission.")
@notation_option
@output_options
def command(
    spec: str, answers: str | None, weights: tuple[str, ...], formulas: tuple[str, ...], hint: int, strict: bool, notation: str | None, output: Output, **of_folder: Any
) -> int:
    """Judge a hand calculation: which line is wrong, why, and what is right.

    ANSWERS is a .tex, .md or .txt file, a YAML file of answers by weight, a folder of submissions, or - for standard input. Exit
    code 1 if a line is wrong, 2 if an answer cannot be read.

    \b
    backprop-derive verify two_hidden_nodes homework.tex
    backprop-derive verify two_hidden_nodes -w v1 -a "(y' - y)*f_B'(z_B)*o1"
    backprop-derive verify two_hidden_nodes submissions/ --report report.csv
    """
    from backprop_derive.cli.handed_in import handed_in, refuse_options_of_folders
    from backprop_derive.cli.notation import renaming_for
    from backprop_derive.cli.opening import open_network
    from backprop_derive.cli.output import emit

    hand_in = handed_in(spec, answers, weights, formulas)
    if hand_in.is_folder:
        from backprop_derive.cli.grading import grade_folder

        return grade_folder(spec, Path(answers or ""), output, strict=strict, notation=notation, **of_folder)
    refuse_options_of_folders(of_folder)
    _, graph = open_network(spec)
    renaming = renaming_for(graph, notation)
    graph = graph if renaming is None else renaming.renamed

    from backprop_derive.answers.verifying import verify_answers
    from backprop_derive.calculus.derivation import derive
    from backprop_derive.presentation.judgements import present_judgement

    claims = verify_answers(graph, hand_in.passages(graph.words), weight=hand_in.weight)
    emit(replace(present_judgement(claims, derive(graph), hint=hint), renaming=renaming), output)
    if any(claim.verdict.outcome == "unreadable" and claim.asked for claim in claims):
        return 2
    return int(any(claim.verdict.outcome in (_UNSURE if strict else _WRONG) for claim in claims))
