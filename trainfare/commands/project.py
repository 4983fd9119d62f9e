"""`trainfare project`: times on other devices, of one measurement or of a whole file of tasks."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from results.errors import NoAnswerError, UsageError
from results.records import Run
from results.rows import interval_row
from results.store import Store, write_atomically
from trainfare import options, output, settings
from trainfare.reading import open_store

if TYPE_CHECKING:
    from estimators.one import OneProjection

PROGRESS_EVERY = 20_000  # tasks: two seconds' worth
NAMES_SHOWN = 5  # of unknown devices


@click.command()
@click.option("--measurement", metavar="ID", help="A run of the store; `latest` for the newest.")
@click.option(
    "--target", help="The device: as in a price list or as its driver says, such as A10G."
)
@click.option("--explain", is_flag=True, help="Say in words which numbers led there.")
@click.option("--tasks", type=options.FOLDER, help="CSV of tasks, see docs/projection.md.")
@click.option("--sweeps", type=options.FOLDER, help="CSV of times at several batch sizes.")
@click.option("--calibration", type=options.FOLDER, help="CSV of own runs on several devices.")
@click.option("--out", type=options.FOLDER, help="CSV of predictions to write.")
@options.results
@options.as_json
def project(
    measurement: str | None,
    target: str | None,
    explain: bool,
    tasks: Path | None,
    sweeps: Path | None,
    calibration: Path | None,
    out: Path | None,
    results: Path | None,
    as_json: bool,
) -> None:
    """Project a measured time onto another device, as an 80% interval.

    Either --measurement and --target, or --tasks and --out.
    """
    if tasks and out and not (measurement or target or explain):
        _project_tasks(tasks, sweeps, calibration, out, as_json)
    elif measurement and target and not (tasks or sweeps or calibration or out):
        _project_one(measurement, target, explain, results, as_json)
    else:
        raise UsageError(
            "Give --measurement ID and --target DEVICE, or --tasks TASKS.csv and --out FILE.csv "
            "(with --sweeps and --calibration if there are any)."
        )


def _project_tasks(
    tasks: Path, sweeps: Path | None, calibration: Path | None, out: Path, as_json: bool
) -> None:
    from estimators.hardware import unknown_device
    from estimators.task_files import TASK_COLUMNS, read_known, read_rows
    from estimators.tasks import PREDICTION_COLUMNS, predict, unknown_names
    from results.csv_rows import csv_of

    if any(given and given.resolve() == out.resolve() for given in (tasks, sweeps, calibration)):
        raise UsageError(f"--out {out} would overwrite what is read. Name another file.")
    rows = read_rows(tasks, TASK_COLUMNS)
    known = read_known(sweeps, calibration)
    with output.progress("project") as show:
        found = []
        for i, row in enumerate(rows):
            if i and i % PROGRESS_EVERY == 0:
                show(f"tasks {i:,} of {len(rows):,}", i / len(rows))
            found.append(predict(row, known))
    write_atomically(out, csv_of(PREDICTION_COLUMNS, found))
    verdicts = Counter(row["verdict"] for row in found)
    unknown = unknown_names(rows)
    if as_json:
        output.print_json(
            file=str(out),
            tasks=len(found),
            verdicts=dict(sorted(verdicts.items())),
            unknown_devices=unknown,
            unused_rows=known.unused_rows,
        )
        return
    refused = [f"{count:,} {word}" for word, count in verdicts.most_common() if word != "ok"]
    why = f" ({', '.join(refused)})" if refused else ""
    output.print_line(f"{verdicts['ok']:,} of {len(found):,} tasks projected{why}: {out}")
    for name in unknown[:NAMES_SHOWN]:
        output.print_line(unknown_device(name))
    if len(unknown) > NAMES_SHOWN:
        output.print_line(f"and {len(unknown) - NAMES_SHOWN:,} more names that no device has")
    if known.unused_rows:
        output.print_line(
            f"{known.unused_rows:,} rows of sweeps or own runs were passed over: their mode, "
            "precision, device, batch or time is not usable"
        )


def _project_one(
    measurement: str, target: str, explain: bool, results: Path | None, as_json: bool
) -> None:
    from estimators.one import explanation, project_run
    from estimators.past import past_runs

    store = open_store(settings.load().results_folder(results))
    runs = list(store.newest_first(Run))
    found = project_run(_chosen(runs, measurement, store), target, past_runs(runs))
    lines = explanation(found)
    if as_json:
        output.print_json(**_row(found), explanation=lines)
        return
    for line in lines if explain else lines[:1]:
        output.print_line(line)


def _chosen(runs: list[Run], measurement: str, store: Store) -> Run:
    if not runs:
        raise NoAnswerError(
            f"{store.folder} holds no measurement. Start with: trainfare measure cnn"
        )
    if measurement == "latest":
        return runs[0]
    named = [run for run in runs if run.run_id == measurement]
    alike = named or [run for run in runs if measurement and measurement in run.run_id]
    if len(alike) != 1:
        some = ", ".join(run.run_id for run in (alike or runs)[:4])
        what = "several measurements" if alike else "no measurement"
        raise UsageError(f"{measurement!r} names {what} of {store.folder}. Among them: {some}.")
    return alike[0]


def _row(found: "OneProjection") -> dict[str, object]:
    return {
        "run_id": found.run.run_id,
        "source": found.source,
        "target": found.target.name,
        "grade": found.grade,
        "step_seconds": interval_row(found.seconds),
        "measured_step_seconds": found.measured_seconds,
    }
