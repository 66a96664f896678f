"""How long a judgement takes, on published mistakes and on larger networks, after everything is imported.

A first judgement draws the points of its network and works out its derivatives; a later one on the same network has them.

    python benchmarks/judging.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "answers"))

from corpus import corpus, derivation_of
from networks import SPECS
from test_judging import CONDITIONS, LARGE, RIGHT, WRONG

from backprop_derive.answers.judging import judge
from backprop_derive.answers.reading import read_statement
from backprop_derive.answers.vocabulary import vocabulary_of
from backprop_derive.answers.worlds import Worlds
from backprop_derive.building.network import build_graph
from backprop_derive.calculus.derivation import Derivation, derive
from backprop_derive.spec.loading import read_spec


def timed(derivation: Derivation, text: str) -> tuple[float, float]:
    """Milliseconds of a first judgement, reading included, and of the same once more."""
    vocabulary, worlds = vocabulary_of(derivation), Worlds(derivation)
    times = []
    for _ in range(2):
        start = perf_counter()
        judge(worlds, read_statement(text, vocabulary))
        times.append(1000 * (perf_counter() - start))
    return times[0], times[1]


def main() -> None:
    """Print a line a group: how many, median and longest of the first judgement, median of a later one."""
    cases = [(case, case[key]) for kind in ("mistakes", "right") for case in corpus()[kind] for key in ("right", "wrong") if key in case]
    groups = {
        "published scalar networks": [(derivation_of(case), f"dthe_loss/d{case['of']} = {formula}") for case, formula in cases],
        "layers, batches, recurrences": [(derive(build_graph(read_spec(SPECS[row[0]]))), row[1]) for row in (*RIGHT, *WRONG, *CONDITIONS)],
        "784-100-10 and its kind": [(derive(build_graph(read_spec(SPECS[row[0]]))), row[1]) for row in LARGE],
    }
    timed(*groups["published scalar networks"][0])
    print(f"{'':32}{'count':>6}{'median':>10}{'longest':>10}{'later':>10}")
    for name, rows in groups.items():
        found = [timed(derivation, text) for derivation, text in rows]
        first, later = [each[0] for each in found], [each[1] for each in found]
        print(f"{name:32}{len(rows):6}{median(first):8.1f}ms{max(first):8.1f}ms{median(later):8.1f}ms")


if __name__ == "__main__":
    main()
