"""Recompute the figures that projections rest on from public measurements.

python benchmarks/projection_rule.py TRUTH.csv GPUS.csv SWEEPS.csv MEASUREMENTS.csv

TRUTH.csv: pairs of devices with source_ms_per_sample, target_ms_per_sample, suite, mode, precision
and batch; GPUS.csv: peak TFLOP/s and GB/s a device; SWEEPS.csv and MEASUREMENTS.csv: times an
iteration and a sample. Prints what estimators/assumptions.py calls measured. A factor is the
smallest one that holds for 80% of the pairs, with the finite-sample rank ceil(0.8·(n+1)) of split
conformal prediction. No constant is fitted but that factor, so nothing is held out.
"""

import csv
import math
import sys
from collections.abc import Sequence
from statistics import median

PEAK_COLUMN = {"fp32": "fp32_tflops", "tf32": "tf32_tflops", "half": "fp16_tensor_tflops"}
LAUNCH_BOUND_MS = 8.0
# Both have 14 cores, which is how many threads torch starts, and as many hardware threads (vCPUs)
# as named here (Intel ARK).
CPU_CORES = 14
CPU_VCPUS = {"CPU i7-12700H": 20, "CPU i9-10940X": 28}

Row = dict[str, str]


def read(path: str) -> list[Row]:
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        return list(csv.DictReader(file))


def factor80(errors: Sequence[float]) -> float:
    """exp of the ceil(0.8·(n+1))-th smallest absolute log error; infinite for too few."""
    ordered = sorted(abs(e) for e in errors)
    rank = math.ceil(0.8 * (len(ordered) + 1))
    return math.exp(ordered[rank - 1]) if rank <= len(ordered) else math.inf


def rule(row: Row, gpus: dict[str, Row]) -> float:
    """Time there over time here: 1/√(FLOP/s ratio × bandwidth ratio)."""
    source, target = gpus[row["source"]], gpus[row["target"]]
    peak = PEAK_COLUMN[row["precision"]]
    flops = float(target[peak]) / float(source[peak])
    bandwidth = float(target["mem_bw_gbs"]) / float(source["mem_bw_gbs"])
    return 1 / math.sqrt(flops * bandwidth)


def ratio(row: Row) -> float:
    return float(row["target_ms_per_sample"]) / float(row["source_ms_per_sample"])


def show(name: str, errors: Sequence[float]) -> None:
    mid = math.exp(median(abs(e) for e in errors))
    print(f"{name:36} n={len(errors):5}  median x{mid:.2f}  80% within x{factor80(errors):.2f}")


def gpu_to_gpu(pairs: list[Row], gpus: dict[str, Row]) -> None:
    errors = [(row, math.log(rule(row, gpus) / ratio(row))) for row in pairs]
    show("all pairs", [e for _, e in errors])
    for mode in ("train", "infer"):
        chosen = [(row, e) for row, e in errors if row["mode"] == mode]
        show(mode, [e for _, e in chosen])
        for suite in sorted({row["suite"] for row, _ in chosen}):
            show(f"  {mode} {suite}", [e for row, e in chosen if row["suite"] == suite])
    train = [e for row, e in errors if row["mode"] == "train"]
    for factor in (factor80([e for _, e in errors]), factor80(train)):
        held = sum(abs(e) <= math.log(factor) for e in train) / len(train)
        print(f"x{factor:.2f} holds for {held:.1%} of the training pairs")


def launch_bound(pairs: list[Row], gpus: dict[str, Row], factor: float) -> None:
    """Pairs whose step on the source is short: does the rule, or no change, say it better?"""
    short = [
        (rule(row, gpus), ratio(row))
        for row in pairs
        if row["mode"] == "train"
        and row["batch"]
        and float(row["batch"]) * float(row["source_ms_per_sample"]) <= LAUNCH_BOUND_MS
    ]
    for name, chosen in (
        ("launch-bound, faster target", [p for p in short if p[0] < 1]),
        ("launch-bound, slower target", [p for p in short if p[0] >= 1]),
    ):
        show(f"{name}: rule", [math.log(r / real) for r, real in chosen])
        show(f"{name}: √rule", [math.log(math.sqrt(r) / real) for r, real in chosen])
        show(f"{name}: same", [math.log(1 / real) for _, real in chosen])
        held = [min(1, r / factor) <= real <= max(1, r * factor) for r, real in chosen]
        print(f"  the hull of no change and rule holds for {sum(held)} of {len(held)}")


def cpu_to_cpu(rows: list[Row]) -> None:
    """The factor around [min(1, threads/vCPUs), max(1, …)] that holds for 80%, both ways."""
    times: dict[str, dict[str, float]] = {name: {} for name in CPU_VCPUS}
    for row in rows:
        if row["device"] in times:
            times[row["device"]][row["model"]] = float(row["ms_per_sample"])
    needed = []
    for source, target in (tuple(CPU_VCPUS), tuple(CPU_VCPUS)[::-1]):
        share = CPU_CORES / CPU_VCPUS[target]
        for model in times[source].keys() & times[target].keys():
            real = times[target][model] / times[source][model]
            above, below = real / max(1.0, share), min(1.0, share) / real
            needed.append(math.log(max(1.0, above, below)))
    show("CPU to CPU, one pair, both ways", needed)


def main(truth: str, gpus: str, sweeps: str, measurements: str) -> None:
    pairs, devices = read(truth), {row["device"]: row for row in read(gpus)}
    gpu_to_gpu(pairs, devices)
    train = [math.log(rule(p, devices) / ratio(p)) for p in pairs if p["mode"] == "train"]
    launch_bound(pairs, devices, factor80(train))
    cpu_to_cpu(read(measurements))
    steps = [row for row in read(sweeps) if row["mode"] == "train"]
    first = min(steps, key=lambda row: float(row["ms_per_iter"]))
    print(
        f"shortest training step: {float(first['ms_per_iter']):.3f} ms, {first['model']} at batch "
        f"{float(first['batch']):.0f} on {first['device']}"
    )


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
