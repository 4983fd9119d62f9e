"""`trainfare wait`: watch a job to its end, then collect it; Ctrl-C only stops the watching."""

import time
from pathlib import Path

import click

from results.jobs import Outcome
from trainfare import jobs, options, output, settings
from trainfare.__main__ import INTERRUPTED
from trainfare.reading import open_store

FAILED = 1  # the exit code for a job that did not succeed


@click.command()
@click.argument("name", metavar="JOB")
@options.every
@options.results
@options.as_json
@click.pass_context
def wait(
    ctx: click.Context, name: str, every: float, results: Path | str | None, as_json: bool
) -> None:
    """Wait for a job and collect it. Exit code 0 if it succeeded, 1 if it did not.

    JOB is its name, a part of it, or `last`.
    """
    from cloud import watch
    from cloud.collect import collect

    configured = settings.load()
    store = open_store(configured.results_folder(results))
    job = jobs.find_job(store, name)
    if job.outcome is not None:
        _end(ctx, job.outcome, as_json)
        return
    client = jobs.Clouds(configured).of(job.handle.provider)
    told = ""
    try:
        for live, _ in watch.follow(client, job.handle, job.intent, every, time.sleep):
            text = jobs.live_line(live)
            if text != told:
                output.say(f"{job.name} {text}")
            told = text
        outcome = collect(client, job.handle, job.intent, store, output.say)
    except KeyboardInterrupt:
        output.say(jobs.detached(job))
        ctx.exit(INTERRUPTED)
    _end(ctx, outcome, as_json)


def _end(ctx: click.Context, outcome: Outcome | None, as_json: bool) -> None:
    jobs.show_outcome(outcome, as_json)
    if outcome is None or outcome.state != "succeeded":
        ctx.exit(FAILED)
