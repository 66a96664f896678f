"""How long the commands take to start, next to `import sympy`.

Each round runs every command once as a whole process, so that a slow moment of the machine falls on all of them; the ratio to
`import sympy` is taken within a round, and the median of the rounds is printed; beside it, the ratio of the shortest times. Bytecode is kept in a folder of its own, as it is
kept beside the files where a package is installed: a checkout in an environment that writes none would be compiled anew each time.

    python benchmarks/startup.py [--rounds 15] [--gate]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
BAD_SPECS = ROOT / "tests" / "bad_specs"
TOOL = (sys.executable, "-c", "from backprop_derive.cli.main import main; main()")
YARDSTICK = "import sympy"
COMMANDS = {
    "pass": (sys.executable, "-c", "pass"),
    YARDSTICK: (sys.executable, "-c", "import sympy"),
    "--help": (*TOOL, "--help"),
    "list": (*TOOL, "list"),
    "no YAML": (*TOOL, "derive", str(BAD_SPECS / "bad_yaml_tab.yaml")),
    "a wrong value": (*TOOL, "derive", str(BAD_SPECS / "bad_misspelt_cost.yaml")),
    "an unknown name": (*TOOL, "derive", str(BAD_SPECS / "bad_unknown_name.yaml")),
    "a wrong shape": (*TOOL, "derive", str(BAD_SPECS / "bad_shape_weights_rows.yaml")),
    "derive": (*TOOL, "derive", str(ROOT / "specs" / "two_hidden_nodes.yaml")),
}
WRONG = ("no YAML", "a wrong value", "an unknown name", "a wrong shape")
LIMITS = {"--help": 0.25, "list": 0.3, "no YAML": 0.3, **dict.fromkeys(WRONG[1:], 0.35), "derive": 0.6}
EXPECTED = dict.fromkeys(WRONG, 2)


def seconds(name: str, environment: dict[str, str]) -> float:
    """The wall time of one process. Raises RuntimeError if it does not end as it should."""
    start = perf_counter()
    code = subprocess.run(COMMANDS[name], cwd=ROOT, env=environment, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    if code != EXPECTED.get(name, 0):
        raise RuntimeError(f"{name} ended with exit code {code}")
    return perf_counter() - start


def measure(rounds: int) -> dict[str, list[float]]:
    """The times of each command, round by round, after one round that warms the file cache and writes the bytecode."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with TemporaryDirectory() as bytecode:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": bytecode}
        for name in COMMANDS:
            seconds(name, environment)
        for _ in range(rounds):
            for name in COMMANDS:
                times[name].append(seconds(name, environment))
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description="How long the commands take to start, next to `import sympy`.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--gate", action="store_true", help="exit with 1 where a command is slower than its limit")
    options = parser.parse_args()
    if options.rounds < 15:
        parser.error("fewer than 15 rounds say little")

    times = measure(options.rounds)
    ratios = {name: median(a / b for a, b in zip(times[name], times[YARDSTICK], strict=True)) for name in COMMANDS}
    print(f"{'command':16}{'median':>10}{'best':>10}{'to import sympy':>18}{'best to best':>14}{'limit':>8}")
    for name in COMMANDS:
        best = min(times[name]) / min(times[YARDSTICK])
        print(f"{name:16}{median(times[name]) * 1000:>7.0f} ms{min(times[name]) * 1000:>7.0f} ms{ratios[name]:>18.2f}{best:>14.2f}{LIMITS.get(name, ''):>8}")
    too_slow = [name for name, limit in LIMITS.items() if ratios[name] > limit]
    if too_slow:
        print(f"over the limit: {', '.join(too_slow)}", file=sys.stderr)
    return 1 if options.gate and too_slow else 0


if __name__ == "__main__":
    sys.exit(main())
