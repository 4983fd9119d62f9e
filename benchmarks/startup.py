"""How long the command line takes to answer, against importing pandas, in turns.

    python benchmarks/startup.py [--runs 9]

Measures the MLP for two seconds into a folder of its own first, so that `quote` finds a fresh
record. Prints medians of whole processes, the peak memory of `quote`, and the time of ranking all
packaged offers once loaded.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

TRAINFARE = [sys.executable, "-m", "trainfare"]


def seconds_and_memory(command: list[str]) -> tuple[float, int]:
    """Wall time of a whole process and its peak memory, MiB."""
    start = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return perf_counter() - start, usage.ru_maxrss // 1024


def rank_seconds(folder: str) -> tuple[float, float, int]:
    """Loading and ranking every packaged offer in this process, and how many there are."""
    from estimators.catalog import load_offers
    from estimators.rank import rank
    from results.records import Job, Run
    from results.store import Store

    run = next(Store(Path(folder)).newest_first(Run))
    job = Job(workload=run.workload, epochs=10, samples_per_epoch=run.workload.samples_per_epoch)
    start = perf_counter()
    offers = load_offers()
    loaded = perf_counter()
    rank(run, job, offers)
    return loaded - start, perf_counter() - loaded, len(offers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        where = ["--results", folder]
        subprocess.run(
            [*TRAINFARE, "measure", "mlp", "--max-seconds", "2", *where],
            check=True,
            capture_output=True,
        )
        commands = {
            "python -c 'import pandas'": [sys.executable, "-c", "import pandas"],
            "trainfare --help": [*TRAINFARE, "--help"],
            "trainfare quote mlp (fresh record)": [*TRAINFARE, "quote", "mlp", *where],
            "trainfare quote mlp --json": [*TRAINFARE, "quote", "mlp", "--json", *where],
        }
        taken: dict[str, list[tuple[float, int]]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                taken[name].append(seconds_and_memory(command))
        base = statistics.median(s for s, _ in taken["python -c 'import pandas'"])
        print(f"{'':<36} median   against pandas   peak memory")
        for name, values in taken.items():
            middle = statistics.median(s for s, _ in values)
            peak = max(memory for _, memory in values)
            print(f"{name:<36} {middle:5.2f} s     ×{middle / base:4.2f}          {peak:4d} MiB")
        loading, ranking, count = rank_seconds(folder)
        print(f"{count} offers: loaded in {1e3 * loading:.0f} ms, ranked in {1e3 * ranking:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
