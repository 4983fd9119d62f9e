"""Public measurements as observations and as pairs of devices, for fitting and for scoring."""

import csv
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from estimators.experience import Observation
from estimators.hardware import Precision, find_device
from estimators.law import Law, log_rates
from estimators.step import observed
from estimators.sweep import fixed_seconds
from estimators.task_files import INPUT_BOUND_MS_PER_SAMPLE, read_sweeps

PRECISIONS: dict[str, Precision] = {
    "fp16/amp": "half", "fp16-pure": "half", "amp": "half",
    "fp32/tf32": "tf32", "fp32/tf32-default": "tf32",
    "fp32-strict": "fp32", "fp32": "fp32",
}  # fmt: skip
BATCH_FILLS_MEMORY = ("lambda",)  # its batch differs from device to device: pairs are per sample


@dataclass(frozen=True)
class Measured:
    """One row of measurements.csv on a device of the hardware table."""

    suite: str
    observation: Observation
    fixed_seconds: float | None  # of a step, from the batch sweep on that device


@dataclass(frozen=True)
class Pair:
    """The same model on two devices."""

    suite: str
    here: Measured
    there: Measured


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read(folder: Path) -> list[Measured]:
    """measurements.csv of `folder` with what sweeps.csv says of the fixed part of a step."""
    sweeps = read_sweeps(folder / "sweeps.csv")
    found = []
    for row in rows_of(folder / "measurements.csv"):
        device, ms = find_device(row["device"]), float(row["ms_per_sample"])
        if device is None or ms < INPUT_BOUND_MS_PER_SAMPLE:
            continue
        precision = PRECISIONS[row["precision"]]
        batch = None if row["suite"] in BATCH_FILLS_MEMORY else int(float(row["batch"]))
        sweep = sweeps.get((row["model"], row["mode"], precision, device.chip), {})
        observation = Observation(
            label=row["model"],
            mode=row["mode"],  # type: ignore[arg-type]
            precision=precision,
            batch=batch,
            accelerator=device,
            seconds_per_sample=ms / 1000,
        )
        found.append(Measured(row["suite"], observation, fixed_seconds(sweep)))
    return found


def pairs_of(measured: list[Measured]) -> list[Pair]:
    """Every two devices that ran the same model, mode, precision and batch in one suite."""
    alike: dict[tuple[object, ...], dict[str, Measured]] = defaultdict(dict)
    for m in measured:
        o = m.observation
        key = (m.suite, o.label, o.mode, o.precision, o.batch)
        alike[key].setdefault(o.accelerator.name, m)
    return [
        Pair(key[0], by_device[a], by_device[b])  # type: ignore[arg-type]
        for key, by_device in alike.items()
        for a, b in combinations(sorted(by_device), 2)
    ]


def device_seconds(law: Law, measured: Measured) -> float:
    """Seconds a sample without the host's part."""
    run = observed(measured.observation, measured.fixed_seconds, law)
    return run.seconds_per_sample - run.host_seconds_per_sample


def gains(pair: Pair) -> list[float]:
    here, there = pair.here.observation, pair.there.observation
    return log_rates(here.accelerator, there.accelerator, here.precision)


def weights(pairs: list[Pair]) -> np.ndarray:
    """Equal for every suite, within it for every two devices, mode and precision."""
    kinds = [
        (p.suite, o.accelerator.name, p.there.observation.accelerator.name, o.mode, o.precision)
        for p in pairs
        for o in (p.here.observation,)
    ]
    size, in_suite = Counter(kinds), Counter(kind[0] for kind in set(kinds))
    found = np.array([1 / size[kind] / in_suite[kind[0]] for kind in kinds])
    return found / found.sum()


def provenance(folder: Path) -> dict[str, object]:
    """Which rows were fitted on: file digests, and suite, source, commit, licence and count."""
    rows = rows_of(folder / "measurements.csv")
    counts = Counter(
        (r["suite"], r["source"], r["commit"], r["licence"])
        for r in rows
        if find_device(r["device"]) and float(r["ms_per_sample"]) >= INPUT_BOUND_MS_PER_SAMPLE
    )
    names = ("suite", "source", "commit", "licence")
    return {
        "files": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("measurements.csv", "sweeps.csv")
        },
        "suites": [
            {**dict(zip(names, key, strict=True)), "rows": n} for key, n in sorted(counts.items())
        ],
    }
