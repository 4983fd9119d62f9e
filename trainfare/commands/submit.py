"""`trainfare submit --dry-run`: the very request that would launch the job, and its ceiling."""

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from results import units
from results.errors import OverBudgetError, UsageError
from results.names import PROVIDER_NAMES
from results.records import Estimate, Job, JobRequest, Offer
from results.rows import estimate_row, number
from results.store import Store
from trainfare import measuring, options, output, pricing, settings


@click.command(epilog=options.WORKLOAD_HELP)
@click.argument("workload")
@click.option("--provider", required=True, help="aws, gcp or azure.")
@click.option("--instance", required=True, help="Such as ml.g5.xlarge.")
@click.option("--max-usd", required=True, type=options.Money(), help="The most it may ever cost.")
@click.option("--region", help="Such as us-east-1.  [of trainfare.toml]")
@click.option("--nodes", type=options.POSITIVE, default=1, help="Machines that train together.")
@click.option("--allocation", default="on_demand", show_default=True, help="on_demand or spot.")
@click.option("--dry-run", is_flag=True, help="Show the request, send nothing.")
@options.job
@options.measuring
@options.prices
@options.results
@options.as_json
def submit(
    workload: str,
    provider: str,
    instance: str,
    max_usd: Decimal,
    region: str | None,
    nodes: int,
    allocation: str,
    dry_run: bool,
    epochs: int,
    samples_per_epoch: int | None,
    price_files: tuple[Path, ...],
    results: Path | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Show the exact request that would launch this job there, capped; nothing is sent."""
    from cloud.registry import plan_request
    from cloud.settings import from_table
    from estimators.cost import estimate

    if not dry_run:
        raise UsageError("This version only shows the request and sends nothing. Add --dry-run.")
    configured = settings.load()
    offer = _offer(provider, instance, region, allocation, price_files, configured)
    asked = measuring.Asked(workload=workload, **how)
    own = from_table(offer.provider, configured.table(offer.provider))
    run = measuring.fresh_or_new(asked, Store(configured.results_folder(results)))
    samples = samples_per_epoch or run.workload.samples_per_epoch
    job = Job(workload=run.workload, epochs=epochs, samples_per_epoch=samples, nodes=nodes)
    answer = estimate(run, job, offer, pricing.billing(configured))
    _refuse_over(max_usd, answer)
    planned = plan_request(job, offer, own, max_usd)
    if as_json:
        output.print_json(
            request=planned.request,
            estimate=estimate_row(answer),
            cap={"max_usd": number(planned.max_usd), "max_seconds": planned.max_seconds},
        )
    else:
        _show(planned, answer)


def _offer(
    provider: str,
    instance: str,
    region: str | None,
    allocation: str,
    price_files: tuple[Path, ...],
    configured: settings.Settings,
) -> Offer:
    """The priced offer; spot without a price of its own is bounded by the on-demand rate."""
    from estimators.catalog import find_offer, spot_ceiling_offer
    from results.errors import NoAnswerError

    where = region or configured.table(provider).get("region")
    if not where:
        raise UsageError(
            f"No region was given for {provider}. Add --region, or region to [{provider}] in "
            f"{settings.FILE_NAME}."
        )
    offers = pricing.catalog(price_files)
    try:
        return find_offer(offers, provider, instance, str(where), allocation)
    except NoAnswerError:
        if allocation != "spot":
            raise
        return spot_ceiling_offer(offers, provider, instance, str(where))


def _refuse_over(cap: Decimal, answer: Estimate) -> None:
    if answer.usd.high > cap:
        raise OverBudgetError(
            f"The job may cost up to {units.usd_text(answer.usd.high)} there, more than "
            f"--max-usd {cap}. Allow {units.ceiling_usd(answer.usd.high)}, train fewer epochs, or "
            "choose another offer with: trainfare quote"
        )


def _show(planned: JobRequest, answer: Estimate) -> None:
    offer, job = answer.offer, answer.job
    where = f"{PROVIDER_NAMES[offer.provider]}, {offer.region}"
    for line in (
        f"what      {job.workload.name}, {job.epochs} epochs, {job.nodes} × "
        f"{offer.instance_type}, {where}, {offer.allocation.replace('_', ' ')}",
        f"expected  {units.usd_range(answer.usd)}, {units.seconds_range(answer.seconds)}",
        f"at worst  ${planned.max_usd}: the service itself stops the job after "
        f"{units.seconds_text(planned.max_seconds)}",
        *(f"assumed   {text}" for text in answer.assumptions),
        f"request   {planned.job_name} (nothing was sent)",
    ):
        output.print_line(line)
    sys.stdout.write(json.dumps(planned.request, indent=2) + "\n")
