"""Many projections at once: tasks, batch sweeps and own runs as CSV, predictions as CSV rows."""

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
from estimators.step import ProjectedStep, StepTask, host_seconds, project_step
from estimators.sweep import fixed_seconds, is_flat
from results.errors import NoAnswerError, UsageError

TASK_COLUMNS: Final = (
    "task_id", "mode", "precision", "model", "batch", "source", "target", "source_ms_per_sample",
)  # fmt: skip
SWEEP_COLUMNS: Final = ("model", "mode", "precision", "device", "batch", "ms_per_iter")
RUN_COLUMNS: Final = ("model", "mode", "precision", "batch", "device", "ms_per_sample")
PREDICTION_COLUMNS: Final = (
    "task_id", "ms_per_sample", "low80_ms_per_sample", "high80_ms_per_sample", "verdict",
)  # fmt: skip
# A million samples a second is more than a host can feed, whatever they are: the device waits.
INPUT_BOUND_MS_PER_SAMPLE: Final = 0.001
Row = dict[str, str]
Sweeps = dict[tuple[str, str, str, str], dict[int, float]]


class BadRowError(ValueError):
    """A row that says nothing usable; its text is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the tasks: batch sweeps by model and chip, and own runs."""

    sweeps: Sweeps = field(default_factory=dict)
    experience: Experience = NO_EXPERIENCE
    law: Law = field(default_factory=fitted)


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
    found = read_sweeps(sweeps) if sweeps else {}
    observations = _observations(read_rows(runs, RUN_COLUMNS) if runs else (), found, law)
    return Known(sweeps=found, experience=learn(observations, law), law=law)


def predict(row: Row, known: Known) -> Row:
    """The row of predictions for one task; a verdict other than `ok` leaves the times empty."""
    try:
        verdict, found = "ok", project_row(row, known)
    except BadRowError as error:
        verdict, found = str(error), None
    except NoAnswerError:
        verdict, found = "not_projectable", None
    times = ("", "", "")
    if found is not None:
        batch = _batch(row["batch"]) or 1
        per_sample = [found.seconds.mid, found.seconds.low, found.seconds.high]
        times = cast(tuple[str, str, str], tuple(f"{1000 * s / batch:.9g}" for s in per_sample))
    return dict(zip(PREDICTION_COLUMNS, (row["task_id"], *times, verdict), strict=True))


def project_row(row: Row, known: Known) -> ProjectedStep:
    """Project one task. Raises BadRowError with the verdict, or NoAnswerError."""
    mode, precision = _kind(row)
    source, target = _device(row["source"]), _device(row["target"])
    ms, batch = _positive(row["source_ms_per_sample"], "no_time"), _batch(row["batch"])
    if ms < INPUT_BOUND_MS_PER_SAMPLE:
        raise BadRowError("input_bound")
    sweep = known.sweeps.get((row["model"], mode, precision, source.chip), {})
    if sweep and is_flat(sweep):
        raise BadRowError("host_bound")
    task = StepTask(
        mode=mode,
        precision=precision,
        source=source,
        target=target,
        seconds=ms / 1000 * (batch or 1),
        is_step=batch is not None,
        fixed_seconds=fixed_seconds(sweep),
    )
    return project_step(task, known.experience, known.law)


def _kind(row: Row) -> tuple[Mode, Precision]:
    mode, precision = row["mode"], row["precision"]
    if mode not in get_args(Mode):
        raise BadRowError("unknown_mode")
    if precision not in get_args(Precision):
        raise BadRowError("unknown_precision")
    return cast(Mode, mode), cast(Precision, precision)


def _device(name: str) -> Accelerator:
    found = find_device(name)
    if found is None:
        raise BadRowError("unknown_device")
    return found


def _positive(text: str, verdict: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise BadRowError(verdict)
    return value


def _batch(text: str) -> int | None:
    if not text or text.casefold() == "nan":
        return None
    value = _positive(text, "bad_batch")
    if value != int(value):
        raise BadRowError("bad_batch")
    return int(value)


def read_sweeps(path: Path) -> Sweeps:
    """Batch sweeps by model, mode, precision and chip; seconds a step by batch size.

    Raises UsageError for a file that is none.
    """
    sweeps: Sweeps = defaultdict(dict)
    for row in read_rows(path, SWEEP_COLUMNS):
        try:
            mode, precision = _kind(row)
            key = (row["model"], mode, precision, _device(row["device"]).chip)
            batch, ms = _batch(row["batch"]), _positive(row["ms_per_iter"], "no_time")
        except BadRowError:
            continue
        if batch is not None:
            sweeps[key][batch] = ms / 1000
    return dict(sweeps)


def _observations(rows: Iterable[Row], sweeps: Sweeps, law: Law) -> Iterator[Observation]:
    for row in rows:
        try:
            mode, precision = _kind(row)
            device, batch = _device(row["device"]), _batch(row["batch"])
            seconds = _positive(row["ms_per_sample"], "no_time") / 1000
        except BadRowError:
            continue
        if 1000 * seconds >= INPUT_BOUND_MS_PER_SAMPLE:
            sweep = sweeps.get((row["model"], mode, precision, device.chip), {})
            yield observed(row["model"], mode, precision, batch, device, seconds, sweep, law)


def observed(
    label: str,
    mode: Mode,
    precision: Precision,
    batch: int | None,
    device: Accelerator,
    seconds_per_sample: float,
    sweep: dict[int, float],
    law: Law,
) -> Observation:
    """One run as an observation, its host part taken as it is for a projection from it."""
    task = StepTask(
        mode=mode,
        precision=precision,
        source=device,
        target=device,
        seconds=seconds_per_sample * (batch or 1),
        is_step=batch is not None,
        fixed_seconds=fixed_seconds(sweep),
    )
    return Observation(
        label=label,
        mode=mode,
        precision=precision,
        batch=batch,
        accelerator=device,
        seconds_per_sample=seconds_per_sample,
        host_seconds_per_sample=host_seconds(law, task) / (batch or 1),
    )
