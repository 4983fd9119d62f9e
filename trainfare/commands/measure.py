"""`trainfare measure`: time a workload on this machine and keep the record."""

from typing import Any

import click

from results.records import Run
from results.rows import measurement_rows, run_row
from results.scaling_text import scaling_lines, scaling_row
from trainfare import measuring, options, output, settings
from trainfare.reading import open_store


@click.command(epilog=options.WORKLOAD_HELP)
@click.argument("workload")
@options.measuring
@click.option(
    "--batch-sizes",
    type=options.BatchSizes(),
    help="Sweep these as well, as 16,32,64,128; takes half of --max-seconds.",
)
@click.option(
    "--processes",
    type=options.POSITIVE,
    default=1,
    help="Measure also how this many train together, one a device (by torchrun).  [1]",
)
@options.results
@options.as_json
def measure(workload: str, results: Any, as_json: bool, **how: Any) -> None:
    """Time a training job here: phases, whole steps and, where they fit, whole epochs."""
    store = open_store(settings.load().results_folder(results))
    asked = measuring.Asked(workload=workload, **how)
    run = measuring.measure(asked, store)
    if as_json:
        about = run_row(run) | {"scaling": scaling_row(run)}
        output.print_json(measurements=measurement_rows(run), run=about)
        return
    show(run)
    output.say(f"Kept as {store.folder}/runs/{run.run_id}.json")


def show(run: Run) -> None:
    """The run as a table with what a person needs to know beside it."""
    from estimators.hardware import peak_of
    from results.lines import facts_lines
    from results.tables import PERFORMANCE_SPARE, performance_table, sweep_table
    from results.warnings import warning_lines

    table = performance_table([run], title=f"Performance: {run.workload.name}")
    output.print_table(table, *PERFORMANCE_SPARE)
    if run.sweep:
        output.print_table(sweep_table(run))
    for line in (*facts_lines(run, peak_of(run)), *scaling_lines(run), *warning_lines(run)):
        output.print_line(f"  {line}")
