"""`trainfare submit --dry-run`: the very request that would launch the job, and its ceiling."""

import json
import sys
from decimal import Decimal
from typing import Annotated

import typer

from results import units
from results.errors import OverBudgetError, UsageError
from results.names import PROVIDER_NAMES
from results.records import Estimate, Job, JobRequest, Offer
from results.rows import estimate_row, number
from results.store import Store
from trainfare import measuring, options, output, settings


def submit(
    workload: Annotated[str, typer.Argument(help=options.WORKLOAD_HELP)],
    provider: Annotated[str, typer.Option(help="aws, gcp or azure.")],
    instance: Annotated[str, typer.Option(help="Such as ml.g5.xlarge.")],
    max_usd: Annotated[str, typer.Option(help="The most this job may ever cost.")],
    region: Annotated[str | None, typer.Option(help="[default: of trainfare.toml]")] = None,
    nodes: Annotated[int, typer.Option(min=1, help="Machines that train together.")] = 1,
    allocation: Annotated[str, typer.Option(help="on_demand or spot.")] = "on_demand",
    epochs: options.Epochs = 10,
    samples_per_epoch: options.SamplesPerEpoch = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, send nothing.")] = False,
    device: options.Device = "auto",
    batch_size: options.BatchSize = None,
    threads: options.Threads = None,
    image_size: options.ImageSize = None,
    max_seconds: options.MaxSeconds = 60.0,
    price_files: options.Prices = None,
    results: options.Results = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the exact request that would launch this job there, capped; nothing is sent."""
    from cloud.registry import plan_request
    from cloud.settings import from_table
    from estimators.cost import estimate

    if not dry_run:
        raise UsageError("This version only shows the request and sends nothing. Add --dry-run.")
    cap = options.decimal(max_usd, "--max-usd")
    assert cap is not None  # noqa: S101  # --max-usd is required
    configured = settings.load()
    offer = _offer(provider, instance, region, allocation, price_files, configured)
    asked = measuring.Asked(
        workload=workload,
        device=device,
        batch_size=batch_size,
        threads=threads,
        image_size=image_size,
        max_seconds=max_seconds,
    )
    own = from_table(offer.provider, configured.table(offer.provider))
    run = measuring.fresh_or_new(asked, Store(configured.results_folder(results)))
    samples = samples_per_epoch or run.workload.samples_per_epoch
    job = Job(workload=run.workload, epochs=epochs, samples_per_epoch=samples, nodes=nodes)
    answer = estimate(run, job, offer)
    _refuse_over(cap, answer)
    planned = plan_request(job, offer, own, cap)
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
    price_files: options.Prices,
    configured: settings.Settings,
) -> Offer:
    """The priced offer; spot without a price of its own is bounded by the on-demand rate."""
    from estimators.catalog import find_offer, load_offers, spot_ceiling_offer
    from results.errors import NoAnswerError

    where = region or configured.table(provider).get("region")
    if not where:
        raise UsageError(
            f"No region was given for {provider}. Add --region, or region to [{provider}] in "
            f"{settings.FILE_NAME}."
        )
    offers = load_offers(price_files)
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
