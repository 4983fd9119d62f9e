"""`trainfare collect`: bring home measurements, logs and bills of the jobs that have ended."""

from pathlib import Path

import click

from results.errors import TrainfareError
from trainfare import jobs, options, output, settings
from trainfare.reading import open_store


@click.command()
@click.argument("names", nargs=-1, metavar="[JOB]...")
@options.results
@options.as_json
@click.pass_context
def collect(
    ctx: click.Context, names: tuple[str, ...], results: Path | str | None, as_json: bool
) -> None:
    """Bring home what jobs left: results, logs, bills.

    All that have ended and are not collected yet, or those named.

    The next quote uses what they measured; see how well they were predicted with: trainfare
    accuracy
    """
    from cloud.collect import collect as bring

    configured = settings.load()
    store = open_store(configured.results_folder(results))
    clouds = jobs.Clouds(configured)
    known = [jobs.find_job(store, name) for name in names] or jobs.known_jobs(store)
    rows, running, failed = [], [], []
    for job in known:
        if job.outcome is not None and not names:
            continue
        output.say(f"{job.name}: asking {jobs.where(job.intent).split(', ')[1]} …")
        try:
            found = bring(clouds.of(job.handle.provider), job.handle, job.intent, store, output.say)
        except TrainfareError as error:  # of one cloud: the other jobs are collected all the same
            failed.append((job.name, error))
            output.say(f"! {job.name}: {error}")
            continue
        if found is None:
            running.append(job.name)
            continue
        rows.append(jobs.outcome_row(found))
        if not as_json:
            output.print_line(jobs.outcome_line(found))
    if as_json:
        errors = [{"job_name": name, "error": str(error)} for name, error in failed]
        output.print_json(outcomes=rows, running=running, errors=errors)
    elif not failed:
        still = f"; still running: {', '.join(running)}" if running else ""
        output.print_line(f"{len(rows)} collected{still}")
    if failed:
        ctx.exit(failed[0][1].exit_code)
