"""Many projections at once: a verdict, and the time where there is one, for every task."""

from collections.abc import Iterable
from typing import Final, cast

from estimators.hardware import find_device
from estimators.step import ProjectedStep, StepTask, project_step
from estimators.sweep import fixed_seconds, is_flat
from estimators.task_files import (
    INPUT_BOUND_MS_PER_SAMPLE,
    BadRowError,
    Known,
    Row,
    cell_batch,
    cell_device,
    cell_kind,
    cell_positive,
)
from results.errors import NoAnswerError

PREDICTION_COLUMNS: Final = (
    "task_id", "ms_per_sample", "low80_ms_per_sample", "high80_ms_per_sample", "verdict",
)  # fmt: skip


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
        batch = cell_batch(row["batch"]) or 1
        per_sample = [found.seconds.mid, found.seconds.low, found.seconds.high]
        times = cast(tuple[str, str, str], tuple(f"{1000 * s / batch:.9g}" for s in per_sample))
    return dict(zip(PREDICTION_COLUMNS, (row["task_id"], *times, verdict), strict=True))


def unknown_names(rows: Iterable[Row]) -> list[str]:
    """The names of devices that the hardware table has not, each once, as they come."""
    named = dict.fromkeys(name for row in rows for name in (row["source"], row["target"]))
    return [name for name in named if find_device(name) is None]


def project_row(row: Row, known: Known) -> ProjectedStep:
    """Project one task. Raises BadRowError with the verdict, or NoAnswerError."""
    mode, precision = cell_kind(row)
    source, target = cell_device(row["source"]), cell_device(row["target"])
    ms, batch = cell_positive(row["source_ms_per_sample"], "no_time"), cell_batch(row["batch"])
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
