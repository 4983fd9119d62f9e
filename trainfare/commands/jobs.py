"""`trainfare jobs`: every job of the records, what it is doing now and what it costs."""

from pathlib import Path
from typing import Any

import click

from results import units
from results.codec import to_plain
from results.errors import TrainfareError
from results.jobs import JobIntent
from results.store import Store
from trainfare import jobs as shared
from trainfare import options, output, settings
from trainfare.reading import open_store


@click.command()
@click.option("--offline", is_flag=True, help="Ask no service: what the records say.")
@click.option("--reconcile", is_flag=True, help="Compare with all that the services run for you.")
@options.results
@options.as_json
def jobs(offline: bool, reconcile: bool, results: Path | str | None, as_json: bool) -> None:
    """List the jobs and what they cost.

    The newest first; those that run with their cost so far and projected end.

    --reconcile looks in every region that was used for jobs under trainfare's tag, records answers
    that had been lost, and tells orphans. Stops no job, but one that waited for its machines longer
    than its own --max-wait.
    """
    configured = settings.load()
    store = open_store(configured.results_folder(results))
    clouds = shared.Clouds(configured)
    if reconcile:
        _reconcile(store, clouds, configured, as_json)
        return
    rows: list[dict[str, Any]] = []
    lines: list[tuple[JobIntent, str]] = []
    for intent in shared.unanswered(store):
        rows.append(shared.unanswered_row(intent))
        lines.append((intent, f"unclear, at most ${intent.max_usd}: {shared.UNCLEAR}"))
    for job in shared.known_jobs(store):
        if job.outcome is not None:
            rows.append(shared.outcome_row(job.outcome) | {"collected": True})
            cost = job.outcome.usd
            text = "cost unknown" if cost is None else units.usd_text(cost)
            lines.append((job.intent, f"{job.outcome.state}: {text}"))
            continue
        row, text = _now(job, clouds, offline)
        rows.append(row | {"collected": False})
        lines.append((job.intent, text))
    if as_json:
        output.print_json(jobs=rows)
        return
    if not lines:
        output.print_line("No job was started from these records. Start one: trainfare submit")
    for intent, text in lines:
        output.print_line(intent.job_name)
        output.print_line(f"  {shared.where(intent)}")
        output.print_line(f"  {text}")


def _now(job: shared.Known, clouds: shared.Clouds, offline: bool) -> tuple[dict[str, Any], str]:
    """A job that is not collected: as its service tells, or why that is not known."""
    if offline:
        return {"job_name": job.name, "state": None}, "not collected yet"
    from cloud.watch import look

    try:
        live = look(clouds.of(job.handle.provider), job.handle, job.intent)
    except TrainfareError as error:
        return {"job_name": job.name, "state": None, "error": str(error)}, f"! {error}"
    text = shared.live_line(live)
    return shared.live_row(job, live), text + (", not collected yet" if live.status.ended else "")


def _reconcile(
    store: Store, clouds: shared.Clouds, configured: settings.Settings, as_json: bool
) -> None:
    """Each cloud that has settings or jobs; one that cannot be asked does not hide the others."""
    from cloud.reconcile import WORDS, Found, regions_used
    from cloud.reconcile import reconcile as compare
    from results.names import PROVIDER_NAMES

    found: list[Found] = []
    problems: list[str] = []
    asked: list[str] = []
    for provider, service in PROVIDER_NAMES.items():
        regions = regions_used(store, provider, configured.table(provider).get("region"))
        if not regions:
            continue
        asked += [f"{service} in {region}" for region in regions]
        try:
            found += compare(clouds.of(provider), store, provider, regions)
        except TrainfareError as error:
            problems.append(f"{service} was not compared: {error}")
    if as_json:
        output.print_json(asked=asked, found=[to_plain(one) for one in found], problems=problems)
        return
    for one in found:
        place = f"{PROVIDER_NAMES[one.provider]}, {one.region}"
        output.print_line(f"{one.job_name} ({place}, {one.state or 'no job'})")
        output.print_line(f"  {one.finding}: {WORDS[one.finding]}")
    if not asked:
        output.print_line(
            "No service was asked: no job is in the records, and trainfare.toml names no `region` "
            "under [aws], [gcp] or [azure]."
        )
    elif not found and not problems:
        output.print_line(f"No job in the records, and none at {', '.join(asked)}.")
    for problem in problems:
        output.print_line(f"! {problem}")
