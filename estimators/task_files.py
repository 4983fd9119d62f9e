"""Tasks, batch sweeps and own runs as CSV files, and what a cell of them means."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast, get_args

from estimators.experience import NO_EXPERIENCE, Experience, Mode, Observation, learn
from estimators.hardware import Accelerator, Precision, find_device
from estimators.law import Law, fitted
from estimators.step import observed
from estimators.sweep import fixed_seconds
from results.errors import UsageError

TASK_COLUMNS: Final = (
    "task_id", "mode", "precision", "model", "batch", "source", "target", "source_ms_per_sample",
)  # fmt: skip
SWEEP_COLUMNS: Final = ("model", "mode", "precision", "device", "batch", "ms_per_iter")
RUN_COLUMNS: Final = ("model", "mode", "precision", "batch", "device", "ms_per_sample")
# A million samples a second is more than a host can feed, whatever they are: the device waits.
INPUT_BOUND_MS_PER_SAMPLE: Final = 0.001
LARGEST_MS: Final = 1e12  # thirty years: beyond it a cell is damaged
SHORTEST_MS: Final = 1e-9  # less than a clock
LARGEST_BATCH: Final = 1e9
Row = dict[str, str]
SweepKey = tuple[str, str, str, str]
Sweeps = dict[SweepKey, dict[int, float]]


class BadRowError(ValueError):
    """A row that says nothing usable; its text is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the tasks: batch sweeps by model and chip, and own runs."""

    sweeps: Sweeps = field(default_factory=dict)
    experience: Experience = NO_EXPERIENCE
    law: Law = field(default_factory=fitted)
    unused_rows: int = 0  # of the two files, that say nothing usable


def read_rows(path: Path, columns: Iterable[str]) -> list[Row]:
    """The rows of a CSV file that has at least `columns`. Raises UsageError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [c for c in columns if c not in (reader.fieldnames or ())]
            if missing:
                raise UsageError(
                    f"{path} has no column {', '.join(missing)}. Expected: {', '.join(columns)}."
                )
            return [{c: (row[c] or "").strip() for c in columns} for row in reader]
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}. Name a CSV file.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV text in UTF-8 ({error}). Save it as such.") from None


def read_known(sweeps: Path | None, runs: Path | None, law: Law | None = None) -> Known:
    """Read batch sweeps and own runs; rows of unknown devices or without a time are passed over.

    Raises UsageError for a file that is none.
    """
    law = law or fitted()
    sweep_rows = read_rows(sweeps, SWEEP_COLUMNS) if sweeps else []
    run_rows = read_rows(runs, RUN_COLUMNS) if runs else []
    points = list(_sweep_points(sweep_rows))
    found = _by_batch(points)
    observations = list(_observations(run_rows, found, law))
    return Known(
        sweeps=found,
        experience=learn(observations, law),
        law=law,
        unused_rows=len(sweep_rows) - len(points) + len(run_rows) - len(observations),
    )


def read_sweeps(path: Path) -> Sweeps:
    """Batch sweeps by model, mode, precision and chip; seconds a step by batch size.

    Raises UsageError for a file that is none.
    """
    return _by_batch(_sweep_points(read_rows(path, SWEEP_COLUMNS)))


def _by_batch(points: Iterable[tuple[SweepKey, int, float]]) -> Sweeps:
    sweeps: Sweeps = defaultdict(dict)
    for key, batch, seconds in points:
        sweeps[key][batch] = seconds
    return dict(sweeps)


def _sweep_points(rows: Iterable[Row]) -> Iterator[tuple[SweepKey, int, float]]:
    for row in rows:
        try:
            mode, precision = cell_kind(row)
            key = (row["model"], mode, precision, cell_device(row["device"]).chip)
            batch, ms = cell_batch(row["batch"]), cell_positive(row["ms_per_iter"], "no_time")
        except BadRowError:
            continue
        if batch is not None:
            yield key, batch, ms / 1000


def _observations(rows: Iterable[Row], sweeps: Sweeps, law: Law) -> Iterator[Observation]:
    for row in rows:
        try:
            mode, precision = cell_kind(row)
            device, batch = cell_device(row["device"]), cell_batch(row["batch"])
            seconds = cell_positive(row["ms_per_sample"], "no_time") / 1000
        except BadRowError:
            continue
        if 1000 * seconds >= INPUT_BOUND_MS_PER_SAMPLE:
            sweep = sweeps.get((row["model"], mode, precision, device.chip), {})
            yield observed(
                Observation(
                    label=row["model"],
                    mode=mode,
                    precision=precision,
                    batch=batch,
                    accelerator=device,
                    seconds_per_sample=seconds,
                ),
                fixed_seconds(sweep),
                law,
            )


def cell_kind(row: Row) -> tuple[Mode, Precision]:
    """Mode and precision of a row. Raises BadRowError."""
    mode, precision = row["mode"], row["precision"]
    if mode not in get_args(Mode):
        raise BadRowError("unknown_mode")
    if precision not in get_args(Precision):
        raise BadRowError("unknown_precision")
    return cast(Mode, mode), cast(Precision, precision)


def cell_device(name: str) -> Accelerator:
    """The device by any of its names. Raises BadRowError."""
    found = find_device(name)
    if found is None:
        raise BadRowError("unknown_device")
    return found


def cell_positive(text: str, verdict: str, largest: float = LARGEST_MS) -> float:
    """A number above 0 that can be meant. Raises BadRowError with `verdict`."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not SHORTEST_MS < value <= largest:
        raise BadRowError(verdict)
    return value


def cell_batch(text: str) -> int | None:
    """A batch size, also as `32.0`; None for an empty cell. Raises BadRowError."""
    if not text or text.casefold() == "nan":
        return None
    value = cell_positive(text, "bad_batch", LARGEST_BATCH)
    if value != int(value):
        raise BadRowError("bad_batch")
    return int(value)
