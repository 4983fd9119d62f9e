"""`trainfare cancel`: stop a job, wait until its bill no longer grows, and say what it cost."""

import time
from pathlib import Path

import click

from trainfare import jobs, options, output, settings
from trainfare.__main__ import INTERRUPTED
from trainfare.reading import open_store


@click.command()
@click.argument("name", metavar="JOB")
@options.every
@options.results
@options.as_json
@click.pass_context
def cancel(
    ctx: click.Context, name: str, every: float, results: Path | str | None, as_json: bool
) -> None:
    """Stop a job and say what it cost. JOB is its name, a part of it, or `last`.

    Stopping takes up to two minutes, which are billed. Ctrl-C leaves it stopping.
    """
    from cloud import watch
    from cloud.collect import collect

    configured = settings.load()
    store = open_store(configured.results_folder(results))
    job = jobs.find_job(store, name)
    if job.outcome is not None:
        jobs.show_outcome(job.outcome, as_json)
        return
    client = jobs.Clouds(configured).of(job.handle.provider)
    client.cancel(job.handle)
    output.say(f"{job.name}: told to stop, waiting for its end …")
    try:
        for _ in watch.follow(client, job.handle, job.intent, every, time.sleep):
            pass
        outcome = collect(client, job.handle, job.intent, store, output.say)
    except KeyboardInterrupt:
        output.say(f"{job.name} is stopping. See what it cost with: trainfare collect {job.name}")
        ctx.exit(INTERRUPTED)
    jobs.show_outcome(outcome, as_json)
