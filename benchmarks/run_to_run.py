"""How much do runs of the same code differ on this machine? Measures in turn and prints the spread.

    python benchmarks/run_to_run.py --rounds 10 --max-seconds 4 --keep FOLDER

Each run is a process of its own. The spread is the standard deviation of the log median of the
step, over all runs and, from differences of neighbours, over runs that follow each other. It is
what `results/phase_change.py` assumes where too few repeats tell (`ASSUMED_RUN_SPREAD`).
"""

import argparse
import math
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev

from results.records import Run
from results.store import Store


def measure(workload: str, max_seconds: float, folder: Path) -> None:
    words = ["measure", workload, "--max-seconds", str(max_seconds), "--results", str(folder)]
    command = [sys.executable, "-m", "trainfare", *words, "--json"]
    subprocess.run(command, check=True, capture_output=True)


def show(workload: str, runs: list[Run]) -> None:
    steps = [run.measurement("step") for run in runs]
    quiet = [math.log(m.seconds.mid) for m in steps if m and m.verdict == "quiet"]
    print(f"{workload}: {len(quiet)} quiet of {len(runs)} runs", end="")
    if len(quiet) > 2:
        moves = [(b - a) ** 2 for a, b in pairwise(quiet)]
        print(
            f", spread {stdev(quiet):.1%}, of neighbours {math.sqrt(fmean(moves) / 2):.1%}, "
            f"largest against smallest {math.exp(max(quiet) - min(quiet)) - 1:.1%}",
            end="",
        )
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--max-seconds", type=float, default=4)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("workloads", nargs="*", default=["mlp", "cnn", "rnn"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        for _ in range(asked.rounds):
            for workload in asked.workloads:
                measure(workload, asked.max_seconds, folder)
        runs = list(Store(folder).newest_first(Run))[::-1]
        for workload in asked.workloads:
            show(workload, [run for run in runs if run.workload.name == workload])


if __name__ == "__main__":
    main()
