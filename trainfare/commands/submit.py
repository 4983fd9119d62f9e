"""`trainfare submit`: start the job there, once, with a cap that the service itself holds."""

import json
import math
import sys
import textwrap
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from results import units
from results.names import PROVIDER_NAMES
from results.records import Estimate, JobRequest
from results.rows import estimate_row, number
from trainfare import capping, choosing, measuring, options, output, pricing, settings
from trainfare.known import known_of
from trainfare.reading import open_store

if TYPE_CHECKING:
    from cloud.launch import Launched, Order


@click.command(epilog=options.WORKLOAD_HELP)
@click.argument("workload")
@click.option("--offer", "place", type=options.POSITIVE, help="A line of the last quote.")
@click.option("--provider", help="aws, gcp or azure.")
@click.option("--instance", help="Such as ml.g5.xlarge.")
@click.option("--max-usd", required=True, type=options.Money(), help="The most it may ever cost.")
@click.option("--region", help="Such as us-east-1.  [of trainfare.toml]")
@click.option("--nodes", type=options.POSITIVE, default=1, help="Machines that train together.")
@click.option("--allocation", default="on_demand", show_default=True, help="on_demand or spot.")
@click.option("--max-wait", type=options.Duration(), help="For its machines, such as 2h.")
@click.option("--source", type=options.FOLDER, help="A folder of your code that travels along.")
@click.option("--requirements", type=options.FOLDER, help="Packages to install before training.")
@click.option("--budget-file", type=options.FOLDER, help="TOML: max_usd for all jobs together.")
@click.option("--accept-risk", is_flag=True, help="Though it may need more than the cap allows.")
@click.option("--again", is_flag=True, help="Once more, though the same job was started before.")
@click.option("--dry-run", is_flag=True, help="Show the request, send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before spending.")
@options.job
@options.measuring
@options.prices
@options.results
@options.as_json
def submit(
    workload: str,
    place: int | None,
    provider: str | None,
    instance: str | None,
    max_usd: Decimal,
    region: str | None,
    nodes: int,
    allocation: str,
    max_wait: float | None,
    source: Path | None,
    requirements: Path | None,
    budget_file: Path | None,
    accept_risk: bool,
    again: bool,
    dry_run: bool,
    yes: bool,
    epochs: int,
    samples_per_epoch: int | None,
    price_files: tuple[Path, ...],
    results: Path | str | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Start the job there, or find it where it was started before. Costs at most --max-usd.

    Shows request, estimate and cap, and asks before it spends. The service itself stops the job at
    the cap, whatever happens here.
    """
    from cloud.registry import plan_packed
    from cloud.settings import for_a_job, from_table
    from cloud.source import Source, check, pack, refuse_data_folder
    from estimators.cost import estimate

    configured = settings.load()
    store = open_store(configured.results_folder(results))
    budget_usd = configured.budget_usd(budget_file)
    size = {"epochs": epochs, "samples_per_epoch": samples_per_epoch, "nodes": nodes}
    named: dict[str, Any] = {"provider": provider, "instance": instance, "region": region}
    named |= {"allocation": allocation, "price_files": price_files}
    chosen = choosing.chosen(store, configured, workload, place, named, size, how)
    offer = chosen.offer
    refuse_data_folder(chosen.asked.data_folder)
    travels = Source(folder=source, requirements=requirements)
    check(workload, travels)
    own = from_table(offer.provider, configured.table(offer.provider))
    for_a_job(own)  # all before a measurement that would be for nothing
    run = chosen.run or measuring.fresh_or_new(chosen.asked, store)
    job = chosen.job(run)
    known = known_of(run, store)
    billing = pricing.billing(configured)
    answer = estimate(run, job, offer, billing, known.history, known.there, known.past)
    if not accept_risk:
        capping.refuse_risk(max_usd, answer)
    packed = pack(job, travels)
    wait_seconds = None if max_wait is None else math.ceil(max_wait)
    planned = plan_packed(packed, offer, own, max_usd, max_wait_seconds=wait_seconds)
    if dry_run:
        _show_dry_run(planned, answer, as_json)
        return
    from cloud.patience import Patient
    from cloud.registry import client as made_for

    client, goes_on_from = Patient(made_for(own)), None
    if again:
        from cloud.again import once_more

        planned, goes_on_from = once_more(client, packed, offer, own, planned, store)
    _show(planned, answer, goes_on_from)
    if not yes:
        output.ask_to_spend(max_usd, "the job")
    from cloud.launch import Order, launch

    order = Order(
        request=planned, archive=packed.archive, source_digest=packed.digest, estimate=answer
    )
    made = launch(client, order, store, budget_usd, output.say)
    _tell(made, order, as_json)


def _what(planned: JobRequest, answer: Estimate) -> list[str]:
    offer, job = answer.offer, answer.job
    where = f"{PROVIDER_NAMES[offer.provider]}, {offer.region}"
    return [
        f"what      {job.workload.name}, {job.epochs} epochs, {job.nodes} × "
        f"{offer.instance_type}, {where}, {offer.allocation.replace('_', ' ')}",
        f"expected  {units.usd_range(answer.usd)}, {units.seconds_range(answer.seconds)}",
        f"at worst  ${planned.max_usd}: the service itself stops the job after "
        f"{units.seconds_text(planned.max_seconds)}",
        *_waits(planned),
        *(f"rests on  {text}" for text in answer.assumptions),
    ]


def _waits(planned: JobRequest) -> list[str]:
    if planned.max_wait_seconds is None:
        return []
    longest = units.seconds_text(planned.max_wait_seconds)
    return [f"waits     at most {longest} for its machines, as long as trainfare looks"]


def _show_dry_run(planned: JobRequest, answer: Estimate, as_json: bool) -> None:
    if as_json:
        output.print_json(
            request=planned.request,
            estimate=estimate_row(answer),
            cap={"max_usd": number(planned.max_usd), "max_seconds": planned.max_seconds},
        )
        return
    for line in (*_what(planned, answer), f"request   {planned.job_name} (nothing was sent)"):
        output.print_line(line)
    sys.stdout.write(json.dumps(planned.request, indent=2) + "\n")


def _show(planned: JobRequest, answer: Estimate, goes_on_from: str | None) -> None:
    """To the person who is asked, so on stderr: stdout is for what came of it."""
    before = [f"goes on   from the last checkpoint of {goes_on_from}"] if goes_on_from else []
    request = f"request   {planned.job_name} (whole with --dry-run)"
    for line in (*_what(planned, answer), *before, request):
        output.say(textwrap.fill(line, output.PIPE_WIDTH, subsequent_indent="  "))


def _tell(made: "Launched", order: "Order", as_json: bool) -> None:
    asked = order.request
    if as_json:
        output.print_json(
            job_name=asked.job_name,
            service_id=made.handle.service_id,
            provider=asked.provider,
            region=made.handle.region,
            state=made.status.state,
            is_new=made.is_new,
            estimate=estimate_row(order.estimate),
            cap={"max_usd": number(asked.max_usd), "max_seconds": asked.max_seconds},
        )
        return
    said = "started" if made.is_new else "found, started before"
    output.print_line(f"{asked.job_name}: {said}, {made.status.state}")
    if made.status.ended:
        output.print_line(f"  bring back what it left: trainfare collect {asked.job_name}")
    else:
        output.print_line(f"  watch it: trainfare logs {asked.job_name} --follow")
