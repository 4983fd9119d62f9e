"""`trainfare logs`: what a job has written, or writes; Ctrl-C only stops the watching."""

import time
from pathlib import Path

import click

from results.errors import UsageError
from trainfare import jobs, options, output, settings
from trainfare.__main__ import INTERRUPTED
from trainfare.reading import open_store


@click.command()
@click.argument("name", metavar="JOB")
@click.option("--follow", "-f", is_flag=True, help="Go on until the job has ended.")
@options.every
@options.results
@options.as_json
@click.pass_context
def logs(
    ctx: click.Context,
    name: str,
    follow: bool,
    every: float,
    results: Path | str | None,
    as_json: bool,
) -> None:
    """Print the log of a job's main node. JOB is its name, a part of it, or `last`."""
    if follow and as_json:
        raise UsageError("--follow has no end that one JSON object could wait for. Leave one out.")
    configured = settings.load()
    store = open_store(configured.results_folder(results))
    job = jobs.find_job(store, name)
    client = jobs.Clouds(configured).of(job.handle.provider)
    if not follow:
        lines = list(client.logs(job.handle))
        if as_json:
            output.print_json(job_name=job.name, lines=lines)
        for line in [] if as_json else lines:
            output.print_raw(line)
        return
    from cloud import watch

    try:
        for live, lines in watch.follow(client, job.handle, job.intent, every, time.sleep):
            for line in lines:
                output.print_raw(line)
            output.say(f"{job.name} {jobs.live_line(live)}")
    except KeyboardInterrupt:
        output.say(jobs.detached(job))
        ctx.exit(INTERRUPTED)
