"""`trainfare bill`: what a job of a known duration costs, line by line."""

from decimal import Decimal
from pathlib import Path

import click

from results.bills import Bill
from results.records import Offer
from trainfare import options, output, pricing, settings


@click.command()
@click.option("--provider", required=True, help="aws, gcp or azure.")
@click.option("--instance", required=True, help="Such as ml.g5.xlarge.")
@click.option("--region", help="Such as us-east-1.  [of trainfare.toml]")
@click.option(
    "--seconds", required=True, type=options.Number("3600"), help="Of training, as reported."
)
@click.option("--nodes", type=int, default=1, help="Machines of the job.  [1]")
@click.option("--allocation", default="on_demand", show_default=True, help="on_demand or spot.")
@click.option(
    "--disk-gib", type=options.Number("30"), help="Disk of each machine.  [the service's]"
)
@click.option(
    "--usd-per-hour", type=options.Money(), help="Your rate, to which no saving or discount is put."
)
@options.prices
@options.currency
@options.as_json
def bill(
    provider: str,
    instance: str,
    region: str | None,
    seconds: Decimal,
    nodes: int,
    allocation: str,
    disk_gib: Decimal | None,
    usd_per_hour: Decimal | None,
    price_files: tuple[Path, ...],
    currency: str,
    rate: Decimal | None,
    as_json: bool,
) -> None:
    """Itemise the bill of a job that ran for a known time.

    On managed spot of SageMaker the seconds are those of training, of which fewer are billed.
    """
    from estimators.billing.bill import Usage
    from estimators.billing.bill import bill as bill_of
    from results import money

    configured = settings.load()
    shown = money.Currency.of(currency, rate)
    offer = pricing.offer_to_bill(
        provider, instance, region, allocation, usd_per_hour, price_files, configured
    )
    usage = Usage(seconds=seconds, nodes=nodes, disk_gib=disk_gib)
    answer = bill_of(offer, usage, pricing.billing(configured)[offer.provider])
    if as_json:
        output.print_json(**_row(answer, offer, usage.nodes, usage.seconds))
        return
    with money.shown_in(shown):
        _show(answer, offer)


def _row(answer: Bill, offer: Offer, nodes: int, seconds: Decimal) -> dict[str, object]:
    from estimators.catalog import GIVEN
    from results.codec import to_plain

    return {
        "provider": offer.provider,
        "service": offer.service,
        "instance_type": offer.instance_type,
        "region": offer.region,
        "allocation": offer.allocation,
        "nodes": nodes,
        "seconds": f"{seconds:f}",
        "usd_per_hour": f"{offer.usd_per_hour:f}",
        "basis": "given" if offer.source == GIVEN else offer.basis,
        "as_of": offer.as_of,
        "items": [to_plain(item) for item in answer.items],
        "total_usd": f"{answer.total_usd:f}",
    }


def _show(answer: Bill, offer: Offer) -> None:
    from estimators.catalog import GIVEN
    from results.price_age import is_stale, price_text
    from results.tables import bill_table

    output.print_table(bill_table(answer, offer))
    for item in answer.items:
        output.print_line(f"  {item.name}: {item.note}")
    if offer.source == GIVEN:
        return
    output.print_line(f"  rate: {price_text(offer.basis, offer.as_of)}, from {offer.source}")
    if is_stale(offer.as_of):
        output.print_line(
            f"! the rate is over 90 days old: trainfare prices refresh {offer.provider}"
        )
