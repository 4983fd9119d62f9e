"""`trainfare measure`: time a workload on this machine and keep the record."""

from typing import Annotated

import typer

from results.records import Run
from results.rows import measurement_rows, run_row
from results.store import Store
from trainfare import measuring, options, output, settings


def measure(
    workload: Annotated[str, typer.Argument(help=options.WORKLOAD_HELP)],
    device: options.Device = "auto",
    batch_size: options.BatchSize = None,
    threads: options.Threads = None,
    seed: options.Seed = 0,
    data_root: options.DataRoot = None,
    image_size: options.ImageSize = None,
    max_seconds: options.MaxSeconds = 60.0,
    results: options.Results = None,
    as_json: options.AsJson = False,
) -> None:
    """Time a training job here: phases, whole steps and, where they fit, whole epochs."""
    store = Store(settings.load().results_folder(results))
    asked = measuring.Asked(
        workload=workload,
        device=device,
        batch_size=batch_size,
        threads=threads,
        seed=seed,
        data_root=data_root,
        image_size=image_size,
        max_seconds=max_seconds,
    )
    run = measuring.measure(asked, store)
    if as_json:
        output.print_json(measurements=measurement_rows(run), run=run_row(run))
        return
    show(run)
    output.say(f"Kept as {store.folder}/runs/{run.run_id}.json")


def show(run: Run) -> None:
    """The run as a table with what a person needs to know beside it."""
    from results.lines import facts_lines, warning_lines
    from results.tables import performance_table

    output.print_table(performance_table([run], title=f"Performance: {run.workload.name}"))
    for line in (*facts_lines(run), *warning_lines(run)):
        output.print_line(f"  {line}")
