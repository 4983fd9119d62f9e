"""How long the price catalog takes: loaded, filtered and ranked, packaged and 200,000 rows.

    python benchmarks/catalog.py [--runs 7]

The synthetic list repeats the packaged rows in made-up regions until there are 200,000. Ranking is
that of a quote (project, itemise by sampling, sort) for the packaged rows, and by rate for the
synthetic ones. Prints the best and the median of the runs, after import, and the processor's time
of the best, which says more where other work runs.
"""

import argparse
import csv
import statistics
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time

from estimators.catalog import PACKAGED, load_offers, select_offers, uncollected
from estimators.rank import rank
from results.records import Job, Machine, Measurement, Run, Workload

ROWS = 200_000


def a_run() -> Run:
    """A step of 10 ms on two threads."""
    workload = Workload(
        name="cnn", reference="cnn", model="CNN", input_shape=(1, 28, 28), batch_size=64,
        precision="fp32", samples_per_epoch=60_000, sample_unit="image", parameter_count=10**6,
    )  # fmt: skip
    machine = Machine(
        device="cpu", device_name="CPU", device_memory_bytes=None, cpu_name="CPU", cpu_count=2,
        threads=2, memory_bytes=None, platform="", python_version="", torch_version="",
    )  # fmt: skip
    step = Measurement(phase="step", block_seconds=(0.01,) * 9, disturbed=(False,) * 9)
    return Run(run_id="a", captured_at="", workload=workload, machine=machine, measurements=(step,))


def synthetic(path: Path) -> None:
    """The packaged rows in region after region."""
    rows = []
    for packaged in PACKAGED:
        with packaged.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows += list(reader)
            columns = reader.fieldnames or ()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for number in range(ROWS):
            row = rows[number % len(rows)]
            writer.writerow(row | {"region": f"{row['region']}-{number // len(rows)}"})


def quote() -> tuple[float, float, float, int]:
    """Seconds of loading, filtering and ranking the packaged rows, and how many were ranked."""
    run = a_run()
    job = Job(workload=run.workload, epochs=10, samples_per_epoch=60_000)
    with uncollected():  # as `trainfare quote` does
        start = perf_counter()
        offers = load_offers()
        loaded = perf_counter()
        chosen = select_offers(offers, providers=["aws", "gcp", "azure"])
        filtered = perf_counter()
        found = rank(run, job, chosen)
    return loaded - start, filtered - loaded, perf_counter() - filtered, len(found.priced)


def by_rate(path: Path) -> tuple[float, float, float, int]:
    """The same for the synthetic rows: those with a T4 for at most $2 an hour, by rate."""
    start = perf_counter()
    offers = load_offers([path])
    loaded = perf_counter()
    chosen = select_offers(offers, accelerator="T4", max_usd_per_hour=Decimal(2))
    filtered = perf_counter()
    chosen.sort(key=lambda o: (o.usd_per_hour, o.provider, o.instance_type, o.region))
    return loaded - start, filtered - loaded, perf_counter() - filtered, len(chosen)


def report(name: str, work: Callable[[], tuple[float, float, float, int]], runs: int) -> None:
    taken, used = [], []
    for _ in range(runs):
        start = process_time()
        taken.append(work())
        used.append(process_time() - start)
    totals = [sum(times[:3]) for times in taken]
    load, select, ranked, count = min(taken, key=lambda times: sum(times[:3]))
    print(
        f"{name}: best {1e3 * min(totals):.0f} ms, "
        f"median {1e3 * statistics.median(totals):.0f} ms, processor {1e3 * min(used):.0f} ms "
        f"(best: loaded {1e3 * load:.0f}, filtered {1e3 * select:.1f}, "
        f"ranked {count} in {1e3 * ranked:.0f})"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    report(f"{len(load_offers()):,} packaged rows", quote, runs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "synthetic.csv"
        synthetic(path)
        report(f"{ROWS:,} synthetic rows", lambda: by_rate(path), runs)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
